//! How health moved: of one customer over months, of all over some days. Computed from facts, never from kept scores.

use std::collections::{BTreeSet, HashMap};
use std::sync::PoisonError;

use chrono::Datelike;
use rusqlite::Connection;

use super::{Rated, number_of, ready};
use crate::domain::config::Config;
use crate::domain::health::Health;
use crate::domain::id::Id;
use crate::domain::query::{Mover, MoversPage};
use crate::domain::signal::{Facts, fold};
use crate::domain::time::Day;
use crate::error::Result;
use crate::store::{Store, signal};

/// The longest time in months that is told week by week.
const BY_WEEK: u16 = 6;

/// Customers that are compared before the worker looks whether somebody asks for something else.
const PIECE: i64 = 1000;

/// Longest list of those that fell, and of those that rose.
const MOST: usize = 200;

/// The last so many month ends before a day, oldest first.
pub fn month_ends(today: Day, months: u16) -> Vec<Day> {
    // The day before the first of a month is the end of the one before.
    let before = |day: &Day| Some(day.plus(-i64::from(day.date().day())));
    let mut days: Vec<Day> = std::iter::successors(before(&today), before)
        .take(usize::from(months))
        .collect();
    days.reverse();
    days
}

/// The days of a trend, oldest first.
fn days(today: Day, months: u16) -> Vec<Day> {
    let mut days = vec![today];
    if months <= BY_WEEK {
        days.extend((1..=i64::from(months) * 52 / 12).map(|week| today.plus(-7 * week)));
    } else {
        days.extend(month_ends(today, months).into_iter().rev());
    }
    days.reverse();
    days.dedup();
    days
}

pub fn trend(store: &Store, customer: Id, months: u16) -> Result<Vec<(Day, Health)>> {
    let n = number_of(store, customer)?;
    let facts = signal::facts(&store.conn, n, &store.config)?;
    let mut rated = Rated::of(&store.conn, n, &store.config)?;
    Ok(days(store.today, months)
        .into_iter()
        .map(|day| (day, rated.score(fold(&facts, &store.config, day), day)))
        .collect())
}

/// Health of everybody on a past day, as far as it was folded. It outlives what is written: only whom that touched is folded again.
pub struct Then {
    day: Day,
    /// By the customers' integers.
    health: HashMap<i64, Health>,
    /// Those above it are to come, up to the greatest.
    next: i64,
    top: i64,
    stale: BTreeSet<i64>,
}

impl Then {
    /// These were written: they are folded again.
    pub fn touch(&mut self, customers: &BTreeSet<i64>) {
        self.stale.extend(customers);
    }

    /// Folds whom a write has touched, or else some more customers.
    fn go_on(&mut self, conn: &Connection, config: &Config) -> Result<()> {
        let Then { day, health, .. } = self;
        let mut put = |n: i64, facts: &Facts| {
            let signals = fold(facts, config, *day);
            let known = signals.last.is_some() || signals.since.is_some();
            let then = if known {
                Rated::of(conn, n, config)?.score(signals, *day)
            } else {
                Health::default()
            };
            health.insert(n, then);
            Ok(())
        };
        if !self.stale.is_empty() {
            for n in std::mem::take(&mut self.stale) {
                put(n, &signal::facts(conn, n, config)?)?;
            }
            return Ok(());
        }
        self.next = match signal::next_piece(conn, self.next, PIECE)? {
            Some(piece) => {
                signal::facts_between(conn, config, piece, &mut put).map(|()| piece.1)?
            }
            None => self.top,
        };
        Ok(())
    }
}

/// Whose health moved most in so many days. Each answer has compared some more customers.
pub fn movers(store: &mut Store, filter: &str, days: u16) -> Result<MoversPage> {
    let shared = store.roster()?;
    let (filter, people) = match ready(store, filter, &shared)? {
        Ok(ready) => ready,
        Err(mistake) => {
            return Ok(MoversPage {
                mistake: Some(mistake),
                ..MoversPage::default()
            });
        }
    };
    let since = store.today.plus(-i64::from(days));
    let mut then = match store.kept.then.take().filter(|then| then.day == since) {
        Some(then) => then,
        None => {
            let top = signal::greatest(&store.conn)?;
            Then {
                day: since,
                health: HashMap::new(),
                next: 0,
                top,
                stale: BTreeSet::new(),
            }
        }
    };
    then.go_on(&store.conn, &store.config)?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let prepared = filter.prepare(&roster, &people);
    let mut page = MoversPage {
        since: Some(since),
        computing: then.next < then.top,
        ..MoversPage::default()
    };
    for row in roster.select(&prepared) {
        let at = row as usize;
        let before = then
            .health
            .get(&roster.rowids[at])
            .copied()
            .unwrap_or_default();
        let mover = Mover {
            row,
            before,
            now: roster.rows[at].health,
        };
        if before.score.is_none() || mover.now.score.is_none() {
            continue;
        }
        page.of += 1;
        page.fell += usize::from(mover.change() < 0);
        page.rose += usize::from(mover.change() > 0);
        if mover.change() != 0 {
            page.movers.push(mover);
        }
    }
    page.movers.sort_by(|a, b| {
        a.change().cmp(&b.change()).then_with(|| {
            roster
                .folded(a.row as usize)
                .cmp(roster.folded(b.row as usize))
        })
    });
    // Rises and falls beyond the longest list are the smallest ones, in the middle.
    let (fell, rose) = (
        page.fell.saturating_sub(MOST),
        page.rose.saturating_sub(MOST),
    );
    let (first, end) = (page.fell - fell, page.fell + rose);
    page.movers.drain(first..end);
    drop(roster);
    store.kept.then = Some(then);
    Ok(page)
}

#[cfg(test)]
mod tests;
