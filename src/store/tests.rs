//! The store as a whole: commands, undo, two connections, and the rules of opening.

use crate::domain::money::Arr;
use crate::error::Kind;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::strategy::ValueTree;

pub(super) use super::any_bytes::{NOW, add};
use super::*;
use crate::domain::action::ActionDraft;
use crate::domain::command::{Change, Command, Entity, NewContact, Target};
use crate::domain::query::{TimelineAsk, View};
use crate::domain::stage::Reason;
use crate::domain::task::TaskDraft;
use crate::domain::touchpoint::TouchDraft;

pub(super) fn options(person: &str) -> Options {
    any_bytes::options(person, 7)
}

pub(super) fn book() -> Store {
    Store::memory(&options("ana")).unwrap()
}

pub(super) fn account(store: &mut Store, id: Id) -> crate::domain::query::Account {
    match store
        .answer(&Query::Account {
            customer: id,
            timeline: TimelineAsk::default(),
        })
        .unwrap()
    {
        Page::Account(Some(account)) => *account,
        other => panic!("no account but {other:?}"),
    }
}

/// Everything that a person can see of the book: rows that are not removed, without their ids and the log.
pub(super) fn visible(store: &Store) -> Vec<String> {
    let mut lines = Vec::new();
    for table in batch::TABLES {
        let mut columns = table.columns.to_vec();
        columns.extend(table.fields.iter().filter(|f| **f != "removed"));
        let mut statement = store
            .conn
            .prepare(&format!(
                "SELECT {} FROM {} WHERE removed = 0",
                columns.join(", "),
                table.name
            ))
            .unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<String> = (0..columns.len())
                .map(|i| format!("{:?}", row.get_ref(i).unwrap()))
                .collect();
            lines.push(format!("{} {}", table.name, values.join(" ")));
        }
    }
    lines.sort();
    lines
}

/// How many steps SQLite takes for some work: each row that is read takes several.
pub(super) fn steps(store: &mut Store, work: impl FnOnce(&mut Store)) -> usize {
    let steps = Arc::new(AtomicUsize::new(0));
    let counter = steps.clone();
    let each_step = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        false
    };
    store.conn.progress_handler(1, Some(each_step)).unwrap();
    work(store);
    store
        .conn
        .progress_handler(1, None::<fn() -> bool>)
        .unwrap();
    steps.load(Ordering::Relaxed)
}

#[test]
fn the_people_of_a_customer_are_read_without_its_events() {
    let mut store = book();
    let acme = add(&mut store, "Acme", 500);
    let contact = NewContact {
        name: "Kim Lee".into(),
        ..NewContact::default()
    };
    store
        .write(
            &Command::AddContact {
                customer: acme,
                contact,
            },
            NOW,
        )
        .unwrap();
    let many = "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 3000)
                INSERT INTO event (id, batch, customer, kind, at, day, contact) SELECT randomblob(16), 1, 1, 1, i, 20000, 1 FROM c";
    store.conn.execute_batch(many).unwrap();
    let taken = steps(&mut store, |store| {
        assert_eq!(store.people_of(acme).unwrap()[0].name, "Kim Lee")
    });
    assert!(taken < 300, "{taken} steps");
}

#[test]
fn a_write_does_not_read_all_open_conflicts_for_each_customer() {
    let mut store = book();
    let customers: Vec<Id> = (0..20)
        .map(|n| add(&mut store, &format!("Customer {n}"), 500))
        .collect();
    let tag = |store: &mut Store, tag: &str| {
        let command = Command::Tag {
            customers: customers.clone(),
            add: vec![tag.into()],
            remove: Vec::new(),
        };
        steps(store, |store| drop(store.write(&command, NOW).unwrap()))
    };
    tag(&mut store, "first");
    let before = tag(&mut store, "before");
    let many = "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5000)
                INSERT INTO conflict (row, field, entity) SELECT randomblob(16), 'owner', 1 FROM c";
    store.conn.execute_batch(many).unwrap();
    let behind = tag(&mut store, "behind");
    assert!(
        behind < before + before / 4,
        "{before} and then {behind} steps"
    );
}

#[test]
fn a_day_is_logged_and_undone_step_by_step_and_redone() {
    let mut store = book();
    let empty = visible(&store);
    let id = add(&mut store, "Acme Foods", 2_000_000);
    store
        .write(
            &Command::AddContact {
                customer: id,
                contact: NewContact {
                    name: "Dana Ruiz".into(),
                    ..NewContact::default()
                },
            },
            NOW,
        )
        .unwrap();
    let touch = TouchDraft {
        channel: "phone".into(),
        minutes: Some(45),
        text: "Walked through the fix".into(),
        ..TouchDraft::default()
    };
    store
        .write(
            &Command::LogTouch {
                customers: vec![id],
                touch,
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::Nps {
                customer: id,
                contact: None,
                score: 3,
                text: "export keeps failing".into(),
                at: None,
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::Move {
                customers: vec![id],
                to: Target::Next,
                reason: None,
            },
            NOW,
        )
        .unwrap();
    let reason = Reason {
        code: "price".into(),
        ..Reason::default()
    };
    store
        .write(
            &Command::Move {
                customers: vec![id],
                to: Target::Stage("churned".into()),
                reason: Some(reason),
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::AddTask {
                customers: vec![id],
                task: TaskDraft {
                    title: "Call back".into(),
                    ..TaskDraft::default()
                },
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::SaveView {
                name: "Mine".into(),
                view: View::default(),
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::SetConfig {
                key: "currency".into(),
                value: Some("EUR".into()),
                base: None,
            },
            NOW,
        )
        .unwrap();
    let full = visible(&store);
    let page = account(&mut store, id);
    assert_eq!(page.signals.nps, Some(3));
    assert_eq!(store.config().stages.code(page.signals.stage), "churned");
    assert_eq!(page.customer.owner, "ana");
    let mut steps = 0;
    while store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .is_ok()
    {
        steps += 1;
    }
    assert_eq!(steps, 9);
    assert_eq!(visible(&store), empty);
    while store.write(&Command::Redo, NOW).is_ok() {
        steps -= 1;
    }
    assert_eq!(steps, 0);
    assert_eq!(visible(&store), full);
    let again = account(&mut store, id);
    assert_eq!(again.signals, page.signals);
}

#[test]
fn a_move_back_or_to_churned_needs_a_reason_on_every_path() {
    let mut store = book();
    let id = add(&mut store, "Acme", 0);
    store
        .write(
            &Command::Move {
                customers: vec![id],
                to: Target::Stage("retention".into()),
                reason: None,
            },
            NOW,
        )
        .unwrap();
    for to in [
        Target::Previous,
        Target::Stage("reach".into()),
        Target::Stage("churned".into()),
    ] {
        let error = store
            .write(
                &Command::Move {
                    customers: vec![id],
                    to: to.clone(),
                    reason: None,
                },
                NOW,
            )
            .unwrap_err();
        assert_eq!(error.kind, Kind::Usage, "{to:?}");
        let wrong = Reason {
            code: "because".into(),
            ..Reason::default()
        };
        assert!(
            store
                .write(
                    &Command::Move {
                        customers: vec![id],
                        to,
                        reason: Some(wrong)
                    },
                    NOW
                )
                .is_err()
        );
    }
    let reason = Reason {
        code: "competitor".into(),
        ..Reason::default()
    };
    store
        .write(
            &Command::Move {
                customers: vec![id],
                to: Target::Stage("churned".into()),
                reason: Some(reason),
            },
            NOW,
        )
        .unwrap();
    store
        .write(
            &Command::Move {
                customers: vec![id],
                to: Target::Stage("retention".into()),
                reason: None,
            },
            NOW,
        )
        .unwrap();
    let page = account(&mut store, id);
    assert_eq!(
        (page.signals.visit, page.signals.cohort),
        (2, 2),
        "a return starts a new cohort and numbers the visit"
    );
}

#[test]
fn an_undo_over_somebody_elses_later_edit_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("team.db");
    let mut ana = Store::open(&path, &options("ana")).unwrap();
    let id = add(&mut ana, "Acme", 0);
    ana.write(
        &Command::Assign {
            customers: vec![id],
            owner: "chen".into(),
        },
        NOW,
    )
    .unwrap();
    let mut bo = Store::open(&path, &options("bo")).unwrap();
    bo.write(
        &Command::Assign {
            customers: vec![id],
            owner: "bo".into(),
        },
        NOW,
    )
    .unwrap();
    let before = visible(&ana);
    let error = ana
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert_eq!(visible(&ana), before);
    assert_eq!(
        ana.look()
            .unwrap()
            .iter()
            .map(|n| n.0.as_str())
            .collect::<Vec<_>>(),
        ["bo"]
    );
    let shared = ana.roster().unwrap();
    assert_eq!(shared.read().unwrap().owner(0), "bo");
    assert!(
        bo.write(
            &Command::Undo {
                batch: None,
                force: false
            },
            NOW
        )
        .is_ok()
    );
    assert!(
        bo.write(
            &Command::Undo {
                batch: None,
                force: false
            },
            NOW
        )
        .is_err(),
        "only one's own"
    );
}

#[test]
fn a_customer_that_somebody_added_since_the_list_was_read_has_its_own_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("team.db");
    let mut ana = Store::open(&path, &options("ana")).unwrap();
    add(&mut ana, "Acme", 0);
    let shared = ana.roster().unwrap();
    let mut bo = Store::open(&path, &options("bo")).unwrap();
    let zeta = add(&mut bo, "Zeta", 70_000);
    let page = account(&mut ana, zeta);
    let roster = shared.read().unwrap();
    assert_eq!(
        (roster.name(page.row as usize), page.customer.name.as_str()),
        ("Zeta", "Zeta")
    );
    assert_eq!(roster.arr(page.row as usize), Arr::of(840_000, false));
}

/// The number of the last row of a table's only page becomes 0: a walk from the least number to the greatest finds nobody.
#[test]
fn a_customer_that_only_an_index_finds_in_a_damaged_file_is_not_taken_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("team.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    let first = add(&mut store, "Acme", 0);
    add(&mut store, "Zeta", 0);
    let root: i64 = store
        .conn
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'customer'",
            [],
            |r| r.get(0),
        )
        .unwrap();
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    let page = usize::from(u16::from_be_bytes([bytes[16], bytes[17]])) * (root as usize - 1);
    assert_eq!(
        (bytes[page], bytes[page + 4]),
        (13, 2),
        "a leaf of two rows"
    );
    let last = page + usize::from(u16::from_be_bytes([bytes[page + 10], bytes[page + 11]]));
    // The payload's length first, a variable integer; then the row's number, which is 2.
    let number = last + 1 + bytes[last..].iter().take_while(|b| **b > 127).count();
    assert_eq!(bytes[number], 2);
    bytes[number] = 0;
    std::fs::write(&path, bytes).unwrap();
    let mut damaged = Store::open(&path, &options("ana")).unwrap();
    assert!(damaged.roster().unwrap().read().unwrap().is_empty());
    let page = account(&mut damaged, first);
    let shared = damaged.roster().unwrap();
    assert_eq!(
        (
            page.customer.name.as_str(),
            shared.read().unwrap().name(page.row as usize)
        ),
        ("Acme", "Acme")
    );
}

#[test]
fn what_another_wrote_just_before_ones_own_write_is_news_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("team.db");
    let mut ana = Store::open(&path, &options("ana")).unwrap();
    let (acme, zeta) = (add(&mut ana, "Acme", 0), add(&mut ana, "Zeta", 0));
    let shared = ana.roster().unwrap();
    let mut bo = Store::open(&path, &options("bo")).unwrap();
    bo.write(
        &Command::Assign {
            customers: vec![acme],
            owner: "bo".into(),
        },
        NOW,
    )
    .unwrap();
    ana.write(
        &Command::Assign {
            customers: vec![zeta],
            owner: "ana".into(),
        },
        NOW,
    )
    .unwrap();
    ana.write(
        &Command::Assign {
            customers: vec![zeta],
            owner: "dana".into(),
        },
        NOW,
    )
    .unwrap();
    assert_eq!(
        ana.look()
            .unwrap()
            .iter()
            .map(|n| n.0.as_str())
            .collect::<Vec<_>>(),
        ["bo"]
    );
    assert_eq!(shared.read().unwrap().owner(0), "bo");
    assert_eq!(ana.look().unwrap(), []);
    for _ in 0..30 {
        bo.write(
            &Command::Note {
                customers: vec![acme],
                text: "x".into(),
                at: None,
            },
            NOW,
        )
        .unwrap();
    }
    let news = ana.look().unwrap();
    assert_eq!(
        news.iter()
            .map(|n| (n.0.as_str(), n.1.as_str()))
            .collect::<Vec<_>>(),
        [("bo", "30 changes")]
    );
}

#[test]
fn a_form_that_saw_an_older_value_gets_a_conflict() {
    let mut store = book();
    let id = add(&mut store, "Acme", 0);
    let change = |base: &str, value: &str| Command::Edit {
        entity: Entity::Customer,
        rows: vec![id],
        changes: vec![Change {
            field: "phone".into(),
            base: Some(base.into()),
            value: value.into(),
        }],
    };
    store.write(&change("", "1"), NOW).unwrap();
    assert_eq!(
        store.write(&change("", "2"), NOW).unwrap_err().kind,
        Kind::Conflict
    );
    assert_eq!(account(&mut store, id).customer.phone, "1");
}

#[test]
fn a_note_keeps_its_history_and_is_found_after_an_edit() {
    let mut store = book();
    let id = add(&mut store, "Acme", 0);
    store
        .write(
            &Command::Note {
                customers: vec![id],
                text: "budget review in November".into(),
                at: None,
            },
            NOW,
        )
        .unwrap();
    let note = account(&mut store, id).events[0].id;
    let command = Command::Edit {
        entity: Entity::Event,
        rows: vec![note],
        changes: vec![Change::set("text", "budget review in December")],
    };
    store.write(&command, NOW).unwrap();
    let Page::History(history) = store.answer(&Query::History { row: note }).unwrap() else {
        panic!()
    };
    assert_eq!(
        history[0].before.as_deref(),
        Some("budget review in November")
    );
    let find = |store: &mut Store, text: &str| match store
        .answer(&Query::Search { text: text.into() })
        .unwrap()
    {
        Page::Search(found) => found.len(),
        _ => 0,
    };
    assert_eq!(
        (find(&mut store, "december"), find(&mut store, "november")),
        (1, 0)
    );
    assert!(account(&mut store, id).events[0].edited);
}

#[test]
fn a_snooze_that_waits_for_an_answer_ends_with_it() {
    let mut store = book();
    let id = add(&mut store, "Acme", 0);
    store
        .write(
            &Command::Snooze {
                customers: vec![id],
                until: None,
                event: "nps".into(),
                reason: String::new(),
            },
            NOW,
        )
        .unwrap();
    assert_eq!(account(&mut store, id).customer.snoozed_for, "nps");
    store
        .write(
            &Command::Nps {
                customer: id,
                contact: None,
                score: 9,
                text: String::new(),
                at: None,
            },
            NOW,
        )
        .unwrap();
    assert_eq!(account(&mut store, id).customer.snoozed_for, "");
}

#[test]
fn what_is_not_a_book_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    let text = folder.path().join("text.db");
    std::fs::write(&text, "name,owner\nAcme,ana\n").unwrap();
    for path in [&other, &text, &folder.path().to_owned()] {
        let before = std::fs::read(path).ok();
        let error = Store::open(path, &options("ana"))
            .err()
            .expect("it is not a book");
        assert_eq!(error.kind, Kind::Usage, "{}", error.message);
        assert_eq!(std::fs::read(path).ok(), before);
    }
    let missing = Store::open(
        &folder.path().join("none.db"),
        &Options {
            create: false,
            ..options("ana")
        },
    )
    .err()
    .unwrap();
    assert_eq!(missing.kind, Kind::NotFound);
}

#[test]
fn a_newer_book_and_a_strange_schema_open_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    add(&mut store, "Acme", 0);
    store.close();
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("CREATE TRIGGER spy AFTER INSERT ON event BEGIN DELETE FROM customer; END")
        .unwrap();
    let mut strange = Store::open(&path, &options("ana")).unwrap();
    assert!(strange.read_only().unwrap().contains("trigger spy"));
    let error = strange.write(&Command::Redo, NOW).unwrap_err();
    assert!(error.kind == Kind::Busy || error.kind == Kind::Usage);
    drop(strange);
    raw.execute_batch("DROP TRIGGER spy; PRAGMA user_version = 99")
        .unwrap();
    let mut newer = Store::open(&path, &options("ana")).unwrap();
    assert!(newer.read_only().unwrap().contains("newer"));
    assert!(matches!(newer.answer(&Query::Counts).unwrap(), Page::Counts(c) if c.customers == 1));
    drop(newer);
    raw.execute_batch("UPDATE meta SET v = 90 WHERE k = 'min_reader'")
        .unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let refused = Store::open(&path, &options("ana")).err().unwrap();
    assert!(
        refused.message.contains("cannot read it"),
        "{}",
        refused.message
    );
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[cfg(unix)]
#[test]
fn a_new_book_is_only_for_its_owner_and_writes_ahead() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep").join("book.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    add(&mut store, "Acme", 0);
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let checks = store.doctor().unwrap();
    assert!(checks.iter().all(|c| c.ok), "{checks:?}");
    assert!(
        checks[0].words.contains("synchronous FULL"),
        "{}",
        checks[0].words
    );
}

#[test]
fn a_replaced_file_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    let id = add(&mut store, "Acme", 0);
    std::fs::rename(&path, folder.path().join("moved.db")).unwrap();
    std::fs::write(&path, b"").unwrap();
    let error = store
        .write(
            &Command::Assign {
                customers: vec![id],
                owner: "bo".into(),
            },
            NOW,
        )
        .unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
}

/// The histories that do not hold, of so many, or of all where the faults are played as often as a release asks for. RETAIN_HISTORY plays
/// one alone by its number, or those from one number up to another: `3..900`.
pub fn wrong_histories(some: u64, all: u64, history: fn(u64)) -> Vec<u64> {
    let said = std::env::var("RETAIN_HISTORY").unwrap_or_default();
    if let Ok(seed) = said.parse() {
        history(seed);
        return Vec::new();
    }
    let between = said
        .split_once("..")
        .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    let full = std::env::var_os("RETAIN_FAULTS").is_some_and(|v| v == "full");
    let (from, to): (u64, u64) = between.unwrap_or((0, if full { all } else { some }));
    let of = |seed: u64| {
        std::panic::catch_unwind(|| history(seed))
            .is_err()
            .then_some(seed)
    };
    std::thread::scope(|scope| {
        let half = scope.spawn(|| (from..to).step_by(2).filter_map(of).collect::<Vec<_>>());
        let mut wrong: Vec<u64> = (from + 1..to).step_by(2).filter_map(of).collect();
        wrong.extend(half.join().unwrap());
        wrong
    })
}

pub(super) fn any_command(customers: Vec<Id>) -> impl Strategy<Value = Command> {
    let one = prop::sample::select(customers.clone());
    let two = prop::sample::subsequence(customers.clone(), 2);
    let some = prop::sample::subsequence(customers, 1..4);
    let reason = Some(Reason {
        code: "other".into(),
        ..Reason::default()
    });
    prop_oneof![
        (some.clone(), "[a-c]{1,2}")
            .prop_map(|(customers, owner)| Command::Assign { customers, owner }),
        (some.clone(), "[x-z]").prop_map(|(customers, tag)| Command::Tag {
            customers,
            add: vec![tag],
            remove: vec!["x".into()]
        }),
        (some.clone(), 0..6usize).prop_map(move |(customers, stage)| Command::Move {
            customers,
            to: Target::Stage(
                [
                    "reach",
                    "acquisition",
                    "conversion",
                    "retention",
                    "loyalty",
                    "churned"
                ][stage]
                    .into()
            ),
            reason: reason.clone(),
        }),
        (one.clone(), 0..=10u8).prop_map(|(customer, score)| Command::Nps {
            customer,
            contact: None,
            score,
            text: String::new(),
            at: None
        }),
        (some.clone(), "[a-z ]{1,9}x").prop_map(|(customers, text)| Command::Note {
            customers,
            text,
            at: None
        }),
        some.clone().prop_map(|customers| Command::LogTouch {
            customers,
            touch: TouchDraft {
                channel: "email".into(),
                follow_up: Some(TaskDraft {
                    title: "x".into(),
                    ..TaskDraft::default()
                }),
                ..TouchDraft::default()
            },
        }),
        some.clone()
            .prop_map(|customers| Command::Done { customers }),
        some.clone().prop_map(|customers| Command::Snooze {
            customers,
            until: Day::from_number(25_000),
            event: String::new(),
            reason: "later".into()
        }),
        some.clone()
            .prop_map(|customers| Command::Unsnooze { customers }),
        one.clone().prop_map(|row| Command::Edit {
            entity: Entity::Customer,
            rows: vec![row],
            changes: vec![
                Change::set("attr.industry", "food"),
                Change::set("created", "2026-01-02")
            ],
        }),
        one.prop_map(|row| Command::Remove {
            entity: Entity::Customer,
            rows: vec![row]
        }),
        two.prop_map(|two| Command::MergeCustomers {
            keep: two[0],
            other: two[1]
        }),
    ]
}

#[test]
fn an_owners_open_calls_and_tasks_go_along_and_come_back() {
    let mut store = book();
    let acme = add(&mut store, "Acme", 500);
    let task = |title: &str, owner: &str, kind: &str| Command::AddTask {
        customers: vec![acme],
        task: TaskDraft {
            title: title.into(),
            owner: owner.into(),
            kind: kind.into(),
            ..TaskDraft::default()
        },
    };
    store
        .write(&task("Send the offer", "ana", ""), NOW)
        .unwrap();
    store.write(&task("Ask legal", "chen", ""), NOW).unwrap();
    store
        .write(&task("bo mentions you: hello", "ana", "mention"), NOW)
        .unwrap();
    let call = ActionDraft {
        kind: "risk".into(),
        title: "Silent".into(),
        ..ActionDraft::default()
    };
    store
        .write(
            &Command::OpenAction {
                customers: vec![acme],
                action: call,
            },
            NOW,
        )
        .unwrap();
    let before = visible(&store);
    let owners = |store: &mut Store| {
        let tasks: Vec<String> = account(store, acme)
            .tasks
            .into_iter()
            .map(|t| t.owner)
            .collect();
        let Page::Actions(calls) = store.answer(&Query::Actions(Default::default())).unwrap()
        else {
            panic!()
        };
        (tasks, calls[0].action.owner.clone())
    };
    let given = store
        .write(
            &Command::Assign {
                customers: vec![acme],
                owner: "bo".into(),
            },
            NOW,
        )
        .unwrap();
    assert_eq!(
        (given.label.as_str(), given.changed),
        ("Gave Acme to bo, with 1 call and 1 task", 1)
    );
    assert_eq!(
        owners(&mut store),
        (vec!["bo".into(), "chen".into(), "ana".into()], "bo".into())
    );
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap();
    assert_eq!(visible(&store), before);
    let by_form = Command::Edit {
        entity: Entity::Customer,
        rows: vec![acme],
        changes: vec![Change::set("owner", "dana")],
    };
    assert_eq!(
        store.write(&by_form, NOW).unwrap().label,
        "Changed owner of Acme, with 1 call and 1 task"
    );
    let refused = store
        .write(
            &Command::Assign {
                customers: vec![acme],
                owner: "a\u{1b}[31m".into(),
            },
            NOW,
        )
        .unwrap_err();
    assert_eq!(refused.message, "an owner's name has no control characters");
    let call = ActionDraft {
        kind: "risk".into(),
        title: "Loud".into(),
        owner: "a\u{7}".into(),
        ..ActionDraft::default()
    };
    let refused = store
        .write(
            &Command::OpenAction {
                customers: vec![acme],
                action: call,
            },
            NOW,
        )
        .unwrap_err();
    assert_eq!(refused.message, "an owner's name has no control characters");
    let tag = Command::Tag {
        customers: vec![acme],
        add: vec!["a\u{1b}b".into()],
        remove: vec![],
    };
    assert_eq!(store.write(&tag, NOW).unwrap_err().kind, Kind::Usage);
}

#[test]
fn no_command_writes_a_nul_character_and_one_that_is_there_can_be_taken_out() {
    let mut store = book();
    let acme = add(&mut store, "Acme", 500);
    let contact = NewContact {
        name: "Kim".into(),
        email: "kim\0@acme.example".into(),
        ..NewContact::default()
    };
    let edit = |value: &str, base: &str| Command::Edit {
        entity: Entity::Customer,
        rows: vec![acme],
        changes: vec![Change {
            base: Some(base.into()),
            ..Change::set("phone", value)
        }],
    };
    let before = visible(&store);
    for command in [
        Command::Note {
            customers: vec![acme],
            text: "they\0called".into(),
            at: None,
        },
        Command::AddContact {
            customer: acme,
            contact,
        },
        Command::Tag {
            customers: vec![acme],
            add: vec!["a\0b".into()],
            remove: vec![],
        },
        Command::SetConfig {
            key: "nonsense".into(),
            value: Some("\0".into()),
            base: None,
        },
        edit("1\0", ""),
    ] {
        let refused = store.write(&command, NOW).unwrap_err();
        assert_eq!(
            (refused.kind, refused.message.as_str()),
            (Kind::Usage, "there is a NUL character in the text"),
            "{command:?}"
        );
    }
    assert_eq!(visible(&store), before);
    // What only looks like it, in the form in which commands are kept, is a text as any other.
    store
        .write(
            &Command::Note {
                customers: vec![acme],
                text: r"\u0000 and \\u0000".into(),
                at: None,
            },
            NOW,
        )
        .unwrap();
    store
        .conn
        .execute("UPDATE customer SET phone = ?", ["1\0"])
        .unwrap();
    store.write(&edit("1", "1\0"), NOW).unwrap();
}

#[test]
fn a_label_names_the_thing_and_its_customer() {
    let mut store = book();
    let acme = add(&mut store, "Acme", 500);
    store
        .write(
            &Command::Note {
                customers: vec![acme],
                text: "They called".into(),
                at: None,
            },
            NOW,
        )
        .unwrap();
    let note = account(&mut store, acme)
        .events
        .iter()
        .find(|e| e.text == "They called")
        .unwrap()
        .id;
    let edit = Command::Edit {
        entity: Entity::Event,
        rows: vec![note],
        changes: vec![Change::set("text", "They wrote")],
    };
    assert_eq!(
        store.write(&edit, NOW).unwrap().label,
        "Edited a note of Acme"
    );
    let task = TaskDraft {
        title: "Send it".into(),
        ..TaskDraft::default()
    };
    store
        .write(
            &Command::AddTask {
                customers: vec![acme],
                task,
            },
            NOW,
        )
        .unwrap();
    let task = account(&mut store, acme).tasks[0].id;
    let edit = Command::Edit {
        entity: Entity::Task,
        rows: vec![task],
        changes: vec![Change::set("priority", 1)],
    };
    assert_eq!(
        store.write(&edit, NOW).unwrap().label,
        "Changed priority of task \"Send it\" of Acme"
    );
    let remove = Command::Remove {
        entity: Entity::Event,
        rows: vec![note],
    };
    assert_eq!(
        store.write(&remove, NOW).unwrap().label,
        "Removed a note of Acme"
    );
}

/// The roster is shared with who draws: it is closed to them for no longer than it takes to put in what was read before.
#[test]
fn while_the_file_is_read_the_roster_can_be_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let mut store = Store::open(&path, &options("ana")).unwrap();
    let customer = add(&mut store, "Acme", 0);
    let industry = "code = \"industry\"\nlabel = \"Industry\"\ntype = \"text\"\n".to_owned();
    store
        .write(
            &Command::SetConfig {
                key: "attribute.industry".into(),
                value: Some(industry),
                base: None,
            },
            NOW,
        )
        .unwrap();
    let edit = |value: &str| {
        let changes = vec![
            Change::set("attr.industry", value),
            Change::set("name", format!("Acme {value}")),
        ];
        Command::Edit {
            entity: Entity::Customer,
            rows: vec![customer],
            changes,
        }
    };
    store.write(&edit("food"), NOW).unwrap();
    let roster = store.roster().unwrap();
    let (closed, steps) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (seen, counted, drawn) = (closed.clone(), steps.clone(), roster.clone());
    let each_step = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        seen.fetch_add(usize::from(drawn.try_read().is_err()), Ordering::Relaxed);
        false
    };
    store.conn.progress_handler(1, Some(each_step)).unwrap();
    store
        .answer(&Query::Triage {
            filter: "attr.industry:food".into(),
            snoozed: false,
        })
        .unwrap();
    store.write(&edit("toys"), NOW).unwrap();
    let mut other = Store::open(&path, &options("bo")).unwrap();
    other.write(&edit("wood"), NOW).unwrap();
    store.look().unwrap();
    assert!(steps.load(Ordering::Relaxed) > 0);
    assert_eq!(closed.load(Ordering::Relaxed), 0);
    let roster = roster.read().unwrap();
    assert_eq!(
        (roster.name(0), roster.attribute("industry", 0)),
        ("Acme wood", "wood")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Random commands, then undo all: the book equals its start; redo all: its end; and the cached signals always equal a
    /// fold from the first event.
    #[test]
    fn undo_all_is_the_start_and_redo_all_is_the_end(seed in prop::collection::vec((0..5usize, any::<u64>()), 1..25)) {
        let mut store = book();
        store.seed_ids(1);
        let customers: Vec<Id> = (0..5).map(|i| add(&mut store, &format!("Customer {i}"), 1000 * i)).collect();
        let start = visible(&store);
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let mut now = NOW;
        let mut written = 0;
        for (_, salt) in &seed {
            now = Stamp(now.0 + (salt % 1000) as i64 * 60_000);
            let command = any_command(customers.clone()).new_tree(&mut runner).unwrap().current();
            if store.write(&command, now).is_ok_and(|r| r.batch.is_some()) {
                written += 1;
            }
        }
        let end = visible(&store);
        for _ in 0..written {
            let undone = store.write(&Command::Undo { batch: None, force: false }, now);
            prop_assert!(undone.is_ok());
        }
        prop_assert_eq!(visible(&store), start);
        prop_assert!(store.doctor().unwrap().iter().all(|c| c.ok));
        for _ in 0..written {
            prop_assert!(store.write(&Command::Redo, now).is_ok());
        }
        prop_assert_eq!(visible(&store), end);
        prop_assert!(store.doctor().unwrap().iter().all(|c| c.ok));
    }
}

#[test]
fn figures_over_all_customers_read_an_index_and_not_the_events() {
    let store = book();
    for query in crate::store::kept::SCANS {
        let mut statement = store
            .conn
            .prepare(&format!("EXPLAIN QUERY PLAN {query}"))
            .unwrap();
        let none = vec![rusqlite::types::Value::Null; statement.parameter_count()];
        let plan: Vec<String> = statement
            .query_map(rusqlite::params_from_iter(none), |r| r.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(
            plan.iter().all(|step| step.contains("COVERING INDEX")),
            "{query}: {plan:?}"
        );
    }
}
