//! What comes into the app and what goes out of it, as plain values: tests compare them, only the runner carries them out.

use std::path::PathBuf;

use crossterm::event::Event;
use serde_json::Value;

use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::query::Query;
use crate::domain::time::Day;
use crate::error::Result;
use crate::store::merge::Report;
use crate::store::worker::{Answer, Slot};
use crate::transfer::import::{self, Wanted};

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

/// The number of a worker: what one says that is not the present one's any more is of another book, or of a book as it was.
pub type Generation = u32;

/// The number of something that runs on a thread of its own: its end is known by it.
pub type Job = u64;
/// How an editor failed, and what became of what it had saved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EditorFailed {
    /// Its command.
    pub editor: String,
    /// How it ended; `None`: it has not, the terminal went.
    pub status: Option<String>,
    /// Another text than before, that it had saved and nobody let go of.
    pub saved: Option<String>,
    /// The file, where it stays.
    pub file: Option<PathBuf>,
}

/// What comes in.
#[derive(Debug)]
pub enum Msg {
    /// From the terminal: a key, a click, a paste, a new size, the focus.
    Input(Event),
    /// From a worker.
    Answer(Generation, Answer),
    /// Something that the person has to be told, of whatever book: a lock that is waited for, a hook that failed.
    Told(String),
    /// TERM, HUP or INT: leave in order.
    Leave,
    /// A timer may be due; the app looks at its own.
    Timer,
    /// The text that came back from `$EDITOR`; `None` when nothing was written.
    Edited { view: u32, text: Option<String> },
    /// `$EDITOR` failed, or the terminal went while it was open.
    EditorFailed { view: u32, failed: EditorFailed },
    /// What other consoles of this person keep: drafts, bookmarks, who was visited, brought together with what is kept here.
    Kept(Value),
    /// The demo book is there.
    Made {
        job: Job,
        path: PathBuf,
        result: Result<()>,
    },
    /// A text was to be copied: by which program it was, or `None` where there is none that could.
    Copied {
        text: String,
        what: String,
        tool: Option<&'static str>,
    },
    /// `keys.toml` has another text than before; empty when it is gone.
    Keys(String),
    /// A merge has ended, or the look at what it would do.
    Merged {
        job: Job,
        path: PathBuf,
        dry_run: bool,
        result: Result<Box<Report>>,
    },
    /// How far an import is.
    Importing(Job, Reading),
    /// An import has ended, or the look at what it would do.
    Imported {
        job: Job,
        path: PathBuf,
        wanted: Box<Wanted>,
        result: Result<Box<import::Report>>,
    },
    /// The brief of a handover is written: now the customers change hands. Or it is not, and they stay.
    Briefed {
        job: Job,
        customers: Vec<Id>,
        to: String,
        result: Result<()>,
    },
    /// A mail was to be opened, and the desktop did, or could not.
    Mailing { link: String, opened: bool },
    /// A file is written, with so many rows, or is not.
    Exported {
        job: Job,
        path: PathBuf,
        result: Result<usize>,
    },
    /// Something the runner did has ended with a sentence.
    Said { good: bool, text: String },
}

/// What goes out.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Runs a command.
    Write { ticket: u64, command: Box<Command> },
    /// Gives up a write that waits for another's lock.
    GiveUp,
    /// Watches a query.
    Watch { slot: Slot, query: Query },
    /// Ends a watch.
    Unwatch { slot: Slot },
    /// Tells the worker which customer is looked at.
    Looking(Option<Id>),
    /// Has the book shown as it was at the end of a day, or as it is.
    Past(Option<Day>),
    /// Tells the worker about the focus.
    Focus(bool),
    /// Opens `$EDITOR` on a text, for a view.
    Editor { view: u32, text: String },
    /// Puts text on the clipboard; what it is, for the message that says how it went.
    Copy { text: String, what: String },
    /// Puts text on the clipboard by OSC 52, the terminal's own way.
    CopyByTerminal(String),
    /// Stops the process until it is brought to the front.
    Suspend,
    /// Draws every cell anew.
    Repaint,
    /// Mouse reports on or off.
    Mouse(bool),
    /// Writes the state file.
    SaveState(String),
    /// Makes a demo book.
    Demo { job: Job },
    /// Opens another book, by a worker of this number.
    OpenBook(Generation, PathBuf),
    /// Gives up an import, or a look at a file; nothing of it is written.
    StopImport(Job),
    /// Imports a file into the open book, or tells only what would come.
    Import {
        job: Job,
        path: PathBuf,
        wanted: Box<Wanted>,
    },
    /// Merges a copy into the open book, or tells only what would come.
    Merge {
        job: Job,
        path: PathBuf,
        dry_run: bool,
    },
    /// Writes the answer to a question into a file; of a past day where that is shown.
    Export {
        job: Job,
        query: Query,
        path: PathBuf,
        past: Option<Day>,
    },
    /// Has the desktop open a mail.
    Mail(String),
    /// Writes the brief of a handover into a file.
    Brief {
        job: Job,
        customers: Vec<Id>,
        to: String,
        path: PathBuf,
    },
    /// Leaves.
    Quit,
}
