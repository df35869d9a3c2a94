//! One write, from the lock to the COMMIT: waiting for others, what has to hold inside, the outbox before the COMMIT, and the
//! truth after an error. A change that cannot be written just now waits in the outbox as its command.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::command::{Command, Entity, Receipt};
use crate::domain::id::{Id, Ids};
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Kind, Result};

use super::batch::{Batch, Start, table};
use super::once::Once;
use super::outbox::{Asked, Entry, Line, Named};
use super::rules::{Fire, Watch};
use super::undo::How;
use super::{
    Mode, REFOLD_AT_ONCE, Store, is_busy, open, read_config, rules, schema, signal, write,
};

/// Milliseconds after which a write gives up waiting for another's lock.
const LOCK_LIMIT: u64 = 10_000;

/// Why a write did not take place, where that is not the change's own fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Hitch {
    /// The lock was not to be had.
    #[error("the lock was not to be had")]
    Locked,
    /// The file is not there any more.
    #[error("the file is gone")]
    Gone,
    /// Another file took its name.
    #[error("another file took its name")]
    Replaced,
    /// A newer program has changed the schema.
    #[error("the schema is newer")]
    Newer,
    /// The COMMIT failed, and the book cannot be read to see whether it stands.
    #[error("it is not known whether it stands")]
    Unknown,
}

/// The hitch that an error came from.
pub fn hitch(error: &Error) -> Option<Hitch> {
    error.source.as_ref()?.downcast_ref::<Hitch>().copied()
}

/// True for an error that passes: the same change can be written later.
pub fn passes(error: &Error) -> bool {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, SystemIoFailure,
    };
    let sqlite = super::sqlite_error(error).and_then(rusqlite::Error::sqlite_error_code);
    matches!(
        hitch(error),
        Some(Hitch::Locked | Hitch::Gone | Hitch::Newer)
    ) || matches!(
        sqlite,
        Some(DatabaseBusy | DatabaseLocked | DiskFull | SystemIoFailure | CannotOpen)
    )
}

/// True for an error of a read that another's lock kept out.
pub fn is_held(error: &Error) -> bool {
    error
        .source
        .as_ref()
        .and_then(|s| s.downcast_ref::<rusqlite::Error>())
        .is_some_and(is_busy)
}

/// What it takes back is another thing as soon as something is written.
pub fn cannot_wait(command: &Command) -> bool {
    matches!(
        command,
        Command::Undo { batch: None, .. } | Command::UndoPast { .. } | Command::Redo
    )
}

/// What a person knew who asked for a change that is written later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Given {
    /// The last batch (its integer) of which the person could know. What others wrote behind it the change has not seen.
    pub upto: i64,
    /// The day on which it was asked for.
    pub day: Day,
}

/// What of a finished batch is needed after the COMMIT.
pub(super) struct Finished {
    /// What the command did.
    pub done: write::Done,
    /// Nothing was written.
    pub empty: bool,
    /// The batch.
    pub id: Id,
    n: i64,
    /// Rows made and fields changed.
    pub changed: usize,
    /// Customers (their integers) that it touched.
    pub touched: std::collections::BTreeSet<i64>,
    config_touched: bool,
    money_touched: bool,
}

impl Store {
    /// Runs one command as one batch. Where the book cannot be written just now the change is queued: the receipt says why.
    pub fn write(&mut self, command: &Command, now: Stamp) -> Result<Receipt> {
        self.write_once(command, now, None)
    }

    /// The same, and nothing where the book has the key of the call already: the receipt is then that of the first one. A key that was
    /// used for another call is refused.
    pub fn write_once(
        &mut self,
        command: &Command,
        now: Stamp,
        once: Option<&Once>,
    ) -> Result<Receipt> {
        let once = once.cloned();
        self.once.clone_from(&once);
        let done = self.attempt(command, now);
        self.once = None;
        let error = match done {
            Err(error) if passes(&error) => error,
            Err(error) if hitch(&error) == Some(Hitch::Replaced) => {
                self.open_anew()?;
                return Err(error);
            }
            other => return other,
        };
        let Some(outbox) = self.outbox.clone().filter(|_| self.read_only.is_none()) else {
            return Err(error);
        };
        // What depends on what stands is settled now, as the person sees it: later it may be another thing.
        let Ok(Some(command)) = self.as_seen(command) else {
            return Err(error);
        };
        let why = error
            .message
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        // A call that is repeated while the first one waits is that one.
        let waits = match &once {
            Some(once) => self.waits_once(once, &outbox.read()?.asked)?,
            None => false,
        };
        if !waits {
            let asked = Asked {
                // Under the id of the try: should that stand after all (a log that comes back after a power cut), it is not done twice.
                batch: self.begun.unwrap_or_else(|| Ids::random().next(now)),
                book: self.key,
                person: self.who.person.clone(),
                at: now,
                command,
                once: once.as_ref().map(|once| once.name.clone()),
                call: once
                    .as_ref()
                    .map(|once| once.call.clone().unwrap_or_default()),
                why: why.clone(),
                saw: super::ids::id_of(&self.conn, "batch", self.seen)
                    .ok()
                    .flatten(),
            };
            outbox.add(&[Line::Asked(Box::new(asked))])?;
        }
        self.queued = true;
        Ok(Receipt {
            batch: None,
            label: say!("transact.queued_not_book_yet", why = why).to_string(),
            changed: 0,
            skipped: Vec::new(),
            customers: Vec::new(),
            repeated: waits,
            queued: Some(why),
        })
    }

    /// A command that says the same later: what it would look up in the book is looked up now. `None` for what cannot wait.
    fn as_seen(&self, command: &Command) -> Result<Option<Command>> {
        Ok(match command {
            command if cannot_wait(command) => None,
            Command::Move { .. } | Command::Done { .. } => {
                let context = write::Context {
                    config: self.config.clone(),
                    today: self.today,
                };
                Some(write::as_seen(&self.conn, command, &context)?)
            }
            _ => Some(command.clone()),
        })
    }

    /// Runs one command as one batch, or says why not.
    pub(super) fn attempt(&mut self, command: &Command, now: Stamp) -> Result<Receipt> {
        self.begun = None;
        match command {
            Command::Undo { batch, force } => self.undo(*batch, &[], How::forced(*force), now),
            Command::UndoPast { passed } => self.undo(None, passed, How::Whole, now),
            Command::UndoRest { batch } => self.take_back(*batch, How::Rest, now),
            Command::Redo => self.redo(now),
            Command::TakeBack { batch, force } => self.take_back(*batch, How::forced(*force), now),
            Command::Revert { target, force } => self.revert(*target, *force, now),
            _ => self.transact(write::code(command), now, None, |batch, context| {
                write::run(batch, command, context)
            }),
        }
    }

    /// Takes the write lock: waits with jitter while another has it, so that no writer starves.
    pub(super) fn begin(&mut self) -> Result<()> {
        if self.closed {
            self.reopen()?;
        }
        self.rest();
        self.conn.busy_timeout(Duration::ZERO)?;
        let mut waited: u64 = 0;
        let mut tries: u32 = 0;
        let result = loop {
            match self.conn.execute_batch("BEGIN IMMEDIATE") {
                Ok(()) => break Ok(()),
                Err(e) if is_busy(&e) && waited < self.lock_limit * 1000 => {
                    let most = (250_u64 << tries.min(5)).min(8000);
                    let jitter = 50 + u64::from(self.dice.next(Stamp(0)).0[15]) * (most - 50) / 255;
                    std::thread::sleep(Duration::from_micros(jitter));
                    waited += jitter;
                    tries += 1;
                    if let Some(patience) = &mut self.patience
                        && !patience(waited / 1000)
                    {
                        break Err(Error::new(Kind::Busy, say!("transact.gave_up_waiting_for"))
                            .because(Hitch::Locked));
                    }
                }
                Err(e) if is_busy(&e) => {
                    let words = say!(
                        "transact.book_busy_another_been",
                        lock_limit = self.lock_limit / 1000
                    );
                    break Err(Error::new(Kind::Busy, words)
                        .hint("try again")
                        .because(Hitch::Locked));
                }
                Err(e) => break Err(Error::from(e)),
            }
        };
        self.conn
            .busy_timeout(Duration::from_millis(self.lock_limit))?;
        result
    }

    /// Between two things that are asked of a book no transaction is open. One that an error has left would keep everybody out until
    /// the program ends: it is taken back, and in a test it is a fault.
    pub(super) fn rest(&self) {
        debug_assert!(self.conn.is_autocommit(), "an error left something open");
        super::roll_back(&self.conn);
    }

    /// Reads wait at most so many milliseconds for another's lock, until the next write; `None`: as usual.
    pub fn reads_wait(&self, milliseconds: Option<u64>) -> Result<()> {
        self.conn
            .busy_timeout(Duration::from_millis(milliseconds.unwrap_or(LOCK_LIMIT)))
            .map_err(Into::into)
    }

    /// Waits at most so many milliseconds for another's write; `None`: as usual.
    pub fn wait_at_most(&mut self, milliseconds: Option<u64>) {
        self.lock_limit = milliseconds.unwrap_or(LOCK_LIMIT);
    }

    /// What has to hold inside every write: the path still names our file, and nobody has migrated it.
    pub(super) fn guard(&self) -> Result<()> {
        if self.mode != Mode::Memory {
            match open::identity(&self.path) {
                None if cfg!(unix) => {
                    return Err(
                        Error::new(Kind::Conflict, say!("transact.book_s_file_gone"))
                            .hint(say!("transact.bring_back_under_its"))
                            .because(Hitch::Gone),
                    );
                }
                found if found != self.identity => {
                    return Err(Error::new(
                        Kind::Conflict,
                        say!("transact.file_replaced_while_open"),
                    )
                    .hint(say!("transact.new_one_shown_now"))
                    .because(Hitch::Replaced));
                }
                _ => {}
            }
        }
        if schema::version(&self.conn)? != schema::VERSION {
            return Err(
                Error::new(Kind::Busy, say!("transact.newer_retain_changed_book"))
                    .hint(say!("transact.quit_update"))
                    .because(Hitch::Newer),
            );
        }
        Ok(())
    }

    /// The settings are other ones than this store knows: the last batch that is there now.
    pub(super) fn settings_moved(&self) -> Result<Option<i64>> {
        let top = self.last_batch()?;
        if top == self.settled {
            return Ok(None);
        }
        let query = format!(
            "SELECT EXISTS (SELECT 1 FROM config WHERE batch > ?1{}) OR EXISTS (SELECT 1 FROM edit WHERE batch > ?1 AND entity = ?2)",
            super::once::LEFT_OUT
        );
        let moved: bool = self.conn.prepare_cached(&query).and_then(|mut s| {
            s.query_row(
                rusqlite::params![self.settled.min(top), table(Entity::Config).number],
                |r| r.get(0),
            )
        })?;
        Ok(moved.then_some(top))
    }

    /// A batch has written settings.
    fn is_of_settings(&self, batch: Id) -> Result<bool> {
        let query = format!(
            "SELECT EXISTS (SELECT 1 FROM batch b WHERE b.id = ?1 AND (EXISTS (SELECT 1 FROM config c WHERE c.batch = b.n{})
             OR EXISTS (SELECT 1 FROM edit e WHERE e.batch = b.n AND e.entity = ?2)))",
            super::once::LEFT_OUT
        );
        self.conn
            .prepare_cached(&query)
            .and_then(|mut s| {
                s.query_row(
                    rusqlite::params![batch, table(Entity::Config).number],
                    |r| r.get(0),
                )
            })
            .map_err(Into::into)
    }

    /// Goes on with the settings of now where somebody has changed them.
    pub(super) fn take_over_settings(&mut self) -> Result<()> {
        if self.read_settings()? {
            self.reload()
        } else {
            Ok(())
        }
    }

    /// Reads the settings again where somebody has changed them; `true`: they are other ones.
    fn read_settings(&mut self) -> Result<bool> {
        let moved = self.settings_moved()?.is_some();
        if moved {
            self.config = Arc::new(read_config(&self.conn)?);
            self.today = self.as_of.unwrap_or_else(|| self.config.zone.day(self.now));
            self.kept = super::kept::Kept::default();
        }
        Ok(moved)
    }

    /// What every write begins with, inside the lock: what has to hold holds, and the settings are those of now. What others set while
    /// the lock was waited for counts for the write; screens hear of it with the next look.
    pub(super) fn inside(&mut self) -> Result<()> {
        self.guard()?;
        self.read_settings()?;
        self.settled = self.last_batch()?;
        Ok(())
    }

    /// Refuses a write to a book that can only be read.
    pub(super) fn writable(&self) -> Result<()> {
        match &self.read_only {
            Some(why) => Err(
                Error::new(Kind::Busy, say!("transact.book_read_only", why = why))
                    .hint(say!("transact.nothing_saved_book_can")),
            ),
            None => Ok(()),
        }
    }

    /// Gives this copy of the book a name of its own before its first change.
    pub(super) fn name_device(&mut self, now: Stamp) -> Result<()> {
        if !self.named {
            self.note_that_it_asks();
        }
        if self.outbox.is_some() && !self.named {
            self.name_anew(now)?;
        }
        if let Some(numbers) = self.numbers.as_ref().filter(|_| !self.named) {
            let device = self.ids.next(now);
            match numbers.rename(device) {
                Ok(()) => (self.who.device, self.named) = (device, true),
                Err(_) => self.name_for_this_time(now),
            }
        }
        Ok(())
    }

    /// Gives this copy of the book another name, which is kept.
    pub(super) fn name_anew(&mut self, now: Stamp) -> Result<()> {
        let device = self.ids.next(now);
        if let Some(outbox) = self.outbox.as_ref().or(self.numbers.as_ref()) {
            outbox.rename(device)?;
        }
        (self.who.device, self.named) = (device, true);
        Ok(())
    }

    /// Runs `work` as one batch: all of it, or nothing. A batch that writes nothing leaves no trace.
    pub(super) fn transact(
        &mut self,
        command: &str,
        now: Stamp,
        undoes: Option<Id>,
        work: impl FnOnce(&mut Batch<'_>, &write::Context) -> Result<write::Done>,
    ) -> Result<Receipt> {
        self.writable()?;
        let (planned, once, given) = (self.planned.take(), self.once.take(), self.given.take());
        if !self.rehearsing
            && (command == "config"
                || undoes.is_some_and(|id| self.is_of_settings(id).unwrap_or(true)))
        {
            self.ask_before_settings(now);
        }
        self.promised = planned;
        if !self.rehearsing {
            self.name_device(now)?;
        }
        self.now = self.now.max(now);
        self.begin_behind_others()?;
        if let Some(key) = &once {
            match self.done_once(key) {
                Ok(None) => {}
                other => {
                    super::roll_back(&self.conn);
                    return other.map(Option::unwrap_or_default);
                }
            }
        }
        let finished = self.inside().and_then(|()| {
            self.ids.plan(planned);
            self.run(command, now, (undoes, given), once.as_ref(), work)
        });
        self.ids.plan(None);
        if self.rehearsing {
            return self.end_rehearsal(finished);
        }
        let finished = finished.and_then(|f| {
            if f.empty {
                Ok(f)
            } else {
                self.keep(f.n).map(|()| f)
            }
        });
        let finished = match finished {
            Ok(finished) => finished,
            Err(error) => {
                super::roll_back(&self.conn);
                return Err(error);
            }
        };
        let Finished {
            done,
            empty,
            id,
            n,
            changed,
            touched,
            config_touched,
            money_touched,
        } = finished;
        if empty {
            super::roll_back(&self.conn);
            let customers = done.skipped.iter().map(|s| s.0).collect();
            return Ok(Receipt {
                batch: None,
                label: done.label,
                changed: 0,
                skipped: done.skipped,
                customers,
                repeated: false,
                queued: None,
            });
        }
        let committed = self.commit(id);
        let kept = self.unsynced.take();
        committed?;
        self.outbox_known.take_own(kept.as_ref());
        if kept.is_some_and(|added| added.file.sync_data().is_err()) {
            self.tell_once(say!("transact.your_own_copies_changes").into());
        }
        self.committed.push(id);
        // It stands. An error from here on must not look like a write that failed: that would be done again.
        if self
            .after(n, &touched, config_touched, money_touched)
            .is_err()
        {
            // The next look finds it as if another had written it, and brings the roster up to date.
            self.own.remove(&n);
            self.seen = self.seen.min(n - 1);
        }
        let customers = self.ids_of(touched.iter().take(1000)).unwrap_or_default();
        Ok(Receipt {
            batch: Some(id),
            label: done.label,
            changed: if done.changed > 0 {
                done.changed
            } else {
                changed
            },
            skipped: done.skipped,
            customers,
            repeated: false,
            queued: None,
        })
    }

    fn run(
        &mut self,
        command: &str,
        now: Stamp,
        (undoes, given): (Option<Id>, Option<Given>),
        once: Option<&Once>,
        work: impl FnOnce(&mut Batch<'_>, &write::Context) -> Result<write::Done>,
    ) -> Result<Finished> {
        // What corrects, or brings back what was, lets no rule fire; and the rules' own batch has asked them already.
        let fire = match command {
            "rules" => None,
            _ if undoes.is_some() || rules::corrects(command) => Some(Fire::No),
            _ => Some(Fire::Yes),
        };
        let watch = self.watch_rules();
        let context = write::Context {
            config: self.config.clone(),
            today: given.map_or(self.today, |g| g.day),
        };
        let taken = self.outbox_known.number();
        let start = Start {
            command,
            now,
            zone: self.config.zone,
            undoes,
            upto: given.map(|g| g.upto),
            taken,
            signer: self.signer.clone(),
        };
        let mut batch = Batch::begin(&self.conn, &mut self.ids, &self.who, start)?;
        self.begun = Some(batch.id);
        let done = work(&mut batch, &context)?;
        let (config, today) = (
            if batch.config_touched {
                Arc::new(read_config(&self.conn)?)
            } else {
                self.config.clone()
            },
            self.today,
        );
        if signal::folds_anew(&self.config, &config) {
            signal::keep_all(batch.conn, &config, today)?;
        }
        let mut rest = batch.touched.clone();
        if rest.len() <= REFOLD_AT_ONCE {
            let only_new = batch.edits == 0 && batch.made <= REFOLD_AT_ONCE;
            let made = if only_new { batch.made } else { 0 };
            let absorbed = signal::absorb_batch(batch.conn, batch.n, made, &config, today)?;
            rest.retain(|customer| !absorbed.contains(customer));
        }
        signal::refresh_all(batch.conn, &rest, &config, today)?;
        let mut done = done;
        if let Some(fire) = fire.filter(|_| !batch.is_empty()) {
            let watch = if batch.config_touched {
                Arc::new(Watch::of(&config))
            } else {
                watch
            };
            done.label
                .push_str(&rules::said(&watch.behind(&mut batch, today, fire)?));
        }
        let empty = batch.is_empty();
        if !empty {
            if let Some(key) = once {
                batch.note_key(key)?;
            }
            batch.finish(&done.label)?;
        }
        Ok(Finished {
            done,
            empty,
            id: batch.id,
            n: batch.n,
            changed: batch.made + batch.edits,
            touched: std::mem::take(&mut batch.touched),
            config_touched: batch.config_touched,
            money_touched: batch.money_touched,
        })
    }

    /// Puts the finished batch into the outbox, before its COMMIT. It goes to the disk behind the COMMIT, when the lock is
    /// given back already, and before anybody is told that the change is saved.
    fn keep(&mut self, n: i64) -> Result<()> {
        let Some(outbox) = &self.outbox else {
            self.keep_number(n);
            return Ok(());
        };
        self.key = super::key_of_book(&self.conn)?;
        self.unsynced = Some(outbox.add_soon(&[line_of(&self.conn, n, self.key)?])?);
        #[cfg(test)]
        if self.crash == Some(Crash::BeforeCommit) {
            return Err(Error::failed("killed"));
        }
        Ok(())
    }

    /// Commits; after an error, looks whether the batch stands nevertheless, and tells the truth. What does not stand is
    /// crossed out of the outbox before anybody is told.
    pub(super) fn commit(&mut self, batch: Id) -> Result<()> {
        #[cfg(test)]
        if self.crash == Some(Crash::CommitFails) {
            return self.after_failed_commit(
                batch,
                Error::failed(say!("transact.disk_full")).because(Hitch::Locked),
            );
        }
        let Err(error) = self.conn.execute_batch("COMMIT") else {
            #[cfg(test)]
            if self.crash == Some(Crash::CommitErrs) {
                return self.after_failed_commit(batch, Error::failed("an error"));
            }
            return Ok(());
        };
        self.after_failed_commit(batch, Error::from(error))
    }

    fn after_failed_commit(&mut self, batch: Id, error: Error) -> Result<()> {
        // One that only another's lock has kept is open still, and nothing of it stands.
        let open = !self.conn.is_autocommit();
        super::roll_back(&self.conn);
        if self.mode != Mode::Memory {
            match self.stands(batch, open) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(_) => {
                    return Err(Error::failed(say!("transact.book_failed_while_saving"))
                        .hint(say!("transact.your_change_kept_at"))
                        .because(Hitch::Unknown));
                }
            }
        }
        // One that waits already was told as queued, and that stays true.
        if let Some(outbox) = self
            .outbox
            .as_ref()
            .filter(|_| self.promised != Some(batch))
        {
            outbox.void(batch).map_err(|_| {
                Error::failed(say!("transact.change_could_not_saved"))
                    .hint(say!("transact.kept_at_next_start"))
                    .because(Hitch::Unknown)
            })?;
        }
        Err(error)
    }

    /// Whether a batch stands whose COMMIT has failed. Only a new connection can tell, when there is no older one that keeps SQLite
    /// from reading what the log says; and where it does not stand, the log is written over, so that no power cut brings it back.
    fn stands(&mut self, batch: Id, open: bool) -> Result<bool> {
        if open {
            return Ok(false);
        }
        self.reopen()?;
        if has_batch(&self.conn, batch)? {
            return Ok(true);
        }
        self.conn
            .execute_batch("BEGIN IMMEDIATE; UPDATE meta SET v = v WHERE k = (SELECT min(k) FROM meta); COMMIT")
            .map(|()| false)
            .inspect_err(|_| super::roll_back(&self.conn))
            .map_err(Into::into)
    }
}

/// The outbox's line for a finished batch.
pub fn line_of(conn: &rusqlite::Connection, n: i64, key: Option<Id>) -> Result<Line> {
    let (size, command): (i64, String) = conn
        .prepare_cached("SELECT made + edits, command FROM batch WHERE n = ?")
        .and_then(|mut s| s.query_row([n], |r| Ok((r.get(0)?, r.get(1)?))))?;
    let small = size <= super::outbox::MOST as i64 && command != "import" && command != "demo";
    if small {
        return Ok(Line::Batch(Box::new(Entry::read(conn, n, key)?)));
    }
    conn.prepare_cached(
        "SELECT id, person, device, number, wall, command, label FROM batch WHERE n = ?",
    )
    .and_then(|mut s| {
        s.query_row([n], |r| {
            Ok(Line::Named(Named {
                batch: Id(r.get(0)?),
                book: key,
                person: super::search::text_at_raw(r, 1)?,
                device: Id(r.get(2)?),
                number: r.get(3)?,
                at: Stamp(r.get(4)?),
                command: r.get(5)?,
                label: super::search::text_at_raw(r, 6)?,
            }))
        })
    })
    .map_err(Into::into)
}

/// True when the book has this batch, finished.
pub fn has_batch(conn: &rusqlite::Connection, batch: Id) -> Result<bool> {
    conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM batch WHERE id = ? AND finished = 1)")
        .and_then(|mut s| s.query_row([batch], |r| r.get(0)))
        .map_err(Into::into)
}

/// Where a test lets the program die or the disk fail.
#[cfg(test)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crash {
    /// Killed when the outbox has the change and the book does not.
    BeforeCommit,
    /// The COMMIT fails, and nothing stands.
    CommitFails,
    /// The COMMIT says that it failed, and everything stands.
    CommitErrs,
}

#[cfg(test)]
mod tests;
