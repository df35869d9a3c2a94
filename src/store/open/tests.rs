use super::*;
use crate::domain::command::{Command, NewCustomer};
use crate::domain::id::Id;
use crate::domain::time::Day;
use crate::store::outbox::Keep;
use crate::store::presence::Presence;
use crate::store::{Store, Who};

const NOW: Stamp = Stamp(1_795_000_000_000);

fn options() -> Options {
    let who = Who {
        person: "ana".into(),
        device: Id([7; 16]),
    };
    Options {
        who,
        now: NOW,
        as_of: None,
        create: true,
        zone: None,
        keep: Keep::Nowhere,
    }
}

fn store(path: &Path) -> Store {
    Store::open(path, &options()).unwrap()
}

fn journal(store: &Store) -> String {
    store
        .conn
        .query_row("PRAGMA journal_mode", [], |r| r.get(0))
        .unwrap()
}

fn add(store: &mut Store, name: &str) -> Result<()> {
    store
        .write(
            &Command::AddCustomer(NewCustomer {
                name: name.into(),
                ..NewCustomer::default()
            }),
            NOW,
        )
        .map(|_| ())
}

fn refusal(path: &Path) -> String {
    match Store::open(path, &options()) {
        Ok(_) => String::new(),
        Err(error) => error.message.to_string(),
    }
}

#[test]
fn what_the_team_sets_wins_and_holds_from_the_next_opening_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut first = store(&path);
    if !first.mode().is_wal() {
        return; // The disk of the tests is no local one.
    }
    assert_eq!(journal(&first), "wal");
    add(&mut first, "Acme").unwrap();
    first.share_between_machines(true).unwrap();
    // Others are in: the mode is not changed under them.
    assert!(
        refusal(&path).contains("others have the book open"),
        "{}",
        refusal(&path)
    );
    add(&mut first, "Bolt").unwrap();
    first.close();
    let mut second = store(&path);
    assert_eq!(journal(&second), "truncate");
    assert!(
        second.mode().name().contains("the team has set it"),
        "{}",
        second.mode().name()
    );
    add(&mut second, "Cargo").unwrap();
    let mut beside = store(&path);
    add(&mut beside, "Delta").unwrap();
    beside.close();
    second.share_between_machines(false).unwrap();
    second.close();
    assert_eq!(journal(&store(&path)), "wal");
}

#[test]
fn while_another_machine_is_in_nobody_uses_wal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    store(&path).close();
    let _we = Presence::begin(&path, "ana", true, NOW).unwrap();
    let here = crate::store::presence::Here {
        person: "bo".into(),
        host: "far".into(),
        boot: "another".into(),
        pid: 1,
        since: NOW,
        wal: true,
        looking: None,
    };
    fs::write(
        presence::folder_of(&path).join("far-1-1.json"),
        serde_json::to_string(&here).unwrap(),
    )
    .unwrap();
    let second = store(&path);
    assert_eq!(journal(&second), "truncate");
    assert!(
        second.mode().name().contains("bo has it open on far"),
        "{}",
        second.mode().name()
    );
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_with_a_reason() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    symlink(at("nothing"), at("dangling")).unwrap();
    assert!(refusal(&at("dangling")).contains("leads nowhere"));
    symlink(at("b"), at("a")).unwrap();
    symlink(at("a"), at("b")).unwrap();
    assert!(
        refusal(&at("a")).contains("leads nowhere"),
        "{}",
        refusal(&at("a"))
    );
    assert!(refusal(folder.path()).contains("is not a file"));
    assert!(refusal(Path::new("/dev/null")).contains("is not a file"));
    rustix::fs::mknodat(
        rustix::fs::CWD,
        at("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    assert!(refusal(&at("pipe")).contains("is not a file"));
    fs::write(at("one"), "x").unwrap();
    assert!(refusal(&at("one")).contains("is not a Retain book"));
    // Where there is a backup of it, it was a book.
    let hints = |path: &Path| {
        Store::open(path, &options())
            .err()
            .expect("no book")
            .hints
            .concat()
    };
    assert!(
        hints(&at("one")).contains("retain import"),
        "{}",
        hints(&at("one"))
    );
    let damaged = store(&at("damaged.db"));
    damaged.back_up("asked", NOW).unwrap();
    damaged.close();
    fs::write(at("damaged.db"), "x").unwrap();
    assert!(
        hints(&at("damaged.db")).contains("retain restore"),
        "{}",
        hints(&at("damaged.db"))
    );
    let sparse = File::create(at("sparse")).unwrap();
    sparse.set_len(4 << 30).unwrap();
    assert!(refusal(&at("sparse")).contains("is not a Retain book"));
    store(&at("book.db")).close();
    fs::hard_link(at("book.db"), at("second.db")).unwrap();
    assert!(
        store(&at("book.db"))
            .read_only()
            .is_some_and(|why| why.contains("second name"))
    );
    symlink(at("book.db"), at("link.db")).unwrap();
    fs::remove_file(at("second.db")).unwrap();
    assert!(
        store(&at("link.db")).path().ends_with("book.db"),
        "a link to a book is that book"
    );
}

#[test]
fn opening_a_book_twice_in_one_process_keeps_the_locks_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let first = store(&path);
    let known = identity(first.path()).is_some_and(is_open_here);
    assert_eq!(known, cfg!(unix));
    // Read by its head it would be opened and closed; asked only, it is not.
    assert_eq!(check_file(first.path(), true).unwrap(), None);
}

#[test]
fn a_statement_on_a_table_with_a_partial_index_is_parsed_once() {
    let store = super::super::tests::book();
    let mut statement = store
        .conn
        .prepare("SELECT t.id, t.external FROM contact t WHERE t.batch = ? ORDER BY t.n")
        .unwrap();
    for n in 5..9 {
        assert!(!statement.exists([n]).unwrap());
    }
    assert_eq!(
        statement.get_status(rusqlite::StatementStatus::RePrepare),
        0
    );
}

#[test]
fn who_only_looks_changes_neither_the_file_nor_how_it_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut first = store(&path);
    add(&mut first, "Acme").unwrap();
    first.close();
    for mode in ["delete", "truncate", "wal"] {
        let conn = Connection::open(&path).unwrap();
        let set: String = conn
            .query_row(&format!("PRAGMA journal_mode = {mode}"), [], |r| r.get(0))
            .unwrap();
        drop(conn);
        let look = || {
            let mut all: Vec<_> = fs::read_dir(folder.path())
                .unwrap()
                .map(|e| e.unwrap().file_name())
                .collect();
            all.sort();
            (
                all,
                fs::read(&path).unwrap(),
                fs::metadata(&path).unwrap().modified().unwrap(),
            )
        };
        let before = look();
        let mut looked = Store::open_to_look(&path, &options()).unwrap();
        looked.roster().unwrap();
        assert_eq!(looked.read_only(), None);
        looked.close();
        Store::open_past(
            &path,
            &options(),
            Day::from_date(NOW.utc().date_naive()).unwrap(),
        )
        .unwrap()
        .close();
        assert!(look() == before || set != mode, "{mode}");
        // A write is as safe as ever.
        let mut looked = Store::open_to_look(&path, &options()).unwrap();
        add(&mut looked, mode).unwrap();
        let sync: i64 = looked
            .conn
            .query_row("PRAGMA synchronous", [], |r| r.get(0))
            .unwrap();
        assert_eq!(
            (sync, journal(&looked) == "wal"),
            (2, set == "wal"),
            "{mode}"
        );
        looked.close();
    }
    let first = store(&path);
    assert_eq!(
        journal(&first) == "wal",
        first.mode().is_wal(),
        "who comes to write uses what the place allows"
    );
}
