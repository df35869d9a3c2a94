//! Any bytes as a file of any ending and kind: every row is accounted for, or the file is refused; the book stays well.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retain::domain::id::Ids;
use retain::domain::time::Stamp;
use retain::store::outbox::Keep;
use retain::store::{Options, Store, Who};
use retain::transfer::import::{Continue, Kind, Wanted, import};

const NOW: Stamp = Stamp(1_795_000_000_000);

const ENDINGS: [&str; 10] = ["csv", "tsv", "json", "jsonl", "xlsx", "ics", "vcf", "eml", "mbox", "txt"];

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (kind, ending, bytes) = input;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("rows").with_extension(ENDINGS[usize::from(ending) % ENDINGS.len()]);
    std::fs::write(&file, bytes).expect("written");
    let who = Who { person: "ana".into(), device: Ids::seeded(1).next(NOW) };
    let mut store = Store::memory(&Options { who, now: NOW, as_of: None, create: true, zone: None, keep: Keep::Nowhere }).expect("a book");
    // None beside those that there are: then the file says itself what it is.
    let kind = Kind::ALL.get(usize::from(kind) % (Kind::ALL.len() + 1)).copied();
    if let Ok(report) = import(&mut store, &file, &Wanted { kind, ..Wanted::default() }, NOW, &mut |_| Continue::Yes) {
        assert!(report.files.iter().all(|file| file.adds_up()));
    }
    assert!(store.doctor().expect("an examination").iter().all(|check| check.ok));
});
