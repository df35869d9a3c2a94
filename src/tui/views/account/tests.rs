//! The customer page as a person uses it.

use serde_json::json;

use crate::domain::command::{Command, Entity};
use crate::domain::id::Id;
use crate::domain::query::{Account as Facts, Page, Query, TimelineAsk};
use crate::tui::harness::{Harness, NOW};

/// A page of a customer with a long timeline.
fn opened() -> (Harness, Id) {
    let mut h = Harness::new("en", 1);
    let ids: Vec<Id> = h.app.look.read().expect("a roster").ids.clone();
    let most = ids.into_iter().max_by_key(|id| page(&mut h, *id).total).expect("a customer");
    let name = h.app.look.name_of(most);
    h.press("2 /").type_text(&format!("\"{name}\"")).press("enter enter");
    assert!(h.text().contains("Timeline"), "{}", h.text());
    (h, most)
}

fn page(h: &mut Harness, customer: Id) -> Box<Facts> {
    let ask = Query::Account { customer, timeline: TimelineAsk { limit: 5000, ..TimelineAsk::default() } };
    let Page::Account(Some(page)) = h.store.answer(&ask).expect("an answer") else { panic!("it is there") };
    page
}

fn customer(h: &Harness) -> Id {
    let state = h.app.state();
    let here = state["here"].as_array().expect("a stack").last().expect("a view").clone();
    here["state"]["customer"].as_str().and_then(|id| id.parse().ok()).expect("a customer")
}

#[test]
fn months_fold_and_unfold_and_older_events_are_asked_for_when_they_are_seen() {
    let (mut h, id) = opened();
    h.press("g g");
    let newest = page(&mut h, id).months[0];
    let before = h.text();
    assert!(h.current().contains(&format!("({})", newest.2)), "{}", h.current());
    h.press("enter");
    assert!(h.current().contains("Enter unfolds"), "{}", h.current());
    h.press("l");
    assert_eq!(h.text(), before);
    h.press("G enter");
    assert!(!h.current().contains("Enter unfolds"));
    let oldest = page(&mut h, id).events.last().expect("events").clone();
    h.press("G");
    assert!(h.current().contains(&oldest.day.date().format("%d %a").to_string()), "{}\n{}", h.current(), h.text());
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
    assert_eq!(h.written(), [Command::Note { customers: vec![id], text: "Zanzibar was agreed".into(), at: None }]);
    h.press("/").type_text("zanz");
    assert!(h.text().contains("Timeline 1 ") && h.text().contains("Zanzibar was agreed"), "{}", h.text());
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
    let [Command::Edit { entity: Entity::Event, rows, changes }] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!(rows, &[note]);
    assert_eq!((changes[0].base.clone(), changes[0].value.clone()), (Some(json!("first words")), json!("first words and more")));
    assert!(h.text().contains("edited"), "{}", h.text());
    h.press("h");
    assert!(h.text().contains("- first words") && h.text().contains("+ first words and more"), "{}", h.text());
    h.press("esc u");
    assert_eq!(page(&mut h, id).events[0].text, "first words");
}

#[test]
fn an_event_is_removed_and_undo_brings_it_back() {
    let (mut h, id) = opened();
    // Without it a rule may fire, which makes an event of its own.
    let newest = page(&mut h, id).events[0].id;
    let is_there = |h: &mut Harness| page(h, id).events.iter().any(|e| e.id == newest);
    h.press("g g j D");
    assert!(!is_there(&mut h), "{}", h.text());
    h.press("u");
    assert!(is_there(&mut h));
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
        .write(&Command::AddCustomer(crate::domain::command::NewCustomer { name: "Solo".into(), ..Default::default() }), NOW)
        .expect("made");
    h.ready();
    h.press("2 enter 2");
    assert!(h.text().contains("1 shows all kinds"), "{}", h.text());
    let id = customer(&h);
    h.store.write(&Command::Remove { entity: Entity::Customer, rows: vec![id] }, NOW).expect("removed");
    h.ready();
    assert!(h.text().contains("not in the book any more"), "{}", h.text());
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
