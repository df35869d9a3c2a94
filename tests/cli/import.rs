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
    assert_eq!((&value["end"], &value["rejected"]), (&"written".into(), &0.into()));
    assert_eq!(desk.json(&["list", "--json"])["count"], 3);
}

#[test]
fn a_dry_run_shows_the_mapping_and_makes_no_book() {
    let desk = Desk::empty();
    desk.write_files();
    assert_snapshot!(desk.run(&["import", "files/customers.csv", "--dry-run"]), @r#"
    customers.csv as customers: 3 rows
      3 new
      columns: customer_id → key, name → name, csm → owner, created_on → created, tags → tags
    a dry run: nothing was written
    exit 0
    "#);
    assert!(!desk.path(".local/share/retain/book.db").exists());
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
    assert!(desk.run(&["import", "files/customers.csv", "--as", "poems"]).ends_with("exit 2"));
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
    let names = |path: &std::path::Path| desk.run(&["list", "--csv", "--columns", "name,arr", "--book", &path.display().to_string()]);
    let first = names(&demo);
    assert!(desk.run(&["demo", "--customers", "12", "--seed", "7"]).ends_with("exit 0"), "made anew each time");
    assert_eq!(names(&demo), first);
    assert!(desk.run(&["demo", "--customers", "12", "--seed", "8", "--into", "other.db"]).ends_with("exit 0"));
    assert_ne!(names(&desk.path("other.db")), first);
    assert!(desk.run(&["demo", "--into", "other.db"]).ends_with("exit 2"), "a file that is there is not overwritten");
    let left: Vec<_> =
        std::fs::read_dir(demo.parent().expect("a folder")).expect("list").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(left, ["demo.db"]);
}

#[test]
fn a_list_with_formulas_goes_out_and_comes_back() {
    let desk = Desk::empty();
    let names = ["=HYPERLINK(\"http://x\")", "+1 group", "@home", "'=kept", "Plain & Co", "－full width"];
    let mut file = String::from("customer_id,name\n");
    for (i, name) in names.iter().enumerate() {
        // As a spreadsheet saves it where somebody typed it so; an apostrophe of its own is one more.
        let cell = if name.starts_with('\'') { format!("'{name}") } else { (*name).to_owned() };
        file.push_str(&format!("K{i},\"{}\"\n", cell.replace('"', "\"\"")));
    }
    std::fs::write(desk.path("customers.csv"), file).expect("written");
    desk.json(&["import", "customers.csv", "--json"]);
    let told = |book: &[&str]| {
        let rows = desk.json(&[book, &["list", "--sort", "customer", "--json"]].concat());
        let mut all: Vec<String> = rows["rows"].as_array().expect("rows").iter().map(|r| r["name"].to_string()).collect();
        all.sort();
        all
    };
    let mut meant: Vec<String> = names.iter().map(|n| serde_json::Value::from(*n).to_string()).collect();
    meant.sort();
    assert_eq!(told(&[]), meant);
    let out = desk.command(&["list", "--csv", "--columns", "name"]).output().expect("it runs").stdout;
    let out = String::from_utf8(out).expect("UTF-8");
    assert!(!out.lines().any(|line| line.contains(",=") || line.contains(",\"=") || line.contains(",+") || line.contains(",@")), "{out}");
    assert!(desk.run(&["list", "--csv", "--raw-csv", "--columns", "name"]).contains(",\"=HYPERLINK"));
    std::fs::create_dir(desk.path("again")).expect("a folder");
    std::fs::write(desk.path("again/customers.csv"), out.replacen("id,", "key,", 1)).expect("written");
    desk.json(&["import", "again/customers.csv", "--into", "other.db", "--json"]);
    assert_eq!(told(&["--book", "other.db"]), meant);
}
