//! Two machines on one file, each with shared memory of its own, as on a network disk that pretends to be local.

use super::ended::within;
use super::{may_mount, soundness, texts};
use crate::terminal::Desk;

/// Started in a namespace of its own: lays files over the shared memory and over the name of the running system, then runs the
/// program as on another machine.
const ELSEWHERE: &str = "mount --bind \"$1\" \"$2\" && mount --bind \"$3\" /proc/sys/kernel/random/boot_id && shift 3 && exec \"$@\"";

#[test]
fn a_second_machine_is_told_and_harms_nothing() {
    if !may_mount("two machines") {
        return;
    }
    let desk = Desk::with_demo();
    let mut console = desk.open();
    let name = console.under_cursor();
    console.press("n");
    console.wait("the line for a note", |c| c.shows("Note on"));
    console.press("host first\r");
    console.wait("that it is written", |c| {
        c.message().contains("Note on") && c.message().contains("undo")
    });

    // The same book and log, but memory that the first does not share.
    let (memory, boot) = (desk.path("other-memory"), desk.path("other-boot"));
    std::fs::write(&memory, "").expect("a file");
    std::fs::write(&boot, "00000000-0000-4000-8000-000000000002\n").expect("a file");
    let elsewhere = |args: &[&str]| {
        let mut command = desk.tool("unshare");
        command
            .args([
                "-m",
                "--propagation",
                "private",
                "sh",
                "-c",
                ELSEWHERE,
                "sh",
            ])
            .arg(&memory);
        command
            .arg(format!("{}-shm", desk.book.display()))
            .arg(&boot)
            .arg(env!("CARGO_BIN_EXE_retain"))
            .args(args);
        // Another machine is another home.
        command
            .arg("--book")
            .arg(&desk.book)
            .env("XDG_STATE_HOME", desk.path("other-state"));
        within(command)
    };
    let second = elsewhere(&["note", &name, "host second"]);
    second.assert_helpful("the second machine");
    assert_ne!(
        second.code,
        Some(0),
        "two machines must not write to one log: {second:?}"
    );

    // The first goes on, and when it has left the second may write, and everybody after it.
    console.press("n");
    console.wait("the line for a note", |c| c.shows("Note on"));
    console.press("host again\r");
    console.wait("that it is written", |c| {
        c.message().contains("Note on") && c.message().contains("undo")
    });
    console.press("q");
    assert_eq!(console.end(), 0);
    assert_eq!(soundness(&desk.book), "ok");
    assert_eq!(
        texts(&desk.book, "host").expect("texts"),
        ["host first", "host again"]
    );
}
