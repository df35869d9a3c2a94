//! The fold itself: one pass over a customer's facts, and the short cut for one event that comes last.

use chrono::{Datelike, NaiveDate};

use super::{ActionFact, Fact, Facts, Signals, TaskFact, TicketFact, VersionFact};
use crate::domain::config::Config;
use crate::domain::event::EventKind;
use crate::domain::money::Arr;
use crate::domain::revenue::{Span, Terms};
use crate::domain::ticket::SEVERITIES;
use crate::domain::time::Day;

/// Weeks that are "now" in the usage trend, most weeks before them, and fewest weeks before them.
const NOW: usize = 4;
const BEFORE: usize = 12;
const BEFORE_MIN: usize = 4;

/// Signals are folded again after this many days at the latest: `before` moves with the days as well.
const FRESH_DAYS: i64 = 7;

/// The signals of a customer on `day`: facts after that day count as not yet known. An invoice paid later is unpaid, a
/// ticket closed or a task done later is open. Subscription versions are agreements and known ahead; what counts of
/// them is which are active on the day.
/// `before` is left empty: the caller folds 28 days earlier and scores that.
pub fn fold(facts: &Facts, config: &Config, day: Day) -> Signals {
    let mut signals = Signals {
        cohort: 1,
        asof: Some(day),
        ..Signals::default()
    };
    let mut next = Next {
        after: day,
        first: day.plus(FRESH_DAYS),
    };
    fold_events(&mut signals, &facts.events, config, &mut next);
    fold_cadence(&mut signals, facts, config, day);
    signals.gaps = gaps(&signals, &facts.events, config, day);
    fold_usage(&mut signals, facts, day);
    fold_tickets(&mut signals, &facts.tickets, &mut next);
    fold_tasks(&mut signals, &facts.tasks, &mut next);
    fold_actions(&mut signals, &facts.actions, &mut next);
    fold_versions(&mut signals, &facts.versions, config, &mut next);
    signals.stale = Some(next.first);
    signals
}

/// Finds the first day after the fold's day on which something changes.
struct Next {
    after: Day,
    first: Day,
}

impl Next {
    /// Something changes on `day`, if that is still to come.
    fn see(&mut self, day: Option<Day>) {
        if let Some(day) = day.filter(|d| *d > self.after) {
            self.first = self.first.min(day);
        }
    }

    /// True when a thing that began and ended on these days is running on the fold's day. Notes both ends.
    fn runs(&mut self, from: Day, until: Option<Day>) -> bool {
        self.see(Some(from));
        self.see(until);
        from <= self.after && until.is_none_or(|u| u > self.after)
    }
}

fn fold_events(signals: &mut Signals, events: &[Fact], config: &Config, next: &mut Next) {
    // Moments of the latest answer and touchpoint: a touchpoint of the answer's day follows it only if it came later.
    let (mut answer, mut touched) = (i64::MIN, i64::MIN);
    let mut entries = [0_u8; 256];
    for fact in events {
        if fact.day > next.after {
            next.see(Some(fact.day));
            continue;
        }
        signals.last = signals.last.max(Some(fact.day));
        match fact.kind {
            EventKind::Touch => {
                signals.touch = signals.touch.max(Some(fact.day));
                if config.cadences.counts(None, fact.channel) {
                    touched = touched.max(fact.at);
                }
                meet(signals, fact);
            }
            EventKind::Nps => {
                if let Some(points) = within(fact.number, 0, 10) {
                    (signals.nps, signals.nps_day, answer) =
                        (Some(points), Some(fact.day), fact.at);
                }
            }
            EventKind::Pulse => {
                if let Some(pulse) = within(fact.number, 1, 5) {
                    (signals.pulse, signals.pulse_day) = (Some(pulse), Some(fact.day));
                }
            }
            EventKind::Override => {
                signals.held = within(fact.number, 0, 100);
                signals.held_until = fact.due.filter(|_| signals.held.is_some());
            }
            EventKind::Rule if fact.alert => signals.alert = signals.alert.max(Some(fact.day)),
            EventKind::Stage => enter(signals, fact, config, &mut entries),
            EventKind::Invoice => fold_invoice(signals, fact, next),
            _ => {}
        }
    }
    signals.nps_followed = signals.nps.is_some() && touched > answer;
}

/// Who was there: the last touch with each of their roles.
fn meet(signals: &mut Signals, fact: &Fact) {
    for (role, last) in signals.roles.iter_mut().enumerate() {
        if fact.roles >> role & 1 == 1 {
            *last = (*last).max(Some(fact.day));
        }
    }
}

/// Which cadence holds is known when the stage is; then the last touch that counts for it.
fn fold_cadence(signals: &mut Signals, facts: &Facts, config: &Config, day: Day) {
    let stage = signals.since.and_then(|_| config.stages.get(signals.stage));
    signals.cadence = config.cadences.of(stage, &facts.tags);
    let counts = |f: &&Fact| {
        f.kind == EventKind::Touch
            && f.day <= day
            && config.cadences.counts(signals.cadence, f.channel)
    };
    signals.reached = facts.events.iter().filter(counts).map(|f| f.day).max();
}

/// Questions of the stage it is in that have no answer, 254 at most; of a checklist the first 128 count.
fn gaps(signals: &Signals, events: &[Fact], config: &Config, day: Day) -> Option<u8> {
    let questions = signals
        .since
        .and_then(|_| config.stages.get(signals.stage))?
        .checklist
        .len()
        .min(128);
    let here = |f: &&Fact| {
        f.kind == EventKind::Check
            && f.day <= day
            && f.to == signals.stage
            && usize::from(f.channel) < questions
    };
    let answered = events
        .iter()
        .filter(here)
        .fold(0_u128, |all, f| all | 1 << f.channel);
    (questions > 0).then(|| (questions - answered.count_ones() as usize) as u8)
}

/// A number that has to lie between two ends; anything else was never an answer.
fn within(number: Option<i64>, low: u8, high: u8) -> Option<u8> {
    number
        .and_then(|n| u8::try_from(n).ok())
        .filter(|n| (low..=high).contains(n))
}

/// A move to another stage. One to the stage it is in already changes nothing.
fn enter(signals: &mut Signals, fact: &Fact, config: &Config, entries: &mut [u8; 256]) {
    let first = signals.since.is_none();
    if !first && signals.stage == fact.to {
        return;
    }
    let returns = !first && config.stages.is_lost(signals.stage) && !config.stages.is_lost(fact.to);
    if returns {
        signals.cohort = signals.cohort.saturating_add(1);
    }
    if first || returns {
        signals.started = Some(fact.day);
    }
    let count = &mut entries[usize::from(fact.to.0)];
    *count = count.saturating_add(1);
    (signals.stage, signals.visit, signals.since) = (fact.to, *count, Some(fact.day));
}

/// An invoice is past due from the day after its due day until the day it is paid.
fn fold_invoice(signals: &mut Signals, fact: &Fact, next: &mut Next) {
    let Some(due) = fact.due else { return };
    if fact.paid.is_some_and(|p| p <= next.after) {
        return;
    }
    next.see(Some(due.plus(1)));
    next.see(fact.paid);
    if due < next.after {
        signals.past_due = earlier(signals.past_due, Some(due));
    }
}

/// The earlier of two days of which either may be missing.
fn earlier(a: Option<Day>, b: Option<Day>) -> Option<Day> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn fold_usage(signals: &mut Signals, facts: &Facts, day: Day) {
    let readings = || {
        facts
            .events
            .iter()
            .rev()
            .filter(|f| f.kind == EventKind::Usage && f.day <= day)
    };
    let Some(latest) = readings().next() else {
        return;
    };
    signals.usage_day = Some(latest.day);
    signals.seats = latest
        .seats
        .and_then(|used| seat_share(used, &facts.versions, latest.day));
    let told = readings()
        .take(NOW)
        .filter_map(|f| f.active)
        .map(|days| i128::from(days.min(7)));
    let (days, of) = told.fold((0, 0), |(days, of), n| (days + n, of + 1));
    signals.active = (of > 0).then(|| half_even(days * 10, of) as u8);
    let (mut now, mut before, mut weeks) = (0_i128, 0_i128, 0_usize);
    for actions in readings().filter_map(|f| f.number).take(NOW + BEFORE) {
        *(if weeks < NOW { &mut now } else { &mut before }) += i128::from(actions);
        weeks += 1;
    }
    // A change from nothing at all has no per mille.
    if weeks >= NOW + BEFORE_MIN && before > 0 {
        let (now, before) = (now * (weeks - NOW) as i128, before * NOW as i128);
        let change = half_even((now - before) * 1000, before);
        signals.usage = Some(change.clamp(i128::from(i16::MIN), i128::from(i16::MAX)) as i16);
    }
}

/// The greatest share that is told apart; 255 stands for "no data" where signals are packed.
const MOST_SHARE: i128 = 254;

/// Seats used against the seats of the paid versions active on the reading's day, per cent, 254 at most.
fn seat_share(used: u32, versions: &[VersionFact], day: Day) -> Option<u8> {
    let paid: i128 = versions
        .iter()
        .filter(|v| v.paid && active(v, day))
        .map(|v| i128::from(v.terms.quantity))
        .sum();
    (paid > 0).then(|| half_even(i128::from(used) * 100, paid).min(MOST_SHARE) as u8)
}

fn active(version: &VersionFact, day: Day) -> bool {
    version.start <= day && version.end.is_none_or(|e| e > day)
}

/// `a / b` rounded to the nearest whole number, halves to the even one. `b` is above 0.
fn half_even(a: i128, b: i128) -> i128 {
    let (whole, rest) = (a.div_euclid(b), a.rem_euclid(b));
    let up = rest * 2 > b || (rest * 2 == b && whole % 2 != 0);
    whole + i128::from(up)
}

fn fold_tickets(signals: &mut Signals, tickets: &[TicketFact], next: &mut Next) {
    for ticket in tickets {
        if next.runs(ticket.opened, ticket.closed) {
            let at = usize::from(ticket.severity.max(1) - 1).min(SEVERITIES - 1);
            signals.tickets[at] = signals.tickets[at].saturating_add(1);
            signals.oldest[at] = earlier(signals.oldest[at], Some(ticket.opened));
        }
    }
}

fn fold_tasks(signals: &mut Signals, tasks: &[TaskFact], next: &mut Next) {
    for task in tasks {
        if next.runs(task.made, task.done) {
            signals.tasks = signals.tasks.saturating_add(1);
            signals.due = earlier(signals.due, task.due);
            signals.plan |= task.plan;
            if task.mention {
                signals.mention = signals.mention.max(Some(task.made));
            }
        }
    }
}

fn fold_actions(signals: &mut Signals, actions: &[ActionFact], next: &mut Next) {
    for action in actions {
        if next.runs(action.opened, action.closed) {
            signals.actions = signals.actions.saturating_add(1);
            signals.action_due = earlier(signals.action_due, action.due);
            if action.risk > 0 && (signals.risk == 0 || action.risk < signals.risk) {
                signals.risk = action.risk;
            }
        }
    }
}

fn fold_versions(
    signals: &mut Signals,
    versions: &[VersionFact],
    config: &Config,
    next: &mut Next,
) {
    for version in versions {
        if next.runs(version.start, version.end) && version.paid {
            earn(signals, &version.terms, config, next);
            signals.renews = earlier(signals.renews, renewal(version, versions, next.after));
        }
    }
    next.see(signals.renews);
}

/// Adds the revenue of one version in the book's currency, or notes that no rate brings it there.
fn earn(signals: &mut Signals, terms: &Terms, config: &Config, next: &mut Next) {
    if terms.currency != config.currency {
        next.see(
            config
                .rates
                .next(terms.currency, config.currency, next.after),
        );
    }
    let Some(ratio) = terms.ratio(config.exchange(), next.after) else {
        signals.apart = true;
        return;
    };
    signals.converted |= ratio.is_some();
    let sum = |sum: i64, span| sum.saturating_add(terms.at_most(span, ratio));
    (signals.mrr, signals.arr) = (sum(signals.mrr, Span::Month), sum(signals.arr, Span::Year));
}

/// The ARR of the versions active on a day.
pub fn arr(versions: &[VersionFact], config: &Config, day: Day) -> Arr {
    let paid = versions.iter().filter(|v| v.paid && active(v, day));
    paid.map(|v| v.terms.arr(config.exchange(), day)).sum()
}

/// When an active paid version comes up for renewal: its end, unless the subscription goes on with another version by
/// then; otherwise the next anniversary of the subscription's first paid day.
fn renewal(version: &VersionFact, versions: &[VersionFact], day: Day) -> Option<Day> {
    let siblings = || {
        versions
            .iter()
            .filter(|v| v.subscription == version.subscription)
    };
    let goes_on = |end: Day| siblings().any(|v| v.start > version.start && v.start <= end);
    match version.end {
        Some(end) if !goes_on(end) => Some(end),
        _ => siblings()
            .filter(|v| v.paid)
            .map(|v| v.start)
            .min()
            .and_then(|first| anniversary(first, day)),
    }
}

/// The first yearly return of `first` strictly after `day`; 29 February returns on 28 February where there is no 29th.
fn anniversary(first: Day, day: Day) -> Option<Day> {
    let (first, today) = (first.date(), day.date());
    let year_of = |year: i32| {
        let date = NaiveDate::from_ymd_opt(year, first.month(), first.day());
        date.or_else(|| NaiveDate::from_ymd_opt(year, 2, 28))
            .and_then(Day::from_date)
    };
    year_of(today.year())
        .filter(|d| *d > day)
        .or_else(|| year_of(today.year() + 1))
}

/// Adds one event that is later than every fact folded so far, without reading the others.
/// `false` (and nothing changed) where the kind or the order needs the whole fold: signals keep days, not moments, so
/// what happened first on one day can only be told from the facts.
pub fn absorb(signals: &mut Signals, fact: &Fact, config: &Config) -> bool {
    let day = Some(fact.day);
    if day > signals.asof || day < signals.last {
        return false;
    }
    match fact.kind {
        EventKind::Touch => {
            let answers = config.cadences.counts(None, fact.channel);
            if answers && !signals.nps_followed && signals.nps_day == day {
                return false;
            }
            signals.touch = day;
            if config.cadences.counts(signals.cadence, fact.channel) {
                signals.reached = day;
            }
            meet(signals, fact);
            signals.nps_followed |= answers && signals.nps.is_some();
        }
        EventKind::Nps => {
            if signals.nps_day == day || signals.touch == day {
                return false;
            }
            if let Some(points) = within(fact.number, 0, 10) {
                (signals.nps, signals.nps_day, signals.nps_followed) = (Some(points), day, false);
            }
        }
        EventKind::Pulse => {
            if signals.pulse_day == day {
                return false;
            }
            if let Some(pulse) = within(fact.number, 1, 5) {
                (signals.pulse, signals.pulse_day) = (Some(pulse), day);
            }
        }
        EventKind::Rule => {
            if fact.alert {
                signals.alert = day;
            }
        }
        EventKind::Note
        | EventKind::Order
        | EventKind::Csat
        | EventKind::Ces
        | EventKind::Survey
        | EventKind::Invite => {}
        _ => return false,
    }
    signals.last = day;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().expect("a date")
    }

    #[test]
    fn a_leap_day_returns_on_the_28th() {
        assert_eq!(
            anniversary(day("2024-02-29"), day("2025-02-27")),
            Some(day("2025-02-28"))
        );
        assert_eq!(
            anniversary(day("2024-02-29"), day("2025-02-28")),
            Some(day("2026-02-28"))
        );
        assert_eq!(
            anniversary(day("2024-02-29"), day("2027-12-01")),
            Some(day("2028-02-29"))
        );
        assert_eq!(
            anniversary(day("2024-05-10"), day("2024-05-10")),
            Some(day("2025-05-10"))
        );
    }

    #[test]
    fn halves_go_to_the_even_number() {
        let rounded: Vec<i128> = [-5, -3, -1, 1, 3, 5]
            .iter()
            .map(|a| half_even(*a, 2))
            .collect();
        assert_eq!(rounded, [-2, -2, 0, 0, 2, 2]);
    }
}
