//! What the fold promises: the past looks as it did, the short cut agrees, and nothing changes before `stale`.

use crate::domain::revenue::Terms;
use proptest::prelude::*;

use super::*;
use crate::domain::config::Config;

fn day(text: &str) -> Day {
    text.parse().expect("a date")
}

fn number(n: i64) -> Day {
    Day::from_number(n).expect("inside the range")
}

const START: i64 = 20_000;

fn fact(kind: EventKind, at: i64) -> Fact {
    let day = number(at / 4);
    Fact {
        kind,
        day,
        at,
        number: None,
        to: StageNo(0),
        seats: None,
        active: None,
        due: None,
        paid: None,
        alert: false,
        channel: 0,
        roles: 0,
    }
}

/// Four moments a day over a span of days, so that facts of one day are common.
fn a_fact() -> impl Strategy<Value = Fact> {
    let kinds = proptest::sample::select(EventKind::ALL);
    let paid = proptest::option::of(0..60_i64);
    (
        kinds,
        START * 4..(START + 120) * 4,
        -1..12_i64,
        0..6_u8,
        0..40_u32,
        -20..40_i64,
        paid,
    )
        .prop_map(|(kind, at, number, to, seats, due, paid)| {
            let fact = fact(kind, at);
            let (due, paid) = (Some(fact.day.plus(due)), paid.map(|p| fact.day.plus(p)));
            Fact {
                number: Some(number),
                to: StageNo(to),
                seats: Some(seats),
                active: Some((seats % 9) as u8),
                due,
                paid,
                alert: seats % 2 == 0,
                channel: (seats % 40) as u8,
                roles: (seats * 7 % 64) as u8,
                ..fact
            }
        })
}

fn until(from: i64, span: Option<i64>) -> Option<Day> {
    span.map(|s| number(from + s))
}

fn some_facts() -> impl Strategy<Value = Facts> {
    let span = || (START - 400..START + 130, proptest::option::of(0..300_i64));
    let ticket = (span(), 1..5_u8).prop_map(|((from, span), severity)| TicketFact {
        severity,
        opened: number(from),
        closed: until(from, span),
    });
    let task = (span(), proptest::option::of(-5..40_i64), any::<bool>()).prop_map(
        |((from, span), due, plan)| TaskFact {
            made: number(from),
            due: until(from, due),
            done: until(from, span),
            plan,
            mention: plan,
        },
    );
    let action = (span(), proptest::option::of(-5..40_i64), 0..5_u8).prop_map(
        |((from, span), due, risk)| ActionFact {
            opened: number(from),
            due: until(from, due),
            closed: until(from, span),
            risk,
        },
    );
    let version = (span(), 0..3_i64, 0..9_u32, any::<bool>()).prop_map(
        |((from, span), subscription, quantity, paid)| VersionFact {
            subscription,
            start: number(from),
            end: until(from, span),
            terms: Terms {
                amount: 700,
                quantity,
                ..Terms::default()
            },
            paid,
        },
    );
    let few = |n| 0..n;
    let events = proptest::collection::vec(a_fact(), few(60));
    let (tickets, tasks) = (
        proptest::collection::vec(ticket, few(6)),
        proptest::collection::vec(task, few(6)),
    );
    let (actions, versions) = (
        proptest::collection::vec(action, few(6)),
        proptest::collection::vec(version, few(6)),
    );
    (events, tickets, tasks, actions, versions).prop_map(
        |(mut events, tickets, tasks, actions, versions)| {
            events.sort_by_key(|e| e.at);
            Facts {
                events,
                tickets,
                tasks,
                actions,
                versions,
                tags: String::new(),
            }
        },
    )
}

/// The facts as a book of that day would have had them. Agreements are known ahead.
fn truncated(facts: &Facts, day: Day) -> Facts {
    let open = |d: Option<Day>| d.filter(|d| *d <= day);
    let mut past = facts.clone();
    past.events.retain(|e| e.day <= day);
    past.events.iter_mut().for_each(|e| e.paid = open(e.paid));
    past.tickets.retain(|t| t.opened <= day);
    past.tickets
        .iter_mut()
        .for_each(|t| t.closed = open(t.closed));
    past.tasks.retain(|t| t.made <= day);
    past.tasks.iter_mut().for_each(|t| t.done = open(t.done));
    past
}

fn undated(signals: Signals) -> Signals {
    Signals {
        asof: None,
        stale: None,
        ..signals
    }
}

proptest! {
    #[test]
    fn the_past_is_what_was_known_then(facts in some_facts(), at in 0..130_i64) {
        let (config, day) = (Config::default(), number(START + at));
        let then = fold(&truncated(&facts, day), &config, day);
        prop_assert_eq!(Signals { stale: None, ..fold(&facts, &config, day) }, Signals { stale: None, ..then });
    }

    #[test]
    fn nothing_of_a_customer_stays_for_the_next(mut facts in some_facts(), tags in "[a-z ]{0,9}") {
        facts.tags = tags;
        facts.clear();
        prop_assert_eq!(facts, Facts::default());
    }

    #[test]
    fn nothing_changes_before_stale(facts in some_facts(), at in 0..130_i64) {
        let (config, day) = (Config::default(), number(START + at));
        let signals = fold(&facts, &config, day);
        let stale = signals.stale.expect("the fold says when it goes stale");
        prop_assert!(stale > day && stale.since(day) <= 7);
        for later in 1..stale.since(day) {
            prop_assert_eq!(undated(signals), undated(fold(&facts, &config, day.plus(later))));
        }
    }

    #[test]
    fn the_short_cut_agrees_with_the_fold(facts in some_facts(), last in a_fact(), later in 0..3_i64) {
        let config = Config::default();
        let at = facts.events.last().map_or(last.at, |e| e.at + 1 + later * 2);
        let last = Fact { at, day: number(at / 4), ..last };
        let asof = last.day.plus(later);
        let mut absorbed = fold(&facts, &config, asof);
        let before = absorbed;
        if absorb(&mut absorbed, &last, &config) {
            let mut all = facts.clone();
            all.events.push(last);
            prop_assert_eq!(absorbed, fold(&all, &config, asof));
        } else {
            prop_assert_eq!(absorbed, before);
        }
    }
}

#[test]
fn the_short_cut_is_taken_for_an_ordinary_day() {
    let config = Config::default();
    let facts = Facts {
        events: vec![Fact {
            number: Some(3),
            ..fact(EventKind::Nps, START * 4)
        }],
        ..Facts::default()
    };
    let mut signals = fold(&facts, &config, number(START + 5));
    for (kind, figure) in [
        (EventKind::Note, None),
        (EventKind::Touch, Some(20)),
        (EventKind::Pulse, Some(4)),
        (EventKind::Order, Some(100)),
    ] {
        assert!(absorb(
            &mut signals,
            &Fact {
                number: figure,
                ..fact(kind, START * 4 + 5)
            },
            &config
        ));
    }
    assert!(signals.nps_followed);
    assert_eq!(
        (signals.touch, signals.pulse),
        (Some(number(START + 1)), Some(4))
    );
    assert!(!absorb(
        &mut signals,
        &fact(EventKind::Stage, START * 4 + 9),
        &config
    ));
    assert!(
        !absorb(
            &mut signals,
            &fact(EventKind::Touch, START * 4 + 60),
            &config
        ),
        "later than the signals' day"
    );
}

fn moves(steps: &[(i64, u8)]) -> Signals {
    let events = steps
        .iter()
        .map(|(d, to)| Fact {
            to: StageNo(*to),
            ..fact(EventKind::Stage, (START + d) * 4)
        })
        .collect();
    fold(
        &Facts {
            events,
            ..Facts::default()
        },
        &Config::default(),
        number(START + 100),
    )
}

#[test]
fn visits_and_cohorts_are_counted() {
    let config = Config::default();
    let lost = config.stages.find("churned").expect("shipped").0;
    let back = moves(&[(0, 2), (10, 3), (10, 3), (20, 2), (30, 3)]);
    assert_eq!((back.stage, back.visit, back.cohort), (StageNo(3), 2, 1));
    assert_eq!(
        (back.since, back.started),
        (Some(number(START + 30)), Some(number(START)))
    );
    let returned = moves(&[(0, 3), (10, lost), (20, 3)]);
    assert_eq!(
        (returned.visit, returned.cohort, returned.started),
        (2, 2, Some(number(START + 20)))
    );
    let none = moves(&[]);
    assert_eq!((none.visit, none.cohort, none.since), (0, 1, None));
}

#[test]
fn usage_compares_four_weeks_with_up_to_twelve() {
    let trend = |actions: &[i64]| {
        let events = actions
            .iter()
            .zip(0..)
            .map(|(n, w)| Fact {
                number: Some(*n),
                ..fact(EventKind::Usage, (START + w * 7) * 4)
            })
            .collect();
        fold(
            &Facts {
                events,
                ..Facts::default()
            },
            &Config::default(),
            number(START + 365),
        )
        .usage
    };
    assert_eq!(
        trend(&[100, 100, 100, 60, 60, 60, 60]),
        None,
        "three weeks before are too few"
    );
    assert_eq!(trend(&[100, 100, 100, 100, 60, 60, 60, 60]), Some(-400));
    assert_eq!(
        trend(&[
            999, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 150, 150, 150, 150
        ]),
        Some(500)
    );
    assert_eq!(trend(&[0, 0, 0, 0, 5, 5, 5, 5]), None);
    assert_eq!(
        trend(&[1, 1, 1, 1, 9_000, 9_000, 9_000, 9_000]),
        Some(i16::MAX)
    );
}

fn version(subscription: i64, start: &str, end: Option<&str>) -> VersionFact {
    VersionFact {
        subscription,
        start: day(start),
        end: end.map(day),
        terms: Terms {
            amount: 100,
            quantity: 10,
            ..Terms::default()
        },
        paid: true,
    }
}

fn renews(versions: &[VersionFact], on: &str) -> Option<Day> {
    fold(
        &Facts {
            versions: versions.to_vec(),
            ..Facts::default()
        },
        &Config::default(),
        day(on),
    )
    .renews
}

#[test]
fn a_term_renews_at_its_end_or_its_anniversary() {
    let ends = version(1, "2025-03-01", Some("2026-01-15"));
    assert_eq!(renews(&[ends], "2025-06-01"), Some(day("2026-01-15")));
    assert_eq!(renews(&[ends], "2026-01-15"), None, "no longer active");
    let changed = [
        version(1, "2024-03-01", Some("2025-07-07")),
        version(1, "2025-07-07", None),
    ];
    assert_eq!(
        renews(&changed, "2025-06-01"),
        Some(day("2026-03-01")),
        "a change of version is not a renewal"
    );
    assert_eq!(renews(&changed, "2025-08-01"), Some(day("2026-03-01")));
    let two = [changed[0], changed[1], version(2, "2025-01-10", None)];
    assert_eq!(
        renews(&two, "2025-12-01"),
        Some(day("2026-01-10")),
        "the earliest of all subscriptions"
    );
    assert_eq!(
        renews(
            &[VersionFact {
                paid: false,
                ..ends
            }],
            "2025-06-01"
        ),
        None
    );
}

#[test]
fn an_answer_is_followed_by_a_later_touch_only() {
    let facts = |kinds: &[EventKind]| {
        let events = kinds
            .iter()
            .zip(0..)
            .map(|(k, i)| Fact {
                number: Some(2),
                ..fact(*k, START * 4 + i)
            })
            .collect();
        fold(
            &Facts {
                events,
                ..Facts::default()
            },
            &Config::default(),
            number(START),
        )
        .nps_followed
    };
    assert!(!facts(&[EventKind::Touch, EventKind::Nps]));
    assert!(facts(&[EventKind::Nps, EventKind::Touch]));
    assert!(!facts(&[EventKind::Nps, EventKind::Touch, EventKind::Nps]));
    assert!(!facts(&[EventKind::Touch]));
}

#[test]
fn an_invoice_is_past_due_from_the_day_after() {
    let invoice = Fact {
        due: Some(number(START + 10)),
        paid: Some(number(START + 20)),
        ..fact(EventKind::Invoice, START * 4)
    };
    let facts = Facts {
        events: vec![invoice],
        ..Facts::default()
    };
    let past_due = |d: i64| {
        fold(&facts, &Config::default(), number(START + d))
            .past_due
            .is_some()
    };
    assert_eq!(
        [9, 10, 11, 19, 20].map(past_due),
        [false, false, true, true, false]
    );
}
