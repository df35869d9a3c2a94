//! Tickets opened and closed by hand, where no help desk sends them.

use rusqlite::types::Value;

use crate::domain::command::{Entity, NewTicket};
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::batch::{self, Batch};

use super::{Done, EventDraft, count, customer, done, event, names, wake, word};

pub(super) fn open(b: &mut Batch<'_>, id: Id, new: &NewTicket) -> Result<Done> {
    let subject = word("a subject", &new.subject, 500)?;
    if subject.is_empty() {
        return Err(Error::usage(say!("tickets.ticket_needs_subject")));
    }
    if !(1..=4).contains(&new.severity) {
        return Err(Error::usage(say!("any.severity_1_worst")));
    }
    let n = customer(b, id)?;
    let opened = new.opened.unwrap_or(b.now);
    let severity = i64::from(new.severity);
    let external = word("a key", &new.external, 200)?;
    b.insert(
        Entity::Ticket,
        &[
            &n,
            &external,
            &subject,
            &severity,
            &opened,
            &None::<Stamp>,
            &None::<i64>,
        ],
    )?;
    step(b, n, "opened", opened, external, severity, subject)?;
    wake(b, id, "ticket")?;
    Ok(done(
        say!(
            "tickets.opened_ticket_for",
            subject = subject,
            id = names(b, &[id])?
        ),
        1,
    ))
}

pub(super) fn close(
    b: &mut Batch<'_>,
    tickets: &[Id],
    at: Option<Stamp>,
    csat: Option<u8>,
) -> Result<Done> {
    if csat.is_some_and(|score| !(1..=5).contains(&score)) {
        return Err(Error::usage(say!("tickets.satisfaction_1_5")));
    }
    let at = at.unwrap_or(b.now);
    for id in tickets {
        let table = batch::table(Entity::Ticket);
        let gone = || Error::not_found(say!("tickets.ticket_gone"));
        let closed = batch::current(b.conn, table, *id, "closed")?.ok_or_else(gone)?;
        if closed.value != Value::Null {
            return Err(Error::usage(say!("tickets.ticket_closed_already")));
        }
        b.set(Entity::Ticket, *id, "closed", Value::Integer(at.0))?;
        if let Some(score) = csat {
            b.set(
                Entity::Ticket,
                *id,
                "csat",
                Value::Integer(i64::from(score)),
            )?;
        }
        let query = "SELECT customer, external, severity, subject FROM ticket WHERE id = ?";
        let text = crate::store::search::text_at_raw;
        let (n, external, severity, subject) = b.conn.prepare_cached(query).and_then(|mut s| {
            s.query_row([id], |r| {
                Ok((
                    r.get::<_, i64>(0)?,
                    text(r, 1)?,
                    r.get::<_, i64>(2)?,
                    text(r, 3)?,
                ))
            })
        })?;
        step(b, n, "closed", at, &external, severity, &subject)?;
    }
    Ok(done(
        format!("Closed {}", count(tickets.len(), "ticket")),
        tickets.len(),
    ))
}

/// A step of a ticket on the timeline, as an import writes it.
fn step(
    b: &mut Batch<'_>,
    customer: i64,
    step: &str,
    at: Stamp,
    external: &str,
    severity: i64,
    subject: &str,
) -> Result<()> {
    let reference = if external.is_empty() {
        String::new()
    } else {
        format!("{external}:{step}")
    };
    let draft = EventDraft {
        at,
        channel: step,
        number: Some(severity),
        text: subject,
        reference: &reference,
        ..EventDraft::new(EventKind::Ticket, customer)
    };
    event(b, &draft).map(|_| ())
}
