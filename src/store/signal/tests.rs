//! The cache: what is packed reads back, and what a write adds to it is what a fold from the first event says.

use super::*;
use crate::domain::command::{Change, Command, Entity, NewContact, Target};
use crate::domain::query::{Account, Page, Query};
use crate::domain::time::Stamp;
use crate::domain::touchpoint::TouchDraft;
use crate::store::Store;
use crate::store::tests::{NOW, account, add, book};

#[test]
fn packed_signals_read_back_and_another_layout_does_not() {
    let config = Config::default();
    let day = |n| Day::from_number(n);
    let signals = Signals {
        mrr: -5,
        stage: StageNo(3),
        visit: 2,
        cohort: 1,
        since: day(20_000),
        touch: day(0),
        nps: Some(0),
        nps_followed: true,
        tickets: [1, 0, 9, 254],
        oldest: [day(1), None, day(3), day(65_000)],
        usage: Some(-400),
        plan: true,
        stale: day(20_007),
        held: Some(30),
        held_until: day(20_100),
        roles: [None, day(7), None, None, day(9), day(11)],
        active: Some(0),
        actions: 3,
        action_due: day(20_003),
        risk: 1,
        alert: day(20_001),
        mention: day(2),
        reached: day(19_990),
        cadence: Some(4),
        ..Signals::default()
    };
    let marks = StageMarks::new(&config.stages);
    let packed = signals.pack(&marks);
    assert_eq!(Signals::unpack(&packed, &marks), Some(signals));
    for cut in 0..packed.len() {
        assert_eq!(Signals::unpack(&packed[..cut], &marks), None, "{cut}");
    }
    let mut other = packed;
    other[0] = 9;
    assert_eq!(Signals::unpack(&other, &marks), None);
}

fn role_day(store: &mut Store, id: crate::domain::id::Id, role: &str) -> Option<Day> {
    let at = ROLES.iter().position(|r| *r == role).unwrap();
    account(store, id).signals.roles[at]
}

/// Every cached row equals a fold of the facts.
fn holds(store: &mut Store, after: &str) {
    let checks = store.doctor().unwrap();
    let signals = checks.iter().find(|c| c.code == "signals").unwrap();
    assert!(signals.ok, "after {after}: {signals:?}");
}

#[test]
fn roles_and_the_cadence_are_folded_alike_at_once_and_from_the_first_event() {
    let mut store = book();
    let id = add(&mut store, "Acme Foods", 0);
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
    for (name, role) in [("Dana", "buyer"), ("Lee", "champion"), ("Kim", "user")] {
        let contact = NewContact {
            name: name.into(),
            role: role.into(),
            ..NewContact::default()
        };
        store
            .write(
                &Command::AddContact {
                    customer: id,
                    contact,
                },
                NOW,
            )
            .unwrap();
    }
    let people = account(&mut store, id).contacts;
    let named = |name: &str| people.iter().find(|c| c.name == name).unwrap().id;
    let touch = |channel: &str, days: i64, contacts: Vec<_>| {
        let touch = TouchDraft {
            channel: channel.into(),
            contacts,
            at: Some(Stamp(NOW.0 - days * 86_400_000)),
            ..TouchDraft::default()
        };
        Command::LogTouch {
            customers: vec![id],
            touch,
        }
    };
    store.write(&touch("phone", 9, vec![]), NOW).unwrap();
    store
        .write(&touch("meeting", 5, vec![named("Dana"), named("Lee")]), NOW)
        .unwrap();
    holds(&mut store, "a meeting with two");
    store
        .write(&touch("newsletter", 1, vec![named("Kim")]), NOW)
        .unwrap();
    holds(&mut store, "a newsletter");
    let signals = account(&mut store, id).signals;
    let today = store.today();
    assert_eq!(
        (signals.touch, signals.reached),
        (Some(today.plus(-1)), Some(today.plus(-5)))
    );
    let met = Some(today.plus(-5));
    let zone = store.config().zone;
    let last = |store: &mut Store, who: &str| {
        account(store, id)
            .contacts
            .iter()
            .find(|c| c.name == who)
            .and_then(|c| c.last_touch)
            .map(|at| zone.day(at))
    };
    assert_eq!(
        ["Dana", "Lee"].map(|who| last(&mut store, who)),
        [met, met],
        "both were at the meeting"
    );
    assert_eq!(
        ["buyer", "champion", "user"].map(|r| role_day(&mut store, id, r)),
        [met, met, Some(today.plus(-1))]
    );
    // Another role, another person: their customer is folded again.
    let changes = vec![Change::set("role", "sponsor")];
    store
        .write(
            &Command::Edit {
                entity: Entity::Contact,
                rows: vec![named("Dana")],
                changes,
            },
            NOW,
        )
        .unwrap();
    holds(&mut store, "another role");
    assert_eq!(
        ["buyer", "sponsor"].map(|r| role_day(&mut store, id, r)),
        [None, met]
    );
    store
        .write(
            &Command::Remove {
                entity: Entity::Contact,
                rows: vec![named("Lee")],
            },
            NOW,
        )
        .unwrap();
    holds(&mut store, "a contact is removed");
    assert_eq!(role_day(&mut store, id, "champion"), None);
    // Another cadence, by the config and by a tag.
    let cadences = "[[cadence]]\ntags = ['gold']\nideal = 2\nlongest = 3\nchannels = ['phone']\n";
    store
        .write(
            &Command::SetConfig {
                key: "cadences".into(),
                value: Some(cadences.into()),
                base: None,
            },
            NOW,
        )
        .unwrap();
    holds(&mut store, "other cadences");
    store
        .write(
            &Command::Tag {
                customers: vec![id],
                add: vec!["gold".into()],
                remove: vec![],
            },
            NOW,
        )
        .unwrap();
    holds(&mut store, "a tag");
    let signals = account(&mut store, id).signals;
    assert_eq!(
        (signals.cadence, signals.reached),
        (Some(0), Some(today.plus(-9)))
    );
    let rows = |store: &mut Store, filter: &str| match store
        .answer(&Query::Customers {
            filter: filter.into(),
            sort: String::new(),
            descending: false,
            columns: vec![],
        })
        .unwrap()
    {
        Page::Rows(page) => page.rows.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        ["cadence:red", "buyer:none", "sponsor>4d", "sponsor>5d"].map(|f| rows(&mut store, f)),
        [1, 1, 1, 0]
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
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap();
    holds(&mut store, "the cadences are taken back");
    assert_eq!(account(&mut store, id).signals.reached, met);
}

#[test]
fn a_cache_of_an_older_layout_is_not_taken_for_a_customer_without_a_past() {
    let mut store = book();
    let id = add(&mut store, "Acme Foods", 0);
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
    store
        .conn
        .execute("UPDATE signal SET packed = x'02'", [])
        .unwrap();
    let back = Command::Move {
        customers: vec![id],
        to: Target::Stage("reach".into()),
        reason: None,
    };
    assert!(
        store.write(&back, NOW).is_err(),
        "it goes back, so a reason is needed"
    );
}

#[test]
fn a_newsletter_is_no_touch_to_health_and_no_answer_to_a_detractor() {
    let mut store = book();
    let id = add(&mut store, "Acme", 500);
    let day = 86_400_000;
    let touch = |store: &mut Store, channel: &str, ago: i64| {
        let touch = TouchDraft {
            channel: channel.into(),
            at: Some(Stamp(NOW.0 - ago * day)),
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
        account(store, id)
    };
    let before = touch(&mut store, "phone", 70);
    store
        .write(
            &Command::Nps {
                customer: id,
                contact: None,
                score: 3,
                text: String::new(),
                at: Some(Stamp(NOW.0 - 10 * day)),
            },
            NOW,
        )
        .unwrap();
    for ago in [5, 0] {
        let after = touch(&mut store, "newsletter", ago);
        assert_eq!(
            (after.signals.reached, after.signals.nps_followed),
            (before.signals.reached, false),
            "{ago} days ago"
        );
        let days = |page: &Account| {
            page.health
                .lines
                .iter()
                .find(|l| l.measure == "touch")
                .and_then(|l| l.raw)
        };
        assert_eq!((days(&after), days(&before)), (Some(70), Some(70)));
    }
    assert!(touch(&mut store, "email", 0).signals.nps_followed);
}

/// The fold of every customer by itself, all of them by blocks, and what is kept say the same.
fn one_fold(store: &mut Store) {
    holds(store, "the last change");
    let (conn, config, today) = (&store.conn, store.config.clone(), store.today);
    let mut by_block = Vec::new();
    fold_all(conn, &config, today, |n, signals| {
        by_block.push((n, signals));
        Ok(())
    })
    .unwrap();
    let mut statement = conn.prepare("SELECT n FROM customer ORDER BY n").unwrap();
    let there: Vec<i64> = statement
        .query_map([], |r| r.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let one = |n: &i64| {
        (
            *n,
            fold_with_before(conn, *n, &facts(conn, *n, &config).unwrap(), &config, today).unwrap(),
        )
    };
    assert_eq!(by_block, there.iter().map(one).collect::<Vec<_>>());
}

#[test]
fn whoever_was_purged_leaves_a_gap_over_which_every_fold_goes() {
    for gone in 0..3 {
        let mut store = book();
        let all: Vec<_> = ["Acme", "Bolt", "Cargo"]
            .iter()
            .map(|name| add(&mut store, name, 500))
            .collect();
        store
            .write(
                &Command::Purge {
                    entity: Entity::Customer,
                    row: all[gone],
                    why: String::new(),
                },
                NOW,
            )
            .unwrap();
        one_fold(&mut store);
        let stages = toml::to_string(&store.config().stages)
            .unwrap()
            .replace("\"Reach\"", "\"Reached\"");
        let scorecards = toml::to_string(&store.config().scorecards).unwrap();
        for (key, value) in [
            ("zone", "Europe/Paris"),
            ("cadences", "[[cadence]]\nideal = 10\nlongest = 30\n"),
            ("policy", "cadence_days = 20"),
            ("stages", &stages),
            (
                "scorecards",
                &scorecards.replace("version = 1", "version = 7"),
            ),
        ] {
            store
                .write(
                    &Command::SetConfig {
                        key: key.into(),
                        value: Some(value.into()),
                        base: None,
                    },
                    NOW,
                )
                .unwrap();
            one_fold(&mut store);
        }
        assert_eq!(store.rebuild().unwrap(), 2);
        one_fold(&mut store);
        let mut load = store.load("import", NOW).unwrap();
        load.set_config("stages", &stages.replace("\"Reached\"", "\"Known\""))
            .unwrap();
        load.finish("stages").unwrap();
        one_fold(&mut store);
        let kept: i64 = store
            .conn
            .query_row("SELECT count(*) FROM signal", [], |r| r.get(0))
            .unwrap();
        assert_eq!(kept, 2, "nothing is kept of nobody");
        // A gap of any width costs nothing.
        let far = "INSERT INTO customer (n, id, batch, name) VALUES (4000000000000, randomblob(16), 1, 'Far')";
        store.conn.execute(far, []).unwrap();
        one_fold(&mut store);
    }
}

#[test]
fn the_fold_of_one_does_not_depend_on_who_is_folded_with_it() {
    let mut store = book();
    let retention = |id| Command::Move {
        customers: vec![id],
        to: Target::Stage("retention".into()),
        reason: None,
    };
    let (acme, acne) = (add(&mut store, "Acme", 0), add(&mut store, "Acne", 0));
    for id in [acme, acne] {
        store.write(&retention(id), NOW).unwrap();
    }
    let kim = NewContact {
        name: "Kim".into(),
        role: "champion".into(),
        ..NewContact::default()
    };
    store
        .write(
            &Command::AddContact {
                customer: acne,
                contact: kim,
            },
            NOW,
        )
        .unwrap();
    let kim = account(&mut store, acne).contacts[0].id;
    // She goes to the other customer; a call with her comes in at the first one, as from a copy that had not heard.
    store
        .transact("edit", NOW, None, |b, _| {
            b.set(
                Entity::Contact,
                kim,
                "customer",
                rusqlite::types::Value::Blob(acme.0.to_vec()),
            )?;
            Ok(crate::store::write::Done::default())
        })
        .unwrap();
    let touch = TouchDraft {
        channel: "phone".into(),
        contacts: vec![kim],
        ..TouchDraft::default()
    };
    store
        .write(
            &Command::LogTouch {
                customers: vec![acne],
                touch,
            },
            NOW,
        )
        .unwrap();
    one_fold(&mut store);
    assert!(
        role_day(&mut store, acne, "champion").is_some(),
        "she was at the call, wherever she is now"
    );
    store.rebuild().unwrap();
    one_fold(&mut store);
}
