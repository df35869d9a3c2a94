//! Every write there is. Keys, subcommands and imports build these; the store runs one in one transaction as one batch.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::ActionDraft;
use super::checklist::Answer;
use super::id::Id;
use super::revenue::Interval;
use super::rule::{KEY, Rule};
use super::stage::Reason;
use super::task::TaskDraft;
use super::time::{Day, Stamp};
use super::touchpoint::TouchDraft;
use crate::error::Result;

/// A change of one field of a row, with the value that the person saw when they began. Where somebody else has changed the
/// field meanwhile (the value now is neither `base` nor `value`) the write is refused with a conflict and nothing changes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// Field as stored: `name`, `owner`, `website`, `phone`, `created`, `attr.<code>`, `tag.<tag>`, `text`, `title`, `due`...
    pub field: String,
    /// What the person saw; `None` does not check. Nothing (`null`) was seen is another thing than not having looked.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "seen"
    )]
    pub base: Option<Value>,
    /// The value to write; `Value::Null` clears. Days are ISO dates.
    pub value: Value,
}

fn seen<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

fn seen_text<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A setting to be written, with what the person saw: see [`Command::SetConfig`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Setting {
    /// Its key.
    pub key: String,
    /// What it is to say.
    pub value: String,
    /// What it said.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "seen_text"
    )]
    pub base: Option<Option<String>>,
}

impl Change {
    /// A change that does not check what was seen.
    pub fn set(field: &str, value: impl Into<Value>) -> Change {
        Change {
            field: field.to_owned(),
            base: None,
            value: value.into(),
        }
    }
}

/// Which stage a move goes to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Target {
    /// The stage with this code, label or alias.
    Stage(String),
    /// One step on.
    Next,
    /// One step back.
    Previous,
    /// The stage with this code for each of the customers, in their order: where "one step" was looked up before.
    Each(Vec<String>),
}

/// Which entity an edit is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Entity {
    /// A customer.
    Customer,
    /// A contact.
    Contact,
    /// An event (its text, or whether it is removed).
    Event,
    /// A task.
    Task,
    /// A ticket.
    Ticket,
    /// A subscription version.
    Subscription,
    /// A saved view.
    View,
    /// A config row.
    Config,
    /// A call to action.
    Action,
    /// A playbook that was started.
    Play,
    /// One step of it.
    Step,
}

/// A new customer.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct NewCustomer {
    /// Display name; mandatory.
    pub name: String,
    /// Owner; empty for nobody.
    pub owner: String,
    /// Code of the stage it starts in; empty for the first.
    pub stage: String,
    /// Web site.
    pub website: String,
    /// Telephone.
    pub phone: String,
    /// Tags.
    pub tags: Vec<String>,
    /// MRR in minor units, kept as a monthly subscription from today; 0 for none.
    pub mrr: i64,
}

/// A new contact.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct NewContact {
    /// Display name; mandatory.
    pub name: String,
    /// One of `customer::ROLES`, or empty.
    pub role: String,
    /// E-mail.
    pub email: String,
    /// Telephone.
    pub phone: String,
}

/// A new ticket, where no help desk sends them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct NewTicket {
    /// What it is about; mandatory.
    pub subject: String,
    /// 1 (severe) to 4 (minor).
    pub severity: u8,
    /// The help desk's key; empty for none.
    pub external: String,
    /// When it was opened; `None`: now.
    pub opened: Option<Stamp>,
}

/// What a customer pays from a day on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NewTerms {
    /// The key of the subscription in files; empty for none.
    pub subscription: String,
    /// Price of one unit and interval, minor units of the book's currency.
    pub amount: i64,
    /// How often it is paid.
    pub interval: Interval,
    /// Every how many intervals.
    pub count: u32,
    /// Units (seats).
    pub quantity: u32,
    /// First day; `None`: today.
    pub start: Option<Day>,
    /// First day on which it is no longer active.
    pub end: Option<Day>,
    /// A trial pays nothing yet.
    pub trial: bool,
}

/// One answer of a survey.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// How likely they are to recommend us, 0-10, and what was said with it.
    Nps(u8, String),
    /// Satisfaction 1-5, and what was said with it.
    Csat(u8, String),
    /// Effort 1-7, and what was said with it.
    Ces(u8, String),
    /// Words to the question with this code.
    Words(String, String),
}

/// One thing a person does: one batch, one undo step.
#[allow(
    missing_docs,
    reason = "the fields of each variant are said in its sentence"
)]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Command {
    /// Makes a customer and lets it enter its first stage.
    AddCustomer(NewCustomer),
    /// Adds a contact.
    AddContact { customer: Id, contact: NewContact },
    /// Opens a ticket.
    AddTicket { customer: Id, ticket: NewTicket },
    /// Closes tickets, with the satisfaction 1-5 where it is known; `at` dates it, otherwise now.
    CloseTickets {
        tickets: Vec<Id>,
        at: Option<Stamp>,
        csat: Option<u8>,
    },
    /// Adds a version of a subscription.
    AddSubscription { customer: Id, terms: NewTerms },
    /// Changes fields of rows of one kind (bulk: the same changes for each row).
    Edit {
        entity: Entity,
        rows: Vec<Id>,
        changes: Vec<Change>,
    },
    /// Gives customers to an owner; empty takes it away.
    Assign { customers: Vec<Id>, owner: String },
    /// Adds and removes tags.
    Tag {
        customers: Vec<Id>,
        add: Vec<String>,
        remove: Vec<String>,
    },
    /// Logs a touchpoint, and its follow-up task.
    LogTouch {
        customers: Vec<Id>,
        touch: TouchDraft,
    },
    /// Writes a note; `at` dates it, otherwise now.
    Note {
        customers: Vec<Id>,
        text: String,
        at: Option<Stamp>,
    },
    /// Records an NPS answer 0-10.
    Nps {
        customer: Id,
        contact: Option<Id>,
        score: u8,
        text: String,
        at: Option<Stamp>,
    },
    /// Records answers to a survey: each a number or words, all of one person, day and wave.
    Survey {
        customer: Id,
        contact: Option<Id>,
        wave: String,
        answers: Vec<Said>,
        at: Option<Stamp>,
    },
    /// Records that an invitation to a survey was delivered: `asks` is `nps`, `csat`, `ces` or `friction`.
    Invite {
        customers: Vec<Id>,
        asks: String,
        wave: String,
        at: Option<Stamp>,
    },
    /// Records the manager's pulse 1-5.
    Pulse {
        customer: Id,
        score: u8,
        text: String,
    },
    /// Sets the health score by a person's word: 0-100 and the last day on which it holds, within a year; the reason is
    /// mandatory. `None`: what is measured holds again.
    Override {
        customer: Id,
        hold: Option<(u8, Day)>,
        reason: String,
    },
    /// Moves customers; a reason is mandatory backward, to a lost stage, and on where exit criteria are not met.
    Move {
        customers: Vec<Id>,
        to: Target,
        reason: Option<Reason>,
    },
    /// Answers a question of a stage's checklist; the latest answer holds.
    Check {
        customer: Id,
        stage: String,
        question: String,
        answer: Answer,
        note: String,
    },
    /// Adds a task to each customer.
    AddTask { customers: Vec<Id>, task: TaskDraft },
    /// Marks tasks done (an event on each customer's timeline).
    DoneTasks { tasks: Vec<Id> },
    /// Puts tasks off.
    SnoozeTasks {
        tasks: Vec<Id>,
        until: Day,
        reason: String,
    },
    /// Triage: the present reasons of these customers are dealt with.
    Done { customers: Vec<Id> },
    /// The same with the reasons that were shown at each of them, as `priority::keys_to_text` writes them.
    DoneWith {
        customers: Vec<Id>,
        reasons: Vec<String>,
    },
    /// Triage: hides customers until a day, or until an event (`nps`, `ticket`) arrives.
    Snooze {
        customers: Vec<Id>,
        until: Option<Day>,
        event: String,
        reason: String,
    },
    /// Takes a snooze back.
    Unsnooze { customers: Vec<Id> },
    /// Makes one of two customers: everything of `other` comes to `keep`, and `other` leaves the lists; undo brings both back.
    MergeCustomers { keep: Id, other: Id },
    /// Removes rows from every list; undo brings them back.
    Remove { entity: Entity, rows: Vec<Id> },
    /// Opens a call to action at each customer, or updates the open one of the same kind and reason.
    OpenAction {
        customers: Vec<Id>,
        action: ActionDraft,
    },
    /// Closes calls to action with what came of it.
    CloseActions { actions: Vec<Id>, outcome: String },
    /// Puts calls to action off; the reason is one of `action::SNOOZE_REASONS`.
    SnoozeActions {
        actions: Vec<Id>,
        until: Day,
        reason: String,
    },
    /// Starts a playbook (code or label) at customers; `from` is the day it counts from, otherwise today.
    StartPlay {
        customers: Vec<Id>,
        playbook: String,
        from: Option<Day>,
    },
    /// Passes over a step of a started playbook, with the reason.
    SkipStep { step: Id, reason: String },
    /// Ends a started playbook; what is open of it leaves the lists.
    EndPlay { play: Id, outcome: String },
    /// Takes back what one firing of a rule did, by its event; the rule does not fire again for the same entry.
    TakeBackFiring { event: Id },
    /// Saves a view under a name (an existing one of that name is changed).
    SaveView {
        name: String,
        view: super::view::View,
    },
    /// Sets a config key; `None` goes back to the default.
    SetConfig {
        key: String,
        value: Option<String>,
        /// What the person saw there, `Some(None)` for the default; `None` does not check. Where the setting says something else by now
        /// (neither this nor `value`) the write is refused with a conflict.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "seen_text"
        )]
        base: Option<Option<String>>,
    },
    /// Sets several config keys and saves several views in one step.
    Configure {
        settings: Vec<Setting>,
        views: Vec<(String, super::view::View)>,
    },
    /// Decides a conflict between copies of the book: `take` names the edit whose value holds.
    Resolve { row: Id, field: String, take: Id },
    /// Deletes a customer or a contact with all that belongs to it, for good: ids stay, nothing else, and no undo.
    Purge {
        entity: Entity,
        row: Id,
        why: String,
    },
    /// Takes back a batch, or one edit, by its id: also an import, and with `force` also another person's.
    Revert { target: Id, force: bool },
    /// Takes back the person's latest batch that stands, or the named one (their own). `force` also overwrites later edits of
    /// others that stand in the way; without it they are a conflict.
    Undo { batch: Option<Id>, force: bool },
    /// Takes back the person's latest batch that stands and is none of these: those that somebody has changed since and that were
    /// left as they are.
    UndoPast { passed: Vec<Id> },
    /// Takes back what nobody else has changed since of a batch, one's own or another's.
    UndoRest { batch: Id },
    /// Takes back the person's latest undo.
    Redo,
    /// Writes the value before of one edit, whoever made it. `force` also overwrites what was changed since.
    PutBack { edit: Id, force: bool },
    /// Takes back another person's batch, as a batch of one's own. `force` also overwrites what was changed since.
    TakeBack { batch: Id, force: bool },
}

impl Command {
    /// It takes back what somebody did, or does it again: what it touches is not told by its fields.
    pub fn is_undo(&self) -> bool {
        matches!(
            self,
            Command::Undo { .. }
                | Command::UndoPast { .. }
                | Command::UndoRest { .. }
                | Command::Redo
        )
    }
}

/// What a write did.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Receipt {
    /// The batch; `None` when there was nothing to change.
    pub batch: Option<Id>,
    /// One line for the message bar and the activity list: "Snoozed Globex Air until Mon 30 Nov".
    pub label: String,
    /// Rows that were changed or made.
    pub changed: usize,
    /// Customers that were passed over, with the reason: "already in retention".
    pub skipped: Vec<(Id, String)>,
    /// Customers that it touched.
    pub customers: Vec<Id>,
    /// It was done before, under the same idempotency key: nothing was written now.
    pub repeated: bool,
    /// Why it is not in the book yet, when it waits in the outbox to be written at the next chance.
    pub queued: Option<String>,
}

impl Rule {
    /// The write that puts it into the book, over what its person saw of it; `None`: it is new.
    pub fn command(&self, seen: Option<&Rule>) -> Result<Command> {
        let base = Some(seen.map(Rule::text).transpose()?);
        Ok(Command::SetConfig {
            key: format!("{KEY}{}", self.code),
            value: Some(self.text()?),
            base,
        })
    }

    /// The write that takes it out of the book.
    pub fn removal(&self) -> Result<Command> {
        Ok(Command::SetConfig {
            key: format!("{KEY}{}", self.code),
            value: None,
            base: Some(Some(self.text()?)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_waits_in_the_outbox_still_knows_what_was_seen() {
        for base in [None, Some(Value::Null), Some(Value::from("ana"))] {
            let change = Change {
                field: "attr.industry".into(),
                base,
                value: Value::from("food"),
            };
            let text = serde_json::to_string(&change).unwrap();
            assert_eq!(
                serde_json::from_str::<Change>(&text).unwrap(),
                change,
                "{text}"
            );
        }
    }
}
