//! Touchpoints, tasks, and a person's word over the health score.

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use crate::domain::command::Entity;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::task::TaskDraft;
use crate::domain::time::{Day, Stamp};
use crate::domain::touchpoint::{TouchDraft, channel};
use crate::error::{Error, Result};
use crate::store::batch::Batch;
use crate::store::signal;
use crate::text::with_article;

use super::customers::owner_word;
use super::stages::{from_now, said_of_ahead};
use super::{
    Context, Done, EventDraft, contact_number, count, customer, done, event, long, names, show,
    word,
};

pub(super) fn log_touch(
    b: &mut Batch<'_>,
    customers: &[Id],
    touch: &TouchDraft,
    _context: &Context,
) -> Result<Done> {
    let Some(channel) = channel(&touch.channel) else {
        return Err(
            Error::usage(say!("work.there_no_channel", channel = touch.channel))
                .hint(say!("work.phone_email_meeting_chat")),
        );
    };
    let at = touch.at.unwrap_or(b.now);
    if at > Stamp(b.now.0 + 86_400_000) {
        return Err(
            Error::usage(say!("work.touchpoint_cannot_lie_future")).hint(say!("work.make_task_t"))
        );
    }
    if touch.mood.is_some_and(|m| !(1..=5).contains(&m)) {
        return Err(Error::usage(say!("work.mood_1_5")));
    }
    let mut more = serde_json::Map::new();
    if let Some(mood) = touch.mood {
        more.insert("mood".into(), mood.into());
    }
    if touch.contacts.len() > 1 {
        more.insert(
            "with".into(),
            touch
                .contacts
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .into(),
        );
    }
    let more = if more.is_empty() {
        String::new()
    } else {
        serde_json::Value::Object(more).to_string()
    };
    for id in customers {
        let n = customer(b, *id)?;
        let contact = touch
            .contacts
            .first()
            .map(|c| contact_number(b, *c))
            .transpose()?;
        let draft = EventDraft {
            at,
            contact,
            channel: channel.code,
            direction: if touch.inbound { "in" } else { "out" },
            number: touch.minutes.map(i64::from),
            text: long(touch.text.trim())?,
            more: more.clone(),
            ..EventDraft::new(EventKind::Touch, n)
        };
        event(b, &draft)?;
        if let Some(task) = &touch.follow_up {
            add_task(b, n, task)?;
        }
    }
    let follow = if touch.follow_up.is_some() {
        say!("work.with_follow_up")
    } else {
        crate::sentence::Sentence::default()
    };
    Ok(done(
        format!(
            "Logged {} with {}{follow}",
            spoken(channel.code),
            names(b, customers)?
        ),
        customers.len(),
    ))
}

/// A channel as it stands behind "Logged": `a call`, `an e-mail`, `an event`.
fn spoken(code: &str) -> String {
    match code {
        "phone" => "a call".to_owned(),
        "email" => "an e-mail".to_owned(),
        "sms" => "an SMS".to_owned(),
        "tv" => "a TV spot".to_owned(),
        "other" => "a touchpoint".to_owned(),
        "training" | "direct_mail" | "retargeting" | "knowledge_base" | "social" => {
            format!("a touchpoint ({})", code.replace('_', " "))
        }
        code => with_article(&code.replace('_', " ")),
    }
}

pub(super) fn add_task(b: &mut Batch<'_>, customer: i64, task: &TaskDraft) -> Result<Id> {
    let title = word("a task", &task.title, 500)?;
    if title.is_empty() {
        return Err(Error::usage(say!("work.task_needs_title")));
    }
    let owner = if task.owner.is_empty() {
        b.person.clone()
    } else {
        owner_word(&task.owner)?.to_owned()
    };
    let priority = i64::from(if task.priority == 0 {
        2
    } else {
        task.priority.min(3)
    });
    let (due, now) = (task.due, b.now);
    let (_, id) = b.insert(
        Entity::Task,
        &[
            &customer,
            &title,
            &due,
            &owner,
            &priority,
            &task.kind,
            &now,
            &None::<i64>,
        ],
    )?;
    b.touched.insert(customer);
    Ok(id)
}

pub(super) fn done_tasks(b: &mut Batch<'_>, tasks: &[Id]) -> Result<Done> {
    let mut title = String::new();
    for id in tasks {
        let found: Option<(i64, String, Option<i64>)> = b
            .conn
            .prepare_cached(
                "SELECT customer, title, done FROM task WHERE id = ? AND removed = 0
                 AND customer IN (SELECT n FROM customer WHERE removed = 0)",
            )
            .and_then(|mut s| {
                s.query_row([id], |r| {
                    Ok((
                        r.get(0)?,
                        crate::store::search::text_at_raw(r, 1)?,
                        r.get(2)?,
                    ))
                })
                .optional()
            })?;
        let Some((customer, words, was)) = found else {
            return Err(Error::not_found(say!("work.task_gone")));
        };
        if was.is_some() {
            continue;
        }
        b.set(Entity::Task, *id, "done", Value::Integer(b.now.0))?;
        let reference = id.to_string();
        event(
            b,
            &EventDraft {
                text: &words,
                reference: &reference,
                ..EventDraft::new(EventKind::Task, customer).now(b)
            },
        )?;
        b.touched.insert(customer);
        title = words;
    }
    let label = if tasks.len() == 1 {
        format!("Done: {title}")
    } else {
        format!("Done: {}", count(tasks.len(), "task"))
    };
    Ok(done(label, tasks.len()))
}

/// Puts tasks off: the due day stays what was agreed, `snoozed` says when they come back.
pub(super) fn snooze_tasks(
    b: &mut Batch<'_>,
    tasks: &[Id],
    until: Day,
    reason: &str,
) -> Result<Done> {
    for id in tasks {
        b.set(Entity::Task, *id, "snoozed", Value::Integer(until.number()))?;
        b.set(
            Entity::Task,
            *id,
            "snooze_reason",
            Value::Text(long(reason)?.to_owned()),
        )?;
    }
    Ok(done(
        say!(
            "work.put_off_until",
            tasks = count(tasks.len(), "task"),
            until = show(until)
        ),
        tasks.len(),
    ))
}

/// Longest time for which a person's word may hold, days.
const LONGEST_HOLD: i64 = 366;

/// Sets the health score by a person's word, or lets what is measured hold again.
pub(super) fn hold_health(
    b: &mut Batch<'_>,
    id: Id,
    hold: Option<(u8, Day)>,
    reason: &str,
    context: &Context,
) -> Result<Done> {
    let n = customer(b, id)?;
    let name = names(b, &[id])?;
    let text = long(reason.trim())?;
    let Some((score, until)) = hold else {
        let held =
            signal::current(b.conn, n, &context.config, context.today)?.held_on(context.today);
        if held.is_none() {
            return Err(Error::usage(say!("work.nobody_set_health", name = name)));
        }
        let (at, ahead) = from_now(b, n, EventKind::Override, None)?;
        event(
            b,
            &EventDraft {
                at,
                text,
                ..EventDraft::new(EventKind::Override, n)
            },
        )?;
        return Ok(done(
            say!(
                "work.health_measured_again",
                name = name,
                ahead = said_of_ahead(ahead, "override")
            ),
            1,
        ));
    };
    if score > 100 {
        return Err(Error::usage(say!("work.not_health_score", score = score)).hint("0 to 100"));
    }
    if text.is_empty() {
        return Err(Error::usage(say!("work.health_set_needs_reason"))
            .hint(say!("work.say_what_measures_do")));
    }
    if until < context.today {
        return Err(Error::usage(format!("{until} is over")).hint(say!("work.give_last_day_on")));
    }
    if until > context.today.plus(LONGEST_HOLD) {
        return Err(
            Error::usage(say!("work.more_than_year_away", until = until))
                .hint(say!("work.set_for_year_at")),
        );
    }
    let more = serde_json::json!({ "until": until }).to_string();
    let (at, ahead) = from_now(b, n, EventKind::Override, None)?;
    event(
        b,
        &EventDraft {
            at,
            number: Some(i64::from(score)),
            text,
            more,
            ..EventDraft::new(EventKind::Override, n)
        },
    )?;
    Ok(done(
        say!(
            "work.health_set_until",
            name = name,
            score = score,
            until = show(until),
            ahead = said_of_ahead(ahead, "override")
        ),
        1,
    ))
}
