//! `FIELD=VALUE` on the command line as changes of a row, and the one row that a person means.

use serde_json::Value;

use super::Cx;
use crate::domain::command::{Change, Entity};
use crate::domain::customer::ROLES;
use crate::domain::id::Id;
use crate::error::{Error, Result};
use crate::store::Store;

/// How a value is read.
#[derive(Clone, Copy)]
enum Reading {
    Text,
    Day,
    Moment,
    Number(i64, i64),
    YesNo,
    Role,
}

/// One field: what is typed, what it is in the book, how it is read.
type Field = (&'static str, &'static str, Reading);

const CUSTOMER: &[Field] = &[
    ("name", "name", Reading::Text),
    ("owner", "owner", Reading::Text),
    ("website", "website", Reading::Text),
    ("phone", "phone", Reading::Text),
    ("key", "external", Reading::Text),
    ("created", "created", Reading::Day),
];
const CONTACT: &[Field] = &[
    ("name", "name", Reading::Text),
    ("role", "role", Reading::Role),
    ("email", "email", Reading::Text),
    ("phone", "phone", Reading::Text),
    ("key", "external", Reading::Text),
    ("main", "main", Reading::YesNo),
];
const EVENT: &[Field] = &[
    ("text", "text", Reading::Text),
    ("at", "at", Reading::Moment),
    ("channel", "channel", Reading::Text),
    ("direction", "direction", Reading::Text),
    ("number", "number", Reading::Number(i64::MIN, i64::MAX)),
];
const TASK: &[Field] = &[
    ("title", "title", Reading::Text),
    ("due", "due", Reading::Day),
    ("owner", "owner", Reading::Text),
    ("priority", "priority", Reading::Number(1, 3)),
    ("kind", "kind", Reading::Text),
];
const TICKET: &[Field] = &[
    ("subject", "subject", Reading::Text),
    ("severity", "severity", Reading::Number(1, 4)),
    ("csat", "csat", Reading::Number(1, 5)),
    ("opened", "opened", Reading::Moment),
    ("closed", "closed", Reading::Moment),
];
const SUBSCRIPTION: &[Field] = &[
    ("start", "start", Reading::Day),
    ("end", "end", Reading::Day),
    ("status", "status", Reading::Text),
];

fn fields(entity: Entity) -> &'static [Field] {
    match entity {
        Entity::Customer => CUSTOMER,
        Entity::Contact => CONTACT,
        Entity::Event => EVENT,
        Entity::Task => TASK,
        Entity::Ticket => TICKET,
        Entity::Subscription => SUBSCRIPTION,
        _ => &[],
    }
}

/// The names of the fields that can be set, for completion and hints.
pub(super) fn names(entity: Entity) -> impl Iterator<Item = &'static str> {
    fields(entity).iter().map(|f| f.0)
}

/// The changes that `FIELD=VALUE` words ask for.
pub(super) fn read(
    cx: &Cx<'_>,
    store: &Store,
    entity: Entity,
    words: &[&str],
) -> Result<Vec<Change>> {
    if words.is_empty() {
        return Err(Error::usage("Nothing is to be changed")
            .hint(format!("FIELD=VALUE; {}", hint(store, entity))));
    }
    words
        .iter()
        .map(|word| one(cx, store, entity, word))
        .collect()
}

fn hint(store: &Store, entity: Entity) -> String {
    let mut all: Vec<String> = names(entity).map(str::to_owned).collect();
    if entity == Entity::Customer {
        all.extend(
            store
                .config()
                .attributes
                .iter()
                .map(|a| format!("attr.{}", a.code)),
        );
    }
    format!("fields: {}", all.join(", "))
}

fn one(cx: &Cx<'_>, store: &Store, entity: Entity, word: &str) -> Result<Change> {
    let wrong = || {
        Error::usage(say!("change.not_change", word = word))
            .hint(format!("FIELD=VALUE; {}", hint(store, entity)))
    };
    let (name, value) = word.split_once('=').ok_or_else(wrong)?;
    if let Some(code) = name
        .strip_prefix("attr.")
        .filter(|_| entity == Entity::Customer)
    {
        let config = store.config();
        config.attribute(code).ok_or_else(|| {
            Error::usage(say!("change.book_no_attribute", code = code))
                .hint("`retain attribute add CODE` makes one")
                .hint(hint(store, entity))
        })?;
        return Ok(Change::set(
            name,
            if value.is_empty() {
                Value::Null
            } else {
                value.into()
            },
        ));
    }
    let (_, field, reading) = fields(entity)
        .iter()
        .find(|f| f.0 == name)
        .ok_or_else(wrong)?;
    let number = |least: i64, most: i64| {
        let found = value
            .parse::<i64>()
            .ok()
            .filter(|n| (least..=most).contains(n));
        found.ok_or_else(|| {
            Error::usage(say!(
                "change.takes_number_from_not",
                name = name,
                least = least,
                most = most,
                value = value
            ))
        })
    };
    let value = match reading {
        Reading::Text => value.into(),
        _ if value.is_empty() => Value::Null,
        Reading::Day => cx
            .day(store, Some(value))?
            .map_or(Value::Null, |d| d.to_string().into()),
        Reading::Moment => cx
            .past(store, Some(value))?
            .map_or(Value::Null, |at| at.0.into()),
        Reading::Number(least, most) => number(*least, *most)?.into(),
        Reading::YesNo => match value {
            "yes" | "1" | "true" => 1.into(),
            "no" | "0" | "false" => 0.into(),
            _ => {
                return Err(Error::usage(say!(
                    "change.takes_yes_or_no",
                    name = name,
                    value = value
                )));
            }
        },
        Reading::Role if ROLES.contains(&value) => value.into(),
        Reading::Role => {
            return Err(Error::usage(say!("change.there_no_role", value = value))
                .hint(format!("roles: {}", ROLES.join(", "))));
        }
    };
    Ok(Change::set(field, value))
}

/// The one row that is meant by an id, the end of one, or a name; of several with that name the only one that is open.
pub(super) fn row(store: &Store, entity: Entity, what: &str, text: &str) -> Result<(Id, bool)> {
    let found = store.find_rows(entity, text)?;
    let open: Vec<_> = found.iter().filter(|f| f.2).collect();
    match (found.as_slice(), open.as_slice()) {
        ([], _) => Err(
            Error::not_found(say!("change.there_no", what = what, text = text))
                .hint(say!("change.prints_their_ids", entity = printed(entity))),
        ),
        ([only], _) => Ok((only.0, only.2)),
        (_, [only]) => Ok((only.0, true)),
        (several, _) => {
            let error = Error::usage(say!("change.fits_several_them_name", text = text));
            Err(several
                .iter()
                .take(8)
                .fold(error, |e, (id, name, _)| e.hint(format!("{id}  {name}"))))
        }
    }
}

/// What a row of the kind is called.
pub(super) fn word(entity: Entity) -> &'static str {
    match entity {
        Entity::Task => "task",
        Entity::Action => "call to action",
        Entity::Ticket => "ticket",
        Entity::Contact => "contact",
        Entity::Subscription => "subscription",
        Entity::Event => "event",
        Entity::View => "view",
        _ => "row",
    }
}

fn printed(entity: Entity) -> &'static str {
    match entity {
        Entity::Task => "`retain task list`",
        Entity::Action => "`retain action list`",
        Entity::Ticket => "`retain ticket list`",
        Entity::Contact => "`retain contact list`",
        Entity::Subscription => "`retain subscription list`",
        Entity::Event => "`retain event list`",
        Entity::View => "`retain view list`",
        _ => "`retain show CUSTOMER`",
    }
}

/// All the rows that are meant.
pub(super) fn rows(store: &Store, entity: Entity, what: &str, texts: &[String]) -> Result<Vec<Id>> {
    texts
        .iter()
        .map(|text| row(store, entity, what, text).map(|r| r.0))
        .collect()
}
