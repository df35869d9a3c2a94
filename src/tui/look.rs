//! What every screen may read while it acts and draws.

use std::path::PathBuf;
use std::sync::{Arc, RwLock, RwLockReadGuard};

use super::drafts::Drafts;
use super::keymap::{Action, Keymap};
use super::say::Say;
use super::theme::{Glyphs, Theme};
use crate::domain::command::Command;
use crate::domain::config::Config;
use crate::domain::id::Id;
use crate::domain::query::Counts;
use crate::domain::roster::Roster;
use crate::domain::time::{Day, Moment};
use crate::store::presence::Here;

/// What every screen may read while it acts and draws. Only the app writes it.
pub struct Look {
    /// Now, in the book's zone.
    pub now: Moment,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The words.
    pub say: Say,
    /// The nine roles.
    pub theme: Theme,
    /// Box and sign characters, or their ASCII forms.
    pub glyphs: Glyphs,
    /// Every key that holds.
    pub keymap: Keymap,
    /// The shared roster, once the book is open.
    pub roster: Option<Arc<RwLock<Roster>>>,
    /// The book's config, once it is open.
    pub config: Arc<Config>,
    /// The book's file.
    pub book: PathBuf,
    /// The folder by which it exchanges, if it does.
    pub exchanges: Option<PathBuf>,
    /// Why nothing can be written.
    pub read_only: Option<String>,
    /// The day before today as of which everything is shown.
    pub past: Option<Day>,
    /// Counts for the tabs.
    pub counts: Counts,
    /// Who else has the book open.
    pub here: Vec<Here>,
    /// The customer whose page is open.
    pub looking: Option<Id>,
    /// Who "me" is.
    pub me: String,
    /// Rows that the list of the last frame could show: what a page key moves by.
    pub list_rows: usize,
    /// The preview is shown (`w`).
    pub preview: bool,
    /// Texts that were begun and not saved, by what they are of.
    pub drafts: Drafts,
    /// Customers with a bookmark, newest first.
    pub bookmarks: Vec<Id>,
    /// Customers whose page was open, newest first.
    pub visited: Vec<Id>,
    /// Ids of actions and customers that the palette ran last, newest first.
    pub recent: Vec<String>,
    /// The write that is begun or answered just now, while views hear of it.
    pub ticket: u64,
    /// The last command on customers, for `.`.
    pub last: Option<Command>,
    /// Copies of the book that a sync tool left beside it.
    pub copies: Vec<PathBuf>,
    /// Batches that somebody has changed since and that `u` passes over.
    pub passed: Vec<Id>,
    /// What came while somebody typed, and waits.
    pub arrived: Vec<String>,
    /// What was done today in triage, newest first, for the end of the queue.
    pub handled: Vec<String>,
}

impl Look {
    /// The roster for reading, for the time of one drawing or one key. `None` before the book is open.
    pub fn read(&self) -> Option<RwLockReadGuard<'_, Roster>> {
        // A writer that panicked left the rows it was changing half-scored at worst; lists may still be read.
        self.roster
            .as_ref()
            .map(|r| r.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The customer at a row of the roster.
    pub fn id_of(&self, row: u32) -> Option<Id> {
        self.read().and_then(|r| r.ids.get(row as usize).copied())
    }

    /// The name of a customer; empty when it is not there.
    pub fn name_of(&self, id: Id) -> String {
        self.read()
            .and_then(|r| r.row_of_id(id).map(|at| r.name(at).to_owned()))
            .unwrap_or_default()
    }

    /// What belongs to the book goes with it; what is the person's stays.
    pub fn leave_book(&mut self) {
        self.roster = None;
        self.exchanges = None;
        self.read_only = None;
        self.past = None;
        self.counts = Counts::default();
        self.here.clear();
        self.looking = None;
        self.last = None;
        self.copies.clear();
        self.passed.clear();
        self.handled.clear();
    }

    /// The words of an action: its own, or those that its label has on every screen.
    pub fn action_words(&self, action: &Action) -> String {
        let own = self.say.find(&format!("action.{}", action.id));
        own.or_else(|| self.say.find(&format!("action.*.{}", action.label)))
            .unwrap_or(&action.id)
            .to_owned()
    }
}

/// "Acme Foods", "Acme Foods and Birch Works", "Acme Foods, Birch Works and 35 more"; empty where nobody has a name here.
pub fn listed(customers: &[Id], look: &Look) -> String {
    let names: Vec<String> = customers
        .iter()
        .take(2)
        .map(|id| look.name_of(*id))
        .filter(|name| !name.is_empty())
        .collect();
    match (names.as_slice(), customers.len()) {
        ([a, b], 2) => look.say.fill("draft.two", &[("a", a), ("b", b)]),
        ([a, b], n) => look.say.fill(
            "draft.more",
            &[("a", a), ("b", b), ("n", &(n - 2).to_string())],
        ),
        ([one], 1) => one.clone(),
        ([one], n) => look
            .say
            .fill("draft.and", &[("a", one), ("n", &(n - 1).to_string())]),
        _ => String::new(),
    }
}
