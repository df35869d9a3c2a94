//! What customers say when they are asked: invitations, waves, NPS, satisfaction, effort and friction.
//!
//! A **wave** is one round of asking. What belongs to it is said once, here: an event's own `more.wave`; of an invitation and of an
//! answer to a survey's question without one, its `reference` (that is what these two keep there). An answer without a wave of its
//! own belongs to that of the latest invitation which the same person had before it, at most [`ATTRIBUTED`] days. A book in which
//! nothing names a wave has the calendar quarters for waves; no response rate is said of those.
//!
//! The **person** who answers is the contact, or where none is named the customer.

use std::collections::{BTreeMap, HashMap};

use super::event::EventKind;
use super::id::Id;
use super::nps::{self, Change, Group, Verdict};
use super::proportion::Share;
use super::time::Day;

#[cfg(test)]
mod tests;

/// Days for which an answer is attributed to an invitation.
pub const ATTRIBUTED: i64 = 60;

/// The questions of the friction survey: codes under which answers are kept, words in `[survey]` of the texts.
pub const FRICTION: [&str; 3] = ["heard", "opinion", "hurt"];

/// One answer, or one invitation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Said {
    /// The event.
    pub id: Id,
    /// The customer, by its row in the roster.
    pub customer: u32,
    /// The contact's integer; 0 for none.
    pub contact: u32,
    /// `Nps`, `Csat`, `Ces`, or `Invite` (to an NPS survey).
    pub kind: EventKind,
    /// When, UTC milliseconds.
    pub at: i64,
    /// The civil date.
    pub day: Day,
    /// The answer as it was given.
    pub number: i64,
    /// Its wave, by its place in [`Said`]'s [`Answers::waves`]; [`NO_WAVE`] for none.
    pub wave: u16,
}

/// An answer of no wave.
pub const NO_WAVE: u16 = u16::MAX;

impl Said {
    /// The NPS answer; `None` for another kind, and for a number that is no answer.
    pub fn nps(&self) -> Option<u8> {
        Group::of(self.number)
            .filter(|_| self.kind == EventKind::Nps)
            .map(|_| self.number as u8)
    }

    fn person(&self) -> (u32, u32) {
        (self.customer, self.contact)
    }
}

/// All that was said and asked in a book, each customer's together and in order of time.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answers {
    /// By customer, time, id.
    pub said: Vec<Said>,
    /// Names of the waves, in the order of their first day.
    pub waves: Vec<String>,
    /// Nothing names a wave: they are the calendar quarters.
    pub quarters: bool,
}

impl Answers {
    /// Puts them in order and attributes them to waves. `waves` are the names that `said` counts by, in any order.
    pub fn settle(mut said: Vec<Said>, waves: Vec<String>) -> Answers {
        said.sort_unstable_by_key(|s| (s.customer, s.at, s.id));
        let quarters = said.iter().all(|s| s.wave == NO_WAVE);
        let waves = if quarters {
            by_quarter(&mut said)
        } else {
            waves
        };
        if !quarters {
            said.chunk_by_mut(|a, b| a.customer == b.customer)
                .for_each(attribute);
        }
        // Waves stand in the order in which they began.
        let mut first = vec![i64::MAX; waves.len()];
        for one in &said {
            if let Some(first) = first.get_mut(usize::from(one.wave)) {
                *first = one.at.min(*first);
            }
        }
        let mut order: Vec<u16> = (0..waves.len() as u16)
            .filter(|w| first[usize::from(*w)] < i64::MAX)
            .collect();
        order.sort_by(|a, b| {
            (first[usize::from(*a)], &waves[usize::from(*a)])
                .cmp(&(first[usize::from(*b)], &waves[usize::from(*b)]))
        });
        let place: HashMap<u16, u16> = order
            .iter()
            .enumerate()
            .map(|(to, from)| (*from, to as u16))
            .collect();
        for one in &mut said {
            one.wave = place.get(&one.wave).copied().unwrap_or(NO_WAVE);
        }
        Answers {
            said,
            waves: order
                .iter()
                .map(|w| waves[usize::from(*w)].clone())
                .collect(),
            quarters,
        }
    }
}

/// Gives every NPS answer its quarter, and the names of those.
fn by_quarter(said: &mut [Said]) -> Vec<String> {
    use chrono::Datelike;
    let mut names: Vec<String> = Vec::new();
    for one in said.iter_mut().filter(|s| s.kind == EventKind::Nps) {
        let date = one.day.date();
        let name = format!("{} Q{}", date.year(), date.month0() / 3 + 1);
        let at = names.iter().position(|n| *n == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        one.wave = u16::try_from(at).unwrap_or(NO_WAVE);
    }
    names
}

/// Gives the answers of one customer that have no wave that of the invitation before them.
fn attribute(of: &mut [Said]) {
    for at in 0..of.len() {
        let answer = of[at];
        if answer.kind != EventKind::Nps || answer.wave != NO_WAVE {
            continue;
        }
        let asked = of[..at].iter().rev().find(|i| {
            let same = i.contact == answer.contact || i.contact == 0 || answer.contact == 0;
            i.kind == EventKind::Invite && same && answer.day.since(i.day) <= ATTRIBUTED
        });
        of[at].wave = asked.map_or(NO_WAVE, |i| i.wave);
    }
}

/// What is said of one set of answers: a window, a wave, a month.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tally {
    /// The score, or what may be said instead.
    pub verdict: Verdict,
    /// Mean of the customers' own scores, and how many have one.
    pub account_mean: Option<(f64, usize)>,
    /// The answers that count, one a person, by their place in [`Answers::said`]; lowest first.
    pub counted: Vec<u32>,
    /// Older answers of the same people.
    pub superseded: usize,
    /// Numbers that are no answers, by their place.
    pub invalid: Vec<u32>,
}

/// What is said by a set of answers, each with its place: the latest of each person, ties to the larger id. Each customer's come together, in order of
/// time.
pub fn tally<'a>(set: impl Iterator<Item = (usize, &'a Said)>) -> Tally {
    let mut tally = Tally::default();
    let mut counted: Vec<(usize, &Said)> = Vec::new();
    // Where those of the present customer begin.
    let (mut valid, mut begin) = (0_usize, 0_usize);
    for (at, one) in set.filter(|(_, s)| s.kind == EventKind::Nps) {
        if one.nps().is_none() {
            tally.invalid.push(at as u32);
            continue;
        }
        valid += 1;
        if counted
            .last()
            .is_some_and(|(_, before)| before.customer != one.customer)
        {
            begin = counted.len();
        }
        match counted[begin..]
            .iter_mut()
            .find(|(_, s)| s.contact == one.contact)
        {
            // They come in order of time.
            Some(latest) => *latest = (at, one),
            None => counted.push((at, one)),
        }
    }
    tally.superseded = valid - counted.len();
    counted.sort_unstable_by_key(|(at, s)| (s.customer, *at));
    let scores: Vec<u8> = counted.iter().filter_map(|(_, s)| s.nps()).collect();
    tally.verdict = nps::verdict(&scores);
    let mut accounts: Vec<&[u8]> = Vec::new();
    let mut from = 0;
    for account in counted.chunk_by(|a, b| a.1.customer == b.1.customer) {
        accounts.push(&scores[from..from + account.len()]);
        from += account.len();
    }
    tally.account_mean = nps::account_mean(accounts);
    counted.sort_by_key(|(at, s)| (s.number, std::cmp::Reverse(s.at), *at));
    tally.counted = counted.into_iter().map(|(at, _)| at as u32).collect();
    tally
}

/// One wave.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Wave {
    /// Its name.
    pub name: String,
    /// Day of its first invitation or answer.
    pub from: Option<Day>,
    /// Its answers.
    pub tally: Tally,
    /// Of the invitations delivered, those whose person answered in the wave.
    pub response: Share,
    /// Answers of people who had no invitation of this wave.
    pub uninvited: usize,
    /// The invitations without an answer, by their place in [`Answers::said`].
    pub silent: Vec<u32>,
}

/// One month.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Month {
    /// Year and month, 1 to 12.
    pub month: (i32, u32),
    /// Its answers.
    pub tally: Tally,
}

/// How people moved from one wave to the next: `cells[from][to]` in the order of [`Group::ALL`], then "no answer"; each cell has
/// the answers, by place: the later one, or where there is none the earlier.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Movement {
    /// The earlier wave's place in [`Answers::waves`].
    pub from: usize,
    /// The later one's.
    pub to: usize,
    /// Who.
    pub cells: [[Vec<u32>; 4]; 4],
    /// The change of the score; `None` where one of them has too few answers.
    pub change: Option<Change>,
}

/// Satisfaction: the share of 4 and 5 of answers 1 to 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Satisfaction {
    /// The share.
    pub share: Share,
    /// The answers, lowest first, by place.
    pub answers: Vec<u32>,
}

/// Effort: the mean of answers 1 to 7.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Effort {
    /// The mean; `None` without answers.
    pub mean: Option<f64>,
    /// The answers, lowest first, by place.
    pub answers: Vec<u32>,
}

/// Everything that the screen of answers says.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Figures {
    /// The window.
    pub window: Tally,
    /// NPS answers before or after the window.
    pub outside: usize,
    /// Every wave, oldest first.
    pub waves: Vec<Wave>,
    /// Answers that belong to no wave.
    pub no_wave: Tally,
    /// Every month with an answer, oldest first.
    pub months: Vec<Month>,
    /// From the wave before the latest to the latest; `None` with fewer than two.
    pub movement: Option<Movement>,
    /// Satisfaction in the window.
    pub csat: Satisfaction,
    /// Effort in the window.
    pub ces: Effort,
    /// Invitations in the window that nobody answered, one a customer, by place.
    pub silent: Vec<u32>,
    /// Customers (rows) that were never asked and never answered.
    pub never_asked: Vec<u32>,
}

/// The figures of the customers (rows) that `passes`, over a window of days; both ends count. `customers` are all of them that
/// pass.
pub fn figures(
    answers: &Answers,
    customers: &[u32],
    passes: impl Fn(u32) -> bool,
    from: Day,
    to: Day,
) -> Figures {
    use chrono::Datelike;
    let seen: Vec<(usize, &Said)> = answers
        .said
        .iter()
        .enumerate()
        .filter(|(_, s)| s.day <= to && passes(s.customer))
        .collect();
    let within = || seen.iter().copied().filter(|(_, s)| s.day >= from);
    let mut months: BTreeMap<(i32, u32), Vec<(usize, &Said)>> = BTreeMap::new();
    let mut waves: Vec<Vec<(usize, &Said)>> = vec![Vec::new(); answers.waves.len()];
    let mut asked = vec![false; customers.iter().max().map_or(0, |last| *last as usize + 1)];
    for (at, one) in &seen {
        if matches!(one.kind, EventKind::Nps | EventKind::Invite) {
            if let Some(asked) = asked.get_mut(one.customer as usize) {
                *asked = true;
            }
            if let Some(wave) = waves.get_mut(usize::from(one.wave)) {
                wave.push((*at, one));
            }
        }
        if one.kind == EventKind::Nps {
            let date = one.day.date();
            months
                .entry((date.year(), date.month()))
                .or_default()
                .push((*at, one));
        }
    }
    let waves: Vec<Wave> = answers
        .waves
        .iter()
        .zip(&waves)
        .map(|(name, set)| wave(name, set, answers.quarters))
        .collect();
    let nps_answers = |set: &Tally| set.counted.len() + set.superseded;
    let window = tally(within());
    let all = answers
        .said
        .iter()
        .filter(|s| s.nps().is_some() && passes(s.customer))
        .count();
    Figures {
        outside: all - nps_answers(&window),
        no_wave: tally(seen.iter().copied().filter(|(_, s)| s.wave == NO_WAVE)),
        months: months
            .into_iter()
            .map(|(month, set)| Month {
                month,
                tally: tally(set.into_iter()),
            })
            .collect(),
        movement: movement(answers, &waves),
        csat: satisfaction(within()),
        ces: effort(within()),
        silent: silent(&waves, answers, from),
        never_asked: customers
            .iter()
            .copied()
            .filter(|row| !asked.get(*row as usize).is_some_and(|asked| *asked))
            .collect(),
        window,
        waves,
    }
}

fn wave(name: &str, set: &[(usize, &Said)], quarter: bool) -> Wave {
    let tally = tally(set.iter().copied());
    let (mut silent, mut asked, mut uninvited) = (Vec::new(), 0, 0);
    for of_customer in set.chunk_by(|a, b| a.1.customer == b.1.customer) {
        let mut answered: Vec<u32> = of_customer
            .iter()
            .filter(|(_, s)| s.nps().is_some())
            .map(|(_, s)| s.contact)
            .collect();
        answered.sort_unstable();
        answered.dedup();
        // A person is asked once a wave, however often they are reminded.
        let mut invited: Vec<(u32, usize)> = Vec::new();
        for (at, one) in of_customer
            .iter()
            .filter(|(_, s)| s.kind == EventKind::Invite)
        {
            if !invited.iter().any(|(person, _)| *person == one.contact) {
                invited.push((one.contact, *at));
            }
        }
        // An answer that names nobody answers the invitation of its customer.
        let hears = |person: u32| answered.contains(&person) || answered.contains(&0);
        asked += invited.len();
        silent.extend(
            invited
                .iter()
                .filter(|(person, _)| !hears(*person))
                .map(|(_, at)| *at as u32),
        );
        let is_invited = |person: u32| invited.iter().any(|(other, _)| *other == person);
        uninvited += answered
            .iter()
            .filter(|p| !is_invited(**p) && (**p != 0 || invited.is_empty()))
            .count();
    }
    silent.sort_unstable();
    let response = Share::new(asked - silent.len(), asked);
    let uninvited = if quarter { 0 } else { uninvited };
    Wave {
        name: name.to_owned(),
        from: set.iter().map(|(_, s)| s.day).min(),
        tally,
        response,
        uninvited,
        silent,
    }
}

fn movement(answers: &Answers, waves: &[Wave]) -> Option<Movement> {
    let mut with: Vec<usize> = (0..waves.len())
        .filter(|w| !waves[*w].tally.counted.is_empty())
        .collect();
    let (to, from) = (with.pop()?, with.pop()?);
    let people = |wave: usize| -> BTreeMap<(u32, u32), u32> {
        waves[wave]
            .tally
            .counted
            .iter()
            .map(|at| (answers.said[*at as usize].person(), *at))
            .collect()
    };
    let (before, after) = (people(from), people(to));
    let group = |at: Option<&u32>| {
        at.and_then(|at| Group::of(answers.said[*at as usize].number))
            .map_or(3, |g| g as usize)
    };
    let mut movement = Movement {
        from,
        to,
        ..Movement::default()
    };
    for (person, at) in &before {
        let later = after.get(person);
        movement.cells[group(Some(at))][group(later)].push(*later.unwrap_or(at));
    }
    for (_, at) in after
        .iter()
        .filter(|(person, _)| !before.contains_key(person))
    {
        movement.cells[3][group(Some(at))].push(*at);
    }
    if let (Verdict::Score(a), Verdict::Score(b)) =
        (&waves[from].tally.verdict, &waves[to].tally.verdict)
    {
        movement.change = Some(nps::change(*a, *b));
    }
    Some(movement)
}

fn of_kind<'a>(
    set: impl Iterator<Item = (usize, &'a Said)>,
    kind: EventKind,
    most: i64,
) -> Vec<(usize, &'a Said)> {
    let mut all: Vec<_> = set
        .filter(|(_, s)| s.kind == kind && (1..=most).contains(&s.number))
        .collect();
    all.sort_by_key(|(at, s)| (s.number, std::cmp::Reverse(s.at), *at));
    all
}

fn places(all: &[(usize, &Said)]) -> Vec<u32> {
    all.iter().map(|(at, _)| *at as u32).collect()
}

fn satisfaction<'a>(set: impl Iterator<Item = (usize, &'a Said)>) -> Satisfaction {
    let all = of_kind(set, EventKind::Csat, 5);
    Satisfaction {
        share: Share::new(all.iter().filter(|(_, s)| s.number >= 4).count(), all.len()),
        answers: places(&all),
    }
}

fn effort<'a>(set: impl Iterator<Item = (usize, &'a Said)>) -> Effort {
    let all = of_kind(set, EventKind::Ces, 7);
    let sum: i64 = all.iter().map(|(_, s)| s.number).sum();
    Effort {
        mean: (!all.is_empty()).then(|| sum as f64 / all.len() as f64),
        answers: places(&all),
    }
}

/// The unanswered invitations of customers from whom nobody has answered since, one a customer, newest first.
fn silent(waves: &[Wave], answers: &Answers, from: Day) -> Vec<u32> {
    let mut latest: HashMap<u32, i64> = HashMap::new();
    for one in answers.said.iter().filter(|s| s.nps().is_some()) {
        latest.insert(one.customer, one.at);
    }
    let mut one_each: HashMap<u32, u32> = HashMap::new();
    for at in waves.iter().flat_map(|w| &w.silent) {
        let asked = &answers.said[*at as usize];
        if asked.day >= from && latest.get(&asked.customer).is_none_or(|l| *l < asked.at) {
            one_each.insert(asked.customer, *at);
        }
    }
    let mut all: Vec<u32> = one_each.into_values().collect();
    all.sort_unstable_by_key(|at| (std::cmp::Reverse(answers.said[*at as usize].at), *at));
    all
}
