use serde_json::{Value, json};

use crate::domain::command::{Command, NewCustomer};
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::Kind;
use crate::store::outbox::Keep;
use crate::store::{Options, Store, Who};

const NOW: Stamp = Stamp(1_795_000_000_000);

fn book(folder: &tempfile::TempDir) -> Store {
    let who = Who {
        person: "ada".into(),
        device: Id([7; 16]),
    };
    let options = Options {
        who,
        now: NOW,
        as_of: None,
        create: true,
        zone: None,
        keep: Keep::Nowhere,
    };
    let mut store = Store::open(&folder.path().join("book.db"), &options).expect("a book");
    for name in ["Acme", "Globex"] {
        store
            .write(
                &Command::AddCustomer(NewCustomer {
                    name: name.into(),
                    mrr: 10_000,
                    ..NewCustomer::default()
                }),
                NOW,
            )
            .expect("written");
    }
    store
}

fn asked(store: &mut Store, text: &str) -> Result<Vec<Vec<Value>>, crate::error::Error> {
    let mut rows = Vec::new();
    store.select(text, Box::new(|| false), &mut |row| {
        rows.push(row);
        true
    })?;
    Ok(rows)
}

#[test]
fn views_have_plain_names_and_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = book(&folder);
    let rows = asked(
        &mut store,
        "SELECT name, created FROM customer ORDER BY name",
    )
    .expect("rows");
    assert_eq!(rows[0], [json!("name"), json!("created")]);
    assert_eq!(rows[1][0], "Acme");
    let figures =
        asked(&mut store, "SELECT c.name, s.arr, s.stage FROM signal s JOIN customer c ON c.id = s.customer_id ORDER BY 1").expect("rows");
    assert_eq!(figures[1], [json!("Acme"), json!(120_000), json!("reach")]);
    let moves = asked(
        &mut store,
        "SELECT count(*) FROM event WHERE kind = 'stage' AND author = 'ada'",
    )
    .expect("rows");
    assert_eq!(moves[1], [json!(2)]);
    for (name, _, columns) in store.select_views().expect("views") {
        let all = asked(&mut store, &format!("SELECT * FROM {name}"))
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(all[0].len(), columns.len(), "{name}");
    }
}

#[test]
fn whatever_is_not_a_select_on_the_views_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = book(&folder);
    let before = store.digest().expect("a digest");
    for text in [
        "DELETE FROM customer",
        "UPDATE main.customer SET name = 'x'",
        "INSERT INTO main.meta VALUES ('x', 1)",
        "DROP TABLE main.event",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x (y)",
        "ATTACH 'other.db' AS other",
        "DETACH main",
        "PRAGMA user_version = 9",
        "PRAGMA table_info(customer)",
        "SELECT * FROM pragma_table_info('customer')",
        "SELECT * FROM main.batch",
        "SELECT hash FROM batch",
        "SELECT * FROM sqlite_schema",
        "WITH x AS (SELECT * FROM main.batch) SELECT person, label FROM x",
        "WITH customer AS (SELECT * FROM main.batch) SELECT person, label FROM customer",
        "WITH event(a) AS (SELECT k FROM main.meta) SELECT a FROM event",
        "SELECT * FROM (SELECT v FROM main.meta) AS customer",
        "SELECT (SELECT name FROM main.customer) FROM customer",
        "SELECT count(*) FROM main.meta",
        "VACUUM",
        "VACUUM INTO 'x.db'",
        "BEGIN",
        "REINDEX",
        "ANALYZE",
        "SELECT load_extension('x')",
        "WITH x AS (SELECT 1) DELETE FROM customer",
        "SELECT 1; DELETE FROM customer",
        "",
    ] {
        let refused = asked(&mut store, text).expect_err(text);
        assert_eq!(refused.kind, Kind::Usage, "{text}: {refused}");
    }
    assert_eq!(store.digest().expect("a digest"), before);
}

#[test]
fn a_statement_without_end_is_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = book(&folder);
    let mut asked = 0;
    let stop = move || {
        asked += 1;
        asked > 3
    };
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let stopped = store
        .select(endless, Box::new(stop), &mut |_| true)
        .expect_err("it has no end");
    assert_eq!(
        (stopped.kind, stopped.message.as_str()),
        (Kind::Failed, "The statement was stopped before its end")
    );
}

#[test]
fn views_that_nothing_is_read_of_but_their_rows_are_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = book(&folder);
    for (text, count) in [
        ("SELECT count(*) FROM customer", 2),
        ("SELECT count(*) FROM event", 2),
        (
            "WITH customer AS (SELECT name FROM temp.customer) SELECT count(*) FROM customer",
            2,
        ),
        ("SELECT count(*) FROM edit", 0),
    ] {
        assert_eq!(
            asked(&mut store, text).unwrap_or_else(|e| panic!("{text}: {e}"))[1],
            [json!(count)],
            "{text}"
        );
    }
}

#[test]
fn values_that_grow_are_refused_before_they_take_seconds() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = book(&folder);
    for text in [
        "SELECT length(zeroblob(5000000))",
        "SELECT length(randomblob(15000000))",
        "SELECT length(hex(zeroblob(4000000)))",
        "SELECT length(replace(hex(zeroblob(1000000)), '0', '0000'))",
        "WITH RECURSIVE x(b) AS (SELECT 'a' UNION ALL SELECT b || b FROM x) SELECT max(length(b)) FROM x",
    ] {
        let refused = asked(&mut store, text).expect_err(text);
        assert_eq!(
            (refused.kind, refused.message.as_str()),
            (Kind::Usage, "A value in the statement is larger than 4 MB"),
            "{text}"
        );
    }
    // What is as long as a text of the book may be is read.
    let long = "x".repeat(1 << 20);
    let acme = store.find_customer("Acme").expect("it is there");
    store
        .write(
            &Command::Note {
                customers: vec![acme],
                text: long.clone(),
                at: None,
            },
            NOW,
        )
        .expect("written");
    assert_eq!(
        asked(&mut store, "SELECT text FROM event WHERE kind = 'note'").expect("rows")[1],
        [json!(long)]
    );
}

#[test]
fn a_statement_over_large_values_is_asked_often_whether_to_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = book(&folder);
    let mut asked = 0;
    let stop = move || {
        asked += 1;
        asked > 3
    };
    // A few hundred steps, each over a megabyte.
    let heavy = "WITH RECURSIVE n(i, b) AS (SELECT 1, zeroblob(1000000) UNION ALL SELECT i + 1, b FROM n WHERE i < 100)
                 SELECT sum(length(hex(b))) FROM n";
    let stopped = store
        .select(heavy, Box::new(stop), &mut |_| true)
        .expect_err("it is stopped");
    assert_eq!(stopped.message, "The statement was stopped before its end");
}
