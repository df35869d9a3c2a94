//! Tasks: what somebody has to do for a customer by a day.

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::time::{Day, Stamp};

/// One task as it stands.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Task {
    /// Names the row in every copy of the book.
    pub id: Id,
    /// The customer it is for.
    pub customer: Id,
    /// What has to be done.
    pub title: String,
    /// The day by which it has to be done.
    pub due: Option<Day>,
    /// Who does it.
    pub owner: String,
    /// 1 (first) to 3.
    pub priority: u8,
    /// Code of what it is for: `renewal` counts as a plan for the renewal; otherwise empty.
    pub kind: String,
    /// Put off until this day: it counts as due then, not before.
    pub snoozed_until: Option<Day>,
    /// Why it was put off.
    pub snooze_reason: String,
    /// When it was done; `None` while it is open.
    pub done: Option<Stamp>,
}

impl Task {
    /// The day on which it is somebody's turn: when it is due, or later where it was put off.
    pub fn turn(&self) -> Option<Day> {
        self.due.max(self.snoozed_until)
    }
}

/// A task before it is written.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TaskDraft {
    /// What has to be done.
    pub title: String,
    /// The day by which.
    pub due: Option<Day>,
    /// Who does it; empty is the person who writes it.
    pub owner: String,
    /// 1 to 3; 0 is taken as 2.
    pub priority: u8,
    /// As [`Task::kind`].
    pub kind: String,
}
