//! Ids of rows, and the integers that stand for them inside one file.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension};

use crate::domain::id::Id;
use crate::error::{Error, Result};
use crate::text::with_article;

use super::batch::TABLES;
use super::sql;

/// The integer of a row, removed or not; `None` where this file does not have it.
pub fn number_of(conn: &Connection, table: &str, id: Id) -> Result<Option<i64>> {
    let query = format!("SELECT n FROM {table} WHERE id = ?");
    conn.prepare_cached(&query).and_then(|mut s| s.query_row([&id], |r| r.get(0)).optional()).map_err(sql)
}

/// Something of this id is here: a batch, a row or an edit, or what is left of one that was purged.
pub fn is_taken(conn: &Connection, id: Id) -> Result<bool> {
    static QUERY: LazyLock<String> = LazyLock::new(|| {
        let tables = TABLES.iter().map(|t| t.name).chain(["edit", "batch", "tombstone"]);
        let any: Vec<String> = tables.map(|table| format!("EXISTS (SELECT 1 FROM {table} WHERE id = ?1)")).collect();
        format!("SELECT {}", any.join(" OR "))
    });
    conn.prepare_cached(&QUERY).and_then(|mut s| s.query_row([&id], |r| r.get(0))).map_err(sql)
}

/// The id of the row with an integer; `None` where this file does not have it.
pub fn id_of(conn: &Connection, table: &str, n: i64) -> Result<Option<Id>> {
    let query = format!("SELECT id FROM {table} WHERE n = ?");
    conn.prepare_cached(&query).and_then(|mut s| s.query_row([n], |r| r.get(0).map(Id)).optional()).map_err(sql)
}

/// The id of a row that another row names: without it the file is not whole.
pub fn named(conn: &Connection, table: &str, n: i64) -> Result<Id> {
    let id = id_of(conn, table, n)?;
    id.ok_or_else(|| Error::failed(format!("A row names {} that is not in the book", with_article(table))).hint("retain doctor"))
}
