//! Segments: the ready-made ones, which are read off a customer's orders and course, and saved views that are live filters.

pub use super::purchases::{Member, Purchases};
use super::rfm::{self, Mean, Orders, Scores, Value};
use super::roster::{Names, Roster};

#[cfg(test)]
mod tests;

/// Whether a customer is in a segment.
pub type Test = fn(&Member) -> bool;

/// The ready-made segments: code, and who is in it. The code is what `seg:vip` names.
pub const READY: [(&str, Test); 7] = [
    ("first_time", |m| m.orders.ever == 1),
    ("registered", |m| m.orders.ever == 0),
    ("reactivated", |m| m.returned || m.orders.returned),
    ("frequent", |m| m.scores.is_some_and(Scores::is_frequent)),
    ("vip", |m| m.scores.is_some_and(Scores::is_vip)),
    ("at_risk", |m| m.scores.is_some_and(Scores::is_at_risk)),
    ("high_value", |m| m.value.is_some_and(Value::is_high)),
];

/// Those that go by scores: with too few customers nobody can be in them.
pub const BY_SCORES: [&str; 3] = ["frequent", "vip", "at_risk"];

/// Scores and values of all customers from their orders; `returned` says of a row whether it came back after it had left.
pub fn members(
    orders: Vec<Orders>,
    returned: impl Fn(usize) -> bool,
) -> (Vec<Member>, Option<Mean>) {
    let (scores, median) = (rfm::scores(&orders), rfm::median_mean(&orders));
    let member = |(at, orders): (usize, Orders)| Member {
        orders,
        scores: scores[at],
        value: median.and_then(|median| rfm::value(&orders, median)),
        returned: returned(at),
    };
    (orders.into_iter().enumerate().map(member).collect(), median)
}

/// How many of these customers are in each of the ready-made segments, in the order of [`READY`].
pub fn counts<'m>(members: impl Iterator<Item = &'m Member>) -> [usize; READY.len()] {
    let mut counts = [0; READY.len()];
    for member in members {
        for (count, (_, is_in)) in counts.iter_mut().zip(READY) {
            *count += usize::from(is_in(member));
        }
    }
    counts
}

impl Roster {
    /// Keeps the orders of every row, and works out scores, values and segments; `returned` says of each row whether it came back
    /// after it had left.
    pub fn put_orders(&mut self, orders: Vec<Orders>, returned: &[bool]) {
        let (members, median) = members(orders, |at| returned.get(at).copied().unwrap_or(false));
        let mut known = [None; 1 << READY.len()];
        let sets = members.iter().enumerate().map(|(at, member)| {
            if self.rows[at].removed {
                return 0;
            }
            let bits = READY.iter().enumerate().fold(0, |bits, (i, (_, is_in))| {
                bits | usize::from(is_in(member)) << i
            });
            *known[bits].get_or_insert_with(|| set_of(&mut self.tagsets, bits))
        });
        let sets = sets.collect();
        self.purchases = Some(Box::new(Purchases {
            members,
            median,
            sets,
        }));
    }
}

/// The number of the set of words with these segments.
fn set_of(words: &mut Names, bits: usize) -> u32 {
    let codes = READY
        .iter()
        .enumerate()
        .filter(|(i, _)| bits >> i & 1 == 1)
        .map(|(_, (code, _))| *code);
    words.intern(&codes.collect::<Vec<_>>().join(" "))
}
