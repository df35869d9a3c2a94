//! What is taken over: each new batch with all its rows and edits, or nothing of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use crate::domain::command::Entity;
use crate::domain::event::EventKind;
use crate::domain::heads::ids_of;
use crate::domain::id::Id;
use crate::store::batch::{self, Table};
use crate::store::hash::{Changed, Header, Item, Made, Tally};
use crate::store::ids;
use crate::store::purge::{self, Coming, Fate};
use crate::store::sign::{self, Proof};

use super::Taken;
use super::graves::Graves;
use super::settle::settle;
use super::sound::Shapes;
use super::theirs::Source;
use super::{Arrived, Error, LeftOut, Result, Stamp};

/// Up to so many rows and edits a batch is held in memory and read only once.
const AT_ONCE: i64 = 10_000;

/// Takes the batches with these numbers within the caller's transaction. What is wrong with one keeps out that one alone.
pub fn take(ours: &Connection, theirs: &dyn Source, new: &[i64]) -> Result<Taken> {
    take_by(ours, theirs, new, true)
}

/// The same of one's own damaged book, whose signatures may be lost: none is asked for.
pub fn take_unproven(ours: &Connection, theirs: &dyn Source, new: &[i64]) -> Result<Taken> {
    take_by(ours, theirs, new, false)
}

fn take_by(ours: &Connection, theirs: &dyn Source, new: &[i64], proven: bool) -> Result<Taken> {
    let (mut coming, mut order, mut most) = (Coming::default(), new.to_vec(), 0);
    for n in new {
        let (header, _) = theirs.header(*n)?;
        if header.command == purge::COMMAND {
            coming.announce(header.id);
            theirs.items(*n, &mut |item| {
                coming.note(header.id, &item);
                Ok(())
            })?;
        }
    }
    loop {
        let mut graves = Graves::default();
        let taken = take_or_nothing(ours, |ours| {
            take_all(ours, theirs, &order, (&coming, proven), &mut graves)
        });
        let taken = match taken {
            // Something in one of them cannot stand beside what is here: each alone, so that the others come.
            Err(error) if is_refused(&error) => {
                graves = Graves::default();
                take_or_nothing(ours, |ours| {
                    take_singly(ours, theirs, &order, (&coming, proven), &mut graves)
                })?
            }
            taken => taken?,
        };
        graves.name_purges(ours)?;
        let left: BTreeMap<Id, &str> = taken
            .left_out
            .iter()
            .map(|left| (left.batch, left.why.as_str()))
            .collect();
        if !coming.all().any(|purge| left.contains_key(purge)) {
            ours.execute_batch("RELEASE taken")?;
            return Ok(taken);
        }
        // By the clocks a purge may come before the batch of which it took something, which waits for the purge: what misses
        // something is tried behind the rest, as long as that lets more come.
        let late = coming
            .all()
            .any(|purge| left.get(purge) == Some(&NOT_WHOLE));
        if late && order.len() - left.len() > most {
            most = order.len() - left.len();
            let mut behind = Vec::new();
            for n in std::mem::take(&mut order) {
                let misses = left.get(&theirs.header(n)?.0.id) == Some(&NOT_WHOLE);
                if misses {
                    behind.push(n)
                } else {
                    order.push(n)
                }
            }
            order.append(&mut behind);
        } else {
            // What others had buried because of a purge that does not come after all was believed too early.
            coming.retain(|purge| !left.contains_key(purge));
        }
        ours.execute_batch("ROLLBACK TO taken; RELEASE taken")?;
    }
}

/// Within a savepoint that the caller closes, or goes back to; after an error it is closed.
fn take_or_nothing(
    ours: &Connection,
    take: impl FnOnce(&Connection) -> Result<Taken>,
) -> Result<Taken> {
    ours.execute_batch("SAVEPOINT taken")?;
    let taken = take(ours);
    if taken.is_err() {
        ours.execute_batch("ROLLBACK TO taken; RELEASE taken")?;
    }
    taken
}

/// Each in a step of its own, so that what only shows when all is settled keeps out that one.
fn take_singly(
    ours: &Connection,
    theirs: &dyn Source,
    new: &[i64],
    how: (&Coming, bool),
    graves: &mut Graves,
) -> Result<Taken> {
    let mut all = Taken::default();
    for n in new {
        ours.execute_batch("SAVEPOINT single")?;
        match take_all(ours, theirs, &[*n], how, graves) {
            Ok(taken) => all.join(taken),
            Err(error) if is_refused(&error) => {
                ours.execute_batch("ROLLBACK TO single")?;
                graves.forget_gone(ours)?;
                let (h, _) = theirs.header(*n)?;
                let why = unsound(&refusal(&error));
                all.left_out.push(LeftOut {
                    batch: h.id,
                    person: h.person,
                    label: h.label,
                    at: Stamp(h.wall),
                    why,
                });
            }
            Err(error) => return Err(error),
        }
        ours.execute_batch("RELEASE single")?;
    }
    Ok(all)
}

fn take_all(
    ours: &Connection,
    theirs: &dyn Source,
    new: &[i64],
    (coming, proven): (&Coming, bool),
    graves: &mut Graves,
) -> Result<Taken> {
    let (purged, taken) = (purge::any(ours)?, Taken::default());
    let mut desk = Desk {
        ours,
        shapes: Shapes::default(),
        coming,
        proven,
        purged,
        taken,
        fields: BTreeSet::new(),
        graves,
    };
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
                taken.left_out.push(LeftOut {
                    batch: header.id,
                    person: header.person,
                    label: header.label,
                    at: Stamp(header.wall),
                    why,
                });
            }
        }
    }
    let Desk {
        mut taken, fields, ..
    } = desk;
    settle(ours, &mut taken, &fields)?;
    Ok(taken)
}

/// What one batch brings, until it is known to be whole.
#[derive(Default)]
struct Brought {
    proof: Option<Proof>,
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
    /// Something in it cannot stand in a book: why, in a few words.
    Unsound(String),
    /// Anything else ends the merge.
    Error(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Error(error)
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Trouble {
        Trouble::Error(error.into())
    }
}

type Put<T> = std::result::Result<T, Trouble>;

/// Why a batch is left out of which another batch has something.
fn known(id: Id) -> String {
    say!("take.another_batch_here_written", id = id).to_string()
}

/// Why a batch is left out that nobody could have written so.
fn unsound(why: &str) -> String {
    say!("any.not_sound", why = why).to_string()
}

/// SQLite refuses what is to be written, and would each time.
fn is_refused(error: &Error) -> bool {
    use rusqlite::ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    let code = crate::store::sqlite_error(error).and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, Some(ConstraintViolation | TooBig | TypeMismatch))
}

fn refusal(error: &Error) -> String {
    crate::store::sqlite_error(error).map_or_else(|| error.message.to_string(), ToString::to_string)
}

/// What is done with each item.
type Each<'a> = dyn FnMut(&Item) -> Put<()> + 'a;

/// The work on our side.
struct Desk<'c> {
    ours: &'c Connection,
    shapes: Shapes,
    /// Purges that come along: what they purged is buried in batches that are read before them.
    coming: &'c Coming,
    /// What is not signed as its device signs stays out.
    proven: bool,
    /// Something was purged here, so that what comes may belong to it.
    purged: bool,
    taken: Taken,
    fields: BTreeSet<(i64, Id, String)>,
    graves: &'c mut Graves,
}

impl Desk<'_> {
    /// Takes one batch; gives why it was not.
    fn one(
        &mut self,
        theirs: &dyn Source,
        n: i64,
        header: &Header,
        hash: &[u8],
    ) -> Result<Option<String>> {
        let mut tally = Tally::default();
        let mut held = (header.made.saturating_add(header.edits) <= AT_ONCE).then(Vec::new);
        let (mut buried, mut purges) = (false, false);
        theirs.items(n, &mut |item| {
            tally.add(&item);
            buried |= matches!(item, Item::Purged { .. });
            purges |= matches!(&item, Item::Changed(changed) if changed.field == purge::FIELD);
            // More than its row says.
            held.take_if(|items| items.len() as i64 > 2 * AT_ONCE);
            if let Some(items) = &mut held {
                items.push(item);
            }
            Ok(())
        })?;
        let has_as_many = tally.has_as_many(header);
        if !tally.fits(header, hash) {
            return Ok(Some(DOES_NOT_FIT.to_owned()));
        }
        let holders = ids::holders(self.ours, header.id)?;
        if let Some(why) = Shapes::wrong_header(header, holders) {
            return Ok(Some(unsound(&why)));
        }
        if !has_as_many {
            return Ok(Some(unsound(&say!("any.not_as_many_things"))));
        }
        // Others say that it took what they lack.
        if header.command == purge::COMMAND && !purges && !buried {
            return Ok(Some(unsound(&say!("take.says_purges_purges_nothing"))));
        }
        let proof = theirs.proof(n)?;
        let doubt = sign::doubt(self.ours, header, hash, proof.as_ref())?;
        let proof = proof.filter(|_| doubt.is_none());
        if let Some(why) = doubt.filter(|_| self.proven) {
            return Ok(Some(why));
        }
        if holders.any() {
            return Ok(Some(known(header.id)));
        }
        let mut brought = Brought {
            proof,
            ..Brought::default()
        };
        // All of it or none: what is found wrong only while it is written takes back what was written before it.
        self.ours.execute_batch("SAVEPOINT one")?;
        let written = match held {
            Some(items) => match self.check_all(header, &items) {
                Ok(()) => self.write(header, hash, &mut brought, &mut |put| {
                    items.iter().try_for_each(put)
                }),
                Err(trouble) => Err(trouble),
            },
            None => self.write_apart(theirs, n, header, hash, &mut brought),
        };
        self.ours.execute_batch(if written.is_ok() {
            "RELEASE one"
        } else {
            "ROLLBACK TO one; RELEASE one"
        })?;
        if written.is_err() {
            self.graves.forget_gone(self.ours)?;
        }
        match written {
            Ok(()) => {
                let taken = &mut self.taken;
                taken.rows += brought.rows;
                taken.edits += brought.edits;
                let whose = (header.person.clone(), header.device);
                taken
                    .touched_by
                    .entry(whose)
                    .or_default()
                    .extend(brought.touched.iter().chain(&brought.edited));
                if crate::store::rules::corrects(&header.command) {
                    taken
                        .corrected
                        .extend(brought.touched.iter().chain(&brought.edited));
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
            Err(Trouble::Known(id)) => Ok(Some(known(id))),
            Err(Trouble::Unsound(why)) => Ok(Some(unsound(&why))),
            Err(Trouble::Error(error)) if is_refused(&error) => Ok(Some(unsound(&refusal(&error)))),
            Err(Trouble::Error(error)) => Err(error),
        }
    }

    /// A batch that is too large to be held: each item is looked at and written as it is read.
    fn write_apart(
        &mut self,
        theirs: &dyn Source,
        n: i64,
        header: &Header,
        hash: &[u8],
        brought: &mut Brought,
    ) -> Put<()> {
        // All of it is looked at before the first is written, too.
        let mut within = HashMap::new();
        let mut trouble = None;
        let read = theirs.items(n, &mut |item| {
            let looked = self.check(header, &item, &within);
            within.insert(item.id(), kind_of(&item));
            looked.map_err(|why| {
                trouble = Some(why);
                Error::failed(NOT_WHOLE)
            })
        });
        match (read, trouble) {
            (_, Some(trouble)) => return Err(trouble),
            (Err(error), None) => return Err(error.into()),
            (Ok(()), None) => {}
        }
        self.write(header, hash, brought, &mut |put| {
            let mut trouble = None;
            let read = theirs.items(n, &mut |item| {
                put(&item).map_err(|why| {
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

    fn check_all(&self, header: &Header, items: &[Item]) -> Put<()> {
        let mut within = HashMap::with_capacity(items.len());
        for item in items {
            self.check(header, item, &within)?;
            within.insert(item.id(), kind_of(item));
        }
        Ok(())
    }

    /// Whether an item can stand in a book, and can be written now.
    fn check(&self, header: &Header, item: &Item, within: &HashMap<Id, &'static str>) -> Put<()> {
        let holders = ids::holders(self.ours, item.id())?;
        if let Some(why) = self.shapes.wrong(self.ours, header, item, holders)? {
            return Err(Trouble::Unsound(why));
        }
        if within.contains_key(&item.id()) {
            return Err(Trouble::Unsound(
                say!("take.two_its_things_id", id = item.id()).to_string(),
            ));
        }
        match item {
            Item::Purged { by, .. } if !self.is_purge(*by)? => Err(Trouble::Missing),
            Item::Purged { .. } => Ok(()),
            item if holders.any() => Err(Trouble::Known(item.id())),
            item => check(self.ours, item, within),
        }
    }

    /// The purge is here, or comes along. A bundle of before does not say by which purge something went: any may be meant.
    fn is_purge(&self, by: Option<Id>) -> Result<bool> {
        let Some(by) = by else {
            return Ok(self.purged || !self.coming.is_empty());
        };
        if self.coming.has(by) {
            return Ok(true);
        }
        self.ours
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM batch b JOIN edit e ON e.batch = b.n WHERE b.id = ?1 AND b.finished = 1 AND e.field = ?2)",
            )
            .and_then(|mut s| s.query_row(params![by, purge::FIELD], |r| r.get(0)))
            .map_err(Into::into)
    }

    /// Writes the batch's row and, through `all`, its items.
    fn write(
        &mut self,
        h: &Header,
        hash: &[u8],
        brought: &mut Brought,
        all: &mut dyn FnMut(&mut Each<'_>) -> Put<()>,
    ) -> Put<()> {
        self.ours
            .prepare_cached(
                "INSERT INTO batch (id, person, device, number, hlc, wall, command, label, undoes, finished, made, edits, customer, hash)
                 VALUES (?,?,?,?,?,?,?,?,?,1,?,?,?,?)",
            )
            .and_then(|mut s| {
                s.execute(params![
                    h.id, h.person, h.device, h.number, h.hlc, h.wall, h.command, h.label, h.undoes, h.made, h.edits, h.customer, hash
                ])
            })?;
        let batch = self.ours.last_insert_rowid();
        if let Some(proof) = &brought.proof {
            sign::keep(self.ours, batch, h, proof)?;
        }
        all(&mut |item| self.put(batch, item, brought))?;
        if let Some(purged) = brought.buried {
            if brought.unmerged && h.command == purge::MERGING {
                brought
                    .touched
                    .extend(purge::forget_merging(self.ours, batch, purged)?.touched);
            }
            purge::unsay(self.ours, batch, purged)?;
        } else if let Some(customer) = h.customer.filter(|_| self.purged)
            && let Some(purged) = purge::customer_purged_by(self.ours, customer)?
        {
            purge::unsay(self.ours, batch, purged)?;
        }
        Ok(())
    }

    fn put(&mut self, batch: i64, item: &Item, brought: &mut Brought) -> Put<()> {
        match if self.purged {
            purge::fate(self.ours, item, self.coming)?
        } else {
            Fate::Stays
        } {
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
            Item::Made(made) => put_row(self.ours, batch, made, self.coming, brought),
            Item::Changed(changed) if changed.field == purge::FIELD => {
                self.put_purge(batch, changed, brought)
            }
            Item::Changed(changed) => {
                self.coming.stand_in_for(self.ours, changed)?;
                put_edit(self.ours, batch, changed, brought)
            }
            Item::Purged { id, by, .. } => {
                self.purged = true;
                if let Some(by) = by {
                    self.graves.note(batch, *id, *by);
                }
                Ok(purge::bury(self.ours, item, batch, batch)?)
            }
        }
    }

    /// Whose a purged row was, or will never be: the row goes, where it is here.
    fn put_move(&mut self, batch: i64, item: &Item, by: i64, brought: &mut Brought) -> Put<()> {
        let Item::Changed(changed) = item else {
            return Ok(());
        };
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
        let Some(table) = batch::table_numbered(changed.entity) else {
            return Ok(());
        };
        let gone = purge::apply(
            self.ours,
            table,
            changed.row,
            changed.knew.as_deref(),
            batch,
        )?;
        brought.touched.extend(gone.touched);
        Ok(())
    }
}

/// What an item is, by the name of its table.
fn kind_of(item: &Item) -> &'static str {
    match item {
        Item::Made(made) => made.table.name,
        Item::Changed(_) | Item::Purged { entity: 0, .. } => "edit",
        Item::Purged { entity, .. } => {
            batch::table_numbered(*entity).map_or("", |table| table.name)
        }
    }
}

/// Whether an item can be written: all that it builds on is here, or is `within` its batch.
fn check(ours: &Connection, item: &Item, within: &HashMap<Id, &'static str>) -> Put<()> {
    let here = |table: &'static str, id: Id| -> Result<bool> {
        Ok(within.get(&id) == Some(&table)
            || ids::number_of(ours, table, id)?.is_some()
            || purge::is_purged(ours, id)?)
    };
    match item {
        Item::Made(made) => {
            for (column, value) in made.table.columns.iter().zip(&made.values) {
                let (to, id) = match (*column, value) {
                    ("contact", Value::Null) => continue,
                    (to @ ("customer" | "contact"), Value::Blob(id)) => {
                        (to, Id::from_slice(id).ok_or(Trouble::Missing)?)
                    }
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
            let Some(table) = batch::table_numbered(changed.entity) else {
                return Ok(());
            };
            if !here(table.name, changed.row)? {
                return Err(Trouble::Missing);
            }
            if let (batch::OWNER, Value::Blob(id)) = (changed.field.as_str(), &changed.after)
                && !here("customer", Id::from_slice(id).ok_or(Trouble::Missing)?)?
            {
                return Err(Trouble::Missing);
            }
            // A purge lets stay what it knew to have left: that has to be here before it.
            let known = changed
                .knew
                .as_deref()
                .filter(|_| changed.field == purge::FIELD)
                .unwrap_or_default();
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

/// An edit that another is said to have seen is one of another field.
fn is_of_another(ours: &Connection, seen: Id, changed: &Changed) -> Result<bool> {
    ours.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM edit WHERE id = ? AND (row <> ? OR field <> ?))",
    )
    .and_then(|mut s| s.query_row(params![seen, changed.row, changed.field], |r| r.get(0)))
    .map_err(Into::into)
}

fn number_of(ours: &Connection, table: &str, id: &Value) -> Put<i64> {
    let found: Option<i64> = ours
        .prepare_cached(&format!("SELECT n FROM {table} WHERE id = ?"))
        .and_then(|mut s| s.query_row([id], |r| r.get(0)).optional())?;
    found.ok_or(Trouble::Missing)
}

fn put_row(
    ours: &Connection,
    batch: i64,
    made: &Made,
    coming: &Coming,
    brought: &mut Brought,
) -> Put<()> {
    let table = made.table;
    let mut values = vec![Value::Blob(made.id.0.to_vec()), Value::Integer(batch)];
    for (column, value) in table.columns.iter().zip(&made.values) {
        values.push(match (*column, value) {
            ("customer", id) => {
                let Value::Blob(id) = id else {
                    return Err(Trouble::Missing);
                };
                let n = coming
                    .customer(ours, Id::from_slice(id).ok_or(Trouble::Missing)?)?
                    .ok_or(Trouble::Missing)?;
                brought.touched.insert(n);
                Value::Integer(n)
            }
            ("contact", Value::Null) => Value::Null,
            ("contact", id) => Value::Integer(number_of(ours, "contact", id)?),
            (_, value) => value.clone(),
        });
    }
    ours.prepare_cached(table.insert)
        .and_then(|mut s| s.execute(params_from_iter(&values)))?;
    brought.rows += 1;
    match table.entity {
        Entity::Customer => {
            brought.customers.push(made.id);
            brought.touched.insert(ours.last_insert_rowid());
        }
        Entity::Config => (brought.config, brought.named) = (true, true),
        Entity::View => brought.named = true,
        Entity::Event if made.values.get(1) == Some(&Value::Integer(EventKind::Stage as i64)) => {
            brought.moved.extend(values.get(2).and_then(|v| {
                if let Value::Integer(n) = v {
                    Some(*n)
                } else {
                    None
                }
            }));
        }
        _ => {}
    }
    Ok(())
}

fn put_edit(ours: &Connection, batch: i64, changed: &Changed, brought: &mut Brought) -> Put<()> {
    if let Some(why) = never_so(ours, changed)? {
        return Err(Trouble::Unsound(why));
    }
    batch::log(ours, batch, changed)?;
    brought.edits += 1;
    if let Some(table) = batch::table_numbered(changed.entity) {
        brought.config |= table.entity == Entity::Config;
        brought.named |= matches!(table.entity, Entity::Config | Entity::View);
        brought
            .edited
            .extend(customer_of(ours, table, changed.row)?);
        brought
            .fields
            .push((changed.entity, changed.row, changed.field.clone()));
    }
    Ok(())
}

/// Why an edit is not one of what stands here: what it had seen, or found.
pub fn never_so(ours: &Connection, changed: &Changed) -> Result<Option<String>> {
    for seen in ids_of(&changed.seen) {
        if is_of_another(ours, seen, changed)? {
            return Ok(Some(
                say!(
                    "take.change_seen_what_none",
                    field = changed.field,
                    row = changed.row
                )
                .to_string(),
            ));
        }
    }
    if let Some(table) = batch::table_numbered(changed.entity).filter(|_| changed.seen.is_empty())
        && let Some(first) = at_first(ours, table, changed)?
        && first != changed.before
    {
        return Ok(Some(
            say!(
                "take.never_what_says",
                field = changed.field,
                name = table.name,
                row = changed.row
            )
            .to_string(),
        ));
    }
    Ok(None)
}

/// What a field said when its row was made, which the first edit in each copy says again; `None` where that is not known.
fn at_first(ours: &Connection, table: &Table, changed: &Changed) -> Result<Option<Value>> {
    let query = "SELECT before FROM edit WHERE row = ?1 AND field = ?2 AND seen = x'' UNION ALL SELECT value FROM born WHERE row = ?1 AND field = ?2";
    let known: Option<Value> = ours.prepare_cached(query).and_then(|mut s| {
        s.query_row(params![changed.row, changed.field], |r| r.get(0))
            .optional()
    })?;
    if known.is_some() {
        return Ok(known);
    }
    match batch::current(ours, table, changed.row, &changed.field) {
        Ok(current) => Ok(current.map(|c| c.value)),
        // A field that this version does not know.
        Err(error) if error.kind == crate::error::Kind::Usage => Ok(None),
        Err(error) => Err(error),
    }
}

/// The customer's integer of a row.
fn customer_of(ours: &Connection, table: &Table, row: Id) -> Result<Option<i64>> {
    let owner: Option<Option<i64>> = ours
        .prepare_cached(&format!(
            "SELECT {} FROM {} WHERE id = ?",
            table.owner(),
            table.name
        ))
        .and_then(|mut s| s.query_row([&row], |r| r.get(0)).optional())?;
    Ok(owner.flatten())
}
