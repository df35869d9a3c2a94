//! Subscriptions: a price normalised to a month, versions, terms and renewals.

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::money::{Arr, Currency, Exchange, Ratio};
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

/// A price and how it is paid, all that revenue is figured from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
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
}

impl Default for Terms {
    /// Nothing a month for one unit.
    fn default() -> Terms {
        Terms {
            amount: 0,
            currency: Currency::default(),
            interval: Interval::Month,
            count: 1,
            quantity: 1,
            discount: 0,
        }
    }
}

/// What revenue is normalised to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Span {
    /// Monthly recurring revenue.
    Month,
    /// Annual recurring revenue.
    Year,
}

impl Interval {
    /// What books and files call it.
    pub fn code(self) -> &'static str {
        match self {
            Interval::Day => "day",
            Interval::Week => "week",
            Interval::Month => "month",
            Interval::Year => "year",
        }
    }

    /// The one of a code; a month where a book says what is none.
    pub fn kept(code: &[u8]) -> Interval {
        match code {
            b"day" => Interval::Day,
            b"week" => Interval::Week,
            b"year" => Interval::Year,
            _ => Interval::Month,
        }
    }

    /// How many of them a year holds: 365 days, 52 weeks, 12 months.
    fn in_a_year(self) -> i128 {
        match self {
            Interval::Day => 365,
            Interval::Week => 52,
            Interval::Month => 12,
            Interval::Year => 1,
        }
    }
}

impl Terms {
    /// amount x quantity x (1 - discount), normalised to a month or a year from the price, converted where a ratio is given, and
    /// rounded half up once. Minor units; `None` when it does not fit in 64 bits or `count` is 0.
    pub fn revenue(&self, span: Span, ratio: Option<Ratio>) -> Option<i64> {
        let months = match span {
            Span::Month => 12,
            Span::Year => 1,
        };
        // Without a ratio the largest product is below 2^120.
        let paid = i128::from(FULL.saturating_sub(self.discount));
        let above = i128::from(self.amount) * i128::from(self.quantity) * paid;
        let above = above * self.interval.in_a_year();
        let below = i128::from(FULL) * months * i128::from(self.count);
        let (times, by) = ratio.map_or((1, 1), |r| (r.above, r.below));
        let above = above.checked_mul(i128::from(times))?.checked_mul(2)?;
        let below = below.checked_mul(i128::from(by))?;
        if below == 0 {
            return None;
        }
        i64::try_from(above.checked_add(below)?.div_euclid(below.checked_mul(2)?)).ok()
    }
}

impl Terms {
    /// By what these are brought into the book's currency on a day: `Some(None)` where they are in it, `None` without a rate.
    pub fn ratio(&self, exchange: Exchange<'_>, day: Day) -> Option<Option<Ratio>> {
        if self.currency == exchange.book {
            return Some(None);
        }
        let ratio = exchange.rates.at(self.currency, exchange.book, day)?;
        Some(Some(ratio))
    }

    /// Revenue in minor units; what does not fit is the most that does.
    pub fn at_most(&self, span: Span, ratio: Option<Ratio>) -> i64 {
        let most = if self.amount < 0 { i64::MIN } else { i64::MAX };
        self.revenue(span, ratio).unwrap_or(most)
    }

    /// ARR on a day.
    pub fn arr(&self, exchange: Exchange<'_>, day: Day) -> Arr {
        match self.ratio(exchange, day) {
            Some(ratio) => Arr::of(self.at_most(Span::Year, ratio), ratio.is_some()),
            None => Arr::default().with([(self.currency, self.at_most(Span::Year, None))]),
        }
    }
}

impl Version {
    /// Its price.
    pub fn terms(&self) -> Terms {
        Terms {
            amount: self.amount,
            currency: self.currency,
            interval: self.interval,
            count: self.count,
            quantity: self.quantity,
            discount: self.discount,
        }
    }
}

/// True for the status of a version that nobody pays for yet.
pub fn is_trial(status: &str) -> bool {
    status.trim().eq_ignore_ascii_case("trial")
}

/// ARR of a customer's versions on a day: of those that are active then and no trials.
pub fn arr(versions: &[Version], exchange: Exchange<'_>, day: Day) -> Arr {
    let holds =
        |v: &&Version| v.start <= day && v.end.is_none_or(|end| end > day) && !is_trial(&v.status);
    let of = |v: &Version| v.terms().arr(exchange, day);
    versions.iter().filter(holds).map(of).sum()
}

/// MRR of a version in minor units of its currency; 0 for a trial. `None` when it does not fit in 64 bits or `count` is 0.
pub fn mrr(version: &Version) -> Option<i64> {
    let monthly = version.terms().revenue(Span::Month, None)?;
    Some(if is_trial(&version.status) {
        0
    } else {
        monthly
    })
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
