//! Any bytes at the two doors by which whole batches come into a book: bundles of others, and one's own outbox. What has to hold behind
//! each is asked here, for the targets of `fuzz/` and for the tests; this module is in no program.
//!
//! Checksums and hashes keep chance out, so what is given is sealed first, as a writer would that knows how: both files are lines of
//! JSON here, and each batch gets the hash of what it says.

mod bundles;
mod mutation;
mod outboxes;
#[cfg(test)]
mod tests;

use std::path::Path;

use rusqlite::Connection;
use serde_json::Value as Json;

use crate::domain::command::{Change, Command, Entity, NewContact, Target};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::domain::task::TaskDraft;
use crate::domain::time::Stamp;
use crate::domain::touchpoint::TouchDraft;

use super::doctor::Check;
use super::hash::Tally;
use super::merge::Source as _;
use super::outbox::{Entry, Keep, Line};
use super::{Mode, Options, Store, Who, open};

#[cfg(test)]
pub(super) use bundles::take_in;
pub use bundles::{bundle, lines as lines_of_bundles};
pub use mutation::mutate;
pub use outboxes::{lines as lines_of_outboxes, outbox};

/// When all of it happens.
pub(super) const NOW: Stamp = Stamp(1_795_000_000_000);

const DAY: i64 = 86_400_000;

/// The book in all its copies.
const BOOK: Id = Id([0xb0; 16]);

pub(super) fn options(person: &str, device: u8) -> Options {
    let who = Who {
        person: person.into(),
        device: Id([device; 16]),
    };
    Options {
        who,
        now: NOW,
        as_of: None,
        create: true,
        zone: None,
        keep: Keep::Nowhere,
    }
}

/// A book of ana's in which there is something of every kind, and its customers.
pub(super) fn honest() -> (Store, Vec<Id>) {
    let mut store = Store::memory(&options("ana", 7)).expect("a book in memory");
    store.seed_ids(5);
    let customers: Vec<Id> = (0..3)
        .map(|i| add(&mut store, &format!("Customer {i}"), 1000 * i))
        .collect();
    let mut write = |command: Command| drop(store.write(&command, NOW).expect("it is written"));
    write(Command::AddContact {
        customer: customers[0],
        contact: NewContact {
            name: "Kim".into(),
            ..NewContact::default()
        },
    });
    write(Command::Note {
        customers: customers.clone(),
        text: "a note".into(),
        at: None,
    });
    write(Command::Tag {
        customers: customers[..2].to_vec(),
        add: vec!["x".into()],
        remove: vec![],
    });
    write(Command::Move {
        customers: customers[..1].to_vec(),
        to: Target::Next,
        reason: None,
    });
    write(Command::Edit {
        entity: Entity::Customer,
        rows: vec![customers[1]],
        changes: vec![Change::set("attr.industry", "food")],
    });
    let follow_up = Some(TaskDraft {
        title: "call again".into(),
        ..TaskDraft::default()
    });
    write(Command::LogTouch {
        customers: customers[..1].to_vec(),
        touch: TouchDraft {
            channel: "email".into(),
            follow_up,
            ..TouchDraft::default()
        },
    });
    write(Command::Nps {
        customer: customers[0],
        contact: None,
        score: 2,
        text: "slow".into(),
        at: None,
    });
    write(Command::SetConfig {
        key: "currency".into(),
        value: Some("TRY".into()),
        base: None,
    });
    write(Command::SaveView {
        name: "mine".into(),
        view: Default::default(),
    });
    write(Command::Remove {
        entity: Entity::Customer,
        rows: vec![customers[2]],
    });
    (store, customers)
}

/// Adds a customer of ana's.
pub(super) fn add(store: &mut Store, name: &str, mrr: i64) -> Id {
    let customer = crate::domain::command::NewCustomer {
        name: name.into(),
        owner: "ana".into(),
        mrr,
        ..Default::default()
    };
    store
        .write(&Command::AddCustomer(customer), NOW)
        .expect("a customer is added")
        .customers[0]
}

/// A copy in memory, for another person and device.
pub(super) fn copy_of(store: &Store, person: &str, device: u8) -> Store {
    let mut opened = open::Opened {
        conn: Connection::open_in_memory().expect("memory"),
        mode: Mode::Memory,
        read_only: None,
        identity: None,
        held: None,
        path: ":memory:".into(),
        copy: None,
    };
    let backup =
        rusqlite::backup::Backup::new(&store.conn, &mut opened.conn).expect("a copy is begun");
    backup.step(-1).expect("a copy is made");
    drop(backup);
    open::harden(&opened.conn).expect("it is hardened");
    let mut twin = Store::from(opened, &options(person, device)).expect("a book in memory");
    twin.seed_ids(u64::from(device));
    twin
}

/// What somebody does in a day, of every kind, so that each kind of batch is a line to begin with.
fn a_day(store: &mut Store, customers: &[Id]) {
    let (first, second) = (customers[0], customers[1]);
    let own = add(store, "Of the day", 500);
    let mut write = |command: Command| {
        store
            .write(&command, NOW)
            .map(|done| done.customers)
            .unwrap_or_default()
    };
    write(Command::AddContact {
        customer: own,
        contact: NewContact {
            name: "Lee".into(),
            email: "l@x.example".into(),
            ..Default::default()
        },
    });
    write(Command::Note {
        customers: vec![first, own],
        text: "of the day".into(),
        at: Some(Stamp(NOW.0 - DAY)),
    });
    write(Command::Edit {
        entity: Entity::Customer,
        rows: vec![first, second],
        changes: vec![
            Change::set("phone", "123"),
            Change::set("tag.vip", 1),
            Change::set("attr.seats", 3),
        ],
    });
    write(Command::Assign {
        customers: vec![first],
        owner: "chen".into(),
    });
    write(Command::Move {
        customers: vec![first, own],
        to: Target::Next,
        reason: None,
    });
    write(Command::Undo {
        batch: None,
        force: false,
    });
    write(Command::Redo);
    write(Command::AddTicket {
        customer: first,
        ticket: crate::domain::command::NewTicket {
            subject: "down".into(),
            severity: 2,
            ..Default::default()
        },
    });
    write(Command::AddTask {
        customers: vec![second],
        task: TaskDraft {
            title: "a task".into(),
            ..TaskDraft::default()
        },
    });
    write(Command::OpenAction {
        customers: vec![first],
        action: crate::domain::action::ActionDraft {
            title: "risk".into(),
            ..Default::default()
        },
    });
    write(Command::Snooze {
        customers: vec![second],
        until: None,
        event: "nps".into(),
        reason: "away".into(),
    });
    write(Command::Override {
        customer: second,
        hold: crate::domain::time::Day::from_number(20_800).map(|day| (3, day)),
        reason: "known".into(),
    });
    write(Command::StartPlay {
        customers: vec![first],
        playbook: "onboarding".into(),
        from: None,
    });
    write(Command::SetConfig {
        key: "currency".into(),
        value: Some("EUR".into()),
        base: None,
    });
    write(Command::SetConfig {
        key: "attribute.seats".into(),
        value: Some("code = \"seats\"\nlabel = \"Seats\"\ntype = \"int\"\n".into()),
        base: None,
    });
    write(Command::SetConfig {
        key: "rule.mine".into(),
        value: Some("code = \"mine\"\nwhen = \"tag:vip\"\n".into()),
        base: None,
    });
    write(Command::SaveView {
        name: "mine".into(),
        view: Default::default(),
    });
    write(Command::MergeCustomers {
        keep: first,
        other: own,
    });
    write(Command::Remove {
        entity: Entity::Customer,
        rows: vec![second],
    });
    write(Command::Purge {
        entity: Entity::Customer,
        row: second,
        why: "asked".into(),
    });
}

/// A batch as it was made, before what came after it.
fn as_made(store: &Store, n: i64) -> Entry {
    let (header, hash) = store.conn.header(n).expect("a batch");
    let mut entry = Entry::of(&header, &hash, Some(BOOK));
    let pushed = store.conn.items(n, &mut |item| {
        entry.push(&item);
        Ok(())
    });
    pushed.expect("its items");
    entry
}

/// Gives batches the hash of what they say, and lets `sign` sign them. A batch in several lines gets one hash in all of them; one whose
/// hash has an odd number of digits keeps it, so that a wrong one is to be had.
fn seal(entries: &mut [Option<Entry>], sign: impl Fn(&mut Entry, &[u8])) {
    let mut at = 0;
    while at < entries.len() {
        let Some(first) = entries[at].clone() else {
            at += 1;
            continue;
        };
        let (from, mut tally, mut sound) =
            (at, Tally::default(), first.hash.len().is_multiple_of(2));
        while let Some(part) = entries
            .get(at)
            .and_then(Option::as_ref)
            .filter(|e| e.batch == first.batch)
        {
            match part.items() {
                Some(items) => items.iter().for_each(|item| tally.add(item)),
                None => sound = false,
            }
            at += 1;
            if !part.more {
                break;
            }
        }
        if sound {
            let hash = tally.finish(&first.header().0);
            for entry in entries[from..at].iter_mut().flatten() {
                entry.hash = hash.iter().map(|b| format!("{b:02x}")).collect();
                sign(entry, &hash);
            }
        }
    }
}

/// The lines of a text, without their ends.
fn lines_in(bytes: &[u8]) -> Vec<&[u8]> {
    bytes
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .collect()
}

fn entry_in(line: &[u8]) -> Option<Entry> {
    match serde_json::from_slice(line).ok()? {
        Line::Batch(entry) => Some(*entry),
        _ => None,
    }
}

fn written(line: &Line) -> String {
    serde_json::to_string(line).expect("a line has a written form")
}

/// What kind of line it says that it is.
fn kind_of(line: &[u8]) -> Option<String> {
    serde_json::from_slice::<Json>(line)
        .ok()?
        .get("line")?
        .as_str()
        .map(str::to_owned)
}

/// A folder in memory, where the system has one.
fn folder() -> tempfile::TempDir {
    let quick = Path::new("/dev/shm");
    let made = if quick.is_dir() {
        tempfile::tempdir_in(quick)
    } else {
        tempfile::tempdir()
    };
    made.expect("a folder")
}

/// The bytes of a book's file.
fn file_of(store: &Store) -> Vec<u8> {
    let folder = folder();
    let path = folder.path().join("book.db");
    store.back_up_to(&path).expect("it is copied");
    std::fs::read(&path).expect("it is read")
}

/// What an examination finds wrong, but for what `may` names.
pub(super) fn wrong_but(store: &mut Store, may: &[&str]) -> Vec<Check> {
    store
        .doctor()
        .expect("an examination")
        .into_iter()
        .filter(|c| !c.ok && !may.contains(&c.code))
        .collect()
}

/// The book is well, but for what `may` names.
fn well(store: &mut Store, may: &[&str]) {
    let wrong = wrong_but(store, may);
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Work goes on: a customer can be made, and what is said of it is shown.
fn goes_on(store: &mut Store) {
    let fresh = add(store, "Fresh", 0);
    let note = Command::Note {
        customers: vec![fresh],
        text: "and on".into(),
        at: None,
    };
    store.write(&note, NOW).expect("a note is written");
    let shown = store
        .answer(&Query::Account {
            customer: fresh,
            timeline: Default::default(),
        })
        .expect("an answer");
    let Page::Account(Some(account)) = shown else {
        panic!("a customer that was just made is not there")
    };
    assert!(
        account.events.iter().any(|event| event.text == "and on"),
        "{:?}",
        account.events
    );
}
