//! kill -9 of what takes several steps on several files: a backup, a merge, an exchange of bundles, and a note at each of its calls,
//! so also between its line in the outbox and its COMMIT.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::ended::{Ended, within};
use super::killed::kill_within;
use super::syscalls::put_back;
use super::{
    Place, assert_holds, desk_with_book, full, has_strace, soundness, texts, times, writer,
};
use crate::terminal::Desk;

/// A subcommand on a book, not started yet.
fn on(desk: &Desk, book: &Path, args: &[&str]) -> Command {
    let mut command = desk.command();
    command.args(args).arg("--book").arg(book);
    command
}

fn done(command: Command) -> Ended {
    let ended = within(command);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

/// How long the command takes when nobody kills it.
fn taken(command: Command) -> Duration {
    let begun = Instant::now();
    done(command);
    begun.elapsed()
}

/// The names in a folder that end with one of these, or all.
fn names(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|f| f.path());
    all.filter(|f| f.file_name().is_some_and(|n| wanted(&n.to_string_lossy())))
        .collect()
}

fn is_draft(name: &str) -> bool {
    name.contains(".tmp")
}

fn backups(desk: &Desk) -> PathBuf {
    desk.book.with_file_name(".book.db.backups")
}

/// Asserts that what is listed as a backup is whole and holds `mark` so often, by SQLite and by the program.
fn assert_backups_whole(desk: &Desk, mark: &str, count: usize) -> usize {
    let whole = names(&backups(desk), |n| n.ends_with(".db"));
    for backup in &whole {
        assert_eq!(soundness(backup), "ok", "{}", backup.display());
        assert_eq!(
            texts(backup, mark).expect("texts").len(),
            count,
            "{}",
            backup.display()
        );
    }
    let said = done(on(desk, &desk.book, &["backup", "verify", "--json"]));
    let said: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(
        said["backups"].as_array().map(Vec::len),
        Some(whole.len()),
        "{said}"
    );
    whole.len()
}

/// A next backup works, and sweeps what the killed left.
fn assert_next_backup_sweeps(desk: &Desk) {
    done(on(desk, &desk.book, &["backup"]));
    let left = names(&backups(desk), is_draft);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_killed_backup_is_whole_or_not_listed_and_the_next_sweeps_up() {
    let mut chance = ChaCha8Rng::seed_from_u64(44);
    let desk = desk_with_book(Place::Local);
    write_notes(&desk, "kept");
    let backup = || on(&desk, &desk.book, &["backup"]);
    let whole = taken(backup());
    let (kills, mut drafts, mut listed) = (times(8, 120), 0, 0);
    for _ in 0..kills {
        // Those before were looked at.
        std::fs::remove_dir_all(backups(&desk)).expect("a folder of backups");
        kill_within(backup(), whole, &mut chance);
        drafts += usize::from(!names(&backups(&desk), is_draft).is_empty());
        listed += assert_backups_whole(&desk, "kept", NOTES);
        assert_next_backup_sweeps(&desk);
    }
    assert_backups_whole(&desk, "kept", NOTES);
    assert_holds(
        &desk,
        "kept",
        &(0..NOTES).map(|n| format!("kept {n}")).collect(),
        None,
    );
    super::tell(&format!(
        "{kills} backups killed: {drafts} left a draft, {listed} were whole"
    ));
}

#[test]
fn a_backup_killed_at_any_call_is_whole_or_not_listed() {
    if !has_strace("a backup killed at each call") {
        return;
    }
    let desk = desk_with_book(Place::Local);
    done(on(&desk, &desk.book, &["note", "A1", "kept before"]));
    let mut kills = 0;
    let mut calls = vec!["rename", "fsync", "write"];
    if full() {
        calls.extend(["unlink", "fdatasync", "ftruncate", "openat", "pwrite64"]);
    }
    for call in calls {
        for n in 1.. {
            // Most often there is none.
            let _ = std::fs::remove_dir_all(backups(&desk));
            if !killed_at(&desk, call, n, &["backup"]).0 {
                break;
            }
            kills += 1;
            assert_backups_whole(&desk, "kept before", 1);
            assert_next_backup_sweeps(&desk);
        }
    }
    super::tell(&format!("a backup killed at each of {kills} calls"));
}

/// Runs a subcommand that is killed when it makes this call for the n-th time. Gives whether it came to that, and how it ended.
fn killed_at(desk: &Desk, call: &str, n: usize, args: &[&str]) -> (bool, Ended) {
    let mut command = desk.tool("strace");
    command
        .args(["-f", "-o"])
        .arg(desk.path("trace"))
        .args(["-e", &format!("trace={call}")]);
    command
        .args(["-e", &format!("inject={call}:signal=KILL:when={n}")])
        .arg(env!("CARGO_BIN_EXE_retain"));
    command.args(args).arg("--book").arg(&desk.book);
    let ended = within(command);
    let trace = std::fs::read_to_string(desk.path("trace")).expect("the trace");
    (trace.contains("killed by SIGKILL"), ended)
}

/// Kills a note at each of its calls. What only the outbox had is written once at the next start; what nobody was told of and the
/// outbox does not have is not there.
fn kill_notes_at_each_call(place: Place) {
    if !has_strace(&format!("a note killed at each call, {place:?}")) {
        return;
    }
    let desk = desk_with_book(place);
    done(on(&desk, &desk.book, &["note", "A1", "before"]));
    let before = std::fs::read(&desk.book).expect("the book");
    let (mut kills, mut between, mut stood) = (0, 0, 0);
    let mut calls = vec!["pwrite64", "fdatasync", "ftruncate"];
    if full() {
        calls.extend([
            "write", "fsync", "unlink", "openat", "close", "fcntl", "pread64",
        ]);
    }
    for call in calls {
        for n in 1.. {
            put_back(&before, &desk);
            let text = format!("killed at {call} {n}");
            let (killed, ended) = killed_at(&desk, call, n, &["note", "A1", &text]);
            if !killed {
                break;
            }
            kills += 1;
            let count = || texts(&desk.book, &text).expect("texts").len();
            let there = count();
            let lines = names(&desk.path("state/retain/outbox"), |_| true)
                .into_iter()
                .map(|f| std::fs::read_to_string(f).expect("an outbox"));
            let kept = lines.into_iter().any(|l| l.contains(&text));
            between += usize::from(kept && there == 0);
            stood += usize::from(there == 1);
            if ended.stdout.contains("Note on") {
                assert_eq!(there, 1, "{text}: acknowledged");
            }
            assert_holds(
                &desk,
                "killed at",
                &texts(&desk.book, &text)
                    .expect("texts")
                    .into_iter()
                    .collect(),
                Some(&[text.clone()].into()),
            );
            assert_eq!(
                count(),
                usize::from(kept || there == 1),
                "{text}: kept {kept}, there {there}"
            );
            let after = desk.run_as("ana", &["note", "A1", "after"]);
            assert!(
                after.status.success() && after.stderr.is_empty(),
                "{text}: {after:?}"
            );
            assert_eq!(
                count(),
                usize::from(kept || there == 1),
                "{text}: once, also at the start after the next"
            );
        }
    }
    assert!(
        between > 0,
        "no kill fell between the outbox and the COMMIT"
    );
    super::tell(&format!(
        "{place:?}: a note killed at each of {kills} calls; {between} were in the outbox only, {stood} in the book"
    ));
}

#[test]
fn a_note_killed_between_outbox_and_commit_is_there_once_on_a_local_book() {
    kill_notes_at_each_call(Place::Local);
}

#[test]
fn a_note_killed_between_outbox_and_commit_is_there_once_on_a_synced_book() {
    kill_notes_at_each_call(Place::Synced);
}

/// So many notes on each side of two copies.
const NOTES: usize = 40;

/// Has somebody write notes into the desk's book.
fn write_notes(desk: &Desk, me: &str) {
    let mut command = desk.tool(writer::myself());
    writer::order(&mut command, desk, me, me, NOTES);
    done(command);
}

fn digest(desk: &Desk, book: &Path) -> String {
    let said = done(on(desk, book, &["doctor", "--json"]));
    let said: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
    said["digest"].to_string()
}

/// All or none of these texts, each once.
fn all_or_none(book: &Path, mark: &str) -> bool {
    let found = texts(book, mark).expect("texts");
    let set: BTreeSet<&String> = found.iter().collect();
    assert!(
        set.len() == found.len() && [0, NOTES].contains(&found.len()),
        "half of them: {found:?}"
    );
    !found.is_empty()
}

fn kill_merges(place: Place, kills: usize) {
    let mut chance = ChaCha8Rng::seed_from_u64(45);
    let mut desk = desk_with_book(place);
    let (ours, theirs) = (desk.book.clone(), desk.book.with_file_name("theirs.db"));
    std::fs::copy(&ours, &theirs).expect("a copy");
    desk.book = theirs.clone();
    write_notes(&desk, "theirs");
    desk.book = ours.clone();
    write_notes(&desk, "ours");
    let before = std::fs::read(&ours).expect("the book");
    let merge = || on(&desk, &ours, &["merge", &theirs.display().to_string()]);
    let whole = taken(merge());
    let wanted = digest(&desk, &ours);
    let (mut nothing, mut all) = (0, 0);
    for _ in 0..kills {
        put_back(&before, &desk);
        std::fs::remove_dir_all(backups(&desk)).expect("a folder of backups");
        kill_within(merge(), whole, &mut chance);
        if all_or_none(&ours, "theirs") {
            all += 1;
        } else {
            nothing += 1;
        }
        assert!(all_or_none(&ours, "ours"));
        for backup in names(&backups(&desk), |n| {
            n.ends_with(".db") && n.contains("before-merge")
        }) {
            assert_eq!(
                (soundness(&backup).as_str(), all_or_none(&backup, "theirs")),
                ("ok", false),
                "{}",
                backup.display()
            );
        }
        done(merge());
        assert_eq!(
            (digest(&desk, &ours), soundness(&ours).as_str()),
            (wanted.clone(), "ok")
        );
        assert_next_backup_sweeps(&desk);
    }
    super::tell(&format!(
        "{place:?}: {kills} merges killed, {nothing} had taken nothing, {all} everything"
    ));
}

#[test]
fn a_killed_merge_into_a_local_book_takes_nothing_or_everything() {
    kill_merges(Place::Local, times(5, 60));
}

#[test]
fn a_killed_merge_into_a_synced_book_takes_nothing_or_everything() {
    kill_merges(Place::Synced, times(4, 60));
}

fn copy_folder(from: &Path, to: &Path) {
    // Most often there is none.
    let _ = std::fs::remove_dir_all(to);
    assert!(
        Command::new("cp")
            .arg("-r")
            .arg(from)
            .arg(to)
            .status()
            .expect("cp")
            .success()
    );
}

fn kill_exchanges(place: Place, kills: usize) {
    let mut chance = ChaCha8Rng::seed_from_u64(46);
    let mut desk = desk_with_book(place);
    let (ours, theirs) = (desk.book.clone(), desk.book.with_file_name("theirs.db"));
    let carried = desk.path("carried");
    let folder = carried.display().to_string();
    // Theirs gave a bundle; ours has joined before that, and has something to give.
    done(on(&desk, &ours, &["sync", "--on", "--folder", &folder]));
    done(on(&desk, &theirs, &["sync", "--join", &folder]));
    write_notes(&desk, "ours");
    desk.book = theirs.clone();
    write_notes(&desk, "theirs");
    done(on(&desk, &theirs, &["sync"]));
    desk.book = ours.clone();
    let before = std::fs::read(&ours).expect("the book");
    copy_folder(&carried, &desk.path("carried-before"));
    // What is put back is a home that knows nothing of the book: its person says yes again.
    let sync = || on(&desk, &ours, &["sync", "--on", "--json"]);
    let whole = taken(sync());
    let wanted = digest(&desk, &ours);
    let (mut nothing, mut all) = (0, 0);
    for kill in 0..kills {
        put_back(&before, &desk);
        copy_folder(&desk.path("carried-before"), &carried);
        kill_within(sync(), whole, &mut chance);
        if all_or_none(&ours, "theirs") {
            all += 1;
        } else {
            nothing += 1;
        }
        assert!(all_or_none(&ours, "ours"));
        let said: serde_json::Value = serde_json::from_str(&done(sync()).stdout).expect("JSON");
        assert_eq!(said["wrong"], serde_json::json!([]), "{said}");
        assert_eq!(
            (digest(&desk, &ours), soundness(&ours).as_str()),
            (wanted.clone(), "ok")
        );
        let devices = names(&carried, |_| true);
        let left: Vec<PathBuf> = devices
            .iter()
            .flat_map(|device| names(device, is_draft))
            .collect();
        assert!(left.is_empty(), "{left:?}");
        // What lies in the folder is all that somebody needs who never met us.
        let third = desk.path(&format!("third{kill}.db"));
        done(on(&desk, &third, &["sync", "--join", &folder]));
        assert!(all_or_none(&third, "ours") && all_or_none(&third, "theirs"));
    }
    super::tell(&format!(
        "{place:?}: {kills} exchanges killed, {nothing} had taken nothing, {all} everything"
    ));
}

#[test]
fn a_killed_exchange_of_a_local_book_takes_nothing_or_everything_and_gives_whole_bundles() {
    kill_exchanges(Place::Local, times(5, 60));
}

#[test]
fn a_killed_exchange_of_a_synced_book_takes_nothing_or_everything_and_gives_whole_bundles() {
    kill_exchanges(Place::Synced, times(4, 60));
}
