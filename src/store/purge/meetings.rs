//! Meetings with somebody who is purged, and with others who are not: they stay, without the one.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, ToSql, params};

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::domain::time::Day;
use crate::error::Result;
use crate::store::batch::{self, Batch, OWNER, Table};
use crate::store::{hash, ids};

/// One such meeting.
pub struct Meeting {
    pub id: Id,
    pub customer: i64,
    /// The values of a new row.
    pub values: Vec<Value>,
    /// It names the purged one first, so it goes with them and is written anew for the others; else only their id is taken out.
    pub anew: bool,
    pub day: Option<Day>,
    pub text: String,
}

/// The meetings that stay when rows go, contacts among them, as they will stand.
pub fn meetings(conn: &Connection, goes: &[(&'static Table, Id)]) -> Result<Vec<Meeting>> {
    let of = |entity: Entity| {
        goes.iter()
            .filter(move |row| row.0.entity == entity)
            .map(|row| row.1)
    };
    let people: BTreeSet<Id> = of(Entity::Contact).collect();
    if people.is_empty() {
        return Ok(Vec::new());
    }
    // An event of a customer who goes, goes; a meeting elsewhere goes as well, and is written anew.
    let customers: Vec<Id> = of(Entity::Customer).collect();
    let table = batch::table(Entity::Event);
    let place = |column: &str| {
        table
            .columns
            .iter()
            .position(|c| *c == column)
            .unwrap_or_default()
    };
    let (customer, contact, more) = (place(OWNER), place("contact"), place("more"));
    let query = format!(
        "SELECT id, {} FROM event WHERE removed = 0
         AND customer NOT IN (SELECT n FROM customer WHERE id IN (SELECT unhex(replace(value, '-', '')) FROM json_each(?1)))
         AND (contact IN (SELECT n FROM contact WHERE id IN (SELECT unhex(replace(value, '-', '')) FROM json_each(?2))) OR more LIKE '%\"with\"%')
         ORDER BY n",
        table.columns.join(", ")
    );
    let (gone, named) = (
        serde_json::json!(customers).to_string(),
        serde_json::json!(people).to_string(),
    );
    let mut found = Vec::new();
    let mut statement = conn.prepare_cached(&query)?;
    let mut rows = statement.query(params![gone, named])?;
    while let Some(r) = rows.next()? {
        let mut values: Vec<Value> = (0..table.columns.len())
            .map(|at| hash::value_at(r, at + 1))
            .collect::<Result<_>>()?;
        let Value::Text(said) = &values[more] else {
            continue;
        };
        let mut said = batch::attributes(said);
        let with: Vec<Id> = said
            .get("with")
            .and_then(|w| serde_json::from_value(w.clone()).ok())
            .unwrap_or_default();
        let first = match values[contact] {
            Value::Integer(n) => ids::id_of(conn, "contact", n)?,
            _ => None,
        };
        let anew = first.is_some_and(|id| people.contains(&id));
        let mut left: Vec<Id> = with
            .iter()
            .copied()
            .filter(|id| !people.contains(id))
            .collect();
        if !anew && left.len() == with.len() {
            continue;
        }
        if anew {
            // The first of the others whom the book knows takes the place.
            let mut heir = None;
            for (at, id) in left.iter().enumerate() {
                heir = ids::number_of(conn, "contact", *id)?.map(|n| (at, n));
                if heir.is_some() {
                    break;
                }
            }
            let Some((at, n)) = heir else { continue };
            values[contact] = Value::Integer(n);
            // Files say there who came beside the first, we say all of them.
            if first.is_some_and(|id| !with.contains(&id)) {
                left.remove(at);
            }
        }
        let main = match values[contact] {
            Value::Integer(n) => ids::id_of(conn, "contact", n)?,
            _ => None,
        };
        match left.iter().all(|id| Some(*id) == main) {
            true => said.remove("with"),
            false => said.insert("with".to_owned(), serde_json::json!(left)),
        };
        values[more] = Value::Text(if said.is_empty() {
            String::new()
        } else {
            serde_json::Value::Object(said).to_string()
        });
        let number = |at: usize| {
            if let Value::Integer(n) = values[at] {
                n
            } else {
                0
            }
        };
        let text = if let Value::Text(text) = &values[place("text")] {
            text.clone()
        } else {
            String::new()
        };
        let (customer, day) = (number(customer), Day::from_number(number(place("day"))));
        found.push(Meeting {
            id: Id(r.get(0)?),
            customer,
            anew,
            day,
            text,
            values,
        });
    }
    Ok(found)
}

/// A meeting is the others' too: what they said with us stays theirs, in a row of the purging batch, so that every copy gets it.
pub fn leave_to_others(b: &mut Batch<'_>, meeting: &Meeting) -> Result<()> {
    b.touched.insert(meeting.customer);
    if meeting.anew {
        let values: Vec<&dyn ToSql> = meeting.values.iter().map(|v| v as &dyn ToSql).collect();
        b.insert(Entity::Event, &values)?;
    } else {
        let at = batch::table(Entity::Event)
            .columns
            .iter()
            .position(|c| *c == "more")
            .unwrap_or_default();
        b.set(
            Entity::Event,
            meeting.id,
            "more",
            meeting.values[at].clone(),
        )?;
    }
    Ok(())
}
