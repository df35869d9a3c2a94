//! Dates and times in words: "fri", "+7d", "2d ago", "8 dec", "fri 14:30".
use super::{Day, Moment, Stamp};

/// The date that `text` names, seen from `now`. Weekdays, `in`/`+` forms and day-month without a year look forward.
/// `None` when it is not a date in words.
pub fn day(text: &str, now: &Moment) -> Option<Day> {
    let _ = (text, now);
    None
}

/// The past moment that `text` names: "2d ago", "yesterday", "fri 14:30" (the last Friday), "14:30", "2026-11-20 09:00".
pub fn past(text: &str, now: &Moment) -> Option<Stamp> {
    let _ = (text, now);
    None
}
