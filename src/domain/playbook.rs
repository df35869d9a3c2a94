//! Playbooks: what a team does in a situation, as steps with days that count from the start, a renewal or a stage entry.

use serde::{Deserialize, Serialize};

use super::signal::Signals;
use super::time::Day;
use crate::error::{Error, Result};

/// The book's playbooks (`assets/config/playbooks.toml` is the default set).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playbooks {
    /// In the order in which they are listed.
    #[serde(default)]
    pub playbook: Vec<Playbook>,
}

/// One playbook.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// Stable code, lower case with underscores.
    pub code: String,
    /// What a person reads.
    pub label: String,
    /// When it is for, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub goal: String,
    /// From which day its steps count.
    #[serde(default)]
    pub from: Anchor,
    /// Its steps in order.
    #[serde(default)]
    pub step: Vec<Step>,
}

/// From which day steps count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Anchor {
    /// The day on which the playbook is started.
    #[default]
    Start,
    /// The next renewal; a customer without one counts from the start.
    Renewal,
    /// The day on which the customer entered its stage; from the start without one, and where the first step's day is past.
    Stage,
}

/// One step: a task.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What has to be done.
    pub title: String,
    /// Days from the playbook's anchor, negative before it. A day that is past when it is started counts as that day.
    #[serde(default)]
    pub day: i16,
    /// Who: empty for the customer's owner, `starter` for whoever starts it, else a name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// 1 (first) to 3; 0 is taken as 2.
    #[serde(default)]
    pub priority: u8,
    /// Code of what the task is for: `renewal` counts as a plan for the renewal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
}

/// A step as it falls due at a customer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planned {
    /// Its place in the playbook from 1, as a code.
    pub code: String,
    /// What has to be done.
    pub title: String,
    /// When.
    pub due: Day,
    /// Who.
    pub owner: String,
    /// 1 to 3.
    pub priority: u8,
    /// What it is for.
    pub kind: String,
}

impl Playbooks {
    /// The playbook with this code or label, compared without case.
    pub fn find(&self, name: &str) -> Option<&Playbook> {
        let name = name.trim().to_lowercase();
        let exact = self.playbook.iter().find(|p| p.code == name);
        exact.or_else(|| {
            self.playbook
                .iter()
                .find(|p| p.label.to_lowercase() == name)
        })
    }

    /// Says what is wrong with playbooks that somebody wrote.
    pub fn check(&self) -> Result<()> {
        for (at, playbook) in self.playbook.iter().enumerate() {
            let wrong = |what: &str| {
                Err(Error::usage(say!(
                    "playbook.playbook",
                    code = playbook.code,
                    what = what
                )))
            };
            if playbook.code.is_empty() || playbook.label.is_empty() {
                return wrong(&say!("playbook.needs_code_label"));
            }
            if self.playbook[..at].iter().any(|p| p.code == playbook.code) {
                return wrong(&say!("playbook.list_already"))
                    .map_err(|e| e.hint(say!("playbook.give_each_playbook_code")));
            }
            if playbook.step.is_empty() {
                return wrong(&say!("playbook.no_step"));
            }
            if playbook.step.iter().any(|s| s.title.trim().is_empty()) {
                return wrong(&say!("playbook.step_without_title"));
            }
        }
        Ok(())
    }
}

impl Playbook {
    /// The day from which its steps count at a customer.
    pub fn anchor(&self, signals: &Signals, start: Day) -> Day {
        match self.from {
            Anchor::Start => None,
            Anchor::Renewal => signals.renews,
            Anchor::Stage => {
                let first = self
                    .step
                    .iter()
                    .map(|s| i64::from(s.day))
                    .min()
                    .unwrap_or(0);
                signals.since.filter(|since| since.plus(first) >= start)
            }
        }
        .unwrap_or(start)
    }

    /// Its steps as they fall due when it is started on `start`. `owner` looks after the customer, `starter` starts it.
    pub fn plan(&self, signals: &Signals, start: Day, owner: &str, starter: &str) -> Vec<Planned> {
        let anchor = self.anchor(signals, start);
        let who = |said: &str| match said {
            "" if owner.is_empty() => starter.to_owned(),
            "" => owner.to_owned(),
            "starter" => starter.to_owned(),
            name => name.to_owned(),
        };
        let planned = self.step.iter().enumerate().map(|(at, step)| Planned {
            code: (at + 1).to_string(),
            title: step.title.clone(),
            due: anchor.plus(i64::from(step.day)).max(start),
            owner: who(&step.owner),
            priority: if step.priority == 0 {
                2
            } else {
                step.priority.min(3)
            },
            kind: step.kind.clone(),
        });
        planned.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::config::Config;

    fn day(text: &str) -> Day {
        text.parse().expect("a date")
    }

    #[test]
    fn the_shipped_playbooks_are_right() {
        let config = Config::default();
        config.playbooks.check().expect("they are checked");
        assert!(config.playbooks.playbook.len() > 10);
    }

    #[test]
    fn steps_count_from_their_anchor_and_never_fall_before_the_start() {
        let step = |day, owner: &str| Step {
            title: "x".into(),
            day,
            owner: owner.into(),
            ..Step::default()
        };
        let playbook = Playbook {
            from: Anchor::Renewal,
            step: vec![step(-90, ""), step(-30, "starter"), step(5, "eve")],
            ..Playbook::default()
        };
        let signals = Signals {
            renews: Some(day("2026-12-31")),
            ..Signals::default()
        };
        let plan = playbook.plan(&signals, day("2026-11-22"), "ana", "bo");
        let told: Vec<(String, &str)> = plan
            .iter()
            .map(|p| (p.due.to_string(), p.owner.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("2026-11-22".into(), "ana"),
                ("2026-12-01".into(), "bo"),
                ("2027-01-05".into(), "eve")
            ]
        );
        let entered = |day: Day| Signals {
            since: Some(day),
            ..Signals::default()
        };
        let onboard = Playbook {
            from: Anchor::Stage,
            step: vec![step(2, ""), step(30, "")],
            ..Playbook::default()
        };
        let due = |since: &str| {
            onboard
                .plan(&entered(day(since)), day("2026-11-22"), "", "")
                .iter()
                .map(|p| p.due.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(due("2026-11-21"), ["2026-11-23", "2026-12-21"]);
        assert_eq!(
            due("2026-02-18"),
            ["2026-11-24", "2026-12-22"],
            "long past: not all on one day"
        );
        let none = playbook.plan(&Signals::default(), day("2026-11-22"), "", "bo");
        assert_eq!(
            (none[2].due, none[0].owner.as_str()),
            (day("2026-11-27"), "bo")
        );
    }
}
