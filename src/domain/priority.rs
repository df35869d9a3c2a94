//! Priority: why a customer is in the triage queue, and how much it matters; the sum is shown and adds up.

use serde::Serialize;

use super::config::Config;
use super::health::Health;
use super::signal::Signals;
use super::time::Day;

mod reasons;
#[cfg(test)]
mod tests;

pub use reasons::REASONS;

/// A reason for being in the queue. Declared with its points in [`REASONS`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct ReasonNo(pub u8);

/// Points, figure and the occurrence's day; `None` where a reason does not apply.
pub type Applies = Option<(u16, i32, Day)>;

/// One row of the table of reasons.
pub struct ReasonKind {
    /// Stable code, the key of its words.
    pub code: &'static str,
    /// When it applies on a day: its points, the figure to show (days, score, count) and the day that tells one occurrence
    /// from the next (the answer's day, the due day): "done" hides this occurrence only.
    pub applies: fn(&Signals, Health, &Config, Day) -> Applies,
}

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

/// The reasons that apply to a customer on `day`, in the table's order, at most one of each.
fn applying<'a>(
    signals: &'a Signals,
    health: Health,
    config: &'a Config,
    day: Day,
) -> impl Iterator<Item = Why> + 'a {
    REASONS.iter().enumerate().filter_map(move |(no, kind)| {
        let (points, figure, key) = (kind.applies)(signals, health, config, day)?;
        Some(Why {
            key: Key {
                reason: ReasonNo(no as u8),
                day: key,
            },
            points,
            figure,
        })
    })
}

/// The reasons that apply to a customer on `day`, in the table's order, at most one of each.
pub fn reasons(signals: &Signals, health: Health, config: &Config, day: Day) -> Vec<Why> {
    applying(signals, health, config, day).collect()
}

/// The same priority as `priority(reasons without the done ones).tenths`, without keeping any list: what the roster asks
/// for every customer.
pub fn sum(
    signals: &Signals,
    health: Health,
    config: &Config,
    day: Day,
    done: &[Key],
    arr: i64,
    median: i64,
) -> u32 {
    let points = applying(signals, health, config, day)
        .filter(|w| !done.contains(&w.key))
        .map(|w| u64::from(w.points))
        .sum();
    if points == 0 {
        0
    } else {
        tenths(points, factor(arr, median))
    }
}

/// Points times the factor, in tenths of a point, rounded half up.
fn tenths(points: u64, factor: u32) -> u32 {
    u32::try_from((points * u64::from(factor) + 50) / 100).unwrap_or(u32::MAX)
}

/// The money factor in thousandths, rounded half up: 1000 x (1 + log2(1 + ARR / median)), at most 4000. `median` is the
/// median ARR of the book's customers that have one; 0 counts as no factor, as does a customer without ARR.
pub fn factor(arr: i64, median: i64) -> u32 {
    if arr <= 0 || median <= 0 {
        return 1000;
    }
    let factor = 1.0 + (1.0 + arr as f64 / median as f64).log2();
    (factor * 1000.0 + 0.5).floor().min(4000.0) as u32
}

/// The sum over `reasons` with its parts. Each part is its points times the factor cut to tenths; the tenths that are
/// left to the sum go one each to the parts with the largest remainders, the upper one first where they are equal.
pub fn priority(reasons: &[Why], arr: i64, median: i64) -> Priority {
    let factor = factor(arr, median);
    let exact = |w: &Why| u64::from(w.points) * u64::from(factor);
    let total = tenths(reasons.iter().map(|w| u64::from(w.points)).sum(), factor);
    let code = |w: &Why| {
        REASONS
            .get(usize::from(w.key.reason.0))
            .map_or("", |kind| kind.code)
    };
    let mut parts: Vec<_> = reasons
        .iter()
        .map(|w| (code(w), w.points, (exact(w) / 100) as u32))
        .collect();
    let given: u32 = parts.iter().map(|p| p.2).sum();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(exact(&reasons[*at]) % 100), *at));
    for at in order.into_iter().take(total.saturating_sub(given) as usize) {
        parts[at].2 += 1;
    }
    Priority {
        tenths: total,
        factor,
        parts,
    }
}

/// The key's stored text, and back. Keys of reasons that this version does not know are dropped.
pub fn keys_to_text(keys: &[Key]) -> String {
    let known = keys.iter().filter_map(|k| {
        REASONS
            .get(usize::from(k.reason.0))
            .map(|kind| format!("{}@{}", kind.code, k.day))
    });
    known.collect::<Vec<_>>().join(" ")
}

/// Reads what [`keys_to_text`] wrote.
pub fn keys_from_text(text: &str) -> Vec<Key> {
    let key = |word: &str| {
        let (code, day) = word.split_once('@')?;
        let reason = REASONS.iter().position(|kind| kind.code == code)?;
        Some(Key {
            reason: ReasonNo(reason as u8),
            day: day.parse().ok()?,
        })
    };
    text.split_whitespace().filter_map(key).collect()
}
