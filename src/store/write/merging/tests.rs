use crate::domain::command::{Change, Command, Entity, NewContact};
use crate::domain::query::{Page, Query};
use crate::store::Store;
use crate::store::merge::tests::{both, pair};
use crate::store::tests::{NOW, account, add};

fn note(store: &mut Store, customer: crate::domain::id::Id, text: &str) {
    store
        .write(
            &Command::Note {
                customers: vec![customer],
                text: text.into(),
                at: None,
            },
            NOW,
        )
        .unwrap();
}

fn names(store: &mut Store) -> Vec<String> {
    let roster = store.roster().unwrap();
    let roster = roster.read().unwrap();
    let mut all: Vec<String> = (0..roster.rows.len())
        .filter(|at| !roster.rows[*at].removed)
        .map(|at| roster.name(at).to_owned())
        .collect();
    all.sort();
    all
}

#[test]
fn everything_comes_to_the_one_that_is_kept_and_one_undo_brings_both_back() {
    let (mut a, _, acme) = pair();
    let twin = add(&mut a, "ACME", 700);
    let dana = NewContact {
        name: "Dana".into(),
        email: "dana@acme.example".into(),
        ..NewContact::default()
    };
    a.write(
        &Command::AddContact {
            customer: twin,
            contact: dana,
        },
        NOW,
    )
    .unwrap();
    note(&mut a, twin, "theirs");
    note(&mut a, acme, "ours");
    let changes = vec![
        Change::set("phone", "2"),
        Change::set("website", "acme.example"),
        Change::set("tag.vip", 1),
    ];
    a.write(
        &Command::Edit {
            entity: Entity::Customer,
            rows: vec![twin],
            changes,
        },
        NOW,
    )
    .unwrap();
    a.write(
        &Command::Edit {
            entity: Entity::Customer,
            rows: vec![acme],
            changes: vec![Change::set("phone", "1")],
        },
        NOW,
    )
    .unwrap();
    let (before, before_twin) = (account(&mut a, acme), account(&mut a, twin));
    let Page::Duplicates(twins) = a.answer(&Query::Duplicates).unwrap() else {
        panic!("another page")
    };
    assert_eq!(
        twins
            .iter()
            .map(|t| (t.keep.0, t.other.0))
            .collect::<Vec<_>>(),
        [(acme, twin)]
    );

    let done = a
        .write(
            &Command::MergeCustomers {
                keep: acme,
                other: twin,
            },
            NOW,
        )
        .unwrap();
    assert_eq!(done.label, "Merged ACME into Acme");
    assert!(
        done.skipped
            .iter()
            .any(|(_, why)| why.contains("phone: 1 here, 2 there")),
        "{:?}",
        done.skipped
    );
    let page = account(&mut a, acme);
    assert_eq!(names(&mut a), ["Acme"]);
    assert_eq!(
        (page.contacts.len(), page.versions.len()),
        (
            before.contacts.len() + 1,
            before.versions.len() + before_twin.versions.len()
        )
    );
    assert_eq!(
        (page.customer.phone.as_str(), page.customer.website.as_str()),
        ("1", "acme.example")
    );
    assert_eq!(page.customer.tags, ["vip"]);
    assert_eq!(
        page.signals.mrr,
        before.signals.mrr + before_twin.signals.mrr
    );
    assert_eq!(page.signals.stage, before.signals.stage);
    assert!(
        a.doctor().unwrap().iter().all(|c| c.ok),
        "{:?}",
        a.doctor().unwrap()
    );

    a.write(
        &Command::Undo {
            batch: None,
            force: false,
        },
        NOW,
    )
    .unwrap();
    assert_eq!(names(&mut a), ["ACME", "Acme"]);
    assert_eq!(account(&mut a, twin).contacts, before_twin.contacts);
    assert_eq!(account(&mut a, acme).customer, before.customer);
    assert_eq!(account(&mut a, twin).signals.mrr, before_twin.signals.mrr);
    assert!(a.doctor().unwrap().iter().all(|c| c.ok));
    a.write(&Command::Redo, NOW).unwrap();
    assert_eq!(names(&mut a), ["Acme"]);
}

#[test]
fn what_a_customer_has_become_is_followed_to_the_one_that_is_there() {
    let (mut a, _, acme) = pair();
    let (twin, third, gone) = (
        add(&mut a, "ACME", 700),
        add(&mut a, "Third", 0),
        add(&mut a, "Gone", 0),
    );
    let became = |a: &mut Store| {
        let Page::Became(all) = a
            .answer(&Query::Became {
                customers: vec![twin, acme, third, gone],
            })
            .unwrap()
        else {
            panic!("another page")
        };
        all.into_iter()
            .map(|b| (b.was, b.is, b.name))
            .collect::<Vec<_>>()
    };
    assert_eq!(became(&mut a), []);
    a.write(
        &Command::Remove {
            entity: Entity::Customer,
            rows: vec![gone],
        },
        NOW,
    )
    .unwrap();
    a.write(
        &Command::MergeCustomers {
            keep: acme,
            other: twin,
        },
        NOW,
    )
    .unwrap();
    assert_eq!(became(&mut a), [(twin, acme, "Acme".to_owned())]);
    a.write(
        &Command::MergeCustomers {
            keep: third,
            other: acme,
        },
        NOW,
    )
    .unwrap();
    assert_eq!(
        became(&mut a),
        [
            (twin, third, "Third".to_owned()),
            (acme, third, "Third".to_owned())
        ]
    );
    a.write(
        &Command::Undo {
            batch: None,
            force: false,
        },
        NOW,
    )
    .unwrap();
    assert_eq!(
        became(&mut a),
        [(twin, acme, "Acme".to_owned())],
        "what is taken back was not"
    );
}

#[test]
fn copies_that_knew_nothing_of_it_meet_without_loss() {
    let (mut a, mut b, acme) = pair();
    let twin = add(&mut a, "ACME", 700);
    note(&mut a, twin, "known");
    both(&mut a, &mut b);
    a.write(
        &Command::MergeCustomers {
            keep: acme,
            other: twin,
        },
        NOW,
    )
    .unwrap();
    // Meanwhile the other copy goes on with the one that is merged away.
    note(&mut b, twin, "unknown");
    both(&mut a, &mut b);
    for store in [&mut a, &mut b] {
        assert_eq!(
            names(store),
            ["ACME", "Acme"],
            "what nobody has seen stays visible"
        );
        let texts = |page: &crate::domain::query::Account| {
            page.events
                .iter()
                .map(|e| e.text.clone())
                .collect::<Vec<_>>()
        };
        assert!(texts(&account(store, acme)).contains(&"known".to_owned()));
        assert!(texts(&account(store, twin)).contains(&"unknown".to_owned()));
    }
    b.write(
        &Command::MergeCustomers {
            keep: acme,
            other: twin,
        },
        NOW,
    )
    .unwrap();
    both(&mut a, &mut b);
    for store in [&mut a, &mut b] {
        assert_eq!(names(store), ["Acme"]);
    }
}
