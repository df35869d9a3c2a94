use std::fs;

use super::*;
use crate::domain::command::{Command, NewContact, NewCustomer};
use crate::domain::event::EventKind;
use crate::domain::query::{Page, Query};
use crate::domain::time::Stamp;
use crate::domain::touchpoint::TouchDraft;
use crate::error::Kind;
use crate::store::merge::MergeAsk;
use crate::store::outbox::Keep;
use crate::store::tests::{NOW, account, add, options};
use crate::store::{Options, Who};

const SECRET: &str = "Zwetschgenmus";

fn file(folder: &std::path::Path, name: &str, no: u8) -> Store {
    let who = Who {
        person: ["ana", "bo"][usize::from(no)].into(),
        device: Id([no + 1; 16]),
    };
    Store::open(
        &folder.join(name),
        &Options {
            who,
            keep: Keep::In(folder.join(format!("state{no}"))),
            ..options("ana")
        },
    )
    .unwrap()
}

/// A book with one customer who stays and one of whom every kind of row, edit and label speaks.
fn fill(store: &mut Store) -> (Id, Id) {
    let stays = add(store, "Acme", 500);
    let goes = add(store, SECRET, 700);
    let write = |store: &mut Store, command: Command| store.write(&command, NOW).unwrap();
    let contact = NewContact {
        name: format!("Dana {SECRET}"),
        email: format!("dana@{SECRET}.example"),
        ..NewContact::default()
    };
    write(
        store,
        Command::AddContact {
            customer: goes,
            contact,
        },
    );
    let contact = account(store, goes).contacts[0].id;
    write(
        store,
        Command::Nps {
            customer: goes,
            contact: Some(contact),
            score: 2,
            text: format!("{SECRET} is slow"),
            at: None,
        },
    );
    write(
        store,
        Command::Note {
            customers: vec![goes],
            text: format!("a note on {SECRET}"),
            at: None,
        },
    );
    write(
        store,
        Command::Assign {
            customers: vec![goes, stays],
            owner: format!("{SECRET}-owner"),
        },
    );
    write(
        store,
        Command::Assign {
            customers: vec![stays],
            owner: "bo".into(),
        },
    );
    write(
        store,
        Command::Assign {
            customers: vec![goes],
            owner: "chen".into(),
        },
    );
    (stays, goes)
}

fn purge(store: &mut Store, row: Id) {
    store
        .write(
            &Command::Purge {
                entity: Entity::Customer,
                row,
                why: "asked for it".into(),
            },
            NOW,
        )
        .unwrap();
}

fn well(store: &mut Store) {
    let checks = store.doctor().unwrap();
    assert!(
        checks.iter().all(|c| c.ok || c.code == "copies"),
        "{checks:?}"
    );
}

#[test]
fn each_file_beside_the_book_that_still_has_what_was_purged_is_named_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = file(folder.path(), "book.db", 0);
    add(&mut store, "Acme", 500);
    let before = store.back_up("asked", NOW).unwrap();
    let goes = add(&mut store, SECRET, 700);
    let with = store.back_up("before-import", NOW).unwrap();
    // What a restore and a merge have moved away, and what a sync tool has left.
    let beside = |name: &str| with.with_file_name(name);
    let copies = [
        beside("replaced-20261118T110640Z.db"),
        beside("merged-20261118T110640Z-book (1).db"),
        folder.path().join("book (2).db"),
    ];
    for copy in &copies {
        fs::copy(&with, copy).unwrap();
    }
    // What is in a journal is in no page yet.
    let [in_a_journal, damaged] = [
        "replaced-20261118T110641Z.db",
        "replaced-20261118T110642Z.db",
    ]
    .map(beside);
    fs::copy(&before, &in_a_journal).unwrap();
    fs::write(beside("replaced-20261118T110641Z.db-wal"), "something").unwrap();
    fs::write(&damaged, "no book").unwrap();
    let purged = store
        .write(
            &Command::Purge {
                entity: Entity::Customer,
                row: goes,
                why: String::new(),
            },
            NOW,
        )
        .unwrap()
        .batch
        .unwrap();
    let mut has: Vec<_> = copies
        .into_iter()
        .chain([with, in_a_journal, damaged])
        .collect();
    has.sort();
    assert_eq!(store.files_that_still_have(purged).unwrap(), has);
}

#[test]
fn nothing_of_what_was_purged_is_left_in_any_file_and_every_hash_still_fits() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = file(folder.path(), "book.db", 0);
    let (stays, goes) = fill(&mut store);
    store.set_sync(true, None).unwrap();
    assert!(store.exchange().unwrap().given > 5);
    store.roster().unwrap();
    purge(&mut store, goes);
    assert_eq!(store.sweep_purged(), Vec::<String>::new());
    assert_eq!(
        store.roster().unwrap().read().unwrap().len(),
        1,
        "the list knows"
    );
    // The owner's name was another customer's value too, until somebody changed it: that is not the purged one's.
    assert_eq!(account(&mut store, stays).customer.owner, "bo");
    let Page::Search(found) = store
        .answer(&Query::Search {
            text: "slow".into(),
        })
        .unwrap()
    else {
        panic!()
    };
    assert!(found.is_empty());
    well(&mut store);
    store.exchange().unwrap();
    store.close();
    let mut looked = 0;
    let mut folders = vec![folder.path().to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            looked += 1;
            let left = text.matches(&SECRET.to_lowercase()).count();
            // Two edits of the customer who stays say the owner's name.
            let own = text
                .matches(&format!("{SECRET}-owner").to_lowercase())
                .count();
            assert_eq!(left - own, 0, "{}", entry.path().display());
        }
    }
    assert!(looked >= 3, "the book, the outbox and a bundle");
}

#[test]
fn a_merge_carries_a_purge_over_and_brings_nothing_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = file(folder.path(), "a.db", 0);
    let (_, goes) = fill(&mut a);
    a.back_up_to(&folder.path().join("b.db")).unwrap();
    let mut b = file(folder.path(), "b.db", 1);
    // The other one works on while we purge: a new row, an edit, a customer's task.
    b.write(
        &Command::Note {
            customers: vec![goes],
            text: "he called again".into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    b.write(
        &Command::Assign {
            customers: vec![goes],
            owner: "dana".into(),
        },
        NOW,
    )
    .unwrap();
    purge(&mut a, goes);
    let ask = MergeAsk {
        now: NOW,
        dry_run: false,
        foreign: false,
    };
    let paths = [folder.path().join("a.db"), folder.path().join("b.db")];
    for _ in 0..2 {
        assert_eq!(a.merge(&paths[1], ask).unwrap().left_out, []);
        assert_eq!(b.merge(&paths[0], ask).unwrap().left_out, []);
    }
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
    for store in [&mut a, &mut b] {
        let rows: i64 = store
            .conn
            .query_row("SELECT count(*) FROM customer", [], |r| r.get(0))
            .unwrap();
        let notes: i64 = store
            .conn
            .query_row(
                "SELECT count(*) FROM event WHERE text LIKE '%called again%'",
                [],
                |r| r.get(0),
            )
            .unwrap();
        assert_eq!((rows, notes), (1, 0));
        well(store);
    }
}

#[test]
fn a_purge_is_not_taken_back_and_of_one_person_leaves_the_rest() {
    let mut store = crate::store::tests::book();
    let acme = add(&mut store, "Acme", 500);
    for name in ["Dana", "Eli"] {
        let contact = NewContact {
            name: name.into(),
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
    }
    let dana = store.find_contacts("dana").unwrap();
    assert_eq!(dana.len(), 1);
    store
        .write(
            &Command::Nps {
                customer: acme,
                contact: Some(dana[0].0),
                score: 9,
                text: String::new(),
                at: None,
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::Purge {
                entity: Entity::Contact,
                row: dana[0].0,
                why: String::new(),
            },
            NOW,
        )
        .unwrap();
    let page = account(&mut store, acme);
    assert_eq!(
        (
            page.contacts.len(),
            page.contacts[0].name.as_str(),
            page.nps.len()
        ),
        (1, "Eli", 0)
    );
    let refused = store
        .write(
            &Command::Undo {
                batch: None,
                force: true,
            },
            NOW,
        )
        .unwrap_err();
    assert_eq!(refused.kind, Kind::Usage);
    let again = store
        .write(
            &Command::Purge {
                entity: Entity::Contact,
                row: dana[0].0,
                why: String::new(),
            },
            Stamp(NOW.0 + 1),
        )
        .unwrap_err();
    assert_eq!(again.kind, Kind::NotFound);
    let new = NewCustomer {
        name: "Other".into(),
        ..NewCustomer::default()
    };
    store.write(&Command::AddCustomer(new), NOW).unwrap();
    well(&mut store);
}

/// A customer with three contacts, and a touch with these of them, the first one first.
fn meet(store: &mut Store, customers: &[Id], people: &[Id], text: &str) {
    let touch = TouchDraft {
        channel: "phone".into(),
        contacts: people.to_vec(),
        text: text.into(),
        minutes: Some(30),
        ..TouchDraft::default()
    };
    store
        .write(
            &Command::LogTouch {
                customers: customers.to_vec(),
                touch,
            },
            NOW,
        )
        .unwrap();
}

fn people(store: &mut Store, customer: Id, names: &[&str]) -> Vec<Id> {
    for name in names {
        let contact = NewContact {
            name: (*name).into(),
            ..NewContact::default()
        };
        store
            .write(&Command::AddContact { customer, contact }, NOW)
            .unwrap();
    }
    names
        .iter()
        .map(|name| store.find_contacts(name).unwrap()[0].0)
        .collect()
}

/// Texts of the touches of a customer with whom they name, in the order of their texts.
fn met(store: &mut Store, customer: Id) -> Vec<(String, String, usize)> {
    let events = account(store, customer)
        .events
        .into_iter()
        .filter(|e| e.kind == EventKind::Touch);
    let with = |e: &crate::domain::event::Event| {
        e.more
            .get("with")
            .and_then(|w| w.as_array())
            .map_or(0, Vec::len)
    };
    let mut all: Vec<_> = events
        .map(|e| (e.text.clone(), e.contact_name.clone(), with(&e)))
        .collect();
    all.sort();
    all
}

#[test]
fn a_meeting_stays_with_the_others_when_one_who_was_there_is_purged() {
    let (mut a, mut b, acme) = crate::store::merge::tests::pair();
    let all = people(&mut a, acme, &["Kim Lee", "Lou Ray", "Max Orr"]);
    let (kim, lou, max) = (all[0], all[1], all[2]);
    meet(&mut a, &[acme], &[kim, lou, max], "1 budget agreed");
    meet(&mut a, &[acme], &[lou, kim], "2 second meeting");
    meet(&mut a, &[acme], &[kim], "3 alone");
    let plan = a.purge_plan(Entity::Contact, kim).unwrap();
    assert_eq!(
        plan.goes,
        [("touch".to_owned(), 2), ("contact".to_owned(), 1)]
    );
    assert_eq!(
        plan.stay.iter().map(|s| s.1.as_str()).collect::<Vec<_>>(),
        ["1 budget agreed"]
    );
    let purge = Command::Purge {
        entity: Entity::Contact,
        row: kim,
        why: String::new(),
    };
    let label = a.write(&purge, NOW).unwrap().label;
    assert_eq!(
        label,
        "Purged a contact with 2 rows, and left 1 meeting to the others who were there"
    );
    let left = [
        ("1 budget agreed".to_owned(), "Lou Ray".to_owned(), 2),
        ("2 second meeting".to_owned(), "Lou Ray".to_owned(), 0),
    ];
    assert_eq!(met(&mut a, acme), left);
    crate::store::merge::tests::both(&mut a, &mut b);
    assert_eq!(met(&mut b, acme), left);
    well(&mut b);
    a.write(
        &Command::Purge {
            entity: Entity::Contact,
            row: lou,
            why: String::new(),
        },
        NOW,
    )
    .unwrap();
    crate::store::merge::tests::both(&mut b, &mut a);
    assert_eq!(
        met(&mut b, acme),
        [("1 budget agreed".to_owned(), "Max Orr".to_owned(), 0)]
    );
}

#[test]
fn a_customer_is_purged_whose_people_were_in_a_meeting_with_another() {
    let mut store = crate::store::tests::book();
    let (acme, beta) = (add(&mut store, "Acme", 500), add(&mut store, "Beta", 500));
    let (kim, lou) = (
        people(&mut store, acme, &["Kim Lee"])[0],
        people(&mut store, beta, &["Lou Ray"])[0],
    );
    meet(&mut store, &[acme, beta], &[kim], "1 alone");
    meet(&mut store, &[acme, beta], &[kim, lou], "2 together");
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
    assert_eq!(
        met(&mut store, beta),
        [("2 together".to_owned(), "Lou Ray".to_owned(), 0)]
    );
    well(&mut store);
}

/// Every file below a folder in which a text still stands, whatever its case.
fn files_with(folder: &std::path::Path, secret: &str) -> Vec<std::path::PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap())
                .to_lowercase()
                .contains(&secret.to_lowercase())
            {
                found.push(entry.path());
            }
        }
    }
    found
}

fn tag(customers: &[Id], tag: &str) -> Command {
    Command::Tag {
        customers: customers.to_vec(),
        add: vec![tag.into()],
        remove: Vec::new(),
    }
}

fn tagged(store: &Store, tag: &str) -> i64 {
    store
        .conn
        .query_row("SELECT count(*) FROM customer WHERE tags = ?", [tag], |r| {
            r.get(0)
        })
        .unwrap()
}

#[test]
fn what_a_change_did_to_others_than_the_purged_one_is_written_again_to_an_older_copy() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = file(folder.path(), "book.db", 0);
    let stay: Vec<Id> = ["Acme", "Beta", "Gamma"]
        .iter()
        .map(|name| add(&mut store, name, 500))
        .collect();
    let goes = add(&mut store, SECRET, 700);
    let saved = folder.path().join("saved");
    store.back_up_to(&saved).unwrap();
    let all: Vec<Id> = stay.iter().copied().chain([goes]).collect();
    store.write(&tag(&all, "vip"), NOW).unwrap();
    store
        .write(
            &Command::Note {
                customers: all.clone(),
                text: "for all".into(),
                at: None,
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::Note {
                customers: vec![goes],
                text: format!("only {SECRET}"),
                at: None,
            },
            NOW,
        )
        .unwrap();
    // Made and changed in one change: what the row said when it was made is not what stands there.
    store
        .write(
            &Command::Assign {
                customers: all,
                owner: "dana".into(),
            },
            NOW,
        )
        .unwrap();
    purge(&mut store, goes);
    assert_eq!(store.sweep_purged(), Vec::<String>::new());
    let whole = store.digest().unwrap();
    store.close();
    assert!(files_with(&folder.path().join("state0"), SECRET).is_empty());
    std::fs::remove_file(folder.path().join("book.db")).unwrap();
    std::fs::rename(saved, folder.path().join("book.db")).unwrap();
    let mut store = file(folder.path(), "book.db", 0);
    assert_eq!(
        (tagged(&store, "vip"), store.waiting().unwrap().len()),
        (3, 0)
    );
    let notes: i64 = store
        .conn
        .query_row(
            "SELECT count(*) FROM event WHERE text = 'for all'",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!((notes, store.digest().unwrap()), (3, whole));
    well(&mut store);
}

#[test]
fn what_waits_is_done_to_the_others_and_what_was_about_the_purged_one_alone_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = file(folder.path(), "book.db", 0);
    let stay = [add(&mut store, "Acme", 500), add(&mut store, "Beta", 500)];
    let goes = add(&mut store, SECRET, 700);
    let mut other = file(folder.path(), "book.db", 1);
    store.wait_at_most(Some(0));
    let held = Connection::open(folder.path().join("book.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let reasons = vec!["a".into(), "b".into(), "c".into()];
    for command in [
        tag(&[stay[0], goes, stay[1]], "vip"),
        Command::DoneWith {
            customers: vec![goes, stay[0], stay[1]],
            reasons,
        },
        Command::Note {
            customers: vec![goes],
            text: format!("{SECRET} called"),
            at: None,
        },
        Command::Nps {
            customer: goes,
            contact: None,
            score: 3,
            text: SECRET.into(),
            at: None,
        },
    ] {
        assert!(
            store.write(&command, NOW).unwrap().queued.is_some(),
            "{command:?}"
        );
    }
    held.execute_batch("ROLLBACK").unwrap();
    purge(&mut other, goes);
    store.catch_up().unwrap();
    assert_eq!(
        (tagged(&store, "vip"), store.waiting().unwrap().len()),
        (2, 0)
    );
    let done: String = store
        .conn
        .query_row("SELECT done FROM customer WHERE id = ?", [&stay[0]], |r| {
            r.get(0)
        })
        .unwrap();
    assert_eq!(done, "b", "to each what stood beside it");
    let told = store.news().join("; ");
    assert!(
        told.contains("(note) was about what is purged") && told.contains("(nps)"),
        "{told}"
    );
    assert!(files_with(&folder.path().join("state0"), SECRET).is_empty());
    well(&mut store);
}

#[test]
fn damaged_lines_of_the_outbox_go_with_a_purge_and_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = file(folder.path(), "book.db", 0);
    let goes = add(&mut store, SECRET, 700);
    let acme = add(&mut store, "Acme", 500);
    let outbox = store.outbox.clone().unwrap();
    let mut bytes = std::fs::read(outbox.file()).unwrap();
    let at = bytes
        .windows(SECRET.len())
        .position(|w| w == SECRET.as_bytes())
        .unwrap();
    bytes[at + SECRET.len() + 3] ^= 1;
    std::fs::write(outbox.file(), bytes).unwrap();
    purge(&mut store, goes);
    store.sweep_purged();
    let told = store.news().join("; ");
    assert!(
        told.contains("1 damaged lines of your outbox are gone"),
        "{told}"
    );
    assert!(files_with(&folder.path().join("state0"), SECRET).is_empty());
    assert!(
        outbox
            .read()
            .unwrap()
            .entries
            .iter()
            .any(|e| e.customer == Some(acme)),
        "the others stay"
    );
}

/// What one of three copies does.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Does {
    Purges,
    Merges,
    Undoes,
}

/// Two customers, the second with a text of every kind, in copies that do this apart and then meet in every order.
fn apart(does: [&[Does]; 3], target: bool) {
    use crate::domain::task::TaskDraft;
    use crate::store::merge::tests::{copy_of, take_at};
    let folder = tempfile::tempdir().unwrap();
    let mut first = crate::store::tests::book();
    let (acme, twin) = (
        add(&mut first, "Acme Food", 500),
        add(&mut first, SECRET, 500),
    );
    let dana = NewContact {
        name: format!("Dana {SECRET}"),
        ..NewContact::default()
    };
    first
        .write(
            &Command::AddContact {
                customer: twin,
                contact: dana,
            },
            NOW,
        )
        .unwrap();
    first
        .write(
            &Command::Note {
                customers: vec![twin],
                text: format!("{SECRET} words"),
                at: None,
            },
            NOW,
        )
        .unwrap();
    let task = TaskDraft {
        title: format!("{SECRET} task"),
        ..TaskDraft::default()
    };
    first
        .write(
            &Command::AddTask {
                customers: vec![twin],
                task,
            },
            NOW,
        )
        .unwrap();
    let mut copies: Vec<Store> = (0..3).map(|no| copy_of(&first, no)).collect();
    let mut now = NOW.0;
    for (copy, does) in copies.iter_mut().zip(does) {
        for one in does {
            now += 1000;
            let command = match one {
                Does::Purges => Command::Purge {
                    entity: Entity::Customer,
                    row: if target { acme } else { twin },
                    why: String::new(),
                },
                Does::Merges => Command::MergeCustomers {
                    keep: acme,
                    other: twin,
                },
                Does::Undoes => Command::Undo {
                    batch: None,
                    force: false,
                },
            };
            copy.write(&command, Stamp(now))
                .unwrap_or_else(|e| panic!("{command:?}: {e}"));
        }
    }
    let mut ends = BTreeSet::new();
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let path = folder.path().join(format!("{order:?}.db"));
        copies[order[0]]
            .conn
            .execute("VACUUM INTO ?", [path.to_str().unwrap()])
            .unwrap();
        let mut end = Store::open(&path, &options("eli")).unwrap();
        for at in &order[1..] {
            assert_eq!(take_at(&mut end, &copies[*at], Stamp(now)).left_out, []);
        }
        well(&mut end);
        let shown: String = end
            .conn
            .query_row(
                "SELECT (SELECT group_concat(text) FROM event) || (SELECT count(*) FROM task) || (SELECT count(*) FROM contact)",
                [],
                |r| r.get::<_, Option<String>>(0),
            )
            .unwrap()
            .unwrap_or_default();
        ends.insert((end.digest().unwrap(), shown));
        end.sweep_purged();
        end.close();
        let purged = does.iter().any(|does| does.contains(&Does::Purges));
        // The other of two that were made one is not purged with it: its own row stays, and leaves the lists.
        let left =
            String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(&format!("{SECRET} "));
        assert_eq!(left, !purged, "{does:?} {target} {order:?}");
        // A copy that has all of it teaches those that do not.
        let all = Store::open(&path, &options("eli")).unwrap();
        for copy in &copies {
            let mut copy = copy_of(copy, 3);
            take_at(&mut copy, &all, Stamp(now));
            assert_eq!(
                copy.digest().unwrap(),
                all.digest().unwrap(),
                "{does:?} {target} {order:?}"
            );
            well(&mut copy);
        }
    }
    assert_eq!(
        ends.len(),
        1,
        "{does:?} {target}: every order ends the same"
    );
}

#[test]
fn a_purge_here_and_a_merging_of_the_same_customer_there_end_the_same_in_every_order() {
    use Does::{Merges, Purges, Undoes};
    for target in [false, true] {
        apart([&[Purges], &[Merges], &[]], target);
        apart([&[Purges], &[Merges, Undoes], &[]], target);
        apart([&[Purges], &[Merges], &[Purges]], target);
        apart([&[Purges], &[Merges], &[Merges]], target);
        apart([&[Merges, Purges], &[Purges], &[]], target);
        apart([&[Merges, Undoes], &[Merges], &[Purges]], target);
    }
}

#[test]
fn what_had_left_a_customer_before_its_purge_stays_where_it_went() {
    let (mut a, mut b, acme) = crate::store::merge::tests::pair();
    let twin = add(&mut a, "Twin", 500);
    a.write(
        &Command::Note {
            customers: vec![twin],
            text: "his own".into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    a.write(
        &Command::MergeCustomers {
            keep: acme,
            other: twin,
        },
        NOW,
    )
    .unwrap();
    a.write(
        &Command::Undo {
            batch: None,
            force: false,
        },
        NOW,
    )
    .unwrap();
    purge(&mut a, acme);
    crate::store::merge::tests::both(&mut a, &mut b);
    for store in [&mut a, &mut b] {
        let left: Vec<String> = account(store, twin)
            .events
            .into_iter()
            .filter(|e| e.kind == EventKind::Note)
            .map(|e| e.text)
            .collect();
        assert_eq!(left, ["his own"], "what was taken back took nothing along");
    }
    // And with a purge of an earlier version, which does not say what it knew.
    let (mut a, mut b, acme) = crate::store::merge::tests::pair();
    let twin = add(&mut a, "Twin", 500);
    a.write(
        &Command::Note {
            customers: vec![twin],
            text: "his own".into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    a.write(
        &Command::MergeCustomers {
            keep: acme,
            other: twin,
        },
        NOW,
    )
    .unwrap();
    let row: Id = a
        .conn
        .query_row("SELECT id FROM event WHERE text = 'his own'", [], |r| {
            r.get(0).map(Id)
        })
        .unwrap();
    let moved = a.last_batch().unwrap();
    a.write(
        &Command::Note {
            customers: vec![acme],
            text: "later".into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    let knew = |batch: i64| Knew::of(&a.conn, None, batch).unwrap();
    assert!(!goes_with(&a.conn, row, twin, &knew(a.last_batch().unwrap())).unwrap());
    assert!(
        goes_with(&a.conn, row, twin, &knew(moved)).unwrap(),
        "one that came before the move takes it"
    );
    assert!(goes_with(&a.conn, row, acme, &Knew::Said(HashSet::new())).unwrap());
    crate::store::merge::tests::both(&mut a, &mut b);
}

#[test]
fn with_a_customer_go_those_that_were_made_one_with_it() {
    let mut store = crate::store::tests::book();
    let (acme, twin, third) = (
        add(&mut store, "Acme", 500),
        add(&mut store, SECRET, 500),
        add(&mut store, "Third", 0),
    );
    store
        .write(
            &Command::MergeCustomers {
                keep: twin,
                other: third,
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::MergeCustomers {
                keep: acme,
                other: twin,
            },
            NOW,
        )
        .unwrap();
    purge(&mut store, acme);
    let left: i64 = store
        .conn
        .query_row("SELECT count(*) FROM customer", [], |r| r.get(0))
        .unwrap();
    assert_eq!(left, 0);
    well(&mut store);
}

#[test]
fn one_text_is_purged_with_every_word_that_it_ever_had() {
    use crate::domain::task::TaskDraft;
    let folder = tempfile::tempdir().unwrap();
    let mut a = file(folder.path(), "a.db", 0);
    let acme = add(&mut a, "Acme", 500);
    a.back_up_to(&folder.path().join("b.db")).unwrap();
    let mut b = file(folder.path(), "b.db", 1);
    a.write(
        &Command::Note {
            customers: vec![acme],
            text: format!("{SECRET} in a note"),
            at: None,
        },
        NOW,
    )
    .unwrap();
    let task = TaskDraft {
        title: format!("{SECRET} in a task"),
        ..TaskDraft::default()
    };
    a.write(
        &Command::AddTask {
            customers: vec![acme],
            task,
        },
        NOW,
    )
    .unwrap();
    a.write(
        &Command::StartPlay {
            customers: vec![acme],
            playbook: "onboard".into(),
            from: None,
        },
        NOW,
    )
    .unwrap();
    let id = |store: &Store, query: &str| {
        store
            .conn
            .query_row(query, [], |r| r.get(0).map(Id))
            .unwrap()
    };
    let note = id(&a, "SELECT id FROM event WHERE text LIKE '%in a note'");
    let task = id(&a, "SELECT id FROM task WHERE title LIKE '%in a task'");
    let step = id(&a, "SELECT task FROM step LIMIT 1");
    let ask = MergeAsk {
        now: NOW,
        dry_run: false,
        foreign: false,
    };
    b.merge(&folder.path().join("a.db"), ask).unwrap();
    // Mended words are still in the history; the other copy mends them once more.
    for (store, entity, row, field) in [
        (&mut a, Entity::Event, note, "text"),
        (&mut b, Entity::Task, task, "title"),
    ] {
        let changes = vec![crate::domain::command::Change::set(
            field,
            format!("{SECRET} mended"),
        )];
        store
            .write(
                &Command::Edit {
                    entity,
                    rows: vec![row],
                    changes,
                },
                NOW,
            )
            .unwrap();
    }
    for (entity, row) in [
        (Entity::Event, note),
        (Entity::Task, task),
        (Entity::Task, step),
    ] {
        a.write(
            &Command::Purge {
                entity,
                row,
                why: String::new(),
            },
            NOW,
        )
        .unwrap();
    }
    let steps: i64 = a
        .conn
        .query_row("SELECT count(*) FROM step WHERE task = ?", [&step], |r| {
            r.get(0)
        })
        .unwrap();
    assert_eq!(steps, 0, "a step goes with its task");
    for _ in 0..2 {
        b.merge(&folder.path().join("a.db"), ask).unwrap();
        a.merge(&folder.path().join("b.db"), ask).unwrap();
    }
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
    for mut store in [a, b] {
        well(&mut store);
        assert_eq!(store.sweep_purged(), Vec::<String>::new());
        let again = store
            .write(
                &Command::Purge {
                    entity: Entity::Event,
                    row: note,
                    why: String::new(),
                },
                NOW,
            )
            .unwrap_err();
        assert_eq!(again.kind, Kind::NotFound);
        store.close();
    }
    // Backups of before are what nobody can reach.
    let _ = std::fs::remove_dir_all(folder.path().join(".a.db.backups"));
    let _ = std::fs::remove_dir_all(folder.path().join(".b.db.backups"));
    assert_eq!(
        files_with(folder.path(), SECRET),
        Vec::<std::path::PathBuf>::new()
    );
}

#[test]
fn every_text_is_found_behind_a_purge_of_the_first_of_the_last_and_of_one_between() {
    for at in [0, 1, 2] {
        let mut store = crate::store::tests::book();
        let all: Vec<Id> = ["Acme", "Beta", "Gamma"]
            .iter()
            .map(|name| add(&mut store, name, 0))
            .collect();
        let fill = |store: &mut Store, customer: Id, word: &str| {
            let contact = NewContact {
                name: format!("{word} Person"),
                ..NewContact::default()
            };
            store
                .write(&Command::AddContact { customer, contact }, NOW)
                .unwrap();
            store
                .write(
                    &Command::Note {
                        customers: vec![customer],
                        text: format!("{word} words"),
                        at: None,
                    },
                    NOW,
                )
                .unwrap();
        };
        for (customer, word) in all.iter().zip(["first", "second", "third"]) {
            fill(&mut store, *customer, word);
        }
        purge(&mut store, all[at]);
        for word in ["fourth", "fifth"] {
            fill(&mut store, all[(at + 1) % 3], word);
            let Page::Search(found) = store.answer(&Query::Search { text: word.into() }).unwrap()
            else {
                panic!()
            };
            assert!(!found.is_empty(), "{word} behind a purge of {at}");
            assert_eq!(
                search::people(&store.conn, word).unwrap().len(),
                1,
                "{word} behind a purge of {at}"
            );
        }
        well(&mut store);
    }
}

#[test]
fn bundles_forget_what_goes_because_it_was_moved_to_somebody_who_is_purged_already() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = file(folder.path(), "a.db", 0);
    let (acme, twin) = (add(&mut a, "Acme", 500), add(&mut a, "Twin", 500));
    a.write(
        &Command::Note {
            customers: vec![twin],
            text: format!("{SECRET} words"),
            at: None,
        },
        NOW,
    )
    .unwrap();
    a.set_sync(true, None).unwrap();
    a.exchange().unwrap();
    a.back_up_to(&folder.path().join("b.db")).unwrap();
    let mut b = file(folder.path(), "b.db", 1);
    purge(&mut a, acme);
    a.sweep_purged();
    let bundles = a.sync_folder();
    assert_eq!(
        files_with(&bundles, SECRET).len(),
        1,
        "the twin is none of it yet"
    );
    b.write(
        &Command::MergeCustomers {
            keep: acme,
            other: twin,
        },
        NOW,
    )
    .unwrap();
    let ask = MergeAsk {
        now: NOW,
        dry_run: false,
        foreign: false,
    };
    assert_eq!(
        a.merge(&folder.path().join("b.db"), ask).unwrap().left_out,
        []
    );
    assert_eq!(
        files_with(&bundles, SECRET),
        Vec::<std::path::PathBuf>::new()
    );
    well(&mut a);
}

/// A row that a customer had left before the purge is made at somebody of whom only the digest comes: it is to stay where it went, in every
/// copy that has seen nothing of it before, whichever way it comes.
#[test]
fn what_had_left_a_customer_before_its_purge_comes_to_who_never_saw_the_customer() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = file(folder.path(), "a.db", 0);
    let acme = add(&mut a, "Acme", 500);
    let with_acme = folder.path().join("b.db");
    a.back_up_to(&with_acme).unwrap();
    let before = a.back_up("asked", NOW).unwrap();
    let twin = add(&mut a, SECRET, 500);
    a.write(
        &Command::Note {
            customers: vec![twin],
            text: "went over".into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    a.write(
        &Command::MergeCustomers {
            keep: acme,
            other: twin,
        },
        NOW,
    )
    .unwrap();
    purge(&mut a, twin);
    a.sweep_purged();
    let (digest, rows) = (a.digest().unwrap(), crate::store::merge::tests::rows_of(&a));
    let same = |store: &mut Store, how: &str| {
        assert_eq!(store.digest().unwrap(), digest, "{how}");
        assert_eq!(crate::store::merge::tests::rows_of(store), rows, "{how}");
        let notes: Vec<String> = account(store, acme)
            .events
            .into_iter()
            .map(|e| e.text)
            .filter(|t| t == "went over")
            .collect();
        assert_eq!(notes, ["went over"], "{how}");
        let standing: i64 = store
            .conn
            .query_row("SELECT count(*) FROM customer", [], |r| r.get(0))
            .unwrap();
        assert_eq!(standing, 1, "{how}");
        well(store);
    };
    let mut b = file(folder.path(), "b.db", 1);
    assert_eq!(
        b.merge(
            &folder.path().join("a.db"),
            MergeAsk {
                now: NOW,
                dry_run: false,
                foreign: false
            }
        )
        .unwrap()
        .left_out,
        []
    );
    same(&mut b, "a merge");
    let sync = folder.path().join("sync");
    a.set_sync(true, Some(&sync)).unwrap();
    a.exchange().unwrap();
    let who = Who {
        person: "chen".into(),
        device: Id([3; 16]),
    };
    let joining = Options {
        who,
        keep: Keep::In(folder.path().join("state2")),
        ..options("ana")
    };
    let (mut c, joined) = Store::join(&folder.path().join("c.db"), &sync, &joining).unwrap();
    assert_eq!(joined.wrong, Vec::<String>::new());
    c.accept_purges().unwrap();
    c.exchange().unwrap();
    same(&mut c, "a sync folder");
    a.set_sync(false, None).unwrap();
    a.close();
    fs::copy(&before, folder.path().join("a.db")).unwrap();
    let mut a = file(folder.path(), "a.db", 0);
    assert_eq!(
        a.news(),
        ["4 changes of yours that the book lacked were written again from your outbox"]
    );
    same(&mut a, "an outbox");
}

/// Whoever was made one with another goes with that one, and what had moved between the two: also where the other came only purged.
#[test]
fn what_had_moved_to_somebody_who_came_purged_goes_with_both() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = file(folder.path(), "a.db", 0);
    add(&mut a, "Acme", 500);
    let goes = add(&mut a, SECRET, 500);
    a.write(
        &Command::Note {
            customers: vec![goes],
            text: "moved".into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    a.back_up_to(&folder.path().join("b.db")).unwrap();
    let before = a.back_up("asked", NOW).unwrap();
    let twin = add(&mut a, "Twin", 500);
    a.write(
        &Command::MergeCustomers {
            keep: twin,
            other: goes,
        },
        NOW,
    )
    .unwrap();
    purge(&mut a, twin);
    let (digest, rows) = (a.digest().unwrap(), crate::store::merge::tests::rows_of(&a));
    let mut b = file(folder.path(), "b.db", 1);
    assert_eq!(
        b.merge(
            &folder.path().join("a.db"),
            MergeAsk {
                now: NOW,
                dry_run: false,
                foreign: false
            }
        )
        .unwrap()
        .left_out,
        []
    );
    a.sweep_purged();
    a.close();
    fs::copy(&before, folder.path().join("a.db")).unwrap();
    let a = file(folder.path(), "a.db", 0);
    for mut store in [a, b] {
        assert_eq!(
            (
                store.digest().unwrap(),
                crate::store::merge::tests::rows_of(&store)
            ),
            (digest.clone(), rows.clone())
        );
        well(&mut store);
    }
}
