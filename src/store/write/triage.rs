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
            skipped.push((*id, "it has no reason to be in the queue".into()));
            continue;
        }
        b.set(Entity::Customer, *id, "done", Value::Text(reasons))?;
    }
    if let [.., (_, why)] = skipped.as_slice()
        && skipped.len() == customers.len()
    {
        return Err(Error::usage(format!(
            "nothing to be done with {}: {why}",
            names(b, customers)?
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
        return Err(Error::usage("a snooze needs an end")
            .hint("a day, or the event it waits for: nps or ticket"));
    }
    if !matches!(event, "" | "nps" | "ticket") {
        return Err(
            Error::usage(format!("a snooze cannot wait for \"{event}\"")).hint("nps or ticket"),
        );
    }
    if let Some(day) = until.filter(|d| *d <= context.today) {
        return Err(Error::usage(format!("{day} is not after today")));
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
        (None, "nps") => "until an NPS answer".into(),
        _ => "until a ticket".to_owned(),
    };
    Ok(done(
        format!("Snoozed {} {end}", names(b, customers)?),
        customers.len(),
    ))
}
