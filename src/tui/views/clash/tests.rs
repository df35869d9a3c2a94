//! Two people at one account.

use serde_json::{Value, json};

use crate::domain::command::{Change, Command, Entity};
use crate::domain::id::Id;
use crate::domain::query::{Account, Page, Query, TimelineAsk};
use crate::tui::harness::{Harness, NOW};

fn opened() -> (Harness, Id) {
    let mut h = Harness::new("en", 1);
    h.press("enter");
    let id = h.app.look.looking.expect("an account is open");
    (h, id)
}

fn page(h: &mut Harness, customer: Id) -> Account {
    let ask = Query::Account {
        customer,
        timeline: TimelineAsk {
            limit: 50,
            ..TimelineAsk::default()
        },
    };
    match h.store.answer(&ask).unwrap() {
        Page::Account(Some(account)) => *account,
        other => panic!("{other:?}"),
    }
}

fn bo(h: &mut Harness, command: &Command) {
    h.another("bo", command);
}

fn edit(entity: Entity, row: Id, changes: &[(&str, Value)]) -> Command {
    Command::Edit {
        entity,
        rows: vec![row],
        changes: changes
            .iter()
            .map(|(f, v)| Change::set(f, v.clone()))
            .collect(),
    }
}

fn rename(id: Id, name: &str) -> Command {
    edit(Entity::Customer, id, &[("name", json!(name))])
}

#[test]
fn both_values_are_shown_and_one_key_chooses() {
    for (key, name) in [("t", "Theirs Ltd"), ("m", "Mine Ltd")] {
        let (mut h, id) = opened();
        let before = page(&mut h, id).customer.name;
        h.press("g e ctrl-u").type_text("Mine Ltd");
        bo(&mut h, &rename(id, "Theirs Ltd"));
        h.press("ctrl-s");
        let text = h.text();
        for words in [
            "Somebody was here first",
            &before,
            "Theirs Ltd",
            "Mine Ltd",
            "bo, ",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert_eq!(
            page(&mut h, id).customer.name,
            "Theirs Ltd",
            "nothing is written before a key chooses"
        );
        h.press(key);
        assert_eq!(page(&mut h, id).customer.name, name);
        let text = h.text();
        assert!(
            !text.contains("Edit customer") && !text.contains("was here first"),
            "{text}"
        );
        assert!(h.app.look.drafts.is_empty());
    }
}

#[test]
fn esc_decides_nothing_and_the_draft_knows_what_was_seen() {
    let (mut h, id) = opened();
    h.press("g e ctrl-u").type_text("Mine Ltd");
    bo(&mut h, &rename(id, "Theirs Ltd"));
    h.press("ctrl-s").press("esc");
    assert!(
        h.text().contains("Mine Ltd") && h.text().contains("bo wrote Theirs Ltd"),
        "{}",
        h.text()
    );
    h.press("esc g e");
    assert!(
        h.text().contains("Mine Ltd") && h.text().contains("bo wrote Theirs Ltd"),
        "the draft is taken up: {}",
        h.text()
    );
    h.press("ctrl-s");
    assert!(
        h.text().contains("was here first"),
        "a draft does not overwrite what came since: {}",
        h.text()
    );
    h.press("m");
    assert_eq!(page(&mut h, id).customer.name, "Mine Ltd");
}

#[test]
fn several_fields_are_chosen_one_by_one_or_at_once() {
    for all in [false, true] {
        let (mut h, id) = opened();
        h.press("g e ctrl-u")
            .type_text("Mine Ltd")
            .press("tab tab tab ctrl-u")
            .type_text("+49 1");
        bo(
            &mut h,
            &edit(
                Entity::Customer,
                id,
                &[("name", json!("Theirs Ltd")), ("phone", json!("+49 2"))],
            ),
        );
        h.press("ctrl-s");
        if all {
            h.press("M");
        } else {
            h.press("t");
            assert_eq!(
                page(&mut h, id).customer.phone,
                "+49 2",
                "one field is open still"
            );
            h.press("m");
        }
        let after = page(&mut h, id).customer;
        assert_eq!(
            (after.name.as_str(), after.phone.as_str()),
            (if all { "Mine Ltd" } else { "Theirs Ltd" }, "+49 1")
        );
    }
}

#[test]
fn another_value_can_be_typed_and_a_third_person_is_not_overwritten() {
    let (mut h, id) = opened();
    h.press("g e ctrl-u").type_text("Mine Ltd");
    bo(&mut h, &rename(id, "Theirs Ltd"));
    h.press("ctrl-s").press("e ctrl-u").type_text("Ours Ltd");
    bo(&mut h, &rename(id, "Later Ltd"));
    h.press("enter");
    assert!(
        h.text().contains("Later Ltd") && h.text().contains("Ours Ltd"),
        "{}",
        h.text()
    );
    h.press("m");
    assert_eq!(page(&mut h, id).customer.name, "Ours Ltd");
}

#[test]
fn long_texts_are_joined_where_they_were_changed_apart() {
    let (mut h, id) = opened();
    let note = |text: &str| Command::Note {
        customers: vec![id],
        text: text.into(),
        at: Some(NOW),
    };
    h.store.write(&note("one\ntwo\nthree"), NOW).unwrap();
    h.press("q enter");
    let note = page(&mut h, id).events[0].id;
    h.press("E enter").type_text("four");
    bo(
        &mut h,
        &edit(
            Entity::Event,
            note,
            &[("text", json!("zero\none\ntwo\nthree"))],
        ),
    );
    h.press("ctrl-s");
    assert!(h.text().contains("b both"), "{}", h.text());
    h.press("b");
    assert!(
        h.text().contains("Edit the text") && h.text().contains("with the change of bo"),
        "it is seen before it is saved: {}",
        h.text()
    );
    h.press("ctrl-s");
    assert_eq!(
        page(&mut h, id).events[0].text,
        "zero\none\ntwo\nthree\nfour"
    );
}

#[test]
fn a_text_changed_in_the_same_line_is_edited_with_both_in_sight() {
    let (mut h, id) = opened();
    h.store
        .write(
            &Command::Note {
                customers: vec![id],
                text: "one".into(),
                at: Some(NOW),
            },
            NOW,
        )
        .unwrap();
    h.press("q enter");
    let note = page(&mut h, id).events[0].id;
    h.press("E").type_text(" mine");
    bo(
        &mut h,
        &edit(Entity::Event, note, &[("text", json!("one theirs"))]),
    );
    h.press("ctrl-s").press("b");
    assert!(
        h.text().contains("Edit the text") && h.text().contains("with the change of bo"),
        "{}",
        h.text()
    );
    h.type_text(", all of it").press("ctrl-s");
    assert_eq!(
        page(&mut h, id).events[0].text,
        "one theirs\none mine, all of it"
    );
}

#[test]
fn long_texts_are_read_to_their_end_with_what_is_new_marked() {
    let (mut h, id) = opened();
    h.size(80, 24);
    let long = |last: &str| {
        (0..40)
            .map(|n| format!("Line number {n} of the note."))
            .chain([last.to_owned()])
            .collect::<Vec<_>>()
            .join("\n")
    };
    h.store
        .write(
            &Command::Note {
                customers: vec![id],
                text: long("The end is open."),
                at: Some(NOW),
            },
            NOW,
        )
        .unwrap();
    h.press("q enter");
    let note = page(&mut h, id).events[0].id;
    h.press("E ctrl-end").type_text(" Mine too.");
    bo(
        &mut h,
        &edit(
            Entity::Event,
            note,
            &[("text", json!(long("The end is theirs.")))],
        ),
    );
    h.press("ctrl-s");
    assert!(
        h.text().contains("PgDn/PgUp: lines 1-") && !h.text().contains("The end is open"),
        "{}",
        h.text()
    );
    let mut seen = String::new();
    for _ in 0..20 {
        seen.push_str(&h.text());
        h.press("pgdn");
    }
    for end in [
        "The end is open.",
        "The end is theirs.",
        "The end is open. Mine too.",
    ] {
        assert!(seen.contains(end), "{end}: {seen}");
    }
    assert!(h.text().contains("theirs"), "{}", h.text());
    let end = h.text();
    h.press("pgup pgdn");
    assert_eq!(h.text(), end, "the last page is the last");
    insta::assert_snapshot!("clash_long_80x24", h.screen());
}

#[test]
fn what_another_removed_comes_back_or_stays_away_and_nothing_typed_is_lost() {
    for back in [true, false] {
        let (mut h, id) = opened();
        h.press("g e tab tab tab ctrl-u").type_text("+49 7");
        bo(
            &mut h,
            &Command::Remove {
                entity: Entity::Customer,
                rows: vec![id],
            },
        );
        h.press("ctrl-s");
        assert!(h.text().contains("bo removed this"), "{}", h.text());
        h.press("m");
        assert!(
            h.text().contains("bo removed this"),
            "what becomes of it is decided first"
        );
        h.press(if back { "r" } else { "x" });
        let found = h
            .store
            .answer(&Query::Account {
                customer: id,
                timeline: TimelineAsk::default(),
            })
            .unwrap();
        match found {
            Page::Account(Some(account)) => assert!(back && account.customer.phone == "+49 7"),
            _ => assert!(
                !back && h.app.look.drafts.texts().any(|d| d.contains("+49 7")),
                "{:?}",
                h.app.look.drafts
            ),
        }
    }
}

#[test]
fn other_fields_are_saved_with_a_word_about_them_and_untouched_ones_follow() {
    let (mut h, id) = opened();
    h.press("g e tab tab tab ctrl-u").type_text("+49 7");
    bo(
        &mut h,
        &edit(
            Entity::Customer,
            id,
            &[("owner", json!("zoe")), ("phone", json!("+49 8"))],
        ),
    );
    h.answer_all();
    let text = h.text();
    assert!(
        text.contains("zoe") && text.contains("bo changed it"),
        "an untouched field follows: {text}"
    );
    assert!(
        text.contains("+49 7") && text.contains("bo wrote +49 8 at"),
        "what was typed stays: {text}"
    );
    h.press("ctrl-s").press("m");
    let after = page(&mut h, id).customer;
    assert_eq!(
        (after.owner.as_str(), after.phone.as_str()),
        ("zoe", "+49 7")
    );
    assert!(
        h.text().contains("bo changed Owner meanwhile"),
        "{}",
        h.text()
    );
}

#[test]
fn a_note_on_somebody_removed_is_a_draft_again() {
    let (mut h, id) = opened();
    h.press("n").type_text("they called");
    bo(
        &mut h,
        &Command::Remove {
            entity: Entity::Customer,
            rows: vec![id],
        },
    );
    h.press("enter");
    assert!(
        h.app.look.drafts.texts().any(|d| d == "they called"),
        "{:?}",
        h.app.look.drafts
    );
    assert!(h.text().contains("kept as a draft"), "{}", h.text());
}

#[test]
fn undo_shows_who_changed_it_since_and_asks() {
    for (key, name) in [("t", "Theirs Ltd"), ("m", "")] {
        let (mut h, id) = opened();
        let before = page(&mut h, id).customer.name;
        h.press("g e ctrl-u").type_text("Mine Ltd").press("ctrl-s");
        bo(&mut h, &rename(id, "Theirs Ltd"));
        h.press("u");
        let text = h.text();
        assert!(
            text.contains("Changed since") && text.contains("Theirs Ltd") && text.contains("bo, "),
            "{text}"
        );
        h.press(key);
        assert_eq!(
            page(&mut h, id).customer.name,
            if name.is_empty() {
                before.as_str()
            } else {
                name
            }
        );
    }
}

#[test]
fn what_stands_in_the_way_of_undo_is_named_and_got_past() {
    let (mut h, id) = opened();
    let name = page(&mut h, id).customer.name;
    h.press("b");
    h.press("t").type_text("Send the offer").press("enter");
    let task = page(&mut h, id)
        .tasks
        .iter()
        .find(|t| t.title == "Send the offer")
        .map(|t| t.id)
        .expect("the task is there");
    bo(
        &mut h,
        &edit(
            Entity::Task,
            task,
            &[("title", json!("Send the other offer"))],
        ),
    );
    h.press("u");
    let text = h.text();
    assert!(
        text.contains("task")
            && text.contains(&name)
            && text.contains("Send the other offer")
            && text.contains("bo, "),
        "{text}"
    );
    h.press("esc");
    assert!(
        h.text().contains("u goes on to the change before it"),
        "{}",
        h.text()
    );
    h.press("u");
    assert!(
        matches!(h.written().as_slice(), [Command::UndoPast { passed }] if passed.len() == 1),
        "{:?}",
        h.written()
    );
    assert!(
        !h.text().contains("Changed since"),
        "it asks once: {}",
        h.text()
    );
}

#[test]
fn the_rest_of_a_change_is_taken_back() {
    let (mut h, id) = opened();
    let before = page(&mut h, id).customer;
    h.press("g e ctrl-u")
        .type_text("Mine Ltd")
        .press("tab tab tab ctrl-u")
        .type_text("+49 1")
        .press("ctrl-s");
    bo(&mut h, &rename(id, "Theirs Ltd"));
    h.press("u").press("o");
    let after = page(&mut h, id).customer;
    assert_eq!(
        (after.name.as_str(), after.phone),
        ("Theirs Ltd", before.phone)
    );
}

#[test]
fn the_dialog_looks_as_it_was_read() {
    for (w, height) in [(120, 36), (80, 24), (60, 16)] {
        let (mut h, id) = opened();
        h.size(w, height);
        h.press("g e ctrl-u")
            .type_text("Mine Ltd")
            .press("tab tab tab ctrl-u")
            .type_text("+49 1");
        bo(
            &mut h,
            &edit(
                Entity::Customer,
                id,
                &[("name", json!("Theirs Ltd")), ("phone", json!("+49 2"))],
            ),
        );
        h.press("ctrl-s").press("j");
        insta::assert_snapshot!(format!("clash_{w}x{height}"), h.text());
    }
}
