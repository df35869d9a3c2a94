//! Ids of rows, and the integers that stand for them inside one file.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension};

use crate::domain::id::Id;
use crate::error::{Error, Result};
use crate::text::with_article;

use super::batch::TABLES;

/// The integer of a row, removed or not; `None` where this file does not have it.
pub fn number_of(conn: &Connection, table: &str, id: Id) -> Result<Option<i64>> {
    let query = format!("SELECT n FROM {table} WHERE id = ?");
    conn.prepare_cached(&query)
        .and_then(|mut s| s.query_row([&id], |r| r.get(0)).optional())
        .map_err(Into::into)
}

/// What has an id here. By an id alone is known what was purged, whatever it was, so nothing else is to have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holders {
    /// A batch.
    pub batch: bool,
    /// A row or an edit.
    pub row: bool,
    /// What is left of something that was purged.
    pub grave: bool,
}

impl Holders {
    /// Something has it.
    pub fn any(self) -> bool {
        self.batch || self.row || self.grave
    }
}

/// What has an id, by one look.
pub fn holders(conn: &Connection, id: Id) -> Result<Holders> {
    static QUERY: LazyLock<String> = LazyLock::new(|| {
        let has = |table: &str| format!("EXISTS (SELECT 1 FROM {table} WHERE id = ?1)");
        let rows: Vec<String> = TABLES
            .iter()
            .map(|t| t.name)
            .chain(["edit"])
            .map(has)
            .collect();
        format!(
            "SELECT {}, {}, {}",
            has("batch"),
            rows.join(" OR "),
            has("tombstone")
        )
    });
    conn.prepare_cached(&QUERY)
        .and_then(|mut s| {
            s.query_row([&id], |r| {
                Ok(Holders {
                    batch: r.get(0)?,
                    row: r.get(1)?,
                    grave: r.get(2)?,
                })
            })
        })
        .map_err(Into::into)
}

/// The id of the row with an integer; `None` where this file does not have it.
pub fn id_of(conn: &Connection, table: &str, n: i64) -> Result<Option<Id>> {
    let query = format!("SELECT id FROM {table} WHERE n = ?");
    conn.prepare_cached(&query)
        .and_then(|mut s| s.query_row([n], |r| r.get(0).map(Id)).optional())
        .map_err(Into::into)
}

/// The id of a row that another row names: without it the file is not whole.
pub fn named(conn: &Connection, table: &str, n: i64) -> Result<Id> {
    let id = id_of(conn, table, n)?;
    id.ok_or_else(|| {
        Error::failed(say!("ids.row_names_not_book", table = with_article(table)))
            .hint("retain doctor")
    })
}
