//! A person's word over the score, scorecards chosen by filters, missing data: sums add up on every day, and one customer alone
//! is scored as all are.

use crate::domain::command::{Command, Entity};
use crate::domain::health::{Explanation, difference};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::domain::time::{Day, Stamp};
use crate::domain::touchpoint::TouchDraft;
use crate::store::tests::{NOW, account, add, book, options};
use crate::store::{Options, Store};
use crate::transfer::demo::{self, DemoOptions};

const DAY: i64 = 86_400_000;

fn set(customer: Id, score: u8, until: Day) -> Command {
    Command::Override {
        customer,
        hold: Some((score, until)),
        reason: "they lost their sponsor".into(),
    }
}

fn explained(
    store: &mut Store,
    customer: Id,
    since: Option<Day>,
) -> (Explanation, Option<Explanation>) {
    match store.answer(&Query::Health { customer, since }).unwrap() {
        Page::Health(both) => *both,
        other => panic!("no health but {other:?}"),
    }
}

fn listed(store: &mut Store, customer: Id) -> Option<u8> {
    let shared = store.roster().unwrap();
    let roster = shared.read().unwrap();
    roster.rows[roster.row_of_id(customer).unwrap()]
        .health
        .score
}

#[test]
fn a_set_score_holds_until_its_day_says_who_and_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    let acme = add(&mut store, "Acme", 10_000);
    let touch = TouchDraft {
        channel: "phone".into(),
        ..TouchDraft::default()
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
    let (until, measured) = (
        store.today().plus(20),
        account(&mut store, acme).health.health,
    );
    assert!(measured.score.is_some_and(|s| s > 30), "{measured:?}");

    store.write(&set(acme, 30, until), NOW).unwrap();
    let page = account(&mut store, acme);
    assert_eq!(
        (
            page.health.health.score,
            page.health.measured,
            listed(&mut store, acme)
        ),
        (Some(30), measured, Some(30))
    );
    let held = page.health.held.clone().unwrap();
    assert_eq!(
        (held.by.as_str(), held.reason.as_str(), held.until),
        ("ana", "they lost their sponsor", Some(until))
    );
    assert!(store.doctor().unwrap().iter().all(|c| c.ok));

    // The difference to a day before adds up, with the word as a line of its own.
    let yesterday = store.today().plus(-1);
    let (now, before) = explained(&mut store, acme, Some(yesterday));
    let before = before.unwrap();
    let moved: i32 = difference(&before, &now)
        .iter()
        .map(|(_, was, is)| is - was)
        .sum();
    assert_eq!(
        moved,
        100 * (30 - i32::from(before.health.score.unwrap_or(0)))
    );
    drop(store);

    // It ends by itself behind its day, and a day before it was set nobody had.
    for (day, held) in [
        (until, true),
        (until.plus(1), false),
        (until.plus(-40), false),
    ] {
        let mut then = Store::open(
            &path,
            &Options {
                as_of: Some(day),
                ..options("ana")
            },
        )
        .unwrap();
        assert_eq!(
            explained(&mut then, acme, None).0.held.is_some(),
            held,
            "{day}"
        );
        assert_eq!(listed(&mut then, acme) == Some(30), held, "{day}");
    }

    let mut store = Store::open(&path, &options("ana")).unwrap();
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            Stamp(NOW.0 + DAY),
        )
        .unwrap();
    assert_eq!(
        (
            account(&mut store, acme).health.health,
            listed(&mut store, acme)
        ),
        (measured, measured.score)
    );
}

#[test]
fn a_score_is_set_with_a_reason_and_an_end_or_not_at_all() {
    let mut store = book();
    let acme = add(&mut store, "Acme", 10_000);
    let today = store.today();
    let hold = |score, until, reason: &str| Command::Override {
        customer: acme,
        hold: Some((score, until)),
        reason: reason.into(),
    };
    for (command, why) in [
        (hold(30, today.plus(5), "  "), "reason"),
        (hold(101, today.plus(5), "x"), "101"),
        (hold(30, today.plus(-1), "x"), "over"),
        (hold(30, today.plus(400), "x"), "a year"),
        (
            Command::Override {
                customer: acme,
                hold: None,
                reason: String::new(),
            },
            "nobody has set",
        ),
    ] {
        let error = store.write(&command, NOW).unwrap_err();
        assert!(
            error.message.contains(why) || error.hints.iter().any(|h| h.contains(why)),
            "{error:?}"
        );
    }
    store.write(&set(acme, 90, today), NOW).unwrap();
    store
        .write(
            &Command::Override {
                customer: acme,
                hold: None,
                reason: String::new(),
            },
            Stamp(NOW.0 + 1),
        )
        .unwrap();
    assert_eq!(account(&mut store, acme).health.held, None);
}

/// Two scorecards with filters over tags and figures before the one for all, and a measure that counts without data.
const CARDS: &str = r#"
version = 7

[[scorecard]]
code = "large"
label = "Large"
filter = "arr>20k stage:retention,conversion or #enterprise"
bands = [80, 60]
[[scorecard.measure]]
signal = "touch"
weight = 50
map = [[7, 1000], [60, 0]]
[[scorecard.measure]]
signal = "silence"
weight = 30
missing = 250
map = [[7, 1000], [28, 0]]

[[scorecard]]
code = "talkers"
label = "Talkers"
filter = "touch<20d -nps:none"
bands = [70, 40]
[[scorecard.measure]]
signal = "nps"
weight = 10
map = [[0, 0], [10, 1000]]
[[scorecard.measure]]
signal = "active"
weight = 10
missing = "skip"
map = [[0, 0], [20, 1000]]

[[scorecard]]
code = "rest"
label = "Rest"
bands = [70, 50]
[[scorecard.measure]]
signal = "tickets"
weight = 3
map = [[0, 1000], [9, 0]]
[[scorecard.measure]]
signal = "pulse"
weight = 5
missing = 500
map = [[1, 0], [5, 1000]]
"#;

fn demo_book() -> Store {
    let mut store = book();
    let options = DemoOptions {
        customers: 60,
        months: 14,
        seed: 3,
        today: store.today(),
    };
    demo::write(&mut store, &options, NOW, &mut |_| {}).unwrap();
    store
}

#[test]
fn sums_add_up_for_every_customer_on_every_day_and_one_alone_is_scored_as_all_are() {
    let mut store = demo_book();
    let ids: Vec<Id> = store.roster().unwrap().read().unwrap().ids.clone();
    let today = store.today();
    store
        .write(
            &Command::SetConfig {
                key: "scorecards".into(),
                value: Some(CARDS.into()),
                base: None,
            },
            NOW,
        )
        .unwrap();
    for (n, id) in ids.iter().enumerate().filter(|(n, _)| n % 7 == 0) {
        store
            .write(
                &set(*id, (n % 101) as u8, today.plus(9)),
                Stamp(NOW.0 + n as i64),
            )
            .unwrap();
    }
    let mut cards = std::collections::BTreeSet::new();
    for id in &ids {
        let listed = {
            let shared = store.roster().unwrap();
            let roster = shared.read().unwrap();
            roster.rows[roster.row_of_id(*id).unwrap()].health
        };
        for since in [today.plus(-1), today.plus(-40), today.plus(-300)] {
            let (now, before) = explained(&mut store, *id, Some(since));
            let before = before.unwrap();
            assert_eq!(now.health, listed, "{id}");
            for e in [&now, &before] {
                let sum = e.lines.iter().map(|l| l.contribution).sum::<i32>() + e.shift();
                assert_eq!(
                    sum,
                    i32::from(e.health.score.unwrap_or(0)) * 100,
                    "{id} on {}: {e:?}",
                    e.day
                );
                assert!(
                    e.lines
                        .iter()
                        .all(|l| l.raw.is_none() || l.points.is_some())
                );
                cards.insert(e.scorecard.clone());
            }
            let moved: i32 = difference(&before, &now)
                .iter()
                .map(|(_, was, is)| is - was)
                .sum();
            let hundredths = |e: &Explanation| i32::from(e.health.score.unwrap_or(0)) * 100;
            assert_eq!(moved, hundredths(&now) - hundredths(&before));
        }
    }
    assert_eq!(cards.len(), 3, "{cards:?}");
    // What is kept from write to write is what a fold from the first event gives.
    assert!(
        store.doctor().unwrap().iter().all(|c| c.ok),
        "{:?}",
        store.doctor()
    );
    store
        .write(
            &Command::Tag {
                customers: ids[..9].to_vec(),
                add: vec!["enterprise".into()],
                remove: Vec::new(),
            },
            NOW,
        )
        .unwrap();
    assert!(
        store.doctor().unwrap().iter().all(|c| c.ok),
        "{:?}",
        store.doctor()
    );
}

#[test]
fn a_scorecard_goes_by_an_attribute_and_follows_its_changes() {
    let mut store = book();
    let (acme, bolt) = (
        add(&mut store, "Acme", 10_000),
        add(&mut store, "Bolt", 10_000),
    );
    let kind = "code = 'segment'\nlabel = 'Segment'\ntype = 'enum'".to_owned();
    store
        .write(
            &Command::SetConfig {
                key: "attribute.segment".into(),
                value: Some(kind),
                base: None,
            },
            NOW,
        )
        .unwrap();
    let cards = CARDS.replacen(
        "arr>20k stage:retention,conversion or #enterprise",
        "attr.segment:ent",
        1,
    );
    store
        .write(
            &Command::SetConfig {
                key: "scorecards".into(),
                value: Some(cards),
                base: None,
            },
            NOW,
        )
        .unwrap();
    let which = |store: &mut Store, id: Id| explained(store, id, None).0.scorecard;
    assert_eq!(which(&mut store, acme), "rest");
    let change = crate::domain::command::Change::set("attr.segment", "ENT");
    store
        .write(
            &Command::Edit {
                entity: Entity::Customer,
                rows: vec![acme],
                changes: vec![change],
            },
            NOW,
        )
        .unwrap();
    assert_eq!(
        (which(&mut store, acme), which(&mut store, bolt)),
        ("large".to_owned(), "rest".to_owned())
    );
    for id in [acme, bolt] {
        let explained = explained(&mut store, id, None).0;
        assert_eq!(listed(&mut store, id), explained.health.score);
    }
}

#[test]
fn scorecards_that_are_saved_count_their_version_up_and_wrong_ones_are_refused() {
    let mut store = book();
    let save = |store: &mut Store, text: String| {
        store.write(
            &Command::SetConfig {
                key: "scorecards".into(),
                value: Some(text),
                base: None,
            },
            NOW,
        )
    };
    save(&mut store, CARDS.into()).unwrap();
    assert_eq!(store.config().scorecards.version, 7);
    save(&mut store, format!("# mine\n{CARDS}")).unwrap();
    assert_eq!(store.config().scorecards.version, 8);
    assert!(
        store
            .config_text("scorecards")
            .unwrap()
            .unwrap()
            .starts_with("# mine\n")
    );
    save(
        &mut store,
        CARDS
            .replacen("version = 7", "", 1)
            .replacen("[[", "version = 0\n[[", 1),
    )
    .unwrap();
    assert_eq!(store.config().scorecards.version, 9);
    for (wrong, why) in [
        ("health<50", "from the score itself"),
        ("owner:me", "different things"),
        ("colour:red", "cannot be read"),
    ] {
        let text = CARDS.replacen("touch<20d -nps:none", wrong, 1);
        let error = save(&mut store, text).unwrap_err();
        assert!(error.message.contains(why), "{error:?}");
    }
    let error = save(
        &mut store,
        CARDS.replacen("missing = 250", "missing = 1250", 1),
    )
    .unwrap_err();
    assert!(error.message.contains("1250"), "{error:?}");
    let error = save(
        &mut store,
        CARDS.replacen("missing = 250", "missing = \"zero\"", 1),
    )
    .unwrap_err();
    assert!(error.message.contains("skip"), "{error:?}");
}

#[test]
fn a_trend_ends_today_and_movers_are_told_both_ways() {
    let mut store = demo_book();
    let ids: Vec<Id> = store.roster().unwrap().read().unwrap().ids.clone();
    let Page::Trend(trend) = store
        .answer(&Query::Trend {
            customer: ids[0],
            months: 12,
        })
        .unwrap()
    else {
        panic!("another page")
    };
    assert_eq!(
        (trend.len(), trend[12].0, trend[12].1.score),
        (13, store.today(), listed(&mut store, ids[0]))
    );
    let Page::Trend(weeks) = store
        .answer(&Query::Trend {
            customer: ids[0],
            months: 3,
        })
        .unwrap()
    else {
        panic!("another page")
    };
    assert_eq!((weeks.len(), weeks[12].0), (14, store.today().plus(-7)));

    let Page::Movers(page) = store
        .answer(&Query::Movers {
            filter: String::new(),
            days: 7,
        })
        .unwrap()
    else {
        panic!("another page")
    };
    assert!(
        page.fell > 0 && page.rose > 0 && page.movers.len() == page.fell + page.rose,
        "{page:?}"
    );
    assert!(
        page.movers
            .is_sorted_by_key(crate::domain::query::Mover::change)
    );
    let since = page.since.unwrap();
    for mover in &page.movers {
        let (now, before) = explained(&mut store, ids[mover.row as usize], Some(since));
        assert_eq!(
            (mover.now, mover.before),
            (now.health, before.unwrap().health)
        );
    }
}

#[test]
fn every_part_adds_up_for_every_customer_of_the_demo_today_and_on_past_days() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    let today = store.today();
    let demo = DemoOptions {
        customers: 120,
        ..DemoOptions::new(today)
    };
    demo::write(&mut store, &demo, NOW, &mut |_| {}).unwrap();
    let ids: Vec<Id> = store.roster().unwrap().read().unwrap().ids.clone();
    let (mut scored, mut queued) = ([0; 4], [0; 4]);
    for (no, ago) in [0, 80, 260, 500].into_iter().enumerate() {
        let day = today.plus(-ago);
        let mut then = Store::open(
            &path,
            &Options {
                as_of: Some(day),
                ..options("ana")
            },
        )
        .unwrap();
        if ago > 0 {
            then.look_back(NOW).unwrap();
        }
        for id in &ids {
            let Page::Account(page) = then
                .answer(&Query::Account {
                    customer: *id,
                    timeline: Default::default(),
                })
                .unwrap()
            else {
                panic!()
            };
            let Some(page) = page else { continue };
            let shared = then.roster().unwrap();
            let roster = shared.read().unwrap();
            let row = roster.rows[page.row as usize];
            assert_eq!(
                (page.health.day, page.health.health, page.signals),
                (day, row.health, row.signals),
                "{id}"
            );
            let sum = page
                .health
                .lines
                .iter()
                .map(|l| l.contribution)
                .sum::<i32>()
                + page.health.shift();
            assert_eq!(
                sum,
                i32::from(row.health.score.unwrap_or(0)) * 100,
                "{id} on {day}"
            );
            assert_eq!(
                page.priority.parts.iter().map(|p| p.2).sum::<u32>(),
                page.priority.tenths,
                "{id} on {day}"
            );
            assert_eq!(
                row.priority,
                if roster.is_snoozed(page.row as usize) {
                    0
                } else {
                    page.priority.tenths
                },
                "{id} on {day}"
            );
            scored[no] += usize::from(row.health.score.is_some());
            queued[no] += usize::from(row.priority > 0);
        }
    }
    assert!(
        scored.iter().all(|n| *n > 0) && queued[..3].iter().all(|n| *n > 0),
        "{scored:?} {queued:?}"
    );
}
