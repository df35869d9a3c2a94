use super::*;
use crate::domain::clash::Clash;
use crate::domain::command::{Change, Command, Entity, NewContact};
use crate::domain::task::TaskDraft;
use crate::error::Kind;
use crate::store::tests::{NOW, account, add, book, visible};

#[test]
fn history_tells_by_customer_person_and_day_what_changed_to_what() {
    let mut store = book();
    let (acme, beta) = (add(&mut store, "Acme", 500), add(&mut store, "Beta", 500));
    store
        .write(
            &Command::Assign {
                customers: vec![acme],
                owner: "bo".into(),
            },
            Stamp(NOW.0 + 1),
        )
        .unwrap();
    store
        .write(
            &Command::AddContact {
                customer: acme,
                contact: NewContact {
                    name: "Dana".into(),
                    ..NewContact::default()
                },
            },
            NOW,
        )
        .unwrap();
    store.who.person = "bo".into();
    let late = Stamp(NOW.0 + 86_400_000);
    store
        .write(
            &Command::Assign {
                customers: vec![beta],
                owner: "bo".into(),
            },
            late,
        )
        .unwrap();
    let ask = |ask: HistoryAsk| HistoryAsk { limit: 50, ..ask };
    let of_acme = store
        .history(&ask(HistoryAsk {
            customer: Some(acme),
            ..HistoryAsk::default()
        }))
        .unwrap();
    assert_eq!(of_acme.len(), 3, "made, assigned, a contact");
    let bos = store
        .history(&ask(HistoryAsk {
            person: Some("bo".into()),
            ..HistoryAsk::default()
        }))
        .unwrap();
    assert_eq!(
        bos.iter().map(|b| b.label.as_str()).collect::<Vec<_>>(),
        ["Gave Beta to bo"]
    );
    assert_eq!(
        store
            .history(&ask(HistoryAsk {
                since: Some(late),
                ..HistoryAsk::default()
            }))
            .unwrap(),
        bos
    );
    let edits = store.edits_of(bos[0].id).unwrap();
    let told: Vec<_> = edits
        .iter()
        .map(|e| {
            (
                e.name.as_str(),
                e.field.as_str(),
                e.before.as_deref(),
                e.after.as_deref(),
            )
        })
        .collect();
    assert_eq!(told, [("Beta", "owner", Some("ana"), Some("bo"))]);
}

/// ana writes, bo changes something of it, and ana wants it back.
#[test]
fn what_was_changed_and_taken_back_is_in_nobodys_way() {
    let mut store = book();
    let acme = add(&mut store, "Acme", 500);
    let task = TaskDraft {
        title: "Send the offer".into(),
        ..TaskDraft::default()
    };
    store
        .write(
            &Command::AddTask {
                customers: vec![acme],
                task,
            },
            NOW,
        )
        .unwrap();
    let task = account(&mut store, acme).tasks[0].id;
    let before = visible(&store);
    let rename = |title: &str| Command::Edit {
        entity: Entity::Task,
        rows: vec![task],
        changes: vec![Change::set("title", title)],
    };
    store.who.person = "bo".into();
    store.write(&rename("Send it"), NOW).unwrap();
    store.who.person = "ana".into();
    let refused = store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap_err();
    assert_eq!(
        refused.hints,
        ["title of task \"Send it\" of Acme was changed since by bo"]
    );
    assert!(
        store
            .write(
                &Command::UndoPast {
                    passed: vec![Clash::of(&refused).unwrap().batch.unwrap()]
                },
                NOW
            )
            .is_ok()
    );
    store.write(&Command::Redo, NOW).unwrap();
    store.who.person = "bo".into();
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap();
    assert_eq!(visible(&store), before);
    store.who.person = "ana".into();
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap();
    assert_eq!(account(&mut store, acme).tasks, []);
}

#[test]
fn the_rest_is_taken_back_and_a_customer_at_which_others_wrote_stays_whole() {
    let mut store = book();
    let (acme, beta) = (add(&mut store, "Acme", 500), add(&mut store, "Beta", 500));
    let both = store
        .write(
            &Command::Assign {
                customers: vec![acme, beta],
                owner: "chen".into(),
            },
            NOW,
        )
        .unwrap()
        .batch
        .unwrap();
    store.who.person = "bo".into();
    store
        .write(
            &Command::Assign {
                customers: vec![beta],
                owner: "dana".into(),
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::Note {
                customers: vec![acme],
                text: "They called".into(),
                at: None,
            },
            NOW,
        )
        .unwrap();
    store.who.person = "ana".into();
    store
        .write(&Command::UndoRest { batch: both }, NOW)
        .unwrap();
    let owner = |store: &mut Store, id| account(store, id).customer.owner;
    assert_eq!(
        (owner(&mut store, acme), owner(&mut store, beta)),
        ("ana".into(), "dana".into())
    );
    let made = store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap_err();
    assert!(
        made.hints[0].contains("owner of customer \"Beta\""),
        "{:?}",
        made.hints
    );
    let made = store
        .history(&HistoryAsk {
            words: "Added Acme".into(),
            limit: 1,
            ..HistoryAsk::default()
        })
        .unwrap()[0]
        .id;
    let refused = store
        .write(
            &Command::Undo {
                batch: Some(made),
                force: false,
            },
            NOW,
        )
        .unwrap_err();
    assert_eq!(
        refused.hints,
        ["bo has recorded a note \"They called\" at Acme since"]
    );
    let refused = store
        .write(&Command::UndoRest { batch: made }, NOW)
        .unwrap_err();
    assert_eq!(
        (refused.kind, account(&mut store, acme).events.len() > 1),
        (Kind::Conflict, true),
        "nothing of it can go alone"
    );
}

#[test]
fn a_batch_or_one_edit_of_it_is_reverted_and_that_is_undone() {
    let mut store = book();
    let (acme, beta) = (add(&mut store, "Acme", 500), add(&mut store, "Beta", 500));
    let batch = store
        .write(
            &Command::Assign {
                customers: vec![acme, beta],
                owner: "bo".into(),
            },
            NOW,
        )
        .unwrap()
        .batch
        .unwrap();
    let before = visible(&store);
    let edits = store.edits_of(batch).unwrap();
    store
        .write(
            &Command::Revert {
                target: edits[0].edit,
                force: false,
            },
            NOW,
        )
        .unwrap();
    assert_eq!(
        (
            account(&mut store, acme).customer.owner,
            account(&mut store, beta).customer.owner
        ),
        ("ana".into(), "bo".into())
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
    assert_eq!(visible(&store), before);
    // Somebody else has to say that they mean it.
    store.who.person = "chen".into();
    let refused = store
        .write(
            &Command::Revert {
                target: batch,
                force: false,
            },
            NOW,
        )
        .unwrap_err();
    assert_eq!(
        (refused.kind, visible(&store) == before),
        (Kind::Conflict, true)
    );
    store
        .write(
            &Command::Revert {
                target: batch,
                force: true,
            },
            NOW,
        )
        .unwrap();
    assert_eq!(account(&mut store, beta).customer.owner, "ana");
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap();
    assert_eq!(visible(&store), before);
    let unknown = store
        .write(
            &Command::Revert {
                target: acme,
                force: true,
            },
            NOW,
        )
        .unwrap_err();
    assert_eq!(unknown.kind, Kind::NotFound);
}
