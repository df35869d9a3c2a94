//! Subcommands that only read.

use insta::assert_snapshot;

use super::Desk;

#[test]
fn list_as_a_table_json_and_csv() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["list"]), @r#"
    priority  name          owner  stage        arr  health  nps  tickets  renews  touch
         198  Acme          ada    Retention    24k  61        4        1    161d    51d
           -  Acorn Ltd     ada    Reach          -  -         -        0       -      -
          52  Böhm & Söhne  bob    Conversion  6000  -         -        0    284d      -
    exit 0
    "#);
    assert_snapshot!(desk.run(&["list", "--filter", "owner:ada", "--sort", "-name", "--columns", "name,stage,arr"]), @r#"
    name       stage      arr
    Acorn Ltd  Reach        -
    Acme       Retention  24k
    exit 0
    "#);
    assert_snapshot!(desk.run(&["list", "--columns", "name,arr,renews", "--csv"]), @r#"
    id,name,arr,renews
    [id],Acme,24000.00,2027-05-01
    [id],Acorn Ltd,,
    [id],Böhm & Söhne,6000.00,2027-09-01
    exit 0
    "#);
    assert_snapshot!(desk.run(&["list", "--columns", "name,arr,nps", "--json"]), @r#"
    {
      "schema": 1,
      "as_of": "2026-11-21",
      "currency": "USD",
      "count": 3,
      "of": 3,
      "arr": 3000000,
      "arr_converted": false,
      "arr_apart": {},
      "rows": [
        {"id":"[id]","name":"Acme","arr":2400000,"nps":4},
        {"id":"[id]","name":"Acorn Ltd","arr":null,"nps":null},
        {"id":"[id]","name":"Böhm & Söhne","arr":600000,"nps":null}
      ]
    }
    exit 0
    "#);
    assert_snapshot!(desk.run(&["list", "--filter", "health<1"]), @r#"
    no customer passes the filter
    exit 0
    "#);
}

#[test]
fn an_attribute_is_a_column_of_the_list() {
    let desk = Desk::empty();
    std::fs::write(
        desk.path("customers.csv"),
        "customer_id,name,industry\nA1,Acme,food\nB2,Borealis,\nC3,Cedar,air\n",
    )
    .expect("write");
    desk.run(&["import", "customers.csv"]);
    let table = desk.run(&[
        "list",
        "--columns",
        "name,attr.industry",
        "--sort",
        "attr.industry",
    ]);
    let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
    assert_eq!(
        lines[..4],
        [
            "name      attr.industry",
            "Cedar     air",
            "Acme      food",
            "Borealis  -"
        ],
        "{table}"
    );
    let csv = desk.run(&["list", "--columns", "name,industry", "--csv"]);
    assert!(
        csv.starts_with("id,name,attr.industry\n[id],Acme,food\n[id],Borealis,\n"),
        "{csv}"
    );
    let none = desk.run(&["list", "--columns", "name,attr.moon"]);
    assert!(
        none.contains("no column \"attr.moon\"")
            && none.contains(", attr.industry")
            && none.ends_with("exit 2"),
        "{none}"
    );
}

#[test]
fn show_names_everything_of_a_customer() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["show", "acme", "--events", "3"]), @r#"
    Acme  A1
    [id]
    owner       ada
    stage       Retention since 2025-06-15 (524 days, visit 1)
    health      61 (56% of the weight)
    priority    198.0
    ARR         $24,000
    renews      2027-05-01 (161 days)
    last touch  2026-10-01 (51 days ago)
    cadence     red (51 days, every 20 to 30)
    NPS         4 on 2026-11-10
    tickets     1 open
    tags        pilot

    Contacts
      Dana Ruiz  champion, dana@acme.example, main contact
      Omar Haddad  buyer, omar@acme.example

    Open tickets
      severity 1  T1  Export fails

    Newest events (3 of 7)
      2026-11-12  ticket T1 opened  Export fails
      2026-11-10  nps 4 with Dana Ruiz  Slow answers
      2026-10-01  phone with Dana Ruiz  Asked how it goes
    exit 0
    "#);
    let value = desk.json(&["show", "A1", "--json"]);
    assert_eq!(value["customer"]["name"], "Acme");
    assert_eq!(value["figures"]["arr"], 2_400_000);
    assert_eq!(value["contacts"][0]["name"], "Dana Ruiz");
    assert_eq!(value["tickets"][0]["opened"], "2026-11-12T09:00:00.000Z");
    assert_eq!(value["id"], value["customer"]["id"]);
}

#[test]
fn health_adds_up() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["health", "Acme"]), @r#"
    health 61 watch on 2026-11-21, from 5 of 10 measures (56% of the weight)
    scorecard Customer, version 1
    next: Speak with the champion about the weakest measures below, and agree on one thing to change.
    exit 0
    "#);
    assert_snapshot!(desk.run(&["health", "Acme", "--explain"]), @r#"
    health 61 watch on 2026-11-21, from 5 of 10 measures (56% of the weight)
    scorecard Customer, version 1
    next: Speak with the champion about the weakest measures below, and agree on one thing to change.
    measure              value  of          segment            points  weight   adds
    Last touch             51d  2026-10-01  30:800 → 60:400      52.0      12  11.16
    NPS                      4  2026-11-10  0:0 → 6:300          20.0      12   4.29
    Open tickets           8pt  2026-11-12  4:700 → 16:200       53.3      14  13.35
    Usage trend        no data  -           -                       -      18   0.00
    Seats used         no data  -           -                       -       8   0.00
    Unplanned renewal    120d+  2027-05-01  90:800 → 120:1000   100.0      10  17.89
    Tasks on time      no data  -           -                       -       5   0.00
    Time in stage      no data  -           -                       -       5   0.00
    Our own view       no data  -           -                       -       8   0.00
    Unpaid invoices         0d  -           0:1000 → 0:1000     100.0       8  14.31
    sum                                                                56/100  61.00
    exit 0
    "#);
    let value = desk.json(&["health", "Acme", "--since", "2026-11-01", "--json"]);
    let sum: i64 = value["health"]["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|l| l["contribution"].as_i64())
        .sum();
    assert_eq!(
        sum,
        100 * value["health"]["score"].as_i64().expect("a score")
    );
    assert_eq!(value["before"]["day"], "2026-11-01");
}

#[test]
fn a_score_that_a_person_set_is_told_as_one() {
    let desk = Desk::with_book();
    desk.run(&[
        "health",
        "Acme",
        "--set",
        "30",
        "--until",
        "2w",
        "--reason",
        "they lost their sponsor",
    ]);
    let told = desk.run(&["health", "Acme"]);
    assert!(
        told.contains("health 30 risk")
            && told.contains("until 2026-12-05: they lost their sponsor; the measures say 61"),
        "{told}"
    );
    let value = desk.json(&["health", "Acme", "--json"]);
    let both = (
        &value["health"]["score"],
        &value["health"]["measured"]["score"],
        &value["health"]["override"]["reason"],
    );
    assert_eq!(
        both,
        (&30.into(), &61.into(), &"they lost their sponsor".into())
    );
    assert_eq!(
        desk.json(&["health", "Acme", "--trend", "3m", "--json"])["trend"][13]["score"],
        30
    );
    assert_eq!(
        desk.json(&["health", "--movers", "--json"])["movers"][0]["now"]["score"],
        30
    );
    assert_eq!(
        desk.json(&["health", "--backtest", "--json"])["backtest"]["verdict"],
        "toofew"
    );
    assert!(
        desk.run(&["health", "Acme", "--unset"])
            .contains("is measured again")
    );
    assert_eq!(
        desk.json(&["health", "Acme", "--json"])["health"]["override"],
        serde_json::Value::Null
    );
    assert!(
        desk.run(&["health", "Acme", "--set", "30"])
            .contains("--until <DATE> --reason <WORDS>")
    );
}

#[test]
fn today_says_why_and_the_parts_add_up() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["today"]), @r#"
     198.0  Acme  Retention, health 61, ARR 24k, ada
             100.0  NPS 4 (50 points × 2.00)
              60.0  1 severe ticket (30 points × 2.00)
              38.0  silent 51d (19 points × 2.00)
      52.9  Böhm & Söhne  Conversion, health -, ARR 6000, bob
              52.9  silent 538d (40 points × 1.32)
    exit 0
    "#);
    assert_snapshot!(desk.run(&["today", "--owner", "nobody-of-that-name"]), @r#"
    nobody needs you today
    exit 0
    "#);
    let value = desk.json(&["today", "--owner", "ada", "--json"]);
    let first = &value["rows"][0];
    assert_eq!(first["name"], "Acme");
    let sum: i64 = first["reasons"]
        .as_array()
        .expect("reasons")
        .iter()
        .filter_map(|r| r["tenths"].as_i64())
        .sum();
    assert_eq!(Some(sum), first["tenths"].as_i64());
}

#[test]
fn as_of_fixes_the_day_of_every_figure() {
    let desk = Desk::with_book();
    let value = desk.json(&["list", "--as-of", "2026-11-05", "--json"]);
    assert_eq!(value["as_of"], "2026-11-05");
    let acme = value["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .find(|r| r["name"] == "Acme")
        .expect("Acme");
    assert_eq!(acme["tickets"], 0, "the ticket came later");
    assert_eq!(acme["nps"], serde_json::Value::Null, "so did the answer");
}

#[test]
fn funnel_in_both_modes() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["funnel"]), @r#"
    visits from 2025-03-01 to 2026-11-21, in order; 3 entered the first stage
    stage        now   ARR  entered   went on  still open   reached  median days  p90 days  age now  behind  stuck
    Reach          1     0        3   50% 1/2           1  100% 3/3          457       457       51       1      0
    Acquisition    0     0        1  100% 1/1           0   33% 1/3           30        30        -       0      0
    Conversion     1  6000        2  100% 1/1           1   33% 1/3           45         -       81       1      0
    Retention      1   24k        1         -           1   33% 1/3            -         -      524       0      0
    Loyalty        0     0        0         -           0    0% 0/3            -         -        -       0      0
    Churned        0     0        0         -           0    0% 0/3            -         -        -       0      0
    went on: of the visits that ended, those that went on; median and p90 count open visits as censored today
    exit 0
    "#);
    let value = desk.json(&["funnel", "--mode", "any_order", "--json"]);
    assert_eq!(value["mode"], "any_order");
    assert_eq!(value["stages"].as_array().expect("stages").len(), 6);
}

#[test]
fn doctor_finds_the_book_well() {
    let desk = Desk::with_book();
    let value = desk.json(&["doctor", "--rebuild", "--json"]);
    assert_eq!((&value["ok"], &value["rebuilt"]), (&true.into(), &3.into()));
    let text = desk.run(&["doctor"]);
    assert!(
        text.ends_with("exit 0") && text.contains("ok    signals"),
        "{text}"
    );
}

#[test]
fn history_and_keys() {
    let desk = Desk::with_book();
    assert_snapshot!(desk.run(&["history"]), @r#"
    2026-11-21 09:30  ada  Imported files: 17 rows of 7 files
      [id]
    exit 0
    "#);
    let keys = desk.json(&["keys", "--json"]);
    assert!(
        keys["rows"]
            .as_array()
            .expect("rows")
            .iter()
            .all(|r| r["words"].as_str().is_some_and(|w| !w.is_empty())),
        "{keys}"
    );
    let table = desk.run(&["keys"]);
    assert!(
        table.starts_with("keys ") && table.ends_with("exit 0"),
        "{table}"
    );
}

#[test]
fn help_names_every_subcommand() {
    let text = Desk::empty().run(&["--help"]);
    for name in [
        "demo", "import", "list", "show", "log", "note", "move", "task", "nps", "health", "today",
        "funnel", "undo", "redo",
    ] {
        assert!(text.contains(&format!("\n  {name} ")), "{name}: {text}");
    }
    assert!(text.ends_with("exit 0"));
}

#[test]
fn a_reader_who_has_enough_is_no_error() {
    let desk = Desk::with_book();
    let mut child = desk.command(&["list", "--json"]).spawn().expect("starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}

#[test]
fn stays_day_by_day_and_by_owner_with_the_test_of_a_difference() {
    let desk = Desk::with_book();
    let of = |args: &[&str]| -> Vec<serde_json::Value> {
        let rows = desk.json(args)["rows"].as_array().expect("rows").clone();
        rows.into_iter()
            .filter(|row| row["stage"] == "Reach")
            .collect()
    };
    // Of three one left on day 31, one is there since 51 days, one left on day 457.
    let curve = of(&["stays", "--curve", "--json"]);
    let shape = |row: &serde_json::Value| {
        ["day", "at_risk", "ended", "last_seen"].map(|head| row[head].as_u64())
    };
    assert_eq!(
        curve.iter().map(shape).collect::<Vec<_>>(),
        [[31, 3, 1, 0], [51, 2, 0, 1], [457, 1, 1, 0]].map(|row| row.map(Some))
    );
    assert!(
        (curve[1]["still_there"].as_f64().expect("a share") - 2.0 / 3.0).abs() < 1e-12
            && curve[2]["still_there"] == 0.0
    );
    // On day 31 one of two of ada's left and none of bob's: 1 less 2/3, with variance 2/9.
    let parts = of(&["stays", "--by", "owner", "--json"]);
    assert_eq!(
        parts
            .iter()
            .map(|row| (row["part"].as_str(), row["n"].as_u64()))
            .collect::<Vec<_>>(),
        [
            (None, Some(3)),
            (Some("ada"), Some(2)),
            (Some("bob"), Some(1))
        ]
    );
    let test = &parts[0]["log_rank"];
    assert!(
        (test["chi2"].as_f64().expect("a number") - 0.5).abs() < 1e-12 && test["df"] == 1,
        "{test}"
    );
    assert!(
        (test["p"].as_f64().expect("a chance") - 0.479_500_122).abs() < 1e-8,
        "{test}"
    );
    let said = desk.run(&["stays", "--by", "owner"]);
    assert!(
        said.contains("p=0.480 (0.5, 1 df)") && said.contains("log-rank over the parts"),
        "{said}"
    );
    assert!(desk.run(&["stays", "--by", "before"]).contains("exit 2"));
    assert!(
        desk.run(&["stays", "--by", "moon"])
            .contains("no attribute")
    );
}

#[test]
fn a_segment_at_month_ends() {
    let desk = Desk::with_book();
    let page = desk.json(&["segments", "registered", "--months", "2", "--json"]);
    let counts: Vec<_> = page["counts"]
        .as_array()
        .expect("counts")
        .iter()
        .map(|c| (c["day"].as_str(), c["customers"].as_u64()))
        .collect();
    assert_eq!(
        counts,
        [
            (Some("2026-09-30"), Some(2)),
            (Some("2026-10-31"), Some(3)),
            (Some("2026-11-21"), Some(3))
        ]
    );
    let said = desk.run(&["segments", "registered", "--months", "1"]);
    assert!(
        said.contains("2026-10-31")
            && said.contains("####")
            && said.contains("folded from its facts"),
        "{said}"
    );
    assert!(desk.run(&["segments", "nobody"]).contains("exit 3"));
}

/// Every file below a folder with its bytes.
fn files(folder: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>, std::time::SystemTime)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)
        .expect("a folder")
        .map(|e| e.expect("an entry").path())
    {
        if entry.is_dir() {
            all.extend(files(&entry));
        } else {
            let changed = std::fs::metadata(&entry)
                .and_then(|m| m.modified())
                .expect("a time");
            all.push((
                entry.clone(),
                std::fs::read(&entry).expect("readable"),
                changed,
            ));
        }
    }
    all.sort();
    all
}

#[test]
fn who_looks_at_a_book_a_copy_or_a_backup_leaves_every_byte_of_it() {
    let desk = Desk::empty();
    desk.write_files();
    for args in [["import", "files"].as_slice(), &["backup"], &["list"]] {
        assert!(
            desk.raw(&[&["--book", "lib/book.db"], args].concat(), "")
                .status
                .success(),
            "{args:?}"
        );
    }
    let lib = desk.path("lib");
    std::fs::copy(lib.join("book.db"), lib.join("copy.db")).expect("copied");
    let backup = std::fs::read_dir(lib.join(".book.db.backups"))
        .expect("backups")
        .map(|e| e.expect("an entry").path());
    let backup = backup
        .into_iter()
        .find(|p| p.to_string_lossy().ends_with("-asked.db"))
        .expect("a backup");
    let before = files(&lib);
    for book in ["lib/book.db", "lib/copy.db", &backup.display().to_string()] {
        for args in [
            "list",
            "show acme",
            "search acme",
            "today",
            "people",
            "alerts",
            "funnel",
            "targets",
            "help-first",
            "issues",
            "stays",
            "owners",
            "tags",
            "stages",
            "fields",
            "export list -o out.csv",
            "calendar",
            "brief acme",
            "digest",
            "dump",
            "history",
            "conflicts",
            "duplicates",
            "--as-of 2026-11-01 list",
            "config show",
            "doctor",
        ] {
            let words: Vec<&str> = ["--book", book]
                .into_iter()
                .chain(args.split(' '))
                .collect();
            let done = desk.raw(&words, "");
            assert!(
                !String::from_utf8_lossy(&done.stderr).contains("panicked"),
                "{done:?}"
            );
            assert!(files(&lib) == before, "{book}: {args}");
        }
    }
    let said = desk.run(&["--book", &backup.display().to_string(), "note", "acme", "x"]);
    assert!(
        said.contains("it is a backup")
            && said.contains("retain restore")
            && said.ends_with("exit 5"),
        "{said}"
    );
    assert!(files(&lib) == before);
}
