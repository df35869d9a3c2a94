//! The curve on times small enough to work out by hand, and against the shares that need no estimator.

use proptest::prelude::*;

use super::*;

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} is not {b}");
}

#[test]
fn an_open_time_counts_until_it_is_no_longer_seen() {
    // 6 of 7 last longer than 3; at 5 two of four that are left end; at 9 one of two.
    let mut times = [(3, true), (4, false), (4, false), (5, true), (5, true), (9, true), (9, false)];
    let curve = Curve::of(&mut times);
    let shape: Vec<_> = curve.steps.iter().map(|s| (s.time, s.at_risk, s.events)).collect();
    assert_eq!(shape, [(3, 7, 1), (5, 4, 2), (9, 2, 1)]);
    close(curve.at(2), 1.0);
    close(curve.at(3), 6.0 / 7.0);
    close(curve.at(8), 3.0 / 7.0);
    close(curve.at(100), 1.5 / 7.0);
    assert_eq!((curve.quantile(0.5), curve.quantile(0.9), curve.n, curve.events, curve.longest), (Some(5.0), None, 7, 4, 9));
    close(curve.mean_until(6), 3.0 + 2.0 * 6.0 / 7.0 + 3.0 / 7.0);
    close(curve.mean_until(0), 0.0);
}

#[test]
fn a_run_on_the_level_has_its_middle() {
    let curve = Curve::of(&mut [(10, true), (20, true), (30, true), (50, true)]);
    assert_eq!(curve.quantile(0.5), Some(20.0));
    assert_eq!(curve.quantile_with_interval(0.5).days, Some(25.0));
    assert_eq!(curve.quantile_with_interval(1.0).days, Some(50.0));
    assert_eq!(Curve::of(&mut []).quantile_with_interval(0.5), Quantile::default());
}

#[test]
fn ways_to_end_share_what_has_ended() {
    let mut times = [(1, Some(0)), (2, Some(1)), (2, None), (4, Some(0)), (6, None)];
    close(incidence(&mut times, 2, 3)[0], 0.2);
    close(incidence(&mut times, 2, 3)[1], 0.2);
    close(incidence(&mut times, 2, 4)[0], 0.2 + 0.6 / 2.0);
}

proptest! {
    #[test]
    fn without_open_times_it_is_the_share_that_lasts_longer(days in prop::collection::vec(0_i64..60, 1..80), at in 0_i64..70) {
        let curve = Curve::of(&mut days.iter().map(|d| (*d, true)).collect::<Vec<_>>());
        let longer = days.iter().filter(|d| **d > at).count() as f64 / days.len() as f64;
        prop_assert!((curve.at(at) - longer).abs() < 1e-9, "{} is not {longer}", curve.at(at));
        let mean = days.iter().sum::<i64>() as f64 / days.len() as f64;
        prop_assert!((curve.mean_until(60) - mean).abs() < 1e-9);
    }

    #[test]
    fn it_falls_within_its_interval_and_the_ways_add_up(times in prop::collection::vec((0_i64..60, prop::option::of(0_u8..3)), 1..80), at in 0_i64..60) {
        let curve = Curve::of(&mut times.iter().map(|(d, way)| (*d, way.is_some())).collect::<Vec<_>>());
        prop_assert!(curve.steps.windows(2).all(|w| w[0].survival >= w[1].survival && w[0].time < w[1].time));
        for step in &curve.steps {
            if let Some((low, high)) = step.interval {
                prop_assert!(0.0 <= low && low <= step.survival + 1e-12 && step.survival <= high + 1e-12 && high <= 1.0);
            }
        }
        let ended: f64 = incidence(&mut times.clone(), 3, at).iter().sum();
        prop_assert!((ended - (1.0 - curve.at(at))).abs() < 1e-9);
    }
}
