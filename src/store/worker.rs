//! The worker: one thread that owns the book for the screens, answers watched queries again after every change, and
//! notices the writes of others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use crate::domain::command::{Command, Receipt};
use crate::domain::config::Config;
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::domain::roster::Roster;
use crate::domain::time::Stamp;
use crate::error::Error;

use super::presence::{self, Here, Presence};
use super::sync::MANY;
use super::{Options, Store};

/// Where a watched query's pages go: each screen part has one.
pub type Slot = u32;

/// What the screens ask of the worker.
#[derive(Debug)]
pub enum Ask {
    /// Runs a command; `ticket` comes back with the receipt.
    Write { ticket: u64, command: Box<Command>, now: Stamp },
    /// Answers a query now and after every change, until the slot is watched for something else.
    Watch { slot: Slot, query: Query },
    /// Ends a watch.
    Unwatch { slot: Slot },
    /// The terminal has the focus or not; without it, others' writes are looked for every 5 s only.
    Focus(bool),
    /// The person looks at this customer now, or at none.
    Looking(Option<Id>),
    /// Ends the thread after what was asked before.
    Stop,
}

/// What the worker says.
#[derive(Debug)]
pub enum Answer {
    /// The book is open and its roster is loaded.
    Ready { roster: Arc<RwLock<Roster>>, config: Arc<Config>, path: PathBuf, mode: String, read_only: Option<String> },
    /// The book could not be opened.
    Refused(Error),
    /// A watched query's answer. `query` names the question; a page for a question no longer asked is dropped.
    Page { slot: Slot, query: Query, page: Arc<Page> },
    /// A query failed.
    Failed { slot: Slot, query: Query, error: Error },
    /// A command's result.
    Written { ticket: u64, result: Result<Receipt, Error> },
    /// Somebody else wrote: who, and what in one line.
    Foreign { person: String, label: String, at: Stamp },
    /// Something that the person has to be told: changes written again from the outbox, a file that was replaced.
    Told(String),
    /// A write has been waiting for another's lock for 300 ms, and who may have it; `None`: it no longer waits.
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
/// Quiet before the backup of the day is made.
const QUIET: Duration = Duration::from_secs(8);
/// Milliseconds between two looks for bundles, and of quiet before one's own are given.
const EXCHANGE: i64 = 30_000;
/// Texts indexed at a time: a screen that asks meanwhile waits for about 20 ms at most.
const IDLE_TEXTS: usize = 2000;

impl Worker {
    /// Opens the book at `path` on a thread of its own. `out` is called on that thread. `clock` says when it is.
    pub fn start(path: PathBuf, options: Options, clock: fn() -> Stamp, out: impl Fn(Answer) + Send + Sync + 'static) -> Worker {
        let (asks, inbox) = crossbeam_channel::unbounded();
        let gave_up = Arc::new(AtomicBool::new(false));
        let flag = gave_up.clone();
        let out = Arc::new(out);
        let spawned = std::thread::Builder::new().name("book".into()).spawn(move || match Store::open(&path, &options) {
            Ok(store) => Desk {
                store,
                out,
                watched: BTreeMap::new(),
                unfinished: BTreeSet::new(),
                focused: true,
                gone: false,
                presence: None,
                looking: None,
                here: Arc::default(),
                version: 0,
                behind: true,
                inbox,
                gave_up: flag,
                exchanged: clock(),
                wrote: Stamp(0),
                clock,
            }
            .work(),
            Err(error) => out(Answer::Refused(error)),
        });
        Worker { asks, gave_up, thread: spawned.ok() }
    }

    /// Asks something; never blocks.
    pub fn ask(&self, ask: Ask) {
        if matches!(ask, Ask::Write { .. }) {
            self.gave_up.store(false, Ordering::Relaxed);
        }
        let _ = self.asks.send(ask);
    }

    /// Gives up a write that waits for another's lock.
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
    out: Arc<F>,
    watched: BTreeMap<Slot, Query>,
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
        if let Err(error) = self.ready() {
            (self.out)(Answer::Refused(error));
            return;
        }
        self.tell();
        let (path, me) = (self.store.path().to_owned(), self.store.person().to_owned());
        self.presence = Presence::begin(&path, &me, self.store.mode().is_wal(), (self.clock)());
        self.look_around();
        if let Ok(copies) = self.store.conflicted_copies()
            && !copies.is_empty()
        {
            (self.out)(Answer::Copies(copies));
        }
        let mut idle = false;
        // The backup of the day waits for a moment in which nobody waits for us: it is a copy of the whole book.
        let (mut quiet, mut day) = (Duration::ZERO, None);
        loop {
            let wait = match (idle && self.behind || !self.unfinished.is_empty(), self.focused) {
                // Work for the index is waiting, and nobody is pressing keys: small bites of it, one after the other.
                (true, _) => Duration::ZERO,
                (false, true) => LOOK,
                (false, false) => LOOK_UNFOCUSED,
            };
            let first = match self.inbox.recv_timeout(wait) {
                Ok(ask) => ask,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) if !self.unfinished.is_empty() => {
                    // Nobody asks for anything else: one more piece of what a screen waits for.
                    std::mem::take(&mut self.unfinished).into_iter().for_each(|slot| self.answer(slot));
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => {
                    quiet += wait;
                    if quiet >= QUIET && day != Some(self.store.today()) {
                        day = Some(self.store.today());
                        self.back_up_daily();
                    }
                    self.look();
                    // From the second quiet moment on the index is worked at, until it has everything. What fails is not tried again
                    // before the next change.
                    if idle && self.behind {
                        self.behind = self.store.index_some(IDLE_TEXTS).unwrap_or(false);
                    }
                    idle = true;
                    continue;
                }
            };
            (idle, quiet) = (false, Duration::ZERO);
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

    fn ready(&mut self) -> Result<(), Error> {
        let roster = self.store.roster()?;
        (self.out)(Answer::Ready {
            roster,
            config: self.store.config(),
            path: self.store.path().to_owned(),
            mode: self.store.mode().name(),
            read_only: self.store.read_only().map(str::to_owned),
        });
        Ok(())
    }

    fn patience(&mut self) {
        let (out, gave_up, here) = (self.out.clone(), self.gave_up.clone(), self.here.clone());
        let path = self.store.path().to_owned();
        let mut told = false;
        self.store.wait_with(Some(Box::new(move |waited| {
            if waited < 300 {
                told = false;
            } else if !told {
                told = true;
                let others = here.lock().unwrap_or_else(PoisonError::into_inner);
                out(Answer::Waiting(Some(presence::who_writes(&path, &others))));
            }
            !gave_up.load(Ordering::Relaxed)
        })));
    }

    /// Runs what was asked, in order; of several watches of a slot only the last is answered. `false`: stop.
    fn handle(&mut self, asks: Vec<Ask>) -> bool {
        let mut fresh: BTreeMap<Slot, ()> = BTreeMap::new();
        let mut wrote = false;
        let mut stop = false;
        for ask in asks {
            match ask {
                Ask::Write { ticket, command, now } => {
                    let result = self.store.write(&command, now);
                    (self.out)(Answer::Waiting(None));
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
                    fresh.remove(&slot);
                }
                Ask::Focus(on) => self.focused = on,
                Ask::Looking(customer) => self.looking = customer,
                Ask::Stop => stop = true,
            }
        }
        self.behind |= wrote;
        if wrote {
            self.wrote = (self.clock)();
            // What others wrote before our own write has to be known too, and our own is no news.
            self.look();
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

    fn answer(&mut self, slot: Slot) {
        let Some(query) = self.watched.get(&slot).cloned() else { return };
        match self.store.answer(&query) {
            Ok(page) => {
                if page.is_unfinished() {
                    self.unfinished.insert(slot);
                }
                (self.out)(Answer::Page { slot, query, page: Arc::new(page) });
            }
            Err(error) => (self.out)(Answer::Failed { slot, query, error }),
        }
    }

    /// Has the backup of the day made on a thread of its own: keys do not wait for it.
    fn back_up_daily(&self) {
        let (Some(job), out, now) = (self.store.daily_job(), self.out.clone(), (self.clock)()) else { return };
        let _ = std::thread::Builder::new().name("backup".into()).spawn(move || {
            if let Err(error) = job(now) {
                out(Answer::Told(error.message));
            }
        });
    }

    /// Says that we are here, and who else is when that has changed.
    fn look_around(&mut self) {
        let Some(presence) = &mut self.presence else { return };
        presence.tell(self.looking, (self.clock)());
        let others = presence.others();
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if *here != others {
            here.clone_from(&others);
            (self.out)(Answer::Presence(others));
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
        if self.store.has_room_again() {
            changed = self.ready().is_ok();
        }
        if self.store.was_replaced() {
            changed = self.store.open_anew().is_ok();
            self.version = self.store.data_version().unwrap_or(0);
            changed &= self.ready().is_ok();
        } else if self.store.is_gone() != self.gone {
            self.gone = !self.gone;
            if self.gone {
                (self.out)(Answer::Told("the book's file is gone: what you change now is kept in your outbox".into()));
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
        if !(self.exchanged.0..self.exchanged.0 + EXCHANGE).contains(&now.0) && self.store.syncs() {
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
                Err(error) => self.store.tell_exchange(&super::sync::Exchanged { wrong: vec![error.message], ..Default::default() }),
            }
        }
        false
    }

    /// Looks for a new day and for others' writes. A busy file is not an error: the next look will know.
    fn look(&mut self) {
        self.look_around();
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
            self.answer_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::NewCustomer;
    use crate::store::tests::{NOW, options};

    #[test]
    fn what_is_written_while_the_roster_is_read_is_news() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.db");
        Store::open(&path, &options("ana")).unwrap().close();
        let (tell, told) = crossbeam_channel::unbounded();
        let book = path.clone();
        let worker = Worker::start(
            path,
            options("ana"),
            || NOW,
            move |answer| match answer {
                // The worker is here between the roster and its first look.
                Answer::Ready { .. } => {
                    let mut other = Store::open(&book, &options("bo")).unwrap();
                    other.write(&Command::AddCustomer(NewCustomer { name: "Acme".into(), ..NewCustomer::default() }), NOW).unwrap();
                }
                Answer::Foreign { person, .. } => tell.send(person).unwrap(),
                _ => {}
            },
        );
        assert_eq!(told.recv_timeout(Duration::from_secs(20)).unwrap(), "bo");
        drop(worker);
    }
}
