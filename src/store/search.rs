//! Full text: folded words in a trigram index, brought up to date behind the writes; short or unindexed words by a scan.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::error::Result;
use crate::text;

use super::batch::{TABLES, Table, Words};

/// A full-text index: its name, its table, and the expression that gives the words of a row.
fn sources() -> impl Iterator<Item = (&'static str, &'static Table, String)> {
    TABLES.iter().filter_map(|t| {
        t.words
            .as_ref()
            .map(|w| (w.index, t, w.of.join(" || ' ' || ")))
    })
}

fn upto(conn: &Connection, index: &str) -> Result<i64> {
    let found = conn
        .prepare_cached("SELECT v FROM meta WHERE k = ?")
        .and_then(|mut s| {
            s.query_row([format!("{index}_upto")], |r| r.get(0))
                .optional()
        });
    Ok(found?.unwrap_or(0))
}

/// Indexes up to `limit` rows that are not indexed yet. `true` when some are left. Runs within the caller's transaction.
pub fn catch_up(conn: &Connection, limit: usize) -> Result<bool> {
    let mut left = false;
    for (index, table, words) in sources() {
        let from = upto(conn, index)?;
        let rows = format!(
            "SELECT n, {words} FROM {} WHERE n > ? ORDER BY n LIMIT ?",
            table.name
        );
        let mut statement = conn.prepare_cached(&rows)?;
        let mut found = statement.query(params![from, limit as i64])?;
        let mut insert =
            conn.prepare_cached(&format!("INSERT INTO {index} (rowid, text) VALUES (?, ?)"))?;
        let (mut last, mut seen) = (from, 0);
        while let Some(row) = found.next()? {
            last = row.get(0)?;
            let words = String::from_utf8_lossy(row.get_ref(1)?.as_bytes().unwrap_or_default())
                .into_owned();
            if !words.trim().is_empty() {
                insert.execute(params![last, text::fold(&words)])?;
            }
            seen += 1;
        }
        if last != from {
            conn.prepare_cached(
                "INSERT INTO meta (k, v) VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET v = ?2",
            )
            .and_then(|mut s| s.execute(params![format!("{index}_upto"), last]))?;
        }
        left |= seen == limit;
    }
    Ok(left)
}

/// Rows that wait to be indexed, at most.
pub fn waiting(conn: &Connection) -> Result<i64> {
    let mut sum = 0;
    for (index, table, _) in sources() {
        let top: i64 = conn
            .prepare_cached(&format!("SELECT coalesce(max(n), 0) FROM {}", table.name))
            .and_then(|mut s| s.query_row([], |r| r.get(0)))?;
        sum += top - upto(conn, index)?;
    }
    Ok(sum)
}

/// Indexes a row again whose words have changed, unless it waits to be indexed anyway.
pub fn reindex(conn: &Connection, table: &Table, row: Id) -> Result<()> {
    let Some((index, table, words)) = sources().find(|s| s.1.entity == table.entity) else {
        return Ok(());
    };
    let found: Option<(i64, String)> = conn
        .prepare_cached(&format!(
            "SELECT n, {words} FROM {} WHERE id = ?",
            table.name
        ))
        .and_then(|mut s| {
            s.query_row([&row], |r| Ok((r.get(0)?, text_at_raw(r, 1)?)))
                .optional()
        })?;
    let Some((n, words)) = found else {
        return Ok(());
    };
    if n <= upto(conn, index)? {
        conn.prepare_cached(&format!("DELETE FROM {index} WHERE rowid = ?"))
            .and_then(|mut s| s.execute([n]))?;
        if !words.trim().is_empty() {
            conn.prepare_cached(&format!("INSERT INTO {index} (rowid, text) VALUES (?, ?)"))
                .and_then(|mut s| s.execute(params![n, text::fold(&words)]))?;
        }
    }
    Ok(())
}

/// Takes a row that is deleted out of the index.
pub fn forget(conn: &Connection, table: &Table, n: i64) -> Result<()> {
    let Some(Words { index, .. }) = table.words else {
        return Ok(());
    };
    if n <= upto(conn, index)? {
        conn.prepare_cached(&format!("DELETE FROM {index} WHERE rowid = ?"))
            .and_then(|mut s| s.execute([n]))?;
    }
    Ok(())
}

/// Behind a deletion: integers that are free again are not taken for indexed ones when new rows get them.
pub fn step_back(conn: &Connection, table: &Table) -> Result<()> {
    let Some(Words { index, .. }) = table.words else {
        return Ok(());
    };
    let query = format!(
        "UPDATE meta SET v = min(v, (SELECT coalesce(max(n), 0) FROM {})) WHERE k = ?",
        table.name
    );
    conn.prepare_cached(&query)
        .and_then(|mut s| s.execute([format!("{index}_upto")]))?;
    Ok(())
}

/// Merges the indexes, so that nothing is left in them of what was deleted.
pub fn optimize(conn: &Connection) -> Result<()> {
    sources()
        .try_for_each(|(index, ..)| {
            conn.execute(
                &format!("INSERT INTO {index} ({index}) VALUES ('optimize')"),
                [],
            )
            .map(|_| ())
        })
        .map_err(Into::into)
}

/// Makes the indexes anew from the words that stand there.
pub fn rebuild(conn: &Connection) -> Result<()> {
    for (index, ..) in sources() {
        conn.execute(
            &format!("INSERT INTO {index} ({index}) VALUES ('delete-all')"),
            [],
        )?;
        conn.execute("DELETE FROM meta WHERE k = ?", [format!("{index}_upto")])?;
    }
    while catch_up(conn, 10_000)? {}
    Ok(())
}

/// Most rows of an index that are looked up by their words, spread over all of them.
const MOST_LOOKED_UP: usize = 2000;

/// Rows of each index that do not have the words of their row, as sentences, and how many rows it has. Of each row the number of its
/// trigrams is compared, and of some the words.
pub fn differences(conn: &Connection) -> Result<(Vec<String>, usize)> {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (index, table, words) in sources() {
        let upto = upto(conn, index)?;
        let top: i64 = conn.query_row(
            &format!("SELECT coalesce(max(n), 0) FROM {}", table.name),
            [],
            |r| r.get(0),
        )?;
        let mut faults = i64::from(upto > top);
        let every: i64 =
            conn.query_row(&format!("SELECT count(*) FROM {index}_docsize"), [], |r| {
                r.get(0)
            })?;
        let every = (every as usize).div_ceil(MOST_LOOKED_UP).max(1);
        let query = format!("SELECT id, sz FROM {index}_docsize ORDER BY id");
        let (mut indexed, query_of_rows) = (
            conn.prepare(&query)?,
            format!(
                "SELECT n, {words} FROM {} WHERE n <= ? ORDER BY n",
                table.name
            ),
        );
        let mut indexed = indexed.query([])?;
        let mut next = || -> Result<Option<(i64, u64)>> {
            let Some(row) = indexed.next()? else {
                return Ok(None);
            };
            Ok(Some((
                row.get(0)?,
                varint(row.get_ref(1)?.as_bytes().unwrap_or_default()),
            )))
        };
        let mut rows = conn.prepare(&query_of_rows)?;
        let mut rows = rows.query([upto])?;
        let mut has = conn.prepare(&format!(
            "SELECT EXISTS (SELECT 1 FROM {index} WHERE {index} MATCH ? AND rowid = ?)"
        ))?;
        let mut have = next()?;
        while let Some(row) = rows.next()? {
            let (n, words): (i64, String) = (row.get(0)?, text_at(row, 1)?);
            if words.trim().is_empty() {
                continue;
            }
            while have.is_some_and(|h| h.0 < n) {
                faults += 1;
                have = next()?;
            }
            count += 1;
            let folded = text::fold(&words);
            let trigrams = folded.chars().count().saturating_sub(2) as u64;
            let found = have.filter(|h| h.0 == n);
            let start: String = folded.chars().take(60).collect();
            let fits = found.is_some_and(|h| h.1 == trigrams)
                && match phrase(&start).filter(|_| count % every == 0) {
                    Some(phrase) => has.query_row(params![phrase, n], |r| r.get(0))?,
                    None => true,
                };
            faults += i64::from(!fits);
            if found.is_some() {
                have = next()?;
            }
        }
        while have.is_some() {
            faults += 1;
            have = next()?;
        }
        if faults > 0 {
            let (found, them) = match faults {
                1 => (say!("search.1_not_found_by", name = table.name), "it"),
                many => (
                    say!("search.s_not_found_by", many = many, name = table.name),
                    "them",
                ),
            };
            wrong.push(
                say!(
                    "search.retain_doctor_rebuild_indexes",
                    found = found,
                    them = them
                )
                .to_string(),
            );
        }
    }
    Ok((wrong, count))
}

/// A number as the index writes it: seven bits a byte, the last one without the eighth.
fn varint(bytes: &[u8]) -> u64 {
    let mut value = 0_u64;
    for byte in bytes.iter().take(8) {
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

/// A phrase for the index: user text never reaches FTS5 unquoted. `None` under three characters (the index cannot answer).
fn phrase(word: &str) -> Option<String> {
    (word.chars().count() >= 3).then(|| format!("\"{}\"", word.replace('"', "\"\"")))
}

/// Most texts that are read because the index does not have them yet.
const MOST_READ: usize = 20_000;

/// Rows of a table that is indexed (their integers), newest first, that stand and whose words have every folded part in them. Each goes
/// to `each`, until it has enough. Parts of one or two letters are looked for in what the others find, however much that is.
fn matches(
    conn: &Connection,
    entity: Entity,
    parts: &[&str],
    mut each: impl FnMut(i64) -> Result<bool>,
) -> Result<()> {
    let Some((index, table, words)) = sources().find(|s| s.1.entity == entity) else {
        return Ok(());
    };
    let phrases: Vec<String> = parts.iter().filter_map(|w| phrase(w)).collect();
    let short: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|w| phrase(w).is_none())
        .collect();
    let indexed = if phrases.is_empty() {
        0
    } else {
        upto(conn, index)?
    };
    let stands = "t.removed = 0 AND EXISTS (SELECT 1 FROM customer c WHERE c.n = t.customer AND c.removed = 0)";
    let words = format!("(SELECT {words} FROM {} w WHERE w.n = t.n)", table.name);
    // What is not indexed yet, read backwards.
    let query = format!(
        "SELECT t.n, {words} FROM {} t WHERE t.n > ? AND {stands} ORDER BY t.n DESC",
        table.name
    );
    let mut statement = conn.prepare_cached(&query)?;
    let mut rows = statement.query([indexed])?;
    let mut read = 0;
    while let Some(row) = rows.next()? {
        let folded = text::fold(&text_at(row, 1)?);
        read += usize::from(!folded.trim().is_empty());
        if parts.iter().all(|p| folded.contains(p)) && !each(row.get(0)?)? {
            return Ok(());
        }
        if read >= MOST_READ {
            break;
        }
    }
    if phrases.is_empty() {
        return Ok(());
    }
    let words = if short.is_empty() { "''" } else { &words };
    let query = format!(
        "SELECT t.n, {words} FROM {index} f JOIN {} t ON t.n = f.rowid WHERE {index} MATCH ? AND {stands} ORDER BY f.rowid DESC",
        table.name
    );
    let mut statement = conn.prepare_cached(&query)?;
    let mut rows = statement.query([phrases.join(" ")])?;
    while let Some(row) = rows.next()? {
        let fits = short.is_empty() || {
            let folded = text::fold(&text_at(row, 1)?);
            short.iter().all(|p| folded.contains(p))
        };
        if fits && !each(row.get(0)?)? {
            break;
        }
    }
    Ok(())
}

/// Customers (their integers) with a contact whose name or address has the folded word in it.
pub fn people(conn: &Connection, word: &str) -> Result<Vec<i64>> {
    let folded = text::fold(word);
    if phrase(&folded).is_none() {
        return Ok(Vec::new());
    }
    let mut customers = BTreeSet::new();
    let mut of = conn.prepare_cached("SELECT customer FROM contact WHERE n = ?")?;
    matches(conn, Entity::Contact, &[&folded], |n| {
        customers.insert(of.query_row([n], |r| r.get(0))?);
        Ok(true)
    })?;
    Ok(customers.into_iter().collect())
}

/// Contacts (their integers), newest first, whose name and address have every folded word in them; at most `limit`.
pub fn contacts(conn: &Connection, words: &str, limit: usize) -> Result<Vec<i64>> {
    first_of(conn, Entity::Contact, words, limit)
}

fn first_of(conn: &Connection, entity: Entity, words: &str, limit: usize) -> Result<Vec<i64>> {
    let folded = text::fold(words);
    let parts: Vec<&str> = folded.split_whitespace().collect();
    let mut hits = Vec::new();
    if !parts.is_empty() && limit > 0 {
        matches(conn, entity, &parts, |n| {
            hits.push(n);
            Ok(hits.len() < limit)
        })?;
    }
    Ok(hits)
}

/// Events (their integers), newest first, whose text has every folded word in it; at most `limit`, of one customer or of all.
pub fn events(
    conn: &Connection,
    words: &str,
    customer: Option<i64>,
    limit: usize,
) -> Result<Vec<i64>> {
    let Some(customer) = customer else {
        return first_of(conn, Entity::Event, words, limit);
    };
    let folded = text::fold(words);
    let parts: Vec<&str> = folded.split_whitespace().collect();
    let mut hits: Vec<i64> = Vec::new();
    if parts.is_empty() {
        return Ok(hits);
    }
    // One customer's timeline is short enough to read; it needs no index and misses nothing.
    let mut statement = conn.prepare_cached(
        "SELECT n, text FROM event WHERE customer = ? AND removed = 0 ORDER BY at DESC",
    )?;
    let mut rows = statement.query([customer])?;
    while let Some(row) = rows.next()? {
        let folded = text::fold(&text_at(row, 1)?);
        if parts.iter().all(|p| folded.contains(p)) {
            hits.push(row.get(0)?);
            if hits.len() >= limit {
                break;
            }
        }
    }
    Ok(hits)
}

/// A text column, also when a damaged or foreign file holds bytes that are not UTF-8.
pub fn text_at(row: &rusqlite::Row<'_>, at: usize) -> Result<String> {
    let value = row.get_ref(at)?;
    Ok(value
        .as_bytes()
        .map(|b| String::from_utf8_lossy(b).into_owned())
        .unwrap_or_default())
}

/// The same where a `rusqlite` error is wanted.
pub fn text_at_raw(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<String> {
    Ok(row
        .get_ref(at)?
        .as_bytes()
        .map(|b| String::from_utf8_lossy(b).into_owned())
        .unwrap_or_default())
}

#[cfg(test)]
mod tests;
