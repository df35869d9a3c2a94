//! Where it runs: terminals without colour, without UTF-8, without anything, and machines without a home.

use super::Desk;
use super::console::Console;

const CUSTOMERS: &str = "\
customer_id,name,csm,created_on
A1,Acme,ana,2025-03-01
B2,Bolt and Sons,bo,2025-06-01
C3,Acorn Ltd,ana,2026-10-01
";

/// The parameters of every SGR sequence.
fn sgr(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let parts = text.split("\x1b[").skip(1).filter_map(|part| {
        let end = part.find(|c: char| ('@'..='~').contains(&c))?;
        part[end..].starts_with('m').then(|| &part[..end])
    });
    parts
        .flat_map(|parameters| parameters.split(';').map(str::to_owned))
        .collect()
}

/// Whether a parameter of SGR sets a colour; 39, 49 and 59 take one away.
fn is_colour(parameter: &str) -> bool {
    let number: u16 = parameter
        .split(':')
        .next()
        .and_then(|p| p.parse().ok())
        .unwrap_or(0);
    matches!(number, 30..=38 | 40..=48 | 58 | 90..=97 | 100..=107)
}

/// Goes through every tab and opens help.
fn walk(console: &mut Console) {
    for (key, title) in [
        ("2", "Customers"),
        ("3", "Funnel"),
        ("4", "Tasks"),
        ("5", "Activity"),
        ("1", "Triage"),
    ] {
        console.press(key);
        // The second line says where we are.
        console.wait(title, |c| {
            c.text()
                .lines()
                .nth(1)
                .is_some_and(|line| line.contains(title))
        });
    }
    console.press("?");
    console.wait("the box of help", |c| c.shows("Help"));
}

#[test]
fn no_color_sends_no_colour() {
    let desk = Desk::with_demo();
    let mut plain = desk.screens();
    plain.env("NO_COLOR", "1");
    let mut console = Console::start(plain);
    console.wait("the queue", |c| c.shows("Queue (") && c.shows("│ Last"));
    walk(&mut console);
    assert_eq!(
        sgr(&console.sent)
            .into_iter()
            .filter(|p| is_colour(p))
            .collect::<Vec<_>>(),
        Vec::<String>::new()
    );
    let coloured = desk.open();
    assert!(
        sgr(&coloured.sent).iter().any(|p| is_colour(p)),
        "the same screen has colours without NO_COLOR"
    );
}

#[test]
fn the_c_locale_gets_ascii_only() {
    let desk = Desk::empty();
    let file = desk.path("customers.csv");
    std::fs::write(&file, CUSTOMERS).expect("write");
    let done = desk.run_as("ana", &["import", &file.display().to_string()]);
    assert!(done.status.success(), "{done:?}");
    let mut command = desk.screens();
    command.env("LC_ALL", "C");
    let mut console = Console::start(command);
    console.wait("the book's customers", |c| c.shows("Customers 3"));
    walk(&mut console);
    let odd: Vec<String> = console
        .text()
        .lines()
        .filter(|l| !l.is_ascii())
        .map(str::to_owned)
        .collect();
    assert!(odd.is_empty(), "{odd:#?}");
    assert!(
        console.sent.is_ascii(),
        "{:?}",
        String::from_utf8_lossy(&console.sent)
            .lines()
            .find(|l| !l.is_ascii())
    );
}

#[test]
fn a_dumb_terminal_is_told_in_one_sentence() {
    let desk = Desk::with_demo();
    let mut command = desk.screens();
    command.env("TERM", "dumb");
    let mut console = Console::start(command);
    assert_eq!(console.end(), 2);
    let text = console.text();
    assert!(
        text.starts_with("This terminal (TERM=dumb) cannot place text")
            && text.trim().lines().count() <= 2,
        "{text}"
    );
    assert!(!console.sent.contains(&0x1b));
}

#[test]
fn without_a_terminal_it_says_so_and_ends() {
    let desk = Desk::with_demo();
    let output = desk.run_as("ana", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        text.starts_with("The screens need a terminal\nhint: ")
            && text.lines().count() == 2
            && !text.contains('\u{1b}'),
        "{text}"
    );
}

#[test]
fn it_works_without_a_home() {
    let desk = Desk::with_demo();
    // A home that cannot be: nothing can be kept. And none named at all, the folders given otherwise.
    let mut nowhere = desk.screens();
    nowhere.env("HOME", "/dev/null");
    for name in ["XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
        nowhere.env_remove(name);
    }
    let mut unnamed = desk.screens();
    for name in ["HOME", "USER"] {
        unnamed.env_remove(name);
    }
    for command in [nowhere, unnamed] {
        let mut console = Console::start(command);
        console.wait("the queue", |c| c.shows("Queue ("));
        console.press("q");
        assert_eq!(console.end(), 0);
        console.assert_given_back();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn keys_hold_as_soon_as_their_file_is_saved_and_copying_uses_the_desktops_program() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::with_demo();
    let (config, tools) = (desk.path("config"), desk.path("tools"));
    for folder in [config.join("retain"), tools.clone()] {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    let (tool, copied) = (tools.join("wl-copy"), desk.path("copied"));
    std::fs::write(
        &tool,
        format!("#!/bin/sh\n/bin/cat > '{}'\n", copied.display()),
    )
    .expect("a program");
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
    let mut command = desk.screens();
    command.env("XDG_CONFIG_HOME", &config);
    command.env("PATH", &tools);
    command.env("WAYLAND_DISPLAY", "wayland-0");
    command.env_remove("SSH_CONNECTION");
    command.env_remove("SSH_TTY");
    let mut console = Console::start(command);
    console.wait("the queue", |c| c.shows("Queue (") && c.shows("│ Last"));
    std::fs::write(
        config.join("retain/keys.toml"),
        "[keys]\n\"triage.done\" = [\"X\"]\n",
    )
    .expect("write");
    console.wait("the new keys", |c| {
        c.shows("the new keys hold") && c.shows("X done")
    });
    std::fs::write(
        config.join("retain/keys.toml"),
        "[keys]\n\n\"triage.done\" = [\"moon\"]\n",
    )
    .expect("write");
    console.wait("the mistake with its line", |c| {
        c.shows("keys.toml line 3") && c.shows("X done")
    });
    console.press("yn");
    console.wait("what took the text", |c| {
        c.shows("Copied name with wl-copy")
    });
    assert!(
        console.shows(&std::fs::read_to_string(&copied).expect("it was run")),
        "the name under the cursor"
    );
    console.press("q");
}
