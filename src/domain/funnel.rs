//! The funnel: visits of stages, conversion in two modes, and time in stage with open visits censored.

use serde::Serialize;

use super::money::Arr;
use super::stage::{Pace, StageNo, Stages};
use super::survival::Curve;
use super::time::Day;

#[cfg(test)]
mod tests;

/// One stay of a customer in a stage. Eight bytes beside the customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Visit {
    /// The customer, by its row in the roster.
    pub customer: u32,
    /// Where.
    pub stage: StageNo,
    /// Where it went then; `None` while open.
    pub next: Option<StageNo>,
    /// First day.
    pub entered: Day,
    /// Day it left; `None` while open.
    pub left: Option<Day>,
}

/// How a skipped stage counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Default, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A customer who skipped a stage drops out from there.
    #[default]
    InOrder,
    /// Reached the stage or any later one.
    AnyOrder,
}

/// The period over which visits are counted: those entered within it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Period {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
}

/// A period relative to today, or fixed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum PeriodAsk {
    /// The last so many days.
    Days(u16),
    /// Everything there is.
    All,
    /// From the first day to the last one.
    Between(Day, Day),
}

/// The figures of one stage.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StageFigures {
    /// Code of the stage.
    pub stage: String,
    /// Its label.
    pub label: String,
    /// `prospect`, `customer` or `lost`.
    pub class: super::stage::StageClass,
    /// Customers in it today.
    pub count: usize,
    /// Their ARR.
    #[serde(flatten)]
    pub arr: Arr,
    /// Visits entered in the period.
    pub entered: usize,
    /// Of them, ended.
    pub ended: usize,
    /// Of them, still open.
    pub open: usize,
    /// Of the ended ones, those that went to the next stage (or, any order, to a later one).
    pub advanced: usize,
    /// Of the customers who entered the first stage in the period, those who reached this one (by the mode). For a lost
    /// stage: those who ended there.
    pub reached: usize,
    /// Customers who entered the first stage in the period.
    pub cohort: usize,
    /// Median days of a visit entered in the period, product-limit; `None` when fewer than half have ended.
    pub median_days: Option<f64>,
    /// The day by which nine tenths have left, product-limit.
    pub p90_days: Option<f64>,
    /// Median days of those visits alone that have ended; too short while many are open. Of an even number the lower middle one.
    pub plain_median_days: Option<i64>,
    /// Median current age of the customers in it, days; of an even number the lower of the two in the middle.
    pub age_median: Option<i64>,
    /// The largest.
    pub age_max: Option<i64>,
    /// Customers above the expected days, the stuck ones included.
    pub behind: usize,
    /// The stuck ones.
    pub stuck: usize,
    /// Expected days, 0 for none.
    pub expected: u16,
}

/// Moves counted in the period: from, to, number.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Flow {
    /// Code of the stage left.
    pub from: String,
    /// Code of the stage entered.
    pub to: String,
    /// Moves.
    pub moves: usize,
}

/// The visits that a customer's moves make: each lasts until the next move to another stage, the last one is open. A
/// move to the stage it is in is none. Moves are in order; `customer` is left 0 for the caller to fill in.
pub fn visits_of(moves: &[(Day, StageNo)]) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::with_capacity(moves.len());
    for (day, stage) in moves {
        if let Some(last) = visits.last_mut() {
            if last.stage == *stage {
                continue;
            }
            (last.next, last.left) = (Some(*stage), Some(*day));
        }
        visits.push(Visit {
            customer: 0,
            stage: *stage,
            next: None,
            entered: *day,
            left: None,
        });
    }
    visits
}

impl Period {
    /// True for a day in it.
    pub fn has(&self, day: Day) -> bool {
        self.from <= day && day <= self.to
    }
}

/// The figures of every stage. `visits` are those of the customers that pass the filter, each customer's in order;
/// `present` gives each such customer's stage, current age in days and ARR. What happened after `today` is not known:
/// a visit that ended later is open.
/// Flows are the moves made in the period, in the order of the stages.
pub fn figures(
    stages: &Stages,
    visits: &[Visit],
    present: &[(StageNo, i64, Arr)],
    period: Period,
    mode: Mode,
    today: Day,
) -> (Vec<StageFigures>, Vec<Flow>) {
    let known = |v: &Visit| match v.left {
        Some(left) if left > today => Visit {
            next: None,
            left: None,
            ..*v
        },
        _ => *v,
    };
    let mut visits: Vec<Visit> = visits
        .iter()
        .filter(|v| v.entered <= today)
        .map(known)
        .collect();
    // Stable, so that several moves of one day stay in their order; usually sorted already.
    if !visits.is_sorted_by_key(|v| (v.customer, v.entered)) {
        visits.sort_by_key(|v| (v.customer, v.entered));
    }
    let mut rows: Vec<StageFigures> = stages.all().map(|no| empty(stages, no)).collect();
    count_present(stages, present, &mut rows);
    count_visits(stages, &visits, period, mode, today, &mut rows);
    count_reached(stages, &visits, period, mode, &mut rows);
    (rows, flows(stages, &visits, period))
}

fn empty(stages: &Stages, no: StageNo) -> StageFigures {
    let stage = stages.get(no);
    StageFigures {
        stage: stages.code(no).to_owned(),
        label: stages.label(no).to_owned(),
        class: stage.map(|s| s.class).unwrap_or_default(),
        count: 0,
        arr: Arr::default(),
        entered: 0,
        ended: 0,
        open: 0,
        advanced: 0,
        reached: 0,
        cohort: 0,
        median_days: None,
        p90_days: None,
        plain_median_days: None,
        age_median: None,
        age_max: None,
        behind: 0,
        stuck: 0,
        expected: stage.map_or(0, |s| s.expected_days),
    }
}

/// Who is in each stage today, for how long, and how late.
fn count_present(stages: &Stages, present: &[(StageNo, i64, Arr)], rows: &mut [StageFigures]) {
    let mut ages: Vec<Vec<i64>> = vec![Vec::new(); rows.len()];
    for (no, age, arr) in present {
        let at = usize::from(no.0);
        let (Some(row), Some(stage)) = (rows.get_mut(at), stages.get(*no)) else {
            continue;
        };
        let pace = stage.pace(*age);
        row.count += 1;
        row.arr.add(arr);
        row.behind += usize::from(pace != Pace::OnTrack);
        row.stuck += usize::from(pace == Pace::Stuck);
        ages[at].push(*age);
    }
    for (row, ages) in rows.iter_mut().zip(&mut ages) {
        row.age_max = ages.iter().max().copied();
        row.age_median = ages
            .len()
            .checked_sub(1)
            .map(|last| *ages.select_nth_unstable(last / 2).1);
    }
}

/// True when a visit that ended went forward: to the next stage, or, in any order, to a later one that is not lost.
fn advances(stages: &Stages, visit: &Visit, mode: Mode) -> bool {
    let Some(next) = visit
        .next
        .filter(|n| !stages.is_lost(*n) && !stages.is_lost(visit.stage))
    else {
        return false;
    };
    match mode {
        Mode::InOrder => stages.next(visit.stage) == Some(next),
        Mode::AnyOrder => next > visit.stage,
    }
}

/// The visits entered in the period: how they ended, and how long they took.
fn count_visits(
    stages: &Stages,
    visits: &[Visit],
    period: Period,
    mode: Mode,
    today: Day,
    rows: &mut [StageFigures],
) {
    let mut times: Vec<Vec<(i64, bool)>> = vec![Vec::new(); rows.len()];
    for visit in visits.iter().filter(|v| period.has(v.entered)) {
        let at = usize::from(visit.stage.0);
        let Some(row) = rows.get_mut(at) else {
            continue;
        };
        row.entered += 1;
        row.ended += usize::from(visit.left.is_some());
        row.open += usize::from(visit.left.is_none());
        row.advanced += usize::from(advances(stages, visit, mode));
        times[at].push((
            visit.left.unwrap_or(today).since(visit.entered),
            visit.left.is_some(),
        ));
    }
    for (row, times) in rows.iter_mut().zip(&mut times) {
        let curve = Curve::of(times);
        let ended: Vec<i64> = times
            .iter()
            .filter(|(_, ended)| *ended)
            .map(|(t, _)| *t)
            .collect();
        row.plain_median_days = ended.get(ended.len().saturating_sub(1) / 2).copied();
        (row.median_days, row.p90_days) = (curve.quantile(0.5), curve.quantile(0.9));
    }
}

/// How far the customers came who entered the first stage in the period.
fn count_reached(
    stages: &Stages,
    visits: &[Visit],
    period: Period,
    mode: Mode,
    rows: &mut [StageFigures],
) {
    let mut cohort = 0;
    for path in visits.chunk_by(|a, b| a.customer == b.customer) {
        let Some(start) = path
            .iter()
            .position(|v| v.stage == StageNo(0) && period.has(v.entered))
        else {
            continue;
        };
        cohort += 1;
        let (furthest, lost) = walk(stages, &path[start..], mode);
        for row in rows.iter_mut().take(usize::from(furthest.0) + 1) {
            row.reached += 1;
        }
        if let Some(row) = lost.and_then(|no| rows.get_mut(usize::from(no.0))) {
            row.reached += 1;
        }
    }
    rows.iter_mut().for_each(|row| row.cohort = cohort);
}

/// The furthest stage that a path from the first one reaches, and the lost stage in which it ended. A return from there
/// belongs to a new start and is not followed. In order, a path ends where it skips a stage; a step back does not end it.
fn walk(stages: &Stages, path: &[Visit], mode: Mode) -> (StageNo, Option<StageNo>) {
    let (mut furthest, mut skipped) = (StageNo(0), false);
    for visit in path {
        if stages.is_lost(visit.stage) {
            return (furthest, Some(visit.stage));
        }
        skipped |= mode == Mode::InOrder && visit.stage.0 > furthest.0.saturating_add(1);
        if !skipped && visit.stage > furthest {
            furthest = visit.stage;
        }
    }
    (furthest, None)
}

/// Moves made in the period, from stage to stage.
fn flows(stages: &Stages, visits: &[Visit], period: Period) -> Vec<Flow> {
    let mut moves: std::collections::BTreeMap<(StageNo, StageNo), usize> =
        std::collections::BTreeMap::new();
    for visit in visits {
        if let (Some(to), true) = (visit.next, visit.left.is_some_and(|l| period.has(l))) {
            *moves.entry((visit.stage, to)).or_default() += 1;
        }
    }
    let code = |no: StageNo| stages.code(no).to_owned();
    moves
        .into_iter()
        .map(|((from, to), moves)| Flow {
            from: code(from),
            to: code(to),
            moves,
        })
        .collect()
}
