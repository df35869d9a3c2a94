//! Commands as rows and edits: each command in one function, all checks before the first change of a row.

mod actions;
mod customers;
mod firing;
mod merging;
mod plays;
mod settings;
mod stages;
mod surveys;
mod tickets;
mod triage;
mod work;

use std::sync::Arc;

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use crate::domain::command::{Command, Entity, Target};
use crate::domain::config::Config;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Result};

use super::batch::{self, Batch};
use super::ids;

pub use customers::by;
pub use settings::put_config;

pub(super) use firing::fire;

use actions::{close_actions, open_action, snooze_actions};
use customers::{
    Carried, add_contact, add_customer, add_terms, edit, give, owner_word, tag, things,
};
use plays::{end_play, skip_step, start_play};
use settings::{configure, save_view, set_config};
use stages::move_stage;
use triage::{snooze, triage_done};
use work::{add_task, done_tasks, hold_health, log_touch, snooze_tasks};

/// What the rules of a command read.
pub struct Context {
    /// The book's config.
    pub config: Arc<Config>,
    /// The day of every figure.
    pub today: Day,
}

/// What a command did, for the receipt.
#[derive(Default)]
pub struct Done {
    /// One line.
    pub label: String,
    /// Things changed as the person counts them; 0: as many as rows and fields.
    pub changed: usize,
    /// Customers passed over, and why.
    pub skipped: Vec<(Id, String)>,
}

fn done(label: impl Into<String>, changed: usize) -> Done {
    Done {
        label: label.into(),
        changed,
        skipped: Vec::new(),
    }
}

/// The code of a command in the log.
pub fn code(command: &Command) -> &'static str {
    match command {
        Command::AddCustomer(_) => "customer",
        Command::AddContact { .. } => "contact",
        Command::AddTicket { .. } => "ticket",
        Command::CloseTickets { .. } => "ticket_close",
        Command::AddSubscription { .. } => "subscription",
        Command::Edit { .. } => "edit",
        Command::Assign { .. } => "assign",
        Command::Tag { .. } => "tag",
        Command::LogTouch { .. } => "touch",
        Command::Note { .. } => "note",
        Command::Nps { .. } => "nps",
        Command::Survey { .. } => "survey",
        Command::Invite { .. } => "invite",
        Command::Pulse { .. } => "pulse",
        Command::Override { .. } => "override",
        Command::Move { .. } => "move",
        Command::Check { .. } => "check",
        Command::AddTask { .. } => "task",
        Command::DoneTasks { .. } => "task_done",
        Command::SnoozeTasks { .. } => "task_snooze",
        Command::Done { .. } | Command::DoneWith { .. } => "done",
        Command::Snooze { .. } => "snooze",
        Command::Unsnooze { .. } => "unsnooze",
        Command::MergeCustomers { .. } => "merge_customers",
        Command::Remove { .. } => "remove",
        Command::OpenAction { .. } => "action",
        Command::CloseActions { .. } => "action_close",
        Command::SnoozeActions { .. } => "action_snooze",
        Command::StartPlay { .. } => "play",
        Command::SkipStep { .. } => "step_skip",
        Command::EndPlay { .. } => "play_end",
        Command::TakeBackFiring { .. } => "rule_undo",
        Command::SaveView { .. } => "view",
        Command::SetConfig { .. } | Command::Configure { .. } => "config",
        Command::Resolve { .. } => "resolve",
        Command::Purge { .. } => "purge",
        Command::Revert { .. } => "revert",
        Command::Undo { .. } | Command::UndoPast { .. } | Command::UndoRest { .. } => "undo",
        Command::Redo => "redo",
        Command::PutBack { .. } => "put_back",
        Command::TakeBack { .. } => "take_back",
    }
}

/// Runs a command within its batch.
pub fn run(b: &mut Batch<'_>, command: &Command, context: &Context) -> Result<Done> {
    refuse_nul(command)?;
    match command {
        Command::AddCustomer(new) => add_customer(b, new, context),
        Command::AddContact { customer, contact } => add_contact(b, *customer, contact),
        Command::AddTicket { customer, ticket } => tickets::open(b, *customer, ticket),
        Command::CloseTickets { tickets, at, csat } => tickets::close(b, tickets, *at, *csat),
        Command::AddSubscription { customer, terms } => add_terms(b, *customer, terms, context),
        Command::Edit {
            entity,
            rows,
            changes,
        } => edit(b, *entity, rows, changes, context),
        Command::Assign { customers, owner } => {
            let owner = owner_word(owner)?;
            let (mut changed, mut carried) = (0, Carried::default());
            for id in customers {
                changed += usize::from(give(b, *id, owner, &mut carried)?);
            }
            let to = if owner.is_empty() { "nobody" } else { owner };
            Ok(done(
                format!("Gave {} to {to}{}", names(b, customers)?, carried.said()),
                changed,
            ))
        }
        Command::Tag {
            customers,
            add,
            remove,
        } => tag(b, customers, add, remove),
        Command::LogTouch { customers, touch } => log_touch(b, customers, touch, context),
        Command::Note {
            customers,
            text,
            at,
        } => {
            let text = body("a note", text)?;
            for id in customers {
                let n = customer(b, *id)?;
                event(
                    b,
                    &EventDraft {
                        at: at.unwrap_or(b.now),
                        text,
                        ..EventDraft::new(EventKind::Note, n)
                    },
                )?;
                firing::mention(b, n, text, context)?;
            }
            Ok(done(
                format!("Note on {}", names(b, customers)?),
                customers.len(),
            ))
        }
        Command::Nps {
            customer: id,
            contact,
            score,
            text,
            at,
        } => {
            if *score > 10 {
                return Err(
                    Error::usage(say!("write.not_nps_answer", score = score)).hint("0 to 10")
                );
            }
            let n = customer(b, *id)?;
            let contact = contact.map(|c| contact_number(b, c)).transpose()?;
            event(
                b,
                &EventDraft {
                    at: at.unwrap_or(b.now),
                    number: Some(i64::from(*score)),
                    text: long(text)?,
                    contact,
                    ..EventDraft::new(EventKind::Nps, n)
                },
            )?;
            wake(b, *id, "nps")?;
            Ok(done(format!("NPS {score} from {}", names(b, &[*id])?), 1))
        }
        Command::Survey {
            customer,
            contact,
            wave,
            answers,
            at,
        } => surveys::answers(b, *customer, *contact, wave, answers, *at),
        Command::Invite {
            customers,
            asks,
            wave,
            at,
        } => surveys::invite(b, customers, asks, wave, *at),
        Command::Pulse {
            customer: id,
            score,
            text,
        } => {
            if !(1..=5).contains(score) {
                return Err(Error::usage(say!("write.not_pulse", score = score)).hint("1 to 5"));
            }
            let n = customer(b, *id)?;
            let (at, ahead) = stages::from_now(b, n, EventKind::Pulse, None)?;
            event(
                b,
                &EventDraft {
                    at,
                    number: Some(i64::from(*score)),
                    text: long(text)?,
                    ..EventDraft::new(EventKind::Pulse, n)
                },
            )?;
            Ok(done(
                format!(
                    "Pulse {score} for {}{}",
                    names(b, &[*id])?,
                    stages::said_of_ahead(ahead, "pulse")
                ),
                1,
            ))
        }
        Command::Override {
            customer: id,
            hold,
            reason,
        } => hold_health(b, *id, *hold, reason, context),
        Command::Move {
            customers,
            to,
            reason,
        } => move_stage(b, customers, to, reason.as_ref(), context),
        Command::Check {
            customer,
            stage,
            question,
            answer,
            note,
        } => stages::check(b, *customer, stage, question, *answer, note, context),
        Command::AddTask { customers, task } => {
            for id in customers {
                let n = customer(b, *id)?;
                add_task(b, n, task)?;
            }
            Ok(done(
                format!(
                    "Task \"{}\" for {}",
                    task.title.trim(),
                    names(b, customers)?
                ),
                customers.len(),
            ))
        }
        Command::DoneTasks { tasks } => done_tasks(b, tasks),
        Command::SnoozeTasks {
            tasks,
            until,
            reason,
        } => snooze_tasks(b, tasks, *until, reason),
        Command::Done { customers } => triage_done(b, customers, None, context),
        Command::DoneWith { customers, reasons } => {
            triage_done(b, customers, Some(reasons), context)
        }
        Command::Snooze {
            customers,
            until,
            event,
            reason,
        } => snooze(b, customers, *until, event, reason, context),
        Command::Unsnooze { customers } => {
            for id in customers {
                b.set(Entity::Customer, *id, "snoozed", Value::Null)?;
                b.set(
                    Entity::Customer,
                    *id,
                    "snooze_event",
                    Value::Text(String::new()),
                )?;
            }
            Ok(done(
                format!("Woke {}", names(b, customers)?),
                customers.len(),
            ))
        }
        Command::MergeCustomers { keep, other } => merging::merge_customers(b, *keep, *other),
        Command::Remove { entity, rows } => {
            for id in rows {
                b.set(*entity, *id, "removed", Value::Integer(1))?;
            }
            Ok(done(
                format!("Removed {}", things(b, *entity, rows)?),
                rows.len(),
            ))
        }
        Command::OpenAction { customers, action } => open_action(b, customers, action, context),
        Command::CloseActions { actions, outcome } => close_actions(b, actions, outcome, context),
        Command::SnoozeActions {
            actions,
            until,
            reason,
        } => snooze_actions(b, actions, *until, reason, context),
        Command::StartPlay {
            customers,
            playbook,
            from,
        } => start_play(b, customers, playbook, *from, context),
        Command::SkipStep { step, reason } => skip_step(b, *step, reason),
        Command::EndPlay { play, outcome } => end_play(b, *play, outcome, context),
        Command::TakeBackFiring { event } => firing::take_back(b, *event),
        Command::SaveView { name, view } => save_view(b, name, view),
        Command::SetConfig { key, value, base } => {
            set_config(b, key, value.as_deref(), base.as_ref(), context)
        }
        Command::Configure { settings, views } => configure(b, settings, views, context),
        Command::Resolve { row, field, take } => super::conflicts::resolve(b, *row, field, *take),
        Command::PutBack { edit, force } => super::undo::put_back(b, *edit, *force),
        Command::Purge { entity, row, why } => {
            super::purge::run(b, *entity, *row, word("a reason", why, 200)?)
        }
        Command::Undo { .. }
        | Command::UndoPast { .. }
        | Command::UndoRest { .. }
        | Command::Redo
        | Command::TakeBack { .. }
        | Command::Revert { .. } => Err(Error::failed(say!("write.undo_not_run_as"))),
    }
}

/// Refuses a command that would write a NUL character, whatever its field: many programs end a text there. What a change has seen may
/// have one, because others wrote it.
fn refuse_nul(command: &Command) -> Result<()> {
    fn has(value: &serde_json::Value) -> bool {
        match value {
            serde_json::Value::String(text) => text.contains('\0'),
            serde_json::Value::Array(all) => all.iter().any(has),
            serde_json::Value::Object(all) => {
                all.iter().any(|(key, value)| key != "base" && has(value))
            }
            _ => false,
        }
    }
    let wrong = |e| Error::failed(say!("any.change_no_written_form")).because(e);
    // Few texts have so much as the sign of it, and only those are looked at closely.
    let written = serde_json::to_string(command).map_err(wrong)?;
    if written.contains("\\u0000") && has(&serde_json::from_str(&written).map_err(wrong)?) {
        return Err(Error::usage(say!("write.there_nul_character_text"))
            .hint(say!("write.take_out_then_try")));
    }
    Ok(())
}

/// What a command says that would look something up in the book, with that looked up now.
pub fn as_seen(
    conn: &rusqlite::Connection,
    command: &Command,
    context: &Context,
) -> Result<Command> {
    Ok(match command {
        Command::Move {
            customers,
            to: to @ (Target::Next | Target::Previous),
            reason,
        } => {
            let (customers, codes) = stages::steps(conn, customers, to, context)?;
            Command::Move {
                customers,
                to: Target::Each(codes),
                reason: reason.clone(),
            }
        }
        Command::Done { customers } => {
            let reasons = customers
                .iter()
                .map(|id| triage::reasons(conn, *id, context))
                .collect::<Result<_>>()?;
            Command::DoneWith {
                customers: customers.clone(),
                reasons,
            }
        }
        other => other.clone(),
    })
}

fn count(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

fn show(day: Day) -> String {
    day.date().format("%a %-d %b").to_string()
}

/// A mandatory text of any length up to 1 MB.
fn body<'a>(what: &str, text: &'a str) -> Result<&'a str> {
    if text.trim().is_empty() {
        return Err(Error::usage(say!("write.needs_some_words", what = what)));
    }
    long(text)
}

fn long(text: &str) -> Result<&str> {
    if text.len() > 1 << 20 {
        return Err(
            Error::usage(say!("write.text_longer_than_1")).hint(say!("write.keep_file_link"))
        );
    }
    Ok(text)
}

/// A short text of one line.
fn word<'a>(what: &str, text: &'a str, most: usize) -> Result<&'a str> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(Error::usage(say!(
            "write.at_most_characters",
            what = what,
            most = most
        )));
    }
    Ok(text)
}

/// The integer of a customer, noted as touched.
fn customer(b: &mut Batch<'_>, id: Id) -> Result<i64> {
    let found: Option<i64> = b
        .conn
        .prepare_cached("SELECT n FROM customer WHERE id = ? AND removed = 0")
        .and_then(|mut s| s.query_row([&id], |r| r.get(0)).optional())?;
    let n = found.ok_or_else(|| {
        Error::not_found(say!("any.customer_gone")).hint(say!("write.somebody_removed_meanwhile_u"))
    })?;
    b.touched.insert(n);
    Ok(n)
}

fn contact_number(b: &Batch<'_>, id: Id) -> Result<i64> {
    ids::number_of(b.conn, "contact", id)?
        .ok_or_else(|| Error::not_found(say!("write.contact_gone")))
}

fn name(b: &Batch<'_>, id: Id) -> Result<String> {
    b.conn
        .prepare_cached("SELECT name FROM customer WHERE id = ?")
        .and_then(|mut s| s.query_row([&id], |r| super::search::text_at_raw(r, 0)))
        .map_err(Into::into)
}

/// "Acme Foods", or "37 customers".
fn names(b: &Batch<'_>, customers: &[Id]) -> Result<String> {
    match customers {
        [] => Err(Error::usage(say!("write.no_customer_named"))),
        [one] => name(b, *one),
        many => Ok(count(many.len(), "customer")),
    }
}

/// An event before it is written.
struct EventDraft<'a> {
    kind: EventKind,
    customer: i64,
    at: Stamp,
    contact: Option<i64>,
    channel: &'a str,
    direction: &'a str,
    number: Option<i64>,
    text: &'a str,
    reference: &'a str,
    more: String,
}

impl<'a> EventDraft<'a> {
    fn new(kind: EventKind, customer: i64) -> EventDraft<'a> {
        EventDraft {
            kind,
            customer,
            at: Stamp(0),
            contact: None,
            channel: "",
            direction: "",
            number: None,
            text: "",
            reference: "",
            more: String::new(),
        }
    }

    fn now(self, b: &Batch<'_>) -> EventDraft<'a> {
        EventDraft { at: b.now, ..self }
    }
}

fn event(b: &mut Batch<'_>, e: &EventDraft<'_>) -> Result<Id> {
    let day = b.zone.day(e.at);
    let values: [&dyn rusqlite::ToSql; 11] = [
        &e.customer,
        &(e.kind as i64),
        &e.at,
        &day,
        &e.contact,
        &e.channel,
        &e.direction,
        &e.number,
        &e.text,
        &e.reference,
        &e.more,
    ];
    b.insert(Entity::Event, &values).map(|made| made.1)
}

/// Ends a snooze that waits for such an event.
fn wake(b: &mut Batch<'_>, customer: Id, arrived: &str) -> Result<()> {
    let table = batch::table(Entity::Customer);
    let waits = batch::current(b.conn, table, customer, "snooze_event")?
        .is_some_and(|c| c.value == Value::Text(arrived.to_owned()));
    if waits {
        b.set(
            Entity::Customer,
            customer,
            "snooze_event",
            Value::Text(String::new()),
        )?;
    }
    Ok(())
}
