//! Checklists and exit criteria as a person meets them: on every path of a move, and with undo.

use proptest::prelude::*;

use super::*;
use crate::domain::checklist::Checklist;
use crate::domain::command::{Change, Command, Entity};
use crate::domain::query::{Page, Query};
use crate::store::Store;
use crate::store::tests::{NOW, account, add, book, visible};

fn list(store: &mut Store, customer: Id, stage: &str) -> Checklist {
    let Page::Checklists(lists) = store.answer(&Query::Checklists { customer }).unwrap() else {
        panic!()
    };
    lists.into_iter().find(|l| l.stage == stage).unwrap()
}

fn answer(
    store: &mut Store,
    customer: Id,
    question: &str,
    answer: Answer,
    note: &str,
) -> Result<()> {
    let command = Command::Check {
        customer,
        stage: "reach".into(),
        question: question.into(),
        answer,
        note: note.into(),
    };
    store.write(&command, NOW).map(|_| ())
}

#[test]
fn the_latest_answer_holds_and_undo_brings_the_one_before() {
    let mut store = book();
    let id = add(&mut store, "Acme Foods", 0);
    assert_eq!(
        (
            list(&mut store, id, "reach").gaps(),
            account(&mut store, id).signals.gaps
        ),
        (5, Some(5))
    );
    answer(&mut store, id, "social", Answer::No, "only a page").unwrap();
    // Twice within one millisecond: the one that was given later holds.
    answer(&mut store, id, "social", Answer::Yes, "").unwrap();
    let said = |store: &mut Store| {
        list(store, id, "reach").items[4]
            .answered
            .clone()
            .map(|a| (a.answer, a.note, a.by))
    };
    assert_eq!(
        said(&mut store),
        Some((Answer::Yes, String::new(), "ana".into()))
    );
    assert_eq!(
        (
            list(&mut store, id, "reach").gaps(),
            account(&mut store, id).signals.gaps
        ),
        (4, Some(4))
    );
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap();
    assert_eq!(
        said(&mut store),
        Some((Answer::No, "only a page".into(), "ana".into()))
    );
    let error = answer(&mut store, id, "horoscope", Answer::Yes, "").unwrap_err();
    assert!(
        error.hints.iter().any(|h| h.contains("found_by")),
        "{error:?}"
    );
    store
        .write(
            &Command::Move {
                customers: vec![id],
                to: Target::Stage("retention".into()),
                reason: None,
            },
            NOW,
        )
        .unwrap();
    assert_eq!(
        account(&mut store, id).signals.gaps,
        Some(5),
        "of the stage it is in"
    );
}

/// A book whose first stage asks for all answers and an industry before it is left.
fn strict() -> Store {
    let mut store = book();
    let attribute = "code = \"industry\"\nlabel = \"Industry\"\n".to_owned();
    store
        .write(
            &Command::SetConfig {
                key: "attribute.industry".into(),
                value: Some(attribute),
                base: None,
            },
            NOW,
        )
        .unwrap();
    let mut stages = store.config().stages.clone();
    stages.stage[0].exit_when = vec!["gaps<=4".into(), "industry:food".into()];
    let value = toml::to_string(&stages).unwrap();
    store
        .write(
            &Command::SetConfig {
                key: "stages".into(),
                value: Some(value),
                base: None,
            },
            NOW,
        )
        .unwrap();
    store
}

#[test]
fn a_move_on_with_open_criteria_needs_a_reason_also_in_bulk_and_is_then_made() {
    let mut store = strict();
    let (one, two) = (
        add(&mut store, "Acme Foods", 0),
        add(&mut store, "Globex", 0),
    );
    let go = |store: &mut Store, customers: &[Id], reason| {
        let stage = Target::Stage("acquisition".into());
        store.write(
            &Command::Move {
                customers: customers.to_vec(),
                to: stage,
                reason,
            },
            NOW,
        )
    };
    answer(&mut store, one, "social", Answer::Na, "").unwrap();
    let changes = vec![Change::set("attr.industry", "food")];
    store
        .write(
            &Command::Edit {
                entity: Entity::Customer,
                rows: vec![one],
                changes,
            },
            NOW,
        )
        .unwrap();
    let met: Vec<bool> = list(&mut store, one, "reach")
        .exit_when
        .iter()
        .map(|e| e.1)
        .collect();
    assert_eq!(met, [true, true]);
    let error = go(&mut store, &[one, two], None).unwrap_err();
    assert!(
        error.message.contains("Globex") && error.message.contains("gaps<=4; industry:food"),
        "{error:?}"
    );
    assert_eq!(
        account(&mut store, one).signals.stage,
        StageNo(0),
        "all or none"
    );
    go(&mut store, &[one], None).unwrap();
    let why = Reason {
        text: "the board has decided".into(),
        ..Reason::default()
    };
    go(&mut store, &[two], Some(why)).unwrap();
    let moved = account(&mut store, two);
    assert_eq!(moved.signals.stage, StageNo(1));
    let event = moved
        .events
        .iter()
        .find(|e| e.kind == EventKind::Stage)
        .unwrap();
    assert_eq!(
        (event.text.as_str(), event.more["unmet"].to_string()),
        (
            "the board has decided",
            "[\"gaps<=4\",\"industry:food\"]".into()
        )
    );
}

#[test]
fn criteria_that_cannot_be_asked_are_refused_when_they_are_set() {
    let mut store = book();
    for (wrong, twice) in [
        ("nonsense>3", false),
        ("acme", false),
        ("priority>3", false),
        ("owner:me", false),
        ("gaps=0", true),
    ] {
        let mut stages = store.config().stages.clone();
        stages.stage[0].exit_when = vec![wrong.into()];
        if twice {
            stages.stage[0].checklist[1].code = stages.stage[0].checklist[0].code.clone();
        }
        let value = toml::to_string(&stages).unwrap();
        assert!(
            store
                .write(
                    &Command::SetConfig {
                        key: "stages".into(),
                        value: Some(value),
                        base: None
                    },
                    NOW
                )
                .is_err(),
            "{wrong}"
        );
    }
}

fn ahead(days: i64) -> Stamp {
    Stamp(NOW.0 + days * 86_400_000)
}

fn go(store: &mut Store, customer: Id, stage: &str, now: Stamp) -> String {
    let reason = Some(Reason {
        code: "other".into(),
        ..Reason::default()
    });
    store
        .write(
            &Command::Move {
                customers: vec![customer],
                to: Target::Stage(stage.into()),
                reason,
            },
            now,
        )
        .unwrap()
        .label
}

fn stage(store: &mut Store, customer: Id) -> String {
    let stage = account(store, customer).signals.stage;
    store.config().stages.code(stage).to_owned()
}

#[test]
fn a_move_shows_at_once_though_another_was_dated_a_year_ahead() {
    let mut store = book();
    let id = add(&mut store, "Globex", 500);
    go(&mut store, id, "churned", ahead(365));
    assert_eq!(stage(&mut store, id), "reach");
    let before = visible(&store);
    let label = go(&mut store, id, "conversion", ahead(0));
    assert!(
        label.ends_with(
            "Conversion; 1 earlier move was dated ahead, and is dated before this one now"
        ),
        "{label}"
    );
    assert_eq!(stage(&mut store, id), "conversion");
    let days = |store: &mut Store, kind: EventKind| -> Vec<i64> {
        let mut days: Vec<i64> = account(store, id)
            .events
            .iter()
            .filter(|e| e.kind == kind)
            .map(|e| e.day.number())
            .collect();
        days.sort_unstable();
        days
    };
    let today = store.today().number();
    assert_eq!(
        (
            days(&mut store, EventKind::Stage),
            days(&mut store, EventKind::Churn)
        ),
        (vec![today; 3], vec![today])
    );
    assert!(store.doctor().unwrap().iter().all(|c| c.ok));
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            ahead(0),
        )
        .unwrap();
    assert_eq!(
        (stage(&mut store, id).as_str(), visible(&store)),
        ("reach", before)
    );
    assert!(store.doctor().unwrap().iter().all(|c| c.ok));
}

#[test]
fn an_answer_a_pulse_and_an_override_hold_at_once_too() {
    let mut store = book();
    let id = add(&mut store, "Globex", 500);
    let write = |store: &mut Store, score: u8, answer: Answer, now: Stamp| {
        let (stage, question) = ("reach".into(), "social".into());
        store
            .write(
                &Command::Check {
                    customer: id,
                    stage,
                    question,
                    answer,
                    note: String::new(),
                },
                now,
            )
            .unwrap();
        store
            .write(
                &Command::Pulse {
                    customer: id,
                    score,
                    text: String::new(),
                },
                now,
            )
            .unwrap();
        let hold = Some((score, store.today().plus(9)));
        store
            .write(
                &Command::Override {
                    customer: id,
                    hold,
                    reason: "they said so".into(),
                },
                now,
            )
            .unwrap();
    };
    write(&mut store, 1, Answer::No, ahead(100));
    write(&mut store, 4, Answer::Yes, ahead(0));
    for day in [0, 100] {
        store.turn_day(ahead(day));
        let signals = account(&mut store, id).signals;
        assert_eq!(
            (signals.pulse, signals.held, signals.gaps),
            (Some(4), Some(4), Some(4)),
            "after {day} days"
        );
        assert_eq!(
            list(&mut store, id, "reach").items[4]
                .answered
                .as_ref()
                .unwrap()
                .answer,
            Answer::Yes
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever clocks the moves before were made by: the stage that a move names is the one that is shown.
    #[test]
    fn a_move_that_is_told_shows(moves in prop::collection::vec((0..6usize, -400..400i64, 0..86_400_000i64), 1..8)) {
        let mut store = book();
        let id = add(&mut store, "Globex", 500);
        for (to, days, ms) in moves {
            let to = ["reach", "acquisition", "conversion", "retention", "loyalty", "churned"][to];
            let now = Stamp(ahead(days).0 + ms);
            store.turn_day(now);
            go(&mut store, id, to, now);
            prop_assert_eq!(stage(&mut store, id), to);
        }
        prop_assert!(store.doctor().unwrap().iter().all(|c| c.ok));
    }
}
