//! Calendars (`.ics`): meetings that are over become rows, each occurrence of a series for itself. A moved or cancelled one says so under
//! the same reference, so the next import of the file brings the book up to date.
//!
//! Zones are those of IANA, also where a calendar names them as Windows or old Thunderbirds do; times without any are of the book's zone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use calcard::common::timezone::Tz;
use calcard::icalendar::dates::TimeOrDelta;
use calcard::icalendar::utils::strip_mailto_scheme;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarMethod,
    ICalendarParameterName, ICalendarParameterValue, ICalendarProperty, ICalendarStatus,
    ICalendarValue,
};
use calcard::{Entry, Parser};
use chrono::DateTime;

use super::Stop;
use super::spool::{CORRESPONDENCE, OFF, Spool, whole};
use crate::domain::time::{Moment, Zone};
use crate::error::Result;

/// Occurrences of a series that are looked at, from its beginning.
const SERIES: usize = 5_000;

/// One meeting as a row.
struct Meeting {
    reference: String,
    at: DateTime<Tz>,
    minutes: Option<i64>,
    off: bool,
    of: usize,
}

/// The rows of a calendar, and remarks. `zone` is that of times without one.
pub(super) fn spool(
    path: &Path,
    name: &str,
    zone: Zone,
    now: &Moment,
    stop: &Stop,
) -> Result<(Spool, Vec<String>)> {
    let text = whole(path, name, "a calendar")?;
    let mut remarks = Vec::new();
    let mut spool = Spool::new(name, &CORRESPONDENCE, stop)?;
    let mut parser = Parser::new(&text);
    let (mut line, mut broken) = (0, 0);
    loop {
        match parser.entry() {
            Entry::ICalendar(calendar) => {
                put(calendar, zone, now, &mut spool, &mut line, &mut remarks)?
            }
            Entry::Eof => break,
            Entry::VCard(_) => {}
            _ => {
                broken += 1;
                if broken > SERIES {
                    break;
                }
            }
        }
    }
    if broken > 0 {
        remarks.push(say!("calendar.lines_or_parts_calendar", broken = broken).to_string());
    }
    Ok((spool, remarks))
}

fn put(
    mut calendar: ICalendar,
    zone: Zone,
    now: &Moment,
    spool: &mut Spool,
    line: &mut u64,
    remarks: &mut Vec<String>,
) -> Result<()> {
    name_zones(&mut calendar, remarks);
    let cancels = calendar
        .components
        .iter()
        .filter_map(|c| c.property(&ICalendarProperty::Method))
        .any(|m| {
            m.values.iter().any(|v| {
                matches!(v, ICalendarValue::Method(ICalendarMethod::Cancel))
                    || v.as_text() == Some("CANCEL")
            })
        });
    for mut meeting in meetings(&calendar, zone, remarks) {
        // What is still to come has not been; where it has been before, it was moved.
        meeting.off |= cancels || meeting.at.timestamp_millis() > now.at.0;
        let event = &calendar.components[meeting.of];
        let (from, with) = people(event);
        *line += 1;
        let text = text_of(event, &ICalendarProperty::Summary);
        let at = meeting.at.format("%Y-%m-%dT%H:%M:%S%:z").to_string();
        let minutes = meeting.minutes.map_or_else(String::new, |m| m.to_string());
        let status = if meeting.off { OFF } else { "" };
        spool.row(
            *line,
            &[
                &meeting.reference,
                &at,
                &minutes,
                "meeting",
                status,
                &from,
                &with,
                text.trim(),
            ],
        )?;
    }
    Ok(())
}

/// Every meeting of a calendar, by what it is known under: a series with the moments of its rule, then what its exceptions say.
fn meetings(calendar: &ICalendar, zone: Zone, remarks: &mut Vec<String>) -> Vec<Meeting> {
    let zones: Vec<ICalendarComponent> = calendar.timezones().cloned().collect();
    let resolver = calendar.build_tz_resolver().with_default(Tz::Tz(zone.0));
    let mut all: BTreeMap<String, Meeting> = BTreeMap::new();
    let events = || {
        calendar
            .components
            .iter()
            .enumerate()
            .filter(|(_, c)| c.component_type == ICalendarComponentType::VEvent)
    };
    let unnamed = events().filter(|(_, e)| e.uid().is_none()).count();
    if unnamed > 0 {
        remarks.push(say!("calendar.meetings_no_uid_were", unnamed = unnamed).to_string());
    }
    let moment = |entry: &ICalendarEntry, value: &ICalendarValue| {
        value
            .as_partial_date_time()?
            .to_date_time_with_tz(resolver.resolve_or_default(entry.tz_id()))
    };
    let mut exceptions: BTreeSet<&str> = BTreeSet::new();
    for (of, event) in events().filter(|(_, e)| !e.is_recurrence_override()) {
        let Some(uid) = event.uid() else { continue };
        let mut components = zones.clone();
        components.push(event.clone());
        let expanded = ICalendar { components }.expand_dates(Tz::Tz(zone.0), SERIES);
        let series = event.has_property(&ICalendarProperty::Rrule)
            || event.has_property(&ICalendarProperty::Rdate);
        if expanded.events.len() >= SERIES {
            remarks.push(
                say!(
                    "calendar.series_first_meetings_were",
                    ummary = text_of(event, &ICalendarProperty::Summary),
                    series = SERIES
                )
                .to_string(),
            );
        }
        if !expanded.errors.is_empty() {
            remarks.push(
                say!(
                    "calendar.times_could_not_read",
                    ummary = text_of(event, &ICalendarProperty::Summary)
                )
                .to_string(),
            );
        }
        for found in expanded.events {
            let minutes = match &found.end {
                TimeOrDelta::Time(end) => (*end - found.start).num_minutes(),
                TimeOrDelta::Delta(delta) => delta.num_minutes(),
            };
            let reference = if series {
                occurrence(uid, &found.start)
            } else {
                format!("meeting/{uid}")
            };
            let minutes = (minutes > 0 && minutes < 24 * 60).then_some(minutes);
            all.insert(
                reference.clone(),
                Meeting {
                    reference,
                    at: found.start,
                    minutes,
                    off: is_off(event),
                    of,
                },
            );
        }
        for entry in event.properties(&ICalendarProperty::Exdate) {
            for at in entry.values.iter().filter_map(|v| moment(entry, v)) {
                let reference = occurrence(uid, &at);
                all.insert(
                    reference.clone(),
                    Meeting {
                        reference,
                        at,
                        minutes: None,
                        off: true,
                        of,
                    },
                );
            }
        }
    }
    for (of, event) in events().filter(|(_, e)| e.is_recurrence_override()) {
        let (Some(uid), Some(entry)) = (
            event.uid(),
            event.property(&ICalendarProperty::RecurrenceId),
        ) else {
            continue;
        };
        let Some(original) = entry.values.first().and_then(|v| moment(entry, v)) else {
            continue;
        };
        if entry.has_parameter(&ICalendarParameterName::Range) {
            exceptions.insert(uid);
        }
        let mut alone = event.clone();
        alone.entries.retain(|e| {
            !matches!(
                e.name,
                ICalendarProperty::RecurrenceId | ICalendarProperty::Rrule
            )
        });
        let mut components = zones.clone();
        components.push(alone);
        let expanded = ICalendar { components }.expand_dates(Tz::Tz(zone.0), 1);
        let reference = occurrence(uid, &original);
        let (at, minutes) = match expanded.events.first() {
            Some(found) => {
                let minutes = match &found.end {
                    TimeOrDelta::Time(end) => (*end - found.start).num_minutes(),
                    TimeOrDelta::Delta(delta) => delta.num_minutes(),
                };
                (
                    found.start,
                    (minutes > 0 && minutes < 24 * 60).then_some(minutes),
                )
            }
            None => (original, None),
        };
        all.insert(
            reference.clone(),
            Meeting {
                reference,
                at,
                minutes,
                off: is_off(event),
                of,
            },
        );
    }
    for uid in exceptions {
        remarks.push(say!("calendar.series_changed_from_one", uid = uid).to_string());
    }
    all.into_values().collect()
}

/// What an occurrence of a series is known under, however the series is moved.
fn occurrence(uid: &str, at: &DateTime<Tz>) -> String {
    format!("meeting/{uid}/{}", at.to_utc().format("%Y%m%dT%H%M%SZ"))
}

fn is_off(event: &ICalendarComponent) -> bool {
    event.status() == Some(&ICalendarStatus::Cancelled)
}

fn text_of(event: &ICalendarComponent, property: &ICalendarProperty) -> String {
    let text = event
        .property(property)
        .and_then(|e| e.values.first())
        .and_then(|v| v.as_text())
        .unwrap_or("");
    text.chars().take(2_000).collect()
}

/// Who invited, and who took part: addresses, those who declined left out.
fn people(event: &ICalendarComponent) -> (String, String) {
    let address = |e: &ICalendarEntry| {
        let text = e.values.first()?.as_text()?;
        let address = strip_mailto_scheme(text).trim().to_lowercase();
        super::mapping::is_email(&address).then_some(address)
    };
    let declined = |e: &ICalendarEntry| {
        e.parameters(&ICalendarParameterName::Partstat).any(|p| {
            p.as_text()
                .is_some_and(|t| t.eq_ignore_ascii_case("DECLINED"))
        })
    };
    let from = event
        .property(&ICalendarProperty::Organizer)
        .and_then(address)
        .unwrap_or_default();
    let with: Vec<String> = event
        .properties(&ICalendarProperty::Attendee)
        .filter(|e| !declined(e))
        .filter_map(address)
        .collect();
    (from, with.join(";"))
}

/// Gives zones that only their maker knows the name that everybody knows, where it stands at the end of theirs
/// (`/mozilla.org/20070129_1/Europe/Berlin`); tells of those that stay unknown.
fn name_zones(calendar: &mut ICalendar, remarks: &mut Vec<String>) {
    let known: BTreeSet<String> = calendar
        .timezones()
        .filter_map(|z| z.timezone())
        .map(|(name, _)| name.to_owned())
        .collect();
    let mut unknown = BTreeSet::new();
    for entry in calendar
        .components
        .iter_mut()
        .flat_map(|c| c.entries.iter_mut())
    {
        for param in entry
            .params
            .iter_mut()
            .filter(|p| p.name == ICalendarParameterName::Tzid)
        {
            let Some(name) = param.value.as_text().map(str::to_owned) else {
                continue;
            };
            if known.contains(&name) || name.parse::<Tz>().is_ok() {
                continue;
            }
            let parts: Vec<&str> = name.split('/').collect();
            let tail = (1..parts.len())
                .map(|from| parts[from..].join("/"))
                .find(|t| Zone::named(t).is_some());
            match tail {
                Some(tail) => param.value = ICalendarParameterValue::Text(tail),
                None => {
                    unknown.insert(name);
                }
            }
        }
    }
    for name in unknown.into_iter().take(5) {
        remarks.push(say!("calendar.zone_not_known_its", name = name).to_string());
    }
}
