use super::*;
use crate::domain::command::{Command, NewContact};
use crate::error::Kind;
use crate::store::tests::{NOW, account, add, book, visible};

#[test]
fn history_tells_by_customer_person_and_day_what_changed_to_what() {
    let mut store = book();
    let (acme, beta) = (add(&mut store, "Acme", 500), add(&mut store, "Beta", 500));
    store.write(&Command::Assign { customers: vec![acme], owner: "bo".into() }, Stamp(NOW.0 + 1)).unwrap();
    store
        .write(&Command::AddContact { customer: acme, contact: NewContact { name: "Dana".into(), ..NewContact::default() } }, NOW)
        .unwrap();
    store.who.person = "bo".into();
    let late = Stamp(NOW.0 + 86_400_000);
    store.write(&Command::Assign { customers: vec![beta], owner: "bo".into() }, late).unwrap();
    let ask = |ask: HistoryAsk| HistoryAsk { limit: 50, ..ask };
    let of_acme = store.history(&ask(HistoryAsk { customer: Some(acme), ..HistoryAsk::default() })).unwrap();
    assert_eq!(of_acme.len(), 3, "made, assigned, a contact");
    let bos = store.history(&ask(HistoryAsk { person: Some("bo".into()), ..HistoryAsk::default() })).unwrap();
    assert_eq!(bos.iter().map(|b| b.label.as_str()).collect::<Vec<_>>(), ["Gave Beta to bo"]);
    assert_eq!(store.history(&ask(HistoryAsk { since: Some(late), ..HistoryAsk::default() })).unwrap(), bos);
    let edits = store.edits_of(bos[0].id).unwrap();
    let told: Vec<_> = edits.iter().map(|e| (e.name.as_str(), e.field.as_str(), e.before.as_deref(), e.after.as_deref())).collect();
    assert_eq!(told, [("Beta", "owner", Some("ana"), Some("bo"))]);
}

#[test]
fn a_batch_or_one_edit_of_it_is_reverted_and_that_is_undone() {
    let mut store = book();
    let (acme, beta) = (add(&mut store, "Acme", 500), add(&mut store, "Beta", 500));
    let batch = store.write(&Command::Assign { customers: vec![acme, beta], owner: "bo".into() }, NOW).unwrap().batch.unwrap();
    let before = visible(&store);
    let edits = store.edits_of(batch).unwrap();
    store.write(&Command::Revert { target: edits[0].edit, force: false }, NOW).unwrap();
    assert_eq!((account(&mut store, acme).customer.owner, account(&mut store, beta).customer.owner), ("ana".into(), "bo".into()));
    store.write(&Command::Undo { batch: None, force: false }, NOW).unwrap();
    assert_eq!(visible(&store), before);
    // Somebody else has to say that they mean it.
    store.who.person = "chen".into();
    let refused = store.write(&Command::Revert { target: batch, force: false }, NOW).unwrap_err();
    assert_eq!((refused.kind, visible(&store) == before), (Kind::Conflict, true));
    store.write(&Command::Revert { target: batch, force: true }, NOW).unwrap();
    assert_eq!(account(&mut store, beta).customer.owner, "ana");
    store.write(&Command::Undo { batch: None, force: false }, NOW).unwrap();
    assert_eq!(visible(&store), before);
    let unknown = store.write(&Command::Revert { target: acme, force: true }, NOW).unwrap_err();
    assert_eq!(unknown.kind, Kind::NotFound);
}
