use std::mem::size_of;

use proptest::prelude::*;

use super::*;
use crate::domain::field::{Field, FieldKind, Needs, Value};
use crate::domain::filter::{Filter, People};

fn roster() -> Roster {
    Roster::new(
        Arc::new(Config::default()),
        READERS,
        "2026-11-21".parse().unwrap(),
        "ana",
    )
}

fn entry(rowid: i64, name: &str) -> Entry<'_> {
    Entry {
        rowid,
        name,
        ..Entry::default()
    }
}

fn ones(bits: &Bits, len: usize) -> Vec<usize> {
    (0..len).filter(|at| bits.has(*at)).collect()
}

const fn field(code: &'static str, kind: FieldKind) -> Field {
    Field {
        code,
        aliases: &[],
        kind,
        needs: Needs::Facts,
    }
}

static NPS: Field = field("nps", FieldKind::Number);
static NAME: Field = field("name", FieldKind::Text);
static READERS: &[Reader] = &[
    Reader {
        code: "nps",
        get: |r, at| {
            r.rows[at]
                .signals
                .nps
                .map_or(Value::None, |n| Value::Number(n.into()))
        },
        choices: None,
    },
    Reader {
        code: "name",
        get: |r, at| Value::Text(r.name(at)),
        choices: None,
    },
];

#[test]
fn a_row_is_small() {
    // Two lines of a cache.
    assert!(size_of::<Row>() <= 128, "{} bytes", size_of::<Row>());
}

#[test]
fn names_are_kept_found_and_changed() {
    let mut roster = roster();
    for (i, name) in ["Acme", "acme", "", "Bo\nAcme", "Zed"].iter().enumerate() {
        roster.put(entry(i as i64 + 1, name));
    }
    assert_eq!(ones(&roster.named("ACME"), 5), [0, 1, 3]);
    assert_eq!((roster.name(3), roster.folded(3)), ("Bo\nAcme", "bo acme"));
    assert_eq!(roster.name(2), "");
    roster.put(entry(1, "Other"));
    roster.put(entry(5, "Zed Acme"));
    assert_eq!(
        (roster.name(0), roster.folded(0), roster.rows.len()),
        ("Other", "other", 5)
    );
    assert_eq!(ones(&roster.named("acme"), 5), [1, 3, 4]);
    assert_eq!(ones(&roster.named(""), 5), [0, 1, 2, 3, 4]);
    roster.put(entry(1, &"é".repeat(5000)));
    assert!(roster.name(0).len() <= 4096 && roster.name(0).ends_with('é'));
}

#[test]
fn rows_are_found_by_their_ids_also_those_that_came_later() {
    let id = |n: u8| Id([n; 16]);
    let with = |rowid: i64, n: u8| Entry {
        rowid,
        id: id(n),
        name: "x",
        ..Entry::default()
    };
    let mut roster = roster();
    for (at, n) in [9, 3, 5].into_iter().enumerate() {
        roster.put(with(at as i64 + 1, n));
    }
    let found = |roster: &Roster| [9, 3, 5, 4, 7].map(|n| roster.row_of_id(id(n)));
    assert_eq!(found(&roster), [Some(0), Some(1), Some(2), None, None]);
    roster.put(with(4, 4));
    assert_eq!(found(&roster), [Some(0), Some(1), Some(2), Some(3), None]);
    let mut part = roster.part();
    part.begin_part(5);
    part.put(with(5, 7));
    roster.append(&mut part);
    assert_eq!(
        found(&roster),
        [Some(0), Some(1), Some(2), Some(3), Some(4)]
    );
}

#[test]
fn rows_are_found_by_dense_and_by_odd_integers() {
    let mut roster = roster();
    for rowid in [1, 4_000_000_000, 9_000, 3, 5_000] {
        roster.put(entry(rowid, "x"));
    }
    let found: Vec<_> = [1, 4_000_000_000, 9_000, 3, 5_000, 2, -1]
        .map(|r| roster.row_of(r))
        .into();
    assert_eq!(
        found,
        [Some(0), Some(1), Some(2), Some(3), Some(4), None, None]
    );
}

#[test]
fn integers_that_no_book_gives_mix_no_rows() {
    let mut roster = roster();
    let odd = [
        1,
        1 << 32 | 1,
        i64::MAX,
        i64::MIN,
        -1,
        i64::from(u32::MAX),
        2,
    ];
    for rowid in odd {
        roster.put(entry(rowid, &rowid.to_string()));
    }
    for (at, rowid) in odd.into_iter().enumerate() {
        assert_eq!(
            (roster.row_of(rowid), roster.name(at)),
            (Some(at), rowid.to_string().as_str())
        );
    }
    let mut part = roster.part();
    part.begin_part(i64::MAX - 1);
    part.put(entry(i64::MAX - 1, "more"));
    roster.append(&mut part);
    assert_eq!(
        (
            roster.row_of(i64::MAX - 1),
            roster.row_of(i64::MAX),
            roster.row_of(0)
        ),
        (Some(7), Some(2), None)
    );
}

#[test]
fn no_data_sorts_last_both_ways_and_equals_by_name() {
    let mut roster = roster();
    for (i, (name, nps)) in [
        ("d", None),
        ("C", Some(3)),
        ("b", Some(3)),
        ("a", Some(10)),
        ("A2", None),
    ]
    .iter()
    .enumerate()
    {
        let signals = Signals {
            nps: *nps,
            ..Signals::default()
        };
        roster.put(Entry {
            signals,
            ..entry(i as i64 + 1, name)
        });
    }
    let sorted = |field, down| {
        let mut rows = vec![0, 1, 2, 3, 4];
        roster.sort(&mut rows, field, down);
        rows
    };
    assert_eq!(sorted(&NPS, false), [2, 1, 3, 4, 0]);
    assert_eq!(sorted(&NPS, true), [3, 2, 1, 4, 0]);
    assert_eq!(sorted(&NAME, false), [3, 4, 2, 1, 0]);
    assert_eq!(sorted(&NAME, true), [0, 1, 2, 4, 3]);
    let mut renamed = roster.clone();
    renamed.put(Entry {
        signals: Signals {
            nps: Some(3),
            ..Signals::default()
        },
        ..entry(2, "aa")
    });
    let mut rows = vec![0, 1, 2, 3, 4];
    renamed.sort(&mut rows, &NPS, false);
    assert_eq!(rows, [1, 2, 3, 4, 0], "a new name takes its new place");
}

#[test]
fn attributes_sort_by_size_or_by_word() {
    let mut roster = roster();
    (1..=4).for_each(|i| {
        roster.put(entry(i, "x"));
    });
    roster.reload_attribute("sites", [(0, "100"), (1, "9"), (3, "-4")]);
    roster.reload_attribute("kind", [(0, "b"), (1, "C"), (3, "a")]);
    let sorted = |code, down| {
        let mut rows = vec![0, 1, 2, 3];
        roster.sort_attribute(&mut rows, code, down);
        rows
    };
    assert_eq!(sorted("sites", false), [3, 1, 0, 2]);
    assert_eq!(sorted("sites", true), [0, 1, 3, 2]);
    assert_eq!(sorted("kind", false), [3, 0, 1, 2]);
    roster.put_attribute("kind", 2, "0");
    let at = roster.put(entry(9, "new"));
    assert_eq!(
        (
            roster.attribute("kind", 2),
            roster.attribute("kind", at),
            roster.attribute("none", 0)
        ),
        ("0", "", "")
    );
}

#[test]
fn triage_goes_by_priority_then_renewal_then_name() {
    let mut roster = roster();
    let today = roster.today;
    let data = [
        ("d", 50, None),
        ("c", 90, Some(9)),
        ("b", 90, Some(3)),
        ("a", 90, Some(9)),
        ("e", 0, Some(1)),
        ("f", 99, None),
    ];
    for (i, (name, priority, renews)) in data.iter().enumerate() {
        let signals = Signals {
            renews: renews.map(|d| today.plus(d)),
            ..Signals::default()
        };
        let at = roster.put(Entry {
            signals,
            removed: *name == "f",
            ..entry(i as i64 + 1, name)
        });
        roster.rows[at].priority = *priority;
    }
    let all = Filter::default();
    assert_eq!(
        roster.triage(&all.prepare(&roster, &People::new())),
        [2, 3, 1, 0]
    );
}

#[test]
fn snoozed_rows_come_back_in_order() {
    let mut roster = roster();
    let today = roster.today;
    for (i, days) in [5, 2, 0, -1].iter().enumerate() {
        roster.put(Entry {
            snoozed: Some(today.plus(*days)),
            ..entry(i as i64 + 1, "x")
        });
    }
    roster.put(Entry {
        waiting: true,
        ..entry(9, "w")
    });
    assert_eq!(
        roster.snoozed(&Filter::default().prepare(&roster, &People::new())),
        [1, 0, 4]
    );
}

proptest! {
    #[test]
    fn one_pass_finds_what_a_look_at_each_name_finds(
        names in prop::collection::vec("[abAB \n]{0,6}", 1..40),
        changes in prop::collection::vec((0usize..40, "[abAB]{0,6}"), 0..6),
        part in "[ab ]{0,3}",
    ) {
        let mut roster = roster();
        names.iter().enumerate().for_each(|(i, n)| { roster.put(entry(i as i64 + 1, n)); });
        for (at, name) in changes.iter().filter(|c| c.0 < names.len()) {
            roster.put(entry(*at as i64 + 1, name));
        }
        let expected: Vec<usize> = (0..names.len()).filter(|at| roster.folded(*at).contains(&part)).collect();
        prop_assert_eq!(ones(&roster.named(&part), names.len()), expected);
    }

    #[test]
    fn a_sort_keeps_all_rows_and_few_rows_sort_as_many_do(nps in prop::collection::vec(prop::option::of(0u8..=10), 1..60), down: bool) {
        let mut roster = roster();
        for (i, nps) in nps.iter().enumerate() {
            let signals = Signals { nps: *nps, ..Signals::default() };
            roster.put(Entry { signals, ..entry(i as i64 + 1, &format!("n{}", i % 7)) });
        }
        let few: Vec<u32> = (0..nps.len() as u32).step_by(9).collect();
        let (mut by_name, mut by_rank) = (few.clone(), few.clone());
        roster.sort(&mut by_name, &NPS, down);
        roster.sort(&mut (0..nps.len() as u32).collect::<Vec<_>>(), &NAME, false);
        roster.sort(&mut by_rank, &NPS, down);
        prop_assert_eq!(&by_name, &by_rank);
        let values: Vec<_> = by_rank.iter().filter_map(|at| nps[*at as usize]).collect();
        let in_order = values.windows(2).all(|w| if down { w[0] >= w[1] } else { w[0] <= w[1] });
        prop_assert!(in_order);
        by_rank.sort_unstable();
        prop_assert_eq!(by_rank, few);
    }
}

#[test]
fn parts_put_together_are_the_same_as_one_roster() {
    let names: Vec<String> = (1..=40).map(|n| format!("Ünder {n}")).collect();
    let entries: Vec<Entry> = (1..=40)
        .map(|n| Entry {
            owner: ["ana", "bo", ""][n as usize % 3],
            tags: ["vip", "", "emea vip"][(n as usize / 2) % 3],
            done: if n % 7 == 0 {
                vec![Key {
                    reason: priority::ReasonNo(1),
                    day: Day::from_number(n).unwrap(),
                }]
            } else {
                Vec::new()
            },
            ..entry(n, &names[n as usize - 1])
        })
        .collect();
    let mut whole = roster();
    entries.iter().for_each(|e| {
        whole.put(e.clone());
    });
    let mut joined = roster();
    let mut part = joined.part();
    for (i, piece) in entries.chunks(9).enumerate() {
        // The first piece stands in the roster already; the others come as parts.
        part.begin_part(piece[0].rowid);
        piece.iter().for_each(|e| {
            if i == 0 {
                joined.put(e.clone())
            } else {
                part.put(e.clone())
            };
        });
        joined.append(&mut part);
        assert!(
            part.rows.is_empty() && part.row_of(piece[0].rowid).is_none(),
            "an appended part is empty"
        );
    }
    let told = |r: &Roster, at: usize| {
        let tags: Vec<&str> = r.tags(at).collect();
        (
            r.name(at).to_owned(),
            r.folded(at).to_owned(),
            r.owner(at).to_owned(),
            tags.join(" "),
            r.done.get(&(at as u32)).cloned(),
        )
    };
    for n in 1..=40 {
        assert_eq!(joined.row_of(n), whole.row_of(n), "row of {n}");
        let at = whole.row_of(n).unwrap();
        assert_eq!(told(&joined, at), told(&whole, at), "customer {n}");
    }
    assert_eq!(
        ones(&joined.named("under 3"), 40),
        ones(&whole.named("under 3"), 40)
    );
}
