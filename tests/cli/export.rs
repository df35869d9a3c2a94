//! What goes out: lists and whole books as files, dumps and loads, calendars, reports, drafts, and what is left of a person.

use super::Desk;

fn read(desk: &Desk, path: &str) -> String {
    std::fs::read_to_string(desk.path(path)).expect("it is there")
}

#[test]
fn a_list_goes_into_files_of_every_format_and_to_standard_output() {
    let desk = Desk::with_book();
    let csv = desk.run(&[
        "export",
        "customers",
        "--sort",
        "name",
        "--columns",
        "name,arr,renews",
    ]);
    assert!(
        csv.starts_with("id,name,arr,renews\n[id],Acme,24000.00,") && csv.ends_with("exit 0"),
        "{csv}"
    );
    for (name, begins) in [
        ("a.csv", "id,"),
        ("a.json", "{\n  \"schema\": 1"),
        ("a.jsonl", "{\"id\""),
        ("a.md", "| id |"),
    ] {
        let said = desk.run(&["export", "customers", "-o", name]);
        assert_eq!(said, format!("3 rows are in {name}\nexit 0"));
        assert!(
            read(&desk, name).starts_with(begins),
            "{}",
            read(&desk, name)
        );
    }
    desk.run(&["export", "funnel", "-o", "a.xlsx"]);
    assert!(
        std::fs::read(desk.path("a.xlsx"))
            .expect("there")
            .starts_with(b"PK")
    );
    assert!(
        desk.run(&["export", "funnel", "-o", "f.csv"])
            .contains("2 tables do not fit in one csv file")
    );
    assert!(
        desk.run(&["export", "customers", "-o", "a.txt"])
            .contains("The file's name does not say the format")
    );
    assert!(
        desk.run(&["export", "timeline"])
            .contains("Whose timeline?")
    );
    let timeline = desk.run(&["export", "timeline", "acme", "--format", "md"]);
    assert!(
        timeline.contains("Slow answers") && timeline.contains("Asked how it goes"),
        "{timeline}"
    );
    for what in [
        "queue",
        "tasks",
        "calls",
        "playbooks",
        "history",
        "nps",
        "segments",
        "targets",
        "help-first",
        "issues",
        "stays",
        "movers",
        "firings",
    ] {
        assert!(desk.run(&["export", what]).ends_with("exit 0"), "{what}");
    }
}

#[test]
fn a_book_is_dumped_and_loaded_and_is_the_same() {
    let desk = Desk::with_book();
    desk.run(&["note", "A1", "=1+1"]);
    let done = desk.json(&["dump", "-o", "book.jsonl", "--json"]);
    let loaded = desk.json(&["--book", "other.db", "load", "book.jsonl", "--json"]);
    assert_eq!(
        (&loaded["digest"], &loaded["batches"]),
        (&done["digest"], &done["batches"])
    );
    desk.run(&["--book", "other.db", "dump", "-o", "again.jsonl"]);
    assert_eq!(read(&desk, "again.jsonl"), read(&desk, "book.jsonl"));
    assert!(
        desk.run(&["--book", "other.db", "doctor"])
            .ends_with("exit 0")
    );
    let again = desk.run(&["--book", "other.db", "load", "book.jsonl"]);
    assert!(
        again.contains("There is something in other.db already") && again.ends_with("exit 2"),
        "{again}"
    );
    assert!(
        desk.run(&["--book", "x.db", "load", "files"])
            .contains("There is neither a dump nor a folder of a whole book")
    );
    assert!(!desk.path("x.db").exists());
}

#[test]
fn a_whole_book_as_files_comes_back_and_says_the_same() {
    let desk = Desk::with_book();
    desk.run(&["note", "A1", "=1+1"]);
    desk.run(&["task", "A1", "Call back !fri"]);
    assert!(
        desk.run(&["export", "book"])
            .contains("The whole book needs a place")
    );
    assert!(
        desk.run(&["export", "book", "-o", "out"])
            .contains("rows are in out")
    );
    assert!(read(&desk, "out/event.csv").contains(",'=1+1,"));
    assert!(
        desk.run(&["--book", "new.db", "load", "out"])
            .starts_with("Loaded ")
    );
    desk.run(&["dump", "--facts", "-o", "a.jsonl"]);
    desk.run(&["--book", "new.db", "dump", "--facts", "-o", "b.jsonl"]);
    assert_eq!(read(&desk, "a.jsonl"), read(&desk, "b.jsonl"));
    assert!(
        desk.run(&["--book", "new.db", "doctor"])
            .ends_with("exit 0")
    );
    assert!(
        desk.run(&["export", "book", "-o", "book.xlsx"])
            .contains("rows are in book.xlsx")
    );
}

#[test]
fn a_calendar_is_the_same_twice_and_tells_what_is_gone() {
    let desk = Desk::with_book();
    desk.run(&["task", "A1", "Send the plan", "--due", "2026-12-01"]);
    assert!(
        desk.run(&["calendar", "-o", "feed.ics"])
            .ends_with("in feed.ics\nexit 0")
    );
    let first = read(&desk, "feed.ics");
    assert!(
        first.contains("SUMMARY:Send the plan · Acme")
            && first.contains("DTSTART;VALUE=DATE:20261201"),
        "{first}"
    );
    desk.run(&["calendar", "-o", "feed.ics"]);
    assert_eq!(read(&desk, "feed.ics"), first);
    desk.run(&["undo"]);
    desk.run(&["calendar", "-o", "feed.ics"]);
    let then = read(&desk, "feed.ics");
    assert!(
        then.contains("STATUS:CANCELLED") && then.contains("SEQUENCE:1"),
        "{then}"
    );
    let uid = |text: &str| {
        text.lines()
            .find(|l| l.starts_with("UID:"))
            .map(str::to_owned)
    };
    assert_eq!(uid(&then), uid(&first));
    assert!(
        !desk
            .run(&["calendar", "--owner", "nobody"])
            .contains("BEGIN:VEVENT")
    );
}

#[test]
fn reports_are_markdown_or_a_page() {
    let desk = Desk::with_book();
    let brief = desk.run(&["brief", "acme"]);
    assert!(
        brief.starts_with("# Brief: Acme\n") && brief.contains("## Health explained"),
        "{brief}"
    );
    let review = desk.run(&["qbr", "acme", "--since", "2026-01-01"]);
    assert!(
        review.contains("2026-01-01 to 2026-11-21, 324 days") && review.contains("## In figures"),
        "{review}"
    );
    assert_eq!(
        desk.run(&["digest", "--since", "yesterday", "-o", "d.html"]),
        "The report is in d.html\nexit 0"
    );
    let page = read(&desk, "d.html");
    assert!(
        page.starts_with("<!doctype html>") && page.contains("<h1>Digest</h1>"),
        "{page}"
    );
    assert_eq!(
        desk.json(&["brief", "acme", "--json"])["format"],
        "markdown"
    );
    assert!(
        desk.run(&["digest", "--owner", "me"])
            .starts_with("# Digest for ada")
    );
}

#[test]
fn drafts_are_written_for_those_who_have_an_address() {
    let desk = Desk::with_book();
    let done = desk.json(&[
        "mail", "checkin", "--filter", "name:ac", "-o", "mails", "--json",
    ]);
    assert_eq!(
        (
            done["drafts"].as_array().map(Vec::len),
            &done["without_address"]
        ),
        (Some(1), &serde_json::json!(["Acorn Ltd"]))
    );
    let file = done["drafts"][0]["file"]
        .as_str()
        .expect("a path")
        .to_owned();
    assert!(
        read(&desk, &file).contains("dana@acme.example")
            && read(&desk, &file).contains("A short word on Acme")
    );
    assert!(
        desk.run(&["mail", "nothing.txt", "acme", "-o", "mails"])
            .contains("ready ones: checkin, renewal, survey")
    );
}

#[test]
fn a_person_gets_what_there_is_and_is_forgotten_with_every_backup_named() {
    let desk = Desk::with_book();
    desk.run(&["note", "A1", "Dana Ruiz asked"]);
    desk.run(&["backup"]);
    let person = desk.json(&["person", "dana@acme.example"]);
    assert_eq!(
        (
            &person["person"]["contact"]["name"],
            &person["person"]["customer"]
        ),
        (&"Dana Ruiz".into(), &"Acme".into())
    );
    assert_eq!(
        person["person"]["mentions"].as_array().map(Vec::len),
        Some(1)
    );
    let done = desk.run(&["forget", "dana@acme.example", "--yes"]);
    assert!(
        done.contains("Purged a contact")
            && done.contains("Files that still hold it")
            && done.contains(".db\n"),
        "{done}"
    );
    assert!(done.contains("where it is about something else:\n  note text of Acme: \"dana\", `retain purge --event [id]`\n"), "{done}");
    assert!(
        desk.run(&["person", "dana@acme.example"])
            .ends_with("exit 3")
    );
}
