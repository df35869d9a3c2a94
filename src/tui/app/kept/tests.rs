//! What was typed is somewhere, whatever becomes of the line it was typed in.

use std::path::PathBuf;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use crate::domain::command::{Command, NewCustomer};
use crate::domain::id::Id;
use crate::error::Error;
use crate::store::worker::Answer;
use crate::tui::app::App;
use crate::tui::drafts::Key;
use crate::tui::effect::{EditorFailed, Effect, Msg};
use crate::tui::harness::{Harness, NOW};

fn texts(h: &Harness) -> Vec<String> {
    h.app.look.drafts.texts().map(str::to_owned).collect()
}

fn here(h: &Harness) -> Id {
    h.app.top().subjects(&h.app.look)[0]
}

/// Presses Enter and lets the write go unanswered.
fn send(h: &mut Harness) -> u64 {
    let effects = h.app.update(
        Msg::Input(Event::Key(KeyEvent::new(
            KeyCode::Enter,
            KeyModifiers::NONE,
        ))),
        NOW,
    );
    let ticket = effects.iter().find_map(|e| {
        if let Effect::Write { ticket, .. } = e {
            Some(*ticket)
        } else {
            None
        }
    });
    ticket.unwrap_or_else(|| panic!("nothing is written: {effects:?}"))
}

#[test]
fn a_line_that_is_emptied_and_left_has_no_draft() {
    let mut h = Harness::new("en", 1);
    h.press("2 n")
        .type_text("wrong customer")
        .press("esc n ctrl-u esc n");
    assert!(!h.text().contains("wrong customer"), "{}", h.text());
    h.type_text("a").press("backspace").wait(2_100);
    assert_eq!(h.app.state()["drafts"].to_string(), "{}");
}

#[test]
fn a_draft_for_two_is_offered_to_these_two_alone_and_names_them() {
    let mut h = Harness::new("en", 1);
    h.press("2 space space n")
        .type_text("Told both")
        .press("esc - j j space space n");
    assert!(!h.text().contains("Told both"), "{}", h.text());
    h.press("esc - g g space space n");
    let names: Vec<String> = h
        .app
        .look
        .read()
        .map(|r| r.ids.iter().map(|id| h.app.look.name_of(*id)).collect())
        .unwrap_or_default();
    let text = h.text();
    let edge = text
        .lines()
        .find(|l| l.contains("draft of today, for "))
        .unwrap_or_else(|| panic!("{text}"));
    assert!(
        text.contains("Told both")
            && edge.contains(" and ")
            && names.iter().any(|n| edge.contains(n.as_str())),
        "{edge}"
    );
}

#[test]
fn words_of_a_call_are_not_offered_for_an_e_mail() {
    let mut h = Harness::new("en", 1);
    h.press("2 i c")
        .type_text("They answered at once")
        .press("esc i e");
    assert!(!h.text().contains("They answered at once"), "{}", h.text());
    h.press("esc i c");
    assert!(h.text().contains("They answered at once"), "{}", h.text());
}

#[test]
fn a_new_customer_that_was_begun_in_one_book_is_not_offered_in_another() {
    let mut h = Harness::new("en", 1);
    let key = Key::of("create", &[], &h.app.look);
    h.app.look.keep_draft(&key, "Acme".into());
    h.app.look.book = PathBuf::from("other.db");
    assert!(
        h.app
            .look
            .drafts
            .get(&Key::of("create", &[], &h.app.look))
            .is_none()
    );
}

#[test]
fn a_text_that_cannot_be_written_any_more_is_a_draft() {
    let mut h = Harness::new("en", 1);
    h.press("2 n").type_text("Ten minutes of typing");
    h.app.look.read_only = Some("the book can only be read".into());
    h.press("enter");
    assert_eq!(texts(&h), ["Ten minutes of typing"]);
    let text = h.text();
    assert!(
        text.contains("the book can only be read")
            && text.contains("kept as a draft (g D lists them)"),
        "{text}"
    );
    h.app.look.read_only = None;
    h.press("n");
    assert!(h.text().contains("Ten minutes of typing"), "{}", h.text());
}

#[test]
fn a_form_that_cannot_be_written_any_more_says_so_and_can_be_saved_later() {
    let mut h = Harness::new("en", 1);
    h.press("2 enter c 2").type_text("Send the plan");
    h.app.look.read_only = Some("the book can only be read".into());
    h.press("ctrl-s");
    assert!(
        h.text().contains("the book can only be read") && !h.text().contains("saving"),
        "{}",
        h.text()
    );
    h.app.look.read_only = None;
    h.press("ctrl-s");
    assert!(
        matches!(h.written().as_slice(), [Command::AddTask { .. }]),
        "{:?}",
        h.written()
    );
}

#[test]
fn what_was_sent_is_kept_until_it_is_answered() {
    let mut h = Harness::new("en", 1);
    h.press("2 n").type_text("Half a page");
    let ticket = send(&mut h);
    assert!(
        h.app.waits() && texts(&h).is_empty(),
        "it is offered to nobody meanwhile"
    );
    let state = h.app.state();
    assert!(
        state["drafts"].to_string().contains("Half a page"),
        "{state}"
    );
    h.say(Msg::Kept(state));
    assert!(
        texts(&h).is_empty(),
        "not by way of the state file either: {:?}",
        texts(&h)
    );
    h.press("n").type_text("Another page").press("esc");
    h.hear(Answer::Written {
        ticket,
        result: Err(Error::failed("it is refused")),
    });
    assert_eq!(
        texts(&h),
        ["Another page", "Half a page"],
        "what was typed since is offered first"
    );
    h.press("n ctrl-u esc n");
    assert!(
        h.text().contains("Half a page"),
        "then the other: {}",
        h.text()
    );
}

#[test]
fn what_was_sent_and_stands_is_kept_no_longer() {
    let mut h = Harness::new("en", 1);
    h.press("2 n").type_text("Half a page");
    let ticket = send(&mut h);
    let command = Command::Note {
        customers: vec![here(&h)],
        text: "Half a page".into(),
        at: None,
    };
    let result = h.store.write(&command, NOW);
    h.effects.clear();
    h.hear(Answer::Written { ticket, result });
    h.wait(2_100);
    assert!(
        h.effects
            .iter()
            .any(|e| matches!(e, Effect::SaveState(text) if !text.contains("Half a page"))),
        "{:?}",
        h.effects
    );
}

#[test]
fn what_was_typed_for_a_customer_that_was_merged_follows_it() {
    let mut h = Harness::new("en", 1);
    for name in ["Zz Old", "Zz New", "Zz Newest"] {
        h.store
            .write(
                &Command::AddCustomer(NewCustomer {
                    name: name.into(),
                    ..NewCustomer::default()
                }),
                NOW,
            )
            .expect("made");
    }
    h.ready();
    h.press("2 /").type_text("\"zz old\"").press("enter");
    let old = here(&h);
    h.press("F /").type_text("\"zz newest\"").press("enter");
    let newest = here(&h);
    h.press("F /").type_text("\"zz new\"").press("enter g g");
    let new = h
        .app
        .look
        .read()
        .and_then(|r| {
            r.ids
                .iter()
                .copied()
                .find(|id| h.app.look.name_of(*id) == "Zz New")
        })
        .expect("it is there");
    h.press("F /")
        .type_text("\"zz old\"")
        .press("enter n")
        .type_text("Ten minutes of typing");
    h.another(
        "bo",
        &Command::MergeCustomers {
            keep: new,
            other: old,
        },
    );
    h.another(
        "bo",
        &Command::MergeCustomers {
            keep: newest,
            other: new,
        },
    );
    h.press("enter");
    h.ready();
    assert!(
        h.text().contains("Zz Old was merged into Zz Newest"),
        "{}",
        h.text()
    );
    h.press("F /").type_text("newest").press("enter n");
    assert!(h.text().contains("Ten minutes of typing"), "{}", h.text());
}

#[test]
fn the_state_is_saved_before_an_editor_has_the_terminal() {
    let mut h = Harness::new("en", 1);
    h.press("2 n").type_text("begun").press("ctrl-e");
    let saved = h
        .effects
        .iter()
        .position(|e| matches!(e, Effect::SaveState(text) if text.contains("begun")));
    let opened = h
        .effects
        .iter()
        .position(|e| matches!(e, Effect::Editor { .. }));
    assert!(saved.is_some() && saved < opened, "{:?}", h.effects);
}

fn in_editor(h: &mut Harness) -> u32 {
    h.press("2 n").type_text("begun").press("ctrl-e");
    let view = h.effects.iter().find_map(|e| {
        if let Effect::Editor { view, .. } = e {
            Some(*view)
        } else {
            None
        }
    });
    view.expect("the editor is opened")
}

#[test]
fn what_an_editor_had_saved_when_it_failed_stands_in_the_line_and_is_not_sent() {
    let mut h = Harness::new("en", 1);
    let view = in_editor(&mut h);
    let failed = EditorFailed {
        editor: "vi".into(),
        status: Some("signal 9".into()),
        saved: Some("An hour of minutes".into()),
        file: Some("/tmp/edit-1.txt".into()),
    };
    h.say(Msg::EditorFailed { view, failed });
    let text = h.text();
    assert!(
        text.contains("An hour of minutes")
            && text.contains("/tmp/edit-1.txt")
            && h.written().is_empty(),
        "{text}"
    );
    assert_eq!(texts(&h), ["An hour of minutes"]);
}

#[test]
fn a_file_that_stayed_with_an_editor_is_named_at_the_next_start() {
    let mut h = Harness::new("en", 1);
    let view = in_editor(&mut h);
    let failed = EditorFailed {
        editor: "vi".into(),
        status: None,
        saved: None,
        file: Some("/tmp/edit-1.txt".into()),
    };
    h.say(Msg::EditorFailed { view, failed });
    let state = h.app.state();
    let mut look = crate::tui::default_look();
    look.now = h.app.look.now;
    h.app = App::new(look, &state);
    h.size(120, 36);
    assert!(h.text().contains("/tmp/edit-1.txt"), "{}", h.text());
    assert_eq!(h.app.state()["left"].to_string(), "[]", "once");
}

#[test]
fn a_text_from_the_editor_that_cannot_be_written_is_a_draft() {
    let mut h = Harness::new("en", 1);
    let view = in_editor(&mut h);
    h.app.look.read_only = Some("the book can only be read".into());
    h.say(Msg::Edited {
        view,
        text: Some("A page from the editor\n".into()),
    });
    assert_eq!(texts(&h), ["A page from the editor"]);
}
