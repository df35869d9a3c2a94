//! What is taken over: each new batch with all its rows and edits, or nothing of it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use crate::domain::command::Entity;
use crate::domain::heads::ids_of;
use crate::domain::id::Id;
use crate::store::batch::{self, Table};
use crate::store::hash::{self, Changed, Header, Item, Made};
use crate::store::heads;

use super::{Arrived, Error, LeftOut, Result, Stamp, sql};

/// What was taken, for bringing the rest up to date and for the report.
#[derive(Default)]
pub struct Taken {
    /// By person and device.
    pub arrived: BTreeMap<(String, Id), Arrived>,
    /// What was not.
    pub left_out: Vec<LeftOut>,
    /// Rows made.
    pub rows: usize,
    /// Edits.
    pub edits: usize,
    /// Rows and fields that show something else.
    pub changed: usize,
    /// Customers (our integers) whose figures have to be folded again.
    pub touched: BTreeSet<i64>,
    /// A config key changed.
    pub config: bool,
    /// Events with another text.
    pub reworded: Vec<Id>,
    /// Fields that are conflicts now.
    pub conflicts: Vec<(Id, String)>,
    /// Customers that came.
    pub customers: Vec<Id>,
    /// Wall times from each device.
    pub headers: Vec<Header>,
}

/// The batches of `theirs` that `ours` lacks, as their integers in ascending order: a batch comes after those it builds on.
/// Both are read in the order of ids side by side, so that nothing rests on the devices' numbers.
pub fn missing(ours: &Connection, theirs: &Connection) -> Result<Vec<i64>> {
    let query = "SELECT id, n FROM batch ORDER BY id";
    let (mut a, mut b) = (ours.prepare_cached(query).map_err(sql)?, theirs.prepare_cached(query).map_err(sql)?);
    let (mut mine, mut others) = (a.query([]).map_err(sql)?, b.query([]).map_err(sql)?);
    let mut next_mine = || -> Result<Option<[u8; 16]>> { mine.next().map_err(sql)?.map(|r| r.get(0)).transpose().map_err(sql) };
    let mut new = Vec::new();
    let mut have = next_mine()?;
    while let Some(row) = others.next().map_err(sql)? {
        let id: [u8; 16] = row.get(0).map_err(sql)?;
        while have.is_some_and(|h| h < id) {
            have = next_mine()?;
        }
        if have != Some(id) {
            new.push(row.get(1).map_err(sql)?);
        }
    }
    drop(others);
    let mut finished = theirs.prepare_cached("SELECT finished FROM batch WHERE n = ?").map_err(sql)?;
    let mut all = Vec::with_capacity(new.len());
    new.sort_unstable();
    for n in new {
        if finished.query_row([n], |r| r.get::<_, i64>(0)).map_err(sql)? == 1 {
            all.push(n);
        }
    }
    Ok(all)
}

/// Takes the batches with these integers within the caller's transaction.
pub fn take(ours: &Connection, theirs: &Connection, new: &[i64]) -> Result<Taken> {
    let mut taken = Taken::default();
    let mut fields: BTreeSet<(i64, Id, String)> = BTreeSet::new();
    for n in new {
        let (header, hash) = header(theirs, *n)?;
        let why = if hash::of_batch(theirs, *n, &header)?[..] == hash[..] {
            one(ours, theirs, *n, &header, &hash, &mut taken, &mut fields)?
        } else {
            Some("what it wrote is not what stands there: its hash does not fit".to_owned())
        };
        match why {
            None => {
                let key = (header.person.clone(), header.device);
                let at = Stamp(header.wall);
                let arrived = taken.arrived.entry(key).or_insert(Arrived {
                    person: header.person.clone(),
                    device: header.device,
                    batches: 0,
                    last: at,
                });
                arrived.batches += 1;
                arrived.last = arrived.last.max(at);
                taken.headers.push(header);
            }
            Some(why) => {
                taken.left_out.push(LeftOut { batch: header.id, person: header.person, label: header.label, at: Stamp(header.wall), why });
            }
        }
    }
    settle(ours, &mut taken, &fields)?;
    Ok(taken)
}

fn header(theirs: &Connection, n: i64) -> Result<(Header, Vec<u8>)> {
    let query = format!("SELECT {} FROM batch WHERE n = ?", hash::HEADER);
    let mut statement = theirs.prepare_cached(&query).map_err(sql)?;
    let mut rows = statement.query([n]).map_err(sql)?;
    let row = rows.next().map_err(sql)?.ok_or_else(|| Error::failed("a batch of the other copy is gone"))?;
    let (header, hash, ..) = hash::header_of(row)?;
    Ok((header, hash))
}

/// What one batch brings, until it is known to be whole.
#[derive(Default)]
struct Brought {
    rows: usize,
    edits: usize,
    customers: Vec<Id>,
    touched: BTreeSet<i64>,
    config: bool,
    fields: Vec<(i64, Id, String)>,
}

/// Why a batch cannot be taken: told as an error to leave the reading of its items.
const NOT_WHOLE: &str = "it builds on a batch that is missing here";

/// Takes one batch; gives why it was not.
fn one(
    ours: &Connection,
    theirs: &Connection,
    n: i64,
    header: &Header,
    hash: &[u8],
    taken: &mut Taken,
    fields: &mut BTreeSet<(i64, Id, String)>,
) -> Result<Option<String>> {
    ours.execute_batch("SAVEPOINT one").map_err(sql)?;
    let mut brought = Brought::default();
    let written = write(ours, theirs, n, header, hash, &mut brought);
    let end = if written.is_ok() { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" };
    ours.execute_batch(end).map_err(sql)?;
    match written {
        Ok(()) => {
            taken.rows += brought.rows;
            taken.edits += brought.edits;
            taken.customers.append(&mut brought.customers);
            taken.touched.append(&mut brought.touched);
            taken.config |= brought.config;
            fields.extend(brought.fields);
            Ok(None)
        }
        Err(Trouble::Missing) => Ok(Some(NOT_WHOLE.to_owned())),
        Err(Trouble::Known(id)) => Ok(Some(format!("another batch here has written {id} already"))),
        Err(Trouble::Error(error)) => Err(error),
    }
}

enum Trouble {
    /// A row, or an edit that one has seen, is not here.
    Missing,
    /// A row or edit of this id is here, from another batch.
    Known(Id),
    /// Anything else ends the merge.
    Error(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Error(error)
    }
}

fn write(
    ours: &Connection,
    theirs: &Connection,
    n: i64,
    h: &Header,
    hash: &[u8],
    brought: &mut Brought,
) -> std::result::Result<(), Trouble> {
    ours.prepare_cached(
        "INSERT INTO batch (id, person, device, number, hlc, wall, command, label, undoes, finished, made, edits, customer, hash)
         VALUES (?,?,?,?,?,?,?,?,?,1,?,?,?,?)",
    )
    .and_then(|mut s| {
        s.execute(params![
            h.id, h.person, h.device, h.number, h.hlc, h.wall, h.command, h.label, h.undoes, h.made, h.edits, h.customer, hash
        ])
    })
    .map_err(sql)?;
    let batch = ours.last_insert_rowid();
    let mut trouble = None;
    let read = hash::items(theirs, n, |item| {
        let done = match &item {
            Item::Made(made) => put_row(ours, batch, made, brought),
            Item::Changed(changed) => put_edit(ours, batch, changed, brought),
            Item::Purged { id, entity, digest } => ours
                .prepare_cached("INSERT INTO tombstone (id, entity, batch, purged, digest) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING")
                .and_then(|mut s| s.execute(params![id, entity, batch, batch, &digest[..]]))
                .map(|_| ())
                .map_err(|e| Trouble::Error(sql(e))),
        };
        done.map_err(|why| {
            trouble = Some(why);
            Error::failed(NOT_WHOLE)
        })
    });
    match (read, trouble) {
        (_, Some(trouble)) => Err(trouble),
        (Err(error), None) => Err(error.into()),
        (Ok(()), None) => Ok(()),
    }
}

fn number_of(ours: &Connection, table: &str, id: &Value) -> std::result::Result<i64, Trouble> {
    let found: Option<i64> = ours
        .prepare_cached(&format!("SELECT n FROM {table} WHERE id = ?"))
        .and_then(|mut s| s.query_row([id], |r| r.get(0)).optional())
        .map_err(sql)?;
    found.ok_or(Trouble::Missing)
}

fn put_row(ours: &Connection, batch: i64, made: &Made, brought: &mut Brought) -> std::result::Result<(), Trouble> {
    let table = made.table;
    if is_known(ours, table.name, made.id)? {
        return Err(Trouble::Known(made.id));
    }
    let mut values = vec![Value::Blob(made.id.0.to_vec()), Value::Integer(batch)];
    for (column, value) in table.columns.iter().zip(&made.values) {
        values.push(match (*column, value) {
            ("customer", id) => {
                let n = number_of(ours, "customer", id)?;
                brought.touched.insert(n);
                Value::Integer(n)
            }
            ("contact", Value::Null) => Value::Null,
            ("contact", id) => Value::Integer(number_of(ours, "contact", id)?),
            (_, value) => value.clone(),
        });
    }
    ours.prepare_cached(table.insert).and_then(|mut s| s.execute(params_from_iter(values))).map_err(sql)?;
    brought.rows += 1;
    match table.entity {
        Entity::Customer => {
            brought.customers.push(made.id);
            brought.touched.insert(ours.last_insert_rowid());
        }
        Entity::Config => brought.config = true,
        _ => {}
    }
    Ok(())
}

fn is_known(ours: &Connection, table: &str, id: Id) -> std::result::Result<bool, Trouble> {
    let query = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE id = ?)");
    Ok(ours.prepare_cached(&query).and_then(|mut s| s.query_row([&id], |r| r.get(0))).map_err(sql)?)
}

fn put_edit(ours: &Connection, batch: i64, changed: &Changed, brought: &mut Brought) -> std::result::Result<(), Trouble> {
    if is_known(ours, "edit", changed.id)? {
        return Err(Trouble::Known(changed.id));
    }
    let Some(table) = batch::table_numbered(changed.entity) else {
        batch::log(ours, batch, changed)?;
        brought.edits += 1;
        return Ok(());
    };
    if !is_known(ours, table.name, changed.row)? {
        return Err(Trouble::Missing);
    }
    for seen in ids_of(&changed.seen) {
        if !is_known(ours, "edit", seen)? {
            return Err(Trouble::Missing);
        }
    }
    batch::log(ours, batch, changed)?;
    brought.edits += 1;
    brought.config |= table.entity == Entity::Config;
    brought.fields.push((changed.entity, changed.row, changed.field.clone()));
    Ok(())
}

/// Brings every field that an edit came for in line with its edits, then whether rows are removed, the customers last:
/// a customer's removal is judged by its rows.
fn settle(ours: &Connection, taken: &mut Taken, fields: &BTreeSet<(i64, Id, String)>) -> Result<()> {
    taken.changed = taken.rows;
    let mut rows: BTreeSet<(std::cmp::Reverse<i64>, Id)> = BTreeSet::new();
    for (entity, row, field) in fields {
        rows.insert((std::cmp::Reverse(*entity), *row));
        let Some(table) = batch::table_numbered(*entity).filter(|_| field != "removed") else { continue };
        one_field(ours, taken, table, *row, field)?;
    }
    let customers: Vec<i64> = taken.touched.iter().copied().collect();
    for (entity, row) in rows.iter().filter(|r| r.0.0 != CUSTOMER) {
        if let Some(table) = batch::table_numbered(entity.0) {
            one_field(ours, taken, table, *row, "removed")?;
        }
    }
    let mut owners: BTreeSet<Id> = rows.iter().filter(|r| r.0.0 == CUSTOMER).map(|r| r.1).collect();
    for n in taken.touched.iter().chain(&customers) {
        let id = ours.prepare_cached("SELECT id FROM customer WHERE n = ?").and_then(|mut s| s.query_row([n], |r| r.get(0).map(Id)));
        owners.insert(id.map_err(sql)?);
    }
    for owner in owners {
        one_field(ours, taken, batch::table(Entity::Customer), owner, "removed")?;
    }
    Ok(())
}

/// The number of customers in the log.
const CUSTOMER: i64 = 1;

fn one_field(ours: &Connection, taken: &mut Taken, table: &'static Table, row: Id, field: &str) -> Result<()> {
    // A field that this version does not know is kept in the log, for one that does.
    if batch::current(ours, table, row, field).is_err_and(|e| e.kind == crate::error::Kind::Usage) {
        return Ok(());
    }
    let settled = heads::settle(ours, table, row, field)?;
    taken.changed += usize::from(settled.changed);
    taken.touched.extend(settled.customer);
    if settled.conflict {
        taken.conflicts.push((row, field.to_owned()));
    }
    if settled.changed && table.entity == Entity::Event && field == "text" {
        taken.reworded.push(row);
    }
    Ok(())
}
