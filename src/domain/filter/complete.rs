//! Ways to go on at the cursor of a filter line.

use super::parse::{operator, raw_term};
use super::{Fields, Named, is_keyword, quoted, special};
use crate::domain::attribute::AttributeType;
use crate::domain::field::{Field, FieldKind, Value};
use crate::domain::roster::Roster;
use crate::text;

/// One way to go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Completion {
    /// What to put in place of `start..end`.
    pub text: String,
    /// Customers that have the value; 0 for fields, which are not counted.
    pub count: usize,
    /// First byte that it replaces.
    pub start: usize,
    /// Byte behind the last one that it replaces: the cursor.
    pub end: usize,
}

/// Most values that are offered; of the fields none is left out.
const MOST: usize = 50;

/// What can stand at the cursor (a byte of the text): fields at the start of a term, values behind `:`, `=`, `@` and `#`
/// with the number of customers that have them, most first.
pub fn complete(line: &str, cursor: usize, roster: &Roster, fields: &Fields) -> Vec<Completion> {
    let end = line.floor_char_boundary(cursor);
    let start = last_term(&line[..end]);
    let raw = &line[start..end];
    let raw = raw.trim_start_matches('-');
    let from = end - raw.len();
    let signs = [('@', "owner"), ('#', "tag")];
    let signed = signs
        .iter()
        .find_map(|(sign, code)| Some((fields.find(code)?, raw.strip_prefix(*sign)?)));
    let behind = || {
        operator(raw).and_then(|at| {
            Some((
                fields.find(&raw[..at])?,
                raw[at..].trim_start_matches([':', '=']),
            ))
        })
    };
    match signed.or_else(behind) {
        Some((named, values)) if !values.starts_with(['<', '>']) => {
            let typed = values.rsplit(',').next().unwrap_or_default();
            let typed = typed
                .strip_prefix('"')
                .map_or(typed, |t| t.trim_end_matches('"'));
            let start = end - values.rsplit(',').next().unwrap_or_default().len();
            let mut values = offer(values_of(&named, roster), &text::fold(typed), start, end);
            values.truncate(MOST);
            values
        }
        Some(_) => Vec::new(),
        None if operator(raw).is_some() || raw.starts_with('"') || is_keyword(raw) => Vec::new(),
        None => offer(starts(fields), &text::fold(raw), from, end),
    }
}

/// Where the term that ends the text starts.
fn last_term(text: &str) -> usize {
    let mut at = 0;
    loop {
        let skip = text[at..].len()
            - text[at..]
                .trim_start_matches(|c: char| c.is_whitespace() || c == '(' || c == ')')
                .len();
        at += skip;
        let len = raw_term(&text[at..]).len();
        if at + len >= text.len() {
            return at;
        }
        at += len;
    }
}

fn offer(all: Vec<(String, usize)>, typed: &str, start: usize, end: usize) -> Vec<Completion> {
    let mut fitting: Vec<(String, usize)> = all
        .into_iter()
        .filter(|(word, _)| text::fold(word).starts_with(typed))
        .collect();
    fitting.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let plain = |word: String| {
        if word.ends_with([':', '<', '>']) {
            word
        } else {
            quoted(&word, false)
        }
    };
    fitting
        .into_iter()
        .map(|(text, count)| Completion {
            text: plain(text),
            count,
            start,
            end,
        })
        .collect()
}

/// The fields, each with the operator that it is asked with most.
fn starts(fields: &Fields) -> Vec<(String, usize)> {
    let own = fields.fields.iter().map(|f| Named::Field(f));
    let attributes = fields
        .attributes
        .iter()
        .map(|a| match fields.find(&a.code) {
            Some(Named::Attribute(_)) => (a.code.clone(), Named::Attribute(a.clone())),
            _ => (format!("attr.{}", a.code), Named::Attribute(a.clone())),
        });
    let all = own.map(|n| (n.code().to_owned(), n)).chain(attributes);
    let with_sign = |(code, named): (String, Named)| match named.kind() {
        FieldKind::Flag => code,
        FieldKind::Until => format!("{code}<"),
        FieldKind::Since | FieldKind::Money | FieldKind::Number | FieldKind::Tenths => {
            format!("{code}>")
        }
        FieldKind::Text | FieldKind::Choice | FieldKind::Words => format!("{code}:"),
    };
    all.map(|pair| (with_sign(pair), 0)).collect()
}

/// The values of a field with their counts over the customers in lists.
fn values_of(named: &Named, roster: &Roster) -> Vec<(String, usize)> {
    let mut values: Vec<(String, usize)> = match named {
        Named::Field(field) => match field.kind {
            FieldKind::Choice => {
                let (counts, none) = count(roster, |at| match roster.value(field, at) {
                    Value::Choice(no) => Some(no),
                    _ => None,
                });
                let list = roster.choices(field).into_iter();
                let known = list.filter_map(|c| {
                    Some((
                        c.words.into_iter().next()?,
                        counts.get(c.no as usize).copied().unwrap_or(0),
                    ))
                });
                known.chain([("none".to_owned(), none)]).collect()
            }
            FieldKind::Words => words_of(field, roster),
            FieldKind::Flag => {
                let (counts, _) = count(roster, |at| {
                    Some(u32::from(roster.value(field, at) == Value::Flag(true)))
                });
                vec![
                    ("yes".to_owned(), counts.get(1).copied().unwrap_or(0)),
                    ("no".to_owned(), counts.first().copied().unwrap_or(0)),
                ]
            }
            _ => Vec::new(),
        },
        Named::Attribute(attribute) => match roster.attributes.get(&attribute.code) {
            Some((names, column))
                if !matches!(attribute.kind, AttributeType::Int | AttributeType::Money) =>
            {
                let (counts, none) =
                    count(roster, |at| column.get(at).copied().filter(|no| *no != 0));
                let known = names
                    .iter()
                    .skip(1)
                    .map(|(no, w)| (w.to_owned(), counts.get(no as usize).copied().unwrap_or(0)));
                known.chain([("none".to_owned(), none)]).collect()
            }
            _ => Vec::new(),
        },
    };
    // An owner called "None" can only be asked for in quotes; such a value is not worth a completion.
    let none = values.iter().rposition(|(word, _)| word == "none");
    let mut at = 0;
    values.retain(|(word, count)| {
        at += 1;
        if special(word).is_some() {
            Some(at - 1) == none && *count > 0
        } else {
            *count > 0 || matches!(named, Named::Field(_))
        }
    });
    values
}

fn words_of(field: &Field, roster: &Roster) -> Vec<(String, usize)> {
    let (sets, none) = count(roster, |at| match roster.value(field, at) {
        Value::Words(no) => Some(no),
        _ => None,
    });
    let mut tags = std::collections::BTreeMap::<&str, usize>::new();
    for (no, set) in roster.tagsets.iter() {
        let count = sets.get(no as usize).copied().unwrap_or(0);
        set.split(' ')
            .filter(|t| !t.is_empty())
            .for_each(|tag| *tags.entry(tag).or_default() += count);
    }
    tags.into_iter()
        .filter(|t| t.1 > 0)
        .map(|(tag, n)| (tag.to_owned(), n))
        .chain([("none".to_owned(), none)])
        .collect()
}

/// How many customers have each number, and how many none.
fn count(roster: &Roster, get: impl Fn(usize) -> Option<u32>) -> (Vec<usize>, usize) {
    let (mut counts, mut none) = (Vec::new(), 0);
    for at in (0..roster.rows.len()).filter(|at| !roster.rows[*at].removed) {
        match get(at) {
            None => none += 1,
            Some(no) => {
                if counts.len() <= no as usize {
                    counts.resize(no as usize + 1, 0);
                }
                counts[no as usize] += 1;
            }
        }
    }
    (counts, none)
}
