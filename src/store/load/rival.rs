//! Fields that a file and a person have both changed since the last import: who wins, and what is told of it.

use std::collections::HashMap;

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use serde::Serialize;

use crate::domain::id::Id;
use crate::domain::money::Currency;
use crate::domain::profile::Winner;
use crate::domain::time::Stamp;
use crate::error::Result;
use crate::store::batch::Table;
use crate::store::{conflicts, heads, sql};

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
    /// True where the file's value may be written. Where only the person has changed the field, the person's stays without a word.
    pub(super) fn gives_way(
        &mut self,
        conn: &Connection,
        table: &'static Table,
        (row, field): (Id, &str),
        mine: &Value,
        theirs: &Value,
    ) -> Result<bool> {
        let edits = heads::of_field(conn, row, field)?;
        let author = match edits.iter().rev().find(|h| !is_file(&h.command)) {
            Some(head) => Author { person: head.person.clone(), at: head.wall },
            None if !edits.is_empty() => return Ok(true),
            None => match maker(conn, table, row)? {
                // What a person left empty may be filled.
                Some(author) if !is_empty(mine) => author,
                _ => return Ok(true),
            },
        };
        if last_of_files(conn, row, field)?.as_ref() == Some(theirs) {
            return Ok(false);
        }
        let said = |value: &Value| conflicts::spoken(table, field, value, self.currency).unwrap_or_default();
        let rule = self.answers.get(&(row, field.to_owned())).copied().unwrap_or(self.winner);
        let won = match rule {
            Winner::Newer if self.changed.is_some_and(|at| at.0 > author.at) => Winner::Theirs,
            Winner::Newer => Winner::Mine,
            other => other,
        };
        self.found.push((
            Difference {
                row,
                table: table.name,
                field: field.to_owned(),
                mine: said(mine),
                person: author.person,
                at: Stamp(author.at),
                theirs: said(theirs),
            },
            won,
        ));
        Ok(won == Winner::Theirs)
    }
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Integer(0)) || matches!(value, Value::Text(t) if t.is_empty())
}

/// The person who made a row; `None` for one that a file made.
fn maker(conn: &Connection, table: &Table, row: Id) -> Result<Option<Author>> {
    let query = format!("SELECT b.command, b.person, b.wall FROM {} t JOIN batch b ON b.n = t.batch WHERE t.id = ?", table.name);
    let made = conn
        .prepare_cached(&query)
        .and_then(|mut s| s.query_row([&row], |r| Ok((r.get::<_, String>(0)?, r.get(1)?, r.get(2)?))))
        .map_err(sql)?;
    Ok((!is_file(&made.0)).then_some(Author { person: made.1, at: made.2 }))
}

/// What files said of a field last: by the edits of imports, or in the row as an import made it. `None` where none said anything.
fn last_of_files(conn: &Connection, row: Id, field: &str) -> Result<Option<Value>> {
    let query = "SELECT b.command, e.before, e.after, (SELECT m.command FROM batch m JOIN customer c ON c.batch = m.n WHERE c.id = e.row)
         FROM edit e JOIN batch b ON b.n = e.batch WHERE e.row = ? AND e.field = ? ORDER BY e.id";
    let mut statement = conn.prepare_cached(query).map_err(sql)?;
    let mut rows = statement.query(params![row, field]).map_err(sql)?;
    let mut last = None;
    let mut first = true;
    while let Some(row) = rows.next().map_err(sql)? {
        let command: String = row.get(0).map_err(sql)?;
        let maker: Option<String> = row.get(3).map_err(sql)?;
        if std::mem::take(&mut first) && maker.as_deref().is_none_or(is_file) {
            last = Some(row.get(1).map_err(sql)?);
        }
        if is_file(&command) {
            last = Some(row.get(2).map_err(sql)?);
        }
    }
    Ok(last)
}
