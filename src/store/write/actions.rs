//! Calls to action: opened once for a customer, kind and reason; put off, closed with what came of it.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use crate::domain::action::{ActionDraft, KINDS, SNOOZE_REASONS};
use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::domain::time::Day;
use crate::error::{Error, Result};
use crate::store::batch::Batch;
use crate::store::search;

use super::{Context, Done, count, customer, done, long, names, owner_word, show, word};

/// Opens the same call at each customer.
pub(super) fn open_action(
    b: &mut Batch<'_>,
    customers: &[Id],
    draft: &ActionDraft,
    context: &Context,
) -> Result<Done> {
    check(draft)?;
    owner_word(&draft.owner)?;
    let mut updated = 0;
    for id in customers {
        let n = customer(b, *id)?;
        let (_, fresh) = put(b, n, draft, "", context)?;
        updated += usize::from(!fresh);
    }
    let verb = if updated == customers.len() {
        "Updated"
    } else {
        "Opened"
    };
    Ok(done(
        format!(
            "{verb} {} \"{}\" at {}",
            draft.kind,
            draft.title.trim(),
            names(b, customers)?
        ),
        customers.len(),
    ))
}

fn check(draft: &ActionDraft) -> Result<()> {
    if !KINDS.contains(&draft.kind.as_str()) {
        return Err(
            Error::usage(say!("actions.there_no_call_action", kind = draft.kind))
                .hint(format!("kinds: {}", KINDS.join(", "))),
        );
    }
    if draft.title.trim().is_empty() {
        return Err(Error::usage(say!("actions.call_action_needs_title")));
    }
    if draft.money.is_some_and(|m| m < 0) {
        return Err(Error::usage(say!("any.what_at_stake_cannot")));
    }
    if draft.severity.is_some_and(|s| !(1..=4).contains(&s)) {
        return Err(Error::usage(say!("any.severity_1_worst")));
    }
    Ok(())
}

/// Opens a call, or updates the open one of the same customer, kind and reason: sooner and worse wins, words only where there
/// are none yet. Gives its id, and whether it is new.
pub(super) fn put(
    b: &mut Batch<'_>,
    customer: i64,
    draft: &ActionDraft,
    cause: &str,
    context: &Context,
) -> Result<(Id, bool)> {
    let title = word(&say!("actions.call_action"), &draft.title, 500)?;
    let reason = word("a reason", &draft.reason, 100)?;
    let severity = draft.severity.map(i64::from);
    // Without a reason nothing tells whether it is the same.
    let open: Option<(Id, Option<i64>, Option<i64>)> = if reason.is_empty() {
        None
    } else {
        b.conn
            .prepare_cached(
                "SELECT id, due, severity FROM action
                 WHERE customer = ? AND kind = ? AND reason = ? AND closed IS NULL AND removed = 0 ORDER BY id LIMIT 1",
            )
            .and_then(|mut s| s.query_row(params![customer, draft.kind, reason], |r| Ok((Id(r.get(0)?), r.get(1)?, r.get(2)?))).optional())?
    };
    b.touched.insert(customer);
    if let Some((id, due, was)) = open {
        let days = |d: Option<Day>| d.map(Day::number);
        let sooner =
            |new: Option<i64>, old: Option<i64>| new.filter(|n| old.is_none_or(|o| *n < o));
        if let Some(due) = sooner(days(draft.due), due) {
            b.set(Entity::Action, id, "due", Value::Integer(due))?;
        }
        if let Some(worse) = sooner(severity, was) {
            b.set(Entity::Action, id, "severity", Value::Integer(worse))?;
        }
        let numbers = [
            ("money", draft.money),
            ("base", draft.base),
            ("value", draft.value),
            ("target", draft.target),
            ("review", days(draft.review)),
        ];
        for (field, number) in numbers {
            if let Some(number) = number {
                b.set(Entity::Action, id, field, Value::Integer(number))?;
            }
        }
        for (field, text) in [
            ("mitigation", &draft.mitigation),
            ("evidence", &draft.evidence),
            ("unit", &draft.unit),
        ] {
            if !text.trim().is_empty() {
                b.set(
                    Entity::Action,
                    id,
                    field,
                    Value::Text(long(text.trim())?.to_owned()),
                )?;
            }
        }
        return Ok((id, false));
    }
    let owner = match draft.owner.trim() {
        "" => owner_of(b, customer)?,
        said => said.to_owned(),
    };
    let review = draft.review.or_else(|| {
        let severity = usize::from(draft.severity.filter(|_| draft.kind == "risk")?);
        Some(context.today.plus(i64::from(
            *context.config.policy.escalation_days.get(severity - 1)?,
        )))
    });
    let (mitigation, evidence) = (long(draft.mitigation.trim())?, long(draft.evidence.trim())?);
    let (unit, today) = (word("a unit", &draft.unit, 20)?, context.today);
    let (_, id) = b.insert(
        Entity::Action,
        &[
            &customer,
            &draft.kind,
            &reason,
            &title,
            &owner,
            &today,
            &draft.due,
            &severity,
            &draft.money,
            &mitigation,
            &review,
            &draft.base,
            &draft.value,
            &draft.target,
            &unit,
            &evidence,
            &cause,
        ],
    )?;
    Ok((id, true))
}

/// Who looks after a customer; where nobody does, whoever writes.
pub(super) fn owner_of(b: &Batch<'_>, customer: i64) -> Result<String> {
    let owner: String = b
        .conn
        .prepare_cached("SELECT owner FROM customer WHERE n = ?")
        .and_then(|mut s| s.query_row([customer], |r| search::text_at_raw(r, 0)))?;
    Ok(if owner.is_empty() {
        b.person.clone()
    } else {
        owner
    })
}

/// The open calls among `actions`: id, customer and title.
fn open_ones(b: &Batch<'_>, actions: &[Id]) -> Result<Vec<(Id, i64, String)>> {
    let mut open = Vec::new();
    for id in actions {
        let found: Option<(i64, String, Option<i64>)> = b
            .conn
            .prepare_cached(
                "SELECT customer, title, closed FROM action WHERE id = ? AND removed = 0
                 AND customer IN (SELECT n FROM customer WHERE removed = 0)",
            )
            .and_then(|mut s| {
                s.query_row([id], |r| {
                    Ok((r.get(0)?, search::text_at_raw(r, 1)?, r.get(2)?))
                })
                .optional()
            })?;
        match found {
            None => return Err(Error::not_found(say!("actions.call_action_gone"))),
            Some((n, title, None)) => open.push((*id, n, title)),
            Some(_) => {}
        }
    }
    Ok(open)
}

pub(super) fn close_actions(
    b: &mut Batch<'_>,
    actions: &[Id],
    outcome: &str,
    context: &Context,
) -> Result<Done> {
    let outcome = long(outcome.trim())?;
    if outcome.is_empty() {
        return Err(Error::usage(say!("actions.closing_call_action_needs"))
            .hint(say!("actions.few_words_what_came")));
    }
    let open = open_ones(b, actions)?;
    for (id, ..) in &open {
        b.set(
            Entity::Action,
            *id,
            "closed",
            Value::Integer(context.today.number()),
        )?;
        b.set(
            Entity::Action,
            *id,
            "outcome",
            Value::Text(outcome.to_owned()),
        )?;
    }
    Ok(done(
        format!("Closed {}: {outcome}", called(&open)),
        open.len(),
    ))
}

pub(super) fn snooze_actions(
    b: &mut Batch<'_>,
    actions: &[Id],
    until: Day,
    reason: &str,
    context: &Context,
) -> Result<Done> {
    if until <= context.today {
        return Err(Error::usage(say!("actions.not_after_today", until = until)));
    }
    if !SNOOZE_REASONS.contains(&reason) {
        return Err(
            Error::usage(say!("actions.not_reason_put_call", reason = reason))
                .hint(format!("reasons: {}", SNOOZE_REASONS.join(", "))),
        );
    }
    let open = open_ones(b, actions)?;
    for (id, ..) in &open {
        b.set(
            Entity::Action,
            *id,
            "snoozed",
            Value::Integer(until.number()),
        )?;
        b.set(
            Entity::Action,
            *id,
            "snooze_reason",
            Value::Text(reason.to_owned()),
        )?;
    }
    Ok(done(
        say!(
            "actions.put_off_until",
            open = called(&open),
            until = show(until)
        ),
        open.len(),
    ))
}

fn called(open: &[(Id, i64, String)]) -> String {
    match open {
        [(_, _, title)] => format!("\"{title}\""),
        many => count(many.len(), &say!("any.call_action"))
            .replace("call to actions", &say!("actions.calls_action")),
    }
}
