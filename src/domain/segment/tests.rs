use std::sync::Arc;

use super::*;
use crate::domain::config::Config;
use crate::domain::roster::Entry;
use crate::domain::signal::Signals;
use crate::domain::time::Day;

fn day(n: i64) -> Day {
    Day::from_number(20_000 + n).expect("inside the range")
}

fn roster(orders: &[Orders], cohorts: &[u8]) -> Roster {
    let mut roster = crate::columns::roster(Arc::new(Config::default()), day(0), "ana");
    for at in 0..orders.len() {
        let signals = Signals {
            cohort: cohorts.get(at).copied().unwrap_or(1),
            ..Signals::default()
        };
        roster.put(Entry {
            rowid: at as i64 + 1,
            name: &format!("c{at}"),
            signals,
            ..Entry::default()
        });
    }
    let returned: Vec<bool> = cohorts.iter().map(|cohort| *cohort > 1).collect();
    roster.put_orders(orders.to_vec(), &returned);
    roster
}

#[test]
fn the_ready_made_segments_are_what_their_words_say() {
    let bought = |ever: u32, returned: bool| Orders {
        ever,
        count: ever,
        paid: 100,
        last: Some(day(-3)),
        returned,
        ..Orders::default()
    };
    let roster = roster(
        &[
            bought(1, false),
            Orders::default(),
            bought(3, true),
            bought(2, false),
        ],
        &[1, 1, 1, 2],
    );
    let purchases = roster.purchases.as_ref().expect("they were put");
    let sets: Vec<&str> = (0..4)
        .map(|at| roster.tagsets.get(purchases.set(at)))
        .collect();
    assert_eq!(
        sets,
        ["first_time", "registered", "reactivated", "reactivated"],
        "few customers have no scores"
    );
    assert_eq!(counts(purchases.members.iter()), [1, 1, 2, 0, 0, 0, 0]);
}

#[test]
fn with_enough_customers_the_best_are_vip_and_the_lapsed_at_risk() {
    let orders: Vec<Orders> = (0..40)
        .map(|i: i64| {
            let lapsed = i % 10 == 9;
            let last = if lapsed { -300 } else { -(40 - i) };
            Orders {
                ever: 1 + i as u32,
                count: 1 + i as u32,
                paid: 1000 * (1 + i) * (1 + i),
                last: Some(day(last)),
                ..Orders::default()
            }
        })
        .collect();
    let roster = roster(&orders, &[]);
    let purchases = roster.purchases.as_ref().expect("they were put");
    let best = roster.tagsets.get(purchases.set(38));
    assert!(
        best.contains("vip") && best.contains("frequent") && best.contains("high_value"),
        "{best}"
    );
    assert!(
        roster.tagsets.get(purchases.set(39)).contains("at_risk"),
        "{}",
        roster.tagsets.get(purchases.set(39))
    );
}
