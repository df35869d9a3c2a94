//! A filter made ready for one roster: everything it names looked up once, so that a row costs a few comparisons.

use std::collections::BTreeSet;

use super::value::{self, Range};
use super::{Atom, Filter, Named, Node, Op, People, Unknown};
use crate::domain::attribute::{Attribute, AttributeType};
use crate::domain::field::{Field, FieldKind, Value};
use crate::domain::roster::{Bits, Get, Roster, names};
use crate::domain::time::Day;
use crate::text;

/// The ready filter. It borrows the roster: drop it before the roster is written.
pub struct Prepared<'r> {
    roster: &'r Roster,
    check: Check<'r>,
}

/// A term, looked up.
enum Check<'r> {
    All(Vec<Check<'r>>),
    Any(Vec<Check<'r>>),
    Not(Box<Check<'r>>),
    /// Rows by their number.
    Rows(Bits),
    /// A free word, folded: rows by name and people, and owners and tag sets by number.
    Word {
        word: String,
        rows: Bits,
        owners: Bits,
        tags: Bits,
    },
    /// A field's choice or tag set is one of these.
    OneOf(Get, Bits),
    /// An attribute's value is one of these.
    Attribute(&'r [u32], Bits),
    /// An attribute has no value, or was not loaded.
    Unset(Option<&'r [u32]>),
    Between(Get, Range),
    Missing(Get),
    Flag(Get, bool),
}

impl<'r> Prepared<'r> {
    pub(super) fn new(root: &Node, roster: &'r Roster, people: &People) -> Prepared<'r> {
        Prepared {
            roster,
            check: check(root, roster, people),
        }
    }

    /// True when the row passes. Whether it is removed is not asked here.
    pub fn matches(&self, at: usize) -> bool {
        self.check.passes(self.roster, at, "")
    }

    /// The same for a thing of the customer at a row, whose folded text the free words may fit too.
    pub fn matches_with(&self, at: usize, text: &str) -> bool {
        self.check.passes(self.roster, at, text)
    }

    /// True when every row passes.
    pub fn is_all(&self) -> bool {
        matches!(&self.check, Check::All(checks) if checks.is_empty())
    }
}

impl Check<'_> {
    fn passes(&self, roster: &Roster, at: usize, text: &str) -> bool {
        match self {
            Check::All(checks) => checks.iter().all(|c| c.passes(roster, at, text)),
            Check::Any(checks) => checks.iter().any(|c| c.passes(roster, at, text)),
            Check::Not(check) => !check.passes(roster, at, text),
            Check::Rows(rows) => rows.has(at),
            Check::Word {
                word,
                rows,
                owners,
                tags,
            } => {
                let row = &roster.rows[at];
                rows.has(at)
                    || owners.has(row.owner as usize)
                    || tags.has(row.tags as usize)
                    || text.contains(word.as_str())
            }
            Check::OneOf(get, set) => match get(roster, at) {
                Value::Choice(no) | Value::Words(no) => set.has(no as usize),
                _ => false,
            },
            Check::Attribute(values, set) => values.get(at).is_some_and(|no| set.has(*no as usize)),
            Check::Unset(values) => values.and_then(|v| v.get(at)).is_none_or(|no| *no == 0),
            Check::Between(get, (low, high)) => match get(roster, at) {
                Value::Number(n) => *low <= n && n <= *high,
                Value::Day(day) => (*low..=*high).contains(&day.number()),
                _ => false,
            },
            Check::Missing(get) => get(roster, at) == Value::None,
            Check::Flag(get, wanted) => get(roster, at) == Value::Flag(*wanted),
        }
    }
}

fn check<'r>(node: &Node, roster: &'r Roster, people: &People) -> Check<'r> {
    let list = |nodes: &[Node]| nodes.iter().map(|n| check(n, roster, people)).collect();
    match node {
        Node::All(nodes) => Check::All(list(nodes)),
        Node::Any(nodes) => Check::Any(list(nodes)),
        Node::Not(node) => Check::Not(Box::new(check(node, roster, people))),
        Node::Word(word, _) => free_word(word, roster, people),
        Node::Test(named, op, values) => {
            let mut checks: Vec<Check<'r>> =
                values.iter().map(|v| test(named, *op, v, roster)).collect();
            if checks.len() == 1 {
                checks.swap_remove(0)
            } else {
                Check::Any(checks)
            }
        }
    }
}

impl Filter {
    /// Looks up everything that the filter names in a roster, once, for a scan of its rows.
    pub fn prepare<'r>(&self, roster: &'r Roster, people: &People) -> Prepared<'r> {
        Prepared::new(&self.root, roster, people)
    }

    /// Words for a stage, an owner, a tag or another choice that nothing is called by at present: a slip, or of tomorrow.
    pub fn unknown(&self, roster: &Roster) -> Vec<Unknown> {
        unknown(&self.root, roster)
    }
}

/// The words that a filter compares a choice or tags with and that nothing is called by at present.
fn unknown(root: &Node, roster: &Roster) -> Vec<Unknown> {
    let mut found = Vec::new();
    root.visit(&mut |node| {
        let Node::Test(Named::Field(field), op, values) = node else {
            return;
        };
        let known: Vec<Vec<String>> = match field.kind {
            FieldKind::Choice => roster.choices(field).into_iter().map(|c| c.words).collect(),
            FieldKind::Words => {
                let tags: BTreeSet<&str> = roster
                    .tagsets
                    .iter()
                    .flat_map(|(_, set)| set.split(' '))
                    .filter(|t| !t.is_empty())
                    .collect();
                tags.into_iter().map(|t| vec![t.to_owned()]).collect()
            }
            _ => return,
        };
        for value in values {
            let Atom::Text(typed) = value else { continue };
            let folded = names::fold(typed);
            if !known
                .iter()
                .flatten()
                .any(|w| fits(*op, &text::fold(w), &folded))
            {
                let known = known
                    .iter()
                    .filter_map(|words| words.first().cloned())
                    .filter(|w| !w.is_empty())
                    .collect();
                found.push(Unknown {
                    field: field.code,
                    word: typed.clone(),
                    known,
                });
            }
        }
    });
    found
}

fn free_word<'r>(word: &str, roster: &Roster, people: &People) -> Check<'r> {
    let word = names::fold(word);
    let mut rows = roster.named(&word);
    people
        .get(&word)
        .into_iter()
        .flatten()
        .for_each(|at| rows.set(*at as usize));
    let owners = roster
        .owners
        .which(|owner| text::fold(owner).contains(&word));
    let tags = roster
        .tagsets
        .which(|set| set.split(' ').any(|tag| text::fold(tag).contains(&word)));
    Check::Word {
        word,
        rows,
        owners,
        tags,
    }
}

fn test<'r>(named: &Named, op: Op, value: &Atom, roster: &'r Roster) -> Check<'r> {
    let text = match value {
        Atom::None => return missing(named, roster),
        Atom::Me => roster.me.as_str(),
        Atom::Text(text) => text.as_str(),
    };
    // "Me" is one person, not everyone whose name starts like mine.
    let op = if *value == Atom::Me { Op::Is } else { op };
    match named {
        Named::Attribute(attribute) => of_attribute(attribute, named.kind(), op, text, roster),
        Named::Field(field) => of_field(field, op, text, roster),
    }
}

fn missing<'r>(named: &Named, roster: &'r Roster) -> Check<'r> {
    match named {
        Named::Field(field) => roster
            .getter(field)
            .map_or(Check::All(Vec::new()), Check::Missing),
        Named::Attribute(attribute) => Check::Unset(
            roster
                .attributes
                .get(&attribute.code)
                .map(|(_, v)| v.as_slice()),
        ),
    }
}

/// True when a folded word fits what was typed, folded.
fn fits(op: Op, word: &str, typed: &str) -> bool {
    if op == Op::Is {
        word == typed
    } else {
        word.starts_with(typed)
    }
}

fn of_field<'r>(field: &Field, op: Op, typed: &str, roster: &Roster) -> Check<'r> {
    let folded = names::fold(typed);
    // Where nobody reads the field, no row has a value.
    let Some(get) = roster.getter(field) else {
        return Check::Any(Vec::new());
    };
    match field.kind {
        FieldKind::Text => {
            let mut rows = roster.named(&folded);
            if op == Op::Is {
                (0..roster.rows.len()).for_each(|at| rows.put(at, roster.folded(at) == folded));
            }
            Check::Rows(rows)
        }
        FieldKind::Choice => {
            let mut set = Bits::default();
            let choices = roster.choices(field);
            for choice in choices
                .iter()
                .filter(|c| c.words.iter().any(|w| fits(op, &text::fold(w), &folded)))
            {
                set.set(choice.no as usize);
            }
            Check::OneOf(get, set)
        }
        FieldKind::Words => {
            let has = |words: &str| words.split(' ').any(|w| fits(op, &text::fold(w), &folded));
            Check::OneOf(get, roster.tagsets.which(has))
        }
        FieldKind::Flag => Check::Flag(get, value::yes_no(typed).unwrap_or(false)),
        kind => value::range(kind, op, typed, roster).map_or_else(
            || Check::Any(Vec::new()),
            |range| Check::Between(get, range),
        ),
    }
}

/// Attributes hold few different values: each is compared once, and rows by its number.
fn of_attribute<'r>(
    attribute: &Attribute,
    kind: FieldKind,
    op: Op,
    typed: &str,
    roster: &'r Roster,
) -> Check<'r> {
    let Some((words, values)) = roster.attributes.get(&attribute.code) else {
        return Check::Any(Vec::new());
    };
    let folded = names::fold(typed);
    let within = |raw: Option<i64>| match (raw, value::range(kind, op, typed, roster)) {
        (Some(raw), Some((low, high))) => low <= raw && raw <= high,
        _ => false,
    };
    let set = words.which(|word| match attribute.kind {
        AttributeType::Text if op == Op::Is => names::fold(word) == folded,
        AttributeType::Text => names::fold(word).contains(&folded),
        AttributeType::Enum => fits(op, &names::fold(word), &folded),
        AttributeType::Bool => value::yes_no(word) == value::yes_no(typed),
        AttributeType::Date => within(word.parse::<Day>().ok().map(Day::number)),
        AttributeType::Int | AttributeType::Money => within(word.parse().ok()),
    });
    Check::Attribute(values, set)
}
