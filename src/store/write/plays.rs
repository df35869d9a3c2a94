//! Playbooks at customers: started, their steps as tasks, a step skipped, the whole of it ended.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::domain::playbook::Playbook;
use crate::domain::signal::Signals;
use crate::domain::task::TaskDraft;
use crate::domain::time::Day;
use crate::error::{Error, Result};
use crate::store::batch::Batch;
use crate::store::{search, signal};

use super::actions::owner_of;
use super::work::add_task;
use super::{Context, Done, customer, done, long, names};

/// Starts a playbook at each customer; one that runs there already is passed over.
pub(super) fn start_play(
    b: &mut Batch<'_>,
    customers: &[Id],
    name: &str,
    from: Option<Day>,
    context: &Context,
) -> Result<Done> {
    let playbooks = &context.config.playbooks;
    let Some(playbook) = playbooks.find(name) else {
        let known: Vec<&str> = playbooks.playbook.iter().map(|p| p.code.as_str()).collect();
        return Err(Error::usage(say!("plays.there_no_playbook", name = name))
            .hint(format!("playbooks: {}", known.join(", "))));
    };
    let mut skipped = Vec::new();
    for id in customers {
        let n = customer(b, *id)?;
        let signals = signal::current(b.conn, n, &context.config, context.today)?;
        if put(b, n, playbook, &signals, from.unwrap_or(context.today), "")?.is_none() {
            skipped.push((
                *id,
                say!("plays.runs_there_already", label = playbook.label).to_string(),
            ));
        }
    }
    let started = customers.len() - skipped.len();
    if started == 0 && !customers.is_empty() {
        return Err(Error::usage(say!(
            "plays.runs_at_already",
            label = playbook.label,
            customers = names(b, customers)?
        ))
        .hint(say!("plays.end_first_or_do")));
    }
    Ok(Done {
        label: format!("Started {} at {}", playbook.label, names(b, customers)?),
        changed: started,
        skipped,
    })
}

/// Starts a playbook at a customer, unless it runs there. Gives the id of what runs then.
pub(super) fn put(
    b: &mut Batch<'_>,
    customer: i64,
    playbook: &Playbook,
    signals: &Signals,
    start: Day,
    cause: &str,
) -> Result<Option<Id>> {
    let runs: bool = b
        .conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM play WHERE customer = ? AND playbook = ? AND ended IS NULL AND removed = 0)")
        .and_then(|mut s| s.query_row(params![customer, playbook.code], |r| r.get(0)))?;
    if runs {
        return Ok(None);
    }
    let owner = owner_of(b, customer)?;
    let anchor = playbook.anchor(signals, start);
    let (_, play) = b.insert(
        Entity::Play,
        &[
            &customer,
            &playbook.code,
            &playbook.label,
            &anchor,
            &start,
            &cause,
        ],
    )?;
    let starter = b.person.clone();
    for step in playbook.plan(signals, start, &owner, &starter) {
        let draft = TaskDraft {
            title: step.title,
            due: Some(step.due),
            owner: step.owner,
            priority: step.priority,
            kind: step.kind,
        };
        let task = add_task(b, customer, &draft)?;
        b.insert(Entity::Step, &[&customer, &play, &task, &step.code])?;
    }
    b.touched.insert(customer);
    Ok(Some(play))
}

/// Passes over a step, with the reason: its task leaves the lists.
pub(super) fn skip_step(b: &mut Batch<'_>, step: Id, reason: &str) -> Result<Done> {
    let reason = long(reason.trim())?;
    if reason.is_empty() {
        return Err(Error::usage(say!("plays.skipping_step_needs_reason"))
            .hint(say!("plays.few_words_why_not")));
    }
    let found: Option<(Id, i64, String, Option<i64>)> = b
        .conn
        .prepare_cached(
            "SELECT t.id, s.customer, t.title, t.done FROM step s JOIN task t ON t.id = s.task
             WHERE s.id = ? AND s.removed = 0 AND t.removed = 0 AND s.customer IN (SELECT n FROM customer WHERE removed = 0)",
        )
        .and_then(|mut s| s.query_row([&step], |r| Ok((Id(r.get(0)?), r.get(1)?, search::text_at_raw(r, 2)?, r.get(3)?))).optional())?;
    let Some((task, n, title, was_done)) = found else {
        return Err(Error::not_found(say!("plays.step_gone_or_skipped")));
    };
    if was_done.is_some() {
        return Err(
            Error::usage(say!("plays.done_already", title = title)).hint(say!("plays.undo_first"))
        );
    }
    b.set(
        Entity::Step,
        step,
        "skipped",
        Value::Text(reason.to_owned()),
    )?;
    b.set(Entity::Task, task, "removed", Value::Integer(1))?;
    b.touched.insert(n);
    Ok(done(format!("Skipped \"{title}\": {reason}"), 1))
}

/// Ends a playbook: what is open of it leaves the lists.
pub(super) fn end_play(
    b: &mut Batch<'_>,
    play: Id,
    outcome: &str,
    context: &Context,
) -> Result<Done> {
    let outcome = long(outcome.trim())?;
    let found: Option<(i64, String)> = b
        .conn
        .prepare_cached(
            "SELECT customer, label FROM play WHERE id = ? AND ended IS NULL AND removed = 0
             AND customer IN (SELECT n FROM customer WHERE removed = 0)",
        )
        .and_then(|mut s| {
            s.query_row([&play], |r| Ok((r.get(0)?, search::text_at_raw(r, 1)?)))
                .optional()
        })?;
    let Some((n, label)) = found else {
        return Err(Error::not_found(say!("plays.playbook_does_not_run")));
    };
    b.set(
        Entity::Play,
        play,
        "ended",
        Value::Integer(context.today.number()),
    )?;
    b.set(
        Entity::Play,
        play,
        "outcome",
        Value::Text(outcome.to_owned()),
    )?;
    drop_open_tasks(b, play)?;
    b.touched.insert(n);
    Ok(done(format!("Ended {label}"), 1))
}

/// Takes the open tasks of a playbook off the lists.
pub(super) fn drop_open_tasks(b: &mut Batch<'_>, play: Id) -> Result<()> {
    let open: Vec<Id> = {
        let mut statement = b
            .conn
            .prepare_cached(
                "SELECT t.id FROM play p JOIN step s ON s.customer = p.customer AND s.play = p.id JOIN task t ON t.id = s.task
                 WHERE p.id = ? AND t.done IS NULL AND t.removed = 0 ORDER BY t.n",
            )?;
        let rows = statement.query_map([&play], |r| r.get(0).map(Id))?;
        rows.collect::<Result<_, _>>()?
    };
    for task in open {
        b.set(Entity::Task, task, "removed", Value::Integer(1))?;
    }
    Ok(())
}
