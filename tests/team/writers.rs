//! Subcommands of many people at once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};

use super::{assert_well, texts, with_book, with_files};

#[test]
fn no_write_of_many_is_lost_and_none_is_turned_away() {
    let desk = with_book();
    std::thread::scope(|scope| {
        for writer in 0..6 {
            let desk = &desk;
            scope.spawn(move || {
                let me = format!("person{writer}");
                for n in 0..15 {
                    let text = format!("words {writer} {n}");
                    let verb = if n % 2 == 0 { "note" } else { "log" };
                    let done = desk.run_as(&me, &[verb, "A1", &text]);
                    assert!(done.status.success(), "{done:?}");
                }
            });
        }
    });
    let found: Vec<String> = texts(&desk, "A1")
        .into_iter()
        .filter(|t| t.starts_with("words "))
        .collect();
    let every: BTreeSet<String> = (0..6)
        .flat_map(|w| (0..15).map(move |n| format!("words {w} {n}")))
        .collect();
    assert_eq!(found.len(), every.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), every);
    assert_well(&desk);
}

#[test]
fn what_was_acknowledged_survives_the_killing_of_writers() {
    let desk = with_book();
    let mut chance = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let (mut known, mut tried) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..12 {
        // Two at once: the one is killed somewhere on its way, the other is not and finds the book as it was left.
        let start = |name: &str| {
            let text = format!("{name} {round}");
            let mut command = desk.command();
            command
                .args(["note", "A1", &text, "--me", name, "--book"])
                .arg(&desk.book);
            (text, command.spawn().expect("the program starts"))
        };
        let ((lost, mut killed), (kept, mut lives)) = (start("killed"), start("lives"));
        let (begun, delay) = (
            Instant::now(),
            Duration::from_micros(chance.random_range(0..90_000)),
        );
        while begun.elapsed() < delay && killed.try_wait().expect("a child").is_none() {
            std::thread::yield_now();
        }
        killed.kill().expect("a signal");
        if killed.wait().expect("it ended").success() {
            known.insert(lost.clone());
        }
        assert!(lives.wait().expect("it ended").success());
        known.insert(kept.clone());
        tried.extend([lost, kept]);
    }
    let found: Vec<String> = texts(&desk, "A1")
        .into_iter()
        .filter(|t| t.starts_with("killed ") || t.starts_with("lives "))
        .collect();
    let set: BTreeSet<String> = found.iter().cloned().collect();
    assert_eq!(set.len(), found.len(), "none is there twice");
    assert!(known.is_subset(&set), "lost: {:?}", known.difference(&set));
    assert!(
        set.is_subset(&tried),
        "half written: {:?}",
        set.difference(&tried)
    );
    assert_eq!(
        desk.json(&["outbox"])["waiting"].as_array().map(Vec::len),
        Some(0),
        "what only the outbox knew was written again"
    );
    assert_well(&desk);
}

#[test]
fn doctor_finds_nothing_wrong_while_the_same_person_writes() {
    let desk = with_book();
    let on = desk.run_as("ana", &["sync", "--on"]);
    assert!(on.status.success(), "{on:?}");
    let left = std::sync::atomic::AtomicUsize::new(3);
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let (desk, left) = (&desk, &left);
            scope.spawn(move || {
                for n in 0..15 {
                    let done = desk.run_as("ana", &["note", "A1", &format!("words {writer} {n}")]);
                    assert!(done.status.success(), "{done:?}");
                }
                left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            });
        }
        while left.load(std::sync::atomic::Ordering::SeqCst) > 0 {
            let done = desk.run_as("ana", &["doctor"]);
            assert!(
                done.status.success(),
                "{}",
                String::from_utf8_lossy(&done.stdout)
            );
        }
    });
    assert_well(&desk);
}

#[test]
fn six_that_find_an_empty_file_make_one_book() {
    let desk = with_files();
    std::fs::write(&desk.book, "").expect("an empty file");
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let done = desk.run_as("ana", &["today"]);
                assert!(done.status.success() && done.stderr.is_empty(), "{done:?}");
            });
        }
    });
    assert_well(&desk);
}

#[test]
fn six_that_make_the_book_at_once_import_its_rows_once() {
    let desk = with_files();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                // A zone that is not the default is written while the book is made.
                let mut command = desk.command();
                command
                    .args(["import", "files", "--book"])
                    .arg(&desk.book)
                    .env("TZ", "Europe/Berlin");
                let done = command.output().expect("the program starts");
                assert!(done.status.success(), "{done:?}");
            });
        }
    });
    assert_eq!(
        desk.json(&["list"])["rows"].as_array().expect("rows").len(),
        2
    );
    assert_well(&desk);
}

#[test]
fn undo_takes_back_only_ones_own() {
    let desk = with_book();
    for (me, args) in [
        ("bo", ["note", "A1", "first of bo"]),
        ("cy", ["note", "A1", "of cy"]),
        ("bo", ["note", "A1", "second of bo"]),
    ] {
        assert!(desk.run_as(me, &args).status.success());
    }
    assert!(desk.run_as("cy", &["undo"]).status.success());
    assert_eq!(texts(&desk, "A1"), ["first of bo", "second of bo"]);
    let nothing = desk.run_as("cy", &["undo"]);
    assert_eq!(nothing.status.code(), Some(2), "{nothing:?}");
    assert!(desk.run_as("bo", &["undo"]).status.success());
    assert_eq!(texts(&desk, "A1"), ["first of bo"]);
    assert!(desk.run_as("cy", &["redo"]).status.success());
    assert_eq!(texts(&desk, "A1"), ["first of bo", "of cy"]);
}

#[test]
fn an_undo_that_is_refused_says_how_the_rest_is_taken_back() {
    let desk = with_book();
    assert!(
        desk.run_as(
            "bo",
            &["edit", "A1", "owner=cy", "website=https://acme.example"]
        )
        .status
        .success()
    );
    assert!(
        desk.run_as("cy", &["edit", "A1", "owner=dana"])
            .status
            .success()
    );
    let refused = desk.run_as("bo", &["undo"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(4), "{said}");
    let way = said
        .lines()
        .find_map(|line| line.strip_prefix("hint: retain "))
        .expect("a way to go on");
    let args: Vec<&str> = way
        .split(" takes back")
        .next()
        .expect("a command")
        .split(' ')
        .collect();
    assert_eq!((args[0], args[2]), ("undo", "--rest"), "{way}");
    assert!(desk.run_as("bo", &args).status.success());
    let customer = &desk.json(&["show", "A1"])["customer"];
    assert_eq!(
        (customer["owner"].as_str(), customer["website"].as_str()),
        (Some("dana"), Some(""))
    );
    let alone = desk.run_as("bo", &["undo", "--rest"]);
    assert_eq!(alone.status.code(), Some(2), "{alone:?}");
}
