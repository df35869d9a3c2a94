//! How long stays last: their quartiles and where they end, the curve day by day, and whether parts differ.

use super::{Cell, Period, Row, Store, Table, Visit};
use crate::domain::stage::StageNo;
use crate::domain::survival::{Curve, incidence, log_rank};

/// A stage with visits of it.
type OfStage<'v> = (StageNo, Vec<&'v Visit>);

/// Each stage with the visits of it that began in the period, where there are any.
fn by_stage<'v>(store: &Store, visits: &'v [Visit], period: Period) -> Vec<OfStage<'v>> {
    let begun = |no: StageNo| {
        visits
            .iter()
            .filter(move |v| v.stage == no && period.has(v.entered))
    };
    store
        .config
        .stages
        .all()
        .map(|no| (no, begun(no).collect::<Vec<_>>()))
        .filter(|(_, of)| !of.is_empty())
        .collect()
}

/// The days that a visit has lasted. Moves after the store's day were left out when the visits were read.
fn days(store: &Store, visit: &Visit) -> i64 {
    visit.left.unwrap_or(store.today).since(visit.entered)
}

/// The days of visits, and whether they are over.
fn times(store: &Store, visits: &[&Visit]) -> Vec<(i64, bool)> {
    visits
        .iter()
        .map(|v| (days(store, v), v.left.is_some()))
        .collect()
}

fn label(store: &Store, no: StageNo) -> Cell {
    Cell::Text(store.config.stages.label(no).to_owned())
}

fn customers(of: &[&Visit]) -> Vec<u32> {
    of.iter().map(|v| v.customer).collect()
}

/// How many there are and how many are open, and by when a quarter, a half and three quarters have left.
fn quartiles(curve: &Curve) -> impl Iterator<Item = Cell> {
    let quartiles = [0.25, 0.5, 0.75].map(|q| Cell::Quantile(curve.quantile_with_interval(q)));
    [Cell::Count(curve.n), Cell::Count(curve.n - curve.events)]
        .into_iter()
        .chain(quartiles)
}

/// How long the visits begun in the period last, a row a stage, and one for each stage that they went on to.
pub fn table(store: &Store, visits: &[Visit], period: Period) -> Table {
    let stages = &store.config.stages;
    let mut rows = Vec::new();
    for (no, of) in by_stage(store, visits, period) {
        let curve = Curve::of(&mut times(store, &of));
        let mut cells = vec![label(store, no), Cell::None];
        cells.extend(quartiles(&curve));
        cells.extend([30, 90, 180].map(|t| Cell::Part(1.0 - curve.at(t))));
        cells.push(Cell::Days(curve.mean_until(180)));
        rows.push(Row::new(cells, customers(&of)));
        let mut ends: Vec<(i64, Option<u8>)> = of
            .iter()
            .map(|v| (days(store, v), v.next.map(|n| n.0)))
            .collect();
        let gone = [30, 90, 180].map(|within| incidence(&mut ends, stages.stage.len(), within));
        for next in stages.all() {
            let there: Vec<u32> = of
                .iter()
                .filter(|v| v.next == Some(next))
                .map(|v| v.customer)
                .collect();
            if there.is_empty() {
                continue;
            }
            let mut cells = vec![
                label(store, no),
                label(store, next),
                Cell::Count(there.len()),
            ];
            cells.extend([Cell::None, Cell::None, Cell::None, Cell::None]);
            cells.extend(
                gone.each_ref()
                    .map(|shares| Cell::Part(shares[usize::from(next.0)])),
            );
            cells.push(Cell::None);
            rows.push(Row::new(cells, there));
        }
    }
    (
        vec![
            "stage",
            "went_to",
            "n",
            "open",
            "quarter_left",
            "half_left",
            "three_quarters_left",
            "in_30",
            "in_90",
            "in_180",
            "mean_180",
        ],
        rows,
    )
}

/// How long the visits begun in the period last in each part: a row a stage with the log-rank test over its parts, then one a part.
pub fn by_parts(store: &Store, parts: &[(String, Vec<Visit>)], period: Period) -> Table {
    let each: Vec<(&str, Vec<OfStage<'_>>)> = parts
        .iter()
        .map(|(name, visits)| (name.as_str(), by_stage(store, visits, period)))
        .collect();
    let mut rows = Vec::new();
    for no in store.config.stages.all() {
        let groups: Vec<(&str, &Vec<&Visit>)> = each
            .iter()
            .filter_map(|(name, stages)| Some((*name, &stages.iter().find(|(of, _)| *of == no)?.1)))
            .collect();
        if groups.is_empty() {
            continue;
        }
        let mut put = |part: Cell, times: &mut [(i64, bool)], of: Vec<u32>, test: Cell| {
            let curve = Curve::of(times);
            let mut cells = vec![label(store, no), part];
            cells.extend(quartiles(&curve));
            cells.extend([
                Cell::Part(1.0 - curve.at(90)),
                Cell::Days(curve.mean_until(180)),
                test,
            ]);
            rows.push(Row::new(cells, of));
        };
        let times: Vec<Vec<(i64, bool)>> = groups.iter().map(|(_, of)| times(store, of)).collect();
        let all = groups.iter().flat_map(|(_, of)| customers(of)).collect();
        put(
            Cell::None,
            &mut times.concat(),
            all,
            log_rank(&times).map_or(Cell::None, Cell::Test),
        );
        for ((name, of), mut times) in groups.into_iter().zip(times) {
            put(
                Cell::Text(name.to_owned()),
                &mut times,
                customers(of),
                Cell::None,
            );
        }
    }
    (
        vec![
            "stage",
            "part",
            "n",
            "open",
            "quarter_left",
            "half_left",
            "three_quarters_left",
            "in_90",
            "mean_180",
            "log_rank",
        ],
        rows,
    )
}

/// The share of the visits begun in the period that last longer: a row for each day of a stay on which one ended or was last seen.
pub fn curve(store: &Store, visits: &[Visit], period: Period) -> Table {
    let mut rows = Vec::new();
    for (no, mut of) in by_stage(store, visits, period) {
        of.sort_by_key(|v| days(store, v));
        let curve = Curve::of(&mut times(store, &of));
        for (step, there) in curve
            .steps
            .iter()
            .zip(of.chunk_by(|a, b| days(store, a) == days(store, b)))
        {
            let cells = vec![
                label(store, no),
                Cell::Count(usize::try_from(step.time).unwrap_or(0)),
                Cell::Count(step.at_risk),
                Cell::Count(step.events),
                Cell::Count(step.censored),
                Cell::Part(step.survival),
                step.error.map_or(Cell::None, Cell::Part),
                step.interval
                    .map_or(Cell::None, |(low, high)| Cell::Ends(low, high)),
            ];
            rows.push(Row::new(cells, customers(there)));
        }
    }
    (
        vec![
            "stage",
            "day",
            "at_risk",
            "ended",
            "last_seen",
            "still_there",
            "error",
            "interval",
        ],
        rows,
    )
}
