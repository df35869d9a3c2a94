//! Power cuts: what the program asked of the kernel is recorded, and played again up to a point with what was not synced
//! dropped, torn at sectors and in another order. Whatever a disk may then hold has to be a sound book with every
//! acknowledged note in it.

mod disk;
mod record;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;

use super::ended::within;
use super::{Place, desk_with_book, has_strace, soundness, texts, times, writer};
use crate::terminal::Desk;
use disk::Disk;
use record::{Op, Recorder};

const MARK: &str = "power";

/// Runs under strace what `make` builds from the name of the program to trace.
fn traced(desk: &Desk, trace: &Path, program: &Path, rest: impl FnOnce(&mut Command)) {
    let mut command = desk.tool("strace");
    command
        .args(["-f", "-xx", "-s", "80000", "-e", "signal=none", "-o"])
        .arg(trace);
    command
        .args([
            "-e",
            "trace=openat,close,pwrite64,write,ftruncate,unlink,rename,fsync,fdatasync",
        ])
        .arg(program);
    rest(&mut command);
    let ended = within(command);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// Acknowledged writes as a disk sees them: notes of the program, each a process of its own, and many of one process.
fn record(desk: &Desk) -> Vec<Op> {
    let mut recorder = Recorder::new(&desk.book);
    let trace = desk.path("trace");
    let note = |recorder: &mut Recorder, n: usize| {
        let text = format!("{MARK} note {n}");
        traced(
            desk,
            &trace,
            Path::new(env!("CARGO_BIN_EXE_retain")),
            |command| {
                command
                    .args(["note", "A1", &text, "--book"])
                    .arg(&desk.book);
            },
        );
        recorder.read(&trace, |said| said.contains("Note").then(|| text.clone()));
    };
    (0..4).for_each(|n| note(&mut recorder, n));
    // While somebody else has the book open, nobody's leaving puts the log back into the book.
    let other = Connection::open(&desk.book).expect("the book");
    other
        .query_row("SELECT count(*) FROM customer", [], |r| r.get::<_, i64>(0))
        .expect("an answer");
    (4..8).for_each(|n| note(&mut recorder, n));
    traced(desk, &trace, &writer::myself(), |command| {
        writer::order(command, desk, "writer", &format!("{MARK} many"), 40)
    });
    recorder.read(&trace, |said| {
        said.split_once("acknowledged ")
            .map(|(_, text)| text.trim_end().to_owned())
    });
    drop(other);
    recorder.ops
}

/// Whether the disk does what it is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Syncs {
    Kept,
    Ignored,
}

/// What was found after cuts: books that are not sound, and acknowledged notes that are gone.
struct Found {
    corrupt: Vec<String>,
    lost: Vec<String>,
}

/// Cuts the power at so many points; `None` where nothing can be recorded.
fn cut(place: Place, syncs: Syncs, points: usize) -> Option<Found> {
    let what = format!("power cuts, {place:?}, syncs {syncs:?}");
    if !has_strace(&what) {
        return None;
    }
    let desk = desk_with_book(place);
    let before = std::fs::read(&desk.book).expect("the book");
    let mut ops = record(&desk);
    if syncs == Syncs::Ignored {
        ops.retain(|op| !matches!(op, Op::Sync(_) | Op::SyncFolder));
    }
    let acknowledged: Vec<(usize, &str)> = ops
        .iter()
        .enumerate()
        .filter_map(|(at, op)| op.acknowledged().map(|t| (at, t)))
        .collect();
    assert_eq!(acknowledged.len(), 48, "every write was seen");
    let mut chance = ChaCha8Rng::seed_from_u64(61);
    let (mut corrupt, mut lost) = (Vec::new(), Vec::new());
    for point in 0..points {
        let until = chance.random_range(1..=ops.len());
        let disk = Disk::after_a_cut(&before, &ops[..until], &mut chance);
        let found = desk_with_disk(place, &disk);
        let mut doctor = found.command();
        doctor.args(["doctor", "--json", "--book"]).arg(&found.book);
        let ended = within(doctor);
        ended.assert_civil(&format!("point {point}"));
        let said = soundness(&found.book);
        if ended.code != Some(0) || said != "ok" {
            corrupt.push(format!(
                "point {point}, after {until} of {}: {said} {ended:?}",
                ops.len()
            ));
            continue;
        }
        let have: BTreeSet<String> = texts(&found.book, MARK)
            .expect("texts")
            .into_iter()
            .collect();
        for (_, text) in acknowledged
            .iter()
            .filter(|(at, text)| *at < until && !have.contains(*text))
        {
            lost.push(format!("point {point}: {text}"));
        }
    }
    super::tell(&format!(
        "{what}: {} calls, {points} points, {} corrupt, {} acknowledged lost",
        ops.len(),
        corrupt.len(),
        lost.len()
    ));
    Some(Found { corrupt, lost })
}

fn assert_nothing_lost(place: Place) {
    if let Some(Found { corrupt, lost }) = cut(place, Syncs::Kept, times(25, 300)) {
        assert!(corrupt.is_empty(), "{corrupt:#?}");
        assert!(lost.is_empty(), "{lost:#?}");
    }
}

/// A desk that finds on its disk what a power cut left.
fn desk_with_disk(place: Place, disk: &Disk) -> Desk {
    let mut desk = Desk::empty();
    let folder = desk.path("books");
    std::fs::create_dir(&folder).expect("a folder");
    if place == Place::Synced {
        std::fs::create_dir(folder.join(".stfolder")).expect("a marker");
    }
    disk.put_into(&folder);
    desk.book = folder.join("book.db");
    desk
}

#[test]
fn a_power_cut_costs_a_local_book_nothing_that_was_acknowledged() {
    assert_nothing_lost(Place::Local);
}

#[test]
fn a_power_cut_costs_a_synced_book_nothing_that_was_acknowledged() {
    assert_nothing_lost(Place::Synced);
}

#[test]
fn without_syncs_the_same_cuts_would_cost_something() {
    // Else these tests would prove nothing.
    if let Some(Found { corrupt, lost }) = cut(Place::Local, Syncs::Ignored, 10) {
        assert!(!corrupt.is_empty() || !lost.is_empty());
    }
}
