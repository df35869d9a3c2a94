//! The customer page as a person uses it.

use serde_json::json;

use crate::domain::command::{Command, Entity};
use crate::domain::id::Id;
use crate::domain::query::{
    Account as Facts, ActionAsk, Page, PlayAsk, PlayRow, Query, TimelineAsk,
};
use crate::tui::effect::Msg;
use crate::tui::harness::{Harness, NOW};

/// A page of a customer with a long timeline.
fn opened() -> (Harness, Id) {
    let mut h = Harness::new("en", 1);
    let ids: Vec<Id> = h.app.look.read().expect("a roster").ids.clone();
    let most = ids
        .into_iter()
        .max_by_key(|id| page(&mut h, *id).total)
        .expect("a customer");
    let name = h.app.look.name_of(most);
    h.press("2 /")
        .type_text(&format!("\"{name}\""))
        .press("enter enter");
    assert!(h.text().contains("Timeline"), "{}", h.text());
    (h, most)
}

fn page(h: &mut Harness, customer: Id) -> Box<Facts> {
    let ask = Query::Account {
        customer,
        timeline: TimelineAsk {
            limit: 5000,
            ..TimelineAsk::default()
        },
    };
    let Page::Account(Some(page)) = h.store.answer(&ask).expect("an answer") else {
        panic!("it is there")
    };
    page
}

fn customer(h: &Harness) -> Id {
    let state = h.app.state();
    let here = state["here"]
        .as_array()
        .expect("a stack")
        .last()
        .expect("a view")
        .clone();
    here["state"]["customer"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .expect("a customer")
}

#[test]
fn months_fold_and_unfold_and_older_events_are_asked_for_when_they_are_seen() {
    let (mut h, id) = opened();
    h.press("g g");
    let newest = page(&mut h, id).months[0];
    let before = h.text();
    assert!(
        h.current().contains(&format!("({})", newest.2)),
        "{}",
        h.current()
    );
    h.press("enter");
    assert!(h.current().contains("Enter unfolds"), "{}", h.current());
    h.press("l");
    assert_eq!(h.text(), before);
    h.press("G enter");
    assert!(!h.current().contains("Enter unfolds"));
    let oldest = page(&mut h, id).events.last().expect("events").clone();
    h.press("G");
    assert!(
        h.current()
            .contains(&oldest.day.date().format("%d %a").to_string()),
        "{}\n{}",
        h.current(),
        h.text()
    );
}

#[test]
fn digits_choose_kinds_and_escape_shows_everything_again() {
    let (mut h, _) = opened();
    let all = h.text();
    h.press("3");
    let tickets = h.text();
    assert_ne!(tickets, all);
    assert!(!tickets.contains("Stage "), "{tickets}");
    h.press("6");
    assert!(h.text().contains("S  Stage") || h.text().contains("Enter unfolds"));
    h.press("esc");
    assert!(h.text().contains("Timeline"));
    h.press("esc");
    assert!(!h.text().contains("Timeline "), "the second Esc goes back");
}

#[test]
fn the_search_is_live_and_an_empty_answer_says_how_to_end_it() {
    let (mut h, id) = opened();
    h.press("n").type_text("Zanzibar was agreed").press("enter");
    assert_eq!(
        h.written(),
        [Command::Note {
            customers: vec![id],
            text: "Zanzibar was agreed".into(),
            at: None
        }]
    );
    h.press("/").type_text("zanz");
    assert!(
        h.text().contains("Timeline 1 ") && h.text().contains("Zanzibar was agreed"),
        "{}",
        h.text()
    );
    h.type_text("qqq");
    assert!(h.text().contains("Esc ends the search"), "{}", h.text());
    h.press("esc");
    assert!(!h.text().contains("Esc ends the search"));
}

#[test]
fn a_note_is_edited_with_what_was_seen_and_its_history_shows_both() {
    let (mut h, id) = opened();
    h.press("n").type_text("first words").press("enter");
    let note = page(&mut h, id).events[0].id;
    h.press("E").type_text(" and more").press("ctrl-s");
    let written = h.written();
    let [
        Command::Edit {
            entity: Entity::Event,
            rows,
            changes,
        },
    ] = written.as_slice()
    else {
        panic!("{written:?}")
    };
    assert_eq!(rows, &[note]);
    assert_eq!(
        (changes[0].base.clone(), changes[0].value.clone()),
        (Some(json!("first words")), json!("first words and more"))
    );
    assert!(h.text().contains("edited"), "{}", h.text());
    h.press("h");
    assert!(
        h.text().contains("- first words") && h.text().contains("+ first words and more"),
        "{}",
        h.text()
    );
    h.press("esc u");
    assert_eq!(page(&mut h, id).events[0].text, "first words");
}

#[test]
fn an_event_is_removed_and_undo_brings_it_back() {
    let (mut h, id) = opened();
    let (before, newest) = (page(&mut h, id).total, page(&mut h, id).events[0].id);
    let there = |h: &mut Harness| page(h, id).events.iter().any(|e| e.id == newest);
    h.press("g g j D");
    assert!(!there(&mut h), "{}", h.text());
    h.press("u");
    assert!(there(&mut h) && page(&mut h, id).total == before);
}

#[test]
fn the_next_customer_comes_without_going_back() {
    let mut h = Harness::new("en", 1);
    h.press("enter");
    let first = customer(&h);
    h.press("J");
    let second = customer(&h);
    assert_ne!(first, second);
    h.press("K");
    assert_eq!(customer(&h), first);
}

#[test]
fn an_empty_timeline_says_which_keys_fill_it_and_a_removed_customer_that_it_is_gone() {
    let mut h = Harness::empty("en");
    h.store
        .write(
            &Command::AddCustomer(crate::domain::command::NewCustomer {
                name: "Solo".into(),
                ..Default::default()
            }),
            NOW,
        )
        .expect("made");
    h.ready();
    h.press("2 enter 2");
    assert!(h.text().contains("1 shows all kinds"), "{}", h.text());
    let id = customer(&h);
    h.store
        .write(
            &Command::Remove {
                entity: Entity::Customer,
                rows: vec![id],
            },
            NOW,
        )
        .expect("removed");
    h.ready();
    assert!(
        h.text().contains("not in the book any more"),
        "{}",
        h.text()
    );
}

/// Somebody has purged the customer, and the hands do not know it yet.
#[test]
fn words_that_are_typed_behind_a_refused_key_are_no_keys() {
    let (mut h, id) = opened();
    h.store
        .write(
            &Command::Purge {
                entity: Entity::Customer,
                row: id,
                why: String::new(),
            },
            NOW,
        )
        .expect("purged");
    h.ready();
    for key in ["n", "i", "t", "a", "m", "!", "N", "I", "E", "g e", "c", "O"] {
        let before = h.app.state();
        h.press(key);
        assert!(
            h.text()
                .contains("here · nothing is taken until Enter or Esc"),
            "{key}: {}",
            h.text()
        );
        h.type_text("quit u undo d 2 : D")
            .say(Msg::Input(crossterm::event::Event::Paste("pasted".into())));
        h.wait(20_000);
        assert!(
            h.text().contains("nothing is taken"),
            "it stays: {}",
            h.text()
        );
        assert!(
            h.written().is_empty() && !h.app.quits() && h.app.state()["here"] == before["here"],
            "{key}: {:?}",
            h.effects
        );
        h.press("enter");
        assert!(!h.text().contains("nothing is taken"), "{}", h.text());
    }
    h.press("d");
    assert!(
        !h.text().contains("nothing is taken"),
        "nothing is typed behind it: {}",
        h.text()
    );
    h.press("n esc 2");
    assert!(h.text().contains("Customers"), "{}", h.text());
}

#[test]
fn it_looks_as_drawn_at_three_sizes() {
    for (w, height) in [(120, 36), (80, 24), (60, 16)] {
        let mut h = Harness::new("en", 1);
        h.size(w, height).press("enter");
        insta::assert_snapshot!(format!("account_{w}x{height}"), h.text());
        if w < 100 {
            h.press("tab");
            insta::assert_snapshot!(format!("facts_{w}x{height}"), h.text());
        }
    }
}

/// The page after a low answer at this customer: a rule has opened a call, started a playbook and raised an alert.
fn fired() -> (Harness, Id) {
    let (mut h, id) = opened();
    h.store
        .write(
            &Command::Nps {
                customer: id,
                contact: None,
                score: 3,
                text: "Slow".into(),
                at: None,
            },
            NOW,
        )
        .expect("it is written");
    h.answer_all();
    (h, id)
}

fn calls(h: &mut Harness, customer: Id) -> Vec<crate::domain::action::Action> {
    let ask = Query::Actions(ActionAsk {
        customer: Some(customer),
        closed: true,
        ..ActionAsk::default()
    });
    let Page::Actions(rows) = h.store.answer(&ask).expect("an answer") else {
        panic!("another page")
    };
    rows.into_iter().map(|r| r.action).collect()
}

fn plays(h: &mut Harness, customer: Id) -> Vec<PlayRow> {
    let ask = Query::Plays(PlayAsk {
        customer: Some(customer),
        ..PlayAsk::default()
    });
    let Page::Plays(rows) = h.store.answer(&ask).expect("an answer") else {
        panic!("another page")
    };
    rows
}

#[test]
fn a_call_is_opened_put_off_and_closed_each_undone_by_one_key() {
    let (mut h, id) = opened();
    assert!(h.text().contains("none open (! opens one"), "{}", h.text());
    h.press("! o tab")
        .type_text("Second team wants seats")
        .press("tab")
        .type_text("+7d")
        .press("ctrl-s");
    let open = calls(&mut h, id);
    assert_eq!(
        (open.len(), open[0].kind.as_str(), open[0].title.as_str()),
        (1, "opportunity", "Second team wants seats")
    );
    assert!(
        h.text().contains("opportunity Second team") && h.text().contains("+7d"),
        "{}",
        h.text()
    );
    h.press("x z").type_text("+20d").press("enter");
    assert!(
        h.text().contains("waiting for the customer"),
        "{}",
        h.text()
    );
    h.press("1");
    assert_eq!(calls(&mut h, id)[0].snooze_reason, "waiting_customer");
    assert!(h.text().contains("+20d"), "{}", h.text());
    h.press("x c enter");
    assert!(
        h.text().contains("closing needs its outcome"),
        "{}",
        h.text()
    );
    h.type_text("They bought 20").press("enter");
    assert_eq!(calls(&mut h, id)[0].outcome, "They bought 20");
    assert!(h.text().contains("none open (! opens one"), "{}", h.text());
    h.press("u");
    assert!(h.text().contains("opportunity Second team"), "{}", h.text());
    h.press("u u");
    assert_eq!(calls(&mut h, id), []);
    h.press("x c");
    assert!(
        h.text().contains("no call to action is open"),
        "{}",
        h.text()
    );
}

#[test]
fn an_objective_is_edited_and_the_plan_says_how_it_is_counted() {
    let (mut h, id) = opened();
    h.press("c").type_text("objective").press("enter");
    h.type_text("Twenty seats in use")
        .press("tab")
        .type_text("5")
        .press("tab tab")
        .type_text("20")
        .press("tab")
        .type_text("seats");
    h.press("ctrl-s");
    assert!(
        h.text().contains("Success plan 0%") && h.text().contains("5 of 20 seats, 0%"),
        "{}",
        h.text()
    );
    h.press("x e tab ctrl-u").type_text("12.5").press("ctrl-s");
    assert_eq!(calls(&mut h, id)[0].value, Some(12_500));
    assert!(
        h.text().contains("Success plan 50%") && h.text().contains("12.5 of 20 seats, 50%"),
        "{}",
        h.text()
    );
    h.size(80, 24).press("f G");
    assert!(h.text().contains("Mean of the objectives"), "{}", h.text());
    h.press("f x e tab tab tab ctrl-u")
        .type_text("many")
        .press("ctrl-s");
    assert!(h.text().contains("is not a number"), "{}", h.text());
}

#[test]
fn a_playbook_is_started_its_steps_done_and_skipped_and_ended() {
    let (mut h, id) = opened();
    h.press("p").type_text("close the loop").press("enter");
    let steps = plays(&mut h, id)[0].steps.len();
    assert!(
        h.text().contains(&format!("Close the loop  0 of {steps}")),
        "{}",
        h.text()
    );
    h.press("x s 2")
        .type_text("told in the call")
        .press("enter");
    h.press("x d 1");
    let play = plays(&mut h, id).remove(0);
    assert_eq!(play.steps.iter().filter(|s| s.done.is_some()).count(), 1);
    assert_eq!(
        play.steps
            .iter()
            .filter(|s| s.skipped == "told in the call")
            .count(),
        1
    );
    h.size(160, 50);
    assert!(
        h.text().contains(&format!("Close the loop  2 of {steps}")),
        "{}",
        h.text()
    );
    h.press("x p").type_text("all said").press("enter");
    assert!(
        plays(&mut h, id).is_empty() && !h.text().contains("Close the loop  2"),
        "{}",
        h.text()
    );
    h.press("u");
    assert_eq!(plays(&mut h, id).len(), 1);
}

#[test]
fn the_timeline_tells_what_a_rule_did_and_one_key_takes_it_all_back() {
    let (mut h, id) = fired();
    assert_eq!((calls(&mut h, id).len(), plays(&mut h, id).len()), (1, 1));
    h.press("8");
    let text = h.text();
    assert!(
        text.contains("Rule opened a call, started a playbook, raised an alert"),
        "{text}"
    );
    assert!(text.contains("Low NPS answer (unanswered)"), "{text}");
    insta::assert_snapshot!("work_120x36", h.press("8").text());
    insta::assert_snapshot!("work_80x24", h.size(80, 24).press("f G").text());
    h.press("f x r");
    assert!(
        calls(&mut h, id).is_empty() && plays(&mut h, id).is_empty(),
        "{}",
        h.text()
    );
    h.press("u");
    assert_eq!((calls(&mut h, id).len(), plays(&mut h, id).len()), (1, 1));
    h.press("8 g g j D");
    assert!(
        matches!(h.written().as_slice(), [Command::TakeBackFiring { .. }]),
        "{:?}\n{}",
        h.written(),
        h.text()
    );
}

#[test]
fn a_mail_is_opened_by_the_desktop_or_its_address_is_copied() {
    use crate::tui::clipboard::{Copy, Mail};
    use crate::tui::effect::Effect;
    let (mut h, id) = opened();
    let email = page(&mut h, id)
        .contacts
        .iter()
        .map(|c| c.email.clone())
        .find(|e| !e.is_empty())
        .expect("an address");
    h.press("o");
    assert!(
        h.effects
            .iter()
            .filter_map(Effect::job::<Mail>)
            .any(|mail| mail.link == format!("mailto:{email}")),
        "{:?}",
        h.effects
    );
    let mail = Mail {
        link: "mailto:zoe@acme.example".into(),
    };
    h.ends(h.job(), mail.clone(), true);
    assert!(h.text().contains("a mail is opened"), "{}", h.text());
    let job = h.begins(&mail);
    h.ends(job, mail, false);
    assert!(
        h.effects
            .iter()
            .filter_map(Effect::job::<Copy>)
            .any(|copy| copy.text == "zoe@acme.example"),
        "{:?}",
        h.effects
    );
}
