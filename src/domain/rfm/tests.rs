//! Scores, segments and high value on orders made up here.

use proptest::prelude::*;

use super::*;

fn day(n: i64) -> Day {
    Day::from_number(20_000 + n).expect("inside the range")
}

fn customer(last: i64, count: u32, paid: i64) -> Orders {
    Orders {
        ever: count,
        last: Some(day(last)),
        count,
        paid,
        ..Orders::default()
    }
}

#[test]
fn the_look_back_ends_today_and_begins_after_its_days() {
    let orders = [
        (day(-400), 100, 0),
        (day(-364), 200, 5),
        (day(0), 300, 0),
        (day(1), 400, 0),
    ];
    let seen = Orders::of(orders, day(0), 365);
    assert_eq!(
        seen,
        Orders {
            ever: 3,
            last: Some(day(0)),
            count: 2,
            paid: 500,
            discounted: 1,
            returned: false
        }
    );
    assert!(Orders::of([(day(-500), 1, 0), (day(-10), 1, 0)], day(0), 365).returned);
    assert!(!Orders::of([(day(-300), 1, 0), (day(-10), 1, 0)], day(0), 365).returned);
    assert_eq!(Orders::of([(day(-800), 1, 0)], day(0), 365).count, 0);
}

#[test]
fn few_customers_have_no_scores() {
    let mut few: Vec<Orders> = (0..24).map(|i| customer(i, 1, 100)).collect();
    few.push(Orders::default());
    assert!(scores(&few).iter().all(Option::is_none));
    few.push(customer(3, 1, 1));
    let scored = scores(&few);
    assert_eq!(scored.iter().filter(|s| s.is_some()).count(), 25);
    assert_eq!(
        scored[24], None,
        "nobody without an order in the look-back has a score"
    );
}

#[test]
fn ties_share_the_score_of_the_strictly_worse() {
    let all: Vec<Orders> = (0..50)
        .map(|i| customer(0, if i < 40 { 1 } else { 2 }, i))
        .collect();
    let scored: Vec<Scores> = scores(&all).into_iter().flatten().collect();
    assert!(scored[..40].iter().all(|s| s.f == 1 && s.r == 1));
    assert!(scored[40..].iter().all(|s| s.f == 5));
    assert_eq!(
        (scored[0].m, scored[9].m, scored[10].m, scored[49].m),
        (1, 1, 2, 5)
    );
}

#[test]
fn the_segments_are_what_the_scores_say() {
    let s = |r, f, m| Scores { r, f, m };
    assert!(s(4, 4, 4).is_vip() && !s(5, 5, 3).is_vip());
    assert!(s(2, 3, 1).is_at_risk() && !s(3, 5, 5).is_at_risk() && !s(1, 2, 5).is_at_risk());
}

#[test]
fn high_value_needs_all_three() {
    let all = [
        customer(0, 2, 200),
        customer(0, 2, 400),
        customer(0, 1, 900),
        Orders {
            discounted: 1,
            ..customer(0, 3, 3000)
        },
    ];
    let median = median_mean(&all).expect("there are orders");
    assert_eq!(median.minor(), 550.0);
    let values: Vec<Value> = all.iter().filter_map(|o| value(o, median)).collect();
    assert_eq!(
        values.iter().map(|v| v.is_high()).collect::<Vec<_>>(),
        [false; 4]
    );
    assert_eq!(
        values[3],
        Value {
            full_price: false,
            several: true,
            above_median: true
        }
    );
    assert_eq!(
        values[2],
        Value {
            full_price: true,
            several: false,
            above_median: true
        }
    );
    let even = [customer(0, 2, 200), customer(0, 2, 200)];
    assert!(
        !value(&even[0], median_mean(&even).expect("orders")).is_some_and(|v| v.above_median),
        "the median itself is not above it"
    );
    assert_eq!(value(&Orders::default(), median), None);
}

proptest! {
    #[test]
    fn scores_follow_the_customer_not_its_place(figures in prop::collection::vec((0_i64..300, 1_u32..9, 1_i64..9999), 25..120), turn in 0_usize..120) {
        let all: Vec<Orders> = figures.iter().map(|(d, n, m)| customer(-d, *n, *m)).collect();
        let mut turned = all.clone();
        turned.rotate_left(turn % all.len());
        let mut there = scores(&turned);
        there.rotate_right(turn % all.len());
        prop_assert_eq!(&scores(&all), &there);
        for (a, b) in all.iter().zip(&there).flat_map(|a| all.iter().zip(&there).map(move |b| (a, b))) {
            let (Some(x), Some(y)) = (a.1, b.1) else { continue };
            prop_assert!((1..=5).contains(&x.m));
            prop_assert!(a.0.paid != b.0.paid || x.m == y.m);
            prop_assert!(a.0.count <= b.0.count || x.f >= y.f);
            prop_assert!(a.0.last <= b.0.last || x.r >= y.r);
        }
    }

    #[test]
    fn without_ties_each_fifth_has_as_many(n in 25_usize..160, turn in 0_usize..160) {
        let mut all: Vec<Orders> = (0..n as i64).map(|i| customer(-i, 1 + i as u32, 100 + i)).collect();
        all.rotate_left(turn % n);
        let scored: Vec<Scores> = scores(&all).into_iter().flatten().collect();
        prop_assert_eq!(scored.len(), n);
        for figure in [|s: &Scores| s.r, |s: &Scores| s.f, |s: &Scores| s.m] {
            let of = |score: u8| scored.iter().filter(|s| figure(s) == score).count();
            prop_assert!((1..=5).all(|score| [n / 5, n.div_ceil(5)].contains(&of(score))), "{n}: {:?}", [1, 2, 3, 4, 5].map(of));
        }
    }
}
