//! Subcommands that only read.

use insta::assert_snapshot;

use super::Desk;

#[test]
fn list_as_a_table_json_and_csv() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["list"]), @"");
    assert_snapshot!(desk.run(&["list", "--filter", "owner:ada", "--sort", "-name", "--columns", "name,stage,arr"]), @"");
    assert_snapshot!(desk.run(&["list", "--columns", "name,arr,renews", "--csv"]), @"");
    assert_snapshot!(desk.run(&["list", "--columns", "name,arr,nps", "--json"]), @"");
    assert_snapshot!(desk.run(&["list", "--filter", "health<1"]), @"");
}

#[test]
fn show_names_everything_of_a_customer() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["show", "acme", "--events", "3"]), @"");
    let value = desk.json(&["show", "A1", "--json"]);
    assert_eq!(value["customer"]["name"], "Acme");
    assert_eq!(value["figures"]["arr"], 2_400_000);
    assert_eq!(value["contacts"][0]["name"], "Dana Ruiz");
    assert_eq!(value["tickets"][0]["opened"], "2026-11-12T09:00:00.000Z");
    assert_eq!(value["id"], value["customer"]["id"]);
}

#[test]
fn health_adds_up() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["health", "Acme"]), @"");
    assert_snapshot!(desk.run(&["health", "Acme", "--explain"]), @"");
    let value = desk.json(&["health", "Acme", "--since", "2026-11-01", "--json"]);
    let sum: i64 = value["health"]["lines"].as_array().expect("lines").iter().filter_map(|l| l["contribution"].as_i64()).sum();
    assert_eq!(sum, 100 * value["health"]["score"].as_i64().expect("a score"));
    assert_eq!(value["before"]["day"], "2026-11-01");
}

#[test]
fn today_says_why_and_the_parts_add_up() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["today"]), @"");
    assert_snapshot!(desk.run(&["today", "--owner", "nobody-of-that-name"]), @"");
    let value = desk.json(&["today", "--owner", "ada", "--json"]);
    let first = &value["rows"][0];
    assert_eq!(first["name"], "Acme");
    let sum: i64 = first["reasons"].as_array().expect("reasons").iter().filter_map(|r| r["tenths"].as_i64()).sum();
    assert_eq!(Some(sum), first["tenths"].as_i64());
}

#[test]
fn as_of_fixes_the_day_of_every_figure() {
    let desk = Desk::with_book();
    let value = desk.json(&["list", "--as-of", "2026-11-05", "--json"]);
    assert_eq!(value["as_of"], "2026-11-05");
    let acme = value["rows"].as_array().expect("rows").iter().find(|r| r["name"] == "Acme").expect("Acme");
    assert_eq!(acme["tickets"], 0, "the ticket came later");
    assert_eq!(acme["nps"], serde_json::Value::Null, "so did the answer");
}

#[test]
fn funnel_in_both_modes() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["funnel"]), @"");
    let value = desk.json(&["funnel", "--mode", "any_order", "--json"]);
    assert_eq!(value["mode"], "any_order");
    assert_eq!(value["stages"].as_array().expect("stages").len(), 6);
}

#[test]
fn doctor_finds_the_book_well() {
    let desk = Desk::with_book();
    let value = desk.json(&["doctor", "--rebuild", "--json"]);
    assert_eq!((&value["ok"], &value["rebuilt"]), (&true.into(), &3.into()));
    let text = desk.run(&["doctor"]);
    assert!(text.ends_with("exit 0") && text.contains("ok    signals"), "{text}");
}

#[test]
fn history_and_keys() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["history"]), @"");
    assert!(desk.run(&["keys"]).ends_with("exit 0"));
}

#[test]
fn help_names_every_subcommand() {
    let text = Desk::empty().run(&["--help"]);
    for name in ["demo", "import", "list", "show", "log", "note", "move", "task", "nps", "health", "today", "funnel", "undo", "redo"] {
        assert!(text.contains(&format!("\n  {name} ")), "{name}: {text}");
    }
    assert!(text.ends_with("exit 0"));
}

#[test]
fn a_reader_who_has_enough_is_no_error() {
    let desk = Desk::with_book();
    let mut child = desk.command(&["list", "--json"]).spawn().expect("starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
