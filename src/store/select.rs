//! Read-only SQL for scripts, on views with plain names: ids and days as text, amounts in minor units, nothing that is removed.
//!
//! A connection of its own that only reads, with `query_only`, has the views as temporary ones; the authorizer lets a statement
//! select from them and call functions, and nothing else: no writing, no attaching, no pragma, and no table behind the views,
//! which are no promise. Behind each view stands one with a name that nobody can know, and only in such a name the tables are read:
//! a `WITH` that has a view's name reads no more than any other. Whoever runs it says when it has taken too long.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params_from_iter};
use serde_json::Value as Json;

use crate::columns::COLUMNS;
use crate::domain::event::EventKind;
use crate::domain::id::Ids;
use crate::error::{Error, Kind, Result};

use super::batch::TABLES;
use super::{Mode, Store, open};

/// Asked again and again while a statement runs; `true` stops it.
pub type Stop = Box<dyn FnMut() -> bool + Send>;

/// A view: its name, what a row of it is, and the query behind it.
struct View {
    name: &'static str,
    about: &'static str,
    query: String,
}

/// Steps of SQLite's machine between two questions whether to stop. A step over large values takes a millisecond, so they are few.
const BETWEEN: i32 = 100;

/// Bytes of the largest value in a statement: four times the longest text of a book. What grows is refused before it takes seconds.
const LARGEST: i32 = 4 << 20;

/// Bytes that SQLite may have in a process that runs a person's statement.
const MEMORY: u64 = 512 << 20;

impl Store {
    /// From here on SQLite takes no more memory than a statement is worth, in the whole process. It cannot be taken back: for a program
    /// that runs one statement and ends.
    pub fn cap_memory(&self) -> Result<()> {
        self.conn
            .query_row(
                &format!("PRAGMA hard_heap_limit = {MEMORY}"),
                [],
                |_| Ok(()),
            )
            .map_err(Into::into)
    }

    /// Runs one SELECT. `each` gets the names of the columns, then the rows, and says whether to go on.
    pub fn select(
        &mut self,
        text: &str,
        stop: Stop,
        each: &mut dyn FnMut(Vec<Json>) -> bool,
    ) -> Result<()> {
        let (mut conn, hidden) = self.views()?;
        conn.progress_handler(BETWEEN, Some(stop))?;
        if reads_signals(&mut conn, text, &hidden)? {
            self.fill_signals(&mut conn)?;
        }
        conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, LARGEST)?;
        conn.execute_batch("PRAGMA query_only = ON")?;
        guard(&mut conn, None, &hidden)?;
        let mut all = rusqlite::Batch::new(&conn, text);
        let mut statement = all
            .next()
            .map_err(|e| refused(e, text))?
            .ok_or_else(|| Error::usage("There is no statement in it"))?;
        if !statement.readonly() || statement.column_count() == 0 {
            return Err(only_select());
        }
        let columns = statement.column_count();
        if !each(statement.column_names().map(Json::from).collect()) {
            return Ok(());
        }
        let mut rows = statement.query([]).map_err(|e| refused(e, text))?;
        while let Some(row) = rows.next().map_err(|e| refused(e, text))? {
            let cells = (0..columns)
                .map(|at| row.get_ref(at).map(json).map_err(Into::into))
                .collect::<Result<_>>()?;
            if !each(cells) {
                return Ok(());
            }
        }
        drop(rows);
        drop(statement);
        match all.next() {
            Ok(None) => Ok(()),
            _ => Err(Error::usage(
                "One statement at a time: what stands behind the first was not run",
            )),
        }
    }

    /// The views with what a row of each is, and their columns.
    pub fn select_views(&self) -> Result<Vec<(&'static str, &'static str, Vec<String>)>> {
        let (conn, _) = self.views()?;
        let columns = |name: &str| -> Result<Vec<String>> {
            let statement = conn.prepare(&format!("SELECT * FROM temp.\"{name}\" LIMIT 0"))?;
            Ok(statement.column_names().map(str::to_owned).collect())
        };
        let mut all = Vec::new();
        for view in views() {
            all.push((view.name, view.about, columns(view.name)?));
        }
        all.push((SIGNAL.0, SIGNAL.1, columns(SIGNAL.0)?));
        Ok(all)
    }

    /// A connection of its own with the views, and what the names of those behind them begin with; the one of figures is an empty table
    /// as yet.
    fn views(&self) -> Result<(Connection, String)> {
        if self.mode == Mode::Memory || self.past {
            return Err(Error::usage("SQL reads the book as it is now"));
        }
        let conn = open::beside(&self.path)?;
        let hidden = format!("behind {} ", Ids::random().next(self.now));
        for View { name, query, .. } in views() {
            conn.execute_batch(&format!(
                "CREATE TEMP VIEW \"{hidden}{name}\" AS {query}; CREATE TEMP VIEW \"{name}\" AS SELECT * FROM temp.\"{hidden}{name}\""
            ))?;
        }
        let columns: Vec<String> = COLUMNS
            .iter()
            .map(|c| format!("\"{}\"", c.code()))
            .collect();
        conn.execute_batch(&format!(
            "CREATE TEMP TABLE \"{}\" (customer_id, {})",
            SIGNAL.0,
            columns.join(", ")
        ))?;
        Ok((conn, hidden))
    }

    /// Puts the figures of every customer into the table of figures.
    fn fill_signals(&mut self, conn: &mut Connection) -> Result<()> {
        self.load_orders()?;
        let shared = self.roster()?;
        let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
        let marks = vec!["?"; COLUMNS.len() + 1].join(",");
        let mut statement = conn.prepare(&format!(
            "INSERT INTO temp.\"{}\" VALUES ({marks})",
            SIGNAL.0
        ))?;
        for at in (0..roster.rows.len()).filter(|at| !roster.rows[*at].removed) {
            let values = COLUMNS.iter().map(|column| match column.json(&roster, at) {
                Json::Bool(on) => Value::Integer(i64::from(on)),
                Json::Array(words) => Value::Text(
                    words
                        .iter()
                        .filter_map(Json::as_str)
                        .collect::<Vec<_>>()
                        .join(" "),
                ),
                other => super::batch::json_value(Some(&other)),
            });
            let row = std::iter::once(Value::Text(roster.ids[at].to_string())).chain(values);
            statement.execute(params_from_iter(row))?;
        }
        Ok(())
    }
}

/// Whether a statement reads the figures, which have to be worked out for it.
fn reads_signals(conn: &mut Connection, text: &str, hidden: &str) -> Result<bool> {
    let seen = Arc::new(AtomicBool::new(false));
    guard(conn, Some(seen.clone()), hidden)?;
    let prepared = rusqlite::Batch::new(conn, text)
        .next()
        .map(|_| ())
        .map_err(|e| refused(e, text));
    conn.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
    prepared?;
    Ok(seen.load(Ordering::Relaxed))
}

/// Lets statements select from the views, and nothing else.
fn guard(conn: &mut Connection, seen: Option<Arc<AtomicBool>>, hidden: &str) -> Result<()> {
    let (hidden, queries) = (
        hidden.to_owned(),
        views()
            .into_iter()
            .map(|v| v.query)
            .collect::<Vec<String>>(),
    );
    let is_behind = move |table: &str| {
        queries
            .iter()
            .any(|query| query.contains(&format!("main.{table} ")))
    };
    conn.authorizer(Some(move |context: AuthContext<'_>| match context.action {
        AuthAction::Select | AuthAction::Recursive | AuthAction::Function { .. } => {
            Authorization::Allow
        }
        AuthAction::Read {
            table_name,
            column_name,
        } => {
            let of = context.database_name;
            if table_name == SIGNAL.0
                && of == Some("temp")
                && let Some(seen) = &seen
            {
                seen.store(true, Ordering::Relaxed);
            }
            // A name without a database is a part of the statement itself. Where nothing is read of a view but that it has rows, its
            // tables are asked for without a column, and in nobody's name.
            let own = of != Some("main")
                || context
                    .accessor
                    .is_some_and(|name| name.starts_with(&hidden))
                || column_name.is_empty() && is_behind(table_name);
            if own && !table_name.starts_with("sqlite_") {
                Authorization::Allow
            } else {
                Authorization::Deny
            }
        }
        _ => Authorization::Deny,
    }))
    .map_err(Into::into)
}

fn only_select() -> Error {
    Error::usage("Only one SELECT on the documented views may be run")
        .hint("`retain sql --views` lists them; nothing was changed")
}

/// What SQLite says against a statement, as a sentence.
fn refused(error: rusqlite::Error, text: &str) -> Error {
    use rusqlite::ErrorCode::{
        AuthorizationForStatementDenied, OperationInterrupted, OutOfMemory, ReadOnly, TooBig,
    };
    match (error.sqlite_error_code(), &error) {
        (Some(AuthorizationForStatementDenied | ReadOnly), _) => only_select().because(error),
        (Some(TooBig), _) => Error::usage(format!(
            "A value in the statement is larger than {} MB",
            LARGEST >> 20
        ))
        .because(error),
        (Some(OutOfMemory), _) => Error::new(
            Kind::Failed,
            format!(
                "The statement needs more than {} MB of memory",
                MEMORY >> 20
            ),
        )
        .hint("ask for less at once: fewer columns, a condition, no sorting")
        .because(error),
        (Some(OperationInterrupted), _) => {
            Error::new(Kind::Failed, "The statement was stopped before its end").because(error)
        }
        (_, rusqlite::Error::SqlInputError { msg, offset, .. }) => {
            let at = usize::try_from(*offset).ok().and_then(|at| text.get(..at));
            let mistake = Error::usage(format!("The statement cannot be run: {msg}"))
                .hint("`retain sql --views` lists views and columns");
            let mistake = match at {
                Some(before) => mistake.hint(format!(
                    "in line {}, behind \"{}\"",
                    before.lines().count().max(1),
                    tail(before)
                )),
                None => mistake,
            };
            mistake.because(error)
        }
        (_, rusqlite::Error::SqliteFailure(code, Some(said)))
            if code.extended_code == rusqlite::ffi::SQLITE_ERROR =>
        {
            let mistake = Error::usage(format!("The statement cannot be run: {said}"));
            mistake.hint("only one SELECT on the documented views may be run; `retain sql --views` lists them").because(error)
        }
        _ => Error::from(error),
    }
}

/// The last few words before a mistake.
fn tail(before: &str) -> String {
    let from = before.char_indices().rev().nth(30).map_or(0, |(at, _)| at);
    before[from..].replace('\n', " ")
}

fn json(value: ValueRef<'_>) -> Json {
    match value {
        ValueRef::Null => Json::Null,
        ValueRef::Integer(n) => n.into(),
        ValueRef::Real(n) => serde_json::Number::from_f64(n).map_or(Json::Null, Json::Number),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Blob(bytes) => bytes
            .iter()
            .fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            })
            .into(),
    }
}

/// The view of figures: its name, and what a row of it is.
const SIGNAL: (&str, &str) = (
    "signal",
    "the figures of a customer today: every column of `retain list`",
);

/// An id as it is written everywhere else.
fn id(column: &str) -> String {
    let part = |from: u8, len: u8| format!("substr(lower(hex({column})),{from},{len})");
    let whole = [
        part(1, 8),
        part(9, 4),
        part(13, 4),
        part(17, 4),
        part(21, 12),
    ]
    .join("||'-'||");
    format!("CASE WHEN {column} IS NULL THEN NULL ELSE {whole} END")
}

fn day(column: &str) -> String {
    format!("date({column} * 86400, 'unixepoch')")
}

fn moment(column: &str) -> String {
    format!("strftime('%Y-%m-%dT%H:%M:%SZ', {column} / 1000, 'unixepoch')")
}

/// A number of the log as its name.
fn named<'n>(column: &str, names: impl Iterator<Item = (i64, &'n str)>) -> String {
    let cases = names.fold(String::new(), |mut cases, (no, name)| {
        let _ = write!(cases, " WHEN {no} THEN '{name}'");
        cases
    });
    format!("CASE {column}{cases} END")
}

fn views() -> Vec<View> {
    let of_customer = format!(
        "{} AS id, {} AS customer_id, c.name AS customer",
        id("t.id"),
        id("c.id")
    );
    let joined = |table: &str| {
        format!(
            "FROM main.{table} t JOIN main.customer c ON c.n = t.customer WHERE t.removed = 0 AND c.removed = 0"
        )
    };
    let view = |name, about, query| View { name, about, query };
    vec![
        view(
            "customer",
            "a customer; `attributes` is JSON",
            format!(
                "SELECT {} AS id, external AS key, name, owner, website, phone, {} AS created, tags, attributes, {} AS snoozed_until,
                 snooze_event, snooze_reason FROM main.customer WHERE removed = 0",
                id("id"),
                day("created"),
                day("snoozed")
            ),
        ),
        view(
            "contact",
            "a person at a customer",
            format!("SELECT {of_customer}, t.external AS key, t.name, t.role, t.email, t.phone, t.main {}", joined("contact")),
        ),
        view(
            "event",
            "something that happened; `number` and `more` mean what the kind says",
            format!(
                "SELECT {of_customer}, {} AS kind, {} AS at, {} AS day, {} AS contact_id, k.name AS contact, t.channel, t.direction,
                 t.number, t.text, t.reference, t.more, b.person AS author
                 FROM main.event t JOIN main.customer c ON c.n = t.customer JOIN main.batch b ON b.n = t.batch
                 LEFT JOIN main.contact k ON k.n = t.contact WHERE t.removed = 0 AND c.removed = 0",
                named("t.kind", EventKind::ALL.iter().map(|kind| (*kind as i64, kind.code()))),
                moment("t.at"),
                day("t.day"),
                id("k.id")
            ),
        ),
        view(
            "ticket",
            "a support ticket; open while `closed` is NULL",
            format!(
                "SELECT {of_customer}, t.external AS key, t.subject, t.severity, {} AS opened, {} AS closed, t.csat {}",
                moment("t.opened"),
                moment("t.closed"),
                joined("ticket")
            ),
        ),
        view(
            "task",
            "a task; open while `done` is NULL",
            format!(
                "SELECT {of_customer}, t.title, {} AS due, t.owner, t.priority, t.kind, {} AS made, {} AS snoozed_until, {} AS done {}",
                day("t.due"),
                moment("t.made"),
                day("t.snoozed"),
                moment("t.done"),
                joined("task")
            ),
        ),
        view(
            "subscription",
            "a version of what a customer pays; amounts in minor units, `discount` in hundredths of a per cent",
            format!(
                "SELECT {of_customer}, t.external AS key, t.subscription, {} AS start, {} AS \"end\", t.amount, t.currency, t.period,
                 t.count, t.quantity, t.discount, t.status, t.mrr {}",
                day("t.start"),
                day("t.\"end\""),
                joined("subscription")
            ),
        ),
        view(
            "edit",
            "one change of one field, from the log; values as they are stored",
            format!(
                "SELECT {} AS id, {} AS batch_id, {} AS at, b.person, b.command, b.label, {} AS entity, {} AS row_id, e.field, e.before, e.after
                 FROM main.edit e JOIN main.batch b ON b.n = e.batch WHERE b.finished = 1",
                id("e.id"),
                id("b.id"),
                moment("b.wall"),
                named("e.entity", TABLES.iter().map(|t| (t.number, t.name))),
                id("e.row")
            ),
        ),
    ]
}

#[cfg(test)]
mod tests;
