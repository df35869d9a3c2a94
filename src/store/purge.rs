//! Purging: what a customer or a person left in the book is really deleted. Ids and digests stay, so that every hash can still
//! be computed and no copy brings it back.
//!
//! A purge is a batch with one edit of the field [`FIELD`]. What belongs to the row goes with it, also what arrives later from a
//! copy that had not heard: it is [`buried`](bury) on arrival.

mod coming;
mod graves;
mod meetings;
mod waits;

use std::collections::{BTreeSet, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::command::Entity;
use crate::domain::event::EventKind;
use crate::domain::heads::ids_of;
use crate::domain::id::Id;
use crate::domain::time::Day;
use crate::error::{Error, Result};

use super::batch::{self, Batch, Holds, OWNER, TABLES, Table};
use super::hash::{self, Item, LABEL};
use super::mentions::{Mention, Terms};
use super::write::Done;
use super::{Store, heads, ids, search};
pub use coming::Coming;
pub use graves::customer_purged_by;
use graves::{grave_of, grave_of_customer};
use meetings::{leave_to_others, meetings};

/// The field that a purge edits.
pub const FIELD: &str = "purged";

/// The code of its command: no other batch edits that field.
pub const COMMAND: &str = "purge";

/// Indexes of so many events are merged behind a purge that came from elsewhere.
const MOST_AT_ONCE: i64 = 100_000;

/// The code of the command that makes one of two customers.
pub const MERGING: &str = "merge_customers";

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
        .map_err(Into::into)
}

/// Anything was ever purged here.
pub fn any(conn: &Connection) -> Result<bool> {
    conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM tombstone)")
        .and_then(|mut s| s.query_row([], |r| r.get(0)))
        .map_err(Into::into)
}

/// Leaves the digest of an item of the batch `batch`, which `purged` has purged.
pub fn bury(conn: &Connection, item: &Item, batch: i64, purged: i64) -> Result<()> {
    let (entity, mut piece) = (item.entity(), Vec::new());
    let digest = item.digest(&mut piece);
    conn.prepare_cached("INSERT INTO tombstone (id, entity, batch, purged, digest) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING")
        .and_then(|mut s| s.execute(params![item.id(), entity, batch, purged, &digest[..]]))?;
    Ok(())
}

/// What is left of a row or an edit that is purged; `None`: it is not.
pub fn left_of(conn: &Connection, id: Id) -> Result<Option<Item>> {
    conn.prepare_cached("SELECT entity, digest FROM tombstone WHERE id = ? AND entity >= 0")
        .and_then(|mut s| {
            s.query_row([&id], |r| {
                Ok(Item::Purged {
                    id,
                    entity: r.get(0)?,
                    digest: r.get(1)?,
                    by: None,
                })
            })
            .optional()
        })
        .map_err(Into::into)
}

/// The label of such a batch says nothing of its rows.
pub fn keeps_its_label(command: &str) -> bool {
    matches!(command, "import" | "demo" | "purge")
}

/// The batch loses its label, of which the digest stays. That of an import names files, and is kept.
pub fn unsay(conn: &Connection, n: i64, purged: i64) -> Result<()> {
    unsay_naming(conn, n, purged, &Terms::default())
}

/// The same, also of an import whose label names what goes: a file may be called after somebody.
fn unsay_naming(conn: &Connection, n: i64, purged: i64, terms: &Terms) -> Result<()> {
    let query = format!("SELECT {} FROM batch WHERE n = ?", hash::HEADER);
    let found = {
        let mut statement = conn.prepare_cached(&query)?;
        let mut rows = statement.query([n])?;
        rows.next()?.map(hash::header_of).transpose()?
    };
    let Some((header, said, ..)) = found else {
        return Ok(());
    };
    if header.label == UNSAID
        || keeps_its_label(&header.command)
            && !(header.command == "import" && terms.are_in(&header.label))
    {
        return Ok(());
    }
    // A hash from before labels counted by digests is written anew, so that it fits without the label.
    let (fits, hash) = (
        hash::fits(conn, n, &header, &said)?,
        hash::of_batch(conn, n, &header)?,
    );
    let label = Item::Purged {
        id: header.id,
        entity: LABEL,
        digest: hash::digest(header.label.as_bytes()),
        by: None,
    };
    bury(conn, &label, n, purged)?;
    let hash = if fits { hash.to_vec() } else { said };
    conn.prepare_cached("UPDATE batch SET label = ?, hash = ? WHERE n = ?")
        .and_then(|mut s| s.execute(params![UNSAID, hash, n]))?;
    Ok(())
}

/// What a purge knew of the moves by which rows had left a customer: those were no longer the customer's, and stay.
pub enum Knew {
    /// It says so itself.
    Said(HashSet<Id>),
    /// One of an earlier version: all that came before it, by logical time and id.
    Before(i64, Id),
}

impl Knew {
    /// As the edit of a purge has it, whose batch has the integer `purged`.
    pub fn of(conn: &Connection, knew: Option<&[u8]>, purged: i64) -> Result<Knew> {
        match knew {
            Some(known) => Ok(Knew::Said(ids_of(known).collect())),
            None => conn
                .prepare_cached("SELECT hlc, id FROM batch WHERE n = ?")
                .and_then(|mut s| {
                    s.query_row([purged], |r| Ok(Knew::Before(r.get(0)?, Id(r.get(1)?))))
                })
                .map_err(Into::into),
        }
    }

    fn has(&self, one: &Move) -> bool {
        match self {
            Knew::Said(known) => known.contains(&one.edit),
            Knew::Before(hlc, batch) => (one.hlc, one.batch) < (*hlc, *batch),
        }
    }
}

/// An edit of whose a row is. A purge leaves these edits in the log: they hold ids alone, and by them every copy finds, whatever
/// came first, what had been a customer's.
struct Move {
    edit: Id,
    before: Value,
    after: Value,
    seen: Vec<Id>,
    hlc: i64,
    batch: Id,
}

fn moves_of(conn: &Connection, row: Id) -> Result<Vec<Move>> {
    let query = "SELECT e.id, e.before, e.after, e.seen, b.hlc, b.id FROM edit e JOIN batch b ON b.n = e.batch WHERE e.row = ? AND e.field = ?";
    let mut statement = conn.prepare_cached(query)?;
    let mut rows = statement.query(params![row, OWNER])?;
    let mut all = Vec::new();
    while let Some(r) = rows.next()? {
        all.push(Move {
            edit: Id(r.get(0)?),
            before: hash::value_at(r, 1)?,
            after: hash::value_at(r, 2)?,
            seen: ids_of(&hash::bytes_at(r, 3)?).collect(),
            hlc: r.get(4)?,
            batch: Id(r.get(5)?),
        });
    }
    Ok(all)
}

/// Rows that belong to a customer or did so once, with their tables.
fn ever_of(conn: &Connection, customer: Id) -> Result<Vec<(&'static Table, Id)>> {
    let mut all = Vec::new();
    for t in TABLES.iter().filter(|t| t.is_owned()) {
        let query = format!(
            "SELECT id FROM {} WHERE {OWNER} = (SELECT n FROM customer WHERE id = ?) ORDER BY n",
            t.name
        );
        let mut statement = conn.prepare_cached(&query)?;
        for id in statement.query_map([&customer], |r| r.get(0).map(Id))? {
            all.push((t, id?));
        }
    }
    let query =
        "SELECT DISTINCT entity, row FROM edit WHERE field = ?1 AND (before = ?2 OR after = ?2)";
    let mut statement = conn.prepare_cached(query)?;
    let moved: Vec<(i64, Id)> = statement
        .query_map(params![OWNER, customer], |r| Ok((r.get(0)?, Id(r.get(1)?))))
        .and_then(Iterator::collect)?;
    let known: HashSet<Id> = all.iter().map(|row| row.1).collect();
    for (entity, row) in moved.into_iter().filter(|m| !known.contains(&m.1)) {
        let Some(t) = batch::table_numbered(entity) else {
            continue;
        };
        if ids::number_of(conn, t.name, row)?.is_some() {
            all.push((t, row));
        }
    }
    Ok(all)
}

/// Whether a row that is or was a customer's goes with a purge of the customer: it came to the customer, and the purge knew of no
/// move that had taken it away from there.
fn goes_with(conn: &Connection, row: Id, customer: Id, knew: &Knew) -> Result<bool> {
    let moves = moves_of(conn, row)?;
    let here = Value::Blob(customer.0.to_vec());
    let mut open: Vec<Id> = Vec::new();
    let (mut left, mut over) = (false, HashSet::new());
    for one in moves.iter().filter(|m| m.after != here && knew.has(m)) {
        left = true;
        open.extend(&one.seen);
    }
    while let Some(seen) = open.pop() {
        if over.insert(seen) {
            open.extend(
                moves
                    .iter()
                    .filter(|m| m.edit == seen)
                    .flat_map(|m| &m.seen),
            );
        }
    }
    let made_here = moves.is_empty() || moves.iter().any(|m| m.seen.is_empty() && m.before == here);
    Ok(made_here && !left
        || moves
            .iter()
            .any(|m| m.after == here && !over.contains(&m.edit)))
}

/// The moves by which rows have left a customer, for a purge that is written now.
pub fn known_moves(conn: &Connection, customer: Id) -> Result<Vec<Id>> {
    let here = Value::Blob(customer.0.to_vec());
    let mut known = BTreeSet::new();
    for (_, row) in ever_of(conn, customer)? {
        known.extend(
            heads::of_field(conn, row, OWNER)?
                .into_iter()
                .filter(|h| h.after != here)
                .map(|h| h.mark.edit),
        );
    }
    Ok(known.into_iter().collect())
}

/// Deletes a row with all that belongs to it, for the purging batch with the integer `purged`.
pub fn apply(
    conn: &Connection,
    table: &'static Table,
    row: Id,
    knew: Option<&[u8]>,
    purged: i64,
) -> Result<Gone> {
    let all = belonging(conn, table, row, &Knew::of(conn, knew, purged)?)?;
    let mut touched = BTreeSet::new();
    if table.entity == Entity::Customer {
        let goes: HashSet<Id> = all.iter().map(|row| row.1).collect();
        // A move that arrived with the purge may not be shown yet: what has left is to be where it went.
        for (t, id) in ever_of(conn, row)?
            .into_iter()
            .filter(|left| !goes.contains(&left.1))
        {
            let settled = heads::settle(conn, t, id, OWNER)?;
            if settled.changed {
                touched.extend(settled.customer);
                touched.extend(batch::current(conn, t, id, OWNER)?.and_then(|now| now.customer));
            }
        }
    }
    let mut gone = take_away(conn, &all, purged)?;
    gone.touched.extend(touched.difference(&gone.customers));
    Ok(gone)
}

/// A row came to a customer that the batch `purged` has purged: it goes too.
pub fn go_along(conn: &Connection, table: &'static Table, row: Id, purged: i64) -> Result<Gone> {
    take_away(
        conn,
        &belonging(conn, table, row, &Knew::Said(HashSet::new()))?,
        purged,
    )
}

/// A merging of customers arrived of which one was purged before: what it noted of that one goes.
pub fn forget_merging(conn: &Connection, batch: i64, purged: i64) -> Result<Gone> {
    let query = "SELECT id FROM event WHERE batch = ? AND kind = ?";
    let notes: Vec<Id> = conn.prepare_cached(query).and_then(|mut s| {
        s.query_map(params![batch, EventKind::Note as i64], |r| r.get(0).map(Id))
            .and_then(Iterator::collect)
    })?;
    let events = batch::table(Entity::Event);
    take_away(
        conn,
        &notes.into_iter().map(|id| (events, id)).collect::<Vec<_>>(),
        purged,
    )
}

/// Deletes rows, in this order.
fn take_away(conn: &Connection, all: &[(&'static Table, Id)], purged: i64) -> Result<Gone> {
    let mut gone = Gone::default();
    // What is deleted is written over, not only let go of.
    conn.query_row("PRAGMA secure_delete = ON", [], |_| Ok(()))?;
    let terms = Terms::of_rows(conn, all)?;
    let mut batches: BTreeSet<i64> = BTreeSet::new();
    // The digests of all before the first goes: they say the ids of one another.
    for (t, id) in all {
        batches.extend(bury_row(conn, t, *id, purged)?);
    }
    for (t, id) in all {
        let owner = delete(conn, t, *id)?;
        gone.touched.extend(owner);
        if t.entity == Entity::Customer {
            gone.customers.extend(owner);
        }
    }
    gone.touched.retain(|n| !gone.customers.contains(n));
    gone.rows = all.len();
    // A label names whom its batch is about, also where the rows have gone to somebody else since.
    for (_, id) in all.iter().filter(|(t, _)| t.entity == Entity::Customer) {
        let mut statement = conn.prepare_cached("SELECT n FROM batch WHERE customer = ?")?;
        let about = statement.query_map([id], |r| r.get(0))?;
        batches.extend(about.collect::<rusqlite::Result<Vec<i64>>>()?);
    }
    for batch in batches {
        unsay_naming(conn, batch, purged, &terms)?;
    }
    Ok(gone)
}

/// A row with all that goes with it, in the order of going: what names another row goes before it.
fn belonging(
    conn: &Connection,
    table: &'static Table,
    row: Id,
    knew: &Knew,
) -> Result<Vec<(&'static Table, Id)>> {
    let mut all: Vec<(&'static Table, Id)> = Vec::new();
    if ids::number_of(conn, table.name, row)?.is_some() {
        all.push((table, row));
    }
    if table.entity == Entity::Customer {
        for (t, id) in ever_of(conn, row)? {
            if goes_with(conn, id, row, knew)? {
                all.push((t, id));
            }
        }
        // What a merging with another one noted there names this one.
        let query = "SELECT id FROM event WHERE kind = ?1 AND batch IN
                     (SELECT e.batch FROM edit e JOIN batch b ON b.n = e.batch WHERE e.row = ?2 AND e.field = 'removed' AND b.command = ?3)";
        let mut statement = conn.prepare_cached(query)?;
        let notes = statement.query_map(params![EventKind::Note as i64, row, MERGING], |r| {
            r.get(0).map(Id)
        })?;
        for id in notes {
            all.push((batch::table(Entity::Event), id?));
        }
    }
    // What names one of these goes too: a touch that was written down for several customers names the contacts of one of them.
    let mut at = 0;
    while at < all.len() {
        let level = all.len();
        for (to, column, of) in references() {
            let named: Vec<Id> = all[at..level]
                .iter()
                .filter(|row| row.0.entity == of.entity)
                .map(|row| row.1)
                .collect();
            if named.is_empty() {
                continue;
            }
            let query = format!(
                "WITH named (id) AS MATERIALIZED (SELECT unhex(replace(value, '-', '')) FROM json_each(?1))
                 SELECT id FROM {} WHERE {column} IN (SELECT n FROM {} WHERE id IN (SELECT id FROM named)) OR {column} IN (SELECT id FROM named)
                 ORDER BY n",
                to.name, of.name
            );
            let mut statement = conn.prepare_cached(&query)?;
            for id in
                statement.query_map([serde_json::json!(named).to_string()], |r| r.get(0).map(Id))?
            {
                all.push((to, id?));
            }
        }
        at = level;
    }
    let mut known = HashSet::new();
    all.retain(|(_, id)| known.insert(*id));
    // Behind each other as they name each other: what belongs to customers before them, events before contacts.
    all.sort_by_key(|(t, _)| (t.entity == Entity::Customer, t.entity == Entity::Contact));
    Ok(all)
}

/// The columns, but that of whose a row is, by which rows name rows of another table.
fn references() -> impl Iterator<Item = (&'static Table, &'static str, &'static Table)> {
    TABLES.iter().flat_map(|t| {
        let columns = t
            .columns
            .iter()
            .copied()
            .filter(|c| t.holds(c) == Holds::Row && *c != OWNER);
        columns.filter_map(move |c| Some((t, c, TABLES.iter().find(|of| of.name == c)?)))
    })
}

/// What becomes of something that arrives where things were purged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It belongs to nothing that was purged.
    Stays,
    /// Its digest is left, by the batch with this integer.
    Buried(i64),
    /// It says whose a purged row was, and is kept.
    Kept(i64),
    /// It brings a row to a customer that the batch with this integer has purged.
    Along(i64),
}

/// It is the edit by which a merging takes one of the two customers out of the lists.
pub fn removes_a_customer(item: &Item) -> bool {
    matches!(item, Item::Changed(c) if c.field == "removed" && c.entity == batch::table(Entity::Customer).number)
}

/// What becomes of an item that arrives, where these purges are still to come.
pub fn fate(conn: &Connection, item: &Item, coming: &Coming) -> Result<Fate> {
    let by = |id: &Value| -> Result<Option<i64>> {
        match id {
            Value::Blob(id) => Ok(grave_of(conn, id)?.map(|grave| grave.purged)),
            _ => Ok(None),
        }
    };
    // The purge itself says what it takes of whom it purges.
    let by_of = |id: &Value| -> Result<Option<i64>> {
        match id {
            Value::Blob(blob)
                if Id::from_slice(blob).map_or(Ok(false), |id| coming.is_open(conn, id))? =>
            {
                Ok(None)
            }
            id => by(id),
        }
    };
    match item {
        Item::Made(made) => {
            for (column, value) in made.table.columns.iter().zip(&made.values) {
                if made.table.holds(column) == Holds::Row
                    && let Some(found) = if *column == OWNER {
                        by_of(value)
                    } else {
                        by(value)
                    }?
                {
                    return Ok(Fate::Buried(found));
                }
            }
            Ok(Fate::Stays)
        }
        Item::Changed(changed) if changed.field == FIELD => Ok(Fate::Stays),
        Item::Changed(changed) => Ok(match by(&Value::Blob(changed.row.0.to_vec()))? {
            Some(found) if changed.field == OWNER => Fate::Kept(found),
            Some(found) => Fate::Buried(found),
            None if changed.field == OWNER => {
                by_of(&changed.after)?.map_or(Fate::Stays, Fate::Along)
            }
            None => Fate::Stays,
        }),
        Item::Purged { .. } => Ok(Fate::Stays),
    }
}

/// Leaves the digests of a row and of its edits; gives the batches that they were of.
fn bury_row(
    conn: &Connection,
    table: &'static Table,
    row: Id,
    purged: i64,
) -> Result<BTreeSet<i64>> {
    let mut batches = BTreeSet::new();
    if let Some((batch, made)) = hash::made(conn, table, row)? {
        batches.insert(batch);
        bury(conn, &Item::Made(made), batch, purged)?;
    }
    for (batch, changed) in hash::edits_of(conn, row)? {
        if changed.field == FIELD {
            continue;
        }
        batches.insert(batch);
        if changed.field != OWNER {
            bury(conn, &Item::Changed(changed), batch, purged)?;
        }
    }
    Ok(batches)
}

/// Deletes a row, its edits, and what was derived from them. Gives its customer's integer.
fn delete(conn: &Connection, table: &Table, row: Id) -> Result<Option<i64>> {
    let Some(n) = ids::number_of(conn, table.name, row)? else {
        return Ok(None);
    };
    let owner: Option<i64> = conn
        .prepare_cached(&format!(
            "SELECT {} FROM {} WHERE n = ?",
            table.owner(),
            table.name
        ))
        .and_then(|mut s| s.query_row([n], |r| r.get(0)))?;
    search::forget(conn, table, n)?;
    for (statement, fields) in [
        (
            "DELETE FROM edit WHERE row = ?1 AND field NOT IN (?2, ?3)",
            [FIELD, OWNER],
        ),
        (
            "DELETE FROM born WHERE row = ?1 AND field NOT IN (?2, ?3)",
            ["", OWNER],
        ),
        (
            "DELETE FROM conflict WHERE row = ?1 AND field NOT IN (?2, ?3)",
            ["", ""],
        ),
    ] {
        conn.prepare_cached(statement)
            .and_then(|mut s| s.execute(params![row, fields[0], fields[1]]))?;
    }
    if table.entity == Entity::Customer {
        conn.prepare_cached("DELETE FROM inside WHERE customer = ?")
            .and_then(|mut s| s.execute([n]))?;
        conn.prepare_cached("DELETE FROM signal WHERE customer = ?")
            .and_then(|mut s| s.execute([n]))?;
    }
    conn.prepare_cached(&format!("DELETE FROM {} WHERE n = ?", table.name))
        .and_then(|mut s| s.execute([n]))?;
    search::step_back(conn, table)?;
    Ok(owner)
}

/// Purges a customer, or a row that belongs to one, as a batch of its own.
pub fn run(b: &mut Batch<'_>, entity: Entity, row: Id, why: &str) -> Result<Done> {
    let table = batch::table(entity);
    if entity != Entity::Customer && !table.is_owned() {
        return Err(Error::usage(say!("purge.only_customer_what_belongs")));
    }
    if ids::number_of(b.conn, table.name, row)?.is_none() {
        return Err(Error::not_found(say!("any.gone", name = table.name)));
    }
    let mut gone = Gone::default();
    let mut stay = 0;
    // Who was merged into it was the same one: what is left of them goes too, each by a purge of its own.
    let mut all = if entity == Entity::Customer {
        merged_into(b.conn, row)?
    } else {
        Vec::new()
    };
    all.push(row);
    let goes = all_belonging(b.conn, table, &all)?;
    for meeting in meetings(b.conn, &goes)? {
        stay += usize::from(meeting.anew);
        leave_to_others(b, &meeting)?;
    }
    for row in all {
        gone.rows += b.purge(entity, row, Value::Text(why.to_owned()))?.rows;
    }
    let article = if table.name.starts_with(['a', 'e']) {
        "an"
    } else {
        "a"
    };
    let mut label = format!("Purged {article} {}", table.name);
    if gone.rows > 1 {
        label += &format!(" with {}", rows(gone.rows - 1));
    }
    match stay {
        0 => {}
        1 => label += &say!("purge.left_1_meeting_others"),
        _ => label += &say!("purge.left_meetings_others_who", stay = stay),
    }
    if !why.is_empty() {
        label += &format!(": {why}");
    }
    Ok(Done {
        label,
        changed: gone.rows,
        skipped: Vec::new(),
    })
}

fn rows(n: usize) -> String {
    if n == 1 {
        "1 row".to_owned()
    } else {
        format!("{n} rows")
    }
}

/// Customers that were made one with this one and left the lists by that.
fn merged_into(conn: &Connection, customer: Id) -> Result<Vec<Id>> {
    let query = "SELECT DISTINCT e.row FROM edit e JOIN batch b ON b.n = e.batch JOIN customer c ON c.id = e.row
                 WHERE b.command = ?1 AND e.field = 'removed' AND c.removed = 1 AND c.id <> ?2 AND EXISTS
                 (SELECT 1 FROM event n WHERE n.batch = e.batch AND n.kind = ?3 AND n.removed = 0
                  AND n.customer = (SELECT n FROM customer WHERE id = ?2)) ORDER BY e.row";
    let mut statement = conn.prepare_cached(query)?;
    let rows = statement.query_map(params![MERGING, customer, EventKind::Note as i64], |r| {
        r.get(0).map(Id)
    })?;
    rows.collect::<Result<_, _>>().map_err(Into::into)
}

/// What goes with a purge of these rows that is written now.
fn all_belonging(
    conn: &Connection,
    table: &'static Table,
    rows: &[Id],
) -> Result<Vec<(&'static Table, Id)>> {
    let (mut all, mut known) = (Vec::new(), HashSet::new());
    for row in rows {
        let left = if table.entity == Entity::Customer {
            known_moves(conn, *row)?
        } else {
            Vec::new()
        };
        let found = belonging(conn, table, *row, &Knew::Said(left.into_iter().collect()))?;
        all.extend(found.into_iter().filter(|found| known.insert(found.1)));
    }
    Ok(all)
}

/// What a purge will delete, and what stays, for the question before it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plan {
    /// How many rows of each kind go: events by what they are, the others by their table.
    pub goes: Vec<(String, usize)>,
    /// Meetings with others that stay without the purged one, with their words: these may still name them.
    pub stay: Vec<(Option<Day>, String)>,
    /// Where the book names it still when it is gone.
    pub mentions: Vec<Mention>,
    /// The words by which it is named.
    pub terms: Terms,
}

impl Store {
    /// What a purge of a customer or a contact will delete.
    pub fn purge_plan(&self, entity: Entity, row: Id) -> Result<Plan> {
        let mut plan = Plan::default();
        let table = batch::table(entity);
        if ids::number_of(&self.conn, table.name, row)?.is_none() {
            return Err(Error::not_found(say!("any.gone", name = table.name)));
        }
        let mut all = if entity == Entity::Customer {
            merged_into(&self.conn, row)?
        } else {
            Vec::new()
        };
        all.push(row);
        let goes = all_belonging(&self.conn, table, &all)?;
        let mut count = |kind: &str| match plan.goes.iter_mut().find(|g| g.0 == kind) {
            Some(known) => known.1 += 1,
            None => plan.goes.push((kind.to_owned(), 1)),
        };
        for (t, id) in &goes {
            let kind: Option<i64> = match t.entity {
                Entity::Event => self
                    .conn
                    .prepare_cached("SELECT kind FROM event WHERE id = ?")
                    .and_then(|mut s| s.query_row([id], |r| r.get(0)).optional())?,
                _ => None,
            };
            count(
                kind.and_then(EventKind::from_number)
                    .map_or(t.name, EventKind::code),
            );
        }
        let meetings = meetings(&self.conn, &goes)?;
        plan.stay = meetings
            .into_iter()
            .filter(|m| m.anew)
            .map(|m| (m.day, m.text))
            .collect();
        plan.terms = Terms::of_rows(&self.conn, &goes)?;
        plan.mentions = self.mentions_of(&plan.terms, &self.going(&goes, &plan.terms)?)?;
        Ok(plan)
    }
}

impl Store {
    /// Rows that go, and batches that lose their labels by that.
    fn going(&self, goes: &[(&'static Table, Id)], terms: &Terms) -> Result<HashSet<Id>> {
        let mut all: HashSet<Id> = goes.iter().map(|row| row.1).collect();
        for (t, id) in goes {
            let query = format!(
                "SELECT id, command, label FROM batch WHERE n IN (SELECT batch FROM {} WHERE id = ?1 UNION SELECT batch FROM edit WHERE row = ?1)",
                t.name
            );
            let mut statement = self.conn.prepare_cached(&query)?;
            let mut rows = statement.query([id])?;
            while let Some(r) = rows.next()? {
                let (command, label) = (search::text_at(r, 1)?, search::text_at(r, 2)?);
                if !keeps_its_label(&command) || command == "import" && terms.are_in(&label) {
                    all.insert(Id(r.get(0)?));
                }
            }
        }
        Ok(all)
    }

    /// A row of this kind and id is here, also one that is removed.
    pub fn is_here(&self, entity: Entity, row: Id) -> Result<bool> {
        Ok(ids::number_of(&self.conn, batch::table(entity).name, row)?.is_some())
    }

    /// After a purge: nothing of it stays in free pages, in the index, in the journal, or in one's own outbox. What could not be
    /// done now is told.
    pub fn sweep_purged(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        if search::optimize(&self.conn).is_err()
            || self.conn.execute_batch("VACUUM").is_err()
            || self
                .conn
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| {
                    r.get::<_, i64>(0)
                })
                .unwrap_or(1)
                != 0
        {
            left.push(say!("purge.somebody_else_book_open").to_string());
        }
        // The purge goes out first: nobody is to get what is left of a batch and not why.
        if self
            .give_bundles(1)
            .and_then(|_| self.rewrite_purged_bundles())
            .is_err()
        {
            left.push(say!("purge.your_bundles_sync_folder").to_string());
        }
        match self.bundles_that_tell() {
            Ok(words) => left.extend(words),
            Err(error) => left
                .push(say!("purge.bundles_sync_folder_could", message = error.message).to_string()),
        }
        if self.forget_purged().is_err() {
            left.push(say!("purge.your_outbox_could_not", path = self.path.display()).to_string());
        }
        left
    }

    /// What was purged in another copy leaves one's own files too: bundles and the outbox.
    pub(super) fn forget_purged_outside(&mut self) -> Result<()> {
        self.rewrite_purged_bundles()?;
        // An index keeps pieces of words that are deleted until it is merged; a large one waits for a sweep, because that takes long.
        let rows: i64 = self
            .conn
            .query_row("SELECT coalesce(max(n), 0) FROM event", [], |r| r.get(0))?;
        if rows <= MOST_AT_ONCE {
            // Where somebody else writes just now it waits for a sweep as well.
            let _ = search::optimize(&self.conn);
        }
        self.forget_purged().map(|_| ())
    }

    /// Takes what was purged out of one's own outboxes, and nothing else: of rows and edits the digests stay, so that what a batch did
    /// to others is written again where a book lacks it. What waits is done to the others alone. `true`: something was rewritten.
    pub(super) fn forget_purged(&mut self) -> Result<bool> {
        let Some(outbox) = self.outbox.clone().filter(|_| self.read_only.is_none()) else {
            return Ok(false);
        };
        if !any(&self.conn)? {
            return Ok(false);
        }
        let mut done = false;
        for outbox in std::iter::once(outbox.clone()).chain(outbox.left_behind()) {
            let mut dropped = Vec::new();
            let mut all = outbox.read()?;
            if self.without_purged(&mut all, &mut dropped)? || all.damaged > 0 {
                done = true;
                dropped.clear();
                let damaged =
                    outbox.write_anew(|all| self.without_purged(all, &mut dropped).map(|_| ()))?;
                if damaged > 0 {
                    self.told.push(
                        say!("purge.damaged_lines_your_outbox", damaged = damaged).to_string(),
                    );
                }
            }
            for (person, what) in dropped {
                self.told.push(
                    say!(
                        "purge.queued_change_about_what",
                        person = person,
                        what = what
                    )
                    .to_string(),
                );
            }
        }
        Ok(done)
    }

    /// `true`: something of it was purged. `dropped`: what waits and is about nothing else, by whom it was asked for and what it is.
    fn without_purged(
        &self,
        all: &mut super::outbox::Contents,
        dropped: &mut Vec<(String, &'static str)>,
    ) -> Result<bool> {
        let mut found = false;
        let ours = |book: Option<Id>| self.key.is_some() && book == self.key;
        for entry in all.entries.iter_mut().filter(|e| ours(e.book)) {
            found |= entry.forget_purged(&self.conn, &Coming::default())?;
        }
        for named in all
            .named
            .iter_mut()
            .filter(|n| ours(n.book) && n.label != UNSAID)
        {
            if is_purged(&self.conn, named.batch)? {
                named.label = UNSAID.to_owned();
                found = true;
            }
        }
        let mut left = Vec::with_capacity(all.asked.len());
        for mut asked in std::mem::take(&mut all.asked) {
            match if ours(asked.book) {
                waits::without(&self.conn, &asked.command)?
            } else {
                waits::Left::All
            } {
                waits::Left::All => left.push(asked),
                waits::Left::Some(command) => {
                    found = true;
                    asked.command = *command;
                    left.push(asked);
                }
                waits::Left::Nothing => {
                    found = true;
                    dropped.push((asked.person, super::write::code(&asked.command)));
                }
            }
        }
        all.asked = left;
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
