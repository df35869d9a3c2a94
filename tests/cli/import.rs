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
