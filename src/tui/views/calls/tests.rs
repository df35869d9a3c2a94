use crate::domain::action::{Action, ActionDraft};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::query::{ActionAsk, Page, Query};
use crate::domain::time::words;
use crate::tui::harness::{Harness, NOW};

fn all(h: &mut Harness) -> Vec<Action> {
    let ask = Query::Actions(ActionAsk {
        closed: true,
        ..ActionAsk::default()
    });
    let Page::Actions(rows) = h.store.answer(&ask).expect("an answer") else {
        panic!("another page")
    };
    rows.into_iter().map(|r| r.action).collect()
}

/// Calls of several kinds at the first customers, ana's and bo's.
fn opened() -> Harness {
    let mut h = Harness::new("en", 1);
    let ids: Vec<Id> = h.app.look.read().expect("a roster").ids.clone();
    let now = h.app.look.now;
    let day = |text: &str| words::day(text, &now);
    let calls = [
        (
            0,
            "risk",
            "Sponsor has left",
            "-3d",
            Some(1),
            Some(5_000_000),
            "Find the new one",
            "ana",
        ),
        (
            1,
            "risk",
            "They use it less",
            "+2d",
            Some(3),
            None,
            "",
            "ana",
        ),
        (
            2,
            "opportunity",
            "Second team wants seats",
            "today",
            None,
            None,
            "",
            "ana",
        ),
        (
            3,
            "risk",
            "Export is too slow for them",
            "+30d",
            Some(2),
            Some(900_000),
            "Fix in the next release",
            "bo",
        ),
        (
            4,
            "lifecycle",
            "Plan the renewal",
            "+12d",
            None,
            None,
            "",
            "ana",
        ),
    ];
    for (at, kind, title, due, severity, money, mitigation, owner) in calls {
        let action = ActionDraft {
            kind: kind.into(),
            title: title.into(),
            due: day(due).or_else(|| {
                words::past(due.trim_start_matches('-'), &now).map(|at| now.zone.day(at))
            }),
            severity,
            money,
            mitigation: mitigation.into(),
            owner: owner.into(),
            ..ActionDraft::default()
        };
        h.store
            .write(
                &Command::OpenAction {
                    customers: vec![ids[at]],
                    action,
                },
                NOW,
            )
            .expect("it is opened");
    }
    h.press("g l");
    h
}

#[test]
fn the_screen_at_two_sizes() {
    let mut h = opened();
    insta::assert_snapshot!("calls-120x36", h.screen());
    h.size(80, 24);
    insta::assert_snapshot!("calls-80x24", h.text());
    h.press("R O");
    insta::assert_snapshot!("risks-80x24", h.text());
    h.size(120, 36);
    insta::assert_snapshot!("risks-120x36", h.screen());
}

#[test]
fn kinds_are_turned_by_a_key_and_risks_stand_by_money_times_urgency() {
    let mut h = opened();
    assert_eq!(h.app.top().subjects(&h.app.look).len(), 1);
    assert!(
        h.text().contains("Plan the renewal") && !h.text().contains("Export is too slow"),
        "{}",
        h.text()
    );
    h.press("l l");
    assert!(
        h.text().contains("Second team") && !h.text().contains("Plan the renewal"),
        "{}",
        h.text()
    );
    h.press("l l l l O R");
    let text = h.text();
    // Long titles are cut.
    let begins = |what: &str| what.chars().take(18).collect::<String>();
    let line = |what: &str| {
        text.lines()
            .position(|l| l.contains(&begins(what)))
            .unwrap_or_else(|| panic!("{what} is not in\n{text}"))
    };
    let weights: Vec<i64> = {
        let ask = Query::Actions(ActionAsk {
            kind: "risk".into(),
            ..ActionAsk::default()
        });
        let Page::Actions(rows) = h.store.answer(&ask).expect("an answer") else {
            panic!("another page")
        };
        rows.windows(2).for_each(|w| {
            assert!(
                line(&w[0].action.title) < line(&w[1].action.title),
                "{text}"
            )
        });
        rows.iter().map(|r| r.weight).collect()
    };
    assert!(weights.is_sorted_by(|a, b| a >= b), "{weights:?}");
    assert!(
        text.contains("stake x (5 - severity)") && text.contains("at stake"),
        "{text}"
    );
}

#[test]
fn marked_calls_are_closed_and_put_off_in_one_step_and_undo_brings_them_back() {
    let mut h = opened();
    h.press("space space z 3");
    assert!(
        h.text().contains("Why does \"2 calls\" wait"),
        "{}",
        h.text()
    );
    h.press("3");
    assert_eq!(
        all(&mut h)
            .iter()
            .filter(|a| a.snooze_reason == "later")
            .count(),
        2
    );
    h.press("u");
    assert_eq!(
        all(&mut h)
            .iter()
            .filter(|a| a.snooze_reason == "later")
            .count(),
        0
    );
    h.press("* d").type_text("all settled").press("enter");
    let written = h.written();
    assert!(
        matches!(written.as_slice(), [Command::CloseActions { actions, outcome }] if actions.len() == 4 && outcome == "all settled")
    );
    assert!(
        h.text().contains("No call to action is yours"),
        "{}",
        h.text()
    );
    h.press("A d");
    assert!(h.text().contains("it is closed already"), "{}", h.text());
    h.press("A u");
    assert!(h.text().contains("Sponsor has left"), "{}", h.text());
}

#[test]
fn enter_opens_the_customer_and_edit_the_call() {
    let mut h = opened();
    let customer = h.app.top().subjects(&h.app.look)[0];
    h.press("E ctrl-u")
        .type_text("The sponsor has left them")
        .press("tab tab 2 ctrl-s");
    let call = all(&mut h)
        .into_iter()
        .find(|a| a.title == "The sponsor has left them")
        .expect("it is renamed");
    assert_eq!((call.severity, call.money), (Some(2), Some(5_000_000)));
    h.press("enter");
    assert_eq!(
        (h.app.top().name(), h.app.top().subjects(&h.app.look)),
        ("account", vec![customer])
    );
    h.press("q");
    assert_eq!(h.app.top().name(), "calls");
}

#[test]
fn without_calls_the_screen_says_which_key_opens_one() {
    let mut h = Harness::new("en", 1);
    let Page::Actions(rows) = h
        .store
        .answer(&Query::Actions(ActionAsk::default()))
        .expect("an answer")
    else {
        panic!("another page")
    };
    let actions = rows.iter().map(|r| r.action.id).collect();
    h.store
        .write(
            &Command::CloseActions {
                actions,
                outcome: "done".into(),
            },
            NOW,
        )
        .expect("they are closed");
    h.ready();
    h.press("g l");
    assert!(
        h.text().contains("! on any customer opens one"),
        "{}",
        h.text()
    );
    h.press("g r");
    assert!(h.text().contains("Nobody has an open call"), "{}", h.text());
}

#[test]
fn a_call_is_given_to_another_and_its_customer_stays_where_it_is() {
    let mut h = opened();
    let (customer, before) = (h.app.top().subjects(&h.app.look), all(&mut h));
    h.press("a").type_text("bo").press("enter");
    let given: Vec<String> = all(&mut h)
        .iter()
        .filter(|a| !before.contains(a))
        .map(|a| a.owner.clone())
        .collect();
    assert_eq!(given, ["bo"]);
    let owner = |h: &Harness| {
        let roster = h.app.look.read().expect("a roster");
        roster
            .row_of_id(customer[0])
            .map(|at| roster.owner(at).to_owned())
    };
    assert_ne!(owner(&h).as_deref(), Some("bo"));
    assert_eq!(h.app.top().name(), "calls");
    h.press("u");
    assert_eq!(all(&mut h), before);
}

#[test]
fn what_is_asked_at_the_closing_is_whole_on_a_narrow_screen() {
    let mut h = opened();
    h.size(80, 24).press("d");
    assert!(
        h.text().contains("What came of \"Sponsor has left\":"),
        "{}",
        h.text()
    );
    h.press("esc").size(60, 16).press("d");
    assert!(
        h.text().contains("What came of \"Sponsor has") && h.text().contains("Enter saves"),
        "{}",
        h.text()
    );
}
