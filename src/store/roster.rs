//! The roster loaded from the book and kept fresh: two scans side by side, then one row a touched customer.

use std::sync::Arc;

use rusqlite::Connection;

use crate::domain::config::Config;
use crate::domain::id::Id;
use crate::domain::priority;
use crate::domain::roster::{Entry, Roster};
use crate::domain::time::Day;
use crate::error::Result;

use super::signal::{self, StageNumbers};
use super::{batch, sql};

const COLUMNS: &str = "n, id, name, owner, tags, created, snoozed, snooze_event, done, removed";

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    let text = |at: usize| -> rusqlite::Result<String> {
        Ok(row.get_ref(at)?.as_bytes().map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default())
    };
    let day = |at: usize| -> rusqlite::Result<Option<Day>> { Ok(row.get::<_, Option<i64>>(at)?.and_then(Day::from_number)) };
    let done = text(8)?;
    Ok(Entry {
        rowid: row.get(0)?,
        id: Id(row.get(1)?),
        name: text(2)?,
        owner: text(3)?,
        tags: text(4)?,
        created: day(5)?,
        snoozed: day(6)?,
        waiting: !row.get_ref(7)?.as_bytes().unwrap_or_default().is_empty(),
        done: if done.is_empty() { Vec::new() } else { priority::keys_from_text(&done) },
        removed: row.get::<_, i64>(9)? != 0,
        signals: Default::default(),
    })
}

/// Loads all customers. With `fold`, signals are folded from facts up to `today`; otherwise the cached ones are taken, and the
/// integers of customers whose cache is missing or stale are given back.
pub fn load(conn: &Connection, config: &Arc<Config>, today: Day, me: &str, fold: bool) -> Result<(Roster, Vec<i64>)> {
    let mut roster = Roster::new(config.clone(), today, me);
    let customers: i64 = conn.query_row("SELECT count(*) FROM customer", [], |r| r.get(0)).map_err(sql)?;
    roster.reserve(usize::try_from(customers).unwrap_or(0));
    {
        let mut statement = conn.prepare(&format!("SELECT {COLUMNS} FROM customer ORDER BY n")).map_err(sql)?;
        let mut rows = statement.query([]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            roster.put(&entry(row).map_err(sql)?);
        }
    }
    let mut stale = Vec::new();
    if fold {
        signal::fold_all(conn, config, today, |n, signals| {
            if let Some(at) = roster.row_of(n) {
                roster.rows[at].signals = signals;
            }
            Ok(())
        })?;
    } else {
        let numbers = StageNumbers::new(&config.stages);
        let mut have = vec![false; roster.rows.len()];
        let mut statement = conn.prepare("SELECT customer, packed FROM signal ORDER BY customer").map_err(sql)?;
        let mut rows = statement.query([]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            let n: i64 = row.get(0).map_err(sql)?;
            let packed = row.get_ref(1).map_err(sql)?.as_bytes().unwrap_or_default();
            if let (Some(at), Some(signals)) = (roster.row_of(n), signal::unpack(packed, &numbers)) {
                roster.rows[at].signals = signals;
                have[at] = signals.asof.is_some_and(|d| d <= today) && signals.stale.is_none_or(|d| d > today);
            }
        }
        stale = (0..have.len()).filter(|at| !have[*at] && !roster.rows[*at].removed).map(|at| i64::from(roster.rowids[at])).collect();
    }
    roster.shrink();
    roster.rescore();
    Ok((roster, stale))
}

/// Reads one customer again into the roster. The caller scores the row.
pub fn reload(conn: &Connection, roster: &mut Roster, customer: i64) -> Result<Option<usize>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM customer WHERE n = ?")).map_err(sql)?;
    let mut rows = statement.query([customer]).map_err(sql)?;
    let Some(row) = rows.next().map_err(sql)? else { return Ok(None) };
    let mut entry = entry(row).map_err(sql)?;
    entry.signals = signal::read(conn, customer, &roster.config.stages)?.unwrap_or_default();
    let at = roster.put(&entry);
    let loaded: Vec<String> = roster.attributes.keys().cloned().collect();
    if !loaded.is_empty() {
        let json: String = conn
            .prepare_cached("SELECT attributes FROM customer WHERE n = ?")
            .and_then(|mut s| s.query_row([customer], |r| super::search::text_at_raw(r, 0)))
            .map_err(sql)?;
        let all = batch::attributes(&json);
        for code in loaded {
            roster.put_attribute(&code, at, &attribute_text(all.get(&code)));
        }
    }
    Ok(Some(at))
}

/// An attribute's value as the roster keeps it; empty for none.
fn attribute_text(value: Option<&serde_json::Value>) -> String {
    match value {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(s)) => s.clone(),
        Some(other) => other.to_string(),
    }
}

/// Loads the values of one custom attribute for every row.
pub fn load_attribute(conn: &Connection, roster: &mut Roster, code: &str) -> Result<()> {
    let mut statement = conn.prepare("SELECT n, attributes FROM customer WHERE attributes <> '{}' ORDER BY n").map_err(sql)?;
    let mut rows = statement.query([]).map_err(sql)?;
    roster.reload_attribute(code, []);
    while let Some(row) = rows.next().map_err(sql)? {
        let n: i64 = row.get(0).map_err(sql)?;
        let json = row.get_ref(1).map_err(sql)?.as_bytes().unwrap_or_default();
        let value = attribute_text(batch::attributes(&String::from_utf8_lossy(json)).get(code));
        if let Some(at) = roster.row_of(n).filter(|_| !value.is_empty()) {
            roster.put_attribute(code, at, &value);
        }
    }
    Ok(())
}
