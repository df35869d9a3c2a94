//! A digest of all facts in a book, whatever its integers and the order in which they arrived: two copies that have
//! exchanged everything give the same.

use rusqlite::types::ValueRef;

use crate::error::Result;

use super::batch::{TABLES, Table};
use super::{Store, hash};

impl Store {
    /// The digest of all batches, rows with what they show now, edits and conflicts, as 64 hex digits.
    pub fn digest(&self) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        let mut queries = vec![
            format!("SELECT {} FROM batch WHERE finished = 1 ORDER BY id", hash::HEADER.trim_end_matches(", finished, n")),
            "SELECT e.id, b.id, e.entity, e.row, e.field, e.before, e.after, e.seen, e.knew FROM edit e JOIN batch b ON b.n = e.batch
             WHERE b.finished = 1 ORDER BY e.id"
                .to_owned(),
            "SELECT row, field, entity FROM conflict ORDER BY row, field".to_owned(),
            "SELECT id, entity, digest FROM tombstone ORDER BY id".to_owned(),
        ];
        queries.extend(TABLES.iter().map(|t| {
            rows_of(
                t,
                "(SELECT c.id FROM customer c WHERE c.n = t.customer)",
                "(SELECT k.id FROM contact k WHERE k.n = t.contact)",
            )
        }));
        let mut piece = Vec::new();
        for query in queries {
            hasher.update(b"/");
            let mut statement = self.conn.prepare(&query)?;
            let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                piece.clear();
                for (at, column) in columns.iter().enumerate() {
                    let value = row.get_ref(at)?;
                    match column.as_str() {
                        "tags" | "attributes" => hash::put_column(&mut piece, column, value),
                        // A blob of none and nothing at all are the same to a reader.
                        _ => hash::put_value(
                            &mut piece,
                            if value == ValueRef::Blob(b"") {
                                ValueRef::Null
                            } else {
                                value
                            },
                        ),
                    }
                }
                hasher.update(&piece);
            }
        }
        Ok(hasher.finalize().to_hex().to_string())
    }
}

impl Store {
    /// The digest of what the book says, whatever its ids and in whichever batches and order it came: two books that were made from
    /// the same files in different forms give the same. 64 hex digits.
    pub fn content(&self) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        let mut piece = Vec::new();
        for table in TABLES {
            let name = |table: &str, n: &str| {
                let key = "CASE WHEN w.external <> '' THEN w.external ELSE w.name END";
                format!("(SELECT {key} FROM {table} w WHERE w.n = t.{n})")
            };
            let query = rows_of(
                table,
                &name("customer", "customer"),
                &name("contact", "contact"),
            );
            let mut statement = self.conn.prepare(&query)?;
            let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query([])?;
            let mut all: Vec<[u8; 32]> = Vec::new();
            while let Some(row) = rows.next()? {
                piece.clear();
                // The ids of the row and of its batch stand first.
                for (at, column) in columns.iter().enumerate().skip(2) {
                    hash::put_column(&mut piece, column, row.get_ref(at)?);
                }
                all.push(*blake3::hash(&piece).as_bytes());
            }
            all.sort_unstable();
            hasher.update(table.name.as_bytes());
            all.iter().for_each(|row| {
                hasher.update(row);
            });
        }
        Ok(hasher.finalize().to_hex().to_string())
    }
}

/// Reads all rows of a table with ids in place of integers; `customer` and `contact` read what stands for these.
fn rows_of(table: &Table, customer: &str, contact: &str) -> String {
    let mut columns = vec![
        "t.id".to_owned(),
        "(SELECT b.id FROM batch b WHERE b.n = t.batch)".to_owned(),
    ];
    let mut names: Vec<&str> = table.columns.to_vec();
    names.extend(table.fields.iter().filter(|f| !table.columns.contains(f)));
    columns.extend(names.into_iter().map(|c| match c {
        "customer" => customer.to_owned(),
        "contact" => contact.to_owned(),
        c => format!("t.{c}"),
    }));
    format!(
        "SELECT {} FROM {} t ORDER BY t.id",
        columns.join(", "),
        table.name
    )
}
