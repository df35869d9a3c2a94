//! What could be read of a damaged file, put into a book of its own in which nothing has to fit together yet.
//!
//! First the trees are walked from their roots, as the schema says where they are. Of a tree that is not whole, rows are then
//! looked for in every page that no tree reached, and known by the number and the kinds of their values. Where all of a
//! tree was reached nothing is looked for, so what was purged does not come back from a page that is free.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use crate::domain::id::Id;
use crate::store::{open, schema};

use super::Result;
use super::cells::{self, Page};
use super::pages::Pages;

/// Tables that are read; what is not here follows from them.
pub const TABLES: [&str; 13] = [
    "batch",
    "customer",
    "contact",
    "event",
    "ticket",
    "task",
    "subscription",
    "view",
    "config",
    "action",
    "play",
    "step",
    "edit",
];
/// The same without integers of their own.
const SETS: [&str; 4] = ["meta", "tombstone", "born", "signer"];
/// Read where its tree says so; elsewhere its rows look like others.
const ALONG: &str = "signature";
/// Keys of `meta` that a row of it is known by where its table is lost.
const KEYS: [&str; 6] = [
    "book",
    "zone",
    "zone_again",
    "share_mode",
    "min_reader",
    "min_writer",
];

/// What one table lost.
#[derive(Default)]
pub struct Lost {
    /// Rows that could be read.
    pub read: i64,
    /// Rows that were there and could not be read, as far as their integers and indexes tell.
    pub unread: i64,
}

/// What was read.
pub struct Scrap {
    /// A book without any promise.
    pub conn: Connection,
    /// By table.
    pub lost: BTreeMap<&'static str, Lost>,
    /// Numbers of batches that an index still names.
    pub numbers: BTreeSet<(Id, i64)>,
    /// Pages that cannot be read, or do not say what a page of their tree says.
    pub bad_pages: usize,
    /// Frames of the -wal that were damaged.
    pub bad_frames: usize,
    /// Ids of rows by table and integer, as the indexes have them.
    pub ids: HashMap<(&'static str, i64), Id>,
}

/// A column as the schema has it.
struct Column {
    name: String,
    kind: String,
    needed: bool,
    key: bool,
}

struct Shape {
    name: &'static str,
    columns: Vec<Column>,
    insert: String,
}

impl Shape {
    fn of(conn: &Connection, name: &'static str) -> Result<Shape> {
        let mut statement =
            conn.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?)")?;
        let rows = statement.query_map([name], |r| {
            let key = r.get::<_, i64>(3)? > 0;
            Ok(Column {
                name: r.get(0)?,
                kind: r.get(1)?,
                needed: r.get::<_, i64>(2)? == 1,
                key,
            })
        })?;
        let columns: Vec<Column> = rows.collect::<rusqlite::Result<_>>()?;
        let names: Vec<String> = columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
        let marks = vec!["?"; names.len()].join(",");
        let insert = format!(
            "INSERT OR IGNORE INTO {name} ({}) VALUES ({marks})",
            names.join(",")
        );
        Ok(Shape {
            name,
            columns,
            insert,
        })
    }

    /// A row without those columns that came later has none of them, all of which may be empty.
    fn fits(&self, values: &[Value]) -> bool {
        let fits = |(column, value): (&Column, &Value)| match (column.kind.as_str(), value) {
            (_, Value::Null) => !column.needed || (column.key && column.kind == "INTEGER"),
            ("INTEGER", Value::Integer(_)) | ("TEXT", Value::Text(_)) | ("ANY", _) => true,
            ("BLOB", Value::Blob(bytes)) => {
                !matches!(column.name.as_str(), "id" | "device" | "row" | "undoes")
                    || bytes.len() == 16
            }
            _ => false,
        };
        let known = values.len() <= self.columns.len() && self.columns.iter().zip(values).all(fits);
        known
            && self.columns[values.len()..]
                .iter()
                .all(|c| !c.needed && !c.key)
    }
}

impl Scrap {
    /// Reads all that can be read of `pages` into the empty file that `conn` has open.
    pub fn read(conn: Connection, pages: &mut Pages) -> Result<Scrap> {
        open::harden(&conn)?;
        conn.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
        schema::migrate(&conn, || Ok(()))?;
        // Nothing has to have its parent here, and the new book's own words are not the damaged one's.
        conn.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM meta; BEGIN")?;
        let bad_frames = pages.bad_frames;
        let mut scrap = Scrap {
            conn,
            lost: BTreeMap::new(),
            numbers: BTreeSet::new(),
            bad_pages: 0,
            bad_frames,
            ids: HashMap::new(),
        };
        let tables: Vec<Shape> = TABLES
            .iter()
            .map(|t| Shape::of(&scrap.conn, t))
            .collect::<Result<_>>()?;
        let sets: Vec<Shape> = SETS
            .iter()
            .map(|t| Shape::of(&scrap.conn, t))
            .collect::<Result<_>>()?;
        let along = Shape::of(&scrap.conn, ALONG)?;
        let mut reached = HashSet::new();
        let mut whole = HashSet::new();
        let roots = scrap.roots(pages);
        let mut entries = Vec::new();
        for (name, root) in &roots {
            let bad = scrap.bad_pages;
            let table = tables.iter().chain([&along]).find(|t| t.name == name);
            let set = sets.iter().find(|t| t.name == name);
            let index = name
                .strip_prefix("sqlite_autoindex_")
                .and_then(|n| n.strip_suffix("_1"));
            let index = index.and_then(|n| TABLES.into_iter().find(|t| *t == n));
            let mut trouble = Ok(());
            scrap.bad_pages += walk(pages, *root, &mut |number, page| {
                if let (Page::Entries { entries: found, .. }, true) =
                    (page, index.is_some() || name == "batch_device")
                {
                    entries.extend(found.iter().map(|e| (index, e.clone())));
                }
                if table.is_none() && set.is_none() {
                    return true;
                }
                let (taken, refused) =
                    scrap_page(&scrap.conn, page, table, set).unwrap_or_else(|e| {
                        trouble = Err(e);
                        (0, 0)
                    });
                // A page with nothing but what belongs elsewhere is looked at again with those that no tree reaches.
                if taken > 0 || refused == 0 {
                    reached.insert(number);
                }
                refused == 0
            });
            trouble?;
            if scrap.bad_pages == bad {
                whole.insert(name.clone());
            }
        }
        for (index, entry) in entries {
            scrap.entry(index, &entry);
        }
        scrap.look_for(pages, &reached, &whole, &tables, &sets)?;
        // What was purged stays so, also where an old page still has it.
        for table in TABLES {
            scrap.conn.execute(
                &format!("DELETE FROM {table} WHERE id IN (SELECT id FROM tombstone)"),
                [],
            )?;
        }
        scrap.conn.execute_batch("COMMIT")?;
        scrap.count()?;
        Ok(scrap)
    }

    /// The root of each tree, by its name.
    fn roots(&mut self, pages: &mut Pages) -> Vec<(String, u32)> {
        let mut roots = Vec::new();
        self.bad_pages += walk(pages, 1, &mut |_, page| {
            let Page::Rows { rows, .. } = page else {
                return matches!(page, Page::Inner(_));
            };
            for (_, row) in rows {
                if let [_, Value::Text(name), _, Value::Integer(root), ..] = &row[..]
                    && let Ok(root) = u32::try_from(*root)
                    && root > 1
                {
                    roots.push((name.clone(), root));
                }
            }
            true
        });
        roots
    }

    fn entry(&mut self, index: Option<&'static str>, entry: &[Value]) {
        match (index, entry) {
            (Some(table), [Value::Blob(id), Value::Integer(n)]) => {
                if let Some(id) = Id::from_slice(id) {
                    self.ids.insert((table, *n), id);
                }
            }
            (
                None,
                [
                    Value::Blob(device),
                    Value::Integer(number),
                    Value::Integer(_),
                ],
            ) => {
                if let Some(device) = Id::from_slice(device).filter(|_| *number > 0) {
                    self.numbers.insert((device, *number));
                }
            }
            _ => {}
        }
    }

    /// Looks through the pages that no tree has reached.
    fn look_for(
        &mut self,
        pages: &mut Pages,
        reached: &HashSet<u32>,
        whole: &HashSet<String>,
        tables: &[Shape],
        sets: &[Shape],
    ) -> Result<()> {
        let lost = |shape: &&Shape| !whole.contains(shape.name);
        let (tables, sets): (Vec<&Shape>, Vec<&Shape>) = (
            tables.iter().filter(lost).collect(),
            sets.iter().filter(lost).collect(),
        );
        if tables.is_empty() && sets.is_empty() {
            return Ok(());
        }
        for number in 1..=pages.count() {
            if reached.contains(&number) {
                continue;
            }
            match cells::read(pages, number) {
                Page::Rows { rows, .. } => {
                    for (n, row) in rows {
                        let mut fitting = tables
                            .iter()
                            .filter(|t| t.fits(&row) && is_of(t.name, &row));
                        if let (Some(shape), None) = (fitting.next(), fitting.next()) {
                            put(&self.conn, shape, Some(n), &row)?;
                        }
                    }
                }
                Page::Entries { entries, .. } => {
                    for entry in &entries {
                        let known =
                            |s: &&&Shape| s.fits(entry) && (s.name != "meta" || has_key(entry));
                        if let Some(shape) = sets.iter().find(known) {
                            put(&self.conn, shape, None, entry)?;
                        } else if !whole.contains("batch_device") {
                            self.entry(None, entry);
                        }
                    }
                }
                Page::Inner(_) | Page::Other => {}
            }
        }
        Ok(())
    }

    /// Rows by table: integers are given one after the other and no row is ever taken away but by a purge.
    fn count(&mut self) -> Result<()> {
        let purged = |table: &str| -> Result<i64> {
            let number = match table {
                "edit" => 0,
                _ => crate::store::batch::TABLES
                    .iter()
                    .find(|t| t.name == table)
                    .map_or(-1, |t| t.number),
            };
            self.conn
                .query_row(
                    "SELECT count(*) FROM tombstone WHERE entity = ?",
                    [number],
                    |r| r.get(0),
                )
                .map_err(Into::into)
        };
        for table in TABLES {
            let (read, last): (i64, i64) = self.conn.query_row(
                &format!("SELECT count(*), coalesce(max(n), 0) FROM {table}"),
                [],
                |r| Ok((r.get(0)?, r.get(1)?)),
            )?;
            let indexed = self
                .ids
                .keys()
                .filter(|k| k.0 == table)
                .map(|k| k.1)
                .max()
                .unwrap_or(0);
            let named: i64 = match table {
                "customer" => {
                    let parts: Vec<String> = crate::store::batch::TABLES
                        .iter()
                        .filter(|t| t.is_owned())
                        .map(|t| format!("SELECT max(customer) m FROM {}", t.name))
                        .collect();
                    self.conn.query_row(
                        &format!(
                            "SELECT coalesce(max(m), 0) FROM ({})",
                            parts.join(" UNION ALL ")
                        ),
                        [],
                        |r| r.get(0),
                    )
                }
                "contact" => {
                    self.conn
                        .query_row("SELECT coalesce(max(contact), 0) FROM event", [], |r| {
                            r.get(0)
                        })
                }
                "batch" => {
                    let parts: Vec<String> = TABLES[1..]
                        .iter()
                        .map(|t| format!("SELECT max(batch) m FROM {t}"))
                        .collect();
                    self.conn.query_row(
                        &format!(
                            "SELECT coalesce(max(m), 0) FROM ({})",
                            parts.join(" UNION ALL ")
                        ),
                        [],
                        |r| r.get(0),
                    )
                }
                _ => Ok(0),
            }?;
            // A number beyond all reason is a damaged one.
            let reasonable = |n: i64| {
                if n > last.max(indexed).saturating_mul(4).saturating_add(100_000) {
                    0
                } else {
                    n
                }
            };
            let all = last.max(indexed).max(reasonable(named));
            let unread = (all - read - purged(table)?).max(0);
            self.lost.insert(table, Lost { read, unread });
        }
        Ok(())
    }

    /// A word of the damaged file's `meta`.
    pub fn meta(&self, key: &str) -> Result<Option<Value>> {
        self.conn
            .query_row("SELECT v FROM meta WHERE k = ?", params![key], |r| r.get(0))
            .optional()
            .map_err(Into::into)
    }
}

/// Walks a tree; `each` gets every page with its number and says whether all of it belongs there. Gives how many pages do not,
/// or not wholly.
fn walk(pages: &mut Pages, root: u32, each: &mut impl FnMut(u32, &Page) -> bool) -> usize {
    let (mut open, mut bad) = (vec![root], 0);
    let mut seen = HashSet::new();
    while let Some(number) = open.pop() {
        if number == 0 || number > pages.count() || !seen.insert(number) {
            bad += 1;
            continue;
        }
        let page = cells::read(pages, number);
        let faulty = match &page {
            Page::Rows { faulty, .. } | Page::Entries { faulty, .. } => *faulty > 0,
            Page::Inner(_) => false,
            Page::Other => true,
        };
        let belongs = each(number, &page);
        bad += usize::from(faulty || !belongs);
        if let Page::Inner(below) | Page::Entries { below, .. } = &page {
            open.extend(below);
        }
    }
    bad
}

/// Takes over what fits; gives how many rows did and how many did not.
fn scrap_page(
    conn: &Connection,
    page: &Page,
    table: Option<&Shape>,
    set: Option<&Shape>,
) -> Result<(usize, usize)> {
    let (mut taken, mut refused) = (0, 0);
    match (page, table, set) {
        (Page::Rows { rows, .. }, Some(shape), _) => {
            for (n, row) in rows {
                if shape.fits(row) && is_of(shape.name, row) {
                    put(conn, shape, Some(*n), row)?;
                    taken += 1;
                } else {
                    refused += 1;
                }
            }
        }
        (Page::Entries { entries, .. }, _, Some(shape)) => {
            for entry in entries {
                if shape.fits(entry) {
                    put(conn, shape, None, entry)?;
                    taken += 1;
                } else {
                    refused += 1;
                }
            }
        }
        (Page::Inner(_), Some(_), _) => {}
        _ => refused = 1,
    }
    Ok((taken, refused))
}

/// Views and settings look alike but for what they say.
fn is_of(table: &str, row: &[Value]) -> bool {
    let Some((Value::Text(key), Value::Text(value))) = row.get(3).zip(row.get(4)) else {
        return true;
    };
    match table {
        "config" => crate::domain::config::is_typed(key) || !value.starts_with('{'),
        "view" => value.starts_with('{'),
        _ => true,
    }
}

fn has_key(entry: &[Value]) -> bool {
    matches!(entry.first(), Some(Value::Text(key)) if KEYS.contains(&key.as_str()))
}

/// Puts a row; one that is there already, or that no book can have, is passed over.
fn put(conn: &Connection, shape: &Shape, n: Option<i64>, row: &[Value]) -> Result<()> {
    let mut values = row.to_vec();
    values.resize(shape.columns.len(), Value::Null);
    if let Some(n) = n {
        values[0] = Value::Integer(n);
    }
    match conn
        .prepare_cached(&shape.insert)
        .and_then(|mut s| s.execute(params_from_iter(values)))
    {
        Ok(_) => Ok(()),
        Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => Ok(()),
        Err(e) => Err(e.into()),
    }
}
