//! Copies of a book that grew apart come together again: the union of batches, rows and edits by id.
//!
//! Nothing is written of the merging itself, so that both directions end with the same facts. A batch comes whole, with the
//! hash that its writer gave it, or not at all; what each field shows follows from its edits ([`crate::domain::heads`]).

mod graves;
mod settle;
pub(super) mod sound;
mod source;
pub(super) mod take;
mod taken;
mod tell;
pub(super) mod theirs;

pub use source::read_only;
pub use take::NOT_WHOLE;
pub(super) use taken::Taken;
pub use theirs::Source;
#[cfg(test)]
pub(super) use theirs::missing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::Serialize;

use crate::domain::id::Id;
use crate::domain::query::Conflict;
use crate::domain::time::Stamp;
use crate::error::{Error, Kind, Result};

use super::doctor::Gap;
use super::{Mode, Store, open, schema};

/// How to merge.
#[derive(Clone, Copy, Debug)]
pub struct MergeAsk {
    /// Now: a batch from later than tomorrow has a wrong clock.
    pub now: Stamp,
    /// Tell what would be, and change nothing.
    pub dry_run: bool,
    /// Also take a book of another team. Not supported: it is refused with another sentence.
    pub foreign: bool,
}

/// What a merge did, or would do.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Report {
    /// Batches that came, by person and device.
    pub batches: Vec<Arrived>,
    /// Rows that came.
    pub rows: usize,
    /// Edits that came.
    pub edits: usize,
    /// Fields and rows that show something else than before.
    pub changed: usize,
    /// Fields of which the copies say different things.
    pub conflicts: Vec<Conflict>,
    /// Batches that did not come, and why.
    pub left_out: Vec<LeftOut>,
    /// Numbers that neither copy has.
    pub gaps: Vec<Gap>,
    /// Devices whose clock is ahead.
    pub clocks: Vec<WrongClock>,
    /// Customers that were made on both sides, as it seems.
    pub duplicates: Vec<Duplicate>,
    /// The backup that was made before.
    pub backup: Option<PathBuf>,
    /// Where the copy is now, when it lay beside the book and the book has all of it.
    pub put_away: Option<PathBuf>,
}

impl Report {
    /// How many batches came.
    pub fn arrived(&self) -> usize {
        self.batches.iter().map(|a| a.batches).sum()
    }
}

/// Batches of one person from one device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Arrived {
    /// Who.
    pub person: String,
    /// The device.
    pub device: Id,
    /// How many.
    pub batches: usize,
    /// The wall time of the last one.
    pub last: Stamp,
    /// How many of what kind, by the command's code.
    pub did: BTreeMap<String, usize>,
    /// How many customers they touch.
    pub customers: usize,
    /// The names of the first few of those.
    pub names: Vec<String>,
}

/// Most names of customers of one person that a report has.
pub const NAMES: usize = 3;

/// A batch that did not come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LeftOut {
    /// The batch.
    pub batch: Id,
    /// Who wrote it.
    pub person: String,
    /// Its line in the activity list.
    pub label: String,
    /// When, as the person's clock said.
    pub at: Stamp,
    /// Why, in one sentence.
    pub why: String,
}

/// A device whose clock is more than a day ahead.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WrongClock {
    /// The device.
    pub device: Id,
    /// Who writes on it.
    pub person: String,
    /// Batches from the future.
    pub batches: usize,
    /// The latest of them.
    pub latest: Stamp,
}

/// Two customers that may be one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Duplicate {
    /// Ours.
    pub ours: Id,
    /// Theirs.
    pub theirs: Id,
    /// Our name.
    pub name: String,
    /// Their name.
    pub their_name: String,
    /// `name` or `external`: what they have in common.
    pub by: &'static str,
}

/// How far ahead a clock may be.
const AHEAD: i64 = 86_400_000;

impl Store {
    /// Takes over from the copy at `other` what this book does not have.
    ///
    /// # Errors
    /// Refuses what is not a whole, sound copy of this book, in one sentence; the book is as before then.
    pub fn merge(&mut self, other: &Path, ask: MergeAsk) -> Result<Report> {
        self.writable()?;
        let before = super::copies::look_of(other);
        let copy = source::private_copy(self, other, ask.foreign)?;
        let mut report = self.merge_copy(&copy.conn, ask)?;
        if !ask.dry_run
            && report.left_out.is_empty()
            && theirs::missing(&self.conn, &copy.conn)?.is_empty()
        {
            report.put_away = self.put_away(other, before, ask.now);
        }
        Ok(report)
    }

    /// The same from an open connection whose file was examined.
    pub(super) fn merge_copy(&mut self, other: &Connection, ask: MergeAsk) -> Result<Report> {
        self.writable()?;
        let _theirs = other.unchecked_transaction()?;
        let new = theirs::missing(&self.conn, other)?;
        let differing = theirs::differing(&self.conn, other)?;
        if new.is_empty() {
            return Ok(Report {
                left_out: differing,
                ..tell::nothing(&self.conn)?
            });
        }
        let backup = match self.mode {
            Mode::Memory => None,
            _ if ask.dry_run => None,
            _ => Some(super::backup::backup(
                &self.conn,
                &self.path,
                "before-merge",
                ask.now,
            )?),
        };
        if !ask.dry_run && self.brings_settings(other, &new)? {
            self.ask_before_settings(ask.now);
        }
        self.begin()?;
        // What is taken lands all over the book, as in a load.
        self.keep_in_memory(super::load::LOAD_CACHE);
        let mut purges = false;
        let outcome = self.inside().and_then(|()| {
            // Somebody may have written, or merged the same, while we made the backup.
            let new = theirs::missing(&self.conn, other)?;
            let taken = self.take_from(other, &new)?;
            purges = taken.purges;
            let report = tell::report(&self.conn, other, &taken, ask.now, self.config.currency)?;
            Ok(report)
        });
        let outcome = if ask.dry_run {
            super::roll_back(&self.conn);
            outcome
        } else {
            super::end(&self.conn, outcome)
        };
        self.keep_in_memory(open::CACHE);
        let mut report = outcome?;
        report.left_out.extend(differing);
        if ask.dry_run {
            return Ok(report);
        }
        report.backup = backup;
        if purges {
            self.forget_purged_outside()?;
        }
        // Like what anybody else has written: the roster is brought up to date, and it is no news to whoever asked for it.
        // It stands, so an error while looking is none of the merge's; the next look finds the rest.
        let _ = self.look();
        self.catch_up_behind();
        Ok(report)
    }

    /// Whether batches of a source that are not here may change settings.
    pub(super) fn brings_settings(&self, source: &dyn Source, new: &[i64]) -> Result<bool> {
        for n in new {
            let (header, _) = source.header(*n)?;
            let may = matches!(header.command.as_str(), "config" | "import" | "load")
                || super::rules::corrects(&header.command);
            if may && !super::transact::has_batch(&self.conn, header.id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sets how much of the book is kept in memory, KiB. Where that cannot be had it is slower, and nothing else.
    pub(super) fn keep_in_memory(&self, kib: u32) {
        let _ = self
            .conn
            .execute_batch(&format!("PRAGMA cache_size = -{kib}"));
    }

    /// Takes batches of a source, within the caller's transaction, and brings figures and index up to date.
    pub(super) fn take_from(&self, source: &dyn Source, new: &[i64]) -> Result<Taken> {
        let since = self.last_batch()?;
        let taken = take::take(&self.conn, source, new)?;
        self.bring_up_to_date(&taken, since)?;
        Ok(taken)
    }

    /// Figures, the full-text index and whom rules hold, behind what was taken. `since`: the last batch before it.
    fn bring_up_to_date(&self, taken: &Taken, since: i64) -> Result<()> {
        use super::{REFOLD_AT_ONCE, search, signal};
        if search::waiting(&self.conn)? <= 500 {
            search::catch_up(&self.conn, 500)?;
        }
        let config = if taken.config {
            std::sync::Arc::new(super::read_config(&self.conn)?)
        } else {
            self.config.clone()
        };
        if signal::folds_anew(&self.config, &config) {
            signal::keep_all(&self.conn, &config, self.today)?;
        }
        for customer in &taken.touched {
            if taken.touched.len() <= REFOLD_AT_ONCE {
                signal::refresh(&self.conn, *customer, &config, self.today)?;
            } else {
                self.conn
                    .prepare_cached("DELETE FROM signal WHERE customer = ?")
                    .and_then(|mut s| s.execute([customer]))?;
            }
        }
        let arrived = super::rules::Brought {
            since,
            touched: &taken.touched,
            corrected: &taken.corrected,
        };
        super::rules::Watch::of(&config).note_arrived(&self.conn, &arrived, self.today)
    }

    /// The book's id: the same in every copy.
    pub fn book(&self) -> Result<Option<Id>> {
        schema::book(&self.conn)
    }
}

#[cfg(test)]
pub(super) mod tests;
