//! Lists out of the roster: which rows, in which order.

use std::cmp::Ordering;

use super::Roster;
use crate::domain::field::{Field, Value};
use crate::domain::filter::Prepared;
use crate::domain::money::Arr;

/// The key of a row without data: behind every other, in both directions.
const LAST: u64 = u64::MAX;

/// Numbers as keys that ascend as they do, below [`LAST`].
fn key(n: i64) -> u64 {
    (n as u64 ^ (1 << 63)).min(LAST - 1)
}

impl Roster {
    /// The rows in lists that pass a filter, in the order of their making.
    pub fn select(&self, filter: &Prepared<'_>) -> Vec<u32> {
        if filter.is_all() {
            return (0..self.rows.len() as u32)
                .filter(|at| !self.rows[*at as usize].removed)
                .collect();
        }
        let mut found = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            if !row.removed && filter.matches(at) {
                found.push(at as u32);
            }
        }
        found
    }

    /// Sorts rows by a field; no data comes last in either direction, equals go by folded name, then by row.
    pub fn sort(&self, rows: &mut [u32], field: &Field, descending: bool) {
        let Some(reader) = self.reader(field) else {
            return self.sort_by_name(rows, descending);
        };
        match reader.choices {
            _ if field.code == "name" => self.sort_by_name(rows, descending),
            Some(choices) if !choices.ordered => {
                let mut list: Vec<(String, u32)> = (choices.list)(self)
                    .iter()
                    .map(|c| (crate::text::fold((choices.label)(self, c.no)), c.no))
                    .collect();
                list.sort_unstable();
                let most = list.iter().map(|l| l.1 as usize + 1).max().unwrap_or(0);
                let mut ranks = vec![0_i64; most];
                list.iter()
                    .enumerate()
                    .for_each(|(rank, (_, no))| ranks[*no as usize] = rank as i64);
                self.sort_by(rows, descending, |at| match (reader.get)(self, at) {
                    Value::Choice(no) => ranks.get(no as usize).copied(),
                    _ => None,
                });
            }
            _ if field.kind == crate::domain::field::FieldKind::Words => {
                let ranks = self.tagsets.ranks();
                self.sort_by(rows, descending, |at| match (reader.get)(self, at) {
                    Value::Words(no) => ranks.get(no as usize).map(|r| i64::from(*r)),
                    _ => None,
                });
            }
            _ => self.sort_by(rows, descending, |at| number((reader.get)(self, at))),
        }
    }

    /// Sorts rows by a custom attribute that was loaded: numbers and dates by size, other values by folded word.
    pub fn sort_attribute(&self, rows: &mut [u32], code: &str, descending: bool) {
        let Some((names, values)) = self.attributes.get(code) else {
            return self.sort_by_name(rows, descending);
        };
        let numbers: Option<Vec<i64>> = names.iter().skip(1).map(|(_, w)| w.parse().ok()).collect();
        let ranks: Vec<i64> = match numbers {
            Some(numbers) => std::iter::once(0).chain(numbers).collect(),
            None => names.ranks().into_iter().map(i64::from).collect(),
        };
        self.sort_by(rows, descending, |at| {
            values
                .get(at)
                .filter(|no| **no != 0)
                .and_then(|no| ranks.get(*no as usize).copied())
        });
    }

    /// The triage queue: rows with a priority that pass the filter, highest first, then the nearest renewal, then name.
    pub fn triage(&self, filter: &Prepared<'_>) -> Vec<u32> {
        let wanted = |at: &u32| {
            let row = &self.rows[*at as usize];
            row.priority > 0 && !row.removed && filter.matches(*at as usize)
        };
        let mut rows: Vec<u32> = (0..self.rows.len() as u32).filter(wanted).collect();
        self.sort_by_key(&mut rows, |at| {
            let row = &self.rows[at];
            let renews = row.signals.renews.map_or(u32::MAX, |d| d.number() as u32);
            u64::from(!row.priority) << 32 | u64::from(renews)
        });
        rows
    }

    /// The snoozed rows that pass the filter: those that come back first, first; those that wait for an event last.
    pub fn snoozed(&self, filter: &Prepared<'_>) -> Vec<u32> {
        let wanted = |at: &u32| {
            let at = *at as usize;
            self.is_snoozed(at) && !self.rows[at].removed && filter.matches(at)
        };
        let mut rows: Vec<u32> = (0..self.rows.len() as u32).filter(wanted).collect();
        self.sort_by_key(&mut rows, |at| match self.rows[at] {
            row if row.waiting => LAST,
            row => row.snoozed.map_or(LAST, |d| key(d.number())),
        });
        rows
    }

    /// Sorts the cards of a stage: the latest pace first, within each the oldest, then by folded name.
    pub fn sort_cards(&self, rows: &mut [u32]) {
        let stages = &self.config.stages;
        self.sort_by_key(rows, |at| {
            let age = self.stage_age(at).unwrap_or(0);
            let pace = stages
                .get(self.rows[at].signals.stage)
                .map_or(0, |s| 1 + s.pace(age) as u64);
            // Ages are differences of days that fit in two bytes.
            u64::from(u32::MAX) - (pace << 24) - (age + 0x0080_0000).clamp(0, 0x00ff_ffff) as u64
        });
    }

    /// Sum of the rows' ARR.
    pub fn sum_arr(&self, rows: &[u32]) -> Arr {
        rows.iter().map(|at| self.arr(*at as usize)).sum()
    }

    fn sort_by(&self, rows: &mut [u32], descending: bool, get: impl Fn(usize) -> Option<i64>) {
        self.sort_by_key(rows, |at| match get(at) {
            None => LAST,
            Some(n) if descending => (!key(n)).min(LAST - 1),
            Some(n) => key(n),
        });
    }

    /// Sorts by a key, each read once; equals by folded name.
    fn sort_by_key(&self, rows: &mut [u32], key: impl Fn(usize) -> u64) {
        let mut keys: Vec<(u64, u32, u32)>;
        if self.few(rows.len()) {
            keys = rows.iter().map(|at| (key(*at as usize), 0, *at)).collect();
            keys.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.by_name(a.2, b.2)));
        } else {
            let ranks = self.name_ranks();
            keys = rows
                .iter()
                .map(|at| (key(*at as usize), ranks[*at as usize], *at))
                .collect();
            keys.sort_unstable();
        }
        rows.iter_mut()
            .zip(&keys)
            .for_each(|(row, key)| *row = key.2);
    }

    fn sort_by_name(&self, rows: &mut [u32], descending: bool) {
        if self.few(rows.len()) {
            rows.sort_unstable_by(|a, b| {
                if descending {
                    self.by_name(*b, *a)
                } else {
                    self.by_name(*a, *b)
                }
            });
            return;
        }
        let ranks = self.name_ranks();
        if descending {
            rows.sort_unstable_by_key(|at| !ranks[*at as usize]);
        } else {
            rows.sort_unstable_by_key(|at| ranks[*at as usize]);
        }
    }

    /// True for so few rows that comparing their names is cheaper than ranking all names, which nobody has done yet.
    fn few(&self, rows: usize) -> bool {
        self.ranks.get().is_none() && rows < self.rows.len() / 8
    }

    fn by_name(&self, a: u32, b: u32) -> Ordering {
        self.folded(a as usize)
            .cmp(self.folded(b as usize))
            .then(a.cmp(&b))
    }

    /// The place of each row in the order of folded names, worked out when it is first asked for after a name changed.
    fn name_ranks(&self) -> &[u32] {
        self.ranks.get_or_init(|| {
            // The first eight bytes as a number decide most comparisons without a look at the name.
            let head = |at: u32| {
                let name = self.folded(at as usize).as_bytes();
                let mut head = [0; 8];
                let len = name.len().min(8);
                head[..len].copy_from_slice(&name[..len]);
                u64::from_be_bytes(head)
            };
            let mut order: Vec<(u64, u32)> = (0..self.rows.len() as u32)
                .map(|at| (head(at), at))
                .collect();
            let by_head =
                |a: &(u64, u32), b: &(u64, u32)| a.0.cmp(&b.0).then_with(|| self.by_name(a.1, b.1));
            if order.len() >= super::scoring::PART {
                // Two sorted halves, each by a thread: the stable sort then only merges them.
                let (left, right) = order.split_at_mut(self.rows.len() / 2);
                std::thread::scope(|scope| {
                    scope.spawn(|| left.sort_unstable_by(by_head));
                    right.sort_unstable_by(by_head);
                });
                order.sort_by(by_head);
            } else {
                order.sort_unstable_by(by_head);
            }
            let mut ranks = vec![0; order.len()];
            order
                .iter()
                .enumerate()
                .for_each(|(rank, (_, at))| ranks[*at as usize] = rank as u32);
            ranks
        })
    }
}

fn number(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Number(n) => Some(n),
        Value::Day(day) => Some(day.number()),
        Value::Choice(no) | Value::Words(no) => Some(i64::from(no)),
        Value::Flag(on) => Some(i64::from(on)),
        Value::None | Value::Text(_) => None,
    }
}
