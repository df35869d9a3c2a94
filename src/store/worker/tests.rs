use super::*;
use crate::domain::command::NewCustomer;
use crate::store::tests::{NOW, options};

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
                other.write(&Command::AddCustomer(NewCustomer { name: "Acme".into(), ..NewCustomer::default() }), NOW).unwrap();
            }
            Answer::Foreign { person, .. } => tell.send(person).unwrap(),
            _ => {}
        },
    );
    assert_eq!(told.recv_timeout(Duration::from_secs(20)).unwrap(), "bo");
    drop(worker);
}

/// What the worker says, in order, until it is asked to stop.
fn said_until(path: &std::path::Path, asks: Vec<Ask>, last: impl Fn(&Answer) -> bool) -> Vec<Answer> {
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
    other.set_sync(true, Some(&folder.path().join("book.db.sync"))).unwrap();
    assert!(other.give_bundles(1).unwrap() > 0);
    other.close();
    let _other = Presence::begin(&path, "bo", false, Stamp(NOW.0 + 1));
    let seen = said_until(&path, vec![Ask::Watch { slot: 3, query: Query::Counts }], |a| matches!(a, Answer::Copies(_)));
    let at = |what: fn(&Answer) -> bool| seen.iter().position(what);
    assert!(at(|a| matches!(a, Answer::Ready { .. })) < at(|a| matches!(a, Answer::Page { .. })), "{seen:?}");
    for later in [|a: &Answer| matches!(a, Answer::Presence(_)), |a: &Answer| matches!(a, Answer::Foreign { .. })] {
        assert!(at(|a| matches!(a, Answer::Page { .. })) < at(later) && at(later).is_some(), "{seen:?}");
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
    let assign = Command::Assign { customers: vec![customer], owner: "bo".into() };
    let written = |a: &Answer| matches!(a, Answer::Written { .. });
    let ask = Ask::Write { ticket: 1, command: Box::new(assign.clone()), now: NOW };
    let said = said_until(&path, vec![Ask::Past(Some(day.plus(-1))), ask], written);
    let past: Vec<_> = said
        .iter()
        .filter_map(|a| if let Answer::Ready { past, read_only, .. } = a { Some((*past, read_only.is_some())) } else { None })
        .collect();
    assert_eq!(past, [(None, false), (Some(day.plus(-1)), true)]);
    let Some(Answer::Written { result: Err(error), .. }) = said.last() else { panic!("{said:?}") };
    assert!(error.message.contains("it is shown as it was on"), "{error}");
    let ask = Ask::Write { ticket: 1, command: Box::new(assign), now: NOW };
    let said = said_until(&path, vec![Ask::Past(Some(day.plus(-1))), Ask::Past(None), ask], written);
    assert!(matches!(said.last(), Some(Answer::Written { result: Ok(_), .. })), "{said:?}");
}
