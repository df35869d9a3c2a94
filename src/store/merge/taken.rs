//! What a taking brought, in numbers and by whom it concerns.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::Id;
use crate::store::hash::Header;

use super::{Arrived, LeftOut};

/// What was taken, for bringing the rest up to date and for the report.
#[derive(Default)]
pub struct Taken {
    /// By person and device.
    pub arrived: BTreeMap<(String, Id), Arrived>,
    /// What was not.
    pub left_out: Vec<LeftOut>,
    /// Rows made.
    pub rows: usize,
    /// Edits.
    pub edits: usize,
    /// Rows and fields that show something else.
    pub changed: usize,
    /// Customers (our integers) whose figures have to be folded again.
    pub touched: BTreeSet<i64>,
    /// Of these, whom batches touched that take back or correct: no rule fires for that, here neither.
    pub corrected: BTreeSet<i64>,
    /// A config key changed.
    pub config: bool,
    /// A setting or a view came or changed.
    pub named: bool,
    /// Something was purged.
    pub purges: bool,
    /// Customers by whose batches they were touched: person and device.
    pub touched_by: BTreeMap<(String, Id), BTreeSet<i64>>,
    /// Customers (our integers) to whom moves came, or events taken back.
    pub moved: BTreeSet<i64>,
    /// Fields that are conflicts now.
    pub conflicts: Vec<(Id, String)>,
    /// Customers that came.
    pub customers: Vec<Id>,
    /// Wall times from each device.
    pub headers: Vec<Header>,
}

impl Taken {
    /// Adds what was taken after it.
    pub fn join(&mut self, other: Taken) {
        for (whose, more) in other.arrived {
            match self.arrived.get_mut(&whose) {
                None => drop(self.arrived.insert(whose, more)),
                Some(known) => {
                    known.batches += more.batches;
                    known.last = known.last.max(more.last);
                    more.did.into_iter().for_each(|(command, times)| {
                        *known.did.entry(command).or_default() += times
                    });
                }
            }
        }
        for (whose, customers) in other.touched_by {
            self.touched_by.entry(whose).or_default().extend(customers);
        }
        self.left_out.extend(other.left_out);
        self.rows += other.rows;
        self.edits += other.edits;
        self.changed += other.changed;
        self.touched.extend(other.touched);
        self.corrected.extend(other.corrected);
        self.config |= other.config;
        self.named |= other.named;
        self.purges |= other.purges;
        self.moved.extend(other.moved);
        self.conflicts.extend(other.conflicts);
        self.customers.extend(other.customers);
        self.headers.extend(other.headers);
    }
}
