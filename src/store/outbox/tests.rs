use super::*;
use crate::domain::command::{Change, Entity, NewCustomer};
use crate::domain::query::{Page, Query, TimelineAsk};
use crate::error::Kind;
use crate::store::transact::Crash;
use crate::store::{Options, Store, Who};

const NOW: Stamp = Stamp(1_795_000_000_000);

/// A book, and the state folder of one person.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        Desk {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn book(&self) -> PathBuf {
        self.folder.path().join("book.db")
    }

    fn options(&self, person: &str) -> Options {
        let who = Who {
            person: person.into(),
            device: Id([7; 16]),
        };
        let keep = Keep::In(self.folder.path().join(format!("state of {person}")));
        Options {
            who,
            now: NOW,
            as_of: None,
            create: true,
            zone: None,
            keep,
        }
    }

    fn open(&self, person: &str) -> Store {
        Store::open(&self.book(), &self.options(person)).unwrap()
    }

    fn outbox(&self, person: &str) -> Outbox {
        let path = fs::canonicalize(self.book()).unwrap();
        Outbox::of(
            &self.folder.path().join(format!("state of {person}")),
            &path,
            Id([7; 16]),
        )
    }

    /// A copy of the closed book under another name.
    fn save(&self, name: &str) {
        fs::copy(self.book(), self.folder.path().join(name)).unwrap();
    }

    /// Puts such a copy back, as a sync program does: by its name.
    fn put_back(&self, name: &str) {
        let draft = self.folder.path().join("draft");
        fs::copy(self.folder.path().join(name), &draft).unwrap();
        for part in ["-wal", "-shm"] {
            let _ = fs::remove_file(self.folder.path().join(format!("book.db{part}")));
        }
        fs::rename(draft, self.book()).unwrap();
    }
}

fn add(store: &mut Store, name: &str) -> Id {
    store
        .write(
            &Command::AddCustomer(NewCustomer {
                name: name.into(),
                ..NewCustomer::default()
            }),
            NOW,
        )
        .unwrap()
        .customers[0]
}

fn note(store: &mut Store, customer: Id, text: &str) -> Result<crate::domain::command::Receipt> {
    store.write(
        &Command::Note {
            customers: vec![customer],
            text: text.into(),
            at: None,
        },
        NOW,
    )
}

fn notes(store: &mut Store, customer: Id) -> Vec<String> {
    match store
        .answer(&Query::Account {
            customer,
            timeline: TimelineAsk::default(),
        })
        .unwrap()
    {
        Page::Account(Some(account)) => account
            .events
            .iter()
            .map(|e| e.text.clone())
            .filter(|t| !t.is_empty())
            .rev()
            .collect(),
        _ => Vec::new(),
    }
}

fn rename(store: &mut Store, customer: Id, name: &str) {
    let changes = vec![Change::set("name", name)];
    store
        .write(
            &Command::Edit {
                entity: Entity::Customer,
                rows: vec![customer],
                changes,
            },
            NOW,
        )
        .unwrap();
}

fn name(store: &mut Store, customer: Id) -> String {
    match store
        .answer(&Query::Account {
            customer,
            timeline: TimelineAsk::default(),
        })
        .unwrap()
    {
        Page::Account(Some(account)) => account.customer.name.clone(),
        _ => String::new(),
    }
}

fn well(store: &mut Store) {
    let wrong: Vec<_> = store
        .doctor()
        .unwrap()
        .into_iter()
        .filter(|c| !c.ok)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_change_of_which_only_the_outbox_knows_is_written_once() {
    let desk = Desk::new();
    let mut store = desk.open("ana");
    let id = add(&mut store, "Acme");
    store.crash = Some(Crash::BeforeCommit);
    assert!(note(&mut store, id, "killed on the way").is_err());
    drop(store);
    for round in 0..3 {
        let mut store = desk.open("ana");
        let told = store.news();
        assert_eq!(told.len(), usize::from(round == 0), "{told:?}");
        assert_eq!(notes(&mut store, id), ["killed on the way"]);
        well(&mut store);
        store.close();
    }
}

#[test]
fn an_older_copy_that_was_put_back_gets_ones_own_changes_again_and_no_number_twice() {
    let desk = Desk::new();
    let mut store = desk.open("ana");
    let id = add(&mut store, "Acme");
    store.close();
    desk.save("older.db");
    let mut store = desk.open("ana");
    note(&mut store, id, "first").unwrap();
    rename(&mut store, id, "Acme Foods");
    let other = add(&mut store, "Bolt");
    note(&mut store, other, "of a customer that is new, too").unwrap();
    let before = (store.who.device, store.doctor().unwrap());
    store.close();
    desk.put_back("older.db");
    let mut store = desk.open("ana");
    assert_eq!(notes(&mut store, id), ["first"]);
    assert_eq!(name(&mut store, id), "Acme Foods");
    assert_eq!(notes(&mut store, other), ["of a customer that is new, too"]);
    assert_eq!(
        store.who.device, before.0,
        "everything is there again, so the numbers go on"
    );
    well(&mut store);
    note(&mut store, id, "second").unwrap();
    assert_eq!(notes(&mut store, id), ["first", "second"]);
    let twice: i64 = store
        .conn
        .query_row("SELECT count(*) FROM (SELECT 1 FROM batch GROUP BY device, number HAVING count(*) > 1)", [], |r| r.get(0))
        .unwrap();
    assert_eq!(twice, 0);
}

#[test]
fn a_copy_that_lacks_what_cannot_be_written_again_is_written_under_a_new_name() {
    let desk = Desk::new();
    let mut store = desk.open("ana");
    let id = add(&mut store, "Acme");
    store.close();
    desk.save("older.db");
    let mut store = desk.open("ana");
    // As an import is kept: by its name only.
    let receipt = note(&mut store, id, "of an import").unwrap();
    let device = store.who.device;
    let key = store.key;
    store.close();
    let outbox = desk.outbox("ana");
    let all = outbox.read().unwrap();
    let safe: HashSet<Id> = all.entries.iter().map(|e| e.batch).collect();
    outbox.drop_lines(&safe).unwrap();
    let named = Named {
        batch: receipt.batch.unwrap(),
        book: key,
        person: "ana".into(),
        device,
        number: 2,
        at: NOW,
        command: "import".into(),
        label: "Imported files".into(),
    };
    outbox.add(&[Line::Named(named)]).unwrap();
    desk.put_back("older.db");
    let mut store = desk.open("ana");
    let told = store.news();
    assert!(
        told.iter().any(|t| t.contains("Imported files")),
        "{told:?}"
    );
    let renamed = store.who.device;
    assert_ne!(renamed, device);
    add(&mut store, "Bolt");
    store.close();
    let mut store = desk.open("ana");
    assert!(store.news().is_empty(), "it is told once");
    assert_eq!(store.who.device, renamed, "and one new name is enough");
}

#[test]
fn a_lost_edit_stands_beside_the_edit_that_somebody_made_without_it() {
    let desk = Desk::new();
    let mut store = desk.open("ana");
    let id = add(&mut store, "Acme");
    store.close();
    desk.save("older.db");
    let mut store = desk.open("ana");
    rename(&mut store, id, "Acme by ana");
    store.close();
    desk.put_back("older.db");
    let mut bo = desk.open("bo");
    let changes = vec![Change::set("name", "Acme by bo")];
    let later = Stamp(NOW.0 + 60_000);
    bo.write(
        &Command::Edit {
            entity: Entity::Customer,
            rows: vec![id],
            changes,
        },
        later,
    )
    .unwrap();
    bo.close();
    let mut ana = desk.open("ana");
    assert_eq!(name(&mut ana, id), "Acme by bo", "the later one is shown");
    let heads: i64 = ana
        .conn
        .query_row(
            "SELECT count(*) FROM edit WHERE field = 'name' AND seen = x''",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(heads, 2, "and ana's is not lost");
    let Page::Conflicts(open) = ana.answer(&Query::Conflicts).unwrap() else {
        panic!("conflicts answer conflicts")
    };
    assert_eq!(open.len(), 1, "somebody has to pick: {open:?}");
    let wrong: Vec<_> = ana
        .doctor()
        .unwrap()
        .into_iter()
        .filter(|c| !c.ok && c.code != "copies")
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn what_cannot_be_written_now_is_queued_and_written_once_when_it_can() {
    let desk = Desk::new();
    let mut store = desk.open("ana");
    let id = add(&mut store, "Acme");
    let other = rusqlite::Connection::open(desk.book()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.wait_at_most(Some(1));
    let receipt = note(&mut store, id, "while it was busy").unwrap();
    assert!(
        receipt.queued.is_some() && receipt.batch.is_none(),
        "{receipt:?}"
    );
    assert_eq!(store.waiting().unwrap().len(), 1);
    assert_eq!(store.catch_up().unwrap(), 0, "it is busy still");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.catch_up().unwrap(), 1);
    assert_eq!(store.catch_up().unwrap(), 0);
    assert_eq!(notes(&mut store, id), ["while it was busy"]);
    assert!(store.waiting().unwrap().is_empty() && !store.has_queue());
    well(&mut store);
}

#[test]
fn a_queued_change_that_was_dropped_is_never_written() {
    let desk = Desk::new();
    let mut store = desk.open("ana");
    let id = add(&mut store, "Acme");
    let other = rusqlite::Connection::open(desk.book()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.wait_at_most(Some(1));
    note(&mut store, id, "never mind").unwrap();
    assert_eq!(store.drop_waiting().unwrap(), 1);
    other.execute_batch("ROLLBACK").unwrap();
    store.close();
    let mut store = desk.open("ana");
    assert!(notes(&mut store, id).is_empty() && store.news().is_empty());
}

#[test]
fn a_failed_commit_is_queued_and_one_that_stands_nevertheless_is_told_as_saved() {
    let desk = Desk::new();
    let mut store = desk.open("ana");
    let id = add(&mut store, "Acme");
    store.crash = Some(Crash::CommitFails);
    assert!(note(&mut store, id, "once").unwrap().queued.is_some());
    store.crash = Some(Crash::CommitErrs);
    assert!(note(&mut store, id, "twice").unwrap().batch.is_some());
    store.crash = Some(Crash::CommitFails);
    assert_eq!(
        store.catch_up().unwrap(),
        0,
        "it fails once more, and waits on"
    );
    assert_eq!(store.waiting().unwrap().len(), 1);
    store.crash = None;
    store.catch_up().unwrap();
    let mut found = notes(&mut store, id);
    found.sort();
    assert_eq!(found, ["once", "twice"]);
    well(&mut store);
}

#[test]
fn a_file_that_takes_the_books_name_is_never_masked_and_ones_own_changes_follow() {
    let desk = Desk::new();
    let mut bo = desk.open("bo");
    let id = add(&mut bo, "Acme");
    bo.close();
    desk.save("elsewhere.db");
    let mut ana = desk.open("ana");
    note(&mut ana, id, "before").unwrap();
    desk.put_back("elsewhere.db");
    assert!(ana.was_replaced());
    let error = note(&mut ana, id, "into the old file").unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert!(!ana.was_replaced());
    assert_eq!(
        notes(&mut ana, id),
        ["before"],
        "one's own is there again, what was refused is not"
    );
    note(&mut ana, id, "after").unwrap();
    fs::remove_file(desk.book()).unwrap();
    assert!(ana.is_gone());
    assert!(note(&mut ana, id, "nowhere").unwrap().queued.is_some());
}

#[test]
fn a_torn_last_line_is_passed_over_and_a_damaged_one_is_told() {
    let desk = Desk::new();
    let mut store = desk.open("ana");
    let id = add(&mut store, "Acme");
    note(&mut store, id, "one").unwrap();
    store.close();
    let outbox = desk.outbox("ana");
    let bytes = fs::read(outbox.file()).unwrap();
    fs::write(outbox.file(), &bytes[..bytes.len() - 20]).unwrap();
    let all = outbox.read().unwrap();
    assert!(
        all.torn && all.damaged == 0 && all.entries.len() == 1,
        "{all:?}"
    );
    let mut store = desk.open("ana");
    assert!(store.news().is_empty());
    note(&mut store, id, "two").unwrap();
    store.close();
    let all = outbox.read().unwrap();
    assert_eq!(
        (all.entries.len(), all.damaged),
        (2, 1),
        "the torn piece is a line of its own now"
    );
}

#[test]
fn the_same_home_on_another_machine_writes_under_another_name() {
    let desk = Desk::new();
    let mut store = desk.open("ana");
    add(&mut store, "Acme");
    let first = store.who.device;
    store.close();
    let mut options = desk.options("ana");
    options.who.device = Id([8; 16]);
    let mut store = Store::open(&desk.book(), &options).unwrap();
    add(&mut store, "Bolt");
    assert_ne!(store.who.device, first);
}

#[cfg(unix)]
#[test]
fn the_outbox_is_the_persons_own() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    let mut store = desk.open("ana");
    add(&mut store, "Acme");
    let file = desk.outbox("ana").file().to_owned();
    let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn without_a_place_for_the_outbox_the_book_can_only_be_read() {
    let desk = Desk::new();
    desk.open("ana").close();
    let keep = Keep::Cannot("no home".into());
    let mut store = Store::open(
        &desk.book(),
        &Options {
            keep,
            ..desk.options("ana")
        },
    )
    .unwrap();
    let error = store
        .write(
            &Command::AddCustomer(NewCustomer {
                name: "Acme".into(),
                ..NewCustomer::default()
            }),
            NOW,
        )
        .unwrap_err();
    assert!(error.message.contains("--no-outbox"), "{error}");
    let mut store = Store::open(
        &desk.book(),
        &Options {
            keep: Keep::Nowhere,
            ..desk.options("ana")
        },
    )
    .unwrap();
    add(&mut store, "Acme");
}

/// A disk that takes what is written and then fails.
struct Failing {
    text: String,
    cuts: bool,
}

impl Tail for Failing {
    fn put(&mut self, text: &str) -> std::io::Result<()> {
        self.text.push_str(text);
        Ok(())
    }

    fn sync(&mut self) -> std::io::Result<()> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn cut(&mut self, end: u64) -> std::io::Result<()> {
        if !self.cuts {
            return Err(std::io::ErrorKind::Other.into());
        }
        self.text.truncate(usize::try_from(end).unwrap());
        Ok(())
    }
}

#[test]
fn a_line_whose_sync_fails_is_taken_back_before_it_is_told_as_not_saved() {
    let mut disk = Failing {
        text: "kept\n".into(),
        cuts: true,
    };
    let error = put(&mut disk, 5, "lost\n", true).unwrap_err();
    assert!(error.message.contains("nothing was saved"), "{error}");
    assert_eq!(disk.text, "kept\n");
    let mut disk = Failing {
        text: String::new(),
        cuts: false,
    };
    let error = put(&mut disk, 0, "perhaps\n", true).unwrap_err();
    assert!(
        !error.message.contains("nothing was saved"),
        "what is not known is not said: {error}"
    );
}

/// Somebody who has the write lock.
fn lock(desk: &Desk) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(desk.book()).unwrap();
    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
    conn
}

fn phone(customer: Id, text: &str) -> Command {
    Command::Edit {
        entity: Entity::Customer,
        rows: vec![customer],
        changes: vec![Change::set("phone", text)],
    }
}

fn conflicts(store: &mut Store) -> Vec<(String, Vec<Option<String>>)> {
    let Page::Conflicts(all) = store.answer(&Query::Conflicts).unwrap() else {
        panic!()
    };
    all.into_iter()
        .map(|c| (c.field, c.values.into_iter().map(|v| v.value).collect()))
        .collect()
}

#[test]
fn a_change_that_waited_stands_beside_what_others_wrote_meanwhile() {
    let desk = Desk::new();
    let mut ana = desk.open("ana");
    let acme = add(&mut ana, "Acme");
    let bolt = add(&mut ana, "Bolt");
    ana.write(&phone(acme, "000"), NOW).unwrap();
    ana.wait_at_most(Some(0));
    let held = lock(&desk);
    let later = Stamp(NOW.0 + 1000);
    assert!(
        ana.write(&phone(acme, "111"), later)
            .unwrap()
            .queued
            .is_some()
    );
    assert!(
        ana.write(
            &Command::Remove {
                entity: Entity::Customer,
                rows: vec![bolt]
            },
            later
        )
        .unwrap()
        .queued
        .is_some()
    );
    // A field that nobody has edited before: the row as it was made follows from what this one says stood there.
    let site = |text: &str| Command::Edit {
        entity: Entity::Customer,
        rows: vec![acme],
        changes: vec![Change::set("website", text)],
    };
    assert!(
        ana.write(&site("a.example"), later)
            .unwrap()
            .queued
            .is_some()
    );
    held.execute_batch("ROLLBACK").unwrap();
    drop(held);
    let mut bo = desk.open("bo");
    bo.write(&phone(acme, "222"), Stamp(NOW.0 + 2000)).unwrap();
    bo.write(&site("b.example"), Stamp(NOW.0 + 2000)).unwrap();
    note(&mut bo, bolt, "from bo").unwrap();
    ana.wait_at_most(None);
    assert_eq!(ana.catch_up().unwrap(), 3);
    let values = vec![Some("111".to_owned()), Some("222".to_owned())];
    let open = conflicts(&mut ana);
    assert!(
        open.contains(&("phone".to_owned(), values)),
        "the later one is shown, and neither is lost: {open:?}"
    );
    assert!(
        open.iter().any(|(field, _)| field == "removed"),
        "bo's note stands against the removal: {open:?}"
    );
    ana.look().unwrap();
    assert_eq!(name(&mut ana, bolt), "Bolt");
    let checks: Vec<_> = ana
        .doctor()
        .unwrap()
        .into_iter()
        .filter(|c| !c.ok && c.code != "copies")
        .collect();
    assert!(checks.is_empty(), "{checks:?}");
    // What nobody else has touched is written as if it had not waited.
    ana.wait_at_most(Some(0));
    let held = lock(&desk);
    ana.write(
        &Command::Tag {
            customers: vec![acme],
            add: vec!["vip".into()],
            remove: vec![],
        },
        NOW,
    )
    .unwrap();
    held.execute_batch("ROLLBACK").unwrap();
    let before = conflicts(&mut ana);
    assert_eq!((ana.catch_up().unwrap(), conflicts(&mut ana)), (1, before));
}

#[test]
fn one_step_on_is_the_step_that_was_meant_when_it_was_asked_for() {
    let desk = Desk::new();
    let mut ana = desk.open("ana");
    let acme = add(&mut ana, "Acme");
    let next = |customers: Vec<Id>| Command::Move {
        customers,
        to: crate::domain::command::Target::Next,
        reason: None,
    };
    ana.wait_at_most(Some(0));
    let held = lock(&desk);
    ana.write(&next(vec![acme]), NOW).unwrap();
    held.execute_batch("ROLLBACK").unwrap();
    drop(held);
    let mut bo = desk.open("bo");
    bo.write(&next(vec![acme]), Stamp(NOW.0 + 2000)).unwrap();
    ana.wait_at_most(None);
    ana.catch_up().unwrap();
    ana.look().unwrap();
    let Page::Account(Some(account)) = ana
        .answer(&Query::Account {
            customer: acme,
            timeline: TimelineAsk::default(),
        })
        .unwrap()
    else {
        panic!()
    };
    let stages = ana.config();
    assert_eq!(
        stages.stages.code(account.signals.stage),
        "acquisition",
        "one stage on, not two"
    );
    assert!(conflicts(&mut ana).is_empty(), "both meant the same one");
}

#[test]
fn days_of_a_change_that_waited_count_from_the_day_on_which_it_was_asked_for() {
    let desk = Desk::new();
    let mut ana = desk.open("ana");
    let acme = add(&mut ana, "Acme");
    let until = ana.today().plus(1);
    let snooze = Command::Snooze {
        customers: vec![acme],
        until: Some(until),
        event: String::new(),
        reason: "later".into(),
    };
    ana.wait_at_most(Some(0));
    let held = lock(&desk);
    ana.write(&snooze, NOW).unwrap();
    held.execute_batch("ROLLBACK").unwrap();
    drop((held, ana));
    let week = Stamp(NOW.0 + 7 * 86_400_000);
    let mut ana = Store::open(
        &desk.book(),
        &Options {
            now: week,
            ..desk.options("ana")
        },
    )
    .unwrap();
    assert!(
        !ana.has_queue() && ana.waiting().unwrap().is_empty(),
        "{:?}",
        ana.news()
    );
    well(&mut ana);
}

#[test]
fn a_change_on_its_way_into_the_book_is_not_one_that_waits() {
    let desk = Desk::new();
    let mut ana = desk.open("ana");
    let acme = add(&mut ana, "Acme");
    let outbox = |store: &mut Store| {
        store
            .doctor()
            .unwrap()
            .into_iter()
            .find(|c| c.code == "outbox")
            .unwrap()
    };
    // Another process of hers is between the outbox and the COMMIT when the outbox is read, and behind it a moment later.
    assert!(ana.outbox_check(1).unwrap().ok);
    // While it still writes nobody can say.
    ana.wait_at_most(Some(0));
    let held = lock(&desk);
    let check = ana.outbox_check(1).unwrap();
    assert!(
        check.ok && check.words.contains("look again"),
        "{}",
        check.words
    );
    ana.write(
        &Command::Note {
            customers: vec![acme],
            text: "it waits".into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    held.execute_batch("ROLLBACK").unwrap();
    let check = outbox(&mut ana);
    assert!(
        !check.ok && check.words.starts_with("1 of your changes wait"),
        "{}",
        check.words
    );
    ana.wait_at_most(None);
    ana.catch_up().unwrap();
    assert!(outbox(&mut ana).ok);
}

#[test]
fn the_book_is_examined_as_it_is_at_one_moment() {
    let desk = Desk::new();
    let mut ana = desk.open("ana");
    let acme = add(&mut ana, "Acme");
    let mut bo = desk.open("bo");
    let batches = |store: &mut Store| store.log_checks().unwrap()[0].words.clone();
    ana.at_one_moment(|ana| {
        let before = batches(ana);
        bo.write(
            &Command::Note {
                customers: vec![acme],
                text: "meanwhile".into(),
                at: None,
            },
            NOW,
        )
        .unwrap();
        assert_ne!(batches(&mut bo), before);
        assert_eq!(batches(ana), before);
        Ok(())
    })
    .unwrap();
    assert_eq!(batches(&mut ana), batches(&mut bo));
}

#[test]
fn a_call_that_is_repeated_with_its_key_while_it_waits_is_one_call() {
    let desk = Desk::new();
    let mut ana = desk.open("ana");
    let acme = add(&mut ana, "Acme");
    let command = Command::Note {
        customers: vec![acme],
        text: "once".into(),
        at: None,
    };
    ana.wait_at_most(Some(0));
    let held = lock(&desk);
    let [k1, k2, other] = [("k1", "note"), ("k2", "note"), ("k1", "another note")]
        .map(|(key, call)| ana.once(key, call).unwrap());
    assert!(!ana.write_once(&command, NOW, Some(&k1)).unwrap().repeated);
    assert!(ana.write_once(&command, NOW, Some(&k1)).unwrap().repeated);
    assert!(!ana.write_once(&command, NOW, Some(&k2)).unwrap().repeated);
    let refused = ana.write_once(&command, NOW, Some(&other)).unwrap_err();
    assert_eq!(refused.kind, crate::error::Kind::Usage);
    assert!(
        refused
            .message
            .contains("used for another call: \"note, which waits in your outbox\""),
        "{refused}"
    );
    // One that is in the queue twice all the same, as an earlier version left it.
    let outbox = desk.outbox("ana");
    let mut twin = outbox.read().unwrap().asked.remove(0);
    twin.batch = crate::domain::id::Ids::random().next(NOW);
    (twin.once, twin.call) = (Some("k1".into()), None);
    outbox.add(&[Line::Asked(Box::new(twin))]).unwrap();
    held.execute_batch("ROLLBACK").unwrap();
    ana.wait_at_most(None);
    assert_eq!(ana.catch_up().unwrap(), 2);
    assert_eq!(notes(&mut ana, acme), ["once", "once"]);
    assert!(ana.write_once(&command, NOW, Some(&k1)).unwrap().repeated);
    assert!(ana.write_once(&command, NOW, Some(&other)).is_err());
    assert!(ana.waiting().unwrap().is_empty());
    ana.news();
    assert_eq!(ana.catch_up().unwrap(), 0);
    assert!(ana.news().is_empty());
    well(&mut ana);
}

#[test]
fn a_purge_that_is_written_again_takes_along_what_came_before_it() {
    let desk = Desk::new();
    let mut ana = desk.open("ana");
    let (acme, bolt) = (add(&mut ana, "Acme"), add(&mut ana, "Bolt"));
    ana.close();
    desk.save("older.db");
    let mut ana = desk.open("ana");
    note(&mut ana, acme, "a note").unwrap();
    note(&mut ana, bolt, "another").unwrap();
    // Killed before it could sweep its outbox.
    ana.write(
        &Command::Purge {
            entity: Entity::Customer,
            row: acme,
            why: String::new(),
        },
        NOW,
    )
    .unwrap();
    drop(ana);
    desk.put_back("older.db");
    let mut ana = desk.open("ana");
    assert!(ana.find_customer("Acme").is_err());
    assert_eq!(notes(&mut ana, bolt), ["another"]);
    assert!(ana.waiting().unwrap().is_empty());
    well(&mut ana);
}

#[test]
fn nothing_in_the_outbox_keeps_a_book_from_being_opened() {
    let desk = Desk::new();
    let mut ana = desk.open("ana");
    let acme = add(&mut ana, "Acme");
    note(&mut ana, acme, "kept").unwrap();
    ana.close();
    let file = desk.outbox("ana").file().to_owned();
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let mut ana = desk.open("ana");
    assert_eq!(notes(&mut ana, acme), ["kept"]);
    assert!(
        ana.read_only()
            .is_some_and(|why| why.contains("your outbox") && why.contains("--no-outbox")),
        "{:?}",
        ana.read_only()
    );
    let refused = note(&mut ana, acme, "nowhere to keep it").unwrap_err();
    assert!(
        refused.message.contains("read-only: your outbox"),
        "{refused}"
    );
    assert_eq!(notes(&mut ana, acme), ["kept"]);
    assert!(!ana.comes_back());
    fs::remove_dir(&file).unwrap();
    assert!(ana.comes_back() && ana.read_only().is_none());
    note(&mut ana, acme, "and on it goes").unwrap();
    let mut all = notes(&mut ana, acme);
    all.sort();
    assert_eq!(all, ["and on it goes", "kept"]);
}

#[test]
fn former_names_stay_ones_own_when_the_outbox_is_lightened_and_others_are_never() {
    let desk = Desk::new();
    let mut store = desk.open("ana");
    add(&mut store, "Acme");
    let first = store.who.device;
    store.close();
    let outbox = desk.outbox("ana");
    let (second, cloned) = (Id([3; 16]), Id([4; 16]));
    outbox.rename(second).unwrap();
    // Of a home that was copied here from another machine.
    outbox
        .add(&[Line::Device {
            path: String::new(),
            base: Id([8; 16]),
            device: cloned,
        }])
        .unwrap();
    outbox.rename(second).unwrap();
    outbox
        .add(&[Line::Mark {
            device: cloned,
            number: 9,
            last: Id([1; 16]),
        }])
        .unwrap();
    for _ in 0..2 {
        let own = outbox.own_devices();
        assert!(
            own.contains(&first) && own.contains(&second) && !own.contains(&cloned),
            "{own:?}"
        );
        assert_eq!(outbox.read().unwrap().device, Some(second));
        let all: HashSet<Id> = outbox
            .read()
            .unwrap()
            .entries
            .iter()
            .map(|e| e.batch)
            .collect();
        outbox.drop_lines(&all).unwrap();
    }
    // An outbox of another book on this machine names more of them: this book may have been there once.
    let other = Outbox::of(
        &desk.folder.path().join("state of ana"),
        Path::new("/elsewhere/book.db"),
        Id([7; 16]),
    );
    other.rename(Id([5; 16])).unwrap();
    assert!(outbox.own_devices().contains(&Id([5; 16])));
}

#[test]
fn where_even_numbers_cannot_be_kept_each_opening_has_a_name_of_its_own() {
    let desk = Desk::new();
    let folder = desk.folder.path().join("state");
    // A file where the folder of outboxes would be.
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("outbox"), "").unwrap();
    let mut names = HashSet::new();
    for name in ["Acme", "Bolt"] {
        let keep = Keep::Numbers(folder.clone());
        let mut store = Store::open(
            &desk.book(),
            &Options {
                keep,
                ..desk.options("ana")
            },
        )
        .unwrap();
        add(&mut store, name);
        add(&mut store, name);
        names.insert(store.who.device);
    }
    assert_eq!(names.len(), 2);
    assert!(!names.contains(&Id([7; 16])));
}

#[test]
fn what_was_done_where_the_book_was_before_follows_it_into_an_older_copy() {
    let desk = Desk::new();
    let mut ana = desk.open("ana");
    let acme = add(&mut ana, "Acme");
    ana.close();
    desk.save("older.db");
    let mut ana = desk.open("ana");
    note(&mut ana, acme, "before it moved").unwrap();
    ana.close();
    // Moved, and an older copy put back at the new place.
    let elsewhere = desk.folder.path().join("elsewhere.db");
    fs::rename(desk.book(), &elsewhere).unwrap();
    Store::open(&elsewhere, &desk.options("ana"))
        .map(Store::close)
        .unwrap();
    fs::copy(desk.folder.path().join("older.db"), &elsewhere).unwrap();
    // A copy that is still where it was is a book of its own.
    fs::copy(desk.folder.path().join("older.db"), desk.book()).unwrap();
    let mut apart = Store::open(&elsewhere, &desk.options("ana")).unwrap();
    assert!(notes(&mut apart, acme).is_empty());
    apart.close();
    fs::remove_file(desk.book()).unwrap();
    for round in 0..2 {
        let mut ana = Store::open(&elsewhere, &desk.options("ana")).unwrap();
        assert_eq!(notes(&mut ana, acme), ["before it moved"]);
        assert_eq!(ana.news().len(), usize::from(round == 0));
        well(&mut ana);
        ana.close();
    }
}

#[test]
fn a_number_that_a_killed_process_has_given_is_not_given_again() {
    let desk = Desk::new();
    let mut first = desk.open("ana");
    let acme = add(&mut first, "Acme");
    let mut second = desk.open("ana");
    note(&mut second, acme, "both are at it").unwrap();
    first.crash = Some(Crash::BeforeCommit);
    assert!(note(&mut first, acme, "killed on the way").is_err());
    drop(first);
    note(&mut second, acme, "meanwhile").unwrap();
    assert_eq!(
        notes(&mut second, acme).len(),
        3,
        "whoever writes next brings it in"
    );
    assert_eq!(
        second.news(),
        ["1 change of yours that the book lacked was written again from your outbox"]
    );
    well(&mut second);
    note(&mut second, acme, "and on").unwrap();
    second.close();
    let mut third = desk.open("ana");
    assert_eq!(notes(&mut third, acme).len(), 4);
    let numbers: Vec<i64> = {
        let mut statement = third
            .conn
            .prepare("SELECT number FROM batch ORDER BY number")
            .unwrap();
        statement
            .query_map([], |r| r.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    };
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    well(&mut third);
}

#[test]
fn a_change_that_comes_back_before_the_one_it_had_seen_leaves_what_was_written_first() {
    let desk = Desk::new();
    let mut ana = desk.open("ana");
    let id = add(&mut ana, "Acme");
    ana.close();
    desk.save("before.db");
    let mut ana = desk.open("ana");
    rename(&mut ana, id, "Acme GmbH");
    ana.close();
    let mut bo = desk.open("bo");
    rename(&mut bo, id, "Acme AG");
    bo.close();
    desk.put_back("before.db");

    let mut bo = desk.open("bo");
    assert_eq!(name(&mut bo, id), "Acme AG");
    well(&mut bo);
    bo.close();
    let mut ana = desk.open("ana");
    assert_eq!(name(&mut ana, id), "Acme AG");
    well(&mut ana);
    let purge = Command::Purge {
        entity: Entity::Customer,
        row: id,
        why: String::new(),
    };
    ana.write(&purge, NOW).unwrap();
    let left: i64 = ana
        .conn
        .query_row("SELECT count(*) FROM born", [], |r| r.get(0))
        .unwrap();
    assert_eq!(left, 0);
    well(&mut ana);
}

#[test]
fn what_the_outbox_keeps_is_written_as_soon_as_others_bring_what_it_builds_on() {
    let desk = Desk::new();
    let mut ana = desk.open("ana");
    add(&mut ana, "Acme");
    ana.close();
    desk.save("bo.db");
    desk.save("before.db");
    let who = Who {
        person: "bo".into(),
        device: Id([8; 16]),
    };
    let mut bo = Store::open(
        &desk.folder.path().join("bo.db"),
        &Options {
            who,
            ..desk.options("bo")
        },
    )
    .unwrap();
    let beta = add(&mut bo, "Beta");
    let ask = crate::store::merge::MergeAsk {
        now: NOW,
        dry_run: false,
        foreign: false,
    };
    let mut ana = desk.open("ana");
    ana.merge_copy(&bo.conn, ask).unwrap();
    note(&mut ana, beta, "of Beta").unwrap();
    ana.close();
    desk.put_back("before.db");

    let mut ana = desk.open("ana");
    assert_eq!(
        ana.waiting().unwrap().len(),
        1,
        "whom it is about is not here"
    );
    assert!(ana.news()[0].contains("its customer is not in this book"));
    ana.merge_copy(&bo.conn, ask).unwrap();
    assert_eq!(
        (notes(&mut ana, beta), ana.waiting().unwrap().len()),
        (vec!["of Beta".to_owned()], 0)
    );
    assert_eq!(
        ana.news(),
        ["1 change of yours that the book lacked was written again from your outbox"]
    );
    well(&mut ana);
}

#[test]
fn whoever_holds_the_outbox_is_named_and_not_waited_for_for_ever() {
    let desk = Desk::new();
    let mut ana = desk.open("ana");
    let acme = add(&mut ana, "Acme");
    let file = desk.outbox("ana").file().to_owned();
    // As a process that was stopped holds it.
    let held = File::options().append(true).open(&file).unwrap();
    held.lock().unwrap();
    ana.outbox.as_mut().unwrap().limit = Duration::ZERO;
    let (said, kept) = (
        format!(
            "another process holds {} and does not let go of it; nothing was saved",
            file.display()
        ),
        fs::read(&file),
    );
    for work in [
        note(&mut ana, acme, "lost?").map(|_| ()),
        ana.load("import", NOW).and_then(|mut loader| {
            loader.put_customer(&crate::store::load::CustomerRow {
                external: "B",
                name: "Bolt",
                ..Default::default()
            })?;
            loader.finish("Import").map(|_| ())
        }),
        ana.outbox.as_ref().unwrap().drop_lines(&HashSet::new()),
    ] {
        let error = work.unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (Kind::Busy, said.as_str())
        );
        assert!(error.hints[0].contains("`fg`"), "{error:?}");
    }
    assert_eq!(
        (ana.has_queue(), fs::read(&file).unwrap()),
        (false, kept.unwrap())
    );
    // The book itself is free for others and for looks, also of hers.
    let mut bo = desk.open("bo");
    note(&mut bo, acme, "from bo").unwrap();
    assert_eq!(notes(&mut desk.open("ana"), acme), ["from bo"]);
    drop(held);
    note(&mut ana, acme, "from ana").unwrap();
    assert_eq!(notes(&mut bo, acme).len(), 2);
    well(&mut ana);
}

#[test]
fn what_no_book_can_hold_is_told_and_the_rest_of_an_outbox_is_written() {
    let grave = |row: Id, entity: i64| serde_json::json!([{ "id": row, "entity": entity, "digest": "00".repeat(16) }]);
    let other = Id([9; 16]);
    type Change = Box<dyn Fn(&mut serde_json::Value, Id)>;
    let changes: Vec<(&str, Change)> = vec![
        (
            "its hash does not fit",
            Box::new(|entry, _| entry["label"] = "something else".into()),
        ),
        (
            "its own row is not one",
            Box::new(|entry, _| entry["person"] = "".into()),
        ),
        (
            "not as many things",
            Box::new(move |entry, _| entry["purged"] = grave(other, 3)),
        ),
        (
            "of no kind",
            Box::new(move |entry, _| entry["purged"] = grave(other, 99)),
        ),
        (
            "is a batch, and",
            Box::new(move |entry, _| {
                entry["purged"] = grave(entry["batch"].as_str().unwrap().parse().unwrap(), 3)
            }),
        ),
        (
            "the label of another",
            Box::new(move |entry, _| entry["purged"] = grave(other, -1)),
        ),
        (
            "was never what it says",
            Box::new(|entry, _| entry["edits"][0]["before"] = "Other".into()),
        ),
        (
            "which another batch here has written",
            Box::new(move |entry, acme| entry["purged"] = grave(acme, 1)),
        ),
    ];
    for (words, change) in changes {
        let desk = Desk::new();
        let mut store = desk.open("ana");
        let acme = add(&mut store, "Acme");
        store.close();
        desk.save("older.db");
        let mut store = desk.open("ana");
        note(&mut store, acme, "first").unwrap();
        rename(&mut store, acme, "Acme Foods");
        store.close();
        let changed = desk.outbox("ana").write_anew(|all| {
            let entry = all.entries.last_mut().unwrap();
            let mut json = serde_json::to_value(&*entry).unwrap();
            change(&mut json, acme);
            *entry = serde_json::from_value(json).unwrap();
            Ok(())
        });
        changed.unwrap();
        desk.put_back("older.db");
        let mut store = desk.open("ana");
        let told = store.news().join("; ");
        assert!(
            told.contains(words) && told.contains("1 change of yours"),
            "{words}: {told}"
        );
        assert_eq!(
            (notes(&mut store, acme), name(&mut store, acme).as_str()),
            (vec!["first".to_owned()], "Acme"),
            "{words}"
        );
        let wrong: Vec<_> = store
            .doctor()
            .unwrap()
            .into_iter()
            .filter(|c| !c.ok)
            .map(|c| c.code)
            .collect();
        assert_eq!(wrong, ["outbox"], "{words}");
        note(&mut store, acme, "and on").unwrap();
    }
}

#[test]
fn an_undo_of_the_latest_that_waits_takes_nothing_back_later() {
    let desk = Desk::new();
    let mut store = desk.open("ana");
    let id = add(&mut store, "Acme");
    let asked = Asked {
        batch: Id([1, 2, 3, 4, 5, 6, 0x77, 8, 0x89, 10, 11, 12, 13, 14, 15, 16]),
        book: store.book_id(),
        person: "ana".into(),
        at: NOW,
        command: Command::Undo {
            batch: None,
            force: false,
        },
        once: None,
        call: None,
        why: "it was busy".into(),
        saw: None,
    };
    desk.outbox("ana")
        .add(&[Line::Asked(Box::new(asked))])
        .unwrap();
    note(&mut store, id, "written since").unwrap();
    store.close();
    let mut store = desk.open("ana");
    assert!(
        store
            .news()
            .join("; ")
            .contains("may be another one by now")
    );
    assert_eq!(notes(&mut store, id), ["written since"]);
    assert_eq!(store.drop_waiting().unwrap(), 1);
}
