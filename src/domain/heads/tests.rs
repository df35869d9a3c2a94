//! Random histories over copies with wrong clocks. The rule is handed in, so that a wrong rule is seen to fail.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

#[derive(Debug)]
struct Edit {
    mark: Mark,
    field: usize,
    wall: i64,
    copy: usize,
}

/// Says which of a field's edits is shown.
type Rule = fn(&[Arc<Edit>]) -> Option<Id>;

fn by_heads(edits: &[Arc<Edit>]) -> Option<Id> {
    let marks: Vec<Mark> = edits.iter().map(|e| e.mark.clone()).collect();
    heads(&marks).last().map(|at| marks[*at].edit)
}

fn by_wall_clock(edits: &[Arc<Edit>]) -> Option<Id> {
    edits
        .iter()
        .max_by_key(|e| (e.wall, e.mark.edit))
        .map(|e| e.mark.edit)
}

fn by_logical_time(edits: &[Arc<Edit>]) -> Option<Id> {
    edits
        .iter()
        .max_by_key(|e| (e.mark.hlc, e.mark.edit))
        .map(|e| e.mark.edit)
}

const FIELDS: usize = 3;

#[derive(Clone, Default)]
struct Copy {
    no: usize,
    skew: i64,
    fields: [Vec<Arc<Edit>>; FIELDS],
    have: HashSet<Id>,
}

/// What a copy says of a field: the shown edit and all heads.
type Said = Vec<(Option<Id>, BTreeSet<Id>)>;

impl Copy {
    fn edits(&self) -> impl Iterator<Item = &Arc<Edit>> {
        self.fields.iter().flatten()
    }

    fn head_ids(&self, field: usize) -> Vec<Id> {
        let marks: Vec<Mark> = self.fields[field].iter().map(|e| e.mark.clone()).collect();
        heads(&marks).into_iter().map(|at| marks[at].edit).collect()
    }

    fn write(&mut self, field: usize, t: i64, id: Id) -> Arc<Edit> {
        let wall = (t + self.skew).max(0);
        let own = self
            .edits()
            .filter(|e| e.copy == self.no)
            .map(|e| e.mark.hlc)
            .max()
            .unwrap_or(0);
        let near = self
            .edits()
            .map(|e| e.mark.hlc)
            .filter(|h| *h <= horizon(wall))
            .max()
            .unwrap_or(0);
        let mark = Mark {
            edit: id,
            batch: id,
            hlc: time_of(wall, own, near),
            seen: self.head_ids(field),
        };
        let edit = Arc::new(Edit {
            mark,
            field,
            wall,
            copy: self.no,
        });
        self.have.insert(id);
        self.fields[field].push(edit.clone());
        edit
    }

    fn merge(&mut self, other: &Copy) -> usize {
        let before = self.have.len();
        for edit in other.edits() {
            if self.have.insert(edit.mark.edit) {
                self.fields[edit.field].push(edit.clone());
            }
        }
        self.have.len() - before
    }

    fn says(&self, rule: Rule) -> Said {
        (0..FIELDS)
            .map(|f| {
                (
                    rule(&self.fields[f]),
                    self.head_ids(f).into_iter().collect(),
                )
            })
            .collect()
    }

    /// An edit that this copy made is a head, or somebody who had seen it has changed the field.
    fn keeps_own(&self) -> bool {
        self.edits().filter(|e| e.copy == self.no).all(|own| {
            let followed = self.fields[own.field]
                .iter()
                .any(|e| e.mark.seen.contains(&own.mark.edit));
            followed || self.head_ids(own.field).contains(&own.mark.edit)
        })
    }
}

/// One random history; says what went wrong.
fn history(seed: u64, rule: Rule) -> Result<(), &'static str> {
    const MINUTE: i64 = 60_000;
    const YEAR: i64 = 365 * 86_400_000;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let count = rng.random_range(2..=5);
    let skews = [0, 0, -3 * MINUTE, 20 * MINUTE, YEAR, -YEAR];
    let mut copies: Vec<Copy> = (0..count)
        .map(|no| Copy {
            no,
            skew: *skews.choose(&mut rng).unwrap_or(&0),
            ..Copy::default()
        })
        .collect();
    let (mut t, mut all) = (2 * YEAR, BTreeMap::new());
    for _ in 0..rng.random_range(5..40) {
        t += rng.random_range(0..5 * MINUTE);
        let at = rng.random_range(0..count);
        if rng.random_bool(0.6) {
            let mut id = [0; 16];
            rng.fill_bytes(&mut id);
            let field = rng.random_range(0..FIELDS);
            let edit = copies[at].write(field, t, Id(id));
            if rule(&copies[at].fields[field]) != Some(edit.mark.edit) {
                return Err("a person does not see what they have just written");
            }
            all.insert(edit.mark.edit, edit);
        } else {
            let from = copies[rng.random_range(0..count)].clone();
            let new = copies[at].merge(&from);
            if from.no == at && new > 0 {
                return Err("a copy merged with itself has changed");
            }
            if !copies[at].keeps_own() {
                return Err(
                    "an edit of one's own is gone though nobody who had seen it changed it",
                );
            }
        }
    }
    let mut ends: Vec<Said> = Vec::new();
    for _ in 0..2 {
        let mut these = copies.clone();
        let mut pairs: Vec<(usize, usize)> = (0..count)
            .flat_map(|a| (0..count).map(move |b| (a, b)))
            .collect();
        for _ in 0..2 {
            pairs.shuffle(&mut rng);
            for (a, b) in &pairs {
                let from = these[*b].clone();
                these[*a].merge(&from);
            }
        }
        // Two rounds in any order do not always carry everything everywhere; the rounds to and from the first copy do.
        for b in (1..count).chain(1..count) {
            let from = these[b].clone();
            these[0].merge(&from);
            let from = these[0].clone();
            these[b].merge(&from);
        }
        for copy in &these {
            if copy.have.len() != all.len() {
                return Err("an edit is lost");
            }
            ends.push(copy.says(rule));
        }
        let from = these[1].clone();
        if these[0].merge(&from) != 0 {
            return Err("merging again changes something");
        }
    }
    if ends.iter().any(|e| *e != ends[0]) {
        return Err("copies that have everything do not say the same");
    }
    Ok(())
}

#[test]
fn ten_thousand_histories_come_together_and_nobody_loses_an_edit() {
    for seed in 0..10_000 {
        assert_eq!(history(seed, by_heads), Ok(()), "seed {seed}");
    }
}

#[test]
fn a_rule_by_clocks_is_seen_to_fail() {
    let unseen = Err("a person does not see what they have just written");
    assert!(
        (0..200).any(|seed| history(seed, by_wall_clock) == unseen),
        "wall clocks"
    );
    assert!(
        (0..200).any(|seed| history(seed, by_logical_time) == unseen),
        "logical time alone, with the horizon"
    );
}

#[test]
fn one_edit_that_has_seen_all_heads_decides() {
    let mark = |n: u8, hlc, seen: &[u8]| Mark {
        edit: Id([n; 16]),
        batch: Id([n; 16]),
        hlc,
        seen: seen.iter().map(|s| Id([*s; 16])).collect(),
    };
    let mut edits = vec![mark(1, 10, &[]), mark(2, 99, &[1]), mark(3, 50, &[1])];
    assert_eq!(heads(&edits), [2, 1], "the later one is shown");
    edits.push(mark(4, 20, &[2, 3]));
    assert_eq!(heads(&edits), [3], "though its clock is behind");
    assert_eq!(heads(&[]), Vec::<usize>::new());
}
