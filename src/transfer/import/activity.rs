//! Taking touchpoints, answers, tickets and usage.

use std::fmt::Write;

use super::desk::{Desk, Fate, Intake, Taken, quoted, refuse};
use super::mapping::Place;
use super::reader::Row;
use crate::domain::event::EventKind;
use crate::domain::time::Day;
use crate::domain::touchpoint;
use crate::store::load::{EventRow, More, TicketRow};

/// Touchpoints.
pub(super) struct Touches {
    key: Place,
    customer: Place,
    contact: Place,
    at: Place,
    channel: Place,
    direction: Place,
    minutes: Place,
    mood: Place,
    text: Place,
    reference: String,
    more: Rest,
    /// Channel names of the file and their codes; few, so a list is fastest.
    channels: Vec<(String, Option<&'static str>)>,
}

impl Touches {
    pub(super) fn new(desk: &Desk<'_>) -> Touches {
        let place = |code| desk.map.place(code);
        Touches {
            key: place("key"),
            customer: place("customer"),
            contact: place("contact"),
            at: place("at"),
            channel: place("channel"),
            direction: place("direction"),
            minutes: place("minutes"),
            mood: place("mood"),
            text: place("text"),
            reference: String::new(),
            more: Rest::default(),
            channels: Vec::new(),
        }
    }

    fn channel(&mut self, name: &str) -> Option<&'static str> {
        if let Some((_, code)) = self.channels.iter().find(|(n, _)| n == name) {
            return *code;
        }
        let code = touchpoint::channel(name).map(|c| c.code);
        if self.channels.len() < 64 {
            self.channels.push((name.to_owned(), code));
        }
        code
    }
}

/// `in`, `out` or nothing for the ways in which files say it.
fn direction(text: &str) -> Option<&'static str> {
    let is = |words: &[&str]| words.iter().any(|w| w.eq_ignore_ascii_case(text));
    if is(&["in", "inbound", "incoming", "received", "i"]) {
        Some("in")
    } else if is(&["out", "outbound", "outgoing", "sent", "o"]) {
        Some("out")
    } else if text.is_empty() {
        Some("")
    } else {
        None
    }
}

impl Intake for Touches {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let (at, day) = desk.must_moment(row, self.at)?;
        let name = row.get(self.channel);
        let (customer, number) = desk.customer_of(row, self.customer)?;
        let minutes = desk.within(row, self.minutes, 0, 100_000)?;
        let mood = desk.within(row, self.mood, 1, 5)?;
        let Some(direction) = direction(row.get(self.direction)) else {
            return refuse(
                "unknown direction",
                say!(
                    "activity.direction_neither_nor_out",
                    direction = quoted(row.get(self.direction))
                ),
            );
        };
        if name.is_empty() {
            return refuse("empty channel", say!("activity.row_names_no_channel"));
        }
        reference(
            &mut self.reference,
            desk,
            row,
            self.key,
            &[customer, row.get(self.at), name],
        )?;
        if let Some(fate) = desk.repeated(&self.reference, row.content())? {
            return Ok(fate);
        }
        let channel = self.channel(name);
        self.more.begin();
        self.more.add(
            "mood",
            row.says(self.mood),
            mood.as_ref().map(|m| m as &dyn std::fmt::Display),
        );
        self.more
            .text("channel", true, if channel.is_none() { name } else { "" });
        if channel.is_none() {
            desk.file.note(&say!("activity.channel_not_known_one"));
        }
        let event = EventRow {
            contact: desk.contact(row, self.contact)?,
            day: Some(day),
            channel: Some(channel.unwrap_or("other")),
            direction: row.says(self.direction).then_some(direction),
            number: row.says(self.minutes).then_some(minutes),
            text: row.said(self.text),
            reference: &self.reference,
            more: self.more.end(),
            ..EventRow::new(EventKind::Touch, number, at)
        };
        desk.put_event(&event, row)
    }
}

/// Answers to "would you recommend us".
pub(super) struct Answers {
    key: Place,
    customer: Place,
    contact: Place,
    at: Place,
    score: Place,
    text: Place,
    wave: Place,
    reference: String,
    more: Rest,
}

impl Answers {
    pub(super) fn new(desk: &Desk<'_>) -> Answers {
        let place = |code| desk.map.place(code);
        Answers {
            key: place("key"),
            customer: place("customer"),
            contact: place("contact"),
            at: place("at"),
            score: place("score"),
            text: place("text"),
            wave: place("wave"),
            reference: String::new(),
            more: Rest::default(),
        }
    }
}

impl Intake for Answers {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let (at, day) = desk.must_moment(row, self.at)?;
        let score = match super::values::whole(row.get(self.score), None) {
            Ok(score) if (0..=10).contains(&score) => score,
            Ok(score) => {
                return refuse(
                    "score out of range",
                    say!("activity.score_not_0_10", score = score),
                );
            }
            Err(_) if row.get(self.score).is_empty() => {
                return refuse("empty score", say!("any.score_empty"));
            }
            Err(_) => {
                return refuse(
                    "score is not a number",
                    say!(
                        "activity.score_not_whole_number",
                        score = quoted(row.get(self.score))
                    ),
                );
            }
        };
        let (customer, number) = desk.customer_of(row, self.customer)?;
        reference(
            &mut self.reference,
            desk,
            row,
            self.key,
            &[customer, row.get(self.contact), row.get(self.at)],
        )?;
        if let Some(fate) = desk.repeated(&self.reference, row.content())? {
            return Ok(fate);
        }
        let contact = desk.contact(row, self.contact)?;
        self.more.begin();
        let wave = row.get(self.wave).trim();
        self.more.text("wave", row.says(self.wave), wave);
        let event = EventRow {
            contact,
            day: Some(day),
            number: Some(Some(score)),
            text: row.said(self.text),
            reference: &self.reference,
            more: self.more.end(),
            ..EventRow::new(EventKind::Nps, number, at)
        };
        desk.put_event(&event, row)
    }
}

/// Weekly usage. Its key is the customer and the period.
pub(super) struct Weeks {
    customer: Place,
    on: Place,
    active: Place,
    sessions: Place,
    actions: Place,
    seats: Place,
    reference: String,
    more: Rest,
}

impl Weeks {
    pub(super) fn new(desk: &Desk<'_>) -> Weeks {
        let place = |code| desk.map.place(code);
        Weeks {
            customer: place("customer"),
            on: place("on"),
            active: place("active"),
            sessions: place("sessions"),
            actions: place("actions"),
            seats: place("seats"),
            reference: String::new(),
            more: Rest::default(),
        }
    }
}

impl Intake for Weeks {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let day = desk.must_date(row, self.on)?;
        let (customer, number) = desk.customer_of(row, self.customer)?;
        let Some(actions) = desk.within(row, self.actions, 0, i64::MAX)? else {
            return refuse(
                "empty number",
                format!("{} is empty", desk.map.header(self.actions)),
            );
        };
        self.more.begin();
        for (name, place) in [
            ("active", self.active),
            ("sessions", self.sessions),
            ("seats", self.seats),
        ] {
            let n = desk.within(row, place, 0, i64::MAX)?;
            self.more.add(
                name,
                row.says(place),
                n.as_ref().map(|n| n as &dyn std::fmt::Display),
            );
        }
        self.reference.clear();
        let _ = write!(self.reference, "{customer}/{day}");
        if let Some(fate) = desk.repeated(&self.reference, row.content())? {
            return Ok(fate);
        }
        let event = EventRow {
            day: Some(day),
            number: Some(Some(actions)),
            reference: &self.reference,
            more: self.more.end(),
            ..EventRow::new(EventKind::Usage, number, desk.midnight(day))
        };
        desk.put_event(&event, row)
    }
}

/// Tickets.
pub(super) struct Tickets {
    key: Place,
    customer: Place,
    opened: Place,
    closed: Place,
    severity: Place,
    subject: Place,
    csat: Place,
}

impl Tickets {
    pub(super) fn new(desk: &Desk<'_>) -> Tickets {
        let place = |code| desk.map.place(code);
        Tickets {
            key: place("key"),
            customer: place("customer"),
            opened: place("opened"),
            closed: place("closed"),
            severity: place("severity"),
            subject: place("subject"),
            csat: place("csat"),
        }
    }
}

/// Severity 1 to 4 from a number, `P1`, `sev2` or a word; 3 where the file says nothing.
fn severity(text: &str) -> Option<u8> {
    let word = text.to_ascii_lowercase();
    let digits = word
        .trim_start_matches("severity")
        .trim_start_matches("sev")
        .trim_start_matches(['p', 's', '-', ' ']);
    match digits {
        "1" => return Some(1),
        "2" => return Some(2),
        "3" => return Some(3),
        "4" => return Some(4),
        _ => {}
    }
    match word.as_str() {
        "critical" | "urgent" | "blocker" => Some(1),
        "high" | "major" => Some(2),
        "" | "normal" | "medium" => Some(3),
        "low" | "minor" | "trivial" => Some(4),
        _ => None,
    }
}

impl Intake for Tickets {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let key = row.get(self.key);
        if key.is_empty() {
            return refuse(
                "empty key",
                format!("{} is empty", desk.map.header(self.key)),
            );
        }
        let (opened, _) = desk.must_moment(row, self.opened)?;
        let closed = desk.end(row, self.closed)?.map(|(at, _)| at);
        let stands = if row.says(self.closed) {
            closed
        } else {
            desk.loader.ticket_closed(key)?
        };
        if stands.is_some_and(|c| c < opened) {
            return refuse("end before start", say!("activity.closed_before_opened"));
        }
        let Some(severity) = severity(row.get(self.severity)) else {
            return refuse(
                "unknown severity",
                say!(
                    "activity.severity_not_1_4",
                    severity = quoted(row.get(self.severity))
                ),
            );
        };
        let csat = desk
            .within(row, self.csat, 1, 5)?
            .and_then(|n| u8::try_from(n).ok());
        let customer = desk.customer_of(row, self.customer)?.1;
        if let Some(fate) = desk.repeated(key, row.content())? {
            return Ok(fate);
        }
        let ticket = TicketRow {
            external: key,
            customer,
            subject: row.said(self.subject),
            severity: row.says(self.severity).then_some(severity),
            opened,
            closed: row.says(self.closed).then_some(closed),
            csat: row.says(self.csat).then_some(csat),
        };
        desk.note_updated(row);
        let fate = Fate::from(desk.loader.put_ticket(&ticket)?);
        desk.note_conflicts(row.line, row.get(self.subject));
        desk.remember(key, row.content(), row.line);
        Ok(fate)
    }
}

/// Fills `out` with the row's key: its own, or its other parts where the file has no keys. An empty key is a refusal.
pub(super) fn reference(
    out: &mut String,
    desk: &Desk<'_>,
    row: Row<'_>,
    key: Place,
    parts: &[&str],
) -> Taken<()> {
    out.clear();
    if key.there() {
        out.push_str(row.get(key));
        if out.is_empty() {
            return refuse("empty key", format!("{} is empty", desk.map.header(key)));
        }
        return Ok(());
    }
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            out.push('/');
        }
        out.push_str(part);
    }
    Ok(())
}

/// The rest of an event being written, member by member.
#[derive(Default)]
pub(super) struct Rest {
    says: String,
    has: Vec<&'static str>,
}

impl Rest {
    /// Begins that of the next row.
    pub(super) fn begin(&mut self) {
        self.says.clear();
        self.has.clear();
    }

    /// Adds a member, with its JSON where it says something. `said`: the row has a cell for it; without one it is only for a new event.
    pub(super) fn add(
        &mut self,
        name: &'static str,
        said: bool,
        value: Option<&dyn std::fmt::Display>,
    ) {
        if said {
            self.has.push(name);
        }
        if let Some(value) = value {
            let _ = write!(
                self.says,
                "{}\"{name}\":{value}",
                if self.says.is_empty() { '{' } else { ',' }
            );
        }
    }

    /// Adds a text; an empty one says that there is none.
    pub(super) fn text(&mut self, name: &'static str, said: bool, text: &str) {
        let json = json(text);
        self.add(name, said, (!text.is_empty()).then_some(&json));
    }

    /// Adds a day.
    pub(super) fn day(&mut self, name: &'static str, said: bool, day: Option<Day>) {
        let json = day.map(|day| format!("\"{day}\""));
        self.add(
            name,
            said,
            json.as_ref().map(|day| day as &dyn std::fmt::Display),
        );
    }

    /// Ends it.
    pub(super) fn end(&mut self) -> More<'_> {
        if !self.says.is_empty() {
            self.says.push('}');
        }
        More {
            says: &self.says,
            has: &self.has,
        }
    }
}

/// A text as JSON.
pub(super) fn json(text: &str) -> serde_json::Value {
    serde_json::Value::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_and_severities_are_read_as_files_say_them() {
        assert_eq!(direction("Inbound"), Some("in"));
        assert_eq!(direction("OUT"), Some("out"));
        assert_eq!(direction(""), Some(""));
        assert_eq!(direction("sideways"), None);
        for (text, n) in [
            ("1", 1),
            ("P2", 2),
            ("sev-3", 3),
            ("Severity 4", 4),
            ("urgent", 1),
            ("", 3),
        ] {
            assert_eq!(severity(text), Some(n), "{text}");
        }
        assert_eq!(severity("5"), None);
        assert_eq!(severity("12"), None);
    }

    #[test]
    fn the_rest_of_an_event_is_written_member_by_member() {
        let mut rest = Rest::default();
        assert_eq!(rest.end().says, "");
        rest.begin();
        rest.add("active", true, Some(&2));
        rest.text("word", false, "a \"b\"");
        rest.text("none", true, "");
        rest.day("day", true, Some(Day::MIN));
        let more = rest.end();
        assert_eq!(
            (more.says, more.has),
            (
                r#"{"active":2,"word":"a \"b\"","day":"1970-01-01"}"#,
                &["active", "none", "day"][..]
            )
        );
    }
}
