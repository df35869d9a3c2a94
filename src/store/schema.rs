//! The schema and its migrations: ordered SQL files, one transaction each, on `user_version`.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use rusqlite::{Connection, OptionalExtension};

use crate::domain::id::Id;
use crate::error::{Error, Result};

use super::hash;

/// Marks a file as a Retain book (header offset 68): "RTN1".
pub const APPLICATION_ID: i32 = 0x5254_4e31;

/// The migrations in order; the version of a book is how many of them it has.
pub const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0008.sql"),
];

/// The version that this program writes.
pub const VERSION: i32 = MIGRATIONS.len() as i32;

/// `user_version` as the connection sees it now.
pub fn version(conn: &Connection) -> Result<i32> {
    conn.query_row("PRAGMA user_version", [], |r| r.get(0))
        .map_err(Into::into)
}

/// Brings the book to [`VERSION`]. `before` runs for a book of an older version, with the lock in hand.
pub fn migrate(conn: &Connection, before: impl FnOnce() -> Result<()>) -> Result<()> {
    migrate_to(conn, VERSION, before)
}

/// All steps in one transaction that reads the version again inside: of several that come at once only one migrates, and
/// nobody ever sees a book between two versions.
fn migrate_to(conn: &Connection, wanted: i32, before: impl FnOnce() -> Result<()>) -> Result<()> {
    if version(conn)? >= wanted {
        return Ok(());
    }
    conn.execute_batch("BEGIN IMMEDIATE")?;
    let steps = steps(conn, wanted, before);
    super::end(conn, steps)
}

fn steps(conn: &Connection, wanted: i32, before: impl FnOnce() -> Result<()>) -> Result<()> {
    let at = version(conn)?;
    if at > 0 && at < wanted {
        before()?;
    }
    for next in at..wanted {
        step(conn, next)?;
    }
    // Hashes of the first version were over rows as that file numbered them; with all tables of today each is made anew.
    if at == 1 { hash::renew(conn) } else { Ok(()) }
}

fn step(conn: &Connection, at: i32) -> Result<()> {
    let Some(script) = usize::try_from(at).ok().and_then(|at| MIGRATIONS.get(at)) else {
        return Ok(());
    };
    conn.execute_batch(script)?;
    if at == 1 {
        name_book(conn)?;
    }
    let broken: i64 = conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |r| {
        r.get(0)
    })?;
    if broken > 0 {
        return Err(Error::failed(say!(
            "schema.migration_version_would_leave",
            at = at + 1,
            broken = broken
        )));
    }
    conn.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {}",
        at + 1
    ))
    .map_err(Into::into)
}

/// Gives the book its id. Copies of an older book that grew apart before have their first batch in common, so it is made
/// from that one's; a book without any gets a random one.
fn name_book(conn: &Connection) -> Result<()> {
    let first: Option<[u8; 16]> = conn
        .query_row("SELECT id FROM batch ORDER BY n LIMIT 1", [], |r| r.get(0))
        .optional()?;
    let mut id: [u8; 16] = match first {
        Some(first) => hash::digest(&[b"book".as_slice(), &first].concat()),
        None => conn.query_row("SELECT randomblob(16)", [], |r| r.get(0))?,
    };
    // Version 8, a UUID of one's own making, with its variant.
    id[6] = id[6] & 0x0f | 0x80;
    id[8] = id[8] & 0x3f | 0x80;
    conn.execute(
        "INSERT INTO meta (k, v) VALUES ('book', ?) ON CONFLICT (k) DO NOTHING",
        [&Id(id)],
    )?;
    Ok(())
}

/// The oldest version of the program that may read this book; without the word, only the one that wrote it.
pub fn min_reader(conn: &Connection) -> Result<i32> {
    let said = conn
        .query_row("SELECT v FROM meta WHERE k = 'min_reader'", [], |r| {
            r.get(0)
        })
        .optional();
    said.ok().flatten().map_or_else(|| version(conn), Ok)
}

/// Notes the zone that a book is made with, twice: days follow from it, and one of the two that changes shows. With `over` in place of
/// what stands there.
pub fn make_in(conn: &Connection, zone: &str, over: bool) -> Result<()> {
    let end = if over { "UPDATE SET v = ?2" } else { "NOTHING" };
    for key in ["zone", "zone_again"] {
        conn.prepare_cached(&format!(
            "INSERT INTO meta (k, v) VALUES (?1, ?2) ON CONFLICT (k) DO {end}"
        ))
        .and_then(|mut s| s.execute([key, zone]))?;
    }
    Ok(())
}

/// The book's id; `None` for one of the first version.
pub fn book(conn: &Connection) -> Result<Option<Id>> {
    let query = "SELECT v FROM meta WHERE k = 'book' AND typeof(v) = 'blob'";
    let found: Option<Vec<u8>> = conn
        .prepare_cached(query)
        .and_then(|mut s| s.query_row([], |r| r.get(0)).optional())?;
    Ok(found.and_then(|id| Id::from_slice(&id)))
}

type Item = (String, String, String, String);

fn items(conn: &Connection) -> Result<BTreeSet<Item>> {
    let mut statement =
        conn.prepare("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema")?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
    rows.collect::<Result<_, _>>().map_err(Into::into)
}

/// What the book's schema has that this version's does not, and the other way round, as names. A shared file may be
/// hostile, so nothing that is not expected is trusted.
pub fn differences(conn: &Connection) -> Result<Vec<String>> {
    differences_at(conn, VERSION)
}

/// What a book of a version has. That of this version is made once: it is looked at by every opening and every examination.
fn expected(version: i32) -> Result<BTreeSet<Item>> {
    static OURS: OnceLock<BTreeSet<Item>> = OnceLock::new();
    if let Some(ours) = OURS.get().filter(|_| version == VERSION) {
        return Ok(ours.clone());
    }
    let made = Connection::open_in_memory()?;
    migrate_to(&made, version, || Ok(()))?;
    let items = items(&made)?;
    if version == VERSION {
        OURS.get_or_init(|| items.clone());
    }
    Ok(items)
}

/// The same for a book of an older version.
pub fn differences_at(conn: &Connection, version: i32) -> Result<Vec<String>> {
    let (have, want) = (items(conn)?, expected(version)?);
    let strange = have
        .difference(&want)
        .filter(|i| !i.1.starts_with("sqlite_stat"))
        .map(|i| format!("{} {}", i.0, i.1));
    let missing = want
        .difference(&have)
        .map(|i| format!("missing {} {}", i.0, i.1));
    Ok(strange.chain(missing).chain(shared_pages(conn)?).collect())
}

/// Tables whose pages are said to be another's: what is written into the one would destroy the other.
fn shared_pages(conn: &Connection) -> Result<Vec<String>> {
    let query = "SELECT group_concat(name, ' and ') FROM sqlite_schema WHERE rootpage > 0 GROUP BY rootpage HAVING count(*) > 1";
    let mut statement = conn.prepare(query)?;
    let rows = statement.query_map([], |r| {
        Ok(format!("{} in the same place", r.get::<_, String>(0)?))
    })?;
    rows.collect::<Result<_, _>>().map_err(Into::into)
}

/// Names for one sentence: the first few, and how many more there are.
pub fn few(names: &[String]) -> String {
    const FEW: usize = 5;
    let more = names.len().saturating_sub(FEW);
    let shown = names
        .iter()
        .take(FEW)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        format!("{shown} and {more} more")
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_book_has_the_expected_schema_and_a_strange_table_shows() {
        let conn = Connection::open_in_memory().unwrap();
        migrate(&conn, || Ok(())).unwrap();
        assert_eq!(version(&conn).unwrap(), VERSION);
        assert_eq!(differences(&conn).unwrap(), Vec::<String>::new());
        conn.execute_batch("CREATE TABLE spy (x); CREATE TRIGGER t AFTER INSERT ON batch BEGIN DELETE FROM event; END").unwrap();
        assert_eq!(differences(&conn).unwrap(), ["table spy", "trigger t"]);
    }
}
