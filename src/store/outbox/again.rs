//! What the outbox has and the book lacks: written again when the book is opened, or at the next chance.

use std::collections::{BTreeSet, HashSet};

use rusqlite::params;
use serde::Serialize;

use crate::domain::command::Receipt;
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::merge::sound::{self, Shapes};
use crate::store::purge::Coming;
use crate::store::transact::{Given, cannot_wait, has_batch, passes};
use crate::store::{Store, end, ids, read_config, rules, signal};

use super::entry::Touched;
use super::numbers::Known;
use super::{Asked, Contents, Entry, Line, Outbox};

/// One change that waits in the outbox, for a person to look at.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    /// Its batch.
    pub batch: Id,
    /// Who.
    pub person: String,
    /// When.
    pub at: Stamp,
    /// One line.
    pub label: String,
    /// Why it is not in the book.
    pub why: String,
}

/// What writing again did.
#[derive(Default)]
struct Again {
    written: usize,
    last: i64,
    touched: BTreeSet<i64>,
    /// Those at whom something was corrected or taken back.
    corrected: BTreeSet<i64>,
    config: bool,
    /// Something was purged that stood here until now.
    purged: bool,
}

impl Store {
    /// What the person has to be told since the last time: changes that were written again, changes that are missing.
    pub fn news(&mut self) -> Vec<String> {
        self.tell_unsigned();
        std::mem::take(&mut self.told)
    }

    /// Changes wait for a chance to be written.
    pub fn has_queue(&self) -> bool {
        self.queued
    }

    /// The same at an opening, which nothing of it may refuse: what stands in the way is told, and tried again at the next chance.
    pub(in crate::store) fn try_catch_up(&mut self) {
        let Err(error) = self.catch_up() else { return };
        self.queued = true;
        // What the book itself does not answer is met by whatever is asked of it next.
        if crate::store::sqlite_error(&error).is_none() {
            let what = error.message.split(';').next().unwrap_or_default();
            let why = say!("again.no_outbox_writes_all", what = what);
            // The name and the numbers of this copy are in it.
            self.unread = Some(self.read_only.get_or_insert(why.to_string()).clone());
        }
    }

    /// What others have brought may be what changes in the outbox build on.
    pub(in crate::store) fn catch_up_behind(&mut self) {
        if self.lacking {
            self.try_catch_up();
        }
    }

    /// Goes on writing when the outbox can be read again; `true`: it can.
    pub(in crate::store) fn outbox_is_back(&mut self) -> bool {
        let back = self.unread.is_some()
            && self
                .outbox
                .as_ref()
                .is_some_and(|outbox| outbox.read().is_ok());
        if back {
            self.read_only
                .take_if(|why| Some(&*why) == self.unread.as_ref());
            self.unread = None;
            self.try_catch_up();
        }
        back
    }

    /// Writes again what the book lacks, and what waited. Returns how many changes were written. A book that is busy is no
    /// error: they wait on.
    pub fn catch_up(&mut self) -> Result<usize> {
        let Some(outbox) = self.outbox.clone().filter(|_| self.read_only.is_none()) else {
            return Ok(0);
        };
        self.adopt_left_behind(&outbox)?;
        let mut all = outbox.read()?;
        if all.damaged > 0 {
            self.tell_once(
                say!("again.lines_your_outbox_damaged", damaged = all.damaged).to_string(),
            );
        }
        if let Some(last) = all.last {
            self.ids.go_on_after(last);
        }
        if let Some(device) = all.device {
            self.who.device = device;
            self.named = true;
        }
        self.leave_present(&mut all)?;
        // Until all of it is done, whatever stops it.
        self.queued = !all.entries.is_empty() || !all.asked.is_empty();
        let mut written = 0;
        if !all.entries.is_empty() {
            if self.begin().is_err() {
                return Ok(0);
            }
            // Inside the lock, because another of ours may have been writing just this.
            let work = self.inside().and_then(|()| {
                all = outbox.read()?;
                self.leave_present(&mut all)?;
                self.write_again(&all.entries)
            });
            let done = match end(&self.conn, work) {
                Ok(done) => done,
                Err(error) if passes(&error) => return Ok(0),
                Err(error) => return Err(error),
            };
            written += done.written;
            if done.written > 0 {
                self.after(done.last, &done.touched, done.config, true)?;
            }
            if done.purged {
                // What cannot be written anew now is told by `doctor`.
                let _ = self.rewrite_purged_bundles();
            }
            self.leave_present(&mut all)?;
        }
        (self.queued, self.lacking) = (false, !all.entries.is_empty());
        // All of it up to here is in the book, or told.
        self.outbox_known = Known::upto(&all);
        if self.forget_purged()? {
            // What waits may be about less now.
            let mut now = outbox.read()?;
            self.leave_present(&mut now)?;
            all.asked = now.asked;
        }
        let missing: Vec<Id> = all.named.iter().map(|n| n.batch).collect();
        for named in &all.named {
            self.told
                .push(say!("again.missing_book_too_large", label = named.label).to_string());
        }
        self.new_epoch_if_behind(&all)?;
        for batch in missing {
            outbox.void(batch)?;
        }
        for asked in std::mem::take(&mut all.asked) {
            match self.do_asked(&asked) {
                // Nothing was left to change, or it was done under its key already: it is done with.
                Ok(receipt) if receipt.batch.is_none() || receipt.repeated => {
                    outbox.void(asked.batch)?
                }
                Ok(_) => written += 1,
                Err(error) if passes(&error) => self.queued = true,
                Err(error) => {
                    self.queued = true;
                    self.tell_once(
                        say!(
                            "again.queued_change_waits_on",
                            person = asked.person,
                            error = error
                        )
                        .to_string(),
                    );
                }
            }
        }
        if written > 0 {
            let changes = if written == 1 {
                say!("again.1_change_yours_book")
            } else {
                say!("again.changes_yours_book_lacked", written = written)
            };
            self.told
                .push(say!("again.written_again_from_your", changes = changes).to_string());
        }
        Ok(written)
    }

    /// What an outbox has of this book that was left behind where the book is not any more, and what the book lacks, is ours to bring
    /// in: it goes over into the present outbox first.
    fn adopt_left_behind(&self, outbox: &Outbox) -> Result<()> {
        for former in outbox.left_behind() {
            let mut all = former.read()?;
            self.leave_present(&mut all)?;
            let batches: Vec<Id> = all
                .entries
                .iter()
                .map(|e| e.batch)
                .chain(all.named.iter().map(|n| n.batch))
                .collect();
            let batches: Vec<Id> = batches
                .into_iter()
                .chain(all.asked.iter().map(|a| a.batch))
                .collect();
            if batches.is_empty() {
                continue;
            }
            let entries = all.entries.into_iter().map(|e| Line::Batch(Box::new(e)));
            let rest = all
                .named
                .into_iter()
                .map(Line::Named)
                .chain(all.asked.into_iter().map(|a| Line::Asked(Box::new(a))));
            outbox.add(&entries.chain(rest).collect::<Vec<_>>())?;
            batches
                .into_iter()
                .try_for_each(|batch| former.void(batch))?;
        }
        Ok(())
    }

    /// Does what was asked for earlier, with the eyes of then: what others wrote since it has not seen, and days count from its own.
    fn do_asked(&mut self, asked: &Asked) -> Result<Receipt> {
        if cannot_wait(&asked.command) {
            return Err(Error::usage(say!("again.what_latest_change_may")));
        }
        let upto = match asked
            .saw
            .map(|id| ids::number_of(&self.conn, "batch", id))
            .transpose()?
            .flatten()
        {
            Some(n) => n,
            // Not known, or not in this copy: what was written by then.
            None => self.conn.query_row(
                "SELECT coalesce(max(n), 0) FROM batch WHERE wall <= ?",
                params![asked.at],
                |r| r.get(0),
            )?,
        };
        let once = asked
            .once
            .as_ref()
            .map(|name| self.once_of(name, asked.call.as_deref()))
            .transpose()?;
        let me = std::mem::replace(&mut self.who.person, asked.person.clone());
        self.planned = Some(asked.batch);
        self.once = once;
        self.given = Some(Given {
            upto,
            day: self.config.zone.day(asked.at),
        });
        let done = self.attempt(&asked.command, asked.at);
        self.given = None;
        self.planned = None;
        self.once = None;
        self.who.person = me;
        done
    }

    /// Leaves of the outbox's contents only what is this book's and what it lacks.
    fn leave_present(&self, all: &mut Contents) -> Result<()> {
        let mut present: HashSet<Id> = HashSet::new();
        let ids = all
            .entries
            .iter()
            .map(|e| e.batch)
            .chain(all.named.iter().map(|n| n.batch))
            .chain(all.asked.iter().map(|a| a.batch));
        for id in ids {
            if has_batch(&self.conn, id)? {
                present.insert(id);
            }
        }
        let ours = |book: Option<Id>| self.key.is_some() && book == self.key;
        all.entries
            .retain(|e| ours(e.book) && !present.contains(&e.batch));
        all.named
            .retain(|n| ours(n.book) && !present.contains(&n.batch));
        // One that was tried since it was asked for is there as a whole change.
        present.extend(all.entries.iter().map(|e| e.batch));
        all.asked
            .retain(|a| ours(a.book) && !present.contains(&a.batch));
        Ok(())
    }

    /// Writes an entry again, and looks at it as at what comes from others: a checksum proves that nobody has changed a line since it was
    /// written, not that its writer knew what a book holds.
    fn write_entry(&self, entry: &Entry, shapes: &Shapes, coming: &Coming) -> Result<Touched> {
        let done = entry.write(&self.conn, coming)?;
        match sound::wrong_as_it_stands(&self.conn, done.n, shapes, coming)? {
            None => Ok(done),
            Some(why) => Err(Error::failed(say!("any.not_sound", why = why))),
        }
    }

    /// Writes entries in the order of their logical times; one that lacks what it needs, or is not sound, is told and left.
    fn write_again(&mut self, entries: &[Entry]) -> Result<Again> {
        let mut order: Vec<&Entry> = entries.iter().collect();
        order.sort_by_key(|e| (e.hlc, e.batch));
        let (mut again, shapes, mut coming) =
            (Again::default(), Shapes::default(), Coming::default());
        entries.iter().for_each(|entry| entry.announce(&mut coming));
        let since = self.last_batch()?;
        loop {
            let mut left = Vec::new();
            for entry in &order {
                self.conn.execute_batch("SAVEPOINT entry")?;
                match self.write_entry(entry, &shapes, &coming) {
                    Ok(done) => {
                        again.written += 1;
                        again.last = done.n.max(again.last);
                        if entry.undoes.is_some() || rules::corrects(&entry.command) {
                            again.corrected.extend(&done.customers);
                        }
                        again.touched.extend(done.customers);
                        again.config |= done.config;
                        again.purged |= done.purged;
                    }
                    Err(error) if passes(&error) => return Err(error),
                    Err(error) => {
                        self.conn.execute_batch("ROLLBACK TO entry")?;
                        left.push((*entry, error));
                    }
                }
                self.conn.execute_batch("RELEASE entry")?;
            }
            // What one lacks another may have brought that came behind it.
            if left.len() == order.len() {
                for (entry, error) in left {
                    self.tell_once(
                        say!(
                            "again.missing_book_cannot_written",
                            label = entry.label,
                            error = error
                        )
                        .to_string(),
                    );
                }
                break;
            }
            order = left.into_iter().map(|(entry, _)| entry).collect();
        }
        coming.dismiss(&self.conn)?;
        let config = if again.config {
            std::sync::Arc::new(read_config(&self.conn)?)
        } else {
            self.config.clone()
        };
        if signal::folds_anew(&self.config, &config) {
            signal::keep_all(&self.conn, &config, self.today)?;
        }
        // A purge among them may have taken customers that an earlier one touched.
        let mut there = self
            .conn
            .prepare_cached("SELECT 1 FROM customer WHERE n = ?")?;
        let mut left = BTreeSet::new();
        for customer in &again.touched {
            if there.exists([customer])? {
                left.insert(*customer);
            }
        }
        again.touched = left;
        signal::refresh_all(&self.conn, &again.touched, &config, self.today)?;
        if again.written > 0 {
            let arrived = rules::Brought {
                since,
                touched: &again.touched,
                corrected: &again.corrected,
            };
            rules::Watch::of(&config).note_arrived(&self.conn, &arrived, self.today)?;
        }
        Ok(again)
    }

    /// The same words are told once, however often it is tried.
    pub(in crate::store) fn tell_once(&mut self, words: String) {
        if !self.told_before.contains(&words) {
            self.told_before.push(words.clone());
            self.told.push(words);
        }
    }

    /// A number of ours that the book does not know any more must not be given twice: a book that is behind what this device
    /// wrote (an older copy was put back) is written under a new name from here on.
    pub(super) fn new_epoch_if_behind(&mut self, all: &Contents) -> Result<()> {
        if !self.named {
            return Ok(());
        }
        let top = all.numbers.get(&self.who.device).copied().unwrap_or(0);
        let has: i64 = self.conn.query_row(
            "SELECT coalesce(max(number), 0) FROM batch WHERE device = ?",
            params![self.who.device],
            |r| r.get(0),
        )?;
        if has < top {
            self.name_anew(Stamp(0))
        } else {
            Ok(())
        }
    }

    /// What waits in the outbox: changes that were asked for, and changes that the book lacks.
    pub fn waiting(&self) -> Result<Vec<Waiting>> {
        let Some(outbox) = &self.outbox else {
            return Ok(Vec::new());
        };
        let mut all = outbox.read()?;
        self.leave_present(&mut all)?;
        let lacks = all.entries.iter().map(|e| Waiting {
            batch: e.batch,
            person: e.person.clone(),
            at: e.at,
            label: e.label.clone(),
            why: say!("again.book_lacks").into(),
        });
        let asked = all.asked.iter().map(|a| Waiting {
            batch: a.batch,
            person: a.person.clone(),
            at: a.at,
            label: crate::store::write::code(&a.command).to_owned(),
            why: a.why.clone(),
        });
        Ok(lacks.chain(asked).collect())
    }

    /// Drops what waits in the outbox; it will not be written. Returns how many changes that were.
    pub fn drop_waiting(&mut self) -> Result<usize> {
        let waiting = self.waiting()?;
        let outbox = self
            .outbox
            .as_ref()
            .ok_or_else(|| Error::usage(say!("again.there_no_outbox_here")))?;
        for change in &waiting {
            outbox.void(change.batch)?;
        }
        self.queued = false;
        Ok(waiting.len())
    }
}
