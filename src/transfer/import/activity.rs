//! Taking touchpoints, answers, tickets and usage.

use std::fmt::Write;

use super::desk::{Desk, Fate, Intake, Taken, quoted, refuse};
use super::mapping::Place;
use super::reader::Row;
use crate::domain::event::EventKind;
use crate::domain::touchpoint;
use crate::store::load::{EventRow, TicketRow};

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
    more: String,
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
            more: String::new(),
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
            return refuse("unknown direction", format!("direction {} is neither in nor out", quoted(row.get(self.direction))));
        };
        if name.is_empty() {
            return refuse("empty channel", "the row names no channel");
        }
        reference(&mut self.reference, desk, row, self.key, &[customer, row.get(self.at), name])?;
        if let Some(fate) = desk.repeated(&self.reference, row.content())? {
            return Ok(fate);
        }
        let channel = self.channel(name);
        self.more.clear();
        if let Some(mood) = mood {
            add(&mut self.more, "mood", &mood);
        }
        if channel.is_none() {
            add(&mut self.more, "channel", &json(name));
            desk.file.note("the channel is not a known one; kept as \"other\", with the file's word");
        }
        close(&mut self.more);
        let contact = desk.contact(row.get(self.contact))?;
        let event = EventRow {
            kind: EventKind::Touch,
            customer: number,
            contact,
            at,
            day: Some(day),
            channel: channel.unwrap_or("other"),
            direction,
            number: minutes,
            text: row.get(self.text),
            reference: &self.reference,
            more: &self.more,
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
    more: String,
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
            more: String::new(),
        }
    }
}

impl Intake for Answers {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let (at, day) = desk.must_moment(row, self.at)?;
        let score = match super::values::whole(row.get(self.score), None) {
            Ok(score) if (0..=10).contains(&score) => score,
            Ok(score) => return refuse("score out of range", format!("score {score} is not 0 to 10")),
            Err(_) if row.get(self.score).is_empty() => return refuse("empty score", "the score is empty"),
            Err(_) => {
                return refuse("score is not a number", format!("score {} is not a whole number 0 to 10", quoted(row.get(self.score))));
            }
        };
        let (customer, number) = desk.customer_of(row, self.customer)?;
        reference(&mut self.reference, desk, row, self.key, &[customer, row.get(self.contact), row.get(self.at)])?;
        if let Some(fate) = desk.repeated(&self.reference, row.content())? {
            return Ok(fate);
        }
        let contact = desk.contact(row.get(self.contact))?;
        self.more.clear();
        let wave = row.get(self.wave).trim();
        if !wave.is_empty() {
            add(&mut self.more, "wave", &json(wave));
        }
        close(&mut self.more);
        let event = EventRow {
            kind: EventKind::Nps,
            customer: number,
            contact,
            at,
            day: Some(day),
            channel: "",
            direction: "",
            number: Some(score),
            text: row.get(self.text),
            reference: &self.reference,
            more: &self.more,
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
    more: String,
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
            more: String::new(),
        }
    }
}

impl Intake for Weeks {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let day = desk.must_date(row, self.on)?;
        let (customer, number) = desk.customer_of(row, self.customer)?;
        let Some(actions) = desk.within(row, self.actions, 0, i64::MAX)? else {
            return refuse("empty number", format!("{} is empty", desk.map.header(self.actions)));
        };
        self.more.clear();
        for (name, place) in [("active", self.active), ("sessions", self.sessions), ("seats", self.seats)] {
            if let Some(n) = desk.within(row, place, 0, i64::MAX)? {
                add(&mut self.more, name, &n);
            }
        }
        close(&mut self.more);
        self.reference.clear();
        let _ = write!(self.reference, "{customer}/{day}");
        if let Some(fate) = desk.repeated(&self.reference, row.content())? {
            return Ok(fate);
        }
        let event = EventRow {
            kind: EventKind::Usage,
            customer: number,
            contact: None,
            at: desk.midnight(day),
            day: Some(day),
            channel: "",
            direction: "",
            number: Some(actions),
            text: "",
            reference: &self.reference,
            more: &self.more,
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
    let digits = word.trim_start_matches("severity").trim_start_matches("sev").trim_start_matches(['p', 's', '-', ' ']);
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
            return refuse("empty key", format!("{} is empty", desk.map.header(self.key)));
        }
        let (opened, _) = desk.must_moment(row, self.opened)?;
        let closed = desk.moment(row, self.closed)?.map(|(at, _)| at);
        if closed.is_some_and(|c| c < opened) {
            return refuse("end before start", "it was closed before it was opened");
        }
        let Some(severity) = severity(row.get(self.severity)) else {
            return refuse("unknown severity", format!("severity {} is not 1 to 4", quoted(row.get(self.severity))));
        };
        let csat = desk.within(row, self.csat, 1, 5)?.and_then(|n| u8::try_from(n).ok());
        let customer = desk.customer_of(row, self.customer)?.1;
        if let Some(fate) = desk.repeated(key, row.content())? {
            return Ok(fate);
        }
        let ticket = TicketRow { external: key, customer, subject: row.get(self.subject), severity, opened, closed, csat };
        desk.note_updated(row);
        let fate = Fate::from(desk.loader.put_ticket(&ticket)?);
        desk.note_conflicts(row.line, row.get(self.subject));
        desk.remember(key, row.content(), row.line);
        Ok(fate)
    }
}

/// Fills `out` with the row's key: its own, or its other parts where the file has no keys. An empty key is a refusal.
pub(super) fn reference(out: &mut String, desk: &Desk<'_>, row: Row<'_>, key: Place, parts: &[&str]) -> Taken<()> {
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

/// Adds a member to a JSON object being written; `value` is JSON already.
pub(super) fn add(out: &mut String, name: &str, value: &dyn std::fmt::Display) {
    let _ = write!(out, "{}\"{name}\":{value}", if out.is_empty() { '{' } else { ',' });
}

/// Ends a JSON object; without members it stays empty.
pub(super) fn close(out: &mut String) {
    if !out.is_empty() {
        out.push('}');
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
        for (text, n) in [("1", 1), ("P2", 2), ("sev-3", 3), ("Severity 4", 4), ("urgent", 1), ("", 3)] {
            assert_eq!(severity(text), Some(n), "{text}");
        }
        assert_eq!(severity("5"), None);
        assert_eq!(severity("12"), None);
    }

    #[test]
    fn an_object_is_written_piece_by_piece() {
        let mut more = String::new();
        close(&mut more);
        assert_eq!(more, "");
        add(&mut more, "active", &2);
        add(&mut more, "word", &json("a \"b\""));
        close(&mut more);
        assert_eq!(more, r#"{"active":2,"word":"a \"b\""}"#);
    }
}
