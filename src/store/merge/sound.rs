//! What arrives is looked at before any of it is written: a hash proves that nobody has changed a batch since, not that its writer
//! knew what a book holds.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::{Type, Value};

use crate::domain::id::Id;
use crate::domain::time::Day;
use crate::error::Result;
use crate::store::batch::{self, Holds, Table};
use crate::store::hash::{Changed, Header, Item, LABEL, Made, Tally};
use crate::store::ids::{self, Holders};
use crate::store::purge::{self, Coming};

use super::theirs::Source as _;

/// No device has given so many numbers.
const GREATEST: i64 = 1 << 48;

/// A column as the schema and the entity's table have it.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    kind: Type,
    /// It can be nothing.
    empty: bool,
    holds: Holds,
}

/// What a table can hold.
struct Shape {
    /// Of a new row, in the order of its values.
    columns: Vec<Column>,
    /// Of those that an edit changes.
    fields: Vec<Column>,
}

/// The shapes of the book's tables, each read once.
#[derive(Default)]
pub struct Shapes {
    of: RefCell<HashMap<&'static str, Rc<Shape>>>,
}

impl Shapes {
    fn of(&self, conn: &Connection, table: &'static Table) -> Result<Rc<Shape>> {
        if let Some(known) = self.of.borrow().get(table.name) {
            return Ok(known.clone());
        }
        let mut statement =
            conn.prepare_cached("SELECT name, type, \"notnull\" FROM pragma_table_info(?)")?;
        let mut rows = statement.query([table.name])?;
        let mut columns: HashMap<String, (Type, bool)> = HashMap::new();
        while let Some(row) = rows.next()? {
            let kind = match row.get_ref(1)?.as_str().unwrap_or_default() {
                "INTEGER" => Type::Integer,
                "BLOB" => Type::Blob,
                "REAL" => Type::Real,
                _ => Type::Text,
            };
            let never_empty: i64 = row.get(2)?;
            columns.insert(row.get(0)?, (kind, never_empty == 0));
        }
        let column = |name: &&'static str| {
            let (kind, empty) = columns.get(*name).copied().unwrap_or((Type::Text, true));
            Column {
                name,
                kind,
                empty,
                holds: table.holds(name),
            }
        };
        let shape = Rc::new(Shape {
            columns: table.columns.iter().map(column).collect(),
            fields: table.fields.iter().map(column).collect(),
        });
        self.of.borrow_mut().insert(table.name, shape.clone());
        Ok(shape)
    }

    /// Why a batch's row cannot be one that a Retain has written.
    pub fn wrong_header(header: &Header, holders: Holders) -> Option<String> {
        // A device counts its batches one by one: behind the greatest number there is it could write no more.
        let counted =
            (1..GREATEST).contains(&header.number) && header.made >= 0 && header.edits >= 0;
        if !counted || header.person.is_empty() || header.command.is_empty() {
            return Some(say!("sound.its_own_row_not").to_string());
        }
        holders
            .row
            .then(|| say!("sound.something_else_here_no", id = header.id).to_string())
    }

    /// Why an item cannot stand in a book, in a few words. `holders`: what has its id.
    pub fn wrong(
        &self,
        conn: &Connection,
        header: &Header,
        item: &Item,
        holders: Holders,
    ) -> Result<Option<String>> {
        // What is purged is known by its id alone, and of a batch that is its label.
        if item.entity() != LABEL && (item.id() == header.id || holders.batch) {
            return Ok(Some(
                say!("sound.batch_says_something_else", id = item.id()).to_string(),
            ));
        }
        match item {
            Item::Made(made) => self.wrong_row(conn, made),
            // Who waits for purges goes by the command.
            Item::Changed(changed)
                if changed.field == purge::FIELD && header.command != purge::COMMAND =>
            {
                Ok(Some(say!("sound.purges_says_does_something").to_string()))
            }
            Item::Changed(changed) => self.wrong_edit(conn, changed),
            Item::Purged {
                id, entity: LABEL, ..
            } if *id != header.id => Ok(Some(say!("sound.says_label_another_purged").to_string())),
            Item::Purged { entity, .. } if !known_kind(*entity) => {
                Ok(Some(say!("sound.says_something_no_kind").to_string()))
            }
            // What was purged is nowhere: a row that stands, or one that another batch wrote, is none of this batch's.
            Item::Purged { id, .. } => Ok(holders
                .any()
                .then(|| say!("sound.says_purged_which_another", id = id).to_string())),
        }
    }

    fn wrong_row(&self, conn: &Connection, made: &Made) -> Result<Option<String>> {
        let shape = self.of(conn, made.table)?;
        let wrong = shape
            .columns
            .iter()
            .zip(&made.values)
            .find(|(column, value)| !column.fits(value));
        Ok(wrong.map(|(column, _)| {
            say!(
                "sound.its_not_what_such",
                name = column.name,
                name_2 = made.table.name,
                id = made.id
            )
            .to_string()
        }))
    }

    fn wrong_edit(&self, conn: &Connection, changed: &Changed) -> Result<Option<String>> {
        let ids = |bytes: &[u8]| bytes.len().is_multiple_of(16);
        if !ids(&changed.seen) || changed.knew.as_deref().is_some_and(|knew| !ids(knew)) {
            return Ok(Some(
                say!("sound.what_its_edit_had", id = changed.id).to_string(),
            ));
        }
        // A kind of row, or a field, that this version does not know is kept in the log, for one that does.
        let Some(table) = batch::table_numbered(changed.entity) else {
            let strange = changed.entity < 1 || ids::holders(conn, changed.row)?.any();
            return Ok(strange.then(|| say!("sound.its_edit_no_kind", id = changed.id).to_string()));
        };
        let field = changed.field.as_str();
        if field == purge::FIELD {
            return Ok(None);
        }
        let fit = |value: &Value| match field.split_once('.') {
            Some(("tag", _)) => matches!(value, Value::Integer(0 | 1)),
            Some(("attr", _)) => !matches!(value, Value::Blob(_)),
            _ => true,
        };
        let shape = self.of(conn, table)?;
        let column = shape.fields.iter().find(|column| column.name == field);
        let stands = |value: &Value| fit(value) && column.is_none_or(|column| column.fits(value));
        if stands(&changed.before) && stands(&changed.after) {
            return Ok(None);
        }
        Ok(Some(
            say!(
                "sound.changed_what_such_field",
                field = field,
                name = table.name,
                row = changed.row
            )
            .to_string(),
        ))
    }
}

impl Column {
    /// The value is one that this column can have.
    fn fits(&self, value: &Value) -> bool {
        match value {
            Value::Null => self.empty,
            // Rows are named by their ids, whatever the file has of them.
            Value::Blob(id) if self.holds == Holds::Row => Id::from_slice(id).is_some(),
            _ if self.holds == Holds::Row => false,
            Value::Integer(n) if self.name == "removed" => matches!(n, 0 | 1),
            Value::Integer(n) if self.holds == Holds::Day => Day::from_number(*n).is_some(),
            value => value.data_type() == self.kind,
        }
    }
}

/// Why a batch that was just written cannot stand as it does, in a few words.
pub fn wrong_as_it_stands(
    conn: &Connection,
    n: i64,
    shapes: &Shapes,
    coming: &Coming,
) -> Result<Option<String>> {
    let (header, hash) = conn.header(n)?;
    let holders = ids::holders(conn, header.id)?;
    let (mut tally, mut why) = (Tally::default(), Shapes::wrong_header(&header, holders));
    conn.items(n, &mut |item| {
        // Who stands in until the purge comes is nothing that the batch has written.
        if matches!(&item, Item::Made(made) if coming.is_open(conn, made.id)?) {
            return Ok(());
        }
        tally.add(&item);
        if why.is_none() {
            let holders = ids::holders(conn, item.id())?;
            // That it is purged says the batch itself, which stands here already.
            let own = match &item {
                Item::Purged {
                    id, entity: LABEL, ..
                } => *id == header.id,
                Item::Purged { id, entity, .. } => {
                    known_kind(*entity)
                        && !holders.batch
                        && (!holders.row || coming.is_open(conn, *id)?)
                }
                _ => false,
            };
            why = match item {
                _ if own => None,
                Item::Made(_) | Item::Changed(_) if holders.grave => {
                    Some(say!("sound.another_batch_here_says", id = item.id()).to_string())
                }
                _ => shapes.wrong(conn, &header, &item, holders)?,
            };
        }
        Ok(())
    })?;
    if why.is_none() && !tally.has_as_many(&header) {
        why = Some(say!("any.not_as_many_things").to_string());
    }
    Ok(why.or_else(|| {
        (!tally.fits(&header, &hash)).then(|| "its hash does not fit what stands there".to_owned())
    }))
}

fn known_kind(entity: i64) -> bool {
    matches!(entity, LABEL | 0) || batch::table_numbered(entity).is_some()
}
