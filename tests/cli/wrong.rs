//! What goes wrong: one sentence, hints, and an exit code that a script can tell apart.

use insta::assert_snapshot;

use super::Desk;

#[test]
fn no_book_says_how_to_get_one() {
    let desk = Desk::empty();
    assert_snapshot!(desk.run(&["list"]), @r#"
    stderr:
    There is no book at ~/.local/share/retain/book.db
    hint: look around in a made-up one: `retain demo`
    hint: bring your own data: `retain import FOLDER`
    hint: or name another book with `--book FILE`
    exit 3
    "#);
    assert_snapshot!(desk.run(&["list", "--json"]), @r#"
    stderr:
    {"schema":1,"error":{"kind":"not_found","message":"There is no book at ~/.local/share/retain/book.db","hints":["look around in a made-up one: `retain demo`","bring your own data: `retain import FOLDER`","or name another book with `--book FILE`"],"exit":3}}
    exit 3
    "#);
}

#[test]
fn names_that_fit_nobody_or_several() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["show", "Zebra"]), @r#"
    stderr:
    No customer is called "Zebra"
    hint: retain list shows them; a part of the name is enough
    exit 3
    "#);
    assert_snapshot!(desk.run(&["show", "ac"]), @r#"
    stderr:
    "ac" fits several customers
    hint: [id]  Acme
    hint: [id]  Acorn Ltd
    exit 2
    "#);
    assert!(desk.run(&["show", "bohm"]).contains("Böhm & Söhne"));
}

#[test]
fn a_mistake_in_a_filter_is_pointed_at() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["list", "--filter", "owner:ada healht<60"]), @r#"
    stderr:
    There is no field healht; did you mean health?
    hint: the filter is   owner:ada healht<60
    hint:                           ^^^^^^
    exit 2
    "#);
    assert_snapshot!(desk.run(&["list", "--sort", "shoe_size"]).lines().nth(1).unwrap_or_default(), @r#"There is no column "shoe_size""#);
    assert_snapshot!(desk.run(&["list", "--view", "mine"]), @r#"
    stderr:
    There is no saved view "mine"
    hint: no view is saved in this book
    exit 3
    "#);
}

#[test]
fn wrong_use_is_said_in_words() {
    let desk = Desk::empty();
    assert_snapshot!(desk.run(&["lst"]), @r#"
    stderr:
    Unrecognized subcommand 'lst'
    hint: a similar subcommand exists: 'list'
    hint: usage: retain [OPTIONS] [COMMAND]
    hint: see `retain --help`
    exit 2
    "#);
    assert_snapshot!(desk.run(&["show", "--json"]), @r#"
    stderr:
    {"schema":1,"error":{"kind":"usage","message":"The following required arguments were not provided: <CUSTOMER>","hints":["usage: retain show --json <CUSTOMER>","see `retain --help`"],"exit":2}}
    exit 2
    "#);
    assert_snapshot!(desk.run(&["list", "--as-of", "soon"]), @r#"
    stderr:
    "soon" is not a date
    hint: write it as 2026-11-21
    exit 2
    "#);
    assert_snapshot!(desk.run(&[]), @r#"
    stderr:
    The screens need a terminal
    hint: for a script: `retain list`, `retain today`, `retain --help`
    exit 2
    "#);
}

#[test]
fn the_log_has_no_customers_and_a_missing_home_stops_nothing() {
    let desk = Desk::with_book();
    desk.run(&["show", "Zebra"]);
    desk.run(&["note", "Acme", "a secret"]);
    let folder = desk.path(".local/state/retain/log");
    let texts = std::fs::read_dir(folder)
        .expect("a log")
        .map(|f| std::fs::read_to_string(f.expect("a file").path()).expect("text"));
    let log: String = texts.collect();
    assert!(
        log.contains("command=\"note\"") && log.contains("not_found"),
        "{log}"
    );
    assert!(
        !log.contains("Zebra") && !log.contains("secret") && !log.contains("Acme"),
        "{log}"
    );

    let book = desk.path(".local/share/retain/book.db");
    let output = desk
        .command(&["list", "--book"])
        .arg(&book)
        .env("HOME", "/proc/nowhere")
        .output()
        .expect("runs");
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}
