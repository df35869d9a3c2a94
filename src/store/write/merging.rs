//! Two customers that are one: everything of the one comes to the other, in a batch of edits that undo takes back like any other.

use rusqlite::types::Value;

use crate::domain::command::Entity;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::money::Currency;
use crate::error::{Error, Result};
use crate::store::batch::{self, Batch, TABLES};
use crate::store::conflicts;

use super::{Done, EventDraft, customer, done, event, name};

/// Fields of a customer of which one value can hold.
const FIELDS: &[&str] = &["owner", "website", "phone", "created", "external"];

/// Events that say where a customer itself stood: another one's would make the kept one's stage and score what they never were.
const STAY: &[EventKind] = &[EventKind::Stage, EventKind::Override, EventKind::Rule];

pub(super) fn merge_customers(b: &mut Batch<'_>, keep: Id, other: Id) -> Result<Done> {
    if keep == other {
        return Err(Error::usage(say!("merging.customer_cannot_merged_into")));
    }
    let (n, from) = (customer(b, keep)?, customer(b, other)?);
    let (kept, gone) = (name(b, keep)?, name(b, other)?);
    let mut rows = 0;
    for table in TABLES.iter().filter(|t| t.is_owned()) {
        let but = if table.entity == Entity::Event {
            format!(
                " AND kind NOT IN ({})",
                STAY.iter()
                    .map(|kind| (*kind as i64).to_string())
                    .collect::<Vec<_>>()
                    .join(",")
            )
        } else {
            String::new()
        };
        let query = format!(
            "SELECT id FROM {} WHERE customer = ? AND removed = 0{but} ORDER BY n",
            table.name
        );
        let ids: Vec<Id> = {
            let mut statement = b.conn.prepare_cached(&query)?;
            let found = statement.query_map([from], |r| r.get(0).map(Id))?;
            found.collect::<rusqlite::Result<_>>()?
        };
        for id in ids {
            b.set(table.entity, id, batch::OWNER, Value::Blob(keep.0.to_vec()))?;
            rows += 1;
        }
    }
    let mut differ = Vec::new();
    for field in own_fields(b, other)? {
        let table = batch::table(Entity::Customer);
        let value = |id: Id| {
            batch::current(b.conn, table, id, &field).map(|c| c.map_or(Value::Null, |c| c.value))
        };
        let (mine, theirs) = (value(keep)?, value(other)?);
        let none = |v: &Value| {
            matches!(v, Value::Null | Value::Integer(0)) || *v == Value::Text(String::new())
        };
        if none(&theirs) || mine == theirs {
            continue;
        }
        if none(&mine) {
            b.set(Entity::Customer, keep, &field, theirs)?;
        } else {
            let said = |value: &Value| {
                conflicts::spoken(table, &field, value, Currency::default()).unwrap_or_default()
            };
            differ.push(format!(
                "{field}: {} here, {} there",
                said(&mine),
                said(&theirs)
            ));
        }
    }
    let mut text = format!("Merged with {gone}");
    for line in &differ {
        text.push_str(&format!("\n{line}"));
    }
    event(
        b,
        &EventDraft {
            text: &text,
            ..EventDraft::new(EventKind::Note, n).now(b)
        },
    )?;
    b.set(Entity::Customer, other, "removed", Value::Integer(1))?;
    let skipped = differ
        .into_iter()
        .map(|why| (keep, say!("merging.keeps_its_own", why = why).to_string()))
        .collect();
    Ok(Done {
        skipped,
        ..done(format!("Merged {gone} into {kept}"), rows)
    })
}

/// The fields of a customer that may say something, tags and attributes too.
fn own_fields(b: &Batch<'_>, of: Id) -> Result<Vec<String>> {
    let text = crate::store::search::text_at_raw;
    let (tags, attributes) = b
        .conn
        .prepare_cached("SELECT tags, attributes FROM customer WHERE id = ?")
        .and_then(|mut s| s.query_row([&of], |r| Ok((text(r, 0)?, text(r, 1)?))))?;
    let mut all: Vec<String> = FIELDS.iter().map(|f| (*f).to_owned()).collect();
    all.extend(
        tags.split(' ')
            .filter(|t| !t.is_empty())
            .map(|t| format!("tag.{t}")),
    );
    all.extend(
        batch::attributes(&attributes)
            .keys()
            .map(|code| format!("attr.{code}")),
    );
    Ok(all)
}

#[cfg(test)]
mod tests;
