//! The report of a merge: who brought what, what does not agree, what is missing.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension};

use crate::domain::id::Id;
use crate::domain::money::Currency;
use crate::store::{conflicts, doctor, search};
use crate::text;

use super::Taken;
use super::{AHEAD, Arrived, Duplicate, NAMES, Report, Result, Stamp, WrongClock};

/// Most possible duplicates that are told.
const MOST: usize = 1000;

/// The report when nothing is new.
pub fn nothing(ours: &Connection) -> Result<Report> {
    Ok(Report {
        gaps: doctor::gaps(ours)?,
        ..Report::default()
    })
}

/// The report of what was taken, from within its transaction.
pub fn report(
    ours: &Connection,
    theirs: &Connection,
    taken: &Taken,
    now: Stamp,
    currency: Currency,
) -> Result<Report> {
    let mut open = Vec::new();
    for (row, field) in &taken.conflicts {
        open.extend(conflicts::of(ours, *row, field, currency)?);
    }
    Ok(Report {
        batches: arrived(ours, taken)?,
        rows: taken.rows,
        edits: taken.edits,
        changed: taken.changed,
        conflicts: open,
        left_out: taken.left_out.clone(),
        gaps: doctor::gaps(ours)?,
        clocks: clocks(taken, now),
        duplicates: duplicates(ours, theirs, &taken.customers)?,
        backup: None,
        put_away: None,
    })
}

/// What came of each person and device, with the customers that it touches.
fn arrived(ours: &Connection, taken: &Taken) -> Result<Vec<Arrived>> {
    let mut all = Vec::new();
    for (whose, one) in &taken.arrived {
        let customers: Vec<i64> = taken
            .touched_by
            .get(whose)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        let mut names = Vec::new();
        for n in customers.iter().take(NAMES) {
            names.extend(
                ours.prepare_cached("SELECT name FROM customer WHERE n = ?")
                    .and_then(|mut s| s.query_row([n], |r| search::text_at_raw(r, 0)).optional())?,
            );
        }
        all.push(Arrived {
            customers: customers.len(),
            names,
            ..one.clone()
        });
    }
    Ok(all)
}

fn clocks(taken: &Taken, now: Stamp) -> Vec<WrongClock> {
    let mut wrong: BTreeMap<Id, WrongClock> = BTreeMap::new();
    for h in taken
        .headers
        .iter()
        .filter(|h| h.wall > now.0.saturating_add(AHEAD))
    {
        let clock = wrong.entry(h.device).or_insert(WrongClock {
            device: h.device,
            person: h.person.clone(),
            batches: 0,
            latest: Stamp(h.wall),
        });
        clock.batches += 1;
        clock.latest = clock.latest.max(Stamp(h.wall));
    }
    wrong.into_values().collect()
}

/// Customers that came, against ours that the other copy does not have: the same key, or the same folded name.
fn duplicates(ours: &Connection, theirs: &Connection, came: &[Id]) -> Result<Vec<Duplicate>> {
    let mut names: HashMap<String, (Id, String)> = HashMap::new();
    let mut keys: HashMap<String, (Id, String)> = HashMap::new();
    for id in came {
        let found = ours
            .prepare_cached("SELECT name, external FROM customer WHERE id = ? AND removed = 0")
            .and_then(|mut s| {
                s.query_row([id], |r| {
                    Ok((search::text_at_raw(r, 0)?, search::text_at_raw(r, 1)?))
                })
                .optional()
            })?;
        let Some((name, external)) = found else {
            continue;
        };
        if !external.is_empty() {
            keys.insert(external, (*id, name.clone()));
        }
        names.insert(text::fold(&name), (*id, name));
    }
    let mut all = Vec::new();
    if names.is_empty() {
        return Ok(all);
    }
    let mut statement =
        ours.prepare("SELECT id, name, external FROM customer WHERE removed = 0 ORDER BY id")?;
    let mut rows = statement.query([])?;
    while all.len() < MOST
        && let Some(row) = rows.next()?
    {
        let id = Id(row.get(0)?);
        let (name, external) = (search::text_at(row, 1)?, search::text_at(row, 2)?);
        let by_key = keys.get(&external).map(|found| (found, "external"));
        let found = by_key.or_else(|| names.get(&text::fold(&name)).map(|found| (found, "name")));
        let Some(((other, their_name), by)) = found.filter(|((other, _), _)| *other != id) else {
            continue;
        };
        let known: bool = theirs
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM customer WHERE id = ?)")
            .and_then(|mut s| s.query_row([&id], |r| r.get(0)))?;
        if !known {
            all.push(Duplicate {
                ours: id,
                theirs: *other,
                name,
                their_name: their_name.clone(),
                by,
            });
        }
    }
    Ok(all)
}
