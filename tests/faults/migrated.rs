//! A book of the version before: the migration happens once and wholly, whoever dies meanwhile.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;

use super::ended::within;
use super::killed::kill_within;
use super::{passed_over, soundness, times};
use crate::terminal::Desk;

/// The migrations of the tree, oldest first.
fn scripts() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the migrations")
        .map(|f| f.expect("a file").path())
        .collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "sql"));
    files.sort();
    files
        .iter()
        .map(|f| std::fs::read_to_string(f).expect("SQL"))
        .collect()
}

const CUSTOMERS: usize = 300;

/// A book one version behind with customers and notes, or `None` while there is one version only.
fn desk_behind() -> Option<Desk> {
    let scripts = scripts();
    let before = scripts.len() - 1;
    if before == 0 {
        passed_over("migrations", "there is one version only");
        return None;
    }
    let desk = Desk::empty();
    let conn = Connection::open(&desk.book).expect("a file");
    conn.execute_batch("PRAGMA journal_mode = wal")
        .expect("a mode");
    for script in &scripts[..before] {
        conn.execute_batch(script).expect("the migration");
    }
    let marks = format!(
        "PRAGMA application_id = {}; PRAGMA user_version = {before}",
        0x5254_4e31
    );
    conn.execute_batch(&marks).expect("the marks");
    conn.execute_batch(&format!(
        "INSERT INTO batch (id, person, device, number, hlc, wall, command, label, finished, made)
           VALUES (randomblob(16), 'ana', zeroblob(16), 1, 1, 1, 'import', 'Import', 1, {CUSTOMERS});
         WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {CUSTOMERS})
           INSERT INTO customer (id, batch, name) SELECT randomblob(16), 1, 'Customer ' || i FROM c;
         INSERT INTO event (id, batch, customer, kind, at, day, text) SELECT randomblob(16), 1, n, 3, 1, 1, 'old ' || n FROM customer"
    ))
    .expect("rows");
    Some(desk)
}

fn version(book: &Path) -> usize {
    let conn = Connection::open(book).expect("a book");
    conn.query_row("PRAGMA user_version", [], |r| r.get::<_, u32>(0))
        .expect("a version") as usize
}

fn assert_old_texts(book: &Path) {
    assert_eq!(soundness(book), "ok");
    assert_eq!(super::texts(book, "old ").expect("texts").len(), CUSTOMERS);
}

/// Every backup that has its final name.
fn backups(desk: &Desk) -> Vec<PathBuf> {
    let Ok(folder) = std::fs::read_dir(desk.book.with_file_name(".book.db.backups")) else {
        return Vec::new();
    };
    let files = folder.map(|f| f.expect("a file").path());
    files
        .filter(|f| f.extension().is_some_and(|e| e == "db"))
        .collect()
}

#[test]
fn a_killed_migration_is_wholly_before_or_wholly_after_and_its_backup_is_sound() {
    let mut chance = ChaCha8Rng::seed_from_u64(51);
    let newest = scripts().len();
    let mut whole = None;
    for _ in 0..times(6, 120) {
        let Some(desk) = desk_behind() else { return };
        let open = || {
            let mut command = desk.command();
            command.args(["list", "--json", "--book"]).arg(&desk.book);
            command
        };
        let begun = Instant::now();
        match whole {
            None => {
                assert_eq!(within(open()).code, Some(0));
                whole = Some(begun.elapsed());
            }
            Some(whole) => {
                kill_within(open(), whole, &mut chance);
            }
        }
        assert!([newest - 1, newest].contains(&version(&desk.book)));
        assert_old_texts(&desk.book);
        assert_eq!(within(open()).code, Some(0), "the next start completes it");
        assert_eq!(version(&desk.book), newest);
        assert_old_texts(&desk.book);
        for backup in backups(&desk) {
            assert_eq!(version(&backup), newest - 1, "{}", backup.display());
            assert_old_texts(&backup);
        }
    }
}

#[test]
fn six_that_find_an_old_book_migrate_it_once() {
    let Some(desk) = desk_behind() else { return };
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let done = desk.run_as("ana", &["list", "--json"]);
                assert!(done.status.success() && done.stderr.is_empty(), "{done:?}");
            });
        }
    });
    assert_eq!(version(&desk.book), scripts().len());
    assert_old_texts(&desk.book);
}
