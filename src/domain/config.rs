//! What a book may set for itself: stages, scorecards, cadence, money, zone, attributes.

use serde::{Deserialize, Serialize};

use super::cadence::Cadences;
use super::health::Scorecards;
use super::money::Currency;
use super::playbook::Playbooks;
use super::profile::Profile;
use super::rule::Rules;
use super::stage::Stages;
use super::time::Zone;

/// The type of a custom attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum AttributeType {
    /// Any words.
    #[default]
    Text,
    /// A whole number.
    Int,
    /// An amount in the book's currency, minor units.
    Money,
    /// A civil date.
    Date,
    /// One of a few words.
    Enum,
    /// Yes or no.
    Bool,
}

/// A custom attribute of customers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
pub struct Attribute {
    /// Stable code, lower case with underscores.
    pub code: String,
    /// What a person reads.
    pub label: String,
    /// How its values are read, compared and shown.
    #[serde(rename = "type", default)]
    pub kind: AttributeType,
}

/// What the queue and the health score measure against.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Days without a touch after which the cadence is broken, where the stage's class is `customer` and no cadence of the
    /// book fits.
    pub cadence_days: u16,
    /// Days before a renewal within which a plan (a task of kind `renewal`) is expected.
    pub renewal_days: u16,
    /// Highest severity number that counts as severe.
    pub severe: u8,
    /// Days within which a detractor's answer waits for a touch.
    pub detractor_days: u16,
    /// Points by which health has to fall within 28 days to be a reason.
    pub fell_points: u8,
    /// Days after which a pulse says nothing any more.
    pub pulse_days: u16,
    /// Days in which a risk of severity 1 to 4 is looked at again, each time from the last look.
    pub escalation_days: [u16; 4],
    /// Days for which an alert stays in the queue, unless somebody is done with it before.
    pub alert_days: u16,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            cadence_days: 30,
            renewal_days: 90,
            severe: 2,
            detractor_days: 90,
            fell_points: 10,
            pulse_days: 90,
            escalation_days: [1, 2, 7, 14],
            alert_days: 14,
        }
    }
}

/// Everything of the config that the pure rules read. Stored in the book's `config` table, one row a key:
/// `stages`, `scorecards`, `playbooks`, `rules`, `policy`, `cadences` (TOML texts), `currency`, `zone`, `attribute.<code>`, and `profile.<name>`.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// The lifecycle.
    pub stages: Stages,
    /// How health is scored.
    pub scorecards: Scorecards,
    /// What the team does in which situation.
    pub playbooks: Playbooks,
    /// What happens by itself.
    pub rules: Rules,
    /// Limits of the queue.
    pub policy: Policy,
    /// How often customers shall hear from us.
    pub cadences: Cadences,
    /// What amounts are in where a file does not say.
    pub currency: Currency,
    /// The zone of civil dates.
    pub zone: Zone,
    /// Custom attributes, in the order of their making.
    pub attributes: Vec<Attribute>,
    /// How files of an origin are read, the book's own profiles only.
    pub profiles: Vec<Profile>,
}

/// The shipped text of a key, with its comments; `None` for keys that are one word, and for attributes.
pub fn shipped(key: &str) -> Option<&'static str> {
    Some(match key {
        "stages" => include_str!("../../assets/config/stages.toml"),
        "scorecards" => include_str!("../../assets/config/scorecards.toml"),
        "playbooks" => include_str!("../../assets/config/playbooks.toml"),
        "rules" => include_str!("../../assets/config/rules.toml"),
        "policy" => include_str!("../../assets/config/policy.toml"),
        "cadences" => include_str!("../../assets/config/cadences.toml"),
        _ => return None,
    })
}

impl Default for Config {
    /// The shipped defaults of `assets/config`.
    fn default() -> Config {
        Config {
            stages: toml::from_str(include_str!("../../assets/config/stages.toml"))
                .expect("the shipped stages parse; a test reads them"),
            scorecards: toml::from_str(include_str!("../../assets/config/scorecards.toml"))
                .expect("the shipped scorecards parse; a test reads them"),
            playbooks: toml::from_str(include_str!("../../assets/config/playbooks.toml"))
                .expect("the shipped playbooks parse; a test reads them"),
            rules: toml::from_str(include_str!("../../assets/config/rules.toml"))
                .expect("the shipped rules parse; a test reads them"),
            policy: Policy::default(),
            cadences: toml::from_str(include_str!("../../assets/config/cadences.toml"))
                .expect("the shipped cadences parse; a test reads them"),
            currency: Currency::default(),
            zone: Zone::default(),
            attributes: Vec::new(),
            profiles: Vec::new(),
        }
    }
}

impl Config {
    /// The attribute with this code.
    pub fn attribute(&self, code: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_texts_are_the_defaults() {
        let policy: Policy = toml::from_str(shipped("policy").expect("a text")).expect("TOML");
        assert_eq!(policy, Policy::default());
        let rules: Rules = toml::from_str(shipped("rules").expect("a text")).expect("TOML");
        assert_eq!(rules, Config::default().rules);
    }
}
