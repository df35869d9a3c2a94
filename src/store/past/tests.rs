use crate::domain::command::{Change, Command, Entity, NewContact};
use crate::domain::query::{Page, Query};
use crate::domain::task::TaskDraft;
use crate::domain::time::Stamp;
use crate::store::tests::{NOW, account, add, any_command, options, visible};
use crate::store::{Options, Store};

const DAY: i64 = 86_400_000;

#[test]
fn a_customer_is_shown_as_it_was_on_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    let acme = add(&mut store, "Acme", 500);
    let gone = add(&mut store, "Gone", 500);
    let contact = NewContact {
        name: "Dana".into(),
        ..NewContact::default()
    };
    store
        .write(
            &Command::AddContact {
                customer: acme,
                contact,
            },
            NOW,
        )
        .unwrap();
    let task = TaskDraft {
        title: "Call".into(),
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
    let first = vec![
        Change::set("tag.beta", 1),
        Change::set("attr.region", "north"),
    ];
    store
        .write(
            &Command::Edit {
                entity: Entity::Customer,
                rows: vec![acme],
                changes: first,
            },
            NOW,
        )
        .unwrap();
    // Three days later everything is another.
    let later = Stamp(NOW.0 + 3 * DAY);
    let second = vec![
        Change::set("name", "Acme Foods"),
        Change::set("tag.beta", 0),
        Change::set("tag.vip", 1),
        Change::set("attr.region", "south"),
    ];
    store
        .write(
            &Command::Edit {
                entity: Entity::Customer,
                rows: vec![acme],
                changes: second,
            },
            later,
        )
        .unwrap();
    store
        .write(
            &Command::Assign {
                customers: vec![acme],
                owner: "bo".into(),
            },
            later,
        )
        .unwrap();
    let page = account(&mut store, acme);
    store
        .write(
            &Command::Remove {
                entity: Entity::Contact,
                rows: vec![page.contacts[0].id],
            },
            later,
        )
        .unwrap();
    store
        .write(
            &Command::DoneTasks {
                tasks: vec![page.tasks[0].id],
            },
            later,
        )
        .unwrap();
    store
        .write(
            &Command::Remove {
                entity: Entity::Customer,
                rows: vec![gone],
            },
            later,
        )
        .unwrap();
    let new = crate::domain::command::NewCustomer {
        name: "Brand new".into(),
        ..Default::default()
    };
    let new = store
        .write(&Command::AddCustomer(new), later)
        .unwrap()
        .customers[0];
    store
        .write(
            &Command::Note {
                customers: vec![acme],
                text: "told late".into(),
                at: Some(NOW),
            },
            later,
        )
        .unwrap();
    drop(store);

    let day = options("ana").now;
    let day = crate::domain::time::Zone::default().day(day);
    let mut then = Store::open(
        &path,
        &Options {
            as_of: Some(day),
            now: later,
            ..options("ana")
        },
    )
    .unwrap();
    then.look_back(later).unwrap();
    let page = account(&mut then, acme);
    let c = &page.customer;
    assert_eq!(
        (c.name.as_str(), c.owner.as_str(), c.tags.join(" ").as_str()),
        ("Acme", "ana", "beta")
    );
    assert_eq!(c.attributes["region"], "north");
    assert_eq!((page.contacts.len(), page.tasks[0].done), (1, None));
    assert!(page.events.iter().all(|e| e.text != "told late"));
    for query in [
        Query::Funnel {
            filter: String::new(),
            period: None,
            mode: crate::domain::funnel::Mode::InOrder,
        },
        Query::Counts,
        Query::Conflicts,
        Query::Views,
    ] {
        assert!(then.answer(&query).is_ok(), "{query:?}");
    }
    let Page::Activity(batches) = then
        .answer(&Query::Activity {
            search: String::new(),
            limit: 100,
        })
        .unwrap()
    else {
        panic!()
    };
    assert!(
        batches.iter().all(|b| b.at == NOW) && batches.len() == 5,
        "{batches:?}"
    );
    assert!(
        then.conn
            .execute("UPDATE main.customer SET name = 'x'", [])
            .is_err(),
        "not even by SQLite"
    );
    let all = Query::Customers {
        filter: String::new(),
        sort: "name".into(),
        descending: false,
        columns: Vec::new(),
    };
    let Page::Rows(rows) = then.answer(&all).unwrap() else {
        panic!()
    };
    let names: Vec<String> = {
        let roster = then.roster().unwrap();
        let roster = roster.read().unwrap();
        rows.rows
            .iter()
            .map(|at| roster.name(*at as usize).to_owned())
            .collect()
    };
    assert_eq!(
        names,
        ["Acme", "Gone"],
        "removed later is there, made later is not"
    );
    assert_eq!(then.find_customer("Acme").unwrap(), acme);
    assert!(then.find_customer(&new.to_string()).is_err());
    assert!(
        then.write(
            &Command::Assign {
                customers: vec![acme],
                owner: "x".into()
            },
            later
        )
        .is_err(),
        "the past is not written"
    );
}

#[test]
fn the_book_as_of_today_is_the_book() {
    use proptest::strategy::{Strategy, ValueTree};
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..20 {
        let mut store = crate::store::tests::book();
        let customers = vec![
            add(&mut store, "Acme", 500),
            add(&mut store, "Beta", 0),
            add(&mut store, "Gamma", 10),
        ];
        for i in 0..12 {
            let command = any_command(customers.clone())
                .new_tree(&mut runner)
                .unwrap()
                .current();
            let _ = store.write(&command, Stamp(NOW.0 + i));
        }
        let now = visible(&store);
        store.look_back_to(store.today()).unwrap();
        assert_eq!(visible(&store), now);
        for table in ["customer", "contact", "event", "task"] {
            let count = |which: &str| -> i64 {
                store
                    .conn
                    .query_row(&format!("SELECT count(*) FROM {which}.{table}"), [], |r| {
                        r.get(0)
                    })
                    .unwrap()
            };
            assert_eq!(count("main"), count("temp"), "{table}");
        }
    }
}
