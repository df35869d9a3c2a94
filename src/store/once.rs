//! Idempotency keys: a script that is not sure whether its call arrived makes it again with the same key, and nothing is done twice.
//!
//! A key is a config row `once.KEY` in the batch of the call, so that the log, the outbox and every merge carry it like anything
//! else. It stays known after the call was undone: a repetition is not a wish to do it again. Two copies of a book that took
//! the same key before they met have both done it, and both stay.

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use crate::domain::command::{Entity, Receipt};
use crate::domain::id::Id;
use crate::error::{Error, Result};

use super::batch::Batch;
use super::{Store, sql};

/// What such rows' keys begin with.
const PREFIX: &str = "once.";

/// Leaves such rows out of a question about settings.
pub const LEFT_OUT: &str = " AND key NOT GLOB 'once.*'";

/// The key of a config row is one of a repeated call.
pub fn is_key(key: &str) -> bool {
    key.starts_with(PREFIX)
}

impl Store {
    /// What was done under an idempotency key, when the book has it.
    pub fn done_once(&self, key: &str) -> Result<Option<Receipt>> {
        check(key)?;
        let query = "SELECT b.id, b.label, b.made + b.edits - 1 FROM config c JOIN batch b ON b.n = c.batch
                     WHERE c.key = ? AND b.finished = 1 ORDER BY c.id LIMIT 1";
        self.conn
            .prepare_cached(query)
            .and_then(|mut s| {
                s.query_row([format!("{PREFIX}{key}")], |r| {
                    let changed = usize::try_from(r.get::<_, i64>(2)?).unwrap_or(0);
                    let label = super::search::text_at_raw(r, 1)?;
                    Ok(Receipt { batch: Some(Id(r.get(0)?)), label, changed, repeated: true, ..Receipt::default() })
                })
                .optional()
            })
            .map_err(sql)
    }
}

fn check(key: &str) -> Result<()> {
    if key.trim().is_empty() || key.chars().count() > 200 {
        return Err(Error::usage("an idempotency key has 1 to 200 characters").hint("for example the id of the job that calls"));
    }
    Ok(())
}

impl Batch<'_> {
    /// Keeps the idempotency key of the call. It is no setting: nothing has to be read anew for it.
    pub fn note_key(&mut self, key: &str) -> Result<()> {
        let touched = (self.config_touched, self.named);
        self.insert(Entity::Config, &[&format!("{PREFIX}{key}"), &Value::Text(String::new())])?;
        (self.config_touched, self.named) = touched;
        Ok(())
    }
}
