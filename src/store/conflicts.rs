//! Fields of which copies of the book say different things: listed with every value, decided by one more edit.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use crate::domain::command::Entity;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::money::{self, Currency};
use crate::domain::query::{Conflict, ConflictValue};
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Result};

use super::batch::{self, Batch, Holds, Table, table_numbered};
use super::heads::{self, Head};
use super::write::Done;
use super::{moves, search, sql, twins};

/// Most conflicts in one list.
const MOST: usize = 5000;

/// Every open conflict, customer by customer.
pub fn list(conn: &Connection, currency: Currency) -> Result<Vec<Conflict>> {
    let mut statement = conn.prepare_cached("SELECT row, field, entity FROM conflict ORDER BY row, field").map_err(sql)?;
    let mut rows = statement.query([]).map_err(sql)?;
    let mut all = Vec::new();
    while all.len() < MOST
        && let Some(row) = rows.next().map_err(sql)?
    {
        if let Some(table) = table_numbered(row.get(2).map_err(sql)?) {
            all.extend(one(conn, table, Id(row.get(0).map_err(sql)?), &search::text_at(row, 1)?, currency)?);
        }
    }
    all.sort_by(|a, b| (&a.customer, a.row, &a.field).cmp(&(&b.customer, b.row, &b.field)));
    Ok(all)
}

/// One of them, when it is one.
pub fn of(conn: &Connection, row: Id, field: &str, currency: Currency) -> Result<Option<Conflict>> {
    let entity: Option<i64> = conn
        .prepare_cached("SELECT entity FROM conflict WHERE row = ? AND field = ?")
        .and_then(|mut s| s.query_row(rusqlite::params![row, field], |r| r.get(0)).optional())
        .map_err(sql)?;
    entity.and_then(table_numbered).map_or(Ok(None), |table| one(conn, table, row, field, currency))
}

fn one(conn: &Connection, table: &'static Table, row: Id, field: &str, currency: Currency) -> Result<Option<Conflict>> {
    let Some((name, customer)) = called(conn, table, row)? else { return Ok(None) };
    let value = |head: &Head, value: Option<String>, shown: bool| ConflictValue {
        edit: head.mark.edit,
        value,
        person: head.person.clone(),
        at: Stamp(head.wall),
        shown,
    };
    let values = if table.entity == Entity::Customer && field == moves::FIELD {
        moves::values(conn, row)?
    } else if twins::has(table, field) {
        twins::values(conn, table, row)?
    } else if field == "removed" {
        let removal = heads::removal(conn, table, row)?;
        let says = |h: &Head| if h.after == Value::Integer(1) { "removed" } else { "kept" };
        let mut values: Vec<_> = removal.heads.iter().map(|h| value(h, Some(says(h).into()), h.after != Value::Integer(1))).collect();
        values.sort_by_key(|v| v.shown);
        for (field, head) in &removal.edits {
            values.push(value(head, Some(format!("{field}: {}", spoken(table, field, &head.after, currency).unwrap_or_default())), true));
        }
        for id in &removal.rows {
            values.extend(made(conn, *id)?);
        }
        values
    } else {
        let found = heads::of_field(conn, row, field)?;
        let last = found.len().saturating_sub(1);
        found.iter().enumerate().map(|(at, h)| value(h, spoken(table, field, &h.after, currency), at == last)).collect()
    };
    Ok(Some(Conflict { row, kind: table.name, name, customer, field: field.to_owned(), values }))
}

/// A row that somebody made at a customer without knowing of its removal.
fn made(conn: &Connection, id: Id) -> Result<Option<ConflictValue>> {
    for table in batch::TABLES.iter().filter(|t| t.is_owned()) {
        let query =
            format!("SELECT {}, b.person, b.wall FROM {} t JOIN batch b ON b.n = t.batch WHERE t.id = ?", title_of(table), table.name);
        let found = conn
            .prepare_cached(&query)
            .and_then(|mut s| {
                s.query_row([&id], |r| {
                    let words = search::text_at_raw(r, 0)?;
                    Ok(ConflictValue {
                        edit: id,
                        value: Some(format!("{} {}", table.name, start(&words)).trim_end().to_owned()),
                        person: search::text_at_raw(r, 1)?,
                        at: Stamp(r.get(2)?),
                        shown: true,
                    })
                })
                .optional()
            })
            .map_err(sql)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The column by which a person knows a row.
fn title_of(table: &Table) -> &'static str {
    match table.entity {
        Entity::Customer | Entity::Contact | Entity::View => "t.name",
        Entity::Event => "t.text",
        Entity::Task | Entity::Action => "t.title",
        Entity::Play => "t.label",
        Entity::Step => "t.code",
        Entity::Ticket => "t.subject",
        Entity::Subscription => "t.start",
        Entity::Config => "t.key",
    }
}

/// The start of a text, for a line.
pub fn start(words: &str) -> String {
    words.lines().next().unwrap_or("").chars().take(60).collect()
}

/// What a row is called, and its customer.
#[allow(clippy::type_complexity, reason = "a name, and the customer's id and name")]
pub fn called(conn: &Connection, table: &Table, row: Id) -> Result<Option<(String, Option<(Id, String)>)>> {
    let query = format!(
        "SELECT CAST({} AS TEXT), c.id, c.name FROM {} t LEFT JOIN customer c ON c.n = {} WHERE t.id = ?",
        title_of(table),
        table.name,
        if table.is_owned() {
            "t.customer"
        } else if table.entity == Entity::Customer {
            "t.n"
        } else {
            "NULL"
        },
    );
    conn.prepare_cached(&query)
        .and_then(|mut s| {
            s.query_row([&row], |r| {
                let customer: Option<[u8; 16]> = r.get(1)?;
                let name = search::text_at_raw(r, 2)?;
                Ok((start(&search::text_at_raw(r, 0)?), customer.map(|id| (Id(id), name))))
            })
            .optional()
        })
        .map_err(sql)
}

/// What a row is in a word: the kind of an event, else that of the row.
pub fn kind_of(conn: &Connection, table: &'static Table, row: Id) -> Result<&'static str> {
    if table.entity != Entity::Event {
        return Ok(table.name);
    }
    let kind: Option<i64> = conn
        .prepare_cached("SELECT kind FROM event WHERE id = ?")
        .and_then(|mut s| s.query_row([&row], |r| r.get(0)).optional())
        .map_err(sql)?;
    Ok(kind.and_then(EventKind::from_number).map_or(table.name, EventKind::code))
}

/// A stored value as a person says it: days and moments as such, amounts in the book's currency's own unit.
pub fn spoken(table: &Table, field: &str, value: &Value, currency: Currency) -> Option<String> {
    match (table.holds(field), value) {
        (Holds::Day, Value::Integer(n)) => Day::from_number(*n).map(|d| d.to_string()),
        (Holds::At, Value::Integer(ms)) => Some(Stamp(*ms).utc().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        (Holds::Money, Value::Integer(n)) => Some(money::decimal(*n, currency.digits())),
        (Holds::Kind, Value::Integer(n)) => EventKind::from_number(*n).map(|kind| kind.code().to_owned()),
        (Holds::Row, Value::Blob(id)) => Id::from_slice(id).map(|id| id.to_string()),
        _ => plain(value),
    }
}

/// A stored value as a change would write it: days as ISO dates.
pub fn json_of(table: &Table, field: &str, value: &Value) -> serde_json::Value {
    match (table.holds(field), value) {
        (Holds::Day, Value::Integer(n)) => Day::from_number(*n).map_or(serde_json::Value::Null, |d| d.to_string().into()),
        _ => batch::value_json(value),
    }
}

/// A stored value as text.
pub fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Integer(i) => Some(i.to_string()),
        Value::Real(r) => Some(r.to_string()),
        Value::Text(t) => Some(t.clone()),
        Value::Blob(_) => Some("bytes".into()),
    }
}

/// Decides for one of the values: an edit that has seen all of them. It can be taken back like any other.
pub fn resolve(b: &mut Batch<'_>, row: Id, field: &str, take: Id) -> Result<Done> {
    let Some(conflict) = of(b.conn, row, field, Currency::default())? else {
        return Err(Error::usage("that is no conflict, or no longer").hint("retain conflicts lists them"));
    };
    let Some(chosen) = conflict.values.iter().find(|v| v.edit == take) else {
        return Err(Error::usage("that value is not one of the conflict's").hint("retain conflicts lists them"));
    };
    let entity = batch::TABLES.iter().find(|t| t.name == conflict.kind).map_or(Entity::Customer, |t| t.entity);
    let whose = &chosen.person;
    let name = conflict.customer.map_or(conflict.name, |c| c.1);
    if entity == Entity::Customer && field == moves::FIELD {
        moves::resolve(b, row, take)?;
        let stage = chosen.value.as_deref().unwrap_or_default();
        return Ok(Done { label: format!("Left {name} in {stage}, as {whose} moved it"), changed: 1, skipped: Vec::new() });
    }
    let table = batch::table(entity);
    if twins::has(table, field) {
        twins::decide(b, table, row, chosen.value.clone().map_or(Value::Null, Value::Text))?;
        return Ok(Done { label: format!("Took {name} from {whose}"), changed: 1, skipped: Vec::new() });
    }
    let found = heads::of_field(b.conn, row, field)?.into_iter().find(|h| h.mark.edit == take).map(|h| h.after);
    let value = match found {
        Some(value) => value,
        None if field == "removed" => Value::Integer(0),
        None => return Err(Error::failed("the value is gone")),
    };
    let removed = field == "removed" && value == Value::Integer(1);
    b.settle(entity, row, field, value)?;
    let label = match (field, removed) {
        ("removed", true) => format!("Removed {name}, as {whose} did"),
        ("removed", false) => format!("Kept {name}"),
        _ => format!("Took {field} of {name} from {whose}"),
    };
    Ok(Done { label, changed: 1, skipped: Vec::new() })
}
