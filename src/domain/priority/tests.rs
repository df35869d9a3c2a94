//! What the queue promises: parts add up, the short cut agrees, and a reason that was dealt with stays away.

use chrono::{Datelike, Weekday};
use proptest::prelude::*;

use super::*;
use crate::domain::health;
use crate::domain::health::tests::any_signals;
use crate::domain::stage::StageNo;

fn today() -> Day {
    Day::from_number(20_500).expect("inside the range")
}

fn ago(days: i64) -> Day {
    today().plus(-days)
}

/// Code, points and figure of the reasons that apply.
fn said(signals: &Signals) -> Vec<(&'static str, u16, i32)> {
    let config = Config::default();
    let health = Health {
        score: Some(60),
        ..Health::default()
    };
    let found = reasons(signals, health, &config, today());
    found
        .iter()
        .map(|w| {
            (
                REASONS[usize::from(w.key.reason.0)].code,
                w.points,
                w.figure,
            )
        })
        .collect()
}

fn customer() -> Signals {
    let config = Config::default();
    Signals {
        stage: config.stages.find("retention").expect("shipped"),
        reached: Some(ago(3)),
        since: Some(ago(50)),
        ..Signals::default()
    }
}

proptest! {
    #[test]
    fn parts_add_up_and_the_short_cut_agrees(signals in any_signals(), arr in 0..9_000_000_000_i64, median in 0..90_000_000_i64, hide in any::<u16>()) {
        let config = Config::default();
        let health = health::score(config.scorecards.choose(config.stages.code(signals.stage), |_| false), &signals, config.limits(), today());
        let mut all = reasons(&signals, health, &config, today());
        let done: Vec<Key> = all.iter().map(|w| w.key).filter(|k| hide >> k.reason.0 & 1 == 1).collect();
        all.retain(|w| !done.contains(&w.key));
        let full = priority(&all, arr, median);
        prop_assert_eq!(full.parts.iter().map(|p| p.2).sum::<u32>(), full.tenths);
        prop_assert_eq!(sum(&signals, health, &config, today(), &done, arr, median), full.tenths);
        prop_assert_eq!(full.tenths == 0, all.is_empty());
        for part in &full.parts {
            let exact = f64::from(part.1) * f64::from(full.factor) / 100.0;
            prop_assert!((exact - f64::from(part.2)).abs() < 1.0);
        }
    }

    #[test]
    fn keys_read_back(keys in proptest::collection::vec((0..REASONS.len() as u8, 0..65_000_i64), 0..9)) {
        let keys: Vec<Key> = keys.iter().map(|(no, d)| Key { reason: ReasonNo(*no), day: Day::from_number(*d).expect("inside") }).collect();
        prop_assert_eq!(keys_from_text(&keys_to_text(&keys)), keys);
    }
}

#[test]
fn each_reason_applies_within_its_limits() {
    let base = customer();
    assert_eq!(said(&base), []);
    let answered = Signals {
        nps: Some(3),
        nps_day: Some(ago(89)),
        ..base
    };
    assert_eq!(said(&answered), [("nps", 55, 3)]);
    assert_eq!(
        said(&Signals {
            nps_followed: true,
            ..answered
        }),
        []
    );
    assert_eq!(
        said(&Signals {
            nps_day: Some(ago(90)),
            ..answered
        }),
        []
    );
    assert_eq!(
        said(&Signals {
            nps: Some(7),
            ..answered
        }),
        []
    );
    let tickets = Signals {
        tickets: [1, 1, 9, 9],
        oldest: [Some(ago(1)), Some(ago(9)), Some(ago(50)), Some(ago(50))],
        ..base
    };
    assert_eq!(said(&tickets), [("ticket", 50, 2)]);
    assert_eq!(
        said(&Signals {
            reached: Some(ago(30)),
            ..base
        }),
        []
    );
    assert_eq!(
        said(&Signals {
            reached: Some(ago(41)),
            ..base
        }),
        [("silent", 17, 41)]
    );
    assert_eq!(
        said(&Signals {
            reached: None,
            started: Some(ago(400)),
            ..base
        }),
        [("silent", 40, 400)]
    );
    let used = Signals {
        usage: Some(-600),
        usage_day: Some(ago(6)),
        ..base
    };
    assert_eq!(said(&used), [("usage", 25, -60)]);
    assert_eq!(
        said(&Signals {
            usage: Some(-199),
            ..used
        }),
        []
    );
    let renews = |days| Signals {
        renews: Some(today().plus(days)),
        ..base
    };
    assert_eq!(said(&renews(90)), [("renewal", 20, 90)]);
    assert_eq!(said(&renews(18)), [("renewal", 44, 18)]);
    assert_eq!(said(&renews(91)), []);
    assert_eq!(
        said(&Signals {
            plan: true,
            ..renews(18)
        }),
        []
    );
    assert_eq!(
        said(&Signals {
            due: Some(today()),
            ..base
        }),
        [("task", 15, 0)]
    );
    assert_eq!(
        said(&Signals {
            due: Some(ago(-1)),
            ..base
        }),
        []
    );
    assert_eq!(
        said(&Signals {
            before: Some(75),
            ..base
        }),
        [("fell", 15, 15)]
    );
    assert_eq!(
        said(&Signals {
            before: Some(69),
            ..base
        }),
        []
    );
    assert_eq!(
        said(&Signals {
            past_due: Some(ago(9)),
            ..base
        }),
        [("past_due", 13, 9)]
    );
    let prospect = Signals {
        stage: StageNo(0),
        reached: None,
        started: Some(ago(99)),
        since: Some(ago(61)),
        ..base
    };
    assert_eq!(
        said(&prospect),
        [("stuck", 20, 61)],
        "the cadence is one of customers"
    );
}

#[test]
fn health_falls_only_of_those_who_have_been_with_us() {
    let base = customer();
    let fresh = Signals {
        before: Some(90),
        stage: StageNo(0),
        reached: None,
        started: Some(ago(40)),
        since: Some(ago(10)),
        ..base
    };
    assert_eq!(
        said(&fresh),
        [],
        "a prospect of 40 days: the older score rested on twelve of them"
    );
    assert_eq!(
        said(&Signals {
            started: Some(ago(56)),
            ..fresh
        }),
        [("fell", 30, 30)]
    );
    assert_eq!(
        said(&Signals {
            started: None,
            since: None,
            ..fresh
        }),
        [],
        "it never entered a stage"
    );
    assert_eq!(
        said(&Signals {
            before: Some(90),
            started: Some(ago(40)),
            since: Some(ago(10)),
            ..base
        }),
        [("fell", 30, 30)]
    );
}

#[test]
fn of_a_lost_customer_only_tasks_matter() {
    let config = Config::default();
    let stage = config.stages.find("churned").expect("shipped");
    let old = Some(ago(80));
    let signals = Signals {
        stage,
        nps: Some(0),
        nps_day: old,
        tickets: [3; 4],
        oldest: [old; 4],
        reached: old,
        due: old,
        ..customer()
    };
    let signals = Signals {
        before: Some(99),
        past_due: old,
        renews: Some(today().plus(3)),
        usage: Some(-900),
        usage_day: Some(ago(1)),
        ..signals
    };
    assert_eq!(said(&signals), [("task", 35, 80)]);
}

#[test]
fn a_fall_is_one_occurrence_a_week() {
    let (config, health) = (
        Config::default(),
        Health {
            score: Some(10),
            ..Health::default()
        },
    );
    let key = |d: i64| {
        let signals = Signals {
            before: Some(60),
            asof: Some(today().plus(d)),
            ..customer()
        };
        reasons(&signals, health, &config, today().plus(d))
            .last()
            .expect("it fell")
            .key
    };
    let monday = key(0).day;
    assert_eq!(monday.date().weekday(), Weekday::Mon);
    assert!((0..7).contains(&today().since(monday)));
    assert_ne!(key(0), key(7));
}

#[test]
fn money_weighs_by_the_logarithm() {
    assert_eq!([factor(0, 100), factor(100, 0), factor(-5, 100)], [1000; 3]);
    assert_eq!(factor(100, 100), 2000);
    assert_eq!(factor(300, 100), 3000);
    assert_eq!(factor(700, 100), 4000);
    assert_eq!(factor(i64::MAX, 1), 4000);
    assert_eq!(factor(50, 100), 1585);
}

#[test]
fn unknown_keys_are_dropped() {
    assert_eq!(
        keys_from_text("moon@2026-11-21 nps@2026-13-40 nps task@2026-11-21").len(),
        1
    );
    assert_eq!(
        keys_to_text(&keys_from_text("task@2026-11-21")),
        "task@2026-11-21"
    );
}
