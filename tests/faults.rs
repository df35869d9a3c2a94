//! The book under death, power cuts, failing disks, damage and attack. `cases.md` beside these files lists the cases, each
//! with its test or with the reason why there is none.
//!
//! Each test is short by default; with `RETAIN_FAULTS=full` it runs as often as a release asks for. What a machine lacks
//! (strace, root) is said on standard error and passed over, unless `RETAIN_STRACE=1` says that it has to be there.

mod bytes;
mod damage;
mod disk;
mod ended;
mod files;
mod halfway;
mod hostile;
mod hosts;
mod input;
mod keys;
mod killed;
mod migrated;
mod others;
mod power;
mod surroundings;
mod syscalls;
mod writer;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use rusqlite::Connection;

use crate::terminal::Desk;
use ended::within;

/// How often: `short` by default, `long` when the full runs are asked for.
fn times(short: usize, long: usize) -> usize {
    if full() { long } else { short }
}

fn full() -> bool {
    std::env::var_os("RETAIN_FAULTS").is_some_and(|v| v == "full")
}

/// Says on standard error what a test has measured, or why it proves nothing here.
#[allow(
    clippy::print_stderr,
    reason = "a test has nowhere else to say what it measured"
)]
fn tell(words: &str) {
    eprintln!("{words}");
}

/// Says why a test proves nothing on this machine.
fn passed_over(what: &str, why: &str) {
    tell(&format!("passed over: {what}: {why}"));
}

/// Whether strace is there and may trace. Where RETAIN_STRACE=1 promises it, its absence fails.
fn has_strace(what: &str) -> bool {
    let works = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output()
        .is_ok_and(|o| o.status.success());
    let promised = std::env::var_os("RETAIN_STRACE").is_some_and(|v| v == "1");
    assert!(
        works || !promised,
        "strace does not work here, and RETAIN_STRACE=1 says that it does"
    );
    if !works {
        passed_over(what, "strace is not installed, or may not trace");
    }
    works
}

/// Whether we may mount file systems in a namespace of our own.
fn may_mount(what: &str) -> bool {
    let may = Command::new("unshare")
        .args(["-m", "true"])
        .output()
        .is_ok_and(|o| o.status.success());
    if !may {
        passed_over(what, "mounting needs root and unshare");
    }
    may
}

/// How a book is locked: by its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// On a local disk: WAL.
    Local,
    /// In a synced folder: a rollback journal, truncated.
    Synced,
}

/// A desk with a book of two customers, in a folder of its own.
fn desk_with_book(place: Place) -> Desk {
    let mut desk = crate::team::with_files();
    let folder = desk.path("books");
    std::fs::create_dir(&folder).expect("a folder");
    if place == Place::Synced {
        std::fs::create_dir(folder.join(".stfolder")).expect("a marker");
    }
    desk.book = folder.join("book.db");
    let done = desk.run_as("ana", &["import", "files"]);
    assert!(done.status.success(), "{done:?}");
    desk
}

/// The texts in the book that begin with `mark`, each as often as it is there. Read without our own code.
fn texts(book: &Path, mark: &str) -> rusqlite::Result<Vec<String>> {
    let conn = Connection::open(book)?;
    conn.busy_timeout(std::time::Duration::from_secs(10))?;
    let mut statement =
        conn.prepare("SELECT text FROM event WHERE removed = 0 AND text LIKE ? || '%' ORDER BY n")?;
    let rows = statement.query_map([mark], |r| r.get(0))?;
    rows.collect()
}

/// What SQLite says of the file: "ok", or what is wrong with it.
fn soundness(book: &Path) -> String {
    let ask = || -> rusqlite::Result<String> {
        let conn = Connection::open(book)?;
        conn.busy_timeout(std::time::Duration::from_secs(10))?;
        let said: String = conn.query_row("PRAGMA integrity_check(3)", [], |r| r.get(0))?;
        let orphans: i64 =
            conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |r| {
                r.get(0)
            })?;
        Ok(if orphans > 0 {
            format!("{orphans} rows without their parent")
        } else {
            said
        })
    };
    ask().unwrap_or_else(|e| e.to_string())
}

/// Asserts that the book opens at once and is well, and that of the texts with `mark` it has every acknowledged one, none twice
/// and none that nobody wrote.
fn assert_holds(
    desk: &Desk,
    mark: &str,
    acknowledged: &BTreeSet<String>,
    tried: Option<&BTreeSet<String>>,
) {
    let mut doctor = desk.command();
    doctor.args(["doctor", "--json", "--book"]).arg(&desk.book);
    let ended = within(doctor);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(soundness(&desk.book), "ok");
    let found = texts(&desk.book, mark).expect("the texts");
    let set: BTreeSet<String> = found.iter().cloned().collect();
    assert_eq!(set.len(), found.len(), "none is there twice");
    let lost: Vec<&String> = acknowledged.difference(&set).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    if let Some(tried) = tried {
        assert!(
            set.is_subset(tried),
            "nobody wrote: {:?}",
            set.difference(tried)
        );
    }
}

#[test]
fn every_test_that_the_cases_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cases = include_str!("faults/cases.md");
    let mut sources = String::new();
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder)
            .expect("a folder of sources")
            .map(|f| f.expect("a file").path())
        {
            if file.is_dir() {
                folders.push(file);
            } else if file.extension().is_some_and(|e| e == "rs") {
                sources.push_str(&std::fs::read_to_string(file).expect("a source"));
            }
        }
    }
    let names: BTreeSet<&str> = cases
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|n| n.contains('_'))
        .collect();
    let missing: Vec<&&str> = names
        .iter()
        .filter(|name| !sources.contains(&format!("fn {name}(")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    for number in 1..=60 {
        assert!(
            cases.contains(&format!("\n{number}. ")),
            "case {number} is not told"
        );
    }
}
