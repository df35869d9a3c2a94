use super::thinning::{going, too_many};
use super::*;
use crate::domain::command::{Command, NewCustomer};
use crate::store::outbox::Keep;
use crate::store::{Options, Who};

const NOW: Stamp = Stamp(1_795_000_000_000);
const A_DAY: i64 = 86_400_000;

fn open_in(folder: &Path) -> Store {
    let who = Who {
        person: "ana".into(),
        device: Id([7; 16]),
    };
    let keep = Keep::In(folder.join("state"));
    Store::open(
        &folder.join("book.db"),
        &Options {
            who,
            now: NOW,
            as_of: None,
            create: true,
            zone: None,
            keep,
        },
    )
    .unwrap()
}

fn add(store: &mut Store, name: &str) {
    store
        .write(
            &Command::AddCustomer(NewCustomer {
                name: name.into(),
                ..NewCustomer::default()
            }),
            NOW,
        )
        .unwrap();
}

fn names(store: &Store) -> Vec<String> {
    let mut statement = store
        .conn
        .prepare("SELECT name FROM customer ORDER BY name")
        .unwrap();
    let rows = statement.query_map([], |r| r.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_book_that_was_damaged_comes_back_with_what_was_done_since() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    add(&mut store, "Acme");
    let made = store.back_up("asked", NOW).unwrap();
    assert_eq!(verify(&made).unwrap().customers, 1);
    add(&mut store, "Bolt");
    let path = store.path().to_owned();
    store.close();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes.truncate(middle);
    fs::write(&path, bytes).unwrap();
    let restored = restore(&path, None, NOW).unwrap();
    assert_eq!(restored.from.path, made);
    assert_eq!(
        fs::metadata(restored.moved.unwrap()).unwrap().len(),
        middle as u64,
        "the damaged file is kept as it is"
    );
    let mut store = open_in(folder.path());
    assert_eq!(names(&store), ["Acme", "Bolt"]);
    assert!(store.doctor().unwrap().iter().all(|c| c.ok));
}

#[test]
fn a_damaged_backup_is_named_and_never_chosen_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    add(&mut store, "Acme");
    let older = store.back_up("asked", NOW).unwrap();
    let newer = store.back_up("asked", Stamp(NOW.0 + 1000)).unwrap();
    let path = store.path().to_owned();
    store.close();
    let size = fs::metadata(&newer).unwrap().len();
    File::options()
        .write(true)
        .open(&newer)
        .unwrap()
        .set_len(size / 2)
        .unwrap();
    assert!(verify(&newer).is_err());
    assert!(restore(&path, newer.file_stem().unwrap().to_str(), NOW).is_err());
    assert_eq!(restore(&path, None, NOW).unwrap().from.path, older);
}

/// Flips a bit of a text, where no check of pages sees it.
fn flip(path: &Path, text: &[u8]) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(text.len()).position(|w| w == text).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_flipped_bit_in_a_backup_is_noticed_and_an_older_one_is_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    add(&mut store, "Acme Words");
    let older = store.back_up("asked", NOW).unwrap();
    let newer = store.back_up("asked", Stamp(NOW.0 + 1000)).unwrap();
    let path = store.path().to_owned();
    store.close();
    assert!(list(&path).iter().all(|b| b.verified));
    flip(&newer, b"Acme Words");
    assert!(sound(&newer).is_ok(), "no page shows it");
    assert!(
        verify(&newer)
            .unwrap_err()
            .message
            .contains("1 batches are not what was written")
    );
    assert_eq!(restore(&path, None, NOW).unwrap().from.path, older);
    assert!(verify_again(&newer).is_err());
    assert_eq!(
        list(&path).iter().map(|b| b.verified).collect::<Vec<_>>(),
        [false, true]
    );
    // What no batch says, the file's own bytes do.
    let conn = Connection::open(&older).unwrap();
    conn.execute("INSERT INTO meta (k, v) VALUES ('x', 'y')", [])
        .unwrap();
    drop(conn);
    assert!(
        verify(&older)
            .unwrap_err()
            .message
            .contains("not the file that was verified")
    );
    // However often it is looked at.
    assert!(verify_again(&older).is_err() && verify_again(&older).is_err());
    assert!(list(&path).iter().all(|b| b.damaged));
}

#[test]
fn a_backup_of_a_book_that_changed_by_itself_is_made_but_not_called_verified() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    add(&mut store, "Acme");
    store
        .conn
        .execute("UPDATE customer SET name = 'Acne'", [])
        .unwrap();
    let made = store.back_up("asked", NOW).unwrap();
    let found = &list(store.path())[0];
    assert!(made.exists() && !found.verified && found.damaged);
    assert!(verify_again(&made).is_err() && list(store.path())[0].damaged);
    // The book is put right, and so is what is made of it.
    store
        .conn
        .execute("UPDATE customer SET name = 'Acme'", [])
        .unwrap();
    store.back_up("asked", Stamp(NOW.0 + 1000)).unwrap();
    assert_eq!(
        list(store.path())
            .iter()
            .map(|b| (b.verified, b.damaged))
            .collect::<Vec<_>>(),
        [(true, false), (false, true)]
    );
}

#[test]
fn damaged_backups_take_the_place_of_no_good_one_and_go_first() {
    let today = Day::from_number(20_000).unwrap();
    let one = |age: i64, damaged: bool| Backup {
        path: PathBuf::new(),
        name: String::new(),
        why: "daily".into(),
        day: Some(today.plus(-age)),
        size: 10,
        verified: !damaged,
        damaged,
    };
    // A week of damaged ones, made after good ones of the same days.
    let all: Vec<Backup> = (0..7).flat_map(|n| [one(n, true), one(n, false)]).collect();
    let left = |cap: u64| -> Vec<usize> { (0..14).filter(|at| !going(&all, cap)[*at]).collect() };
    assert_eq!(
        left(u64::MAX)
            .iter()
            .filter(|at| !all[**at].damaged)
            .count(),
        7,
        "no good one went"
    );
    assert_eq!(
        left(80),
        [0, 1, 3, 5, 7, 9, 11, 13],
        "the damaged ones go first, but not the newest of all"
    );
    assert_eq!(left(0), [0, 1, 3, 5]);
}

#[test]
fn verified_backups_stay_and_all_together_have_a_limit() {
    let today = Day::from_number(20_000).unwrap();
    let one = |age: i64, verified: bool| Backup {
        path: PathBuf::new(),
        name: String::new(),
        why: "daily".into(),
        day: Some(today.plus(-age)),
        size: 10,
        verified,
        damaged: false,
    };
    // Years without a verified one: the last three that are stay, however old.
    let all: Vec<Backup> = (0..1000)
        .map(|n| one(n, false))
        .chain((1000..1010).map(|n| one(n, true)))
        .collect();
    let left =
        |cap: u64| -> Vec<usize> { (0..all.len()).filter(|at| !going(&all, cap)[*at]).collect() };
    assert!(
        left(u64::MAX).ends_with(&[1000, 1001, 1002]) && left(u64::MAX).len() < 50,
        "{:?}",
        left(u64::MAX)
    );
    assert_eq!(
        left(70),
        [0, 1, 2, 3, 1000, 1001, 1002],
        "the oldest that nothing holds goes first"
    );
    assert_eq!(
        left(0),
        [0, 1, 2, 1000, 1001, 1002],
        "three and three in any case"
    );
}

#[test]
fn ten_thousand_old_backups_are_only_counted_by_their_names_and_then_thinned() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    add(&mut store, "Acme");
    let path = store.path().to_owned();
    let backups = make_folder(&path).unwrap();
    let first = Day::from_number(10_000).unwrap();
    for n in 0..10_000 {
        let day = first.plus(n % 3000).date();
        let name = format!("{}T00{:02}00Z-daily.db", day.format("%Y%m%d"), n / 3000);
        fs::write(backups.path().join(name), "").unwrap();
    }
    assert_eq!(super::names(&backups).0.len(), 10_000);
    assert!(store.back_up_daily(NOW).unwrap().is_some());
    assert!(store.back_up_daily(NOW).unwrap().is_none());
    assert_eq!(list(&path).len(), 9001, "a tenth goes at once");
    (0..60).for_each(|_| thin(&path, &backups, ""));
    let left = list(&path);
    assert!(left.len() < 50 && left[0].verified, "{}", left.len());
}

#[test]
fn there_is_one_backup_a_day_and_drafts_of_the_killed_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    add(&mut store, "Acme");
    assert!(store.back_up_daily(NOW).unwrap().is_some());
    assert!(store.back_up_daily(Stamp(NOW.0 + 1000)).unwrap().is_none());
    // Also what SQLite lays beside a draft.
    let left = ["x.tmp", "x.tmp-journal", "x.tmp-wal", "x.tmp-shm"]
        .map(|name| folder_of(store.path()).join(name));
    for file in &left {
        fs::write(file, "half").unwrap();
    }
    assert!(store.back_up_daily(Stamp(NOW.0 + A_DAY)).unwrap().is_some());
    assert!(left.iter().all(|file| !file.exists()));
    assert_eq!(list(store.path()).len(), 2);
    // A copy to a place of one's own is made anew over what was left there.
    let to = folder.path().join("copy.db");
    for ending in ["", "-journal", "-wal"] {
        fs::write(folder.path().join(format!("copy.db.tmp{ending}")), "half").unwrap();
    }
    store.back_up_to(&to).unwrap();
    assert_eq!(verify(&to).unwrap().customers, 1);
    assert!(
        fs::read_dir(folder.path()).unwrap().all(|f| !f
            .unwrap()
            .file_name()
            .to_string_lossy()
            .contains("tmp"))
    );
}

#[test]
fn of_two_years_of_days_a_few_dozen_stay() {
    let today = Day::from_number(20_000).unwrap();
    let days: Vec<Day> = (0..730).map(|n| today.plus(-n)).collect();
    let goes = too_many(&days);
    let left: Vec<i64> = days
        .iter()
        .zip(&goes)
        .filter(|(_, goes)| !**goes)
        .map(|(d, _)| today.since(*d))
        .collect();
    assert!(left.starts_with(&(0..14).collect::<Vec<_>>()), "{left:?}");
    assert!(
        (14 + 10 + 9..=14 + 12 + 11).contains(&left.len()),
        "{left:?}"
    );
    let old: Vec<Day> = (900..903).map(|n| today.plus(-n)).collect();
    assert_eq!(
        too_many(&old),
        [false; 3],
        "the last three stay whatever their age"
    );
}

#[test]
fn a_large_outbox_drops_what_a_verified_backup_has() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    for n in 0..4 {
        let note = "n".repeat(300_000);
        add(&mut store, &format!("Customer {n}"));
        let customer = Id(store
            .conn
            .query_row("SELECT id FROM customer ORDER BY n DESC LIMIT 1", [], |r| {
                r.get(0)
            })
            .unwrap());
        store
            .write(
                &Command::Note {
                    customers: vec![customer],
                    text: note,
                    at: None,
                },
                NOW,
            )
            .unwrap();
    }
    let before = store.outbox.as_ref().unwrap().read().unwrap();
    assert!(before.size > OUTBOX_LIMIT);
    store.back_up_daily(NOW).unwrap();
    let after = store.outbox.as_ref().unwrap().read().unwrap();
    assert!(after.entries.is_empty() && after.size < 1000);
    assert_eq!(after.numbers, before.numbers);
    assert_eq!((after.device, after.last), (before.device, before.last));
}

#[test]
fn a_journal_without_its_file_is_not_given_to_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("book.db-wal"), "left").unwrap();
    let who = Who {
        person: "ana".into(),
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
    assert!(
        Store::open(&folder.path().join("book.db"), &options)
            .is_err_and(|e| e.message.contains("book.db-wal"))
    );
}

/// 1 January 2040.
const FAR: Stamp = Stamp(2_208_988_800_000);

#[test]
fn a_clock_that_jumps_takes_no_backups_away_and_names_are_not_believed_over_contents() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    let path = store.path().to_owned();
    let work = |store: &mut Store, day: i64| {
        add(store, &format!("Customer {day}"));
        store
            .back_up_daily(Stamp(NOW.0 + day * A_DAY))
            .unwrap()
            .unwrap()
    };
    for day in 0..50 {
        work(&mut store, day);
    }
    let before = list(&path).len();
    assert!(store.back_up_daily(FAR).unwrap().is_some());
    assert!(
        list(&path).len() + 1 >= before,
        "one start with a wrong clock makes one day: {before} {}",
        list(&path).len()
    );
    let past = store.back_up_daily(Stamp(0)).unwrap().unwrap();
    assert!(
        past.exists() && list(&path).len() + 2 >= before,
        "so does one in the past, and what was just made stays"
    );
    for day in 50..60 {
        work(&mut store, day);
    }
    let last = work(&mut store, 60);
    assert!(list(&path).len() + 3 >= before);
    assert_ne!(
        list(&path)[0].path,
        last,
        "by its name another is the newest"
    );
    add(&mut store, "Since then");
    store.close();
    let restored = restore(&path, None, Stamp(NOW.0 + 61 * A_DAY)).unwrap();
    assert_eq!(
        (restored.from.path, restored.holds.batches, restored.lacks),
        (last, 61, Some(1))
    );
}

#[test]
fn of_many_that_go_a_few_go_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    add(&mut store, "Acme");
    let backups = make_folder(store.path()).unwrap();
    for n in 0..40 {
        fs::write(
            backups
                .path()
                .join(format!("20200101T00{n:02}00Z-daily.db")),
            "",
        )
        .unwrap();
    }
    for day in 0..3 {
        store.back_up_daily(Stamp(NOW.0 + day * A_DAY)).unwrap();
    }
    let left = list(store.path()).iter().filter(|b| b.size == 0).count();
    assert!((25..40).contains(&left), "{left}");
}

/// Everything in a folder: names, bytes, times.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|p| {
            (
                p.clone(),
                fs::read(&p).unwrap_or_default(),
                fs::metadata(&p).unwrap().modified().unwrap(),
            )
        })
        .collect();
    all.sort();
    all
}

#[test]
fn looking_at_a_backup_leaves_every_byte_and_writes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    add(&mut store, "Acme");
    let made = store.back_up("asked", NOW).unwrap();
    add(&mut store, "Bolt");
    let path = store.path().to_owned();
    store.close();
    // What lies beside it is none of it, but stays too.
    for ending in ["-journal", "-wal"] {
        fs::write(open::beside_it(&made, ending), "not of it").unwrap();
    }
    let moved = make_folder(&path)
        .unwrap()
        .path()
        .join("replaced-20200101T000000Z.db");
    fs::copy(&made, &moved).unwrap();
    let abroad = folder.path().join(made.file_name().unwrap());
    fs::copy(&made, &abroad).unwrap();
    let who = Who {
        person: "bo".into(),
        device: Id([8; 16]),
    };
    let keep = Keep::In(folder.path().join("state"));
    let options = Options {
        who,
        now: NOW,
        as_of: None,
        create: false,
        zone: None,
        keep,
    };
    let before = (contents(&folder_of(&path)), contents(folder.path()));
    for file in [&made, &moved, &abroad] {
        let mut backup = Store::open(file, &options).unwrap();
        assert_eq!(
            names(&backup),
            ["Acme"],
            "nothing of the outbox comes into it"
        );
        assert!(
            backup.is_backup()
                && backup
                    .read_only()
                    .is_some_and(|why| why.contains("retain restore")),
            "{:?}",
            backup.read_only()
        );
        backup.roster().unwrap();
        backup.doctor().unwrap();
        backup.take_what_came();
        assert_eq!(backup.back_up_daily(NOW).unwrap(), None);
        let new = Command::AddCustomer(NewCustomer {
            name: "New".into(),
            ..NewCustomer::default()
        });
        assert_eq!(backup.write(&new, NOW).unwrap_err().kind, Kind::Busy);
        assert!(backup.back_up("asked", NOW).is_err());
        drop(backup);
        let day = Day::from_date(NOW.utc().date_naive()).unwrap();
        Store::open_past(file, &options, day)
            .unwrap()
            .roster()
            .unwrap();
    }
    assert!(
        (contents(&folder_of(&path)), contents(folder.path())) == before,
        "bytes, names and times are as they were"
    );
    assert!(verify(&made).is_ok() && list(&path)[0].verified);
    assert_eq!(restore(&path, None, NOW).unwrap().from.path, made);
}

#[test]
fn a_backup_that_has_its_changes_in_a_journal_shows_them_and_is_not_put_back_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    if !store.mode().is_wal() {
        return; // The disk of the tests is no local one.
    }
    add(&mut store, "Acme");
    let path = store.path().to_owned();
    // As a kill leaves it: the last change is in the -wal.
    let moved = make_folder(&path)
        .unwrap()
        .path()
        .join("replaced-20200101T000000Z.db");
    for ending in ["", "-wal"] {
        fs::copy(
            open::beside_it(&path, ending),
            open::beside_it(&moved, ending),
        )
        .unwrap();
    }
    let before = contents(&folder_of(&path));
    let options = Options {
        keep: Keep::Nowhere,
        ..store.options.clone()
    };
    assert_eq!(names(&Store::open(&moved, &options).unwrap()), ["Acme"]);
    assert!(contents(&folder_of(&path)) == before);
    let ask = merge::MergeAsk {
        now: NOW,
        dry_run: false,
        foreign: false,
    };
    assert!(
        store.merge(&moved, ask).unwrap().batches.is_empty(),
        "the book has all of it"
    );
    assert!(
        contents(&folder_of(&path)) == before,
        "a merge leaves it as it is too"
    );
    assert!(
        restore(&path, moved.to_str(), NOW)
            .unwrap_err()
            .message
            .contains("is not all of its book")
    );
}

#[test]
fn whoever_holds_the_turn_is_named_and_not_waited_for_for_ever() {
    static HEARD: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());
    crate::store::locks::tell_waits(|words| HEARD.lock().unwrap().push(words.to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    add(&mut store, "Acme");
    store.back_up("asked", NOW).unwrap();
    let held = File::options()
        .write(true)
        .open(folder_of(store.path()).join("turn"))
        .unwrap();
    held.lock().unwrap();
    let error = store.back_up("asked", NOW).unwrap_err();
    assert_eq!(error.kind, Kind::Busy);
    assert!(
        error
            .message
            .contains("there is no backup: another process holds"),
        "{error}"
    );
    let place = folder_of(store.path()).display().to_string();
    assert!(HEARD.lock().unwrap().iter().any(|words| words.starts_with("waiting for another process") && words.contains(&place)));
    // What does not need a backup goes on at once, and an import without one.
    add(&mut store, "Bolt");
    assert_eq!(store.back_up_daily(NOW).unwrap(), None);
    store.load("import", NOW).unwrap().abandon();
    assert!(
        store
            .news()
            .iter()
            .any(|words| words.contains("there is no backup"))
    );
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_the_backups_takes_nothing_away_where_it_leads() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    add(&mut store, "Acme");
    let private = folder.path().join("private");
    fs::create_dir(&private).unwrap();
    for name in ["thesis.tmp", "turn", "20200101T000000Z-daily.db"] {
        fs::write(private.join(name), "mine").unwrap();
    }
    std::os::unix::fs::symlink(&private, folder_of(store.path())).unwrap();
    let before = contents(&private);
    let error = store.back_up("asked", NOW).unwrap_err();
    assert!(
        error.message.contains("is a link and not a folder"),
        "{error}"
    );
    assert!(store.back_up_daily(NOW).is_err() && list(store.path()).is_empty());
    assert!(restore(store.path(), None, NOW).is_err());
    assert!(contents(&private) == before);
    assert!(
        store
            .doctor()
            .unwrap()
            .iter()
            .any(|c| c.code == "beside" && !c.ok && c.words.contains("is a link"))
    );
    // A link in the folder itself, where a draft or the turn would be.
    fs::remove_file(folder_of(store.path())).unwrap();
    let precious = folder.path().join("precious");
    fs::write(&precious, "mine").unwrap();
    let backups = make_folder(store.path()).unwrap();
    std::os::unix::fs::symlink(
        &precious,
        backups.path().join(format!("{}-asked.tmp", moment(NOW))),
    )
    .unwrap();
    store.back_up("asked", NOW).unwrap();
    fs::remove_file(backups.path().join("turn")).unwrap();
    std::os::unix::fs::symlink(&precious, backups.path().join("turn")).unwrap();
    assert!(
        store
            .back_up("asked", NOW)
            .unwrap_err()
            .message
            .contains("turn is a link")
    );
    assert_eq!(fs::read_to_string(&precious).unwrap(), "mine");
}
