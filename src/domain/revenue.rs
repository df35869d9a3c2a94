//! Subscriptions: a price normalised to a month, versions, terms and renewals.

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::money::Currency;
use super::time::Day;

/// How often a price is paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
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
    if version.count == 0 {
        return None;
    }
    if version.status.trim().eq_ignore_ascii_case("trial") {
        return Some(0);
    }
    // A month holds `months.0 / months.1` intervals: 52 weeks, 365 days and 12 months make a year.
    let months: (i128, i128) = match version.interval {
        Interval::Day => (365, 12),
        Interval::Week => (52, 12),
        Interval::Month => (1, 1),
        Interval::Year => (1, 12),
    };
    // The largest product is below 2^120, so nothing overflows before the one rounding.
    let paid = i128::from(FULL.saturating_sub(version.discount));
    let above = i128::from(version.amount) * i128::from(version.quantity) * paid * months.0;
    let below = i128::from(FULL) * months.1 * i128::from(version.count);
    i64::try_from((above * 2 + below).div_euclid(below * 2)).ok()
}

/// A whole in hundredths of a per cent.
const FULL: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn version(
        amount: i64,
        interval: Interval,
        count: u32,
        quantity: u32,
        discount: u32,
    ) -> Version {
        Version {
            id: Id::default(),
            customer: Id::default(),
            external: String::new(),
            subscription: String::new(),
            start: "2025-01-01".parse().expect("a date"),
            end: None,
            amount,
            currency: Currency::default(),
            interval,
            count,
            quantity,
            discount,
            status: "active".into(),
        }
    }

    #[test]
    fn prices_are_normalised_to_a_month() {
        let cases = [
            ((29_700, Interval::Month, 3, 1, 0), 9_900),
            ((9_900, Interval::Month, 1, 4, 1_000), 35_640),
            ((9_900, Interval::Month, 1, 5, 1_000), 44_550),
            ((99_000, Interval::Year, 1, 7, 0), 57_750),
            ((19_000, Interval::Year, 1, 1, 1_500), 1_346),
            ((100, Interval::Year, 1, 1, 0), 8),
            ((6, Interval::Year, 1, 1, 0), 1),
            ((18, Interval::Year, 1, 1, 0), 2),
            ((1_200, Interval::Week, 1, 1, 0), 5_200),
            ((2_400, Interval::Week, 2, 1, 0), 5_200),
            ((100, Interval::Day, 1, 1, 0), 3_042),
            ((1_000, Interval::Month, 1, 3, 10_000), 0),
            ((-18, Interval::Year, 1, 1, 0), -1),
        ];
        for ((amount, interval, count, quantity, discount), expected) in cases {
            let version = version(amount, interval, count, quantity, discount);
            assert_eq!(
                mrr(&version),
                Some(expected),
                "{amount} {interval:?} {count} {quantity} {discount}"
            );
        }
    }

    #[test]
    fn it_is_rounded_once_and_not_per_seat() {
        // 100 a year is 8.33 a month: seven of them are 58.33, not 7 x 8.
        assert_eq!(mrr(&version(100, Interval::Year, 1, 7, 0)), Some(58));
    }

    #[test]
    fn a_trial_has_no_revenue_and_nonsense_has_no_answer() {
        let trial = Version {
            status: "Trial".into(),
            ..version(9_900, Interval::Month, 1, 5, 0)
        };
        assert_eq!(mrr(&trial), Some(0));
        assert_eq!(mrr(&version(9_900, Interval::Month, 0, 5, 0)), None);
        assert_eq!(mrr(&version(i64::MAX, Interval::Day, 1, u32::MAX, 0)), None);
        assert_eq!(mrr(&version(i64::MIN, Interval::Day, 1, u32::MAX, 0)), None);
        assert_eq!(
            mrr(&version(i64::MAX, Interval::Month, 1, 1, 0)),
            Some(i64::MAX)
        );
    }
}
