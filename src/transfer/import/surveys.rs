//! Taking what was asked and answered beside NPS: invitations, satisfaction, effort, answers to a survey's questions.

use super::activity::{Rest, reference};
use super::desk::{Desk, Intake, Taken, quoted, refuse};
use super::mapping::Place;
use super::reader::Row;
use crate::domain::event::EventKind;
use crate::domain::survey::FRICTION;
use crate::store::load::EventRow;

/// Statuses of an invitation that did not arrive: it counts in no response rate.
const UNDELIVERED: &[&str] = &["bounced", "failed", "undelivered", "rejected", "blocked"];

/// Invitations and answers; `kind` says which.
pub(super) struct Surveys {
    kind: EventKind,
    key: Place,
    customer: Place,
    contact: Place,
    at: Place,
    wave: Place,
    /// What an invitation asks, or the question that is answered.
    about: Place,
    score: Place,
    status: Place,
    text: Place,
    reference: String,
    more: Rest,
    channel: String,
}

impl Surveys {
    pub(super) fn new(desk: &Desk<'_>, kind: EventKind) -> Surveys {
        let place = |code| desk.map.place(code);
        Surveys {
            kind,
            key: place("key"),
            customer: place("customer"),
            contact: place("contact"),
            at: place("at"),
            wave: place("wave"),
            about: place("about"),
            score: place("score"),
            status: place("status"),
            text: place("text"),
            reference: String::new(),
            more: Rest::default(),
            channel: String::new(),
        }
    }

    /// Fills `channel`: what an invitation asks, or the code of the question.
    fn read_about(&mut self, row: Row<'_>) -> Taken<()> {
        self.channel.clear();
        let about = row.get(self.about).trim();
        match self.kind {
            EventKind::Invite => match asks(about) {
                Some(code) => self.channel.push_str(code),
                None => {
                    return refuse(
                        "unknown survey",
                        say!("surveys.survey_not_nps_csat", about = quoted(about)),
                    );
                }
            },
            EventKind::Survey if about.is_empty() => {
                return refuse("empty question", say!("surveys.question_empty"));
            }
            EventKind::Survey => self.channel.push_str(&super::kind::header_code(about)),
            _ => {}
        }
        Ok(())
    }
}

/// What an invitation asks; nothing said is NPS.
fn asks(text: &str) -> Option<&'static str> {
    let code = super::kind::header_code(text);
    Some(match code.as_str() {
        "" | "nps" | "recommend" => "nps",
        "csat" | "satisfaction" => "csat",
        "ces" | "effort" => "ces",
        "friction" | "survey" => "friction",
        _ if FRICTION.contains(&code.as_str()) => "friction",
        _ => return None,
    })
}

impl Intake for Surveys {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let (at, day) = desk.must_moment(row, self.at)?;
        self.read_about(row)?;
        let most = match self.kind {
            EventKind::Csat => 5,
            EventKind::Ces => 7,
            _ => 0,
        };
        let number = if most == 0 {
            None
        } else {
            desk.within(row, self.score, 1, most)?
        };
        if most > 0 && number.is_none() {
            return refuse("empty score", say!("any.score_empty"));
        }
        let text = row.get(self.text);
        if self.kind == EventKind::Survey && text.trim().is_empty() {
            return refuse("empty answer", say!("surveys.answer_empty"));
        }
        let status = row.get(self.status).trim().to_lowercase();
        if UNDELIVERED.contains(&status.as_str()) {
            return refuse(
                "not delivered",
                say!("surveys.invitation_not_delivered", status = quoted(&status)),
            );
        }
        let (customer, n) = desk.customer_of(row, self.customer)?;
        let parts = [
            customer,
            row.get(self.contact),
            row.get(self.at),
            &self.channel,
        ];
        reference(&mut self.reference, desk, row, self.key, &parts)?;
        if let Some(fate) = desk.repeated(&self.reference, row.content())? {
            return Ok(fate);
        }
        let wave = row.get(self.wave).trim();
        self.more.begin();
        self.more.text("wave", row.says(self.wave), wave);
        let event = EventRow {
            contact: desk.contact(row, self.contact)?,
            day: Some(day),
            channel: row.says(self.about).then_some(&self.channel),
            number: row.says(self.score).then_some(number),
            text: row.said(self.text),
            reference: &self.reference,
            more: self.more.end(),
            ..EventRow::new(self.kind, n, at)
        };
        desk.put_event(&event, row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_invitation_asks_is_read_as_files_say_it() {
        assert_eq!(
            ["", "NPS", "Satisfaction", "effort", "Friction", "heard"].map(asks),
            ["nps", "nps", "csat", "ces", "friction", "friction"].map(Some)
        );
        assert_eq!(asks("weather"), None);
    }
}
