use super::*;
use crate::domain::command::{Command, NewCustomer};
use crate::store::outbox::Keep;
use crate::store::{Options, Who};

const NOW: Stamp = Stamp(1_795_000_000_000);
const A_DAY: i64 = 86_400_000;

fn open_in(folder: &Path) -> Store {
    let who = Who { person: "ana".into(), device: Id([7; 16]) };
    let keep = Keep::In(folder.join("state"));
    Store::open(&folder.join("book.db"), &Options { who, now: NOW, as_of: None, create: true, zone: None, keep }).unwrap()
}

fn add(store: &mut Store, name: &str) {
    store.write(&Command::AddCustomer(NewCustomer { name: name.into(), ..NewCustomer::default() }), NOW).unwrap();
}

fn names(store: &Store) -> Vec<String> {
    let mut statement = store.conn.prepare("SELECT name FROM customer ORDER BY name").unwrap();
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
    assert_eq!(fs::metadata(restored.moved.unwrap()).unwrap().len(), middle as u64, "the damaged file is kept as it is");
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
    File::options().write(true).open(&newer).unwrap().set_len(size / 2).unwrap();
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
    assert!(verify(&newer).unwrap_err().message.contains("1 batches are not what was written"));
    assert_eq!(restore(&path, None, NOW).unwrap().from.path, older);
    assert!(verify_again(&newer).is_err());
    assert_eq!(list(&path).iter().map(|b| b.verified).collect::<Vec<_>>(), [false, true]);
    // What no batch says, the file's own bytes do.
    let conn = Connection::open(&older).unwrap();
    conn.execute("INSERT INTO meta (k, v) VALUES ('x', 'y')", []).unwrap();
    drop(conn);
    assert!(verify(&older).unwrap_err().message.contains("not the file that was verified"));
    // However often it is looked at.
    assert!(verify_again(&older).is_err() && verify_again(&older).is_err());
    assert!(list(&path).iter().all(|b| b.damaged));
}

#[test]
fn a_backup_of_a_book_that_changed_by_itself_is_made_but_not_called_verified() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    add(&mut store, "Acme");
    store.conn.execute("UPDATE customer SET name = 'Acne'", []).unwrap();
    let made = store.back_up("asked", NOW).unwrap();
    let found = &list(store.path())[0];
    assert!(made.exists() && !found.verified && found.damaged);
    assert!(verify_again(&made).is_err() && list(store.path())[0].damaged);
    // The book is put right, and so is what is made of it.
    store.conn.execute("UPDATE customer SET name = 'Acme'", []).unwrap();
    store.back_up("asked", Stamp(NOW.0 + 1000)).unwrap();
    assert_eq!(list(store.path()).iter().map(|b| (b.verified, b.damaged)).collect::<Vec<_>>(), [(true, false), (false, true)]);
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
    let left = |cap: u64| -> Vec<usize> { (0..14).filter(|at| !going(&all, today, cap)[*at]).collect() };
    assert_eq!(left(u64::MAX).iter().filter(|at| !all[**at].damaged).count(), 7, "no good one went");
    assert_eq!(left(80), [0, 1, 3, 5, 7, 9, 11, 13], "the damaged ones go first, but not the newest of all");
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
    let all: Vec<Backup> = (0..5).map(|n| one(n, false)).chain((900..910).map(|n| one(n, true))).collect();
    let left: Vec<usize> = (0..15).filter(|at| !going(&all, today, u64::MAX)[*at]).collect();
    assert_eq!(left, [0, 1, 2, 3, 4, 5, 6, 7]);
    let left: Vec<usize> = (0..15).filter(|at| !going(&all, today, 70)[*at]).collect();
    assert_eq!(left, [0, 1, 2, 3, 5, 6, 7], "the oldest that nothing holds goes first");
    let left: Vec<usize> = (0..15).filter(|at| !going(&all, today, 0)[*at]).collect();
    assert_eq!(left, [0, 1, 2, 5, 6, 7], "three and three in any case");
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
        fs::write(backups.join(name), "").unwrap();
    }
    assert_eq!(super::names(&path).0.len(), 10_000);
    assert!(store.back_up_daily(NOW).unwrap().is_some());
    assert!(store.back_up_daily(NOW).unwrap().is_none());
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
    let left = ["x.tmp", "x.tmp-journal", "x.tmp-wal", "x.tmp-shm"].map(|name| folder_of(store.path()).join(name));
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
    assert!(fs::read_dir(folder.path()).unwrap().all(|f| !f.unwrap().file_name().to_string_lossy().contains("tmp")));
}

#[test]
fn of_two_years_of_days_a_few_dozen_stay() {
    let today = Day::from_number(20_000).unwrap();
    let days: Vec<Day> = (0..730).map(|n| today.plus(-n)).collect();
    let goes = too_many(&days, today);
    let left: Vec<i64> = days.iter().zip(&goes).filter(|(_, goes)| !**goes).map(|(d, _)| today.since(*d)).collect();
    assert!(left.starts_with(&(0..14).collect::<Vec<_>>()), "{left:?}");
    assert!((14 + 10 + 9..=14 + 12 + 11).contains(&left.len()), "{left:?}");
    let old: Vec<Day> = (900..903).map(|n| today.plus(-n)).collect();
    assert_eq!(too_many(&old, today), [false; 3], "the last three stay whatever their age");
}

#[test]
fn a_large_outbox_drops_what_a_verified_backup_has() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    for n in 0..4 {
        let note = "n".repeat(300_000);
        add(&mut store, &format!("Customer {n}"));
        let customer = Id(store.conn.query_row("SELECT id FROM customer ORDER BY n DESC LIMIT 1", [], |r| r.get(0)).unwrap());
        store.write(&Command::Note { customers: vec![customer], text: note, at: None }, NOW).unwrap();
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
    let who = Who { person: "ana".into(), device: Id([7; 16]) };
    let options = Options { who, now: NOW, as_of: None, create: true, zone: None, keep: Keep::Nowhere };
    assert!(Store::open(&folder.path().join("book.db"), &options).is_err_and(|e| e.message.contains("book.db-wal")));
}
