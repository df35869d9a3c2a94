//! Customers, contacts, subscriptions and their fields.

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use crate::domain::clash::{By, Clash, Clashing};
use crate::domain::command::{Change, Entity, NewContact, NewCustomer, NewTerms};
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::money;
use crate::domain::revenue::{Interval, Version, mrr};
use crate::domain::stage::StageNo;
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Kind, Result};
use crate::store::batch::{self, Batch, json_value};
use crate::store::{conflicts, heads};
use crate::text::with_article;

use super::stages::find_stage;
use super::{Context, Done, EventDraft, count, customer, done, event, long, names, word};

pub(super) fn add_customer(
    b: &mut Batch<'_>,
    new: &NewCustomer,
    context: &Context,
) -> Result<Done> {
    let name = word("a name", &new.name, 200)?;
    if name.is_empty() {
        return Err(Error::usage(say!("customers.customer_needs_name")));
    }
    let stages = &context.config.stages;
    let stage = if new.stage.is_empty() {
        StageNo(0)
    } else {
        find_stage(context, &new.stage)?
    };
    let mut tags: Vec<&str> = new
        .tags
        .iter()
        .map(|t| tag_word(t))
        .collect::<Result<_>>()?;
    tags.sort_unstable();
    tags.dedup();
    let (n, _) = b.insert(
        Entity::Customer,
        &[
            &"",
            &name,
            &owner_word(&new.owner)?,
            &new.website.trim(),
            &new.phone.trim(),
            &context.today,
            &tags.join(" "),
            &"{}",
        ],
    )?;
    b.touched.insert(n);
    let more = serde_json::json!({"from": null, "to": stages.code(stage), "visit": 1}).to_string();
    event(
        b,
        &EventDraft {
            channel: stages.code(stage),
            more,
            ..EventDraft::new(EventKind::Stage, n).now(b)
        },
    )?;
    if new.mrr != 0 {
        let monthly = NewTerms {
            subscription: String::new(),
            amount: new.mrr,
            interval: Interval::Month,
            count: 1,
            quantity: 1,
            start: None,
            end: None,
            trial: false,
        };
        put_version(b, n, &version(&monthly, context))?;
    }
    Ok(done(format!("Added {name}"), 1))
}

fn version(terms: &NewTerms, context: &Context) -> Version {
    Version {
        id: Id::default(),
        customer: Id::default(),
        external: String::new(),
        subscription: terms.subscription.clone(),
        start: terms.start.unwrap_or(context.today),
        end: terms.end,
        amount: terms.amount,
        currency: context.config.currency,
        interval: terms.interval,
        count: terms.count,
        quantity: terms.quantity,
        discount: 0,
        status: if terms.trial { "trial" } else { "active" }.into(),
    }
}

pub(super) fn add_terms(
    b: &mut Batch<'_>,
    id: Id,
    terms: &NewTerms,
    context: &Context,
) -> Result<Done> {
    word("a subscription's key", &terms.subscription, 200)?;
    let version = version(terms, context);
    if version.amount < 0 {
        return Err(Error::usage(say!("customers.price_cannot_below_0")));
    }
    if version.end.is_some_and(|end| end <= version.start) {
        return Err(Error::usage(say!("customers.subscription_ends_after_its")));
    }
    let n = customer(b, id)?;
    put_version(b, n, &version)?;
    Ok(done(
        say!(
            "customers.subscription_from",
            id = names(b, &[id])?,
            start = version.start
        ),
        1,
    ))
}

/// Writes one subscription version.
fn put_version(b: &mut Batch<'_>, customer: i64, v: &Version) -> Result<()> {
    let monthly = mrr(v).ok_or_else(|| {
        Error::usage(say!("customers.price_does_not_fit"))
            .hint(say!("customers.amount_x_quantity_fit"))
    })?;
    let (count, quantity, discount) = (
        i64::from(v.count),
        i64::from(v.quantity),
        i64::from(v.discount),
    );
    let values: [&dyn rusqlite::ToSql; 13] = [
        &customer,
        &v.external,
        &v.subscription,
        &v.start,
        &v.end,
        &v.amount,
        &v.currency.code(),
        &v.interval.code(),
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

pub(super) fn add_contact(b: &mut Batch<'_>, id: Id, new: &NewContact) -> Result<Done> {
    let name = word("a name", &new.name, 200)?;
    if name.is_empty() {
        return Err(Error::usage(say!("customers.contact_needs_name")));
    }
    let n = customer(b, id)?;
    b.insert(
        Entity::Contact,
        &[
            &n,
            &"",
            &name,
            &word("a role", &new.role, 60)?,
            &word("an address", &new.email, 320)?,
            &word("a number", &new.phone, 60)?,
            &0,
        ],
    )?;
    Ok(done(format!("Added {name} at {}", names(b, &[id])?), 1))
}

pub(super) fn edit(
    b: &mut Batch<'_>,
    entity: Entity,
    rows: &[Id],
    changes: &[Change],
    context: &Context,
) -> Result<Done> {
    if let Some(clash) = clash(b, entity, rows, changes, context)? {
        return Err(refused(entity, clash));
    }
    let table = batch::table(entity);
    let mut edited = Vec::new();
    let mut carried = Carried::default();
    for row in rows {
        for change in changes {
            let value = stored(table, &change.field, &change.value, context)?;
            if change.field == "removed" && value == Value::Integer(0) {
                // What comes back is seen only where its customer is there too.
                if let Some(customer) = owner_of(b, table, *row)? {
                    b.set(Entity::Customer, customer, "removed", Value::Integer(0))?;
                }
            }
            let is_new = match (&value, change.field.as_str()) {
                (Value::Text(owner), "owner") if entity == Entity::Customer => {
                    give(b, *row, owner, &mut carried)?
                }
                _ => b.set(entity, *row, &change.field, value)?,
            };
            if is_new && !edited.contains(&change.field.as_str()) {
                edited.push(&change.field);
            }
            if entity == Entity::Task && change.field == "due" {
                // A day that is agreed anew ends the putting off.
                b.set(entity, *row, "snoozed", Value::Null)?;
                b.set(entity, *row, "snooze_reason", Value::Text(String::new()))?;
            }
            if entity == Entity::Event && change.field == "at" {
                let at = change.value.as_i64().map_or(b.now, Stamp);
                b.set(entity, *row, "day", Value::Integer(b.zone.day(at).number()))?;
            }
        }
    }
    let what = things(b, entity, rows)?;
    let label = match edited.as_slice() {
        ["text"] if entity == Entity::Event => format!("Edited {what}"),
        [] => say!("customers.changed_nothing", what = what).to_string(),
        fields => format!("Changed {} of {what}", fields.join(", ")),
    };
    Ok(done(format!("{label}{}", carried.said()), b.edits))
}

/// Rows as a person calls them: "Acme", "a note of Acme", "task \"Send the offer\" of Acme", "3 tasks".
pub(super) fn things(b: &Batch<'_>, entity: Entity, rows: &[Id]) -> Result<String> {
    let table = batch::table(entity);
    let one = match rows {
        _ if entity == Entity::Customer => return names(b, rows),
        [one] => *one,
        many => return Ok(count(many.len(), table.name)),
    };
    let Some((name, customer)) = conflicts::called(b.conn, table, one)? else {
        return Ok(count(1, table.name));
    };
    let what = match (entity, conflicts::kind_of(b.conn, table, one)?) {
        (Entity::Contact, _) => name,
        (Entity::Event, "nps") => "an NPS answer".to_owned(),
        (Entity::Event, "touch") => "a touchpoint".to_owned(),
        (Entity::Event, "stage") => "a move".to_owned(),
        (Entity::Event, "csat" | "ces" | "survey" | "check") => "an answer".to_owned(),
        (Entity::Event, "churn") => "the loss".to_owned(),
        (Entity::Event, "order" | "invoice" | "override" | "usage") => "an entry".to_owned(),
        (Entity::Event, kind) => with_article(kind),
        (Entity::Action, _) => format!("call \"{name}\""),
        (_, kind) => format!("{kind} \"{name}\""),
    };
    Ok(customer.map_or_else(
        || what.clone(),
        |(_, customer)| format!("{what} of {customer}"),
    ))
}

/// What goes along when customers change hands.
#[derive(Default)]
pub(super) struct Carried {
    calls: usize,
    tasks: usize,
}

impl Carried {
    /// Behind the label: ", with 1 call and 2 tasks".
    pub fn said(&self) -> String {
        let some = |n: usize, what: &str| (n > 0).then(|| count(n, what));
        let all: Vec<String> = [some(self.calls, "call"), some(self.tasks, "task")]
            .into_iter()
            .flatten()
            .collect();
        if all.is_empty() {
            String::new()
        } else {
            format!(", with {}", all.join(" and "))
        }
    }
}

/// Gives a customer to somebody, with the open calls to action and tasks there of the owner until now. What is another's stays
/// theirs, and so does a mention, which asks one person.
pub(super) fn give(b: &mut Batch<'_>, id: Id, owner: &str, carried: &mut Carried) -> Result<bool> {
    let old = batch::current(b.conn, batch::table(Entity::Customer), id, "owner")?.map(|c| c.value);
    if !b.set(Entity::Customer, id, "owner", Value::Text(owner.to_owned()))? {
        return Ok(false);
    }
    if owner.is_empty() {
        return Ok(true);
    }
    for (entity, still, carried) in [
        (Entity::Action, "closed IS NULL", &mut carried.calls),
        (
            Entity::Task,
            "done IS NULL AND kind <> 'mention'",
            &mut carried.tasks,
        ),
    ] {
        let query = format!(
            "SELECT id FROM {} WHERE customer = (SELECT n FROM customer WHERE id = ?) AND owner = ? AND {still} AND removed = 0 ORDER BY id",
            batch::table(entity).name
        );
        let rows: Vec<Id> = {
            let mut statement = b.conn.prepare_cached(&query)?;
            statement
                .query_map(rusqlite::params![id, old], |r| r.get(0).map(Id))
                .and_then(Iterator::collect)?
        };
        for row in rows {
            *carried += usize::from(b.set(entity, row, "owner", Value::Text(owner.to_owned()))?);
        }
    }
    Ok(true)
}

/// The name of a person of ours.
pub(super) fn owner_word(text: &str) -> Result<&str> {
    if text.trim().contains(char::is_control) {
        return Err(Error::usage(say!("customers.owner_s_name_no"))
            .hint(say!("customers.name_one_line_letters")));
    }
    word("an owner", text, 200)
}

/// What others did meanwhile to the same fields, or to the rows, where the changes say what was seen of them.
fn clash(
    b: &Batch<'_>,
    entity: Entity,
    rows: &[Id],
    changes: &[Change],
    context: &Context,
) -> Result<Option<Clash>> {
    let table = batch::table(entity);
    // One that was asked for earlier stands beside what others did meanwhile, and says itself what it had seen.
    if b.upto.is_some() {
        return Ok(None);
    }
    let brings_back = changes.iter().any(|c| c.field == "removed");
    let mut clash = Clash::default();
    for row in rows {
        for change in changes {
            let Some(base) = &change.base else { continue };
            let (value, base) = (
                stored(table, &change.field, &change.value, context)?,
                stored(table, &change.field, base, context)?,
            );
            let Some(current) = batch::current(b.conn, table, *row, &change.field)? else {
                continue;
            };
            if current.gone && !brings_back && clash.removed.is_none() {
                let removal = |of: Id| {
                    Result::<_>::Ok(
                        heads::of_field(b.conn, of, "removed")?
                            .into_iter()
                            .rfind(|h| h.after == Value::Integer(1)),
                    )
                };
                let found = match (removal(*row)?, owner_of(b, table, *row)?) {
                    (None, Some(customer)) => removal(customer)?,
                    (own, _) => own,
                };
                clash.removed = Some(found.as_ref().map_or(
                    By {
                        person: String::new(),
                        at: b.now,
                    },
                    by,
                ));
            }
            if current.value != base && current.value != value {
                let (name, customer) = conflicts::called(b.conn, table, *row)?.unwrap_or_default();
                clash.fields.push(Clashing {
                    entity,
                    row: *row,
                    kind: conflicts::kind_of(b.conn, table, *row)?,
                    name,
                    customer: customer.filter(|c| c.0 != *row).map(|c| c.1),
                    field: change.field.clone(),
                    base: conflicts::json_of(table, &change.field, &base),
                    theirs: conflicts::json_of(table, &change.field, &current.value),
                    by: heads::of_field(b.conn, *row, &change.field)?.last().map(by),
                    mine: change.value.clone(),
                });
            }
        }
    }
    Ok((clash != Clash::default()).then_some(clash))
}

/// Who made an edit, and when.
pub fn by(head: &heads::Head) -> By {
    By {
        person: head.person.clone(),
        at: Stamp(head.wall),
    }
}

/// The id of the customer that a row belongs to; `None` for customers themselves and for what belongs to nobody.
fn owner_of(b: &Batch<'_>, table: &batch::Table, row: Id) -> Result<Option<Id>> {
    if !table.is_owned() {
        return Ok(None);
    }
    let query = format!(
        "SELECT c.id FROM {} t JOIN customer c ON c.n = t.customer WHERE t.id = ?",
        table.name
    );
    b.conn
        .prepare_cached(&query)
        .and_then(|mut s| s.query_row([&row], |r| r.get(0).map(Id)).optional())
        .map_err(Into::into)
}

/// The refusal of a write that would go over another's, with what stands against it.
fn refused(entity: Entity, clash: Clash) -> Error {
    let by = |by: &Option<By>| {
        by.as_ref()
            .filter(|b| !b.person.is_empty())
            .map(|b| format!(" by {}", b.person))
            .unwrap_or_default()
    };
    let error = match clash.fields.first() {
        _ if clash.removed.is_some() => {
            let name = batch::table(entity).name;
            Error::new(
                Kind::Conflict,
                say!(
                    "customers.removed_meanwhile_nothing_saved",
                    name = name,
                    removed = by(&clash.removed)
                ),
            )
        }
        Some(first) => {
            let said = |json: &serde_json::Value| plain(&json_value(Some(json)));
            Error::new(
                Kind::Conflict,
                say!(
                    "customers.changed_meanwhile",
                    field = first.field,
                    theirs = said(&first.theirs),
                    by = by(&first.by)
                ),
            )
            .hint(say!(
                "customers.you_wrote",
                base = said(&first.base),
                mine = said(&first.mine)
            ))
        }
        None => Error::new(
            Kind::Conflict,
            say!("customers.somebody_changed_same_thing"),
        ),
    };
    error.because(clash)
}

/// A JSON value as the field stores it: dates as day numbers, names checked.
pub(super) fn stored(
    table: &batch::Table,
    field: &str,
    value: &serde_json::Value,
    context: &Context,
) -> Result<Value> {
    let plain = json_value(Some(value));
    if table.holds(field) == batch::Holds::Day {
        return match &plain {
            Value::Null => Ok(Value::Null),
            Value::Text(t) if t.is_empty() => Ok(Value::Null),
            Value::Text(t) => t
                .parse::<Day>()
                .map(|d| Value::Integer(d.number()))
                .map_err(|()| {
                    Error::usage(say!("customers.not_date", t = t)).hint("such as 2026-11-21")
                }),
            _ => Ok(plain),
        };
    }
    if let Some(code) = field.strip_prefix("attr.") {
        use crate::domain::config::AttributeType;
        let Value::Text(text) = &plain else {
            return Ok(plain);
        };
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        let wrong = |what: &str| Err(Error::usage(format!("{code} takes {what}, not \"{text}\"")));
        return match context.config.attribute(code).map(|a| a.kind) {
            Some(AttributeType::Int) => text
                .trim()
                .parse()
                .map(Value::Integer)
                .or_else(|_| wrong("a whole number")),
            Some(AttributeType::Money) => money::parse(text, context.config.currency)
                .map(Value::Integer)
                .map_or_else(|| wrong("an amount"), Ok),
            Some(AttributeType::Date) => text
                .trim()
                .parse::<Day>()
                .map(|d| Value::Text(d.to_string()))
                .or_else(|()| wrong(&say!("customers.date_such_as_2026"))),
            Some(AttributeType::Bool) => match text.trim().to_lowercase().as_str() {
                "yes" | "y" | "true" | "1" => Ok(Value::Integer(1)),
                "no" | "n" | "false" | "0" => Ok(Value::Integer(0)),
                _ => wrong(&say!("customers.yes_or_no")),
            },
            _ => Ok(plain),
        };
    }
    match (field, &plain) {
        ("money", Value::Integer(n)) if *n < 0 => {
            Err(Error::usage(say!("any.what_at_stake_cannot")))
        }
        ("severity", Value::Integer(n)) if !(1..=4).contains(n) => {
            Err(Error::usage(say!("any.severity_1_worst")))
        }
        ("name" | "title", Value::Text(t)) if t.trim().is_empty() => {
            Err(Error::usage(say!("customers.cannot_empty", field = field)))
        }
        ("name" | "title" | "text", Value::Null) => {
            Err(Error::usage(say!("customers.cannot_empty", field = field)))
        }
        ("owner", Value::Text(t)) => owner_word(t).map(|t| Value::Text(t.to_owned())),
        (_, Value::Text(t)) => long(t).map(|t| Value::Text(t.to_owned())),
        ("owner" | "website" | "phone" | "email" | "role", Value::Null) => {
            Ok(Value::Text(String::new()))
        }
        _ => Ok(plain),
    }
}

pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Integer(i) => i.to_string(),
        Value::Real(r) => r.to_string(),
        Value::Text(t) => format!("\"{}\"", t.chars().take(60).collect::<String>()),
        Value::Blob(_) => "bytes".into(),
    }
}

pub(super) fn tag_word(tag: &str) -> Result<&str> {
    let tag = tag.trim().trim_start_matches('#');
    if tag.is_empty()
        || tag.contains(|c: char| c.is_whitespace() || c.is_control())
        || tag.chars().count() > 60
    {
        return Err(Error::usage(say!("customers.not_tag", tag = tag))
            .hint(say!("customers.one_word_at_most")));
    }
    Ok(tag)
}

pub(super) fn tag(
    b: &mut Batch<'_>,
    customers: &[Id],
    add: &[String],
    remove: &[String],
) -> Result<Done> {
    for id in customers {
        for (tags, value) in [(add, 1), (remove, 0)] {
            for tag in tags {
                b.set(
                    Entity::Customer,
                    *id,
                    &format!("tag.{}", tag_word(tag)?),
                    Value::Integer(value),
                )?;
            }
        }
    }
    let signs = add
        .iter()
        .map(|t| format!("+{t}"))
        .chain(remove.iter().map(|t| format!("-{t}")));
    Ok(done(
        format!(
            "Tags {} on {}",
            signs.collect::<Vec<_>>().join(" "),
            names(b, customers)?
        ),
        b.edits,
    ))
}
