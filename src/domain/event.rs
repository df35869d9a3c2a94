//! Events: everything that happened to a customer at a time, one table for all kinds.

use serde::Serialize;
use serde_json::{Map, Value};

use super::id::Id;
use super::time::{Day, Stamp};

/// Declares [`EventKind`] once: variant, stored number, code, letter on the timeline.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $no:literal, $code:literal, $letter:literal;)*) => {
        /// What kind of thing happened. The number is stored, the code is what scripts see, the letter stands on the timeline.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum EventKind { $($(#[$doc])* $name = $no,)* }

        impl EventKind {
            /// Every kind there is.
            pub const ALL: &'static [EventKind] = &[$(EventKind::$name,)*];

            /// The code in JSON, CSV and filters.
            pub fn code(self) -> &'static str {
                match self { $(EventKind::$name => $code,)* }
            }

            /// The letter on the timeline, so that colour is never needed.
            pub fn letter(self) -> char {
                match self { $(EventKind::$name => $letter,)* }
            }

            /// The kind with a stored number; `None` for one of a newer version.
            pub fn from_number(no: i64) -> Option<EventKind> {
                match no { $($no => Some(EventKind::$name),)* _ => None }
            }

            /// The kind with a code.
            pub fn from_code(code: &str) -> Option<EventKind> {
                match code { $($code => Some(EventKind::$name),)* _ => None }
            }
        }
    };
}

kinds! {
    /// A contact between us and them, by a channel. `number`: minutes. `more.mood`: 1-5.
    Touch = 1, "touch", 'C';
    /// A note of ours. `more.pinned`.
    Note = 2, "note", 'n';
    /// An answer to "would you recommend us", `number` 0-10.
    Nps = 3, "nps", 'N';
    /// Satisfaction 1-5 in `number`.
    Csat = 4, "csat", 'A';
    /// A ticket was opened or closed (`more.step`), `reference` is its key, `number` its severity, `text` its subject.
    Ticket = 5, "ticket", 'T';
    /// A move between stages: `more.from`, `more.to` (codes), `more.visit`, `more.code`, `more.also`; `text` the reason in words.
    Stage = 6, "stage", 'S';
    /// An order: `number` minor units paid, `more.discount` minor units, `more.status`.
    Order = 7, "order", 'O';
    /// An invoice: `number` minor units, `more.due`, `more.paid` (days as ISO dates), `more.status`.
    Invoice = 8, "invoice", 'I';
    /// A usage reading of a week: `number` key actions, `more.active`, `more.sessions`, `more.seats`.
    Usage = 9, "usage", 'U';
    /// The manager's own view of the account, 1-5 in `number`.
    Pulse = 10, "pulse", 'P';
    /// A task was done: `text` its title, `reference` the task's id.
    Task = 11, "task", 'x';
    /// A subscription began, changed or ended: `number` its MRR in minor units, `text` what happened.
    Subscription = 12, "subscription", '$';
    /// The account left: `number` lost MRR in minor units, `more.code` the primary reason, `more.returned` an ISO date.
    Churn = 13, "churn", '†';
    /// An answer to a question of a stage's checklist: `channel` the stage's code, `reference` the question's, `number` 1 yes,
    /// 0 no, 2 not applicable; `text` a note.
    Check = 14, "check", '?';
    /// A person's word over the health score: `number` 0-100, `more.until` its last day, `text` the reason. Without a number
    /// the score holds again.
    Override = 15, "override", '!';
    /// A rule fired: `channel` its code, `text` why, `reference` the id of what it started.
    Rule = 16, "rule", 'R';
    /// Effort, 1-7 in `number`.
    Ces = 17, "ces", 'E';
    /// An answer to a question of a survey: `channel` the question's code, `reference` the wave, `text` the words.
    Survey = 18, "survey", 'Q';
    /// An invitation to a survey that was delivered: `channel` what it asks (`nps`, `csat`, `ces`, `friction`), `reference` the
    /// wave.
    Invite = 19, "invite", 'v';
}

/// One event as a timeline shows it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Event {
    /// Names the row in every copy of the book.
    pub id: Id,
    /// The customer it happened to.
    pub customer: Id,
    /// What kind of thing it was.
    #[serde(serialize_with = "as_code")]
    pub kind: EventKind,
    /// When it happened, UTC milliseconds.
    pub at: Stamp,
    /// The civil date in the book's zone.
    pub day: Day,
    /// The contact it was with.
    pub contact: Option<Id>,
    /// The contact's name; empty when there is none.
    pub contact_name: String,
    /// Code of the channel; empty when it has none.
    pub channel: String,
    /// `in`, `out`, or empty.
    pub direction: String,
    /// The kind's figure ([`EventKind`] says which).
    pub number: Option<i64>,
    /// Its words.
    pub text: String,
    /// The key under which files know it.
    pub reference: String,
    /// The rest, by kind.
    pub more: Map<String, Value>,
    /// Who recorded it.
    pub author: String,
    /// Its text was changed after it was recorded.
    pub edited: bool,
}

fn as_code<S: serde::Serializer>(kind: &EventKind, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(kind.code())
}
