//! What a book may set for itself: stages, scorecards, cadence, money, zone, attributes.

pub use super::attribute::{Attribute, AttributeType};
use super::cadence::Cadences;
use super::health::Scorecards;
use super::money::{Currency, Exchange, Rates};
use super::playbook::Playbooks;
use super::policy::Limits;
pub use super::policy::Policy;
use super::profile::Profile;
use super::rule::Rules;
use super::stage::Stages;
use super::time::Zone;

/// Everything of the config that the pure rules read. Stored in the book's `config` table, one row a key:
/// those of [`KEYS`].
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
    /// By what other currencies are converted into the book's.
    pub rates: Rates,
    /// What amounts are in where a file does not say.
    pub currency: Currency,
    /// The zone of civil dates.
    pub zone: Zone,
    /// Custom attributes, in the order of their making.
    pub attributes: Vec<Attribute>,
    /// How files of an origin are read, the book's own profiles only.
    pub profiles: Vec<Profile>,
}

/// A key of the config.
pub struct Key {
    /// What is typed; one that ends in `.` begins the keys of a family.
    pub key: &'static str,
    /// What comes behind that, as a hint says it; empty for a family that is not typed.
    pub rest: &'static str,
    /// The text that Retain comes with, and its comments; none for keys that are one word, and for families.
    pub shipped: Option<&'static str>,
    /// What a config says of it, where that is one text.
    pub text: Option<TextOf>,
}

/// Every key, in the order in which they are read: what is named comes before what names it, and one rule stands over all of
/// them together.
pub const KEYS: &[Key] = &[
    family("attribute.", "CODE"),
    word("currency", |c| Ok(c.currency.code().to_owned())),
    word("zone", |c| Ok(c.zone.0.name().to_owned())),
    file(
        "rates",
        include_str!("../../assets/config/rates.toml"),
        |c| toml::to_string(&c.rates),
    ),
    file(
        "stages",
        include_str!("../../assets/config/stages.toml"),
        |c| toml::to_string(&c.stages),
    ),
    file(
        "scorecards",
        include_str!("../../assets/config/scorecards.toml"),
        |c| toml::to_string(&c.scorecards),
    ),
    file(
        "playbooks",
        include_str!("../../assets/config/playbooks.toml"),
        |c| toml::to_string(&c.playbooks),
    ),
    file(
        "policy",
        include_str!("../../assets/config/policy.toml"),
        |c| toml::to_string(&c.policy),
    ),
    file(
        "cadences",
        include_str!("../../assets/config/cadences.toml"),
        |c| toml::to_string(&c.cadences),
    ),
    file(
        "rules",
        include_str!("../../assets/config/rules.toml"),
        |c| toml::to_string(&c.rules),
    ),
    family(super::rule::KEY, ""),
    family("profile.", "NAME"),
];

/// Says what a config has as the text of one of its keys.
pub type TextOf = fn(&Config) -> Result<String, toml::ser::Error>;

const fn family(key: &'static str, rest: &'static str) -> Key {
    Key {
        key,
        rest,
        shipped: None,
        text: None,
    }
}

const fn word(key: &'static str, text: TextOf) -> Key {
    Key {
        text: Some(text),
        ..family(key, "")
    }
}

const fn file(key: &'static str, shipped: &'static str, text: TextOf) -> Key {
    Key {
        shipped: Some(shipped),
        ..word(key, text)
    }
}

/// True for a key that somebody can set: one of a family has a code behind its point.
pub fn is_typed(key: &str) -> bool {
    let is = |k: &Key| match key.strip_prefix(k.key) {
        Some("") => k.text.is_some(),
        Some(_) => !k.rest.is_empty(),
        None => false,
    };
    KEYS.iter().any(is)
}

/// The keys as a hint names them: `currency, zone, ..., attribute.CODE`.
pub fn names_of_keys() -> String {
    let typed = |k: &&Key| k.text.is_some() || !k.rest.is_empty();
    let (families, words): (Vec<&Key>, Vec<&Key>) =
        KEYS.iter().filter(typed).partition(|k| k.text.is_none());
    let all = words.into_iter().chain(families);
    all.map(|k| format!("{}{}", k.key, k.rest))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The shipped text of a key, with its comments; `None` for keys that are one word, and for attributes.
pub fn shipped(key: &str) -> Option<&'static str> {
    KEYS.iter().find(|k| k.key == key)?.shipped
}

/// The shipped value of a key.
fn parsed<T: serde::de::DeserializeOwned>(key: &str) -> T {
    toml::from_str(shipped(key).unwrap_or_default())
        .expect("what is shipped parses; a test reads it")
}

impl Default for Config {
    /// The shipped defaults of `assets/config`.
    fn default() -> Config {
        Config {
            stages: parsed("stages"),
            scorecards: parsed("scorecards"),
            playbooks: parsed("playbooks"),
            rules: parsed("rules"),
            policy: Policy::default(),
            cadences: parsed("cadences"),
            rates: Rates::default(),
            currency: Currency::default(),
            zone: Zone::default(),
            attributes: Vec::new(),
            profiles: Vec::new(),
        }
    }
}

impl Config {
    /// What health is measured against.
    pub fn limits(&self) -> Limits<'_> {
        Limits {
            stages: &self.stages,
            policy: &self.policy,
            version: self.scorecards.version,
        }
    }

    /// By what amounts are brought into the book's currency.
    pub fn exchange(&self) -> Exchange<'_> {
        Exchange {
            book: self.currency,
            rates: &self.rates,
        }
    }

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
