//! Rows as files have them. What a file has no column for is `None`: it says nothing, so a row that is there keeps what it has, and a new
//! one gets what new ones have.

use rusqlite::types::{ToSqlOutput, ValueRef};
use serde_json::{Map, Value as Json};

use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::money::Currency;
use crate::domain::revenue::{Interval, Version};
use crate::domain::time::{Day, Stamp};
use crate::store::batch::{self, Table};

/// A customer as a file has it.
#[derive(Clone, Debug, Default)]
pub struct CustomerRow<'a> {
    /// The number of the one that is meant where it was found by another rule than its key.
    pub number: Option<i64>,
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
    pub attributes: Vec<(&'a str, Json)>,
}

/// A contact as a file has it.
#[derive(Clone, Debug, Default)]
pub struct ContactRow<'a> {
    /// The number of the one that is meant where it was found by another rule than its key.
    pub number: Option<i64>,
    /// Its key in files.
    pub external: &'a str,
    /// The customer, by the number [`super::Loader::customer`] gave.
    pub customer: i64,
    /// Display name; a new one without is called by its address.
    pub name: Option<&'a str>,
    /// Role.
    pub role: Option<&'a str>,
    /// E-mail.
    pub email: Option<&'a str>,
    /// Telephone.
    pub phone: Option<&'a str>,
    /// Main contact.
    pub primary: Option<bool>,
}

/// A ticket as a file has it. Its opened and closed events are written with it.
#[derive(Clone, Debug, Default)]
pub struct TicketRow<'a> {
    /// Its key in files.
    pub external: &'a str,
    /// The customer's number.
    pub customer: i64,
    /// Subject.
    pub subject: Option<&'a str>,
    /// 1 to 4; 3 where nobody says.
    pub severity: Option<u8>,
    /// Opened.
    pub opened: Stamp,
    /// Closed, or open again.
    pub closed: Option<Option<Stamp>>,
    /// Satisfaction 1-5.
    pub csat: Option<Option<u8>>,
}

/// A version of a subscription as a file has it. What it comes to a month follows from the others.
#[derive(Clone, Debug)]
pub struct VersionRow<'a> {
    /// Its key in files.
    pub external: &'a str,
    /// The customer's number.
    pub customer: i64,
    /// The subscription it is a version of.
    pub subscription: Option<&'a str>,
    /// What the subscription of a new version is called where the file does not say: most often as its customer.
    pub called: &'a str,
    /// First day.
    pub start: Day,
    /// First day on which it is no longer active; none where it goes on.
    pub end: Option<Option<Day>>,
    /// Price of one unit and interval, minor units.
    pub amount: i64,
    /// What it is in; the book's where nobody says.
    pub currency: Option<Currency>,
    /// How often it is paid; every month where nobody says.
    pub interval: Option<Interval>,
    /// Every how many intervals.
    pub count: Option<u32>,
    /// Units (seats); 1 where nobody says.
    pub quantity: Option<u32>,
    /// Discount in hundredths of a per cent.
    pub discount: Option<u32>,
    /// `active`, `trial`, or what the file said; active where nobody says.
    pub status: Option<&'a str>,
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
    pub contact: Option<Option<i64>>,
    /// When.
    pub at: Stamp,
    /// The civil date where the file gives one with its own offset; `None`: the date of `at` in the book's zone.
    pub day: Option<Day>,
    /// Channel code (touch), stage code moved to (stage), status (order, invoice), else empty.
    pub channel: Option<&'a str>,
    /// `in`, `out` or empty.
    pub direction: Option<&'a str>,
    /// Figure.
    pub number: Option<Option<i64>>,
    /// Words.
    pub text: Option<&'a str>,
    /// Key in files; an event of the same kind and key is there already: nothing is written twice.
    pub reference: &'a str,
    /// The rest.
    pub more: More<'a>,
}

/// The rest of an event, member by member.
#[derive(Clone, Copy, Debug, Default)]
pub struct More<'a> {
    /// What a new event has, as a JSON object; empty for none.
    pub says: &'a str,
    /// The members for which the file has a column. Of others an event that is there keeps what it has.
    pub has: &'a [&'static str],
}

impl<'a> EventRow<'a> {
    /// An event of which nothing else is said.
    pub fn new(kind: EventKind, customer: i64, at: Stamp) -> EventRow<'a> {
        EventRow {
            kind,
            customer,
            contact: None,
            at,
            day: None,
            channel: None,
            direction: None,
            number: None,
            text: None,
            reference: "",
            more: More::default(),
        }
    }
}

impl<'a> VersionRow<'a> {
    /// A version of which everything is said.
    pub fn whole(customer: i64, version: &'a Version) -> VersionRow<'a> {
        VersionRow {
            external: &version.external,
            customer,
            subscription: Some(&version.subscription),
            called: "",
            start: version.start,
            end: Some(version.end),
            amount: version.amount,
            currency: Some(version.currency),
            interval: Some(version.interval),
            count: Some(version.count),
            quantity: Some(version.quantity),
            discount: Some(version.discount),
            status: Some(&version.status),
        }
    }
}

impl VersionRow<'_> {
    /// The version as it is to be: what is said over what stands, or over what a new one has. `currency` is the book's.
    pub fn over(&self, there: Option<&Version>, currency: Currency) -> Version {
        let status = self
            .status
            .or(there.map(|v| v.status.as_str()))
            .unwrap_or(ACTIVE);
        let subscription = self
            .subscription
            .or(there.map(|v| v.subscription.as_str()))
            .unwrap_or(self.called);
        Version {
            id: Id::default(),
            customer: Id::default(),
            external: self.external.to_owned(),
            subscription: subscription.to_owned(),
            start: self.start,
            end: self.end.unwrap_or(there.and_then(|v| v.end)),
            amount: self.amount,
            currency: self
                .currency
                .or(there.map(|v| v.currency))
                .unwrap_or(currency),
            interval: self
                .interval
                .or(there.map(|v| v.interval))
                .unwrap_or(Interval::Month),
            count: self.count.or(there.map(|v| v.count)).unwrap_or(1),
            quantity: self.quantity.or(there.map(|v| v.quantity)).unwrap_or(1),
            discount: self.discount.or(there.map(|v| v.discount)).unwrap_or(0),
            status: status.to_owned(),
        }
    }
}

impl More<'_> {
    /// What an event has with what the file says of it. Where that is the same, it is so to the letter.
    pub(super) fn over(&self, there: &str) -> String {
        let old = object(there);
        let mut all = old.clone();
        all.retain(|name, _| !self.has.contains(&name.as_str()));
        all.extend(self.said_of(self.says));
        match all {
            _ if all == old => there.to_owned(),
            _ if all.is_empty() => String::new(),
            _ => Json::Object(all).to_string(),
        }
    }

    /// True where a file that said `earlier` said of the same members what this one does.
    pub(super) fn is_said_by(&self, earlier: &str) -> bool {
        self.said_of(earlier) == self.said_of(self.says)
    }

    /// The members of an object for which the file has a column.
    fn said_of(&self, text: &str) -> Map<String, Json> {
        let mut all = object(text);
        all.retain(|name, _| self.has.contains(&name.as_str()));
        all
    }
}

fn object(text: &str) -> Map<String, Json> {
    batch::attributes(text)
}

/// What a row says of a column, or what a new row has there of which it says nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'a> {
    pub value: ValueRef<'a>,
    pub said: bool,
}

impl<'a> Cell<'a> {
    /// A value that is said.
    pub fn said(value: impl Into<Plain<'a>>) -> Cell<'a> {
        Cell {
            value: value.into().0,
            said: true,
        }
    }

    /// What a new row has.
    pub fn new(value: impl Into<Plain<'a>>) -> Cell<'a> {
        Cell {
            value: value.into().0,
            said: false,
        }
    }

    fn or<T: Into<Plain<'a>>>(said: Option<T>, new: impl Into<Plain<'a>>) -> Cell<'a> {
        said.map_or_else(|| Cell::new(new), Cell::said)
    }

    fn or_empty(said: Option<&'a str>) -> Cell<'a> {
        Cell::or(said, "")
    }

    fn or_none<T: Into<Plain<'a>>>(said: Option<Option<T>>) -> Cell<'a> {
        Cell::or(said, None::<i64>)
    }

    /// As a statement takes it.
    pub fn bound(&self) -> ToSqlOutput<'a> {
        ToSqlOutput::Borrowed(self.value)
    }
}

/// A value as it is stored.
pub(super) struct Plain<'a>(ValueRef<'a>);

impl<'a> From<&'a str> for Plain<'a> {
    fn from(text: &'a str) -> Plain<'a> {
        Plain(ValueRef::Text(text.as_bytes()))
    }
}

impl From<i64> for Plain<'_> {
    fn from(n: i64) -> Self {
        Plain(ValueRef::Integer(n))
    }
}

impl From<u32> for Plain<'_> {
    fn from(n: u32) -> Self {
        i64::from(n).into()
    }
}

impl From<u8> for Plain<'_> {
    fn from(n: u8) -> Self {
        i64::from(n).into()
    }
}

impl From<bool> for Plain<'_> {
    fn from(yes: bool) -> Self {
        i64::from(yes).into()
    }
}

impl From<Day> for Plain<'_> {
    fn from(day: Day) -> Self {
        day.number().into()
    }
}

impl From<Stamp> for Plain<'_> {
    fn from(at: Stamp) -> Self {
        at.0.into()
    }
}

impl<'a, T: Into<Plain<'a>>> From<Option<T>> for Plain<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Plain(ValueRef::Null), Into::into)
    }
}

/// The place of a column in a row of its table.
pub(super) fn place(table: &Table, column: &str) -> Option<usize> {
    table.columns.iter().position(|c| *c == column)
}

// The cells of a row go with the columns of its table.

impl<'a> CustomerRow<'a> {
    /// `tags` and `attributes` are those of a new customer; of one that is there each is a field of its own.
    pub(super) fn cells(&'a self, tags: &'a str, attributes: &'a str) -> [Cell<'a>; 8] {
        [
            Cell::or((!self.external.is_empty()).then_some(self.external), ""),
            Cell::said(self.name),
            Cell::or_empty(self.owner),
            Cell::or_empty(self.website),
            Cell::or_empty(self.phone),
            Cell::or_none(self.created.map(Some)),
            Cell::new(tags),
            Cell::new(attributes),
        ]
    }
}

impl<'a> ContactRow<'a> {
    pub(super) fn cells(&'a self) -> [Cell<'a>; 7] {
        [
            Cell::said(self.customer),
            // One that is found by another rule keeps its key.
            if self.number.is_some() {
                Cell::new(self.external)
            } else {
                Cell::said(self.external)
            },
            Cell::or(self.name, self.email.unwrap_or("")),
            Cell::or_empty(self.role),
            Cell::or_empty(self.email),
            Cell::or_empty(self.phone),
            Cell::or(self.primary, false),
        ]
    }
}

impl<'a> TicketRow<'a> {
    pub(super) fn cells(&'a self) -> [Cell<'a>; 7] {
        [
            Cell::said(self.customer),
            Cell::said(self.external),
            Cell::or_empty(self.subject),
            Cell::or(self.severity.map(|n| n.clamp(1, 4)), 3_i64),
            Cell::said(self.opened),
            Cell::or_none(self.closed),
            Cell::or_none(self.csat),
        ]
    }
}

impl<'a> VersionRow<'a> {
    /// `currency` is the book's, `monthly` what a new version comes to a month.
    pub(super) fn cells(&'a self, currency: &'a str, monthly: i64) -> [Cell<'a>; 13] {
        [
            Cell::said(self.customer),
            Cell::said(self.external),
            Cell::or(self.subscription, self.called),
            Cell::said(self.start),
            Cell::or_none(self.end),
            Cell::said(self.amount),
            self.currency
                .as_ref()
                .map_or_else(|| Cell::new(currency), |c| Cell::said(c.code())),
            Cell::or(self.interval.map(Interval::code), Interval::Month.code()),
            Cell::or(self.count, 1_i64),
            Cell::or(self.quantity, 1_i64),
            Cell::or(self.discount, 0_i64),
            Cell::or(self.status, ACTIVE),
            Cell::new(monthly),
        ]
    }
}

/// The status of a version of which no file says any.
const ACTIVE: &str = "active";

impl<'a> EventRow<'a> {
    /// `day` is the civil date, `more` the rest as it is to be.
    pub(super) fn cells(&'a self, day: Day, more: Cell<'a>) -> [Cell<'a>; 11] {
        [
            Cell::said(self.customer),
            Cell::said(self.kind as i64),
            Cell::said(self.at),
            Cell::said(day),
            Cell::or_none(self.contact),
            Cell::or_empty(self.channel),
            Cell::or_empty(self.direction),
            Cell::or_none(self.number),
            Cell::or_empty(self.text),
            Cell::said(self.reference),
            more,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_has_no_column_for_stays_in_the_rest_of_an_event() {
        let more = More {
            says: r#"{"paid":"2026-11-02"}"#,
            has: &["paid", "status"],
        };
        assert_eq!(
            more.over(r#"{"due":"2026-11-30","status":"open"}"#),
            r#"{"due":"2026-11-30","paid":"2026-11-02"}"#
        );
        assert_eq!(more.over(""), r#"{"paid":"2026-11-02"}"#);
        let same = r#"{"paid":"2026-11-02","due":"2026-11-30"}"#;
        assert_eq!(more.over(same), same);
        assert!(
            more.is_said_by(same) && !more.is_said_by(r#"{"paid":"2026-11-02","status":"open"}"#)
        );
        assert_eq!(
            More {
                says: r#"{"code":"other"}"#,
                has: &[]
            }
            .over(same),
            same
        );
        assert_eq!(
            More {
                says: "",
                has: &["due"]
            }
            .over(r#"{"due":"2026-11-30"}"#),
            ""
        );
    }

    #[test]
    fn a_row_has_one_cell_a_column() {
        use crate::domain::command::Entity;
        let columns = |entity| batch::table(entity).columns.len();
        let event = EventRow::new(EventKind::Note, 1, Stamp(0));
        assert_eq!(
            event.cells(Day::MIN, Cell::new("")).len(),
            columns(Entity::Event)
        );
        assert_eq!(
            CustomerRow::default().cells("", "").len(),
            columns(Entity::Customer)
        );
        assert_eq!(
            ContactRow::default().cells().len(),
            columns(Entity::Contact)
        );
        assert_eq!(TicketRow::default().cells().len(), columns(Entity::Ticket));
    }
}
