//! Where the book still names somebody who is purged: texts about something else, what stood in a field before, labels, keys of calls,
//! settings. A purge leaves them, because they are about others too; they are told, so that somebody reads them.

use std::collections::{BTreeSet, HashSet};

use rusqlite::Connection;
use rusqlite::types::Value;
use serde::Serialize;

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::error::Result;
use crate::text::fold;

use super::batch::{self, Holds, TABLES, Table};
use super::{Store, conflicts, hash, once, search};

/// Words by which somebody is named, folded as a search folds them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Terms {
    /// Found anywhere: whole names, addresses, texts.
    whole: BTreeSet<String>,
    /// Found as a word of its own: the parts of a name.
    words: BTreeSet<String>,
    /// The last digits of telephone numbers.
    digits: BTreeSet<String>,
}

/// One place that names somebody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Mention {
    /// What it is: the kind of an event, `task`, `contact`, `view`, `setting`, `key` of a repeated call, `history` for a value that stood
    /// in a field, or `label` of a change.
    pub kind: String,
    /// The row, or the batch of a label.
    pub id: Id,
    /// Which field of it.
    pub field: String,
    /// The customer that it is about.
    pub customer: Option<String>,
    /// What was found there.
    pub found: String,
    /// The subcommand that purges it, where it can be.
    pub purge: Option<String>,
}

/// A part of a name with fewer letters is found everywhere.
const LEAST: usize = 3;

/// Digits of a telephone number that are compared, from the end; a number of fewer than the second is none.
const DIGITS: (usize, usize) = (9, 6);

/// Parts of names that name nobody.
const COMMON: &[&str] = &[
    "gmbh", "inc", "ltd", "llc", "corp", "company", "the", "and", "und", "group", "holding",
    "sarl", "plc", "www", "com", "http", "https",
];

/// What stands before the @ of many addresses.
const SHARED: &[&str] = &[
    "info", "sales", "office", "mail", "hello", "contact", "support", "team", "admin", "billing",
    "help", "service",
];

impl Terms {
    /// A name, and each part of it that is long enough.
    fn name(&mut self, name: &str) {
        self.text(name);
        let folded = fold(name);
        let parts = words_of(&folded).filter(|p| {
            p.chars().count() >= LEAST
                && !COMMON.contains(p)
                && !p.bytes().all(|b| b.is_ascii_digit())
        });
        self.words.extend(parts.map(str::to_owned));
    }

    /// A text as a whole.
    fn text(&mut self, text: &str) {
        let folded = fold(text.trim());
        if folded.chars().count() >= LEAST {
            self.whole.insert(folded);
        }
    }

    fn email(&mut self, email: &str) {
        self.text(email);
        let folded = fold(email);
        if let Some((local, _)) = folded.split_once('@')
            && local.chars().count() > LEAST
            && !SHARED.contains(&local)
        {
            self.whole.insert(local.to_owned());
        }
    }

    fn phone(&mut self, phone: &str) {
        let digits: Vec<u8> = phone.bytes().filter(u8::is_ascii_digit).collect();
        if digits.len() >= DIGITS.1 {
            self.digits.insert(
                digits[digits.len().saturating_sub(DIGITS.0)..]
                    .iter()
                    .map(|b| char::from(*b))
                    .collect(),
            );
        }
    }

    /// What of them a text has; `None`: nothing.
    fn in_text(&self, text: &str) -> Option<String> {
        let folded = fold(text);
        if let Some(found) = self.whole.iter().find(|w| folded.contains(w.as_str())) {
            return Some(found.clone());
        }
        if let Some(found) = words_of(&folded).find(|w| self.words.contains(*w)) {
            return Some(found.to_owned());
        }
        if self.digits.is_empty() {
            return None;
        }
        // Numbers are written with signs between.
        let joined: String = folded
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '/' | '(' | ')' | '.'))
            .collect();
        self.digits
            .iter()
            .find(|d| joined.contains(d.as_str()))
            .cloned()
    }

    /// A text names somebody.
    pub fn are_in(&self, text: &str) -> bool {
        self.in_text(text).is_some()
    }

    /// What names rows that go.
    pub fn of_rows(conn: &Connection, rows: &[(&'static Table, Id)]) -> Result<Terms> {
        let mut terms = Terms::default();
        let has = |entity: Entity| rows.iter().any(|row| row.0.entity == entity);
        let (of_customer, of_person) = (has(Entity::Customer), has(Entity::Contact));
        for (table, id) in rows {
            let said =
                |field: &str| batch::current(conn, table, *id, field).map(|c| c.map(|c| c.value));
            let text = |field: &str| {
                said(field).map(|v| {
                    if let Some(Value::Text(text)) = v {
                        text
                    } else {
                        String::new()
                    }
                })
            };
            match table.entity {
                Entity::Customer => {
                    terms.name(&text("name")?);
                    terms.phone(&text("phone")?);
                    terms.text(
                        text("website")?
                            .trim_start_matches("https://")
                            .trim_start_matches("http://")
                            .trim_end_matches('/'),
                    );
                }
                // Of the people of a customer the whole names: parts of all of them would be found everywhere.
                Entity::Contact => {
                    let name = text("name")?;
                    if !of_customer {
                        terms.name(&name)
                    } else {
                        terms.text(&name)
                    }
                    terms.email(&text("email")?);
                    terms.phone(&text("phone")?);
                }
                _ if !of_customer && !of_person => {
                    let title = conflicts::title_of(table).trim_start_matches("t.");
                    if table.fields.contains(&title) {
                        terms.text(&text(title)?);
                    }
                }
                _ => {}
            }
        }
        Ok(terms)
    }
}

fn words_of(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
}

impl Store {
    /// Every place that names what these words name, but rows and batches that go.
    pub fn mentions_of(&self, terms: &Terms, goes: &HashSet<Id>) -> Result<Vec<Mention>> {
        let mut all = Vec::new();
        for table in TABLES {
            self.mentions_in(table, terms, goes, &mut all)?;
        }
        self.mentions_before(terms, goes, &mut all)?;
        let mut statement = self
            .conn
            .prepare("SELECT id, label, command FROM batch ORDER BY n")?;
        let mut rows = statement.query([])?;
        while let Some(r) = rows.next()? {
            let id = Id(r.get(0)?);
            if !goes.contains(&id)
                && let Some(found) = terms.in_text(&search::text_at(r, 1)?)
            {
                let field = search::text_at(r, 2)?;
                all.push(Mention {
                    kind: "label".into(),
                    id,
                    field,
                    customer: None,
                    found,
                    purge: None,
                });
            }
        }
        Ok(all)
    }

    /// Texts that stand in the rows of a table.
    fn mentions_in(
        &self,
        table: &'static Table,
        terms: &Terms,
        goes: &HashSet<Id>,
        all: &mut Vec<Mention>,
    ) -> Result<()> {
        let mut fields: Vec<&str> = table
            .columns
            .iter()
            .chain(table.fields)
            .copied()
            .filter(|f| table.holds(f) == Holds::Text)
            .collect();
        fields.sort_unstable();
        fields.dedup();
        let columns: Vec<String> = fields.iter().map(|f| format!("\"{f}\"")).collect();
        let mut statement = self.conn.prepare(&format!(
            "SELECT id, {} FROM {} ORDER BY n",
            columns.join(", "),
            table.name
        ))?;
        let mut rows = statement.query([])?;
        while let Some(r) = rows.next()? {
            let id = Id(r.get(0)?);
            if goes.contains(&id) {
                continue;
            }
            for (at, field) in fields.iter().enumerate() {
                if let Some(found) = terms.in_text(&search::text_at(r, at + 1)?) {
                    let (mut mention, is_key) =
                        (self.mention(table, id, field, found)?, *field == "key");
                    if table.entity == Entity::Config {
                        let key = search::text_at(
                            r,
                            fields.iter().position(|f| *f == "key").unwrap_or_default() + 1,
                        )?;
                        let kind = if once::is_key(&key) { "key" } else { "setting" };
                        mention.kind = kind.into();
                        // A key is a name of somebody's own making: it is told where it is found, and a setting by its key.
                        mention.field = if is_key { "key".into() } else { key };
                    }
                    all.push(mention);
                }
            }
        }
        Ok(())
    }

    fn mention(
        &self,
        table: &'static Table,
        id: Id,
        field: &str,
        found: String,
    ) -> Result<Mention> {
        let customer = conflicts::called(&self.conn, table, id)?
            .and_then(|c| c.1)
            .map(|c| c.1);
        let purge = match table.entity {
            Entity::Customer => Some(format!("retain purge {id}")),
            _ if table.is_owned() => Some(format!("retain purge --{} {id}", table.name)),
            _ => None,
        };
        Ok(Mention {
            kind: conflicts::kind_of(&self.conn, table, id)?.to_owned(),
            id,
            field: field.to_owned(),
            customer,
            found,
            purge,
        })
    }

    /// What stood in fields of rows, and stands there no more.
    fn mentions_before(
        &self,
        terms: &Terms,
        goes: &HashSet<Id>,
        all: &mut Vec<Mention>,
    ) -> Result<()> {
        let query = "SELECT entity, row, field, before, after FROM edit WHERE typeof(before) = 'text' OR typeof(after) = 'text' ORDER BY n";
        let mut statement = self.conn.prepare(query)?;
        let mut rows = statement.query([])?;
        let mut known = HashSet::new();
        while let Some(r) = rows.next()? {
            let (entity, id, field): (i64, Id, String) =
                (r.get(0)?, Id(r.get(1)?), search::text_at(r, 2)?);
            let Some(table) = batch::table_numbered(entity) else {
                continue;
            };
            if goes.contains(&id) || known.contains(&(id, field.clone())) {
                continue;
            }
            for at in [3, 4] {
                let Value::Text(said) = hash::value_at(r, at)? else {
                    continue;
                };
                let Some(found) = terms.in_text(&said) else {
                    continue;
                };
                // What stands there still is told as that.
                if batch::current(&self.conn, table, id, &field)
                    .is_ok_and(|c| c.is_some_and(|c| c.value == Value::Text(said.clone())))
                {
                    continue;
                }
                known.insert((id, field.clone()));
                all.push(Mention {
                    kind: "history".into(),
                    ..self.mention(table, id, &field, found)?
                });
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
