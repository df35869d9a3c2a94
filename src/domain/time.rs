//! Moments and civil dates: UTC milliseconds, the book's one zone, and dates said in words.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeZone, Utc};

pub mod jalali;
pub mod words;

/// Milliseconds since 1970-01-01 UTC.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Stamp(pub i64);

impl Stamp {
    /// The moment as chrono has it. Out of range (a hostile file) shows as 1970.
    pub fn utc(self) -> DateTime<Utc> {
        Utc.timestamp_millis_opt(self.0)
            .single()
            .unwrap_or_default()
    }
}

/// A civil date between 1970-01-01 and 2149-06-05 in two bytes, so that a million customers fit in memory.
/// `Option<Day>` is two bytes as well.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NonZeroU16);

impl Day {
    /// The first day of the range, 1970-01-01.
    pub const MIN: Day = Day(NonZeroU16::MIN);

    /// The date as a day; `None` outside 1970 to 2149.
    pub fn from_date(date: NaiveDate) -> Option<Day> {
        Day::from_number(i64::from(date.num_days_from_ce()) - 719_163)
    }

    /// Days since 1970-01-01, the form that is stored; `None` outside the range.
    pub fn from_number(days: i64) -> Option<Day> {
        // A hostile file may say any number.
        u16::try_from(days.saturating_add(1))
            .ok()
            .and_then(NonZeroU16::new)
            .map(Day)
    }

    /// Days since 1970-01-01.
    pub fn number(self) -> i64 {
        i64::from(self.0.get()) - 1
    }

    /// The date.
    pub fn date(self) -> NaiveDate {
        NaiveDate::from_num_days_from_ce_opt(self.number() as i32 + 719_163).unwrap_or_default()
    }

    /// Days from `earlier` to this day, negative when `earlier` is later.
    pub fn since(self, earlier: Day) -> i64 {
        self.number() - earlier.number()
    }

    /// The day `days` later (or earlier), held inside the range.
    #[must_use]
    pub fn plus(self, days: i64) -> Day {
        let n = self
            .number()
            .saturating_add(days)
            .clamp(0, i64::from(u16::MAX) - 1);
        Day::from_number(n).unwrap_or(self)
    }
}

impl fmt::Display for Day {
    /// ISO 8601: 2026-11-21.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.date().format("%Y-%m-%d"), f)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Day {
    type Err = ();

    /// Reads ISO 8601 only; dates in words are [`words::day`].
    fn from_str(text: &str) -> Result<Day, ()> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .and_then(Day::from_date)
            .ok_or(())
    }
}

impl serde::Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Day, D::Error> {
        let text = String::deserialize(d)?;
        text.parse()
            .map_err(|()| serde::de::Error::custom(say!("time.not_date_such_as", text = text)))
    }
}

/// The zone in which the book's dates are civil dates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Zone(pub chrono_tz::Tz);

impl Default for Zone {
    fn default() -> Zone {
        Zone(chrono_tz::UTC)
    }
}

impl Zone {
    /// The zone by its IANA name, such as Europe/Istanbul.
    pub fn named(name: &str) -> Option<Zone> {
        name.parse().ok().map(Zone)
    }

    /// The civil date of a moment in this zone (moments outside 1970 to 2149 are held at the ends).
    pub fn day(self, at: Stamp) -> Day {
        let date = self.0.from_utc_datetime(&at.utc().naive_utc()).date_naive();
        Day::from_number((i64::from(date.num_days_from_ce()) - 719_163).clamp(0, 65_534))
            .unwrap_or(Day(NonZeroU16::MIN))
    }

    /// The local time of day of a moment.
    pub fn time(self, at: Stamp) -> NaiveTime {
        self.0.from_utc_datetime(&at.utc().naive_utc()).time()
    }

    /// The moment of a local date and time. A time that a clock change skips is moved forward by an hour;
    /// one that happens twice is the first.
    pub fn stamp(self, day: Day, time: NaiveTime) -> Stamp {
        let local = day.date().and_time(time);
        let found = self.0.from_local_datetime(&local).earliest();
        let found = found.or_else(|| {
            self.0
                .from_local_datetime(&(local + chrono::Duration::hours(1)))
                .earliest()
        });
        Stamp(found.map_or_else(
            || local.and_utc().timestamp_millis(),
            |t| t.timestamp_millis(),
        ))
    }
}

/// Now, as a value: handed down from the edge, never asked for below it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// When it is.
    pub at: Stamp,
    /// The civil date on which pure figures are computed: that of `at`, or what `--as-of` fixed.
    pub today: Day,
    /// The zone both are meant in.
    pub zone: Zone,
}

impl Moment {
    /// The moment `at` in `zone`, with its own date as today.
    pub fn new(at: Stamp, zone: Zone) -> Moment {
        Moment {
            at,
            today: zone.day(at),
            zone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_two_bytes_even_when_missing() {
        assert_eq!(std::mem::size_of::<Option<Day>>(), 2);
    }

    #[test]
    fn a_day_reads_back() {
        for text in ["1970-01-01", "2026-11-21", "2149-06-05"] {
            assert_eq!(
                text.parse::<Day>().map(|d| d.to_string()),
                Ok(text.to_owned())
            );
        }
        assert!("2149-06-07".parse::<Day>().is_err());
        assert!("2026-02-30".parse::<Day>().is_err());
    }

    #[test]
    fn numbers_at_their_ends_are_no_days_and_move_to_the_range_ends() {
        assert_eq!(
            (Day::from_number(i64::MAX), Day::from_number(i64::MIN)),
            (None, None)
        );
        assert_eq!(Day::MIN.plus(i64::MAX).to_string(), "2149-06-05");
        assert_eq!(Day::MIN.plus(3).plus(i64::MIN), Day::MIN);
    }

    #[test]
    fn a_skipped_hour_moves_forward() {
        let berlin = Zone::named("Europe/Berlin").expect("a zone of the database");
        let day: Day = "2026-03-29".parse().expect("a date");
        let at = berlin.stamp(day, NaiveTime::from_hms_opt(2, 30, 0).expect("a time"));
        assert_eq!(berlin.time(at).to_string(), "03:30:00");
        assert_eq!(berlin.day(at), day);
    }
}
