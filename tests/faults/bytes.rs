//! Text that would command the terminal, in every field: the bytes that leave the program are its own sequences only.

use crate::terminal::Desk;
use crate::terminal::console::{Console, SIZE};

/// What would do something to a terminal, or hide something from a reader.
const EVIL: &[(&str, &str)] = &[
    ("red", "\u{1b}[31m"),
    ("clear", "\u{1b}[2J"),
    ("title", "\u{1b}]0;owned\u{7}"),
    ("clipboard", "\u{1b}]52;c;b3duZWQ=\u{7}"),
    (
        "link",
        "\u{1b}]8;;http://evil.example/\u{1b}\\x\u{1b}]8;;\u{1b}\\",
    ),
    ("device", "\u{1b}P$q\"p\u{1b}\\"),
    ("ask", "\u{1b}[6n\u{1b}[c\u{5}"),
    ("c1", "\u{9b}31m\u{9d}0;owned\u{9c}\u{90}x\u{9c}"),
    ("bell", "\u{7}\u{8}\u{7f}\u{b}\u{c}\u{e}"),
    ("bidi", "\u{202e}abc\u{2066}def\u{200f}"),
    ("none", "a\u{200b}b\u{2060}c\u{feff}d"),
    ("tags", "\u{e0041}\u{e0042}\u{e007f}"),
    ("lines", "a\u{2028}b\u{2029}c\u{85}d"),
    (
        "zalgo",
        "z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}",
    ),
    ("wide", "👩\u{200d}👩\u{200d}👧 漢字 🇹🇷"),
];

/// The characters that may never leave the program: everything but text that stays where it is put.
fn is_forbidden(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A book whose every field holds what would harm, and what else the program is told by name.
fn evil_desk() -> Desk {
    let mut desk = Desk::empty();
    desk.book = desk.path("b\u{1b}[31m\u{202e}ook.db");
    let mut customers = String::from("customer_id,name,csm,created_on,tags\n");
    let mut contacts = String::from("customer_id,contact_id,name,role,email\n");
    for (n, (name, evil)) in EVIL.iter().enumerate() {
        let cell = |what: &str| format!("\"{what} {} {evil}\"", n);
        customers.push_str(&format!(
            "{name},{},{},2025-03-01,{}\n",
            cell("Name"),
            cell("own"),
            cell("tag")
        ));
        contacts.push_str(&format!(
            "{name},p{n},{},{},x@example.com\n",
            cell("Person"),
            cell("role")
        ));
    }
    let files = desk.path("files\u{7}");
    std::fs::create_dir(&files).expect("a folder");
    std::fs::write(files.join("customers.csv"), customers).expect("write");
    std::fs::write(files.join("contacts.csv"), contacts).expect("write");
    let done = desk.run_as("ana", &["import", &files.display().to_string()]);
    assert!(done.status.success(), "{done:?}");
    assert_plain(&done, "import");
    for (name, evil) in EVIL {
        // NUL cannot be said on a command line; the others can.
        for args in [
            &["note", name, &format!("note {evil}")][..],
            &["log", name, &format!("they said {evil}")],
            &["task", "add", name, &format!("task {evil}")],
        ] {
            let done = desk.run_as("bo", args);
            assert_plain(&done, &format!("{args:?}"));
        }
        // Nobody may be called so, and a book that was written by another program holds it all the same.
        let refused = desk.run_as(&format!("bo{evil}"), &["note", name, "under that name"]);
        assert_plain(&refused, "a name");
    }
    let book = rusqlite::Connection::open(&desk.book).expect("the book");
    let evil: String = EVIL.iter().map(|(_, evil)| *evil).collect();
    book.execute(
        "UPDATE batch SET person = person || ?1 WHERE person = 'bo'",
        [evil],
    )
    .expect("other names");
    desk
}

/// Asserts that an output for a pipe has lines of harmless text only.
fn assert_plain(output: &std::process::Output, what: &str) {
    assert_ne!(output.status.code(), Some(101), "{what}: {output:?}");
    for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let text = std::str::from_utf8(bytes).unwrap_or_else(|e| panic!("{what}: {stream}: {e}"));
        let bad = text.lines().find(|line| line.chars().any(is_forbidden));
        assert!(bad.is_none(), "{what}: {stream}: {bad:?}");
    }
}

#[test]
fn what_subcommands_print_commands_no_terminal() {
    let desk = evil_desk();
    let mut all: Vec<Vec<String>> = [
        "list",
        "list --json",
        "today",
        "today --json",
        "history",
        "history --json",
        "funnel",
        "nps",
        "health",
        "doctor",
        "doctor --json",
        "keys",
        "config",
        "task list",
        "list --where owner:own",
    ]
    .iter()
    .map(|verb| verb.split(' ').map(str::to_owned).collect())
    .collect();
    for (name, evil) in EVIL {
        all.push(vec!["show".into(), (*name).into()]);
        all.push(vec!["show".into(), (*name).into(), "--json".into()]);
        all.push(vec!["health".into(), (*name).into()]);
        // What is not found or not understood is said again, harmlessly.
        for verb in [
            "show", "list", evil, "config", "import", "move", "funnel", "--as-of",
        ] {
            all.push(vec![verb.into(), format!("nobody {evil}")]);
        }
        all.push(vec![
            "note".into(),
            (*name).into(),
            "x".into(),
            "--at".into(),
            (*evil).into(),
        ]);
        all.push(vec![
            "log".into(),
            (*name).into(),
            "x".into(),
            "--channel".into(),
            (*evil).into(),
        ]);
        all.push(vec!["list".into(), "--sort".into(), (*evil).into()]);
    }
    for args in all {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        assert_plain(&desk.run_as("ana", &args), &format!("{args:?}"));
    }
}

/// Reads a stream for a terminal and gives what is none of our own sequences.
fn strange(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c != '\u{1b}' {
            // Between sequences: text, and the two that move the cursor in our own output.
            if is_forbidden(c) && c != '\r' && c != '\n' {
                found.push(format!("{c:?} at {at}"));
            }
            continue;
        }
        let Some((_, '[')) = chars.next() else {
            let near: String = text[at..].chars().take(20).collect();
            found.push(format!("{near:?}"));
            continue;
        };
        let mut parameters = String::new();
        let last = loop {
            match chars.next() {
                Some((_, c @ ('0'..='?' | ' '..='/'))) => parameters.push(c),
                Some((_, c)) => break c,
                None => return found,
            }
        };
        let modes = [
            "?1049", "?25", "?2004", "?1000", "?1002", "?1003", "?1006", "?1015", "?1004", "?2026",
            "?7",
        ];
        let fine = match last {
            'm' => parameters
                .chars()
                .all(|c| c.is_ascii_digit() || c == ';' || c == ':'),
            'H' | 'A' | 'B' | 'C' | 'D' | 'G' | 'd' | 'J' | 'K' | 'X' | 'b' => {
                parameters.chars().all(|c| c.is_ascii_digit() || c == ';')
            }
            'h' | 'l' => parameters
                .split(';')
                .all(|p| modes.contains(&p) || modes.contains(&format!("?{p}").as_str())),
            // The cursor's shape, and the keyboard's protocol.
            'q' => parameters.ends_with(' '),
            'u' => parameters.starts_with(['>', '<', '=', '?']),
            _ => false,
        };
        if !fine {
            found.push(format!("CSI {parameters} {last}"));
        }
    }
    found
}

#[test]
fn what_the_screens_send_is_their_own() {
    let desk = evil_desk();
    let mut command = desk.screens();
    command.args(["--me", "ana"]);
    let mut console = Console::start(command);
    let many = EVIL.len();
    console.wait("the queue", |c| {
        c.shows("Queue (") && c.shows(&format!("Customers {many}"))
    });
    for key in ["2", "3", "4", "5", "1"] {
        step(&mut console, key);
        for _ in 0..many {
            step(&mut console, "j");
        }
    }
    step(&mut console, "2");
    for _ in 0..many {
        // The account's page, and back to the next.
        step(&mut console, "\r");
        step(&mut console, "\x1b");
        step(&mut console, "j");
    }
    // Forms and choosers over the last one, the palette, help.
    for (open, close) in [
        ("n", "\x1b"),
        ("l", "\x1b"),
        ("e", "\x1b"),
        ("m", "\x1b"),
        ("o", "\x1b"),
        ("t", "\x1b"),
        (":", "\x1b"),
        ("?", "\x1b"),
        ("/", "\x1b"),
    ] {
        step(&mut console, open);
        step(&mut console, close);
    }
    console.signal(rustix::process::Signal::TERM);
    console.end();
    let strange = strange(&console.sent);
    assert!(strange.is_empty(), "{strange:#?}");
    console.assert_given_back();
}

#[test]
fn what_subcommands_send_to_a_terminal_is_their_own() {
    let desk = evil_desk();
    // A file gets CSV as it is; a terminal does not.
    for verb in [
        "list --csv",
        "list",
        "today",
        "history",
        "show wide",
        "show c1",
        "task list",
        "list --json",
        "doctor",
        "show nobody\u{1b}]0;x\u{7}",
    ] {
        let mut command = desk.screens();
        command.args(verb.split(' '));
        let mut console = Console::start(command);
        console.end();
        assert!(!console.sent.is_empty(), "{verb}");
        let strange = strange(&console.sent);
        assert!(strange.is_empty(), "{verb}: {strange:#?}");
    }
}

/// Presses a key and waits until the program has answered it with a frame, or has nothing to draw.
fn step(console: &mut Console, key: &str) {
    let before = console.sent.len();
    console.press(key);
    // Some keys change nothing here; the next key's frame then holds both.
    console.read_for(std::time::Duration::from_millis(60), |c| {
        c.sent.len() > before
    });
}

#[test]
fn columns_stay_aligned_whatever_names_hold() {
    let desk = evil_desk();
    let mut console = Console::start(desk.screens());
    console.wait("the queue", |c| c.shows("Queue ("));
    console.press("2");
    console.wait("the customers", |c| {
        c.text()
            .lines()
            .nth(1)
            .is_some_and(|l| l.contains("Customers"))
    });
    console.wait("a row of each", |c| c.shows("Name 14"));
    // The same column begins in the same cell, whatever the name before it holds.
    // The model of a terminal leaves out the sign that stands for C1 controls, which a terminal shows.
    let shown = (4..SIZE.1).filter(|row| console.column_of(*row, "Name 7").is_none());
    let begins: Vec<u16> = shown
        .filter_map(|row| console.column_of(row, "own "))
        .collect();
    assert_eq!(begins.len(), EVIL.len() - 1, "{}", console.text());
    assert!(
        begins.windows(2).all(|two| two[0] == two[1]),
        "{begins:?}\n{}",
        console.text()
    );
    let screen = console.text();
    assert!(
        !screen.chars().any(|c| is_forbidden(c) && c != '\n'),
        "{screen:?}"
    );
    console.press("q");
    assert_eq!(console.end(), 0);
}
