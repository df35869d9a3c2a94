//! What is left of rows that were purged.

use rusqlite::{Connection, OptionalExtension};

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::error::Result;
use crate::store::batch;

/// What is left of a purged row.
pub struct Grave {
    /// Its entity's number.
    pub entity: i64,
    /// The batch (our integer) that had made it.
    pub batch: i64,
    /// That which purged it; the same, where that is not known yet.
    pub purged: i64,
}

/// What is left of a row; `None`: it is not purged.
pub fn grave_of(conn: &Connection, row: &[u8]) -> Result<Option<Grave>> {
    conn.prepare_cached("SELECT entity, batch, purged FROM tombstone WHERE id = ? AND entity > 0")
        .and_then(|mut s| {
            s.query_row([row], |r| {
                Ok(Grave {
                    entity: r.get(0)?,
                    batch: r.get(1)?,
                    purged: r.get(2)?,
                })
            })
            .optional()
        })
        .map_err(Into::into)
}

/// The same of a customer.
pub fn grave_of_customer(conn: &Connection, customer: Id) -> Result<Option<Grave>> {
    let number = batch::table(Entity::Customer).number;
    Ok(grave_of(conn, &customer.0)?.filter(|grave| grave.entity == number))
}

/// The batch (our integer) that purged a customer.
pub fn customer_purged_by(conn: &Connection, customer: Id) -> Result<Option<i64>> {
    Ok(grave_of_customer(conn, customer)?.map(|grave| grave.purged))
}
