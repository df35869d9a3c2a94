use super::*;
use crate::domain::command::{Command, NewContact, NewCustomer};
use crate::domain::id::Id;
use crate::store::outbox::Keep;
use crate::store::{Options, Who};
use proptest::prelude::*;

const NOW: Stamp = Stamp(1_795_000_000_000);

fn book() -> Store {
    let who = Who {
        person: "ana".into(),
        device: Id([7; 16]),
    };
    Store::memory(&Options {
        who,
        now: NOW,
        as_of: None,
        create: true,
        zone: None,
        keep: Keep::Nowhere,
    })
    .expect("a book")
}

fn lines(store: &Store) -> String {
    let mut out = Vec::new();
    write(store, Format::Jsonl, &mut out).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

fn add(store: &mut Store, name: &str) -> Id {
    let customer = NewCustomer {
        name: name.into(),
        mrr: 1200,
        ..NewCustomer::default()
    };
    store
        .write(&Command::AddCustomer(customer), NOW)
        .expect("added")
        .customers[0]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever people type comes back from the files as it was: formulas, quotes, breaks, blanks at the ends.
    #[test]
    fn a_book_as_csv_files_comes_back_as_it_was(texts in prop::collection::vec("[=+@\\-' \\t\n\",;a＝é😀]{1,9}|.{1,12}", 1..6)) {
        let mut store = book();
        let folder = tempfile::tempdir().expect("a folder");
        for text in &texts {
            let Ok(done) = store.write(&Command::AddCustomer(NewCustomer { name: text.clone(), ..NewCustomer::default() }), NOW) else { continue };
            let customer = done.customers[0];
            let _ = store.write(&Command::Note { customers: vec![customer], text: text.clone(), at: None }, NOW);
            let _ = store.write(&Command::AddContact { customer, contact: NewContact { name: text.clone(), ..NewContact::default() } }, NOW);
            let _ = store.write(&Command::Snooze { customers: vec![customer], until: None, event: "nps".into(), reason: text.clone() }, NOW);
        }
        write_folder(&store, folder.path()).expect("written");
        let mut other = book();
        read_folder(&mut other, folder.path(), NOW).expect("read");
        prop_assert_eq!(lines(&other), lines(&store));
    }
}

#[test]
fn the_demo_book_goes_out_and_comes_in_and_says_the_same() {
    let mut store = book();
    let today = store.today();
    let mut options = crate::transfer::demo::DemoOptions::new(today);
    options.customers = 20;
    crate::transfer::demo::write(&mut store, &options, NOW, &mut |_| {}).expect("a demo book");
    let folder = tempfile::tempdir().expect("a folder");
    let rows = write_folder(&store, folder.path()).expect("written");
    let mut other = book();
    assert_eq!(
        read_folder(&mut other, folder.path(), NOW).expect("read"),
        rows
    );
    assert!(lines(&other) == lines(&store));
    assert!(other.doctor().expect("examined").iter().all(|c| c.ok));
}

#[test]
fn rows_in_another_order_come_in_and_a_bad_cell_is_named() {
    let mut store = book();
    add(&mut store, "Acme");
    add(&mut store, "Globex");
    let folder = tempfile::tempdir().expect("a folder");
    write_folder(&store, folder.path()).expect("written");
    let file = folder.path().join("customer.csv");
    let text = std::fs::read_to_string(&file).expect("there");
    let mut all: Vec<&str> = text.lines().collect();
    all[1..].reverse();
    std::fs::write(&file, all.join("\n") + "\n").expect("written");
    let mut other = book();
    read_folder(&mut other, folder.path(), NOW).expect("read");
    assert_eq!(lines(&other), lines(&store));
    std::fs::write(
        &file,
        text.replacen(
            &text[text.find('\n').expect("a line") + 1..][..8],
            "zzzzzzzz",
            1,
        ),
    )
    .expect("written");
    let error = read_folder(&mut book(), folder.path(), NOW).expect_err("refused");
    assert!(
        error
            .message
            .starts_with("customer.csv, line 2: id \"zzzzzzzz"),
        "{}",
        error.message
    );
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("mine.txt"), "x").expect("written");
    let error = write_folder(&book(), folder.path()).expect_err("refused");
    assert!(error.message.starts_with("There are other files in "));
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        1
    );
}
