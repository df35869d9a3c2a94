//! What a change would do: it is written in a transaction that is taken back at once, so every check, rule and figure is the real one.

use crate::domain::command::{Command, Receipt};
use crate::domain::query::BatchPage;
use crate::domain::time::Stamp;
use crate::error::{Error, Result};

use super::transact::Finished;
use super::{Store, answer};

impl Store {
    /// Tries a command: the receipt that it would have, and what it would make and change. Nothing is left of it, and nothing is
    /// kept in the outbox.
    pub fn rehearse(&mut self, command: &Command, now: Stamp) -> Result<(Receipt, BatchPage)> {
        if matches!(command, Command::Purge { .. }) {
            return Err(Error::usage(say!("rehearsal.purge_cannot_tried"))
                .hint(say!("rehearsal.retain_show_customer_prints")));
        }
        self.rehearsing = true;
        let tried = self.attempt(command, now);
        self.rehearsing = false;
        let page = std::mem::take(&mut self.rehearsed);
        tried.map(|receipt| (receipt, page))
    }

    /// Reads what the batch did, and takes it back.
    pub(super) fn end_rehearsal(&mut self, finished: Result<Finished>) -> Result<Receipt> {
        let read = finished.and_then(|f| {
            if !f.empty {
                self.rehearsed = answer::of_batch(self, f.id)?;
            }
            let customers = self.ids_of(f.touched.iter().take(1000))?;
            let changed = if f.done.changed > 0 {
                f.done.changed
            } else {
                f.changed
            };
            let changed = if f.empty { 0 } else { changed };
            Ok(Receipt {
                label: f.done.label,
                changed,
                skipped: f.done.skipped,
                customers,
                ..Receipt::default()
            })
        });
        // After a full disk the transaction may have ended by itself.
        super::roll_back(&self.conn);
        read
    }
}
