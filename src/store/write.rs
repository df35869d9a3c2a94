//! Commands as rows and edits: each command in one function, all checks before the first change of a row.

use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use crate::domain::command::{Change, Command, Entity, NewContact, NewCustomer, Target};
use crate::domain::config::Config;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::money;
use crate::domain::priority;
use crate::domain::query::View;
use crate::domain::revenue::{Interval, Version, mrr};
use crate::domain::stage::{BACK_REASONS, CHURN_REASONS, Reason, StageNo};
use crate::domain::task::TaskDraft;
use crate::domain::time::{Day, Stamp};
use crate::domain::touchpoint::{TouchDraft, channel};
use crate::error::{Error, Kind, Result};

use super::batch::{self, Batch, json_value};
use super::{signal, sql};

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
    Done { label: label.into(), changed, skipped: Vec::new() }
}

/// The code of a command in the log.
pub fn code(command: &Command) -> &'static str {
    match command {
        Command::AddCustomer(_) => "customer",
        Command::AddContact { .. } => "contact",
        Command::Edit { .. } => "edit",
        Command::Assign { .. } => "assign",
        Command::Tag { .. } => "tag",
        Command::LogTouch { .. } => "touch",
        Command::Note { .. } => "note",
        Command::Nps { .. } => "nps",
        Command::Pulse { .. } => "pulse",
        Command::Move { .. } => "move",
        Command::AddTask { .. } => "task",
        Command::DoneTasks { .. } => "task_done",
        Command::SnoozeTasks { .. } => "task_snooze",
        Command::Done { .. } => "done",
        Command::Snooze { .. } => "snooze",
        Command::Unsnooze { .. } => "unsnooze",
        Command::Remove { .. } => "remove",
        Command::SaveView { .. } => "view",
        Command::SetConfig { .. } => "config",
        Command::Undo { .. } => "undo",
        Command::Redo => "redo",
    }
}

/// Runs a command within its batch.
pub fn run(b: &mut Batch<'_>, command: &Command, context: &Context) -> Result<Done> {
    match command {
        Command::AddCustomer(new) => add_customer(b, new, context),
        Command::AddContact { customer, contact } => add_contact(b, *customer, contact),
        Command::Edit { entity, rows, changes } => edit(b, *entity, rows, changes, context),
        Command::Assign { customers, owner } => {
            let owner = word("an owner", owner, 200)?;
            for id in customers {
                b.set(Entity::Customer, *id, "owner", Value::Text(owner.to_owned()))?;
            }
            let to = if owner.is_empty() { "nobody".to_owned() } else { owner.to_owned() };
            Ok(done(format!("Gave {} to {to}", names(b, customers)?), b.edits))
        }
        Command::Tag { customers, add, remove } => tag(b, customers, add, remove),
        Command::LogTouch { customers, touch } => log_touch(b, customers, touch, context),
        Command::Note { customers, text, at } => {
            let text = body("a note", text)?;
            for id in customers {
                let n = customer(b, *id)?;
                event(b, &EventDraft { at: at.unwrap_or(b.now), text, ..EventDraft::new(EventKind::Note, n) })?;
            }
            Ok(done(format!("Note on {}", names(b, customers)?), customers.len()))
        }
        Command::Nps { customer: id, contact, score, text, at } => {
            if *score > 10 {
                return Err(Error::usage(format!("{score} is not an NPS answer")).hint("0 to 10"));
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
        Command::Pulse { customer: id, score, text } => {
            if !(1..=5).contains(score) {
                return Err(Error::usage(format!("{score} is not a pulse")).hint("1 to 5"));
            }
            let n = customer(b, *id)?;
            event(b, &EventDraft { number: Some(i64::from(*score)), text: long(text)?, ..EventDraft::new(EventKind::Pulse, n).now(b) })?;
            Ok(done(format!("Pulse {score} for {}", names(b, &[*id])?), 1))
        }
        Command::Move { customers, to, reason } => move_stage(b, customers, to, reason.as_ref(), context),
        Command::AddTask { customers, task } => {
            for id in customers {
                let n = customer(b, *id)?;
                add_task(b, n, task)?;
            }
            Ok(done(format!("Task \"{}\" for {}", task.title.trim(), names(b, customers)?), customers.len()))
        }
        Command::DoneTasks { tasks } => done_tasks(b, tasks),
        Command::SnoozeTasks { tasks, until, reason } => {
            for id in tasks {
                b.set(Entity::Task, *id, "due", Value::Integer(until.number()))?;
                b.set(Entity::Task, *id, "snooze_reason", Value::Text(long(reason)?.to_owned()))?;
            }
            Ok(done(format!("Put {} off until {}", count(tasks.len(), "task"), show(*until)), tasks.len()))
        }
        Command::Done { customers } => triage_done(b, customers, context),
        Command::Snooze { customers, until, event, reason } => snooze(b, customers, *until, event, reason, context),
        Command::Unsnooze { customers } => {
            for id in customers {
                b.set(Entity::Customer, *id, "snoozed", Value::Null)?;
                b.set(Entity::Customer, *id, "snooze_event", Value::Text(String::new()))?;
            }
            Ok(done(format!("Woke {}", names(b, customers)?), customers.len()))
        }
        Command::Remove { entity, rows } => {
            for id in rows {
                b.set(*entity, *id, "removed", Value::Integer(1))?;
            }
            let what = if *entity == Entity::Customer { names(b, rows)? } else { count(rows.len(), batch::table(*entity).name) };
            Ok(done(format!("Removed {what}"), rows.len()))
        }
        Command::SaveView { name, view } => save_view(b, name, view),
        Command::SetConfig { key, value } => set_config(b, key, value.as_deref(), context),
        Command::Undo { .. } | Command::Redo => Err(Error::failed("undo is not run as a command")),
    }
}

// Words and rows ---------------------------------------------------------------------------------------------------------

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn show(day: Day) -> String {
    day.date().format("%a %-d %b").to_string()
}

/// A mandatory text of any length up to 1 MB.
fn body<'a>(what: &str, text: &'a str) -> Result<&'a str> {
    if text.trim().is_empty() {
        return Err(Error::usage(format!("{what} needs some words")));
    }
    long(text)
}

fn long(text: &str) -> Result<&str> {
    if text.len() > 1 << 20 {
        return Err(Error::usage("the text is longer than 1 MB").hint("keep it in a file and link to it"));
    }
    Ok(text)
}

/// A short text of one line.
fn word<'a>(what: &str, text: &'a str, most: usize) -> Result<&'a str> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(Error::usage(format!("{what} has at most {most} characters")));
    }
    Ok(text)
}

/// The integer of a customer, noted as touched.
fn customer(b: &mut Batch<'_>, id: Id) -> Result<i64> {
    let found: Option<i64> = b
        .conn
        .prepare_cached("SELECT n FROM customer WHERE id = ? AND removed = 0")
        .and_then(|mut s| s.query_row([&id], |r| r.get(0)).optional())
        .map_err(sql)?;
    let n = found
        .ok_or_else(|| Error::not_found("the customer is gone").hint("somebody removed it meanwhile; u takes back only what you did"))?;
    b.touched.insert(n);
    Ok(n)
}

fn contact_number(b: &Batch<'_>, id: Id) -> Result<i64> {
    let found: Option<i64> = b
        .conn
        .prepare_cached("SELECT n FROM contact WHERE id = ?")
        .and_then(|mut s| s.query_row([&id], |r| r.get(0)).optional())
        .map_err(sql)?;
    found.ok_or_else(|| Error::not_found("the contact is gone"))
}

fn name(b: &Batch<'_>, id: Id) -> Result<String> {
    b.conn
        .prepare_cached("SELECT name FROM customer WHERE id = ?")
        .and_then(|mut s| s.query_row([&id], |r| super::search::text_at_raw(r, 0)))
        .map_err(sql)
}

/// "Acme Foods", or "37 customers".
fn names(b: &Batch<'_>, customers: &[Id]) -> Result<String> {
    match customers {
        [] => Err(Error::usage("no customer was named")),
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
    let values: [&dyn rusqlite::ToSql; 11] =
        [&e.customer, &(e.kind as i64), &e.at, &day, &e.contact, &e.channel, &e.direction, &e.number, &e.text, &e.reference, &e.more];
    b.insert(Entity::Event, &values).map(|made| made.1)
}

/// Ends a snooze that waits for such an event.
fn wake(b: &mut Batch<'_>, customer: Id, arrived: &str) -> Result<()> {
    let table = batch::table(Entity::Customer);
    let waits = batch::current(b.conn, table, customer, "snooze_event")?.is_some_and(|c| c.value == Value::Text(arrived.to_owned()));
    if waits {
        b.set(Entity::Customer, customer, "snooze_event", Value::Text(String::new()))?;
    }
    Ok(())
}

// Commands ---------------------------------------------------------------------------------------------------------------

fn add_customer(b: &mut Batch<'_>, new: &NewCustomer, context: &Context) -> Result<Done> {
    let name = word("a name", &new.name, 200)?;
    if name.is_empty() {
        return Err(Error::usage("a customer needs a name"));
    }
    let stages = &context.config.stages;
    let stage = if new.stage.is_empty() { StageNo(0) } else { find_stage(context, &new.stage)? };
    let mut tags: Vec<&str> = new.tags.iter().map(|t| tag_word(t)).collect::<Result<_>>()?;
    tags.sort_unstable();
    tags.dedup();
    let (n, _) = b.insert(
        Entity::Customer,
        &[&"", &name, &word("an owner", &new.owner, 200)?, &new.website.trim(), &new.phone.trim(), &context.today, &tags.join(" "), &"{}"],
    )?;
    b.touched.insert(n);
    let more = serde_json::json!({"from": null, "to": stages.code(stage), "visit": 1}).to_string();
    event(b, &EventDraft { channel: stages.code(stage), more, ..EventDraft::new(EventKind::Stage, n).now(b) })?;
    if new.mrr != 0 {
        add_subscription(b, n, new.mrr, context)?;
    }
    Ok(done(format!("Added {name}"), 1))
}

fn add_subscription(b: &mut Batch<'_>, customer: i64, amount: i64, context: &Context) -> Result<()> {
    let version = Version {
        id: Id::default(),
        customer: Id::default(),
        external: String::new(),
        subscription: String::new(),
        start: context.today,
        end: None,
        amount,
        currency: context.config.currency,
        interval: Interval::Month,
        count: 1,
        quantity: 1,
        discount: 0,
        status: "active".into(),
    };
    put_version(b, customer, &version)
}

/// Writes one subscription version.
pub fn put_version(b: &mut Batch<'_>, customer: i64, v: &Version) -> Result<()> {
    let monthly =
        mrr(v).ok_or_else(|| Error::usage("the price does not fit").hint("amount x quantity has to fit in 64 bits of minor units"))?;
    let (count, quantity, discount) = (i64::from(v.count), i64::from(v.quantity), i64::from(v.discount));
    let values: [&dyn rusqlite::ToSql; 13] = [
        &customer,
        &v.external,
        &v.subscription,
        &v.start,
        &v.end,
        &v.amount,
        &v.currency.code(),
        &interval_code(v.interval),
        &count,
        &quantity,
        &discount,
        &v.status,
        &monthly,
    ];
    b.insert(Entity::Subscription, &values)?;
    b.touched.insert(customer);
    Ok(())
}

/// The stored word of an interval.
pub fn interval_code(interval: Interval) -> &'static str {
    match interval {
        Interval::Day => "day",
        Interval::Week => "week",
        Interval::Month => "month",
        Interval::Year => "year",
    }
}

fn add_contact(b: &mut Batch<'_>, id: Id, new: &NewContact) -> Result<Done> {
    let name = word("a name", &new.name, 200)?;
    if name.is_empty() {
        return Err(Error::usage("a contact needs a name"));
    }
    let n = customer(b, id)?;
    b.insert(
        Entity::Contact,
        &[&n, &"", &name, &word("a role", &new.role, 60)?, &word("an address", &new.email, 320)?, &word("a number", &new.phone, 60)?, &0],
    )?;
    Ok(done(format!("Added {name} at {}", names(b, &[id])?), 1))
}

/// Fields whose values are civil dates.
const DAYS: &[&str] = &["created", "due", "snoozed", "start", "end"];

fn edit(b: &mut Batch<'_>, entity: Entity, rows: &[Id], changes: &[Change], context: &Context) -> Result<Done> {
    let table = batch::table(entity);
    let mut edited = Vec::new();
    for row in rows {
        for change in changes {
            let value = stored(&change.field, &change.value, context)?;
            if let Some(base) = &change.base {
                let base = stored(&change.field, base, context)?;
                let now = batch::current(b.conn, table, *row, &change.field)?.map(|c| c.value).unwrap_or(Value::Null);
                if now != base && now != value {
                    return Err(Error::new(Kind::Conflict, format!("{} was changed meanwhile to {}", change.field, plain(&now)))
                        .hint(format!("it was {}, you wrote {}", plain(&base), plain(&value))));
                }
            }
            if b.set(entity, *row, &change.field, value)? && !edited.contains(&change.field.as_str()) {
                edited.push(&change.field);
            }
            if entity == Entity::Event && change.field == "at" {
                let at = change.value.as_i64().map_or(b.now, Stamp);
                b.set(entity, *row, "day", Value::Integer(b.zone.day(at).number()))?;
            }
        }
    }
    let what = match entity {
        Entity::Customer => names(b, rows)?,
        _ => count(rows.len(), table.name),
    };
    Ok(done(format!("Changed {} of {what}", if edited.is_empty() { "nothing".into() } else { edited.join(", ") }), b.edits))
}

/// A JSON value as the field stores it: dates as day numbers, names checked.
fn stored(field: &str, value: &serde_json::Value, context: &Context) -> Result<Value> {
    let plain = json_value(Some(value));
    if DAYS.contains(&field) {
        return match &plain {
            Value::Null => Ok(Value::Null),
            Value::Text(t) if t.is_empty() => Ok(Value::Null),
            Value::Text(t) => t
                .parse::<Day>()
                .map(|d| Value::Integer(d.number()))
                .map_err(|()| Error::usage(format!("{t} is not a date")).hint("such as 2026-11-21")),
            _ => Ok(plain),
        };
    }
    if let Some(code) = field.strip_prefix("attr.") {
        use crate::domain::config::AttributeType;
        let Value::Text(text) = &plain else { return Ok(plain) };
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        let wrong = |what: &str| Err(Error::usage(format!("{code} takes {what}, not \"{text}\"")));
        return match context.config.attribute(code).map(|a| a.kind) {
            Some(AttributeType::Int) => text.trim().parse().map(Value::Integer).or_else(|_| wrong("a whole number")),
            Some(AttributeType::Money) => {
                money::parse(text, context.config.currency).map(Value::Integer).map_or_else(|| wrong("an amount"), Ok)
            }
            Some(AttributeType::Date) => {
                text.trim().parse::<Day>().map(|d| Value::Text(d.to_string())).or_else(|()| wrong("a date such as 2026-11-21"))
            }
            Some(AttributeType::Bool) => match text.trim().to_lowercase().as_str() {
                "yes" | "y" | "true" | "1" => Ok(Value::Integer(1)),
                "no" | "n" | "false" | "0" => Ok(Value::Integer(0)),
                _ => wrong("yes or no"),
            },
            _ => Ok(plain),
        };
    }
    match (field, &plain) {
        ("name" | "title", Value::Text(t)) if t.trim().is_empty() => Err(Error::usage(format!("the {field} cannot be empty"))),
        ("name" | "title" | "text", Value::Null) => Err(Error::usage(format!("the {field} cannot be empty"))),
        (_, Value::Text(t)) => long(t).map(|t| Value::Text(t.to_owned())),
        ("owner" | "website" | "phone" | "email" | "role", Value::Null) => Ok(Value::Text(String::new())),
        _ => Ok(plain),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Integer(i) => i.to_string(),
        Value::Real(r) => r.to_string(),
        Value::Text(t) => format!("\"{}\"", t.chars().take(60).collect::<String>()),
        Value::Blob(_) => "bytes".into(),
    }
}

fn tag_word(tag: &str) -> Result<&str> {
    let tag = tag.trim().trim_start_matches('#');
    if tag.is_empty() || tag.chars().any(char::is_whitespace) || tag.chars().count() > 60 {
        return Err(Error::usage(format!("\"{tag}\" is not a tag")).hint("one word of at most 60 characters"));
    }
    Ok(tag)
}

fn tag(b: &mut Batch<'_>, customers: &[Id], add: &[String], remove: &[String]) -> Result<Done> {
    for id in customers {
        for (tags, value) in [(add, 1), (remove, 0)] {
            for tag in tags {
                b.set(Entity::Customer, *id, &format!("tag.{}", tag_word(tag)?), Value::Integer(value))?;
            }
        }
    }
    let signs = add.iter().map(|t| format!("+{t}")).chain(remove.iter().map(|t| format!("-{t}")));
    Ok(done(format!("Tags {} on {}", signs.collect::<Vec<_>>().join(" "), names(b, customers)?), b.edits))
}

fn log_touch(b: &mut Batch<'_>, customers: &[Id], touch: &TouchDraft, _context: &Context) -> Result<Done> {
    let Some(channel) = channel(&touch.channel) else {
        return Err(Error::usage(format!("there is no channel \"{}\"", touch.channel))
            .hint("phone, email, meeting, chat and more: retain log --help"));
    };
    let at = touch.at.unwrap_or(b.now);
    if at > Stamp(b.now.0 + 86_400_000) {
        return Err(Error::usage("a touchpoint cannot lie in the future").hint("make it a task: t"));
    }
    if touch.mood.is_some_and(|m| !(1..=5).contains(&m)) {
        return Err(Error::usage("the mood is 1 to 5"));
    }
    let mut more = serde_json::Map::new();
    if let Some(mood) = touch.mood {
        more.insert("mood".into(), mood.into());
    }
    if touch.contacts.len() > 1 {
        more.insert("with".into(), touch.contacts.iter().map(ToString::to_string).collect::<Vec<_>>().into());
    }
    let more = if more.is_empty() { String::new() } else { serde_json::Value::Object(more).to_string() };
    for id in customers {
        let n = customer(b, *id)?;
        let contact = touch.contacts.first().map(|c| contact_number(b, *c)).transpose()?;
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
    let follow = if touch.follow_up.is_some() { " with a follow-up" } else { "" };
    Ok(done(format!("Logged {} with {}{follow}", spoken(channel.code), names(b, customers)?), customers.len()))
}

/// A channel as it stands behind "Logged": `a call`, `an e-mail`, `an event`.
fn spoken(code: &str) -> String {
    match code {
        "phone" => "a call".to_owned(),
        "email" => "an e-mail".to_owned(),
        "sms" => "an SMS".to_owned(),
        "tv" => "a TV spot".to_owned(),
        "other" => "a touchpoint".to_owned(),
        "training" | "direct_mail" | "retargeting" | "knowledge_base" | "social" => format!("a touchpoint ({})", code.replace('_', " ")),
        code => {
            let article = if code.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            format!("{article} {}", code.replace('_', " "))
        }
    }
}

fn add_task(b: &mut Batch<'_>, customer: i64, task: &TaskDraft) -> Result<()> {
    let title = word("a task", &task.title, 500)?;
    if title.is_empty() {
        return Err(Error::usage("a task needs a title"));
    }
    let owner = if task.owner.is_empty() { b.person.clone() } else { word("an owner", &task.owner, 200)?.to_owned() };
    let priority = i64::from(if task.priority == 0 { 2 } else { task.priority.min(3) });
    let (due, now) = (task.due, b.now);
    b.insert(Entity::Task, &[&customer, &title, &due, &owner, &priority, &task.kind, &now, &None::<i64>])?;
    b.touched.insert(customer);
    Ok(())
}

fn done_tasks(b: &mut Batch<'_>, tasks: &[Id]) -> Result<Done> {
    let mut title = String::new();
    for id in tasks {
        let found: Option<(i64, String, Option<i64>)> = b
            .conn
            .prepare_cached("SELECT customer, title, done FROM task WHERE id = ? AND removed = 0")
            .and_then(|mut s| s.query_row([id], |r| Ok((r.get(0)?, super::search::text_at_raw(r, 1)?, r.get(2)?))).optional())
            .map_err(sql)?;
        let Some((customer, words, was)) = found else { return Err(Error::not_found("the task is gone")) };
        if was.is_some() {
            continue;
        }
        b.set(Entity::Task, *id, "done", Value::Integer(b.now.0))?;
        let reference = id.to_string();
        event(b, &EventDraft { text: &words, reference: &reference, ..EventDraft::new(EventKind::Task, customer).now(b) })?;
        b.touched.insert(customer);
        title = words;
    }
    let label = if tasks.len() == 1 { format!("Done: {title}") } else { format!("Done: {}", count(tasks.len(), "task")) };
    Ok(done(label, tasks.len()))
}

fn find_stage(context: &Context, name: &str) -> Result<StageNo> {
    let stages = &context.config.stages;
    stages.find(name).ok_or_else(|| {
        let codes: Vec<&str> = stages.stage.iter().map(|s| s.code.as_str()).collect();
        Error::usage(format!("there is no stage \"{name}\"")).hint(format!("stages: {}", codes.join(", ")))
    })
}

/// Moves customers. Every path comes through here, so a reason cannot be left out on any.
fn move_stage(b: &mut Batch<'_>, customers: &[Id], to: &Target, reason: Option<&Reason>, context: &Context) -> Result<Done> {
    let stages = &context.config.stages;
    let fixed = match to {
        Target::Stage(name) => Some(find_stage(context, name)?),
        _ => None,
    };
    let mut skipped = Vec::new();
    let mut moved = 0;
    let mut last = None;
    for id in customers {
        let n = customer(b, *id)?;
        let signals = signal::read(b.conn, n, stages)?.unwrap_or_default();
        let from = signals.since.map(|_| signals.stage);
        let target = match (fixed, to, from) {
            (Some(stage), ..) => Some(stage),
            (None, _, None) => Some(StageNo(0)),
            (None, Target::Next, Some(from)) => stages.next(from),
            (None, _, Some(from)) => stages.previous(from),
        };
        let Some(target) = target else {
            skipped.push((*id, if *to == Target::Next { "it is in the last stage".into() } else { "it is in the first stage".into() }));
            continue;
        };
        if from == Some(target) {
            skipped.push((*id, format!("already in {}", stages.label(target))));
            continue;
        }
        check_reason(stages.needs_reason(from, target), stages.is_lost(target), stages.label(target), reason)?;
        let visits: i64 = b
            .conn
            .prepare_cached("SELECT count(*) FROM event WHERE customer = ? AND kind = ? AND channel = ? AND removed = 0")
            .and_then(|mut s| s.query_row(params![n, EventKind::Stage as i64, stages.code(target)], |r| r.get(0)))
            .map_err(sql)?;
        let mut more = serde_json::json!({"from": from.map(|f| stages.code(f)), "to": stages.code(target), "visit": visits + 1});
        if let Some(reason) = reason {
            more["code"] = reason.code.clone().into();
            if !reason.also.is_empty() {
                more["also"] = reason.also.clone().into();
            }
        }
        let text = long(reason.map_or("", |r| r.text.as_str()))?;
        // A move follows the moves before it also when a clock was ahead: it is the latest thing the person decided.
        let after: i64 = b
            .conn
            .prepare_cached("SELECT coalesce(max(at), 0) FROM event WHERE customer = ? AND kind = 6 AND removed = 0")
            .and_then(|mut s| s.query_row([n], |r| r.get(0)))
            .map_err(sql)?;
        let at = Stamp(b.now.0.max(after + i64::from(after >= b.now.0)));
        event(b, &EventDraft { at, channel: stages.code(target), text, more: more.to_string(), ..EventDraft::new(EventKind::Stage, n) })?;
        if stages.is_lost(target) {
            let code = reason.map_or("", |r| r.code.as_str());
            let more = serde_json::json!({"code": code}).to_string();
            event(b, &EventDraft { at, number: Some(signals.mrr), text, more, ..EventDraft::new(EventKind::Churn, n) })?;
        }
        moved += 1;
        last = Some((from, target));
    }
    let label = match (last, customers) {
        (Some((Some(from), to)), [one]) => format!("Moved {} from {} to {}", name(b, *one)?, stages.label(from), stages.label(to)),
        (Some((_, to)), _) if fixed.is_some() || moved == 1 => format!("Moved {} to {}", count(moved, "customer"), stages.label(to)),
        (Some(_), _) => format!("Moved {}", count(moved, "customer")),
        (None, _) => skipped.first().map_or_else(|| "Nothing to move".into(), |s: &(Id, String)| format!("Not moved: {}", s.1)),
    };
    Ok(Done { label, changed: moved, skipped })
}

fn check_reason(needed: bool, lost: bool, label: &str, reason: Option<&Reason>) -> Result<()> {
    let codes = if lost { CHURN_REASONS } else { BACK_REASONS };
    let hint = format!("reasons: {}", codes.join(", "));
    match reason {
        None if needed => {
            Err(Error::usage(format!("a move {} needs a reason", if lost { format!("to {label}") } else { format!("back to {label}") }))
                .hint(hint))
        }
        Some(r) if needed && !codes.contains(&r.code.as_str()) => {
            Err(Error::usage(format!("\"{}\" is not a reason for that move", r.code)).hint(hint))
        }
        Some(r) => match r.also.iter().find(|c| !codes.contains(&c.as_str())) {
            Some(code) => Err(Error::usage(format!("\"{code}\" is not a reason for that move")).hint(hint)),
            None => Ok(()),
        },
        None => Ok(()),
    }
}

fn triage_done(b: &mut Batch<'_>, customers: &[Id], context: &Context) -> Result<Done> {
    let mut skipped = Vec::new();
    for id in customers {
        let n = customer(b, *id)?;
        let signals = signal::read(b.conn, n, &context.config.stages)?.unwrap_or_default();
        let health = crate::domain::health::score(&signals, &context.config, context.today);
        let mut keys: Vec<priority::Key> =
            priority::reasons(&signals, health, &context.config, context.today).iter().map(|w| w.key).collect();
        if keys.is_empty() {
            skipped.push((*id, "it has no reason to be in the queue".into()));
            continue;
        }
        keys.sort_unstable();
        b.set(Entity::Customer, *id, "done", Value::Text(priority::keys_to_text(&keys)))?;
    }
    Ok(Done { label: format!("Done with {}", names(b, customers)?), changed: customers.len() - skipped.len(), skipped })
}

fn snooze(b: &mut Batch<'_>, customers: &[Id], until: Option<Day>, event: &str, reason: &str, context: &Context) -> Result<Done> {
    if until.is_none() && event.is_empty() {
        return Err(Error::usage("a snooze needs an end").hint("a day, or the event it waits for: nps or ticket"));
    }
    if !matches!(event, "" | "nps" | "ticket") {
        return Err(Error::usage(format!("a snooze cannot wait for \"{event}\"")).hint("nps or ticket"));
    }
    if let Some(day) = until.filter(|d| *d <= context.today) {
        return Err(Error::usage(format!("{day} is not after today")));
    }
    for id in customers {
        customer(b, *id)?;
        b.set(Entity::Customer, *id, "snoozed", until.map_or(Value::Null, |d| Value::Integer(d.number())))?;
        b.set(Entity::Customer, *id, "snooze_event", Value::Text(event.to_owned()))?;
        b.set(Entity::Customer, *id, "snooze_reason", Value::Text(long(reason.trim())?.to_owned()))?;
    }
    let end = match (until, event) {
        (Some(day), _) => format!("until {}", show(day)),
        (None, "nps") => "until an NPS answer".into(),
        _ => "until a ticket".to_owned(),
    };
    Ok(done(format!("Snoozed {} {end}", names(b, customers)?), customers.len()))
}

fn save_view(b: &mut Batch<'_>, name: &str, view: &View) -> Result<Done> {
    let name = word("a view's name", name, 100)?;
    if name.is_empty() {
        return Err(Error::usage("a view needs a name"));
    }
    let value = serde_json::to_string(view).map_err(|e| Error::failed("the view cannot be written as JSON").because(e))?;
    let found: Option<Id> = b
        .conn
        .query_row("SELECT id FROM view WHERE name = ? AND removed = 0 ORDER BY id LIMIT 1", [name], |r| r.get(0).map(Id))
        .optional()
        .map_err(sql)?;
    match found {
        Some(id) => {
            b.set(Entity::View, id, "value", Value::Text(value))?;
        }
        None => {
            b.insert(Entity::View, &[&name, &value])?;
        }
    }
    Ok(done(format!("Saved view {name}"), 1))
}

fn set_config(b: &mut Batch<'_>, key: &str, value: Option<&str>, context: &Context) -> Result<Done> {
    let mut trial = (*context.config).clone();
    if let Some(value) = value {
        super::apply_config(&mut trial, key, value)?;
    }
    put_config(b, key, value)?;
    Ok(done(format!("Setting {key} {}", if value.is_some() { "changed" } else { "back to the default" }), 1))
}

/// Writes a config row, or removes it.
pub fn put_config(b: &mut Batch<'_>, key: &str, value: Option<&str>) -> Result<()> {
    let found: Option<(Id, String)> = b
        .conn
        .query_row("SELECT id, value FROM config WHERE key = ? AND removed = 0 ORDER BY id DESC LIMIT 1", [key], |r| {
            Ok((Id(r.get(0)?), r.get(1)?))
        })
        .optional()
        .map_err(sql)?;
    match (found, value) {
        (Some((id, _)), Some(value)) => {
            b.set(Entity::Config, id, "value", Value::Text(value.to_owned()))?;
        }
        (None, Some(value)) => {
            b.insert(Entity::Config, &[&key, &value])?;
        }
        (Some((id, _)), None) => {
            b.set(Entity::Config, id, "removed", Value::Integer(1))?;
        }
        (None, None) => {}
    }
    Ok(())
}
