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
use crate::domain::filter::{Filter, People};
use crate::domain::roster::Roster;
use crate::domain::rule::{Alert, Edge, Rule};
use crate::domain::time::{Day, Stamp};
use crate::error::Result;

use super::batch::Batch;
use super::{Store, last_batch, roster, signal, write};

mod trial;
pub use trial::Trying;

/// How often what one firing changes may let another rule fire within one batch.
const ROUNDS: usize = 4;
/// Whom the rules are asked for, and what they may do.
struct Asking<'c> {
    customers: &'c [i64],
    /// The customer with the greatest integer that was asked before this batch.
    top: i64,
    /// The last batch when all were asked.
    since: i64,
    today: Day,
    fire: Fire,
    /// They are asked once more, behind what has fired at them.
    later: bool,
}

/// Customers of whom the figures are in memory at once while rules are asked.
const PIECE: usize = 5000;

/// What corrects, or brings back what was, lets no rule fire.
pub(super) fn corrects(command: &str) -> bool {
    matches!(
        command,
        "undo"
            | "redo"
            | "take_back"
            | "revert"
            | "put_back"
            | "resolve"
            | "remove"
            | "rule_undo"
            | "merge_customers"
            | "purge"
    )
}

/// The rules that fired, behind the label of a batch: "; rule: Low NPS answer", each once.
pub(super) fn said(fired: &[String]) -> String {
    let mut rules: Vec<(&str, usize)> = Vec::new();
    for label in fired {
        match rules.iter_mut().find(|r| r.0 == label) {
            Some(known) => known.1 += 1,
            None => rules.push((label, 1)),
        }
    }
    let one = |(label, times): &(&str, usize)| {
        if *times == 1 {
            format!("; rule: {label}")
        } else {
            format!("; rule: {label} ({times} times)")
        }
    };
    let mut said: String = rules.iter().take(3).map(one).collect();
    if rules.len() > 3 {
        said.push_str(&format!(" and {} more", rules.len() - 3));
    }
    said
}

/// The rules of a config, their filters read.
pub(super) struct Watch {
    config: Arc<Config>,
    rules: Vec<(usize, Filter)>,
    attributes: Vec<String>,
    /// By the code of each: changes with everything on which it depends whom the rule holds.
    marks: BTreeMap<String, String>,
}

/// Up to where rules have been asked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct State {
    /// The rules that have begun, and as what: another mark begins anew with whom it holds.
    #[serde(default)]
    marks: BTreeMap<String, String>,
    /// The day for which all customers were asked last.
    day: i64,
    /// The customer with the greatest integer that was asked.
    top: i64,
    /// The last batch when all were asked.
    batch: i64,
}

/// Customers whom batches from elsewhere touched.
pub(super) struct Brought<'t> {
    /// The last batch before them.
    pub since: i64,
    /// All.
    pub touched: &'t BTreeSet<i64>,
    /// Of these, at whom something was corrected or taken back.
    pub corrected: &'t BTreeSet<i64>,
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

impl Watch {
    /// The rules of a config that are on. A rule whose filter cannot be read any more is passed over; `doctor` and the list of
    /// rules name it.
    pub(super) fn of(config: &Arc<Config>) -> Watch {
        let fields = columns::fields(config);
        let on = config.rules.rule.iter().enumerate().filter(|(_, r)| !r.off);
        let rules: Vec<(usize, Filter)> = on
            .filter_map(|(at, rule)| Some((at, rule.filter(&fields).ok()?)))
            .collect();
        // Those that choose a scorecard too: rules read health.
        let scored = config.scorecards.attributes();
        let mut attributes: Vec<String> = rules
            .iter()
            .flat_map(|(_, f)| f.attributes())
            .chain(scored)
            .collect();
        attributes.sort_unstable();
        attributes.dedup();
        let scored = format!(
            "{:?}{:?}{:?}{:?}",
            config.stages, config.scorecards, config.policy, config.cadences
        );
        let mark = |rule: &Rule| {
            blake3::hash(format!("{rule:?}{scored}").as_bytes()).to_hex()[..16].to_owned()
        };
        let marks = rules
            .iter()
            .map(|(at, _)| &config.rules.rule[*at])
            .map(|rule| (rule.code.clone(), mark(rule)))
            .collect();
        Watch {
            config: config.clone(),
            rules,
            attributes,
            marks,
        }
    }

    /// The rules (their places here) that have not begun, or as another rule.
    fn fresh(&self, state: Option<&State>) -> BTreeSet<usize> {
        let begun = |at: &usize| {
            let code = &self.rule(*at).code;
            state.is_some_and(|s| s.marks.get(code) == self.marks.get(code))
        };
        (0..self.rules.len()).filter(|at| !begun(at)).collect()
    }

    /// True when it is of this config.
    pub(super) fn is_of(&self, config: &Arc<Config>) -> bool {
        Arc::ptr_eq(&self.config, config)
    }

    fn rule(&self, at: usize) -> &Rule {
        &self.config.rules.rule[self.rules[at].0]
    }

    /// Which rules (their places here) hold each of some customers now.
    fn holding(
        &self,
        conn: &Connection,
        customers: &[i64],
        today: Day,
    ) -> Result<BTreeMap<i64, BTreeSet<usize>>> {
        let mut small = crate::columns::roster(self.config.clone(), today, "");
        for code in &self.attributes {
            small.reload_attribute(code, []);
        }
        for customer in customers {
            roster::read_one(conn, &mut small, *customer, &self.attributes)?;
        }
        small.rescore();
        let mut held: BTreeMap<i64, BTreeSet<usize>> =
            customers.iter().map(|c| (*c, BTreeSet::new())).collect();
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
    fn noted(
        &self,
        conn: &Connection,
        customer: Option<i64>,
    ) -> Result<BTreeMap<i64, BTreeSet<usize>>> {
        let places: BTreeMap<&str, usize> = (0..self.rules.len())
            .map(|at| (self.rule(at).code.as_str(), at))
            .collect();
        // Two statements: one with "or all" would go through the whole table for one customer, at every write.
        let all = "SELECT customer, rule FROM inside";
        let query = if customer.is_some() {
            format!("{all} WHERE customer = ?")
        } else {
            all.to_owned()
        };
        let mut statement = conn.prepare_cached(&query)?;
        let mut rows = statement.query(rusqlite::params_from_iter(customer))?;
        let mut noted: BTreeMap<i64, BTreeSet<usize>> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let code = row.get_ref(1)?.as_str().unwrap_or_default();
            if let Some(at) = places.get(code) {
                noted.entry(row.get(0)?).or_default().insert(*at);
            }
        }
        Ok(noted)
    }

    fn note(
        &self,
        conn: &Connection,
        rule: usize,
        customer: i64,
        day: Day,
        held: bool,
    ) -> Result<()> {
        let code = &self.rule(rule).code;
        if held {
            conn.prepare_cached(
                "INSERT INTO inside (rule, customer, day) VALUES (?,?,?) ON CONFLICT DO NOTHING",
            )
            .and_then(|mut s| s.execute(params![code, customer, day]))
        } else {
            conn.prepare_cached("DELETE FROM inside WHERE rule = ? AND customer = ?")
                .and_then(|mut s| s.execute(params![code, customer]))
        }
        .map(|_| ())
        .map_err(Into::into)
    }

    /// Notes whom some of the rules hold, all customers of the roster, without firing; and forgets whom those held that are no more.
    fn begin_anew(
        &self,
        conn: &Connection,
        roster: &Roster,
        fresh: &BTreeSet<usize>,
    ) -> Result<()> {
        let keep: Vec<&str> = (0..self.rules.len())
            .filter(|at| !fresh.contains(at))
            .map(|at| self.rule(at).code.as_str())
            .collect();
        let keep = serde_json::to_string(&keep).unwrap_or_default();
        conn.execute(
            "DELETE FROM inside WHERE rule NOT IN (SELECT value FROM json_each(?))",
            [keep],
        )?;
        let mut trouble = Ok(());
        self.each(roster, |customer, rule| {
            if trouble.is_ok() && fresh.contains(&rule) {
                trouble = self.note(conn, rule, customer, roster.today, true);
            }
        });
        trouble
    }

    /// The roster that a rule begins with, read in the caller's transaction.
    fn whole(&self, conn: &Connection, today: Day) -> Result<Roster> {
        let load = |fold| roster::load(conn, None, &self.config, today, "", fold);
        let cached = load(false)?;
        let shared = RwLock::new(if cached.1.is_empty() {
            cached.0
        } else {
            load(true)?.0
        });
        self.attributes
            .iter()
            .try_for_each(|code| roster::load_attribute(conn, &shared, code))?;
        Ok(shared.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Rules that are new, or other ones than before, begin with whom they hold now. The others go on as they were. Says too whether any
    /// do: where all have begun just now, they have been asked for everybody.
    fn settle(&self, conn: &Connection, today: Day) -> Result<(State, bool)> {
        let state = read(conn)?;
        if let Some(state) = &state
            && state.marks == self.marks
        {
            return Ok((state.clone(), true));
        }
        let fresh = self.fresh(state.as_ref());
        if fresh.is_empty() {
            self.begin_anew(
                conn,
                &crate::columns::roster(self.config.clone(), today, ""),
                &fresh,
            )?;
        } else {
            self.begin_anew(conn, &self.whole(conn, today)?, &fresh)?;
        }
        let state = match state {
            Some(state) => State {
                marks: self.marks.clone(),
                ..state
            },
            None => State {
                marks: self.marks.clone(),
                day: today.number(),
                top: signal::greatest(conn)?,
                batch: last_batch(conn)?,
            },
        };
        write_state(conn, &state)?;
        Ok((state, fresh.len() < self.rules.len()))
    }

    /// What a batch does to the customers that it touched, before it is finished: fires, or only notes. Their signals are up to
    /// date, and are again behind it. Gives the labels of the rules that fired.
    pub(super) fn behind(&self, b: &mut Batch<'_>, today: Day, fire: Fire) -> Result<Vec<String>> {
        let (mut state, some_go_on) = self.settle(b.conn, today)?;
        let newest = signal::greatest(b.conn)?;
        let mut fired = Vec::new();
        let mut ask: Vec<i64> = if some_go_on {
            b.touched.iter().copied().collect()
        } else {
            Vec::new()
        };
        for round in 0..ROUNDS {
            let mut again = BTreeSet::new();
            for piece in ask.chunks(PIECE) {
                let asking = Asking {
                    customers: piece,
                    top: state.top,
                    since: state.batch,
                    today,
                    fire,
                    later: round > 0,
                };
                self.ask(b, &asking, &mut again, &mut fired)?;
            }
            for customer in &again {
                signal::refresh(b.conn, *customer, &self.config, today)?;
            }
            if again.is_empty() {
                break;
            }
            ask = again.into_iter().collect();
        }
        if newest > state.top {
            state.top = newest;
            write_state(b.conn, &state)?;
        }
        Ok(fired)
    }

    /// Asks the rules for some customers: notes who came and who left, and fires. `again`: at whom something fired.
    fn ask(
        &self,
        b: &mut Batch<'_>,
        asking: &Asking<'_>,
        again: &mut BTreeSet<i64>,
        fired: &mut Vec<String>,
    ) -> Result<()> {
        let Asking {
            customers,
            top,
            since,
            today,
            fire,
            later,
        } = *asking;
        for (customer, held) in self.holding(b.conn, customers, today)? {
            let known = customer <= top;
            // Of whom nobody has asked yet the table says nothing.
            let before = if known || later {
                self.noted(b.conn, Some(customer))?
                    .remove(&customer)
                    .unwrap_or_default()
            } else {
                BTreeSet::new()
            };
            for rule in held.symmetric_difference(&before) {
                let comes = held.contains(rule);
                self.note(b.conn, *rule, customer, today, comes)?;
                let on = Edge::of(comes);
                let fires = match fire {
                    Fire::Yes => true,
                    Fire::Known => known,
                    Fire::No => false,
                };
                if fires
                    && self.rule(*rule).on == on
                    && !told_by_others(b, customer, &self.rule(*rule).code, since)?
                {
                    self.fire(b, *rule, customer, today)?;
                    fired.push(self.rule(*rule).label.clone());
                    again.insert(customer);
                }
            }
        }
        Ok(())
    }

    /// Notes whom the rules hold of some customers, and fires nothing. A rule that has not begun begins with whom it holds anyway.
    fn note_only(&self, conn: &Connection, customers: &BTreeSet<i64>, today: Day) -> Result<()> {
        self.note_where(conn, customers, today, |_, _| Ok(true))
            .map(|_| ())
    }

    /// The same behind batches that come from elsewhere: from other copies, or written again from the outbox. Each has what fired in
    /// it, and what corrects lets nothing fire. An entry that has not fired, because the day brought it, or two copies together, is none
    /// of theirs: all are asked once more, and there it fires.
    pub(super) fn note_arrived(
        &self,
        conn: &Connection,
        arrived: &Brought<'_>,
        today: Day,
    ) -> Result<()> {
        let Brought {
            since,
            touched,
            corrected,
        } = *arrived;
        let told = |customer, rule: &Rule| {
            Ok(corrected.contains(&customer) || fired_since(conn, since, customer, &rule.code)?)
        };
        // So many are asked with all others.
        let many = touched.len() > super::REFOLD_AT_ONCE;
        let all = if many {
            self.note_only(conn, corrected, today).map(|()| false)?
        } else {
            self.note_where(conn, touched, today, told)?
        };
        match read(conn)? {
            Some(state) if !all => write_state(
                conn,
                &State {
                    day: state.day.min(today.number() - 1),
                    ..state
                },
            ),
            _ => Ok(()),
        }
    }

    /// Notes who came and who left, where nothing would fire, or where that was `told`. `false`: something is left to fire.
    fn note_where(
        &self,
        conn: &Connection,
        customers: &BTreeSet<i64>,
        today: Day,
        told: impl Fn(i64, &Rule) -> Result<bool>,
    ) -> Result<bool> {
        let Some(state) = read(conn)? else {
            return Ok(true);
        };
        let mut all = true;
        let fresh = self.fresh(Some(&state));
        let customers: Vec<i64> = customers.iter().copied().collect();
        for piece in customers.chunks(PIECE) {
            for (customer, held) in self.holding(conn, piece, today)? {
                let before = self
                    .noted(conn, Some(customer))?
                    .remove(&customer)
                    .unwrap_or_default();
                for at in held
                    .symmetric_difference(&before)
                    .filter(|at| !fresh.contains(at))
                {
                    let (rule, edge) = (self.rule(*at), Edge::of(held.contains(at)));
                    if rule.on != edge || told(customer, rule)? {
                        self.note(conn, *at, customer, today, held.contains(at))?;
                    } else {
                        all = false;
                    }
                }
            }
        }
        Ok(all)
    }

    /// Which rules hold each of some customers now, and which the table says; those without any left out.
    #[cfg(test)]
    #[allow(clippy::type_complexity, reason = "twice the same map")]
    pub(super) fn compared(
        &self,
        conn: &Connection,
        customers: &[i64],
        today: Day,
    ) -> Result<(
        BTreeMap<i64, BTreeSet<usize>>,
        BTreeMap<i64, BTreeSet<usize>>,
    )> {
        let some = |all: BTreeMap<i64, BTreeSet<usize>>| {
            all.into_iter()
                .filter(|(_, rules)| !rules.is_empty())
                .collect()
        };
        Ok((
            some(self.holding(conn, customers, today)?),
            some(self.noted(conn, None)?),
        ))
    }

    fn fire(&self, b: &mut Batch<'_>, rule: usize, customer: i64, today: Day) -> Result<()> {
        let rule = self.rule(rule);
        let context = write::Context {
            config: self.config.clone(),
            today,
        };
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
            let context = write::Context {
                config: self.config.clone(),
                today: day,
            };
            if let Some(rule) = rules
                .into_iter()
                .find(|rule| self.rule(*rule).alert != Alert::None)
            {
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
        .map_err(Into::into)
}

/// True when a batch behind `since` has a firing of this rule.
fn fired_since(conn: &Connection, since: i64, customer: i64, rule: &str) -> Result<bool> {
    conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM event WHERE customer = ? AND kind = 16 AND channel = ? AND batch > ?)")
        .and_then(|mut s| s.query_row(params![customer, rule, since], |r| r.get(0)))
        .map_err(Into::into)
}

const _: () = assert!(EventKind::Rule as i64 == 16);

fn read(conn: &Connection) -> Result<Option<State>> {
    let text: Option<String> = conn
        .prepare_cached("SELECT v FROM meta WHERE k = 'ruled'")
        .and_then(|mut s| s.query_row([], |r| r.get(0)).optional())?;
    Ok(text.and_then(|t| serde_json::from_str(&t).ok()))
}

fn write_state(conn: &Connection, state: &State) -> Result<()> {
    let text = serde_json::to_string(state).unwrap_or_default();
    conn.prepare_cached(
        "INSERT INTO meta (k, v) VALUES ('ruled', ?1) ON CONFLICT (k) DO UPDATE SET v = ?1",
    )
    .and_then(|mut s| s.execute([text]))?;
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
        // Another clock may be past midnight already; one that was further ahead was wrong, and its day holds nobody up.
        let today = self.today.number();
        Ok(state.is_none_or(|s| s.marks != watch.marks || !(today..=today + 1).contains(&s.day)))
    }

    /// Before settings change, what the day has brought by the present ones fires: a rule that begins anew begins with whom it holds.
    /// What cannot be asked now does not keep anybody from the change.
    pub(super) fn ask_before_settings(&mut self, now: Stamp) {
        if self.rules_wait().unwrap_or(false) && self.run_rules(now).is_err() {
            super::roll_back(&self.conn);
        }
    }

    /// Asks the rules for all customers, as the change of the day asks for: what a day alone brings (a renewal that comes near, a
    /// cadence that breaks) fires here, once, as a batch of its own. Gives how many fired, and the labels of the rules.
    pub fn run_rules(&mut self, now: Stamp) -> Result<(usize, Vec<String>)> {
        if !self.rules_wait()? {
            return Ok((0, Vec::new()));
        }
        // Rules that are new begin first, with whom they hold; by the settings of now, whoever wrote them.
        self.begin()?;
        let today = self.today;
        let begun = self
            .inside()
            .and_then(|()| self.watch_rules().settle(&self.conn, today));
        super::end(&self.conn, begun)?;
        let watch = self.watch_rules();
        if self.roster.as_ref().is_some_and(|r| {
            !Arc::ptr_eq(
                &r.read().unwrap_or_else(PoisonError::into_inner).config,
                &self.config,
            )
        }) {
            self.reload()?;
        }
        let shared = self.roster()?;
        let (mut differ, mut wanted): (BTreeSet<i64>, BTreeMap<i64, BTreeSet<usize>>) =
            Default::default();
        for code in &watch.attributes {
            let loaded = shared
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .attributes
                .contains_key(code);
            if !loaded {
                roster::load_attribute(&self.conn, &shared, code)?;
            }
        }
        watch.each(
            &shared.read().unwrap_or_else(PoisonError::into_inner),
            |customer, rule| {
                wanted.entry(customer).or_default().insert(rule);
            },
        );
        let noted = watch.noted(&self.conn, None)?;
        differ.extend(
            wanted
                .iter()
                .filter(|(c, held)| noted.get(c) != Some(held))
                .map(|(c, _)| *c),
        );
        differ.extend(
            noted
                .iter()
                .filter(|(c, held)| !held.is_empty() && !wanted.contains_key(c))
                .map(|(c, _)| *c),
        );
        let mut fired = Vec::new();
        if !differ.is_empty() {
            let told = &mut fired;
            let asked = watch.clone();
            self.transact("rules", now, None, |b, context| {
                signal::refresh_all(b.conn, &differ, &context.config, context.today)?;
                b.touched.extend(&differ);
                *told = asked.behind(b, context.today, Fire::Known)?;
                let label = match told.len() {
                    1 => format!("Rule: {}", told[0]),
                    n => say!("rules.rules_fired_for_customers", n = n).to_string(),
                };
                Ok(write::Done {
                    label,
                    ..write::Done::default()
                })
            })?;
        }
        // What came in or left without a firing is noted here, and that all were asked.
        self.begin()?;
        let noted = self.inside().and_then(|()| {
            if !watch.is_of(&self.config) {
                // Somebody has set others meanwhile: they are asked with the next look.
                return Ok(());
            }
            watch.note_only(&self.conn, &differ, self.today)?;
            let (top, batch) = (signal::greatest(&self.conn)?, last_batch(&self.conn)?);
            write_state(
                &self.conn,
                &State {
                    marks: watch.marks.clone(),
                    day: self.today.number(),
                    top,
                    batch,
                },
            )
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
