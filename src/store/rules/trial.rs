//! A rule tried before it is saved: whom it holds today, and for whom it would have fired in the last days.

use std::sync::PoisonError;

use crate::domain::filter::{People, Unknown};
use crate::domain::rule::{Edge, Rule, Trial};
use crate::domain::signal::fold;
use crate::domain::time::Day;
use crate::error::Result;
use crate::store::{Store, roster, signal};

/// Folds up to this many a trial looks at every day; above it once a week.
const MOST_FOLDS: usize = 400_000;

impl Store {
    /// Words in a rule's filter that nothing in the book is called by at present.
    pub fn unknown_words(&mut self, rule: &Rule) -> Result<Vec<Unknown>> {
        let filter = rule.filter(&super::fields(&self.config))?;
        let shared = self.roster()?;
        let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
        Ok(filter.unknown(&roster))
    }

    /// Tries a rule over the last `days`. Signals are folded from the facts of each day; names, tags and attributes are today's.
    pub fn try_rule(&mut self, rule: &Rule, days: u16) -> Result<Trial> {
        let filter = rule.filter(&super::fields(&self.config))?;
        let shared = self.roster()?;
        for code in filter.attributes() {
            roster::load_attribute(&self.conn, &shared, &code)?;
        }
        let mut all = shared.read().unwrap_or_else(PoisonError::into_inner).clone();
        let nobody = People::new();
        let today = {
            let prepared = filter.prepare(&all, &nobody);
            let held = (0..all.rows.len()).filter(|at| !all.rows[*at].removed && prepared.matches(*at));
            held.map(|at| (all.ids[at], all.name(at).to_owned())).collect()
        };
        let step = if all.len() * usize::from(days) <= MOST_FOLDS { 1 } else { 7 };
        let looks: Vec<Day> = (0..=i64::from(days)).rev().step_by(usize::from(step)).map(|d| self.today.plus(-d)).collect();
        let mut fired = Vec::new();
        // A few customers at a time, so that their facts fit in memory whatever the book's size.
        let rows: Vec<usize> = (0..all.rows.len()).filter(|at| !all.rows[*at].removed).collect();
        for block in rows.chunks(500) {
            let facts: Vec<_> = block
                .iter()
                .map(|at| signal::facts(&self.conn, i64::from(all.rowids[*at]), &self.config.stages, self.config.zone))
                .collect::<Result<_>>()?;
            let mut inside: Vec<Option<bool>> = vec![None; block.len()];
            for day in &looks {
                all.today = *day;
                for (at, facts) in block.iter().zip(&facts) {
                    all.rows[*at].signals = fold(facts, &self.config, *day);
                    all.score_row(*at);
                }
                let prepared = filter.prepare(&all, &nobody);
                for (of, at) in block.iter().enumerate() {
                    let holds = prepared.matches(*at);
                    let comes = holds && inside[of] == Some(false);
                    let leaves = !holds && inside[of] == Some(true);
                    if (comes && rule.on == Edge::Enter) || (leaves && rule.on == Edge::Leave) {
                        fired.push((*day, all.ids[*at], all.name(*at).to_owned()));
                    }
                    inside[of] = Some(holds);
                }
            }
        }
        fired.sort();
        Ok(Trial { today, fired, days, step })
    }
}
