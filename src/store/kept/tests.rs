//! What is kept from question to question is dropped when somebody else changes what it was made of.

use crate::domain::command::Command;
use crate::domain::funnel::Mode;
use crate::domain::id::Id;
use crate::domain::query::{PeriodAsk, Query};
use crate::domain::table::{By, Kind, TableAsk};
use crate::domain::time::Stamp;
use crate::store::merge::MergeAsk;
use crate::store::tests::{NOW, options};
use crate::store::{Options, Store, Who};
use crate::transfer::demo::{self, DemoOptions};

fn who(person: &str, device: u8) -> Options {
    Options {
        who: Who {
            person: person.into(),
            device: Id([device; 16]),
        },
        ..options(person)
    }
}

/// Every answer that is worked out of facts and settings, and every row of the roster.
fn told(store: &mut Store) -> Vec<String> {
    let table = |kind| {
        Query::Table(TableAsk {
            kind,
            filter: String::new(),
            period: PeriodAsk::All,
            mode: Mode::InOrder,
        })
    };
    let customer = store.roster().unwrap().read().unwrap().ids[3];
    let rules = store.config().rules.rule.clone();
    let filters = vec![
        "health<60".to_owned(),
        "seg:vip".to_owned(),
        "stage:retention severe>0".to_owned(),
    ];
    let mut queries = vec![
        Query::Triage {
            filter: String::new(),
            snoozed: false,
        },
        Query::Customers {
            filter: "silent or stuck".into(),
            sort: "health".into(),
            descending: false,
            columns: Vec::new(),
        },
        Query::Counts,
        Query::Funnel {
            filter: String::new(),
            period: None,
            mode: Mode::InOrder,
        },
        Query::Nps {
            filter: String::new(),
            period: PeriodAsk::All,
        },
        Query::Segments { trend: false },
        Query::Course { filters, months: 3 },
        Query::Movers {
            filter: String::new(),
            days: 28,
        },
        Query::Backtest { months: 6 },
        Query::Health {
            customer,
            since: None,
        },
        Query::Trend {
            customer,
            months: 3,
        },
        Query::Checklists { customer },
        table(Kind::Split(By::Owner)),
        table(Kind::Targets),
        table(Kind::Help),
        table(Kind::Stays),
        table(Kind::Issues),
    ];
    queries.extend(rules.into_iter().take(2).map(|rule| Query::Trial {
        rule: Box::new(rule),
        days: 14,
    }));
    let mut said = Vec::new();
    for query in queries {
        let mut page = store.answer(&query).unwrap();
        while page.is_unfinished() {
            page = store.answer(&query).unwrap();
        }
        said.push(format!("{query:?}: {page:?}"));
    }
    let shared = store.roster().unwrap();
    let roster = shared.read().unwrap();
    said.push(format!("{:?}", roster.config));
    said.extend((0..roster.rows.len()).map(|at| {
        format!(
            "{} {:?} {:?}",
            roster.name(at),
            roster.rows[at],
            roster.reasons(at)
        )
    }));
    said
}

/// Settings of every kind that the figures depend on.
fn settings() -> Vec<(&'static str, String)> {
    let config = crate::domain::config::Config::default();
    let mut stages = config.stages.clone();
    stages.stage[3].label = "Live".into();
    stages.stage[3].expected_days = 20;
    stages.stage.swap(4, 5);
    let mut cards = config.scorecards.clone();
    cards
        .scorecard
        .iter_mut()
        .for_each(|card| card.measure.truncate(card.measure.len() - 2));
    vec![
        ("zone", "Pacific/Auckland".into()),
        (
            "policy",
            "cadence_days = 5\nfell_points = 3\npulse_days = 20\n".into(),
        ),
        ("cadences", "[[cadence]]\nideal = 3\nlongest = 4\n".into()),
        ("stages", toml::to_string(&stages).unwrap()),
        ("scorecards", toml::to_string(&cards).unwrap()),
        (
            "rules",
            "[[rule]]\ncode = \"big\"\nlabel = \"Big\"\nwhen = \"arr>100\"\nalert = \"team\"\n"
                .into(),
        ),
        ("currency", "JPY".into()),
        (
            "attribute.plan",
            "code = \"plan\"\nlabel = \"Plan\"\ntype = \"enum\"\n".into(),
        ),
    ]
}

fn demo_at(path: &std::path::Path) -> Store {
    let mut store = Store::open(path, &who("ana", 1)).unwrap();
    let options = DemoOptions {
        customers: 40,
        months: 14,
        seed: 3,
        today: store.today(),
    };
    demo::write(&mut store, &options, NOW, &mut |_| {}).unwrap();
    store
}

fn same(store: &mut Store, path: &std::path::Path, what: &str) {
    let (have, fresh) = (
        told(store),
        told(&mut Store::open(path, &who("eli", 9)).unwrap()),
    );
    for (have, fresh) in have.iter().zip(&fresh) {
        // Counts are those of a person.
        assert!(
            have == fresh || have.starts_with("Counts"),
            "after {what}:\n{have}\n{fresh}"
        );
    }
    assert_eq!(have.len(), fresh.len());
    let wrong: Vec<_> = store
        .doctor()
        .unwrap()
        .into_iter()
        .filter(|c| !c.ok && c.code != "copies")
        .collect();
    assert!(wrong.is_empty(), "after {what}: {wrong:?}");
}

#[test]
fn a_setting_of_another_process_is_in_every_figure_at_the_next_look() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut ana = demo_at(&path);
    told(&mut ana);
    let mut bo = Store::open(&path, &who("bo", 2)).unwrap();
    for (no, (key, value)) in settings().into_iter().enumerate() {
        bo.write(
            &Command::SetConfig {
                key: key.into(),
                value: Some(value),
                base: None,
            },
            Stamp(NOW.0 + no as i64),
        )
        .unwrap();
        ana.look().unwrap();
        ana.turn_day(NOW);
        same(&mut ana, &path, key);
    }
    let undo = Command::Undo {
        batch: None,
        force: false,
    };
    while bo.write(&undo, Stamp(NOW.0 + 1000)).is_ok() {
        ana.look().unwrap();
        ana.turn_day(NOW);
    }
    same(&mut ana, &path, "undoing all of it");
}

#[test]
fn a_setting_that_a_merge_brings_is_in_every_figure() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("book.db"), folder.path().join("copy.db"));
    demo_at(&path).close();
    std::fs::copy(&path, &copy).unwrap();
    let mut ana = Store::open(&path, &who("ana", 1)).unwrap();
    told(&mut ana);
    for (no, (key, value)) in settings().into_iter().enumerate() {
        let mut bo = Store::open(&copy, &who("bo", 2)).unwrap();
        bo.write(
            &Command::SetConfig {
                key: key.into(),
                value: Some(value),
                base: None,
            },
            Stamp(NOW.0 + no as i64),
        )
        .unwrap();
        bo.close();
        // A copy that is merged beside the book is put away, so another one is brought.
        let brought = folder.path().join(format!("brought-{no}")).join("copy.db");
        std::fs::create_dir(brought.parent().unwrap()).unwrap();
        std::fs::copy(&copy, &brought).unwrap();
        ana.merge(
            &brought,
            MergeAsk {
                now: NOW,
                dry_run: false,
                foreign: false,
            },
        )
        .unwrap();
        ana.turn_day(NOW);
        same(&mut ana, &path, key);
    }
}
