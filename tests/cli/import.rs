//! Files in: the report accounts for every row, a dry run writes nothing, a second run changes nothing.

use insta::assert_snapshot;

use super::Desk;

#[test]
fn import_reports_every_row_and_twice_is_once() {
    let desk = Desk::empty();
    desk.write_files();
    assert_snapshot!(desk.run(&["import", "files/customers.csv"]), @r#"
    customers.csv as customers: 3 rows
      3 new
    Imported customers.csv: 3 rows; `retain undo` takes it back
    exit 0
    "#);
    assert_snapshot!(desk.run(&["import", "files/customers.csv"]), @r#"
    customers.csv as customers: 3 rows
      3 known already
    the book has all of it already; nothing was written
    exit 0
    "#);
    let value = desk.json(&["import", "files", "--json"]);
    assert_eq!(
        (&value["end"], &value["rejected"]),
        (&"written".into(), &0.into())
    );
    assert_eq!(desk.json(&["list", "--json"])["count"], 3);
}

#[test]
fn a_dry_run_shows_the_mapping_and_makes_no_book() {
    let desk = Desk::empty();
    desk.write_files();
    assert_snapshot!(desk.run(&["import", "files/customers.csv", "--dry-run"]), @r#"
    customers.csv as customers: 3 rows
      3 new
      encoding: UTF-8 (all bytes are UTF-8)
      separator: , (it stands 4 times in the header, and as often in 3 of the next 3 rows)
      rows are found by: "customer_id" is the key, else the exact name
        column       becomes  because of  example
        customer_id  key      its header  A1
        name         name     its header  Acme
        csm          owner    its header  ada
        created_on   created  its header  2025-03-01
        tags         tags     its header  pilot
    a dry run: nothing was written
    exit 0
    "#);
    assert!(!desk.path(".local/share/retain/book.db").exists());
}

#[test]
fn standard_input_flags_and_a_profile_of_ones_own() {
    let desk = Desk::empty();
    let piped = |args: &[&str], text: &str| {
        let out = desk.raw(args, text);
        (
            out.status.code(),
            String::from_utf8(out.stdout).expect("UTF-8"),
        )
    };
    let list = "Nr;Wer;Seit\nK1;Globex;05/04/2024\n";
    let flags = [
        "--map",
        "Nr=key",
        "--map",
        "Wer=name",
        "--map",
        "Seit=created",
        "--dates",
        "day",
        "--save-profile",
        "our-list",
    ];
    let (code, said) = piped(
        &[&["import", "-", "--as", "customers"], &flags[..]].concat(),
        list,
    );
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("standard input as customers: 1 rows"),
        "{said}"
    );
    assert_eq!(desk.json(&["list", "--json"])["rows"][0]["name"], "Globex");
    let (code, said) = piped(
        &["import", "-", "--json"],
        "{\"Nr\":\"K1\",\"Wer\":\"Globex\",\"Seit\":\"05/04/2024\"}\n",
    );
    let report: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        (code, &report["end"], &report["files"][0]["profile"]),
        (Some(0), &"nothing_new".into(), &"our-list".into()),
        "{said}"
    );
    let listed = desk.json(&["import", "--profiles", "--json"]);
    let names: Vec<&str> = listed["profiles"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|p| p["name"].as_str())
        .collect();
    assert!(
        names.contains(&"our-list")
            && names.contains(&"hubspot-companies")
            && names.contains(&"orders"),
        "{names:?}"
    );
    assert!(
        desk.run(&["config", "profile.our-list"])
            .contains("dates = \"day\"")
    );
    for wrong in [
        ["--decimal", "dot"],
        ["--encoding", "ebcdic"],
        ["--conflicts", "nobody"],
        ["--map", "Nr"],
        ["--zone", "Mars"],
        ["--profile", "none"],
    ] {
        desk.write_files();
        let code = desk
            .raw(&["import", "files/customers.csv", wrong[0], wrong[1]], "")
            .status
            .code();
        assert!(matches!(code, Some(2 | 3)), "{wrong:?}: {code:?}");
    }
}

#[test]
fn what_both_sides_have_changed_is_not_written_unasked() {
    let desk = Desk::with_book();
    desk.run(&["list"]);
    std::fs::write(
        desk.path("customers.csv"),
        "customer_id,name,csm\nA1,Acme,ada\n",
    )
    .expect("written");
    desk.run(&["import", "customers.csv"]);
    assert!(desk.run(&["handover", "ada", "cem"]).ends_with("exit 0"));
    std::fs::write(
        desk.path("customers.csv"),
        "customer_id,name,csm\nA1,Acme,dora\n",
    )
    .expect("written");
    let said = desk.run(&["import", "customers.csv", "--conflicts", "ask"]);
    assert!(
        said.ends_with("exit 4") && said.contains("the file has \"dora\""),
        "{said}"
    );
    let said = desk.run(&["import", "customers.csv"]);
    assert!(
        said.contains("changed on both sides: 1") && said.contains("mine was kept"),
        "{said}"
    );
    let said = desk.run(&["import", "customers.csv", "--conflicts", "theirs"]);
    assert!(said.contains("theirs was taken"), "{said}");
}

#[test]
fn one_import_is_one_step_of_undo() {
    let desk = Desk::with_book();
    assert!(desk.run(&["undo"]).ends_with("exit 0"));
    assert_eq!(desk.json(&["list", "--json"])["count"], 0);
}

#[test]
fn what_is_not_there_or_not_known_is_said() {
    let desk = Desk::empty();
    assert_snapshot!(desk.run(&["import", "nothing.csv"]), @r#"
    stderr:
    There is no file or folder nothing.csv
    exit 3
    "#);
    desk.write_files();
    assert!(
        desk.run(&["import", "files/customers.csv", "--as", "poems"])
            .ends_with("exit 2")
    );
}

#[test]
fn demo_writes_its_own_file_and_is_the_same_for_a_seed() {
    let desk = Desk::empty();
    assert_snapshot!(desk.run(&["demo", "--customers", "12", "--seed", "7"]), @r#"
    wrote 12 demo customers into ~/.local/share/retain/demo.db
    look at it: retain --book ~/.local/share/retain/demo.db
    exit 0
    "#);
    assert!(!desk.path(".local/share/retain/book.db").exists());
    let demo = desk.path(".local/share/retain/demo.db");
    let names = |path: &std::path::Path| {
        desk.run(&[
            "list",
            "--csv",
            "--columns",
            "name,arr",
            "--book",
            &path.display().to_string(),
        ])
    };
    let first = names(&demo);
    assert!(
        desk.run(&["demo", "--customers", "12", "--seed", "7"])
            .ends_with("exit 0"),
        "made anew each time"
    );
    assert_eq!(names(&demo), first);
    assert!(
        desk.run(&[
            "demo",
            "--customers",
            "12",
            "--seed",
            "8",
            "--into",
            "other.db"
        ])
        .ends_with("exit 0")
    );
    assert_ne!(names(&desk.path("other.db")), first);
    assert!(
        desk.run(&["demo", "--into", "other.db"])
            .ends_with("exit 2"),
        "a file that is there is not overwritten"
    );
    let left: Vec<_> = std::fs::read_dir(demo.parent().expect("a folder"))
        .expect("list")
        .map(|e| e.expect("an entry").file_name())
        .collect();
    assert_eq!(left, ["demo.db"]);
}

#[test]
fn a_list_with_formulas_goes_out_and_comes_back() {
    let desk = Desk::empty();
    let names = [
        "=HYPERLINK(\"http://x\")",
        "+1 group",
        "@home",
        "'=kept",
        "Plain & Co",
        "－full width",
    ];
    let mut file = String::from("customer_id,name\n");
    for (i, name) in names.iter().enumerate() {
        // As a spreadsheet saves it where somebody typed it so; an apostrophe of its own is one more.
        let cell = if name.starts_with('\'') {
            format!("'{name}")
        } else {
            (*name).to_owned()
        };
        file.push_str(&format!("K{i},\"{}\"\n", cell.replace('"', "\"\"")));
    }
    std::fs::write(desk.path("customers.csv"), file).expect("written");
    desk.json(&["import", "customers.csv", "--json"]);
    let told = |book: &[&str]| {
        let rows = desk.json(&[book, &["list", "--sort", "customer", "--json"]].concat());
        let mut all: Vec<String> = rows["rows"]
            .as_array()
            .expect("rows")
            .iter()
            .map(|r| r["name"].to_string())
            .collect();
        all.sort();
        all
    };
    let mut meant: Vec<String> = names
        .iter()
        .map(|n| serde_json::Value::from(*n).to_string())
        .collect();
    meant.sort();
    assert_eq!(told(&[]), meant);
    let out = desk
        .command(&["list", "--csv", "--columns", "name"])
        .output()
        .expect("it runs")
        .stdout;
    let out = String::from_utf8(out).expect("UTF-8");
    assert!(
        !out.lines().any(|line| line.contains(",=")
            || line.contains(",\"=")
            || line.contains(",+")
            || line.contains(",@")),
        "{out}"
    );
    assert!(
        desk.run(&["list", "--csv", "--raw-csv", "--columns", "name"])
            .contains(",\"=HYPERLINK")
    );
    std::fs::create_dir(desk.path("again")).expect("a folder");
    std::fs::write(
        desk.path("again/customers.csv"),
        out.replacen("id,", "key,", 1),
    )
    .expect("written");
    desk.json(&[
        "import",
        "again/customers.csv",
        "--into",
        "other.db",
        "--json",
    ]);
    assert_eq!(told(&["--book", "other.db"]), meant);
}
