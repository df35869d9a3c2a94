//! What may lie where a book should be: other kinds of files, files that cannot be read or written, and files that are no book.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use super::ended::{Ended, frugal, within};
use super::{Place, desk_with_book, passed_over, soundness};
use crate::terminal::Desk;

/// Lists and writes; both end civilly. Gives how the list and the note ended.
fn try_both(desk: &Desk, what: &str) -> (Ended, Ended) {
    let list = within(frugal(desk, &["list", "--json"]));
    list.assert_helpful(&format!("list: {what}"));
    let note = within(frugal(desk, &["note", "A1", "words"]));
    note.assert_helpful(&format!("note: {what}"));
    (list, note)
}

fn assert_refused(desk: &Desk, what: &str) {
    let (list, note) = try_both(desk, what);
    assert!(
        list.code != Some(0) && note.code != Some(0),
        "{what}: {list:?} {note:?}"
    );
}

#[test]
fn what_is_not_a_file_is_refused() {
    let mut desk = Desk::empty();
    fs::create_dir(&desk.book).expect("a folder");
    assert_refused(&desk, "a folder");
    desk.book = "/dev/null".into();
    assert_refused(&desk, "/dev/null");
    desk.book = "/dev/zero".into();
    assert_refused(&desk, "/dev/zero");
    desk.book = desk.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&desk.book)
            .status()
            .expect("mkfifo")
            .success()
    );
    assert_refused(&desk, "a named pipe");
    desk.book = desk.path("loop");
    symlink(&desk.book, &desk.book).expect("a link");
    assert_refused(&desk, "a link to itself");
    desk.book = desk.path("dangling");
    symlink(desk.path("nowhere"), &desk.book).expect("a link");
    assert_refused(&desk, "a link to nothing");
    desk.book = desk.path("a").join("b").join("c.db");
    assert_refused(&desk, "no such folder");
    fs::write(desk.path("plain"), "x").expect("a file");
    desk.book = desk.path("plain").join("book.db");
    assert_refused(&desk, "a file in place of its folder");
}

#[test]
fn what_is_no_book_is_refused_and_stays_as_it_is() {
    let desk = Desk::empty();
    let database = {
        let path = desk.path("other.db");
        let conn = rusqlite::Connection::open(&path).expect("a database");
        conn.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
            .expect("rows");
        drop(conn);
        fs::read(path).expect("its bytes")
    };
    let patched = |at: usize, number: i32| {
        let mut bytes = database.clone();
        bytes[at..at + 4].copy_from_slice(&number.to_be_bytes());
        bytes
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("one byte", b"S".to_vec()),
        ("half a header", database[..50].to_vec()),
        ("a header alone", database[..100].to_vec()),
        ("text", b"customer_id,name\nA1,Acme\n".repeat(20)),
        ("another program's database", database.clone()),
        ("another program's number", patched(68, 0x1234_5678)),
        ("a negative version", patched(60, -5)),
        ("zeros", vec![0; 8192]),
    ];
    for (what, bytes) in cases {
        fs::write(&desk.book, &bytes).expect("a file");
        assert_refused(&desk, what);
        assert_eq!(
            fs::read(&desk.book).expect("the file"),
            bytes,
            "{what} was touched"
        );
    }
}

#[test]
fn a_sparse_file_of_four_gigabytes_is_refused_at_once() {
    let desk = Desk::empty();
    let file = fs::File::create(&desk.book).expect("a file");
    file.set_len(4 << 30).expect("a sparse file");
    assert_refused(&desk, "4 GB of zeros");
    // The same behind the first page of a book.
    let book = fs::read(desk_with_book(Place::Local).book).expect("a book");
    fs::write(&desk.book, &book).expect("a file");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(&desk.book)
        .expect("the file");
    file.flush().expect("flushed");
    file.set_len(4 << 30).expect("a sparse file");
    let (list, _) = try_both(&desk, "a book with 4 GB of zeros behind it");
    assert!(list.code.is_some());
}

#[test]
fn an_empty_file_becomes_a_book() {
    let desk = Desk::empty();
    fs::write(&desk.book, "").expect("an empty file");
    let list = within(frugal(&desk, &["list", "--json"]));
    assert_eq!(list.code, Some(0), "{list:?}");
    assert_eq!(soundness(&desk.book), "ok");
}

#[test]
fn a_second_name_makes_a_book_read_only_under_both() {
    let mut desk = desk_with_book(Place::Local);
    let second = desk.path("second.db");
    fs::hard_link(&desk.book, &second).expect("a second name");
    for _ in 0..2 {
        let (list, note) = try_both(&desk, "a hard link");
        assert_eq!((list.code, note.code), (Some(0), Some(5)), "{note:?}");
        assert!(note.stderr.contains("hard link"), "{note:?}");
        desk.book = second.clone();
    }
}

#[test]
fn a_link_to_a_book_is_the_book() {
    let mut desk = desk_with_book(Place::Local);
    let book = desk.book.clone();
    desk.book = desk.path("link.db");
    symlink(&book, &desk.book).expect("a link");
    let (list, note) = try_both(&desk, "a link");
    assert_eq!(
        (list.code, note.code),
        (Some(0), Some(0)),
        "{list:?} {note:?}"
    );
    assert_eq!(super::texts(&book, "words").expect("texts"), ["words"]);
    assert!(
        !Path::new(&format!("{}-wal", desk.book.display())).exists(),
        "its log lies beside the file itself"
    );
}

/// Runs the program as somebody without rights.
fn as_nobody(desk: &Desk, program: &Path, args: &[&str]) -> Ended {
    let mut command = desk.tool("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program)
        .args(args)
        .arg("--book")
        .arg(&desk.book);
    command.env("HOME", "/nonexistent");
    for name in ["XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
        command.env_remove(name);
    }
    within(command)
}

#[test]
fn without_the_rights_a_book_is_read_only_or_refused_in_a_sentence() {
    let root = rustix::process::getuid().is_root();
    if !root || Command::new("setpriv").arg("--version").output().is_err() {
        return passed_over("rights", "becoming somebody else needs root and setpriv");
    }
    // Where somebody else can reach it.
    let shared = tempfile::tempdir().expect("a folder");
    let mode = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode")
    };
    mode(shared.path(), 0o755);
    let program = shared.path().join("retain");
    fs::copy(env!("CARGO_BIN_EXE_retain"), &program).expect("the program");
    mode(&program, 0o755);

    for (place, folder_mode, book_mode, may_read) in [
        (Place::Local, 0o755, 0o644, true),
        (Place::Synced, 0o755, 0o644, true),
        (Place::Local, 0o777, 0o444, true),
        (Place::Synced, 0o777, 0o444, true),
        (Place::Local, 0o755, 0o666, true),
        (Place::Local, 0o755, 0o600, false),
        (Place::Local, 0o700, 0o666, false),
    ] {
        let mut desk = desk_with_book(place);
        let folder = shared
            .path()
            .join(format!("{place:?}{folder_mode:o}{book_mode:o}"));
        fs::create_dir(&folder).expect("a folder");
        if place == Place::Synced {
            fs::create_dir(folder.join(".stfolder")).expect("a marker");
        }
        fs::copy(&desk.book, folder.join("book.db")).expect("the book");
        desk.book = folder.join("book.db");
        // The program starts in a folder of the desk, which is ours alone.
        mode(desk.path("files").parent().expect("the home"), 0o755);
        mode(&desk.book, book_mode);
        mode(&folder, folder_mode);
        let what = format!("{place:?}, folder {folder_mode:o}, book {book_mode:o}");
        let before = fs::read(&desk.book).expect("the book");
        let list = as_nobody(&desk, &program, &["list", "--json"]);
        list.assert_helpful(&format!("list: {what}"));
        assert_eq!(list.code == Some(0), may_read, "{what}: {list:?}");
        let note = as_nobody(&desk, &program, &["note", "A1", "of nobody"]);
        note.assert_helpful(&format!("note: {what}"));
        assert_ne!(note.code, Some(0), "{what}: {note:?}");
        assert_eq!(fs::read(&desk.book).expect("the book"), before, "{what}");
    }
}
