//! The book's config: its rows over the shipped defaults, and one key set.

use rusqlite::Connection;

use crate::columns;
use crate::domain::cadence::Cadences;
use crate::domain::config::{Attribute, Config};
use crate::domain::health::Scorecards;
use crate::domain::money::Currency;
use crate::domain::playbook::Playbooks;
use crate::domain::profile::Profile;
use crate::domain::rule::Rules;
use crate::domain::time::Zone;
use crate::error::{Error, Result};

use super::{rules, sql};

/// Keys and values as the book has them, oldest first.
pub fn config_rows(conn: &Connection) -> Result<Vec<(String, String)>> {
    let mut statement = conn
        .prepare_cached(&format!("SELECT key, value FROM config WHERE removed = 0{} ORDER BY id", super::once::LEFT_OUT))
        .map_err(sql)?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).map_err(sql)?;
    rows.collect::<Result<_, _>>().map_err(sql)
}

/// The config as the book sets it over the defaults. A value that does not parse is passed over, and `doctor` names it.
pub fn read_config(conn: &Connection) -> Result<Config> {
    let mut config = Config::default();
    let made: std::result::Result<String, _> = conn.query_row("SELECT v FROM meta WHERE k = 'zone'", [], |r| r.get(0));
    if let Some(zone) = made.ok().and_then(|z| Zone::named(&z)) {
        config.zone = zone;
    }
    for (key, value) in config_rows(conn)? {
        let _ = apply_config(&mut config, &key, &value);
    }
    // A filter may read an attribute that is set behind it. One that cannot be used passes nobody, and `doctor` names it.
    let _ = columns::compile_scorecards(&mut config);
    Ok(config)
}

/// Sets one key in a config; says what is wrong with a value.
pub fn apply_config(config: &mut Config, key: &str, value: &str) -> Result<()> {
    let wrong = |e: toml::de::Error| {
        let line = e.span().map_or(1, |span| value[..span.start].matches('\n').count() + 1);
        let error = Error::usage(format!("{key}: line {line}: {}", e.message().replace('\n', " ")));
        error.hint("the value is TOML; `retain config KEY` prints the present one").because(e)
    };
    match key {
        "stages" => {
            let mut trial = config.clone();
            trial.stages = toml::from_str(value).map_err(wrong)?;
            trial.stages.check(&rules::fields(&trial))?;
            *config = trial;
        }
        "scorecards" => {
            let cards: Scorecards = toml::from_str(value).map_err(wrong)?;
            cards.check()?;
            config.scorecards = cards;
        }
        "playbooks" => {
            let playbooks: Playbooks = toml::from_str(value).map_err(wrong)?;
            playbooks.check()?;
            config.playbooks = playbooks;
        }
        "rules" => {
            let wanted: Rules = toml::from_str(value).map_err(wrong)?;
            wanted.check(&rules::fields(config), &config.playbooks)?;
            config.rules = wanted;
        }
        "policy" => config.policy = toml::from_str(value).map_err(wrong)?,
        "cadences" => {
            let cadences: Cadences = toml::from_str(value).map_err(wrong)?;
            cadences.check()?;
            config.cadences = cadences;
        }
        "currency" => {
            config.currency = Currency::named(value)
                .ok_or_else(|| Error::usage(format!("{value} is not a currency code")).hint("three letters, such as EUR"))?;
        }
        "zone" => {
            config.zone = Zone::named(value)
                .ok_or_else(|| Error::usage(format!("{value} is not a time zone")).hint("an IANA name, such as Europe/Istanbul"))?
        }
        _ => match key.split_once('.') {
            Some(("profile", name)) if Profile::is_name(name) => {
                let profile = Profile::read(name, value)?;
                config.profiles.retain(|p| p.name != name);
                config.profiles.push(profile);
            }
            Some(("attribute", code)) => {
                let attribute: Attribute = toml::from_str(value).map_err(wrong)?;
                config.attributes.retain(|a| a.code != code);
                config.attributes.push(Attribute { code: code.to_owned(), ..attribute });
            }
            _ => {
                return Err(Error::usage(format!("there is no setting {key}")).hint(
                    "settings: stages, scorecards, playbooks, rules, policy, cadences, currency, zone, attribute.<code>, profile.<name>",
                ));
            }
        },
    }
    Ok(())
}
