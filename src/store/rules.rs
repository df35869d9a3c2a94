//! Rules at work: whom each holds, what happens when a customer comes in or leaves, and once only.
//!
//! The table `inside` keeps whom a rule holds, so an entry is told from a stay. It is asked again for the customers of each
//! write, in its transaction, so what a rule does is part of the same batch and of the same undo step. Undoing takes a
//! customer out again without a word, and what only brings back or corrects never fires.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::columns;
use crate::domain::config::Config;
use crate::domain::event::EventKind;
use crate::domain::filter::{Fields, Filter, People};
use crate::domain::roster::Roster;
use crate::domain::rule::{Alert, Edge, Rule};
use crate::domain::time::{Day, Stamp};
use crate::error::Result;

use super::batch::Batch;
use super::{Store, roster, signal, sql, write};

mod trial;
pub use trial::Trying;

/// How often what one firing changes may let another rule fire within one batch.
const ROUNDS: usize = 4;

/// The rules of a config, their filters read.
pub(super) struct Watch {
    config: Arc<Config>,
    rules: Vec<(usize, Filter)>,
    attributes: Vec<String>,
    /// Changes with everything on which it depends whom a rule holds.
    mark: String,
}

/// Up to where rules have been asked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct State {
    mark: String,
    /// The day for which all customers were asked last.
    day: i64,
    /// The customer with the greatest integer that was asked.
    top: i64,
    /// The last batch when all were asked.
    batch: i64,
}

/// What a batch may let rules do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fire {
    /// They fire.
    Yes,
    /// They fire for customers that were there before: the others came with their past.
    Known,
    /// They note whom they hold.
    No,
}

/// The words of a book's fields, as its filters read them.
pub(super) fn fields(config: &Config) -> Fields {
    Fields::new(columns::COLUMNS.iter().map(|c| &c.field), config)
}

impl Watch {
    /// The rules of a config that are on. A rule whose filter cannot be read any more is passed over; `doctor` and the list of
    /// rules name it.
    pub(super) fn of(config: &Arc<Config>) -> Watch {
        let fields = fields(config);
        let on = config.rules.rule.iter().enumerate().filter(|(_, r)| !r.off);
        let rules: Vec<(usize, Filter)> = on.filter_map(|(at, rule)| Some((at, rule.filter(&fields).ok()?))).collect();
        // Those that choose a scorecard too: rules read health.
        let scored = config.scorecards.attributes();
        let mut attributes: Vec<String> = rules.iter().flat_map(|(_, f)| f.attributes()).chain(scored).collect();
        attributes.sort_unstable();
        attributes.dedup();
        let said = format!("{:?}{:?}{:?}{:?}{:?}", config.rules, config.stages, config.scorecards, config.policy, config.cadences);
        Watch { config: config.clone(), rules, attributes, mark: blake3::hash(said.as_bytes()).to_hex()[..16].to_owned() }
    }

    /// True when it is of this config.
    pub(super) fn is_of(&self, config: &Arc<Config>) -> bool {
        Arc::ptr_eq(&self.config, config)
    }

    fn rule(&self, at: usize) -> &Rule {
        &self.config.rules.rule[self.rules[at].0]
    }

    /// Which rules (their places here) hold each of some customers now.
    fn holding(&self, conn: &Connection, customers: &BTreeSet<i64>, today: Day) -> Result<BTreeMap<i64, BTreeSet<usize>>> {
        let mut small = Roster::new(self.config.clone(), today, "");
        for code in &self.attributes {
            small.reload_attribute(code, []);
        }
        for customer in customers {
            roster::read_one(conn, &mut small, *customer, &self.attributes)?;
        }
        small.rescore();
        let mut held: BTreeMap<i64, BTreeSet<usize>> = customers.iter().map(|c| (*c, BTreeSet::new())).collect();
        self.each(&small, |customer, rule| {
            held.entry(customer).or_default().insert(rule);
        });
        Ok(held)
    }

    /// Calls `found` with each customer (its integer) of a roster and each rule that holds it.
    fn each(&self, roster: &Roster, mut found: impl FnMut(i64, usize)) {
        let nobody = People::new();
        for (at, (_, filter)) in self.rules.iter().enumerate() {
            let prepared = filter.prepare(roster, &nobody);
            for row in 0..roster.rows.len() {
                if !roster.rows[row].removed && prepared.matches(row) {
                    found(roster.rowids[row], at);
                }
            }
        }
    }

    /// Whom the table says that the rules hold.
    fn noted(&self, conn: &Connection, customer: Option<i64>) -> Result<BTreeMap<i64, BTreeSet<usize>>> {
        let places: BTreeMap<&str, usize> = (0..self.rules.len()).map(|at| (self.rule(at).code.as_str(), at)).collect();
        // Two statements: one with "or all" would go through the whole table for one customer, at every write.
        let all = "SELECT customer, rule FROM inside";
        let query = if customer.is_some() { format!("{all} WHERE customer = ?") } else { all.to_owned() };
        let mut statement = conn.prepare_cached(&query).map_err(sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(customer)).map_err(sql)?;
        let mut noted: BTreeMap<i64, BTreeSet<usize>> = BTreeMap::new();
        while let Some(row) = rows.next().map_err(sql)? {
            let code = row.get_ref(1).map_err(sql)?.as_str().unwrap_or_default();
            if let Some(at) = places.get(code) {
                noted.entry(row.get(0).map_err(sql)?).or_default().insert(*at);
            }
        }
        Ok(noted)
    }

    fn note(&self, conn: &Connection, rule: usize, customer: i64, day: Day, held: bool) -> Result<()> {
        let code = &self.rule(rule).code;
        if held {
            conn.prepare_cached("INSERT INTO inside (rule, customer, day) VALUES (?,?,?) ON CONFLICT DO NOTHING")
                .and_then(|mut s| s.execute(params![code, customer, day]))
        } else {
            conn.prepare_cached("DELETE FROM inside WHERE rule = ? AND customer = ?").and_then(|mut s| s.execute(params![code, customer]))
        }
        .map(|_| ())
        .map_err(sql)
    }

    /// Notes whom the rules hold, all customers of the roster, without firing.
    fn begin_anew(&self, conn: &Connection, roster: &Roster) -> Result<()> {
        conn.execute("DELETE FROM inside", []).map_err(sql)?;
        let mut trouble = Ok(());
        self.each(roster, |customer, rule| {
            if trouble.is_ok() {
                trouble = self.note(conn, rule, customer, roster.today, true);
            }
        });
        trouble
    }

    /// What a batch does to the customers that it touched, before it is finished: fires, or only notes. Their signals are up to
    /// date, and are again behind it. Gives the labels of the rules that fired.
    pub(super) fn behind(&self, b: &mut Batch<'_>, today: Day, fire: Fire) -> Result<Vec<String>> {
        let state = read(b.conn)?;
        let newest: i64 = b.conn.query_row("SELECT coalesce(max(n), 0) FROM customer", [], |r| r.get(0)).map_err(sql)?;
        let Some(mut state) = state.filter(|s| s.mark == self.mark) else {
            // The first time, or other rules than before: whom they hold now is where they begin.
            let load = |fold| roster::load(b.conn, None, &self.config, today, "", fold);
            let cached = load(false)?;
            let shared = RwLock::new(if cached.1.is_empty() { cached.0 } else { load(true)?.0 });
            self.attributes.iter().try_for_each(|code| roster::load_attribute(b.conn, &shared, code))?;
            self.begin_anew(b.conn, &shared.read().unwrap_or_else(PoisonError::into_inner))?;
            let batch = b.n;
            return write_state(b.conn, &State { mark: self.mark.clone(), day: today.number(), top: newest, batch }).map(|()| Vec::new());
        };
        let mut fired = Vec::new();
        let mut ask = b.touched.clone();
        for _ in 0..ROUNDS {
            let mut again = BTreeSet::new();
            for (customer, held) in self.holding(b.conn, &ask, today)? {
                let before = self.noted(b.conn, Some(customer))?.remove(&customer).unwrap_or_default();
                let known = customer <= state.top;
                for rule in held.symmetric_difference(&before) {
                    let comes = held.contains(rule);
                    self.note(b.conn, *rule, customer, today, comes)?;
                    let on = if comes { Edge::Enter } else { Edge::Leave };
                    let fires = match fire {
                        Fire::Yes => true,
                        Fire::Known => known,
                        Fire::No => false,
                    };
                    if fires && self.rule(*rule).on == on && !told_by_others(b, customer, &self.rule(*rule).code, state.batch)? {
                        self.fire(b, *rule, customer, today)?;
                        fired.push(self.rule(*rule).label.clone());
                        again.insert(customer);
                    }
                }
            }
            for customer in &again {
                signal::refresh(b.conn, *customer, &self.config, today)?;
            }
            if again.is_empty() {
                break;
            }
            ask = again;
        }
        if newest > state.top {
            state.top = newest;
            write_state(b.conn, &state)?;
        }
        Ok(fired)
    }

    fn fire(&self, b: &mut Batch<'_>, rule: usize, customer: i64, today: Day) -> Result<()> {
        let rule = self.rule(rule);
        let context = write::Context { config: self.config.clone(), today };
        let at = b.now;
        write::fire(b, rule, customer, &context, at)
    }

    /// Lets the rules that alert somebody fire for those whom they hold, at most so many times, each on one of the last days.
    pub(super) fn fire_held(&self, b: &mut Batch<'_>, today: Day, most: usize) -> Result<()> {
        if most == 0 {
            return Ok(());
        }
        let noon = chrono::NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
        let noted = self.noted(b.conn, None)?;
        for (customer, rules) in noted.into_iter().take(most) {
            let day = today.plus(-(customer % 9));
            let at = b.zone.stamp(day, noon).min(b.now);
            let context = write::Context { config: self.config.clone(), today: day };
            if let Some(rule) = rules.into_iter().find(|rule| self.rule(*rule).alert != Alert::None) {
                write::fire(b, self.rule(rule), customer, &context, at)?;
                signal::refresh(b.conn, customer, &self.config, today)?;
            }
        }
        Ok(())
    }
}

/// True when a copy that was merged brought the firing of this rule since all customers were asked last: it is the same entry.
fn told_by_others(b: &Batch<'_>, customer: i64, rule: &str, since: i64) -> Result<bool> {
    b.conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM event e JOIN batch t ON t.n = e.batch JOIN batch m ON m.n = ?4
             WHERE e.customer = ?1 AND e.kind = 16 AND e.channel = ?2 AND e.removed = 0 AND e.batch > ?3 AND t.device <> m.device)",
        )
        .and_then(|mut s| s.query_row(params![customer, rule, since, b.n], |r| r.get(0)))
        .map_err(sql)
}

const _: () = assert!(EventKind::Rule as i64 == 16);

fn read(conn: &Connection) -> Result<Option<State>> {
    let text: Option<String> = conn
        .prepare_cached("SELECT v FROM meta WHERE k = 'ruled'")
        .and_then(|mut s| s.query_row([], |r| r.get(0)).optional())
        .map_err(sql)?;
    Ok(text.and_then(|t| serde_json::from_str(&t).ok()))
}

fn write_state(conn: &Connection, state: &State) -> Result<()> {
    let text = serde_json::to_string(state).unwrap_or_default();
    conn.prepare_cached("INSERT INTO meta (k, v) VALUES ('ruled', ?1) ON CONFLICT (k) DO UPDATE SET v = ?1")
        .and_then(|mut s| s.execute([text]))
        .map_err(sql)?;
    Ok(())
}

impl Store {
    /// The rules of the config as it is now.
    pub(super) fn watch_rules(&mut self) -> Arc<Watch> {
        match &self.rules {
            Some(watch) if watch.is_of(&self.config) => watch.clone(),
            _ => self.rules.insert(Arc::new(Watch::of(&self.config))).clone(),
        }
    }

    /// True when the rules have not been asked for all customers on the present day, and can be.
    pub fn rules_wait(&mut self) -> Result<bool> {
        if self.read_only.is_some() || self.past {
            return Ok(false);
        }
        let watch = self.watch_rules();
        let state = read(&self.conn)?;
        Ok(state.is_none_or(|s| s.mark != watch.mark || s.day < self.today.number()))
    }

    /// Asks the rules for all customers, as the change of the day asks for: what a day alone brings (a renewal that comes near, a
    /// cadence that breaks) fires here, once, as a batch of its own. Gives how many fired, and the labels of the rules.
    pub fn run_rules(&mut self, now: Stamp) -> Result<(usize, Vec<String>)> {
        if !self.rules_wait()? {
            return Ok((0, Vec::new()));
        }
        let watch = self.watch_rules();
        let shared = self.roster()?;
        let (mut differ, mut wanted): (BTreeSet<i64>, BTreeMap<i64, BTreeSet<usize>>) = Default::default();
        for code in &watch.attributes {
            let loaded = shared.read().unwrap_or_else(PoisonError::into_inner).attributes.contains_key(code);
            if !loaded {
                roster::load_attribute(&self.conn, &shared, code)?;
            }
        }
        watch.each(&shared.read().unwrap_or_else(PoisonError::into_inner), |customer, rule| {
            wanted.entry(customer).or_default().insert(rule);
        });
        let fresh = read(&self.conn)?.is_none_or(|s| s.mark != watch.mark);
        if !fresh {
            let noted = watch.noted(&self.conn, None)?;
            differ.extend(wanted.iter().filter(|(c, held)| noted.get(c) != Some(held)).map(|(c, _)| *c));
            differ.extend(noted.iter().filter(|(c, held)| !held.is_empty() && !wanted.contains_key(c)).map(|(c, _)| *c));
        }
        let mut fired = Vec::new();
        if !differ.is_empty() {
            let told = &mut fired;
            let asked = watch.clone();
            self.transact("rules", now, None, |b, context| {
                for customer in &differ {
                    signal::refresh(b.conn, *customer, &context.config, context.today)?;
                }
                b.touched.extend(&differ);
                *told = asked.behind(b, context.today, Fire::Known)?;
                let label = match told.len() {
                    1 => format!("Rule: {}", told[0]),
                    n => format!("Rules fired for {n} customers"),
                };
                Ok(write::Done { label, ..write::Done::default() })
            })?;
        }
        // What came in or left without a firing is noted here, and that all were asked.
        self.begin()?;
        let noted = self.guard().and_then(|()| {
            if fresh {
                let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
                watch.begin_anew(&self.conn, &roster)?;
            } else {
                let held = watch.holding(&self.conn, &differ, self.today)?;
                let noted = watch.noted(&self.conn, None)?;
                for (customer, held) in held {
                    let before = noted.get(&customer).cloned().unwrap_or_default();
                    for rule in held.symmetric_difference(&before) {
                        watch.note(&self.conn, *rule, customer, self.today, held.contains(rule))?;
                    }
                }
            }
            let number = |query: &str| self.conn.query_row(query, [], |r| r.get::<_, i64>(0)).map_err(sql);
            let state = State {
                mark: watch.mark.clone(),
                day: self.today.number(),
                top: number("SELECT coalesce(max(n), 0) FROM customer")?,
                batch: number("SELECT coalesce(max(n), 0) FROM batch")?,
            };
            write_state(&self.conn, &state)
        });
        super::end(&self.conn, noted)?;
        let count = fired.len();
        fired.sort_unstable();
        fired.dedup();
        Ok((count, fired))
    }
}

#[cfg(test)]
mod tests;
