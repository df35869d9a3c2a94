//! What a job on a thread has at hand.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::domain::query::{BatchPage, Page, Query};
use crate::domain::time::{Day, Stamp};
use crate::error::Result;
use crate::store::{Options, Store};

/// The number of a job: its end is known by it.
pub type JobNo = u64;

/// How far an import is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// The file that is being read.
    pub file: String,
    /// Rows so far.
    pub rows: usize,
    /// Rows a second.
    pub rate: usize,
    /// Seconds that the rest will take by what the files' lengths say.
    pub left: u64,
    /// Rows that could not be taken.
    pub rejected: u64,
}

/// The book that a job is for, and its ways to the loop.
pub struct Bench {
    /// The file of the book in front.
    pub book: PathBuf,
    /// The day in the past that is shown.
    pub past: Option<Day>,
    /// The file of the book that the screens were started with.
    pub started_with: PathBuf,
    /// Who, when, and how books are opened.
    pub options: Options,
    /// The time.
    pub clock: fn() -> Stamp,
    /// Whether it is to stop.
    pub stop: Arc<AtomicBool>,
    /// Tells how far it is.
    pub tell: Box<dyn Fn(Reading) + Send>,
    /// The person has hooks, which hear of batches.
    pub has_hooks: bool,
    /// Batches for them, once the answer is given.
    pub batches: Vec<BatchPage>,
}

impl Bench {
    /// A connection of its own to the book in front.
    pub fn open(&self) -> Result<Store> {
        Store::open(&self.book, &self.options)
    }

    /// It is to stop.
    pub fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Keeps what a store has written for the hooks.
    pub fn keep_batches(&mut self, store: &mut Store) {
        if !self.has_hooks {
            return;
        }
        for batch in store.take_committed() {
            if let Ok(Page::Batch(page)) = store.answer(&Query::Batch { batch }) {
                self.batches.push(page);
            }
        }
    }
}
