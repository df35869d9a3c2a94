//! Any lines as the outbox of ana's, beside a book that is there.

use std::fs;
use std::sync::OnceLock;

use super::{
    BOOK, NOW, a_day, add, as_made, copy_of, entry_in, file_of, folder, goes_on, honest, options,
    seal, well, written,
};
use crate::domain::command::{Command, Target};
use crate::domain::id::Id;
use crate::domain::query::Query;
use crate::store::outbox::{Asked, Entry, Keep, Line, Named, Outbox, checksum};
use crate::store::{Options, Store};

const DEVICE: Id = Id([0x55; 16]);

/// What every try begins with.
struct Begin {
    file: Vec<u8>,
    /// Its last batch.
    before: i64,
    customers: Vec<Id>,
    /// What ana wrote since, in the order of writing.
    day: Vec<String>,
}

fn begin() -> &'static Begin {
    static MADE: OnceLock<Begin> = OnceLock::new();
    MADE.get_or_init(|| {
        let (ana, customers) = honest();
        ana.conn
            .execute("UPDATE meta SET v = ? WHERE k = 'book'", [&BOOK])
            .expect("it gets its id");
        let mut later = copy_of(&ana, "ana", 0x55);
        let mut day = Vec::new();
        let since = later.last_batch().expect("it has batches");
        a_day(&mut later, &customers);
        add(&mut later, "The last of the day", 0);
        for n in since + 1..=later.last_batch().expect("it has batches") {
            day.push(written(&Line::Batch(Box::new(as_made(&later, n)))));
        }
        Begin {
            file: file_of(&ana),
            before: since,
            customers,
            day,
        }
    })
}

/// Lines to begin with, of every kind.
pub fn lines() -> Vec<String> {
    let begin = begin();
    let mut lines = vec![written(&Line::Device {
        path: "book.db".into(),
        base: Id([7; 16]),
        device: DEVICE,
    })];
    lines.extend(begin.day.iter().cloned());
    let batch = |at: u8| {
        Id([
            1, 0x9a, at, 3, 4, 5, 0x76, 7, 0x88, 9, 10, 11, 12, 13, 14, at,
        ])
    };
    let one = begin.customers[..1].to_vec();
    let commands = [
        Command::Note {
            customers: one.clone(),
            text: "asked for".into(),
            at: None,
        },
        Command::Move {
            customers: one.clone(),
            to: Target::Next,
            reason: None,
        },
        Command::Tag {
            customers: one,
            add: vec!["asked".into()],
            remove: vec![],
        },
        Command::SetConfig {
            key: "currency".into(),
            value: Some("USD".into()),
            base: None,
        },
        Command::Undo {
            batch: None,
            force: false,
        },
    ];
    for (command, at) in commands.into_iter().zip(1..) {
        let saw = (at == 2).then_some(batch(9));
        let once = (at == 3).then(|| "once.0123".to_owned());
        let asked = Asked {
            batch: batch(at),
            book: Some(BOOK),
            person: "ana".into(),
            at: NOW,
            command,
            call: once.clone(),
            once,
            why: "it was busy".into(),
            saw,
        };
        lines.push(written(&Line::Asked(Box::new(asked))));
    }
    lines.push(written(&Line::Named(Named {
        batch: batch(20),
        book: Some(BOOK),
        person: "ana".into(),
        device: DEVICE,
        number: 99,
        at: NOW,
        command: "import".into(),
        label: "import of rows.csv".into(),
    })));
    lines.push(written(&Line::Void { batch: batch(1) }));
    lines.push(written(&Line::Mark {
        device: DEVICE,
        number: 40,
        last: batch(30),
    }));
    lines
}

/// Lines that begin as JSON get their checksums, and batches the hash of what they say; the rest stays as it is.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
    let mut entries: Vec<Option<Entry>> = lines.iter().map(|line| entry_in(line)).collect();
    for entry in &mut entries {
        seal(std::slice::from_mut(entry), |_, _| {});
    }
    let mut sealed = Vec::new();
    for (at, (line, entry)) in lines.iter().zip(entries).enumerate() {
        if at > 0 {
            sealed.push(b'\n');
        }
        let json = entry.map_or_else(
            || String::from_utf8_lossy(line).into_owned(),
            |entry| written(&Line::Batch(Box::new(entry))),
        );
        if json.starts_with('{') {
            sealed.extend(format!("{} {json}", checksum(&json)).bytes());
        } else {
            sealed.extend(*line);
        }
    }
    sealed
}

/// Any bytes as an outbox: the book opens, what is sound is in it once, and the rest is told. Gives how many batches came by that.
pub fn outbox(bytes: &[u8]) -> i64 {
    let (begin, folder) = (begin(), folder());
    let path = fs::canonicalize(folder.path())
        .expect("the folder")
        .join("book.db");
    fs::write(&path, &begin.file).expect("a book");
    let options = Options {
        keep: Keep::In(folder.path().join("state")),
        ..options("ana", 7)
    };
    let outbox = Outbox::of(&folder.path().join("state"), &path, Id([7; 16]));
    fs::create_dir_all(outbox.file().parent().expect("a folder")).expect("a folder");
    fs::write(outbox.file(), sealed(bytes)).expect("an outbox");

    let before = begin.before;
    let mut ana = Store::open(&path, &options).expect("the book opens");
    let came = ana.last_batch().expect("it has batches") - before;
    let told = ana.news();
    let waiting = ana.waiting().expect("what waits");
    assert!(
        waiting.is_empty() || !told.is_empty() || ana.has_queue(),
        "what waits is told: {waiting:?}"
    );
    well(&mut ana, &["outbox", "copies", "log", "numbers", "config"]);
    for customer in &begin.customers {
        ana.answer(&Query::Account {
            customer: *customer,
            timeline: Default::default(),
        })
        .expect("a screen");
    }
    goes_on(&mut ana);
    let batches = ana.last_batch().expect("it has batches");
    ana.close();
    let mut ana = Store::open(&path, &options).expect("the book opens again");
    assert_eq!(
        ana.last_batch().expect("it has batches"),
        batches,
        "what was written again is not written twice"
    );
    well(&mut ana, &["outbox", "copies", "log", "numbers", "config"]);
    ana.drop_waiting().expect("one can let go of what waits");
    assert!(
        ana.waiting().expect("what waits").is_empty(),
        "nothing waits that was let go of"
    );
    came
}
