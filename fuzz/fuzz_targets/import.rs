//! Any bytes as a CSV file of any kind: every row is accounted for, or the file is refused; the book stays well.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retain::domain::id::Ids;
use retain::domain::time::Stamp;
use retain::store::outbox::Keep;
use retain::store::{Options, Store, Who};
use retain::transfer::import::{Continue, Kind, Wanted, import};

const NOW: Stamp = Stamp(1_795_000_000_000);

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("rows.csv");
    std::fs::write(&file, bytes).expect("written");
    let who = Who { person: "ana".into(), device: Ids::seeded(1).next(NOW) };
    let mut store = Store::memory(&Options { who, now: NOW, as_of: None, create: true, zone: None, keep: Keep::Nowhere }).expect("a book");
    let kind = Kind::ALL[usize::from(kind) % Kind::ALL.len()];
    if let Ok(report) = import(&mut store, &file, &Wanted { kind: Some(kind), ..Wanted::default() }, NOW, &mut |_| Continue::Yes) {
        assert!(report.files.iter().all(|file| file.adds_up()));
    }
    assert!(store.doctor().expect("an examination").iter().all(|check| check.ok));
});
