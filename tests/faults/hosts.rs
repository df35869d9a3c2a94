//! Two machines on one file, each with shared memory of its own, as on a network disk that pretends to be local.

use super::ended::within;
use super::writer::Writer;
use super::{Place, assert_holds, desk_with_book, may_mount};

#[test]
#[ignore = "a book does not say yet which machine has it open"]
fn a_second_machine_is_told_and_harms_nothing() {
    if !may_mount("two machines") {
        return;
    }
    let desk = desk_with_book(Place::Local);
    let mut first = Writer::start(&desk, "first", "host first");
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while first.count() < 5 {
        first.assert_runs();
        assert!(std::time::Instant::now() < end, "the first does not write");
        std::thread::yield_now();
    }
    // The second sees the same book and log, but memory that the first does not share.
    let memory = desk.path("other-memory");
    std::fs::write(&memory, "").expect("a file");
    let shared = format!("{}-shm", desk.book.display());
    let script = "mount --bind \"$1\" \"$2\" && hostname elsewhere && exec \"$3\" note A1 'host second' --book \"$4\"";
    let mut second = desk.tool("unshare");
    second.args(["-m", "-u", "--propagation", "private", "sh", "-c", script, "sh"]);
    second.arg(&memory).arg(&shared).arg(env!("CARGO_BIN_EXE_retain")).arg(&desk.book);
    let ended = within(second);
    ended.assert_helpful("the second machine");
    assert_ne!(ended.code, Some(0), "two machines must not write to one log: {ended:?}");
    first.kill();
    let acknowledged = first.acknowledged().into_iter().collect();
    assert_holds(&desk, "host", &acknowledged, None);
}
