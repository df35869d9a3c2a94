//! What is taken over: each new batch with all its rows and edits, or nothing of it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use crate::domain::command::Entity;
use crate::domain::event::EventKind;
use crate::domain::heads::ids_of;
use crate::domain::id::Id;
use crate::store::batch::{self, Table};
use crate::store::hash::{self, Changed, Header, Item, Made, Tally};
use crate::store::purge::{self, Fate};
use crate::store::{heads, moves, twins};

use super::super::ids;
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
    /// Of these, whom batches touched that take back or correct: no rule fires for that, here neither.
    pub corrected: BTreeSet<i64>,
    /// A config key changed.
    pub config: bool,
    /// A setting or a view came or changed.
    pub named: bool,
    /// Something was purged.
    pub purges: bool,
    /// Customers by whose batches they were touched: person and device.
    pub touched_by: BTreeMap<(String, Id), BTreeSet<i64>>,
    /// Customers (our integers) to whom moves came, or events taken back.
    pub moved: BTreeSet<i64>,
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

/// Where batches come from: another copy of the book, or bundles. A batch is named by a number of the source's own.
pub trait Source {
    /// The batch's row, and the hash that it carries.
    fn header(&self, n: i64) -> Result<(Header, Vec<u8>)>;
    /// Everything that it wrote, in the order of ids.
    fn items(&self, n: i64, each: &mut dyn FnMut(Item) -> Result<()>) -> Result<()>;
}

impl Source for Connection {
    fn header(&self, n: i64) -> Result<(Header, Vec<u8>)> {
        let query = format!("SELECT {} FROM batch WHERE n = ?", hash::HEADER);
        let mut statement = self.prepare_cached(&query).map_err(sql)?;
        let mut rows = statement.query([n]).map_err(sql)?;
        let row = rows.next().map_err(sql)?.ok_or_else(|| Error::failed("a batch of the other copy is gone"))?;
        let (header, hash, ..) = hash::header_of(row)?;
        Ok((header, hash))
    }

    fn items(&self, n: i64, each: &mut dyn FnMut(Item) -> Result<()>) -> Result<()> {
        hash::items(self, n, each)
    }
}

/// Up to so many rows and edits a batch is held in memory and read only once.
const AT_ONCE: i64 = 10_000;

/// Takes the batches with these numbers within the caller's transaction.
pub fn take(ours: &Connection, theirs: &dyn Source, new: &[i64]) -> Result<Taken> {
    let mut desk = Desk { ours, purged: purge::any(ours)?, taken: Taken::default(), fields: BTreeSet::new() };
    for n in new {
        let (header, hash) = theirs.header(*n)?;
        let why = desk.one(theirs, *n, &header, &hash)?;
        let taken = &mut desk.taken;
        match why {
            None => {
                let key = (header.person.clone(), header.device);
                let at = Stamp(header.wall);
                let arrived = taken.arrived.entry(key).or_insert(Arrived {
                    person: header.person.clone(),
                    device: header.device,
                    batches: 0,
                    last: at,
                    did: BTreeMap::new(),
                    customers: 0,
                    names: Vec::new(),
                });
                *arrived.did.entry(header.command.clone()).or_default() += 1;
                arrived.batches += 1;
                arrived.last = arrived.last.max(at);
                taken.headers.push(header);
            }
            Some(why) => {
                taken.left_out.push(LeftOut { batch: header.id, person: header.person, label: header.label, at: Stamp(header.wall), why });
            }
        }
    }
    let Desk { mut taken, fields, .. } = desk;
    settle(ours, &mut taken, &fields)?;
    Ok(taken)
}

/// What one batch brings, until it is known to be whole.
#[derive(Default)]
struct Brought {
    rows: usize,
    edits: usize,
    customers: Vec<Id>,
    touched: BTreeSet<i64>,
    moved: BTreeSet<i64>,
    edited: BTreeSet<i64>,
    config: bool,
    named: bool,
    fields: Vec<(i64, Id, String)>,
    purges: bool,
    /// By which purge something of it was purged here before it came.
    buried: Option<i64>,
    /// It would have removed a customer that was purged.
    unmerged: bool,
}

/// Why a batch cannot be taken: told as an error to leave the reading of its items.
pub const NOT_WHOLE: &str = "it builds on a batch that is missing here";

/// Why a batch is not what its writer wrote.
pub const DOES_NOT_FIT: &str = "what it wrote is not what stands there: its hash does not fit";

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

type Put<T> = std::result::Result<T, Trouble>;

/// What is done with each item.
type Each<'a> = dyn FnMut(&Item) -> Put<()> + 'a;

/// The work on our side.
struct Desk<'c> {
    ours: &'c Connection,
    /// Something was purged here, so that what comes may belong to it.
    purged: bool,
    taken: Taken,
    fields: BTreeSet<(i64, Id, String)>,
}

impl Desk<'_> {
    /// Takes one batch; gives why it was not.
    fn one(&mut self, theirs: &dyn Source, n: i64, header: &Header, hash: &[u8]) -> Result<Option<String>> {
        let mut tally = Tally::default();
        let mut held = (header.made.saturating_add(header.edits) <= AT_ONCE).then(Vec::new);
        theirs.items(n, &mut |item| {
            tally.add(&item);
            // More than its row says.
            held.take_if(|items| items.len() as i64 > 2 * AT_ONCE);
            if let Some(items) = &mut held {
                items.push(item);
            }
            Ok(())
        })?;
        if !tally.fits(header, hash) {
            return Ok(Some(DOES_NOT_FIT.to_owned()));
        }
        let mut brought = Brought::default();
        // All of it or none: what is found wrong only while it is written takes back what was written before it.
        self.ours.execute_batch("SAVEPOINT one").map_err(sql)?;
        let written = match held {
            Some(items) => match self.check_all(&items) {
                Ok(()) => self.write(header, hash, &mut brought, &mut |put| items.iter().try_for_each(put)),
                Err(trouble) => Err(trouble),
            },
            None => self.write_apart(theirs, n, header, hash, &mut brought),
        };
        self.ours.execute_batch(if written.is_ok() { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" }).map_err(sql)?;
        match written {
            Ok(()) => {
                let taken = &mut self.taken;
                taken.rows += brought.rows;
                taken.edits += brought.edits;
                let whose = (header.person.clone(), header.device);
                taken.touched_by.entry(whose).or_default().extend(brought.touched.iter().chain(&brought.edited));
                if crate::store::rules::corrects(&header.command) {
                    taken.corrected.extend(brought.touched.iter().chain(&brought.edited));
                }
                taken.customers.append(&mut brought.customers);
                taken.touched.append(&mut brought.touched);
                taken.moved.append(&mut brought.moved);
                taken.config |= brought.config;
                taken.named |= brought.named;
                taken.purges |= brought.purges;
                self.fields.extend(brought.fields);
                Ok(None)
            }
            Err(Trouble::Missing) => Ok(Some(NOT_WHOLE.to_owned())),
            Err(Trouble::Known(id)) => Ok(Some(format!("another batch here has written {id} already"))),
            Err(Trouble::Error(error)) => Err(error),
        }
    }

    /// A batch that is too large to be held: each item is looked at and written as it is read.
    fn write_apart(&mut self, theirs: &dyn Source, n: i64, header: &Header, hash: &[u8], brought: &mut Brought) -> Put<()> {
        let ours = self.ours;
        self.write(header, hash, brought, &mut |put| {
            let mut trouble = None;
            let read = theirs.items(n, &mut |item| {
                check(ours, &item, &HashSet::new()).and_then(|()| put(&item)).map_err(|why| {
                    trouble = Some(why);
                    Error::failed(NOT_WHOLE)
                })
            });
            match (read, trouble) {
                (_, Some(trouble)) => Err(trouble),
                (Err(error), None) => Err(error.into()),
                (Ok(()), None) => Ok(()),
            }
        })
    }

    fn check_all(&self, items: &[Item]) -> Put<()> {
        let mut within = HashSet::with_capacity(items.len());
        for item in items {
            check(self.ours, item, &within)?;
            within.insert((kind_of(item), item.id()));
        }
        Ok(())
    }

    /// Writes the batch's row and, through `all`, its items.
    fn write(&mut self, h: &Header, hash: &[u8], brought: &mut Brought, all: &mut dyn FnMut(&mut Each<'_>) -> Put<()>) -> Put<()> {
        self.ours
            .prepare_cached(
                "INSERT INTO batch (id, person, device, number, hlc, wall, command, label, undoes, finished, made, edits, customer, hash)
                 VALUES (?,?,?,?,?,?,?,?,?,1,?,?,?,?)",
            )
            .and_then(|mut s| {
                s.execute(params![
                    h.id, h.person, h.device, h.number, h.hlc, h.wall, h.command, h.label, h.undoes, h.made, h.edits, h.customer, hash
                ])
            })
            .map_err(sql)?;
        let batch = self.ours.last_insert_rowid();
        all(&mut |item| self.put(batch, item, brought))?;
        if let Some(purged) = brought.buried {
            if brought.unmerged && h.command == purge::MERGING {
                brought.touched.extend(purge::forget_merging(self.ours, batch, purged)?.touched);
            }
            purge::unsay(self.ours, batch, purged)?;
        }
        Ok(())
    }

    fn put(&mut self, batch: i64, item: &Item, brought: &mut Brought) -> Put<()> {
        match if self.purged { purge::fate(self.ours, item)? } else { Fate::Stays } {
            Fate::Stays => {}
            Fate::Buried(by) => {
                brought.buried = Some(by);
                brought.unmerged |= purge::removes_a_customer(item);
                return Ok(purge::bury(self.ours, item, batch, by)?);
            }
            Fate::Kept(by) | Fate::Along(by) => {
                brought.buried = Some(by);
                return self.put_move(batch, item, by, brought);
            }
        }
        match item {
            Item::Made(made) => put_row(self.ours, batch, made, brought),
            Item::Changed(changed) if changed.field == purge::FIELD => self.put_purge(batch, changed, brought),
            Item::Changed(changed) => put_edit(self.ours, batch, changed, brought),
            Item::Purged { .. } => {
                self.purged = true;
                Ok(purge::bury(self.ours, item, batch, batch)?)
            }
        }
    }

    /// Whose a purged row was, or will never be: the row goes, where it is here.
    fn put_move(&mut self, batch: i64, item: &Item, by: i64, brought: &mut Brought) -> Put<()> {
        let Item::Changed(changed) = item else { return Ok(()) };
        batch::log(self.ours, batch, changed)?;
        brought.edits += 1;
        if let Some(table) = batch::table_numbered(changed.entity) {
            let gone = purge::go_along(self.ours, table, changed.row, by)?;
            // One's own files have what stood here until now.
            brought.purges |= gone.rows > 0;
            brought.touched.extend(gone.touched);
        }
        Ok(())
    }

    /// A purge: it is done here too.
    fn put_purge(&mut self, batch: i64, changed: &Changed, brought: &mut Brought) -> Put<()> {
        self.purged = true;
        batch::log(self.ours, batch, changed)?;
        brought.edits += 1;
        brought.purges = true;
        let Some(table) = batch::table_numbered(changed.entity) else { return Ok(()) };
        let gone = purge::apply(self.ours, table, changed.row, changed.knew.as_deref(), batch)?;
        brought.touched.extend(gone.touched);
        Ok(())
    }
}

/// What an item is, by the name of its table.
fn kind_of(item: &Item) -> &'static str {
    match item {
        Item::Made(made) => made.table.name,
        Item::Changed(_) => "edit",
        Item::Purged { .. } => "",
    }
}

/// Whether an item can be written: nothing of its id is here, and all that it builds on is, or is `within` its batch.
fn check(ours: &Connection, item: &Item, within: &HashSet<(&'static str, Id)>) -> Put<()> {
    let here = |table: &'static str, id: Id| -> Result<bool> {
        Ok(within.contains(&(table, id)) || is_known(ours, table, id)? || purge::is_purged(ours, id)?)
    };
    let fresh = |table: &str, id: Id| if is_known(ours, table, id)? { Err(Trouble::Known(id)) } else { Ok(()) };
    match item {
        Item::Made(made) => {
            fresh(made.table.name, made.id)?;
            for (column, value) in made.table.columns.iter().zip(&made.values) {
                let (to, id) = match (*column, value) {
                    ("contact", Value::Null) => continue,
                    (to @ ("customer" | "contact"), Value::Blob(id)) => (to, Id::from_slice(id).ok_or(Trouble::Missing)?),
                    ("customer" | "contact", _) => return Err(Trouble::Missing),
                    _ => continue,
                };
                if !here(to, id)? {
                    return Err(Trouble::Missing);
                }
            }
            Ok(())
        }
        Item::Changed(changed) => {
            fresh("edit", changed.id)?;
            let Some(table) = batch::table_numbered(changed.entity) else { return Ok(()) };
            if !here(table.name, changed.row)? {
                return Err(Trouble::Missing);
            }
            if let (batch::OWNER, Value::Blob(id)) = (changed.field.as_str(), &changed.after)
                && !here("customer", Id::from_slice(id).ok_or(Trouble::Missing)?)?
            {
                return Err(Trouble::Missing);
            }
            // A purge lets stay what it knew to have left: that has to be here before it.
            let known = changed.knew.as_deref().filter(|_| changed.field == purge::FIELD).unwrap_or_default();
            for seen in ids_of(&changed.seen).chain(ids_of(known)) {
                if !here("edit", seen)? {
                    return Err(Trouble::Missing);
                }
            }
            Ok(())
        }
        Item::Purged { .. } => Ok(()),
    }
}

fn number_of(ours: &Connection, table: &str, id: &Value) -> Put<i64> {
    let found: Option<i64> = ours
        .prepare_cached(&format!("SELECT n FROM {table} WHERE id = ?"))
        .and_then(|mut s| s.query_row([id], |r| r.get(0)).optional())
        .map_err(sql)?;
    found.ok_or(Trouble::Missing)
}

fn is_known(ours: &Connection, table: &str, id: Id) -> Result<bool> {
    let query = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE id = ?)");
    ours.prepare_cached(&query).and_then(|mut s| s.query_row([&id], |r| r.get(0))).map_err(sql)
}

fn put_row(ours: &Connection, batch: i64, made: &Made, brought: &mut Brought) -> Put<()> {
    let table = made.table;
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
    ours.prepare_cached(table.insert).and_then(|mut s| s.execute(params_from_iter(&values))).map_err(sql)?;
    brought.rows += 1;
    match table.entity {
        Entity::Customer => {
            brought.customers.push(made.id);
            brought.touched.insert(ours.last_insert_rowid());
        }
        Entity::Config => (brought.config, brought.named) = (true, true),
        Entity::View => brought.named = true,
        Entity::Event if made.values.get(1) == Some(&Value::Integer(EventKind::Stage as i64)) => {
            brought.moved.extend(values.get(2).and_then(|v| if let Value::Integer(n) = v { Some(*n) } else { None }));
        }
        _ => {}
    }
    Ok(())
}

fn put_edit(ours: &Connection, batch: i64, changed: &Changed, brought: &mut Brought) -> Put<()> {
    batch::log(ours, batch, changed)?;
    brought.edits += 1;
    if let Some(table) = batch::table_numbered(changed.entity) {
        brought.config |= table.entity == Entity::Config;
        brought.named |= matches!(table.entity, Entity::Config | Entity::View);
        brought.edited.extend(customer_of(ours, table, changed.row)?);
        brought.fields.push((changed.entity, changed.row, changed.field.clone()));
    }
    Ok(())
}

/// The customer's integer of a row.
fn customer_of(ours: &Connection, table: &Table, row: Id) -> Result<Option<i64>> {
    let owner: Option<Option<i64>> = ours
        .prepare_cached(&format!("SELECT {} FROM {} WHERE id = ?", table.owner(), table.name))
        .and_then(|mut s| s.query_row([&row], |r| r.get(0)).optional())
        .map_err(sql)?;
    Ok(owner.flatten())
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
    let mut gone = Vec::new();
    for n in taken.touched.iter().chain(&customers) {
        match ids::id_of(ours, "customer", *n)? {
            Some(id) => owners.extend([id]),
            None => gone.push(*n),
        }
    }
    taken.touched.retain(|n| !gone.contains(n));
    for owner in owners {
        one_field(ours, taken, batch::table(Entity::Customer), owner, "removed")?;
    }
    if taken.named {
        taken.conflicts.extend(twins::settle(ours)?);
        taken.conflicts.sort();
        taken.conflicts.dedup();
    }
    for customer in std::mem::take(&mut taken.moved) {
        taken.conflicts.extend(moves::settle(ours, customer)?.map(|id| (id, moves::FIELD.to_owned())));
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
    if table.entity == Entity::Event && field == "removed" {
        taken.moved.extend(settled.customer);
    }
    if field == batch::OWNER {
        // Whose it is now has to be folded again as well.
        taken.touched.extend(batch::current(ours, table, row, field)?.and_then(|c| c.customer));
    }
    if settled.conflict {
        taken.conflicts.push((row, field.to_owned()));
    }
    Ok(())
}
