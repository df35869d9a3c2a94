//! Books that version 0.1 wrote: they open, their hashes hold, what they did is undone, and copies merge whoever wrote on.

use std::io::Read as _;
use std::path::Path;

use super::Desk;

/// Puts a book of version 0.1 on a desk, as its own book or as a file beside it.
fn unpack(desk: &Desk, name: &str, to: &str) {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/books/{name}.db.gz"));
    let file = std::fs::File::open(packed).expect("a packed book");
    let mut book = Vec::new();
    flate2::read::GzDecoder::new(file)
        .read_to_end(&mut book)
        .expect("unpacked");
    let path = desk.path(to);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, book).expect("written");
}

const BOOK: &str = ".local/share/retain/book.db";

fn desk() -> Desk {
    let desk = Desk::empty();
    unpack(&desk, "0.1-book", BOOK);
    desk
}

/// Everything is sound: the log, each hash, each signature, the figures.
fn is_sound(desk: &Desk) {
    let checks = desk.json(&["doctor", "--json"]);
    for check in checks["checks"].as_array().expect("checks") {
        assert_eq!(check["ok"], true, "{check}");
    }
}

#[test]
fn a_book_of_the_first_version_opens_and_its_hashes_hold() {
    let desk = desk();
    assert_eq!(
        desk.run(&["list", "--columns", "name,owner,stage,arr,apart"]),
        "name        owner  stage        arr  apart\n\
         Acme Foods  ana    Retention   1000  -\n\
         Borealis    eve    Retention  €1200  EUR\n\
         Cedar & Co  ana    Retention   1188  -\n\
         Dune        bo     Churned        -  -\n\
         exit 0"
    );
    let list = desk.json(&["list", "--json"]);
    // Twelve rounded months were 1,000.08.
    assert_eq!(list["arr"], 100_001 + 118_800);
    assert_eq!(list["arr_apart"], serde_json::json!({ "EUR": 120_000 }));
    is_sound(&desk);
}

#[test]
fn what_the_first_version_did_is_undone_one_by_one() {
    let desk = desk();
    let mut undone = Vec::new();
    loop {
        let said = desk.run(&["undo"]);
        if !said.starts_with("Undid") {
            assert!(said.contains("exit 0") || said.contains("othing"), "{said}");
            break;
        }
        undone.push(said.lines().next().unwrap_or_default().to_owned());
        assert!(undone.len() < 30, "{undone:?}");
    }
    assert_eq!(
        undone.first().map(String::as_str),
        Some("Undid: Changed owner of Borealis")
    );
    assert!(
        undone.iter().any(|u| u.contains("Imported data")),
        "{undone:?}"
    );
    let list = desk.json(&["list", "--json"]);
    assert_eq!(list["of"], 0, "{list}");
    is_sound(&desk);
    assert!(desk.run(&["redo"]).contains("exit 0"));
    is_sound(&desk);
}

#[test]
fn copies_of_the_first_version_merge_whoever_wrote_on() {
    // A copy that nobody has opened since, into a book that this version has written on; and the other way round.
    let mut ends = Vec::new();
    for (ours, theirs) in [("0.1-book", "0.1-copy"), ("0.1-copy", "0.1-book")] {
        let desk = Desk::empty();
        unpack(&desk, ours, BOOK);
        desk.run(&["note", "acme", "Written", "by", "this", "version"]);
        unpack(&desk, theirs, "other.db");
        let merged = desk.run(&["merge", "other.db"]);
        assert!(merged.starts_with("Took "), "{merged}");
        let conflicts = desk.json(&["conflicts", "--json"]);
        let open = conflicts["conflicts"].as_array().expect("conflicts");
        assert_eq!(open.len(), 1, "{conflicts}");
        assert_eq!(open[0]["field"], "owner");
        desk.run(&["resolve", "borealis", "owner", "--take", "1"]);
        is_sound(&desk);
        let rows = desk.json(&[
            "list",
            "--columns",
            "name,stage,arr",
            "--sort",
            "name",
            "--json",
        ]);
        ends.push(rows["rows"].clone());
    }
    assert_eq!(ends[0], ends[1]);
}
