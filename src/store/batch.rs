//! One batch being written: rows made, fields changed, and what the hash, the log and the signals need to know of them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use crate::domain::command::Entity;
use crate::domain::heads::{horizon, time_of};
use crate::domain::id::{Id, Ids};
use crate::domain::time::{Day, Stamp, Zone};
use crate::error::{Error, Result};
use crate::text::with_article;

use super::hash::{self, Changed, Header};
use super::sign::Signer;
use super::{Who, heads, ids, moves, purge, twins};

pub use super::entities::{Holds, OWNER, TABLES, Table, Words, table, table_numbered};

impl ToSql for Id {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
    }
}

impl ToSql for Day {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Integer(self.number())))
    }
}

impl ToSql for Stamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Integer(self.0)))
    }
}

/// A batch within an open transaction. Nothing stands until the caller commits.
pub struct Batch<'c> {
    /// The connection whose transaction it is in.
    pub conn: &'c Connection,
    /// Makes ids.
    pub ids: &'c mut Ids,
    /// When it is written.
    pub now: Stamp,
    /// The book's zone.
    pub zone: Zone,
    /// Who writes it.
    pub person: String,
    /// Where it was asked for earlier: the last batch (its integer) of which its person could know. What others wrote behind that one
    /// it has not seen, and it stands beside theirs.
    pub upto: Option<i64>,
    /// Its integer in this file.
    pub n: i64,
    /// Its id.
    pub id: Id,
    /// Rows made.
    pub made: usize,
    /// Fields changed.
    pub edits: usize,
    /// Customers (their integers) whose signals and roster rows have to be brought up to date.
    pub touched: BTreeSet<i64>,
    /// A config key was written.
    pub config_touched: bool,
    /// A setting or a view was written: of several of one name one may hold now.
    pub named: bool,
    /// A subscription was written: the book's median may have moved.
    pub money_touched: bool,
    /// It moved customers, or took events back: moves of different copies may stand against each other now, or no longer.
    pub moves: bool,
    /// What its row says, for the hash.
    header: Header,
    signer: Option<Arc<Signer>>,
    hasher: hash::Hasher,
    /// What of one row goes into the hash, together: many small pieces would cost more than the hashing.
    piece: Vec<u8>,
    /// Ids of customers and of contacts by their integers: the hash is over ids, and rows of one customer come together.
    known: [HashMap<i64, Id>; 2],
}

/// What a batch begins with.
pub struct Start<'s> {
    /// Code of the command.
    pub command: &'s str,
    /// When it is written.
    pub now: Stamp,
    /// The book's zone.
    pub zone: Zone,
    /// The batch that it takes back.
    pub undoes: Option<Id>,
    /// See [`Batch::upto`].
    pub upto: Option<i64>,
    /// The greatest number of the device that a batch has which the book does not have yet; 0: none.
    pub taken: i64,
    /// What signs it.
    pub signer: Option<Arc<Signer>>,
}

/// Most ids of customers, and of contacts, that a batch keeps at hand; then it begins anew.
const MOST_KNOWN: usize = 1 << 16;

impl<'c> Batch<'c> {
    /// Begins a batch: its row is there, unfinished.
    pub fn begin(
        conn: &'c Connection,
        ids: &'c mut Ids,
        who: &Who,
        start: Start<'_>,
    ) -> Result<Batch<'c>> {
        let Start {
            command,
            now,
            zone,
            undoes,
            upto,
            taken,
            signer,
        } = start;
        let (number, hlc) = place(conn, who, now, upto)?;
        let number = number.max(taken.saturating_add(1));
        let id = ids.next(now);
        conn.prepare_cached(
            "INSERT INTO batch (id, person, device, number, hlc, wall, command, label, undoes) VALUES (?,?,?,?,?,?,?,'',?)",
        )
        .and_then(|mut s| s.execute(params![id, who.person, who.device, number, hlc, now, command, undoes]))?;
        let n = conn.last_insert_rowid();
        let header = Header {
            id,
            person: who.person.clone(),
            device: who.device,
            number,
            hlc,
            wall: now.0,
            command: command.to_owned(),
            label: String::new(),
            undoes,
            made: 0,
            edits: 0,
            customer: None,
        };
        Ok(Batch {
            conn,
            ids,
            now,
            zone,
            person: who.person.clone(),
            upto,
            n,
            id,
            made: 0,
            edits: 0,
            touched: BTreeSet::new(),
            config_touched: false,
            named: false,
            money_touched: false,
            moves: false,
            signer,
            header,
            hasher: hash::Hasher::default(),
            piece: Vec::new(),
            known: Default::default(),
        })
    }

    /// Makes a row; `values` go with the table's `columns`. Gives its integer and id.
    pub fn insert(&mut self, entity: Entity, values: &[&dyn ToSql]) -> Result<(i64, Id)> {
        let table = table(entity);
        debug_assert_eq!(
            values.len(),
            table.columns.len(),
            "one value a column of {}",
            table.name
        );
        let id = self.ids.next(self.now);
        let mut all: Vec<&dyn ToSql> = Vec::with_capacity(values.len() + 2);
        all.push(&id);
        all.push(&self.n);
        all.extend_from_slice(values);
        self.conn
            .prepare_cached(table.insert)
            .and_then(|mut s| s.execute(&all[..]))?;
        let n = self.conn.last_insert_rowid();
        match entity {
            Entity::Customer => self.know(CUSTOMERS, n, id),
            Entity::Contact => self.know(CONTACTS, n, id),
            Entity::Config => (self.config_touched, self.named) = (true, true),
            Entity::View => self.named = true,
            Entity::Subscription => self.money_touched = true,
            _ => {}
        }
        self.hash_row(table, id, values)?;
        self.made += 1;
        Ok((n, id))
    }

    fn hash_row(&mut self, table: &'static Table, id: Id, values: &[&dyn ToSql]) -> Result<()> {
        let mut piece = std::mem::take(&mut self.piece);
        piece.clear();
        hash::begin_row(&mut piece, table, id);
        for (column, value) in table.columns.iter().zip(values) {
            let output = value.to_sql()?;
            let value = match &output {
                ToSqlOutput::Borrowed(v) => *v,
                ToSqlOutput::Owned(v) => ValueRef::from(v),
                _ => ValueRef::Null,
            };
            match (*column, value) {
                ("customer", ValueRef::Integer(n)) => {
                    hash::put_value(&mut piece, ValueRef::Blob(&self.id_of(CUSTOMERS, n)?.0))
                }
                ("contact", ValueRef::Integer(n)) => {
                    hash::put_value(&mut piece, ValueRef::Blob(&self.id_of(CONTACTS, n)?.0))
                }
                (column, value) => hash::put_column(&mut piece, column, value),
            }
        }
        self.hasher.item(&hash::digest(&piece));
        self.piece = piece;
        Ok(())
    }

    fn know(&mut self, of: usize, n: i64, id: Id) {
        let known = &mut self.known[of];
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(n, id);
    }

    fn id_of(&mut self, of: usize, n: i64) -> Result<Id> {
        if let Some(id) = self.known[of].get(&n) {
            return Ok(*id);
        }
        let id = ids::named(self.conn, ["customer", "contact"][of], n)?;
        self.know(of, n, id);
        Ok(id)
    }

    /// Changes one field of a row: logs the edit with what it saw, and writes the value. `false` when it says that already.
    /// Fields are a table's own, and for customers also `attr.<code>` and `tag.<tag>`.
    pub fn set(&mut self, entity: Entity, row: Id, field: &str, value: Value) -> Result<bool> {
        let table = table(entity);
        let Some(current) = current(self.conn, table, row, field)? else {
            return Err(Error::not_found(say!("any.gone", name = table.name)));
        };
        if current.value == value {
            return Ok(false);
        }
        self.put(table, row, field, value, current)?;
        Ok(true)
    }

    /// Writes an edit also where the field says that already: a decision between two edits that had not seen each other.
    pub fn settle(&mut self, entity: Entity, row: Id, field: &str, value: Value) -> Result<()> {
        let table = table(entity);
        let Some(current) = current(self.conn, table, row, field)? else {
            return Err(Error::not_found(say!("any.gone", name = table.name)));
        };
        self.put(table, row, field, value, current)
    }

    /// An edit as a newer version may write it.
    #[cfg(test)]
    pub fn log_unknown(&mut self, row: Id, field: &str, after: &str) {
        let changed = Changed {
            id: self.ids.next(self.now),
            entity: 1,
            row,
            field: field.into(),
            before: Value::Null,
            after: Value::Text(after.into()),
            seen: Vec::new(),
            knew: None,
        };
        log(self.conn, self.n, &changed).unwrap();
        self.piece.clear();
        hash::put_edit(&mut self.piece, &changed);
        self.hasher.item(&hash::digest(&self.piece));
        self.edits += 1;
    }

    /// Purges a row with all that belongs to it.
    pub fn purge(&mut self, entity: Entity, row: Id, why: Value) -> Result<purge::Gone> {
        let table = table(entity);
        let left = if entity == Entity::Customer {
            purge::known_moves(self.conn, row)?
        } else {
            Vec::new()
        };
        let changed = Changed {
            id: self.ids.next(self.now),
            entity: table.number,
            row,
            field: purge::FIELD.to_owned(),
            before: Value::Null,
            after: why,
            seen: Vec::new(),
            knew: Some(heads::joined(left)),
        };
        log(self.conn, self.n, &changed)?;
        self.piece.clear();
        hash::put_edit(&mut self.piece, &changed);
        self.hasher.item(&hash::digest(&self.piece));
        self.edits += 1;
        let gone = purge::apply(self.conn, table, row, changed.knew.as_deref(), self.n)?;
        self.touched.extend(gone.touched.iter().copied());
        // Lists are loaded anew: a row of the roster cannot leave it alone.
        self.config_touched = true;
        Ok(gone)
    }

    fn put(
        &mut self,
        table: &'static Table,
        row: Id,
        field: &str,
        value: Value,
        current: Current,
    ) -> Result<()> {
        let entity = table.entity;
        if field == OWNER && owner_number(self.conn, &value)?.is_none() {
            return Err(Error::not_found(say!("any.customer_gone"))
                .hint(say!("batch.what_purged_takes_nothing")));
        }
        let seen = heads::seen(self.conn, row, field, self.eye())?;
        let knew = if field == "removed" && value == Value::Integer(1) {
            Some(heads::known_at_removal(self.conn, table, row, self.eye())?)
        } else if current.gone {
            Some(heads::removals(
                self.conn,
                row,
                field,
                current.customer,
                self.header.undoes,
                self.eye(),
            )?)
        } else {
            None
        };
        // What stood there when it was asked for: the row as it was made follows from the values before.
        let before = match self.eye() {
            Some(eye) => {
                heads::value_seen(self.conn, row, field, Some(eye))?.unwrap_or(current.value)
            }
            None => current.value,
        };
        let several = seen.len() > 16 || field == "removed";
        let changed = Changed {
            id: self.ids.next(self.now),
            entity: table.number,
            row,
            field: field.to_owned(),
            before,
            after: value,
            seen,
            knew,
        };
        log(self.conn, self.n, &changed)?;
        self.piece.clear();
        hash::put_edit(&mut self.piece, &changed);
        self.hasher.item(&hash::digest(&self.piece));
        let value = changed.after;
        if self.upto.is_some() {
            // Others may have gone on meanwhile: the field shows what all its edits say.
            heads::settle(self.conn, table, row, field)?;
            if field != "removed" {
                heads::settle(self.conn, table, row, "removed")?;
            }
        } else {
            if several {
                // It has seen every head, so the field is decided.
                heads::forget(self.conn, row, field)?;
            }
            store(self.conn, table, row, field, &value)?;
        }
        self.edits += 1;
        self.touched.extend(current.customer);
        if field == OWNER {
            self.touched.extend(owner_number(self.conn, &value)?);
        }
        match entity {
            Entity::Config => (self.config_touched, self.named) = (true, true),
            Entity::View => self.named = true,
            Entity::Subscription => self.money_touched = true,
            Entity::Event if field == "removed" => self.moves = true,
            _ => {}
        }
        Ok(())
    }

    /// Through whose eyes the batch looks at what others did, where that is not everything.
    pub fn eye(&self) -> Option<heads::Eye<'_>> {
        self.upto.map(|upto| heads::Eye {
            upto,
            person: &self.header.person,
        })
    }

    /// True when nothing was written.
    pub fn is_empty(&self) -> bool {
        self.made == 0 && self.edits == 0
    }

    /// Finishes the row of the batch: label, counts, hash; and brings the full-text index up to date with a small batch.
    pub fn finish(&mut self, label: &str) -> Result<()> {
        if super::search::waiting(self.conn)? <= 500 {
            super::search::catch_up(self.conn, 500)?;
        }
        if self.moves {
            moves::settle_behind(self.conn, self.n)?;
        }
        if self.named {
            twins::settle(self.conn)?;
        }
        heads::recheck_customers(self.conn, &self.touched)?;
        let customer: Option<Id> = match self.touched.first() {
            Some(n) => ids::id_of(self.conn, "customer", *n)?,
            None => None,
        };
        let header = Header {
            label: label.to_owned(),
            made: self.made as i64,
            edits: self.edits as i64,
            customer,
            ..self.header.clone()
        };
        let hash = std::mem::take(&mut self.hasher).finish(&header);
        self.conn
            .prepare_cached("UPDATE batch SET label = ?, finished = 1, made = ?, edits = ?, customer = ?, hash = ? WHERE n = ?")
            .and_then(|mut s| s.execute(params![label, self.made as i64, self.edits as i64, customer, &hash[..], self.n]))?;
        self.signer.as_ref().map_or(Ok(()), |signer| {
            signer.sign(self.conn, self.n, &header, &hash)
        })
    }
}

const CUSTOMERS: usize = 0;
const CONTACTS: usize = 1;

/// The device's next number, and the logical time of a batch that is written now: after the device's own last one, and after
/// every other that is not more than ten minutes ahead of the clock, so that one wrong clock does not take all along.
///
/// With `upto` only those up to that batch (its integer) count: a change that was asked for earlier comes behind what its person knew.
pub fn place(conn: &Connection, who: &Who, now: Stamp, upto: Option<i64>) -> Result<(i64, i64)> {
    let own: Option<(i64, i64)> = conn
        .prepare_cached(
            "SELECT number, hlc FROM batch WHERE device = ? ORDER BY number DESC LIMIT 1",
        )
        .and_then(|mut s| {
            s.query_row([&who.device], |r| Ok((r.get(0)?, r.get(1)?)))
                .optional()
        })?;
    let (number, own) = own.unwrap_or((0, 0));
    let near: i64 = conn
        .prepare_cached("SELECT coalesce((SELECT hlc FROM batch WHERE hlc <= ? AND n <= ? ORDER BY hlc DESC LIMIT 1), 0)")
        .and_then(|mut s| s.query_row([horizon(now.0), upto.unwrap_or(i64::MAX)], |r| r.get(0)))?;
    let next = number.checked_add(1).ok_or_else(|| {
        Error::failed(say!("batch.book_damaged_last_change"))
            .hint(say!("batch.retain_doctor_examines_backup"))
    })?;
    Ok((next, time_of(now.0, own, near)))
}

/// Writes an edit into the log.
pub fn log(conn: &Connection, batch: i64, c: &Changed) -> Result<()> {
    conn.prepare_cached("INSERT INTO edit (id, batch, entity, row, field, before, after, seen, knew) VALUES (?,?,?,?,?,?,?,?,?)")
        .and_then(|mut s| s.execute(params![c.id, batch, c.entity, c.row, c.field, c.before, c.after, c.seen, c.knew]))?;
    Ok(())
}

/// The value of a field now, and the customer it belongs to.
pub struct Current {
    /// The value.
    pub value: Value,
    /// The customer's integer; `None` for views and config.
    pub customer: Option<i64>,
    /// The row is removed, or its customer is.
    pub gone: bool,
}

/// What stands in a field now; `None` when the row is not there.
pub fn current(conn: &Connection, table: &Table, row: Id, field: &str) -> Result<Option<Current>> {
    let owner = table.owner();
    let column = match field.split_once('.') {
        Some(("attr", _)) if table.entity == Entity::Customer => "attributes",
        Some(("tag", _)) if table.entity == Entity::Customer => "tags",
        _ => known(table, field)?,
    };
    let gone = match owner {
        "customer" => "removed OR (SELECT c.removed FROM customer c WHERE c.n = customer)",
        _ => "removed",
    };
    let query = format!(
        "SELECT {column}, {owner}, {gone} FROM {} WHERE id = ?",
        table.name
    );
    let mut statement = conn.prepare_cached(&query)?;
    let found: Option<(Value, Option<i64>, bool)> = statement
        .query_row([&row], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .optional()?;
    let Some((value, customer, gone)) = found else {
        return Ok(None);
    };
    let value = match (field.split_once('.'), &value) {
        (None, Value::Integer(n)) if field == OWNER => {
            ids::id_of(conn, "customer", *n)?.map_or(Value::Null, |id| Value::Blob(id.0.to_vec()))
        }
        (Some(("attr", code)), Value::Text(json)) => json_value(attributes(json).get(code)),
        (Some(("tag", tag)), Value::Text(tags)) => {
            Value::Integer(i64::from(tags.split(' ').any(|t| t == tag)))
        }
        _ => value,
    };
    Ok(Some(Current {
        value,
        customer,
        gone,
    }))
}

/// Writes the value of a field, without a word in the log.
pub fn store(conn: &Connection, table: &Table, row: Id, field: &str, value: &Value) -> Result<()> {
    let (column, value) = match field.split_once('.') {
        Some((set @ ("attr" | "tag"), key)) => {
            let column = if set == "attr" { "attributes" } else { "tags" };
            (
                column,
                with_part(&text_of(conn, column, row)?, set, key, value),
            )
        }
        _ if field == OWNER => match owner_number(conn, value)? {
            Some(n) => (known(table, field)?, Value::Integer(n)),
            // Its customer was purged here: the row goes with the one it is at.
            None => return Ok(()),
        },
        _ => (known(table, field)?, value.clone()),
    };
    let query = format!("UPDATE {} SET {column} = ? WHERE id = ?", table.name);
    conn.prepare_cached(&query)
        .and_then(|mut s| s.execute(params![value, row]))?;
    // The one place where a field gets another value: undo, imports and merges come through here too.
    if table.words.as_ref().is_some_and(|w| w.of.contains(&column)) {
        super::search::reindex(conn, table, row)?;
    }
    Ok(())
}

/// The integer of the customer that a value of [`OWNER`] names; `None` where it is not here.
pub fn owner_number(conn: &Connection, value: &Value) -> Result<Option<i64>> {
    match value {
        Value::Blob(id) => {
            Id::from_slice(id).map_or(Ok(None), |id| ids::number_of(conn, "customer", id))
        }
        _ => Ok(None),
    }
}

/// The text of a customer's attributes (`set` is `attr`) or tags with one of them set.
pub fn with_part(text: &str, set: &str, key: &str, value: &Value) -> Value {
    if set == "attr" {
        let mut all = attributes(text);
        match value_json(value) {
            serde_json::Value::Null => all.remove(key),
            json => all.insert(key.to_owned(), json),
        };
        return Value::Text(serde_json::Value::Object(all).to_string());
    }
    let mut tags: BTreeSet<&str> = text.split(' ').filter(|t| !t.is_empty()).collect();
    if *value == Value::Integer(0) {
        tags.remove(key);
    } else {
        tags.insert(key);
    }
    Value::Text(tags.into_iter().collect::<Vec<_>>().join(" "))
}

fn text_of(conn: &Connection, column: &str, customer: Id) -> Result<String> {
    conn.prepare_cached(&format!("SELECT {column} FROM customer WHERE id = ?"))
        .and_then(|mut s| s.query_row([&customer], |r| r.get(0)))
        .map_err(Into::into)
}

/// The attributes of a stored JSON object; none when it is damaged.
pub fn attributes(json: &str) -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_str(json).unwrap_or_default()
}

fn known(table: &Table, field: &str) -> Result<&'static str> {
    let found = table.fields.iter().find(|f| **f == field);
    found.copied().ok_or_else(|| {
        Error::usage(say!(
            "batch.no_field",
            name = with_article(table.name),
            field = field
        ))
        .hint(format!("fields: {}", table.fields.join(", ")))
    })
}

/// A JSON value as it is stored.
pub fn json_value(json: Option<&serde_json::Value>) -> Value {
    match json {
        None | Some(serde_json::Value::Null) => Value::Null,
        Some(serde_json::Value::Bool(b)) => Value::Integer(i64::from(*b)),
        Some(serde_json::Value::Number(n)) => n.as_i64().map_or_else(
            || n.as_f64().map_or(Value::Null, Value::Real),
            Value::Integer,
        ),
        Some(serde_json::Value::String(s)) => Value::Text(s.clone()),
        Some(other) => Value::Text(other.to_string()),
    }
}

/// A stored value in JSON.
pub fn value_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null | Value::Blob(_) => serde_json::Value::Null,
        Value::Integer(i) => (*i).into(),
        Value::Real(r) => serde_json::Number::from_f64(*r)
            .map_or(serde_json::Value::Null, serde_json::Value::Number),
        Value::Text(t) => t.clone().into(),
    }
}
