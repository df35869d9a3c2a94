//! Everything by subcommands alone: the examples of every help, what screens and subcommands share, trying, doing once, rows as
//! lines and CSV, customers on standard input, completions, SQL, config files and hooks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::Desk;

/// The path of the shell's programs, with the program in front.
fn search_path() -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_retain"))
        .parent()
        .expect("a folder");
    format!(
        "{}:{}",
        program.display(),
        std::env::var("PATH").unwrap_or_default()
    )
}

/// What a line in a shell does at a desk.
fn shell(desk: &Desk, line: &str) -> Output {
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .env_clear()
        .current_dir(desk.home.path());
    command
        .env("PATH", search_path())
        .env("HOME", desk.home.path())
        .env("USER", "ada")
        .env("TZ", "UTC");
    command
        .env("RETAIN_BOOK", desk.path("book/book.db"))
        .env("RETAIN_NOW", "2026-11-21T09:30:00Z");
    command.output().expect("sh runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// Lines that make the small book on which the examples run.
const PREPARED: &[&str] = &[
    "retain import files",
    "cp files/customers.csv customers.csv",
    "retain task acme 'Prepare renewal' --due 2026-12-01",
    "retain action open acme 'They find it dear' --kind risk --reason price",
    "retain nps acorn 2 'too slow'",
    "retain note acme 'They like short calls'",
    "retain contact add acorn 'D. Ruiz' --email dana@acme.example",
    "retain view save 'At risk' --filter 'health<60'",
    "retain attribute add industry --label Industry",
    "retain backup before.db",
    "mkdir away && cp book/book.db away/laptop.db",
    "retain edit acme phone=1",
    "RETAIN_BOOK=away/laptop.db retain edit acme phone=2 --me ben",
    "retain merge away/laptop.db || test $? = 4",
    "RETAIN_BOOK=away/laptop.db retain note acme 'from the train' --me ben",
    "retain config export config",
    "retain note acme 'the latest' --me ada",
];

fn prepared() -> Desk {
    let desk = Desk::empty();
    desk.write_files();
    for line in PREPARED {
        let done = shell(&desk, line);
        assert!(done.status.success(), "{line}: {}", text(&done.stderr));
    }
    desk
}

/// A copy of a desk: a book of its own with everything beside it.
fn copy(desk: &Desk) -> Desk {
    let new = Desk::empty();
    let done = Command::new("cp")
        .arg("-a")
        .arg(format!("{}/.", desk.home.path().display()))
        .arg(new.home.path())
        .status()
        .expect("cp runs");
    assert!(done.success());
    new
}

/// The names under "Commands:" of a help.
fn below(help: &str) -> Vec<String> {
    let list = help
        .lines()
        .skip_while(|l| *l != "Commands:")
        .skip(1)
        .take_while(|l| !l.is_empty());
    let named = list
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next());
    named
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// The helps of all subcommands, by whole name.
fn helps(desk: &Desk) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut ask: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(path) = ask.pop() {
        let mut args: Vec<&str> = path.iter().map(String::as_str).collect();
        args.push("-h");
        let help = desk.raw(&args, "");
        assert!(help.status.success(), "{path:?}: {help:?}");
        let help = text(&help.stdout).to_owned();
        ask.extend(
            below(&help)
                .into_iter()
                .map(|name| path.iter().cloned().chain([name]).collect()),
        );
        all.insert(path.join(" "), help);
    }
    all
}

#[test]
fn every_example_of_every_help_runs() {
    let desk = prepared();
    let helps = helps(&desk);
    assert!(helps.len() > 90, "{} helps", helps.len());
    let mut ran = 0;
    for (name, help) in &helps {
        let lines = help
            .lines()
            .skip_while(|l| !l.starts_with("Example"))
            .skip(1)
            .take_while(|l| l.starts_with("  "));
        for line in lines.map(str::trim) {
            let done = shell(&copy(&desk), line);
            assert!(
                done.status.success(),
                "{name}: {line}\n{}{}",
                text(&done.stdout),
                text(&done.stderr)
            );
            assert!(
                !done.stdout.contains(&0x1b) && !done.stderr.contains(&0x1b),
                "{line} sends colour into a pipe"
            );
            ran += 1;
        }
    }
    assert!(
        ran >= helps.len(),
        "{ran} examples for {} subcommands",
        helps.len()
    );
}

#[test]
fn every_action_of_the_screens_names_a_subcommand_that_is_there() {
    let desk = Desk::empty();
    let helps = helps(&desk);
    let keys = desk.json(&["keys", "--json"]);
    let mut without = Vec::new();
    for row in keys["rows"].as_array().expect("rows") {
        let (action, sub) = (
            row["action"].as_str().expect("an action"),
            row["subcommand"].as_str().expect("a name"),
        );
        let label = action.split_once('.').expect("a screen").1;
        match sub {
            "" if retain::tui::key_row::SCREEN_ONLY.contains(&label) => {}
            "" => without.push(action.to_owned()),
            _ => assert!(
                helps.contains_key(sub),
                "{action} names `retain {sub}`, which there is not"
            ),
        }
    }
    assert_eq!(without, Vec::<String>::new(), "these name no subcommand");
}

#[test]
fn what_is_only_tried_leaves_the_book_as_it_was() {
    let desk = prepared();
    let digest =
        |desk: &Desk| text(&shell(desk, "retain doctor --json | grep digest").stdout).to_owned();
    let before = digest(&desk);
    for line in [
        "retain move -f 'stage:conversion' churned --reason price --dry-run",
        "retain edit acme owner=zoe --dry-run",
        "retain nps acme 1 --dry-run",
        "retain undo --dry-run",
        "retain config currency EUR --dry-run",
        "retain add Globex --dry-run",
    ] {
        let done = shell(&desk, line);
        assert!(
            done.status.success()
                && text(&done.stdout).starts_with("Only tried, nothing is written: "),
            "{line}: {done:?}"
        );
        assert_eq!(digest(&desk), before, "{line}");
    }
    let tried: Value =
        serde_json::from_slice(&shell(&desk, "retain edit acme owner=zoe --dry-run --json").stdout)
            .expect("JSON");
    let change = &tried["changes"][0];
    assert_eq!(
        (&change["field"], &change["before"], &change["after"]),
        (&"owner".into(), &"ada".into(), &"zoe".into())
    );
    for line in [
        "retain purge acme --yes --dry-run",
        "retain backup --dry-run",
        "retain restore --dry-run",
        "retain rule run --dry-run",
    ] {
        assert_eq!(shell(&desk, line).status.code(), Some(2), "{line}");
    }
}

#[test]
fn a_key_makes_a_repeated_call_do_nothing() {
    let desk = prepared();
    let call = "retain note acme again --idempotency-key job-1 --json";
    let first: Value = serde_json::from_slice(&shell(&desk, call).stdout).expect("JSON");
    let second: Value = serde_json::from_slice(&shell(&desk, call).stdout).expect("JSON");
    assert_eq!(
        (&first["repeated"], &second["repeated"]),
        (&false.into(), &true.into())
    );
    assert_eq!(
        (&first["batch"], &first["label"], &first["changed"]),
        (&second["batch"], &second["label"], &second["changed"])
    );
    // A call that would be refused the second time is none.
    for _ in 0..2 {
        assert!(
            shell(
                &desk,
                "retain task done 'prepare renewal' --idempotency-key job-2"
            )
            .status
            .success()
        );
    }
    // Taken back, it is still known; and merges carry it.
    shell(&desk, "retain undo; retain undo");
    shell(
        &desk,
        "RETAIN_BOOK=away/laptop.db retain merge book/book.db",
    );
    let there =
        "RETAIN_BOOK=away/laptop.db retain note acme again --idempotency-key job-1 --json --me ben";
    let third: Value = serde_json::from_slice(&shell(&desk, there).stdout).expect("JSON");
    assert_eq!(
        (&third["repeated"], &third["batch"]),
        (&true.into(), &first["batch"])
    );
    // Two at once: one wins.
    let both = "for i in 1 2 3 4; do retain note acme at-once --idempotency-key job-3 --json & done | grep -c '\"repeated\": false'; wait";
    assert_eq!(text(&shell(&desk, both).stdout).trim(), "1");
    // Another call under a key is refused, and what only looks takes none.
    for line in [
        "retain note acme other --idempotency-key job-3",
        "echo other | retain note acme - --idempotency-key job-5; echo another | retain note acme - --idempotency-key job-5",
        "retain list --idempotency-key job-1",
        "retain doctor --idempotency-key job-6",
        "retain rule run --idempotency-key job-7",
        "retain config --idempotency-key job-8",
        "retain purge acme --yes --idempotency-key job-4",
    ] {
        assert_eq!(shell(&desk, line).status.code(), Some(2), "{line}");
    }
    let refused = shell(&desk, "retain note globex again --idempotency-key job-3");
    assert!(
        text(&refused.stderr).contains("was used for another call: \"Note on Acme"),
        "{refused:?}"
    );
    let piped = "for i in 1 2; do echo piped | retain note acme - --idempotency-key job-9; done";
    assert!(text(&shell(&desk, piped).stdout).contains("Done before"));
}

#[test]
fn rows_come_as_lines_and_as_csv_with_the_names_of_the_json() {
    let desk = prepared();
    for read in [
        "list",
        "today",
        "history",
        "task list",
        "owners",
        "tags",
        "stages",
        "view list",
        "action list",
        "contact list acme",
        "event list acme",
        "funnel",
        "backup list",
        "keys",
    ] {
        let run = |how: &str| shell(&desk, &format!("retain {read} {how}"));
        let (lines, csv) = (run("--jsonl"), run("--csv"));
        assert!(
            lines.status.success() && csv.status.success(),
            "{read}: {lines:?} {csv:?}"
        );
        let rows: Vec<Value> = text(&lines.stdout)
            .lines()
            .map(|l| serde_json::from_str(l).expect("an object a line"))
            .collect();
        assert!(rows.iter().all(Value::is_object), "{read}");
        let heads: BTreeSet<String> = text(&csv.stdout)
            .lines()
            .next()
            .unwrap_or_default()
            .split(',')
            .map(str::to_owned)
            .collect();
        let names: BTreeSet<String> = rows
            .iter()
            .flat_map(|r| r.as_object().expect("an object").keys().cloned())
            .collect();
        assert_eq!(
            heads,
            if rows.is_empty() {
                BTreeSet::from([String::new()])
            } else {
                names
            },
            "{read}"
        );
    }
    assert_eq!(
        shell(&desk, "retain list --json --csv").status.code(),
        Some(2)
    );
    let error = shell(&desk, "retain show nobody --jsonl");
    assert_eq!(
        serde_json::from_slice::<Value>(&error.stderr).expect("JSON")["error"]["exit"],
        3
    );
    // A reader that has read enough is nobody's trouble.
    let cut = shell(&desk, "retain keys | head -n 1");
    assert!(cut.status.success() && cut.stderr.is_empty(), "{cut:?}");
}

#[test]
fn several_customers_at_once_are_one_step() {
    let desk = prepared();
    let tags = |desk: &Desk| text(&shell(desk, "retain tags --csv").stdout).to_owned();
    let before = tags(&desk);
    for line in [
        "retain list -f 'owner:ada' --ids | retain tag - +eu",
        "retain list -f 'owner:ada' --jsonl | retain tag - +eu",
        "printf 'A1\\nacorn\\n\\nA1\\n' | retain tag - +eu",
        "retain tag -f 'owner:ada' +eu",
    ] {
        let done = shell(&desk, line);
        assert_eq!(
            text(&done.stdout),
            "Tags +eu on 2 customers\n",
            "{line}: {done:?}"
        );
        assert!(shell(&desk, "retain undo").status.success());
        assert_eq!(tags(&desk), before, "{line}");
    }
    for (line, exit) in [
        ("printf 'A1\\nnobody\\n' | retain tag - +eu", 3),
        ("printf '' | retain tag - +eu", 3),
        ("retain tag -f 'owner:nobody' +eu", 3),
        ("retain tag -f 'owner:' +eu health<", 2),
        ("retain tag +eu", 2),
        ("retain note", 2),
    ] {
        let done = shell(&desk, line);
        assert_eq!(
            done.status.code(),
            Some(exit),
            "{line}: {}",
            text(&done.stderr)
        );
        assert_eq!(tags(&desk), before, "{line}");
    }
}

/// What a shell is offered for the last of these words.
fn offered(desk: &Desk, shell: &str, words: &[&str]) -> Vec<String> {
    let mut args = vec!["--"];
    args.extend(words);
    let mut command = desk.command(&args);
    command
        .env("COMPLETE", shell)
        .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string())
        .env("_CLAP_IFS", "\n")
        .env("RETAIN_BOOK", desk.path("book/book.db"));
    let output = command.output().expect("it runs");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    let word = |line: &str| {
        line.split(if shell == "zsh" { ':' } else { '\t' })
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    text(&output.stdout).lines().map(word).collect()
}

#[test]
fn shells_complete_subcommands_flags_and_the_words_of_the_book() {
    let desk = prepared();
    let names: BTreeSet<String> = helps(&desk)
        .into_keys()
        .filter(|name| !name.is_empty() && !name.contains(' '))
        .collect();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = desk.run(&["completions", shell]);
        assert!(
            script.contains("COMPLETE") && script.ends_with("exit 0"),
            "{shell}: {script}"
        );
        let all: BTreeSet<String> = offered(&desk, shell, &["retain", ""]).into_iter().collect();
        let missing: Vec<&String> = names.difference(&all).collect();
        assert!(missing.is_empty(), "{shell} lacks {missing:?}");
        let flags = offered(&desk, shell, &["retain", "list", "--"]);
        assert!(
            ["--filter", "--json", "--dry-run", "--view"]
                .iter()
                .all(|f| flags.iter().any(|o| o == f)),
            "{shell}: {flags:?}"
        );
    }
    for (words, wanted) in [
        (&["retain", "show", "ac"][..], &["Acme", "Acorn Ltd"][..]),
        (&["retain", "assign", "acme", ""], &["ada", "bob"]),
        (&["retain", "move", "acme", "ret"], &["retention"]),
        (&["retain", "list", "--view", "at"], &["At risk"]),
        (&["retain", "list", "--sort", "heal"], &["health"]),
        (&["retain", "edit", "acme", "attr"], &["attr.industry="]),
        (&["retain", "edit", "acme", "owner=b"], &["owner=bob"]),
        (&["retain", "tag", "acme", "+p"], &["+pilot"]),
        (&["retain", "list", "--filter", "owner:b"], &["owner:bob"]),
        (&["retain", "play", "start", "clo"], &["close_the_loop"]),
        (&["retain", "log", "--channel", "mee"], &["meeting"]),
    ] {
        let all = offered(&desk, "fish", words);
        assert!(
            wanted.iter().all(|w| all.iter().any(|o| o.trim() == *w)),
            "{words:?}: {all:?}"
        );
    }
    assert!(offered(&desk, "bash", &["retain", "show", "aco"]).contains(&"Acorn\\ Ltd".to_owned()));
    assert_eq!(
        offered(&Desk::empty(), "bash", &["retain", "show", "ac"]),
        Vec::<String>::new(),
        "without a book there is nothing to say"
    );
}

#[test]
fn sql_reads_views_and_nothing_else() {
    let desk = prepared();
    let csv = shell(
        &desk,
        "retain sql 'select name, owner from customer order by name' --csv",
    );
    assert_eq!(
        text(&csv.stdout).lines().take(2).collect::<Vec<_>>(),
        ["name,owner", "Acme,ada"]
    );
    let lines = shell(
        &desk,
        "echo 'select c.name, s.health from signal s join customer c on c.id = s.customer_id' | retain sql - --jsonl",
    );
    assert_eq!(text(&lines.stdout).lines().count(), 3, "{lines:?}");
    for line in [
        "retain sql 'delete from customer'",
        "retain sql 'pragma journal_mode'",
        "retain sql \"attach 'x' as x\"",
        "retain sql 'select * from nowhere'",
    ] {
        let refused = shell(&desk, &format!("{line} --json"));
        assert_eq!(refused.status.code(), Some(2), "{line}");
        assert_eq!(
            serde_json::from_slice::<Value>(&refused.stderr).expect("JSON")["error"]["kind"],
            "usage"
        );
    }
    let endless = "retain sql --timeout 1 'with recursive n(i) as (select 1 union all select i+1 from n) select count(*) from n'";
    let stopped = shell(&desk, endless);
    assert_eq!(
        (stopped.status.code(), text(&stopped.stderr).lines().next()),
        (Some(1), Some("The statement was stopped before its end"))
    );
}

#[test]
fn config_files_come_back_as_they_went_and_mistakes_name_file_and_line() {
    let desk = prepared();
    let ok = |line: &str| {
        let done = shell(&desk, line);
        assert!(done.status.success(), "{line}: {}", text(&done.stderr));
        text(&done.stdout).to_owned()
    };
    assert_eq!(
        ok("retain config check"),
        "Nothing is wrong; the book has all of it\n"
    );
    assert_eq!(ok("retain config import config"), "Nothing is new in it\n");
    ok(
        "sed -i 's/^label = \"Reach\"/label = \"Seen\"/; s/^# The lifecycle/# Ours. The lifecycle/' config/stages.toml",
    );
    ok(
        "printf '[[view]]\\nname = \"Renewals\"\\nfilter = \"renews<90d\"\\nsort = \"renews\"\\n' > config/views.toml",
    );
    assert_eq!(
        ok("retain config import config"),
        "Settings taken over: stages, views\n"
    );
    assert!(ok("retain stages").contains("Seen") && ok("retain view list").contains("Renewals"));
    ok("retain config export again");
    assert!(
        ok("head -n 1 again/stages.toml").starts_with("# Ours."),
        "comments stay"
    );
    ok("retain undo");
    assert!(
        !ok("retain stages").contains("Seen") && !ok("retain view list").contains("Renewals"),
        "one step"
    );
    for (change, file, said) in [
        (
            "s/^when = \"unanswered\"/when = \"unanswerd>2\"/",
            "rules",
            "At config/rules.toml:9: the rule \"detractor\" has a filter that cannot be read",
        ),
        (
            "s/^weight = 20/weigth = 20/",
            "scorecards",
            "missing field `weight`",
        ),
        (
            "s/^expected_days = 30/expected_days = \"a month\"/",
            "stages",
            "At config/stages.toml:12: invalid type: string \"a month\"",
        ),
        (
            "s/^class = \"lost\"/class = \"gone\"/",
            "stages",
            "unknown variant `gone`, expected one of",
        ),
    ] {
        ok("retain config export config");
        ok(&format!("sed -i '{change}' config/{file}.toml"));
        let wrong = shell(&desk, "retain config check config");
        let first = text(&wrong.stderr)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned();
        assert_eq!(wrong.status.code(), Some(2), "{change}: {first}");
        assert!(
            first.contains(said) && first.starts_with(&format!("At config/{file}.toml:")),
            "{change}: {first}"
        );
    }
    // An editor that is not content leaves everything; one that makes a mistake keeps the text.
    assert!(
        !shell(&desk, "EDITOR=false retain config edit rules")
            .status
            .success()
    );
    let wrong = shell(
        &desk,
        "EDITOR='sed -i s/^code/cod/' retain config edit rules",
    );
    assert!(
        text(&wrong.stderr).contains("your text is in "),
        "{wrong:?}"
    );
}

#[test]
fn hooks_get_each_batch_and_never_hold_a_write_up() {
    let desk = prepared();
    let folder = desk.path(".config/retain");
    std::fs::create_dir_all(&folder).expect("a folder");
    let out = desk.path("told");
    let file = format!(
        "[[hook]]\nrun = \"cat >> '{0}'\"\non = [\"note\", \"undo\", \"import\"]\n\n[[hook]]\nrun = \"echo down >&2; exit 3\"\non = [\"pulse\"]\n\n[[hook]]\nrun = \"cat >> '{0}'\"\nbook = \"/nowhere/other.db\"\n",
        out.display()
    );
    std::fs::write(folder.join("hooks.toml"), file).expect("written");
    assert!(shell(&desk, "retain note acme hello").status.success());
    assert!(shell(&desk, "retain edit acme owner=zoe").status.success());
    assert!(
        shell(&desk, "retain note acme tried --dry-run")
            .status
            .success()
    );
    let pulse = shell(&desk, "retain pulse acme 4 --json");
    assert!(
        pulse.status.success(),
        "a hook that fails does not make the write fail"
    );
    assert!(
        text(&pulse.stderr).contains("echo down")
            && text(&pulse.stderr).contains("the change stands"),
        "{pulse:?}"
    );
    assert!(serde_json::from_slice::<Value>(&pulse.stdout).is_ok());
    shell(&desk, "retain undo");
    let import = shell(
        &desk,
        "printf 'customer_id,name\\nZ9,Zeta\\n' | retain import - --as customers",
    );
    assert!(import.status.success(), "{import:?}");
    let told: Vec<Value> = std::fs::read_to_string(&out)
        .expect("told")
        .lines()
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect();
    let kinds: Vec<&str> = told
        .iter()
        .map(|t| t["kind"].as_str().expect("a kind"))
        .collect();
    assert_eq!(kinds, ["note", "undo", "import"]);
    assert_eq!(told[2]["changes"][0]["name"], "Zeta");
    assert_eq!(
        (
            &told[0]["schema"],
            &told[0]["customer_name"],
            &told[0]["person"]
        ),
        (&1.into(), &"Acme".into(), &"ada".into())
    );
    // What the book says runs nothing.
    assert_eq!(
        shell(&desk, "retain config hooks 'touch pwned'")
            .status
            .code(),
        Some(2)
    );
}

/// What stands in a JSON answer, as the documentation says it: its names in order, and those of its rows.
fn shape(answer: &Value) -> String {
    let name = |(name, value): (&String, &Value)| {
        let rows = value
            .as_array()
            .filter(|rows| !rows.is_empty() && rows.iter().all(Value::is_object));
        let mut names: Vec<&str> = Vec::new();
        for key in rows
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .flat_map(|row| row.keys())
        {
            if !names.contains(&key.as_str()) {
                names.push(key);
            }
        }
        if names.is_empty() {
            format!("`{name}`")
        } else {
            format!("`{name}`[{}]", names.join(", "))
        }
    };
    answer
        .as_object()
        .expect("an object")
        .iter()
        .map(name)
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
fn the_names_in_json_are_the_documented_ones() {
    let desk = prepared();
    let documented = include_str!("../../docs/json.md");
    let rows: Vec<(&str, &str)> = documented
        .lines()
        .filter_map(|l| {
            l.strip_prefix("| `")?
                .strip_suffix(" |")?
                .split_once("` | ")
        })
        .collect();
    assert!(rows.len() > 35, "{} subcommands are documented", rows.len());
    let mut wrong = Vec::new();
    for (line, names) in rows {
        let done = shell(&copy(&desk), &format!("retain {line} --json"));
        let answer: Value =
            serde_json::from_slice(&done.stdout).unwrap_or_else(|e| panic!("{line}: {e} {done:?}"));
        assert_eq!(answer["schema"], 1, "{line}");
        if shape(&answer) != names {
            wrong.push(format!("| `{line}` | {} |", shape(&answer)));
        }
    }
    assert!(
        wrong.is_empty(),
        "docs/json.md should say:\n{}",
        wrong.join("\n")
    );
}
