//! The roster loaded from the book and kept fresh: two scans side by side, then one row a touched customer.

use std::borrow::Cow;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::Connection;

use crate::domain::config::Config;
use crate::domain::id::Id;
use crate::domain::priority;
use crate::domain::roster::{Entry, Roster};
use crate::domain::signal::{Signals, StageMarks};
use crate::domain::time::Day;
use crate::error::{Error, Result};

use super::signal;
use super::{batch, open};

const COLUMNS: &str = "n, id, name, owner, tags, created, snoozed, snooze_event, done, removed";

/// Puts a row of [`COLUMNS`] into the roster, without copying its words on the way.
fn put(roster: &mut Roster, row: &rusqlite::Row<'_>, signals: Signals) -> rusqlite::Result<usize> {
    let bytes = |at: usize| row.get_ref(at).map(|v| v.as_bytes().unwrap_or_default());
    let text = |at: usize| -> rusqlite::Result<Cow<'_, str>> {
        let bytes = bytes(at)?;
        // The strict reading is the faster one, and nearly always right.
        Ok(std::str::from_utf8(bytes)
            .map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed))
    };
    let day = |at: usize| -> rusqlite::Result<Option<Day>> {
        Ok(row.get::<_, Option<i64>>(at)?.and_then(Day::from_number))
    };
    let done = bytes(8)?;
    Ok(roster.put(Entry {
        rowid: row.get(0)?,
        id: Id(row.get(1)?),
        name: &text(2)?,
        owner: &text(3)?,
        tags: &text(4)?,
        created: day(5)?,
        snoozed: day(6)?,
        waiting: !bytes(7)?.is_empty(),
        done: if done.is_empty() {
            Vec::new()
        } else {
            priority::keys_from_text(&String::from_utf8_lossy(done))
        },
        removed: row.get::<_, i64>(9)? != 0,
        signals,
    }))
}

/// Cached signals by the customer's integer; none for a row of another layout.
type Cached = (i64, Option<Signals>);

/// Loads all customers. With `fold`, signals are folded from facts up to `today`; otherwise the cached ones are taken, and the
/// integers of customers whose cache is missing or stale are given back. `file`: where the book is, if it is a file: then
/// every other piece of a large book is read on a connection and a thread of its own.
pub fn load(
    conn: &Connection,
    file: Option<&Path>,
    config: &Arc<Config>,
    today: Day,
    me: &str,
    fold: bool,
) -> Result<(Roster, Vec<i64>)> {
    let mut roster = crate::columns::roster(config.clone(), today, me);
    // All scans see one state of the book.
    let _snapshot = if conn.is_autocommit() {
        Some(conn.unchecked_transaction()?)
    } else {
        None
    };
    // Each alone is read off the table's rim; together they would be a scan of it.
    let number = |query: &str| conn.query_row(query, [], |r| r.get::<_, i64>(0));
    let customers = number("SELECT count(*) FROM customer")?;
    let all = (
        number("SELECT coalesce(min(n), 0) FROM customer")?,
        number("SELECT coalesce(max(n), 0) FROM customer")?,
    );
    roster.reserve(usize::try_from(customers).unwrap_or(0));
    let numbers = StageMarks::new(&config.stages);
    let mut stale = Vec::new();
    if fold {
        scan(conn, &mut roster, all, None)?;
        signal::fold_all(conn, config, today, |n, signals| {
            if let Some(at) = roster.row_of(n) {
                roster.rows[at].signals = signals;
            }
            Ok(())
        })?;
    } else {
        let dense = all.1.saturating_sub(all.0) < customers.saturating_mul(4);
        let beside = file
            .filter(|_| dense)
            .and_then(|file| same_state(conn, file, customers as usize));
        stale = match beside {
            Some(other) => scan_beside(conn, other, &numbers, &mut roster, all)?,
            None => scan(conn, &mut roster, all, Some(&numbers))?,
        };
    }
    roster.shrink();
    signal::put_apart(conn, &mut roster, None)?;
    for code in config.scorecards.attributes() {
        put_values(&mut roster, &code, &values_of(conn, &code)?);
    }
    roster.rescore();
    Ok((roster, stale))
}

/// Fewest customers for which a second connection is worth its opening.
const BESIDE: usize = 5000;
/// Customers that one thread reads at a time: enough that handing over costs nothing, few enough that the threads end
/// together and a waiting piece needs little memory.
const PIECE: i64 = 8192;

/// The first and the last integer of a run of customers.
type Piece = (i64, i64);

/// A second connection, in a transaction that sees the same batches as `conn` does in its own. `None` where that cannot be
/// had, or is not worth its opening for so few customers: then one connection has to do.
pub fn same_state(conn: &Connection, file: &Path, customers: usize) -> Option<Connection> {
    if customers < BESIDE {
        return None;
    }
    let last = |c: &Connection| {
        c.query_row("SELECT max(n) FROM batch", [], |r| {
            r.get::<_, Option<i64>>(0)
        })
        .ok()
    };
    let other = open::beside(file).ok()?;
    other.execute_batch("BEGIN").ok()?;
    (last(conn)? == last(&other)?).then_some(other)
}

fn next_cached(rows: &mut rusqlite::Rows<'_>, numbers: &StageMarks) -> Result<Option<Cached>> {
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let packed = row.get_ref(1)?.as_bytes().unwrap_or_default();
    Ok(Some((row.get(0)?, Signals::unpack(packed, numbers))))
}

/// Reads a piece of the customers, and with `cached` their cached signals, both in the order of the customers' integers. Gives
/// the customers without signals that hold on the roster's day.
fn scan(
    conn: &Connection,
    roster: &mut Roster,
    piece: Piece,
    cached: Option<&StageMarks>,
) -> Result<Vec<i64>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM customer WHERE n BETWEEN ? AND ? ORDER BY n"
    ))?;
    let mut rows = statement.query([piece.0, piece.1])?;
    let mut statement = conn.prepare_cached(
        "SELECT customer, packed FROM signal WHERE customer BETWEEN ? AND ? ORDER BY customer",
    )?;
    let mut kept = statement.query([piece.0, piece.1])?;
    let mut read = || cached.map_or(Ok(None), |numbers| next_cached(&mut kept, numbers));
    let mut stale = Vec::new();
    let mut next = read()?;
    while let Some(row) = rows.next()? {
        let n: i64 = row.get(0)?;
        while next.as_ref().is_some_and(|c| c.0 < n) {
            next = read()?;
        }
        let signals = next
            .filter(|c| c.0 == n)
            .and_then(|c| c.1)
            .unwrap_or_default();
        let at = put(roster, row, signals)?;
        let today = roster.today;
        let holds = signals.holds_on(today);
        if !holds && !roster.rows[at].removed {
            stale.push(n);
        }
    }
    Ok(stale)
}

/// The same as [`scan`], every other piece of it by `other` on a thread of its own.
fn scan_beside(
    conn: &Connection,
    other: Connection,
    numbers: &StageMarks,
    roster: &mut Roster,
    all: Piece,
) -> Result<Vec<i64>> {
    let pieces: Vec<Piece> = (0..)
        .map(|i| all.0 + i * PIECE)
        .take_while(|n| *n <= all.1)
        .map(|n| (n, n + PIECE - 1))
        .collect();
    let theirs: Vec<Piece> = pieces.iter().skip(1).step_by(2).copied().collect();
    // Two parts go to and fro: one is read into while the other is taken over.
    let (out, full) = sync_channel::<Result<(Roster, Vec<i64>)>>(2);
    let (back, empty) = sync_channel::<Roster>(2);
    for _ in 0..2 {
        let mut part = roster.part();
        part.reserve(PIECE as usize);
        // There is room for both.
        let _ = back.send(part);
    }
    // `move`: when this side ends with an error, its ends of the channels go with it, and the other side ends too.
    std::thread::scope(move |scope| {
        scope.spawn(move || {
            for (piece, mut part) in theirs.into_iter().zip(empty.iter()) {
                part.begin_part(piece.0);
                let read = scan(&other, &mut part, piece, Some(numbers)).map(|stale| (part, stale));
                // Nobody takes it any more only where the other scan has failed, which is told then.
                if out.send(read).is_err() {
                    return;
                }
            }
        });
        let mut stale = Vec::new();
        for (i, piece) in pieces.iter().enumerate() {
            if i % 2 == 0 {
                stale.extend(scan(conn, roster, *piece, Some(numbers))?);
            } else {
                let (mut part, more) = full
                    .recv()
                    .map_err(|_| Error::failed(say!("roster.reader_customers_ended_early")))??;
                roster.append(&mut part);
                stale.extend(more);
                // Nobody takes the last ones.
                let _ = back.send(part);
            }
        }
        Ok(stale)
    })
}

/// Reads customers again, and only then puts them into the roster: who draws never waits for the file.
pub fn reload<'c>(
    conn: &Connection,
    shared: &RwLock<Roster>,
    customers: impl IntoIterator<Item = &'c i64>,
) -> Result<()> {
    let (mut part, codes) = {
        let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
        (
            roster.part(),
            roster.attributes.keys().cloned().collect::<Vec<_>>(),
        )
    };
    for code in &codes {
        part.reload_attribute(code, []);
    }
    for customer in customers {
        read_one(conn, &mut part, *customer, &codes)?;
    }
    shared
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .put_part(&part);
    Ok(())
}

/// Reads one customer into a roster of one's own, with its values of these attributes. The caller scores it.
pub fn read_one(
    conn: &Connection,
    part: &mut Roster,
    customer: i64,
    codes: &[String],
) -> Result<()> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {COLUMNS} FROM customer WHERE n = ?"))?;
    let mut rows = statement.query([customer])?;
    let Some(row) = rows.next()? else {
        return Ok(());
    };
    let signals = signal::current(conn, customer, &part.config, part.today)?;
    let at = put(part, row, signals)?;
    if signals.apart {
        signal::put_apart(conn, part, Some(customer))?;
    }
    if !codes.is_empty() {
        let json: String = conn
            .prepare_cached("SELECT attributes FROM customer WHERE n = ?")
            .and_then(|mut s| s.query_row([customer], |r| super::search::text_at_raw(r, 0)))?;
        let all = batch::attributes(&json);
        for code in codes {
            part.put_attribute(code, at, &attribute_text(all.get(code)));
        }
    }
    Ok(())
}

/// An attribute's value as the roster keeps it; empty for none.
fn attribute_text(value: Option<&serde_json::Value>) -> String {
    match value {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(s)) => s.clone(),
        Some(other) => other.to_string(),
    }
}

/// Loads the values of one custom attribute for every row: first read, then put into the roster.
pub fn load_attribute(conn: &Connection, shared: &RwLock<Roster>, code: &str) -> Result<()> {
    let values = values_of(conn, code)?;
    put_values(
        &mut shared.write().unwrap_or_else(PoisonError::into_inner),
        code,
        &values,
    );
    Ok(())
}

/// The values of a custom attribute by the customers' integers.
fn values_of(conn: &Connection, code: &str) -> Result<Vec<(i64, String)>> {
    let mut statement =
        conn.prepare("SELECT n, attributes FROM customer WHERE attributes <> '{}' ORDER BY n")?;
    let mut rows = statement.query([])?;
    let mut values: Vec<(i64, String)> = Vec::new();
    while let Some(row) = rows.next()? {
        let json = row.get_ref(1)?.as_bytes().unwrap_or_default();
        let value = attribute_text(batch::attributes(&String::from_utf8_lossy(json)).get(code));
        if !value.is_empty() {
            values.push((row.get(0)?, value));
        }
    }
    Ok(values)
}

fn put_values(roster: &mut Roster, code: &str, values: &[(i64, String)]) {
    let here: Vec<(usize, &str)> = values
        .iter()
        .filter_map(|(n, value)| Some((roster.row_of(*n)?, value.as_str())))
        .collect();
    roster.reload_attribute(code, here);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Ids;
    use crate::domain::time::Stamp;
    use crate::store::{Options, Store, Who};

    #[test]
    fn read_by_two_or_by_one_it_is_the_same_roster() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.db");
        let who = Who {
            person: "ana".into(),
            device: Ids::seeded(1).next(Stamp(0)),
        };
        let options = Options {
            who,
            now: Stamp(0),
            as_of: None,
            create: true,
            zone: None,
            keep: crate::store::Keep::Nowhere,
        };
        let store = Store::open(&path, &options).unwrap();
        // Several pieces, with gaps between the integers and one in which nobody is.
        store
            .conn
            .execute_batch(
                "PRAGMA foreign_keys = OFF;
                 WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 40000)
                 INSERT INTO customer (n, id, batch, name, owner, tags) SELECT n, randomblob(16), 1, 'Ünder ' || n, 'o' || n % 7, 'x' || n % 5 FROM i
                 WHERE n % 3 > 0 AND n NOT BETWEEN 9000 AND 17000",
            )
            .unwrap();
        let config = Arc::new(Config::default());
        let today = Day::from_number(20_000).unwrap();
        let (two, stale) = load(&store.conn, Some(&path), &config, today, "ana", false).unwrap();
        let (one, stale_by_one) = load(&store.conn, None, &config, today, "ana", false).unwrap();
        assert!(
            one.rows.len() > BESIDE && same_state(&store.conn, &path, one.rows.len()).is_some()
        );
        assert_eq!(
            (&two.ids, &two.rowids, stale),
            (&one.ids, &one.rowids, stale_by_one)
        );
        for at in 0..one.rows.len() {
            let told = |r: &Roster| {
                (
                    r.name(at).to_owned(),
                    r.folded(at).to_owned(),
                    r.owner(at).to_owned(),
                    r.row_of(r.rowids[at]),
                )
            };
            assert_eq!(told(&two), told(&one));
        }
    }
}
