use std::path::Path;

use super::super::tests::{NOW, account, add, any_command, book, options};
use super::super::{Store, schema};
use super::*;
use crate::domain::command::{Change, Command, Entity};
use crate::domain::touchpoint::TouchDraft;
use crate::store::doctor::Check;
use crate::store::load::{ContactRow, CustomerRow, EventRow};
use proptest::strategy::{Strategy, ValueTree};

fn check(store: &mut Store, code: &str) -> Check {
    store
        .doctor()
        .unwrap()
        .into_iter()
        .find(|c| c.code == code)
        .unwrap()
}

/// A book in which every kind of write has happened.
fn busy(store: &mut Store) -> Id {
    let mut load = store.load("import", NOW).unwrap();
    let attributes = vec![
        ("seats", serde_json::json!(12)),
        ("vip", serde_json::json!(true)),
        ("note", serde_json::json!("x")),
    ];
    let row = CustomerRow {
        external: "A1",
        name: "Acme",
        tags: Some(vec!["b", "a"]),
        attributes,
        ..CustomerRow::default()
    };
    let (customer, _) = load.put_customer(&row).unwrap();
    let (contact, _) = load
        .put_contact(&ContactRow {
            external: "P1",
            customer,
            name: Some("Dana"),
            ..ContactRow::default()
        })
        .unwrap();
    let event = EventRow {
        contact: Some(Some(contact)),
        number: Some(Some(3)),
        text: Some("export keeps failing"),
        reference: "n1",
        ..EventRow::new(crate::domain::event::EventKind::Nps, customer, NOW)
    };
    load.put_event(&event).unwrap();
    load.finish("Imported").unwrap();
    let acme = store.find_customer("Acme").unwrap();
    let changes = vec![
        Change::set("attr.seats", 14),
        Change::set("attr.new", "y"),
        Change::set("tag.c", 1),
        Change::set("name", "Acme AG"),
    ];
    store
        .write(
            &Command::Edit {
                entity: Entity::Customer,
                rows: vec![acme],
                changes,
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::Tag {
                customers: vec![acme],
                add: vec!["d".into()],
                remove: vec!["a".into()],
            },
            NOW,
        )
        .unwrap();
    let touch = TouchDraft {
        channel: "phone".into(),
        text: "Walked through the fix".into(),
        ..TouchDraft::default()
    };
    store
        .write(
            &Command::LogTouch {
                customers: vec![acme],
                touch,
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::Remove {
                entity: Entity::Customer,
                rows: vec![acme],
            },
            NOW,
        )
        .unwrap();
    acme
}

#[test]
fn every_batch_hashes_alike_from_the_tables() {
    let mut store = book();
    busy(&mut store);
    let (wrong, checked) = mismatches(&store.conn, 10).unwrap();
    assert_eq!(
        (
            wrong
                .iter()
                .map(|m| m.header.label.clone())
                .collect::<Vec<_>>(),
            checked
        ),
        (Vec::<String>::new(), 6)
    );
    let customers: Vec<Id> = (0..5)
        .map(|i| add(&mut store, &format!("Customer {i}"), 1000 * i))
        .collect();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..200 {
        let command = any_command(customers.clone())
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let _ = store.write(&command, NOW);
    }
    assert_eq!(mismatches(&store.conn, 10).unwrap().0.len(), 0);
    assert!(check(&mut store, "fields").ok);
}

/// Flips the lowest bit of the last letter of `text` wherever the file has it in a table's page.
fn flip(path: &Path, text: &str) -> usize {
    let mut bytes = std::fs::read(path).unwrap();
    let at: Vec<usize> = (0..bytes.len() - text.len())
        .filter(|at| &bytes[*at..*at + text.len()] == text.as_bytes())
        .collect();
    for at in &at {
        bytes[at + text.len() - 1] ^= 1;
    }
    std::fs::write(path, bytes).unwrap();
    at.len()
}

#[test]
fn a_flipped_bit_is_found_and_the_batch_and_kind_are_named() {
    for (text, label, kind) in [
        ("a secret of theirs", "Note on Acme", "event"),
        ("0049 30 1234", "Changed phone", "edit"),
        ("Note on Zeta", "Note on", "event"),
        ("Call Zeta", "Task", "task"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.db");
        let mut store = Store::open(&path, &options("ana")).unwrap();
        let acme = add(&mut store, "Acme", 500);
        let zeta = add(&mut store, "Zeta", 500);
        store
            .write(
                &Command::Note {
                    customers: vec![acme],
                    text: "a secret of theirs".into(),
                    at: None,
                },
                NOW,
            )
            .unwrap();
        store
            .write(
                &Command::Note {
                    customers: vec![zeta],
                    text: "nothing".into(),
                    at: None,
                },
                NOW,
            )
            .unwrap();
        let phone = Change::set("phone", "0049 30 1234");
        store
            .write(
                &Command::Edit {
                    entity: Entity::Customer,
                    rows: vec![acme],
                    changes: vec![phone],
                },
                NOW,
            )
            .unwrap();
        let task = crate::domain::task::TaskDraft {
            title: "Call Zeta".into(),
            ..Default::default()
        };
        store
            .write(
                &Command::AddTask {
                    customers: vec![zeta],
                    task,
                },
                NOW,
            )
            .unwrap();
        assert!(store.doctor().unwrap().iter().all(|c| c.ok));
        store.close();
        assert!(flip(&path, text) > 0);
        let mut store = Store::open(&path, &options("ana")).unwrap();
        let found = check(&mut store, "hashes");
        assert!(
            !found.ok && found.words.contains(label) && found.words.contains(kind),
            "{text}: {found:?}"
        );
        let account = account(&mut store, acme);
        assert_eq!(account.customer.id, acme, "the book is still read");
    }
}

#[test]
fn a_lost_batch_is_named_by_its_number() {
    let mut store = book();
    let acme = add(&mut store, "Acme", 0);
    for text in ["one", "two", "three"] {
        store
            .write(
                &Command::Note {
                    customers: vec![acme],
                    text: text.into(),
                    at: None,
                },
                NOW,
            )
            .unwrap();
    }
    store
        .conn
        .execute_batch("DELETE FROM event WHERE batch = 3; DELETE FROM batch WHERE n = 3")
        .unwrap();
    let found = check(&mut store, "log");
    assert!(
        !found.ok && found.words.contains("batch 3 of ana"),
        "{found:?}"
    );
}

#[test]
fn a_value_that_no_edit_wrote_is_named() {
    let mut store = book();
    let acme = busy(&mut store);
    store
        .conn
        .execute("UPDATE customer SET name = 'Acme BG' WHERE id = ?", [&acme])
        .unwrap();
    let found = check(&mut store, "fields");
    assert!(
        !found.ok && found.words.contains("name of customer"),
        "{found:?}"
    );
    store
        .conn
        .execute("UPDATE customer SET done = 'x' WHERE id = ?", [&acme])
        .unwrap();
    assert!(
        !check(&mut store, "hashes").ok,
        "a field that nobody has edited"
    );
}

/// A book as the first version left it.
pub fn older_book(path: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made.db");
    let mut store = Store::open(&made, &options("ana")).unwrap();
    busy(&mut store);
    add(&mut store, "Zeta", 700);
    store.close();
    let old = rusqlite::Connection::open(path).unwrap();
    old.execute_batch(schema::MIGRATIONS[0]).unwrap();
    old.execute("ATTACH ? AS new", [made.to_str().unwrap()])
        .unwrap();
    for table in [
        "batch",
        "customer",
        "contact",
        "event",
        "ticket",
        "task",
        "subscription",
        "view",
        "config",
    ] {
        old.execute_batch(&format!("INSERT INTO {table} SELECT * FROM new.{table}"))
            .unwrap();
    }
    old.execute_batch("INSERT INTO edit SELECT n, id, batch, entity, row, field, before, after, seen FROM new.edit").unwrap();
    old.execute_batch("UPDATE batch SET hash = zeroblob(16); DETACH new")
        .unwrap();
    old.execute_batch(&format!(
        "PRAGMA application_id = {}; PRAGMA user_version = 1",
        schema::APPLICATION_ID
    ))
    .unwrap();
}

#[test]
fn six_that_open_an_older_book_at_once_migrate_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    older_book(&path);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                assert_eq!(
                    Store::open(&path, &options("ana")).unwrap().read_only(),
                    None
                )
            });
        }
    });
    assert!(
        Store::open(&path, &options("ana"))
            .unwrap()
            .doctor()
            .unwrap()
            .iter()
            .all(|c| c.ok)
    );
    let before: Vec<_> = crate::store::backup::list(&path)
        .into_iter()
        .filter(|b| b.why == format!("before-v{}", schema::VERSION))
        .collect();
    assert_eq!(
        before.len(),
        1,
        "one of the six migrates, and backs up: {before:?}"
    );
    let backup = rusqlite::Connection::open(&before[0].path).unwrap();
    assert_eq!(
        schema::version(&backup).unwrap(),
        1,
        "the backup is of the book before"
    );
}

#[test]
fn an_older_book_is_backed_up_and_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let (path, twin) = (folder.path().join("book.db"), folder.path().join("twin.db"));
    older_book(&path);
    std::fs::copy(&path, &twin).unwrap();
    let mut store = Store::open(&path, &options("ana")).unwrap();
    assert_eq!(schema::version(&store.conn).unwrap(), schema::VERSION);
    let why = format!("before-v{}", schema::VERSION);
    assert!(
        crate::store::backup::list(&path)
            .iter()
            .any(|b| b.why == why)
    );
    let checks = store.doctor().unwrap();
    assert!(checks.iter().all(|c| c.ok), "{checks:?}");
    assert!(store.find_customer("Zeta").is_ok());
    let other = Store::open(&twin, &options("bo")).unwrap();
    let ids = [&store, &other].map(|s| schema::book(&s.conn).unwrap().unwrap());
    assert_eq!(
        ids[0], ids[1],
        "copies of one older book stay copies of one book"
    );
    assert_ne!(Some(ids[0]), schema::book(&book().conn).unwrap());
}
