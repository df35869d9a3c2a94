use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::store::{Options, Store, Who};
use crate::tui::harness::{Harness, NOW};

#[test]
fn the_screen_at_three_sizes() {
    let mut h = Harness::new("en", 1);
    h.press("2 n").type_text("Asked for the roadmap").press("enter").press("j > 5");
    insta::assert_snapshot!("activity-120x36", h.screen());
    h.size(80, 24);
    insta::assert_snapshot!("activity-80x24", h.screen());
    h.size(60, 16);
    insta::assert_snapshot!("activity-60x16", h.screen());
}

fn batches(h: &mut Harness) -> Vec<crate::domain::query::BatchRow> {
    match h.store.answer(&Query::Activity { search: String::new(), limit: 50 }).expect("an answer") {
        Page::Activity(batches) => batches,
        _ => panic!("another page"),
    }
}

#[test]
fn a_batch_of_mine_is_taken_back_and_stays_in_sight_marked() {
    let mut h = Harness::new("en", 1);
    h.press("2 n").type_text("one").press("enter n").type_text("two").press("enter 5 j");
    let older = batches(&mut h)[1].id;
    h.press("D");
    assert_eq!(h.written(), [Command::Undo { batch: Some(older), force: false }]);
    assert!(h.text().contains("taken back"), "{}", h.text());
    h.press("D");
    assert_eq!(h.written(), [], "it is back already");
}

#[test]
fn a_batch_of_another_is_refused_in_a_sentence() {
    let mut h = Harness::new("en", 1);
    h.press("2 n").type_text("mine").press("enter 5");
    h.app.look.me = "bo".to_owned();
    h.press("D");
    assert_eq!(h.written(), []);
    assert!(h.text().contains("only ana can take it back"), "{}", h.text());
}

#[test]
fn a_later_edit_of_another_is_only_overwritten_when_that_is_picked() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("book.db");
    let options = |person: &str, n: u8| {
        let who = Who { person: person.into(), device: Id([n; 16]) };
        Options { who, now: NOW, as_of: None, create: true, zone: None, keep: crate::store::outbox::Keep::Nowhere }
    };
    let mut h = Harness::empty("en");
    h.store = Store::open(&path, &options("ana", 1)).expect("the book opens");
    h.ready();
    h.press("2 c").type_text("Acme").press("ctrl-s a").type_text("ana2").press("enter");
    let id = h.app.top().subjects(&h.app.look);
    let mut other = Store::open(&path, &options("bo", 2)).expect("the book opens twice");
    other.write(&Command::Assign { customers: id, owner: "bo".into() }, NOW).expect("bo writes");
    h.press("5");
    let mine = batches(&mut h).iter().find(|b| b.command == "assign" && b.person == "ana").expect("my change").id;
    while h.app.top().name() == "activity" && !h.current().contains("ana2") {
        h.press("j");
    }
    h.press("D");
    assert_eq!(h.app.top().name(), "pick", "{}", h.text());
    h.press("enter");
    assert_eq!(h.written(), [], "Enter alone keeps the later edit");
    h.press("D");
    h.press("2");
    assert_eq!(h.written(), [Command::Undo { batch: Some(mine), force: true }]);
}

#[test]
fn the_search_follows_each_letter() {
    let mut h = Harness::new("en", 1);
    h.press("2 n").type_text("one").press("enter 5 /").type_text("note ana");
    assert!(h.app.top().title(&h.app.look).counter.starts_with("1 "), "{}", h.text());
    h.type_text("zzz");
    assert!(h.text().contains("F clears the search"), "{}", h.text());
}
