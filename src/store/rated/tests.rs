//! A person's word over the score: where it shows, when it ends, and how it is taken back.

use crate::domain::command::Command;
use crate::domain::health::{Explanation, difference};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::domain::time::{Day, Stamp};
use crate::domain::touchpoint::TouchDraft;
use crate::store::tests::{NOW, account, add, book, options};
use crate::store::{Options, Store};

const DAY: i64 = 86_400_000;

fn set(customer: Id, score: u8, until: Day) -> Command {
    Command::Override { customer, hold: Some((score, until)), reason: "they lost their sponsor".into() }
}

fn explained(store: &mut Store, customer: Id, since: Option<Day>) -> (Explanation, Option<Explanation>) {
    match store.answer(&Query::Health { customer, since }).unwrap() {
        Page::Health(both) => *both,
        other => panic!("no health but {other:?}"),
    }
}

fn listed(store: &mut Store, customer: Id) -> Option<u8> {
    let shared = store.roster().unwrap();
    let roster = shared.read().unwrap();
    roster.rows[roster.row_of_id(customer).unwrap()].health.score
}

#[test]
fn a_set_score_holds_until_its_day_says_who_and_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    let acme = add(&mut store, "Acme", 100_00);
    let touch = TouchDraft { channel: "phone".into(), ..TouchDraft::default() };
    store.write(&Command::LogTouch { customers: vec![acme], touch }, NOW).unwrap();
    let (until, measured) = (store.today().plus(20), account(&mut store, acme).health.health);
    assert!(measured.score.is_some_and(|s| s > 30), "{measured:?}");

    store.write(&set(acme, 30, until), NOW).unwrap();
    let page = account(&mut store, acme);
    assert_eq!((page.health.health.score, page.health.measured, listed(&mut store, acme)), (Some(30), measured, Some(30)));
    let held = page.health.held.clone().unwrap();
    assert_eq!((held.by.as_str(), held.reason.as_str(), held.until), ("ana", "they lost their sponsor", Some(until)));
    assert!(store.doctor().unwrap().iter().all(|c| c.ok));

    // The difference to a day before adds up, with the word as a line of its own.
    let yesterday = store.today().plus(-1);
    let (now, before) = explained(&mut store, acme, Some(yesterday));
    let before = before.unwrap();
    let moved: i32 = difference(&before, &now).iter().map(|(_, was, is)| is - was).sum();
    assert_eq!(moved, 100 * (30 - i32::from(before.health.score.unwrap_or(0))));
    drop(store);

    // It ends by itself behind its day, and a day before it was set nobody had.
    for (day, held) in [(until, true), (until.plus(1), false), (until.plus(-40), false)] {
        let mut then = Store::open(&path, &Options { as_of: Some(day), ..options("ana") }).unwrap();
        assert_eq!(explained(&mut then, acme, None).0.held.is_some(), held, "{day}");
        assert_eq!(listed(&mut then, acme) == Some(30), held, "{day}");
    }

    let mut store = Store::open(&path, &options("ana")).unwrap();
    store.write(&Command::Undo { batch: None, force: false }, Stamp(NOW.0 + DAY)).unwrap();
    assert_eq!((account(&mut store, acme).health.health, listed(&mut store, acme)), (measured, measured.score));
}

#[test]
fn a_score_is_set_with_a_reason_and_an_end_or_not_at_all() {
    let mut store = book();
    let acme = add(&mut store, "Acme", 100_00);
    let today = store.today();
    let hold = |score, until, reason: &str| Command::Override { customer: acme, hold: Some((score, until)), reason: reason.into() };
    for (command, why) in [
        (hold(30, today.plus(5), "  "), "reason"),
        (hold(101, today.plus(5), "x"), "101"),
        (hold(30, today.plus(-1), "x"), "over"),
        (hold(30, today.plus(400), "x"), "a year"),
        (Command::Override { customer: acme, hold: None, reason: String::new() }, "nobody has set"),
    ] {
        let error = store.write(&command, NOW).unwrap_err();
        assert!(error.message.contains(why) || error.hints.iter().any(|h| h.contains(why)), "{error:?}");
    }
    store.write(&set(acme, 90, today), NOW).unwrap();
    store.write(&Command::Override { customer: acme, hold: None, reason: String::new() }, Stamp(NOW.0 + 1)).unwrap();
    assert_eq!(account(&mut store, acme).health.held, None);
}
