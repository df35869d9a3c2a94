use crate::domain::command::{Change, Command, Entity, NewContact};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::store::merge::tests::{both, pair};
use crate::store::outbox::Keep;
use crate::store::tests::{NOW, account, add, book, options};
use crate::store::transact::Crash;
use crate::store::{Options, Store, search};

fn contact(store: &mut Store, customer: Id, name: &str, email: &str) -> Id {
    let contact = NewContact {
        name: name.into(),
        email: email.into(),
        ..NewContact::default()
    };
    store
        .write(&Command::AddContact { customer, contact }, NOW)
        .unwrap();
    store.find_contacts(name).unwrap()[0].0
}

fn rename(contact: Id, name: &str, email: &str) -> Command {
    let changes = vec![Change::set("name", name), Change::set("email", email)];
    Command::Edit {
        entity: Entity::Contact,
        rows: vec![contact],
        changes,
    }
}

/// How many customers a filter finds by a word, and how many people the search.
fn finds(store: &mut Store, word: &str) -> (usize, usize) {
    let query = Query::Customers {
        filter: word.into(),
        sort: String::new(),
        descending: false,
        columns: Vec::new(),
    };
    let Page::Rows(rows) = store.answer(&query).unwrap() else {
        panic!()
    };
    let Page::Search(found) = store.answer(&Query::Search { text: word.into() }).unwrap() else {
        panic!()
    };
    (
        rows.rows.len(),
        found.iter().filter(|f| f.contact.is_some()).count(),
    )
}

#[test]
fn a_person_is_found_by_the_present_name_and_address_whoever_changed_them() {
    let (mut a, mut b, acme) = pair();
    let kim = contact(&mut a, acme, "Kim Lee", "kim@old.example");
    both(&mut a, &mut b);
    assert_eq!(
        [finds(&mut b, "kim"), finds(&mut b, "old.example")],
        [(1, 1); 2]
    );
    a.write(&rename(kim, "Zora Quist", "zora@new.example"), NOW)
        .unwrap();
    both(&mut a, &mut b);
    for store in [&mut a, &mut b] {
        let found =
            ["kim", "old.example", "zora", "new.example", "zo"].map(|word| finds(store, word));
        assert_eq!(found, [(0, 0), (0, 0), (1, 1), (1, 1), (0, 1)]);
    }
    a.write(
        &Command::Undo {
            batch: None,
            force: false,
        },
        NOW,
    )
    .unwrap();
    assert_eq!(
        [finds(&mut a, "kim"), finds(&mut a, "zora")],
        [(1, 1), (0, 0)]
    );
    a.write(
        &Command::Remove {
            entity: Entity::Contact,
            rows: vec![kim],
        },
        NOW,
    )
    .unwrap();
    assert_eq!(finds(&mut a, "kim"), (0, 0));
}

#[test]
fn a_rename_that_only_the_outbox_has_is_found_when_it_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        keep: Keep::In(folder.path().join("state")),
        ..options("ana")
    };
    let path = folder.path().join("book.db");
    let mut store = Store::open(&path, &options).unwrap();
    let acme = add(&mut store, "Acme", 0);
    let kim = contact(&mut store, acme, "Kim Lee", "kim@old.example");
    store.crash = Some(Crash::BeforeCommit);
    store
        .write(&rename(kim, "Zora Quist", "zora@new.example"), NOW)
        .unwrap_err();
    drop(store);
    let mut store = Store::open(&path, &options).unwrap();
    assert_eq!(account(&mut store, acme).contacts[0].name, "Zora Quist");
    assert_eq!(
        [finds(&mut store, "kim"), finds(&mut store, "zora")],
        [(0, 0), (1, 1)]
    );
}

#[test]
fn a_short_word_beside_a_long_one_is_looked_for_in_all_that_has_the_long_one() {
    let mut store = book();
    let (acme, gone) = (add(&mut store, "Acme", 0), add(&mut store, "Gone", 0));
    let mut note = |customer: Id, text: &str| {
        store
            .write(
                &Command::Note {
                    customers: vec![customer],
                    text: text.into(),
                    at: None,
                },
                NOW,
            )
            .unwrap();
    };
    note(acme, "renewal of ab");
    for _ in 0..250 {
        note(gone, "renewal");
    }
    let found = |store: &mut Store, text: &str| match store
        .answer(&Query::Search { text: text.into() })
        .unwrap()
    {
        Page::Search(found) => found.len(),
        _ => 0,
    };
    assert_eq!(found(&mut store, "renewal ab"), 1);
    store
        .write(
            &Command::Remove {
                entity: Entity::Customer,
                rows: vec![gone],
            },
            NOW,
        )
        .unwrap();
    assert_eq!(
        found(&mut store, "renewal"),
        1,
        "what is removed takes no place"
    );
}

#[test]
fn a_text_with_any_control_character_is_found_whether_the_index_has_it_or_not() {
    let mut store = book();
    let acme = add(&mut store, "Acme", 0);
    let controls: Vec<char> = ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}').collect();
    for (n, control) in controls.iter().enumerate() {
        let word = format!("zora{n:03}");
        let kim = NewContact {
            name: word.clone(),
            email: "x".into(),
            ..NewContact::default()
        };
        store
            .write(
                &Command::AddContact {
                    customer: acme,
                    contact: kim,
                },
                NOW,
            )
            .unwrap();
        store
            .write(
                &Command::Note {
                    customers: vec![acme],
                    text: word.clone(),
                    at: None,
                },
                NOW,
            )
            .unwrap();
        // As another program writes it, or a copy.
        let control = control.to_string();
        let update = |query: &str| store.conn.execute(query, [&control, &word]).unwrap();
        update("UPDATE contact SET name = ?1 || name || ?1, email = ?1 || email WHERE name = ?2");
        update("UPDATE event SET text = ?1 || text || ?1 || 'and more' WHERE text = ?2");
    }
    for indexed in [true, false] {
        if indexed {
            search::rebuild(&store.conn).unwrap();
        } else {
            let empty = "INSERT INTO found (found) VALUES ('delete-all'); INSERT INTO person (person) VALUES ('delete-all');";
            store
                .conn
                .execute_batch(&format!("{empty} DELETE FROM meta WHERE k GLOB '*_upto'"))
                .unwrap();
        }
        for n in 0..controls.len() {
            let word = format!("Zora{n:03}");
            assert_eq!(
                search::contacts(&store.conn, &word, 9).unwrap().len(),
                1,
                "{word} {indexed}"
            );
            assert_eq!(
                search::events(&store.conn, &format!("{word} more"), None, 9)
                    .unwrap()
                    .len(),
                1,
                "{word} {indexed}"
            );
        }
        assert_eq!(
            search::contacts(&store.conn, "zo\0ra000", 9).unwrap().len(),
            1,
            "one that is looked for as well"
        );
        assert_eq!(search::people(&store.conn, "\0zora000").unwrap().len(), 1);
        assert_eq!(
            search::differences(&store.conn).unwrap().0,
            Vec::<String>::new(),
            "{indexed}"
        );
    }
}
