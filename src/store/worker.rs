//! The worker: one thread that owns the book for the screens, answers watched queries again after every change, and
//! notices the writes of others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use crate::domain::command::{Command, Receipt};
use crate::domain::config::Config;
use crate::domain::id::Id;
use crate::domain::query::{BatchPage, Page, Query};
use crate::domain::roster::Roster;
use crate::domain::time::{Day, Stamp};
use crate::error::Error;

use super::presence::{self, Here, Presence};
use super::sync::{MANY, Part};
use super::{Options, Store, transact};

/// Where a watched query's pages go: each screen part has one.
pub type Slot = u32;

/// What the screens ask of the worker.
#[derive(Debug)]
pub enum Ask {
    /// Runs a command; `ticket` comes back with the receipt.
    Write {
        ticket: u64,
        command: Box<Command>,
        now: Stamp,
    },
    /// Answers a query now and after every change, until the slot is watched for something else.
    Watch { slot: Slot, query: Query },
    /// Ends a watch.
    Unwatch { slot: Slot },
    /// The terminal has the focus or not; without it, others' writes are looked for every 5 s only.
    Focus(bool),
    /// The person looks at this customer now, or at none.
    Looking(Option<Id>),
    /// The book is shown as it was at the end of this day, to be read only; `None`: as it is.
    Past(Option<Day>),
    /// From now on each batch that was written here is told whole, for hooks.
    Tell,
    /// Ends the thread after what was asked before.
    Stop,
}

/// What the worker says.
#[derive(Debug)]
pub enum Answer {
    /// The book is open and its roster is loaded. `past`: it is shown as it was on that day.
    Ready {
        roster: Arc<RwLock<Roster>>,
        config: Arc<Config>,
        path: PathBuf,
        mode: String,
        /// The folder by which this file exchanges.
        exchanges: Option<PathBuf>,
        read_only: Option<String>,
        past: Option<Day>,
    },
    /// The book could not be opened.
    Refused(Error),
    /// A watched query's answer. `query` names the question; a page for a question no longer asked is dropped. Row numbers in it are
    /// those of the roster that was handed over last.
    Page {
        slot: Slot,
        query: Query,
        page: Arc<Page>,
    },
    /// A query failed.
    Failed {
        slot: Slot,
        query: Query,
        error: Error,
    },
    /// A command's result.
    Written {
        ticket: u64,
        result: Result<Receipt, Error>,
    },
    /// A batch that was written here stands, and what it did: where [`Ask::Tell`] was asked.
    Batch(Box<BatchPage>),
    /// Somebody else wrote: who, and what in one line.
    Foreign {
        person: String,
        label: String,
        at: Stamp,
    },
    /// Something that the person has to be told: changes written again from the outbox, a file that was replaced.
    Told(String),
    /// A write, or a page, has been waiting for another's lock for 300 ms, and who may have it; `None`: it no longer waits.
    Waiting(Option<String>),
    /// Who else has the book open, when that changes.
    Presence(Vec<Here>),
    /// Copies of the book that a sync tool left beside it, when there are any.
    Copies(Vec<PathBuf>),
}

/// A running worker.
pub struct Worker {
    asks: Sender<Ask>,
    gave_up: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How long the worker waits for an ask before it looks for others' writes.
const LOOK: Duration = Duration::from_millis(250);
/// The same while the terminal is not looked at.
const LOOK_UNFOCUSED: Duration = Duration::from_secs(5);
/// Milliseconds that a wait for another's lock may take before it is told, and that a read waits before others have their turn.
const PATIENCE: u64 = 300;
/// Quiet before the backup of the day is made.
const QUIET: Duration = Duration::from_secs(8);
/// Milliseconds between two looks for bundles, and of quiet before one's own are given.
const EXCHANGE: i64 = 30_000;
/// Texts indexed at a time: a screen that asks meanwhile waits for about 20 ms at most.
const IDLE_TEXTS: usize = 2000;

impl Worker {
    /// Opens the book at `path` on a thread of its own. `out` is called on that thread. `clock` says when it is.
    pub fn start(
        path: PathBuf,
        options: Options,
        clock: fn() -> Stamp,
        out: impl Fn(Answer) + Send + Sync + 'static,
    ) -> Worker {
        let (asks, inbox) = crossbeam_channel::unbounded();
        let gave_up = Arc::new(AtomicBool::new(false));
        let flag = gave_up.clone();
        let out = Arc::new(out);
        let spawned = std::thread::Builder::new()
            .name("book".into())
            .spawn(move || match Store::open(&path, &options) {
                Ok(store) => Desk {
                    store,
                    options,
                    past: None,
                    out,
                    watched: BTreeMap::new(),
                    owed: BTreeSet::new(),
                    unfinished: BTreeSet::new(),
                    focused: true,
                    gone: false,
                    presence: None,
                    looking: None,
                    here: Arc::default(),
                    version: 0,
                    behind: true,
                    tells: false,
                    shared: Weak::new(),
                    inbox,
                    gave_up: flag,
                    // What came while nobody had the book open is taken at the first look.
                    exchanged: Stamp(i64::MIN),
                    wrote: Stamp(0),
                    clock,
                }
                .work(),
                Err(error) => out(Answer::Refused(error)),
            });
        Worker {
            asks,
            gave_up,
            thread: spawned.ok(),
        }
    }

    /// Asks something; never blocks.
    pub fn ask(&self, ask: Ask) {
        let _ = self.asks.send(ask);
    }

    /// Gives up the write that waits for another's lock just now; one behind it has its own wait.
    pub fn give_up(&self) {
        self.gave_up.store(true, Ordering::Relaxed);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.ask(Ask::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The worker's side.
struct Desk<F: Fn(Answer) + Send + Sync + 'static> {
    store: Store,
    options: Options,
    /// The book on a day before today, while that is shown.
    past: Option<Store>,
    out: Arc<F>,
    watched: BTreeMap<Slot, Query>,
    /// Slots whose page another's lock has kept back.
    owed: BTreeSet<Slot>,
    /// Slots whose last page said that there is more to come.
    unfinished: BTreeSet<Slot>,
    focused: bool,
    gone: bool,
    presence: Option<Presence>,
    looking: Option<Id>,
    here: Arc<Mutex<Vec<Here>>>,
    version: i64,
    /// The full-text index may lack something.
    behind: bool,
    /// Batches are told whole.
    tells: bool,
    /// The roster that was handed over last.
    shared: Weak<RwLock<Roster>>,
    inbox: Receiver<Ask>,
    gave_up: Arc<AtomicBool>,
    clock: fn() -> Stamp,
    /// When bundles were last looked for, and when we last wrote.
    exchanged: Stamp,
    wrote: Stamp,
}

impl<F: Fn(Answer) + Send + Sync + 'static> Desk<F> {
    fn work(mut self) {
        self.patience();
        // Before the roster is read: what is written while it is, is news.
        self.version = self.store.data_version().unwrap_or(0);
        let opened = match self.store.leave_past((self.clock)()) {
            Some(day) => self.turn_to(Some(day)),
            None => self.ready(),
        };
        if let Err(error) = opened {
            (self.out)(Answer::Refused(error));
            return;
        }
        let mut idle = false;
        // What nobody waits for comes behind the first answers, and looking into other files in a moment that is quiet.
        let (mut answered, mut begun, mut copies) = (false, false, false);
        // The backup of the day waits for a moment in which nobody waits for us: it is a copy of the whole book.
        let (mut quiet, mut day) = (Duration::ZERO, None);
        loop {
            let wait = match (
                idle && self.behind || !self.unfinished.is_empty(),
                self.focused || !self.owed.is_empty(),
            ) {
                _ if !begun => {
                    if answered {
                        Duration::ZERO
                    } else {
                        LOOK
                    }
                }
                // Work for the index is waiting, and nobody is pressing keys: small bites of it, one after the other.
                (true, _) => Duration::ZERO,
                (false, true) => LOOK,
                (false, false) => LOOK_UNFOCUSED,
            };
            self.store.rest();
            let first = match self.inbox.recv_timeout(wait) {
                Ok(ask) => ask,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) if !begun => {
                    begun = true;
                    self.begin();
                    continue;
                }
                Err(RecvTimeoutError::Timeout) if !self.unfinished.is_empty() => {
                    // Nobody asks for anything else: one more piece of what a screen waits for.
                    std::mem::take(&mut self.unfinished)
                        .into_iter()
                        .for_each(|slot| self.answer(slot));
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => {
                    quiet += wait;
                    if quiet >= QUIET && day != Some(self.store.today()) && !self.gone {
                        day = Some(self.store.today());
                        self.back_up_daily();
                    }
                    self.look();
                    if !copies {
                        copies = true;
                        self.look_for_copies();
                    }
                    self.ask_rules();
                    // From the second quiet moment on the index is worked at, until it has everything. What fails is not tried again
                    // before the next change.
                    if idle && self.behind {
                        self.behind = self.store.index_some(IDLE_TEXTS).unwrap_or(false);
                    }
                    idle = true;
                    continue;
                }
            };
            (idle, quiet, answered) = (false, Duration::ZERO, true);
            let mut asks = vec![first];
            asks.extend(self.inbox.try_iter());
            if !self.handle(asks) {
                break;
            }
        }
        self.presence = None;
        // What cannot be given now is given at the next start.
        let _ = self.store.give_bundles(1);
        self.store.close();
    }

    /// Says that we are here, and what the opening has to tell.
    fn begin(&mut self) {
        self.tell();
        let (path, me) = (self.store.path().to_owned(), self.store.person().to_owned());
        self.presence = Presence::begin(&path, &me, self.store.mode().is_wal(), (self.clock)());
        self.look_around();
    }

    fn look_for_copies(&self) {
        if let Ok(copies) = self.store.conflicted_copies()
            && !copies.is_empty()
        {
            (self.out)(Answer::Copies(copies));
        }
    }

    /// The book that is shown: as it is, or as it was.
    fn shown(&mut self) -> &mut Store {
        self.past.as_mut().unwrap_or(&mut self.store)
    }

    fn ready(&mut self) -> Result<(), Error> {
        let past = self.past.as_ref().map(Store::today);
        let store = self.shown();
        let ready = Answer::Ready {
            roster: store.roster()?,
            config: store.config(),
            path: store.path().to_owned(),
            mode: store.mode().name(),
            exchanges: store.syncs().then(|| store.sync_folder()),
            read_only: store.read_only().map(str::to_owned),
            past,
        };
        if let Answer::Ready { roster, .. } = &ready {
            self.shared = Arc::downgrade(roster);
        }
        (self.out)(ready);
        Ok(())
    }

    /// Hands the roster over where it is another one than before: rows have other numbers in it, so it comes before any page that
    /// has some.
    fn hand_over(&mut self) -> Result<(), Error> {
        let roster = self.shown().roster()?;
        if self.shared.as_ptr() == Arc::as_ptr(&roster) {
            Ok(())
        } else {
            self.ready()
        }
    }

    /// Shows the book as it was at the end of a day, or as it is. Where the past cannot be read, why is told.
    fn turn_to(&mut self, day: Option<Day>) -> Result<(), Error> {
        self.past = None;
        if let Some(day) = day {
            let then = Store::open_past(self.store.path(), &self.options, day)
                .and_then(|mut then| then.roster().map(|_| then));
            match then {
                Ok(then) => self.past = Some(then),
                Err(error) => (self.out)(Answer::Told(error.message.to_string())),
            }
        }
        self.ready()
    }

    fn patience(&mut self) {
        let (out, gave_up, here) = (self.out.clone(), self.gave_up.clone(), self.here.clone());
        let path = self.store.path().to_owned();
        let mut told = false;
        self.store.wait_with(Some(Box::new(move |waited| {
            if waited < PATIENCE {
                told = false;
            } else if !told {
                told = true;
                out(waiting(&path, &here));
            }
            !gave_up.load(Ordering::Relaxed)
        })));
    }

    /// Runs what was asked, in order; of several watches of a slot only the last is answered. `false`: stop.
    fn handle(&mut self, asks: Vec<Ask>) -> bool {
        let mut fresh: BTreeMap<Slot, ()> = BTreeMap::new();
        let (mut wrote, mut turned, mut stop) = (false, false, false);
        for ask in asks {
            match ask {
                Ask::Write {
                    ticket,
                    command,
                    now,
                } => {
                    self.gave_up.store(false, Ordering::Relaxed);
                    // The past says itself that it is not written.
                    let result = self.shown().write(&command, now);
                    if self.owed.is_empty() {
                        (self.out)(Answer::Waiting(None));
                    }
                    wrote |= result.is_ok();
                    self.tell();
                    (self.out)(Answer::Written { ticket, result });
                }
                Ask::Watch { slot, query } => {
                    self.watched.insert(slot, query);
                    fresh.insert(slot, ());
                }
                Ask::Unwatch { slot } => {
                    self.watched.remove(&slot);
                    self.paid(slot);
                    fresh.remove(&slot);
                }
                Ask::Focus(on) => self.focused = on,
                Ask::Looking(customer) => self.looking = customer,
                Ask::Past(day) => turned |= self.turn_to(day).is_ok(),
                Ask::Tell => self.tells = true,
                Ask::Stop => stop = true,
            }
        }
        self.behind |= wrote;
        self.tell_batches();
        if wrote {
            self.wrote = (self.clock)();
            // What others wrote before our own write has to be known too, and our own is no news.
            self.look();
            self.answer_all();
        } else if turned {
            self.answer_all();
        } else {
            for slot in fresh.into_keys() {
                self.answer(slot);
            }
        }
        !stop
    }

    fn answer_all(&mut self) {
        for slot in self.watched.keys().copied().collect::<Vec<_>>() {
            self.answer(slot);
        }
    }

    /// Answers a slot. Where another's lock keeps us out (in a book without WAL it shuts readers out too) the page is owed: a write
    /// that is asked for meanwhile does not wait behind it.
    fn answer(&mut self, slot: Slot) {
        let Some(query) = self.watched.get(&slot).cloned() else {
            return;
        };
        // One wait tells enough; the others are asked for in turn.
        if !self.owed.is_empty() && !self.owed.contains(&slot) {
            self.owed.insert(slot);
            return;
        }
        let page = self.briefly(|desk| {
            let page = desk.shown().answer(&query)?;
            desk.hand_over()?;
            Ok(page)
        });
        match page {
            Err(error) if transact::is_held(&error) => {
                if self.owed.is_empty() {
                    (self.out)(waiting(self.store.path(), &self.here));
                }
                self.owed.insert(slot);
                return;
            }
            Ok(page) => {
                if page.is_unfinished() {
                    self.unfinished.insert(slot);
                }
                (self.out)(Answer::Page {
                    slot,
                    query,
                    page: Arc::new(page),
                });
            }
            Err(error) => (self.out)(Answer::Failed { slot, query, error }),
        }
        self.paid(slot);
    }

    fn paid(&mut self, slot: Slot) {
        if self.owed.remove(&slot) && self.owed.is_empty() {
            (self.out)(Answer::Waiting(None));
        }
    }

    /// Answers what is owed, until another's lock is met again.
    fn pay(&mut self) {
        while let Some(slot) = self.owed.first().copied() {
            self.answer(slot);
            if self.owed.contains(&slot) {
                return;
            }
        }
    }

    /// Reads, and does not wait long for another's lock.
    fn briefly<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.store.reads_wait(Some(PATIENCE))?;
        let done = read(self);
        self.store.reads_wait(None)?;
        done
    }

    /// Has the backup of the day made on a thread of its own: keys do not wait for it.
    fn back_up_daily(&self) {
        let (Some(job), out, now) = (self.store.daily_job(), self.out.clone(), (self.clock)())
        else {
            return;
        };
        let _ = std::thread::Builder::new()
            .name("backup".into())
            .spawn(move || {
                if let Err(error) = job(now) {
                    out(Answer::Told(error.message.to_string()));
                }
            });
    }

    /// Asks the rules for all customers once the day has changed, in a moment in which nobody waits for us. Where the lock is
    /// not to be had, the next such moment does.
    fn ask_rules(&mut self) {
        if !self.gone && self.store.rules_wait().unwrap_or(false) {
            self.store.wait_at_most(Some(0));
            if let Ok((fired, labels)) = self.store.run_rules((self.clock)())
                && fired > 0
            {
                self.behind = true;
                (self.out)(Answer::Told(
                    say!(
                        "worker.rules_fired_for_customers",
                        fired = fired,
                        labels = labels.join(", ")
                    )
                    .to_string(),
                ));
                self.answer_all();
            }
            self.store.wait_at_most(None);
        }
    }

    /// Says that we are here, and who else is when that has changed.
    fn look_around(&mut self) {
        let Some(presence) = &mut self.presence else {
            return;
        };
        presence.tell(self.looking, (self.clock)());
        let others = presence.others();
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if *here != others {
            here.clone_from(&others);
            (self.out)(Answer::Presence(others));
        }
    }

    /// Tells what was written here since the last time.
    fn tell_batches(&mut self) {
        for batch in self.store.take_committed() {
            if self.tells
                && let Ok(Page::Batch(page)) = self.store.answer(&Query::Batch { batch })
            {
                (self.out)(Answer::Batch(Box::new(page)));
            }
        }
    }

    /// Says what the store has to tell.
    fn tell(&mut self) {
        for words in self.store.news() {
            (self.out)(Answer::Told(words));
        }
    }

    /// Goes on with a file that has taken the book's name, and writes what waits in the outbox where that is possible at once.
    /// `true`: the lists have changed.
    fn settle(&mut self) -> bool {
        let mut changed = false;
        if self.store.comes_back() {
            changed = self.ready().is_ok();
        }
        if self.store.was_replaced() {
            changed = self.store.open_anew().is_ok();
            self.version = self.store.data_version().unwrap_or(0);
            changed &= self.ready().is_ok();
        } else if self.store.is_gone() != self.gone {
            self.gone = !self.gone;
            if self.gone {
                (self.out)(Answer::Told(say!("worker.book_s_file_gone").into()));
            }
        }
        if self.store.has_queue() && !self.gone {
            self.store.wait_at_most(Some(0));
            changed |= self.store.catch_up().is_ok_and(|written| written > 0);
            self.store.wait_at_most(None);
        }
        self.tell();
        changed
    }

    /// Exchanges bundles with other copies: takes what came, and gives what waits when it is many or one has been quiet. `true`:
    /// the lists have changed.
    fn exchange(&mut self) -> bool {
        let now = (self.clock)();
        if !(self.exchanged.0..self.exchanged.0 + EXCHANGE).contains(&now.0) {
            match self.store.part() {
                Part::On => {}
                Part::Off => return false,
                Part::Aside(words) => {
                    self.exchanged = now;
                    self.store.tell_once(words);
                    return false;
                }
            }
            self.exchanged = now;
            let quiet = now.0 >= self.wrote.0 + EXCHANGE;
            let given = self.store.give_bundles(if quiet { 1 } else { MANY });
            match given.and_then(|_| self.store.take_bundles()) {
                Ok(done) => {
                    self.store.tell_exchange(&done);
                    let changed = done.taken > 0;
                    self.behind |= changed;
                    for (person, label, at) in done.news {
                        (self.out)(Answer::Foreign { person, label, at });
                    }
                    return changed;
                }
                Err(error) => self.store.tell_exchange(&super::sync::Exchanged {
                    wrong: vec![error.message.to_string()],
                    ..Default::default()
                }),
            }
        }
        false
    }

    /// Looks for a new day and for others' writes. A busy file is not an error: the next look will know.
    fn look(&mut self) {
        self.look_around();
        // A lock that shuts readers out is met here, for a moment, and not by what comes below, where it would be waited for.
        if self
            .briefly(|desk| desk.store.data_version())
            .is_err_and(|e| transact::is_held(&e))
        {
            return;
        }
        self.pay();
        let mut changed = self.exchange();
        changed |= self.settle();
        if self.store.turn_day((self.clock)()) {
            changed = self.ready().is_ok();
        }
        if let Ok(version) = self.store.data_version()
            && version != self.version
        {
            self.behind = true;
            if let Ok(news) = self.store.look() {
                // Only now: what could not be read is looked for again.
                self.version = version;
                changed |= !news.is_empty();
                for (person, label, at) in news {
                    (self.out)(Answer::Foreign { person, label, at });
                }
            }
        }
        if changed {
            // What was written just now is not taken back yet in what was read of the past before.
            if let Some(day) = self.past.as_ref().map(Store::today) {
                let _ = self.turn_to(Some(day));
            }
            self.answer_all();
        }
    }
}

/// That a lock is waited for, and who may have it.
fn waiting(path: &Path, here: &Mutex<Vec<Here>>) -> Answer {
    Answer::Waiting(Some(presence::who_writes(
        path,
        &here.lock().unwrap_or_else(PoisonError::into_inner),
    )))
}

#[cfg(test)]
mod tests;
