use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::time::Instant;

use super::*;
use crate::domain::command::NewCustomer;
use crate::store::Who;
use crate::store::outbox::Keep;
use crate::store::tests::{NOW, options};

/// No condition takes longer.
const DEADLINE: Duration = Duration::from_secs(20);

fn customer(name: &str) -> Command {
    Command::AddCustomer(NewCustomer {
        name: name.into(),
        ..NewCustomer::default()
    })
}

#[test]
fn what_is_written_while_the_roster_is_read_is_news() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    Store::open(&path, &options("ana")).unwrap().close();
    let (tell, told) = crossbeam_channel::unbounded();
    let book = path.clone();
    let worker = Worker::start(
        path,
        options("ana"),
        || NOW,
        move |answer| match answer {
            // The worker is here between the roster and its first look.
            Answer::Ready { .. } => {
                let mut other = Store::open(&book, &options("bo")).unwrap();
                other.write(&customer("Acme"), NOW).unwrap();
            }
            Answer::Foreign { person, .. } => tell.send(person).unwrap(),
            _ => {}
        },
    );
    assert_eq!(told.recv_timeout(DEADLINE).unwrap(), "bo");
    drop(worker);
}

fn on_device(person: &str, device: u8) -> Options {
    Options {
        who: Who {
            person: person.into(),
            device: Id([device; 16]),
        },
        keep: Keep::Nowhere,
        ..options(person)
    }
}

/// Bundles of a device in a folder, by name.
fn bundles(folder: &Path, device: u8) -> Vec<String> {
    let own = folder.join(Id([device; 16]).to_string());
    let files = std::fs::read_dir(own).into_iter().flatten().flatten();
    let mut names: Vec<String> = files
        .map(|f| f.file_name().to_string_lossy().into_owned())
        .filter(|n| n.ends_with(".jsonl"))
        .collect();
    names.sort();
    names
}

/// Looks until there are so many bundles of the device.
fn until_there_are(count: usize, folder: &Path, device: u8) {
    let end = Instant::now() + DEADLINE;
    while bundles(folder, device).len() != count {
        assert!(
            Instant::now() < end,
            "{:?}, not {count}",
            bundles(folder, device)
        );
        std::thread::yield_now();
    }
}

#[test]
fn bundles_are_taken_and_given_every_half_minute_and_given_at_the_end() {
    static TIME: AtomicI64 = AtomicI64::new(NOW.0);
    let later = |milliseconds| Stamp(TIME.fetch_add(milliseconds, Ordering::SeqCst) + milliseconds);
    let folder = tempfile::tempdir().unwrap();
    let (path, far, carried) = (
        folder.path().join("book.db"),
        folder.path().join("far.db"),
        folder.path().join("book.db.sync"),
    );
    let mut ana = Store::open(&path, &on_device("ana", 1)).unwrap();
    ana.write(&customer("Acme"), NOW).unwrap();
    ana.set_sync(true, None).unwrap();
    ana.give_bundles(1).unwrap();
    ana.close();
    let (mut bo, _) = Store::join(&far, &carried, &on_device("bo", 2)).unwrap();

    let (tell, told) = crossbeam_channel::unbounded();
    let out = move |answer| {
        tell.send(answer).unwrap();
    };
    let worker = Worker::start(
        path.clone(),
        on_device("ana", 1),
        || Stamp(TIME.load(Ordering::SeqCst)),
        out,
    );
    let until = |wanted: fn(&Answer) -> bool| {
        loop {
            let answer = told.recv_timeout(DEADLINE).unwrap();
            if wanted(&answer) {
                return answer;
            }
        }
    };
    // Behind a write the watched page comes last: then the worker is done with it.
    let write = |name: &str| {
        worker.ask(Ask::Write {
            ticket: 1,
            command: Box::new(customer(name)),
            now: Stamp(TIME.load(Ordering::SeqCst)),
        });
        until(|answer| matches!(answer, Answer::Written { result: Ok(_), .. }));
        until(|answer| matches!(answer, Answer::Page { .. }));
    };
    worker.ask(Ask::Watch {
        slot: 1,
        query: Query::Counts,
    });
    until(|answer| matches!(answer, Answer::Page { .. }));

    // What another copy gave is taken at the next turn, and told like anybody's write.
    bo.write(&customer("Bolt"), NOW).unwrap();
    bo.give_bundles(1).unwrap();
    later(EXCHANGE);
    match until(|answer| matches!(answer, Answer::Foreign { .. })) {
        Answer::Foreign { person, label, .. } => assert_eq!(
            (person.as_str(), label.contains("Bolt")),
            ("bo", true),
            "{label}"
        ),
        other => panic!("{other:?}"),
    }
    until(|answer| matches!(answer, Answer::Page { .. }));

    // One's own write waits until one has been quiet for so long, so that a busy minute is one bundle.
    assert_eq!(bundles(&carried, 1).len(), 1);
    write("Cargo");
    write("Delta");
    later(EXCHANGE);
    until_there_are(2, &carried, 1);
    assert_eq!(bo.take_bundles().unwrap().taken, 2);

    // What was not quiet long enough is given at the end.
    write("Epsilon");
    assert_eq!(bundles(&carried, 1).len(), 2);
    drop(worker);
    assert_eq!(bundles(&carried, 1).len(), 3);
    assert_eq!(bo.take_bundles().unwrap().taken, 1);
    let ana = Store::open(&path, &on_device("ana", 1)).unwrap();
    assert_eq!(ana.digest().unwrap(), bo.digest().unwrap());
}

/// A worker, and what it says in a word each.
fn in_a_word(path: &Path) -> (Worker, Receiver<&'static str>) {
    let (tell, told) = crossbeam_channel::unbounded();
    let worker = Worker::start(
        path.to_owned(),
        options("ana"),
        || NOW,
        move |answer| {
            let said = match answer {
                Answer::Ready { .. } => "ready",
                Answer::Waiting(Some(_)) => "waiting",
                Answer::Page { .. } => "page",
                Answer::Failed { .. } => "failed",
                Answer::Written { result, .. } => {
                    if result.is_ok_and(|r| r.queued.is_none()) {
                        "written"
                    } else {
                        "not written"
                    }
                }
                _ => return,
            };
            let _ = tell.send(said);
        },
    );
    (worker, told)
}

#[test]
fn giving_up_is_of_the_write_that_waits_and_not_of_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    Store::open(&path, &options("ana")).unwrap().close();
    let (worker, told) = in_a_word(&path);
    let next = || told.recv_timeout(DEADLINE).unwrap();
    assert_eq!(next(), "ready");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for (ticket, name) in [(1, "Acme"), (2, "Bolt")] {
        worker.ask(Ask::Write {
            ticket,
            command: Box::new(customer(name)),
            now: NOW,
        });
    }
    assert_eq!(next(), "waiting");
    worker.give_up();
    assert_eq!([next(), next()], ["not written", "waiting"]);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(next(), "written");
    drop(worker);
}

#[test]
fn a_page_that_a_lock_keeps_back_comes_later_and_no_write_waits_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    // A folder that another program synchronizes: no WAL, so that a writer shuts readers out.
    std::fs::create_dir(folder.path().join(".stfolder")).unwrap();
    let path = folder.path().join("book.db");
    Store::open(&path, &options("ana")).unwrap().close();
    let (worker, told) = in_a_word(&path);
    let next = || told.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(next(), "ready");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    worker.ask(Ask::Watch {
        slot: 1,
        query: Query::Activity {
            search: String::new(),
            limit: 10,
        },
    });
    assert_eq!(next(), "waiting");
    let command = Command::AddCustomer(NewCustomer {
        name: "Acme".into(),
        ..NewCustomer::default()
    });
    worker.ask(Ask::Write {
        ticket: 1,
        command: Box::new(command),
        now: NOW,
    });
    // The write has begun to wait for the lock: it tells so by itself.
    assert_eq!(next(), "waiting");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!([next(), next()], ["written", "page"]);
    drop(worker);
}

/// What the worker says, in order, until it is asked to stop.
fn said_until(
    path: &std::path::Path,
    asks: Vec<Ask>,
    last: impl Fn(&Answer) -> bool,
) -> Vec<Answer> {
    let (tell, told) = crossbeam_channel::unbounded();
    let worker = Worker::start(
        path.to_owned(),
        options("ana"),
        || NOW,
        move |answer| {
            let _ = tell.send(answer);
        },
    );
    asks.into_iter().for_each(|ask| worker.ask(ask));
    let mut said = Vec::new();
    while !said.last().is_some_and(&last) {
        said.push(told.recv_timeout(Duration::from_secs(20)).unwrap());
    }
    drop(worker);
    said
}

#[test]
fn that_this_file_does_not_exchange_though_the_book_does_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    crate::store::tests::add(&mut store, "Acme", 500);
    store
        .set_sync(true, Some(&folder.path().join("shared")))
        .unwrap();
    store.close();
    let seen = said_until(
        &path,
        vec![],
        |a| matches!(a, Answer::Told(words) if words.contains("does not exchange")),
    );
    let told = |a: &&Answer| matches!(a, Answer::Told(words) if words.contains("book.db does not exchange by"));
    assert_eq!(seen.iter().filter(told).count(), 1, "{seen:?}");
    assert_eq!(
        std::fs::read_dir(folder.path().join("shared"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn the_first_answers_come_before_anything_else_is_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    crate::store::tests::add(&mut store, "Acme", 500);
    store.set_sync(true, None).unwrap();
    store.close();
    std::fs::copy(&path, folder.path().join("book-laptop.db")).unwrap();
    // Another copy has given what this one lacks.
    let mut other = Store::open(&folder.path().join("book-laptop.db"), &options("bo")).unwrap();
    other.who_for_tests().device = Id([9; 16]);
    crate::store::tests::add(&mut other, "Bolt", 500);
    other
        .set_sync(true, Some(&folder.path().join("book.db.sync")))
        .unwrap();
    assert!(other.give_bundles(1).unwrap() > 0);
    other.close();
    let _other = Presence::begin(&path, "bo", false, Stamp(NOW.0 + 1));
    let seen = said_until(
        &path,
        vec![Ask::Watch {
            slot: 3,
            query: Query::Counts,
        }],
        |a| matches!(a, Answer::Copies(_)),
    );
    let at = |what: fn(&Answer) -> bool| seen.iter().position(what);
    assert!(
        at(|a| matches!(a, Answer::Ready { .. })) < at(|a| matches!(a, Answer::Page { .. })),
        "{seen:?}"
    );
    for later in [
        |a: &Answer| matches!(a, Answer::Presence(_)),
        |a: &Answer| matches!(a, Answer::Foreign { .. }),
    ] {
        assert!(
            at(|a| matches!(a, Answer::Page { .. })) < at(later) && at(later).is_some(),
            "{seen:?}"
        );
    }
}

#[test]
fn in_the_past_a_write_is_refused_and_what_others_do_now_is_not_seen_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let day = crate::domain::time::Zone::default().day(NOW);
    let mut store = Store::open(&path, &options("ana")).unwrap();
    let customer = crate::store::tests::add(&mut store, "Acme", 500);
    store.close();
    let assign = Command::Assign {
        customers: vec![customer],
        owner: "bo".into(),
    };
    let written = |a: &Answer| matches!(a, Answer::Written { .. });
    let ask = Ask::Write {
        ticket: 1,
        command: Box::new(assign.clone()),
        now: NOW,
    };
    let said = said_until(&path, vec![Ask::Past(Some(day.plus(-1))), ask], written);
    let past: Vec<_> = said
        .iter()
        .filter_map(|a| {
            if let Answer::Ready {
                past, read_only, ..
            } = a
            {
                Some((*past, read_only.is_some()))
            } else {
                None
            }
        })
        .collect();
    assert_eq!(past, [(None, false), (Some(day.plus(-1)), true)]);
    let Some(Answer::Written {
        result: Err(error), ..
    }) = said.last()
    else {
        panic!("{said:?}")
    };
    assert!(
        error.message.contains("it is shown as it was on"),
        "{error}"
    );
    let ask = Ask::Write {
        ticket: 1,
        command: Box::new(assign),
        now: NOW,
    };
    let said = said_until(
        &path,
        vec![Ask::Past(Some(day.plus(-1))), Ask::Past(None), ask],
        written,
    );
    assert!(
        matches!(said.last(), Some(Answer::Written { result: Ok(_), .. })),
        "{said:?}"
    );
}

#[test]
fn another_roster_is_handed_over_before_a_page_that_has_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    let ids: Vec<Id> = ["Early", "Mine", "Other"]
        .map(|name| store.write(&customer(name), NOW).unwrap().customers[0])
        .to_vec();
    store.close();
    let (tell, told) = crossbeam_channel::unbounded();
    let worker = Worker::start(
        path.clone(),
        options("ana"),
        || NOW,
        move |answer| drop(tell.send(answer)),
    );
    let query = Query::Customers {
        filter: String::new(),
        sort: "name".into(),
        descending: false,
        columns: Vec::new(),
    };
    worker.ask(Ask::Watch { slot: 1, query });
    let mut shared: Vec<Arc<RwLock<Roster>>> = Vec::new();
    let mut named = |wanted: &[Id]| loop {
        match told.recv_timeout(DEADLINE).unwrap() {
            Answer::Ready { roster, .. } => shared.push(roster),
            Answer::Page { slot: 1, page, .. } => {
                let Page::Rows(page) = page.as_ref() else {
                    panic!("{page:?}")
                };
                let roster = shared.last().unwrap().read().unwrap();
                let named: Vec<Id> = page
                    .rows
                    .iter()
                    .map(|row| roster.ids[*row as usize])
                    .collect();
                assert!(named == ids || named == wanted, "{named:?}");
                if named == wanted {
                    return shared.clone();
                }
            }
            _ => {}
        }
    };
    named(&ids);
    let mut other = Store::open(&path, &on_device("bo", 9)).unwrap();
    other
        .write(
            &Command::Purge {
                entity: crate::domain::command::Entity::Customer,
                row: ids[0],
                why: "asked".into(),
            },
            NOW,
        )
        .unwrap();
    let shared = named(&ids[1..]);
    assert_eq!(
        shared[0].read().unwrap().ids,
        ids,
        "whoever still has the old one reads what it always said"
    );
    drop(worker);
}
