//! Behind what was taken: every field shows what its edits say, whatever order they came in.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::error::Result;
use crate::store::batch::{self, Table};
use crate::store::{heads, ids, moves, twins};

use super::Taken;

/// Brings every field that an edit came for in line with its edits, then whether rows are removed, the customers last:
/// a customer's removal is judged by its rows.
pub fn settle(
    ours: &Connection,
    taken: &mut Taken,
    fields: &BTreeSet<(i64, Id, String)>,
) -> Result<()> {
    taken.changed = taken.rows;
    let mut rows: BTreeSet<(std::cmp::Reverse<i64>, Id)> = BTreeSet::new();
    for (entity, row, field) in fields {
        rows.insert((std::cmp::Reverse(*entity), *row));
        let Some(table) = batch::table_numbered(*entity).filter(|_| field != "removed") else {
            continue;
        };
        one_field(ours, taken, table, *row, field)?;
    }
    let customers: Vec<i64> = taken.touched.iter().copied().collect();
    for (entity, row) in rows.iter().filter(|r| r.0.0 != CUSTOMER) {
        if let Some(table) = batch::table_numbered(entity.0) {
            one_field(ours, taken, table, *row, "removed")?;
        }
    }
    let mut owners: BTreeSet<Id> = rows
        .iter()
        .filter(|r| r.0.0 == CUSTOMER)
        .map(|r| r.1)
        .collect();
    let mut gone = Vec::new();
    for n in taken.touched.iter().chain(&customers) {
        match ids::id_of(ours, "customer", *n)? {
            Some(id) => owners.extend([id]),
            None => gone.push(*n),
        }
    }
    taken.touched.retain(|n| !gone.contains(n));
    for owner in owners {
        one_field(
            ours,
            taken,
            batch::table(Entity::Customer),
            owner,
            "removed",
        )?;
    }
    if taken.named {
        taken.conflicts.extend(twins::settle(ours)?);
        taken.conflicts.sort();
        taken.conflicts.dedup();
    }
    for customer in std::mem::take(&mut taken.moved) {
        taken
            .conflicts
            .extend(moves::settle(ours, customer)?.map(|id| (id, moves::FIELD.to_owned())));
    }
    Ok(())
}

/// The number of customers in the log.
const CUSTOMER: i64 = 1;

fn one_field(
    ours: &Connection,
    taken: &mut Taken,
    table: &'static Table,
    row: Id,
    field: &str,
) -> Result<()> {
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
        taken
            .touched
            .extend(batch::current(ours, table, row, field)?.and_then(|c| c.customer));
    }
    if settled.conflict {
        taken.conflicts.push((row, field.to_owned()));
    }
    Ok(())
}
