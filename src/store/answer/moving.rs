//! How health moved: of one customer over months, of all over some days. Computed from facts, never from kept scores.

use std::sync::{Arc, PoisonError};

use chrono::Datelike;

use super::{Rated, number_of, ready};
use crate::domain::health::Health;
use crate::domain::id::Id;
use crate::domain::query::{Mover, MoversPage};
use crate::domain::signal::fold;
use crate::domain::time::Day;
use crate::error::Result;
use crate::store::{Store, signal};

/// The longest time in months that is told week by week.
const BY_WEEK: u16 = 6;

/// Longest list of those that fell, and of those that rose.
const MOST: usize = 200;

/// The last so many month ends before a day, oldest first.
pub fn month_ends(today: Day, months: u16) -> Vec<Day> {
    // The day before the first of a month is the end of the one before.
    let before = |day: &Day| Some(day.plus(-i64::from(day.date().day())));
    let mut days: Vec<Day> = std::iter::successors(before(&today), before).take(usize::from(months)).collect();
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
    let facts = signal::facts(&store.conn, n, &store.config.stages, store.config.zone)?;
    let mut rated = Rated::of(&store.conn, n, &store.config)?;
    Ok(days(store.today, months).into_iter().map(|day| (day, rated.score(fold(&facts, &store.config, day), day))).collect())
}

pub fn movers(store: &mut Store, filter: &str, days: u16) -> Result<MoversPage> {
    let shared = store.roster()?;
    let (filter, people) = match ready(store, filter, &shared)? {
        Ok(ready) => ready,
        Err(mistake) => return Ok(MoversPage { mistake: Some(mistake), ..MoversPage::default() }),
    };
    let since = store.today.plus(-i64::from(days));
    let then = health_then(store, since)?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let prepared = filter.prepare(&roster, &people);
    let mut page = MoversPage { since: Some(since), ..MoversPage::default() };
    for row in roster.select(&prepared) {
        let at = row as usize;
        let before = then.get(&roster.rowids[at]).copied().unwrap_or_default();
        let mover = Mover { row, before, now: roster.rows[at].health };
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
    page.movers.sort_by(|a, b| a.change().cmp(&b.change()).then_with(|| roster.folded(a.row as usize).cmp(roster.folded(b.row as usize))));
    // Rises and falls beyond the longest list are the smallest ones, in the middle.
    let (fell, rose) = (page.fell.saturating_sub(MOST), page.rose.saturating_sub(MOST));
    let (first, end) = (page.fell - fell, page.fell + rose);
    page.movers.drain(first..end);
    Ok(page)
}

/// Health of every customer on a past day, by the customers' integers; kept until something is written.
fn health_then(store: &mut Store, day: Day) -> Result<Arc<super::super::HealthThen>> {
    let last = store.last_batch()?;
    if let Some((_, then)) = store.then.as_ref().filter(|(of, _)| *of == (day, last)) {
        return Ok(then.clone());
    }
    let config = store.config.clone();
    let mut all = super::super::HealthThen::new();
    signal::facts_of_all(&store.conn, &config, |n, facts| {
        let signals = fold(facts, &config, day);
        if signals.last.is_some() || signals.since.is_some() {
            all.insert(n as u32, Rated::of(&store.conn, n, &config)?.score(signals, day));
        }
        Ok(())
    })?;
    let all = Arc::new(all);
    store.then = Some(((day, last), all.clone()));
    Ok(all)
}
