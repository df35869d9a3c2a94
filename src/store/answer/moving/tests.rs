use super::*;
use crate::domain::command::{Command, Entity};
use crate::domain::funnel::Mode;
use crate::domain::query::{Page, PeriodAsk, Query};
use crate::domain::table::{Cell, Kind, TableAsk, TablePage};
use crate::domain::time::Stamp;
use crate::domain::touchpoint::TouchDraft;
use crate::store::tests::{NOW, book, options};
use crate::transfer::demo::{self, DemoOptions};

fn ask() -> Query {
    Query::Movers {
        filter: String::new(),
        days: 28,
    }
}

fn piece(store: &mut Store) -> MoversPage {
    match store.answer(&ask()).unwrap() {
        Page::Movers(page) => page,
        other => panic!("another page: {other:?}"),
    }
}

fn table(page: Result<Page>) -> TablePage {
    match page.unwrap() {
        Page::Table(page) => *page,
        other => panic!("another page: {other:?}"),
    }
}

fn whole(store: &mut Store) -> MoversPage {
    match store.answer_whole(&ask()).unwrap() {
        Page::Movers(page) => page,
        other => panic!("another page: {other:?}"),
    }
}

#[test]
fn movers_and_backtest_come_a_piece_at_a_time_and_a_write_costs_only_whom_it_touches() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    let many = DemoOptions {
        customers: PIECE as usize + 200,
        months: 14,
        ..DemoOptions::new(store.today())
    };
    demo::write(&mut store, &many, NOW, &mut |_| {}).unwrap();
    let first = piece(&mut store);
    assert!(first.computing && first.of > 0);
    let last = piece(&mut store);
    assert!(!last.computing && last.of > first.of);
    let test = Query::Backtest { months: 3 };
    assert!(matches!(
        store.answer(&test).unwrap(),
        Page::Counting {
            done: 500,
            of: 1200
        }
    ));
    let Page::Backtest(told) = store.answer_whole(&test).unwrap() else {
        panic!("another page")
    };
    assert!((600..=1200).contains(&told.customers), "{told:?}");
    let ask = TableAsk {
        kind: Kind::Targets,
        filter: String::new(),
        period: PeriodAsk::Days(365),
        mode: Mode::InOrder,
    };
    let early = table(store.answer(&Query::Table(ask.clone())));
    let late = table(store.answer_whole(&Query::Table(ask)));
    assert!(early.computing && !late.computing && early.rows.len() == late.rows.len());
    for (early, late) in early.rows.iter().zip(&late.rows) {
        let is_later =
            matches!(&late.cells[1], Cell::Text(code) if code == "nps" || code == "ticket_load");
        assert_eq!(
            early.cells[2] == Cell::None,
            is_later || late.cells[2] == Cell::None,
            "{late:?}"
        );
        assert!(
            is_later || early.cells[..5] == late.cells[..5],
            "{early:?} {late:?}"
        );
    }
    assert!(
        late.rows
            .iter()
            .any(|row| matches!(row.cells[2], Cell::Score(_))),
        "{late:?}"
    );
    let ids = store.roster().unwrap().read().unwrap().ids.clone();
    // Far back, so that the score of then is another one: the note of a call that was forgotten, by an old date.
    let at = Some(Stamp(NOW.0 - 40 * 86_400_000));
    let touch = TouchDraft {
        channel: "phone".into(),
        text: "Forgotten".into(),
        at,
        ..TouchDraft::default()
    };
    for customers in [vec![ids[3]], ids[10..60].to_vec(), ids[..].to_vec()] {
        store
            .write(
                &Command::LogTouch {
                    customers,
                    touch: touch.clone(),
                },
                NOW,
            )
            .unwrap();
        let after = whole(&mut store);
        let fresh = whole(&mut Store::open(&path, &options("bo")).unwrap());
        assert_eq!(after, fresh, "as if it were asked for the first time");
    }
    store
        .write(
            &Command::Remove {
                entity: Entity::Customer,
                rows: ids[..5].to_vec(),
            },
            NOW,
        )
        .unwrap();
    let after = whole(&mut store);
    assert_eq!(
        after,
        whole(&mut Store::open(&path, &options("bo")).unwrap())
    );
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap();
    assert!(whole(&mut store).of > after.of);
}

#[test]
fn a_book_without_customers_has_no_movers() {
    assert_eq!(
        piece(&mut book()),
        MoversPage {
            since: Some(book().today().plus(-28)),
            ..MoversPage::default()
        }
    );
}
