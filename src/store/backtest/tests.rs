//! A score must not foresee: what was recorded after a cut changes nothing of it.

use crate::domain::command::Command;
use crate::domain::health::backtest::{Backtest, Verdict};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::domain::revenue::Terms;
use crate::domain::stage::Reason;
use crate::domain::time::{Day, Stamp};
use crate::domain::touchpoint::TouchDraft;
use crate::store::tests::{NOW, add, options};
use crate::store::{Options, Store};

const DAY: i64 = 86_400_000;

fn later(days: i64) -> Stamp {
    Stamp(NOW.0 + days * DAY)
}

fn at(day: i64) -> Options {
    Options {
        now: later(day),
        ..options("ana")
    }
}

fn tested(store: &mut Store) -> Backtest {
    match store.answer(&Query::Backtest { months: 3 }).unwrap() {
        Page::Backtest(test) => *test,
        other => panic!("no backtest but {other:?}"),
    }
}

/// A book of which half was lost 50 days after the start; those were not spoken with.
fn lived(path: &std::path::Path) -> Vec<Id> {
    let mut store = Store::open(path, &at(0)).unwrap();
    let all: Vec<Id> = (0..40)
        .map(|n| add(&mut store, &format!("C{n}"), 10_000))
        .collect();
    let touch = |store: &mut Store, customers: &[Id], day: i64| {
        let touch = TouchDraft {
            channel: "phone".into(),
            ..TouchDraft::default()
        };
        store
            .write(
                &Command::LogTouch {
                    customers: customers.to_vec(),
                    touch,
                },
                later(day),
            )
            .unwrap();
    };
    touch(&mut store, &all, 0);
    for day in [11, 40] {
        touch(&mut store, &all[..20], day);
    }
    let reason = Some(Reason {
        code: "price".into(),
        ..Reason::default()
    });
    let lost = Command::Move {
        customers: all[20..].to_vec(),
        to: crate::domain::command::Target::Stage("churned".into()),
        reason,
    };
    store.write(&lost, later(50)).unwrap();
    touch(&mut store, &all[..20], 70);
    store.close();
    all
}

#[test]
fn who_was_lost_had_the_lower_score_and_who_was_lost_already_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    lived(&path);
    // The book starts on 18 November 2026: month ends with 90 days behind them are November's to January's.
    let mut store = Store::open(&path, &at(180)).unwrap();
    let test = tested(&mut store);
    let days: Vec<String> = test.days.iter().map(Day::to_string).collect();
    assert_eq!(days, ["2026-11-30", "2026-12-31", "2027-01-31"]);
    assert_eq!((test.verdict, test.lost), (Verdict::Tells, 40), "{test:?}");
    assert!(test.auc.unwrap().value > 0.6, "{test:?}");
    let rows: (usize, usize) = test
        .bands
        .iter()
        .fold((0, 0), |sum, r| (sum.0 + r.n, sum.1 + r.lost));
    assert_eq!(rows, (test.n + test.unscored, test.lost), "{test:?}");
}

#[test]
fn what_is_recorded_after_a_cut_changes_nothing_of_its_scores() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let all = lived(&path);
    let before = {
        let mut store = Store::open(&path, &at(180)).unwrap();
        let test = tested(&mut store);
        assert_eq!(tested(&mut store), test, "the same question again");
        // Told late: touchpoints, answers and notes of days before the cuts.
        for (n, id) in all.iter().enumerate() {
            let touch = TouchDraft {
                channel: "email".into(),
                at: Some(later(12)),
                ..TouchDraft::default()
            };
            store
                .write(
                    &Command::LogTouch {
                        customers: vec![*id],
                        touch,
                    },
                    later(180),
                )
                .unwrap();
            let score = (n % 11) as u8;
            store
                .write(
                    &Command::Nps {
                        customer: *id,
                        contact: None,
                        score,
                        text: String::new(),
                        at: Some(later(9)),
                    },
                    later(180),
                )
                .unwrap();
        }
        assert_eq!(tested(&mut store), test);
        store.close();
        test
    };
    let mut store = Store::open(&path, &at(180)).unwrap();
    assert_eq!(tested(&mut store), before);
}

#[test]
fn a_young_book_is_told_how_much_is_missing() {
    let mut store = Store::memory(&options("ana")).unwrap();
    add(&mut store, "Acme", 10_000);
    let test = tested(&mut store);
    assert_eq!(
        (test.verdict, test.missing_lost, test.missing_kept),
        (Verdict::TooFew, 10, 10)
    );
}

#[test]
fn what_an_agreement_was_called_counts_as_it_was_then() {
    use super::{Part, part_back};
    use crate::domain::signal::VersionFact;
    use crate::store::signal::subscription_number;
    let number = |name: &str| subscription_number(name.as_bytes());
    let fact = VersionFact {
        subscription: number("s9"),
        start: Day::MIN,
        end: None,
        terms: Terms {
            amount: 1,
            ..Terms::default()
        },
        paid: true,
    };
    let mut part = Part::Version(fact);
    part_back(
        &mut part,
        "subscription",
        &rusqlite::types::Value::Text("s1".into()),
        crate::domain::time::Zone(chrono_tz::UTC),
    );
    let Part::Version(fact) = part else {
        panic!("another part")
    };
    assert_eq!(fact.subscription, number("s1"));
}
