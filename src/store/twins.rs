//! Settings and views that two copies of a book made under one name before they met: rows with ids of their own that mean the same
//! thing. The latest (by id) is the one that holds. Where another says something else the two are a conflict of the field `value`,
//! listed and decided like one of a field; whoever sets the name next has seen all of them, and one row is left.

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::domain::query::ConflictValue;
use crate::domain::time::Stamp;
use crate::error::Result;

use super::batch::{self, Batch, TABLES, Table};
use super::{heads, once, search};

/// The field of which they say different things.
pub const FIELD: &str = "value";

/// The column under which rows of a table are the same thing; `None` where they never are.
fn name_of(table: &Table) -> Option<&'static str> {
    match table.entity {
        Entity::Config => Some("key"),
        Entity::View => Some("name"),
        _ => None,
    }
}

/// The rows under the name of this one that are not removed, with what they say; the one that holds comes last.
fn of(conn: &Connection, table: &Table, row: Id) -> Result<Vec<(Id, String)>> {
    let Some(name) = name_of(table) else {
        return Ok(Vec::new());
    };
    let query = format!(
        "SELECT id, value FROM {0} WHERE {name} = (SELECT {name} FROM {0} WHERE id = ?) AND removed = 0 ORDER BY id",
        table.name
    );
    let mut statement = conn.prepare_cached(&query)?;
    let rows = statement.query_map([&row], |r| Ok((Id(r.get(0)?), search::text_at_raw(r, 1)?)))?;
    rows.collect::<std::result::Result<_, _>>()
        .map_err(Into::into)
}

/// The rows under a name that are not removed; the one that holds comes last.
pub fn named(conn: &Connection, table: &Table, name: &str) -> Result<Vec<Id>> {
    let Some(column) = name_of(table) else {
        return Ok(Vec::new());
    };
    let query = format!(
        "SELECT id FROM {} WHERE {column} = ? AND removed = 0 ORDER BY id",
        table.name
    );
    let mut statement = conn.prepare_cached(&query)?;
    let rows = statement.query_map([name], |r| r.get(0).map(Id))?;
    rows.collect::<std::result::Result<_, _>>()
        .map_err(Into::into)
}

/// This row holds, and another of its name says something else.
pub fn differ(conn: &Connection, table: &Table, row: Id) -> Result<bool> {
    let rows = of(conn, table, row)?;
    Ok(rows
        .last()
        .is_some_and(|(last, says)| *last == row && rows.iter().any(|r| r.1 != *says)))
}

/// Rows that share their name with another, and those that are listed as a conflict. They are few.
pub fn shared(conn: &Connection) -> Result<Vec<(&'static Table, Id)>> {
    let mut all = Vec::new();
    for table in TABLES {
        let Some(name) = name_of(table) else { continue };
        let but = if table.entity == Entity::Config {
            once::LEFT_OUT
        } else {
            ""
        };
        let query = format!(
            "SELECT id FROM {0} WHERE removed = 0{but} AND {name} IN (SELECT {name} FROM {0} WHERE removed = 0{but} GROUP BY {name} HAVING count(*) > 1)
             UNION SELECT row FROM conflict WHERE entity = ?1 AND field = ?2",
            table.name
        );
        let mut statement = conn.prepare_cached(&query)?;
        for row in statement.query_map(params![table.number, FIELD], |r| r.get(0).map(Id))? {
            all.push((table, row?));
        }
    }
    Ok(all)
}

/// Brings the conflicts of all settings and views in line with what their rows say.
pub fn settle(conn: &Connection) -> Result<Vec<(Id, String)>> {
    let mut open = Vec::new();
    for (table, row) in shared(conn)? {
        if heads::settle(conn, table, row, FIELD)?.conflict {
            open.push((row, FIELD.to_owned()));
        }
    }
    Ok(open)
}

/// What the rows of one name say, each with who said it and when; the one that is shown comes last.
pub fn values(conn: &Connection, table: &Table, row: Id) -> Result<Vec<ConflictValue>> {
    let mut all = Vec::new();
    for (id, says) in of(conn, table, row)? {
        let found = heads::of_field(conn, id, FIELD)?;
        if found.is_empty() {
            let query = format!(
                "SELECT b.person, b.wall FROM {} t JOIN batch b ON b.n = t.batch WHERE t.id = ?",
                table.name
            );
            let (person, at) = conn.prepare_cached(&query).and_then(|mut s| {
                s.query_row([&id], |r| {
                    Ok((search::text_at_raw(r, 0)?, Stamp(r.get(1)?)))
                })
            })?;
            all.push(ConflictValue {
                edit: id,
                value: Some(says),
                person,
                at,
                shown: false,
            });
        }
        for head in found {
            let value = super::conflicts::plain(&head.after);
            all.push(ConflictValue {
                edit: head.mark.edit,
                value,
                person: head.person,
                at: Stamp(head.wall),
                shown: false,
            });
        }
    }
    if let Some(last) = all.last_mut() {
        last.shown = true;
    }
    Ok(all)
}

/// Writes what holds under the name of this row, and leaves that one row.
pub fn decide(b: &mut Batch<'_>, table: &'static Table, row: Id, value: Value) -> Result<()> {
    b.settle(table.entity, row, FIELD, value)?;
    leave(b, table, row)
}

/// Removes the other rows of the name of this one.
pub fn leave(b: &mut Batch<'_>, table: &'static Table, row: Id) -> Result<()> {
    for (other, _) in of(b.conn, table, row)? {
        if other != row {
            b.set(table.entity, other, "removed", Value::Integer(1))?;
        }
    }
    Ok(())
}

/// The condition that leaves the one view that holds of each name.
pub const HOLDS: &str = "removed = 0 AND id = (SELECT max(o.id) FROM view o WHERE o.name = view.name AND o.removed = 0)";

/// Whether a field is one that twins can say differently.
pub fn has(table: &Table, field: &str) -> bool {
    field == FIELD && name_of(table).is_some()
}

/// The table of a setting.
pub fn config() -> &'static Table {
    batch::table(Entity::Config)
}
