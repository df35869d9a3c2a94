use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::strategy::{Strategy, ValueTree};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::super::tests::{NOW, account, add, any_command, options, wrong_histories};
use super::*;
use crate::domain::command::{Change, Command, Entity, NewContact, NewCustomer, Target};
use crate::domain::event::EventKind;
use crate::domain::query::{Page, Query};
use crate::store::{Options, Who};

fn who(no: u8) -> Options {
    Options {
        who: Who {
            person: ["ana", "bo", "chen", "dana", "eli"][usize::from(no)].into(),
            device: Id([no + 1; 16]),
        },
        ..options("ana")
    }
}

/// A copy in memory of a book, for another person and device.
pub fn copy_of(store: &Store, no: u8) -> Store {
    let Who { person, device } = who(no).who;
    let mut twin = crate::store::any_bytes::copy_of(store, &person, device.0[0]);
    twin.seed_ids(u64::from(no) + 77);
    twin
}

fn ask() -> MergeAsk {
    MergeAsk {
        now: NOW,
        dry_run: false,
        foreign: false,
    }
}

fn take(into: &mut Store, from: &Store) -> Report {
    take_at(into, from, NOW)
}

pub fn take_at(into: &mut Store, from: &Store, now: Stamp) -> Report {
    into.merge_copy(&from.conn, MergeAsk { now, ..ask() })
        .unwrap()
}

/// Two copies of a book with one customer.
pub fn pair() -> (Store, Store, Id) {
    let mut a = Store::memory(&who(0)).unwrap();
    let acme = add(&mut a, "Acme", 500);
    let b = copy_of(&a, 1);
    (a, b, acme)
}

pub fn both(a: &mut Store, b: &mut Store) -> (Report, Report) {
    let told = (take(a, b), take(b, a));
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
    for store in [a, b] {
        let checks = store.doctor().unwrap();
        assert!(
            checks.iter().all(|c| c.ok || c.code == "copies"),
            "{checks:?}"
        );
    }
    told
}

fn assign(store: &mut Store, customer: Id, owner: &str, now: Stamp) {
    store
        .write(
            &Command::Assign {
                customers: vec![customer],
                owner: owner.into(),
            },
            now,
        )
        .unwrap();
}

fn owner(store: &mut Store, customer: Id) -> String {
    account(store, customer).customer.owner
}

fn open_conflicts(store: &mut Store) -> Vec<Conflict> {
    match store.answer(&Query::Conflicts).unwrap() {
        Page::Conflicts(all) => all,
        _ => panic!("another page"),
    }
}

#[test]
fn different_fields_meet_and_new_rows_come_over() {
    let (mut a, mut b, acme) = pair();
    assign(&mut a, acme, "chen", NOW);
    let dana = NewContact {
        name: "Dana Ruiz".into(),
        ..NewContact::default()
    };
    b.write(
        &Command::AddContact {
            customer: acme,
            contact: dana,
        },
        NOW,
    )
    .unwrap();
    let contact = account(&mut b, acme).contacts[0].id;
    b.write(
        &Command::Nps {
            customer: acme,
            contact: Some(contact),
            score: 3,
            text: "slow export".into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    let changes = vec![
        Change::set("phone", "123"),
        Change::set("attr.industry", "food"),
        Change::set("tag.vip", 1),
    ];
    b.write(
        &Command::Edit {
            entity: Entity::Customer,
            rows: vec![acme],
            changes,
        },
        NOW,
    )
    .unwrap();
    add(&mut b, "Zeta", 900);
    a.roster().unwrap();
    let (report, _) = both(&mut a, &mut b);
    assert_eq!(
        (
            report.arrived(),
            report.conflicts.len(),
            report.left_out.len()
        ),
        (4, 0, 0)
    );
    let page = account(&mut a, acme);
    assert_eq!(
        (
            page.customer.owner.as_str(),
            page.customer.phone.as_str(),
            page.signals.nps
        ),
        ("chen", "123", Some(3))
    );
    assert_eq!(page.nps, [3]);
    assert_eq!(
        a.roster().unwrap().read().unwrap().len(),
        2,
        "the roster in memory knows the new customer"
    );
    let Page::Search(found) = a
        .answer(&Query::Search {
            text: "slow export".into(),
        })
        .unwrap()
    else {
        panic!()
    };
    assert_eq!(found.len(), 1, "the text is found");
    assert_eq!(
        take(&mut a, &b),
        tell::nothing(&a.conn).unwrap(),
        "twice changes nothing"
    );
}

#[test]
fn the_same_field_is_a_conflict_until_somebody_decides() {
    let (mut a, mut b, acme) = pair();
    assign(&mut a, acme, "chen", NOW);
    assign(&mut b, acme, "dana", Stamp(NOW.0 + 1000));
    let (report, _) = both(&mut a, &mut b);
    let [conflict] = &report.conflicts[..] else {
        panic!("{report:?}")
    };
    let values: Vec<_> = conflict
        .values
        .iter()
        .map(|v| (v.value.as_deref(), v.person.as_str(), v.shown))
        .collect();
    assert_eq!(
        values,
        [(Some("chen"), "ana", false), (Some("dana"), "bo", true)]
    );
    assert_eq!(
        (
            conflict.kind,
            conflict.field.as_str(),
            conflict.customer.as_ref().unwrap().1.as_str()
        ),
        ("customer", "owner", "Acme")
    );
    assert_eq!(
        (owner(&mut a, acme), owner(&mut b, acme)),
        ("dana".into(), "dana".into())
    );
    // Taking back what is shown would bury the other value.
    let refused = b
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap_err();
    assert_eq!(refused.kind, Kind::Conflict);
    assert!(
        refused.hints[0].contains("by ana") && refused.hints[1].contains("retain conflicts"),
        "{:?}",
        refused.hints
    );
    a.write(
        &Command::Resolve {
            row: acme,
            field: "owner".into(),
            take: conflict.values[0].edit,
        },
        NOW,
    )
    .unwrap();
    assert_eq!(
        (owner(&mut a, acme).as_str(), open_conflicts(&mut a).len()),
        ("chen", 0)
    );
    let (_, told) = both(&mut a, &mut b);
    assert_eq!(
        (
            told.conflicts.len(),
            open_conflicts(&mut b).len(),
            owner(&mut b, acme).as_str()
        ),
        (0, 0, "chen")
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
        owner(&mut a, acme),
        "dana",
        "a decision is taken back like any edit"
    );
}

#[test]
fn keeping_what_is_shown_is_a_decision_too_and_is_taken_back_once() {
    let (mut a, mut b, acme) = pair();
    assign(&mut a, acme, "chen", NOW);
    assign(&mut b, acme, "dana", Stamp(NOW.0 + 1000));
    both(&mut a, &mut b);
    let take = open_conflicts(&mut b)[0].values[1].edit;
    b.write(
        &Command::Resolve {
            row: acme,
            field: "owner".into(),
            take,
        },
        NOW,
    )
    .unwrap();
    assert_eq!(open_conflicts(&mut b).len(), 0);
    both(&mut a, &mut b);
    assert!(
        b.write(
            &Command::Undo {
                batch: None,
                force: false
            },
            NOW
        )
        .unwrap()
        .batch
        .is_some()
    );
    b.write(
        &Command::Undo {
            batch: None,
            force: false,
        },
        NOW,
    )
    .unwrap();
    assert_eq!(owner(&mut b, acme), "ana", "the step before it");
}

#[test]
fn both_wrote_the_same_is_no_conflict() {
    let (mut a, mut b, acme) = pair();
    assign(&mut a, acme, "chen", NOW);
    assign(&mut b, acme, "chen", NOW);
    let (report, _) = both(&mut a, &mut b);
    assert_eq!(
        (report.conflicts.len(), owner(&mut a, acme).as_str()),
        (0, "chen")
    );
}

fn go(store: &mut Store, customer: Id, stage: &str, ms: i64) {
    let reason = Some(crate::domain::stage::Reason {
        code: "other".into(),
        ..Default::default()
    });
    store
        .write(
            &Command::Move {
                customers: vec![customer],
                to: Target::Stage(stage.into()),
                reason,
            },
            Stamp(NOW.0 + ms),
        )
        .unwrap();
}

fn stage(store: &mut Store, customer: Id) -> String {
    let no = account(store, customer).signals.stage;
    store.config().stages.code(no).to_owned()
}

/// The stages that were entered, by the standing moves.
fn entered(store: &mut Store, customer: Id) -> Vec<String> {
    let mut moves: Vec<_> = account(store, customer)
        .events
        .into_iter()
        .filter(|e| e.kind == EventKind::Stage)
        .collect();
    moves.reverse();
    let stages = store.config().stages.clone();
    let days: Vec<_> = moves
        .iter()
        .map(|e| (e.day, stages.find(&e.channel).unwrap()))
        .collect();
    crate::domain::funnel::visits_of(&days)
        .iter()
        .map(|v| stages.code(v.stage).to_owned())
        .collect()
}

#[test]
fn moves_to_different_stages_are_a_conflict_until_somebody_decides() {
    for (at, left) in [(0, "acquisition"), (1, "churned")] {
        let (mut a, mut b, acme) = pair();
        go(&mut a, acme, "acquisition", 1000);
        go(&mut b, acme, "churned", 2000);
        let (report, told) = both(&mut a, &mut b);
        assert_eq!(report.conflicts, told.conflicts);
        let [conflict] = &report.conflicts[..] else {
            panic!("{report:?}")
        };
        assert_eq!(
            (
                conflict.kind,
                conflict.field.as_str(),
                conflict.name.as_str()
            ),
            ("customer", "stage", "Acme")
        );
        let values: Vec<_> = conflict
            .values
            .iter()
            .map(|v| {
                (
                    v.value.as_deref(),
                    v.person.as_str(),
                    v.at.0 - NOW.0,
                    v.shown,
                )
            })
            .collect();
        assert_eq!(
            values,
            [
                (Some("acquisition"), "ana", 1000, false),
                (Some("churned"), "bo", 2000, true)
            ]
        );
        assert_eq!(open_conflicts(&mut a), open_conflicts(&mut b));
        assert_eq!(
            take(&mut a, &b),
            tell::nothing(&a.conn).unwrap(),
            "twice changes nothing"
        );
        let decide = Command::Resolve {
            row: acme,
            field: "stage".into(),
            take: conflict.values[at].edit,
        };
        a.write(&decide, Stamp(NOW.0 + 3000)).unwrap();
        assert_eq!(
            (entered(&mut a, acme), open_conflicts(&mut a).len()),
            (vec!["reach".to_owned(), left.to_owned()], 0)
        );
        let lost = account(&mut a, acme)
            .events
            .iter()
            .any(|e| e.kind == EventKind::Churn);
        assert_eq!(lost, left == "churned", "what was lost goes with its move");
        both(&mut a, &mut b);
        assert_eq!(
            (stage(&mut b, acme).as_str(), open_conflicts(&mut b).len()),
            (left, 0)
        );
        a.write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            Stamp(NOW.0 + 4000),
        )
        .unwrap();
        assert_eq!(
            open_conflicts(&mut a),
            report.conflicts,
            "a decision that is taken back leaves it open"
        );
        both(&mut a, &mut b);
    }
}

#[test]
fn a_later_move_decides_and_taking_back_ones_own_move_does_too() {
    let (mut a, mut b, acme) = pair();
    go(&mut a, acme, "acquisition", 1000);
    go(&mut b, acme, "conversion", 2000);
    both(&mut a, &mut b);
    go(&mut a, acme, "retention", 3000);
    assert_eq!(
        open_conflicts(&mut a).len(),
        0,
        "who moves it now has seen both"
    );
    both(&mut a, &mut b);
    assert_eq!(
        (stage(&mut b, acme).as_str(), open_conflicts(&mut b).len()),
        ("retention", 0)
    );
    a.write(
        &Command::Undo {
            batch: None,
            force: false,
        },
        Stamp(NOW.0 + 4000),
    )
    .unwrap();
    assert_eq!(open_conflicts(&mut a).len(), 1);
    b.write(
        &Command::Undo {
            batch: None,
            force: false,
        },
        Stamp(NOW.0 + 5000),
    )
    .unwrap();
    both(&mut a, &mut b);
    assert_eq!(
        (stage(&mut a, acme).as_str(), open_conflicts(&mut a).len()),
        ("acquisition", 0)
    );
}

#[test]
fn two_moves_to_the_same_stage_are_one_entry_and_no_conflict() {
    let (mut a, mut b, acme) = pair();
    go(&mut a, acme, "acquisition", 1000);
    go(&mut b, acme, "acquisition", 2000);
    let (report, _) = both(&mut a, &mut b);
    assert_eq!(report.conflicts, []);
    assert_eq!(
        (entered(&mut a, acme), account(&mut a, acme).signals.visit),
        (vec!["reach".to_owned(), "acquisition".to_owned()], 1)
    );
}

#[test]
fn who_moves_on_twice_stands_or_goes_as_a_whole() {
    let (mut a, mut b, acme) = pair();
    go(&mut a, acme, "acquisition", 1000);
    go(&mut a, acme, "conversion", 2000);
    go(&mut b, acme, "loyalty", 1500);
    let (report, _) = both(&mut a, &mut b);
    let said: Vec<_> = report.conflicts[0]
        .values
        .iter()
        .map(|v| v.value.clone().unwrap())
        .collect();
    assert_eq!(said, ["loyalty", "conversion"]);
    let take = report.conflicts[0].values[0].edit;
    a.write(
        &Command::Resolve {
            row: acme,
            field: "stage".into(),
            take,
        },
        Stamp(NOW.0 + 3000),
    )
    .unwrap();
    assert_eq!(entered(&mut a, acme), ["reach", "loyalty"]);
}

#[test]
fn two_copies_that_decide_differently_have_to_decide_again() {
    let (mut a, mut b, acme) = pair();
    go(&mut a, acme, "acquisition", 1000);
    go(&mut b, acme, "conversion", 2000);
    let (report, _) = both(&mut a, &mut b);
    for (store, at) in [(&mut a, 0), (&mut b, 1)] {
        let take = report.conflicts[0].values[at].edit;
        store
            .write(
                &Command::Resolve {
                    row: acme,
                    field: "stage".into(),
                    take,
                },
                Stamp(NOW.0 + 3000),
            )
            .unwrap();
    }
    both(&mut a, &mut b);
    let open = open_conflicts(&mut a);
    let again = open
        .iter()
        .find(|c| c.field == "stage")
        .unwrap_or_else(|| panic!("{open:?}"));
    let take = again.values[0].edit;
    a.write(
        &Command::Resolve {
            row: acme,
            field: "stage".into(),
            take,
        },
        Stamp(NOW.0 + 4000),
    )
    .unwrap();
    both(&mut a, &mut b);
    assert_eq!(
        (stage(&mut b, acme).as_str(), open_conflicts(&mut b)),
        ("acquisition", vec![])
    );
}

#[test]
fn a_clock_a_year_ahead_does_not_win_over_who_had_seen_it() {
    let (mut a, mut b, acme) = pair();
    let future = Stamp(NOW.0 + 365 * 86_400_000);
    assign(&mut b, acme, "from the future", future);
    let report = take(&mut a, &b);
    assert_eq!(
        (
            report.clocks.len(),
            report.clocks[0].person.as_str(),
            report.clocks[0].latest
        ),
        (1, "bo", future)
    );
    assign(&mut a, acme, "chen", NOW);
    assert_eq!(owner(&mut a, acme), "chen");
    let ours: i64 = a
        .conn
        .query_row("SELECT hlc FROM batch ORDER BY n DESC LIMIT 1", [], |r| {
            r.get(0)
        })
        .unwrap();
    assert!(
        ours < crate::domain::heads::horizon(NOW.0),
        "our clock is not taken along"
    );
    both(&mut a, &mut b);
    assert_eq!(owner(&mut b, acme), "chen");
}

#[test]
fn removed_here_and_edited_there_stays_visible_and_is_a_conflict() {
    for edit_there in [true, false] {
        let (mut a, mut b, acme) = pair();
        a.write(
            &Command::Remove {
                entity: Entity::Customer,
                rows: vec![acme],
            },
            NOW,
        )
        .unwrap();
        if edit_there {
            assign(&mut b, acme, "dana", NOW);
        } else {
            b.write(
                &Command::Note {
                    customers: vec![acme],
                    text: "They called".into(),
                    at: None,
                },
                NOW,
            )
            .unwrap();
        }
        let (report, other) = both(&mut a, &mut b);
        assert_eq!(
            (report.conflicts.len(), other.conflicts.len()),
            (1, 1),
            "{report:?}"
        );
        let said: Vec<_> = report.conflicts[0]
            .values
            .iter()
            .map(|v| v.value.clone().unwrap())
            .collect();
        assert_eq!(
            said,
            if edit_there {
                ["removed", "owner: dana"]
            } else {
                ["removed", "event They called"]
            }
        );
        assert_eq!(account(&mut a, acme).customer.id, acme);
        assert_eq!(
            a.roster().unwrap().read().unwrap().len(),
            1,
            "it is in the lists again"
        );
        let conflict = &open_conflicts(&mut a)[0];
        let take = conflict.values[usize::from(edit_there)].edit;
        a.write(
            &Command::Resolve {
                row: acme,
                field: "removed".into(),
                take,
            },
            NOW,
        )
        .unwrap();
        both(&mut a, &mut b);
        let left = if edit_there { 1 } else { 0 };
        for store in [&mut a, &mut b] {
            assert_eq!(
                (
                    open_conflicts(store).len(),
                    store.roster().unwrap().read().unwrap().len()
                ),
                (0, left)
            );
        }
    }
}

#[test]
fn removed_on_both_sides_is_no_conflict_and_comes_back_for_both() {
    let (mut a, mut b, acme) = pair();
    let remove = Command::Remove {
        entity: Entity::Customer,
        rows: vec![acme],
    };
    for store in [&mut a, &mut b] {
        store.write(&remove, NOW).unwrap();
    }
    let (report, other) = both(&mut a, &mut b);
    assert_eq!(
        (report.conflicts.len(), other.conflicts.len()),
        (0, 0),
        "{report:?}"
    );
    let listed = |store: &mut Store| store.roster().unwrap().read().unwrap().len();
    assert_eq!((listed(&mut a), listed(&mut b)), (0, 0));
    // Who comes too late writes nothing.
    let late = a.write(&remove, NOW).unwrap();
    assert_eq!((late.batch, late.changed), (None, 0));
    let back = Command::Edit {
        entity: Entity::Customer,
        rows: vec![acme],
        changes: vec![Change::set("removed", 0)],
    };
    a.write(&back, NOW).unwrap();
    both(&mut a, &mut b);
    assert_eq!((listed(&mut a), listed(&mut b)), (1, 1));
}

#[test]
fn a_removal_stands_once_what_stood_against_it_is_gone() {
    let mut a = Store::memory(&who(0)).unwrap();
    let acme = add(&mut a, "Acme", 0);
    let keep = add(&mut a, "Keep", 0);
    for by_merge in [false, true] {
        let (mut ours, mut theirs) = (copy_of(&a, 0), copy_of(&a, 1));
        let note = theirs
            .write(
                &Command::Note {
                    customers: vec![acme],
                    text: "called".into(),
                    at: None,
                },
                NOW,
            )
            .unwrap();
        ours.write(
            &Command::Remove {
                entity: Entity::Customer,
                rows: vec![acme],
            },
            NOW,
        )
        .unwrap();
        take(&mut ours, &theirs);
        assert_eq!(
            open_conflicts(&mut ours).len(),
            1,
            "the note stands against it"
        );
        let event: Id = ours
            .conn
            .query_row(
                "SELECT e.id FROM event e JOIN batch b ON b.n = e.batch WHERE b.id = ?",
                [note.batch],
                |r| r.get(0).map(Id),
            )
            .unwrap();
        let command = if by_merge {
            Command::MergeCustomers { keep, other: acme }
        } else {
            Command::Remove {
                entity: Entity::Event,
                rows: vec![event],
            }
        };
        ours.write(&command, NOW).unwrap();
        assert!(ours.find_customer("Acme").is_err() && open_conflicts(&mut ours).is_empty());
        let checks = ours.log_checks().unwrap();
        assert!(checks.iter().all(|c| c.ok), "{checks:?}");
        take(&mut theirs, &ours);
        assert_eq!(theirs.digest().unwrap(), ours.digest().unwrap());
        ours.write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap();
        assert!(ours.find_customer("Acme").is_ok());
        assert!(ours.log_checks().unwrap().iter().all(|c| c.ok));
    }
}

#[test]
fn who_had_seen_the_removal_does_not_bring_the_row_back() {
    let (mut a, mut b, acme) = pair();
    assign(&mut a, acme, "chen", NOW);
    a.write(
        &Command::Remove {
            entity: Entity::Customer,
            rows: vec![acme],
        },
        NOW,
    )
    .unwrap();
    assign(&mut a, acme, "dana", NOW);
    let (report, other) = both(&mut a, &mut b);
    assert_eq!((report.conflicts.len(), other.conflicts.len()), (0, 0));
    assert_eq!(b.roster().unwrap().read().unwrap().len(), 0);
    b.write(
        &Command::Remove {
            entity: Entity::Customer,
            rows: vec![acme],
        },
        NOW,
    )
    .unwrap();
    let _ = both(&mut a, &mut b);
}

#[test]
fn an_undo_across_copies_takes_back_only_ones_own() {
    let (mut a, mut b, acme) = pair();
    assign(&mut a, acme, "chen", NOW);
    both(&mut a, &mut b);
    assign(&mut b, acme, "dana", NOW);
    assign(&mut b, acme, "chen", NOW);
    both(&mut a, &mut b);
    b.write(
        &Command::Undo {
            batch: None,
            force: false,
        },
        NOW,
    )
    .unwrap();
    both(&mut a, &mut b);
    let refused = a
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .unwrap_err();
    assert_eq!(refused.kind, Kind::Conflict, "bo's dana stands");
    b.write(
        &Command::Undo {
            batch: None,
            force: false,
        },
        NOW,
    )
    .unwrap();
    both(&mut a, &mut b);
    a.write(
        &Command::Undo {
            batch: None,
            force: false,
        },
        NOW,
    )
    .unwrap();
    assert_eq!(
        owner(&mut a, acme),
        "ana",
        "bo has taken all of it back, so it is as ana left it"
    );
}

#[test]
fn a_batch_that_does_not_hash_is_left_out_with_what_builds_on_it() {
    let (mut a, mut b, _) = pair();
    let zeta = add(&mut b, "Zeta", 0);
    b.write(
        &Command::Note {
            customers: vec![zeta],
            text: "on Zeta".into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    add(&mut b, "Eta", 0);
    b.conn
        .execute("UPDATE customer SET name = 'Zetb' WHERE id = ?", [&zeta])
        .unwrap();
    let report = take(&mut a, &b);
    let why: Vec<_> = report
        .left_out
        .iter()
        .map(|l| (l.label.as_str(), l.why.contains("hash")))
        .collect();
    assert_eq!(why, [("Added Zeta", true), ("Note on Zeta", false)]);
    assert_eq!(
        (report.arrived(), report.gaps.len()),
        (1, 1),
        "{:?}",
        report.gaps
    );
    b.conn
        .execute("UPDATE customer SET name = 'Zeta' WHERE id = ?", [&zeta])
        .unwrap();
    let report = take(&mut a, &b);
    assert_eq!(
        (report.arrived(), report.left_out.len(), report.gaps.len()),
        (2, 0, 0),
        "the whole copy brings the rest"
    );
    both(&mut a, &mut b);
}

#[test]
fn the_same_customer_made_on_both_sides_is_told() {
    let (mut a, mut b, _) = pair();
    let ours = add(&mut a, "Böhm & Söhne", 0);
    let theirs = add(&mut b, "bohm & sohne", 0);
    let report = take(&mut a, &b);
    let told: Vec<_> = report
        .duplicates
        .iter()
        .map(|d| (d.ours, d.theirs, d.by))
        .collect();
    assert_eq!(told, [(ours, theirs, "name")]);
}

#[test]
fn a_dry_run_tells_the_same_and_changes_nothing() {
    let (mut a, mut b, acme) = pair();
    assign(&mut b, acme, "dana", NOW);
    let before = a.digest().unwrap();
    let told = a
        .merge_copy(
            &b.conn,
            MergeAsk {
                dry_run: true,
                ..ask()
            },
        )
        .unwrap();
    assert_eq!(a.digest().unwrap(), before);
    assert_eq!(take(&mut a, &b), told);
}

#[test]
fn a_number_that_two_machines_used_is_no_reason_to_lose_a_batch() {
    let (mut a, b, acme) = pair();
    let mut cloned = copy_of(&b, 0);
    cloned.seed_ids(4);
    assign(&mut a, acme, "chen", NOW);
    cloned
        .write(
            &Command::Note {
                customers: vec![acme],
                text: "twin".into(),
                at: None,
            },
            NOW,
        )
        .unwrap();
    assert_eq!(take(&mut a, &cloned).arrived(), 1);
    assert!(
        account(&mut a, acme)
            .events
            .iter()
            .any(|e| e.text == "twin")
    );
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(name)
}

#[test]
fn what_is_no_copy_of_the_book_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| file(folder.path(), name);
    let mut book = Store::open(&at("book.db"), &who(0)).unwrap();
    for i in 0..300 {
        add(&mut book, &format!("Customer {i}"), 0);
    }
    book.close();
    std::fs::copy(at("book.db"), at("copy.db")).unwrap();
    let whole = std::fs::read(at("book.db")).unwrap();
    std::fs::write(at("short.db"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(at("empty.db"), "").unwrap();
    std::fs::write(at("text.db"), "name,owner\n".repeat(20)).unwrap();
    let mut torn = whole.clone();
    let middle = torn.len() / 2 / 4096 * 4096;
    torn[middle..middle + 4096].fill(0);
    std::fs::write(at("torn.db"), torn).unwrap();
    for (name, script) in [
        ("newer.db", "PRAGMA user_version = 9"),
        ("spy.db", "CREATE TABLE spy (x)"),
    ] {
        std::fs::write(at(name), &whole).unwrap();
        rusqlite::Connection::open(at(name))
            .unwrap()
            .execute_batch(script)
            .unwrap();
    }
    Store::open(&at("other.db"), &who(1)).unwrap().close();
    #[cfg(unix)]
    std::os::unix::fs::symlink(at("book.db"), at("link.db")).unwrap();
    let mut book = Store::open(&at("book.db"), &who(0)).unwrap();
    let before = book.digest().unwrap();
    for (name, words) in [
        ("book.db", "is this book itself"),
        ("link.db", "is this book itself"),
        ("none.db", "there is no book at"),
        ("empty.db", "is empty, not a Retain book"),
        ("text.db", "is not a Retain book"),
        ("short.db", "is cut off"),
        ("torn.db", "is damaged"),
        ("newer.db", "newer Retain"),
        ("spy.db", "what no Retain made: table spy"),
        ("other.db", "is another book"),
    ] {
        let bytes = std::fs::read(at(name)).ok();
        let error = book.merge(&at(name), ask()).unwrap_err();
        assert!(error.message.contains(words), "{name}: {}", error.message);
        assert!(
            name == "book.db" || name == "link.db" || std::fs::read(at(name)).ok() == bytes,
            "{name} is as it was"
        );
    }
    let foreign = book
        .merge(
            &at("other.db"),
            MergeAsk {
                foreign: true,
                ..ask()
            },
        )
        .unwrap_err();
    assert!(
        foreign.hints[0].contains("not supported"),
        "{:?}",
        foreign.hints
    );
    assert_eq!(book.merge(&at("copy.db"), ask()).unwrap().arrived(), 0);
    assert_eq!(book.digest().unwrap(), before);
    let left = std::fs::read_dir(folder.path().join(".book.db.backups"))
        .unwrap()
        .count();
    assert_eq!(
        left, 0,
        "no private copy stays, and a merge of nothing needs no backup"
    );
}

#[test]
fn files_merge_after_a_backup_and_another_console_hears_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| file(folder.path(), name);
    let mut book = Store::open(&at("book.db"), &who(0)).unwrap();
    let acme = add(&mut book, "Acme", 0);
    book.close();
    std::fs::copy(at("book.db"), at("laptop ü?#%.db")).unwrap();
    let mut laptop = Store::open(&at("laptop ü?#%.db"), &who(1)).unwrap();
    assign(&mut laptop, acme, "dana", NOW);
    add(&mut laptop, "Zeta", 0);
    let mut book = Store::open(&at("book.db"), &who(0)).unwrap();
    let mut console = Store::open(&at("book.db"), &who(2)).unwrap();
    console.roster().unwrap();
    let report = book.merge(&at("laptop ü?#%.db"), ask()).unwrap();
    assert_eq!(report.arrived(), 2, "also while the laptop's is open");
    let backup = report.backup.unwrap();
    let mut old = Store::open(&backup, &who(0)).unwrap();
    assert_eq!(
        old.roster().unwrap().read().unwrap().len(),
        1,
        "the backup is the book before"
    );
    let news = console.look().unwrap();
    assert_eq!(
        news.iter()
            .map(|n| (n.0.as_str(), n.1.as_str()))
            .collect::<Vec<_>>(),
        [("bo", "Gave Acme to dana"), ("bo", "Added Zeta")]
    );
    let roster = console.roster().unwrap();
    let roster = roster.read().unwrap();
    assert_eq!((roster.len(), roster.owner(0)), (2, "dana"));
}

#[test]
fn an_older_copy_is_brought_up_to_date_in_private_and_merges() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| file(folder.path(), name);
    crate::store::hash::tests::older_book(&at("book.db"));
    std::fs::copy(at("book.db"), at("old.db")).unwrap();
    let mut book = Store::open(&at("book.db"), &who(0)).unwrap();
    add(&mut book, "Eta", 0);
    let bytes = std::fs::read(at("old.db")).unwrap();
    assert_eq!(book.merge(&at("old.db"), ask()).unwrap().arrived(), 0);
    assert_eq!(std::fs::read(at("old.db")).unwrap(), bytes);
}

/// Random commands on copies with wrong clocks, merges in random directions, then everything merged in several orders.
fn history(seed: u64) {
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    const YEAR: i64 = 365 * 86_400_000;
    // Each has its own chance, so that one can be played alone.
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, &seed.to_le_bytes().repeat(4)),
    );
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut first = Store::memory(&who(0)).unwrap();
    first.seed_ids(seed);
    let mut customers: Vec<Id> = (0..3)
        .map(|i| add(&mut first, &format!("Customer {i}"), 1000 * i))
        .collect();
    let count = rng.random_range(2..=5_u8);
    let skews: Vec<i64> = (0..count)
        .map(|_| [0, 0, YEAR, -YEAR, 1_200_000][rng.random_range(0..5)])
        .collect();
    let mut copies: Vec<Store> = (0..count).map(|no| copy_of(&first, no)).collect();
    for (no, copy) in copies.iter_mut().enumerate() {
        copy.seed_ids(seed * 10 + no as u64 + 1);
    }
    let mut t = NOW.0;
    for _ in 0..rng.random_range(4..16) {
        t += rng.random_range(0..300_000);
        let at = rng.random_range(0..usize::from(count));
        let now = Stamp(t + skews[at]);
        match rng.random_range(0..12) {
            10 => {
                let row = customers[rng.random_range(0..customers.len())];
                let kind = [Entity::Contact, Entity::Event, Entity::Task, Entity::Ticket]
                    [rng.random_range(0..4)];
                // Also the first and one of the middle: their integers are given again.
                let query = format!(
                    "SELECT id FROM {} ORDER BY random() LIMIT 1",
                    crate::store::batch::table(kind).name
                );
                let query = query.replace(
                    "random()",
                    ["n", "-n", "abs(n - 5)"][rng.random_range(0..3)],
                );
                let (entity, row) =
                    match copies[at].conn.query_row(&query, [], |r| r.get(0).map(Id)) {
                        Ok(row) if rng.random_range(0..2) == 0 => (kind, row),
                        _ => (Entity::Customer, row),
                    };
                let _ = copies[at].write(
                    &Command::Purge {
                        entity,
                        row,
                        why: "asked for it".into(),
                    },
                    now,
                );
            }
            11 => {
                // More than chance alone would have of these.
                let (keep, other) = (
                    customers[rng.random_range(0..customers.len())],
                    customers[rng.random_range(0..customers.len())],
                );
                let _ = copies[at].write(&Command::MergeCustomers { keep, other }, now);
            }
            0 => {
                let new = NewCustomer {
                    name: "New".into(),
                    ..NewCustomer::default()
                };
                customers.extend(
                    copies[at]
                        .write(&Command::AddCustomer(new), now)
                        .unwrap()
                        .customers,
                );
            }
            1 => {
                let open = open_conflicts(&mut copies[at]);
                if let Some(c) = open.first() {
                    let take = c.values[rng.random_range(0..c.values.len())].edit;
                    copies[at]
                        .write(
                            &Command::Resolve {
                                row: c.row,
                                field: c.field.clone(),
                                take,
                            },
                            now,
                        )
                        .unwrap();
                    let left = open_conflicts(&mut copies[at]);
                    assert!(
                        !left.iter().any(|l| (l.row, &l.field) == (c.row, &c.field)),
                        "{left:?}"
                    );
                }
            }
            2 => {
                let _ = copies[at].write(
                    &Command::Undo {
                        batch: None,
                        force: false,
                    },
                    now,
                );
            }
            3..=6 => {
                let command = any_command(customers.clone())
                    .new_tree(&mut runner)
                    .unwrap()
                    .current();
                let written = copies[at].write(&command, now);
                if let (Ok(_), Command::Assign { customers, owner }) = (written, &command) {
                    for id in customers {
                        let says: String = copies[at]
                            .conn
                            .query_row("SELECT owner FROM customer WHERE id = ?", [id], |r| {
                                r.get(0)
                            })
                            .unwrap();
                        assert_eq!(says, *owner, "what was just written is seen");
                    }
                }
            }
            _ => {
                let from = rng.random_range(0..usize::from(count));
                if from != at {
                    let [into, from] = copies.get_disjoint_mut([at, from]).unwrap();
                    into.merge_copy(&from.conn, MergeAsk { now, ..ask() })
                        .unwrap();
                }
            }
        }
    }
    let ids = |s: &Store| -> BTreeSet<[u8; 16]> {
        let mut statement = s.conn.prepare("SELECT id FROM batch").unwrap();
        statement
            .query_map([], |r| r.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    };
    let every: BTreeSet<[u8; 16]> = copies.iter().flat_map(&ids).collect();
    let (mut ends, mut shown) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let mut order: Vec<usize> = (0..copies.len()).collect();
        order.shuffle(&mut rng);
        let mut all = copy_of(&copies[order[0]], 4);
        for at in &order[1..] {
            take(&mut all, &copies[*at]);
        }
        assert_eq!(ids(&all), every, "no batch is lost");
        ends.push(all.digest().unwrap());
        let last = &mut copies[order[1]];
        take(last, &all);
        ends.push(last.digest().unwrap());
        assert_eq!(take(last, &all).arrived(), 0);
        assert_eq!(
            Some(&last.digest().unwrap()),
            ends.last(),
            "twice changes nothing"
        );
        let checks = all.log_checks().unwrap();
        assert!(checks.iter().all(|c| c.ok), "{checks:?}");
        for store in [&all, &*last] {
            let checks = [store.index_check().unwrap(), store.purge_check().unwrap()];
            assert!(checks.iter().all(|c| c.ok), "{checks:?}");
            shown.push(rows_of(store));
        }
    }
    assert!(
        shown.iter().all(|s| *s == shown[0]),
        "every copy shows the same rows"
    );
    assert!(
        ends.iter().all(|e| *e == ends[0]),
        "every order ends the same"
    );
}

/// Every row with its texts and whose it is, and what is left of what was purged.
pub fn rows_of(store: &Store) -> Vec<String> {
    let mut all = Vec::new();
    for table in crate::store::batch::TABLES {
        let owner = if table.is_owned() {
            "(SELECT hex(id) FROM customer WHERE n = t.customer)"
        } else {
            "''"
        };
        let fields: Vec<&str> = table
            .fields
            .iter()
            .copied()
            .filter(|f| *f != "customer")
            .collect();
        let query = format!(
            "SELECT hex(id) || {owner} || json_array({}) FROM {} t ORDER BY id",
            fields.join(", "),
            table.name
        );
        let mut statement = store.conn.prepare(&query).unwrap();
        all.extend(
            statement
                .query_map([], |r| r.get(0))
                .unwrap()
                .map(|r| r.unwrap())
                .collect::<Vec<String>>(),
        );
    }
    let mut statement = store
        .conn
        .prepare("SELECT hex(id) || entity || hex(digest) FROM tombstone ORDER BY id")
        .unwrap();
    all.extend(
        statement
            .query_map([], |r| r.get(0))
            .unwrap()
            .map(|r| r.unwrap())
            .collect::<Vec<String>>(),
    );
    all
}

/// 300 of them, and 10,000 where the faults are played as often as a release asks for.
#[test]
fn histories_of_books_come_together() {
    let wrong = wrong_histories(300, 10_000, history);
    assert_eq!(
        wrong,
        Vec::<u64>::new(),
        "these histories do not come together"
    );
}

#[test]
fn a_batch_is_taken_whole_or_not_at_all() {
    use crate::store::hash::{Header, Item, Made, Tally};
    struct One(Header, Vec<u8>, Vec<Item>);
    impl Source for One {
        fn header(&self, _: i64) -> Result<(Header, Vec<u8>)> {
            Ok((self.0.clone(), self.1.clone()))
        }
        fn items(&self, _: i64, each: &mut dyn FnMut(Item) -> Result<()>) -> Result<()> {
            self.2.iter().cloned().try_for_each(each)
        }
    }
    let (a, _, acme) = pair();
    let id = |n: u8| Id([1, 0x9a, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, n]);
    let text = |t: &str| rusqlite::types::Value::Text(t.into());
    let whole = rusqlite::types::Value::Integer;
    let blob = |id: Id| rusqlite::types::Value::Blob(id.0.to_vec());
    let null = rusqlite::types::Value::Null;
    let row = |entity, id, values| {
        Item::Made(Made {
            table: crate::store::batch::table(entity),
            id,
            values,
            strange: Vec::new(),
        })
    };
    let note = vec![
        blob(acme),
        whole(2),
        whole(NOW.0),
        whole(20_000),
        null.clone(),
        text(""),
        text(""),
        null,
        text("half"),
        text(""),
        text(""),
    ];
    // A contact at a customer that is the batch's own note.
    let contact = vec![
        blob(id(2)),
        text(""),
        text("Nobody"),
        text(""),
        text(""),
        text(""),
        whole(0),
    ];
    let items = vec![
        row(Entity::Event, id(2), note),
        row(Entity::Contact, id(3), contact),
    ];
    let header = Header {
        id: id(1),
        person: "mallory".into(),
        device: Id([66; 16]),
        number: 1,
        hlc: NOW.0 << 16,
        wall: NOW.0,
        command: "note".into(),
        label: "half".into(),
        undoes: None,
        made: 2,
        edits: 0,
        customer: None,
    };
    let mut tally = Tally::default();
    items.iter().for_each(|item| tally.add(item));
    let hash = tally.finish(&header).to_vec();
    let before = a.digest().unwrap();
    let taken = a.take_from(&One(header, hash, items), &[1]).unwrap();
    assert_eq!(
        taken
            .left_out
            .iter()
            .map(|l| l.why.as_str())
            .collect::<Vec<_>>(),
        [NOT_WHOLE]
    );
    let halves: i64 = a
        .conn
        .query_row("SELECT count(*) FROM event WHERE text = 'half'", [], |r| {
            r.get(0)
        })
        .unwrap();
    assert_eq!((halves, a.digest().unwrap()), (0, before));
}
