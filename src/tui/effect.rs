//! What comes into the app and what goes out of it, as plain values: tests compare them, only the runner carries them out.

use std::path::PathBuf;

use crossterm::event::Event;
use serde_json::Value;

use super::bench::{JobNo, Reading};
use super::step::{AnyJob, Ended};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::query::Query;
use crate::domain::time::Day;
use crate::store::worker::{Answer, Slot};

/// The number of a worker: what one says that is not the present one's any more is of another book, or of a book as it was.
pub type Generation = u32;

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
    /// A job has ended.
    Done(JobNo, Ended),
    /// How far a job is.
    Reading(JobNo, Reading),
    /// `keys.toml` has another text than before; empty when it is gone.
    Keys(String),
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
    /// Begins a job on a thread.
    Run(JobNo, Box<dyn AnyJob>),
    /// Stops a job; nothing of it is written.
    Stop(JobNo),
    /// Opens another book, by a worker of this number.
    OpenBook(Generation, PathBuf),
    /// Leaves.
    Quit,
}

#[cfg(test)]
impl Effect {
    /// The job that it begins, where it is one of this type.
    pub fn job<J: super::step::Job>(&self) -> Option<&J> {
        let Effect::Run(_, job) = self else {
            return None;
        };
        let job: &dyn std::any::Any = &**job;
        job.downcast_ref()
    }
}
