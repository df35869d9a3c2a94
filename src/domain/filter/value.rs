//! What may stand behind an operator, and the numbers it means on a day.

use super::{Named, Op};
use crate::domain::field::FieldKind;
use crate::domain::money::{self, Currency};
use crate::domain::roster::Roster;
use crate::domain::time::{Day, Moment, Zone, words};

/// An inclusive range of raw values.
pub(super) type Range = (i64, i64);

/// A term as it would be written for the field, for mistakes.
pub(super) fn example(named: &Named) -> String {
    let code = named.code();
    match named.kind() {
        FieldKind::Text => format!("{code}:word"),
        FieldKind::Choice if code == "owner" => "owner:me".to_owned(),
        FieldKind::Choice if code == "band" => "band:risk".to_owned(),
        FieldKind::Choice => say!("value.word_or_none", code = code).to_string(),
        FieldKind::Words => "#word".to_owned(),
        FieldKind::Number | FieldKind::Tenths => format!("{code}>5"),
        FieldKind::Money => format!("{code}>100k"),
        FieldKind::Until => say!("value.60d_or_2027_01", code = code).to_string(),
        FieldKind::Since => say!("value.30d_or_2026_01", code = code).to_string(),
        FieldKind::Flag => say!("value.yes_or_no", code = code).to_string(),
    }
}

/// True when the text is a value of the kind.
pub(super) fn fits(kind: FieldKind, op: Op, text: &str, currency: Currency) -> bool {
    match kind {
        FieldKind::Text | FieldKind::Choice | FieldKind::Words => true,
        FieldKind::Flag => yes_no(text).is_some(),
        FieldKind::Until | FieldKind::Since => {
            days(text).is_some() || date(text, Day::from_number(20_000)).is_some()
        }
        _ => scalar(kind, op, text, currency).is_some(),
    }
}

/// The range of raw values that pass. Days are those since 1970. `None`: nothing passes.
pub(super) fn range(kind: FieldKind, op: Op, text: &str, roster: &Roster) -> Option<Range> {
    match kind {
        FieldKind::Until | FieldKind::Since => day_range(kind, op, text, roster),
        _ => scalar(kind, op, text, roster.config.currency),
    }
}

fn scalar(kind: FieldKind, op: Op, text: &str, currency: Currency) -> Option<Range> {
    let plain = text.strip_suffix('%').unwrap_or(text);
    match kind {
        FieldKind::Money => Some(compare(op, money::parse(text, currency)?)),
        FieldKind::Number => Some(compare(op, plain.parse().ok()?)),
        // `usage:-20` means the 20 that is shown, not 20.0 exactly.
        FieldKind::Tenths if matches!(op, Op::Has | Op::Is) && !plain.contains('.') => {
            let n = tenths(plain)?;
            Some(if n < 0 || plain.starts_with('-') {
                (n - 9, n)
            } else {
                (n, n + 9)
            })
        }
        FieldKind::Tenths => Some(compare(op, tenths(plain)?)),
        _ => None,
    }
}

fn compare(op: Op, n: i64) -> Range {
    match op {
        Op::Has | Op::Is => (n, n),
        // An impossible range where nothing is smaller or larger.
        Op::Less => n.checked_sub(1).map_or((0, -1), |n| (i64::MIN, n)),
        Op::AtMost => (i64::MIN, n),
        Op::More => n.checked_add(1).map_or((0, -1), |n| (n, i64::MAX)),
        Op::AtLeast => (n, i64::MAX),
    }
}

/// `20`, `-7.5` in tenths; digits behind the first are cut.
fn tenths(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digit = i64::from(part.as_bytes()[0] - b'0');
    let n: i64 = whole.parse::<i64>().ok()?.checked_mul(10)?;
    n.checked_add(if text.starts_with('-') { -digit } else { digit })
}

/// A span such as `60d`, `2w`, `3m` (30 days each), `1y` (365), or a bare number of days.
fn days(text: &str) -> Option<i64> {
    let lower = text.to_ascii_lowercase();
    let (number, factor) = match lower.char_indices().last()? {
        (at, 'd') => (&lower[..at], 1),
        (at, 'w') => (&lower[..at], 7),
        (at, 'm') => (&lower[..at], 30),
        (at, 'y') => (&lower[..at], 365),
        _ => (lower.as_str(), 1),
    };
    let n: i64 = number.parse().ok()?;
    // Longer than all of time is as good as all of time, and adds up without overflow.
    Some(n.clamp(-100_000, 100_000) * factor)
}

/// A date: ISO 8601, or in words as seen from `today`.
fn date(text: &str, today: Option<Day>) -> Option<Day> {
    let today = today?;
    match text.to_ascii_lowercase().as_str() {
        "today" => return Some(today),
        "yesterday" => return Some(today.plus(-1)),
        "tomorrow" => return Some(today.plus(1)),
        _ => {}
    }
    text.parse().ok().or_else(|| {
        let zone = Zone::default();
        let noon = chrono::NaiveTime::from_hms_opt(12, 0, 0)?;
        words::day(
            text,
            &Moment {
                at: zone.stamp(today, noon),
                today,
                zone,
            },
        )
    })
}

/// Spans compare the days until or since; dates compare as dates.
fn day_range(kind: FieldKind, op: Op, text: &str, roster: &Roster) -> Option<Range> {
    let today = roster.today.number();
    let Some(span) = days(text) else {
        return Some(compare(op, date(text, Some(roster.today))?.number()));
    };
    if kind == FieldKind::Until {
        return Some(compare(op, today + span));
    }
    let turned = match op {
        Op::Less => Op::More,
        Op::AtMost => Op::AtLeast,
        Op::More => Op::Less,
        Op::AtLeast => Op::AtMost,
        op => op,
    };
    Some(compare(turned, today - span))
}

/// Yes or no, as people and files write it.
pub(super) fn yes_no(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "on" => Some(true),
        "no" | "n" | "false" | "0" | "off" => Some(false),
        _ => None,
    }
}
