//! Which edit of a field is shown: the rule by which copies of a book that grew apart say the same again.
//!
//! An edit names the edits that it had seen as the latest. Those that no other has seen are the heads. One head: its value
//! stands. Several: the one of the later batch by logical time is shown, and the field is a conflict until an edit has seen
//! all of them. Wall clocks decide nothing between an edit and what its author had seen.

use std::collections::HashSet;

use super::id::Id;

/// One edit of a field, as the rule needs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The edit.
    pub edit: Id,
    /// Its batch, so that fields which two batches changed together come from the same one.
    pub batch: Id,
    /// The batch's logical time.
    pub hlc: i64,
    /// The edits that it had seen.
    pub seen: Vec<Id>,
}

/// The places in `edits` of those that no other has seen, the one that is shown last.
pub fn heads(edits: &[Mark]) -> Vec<usize> {
    let seen: HashSet<Id> = edits.iter().flat_map(|e| e.seen.iter().copied()).collect();
    let mut heads: Vec<usize> = (0..edits.len())
        .filter(|at| !seen.contains(&edits[*at].edit))
        .collect();
    heads.sort_by_key(|at| (edits[*at].hlc, edits[*at].batch, edits[*at].edit));
    heads
}

/// How far past the local clock another's logical time may take ours, ms.
pub const AHEAD: i64 = 10 * 60_000;

/// The latest logical time that a clock at `now` (ms) follows: one wrong clock does not take all others along.
pub fn horizon(now: i64) -> i64 {
    (now.clamp(0, i64::MAX >> 17) + AHEAD) << 16
}

/// The logical time (ms << 16 | count) of a batch that is written at `now` (ms): after `own`, the last one of the device, and
/// after `near`, the last one of anybody that is not beyond the [`horizon`].
pub fn time_of(now: i64, own: i64, near: i64) -> i64 {
    (now.clamp(0, i64::MAX >> 17) << 16)
        .max(own.saturating_add(1))
        .max(near.saturating_add(1))
}

/// Ids one after the other, as the log keeps them.
pub fn ids_of(bytes: &[u8]) -> impl Iterator<Item = Id> {
    bytes.chunks_exact(16).filter_map(Id::from_slice)
}

#[cfg(test)]
mod tests;
