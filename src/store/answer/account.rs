//! Everything of one customer, and its timeline.

use std::sync::PoisonError;

use chrono::Datelike;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params, params_from_iter};

use crate::domain::customer::{Contact, Customer};
use crate::domain::event::{Event, EventKind};
use crate::domain::health::Explanation;
use crate::domain::id::Id;
use crate::domain::money::Currency;
use crate::domain::query::{Account, TimelineAsk};
use crate::domain::revenue::{Interval, Version};
use crate::domain::signal::{self as signals, Signals};
use crate::domain::task::Task;
use crate::domain::ticket::Ticket;
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Result};
use crate::store::rated::Rated;
use crate::store::search::text_at_raw as text_at;
use crate::store::{Store, batch, roster, search, signal};

/// The columns that [`task`] reads.
pub const TASK: &str = "t.id, (SELECT id FROM customer WHERE n = t.customer), t.title, t.due, t.owner, t.priority, t.kind, t.snoozed, t.snooze_reason, t.done, t.n";

/// The columns that [`task_of`] reads: the same, without its customer's id.
pub const TASK_COLUMNS: &str =
    "t.id, NULL, t.title, t.due, t.owner, t.priority, t.kind, t.snoozed, t.snooze_reason, t.done";

fn day(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Option<Day>> {
    Ok(row.get::<_, Option<i64>>(at)?.and_then(Day::from_number))
}

/// A task from [`TASK`].
pub fn task(row: &rusqlite::Row<'_>) -> rusqlite::Result<Task> {
    task_of(row, Id(row.get(1)?))
}

/// A task from [`TASK_COLUMNS`] of the customer with this id.
pub fn task_of(row: &rusqlite::Row<'_>, customer: Id) -> rusqlite::Result<Task> {
    Ok(Task {
        id: Id(row.get(0)?),
        customer,
        title: text_at(row, 2)?,
        due: day(row, 3)?,
        owner: text_at(row, 4)?,
        priority: row.get::<_, i64>(5)?.clamp(0, 9) as u8,
        kind: text_at(row, 6)?,
        snoozed_until: day(row, 7)?,
        snooze_reason: text_at(row, 8)?,
        done: row.get::<_, Option<i64>>(9)?.map(Stamp),
    })
}

/// The page of one customer; `None` when it is not there.
pub fn account(store: &mut Store, id: Id, ask: &TimelineAsk) -> Result<Option<Account>> {
    let Some((n, customer)) = customer(store, id)? else {
        return Ok(None);
    };
    let shared = store.roster()?;
    if shared
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .row_of(n)
        .is_none()
    {
        // Somebody added it since the list was read.
        roster::reload(&store.conn, &shared, &[n])?;
    }
    let config = store.config.clone();
    let today = store.today;
    let facts = signal::facts(&store.conn, n, &config)?;
    let folded = signal::fold_with_before(&store.conn, n, &facts, &config, today)?;
    let mut rated = Rated::of(&store.conn, n, &config)?;
    let health = explained(store, n, &mut rated, folded, today)?;
    let trend = (0..12)
        .rev()
        .map(|weeks| today.plus(-7 * weeks))
        .map(|day| rated.score(signals::fold(&facts, &config, day), day).score)
        .collect();
    let (row, arr, priority) = {
        let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
        let row = roster
            .row_of(n)
            .ok_or_else(|| not_in_its_table(&customer))?;
        (
            row as u32,
            roster.arr(row),
            roster.priority_of(row, &roster.reasons(row)),
        )
    };
    let (events, total) = timeline(store, n, id, ask)?;
    Ok(Some(Account {
        customer,
        row,
        signals: folded,
        arr,
        health,
        priority,
        trend,
        contacts: contacts(store, n, id)?,
        tasks: tasks(store, n)?,
        tickets: tickets(store, n, id)?,
        versions: versions(store, n, id)?,
        nps: latest_nps(store, n)?,
        months: months(store, n, ask, &events)?,
        events,
        total,
    }))
}

/// An index of the file knows the customer and a walk through its table does not come by it.
fn not_in_its_table(customer: &Customer) -> Error {
    Error::failed(say!("account.book_damaged_index_not", name = customer.name))
        .hint(say!("account.retain_doctor_examines_retain"))
}

/// A customer's health on a day with every step; a person's word over it with who said it and why.
pub fn explained(
    store: &Store,
    customer: i64,
    rated: &mut Rated<'_>,
    signals: Signals,
    day: Day,
) -> Result<Explanation> {
    let mut explanation = rated.explain(signals, day);
    if let Some(held) = &mut explanation.held {
        let query = "SELECT b.person, e.text FROM event e JOIN batch b ON b.n = e.batch
             WHERE e.customer = ?1 AND e.kind = ?2 AND e.removed = 0 AND e.day <= ?3 ORDER BY e.at DESC, e.id DESC LIMIT 1";
        let said = store.conn.prepare_cached(query).and_then(|mut s| {
            s.query_row(params![customer, EventKind::Override as i64, day], |r| {
                Ok((text_at(r, 0)?, text_at(r, 1)?))
            })
            .optional()
        })?;
        (held.by, held.reason) = said.unwrap_or_default();
    }
    Ok(explanation)
}

fn customer(store: &Store, id: Id) -> Result<Option<(i64, Customer)>> {
    let query = "SELECT n, external, name, owner, website, phone, created, tags, attributes, snoozed, snooze_event, snooze_reason, done FROM customer WHERE id = ? AND removed = 0";
    store
        .conn
        .prepare_cached(query)
        .and_then(|mut s| {
            s.query_row([&id], |r| {
                let customer = Customer {
                    id,
                    external: text_at(r, 1)?,
                    name: text_at(r, 2)?,
                    owner: text_at(r, 3)?,
                    website: text_at(r, 4)?,
                    phone: text_at(r, 5)?,
                    created: day(r, 6)?,
                    tags: text_at(r, 7)?
                        .split_whitespace()
                        .map(str::to_owned)
                        .collect(),
                    attributes: batch::attributes(&text_at(r, 8)?),
                    snoozed_until: day(r, 9)?,
                    snoozed_for: text_at(r, 10)?,
                    snooze_reason: text_at(r, 11)?,
                    done: text_at(r, 12)?,
                };
                Ok((r.get(0)?, customer))
            })
            .optional()
        })
        .map_err(Into::into)
}

impl Store {
    /// The contacts of a customer, without when anybody last spoke with them: that is in all of its events.
    pub fn people_of(&self, customer: Id) -> Result<Vec<Contact>> {
        people(self, super::number_of(self, customer)?, customer, "NULL")
    }
}

fn people(store: &Store, n: i64, customer: Id, last: &str) -> Result<Vec<Contact>> {
    let query = format!(
        "SELECT c.id, c.external, c.name, c.role, c.email, c.phone, c.main, {last}
         FROM contact c WHERE c.customer = ?1 AND c.removed = 0 ORDER BY c.main DESC, c.name"
    );
    let mut statement = store.conn.prepare_cached(&query)?;
    let rows = statement.query_map([n], |r| {
        Ok(Contact {
            id: Id(r.get(0)?),
            customer,
            external: text_at(r, 1)?,
            name: text_at(r, 2)?,
            role: text_at(r, 3)?,
            email: text_at(r, 4)?,
            phone: text_at(r, 5)?,
            primary: r.get::<_, i64>(6)? != 0,
            last_touch: r.get::<_, Option<i64>>(7)?.map(Stamp),
        })
    })?;
    rows.collect::<Result<_, _>>().map_err(Into::into)
}

fn contacts(store: &Store, n: i64, customer: Id) -> Result<Vec<Contact>> {
    let last = "(SELECT max(e.at) FROM event e WHERE e.customer = ?1 AND e.contact = c.n AND e.kind = 1 AND e.removed = 0)";
    let mut contacts = people(store, n, customer, last)?;
    // Who was there beside the first stands in the event's remainder.
    let query = "SELECT at, more FROM event WHERE customer = ? AND kind = 1 AND removed = 0 AND more LIKE '%\"with\"%'";
    let mut statement = store.conn.prepare_cached(query)?;
    let rows = statement.query_map([n], |r| {
        Ok((Stamp(r.get(0)?), batch::attributes(&text_at(r, 1)?)))
    })?;
    for row in rows {
        let (at, more) = row?;
        let with: Vec<Id> = more
            .get("with")
            .and_then(|v| serde_json::from_value(v.clone()).ok())
            .unwrap_or_default();
        contacts
            .iter_mut()
            .filter(|c| with.contains(&c.id))
            .for_each(|c| c.last_touch = c.last_touch.max(Some(at)));
    }
    Ok(contacts)
}

fn tasks(store: &Store, n: i64) -> Result<Vec<Task>> {
    let query = format!(
        "SELECT {TASK} FROM task t WHERE t.customer = ? AND t.removed = 0 ORDER BY t.done IS NOT NULL, t.done DESC, t.due IS NULL, t.due, t.id LIMIT 100"
    );
    let mut statement = store.conn.prepare_cached(&query)?;
    let rows = statement.query_map([n], task)?;
    rows.collect::<Result<_, _>>().map_err(Into::into)
}

fn tickets(store: &Store, n: i64, customer: Id) -> Result<Vec<Ticket>> {
    let query = "SELECT id, external, subject, severity, opened, closed, csat FROM ticket WHERE customer = ? AND removed = 0 AND closed IS NULL ORDER BY severity, opened LIMIT 200";
    let mut statement = store.conn.prepare_cached(query)?;
    let rows = statement.query_map([n], |r| {
        Ok(Ticket {
            id: Id(r.get(0)?),
            customer,
            external: text_at(r, 1)?,
            subject: text_at(r, 2)?,
            severity: r.get::<_, i64>(3)?.clamp(1, 4) as u8,
            opened: Stamp(r.get(4)?),
            closed: r.get::<_, Option<i64>>(5)?.map(Stamp),
            csat: r
                .get::<_, Option<i64>>(6)?
                .and_then(|c| u8::try_from(c).ok()),
        })
    })?;
    rows.collect::<Result<_, _>>().map_err(Into::into)
}

fn versions(store: &Store, n: i64, customer: Id) -> Result<Vec<Version>> {
    let query = format!(
        "SELECT {VERSION} FROM subscription WHERE customer = ? AND removed = 0 ORDER BY start DESC, id DESC LIMIT 100"
    );
    let mut statement = store.conn.prepare_cached(&query)?;
    let rows = statement.query_map([n], |r| version_of(r, customer))?;
    rows.collect::<Result<_, _>>().map_err(Into::into)
}

/// Columns of [`version_of`].
pub(in crate::store) const VERSION: &str = "id, external, subscription, start, end, amount, currency, period, count, quantity, discount, status";

/// A version of a subscription from a row of [`VERSION`].
pub(in crate::store) fn version_of(
    r: &rusqlite::Row<'_>,
    customer: Id,
) -> rusqlite::Result<Version> {
    let small = |at: usize| -> rusqlite::Result<u32> {
        Ok(u32::try_from(r.get::<_, i64>(at)?).unwrap_or(0))
    };
    Ok(Version {
        id: Id(r.get(0)?),
        customer,
        external: text_at(r, 1)?,
        subscription: text_at(r, 2)?,
        start: day(r, 3)?.unwrap_or(Day::MIN),
        end: day(r, 4)?,
        amount: r.get(5)?,
        currency: Currency::kept(&text_at(r, 6)?).unwrap_or_default(),
        interval: Interval::kept(text_at(r, 7)?.as_bytes()),
        count: small(8)?,
        quantity: small(9)?,
        discount: small(10)?,
        status: text_at(r, 11)?,
    })
}

fn latest_nps(store: &Store, n: i64) -> Result<Vec<u8>> {
    let mut statement =
        store.conn.prepare_cached("SELECT number FROM event WHERE customer = ? AND kind = 3 AND removed = 0 AND number IS NOT NULL ORDER BY at DESC, id DESC LIMIT 6")?;
    let rows = statement.query_map([n], |r| r.get::<_, i64>(0))?;
    Ok(rows.filter_map(|r| u8::try_from(r.ok()?).ok()).collect())
}

/// The condition on kinds and the numbers it binds.
fn kinds(ask: &TimelineAsk) -> (String, Vec<Value>) {
    let (list, not) = if ask.kinds.is_empty() {
        (super::QUIET, "NOT ")
    } else {
        (&ask.kinds[..], "")
    };
    let marks = vec!["?"; list.len()].join(",");
    (
        format!("e.kind {not}IN ({marks})"),
        list.iter().map(|k| Value::Integer(*k as i64)).collect(),
    )
}

const EVENT: &str = "e.id, e.kind, e.at, e.day, e.contact, e.channel, e.direction, e.number, e.text, e.reference, e.more, b.person,
     EXISTS (SELECT 1 FROM edit x WHERE x.row = e.id AND x.field = 'text')";

fn timeline(store: &Store, n: i64, customer: Id, ask: &TimelineAsk) -> Result<(Vec<Event>, usize)> {
    let names = super::contact_names(store, n)?;
    let limit = if ask.limit == 0 { 200 } else { ask.limit };
    let (condition, numbers) = kinds(ask);
    let read = |r: &rusqlite::Row<'_>| -> rusqlite::Result<Option<Event>> {
        let Some(kind) = EventKind::from_number(r.get(1)?) else {
            return Ok(None);
        };
        let contact = r.get::<_, Option<i64>>(4)?.and_then(|c| names.get(&c));
        Ok(Some(Event {
            id: Id(r.get(0)?),
            customer,
            kind,
            at: Stamp(r.get(2)?),
            day: day(r, 3)?.unwrap_or(Day::MIN),
            contact: contact.map(|c| c.0),
            contact_name: contact.map(|c| c.1.clone()).unwrap_or_default(),
            channel: text_at(r, 5)?,
            direction: text_at(r, 6)?,
            number: r.get(7)?,
            text: text_at(r, 8)?,
            reference: text_at(r, 9)?,
            more: batch::attributes(&text_at(r, 10)?),
            author: text_at(r, 11)?,
            edited: r.get(12)?,
        }))
    };
    if ask.search.trim().is_empty() {
        let mut bound = vec![Value::Integer(n)];
        bound.extend(numbers);
        let count: i64 = store
            .conn
            .prepare_cached(&format!("SELECT count(*) FROM event e WHERE e.customer = ? AND {condition} AND e.removed = 0"))
            .and_then(|mut s| s.query_row(params_from_iter(bound.iter()), |r| r.get(0)))?;
        bound.push(Value::Integer(limit as i64));
        let query = format!(
            "SELECT {EVENT} FROM event e JOIN batch b ON b.n = e.batch WHERE e.customer = ? AND {condition} AND e.removed = 0 ORDER BY e.at DESC, e.id DESC LIMIT ?"
        );
        let mut statement = store.conn.prepare_cached(&query)?;
        let rows = statement.query_map(params_from_iter(bound.iter()), read)?;
        let events: Vec<Option<Event>> = rows.collect::<Result<_, _>>()?;
        return Ok((events.into_iter().flatten().collect(), count as usize));
    }
    let mut statement = store.conn.prepare_cached(&format!(
        "SELECT {EVENT} FROM event e JOIN batch b ON b.n = e.batch WHERE e.n = ?"
    ))?;
    let mut events = Vec::new();
    for hit in search::events(&store.conn, &ask.search, Some(n), 5000)? {
        let event = statement.query_row([hit], read)?;
        events.extend(event.filter(|e| {
            if ask.kinds.is_empty() {
                true
            } else {
                ask.kinds.contains(&e.kind)
            }
        }));
    }
    let total = events.len();
    events.truncate(limit);
    Ok((events, total))
}

/// Events by month, newest first: from the file, or from the events themselves when they were searched for.
fn months(
    store: &Store,
    n: i64,
    ask: &TimelineAsk,
    events: &[Event],
) -> Result<Vec<(i32, u32, usize)>> {
    let mut months: Vec<(i32, u32, usize)> = Vec::new();
    let mut add = |day: Day, count: usize| {
        let date = day.date();
        match months.last_mut() {
            Some(last) if last.0 == date.year() && last.1 == date.month() => last.2 += count,
            _ => months.push((date.year(), date.month(), count)),
        }
    };
    if ask.search.trim().is_empty() {
        let (condition, numbers) = kinds(ask);
        let mut bound = vec![Value::Integer(n)];
        bound.extend(numbers);
        let query = format!(
            "SELECT e.day, count(*) FROM event e WHERE e.customer = ? AND {condition} AND e.removed = 0 GROUP BY e.day ORDER BY e.day DESC"
        );
        let mut statement = store.conn.prepare_cached(&query)?;
        let rows = statement.query_map(params_from_iter(bound.iter()), |r| {
            Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?))
        })?;
        for row in rows {
            let (day, count) = row?;
            add(Day::from_number(day).unwrap_or(Day::MIN), count as usize);
        }
    } else {
        events.iter().for_each(|e| add(e.day, 1));
    }
    Ok(months)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_condition_binds_as_many_numbers_as_it_names() {
        let all = kinds(&TimelineAsk::default());
        assert_eq!(all.0.matches('?').count(), all.1.len());
        let one = kinds(&TimelineAsk {
            kinds: vec![EventKind::Note],
            ..TimelineAsk::default()
        });
        assert_eq!((one.0.as_str(), one.1.len()), ("e.kind IN (?)", 1));
    }
}
