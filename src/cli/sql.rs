//! `retain sql`: one read-only SELECT on documented views.

use std::io::Read as _;

use serde_json::{Map, Value};

use super::Cx;
use super::fail::{Done, Stop};
use super::out::Form;
use crate::error::Error;
use crate::transfer::rows;

/// Ask the book in SQL: one SELECT on views with plain names
///
/// The views are customer, contact, event, ticket, task, subscription, signal and edit; --views lists their columns. Nothing can be
/// written, attached or set. Ids and days are text, amounts minor units, moments UTC.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The statement; - reads it from standard input
    #[arg(required_unless_present = "views")]
    statement: Option<String>,
    /// Print the views with their columns
    #[arg(long, conflicts_with = "statement")]
    views: bool,
    /// Stop it after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    timeout: u32,
}

/// A longer statement is a mistake (a wrong file).
const LONGEST: u64 = 1 << 20;

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    if cx.as_of.is_some() {
        return Err(Error::usage(say!("sql.sql_reads_book_as"))
            .hint(say!("sql.leave_out_as"))
            .into());
    }
    let mut store = cx.open()?;
    let Some(statement) = &args.statement else {
        return views(cx, &store);
    };
    let text = if statement == "-" {
        from_stdin()?
    } else {
        statement.clone()
    };
    store.cap_memory()?;
    let stop = super::interruption(args.timeout)?;
    let mut printed = Printed {
        heads: Vec::new(),
        rows: Vec::new(),
        failed: None,
    };
    store.select(&text, stop, &mut |row| printed.take(cx, row))?;
    printed.end(cx)
}

fn from_stdin() -> Result<String, Error> {
    let mut text = String::new();
    let read = std::io::stdin()
        .lock()
        .take(LONGEST)
        .read_to_string(&mut text);
    read.map_err(|e| Error::usage(say!("sql.statement_on_standard_input")).because(e))?;
    Ok(text)
}

/// Rows on their way out: lines are printed as they come, tables and objects when all are there.
struct Printed {
    heads: Vec<String>,
    rows: Vec<Vec<Value>>,
    failed: Option<std::io::Error>,
}

impl Printed {
    fn take(&mut self, cx: &mut Cx<'_>, row: Vec<Value>) -> bool {
        if self.heads.is_empty() {
            self.heads = row
                .iter()
                .map(|name| name.as_str().unwrap_or_default().to_owned())
                .collect();
            return true;
        }
        if !(cx.out.json && cx.out.form == Form::Lines) {
            self.rows.push(row);
            return true;
        }
        let object = self.object(row);
        self.failed = rows::line(cx.out.raw(), &object).err();
        self.failed.is_none()
    }

    /// A row as an object; of two columns with one name the later has a number behind it.
    fn object(&self, row: Vec<Value>) -> Value {
        let mut object = Map::new();
        for (at, (name, value)) in self.heads.iter().zip(row).enumerate() {
            let name = if object.contains_key(name) {
                format!("{name}_{}", at + 1)
            } else {
                name.clone()
            };
            object.insert(name, value);
        }
        Value::Object(object)
    }

    fn end(mut self, cx: &mut Cx<'_>) -> Done {
        if let Some(error) = self.failed.take() {
            return Err(Stop::from(error));
        }
        let rows = std::mem::take(&mut self.rows);
        if cx.out.json {
            let rows: Vec<Value> = rows.into_iter().map(|row| self.object(row)).collect();
            return if cx.out.form == Form::Lines {
                Ok(())
            } else {
                cx.out.rows(
                    "rows",
                    serde_json::json!({ "columns": self.heads, "rows": rows }),
                )
            };
        }
        let right: Vec<bool> = (0..self.heads.len())
            .map(|at| rows.iter().all(|row| !row[at].is_string()) && !rows.is_empty())
            .collect();
        let cell = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let table: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(cell).collect())
            .collect();
        let heads: Vec<&str> = self.heads.iter().map(String::as_str).collect();
        Ok(cx.out.table(&heads, &right, &table)?)
    }
}

fn views(cx: &mut Cx<'_>, store: &crate::store::Store) -> Done {
    let views = store.select_views()?;
    let rows = views.iter().map(|(name, about, columns)| serde_json::json!({ "view": name, "about": about, "columns": columns })).collect();
    let table: Vec<Vec<String>> = views
        .iter()
        .map(|(name, about, columns)| {
            vec![
                (*name).to_owned(),
                format!("{about}: {}", columns.join(", ")),
            ]
        })
        .collect();
    cx.list(
        "views",
        rows,
        &["view", "a row is"],
        &table,
        &say!("any.there_none"),
    )
}
