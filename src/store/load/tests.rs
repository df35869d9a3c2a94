use super::*;
use crate::store::merge::MergeAsk;
use crate::store::tests::{NOW, options};
use crate::store::{Options, Who};

fn store(person: &str, no: u8) -> Store {
    let mut store = Store::memory(&Options {
        who: Who {
            person: person.into(),
            device: Id([no; 16]),
        },
        ..options(person)
    })
    .unwrap();
    store.seed_ids(u64::from(no));
    store
}

/// A copy in memory of a book, for another person.
fn copy_of(store: &Store, person: &str, no: u8) -> Store {
    let mut twin = self::store(person, no);
    let backup = rusqlite::backup::Backup::new(&store.conn, &mut twin.conn).unwrap();
    backup.step(-1).unwrap();
    drop(backup);
    twin.seen = twin
        .conn
        .query_row("SELECT coalesce(max(n), 0) FROM batch", [], |r| r.get(0))
        .unwrap();
    twin.seed_ids(u64::from(no));
    twin
}

/// A row of everything that files find by a key.
fn put_all(store: &mut Store, customer: &str, now: Stamp) {
    let mut load = store.load("import", now).unwrap();
    let (n, _) = load
        .put_customer(&CustomerRow {
            external: customer,
            name: customer,
            ..CustomerRow::default()
        })
        .unwrap();
    load.put_contact(&ContactRow {
        external: "P1",
        customer: n,
        name: Some("Kim"),
        ..ContactRow::default()
    })
    .unwrap();
    load.put_ticket(&TicketRow {
        external: "T1",
        customer: n,
        opened: NOW,
        ..TicketRow::default()
    })
    .unwrap();
    load.put_version(&version(n, 100)).unwrap();
    load.put_event(&EventRow {
        reference: "H1",
        ..EventRow::new(EventKind::Touch, n, NOW)
    })
    .unwrap();
    load.finish("Imported").unwrap();
}

fn version(customer: i64, amount: i64) -> VersionRow<'static> {
    VersionRow {
        external: "V1",
        customer,
        subscription: None,
        called: "S",
        start: Day::MIN,
        end: None,
        amount,
        currency: None,
        interval: None,
        count: None,
        quantity: None,
        discount: None,
        status: None,
    }
}

/// Every row that stands with the ids of those that were there before an import, without what the import made.
fn written(store: &Store, before: i64) -> Vec<String> {
    let mut all = Vec::new();
    for table in batch::TABLES {
        let owner = if table.is_owned() {
            "(SELECT c.id FROM customer c WHERE c.n = t.customer)"
        } else {
            "NULL"
        };
        let fields: Vec<&str> = table
            .fields
            .iter()
            .copied()
            .filter(|f| *f != OWNER)
            .collect();
        let query = format!(
            "SELECT id, {owner}, {} FROM {} t WHERE batch <= ? ORDER BY id",
            fields.join(", "),
            table.name
        );
        let mut statement = store.conn.prepare(&query).unwrap();
        let mut rows = statement.query([before]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<String> = (0..fields.len() + 2)
                .map(|at| format!("{:?}", row.get_ref(at).unwrap()))
                .collect();
            all.push(format!("{} {}", table.name, values.join(" ")));
        }
    }
    all
}

/// Two copies imported the same lists before they met, so each key is there twice, under other integers here and there.
#[test]
fn copies_of_a_book_find_the_same_row_by_a_key_that_several_have() {
    let ask = || MergeAsk {
        now: NOW,
        dry_run: false,
        foreign: false,
    };
    let mut ana = store("ana", 1);
    put_all(&mut ana, "first", NOW);
    let mut bo = copy_of(&ana, "bo", 2);
    for (store, now) in [(&mut ana, NOW), (&mut bo, Stamp(NOW.0 + 5))] {
        let mut load = store.load("import", now).unwrap();
        let (n, _) = load
            .put_customer(&CustomerRow {
                external: "K1",
                name: "Acme",
                ..CustomerRow::default()
            })
            .unwrap();
        load.put_contact(&ContactRow {
            external: "P2",
            customer: n,
            name: Some("Lou"),
            ..ContactRow::default()
        })
        .unwrap();
        load.put_ticket(&TicketRow {
            external: "T2",
            customer: n,
            opened: NOW,
            ..TicketRow::default()
        })
        .unwrap();
        load.put_version(&VersionRow {
            external: "V2",
            ..version(n, 100)
        })
        .unwrap();
        load.put_event(&EventRow {
            reference: "H2",
            ..EventRow::new(EventKind::Touch, n, NOW)
        })
        .unwrap();
        load.put_event(&EventRow {
            reference: "H3",
            ..EventRow::new(EventKind::Touch, n, NOW)
        })
        .unwrap();
        load.finish("Imported").unwrap();
    }
    let before = copy_of(&ana, "eve", 3);
    ana.merge_copy(&bo.conn, ask()).unwrap();
    bo.merge_copy(&before.conn, ask()).unwrap();
    assert_eq!(ana.digest().unwrap(), bo.digest().unwrap());
    let mut after = Vec::new();
    for store in [&mut ana, &mut bo] {
        let top: i64 = store
            .conn
            .query_row("SELECT max(n) FROM batch", [], |r| r.get(0))
            .unwrap();
        let mut load = store.load("import", Stamp(NOW.0 + 10)).unwrap();
        let n = load.customer("K1").unwrap().unwrap();
        load.put_contact(&ContactRow {
            external: "P2",
            customer: n,
            name: Some("Lou Ay"),
            ..ContactRow::default()
        })
        .unwrap();
        load.put_ticket(&TicketRow {
            external: "T2",
            customer: n,
            opened: Stamp(NOW.0 - 5),
            ..TicketRow::default()
        })
        .unwrap();
        load.put_version(&VersionRow {
            external: "V2",
            ..version(n, 200)
        })
        .unwrap();
        load.put_event(&EventRow {
            reference: "H2",
            text: Some("hello"),
            ..EventRow::new(EventKind::Touch, n, NOW)
        })
        .unwrap();
        load.remove_event(EventKind::Touch, "H3").unwrap();
        load.put_event(&EventRow {
            reference: "new",
            ..EventRow::new(EventKind::Touch, n, NOW)
        })
        .unwrap();
        load.finish("Imported").unwrap();
        let at: [u8; 16] = store
            .conn
            .query_row("SELECT c.id FROM event e JOIN customer c ON c.n = e.customer WHERE e.reference = 'new'", [], |r| r.get(0))
            .unwrap();
        after.push((at, written(store, top)));
    }
    assert_eq!(after[0], after[1]);
}

#[test]
fn what_no_file_says_of_a_new_row_is_what_new_rows_have() {
    let mut store = store("ana", 1);
    put_all(&mut store, "first", NOW);
    let said: (String, i64, String, i64) = store
        .conn
        .query_row(
            "SELECT currency, mrr, status, count FROM subscription",
            [],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
        )
        .unwrap();
    assert_eq!(
        said,
        (
            store.config().currency.code().to_owned(),
            100,
            "active".to_owned(),
            1
        )
    );
    assert!(store.doctor().unwrap().iter().all(|c| c.ok));
}

#[test]
fn what_a_person_brought_back_no_file_takes_away_again() {
    let mut store = store("ana", 1);
    put_all(&mut store, "first", NOW);
    let cancel = |store: &mut Store| {
        let mut load = store.load("import", NOW).unwrap();
        let outcome = load.remove_event(EventKind::Touch, "H1").unwrap();
        load.finish("Imported").unwrap();
        outcome
    };
    assert_eq!(cancel(&mut store), Some(Outcome::Changed));
    assert_eq!(cancel(&mut store), None);
    let rows = vec![
        store
            .conn
            .query_row("SELECT id FROM event WHERE reference = 'H1'", [], |r| {
                r.get(0).map(Id)
            })
            .unwrap(),
    ];
    let changes = vec![crate::domain::command::Change::set("removed", 0)];
    store
        .write(
            &crate::domain::command::Command::Edit {
                entity: Entity::Event,
                rows,
                changes,
            },
            NOW,
        )
        .unwrap();
    assert_eq!(cancel(&mut store), Some(Outcome::Kept));
}
