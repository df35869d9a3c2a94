use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::tui::harness::{Harness, NOW};

/// A book in which two of ana's customers and one of another's gave a low answer.
fn opened() -> (Harness, Vec<Id>) {
    let mut h = Harness::new("en", 1);
    let (mine, others): (Vec<Id>, Vec<Id>) = {
        let roster = h.app.look.read().expect("a roster");
        let all =
            (0..roster.rows.len()).filter(|at| roster.rows[*at].signals.nps.is_none_or(|n| n > 6));
        let (mine, others): (Vec<usize>, Vec<usize>) =
            all.partition(|at| roster.owner(*at) == "ana");
        let ids = |of: Vec<usize>| of.into_iter().map(|at| roster.ids[at]).collect();
        (ids(mine), ids(others))
    };
    let ids = vec![mine[0], mine[1], others[0]];
    for customer in &ids {
        let low = Command::Nps {
            customer: *customer,
            contact: None,
            score: 2,
            text: "It fails".into(),
            at: None,
        };
        h.store.write(&low, NOW).expect("it is written");
    }
    h.answer_all();
    (h, ids)
}

#[test]
fn my_alerts_are_counted_in_the_corner_listed_by_a_key_and_dealt_with_by_another() {
    let (mut h, ids) = opened();
    assert!(h.text().contains("2 alerts (g w)"), "{}", h.text());
    h.press("g w");
    insta::assert_snapshot!("alerts-120x36", h.screen());
    h.size(80, 24);
    insta::assert_snapshot!("alerts-80x24", h.text());
    assert!(
        !h.text().contains(&h.app.look.name_of(ids[2])),
        "{}",
        h.text()
    );
    h.press("O");
    assert!(
        h.text().contains(&h.app.look.name_of(ids[2])),
        "{}",
        h.text()
    );
    h.press("O O g g");
    let first = h.app.top().subjects(&h.app.look);
    h.press("d");
    assert_eq!(
        h.written(),
        [Command::Done {
            customers: first.clone()
        }]
    );
    assert_ne!(h.app.top().subjects(&h.app.look), first);
    assert_eq!(h.app.look.counts.alerts, 1);
    h.press("A");
    assert!(
        h.text().contains(&h.app.look.name_of(first[0])),
        "{}",
        h.text()
    );
    h.press("A u");
    assert_eq!(h.app.look.counts.alerts, 2);
    h.press("z 1 d");
    assert_eq!(h.app.look.counts.alerts, 0);
    assert!(h.text().contains("No alert to you is open"), "{}", h.text());
}

#[test]
fn enter_opens_the_customer_and_a_key_takes_back_what_the_rule_did() {
    let (mut h, _) = opened();
    h.press("g w D");
    assert!(
        matches!(h.written().as_slice(), [Command::TakeBackFiring { .. }]),
        "{:?}",
        h.written()
    );
    assert_eq!(h.app.look.counts.alerts, 1);
    h.press("u");
    assert_eq!(h.app.look.counts.alerts, 2);
    let here = h.app.top().subjects(&h.app.look);
    h.press("enter");
    assert_eq!(
        (h.app.top().name(), h.app.top().subjects(&h.app.look)),
        ("account", here)
    );
}

#[test]
fn an_alert_to_the_team_is_told_to_me_but_not_as_one_at_my_own_customers() {
    let (mut h, ids) = opened();
    let rules = "[[rule]]\ncode = \"noted\"\nlabel = \"For all of us\"\nwhen = \"tag:fair\"\nalert = \"team\"\n";
    h.store
        .write(
            &Command::SetConfig {
                key: "rules".into(),
                value: Some(rules.into()),
                base: None,
            },
            NOW,
        )
        .expect("it is set");
    h.store
        .write(
            &Command::Tag {
                customers: vec![ids[2]],
                add: vec!["fair".into()],
                remove: Vec::new(),
            },
            NOW,
        )
        .expect("it is tagged");
    h.answer_all();
    h.press("g w");
    assert!(
        h.text().contains("Mine and the team's") && h.text().contains("For all of us"),
        "{}",
        h.text()
    );
    h.press("O O");
    assert!(
        !h.text().contains("For all of us") && h.text().contains("Low NPS answer"),
        "{}",
        h.text()
    );
}

#[test]
fn an_alert_is_not_mine_any_more_when_the_customer_is_given_away() {
    let (mut h, ids) = opened();
    h.store
        .write(
            &Command::Assign {
                customers: vec![ids[0]],
                owner: "bo".into(),
            },
            NOW,
        )
        .expect("it is given");
    h.answer_all();
    assert!(h.text().contains("1 alert (g w)"), "{}", h.text());
}
