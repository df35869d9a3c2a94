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

#[test]
fn there_is_one_backup_a_day_and_drafts_of_the_killed_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open_in(folder.path());
    add(&mut store, "Acme");
    assert!(store.back_up_daily(NOW).unwrap().is_some());
    assert!(store.back_up_daily(Stamp(NOW.0 + 1000)).unwrap().is_none());
    let left = folder_of(store.path()).join("x.tmp");
    fs::write(&left, "half").unwrap();
    assert!(store.back_up_daily(Stamp(NOW.0 + A_DAY)).unwrap().is_some());
    assert!(!left.exists());
    assert_eq!(list(store.path()).len(), 2);
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
