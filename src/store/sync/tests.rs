use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::domain::command::Command;
use crate::store::Who;
use crate::store::outbox::Keep;
use crate::store::tests::{NOW, account, add, options};

fn who(no: u8) -> Options {
    let who = Who { person: ["ana", "bo", "chen"][usize::from(no)].into(), device: Id([no + 1; 16]) };
    Options { who, keep: Keep::Nowhere, ..options("ana") }
}

/// A book that takes part, with one customer, and so many copies of it, each with a folder of its own.
fn copies(folder: &Path, count: u8) -> (Vec<Store>, Id) {
    let mut first = Store::open(&folder.join("0.db"), &who(0)).unwrap();
    let acme = add(&mut first, "Acme", 500);
    first.set_sync(true, None).unwrap();
    let mut all = Vec::new();
    for no in 1..count {
        let path = folder.join(format!("{no}.db"));
        first.back_up_to(&path).unwrap();
        all.push(Store::open(&path, &who(no)).unwrap());
    }
    all.insert(0, first);
    (all, acme)
}

/// What a tool does: every file of one folder also in the other.
fn carry(from: &Store, into: &Store) {
    for found in bundles_in(&from.sync_folder()) {
        carry_one(&found, into);
    }
}

fn carry_one(found: &Found, into: &Store) {
    let to = into.sync_folder().join(found.key.trim_start_matches("bundle/"));
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(&found.path, to).unwrap();
}

fn assign(store: &mut Store, customer: Id, owner: &str) {
    store.write(&Command::Assign { customers: vec![customer], owner: owner.into() }, NOW).unwrap();
}

fn well(store: &mut Store) {
    let checks = store.doctor().unwrap();
    assert!(checks.iter().all(|c| c.ok || c.code == "copies"), "{checks:?}");
}

#[test]
fn two_copies_exchange_what_they_did_and_end_equal() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 2);
    let [a, b] = &mut all[..] else { panic!() };
    assign(a, acme, "chen");
    b.write(&Command::Note { customers: vec![acme], text: "called".into(), at: None }, NOW).unwrap();
    assert_eq!(a.exchange().unwrap().given, 2);
    assert_eq!(a.exchange().unwrap(), Exchanged::default(), "nothing is given twice");
    carry(a, b);
    let done = b.exchange().unwrap();
    assert_eq!((done.taken, done.given, done.wrong.len(), done.news.len()), (1, 1, 0, 1));
    carry(b, a);
    assert_eq!(a.exchange().unwrap().taken, 1);
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
    assert_eq!(account(a, acme).total, account(b, acme).total);
    well(a);
    well(b);
}

#[test]
fn bundles_in_any_order_doubled_and_late_end_the_same() {
    for seed in 0..20 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let folder = tempfile::tempdir().unwrap();
        let (mut all, acme) = copies(folder.path(), 3);
        let mut customers = vec![acme];
        for step in 0..rng.random_range(8..24) {
            let at = rng.random_range(0..3);
            match rng.random_range(0..6) {
                0 => {
                    let name = format!("New {step}");
                    customers.push(add(&mut all[at], &name, 100));
                }
                1 | 2 => {
                    // Only one of the other's bundles, whichever: what it builds on may be missing still.
                    let from = (at + 1) % 3;
                    let found = bundles_in(&all[from].sync_folder());
                    if let Some(one) = found.get(rng.random_range(0..found.len().max(1))) {
                        carry_one(one, &all[at]);
                        all[at].exchange().unwrap();
                    }
                }
                3 => {
                    all[at].give_bundles(1).unwrap();
                }
                _ => {
                    let customer = customers[rng.random_range(0..customers.len())];
                    let _ = all[at].write(&Command::Assign { customers: vec![customer], owner: format!("o{step}") }, Stamp(NOW.0 + step));
                }
            }
        }
        for store in &mut all {
            store.exchange().unwrap();
        }
        let mut pairs = vec![(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)];
        pairs.shuffle(&mut rng);
        for (from, into) in pairs {
            carry(&all[from], &all[into]);
        }
        for store in &mut all {
            let done = store.exchange().unwrap();
            assert_eq!(done.wrong, Vec::<String>::new());
        }
        let digests: Vec<String> = all.iter().map(|s| s.digest().unwrap()).collect();
        assert!(digests.iter().all(|d| *d == digests[0]), "seed {seed}");
        // A new one joins, from the files alone.
        let (mut joined, _) = Store::join(&folder.path().join("new.db"), &all[0].sync_folder(), &who(2)).unwrap();
        assert_eq!(joined.digest().unwrap(), digests[0]);
        well(&mut joined);
    }
}

#[test]
fn what_is_wrong_with_a_bundle_is_told_and_its_good_batches_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 2);
    let [a, b] = &mut all[..] else { panic!() };
    for i in 0..5 {
        assign(a, acme, &format!("o{i}"));
    }
    a.exchange().unwrap();
    carry(a, b);
    let found = &bundles_in(&b.sync_folder())[0];
    let whole = fs::read_to_string(&found.path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    assert_eq!(lines.len(), 8, "a head, six batches, an end");
    // Cut off in its last batch.
    fs::write(&found.path, &whole[..whole.len() - lines[7].len() - 20]).unwrap();
    let done = b.exchange().unwrap();
    assert_eq!(done.taken, 4);
    assert!(done.wrong.iter().any(|w| w.contains("not whole")), "{:?}", done.wrong);
    assert_eq!(account(b, acme).customer.owner, "o3");
    assert_eq!(b.exchange().unwrap().wrong, Vec::<String>::new(), "told once");
    // The rest arrives, and with it a batch whose words were changed under a good checksum.
    let forged = lines[6].split_once(' ').unwrap().1.replace("o4", "xx");
    let sum = crate::store::outbox::checksum(&forged);
    let text = format!("{}\n{sum} {forged}\n{}\n", lines[..6].join("\n"), lines[7]);
    fs::write(&found.path, text).unwrap();
    let done = b.exchange().unwrap();
    assert_eq!((done.taken, done.wrong.len()), (0, 2), "{:?}", done.wrong);
    assert!(done.wrong.iter().any(|w| w.contains("hash does not fit")), "{:?}", done.wrong);
    fs::write(&found.path, &whole).unwrap();
    assert_eq!((b.exchange().unwrap().taken, a.digest().unwrap()), (1, b.digest().unwrap()));
    // One of another team, under a name that fits.
    let other = folder.path().join("other.db");
    let mut stranger = Store::open(&other, &who(2)).unwrap();
    add(&mut stranger, "Elsewhere", 1);
    stranger.set_sync(true, None).unwrap();
    stranger.exchange().unwrap();
    carry(&stranger, b);
    let done = b.exchange().unwrap();
    assert_eq!(done.taken, 0);
    assert!(done.wrong[0].contains("another book"), "{:?}", done.wrong);
    assert!(Store::join(&folder.path().join("j.db"), &b.sync_folder(), &who(2)).is_err(), "bundles of two books");
}

#[test]
fn a_missing_bundle_is_a_gap_that_is_told_until_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 2);
    let [a, b] = &mut all[..] else { panic!() };
    for owner in ["x", "y", "z"] {
        assign(a, acme, owner);
        a.exchange().unwrap();
    }
    let found = bundles_in(&a.sync_folder());
    assert_eq!(found.len(), 3);
    carry_one(&found[0], b);
    carry_one(&found[2], b);
    let done = b.exchange().unwrap();
    assert_eq!(done.taken, 1, "what builds on the missing one waits");
    assert!(done.wrong.iter().any(|w| w.contains("lack the batches 3 to 3")), "{:?}", done.wrong);
    carry_one(&found[1], b);
    let done = b.exchange().unwrap();
    assert_eq!((done.taken, done.wrong.len()), (2, 0), "{:?}", done.wrong);
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
}

#[test]
fn what_a_newer_version_wrote_survives_opening_merging_and_bundles() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 2);
    let [a, b] = &mut all[..] else { panic!() };
    // An event of a kind, and an edit of a field, of which this version knows nothing.
    a.transact("newer", NOW, None, |batch, _| {
        let n: i64 = batch.conn.query_row("SELECT n FROM customer WHERE id = ?", [&acme], |r| r.get(0)).unwrap();
        let none = rusqlite::types::Null;
        let values: [&dyn rusqlite::ToSql; 11] =
            [&n, &99, &NOW.0, &20_000, &none, &"hologram", &"", &none, &"waved", &"", &"{\"depth\":3}"];
        batch.insert(crate::domain::command::Entity::Event, &values)?;
        batch.log_unknown(acme, "mood", "fair");
        Ok(crate::store::write::Done { label: "Something newer".into(), changed: 1, skipped: Vec::new() })
    })
    .unwrap();
    a.exchange().unwrap();
    carry(a, b);
    let done = b.exchange().unwrap();
    assert_eq!((done.taken, done.wrong.len()), (1, 0), "{:?}", done.wrong);
    let (mut c, _) = Store::join(&folder.path().join("c.db"), &a.sync_folder(), &who(2)).unwrap();
    let path = c.path().to_owned();
    well(&mut c);
    c.close();
    let mut c = Store::open(&path, &who(2)).unwrap();
    assign(&mut c, acme, "chen");
    assert!(account(&mut c, acme).total > 0);
    assert_eq!(a.merge(&path, crate::store::merge::MergeAsk { now: NOW, dry_run: false, foreign: false }).unwrap().arrived(), 1);
    let kind: i64 = a.conn.query_row("SELECT kind FROM event WHERE text = 'waved'", [], |r| r.get(0)).unwrap();
    assert_eq!((kind, a.digest().unwrap()), (99, c.digest().unwrap()));
    well(b);
    well(a);
}

#[cfg(target_os = "linux")]
#[test]
fn drafts_of_the_killed_are_swept_and_those_of_the_living_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 1);
    let own = all[0].sync_folder().join(all[0].who.device.to_string());
    fs::create_dir_all(&own).unwrap();
    // No process has a number above the largest that there can be.
    let (dead, living) = (own.join(".x.jsonl.4194305.tmp"), own.join(format!(".x.jsonl.{}.tmp", std::process::id())));
    for file in [&dead, &living] {
        fs::write(file, "half").unwrap();
    }
    assign(&mut all[0], acme, "chen");
    all[0].exchange().unwrap();
    assert_eq!((dead.exists(), living.exists()), (false, true));
}

#[test]
fn a_large_batch_goes_in_parts_and_comes_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 2);
    let [a, b] = &mut all[..] else { panic!() };
    a.transact("import", NOW, None, |batch, _| {
        let n: i64 = batch.conn.query_row("SELECT n FROM customer WHERE id = ?", [&acme], |r| r.get(0)).unwrap();
        let none = rusqlite::types::Null;
        for i in 0..12_000_i64 {
            let values: [&dyn rusqlite::ToSql; 11] = [&n, &2, &(NOW.0 + i), &20_000, &none, &"", &"", &i, &"note", &"", &""];
            batch.insert(crate::domain::command::Entity::Event, &values)?;
        }
        Ok(crate::store::write::Done { label: "Imported".into(), changed: 12_000, skipped: Vec::new() })
    })
    .unwrap();
    a.exchange().unwrap();
    carry(a, b);
    let lines = fs::read_to_string(&bundles_in(&a.sync_folder())[0].path).unwrap().lines().count();
    assert_eq!(lines, 15, "a head, a batch, twelve parts, an end");
    let done = b.exchange().unwrap();
    assert_eq!((done.taken, done.wrong.len()), (1, 0), "{:?}", done.wrong);
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
}
