//! Reading one cell: dates, moments, amounts, whole numbers, yes and no. Pure, and without an allocation where the cell is good.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveTime};

use crate::domain::money::{Currency, beside};
use crate::domain::profile::{Calendar, DateOrder, Decimal};
use crate::domain::time::{Day, Stamp, Zone, jalali};

/// The text with Persian and Arabic digits, decimal signs and minus signs in ASCII.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let sign = |c: char| match c {
        '\u{660}'..='\u{669}' => char::from_digit(c as u32 - 0x660, 10).unwrap_or(c),
        '\u{6f0}'..='\u{6f9}' => char::from_digit(c as u32 - 0x6f0, 10).unwrap_or(c),
        '\u{66b}' => '.',
        '\u{66c}' => ',',
        '\u{2212}' => '-',
        other => other,
    };
    Cow::Owned(
        text.chars()
            .filter(|c| !matches!(c, '\u{200e}' | '\u{200f}'))
            .map(sign)
            .collect(),
    )
}

/// What a cell that should be a date turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DateCell {
    /// A date that can be read in one way only.
    Day(Day),
    /// Two numbers below 13 between slashes, and the year: day or month first, the cell alone does not say.
    Either { first: u32, second: u32, year: i32 },
    /// A date in form, but not one of the calendar (or outside 1970 to 2149).
    Impossible,
    /// Not a date.
    Not,
}

/// A day from its parts; `None` where the calendar has no such day.
pub(super) fn day_of(calendar: Calendar, year: i32, month: u32, day: u32) -> Option<Day> {
    match calendar {
        Calendar::Gregorian => NaiveDate::from_ymd_opt(year, month, day).and_then(Day::from_date),
        Calendar::Jalali => jalali::day(year, month, day),
    }
}

/// True for a date of the common calendar in any form.
pub(super) fn is_date(text: &str) -> bool {
    matches!(
        date(split_moment(text).0, Calendar::Gregorian),
        DateCell::Day(_) | DateCell::Either { .. }
    )
}

/// True for a year that is one of the Persian calendar rather than of the common one.
pub(super) fn is_jalali(text: &str) -> bool {
    let text = plain(text);
    let (front, _) = split_moment(&text);
    date(front, Calendar::Gregorian) == DateCell::Impossible
        && matches!(
            date(front, Calendar::Jalali),
            DateCell::Day(_) | DateCell::Either { .. }
        )
}

/// True for a date behind the last one that a book has, such as 9999-12-31: no day is meant by it.
pub(super) fn is_never(text: &str) -> bool {
    let text = plain(text);
    let (front, _) = split_moment(&text);
    let digits = |at: usize| front[at..].bytes().take_while(u8::is_ascii_digit).count();
    let starts =
        (0..front.len()).filter(|at| *at == 0 || !front.as_bytes()[at - 1].is_ascii_digit());
    let Some(at) = starts
        .filter(|at| front.is_char_boundary(*at))
        .find(|at| matches!(digits(*at), 4 | 8))
    else {
        return false;
    };
    let year = number(&front.as_bytes()[at..at + 4]).unwrap_or(0);
    // The same day of a year that is not so far.
    let near = format!("{}2096{}", &front[..at], &front[at + 4..]);
    year > 2148 && date(front, Calendar::Gregorian) == DateCell::Impossible && is_date(&near)
}

fn number(bytes: &[u8]) -> Option<u32> {
    let fits = !bytes.is_empty() && bytes.len() <= 4 && bytes.iter().all(u8::is_ascii_digit);
    fits.then(|| bytes.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0')))
}

/// Months as English exports shorten them.
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Reads `21-Nov-2026`, `21 November 2026` and `Nov 21, 2026`.
fn worded(text: &str) -> Option<DateCell> {
    let mut parts = text
        .split(['-', ' ', ',', '/', '.'])
        .filter(|p| !p.is_empty());
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    let month = |p: &str| {
        let three = p.get(..3)?.to_ascii_lowercase();
        let at = MONTHS.iter().position(|m| *m == three)?;
        (p.len() <= 9 && p.bytes().all(|b| b.is_ascii_alphabetic())).then_some(at as u32 + 1)
    };
    let (day, month) = match (month(a), month(b)) {
        (None, Some(m)) => (number(a.as_bytes())?, m),
        (Some(m), None) => (number(b.as_bytes())?, m),
        _ => return None,
    };
    if parts.next().is_some() || c.len() != 4 {
        return None;
    }
    let day = day_of(
        Calendar::Gregorian,
        number(c.as_bytes())? as i32,
        month,
        day,
    );
    Some(day.map_or(DateCell::Impossible, DateCell::Day))
}

/// Reads `2026-11-21`, `2026/11/21`, `21.11.2026` (points always mean the day first), `21/11/2026`, also with a year of two digits
/// behind day and month (of 2000 to 2099), or a month in English words.
pub(super) fn date(text: &str, calendar: Calendar) -> DateCell {
    let text = plain(text);
    let bytes = text.as_bytes();
    let day_of = |y, m, d| day_of(calendar, y, m, d);
    let Some(at) = bytes.iter().position(|b| !b.is_ascii_digit()) else {
        return compact(bytes, calendar);
    };
    let mark = bytes[at];
    if bytes.iter().any(u8::is_ascii_alphabetic) {
        return worded(&text).unwrap_or(DateCell::Not);
    }
    if !matches!(mark, b'-' | b'/' | b'.') {
        return DateCell::Not;
    }
    let mut parts = bytes.split(|b| *b == mark);
    let (Some(a), Some(b), Some(c), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return DateCell::Not;
    };
    let (Some(x), Some(y), Some(z)) = (number(a), number(b), number(c)) else {
        return DateCell::Not;
    };
    if a.len() == 4 && b.len() <= 2 && c.len() <= 2 {
        return day_of(x as i32, y, z).map_or(DateCell::Impossible, DateCell::Day);
    }
    let short = c.len() == 2 && a.len() == 2 && b.len() == 2 && mark != b'-';
    if c.len() != 4 && !short || a.len() > 2 || b.len() > 2 {
        return DateCell::Not;
    }
    let year = match (short, calendar) {
        (false, _) => z as i32,
        (true, Calendar::Gregorian) => 2000 + z as i32,
        (true, Calendar::Jalali) => 1300 + z as i32 + if z < 50 { 100 } else { 0 },
    };
    let known = match mark {
        b'.' => day_of(year, y, x),
        _ if x > 12 => day_of(year, y, x),
        _ if y > 12 => day_of(year, x, y),
        _ if x == y => day_of(year, y, x),
        _ if x == 0 || y == 0 => None,
        _ => {
            return DateCell::Either {
                first: x,
                second: y,
                year,
            };
        }
    };
    known.map_or(DateCell::Impossible, DateCell::Day)
}

/// `20261121`.
fn compact(bytes: &[u8], calendar: Calendar) -> DateCell {
    if bytes.len() != 8 {
        return DateCell::Not;
    }
    match (
        number(&bytes[..4]),
        number(&bytes[4..6]),
        number(&bytes[6..]),
    ) {
        (Some(y), Some(m), Some(d)) => {
            day_of(calendar, y as i32, m, d).map_or(DateCell::Impossible, DateCell::Day)
        }
        _ => DateCell::Not,
    }
}

/// What a cell says of the order of day and month in its column: some value only one order can explain.
pub(super) fn proves(text: &str) -> Option<DateOrder> {
    let text = plain(text);
    let date_part = text.split([' ', 'T', ',']).next()?;
    let mut parts = date_part.splitn(3, ['/', '-']);
    let (a, b, c) = (
        number(parts.next()?.as_bytes())?,
        number(parts.next()?.as_bytes())?,
        parts.next()?,
    );
    match (c.len() == 4 || c.len() == 2, a, b) {
        (true, 13..=31, 1..=12) => Some(DateOrder::Day),
        (true, 1..=12, 13..=31) => Some(DateOrder::Month),
        _ => None,
    }
}

/// Seconds or milliseconds since 1970, as programs write moments: ten or thirteen digits.
pub(super) fn epoch(text: &str) -> Option<Stamp> {
    let n: i64 = text
        .parse()
        .ok()
        .filter(|_| text.bytes().all(|b| b.is_ascii_digit()))?;
    match text.len() {
        10 => Some(Stamp(n * 1000)),
        13 => Some(Stamp(n)),
        _ => None,
    }
}

/// The date part of a cell and the time behind `T`, a comma or a space.
pub(super) fn split_moment(text: &str) -> (&str, &str) {
    // The time begins at the last gap before its colon; a month in words has gaps and letters of its own.
    let end = text.find(':').unwrap_or(text.len());
    let digits = text[..end]
        .bytes()
        .rev()
        .take_while(u8::is_ascii_digit)
        .count();
    if end < text.len() && digits > 0 && end > digits {
        let (front, time) = text.split_at(end - digits);
        return (front.trim_end_matches(['T', 't', ' ', ',']), time);
    }
    match text.find(['T', 't', ' ']) {
        Some(at)
            if !text
                .bytes()
                .any(|b| b.is_ascii_alphabetic() && !matches!(b, b'T' | b't' | b'Z' | b'z')) =>
        {
            (&text[..at], text[at + 1..].trim_start())
        }
        _ => (text, ""),
    }
}

/// A time of day with the offset it names, if it names one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Clock {
    time: NaiveTime,
    /// Seconds east of Greenwich.
    offset: Option<i32>,
}

/// Reads `15:48`, `15:48:00`, `15:48:00.250`, `3:48 PM`, each with `Z`, `+03:00`, `+0300`, `+03` or nothing behind it.
pub(super) fn clock(text: &str) -> Option<Clock> {
    let end = text
        .bytes()
        .position(|b| {
            matches!(
                b,
                b'Z' | b'z' | b'+' | b'-' | b' ' | b'A' | b'a' | b'P' | b'p'
            )
        })
        .unwrap_or(text.len());
    let (time, mut zone) = (&text[..end], text[end..].trim());
    let half = zone.get(..2).and_then(|h| match h {
        "AM" | "am" | "Am" => Some(0),
        "PM" | "pm" | "Pm" => Some(12),
        _ => None,
    });
    if half.is_some() {
        zone = zone[2..].trim();
    }
    let time = if time.as_bytes().get(1) == Some(&b':') {
        Cow::Owned(format!("0{time}"))
    } else {
        Cow::Borrowed(time)
    };
    let time = time.as_bytes();
    let two = |at: usize| time.get(at..at + 2).and_then(number);
    let (mut hour, minute) = (two(0)?, two(3)?);
    if let Some(half) = half {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + half;
    }
    if time.get(2) != Some(&b':') {
        return None;
    }
    let (second, milli) = match time.len() {
        5 => (0, 0),
        _ if time.get(5) != Some(&b':') => return None,
        8 => (two(6)?, 0),
        10.. if time[8] == b'.' => {
            let digits = &time[9..];
            if !digits.iter().all(u8::is_ascii_digit) {
                return None;
            }
            (
                two(6)?,
                (0..3).fold(0, |n, i| {
                    n * 10 + digits.get(i).map_or(0, |b| u32::from(b - b'0'))
                }),
            )
        }
        _ => return None,
    };
    // A leap second is the second before it, as everywhere on the machine.
    let time = NaiveTime::from_hms_milli_opt(hour, minute, second.min(59), milli)
        .filter(|_| second <= 60)?;
    Some(Clock {
        time,
        offset: offset(zone)?,
    })
}

/// The offset behind a time: `Some(None)` where there is none, `None` where it is not one.
fn offset(text: &str) -> Option<Option<i32>> {
    if text.is_empty() {
        return Some(None);
    }
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Some(Some(0));
    }
    let sign = match text.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let rest = &text.as_bytes()[1..];
    let (hours, minutes) = match rest.len() {
        2 => (number(rest)?, 0),
        4 => (number(&rest[..2])?, number(&rest[2..])?),
        5 if rest[2] == b':' => (number(&rest[..2])?, number(&rest[3..])?),
        _ => return None,
    };
    (hours <= 18 && minutes < 60).then(|| Some(sign * (hours * 3600 + minutes * 60) as i32))
}

impl Clock {
    /// The moment on `day`; a time without an offset is one of `zone`.
    pub(super) fn on(self, day: Day, zone: Zone) -> Stamp {
        match self.offset {
            Some(seconds) => {
                let local = day.date().and_time(self.time).and_utc().timestamp_millis();
                Stamp(local - i64::from(seconds) * 1000)
            }
            None => zone.stamp(day, self.time),
        }
    }

    /// True when it names its offset.
    pub(super) fn has_offset(self) -> bool {
        self.offset.is_some()
    }
}

/// Why a number could not be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NumberFault {
    /// It is not written as a number.
    Not,
    /// It does not fit in 64 bits.
    TooLarge,
    /// It has more decimals than there are minor units.
    TooFine,
}

/// A whole number, with a sign and with commas (or, where commas are before decimals, points) between groups of three.
pub(super) fn whole(text: &str, mark: Option<Decimal>) -> Result<i64, NumberFault> {
    let text = &*plain(text);
    let turned: String;
    let text = if mark == Some(Decimal::Comma) {
        turned = text.chars().map(swapped).collect();
        &turned
    } else {
        text
    };
    whole_of(text)
}

/// A sign of a number written the other way: point for comma, comma for point.
fn swapped(c: char) -> char {
    match c {
        '.' => ',',
        ',' => '.',
        other => other,
    }
}

fn whole_of(text: &str) -> Result<i64, NumberFault> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() {
        return Err(NumberFault::Not);
    }
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        let mut n: i64 = 0;
        for b in digits.bytes() {
            let digit = i64::from(b - b'0');
            let next = n.checked_mul(10).and_then(|n| {
                if negative {
                    n.checked_sub(digit)
                } else {
                    n.checked_add(digit)
                }
            });
            n = next.ok_or(NumberFault::TooLarge)?;
        }
        return Ok(n);
    }
    // "1,234,567" and "12.0" as spreadsheets write whole numbers; anything else is not one.
    if let Some((front, zeros)) = digits.split_once('.')
        && !zeros.is_empty()
        && zeros.bytes().all(|b| b == b'0')
    {
        return whole_of(front).map(|n| if negative { -n } else { n });
    }
    if grouped(digits, ',') {
        let plain: String = digits.chars().filter(|c| *c != ',').collect();
        return whole_of(&plain).map(|n| if negative { -n } else { n });
    }
    Err(NumberFault::Not)
}

/// `1,234,567`: groups of three behind the first.
fn grouped(text: &str, mark: char) -> bool {
    let mut parts = text.split(mark);
    let first = parts.next().unwrap_or("");
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let mut groups = 0;
    let fits = (1..=3).contains(&first.len())
        && digits(first)
        && parts.all(|p| {
            groups += 1;
            p.len() == 3 && digits(p)
        });
    fits && groups > 0
}

/// The decimal mark that an amount proves: of two marks the last, of one the one that cannot stand between groups of three.
pub(super) fn proves_mark(text: &str) -> Option<Decimal> {
    let text = plain(text);
    let digits = text.trim_matches(|c: char| !c.is_ascii_digit());
    if !digits
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b' ' | b'\''))
    {
        return None;
    }
    let other = |mark: char| {
        if mark == '.' {
            Decimal::Comma
        } else {
            Decimal::Point
        }
    };
    let own = |mark: char| {
        if mark == '.' {
            Decimal::Point
        } else {
            Decimal::Comma
        }
    };
    let last = digits.rfind(['.', ','])?;
    let mark = if digits.as_bytes()[last] == b'.' {
        '.'
    } else {
        ','
    };
    let first_other = digits.contains(swapped(mark));
    let times = digits.matches(mark).count();
    match (first_other, times, digits.len() - last - 1) {
        (true, 1, _) => Some(own(mark)),
        (false, 2.., _) => Some(other(mark)),
        (false, 1, after) if after != 3 || last > 3 || digits.starts_with('0') => Some(own(mark)),
        _ => None,
    }
}

/// True for an amount such as `1.234` or `1,234`: with decimals or between groups, the cell alone does not say.
pub(super) fn is_either(text: &str) -> bool {
    let text = plain(text);
    let digits = text.trim_matches(|c: char| !c.is_ascii_digit());
    digits.matches(['.', ',']).count() == 1 && proves_mark(digits).is_none()
}

/// An amount as people write it (`1,234.50`, `1.234,50`, `$95k`), in minor units; whose sign stands beside it is not looked at. `mark` says what stands before decimals where a
/// single mark does not say it itself.
pub(super) fn amount(
    text: &str,
    currency: Currency,
    mark: Option<Decimal>,
) -> Result<i64, NumberFault> {
    let text = &*plain(text);
    let turned: String;
    let text = match mark {
        Some(Decimal::Comma) if is_either(text) => {
            // "1.234" is a thousand, and "1,234" has decimals.
            turned = text.chars().map(swapped).collect();
            &turned
        }
        _ => text,
    };
    let (_, text) = beside(text);
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '\'' | '\u{2019}'))
        .collect();
    let sign = plain.strip_prefix('-').map_or("", |_| "-");
    let body = &plain[sign.len()..];
    let (digits, letter) = match body.char_indices().next_back() {
        Some((at, 'k' | 'K' | 'm' | 'M' | 'b' | 'B')) => (&body[..at], &body[at..]),
        _ => (body, ""),
    };
    if digits.is_empty()
        || !digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))
    {
        return Err(NumberFault::Not);
    }
    let (front, part) = decimals(digits).ok_or(NumberFault::Not)?;
    if letter.is_empty() && part.trim_end_matches('0').len() > currency.digits() as usize {
        return Err(NumberFault::TooFine);
    }
    let whole: String = front.chars().filter(char::is_ascii_digit).collect();
    let canonical = format!("{sign}{whole}.{part}{letter}");
    crate::domain::money::parse(&canonical, currency).ok_or(NumberFault::TooLarge)
}

/// Splits at the decimal mark: the last of both marks, or the only one unless it stands between groups of three commas.
fn decimals(digits: &str) -> Option<(&str, &str)> {
    let (front, part) = match (digits.rfind('.'), digits.rfind(',')) {
        (None, None) => (digits, ""),
        (Some(point), Some(comma)) => {
            let at = point.max(comma);
            let mark = if at == comma { '.' } else { ',' };
            let front = &digits[..at];
            if !grouped(front, mark) {
                return None;
            }
            (front, &digits[at + 1..])
        }
        (None, Some(_)) if grouped(digits, ',') => (digits, ""),
        (Some(at), None) if digits.find('.') != Some(at) => {
            if !grouped(digits, '.') {
                return None;
            }
            (digits, "")
        }
        (Some(at), None) | (None, Some(at)) => {
            if digits[..at].contains(',') {
                return None;
            }
            (&digits[..at], &digits[at + 1..])
        }
    };
    Some((front, part))
}

/// A per cent such as `12.5`, `12,5` or `15%` in hundredths of a per cent, 0 to 100 per cent.
pub(super) fn per_cent(text: &str) -> Option<u32> {
    let text = &*plain(text);
    let text = text.trim_end_matches('%').trim_end();
    let (front, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    if part.len() > 2 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let whole = number(front.as_bytes())?;
    let hundredths = part.bytes().fold(0, |n, b| n * 10 + u32::from(b - b'0'))
        * if part.len() == 1 { 10 } else { 1 };
    Some(whole * 100 + hundredths).filter(|n| *n <= 10_000)
}

/// Yes or no.
pub(super) fn yes_no(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|w| w.eq_ignore_ascii_case(text));
    if is(&["1", "true", "yes", "y", "x", "evet", "ja", "да", "بله"]) {
        Some(true)
    } else if is(&["0", "false", "no", "n", "", "hayır", "nein", "нет", "خیر"]) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().expect("a date")
    }

    fn read(text: &str) -> DateCell {
        date(text, Calendar::Gregorian)
    }

    #[test]
    fn a_date_behind_all_days_is_never() {
        for text in [
            "9999-12-31",
            "31.12.9999",
            "12/31/9999",
            "99991231",
            "31-Dec-9999",
            "9999-12-31T23:59:59Z",
            "2999-12-31 00:00",
        ] {
            assert!(is_never(text), "{text}");
        }
        for text in [
            "",
            "2099-12-31",
            "2149-06-05",
            "9999-13-31",
            "9999",
            "1969-12-31",
            "never",
            "2026-11-21",
            "۲۰۲۶-۱۱-۲۱",
            "1e9999",
        ] {
            assert!(!is_never(text), "{text}");
        }
        assert!(is_never("2149-06-06") && is_never("۹۹۹۹-۱۲-۳۱"));
    }

    #[test]
    fn dates_read_in_the_forms_that_files_use() {
        for text in [
            "2024-12-31",
            "2024/12/31",
            "31.12.2024",
            "31/12/2024",
            "12/31/2024",
            "20241231",
            "31-Dec-2024",
            "Dec 31, 2024",
            "31 December 2024",
            "31.12.24",
            "۲۰۲۴/۱۲/۳۱",
            "٣١.١٢.٢٠٢٤",
        ] {
            assert_eq!(read(text), DateCell::Day(day("2024-12-31")), "{text}");
        }
        assert_eq!(read("05.04.2024"), DateCell::Day(day("2024-04-05")));
        assert_eq!(read("04/04/2024"), DateCell::Day(day("2024-04-04")));
        assert_eq!(
            read("05/04/2024"),
            DateCell::Either {
                first: 5,
                second: 4,
                year: 2024
            }
        );
        assert_eq!(read("2023-02-30"), DateCell::Impossible);
        assert_eq!(read("30/02/2023"), DateCell::Impossible);
        for text in [
            "",
            "soon",
            "2024-12",
            "1/2/24",
            "2024-12-31x",
            "123456789",
            "1-2-24",
            "Dec 2024",
            "31 Decem",
            "Mayor 5 2024x",
        ] {
            assert_eq!(read(text), DateCell::Not, "{text}");
        }
    }

    #[test]
    fn a_column_proves_its_order() {
        assert_eq!(proves("31/12/2024"), Some(DateOrder::Day));
        assert_eq!(proves("12/31/2024 10:00"), Some(DateOrder::Month));
        assert_eq!(proves("05/04/2024"), None);
        assert_eq!(proves("2024-12-31"), None);
    }

    #[test]
    fn moments_keep_their_offset() {
        let at = |text: &str| {
            let (d, t) = split_moment(text);
            let DateCell::Day(d) = read(d) else {
                panic!("a date: {text}")
            };
            clock(t).map(|c| c.on(d, Zone::named("Europe/Istanbul").expect("a zone")).0)
        };
        let noon = at("2026-07-11T12:00:00Z");
        assert_eq!(at("2026-07-11T15:30:00+03:30"), noon);
        assert_eq!(at("2026-07-11 15:30+0330"), noon);
        assert_eq!(at("2026-07-11T07:00:00.000-05:00"), noon);
        assert_eq!(
            at("2026-07-11T15:00:00"),
            noon,
            "no offset: the book's zone"
        );
        assert_eq!(at("2026-07-11T12:00:00.250Z"), noon.map(|n| n + 250));
        assert_eq!(at("13/07/2026 12:00 AM"), noon.map(|n| n + 33 * 3_600_000));
        assert_eq!(at("Jul 11, 2026, 3:00 PM"), noon);
        assert_eq!(at("11-Jul-2026 15:00"), noon);
        assert_eq!(at("2026-07-11 12:00:00 UTC"), noon);
        assert_eq!(at("۲۰۲۶-۰۷-۱۱T12:00Z"), noon);
        assert_eq!(
            (
                epoch("1783771200").map(|s| s.0),
                epoch("1783771200000").map(|s| s.0)
            ),
            (noon, noon)
        );
        assert_eq!(at("2026-07-11T25:00:00Z"), None);
        assert_eq!(at("2026-07-11T12:00:00+99:00"), None);
    }

    #[test]
    fn numbers_say_why_they_are_none() {
        assert_eq!(whole("-42", None), Ok(-42));
        assert_eq!(whole("1,234,567", None), Ok(1_234_567));
        assert_eq!(whole("12.0", None), Ok(12));
        assert_eq!(whole("12.5O", None), Err(NumberFault::Not));
        assert_eq!(whole("9223372036854775807", None), Ok(i64::MAX));
        assert_eq!(whole("-9223372036854775808", None), Ok(i64::MIN));
        assert_eq!(
            whole("999999999999999999999999999999", None),
            Err(NumberFault::TooLarge)
        );
        assert_eq!(whole("", None), Err(NumberFault::Not));
    }

    #[test]
    fn amounts_read_in_both_conventions() {
        let usd = Currency::default();
        assert_eq!(amount("1,234.50", usd, None), Ok(123_450));
        assert_eq!(amount("1.234,50", usd, None), Ok(123_450));
        assert_eq!(amount("€ 12,5", usd, None), Ok(1_250));
        assert_eq!(amount("1,234", usd, None), Ok(123_400));
        assert_eq!(amount("95k", usd, None), Ok(9_500_000));
        assert_eq!(amount("-3", usd, None), Ok(-300));
        assert_eq!(amount("USD 10", usd, None), Ok(1_000));
        assert_eq!(amount("1.2345", usd, None), Err(NumberFault::TooFine));
        assert_eq!(amount("12.5O", usd, None), Err(NumberFault::Not));
        assert_eq!(
            amount("99999999999999999999", usd, None),
            Err(NumberFault::TooLarge)
        );
    }

    #[test]
    fn a_file_says_what_stands_before_decimals() {
        let usd = Currency::default();
        assert_eq!(
            [
                ("12,5"),
                ("1.234,50"),
                ("1.234.567"),
                ("0,125"),
                ("€ 1 234,5")
            ]
            .map(proves_mark),
            [Some(Decimal::Comma); 5]
        );
        assert_eq!(
            ["12.50", "1,234.5", "1,234,567", "1234.567"].map(proves_mark),
            [Some(Decimal::Point); 4]
        );
        assert_eq!(
            ["1.234", "1,234", "1234", "", "x"].map(proves_mark),
            [None; 5]
        );
        assert!(is_either("1.234") && is_either("$1,234") && !is_either("12,5"));
        assert_eq!(amount("1.234", usd, Some(Decimal::Comma)), Ok(123_400));
        assert_eq!(amount("1.250", usd, Some(Decimal::Point)), Ok(125));
        assert_eq!(
            amount("1.234", usd, Some(Decimal::Point)),
            Err(NumberFault::TooFine)
        );
        assert_eq!(amount("1,250", usd, Some(Decimal::Comma)), Ok(125));
        assert_eq!(amount("۱٬۲۳۴٫۵۰", usd, None), Ok(123_450));
        assert_eq!(whole("1.234", Some(Decimal::Comma)), Ok(1_234));
        assert_eq!(whole("٤٢", None), Ok(42));
    }

    #[test]
    fn persian_dates_are_read_where_they_are_named() {
        assert_eq!(
            date("۱۴۰۵/۰۸/۳۰", Calendar::Jalali),
            DateCell::Day(day("2026-11-21"))
        );
        assert_eq!(
            date("1405-08-30", Calendar::Jalali),
            DateCell::Day(day("2026-11-21"))
        );
        assert!(is_jalali("1405/08/30") && !is_jalali("2026-11-21") && !is_jalali("1405-13-30"));
    }

    #[test]
    fn per_cents_are_hundredths() {
        assert_eq!(per_cent("12.5"), Some(1250));
        assert_eq!(per_cent("15"), Some(1500));
        assert_eq!(per_cent("7,25%"), Some(725));
        assert_eq!(per_cent("100.01"), None);
        assert_eq!(per_cent("x"), None);
    }
}
