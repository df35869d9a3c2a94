//! Facts that figures over all customers are made of, read at the first question and kept until something is written.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::{Connection, params};

use crate::domain::event::EventKind;
use crate::domain::funnel::{self, Visit};
use crate::domain::id::Id;
use crate::domain::rfm::{self, Orders};
use crate::domain::roster::{Roster, Row};
use crate::domain::segment::{self, READY};
use crate::domain::stage::{StageNo, Stages};
use crate::domain::survey::{Answers, NO_WAVE, Said};
use crate::domain::time::Day;
use crate::error::{Error, Result};

use super::Store;
use super::answer::course::Course;
use super::answer::moving::Then;
use super::backtest::Test;
use super::rules::Trying;

const SAID: &str = "SELECT customer, kind, at, id, day, contact, number, channel, reference, more FROM event
     WHERE kind IN (3, 4, 17, 19) AND removed = 0 AND customer > ?1 AND customer <= ?2 ORDER BY customer, at, id";
const ORDERS: &str = "SELECT customer, day, number, channel, more FROM event WHERE kind = 7 AND removed = 0 ORDER BY customer, day";
/// What came in by a channel of help.
pub const HELP: &str = "SELECT customer, day FROM event WHERE kind = 1 AND direction = 'in'
     AND channel IN ('phone', 'email', 'chat', 'website_chat') AND removed = 0 ORDER BY customer, day";

/// Questions over all events of a kind, each with an index that has all of it.
#[cfg(test)]
pub const SCANS: [&str; 3] = [SAID, ORDERS, HELP];

/// What was read.
#[derive(Default)]
pub struct Kept {
    visits: Option<Arc<Vec<Visit>>>,
    answers: Option<Arc<Answers>>,
    /// The orders in the roster are those of the book.
    orders: bool,
    /// The counts of filters at month ends, as far as they were asked.
    pub course: Option<Box<Course>>,
    /// Month ends that were counted, the latest first.
    pub trend: Vec<(Day, [usize; READY.len()])>,
    /// What targets ask of visits is told; answers and tickets are next.
    pub begun: bool,
    /// Health of everybody on a past day.
    pub then: Option<Then>,
    /// The last backtest.
    pub test: Option<Box<Test>>,
    /// The last rule that was tried.
    pub trying: Option<Box<Trying>>,
}

impl Kept {
    /// Forgets what is no longer so once these customers were written.
    pub fn touch(&mut self, customers: &BTreeSet<i64>) {
        let mut then = self.then.take();
        if let Some(then) = &mut then {
            then.touch(customers);
        }
        *self = Kept {
            then,
            ..Kept::default()
        };
    }
}

/// The visits of every customer, read once and kept until something is written. Moves after the store's day do not count.
pub fn visits(store: &mut Store, roster: &Roster) -> Result<Arc<Vec<Visit>>> {
    if let Some(visits) = &store.kept.visits {
        return Ok(visits.clone());
    }
    let all = Arc::new(all_visits(store, roster)?);
    store.kept.visits = Some(all.clone());
    Ok(all)
}

fn all_visits(store: &Store, roster: &Roster) -> Result<Vec<Visit>> {
    let (today, stages, past) = (store.today, &store.config.stages, store.past);
    let all = by_halves(store, roster, |conn, of| {
        read_visits(conn, past, of, roster, stages, today)
    })?;
    Ok(all.into_iter().flatten().collect())
}

/// What is read of the customers whose integers are above the first and up to the second number: of all at once or, where that is
/// worth a second connection, of both halves at the same time.
fn by_halves<T: Send>(
    store: &Store,
    roster: &Roster,
    read: impl Fn(&Connection, (i64, i64)) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let _snapshot = if store.conn.is_autocommit() {
        Some(store.conn.unchecked_transaction()?)
    } else {
        None
    };
    let middle = roster
        .rowids
        .get(roster.rowids.len() / 2)
        .copied()
        .unwrap_or(0);
    match store.beside(roster.rows.len()) {
        // The upper half is read by another connection on a thread of its own.
        Some(other) => std::thread::scope(|scope| {
            let read = &read;
            let upper = scope.spawn(move || read(&other, (middle, i64::MAX)));
            let lower = read(&store.conn, (0, middle))?;
            Ok(vec![
                lower,
                upper
                    .join()
                    .map_err(|_| Error::failed(say!("kept.thread_read_book_failed")))??,
            ])
        }),
        None => Ok(vec![read(&store.conn, (0, i64::MAX))?]),
    }
}

/// The visits of the customers whose integers are above the first and up to the second number.
fn read_visits(
    conn: &Connection,
    past: bool,
    of: (i64, i64),
    roster: &Roster,
    stages: &Stages,
    today: Day,
) -> Result<Vec<Visit>> {
    let mut all: Vec<Visit> = Vec::new();
    let mut moves: Vec<(Day, StageNo)> = Vec::new();
    let mut flush = |of: i64, moves: &mut Vec<(Day, StageNo)>| {
        if let Some(row) = roster.row_of(of).filter(|r| !roster.rows[*r].removed) {
            all.extend(funnel::visits_of(moves).into_iter().map(|v| Visit {
                customer: row as u32,
                ..v
            }));
        }
        moves.clear();
    };
    // Codes that were looked up: there are few, and each is found at once.
    let mut known: Vec<(Box<[u8]>, Option<StageNo>)> = Vec::new();
    // In the past a view stands there, which has no index of its own.
    let index = if past { "" } else { "INDEXED BY event_stage" };
    let query = format!(
        "SELECT customer, day, channel FROM event {index}
         WHERE kind = 6 AND removed = 0 AND customer > ? AND customer <= ? ORDER BY customer, at, id"
    );
    let mut statement = conn.prepare_cached(&query)?;
    let mut rows = statement.query(params![of.0, of.1])?;
    let mut last = 0_i64;
    while let Some(row) = rows.next()? {
        let customer: i64 = row.get(0)?;
        if customer != last {
            flush(last, &mut moves);
            last = customer;
        }
        let code = row.get_ref(2)?.as_bytes().unwrap_or_default();
        let stage = match known.iter().find(|k| *k.0 == *code) {
            Some((_, stage)) => *stage,
            None => {
                let stage = std::str::from_utf8(code).ok().and_then(|c| stages.find(c));
                known.push((code.into(), stage));
                stage
            }
        };
        let day = Day::from_number(row.get(1)?);
        if let (Some(stage), Some(day)) = (stage, day.filter(|d| *d <= today)) {
            moves.push((day, stage));
        }
    }
    flush(last, &mut moves);
    Ok(all)
}

/// Everything that customers were asked and said. What comes after the store's day does not count.
pub fn answers(store: &mut Store, roster: &Roster) -> Result<Arc<Answers>> {
    if let Some(answers) = &store.kept.answers {
        return Ok(answers.clone());
    }
    let today = store.today;
    let mut parts = by_halves(store, roster, |conn, of| {
        read_answers(conn, of, roster, today)
    })?
    .into_iter();
    let (mut said, mut waves) = parts.next().unwrap_or_default();
    for (more, others) in parts {
        let numbers: Vec<u16> = others
            .names
            .into_iter()
            .map(|name| waves.intern(name))
            .collect();
        said.extend(more.into_iter().map(|one| {
            Said {
                wave: numbers
                    .get(usize::from(one.wave))
                    .copied()
                    .unwrap_or(NO_WAVE),
                ..one
            }
        }));
    }
    let all = Arc::new(Answers::settle(said, waves.names));
    store.kept.answers = Some(all.clone());
    Ok(all)
}

/// The answers of some customers, counting by the waves that are with them.
fn read_answers(
    conn: &Connection,
    (from, to): (i64, i64),
    roster: &Roster,
    today: Day,
) -> Result<(Vec<Said>, Waves)> {
    let mut statement = conn.prepare_cached(SAID)?;
    let mut rows = statement.query([from, to])?;
    let (mut said, mut waves) = (Vec::new(), Waves::default());
    while let Some(row) = rows.next()? {
        let kind = EventKind::from_number(row.get(1)?);
        let day = Day::from_number(row.get(4)?).filter(|d| *d <= today);
        let at = roster
            .row_of(row.get(0)?)
            .filter(|at| !roster.rows[*at].removed);
        let (Some(kind), Some(day), Some(customer)) = (kind, day, at) else {
            continue;
        };
        let bytes = |at: usize| {
            row.get_ref(at)
                .map(|v| v.as_bytes_or_null().ok().flatten().unwrap_or_default())
        };
        // Invitations to other surveys are no part of a response rate of NPS.
        if kind == EventKind::Invite && !matches!(bytes(7)?, b"nps" | b"") {
            continue;
        }
        said.push(Said {
            id: Id(row.get(3)?),
            customer: customer as u32,
            contact: row
                .get::<_, Option<i64>>(5)?
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(0),
            kind,
            at: row.get(2)?,
            day,
            // Nothing is no answer, and is told as such.
            number: row.get::<_, Option<i64>>(6)?.unwrap_or(-1),
            wave: waves.number(kind, bytes(8)?, bytes(9)?),
        });
    }
    Ok((said, waves))
}

/// The name of the wave that an event says itself; empty for none.
fn wave_of(kind: EventKind, reference: &[u8], more: &[u8]) -> String {
    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct More {
        wave: String,
    }
    let own = if more.is_empty() {
        String::new()
    } else {
        serde_json::from_slice::<More>(more)
            .unwrap_or_default()
            .wave
    };
    match kind {
        EventKind::Invite if own.is_empty() => String::from_utf8_lossy(reference).trim().to_owned(),
        _ => own.trim().to_owned(),
    }
}

/// Names of waves by number; what an event says of its wave is read once for all that say the same.
#[derive(Default)]
struct Waves {
    names: Vec<String>,
    known: HashMap<Box<[u8]>, u16>,
    key: Vec<u8>,
}

impl Waves {
    fn number(&mut self, kind: EventKind, reference: &[u8], more: &[u8]) -> u16 {
        // The key of an answer in its file says nothing of a wave, nor does that of an invitation which names one.
        let invited = kind == EventKind::Invite && !more.windows(6).any(|w| w == b"\"wave\"");
        let reference = if invited { reference } else { &[] };
        if reference.is_empty() && more.is_empty() {
            return NO_WAVE;
        }
        self.key.clear();
        self.key.extend_from_slice(reference);
        self.key.push(0);
        self.key.extend_from_slice(more);
        if let Some(no) = self.known.get(self.key.as_slice()) {
            return *no;
        }
        let no = self.intern(wave_of(kind, reference, more));
        self.known.insert(self.key.as_slice().into(), no);
        no
    }

    fn intern(&mut self, name: String) -> u16 {
        if name.is_empty() {
            return NO_WAVE;
        }
        let at = self
            .names
            .iter()
            .position(|n| *n == name)
            .unwrap_or_else(|| {
                self.names.push(name);
                self.names.len() - 1
            });
        u16::try_from(at).unwrap_or(NO_WAVE)
    }
}

/// Puts the orders of every customer into the roster, unless they are there.
pub fn load_orders(store: &mut Store, shared: &Arc<RwLock<Roster>>) -> Result<()> {
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    if store.kept.orders && roster.purchases.is_some() {
        return Ok(());
    }
    let all = orders(&store.conn, &roster, roster.today)?;
    let returned: Vec<bool> = roster
        .rows
        .iter()
        .map(|row| row.signals.cohort > 1)
        .collect();
    drop(roster);
    shared
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .put_orders(all, &returned);
    store.kept.orders = true;
    Ok(())
}

impl Store {
    /// Reads the orders of all customers into the roster, where something is to be said of them.
    pub fn load_orders(&mut self) -> Result<()> {
        let shared = self.roster()?;
        load_orders(self, &shared)
    }
}

/// Since when a row is a customer of the book, as far as it says.
pub fn since(row: &Row) -> Option<Day> {
    row.created.or(row.signals.started)
}

/// By row, who had come back by the end of a day after having left.
fn returned(store: &mut Store, roster: &Roster, day: Day) -> Result<Vec<bool>> {
    let visits = visits(store, roster)?;
    let mut returned = vec![false; roster.rows.len()];
    let lost = |v: &Visit| {
        store.config.stages.is_lost(v.stage)
            && v.next.is_some_and(|n| !store.config.stages.is_lost(n))
    };
    for visit in visits
        .iter()
        .filter(|v| v.left.is_some_and(|l| l <= day) && lost(v))
    {
        returned[visit.customer as usize] = true;
    }
    Ok(returned)
}

/// Puts the orders of every customer into a roster, as they stood at the end of a day.
pub fn put_orders_of(store: &mut Store, roster: &mut Roster, day: Day) -> Result<()> {
    let returned = returned(store, roster, day)?;
    roster.put_orders(orders(&store.conn, roster, day)?, &returned);
    Ok(())
}

/// The ready-made segments at the end of a day: how many were in each. Who is a customer by then is counted only.
pub fn segments_at(store: &mut Store, roster: &Roster, day: Day) -> Result<[usize; READY.len()]> {
    let returned = returned(store, roster, day)?;
    let (members, _) = segment::members(orders(&store.conn, roster, day)?, |at| returned[at]);
    let there = |row: &Row| !row.removed && since(row).is_none_or(|since| since <= day);
    Ok(segment::counts(
        members
            .iter()
            .zip(&roster.rows)
            .filter(|(_, row)| there(row))
            .map(|(m, _)| m),
    ))
}

/// The paid orders of every customer, by row of the roster, as they stood at the end of a day.
fn orders(conn: &Connection, roster: &Roster, today: Day) -> Result<Vec<Orders>> {
    let mut statement = conn.prepare_cached(ORDERS)?;
    let mut rows = statement.query([])?;
    let mut all = vec![Orders::default(); roster.rows.len()];
    let mut list: Vec<(Day, i64, i64)> = Vec::new();
    let (mut last, mut at) = (0_i64, None);
    loop {
        let row = rows.next()?;
        let customer: i64 = row.map_or(Ok(0), |r| r.get(0))?;
        if customer != last {
            if let Some(at) = at {
                all[at] = Orders::of(list.drain(..), today, rfm::LOOK_BACK);
            }
            list.clear();
            (last, at) = (
                customer,
                roster
                    .row_of(customer)
                    .filter(|at| !roster.rows[*at].removed),
            );
        }
        let Some(row) = row else { break };
        let bytes = |at: usize| {
            row.get_ref(at)
                .map(|v| v.as_bytes_or_null().ok().flatten().unwrap_or_default())
        };
        let Some(day) =
            Day::from_number(row.get(1)?).filter(|_| is_paid(bytes(3).unwrap_or_default()))
        else {
            continue;
        };
        list.push((
            day,
            row.get::<_, Option<i64>>(2)?.unwrap_or(0),
            discount(bytes(4)?),
        ));
    }
    Ok(all)
}

/// An order without a status counts as paid.
fn is_paid(status: &[u8]) -> bool {
    status.is_empty() || status.eq_ignore_ascii_case(b"paid")
}

fn discount(more: &[u8]) -> i64 {
    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct More {
        discount: i64,
    }
    if !more.windows(10).any(|w| w == b"\"discount\"") {
        return 0;
    }
    serde_json::from_slice::<More>(more)
        .unwrap_or_default()
        .discount
}

#[cfg(test)]
mod tests;
