//! Where a filter may stand: it can hold there only if what its fields need is there when it is asked.

use crate::domain::field::Needs;
use crate::domain::filter::{Fields, Filter};
use crate::domain::playbook::Playbooks;
use crate::domain::rule::{Rule, Rules};
use crate::domain::stage::{Stage, Stages};
use crate::error::{Error, Result};

/// A place with a filter that Retain asks by itself, without a person who looks at a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stand {
    /// When a rule fires: asked of one customer, by its figures and its score.
    Rule,
    /// An exit criterion of a stage: asked of one customer, by its figures and its score.
    Exit,
    /// Which customers a scorecard is for: asked of one customer before it has a score.
    Scorecard,
}

impl Filter {
    /// Refuses a filter that can never hold where it stands, or holds for one person and not for another.
    /// `whose` begins the sentence: `the rule "quiet"`.
    pub fn fits(&self, stand: Stand, whose: &str) -> Result<()> {
        let wrong =
            |what: &str, hint: &str| Err(Error::usage(format!("{whose} {what}")).hint(hint));
        let unfit = |needs: Needs| self.needing().into_iter().find(|(_, n)| *n == needs);
        let (words, me) = (!self.words().is_empty(), self.names_me());
        let example = match stand {
            Stand::Rule => say!("fit.name_what_behind_health"),
            Stand::Exit => say!("fit.name_fields_such_as"),
            Stand::Scorecard => {
                say!("fit.choose_by_what_customer")
            }
        };
        if stand == Stand::Scorecard {
            if let Some((code, _)) = unfit(Needs::Score).or(unfit(Needs::Everybody)) {
                return wrong(&say!("fit.asks_for_which_comes", code = code), &example);
            }
            if words || me || unfit(Needs::Viewer).is_some() {
                return wrong(&say!("fit.says_different_things_different"), &example);
            }
        }
        if let Some((code, _)) = unfit(Needs::Everybody).or(unfit(Needs::Orders)) {
            return wrong(&say!("fit.asks_for_which_depends", code = code), &example);
        }
        match stand {
            Stand::Exit if self.is_empty() || words || me => {
                wrong(&say!("fit.one_customer_alone_cannot"), &example)
            }
            Stand::Rule if self.is_empty() => wrong(
                &say!("fit.holds_every_customer"),
                &say!("fit.give_filter_such_as"),
            ),
            Stand::Rule if words => wrong(
                &say!("fit.asks_for_free_words"),
                &say!("fit.rule_names_fields_retain"),
            ),
            Stand::Rule if me => wrong(
                &say!("fit.asks_for_me"),
                &say!("fit.rule_holds_for_everybody"),
            ),
            _ => Ok(()),
        }
    }
}

impl Rule {
    /// Its filter, read and found fit for a rule.
    pub fn filter(&self, fields: &Fields) -> Result<Filter> {
        let whose = format!("the rule \"{}\"", self.code);
        let filter = Filter::parse(&self.when, fields).map_err(|m| {
            Error::usage(say!(
                "rule.filter_cannot_read",
                whose = whose,
                message = m.message
            ))
        })?;
        filter.fits(Stand::Rule, &whose)?;
        Ok(filter)
    }
}

impl Rules {
    /// Says what is wrong with rules that somebody wrote.
    pub fn check(&self, fields: &Fields, playbooks: &Playbooks) -> Result<()> {
        self.check_all(playbooks)?;
        self.rule
            .iter()
            .try_for_each(|rule| rule.filter(fields).map(drop))
    }
}

impl Stage {
    /// Each of `exit_when` as the config writes it, and its filter where it is one that can hold there.
    pub fn exits(&self, fields: &Fields) -> impl Iterator<Item = (&str, Result<Filter>)> {
        let read = |text: &String| {
            let whose = say!(
                "stage.stage_exit_criterion_which",
                code = self.code,
                text = text
            );
            let filter = Filter::parse(text, fields).map_err(|m| {
                Error::usage(say!(
                    "any.cannot_read_too",
                    whose = whose,
                    message = m.message
                ))
            })?;
            filter.fits(Stand::Exit, &whose)?;
            Ok(filter)
        };
        self.exit_when
            .iter()
            .map(move |text| (text.as_str(), read(text)))
    }
}

impl Stages {
    /// Says what is wrong with stages that somebody wrote.
    pub fn check(&self, fields: &Fields) -> Result<()> {
        self.check_all()?;
        let mut exits = self.stage.iter().flat_map(|stage| stage.exits(fields));
        exits.try_for_each(|(_, filter)| filter.map(drop))
    }
}
