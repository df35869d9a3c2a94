//! Books that somebody made to do harm: schemas with more in them, giant cells, text that is none. Each is refused or handled
//! in little memory, and nothing in the file gets to act.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::ended::{Ended, frugal, within};
use super::{Place, desk_with_book};
use crate::terminal::Desk;

/// A book into which somebody has put `sql`.
fn book_with(sql: &str) -> Desk {
    let desk = desk_with_book(Place::Local);
    let conn = Connection::open(&desk.book).expect("the book");
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)
        .expect("not defended");
    conn.execute_batch(sql)
        .unwrap_or_else(|e| panic!("{sql}: {e}"));
    desk
}

/// Every verb that reads, and one that writes; gives what was wrong with how they ended, and how the writing did.
fn look_at_all(desk: &Desk, what: &str) -> (Vec<String>, Ended) {
    let reading: [&[&str]; 9] = [
        &["list", "--json"],
        &["list"],
        &["show", "A1"],
        &["today"],
        &["history"],
        &["funnel"],
        &["nps"],
        &["task", "list"],
        &["doctor"],
    ];
    let mut faults = Vec::new();
    let note = ["note", "A1", "words"];
    let mut last = None;
    for args in reading.into_iter().chain([&note[..]]) {
        let ended = within(frugal(desk, args));
        faults.extend(ended.fault().map(|f| format!("{what}: {args:?}: {f}")));
        last = Some(ended);
    }
    (faults, last.expect("the note is the last"))
}

/// The same, with nothing wrong.
fn try_all(desk: &Desk, what: &str) -> Ended {
    let (faults, note) = look_at_all(desk, what);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    note
}

fn count(desk: &Desk, sql: &str) -> i64 {
    let conn = Connection::open(&desk.book).expect("the book");
    conn.query_row(sql, [], |r| r.get(0)).expect("a number")
}

#[test]
fn what_no_retain_made_is_named_and_never_acts() {
    let cases = [
        (
            "a trigger",
            "CREATE TRIGGER evil AFTER INSERT ON event BEGIN DELETE FROM customer; END",
        ),
        (
            "a trigger on batches",
            "CREATE TRIGGER evil AFTER INSERT ON batch BEGIN UPDATE customer SET name = 'gone'; END",
        ),
        (
            "a trigger on figures",
            "CREATE TRIGGER evil AFTER UPDATE ON signal BEGIN DELETE FROM event; END",
        ),
        ("a view", "CREATE VIEW evil AS SELECT * FROM customer"),
        (
            "an endless view",
            "CREATE VIEW evil AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        ),
        ("a table", "CREATE TABLE evil (x)"),
        (
            "a virtual table",
            "CREATE VIRTUAL TABLE evil USING fts5 (x)",
        ),
        (
            "an index on an expression",
            "CREATE INDEX evil ON customer (abs(n), upper(name))",
        ),
        (
            "a unique index",
            "CREATE UNIQUE INDEX evil ON event (customer, kind, at)",
        ),
        (
            "another column",
            "ALTER TABLE customer ADD COLUMN evil TEXT",
        ),
        (
            "a generated column",
            "ALTER TABLE customer ADD COLUMN evil TEXT AS (hex(zeroblob(9000000))) VIRTUAL",
        ),
        (
            "a column gone",
            "DROP INDEX customer_external; ALTER TABLE customer DROP COLUMN external",
        ),
        ("a table gone", "DROP TABLE signal"),
    ];
    for (what, sql) in cases {
        let desk = book_with(sql);
        let note = try_all(&desk, what);
        assert_ne!(note.code, Some(0), "{what}: {note:?}");
        assert_eq!(
            count(
                &desk,
                "SELECT count(*) FROM customer WHERE name IN ('Acme', 'Bolt')"
            ),
            2,
            "{what}"
        );
        let doctor = within(frugal(&desk, &["doctor"]));
        assert_ne!(doctor.code, Some(0), "{what}: {doctor:?}");
    }
}

#[test]
fn a_view_in_the_place_of_a_table_is_refused() {
    let sql = "ALTER TABLE customer RENAME TO hidden;
        CREATE VIEW customer AS SELECT n, id, batch, external, name || ' and more' AS name, owner, website, phone, created, tags, attributes,
          snoozed, snooze_event, snooze_reason, done, removed FROM hidden";
    let desk = book_with(sql);
    assert_ne!(try_all(&desk, "a view for a table").code, Some(0));
    let list = within(frugal(&desk, &["list"]));
    assert!(!list.stdout.contains("and more"), "{list:?}");
}

#[test]
fn thousands_of_tables_are_refused() {
    let mut sql = String::from("BEGIN;");
    (0..3000).for_each(|n| sql.push_str(&format!("CREATE TABLE t{n} (a);")));
    sql.push_str("COMMIT");
    let note = try_all(&book_with(&sql), "3000 tables");
    assert_ne!(note.code, Some(0));
    // They are named in a sentence that a person can read.
    assert!(
        note.stderr.len() < 2000,
        "{} bytes of error",
        note.stderr.len()
    );
}

#[test]
fn a_schema_that_lies_is_refused() {
    let lies = [
        (
            "half a statement",
            "UPDATE sqlite_schema SET sql = 'CREATE TABLE event (id' WHERE name = 'event'",
        ),
        (
            "another's pages",
            "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'customer') WHERE name = 'event'",
        ),
        (
            "pages far away",
            "UPDATE sqlite_schema SET rootpage = 999999 WHERE name = 'event'",
        ),
        (
            "no pages",
            "UPDATE sqlite_schema SET rootpage = 0 WHERE name = 'event'",
        ),
        (
            "its own pages",
            "UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'event'",
        ),
    ];
    for (what, sql) in lies {
        let desk = book_with(&format!("PRAGMA writable_schema = 1; {sql}"));
        let note = try_all(&desk, what);
        assert_ne!(note.code, Some(0), "{what}: {note:?}");
    }
}

/// A new file with the schema of a book, made with `before`, and the two customers.
fn rebuilt(before: &str) -> Desk {
    let from = desk_with_book(Place::Local);
    let desk = desk_with_book(Place::Local);
    std::fs::remove_file(&desk.book).expect("its own file");
    let conn = Connection::open(&desk.book).expect("a file");
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)
        .expect("not defended");
    conn.execute_batch(before).expect("settings");
    let source = Connection::open(&from.book).expect("the book");
    let mut statement = source
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB '*_*_*' AND tbl_name NOT GLOB 'found_*' AND tbl_name NOT GLOB 'person_*'")
        .expect("its schema");
    let all: Vec<String> = statement
        .query_map([], |r| r.get(0))
        .expect("its schema")
        .collect::<Result<_, _>>()
        .expect("its schema");
    for sql in all {
        conn.execute_batch(&sql)
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    let version: i64 = source
        .query_row("PRAGMA user_version", [], |r| r.get(0))
        .expect("a version");
    let id: i64 = source
        .query_row("PRAGMA application_id", [], |r| r.get(0))
        .expect("a number");
    conn.execute_batch(&format!(
        "PRAGMA user_version = {version}; PRAGMA application_id = {id}"
    ))
    .expect("marks");
    drop(statement);
    source.close().expect("closed");
    // A file in UTF-16 cannot be attached to one in UTF-8: row by row, as values.
    let source = Connection::open(&from.book).expect("the book");
    for table in ["batch", "customer", "event", "signal"] {
        let mut statement = source
            .prepare(&format!("SELECT * FROM {table}"))
            .expect("rows");
        let columns = statement.column_count();
        let marks = vec!["?"; columns].join(",");
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            let values: Vec<rusqlite::types::Value> =
                (0..columns).map(|c| row.get(c).expect("a value")).collect();
            conn.execute(
                &format!("INSERT INTO {table} VALUES ({marks})"),
                rusqlite::params_from_iter(values),
            )
            .expect("a row");
        }
    }
    desk
}

#[test]
fn unusual_layouts_are_read_or_refused() {
    for (what, before) in [
        ("UTF-16", "PRAGMA encoding = 'UTF-16be'"),
        ("pages of 512 bytes", "PRAGMA page_size = 512"),
        ("pages of 64 KB", "PRAGMA page_size = 65536"),
        ("vacuumed by itself", "PRAGMA auto_vacuum = 1"),
    ] {
        try_all(&rebuilt(before), what);
    }
}

#[test]
fn strange_values_are_shown_and_harm_nothing() {
    let event = "INSERT INTO event (id, batch, customer, kind, at, day, channel, direction, text)";
    let cases = [
        ("text that is not UTF-8", "UPDATE customer SET name = CAST(x'41ff00c328' AS TEXT), owner = CAST(x'ff' AS TEXT), tags = CAST(x'fe' AS TEXT)".to_owned()),
        ("attributes that are not JSON", "UPDATE customer SET attributes = '{\"a\": [[[['".to_owned()),
        ("nested attributes", format!("UPDATE customer SET attributes = '{}'", "[".repeat(100_000))),
        ("a batch whose words are not UTF-8", "UPDATE batch SET person = CAST(x'ff' AS TEXT), label = CAST(x'c3' AS TEXT), command = CAST(x'ff' AS TEXT)".to_owned()),
        ("NUL in a name", "UPDATE customer SET name = 'a' || char(0) || 'b'".to_owned()),
        ("an empty name", "UPDATE customer SET name = ''".to_owned()),
        ("a long name", "UPDATE customer SET name = hex(zeroblob(200000))".to_owned()),
        ("numbers at their ends", "UPDATE customer SET created = 9223372036854775807, snoozed = -9223372036854775808, removed = 7".to_owned()),
        (
            "an event at the end of time",
            format!("{event} SELECT randomblob(16), 1, n, 1, 9223372036854775807, 9223372036854775807, 'phone', 'in', 'late' FROM customer"),
        ),
        (
            "an event before all time",
            format!("{event} SELECT randomblob(16), 1, n, 1, -9223372036854775808, -9223372036854775808, 'phone', 'in', 'early' FROM customer"),
        ),
        (
            "events of all kinds with nothing in them",
            format!(
                "WITH RECURSIVE k (i) AS (SELECT -3 UNION ALL SELECT i + 1 FROM k WHERE i < 40)
                 {event} SELECT randomblob(16), 1, n, i, 1760000000000, 20000, '', '', '' FROM customer, k"
            ),
        ),
        (
            "events of all kinds with too much in them",
            "WITH RECURSIVE k (i) AS (SELECT -3 UNION ALL SELECT i + 1 FROM k WHERE i < 40)
             INSERT INTO event (id, batch, customer, kind, at, day, channel, direction, number, text, reference, more)
               SELECT randomblob(16), 1, n, i, 1760000000000, 20000, 'odd', 'sideways', 9223372036854775807, 'x', 'y', '{\"a\":1e999}' FROM customer, k"
                .to_owned(),
        ),
        (
            "money at its ends",
            "WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 4)
             INSERT INTO subscription (id, batch, customer, start, end, amount, currency, period, count, quantity, discount, status, mrr)
               SELECT randomblob(16), 1, n, 20000, 9223372036854775807, 9223372036854775807, 'EUR', 'month', 9223372036854775807, 9223372036854775807, -5, 'active', 9223372036854775807 FROM customer, k"
                .to_owned(),
        ),
        (
            "tasks and tickets at the ends of time",
            "INSERT INTO task (id, batch, customer, title, due, made) SELECT randomblob(16), 1, n, 't', 9223372036854775807, -9223372036854775808 FROM customer;
             INSERT INTO task (id, batch, customer, title, due, made, priority) SELECT randomblob(16), 1, n, 't', -9223372036854775808, 9223372036854775807, 99 FROM customer;
             INSERT INTO ticket (id, batch, customer, severity, opened, closed, csat) SELECT randomblob(16), 1, n, -7, 9223372036854775807, -9223372036854775808, 99 FROM customer"
                .to_owned(),
        ),
        ("figures that are noise", "UPDATE signal SET packed = randomblob(length(packed))".to_owned()),
        ("figures that are short", "UPDATE signal SET packed = substr(packed, 1, 9)".to_owned()),
        ("no figures", "DELETE FROM signal".to_owned()),
        ("a config that is none", "INSERT INTO config (id, batch, key, value) VALUES (randomblob(16), 1, 'stages', 'x ='), (randomblob(16), 1, 'zone', 'Nowhere'), (randomblob(16), 1, 'newer', '1')".to_owned()),
        ("config that is not UTF-8", "INSERT INTO config (id, batch, key, value) VALUES (randomblob(16), 1, CAST(x'ff' AS TEXT), CAST(x'ff' AS TEXT))".to_owned()),
        ("a zone that is none", "INSERT OR REPLACE INTO meta (k, v) VALUES ('zone', x'ff00')".to_owned()),
        ("edits of what is not there", "INSERT INTO edit (id, batch, entity, row, field, before, after, seen) VALUES (randomblob(16), 1, 99, zeroblob(16), 'x', 1e308, x'ff', x'01')".to_owned()),
        ("a batch of the far future", "UPDATE batch SET hlc = 9223372036854775807, wall = 9223372036854775807, number = 9223372036854775807".to_owned()),
        ("the greatest integer used", "UPDATE event SET n = 9223372036854775807 WHERE n = (SELECT max(n) FROM event)".to_owned()),
        ("the greatest customer", "INSERT INTO customer (n, id, batch, name) VALUES (9223372036854775807, randomblob(16), 1, 'Last')".to_owned()),
        ("the greatest batch", "INSERT INTO batch (n, id, person, device, number, hlc, wall, command, label, finished) VALUES (9223372036854775807, randomblob(16), 'x', zeroblob(16), 1, 1, 1, 'note', 'x', 1)".to_owned()),
        ("rows without their parents", "PRAGMA foreign_keys = OFF; DELETE FROM customer WHERE external = 'B2'; UPDATE event SET batch = 77".to_owned()),
    ];
    let mut faults = Vec::new();
    for (what, sql) in cases {
        faults.extend(look_at_all(&book_with(&sql), what).0);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_cell_larger_than_memory_is_passed_by() {
    let desk = desk_with_book(Place::Local);
    let conn = Connection::open(&desk.book).expect("the book");
    // Sparse in the file as well as in memory: the database grows by holes.
    for (table, column) in [("customer", "phone"), ("event", "text")] {
        conn.execute(
            &format!("UPDATE {table} SET {column} = CAST(zeroblob(30000000) AS TEXT) WHERE n = 1"),
            [],
        )
        .expect("a giant");
    }
    drop(conn);
    try_all(&desk, "30 MB in a cell");
}
