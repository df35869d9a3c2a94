//! The list of drafts as a person uses it.

use crate::domain::command::{Command, Entity, NewCustomer};
use crate::tui::clipboard::Copy;
use crate::tui::effect::Effect;
use crate::tui::harness::{Harness, NOW};

#[test]
fn what_was_left_is_listed_newest_first_and_taken_up_where_it_was_typed() {
    let mut h = Harness::new("en", 1);
    h.press("2 n")
        .type_text("a note")
        .press("esc j t")
        .type_text("a task")
        .press("esc j i e")
        .type_text("a letter")
        .press("esc");
    h.press("j space space n")
        .type_text("for two")
        .press("esc - enter I tab tab tab tab")
        .type_text("33")
        .press("esc q g D");
    let text = h.text();
    for what in [
        "5 kept",
        "Log a touchpoint",
        "Email",
        "a letter",
        "Brændstrup Werkzeuge GmbH an",
        "draft of today, for ",
    ] {
        assert!(text.contains(what), "{what}: {text}");
    }
    h.press("enter");
    assert!(
        h.app.top().name() == "form" && h.text().contains("33"),
        "{}",
        h.text()
    );
    h.press("esc j enter");
    assert!(
        h.app.top().name() == "line" && h.text().contains("for two"),
        "{}",
        h.text()
    );
    h.press("esc j enter");
    assert!(
        h.app.top().name() == "line" && h.text().contains("a letter") && h.text().contains("Email"),
        "{}",
        h.text()
    );
    h.press("enter");
    assert!(
        matches!(h.written().as_slice(), [Command::LogTouch { touch, .. }] if touch.channel == "email"),
        "{:?}",
        h.written()
    );
    assert!(h.text().contains("4 kept"), "{}", h.text());
}

#[test]
fn a_draft_is_let_go_after_asking_and_enter_keeps_it() {
    let mut h = Harness::new("en", 1);
    h.press("2 n").type_text("a note").press("esc g D D enter");
    assert!(!h.app.look.drafts.is_empty());
    h.press("D down enter");
    assert!(
        h.app.look.drafts.is_empty() && h.text().contains("Nothing that was typed"),
        "{}",
        h.text()
    );
}

#[test]
fn a_draft_of_a_customer_that_is_gone_is_read_and_copied() {
    let mut h = Harness::new("en", 1);
    let done = h.store.write(
        &Command::AddCustomer(NewCustomer {
            name: "Zz Gone".into(),
            ..NewCustomer::default()
        }),
        NOW,
    );
    assert!(done.is_ok());
    h.ready();
    h.press("2 /")
        .type_text("gone")
        .press("enter n")
        .type_text("Ten minutes of typing")
        .press("esc");
    let gone = h.app.top().subjects(&h.app.look);
    h.another(
        "bo",
        &Command::Remove {
            entity: Entity::Customer,
            rows: gone,
        },
    );
    h.ready();
    h.press("g D");
    assert!(
        h.text().contains("Zz Gone") && h.text().contains("Ten minutes of typing"),
        "{}",
        h.text()
    );
    h.press("enter");
    assert!(h.text().contains("its customer is gone"), "{}", h.text());
    h.press("esc y t");
    assert!(
        h.effects
            .iter()
            .filter_map(Effect::job::<Copy>)
            .any(|copy| copy.text == "Ten minutes of typing")
    );
}

#[test]
fn it_looks_as_drawn_at_three_sizes() {
    for (w, height) in [(120, 36), (80, 24), (60, 16)] {
        let mut h = Harness::new("en", 1);
        h.press("2 n")
            .type_text("They want a date by Friday")
            .press("esc j j space space t")
            .type_text("Send the plan fri")
            .press("esc g D");
        insta::assert_snapshot!(format!("drafts_{w}x{height}"), h.size(w, height).text());
    }
}
