//! What stands in a calendar: days on which something of a customer is due.

use super::id::Id;
use super::time::{Day, Stamp};

/// What is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// A task.
    Task,
    /// A subscription ends, so somebody renews it before.
    Renewal,
    /// A business review.
    Review,
    /// A call to action, a risk or an objective is looked at again.
    Call,
}

/// One day of one thing.
#[derive(Clone, PartialEq, Debug)]
pub struct Appointment {
    /// Names the row in every copy of the book, and so the entry in every calendar.
    pub id: Id,
    /// What is due.
    pub due: Due,
    /// The day.
    pub day: Day,
    /// The customer's name; empty where nothing may be said any more.
    pub customer: String,
    /// What to do, in a few words; empty for none.
    pub title: String,
    /// Whose it is.
    pub owner: String,
    /// It is done.
    pub done: bool,
    /// It is not on this calendar any more.
    pub cancelled: bool,
    /// How often it was changed: what calendars call its sequence.
    pub changes: u32,
    /// When it was changed last.
    pub changed: Stamp,
}
