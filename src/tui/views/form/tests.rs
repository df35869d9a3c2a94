//! Forms as a person fills them in.

use crate::domain::command::{Command, Entity};
use crate::domain::touchpoint::TouchDraft;
use crate::tui::harness::Harness;

fn opened() -> Harness {
    let mut h = Harness::new("en", 1);
    h.press("enter");
    h
}

#[test]
fn a_touch_is_logged_in_full() {
    let mut h = opened();
    h.press("I e tab i tab tab ctrl-u")
        .type_text("2d ago 14:30")
        .press("tab")
        .type_text("45")
        .press("tab 4 tab")
        .type_text("Went through it");
    h.press("tab").type_text("Call back fri");
    let text = h.text();
    assert!(
        text.contains("= Thu 19 Nov 14:30") && text.contains("due Fri 27 Nov"),
        "{text}"
    );
    h.press("ctrl-s");
    let written = h.written();
    let [
        Command::LogTouch {
            touch:
                TouchDraft {
                    channel,
                    inbound: true,
                    minutes: Some(45),
                    mood: Some(4),
                    text,
                    follow_up: Some(task),
                    ..
                },
            ..
        },
    ] = written.as_slice()
    else {
        panic!("{written:?}")
    };
    assert_eq!(
        (channel.as_str(), text.as_str(), task.title.as_str()),
        ("email", "Went through it", "Call back")
    );
    assert!(
        !h.text().contains("Log a touchpoint"),
        "it closes when it is saved"
    );
}

#[test]
fn what_is_wrong_stands_beside_its_field_and_blocks_only_saving() {
    let mut h = opened();
    h.press("I tab tab")
        .type_text("Nobody At All")
        .press("tab tab")
        .type_text("many")
        .press("ctrl-s");
    assert!(h.written().is_empty());
    let text = h.text();
    assert!(
        text.contains("\"Nobody At All\" is nobody here")
            && text.contains("a whole number, 1 to 1440"),
        "{text}"
    );
    h.press("ctrl-u tab tab tab shift-tab down down");
    assert!(
        h.text().contains("Log a touchpoint"),
        "moving is never blocked"
    );
}

#[test]
fn esc_keeps_the_draft_and_ctrl_x_drops_it() {
    let mut h = opened();
    h.press("I tab tab tab tab").type_text("33").press("esc");
    assert!(
        h.app.look.drafts.keys().any(|k| k.kind == "form:touch"),
        "{:?}",
        h.app.look.drafts
    );
    h.press("I");
    assert!(
        h.text().contains("33") && h.text().contains("taken up from the draft"),
        "{}",
        h.text()
    );
    h.press("ctrl-x I");
    assert!(!h.text().contains("taken up from the draft"));
    assert!(h.app.look.drafts.is_empty());
}

#[test]
fn an_edit_writes_only_what_was_changed_and_nothing_is_no_write() {
    let mut h = opened();
    h.press("E ctrl-s");
    assert!(h.written().is_empty());
    assert!(h.text().contains("Nothing was changed"), "{}", h.text());
    h.press("E tab tab tab ctrl-u")
        .type_text("+49 30 1")
        .press("ctrl-s");
    let written = h.written();
    let [
        Command::Edit {
            entity: Entity::Customer,
            changes,
            ..
        },
    ] = written.as_slice()
    else {
        panic!("{written:?}")
    };
    assert_eq!((changes.len(), changes[0].field.as_str()), (1, "phone"));
    assert!(changes[0].base.is_some());
}

#[test]
fn every_form_has_words_for_itself_and_its_fields() {
    let h = Harness::empty("en");
    for form in super::tables::FORMS {
        assert!(
            h.app
                .look
                .say
                .find(&format!("form.{}", form.code))
                .is_some(),
            "form.{}",
            form.code
        );
        for cell in super::tables::cells(form, &super::Target::default(), &h.app.look) {
            assert!(
                h.app
                    .look
                    .say
                    .find(&format!("field.{}", cell.code))
                    .is_some(),
                "field.{}",
                cell.code
            );
        }
    }
    assert!(
        super::NEW
            .iter()
            .all(|code| super::tables::FORMS.iter().any(|f| f.code == *code))
    );
}

#[test]
fn it_looks_as_drawn_at_three_sizes() {
    for (w, height) in [(120, 36), (80, 24), (60, 16)] {
        let mut h = opened();
        h.size(w, height).press("I tab tab").type_text("x");
        insta::assert_snapshot!(format!("form_{w}x{height}"), h.text());
    }
}

#[test]
fn a_task_is_made_and_edited_by_form() {
    let mut h = opened();
    h.press("c 2")
        .type_text("Send the plan")
        .press("tab")
        .type_text("8 dec")
        .press("ctrl-s");
    let written = h.written();
    let [Command::AddTask { task, .. }] = written.as_slice() else {
        panic!("{written:?}")
    };
    assert_eq!(
        (
            task.title.as_str(),
            task.due.map(|d| d.to_string()).as_deref()
        ),
        ("Send the plan", Some("2026-12-08"))
    );
    h.press("T")
        .type_text("Send the plan")
        .press("enter tab ctrl-u")
        .type_text("9 dec")
        .press("tab tab 1 tab right ctrl-s");
    let written = h.written();
    let [
        Command::Edit {
            entity: Entity::Task,
            changes,
            ..
        },
    ] = written.as_slice()
    else {
        panic!("{written:?}\n{}", h.text())
    };
    let fields: Vec<(&str, String)> = changes
        .iter()
        .map(|c| (c.field.as_str(), c.value.to_string()))
        .collect();
    assert_eq!(
        fields,
        [
            ("due", "\"2026-12-09\"".to_owned()),
            ("priority", "1".to_owned()),
            ("kind", "\"renewal\"".to_owned())
        ]
    );
    assert!(
        !h.text().contains("Edit task"),
        "it closes when it is saved: {}",
        h.text()
    );
}

#[test]
fn tags_and_dates_of_a_customer_are_edited_as_words() {
    let mut h = opened();
    h.press("E tab tab tab tab ctrl-u")
        .type_text("1 mar 2024")
        .press("tab ctrl-u")
        .type_text("alpha, beta")
        .press("ctrl-s");
    let written = h.written();
    let [Command::Edit { changes, .. }] = written.as_slice() else {
        panic!("{written:?}")
    };
    assert_eq!(changes[0].value.as_str(), Some("2024-03-01"));
    assert!(
        changes
            .iter()
            .any(|c| c.field == "tag.alpha" && c.value == 1),
        "{changes:?}"
    );
    h.size(120, 60);
    assert!(h.text().contains("alpha, beta"), "{}", h.text());
}

#[test]
fn an_nps_answer_and_a_person_are_recorded() {
    let mut h = opened();
    h.press("c 3").type_text("11").press("ctrl-s");
    assert!(
        h.written().is_empty() && h.text().contains("a whole number, 0 to 10"),
        "{}",
        h.text()
    );
    h.press("ctrl-u").type_text("9").press("tab right ctrl-s");
    let written = h.written();
    assert!(
        matches!(
            written.as_slice(),
            [Command::Nps {
                score: 9,
                contact: Some(_),
                ..
            }]
        ),
        "{written:?}"
    );
    h.press("c 1")
        .type_text("Noor Haddad")
        .press("tab c ctrl-s");
    let written = h.written();
    let [Command::AddContact { contact, .. }] = written.as_slice() else {
        panic!("{written:?}")
    };
    assert_eq!(
        (contact.name.as_str(), contact.role.as_str()),
        ("Noor Haddad", "champion")
    );
    assert!(h.text().contains("Noor Haddad"), "{}", h.text());
}

#[test]
fn what_was_just_typed_stands_before_an_older_draft_which_is_kept() {
    let mut h = Harness::new("en", 1);
    h.press("2 i c")
        .type_text("old words of last week")
        .press("ctrl-f")
        .type_text("45")
        .press("esc");
    h.press("i c ctrl-u")
        .type_text("new words 30m")
        .press("ctrl-f");
    let text = h.text();
    assert!(
        text.contains("new words") && text.contains("Minutes    30"),
        "{text}"
    );
    assert!(
        !text.contains("old words of last week") && text.contains("Ctrl-R shows an older draft"),
        "{text}"
    );
    h.press("ctrl-r");
    assert!(h.text().contains("old words of last week"), "{}", h.text());
    h.press("ctrl-r esc i c");
    assert!(
        h.text().contains("new words 30m"),
        "the line has its words until the form is saved: {}",
        h.text()
    );
    h.press("ctrl-f ctrl-s");
    let written = h.written();
    let [Command::LogTouch { touch, .. }] = written.as_slice() else {
        panic!("{written:?}")
    };
    assert_eq!(
        (touch.text.as_str(), touch.minutes),
        ("new words", Some(30))
    );
    h.press("i c");
    assert!(!h.text().contains("draft of"), "{}", h.text());
    let kept: Vec<&str> = h.app.look.drafts.texts().collect();
    assert!(
        kept.len() == 1 && kept[0].contains("old words of last week"),
        "the older draft is offered again: {kept:?}"
    );
}

#[test]
fn a_form_that_was_left_and_opened_again_from_the_same_line_goes_on() {
    let mut h = Harness::new("en", 1);
    h.press("2 i c")
        .type_text("the same words")
        .press("ctrl-f tab tab tab tab")
        .type_text("33")
        .press("esc");
    h.press("i c ctrl-f");
    let text = h.text();
    assert!(
        text.contains("33")
            && text.contains("taken up from the draft of today")
            && !text.contains("older draft"),
        "{text}"
    );
}

#[test]
fn a_note_that_was_begun_at_one_event_is_not_offered_at_another() {
    let mut h = opened();
    h.press("N tab")
        .type_text("Said in that very meeting")
        .press("esc j j j j j N");
    assert_eq!(h.app.top().name(), "form", "{}", h.text());
    assert!(
        !h.text().contains("Said in that very meeting"),
        "{}",
        h.text()
    );
    h.press("esc k k k k k N");
    assert!(
        h.text().contains("Said in that very meeting"),
        "{}",
        h.text()
    );
    let drafts = h.app.state()["drafts"].to_string();
    assert!(drafts.contains("when"), "its date is part of it: {drafts}");
}

#[test]
fn a_form_for_several_keeps_its_draft_for_these_alone() {
    let mut h = Harness::new("en", 1);
    h.press("2 space space ! tab")
        .type_text("They go quiet")
        .press("esc - j j space space ! tab");
    assert!(
        h.text().contains("Call to action · 2 customers") && !h.text().contains("They go quiet"),
        "{}",
        h.text()
    );
}

#[test]
fn a_form_that_was_emptied_has_no_draft() {
    let mut h = opened();
    h.press("I tab tab tab tab")
        .type_text("33")
        .press("esc I tab tab tab tab ctrl-u esc");
    assert!(h.app.look.drafts.is_empty(), "{:?}", h.app.look.drafts);
}
