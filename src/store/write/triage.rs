//! What triage does with an account: done with its reasons, snoozed.

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::domain::priority;
use crate::domain::time::Day;
use crate::error::{Error, Result};
use crate::store::batch::Batch;
use crate::store::rated::Rated;
use crate::store::{ids, signal};

use super::{Context, Done, customer, done, long, names, show};

/// The reasons for which a customer is in the queue now, as text.
pub(super) fn reasons(conn: &Connection, id: Id, context: &Context) -> Result<String> {
    let Some(n) = ids::number_of(conn, "customer", id)? else {
        return Ok(String::new());
    };
    let signals = signal::current(conn, n, &context.config, context.today)?;
    let health = Rated::of(conn, n, &context.config)?.score(signals, context.today);
    let mut keys: Vec<priority::Key> =
        priority::reasons(&signals, health, &context.config, context.today)
            .iter()
            .map(|w| w.key)
            .collect();
    keys.sort_unstable();
    Ok(priority::keys_to_text(&keys))
}

pub(super) fn triage_done(
    b: &mut Batch<'_>,
    customers: &[Id],
    shown: Option<&[String]>,
    context: &Context,
) -> Result<Done> {
    let mut skipped = Vec::new();
    for (at, id) in customers.iter().enumerate() {
        customer(b, *id)?;
        let reasons = match shown {
            Some(shown) => shown.get(at).cloned().unwrap_or_default(),
            None => reasons(b.conn, *id, context)?,
        };
        if reasons.is_empty() {
            skipped.push((*id, say!("triage.no_reason_queue").to_string()));
            continue;
        }
        b.set(Entity::Customer, *id, "done", Value::Text(reasons))?;
    }
    if let [.., (_, why)] = skipped.as_slice()
        && skipped.len() == customers.len()
    {
        return Err(Error::usage(say!(
            "triage.nothing_done_with",
            customers = names(b, customers)?,
            why = why
        )));
    }
    Ok(Done {
        label: format!("Done with {}", names(b, customers)?),
        changed: customers.len() - skipped.len(),
        skipped,
    })
}

pub(super) fn snooze(
    b: &mut Batch<'_>,
    customers: &[Id],
    until: Option<Day>,
    event: &str,
    reason: &str,
    context: &Context,
) -> Result<Done> {
    if until.is_none() && event.is_empty() {
        return Err(
            Error::usage(say!("triage.snooze_needs_end")).hint(say!("triage.day_or_event_waits"))
        );
    }
    if !matches!(event, "" | "nps" | "ticket") {
        return Err(
            Error::usage(say!("triage.snooze_cannot_wait_for", event = event))
                .hint(say!("triage.nps_or_ticket")),
        );
    }
    if let Some(day) = until.filter(|d| *d <= context.today) {
        return Err(Error::usage(say!("triage.not_after_today", day = day)));
    }
    for id in customers {
        customer(b, *id)?;
        b.set(
            Entity::Customer,
            *id,
            "snoozed",
            until.map_or(Value::Null, |d| Value::Integer(d.number())),
        )?;
        b.set(
            Entity::Customer,
            *id,
            "snooze_event",
            Value::Text(event.to_owned()),
        )?;
        b.set(
            Entity::Customer,
            *id,
            "snooze_reason",
            Value::Text(long(reason.trim())?.to_owned()),
        )?;
    }
    let end = match (until, event) {
        (Some(day), _) => format!("until {}", show(day)),
        (None, "nps") => say!("triage.until_nps_answer").into(),
        _ => "until a ticket".to_owned(),
    };
    Ok(done(
        format!("Snoozed {} {end}", names(b, customers)?),
        customers.len(),
    ))
}
