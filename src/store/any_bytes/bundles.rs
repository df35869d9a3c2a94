//! Any lines as bundles of mallory's, in the folder by which ana and bo exchange.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::json;

use super::{
    BOOK, DAY, NOW, a_day, as_made, copy_of, entry_in, file_of, folder, goes_on, honest, kind_of,
    lines_in, options, seal, well, written,
};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::query::Query;
use crate::domain::time::Stamp;
use crate::files::Folder;
use crate::store::hash::Item;
use crate::store::merge::{MergeAsk, Source as _};
use crate::store::outbox::{Entry, Line, checksum};
use crate::store::sign::{self, Proof, Signer};
use crate::store::sync::Exchanged;
use crate::store::sync::bundle::{self, Bundles, Spot};
use crate::store::{Store, end, ids, purge};

const MALLORY: u8 = 0x33;
const BO: u8 = 0x77;

/// What may be wrong in a book to which such bundles came: conflicts, numbers that lack, settings that are not read, the bundles themselves, and
/// what came unsigned before the key of its device was seen.
const MAY: &[&str] = &["copies", "log", "numbers", "config", "sync", "signatures"];

/// What every try begins with.
struct Begin {
    /// Ana's book, and as a file: it takes part, and knows bo's key.
    file: Vec<u8>,
    ana: Mutex<Store>,
    customers: Vec<Id>,
    /// The bundle of what bo wrote since, and its batch.
    bundle: Vec<u8>,
    late: Entry,
    /// What mallory wrote, in the order of writing.
    mallory: Vec<String>,
    signer: Signer,
}

fn begin() -> &'static Begin {
    static MADE: OnceLock<Begin> = OnceLock::new();
    MADE.get_or_init(|| {
        let (ana, customers) = honest();
        ana.conn
            .execute("UPDATE meta SET v = ? WHERE k = 'book'", [&BOOK])
            .expect("it gets its id");
        ana.put_meta("sync", "on").expect("it takes part");
        let mut bo = copy_of(&ana, "bo", BO);
        bo.signer = Some(Arc::new(Signer::seeded([BO; 32])));
        let note = |store: &mut Store, text: &str| {
            let command = Command::Note {
                customers: customers[..1].to_vec(),
                text: text.into(),
                at: None,
            };
            store.write(&command, NOW).expect("a note is written");
            store.last_batch().expect("it has batches")
        };
        note(&mut bo, "known");
        let ana = copy_of(&bo, "ana", 7);
        let late = note(&mut bo, "heard by all");
        let folder = folder();
        let head = bundle::Head {
            format: bundle::FORMAT,
            book: BOOK,
            zone: None,
            device: Id([BO; 16]),
            first: 2,
            last: 2,
            sum: None,
        };
        let room = Folder::open(folder.path()).expect("a folder");
        bundle::write(
            &room,
            "0000000002-0000000002.jsonl",
            &head,
            &[(&bo.conn, late)],
        )
        .expect("a bundle is written");
        let bundle =
            fs::read(folder.path().join("0000000002-0000000002.jsonl")).expect("it is read");
        let late = Entry::read(&bo.conn, late, Some(BOOK)).expect("bo's batch");
        let mut other = copy_of(&ana, "mallory", MALLORY);
        let since = other.last_batch().expect("it has batches");
        a_day(&mut other, &customers);
        let mut mallory = Vec::new();
        for n in since + 1..=other.last_batch().expect("it has batches") {
            let entry = as_made(&other, n);
            mallory.push(written(&Line::Batch(Box::new(entry))));
        }
        Begin {
            file: file_of(&ana),
            ana: Mutex::new(ana),
            customers,
            bundle,
            late,
            mallory,
            signer: Signer::seeded([MALLORY; 32]),
        }
    })
}

/// Lines to begin with: mallory's own, bo's as he has not signed them, and those that say which file they are in.
pub fn lines() -> Vec<String> {
    let begin = begin();
    let mut lines = begin.mallory.clone();
    let signed = |line: &String| {
        let mut entry = entry_in(line.as_bytes())?;
        entry.sign(Some(Proof {
            key: begin.signer.public(),
            bytes: [0; 64],
        }));
        Some(written(&Line::Batch(Box::new(entry))))
    };
    lines.extend(begin.mallory.iter().take(3).filter_map(signed));
    let mut unsigned = begin.late.clone();
    lines.push(written(&Line::Batch(Box::new(unsigned.clone()))));
    unsigned.sign(None);
    lines.push(written(&Line::Batch(Box::new(unsigned))));
    lines.push(
        json!({ "line": "file", "writer": Id([0x22; 16]), "name": "0000000001-0000000003.jsonl" })
            .to_string(),
    );
    let head = json!({ "line": "bundle", "format": 1, "book": BOOK, "zone": null, "device": Id([MALLORY; 16]), "first": 1, "last": 3 });
    lines.push(head.to_string());
    lines.push(json!({ "line": "dump", "format": 1, "book": BOOK, "zone": "Europe/Istanbul", "digest": "0" }).to_string());
    lines
}

/// Gives the batches among these lines their hashes, and mallory's signature where they name his key.
fn sealed(lines: &[&[u8]]) -> Vec<u8> {
    let begin = begin();
    let mut entries: Vec<Option<Entry>> = lines.iter().map(|line| entry_in(line)).collect();
    seal(&mut entries, |entry, hash| {
        if entry
            .proof()
            .is_some_and(|proof| proof.key == begin.signer.public())
        {
            entry.sign(Some(begin.signer.proof(entry.book, entry.batch, hash)));
        }
    });
    let mut bytes = Vec::new();
    for (line, entry) in lines.iter().zip(entries) {
        match entry {
            Some(entry) => bytes.extend(written(&Line::Batch(Box::new(entry))).bytes()),
            None => bytes.extend(*line),
        }
        bytes.push(b'\n');
    }
    bytes
}

/// With the end that makes a file whole.
fn ended(mut bytes: Vec<u8>) -> Vec<u8> {
    let (lines, sum) = (
        bytes.iter().filter(|b| **b == b'\n').count(),
        blake3::hash(&bytes).to_hex()[..32].to_owned(),
    );
    let end = json!({ "line": "end", "lines": lines, "sum": sum }).to_string();
    bytes.extend(format!("{} {end}\n", checksum(&end)).bytes());
    bytes
}

fn put(folder: &Path, writer: &str, name: &str, bytes: &[u8]) -> PathBuf {
    let own = folder.join(writer);
    fs::create_dir_all(&own).expect("a folder of a writer");
    fs::write(own.join(name), bytes).expect("a bundle");
    own.join(name)
}

/// Any bytes as bundles, and behind the first line of a dump as a dump.
pub fn bundle(bytes: &[u8]) {
    let lines = lines_in(bytes);
    if lines
        .first()
        .and_then(|line| kind_of(line))
        .is_some_and(|kind| kind == "dump")
    {
        return dump(&lines);
    }
    let (begin, folder) = (begin(), folder());
    let path = folder.path().join("book.db");
    fs::write(&path, &begin.file).expect("a book");
    let sync = folder.path().join("book.db.sync");
    let mut files = Vec::new();
    let mallory = Id([MALLORY; 16]).to_string();
    let mut file = (mallory.clone(), "0000000001-0000000001.jsonl".to_owned());
    let is_file = |line: &[u8]| kind_of(line).is_some_and(|kind| kind == "file");
    for part in lines.chunk_by(|_, next| !is_file(next)) {
        if let Some(named) = serde_json::from_slice::<serde_json::Value>(part[0])
            .ok()
            .filter(|_| is_file(part[0]))
        {
            let text = |key: &str| {
                named
                    .get(key)
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            let (writer, name) = (text("writer"), text("name"));
            if let (Ok(writer), Some(_)) = (writer.parse::<Id>(), bundle::named(&name)) {
                file = (writer.to_string(), name.chars().take(100).collect());
            }
        }
        files.push(put(&sync, &file.0, &file.1, &ended(sealed(part))));
    }
    put(&sync, &mallory, "0000000009-0000000009.jsonl", bytes);
    put(
        &sync,
        &Id([BO; 16]).to_string(),
        "0000000002-0000000002.jsonl",
        &begin.bundle,
    );

    let mut ana = Store::open(&path, &options("ana", 7)).expect("the book opens");
    ana.seed_ids(11);
    let done = ana.exchange().expect("an exchange returns");
    if heard(&ana, &begin.late, &done) {
        let text = begin
            .late
            .items()
            .unwrap_or_default()
            .iter()
            .map(Item::id)
            .find(|id| is_in(&ana, "event", *id));
        assert!(text.is_some(), "the batch is there without its note");
    }
    // What purged is carried out when its day is over.
    ana.now = Stamp(NOW.0 + 2 * DAY);
    let done = ana.exchange().expect("an exchange returns");
    heard(&ana, &begin.late, &done);
    let again = ana.exchange().expect("an exchange returns");
    assert_eq!(again.taken, 0, "all that fits is taken at once");
    for query in [
        Query::Triage {
            filter: String::new(),
            snoozed: true,
        },
        Query::Conflicts,
    ] {
        ana.answer(&query).expect("a screen");
    }
    for customer in &begin.customers {
        ana.answer(&Query::Account {
            customer: *customer,
            timeline: Default::default(),
        })
        .expect("a screen");
    }
    goes_on(&mut ana);
    well(&mut ana, MAY);
    // Whoever hears first what is not signed, and then that its device signs, has taken what others refuse: each is told of it.
    let order_counts = doubled(&files, &begin.late)
        || done
            .wrong
            .iter()
            .any(|words| words.contains(sign::UNSIGNED));
    if !order_counts {
        agree(&mut ana, &files);
    }
}

fn is_in(store: &Store, table: &str, id: Id) -> bool {
    ids::number_of(&store.conn, table, id)
        .expect("a look")
        .is_some()
}

/// What bo wrote is there; else it is told, and something of mallory's has an id of its items.
fn heard(ana: &Store, late: &Entry, done: &Exchanged) -> bool {
    if let Some(n) = ids::number_of(&ana.conn, "batch", late.batch).expect("a look") {
        assert_eq!(
            ana.conn.header(n).expect("a batch").1,
            late.header().1,
            "another batch has taken its place"
        );
        return true;
    }
    assert!(
        done.wrong.iter().any(|words| words.contains(&late.label)),
        "not heard and not told: {:?}",
        done.wrong
    );
    let taken = |id: Id| {
        is_in(ana, "event", id)
            || is_in(ana, "edit", id)
            || purge::is_purged(&ana.conn, id).expect("a look")
    };
    let items = late.items().unwrap_or_default();
    assert!(
        items.iter().any(|item| taken(item.id())),
        "not heard though nothing stands in its way: {:?}",
        done.wrong
    );
    false
}

/// Two batches say the same id: which of them a copy keeps depends on which came first.
fn doubled(files: &[PathBuf], late: &Entry) -> bool {
    let mut seen: HashSet<Id> = late
        .items()
        .unwrap_or_default()
        .iter()
        .map(Item::id)
        .chain([late.batch])
        .collect();
    for file in files {
        let mut last = None;
        let text = fs::read(file).unwrap_or_default();
        for entry in lines_in(&text).into_iter().filter_map(entry_in) {
            if last != Some(entry.batch) && !seen.insert(entry.batch) {
                return true;
            }
            last = entry.more.then_some(entry.batch);
            if entry
                .items()
                .unwrap_or_default()
                .iter()
                .any(|item| !seen.insert(item.id()))
            {
                return true;
            }
        }
    }
    false
}

/// A copy that takes the same in another order ends with the same facts.
fn agree(ana: &mut Store, files: &[PathBuf]) {
    let mut cal = copy_of(
        &begin().ana.lock().unwrap_or_else(PoisonError::into_inner),
        "cal",
        0x99,
    );
    cal.seed_ids(13);
    let mut bundles = Bundles::default();
    for file in files.iter().rev() {
        bundles
            .add(&Spot::Named(file.clone()), BOOK)
            .expect("a bundle is read");
    }
    let ask = MergeAsk {
        now: NOW,
        dry_run: false,
        foreign: false,
    };
    take_in(&mut cal, &bundles);
    for _ in 0..2 {
        ana.merge_copy(&cal.conn, ask).expect("a merge");
        cal.merge_copy(&ana.conn, ask).expect("a merge");
        take_in(&mut cal, &bundles);
        take_in(ana, &bundles);
    }
    let batches = |store: &Store| -> std::collections::BTreeSet<String> {
        let query = "SELECT hex(id) || ' ' || label || ' ' || hex(hash) FROM batch";
        let mut statement = store.conn.prepare(query).expect("a look");
        statement
            .query_map([], |r| r.get(0))
            .expect("a look")
            .map(|row| row.expect("a batch"))
            .collect()
    };
    let (ours, theirs) = (batches(ana), batches(&cal));
    let only =
        [ours.difference(&theirs), theirs.difference(&ours)].map(Iterator::collect::<Vec<_>>);
    assert_eq!(only, [Vec::<&String>::new(), Vec::new()], "copies agree");
    assert_eq!(
        ana.digest().expect("a digest"),
        cal.digest().expect("a digest"),
        "copies agree"
    );
}

/// What a copy takes of a bundle without waiting for purges.
pub(in crate::store) fn take_in(store: &mut Store, bundles: &Bundles) {
    store.begin().expect("the lock");
    let work = store
        .inside()
        .and_then(|()| store.take_rounds(bundles, &Default::default(), &mut Exchanged::default()));
    end(&store.conn, work).expect("it is taken or left out");
    store.look().expect("a look");
}

/// Any lines as a dump: loaded whole, in part or not, and then the book is well.
fn dump(lines: &[&[u8]]) {
    let folder = folder();
    let path = folder.path().join("book.dump");
    fs::write(&path, ended(sealed(lines))).expect("a dump");
    for partial in [false, true] {
        let mut store = Store::memory(&options("ana", 7)).expect("a book in memory");
        let before = store.digest().expect("a digest");
        match store.take_dump(&path, partial) {
            Ok(_) => well(&mut store, MAY),
            Err(_) => assert_eq!(
                store.digest().expect("a digest"),
                before,
                "what is refused leaves nothing"
            ),
        }
        goes_on(&mut store);
    }
}
