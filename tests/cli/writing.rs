//! Subcommands that write, and taking it back.

use insta::assert_snapshot;

use super::Desk;

#[test]
fn log_understands_its_line() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["log", "acme", "Walked through the fix @dana 45m !call back fri"]), @r#"
    Logged a call with Acme with a follow-up
    exit 0
    "#);
    let value = desk.json(&["show", "acme", "--json"]);
    let touch = value["events"]
        .as_array()
        .expect("events")
        .iter()
        .find(|e| e["kind"] == "touch")
        .expect("a touch");
    assert_eq!(
        (&touch["channel"], &touch["contact_name"], &touch["number"]),
        (&"phone".into(), &"Dana Ruiz".into(), &45.into())
    );
    assert_eq!(value["tasks"][0]["title"], "call back");
    assert_snapshot!(desk.run(&["log", "acme", "Asked @nobody"]), @r#"
    stderr:
    No contact is called "nobody"
    hint: nothing was written; `retain show CUSTOMER` lists the contacts
    exit 2
    "#);
    let unknown = desk.run(&["log", "acme", "Hello", "--channel", "pigeon"]);
    assert!(
        unknown
            .starts_with("stderr:\nThere is no channel \"pigeon\"\nhint: channels: phone, email,"),
        "{unknown}"
    );
}

#[test]
fn note_from_the_line_and_from_standard_input() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["note", "A1", "Likes", "short", "calls"]), @r#"
    Note on Acme
    exit 0
    "#);
    assert_snapshot!(desk.fed(&["note", "A1", "-"], "first line\nsecond \u{1b}[31mline\n"), @r#"
    Note on Acme
    exit 0
    "#);
    let shown = desk.run(&["show", "A1", "--events", "2"]);
    assert!(
        !shown.contains('\u{1b}') && shown.contains("first line"),
        "{shown}"
    );
    assert_snapshot!(desk.fed(&["note", "A1", "-"], "  \n"), @r#"
    stderr:
    The note is empty
    exit 2
    "#);
}

#[test]
fn moves_and_their_reasons() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["move", "A1", "next"]), @r#"
    stderr:
    Acme does not meet yet: severe=0
    hint: move it all the same with a reason in words
    hint: add `--reason CODE` or `--text WHY`; see `retain move --help`
    exit 2
    "#);
    assert_snapshot!(desk.run(&["move", "A1", "next", "--text", "the ticket is a wish"]), @r#"
    Moved Acme from Retention to Loyalty
    exit 0
    "#);
    assert_snapshot!(desk.run(&["move", "A1", "previous"]), @r#"
    stderr:
    A move back to Retention needs a reason
    hint: reasons: corrected, restart, new_team, low_use, scope_change, other
    hint: add `--reason CODE` or `--text WHY`; see `retain move --help`
    exit 2
    "#);
    assert_snapshot!(desk.run(&["move", "A1", "previous", "--reason", "low-use"]), @r#"
    Moved Acme from Loyalty to Retention
    exit 0
    "#);
    assert_snapshot!(desk.run(&["move", "A1", "nowhere"]), @r#"
    stderr:
    There is no stage "nowhere"
    hint: stages: reach, acquisition, conversion, retention, loyalty, churned, or next, previous
    exit 2
    "#);
    assert_snapshot!(desk.run(&["move", "B2", "churned", "--reason", "price", "--text", "too dear", "--json"]), @r#"
    {
      "schema": 1,
      "batch": "[id]",
      "label": "Moved Böhm & Söhne from Conversion to Churned",
      "changed": 1,
      "customers": [
        "[id]"
      ],
      "skipped": [],
      "repeated": false
    }
    exit 0
    "#);
}

#[test]
fn tasks_are_added_and_done() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["task", "A1", "Prepare renewal", "--due", "2026-12-01", "--kind", "renewal"]), @r#"
    Task "Prepare renewal" for Acme
    exit 0
    "#);
    let value = desk.json(&["show", "A1", "--json"]);
    let id = value["tasks"][0]["id"].as_str().expect("an id");
    assert_snapshot!(desk.run(&["task", "--done", &id[id.len() - 8..]]), @r#"
    Done: Prepare renewal
    exit 0
    "#);
    assert_snapshot!(desk.run(&["task", "--done", id]), @r#"
    stderr:
    The task is done already
    exit 2
    "#);
    assert_snapshot!(desk.run(&["task", "--done", "ffff0000"]), @r#"
    stderr:
    There is no task ffff0000
    hint: `retain task list` prints their ids
    exit 3
    "#);
}

#[test]
fn nps_is_0_to_10() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["nps", "A1", "9", "Much", "better", "--contact", "omar"]), @r#"
    NPS 9 from Acme
    exit 0
    "#);
    assert_eq!(desk.json(&["show", "A1", "--json"])["nps"][0], 9);
    assert_snapshot!(desk.run(&["nps", "A1", "11"]), @r#"
    stderr:
    Invalid value '11' for '[SCORE]': 11 is not in 0..=10
    hint: see `retain --help`
    exit 2
    "#);
}

#[test]
fn undo_and_redo() {
    let desk = Desk::with_book();
    desk.run(&["nps", "A1", "9"]);
    assert_snapshot!(desk.run(&["undo"]), @r#"
    Undid: NPS 9 from Acme
    exit 0
    "#);
    assert_eq!(desk.json(&["show", "A1", "--json"])["nps"][0], 4);
    assert_snapshot!(desk.run(&["redo"]), @r#"
    Redid: NPS 9 from Acme
    exit 0
    "#);
    assert_eq!(desk.json(&["show", "A1", "--json"])["nps"][0], 9);
    assert_snapshot!(desk.run(&["undo", "not-an-id"]), @r#"
    stderr:
    "not-an-id" is not the id of a batch
    hint: `retain history` prints them
    exit 2
    "#);
    assert_snapshot!(desk.run(&["undo", "--me", "zoe"]), @r#"
    stderr:
    Nothing to undo
    exit 2
    "#);
}

#[test]
fn config_prints_sets_and_unsets() {
    let desk = Desk::empty();
    assert_snapshot!(desk.run(&["config"]), @r#"
    currency = USD
    zone = UTC
    rates = (TOML of 1 lines; `retain config rates` prints it)
    stages = (TOML of 210 lines; `retain config stages` prints it)
    scorecards = (TOML of 92 lines; `retain config scorecards` prints it)
    playbooks = (TOML of 285 lines; `retain config playbooks` prints it)
    policy = (TOML of 8 lines; `retain config policy` prints it)
    cadences = (TOML of 5 lines; `retain config cadences` prints it)
    rules = (TOML of 77 lines; `retain config rules` prints it)
    exit 0
    "#);
    assert!(
        !desk.path(".local/share/retain/book.db").exists(),
        "reading makes no book"
    );
    assert_snapshot!(desk.run(&["config", "currency", "EUR"]), @r#"
    Setting currency changed
    exit 0
    "#);
    assert_snapshot!(desk.run(&["config", "currency"]), @r#"
    EUR
    exit 0
    "#);
    assert_snapshot!(desk.run(&["config", "currency", "--unset"]), @r#"
    Setting currency back to the default
    exit 0
    "#);
    assert_eq!(
        desk.json(&["config", "currency", "--json"])["config"]["currency"],
        "USD"
    );
    assert_snapshot!(desk.run(&["config", "colour"]), @r#"
    stderr:
    There is no config key "colour"
    hint: keys: currency, zone, rates, stages, scorecards, playbooks, policy, cadences, rules, attribute.CODE, profile.NAME
    exit 2
    "#);
}
