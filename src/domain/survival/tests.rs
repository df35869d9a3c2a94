//! The curve on times small enough to work out by hand, and against the shares that need no estimator.

use proptest::prelude::*;

use super::*;

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} is not {b}");
}

#[test]
fn an_open_time_counts_until_it_is_no_longer_seen() {
    // 6 of 7 last longer than 3; at 5 two of four that are left end; at 9 one of two.
    let mut times = [
        (3, true),
        (4, false),
        (4, false),
        (5, true),
        (5, true),
        (9, true),
        (9, false),
    ];
    let curve = Curve::of(&mut times);
    let shape: Vec<_> = curve
        .steps
        .iter()
        .map(|s| (s.time, s.at_risk, s.events, s.censored))
        .collect();
    assert_eq!(
        shape,
        [(3, 7, 1, 0), (4, 6, 0, 2), (5, 4, 2, 0), (9, 2, 1, 1)]
    );
    close(curve.at(2), 1.0);
    close(curve.at(3), 6.0 / 7.0);
    close(curve.at(8), 3.0 / 7.0);
    close(curve.at(100), 1.5 / 7.0);
    assert_eq!(
        (
            curve.quantile(0.5),
            curve.quantile(0.9),
            curve.n,
            curve.events,
            curve.longest
        ),
        (Some(5.0), None, 7, 4, 9)
    );
    close(curve.mean_until(6), 3.0 + 2.0 * 6.0 / 7.0 + 3.0 / 7.0);
    close(curve.mean_until(0), 0.0);
}

#[test]
fn a_run_on_the_level_has_its_middle() {
    let curve = Curve::of(&mut [(10, true), (20, true), (30, true), (50, true)]);
    assert_eq!(curve.quantile(0.5), Some(20.0));
    assert_eq!(curve.quantile_with_interval(0.5).days, Some(25.0));
    assert_eq!(curve.quantile_with_interval(1.0).days, Some(50.0));
    assert_eq!(
        Curve::of(&mut []).quantile_with_interval(0.5),
        Quantile::default()
    );
}

#[test]
fn ways_to_end_share_what_has_ended() {
    let mut times = [
        (1, Some(0)),
        (2, Some(1)),
        (2, None),
        (4, Some(0)),
        (6, None),
    ];
    close(incidence(&mut times, 2, 3)[0], 0.2);
    close(incidence(&mut times, 2, 3)[1], 0.2);
    close(incidence(&mut times, 2, 4)[0], 0.2 + 0.6 / 2.0);
}

#[test]
fn two_groups_by_hand() {
    // At 1 two of four are of the first group and one of them ends: 1/2 expected, variance 1/4. At 2 one of three: 1/3 and 2/9.
    // At 3 none of two: nothing expected.
    let rank =
        log_rank(&[vec![(1, true), (2, true)], vec![(3, true), (4, false)]]).expect("two groups");
    close(
        rank.chi2,
        (2.0 - 5.0_f64 / 6.0).powi(2) / (1.0 / 4.0 + 2.0 / 9.0),
    );
    assert_eq!(rank.df, 1);
    close(rank.p, libm::erfc((rank.chi2 / 2.0).sqrt()));
}

#[test]
fn a_test_needs_two_groups_that_something_could_have_ended_in() {
    let two = vec![(5, true), (6, false)];
    assert_eq!(log_rank(&[]), None);
    assert_eq!(log_rank(std::slice::from_ref(&two)), None);
    assert_eq!(log_rank(&[two.clone(), Vec::new()]), None);
    assert_eq!(
        log_rank(&[two.clone(), vec![(1, false)]]),
        None,
        "nobody of the second was there when anything ended"
    );
    assert_eq!(
        log_rank(&[vec![(5, true)], vec![(5, true)]]),
        None,
        "all ended together"
    );
    assert_eq!(
        log_rank(&[vec![(9, false)], vec![(5, false)]]),
        None,
        "nothing ended"
    );
    let with_an_empty_one =
        log_rank(&[two.clone(), Vec::new(), vec![(2, true), (9, true)]]).expect("two groups");
    assert_eq!(
        with_an_empty_one,
        log_rank(&[two, vec![(2, true), (9, true)]]).expect("two groups")
    );
}

#[test]
fn the_tail_of_chi_squared_is_that_of_the_tables() {
    // Points of 5 % and 1 % as every table of the distribution has them, by degrees of freedom.
    for (df, five, one) in [
        (1, 3.841_459, 6.634_897),
        (2, 5.991_465, 9.210_340),
        (3, 7.814_728, 11.344_867),
        (10, 18.307_038, 23.209_251),
    ] {
        assert!(
            (above(five, df) - 0.05).abs() < 1e-7 && (above(one, df) - 0.01).abs() < 1e-7,
            "{df}"
        );
        close(above(0.0, df), 1.0);
        assert!(above(1e6, df) < 1e-300);
    }
}

proptest! {
    #[test]
    fn the_order_of_the_groups_says_nothing(groups in prop::collection::vec(prop::collection::vec((0_i64..30, any::<bool>()), 0..20), 2..6)) {
        let mut turned = groups.clone();
        turned.rotate_left(1);
        match (log_rank(&groups), log_rank(&turned)) {
            (Some(a), Some(b)) => {
                prop_assert_eq!(a.df, b.df);
                prop_assert!((a.chi2 - b.chi2).abs() < 1e-6 * (1.0 + a.chi2) && (a.p - b.p).abs() < 1e-6);
                prop_assert!(a.chi2 > -1e-9 && (0.0..=1.0).contains(&a.p));
            }
            (a, b) => prop_assert_eq!(a, b),
        }
        let doubled: Vec<_> = groups.iter().take(1).chain(groups.iter().take(1)).cloned().collect();
        prop_assert!(log_rank(&doubled).is_none_or(|r| r.chi2.abs() < 1e-9 && r.p > 0.999));
    }

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
