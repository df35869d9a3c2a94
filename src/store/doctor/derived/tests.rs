use crate::domain::command::{Change, Command, Entity, NewContact, Target};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::domain::stage::Reason;
use crate::store::Store;
use crate::store::merge::tests::{both, pair};
use crate::store::tests::{NOW, add};

fn wrong(store: &mut Store) -> Vec<&'static str> {
    store
        .doctor()
        .unwrap()
        .into_iter()
        .filter(|c| !c.ok && c.code != "copies")
        .map(|c| c.code)
        .collect()
}

fn edit(store: &mut Store, entity: Entity, row: Id, field: &str, value: &str) {
    store
        .write(
            &Command::Edit {
                entity,
                rows: vec![row],
                changes: vec![Change::set(field, value)],
            },
            NOW,
        )
        .unwrap();
}

/// A book with a little of everything: a conflict of a field and one of stages, texts, people, and something purged.
fn ground() -> Store {
    let (mut a, mut b, acme) = pair();
    let contact = NewContact {
        name: "Kim Lee".into(),
        email: "kim@acme.example".into(),
        ..NewContact::default()
    };
    a.write(
        &Command::AddContact {
            customer: acme,
            contact,
        },
        NOW,
    )
    .unwrap();
    a.write(
        &Command::Note {
            customers: vec![acme],
            text: "A note about the budget".into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    let gone = add(&mut a, "Gone", 100);
    a.write(
        &Command::Note {
            customers: vec![gone],
            text: "Purged with its customer".into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    edit(&mut a, Entity::Customer, gone, "phone", "333");
    both(&mut a, &mut b);
    a.write(
        &Command::Purge {
            entity: Entity::Customer,
            row: gone,
            why: String::new(),
        },
        NOW,
    )
    .unwrap();
    for (store, phone, stage) in [(&mut a, "111", "conversion"), (&mut b, "222", "loyalty")] {
        edit(store, Entity::Customer, acme, "phone", phone);
        let reason = Some(Reason {
            code: "other".into(),
            ..Reason::default()
        });
        store
            .write(
                &Command::Move {
                    customers: vec![acme],
                    to: Target::Stage(stage.into()),
                    reason,
                },
                NOW,
            )
            .unwrap();
    }
    both(&mut a, &mut b);
    a
}

#[test]
fn a_change_beside_the_facts_shows_and_what_follows_from_them_is_made_anew() {
    // A change, the check that tells of it, and whether it can be made anew.
    let changes = [
        ("UPDATE edit SET entity = entity + 256", "hashes", false),
        (
            "UPDATE batch SET finished = 3 WHERE command = 'note'",
            "log",
            false,
        ),
        (
            "UPDATE meta SET v = 'Asia/Tokyo' WHERE k = 'zone'",
            "meta",
            false,
        ),
        (
            "UPDATE meta SET v = 'Etc/UTX' WHERE k IN ('zone', 'zone_again')",
            "meta",
            false,
        ),
        ("DELETE FROM meta WHERE k = 'zone'", "meta", false),
        ("DELETE FROM meta WHERE k = 'zone_again'", "meta", false),
        ("DELETE FROM meta WHERE k = 'book'", "meta", false),
        ("UPDATE meta SET v = 'x' WHERE k = 'book'", "meta", false),
        (
            "DELETE FROM conflict WHERE field = 'phone'",
            "conflicts",
            true,
        ),
        (
            "DELETE FROM conflict WHERE field = 'stage'",
            "conflicts",
            true,
        ),
        (
            "INSERT INTO conflict SELECT id, 'website', 1 FROM customer WHERE name = 'Acme'",
            "conflicts",
            true,
        ),
        (
            "UPDATE conflict SET entity = 2 WHERE field = 'phone'",
            "conflicts",
            true,
        ),
        (
            "UPDATE conflict SET entity = 3 WHERE field = 'phone'",
            "conflicts",
            true,
        ),
        (
            "DELETE FROM found WHERE rowid IN (SELECT n FROM event WHERE kind = 2)",
            "search",
            true,
        ),
        (
            "INSERT INTO person (rowid, text) VALUES (900, 'nobody')",
            "search",
            true,
        ),
        (
            "DELETE FROM person; INSERT INTO person (rowid, text) SELECT n, 'Kim Lea kim@acme.example' FROM contact",
            "search",
            true,
        ),
        (
            "UPDATE meta SET v = v + 5 WHERE k = 'found_upto'",
            "search",
            true,
        ),
        (
            "UPDATE tombstone SET entity = 9999 WHERE entity = 1",
            "purges",
            false,
        ),
        (
            "UPDATE tombstone SET entity = 3 WHERE entity = 0",
            "purges",
            false,
        ),
        (
            "UPDATE tombstone SET purged = (SELECT n FROM batch WHERE command = 'note' ORDER BY n LIMIT 1)",
            "purges",
            false,
        ),
    ];
    for (change, code, again) in changes {
        let mut store = ground();
        super::super::schema::make_in(&store.conn, "Europe/Istanbul", true).unwrap();
        assert_eq!(wrong(&mut store), Vec::<&str>::new());
        store
            .conn
            .execute_batch(&format!(
                "PRAGMA foreign_keys = OFF; {change}; PRAGMA foreign_keys = ON"
            ))
            .unwrap();
        assert!(
            wrong(&mut store).contains(&code),
            "{change}: {:?}",
            wrong(&mut store)
        );
        store.rebuild().unwrap();
        assert_eq!(
            wrong(&mut store).is_empty(),
            again,
            "{change}: {:?}",
            wrong(&mut store)
        );
    }
}

#[test]
fn what_this_version_does_not_know_is_not_said_to_be_undone() {
    let mut store = crate::store::tests::book();
    let acme = add(&mut store, "Acme", 0);
    edit(&mut store, Entity::Customer, acme, "phone", "111");
    store
        .conn
        .execute_batch("UPDATE edit SET entity = entity + 256")
        .unwrap();
    let refused = store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap_err();
    assert!(
        refused.message.ends_with("nothing was undone"),
        "{}",
        refused.message
    );
}

#[test]
fn what_is_written_behind_a_purge_is_found() {
    let mut store = crate::store::tests::book();
    let acme = add(&mut store, "Acme", 0);
    let goes = add(&mut store, "Goes", 0);
    let note = |store: &mut Store, customer: Id, text: &str| {
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
    for n in 0..5 {
        note(&mut store, goes, &format!("goes {n}"));
    }
    store
        .write(
            &Command::Purge {
                entity: Entity::Customer,
                row: goes,
                why: String::new(),
            },
            NOW,
        )
        .unwrap();
    for text in ["renewal in spring", "budget in autumn"] {
        note(&mut store, acme, text);
        let Page::Search(found) = store.answer(&Query::Search { text: text.into() }).unwrap()
        else {
            panic!()
        };
        assert_eq!(found.len(), 1, "{text}");
    }
    assert_eq!(wrong(&mut store), Vec::<&str>::new());
}
