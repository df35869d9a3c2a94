//! A team on one book: real processes that write at the same time, are killed, start together, and see each other.

mod consoles;
mod keeping;
mod writers;

use std::path::Path;

use crate::terminal::Desk;

const CUSTOMERS: &str = "\
customer_id,name,csm,created_on
A1,Acme,ana,2025-03-01
B2,Bolt,bo,2025-06-01
";

/// A desk with a folder of files to import.
pub fn with_files() -> Desk {
    let desk = Desk::empty();
    std::fs::create_dir(desk.path("files")).expect("a folder");
    std::fs::write(desk.path("files").join("customers.csv"), CUSTOMERS).expect("write");
    desk
}

/// A desk whose book has two customers.
pub fn with_book() -> Desk {
    let desk = with_files();
    let done = desk.run_as("ana", &["import", "files"]);
    assert!(done.status.success(), "{done:?}");
    desk
}

/// The texts of what was noted or logged about a customer, oldest first.
fn texts(desk: &Desk, customer: &str) -> Vec<String> {
    let value = desk.json(&["show", customer, "--events", "1000"]);
    let events = value["events"].as_array().expect("events").iter();
    let mut texts: Vec<String> = events
        .filter_map(|e| e["text"].as_str())
        .filter(|t| !t.is_empty())
        .map(str::to_owned)
        .collect();
    texts.reverse();
    texts
}

/// Asserts that every check of the book is well.
fn assert_well(desk: &Desk) {
    assert_eq!(desk.json(&["doctor"])["ok"], true);
    assert!(Path::new(&desk.book).exists());
}
