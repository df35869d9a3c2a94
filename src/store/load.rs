//! Loading many rows as one batch: what imports and the demo book are written with. One transaction, one undo step.

use crate::domain::command::Receipt;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::revenue::Version;
use crate::domain::time::{Day, Stamp};
use crate::error::Result;

/// What became of a row that was put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// A new row.
    Made,
    /// A row with its key was there and some fields changed.
    Changed,
    /// A row with its key was there and says the same.
    Same,
    /// The file differs from the book, but a person edited the field since it was last imported: the person's value stays.
    Kept,
}

/// A customer as a file has it. `None` fields are not in the file and stay as they are.
#[derive(Clone, Debug, Default)]
pub struct CustomerRow<'a> {
    /// Its key in files; mandatory for an import to be repeatable.
    pub external: &'a str,
    /// Display name.
    pub name: &'a str,
    /// Owner.
    pub owner: Option<&'a str>,
    /// Web site.
    pub website: Option<&'a str>,
    /// Telephone.
    pub phone: Option<&'a str>,
    /// Start of the relationship.
    pub created: Option<Day>,
    /// Tags.
    pub tags: Option<Vec<&'a str>>,
    /// Custom attributes: code and value (string, integer or bool).
    pub attributes: Vec<(&'a str, serde_json::Value)>,
}

/// A contact as a file has it.
#[derive(Clone, Debug, Default)]
pub struct ContactRow<'a> {
    /// Its key in files.
    pub external: &'a str,
    /// The customer, by the number [`Loader::customer`] gave.
    pub customer: i64,
    /// Display name.
    pub name: &'a str,
    /// Role.
    pub role: &'a str,
    /// E-mail.
    pub email: &'a str,
    /// Telephone.
    pub phone: &'a str,
    /// Main contact.
    pub primary: bool,
}

/// A ticket as a file has it. Its opened and closed events are written with it.
#[derive(Clone, Debug, Default)]
pub struct TicketRow<'a> {
    /// Its key in files.
    pub external: &'a str,
    /// The customer's number.
    pub customer: i64,
    /// Subject.
    pub subject: &'a str,
    /// 1 to 4.
    pub severity: u8,
    /// Opened.
    pub opened: Stamp,
    /// Closed.
    pub closed: Option<Stamp>,
    /// Satisfaction 1-5.
    pub csat: Option<u8>,
}

/// A task as the demo book has it.
#[derive(Clone, Debug, Default)]
pub struct TaskRow<'a> {
    /// The customer's number.
    pub customer: i64,
    /// Title.
    pub title: &'a str,
    /// Due day.
    pub due: Option<Day>,
    /// Owner.
    pub owner: &'a str,
    /// 1 to 3.
    pub priority: u8,
    /// `renewal` or empty.
    pub kind: &'a str,
    /// When it was made.
    pub made: Stamp,
    /// When it was done.
    pub done: Option<Stamp>,
}

/// An event as a file has it. `EventKind` says what `number`, `channel` and `more` hold for a kind.
#[derive(Clone, Debug)]
pub struct EventRow<'a> {
    /// Kind.
    pub kind: EventKind,
    /// The customer's number.
    pub customer: i64,
    /// The contact's number.
    pub contact: Option<i64>,
    /// When.
    pub at: Stamp,
    /// The civil date where the file gives one with its own offset; `None`: the date of `at` in the book's zone.
    pub day: Option<Day>,
    /// Channel code (touch), stage code moved to (stage), status (order, invoice), else empty.
    pub channel: &'a str,
    /// `in`, `out` or empty.
    pub direction: &'a str,
    /// Figure.
    pub number: Option<i64>,
    /// Words.
    pub text: &'a str,
    /// Key in files; an event of the same kind and key is there already: nothing is written twice.
    pub reference: &'a str,
    /// The rest as a JSON object; empty for none.
    pub more: &'a str,
}

/// One batch being loaded. Dropping it undoes everything.
pub struct Loader<'a> {
    _store: &'a mut super::Store,
}

impl Loader<'_> {
    /// The number of the customer with this key, if the book has it.
    pub fn customer(&mut self, external: &str) -> Result<Option<i64>> {
        let _ = external;
        Ok(None)
    }

    /// The number of the contact with this key.
    pub fn contact(&mut self, external: &str) -> Result<Option<i64>> {
        let _ = external;
        Ok(None)
    }

    /// Puts a customer; gives its number.
    pub fn put_customer(&mut self, row: &CustomerRow<'_>) -> Result<(i64, Outcome)> {
        let _ = row;
        Ok((0, Outcome::Same))
    }

    /// Puts a contact; gives its number.
    pub fn put_contact(&mut self, row: &ContactRow<'_>) -> Result<(i64, Outcome)> {
        let _ = row;
        Ok((0, Outcome::Same))
    }

    /// Puts a ticket with its events.
    pub fn put_ticket(&mut self, row: &TicketRow<'_>) -> Result<Outcome> {
        let _ = row;
        Ok(Outcome::Same)
    }

    /// Puts a subscription version (`id` and `customer` of it are not read) of the customer with this number.
    pub fn put_version(&mut self, customer: i64, version: &Version) -> Result<Outcome> {
        let _ = (customer, version);
        Ok(Outcome::Same)
    }

    /// Adds a task (demo only: tasks have no key, so they are never found again).
    pub fn add_task(&mut self, row: &TaskRow<'_>) -> Result<Id> {
        let _ = row;
        Ok(Id::default())
    }

    /// Writes an event, unless one of the kind with its reference is there.
    pub fn put_event(&mut self, row: &EventRow<'_>) -> Result<Outcome> {
        let _ = row;
        Ok(Outcome::Same)
    }

    /// Sets a config key within this batch (stages, attributes).
    pub fn set_config(&mut self, key: &str, value: &str) -> Result<()> {
        let _ = (key, value);
        Ok(())
    }

    /// Commits. `label` is the line of the activity list. Signals and the full-text index are brought up to date first.
    pub fn finish(self, label: &str) -> Result<Receipt> {
        let _ = label;
        Err(crate::error::Error::failed("not yet"))
    }

    /// Takes everything back (a dry run, Ctrl-C).
    pub fn abandon(self) {}
}
