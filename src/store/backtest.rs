//! The scores of past month ends by what the book knew then, against what became of the customers: one pass over the facts.
//!
//! What was known on a day is what a look at the book as it was would show ([`super::past`]): a row counts from the batch that
//! made it, one that an import or the demo brought from the day that it says of itself, and a field that was edited later says
//! what it said before. Stricter than there, because a score must not foresee: of what an import brought, an agreement that
//! ends or begins after the day is not known to do so, and a week of usage counts when it is over. The choice of the scorecard
//! follows present tags, owner and attributes, and the scorecards are the present ones: what is tested is whether they would
//! have told. A row that was removed since counts as never having been there.

use std::collections::{HashMap, HashSet};

use chrono::{Datelike, NaiveTime};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::domain::config::Config;
use crate::domain::event::EventKind;
use crate::domain::health::backtest::{AHEAD, Backtest, Pair, backtest};
use crate::domain::id::Id;
use crate::domain::money::Currency;
use crate::domain::query::Page;
use crate::domain::revenue::{Interval, Span, is_trial};
use crate::domain::signal::{Fact, Facts, VersionFact, fold};
use crate::domain::time::{Day, Stamp, Zone};
use crate::error::Result;

use super::Store;
use super::rated::Rated;
use super::signal::{
    EVENT, Part, Roles, greatest, next_piece, read_fact, read_states, read_tags,
    subscription_number,
};

/// Customers that are scored before the worker looks whether somebody asks for something else.
const PIECE: i64 = 500;

/// A backtest that is being made, and when it is, what it says. It holds until something is written.
pub struct Test {
    months: u8,
    today: Day,
    days: Vec<Day>,
    cuts: Vec<Cut>,
    batches: Batches,
    edits: Edits,
    removed: HashSet<i64>,
    pairs: Vec<Pair>,
    /// Customers whose integers are above it are to come, up to the greatest.
    next: i64,
    top: i64,
    said: Option<Box<Backtest>>,
}

/// Answers [`crate::domain::query::Query::Backtest`], a piece at a time; the same question of the same book is answered from memory.
pub fn answer(store: &mut Store, months: u8) -> Result<Page> {
    let known = store
        .kept
        .test
        .take()
        .filter(|test| (test.months, test.today) == (months, store.today));
    let mut test = match known {
        Some(test) => test,
        None => Box::new(Test::begin(
            &store.conn,
            &store.config,
            store.today,
            months,
        )?),
    };
    test.go_on(&store.conn, &store.config)?;
    let page = match &test.said {
        Some(said) => Page::Backtest(said.clone()),
        None => Page::Counting {
            done: test.next as usize,
            of: test.top as usize,
        },
    };
    store.kept.test = Some(test);
    Ok(page)
}

/// The last month ends that lie so far back that it is known what became of the customers, oldest first.
fn month_ends(today: Day, months: u8) -> Vec<Day> {
    let mut day = today.plus(-AHEAD);
    let mut days = Vec::new();
    while days.len() < usize::from(months) && day > Day::MIN {
        if day.plus(1).date().day() == 1 {
            days.push(day);
        }
        day = day.plus(-1);
    }
    days.reverse();
    days
}

/// A fact and the time in which it was what the book said, milliseconds: from the first, before the second.
struct Known<T> {
    fact: T,
    from: i64,
    until: i64,
    /// An import or the demo brought it.
    told: bool,
}

/// Everything known of one customer, and when.
#[derive(Default)]
struct Life {
    events: Vec<Known<Fact>>,
    parts: Vec<Known<Part>>,
}

/// A day on which scores are taken, and its last millisecond.
type Cut = (Day, i64);

impl Life {
    /// The facts as the book knew them at a cut.
    fn facts_at(&self, (day, at): Cut, facts: &mut Facts) {
        facts.clear();
        facts.events.extend(
            self.events
                .iter()
                .filter(|k| k.from <= at && at < k.until)
                .map(|k| k.fact),
        );
        for known in self.parts.iter().filter(|k| k.from <= at && at < k.until) {
            match known.fact {
                Part::Version(version) if known.told => {
                    if version.start <= day {
                        facts.versions.push(VersionFact {
                            end: version.end.filter(|end| *end <= day),
                            ..version
                        });
                    }
                }
                part => part.add(facts),
            }
        }
    }

    /// What became of the customer after a day, by all that is known now: whether it was lost; `None` where it was not there yet,
    /// or was lost already.
    fn fate(&self, day: Day, config: &Config) -> Option<bool> {
        let events = |kind: EventKind| {
            self.events
                .iter()
                .filter(move |k| k.fact.kind == kind && k.until == i64::MAX)
                .map(|k| &k.fact)
        };
        let stage = events(EventKind::Stage).rfind(|f| f.day <= day)?;
        let paid = self.pays(day);
        let left = events(EventKind::Churn)
            .map(|f| f.day)
            .filter(|d| *d <= day)
            .max();
        let back =
            |left: Day| paid || events(EventKind::Stage).any(|f| left < f.day && f.day <= day);
        if config.stages.is_lost(stage.to) || left.is_some_and(|left| !back(left)) {
            return None;
        }
        let end = day.plus(AHEAD);
        let soon = |f: &&Fact| day < f.day && f.day <= end;
        let gone = events(EventKind::Churn).any(|f| soon(&f))
            || events(EventKind::Stage).any(|f| soon(&f) && config.stages.is_lost(f.to));
        Some(gone || (paid && !self.pays(end)))
    }

    /// Whether it pays on a day, in whichever currency, by all that is known now.
    fn pays(&self, day: Day) -> bool {
        let active = |v: &VersionFact| v.start <= day && v.end.is_none_or(|end| end > day);
        let versions = self
            .parts
            .iter()
            .filter(|k| k.until == i64::MAX)
            .filter_map(|k| {
                if let Part::Version(v) = k.fact {
                    Some(v)
                } else {
                    None
                }
            });
        let earns = |v: VersionFact| {
            v.paid
                && v.terms
                    .revenue(Span::Month, None)
                    .is_none_or(|monthly| monthly > 0)
        };
        versions.filter(active).any(earns)
    }
}

/// When batches were made and whether they only told what was known before, by their integers.
#[derive(Default)]
struct Batches(HashMap<i64, (i64, bool)>);

/// The later edits of rows, by row, oldest first: when, the field, the value before.
type Edits = HashMap<Id, Vec<(i64, String, Value)>>;

impl Batches {
    fn read(conn: &Connection) -> Result<Batches> {
        let mut statement =
            conn.prepare("SELECT n, wall, command IN ('import', 'demo') FROM batch")?;
        let rows = statement.query_map([], |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?))))?;
        rows.collect::<std::result::Result<_, _>>()
            .map(Batches)
            .map_err(Into::into)
    }

    /// From when a row of a batch counts, and whether it was told.
    fn of(&self, batch: i64) -> (i64, bool) {
        match self.0.get(&batch) {
            Some((_, true)) => (i64::MIN, true),
            Some((wall, false)) => (*wall, false),
            None => (i64::MIN, false),
        }
    }
}

/// The edits of fields that a fold reads.
fn edits(conn: &Connection) -> Result<Edits> {
    let query = "SELECT e.row, b.wall, e.field, e.before FROM edit e JOIN batch b ON b.n = e.batch
         WHERE (e.entity = 3 AND e.field IN ('day', 'number'))
            OR (e.entity = 4 AND e.field IN ('due', 'snoozed', 'done', 'kind'))
            OR (e.entity = 5 AND e.field IN ('severity', 'opened', 'closed'))
            OR (e.entity = 6 AND e.field IN ('subscription', 'start', 'end', 'mrr', 'quantity'))
         ORDER BY b.hlc, e.id";
    let mut edits = Edits::new();
    let mut statement = conn.prepare(query)?;
    let mut rows = statement.query([])?;
    while let Some(r) = rows.next()? {
        let edit = (r.get(1)?, super::search::text_at_raw(r, 2)?, r.get(3)?);
        edits.entry(Id(r.get(0)?)).or_default().push(edit);
    }
    Ok(edits)
}

/// Every state that a row has had, the present one first.
fn states<T: Copy>(
    fact: T,
    made: (i64, bool),
    edits: Option<&Vec<(i64, String, Value)>>,
    back: impl Fn(&mut T, &str, &Value),
) -> Vec<Known<T>> {
    let (mut states, mut fact, mut until) = (Vec::with_capacity(1), fact, i64::MAX);
    for (wall, field, before) in edits.into_iter().flatten().rev() {
        // An edit that the row was made with (a merge brought both) leaves nothing between.
        states.push(Known {
            fact,
            from: (*wall).min(until),
            until,
            told: made.1,
        });
        back(&mut fact, field, before);
        until = until.min(*wall);
    }
    states.push(Known {
        fact,
        from: made.0,
        until,
        told: made.1,
    });
    states
}

fn whole(value: &Value) -> Option<i64> {
    if let Value::Integer(n) = value {
        Some(*n)
    } else {
        None
    }
}

/// Puts the value before of a field back into an event's fact.
fn event_back(fact: &mut Fact, field: &str, before: &Value) {
    match (field, whole(before)) {
        ("day", Some(n)) => fact.day = Day::from_number(n).unwrap_or(fact.day),
        ("number", n) => fact.number = n,
        _ => {}
    }
}

/// Puts the value before of a field back into a part.
fn part_back(part: &mut Part, field: &str, before: &Value, zone: Zone) {
    let n = whole(before);
    let count = |n: Option<i64>| n.map_or(0, |n| n.clamp(0, i64::from(u32::MAX)) as u32);
    let (moment, day) = (
        n.map(|ms| zone.day(Stamp(ms))),
        n.and_then(Day::from_number),
    );
    match (part, field) {
        (Part::Ticket(t), "severity") => t.severity = n.map_or(t.severity, |n| n.clamp(1, 4) as u8),
        (Part::Ticket(t), "opened") => t.opened = moment.unwrap_or(t.opened),
        (Part::Ticket(t), "closed") => t.closed = moment,
        // The later of due and put off is kept; the one before is as near as can be told.
        (Part::Task(t), "due") => t.due = day,
        (Part::Task(t), "snoozed") => t.due = day.or(t.due),
        (Part::Task(t), "done") => t.done = moment,
        (Part::Task(t), "kind") => {
            t.plan = matches!(before, Value::Text(kind) if kind == "renewal");
            t.mention = matches!(before, Value::Text(kind) if kind == "mention");
        }
        (Part::Action(a), "due" | "snoozed") => a.due = day.or(a.due),
        (Part::Action(a), "closed") => a.closed = day,
        (Part::Version(v), "start") => v.start = day.unwrap_or(v.start),
        (Part::Version(v), "end") => v.end = day,
        (Part::Version(v), "amount") => v.terms.amount = n.unwrap_or(0),
        (Part::Version(v), "quantity") => v.terms.quantity = count(n),
        (Part::Version(v), "discount") => v.terms.discount = count(n),
        (Part::Version(v), "count") => v.terms.count = count(n),
        (Part::Version(v), field) => {
            if let Value::Text(text) = before {
                match field {
                    "subscription" => v.subscription = subscription_number(text.as_bytes()),
                    "period" => v.terms.interval = Interval::kept(text.as_bytes()),
                    "status" => v.paid = !is_trial(text),
                    "currency" => {
                        v.terms.currency = Currency::kept(text).unwrap_or(v.terms.currency);
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

impl Test {
    fn begin(conn: &Connection, config: &Config, today: Day, months: u8) -> Result<Test> {
        let days = month_ends(today, months);
        let midnight = midnight(config.zone);
        let cuts = days.iter().map(|d| (*d, midnight(d.plus(1)) - 1)).collect();
        let removed = {
            let mut statement = conn.prepare("SELECT n FROM customer WHERE removed = 1")?;
            let rows = statement.query_map([], |r| r.get(0))?;
            rows.collect::<std::result::Result<_, _>>()?
        };
        let (batches, edits, top) = (Batches::read(conn)?, edits(conn)?, greatest(conn)?);
        Ok(Test {
            months,
            today,
            days,
            cuts,
            batches,
            edits,
            removed,
            pairs: Vec::new(),
            next: 0,
            top,
            said: None,
        })
    }

    /// Scores some more customers; at the end it says what came of it.
    fn go_on(&mut self, conn: &Connection, config: &Config) -> Result<()> {
        if self.said.is_some() {
            return Ok(());
        }
        if self.next < self.top {
            self.next = match next_piece(conn, self.next, PIECE)? {
                Some(piece) => self.score(conn, config, piece).map(|()| piece.1)?,
                None => self.top,
            };
        }
        if self.next >= self.top {
            self.said = Some(Box::new(backtest(self.days.clone(), &self.pairs)));
            (self.pairs, self.batches, self.edits) = (Vec::new(), Batches::default(), Edits::new());
        }
        Ok(())
    }

    /// The customers whose integers are above the first and up to the second number, on every day: scored by what was known
    /// then, with what became of them.
    fn score(&mut self, conn: &Connection, config: &Config, (from, to): (i64, i64)) -> Result<()> {
        let Test {
            cuts,
            batches,
            edits,
            removed,
            pairs,
            ..
        } = self;
        let count = to - from;
        let (zone, midnight) = (config.zone, midnight(config.zone));
        let mut block: Vec<Life> = (0..count).map(|_| Life::default()).collect();
        let mut roles = Roles::between(conn, (from, to))?;
        let mut tagged: HashMap<i64, String> = HashMap::new();
        read_tags(
            conn,
            &format!("n > ?1 AND n <= ?1 + {count}"),
            from,
            |customer, tags| {
                tagged.insert(customer, tags);
            },
        )?;
        let query = format!(
            "SELECT customer, {EVENT}, batch, id FROM event WHERE customer > ? AND customer <= ? AND removed = 0 ORDER BY customer, at, id"
        );
        let mut statement = conn.prepare_cached(&query)?;
        let mut rows = statement.query([from, to])?;
        while let Some(row) = rows.next()? {
            let Some(fact) = read_fact(row, &config.stages, &mut roles)? else {
                continue;
            };
            let customer: i64 = row.get(0)?;
            let mut made = batches.of(row.get(9)?);
            if made.1 && fact.kind == EventKind::Usage {
                made.0 = midnight(fact.day.plus(7));
            }
            let of = if edits.is_empty() {
                None
            } else {
                edits.get(&Id(row.get(10)?))
            };
            let life = &mut block[(customer - from - 1) as usize];
            match of {
                None => life.events.push(Known {
                    fact,
                    from: made.0,
                    until: i64::MAX,
                    told: made.1,
                }),
                Some(_) => life.events.extend(states(fact, made, of, event_back)),
            }
        }
        let which = format!(
            "WHERE customer > ?1 AND customer <= ?1 + {count} AND removed = 0",
            count = count
        );
        read_states(conn, &which, from, zone, |customer, part, (row, batch)| {
            let back =
                |part: &mut Part, field: &str, before: &Value| part_back(part, field, before, zone);
            block[(customer - from - 1) as usize].parts.extend(states(
                part,
                batches.of(batch),
                edits.get(&row),
                back,
            ));
        })?;
        let mut facts = Facts::default();
        for (customer, life) in (from + 1..)
            .zip(&block)
            .filter(|(n, life)| !life.events.is_empty() && !removed.contains(n))
        {
            let mut rated = None;
            for cut in cuts.iter() {
                let Some(lost) = life.fate(cut.0, config) else {
                    continue;
                };
                life.facts_at(*cut, &mut facts);
                facts
                    .tags
                    .push_str(tagged.get(&customer).map_or("", String::as_str));
                let signals = fold(&facts, config, cut.0);
                if signals.since.is_none() {
                    continue;
                }
                let rated = match &mut rated {
                    Some(rated) => rated,
                    none => none.insert(Rated::of(conn, customer, config)?),
                };
                let health = rated.measured(signals, cut.0);
                pairs.push(Pair {
                    customer: customer as u32,
                    score: health.score,
                    band: health.band,
                    lost,
                });
            }
        }
        Ok(())
    }
}

/// The first millisecond of days in a zone.
fn midnight(zone: Zone) -> impl Fn(Day) -> i64 {
    move |day| zone.stamp(day, NaiveTime::MIN).0
}

#[cfg(test)]
mod tests;
