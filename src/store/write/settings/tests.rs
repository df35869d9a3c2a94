//! Settings: what was seen of one is not written over, rules are a row each, and of two of one name one holds.

use crate::domain::command::{Command, Setting};
use crate::domain::query::{Page, Query, View};
use crate::domain::rule::{Alert, Rule, Rules};
use crate::error::Kind;
use crate::store::Store;
use crate::store::merge::tests::{both, pair};
use crate::store::tests::{NOW, book};

fn rule(code: &str) -> Rule {
    Rule {
        code: code.into(),
        label: code.into(),
        when: "#hot".into(),
        alert: Alert::Team,
        ..Rule::default()
    }
}

fn set(key: &str, value: Option<&str>, base: Option<Option<&str>>) -> Command {
    Command::SetConfig {
        key: key.into(),
        value: value.map(str::to_owned),
        base: base.map(|b| b.map(str::to_owned)),
    }
}

fn codes(store: &Store) -> Vec<String> {
    store
        .config()
        .rules
        .rule
        .iter()
        .map(|r| r.code.clone())
        .collect()
}

fn rows(store: &Store, key: &str) -> Vec<String> {
    let mut statement = store
        .conn
        .prepare("SELECT value FROM config WHERE key = ? AND removed = 0 ORDER BY id")
        .unwrap();
    statement
        .query_map([key], |r| r.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

#[test]
fn a_setting_that_was_changed_meanwhile_is_not_written_over() {
    let mut store = book();
    // Seen as the default, and that it is.
    store
        .write(&set("currency", Some("EUR"), Some(None)), NOW)
        .unwrap();
    let error = store
        .write(&set("currency", Some("TRY"), Some(None)), NOW)
        .unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert!(
        error
            .message
            .contains("currency was changed meanwhile by ana"),
        "{error}"
    );
    assert!(
        error.hints[0].contains("EUR") && error.hints[0].contains("TRY"),
        "{:?}",
        error.hints
    );
    assert_eq!(rows(&store, "currency"), ["EUR"]);
    // What says the same is nobody's loss, and so is what was seen in other words.
    store
        .write(&set("currency", Some("EUR"), Some(None)), NOW)
        .unwrap();
    store
        .write(&set("policy", Some("cadence_days = 20\n"), Some(None)), NOW)
        .unwrap();
    store
        .write(
            &set(
                "policy",
                Some("cadence_days = 21\n"),
                Some(Some("# as a form writes it\ncadence_days=20")),
            ),
            NOW,
        )
        .unwrap();
    assert!(
        store
            .write(
                &set(
                    "policy",
                    Some("cadence_days = 22\n"),
                    Some(Some("cadence_days = 20\n"))
                ),
                NOW
            )
            .is_err()
    );
    assert!(
        store
            .write(&set("policy", None, Some(Some("cadence_days = 20\n"))), NOW)
            .is_err()
    );
    let several = |base: &str| Command::Configure {
        settings: vec![
            Setting {
                key: "zone".into(),
                value: "Asia/Tokyo".into(),
                base: Some(None),
            },
            Setting {
                key: "policy".into(),
                value: "cadence_days = 5\n".into(),
                base: Some(Some(base.into())),
            },
        ],
        views: Vec::new(),
    };
    assert!(store.write(&several("cadence_days = 20\n"), NOW).is_err());
    assert_eq!(
        rows(&store, "zone"),
        Vec::<String>::new(),
        "all of it or nothing"
    );
    store.write(&several("cadence_days = 21\n"), NOW).unwrap();
}

#[test]
fn rules_that_several_add_at_once_all_stand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let options = crate::store::tests::options("ana");
    // All of them have read the rules before the first one writes.
    let mut open: Vec<Store> = (0..8)
        .map(|_| Store::open(&path, &options).unwrap())
        .collect();
    let shipped = codes(&open[0]).len();
    for (no, store) in open.iter_mut().enumerate() {
        store
            .write(&rule(&format!("r{no}")).command(None).unwrap(), NOW)
            .unwrap();
    }
    let store = Store::open(&path, &options).unwrap();
    assert_eq!(codes(&store).len(), shipped + 8);
    // The same code is somebody's already; the same rule in two hands is a conflict.
    let error = open[7].write(&rule("r0").command(None).unwrap(), NOW);
    assert!(error.is_ok(), "it says the same");
    let other = Rule {
        label: "another".into(),
        ..rule("r0")
    };
    assert!(
        open[7]
            .write(&other.command(None).unwrap(), NOW)
            .unwrap_err()
            .message
            .contains("there is a rule \"r0\" already by ana")
    );
    open[1]
        .write(
            &Rule {
                off: true,
                ..rule("r0")
            }
            .command(Some(&rule("r0")))
            .unwrap(),
            NOW,
        )
        .unwrap();
    let late = open[2]
        .write(&other.command(Some(&rule("r0"))).unwrap(), NOW)
        .unwrap_err();
    assert!(
        late.message.contains("the rule r0 was changed meanwhile"),
        "{late}"
    );
    assert!(open[3].write(&rule("r0").removal().unwrap(), NOW).is_err());
}

#[test]
fn the_rules_together_are_taken_apart_and_come_back_as_they_were_written() {
    let mut store = book();
    let shipped = codes(&store);
    let text = "# about all of them\n\n# the hot ones\n[[rule]]\ncode = \"hot\"\nlabel = \"Hot\"\nwhen = \"#hot\"\nalert = \"team\"\n\n\
                # the cold ones\n[[rule]]\ncode = \"cold\"\nlabel = \"Cold\"\nwhen = \"#cold\"\nalert = \"team\"\n";
    store
        .write(&set("rules", Some(text), Some(None)), NOW)
        .unwrap();
    assert_eq!(codes(&store), ["hot", "cold"], "the shipped ones are gone");
    let together = store.config_text("rules").unwrap().unwrap();
    assert!(
        together.starts_with("# the hot ones\n[[rule]]")
            && together.contains("# the cold ones\n[[rule]]"),
        "{together}"
    );
    assert_eq!(rows(&store, "rule.cold").len(), 1);
    // One word of one rule is a change of one row.
    let edited = together.replace("\"Cold\"", "\"Very cold\"");
    let done = store
        .write(&set("rules", Some(&edited), Some(Some(&together))), NOW)
        .unwrap();
    assert_eq!(done.changed, 1);
    let edits: i64 = store
        .conn
        .query_row("SELECT count(*) FROM edit WHERE entity = 8", [], |r| {
            r.get(0)
        })
        .unwrap();
    assert_eq!(edits, 1);
    store
        .write(
            &rule("cold")
                .removal()
                .map(|_| set("rule.cold", None, None))
                .unwrap(),
            NOW,
        )
        .unwrap();
    assert_eq!(codes(&store), ["hot"]);
    for _ in 0..3 {
        store
            .write(
                &Command::Undo {
                    batch: None,
                    force: false,
                },
                NOW,
            )
            .unwrap();
    }
    assert_eq!(codes(&store), shipped);
    // A shipped rule that is removed stays away, and the default brings it back.
    let first = store.config().rules.rule[0].clone();
    store.write(&first.removal().unwrap(), NOW).unwrap();
    assert_eq!(codes(&store), shipped[1..]);
    store.write(&set("rules", None, None), NOW).unwrap();
    assert_eq!(codes(&store), shipped);
}

#[test]
fn rules_of_one_text_from_before_lie_below_the_rows_of_single_ones() {
    let mut store = book();
    let text = toml::to_string(&Rules {
        rule: vec![rule("a"), rule("b")],
    })
    .unwrap();
    store
        .transact("config", NOW, None, |b, _| {
            super::put_config(b, "rules", Some(&text))?;
            Ok(super::done("as it was written before", 1))
        })
        .unwrap();
    assert_eq!(codes(&store), ["a", "b"]);
    store
        .write(
            &Rule {
                label: "other".into(),
                ..rule("b")
            }
            .command(Some(&rule("b")))
            .unwrap(),
            NOW,
        )
        .unwrap();
    store.write(&rule("c").command(None).unwrap(), NOW).unwrap();
    store.write(&rule("a").removal().unwrap(), NOW).unwrap();
    assert_eq!(codes(&store), ["b", "c"]);
    assert_eq!(store.config().rules.rule[0].label, "other");
}

#[test]
fn a_rule_is_read_behind_the_playbook_that_it_starts() {
    let mut store = book();
    // The row of the rules is older than that of the playbooks.
    store
        .write(&rule("hot").command(None).unwrap(), NOW)
        .unwrap();
    let playbooks = "[[playbook]]\ncode = \"calm\"\nlabel = \"Calm down\"\n[[playbook.step]]\ntitle = \"Call\"\n";
    store
        .write(&set("playbooks", Some(playbooks), None), NOW)
        .unwrap();
    let starts = Rule {
        playbook: "calm".into(),
        ..rule("hot")
    };
    store
        .write(&starts.command(Some(&rule("hot"))).unwrap(), NOW)
        .unwrap();
    let read = crate::store::settings::read_config(&store.conn).unwrap();
    assert_eq!(read.rules.find("hot"), Some(&starts));
}

fn views(store: &mut Store) -> Vec<(String, String)> {
    let Page::Views(all) = store.answer(&Query::Views).unwrap() else {
        panic!()
    };
    all.into_iter()
        .map(|(_, name, view)| (name, view.filter))
        .collect()
}

#[test]
fn a_name_that_two_copies_set_first_is_a_conflict_and_the_default_is_the_default() {
    let (mut a, mut b, _) = pair();
    let view = |filter: &str| Command::SaveView {
        name: "Mine".into(),
        view: View {
            filter: filter.into(),
            ..View::default()
        },
    };
    a.write(&set("currency", Some("EUR"), None), NOW).unwrap();
    a.write(&view("health<50"), NOW).unwrap();
    b.write(&set("currency", Some("TRY"), None), NOW).unwrap();
    b.write(&view("health<60"), NOW).unwrap();
    both(&mut a, &mut b);
    for store in [&mut a, &mut b] {
        let Page::Conflicts(open) = store.answer(&Query::Conflicts).unwrap() else {
            panic!()
        };
        let said: Vec<_> = open
            .iter()
            .map(|c| (c.kind, c.name.as_str(), c.values.len()))
            .collect();
        assert_eq!(said, [("config", "currency", 2), ("view", "Mine", 2)]);
        assert_eq!(views(store).len(), 1, "one view of the name");
        let shown = open[0].values.iter().find(|v| v.shown).unwrap();
        assert_eq!(
            shown.value.as_deref(),
            Some(store.config().currency.code()),
            "what holds is what is shown"
        );
    }
    // Decided for the one that does not hold, in one copy; the other one follows.
    let Page::Conflicts(open) = a.answer(&Query::Conflicts).unwrap() else {
        panic!()
    };
    let other = open[0].values.iter().find(|v| !v.shown).unwrap();
    a.write(
        &Command::Resolve {
            row: open[0].row,
            field: open[0].field.clone(),
            take: other.edit,
        },
        NOW,
    )
    .unwrap();
    a.write(&view("health<70"), NOW).unwrap();
    both(&mut a, &mut b);
    for store in [&mut a, &mut b] {
        let Page::Conflicts(open) = store.answer(&Query::Conflicts).unwrap() else {
            panic!()
        };
        assert!(open.is_empty(), "{open:?}");
        assert_eq!(Some(store.config().currency.code()), other.value.as_deref());
        assert_eq!(views(store), [("Mine".to_owned(), "health<70".to_owned())]);
    }
    a.write(&set("currency", None, None), NOW).unwrap();
    assert_eq!(
        a.config().currency,
        crate::domain::config::Config::default().currency
    );
    both(&mut a, &mut b);
    assert_eq!(b.config().currency, a.config().currency);
}
