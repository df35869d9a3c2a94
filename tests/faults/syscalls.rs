//! A kernel that refuses: each call that a note makes fails once, with EIO and with ENOSPC. Never "saved" when it is not there
//! afterwards, never a panic, one sentence, and the book opens.

use std::path::Path;
use std::process::Command;

use super::ended::{Ended, within};
use super::{Place, desk_with_book, full, has_strace, soundness, texts};
use crate::terminal::Desk;

const MARK: &str = "syscall";

/// Calls that write, and one that opens what is written to.
const CALLS: &[&str] = &[
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "unlink",
    "openat",
    "pread64",
    "write",
    "rename",
];

/// What is found of all failures of one place.
#[derive(Default, Debug)]
struct Found {
    runs: usize,
    told: usize,
    healed: usize,
    wrong: Vec<String>,
}

/// Copies a book with nothing beside it, on a machine that has kept nothing.
pub(super) fn put_back(before: &[u8], desk: &Desk) {
    // What was kept for the book of the last time would be written into this one.
    let _ = std::fs::remove_dir_all(desk.path("state"));
    for ending in ["-wal", "-shm", "-journal"] {
        let beside = format!("{}{ending}", desk.book.display());
        // Most often there is none.
        let _ = std::fs::remove_file(beside);
    }
    std::fs::write(&desk.book, before).expect("the book");
}

fn traced(desk: &Desk, trace: &Path, inject: &str, text: &str) -> Ended {
    let mut command: Command = desk.tool("strace");
    let call = inject.split(':').next().unwrap_or(inject);
    command.args(["-f", "-o"]).arg(trace).args([
        "-e",
        &format!("trace={call}"),
        "-e",
        &format!("inject={inject}"),
    ]);
    command
        .arg(env!("CARGO_BIN_EXE_retain"))
        .args(["note", "A1", text, "--book"])
        .arg(&desk.book);
    within(command)
}

fn sweep(place: Place) {
    let what = format!("failing calls, {place:?}");
    if !has_strace(&what) {
        return;
    }
    let desk = desk_with_book(place);
    assert!(
        desk.run_as("ana", &["note", "A1", "before"])
            .status
            .success()
    );
    let before = std::fs::read(&desk.book).expect("the book");
    let trace = desk.path("trace");
    let mut found = Found::default();
    for call in CALLS {
        // The loader opens libraries first; after a failure there it is no program of ours yet.
        for (error, stride) in [("EIO", 1), ("ENOSPC", if full() { 1 } else { 4 })] {
            for (n, suffix) in (1..2000)
                .step_by(if full() { 1 } else { 3 * stride })
                .flat_map(|n| [(n, ""), (n, "+")])
            {
                if suffix == "+" && !full() && n % 2 == 0 {
                    continue;
                }
                put_back(&before, &desk);
                let text = format!("{MARK} {call} {error} {n}{suffix}");
                let ended = traced(
                    &desk,
                    &trace,
                    &format!("{call}:error={error}:when={n}{suffix}"),
                    &text,
                );
                let log = std::fs::read_to_string(&trace).expect("the trace");
                let Some(hit) = log.lines().find(|l| l.contains("(INJECTED)")) else {
                    break;
                };
                if ended.code == Some(127) && ended.stderr.contains("shared libraries") {
                    continue;
                }
                found.runs += 1;
                look(&desk, &text, &ended, hit, &mut found);
            }
        }
    }
    super::tell(&format!(
        "{what}: {} failures, {} told, {} healed",
        found.runs, found.told, found.healed
    ));
    assert!(
        found.wrong.is_empty(),
        "{} of {}:\n{}",
        found.wrong.len(),
        found.runs,
        found.wrong.join("\n")
    );
}

/// What one failed call led to.
fn look(desk: &Desk, text: &str, ended: &Ended, hit: &str, found: &mut Found) {
    let mut wrong = |why: &str| {
        found
            .wrong
            .push(format!("{text}: {why}\n  {hit}\n  {ended:?}"))
    };
    let said = soundness(&desk.book);
    if said != "ok" {
        wrong(&format!("the book is {said}"));
        return;
    }
    let count = || {
        texts(&desk.book, text)
            .expect("texts")
            .iter()
            .filter(|t| *t == text)
            .count()
    };
    let there = count();
    let after = desk.run_as("ana", &["note", "A1", "after"]);
    if !after.status.success() {
        wrong(&format!("the next note is refused: {after:?}"));
    }
    let later = count();
    let kept = ["queued", "is kept"]
        .iter()
        .any(|w| ended.stderr.contains(w));
    if kept && later != 1 {
        wrong(&format!(
            "said that it is kept, and at the next start it is there {later} times"
        ));
    } else if !kept && later != there {
        wrong(&format!(
            "it was there {there} times and is there {later} times"
        ));
    }
    if ended.signal.is_some() || ended.code == Some(101) || ended.stderr.contains("panicked") {
        wrong("a panic or a signal");
    } else if ended.code == Some(0) {
        found.healed += 1;
        if there != 1 {
            wrong(&format!(
                "said that it is saved, and it is there {there} times"
            ));
        }
    } else {
        found.told += 1;
        // A failing `write` takes the sentence itself away.
        let silent = text.contains("syscall write");
        if let Some(fault) = ended.fault().filter(|_| !silent) {
            wrong(&fault);
        } else if !silent && !ended.has_hint() {
            wrong("no hint");
        } else if there > 0 && !silent {
            wrong("told as failed, and it is there");
        }
    }
}

#[test]
fn a_call_that_fails_is_told_or_healed_on_a_local_book() {
    sweep(Place::Local);
}

#[test]
fn a_call_that_fails_is_told_or_healed_on_a_synced_book() {
    sweep(Place::Synced);
}
