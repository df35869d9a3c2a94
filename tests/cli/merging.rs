//! Copies of a book that come together again.

use insta::assert_snapshot;

use super::Desk;

/// Another person does something in the copy, on another machine.
fn on_the_laptop(desk: &Desk, args: &[&str]) {
    let state = desk.path("laptop-state").display().to_string();
    let mut all = vec!["--book", "laptop.db", "--me", "bob"];
    all.extend(args);
    let done = desk
        .command(&all)
        .env("XDG_STATE_HOME", state)
        .output()
        .expect("it runs");
    assert!(done.status.success(), "{done:?}");
}

/// A desk whose book has a copy in which somebody else has done things.
fn apart() -> Desk {
    let desk = Desk::with_book();
    std::fs::copy(
        desk.path(".local/share/retain/book.db"),
        desk.path("laptop.db"),
    )
    .expect("a copy");
    on_the_laptop(&desk, &["note", "A1", "Met", "them"]);
    on_the_laptop(&desk, &["config", "currency", "EUR"]);
    desk
}

#[test]
fn a_copy_is_merged_and_a_conflict_is_decided() {
    let desk = apart();
    assert_snapshot!(desk.run(&["merge", "laptop.db", "--dry-run"]), @r#"
    Would take 2 batches: 2 rows, 0 edits
      bob: 1 x config, 1 x note at Acme, the last of 2026-11-21
    exit 0
    "#);
    assert_eq!(desk.run(&["config", "currency"]), "USD\nexit 0");
    let report = desk.json(&["merge", "laptop.db", "--json", "--report", "report.json"]);
    assert_eq!(
        (&report["batches"], &report["rows"], &report["conflicts"]),
        (&2.into(), &2.into(), &serde_json::json!([]))
    );
    let written: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(desk.path("report.json")).expect("written"))
            .expect("JSON");
    assert_eq!(written["batches"], 2);
    assert_eq!(
        desk.run(&["merge", "laptop.db"]),
        "Nothing new: this book has all that the other has\nexit 0"
    );
    assert_eq!(desk.run(&["config", "currency"]), "EUR\nexit 0");
    assert_eq!(desk.run(&["conflicts"]), "no conflicts\nexit 0");
    on_the_laptop(&desk, &["config", "currency", "GBP"]);
    // One step more than on the laptop, so that hers is the later one by logical time; the clock stands still.
    desk.run(&["note", "A1", "Met", "them", "too"]);
    desk.run(&["config", "currency", "TRY"]);
    assert_snapshot!(desk.run(&["merge", "laptop.db"]), @r#"
    Took 1 batch: 0 rows, 1 edit
      bob: 1 x config, the last of 2026-11-21
    value: config currency
      1  GBP  by bob, 2026-11-21 09:30
      2  TRY  by ada, 2026-11-21 09:30  (shown)
    the book as it was before: ~/.local/share/retain/.book.db.backups/20261121T093000Z-before-merge-2.db
    stderr:
    1 field has two values; everything else was merged
    hint: `retain conflicts` lists them, `retain resolve CUSTOMER FIELD --take N` decides
    exit 4
    "#);
    assert_snapshot!(desk.run(&["conflicts"]), @r#"
    value: config currency  [id]
      1  GBP  by bob, 2026-11-21 09:30
      2  TRY  by ada, 2026-11-21 09:30  (shown)
    exit 0
    "#);
    let row = desk.json(&["conflicts", "--json"])["conflicts"][0]["row"]
        .as_str()
        .expect("a row")
        .to_owned();
    assert_snapshot!(desk.run(&["resolve", &row, "value", "--take", "3"]), @r#"
    stderr:
    "3" is none of the 2 values
    hint: `retain conflicts` numbers the values: --take 1
    exit 2
    "#);
    assert_snapshot!(desk.run(&["resolve", &row, "value", "--take", "1"]), @r#"
    Took value of currency from bob
    exit 0
    "#);
    assert_eq!(desk.run(&["config", "currency"]), "GBP\nexit 0");
    assert_eq!(desk.run(&["conflicts"]), "no conflicts\nexit 0");
    let nowhere = desk.run(&["merge", "nowhere.db"]);
    assert!(
        nowhere.contains("There is no book at nowhere.db") && nowhere.ends_with("exit 3"),
        "{nowhere}"
    );
}
