use super::super::Zone;
use super::*;
use proptest::prelude::*;

/// Saturday 21 November 2026, 14:00 in Istanbul (11:00 UTC).
fn now() -> Moment {
    let zone = Zone::named("Europe/Istanbul").expect("a zone of the database");
    let at = DateTime::parse_from_rfc3339("2026-11-21T11:00:00Z").expect("a moment");
    Moment::new(Stamp(at.timestamp_millis()), zone)
}

fn day_of(text: &str) -> Option<String> {
    day(text, &now()).map(|d| d.to_string())
}

fn past_of(text: &str) -> Option<String> {
    past(text, &now()).map(|at| {
        let time = now().zone.time(at);
        format!(
            "{} {:02}:{:02}",
            now().zone.day(at),
            time.hour(),
            time.minute()
        )
    })
}

#[test]
fn days_in_words() {
    let cases = [
        ("today", "2026-11-21"),
        ("Tomorrow", "2026-11-22"),
        ("yesterday", "2026-11-20"),
        ("fri", "2026-11-27"),
        ("sat", "2026-11-28"),
        ("Sunday", "2026-11-22"),
        ("mon", "2026-11-23"),
        ("next fri", "2026-11-27"),
        ("next sat", "2026-11-28"),
        ("last fri", "2026-11-20"),
        ("last sat", "2026-11-14"),
        ("this mon", "2026-11-16"),
        ("+7d", "2026-11-28"),
        ("7d", "2026-11-28"),
        ("-1d", "2026-11-20"),
        ("2w", "2026-12-05"),
        ("3m", "2027-02-21"),
        ("1y", "2027-11-21"),
        ("in 2 weeks", "2026-12-05"),
        ("in a month", "2026-12-21"),
        ("2 days", "2026-11-23"),
        ("2d ago", "2026-11-19"),
        ("3 weeks ago", "2026-10-31"),
        ("next week", "2026-11-28"),
        ("next month", "2026-12-21"),
        ("8 dec", "2026-12-08"),
        ("dec 8", "2026-12-08"),
        ("Dec 8, 2027", "2027-12-08"),
        ("8 december 2026", "2026-12-08"),
        ("8th December", "2026-12-08"),
        ("8. dec.", "2026-12-08"),
        ("1 nov", "2027-11-01"),
        ("21 nov", "2026-11-21"),
        ("29 feb", "2028-02-29"),
        ("2026-12-08", "2026-12-08"),
        ("2026/12/08", "2026-12-08"),
        ("08.12.2026", "2026-12-08"),
        ("8.12.", "2026-12-08"),
        ("eom", "2026-11-30"),
        ("end of month", "2026-11-30"),
        ("eoq", "2026-12-31"),
        ("eoy", "2026-12-31"),
        ("۲۰۲۶-۱۲-۰۸", "2026-12-08"),
        ("  IN   2 WEEKS ", "2026-12-05"),
    ];
    for (text, expected) in cases {
        assert_eq!(day_of(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_day_is_none() {
    let texts = [
        "",
        "7",
        "8/12",
        "8/12/2026",
        "31 feb",
        "dec",
        "8 dec 26",
        "8 dec 1900",
        "2200-01-01",
        "99999y",
        "99999d",
        "+",
        "in",
        "ago",
        "next",
        "12.13.2026",
        "call",
        "999999999999999999999d",
        "2026-1-234",
        "m",
        "-",
        "14:30",
        "+d",
    ];
    for text in texts {
        assert_eq!(day_of(text), None, "{text}");
    }
}

#[test]
fn months_end_where_they_end() {
    let from = |text: &str| Moment {
        today: text.parse().expect("a date"),
        ..now()
    };
    assert_eq!(
        day("1m", &from("2027-01-31"))
            .map(|d| d.to_string())
            .as_deref(),
        Some("2027-02-28")
    );
    assert_eq!(
        day("1y", &from("2028-02-29"))
            .map(|d| d.to_string())
            .as_deref(),
        Some("2029-02-28")
    );
    assert_eq!(
        day("eom", &from("2028-02-10"))
            .map(|d| d.to_string())
            .as_deref(),
        Some("2028-02-29")
    );
    assert_eq!(
        day("eoq", &from("2027-02-10"))
            .map(|d| d.to_string())
            .as_deref(),
        Some("2027-03-31")
    );
    assert_eq!(
        day("next fri", &from("2026-11-16"))
            .map(|d| d.to_string())
            .as_deref(),
        Some("2026-11-27"),
        "of next week"
    );
    assert_eq!(day("eoy", &from("2149-06-05")), None);
    assert_eq!(day("yesterday", &from("1970-01-01")), None);
}

#[test]
fn past_moments_in_words() {
    let cases = [
        ("now", "2026-11-21 14:00"),
        ("today", "2026-11-21 14:00"),
        ("2d ago", "2026-11-19 12:00"),
        ("a week ago", "2026-11-14 12:00"),
        ("3h ago", "2026-11-21 11:00"),
        ("20 min ago", "2026-11-21 13:40"),
        ("an hour ago", "2026-11-21 13:00"),
        ("yesterday", "2026-11-20 12:00"),
        ("yesterday 9am", "2026-11-20 09:00"),
        ("yesterday at 9:15 pm", "2026-11-20 21:15"),
        ("9am yesterday", "2026-11-20 09:00"),
        ("fri", "2026-11-20 12:00"),
        ("fri 14:30", "2026-11-20 14:30"),
        ("last fri 14:30", "2026-11-20 14:30"),
        ("sat", "2026-11-14 12:00"),
        ("sat 13:00", "2026-11-21 13:00"),
        ("sat 15:00", "2026-11-14 15:00"),
        ("13:59", "2026-11-21 13:59"),
        ("14:30", "2026-11-20 14:30"),
        ("noon", "2026-11-21 12:00"),
        ("12am", "2026-11-21 00:00"),
        ("8 dec", "2025-12-08 12:00"),
        ("8 nov 10:00", "2026-11-08 10:00"),
        ("2026-11-20", "2026-11-20 12:00"),
        ("2026-11-20 09:00", "2026-11-20 09:00"),
        ("2026-11-20T09:00", "2026-11-20 09:00"),
        ("2026-11-20T09:00:30Z", "2026-11-20 12:00"),
        ("2026-11-20T09:00:00+03:00", "2026-11-20 09:00"),
        ("20.11.2026 9:05", "2026-11-20 09:05"),
    ];
    for (text, expected) in cases {
        assert_eq!(past_of(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn no_past_moment_is_in_the_future() {
    let texts = [
        "tomorrow",
        "in 2 weeks",
        "+7d",
        "next fri",
        "2026-12-08",
        "today 15:00",
        "2026-11-21T14:00:01+03:00",
        "2099-01-01T00:00Z",
        "10m ago",
        "25:00",
        "9:5",
        "13pm",
        "0am",
        "eom",
        "9",
        "call",
        "",
    ];
    for text in texts {
        assert_eq!(past_of(text), None, "{text}");
    }
}

#[test]
fn days_are_shown_as_people_say_them() {
    let today = now().today;
    assert_eq!(
        show("2026-12-08".parse().expect("a date"), today),
        "Tue 8 Dec"
    );
    assert_eq!(
        show("2027-01-01".parse().expect("a date"), today),
        "Fri 1 Jan 2027"
    );
    assert_eq!(
        show_moment(past("fri 9am", &now()).expect("a moment"), &now()),
        "Fri 20 Nov 09:00"
    );
}

proptest! {
    #[test]
    fn nothing_panics_and_the_past_is_past(
        text in ".{0,20}|[0-9+:./ -]{0,14}|([0-9]{1,4}|in|last|next|ago|fri|dec|at|am|d|w|y|99999|:|\\+|-|eom)( ?([0-9]{1,5}|fri|sat|ago|feb|d|pm|days|years|14:30)){0,3}",
        today in 0i64..65_535,
    ) {
        let mut now = now();
        let _ = day(&text, &now);
        if let Some(at) = past(&text, &now) {
            prop_assert!(at <= now.at);
        }
        now.today = Day::from_number(today).expect("within the range");
        let _ = day(&text, &now);
        if let Some(at) = past(&text, &now) {
            prop_assert!(at <= now.at);
        }
    }

    #[test]
    fn a_shown_iso_date_reads_back(n in 0i64..65_535) {
        let now = now();
        let day = Day::from_number(n).expect("within the range");
        prop_assert_eq!(super::day(&day.to_string(), &now), Some(day));
        prop_assert_eq!(super::day(&day.date().format("%d.%m.%Y").to_string(), &now), Some(day));
        prop_assert_eq!(super::day(&day.date().format("%-d %B %Y").to_string(), &now), Some(day));
    }
}
