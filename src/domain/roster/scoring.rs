//! Health and priority of the rows, each by the scorecard that its customer comes under.

use super::{Roster, Row};
use crate::domain::filter::{People, Prepared};
use crate::domain::health::{self, Health, Scorecard, Scorecards};
use crate::domain::priority;

/// Fewest rows for which a second thread is worth its start.
pub(super) const PART: usize = 4096;

/// Scorecards with their filters ready for the rows of one roster.
struct Cards<'r> {
    roster: &'r Roster,
    cards: &'r Scorecards,
    filters: Vec<Option<Prepared<'r>>>,
}

impl<'r> Cards<'r> {
    fn new(roster: &'r Roster, cards: &'r Scorecards) -> Cards<'r> {
        let ready = |card: &Scorecard| {
            card.compiled
                .as_ref()
                .map(|f| f.prepare(roster, &People::new()))
        };
        Cards {
            roster,
            cards,
            filters: cards.scorecard.iter().map(ready).collect(),
        }
    }

    fn of(&self, at: usize) -> Option<&'r Scorecard> {
        let stage = self
            .roster
            .config
            .stages
            .code(self.roster.rows[at].signals.stage);
        let passes = |card: usize| {
            self.filters
                .get(card)
                .and_then(Option::as_ref)
                .is_some_and(|f| f.matches(at))
        };
        self.cards.choose(stage, passes)
    }
}

/// Runs `work` over `out` in a few pieces at once where there are many: the place of a piece's first element, and the piece.
fn in_parts<T: Send>(out: &mut [T], work: impl Fn(usize, &mut [T]) + Sync) {
    let part = match std::thread::available_parallelism() {
        Ok(threads) if out.len() >= PART => out.len().div_ceil(threads.get().min(4)),
        _ => out.len().max(1),
    };
    std::thread::scope(|scope| {
        let mut parts = out.chunks_mut(part).enumerate();
        let own = parts.next();
        for (no, piece) in parts {
            let work = &work;
            scope.spawn(move || work(no * part, piece));
        }
        if let Some((_, piece)) = own {
            work(0, piece);
        }
    });
}

impl Roster {
    /// The scorecard that a row's customer comes under.
    pub fn card(&self, at: usize) -> Option<&Scorecard> {
        Cards::new(self, &self.config.scorecards).of(at)
    }

    /// Health of every row by other scorecards than the book's: what they would say on the roster's day.
    pub fn health_by(&self, cards: &Scorecards) -> Vec<Health> {
        let ready = Cards::new(self, cards);
        let mut all = vec![Health::default(); self.rows.len()];
        in_parts(&mut all, |first, part| {
            for (at, health) in (first..).zip(part) {
                *health = health::score(
                    ready.of(at),
                    &self.rows[at].signals,
                    self.config.limits(),
                    self.today,
                );
            }
        });
        all
    }

    /// Priority of a row for the roster's day, with this health.
    fn priority(&self, at: usize, row: &Row, health: Health) -> u32 {
        if row.removed || self.hides(row) {
            return 0;
        }
        let done = if self.done.is_empty() {
            None
        } else {
            self.done.get(&(at as u32))
        };
        let arr = row.signals.arr;
        let done = done.map_or(&[][..], |d| d);
        priority::sum(
            &row.signals,
            health,
            &self.config,
            self.today,
            done,
            arr,
            self.median_arr,
        )
    }

    /// Computes health and priority of one row for the roster's day.
    pub fn score_row(&mut self, at: usize) {
        let row = &self.rows[at];
        let health = health::score(
            self.card(at),
            &row.signals,
            self.config.limits(),
            self.today,
        );
        let priority = self.priority(at, row, health);
        (self.rows[at].health, self.rows[at].priority) = (health, priority);
    }

    /// Computes the median ARR, and health and priority of every row; on several threads where there are many rows.
    pub fn rescore(&mut self) {
        let mut arrs: Vec<i64> = self
            .rows
            .iter()
            .filter(|r| !r.removed && r.signals.arr > 0)
            .map(|r| r.signals.arr)
            .collect();
        self.median_arr = if arrs.is_empty() {
            0
        } else {
            let mid = arrs.len() / 2;
            *arrs.select_nth_unstable(mid).1
        };
        drop(arrs);
        // Filters read the rows, which are being written below.
        let all = if self.config.scorecards.have_filters() {
            self.health_by(&self.config.scorecards)
        } else {
            Vec::new()
        };
        let mut rows = std::mem::take(&mut self.rows);
        let this = &*self;
        in_parts(&mut rows, |first, part| {
            for (at, row) in (first..).zip(part) {
                row.health = all.get(at).copied().unwrap_or_else(|| {
                    let card = this
                        .config
                        .scorecards
                        .choose(this.config.stages.code(row.signals.stage), |_| false);
                    health::score(card, &row.signals, this.config.limits(), this.today)
                });
                row.priority = this.priority(at, row, row.health);
            }
        });
        self.rows = rows;
    }
}
