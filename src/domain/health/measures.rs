//! The measures: what each reads of the signals. One row here and its words make a new one.

use super::{MeasureKind, Raw};
use crate::domain::policy::Limits;
use crate::domain::signal::{Signals, USAGE_DAYS};
use crate::domain::time::Day;

/// Declares the table once: code, unit, function.
macro_rules! measures {
    ($($code:literal, $unit:literal, $raw:ident;)*) => {
        /// Every measure there is.
        pub const MEASURES: &[MeasureKind] = &[$(MeasureKind { code: $code, unit: $unit, raw: $raw },)*];

        /// Places in the table, by name, so that a code is found by one comparison of known length.
        #[allow(non_camel_case_types)]
        enum Place { $($raw,)* }

        /// The place of a code in [`MEASURES`].
        pub fn number(code: &str) -> Option<usize> {
            match code { $($code => Some(Place::$raw as usize),)* _ => None }
        }
    };
}

measures! {
    "touch", "d", touch;
    "nps", "", nps;
    "tickets", "pt", tickets;
    "usage", "%", usage;
    "seats", "%", seats;
    "renewal", "d", renewal;
    "tasks", "d", tasks;
    "stage", "%", stage;
    "pulse", "", pulse;
    "past_due", "d", past_due;
    "active", "/28d", active;
    "silence", "d", silence;
}

/// An NPS answer counts for this long.
const NPS_DAYS: i64 = 365;

/// Load of one open ticket by severity, doubled where the oldest of the severity is open for more than the days below.
const LOAD: [i32; 4] = [8, 4, 2, 1];
const OLD_DAYS: i64 = 14;

/// Renewals further away than this, and planned ones, are all the same.
pub(super) const FAR_DAYS: i64 = 120;

fn held(n: i64) -> i32 {
    n.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

/// Days since the last touchpoint that counts for the cadence: a newsletter of ours says nothing of them.
fn touch(signals: &Signals, _: Limits<'_>, day: Day) -> Raw {
    signals
        .reached
        .map(|t| (held(day.since(t).max(0)), Some(t)))
}

/// The latest answer, 0 to 10, for a year.
fn nps(signals: &Signals, _: Limits<'_>, day: Day) -> Raw {
    let answered = signals.nps_day.filter(|d| day.since(*d) < NPS_DAYS)?;
    signals.nps.map(|n| (i32::from(n), Some(answered)))
}

/// Load of the open tickets; 0 with none open, which is data.
fn tickets(signals: &Signals, _: Limits<'_>, day: Day) -> Raw {
    let mut load = 0;
    for ((count, oldest), weight) in signals.tickets.iter().zip(signals.oldest).zip(LOAD) {
        let old = oldest.is_some_and(|o| day.since(o) > OLD_DAYS);
        load += i32::from(*count) * weight * if old { 2 } else { 1 };
    }
    Some((load, signals.oldest.iter().flatten().min().copied()))
}

/// The day of the latest usage reading, while it still says something.
fn reading(signals: &Signals, day: Day) -> Option<Day> {
    signals.usage_day.filter(|d| day.since(*d) <= USAGE_DAYS)
}

/// Change of usage, per cent, rounded half to even.
fn usage(signals: &Signals, _: Limits<'_>, day: Day) -> Raw {
    let read = reading(signals, day)?;
    let change = i32::from(signals.usage?);
    let (whole, rest) = (change.div_euclid(10), change.rem_euclid(10));
    let up = rest > 5 || (rest == 5 && whole % 2 != 0);
    Some((whole + i32::from(up), Some(read)))
}

/// Seats used against seats paid, per cent.
fn seats(signals: &Signals, _: Limits<'_>, day: Day) -> Raw {
    let read = reading(signals, day)?;
    signals.seats.map(|s| (i32::from(s), Some(read)))
}

/// Days to the renewal while nobody has a plan for it.
fn renewal(signals: &Signals, _: Limits<'_>, day: Day) -> Raw {
    let renews = signals.renews?;
    let left = if signals.plan {
        FAR_DAYS
    } else {
        renews.since(day).clamp(0, FAR_DAYS)
    };
    Some((held(left), Some(renews)))
}

/// Days by which the earliest open task is overdue.
fn tasks(signals: &Signals, _: Limits<'_>, day: Day) -> Raw {
    (signals.tasks > 0).then(|| {
        (
            signals.due.map_or(0, |d| held(day.since(d).max(0))),
            signals.due,
        )
    })
}

/// Age of the stay in the stage, per cent of what is expected.
fn stage(signals: &Signals, limits: Limits<'_>, day: Day) -> Raw {
    let since = signals.since?;
    let expected = limits
        .stages
        .get(signals.stage)
        .map_or(0, |s| i64::from(s.expected_days));
    (expected > 0).then(|| (held(day.since(since).max(0) * 100 / expected), Some(since)))
}

/// The manager's pulse, 1 to 5, until it expires.
fn pulse(signals: &Signals, limits: Limits<'_>, day: Day) -> Raw {
    let felt = signals
        .pulse_day
        .filter(|d| day.since(*d) <= i64::from(limits.policy.pulse_days))?;
    signals.pulse.map(|p| (i32::from(p), Some(felt)))
}

/// Days by which the oldest unpaid invoice is past due; 0 for a paying customer without one.
fn past_due(signals: &Signals, _: Limits<'_>, day: Day) -> Raw {
    match signals.past_due {
        Some(due) => Some((held(day.since(due).max(0)), Some(due))),
        None => (signals.pays()).then_some((0, None)),
    }
}

/// Days of four weeks on which they were active: the mean of the last readings, rounded half up.
fn active(signals: &Signals, _: Limits<'_>, day: Day) -> Raw {
    let read = reading(signals, day)?;
    signals
        .active
        .map(|tenths| ((i32::from(tenths) * 4 + 5) / 10, Some(read)))
}

/// Days since the latest usage reading, where there ever was one: a product that nobody uses stops to send any.
fn silence(signals: &Signals, _: Limits<'_>, day: Day) -> Raw {
    signals
        .usage_day
        .map(|read| (held(day.since(read).max(0)), Some(read)))
}
