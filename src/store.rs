//! The book on disk: the only rusqlite and the only SQL. Opens it by the rules, writes batches, undoes them, answers queries.

pub mod load;
pub mod worker;

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use crate::domain::command::{Command, Receipt};
use crate::domain::config::Config;
use crate::domain::query::{Page, Query};
use crate::domain::roster::Roster;
use crate::domain::time::{Day, Stamp};
use crate::error::Result;

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The person's name.
    pub person: String,
    /// What makes this machine's copy different from another's: an id kept in the state folder, never in the book.
    pub device: crate::domain::id::Id,
}

/// How to open a book.
#[derive(Clone, Debug)]
pub struct Options {
    /// The person and device.
    pub who: Who,
    /// Now.
    pub now: Stamp,
    /// Fixes the day of every pure figure; signals are folded up to it.
    pub as_of: Option<Day>,
    /// Create the file when it is missing.
    pub create: bool,
    /// IANA zone for a new book; `None`: UTC.
    pub zone: Option<String>,
}

/// An open book.
pub struct Store {
    _path: PathBuf,
}

impl Store {
    /// Opens (or creates) the book at `path` by the opening rules.
    pub fn open(path: &Path, options: &Options) -> Result<Store> {
        let _ = options;
        Ok(Store { _path: path.to_owned() })
    }

    /// A book in memory, for tests.
    pub fn memory(options: &Options) -> Result<Store> {
        Store::open(Path::new(":memory:"), options)
    }

    /// Runs one command as one batch.
    pub fn write(&mut self, command: &Command, now: Stamp) -> Result<Receipt> {
        let _ = (command, now);
        Err(crate::error::Error::failed("not yet"))
    }

    /// Answers a question. Loads the roster when it is needed and not there.
    pub fn answer(&mut self, query: &Query) -> Result<Page> {
        let _ = query;
        Err(crate::error::Error::failed("not yet"))
    }

    /// The shared roster, loaded. Screens read it while drawing; only the store writes it, for microseconds.
    pub fn roster(&mut self) -> Result<Arc<RwLock<Roster>>> {
        Err(crate::error::Error::failed("not yet"))
    }

    /// Starts loading many rows as one batch. `command` is `import` or `demo`.
    pub fn load(&mut self, command: &'static str, now: Stamp) -> Result<load::Loader<'_>> {
        let _ = (command, now);
        Err(crate::error::Error::failed("not yet"))
    }

    /// The one customer that a person means by an id, an external key, or a name (exact, then a folded part).
    /// Several: a usage error that lists the candidates. None: not found.
    pub fn find_customer(&mut self, name: &str) -> Result<crate::domain::id::Id> {
        let _ = name;
        Err(crate::error::Error::failed("not yet"))
    }

    /// The moment `now` in the book's zone, with the day that `--as-of` fixed.
    pub fn moment(&self, now: Stamp) -> crate::domain::time::Moment {
        crate::domain::time::Moment::new(now, self.config().zone)
    }

    /// The book's config.
    pub fn config(&self) -> Arc<Config> {
        Arc::new(Config::default())
    }

    /// Why the book cannot be written, when it cannot.
    pub fn read_only(&self) -> Option<&str> {
        None
    }
}
