//! Other programs on the same file: a long reader, `cp`, an older SQLite, a newer Retain; and a place where WAL cannot be had.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;

use super::ended::{Ended, within};
use super::killed::until;
use super::writer::{self, Writer};
use super::{
    Place, assert_holds, desk_with_book, has_strace, passed_over, soundness, texts, times,
};
use crate::terminal::Desk;

/// The name of what SQLite lays beside a book.
fn beside(book: &Path, ending: &str) -> PathBuf {
    let mut name = book.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A program of another that reads in one transaction for as long as it likes.
fn report(book: &Path) -> Connection {
    let conn = Connection::open(book).expect("the book");
    conn.execute_batch("BEGIN").expect("a transaction");
    assert_eq!(noted(&conn), 0);
    conn
}

fn noted(conn: &Connection) -> i64 {
    conn.query_row(
        "SELECT count(*) FROM event WHERE text LIKE 'long %'",
        [],
        |r| r.get(0),
    )
    .expect("a count")
}

#[test]
fn a_long_report_keeps_nobody_from_writing_and_the_log_is_put_back_behind_it() {
    let desk = desk_with_book(Place::Local);
    let report = report(&desk.book);
    let mut many = desk.tool(writer::myself());
    let count = times(60, 400);
    writer::order(&mut many, &desk, "writer", "long", count);
    assert_eq!(within(many).code, Some(0));
    let size = std::fs::metadata(beside(&desk.book, "-wal"))
        .expect("the log")
        .len();
    assert!(size < 64 << 20, "{size} bytes of log after {count} writes");
    assert_eq!(noted(&report), 0, "the report sees what it began with");
    drop(report);
    assert_eq!(texts(&desk.book, "long").expect("texts").len(), count);
    assert!(
        !beside(&desk.book, "-wal").exists(),
        "the last one out puts the log back"
    );
    assert_holds(&desk, "long", &BTreeSet::new(), None);
    super::tell(&format!(
        "{count} writes during a report: {} KB of log",
        size >> 10
    ));
}

#[test]
fn on_a_synced_book_a_write_waits_for_a_report_to_end() {
    let desk = desk_with_book(Place::Synced);
    let report = report(&desk.book);
    let mut command = desk.command();
    command
        .args(["note", "A1", "long wait", "--book"])
        .arg(&desk.book);
    let child = command.spawn().expect("the program starts");
    until("that it is about to commit", || {
        std::fs::metadata(beside(&desk.book, "-journal")).is_ok_and(|m| m.len() > 0)
    });
    assert_eq!(noted(&report), 0);
    drop(report);
    let done = child.wait_with_output().expect("it ended");
    assert!(done.status.success() && done.stderr.is_empty(), "{done:?}");
    assert_holds(&desk, "long", &["long wait".to_owned()].into(), None);
}

/// Copies a file as `cp` does, in pieces between which others write.
fn copy(from: &Path, to: &Path) {
    let Ok(mut from) = std::fs::File::open(from) else {
        return;
    };
    let mut to = std::fs::File::create(to).expect("a file");
    let mut piece = [0; 4096];
    loop {
        match from.read(&mut piece).expect("a piece") {
            0 => return,
            n => to.write_all(&piece[..n]).expect("a piece"),
        }
        std::thread::yield_now();
    }
}

fn copies_while_somebody_writes(place: Place, count: usize) {
    let desk = desk_with_book(place);
    let sound = desk.path("sound.db");
    assert!(
        desk.run_as("ana", &["backup", &sound.display().to_string()])
            .status
            .success()
    );
    let mut writer = Writer::start(&desk, "writer", "copied");
    let mut copies = Vec::new();
    for n in 0..count {
        let folder = desk.path(&format!("copy{n}"));
        std::fs::create_dir(&folder).expect("a folder");
        let book = folder.join("book.db");
        // The file alone; with its journals after it; with its journals before it.
        let mut endings = vec!["", "-wal", "-journal"];
        match n % 3 {
            0 => endings.truncate(1),
            1 => {}
            _ => endings.rotate_left(1),
        }
        for ending in endings {
            copy(&beside(&desk.book, ending), &beside(&book, ending));
        }
        copies.push(book);
        // What the copy may have of a write is acknowledged by then.
        let enough = writer.count() + 2;
        until("that the writer writes", || {
            writer.assert_runs();
            writer.count() >= enough
        });
    }
    writer.kill();
    let written: BTreeSet<String> = writer
        .acknowledged()
        .into_iter()
        .chain(texts(&desk.book, "copied").expect("texts"))
        .collect();
    let (mut merged, mut well) = (0, 0);
    for copy in copies {
        let into = copy.with_file_name("into.db");
        std::fs::copy(&sound, &into).expect("a copy");
        let elsewhere = |args: &[&str], book: &Path| -> Ended {
            let mut command = desk.command();
            command
                .args(args)
                .arg("--book")
                .arg(book)
                .env("XDG_STATE_HOME", copy.with_file_name("state"));
            within(command)
        };
        let taken = elsewhere(&["merge", &copy.display().to_string()], &into);
        taken.assert_helpful(&format!("{}", copy.display()));
        let found = texts(&into, "copied").expect("texts");
        let set: BTreeSet<String> = found.iter().cloned().collect();
        assert!(
            set.len() == found.len() && set.is_subset(&written),
            "{}: {found:?}",
            copy.display()
        );
        assert!(
            taken.code == Some(0) || found.is_empty(),
            "refused, and yet taken: {taken:?}"
        );
        let after = elsewhere(&["doctor", "--json"], &into);
        assert_eq!(
            (after.code, soundness(&into).as_str()),
            (Some(0), "ok"),
            "{after:?}"
        );
        merged += usize::from(taken.code == Some(0));
        let opened = elsewhere(&["doctor", "--json"], &copy);
        opened.assert_civil(&format!("{}", copy.display()));
        if opened.code == Some(0) {
            well += 1;
            // One that calls itself well has the beginning of what was written, without a hole.
            let found = texts(&copy, "copied").expect("texts");
            assert!(
                found
                    .iter()
                    .enumerate()
                    .all(|(n, text)| *text == format!("copied {n}")),
                "{}: {found:?}",
                copy.display()
            );
        }
    }
    super::tell(&format!(
        "{place:?}: {count} copies taken by cp: {well} were well, {merged} could be merged, none added anything wrong"
    ));
}

#[test]
fn a_copy_taken_while_somebody_writes_is_older_or_told_and_merging_it_adds_nothing_wrong() {
    copies_while_somebody_writes(Place::Local, times(6, 60));
    copies_while_somebody_writes(Place::Synced, times(6, 60));
}

#[test]
fn an_old_program_stops_writing_when_a_newer_one_has_migrated_and_its_change_survives() {
    let desk = Desk::with_demo();
    let mut console = desk.open();
    let newer = Connection::open(&desk.book).expect("the book");
    let version: i64 = newer
        .query_row("PRAGMA user_version", [], |r| r.get(0))
        .expect("a version");
    newer
        .execute_batch(&format!("PRAGMA user_version = {}", version + 1))
        .expect("a version");
    console.press("n");
    console.wait("the line for a note", |c| c.shows("Note on"));
    console.press("old program\r");
    console.wait("that it is queued", |c| c.message().contains("Queued"));
    console.press("q");
    assert_eq!(console.end(), 0);
    assert_eq!(texts(&desk.book, "old program").expect("texts"), [""; 0]);
    let refused = desk.run_as("ana", &["note", "A1", "older program"]);
    assert!(!refused.status.success(), "{refused:?}");
    // The person updates: to the program that knows the version, the outbox is the same.
    newer
        .execute_batch(&format!("PRAGMA user_version = {version}"))
        .expect("a version");
    drop(newer);
    for _ in 0..2 {
        assert!(desk.run_as("ana", &["list"]).status.success());
        assert_eq!(
            texts(&desk.book, "old program").expect("texts"),
            ["old program"]
        );
    }
    assert_holds(&desk, "old", &["old program".to_owned()].into(), None);
}

#[test]
fn an_older_sqlite_on_the_same_file_does_no_harm() {
    let asked = Command::new("sqlite3").arg("--version").output();
    let Some(version) = asked
        .ok()
        .filter(|o| o.status.success())
        .map(|o| String::from_utf8_lossy(&o.stdout).into_owned())
    else {
        return passed_over("another SQLite", "sqlite3 is not installed");
    };
    for place in [Place::Local, Place::Synced] {
        let desk = desk_with_book(place);
        let sqlite3 = |script: &str| {
            let mut command = desk.tool("sqlite3");
            command.arg("-bail").arg(&desk.book).arg(script);
            let ended = within(command);
            assert_eq!(ended.code, Some(0), "{ended:?}");
        };
        let mut writer = Writer::start(&desk, "writer", "beside");
        for n in 1..=times(5, 60) {
            until("that the writer writes", || {
                writer.assert_runs();
                writer.count() >= n * 2
            });
            sqlite3(
                ".timeout 10000\nSELECT count(*) FROM event; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA quick_check;",
            );
        }
        writer.kill();
        let acknowledged: BTreeSet<String> = writer.acknowledged().into_iter().collect();
        assert_holds(&desk, "beside", &acknowledged, None);
        sqlite3("ANALYZE; REINDEX; VACUUM;");
        assert!(
            desk.run_as("ana", &["note", "A1", "beside and after"])
                .status
                .success()
        );
        assert_holds(&desk, "beside", &acknowledged, None);
        super::tell(&format!(
            "{place:?}: {} acknowledged beside {}",
            acknowledged.len(),
            version.trim()
        ));
    }
}

/// Runs the program where memory that processes share cannot be had for this book.
fn without_shared_memory(desk: &Desk, inject: &str, args: &[&str]) -> Ended {
    let mut command = desk.tool("strace");
    let call = inject.split(':').next().unwrap_or(inject);
    command
        .args(["-f", "-o"])
        .arg(desk.path("trace"))
        .arg("-P")
        .arg(beside(&desk.book, "-shm"));
    command.args([
        "-e",
        &format!("trace={call}"),
        "-e",
        &format!("inject={inject}"),
    ]);
    command
        .arg(env!("CARGO_BIN_EXE_retain"))
        .args(args)
        .arg("--book")
        .arg(&desk.book);
    let ended = within(command);
    let trace = std::fs::read_to_string(desk.path("trace")).expect("the trace");
    assert!(trace.contains("(INJECTED)"), "nothing failed: {trace}");
    ended
}

/// As on some file systems of FUSE: the file of the shared memory can be made, but not mapped.
#[test]
fn where_wal_cannot_be_set_up_a_rollback_journal_is_used_and_told() {
    if !has_strace("WAL that cannot be set up") {
        return;
    }
    for inject in [
        "mmap:error=ENODEV",
        "openat:error=EACCES",
        "ftruncate,pwrite64:error=ENOSPC",
    ] {
        // A book that was in WAL elsewhere, with nothing in its log or with changes, and one that is new.
        for found in ["well", "logged", "new"] {
            let mut desk = desk_with_book(Place::Local);
            if found == "logged" {
                let other = Connection::open(&desk.book).expect("the book");
                other
                    .query_row("SELECT count(*) FROM customer", [], |r| r.get::<_, i64>(0))
                    .expect("an answer");
                assert!(
                    desk.run_as("ana", &["note", "A1", "shared before"])
                        .status
                        .success()
                );
                let there = desk.path("elsewhere");
                std::fs::create_dir(&there).expect("a folder");
                for ending in ["", "-wal"] {
                    std::fs::copy(
                        beside(&desk.book, ending),
                        beside(&there.join("book.db"), ending),
                    )
                    .expect("a copy");
                }
                desk.book = there.join("book.db");
            } else if found == "new" {
                desk.book = desk.path("new.db");
            }
            let what = format!("{inject}, {found}");
            let list = without_shared_memory(
                &desk,
                inject,
                if found == "new" {
                    &["import", "files"]
                } else {
                    &["list"]
                },
            );
            assert_eq!(list.code, Some(0), "{what}: {list:?}");
            let note = without_shared_memory(&desk, inject, &["note", "A1", "shared not"]);
            assert_eq!((note.code, note.stderr.as_str()), (Some(0), ""), "{what}");
            assert!(!beside(&desk.book, "-wal").exists(), "{what}");
            let notes = texts(&desk.book, "shared").expect("texts");
            assert_eq!(
                notes,
                if found == "logged" {
                    &["shared before", "shared not"][..]
                } else {
                    &["shared not"]
                },
                "{what}"
            );
            let doctor = without_shared_memory(&desk, inject, &["doctor"]);
            assert_eq!(doctor.code, Some(0), "{what}: {doctor:?}");
            assert!(
                doctor
                    .stdout
                    .contains("shared (TRUNCATE): WAL could not be set up here"),
                "{what}: {doctor:?}"
            );
            // Back on a disk that can, it is in WAL again.
            let healed = desk.run_as("ana", &["doctor"]);
            assert!(
                String::from_utf8_lossy(&healed.stdout).contains("local (WAL)"),
                "{what}: {healed:?}"
            );
            assert_holds(&desk, "shared", &notes.into_iter().collect(), None);
        }
    }
}
