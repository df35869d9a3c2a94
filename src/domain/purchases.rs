//! What the customers of a book bought, read when something asks for it.

use super::rfm::{Mean, Orders, Scores, Value};

/// What decides on the segments of one customer.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Member {
    /// Its orders.
    pub orders: Orders,
    /// Its scores, where there are enough customers for any.
    pub scores: Option<Scores>,
    /// The three conditions of high value; `None` without an order in the look-back.
    pub value: Option<Value>,
    /// It came back after it had left.
    pub returned: bool,
}

/// What every customer of a book bought and what follows from it, by row of the roster: read when something asks for it.
#[derive(Clone, Debug, Default)]
pub struct Purchases {
    /// By row.
    pub members: Vec<Member>,
    /// The median of the customers' mean orders.
    pub median: Option<Mean>,
    /// The segments of each row, by their number in the roster's tag sets.
    pub(super) sets: Vec<u32>,
}

impl Purchases {
    /// The customer at a row.
    pub fn get(&self, at: usize) -> Option<&Member> {
        self.members.get(at)
    }

    /// The segments of a row as a set of words; 0 for none.
    pub fn set(&self, at: usize) -> u32 {
        self.sets.get(at).copied().unwrap_or(0)
    }
}
