use super::*;
use crate::domain::command::{Change, Command};
use crate::domain::task::TaskDraft;
use crate::store::tests::{NOW, account, add, book};

fn days(store: &Store, owner: Option<&str>) -> Vec<(String, Day, bool, u32)> {
    let since = store.today().plus(-90);
    store
        .appointments(owner, since)
        .unwrap()
        .into_iter()
        .map(|a| (a.title, a.day, a.cancelled, a.changes))
        .collect()
}

#[test]
fn a_task_keeps_its_name_and_counts_its_changes_until_it_is_cancelled() {
    let mut store = book();
    let acme = add(&mut store, "Acme", 0);
    let (today, due) = (store.today(), store.today().plus(5));
    let draft = TaskDraft {
        title: "Call".into(),
        due: Some(due),
        owner: "ana".into(),
        ..TaskDraft::default()
    };
    store
        .write(
            &Command::AddTask {
                customers: vec![acme],
                task: draft,
            },
            NOW,
        )
        .unwrap();
    let task = account(&mut store, acme).tasks[0].id;
    assert_eq!(days(&store, None), [("Call".to_owned(), due, false, 0)]);
    assert_eq!(days(&store, Some("ana")), days(&store, None));
    assert!(days(&store, Some("bo")).is_empty());
    let mut edit = |field: &str, value: serde_json::Value| {
        let changes = vec![Change {
            field: field.into(),
            value,
            base: None,
        }];
        store
            .write(
                &Command::Edit {
                    entity: Entity::Task,
                    rows: vec![task],
                    changes,
                },
                NOW,
            )
            .unwrap();
        store
            .appointments(None, today)
            .unwrap()
            .into_iter()
            .map(|a| (a.id == task, a.day, a.cancelled, a.changes))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        edit("due", due.plus(2).to_string().into()),
        [(true, due.plus(2), false, 1)]
    );
    assert_eq!(
        edit("due", serde_json::Value::Null),
        [(true, due.plus(2), true, 2)],
        "a day that was taken away"
    );
    assert_eq!(edit("due", due.to_string().into()), [(true, due, false, 3)]);
    assert_eq!(edit("owner", "bo".into()), [(true, due, false, 4)]);
    assert_eq!(
        days(&store, Some("ana")),
        [("Call".to_owned(), due, true, 4)],
        "ana's calendar is told that it is gone"
    );
    assert_eq!(
        days(&store, Some("bo")),
        [("Call".to_owned(), due, false, 4)]
    );
    store
        .write(
            &Command::Remove {
                entity: Entity::Customer,
                rows: vec![acme],
            },
            NOW,
        )
        .unwrap();
    assert!(days(&store, None)[0].2);
    store
        .write(
            &Command::Purge {
                entity: Entity::Customer,
                row: acme,
                why: String::new(),
            },
            NOW,
        )
        .unwrap();
    let purged = store.appointments(None, today).unwrap();
    let left: Vec<_> = purged
        .iter()
        .map(|a| (a.id, a.cancelled, a.title.as_str(), a.customer.as_str()))
        .collect();
    assert!(left.contains(&(task, true, "", "")), "{left:?}");
}
