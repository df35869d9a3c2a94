//! What one batch made and changed, thing by thing.

use rusqlite::OptionalExtension;

use super::{BATCH, Store, batch_row, text_at};
use crate::domain::command::Entity;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::query::{BatchPage, Deed};
use crate::error::Result;
use crate::store::batch::{TABLES, Table, table_numbered};
use crate::store::{conflicts, heads, undo};

/// Most things listed of one batch: an import has made thousands.
const MOST: usize = 500;

pub fn page(store: &Store, batch: Id) -> Result<BatchPage> {
    let query = format!(
        "SELECT {BATCH}, b.n FROM batch b LEFT JOIN customer c ON c.id = b.customer WHERE b.id = ? AND b.finished = 1"
    );
    let found = store.conn.prepare_cached(&query).and_then(|mut s| {
        s.query_row([&batch], |r| Ok((batch_row(r)?, r.get::<_, i64>("n")?)))
            .optional()
    })?;
    let Some((mut row, n)) = found else {
        return Ok(BatchPage::default());
    };
    row.undone_by = undo::undone_by(&store.conn, batch, None)?;
    let mut things = Vec::new();
    for table in TABLES {
        things.extend(made(store, table, n, MOST - things.len())?);
    }
    let listed = things.len();
    things.extend(changed(store, n, MOST - listed)?);
    let more = (row.made + row.edits).saturating_sub(things.len());
    Ok(BatchPage {
        batch: Some(row),
        things,
        more,
    })
}

fn made(store: &Store, table: &'static Table, n: i64, most: usize) -> Result<Vec<Deed>> {
    let about = if table.entity == Entity::Event {
        "kind, channel, text, number"
    } else {
        "NULL, '', '', NULL"
    };
    let query = format!(
        "SELECT id, removed, {about} FROM {} WHERE batch = ? ORDER BY n LIMIT ?",
        table.name
    );
    let mut statement = store.conn.prepare_cached(&query)?;
    let mut rows = statement.query(rusqlite::params![n, most as i64])?;
    let mut deeds = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, removed): ([u8; 16], bool) = (row.get(0)?, row.get(1)?);
        let (name, customer) = conflicts::called(&store.conn, table, Id(id))?.unwrap_or_default();
        let event = row
            .get::<_, Option<i64>>(2)?
            .and_then(EventKind::from_number);
        let says = match event {
            None => None,
            Some(EventKind::Stage) => Some(text_at(row, 3)?),
            Some(kind) => {
                let score = if matches!(
                    kind,
                    EventKind::Nps | EventKind::Pulse | EventKind::Csat | EventKind::Ces
                ) {
                    row.get(5)?
                } else {
                    None
                };
                let score = score.map_or_else(String::new, |n: i64| format!("{n} "));
                Some(format!("{score}{}", text_at(row, 4)?))
            }
        };
        deeds.push(Deed {
            edit: None,
            row: Id(id),
            kind: event.map_or(table.name, EventKind::code),
            // Events have no name: what they say stands beside.
            name: if event.is_some() { String::new() } else { name },
            customer,
            field: String::new(),
            before: None,
            after: says,
            stands: !removed,
        });
    }
    Ok(deeds)
}

fn changed(store: &Store, n: i64, most: usize) -> Result<Vec<Deed>> {
    let query =
        "SELECT id, entity, row, field, before, after FROM edit WHERE batch = ? ORDER BY n LIMIT ?";
    let mut statement = store.conn.prepare_cached(query)?;
    let mut rows = statement.query(rusqlite::params![n, most as i64])?;
    let mut deeds = Vec::new();
    while let Some(r) = rows.next()? {
        let (edit, row) = (Id(r.get(0)?), Id(r.get(2)?));
        let Some(table) = table_numbered(r.get(1)?) else {
            continue;
        };
        let field = text_at(r, 3)?;
        let (name, customer) = conflicts::called(&store.conn, table, row)?.unwrap_or_default();
        let stands = heads::of_field(&store.conn, row, &field)?
            .last()
            .is_some_and(|h| h.mark.edit == edit);
        let (before, after) = (r.get(4)?, r.get(5)?);
        let said = |value| conflicts::spoken(table, &field, value, store.config.currency);
        let (before, after) = (said(&before), said(&after));
        deeds.push(Deed {
            edit: Some(edit),
            row,
            kind: table.name,
            name,
            customer,
            field,
            before,
            after,
            stands,
        });
    }
    Ok(deeds)
}
