//! Dates and times in words: "fri", "+7d", "2d ago", "8 dec", "fri 14:30".

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::{Day, Moment, Stamp};
use crate::text::fold;

/// Names of weekdays from Monday, the short form first.
const WEEKDAYS: [&[&str]; 7] = [
    &["mon", "monday"],
    &["tue", "tues", "tuesday"],
    &["wed", "weds", "wednesday"],
    &["thu", "thur", "thurs", "thursday"],
    &["fri", "friday"],
    &["sat", "saturday"],
    &["sun", "sunday"],
];

/// Names of months from January.
const MONTHS: [&[&str]; 12] = [
    &["jan", "january"],
    &["feb", "february"],
    &["mar", "march"],
    &["apr", "april"],
    &["may"],
    &["jun", "june"],
    &["jul", "july"],
    &["aug", "august"],
    &["sep", "sept", "september"],
    &["oct", "october"],
    &["nov", "november"],
    &["dec", "december"],
];

/// Which way a date without a year, or a weekday without a week, is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Forward,
    Back,
}

/// The date that `text` names, seen from `now`. Weekdays, `in`/`+` forms and day-month without a year look forward.
/// `None` when it is not a date in words.
///
/// Today, tomorrow, yesterday; `fri` (the next one), `next fri` (of next week), `last fri`; `+7d`, `2w`, `3m`, `in 2 weeks`,
/// `2d ago`, `next month`; `8 dec`, `dec 8 2026`, `2026-12-08`, `08.12.2026`; `eom`, `eoq`, `eoy`. `8/12` is nothing: half
/// of the world reads it the other way.
pub fn day(text: &str, now: &Moment) -> Option<Day> {
    let text = fold(text).replace(',', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    date(&words, now.today, Look::Forward)
}

/// The past moment that `text` names: "2d ago", "yesterday", "fri 14:30" (the last Friday), "14:30", "2026-11-20 09:00".
///
/// Never later than now: what would be is `None`, and a weekday or a time alone is its last occurrence. A day without a
/// time is its noon, today without a time is now. `10m ago` is nothing, as `m` is minutes or months.
pub fn past(text: &str, now: &Moment) -> Option<Stamp> {
    let at = exact(text.trim(), now).or_else(|| {
        let text = fold(text).replace(',', " ");
        let words: Vec<&str> = text.split_whitespace().filter(|w| *w != "at").collect();
        hours_ago(&words, now).or_else(|| day_and_time(&words, now))
    })?;
    (at <= now.at && (0..=65_534).contains(&at.0.div_euclid(86_400_000))).then_some(at)
}

/// A day as a person reads it: "Tue 8 Dec", with the year when it is not that of `today`.
pub fn show(day: Day, today: Day) -> String {
    let form = if day.date().year() == today.date().year() {
        "%a %-d %b"
    } else {
        "%a %-d %b %Y"
    };
    day.date().format(form).to_string()
}

/// The weekday that a word names, 0 is Monday.
pub fn weekday(word: &str) -> Option<u32> {
    let word = fold(word);
    WEEKDAYS
        .iter()
        .position(|names| names.contains(&word.as_str()))
        .map(|at| at as u32)
}

/// A date in folded words.
fn date(words: &[&str], today: Day, look: Look) -> Option<Day> {
    match words {
        ["today" | "now"] => Some(today),
        ["tomorrow" | "tmr" | "tmrw"] => shifted(today, 1, 'd'),
        ["yesterday" | "yday"] => shifted(today, -1, 'd'),
        ["eom"] | ["end", "of", "month"] => month_end(today, 1),
        ["eoq"] | ["end", "of", "quarter"] => month_end(today, 3),
        ["eoy"] | ["end", "of", "year"] => month_end(today, 12),
        ["next", unit @ ("week" | "month" | "year")] => shifted(today, 1, initial(unit)),
        ["last", unit @ ("week" | "month" | "year")] => shifted(today, -1, initial(unit)),
        ["next", word] => week_of(today, 7, weekday(word)?),
        ["last", word] => turn(today, weekday(word)?, Look::Back),
        ["this", word] => week_of(today, 0, weekday(word)?),
        [word] if weekday(word).is_some() => turn(today, weekday(word)?, look),
        [rest @ .., "ago"] => amount(rest).and_then(|(n, unit)| shifted(today, -n, unit)),
        ["in", rest @ ..] => amount(rest).and_then(|(n, unit)| shifted(today, n, unit)),
        _ => relative(words, today).or_else(|| calendar(words, today, look)),
    }
}

/// `+7d`, `-2w`, `7d`, `2 weeks`.
fn relative(words: &[&str], today: Day) -> Option<Day> {
    let (first, rest) = words.split_first()?;
    let (sign, first) = match first.as_bytes().first()? {
        b'+' => (1, &first[1..]),
        b'-' => (-1, &first[1..]),
        _ => (1, *first),
    };
    let mut plain = vec![first];
    plain.extend(rest);
    amount(&plain).and_then(|(n, unit)| shifted(today, sign * n, unit))
}

/// A number of days, weeks, months or years with the unit's initial: `7d`, `2 weeks`, `a month`.
fn amount(words: &[&str]) -> Option<(i64, char)> {
    let (number, unit) = match words {
        [one] => one.split_at(one.bytes().take_while(u8::is_ascii_digit).count()),
        ["a" | "an" | "one", unit] => ("1", *unit),
        [number, unit] => (*number, *unit),
        _ => return None,
    };
    let unit = match unit {
        "d" | "day" | "days" => 'd',
        "w" | "wk" | "wks" | "week" | "weeks" => 'w',
        "m" | "mo" | "month" | "months" => 'm',
        "y" | "yr" | "yrs" | "year" | "years" => 'y',
        _ => return None,
    };
    Some((small(number)?, unit))
}

/// A number of at most five digits.
fn small(text: &str) -> Option<i64> {
    let is_number = (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn initial(unit: &str) -> char {
    unit.chars().next().unwrap_or('d')
}

/// The day `n` units later; months keep the day of the month or end at the month's last.
fn shifted(day: Day, n: i64, unit: char) -> Option<Day> {
    let months = |n: i64| {
        let count = Months::new(u32::try_from(n.abs()).ok()?);
        if n < 0 {
            day.date().checked_sub_months(count)
        } else {
            day.date().checked_add_months(count)
        }
    };
    match unit {
        'd' => Day::from_number(day.number() + n),
        'w' => Day::from_number(day.number() + 7 * n),
        'm' => months(n).and_then(Day::from_date),
        _ => months(12 * n).and_then(Day::from_date),
    }
}

/// The next (or last) day that is this weekday, never today.
fn turn(today: Day, weekday: u32, look: Look) -> Option<Day> {
    let from = i64::from(today.date().weekday().num_days_from_monday());
    let ahead = (i64::from(weekday) - from).rem_euclid(7);
    let days = match look {
        Look::Forward if ahead == 0 => 7,
        Look::Forward => ahead,
        Look::Back => ahead - 7,
    };
    shifted(today, days, 'd')
}

/// The weekday of the week that starts `after` days after this week's Monday.
fn week_of(today: Day, after: i64, weekday: u32) -> Option<Day> {
    let monday = today.number() - i64::from(today.date().weekday().num_days_from_monday());
    Day::from_number(monday + after + i64::from(weekday))
}

/// The last day of the month, quarter or year (`months` long) that `today` is in.
fn month_end(today: Day, months: u32) -> Option<Day> {
    let date = today.date();
    let first = NaiveDate::from_ymd_opt(date.year(), date.month0() / months * months + 1, 1)?;
    first
        .checked_add_months(Months::new(months))?
        .checked_sub_days(Days::new(1))
        .and_then(Day::from_date)
}

/// `8 dec`, `dec 8`, `8th december 2026`, `2026-12-08`, `08.12.2026`, `8.12.`.
fn calendar(words: &[&str], today: Day, look: Look) -> Option<Day> {
    let month = |word: &str| {
        MONTHS
            .iter()
            .position(|names| names.contains(&word.trim_end_matches('.')))
            .map(|at| at as u32 + 1)
    };
    match words {
        [one] => numeric(one, today, look),
        [a, b] => match (month(a), month(b)) {
            (None, Some(month)) => without_year(month, ordinal(a)?, today, look),
            (Some(month), None) => without_year(month, ordinal(b)?, today, look),
            _ => None,
        },
        [a, b, year] => {
            let year = year_of(year)?;
            let (month, day) = if let Some(month) = month(b) {
                (month, ordinal(a)?)
            } else {
                (month(a)?, ordinal(b)?)
            };
            NaiveDate::from_ymd_opt(year, month, day).and_then(Day::from_date)
        }
        _ => None,
    }
}

/// A date of figures: year first with dashes or slashes, day first with dots.
fn numeric(word: &str, today: Day, look: Look) -> Option<Day> {
    if let Some(short) = word.strip_suffix('.') {
        let (day, month) = short.split_once('.')?;
        return without_year(
            u32::try_from(small(month)?).ok()?,
            ordinal(day)?,
            today,
            look,
        );
    }
    let mark = ['-', '/', '.']
        .into_iter()
        .find(|mark| word.contains(*mark))?;
    let parts: Vec<&str> = word.split(mark).collect();
    let [a, month, b] = parts.as_slice() else {
        return None;
    };
    let (year, day) = if mark == '.' { (b, a) } else { (a, b) };
    if month.len() > 2 || day.len() > 2 {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(
        year_of(year)?,
        u32::try_from(small(month)?).ok()?,
        u32::try_from(small(day)?).ok()?,
    );
    date.and_then(Day::from_date)
}

/// A year of four figures.
fn year_of(word: &str) -> Option<i32> {
    if word.len() == 4 {
        small(word).and_then(|n| i32::try_from(n).ok())
    } else {
        None
    }
}

/// The day of a month: `8`, `8.`, `8th`.
fn ordinal(word: &str) -> Option<u32> {
    let number = ["st", "nd", "rd", "th", "."]
        .iter()
        .find_map(|end| word.strip_suffix(end))
        .unwrap_or(word);
    if number.len() > 2 {
        None
    } else {
        small(number).and_then(|n| u32::try_from(n).ok())
    }
}

/// The next (today counts) or the last date with this month and day; 29 February may be years away.
fn without_year(month: u32, day: u32, today: Day, look: Look) -> Option<Day> {
    let year = today.date().year();
    let on = |year| NaiveDate::from_ymd_opt(year, month, day);
    let found = match look {
        Look::Forward => (year..=year + 8)
            .filter_map(on)
            .find(|d| *d >= today.date()),
        Look::Back => (year - 8..=year)
            .rev()
            .filter_map(on)
            .find(|d| *d <= today.date()),
    };
    found.and_then(Day::from_date)
}

/// A moment in ISO 8601 with a time, in its own offset or the book's zone.
fn exact(text: &str, now: &Moment) -> Option<Stamp> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(Stamp(at.timestamp_millis()));
    }
    let forms = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M:%S%.f",
    ];
    let local = forms
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    Day::from_date(local.date()).map(|day| now.zone.stamp(day, local.time()))
}

/// `3h ago`, `20 minutes ago`, `just now`.
fn hours_ago(words: &[&str], now: &Moment) -> Option<Stamp> {
    let (number, unit) = match words {
        ["now"] | ["just", "now"] => return Some(now.at),
        [one, "ago"] => one.split_at(one.bytes().take_while(u8::is_ascii_digit).count()),
        ["a" | "an" | "one", unit, "ago"] => ("1", *unit),
        [number, unit, "ago"] => (*number, *unit),
        _ => return None,
    };
    let minutes = match unit {
        "h" | "hr" | "hrs" | "hour" | "hours" => 60,
        "min" | "mins" | "minute" | "minutes" => 1,
        _ => return None,
    };
    Some(Stamp(
        now.at.0.checked_sub(small(number)? * minutes * 60_000)?,
    ))
}

/// A day, a time, or both in either order.
fn day_and_time(words: &[&str], now: &Moment) -> Option<Stamp> {
    if let [one, "ago"] = words
        && one.ends_with('m')
        && !one.starts_with(|c: char| c.is_alphabetic())
    {
        return None;
    }
    if let Some(day) = date(words, now.today, Look::Back) {
        let noon = now.zone.stamp(day, NaiveTime::from_hms_opt(12, 0, 0)?);
        return Some(if day == now.zone.day(now.at) {
            now.at
        } else {
            noon
        });
    }
    let (days, time) = split_time(words)?;
    let last = |day: Day| Some(now.zone.stamp(day, time)).filter(|at| *at <= now.at);
    match days {
        [] => last(now.today).or_else(|| shifted(now.today, -1, 'd').and_then(last)),
        // "fri 9:00", said on a Friday at ten, is today.
        [word] if weekday(word) == Some(now.today.date().weekday().num_days_from_monday()) => {
            last(now.today).or_else(|| shifted(now.today, -7, 'd').and_then(last))
        }
        _ => date(days, now.today, Look::Back).and_then(last),
    }
}

/// Takes the time of day off the end or the start of the words.
fn split_time<'a, 'b>(words: &'a [&'b str]) -> Option<(&'a [&'b str], NaiveTime)> {
    for n in [2, 1] {
        let Some(rest) = words.len().checked_sub(n) else {
            continue;
        };
        if let Some(at) = time(&words[rest..].concat()) {
            return Some((&words[..rest], at));
        }
        if let Some(at) = time(&words[..n].concat()) {
            return Some((&words[n..], at));
        }
    }
    None
}

/// A time of day: `14:30`, `9am`, `9:15pm`, `noon`.
pub fn time(text: &str) -> Option<NaiveTime> {
    let text = fold(text);
    if text == "noon" {
        return NaiveTime::from_hms_opt(12, 0, 0);
    }
    let (clock, half) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(0)),
        (_, Some(clock)) => (clock, Some(12)),
        _ => (text.as_str(), None),
    };
    let (hour, minute) = match clock.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (hour, small(minute)?),
        None if half.is_some() => (clock, 0),
        _ => return None,
    };
    let hour = if hour.len() <= 2 {
        u32::try_from(small(hour)?).ok()?
    } else {
        return None;
    };
    let hour = match half {
        Some(after) if (1..=12).contains(&hour) => hour % 12 + after,
        Some(_) => return None,
        None => hour,
    };
    NaiveTime::from_hms_opt(hour, u32::try_from(minute).ok()?, 0)
}

/// A past moment as a person reads it: "Fri 20 Nov 14:30".
pub fn show_moment(at: Stamp, now: &Moment) -> String {
    let time = now.zone.time(at);
    format!(
        "{} {:02}:{:02}",
        show(now.zone.day(at), now.today),
        time.hour(),
        time.minute()
    )
}

#[cfg(test)]
mod tests;
