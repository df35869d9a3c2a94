//! The page of segments: who is in each today, and how many were at the ends of months.

use std::sync::PoisonError;

use crate::domain::money::Arr;
use crate::domain::query::{SegmentRow, SegmentsPage};
use crate::domain::segment::READY;
use crate::error::Result;
use crate::store::{Store, kept};

use super::moving::month_ends;
use super::{select, views};

/// Month ends that are counted beside today.
const MONTHS: usize = 12;

/// The segments. With `trend` each answer counts one more month end, the latest first, so that nobody waits for all of them.
pub fn page(store: &mut Store, trend: bool) -> Result<SegmentsPage> {
    let shared = store.roster()?;
    kept::load_orders(store, &shared)?;
    let mut rows = Vec::new();
    for (code, _) in READY {
        rows.push(row(store, code, false, &format!("seg={code}"))?);
    }
    for (_, name, view) in views(store)?
        .into_iter()
        .filter(|(_, _, view)| view.segment)
    {
        rows.push(row(store, &name, true, &view.filter)?);
    }
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let mut page = SegmentsPage {
        rows,
        ..SegmentsPage::default()
    };
    if let Some(purchases) = &roster.purchases {
        page.buyers = purchases
            .members
            .iter()
            .filter(|m| m.orders.count > 0)
            .count();
        page.median = purchases.median.map(|m| m.minor());
    }
    if trend {
        let last = store.kept.trend.last().map_or(store.today, |(day, _)| *day);
        if store.kept.trend.len() < MONTHS
            && let [next] = month_ends(last, 1)[..]
        {
            let counts = kept::segments_at(store, &roster, next)?;
            store.kept.trend.push((next, counts));
        }
        page.trend = store
            .kept
            .trend
            .iter()
            .rev()
            .map(|(day, counts)| (*day, counts.to_vec()))
            .collect();
        page.computing = page.trend.len() < MONTHS;
    }
    Ok(page)
}

fn row(store: &mut Store, name: &str, own: bool, filter: &str) -> Result<SegmentRow> {
    let mut row = SegmentRow {
        name: name.to_owned(),
        own,
        filter: filter.to_owned(),
        count: 0,
        arr: Arr::default(),
        mistake: String::new(),
    };
    match select(store, filter)? {
        Ok(selection) => {
            let shared = store.roster()?;
            let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
            (row.count, row.arr) = (selection.rows.len(), roster.sum_arr(&selection.rows));
        }
        Err(mistake) => row.mistake = mistake.message,
    }
    Ok(row)
}
