//! Checklists and exit criteria as a person meets them: on every path of a move, and with undo.

use super::*;
use crate::domain::checklist::Checklist;
use crate::domain::command::{Change, Command, Entity};
use crate::domain::query::{Page, Query};
use crate::store::Store;
use crate::store::tests::{NOW, account, add, book};

fn list(store: &mut Store, customer: Id, stage: &str) -> Checklist {
    let Page::Checklists(lists) = store.answer(&Query::Checklists { customer }).unwrap() else { panic!() };
    lists.into_iter().find(|l| l.stage == stage).unwrap()
}

fn answer(store: &mut Store, customer: Id, question: &str, answer: Answer, note: &str) -> Result<()> {
    let command = Command::Check { customer, stage: "reach".into(), question: question.into(), answer, note: note.into() };
    store.write(&command, NOW).map(|_| ())
}

#[test]
fn the_latest_answer_holds_and_undo_brings_the_one_before() {
    let mut store = book();
    let id = add(&mut store, "Acme Foods", 0);
    assert_eq!((list(&mut store, id, "reach").gaps(), account(&mut store, id).signals.gaps), (5, Some(5)));
    answer(&mut store, id, "social", Answer::No, "only a page").unwrap();
    // Twice within one millisecond: the one that was given later holds.
    answer(&mut store, id, "social", Answer::Yes, "").unwrap();
    let said = |store: &mut Store| list(store, id, "reach").items[4].answered.clone().map(|a| (a.answer, a.note, a.by));
    assert_eq!(said(&mut store), Some((Answer::Yes, String::new(), "ana".into())));
    assert_eq!((list(&mut store, id, "reach").gaps(), account(&mut store, id).signals.gaps), (4, Some(4)));
    store.write(&Command::Undo { batch: None, force: false }, NOW).unwrap();
    assert_eq!(said(&mut store), Some((Answer::No, "only a page".into(), "ana".into())));
    let error = answer(&mut store, id, "horoscope", Answer::Yes, "").unwrap_err();
    assert!(error.hints.iter().any(|h| h.contains("found_by")), "{error:?}");
    store.write(&Command::Move { customers: vec![id], to: Target::Stage("retention".into()), reason: None }, NOW).unwrap();
    assert_eq!(account(&mut store, id).signals.gaps, Some(5), "of the stage it is in");
}

/// A book whose first stage asks for all answers and an industry before it is left.
fn strict() -> Store {
    let mut store = book();
    let attribute = "code = \"industry\"\nlabel = \"Industry\"\n".to_owned();
    store.write(&Command::SetConfig { key: "attribute.industry".into(), value: Some(attribute), base: None }, NOW).unwrap();
    let mut stages = store.config().stages.clone();
    stages.stage[0].exit_when = vec!["gaps<=4".into(), "industry:food".into()];
    let value = toml::to_string(&stages).unwrap();
    store.write(&Command::SetConfig { key: "stages".into(), value: Some(value), base: None }, NOW).unwrap();
    store
}

#[test]
fn a_move_on_with_open_criteria_needs_a_reason_also_in_bulk_and_is_then_made() {
    let mut store = strict();
    let (one, two) = (add(&mut store, "Acme Foods", 0), add(&mut store, "Globex", 0));
    let go = |store: &mut Store, customers: &[Id], reason| {
        let stage = Target::Stage("acquisition".into());
        store.write(&Command::Move { customers: customers.to_vec(), to: stage, reason }, NOW)
    };
    answer(&mut store, one, "social", Answer::Na, "").unwrap();
    let changes = vec![Change::set("attr.industry", "food")];
    store.write(&Command::Edit { entity: Entity::Customer, rows: vec![one], changes }, NOW).unwrap();
    let met: Vec<bool> = list(&mut store, one, "reach").exit_when.iter().map(|e| e.1).collect();
    assert_eq!(met, [true, true]);
    let error = go(&mut store, &[one, two], None).unwrap_err();
    assert!(error.message.contains("Globex") && error.message.contains("gaps<=4; industry:food"), "{error:?}");
    assert_eq!(account(&mut store, one).signals.stage, StageNo(0), "all or none");
    go(&mut store, &[one], None).unwrap();
    let why = Reason { text: "the board has decided".into(), ..Reason::default() };
    go(&mut store, &[two], Some(why)).unwrap();
    let moved = account(&mut store, two);
    assert_eq!(moved.signals.stage, StageNo(1));
    let event = moved.events.iter().find(|e| e.kind == EventKind::Stage).unwrap();
    assert_eq!((event.text.as_str(), event.more["unmet"].to_string()), ("the board has decided", "[\"gaps<=4\",\"industry:food\"]".into()));
}

#[test]
fn criteria_that_cannot_be_asked_are_refused_when_they_are_set() {
    let mut store = book();
    for (wrong, twice) in [("nonsense>3", false), ("acme", false), ("priority>3", false), ("owner:me", false), ("gaps=0", true)] {
        let mut stages = store.config().stages.clone();
        stages.stage[0].exit_when = vec![wrong.into()];
        if twice {
            stages.stage[0].checklist[1].code = stages.stage[0].checklist[0].code.clone();
        }
        let value = toml::to_string(&stages).unwrap();
        assert!(store.write(&Command::SetConfig { key: "stages".into(), value: Some(value), base: None }, NOW).is_err(), "{wrong}");
    }
}
