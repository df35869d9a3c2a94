//! Everything that the book has of one person, for that person: the contact, what happened with it, every change of that, and texts
//! that name it.

use rusqlite::{Row, params};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::domain::command::Entity;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Result};
use crate::text::fold;

use super::{Store, batch, search};

/// What there is of a person.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Subject {
    /// The contact's own fields.
    pub contact: Map<String, Json>,
    /// Whose contact it is.
    pub customer: String,
    /// When it was written down, and by whom.
    pub recorded: Recorded,
    /// What happened with it: touches, answers, invitations.
    pub events: Vec<Fact>,
    /// Changes of the contact and of those events.
    pub changes: Vec<Changed>,
    /// Texts of the same customer that name it, though they are not about it: these a purge of the contact leaves.
    pub mentions: Vec<Fact>,
}

/// When, and by whom.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Recorded {
    /// When.
    pub at: String,
    /// Who.
    pub by: String,
}

/// One thing with the person in it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Fact {
    /// The row.
    pub id: Id,
    /// What it is: `touch`, `nps`, `note`, `task`...
    pub kind: String,
    /// Its civil date.
    pub day: Option<Day>,
    /// Its channel.
    pub channel: String,
    /// Its figure.
    pub number: Option<i64>,
    /// Its words.
    pub text: String,
    /// When it was written down, and by whom.
    pub recorded: Recorded,
}

/// One change.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Changed {
    /// The row.
    pub row: Id,
    /// The field.
    pub field: String,
    /// What stood there.
    pub before: Json,
    /// What was written.
    pub after: Json,
    /// When, and by whom.
    pub recorded: Recorded,
}

fn recorded(row: &Row<'_>, at: usize) -> Result<Recorded> {
    let moment = Stamp(row.get(at)?)
        .utc()
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    Ok(Recorded {
        at: moment,
        by: search::text_at(row, at + 1)?,
    })
}

impl Store {
    /// What the book has of a contact, also of one that is removed.
    pub fn subject(&self, contact: Id) -> Result<Subject> {
        let table = batch::table(Entity::Contact);
        let query = format!(
            "SELECT {}, c.name, b.wall, b.person, k.n, c.n FROM contact k JOIN customer c ON c.n = k.customer JOIN batch b ON b.n = k.batch
             WHERE k.id = ?",
            table.fields.iter().map(|f| format!("k.{f}")).collect::<Vec<_>>().join(", ")
        );
        let gone = || Error::not_found(say!("subject.contact_gone"));
        let mut statement = self.conn.prepare_cached(&query)?;
        let mut rows = statement.query([&contact])?;
        let row = rows.next()?.ok_or_else(gone)?;
        let mut fields = Map::from_iter([("id".to_owned(), Json::from(contact.to_string()))]);
        for (at, field) in table.fields.iter().enumerate() {
            fields.insert((*field).to_owned(), batch::value_json(&row.get(at)?));
        }
        let next = table.fields.len();
        let (n, customer): (i64, i64) = (row.get(next + 3)?, row.get(next + 4)?);
        let text = |field: &str| {
            fields
                .get(field)
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let names = [text("name"), text("email"), text("phone")];
        Ok(Subject {
            customer: search::text_at(row, next)?,
            recorded: recorded(row, next + 1)?,
            events: self.facts_where("e.contact = ?1", n)?,
            changes: self.changes_of(contact, n)?,
            mentions: self.mentions(n, customer, &names)?,
            contact: fields,
        })
    }

    fn facts_where(&self, which: &str, n: i64) -> Result<Vec<Fact>> {
        let query = format!(
            "SELECT e.id, e.kind, e.day, e.channel, e.number, e.text, b.wall, b.person FROM event e JOIN batch b ON b.n = e.batch
             WHERE {which} ORDER BY e.at, e.id"
        );
        let mut statement = self.conn.prepare_cached(&query)?;
        let mut rows = statement.query([n])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(Fact {
                id: Id(row.get(0)?),
                kind: EventKind::from_number(row.get(1)?)
                    .map_or("event", EventKind::code)
                    .to_owned(),
                day: Day::from_number(row.get(2)?),
                channel: search::text_at(row, 3)?,
                number: row.get(4)?,
                text: search::text_at(row, 5)?,
                recorded: recorded(row, 6)?,
            });
        }
        Ok(all)
    }

    fn changes_of(&self, contact: Id, n: i64) -> Result<Vec<Changed>> {
        let query = "SELECT e.row, e.field, e.before, e.after, b.wall, b.person FROM edit e JOIN batch b ON b.n = e.batch
                     WHERE e.row = ?1 OR e.row IN (SELECT id FROM event WHERE contact = ?2) ORDER BY b.hlc, e.id";
        let mut statement = self.conn.prepare_cached(query)?;
        let mut rows = statement.query(params![contact, n])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(Changed {
                row: Id(row.get(0)?),
                field: search::text_at(row, 1)?,
                before: batch::value_json(&row.get(2)?),
                after: batch::value_json(&row.get(3)?),
                recorded: recorded(row, 4)?,
            });
        }
        Ok(all)
    }

    /// Texts of the customer that have one of the names in them.
    fn mentions(&self, contact: i64, customer: i64, names: &[String]) -> Result<Vec<Fact>> {
        // Two letters would be found everywhere.
        let names: Vec<String> = names
            .iter()
            .map(|n| fold(n))
            .filter(|n| n.chars().count() > 2)
            .collect();
        let mut all = self.facts_where("e.customer = ?1 AND e.text <> ''", customer)?;
        let own: Vec<Id> = self
            .facts_where("e.contact = ?1", contact)?
            .into_iter()
            .map(|f| f.id)
            .collect();
        for (table, column, kind) in [
            ("task", "title", "task"),
            ("action", "title", "call"),
            ("ticket", "subject", "ticket"),
        ] {
            let query = format!(
                "SELECT t.id, t.{column}, b.wall, b.person FROM {table} t JOIN batch b ON b.n = t.batch WHERE t.customer = ? ORDER BY t.id"
            );
            let mut statement = self.conn.prepare_cached(&query)?;
            let mut rows = statement.query([customer])?;
            while let Some(row) = rows.next()? {
                let (id, text) = (Id(row.get(0)?), search::text_at(row, 1)?);
                let (kind, channel) = (kind.to_owned(), String::new());
                all.push(Fact {
                    id,
                    kind,
                    day: None,
                    channel,
                    number: None,
                    text,
                    recorded: recorded(row, 2)?,
                });
            }
        }
        all.retain(|f| {
            let text = fold(&f.text);
            !own.contains(&f.id) && names.iter().any(|n| text.contains(n.as_str()))
        });
        Ok(all)
    }
}

#[cfg(test)]
mod tests;
