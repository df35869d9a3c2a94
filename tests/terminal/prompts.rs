//! What a subcommand asks at a terminal.

use super::Desk;
use super::console::Console;

/// Has the purge of the customer asked about and answered; gives the exit code and what was seen.
fn purge(desk: &Desk, who: &str, answer: &str) -> (u32, String) {
    let mut command = desk.screens();
    command.args(["purge", who, "--me", "ana"]);
    let mut console = Console::start(command);
    console.wait("the question", |c| {
        c.shows("It cannot be taken back.") && c.shows("Type the name to confirm:")
    });
    console.press(answer);
    let code = console.end();
    (code, console.text())
}

fn names(desk: &Desk) -> Vec<String> {
    let list = desk.json(&["list"]);
    list["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|r| r["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn a_purge_goes_on_only_when_the_name_is_typed() {
    let desk = Desk::with_demo();
    let before = names(&desk);
    let name = before[3].clone();
    // Another name, none, a part of it, and the end of input.
    for answer in [
        format!("{}\r", before[4]),
        "\r".into(),
        format!("{}\r", &name[..3]),
        "yes\r".into(),
        "\u{4}".into(),
    ] {
        let (code, seen) = purge(&desk, &name, &answer);
        assert_eq!(code, 2, "{answer:?}: {seen}");
        assert!(
            seen.contains("That is not the name; nothing was deleted"),
            "{answer:?}: {seen}"
        );
        assert_eq!(names(&desk), before, "{answer:?}");
    }
    let (code, seen) = purge(&desk, &name, &format!("{name}\r"));
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("Purged a customer"), "{seen}");
    let left: Vec<String> = before.into_iter().filter(|n| *n != name).collect();
    assert_eq!(names(&desk), left);
    assert_eq!(desk.json(&["doctor"])["ok"], true);
}
