//! Machines that lack what a program expects: standard streams, a home, a place to write, somebody who reads.

use std::io::Read as _;
use std::process::{Command, Stdio};

use super::ended::within;
use super::{Place, assert_holds, desk_with_book, soundness};
use crate::terminal::Desk;

/// The program started by a shell that does something first.
fn by_shell(desk: &Desk, script: &str) -> Command {
    let mut command = desk.tool("sh");
    command
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_retain")])
        .arg(&desk.book);
    command
}

#[test]
fn closed_streams_do_not_become_the_book() {
    for place in [Place::Local, Place::Synced] {
        let desk = desk_with_book(place);
        for closed in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"] {
            for verb in [
                "note A1 streams",
                "list",
                "doctor",
                "import files",
                "show A1",
            ] {
                let script = format!("exec \"$1\" {verb} --book \"$2\" {closed}");
                within(by_shell(&desk, &script)).assert_civil(&script);
                // What belongs on a stream must not land in the file that got its number.
                let head = std::fs::read(&desk.book).expect("the book");
                assert!(head.starts_with(b"SQLite format 3\0"), "{script}");
                assert_eq!(soundness(&desk.book), "ok", "{script}");
            }
        }
        let noted = super::texts(&desk.book, "streams").expect("texts");
        assert!(
            !noted.is_empty(),
            "a closed stream is no reason not to write"
        );
    }
}

#[test]
fn a_reader_who_has_read_enough_is_no_error() {
    let desk = desk_with_book(Place::Local);
    for verb in [
        &["list"][..],
        &["list", "--json"],
        &["show", "A1"],
        &["today"],
        &["keys"],
        &["history"],
        &["doctor"],
        &["--help"],
    ] {
        let mut command = desk.command();
        command.args(verb).arg("--book").arg(&desk.book);
        let mut child = command.spawn().expect("the program starts");
        drop(child.stdout.take());
        let mut said = String::new();
        child
            .stderr
            .take()
            .expect("its words")
            .read_to_string(&mut said)
            .expect("UTF-8");
        let status = child.wait().expect("it ended");
        assert!(
            status.success() && said.is_empty(),
            "{verb:?}: {status:?} {said}"
        );
    }
}

#[test]
fn a_full_output_is_told() {
    let desk = desk_with_book(Place::Local);
    let mut command = by_shell(&desk, "exec \"$1\" list --book \"$2\" >/dev/full");
    command.stdin(Stdio::null());
    let ended = within(command);
    ended.assert_civil("a full output");
    assert_ne!(ended.code, Some(0));
}

#[test]
fn a_machine_without_a_home_still_reads_and_writes() {
    let desk = desk_with_book(Place::Local);
    let homes = [None, Some("/dev/null"), Some("/proc"), Some("")];
    for home in homes {
        let mut command = desk.command();
        for name in [
            "HOME",
            "USER",
            "LANG",
            "TZ",
            "XDG_DATA_HOME",
            "XDG_STATE_HOME",
            "XDG_CONFIG_HOME",
        ] {
            command.env_remove(name);
        }
        if let Some(home) = home {
            command.env("HOME", home);
        }
        command
            .args(["note", "A1", &format!("homeless {home:?}"), "--book"])
            .arg(&desk.book);
        within(command).assert_helpful(&format!("{home:?}"));
    }
    assert_holds(&desk, "homeless", &Default::default(), None);
}

#[test]
fn a_machine_with_little_memory_says_so() {
    let desk = desk_with_book(Place::Local);
    // From where nothing can start to where all works.
    for limit in (4..64).step_by(12).map(|mb| mb << 10) {
        let script = format!("ulimit -v {limit}; exec \"$1\" note A1 memory --book \"$2\"");
        // The loader may fail before there is a program, and a failed allocation aborts; the book holds in each case.
        within(by_shell(&desk, &script));
        assert_eq!(soundness(&desk.book), "ok", "{limit} KiB");
    }
    assert_holds(&desk, "no such mark", &Default::default(), None);
}
