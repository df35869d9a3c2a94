//! Where a filter may stand: it can hold there only if what its fields need is there when it is asked.

use super::{Filter, Named, Node};
use crate::domain::field::Needs;
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
            Stand::Rule => "name what is behind it: health, severe, silent, renews",
            Stand::Exit => "name fields, such as nps>=7 or gaps=0",
            Stand::Scorecard => {
                "choose by what a customer is: stage, tag, owner, arr, an attribute"
            }
        };
        if stand == Stand::Scorecard {
            if let Some((code, _)) = unfit(Needs::Score).or(unfit(Needs::Everybody)) {
                return wrong(
                    &format!("asks for {code}, which comes from the score itself"),
                    example,
                );
            }
            if words || me || unfit(Needs::Viewer).is_some() {
                return wrong(
                    "says different things to different people, or goes by a name",
                    example,
                );
            }
        }
        if let Some((code, _)) = unfit(Needs::Everybody).or(unfit(Needs::Orders)) {
            return wrong(
                &format!("asks for {code}, which depends on all customers"),
                example,
            );
        }
        match stand {
            Stand::Exit if self.is_empty() || words || me => {
                wrong("one customer alone cannot meet", example)
            }
            Stand::Rule if self.is_empty() => {
                wrong("holds every customer", "give it a filter, such as nps<=6")
            }
            Stand::Rule if words => wrong(
                "asks for free words",
                "a rule names fields: retain list --help lists them",
            ),
            Stand::Rule if me => wrong(
                "asks for \"me\"",
                "a rule holds for everybody: name the owner",
            ),
            _ => Ok(()),
        }
    }

    /// The fields that it reads and what each needs, sorted by code; attributes are facts.
    fn needing(&self) -> Vec<(&'static str, Needs)> {
        let mut all = Vec::new();
        self.root.visit(&mut |node| {
            if let Node::Test(Named::Field(field), ..) = node {
                all.push((field.code, field.needs));
            }
        });
        all.sort_unstable_by_key(|(code, _)| *code);
        all
    }
}
