//! The score and its ends, by hand and by rule.

use proptest::prelude::*;

use super::*;

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} is not {b}");
}

#[test]
fn the_interval_is_adjusted_and_the_score_is_not() {
    let nps = of_counts(87, 57, 33).expect("there are answers");
    assert_eq!(nps.n, 177);
    close(nps.score, 30.508_474_576_271_187);
    close(nps.low, 18.826_486_153_740_216);
    close(nps.high, 41.173_513_846_259_78);
}

#[test]
fn the_ends_stay_within_the_scale() {
    let all = nps(&[10; 12]).expect("there are answers");
    assert!(all.score == 100.0 && all.high == 100.0 && all.low < 100.0);
    let none = nps(&[0; 12]).expect("there are answers");
    assert!(none.score == -100.0 && none.low == -100.0 && none.high > -100.0);
}

#[test]
fn few_answers_are_listed() {
    assert_eq!(verdict(&[]), Verdict::None);
    assert_eq!(verdict(&[11, 200]), Verdict::None);
    assert_eq!(verdict(&[9, 3, 77, 10]), Verdict::Answers(vec![3, 9, 10]));
    assert!(matches!(verdict(&[9; 9]), Verdict::Answers(_)));
    assert!(matches!(verdict(&[9; 10]), Verdict::Score(nps) if nps.n == 10 && nps.promoters == 10));
}

#[test]
fn borders_are_where_the_convention_has_them() {
    let nps = nps(&[0, 6, 7, 8, 9, 10]).expect("there are answers");
    assert_eq!(
        (nps.detractors, nps.passives, nps.promoters, nps.score),
        (2, 2, 2, 0.0)
    );
}

#[test]
fn an_account_counts_once() {
    let (many, one): ([u8; 40], [u8; 1]) = ([10; 40], [0]);
    assert_eq!(account_mean([&many[..], &one[..], &[]]), Some((0.0, 2)));
    assert_eq!(account_mean([&[][..]]), None);
}

#[test]
fn a_change_is_said_only_where_its_interval_leaves_out_0() {
    let (before, same, much) = (
        of_counts(40, 30, 30),
        of_counts(44, 30, 26),
        of_counts(80, 15, 5),
    );
    let [before, same, much] = [before, same, much].map(|n| n.expect("there are answers"));
    let small = change(before, same);
    assert!(
        !small.visible && small.difference == 8.0 && small.low < 0.0 && small.high > 0.0,
        "{small:?}"
    );
    let large = change(before, much);
    assert!(
        large.visible && large.z > 1.96 && large.low > 0.0,
        "{large:?}"
    );
    let back = change(much, before);
    assert!(
        back.visible && (back.z + large.z).abs() < 1e-12 && back.difference == -large.difference
    );
    let all = of_counts(12, 0, 0).expect("there are answers");
    assert!(change(all, all).z == 0.0 && !change(all, all).visible);
}

proptest! {
    #[test]
    fn the_score_keeps_its_bounds_and_mirrors(p in 0_usize..500, m in 0_usize..500, d in 0_usize..500) {
        prop_assume!(p + m + d > 0);
        let nps = of_counts(p, m, d).expect("there are answers");
        prop_assert!((-100.0..=100.0).contains(&nps.score));
        prop_assert!(-100.0 <= nps.low && nps.low < nps.high && nps.high <= 100.0);
        prop_assert!(nps.low <= nps.score && nps.score <= nps.high, "{nps:?} holds its score");
        // The same answers twice say the same with more certainty.
        let twice = of_counts(2 * p, 2 * m, 2 * d).expect("there are answers");
        prop_assert!((twice.score - nps.score).abs() < 1e-9 && twice.high - twice.low <= nps.high - nps.low);
        let mirrored = of_counts(d, m, p).expect("there are answers");
        prop_assert!((mirrored.score + nps.score).abs() < 1e-9 && (mirrored.low + nps.high).abs() < 1e-9);
        prop_assert!(nps.adjusted().hi >= nps.adjusted().center && nps.wald().se >= 0.0);
        // Passives move the score towards 0 and never past it.
        let more = of_counts(p, m + 1, d).expect("there are answers");
        prop_assert!(more.score.abs() <= nps.score.abs() && more.score * nps.score >= 0.0);
    }

    #[test]
    fn the_order_of_the_answers_says_nothing(mut answers in prop::collection::vec(0_u8..=12, 0..60)) {
        let before = verdict(&answers);
        answers.reverse();
        prop_assert_eq!(verdict(&answers), before);
    }

    #[test]
    fn the_mean_of_accounts_lies_between_them_and_counts_each_once(accounts in prop::collection::vec(prop::collection::vec(0_u8..=10, 0..9), 0..12)) {
        let scores: Vec<f64> = accounts.iter().filter_map(|a| nps(a)).map(|n| n.score).collect();
        let mean = account_mean(accounts.iter().map(Vec::as_slice));
        prop_assert_eq!(mean.map_or(0, |m| m.1), scores.len());
        if let Some((mean, _)) = mean {
            let (least, most) = (scores.iter().copied().fold(100.0, f64::min), scores.iter().copied().fold(-100.0, f64::max));
            prop_assert!(least - 1e-9 <= mean && mean <= most + 1e-9);
            let more: Vec<Vec<u8>> = accounts.iter().map(|a| a.repeat(3)).collect();
            let again = account_mean(more.iter().map(Vec::as_slice)).expect("the same accounts").0;
            prop_assert!((again - mean).abs() < 1e-9, "seats do not outvote: {again} {mean}");
        }
    }
}
