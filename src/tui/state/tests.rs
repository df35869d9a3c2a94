//! Two consoles of one person, one state file.

use serde_json::json;

use super::*;

/// What a console has of its own: drafts by customer, and bookmarks.
fn has(drafts: &[(&str, &str)], bookmarks: &[&str]) -> Value {
    let drafts: Map<String, Value> = drafts
        .iter()
        .map(|(key, text)| (key_of(key), json!({"text": text})))
        .collect();
    json!({"drafts": drafts, "bookmarks": bookmarks, "visited": [], "recent": [], "left": [], "here": []})
}

fn key_of(kind: &str) -> String {
    Key {
        kind: kind.into(),
        ..Key::default()
    }
    .text()
}

fn texts(dir: &Path) -> Vec<String> {
    let all = read(dir)["drafts"].as_object().cloned().unwrap_or_default();
    let mut all: Vec<String> = all
        .values()
        .map(|d| d["text"].as_str().unwrap_or_default().to_owned())
        .collect();
    all.sort_unstable();
    all
}

/// Two consoles that began with the same file.
fn two(begin: &Value) -> (tempfile::TempDir, Kept, Kept) {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || Kept::read(Some(folder.path().to_owned()));
    open().write(&begin.to_string()).expect("it is written");
    let (one, two) = (open(), open());
    (folder, one, two)
}

#[test]
fn neither_erases_what_the_other_has_kept() {
    let (folder, mut one, mut two) = two(&has(&[], &[]));
    one.write(&has(&[("note", "of one")], &["a"]).to_string());
    let merged = two
        .write(&has(&[("task", "of two")], &["b"]).to_string())
        .expect("it is written");
    assert_eq!(texts(folder.path()), ["of one", "of two"]);
    assert_eq!(merged["bookmarks"], json!(["a", "b"]));
    one.write(&has(&[("note", "of one, more")], &["a"]).to_string());
    assert_eq!(
        texts(folder.path()),
        ["of one, more", "of two"],
        "what the first does not know it takes from nobody"
    );
}

#[test]
fn a_draft_that_one_has_sent_is_not_brought_back_by_the_other() {
    let begin = has(&[("note", "a note"), ("task", "a task")], &["a", "b"]);
    let (folder, mut one, mut two) = two(&begin);
    one.write(&has(&[("task", "a task")], &["b"]).to_string());
    let merged = two.write(&begin.to_string()).expect("it is written");
    assert_eq!(texts(folder.path()), ["a task"]);
    assert_eq!(merged["bookmarks"], json!(["b"]), "nor a bookmark");
}

#[test]
fn a_draft_that_one_has_typed_on_is_not_lost_when_the_other_sends_it() {
    let begin = has(&[("note", "a note")], &[]);
    let (folder, mut one, mut two) = two(&begin);
    one.write(&has(&[("note", "a note and more")], &[]).to_string());
    two.write(&has(&[], &[]).to_string());
    assert_eq!(texts(folder.path()), ["a note and more"]);
}

#[test]
fn of_two_texts_of_one_thing_both_stay() {
    let (folder, mut one, mut two) = two(&has(&[], &[]));
    one.write(&has(&[("note", "of one")], &[]).to_string());
    let merged = two
        .write(&has(&[("note", "of two")], &[]).to_string())
        .expect("it is written");
    assert_eq!(texts(folder.path()), ["of one", "of two"]);
    assert_eq!(
        merged["drafts"][key_of("note")]["text"],
        "of two",
        "each goes on with its own"
    );
    two.write(&merged.to_string());
    assert_eq!(texts(folder.path()), ["of one", "of two"]);
}

#[test]
fn news_of_the_other_come_to_what_is_kept_here() {
    let (_folder, mut one, mut two) = two(&has(&[("note", "a note")], &[]));
    assert_eq!(two.news(has(&[("note", "a note")], &[])), None);
    one.write(&has(&[], &["a"]).to_string());
    let news = two
        .news(has(&[("note", "a note"), ("task", "of two")], &[]))
        .expect("there are some");
    assert_eq!(
        (news["drafts"].as_object().map(Map::len), &news["bookmarks"]),
        (Some(1), &json!(["a"]))
    );
}

#[test]
fn a_file_that_cannot_be_read_takes_nothing_away() {
    let (folder, mut one, _) = two(&has(&[("note", "a note")], &[]));
    std::fs::write(folder.path().join(FILE), "{\"drafts\": {").expect("it is damaged");
    one.write(&has(&[("note", "a note")], &[]).to_string());
    assert_eq!(texts(folder.path()), ["a note"]);
}

#[test]
fn a_lock_that_is_not_let_go_keeps_no_draft_from_the_disk() {
    let (folder, mut one, _) = two(&has(&[], &[]));
    let _held = lock(folder.path()).expect("it is free");
    one.write(&has(&[("note", "a note")], &[]).to_string())
        .expect("it is written all the same");
    assert_eq!(texts(folder.path()), ["a note"]);
}
