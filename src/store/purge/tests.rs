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
    let who = Who { person: ["ana", "bo"][usize::from(no)].into(), device: Id([no + 1; 16]) };
    Store::open(&folder.join(name), &Options { who, keep: Keep::In(folder.join(format!("state{no}"))), ..options("ana") }).unwrap()
}

/// A book with one customer who stays and one of whom every kind of row, edit and label speaks.
fn fill(store: &mut Store) -> (Id, Id) {
    let stays = add(store, "Acme", 500);
    let goes = add(store, SECRET, 700);
    let write = |store: &mut Store, command: Command| store.write(&command, NOW).unwrap();
    let contact = NewContact { name: format!("Dana {SECRET}"), email: format!("dana@{SECRET}.example"), ..NewContact::default() };
    write(store, Command::AddContact { customer: goes, contact });
    let contact = account(store, goes).contacts[0].id;
    write(store, Command::Nps { customer: goes, contact: Some(contact), score: 2, text: format!("{SECRET} is slow"), at: None });
    write(store, Command::Note { customers: vec![goes], text: format!("a note on {SECRET}"), at: None });
    write(store, Command::Assign { customers: vec![goes, stays], owner: format!("{SECRET}-owner") });
    write(store, Command::Assign { customers: vec![stays], owner: "bo".into() });
    write(store, Command::Assign { customers: vec![goes], owner: "chen".into() });
    (stays, goes)
}

fn purge(store: &mut Store, row: Id) {
    store.write(&Command::Purge { entity: Entity::Customer, row, why: "asked for it".into() }, NOW).unwrap();
}

fn well(store: &mut Store) {
    let checks = store.doctor().unwrap();
    assert!(checks.iter().all(|c| c.ok || c.code == "copies"), "{checks:?}");
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
    assert_eq!(store.roster().unwrap().read().unwrap().len(), 1, "the list knows");
    // The owner's name was another customer's value too, until somebody changed it: that is not the purged one's.
    assert_eq!(account(&mut store, stays).customer.owner, "bo");
    let Page::Search(found) = store.answer(&Query::Search { text: "slow".into() }).unwrap() else { panic!() };
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
            let own = text.matches(&format!("{SECRET}-owner").to_lowercase()).count();
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
    b.write(&Command::Note { customers: vec![goes], text: "he called again".into(), at: None }, NOW).unwrap();
    b.write(&Command::Assign { customers: vec![goes], owner: "dana".into() }, NOW).unwrap();
    purge(&mut a, goes);
    let ask = MergeAsk { now: NOW, dry_run: false, foreign: false };
    let paths = [folder.path().join("a.db"), folder.path().join("b.db")];
    for _ in 0..2 {
        assert_eq!(a.merge(&paths[1], ask).unwrap().left_out, []);
        assert_eq!(b.merge(&paths[0], ask).unwrap().left_out, []);
    }
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
    for store in [&mut a, &mut b] {
        let rows: i64 = store.conn.query_row("SELECT count(*) FROM customer", [], |r| r.get(0)).unwrap();
        let notes: i64 = store.conn.query_row("SELECT count(*) FROM event WHERE text LIKE '%called again%'", [], |r| r.get(0)).unwrap();
        assert_eq!((rows, notes), (1, 0));
        well(store);
    }
}

#[test]
fn a_purge_is_not_taken_back_and_of_one_person_leaves_the_rest() {
    let mut store = crate::store::tests::book();
    let acme = add(&mut store, "Acme", 500);
    for name in ["Dana", "Eli"] {
        let contact = NewContact { name: name.into(), ..NewContact::default() };
        store.write(&Command::AddContact { customer: acme, contact }, NOW).unwrap();
    }
    let dana = store.find_contacts("dana").unwrap();
    assert_eq!(dana.len(), 1);
    store.write(&Command::Nps { customer: acme, contact: Some(dana[0].0), score: 9, text: String::new(), at: None }, NOW).unwrap();
    store.write(&Command::Purge { entity: Entity::Contact, row: dana[0].0, why: String::new() }, NOW).unwrap();
    let page = account(&mut store, acme);
    assert_eq!((page.contacts.len(), page.contacts[0].name.as_str(), page.nps.len()), (1, "Eli", 0));
    let refused = store.write(&Command::Undo { batch: None, force: true }, NOW).unwrap_err();
    assert_eq!(refused.kind, Kind::Usage);
    let again = store.write(&Command::Purge { entity: Entity::Contact, row: dana[0].0, why: String::new() }, Stamp(NOW.0 + 1)).unwrap_err();
    assert_eq!(again.kind, Kind::NotFound);
    let new = NewCustomer { name: "Other".into(), ..NewCustomer::default() };
    store.write(&Command::AddCustomer(new), NOW).unwrap();
    well(&mut store);
}

/// A customer with three contacts, and a touch with these of them, the first one first.
fn meet(store: &mut Store, customers: &[Id], people: &[Id], text: &str) {
    let touch =
        TouchDraft { channel: "phone".into(), contacts: people.to_vec(), text: text.into(), minutes: Some(30), ..TouchDraft::default() };
    store.write(&Command::LogTouch { customers: customers.to_vec(), touch }, NOW).unwrap();
}

fn people(store: &mut Store, customer: Id, names: &[&str]) -> Vec<Id> {
    for name in names {
        let contact = NewContact { name: (*name).into(), ..NewContact::default() };
        store.write(&Command::AddContact { customer, contact }, NOW).unwrap();
    }
    names.iter().map(|name| store.find_contacts(name).unwrap()[0].0).collect()
}

/// Texts of the touches of a customer with whom they name, in the order of their texts.
fn met(store: &mut Store, customer: Id) -> Vec<(String, String, usize)> {
    let events = account(store, customer).events.into_iter().filter(|e| e.kind == EventKind::Touch);
    let with = |e: &crate::domain::event::Event| e.more.get("with").and_then(|w| w.as_array()).map_or(0, Vec::len);
    let mut all: Vec<_> = events.map(|e| (e.text.clone(), e.contact_name.clone(), with(&e))).collect();
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
    assert_eq!(plan.goes, [("touch".to_owned(), 2), ("contact".to_owned(), 1)]);
    assert_eq!(plan.stay.iter().map(|s| s.1.as_str()).collect::<Vec<_>>(), ["1 budget agreed"]);
    let purge = Command::Purge { entity: Entity::Contact, row: kim, why: String::new() };
    let label = a.write(&purge, NOW).unwrap().label;
    assert_eq!(label, "Purged a contact with 2 rows, and left 1 meeting to the others who were there");
    let left = [("1 budget agreed".to_owned(), "Lou Ray".to_owned(), 2), ("2 second meeting".to_owned(), "Lou Ray".to_owned(), 0)];
    assert_eq!(met(&mut a, acme), left);
    crate::store::merge::tests::both(&mut a, &mut b);
    assert_eq!(met(&mut b, acme), left);
    well(&mut b);
    a.write(&Command::Purge { entity: Entity::Contact, row: lou, why: String::new() }, NOW).unwrap();
    crate::store::merge::tests::both(&mut b, &mut a);
    assert_eq!(met(&mut b, acme), [("1 budget agreed".to_owned(), "Max Orr".to_owned(), 0)]);
}

#[test]
fn a_customer_is_purged_whose_people_were_in_a_meeting_with_another() {
    let mut store = crate::store::tests::book();
    let (acme, beta) = (add(&mut store, "Acme", 500), add(&mut store, "Beta", 500));
    let (kim, lou) = (people(&mut store, acme, &["Kim Lee"])[0], people(&mut store, beta, &["Lou Ray"])[0]);
    meet(&mut store, &[acme, beta], &[kim], "1 alone");
    meet(&mut store, &[acme, beta], &[kim, lou], "2 together");
    store.write(&Command::Purge { entity: Entity::Customer, row: acme, why: String::new() }, NOW).unwrap();
    assert_eq!(met(&mut store, beta), [("2 together".to_owned(), "Lou Ray".to_owned(), 0)]);
    well(&mut store);
}
