//! Subcommands that write, and taking it back.

use insta::assert_snapshot;

use super::Desk;

#[test]
fn log_understands_its_line() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["log", "acme", "Walked through the fix @dana 45m !call back fri"]), @"");
    let value = desk.json(&["show", "acme", "--json"]);
    let touch = value["events"].as_array().expect("events").iter().find(|e| e["kind"] == "touch").expect("a touch");
    assert_eq!((&touch["channel"], &touch["contact_name"], &touch["number"]), (&"phone".into(), &"Dana Ruiz".into(), &45.into()));
    assert_eq!(value["tasks"][0]["title"], "call back");
    assert_snapshot!(desk.run(&["log", "acme", "Asked @nobody"]), @"");
    assert_snapshot!(desk.run(&["log", "acme", "Hello", "--channel", "pigeon"]).lines().next().unwrap_or_default(), @"");
}

#[test]
fn note_from_the_line_and_from_standard_input() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["note", "A1", "Likes", "short", "calls"]), @"");
    assert_snapshot!(desk.fed(&["note", "A1", "-"], "first line\nsecond \u{1b}[31mline\n"), @"");
    let shown = desk.run(&["show", "A1", "--events", "2"]);
    assert!(!shown.contains('\u{1b}') && shown.contains("first line"), "{shown}");
    assert_snapshot!(desk.fed(&["note", "A1", "-"], "  \n"), @"");
}

#[test]
fn moves_and_their_reasons() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["move", "A1", "next"]), @"");
    assert_snapshot!(desk.run(&["move", "A1", "previous"]), @"");
    assert_snapshot!(desk.run(&["move", "A1", "previous", "--reason", "low-use"]), @"");
    assert_snapshot!(desk.run(&["move", "A1", "nowhere"]), @"");
    assert_snapshot!(desk.run(&["move", "B2", "churned", "--reason", "price", "--text", "too dear", "--json"]), @"");
}

#[test]
fn tasks_are_added_and_done() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["task", "A1", "Prepare renewal", "--due", "2026-12-01", "--kind", "renewal"]), @"");
    let value = desk.json(&["show", "A1", "--json"]);
    let id = value["tasks"][0]["id"].as_str().expect("an id");
    assert_snapshot!(desk.run(&["task", "--done", &id[id.len() - 8..]]), @"");
    assert_snapshot!(desk.run(&["task", "--done", id]), @"");
    assert_snapshot!(desk.run(&["task", "--done", "ffff0000"]), @"");
}

#[test]
fn nps_is_0_to_10() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["nps", "A1", "9", "Much", "better", "--contact", "omar"]), @"");
    assert_eq!(desk.json(&["show", "A1", "--json"])["nps"][0], 9);
    assert_snapshot!(desk.run(&["nps", "A1", "11"]), @"");
}

#[test]
fn undo_and_redo() {
    let desk = Desk::with_book();
    desk.run(&["nps", "A1", "9"]);
    assert_snapshot!(desk.run(&["undo"]), @"");
    assert_eq!(desk.json(&["show", "A1", "--json"])["nps"][0], 4);
    assert_snapshot!(desk.run(&["redo"]), @"");
    assert_eq!(desk.json(&["show", "A1", "--json"])["nps"][0], 9);
    assert_snapshot!(desk.run(&["undo", "not-an-id"]), @"");
    assert_snapshot!(desk.run(&["undo", "--me", "zoe"]), @"");
}

#[test]
fn config_prints_sets_and_unsets() {
    let desk = Desk::empty();
    assert_snapshot!(desk.run(&["config"]), @"");
    assert!(!desk.path(".local/share/retain/book.db").exists(), "reading makes no book");
    assert_snapshot!(desk.run(&["config", "currency", "EUR"]), @"");
    assert_snapshot!(desk.run(&["config", "currency"]), @"");
    assert_snapshot!(desk.run(&["config", "currency", "--unset"]), @"");
    assert_eq!(desk.json(&["config", "currency", "--json"])["config"]["currency"], "USD");
    assert_snapshot!(desk.run(&["config", "colour"]), @"");
}
