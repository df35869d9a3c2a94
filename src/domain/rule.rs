//! Rules: a filter that a customer comes into or leaves, and what happens then. What they hold at a time is the store's.

use serde::{Deserialize, Serialize};

use super::action::{ActionDraft, KINDS};
use super::id::Id;
use super::playbook::Playbooks;
use super::time::Day;
use crate::error::{Error, Result};

/// What the key of one rule's setting begins with. Rules are a row each, so that two people who change different ones change
/// different things.
pub const KEY: &str = "rule.";

/// The book's rules (`assets/config/rules.toml` is the default set).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// In the order in which they are asked.
    #[serde(default)]
    pub rule: Vec<Rule>,
}

/// One rule.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable code, lower case with underscores.
    pub code: String,
    /// What a person reads.
    pub label: String,
    /// The filter, in the language of lists. It may not ask for `priority`, which depends on all customers, nor for free words.
    pub when: String,
    /// Whether it fires when a customer comes in, or when it leaves.
    #[serde(default)]
    pub on: Edge,
    /// It fires no more, until it is switched on again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
    /// Code of the playbook that it starts; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub playbook: String,
    /// Whom it alerts.
    #[serde(default, skip_serializing_if = "Alert::is_none")]
    pub alert: Alert,
    /// The call to action that it opens, or updates when one is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Call>,
}

/// Which way across the filter's edge.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edge {
    /// Coming in.
    #[default]
    Enter,
    /// Leaving.
    Leave,
}

impl Edge {
    /// Of a customer whom the filter holds now, and did not before; or the other way round.
    pub fn of(held: bool) -> Edge {
        if held { Edge::Enter } else { Edge::Leave }
    }
}

/// Whom a firing alerts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alert {
    /// Nobody.
    #[default]
    None,
    /// The customer's owner.
    Owner,
    /// Everybody.
    Team,
}

impl Alert {
    fn is_none(&self) -> bool {
        *self == Alert::None
    }

    /// Its code.
    pub fn code(self) -> &'static str {
        match self {
            Alert::None => "",
            Alert::Owner => "owner",
            Alert::Team => "team",
        }
    }
}

/// A call to action as a rule opens it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// One of [`KINDS`].
    pub kind: String,
    /// What a person reads; empty: the rule's label.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Days in which it is due; `None` for no day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u16>,
    /// 1 to 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<u8>,
}

impl Call {
    /// The call of a rule on a day.
    pub fn draft(&self, rule: &Rule, today: Day) -> ActionDraft {
        ActionDraft {
            kind: self.kind.clone(),
            reason: rule.code.clone(),
            title: if self.title.is_empty() {
                rule.label.clone()
            } else {
                self.title.clone()
            },
            due: self.days.map(|d| today.plus(i64::from(d))),
            severity: self.severity,
            ..ActionDraft::default()
        }
    }
}

/// What a rule would do.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Trial {
    /// Customers that it holds today, by name.
    pub today: Vec<(Id, String)>,
    /// Times that it would have fired: day, customer, name; oldest first.
    pub fired: Vec<(Day, Id, String)>,
    /// Days looked back.
    pub days: u16,
    /// Days between two looks: 1, or 7 in a large book.
    pub step: u16,
    /// Not everybody is looked at yet: the same question asked again answers more.
    #[serde(skip)]
    pub computing: bool,
}

impl Rules {
    /// The rule with this code.
    pub fn find(&self, code: &str) -> Option<&Rule> {
        self.rule.iter().find(|r| r.code == code)
    }

    /// What each of these rules says in the text that they were read from, with the comments before it; written anew where the text
    /// cannot be taken apart.
    pub fn texts(&self, text: &str) -> Result<Vec<String>> {
        let mut parts: Vec<String> = Vec::new();
        let mut comments = String::new();
        for line in text.lines() {
            if line.trim() == "[[rule]]" {
                parts.push(std::mem::take(&mut comments));
            }
            let aside = line.trim_start().starts_with('#') || line.trim().is_empty();
            match parts.last_mut() {
                // A comment may belong to the rule that comes.
                _ if aside => comments.push_str(&format!("{line}\n")),
                Some(part) => part.push_str(&format!("{}{line}\n", std::mem::take(&mut comments))),
                None => comments.clear(),
            }
            if line.trim().is_empty() && parts.is_empty() {
                // What stands before an empty line is about all of them.
                comments.clear();
            }
        }
        let same = |(part, rule): (&String, &Rule)| {
            toml::from_str::<Rules>(part).is_ok_and(|one| one.rule == std::slice::from_ref(rule))
        };
        if parts.len() == self.rule.len() && parts.iter().zip(&self.rule).all(same) {
            return Ok(parts
                .into_iter()
                .map(|part| part.trim().to_owned() + "\n")
                .collect());
        }
        self.rule.iter().map(Rule::text).collect()
    }

    /// Says what is wrong with rules that somebody wrote, but for their filters.
    pub fn check_all(&self, playbooks: &Playbooks) -> Result<()> {
        for (at, rule) in self.rule.iter().enumerate() {
            rule.check(playbooks)?;
            if self.rule[..at].iter().any(|r| r.code == rule.code) {
                return Err(
                    Error::usage(say!("rule.there_rule_already", code = rule.code))
                        .hint(say!("rule.give_each_rule_code")),
                );
            }
        }
        Ok(())
    }
}

impl Rule {
    /// As its row in the book says it.
    pub fn text(&self) -> Result<String> {
        toml::to_string(&Rules {
            rule: vec![self.clone()],
        })
        .map_err(|e| Error::failed(say!("rule.rule_cannot_written_as")).because(e))
    }

    fn check(&self, playbooks: &Playbooks) -> Result<()> {
        let wrong = |what: &str| Error::usage(say!("rule.rule", code = self.code, what = what));
        let code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if self.code.is_empty() || !self.code.chars().all(code) || self.label.trim().is_empty() {
            return Err(wrong(&say!("rule.needs_code_lower_case")));
        }
        if self.playbook.is_empty() && self.action.is_none() && self.alert == Alert::None {
            return Err(wrong("does nothing").hint(say!("rule.give_playbook_action_or")));
        }
        if !self.playbook.is_empty() && playbooks.find(&self.playbook).is_none() {
            let known: Vec<&str> = playbooks.playbook.iter().map(|p| p.code.as_str()).collect();
            return Err(wrong(&say!(
                "rule.starts_playbook_which_does",
                playbook = self.playbook
            ))
            .hint(format!("there are {}", known.join(", "))));
        }
        match &self.action {
            Some(call) if !KINDS.contains(&call.kind.as_str()) => Err(wrong(&say!(
                "rule.opens_call_action_kind",
                kind = call.kind
            ))
            .hint(format!("kinds: {}", KINDS.join(", ")))),
            Some(call) if call.severity.is_some_and(|s| !(1..=4).contains(&s)) => {
                Err(wrong(&say!("rule.severity_not_1_4")))
            }
            _ => Ok(()),
        }
    }
}
