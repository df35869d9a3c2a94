//! Signals in the book: facts read for the fold, the packed cache, and keeping it true.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::config::Config;
use crate::domain::customer::ROLES;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::money::Currency;
use crate::domain::revenue::{Interval, Terms, is_trial};
use crate::domain::roster::Roster;
use crate::domain::signal::{
    ActionFact, Fact, Facts, Signals, StageMarks, TaskFact, TicketFact, VersionFact, absorb, arr,
    fold,
};
use crate::domain::stage::{StageNo, Stages};
use crate::domain::time::{Day, Stamp, Zone};
use crate::domain::touchpoint;
use crate::error::Result;

use super::rated::Rated;

/// Signals with "health 28 days before" filled in.
pub fn fold_with_before(
    conn: &Connection,
    customer: i64,
    facts: &Facts,
    config: &Config,
    day: Day,
) -> Result<Signals> {
    let mut now = fold(facts, config, day);
    let before = day.plus(-28);
    let then = fold(facts, config, before);
    if then.last.is_some() || then.since.is_some() {
        now.before = Rated::of(conn, customer, config)?.score(then, before).score;
    }
    Ok(now)
}

fn day(number: Option<i64>) -> Option<Day> {
    number.and_then(Day::from_number)
}

/// What the fold needs of an event's JSON remainder.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct More {
    seats: Option<u32>,
    due: Option<Day>,
    until: Option<Day>,
    alert: String,
    paid: Option<Day>,
    active: Option<u32>,
    with: Vec<Id>,
}

/// The roles of contacts, each as its bit in the order of `ROLES`, by the contact's integer and by its id. Those that an event names
/// and nobody has read yet are read then, at whichever customer they are: so the fold does not depend on who is folded with whom.
pub struct Roles<'c> {
    conn: &'c Connection,
    by_number: HashMap<i64, u8>,
    by_id: HashMap<Id, u8>,
}

/// A role's bit; 0 for none.
fn bit(role: &[u8]) -> u8 {
    ROLES
        .iter()
        .position(|r| r.as_bytes() == role)
        .map_or(0, |at| 1 << at)
}

impl<'c> Roles<'c> {
    /// None are read yet.
    pub fn new(conn: &'c Connection) -> Roles<'c> {
        Roles {
            conn,
            by_number: HashMap::new(),
            by_id: HashMap::new(),
        }
    }

    /// Those of the contacts of the customers whose integers are above the first and up to the second number, read at once.
    pub fn between(conn: &'c Connection, (from, to): (i64, i64)) -> Result<Roles<'c>> {
        let mut roles = Roles::new(conn);
        let query = "SELECT n, id, role, removed FROM contact WHERE customer > ? AND customer <= ?";
        let mut statement = conn.prepare_cached(query)?;
        let mut rows = statement.query([from, to])?;
        while let Some(row) = rows.next()? {
            let removed: bool = row.get(3)?;
            let role = if removed {
                0
            } else {
                bit(row.get_ref(2)?.as_bytes().unwrap_or_default())
            };
            roles.by_number.insert(row.get(0)?, role);
            roles.by_id.insert(Id(row.get(1)?), role);
        }
        Ok(roles)
    }

    /// The roles of those who were at a touch.
    fn of(&mut self, contact: Option<i64>, with: &[Id]) -> rusqlite::Result<u8> {
        let mut all = 0;
        if let Some(n) = contact {
            all |= role_of(self.conn, "n", n, &mut self.by_number)?;
        }
        for id in with {
            all |= role_of(self.conn, "id", *id, &mut self.by_id)?;
        }
        Ok(all)
    }
}

/// The role of one contact, found by its integer or its id, and known from then on.
fn role_of<K: rusqlite::ToSql + Copy + Eq + std::hash::Hash>(
    conn: &Connection,
    by: &str,
    which: K,
    known: &mut HashMap<K, u8>,
) -> rusqlite::Result<u8> {
    if let Some(role) = known.get(&which) {
        return Ok(*role);
    }
    let query = format!("SELECT role FROM contact WHERE {by} = ? AND removed = 0");
    let mut statement = conn.prepare_cached(&query)?;
    let found = statement
        .query_row([which], |r| {
            Ok(bit(r.get_ref(0)?.as_bytes().unwrap_or_default()))
        })
        .optional()?;
    let role = found.unwrap_or(0);
    known.insert(which, role);
    Ok(role)
}

/// What the fold reads of an event, behind one column more.
pub const EVENT: &str = "kind, at, day, number, channel, more, contact, reference";

/// The fact of an event's row, of which [`EVENT`] are the columns from the second on.
pub fn read_fact(
    row: &rusqlite::Row<'_>,
    stages: &Stages,
    roles: &mut Roles<'_>,
) -> rusqlite::Result<Option<Fact>> {
    let (Some(kind), Some(day)) = (
        EventKind::from_number(row.get(1)?),
        Day::from_number(row.get(3)?),
    ) else {
        return Ok(None);
    };
    let channel = std::str::from_utf8(row.get_ref(5)?.as_bytes().unwrap_or_default()).unwrap_or("");
    let more = row.get_ref(6)?.as_bytes().unwrap_or_default();
    let more: More = match kind {
        EventKind::Usage
        | EventKind::Invoice
        | EventKind::Override
        | EventKind::Rule
        | EventKind::Touch
            if !more.is_empty() =>
        {
            serde_json::from_slice(more).unwrap_or_default()
        }
        _ => More::default(),
    };
    let mut fact = Fact {
        kind,
        day,
        at: row.get(2)?,
        number: row.get(4)?,
        to: StageNo::UNKNOWN,
        seats: more.seats,
        active: more.active.map(|days| days.min(7) as u8),
        due: more.due.or(more.until),
        paid: more.paid,
        alert: !more.alert.is_empty(),
        channel: u8::MAX,
        roles: 0,
    };
    match kind {
        EventKind::Stage => fact.to = stages.find(channel).unwrap_or(StageNo::UNKNOWN),
        EventKind::Check => {
            let reference =
                std::str::from_utf8(row.get_ref(8)?.as_bytes().unwrap_or_default()).unwrap_or("");
            fact.to = stages.find(channel).unwrap_or(StageNo::UNKNOWN);
            let place = stages
                .get(fact.to)
                .and_then(|s| s.checklist.iter().position(|q| q.code == reference));
            fact.channel = place
                .and_then(|at| u8::try_from(at).ok())
                .unwrap_or(u8::MAX);
        }
        EventKind::Touch => {
            fact.channel = touchpoint::number(channel).unwrap_or(u8::MAX);
            fact.roles = roles.of(row.get(7)?, &more.with)?;
        }
        _ => {}
    }
    Ok(Some(fact))
}

/// Everything that the fold reads of one customer; nothing where it is not there.
pub fn facts(conn: &Connection, customer: i64, config: &Config) -> Result<Facts> {
    Ok(block(conn, config, (customer - 1, customer))?
        .pop()
        .flatten()
        .unwrap_or_default())
}

/// The facts of the customers whose integers are above the first and up to the second number, one after the other; `None` where an
/// integer is nobody's: a purge leaves gaps.
fn block(conn: &Connection, config: &Config, (from, to): (i64, i64)) -> Result<Vec<Option<Facts>>> {
    let count = usize::try_from(to - from).unwrap_or(0);
    let mut all: Vec<Option<Facts>> = vec![None; count];
    // A damaged file may give rows that were not asked for.
    let at = |customer: i64| usize::try_from(customer - from - 1).unwrap_or(usize::MAX);
    {
        let mut statement =
            conn.prepare_cached("SELECT n, tags FROM customer WHERE n > ? AND n <= ?")?;
        let mut rows = statement.query([from, to])?;
        while let Some(row) = rows.next()? {
            let tags = super::search::text_at(row, 1)?;
            if let Some(place) = all.get_mut(at(row.get(0)?)) {
                *place = Some(Facts {
                    tags,
                    ..Facts::default()
                });
            }
        }
    }
    let mut roles = Roles::between(conn, (from, to))?;
    let query = format!(
        "SELECT customer, {EVENT} FROM event WHERE customer > ? AND customer <= ? AND removed = 0 ORDER BY customer, at, id"
    );
    let mut statement = conn.prepare_cached(&query)?;
    let mut rows = statement.query([from, to])?;
    while let Some(row) = rows.next()? {
        if let Some(Some(facts)) = all.get_mut(at(row.get(0)?)) {
            facts
                .events
                .extend(read_fact(row, &config.stages, &mut roles)?);
        }
    }
    let which = format!(
        "WHERE customer > ?1 AND customer <= ?1 + {count} AND removed = 0",
        count = count
    );
    read_states(conn, &which, from, config.zone, |customer, part, _| {
        if let Some(Some(facts)) = all.get_mut(at(customer)) {
            part.add(facts);
        }
    })?;
    Ok(all)
}

/// Reads the tags of the customers that have any and that a condition names.
pub fn read_tags(
    conn: &Connection,
    which: &str,
    customer: i64,
    mut each: impl FnMut(i64, String),
) -> Result<()> {
    let query = format!("SELECT n, tags FROM customer WHERE {which} AND tags <> ''");
    let mut statement = conn.prepare_cached(&query)?;
    let mut rows = statement.query([customer])?;
    while let Some(row) = rows.next()? {
        each(row.get(0)?, super::search::text_at_raw(row, 1)?);
    }
    Ok(())
}

/// One fact of an entity.
#[derive(Clone, Copy)]
pub enum Part {
    /// A ticket.
    Ticket(TicketFact),
    /// A task.
    Task(TaskFact),
    /// A call to action.
    Action(ActionFact),
    /// A version of a subscription.
    Version(VersionFact),
}

/// The row that a fact was read from: its id, and the integer of the batch that made it.
pub type Origin = (Id, i64);

impl Part {
    /// Adds it to the facts of its customer.
    pub fn add(self, facts: &mut Facts) {
        match self {
            Part::Ticket(t) => facts.tickets.push(t),
            Part::Task(t) => facts.tasks.push(t),
            Part::Action(a) => facts.actions.push(a),
            Part::Version(v) => facts.versions.push(v),
        }
    }
}

/// Tells subscriptions apart by a number: the hash of their name.
pub(super) fn subscription_number(name: &[u8]) -> i64 {
    let hash = blake3::hash(name);
    i64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap_or_default())
}

/// What the fold reads of a version, behind one column more.
const TERMS: &str =
    "subscription, start, end, status, amount, currency, period, count, quantity, discount";

/// The fact of a version's row, of which [`TERMS`] are the columns from the second on.
fn version_at(r: &rusqlite::Row<'_>) -> rusqlite::Result<Option<VersionFact>> {
    let text = |at: usize| -> rusqlite::Result<&[u8]> {
        Ok(r.get_ref(at)?.as_bytes().unwrap_or_default())
    };
    let small = |at: usize| -> rusqlite::Result<u32> {
        Ok(r.get::<_, i64>(at)?.clamp(0, i64::from(u32::MAX)) as u32)
    };
    let utf8 = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
    let Some(start) = day(r.get(2)?) else {
        return Ok(None);
    };
    Ok(Some(VersionFact {
        subscription: subscription_number(text(1)?),
        start,
        end: day(r.get(3)?),
        paid: !is_trial(utf8(text(4)?)),
        terms: Terms {
            amount: r.get(5)?,
            currency: Currency::kept(utf8(text(6)?)).unwrap_or_default(),
            interval: Interval::kept(text(7)?),
            count: small(8)?,
            quantity: small(9)?,
            discount: small(10)?,
        },
    }))
}

/// What no rate brings into the book's currency, of the customers of a roster that have any: of one, or of all.
pub fn put_apart(conn: &Connection, roster: &mut Roster, customer: Option<i64>) -> Result<()> {
    if !roster.rows.iter().any(|row| row.signals.apart) {
        return Ok(());
    }
    let one = if customer.is_some() {
        "customer = ?2"
    } else {
        "?2 IS NULL"
    };
    let query = format!(
        "SELECT customer, {TERMS} FROM subscription WHERE {one} AND removed = 0 AND currency <> ?1 ORDER BY customer"
    );
    let mut statement = conn.prepare_cached(&query)?;
    let book = roster.config.currency;
    let mut rows = statement.query(params![book.code(), customer])?;
    let mut all: HashMap<i64, Vec<VersionFact>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let of: &mut Vec<VersionFact> = all.entry(row.get(0)?).or_default();
        of.extend(version_at(row)?);
    }
    for (n, versions) in all {
        let sums = arr(&versions, &roster.config, roster.today);
        if let Some(at) = roster.row_of(n).filter(|at| roster.rows[*at].signals.apart) {
            roster.put_apart(at, &sums.apart().collect::<Vec<_>>());
        }
    }
    Ok(())
}

/// Reads tickets, tasks and versions of the customers `which` says (by the integer `customer`), ordered by customer.
pub fn read_states(
    conn: &Connection,
    which: &str,
    customer: i64,
    zone: Zone,
    mut each: impl FnMut(i64, Part, Origin),
) -> Result<()> {
    let on = |ms: i64| zone.day(Stamp(ms));
    let origin = |r: &rusqlite::Row<'_>, at: usize| -> Result<Origin> {
        Ok((Id(r.get(at)?), r.get(at + 1)?))
    };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT customer, severity, opened, closed, id, batch FROM ticket {which} ORDER BY customer"
    ))?;
    let mut rows = statement.query([customer])?;
    while let Some(r) = rows.next()? {
        let severity: i64 = r.get(1)?;
        let part = TicketFact {
            severity: severity.clamp(1, 4) as u8,
            opened: on(r.get(2)?),
            closed: r.get::<_, Option<i64>>(3)?.map(on),
        };
        each(r.get(0)?, Part::Ticket(part), origin(r, 4)?);
    }
    let mut statement = conn
        .prepare_cached(&format!(
            "SELECT customer, made, max(coalesce(due, snoozed), coalesce(snoozed, due)), done, kind, id, batch FROM task {which} ORDER BY customer"
        ))?;
    let mut rows = statement.query([customer])?;
    while let Some(r) = rows.next()? {
        let kind = r.get_ref(4)?.as_bytes().unwrap_or_default();
        let part = TaskFact {
            made: on(r.get(1)?),
            due: day(r.get(2)?),
            done: r.get::<_, Option<i64>>(3)?.map(on),
            plan: kind == b"renewal",
            mention: kind == b"mention",
        };
        each(r.get(0)?, Part::Task(part), origin(r, 5)?);
    }
    let query = format!(
        "SELECT customer, opened, max(coalesce(due, snoozed), coalesce(snoozed, due)), closed, kind = 'risk', severity, id, batch FROM action {which} ORDER BY customer"
    );
    let mut statement = conn.prepare_cached(&query)?;
    let mut rows = statement.query([customer])?;
    while let Some(r) = rows.next()? {
        let Some(opened) = day(r.get(1)?) else {
            continue;
        };
        let (is_risk, severity): (bool, Option<i64>) = (r.get(4)?, r.get(5)?);
        let part = ActionFact {
            opened,
            due: day(r.get(2)?),
            closed: day(r.get(3)?),
            risk: if is_risk {
                severity.unwrap_or(4).clamp(1, 4) as u8
            } else {
                0
            },
        };
        each(r.get(0)?, Part::Action(part), origin(r, 6)?);
    }
    let query = format!(
        "SELECT customer, {TERMS}, id, batch FROM subscription {which} ORDER BY customer, start, id"
    );
    let mut statement = conn.prepare_cached(&query)?;
    let mut rows = statement.query([customer])?;
    while let Some(r) = rows.next()? {
        if let Some(part) = version_at(r)? {
            each(r.get(0)?, Part::Version(part), origin(r, 11)?);
        }
    }
    Ok(())
}

/// Folds the customers one by one and hands each to `each`, in the order of their integers.
pub fn fold_all(
    conn: &Connection,
    config: &Config,
    today: Day,
    mut each: impl FnMut(i64, Signals) -> Result<()>,
) -> Result<()> {
    facts_of_all(conn, config, |n, facts| {
        each(n, fold_with_before(conn, n, facts, config, today)?)
    })
}

/// Hands the facts of each customer to `each`, in the order of their integers. Memory stays that of one block of customers.
pub fn facts_of_all(
    conn: &Connection,
    config: &Config,
    mut each: impl FnMut(i64, &Facts) -> Result<()>,
) -> Result<()> {
    const BLOCK: i64 = 2000;
    let mut from = 0;
    while let Some(next) = next_piece(conn, from, BLOCK)? {
        facts_between(conn, config, next, &mut each)?;
        from = next.1;
    }
    Ok(())
}

/// The customers behind an integer, at most so many, as the integers below the first and of the last; `None` behind the last of all.
/// A gap costs nothing, however wide.
pub fn next_piece(conn: &Connection, from: i64, most: i64) -> Result<Option<(i64, i64)>> {
    let first: Option<i64> = conn
        .prepare_cached("SELECT min(n) FROM customer WHERE n > ?")
        .and_then(|mut s| s.query_row([from], |r| r.get(0)))?;
    Ok(first.map(|first| (first - 1, first.saturating_add(most - 1))))
}

/// The greatest integer of a customer.
pub fn greatest(conn: &Connection) -> Result<i64> {
    conn.query_row("SELECT coalesce(max(n), 0) FROM customer", [], |r| r.get(0))
        .map_err(Into::into)
}

/// The same for the customers whose integers are above the first and up to the second number; their facts are in memory at once.
pub fn facts_between(
    conn: &Connection,
    config: &Config,
    (from, to): (i64, i64),
    mut each: impl FnMut(i64, &Facts) -> Result<()>,
) -> Result<()> {
    for (n, facts) in (from + 1..).zip(block(conn, config, (from, to))?) {
        if let Some(facts) = facts {
            each(n, &facts)?;
        }
    }
    Ok(())
}

/// Folds one customer again and keeps the result. Of one that is not there, because it was purged meanwhile, nothing is kept.
pub fn refresh(conn: &Connection, customer: i64, config: &Config, today: Day) -> Result<()> {
    let Some(facts) = block(conn, config, (customer - 1, customer))?
        .pop()
        .flatten()
    else {
        return Ok(());
    };
    keep(
        conn,
        customer,
        &fold_with_before(conn, customer, &facts, config, today)?,
        &StageMarks::new(&config.stages),
    )
}

/// The same for several. One pass over the book reads in its order; a few customers are read faster one by one.
pub fn refresh_all(
    conn: &Connection,
    customers: &BTreeSet<i64>,
    config: &Config,
    today: Day,
) -> Result<()> {
    if customers.len() > FEW {
        let book: i64 = conn.query_row("SELECT count(*) FROM customer", [], |r| r.get(0))?;
        if customers.len() > usize::try_from(book).unwrap_or(0) / 4 {
            let marks = StageMarks::new(&config.stages);
            return facts_of_all(conn, config, |n, facts| {
                if !customers.contains(&n) {
                    return Ok(());
                }
                keep(
                    conn,
                    n,
                    &fold_with_before(conn, n, facts, config, today)?,
                    &marks,
                )
            });
        }
    }
    customers
        .iter()
        .try_for_each(|customer| refresh(conn, *customer, config, today))
}

/// Up to so many customers are folded one by one.
const FEW: usize = 500;

/// Brings the cache of customers up to date with a batch (its integer) that did nothing but make `made` events, where each
/// can be added without reading the others. Gives the customers that are up to date then; the rest have to be folded.
pub fn absorb_batch(
    conn: &Connection,
    batch: i64,
    made: usize,
    config: &Config,
    today: Day,
) -> Result<BTreeSet<i64>> {
    let query = format!(
        "SELECT customer, {EVENT} FROM event WHERE batch = ? ORDER BY customer, at, id LIMIT ?"
    );
    let mut statement = conn.prepare_cached(&query)?;
    let mut rows = statement.query(params![batch, made as i64 + 1])?;
    let mut new: Vec<(i64, Option<Fact>)> = Vec::new();
    let mut roles = Roles::new(conn);
    while let Some(row) = rows.next()? {
        new.push((row.get(0)?, read_fact(row, &config.stages, &mut roles)?));
    }
    let mut done = BTreeSet::new();
    // Other rows than events were made: what they change is not told by the events.
    if new.len() != made {
        return Ok(done);
    }
    let marks = StageMarks::new(&config.stages);
    for of in new.chunk_by(|a, b| a.0 == b.0) {
        let customer = of[0].0;
        let Some(mut signals) = read(conn, customer, &marks)?.filter(|s| s.asof == Some(today))
        else {
            continue;
        };
        // Health 28 days ago is in the cache too, so an event must not reach back that far.
        let recent = |f: &Fact| f.day > today.plus(-28);
        if of.iter().all(|(_, fact)| {
            fact.as_ref()
                .is_some_and(|f| recent(f) && absorb(&mut signals, f, config))
        }) {
            keep(conn, customer, &signals, &marks)?;
            done.insert(customer);
        }
    }
    Ok(done)
}

/// True when another config makes other figures of the same facts: which cadence holds and which touches count for it, which
/// stages there are and what they ask, on which day a ticket was opened; and by which scorecards and limits the health of 28 days
/// before was scored; and by which rates amounts are those of which currency.
pub fn folds_anew(before: &Config, after: &Config) -> bool {
    before.cadences != after.cadences
        || before.stages != after.stages
        || before.scorecards != after.scorecards
        || before.policy != after.policy
        || before.zone != after.zone
        || before.rates != after.rates
        || before.currency != after.currency
}

/// Folds all customers again and keeps the result.
pub fn keep_all(conn: &Connection, config: &Config, today: Day) -> Result<()> {
    let marks = StageMarks::new(&config.stages);
    fold_all(conn, config, today, |n, signals| {
        keep(conn, n, &signals, &marks)
    })
}

/// Writes the cached row.
pub fn keep(conn: &Connection, customer: i64, signals: &Signals, marks: &StageMarks) -> Result<()> {
    conn.prepare_cached("INSERT INTO signal (customer, packed) VALUES (?1, ?2) ON CONFLICT (customer) DO UPDATE SET packed = ?2")
        .and_then(|mut s| s.execute(params![customer, signals.pack(marks)]))?;
    Ok(())
}

/// The signals of one customer: the cached ones, or folded where there are none that hold on this day.
pub fn current(conn: &Connection, customer: i64, config: &Config, today: Day) -> Result<Signals> {
    match read(conn, customer, &StageMarks::new(&config.stages))? {
        Some(signals) if signals.holds_on(today) => Ok(signals),
        _ => fold_with_before(
            conn,
            customer,
            &facts(conn, customer, config)?,
            config,
            today,
        ),
    }
}

/// The cached signals of one customer.
pub fn read(conn: &Connection, customer: i64, marks: &StageMarks) -> Result<Option<Signals>> {
    let packed: Option<Vec<u8>> = conn
        .prepare_cached("SELECT packed FROM signal WHERE customer = ?")
        .and_then(|mut s| s.query_row([customer], |r| r.get(0)).optional())?;
    Ok(packed.and_then(|p| Signals::unpack(&p, marks)))
}

#[cfg(test)]
mod tests;
