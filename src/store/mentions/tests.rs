use super::*;
use crate::domain::command::{Change, Command, NewContact};
use crate::store::tests::{NOW, account, add, book};

fn row(store: &Store, query: &str) -> Id {
    store
        .conn
        .query_row(query, [], |r| r.get(0).map(Id))
        .unwrap()
}

#[test]
fn a_person_is_found_by_each_part_of_the_name_by_address_and_number_wherever_a_word_can_stand() {
    let mut store = book();
    let acme = add(&mut store, "Acme", 500);
    let dana = NewContact {
        name: "Dana Ruiz".into(),
        email: "d.ruiz@acme.example".into(),
        phone: "+49 (171) 555-0199".into(),
        ..NewContact::default()
    };
    store
        .write(
            &Command::AddContact {
                customer: acme,
                contact: dana,
            },
            NOW,
        )
        .unwrap();
    let contact = account(&mut store, acme).contacts[0].id;
    let write = |store: &mut Store, command: Command| store.write(&command, NOW).unwrap();
    let note = |text: &str| Command::Note {
        customers: vec![acme],
        text: text.into(),
        at: None,
    };
    for text in [
        "Ruíz was angry",
        "call 0171/5550199",
        "write to D.RUIZ",
        "the ruizian way",
        "Danaher is another one",
    ] {
        write(&mut store, note(text));
    }
    write(&mut store, note("mended: Dana left"));
    let mended = row(&store, "SELECT id FROM event WHERE text LIKE 'mended%'");
    let changes = vec![Change::set("text", "nothing of it")];
    write(
        &mut store,
        Command::Edit {
            entity: Entity::Event,
            rows: vec![mended],
            changes,
        },
    );
    write(
        &mut store,
        Command::Tag {
            customers: vec![acme],
            add: vec!["friend-of-dana".into()],
            remove: Vec::new(),
        },
    );
    write(
        &mut store,
        Command::Snooze {
            customers: vec![acme],
            until: Some(crate::domain::time::Day::from_number(30_000).unwrap()),
            event: String::new(),
            reason: "until Dana is back".into(),
        },
    );
    write(
        &mut store,
        Command::SaveView {
            name: "Dana's".into(),
            view: Default::default(),
        },
    );
    // As earlier versions kept a key.
    let key = crate::store::once::Once {
        name: "mail-dana".into(),
        key: None,
        call: None,
    };
    store
        .write_once(&note("with a key"), NOW, Some(&key))
        .unwrap();
    let task = crate::domain::task::TaskDraft {
        title: "Ask Dana".into(),
        ..Default::default()
    };
    write(
        &mut store,
        Command::AddTask {
            customers: vec![acme],
            task,
        },
    );
    let plan = store.purge_plan(Entity::Contact, contact).unwrap();
    let told: BTreeSet<(String, String)> = plan
        .mentions
        .iter()
        .map(|m| (m.kind.clone(), m.field.clone()))
        .collect();
    for place in [
        ("note", "text"),
        ("history", "text"),
        ("customer", "tags"),
        ("customer", "snooze_reason"),
        ("view", "name"),
        ("key", "key"),
        ("task", "title"),
        ("label", "task"),
    ] {
        assert!(
            told.contains(&(place.0.to_owned(), place.1.to_owned())),
            "{place:?} in {told:?}"
        );
    }
    let texts = plan.mentions.iter().filter(|m| m.kind == "note").count();
    assert_eq!(texts, 3, "no part of another word: {:?}", plan.mentions);
    assert!(
        plan.mentions.iter().all(|m| m.id != contact),
        "what goes is not told"
    );
    let task = plan.mentions.iter().find(|m| m.kind == "task").unwrap();
    assert_eq!(task.purge, Some(format!("retain purge --task {}", task.id)));
    // And what is told can be purged, until nothing names them but what nobody can purge.
    store
        .write(
            &Command::Purge {
                entity: Entity::Contact,
                row: contact,
                why: String::new(),
            },
            NOW,
        )
        .unwrap();
    assert_eq!(
        store.mentions_of(&plan.terms, &HashSet::new()).unwrap(),
        plan.mentions
    );
    for (entity, kind) in [
        (Entity::Task, "task"),
        (Entity::Event, "note"),
        (Entity::Event, "history"),
    ] {
        for found in plan
            .mentions
            .iter()
            .filter(|m| m.kind == kind && (kind != "history" || m.id == mended))
        {
            store
                .write(
                    &Command::Purge {
                        entity,
                        row: found.id,
                        why: String::new(),
                    },
                    NOW,
                )
                .unwrap();
        }
    }
    let left: BTreeSet<String> = store
        .mentions_of(&plan.terms, &HashSet::new())
        .unwrap()
        .into_iter()
        .map(|m| m.kind)
        .collect();
    assert!(
        left.is_subset(&BTreeSet::from(
            ["customer", "view", "key", "history", "label"].map(str::to_owned)
        )),
        "{left:?}"
    );
    assert!(!left.contains("task") && !left.contains("note"));
}

#[test]
fn a_customer_is_found_too_and_the_file_that_was_called_after_it_loses_its_name() {
    let mut store = book();
    let acme = add(&mut store, "Acme", 0);
    let mut load = store.load("import", NOW).unwrap();
    let new = crate::store::load::CustomerRow {
        external: "z1",
        name: "Zwetschge GmbH",
        ..Default::default()
    };
    let (n, _) = load.put_customer(&new).unwrap();
    let goes = load.customer_id(n).unwrap();
    load.finish("Imported zwetschge.csv").unwrap();
    store
        .write(
            &Command::Note {
                customers: vec![acme],
                text: "came over from Zwetschge".into(),
                at: None,
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::Note {
                customers: vec![acme],
                text: "a GmbH as others are".into(),
                at: None,
            },
            NOW,
        )
        .unwrap();
    let plan = store.purge_plan(Entity::Customer, goes).unwrap();
    assert_eq!(
        plan.mentions
            .iter()
            .map(|m| m.kind.as_str())
            .collect::<Vec<_>>(),
        ["note"],
        "{:?}",
        plan.mentions
    );
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
    let label: String = store
        .conn
        .query_row(
            "SELECT label FROM batch WHERE command = 'import'",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(label, crate::store::purge::UNSAID);
    assert!(store.doctor().unwrap().iter().all(|c| c.ok));
}
