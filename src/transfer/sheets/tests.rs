use super::*;
use crate::domain::command::{Command, NewCustomer};
use crate::domain::funnel::Mode;
use crate::domain::id::Id;
use crate::domain::query::{ActionAsk, FiredAsk, PeriodAsk, PlayAsk, TaskAsk, TimelineAsk};
use crate::domain::table::{By, Kind, TableAsk};
use crate::store::outbox::Keep;
use crate::store::{Options, Who};

const NOW: Stamp = Stamp(1_795_000_000_000);

fn demo() -> Store {
    let who = Who {
        person: "ana".into(),
        device: Id([7; 16]),
    };
    let options = Options {
        who,
        now: NOW,
        as_of: None,
        create: true,
        zone: None,
        keep: Keep::Nowhere,
    };
    let mut store = Store::memory(&options).expect("a book");
    let mut demo = crate::transfer::demo::DemoOptions::new(store.today());
    demo.customers = 30;
    crate::transfer::demo::write(&mut store, &demo, NOW, &mut |_| {}).expect("a demo book");
    store
}

#[test]
fn every_screen_has_tables_with_a_cell_a_column() {
    let mut store = demo();
    let customer = store.roster().expect("a roster").read().expect("whole").ids[0];
    let (filter, period) = (String::new, PeriodAsk::All);
    let table = |kind| {
        Query::Table(TableAsk {
            kind,
            filter: filter(),
            period,
            mode: Mode::InOrder,
        })
    };
    let asked = [
        Query::Customers {
            filter: filter(),
            sort: "arr".into(),
            descending: true,
            columns: vec!["name".into(), "attr.country".into()],
        },
        Query::Customers {
            filter: filter(),
            sort: filter(),
            descending: false,
            columns: Vec::new(),
        },
        Query::Triage {
            filter: filter(),
            snoozed: false,
        },
        Query::Funnel {
            filter: filter(),
            period: Some(period),
            mode: Mode::InOrder,
        },
        Query::Tasks(TaskAsk {
            done: true,
            ..TaskAsk::default()
        }),
        Query::Activity {
            search: filter(),
            limit: 1,
        },
        Query::Account {
            customer,
            timeline: TimelineAsk {
                limit: 1,
                ..TimelineAsk::default()
            },
        },
        Query::Movers {
            filter: filter(),
            days: 30,
        },
        Query::Actions(ActionAsk {
            closed: true,
            ..ActionAsk::default()
        }),
        Query::Plays(PlayAsk {
            ended: true,
            ..PlayAsk::default()
        }),
        Query::Fired(FiredAsk::default()),
        Query::Nps {
            filter: filter(),
            period,
        },
        Query::Segments { trend: false },
        table(Kind::Split(By::Owner)),
        table(Kind::Targets),
        table(Kind::Help),
        table(Kind::Issues),
        table(Kind::Stays),
    ];
    let mut rows = 0;
    for query in asked {
        let sheets = of(&mut store, &query).unwrap_or_else(|e| panic!("{query:?}: {e}"));
        for sheet in &sheets {
            assert!(
                sheet
                    .rows
                    .iter()
                    .all(|r| r.len() == sheet.head.columns.len()),
                "{query:?}: {:?}",
                sheet.head
            );
            rows += sheet.rows.len();
        }
        for format in Format::ALL {
            let written = super::super::sheet::write(format, &mut Vec::new(), &sheets);
            assert_eq!(
                written.is_ok(),
                sheets.len() == 1 || !matches!(format, Format::Csv | Format::Json),
                "{query:?}"
            );
        }
    }
    assert!(rows > 200, "{rows}");
    let Ok(timeline) = of(
        &mut store,
        &Query::Account {
            customer,
            timeline: TimelineAsk {
                limit: 1,
                ..TimelineAsk::default()
            },
        },
    ) else {
        panic!("a timeline")
    };
    assert!(
        timeline[0].rows.len() > 10,
        "the whole of it, not what a screen shows"
    );
}

#[test]
fn a_mistake_in_the_filter_is_an_error_and_a_question_without_tables_too() {
    let mut store = demo();
    store
        .write(
            &Command::AddCustomer(NewCustomer {
                name: "x".into(),
                ..NewCustomer::default()
            }),
            NOW,
        )
        .expect("added");
    let wrong = Query::Triage {
        filter: "health<".into(),
        snoozed: false,
    };
    assert!(of(&mut store, &wrong).is_err());
    assert!(of(&mut store, &Query::Counts).is_err());
    let today = store.today();
    let named = file_name(&Query::Segments { trend: false }, today, Format::Csv);
    assert_eq!(named, Some(format!("segments-{today}.csv")));
}
