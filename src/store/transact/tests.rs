//! The edges of a transaction: what is believed inside it, what an error leaves, and what a read may cost.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::domain::command::{Command, Entity, NewCustomer};
use crate::domain::id::Id;
use crate::domain::rule::Rule;
use crate::domain::signal::{Signals, StageMarks};
use crate::domain::time::{Day, Stamp};
use crate::store::outbox::Keep;
use crate::store::{Mode, Options, Store, Who};

const NOW: Stamp = Stamp(1_795_000_000_000);
const DAY: i64 = 86_400_000;

fn options(folder: &Path, person: &str, device: u8) -> Options {
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
        keep: Keep::In(folder.join(format!("state of {person}"))),
    }
}

fn book(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("book.db")
}

fn open(folder: &tempfile::TempDir, person: &str) -> Store {
    Store::open(
        &book(folder),
        &options(folder.path(), person, person.len() as u8),
    )
    .unwrap()
}

fn add(store: &mut Store, name: &str) -> Id {
    store
        .write(
            &Command::AddCustomer(NewCustomer {
                name: name.into(),
                ..NewCustomer::default()
            }),
            NOW,
        )
        .unwrap()
        .customers[0]
}

fn note(customer: Id, text: &str) -> Command {
    Command::Note {
        customers: vec![customer],
        text: text.into(),
        at: None,
    }
}

fn set(key: &str, value: &str) -> Command {
    Command::SetConfig {
        key: key.into(),
        value: Some(value.into()),
        base: None,
    }
}

fn well(store: &mut Store) {
    let wrong: Vec<_> = store
        .doctor()
        .unwrap()
        .into_iter()
        .filter(|c| !c.ok)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_write_goes_by_the_settings_that_hold_when_it_has_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let mut ana = open(&folder, "ana");
    let acme = add(&mut ana, "Acme");
    ana.write(
        &Command::Move {
            customers: vec![acme],
            to: crate::domain::command::Target::Stage("retention".into()),
            reason: None,
        },
        NOW,
    )
    .unwrap();
    // Bo's is open from before; he looks at nothing in between.
    let mut bo = open(&folder, "bo");
    bo.roster().unwrap();
    ana.write(&set("zone", "Pacific/Auckland"), NOW).unwrap();
    ana.write(
        &set(
            "cadences",
            "[[cadence]]\nideal = 10\nlongest = 30\nchannels = [\"meeting\"]\n",
        ),
        NOW,
    )
    .unwrap();
    let hot = Rule {
        code: "hot".into(),
        label: "Hot".into(),
        when: "#hot".into(),
        alert: crate::domain::rule::Alert::Team,
        ..Rule::default()
    };
    ana.write(&hot.command(None).unwrap(), NOW).unwrap();
    // 11 in the evening in UTC is the next day there.
    let evening = Stamp(NOW.0 / DAY * DAY + 23 * 3_600_000);
    bo.write(&note(acme, "late"), evening).unwrap();
    let day: i64 = bo
        .conn
        .query_row("SELECT day FROM event WHERE text = 'late'", [], |r| {
            r.get(0)
        })
        .unwrap();
    assert_eq!(
        Day::from_number(day),
        Some(Day::from_number(evening.0 / DAY).unwrap().plus(1)),
        "by the zone that ana has set"
    );
    let tagged = bo
        .write(
            &Command::Tag {
                customers: vec![acme],
                add: vec!["hot".into()],
                remove: vec![],
            },
            evening,
        )
        .unwrap();
    assert!(tagged.label.ends_with("; rule: Hot"), "{}", tagged.label);
    bo.look().unwrap();
    assert_eq!(bo.config().zone.0.name(), "Pacific/Auckland");
    well(&mut bo);
    // So does a load that begins behind a change of settings, whose backup takes its time.
    ana.write(&set("zone", "Asia/Tokyo"), NOW).unwrap();
    let load = bo.load("import", NOW).unwrap();
    assert_eq!(load.config().zone.0.name(), "Asia/Tokyo");
    drop(load);
    well(&mut bo);
}

/// A book that several machines share, so that a reader keeps a COMMIT out, and a reader who looks at it.
fn read_by_another(folder: &tempfile::TempDir) -> (Store, Id, Connection) {
    let mut store = open(folder, "ana");
    let acme = add(&mut store, "Acme");
    store.share_between_machines(true).unwrap();
    store.close();
    let mut store = open(folder, "ana");
    assert!(!store.mode().is_wal());
    store.roster().unwrap();
    store.wait_at_most(Some(0));
    let reader = Connection::open(book(folder)).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM customer")
        .unwrap();
    (store, acme, reader)
}

#[test]
fn a_commit_that_a_reader_keeps_out_leaves_no_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, acme, reader) = read_by_another(&folder);
    let other = folder.path().join("other.db");
    let elsewhere = tempfile::tempdir().unwrap();
    let mut copy = {
        let source = Connection::open(book(&folder)).unwrap();
        source
            .execute("VACUUM INTO ?", [other.to_str().unwrap()])
            .unwrap();
        Store::open(&other, &options(elsewhere.path(), "bo", 9)).unwrap()
    };
    copy.write(&note(acme, "from bo"), NOW).unwrap();
    copy.close();
    type Ask<'a> = Box<dyn Fn(&mut Store) -> bool + 'a>;
    let asks: Vec<(&str, Ask<'_>)> = vec![
        (
            "a note",
            Box::new(|s| s.write(&note(acme, "x"), NOW).unwrap().queued.is_some()),
        ),
        (
            "undo",
            Box::new(|s| {
                s.write(
                    &Command::Undo {
                        batch: None,
                        force: false,
                    },
                    NOW,
                )
                .is_err()
            }),
        ),
        ("sync", Box::new(|s| s.set_sync(true, None).is_err())),
        (
            "share",
            Box::new(|s| s.share_between_machines(false).is_err()),
        ),
        ("rebuild", Box::new(|s| s.rebuild().is_err())),
        (
            "rules",
            Box::new(|s| {
                s.turn_day(Stamp(NOW.0 + DAY)) && s.run_rules(Stamp(NOW.0 + DAY)).is_err()
            }),
        ),
        (
            "a merge",
            Box::new(|s| {
                s.merge(
                    &other,
                    crate::store::merge::MergeAsk {
                        now: NOW,
                        dry_run: false,
                        foreign: false,
                    },
                )
                .is_err()
            }),
        ),
        (
            "the outbox",
            Box::new(|s| s.catch_up().is_ok_and(|n| n == 0) && s.has_queue()),
        ),
        (
            "a load",
            Box::new(|s| {
                let mut load = s.load("demo", NOW).unwrap();
                load.put_customer(&crate::store::load::CustomerRow {
                    external: "k",
                    name: "K",
                    ..Default::default()
                })
                .unwrap();
                load.finish("loaded").is_err()
            }),
        ),
    ];
    for (what, ask) in asks {
        assert!(ask(&mut store), "{what} cannot be committed");
        assert!(
            store.conn.is_autocommit(),
            "{what} leaves its transaction open"
        );
        let mut others = Connection::open(book(&folder)).unwrap();
        others.busy_timeout(std::time::Duration::ZERO).unwrap();
        others
            .query_row("SELECT count(*) FROM customer", [], |r| r.get::<_, i64>(0))
            .unwrap_or_else(|e| panic!("{what}: {e}"));
        let write = others.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
        assert!(write.is_ok(), "{what} keeps the lock");
    }
    drop(reader);
    store.wait_at_most(None);
    assert_eq!(store.catch_up().unwrap(), 1);
    well(&mut store);
}

#[test]
fn figures_that_cannot_be_kept_now_are_folded_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder, "ana");
    let acme = add(&mut store, "Acme");
    store.close();
    let later = Options {
        now: Stamp(NOW.0 + 10 * DAY),
        ..options(folder.path(), "ana", 3)
    };
    let folded = |store: &Store| {
        let numbers = StageMarks::new(&store.config.stages);
        let packed: Vec<u8> = store
            .conn
            .query_row("SELECT packed FROM signal", [], |r| r.get(0))
            .unwrap();
        Signals::unpack(&packed, &numbers).unwrap().asof.unwrap()
    };
    let writer = Connection::open(book(&folder)).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut reading = Store::open(&book(&folder), &later).unwrap();
    // Whoever waits for a lock asks this first.
    reading.wait_with(Some(Box::new(|_| panic!("a read waits for nobody"))));
    let today = reading.today();
    let asof = |store: &mut Store| store.roster().unwrap().read().unwrap().rows[0].signals.asof;
    assert_eq!(asof(&mut reading), Some(today));
    assert_eq!(
        folded(&reading),
        today.plus(-10),
        "nothing was kept behind the writer's back"
    );
    drop(reading);
    writer.execute_batch("ROLLBACK").unwrap();
    drop(writer);
    let mut reading = Store::open(&book(&folder), &later).unwrap();
    assert_eq!(asof(&mut reading), Some(today));
    assert_eq!(folded(&reading), today, "where nobody writes it is kept");
    drop(reading);
    // In a book without WAL a reader stands in the way of keeping, and of nothing else.
    let mut store = Store::open(&book(&folder), &later).unwrap();
    store.share_between_machines(true).unwrap();
    store.close();
    let latest = Options {
        now: Stamp(NOW.0 + 20 * DAY),
        ..later
    };
    Store::open(&book(&folder), &latest)
        .map(Store::close)
        .unwrap();
    let reader = Connection::open(book(&folder)).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM customer")
        .unwrap();
    let mut reading = Store::open(&book(&folder), &latest).unwrap();
    let today = reading.today();
    assert_eq!(asof(&mut reading), Some(today));
    assert_eq!(folded(&reading), today.plus(-10));
    assert!(reading.conn.is_autocommit());
    assert!(reading.find_customer("Acme").is_ok_and(|id| id == acme));
}

#[test]
fn figures_of_settings_that_somebody_has_changed_are_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder, "ana");
    let acme = add(&mut store, "Acme");
    let retention = crate::domain::command::Target::Stage("retention".into());
    store
        .write(
            &Command::Move {
                customers: vec![acme],
                to: retention,
                reason: None,
            },
            NOW,
        )
        .unwrap();
    let later = Options {
        now: Stamp(NOW.0 + 10 * DAY),
        ..options(folder.path(), "bo", 2)
    };
    let mut bo = Store::open(&book(&folder), &later).unwrap();
    store.turn_day(Stamp(NOW.0 + 10 * DAY));
    store
        .write(
            &set(
                "cadences",
                "[[cadence]]\nideal = 1\nlongest = 2\nchannels = [\"meeting\"]\n",
            ),
            Stamp(NOW.0 + 10 * DAY),
        )
        .unwrap();
    store.conn.execute("DELETE FROM signal", []).unwrap();
    bo.roster().unwrap();
    let kept: i64 = bo
        .conn
        .query_row("SELECT count(*) FROM signal", [], |r| r.get(0))
        .unwrap();
    assert_eq!(kept, 0, "bo has folded by the settings of before");
    well(&mut store);
}

#[test]
fn what_comes_back_from_the_log_after_a_power_cut_is_not_done_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder, "ana");
    let acme = add(&mut store, "Acme");
    store.crash = Some(super::Crash::CommitFails);
    assert!(
        store
            .write(&note(acme, "once"), NOW)
            .unwrap()
            .queued
            .is_some()
    );
    store.crash = None;
    // The outbox had the whole change before the COMMIT; a recovery that finds it in the log writes what that line says.
    let path = std::fs::canonicalize(book(&folder)).unwrap();
    let outbox =
        crate::store::outbox::Outbox::of(&folder.path().join("state of ana"), &path, Id([3; 16]));
    let tried = std::fs::read_to_string(outbox.file()).unwrap();
    let line = tried
        .lines()
        .rfind(|l| l.contains("\"line\":\"batch\""))
        .unwrap();
    let line: crate::store::outbox::Line =
        serde_json::from_str(line.split_once(' ').unwrap().1).unwrap();
    let crate::store::outbox::Line::Batch(entry) = line else {
        panic!()
    };
    let asked = outbox.read().unwrap().asked;
    assert_eq!(
        asked.iter().map(|a| a.batch).collect::<Vec<_>>(),
        [entry.batch],
        "it waits under the id of the try"
    );
    drop(store);
    let conn = Connection::open(book(&folder)).unwrap();
    entry
        .write(&conn, &crate::store::purge::Coming::default())
        .unwrap();
    drop(conn);
    let mut store = open(&folder, "ana");
    let notes: i64 = store
        .conn
        .query_row("SELECT count(*) FROM event WHERE text = 'once'", [], |r| {
            r.get(0)
        })
        .unwrap();
    assert_eq!((notes, store.waiting().unwrap().len()), (1, 0));
    store.rebuild().unwrap();
    well(&mut store);
}

#[test]
fn wherever_a_statement_fails_no_transaction_stays_open_and_the_book_is_well() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder, "ana");
    let acme = add(&mut store, "Acme");
    let bolt = add(&mut store, "Bolt");
    let commands = [
        note(acme, "a note"),
        Command::Tag {
            customers: vec![acme, bolt],
            add: vec!["hot".into()],
            remove: vec![],
        },
        set("policy", "cadence_days = 20"),
        Command::Remove {
            entity: Entity::Customer,
            rows: vec![bolt],
        },
        Command::Undo {
            batch: None,
            force: false,
        },
        Command::Purge {
            entity: Entity::Customer,
            row: bolt,
            why: String::new(),
        },
    ];
    for command in &commands {
        // The Nth step of SQLite's machine is where it is interrupted; behind the last one the command goes through.
        let mut at = 40;
        let mut refused = None;
        loop {
            assert!(
                at < 200_000,
                "{command:?} is refused without a fault: {refused:?}"
            );
            let mut left = at;
            let fault = move || {
                left -= 1;
                left == 0
            };
            store.conn.progress_handler(20, Some(fault)).unwrap();
            let done = store.write(command, NOW);
            store
                .conn
                .progress_handler(0, None::<fn() -> bool>)
                .unwrap();
            assert!(
                store.conn.is_autocommit(),
                "{command:?} interrupted at {at}"
            );
            match done {
                Ok(_) => break,
                Err(error) => refused = Some(error),
            }
            at += 37;
        }
    }
    assert!(matches!(store.mode(), Mode::Local));
    store.rebuild().unwrap();
    well(&mut store);
}

#[test]
fn a_book_that_cannot_be_opened_again_comes_back_when_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder, "ana");
    let acme = add(&mut store, "Acme");
    store.roster().unwrap();
    let written = store
        .write(&note(acme, "once"), NOW)
        .unwrap()
        .batch
        .unwrap();
    let (here, away) = (book(&folder), folder.path().join("away.db"));
    std::fs::rename(&here, &away).unwrap();
    assert!(store.stands(written, false).is_err(), "nobody can tell");
    assert!(store.closed && !store.comes_back());
    assert!(
        store.answer(&crate::domain::query::Query::Views).is_err(),
        "there is no book to ask, and nobody panics"
    );
    assert!(store.write(&note(acme, "lost"), NOW).is_err());
    std::fs::rename(&away, &here).unwrap();
    // Somebody else was quicker.
    let mut bo = open(&folder, "bo");
    add(&mut bo, "Bolt");
    assert!(store.comes_back() && !store.closed);
    assert!(store.news().is_empty(), "it is the same file");
    assert_eq!(store.roster().unwrap().read().unwrap().len(), 2);
    assert!(store.stands(written, false).unwrap());
    store.write(&note(acme, "again"), NOW).unwrap();
    well(&mut store);
}

#[test]
fn what_the_day_brings_before_a_setting_is_not_written_in_its_stead() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder, "ana");
    let acme = add(&mut store, "Acme");
    let retention = crate::domain::command::Target::Stage("retention".into());
    store
        .write(
            &Command::Move {
                customers: vec![acme],
                to: retention,
                reason: None,
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::LogTouch {
                customers: vec![acme],
                touch: Default::default(),
            },
            NOW,
        )
        .unwrap_err();
    let touch = crate::domain::touchpoint::TouchDraft {
        channel: "phone".into(),
        ..Default::default()
    };
    store
        .write(
            &Command::LogTouch {
                customers: vec![acme],
                touch,
            },
            NOW,
        )
        .unwrap();
    store.run_rules(NOW).unwrap();
    let held = Connection::open(book(&folder)).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.wait_at_most(Some(0));
    let later = Stamp(NOW.0 + 31 * DAY);
    store.turn_day(later);
    assert!(
        store
            .write(&set("policy", "cadence_days = 40"), later)
            .unwrap()
            .queued
            .is_some()
    );
    held.execute_batch("ROLLBACK").unwrap();
    store.wait_at_most(None);
    let waits = store.waiting().unwrap()[0].batch;
    assert_eq!(store.catch_up().unwrap(), 1);
    let command: String = store
        .conn
        .query_row("SELECT command FROM batch WHERE id = ?", [&waits], |r| {
            r.get(0)
        })
        .unwrap();
    assert_eq!(
        command, "config",
        "the promised id is of the change that was promised it"
    );
    let rules: i64 = store
        .conn
        .query_row(
            "SELECT count(*) FROM batch WHERE command = 'rules'",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(rules, 1, "what the day has brought came first");
    well(&mut store);
}
