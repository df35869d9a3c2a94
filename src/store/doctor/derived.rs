//! What follows from the facts, or stands beside them, against the facts: conflicts, full-text indexes, tombstones, what the file says of
//! itself. All but the last two can be made anew without changing a fact.

use std::collections::{BTreeMap, HashMap};

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::{Check, MOST_NAMED, Result, check};
use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::domain::time::Zone;
use crate::store::batch::{self, TABLES, table_numbered};
use crate::store::hash::LABEL;
use crate::store::{Store, heads, moves, purge, search, twins};

/// Fields that can be conflicts: those that were edited twice, and what was removed.
const CANDIDATES: &str = "SELECT row, field, min(entity) FROM edit GROUP BY row, field HAVING count(*) > 1 OR field = 'removed'";

/// Customers with several moves.
const MOVED: &str = "SELECT e.customer, c.id FROM event e JOIN customer c ON c.n = e.customer WHERE e.kind = 6 GROUP BY e.customer HAVING count(*) > 1";

/// Every conflict by row and field, with the entity, as the edits and moves say.
fn conflicts(conn: &Connection) -> Result<BTreeMap<(Id, String), i64>> {
    let mut found = BTreeMap::new();
    let mut statement = conn.prepare(CANDIDATES)?;
    let mut rows = statement.query([])?;
    while let Some(r) = rows.next()? {
        let (row, field) = (Id(r.get(0)?), search::text_at(r, 1)?);
        let Some(table) = table_numbered(r.get(2)?) else {
            continue;
        };
        // What a newer version says of a field that this one does not know is its own.
        let known = batch::current(conn, table, row, &field).is_ok();
        if known && heads::is_conflict(conn, table, row, &field)? {
            found.insert((row, field), table.number);
        }
    }
    for (table, row) in twins::shared(conn)? {
        if heads::is_conflict(conn, table, row, twins::FIELD)? {
            found.insert((row, twins::FIELD.to_owned()), table.number);
        }
    }
    let mut statement = conn.prepare(MOVED)?;
    let mut rows = statement.query([])?;
    while let Some(r) = rows.next()? {
        if moves::differ(conn, r.get(0)?)? {
            found.insert(
                (Id(r.get(1)?), moves::FIELD.to_owned()),
                batch::table(Entity::Customer).number,
            );
        }
    }
    Ok(found)
}

impl Store {
    /// What is listed as a conflict against what the edits say.
    pub(super) fn conflict_check(&self) -> Result<Check> {
        let mut want = conflicts(&self.conn)?;
        let (count, mut wrong, mut more) = (want.len(), Vec::new(), 0);
        let mut name = |words: String| {
            if wrong.len() < MOST_NAMED {
                wrong.push(words)
            } else {
                more += 1
            }
        };
        let mut statement = self
            .conn
            .prepare("SELECT row, field, entity FROM conflict")?;
        let mut rows = statement.query([])?;
        while let Some(r) = rows.next()? {
            let key = (Id(r.get(0)?), search::text_at(r, 1)?);
            let entity: i64 = r.get(2)?;
            // What a newer version has noted of a field that this one does not know is its own.
            let known = || {
                table_numbered(entity)
                    .is_none_or(|t| batch::current(&self.conn, t, key.0, &key.1).is_ok())
            };
            if want.remove(&key).map_or_else(
                || known() || key.1 == moves::FIELD,
                |wanted| wanted != entity,
            ) {
                name(
                    say!(
                        "derived.listed_as_conflict_none",
                        key = key.1,
                        key_2 = key.0
                    )
                    .to_string(),
                );
            }
        }
        for (row, field) in want.into_keys() {
            name(
                say!(
                    "derived.copies_say_different_things",
                    field = field,
                    row = row
                )
                .to_string(),
            );
        }
        if more > 0 {
            wrong.push(format!("and {more} more"));
        }
        if !wrong.is_empty() {
            wrong.push(say!("derived.retain_doctor_rebuild_lists").to_string());
        }
        Ok(check(
            "conflicts",
            wrong,
            say!("derived.fields_which_copies_say", count = count).to_string(),
        ))
    }

    /// The full-text indexes against the words.
    pub(in crate::store) fn index_check(&self) -> Result<Check> {
        let (wrong, rows) = search::differences(&self.conn)?;
        Ok(check(
            "search",
            wrong,
            say!("derived.texts_found_by_their", rows = rows).to_string(),
        ))
    }

    /// What is left of what was purged: nothing else of it is here, and what it says of itself can be.
    pub(in crate::store) fn purge_check(&self) -> Result<Check> {
        let conn = &self.conn;
        let count = |query: &str| -> Result<i64> {
            conn.query_row(query, [], |r| r.get(0)).map_err(Into::into)
        };
        let mut wrong = Vec::new();
        for name in TABLES.iter().map(|t| t.name).chain(["edit"]) {
            let live = count(&format!(
                "SELECT count(*) FROM tombstone o CROSS JOIN {name} t ON t.id = o.id"
            ))?;
            if live > 0 {
                wrong.push(
                    say!("derived.rows_here_were_purged", live = live, name = name).to_string(),
                );
            }
        }
        let known: Vec<String> = TABLES
            .iter()
            .map(|t| t.number)
            .chain([0, LABEL])
            .map(|n| n.to_string())
            .collect();
        let strange = count(&format!(
            "SELECT count(*) FROM tombstone WHERE entity NOT IN ({})",
            known.join(", ")
        ))?;
        if strange > 0 {
            wrong.push(say!("derived.things_were_purged_no", strange = strange).to_string());
        }
        // What came purged already names its own batch.
        let purges = count(&format!(
            "SELECT count(*) FROM tombstone o WHERE NOT EXISTS (SELECT 1 FROM edit e WHERE e.batch = o.purged AND e.field = '{}')
             AND NOT EXISTS (SELECT 1 FROM tombstone s WHERE s.batch = o.purged AND s.purged = o.purged)",
            purge::FIELD
        ))?;
        if purges > 0 {
            wrong.push(say!("derived.things_were_purged_by", purges = purges).to_string());
        }
        wrong.extend(self.uncounted()?);
        let all = count("SELECT count(*) FROM tombstone")?;
        Ok(check(
            "purges",
            wrong,
            say!("derived.things_were_purged_nothing", all = all).to_string(),
        ))
    }

    /// Batches of which something was purged and that do not have as many things as they say.
    fn uncounted(&self) -> Result<Vec<String>> {
        let mut statement = self
            .conn
            .prepare(
                "SELECT b.n, b.id, b.made, b.edits, sum(o.entity > 0), sum(o.entity = 0) FROM tombstone o JOIN batch b ON b.n = o.batch GROUP BY b.n",
            )?;
        let mut rows = statement.query([])?;
        let mut wrong = Vec::new();
        while let Some(r) = rows.next()? {
            let number = |at: usize| -> Result<i64> { r.get(at).map_err(Into::into) };
            let (n, mut made) = (number(0)?, number(4)?);
            for table in TABLES {
                made += self.of_batch(table.name, n)?;
            }
            let edits = number(5)? + self.of_batch("edit", n)?;
            if (made, edits) != (number(2)?, number(3)?) && wrong.len() < MOST_NAMED {
                wrong.push(say!("derived.batch_lost_something_not", r = Id(r.get(1)?)).to_string());
            }
        }
        Ok(wrong)
    }

    fn of_batch(&self, table: &str, n: i64) -> Result<i64> {
        let query = format!("SELECT count(*) FROM {table} WHERE batch = ?");
        self.conn
            .prepare_cached(&query)
            .and_then(|mut s| s.query_row([n], |r| r.get(0)))
            .map_err(Into::into)
    }

    /// What the file says of itself: the book's id, the zone that it was made with, integers of rows.
    pub(super) fn meta_check(&self) -> Result<Check> {
        let mut meta: HashMap<String, Value> = HashMap::new();
        let mut statement = self.conn.prepare("SELECT k, v FROM meta")?;
        let mut rows = statement.query([])?;
        while let Some(r) = rows.next()? {
            meta.insert(search::text_at(r, 0)?, r.get(1)?);
        }
        let text = |key: &str| match meta.get(key) {
            Some(Value::Text(text)) => Some(text.as_str()),
            Some(_) => Some(""),
            None => None,
        };
        let mut wrong = Vec::new();
        if !matches!(meta.get("book"), Some(Value::Blob(id)) if Id::from_slice(id).is_some()) {
            wrong.push(say!("derived.book_no_id").to_string());
        }
        for key in ["min_reader", "min_writer"] {
            if !matches!(meta.get(key), None | Some(Value::Integer(0..=1000))) {
                wrong.push(say!("derived.no_version", key = key).to_string());
            }
        }
        let zone = text("zone");
        if let Some(zone) = zone.filter(|z| Zone::named(z).is_none()) {
            wrong.push(say!("derived.zone_book_made_with", zone = zone).to_string());
        }
        let again = text("zone_again");
        if again != zone {
            let (zone, again) = (zone.unwrap_or("none"), again.unwrap_or("none"));
            wrong.push(
                say!(
                    "derived.zone_book_made_with_one",
                    zone = zone,
                    again = again
                )
                .to_string(),
            );
        }
        for name in TABLES.iter().map(|t| t.name).chain(["batch", "edit"]) {
            let odd: i64 = self.conn.query_row(
                &format!("SELECT count(*) FROM {name} WHERE n < 1"),
                params![],
                |r| r.get(0),
            )?;
            if odd > 0 {
                wrong.push(say!("derived.rows_number_no_row", odd = odd, name = name).to_string());
            }
        }
        Ok(check(
            "meta",
            wrong,
            say!("derived.file_says_itself_what").into(),
        ))
    }

    /// Makes the list of conflicts and the full-text indexes anew.
    pub(super) fn rebuild_derived(&self) -> Result<()> {
        let all = conflicts(&self.conn)?;
        self.conn.execute("DELETE FROM conflict", [])?;
        for ((row, field), entity) in &all {
            if let Some(table) = table_numbered(*entity) {
                heads::note(&self.conn, *row, field, table)?;
            }
        }
        search::rebuild(&self.conn)
    }
}

#[cfg(test)]
mod tests;
