//! Subscriptions: a price normalised to a month, versions, terms and renewals.

use serde::Serialize;

use super::id::Id;
use super::money::Currency;
use super::time::Day;

/// How often a price is paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Interval {
    /// Every day.
    Day,
    /// Every week (12/52 of a month's worth).
    Week,
    /// Every month.
    Month,
    /// Every year.
    Year,
}

/// One version of a subscription: what was agreed from a day on.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Version {
    /// Names the row in every copy of the book.
    pub id: Id,
    /// The customer it belongs to.
    pub customer: Id,
    /// The key of this version in files.
    pub external: String,
    /// The subscription it is a version of.
    pub subscription: String,
    /// First day.
    pub start: Day,
    /// First day on which it is no longer active.
    pub end: Option<Day>,
    /// Price of one unit and interval, minor units.
    pub amount: i64,
    /// What it is in.
    pub currency: Currency,
    /// How often it is paid.
    pub interval: Interval,
    /// Every how many intervals.
    pub count: u32,
    /// Units (seats).
    pub quantity: u32,
    /// Discount in hundredths of a per cent.
    pub discount: u32,
    /// `active`, `trial`, or what the file said.
    pub status: String,
}

/// MRR of a version in minor units: amount x quantity x (1 - discount), normalised to a month, rounded half up once;
/// 0 for a trial. `None` when it does not fit in 64 bits or `count` is 0.
pub fn mrr(version: &Version) -> Option<i64> {
    let _ = version;
    None
}
