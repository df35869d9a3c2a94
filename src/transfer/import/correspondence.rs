//! Taking meetings and mails: a touchpoint at each customer of whom somebody took part, found by the addresses.

use super::desk::{Desk, Fate, Intake, Taken};
use super::mapping::Place;
use super::reader::Row;
use super::spool::OFF;
use crate::domain::event::EventKind;
use crate::error::Result;
use crate::store::load::EventRow;

/// Most people of one meeting or mail who are looked for.
const PEOPLE: usize = 200;

/// Meetings and mails.
pub(super) struct Correspondence {
    reference: Place,
    at: Place,
    minutes: Place,
    channel: Place,
    status: Place,
    from: Place,
    with: Place,
    text: Place,
    key: String,
}

/// A customer of whom somebody took part.
struct Side {
    customer: i64,
    contact: Option<i64>,
    /// It was somebody of theirs who wrote or invited.
    inbound: bool,
}

impl Correspondence {
    pub(super) fn new(desk: &Desk<'_>) -> Correspondence {
        let place = |code| desk.map.place(code);
        Correspondence {
            reference: place("reference"),
            at: place("at"),
            minutes: place("minutes"),
            channel: place("channel"),
            status: place("status"),
            from: place("from"),
            with: place("with"),
            text: place("text"),
            key: String::new(),
        }
    }

    /// The customers of the people of a row, each once; whoever wrote comes first.
    fn sides(&self, desk: &mut Desk<'_>, row: Row<'_>) -> Result<Vec<Side>> {
        let mut sides: Vec<Side> = Vec::new();
        let from = row.get(self.from);
        let all = std::iter::once(from)
            .chain(row.get(self.with).split(';'))
            .take(PEOPLE);
        for (at, address) in all.enumerate().filter(|(_, a)| !a.is_empty()) {
            let (customer, contact) = match desk.loader.contact_by_email(address)? {
                Some((contact, customer)) => (customer, Some(contact)),
                None => match desk
                    .loader
                    .customer_by_domain(address.rsplit('@').next().unwrap_or(""))?
                {
                    Some(customer) => (customer, None),
                    None => continue,
                },
            };
            match sides.iter_mut().find(|s| s.customer == customer) {
                Some(side) => side.contact = side.contact.or(contact),
                None => sides.push(Side {
                    customer,
                    contact,
                    inbound: at == 0,
                }),
            }
        }
        Ok(sides)
    }
}

impl Intake for Correspondence {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let (at, day) = desk.must_moment(row, self.at)?;
        let minutes = desk.within(row, self.minutes, 0, 100_000)?;
        let reference = row.get(self.reference);
        if let Some(fate) = desk.repeated(reference, row.content())? {
            return Ok(fate);
        }
        let off = row.get(self.status) == OFF;
        let sides = self.sides(desk, row)?;
        if sides.is_empty() {
            desk.file
                .note(&say!("correspondence.nobody_customer_took_part"));
        }
        let mut fate = Fate::Passed;
        for side in sides {
            self.key.clear();
            let id = desk.loader.customer_id(side.customer)?;
            self.key.push_str(reference);
            self.key.push('/');
            self.key.push_str(&id.to_string());
            if off {
                if let Some(outcome) = desk.loader.remove_event(EventKind::Touch, &self.key)? {
                    fate = fate.and(outcome.into());
                    desk.note_conflicts(row.line, row.get(self.text));
                    if fate != Fate::Changed {
                        continue;
                    }
                    desk.file.note(&say!("correspondence.cancelled_or_put_off"));
                }
                continue;
            }
            let event = EventRow {
                contact: Some(side.contact),
                day: Some(day),
                channel: row.said(self.channel),
                direction: Some(if side.inbound { "in" } else { "out" }),
                number: row.says(self.minutes).then_some(minutes),
                text: row.said(self.text),
                reference: &self.key,
                ..EventRow::new(EventKind::Touch, side.customer, at)
            };
            let put = Fate::from(desk.loader.put_event(&event)?);
            desk.note_conflicts(row.line, row.get(self.text));
            fate = if fate == Fate::Passed {
                put
            } else {
                fate.and(put)
            };
        }
        if off && fate == Fate::Passed {
            desk.file
                .note(&say!("correspondence.meeting_cancelled_or_still"));
        }
        desk.remember(reference, row.content(), row.line);
        Ok(fate)
    }
}
