//! Priority: why a customer is in the triage queue, and how much it matters; the sum is shown and adds up.

use serde::Serialize;

use super::config::Config;
use super::health::Health;
use super::signal::Signals;
use super::time::Day;

/// A reason for being in the queue. Declared with its points in [`REASONS`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct ReasonNo(pub u8);

/// One row of the table of reasons.
pub struct ReasonKind {
    /// Stable code, the key of its words.
    pub code: &'static str,
    /// When it applies on a day: its points, the figure to show (days, score, count) and the day that tells one occurrence
    /// from the next (the answer's day, the due day): "done" hides this occurrence only.
    pub applies: fn(&Signals, Health, &Config, Day) -> Option<(u16, i32, Day)>,
}

/// Every reason there is, in the order in which they are shown.
pub const REASONS: &[ReasonKind] = &[];

/// Tells one occurrence of a reason from the next. Its text is `code@2026-11-21`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Key {
    /// Which reason.
    pub reason: ReasonNo,
    /// Which occurrence.
    pub day: Day,
}

/// One reason that applies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Why {
    /// Which reason and which occurrence.
    pub key: Key,
    /// Points it adds.
    pub points: u16,
    /// The figure to show with it: days, a score, a count.
    pub figure: i32,
}

/// A priority with its parts.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Priority {
    /// Sum of contributions, in tenths of a point: what the list sorts by.
    pub tenths: u32,
    /// The money factor in thousandths: 1000 x (1 + log2(1 + ARR / median ARR)), capped at 4000.
    pub factor: u32,
    /// Code, points, and contribution in tenths of each reason; the contributions add up to `tenths`.
    pub parts: Vec<(&'static str, u16, u32)>,
}

/// The reasons that apply to a customer on `day`, in the table's order, at most eight.
pub fn reasons(signals: &Signals, health: Health, config: &Config, day: Day) -> Vec<Why> {
    let _ = (signals, health, config, day);
    Vec::new()
}

/// The money factor in thousandths. `median` is the median ARR of the book's customers that have one; 0 counts as no factor.
pub fn factor(arr: i64, median: i64) -> u32 {
    let _ = (arr, median);
    1000
}

/// The sum over `reasons` with its parts.
pub fn priority(reasons: &[Why], arr: i64, median: i64) -> Priority {
    let _ = reasons;
    Priority { tenths: 0, factor: factor(arr, median), parts: Vec::new() }
}

/// The key's stored text, and back. Keys of reasons that this version does not know are dropped.
pub fn keys_to_text(keys: &[Key]) -> String {
    let _ = keys;
    String::new()
}

/// Reads what [`keys_to_text`] wrote.
pub fn keys_from_text(text: &str) -> Vec<Key> {
    let _ = text;
    Vec::new()
}
