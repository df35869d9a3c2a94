use crate::domain::command::{Change, Command, Entity};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::store::{Options, Store, Who};
use crate::tui::harness::{Harness, NOW};

#[test]
fn the_screen_at_three_sizes() {
    let mut h = Harness::new("en", 1);
    h.press("2 n")
        .type_text("Asked for the roadmap")
        .press("enter")
        .press("j > 5");
    insta::assert_snapshot!("activity-120x36", h.screen());
    h.size(80, 24);
    insta::assert_snapshot!("activity-80x24", h.screen());
    h.size(60, 16);
    insta::assert_snapshot!("activity-60x16", h.screen());
}

fn batches(h: &mut Harness) -> Vec<crate::domain::query::BatchRow> {
    match h
        .store
        .answer(&Query::Activity {
            search: String::new(),
            limit: 50,
        })
        .expect("an answer")
    {
        Page::Activity(batches) => batches,
        _ => panic!("another page"),
    }
}

#[test]
fn a_batch_of_mine_is_taken_back_and_stays_in_sight_marked() {
    let mut h = Harness::new("en", 1);
    h.press("2 n")
        .type_text("one")
        .press("enter n")
        .type_text("two")
        .press("enter 5 j");
    let older = batches(&mut h)[1].id;
    h.press("D");
    assert_eq!(
        h.written(),
        [Command::Undo {
            batch: Some(older),
            force: false
        }]
    );
    assert!(h.text().contains("taken back"), "{}", h.text());
    h.press("D");
    assert_eq!(h.written(), [], "it is back already");
}

#[test]
fn what_is_not_signed_stands_at_the_end_of_its_line_unless_it_was_taken_back() {
    let mut h = Harness::new("en", 1);
    h.press("2 n").type_text("one").press("enter");
    let unproven = crate::domain::query::BatchRow {
        unproven: true,
        ..batches(&mut h)[0].clone()
    };
    assert_eq!(super::end(&unproven, &h.app.look), "not signed");
    let undone = crate::domain::query::BatchRow {
        undone_by: Some(unproven.id),
        ..unproven
    };
    assert_eq!(super::end(&undone, &h.app.look), "taken back");
}

fn owner(h: &Harness, id: Id) -> String {
    let roster = h.app.look.read().expect("the roster is there");
    let at = roster.row_of_id(id).expect("the customer is there");
    roster.owner(at).to_owned()
}

#[test]
fn a_batch_of_another_is_taken_back_after_asking_as_a_batch_of_mine() {
    let mut h = Harness::new("en", 1);
    h.press("2");
    let id = h.app.top().subjects(&h.app.look)[0];
    let before = owner(&h, id);
    h.another(
        "bo",
        &Command::Assign {
            customers: vec![id],
            owner: "zoe".into(),
        },
    );
    h.press("5");
    let theirs = batches(&mut h)[0].id;
    h.press("D enter");
    assert_eq!(h.written(), [], "Enter alone leaves it");
    h.press("D 2");
    assert_eq!(
        h.written(),
        [Command::TakeBack {
            batch: theirs,
            force: false
        }]
    );
    assert_eq!(owner(&h, id), before);
    assert!(
        h.text().contains("Took back bo's") && h.text().contains("taken back"),
        "{}",
        h.text()
    );
    h.press("u");
    assert_eq!(owner(&h, id), "zoe", "mine can be taken back in turn");
}

#[test]
fn what_came_later_is_in_the_way_of_taking_anothers_batch_back() {
    let mut h = Harness::new("en", 1);
    h.press("2");
    let id = h.app.top().subjects(&h.app.look)[0];
    h.another(
        "bo",
        &Command::Assign {
            customers: vec![id],
            owner: "zoe".into(),
        },
    );
    h.another(
        "bo",
        &Command::Assign {
            customers: vec![id],
            owner: "kim".into(),
        },
    );
    h.press("5 j D 2");
    assert!(
        h.text().contains("Changed since") && h.text().contains("kim"),
        "{}",
        h.text()
    );
    h.press("t");
    assert_eq!(owner(&h, id), "kim");
}

#[test]
fn a_batch_opens_to_its_things_and_one_field_is_put_back() {
    let mut h = Harness::new("en", 1);
    h.press("2");
    let id = h.app.top().subjects(&h.app.look)[0];
    let before = owner(&h, id);
    let changes = vec![Change::set("owner", "zoe"), Change::set("phone", "+49 5")];
    h.another(
        "bo",
        &Command::Edit {
            entity: Entity::Customer,
            rows: vec![id],
            changes,
        },
    );
    h.press("5 enter");
    let text = h.text();
    assert!(
        text.contains("Owner")
            && text.contains("zoe")
            && text.contains("Phone")
            && text.contains("+49 5"),
        "{text}"
    );
    insta::assert_snapshot!("deeds-120x36", text);
    h.press("r");
    assert!(
        matches!(
            h.written().as_slice(),
            [Command::PutBack { force: false, .. }]
        ),
        "{:?}",
        h.written()
    );
    assert_eq!(owner(&h, id), before);
    assert!(h.text().contains("changed since"), "{}", h.text());
    h.press("j r r");
    assert!(
        h.text().contains("what it was before already"),
        "{}",
        h.text()
    );
    h.press("k");
    h.another(
        "kim",
        &Command::Assign {
            customers: vec![id],
            owner: "kim".into(),
        },
    );
    h.press("r");
    assert!(
        h.text().contains("Changed since") && h.text().contains("kim"),
        "{}",
        h.text()
    );
    h.press("m");
    assert_eq!(owner(&h, id), before);
}

#[test]
fn the_list_is_narrowed_to_a_person_or_a_kind() {
    let mut h = Harness::new("en", 1);
    h.press("2 n").type_text("bo called").press("enter");
    let id = h.app.top().subjects(&h.app.look)[0];
    h.another(
        "bo",
        &Command::Assign {
            customers: vec![id],
            owner: "zoe".into(),
        },
    );
    h.press("5 f").type_text("by bo").press("enter");
    let title = |h: &Harness| h.app.top().title(&h.app.look);
    assert_eq!(
        (title(&h).filter.as_str(), &title(&h).counter[..2]),
        ("who:bo", "1 "),
        "{}",
        h.text()
    );
    h.press("F f").type_text("note").press("enter");
    assert_eq!(
        (title(&h).filter.as_str(), &title(&h).counter[..2]),
        ("did:note", "1 "),
        "{}",
        h.text()
    );
}

#[test]
fn a_later_edit_of_another_is_only_overwritten_when_that_is_picked() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("book.db");
    let options = |person: &str, n: u8| {
        let who = Who {
            person: person.into(),
            device: Id([n; 16]),
        };
        Options {
            who,
            now: NOW,
            as_of: None,
            create: true,
            zone: None,
            keep: crate::store::outbox::Keep::Nowhere,
        }
    };
    let mut h = Harness::empty("en");
    h.store = Store::open(&path, &options("ana", 1)).expect("the book opens");
    h.ready();
    h.press("2 c")
        .type_text("Acme")
        .press("ctrl-s a")
        .type_text("ana2")
        .press("enter");
    let id = h.app.top().subjects(&h.app.look);
    let mut other = Store::open(&path, &options("bo", 2)).expect("the book opens twice");
    other
        .write(
            &Command::Assign {
                customers: id,
                owner: "bo".into(),
            },
            NOW,
        )
        .expect("bo writes");
    h.press("5");
    let mine = batches(&mut h)
        .iter()
        .find(|b| b.command == "assign" && b.person == "ana")
        .expect("my change")
        .id;
    while h.app.top().name() == "activity" && !h.current().contains("ana2") {
        h.press("j");
    }
    h.press("D");
    assert_eq!(h.app.top().name(), "clash", "{}", h.text());
    h.press("enter esc");
    assert_eq!(
        h.written(),
        [],
        "neither Enter nor Esc overwrites the later edit"
    );
    h.press("D");
    h.press("m");
    assert_eq!(
        h.written(),
        [Command::Undo {
            batch: Some(mine),
            force: true
        }]
    );
}

#[test]
fn the_search_follows_each_letter() {
    let mut h = Harness::new("en", 1);
    h.press("2 n")
        .type_text("one")
        .press("enter 5 /")
        .type_text("note ana");
    assert!(
        h.app.top().title(&h.app.look).counter.starts_with("1 "),
        "{}",
        h.text()
    );
    h.type_text("zzz");
    assert!(h.text().contains("F clears the search"), "{}", h.text());
}

#[test]
fn whatever_can_be_done_is_called_by_a_word_and_not_by_its_code() {
    let look = crate::tui::default_look();
    let source = include_str!("../../../store/write.rs");
    let (_, from) = source
        .split_once("pub fn code(command: &Command)")
        .expect("the codes of commands");
    let (codes, _) = from.split_once("\n}\n").expect("the end of the codes");
    let codes: Vec<&str> = codes
        .split("=> \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(codes.len() > 30, "{codes:?}");
    let without: Vec<&&str> = codes
        .iter()
        .filter(|code| look.say.find(&format!("did.{code}")).is_none())
        .collect();
    assert!(without.is_empty(), "no word in [did] for {without:?}");
}
