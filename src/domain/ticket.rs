//! Tickets mirrored from a help desk: severity, ages, satisfaction.

use serde::Serialize;

use super::id::Id;
use super::time::Stamp;

/// One ticket as it stands.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Ticket {
    /// Names the row in every copy of the book.
    pub id: Id,
    /// The customer it belongs to.
    pub customer: Id,
    /// The help desk's key.
    pub external: String,
    /// What it is about.
    pub subject: String,
    /// 1 (severe) to 4 (minor).
    pub severity: u8,
    /// When it was opened.
    pub opened: Stamp,
    /// When it was closed; `None` while it is open.
    pub closed: Option<Stamp>,
    /// Satisfaction with it, 1-5.
    pub csat: Option<u8>,
}

/// Lowest severity (the highest number) that is kept apart.
pub const SEVERITIES: usize = 4;
