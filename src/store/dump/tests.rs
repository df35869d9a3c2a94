use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;
use crate::domain::command::{Command, Entity, NewContact};
use crate::domain::id::Id;
use crate::domain::sheet::Datum;
use crate::domain::time::Stamp;
use crate::store::tests::{NOW, add, any_command, book, options};

fn dumped(store: &Store) -> Vec<u8> {
    let mut out = Vec::new();
    store.dump(&mut out).unwrap();
    out
}

/// Every row that stands, with its table.
pub(crate) fn facts(store: &Store) -> Vec<(&'static str, Vec<Datum>)> {
    let mut all = Vec::new();
    for table in crate::store::facts::tables() {
        store
            .facts(table.name, &mut |row| {
                all.push((table.name, row.to_vec()));
                Ok(())
            })
            .unwrap();
    }
    all
}

fn loaded(folder: &Path, bytes: &[u8], partial: bool) -> Result<(Store, Loaded)> {
    let (file, path) = (folder.join("dump.jsonl"), folder.join("new.db"));
    std::fs::write(&file, bytes).unwrap();
    Store::fill(&path, &options("bo"), |store| store.take_dump(&file, partial))
}

/// A book after random commands.
pub(crate) fn lived(seed: &[u64]) -> Store {
    let mut store = book();
    store.seed_ids(1);
    let customers: Vec<Id> = (0..5).map(|i| add(&mut store, &format!("=Customer {i}"), 1000 * i)).collect();
    let contact = NewContact { name: "Zoë, \"Z\"".into(), ..NewContact::default() };
    store.write(&Command::AddContact { customer: customers[0], contact }, NOW).unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut now = NOW;
    for salt in seed {
        now = Stamp(now.0 + (salt % 1000) as i64 * 60_000);
        let command = any_command(customers.clone()).new_tree(&mut runner).unwrap().current();
        let _ = store.write(&command, now);
        if salt % 7 == 0 {
            let _ = store.write(&Command::Undo { batch: None, force: false }, now);
        }
    }
    store
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// A book that was dumped and loaded is the same: the digest, the bytes of the next dump, hashes and figures; and it goes on
    /// as a copy of the first.
    #[test]
    fn a_loaded_dump_is_the_same_book(seed in prop::collection::vec(any::<u64>(), 0..25)) {
        let folder = tempfile::tempdir().unwrap();
        let store = lived(&seed);
        let bytes = dumped(&store);
        for line in bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(line).is_ok());
        }
        let (mut copy, told) = loaded(folder.path(), &bytes, false).unwrap();
        prop_assert!(told.wrong.is_empty());
        prop_assert_eq!(copy.digest().unwrap(), store.digest().unwrap());
        prop_assert_eq!(copy.book_id(), store.book_id());
        prop_assert_eq!(facts(&copy), facts(&store));
        prop_assert!(dumped(&copy) == bytes, "the same facts are the same bytes");
        let checks = copy.doctor().unwrap();
        prop_assert!(checks.iter().all(|c| c.ok), "{:?}", checks);
    }

    /// Rows that went out without their history make a book that says the same.
    #[test]
    fn rows_that_go_out_and_come_in_say_the_same(seed in prop::collection::vec(any::<u64>(), 0..25)) {
        let store = lived(&seed);
        let mut other = book();
        let mut rows = |name: &str, each: &mut dyn FnMut(&[Datum]) -> Result<()>| store.facts(name, each);
        other.take_facts(Some("Europe/Istanbul"), &mut rows, NOW).unwrap();
        prop_assert_eq!(facts(&other), facts(&store));
        prop_assert_eq!(other.made_in_zone(), Some("Europe/Istanbul".to_owned()));
        let checks = other.doctor().unwrap();
        prop_assert!(checks.iter().all(|c| c.ok), "{:?}", checks);
    }
}

#[test]
fn a_purged_customer_stays_purged_in_a_dump() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = lived(&[1, 2, 3, 4, 5, 6]);
    let gone = store.find_customer("=Customer 0").unwrap();
    store.write(&Command::Purge { entity: Entity::Customer, row: gone, why: String::new() }, NOW).unwrap();
    let bytes = dumped(&store);
    assert!(!String::from_utf8_lossy(&bytes).contains("Customer 0"));
    let (copy, _) = loaded(folder.path(), &bytes, false).unwrap();
    assert_eq!(copy.digest().unwrap(), store.digest().unwrap());
}

#[test]
fn a_damaged_dump_is_refused_and_leaves_no_book() {
    let folder = tempfile::tempdir().unwrap();
    let whole = dumped(&lived(&[1, 2, 3, 4, 5, 6, 8, 9]));
    let text = String::from_utf8(whole.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let without_last = lines[..lines.len() - 1].join("\n") + "\n";
    let without_one = [&lines[..1], &lines[2..]].concat().join("\n") + "\n";
    let changed = text.replacen("=Customer 1", "=Customer 9", 1);
    for (what, bytes) in [("cut", without_last), ("a line less", without_one), ("a changed value", changed)] {
        let Err(error) = loaded(folder.path(), bytes.as_bytes(), false) else { panic!("{what} was taken") };
        assert!(error.message.contains("is damaged"), "{what}: {}", error.message);
        assert!(!folder.path().join("new.db").exists(), "{what}");
    }
    let changed = text.replacen("=Customer 1", "=Customer 9", 1);
    let (store, told) = loaded(folder.path(), changed.as_bytes(), true).unwrap();
    assert!(!told.wrong.is_empty() && facts(&store).len() > 4, "the rest is taken: {told:?}");
}

#[test]
fn a_book_with_something_in_it_is_not_loaded_over() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = dumped(&lived(&[]));
    let (store, _) = loaded(folder.path(), &bytes, false).unwrap();
    drop(store);
    let Err(error) = loaded(folder.path(), &bytes, false) else { panic!("it was taken") };
    assert!(error.message.starts_with("There is something in "), "{}", error.message);
    assert!(folder.path().join("new.db").exists());
    std::fs::write(folder.path().join("other"), "{}").unwrap();
    assert!(!is_dump(&folder.path().join("other")));
}

#[test]
fn what_copies_disagree_about_is_in_a_dump_too() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let mut ana = Store::open(&ours, &options("ana")).unwrap();
    let acme = add(&mut ana, "Acme", 500);
    ana.back_up_to(&theirs).unwrap();
    let who = crate::store::Who { person: "bo".into(), device: Id([8; 16]) };
    let mut bo = Store::open(&theirs, &Options { who, ..options("bo") }).unwrap();
    for (store, owner) in [(&mut ana, "chen"), (&mut bo, "dora")] {
        store.write(&Command::Assign { customers: vec![acme], owner: owner.into() }, NOW).unwrap();
    }
    drop(bo);
    let report = ana.merge(&theirs, crate::store::merge::MergeAsk { now: NOW, dry_run: false, foreign: false }).unwrap();
    assert_eq!(report.conflicts.len(), 1);
    let (copy, _) = loaded(folder.path(), &dumped(&ana), false).unwrap();
    assert_eq!(copy.digest().unwrap(), ana.digest().unwrap());
    assert_eq!(facts(&copy), facts(&ana));
}
