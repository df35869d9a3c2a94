//! kill -9, at any time: what was acknowledged is there, once, and the next start works at once.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::ended::within;
use super::writer::Writer;
use super::{Place, assert_holds, desk_with_book, times};
use crate::terminal::Desk;

const MARK: &str = "killed";

/// No condition takes longer.
const DEADLINE: Duration = Duration::from_secs(60);

/// Looks until it holds.
pub(super) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::yield_now();
    }
}

/// Lets a random part of `most` go by.
fn a_moment(chance: &mut ChaCha8Rng, most: Duration) {
    let end =
        Instant::now() + Duration::from_micros(chance.random_range(0..most.as_micros() as u64));
    while Instant::now() < end {
        std::thread::yield_now();
    }
}

fn kill_writers(place: Place, kills: usize) {
    let desk = desk_with_book(place);
    let mut chance = ChaCha8Rng::seed_from_u64(41);
    let mut names = 0;
    let mut start = || {
        names += 1;
        // Four people, each with what the one before of the same name had kept.
        Writer::start(
            &desk,
            &format!("person {}", names % 4),
            &format!("{MARK} {names}"),
        )
    };
    let mut writers: Vec<Writer> = (0..4).map(|_| start()).collect();
    let mut acknowledged = BTreeSet::new();
    for kill in 1..=kills {
        let victim = chance.random_range(0..writers.len());
        let enough = chance.random_range(1..5);
        until("that the writer writes", || {
            writers[victim].assert_runs();
            writers[victim].count() >= enough
        });
        a_moment(&mut chance, Duration::from_millis(12));
        // Every fourth time all of them at once: whoever comes next finds what they left.
        let all = kill % 4 == 0 || kill == kills;
        let mut dead: Vec<Writer> = if all {
            std::mem::take(&mut writers)
        } else {
            vec![writers.swap_remove(victim)]
        };
        dead.iter_mut().for_each(Writer::kill);
        acknowledged.extend(dead.into_iter().flat_map(Writer::acknowledged));
        if all {
            assert_holds(&desk, MARK, &acknowledged, None);
        }
        if kill < kills {
            writers.extend((writers.len()..4).map(|_| start()).collect::<Vec<_>>());
        }
    }
    assert!(
        acknowledged.len() >= kills,
        "only {} were written",
        acknowledged.len()
    );
    super::tell(&format!(
        "{place:?}: {kills} kills, {} acknowledged, none lost",
        acknowledged.len()
    ));
}

#[test]
fn writers_on_a_local_book_are_killed() {
    kill_writers(Place::Local, times(12, 200));
}

#[test]
fn writers_on_a_synced_book_are_killed() {
    kill_writers(Place::Synced, times(12, 200));
}

/// Starts the command and kills it somewhere within what it took the first time; gives whether it was killed before its end.
pub(super) fn kill_within(mut command: Command, whole: Duration, chance: &mut ChaCha8Rng) -> bool {
    let mut child = command.spawn().expect("the program starts");
    a_moment(chance, whole);
    child.kill().expect("a signal");
    !child.wait().expect("it ended").success()
}

const ROWS: usize = 1500;

fn import_files(desk: &Desk) {
    let mut rows = String::from("customer_id,name,csm,created_on\n");
    for n in 0..ROWS {
        rows.push_str(&format!(
            "K{n},Customer {n},ana,2025-03-{:02}\n",
            n % 28 + 1
        ));
    }
    std::fs::create_dir(desk.path("many")).expect("a folder");
    std::fs::write(desk.path("many").join("customers.csv"), rows).expect("write");
}

/// Rows of the book's list, by the program.
fn rows(desk: &Desk) -> usize {
    desk.json(&["list"])["rows"].as_array().expect("rows").len()
}

fn kill_imports(place: Place, kills: usize) {
    let mut chance = ChaCha8Rng::seed_from_u64(42);
    let mut whole = None;
    let (mut nothing, mut all) = (0, 0);
    for _ in 0..kills {
        let desk = desk_with_book(place);
        import_files(&desk);
        let import = || {
            let mut command = desk.command();
            command.args(["import", "many", "--book"]).arg(&desk.book);
            command
        };
        // The first run is not killed: it tells how long one takes, and a later kill falls anywhere within.
        let Some(whole) = whole else {
            let begun = Instant::now();
            assert_eq!(within(import()).code, Some(0));
            whole = Some(begun.elapsed());
            assert_eq!(rows(&desk), 2 + ROWS);
            continue;
        };
        kill_within(import(), whole, &mut chance);
        match rows(&desk) {
            2 => nothing += 1,
            n if n == 2 + ROWS => all += 1,
            n => panic!("half an import: {n} rows"),
        }
        assert_holds(&desk, MARK, &BTreeSet::new(), None);
        assert_eq!(within(import()).code, Some(0), "and again");
        assert_eq!(rows(&desk), 2 + ROWS);
    }
    super::tell(&format!(
        "{place:?}: {kills} imports, {nothing} left nothing, {all} everything"
    ));
}

#[test]
fn a_killed_import_leaves_nothing_or_everything() {
    kill_imports(Place::Local, times(5, 60));
}

#[test]
fn a_killed_import_into_a_synced_book_leaves_nothing_or_everything() {
    kill_imports(Place::Synced, times(4, 60));
}

#[test]
fn a_killed_demo_is_there_whole_or_not_at_all() {
    let mut chance = ChaCha8Rng::seed_from_u64(43);
    let mut whole = None;
    let desk = Desk::empty();
    for _ in 0..times(5, 60) {
        let demo = || {
            let mut command = desk.command();
            command
                .args(["demo", "--customers", "40", "--into"])
                .arg(&desk.book);
            command
        };
        let begun = Instant::now();
        match whole {
            None => {
                assert_eq!(within(demo()).code, Some(0));
                whole = Some(begun.elapsed());
            }
            Some(whole) => {
                kill_within(demo(), whole, &mut chance);
            }
        }
        if desk.book.exists() {
            assert_eq!(rows(&desk), 40);
            assert_holds(&desk, MARK, &BTreeSet::new(), None);
            std::fs::remove_file(&desk.book).expect("its own file");
        }
    }
}
