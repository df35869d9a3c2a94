//! Answers to queries: lists from the roster, pages of one customer from the file.

pub(super) mod account;
mod batch;
mod checklist;
pub(super) mod course;
mod duplicates;
mod funnel;
pub mod moving;
mod segments;
mod surveys;
mod tables;
mod targets;
mod work;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::{OptionalExtension, params};

use crate::columns;
use crate::domain::event::EventKind;
use crate::domain::filter::{self, Filter, People};
use crate::domain::funnel::Period;
use crate::domain::health;
use crate::domain::id::Id;
use crate::domain::query::{
    BatchRow, Counts, EditRow, Found, Mistake, Page, PeriodAsk, Query, RowsPage, TaskAsk, TaskRow,
    View,
};
use crate::domain::roster::Roster;
use crate::domain::signal::fold;
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Result};

use super::rated::Rated;
use super::search::text_at_raw as text_at;
use super::{Store, ids, kept, search, signal};

/// What one batch made and changed.
pub use batch::page as of_batch;

/// Answers any query.
pub fn answer(store: &mut Store, query: &Query) -> Result<Page> {
    match query {
        Query::Customers {
            filter,
            sort,
            descending,
            columns,
        } => {
            let shared = store.roster()?;
            if columns.iter().any(|code| columns::is_of_orders(code)) || columns::is_of_orders(sort)
            {
                kept::load_orders(store, &shared)?;
            }
            for code in columns {
                let attribute = columns::attribute(&store.config, code).map(|a| a.code.clone());
                if let Some(code) = attribute.filter(|_| columns::column(code).is_none()) {
                    load_attribute(store, &shared, &code)?;
                }
            }
            rows(store, filter, &Order::Column(sort, *descending)).map(Page::Rows)
        }
        Query::Triage { filter, snoozed } => rows(
            store,
            filter,
            if *snoozed {
                &Order::Snoozed
            } else {
                &Order::Triage
            },
        )
        .map(Page::Rows),
        Query::Counts => counts(store).map(Page::Counts),
        Query::Funnel {
            filter,
            period,
            mode,
        } => funnel::page(store, filter, *period, *mode).map(|p| Page::Funnel(Box::new(p))),
        Query::Tasks(ask) => tasks(store, ask).map(Page::Tasks),
        Query::Activity { search, limit } => activity(store, search, *limit).map(Page::Activity),
        Query::Account { customer, timeline } => {
            account::account(store, *customer, timeline).map(|a| Page::Account(a.map(Box::new)))
        }
        Query::Health { customer, since } => {
            health_at(store, *customer, *since).map(|h| Page::Health(Box::new(h)))
        }
        Query::Trend { customer, months } => {
            moving::trend(store, *customer, *months).map(Page::Trend)
        }
        Query::Movers { filter, days } => moving::movers(store, filter, *days).map(Page::Movers),
        Query::Backtest { months } => super::backtest::answer(store, *months),
        Query::Search { text } => found(store, text).map(Page::Search),
        Query::Views => views(store).map(Page::Views),
        Query::History { row } => history(store, *row).map(Page::History),
        Query::Conflicts => store.conflicts(None).map(|found| Page::Conflicts(found.0)),
        Query::Actions(ask) => work::actions(store, ask).map(Page::Actions),
        Query::Plays(ask) => work::plays(store, ask).map(Page::Plays),
        Query::Fired(ask) => work::fired(store, ask).map(Page::Fired),
        Query::Trial { rule, days } => store.try_rule(rule, *days).map(Page::Trial),
        Query::Became { customers } => duplicates::became(store, customers).map(Page::Became),
        Query::Duplicates => duplicates::twins(store).map(Page::Duplicates),
        Query::Checklists { customer } => checklist::all(store, *customer).map(Page::Checklists),
        Query::Batch { batch } => batch::page(store, *batch).map(Page::Batch),
        Query::Nps { filter, period } => {
            surveys::nps(store, filter, *period).map(|p| Page::Nps(Box::new(p)))
        }
        Query::Table(ask) => tables::page(store, ask).map(|p| Page::Table(Box::new(p))),
        Query::Segments { trend } => {
            segments::page(store, *trend).map(|p| Page::Segments(Box::new(p)))
        }
        Query::Course { filters, months } => {
            course::page(store, filters, *months).map(|p| Page::Course(Box::new(p)))
        }
        Query::Replies { events } => surveys::replies(store, events).map(Page::Replies),
        Query::Friction { filter, period } => {
            surveys::friction(store, filter, *period).map(Page::Friction)
        }
    }
}

/// The customers that pass a filter.
struct Selection {
    /// Their rows.
    rows: Vec<u32>,
    /// By row of the roster.
    passes: Vec<bool>,
    /// Nothing was filtered.
    all: bool,
}

fn select(store: &mut Store, text: &str) -> Result<std::result::Result<Selection, Mistake>> {
    let shared = store.roster()?;
    let (filter, people) = match ready(store, text, &shared)? {
        Ok(ready) => ready,
        Err(mistake) => return Ok(Err(mistake)),
    };
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let rows = roster.select(&filter.prepare(&roster, &people));
    let mut passes = vec![false; roster.rows.len()];
    for row in &rows {
        passes[*row as usize] = true;
    }
    Ok(Ok(Selection {
        rows,
        passes,
        all: filter.is_empty(),
    }))
}

/// The days that a period means; `first` is the day of the earliest thing, for a period without a beginning.
fn days_of(ask: PeriodAsk, today: Day, first: impl FnOnce() -> Option<Day>) -> Period {
    match ask {
        PeriodAsk::Days(days) => Period {
            from: today.plus(1 - i64::from(days.max(1))),
            to: today,
        },
        PeriodAsk::All => Period {
            from: first().unwrap_or(today),
            to: today,
        },
        PeriodAsk::Between(from, to) => Period { from, to },
    }
}

enum Order<'a> {
    Column(&'a str, bool),
    Triage,
    Snoozed,
}

/// A filter ready for a roster: parsed, with the people that its words mean and the attributes that it reads loaded.
fn ready(
    store: &mut Store,
    text: &str,
    shared: &Arc<RwLock<Roster>>,
) -> Result<std::result::Result<(Filter, People), Mistake>> {
    let fields = columns::fields(&store.config);
    let filter = match Filter::parse(text, &fields) {
        Ok(filter) => filter,
        Err(mistake) => return Ok(Err(mistake)),
    };
    for code in filter.attributes() {
        load_attribute(store, shared, &code)?;
    }
    if filter.reads().into_iter().any(columns::is_of_orders) {
        kept::load_orders(store, shared)?;
    }
    let mut people = People::new();
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    for word in filter.words() {
        let mut rows: Vec<u32> = search::people(&store.conn, &word)?
            .into_iter()
            .filter_map(|n| roster.row_of(n))
            .map(|r| r as u32)
            .collect();
        rows.sort_unstable();
        people.insert(word, rows);
    }
    Ok(Ok((filter, people)))
}

fn load_attribute(store: &Store, shared: &Arc<RwLock<Roster>>, code: &str) -> Result<()> {
    let loaded = shared
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .attributes
        .contains_key(code);
    if loaded {
        Ok(())
    } else {
        super::roster::load_attribute(&store.conn, shared, code)
    }
}

fn rows(store: &mut Store, text: &str, order: &Order<'_>) -> Result<RowsPage> {
    let shared = store.roster()?;
    let (filter, people) = match ready(store, text, &shared)? {
        Ok(ready) => ready,
        Err(mistake) => {
            return Ok(RowsPage {
                mistake: Some(mistake),
                completions: completions(store, text, &shared),
                ..RowsPage::default()
            });
        }
    };
    if let Order::Column(code, _) = order
        && store
            .config
            .attribute(code.trim_start_matches("attr."))
            .is_some()
    {
        load_attribute(store, &shared, code.trim_start_matches("attr."))?;
    }
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let prepared = filter.prepare(&roster, &people);
    let rows = match order {
        Order::Triage => roster.triage(&prepared),
        Order::Snoozed => roster.snoozed(&prepared),
        Order::Column(code, descending) => {
            let mut rows = roster.select(&prepared);
            match columns::column(if code.is_empty() { "name" } else { code }) {
                Some(column) => roster.sort(&mut rows, &column.field, *descending),
                None if store
                    .config
                    .attribute(code.trim_start_matches("attr."))
                    .is_some() =>
                {
                    roster.sort_attribute(&mut rows, code.trim_start_matches("attr."), *descending);
                }
                None => {
                    return Err(Error::usage(say!("answer.there_no_column", code = code))
                        .hint(say!("answer.retain_list_help_names")));
                }
            }
            rows
        }
    };
    let arr = roster.sum_arr(&rows);
    let of = roster.len();
    drop(roster);
    Ok(RowsPage {
        rows: rows.into(),
        of,
        arr,
        mistake: None,
        completions: completions(store, text, &shared),
    })
}

fn completions(store: &Store, text: &str, shared: &Arc<RwLock<Roster>>) -> Vec<(String, usize)> {
    if text.is_empty() || text.ends_with(char::is_whitespace) {
        return Vec::new();
    }
    let fields = columns::fields(&store.config);
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    filter::complete(text, text.len(), &roster, &fields)
        .into_iter()
        .take(12)
        .map(|c| (format!("{}{}", &text[..c.start], c.text), c.count))
        .collect()
}

fn counts(store: &mut Store) -> Result<Counts> {
    let shared = store.roster()?;
    let today = store.today;
    let midnight = store.config.zone.stamp(today, chrono::NaiveTime::MIN);
    let handled: i64 = store
        .conn
        .prepare_cached(
            "SELECT coalesce(sum(b.edits > 0), 0) FROM batch b WHERE b.person = ?1 AND b.wall >= ?2 AND b.finished = 1 AND b.command IN ('done', 'snooze')
             AND NOT EXISTS (SELECT 1 FROM batch u WHERE u.undoes = b.id AND u.finished = 1 AND NOT EXISTS (SELECT 1 FROM batch r WHERE r.undoes = u.id))",
        )
        .and_then(|mut s| s.query_row(params![store.who.person, midnight], |r| r.get(0)))?;
    let tasks: i64 = store
        .conn
        .prepare_cached(
            "SELECT count(*) FROM task t JOIN customer c ON c.n = t.customer
             WHERE t.done IS NULL AND t.removed = 0 AND t.due <= ?1 AND coalesce(t.snoozed, t.due) <= ?1 AND t.owner = ?2 AND c.removed = 0",
        )
        .and_then(|mut s| s.query_row(params![today, store.who.person], |r| r.get(0)))?;
    let conflicts: i64 = store
        .conn
        .prepare_cached("SELECT count(*) FROM conflict")
        .and_then(|mut s| s.query_row([], |r| r.get(0)))?;
    let alerts = work::open_alerts(store)?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let live = || (0..roster.rows.len()).filter(|at| !roster.rows[*at].removed);
    Ok(Counts {
        triage: live().filter(|at| roster.rows[*at].priority > 0).count(),
        customers: roster.len(),
        tasks: tasks as usize,
        handled: handled as usize,
        snoozed: live().filter(|at| roster.is_snoozed(*at)).count(),
        conflicts: conflicts as usize,
        alerts,
    })
}

fn tasks(store: &mut Store, ask: &TaskAsk) -> Result<Vec<TaskRow>> {
    let shared = store.roster()?;
    let filtered = match (
        ask.filter.trim().is_empty(),
        ready(store, &ask.filter, &shared)?,
    ) {
        (true, _) => None,
        (false, Ok(ready)) => Some(ready),
        (false, Err(mistake)) => return Err(Error::usage(mistake.message)),
    };
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let prepared = filtered
        .as_ref()
        .map(|(filter, people)| filter.prepare(&roster, people));
    // Without the done ones the index has them in this order.
    let (open, order) = if ask.done {
        ("", "t.done IS NOT NULL, ")
    } else {
        (" AND t.done IS NULL", "")
    };
    let query = format!(
        "SELECT {}, t.customer FROM task t WHERE t.removed = 0{open} AND (?1 = '' OR t.owner = ?1)
         ORDER BY {order}t.due NULLS LAST, t.priority, t.id",
        account::TASK_COLUMNS
    );
    let mut statement = store.conn.prepare_cached(&query)?;
    let owner = if ask.owner == "me" {
        store.who.person.clone()
    } else {
        ask.owner.clone()
    };
    let mut found = statement.query(params![owner])?;
    let mut tasks = Vec::new();
    while tasks.len() < MOST_TASKS
        && let Some(row) = found.next()?
    {
        let at = roster
            .row_of(row.get(10)?)
            .filter(|at| !roster.rows[*at].removed);
        let Some(at) = at else { continue };
        let task = account::task_of(row, roster.ids[at])?;
        if !prepared
            .as_ref()
            .is_none_or(|p| p.matches_with(at, &crate::text::fold(&task.title)))
        {
            continue;
        }
        tasks.push(TaskRow {
            task,
            customer_name: roster.name(at).to_owned(),
        });
    }
    // Put off tasks stand where their turn is. There are few, so the index still gives the order of nearly all.
    if tasks.iter().any(|t| t.task.snoozed_until.is_some()) {
        tasks.sort_by_key(|t| {
            (
                t.task.done.is_some(),
                t.task.turn().is_none(),
                t.task.turn(),
            )
        });
    }
    Ok(tasks)
}

/// Longest list of tasks.
const MOST_TASKS: usize = 20_000;

/// The columns of a batch as a list shows it.
const BATCH: &str =
    "b.id, b.person, b.wall, b.command, b.label, b.made, b.edits, b.undoes, b.customer, c.name,
    EXISTS (SELECT 1 FROM signature s WHERE s.batch = b.n), EXISTS (SELECT 1 FROM signature)";

fn activity(store: &Store, wanted: &str, limit: usize) -> Result<Vec<BatchRow>> {
    let mut batches = Vec::new();
    if limit > 0 {
        each_batch(store, wanted, |batch| {
            batches.push(batch);
            Ok(batches.len() < limit)
        })?;
    }
    Ok(batches)
}

/// Goes through the batches with all of the words, newest first, until `each` has enough.
pub(super) fn each_batch(
    store: &Store,
    wanted: &str,
    mut each: impl FnMut(BatchRow) -> Result<bool>,
) -> Result<()> {
    let folded = crate::text::fold(wanted);
    let words: Vec<&str> = folded.split_whitespace().collect();
    // What an import told later was done later.
    let then = if store.past {
        "AND b.n NOT IN (SELECT n FROM temp.past_batch)"
    } else {
        ""
    };
    let query = format!(
        "SELECT {BATCH} FROM batch b LEFT JOIN customer c ON c.id = b.customer WHERE b.finished = 1 {then} ORDER BY b.hlc DESC, b.id DESC"
    );
    let mut statement = store.conn.prepare_cached(&query)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let mut batch = batch_row(row)?;
        let text = if words.is_empty() {
            String::new()
        } else {
            let customer = batch.customer.as_ref().map_or("", |c| c.1.as_str());
            crate::text::fold(&format!(
                "{} {} {} {customer}",
                batch.person, batch.command, batch.label
            ))
        };
        // `who:bo` and `did:move` are the person and the command alone; a blank in a name is written `_`.
        let fits = |word: &&str| match word.split_once(':') {
            Some(("who", person)) => crate::text::fold(&batch.person)
                .replace(' ', "_")
                .starts_with(person),
            Some(("did", command)) => batch.command == command,
            _ => text.contains(*word),
        };
        if words.iter().all(fits) {
            batch.undone_by = super::undo::undone_by(&store.conn, batch.id, None)?;
            if !each(batch)? {
                break;
            }
        }
    }
    Ok(())
}

/// A row of [`BATCH`]; whether it was taken back is to be asked for.
fn batch_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<BatchRow> {
    let id = |at: usize| -> rusqlite::Result<Option<Id>> {
        Ok(row.get::<_, Option<[u8; 16]>>(at)?.map(Id))
    };
    let customer = id(8)?;
    let name = text_at(row, 9)?;
    let (signed, anybody_signs): (bool, bool) = (row.get(10)?, row.get(11)?);
    Ok(BatchRow {
        id: Id(row.get(0)?),
        person: text_at(row, 1)?,
        at: Stamp(row.get(2)?),
        command: text_at(row, 3)?,
        label: text_at(row, 4)?,
        made: row.get::<_, i64>(5)? as usize,
        edits: row.get::<_, i64>(6)? as usize,
        undoes: id(7)?,
        undone_by: None,
        customer: customer.map(|c| (c, name)),
        signed,
        unproven: anybody_signs && !signed,
    })
}

/// The integer of a customer.
fn number_of(store: &Store, customer: Id) -> Result<i64> {
    ids::number_of(&store.conn, "customer", customer)?
        .ok_or_else(|| Error::not_found(say!("any.customer_gone")))
}

fn health_at(
    store: &Store,
    customer: Id,
    since: Option<Day>,
) -> Result<(health::Explanation, Option<health::Explanation>)> {
    let n = number_of(store, customer)?;
    let facts = signal::facts(&store.conn, n, &store.config)?;
    let mut rated = Rated::of(&store.conn, n, &store.config)?;
    let mut at =
        |day: Day| account::explained(store, n, &mut rated, fold(&facts, &store.config, day), day);
    Ok((at(store.today)?, since.map(at).transpose()?))
}

fn found(store: &mut Store, wanted: &str) -> Result<Vec<Found>> {
    let shared = store.roster()?;
    let folded = crate::text::fold(wanted);
    let mut all = Vec::new();
    if folded.trim().is_empty() {
        return Ok(all);
    }
    {
        let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<usize> = (0..roster.rows.len())
            .filter(|at| !roster.rows[*at].removed && roster.folded(*at).contains(folded.trim()))
            .take(200)
            .collect();
        names.sort_by_key(|at| {
            (
                !roster.folded(*at).starts_with(folded.trim()),
                roster.folded(*at).len(),
            )
        });
        let named = names.into_iter().take(20).map(|at| Found {
            customer: roster.ids[at],
            name: roster.name(at).to_owned(),
            event: None,
            contact: None,
            text: String::new(),
            day: None,
        });
        all.extend(named);
    }
    let query = "SELECT c.id, c.name, k.id, k.name, k.email FROM contact k JOIN customer c ON c.n = k.customer WHERE k.n = ?";
    let mut statement = store.conn.prepare_cached(query)?;
    for n in search::contacts(&store.conn, wanted, 20)? {
        let person = statement.query_row([n], |r| {
            let (person, email) = (text_at(r, 3)?, text_at(r, 4)?);
            let text = if email.is_empty() {
                person
            } else {
                format!("{person} <{email}>")
            };
            Ok(Found {
                customer: Id(r.get(0)?),
                name: text_at(r, 1)?,
                event: None,
                contact: Some(Id(r.get(2)?)),
                text,
                day: None,
            })
        })?;
        all.push(person);
    }
    let mut statement = store
        .conn
        .prepare_cached(
            "SELECT c.id, c.name, e.id, e.text, e.day FROM event e JOIN customer c ON c.n = e.customer WHERE e.n = ? AND c.removed = 0",
        )?;
    for n in search::events(&store.conn, wanted, None, 50)? {
        let hit = statement
            .query_row([n], |r| {
                let day = Day::from_number(r.get(4)?);
                let event = Some(Id(r.get(2)?));
                Ok(Found {
                    customer: Id(r.get(0)?),
                    name: text_at(r, 1)?,
                    event,
                    contact: None,
                    text: text_at(r, 3)?,
                    day,
                })
            })
            .optional()?;
        all.extend(hit);
    }
    Ok(all)
}

fn views(store: &Store) -> Result<Vec<(Id, String, View)>> {
    let mut statement = store.conn.prepare_cached(&format!(
        "SELECT id, name, value FROM view WHERE {} ORDER BY name, id",
        super::twins::HOLDS
    ))?;
    let rows = statement.query_map([], |r| Ok((Id(r.get(0)?), text_at(r, 1)?, text_at(r, 2)?)))?;
    let rows: Vec<(Id, String, String)> = rows.collect::<Result<_, _>>()?;
    Ok(rows
        .into_iter()
        .map(|(id, name, json)| (id, name, serde_json::from_str(&json).unwrap_or_default()))
        .collect())
}

fn history(store: &Store, row: Id) -> Result<Vec<EditRow>> {
    use super::conflicts::{json_of, plain, spoken};
    use rusqlite::types::Value;
    let query = "SELECT b.id, b.person, b.wall, e.field, e.before, e.after, e.entity FROM edit e JOIN batch b ON b.n = e.batch WHERE e.row = ? ORDER BY b.hlc DESC, e.id DESC";
    let mut statement = store.conn.prepare_cached(query)?;
    let rows = statement.query_map([&row], |r| {
        let (field, after) = (text_at(r, 3)?, r.get(5)?);
        let table = super::batch::table_numbered(r.get(6)?);
        let said = |value: &Value| {
            table.map_or_else(
                || plain(value),
                |t| spoken(t, &field, value, store.config.currency),
            )
        };
        Ok(EditRow {
            batch: Id(r.get(0)?),
            person: text_at(r, 1)?,
            at: Stamp(r.get(2)?),
            before: said(&r.get(4)?),
            after: said(&after),
            value: table.map_or_else(
                || super::batch::value_json(&after),
                |t| json_of(t, &field, &after),
            ),
            field,
        })
    })?;
    rows.collect::<Result<_, _>>().map_err(Into::into)
}

/// Kinds that a timeline leaves out unless they are asked for: readings by the dozen that say little one by one.
pub(super) const QUIET: &[EventKind] = &[
    EventKind::Usage,
    EventKind::Invoice,
    EventKind::Order,
    EventKind::Invite,
];

#[allow(
    clippy::type_complexity,
    reason = "a map from a contact's integer to what an event shows of it"
)]
fn contact_names(store: &Store, customer: i64) -> Result<HashMap<i64, (Id, String)>> {
    let mut statement = store
        .conn
        .prepare_cached("SELECT n, id, name FROM contact WHERE customer = ?")?;
    let rows = statement.query_map([customer], |r| {
        Ok((r.get(0)?, (Id(r.get(1)?), text_at(r, 2)?)))
    })?;
    rows.collect::<Result<_, _>>().map_err(Into::into)
}
