//! A disk without space, and one that is pulled out: what was written stays, what cannot be written is told, and all works again
//! when there is space, or the disk.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::ended::within;
use super::{may_mount, soundness, texts, writer};
use crate::terminal::Desk;
use crate::terminal::console::Console;

/// Says where the inner run shall mount its small disk.
const HERE: &str = "RETAIN_FAULTS_DISK";

#[test]
fn a_full_disk_loses_nothing_and_is_told() {
    if let Some(folder) = std::env::var_os(HERE) {
        return on_a_small_disk(Path::new(&folder));
    }
    in_a_namespace("a_full_disk_loses_nothing_and_is_told");
}

/// Runs a test of this file again in a namespace of its own, so that its mounts are gone with it, whatever happens.
fn in_a_namespace(test: &str) {
    if !may_mount(test) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut inner = Command::new("unshare");
    inner
        .args(["-m", "--propagation", "private"])
        .arg(writer::myself());
    inner
        .args([&format!("faults::disk::{test}"), "--exact", "--nocapture"])
        .env(HERE, folder.path());
    let ended = super::ended::within(inner);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
}

/// Mounts or unmounts.
fn run(program: &str, args: &[&std::ffi::OsStr]) {
    assert!(
        Command::new(program)
            .args(args)
            .status()
            .expect("it starts")
            .success(),
        "{program} {args:?}"
    );
}

#[test]
fn what_is_written_while_the_disk_is_out_is_queued_and_follows_when_it_is_back() {
    let Some(place) = std::env::var_os(HERE) else {
        return in_a_namespace(
            "what_is_written_while_the_disk_is_out_is_queued_and_follows_when_it_is_back",
        );
    };
    let mut desk = Desk::with_demo();
    let disk = desk.path("disk");
    std::fs::create_dir(&disk).expect("a folder");
    std::fs::copy(&desk.book, disk.join("book.db")).expect("the book");
    desk.book = Path::new(&place).join("book.db");
    let put_in = || run("mount", &["--bind".as_ref(), disk.as_os_str(), &place]);
    put_in();
    let mut console = desk.open();
    let note = |console: &mut Console, text: &str, told: &str| {
        console.press("n");
        console.wait("the line for a note", |c| c.shows("Note on"));
        console.press(&format!("{text}\r"));
        console.wait(told, |c| c.message().contains(told));
    };
    note(&mut console, "stick before", "undo");
    // As a stick is pulled: the name leads nowhere, whatever is open.
    run("umount", &["-l".as_ref(), &place]);
    console.wait("that it is told", |c| {
        c.message().contains("the book's file is gone")
    });
    note(&mut console, "stick out", "Queued");
    assert_eq!(
        texts(&disk.join("book.db"), "stick").expect("texts"),
        ["stick before"]
    );
    put_in();
    super::killed::until("that the console has written it", || {
        texts(&desk.book, "stick").expect("texts").len() == 2
    });
    note(&mut console, "stick again", "undo");
    console.press("q");
    assert_eq!(console.end(), 0);
    let all = ["stick before", "stick out", "stick again"].map(String::from);
    super::assert_holds(&desk, "stick", &all.into_iter().collect(), None);
}

/// Mounts a disk of 8 MB there and gives a desk with its book on it.
fn small_disk(folder: &Path) -> Desk {
    let done = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
        .arg(folder)
        .status()
        .expect("mount");
    assert!(done.success());
    let mut desk = crate::team::with_files();
    desk.book = folder.join("book.db");
    assert!(desk.run_as("ana", &["import", "files"]).status.success());
    desk
}

/// Fills the disk but for `spare` bytes.
fn fill(folder: &Path, spare: u64) -> PathBuf {
    let ballast = folder.join("ballast");
    let free = rustix::fs::statvfs(folder)
        .map(|s| s.f_bavail * s.f_frsize)
        .expect("its size");
    std::fs::write(&ballast, vec![1; free.saturating_sub(spare) as usize]).expect("ballast fits");
    ballast
}

fn on_a_small_disk(folder: &Path) {
    for spare in [0, 4096, 5 * 4096, 20 * 4096] {
        let desk = small_disk(folder);
        assert!(
            desk.run_as("ana", &["note", "A1", "disk before"])
                .status
                .success()
        );

        // Full at the start: it can be read, and is refused to writers in a sentence.
        let ballast = fill(folder, spare);
        let mut list = desk.command();
        list.args(["list", "--json", "--book"]).arg(&desk.book);
        let listed = within(list);
        listed.assert_helpful("list on a full disk");
        assert_eq!(listed.code, Some(0), "{listed:?}");
        let mut note = desk.command();
        note.args(["note", "A1", "disk full", "--book"])
            .arg(&desk.book);
        let noted = within(note);
        noted.assert_helpful("note on a full disk");
        assert_ne!(noted.code, Some(0));
        let shown = desk.json(&["show", "A1", "--events", "100"])["events"].to_string();
        assert!(
            shown.contains("disk before") && !shown.contains("disk full"),
            "{shown}"
        );
        std::fs::remove_file(&ballast).expect("ballast");
        assert!(
            desk.run_as("ana", &["note", "A1", "disk after"])
                .status
                .success()
        );

        if spare == 0 {
            full_while_writing(folder, &desk);
        }
        assert_eq!(soundness(&desk.book), "ok");
        let done = Command::new("umount").arg(folder).status().expect("umount");
        assert!(done.success());
    }
}

/// Somebody writes while the disk becomes full.
fn full_while_writing(folder: &Path, desk: &Desk) {
    // Above the 5 MB below which a book is opened for reading only; this import needs more than there is.
    let ballast = fill(folder, (5 << 20) + (200 << 10));
    let mut rows = String::from("customer_id,name,csm,created_on\n");
    for n in 0..40_000 {
        rows.push_str(&format!(
            "F{n},{} {n},ana,2025-03-01\n",
            "A long name of a customer that takes some space "
                .repeat(4)
                .trim()
        ));
    }
    std::fs::write(desk.path("customers.csv"), rows).expect("write");
    let mut import = desk.command();
    import
        .args(["import", "customers.csv", "--book"])
        .arg(&desk.book);
    let ended = within(import);
    assert_ne!(ended.code, Some(0));
    ended.assert_helpful("an import that does not fit");
    assert_eq!(
        desk.json(&["list"])["rows"].as_array().map(Vec::len),
        Some(2)
    );
    std::fs::remove_file(&ballast).expect("ballast");
    let there = desk.run_as("ana", &["note", "A1", "disk again"]);
    assert!(there.status.success(), "{there:?}");
    assert_eq!(
        texts(&desk.book, "disk").expect("texts"),
        ["disk before", "disk after", "disk again"]
    );
}
