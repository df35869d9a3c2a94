//! Visits, conversion and time in stage on paths small enough to count by hand.

use crate::domain::money::Arr;
use proptest::prelude::*;

use super::*;
use crate::domain::config::Config;

const START: i64 = 20_000;

fn day(n: i64) -> Day {
    Day::from_number(START + n).expect("inside the range")
}

/// The visits of customers who moved to these stages on these days.
fn paths(paths: &[&[(i64, u8)]]) -> Vec<Visit> {
    let mut all = Vec::new();
    for (customer, path) in paths.iter().enumerate() {
        let moves: Vec<(Day, StageNo)> = path.iter().map(|(d, s)| (day(*d), StageNo(*s))).collect();
        all.extend(visits_of(&moves).into_iter().map(|v| Visit {
            customer: customer as u32,
            ..v
        }));
    }
    all
}

fn rows(visits: &[Visit], mode: Mode) -> (Vec<StageFigures>, Vec<Flow>) {
    figures(
        &Config::default().stages,
        visits,
        &[],
        Period {
            from: day(0),
            to: day(100),
        },
        mode,
        day(200),
    )
}

fn each<T>(visits: &[Visit], mode: Mode, figure: fn(&StageFigures) -> T) -> Vec<T> {
    rows(visits, mode).0.iter().map(figure).collect()
}

#[test]
fn moves_to_the_same_stage_make_no_visit() {
    let visits = paths(&[&[(0, 1), (4, 1), (10, 2), (10, 3), (30, 2)]]);
    let shape: Vec<_> = visits
        .iter()
        .map(|v| {
            (
                v.stage.0,
                v.next.map(|n| n.0),
                v.left.map(|l| l.since(v.entered)),
            )
        })
        .collect();
    assert_eq!(
        shape,
        [
            (1, Some(2), Some(10)),
            (2, Some(3), Some(0)),
            (3, Some(2), Some(20)),
            (2, None, None)
        ]
    );
    assert_eq!(visits_of(&[]), []);
}

#[test]
fn skipping_a_stage_counts_by_the_mode() {
    let lost = Config::default().stages.find("churned").expect("shipped").0;
    let visits = paths(&[
        &[(0, 0), (5, 1), (9, 2), (20, 3)],
        &[(1, 0), (8, 2), (12, 3)],
        &[(2, 0), (6, 1), (7, 0), (9, 1), (11, 2)],
        &[(3, 0), (9, lost), (30, 3)],
        &[(4, 1), (9, 2)],
        &[(150, 0), (160, 1)],
    ]);
    assert_eq!(
        each(&visits, Mode::InOrder, |r| r.reached),
        [4, 2, 2, 1, 0, 1]
    );
    assert_eq!(
        each(&visits, Mode::AnyOrder, |r| r.reached),
        [4, 3, 3, 2, 0, 1]
    );
    assert_eq!(each(&visits, Mode::InOrder, |r| r.cohort), [4; 6]);
    assert_eq!(
        each(&visits, Mode::InOrder, |r| (r.entered, r.ended, r.open)),
        [
            (5, 5, 0),
            (4, 4, 0),
            (4, 2, 2),
            (3, 0, 3),
            (0, 0, 0),
            (1, 1, 0)
        ]
    );
    assert_eq!(
        each(&visits, Mode::InOrder, |r| r.advanced),
        [3, 3, 2, 0, 0, 0]
    );
    assert_eq!(
        each(&visits, Mode::AnyOrder, |r| r.advanced),
        [4, 3, 2, 0, 0, 0]
    );
}

#[test]
fn flows_count_the_moves_of_the_period() {
    let flows = rows(
        &paths(&[&[(0, 0), (5, 1), (9, 0), (12, 1)], &[(90, 0), (120, 1)]]),
        Mode::InOrder,
    )
    .1;
    let said: Vec<_> = flows
        .iter()
        .map(|f| (f.from.as_str(), f.to.as_str(), f.moves))
        .collect();
    assert_eq!(
        said,
        [("reach", "acquisition", 2), ("acquisition", "reach", 1)]
    );
}

#[test]
fn what_happens_later_is_not_known() {
    let visits = paths(&[&[(0, 0), (50, 1)], &[(80, 0)]]);
    let stages = Config::default().stages;
    let (rows, flows) = figures(
        &stages,
        &visits,
        &[],
        Period {
            from: day(0),
            to: day(100),
        },
        Mode::InOrder,
        day(40),
    );
    assert_eq!(
        (
            rows[0].entered,
            rows[0].open,
            rows[0].reached,
            rows[1].reached
        ),
        (1, 1, 1, 0)
    );
    assert!(flows.is_empty());
}

#[test]
fn the_present_is_counted_with_its_pace() {
    let stages = Config::default().stages;
    let present: Vec<_> = [10, 31, 60, 61]
        .iter()
        .map(|age| (StageNo(0), *age, Arr::of(1_000, false)))
        .collect();
    let (rows, _) = figures(
        &stages,
        &[],
        &present,
        Period {
            from: day(0),
            to: day(1),
        },
        Mode::InOrder,
        day(1),
    );
    let reach = &rows[0];
    assert_eq!(
        (
            reach.count,
            reach.arr.book(),
            reach.behind,
            reach.stuck,
            reach.expected
        ),
        (4, 4_000, 3, 1, 30)
    );
    assert_eq!((reach.age_median, reach.age_max), (Some(31), Some(61)));
    assert_eq!((rows[1].age_median, rows[1].median_days), (None, None));
}

#[test]
fn open_visits_are_censored() {
    // Remission in weeks of the classic trial of 6-mercaptopurine: median 23.
    let ended = [6, 6, 6, 7, 10, 13, 16, 22, 23].map(|t| (t, true));
    let open = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(|t| (t, false));
    let mut times: Vec<(i64, bool)> = open.into_iter().chain(ended).collect();
    assert_eq!(Curve::of(&mut times).quantile(0.5), Some(23.0));
    assert_eq!(Curve::of(&mut times).quantile(0.25), Some(13.0));
    assert_eq!(Curve::of(&mut times).quantile(0.9), None);
    assert_eq!(Curve::of(&mut []).quantile(0.5), None);
    assert_eq!(Curve::of(&mut [(4, false)]).quantile(0.5), None);
}

#[test]
fn the_median_and_p90_of_a_stage_are_those_of_its_visits() {
    let visits = paths(&[
        &[(0, 0), (81, 1)],
        &[(0, 0), (45, 1)],
        &[(5, 0), (27, 1)],
        &[(7, 0), (43, 1)],
        &[(9, 0)],
        &[(300, 0)],
    ]);
    let days = each(&visits, Mode::InOrder, |r| (r.median_days, r.p90_days));
    assert_eq!(days[0], (Some(45.0), None));
    assert_eq!(days[1], (None, None));
}

proptest! {
    #[test]
    fn without_open_visits_it_is_the_order_statistic(mut days in proptest::collection::vec(0..90_i64, 1..60), q in 1..100_usize) {
        let mut times: Vec<_> = days.iter().map(|d| (*d, true)).collect();
        days.sort_unstable();
        let place = (q * days.len()).div_ceil(100).max(1);
        prop_assert_eq!(Curve::of(&mut times).quantile(q as f64 / 100.0), Some(days[place - 1] as f64));
    }

    #[test]
    fn the_counts_agree(moves in proptest::collection::vec((0..5_u32, 0..120_i64, 0..6_u8), 0..60), any_order in any::<bool>()) {
        let mut moves = moves;
        moves.sort_by_key(|m| (m.0, m.1));
        let visits: Vec<Visit> = moves.chunk_by(|a, b| a.0 == b.0).flat_map(|path| {
            let steps: Vec<_> = path.iter().map(|(_, d, s)| (day(*d), StageNo(*s))).collect();
            visits_of(&steps).into_iter().map(|v| Visit { customer: path[0].0, ..v }).collect::<Vec<_>>()
        }).collect();
        let mode = if any_order { Mode::AnyOrder } else { Mode::InOrder };
        for row in rows(&visits, mode).0 {
            prop_assert_eq!(row.entered, row.ended + row.open);
            prop_assert!(row.advanced <= row.ended && row.reached <= row.cohort);
        }
        // Fewer reach each later stage; what a lost stage counts is apart.
        let all = rows(&visits, mode).0;
        prop_assert!(all.windows(2).all(|w| w[1].class == crate::domain::stage::StageClass::Lost || w[0].reached >= w[1].reached));
        prop_assert_eq!(all[0].reached, all[0].cohort);
        // Whoever the parts are, they add up to the whole.
        let part = |no: u32| rows(&visits.iter().filter(|v| v.customer % 3 == no).copied().collect::<Vec<_>>(), mode).0;
        let parts = [part(0), part(1), part(2)];
        for (at, row) in all.iter().enumerate() {
            let figures = |r: &StageFigures| [r.entered, r.ended, r.open, r.advanced, r.reached, r.cohort];
            let sums = parts.iter().map(|p| figures(&p[at])).fold([0; 6], |sum, of| std::array::from_fn(|i| sum[i] + of[i]));
            prop_assert_eq!(sums, figures(row));
        }
        let strict = each(&visits, Mode::InOrder, |r| r.reached);
        let loose = each(&visits, Mode::AnyOrder, |r| r.reached);
        prop_assert!(strict.iter().zip(&loose).all(|(s, l)| s <= l));
    }
}
