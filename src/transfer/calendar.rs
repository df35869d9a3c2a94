//! A calendar feed: tasks, renewals, business reviews and calls as entries of whole days that every calendar reads. An entry keeps its
//! UID for ever, counts its changes, and says so when it is gone; two feeds of the same facts are the same bytes.

use chrono::Duration;
use icalendar::{Calendar, Component, Event, EventLike, EventStatus, Property};

use crate::domain::appointment::{Appointment, Due};
use crate::domain::id::Id;
use crate::error::{Error, Result};
use crate::text::safe;
use crate::text::words::Words;

/// The feed. `book` makes the entries' UIDs those of this book; `name` is what the calendar is called.
pub fn feed(appointments: &[Appointment], book: Id, name: &str) -> Result<String> {
    let words = Words::english();
    let mut calendar = Calendar::empty();
    for (key, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//Retain//Retain//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
    ] {
        calendar.append_property(Property::new(key, value));
    }
    calendar.name(&safe(name));
    calendar.ttl(&Duration::hours(1));
    for appointment in appointments {
        calendar.push(event(appointment, book, &words)?);
    }
    // Names come from outside, and a line of the feed ends where its writer says so.
    Ok(calendar.to_string())
}

fn event(a: &Appointment, book: Id, words: &Words) -> Result<Event> {
    let moment = chrono::DateTime::from_timestamp_millis(a.changed.0)
        .ok_or_else(|| Error::failed(say!("calendar.change_no_time")))?;
    let mut event = Event::with_uid(&format!("{}@{book}.retain", a.id));
    let code = match a.due {
        Due::Task => "task",
        Due::Renewal => "renewal",
        Due::Review => "review",
        Due::Call => "call",
    };
    let what = match (a.due, a.title.as_str()) {
        (Due::Task | Due::Call, title) if !title.is_empty() => safe(title).into_owned(),
        (Due::Task, _) if a.customer.is_empty() => words.calendar("gone").to_owned(),
        _ => words.calendar(code).to_owned(),
    };
    let done = if a.done { "✓ " } else { "" };
    let whose = if a.customer.is_empty() {
        String::new()
    } else {
        format!(" · {}", safe(&a.customer))
    };
    event.summary(&format!("{done}{what}{whose}"));
    // Without an end an entry of a date is that day.
    event.starts(a.day.date());
    event.timestamp(moment);
    event.last_modified(moment);
    event.sequence(a.changes);
    event.add_property("TRANSP", "TRANSPARENT");
    if !a.owner.is_empty() {
        event.description(&format!("{}: {}", words.calendar("owner"), safe(&a.owner)));
    }
    if !a.customer.is_empty() {
        event.add_property("CATEGORIES", code);
    }
    event.status(if a.cancelled {
        EventStatus::Cancelled
    } else {
        EventStatus::Confirmed
    });
    Ok(event.done())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Stamp;

    fn one(title: &str, cancelled: bool) -> Appointment {
        Appointment {
            id: Id([1; 16]),
            due: Due::Task,
            day: "2026-12-08".parse().expect("a date"),
            customer: "Acme; \"Food\", Ltd\n\r\u{1b}[2J".into(),
            title: title.into(),
            owner: "ana".into(),
            done: false,
            cancelled,
            changes: 3,
            changed: Stamp(1_795_000_000_000),
        }
    }

    #[test]
    fn entries_are_whole_days_with_a_name_for_ever_and_hold_what_would_break_them() {
        let long = "x".repeat(300);
        let text = feed(
            &[one("Call, then; write\\", false), one(&long, true)],
            Id([2; 16]),
            "Ana's",
        )
        .expect("a feed");
        assert_eq!(
            text,
            feed(
                &[one("Call, then; write\\", false), one(&long, true)],
                Id([2; 16]),
                "Ana's"
            )
            .expect("a feed")
        );
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert!(
            !text.contains("DTEND"),
            "an end on the same day is none: {text}"
        );
        assert!(
            lines
                .iter()
                .all(|l| l.len() <= 75 && !l.contains(['\n', '\r', '\u{1b}'])),
            "{text}"
        );
        for wanted in [
            "DTSTART;VALUE=DATE:20261208",
            "SEQUENCE:3",
            "DTSTAMP:20261118T110640Z",
            "STATUS:CONFIRMED",
            "STATUS:CANCELLED",
            "METHOD:PUBLISH",
        ] {
            assert!(lines.contains(&wanted), "{wanted}: {text}");
        }
        let whole = text.replace("\r\n ", "");
        assert!(whole.contains("UID:01010101-0101-0101-0101-010101010101@02020202-0202-0202-0202-020202020202.retain\r\n"), "{whole}");
        assert!(
            whole.contains("SUMMARY:Call\\, then\\; write\\\\ · Acme\\; \"Food\"\\, Ltd"),
            "{whole}"
        );
    }
}
