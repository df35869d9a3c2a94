//! Customers that may be one and the same.

use crate::domain::duplicate::{Traits, pairs};
use crate::domain::id::Id;
use crate::domain::query::Twin;
use crate::error::Result;
use crate::store::{Store, sql};
use crate::text;

use super::text_at;

/// Every pair with why; the customer that has been there for longer is the one to keep.
pub fn twins(store: &Store) -> Result<Vec<Twin>> {
    let mut ids: Vec<(i64, Id, String)> = Vec::new();
    let mut all: Vec<Traits> = Vec::new();
    let mut statement = store.conn.prepare_cached("SELECT n, id, name, website FROM customer WHERE removed = 0 ORDER BY n").map_err(sql)?;
    let mut rows = statement.query([]).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        let name = text_at(row, 2).map_err(sql)?;
        all.push(Traits { name: text::fold(name.trim()), website: text_at(row, 3).map_err(sql)?, emails: Vec::new() });
        ids.push((row.get(0).map_err(sql)?, Id(row.get(1).map_err(sql)?), name));
    }
    let mut statement = store.conn.prepare_cached("SELECT customer, email FROM contact WHERE removed = 0 AND email <> ''").map_err(sql)?;
    let mut rows = statement.query([]).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        let n: i64 = row.get(0).map_err(sql)?;
        if let Ok(at) = ids.binary_search_by_key(&n, |c| c.0) {
            all[at].emails.push(text_at(row, 1).map_err(sql)?);
        }
    }
    let named = |at: usize| (ids[at].1, ids[at].2.clone());
    Ok(pairs(&all).into_iter().map(|(a, b, signs)| Twin { keep: named(a), other: named(b), signs }).collect())
}
