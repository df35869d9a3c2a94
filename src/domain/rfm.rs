//! Orders by customer: how recent, how many, how much (RFM), and who is worth more than most.

use serde::Serialize;

use super::time::Day;

#[cfg(test)]
mod tests;

/// With fewer customers than this their figures are shown and no scores.
pub const FEW: usize = 25;

/// Days of the look-back where nothing else is said.
pub const LOOK_BACK: u16 = 365;

/// The paid orders of one customer: since ever, and in the look-back (`count` and what follows).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Orders {
    /// Orders since ever.
    pub ever: u32,
    /// The day of the latest in the look-back.
    pub last: Option<Day>,
    /// Orders in the look-back.
    pub count: u32,
    /// What was paid for them, minor units.
    pub paid: i64,
    /// Those of them that had a discount.
    pub discounted: u32,
    /// The first order in the look-back came after a pause longer than the look-back.
    pub returned: bool,
}

impl Orders {
    /// The orders of one customer as of a day; `orders` are day, minor units paid, minor units of discount, in the order of days.
    /// The look-back has `days` days and ends with `today`; what comes later is not known.
    pub fn of(orders: impl IntoIterator<Item = (Day, i64, i64)>, today: Day, days: u16) -> Orders {
        let from = today.plus(1 - i64::from(days));
        let mut all = Orders::default();
        let mut before: Option<Day> = None;
        for (day, paid, discount) in orders.into_iter().filter(|o| o.0 <= today) {
            all.ever += 1;
            if day >= from {
                if all.count == 0 {
                    all.returned = before.is_some_and(|b| day.since(b) > i64::from(days));
                }
                all.last = Some(day);
                all.count += 1;
                all.paid = all.paid.saturating_add(paid);
                all.discounted += u32::from(discount > 0);
            }
            before = Some(day);
        }
        all
    }
}

/// The three scores of a customer, each 1 (worst) to 5.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Scores {
    /// Recency: the fewer days since the last order, the better.
    pub r: u8,
    /// Frequency: the more orders, the better.
    pub f: u8,
    /// Money: the more paid, the better.
    pub m: u8,
}

impl Scores {
    /// All three at least 4.
    pub fn is_vip(self) -> bool {
        self.r >= 4 && self.f >= 4 && self.m >= 4
    }

    /// Ordered often, and not lately.
    pub fn is_at_risk(self) -> bool {
        self.r <= 2 && self.f >= 3
    }

    /// Ordered often: F at least 4.
    pub fn is_frequent(self) -> bool {
        self.f >= 4
    }
}

/// The scores of those customers who ordered in the look-back, `None` for the others: 1 + floor(5 x worse / n), where `worse` are
/// the customers strictly worse; ties share a score. With fewer than [`FEW`] who ordered nobody has scores.
pub fn scores(customers: &[Orders]) -> Vec<Option<Scores>> {
    let there: Vec<usize> = (0..customers.len())
        .filter(|at| customers[*at].count > 0)
        .collect();
    let mut all = vec![None; customers.len()];
    if there.len() < FEW {
        return all;
    }
    let fifth = |key: fn(&Orders) -> i64| -> Vec<u8> {
        let mut sorted: Vec<i64> = there.iter().map(|at| key(&customers[*at])).collect();
        sorted.sort_unstable();
        let score = |at: &usize| {
            1 + (5 * sorted.partition_point(|other| *other < key(&customers[*at])) / sorted.len())
                as u8
        };
        there.iter().map(score).collect()
    };
    let (r, f, m) = (
        fifth(|o| o.last.map_or(0, Day::number)),
        fifth(|o| i64::from(o.count)),
        fifth(|o| o.paid),
    );
    for (i, at) in there.into_iter().enumerate() {
        all[at] = Some(Scores {
            r: r[i],
            f: f[i],
            m: m[i],
        });
    }
    all
}

/// The three conditions of a customer of high value, each true or false.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Value {
    /// No order in the look-back had a discount.
    pub full_price: bool,
    /// At least two orders in the look-back.
    pub several: bool,
    /// The mean order is strictly above the median of the customers' means.
    pub above_median: bool,
}

impl Value {
    /// All three hold.
    pub fn is_high(self) -> bool {
        self.full_price && self.several && self.above_median
    }
}

/// A mean of amounts kept exact: a sum and a count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mean {
    sum: i128,
    count: i128,
}

impl Mean {
    /// Minor units, rounded by the arithmetic of the machine: to be shown.
    pub fn minor(self) -> f64 {
        self.sum as f64 / self.count as f64
    }

    fn compare(self, other: Mean) -> std::cmp::Ordering {
        (self.sum * other.count).cmp(&(other.sum * self.count))
    }
}

/// The median over customers of the mean value of their orders in the look-back; of an even number the middle of the two.
pub fn median_mean(customers: &[Orders]) -> Option<Mean> {
    let mut means: Vec<Mean> = customers.iter().filter_map(mean).collect();
    means.sort_unstable_by(|a, b| a.compare(*b));
    let (upper, lower) = (means.get(means.len() / 2)?, means[(means.len() - 1) / 2]);
    Some(Mean {
        sum: lower.sum * upper.count + upper.sum * lower.count,
        count: 2 * lower.count * upper.count,
    })
}

fn mean(orders: &Orders) -> Option<Mean> {
    (orders.count > 0).then(|| Mean {
        sum: orders.paid.into(),
        count: orders.count.into(),
    })
}

/// What is true of a customer, given the median of all; `None` without an order in the look-back.
pub fn value(orders: &Orders, median: Mean) -> Option<Value> {
    let mean = mean(orders)?;
    Some(Value {
        full_price: orders.discounted == 0,
        several: orders.count >= 2,
        above_median: mean.compare(median) == std::cmp::Ordering::Greater,
    })
}
