//! The house rules that the compiler does not know, read from the sources: which layer may name which, who owns SQL, the
//! terminal, the command line, the clock and printing, and how files are cut and called. Tests in the sources are left out.

mod reading;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use reading::Source;

/// The layers from the lowest; a file may name only what stands before its own layer, and its own. `sentence`, `error` and `files` are below all.
const LAYERS: &[&[&str]] = &[
    &["sentence"],
    &["error"],
    &["files"],
    &["text"],
    &["domain"],
    &["columns"],
    &["store"],
    &["transfer"],
    &["cli", "tui"],
    &["main"],
];

/// Crates and the one layer that may name them.
const OWNED: &[(&str, &str)] = &[
    ("rusqlite", "store"),
    ("ratatui", "tui"),
    ("crossterm", "tui"),
    ("tui_input", "tui"),
    ("clap", "cli"),
    ("indicatif", "cli"),
];

/// Starts of statements as SQL is written here, in capitals.
const SQL: &[&str] = &[
    "SELECT ",
    "INSERT INTO ",
    "INSERT OR ",
    "DELETE FROM ",
    "CREATE TABLE",
    "CREATE INDEX",
    "CREATE VIRTUAL",
    "ALTER TABLE",
    "DROP TABLE",
    "PRAGMA ",
    "BEGIN IMMEDIATE",
    "VACUUM INTO",
    "ORDER BY ",
    "GROUP BY ",
];

/// A transaction that begins without the write lock may only read, or write what nobody else can have open: a salvaged book's
/// draft, a merge's or a migration's source. One that wrote later could be refused by whoever wrote meanwhile.
const WITHOUT_LOCK: &[(&str, &[&str])] = &[
    (
        "BEGIN",
        &[
            "store/backup.rs",
            "store/doctor.rs",
            "store/roster.rs",
            "store/salvage.rs",
            "store/salvage/scrap.rs",
        ],
    ),
    (
        "unchecked_transaction",
        &[
            "store/kept.rs",
            "store/merge.rs",
            "store/roster.rs",
            "store/sync.rs",
        ],
    ),
    ("transaction", &[]),
    ("DEFERRED", &[]),
];

/// Ways to ask for the time.
const CLOCKS: &[&str] = &["SystemTime", "Instant", "Utc::now", "Local::now"];

/// The only files that may.
const CLOCK_FILES: &[&str] = &["cli.rs", "tui.rs"];

const PRINTING: &[&str] = &["println!", "eprintln!", "print!", "eprint!", "dbg!"];

const FORBIDDEN_STEMS: &[&str] = &[
    "util", "utils", "common", "helper", "helpers", "type", "types", "model", "models", "manager",
    "managers", "handler", "handlers", "misc",
];

const FORBIDDEN_ENDINGS: &[&str] = &[
    "Manager", "Handler", "Helper", "Helpers", "Util", "Utils", "Service",
];

/// Sentences that stand in the code and in no words file.
const SENTENCES: usize = 592;

/// More lines than this, tests left out, and a file is cut by subject.
const LONGEST: usize = 750;

/// Files that were shorter before lines became narrower. Each leaves this list when it is cut.
const TO_BE_CUT: &[&str] = &[
    "cli.rs",
    "store/backup.rs",
    "store/load.rs",
    "store/merge/take.rs",
    "store/open.rs",
    "store/outbox/entry.rs",
    "store/purge.rs",
    "store/signal.rs",
    "store/sync/give.rs",
    "store/sync.rs",
    "transfer/import/desk.rs",
    "transfer/import/kind.rs",
    "tui/verbs.rs",
    "tui/views/calls.rs",
    "tui/views/clash.rs",
    "tui/views/funnel/panels.rs",
];

/// Every sentence that the rules have to say about the sources.
fn judge(sources: &[Source]) -> Vec<String> {
    let tests: BTreeSet<PathBuf> = sources.iter().flat_map(Source::test_files).collect();
    let is_test = |s: &&Source| {
        tests
            .iter()
            .any(|t| s.path == *t || s.path.starts_with(t.with_extension("")))
    };
    let mut said = Vec::new();
    for source in sources.iter().filter(|s| !is_test(s)) {
        arrows(source, &mut said);
        owners(source, &mut said);
        locks(source, &mut said);
        clock_and_printing(source, &mut said);
        shape(source, &mut said);
    }
    said
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn arrows(source: &Source, said: &mut Vec<String>) {
    let layer = source.layer();
    // lib.rs declares every layer.
    let Some(own) = rank(&layer) else { return };
    let mut named: Vec<String> = source.modules_named();
    named.sort();
    named.dedup();
    for module in named.iter().filter(|m| **m != layer) {
        match rank(module) {
            Some(other) if other > own => {
                said.push(format!("{} reaches up to {module}", source.name()))
            }
            Some(other) if other == own => {
                said.push(format!("{} reaches across to {module}", source.name()))
            }
            _ => {}
        }
    }
}

fn owners(source: &Source, said: &mut Vec<String>) {
    let layer = source.layer();
    for (name, owner) in OWNED {
        if layer != *owner && source.code_has(name) {
            said.push(format!(
                "{} names {name}, which belongs to {owner}",
                source.name()
            ));
        }
    }
    if layer != "store"
        && let Some(word) = SQL
            .iter()
            .find(|word| source.texts.iter().any(|t| t.contains(*word)))
    {
        said.push(format!(
            "{} holds SQL ({}), which belongs to store",
            source.name(),
            word.trim_end()
        ));
    }
}

/// Every write takes the lock first.
fn locks(source: &Source, said: &mut Vec<String>) {
    let name = source.name();
    for (way, readers) in WITHOUT_LOCK {
        let in_texts = source.texts.iter().any(|t| {
            let words: Vec<&str> = t
                .split(|c: char| !c.is_ascii_alphabetic())
                .filter(|w| !w.is_empty())
                .collect();
            (0..words.len()).any(|at| words[at] == *way && words.get(at + 1) != Some(&"IMMEDIATE"))
        });
        if source.layer() == "store"
            && (in_texts || source.code_has(way))
            && !readers.contains(&name.as_str())
        {
            said.push(format!("{name} begins a transaction without the write lock ({way}); a write takes it first: BEGIN IMMEDIATE"));
        }
    }
}

fn clock_and_printing(source: &Source, said: &mut Vec<String>) {
    let name = source.name();
    if !CLOCK_FILES.contains(&name.as_str())
        && let Some(clock) = CLOCKS.iter().find(|clock| source.code_has(clock))
    {
        said.push(format!(
            "{name} asks the clock ({clock}); time is handed down from cli.rs and tui.rs"
        ));
    }
    if !["cli", "main"].contains(&source.layer().as_str())
        && let Some(print) = PRINTING.iter().find(|print| source.code_has(print))
    {
        said.push(format!("{name} prints ({print}), which belongs to cli"));
    }
}

fn shape(source: &Source, said: &mut Vec<String>) {
    let name = source.name();
    if name.ends_with("/mod.rs") {
        said.push(format!("{name} is a mod.rs; write foo.rs beside foo/"));
    }
    if let Some(stem) = name
        .trim_end_matches(".rs")
        .split('/')
        .find(|part| FORBIDDEN_STEMS.contains(part))
    {
        said.push(format!(
            "{name} is called {stem}, which says nothing; name the thing that it owns"
        ));
    }
    for declared in source.types_declared() {
        if let Some(ending) = FORBIDDEN_ENDINGS
            .iter()
            .find(|ending| declared.ends_with(*ending))
        {
            said.push(format!(
                "{name} declares {declared}; {ending} says nothing, name the thing that it owns"
            ));
        }
    }
    let lines = source.lines_of_code();
    if lines > LONGEST && !TO_BE_CUT.contains(&name.as_str()) {
        said.push(format!(
            "{name} has {lines} lines without its tests; over {LONGEST} it is cut by subject"
        ));
    }
}

fn read_folder(folder: &Path, root: &Path, into: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the sources are there")
        .map(|e| e.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            read_folder(&path, root, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).expect("UTF-8");
            into.push(Source::new(
                path.strip_prefix(root).expect("below the root"),
                &text,
            ));
        }
    }
}

#[test]
fn the_sources_keep_the_house_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    read_folder(&root, &root, &mut sources);
    assert!(sources.len() > 20, "the sources were found");
    let said = judge(&sources);
    assert!(said.is_empty(), "\n{}\n", said.join("\n"));
}

/// What the rules say about made-up sources.
fn said_of(files: &[(&str, &str)]) -> Vec<String> {
    judge(
        &files
            .iter()
            .map(|(path, text)| Source::new(Path::new(path), text))
            .collect::<Vec<_>>(),
    )
}

#[test]
fn an_arrow_upward_is_found_however_it_is_written() {
    let up = ["columns.rs reaches up to tui"];
    for text in [
        "use crate::tui::View;",
        "use crate::{text::fold, tui};",
        "use crate::{domain::{id, time}, tui::{self, View}};",
        "fn f() { crate::tui::run() }",
        "use super::tui;",
    ] {
        assert_eq!(said_of(&[("columns.rs", text)]), up, "{text}");
    }
    assert_eq!(
        said_of(&[(
            "domain/time/words.rs",
            "use super::super::super::store::Store;"
        )]),
        ["domain/time/words.rs reaches up to store"]
    );
    assert_eq!(
        said_of(&[("cli/list.rs", "use crate::tui::run;")]),
        ["cli/list.rs reaches across to tui"]
    );
    assert_eq!(
        said_of(&[("text.rs", "use crate::domain::id::Id;")]),
        ["text.rs reaches up to domain"]
    );
}

#[test]
fn arrows_downward_and_words_in_comments_texts_and_tests_are_fine() {
    let text = r##"
        //! crate::tui is not named here.
        use crate::{domain::id::Id, text};
        use super::store::Store;
        /* use crate::cli; /* nested */ use rusqlite::x; */
        const A: &str = "crate::tui \" println!";
        const B: &str = r#"ratatui "quoted" SystemTime"#;
        fn life<'a>(x: &'a str) -> char { '"' }
        #[cfg(test)]
        mod tests {
            use crate::tui::Harness;
            const SQL: &str = "SELECT 1 }";
            fn now() { println!("{:?}", std::time::Instant::now()); }
        }
    "##;
    assert_eq!(said_of(&[("transfer.rs", text)]), Vec::<String>::new());
}

#[test]
fn a_file_of_tests_only_is_left_out() {
    let files = [
        ("domain/roster.rs", "#[cfg(test)]\nmod tests;"),
        ("domain/roster/tests.rs", "use crate::tui::Harness;"),
    ];
    assert_eq!(said_of(&files), Vec::<String>::new());
    assert_eq!(
        said_of(&files[1..]).len(),
        1,
        "without its declaration it is a source like any other"
    );
}

#[test]
fn what_belongs_to_one_layer_is_found_in_another() {
    let cases = [
        (
            "domain/id.rs",
            "use rusqlite::Connection;",
            "domain/id.rs names rusqlite, which belongs to store",
        ),
        (
            "transfer/rows.rs",
            "fn f() { run(\"SELECT name FROM customer\") }",
            "transfer/rows.rs holds SQL (SELECT), which belongs to store",
        ),
        (
            "cli/list.rs",
            "use ratatui::style::Style;",
            "cli/list.rs names ratatui, which belongs to tui",
        ),
        (
            "store.rs",
            "fn f(k: crossterm::event::KeyEvent) {}",
            "store.rs names crossterm, which belongs to tui",
        ),
        (
            "main.rs",
            "use clap::Parser;",
            "main.rs names clap, which belongs to cli",
        ),
        (
            "store/open.rs",
            "use std::time::SystemTime;",
            "store/open.rs asks the clock (SystemTime); time is handed down from cli.rs and tui.rs",
        ),
        (
            "domain/time.rs",
            "fn f() { chrono::Utc::now(); }",
            "domain/time.rs asks the clock (Utc::now); time is handed down from cli.rs and tui.rs",
        ),
        (
            "store.rs",
            "fn f() { eprintln!(\"x\") }",
            "store.rs prints (eprintln!), which belongs to cli",
        ),
    ];
    for (path, text, sentence) in cases {
        assert_eq!(said_of(&[(path, text)]), [sentence]);
    }
    assert_eq!(
        said_of(&[("cli.rs", "fn f() { SystemTime::now(); println!() }")]),
        Vec::<String>::new()
    );
}

#[test]
fn a_write_that_does_not_take_the_lock_first_is_found() {
    let without = |way: &str| {
        format!(
            "store/write.rs begins a transaction without the write lock ({way}); a write takes it first: BEGIN IMMEDIATE"
        )
    };
    for (text, way) in [
        ("fn f() { run(\"PRAGMA x; BEGIN\") }", "BEGIN"),
        ("fn f() { run(\"BEGIN DEFERRED\") }", "BEGIN"),
        (
            "fn f() { conn.unchecked_transaction() }",
            "unchecked_transaction",
        ),
        ("fn f() { conn.transaction() }", "transaction"),
    ] {
        assert_eq!(said_of(&[("store/write.rs", text)])[0], without(way));
    }
    let fine = [
        (
            "store/write.rs",
            "fn f() { run(\"BEGIN IMMEDIATE; COMMIT\") }",
        ),
        ("store/roster.rs", "fn f() { run(\"BEGIN\") }"),
    ];
    assert_eq!(said_of(&fine), Vec::<String>::new());
}

/// The sentences of the words file, by their codes.
fn sentences() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let words = fs::read_to_string(root.join("assets/text/en.toml")).expect("the words");
    let (_, lines) = words.split_once("\n[say]\n").expect("sentences");
    let code = |line: &str| line.split_once(" = ").expect("a code").0.to_owned();
    lines.lines().map(code).collect()
}

/// A search for a sentence leads from the words file to where it is said.
#[test]
fn every_sentence_of_the_words_file_is_said_somewhere() {
    let mut whole = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the sources are there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                whole.push_str(&fs::read_to_string(&path).expect("UTF-8"));
            }
        }
    }
    for code in sentences() {
        assert!(
            whole.contains(&format!("\"{code}\"")),
            "nothing says {code}"
        );
    }
}

/// Sentences in the code are in no other language. There are fewer with each change, never more: what is left is deep in
/// the store and the importer.
#[test]
fn the_sentences_in_the_code_do_not_grow() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    read_folder(&root.join("src"), &root.join("src"), &mut sources);
    let is_word = |w: &&str| {
        let mut letters = w.chars();
        letters.next().is_some_and(|c| c.is_ascii_alphabetic())
            && w.len() > 1
            && letters.all(|c| c.is_ascii_lowercase() || c == '\'')
    };
    let is_sentence = |text: &&String| {
        let apart = |c: char| !c.is_ascii_alphabetic() && c != '\'';
        let sql = |w| ["SELECT", "INSERT", "UPDATE", "DELETE", "PRAGMA", "FROM"].contains(&w);
        text.contains(' ')
            && text.split(apart).filter(is_word).count() >= 3
            && !text.split(apart).any(sql)
    };
    let own = |s: &&Source| {
        let name = s.name();
        let tests = name.contains("tests/") || name.ends_with("tests.rs");
        !tests && !name.contains("harness") && !name.starts_with("transfer/demo")
    };
    let of = |s: &Source| s.texts.iter().filter(is_sentence).count();
    let found: usize = sources.iter().filter(own).map(of).sum();
    assert!(
        found <= SENTENCES,
        "{found} sentences stand in the code, {SENTENCES} did"
    );
}

#[test]
fn files_and_types_have_names_and_an_end() {
    let long = "fn f() {}\n".repeat(LONGEST + 1);
    let tested = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
    let cases = [
        (
            "store/mod.rs",
            "",
            "store/mod.rs is a mod.rs; write foo.rs beside foo/",
        ),
        (
            "domain/utils.rs",
            "",
            "domain/utils.rs is called utils, which says nothing; name the thing that it owns",
        ),
        (
            "tui/common/x.rs",
            "",
            "tui/common/x.rs is called common, which says nothing; name the thing that it owns",
        ),
        (
            "tui.rs",
            "pub struct KeyHandler;",
            "tui.rs declares KeyHandler; Handler says nothing, name the thing that it owns",
        ),
        (
            "tui.rs",
            long.as_str(),
            "tui.rs has 751 lines without its tests; over 750 it is cut by subject",
        ),
    ];
    for (path, text, sentence) in cases {
        assert_eq!(said_of(&[(path, text)]), [sentence]);
    }
    assert_eq!(said_of(&[("tui.rs", &tested)]), Vec::<String>::new());
}
