//! Purging: what a customer or a person left in the book is really deleted. Ids and digests stay, so that every hash can still
//! be computed and no copy brings it back.
//!
//! A purge is a batch with one edit of the field [`FIELD`]. What belongs to the row goes with it, also what arrives later from a
//! copy that had not heard: it is [`buried`](bury) on arrival.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use crate::domain::command::Entity;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::time::Day;
use crate::error::{Error, Result};

use super::batch::{self, Batch, OWNER, TABLES, Table};
use super::hash::{self, Item, LABEL};
use super::write::Done;
use super::{Store, ids, search, sql};

/// The field that a purge edits.
pub const FIELD: &str = "purged";

/// What the label of a batch says when something of the batch was purged. A label may name whom it was about.
pub const UNSAID: &str = "(purged)";

/// What a purge reached.
#[derive(Default)]
pub struct Gone {
    /// Rows.
    pub rows: usize,
    /// Customers (our integers) that are not there any more.
    pub customers: BTreeSet<i64>,
    /// Customers whose figures have to be folded again.
    pub touched: BTreeSet<i64>,
}

/// Something of this id was here and is purged.
pub fn is_purged(conn: &Connection, id: Id) -> Result<bool> {
    conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM tombstone WHERE id = ?)")
        .and_then(|mut s| s.query_row([&id], |r| r.get(0)))
        .map_err(sql)
}

/// Anything was ever purged here.
pub fn any(conn: &Connection) -> Result<bool> {
    conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM tombstone)").and_then(|mut s| s.query_row([], |r| r.get(0))).map_err(sql)
}

/// Leaves the digest of an item of the batch `batch`, which `purged` has purged.
pub fn bury(conn: &Connection, item: &Item, batch: i64, purged: i64) -> Result<()> {
    let (entity, mut piece) = (item.entity(), Vec::new());
    let digest = item.digest(&mut piece);
    conn.prepare_cached("INSERT INTO tombstone (id, entity, batch, purged, digest) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING")
        .and_then(|mut s| s.execute(params![item.id(), entity, batch, purged, &digest[..]]))
        .map_err(sql)?;
    Ok(())
}

/// The batch loses its label, of which the digest stays. That of an import names files, not people, and is kept.
pub fn unsay(conn: &Connection, n: i64, purged: i64) -> Result<()> {
    let query = format!("SELECT {} FROM batch WHERE n = ?", hash::HEADER);
    let found = {
        let mut statement = conn.prepare_cached(&query).map_err(sql)?;
        let mut rows = statement.query([n]).map_err(sql)?;
        rows.next().map_err(sql)?.map(hash::header_of).transpose()?
    };
    let Some((header, said, ..)) = found else { return Ok(()) };
    if header.label == UNSAID || matches!(header.command.as_str(), "import" | "demo" | "purge") {
        return Ok(());
    }
    // A hash from before labels counted by digests is written anew, so that it fits without the label.
    let (fits, hash) = (hash::fits(conn, n, &header, &said)?, hash::of_batch(conn, n, &header)?);
    let label = Item::Purged { id: header.id, entity: LABEL, digest: hash::digest(header.label.as_bytes()), by: None };
    bury(conn, &label, n, purged)?;
    let hash = if fits { hash.to_vec() } else { said };
    conn.prepare_cached("UPDATE batch SET label = ?, hash = ? WHERE n = ?")
        .and_then(|mut s| s.execute(params![UNSAID, hash, n]))
        .map_err(sql)?;
    Ok(())
}

/// Deletes a row with all that belongs to it, for the purging batch with the integer `purged`.
pub fn apply(conn: &Connection, table: &'static Table, row: Id, purged: i64) -> Result<Gone> {
    let mut gone = Gone::default();
    // What is deleted is written over, not only let go of.
    conn.query_row("PRAGMA secure_delete = ON", [], |_| Ok(())).map_err(sql)?;
    let Some(n) = ids::number_of(conn, table.name, row)? else { return Ok(gone) };
    let mut batches: BTreeSet<i64> = BTreeSet::new();
    let all = belonging(conn, table, row, n)?;
    // The digests of all before the first goes: they say the ids of one another.
    for (t, id) in &all {
        batches.extend(bury_row(conn, t, *id, purged)?);
    }
    for (t, id) in &all {
        let owner = delete(conn, t, *id)?;
        gone.touched.extend(owner);
        if t.entity == Entity::Customer {
            gone.customers.extend(owner);
        }
    }
    gone.touched.retain(|n| !gone.customers.contains(n));
    gone.rows = all.len();
    for batch in batches {
        unsay(conn, batch, purged)?;
    }
    Ok(gone)
}

/// A row with all that goes with it, in the order of going: what names another row goes before it.
fn belonging(conn: &Connection, table: &'static Table, row: Id, n: i64) -> Result<Vec<(&'static Table, Id)>> {
    let mut all: Vec<(&'static Table, Id)> = Vec::new();
    for t in TABLES {
        let which = match (table.entity, t.entity) {
            // A touch that was written down for several customers names the contacts of one of them.
            (Entity::Customer, Entity::Event) => "customer = ?1 OR contact IN (SELECT n FROM contact WHERE customer = ?1)",
            (Entity::Customer, _) if t.is_owned() => "customer = ?1",
            (Entity::Contact, Entity::Event) => "contact = ?1",
            _ => continue,
        };
        let mut statement = conn.prepare_cached(&format!("SELECT id FROM {} WHERE {which} ORDER BY n", t.name)).map_err(sql)?;
        for id in statement.query_map([n], |r| r.get(0).map(Id)).map_err(sql)? {
            all.push((t, id.map_err(sql)?));
        }
    }
    all.sort_by_key(|(t, _)| t.entity != Entity::Event);
    all.push((table, row));
    Ok(all)
}

/// Leaves the digests of a row and of its edits; gives the batches that they were of.
fn bury_row(conn: &Connection, table: &'static Table, row: Id, purged: i64) -> Result<BTreeSet<i64>> {
    let mut batches = BTreeSet::new();
    if let Some((batch, made)) = hash::made(conn, table, row)? {
        batches.insert(batch);
        bury(conn, &Item::Made(made), batch, purged)?;
    }
    for (batch, changed) in hash::edits_of(conn, row)? {
        if changed.field != FIELD {
            batches.insert(batch);
            bury(conn, &Item::Changed(changed), batch, purged)?;
        }
    }
    Ok(batches)
}

/// Deletes a row, its edits, and what was derived from them. Gives its customer's integer.
fn delete(conn: &Connection, table: &Table, row: Id) -> Result<Option<i64>> {
    let Some(n) = ids::number_of(conn, table.name, row)? else { return Ok(None) };
    let owner: Option<i64> = conn
        .prepare_cached(&format!("SELECT {} FROM {} WHERE n = ?", table.owner(), table.name))
        .and_then(|mut s| s.query_row([n], |r| r.get(0)))
        .map_err(sql)?;
    search::forget(conn, table, n)?;
    for (statement, field) in [
        ("DELETE FROM edit WHERE row = ?1 AND field <> ?2", FIELD),
        ("DELETE FROM born WHERE row = ?1 AND field <> ?2", ""),
        ("DELETE FROM conflict WHERE row = ?1 AND field <> ?2", ""),
    ] {
        conn.prepare_cached(statement).and_then(|mut s| s.execute(params![row, field])).map_err(sql)?;
    }
    if table.entity == Entity::Customer {
        conn.prepare_cached("DELETE FROM inside WHERE customer = ?").and_then(|mut s| s.execute([n])).map_err(sql)?;
        conn.prepare_cached("DELETE FROM signal WHERE customer = ?").and_then(|mut s| s.execute([n])).map_err(sql)?;
    }
    conn.prepare_cached(&format!("DELETE FROM {} WHERE n = ?", table.name)).and_then(|mut s| s.execute([n])).map_err(sql)?;
    search::step_back(conn, table)?;
    Ok(owner)
}

/// Purges a customer or a contact as a batch of its own.
pub fn run(b: &mut Batch<'_>, entity: Entity, row: Id, why: &str) -> Result<Done> {
    if !matches!(entity, Entity::Customer | Entity::Contact) {
        return Err(Error::usage("only a customer or a contact can be purged"));
    }
    let mut stay = 0;
    for meeting in meetings(b.conn, entity, row)? {
        stay += usize::from(meeting.anew);
        leave_to_others(b, &meeting)?;
    }
    let gone = b.purge(entity, row, Value::Text(why.to_owned()))?;
    if gone.rows == 0 {
        return Err(Error::not_found(format!("the {} is gone", batch::table(entity).name)));
    }
    let mut label = format!("Purged a {}", batch::table(entity).name);
    if gone.rows > 1 {
        label += &format!(" with {}", rows(gone.rows - 1));
    }
    match stay {
        0 => {}
        1 => label += ", and left 1 meeting to the others who were there",
        _ => label += &format!(", and left {stay} meetings to the others who were there"),
    }
    if !why.is_empty() {
        label += &format!(": {why}");
    }
    Ok(Done { label, changed: gone.rows, skipped: Vec::new() })
}

fn rows(n: usize) -> String {
    if n == 1 { "1 row".to_owned() } else { format!("{n} rows") }
}

/// A meeting with somebody who is purged, and with others who are not.
struct Meeting {
    id: Id,
    customer: i64,
    /// The values of a new row.
    values: Vec<Value>,
    /// It names the purged one first, so it goes with them and is written anew for the others; else only their id is taken out.
    anew: bool,
    day: Option<Day>,
    text: String,
}

/// The meetings that stay when a contact is purged, or a customer with its contacts, as they will stand.
fn meetings(conn: &Connection, entity: Entity, row: Id) -> Result<Vec<Meeting>> {
    let people: BTreeSet<Id> = match entity {
        Entity::Contact => BTreeSet::from([row]),
        _ => contacts_of(conn, row)?,
    };
    let table = batch::table(Entity::Event);
    let place = |column: &str| table.columns.iter().position(|c| *c == column).unwrap_or_default();
    let (customer, contact, more) = (place(OWNER), place("contact"), place("more"));
    let query = format!(
        "SELECT id, {} FROM event WHERE removed = 0 AND customer <> ifnull((SELECT n FROM customer WHERE id = ?1), 0)
         AND (contact IN (SELECT n FROM contact WHERE id IN (SELECT unhex(replace(value, '-', '')) FROM json_each(?2))) OR more LIKE '%\"with\"%')
         ORDER BY n",
        table.columns.join(", ")
    );
    let named = serde_json::json!(people).to_string();
    let mut found = Vec::new();
    let mut statement = conn.prepare_cached(&query).map_err(sql)?;
    let mut rows = statement.query(params![row, named]).map_err(sql)?;
    while let Some(r) = rows.next().map_err(sql)? {
        let mut values: Vec<Value> = (0..table.columns.len()).map(|at| hash::value_at(r, at + 1)).collect::<Result<_>>()?;
        let Value::Text(said) = &values[more] else { continue };
        let mut said = batch::attributes(said);
        let with: Vec<Id> = said.get("with").and_then(|w| serde_json::from_value(w.clone()).ok()).unwrap_or_default();
        let first = match values[contact] {
            Value::Integer(n) => ids::id_of(conn, "contact", n)?,
            _ => None,
        };
        let anew = first.is_some_and(|id| people.contains(&id));
        let mut left: Vec<Id> = with.iter().copied().filter(|id| !people.contains(id)).collect();
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
        values[more] = Value::Text(if said.is_empty() { String::new() } else { serde_json::Value::Object(said).to_string() });
        let number = |at: usize| if let Value::Integer(n) = values[at] { n } else { 0 };
        let text = if let Value::Text(text) = &values[place("text")] { text.clone() } else { String::new() };
        let (customer, day) = (number(customer), Day::from_number(number(place("day"))));
        found.push(Meeting { id: Id(r.get(0).map_err(sql)?), customer, anew, day, text, values });
    }
    Ok(found)
}

/// A meeting is the others' too: what they said with us stays theirs, in a row of the purging batch, so that every copy gets it.
fn leave_to_others(b: &mut Batch<'_>, meeting: &Meeting) -> Result<()> {
    b.touched.insert(meeting.customer);
    if meeting.anew {
        let values: Vec<&dyn ToSql> = meeting.values.iter().map(|v| v as &dyn ToSql).collect();
        b.insert(Entity::Event, &values)?;
    } else {
        let at = batch::table(Entity::Event).columns.iter().position(|c| *c == "more").unwrap_or_default();
        b.set(Entity::Event, meeting.id, "more", meeting.values[at].clone())?;
    }
    Ok(())
}

fn contacts_of(conn: &Connection, customer: Id) -> Result<BTreeSet<Id>> {
    let query = "SELECT id FROM contact WHERE customer = (SELECT n FROM customer WHERE id = ?)";
    let mut statement = conn.prepare_cached(query).map_err(sql)?;
    statement.query_map([&customer], |r| r.get(0).map(Id)).and_then(Iterator::collect).map_err(sql)
}

/// What a purge will delete, and what stays, for the question before it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plan {
    /// How many rows of each kind go: events by what they are, the others by their table.
    pub goes: Vec<(String, usize)>,
    /// Meetings with others that stay without the purged one, with their words: these may still name them.
    pub stay: Vec<(Option<Day>, String)>,
}

impl Store {
    /// What a purge of a customer or a contact will delete.
    pub fn purge_plan(&self, entity: Entity, row: Id) -> Result<Plan> {
        let mut plan = Plan::default();
        let table = batch::table(entity);
        let Some(n) = ids::number_of(&self.conn, table.name, row)? else {
            return Err(Error::not_found(format!("the {} is gone", table.name)));
        };
        let mut count = |kind: &str| match plan.goes.iter_mut().find(|g| g.0 == kind) {
            Some(known) => known.1 += 1,
            None => plan.goes.push((kind.to_owned(), 1)),
        };
        for (t, id) in belonging(&self.conn, table, row, n)? {
            let kind: Option<i64> = match t.entity {
                Entity::Event => self
                    .conn
                    .prepare_cached("SELECT kind FROM event WHERE id = ?")
                    .and_then(|mut s| s.query_row([&id], |r| r.get(0)).optional())
                    .map_err(sql)?,
                _ => None,
            };
            count(kind.and_then(EventKind::from_number).map_or(t.name, EventKind::code));
        }
        let meetings = meetings(&self.conn, entity, row)?;
        plan.stay = meetings.into_iter().filter(|m| m.anew).map(|m| (m.day, m.text)).collect();
        Ok(plan)
    }
}

impl Store {
    /// After a purge: nothing of it stays in free pages, in the index, in the journal, or in one's own outbox. What could not be
    /// done now is told.
    pub fn sweep_purged(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        if self
            .conn
            .execute_batch("INSERT INTO found (found) VALUES ('optimize'); INSERT INTO person (person) VALUES ('optimize')")
            .is_err()
            || self.conn.execute_batch("VACUUM").is_err()
            || self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get::<_, i64>(0)).unwrap_or(1) != 0
        {
            left.push("somebody else has the book open: traces stay in its free space until `retain purge --sweep`".to_owned());
        }
        // The purge goes out first: nobody is to get what is left of a batch and not why.
        if self.give_bundles(1).and_then(|_| self.rewrite_purged_bundles()).is_err() {
            left.push("your bundles in the sync folder still have it: they could not be written anew".to_owned());
        }
        match self.bundles_that_tell() {
            Ok(words) => left.extend(words),
            Err(error) => left.push(format!("the bundles in the sync folder could not be read: {}", error.message)),
        }
        if self.forget_purged().is_err() {
            left.push(format!("your outbox of {} could not be rewritten", self.path.display()));
        }
        left
    }

    /// What was purged in another copy leaves one's own files too: bundles and the outbox.
    pub(super) fn forget_purged_outside(&mut self) -> Result<()> {
        self.rewrite_purged_bundles()?;
        self.forget_purged()
    }

    /// Takes what was purged out of one's own outbox: whole changes that named it.
    pub(super) fn forget_purged(&mut self) -> Result<()> {
        let Some(outbox) = self.outbox.clone().filter(|_| self.read_only.is_none()) else { return Ok(()) };
        if !any(&self.conn)? {
            return Ok(());
        }
        let kept = outbox.read()?.entries;
        let mut purged = std::collections::HashSet::new();
        for entry in kept {
            if is_purged(&self.conn, entry.batch)? {
                purged.insert(entry.batch);
            }
        }
        if purged.is_empty() { Ok(()) } else { outbox.drop_lines(&purged) }
    }
}

#[cfg(test)]
mod tests;
