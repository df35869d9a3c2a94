//! What was done in the book, batch by batch, with what each changed: by customer, person, day and words.

use std::collections::HashSet;

use rusqlite::params;
use serde::Serialize;

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::domain::query::BatchRow;
use crate::domain::time::Stamp;
use crate::error::Result;

use super::answer::each_batch;
use super::batch::{TABLES, table_numbered};
use super::{Store, conflicts, search};

/// Which batches.
#[derive(Clone, Debug, Default)]
pub struct HistoryAsk {
    /// Only those that touched this customer.
    pub customer: Option<Id>,
    /// Only this person's.
    pub person: Option<String>,
    /// Only from then on.
    pub since: Option<Stamp>,
    /// Only lines with these words.
    pub words: String,
    /// At most so many.
    pub limit: usize,
}

/// One change that a batch made.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Told {
    /// The edit.
    pub edit: Id,
    /// Kind of row: `customer`, `task`...
    pub kind: String,
    /// The row.
    pub row: Id,
    /// What it is called; empty for one that is gone.
    pub name: String,
    /// Its customer, when the row is another one.
    pub customer: Option<String>,
    /// The field.
    pub field: String,
    /// What stood there.
    pub before: Option<String>,
    /// What was written.
    pub after: Option<String>,
}

impl Store {
    /// Batches, newest first.
    pub fn history(&mut self, ask: &HistoryAsk) -> Result<Vec<BatchRow>> {
        let of_customer = ask.customer.map(|id| self.batches_of(id)).transpose()?;
        let mut rows = Vec::new();
        if ask.limit == 0 {
            return Ok(rows);
        }
        // A book has millions of batches, of which the last few are asked for.
        each_batch(self, &ask.words, |row| {
            let fits = ask.person.as_ref().is_none_or(|p| *p == row.person)
                && ask.since.is_none_or(|since| row.at >= since)
                && of_customer
                    .as_ref()
                    .is_none_or(|batches| batches.contains(&row.id));
            if fits {
                rows.push(row);
            }
            Ok(rows.len() < ask.limit)
        })?;
        Ok(rows)
    }

    /// Batches that made or changed something of a customer.
    fn batches_of(&self, customer: Id) -> Result<HashSet<Id>> {
        let mut found = HashSet::new();
        for table in TABLES {
            if !table.is_owned() && table.entity != Entity::Customer {
                continue;
            }
            let owner = format!(
                "t.{} = (SELECT n FROM customer WHERE id = ?1)",
                table.owner()
            );
            let query = format!(
                "SELECT b.id FROM batch b WHERE b.finished = 1 AND b.n IN (
                   SELECT t.batch FROM {0} t WHERE {owner}
                   UNION SELECT e.batch FROM {0} t JOIN edit e ON e.row = t.id WHERE {owner})",
                table.name
            );
            let mut statement = self.conn.prepare_cached(&query)?;
            for id in statement.query_map([&customer], |r| r.get(0).map(Id))? {
                found.insert(id?);
            }
        }
        Ok(found)
    }

    /// What a batch changed, in its order.
    pub fn edits_of(&self, batch: Id) -> Result<Vec<Told>> {
        let query = "SELECT e.id, e.entity, e.row, e.field, e.before, e.after FROM edit e
                     WHERE e.batch = (SELECT n FROM batch WHERE id = ?) ORDER BY e.n";
        let mut statement = self.conn.prepare_cached(query)?;
        let mut rows = statement.query(params![batch])?;
        let mut all = Vec::new();
        while let Some(r) = rows.next()? {
            let (row, field) = (Id(r.get(2)?), search::text_at(r, 3)?);
            let table = table_numbered(r.get(1)?);
            let called = table
                .map(|t| conflicts::called(&self.conn, t, row))
                .transpose()?
                .flatten();
            let (name, customer) = called.unwrap_or_default();
            let value = |at: usize| -> Result<Option<String>> {
                let value = r.get(at)?;
                Ok(table.map_or_else(
                    || conflicts::plain(&value),
                    |t| conflicts::spoken(t, &field, &value, self.config.currency),
                ))
            };
            all.push(Told {
                edit: Id(r.get(0)?),
                kind: table
                    .map_or(say!("history.something_newer_retain"), |t| t.name.into())
                    .to_string(),
                row,
                name,
                customer: customer.filter(|c| c.0 != row).map(|c| c.1),
                before: value(4)?,
                after: value(5)?,
                field,
            });
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests;
