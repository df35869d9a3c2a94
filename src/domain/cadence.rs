//! How often a customer shall hear from us: by stage and tag, and how long the people of a role may wait.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::customer::ROLES;
use super::policy::Limits;
use super::signal::Signals;
use super::stage::{Stage, StageClass};
use super::time::Day;
use super::touchpoint::{self, CHANNELS};
use crate::error::{Error, Result};

/// How often some of the customers shall hear from us.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cadence {
    /// Codes of the stages it is for; none: every stage of customers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<String>,
    /// Tags of which a customer has one (a tier is a tag); none: whatever its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Days after which a touch would be good.
    pub ideal: u16,
    /// Days after which the cadence is broken.
    pub longest: u16,
    /// Codes of the channels that count; none: those of the book.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
}

/// The cadences of a book. The first that fits a customer holds; where none does, the days of the policy hold for customers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cadences {
    /// Codes of the channels that count; none: every channel on which they can answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// Days after which the people of a role have waited for too long, by the role's code.
    pub roles: BTreeMap<String, u16>,
    /// In the order in which they are tried.
    pub cadence: Vec<Cadence>,
}

/// How a customer's last touch stands to its cadence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Standing {
    /// Within the ideal days.
    Ok,
    /// Above the ideal days.
    Yellow,
    /// Above the longest: the cadence is broken.
    Red,
}

impl Standing {
    /// What scripts and people read, in the order of the standings.
    pub const CODES: [&str; 3] = ["ok", "yellow", "red"];

    /// Its word of [`Standing::CODES`].
    pub fn code(self) -> &'static str {
        Self::CODES[self as usize]
    }
}

/// A customer's cadence on a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kept {
    /// How it stands.
    pub standing: Standing,
    /// The last touch that counts; without one the start of the relationship.
    pub last: Day,
    /// Days since.
    pub days: i64,
    /// Days after which a touch would be good.
    pub ideal: i64,
    /// Days after which the cadence is broken.
    pub longest: i64,
}

impl Cadence {
    fn holds(&self, stage: &Stage, tags: &str) -> bool {
        let here = if self.stages.is_empty() {
            stage.class == StageClass::Customer
        } else {
            self.stages.contains(&stage.code)
        };
        here && (self.tags.is_empty()
            || tags
                .split(' ')
                .any(|tag| self.tags.iter().any(|t| t == tag)))
    }
}

impl Cadences {
    /// The place of the cadence that holds in a stage for a customer with these tags (one space between two).
    pub fn of(&self, stage: Option<&Stage>, tags: &str) -> Option<u8> {
        let stage = stage?;
        self.cadence
            .iter()
            .position(|c| c.holds(stage, tags))
            .and_then(|at| u8::try_from(at).ok())
    }

    /// True when a touch by a channel (its place in [`CHANNELS`]) counts for the cadence at a place. One by a channel that this
    /// version does not know counts where no list says otherwise.
    pub fn counts(&self, cadence: Option<u8>, channel: u8) -> bool {
        let own = cadence
            .and_then(|at| self.cadence.get(usize::from(at)))
            .map(|c| &c.channels)
            .filter(|c| !c.is_empty());
        let (list, channel) = (
            own.unwrap_or(&self.channels),
            CHANNELS.get(usize::from(channel)),
        );
        if list.is_empty() {
            channel.is_none_or(|c| c.two_way)
        } else {
            channel.is_some_and(|c| list.iter().any(|l| l == c.code))
        }
    }

    /// Says what is wrong with cadences that somebody wrote.
    pub fn check(&self) -> Result<()> {
        let channels = self
            .cadence
            .iter()
            .flat_map(|c| &c.channels)
            .chain(&self.channels);
        if let Some(code) = channels
            .into_iter()
            .find(|code| touchpoint::number(code).is_none())
        {
            return Err(
                Error::usage(say!("cadence.cadences_there_no_channel", code = code))
                    .hint(say!("cadence.such_as_phone_email")),
            );
        }
        if let Some(code) = self
            .roles
            .keys()
            .find(|code| !ROLES.contains(&code.as_str()))
        {
            return Err(
                Error::usage(say!("cadence.cadences_there_no_role", code = code))
                    .hint(format!("roles: {}", ROLES.join(", "))),
            );
        }
        match self
            .cadence
            .iter()
            .position(|c| c.longest == 0 || c.ideal > c.longest)
        {
            Some(at) => Err(
                Error::usage(say!("cadence.cadences_ideal_days_cadence", at = at + 1))
                    .hint(say!("cadence.ideal_14_longest_21")),
            ),
            None if self.cadence.len() > 250 => {
                Err(Error::usage(say!("cadence.cadences_book_at_most")))
            }
            None => Ok(()),
        }
    }

    /// The limit in days for the people of a role (its place in [`ROLES`]).
    pub fn limit(&self, role: usize) -> Option<i64> {
        ROLES
            .get(role)
            .and_then(|code| self.roles.get(*code))
            .map(|days| i64::from(*days))
    }

    /// How a customer's cadence stands on a day; `None` where none holds, or nothing has begun.
    pub fn kept(&self, signals: &Signals, limits: Limits<'_>, day: Day) -> Option<Kept> {
        let own = signals
            .cadence
            .and_then(|at| self.cadence.get(usize::from(at)));
        let (ideal, longest) = match own {
            Some(own) => (i64::from(own.ideal), i64::from(own.longest)),
            None if limits.stages.get(signals.stage)?.class == StageClass::Customer => {
                let longest = i64::from(limits.policy.cadence_days);
                (longest * 2 / 3, longest)
            }
            None => return None,
        };
        let last = signals.reached.or(signals.started)?;
        let days = day.since(last);
        let standing = match days {
            d if d > longest => Standing::Red,
            d if d > ideal => Standing::Yellow,
            _ => Standing::Ok,
        };
        Some(Kept {
            standing,
            last,
            days,
            ideal,
            longest,
        })
    }

    /// Of the roles that the book watches the one that has waited for too long by most days: its place in [`ROLES`], its last
    /// touch and the days since. A role that nobody has ever been touched in is a gap of the map, and no silence.
    pub fn waiting(&self, signals: &Signals, day: Day) -> Option<(usize, Day, i64)> {
        let over = |role: usize| {
            let (last, limit) = (signals.roles[role]?, self.limit(role)?);
            let days = day.since(last);
            (days > limit).then_some((days - limit, (role, last, days)))
        };
        (0..ROLES.len())
            .filter_map(over)
            .max_by_key(|(over, (role, ..))| (*over, std::cmp::Reverse(*role)))
            .map(|found| found.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::config::Config;

    fn config(cadences: &str) -> Config {
        Config {
            cadences: toml::from_str(cadences).expect("TOML"),
            ..Config::default()
        }
    }

    fn day(n: i64) -> Day {
        Day::from_number(20_000 + n).expect("inside the range")
    }

    #[test]
    fn the_first_cadence_that_fits_holds_and_else_the_policy() {
        let config = config(
            "[[cadence]]\ntags = ['gold', 'key']\nideal = 7\nlongest = 14\n[[cadence]]\nstages = ['reach', 'retention']\nideal = 20\nlongest = 40\n",
        );
        let of = |stage: &str, tags| {
            config.cadences.of(
                config
                    .stages
                    .find(stage)
                    .and_then(|no| config.stages.get(no)),
                tags,
            )
        };
        assert_eq!(
            (
                of("retention", "a key"),
                of("retention", "keys"),
                of("loyalty", "")
            ),
            (Some(0), Some(1), None)
        );
        assert_eq!(
            (of("reach", "gold"), of("churned", "gold")),
            (Some(1), None),
            "one without stages is for customers"
        );
        let stage = config.stages.find("loyalty").expect("shipped");
        let signals = |cadence| Signals {
            cadence,
            stage,
            reached: Some(day(0)),
            ..Signals::default()
        };
        let at = |cadence, n| {
            config
                .cadences
                .kept(&signals(cadence), config.limits(), day(n))
                .map(|k| k.standing)
        };
        assert_eq!(
            [7, 8, 14, 15].map(|n| at(Some(0), n)),
            [
                Standing::Ok,
                Standing::Yellow,
                Standing::Yellow,
                Standing::Red
            ]
            .map(Some)
        );
        assert_eq!(
            [20, 21, 31].map(|n| at(None, n)),
            [Standing::Ok, Standing::Yellow, Standing::Red].map(Some)
        );
        let prospect = Signals {
            stage: config.stages.find("acquisition").expect("shipped"),
            ..signals(None)
        };
        assert_eq!(
            config.cadences.kept(&prospect, config.limits(), day(90)),
            None
        );
    }

    #[test]
    fn newsletters_do_not_count_unless_the_book_says_so() {
        let shipped = Config::default().cadences;
        let of = |code: &str| touchpoint::number(code).expect("a channel");
        assert!(shipped.counts(None, of("email")) && !shipped.counts(None, of("newsletter")));
        let own = config(
            "channels = ['newsletter']\n[[cadence]]\nideal = 1\nlongest = 2\nchannels = ['phone']",
        )
        .cadences;
        assert!(
            own.counts(None, of("newsletter"))
                && !own.counts(None, of("phone"))
                && own.counts(Some(0), of("phone"))
        );
    }

    #[test]
    fn the_role_that_waits_for_most_days_over_its_limit_is_named() {
        let config = config("[roles]\nbuyer = 90\nchampion = 60");
        let role = |code| ROLES.iter().position(|r| *r == code).expect("a role");
        let mut signals = Signals::default();
        assert_eq!(config.cadences.waiting(&signals, day(400)), None);
        (
            signals.roles[role("buyer")],
            signals.roles[role("champion")],
        ) = (Some(day(0)), Some(day(40)));
        assert_eq!(config.cadences.waiting(&signals, day(90)), None);
        assert_eq!(
            config.cadences.waiting(&signals, day(100)),
            Some((role("buyer"), day(0), 100))
        );
        signals.roles[role("buyer")] = Some(day(30));
        assert_eq!(
            config.cadences.waiting(&signals, day(121)),
            Some((role("champion"), day(40), 81))
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for wrong in [
            "channels = ['pigeon']",
            "[roles]\nking = 3",
            "[[cadence]]\nideal = 9\nlongest = 3",
            "[[cadence]]\nideal = 0",
        ] {
            assert!(
                toml::from_str::<Cadences>(wrong)
                    .expect("TOML")
                    .check()
                    .is_err(),
                "{wrong}"
            );
        }
    }
}
