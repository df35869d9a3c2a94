//! What goes wrong: one sentence, hints, and an exit code that a script can tell apart.

use insta::assert_snapshot;

use super::Desk;

#[test]
fn no_book_says_how_to_get_one() {
    let desk = Desk::empty();
    assert_snapshot!(desk.run(&["list"]), @"");
    assert_snapshot!(desk.run(&["list", "--json"]), @"");
}

#[test]
fn names_that_fit_nobody_or_several() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["show", "Zebra"]), @"");
    assert_snapshot!(desk.run(&["show", "ac"]), @"");
    assert!(desk.run(&["show", "bohm"]).contains("Böhm & Söhne"));
}

#[test]
fn a_mistake_in_a_filter_is_pointed_at() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["list", "--filter", "owner:ada healht<60"]), @"");
    assert_snapshot!(desk.run(&["list", "--sort", "shoe_size"]).lines().nth(1).unwrap_or_default(), @"");
    assert_snapshot!(desk.run(&["list", "--view", "mine"]), @"");
}

#[test]
fn wrong_use_is_said_in_words() {
    let desk = Desk::empty();
    assert_snapshot!(desk.run(&["lst"]), @"");
    assert_snapshot!(desk.run(&["show", "--json"]), @"");
    assert_snapshot!(desk.run(&["list", "--as-of", "soon"]), @"");
    assert_snapshot!(desk.run(&[]), @"");
}

#[test]
fn the_log_has_no_customers_and_a_missing_home_stops_nothing() {
    let desk = Desk::with_book();
    desk.run(&["show", "Zebra"]);
    desk.run(&["note", "Acme", "a secret"]);
    let folder = desk.path(".local/state/retain/log");
    let texts = std::fs::read_dir(folder).expect("a log").map(|f| std::fs::read_to_string(f.expect("a file").path()).expect("text"));
    let log: String = texts.collect();
    assert!(log.contains("command=\"note\"") && log.contains("not_found"), "{log}");
    assert!(!log.contains("Zebra") && !log.contains("secret") && !log.contains("Acme"), "{log}");

    let book = desk.path(".local/share/retain/book.db");
    let output = desk.command(&["list", "--book"]).arg(&book).env("HOME", "/proc/nowhere").output().expect("runs");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
