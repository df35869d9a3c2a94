//! Fields that a file and a person have both changed since the last import: who wins, and what is told of it.
//!
//! What was taken back has not been said. An undo, a redo or the taking back of a batch stands for what the field said before: so an
//! import that was undone is no word of a file, and its undo none of a person.

use std::collections::{BTreeSet, HashMap};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use crate::domain::heads::{Mark, heads, ids_of};
use crate::domain::id::Id;
use crate::domain::money::Currency;
use crate::domain::profile::Winner;
use crate::domain::time::Stamp;
use crate::error::Result;
use crate::store::batch::{OWNER, Table};
use crate::store::hash::{bytes_at, value_at};
use crate::store::{conflicts, search};

/// What was answered to single fields, by the id of the row and the field.
pub type Answers = HashMap<(Id, String), Winner>;

/// A field that both sides have changed since the last import.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Difference {
    /// The row.
    pub row: Id,
    /// The table that it is in.
    pub table: &'static str,
    /// The field.
    pub field: String,
    /// What stands in the book.
    pub mine: String,
    /// Who wrote that.
    pub person: String,
    /// And when.
    pub at: Stamp,
    /// What the file says.
    pub theirs: String,
}

/// The rule, the answers, and what was found.
#[derive(Default)]
pub(super) struct Rivals {
    pub winner: Winner,
    pub answers: Answers,
    /// When the other side last changed the row that is being put.
    pub changed: Option<Stamp>,
    pub found: Vec<(Difference, Winner)>,
    /// The book's, for amounts in what is told.
    pub currency: Currency,
}

/// Who wrote what stands in a field, if it was a person.
struct Author {
    person: String,
    at: i64,
}

/// Commands whose edits are those of files; a look at what an import would do is one that is always taken back.
fn is_file(command: &str) -> bool {
    matches!(command, "import" | "look" | "demo")
}

impl Rivals {
    /// True where the file's value may be written. Where only the person has changed the field, the person's stays without a word:
    /// `said` tells whether an earlier value of files is what the file says now.
    pub(super) fn gives_way(
        &mut self,
        conn: &Connection,
        table: &'static Table,
        (row, field): (Id, &str),
        mine: &Value,
        theirs: &Value,
        said: &dyn Fn(&Value) -> bool,
    ) -> Result<bool> {
        let history = History::read(conn, row, field)?;
        let made = maker(conn, table, row)?;
        let author = match history
            .heads
            .iter()
            .rev()
            .map(|at| &history.edits[*at])
            .find(|edit| !is_file(&edit.command))
        {
            Some(edit) => Author {
                person: edit.person.clone(),
                at: edit.wall,
            },
            None if !history.heads.is_empty() => return Ok(true),
            None => match &made {
                // What a person left empty may be filled.
                Some(author) if !is_empty(mine) => Author {
                    person: author.person.clone(),
                    at: author.at,
                },
                _ => return Ok(true),
            },
        };
        if let Some(earlier) = history.last_of_files(made.is_none())
            && (said(earlier) || field == OWNER && have_one_key(conn, earlier, theirs)?)
        {
            return Ok(false);
        }
        let rule = self
            .answers
            .get(&(row, field.to_owned()))
            .copied()
            .unwrap_or(self.winner);
        let won = match rule {
            Winner::Newer if self.changed.is_some_and(|at| at.0 > author.at) => Winner::Theirs,
            Winner::Newer => Winner::Mine,
            other => other,
        };
        let said = |value: &Value| match (field, value) {
            (OWNER, Value::Blob(id)) => {
                customer(conn, id).map(|found| found.map(|(_, name)| name).unwrap_or_default())
            }
            _ => Ok(conflicts::spoken(table, field, value, self.currency).unwrap_or_default()),
        };
        let (mine, theirs) = (said(mine)?, said(theirs)?);
        self.found.push((
            Difference {
                row,
                table: table.name,
                field: field.to_owned(),
                mine,
                person: author.person,
                at: Stamp(author.at),
                theirs,
            },
            won,
        ));
        Ok(won == Winner::Theirs)
    }
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Integer(0))
        || matches!(value, Value::Text(t) if t.is_empty())
}

/// The key and the name of a customer.
fn customer(conn: &Connection, id: &[u8]) -> Result<Option<(String, String)>> {
    conn.prepare_cached("SELECT external, name FROM customer WHERE id = ?")
        .and_then(|mut s| {
            s.query_row([id], |r| {
                Ok((search::text_at_raw(r, 0)?, search::text_at_raw(r, 1)?))
            })
            .optional()
        })
        .map_err(Into::into)
}

/// Two customers are one to a file: it knows them by their key. One of them was merged with another, or removed.
fn have_one_key(conn: &Connection, one: &Value, other: &Value) -> Result<bool> {
    let key = |value: &Value| match value {
        Value::Blob(id) => {
            customer(conn, id).map(|found| found.map(|(key, _)| key).filter(|key| !key.is_empty()))
        }
        _ => Ok(None),
    };
    Ok(key(one)?.is_some_and(|one| key(other).is_ok_and(|other| other == Some(one))))
}

/// The person who made a row; `None` for one that a file made.
fn maker(conn: &Connection, table: &Table, row: Id) -> Result<Option<Author>> {
    let query = format!(
        "SELECT b.command, b.person, b.wall FROM {} t JOIN batch b ON b.n = t.batch WHERE t.id = ?",
        table.name
    );
    let made = conn.prepare_cached(&query).and_then(|mut s| {
        s.query_row([&row], |r| {
            Ok((
                r.get::<_, String>(0)?,
                search::text_at_raw(r, 1)?,
                r.get(2)?,
            ))
        })
    })?;
    Ok((!is_file(&made.0)).then_some(Author {
        person: made.1,
        at: made.2,
    }))
}

/// One edit of a field.
struct Edit {
    mark: Mark,
    undoes: Option<Id>,
    command: String,
    person: String,
    wall: i64,
    before: Value,
    after: Value,
}

/// What was said of a field and not taken back.
struct History {
    edits: Vec<Edit>,
    /// The places of those that say what stands, the one that is shown last.
    heads: Vec<usize>,
    /// The places of all that count, the latest last.
    count: Vec<usize>,
}

impl History {
    fn read(conn: &Connection, row: Id, field: &str) -> Result<History> {
        let query = "SELECT e.id, b.id, b.hlc, e.seen, b.undoes, b.command, b.person, b.wall, e.before, e.after
             FROM edit e JOIN batch b ON b.n = e.batch WHERE e.row = ? AND e.field = ?";
        let mut statement = conn.prepare_cached(query)?;
        let mut rows = statement.query(params![row, field])?;
        let mut edits = Vec::new();
        while let Some(r) = rows.next()? {
            let id = |at: usize| -> Result<Id> { Ok(Id(r.get(at)?)) };
            edits.push(Edit {
                mark: Mark {
                    edit: id(0)?,
                    batch: id(1)?,
                    hlc: r.get(2)?,
                    seen: ids_of(&bytes_at(r, 3)?).collect(),
                },
                undoes: Id::from_slice(&bytes_at(r, 4)?),
                command: search::text_at(r, 5)?,
                person: search::text_at(r, 6)?,
                wall: r.get(7)?,
                before: value_at(r, 8)?,
                after: value_at(r, 9)?,
            });
        }
        let marks: Vec<Mark> = edits.iter().map(|e| e.mark.clone()).collect();
        let places: HashMap<Id, usize> = marks
            .iter()
            .enumerate()
            .map(|(at, mark)| (mark.edit, at))
            .collect();
        let at = |seen: &[Id]| -> Vec<usize> {
            seen.iter()
                .filter_map(|id| places.get(id).copied())
                .collect()
        };
        let mut history = History {
            edits,
            heads: Vec::new(),
            count: Vec::new(),
        };
        history.heads = history.standing(heads(&marks), &at);
        let (mut next, mut count) = (history.heads.clone(), BTreeSet::new());
        while let Some(place) = next.pop() {
            if count.insert(place) {
                next.extend(history.standing(at(&history.edits[place].mark.seen), &at));
            }
        }
        history.count = history.in_order(count);
        Ok(history)
    }

    /// What these edits stand for: each itself, but one that takes a batch back for what that batch had seen.
    fn standing(&self, from: Vec<usize>, at: &dyn Fn(&[Id]) -> Vec<usize>) -> Vec<usize> {
        let (mut next, mut passed, mut found) = (from, BTreeSet::new(), BTreeSet::new());
        while let Some(place) = next.pop() {
            if !passed.insert(place) {
                continue;
            }
            let taken = |batch: Id| {
                self.edits
                    .iter()
                    .filter(|e| e.mark.batch == batch)
                    .min_by_key(|e| e.mark.edit)
            };
            match self.edits[place].undoes.and_then(taken) {
                Some(first) => next.extend(at(&first.mark.seen)),
                None => {
                    found.insert(place);
                }
            }
        }
        self.in_order(found)
    }

    fn in_order(&self, places: BTreeSet<usize>) -> Vec<usize> {
        let mut places: Vec<usize> = places.into_iter().collect();
        places.sort_by_key(|at| {
            let mark = &self.edits[*at].mark;
            (mark.hlc, mark.batch, mark.edit)
        });
        places
    }

    /// What files said last: by an edit of an import, or in the row where a file made it. `None` where none said anything.
    fn last_of_files(&self, made: bool) -> Option<&Value> {
        let edit = self
            .count
            .iter()
            .rev()
            .map(|at| &self.edits[*at])
            .find(|edit| is_file(&edit.command));
        let first = || {
            self.edits
                .iter()
                .find(|e| e.mark.seen.is_empty())
                .filter(|_| made)
        };
        edit.map(|edit| &edit.after)
            .or_else(|| first().map(|edit| &edit.before))
    }
}
