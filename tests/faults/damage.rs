//! Damaged files: bits, bytes, sectors, pages, ends and headers. Nothing panics, nothing hangs, and what is wrong is told.

use std::collections::BTreeMap;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::ended::{Ended, frugal, within, within_or};
use super::times;
use crate::terminal::Desk;

/// What happens to a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Harm {
    Bit,
    SixteenBytes,
    Sector,
    Pages,
    Truncated,
    Header,
}

const HARMS: [Harm; 6] = [
    Harm::Bit,
    Harm::SixteenBytes,
    Harm::Sector,
    Harm::Pages,
    Harm::Truncated,
    Harm::Header,
];

/// Bytes of a page of our books.
const PAGE: usize = 4096;

fn harm(bytes: &[u8], how: Harm, chance: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let length = bytes.len();
    match how {
        Harm::Bit => bytes[chance.random_range(0..length)] ^= 1 << chance.random_range(0..8),
        Harm::SixteenBytes => {
            (0..16).for_each(|_| bytes[chance.random_range(0..length)] = chance.random())
        }
        Harm::Sector => {
            let at = chance.random_range(0..length / 512) * 512;
            bytes[at..at + 512].fill(0);
        }
        Harm::Pages => {
            let pages = length / PAGE;
            let (a, b) = (chance.random_range(1..pages), chance.random_range(1..pages));
            for n in 0..PAGE {
                bytes.swap(a * PAGE + n, b * PAGE + n);
            }
        }
        Harm::Truncated => bytes.truncate(chance.random_range(0..length)),
        Harm::Header => bytes[chance.random_range(0..100)] = chance.random(),
    }
    bytes
}

/// Everything that a person wrote, row by row; what is folded from it can be folded again.
fn contents(desk: &Desk) -> Option<Vec<Vec<Value>>> {
    let read = || -> rusqlite::Result<Vec<Vec<Value>>> {
        let conn = Connection::open(&desk.book)?;
        let mut all = Vec::new();
        for table in [
            "batch",
            "customer",
            "contact",
            "event",
            "ticket",
            "task",
            "subscription",
            "view",
            "config",
            "edit",
        ] {
            let mut statement = conn.prepare(&format!("SELECT * FROM {table} ORDER BY n"))?;
            let columns = statement.column_count();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                all.push(
                    (0..columns)
                        .map(|c| row.get(c))
                        .collect::<rusqlite::Result<_>>()?,
                );
            }
        }
        Ok(all)
    };
    read().ok()
}

/// A small book with the stories of a few customers, and what was written since still in its log when `log`.
fn book(log: bool) -> (Desk, Vec<u8>, Option<Vec<u8>>) {
    let desk = Desk::empty();
    let mut demo = desk.command();
    demo.args(["demo", "--customers", "8", "--months", "14", "--into"])
        .arg(&desk.book);
    assert_eq!(within(demo).code, Some(0));
    let name = first_name(&desk);
    for n in 0..6 {
        assert!(
            desk.run_as(
                "ana",
                &[
                    "note",
                    &name,
                    &format!("a note {n} of some length about what they said")
                ]
            )
            .status
            .success()
        );
        assert!(
            desk.run_as(
                "bo",
                &["log", &name, &format!("they called {n} !call back fri")]
            )
            .status
            .success()
        );
    }
    if !log {
        let bytes = std::fs::read(&desk.book).expect("the book");
        return (desk, bytes, None);
    }
    let other = Connection::open(&desk.book).expect("the book");
    other
        .query_row("SELECT count(*) FROM customer", [], |r| r.get::<_, i64>(0))
        .expect("an answer");
    for n in 0..8 {
        assert!(
            desk.run_as("ana", &["note", &name, &format!("late {n}")])
                .status
                .success()
        );
    }
    let bytes = std::fs::read(&desk.book).expect("the book");
    let log = std::fs::read(format!("{}-wal", desk.book.display())).expect("the log");
    assert!(log.len() > 8 * PAGE);
    drop(other);
    (desk, bytes, Some(log))
}

fn first_name(desk: &Desk) -> String {
    desk.json(&["list"])["rows"][0]["name"]
        .as_str()
        .expect("a name")
        .to_owned()
}

/// What a damaged copy led to.
#[derive(Default, Debug, Clone, Copy)]
struct Tally {
    told: usize,
    same: usize,
    silent: usize,
}

/// The first row that is not what it was.
fn difference(before: &[Vec<Value>], now: &Option<Vec<Vec<Value>>>) -> String {
    let Some(now) = now else {
        return "a row cannot be read".into();
    };
    let first = before.iter().zip(now).find(|(a, b)| a != b);
    first.map_or_else(
        || format!("{} rows, {} before", now.len(), before.len()),
        |(a, b)| format!("{a:?}\n  now {b:?}"),
    )
}

fn ask(desk: &Desk, args: &[&str], what: &str) -> Ended {
    let ended = within_or(frugal(desk, args)).unwrap_or_else(|| panic!("hangs: {what}: {args:?}"));
    if let Some(kept) = std::env::var_os("RETAIN_FAULTS_KEEP")
        .filter(|_| ended.signal.is_some() || ended.stderr.contains("panicked"))
    {
        // To look at one by hand.
        std::fs::copy(&desk.book, kept).expect("a copy");
    }
    ended.assert_civil(&format!("{what}: {args:?}"));
    ended
}

fn damage(log: bool, copies: usize) -> BTreeMap<Harm, Tally> {
    let (desk, book, beside) = book(log);
    let mut chance = ChaCha8Rng::seed_from_u64(71);
    let wal = format!("{}-wal", desk.book.display());
    let put = |book: &[u8], beside: Option<&[u8]>| {
        // What was kept of the notes would be written again; that has a test of its own.
        let _ = std::fs::remove_dir_all(desk.path("state"));
        for ending in ["-wal", "-shm", "-journal"] {
            // Most often there is none.
            let _ = std::fs::remove_file(format!("{}{ending}", desk.book.display()));
        }
        std::fs::write(&desk.book, book).expect("the book");
        if let Some(beside) = beside {
            std::fs::write(&wal, beside).expect("the log");
        }
    };
    put(&book, beside.as_deref());
    let name = first_name(&desk);
    let before = contents(&desk).expect("the healthy book");
    let healthy = ask(&desk, &["doctor", "--json"], "no damage");
    assert_eq!(healthy.code, Some(0), "{healthy:?}");
    put(&book, beside.as_deref());
    // Every other way of reading has its turn.
    let others: [&[&str]; 8] = [
        &["today"],
        &["brief", &name],
        &["funnel"],
        &["history"],
        &["health", &name],
        &["dump"],
        &["segments"],
        &["targets"],
    ];
    let mut tallies: BTreeMap<Harm, Tally> = BTreeMap::new();
    for how in HARMS {
        let tally = tallies.entry(how).or_default();
        for copy in 0..copies {
            let what = format!("{how:?} {copy}");
            match &beside {
                Some(beside) => put(&book, Some(&harm(beside, how, &mut chance))),
                None => put(&harm(&book, how, &mut chance), None),
            }
            ask(&desk, &["list", "--json"], &what);
            ask(&desk, &["show", &name], &what);
            let turn = copy % others.len();
            ask(&desk, others[turn], &what);
            let told = ask(&desk, &["doctor", "--json"], &what).code != Some(0);
            let same = contents(&desk).is_some_and(|c| c == before);
            match (told, same) {
                (true, _) => tally.told += 1,
                (false, true) => tally.same += 1,
                (false, false) => {
                    tally.silent += 1;
                    if beside.is_none() {
                        super::tell(&format!(
                            "not told: {what}: {}",
                            difference(&before, &contents(&desk))
                        ));
                    }
                }
            }
        }
    }
    super::tell(&format!(
        "damage to the {}: {tallies:?}",
        if log { "log" } else { "book" }
    ));
    tallies
}

#[test]
fn a_damaged_book_neither_panics_nor_hangs_and_the_damage_is_told() {
    for (how, tally) in damage(false, times(5, 150)) {
        assert_eq!(tally.silent, 0, "{how:?}: {tally:?}");
    }
}

/// The log ends where it is damaged, and SQLite says nothing: what was behind is known to those who wrote it only.
#[test]
fn a_damaged_log_neither_panics_nor_hangs() {
    damage(true, times(2, 25));
}

#[test]
fn what_a_damaged_log_loses_is_written_again_by_those_who_wrote_it() {
    let (desk, book, log) = book(true);
    let log = log.expect("a log");
    let name = first_name(&desk);
    let mut chance = ChaCha8Rng::seed_from_u64(72);
    let wal = format!("{}-wal", desk.book.display());
    let kept = desk.path("state");
    let aside = desk.path("state-before");
    assert!(
        std::process::Command::new("cp")
            .arg("-r")
            .arg(&kept)
            .arg(&aside)
            .status()
            .expect("cp")
            .success()
    );
    for copy in 0..times(3, 25) {
        let what = format!("{copy}");
        let _ = std::fs::remove_dir_all(&kept);
        assert!(
            std::process::Command::new("cp")
                .arg("-r")
                .arg(&aside)
                .arg(&kept)
                .status()
                .expect("cp")
                .success()
        );
        for ending in ["-wal", "-shm"] {
            // Most often there is none.
            let _ = std::fs::remove_file(format!("{}{ending}", desk.book.display()));
        }
        std::fs::write(&desk.book, &book).expect("the book");
        std::fs::write(&wal, harm(&log, Harm::Bit, &mut chance)).expect("the log");
        assert_eq!(ask(&desk, &["note", &name, "later"], &what).code, Some(0));
        let found = super::texts(&desk.book, "late").expect("texts");
        let all: std::collections::BTreeSet<&str> = found.iter().map(String::as_str).collect();
        assert_eq!((found.len(), all.len()), (9, 9), "{what}: {found:?}");
    }
}

/// Behind a damaged frame SQLite takes nothing, as behind one that a power cut has torn, and says nothing. Whoever wrote it has it in
/// an outbox. Where there is none, only salvaging looks behind, and only before anybody has opened the book.
#[test]
fn a_damaged_end_of_the_log_goes_unnoticed_without_an_outbox_and_is_salvaged() {
    let (desk, book, log) = book(true);
    let log = log.expect("a log");
    let name = first_name(&desk);
    let wal = format!("{}-wal", desk.book.display());
    let put = || {
        for folder in [
            desk.path("state"),
            desk.book.with_file_name(".book.db.backups"),
        ] {
            // Most often there is none.
            let _ = std::fs::remove_dir_all(folder);
        }
        for ending in ["-wal", "-shm"] {
            // Most often there is none.
            let _ = std::fs::remove_file(format!("{}{ending}", desk.book.display()));
        }
        std::fs::write(&desk.book, &book).expect("the book");
        let mut log = log.clone();
        let at = log.len() / 2;
        log[at] ^= 1;
        std::fs::write(&wal, log).expect("the log");
    };
    let late = || super::texts(&desk.book, "late").expect("texts");
    put();
    assert_eq!(
        ask(&desk, &["doctor", "--json"], "opened").code,
        Some(0),
        "nothing shows it"
    );
    let left = late();
    assert!(
        left.len() < 8
            && left
                .iter()
                .enumerate()
                .all(|(n, text)| *text == format!("late {n}")),
        "whole up to there: {left:?}"
    );
    // The numbers of the lost are given again, and nothing is wrong with the book.
    assert_eq!(
        ask(&desk, &["note", &name, "afterwards"], "written").code,
        Some(0)
    );
    assert_eq!(
        ask(&desk, &["doctor", "--json"], "written to").code,
        Some(0)
    );

    put();
    let salvaged = ask(&desk, &["restore", "--salvage", "--yes"], "salvaged");
    assert_eq!(salvaged.code, Some(0), "{salvaged:?}");
    assert!(
        late().len() > left.len(),
        "frames behind the damaged one are taken too: {:?}",
        late()
    );
    assert_eq!(super::soundness(&desk.book), "ok");
}
