use crossterm::event::Event;

use crate::domain::command::{Command, Target};
use crate::domain::funnel::Mode;
use crate::domain::query::{Page, PeriodAsk, Query};
use crate::tui::effect::Msg;
use crate::tui::harness::Harness;

use super::figures::{Drill, percent};

fn at(h: &Harness, name: &str) -> bool {
    h.app.top().name() == name
}

fn asked(h: &Harness) -> (Option<PeriodAsk>, Mode) {
    let found = h
        .app
        .top()
        .watches(&h.app.look)
        .into_iter()
        .find_map(|(_, q)| match q {
            Query::Funnel { period, mode, .. } => Some((period, mode)),
            _ => None,
        });
    found.expect("the funnel is in front")
}

#[test]
fn the_screen_at_three_sizes() {
    let mut h = Harness::new("en", 1);
    h.press("3");
    insta::assert_snapshot!("funnel-120x36", h.screen());
    h.size(80, 24).press("j j j tab");
    insta::assert_snapshot!("funnel-80x24", h.screen());
    h.size(60, 16);
    insta::assert_snapshot!("funnel-60x16", h.screen());
    h.size(40, 16);
    assert!(h.text().contains("Retention"), "{}", h.text());
}

#[test]
fn a_figure_leads_to_the_customers_behind_it() {
    let mut h = Harness::new("en", 1);
    h.size(80, 24).press("3 j j j");
    let page = h
        .store
        .answer(&Query::Funnel {
            filter: String::new(),
            period: None,
            mode: Mode::InOrder,
        })
        .expect("the funnel answers");
    let Page::Funnel(page) = page else {
        panic!("another page")
    };
    let stage = page.stages[3].clone();
    h.press("enter");
    assert!(at(&h, "customers"));
    assert_eq!(
        h.app.top().title(&h.app.look).filter,
        format!("stage:{}", stage.stage)
    );
    assert_eq!(
        h.app.top().subjects(&h.app.look).len(),
        usize::from(stage.count > 0)
    );
    assert!(
        h.text().contains(&format!("{} of 40", stage.count)),
        "{}",
        h.text()
    );
    h.press("H l l l l l enter");
    assert_eq!(
        h.app.top().title(&h.app.look).filter,
        format!("stage:{} stuck", stage.stage)
    );
}

#[test]
fn each_figures_list_has_as_many_customers_as_the_figure_says() {
    let mut h = Harness::new("en", 3);
    let period = PeriodAsk::Days(90);
    let Page::Funnel(page) = h
        .store
        .answer(&Query::Funnel {
            filter: String::new(),
            period: Some(period),
            mode: Mode::InOrder,
        })
        .expect("an answer")
    else {
        panic!("another page")
    };
    for stage in &page.stages {
        for (drill, n) in [
            (Drill::Count, stage.count),
            (Drill::Open, stage.open),
            (Drill::Behind, stage.behind),
            (Drill::Stuck, stage.stuck),
        ] {
            let view = drill.view(&stage.stage, "", period);
            let query = Query::Customers {
                filter: view.filter.clone(),
                sort: view.sort,
                descending: view.descending,
                columns: Vec::new(),
            };
            let Page::Rows(rows) = h.store.answer(&query).expect("an answer") else {
                panic!("another page")
            };
            assert_eq!(rows.mistake, None, "{}", view.filter);
            assert_eq!(rows.rows.len(), n, "{}", view.filter);
        }
    }
}

#[test]
fn period_and_mode_change_the_question() {
    let mut h = Harness::new("en", 1);
    h.press("3");
    assert_eq!(asked(&h), (Some(PeriodAsk::Days(90)), Mode::InOrder));
    h.press("P 5");
    assert_eq!(asked(&h).0, Some(PeriodAsk::All));
    h.press("o");
    assert_eq!(asked(&h).1, Mode::AnyOrder);
    assert!(h.text().contains("any order"), "{}", h.text());
}

#[test]
fn a_card_moves_on_at_once_and_back_only_with_a_reason() {
    let mut h = Harness::new("en", 1);
    h.press("3 l tab");
    let card = h.app.top().subjects(&h.app.look);
    assert_eq!(card.len(), 1);
    h.press(">");
    assert_eq!(
        h.written(),
        [Command::Move {
            customers: card.clone(),
            to: Target::Next,
            reason: None
        }]
    );
    assert_ne!(
        h.app.top().subjects(&h.app.look),
        card,
        "the next card is under the cursor"
    );
    h.press("u");
    let card = h.app.top().subjects(&h.app.look);
    h.press("<");
    assert_eq!(h.written(), []);
    assert!(at(&h, "pick"));
    h.press("enter");
    assert!(
        matches!(h.written().as_slice(), [Command::Move { customers, to: Target::Previous, reason: Some(_) }] if *customers == card),
        "{:?}",
        h.written()
    );
}

#[test]
fn the_filter_narrows_and_its_mistake_keeps_the_figures() {
    let mut h = Harness::new("en", 1);
    h.press("3 /").type_text("stage:retention");
    assert!(!h.text().contains("Loading"), "{}", h.text());
    h.say(Msg::Input(Event::Paste(" arr>".to_owned())));
    assert!(h.text().contains("arr needs a value"), "{}", h.text());
    assert!(
        at(&h, "funnel") && h.text().contains("Retention"),
        "{}",
        h.text()
    );
    h.press("esc");
    assert_eq!(h.app.top().title(&h.app.look).filter, "");
}

#[test]
fn an_empty_book_says_so_and_x_says_how_it_is_counted() {
    let mut h = Harness::empty("en");
    h.press("3");
    assert!(h.text().contains("c adds one"), "{}", h.text());
    let mut h = Harness::new("en", 1);
    h.press("3 X");
    assert!(h.text().contains("product-limit"), "{}", h.text());
}

/// The demo book with eight more stages behind the shipped ones, which nobody is in.
fn with_empty_stages() -> Harness {
    let mut h = Harness::new("en", 1);
    let mut stages = include_str!("../../../../assets/config/stages.toml").to_owned();
    for n in 1..=8 {
        stages.push_str(&format!("\n[[stage]]\ncode = \"extra{n}\"\nlabel = \"Extra {n}\"\nclass = \"customer\"\nexpected_days = 0\n"));
    }
    let set = Command::SetConfig {
        key: "stages".into(),
        value: Some(stages),
        base: None,
    };
    h.store
        .write(&set, crate::tui::harness::NOW)
        .expect("the stages are taken");
    h.ready();
    h
}

#[test]
fn empty_stages_fold_into_a_line_where_not_all_fit() {
    for (size, every) in [
        ((120, 36), false),
        ((80, 24), false),
        ((60, 16), false),
        ((40, 16), false),
        ((260, 70), true),
        ((100, 24), false),
    ] {
        let mut h = with_empty_stages();
        h.size(size.0, size.1).press("3");
        let text = h.text();
        assert_eq!(text.contains("Extra 5"), every, "{size:?}\n{text}");
        assert_eq!(
            text.contains("8 empty stages · A shows them"),
            !every,
            "{size:?}\n{text}"
        );
        for stage in [
            "Reach",
            "Acquisition",
            "Conversion",
            "Retention",
            "Loyalty",
            "Churned",
        ] {
            assert!(text.contains(stage), "{stage} at {size:?}\n{text}");
        }
    }
}

#[test]
fn unfolded_stages_are_walked_through_and_what_is_cut_is_said() {
    for (size, on) in [((120, 36), "l"), ((80, 24), "j"), ((60, 16), "j")] {
        let mut h = with_empty_stages();
        h.size(size.0, size.1).press("3 A");
        assert!(
            h.text().contains("0 stages before these, "),
            "{size:?}\n{}",
            h.text()
        );
        for _ in 0..14 {
            h.press(on);
        }
        let text = h.text();
        assert!(
            text.contains("Extra 8") && text.contains(" stages before these, 0 after"),
            "{size:?}\n{text}"
        );
        h.press("A");
        assert!(
            h.text().contains("7 empty stages"),
            "the stage under the cursor stays: {}",
            h.text()
        );
    }
}

#[test]
fn shares_are_rounded_halves_up() {
    assert_eq!(
        [percent(0, 0), percent(1, 3), percent(1, 200), percent(2, 2)],
        ["-", "33%", "1%", "100%"]
    );
}
