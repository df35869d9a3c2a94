//! One customer scored from the file: by its signals, and by what of its row chooses the scorecard.
//!
//! The filter of a scorecard reads a roster, and here the roster has one row: so it says the same of a customer whether all are
//! scored at once or one alone, today or on a past day. Signals are those of the day; tags, owner and attributes are the
//! present ones, or the past ones where the book is looked at as it was.

use std::sync::Arc;

use rusqlite::Connection;

use crate::domain::config::Config;
use crate::domain::health::{self, Explanation, Health, Scorecard};
use crate::domain::roster::Roster;
use crate::domain::signal::Signals;
use crate::domain::time::Day;
use crate::error::Result;

use super::roster;

/// What tells the scorecard of one customer.
pub struct Rated<'c> {
    config: &'c Config,
    /// The customer alone; `None` where its stage is enough.
    alone: Option<Roster>,
}

impl<'c> Rated<'c> {
    /// Reads what the scorecards' filters need of a customer (its integer); nothing where none has a filter.
    pub fn of(conn: &Connection, customer: i64, config: &'c Config) -> Result<Rated<'c>> {
        if !config.scorecards.have_filters() {
            return Ok(Rated {
                config,
                alone: None,
            });
        }
        let mut alone = crate::columns::roster(Arc::new(config.clone()), Day::MIN, "");
        for code in config.scorecards.attributes() {
            alone.reload_attribute(&code, []);
        }
        let codes: Vec<String> = alone.attributes.keys().cloned().collect();
        roster::read_one(conn, &mut alone, customer, &codes)?;
        Ok(Rated {
            config,
            alone: Some(alone).filter(|a| !a.rows.is_empty()),
        })
    }

    fn with<T>(
        &mut self,
        signals: Signals,
        day: Day,
        what: impl FnOnce(Option<&Scorecard>, &Signals, &Config) -> T,
    ) -> T {
        match &mut self.alone {
            Some(roster) => {
                roster.rows[0].signals = signals;
                roster.today = day;
                what(roster.card(0), &signals, self.config)
            }
            None => {
                let card = self
                    .config
                    .scorecards
                    .choose(self.config.stages.code(signals.stage), |_| false);
                what(card, &signals, self.config)
            }
        }
    }

    /// The health that held on a day, of the signals of that day.
    pub fn score(&mut self, signals: Signals, day: Day) -> Health {
        self.with(signals, day, |card, signals, config| {
            health::score(card, signals, config.limits(), day)
        })
    }

    /// What the measures said on a day, whatever a person said.
    pub fn measured(&mut self, signals: Signals, day: Day) -> Health {
        self.with(signals, day, |card, signals, config| {
            health::measured(card, signals, config.limits(), day)
        })
    }

    /// The same as [`Rated::score`] with every step.
    pub fn explain(&mut self, signals: Signals, day: Day) -> Explanation {
        self.with(signals, day, |card, signals, config| {
            health::explain(card, signals, config.limits(), day)
        })
    }
}

#[cfg(test)]
mod tests;
