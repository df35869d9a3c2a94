//! Purging: what a customer or a person left in the book is really deleted. Ids and digests stay, so that every hash can still
//! be computed and no copy brings it back.
//!
//! A purge is a batch with one edit of the field [`FIELD`]. What belongs to the row goes with it, also what arrives later from a
//! copy that had not heard: it is [`buried`](bury) on arrival.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::error::{Error, Result};

use super::batch::{self, Batch, TABLES, Table};
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
    let label = Item::Purged { id: header.id, entity: LABEL, digest: hash::digest(header.label.as_bytes()) };
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
    // What refers to the row goes first.
    let belongs = |t: &&Table| match table.entity {
        Entity::Customer => t.is_owned(),
        Entity::Contact => t.entity == Entity::Event,
        _ => false,
    };
    let by = if table.entity == Entity::Contact { "contact" } else { "customer" };
    let mut all: Vec<(&'static Table, Id)> = Vec::new();
    for t in TABLES.iter().filter(belongs) {
        let mut statement = conn.prepare_cached(&format!("SELECT id FROM {} WHERE {by} = ? ORDER BY n", t.name)).map_err(sql)?;
        for id in statement.query_map([n], |r| r.get(0).map(Id)).map_err(sql)? {
            all.push((t, id.map_err(sql)?));
        }
    }
    // Events before the contacts that they name.
    all.sort_by_key(|(t, _)| t.entity != Entity::Event);
    all.push((table, row));
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
    for (statement, field) in
        [("DELETE FROM edit WHERE row = ?1 AND field <> ?2", FIELD), ("DELETE FROM conflict WHERE row = ?1 AND field <> ?2", "")]
    {
        conn.prepare_cached(statement).and_then(|mut s| s.execute(params![row, field])).map_err(sql)?;
    }
    if table.entity == Entity::Customer {
        conn.prepare_cached("DELETE FROM inside WHERE customer = ?").and_then(|mut s| s.execute([n])).map_err(sql)?;
        conn.prepare_cached("DELETE FROM signal WHERE customer = ?").and_then(|mut s| s.execute([n])).map_err(sql)?;
    }
    conn.prepare_cached(&format!("DELETE FROM {} WHERE n = ?", table.name)).and_then(|mut s| s.execute([n])).map_err(sql)?;
    Ok(owner)
}

/// Purges a customer or a contact as a batch of its own.
pub fn run(b: &mut Batch<'_>, entity: Entity, row: Id, why: &str) -> Result<Done> {
    if !matches!(entity, Entity::Customer | Entity::Contact) {
        return Err(Error::usage("only a customer or a contact can be purged"));
    }
    let gone = b.purge(entity, row, Value::Text(why.to_owned()))?;
    if gone.rows == 0 {
        return Err(Error::not_found(format!("the {} is gone", batch::table(entity).name)));
    }
    let more = if gone.rows == 1 { String::new() } else { format!(" with {} rows", gone.rows - 1) };
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    Ok(Done { label: format!("Purged a {}{more}{why}", batch::table(entity).name), changed: gone.rows, skipped: Vec::new() })
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
