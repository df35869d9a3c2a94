use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;
use crate::domain::command::{Command, Entity, NewContact, NewCustomer};
use crate::domain::id::Id;
use crate::domain::query::{ActionAsk, FiredAsk, PeriodAsk, PlayAsk, Query, TaskAsk, TimelineAsk};
use crate::domain::sheet::Datum;
use crate::domain::time::{Day, Stamp};
use crate::store::tests::{NOW, add, any_command, book, options};

fn dumped(store: &Store) -> Vec<u8> {
    let mut out = Vec::new();
    store.dump(&mut out).unwrap();
    out
}

/// Every row that stands, with its table.
pub(crate) fn facts(store: &Store) -> Vec<(&'static str, Vec<Datum>)> {
    let mut all = Vec::new();
    for table in crate::store::facts::tables() {
        store
            .facts(table.name, &mut |row| {
                all.push((table.name, row.to_vec()));
                Ok(())
            })
            .unwrap();
    }
    all
}

fn loaded(folder: &Path, bytes: &[u8], partial: bool) -> Result<(Store, Loaded)> {
    let (file, path) = (folder.join("dump.jsonl"), folder.join("new.db"));
    std::fs::write(&file, bytes).unwrap();
    Store::fill(&path, &options("bo"), |store| {
        store.take_dump(&file, partial)
    })
}

/// A book after random commands.
pub(crate) fn lived(seed: &[u64]) -> Store {
    let mut store = book();
    store.seed_ids(1);
    let customers: Vec<Id> = (0..5)
        .map(|i| add(&mut store, &format!("=Customer {i}"), 1000 * i))
        .collect();
    let contact = NewContact {
        name: "Zoë, \"Z\"".into(),
        ..NewContact::default()
    };
    store
        .write(
            &Command::AddContact {
                customer: customers[0],
                contact,
            },
            NOW,
        )
        .unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut now = NOW;
    for salt in seed {
        now = Stamp(now.0 + (salt % 1000) as i64 * 60_000);
        let command = any_command(customers.clone())
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let _ = store.write(&command, now);
        if salt % 7 == 0 {
            let _ = store.write(
                &Command::Undo {
                    batch: None,
                    force: false,
                },
                now,
            );
        }
    }
    store
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// A book that was dumped and loaded is the same: the digest, the bytes of the next dump, hashes and figures; and it goes on
    /// as a copy of the first.
    #[test]
    fn a_loaded_dump_is_the_same_book(seed in prop::collection::vec(any::<u64>(), 0..25)) {
        let folder = tempfile::tempdir().unwrap();
        let store = lived(&seed);
        let bytes = dumped(&store);
        for line in bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(line).is_ok());
        }
        let (mut copy, told) = loaded(folder.path(), &bytes, false).unwrap();
        prop_assert!(told.wrong.is_empty());
        prop_assert_eq!(copy.digest().unwrap(), store.digest().unwrap());
        prop_assert_eq!(copy.book_id(), store.book_id());
        prop_assert_eq!(facts(&copy), facts(&store));
        prop_assert!(dumped(&copy) == bytes, "the same facts are the same bytes");
        let checks = copy.doctor().unwrap();
        prop_assert!(checks.iter().all(|c| c.ok), "{:?}", checks);
    }

    /// Rows that went out without their history make a book that says the same.
    #[test]
    fn rows_that_go_out_and_come_in_say_the_same(seed in prop::collection::vec(any::<u64>(), 0..25)) {
        let store = lived(&seed);
        let mut other = book();
        let mut rows = |name: &str, each: &mut dyn FnMut(&[Datum]) -> Result<()>| store.facts(name, each);
        other.take_facts(Some("Europe/Istanbul"), &mut rows, NOW).unwrap();
        prop_assert_eq!(facts(&other), facts(&store));
        prop_assert_eq!(other.made_in_zone(), Some("Europe/Istanbul".to_owned()));
        let checks = other.doctor().unwrap();
        prop_assert!(checks.iter().all(|c| c.ok), "{:?}", checks);
    }
}

/// What a colleague who means harm writes in the place of a value.
fn harm(of: &serde_json::Value, salt: u64) -> serde_json::Value {
    use serde_json::json;
    let all = [
        json!(null),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(-1),
        json!(0),
        json!(4_000_000_000_i64),
        json!(1e308),
        json!(true),
        json!(""),
        json!("\u{1b}[2J\u{202e}\u{7}\0"),
        json!("x".repeat(70_000)),
        json!("2026-02-31"),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("{\"a\":{\"b\":[1,2,{\"c\":null}]}}"),
        json!([1, [2, [3]]]),
        json!({ "blob": "ff" }),
    ];
    let at = salt as usize % (all.len() + 2);
    match (all.get(at), of.as_i64(), of.as_str()) {
        (Some(value), ..) => value.clone(),
        (None, Some(n), _) => json!(n ^ (1 << (salt % 40))),
        (None, _, Some(text)) => json!(text.chars().rev().collect::<String>()),
        _ => json!(1),
    }
}

/// Every value of a line that holds no other.
fn leaves(value: &mut serde_json::Value) -> Vec<&mut serde_json::Value> {
    match value {
        serde_json::Value::Array(all) => all.iter_mut().flat_map(leaves).collect(),
        serde_json::Value::Object(all) => all
            .iter_mut()
            .filter(|(key, _)| *key != "line")
            .flat_map(|(_, v)| leaves(v))
            .collect(),
        leaf => vec![leaf],
    }
}

/// The batch of a line with the hash that its contents have now, where it still is one.
fn with_right_hash(line: &serde_json::Value) -> Option<String> {
    let mut entry: crate::store::outbox::Entry = serde_json::from_value(line.clone()).ok()?;
    let mut tally = crate::store::hash::Tally::default();
    entry.items()?.iter().for_each(|item| tally.add(item));
    entry.hash = tally
        .finish(&entry.header().0)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let mut json = serde_json::to_value(&entry).ok()?;
    json["line"] = "batch".into();
    Some(json.to_string())
}

/// Asks for all that a person can look at.
fn look_at_all(store: &mut Store) {
    let filter = String::new;
    let period = PeriodAsk::Days(365);
    let mut asks = vec![
        Query::Customers {
            filter: filter(),
            sort: "health".into(),
            descending: true,
            columns: vec!["attr.industry".into()],
        },
        Query::Triage {
            filter: filter(),
            snoozed: false,
        },
        Query::Counts,
        Query::Funnel {
            filter: filter(),
            period: Some(period),
            mode: crate::domain::funnel::Mode::InOrder,
        },
        Query::Tasks(TaskAsk::default()),
        Query::Activity {
            search: String::new(),
            limit: 100,
        },
        Query::Movers {
            filter: filter(),
            days: 30,
        },
        Query::Backtest { months: 3 },
        Query::Search {
            text: "customer".into(),
        },
        Query::Views,
        Query::Conflicts,
        Query::Actions(ActionAsk::default()),
        Query::Plays(PlayAsk::default()),
        Query::Fired(FiredAsk::default()),
        Query::Nps {
            filter: filter(),
            period,
        },
        Query::Segments { trend: true },
        Query::Friction {
            filter: filter(),
            period,
        },
        Query::Duplicates,
    ];
    let rowids = store
        .roster()
        .map(|r| r.read().unwrap().ids.clone())
        .unwrap_or_default();
    for customer in rowids {
        asks.push(Query::Account {
            customer,
            timeline: TimelineAsk::default(),
        });
        asks.push(Query::Health {
            customer,
            since: Some(Day::MIN),
        });
        asks.push(Query::Trend {
            customer,
            months: 12,
        });
        asks.push(Query::Checklists { customer });
    }
    for ask in asks {
        // A sentence is an answer too.
        let _ = store.answer(&ask);
    }
}

/// As many cases as PROPTEST_CASES asks for: these are the cases to leave running for an hour.
fn cases(few: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(few),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(60))]

    /// The hashes of what comes from a colleague are right, and nothing else needs to be: it is taken or refused in a sentence,
    /// whatever is asked of the book is answered or refused, and it can be examined, written and undone.
    #[test]
    fn whatever_a_colleague_writes_with_right_hashes_is_taken_or_refused(
        seed in prop::collection::vec(any::<u64>(), 4..14),
        harms in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u64>()), 1..8),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let bytes = dumped(&lived(&seed));
        let mut lines: Vec<serde_json::Value> =
            bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect();
        for (line, leaf, salt) in harms {
            let count = lines.len() - 2;
            let mut all = leaves(&mut lines[1 + line.index(count)]);
            let leaf = leaf.index(all.len());
            *all[leaf] = harm(all[leaf], salt);
        }
        let end = lines.len() - 1;
        let texts = lines.iter().enumerate().map(|(at, line)| {
            (1..end).contains(&at).then(|| with_right_hash(line)).flatten().unwrap_or_else(|| line.to_string())
        });
        let text = texts.map(|line| line + "\n").collect::<String>();
        if let Ok((mut store, _)) = loaded(folder.path(), text.as_bytes(), true) {
            look_at_all(&mut store);
            let _ = store.doctor();
            let mut again = Store::open(&folder.path().join("new.db"), &options("chen")).unwrap();
            look_at_all(&mut again);
            if again.write(&Command::AddCustomer(NewCustomer { name: "One more".into(), ..NewCustomer::default() }), NOW).is_ok() {
                again.write(&Command::Undo { batch: None, force: false }, NOW).unwrap();
            }
        }
    }
}

#[test]
fn a_purged_customer_stays_purged_in_a_dump() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = lived(&[1, 2, 3, 4, 5, 6]);
    let gone = store.find_customer("=Customer 0").unwrap();
    store
        .write(
            &Command::Purge {
                entity: Entity::Customer,
                row: gone,
                why: String::new(),
            },
            NOW,
        )
        .unwrap();
    let bytes = dumped(&store);
    assert!(!String::from_utf8_lossy(&bytes).contains("Customer 0"));
    let (copy, _) = loaded(folder.path(), &bytes, false).unwrap();
    assert_eq!(copy.digest().unwrap(), store.digest().unwrap());
}

#[test]
fn a_damaged_dump_is_refused_and_leaves_no_book() {
    let folder = tempfile::tempdir().unwrap();
    let whole = dumped(&lived(&[1, 2, 3, 4, 5, 6, 8, 9]));
    let text = String::from_utf8(whole.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let without_last = lines[..lines.len() - 1].join("\n") + "\n";
    let without_one = [&lines[..1], &lines[2..]].concat().join("\n") + "\n";
    let changed = text.replacen("=Customer 1", "=Customer 9", 1);
    for (what, bytes) in [
        ("cut", without_last),
        ("a line less", without_one),
        ("a changed value", changed),
    ] {
        let Err(error) = loaded(folder.path(), bytes.as_bytes(), false) else {
            panic!("{what} was taken")
        };
        assert!(
            error.message.contains("is damaged"),
            "{what}: {}",
            error.message
        );
        assert!(!folder.path().join("new.db").exists(), "{what}");
    }
    let changed = text.replacen("=Customer 1", "=Customer 9", 1);
    let (store, told) = loaded(folder.path(), changed.as_bytes(), true).unwrap();
    assert!(
        !told.wrong.is_empty() && facts(&store).len() > 4,
        "the rest is taken: {told:?}"
    );
}

#[test]
fn a_book_with_something_in_it_is_not_loaded_over() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = dumped(&lived(&[]));
    let (store, _) = loaded(folder.path(), &bytes, false).unwrap();
    drop(store);
    let Err(error) = loaded(folder.path(), &bytes, false) else {
        panic!("it was taken")
    };
    assert!(
        error.message.starts_with("There is something in "),
        "{}",
        error.message
    );
    assert!(folder.path().join("new.db").exists());
    std::fs::write(folder.path().join("other"), "{}").unwrap();
    assert!(!is_dump(&folder.path().join("other")));
}

#[test]
fn what_copies_disagree_about_is_in_a_dump_too() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let mut ana = Store::open(&ours, &options("ana")).unwrap();
    let acme = add(&mut ana, "Acme", 500);
    ana.back_up_to(&theirs).unwrap();
    let who = crate::store::Who {
        person: "bo".into(),
        device: Id([8; 16]),
    };
    let mut bo = Store::open(
        &theirs,
        &Options {
            who,
            ..options("bo")
        },
    )
    .unwrap();
    for (store, owner) in [(&mut ana, "chen"), (&mut bo, "dora")] {
        store
            .write(
                &Command::Assign {
                    customers: vec![acme],
                    owner: owner.into(),
                },
                NOW,
            )
            .unwrap();
    }
    drop(bo);
    let report = ana
        .merge(
            &theirs,
            crate::store::merge::MergeAsk {
                now: NOW,
                dry_run: false,
                foreign: false,
            },
        )
        .unwrap();
    assert_eq!(report.conflicts.len(), 1);
    let (copy, _) = loaded(folder.path(), &dumped(&ana), false).unwrap();
    assert_eq!(copy.digest().unwrap(), ana.digest().unwrap());
    assert_eq!(facts(&copy), facts(&ana));
}
