//! Customers that may be one and the same, and what became of those that were.

use rusqlite::OptionalExtension as _;

use crate::domain::duplicate::{Traits, pairs};
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::query::{Became, Twin};
use crate::error::Result;
use crate::store::Store;
use crate::text;

use super::text_at;

/// Every pair with why; the customer that has been there for longer is the one to keep.
pub fn twins(store: &Store) -> Result<Vec<Twin>> {
    let mut ids: Vec<(i64, Id, String)> = Vec::new();
    let mut all: Vec<Traits> = Vec::new();
    let mut statement = store
        .conn
        .prepare_cached("SELECT n, id, name, website FROM customer WHERE removed = 0 ORDER BY n")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name = text_at(row, 2)?;
        all.push(Traits {
            name: text::fold(name.trim()),
            website: text_at(row, 3)?,
            emails: Vec::new(),
        });
        ids.push((row.get(0)?, Id(row.get(1)?), name));
    }
    let mut statement = store
        .conn
        .prepare_cached("SELECT customer, email FROM contact WHERE removed = 0 AND email <> ''")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let n: i64 = row.get(0)?;
        if let Ok(at) = ids.binary_search_by_key(&n, |c| c.0) {
            all[at].emails.push(text_at(row, 1)?);
        }
    }
    let named = |at: usize| (ids[at].1, ids[at].2.clone());
    Ok(pairs(&all)
        .into_iter()
        .map(|(a, b, signs)| Twin {
            keep: named(a),
            other: named(b),
            signs,
        })
        .collect())
}

/// Most merges that are followed from one customer to the next.
const MOST_STEPS: usize = 32;

/// What customers have become, where each was merged into another, and that one perhaps into a third, and so on.
pub fn became(store: &Store, customers: &[Id]) -> Result<Vec<Became>> {
    let mut all = Vec::new();
    for was in customers {
        let mut is = *was;
        for _ in 0..MOST_STEPS {
            let there = standing(store, is)?;
            if let Some(name) = there {
                all.extend((is != *was).then_some(Became {
                    was: *was,
                    is,
                    name,
                }));
                break;
            }
            match merged_into(store, is)? {
                Some(next) if next != is => is = next,
                _ => break,
            }
        }
    }
    Ok(all)
}

/// The name of a customer that is there.
fn standing(store: &Store, id: Id) -> Result<Option<String>> {
    let mut statement = store
        .conn
        .prepare_cached("SELECT name FROM customer WHERE id = ? AND removed = 0")?;
    statement
        .query_row([&id], |row| text_at(row, 0))
        .optional()
        .map_err(Into::into)
}

/// Whose the note is that the merge wrote by which a customer was last removed.
fn merged_into(store: &Store, id: Id) -> Result<Option<Id>> {
    let query = "SELECT c.id FROM batch b JOIN event v ON v.batch = b.n AND v.kind = ?2 JOIN customer c ON c.n = v.customer
        WHERE b.command = 'merge_customers' AND b.n = (SELECT batch FROM edit WHERE row = ?1 AND field = 'removed' ORDER BY n DESC LIMIT 1)
        LIMIT 1";
    let mut statement = store.conn.prepare_cached(query)?;
    statement
        .query_row((&id, EventKind::Note as i64), |row| row.get(0).map(Id))
        .optional()
        .map_err(Into::into)
}
