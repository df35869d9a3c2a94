//! The roster loaded from the book and kept fresh: two scans side by side, then one row a touched customer.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::Connection;

use crate::domain::config::Config;
use crate::domain::id::Id;
use crate::domain::priority;
use crate::domain::roster::{Record, Roster};
use crate::domain::signal::Signals;
use crate::domain::time::Day;
use crate::error::Result;

use super::signal::{self, StageNumbers};
use super::{batch, open, sql};

const COLUMNS: &str = "n, id, name, owner, tags, created, snoozed, snooze_event, done, removed";

/// Puts a row of [`COLUMNS`] into the roster, without copying its words on the way.
fn put(roster: &mut Roster, row: &rusqlite::Row<'_>, signals: Signals) -> rusqlite::Result<usize> {
    let bytes = |at: usize| row.get_ref(at).map(|v| v.as_bytes().unwrap_or_default());
    let text = |at: usize| -> rusqlite::Result<Cow<'_, str>> { Ok(String::from_utf8_lossy(bytes(at)?)) };
    let day = |at: usize| -> rusqlite::Result<Option<Day>> { Ok(row.get::<_, Option<i64>>(at)?.and_then(Day::from_number)) };
    let done = bytes(8)?;
    Ok(roster.put_record(Record {
        rowid: row.get(0)?,
        id: Id(row.get(1)?),
        name: &text(2)?,
        owner: &text(3)?,
        tags: &text(4)?,
        created: day(5)?,
        snoozed: day(6)?,
        waiting: !bytes(7)?.is_empty(),
        done: if done.is_empty() { Vec::new() } else { priority::keys_from_text(&String::from_utf8_lossy(done)) },
        removed: row.get::<_, i64>(9)? != 0,
        signals,
    }))
}

/// Cached signals by the customer's integer; none for a row of another layout.
type Cached = (i64, Option<Signals>);

/// Loads all customers. With `fold`, signals are folded from facts up to `today`; otherwise the cached ones are taken, and the
/// integers of customers whose cache is missing or stale are given back. `file`: where the book is, if it is a file: then
/// the cache is read beside the customers, on a connection and a thread of its own.
pub fn load(conn: &Connection, file: Option<&Path>, config: &Arc<Config>, today: Day, me: &str, fold: bool) -> Result<(Roster, Vec<i64>)> {
    let mut roster = Roster::new(config.clone(), today, me);
    // All scans see one state of the book.
    let _snapshot = if conn.is_autocommit() { Some(conn.unchecked_transaction().map_err(sql)?) } else { None };
    let customers: i64 = conn.query_row("SELECT count(*) FROM customer", [], |r| r.get(0)).map_err(sql)?;
    roster.reserve(usize::try_from(customers).unwrap_or(0));
    let mut stale = Vec::new();
    if fold {
        scan(conn, &mut roster, || Ok(None))?;
        signal::fold_all(conn, config, today, |n, signals| {
            if let Some(at) = roster.row_of(n) {
                roster.rows[at].signals = signals;
            }
            Ok(())
        })?;
    } else {
        let numbers = StageNumbers::new(&config.stages);
        let beside = file.and_then(|file| same_state(conn, file, customers as usize));
        stale = match beside {
            Some(other) => scan_beside(conn, other, &numbers, &mut roster)?,
            None => {
                let mut statement = conn.prepare(CACHED).map_err(sql)?;
                let mut rows = statement.query([]).map_err(sql)?;
                scan(conn, &mut roster, || next_cached(&mut rows, &numbers))?
            }
        };
    }
    roster.shrink();
    roster.rescore();
    Ok((roster, stale))
}

/// Fewest customers for which a second connection is worth its opening.
const BESIDE: usize = 5000;
/// Cached signals that go from one thread to the other at once, and how many times that may wait to be taken.
const BLOCK: usize = 1024;
const BLOCKS: usize = 4;

const CACHED: &str = "SELECT customer, packed FROM signal ORDER BY customer";

fn next_cached(rows: &mut rusqlite::Rows<'_>, numbers: &StageNumbers) -> Result<Option<Cached>> {
    let Some(row) = rows.next().map_err(sql)? else { return Ok(None) };
    let packed = row.get_ref(1).map_err(sql)?.as_bytes().unwrap_or_default();
    Ok(Some((row.get(0).map_err(sql)?, signal::unpack(packed, numbers))))
}

/// A second connection, in a transaction that sees the same batches as `conn` does in its own. `None` where that cannot be
/// had, or is not worth its opening for so few customers: then one connection has to do.
pub fn same_state(conn: &Connection, file: &Path, customers: usize) -> Option<Connection> {
    if customers < BESIDE {
        return None;
    }
    let last = |c: &Connection| c.query_row("SELECT max(n) FROM batch", [], |r| r.get::<_, Option<i64>>(0)).ok();
    let other = open::beside(file).ok()?;
    other.execute_batch("BEGIN").ok()?;
    (last(conn)? == last(&other)?).then_some(other)
}

/// Reads all customers, each with what `cached` has for it: both go by the customers' integers. Gives the customers
/// without signals that hold on the roster's day.
fn scan(conn: &Connection, roster: &mut Roster, mut cached: impl FnMut() -> Result<Option<Cached>>) -> Result<Vec<i64>> {
    let mut statement = conn.prepare(&format!("SELECT {COLUMNS} FROM customer ORDER BY n")).map_err(sql)?;
    let mut rows = statement.query([]).map_err(sql)?;
    let mut stale = Vec::new();
    let mut next = cached()?;
    while let Some(row) = rows.next().map_err(sql)? {
        let n: i64 = row.get(0).map_err(sql)?;
        while next.as_ref().is_some_and(|c| c.0 < n) {
            next = cached()?;
        }
        let signals = next.filter(|c| c.0 == n).and_then(|c| c.1).unwrap_or_default();
        let at = put(roster, row, signals).map_err(sql)?;
        let today = roster.today;
        let holds = signals.asof.is_some_and(|d| d <= today) && signals.stale.is_none_or(|d| d > today);
        if !holds && !roster.rows[at].removed {
            stale.push(n);
        }
    }
    Ok(stale)
}

/// The same as [`scan`] with the cache read by `other` on a thread of its own.
fn scan_beside(conn: &Connection, other: Connection, numbers: &StageNumbers, roster: &mut Roster) -> Result<Vec<i64>> {
    let (out, blocks) = sync_channel::<Result<Vec<Cached>>>(BLOCKS);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let Err(error) = send_cached(&other, numbers, &out) {
                // Nobody takes it any more only where the other scan has failed, which is told then.
                let _ = out.send(Err(error));
            }
        });
        scan_blocks(conn, roster, blocks)
    })
}

fn send_cached(conn: &Connection, numbers: &StageNumbers, out: &SyncSender<Result<Vec<Cached>>>) -> Result<()> {
    let mut statement = conn.prepare(CACHED).map_err(sql)?;
    let mut rows = statement.query([]).map_err(sql)?;
    loop {
        let mut block = Vec::with_capacity(BLOCK);
        while block.len() < BLOCK
            && let Some(cached) = next_cached(&mut rows, numbers)?
        {
            block.push(cached);
        }
        let last = block.len() < BLOCK;
        if out.send(Ok(block)).is_err() || last {
            return Ok(());
        }
    }
}

fn scan_blocks(conn: &Connection, roster: &mut Roster, blocks: Receiver<Result<Vec<Cached>>>) -> Result<Vec<i64>> {
    let mut block = Vec::new().into_iter();
    scan(conn, roster, || {
        if block.as_slice().is_empty() {
            block = blocks.recv().unwrap_or_else(|_| Ok(Vec::new()))?.into_iter();
        }
        Ok(block.next())
    })
}

/// Reads one customer again into the roster. The caller scores the row.
pub fn reload(conn: &Connection, roster: &mut Roster, customer: i64) -> Result<Option<usize>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM customer WHERE n = ?")).map_err(sql)?;
    let mut rows = statement.query([customer]).map_err(sql)?;
    let Some(row) = rows.next().map_err(sql)? else { return Ok(None) };
    let signals = signal::read(conn, customer, &roster.config.stages)?.unwrap_or_default();
    let at = put(roster, row, signals).map_err(sql)?;
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
