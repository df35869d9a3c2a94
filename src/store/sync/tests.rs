use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::domain::command::Command;
use crate::store::Who;
use crate::store::outbox::Keep;
use crate::store::purge;
use crate::store::tests::{NOW, account, add, options};

/// The bundles in a folder by its path.
pub(super) fn bundles_in(folder: &Path) -> Vec<Found> {
    Folder::open(folder)
        .map(|folder| super::bundles_in(&Arc::new(folder)))
        .unwrap_or_default()
}

fn who(no: u8) -> Options {
    let who = Who {
        person: ["ana", "bo", "chen", "dana"][usize::from(no)].into(),
        device: Id([no + 1; 16]),
    };
    Options {
        who,
        keep: Keep::Nowhere,
        ..options("ana")
    }
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
        carry_one(&found, &into.sync_folder());
    }
}

/// One file also in the folder `into`.
pub(super) fn carry_one(found: &Found, into: &Path) {
    let to = into.join(found.name());
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(&found.path, to).unwrap();
}

fn assign(store: &mut Store, customer: Id, owner: &str) {
    store
        .write(
            &Command::Assign {
                customers: vec![customer],
                owner: owner.into(),
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
fn two_copies_exchange_what_they_did_and_end_equal() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 2);
    let [a, b] = &mut all[..] else { panic!() };
    assign(a, acme, "chen");
    b.write(
        &Command::Note {
            customers: vec![acme],
            text: "called".into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    assert_eq!(a.exchange().unwrap().given, 2);
    assert_eq!(
        a.exchange().unwrap(),
        Exchanged::default(),
        "nothing is given twice"
    );
    carry(a, b);
    let done = b.exchange().unwrap();
    assert_eq!(
        (done.taken, done.given, done.wrong.len(), done.news.len()),
        (1, 1, 0, 1)
    );
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
                        carry_one(one, &all[at].sync_folder());
                        all[at].exchange().unwrap();
                    }
                }
                3 => {
                    all[at].give_bundles(1).unwrap();
                }
                _ => {
                    let customer = customers[rng.random_range(0..customers.len())];
                    let _ = all[at].write(
                        &Command::Assign {
                            customers: vec![customer],
                            owner: format!("o{step}"),
                        },
                        Stamp(NOW.0 + step),
                    );
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
        let (mut joined, _) = Store::join(
            &folder.path().join("new.db"),
            &all[0].sync_folder(),
            &who(2),
        )
        .unwrap();
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
    assert!(
        done.wrong.iter().any(|w| w.contains("not whole")),
        "{:?}",
        done.wrong
    );
    assert_eq!(account(b, acme).customer.owner, "o3");
    assert_eq!(
        b.exchange().unwrap().wrong,
        Vec::<String>::new(),
        "told once"
    );
    // The rest arrives, and with it a batch whose words were changed under a good checksum.
    let forged = lines[6].split_once(' ').unwrap().1.replace("o4", "xx");
    let sum = crate::store::outbox::checksum(&forged);
    let text = format!("{}\n{sum} {forged}\n{}\n", lines[..6].join("\n"), lines[7]);
    fs::write(&found.path, text).unwrap();
    let done = b.exchange().unwrap();
    assert_eq!((done.taken, done.wrong.len()), (0, 2), "{:?}", done.wrong);
    assert!(
        done.wrong.iter().any(|w| w.contains("hash does not fit")),
        "{:?}",
        done.wrong
    );
    fs::write(&found.path, &whole).unwrap();
    assert_eq!(
        (b.exchange().unwrap().taken, a.digest().unwrap()),
        (1, b.digest().unwrap())
    );
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
    assert!(
        Store::join(&folder.path().join("j.db"), &b.sync_folder(), &who(2)).is_err(),
        "bundles of two books"
    );
}

#[test]
fn who_joins_passes_over_what_strays_into_the_folder_and_guesses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 1);
    let a = &mut all[0];
    for owner in ["x", "y"] {
        a.exchange().unwrap();
        assign(a, acme, owner);
    }
    a.exchange().unwrap();
    assert_eq!(bundles_in(&a.sync_folder()).len(), 3);
    let mut stranger = Store::open(&folder.path().join("other.db"), &who(2)).unwrap();
    add(&mut stranger, "Elsewhere", 1);
    stranger.set_sync(true, None).unwrap();
    stranger.exchange().unwrap();
    carry(&stranger, a);
    let (mut joined, done) =
        Store::join(&folder.path().join("new.db"), &a.sync_folder(), &who(1)).unwrap();
    assert_eq!(
        (joined.digest().unwrap(), joined.book_id()),
        (a.digest().unwrap(), a.book_id())
    );
    assert!(
        done.wrong.len() == 1 && done.wrong[0].contains("another book"),
        "it is named: {:?}",
        done.wrong
    );
    assert_eq!(account(&mut joined, acme).customer.owner, "y");
    // As many of the one as of the other.
    for name in ["Second", "Third"] {
        add(&mut stranger, name, 1);
        stranger.exchange().unwrap();
    }
    carry(&stranger, a);
    let refused = Store::join(&folder.path().join("newer.db"), &a.sync_folder(), &who(1))
        .err()
        .expect("nobody guesses");
    assert!(
        refused
            .message
            .contains("are of 2 books, and of none are most"),
        "{refused}"
    );
    let named = format!("book {}: 3 of the bundles", stranger.book_id().unwrap());
    assert!(
        refused.hints.iter().any(|hint| hint.starts_with(&named)),
        "{:?}",
        refused.hints
    );
    assert!(!folder.path().join("newer.db").exists());
}

#[test]
fn a_book_of_ones_own_is_no_book_of_the_team_and_who_joins_is_told_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let (all, _) = copies(folder.path(), 1);
    let mut team = all.into_iter().next().unwrap();
    team.exchange().unwrap();
    let at = |name: &str| folder.path().join(name);
    let shared = team.sync_folder();
    let join = |name: &str| {
        Store::join(&at(name), &shared, &who(1))
            .err()
            .expect("it is there")
    };
    let mut own = Store::open(&at("own.db"), &who(1)).unwrap();
    let empty = join("own.db");
    assert!(
        empty.message.contains("nothing in it") && empty.hints[0].contains("move it away"),
        "{empty:?}"
    );
    add(&mut own, "My own", 1);
    let other = join("own.db");
    assert!(
        other.message.contains("another book")
            && other.hints[0].contains("--book NEW.db sync --join"),
        "{other:?}"
    );
    let copy = join("0.db");
    assert!(copy.hints[0].contains("sync --on --folder"), "{copy:?}");
    // Nor does it come into the team's folder, where nobody could join any more.
    let refused = own.set_sync(true, Some(&shared)).unwrap_err();
    assert!(refused.message.contains("of another book"), "{refused}");
    assert!(!own.syncs());
    assert_eq!(own.exchange().unwrap(), Exchanged::default());
    assert_eq!(bundles_in(&shared).len(), 1);
    Store::join(&at("new.db"), &shared, &who(2)).unwrap();
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
    carry_one(&found[0], &b.sync_folder());
    carry_one(&found[2], &b.sync_folder());
    let done = b.exchange().unwrap();
    assert_eq!(done.taken, 1, "what builds on the missing one waits");
    assert!(
        done.wrong
            .iter()
            .any(|w| w.contains("lack the batches 3 to 3")),
        "{:?}",
        done.wrong
    );
    carry_one(&found[1], &b.sync_folder());
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
        let n: i64 = batch
            .conn
            .query_row("SELECT n FROM customer WHERE id = ?", [&acme], |r| r.get(0))
            .unwrap();
        let none = rusqlite::types::Null;
        let values: [&dyn rusqlite::ToSql; 11] = [
            &n,
            &99,
            &NOW.0,
            &20_000,
            &none,
            &"hologram",
            &"",
            &none,
            &"waved",
            &"",
            &"{\"depth\":3}",
        ];
        batch.insert(crate::domain::command::Entity::Event, &values)?;
        batch.log_unknown(acme, "mood", "fair");
        Ok(crate::store::write::Done {
            label: "Something newer".into(),
            changed: 1,
            skipped: Vec::new(),
        })
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
    assert_eq!(
        a.merge(
            &path,
            crate::store::merge::MergeAsk {
                now: NOW,
                dry_run: false,
                foreign: false
            }
        )
        .unwrap()
        .arrived(),
        1
    );
    let kind: i64 = a
        .conn
        .query_row("SELECT kind FROM event WHERE text = 'waved'", [], |r| {
            r.get(0)
        })
        .unwrap();
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
    let (dead, living) = (
        own.join(".x.jsonl.4194305.tmp"),
        own.join(format!(".x.jsonl.{}.tmp", std::process::id())),
    );
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
        let n: i64 = batch
            .conn
            .query_row("SELECT n FROM customer WHERE id = ?", [&acme], |r| r.get(0))
            .unwrap();
        let none = rusqlite::types::Null;
        for i in 0..12_000_i64 {
            let values: [&dyn rusqlite::ToSql; 11] = [
                &n,
                &2,
                &(NOW.0 + i),
                &20_000,
                &none,
                &"",
                &"",
                &i,
                &"note",
                &"",
                &"",
            ];
            batch.insert(crate::domain::command::Entity::Event, &values)?;
        }
        Ok(crate::store::write::Done {
            label: "Imported".into(),
            changed: 12_000,
            skipped: Vec::new(),
        })
    })
    .unwrap();
    a.exchange().unwrap();
    carry(a, b);
    let lines = fs::read_to_string(&bundles_in(&a.sync_folder())[0].path)
        .unwrap()
        .lines()
        .count();
    assert_eq!(lines, 15, "a head, a batch, twelve parts, an end");
    let done = b.exchange().unwrap();
    assert_eq!((done.taken, done.wrong.len()), (1, 0), "{:?}", done.wrong);
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
}

/// Options of a person whose changes are kept, or of whose changes only the numbers are.
fn kept(folder: &Path, no: u8, keep: fn(PathBuf) -> Keep) -> Options {
    Options {
        keep: keep(folder.join(format!("state{no}"))),
        ..who(no)
    }
}

fn note(store: &mut Store, customer: Id, text: &str) {
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
}

fn purge(store: &mut Store, customer: Id) {
    let command = Command::Purge {
        entity: crate::domain::command::Entity::Customer,
        row: customer,
        why: String::new(),
    };
    store.write(&command, NOW).unwrap();
}

/// A batch that is kept by its name only, as one of an import is.
fn load(store: &mut Store, customer: Id) {
    store
        .transact("import", NOW, None, |batch, _| {
            let n: i64 = batch
                .conn
                .query_row("SELECT n FROM customer WHERE id = ?", [&customer], |r| {
                    r.get(0)
                })
                .unwrap();
            let none = rusqlite::types::Null;
            let values: [&dyn rusqlite::ToSql; 11] = [
                &n, &2, &NOW.0, &20_000, &none, &"", &"", &1, &"loaded", &"", &"",
            ];
            batch.insert(crate::domain::command::Entity::Event, &values)?;
            Ok(crate::store::write::Done {
                label: "Imported".into(),
                changed: 1,
                skipped: Vec::new(),
            })
        })
        .unwrap();
}

/// Puts a copy in the place of the closed book, as a person does.
pub(super) fn put_back(copy: &Path, book: &Path) {
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", book.display()));
    }
    fs::copy(copy, book.with_extension("draft")).unwrap();
    fs::rename(book.with_extension("draft"), book).unwrap();
}

/// How many bundles in the folder have this text.
fn with_text(folder: &Path, text: &str) -> usize {
    bundles_in(folder)
        .iter()
        .filter(|found| fs::read_to_string(&found.path).unwrap().contains(text))
        .count()
}

fn twice(store: &Store) -> i64 {
    let query =
        "SELECT count(*) FROM (SELECT 1 FROM batch GROUP BY device, number HAVING count(*) > 1)";
    store.conn.query_row(query, [], |r| r.get(0)).unwrap()
}

/// One who joins from the folder has all of it.
fn joins(path: &Path, store: &mut Store) {
    let folder = store.sync_folder();
    let (mut joined, done) = Store::join(path, &folder, &who(2)).unwrap();
    assert_eq!(
        (joined.digest().unwrap(), done.wrong),
        (store.digest().unwrap(), Vec::new())
    );
    well(&mut joined);
}

#[test]
fn what_was_not_given_before_a_restore_is_given_under_the_new_name() {
    let folder = tempfile::tempdir().unwrap();
    let (book, shared, older) = (
        folder.path().join("book.db"),
        folder.path().join("shared"),
        folder.path().join("older.db"),
    );
    let options = kept(folder.path(), 0, Keep::In);
    let mut store = Store::open(&book, &options).unwrap();
    let acme = add(&mut store, "Acme", 500);
    store.set_sync(true, Some(&shared)).unwrap();
    note(&mut store, acme, "SECRET one");
    assert_eq!(store.exchange().unwrap().given, 2);
    store.back_up_to(&older).unwrap();
    note(&mut store, acme, "never given");
    load(&mut store, acme);
    let before = store.who.device;
    store.close();
    put_back(&older, &book);
    let mut store = Store::open(&book, &options).unwrap();
    assert_ne!(
        store.who.device, before,
        "what the outbox has by name only is missing, so numbers begin anew"
    );
    note(&mut store, acme, "after");
    assert_eq!(store.exchange().unwrap().given, 2);
    joins(&folder.path().join("joined.db"), &mut store);
    purge(&mut store, acme);
    assert_eq!(store.sweep_purged(), Vec::<String>::new());
    assert_eq!(with_text(&shared, "SECRET"), 0);
    store.exchange().unwrap();
    joins(&folder.path().join("again.db"), &mut store);
}

#[test]
fn a_purge_reaches_the_bundles_of_a_book_that_was_moved() {
    let folder = tempfile::tempdir().unwrap();
    let (book, moved, shared) = (
        folder.path().join("book.db"),
        folder.path().join("new.db"),
        folder.path().join("shared"),
    );
    let options = kept(folder.path(), 0, Keep::In);
    let mut store = Store::open(&book, &options).unwrap();
    let acme = add(&mut store, "Acme", 500);
    store.set_sync(true, Some(&shared)).unwrap();
    note(&mut store, acme, "SECRET one");
    store.exchange().unwrap();
    store.close();
    fs::rename(&book, &moved).unwrap();
    let mut store = Store::open(&moved, &options).unwrap();
    // Also one that takes part no longer has bundles from before.
    store.set_sync(false, None).unwrap();
    purge(&mut store, acme);
    assert_eq!(with_text(&shared, "SECRET"), 1);
    assert_eq!(store.sweep_purged(), Vec::<String>::new());
    assert_eq!(with_text(&shared, "SECRET"), 0);
    store.set_sync(true, None).unwrap();
    store.exchange().unwrap();
    well(&mut store);
    // An older file of one's own that a tool brings back is cleaned again.
    joins(&folder.path().join("joined.db"), &mut store);
}

#[test]
fn of_a_new_home_the_bundles_before_are_anothers_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (book, shared) = (folder.path().join("book.db"), folder.path().join("shared"));
    let mut store = Store::open(&book, &kept(folder.path(), 0, Keep::In)).unwrap();
    let acme = add(&mut store, "Acme", 500);
    store.set_sync(true, Some(&shared)).unwrap();
    note(&mut store, acme, "SECRET one");
    store.exchange().unwrap();
    let before = store.who.device;
    store.close();
    let home = Keep::In(folder.path().join("another home"));
    let options = Options {
        who: Who {
            device: Id([9; 16]),
            ..who(0).who
        },
        keep: home,
        ..who(0)
    };
    let mut store = Store::open(&book, &options).unwrap();
    // Of the yes nothing is known there either.
    assert!(!store.syncs());
    store.set_sync(true, None).unwrap();
    purge(&mut store, acme);
    let [said] = &store.sweep_purged()[..] else {
        panic!()
    };
    assert!(
        said.starts_with(&format!(
            "1 bundle of ana (device {before}) in the sync folder still has something"
        )),
        "{said}"
    );
    let sync = |store: &mut Store| {
        store
            .doctor()
            .unwrap()
            .into_iter()
            .find(|c| c.code == "sync")
            .unwrap()
    };
    assert!(
        !sync(&mut store).ok && sync(&mut store).words.contains(said),
        "{:?}",
        sync(&mut store)
    );
    // The way out that is named.
    fs::remove_dir_all(shared.join(before.to_string())).unwrap();
    assert_eq!(store.exchange().unwrap().given, 2);
    assert_eq!(
        (with_text(&shared, "SECRET"), sync(&mut store).ok),
        (0, true)
    );
    joins(&folder.path().join("joined.db"), &mut store);
}

#[test]
fn without_an_outbox_no_number_is_given_twice_and_all_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let (book, older, mount) = (
        folder.path().join("book.db"),
        folder.path().join("older.db"),
        folder.path().join("mount"),
    );
    let (shared, off) = (mount.join("shared"), folder.path().join("off"));
    let open = || Store::open(&book, &kept(folder.path(), 0, Keep::Numbers)).unwrap();
    let mut store = open();
    let acme = add(&mut store, "Acme", 500);
    fs::create_dir(&mount).unwrap();
    store.set_sync(true, Some(&shared)).unwrap();
    store.exchange().unwrap();
    store.close();
    let mut store = open();
    note(&mut store, acme, "one");
    store.exchange().unwrap();
    store.back_up_to(&older).unwrap();
    let first = store.who.device;
    note(&mut store, acme, "two");
    note(&mut store, acme, "three");
    load(&mut store, acme);
    store.exchange().unwrap();
    store.close();
    assert_eq!(
        bundles_in(&shared)
            .iter()
            .map(|f| f.writer)
            .collect::<BTreeSet<_>>(),
        BTreeSet::from([first]),
        "one name"
    );
    fs::rename(&mount, &off).unwrap();
    put_back(&older, &book);
    for text in ["new 1", "new 2"] {
        let mut store = open();
        assert_ne!(
            store.who.device, first,
            "the numbers are kept, though the changes are not"
        );
        note(&mut store, acme, text);
        store.exchange().unwrap();
        store.close();
    }
    fs::remove_dir_all(&mount).unwrap();
    fs::rename(&off, &mount).unwrap();
    let mut store = open();
    let done = store.exchange().unwrap();
    assert_eq!((done.taken, done.given, twice(&store)), (3, 2, 0));
    assert_eq!(store.exchange().unwrap(), Exchanged::default());
    joins(&folder.path().join("joined.db"), &mut store);
    well(&mut store);
}

#[test]
fn one_number_of_two_batches_is_named_and_both_are_given() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 2);
    let [a, twin] = &mut all[..] else { panic!() };
    a.exchange().unwrap();
    // A copy that writes under the same name, as an earlier version did without an outbox.
    twin.who.device = a.who.device;
    twin.options.who.device = a.who.device;
    note(a, acme, "here");
    note(twin, acme, "there");
    a.exchange().unwrap();
    let path = twin.path().to_owned();
    a.merge(
        &path,
        crate::store::merge::MergeAsk {
            now: NOW,
            dry_run: false,
            foreign: false,
        },
    )
    .unwrap();
    assert_eq!((twice(a), a.exchange().unwrap().given), (1, 1));
    joins_but_numbers(&folder.path().join("joined.db"), a);
    let checks = a.doctor().unwrap();
    let numbers = checks.iter().find(|c| c.code == "numbers").unwrap();
    assert!(
        !numbers.ok && numbers.words.starts_with("number 2 of ana (device "),
        "{}",
        numbers.words
    );
}

fn joins_but_numbers(path: &Path, store: &mut Store) {
    let (joined, _) = Store::join(path, &store.sync_folder(), &who(2)).unwrap();
    assert_eq!(joined.digest().unwrap(), store.digest().unwrap());
}

#[test]
fn own_bundles_that_are_lost_cut_flipped_or_renamed_are_written_anew() {
    type Harm = fn(&Path);
    let harms: [(&str, Harm, usize, usize); 6] = [
        ("deleted", |path| fs::remove_file(path).unwrap(), 1, 0),
        (
            "cut",
            |path| fs::write(path, &fs::read(path).unwrap()[..100]).unwrap(),
            0,
            1,
        ),
        (
            "cut behind its batch",
            |path| {
                fs::write(
                    path,
                    &fs::read(path).unwrap()[..fs::read(path).unwrap().len() - 9],
                )
                .unwrap()
            },
            0,
            1,
        ),
        ("emptied", |path| fs::write(path, "").unwrap(), 0, 1),
        (
            "renamed",
            |path| fs::rename(path, path.with_extension("conflict")).unwrap(),
            1,
            0,
        ),
        (
            "flipped",
            |path| {
                let about = fs::metadata(path).unwrap().modified().unwrap();
                let mut bytes = fs::read(path).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(path, bytes).unwrap();
                fs::File::options()
                    .write(true)
                    .open(path)
                    .unwrap()
                    .set_modified(about)
                    .unwrap();
            },
            0,
            1,
        ),
    ];
    for (harm, by, given, mended) in harms {
        for remembers in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let (mut all, acme) = copies(folder.path(), 2);
            let [a, b] = &mut all[..] else { panic!() };
            for text in ["one", "two", "three"] {
                note(a, acme, text);
                a.exchange().unwrap();
            }
            let found = bundles_in(&a.sync_folder());
            by(&found[1].path);
            carry(a, b);
            b.exchange().unwrap();
            if !remembers {
                // As in an older copy that was put back.
                a.conn.execute("DELETE FROM meta WHERE k GLOB 'own/*' OR k GLOB 'held/*' OR k GLOB 'given/*'", []).unwrap();
            }
            let done = a.exchange().unwrap();
            assert_eq!(
                (done.given, done.mended),
                (given, mended),
                "{harm}, {remembers}"
            );
            assert_eq!(a.exchange().unwrap(), Exchanged::default(), "{harm}");
            carry(a, b);
            assert_eq!(
                (b.exchange().unwrap().wrong, a.digest().unwrap()),
                (Vec::new(), b.digest().unwrap()),
                "{harm}"
            );
            well(a);
        }
    }
}

#[test]
fn a_name_that_says_that_all_was_given_silences_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 2);
    let [a, b] = &mut all[..] else { panic!() };
    a.exchange().unwrap();
    let device = a.who.device;
    let (own, other) = (
        a.sync_folder().join(device.to_string()),
        a.sync_folder().join(Id([9; 16]).to_string()),
    );
    fs::create_dir_all(&other).unwrap();
    for file in [
        own.join("0000000001-0000999999.jsonl"),
        other.join(format!("{device}_0000000001-0000999999.jsonl")),
    ] {
        fs::write(file, "").unwrap();
    }
    note(a, acme, "heard");
    assert_eq!(a.exchange().unwrap().given, 1);
    assert_eq!(
        bundles_in(&a.sync_folder()).len(),
        3,
        "what a tool has left empty in one's own folder goes"
    );
    carry(a, b);
    b.exchange().unwrap();
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
}

#[test]
fn what_cannot_be_taken_keeps_nothing_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 2);
    let [a, b] = &mut all[..] else { panic!() };
    note(b, acme, "theirs");
    b.exchange().unwrap();
    carry(b, a);
    note(a, acme, "mine");
    a.conn
        .execute_batch(
            "CREATE TEMP TRIGGER no BEFORE INSERT ON batch BEGIN SELECT raise(FAIL, 'no'); END",
        )
        .unwrap();
    a.conn
        .set_db_config(
            rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
            true,
        )
        .unwrap();
    let wrong = a.exchange().unwrap().wrong;
    assert!(
        wrong.len() == 1 && wrong[0].contains("\"Note on Acme\" by bo: it is not sound (no)"),
        "{wrong:?}"
    );
    a.conn.execute_batch("DROP TRIGGER no").unwrap();
    assert_eq!(with_text(&a.sync_folder(), "mine"), 1);
    note(a, acme, "and on");
    assert_eq!(a.exchange().unwrap().taken, 1);
}

#[test]
fn many_small_bundles_become_one_and_nobody_reads_it_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 2);
    let [a, b] = &mut all[..] else { panic!() };
    for i in 0..64 {
        note(a, acme, &format!("note {i}"));
        a.give_bundles(1).unwrap();
    }
    assert_eq!(
        bundles_in(&a.sync_folder()).len(),
        64,
        "the customer went with the first note"
    );
    carry(a, b);
    b.exchange().unwrap();
    let small = bundles_in(&a.sync_folder());
    note(a, acme, "one more");
    a.give_bundles(1).unwrap();
    let found = bundles_in(&a.sync_folder());
    assert_eq!((found.len(), found[0].first, found[0].last), (1, 1, 66));
    // Elsewhere a tool has taken the small ones away. All but the last was there: what is joined is read.
    for gone in bundles_in(&b.sync_folder())
        .iter()
        .filter(|f| f.writer == a.who.device)
    {
        fs::remove_file(&gone.path).unwrap();
    }
    carry(a, b);
    assert_eq!(
        (b.exchange().unwrap().taken, a.digest().unwrap()),
        (1, b.digest().unwrap())
    );
    let known = b.known_bundles().unwrap();
    assert!(
        small.iter().all(|f| !known.contains_key(&f.key)),
        "what is gone is forgotten"
    );
    // Whoever has all of it does not even parse it: what stands behind the head is damaged, and nobody minds.
    let (length, text) = (found[0].length, fs::read_to_string(&found[0].path).unwrap());
    let copy = bundles_in(&b.sync_folder())
        .into_iter()
        .find(|f| f.writer == a.who.device)
        .unwrap();
    fs::write(&copy.path, text.lines().next().unwrap().to_owned() + "\n").unwrap();
    assert_eq!(b.exchange().unwrap(), Exchanged::default());
    assert_ne!(b.known_bundles().unwrap()[&copy.key], length.to_string());
    joins(&folder.path().join("joined.db"), a);
    well(a);
}

#[test]
fn a_kill_between_joining_and_removing_leaves_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 1);
    let a = &mut all[0];
    for i in 0..64 {
        note(a, acme, &format!("note {i}"));
        a.give_bundles(1).unwrap();
    }
    let small: Vec<(PathBuf, Vec<u8>)> = bundles_in(&a.sync_folder())
        .into_iter()
        .map(|f| (f.path.clone(), fs::read(&f.path).unwrap()))
        .collect();
    note(a, acme, "one more");
    a.give_bundles(1).unwrap();
    for (path, bytes) in &small[..20] {
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(bundles_in(&a.sync_folder()).len(), 21);
    a.give_bundles(1).unwrap();
    assert_eq!(bundles_in(&a.sync_folder()).len(), 1);
    joins(&folder.path().join("joined.db"), a);
}

#[test]
fn two_who_give_at_once_under_one_name_give_each_batch_once() {
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("book.db");
    let mut one = Store::open(&book, &who(0)).unwrap();
    let acme = add(&mut one, "Acme", 500);
    one.set_sync(true, None).unwrap();
    for i in 0..20 {
        note(&mut one, acme, &format!("note {i}"));
    }
    let given: Vec<usize> = std::thread::scope(|scope| {
        let give = || {
            Store::open(&book, &who(0))
                .unwrap()
                .give_bundles(1)
                .unwrap()
        };
        let both = [scope.spawn(give), scope.spawn(give)];
        both.map(|one| one.join().unwrap()).into()
    });
    assert_eq!(given.iter().sum::<usize>(), 21, "{given:?}");
    assert_eq!(bundles_in(&one.sync_folder()).len(), 1);
}

#[test]
fn a_purge_of_somebody_else_waits_a_day_or_for_a_yes_and_a_backup_stays() {
    for accepted in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (mut all, acme) = copies(folder.path(), 2);
        let [a, b] = &mut all[..] else { panic!() };
        note(a, acme, "to be kept for a day");
        a.exchange().unwrap();
        carry(a, b);
        b.exchange().unwrap();
        purge(b, acme);
        let other = add(b, "Other", 100);
        b.exchange().unwrap();
        carry(b, a);
        let done = a.exchange().unwrap();
        assert_eq!(
            (done.held.len(), done.purged, done.wrong.len()),
            (1, false, 0),
            "{done:?}"
        );
        assert_eq!(done.carried_out, Vec::<String>::new());
        assert!(
            done.held[0].starts_with(
                "bo: \"Purged a customer with 3 rows (Acme)\" is carried out here on "
            ),
            "{}",
            done.held[0]
        );
        assert_eq!(account(a, acme).customer.name, "Acme");
        assert_eq!(account(a, other).customer.name, "Other", "the rest comes");
        well(a);
        // What is new meanwhile does not begin the day anew.
        a.turn_day(Stamp(NOW.0 + 86_399_000));
        note(a, acme, "one more");
        assert_eq!(a.exchange().unwrap().held.len(), 1);
        if accepted {
            assert_eq!(a.accept_purges().unwrap(), 1);
        } else {
            a.turn_day(Stamp(NOW.0 + 86_400_000));
        }
        let done = a.exchange().unwrap();
        assert!(
            done.purged && done.held.is_empty() && done.wrong.is_empty(),
            "{done:?}"
        );
        let [said] = &done.carried_out[..] else {
            panic!("{done:?}")
        };
        assert!(
            said.starts_with(
                "bo: \"Purged a customer with 3 rows (Acme)\" was carried out here; still in "
            ),
            "{said}"
        );
        assert!(said.ends_with("-before-purge.db"), "{said}");
        a.tell_exchange(&done);
        assert!(
            a.news().contains(&done.carried_out[0]),
            "whoever asks for something else hears of it"
        );
        assert!(purge::is_purged(&a.conn, acme).unwrap());
        assert!(held(&a.conn).unwrap().is_empty());
        let kept = crate::store::backup::list(&a.path);
        assert!(kept[0].name.contains("before-purge"), "{kept:?}");
        carry(a, b);
        b.exchange().unwrap();
        assert_eq!(a.digest().unwrap(), b.digest().unwrap());
        well(a);
        well(b);
        // Who puts that back has a day again to look at it.
        let (path, name) = (a.path.clone(), kept[0].name.clone());
        all.remove(0).close();
        crate::store::backup::restore(&path, Some(&name), Stamp(NOW.0 + 90_000_000)).unwrap();
        let options = Options {
            now: Stamp(NOW.0 + 90_000_000),
            ..who(0)
        };
        let mut back = Store::open(&path, &options).unwrap();
        assert_eq!(back.exchange().unwrap().held.len(), 1);
        assert_eq!(account(&mut back, acme).customer.name, "Acme");
    }
}

/// Everybody says yes, and everything is carried from `a` to `into`.
fn take_all_of(from: &Store, into: &mut Store) -> Exchanged {
    carry(from, into);
    into.exchange().unwrap();
    into.accept_purges().unwrap();
    into.exchange().unwrap()
}

#[test]
fn a_purge_and_what_it_took_of_a_clock_far_ahead_come_together() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 4);
    let [a, b, c, d] = &mut all[..] else { panic!() };
    // A year ahead, so that by the clocks the purge stands before the note that it takes away.
    let ahead = Stamp(NOW.0 + 365 * 86_400_000);
    a.turn_day(ahead);
    let text = "what is to go";
    let note = Command::Note {
        customers: vec![acme],
        text: text.into(),
        at: None,
    };
    a.write(&note, ahead).unwrap();
    a.exchange().unwrap();
    carry(a, b);
    b.exchange().unwrap();
    let row = account(b, acme)
        .events
        .iter()
        .find(|e| e.text == text)
        .unwrap()
        .id;
    b.write(
        &Command::Purge {
            entity: crate::domain::command::Entity::Event,
            row,
            why: String::new(),
        },
        NOW,
    )
    .unwrap();
    b.exchange().unwrap();
    take_all_of(b, a);
    a.exchange().unwrap();
    // What the purge waits for comes an exchange later: it begins no other day, and needs no other yes.
    let own = bundles_in(&b.sync_folder())
        .into_iter()
        .filter(|found| found.writer == b.who.device);
    own.for_each(|found| carry_one(&found, &c.sync_folder()));
    assert_eq!(c.exchange().unwrap().held.len(), 1);
    assert_eq!(c.accept_purges().unwrap(), 1);
    let done = c.exchange().unwrap();
    assert!(
        done.held.is_empty() && done.wrong.len() == 1 && done.wrong[0].contains(NOT_WHOLE),
        "{done:?}"
    );
    carry(a, c);
    let done = c.exchange().unwrap();
    assert_eq!(
        (done.taken, done.held.len(), done.wrong.len()),
        (2, 0, 0),
        "{done:?}"
    );
    assert!(held(&c.conn).unwrap().is_empty());
    // Both at once.
    carry(b, d);
    let done = take_all_of(a, d);
    assert_eq!(
        (done.wrong, d.digest().unwrap()),
        (Vec::new(), a.digest().unwrap())
    );
    assert_eq!(c.digest().unwrap(), d.digest().unwrap());
    carry(a, b);
    [a, b, c, d].into_iter().for_each(well);
}

#[test]
fn what_was_buried_beside_something_that_came_purged_names_its_purge() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 3);
    let [a, b, c] = &mut all[..] else { panic!() };
    let text = "what is to go";
    note(a, acme, text);
    let row = account(a, acme)
        .events
        .iter()
        .find(|e| e.text == text)
        .unwrap()
        .id;
    let edit = |text: &str| Command::Edit {
        entity: crate::domain::command::Entity::Event,
        rows: vec![row],
        changes: vec![crate::domain::command::Change::set("text", text)],
    };
    a.exchange().unwrap();
    carry(a, b);
    b.exchange().unwrap();
    b.write(
        &Command::Purge {
            entity: crate::domain::command::Entity::Event,
            row,
            why: String::new(),
        },
        NOW,
    )
    .unwrap();
    b.exchange().unwrap();
    // Of `a` the note comes purged, and what `a` did with it before it heard comes as it was.
    let purged = folder.path().join("purged.db");
    a.back_up_to(&purged).unwrap();
    let mut twin = Store::open(&purged, &who(0)).unwrap();
    a.write(&edit("once more"), Stamp(NOW.0 + 1000)).unwrap();
    take_all_of(b, &mut twin);
    c.merge_copy(
        &twin.conn,
        merge::MergeAsk {
            now: NOW,
            dry_run: false,
            foreign: false,
        },
    )
    .unwrap();
    c.merge_copy(
        &a.conn,
        merge::MergeAsk {
            now: NOW,
            dry_run: false,
            foreign: false,
        },
    )
    .unwrap();
    take_all_of(b, a);
    assert_eq!(a.digest().unwrap(), c.digest().unwrap());
    well(c);
    well(a);
    a.exchange().unwrap();
    joins(&folder.path().join("joined.db"), a);
}

#[test]
fn a_purge_says_what_is_known_of_its_writer() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 3);
    let beta = add(&mut all[0], "Beta", 100);
    let [a, b, c] = &mut all[..] else { panic!() };
    a.exchange().unwrap();
    for other in [&mut *b, &mut *c] {
        carry(a, other);
        other.exchange().unwrap();
    }
    let path = folder.path().join("d.db");
    a.back_up_to(&path).unwrap();
    let signs = &mut Store::open(&path, &kept(folder.path(), 3, Keep::In)).unwrap();
    let said = |from: &mut Store, into: &mut Store, name: &str| {
        from.exchange().unwrap();
        carry(from, into);
        let held = into.exchange().unwrap().held;
        held.iter()
            .find(|words| words.contains(name))
            .map(|words| words.split('"').next().unwrap().to_owned())
    };
    purge(b, beta);
    assert_eq!(said(b, c, "Beta").unwrap(), "bo: ", "where nobody signs");
    purge(signs, acme);
    assert_eq!(
        said(signs, c, "Acme").unwrap(),
        "dana (by a key that is new here): "
    );
    let gamma = add(signs, "Gamma", 100);
    assert_eq!(said(signs, a, "Gamma"), None);
    purge(signs, gamma);
    assert_eq!(said(signs, a, "Gamma").unwrap(), "dana: ");
    assert_eq!(said(b, a, "Beta").unwrap(), "bo (not signed): ");
}

#[test]
fn what_is_signed_by_a_known_key_comes_before_what_has_the_same_ids_and_is_not() {
    use crate::store::hash::{self, Item};
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 1);
    let b = &mut all[0];
    // Who has a place for a key signs.
    let path = folder.path().join("a.db");
    b.back_up_to(&path).unwrap();
    let mut a = Store::open(&path, &kept(folder.path(), 1, Keep::In)).unwrap();
    note(&mut a, acme, "so that the key is known");
    a.exchange().unwrap();
    carry(&a, b);
    assert_eq!(b.exchange().unwrap().taken, 1);
    note(&mut a, acme, "the true one");
    a.exchange().unwrap();
    // The note's own id in a batch of somebody else, who says that it was earlier.
    let last = a.last_batch().unwrap();
    let (mut header, _) = (&a.conn as &dyn merge::Source).header(last).unwrap();
    let mut items: Vec<Item> = Vec::new();
    hash::items(&a.conn, last, &mut |item| {
        items.push(item);
        Ok(())
    })
    .unwrap();
    let false_one = rusqlite::types::Value::Text("the false one".into());
    for item in &mut items {
        if let Item::Made(made) = item {
            made.values
                .iter_mut()
                .filter(|v| matches!(v, rusqlite::types::Value::Text(t) if t == "the true one"))
                .for_each(|v| {
                    *v = false_one.clone();
                });
        }
    }
    (header.id, header.device, header.number, header.hlc) =
        (Id([5; 16]), Id([66; 16]), 1, header.hlc - (1000 << 16));
    let mut sealed = hostile::Sealed::default();
    sealed.seal(header, items);
    let stranger = b.sync_folder().join(Id([66; 16]).to_string());
    fs::create_dir_all(&stranger).unwrap();
    let head = Head {
        format: bundle::FORMAT,
        book: b.book_id().unwrap(),
        zone: None,
        device: Id([66; 16]),
        first: 1,
        last: 1,
        sum: None,
    };
    let room = Folder::open(&stranger).unwrap();
    bundle::write(&room, &bundle::name(None, 1, 1, 0), &head, &sealed.pieces()).unwrap();
    carry(&a, b);
    let done = b.exchange().unwrap();
    assert!(
        done.taken == 1 && done.wrong.len() == 1 && done.wrong[0].contains("has written"),
        "{done:?}"
    );
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
}

#[test]
fn copies_that_do_not_say_the_same_hear_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 2);
    let [a, b] = &mut all[..] else { panic!() };
    let has = |from: &Store, into: &Store| {
        let device = from.who.device.to_string();
        let (from, into) = (
            from.sync_folder().join(&device).join("has"),
            into.sync_folder().join(&device).join("has"),
        );
        fs::copy(from, into).unwrap();
    };
    for i in 0..3 {
        note(a, acme, &format!("note {i}"));
        a.exchange().unwrap();
        carry(a, b);
        has(a, b);
        note(b, acme, &format!("answer {i}"));
        assert_eq!(b.exchange().unwrap().wrong, Vec::<String>::new());
        carry(b, a);
        has(b, a);
    }
    assert_eq!(a.exchange().unwrap().wrong, Vec::<String>::new());
    well(a);
    // One has more than the other: that is none.
    note(a, acme, "the other has not heard");
    a.exchange().unwrap();
    assert_eq!(a.disagreements().unwrap(), Vec::<String>::new());
    has(a, b);
    assert_eq!(b.disagreements().unwrap(), Vec::<String>::new());
    // Another content under one id, with a hash that fits it.
    b.conn
        .execute(
            "UPDATE batch SET hash = randomblob(16) WHERE device = ? AND number = 2",
            [a.who.device],
        )
        .unwrap();
    b.conn
        .execute("DELETE FROM meta WHERE k = 'has'", [])
        .unwrap();
    note(b, acme, "from then on");
    b.exchange().unwrap();
    carry(b, a);
    has(b, a);
    let wrong = a.exchange().unwrap().wrong;
    assert!(
        wrong.len() == 1 && wrong[0].starts_with("the copy of bo (device "),
        "{wrong:?}"
    );
    assert!(
        wrong[0].contains("has other changes of ana (device "),
        "{wrong:?}"
    );
    let checks = a.doctor().unwrap();
    assert!(
        checks
            .iter()
            .any(|c| c.code == "sync" && !c.ok && c.words.contains("has other changes")),
        "{checks:?}"
    );
}

#[cfg(unix)]
fn pipe(path: &Path) {
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        path,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
    )
    .unwrap();
}

fn strange(store: &mut Store) -> String {
    store
        .doctor()
        .unwrap()
        .into_iter()
        .find(|c| c.code == "beside")
        .map(|c| if c.ok { String::new() } else { c.words })
        .unwrap()
}

#[cfg(unix)]
#[test]
fn no_link_is_followed_and_no_pipe_opened_in_the_folder_and_the_doctor_names_them() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 3);
    let [a, b, c] = &mut all[..] else { panic!() };
    for (store, owner) in [(&mut *a, "bo"), (&mut *c, "chen")] {
        assign(store, acme, owner);
        store.exchange().unwrap();
    }
    carry(a, b);
    let (room, of_a, of_c) = (
        b.sync_folder(),
        a.who.device.to_string(),
        c.who.device.to_string(),
    );
    assert_eq!(strange(b), "");
    // What git and tools leave is nothing strange, and what is written just now neither.
    for name in [".git", ".stfolder", ".stversions", "@eaDir"] {
        fs::create_dir(room.join(name)).unwrap();
    }
    let tools = [
        ".DS_Store",
        "desktop.ini",
        ".~lock.x#",
        "x.tmp",
        ".syncthing.x.tmp",
        "Thumbs.db",
        "._x",
    ];
    for name in tools.iter().copied().chain([
        ".0000000001-0000000001.jsonl.1.tmp",
        "0000000001-0000000001.sync-conflict-20261130-A.jsonl",
    ]) {
        fs::write(room.join(name), "x").unwrap();
        fs::write(room.join(&of_a).join(name), "x").unwrap();
    }
    assert_eq!(strange(b), "");

    symlink(c.sync_folder().join(&of_c), room.join(&of_c)).unwrap();
    let bundle = fs::read_dir(c.sync_folder().join(&of_c))
        .unwrap()
        .flatten()
        .find(|e| e.file_name() != "has")
        .unwrap()
        .path();
    symlink(bundle, room.join(&of_a).join("0000000007-0000000007.jsonl")).unwrap();
    pipe(&room.join(&of_a).join("0000000008-0000000008.jsonl"));
    fs::create_dir(room.join(&of_a).join("0000000009-0000000009.jsonl")).unwrap();
    let _ = fs::remove_file(room.join(&of_a).join("has"));
    pipe(&room.join(&of_a).join("has"));
    let done = b.exchange().unwrap();
    assert_eq!(
        (done.taken, done.wrong),
        (1, Vec::new()),
        "the other's own, and nothing by way of a link"
    );
    let said = strange(b);
    for (name, what) in [
        (&*of_c, "a link"),
        ("0000000007-0000000007.jsonl", "a link"),
        ("0000000008-0000000008.jsonl", "a pipe"),
        ("0000000009-0000000009.jsonl", "a folder"),
        ("has", "a pipe"),
    ] {
        assert!(
            said.contains(&format!("{name} is {what}")),
            "{name}: {said}"
        );
    }
    let parts = b.sync_parts();
    assert!(
        !parts
            .iter()
            .any(|path| path.ends_with(&of_c) || fs::symlink_metadata(path).unwrap().is_symlink()),
        "{parts:?}"
    );
}

#[cfg(unix)]
#[test]
fn what_becomes_a_link_behind_the_look_is_not_read_nor_written_into() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 2);
    let [a, b] = &mut all[..] else { panic!() };
    assign(a, acme, "bo");
    a.exchange().unwrap();
    carry(a, b);
    let own = b.sync_folder().join(b.who.device.to_string());
    let found = bundles_in(&b.sync_folder());
    let (writer, moved) = (
        found[0].path.parent().unwrap().to_owned(),
        folder.path().join("moved"),
    );
    fs::rename(&writer, &moved).unwrap();
    symlink(&moved, &writer).unwrap();
    assert!(fs::read(&found[0].path).is_ok(), "by its path it would be");
    let book = schema::book(&b.conn).unwrap().unwrap();
    assert!(bundle::head(&found[0].spot).is_none() && bundle::sum(&found[0].spot).is_err());
    assert!(Bundles::default().add(&found[0].spot, book).is_err());
    assert_eq!(b.take_bundles().unwrap().taken, 0);

    let theirs = folder.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    symlink(&theirs, &own).unwrap();
    assign(b, acme, "chen");
    let error = b.exchange().unwrap_err();
    assert!(
        format!("{error:?}").contains("is a link and not a folder"),
        "{error:?}"
    );
    assert_eq!(fs::read_dir(&theirs).unwrap().count(), 0);
    fs::remove_file(&own).unwrap();
    assert!(b.exchange().unwrap().given > 0);
}

#[test]
fn a_bundle_that_is_named_by_the_greatest_number_there_is_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, acme) = copies(folder.path(), 2);
    let [a, b] = &mut all[..] else { panic!() };
    assign(a, acme, "chen");
    a.exchange().unwrap();
    carry(a, b);
    let own = b.sync_folder().join(who(2).who.device.to_string());
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join(bundle::name(None, 1, i64::MAX, 0)), "nothing").unwrap();
    let done = b.exchange().unwrap();
    assert_eq!(done.taken, 1);
    assert!(
        done.wrong.iter().any(|words| words.contains("not whole")),
        "{:?}",
        done.wrong
    );
}
