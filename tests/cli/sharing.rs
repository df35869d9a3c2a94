//! Copies that a tool or a stick carries, what is purged, and the past.

use super::Desk;

/// The same desk's program with another home for its state, book and person.
fn bob(desk: &Desk, book: &str, args: &[&str]) -> String {
    let state = desk.path("bobs-state").display().to_string();
    let mut all = vec!["--book", book, "--me", "bob"];
    all.extend(args);
    let done = desk
        .command(&all)
        .env("XDG_STATE_HOME", state)
        .output()
        .expect("it runs");
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).expect("UTF-8")
}

#[test]
fn two_copies_exchange_through_a_folder_and_a_third_joins() {
    let desk = Desk::with_book();
    assert_eq!(
        desk.run(&["sync"]),
        "This copy takes no part; `retain sync --on` lets it\nexit 0"
    );
    assert_eq!(
        desk.run(&["sync", "--on", "--folder", "carried"]),
        "Gave 1 batch, took 0 batches by ~/carried\nexit 0"
    );
    assert!(
        bob(&desk, "bobs.db", &["sync", "--join", "carried"])
            .starts_with("Gave 0 batches, took 1 batch by ")
    );
    bob(&desk, "bobs.db", &["note", "A1", "Met", "them"]);
    // Each command takes what came and gives what it did.
    assert!(desk.run(&["show", "A1"]).contains("Met them"));
    desk.run(&["note", "A1", "So", "did", "I"]);
    assert!(bob(&desk, "bobs.db", &["show", "A1"]).contains("So did I"));
    // What it brings is told by the call that asks for it.
    bob(&desk, "bobs.db", &["note", "A1", "Once", "more"]);
    assert_eq!(
        desk.run(&["sync"]),
        "Gave 0 batches, took 1 batch by ~/carried\nexit 0"
    );
    let done = desk.json(&["sync", "--json"]);
    assert_eq!(
        (&done["on"], &done["wrong"]),
        (&true.into(), &serde_json::json!([]))
    );
    assert!(
        desk.run(&["sync", "--off"])
            .starts_with("This copy takes no part")
    );
}

#[test]
fn a_copy_says_that_it_does_not_exchange_and_writes_all_the_same() {
    let desk = Desk::with_book();
    desk.run(&["sync", "--on", "--folder", "carried"]);
    std::fs::copy(
        desk.path(".local/share/retain/book.db"),
        desk.path("play.db"),
    )
    .expect("a copy");
    let told = desk.run(&["--book", "play.db", "note", "A1", "only", "playing"]);
    assert!(
        told.contains("the book play.db does not exchange by ~/carried: sync was switched on at ~/.local/share/retain/book.db"),
        "{told}"
    );
    assert!(told.ends_with("exit 0"), "{told}");
    let told = desk.run(&["--book", "play.db", "sync"]);
    assert!(
        told.contains("The book play.db does not")
            && told.contains("`retain sync --on` lets it")
            && told.ends_with("exit 2"),
        "{told}"
    );
    let told = desk.run(&["--book", "play.db", "doctor"]);
    assert!(
        told.contains("play.db does not exchange by ~/carried") && told.ends_with("exit 0"),
        "{told}"
    );
    assert!(desk.run(&["doctor"]).contains("changes go to ~/carried"));
    assert_eq!(
        desk.run(&["--book", "play.db", "sync", "--on"]),
        "Gave 1 batch, took 0 batches by ~/carried\nexit 0"
    );
    assert!(desk.run(&["show", "A1"]).contains("only playing"));
}

#[test]
fn git_merges_two_branches_of_a_book() {
    let desk = Desk::with_book();
    let book = desk.path(".local/share/retain/book.db");
    for name in ["base", "ours", "theirs"] {
        std::fs::copy(&book, desk.path(name)).expect("a copy");
    }
    bob(&desk, "theirs", &["note", "A1", "Met", "them"]);
    desk.run(&["--book", "ours", "note", "A1", "Called", "them"]);
    assert_eq!(
        desk.run(&["merge-driver", "base", "ours", "theirs"]),
        "exit 0"
    );
    let shown = desk.run(&["--book", "ours", "show", "A1"]);
    assert!(
        shown.contains("Met them") && shown.contains("Called them"),
        "{shown}"
    );
    std::fs::write(desk.path("theirs"), "no book").expect("written");
    let before = std::fs::read(desk.path("ours")).expect("there");
    assert!(
        desk.run(&["merge-driver", "base", "ours", "theirs"])
            .ends_with("exit 1")
    );
    assert_eq!(std::fs::read(desk.path("ours")).expect("there"), before);
    let left: Vec<_> = std::fs::read_dir(desk.path(""))
        .expect("a folder")
        .flatten()
        .map(|e| e.file_name())
        .collect();
    assert!(
        left.iter()
            .all(|n| !n.to_string_lossy().contains("merging")),
        "{left:?}"
    );
}

#[test]
fn who_writes_without_a_key_is_told_so() {
    let desk = Desk::with_book();
    let signed = |words: &str| assert_eq!(desk.run(&["note", "A1", words]), "Note on Acme\nexit 0");
    signed("by the key of this machine");
    std::fs::write(desk.path(".local/state/retain/signing.key"), "no key").expect("written");
    let told = desk.run(&["note", "A1", "by no key"]);
    assert!(
        told.contains("your changes are not signed: ") && told.contains("signing.key is damaged"),
        "{told}"
    );
    assert!(
        desk.run(&["history"])
            .contains("Note on Acme  (not signed)")
    );
    // A new key is made where there is none.
    std::fs::remove_file(desk.path(".local/state/retain/signing.key")).expect("removed");
    signed("by a new key");
}

#[test]
fn a_purge_asks_and_cannot_be_taken_back() {
    let desk = Desk::with_book();
    let asked = desk.run(&["purge", "A1"]);
    assert!(
        asked.contains("cannot be taken back") && asked.ends_with("exit 2"),
        "{asked}"
    );
    assert!(
        asked.contains(" for good: ") && asked.contains("1 customer"),
        "{asked}"
    );
    let done = desk.run(&["purge", "A1", "--yes", "--why", "asked for it"]);
    assert!(
        done.starts_with("Purged a customer with ")
            && done.contains(": asked for it\n")
            && done.ends_with("exit 0"),
        "{done}"
    );
    assert!(desk.run(&["show", "A1"]).ends_with("exit 3"));
    assert!(desk.run(&["undo"]).contains("cannot be brought back"));
    let doctor = desk.run(&["doctor"]);
    assert!(doctor.ends_with("exit 0"), "{doctor}");
}

#[test]
fn one_text_is_purged_and_where_a_person_is_named_is_told_before_and_after() {
    let desk = Desk::with_book();
    desk.run(&[
        "contact",
        "add",
        "A1",
        "Quentin Zwick",
        "--email",
        "quentin@zwick.example",
    ]);
    desk.run(&["note", "A1", "Zwick is not amused"]);
    let plan = desk.json(&["purge", "Quentin Zwick", "--contact", "--plan", "--json"]);
    let note = &plan["mentions"][0];
    assert_eq!(
        (&note["kind"], &note["field"], &note["found"]),
        (&"note".into(), &"text".into(), &"zwick".into()),
        "{plan}"
    );
    let said = desk.run(&["purge", "Quentin Zwick", "--contact", "--plan"]);
    assert!(
        said.contains("names it stays too") && said.ends_with("exit 0"),
        "{said}"
    );
    let done = desk.json(&["purge", "Quentin Zwick", "--contact", "--yes", "--json"]);
    assert_eq!(done["mentions"], plan["mentions"]);
    // What is told can be typed as it is.
    let next = note["purge"].as_str().expect("a subcommand");
    let mut words: Vec<&str> = next.split(' ').skip(1).collect();
    words.push("--yes");
    assert!(desk.run(&words).starts_with("Purged an event"), "{next}");
    assert!(
        desk.run(&["search", "zwick"]).contains("nothing"),
        "{}",
        desk.run(&["search", "zwick"])
    );
    let doctor = desk.run(&["doctor"]);
    assert!(doctor.ends_with("exit 0"), "{doctor}");
}

#[test]
fn history_names_changes_and_one_of_them_is_reverted() {
    let desk = Desk::with_book();
    desk.run(&["config", "currency", "EUR"]);
    bob(
        &desk,
        ".local/share/retain/book.db",
        &["config", "currency", "TRY"],
    );
    let told = desk.json(&["history", "--person", "bob", "--edits", "--json"]);
    let batch = &told["rows"][0];
    let edit = &batch["changes"][0];
    assert_eq!(
        (&edit["field"], &edit["before"], &edit["after"]),
        (&"value".into(), &"EUR".into(), &"TRY".into())
    );
    let id = edit["edit"].as_str().expect("an id");
    let refused = desk.run(&["revert", id]);
    assert!(
        refused.contains("bob did it") && refused.ends_with("exit 4"),
        "{refused}"
    );
    assert!(desk.run(&["revert", id, "--force"]).ends_with("exit 0"));
    assert_eq!(desk.run(&["config", "currency"]), "EUR\nexit 0");
    assert!(
        desk.run(&["history", "--since", "2026-11-22"])
            .starts_with("nothing yet")
    );
    assert!(
        desk.run(&["history", "--customer", "A1", "--find", "import"])
            .contains("ada")
    );
}

#[test]
fn a_list_of_a_past_day_says_what_was_then() {
    let desk = Desk::with_book();
    desk.run(&["note", "A1", "before"]);
    let at = |now: &str, args: &[&str]| {
        let done = desk
            .command(args)
            .env("RETAIN_NOW", now)
            .output()
            .expect("it runs");
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).expect("UTF-8")
    };
    let list = |day: &str| {
        at(
            "2026-12-24T09:00:00Z",
            &[
                "list",
                "--as-of",
                day,
                "--columns",
                "name,owner",
                "--filter",
                "owner:zoe",
            ],
        )
    };
    std::fs::create_dir(desk.path("later")).expect("made");
    std::fs::write(
        desk.path("later/customers.csv"),
        "customer_id,name,csm\nA1,Renamed,zoe\n",
    )
    .expect("written");
    at("2026-12-10T09:00:00Z", &["import", "later"]);
    assert!(
        list("2026-12-20").contains("Renamed"),
        "{}",
        list("2026-12-20")
    );
    assert!(
        list("2026-12-01").contains("no customer passes"),
        "{}",
        list("2026-12-01")
    );
}

/// The calls of the program in a text, between backticks or in a block, as words.
fn calls(text: &str) -> Vec<Vec<String>> {
    let blocks = text.split("```").skip(1).step_by(2).flat_map(str::lines);
    let spans = text
        .split("```")
        .step_by(2)
        .flat_map(|prose| prose.split('`').skip(1).step_by(2));
    // What stands behind a prompt, or behind another command, is a call too.
    let parts = blocks.chain(spans).flat_map(|line| {
        line.split(" # ")
            .next()
            .unwrap_or_default()
            .split([';', '|', '$'])
    });
    let calls = parts.filter_map(|part| part.trim().strip_prefix("retain "));
    calls
        .map(|call| call.split_whitespace().map(str::to_owned).collect())
        .collect()
}

#[test]
fn every_call_that_the_documents_name_is_one_that_the_program_takes() {
    let desk = Desk::with_book();
    let (mut helps, mut checked) = (std::collections::HashMap::new(), 0);
    for text in [
        include_str!("../../README.md"),
        include_str!("../../docs/sharing.md"),
    ] {
        for call in calls(text) {
            let name = |at: &&String| {
                at.starts_with(|c: char| c.is_ascii_lowercase()) && !at.contains(['.', '/', '='])
            };
            let mut named = call.iter().filter(name).map(String::as_str);
            let (Some(sub), next) = (named.next(), named.next()) else {
                continue;
            };
            let mut help = |args: &[&str]| -> String {
                helps
                    .entry(args.join(" "))
                    .or_insert_with(|| desk.run(&[args, &["--help"]].concat()))
                    .clone()
            };
            let said = help(&[sub]);
            assert!(
                said.ends_with("exit 0"),
                "retain {}: {said}",
                call.join(" ")
            );
            let of_next = next
                .filter(|next| said.contains(&format!("\n  {next} ")))
                .map(|next| help(&[sub, next]));
            let said = said + of_next.as_deref().unwrap_or_default();
            for flag in call.iter().filter_map(|word| {
                Some(word.split('=').next()?).filter(|word| word.starts_with("--"))
            }) {
                assert!(
                    said.contains(flag),
                    "retain {}: {flag} is not in its help",
                    call.join(" ")
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 50, "{checked} flags were found");
}
