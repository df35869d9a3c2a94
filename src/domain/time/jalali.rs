//! Dates of the Persian (Solar Hijri) calendar, by the arithmetic rule of a cycle of 33 years: year `y` has 366 days where
//! `(25 y + 11) mod 33 < 8` (K. M. Borkowski, "The Persian calendar for 3000 years", Earth, Moon and Planets 74, 1996). From
//! 1206 to 1498 it agrees with the astronomical calendar; other years are refused.

use chrono::NaiveDate;

use super::Day;

/// The years in which the rule holds.
const YEARS: std::ops::RangeInclusive<i32> = 1206..=1498;

/// Days between 1 Farvardin of the year 1 and that of year `y`, from the count of its leap years.
fn days_before(y: i32) -> i64 {
    let y = i64::from(y);
    365 * (y - 1) + (8 * y + 21).div_euclid(33)
}

/// 1 Farvardin 1403, from which the others are counted.
const KNOWN: (i32, i32, u32, u32) = (1403, 2024, 3, 20);

/// True for a year of 366 days.
fn is_leap(y: i32) -> bool {
    (25 * y + 11).rem_euclid(33) < 8
}

/// The day of a Persian date; `None` where that calendar has no such day, or the rule does not reach.
pub fn day(year: i32, month: u32, day: u32) -> Option<Day> {
    let length = match month {
        1..=6 => 31,
        7..=11 => 30,
        12 => 29 + u32::from(is_leap(year)),
        _ => return None,
    };
    if !YEARS.contains(&year) || day == 0 || day > length {
        return None;
    }
    let before = (1..month)
        .map(|m| if m <= 6 { 31 } else { 30 })
        .sum::<i64>();
    let first = Day::from_date(NaiveDate::from_ymd_opt(KNOWN.1, KNOWN.2, KNOWN.3)?)?;
    Day::from_number(
        first.number() + days_before(year) - days_before(KNOWN.0) + before + i64::from(day) - 1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_years_of_the_almanac() {
        for (year, gregorian) in [
            (1349, "1970-03-21"),
            (1358, "1979-03-21"),
            (1375, "1996-03-20"),
            (1376, "1997-03-21"),
            (1387, "2008-03-20"),
            (1399, "2020-03-20"),
            (1400, "2021-03-21"),
            (1403, "2024-03-20"),
            (1404, "2025-03-21"),
            (1405, "2026-03-21"),
            (1408, "2029-03-20"),
            (1409, "2030-03-21"),
        ] {
            assert_eq!(
                day(year, 1, 1),
                Some(gregorian.parse().expect("a date")),
                "{year}"
            );
        }
    }

    #[test]
    fn days_follow_each_other_and_others_are_none() {
        let mut last = day(1349, 1, 1).expect("a day").number() - 1;
        for year in 1349..=1498 {
            for month in 1..=12 {
                for n in 1..=31 {
                    if let Some(day) = day(year, month, n) {
                        assert_eq!(day.number(), last + 1, "{year}-{month}-{n}");
                        last = day.number();
                    }
                }
            }
        }
        assert_eq!(
            day(1405, 8, 30),
            Some("2026-11-21".parse().expect("a date"))
        );
        for none in [
            (1404, 12, 30),
            (1404, 7, 31),
            (1404, 13, 1),
            (1404, 1, 0),
            (1205, 1, 1),
            (1499, 1, 1),
        ] {
            assert_eq!(day(none.0, none.1, none.2), None, "{none:?}");
        }
        assert!(day(1403, 12, 30).is_some(), "a leap year");
    }
}
