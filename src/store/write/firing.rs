//! What a rule does when it fires, and taking one firing back; and mentions, which ask a person of ours to look.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use crate::domain::command::Entity;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::rule::{Alert, Rule};
use crate::domain::task::TaskDraft;
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::batch::Batch;
use crate::store::{search, signal};

use super::work::add_task;
use super::{Context, Done, EventDraft, actions, done, event, plays};

/// Lets a rule fire for a customer: its call to action, its playbook, its alert, and the event that says why.
pub fn fire(
    b: &mut Batch<'_>,
    rule: &Rule,
    customer: i64,
    context: &Context,
    at: Stamp,
) -> Result<()> {
    let mut more = serde_json::Map::new();
    let mut reference = String::new();
    if let Some(call) = &rule.action {
        let (id, fresh) = actions::put(
            b,
            customer,
            &call.draft(rule, context.today),
            &rule.code,
            context,
        )?;
        reference = id.to_string();
        // One that was open already is not the rule's to take back.
        if fresh {
            more.insert("action".into(), id.to_string().into());
        }
    }
    if let Some(playbook) = context
        .config
        .playbooks
        .find(&rule.playbook)
        .filter(|_| !rule.playbook.is_empty())
    {
        let signals = signal::current(b.conn, customer, &context.config, context.today)?;
        if let Some(play) = plays::put(b, customer, playbook, &signals, context.today, &rule.code)?
        {
            more.insert("play".into(), play.to_string().into());
            if reference.is_empty() {
                reference = play.to_string();
            }
        }
    }
    if rule.alert != Alert::None {
        more.insert("alert".into(), rule.alert.code().into());
    }
    let text = format!("{} ({})", rule.label, rule.when);
    let more = serde_json::Value::Object(more).to_string();
    let draft = EventDraft {
        at,
        channel: &rule.code,
        text: &text,
        reference: &reference,
        more,
        ..EventDraft::new(EventKind::Rule, customer)
    };
    event(b, &draft)?;
    b.touched.insert(customer);
    Ok(())
}

/// Takes back what a firing did: the call it opened, the playbook it started with its open tasks, and the alert.
pub(super) fn take_back(b: &mut Batch<'_>, fired: Id) -> Result<Done> {
    let found: Option<(i64, String, String)> = b
        .conn
        .prepare_cached(
            "SELECT customer, text, more FROM event WHERE id = ? AND kind = ? AND removed = 0
             AND customer IN (SELECT n FROM customer WHERE removed = 0)",
        )
        .and_then(|mut s| {
            s.query_row(params![fired, EventKind::Rule as i64], |r| {
                Ok((
                    r.get(0)?,
                    search::text_at_raw(r, 1)?,
                    search::text_at_raw(r, 2)?,
                ))
            })
            .optional()
        })?;
    let Some((customer, text, more)) = found else {
        return Err(Error::not_found(say!("firing.no_rule_fired_there"))
            .hint(say!("firing.retain_rule_log_lists")));
    };
    let more = crate::store::batch::attributes(&more);
    let made = |key: &str| {
        more.get(key)
            .and_then(|v| v.as_str())
            .and_then(|id| id.parse::<Id>().ok())
    };
    b.set(Entity::Event, fired, "removed", Value::Integer(1))?;
    if let Some(action) = made("action") {
        b.set(Entity::Action, action, "removed", Value::Integer(1))?;
    }
    if let Some(play) = made("play") {
        plays::drop_open_tasks(b, play)?;
        b.set(Entity::Play, play, "removed", Value::Integer(1))?;
    }
    b.touched.insert(customer);
    Ok(done(say!("firing.took_back_rule", text = text), 1))
}

/// Asks those of our people whom a note mentions (`@bo`) to look at the customer: a task of the kind `mention` each.
pub(super) fn mention(
    b: &mut Batch<'_>,
    customer: i64,
    text: &str,
    context: &Context,
) -> Result<()> {
    let words: BTreeSet<&str> = text
        .split_whitespace()
        .filter_map(|w| w.strip_prefix('@'))
        .map(|w| w.trim_end_matches(|c: char| !c.is_alphanumeric()))
        .filter(|w| !w.is_empty() && *w != b.person)
        .collect();
    if words.is_empty() {
        return Ok(());
    }
    for word in words {
        let known: bool = b
            .conn
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM customer WHERE owner = ?1 AND removed = 0) OR EXISTS (SELECT 1 FROM batch WHERE person = ?1)",
            )
            .and_then(|mut s| s.query_row([word], |r| r.get(0)))?;
        if known {
            let first: String = text
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(200)
                .collect();
            let title = format!("{} mentions you: {first}", b.person);
            let draft = TaskDraft {
                title,
                due: Some(context.today),
                owner: word.to_owned(),
                priority: 2,
                kind: "mention".into(),
            };
            add_task(b, customer, &draft)?;
        }
    }
    Ok(())
}
