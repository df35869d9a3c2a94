use std::collections::BTreeSet;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rusqlite::OpenFlags;

use super::cells::Page;
use super::*;
use crate::domain::command::{Change, Command, Entity, NewCustomer};
use crate::store::Who;

const NOW: Stamp = Stamp(1_795_000_000_000);

fn options(folder: &Path) -> Options {
    let who = Who {
        person: "ana".into(),
        device: Id([7; 16]),
    };
    Options {
        who,
        now: NOW,
        as_of: None,
        create: true,
        zone: None,
        keep: Keep::In(folder.join("state")),
    }
}

/// A reader whose outbox was lost with the book.
fn alone(folder: &Path) -> Options {
    Options {
        keep: Keep::Nowhere,
        ..options(folder)
    }
}

fn open_in(folder: &Path) -> Store {
    Store::open(&folder.join("book.db"), &options(folder)).unwrap()
}

/// Customers with a note, an owner and a changed note each.
fn fill(store: &mut Store, from: usize, to: usize) {
    for n in from..to {
        let name = format!("Customer {n}");
        store
            .write(
                &Command::AddCustomer(NewCustomer {
                    name,
                    ..NewCustomer::default()
                }),
                NOW,
            )
            .unwrap();
        let id = Id(store
            .conn
            .query_row("SELECT id FROM customer ORDER BY n DESC LIMIT 1", [], |r| {
                r.get(0)
            })
            .unwrap());
        let text = format!("note {n} {}", "said at length ".repeat(20));
        store
            .write(
                &Command::Note {
                    customers: vec![id],
                    text,
                    at: None,
                },
                NOW,
            )
            .unwrap();
        store
            .write(
                &Command::Assign {
                    customers: vec![id],
                    owner: format!("owner {n} {}", "x".repeat(60)),
                },
                NOW,
            )
            .unwrap();
        let name = Change {
            field: "name".into(),
            base: None,
            value: format!("Renamed {n}").into(),
        };
        store
            .write(
                &Command::Edit {
                    entity: Entity::Customer,
                    rows: vec![id],
                    changes: vec![name],
                },
                NOW,
            )
            .unwrap();
    }
}

/// Every id and what stands there, by table.
fn all(conn: &Connection) -> BTreeSet<(String, Id, String)> {
    let mut found = BTreeSet::new();
    for (table, what) in [
        ("customer", "name || owner"),
        ("event", "text"),
        ("edit", "field"),
        ("batch", "label"),
    ] {
        let mut statement = conn
            .prepare(&format!("SELECT id, {what} FROM {table}"))
            .unwrap();
        let rows = statement
            .query_map([], |r| Ok((table.to_owned(), Id(r.get(0)?), r.get(1)?)))
            .unwrap();
        found.extend(rows.map(Result::unwrap));
    }
    found
}

fn read(path: &Path) -> BTreeSet<(String, Id, String)> {
    all(&Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap())
}

/// The leaves of a tree.
fn leaves(path: &Path, name: &str) -> Vec<u32> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let root: u32 = conn
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?",
            [name],
            |r| r.get(0),
        )
        .unwrap();
    let mut pages = pages::Pages::open(path).unwrap();
    let (mut open, mut found) = (vec![root], Vec::new());
    while let Some(number) = open.pop() {
        match cells::read(&mut pages, number) {
            Page::Inner(below) => open.extend(below),
            Page::Entries { below, .. } if !below.is_empty() => open.extend(below),
            _ => found.push(number),
        }
    }
    found.sort_unstable();
    found
}

fn zero(path: &Path, page: u32) {
    let mut bytes = fs::read(path).unwrap();
    let at = (page as usize - 1) * 4096;
    bytes[at..at + 4096].fill(0);
    fs::write(path, bytes).unwrap();
}

/// A book that is closed, and what it held.
fn book(folder: &Path, customers: usize) -> (PathBuf, BTreeSet<(String, Id, String)>) {
    let mut store = open_in(folder);
    fill(&mut store, 0, customers);
    let path = store.path().to_owned();
    let held = all(&store.conn);
    store.close();
    (path, held)
}

fn count(of: &BTreeSet<(String, Id, String)>, table: &str) -> i64 {
    of.iter().filter(|r| r.0 == table).count() as i64
}

fn table<'r>(report: &'r Report, name: &str) -> &'r TableReport {
    report.tables.iter().find(|t| t.table == name).unwrap()
}

#[test]
fn a_sound_book_comes_through_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (path, held) = book(folder.path(), 40);
    let done = salvage(&path, &alone(folder.path())).unwrap();
    assert_eq!(read(&done.path), held);
    let r = &done.report;
    assert!(
        r.is_sound()
            && r.bad_pages == 0
            && r.damaged.is_empty()
            && r.missing.is_empty()
            && r.sources.is_empty(),
        "{r:?}"
    );
    assert!(
        r.tables.iter().all(|t| t.unreadable == 0 && t.missing == 0),
        "{r:?}"
    );
    let mut store = Store::open(&done.path, &alone(folder.path())).unwrap();
    assert!(store.read_only().is_none());
    assert!(
        store
            .doctor()
            .unwrap()
            .iter()
            .all(|c| c.ok || c.code == "copies")
    );
    assert_eq!(
        crate::store::search::events(&store.conn, "length", None, 100)
            .unwrap()
            .len(),
        40
    );
}

#[test]
fn a_zeroed_page_costs_its_own_rows_only_and_the_report_counts_them() {
    for tree in [
        "event",
        "customer",
        "edit",
        "batch",
        "sqlite_autoindex_event_1",
        "edit_row",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (path, held) = book(folder.path(), 45);
        let found = leaves(&path, tree);
        let page = found[found.len() / 2];
        let on_page = match cells::read(&mut pages::Pages::open(&path).unwrap(), page) {
            Page::Rows { rows, .. } => rows.len() as i64,
            _ => 0,
        };
        zero(&path, page);
        let done = salvage(&path, &alone(folder.path())).unwrap();
        let (has, r) = (read(&done.path), &done.report);
        for name in ["event", "customer", "edit", "batch"] {
            let lost = if name == tree { on_page } else { 0 };
            assert_eq!(
                (table(r, name).unreadable, table(r, name).missing),
                (lost, lost),
                "{tree} {name} {r:?}"
            );
        }
        // Stand-ins apart, what is left of each table is all but that page; what is not on it says what it said.
        let here = |name: &str| {
            held.iter()
                .filter(|row| row.0 == name && has.iter().any(|h| h.1 == row.1))
                .count() as i64
        };
        for name in ["event", "edit"] {
            assert_eq!(
                here(name),
                count(&held, name) - if name == tree { on_page } else { 0 },
                "{tree}"
            );
        }
        match tree {
            "event" => assert_eq!(
                r.damaged.len() as i64,
                on_page,
                "each of them was one batch: {r:?}"
            ),
            "batch" => {
                assert_eq!(
                    r.missing.iter().map(|g| g.last - g.first + 1).sum::<i64>(),
                    on_page,
                    "{r:?}"
                );
                assert!(r.headless as i64 <= on_page && r.headless > 0);
            }
            "customer" => assert_eq!(r.stand_ins as i64, on_page, "{r:?}"),
            "edit" => assert_eq!(
                r.damaged.iter().map(|d| d.had - d.has).sum::<i64>(),
                on_page,
                "{r:?}"
            ),
            _ => assert!(r.is_sound() && has == held, "{tree}: an index is made anew"),
        }
        let mut store = Store::open(&done.path, &alone(folder.path())).unwrap();
        assert!(store.read_only().is_none());
        let checks = store.doctor().unwrap();
        assert!(
            checks
                .iter()
                .all(|c| c.ok || matches!(c.code, "hashes" | "log" | "copies")),
            "{tree} {checks:?}"
        );
    }
}

#[test]
fn backup_and_outbox_bring_back_what_the_page_held() {
    for with_outbox in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open_in(folder.path());
        fill(&mut store, 0, 30);
        store.back_up("asked", NOW).unwrap();
        if with_outbox {
            fill(&mut store, 30, 40);
        }
        let path = store.path().to_owned();
        let held = all(&store.conn);
        store.close();
        let sound = fs::read(&path).unwrap();
        for tree in ["event", "customer", "edit", "batch", "sqlite_schema"] {
            fs::write(&path, &sound).unwrap();
            let pages = if tree == "sqlite_schema" {
                vec![1]
            } else {
                leaves(&path, tree)
            };
            // With the outbox all of the tree goes.
            for page in pages.iter().take(if with_outbox { 1000 } else { 2 }) {
                zero(&path, *page);
            }
            let options = if with_outbox {
                options(folder.path())
            } else {
                alone(folder.path())
            };
            let done = salvage(&path, &options).unwrap();
            assert_eq!(
                read(&done.path),
                held,
                "{tree} {with_outbox} {:?}",
                done.report
            );
            let r = &done.report;
            assert!(
                r.is_sound() && r.tables.iter().all(|t| t.missing == 0),
                "{tree} {r:?}"
            );
            if tree == "event" {
                let from: Vec<&str> = r.sources.iter().map(|s| s.from.as_str()).collect();
                assert!(
                    from[0].ends_with("asked") && from.get(1) == with_outbox.then_some(&"outbox"),
                    "{from:?}"
                );
            }
            let moved = put_in_place(&path, &done.path, NOW).unwrap().unwrap();
            assert!(moved.exists() && !done.path.exists());
            let mut store = open_in(folder.path());
            assert_eq!(all(&store.conn), held);
            assert!(store.doctor().unwrap().iter().all(|c| c.ok));
            store.close();
        }
    }
}

#[test]
fn the_first_page_and_half_the_file_may_be_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, held) = book(folder.path(), 45);
    let bytes = fs::read(&path).unwrap();
    let events_at = leaves(&path, "event");
    zero(&path, 1);
    let done = salvage(&path, &alone(folder.path())).unwrap();
    // Nothing but the schema stood there.
    assert_eq!(read(&done.path), held, "{:?}", done.report);
    assert!(done.report.damaged.is_empty() && done.report.missing.is_empty());
    let mut store = Store::open(&done.path, &alone(folder.path())).unwrap();
    let book = store.book_id();
    let checks = store.doctor().unwrap();
    assert!(
        checks.iter().all(|c| c.ok || c.code == "copies"),
        "{checks:?}"
    );
    drop(store);
    // The first half of a file this small are the roots of empty tables, so it is cut in the middle of the events.
    let half = events_at[events_at.len() / 2] as usize * 4096;
    fs::write(&path, &bytes[..half]).unwrap();
    let done = salvage(&path, &alone(folder.path())).unwrap();
    let events = |at: &BTreeSet<(String, Id, String)>| count(at, "event");
    let mut pages = pages::Pages::open(&path).unwrap();
    let left = events_left(&mut pages);
    assert_eq!(
        events(&read(&done.path)),
        left as i64,
        "every event on a page that is there"
    );
    assert!(left > 10, "{left} {events_at:?}");
    // With outbox: all of it.
    let done = salvage(&path, &options(folder.path())).unwrap();
    assert_eq!(read(&done.path), held);
    assert_eq!(
        Store::open(&done.path, &alone(folder.path()))
            .unwrap()
            .book_id(),
        book
    );
}

fn events_left(pages: &mut pages::Pages) -> usize {
    let mut found = 0;
    for number in 1..=pages.count() {
        if let Page::Rows { rows, .. } = cells::read(pages, number) {
            let is_event = |row: &[rusqlite::types::Value]| {
                row.len() == 15 && matches!(row[2], rusqlite::types::Value::Integer(_))
            };
            found += rows.iter().filter(|(_, row)| is_event(row)).count();
        }
    }
    found
}

#[test]
fn a_flipped_bit_in_the_wal_costs_one_frame_and_not_all_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    fill(&mut store, 0, 5);
    store
        .conn
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    fill(&mut store, 5, 30);
    let path = store.path().to_owned();
    let held = all(&store.conn);
    // The files as a killed process leaves them.
    let other = folder.path().join("left.db");
    fs::copy(&path, &other).unwrap();
    let wal = |path: &Path| open::wal_of(path);
    let mut bytes = fs::read(wal(&path)).unwrap();
    drop(store);
    assert!(bytes.len() > 100 * 4120);
    fs::write(wal(&other), &bytes).unwrap();
    assert_eq!(
        read(&salvage(&other, &alone(folder.path())).unwrap().path),
        held
    );
    let frame = 32 + 4120 * 20;
    bytes[frame + 24 + 4000] ^= 4;
    fs::write(wal(&other), &bytes).unwrap();
    let done = salvage(&other, &alone(folder.path())).unwrap();
    assert_eq!(done.report.bad_frames, 1);
    let has = read(&done.path);
    // A later frame of the same page has its rows as well.
    assert!(
        count(&has, "event") >= count(&held, "event") - 10,
        "{:?}",
        done.report
    );
    assert!(
        has.iter().any(|r| r.2.starts_with("note 29 ")),
        "the last change is there"
    );
}

#[test]
fn a_change_that_was_cut_off_by_a_kill_is_taken_back_as_the_journal_says() {
    let folder = tempfile::tempdir().unwrap();
    let (path, held) = book(folder.path(), 40);
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA cache_size = 2; BEGIN; UPDATE event SET text = 'overwritten'").unwrap();
    conn.cache_flush().unwrap();
    let other = folder.path().join("left.db");
    for ending in ["", "-journal"] {
        let name = |path: &Path| PathBuf::from(format!("{}{ending}", path.display()));
        fs::copy(name(&path), name(&other)).unwrap();
    }
    drop(conn);
    assert!(
        fs::read(&other)
            .unwrap()
            .windows(11)
            .any(|w| w == b"overwritten")
    );
    assert_eq!(
        read(&salvage(&other, &alone(folder.path())).unwrap().path),
        held
    );
}

#[test]
fn swapped_pages_and_a_file_that_is_no_book() {
    let folder = tempfile::tempdir().unwrap();
    let (path, held) = book(folder.path(), 45);
    let (events, edits) = (leaves(&path, "event"), leaves(&path, "edit"));
    let mut bytes = fs::read(&path).unwrap();
    for (a, b) in [
        (events[1], edits[1]),
        (events[2], leaves(&path, "batch_hlc")[0]),
    ] {
        let (a, b) = ((a as usize - 1) * 4096, (b as usize - 1) * 4096);
        for n in 0..4096 {
            bytes.swap(a + n, b + n);
        }
    }
    fs::write(&path, bytes).unwrap();
    let done = salvage(&path, &alone(folder.path())).unwrap();
    assert_eq!(read(&done.path), held, "{:?}", done.report);
    assert!(done.report.bad_pages > 0);
    let strange = folder.path().join("strange.db");
    for content in [Vec::new(), b"name,mail\n".to_vec(), vec![0xff; 50_000]] {
        fs::write(&strange, content).unwrap();
        let error = salvage(&strange, &alone(folder.path())).unwrap_err();
        assert!(
            error.message.contains("nothing of a book can be read"),
            "{error}"
        );
    }
    assert!(salvage(&folder.path().join("none.db"), &alone(folder.path())).is_err());
}

#[test]
fn whatever_the_damage_it_ends_with_a_book_that_opens() {
    let folder = tempfile::tempdir().unwrap();
    let (path, held) = book(folder.path(), 12);
    let sound = fs::read(&path).unwrap();
    let mut dice = ChaCha8Rng::seed_from_u64(11);
    for round in 0..100 {
        let mut bytes = sound.clone();
        for _ in 0..=round % 7 {
            let at = dice.random_range(0..bytes.len());
            match round % 5 {
                0 => bytes[at] ^= 1 << dice.random_range(0..8),
                1 => bytes[at..]
                    .iter_mut()
                    .take(16)
                    .for_each(|b| *b = dice.random()),
                2 => bytes[at..].iter_mut().take(512).for_each(|b| *b = 0),
                3 => bytes.truncate(at.max(5000)),
                _ => {
                    // Inside the head of a page, where lengths and places of its rows are.
                    let at = at / 4096 * 4096;
                    bytes[at..]
                        .iter_mut()
                        .skip(3)
                        .take(24)
                        .for_each(|b| *b = dice.random());
                }
            }
        }
        let case = folder.path().join("case.db");
        fs::write(&case, bytes).unwrap();
        let Ok(done) = salvage(&case, &alone(folder.path())) else {
            continue;
        };
        let mut store = Store::open(&done.path, &alone(folder.path())).unwrap();
        assert!(store.read_only().is_none(), "{round}");
        let checks = store.doctor().unwrap();
        assert!(
            checks
                .iter()
                .all(|c| c.ok || matches!(c.code, "hashes" | "log" | "copies" | "config")),
            "{round} {checks:?}"
        );
        // What is another than it was is told.
        let has = all(&store.conn);
        let changed = held
            .iter()
            .filter(|row| row.0 == "event" && !has.contains(*row))
            .count();
        let r = &done.report;
        let told: i64 = r.damaged.len() as i64
            + r.tables.iter().map(|t| t.missing).sum::<i64>()
            + r.missing.len() as i64;
        assert!(changed == 0 || told > 0 || round % 5 == 3, "{round} {r:?}");
        store.close();
        for ending in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{ending}", done.path.display()));
        }
    }
}

#[test]
fn salvaging_again_leaves_one_book_and_never_writes_over_what_somebody_did_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = book(folder.path(), 40);
    let found = leaves(&path, "batch");
    zero(&path, found[found.len() / 2]);
    let files = |beside: &Path| -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(beside)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .filter(|n| n != "state")
            .collect();
        names.sort();
        names
    };
    let first = salvage(&path, &alone(folder.path())).unwrap();
    assert!(
        !first.report.is_sound() && first.report.headless > 0,
        "{:?}",
        first.report
    );
    let (left, inside) = (files(folder.path()), files(&backup::folder_of(&path)));
    for _ in 0..2 {
        assert_eq!(
            salvage(&path, &alone(folder.path())).unwrap().path,
            first.path
        );
    }
    assert_eq!(
        (files(folder.path()), files(&backup::folder_of(&path))),
        (left, inside)
    );
    // Somebody has it open, or has written to it: it stays, and the new one lies beside it.
    let here = crate::store::presence::Presence::begin(&first.path, "bo", false, NOW).unwrap();
    let second = salvage(&path, &alone(folder.path())).unwrap();
    assert_ne!(second.path, first.path);
    drop(here);
    let mut store = Store::open(&first.path, &alone(folder.path())).unwrap();
    store
        .write(
            &Command::AddCustomer(NewCustomer {
                name: "By hand".into(),
                ..NewCustomer::default()
            }),
            NOW,
        )
        .unwrap();
    store.close();
    assert_eq!(
        salvage(&path, &alone(folder.path())).unwrap().path,
        second.path,
        "the other one is written over instead"
    );
    assert!(read(&first.path).iter().any(|r| r.2.starts_with("By hand")));
}
