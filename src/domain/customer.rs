//! Customers and their contacts as a page shows them: everything that has a current value.

use serde::Serialize;
use serde_json::{Map, Value};

use super::id::Id;
use super::time::{Day, Stamp};

/// A customer's own fields. Figures folded from its events are [`super::signal::Signals`].
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Customer {
    /// Names the row in every copy of the book.
    pub id: Id,
    /// The key under which files know it; empty when it has none.
    pub external: String,
    /// Display name, as typed.
    pub name: String,
    /// The person of our team who looks after it; empty when nobody does.
    pub owner: String,
    /// Web site, as typed.
    pub website: String,
    /// Telephone, as typed.
    pub phone: String,
    /// When the relationship started.
    pub created: Option<Day>,
    /// Free words for grouping.
    pub tags: Vec<String>,
    /// Custom attributes by code, typed by the book's [`super::config::Attribute`] rows.
    pub attributes: Map<String, Value>,
    /// Hidden from the queue until this day.
    pub snoozed_until: Option<Day>,
    /// Hidden from the queue until such an event arrives: `nps` or `ticket`.
    pub snoozed_for: String,
    /// Why it was snoozed.
    pub snooze_reason: String,
    /// Keys of the reasons that were dealt with ([`super::priority::Key`] texts, space-separated).
    pub done: String,
}

/// What a contact means for the account.
pub const ROLES: &[&str] = &["champion", "buyer", "sponsor", "user", "admin", "detractor"];

/// A person at a customer.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Contact {
    /// Names the row in every copy of the book.
    pub id: Id,
    /// The customer it belongs to.
    pub customer: Id,
    /// The key under which files know it; empty when it has none.
    pub external: String,
    /// Display name.
    pub name: String,
    /// One of [`ROLES`], or what the import file said.
    pub role: String,
    /// E-mail address.
    pub email: String,
    /// Telephone.
    pub phone: String,
    /// The main contact of the account.
    pub primary: bool,
    /// When it was last in touch with us.
    pub last_touch: Option<Stamp>,
}
