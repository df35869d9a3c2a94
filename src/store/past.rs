//! The book as it was on a day before today: names, owners, tags, contacts, tasks and all other fields, from the log.
//!
//! Temporary views stand before the tables of this one connection, so that every question is answered from the past without
//! knowing of it. A row that an import brought counts from the day that it says of itself: the import only told it later.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use crate::domain::command::Entity;
use crate::domain::heads::{Mark, heads, ids_of};
use crate::domain::id::Id;
use crate::domain::time::{Day, Stamp};
use crate::error::Result;

use super::batch::{OWNER, TABLES, Table, owner_number, with_part};
use super::outbox::Keep;
use super::{Options, Store, search};

/// The condition under which a row (`t`) was not there yet: made by a later batch, and not merely told by it.
fn not_yet(table: &Table, day: Day, cutoff: i64) -> String {
    let own = match table.entity {
        Entity::Customer => format!("t.created > {}", day.number()),
        Entity::Event => format!("t.day > {}", day.number()),
        Entity::Task => format!("t.made > {cutoff}"),
        Entity::Ticket => format!("t.opened > {cutoff}"),
        Entity::Action => format!("t.opened > {}", day.number()),
        Entity::Play => format!("t.started > {}", day.number()),
        // A contact has no day, and agreements are known ahead.
        _ => "0".to_owned(),
    };
    format!(
        "EXISTS (SELECT 1 FROM temp.past_batch p WHERE p.n = t.batch AND (p.told = 0 OR {own}))"
    )
}

impl Store {
    /// Opens the book at `path` as it was at the end of `day`, to be read only. What is written to the book afterwards is not
    /// taken back in it: open it anew then.
    pub fn open_past(path: &Path, options: &Options, day: Day) -> Result<Store> {
        let options = Options {
            as_of: Some(day),
            create: false,
            zone: None,
            keep: Keep::Nowhere,
            ..options.clone()
        };
        let mut store = Store::open_to_look(path, &options)?;
        store.look_back_to(day)?;
        Ok(store)
    }

    /// The day that was fixed, where it is before today; this store goes on in the present.
    pub fn leave_past(&mut self, now: Stamp) -> Option<Day> {
        let today = self.config.zone.day(now);
        let day = self.as_of.filter(|day| *day < today)?;
        (self.as_of, self.options.as_of, self.today) = (None, None, today);
        Some(day)
    }

    /// Looks at the book as it was at the end of the day that was fixed, when that day is over at `now`. The book cannot be
    /// written then.
    pub fn look_back(&mut self, now: Stamp) -> Result<()> {
        match self.as_of {
            Some(day) if day < self.config.zone.day(now) => self.look_back_to(day),
            _ => Ok(()),
        }
    }

    /// The same for any day.
    pub(super) fn look_back_to(&mut self, day: Day) -> Result<()> {
        // The last millisecond of the day.
        let cutoff = self
            .config
            .zone
            .stamp(day.plus(1), chrono::NaiveTime::MIN)
            .0
            - 1;
        self.read_only
            .get_or_insert_with(|| say!("past.shown_as_on", day = day).to_string());
        self.conn
            .execute_batch(&format!(
                "CREATE TEMP TABLE past_batch (n INTEGER PRIMARY KEY, told INTEGER NOT NULL);
                 INSERT INTO temp.past_batch SELECT n, command IN ('import', 'demo') FROM main.batch WHERE wall > {cutoff};"
            ))?;
        for table in TABLES.iter().filter(|t| t.owner() != "NULL") {
            self.stand_before(table, day, cutoff)?;
        }
        // What an import told later stays, as the batch of its rows. Nobody knows what copies disagreed about then. From here on
        // not even SQLite would write.
        self.conn
            .execute_batch(
                "CREATE TEMP VIEW batch AS SELECT * FROM main.batch WHERE n NOT IN (SELECT n FROM temp.past_batch WHERE told = 0);
                 CREATE TEMP VIEW conflict AS SELECT * FROM main.conflict WHERE 0;
                 PRAGMA query_only = ON;",
            )?;
        self.roster = None;
        self.kept = super::kept::Kept::default();
        self.past = true;
        Ok(())
    }

    fn stand_before(&self, table: &'static Table, day: Day, cutoff: i64) -> Result<()> {
        let mut columns = vec!["n", "id", "batch"];
        columns.extend(table.columns);
        columns.extend(table.fields.iter().filter(|f| !table.columns.contains(f)));
        let (columns, name) = (columns.join(", "), table.name);
        let later =
            "SELECT e.row FROM main.edit e JOIN temp.past_batch p ON p.n = e.batch WHERE e.entity";
        self.conn
            .execute_batch(&format!(
                "CREATE TEMP TABLE past_{name} AS SELECT {columns} FROM main.{name} WHERE id IN ({later} = {});
                 CREATE UNIQUE INDEX temp.past_{name}_n ON past_{name} (n);
                 CREATE UNIQUE INDEX temp.past_{name}_id ON past_{name} (id);",
                table.number
            ))?;
        let query = "SELECT DISTINCT e.row, e.field FROM main.edit e JOIN temp.past_batch p ON p.n = e.batch WHERE e.entity = ?";
        let mut statement = self.conn.prepare(query)?;
        let rows = statement.query_map([table.number], |r| {
            Ok((Id(r.get(0)?), search::text_at_raw(r, 1)?))
        })?;
        let changed: BTreeSet<(Id, String)> = rows.collect::<std::result::Result<_, _>>()?;
        for (row, field) in changed {
            if let Some(value) = self.value_then(row, &field)? {
                self.put_back(table, row, &field, value)?;
            }
        }
        let not_yet = not_yet(table, day, cutoff);
        self.conn
            .execute_batch(&format!(
                "CREATE TEMP VIEW {name} AS
                 SELECT {columns} FROM main.{name} t WHERE t.n NOT IN (SELECT o.n FROM temp.past_{name} o) AND NOT {not_yet}
                 UNION ALL SELECT {columns} FROM temp.past_{name} t WHERE NOT {not_yet};"
            ))
            .map_err(Into::into)
    }

    /// What a field said: by its edits until then, or, where there were none, what the row said when it was made.
    fn value_then(&self, row: Id, field: &str) -> Result<Option<Value>> {
        let query = "SELECT e.id, b.id, b.hlc, e.seen, e.after FROM main.edit e JOIN main.batch b ON b.n = e.batch
                     WHERE e.row = ?1 AND e.field = ?2 AND b.n NOT IN (SELECT n FROM temp.past_batch)";
        let mut statement = self.conn.prepare_cached(query)?;
        let mut rows = statement.query(params![row, field])?;
        let (mut marks, mut values) = (Vec::new(), Vec::new());
        while let Some(r) = rows.next()? {
            let id = |at: usize| -> Result<Id> { Ok(Id(r.get(at)?)) };
            let seen: Vec<u8> = r.get(3)?;
            marks.push(Mark {
                edit: id(0)?,
                batch: id(1)?,
                hlc: r.get(2)?,
                seen: ids_of(&seen).collect(),
            });
            values.push(r.get::<_, Value>(4)?);
        }
        if let Some(shown) = heads(&marks).last() {
            return Ok(Some(values[*shown].clone()));
        }
        self.conn
            .prepare_cached("SELECT before FROM main.edit WHERE row = ?1 AND field = ?2 AND seen = x'' ORDER BY id LIMIT 1")
            .and_then(|mut s| s.query_row(params![row, field], |r| r.get(0)).optional())
            .map_err(Into::into)
    }

    fn put_back(&self, table: &Table, row: Id, field: &str, value: Value) -> Result<()> {
        let (column, value) = match field.split_once('.') {
            Some((set @ ("attr" | "tag"), key)) if table.entity == Entity::Customer => {
                let column = if set == "attr" { "attributes" } else { "tags" };
                let text: Option<String> = self
                    .conn
                    .query_row(
                        &format!("SELECT {column} FROM temp.past_customer WHERE id = ?"),
                        [&row],
                        |r| search::text_at_raw(r, 0),
                    )
                    .optional()?;
                (
                    column,
                    with_part(&text.unwrap_or_default(), set, key, &value),
                )
            }
            // A field of a newer version stands in no column.
            _ => match table.fields.iter().find(|f| **f == field) {
                Some(column) if field == OWNER => match owner_number(&self.conn, &value)? {
                    Some(n) => (*column, Value::Integer(n)),
                    None => return Ok(()),
                },
                Some(column) => (*column, value),
                None => return Ok(()),
            },
        };
        self.conn
            .prepare_cached(&format!(
                "UPDATE temp.past_{} SET {column} = ? WHERE id = ?",
                table.name
            ))
            .and_then(|mut s| s.execute(params![value, row]))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
