//! Profiles: how files of one origin are read. Some are shipped (`assets/profiles`), others are kept in the book.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::time::Zone;
use crate::error::{Error, Result};

/// Which of two numbers before the year comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// 31/12/2024.
    Day,
    /// 12/31/2024.
    Month,
}

/// The calendar of the dates in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Calendar {
    /// The common one.
    Gregorian,
    /// The Persian one.
    Jalali,
}

/// The sign before the decimals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Decimal {
    /// `1,234.50`.
    #[serde(rename = ".")]
    Point,
    /// `1.234,50`.
    #[serde(rename = ",")]
    Comma,
}

/// How a file is written, where that is said rather than found out. What is left out is found out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dialect {
    /// A name of the WHATWG Encoding Standard, such as `windows-1254`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What stands between fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// What stands before decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<Decimal>,
    /// Day or month first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateOrder>,
    /// The IANA zone of times that name no offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The calendar of dates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Calendar>,
}

impl Dialect {
    /// What `self` says, and of the rest what `other` says.
    #[must_use]
    pub fn or(self, other: &Dialect) -> Dialect {
        Dialect {
            encoding: self.encoding.or_else(|| other.encoding.clone()),
            separator: self.separator.or(other.separator),
            decimal: self.decimal.or(other.decimal),
            dates: self.dates.or(other.dates),
            zone: self.zone.or_else(|| other.zone.clone()),
            calendar: self.calendar.or(other.calendar),
        }
    }

    /// An error for what cannot be meant.
    pub fn check(&self) -> Result<()> {
        if let Some(zone) = &self.zone
            && Zone::named(zone).is_none()
        {
            return Err(Error::usage(say!("profile.not_time_zone", zone = zone))
                .hint(say!("any.iana_name_such_as")));
        }
        match self.separator {
            Some(c) if !c.is_ascii() || c == '"' || c.is_ascii_alphanumeric() => Err(Error::usage(
                say!("profile.cannot_stand_between_fields", c = c),
            )
            .hint(say!("profile.separators_tab"))),
            _ => Ok(()),
        }
    }
}

/// Who wins where a file and a person have both changed a field since the last import.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Winner {
    /// What the person wrote stays; it is told.
    #[default]
    Mine,
    /// The file.
    Theirs,
    /// Whichever was written later; the file's day is that of its row (`updated`), else that of the file.
    Newer,
    /// Nobody before each was asked about.
    Ask,
}

impl Winner {
    /// Every rule, the usual one first.
    pub const ALL: [Winner; 4] = [Winner::Mine, Winner::Theirs, Winner::Newer, Winner::Ask];

    /// The word for it.
    pub fn code(self) -> &'static str {
        match self {
            Winner::Mine => "mine",
            Winner::Theirs => "theirs",
            Winner::Newer => "newer",
            Winner::Ask => "ask",
        }
    }

    /// The rule that a word names.
    pub fn named(word: &str) -> Option<Winner> {
        Winner::ALL.into_iter().find(|w| w.code() == word)
    }
}

/// How files of one origin are read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// Its name; in TOML the key or the file says it.
    #[serde(skip)]
    pub name: String,
    /// What files it is for, in one line.
    pub about: String,
    /// What the rows are: a word of `--as`.
    pub kind: String,
    /// A file with all of these headers is read by this profile without being asked; none: only where it is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// Who wins over a person's edit; `None`: the usual rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflicts: Option<Winner>,
    /// How the file is written.
    #[serde(skip_serializing_if = "nothing_said")]
    pub dialect: Dialect,
    /// Headers and the fields that they become: a field of the kind, `attr.<code>`, or empty for "left out".
    pub columns: BTreeMap<String, String>,
    /// Words of a field and what they become: `severity = { urgent = "1" }`. Compared without case.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, BTreeMap<String, String>>,
}

fn nothing_said(dialect: &Dialect) -> bool {
    *dialect == Dialect::default()
}

impl Profile {
    /// Reads a profile; `Err` with what is wrong with it. Kind and fields are looked at when it is used.
    pub fn read(name: &str, text: &str) -> Result<Profile> {
        let read: std::result::Result<Profile, _> = toml::from_str(text);
        let mut profile = read.map_err(|e| {
            Error::usage(format!("profile {name}: {}", e.message()))
                .hint(say!("profile.profile_about_kind_columns"))
        })?;
        if profile.kind.is_empty() {
            return Err(
                Error::usage(say!("profile.profile_does_not_say", name = name))
                    .hint("kind = \"customers\""),
            );
        }
        profile.dialect.check()?;
        name.clone_into(&mut profile.name);
        for words in profile.values.values_mut() {
            *words = std::mem::take(words)
                .into_iter()
                .map(|(word, is)| (word.to_lowercase(), is))
                .collect();
        }
        Ok(profile)
    }

    /// It as TOML.
    pub fn write(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| {
            Error::failed(say!("profile.profile_could_not_written", name = self.name)).because(e)
        })
    }

    /// True for a name that can be a key of the config.
    pub fn is_name(name: &str) -> bool {
        !name.is_empty()
            && name.len() <= 60
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
    }
}

/// Names and texts of the shipped profiles.
const SHIPPED: &[(&str, &str)] = &[
    (
        "hubspot-companies",
        include_str!("../../assets/profiles/hubspot-companies.toml"),
    ),
    (
        "hubspot-contacts",
        include_str!("../../assets/profiles/hubspot-contacts.toml"),
    ),
    (
        "hubspot-tickets",
        include_str!("../../assets/profiles/hubspot-tickets.toml"),
    ),
    (
        "salesforce-accounts",
        include_str!("../../assets/profiles/salesforce-accounts.toml"),
    ),
    (
        "salesforce-contacts",
        include_str!("../../assets/profiles/salesforce-contacts.toml"),
    ),
    (
        "salesforce-cases",
        include_str!("../../assets/profiles/salesforce-cases.toml"),
    ),
    (
        "salesforce-opportunities",
        include_str!("../../assets/profiles/salesforce-opportunities.toml"),
    ),
    (
        "zendesk-tickets",
        include_str!("../../assets/profiles/zendesk-tickets.toml"),
    ),
    (
        "intercom-tickets",
        include_str!("../../assets/profiles/intercom-tickets.toml"),
    ),
    (
        "stripe-customers",
        include_str!("../../assets/profiles/stripe-customers.toml"),
    ),
    (
        "stripe-subscriptions",
        include_str!("../../assets/profiles/stripe-subscriptions.toml"),
    ),
    (
        "stripe-invoices",
        include_str!("../../assets/profiles/stripe-invoices.toml"),
    ),
    (
        "chargebee-customers",
        include_str!("../../assets/profiles/chargebee-customers.toml"),
    ),
    (
        "chargebee-subscriptions",
        include_str!("../../assets/profiles/chargebee-subscriptions.toml"),
    ),
    (
        "chargebee-invoices",
        include_str!("../../assets/profiles/chargebee-invoices.toml"),
    ),
    (
        "delighted-nps",
        include_str!("../../assets/profiles/delighted-nps.toml"),
    ),
];

/// The shipped profiles.
pub fn shipped() -> Vec<Profile> {
    SHIPPED
        .iter()
        .map(|(name, text)| {
            Profile::read(name, text).expect("the shipped profiles parse; a test reads them")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_profiles_parse_and_are_named() {
        let all = shipped();
        assert_eq!(all.len(), SHIPPED.len());
        for profile in &all {
            assert!(
                Profile::is_name(&profile.name)
                    && !profile.about.is_empty()
                    && !profile.headers.is_empty(),
                "{}",
                profile.name
            );
            let again =
                Profile::read(&profile.name, &profile.write().expect("TOML")).expect("reads back");
            assert_eq!(again, *profile);
        }
    }

    #[test]
    fn what_cannot_be_meant_is_said() {
        for (text, said) in [
            ("about = \"x\"", "profile p does not say what its rows are"),
            (
                "kind = \"orders\"\n[dialect]\nzone = \"Mars/North\"",
                "Mars/North is not a time zone",
            ),
            (
                "kind = \"orders\"\n[dialect]\nseparator = \"a\"",
                "\"a\" cannot stand between fields",
            ),
            (
                "kind = 1",
                "profile p: invalid type: integer `1`, expected a string",
            ),
        ] {
            assert_eq!(Profile::read("p", text).expect_err("refused").message, said);
        }
        let said = Dialect {
            zone: Some("UTC".into()),
            ..Dialect::default()
        };
        let more = Dialect {
            zone: Some("Asia/Tehran".into()),
            separator: Some(';'),
            ..Dialect::default()
        };
        assert_eq!(
            said.or(&more),
            Dialect {
                zone: Some("UTC".into()),
                separator: Some(';'),
                ..Dialect::default()
            }
        );
    }
}
