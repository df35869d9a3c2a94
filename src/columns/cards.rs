//! The filters of scorecards, read by the fields of customers.

use super::fields;
use crate::domain::config::Config;
use crate::domain::filter::{Fields, Filter};
use crate::domain::health::Scorecard;
use crate::domain::stands::Stand;
use crate::error::{Error, Result};

/// Reads the filters of a config's scorecards. One that cannot be used passes nobody; the first of those is told.
pub fn compile_scorecards(config: &mut Config) -> Result<()> {
    let fields = fields(config);
    let mut done = Ok(());
    for card in &mut config.scorecards.scorecard {
        match compiled(card, &fields) {
            Ok(filter) => card.compiled = filter,
            Err(error) => {
                card.compiled = None;
                done = done.and(Err(error));
            }
        }
    }
    done
}

fn compiled(card: &Scorecard, fields: &Fields) -> Result<Option<Filter>> {
    if card.filter.trim().is_empty() {
        return Ok(None);
    }
    let whose = say!("cards.filter_scorecard", code = card.code);
    let filter = Filter::parse(&card.filter, fields).map_err(|m| {
        Error::usage(say!(
            "any.cannot_read_too",
            whose = whose,
            message = m.message
        ))
    })?;
    filter.fits(Stand::Scorecard, &whose)?;
    Ok(Some(filter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::config::{Attribute, AttributeType};
    use crate::domain::health::Scorecards;

    fn with(filter: &str) -> Config {
        let attribute = Attribute {
            code: "segment".into(),
            label: "Segment".into(),
            kind: AttributeType::Enum,
        };
        let card = Scorecard {
            code: "mine".into(),
            filter: filter.into(),
            ..Scorecard::default()
        };
        let scorecards = Scorecards {
            version: 1,
            scorecard: vec![card],
        };
        Config {
            scorecards,
            attributes: vec![attribute],
            ..Config::default()
        }
    }

    #[test]
    fn a_filter_that_reads_the_score_is_refused_as_circular() {
        for text in [
            "health<60",
            "tag:vip band:risk",
            "-priority>20",
            "risk>20 or arr>10k",
            "held:none",
        ] {
            let error = compile_scorecards(&mut with(text)).unwrap_err();
            assert!(
                error.message.contains("comes from the score itself"),
                "{text}: {error:?}"
            );
        }
        for text in ["owner:me", "acme", "name:acme", "snoozed<3d"] {
            let error = compile_scorecards(&mut with(text)).unwrap_err();
            assert!(
                error.message.contains("different things"),
                "{text}: {error:?}"
            );
        }
        assert!(
            compile_scorecards(&mut with("nonsense:3"))
                .unwrap_err()
                .message
                .contains("\"mine\"")
        );
    }

    #[test]
    fn a_filter_over_what_a_customer_is_is_taken() {
        for text in [
            "tag:enterprise",
            "attr.segment:ENT stage:retention",
            "arr>100k or seats>500",
            "-#trial @ana",
            "renews<90d",
        ] {
            let mut config = with(text);
            compile_scorecards(&mut config).unwrap_or_else(|e| panic!("{text}: {e:?}"));
            assert!(config.scorecards.scorecard[0].compiled.is_some(), "{text}");
        }
        assert_eq!(
            with("attr.segment:ENT").scorecards.attributes(),
            Vec::<String>::new(),
            "not before it is read"
        );
    }
}
