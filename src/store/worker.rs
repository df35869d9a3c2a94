//! The worker: one thread that owns the book for the screens, answers watched queries again after every change, and
//! notices the writes of others.

use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use crossbeam_channel::Sender;

use crate::domain::command::{Command, Receipt};
use crate::domain::config::Config;
use crate::domain::query::{Page, Query};
use crate::domain::roster::Roster;
use crate::domain::time::Stamp;
use crate::error::Error;

use super::Options;

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
    /// A write has been waiting for another's lock for 300 ms (true), or no longer does (false).
    Waiting(bool),
}

/// A running worker.
pub struct Worker {
    asks: Sender<Ask>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Worker {
    /// Opens the book at `path` on a thread of its own. `out` is called on that thread.
    pub fn start(path: PathBuf, options: Options, out: impl Fn(Answer) + Send + 'static) -> Worker {
        let _ = (path, options, out);
        let (asks, _) = crossbeam_channel::unbounded();
        Worker { asks, thread: None }
    }

    /// Asks something; never blocks.
    pub fn ask(&self, ask: Ask) {
        let _ = self.asks.send(ask);
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
