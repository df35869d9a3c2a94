//! Purges that come along with what they purged. Until one is here it is open what it takes: a row that had left a customer before its
//! purge stays where it went, and was made at a customer, or came to one, of whom only the digest comes. So the customer stands again,
//! with nothing in it, until its purge is here too.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::error::Result;
use crate::store::batch::OWNER;
use crate::store::hash::{Changed, Item};
use crate::store::{batch, ids};

use super::{FIELD, Knew, belonging, grave_of_customer, take_away};

/// The purges, and by which of them each row goes.
#[derive(Default)]
pub struct Coming {
    purges: BTreeSet<Id>,
    rows: BTreeMap<Id, Vec<Id>>,
}

impl Coming {
    /// A purge comes.
    pub fn announce(&mut self, purge: Id) {
        self.purges.insert(purge);
    }

    /// What the batch `batch` does: a purge names what it purges.
    pub fn note(&mut self, batch: Id, item: &Item) {
        if let Item::Changed(Changed { field, row, .. }) = item
            && field == FIELD
        {
            self.announce(batch);
            self.rows.entry(*row).or_default().push(batch);
        }
    }

    /// None is announced.
    pub fn is_empty(&self) -> bool {
        self.purges.is_empty()
    }

    /// This purge is announced.
    pub fn has(&self, purge: Id) -> bool {
        self.purges.contains(&purge)
    }

    /// The purges that are announced.
    pub fn all(&self) -> impl Iterator<Item = &Id> {
        self.purges.iter()
    }

    /// Forgets those that do not come after all.
    pub fn retain(&mut self, comes: impl FnMut(&Id) -> bool) {
        self.purges.retain(comes);
    }

    /// Of this customer only the digest came, and none of the purges that may have taken it is here.
    pub fn is_open(&self, conn: &Connection, customer: Id) -> Result<bool> {
        let Some(named) = self.rows.get(&customer) else {
            return Ok(false);
        };
        let mut named = named.iter().filter(|purge| self.has(**purge)).peekable();
        if named.peek().is_none() || grave(conn, customer)?.is_none() {
            return Ok(false);
        }
        for purge in named {
            if ids::number_of(conn, "batch", *purge)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The integer of a customer. Such a one stands again from here on.
    pub fn customer(&self, conn: &Connection, customer: Id) -> Result<Option<i64>> {
        let standing = ids::number_of(conn, "customer", customer)?;
        if standing.is_some() || !self.is_open(conn, customer)? {
            return Ok(standing);
        }
        let made = grave(conn, customer)?;
        conn.prepare_cached("INSERT INTO customer (id, batch, name) VALUES (?, ?, '')")
            .and_then(|mut s| s.execute(params![customer, made]))?;
        Ok(Some(conn.last_insert_rowid()))
    }

    /// The same for whom a row comes to by this change.
    pub fn stand_in_for(&self, conn: &Connection, changed: &Changed) -> Result<()> {
        if let (OWNER, Value::Blob(id)) = (changed.field.as_str(), &changed.after)
            && let Some(id) = Id::from_slice(id)
        {
            self.customer(conn, id)?;
        }
        Ok(())
    }

    /// Takes away who still stands in because a purge did not come: what had not left the customer goes too.
    pub fn dismiss(&self, conn: &Connection) -> Result<()> {
        let table = batch::table(Entity::Customer);
        for customer in self.rows.keys() {
            let Some(batch) = grave(conn, *customer)? else {
                continue;
            };
            if ids::number_of(conn, table.name, *customer)?.is_some() {
                take_away(
                    conn,
                    &belonging(
                        conn,
                        table,
                        *customer,
                        &Knew::Before(i64::MAX, Id([255; 16])),
                    )?,
                    batch,
                )?;
            }
        }
        Ok(())
    }
}

/// The batch (our integer) that had made a customer of whom only the digest came, by a purge that was not known then.
fn grave(conn: &Connection, customer: Id) -> Result<Option<i64>> {
    Ok(grave_of_customer(conn, customer)?
        .filter(|grave| grave.purged == grave.batch)
        .map(|grave| grave.batch))
}
