//! How many customers passed a filter at the ends of months: figures folded from the facts of each day, a piece at a time.
//!
//! Names, owners, tags, attributes and removals are the present ones, as is the median ARR behind the money factor.

use std::sync::PoisonError;

use crate::columns;
use crate::domain::filter::{Filter, People};
use crate::domain::query::CoursePage;
use crate::domain::roster::Roster;
use crate::domain::segment::Purchases;
use crate::domain::time::Day;
use crate::error::Result;
use crate::store::{Store, kept, signal};

use super::moving::month_ends;
use super::ready;

/// Customers that are counted before the worker looks whether somebody asks for something else.
const PIECE: usize = 500;

/// A course that is being counted.
pub struct Course {
    filters: Vec<String>,
    months: u16,
    /// Those that can be read, each with its place among `filters`.
    ready: Vec<(usize, Filter, People)>,
    /// All customers, put back to a past day while they are asked.
    past: Roster,
    /// Since when each is a customer of the book; `None` where nothing says.
    since: Vec<Option<Day>>,
    /// What everybody had bought by each of the days, where a filter asks for it.
    bought: Vec<Option<Box<Purchases>>>,
    next: usize,
    page: CoursePage,
}

/// The counts of these filters at the ends of the last so many months. Each answer has counted some more customers.
pub fn page(store: &mut Store, filters: &[String], months: u16) -> Result<CoursePage> {
    let known = store
        .kept
        .course
        .take()
        .filter(|c| c.filters == filters && c.months == months);
    let mut course = match known {
        Some(course) => course,
        None => Box::new(begin(store, filters, months)?),
    };
    if course.page.computing {
        go_on(store, &mut course)?;
    }
    let page = course.page.clone();
    store.kept.course = Some(course);
    Ok(page)
}

fn begin(store: &mut Store, filters: &[String], months: u16) -> Result<Course> {
    let shared = store.roster()?;
    let mut page = CoursePage {
        days: month_ends(store.today, months),
        ..CoursePage::default()
    };
    let mut all = Vec::new();
    for (at, text) in filters.iter().enumerate() {
        match ready(store, text, &shared)? {
            Ok((filter, people)) => all.push((at, filter, people)),
            Err(mistake) => page.mistake = page.mistake.or(Some(mistake)),
        }
    }
    page.counts = vec![Vec::new(); filters.len()];
    for (at, ..) in &all {
        page.counts[*at] = vec![0; page.days.len()];
    }
    let past = shared
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    page.computing = !all.is_empty() && !past.rows.is_empty();
    let since = past.rows.iter().map(kept::since).collect();
    Ok(Course {
        filters: filters.to_vec(),
        months,
        ready: all,
        past,
        since,
        bought: Vec::new(),
        next: 0,
        page,
    })
}

/// Reads what was bought by one more day, where that is asked; after that, counts some more customers on all days.
fn go_on(store: &mut Store, course: &mut Course) -> Result<()> {
    let Course {
        ready,
        past,
        since,
        bought,
        next,
        page,
        ..
    } = course;
    let of_orders = ready
        .iter()
        .any(|(_, filter, _)| filter.reads().into_iter().any(columns::is_of_orders));
    if let Some(day) = page.days.get(bought.len()).filter(|_| of_orders) {
        kept::put_orders_of(store, past, *day)?;
        bought.push(past.purchases.take());
        return Ok(());
    }
    let rows: Vec<usize> = (*next..past.rows.len()).take(PIECE).collect();
    let (conn, config) = (&store.conn, &store.config);
    let facts: Vec<_> = rows
        .iter()
        .map(|at| signal::facts(conn, past.rowids[*at], config))
        .collect::<Result<_>>()?;
    for (no, day) in page.days.iter().enumerate() {
        past.today = *day;
        past.purchases = bought.get_mut(no).and_then(Option::take);
        for (at, facts) in rows.iter().zip(&facts) {
            past.rows[*at].signals =
                signal::fold_with_before(conn, past.rowids[*at], facts, config, *day)?;
            past.score_row(*at);
        }
        for (of, filter, people) in ready.iter() {
            let prepared = filter.prepare(past, people);
            let passes = |at: &&usize| {
                !past.rows[**at].removed
                    && since[**at].is_none_or(|s| s <= *day)
                    && prepared.matches(**at)
            };
            page.counts[*of][no] += rows.iter().filter(passes).count();
        }
        if let Some(place) = bought.get_mut(no) {
            *place = past.purchases.take();
        }
    }
    *next += rows.len();
    page.computing = *next < past.rows.len();
    Ok(())
}

#[cfg(test)]
mod tests;
