//! The counts at month ends are what a list of that day counts.

use crate::domain::command::Command;
use crate::domain::query::{CoursePage, Page, Query};
use crate::domain::time::Stamp;
use crate::store::tests::{NOW, options};
use crate::store::{Options, Store};
use crate::transfer::demo::{self, DemoOptions};

fn course(store: &mut Store, filters: &[&str], months: u16) -> CoursePage {
    let query = Query::Course {
        filters: filters.iter().map(|f| (*f).to_owned()).collect(),
        months,
    };
    loop {
        match store.answer(&query).unwrap() {
            page if page.is_unfinished() => {}
            Page::Course(page) => return *page,
            other => panic!("no course but {other:?}"),
        }
    }
}

fn listed(store: &mut Store, filter: &str) -> usize {
    let query = Query::Customers {
        filter: filter.into(),
        sort: String::new(),
        descending: false,
        columns: Vec::new(),
    };
    let Page::Rows(page) = store.answer(&query).unwrap() else {
        panic!("another page")
    };
    page.rows.len()
}

#[test]
fn a_count_is_that_of_a_list_on_the_day() {
    const FILTERS: [&str; 9] = [
        "stage:retention",
        "health<60",
        "arr>20k owner:ana",
        "renews<90d -plan",
        "nps<7 or unanswered",
        "fell or silent",
        "attr.industry:retail",
        "seg:vip or seg:reactivated",
        "-orders:0 touch<30d",
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    let demo = DemoOptions {
        customers: 120,
        months: 14,
        seed: 3,
        today: store.today(),
    };
    demo::write(&mut store, &demo, NOW, &mut |_| {}).unwrap();
    let page = course(&mut store, &FILTERS, 4);
    let days: Vec<String> = page.days.iter().map(ToString::to_string).collect();
    assert_eq!(
        days,
        ["2026-07-31", "2026-08-31", "2026-09-30", "2026-10-31"]
    );
    for (no, day) in page.days.iter().enumerate() {
        let mut then = Store::open(
            &path,
            &Options {
                as_of: Some(*day),
                ..options("ana")
            },
        )
        .unwrap();
        then.look_back(NOW).unwrap();
        let counts: Vec<(&str, usize)> = FILTERS
            .iter()
            .zip(&page.counts)
            .map(|(f, c)| (*f, c[no]))
            .collect();
        let lists: Vec<(&str, usize)> =
            FILTERS.iter().map(|f| (*f, listed(&mut then, f))).collect();
        assert_eq!(counts, lists, "on {day}");
    }
    assert!(
        page.counts
            .iter()
            .filter(|c| c.iter().any(|n| *n > 0))
            .count()
            >= 7,
        "{:?}",
        page.counts
    );
    // What is written is counted at the next question.
    let shared = store.roster().unwrap();
    let id = {
        let roster = shared.read().unwrap();
        (0..roster.rows.len())
            .find(|at| roster.owner(*at) != "ana" && roster.arr(*at).book() > 2_000_000)
            .map(|at| roster.ids[at])
            .unwrap()
    };
    store
        .write(
            &Command::Assign {
                customers: vec![id],
                owner: "ana".into(),
            },
            Stamp(NOW.0 + 1),
        )
        .unwrap();
    assert!(course(&mut store, &FILTERS, 4).counts[2] > page.counts[2]);
}

#[test]
fn a_filter_that_cannot_be_read_is_told_and_the_others_are_counted() {
    let mut store = crate::store::tests::book();
    crate::store::tests::add(&mut store, "Acme", 1000);
    let page = course(&mut store, &["colour:red", "stage:reach"], 2);
    assert!(page.mistake.is_some() && page.counts[0].is_empty());
    assert_eq!(page.counts[1], [0, 0], "it was not there yet");
    assert_eq!(course(&mut store, &[], 2).counts.len(), 0);
}
