//! A rule tried before it is saved: whom it holds today, and for whom it would have fired in the last days.

use std::sync::PoisonError;

use rusqlite::Connection;

use crate::domain::config::Config;
use crate::domain::filter::{Filter, People, Unknown};
use crate::domain::roster::Roster;
use crate::domain::rule::{Edge, Rule, Trial};
use crate::domain::signal::fold;
use crate::domain::time::Day;
use crate::error::Result;
use crate::store::{Store, roster, signal};

/// Customers that are looked at before the worker looks whether somebody asks for something else.
const PIECE: usize = 500;

/// Folds up to this many a trial looks at every day; above it once a week.
const MOST_FOLDS: usize = 400_000;

impl Store {
    /// Words in a rule's filter that nothing in the book is called by at present.
    pub fn unknown_words(&mut self, rule: &Rule) -> Result<Vec<Unknown>> {
        let filter = rule.filter(&crate::columns::fields(&self.config))?;
        let shared = self.roster()?;
        let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
        Ok(filter.unknown(&roster))
    }

    /// Tries a rule over the last `days`, a piece at a time. Signals are folded from the facts of each day; names, tags and
    /// attributes are today's.
    pub fn try_rule(&mut self, rule: &Rule, days: u16) -> Result<Trial> {
        let known = self
            .kept
            .trying
            .take()
            .filter(|t| t.rule == *rule && t.trial.days == days);
        let mut trying = match known {
            Some(trying) => trying,
            None => Box::new(self.begin_trial(rule, days)?),
        };
        trying.go_on(&self.conn, &self.config)?;
        let trial = trying.trial.clone();
        self.kept.trying = Some(trying);
        Ok(trial)
    }

    fn begin_trial(&mut self, rule: &Rule, days: u16) -> Result<Trying> {
        let filter = rule.filter(&crate::columns::fields(&self.config))?;
        let shared = self.roster()?;
        for code in filter.attributes() {
            roster::load_attribute(&self.conn, &shared, &code)?;
        }
        let all = shared
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let rows: Vec<usize> = (0..all.rows.len())
            .filter(|at| !all.rows[*at].removed)
            .collect();
        let today = {
            let prepared = filter.prepare(&all, &People::new());
            rows.iter()
                .filter(|at| prepared.matches(**at))
                .map(|at| (all.ids[*at], all.name(*at).to_owned()))
                .collect()
        };
        let step = if rows.len() * usize::from(days) <= MOST_FOLDS {
            1
        } else {
            7
        };
        let looks = (0..=i64::from(days))
            .rev()
            .step_by(usize::from(step))
            .map(|d| self.today.plus(-d))
            .collect();
        let trial = Trial {
            today,
            fired: Vec::new(),
            days,
            step,
            computing: !rows.is_empty(),
        };
        Ok(Trying {
            rule: rule.clone(),
            filter,
            all,
            rows,
            looks,
            next: 0,
            trial,
        })
    }
}

/// A rule that is being tried.
pub struct Trying {
    rule: Rule,
    filter: Filter,
    /// All customers, put back to a past day while they are asked.
    all: Roster,
    rows: Vec<usize>,
    looks: Vec<Day>,
    /// The place among the rows of the first that is to come.
    next: usize,
    trial: Trial,
}

impl Trying {
    /// Looks at some more customers: so few that their facts fit in memory whatever the book's size, and that nobody waits long.
    fn go_on(&mut self, conn: &Connection, config: &Config) -> Result<()> {
        let Trying {
            rule,
            filter,
            all,
            rows,
            looks,
            next,
            trial,
        } = self;
        let block: Vec<usize> = rows.iter().skip(*next).take(PIECE).copied().collect();
        let facts: Vec<_> = block
            .iter()
            .map(|at| signal::facts(conn, all.rowids[*at], config))
            .collect::<Result<_>>()?;
        let (nobody, mut inside) = (People::new(), vec![None; block.len()]);
        for day in looks.iter() {
            all.today = *day;
            for (at, facts) in block.iter().zip(&facts) {
                all.rows[*at].signals = fold(facts, config, *day);
                all.score_row(*at);
            }
            let prepared = filter.prepare(all, &nobody);
            for (of, at) in block.iter().enumerate() {
                let holds = prepared.matches(*at);
                let comes = holds && inside[of] == Some(false);
                let leaves = !holds && inside[of] == Some(true);
                if (comes && rule.on == Edge::Enter) || (leaves && rule.on == Edge::Leave) {
                    trial
                        .fired
                        .push((*day, all.ids[*at], all.name(*at).to_owned()));
                }
                inside[of] = Some(holds);
            }
        }
        trial.fired.sort();
        *next += block.len();
        trial.computing = *next < rows.len();
        Ok(())
    }
}
