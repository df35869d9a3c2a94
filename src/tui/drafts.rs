//! Texts that were begun and not saved: what each is of, so that it is offered there and nowhere else, and when it was kept.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::look::{Look, listed};
use crate::domain::id::Id;
use crate::domain::time::Stamp;

/// What a draft is of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Key {
    /// Which line it was typed in (`note`, `task`), or `form:` and the form's code.
    pub kind: String,
    /// The customers, in the order of their ids.
    pub customers: Vec<Id>,
    /// The row that is edited, or the event at whose date something is written.
    pub row: Option<Id>,
    /// What ids do not say: a channel, the code of a rule.
    pub what: String,
    /// The book's file, where no id says which book it is.
    pub book: String,
    /// Several texts of the same thing: 0 is the one that is offered.
    pub copy: u32,
}

/// Forms of which the first versions kept a draft by the row that is edited, without its customer.
const BY_ROW: &[&str] = &["text", "contact", "task", "call", "objective"];

impl Key {
    /// Of a line for customers; without any, of the book.
    pub fn of(kind: &str, customers: &[Id], look: &Look) -> Key {
        let mut customers = customers.to_vec();
        customers.sort_unstable();
        let book = if customers.is_empty() {
            look.book.display().to_string()
        } else {
            String::new()
        };
        Key {
            kind: kind.to_owned(),
            customers,
            book,
            ..Key::default()
        }
    }

    /// The same, with what ids do not say.
    #[must_use]
    pub fn what(mut self, what: &str) -> Key {
        what.clone_into(&mut self.what);
        self
    }

    /// The same, at a row.
    #[must_use]
    pub fn row(mut self, row: Option<Id>) -> Key {
        self.row = row;
        self
    }

    /// The code of the form that it was typed in.
    pub fn form(&self) -> Option<&str> {
        self.kind.strip_prefix("form:")
    }

    /// As it stands in the state file.
    pub fn text(&self) -> String {
        json!([
            self.kind,
            self.customers,
            self.row,
            self.what,
            self.book,
            self.copy
        ])
        .to_string()
    }

    /// Reads what [`Key::text`] wrote, and what earlier versions did: `note:ID`, `task:several`, `create`, `form:CODE:ID`.
    pub fn read(text: &str) -> Key {
        if let Ok(Value::Array(parts)) = serde_json::from_str(text)
            && let [kind, customers, row, what, book, copy] = parts.as_slice()
        {
            let word = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            let id = |v: &Value| v.as_str().and_then(|id| id.parse().ok());
            let customers = customers
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(id)
                .collect();
            let copy = copy
                .as_u64()
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(0);
            return Key {
                kind: word(kind),
                customers,
                row: id(row),
                what: word(what),
                book: word(book),
                copy,
            };
        }
        let (kind, about) = text.rsplit_once(':').unwrap_or((text, ""));
        let kind = kind.to_owned();
        let by_row = kind
            .strip_prefix("form:")
            .is_some_and(|code| BY_ROW.contains(&code));
        match about.parse() {
            Ok(id) if by_row => Key {
                kind,
                row: Some(id),
                ..Key::default()
            },
            Ok(id) => Key {
                kind,
                customers: vec![id],
                ..Key::default()
            },
            Err(_) => Key {
                kind,
                what: about.to_owned(),
                ..Key::default()
            },
        }
    }

    /// As an earlier version kept it: a touchpoint without its channel, a row without its customer, nothing with its book.
    fn before(&self) -> Key {
        let mut key = Key {
            book: String::new(),
            copy: 0,
            ..self.clone()
        };
        if self.kind == "touch" {
            key.what.clear();
        }
        if self.form().is_some_and(|code| BY_ROW.contains(&code)) {
            key.customers.clear();
        }
        key
    }

    fn nth(&self, copy: u32) -> Key {
        Key {
            copy,
            ..self.clone()
        }
    }
}

/// A text that was begun.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Draft {
    /// The text; of a form its fields as JSON.
    pub text: String,
    /// When it was typed; 0 where an earlier version kept it.
    pub at: Stamp,
    /// What those it is for were called then.
    pub who: String,
}

/// All of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Drafts {
    all: BTreeMap<Key, Draft>,
}

impl Drafts {
    /// The one that is offered for something.
    pub fn get(&self, key: &Key) -> Option<&Draft> {
        self.all
            .get(&key.nth(0))
            .or_else(|| self.all.get(&key.before()))
    }

    /// Takes the one that is offered away; what stood behind it is the next to be offered.
    pub fn remove(&mut self, key: &Key) {
        if self.all.remove(&key.nth(key.copy)).is_none() {
            self.all.remove(&key.before());
        }
        let mut free = key.copy;
        while let Some(next) = self.all.remove(&key.nth(free + 1)) {
            self.all.insert(key.nth(free), next);
            free += 1;
        }
    }

    /// Puts one in the place of that which is offered; an empty text takes it away.
    pub fn insert(&mut self, key: &Key, draft: Draft) {
        if draft.text.trim().is_empty() {
            return self.remove(key);
        }
        match self.all.get_mut(key) {
            Some(there) if there.text == draft.text => {}
            Some(there) => *there = draft,
            None => {
                self.all.remove(&key.before());
                self.all.insert(key.clone(), draft);
            }
        }
    }

    /// Puts one beside what is there: it is offered where nothing else is.
    pub fn add(&mut self, key: &Key, draft: Draft) {
        let mut key = key.nth(0);
        while self
            .all
            .get(&key)
            .is_some_and(|there| there.text != draft.text)
        {
            key.copy += 1;
        }
        self.all.entry(key).or_insert(draft);
    }

    /// Makes one of several texts of the same thing the one that is offered.
    pub fn offer(&mut self, key: &Key) {
        let Some(draft) = self.all.remove(key) else {
            return;
        };
        if let Some(first) = self.all.insert(key.nth(0), draft).filter(|_| key.copy > 0) {
            self.all.insert(key.clone(), first);
        }
    }

    /// What is of one customer is of another from now on. Gives what the first was called, where there was something.
    pub fn follow(&mut self, from: Id, to: Id, name: &str) -> Option<String> {
        let keys: Vec<Key> = self
            .all
            .keys()
            .filter(|k| k.customers.contains(&from))
            .cloned()
            .collect();
        let mut was = None;
        for key in keys {
            let Some(mut draft) = self.all.remove(&key) else {
                continue;
            };
            let mut new = key.clone();
            new.customers
                .iter_mut()
                .filter(|id| **id == from)
                .for_each(|id| *id = to);
            new.customers.sort_unstable();
            new.customers.dedup();
            let called = std::mem::take(&mut draft.who);
            if let [_] = key.customers.as_slice() {
                name.clone_into(&mut draft.who);
                was = Some(called);
            } else {
                was = was.or(Some(called.clone()));
                draft.who = called;
            }
            self.add(&new, draft);
        }
        was
    }

    /// The customers that they are for.
    pub fn customers(&self) -> impl Iterator<Item = Id> + '_ {
        self.all.keys().flat_map(|k| k.customers.iter().copied())
    }

    /// Every one.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Draft)> {
        self.all.iter()
    }

    /// What they are of.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.all.keys()
    }

    /// Their texts.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.all.values().map(|draft| draft.text.as_str())
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// As they stand in the state file.
    pub fn to_value(&self) -> Value {
        let one = |(key, draft): (&Key, &Draft)| {
            (
                key.text(),
                json!({"text": draft.text, "at": draft.at.0, "who": draft.who}),
            )
        };
        Value::Object(self.all.iter().map(one).collect())
    }

    /// Reads them from the state file; earlier versions wrote the text alone.
    pub fn of_value(value: &Value) -> Drafts {
        let mut drafts = Drafts::default();
        for (key, value) in value.as_object().into_iter().flatten() {
            let Some(text) = value
                .as_str()
                .or_else(|| value["text"].as_str())
                .filter(|t| !t.trim().is_empty())
            else {
                continue;
            };
            let (at, who) = (
                value["at"].as_i64().unwrap_or(0),
                value["who"].as_str().unwrap_or_default(),
            );
            drafts.all.insert(
                Key::read(key),
                Draft {
                    text: text.to_owned(),
                    at: Stamp(at),
                    who: who.to_owned(),
                },
            );
        }
        drafts
    }
}

impl Look {
    /// True for a customer that is not in the book, or not any more.
    pub fn is_gone(&self, id: Id) -> bool {
        self.read()
            .is_none_or(|r| r.row_of_id(id).is_none_or(|at| r.rows[at].removed))
    }

    /// A text that is kept now, with what those it is for are called.
    pub fn draft(&self, key: &Key, text: String) -> Draft {
        let before = || {
            self.drafts
                .get(key)
                .map(|d| d.who.clone())
                .unwrap_or_default()
        };
        let who = listed(&key.customers, self);
        Draft {
            text,
            at: self.now.at,
            who: if who.is_empty() { before() } else { who },
        }
    }

    /// Keeps a text as the draft that is offered; an empty one is forgotten.
    pub fn keep_draft(&mut self, key: &Key, text: String) {
        let draft = self.draft(key, text);
        self.drafts.insert(key, draft);
    }

    /// When a draft was kept, in a word: `today`, `Fri`, `3 Oct`; empty where nobody knows.
    pub fn draft_day(&self, draft: &Draft) -> String {
        if draft.at.0 == 0 {
            return String::new();
        }
        let day = self.now.zone.day(draft.at);
        match self.now.today.since(day) {
            0 => self.say.word("draft.today").to_owned(),
            1..=6 => day.date().format("%a").to_string(),
            _ => day.date().format("%-d %b").to_string(),
        }
    }

    /// What the edge of a line or form says of the draft that it took up: `draft of Fri, for A and B`.
    pub fn draft_words(&self, draft: &Draft) -> String {
        let day = self.draft_day(draft);
        let words = if day.is_empty() {
            self.say.word("draft.old").to_owned()
        } else {
            self.say.fill("draft.of", &[("day", &day)])
        };
        if draft.who.is_empty() {
            words
        } else {
            format!(
                "{words}{}",
                self.say.fill("draft.for", &[("who", &draft.who)])
            )
        }
    }
}

/// The text of a draft as a person reads it: a form's fields one a line.
pub fn shown(draft: &Draft, look: &Look) -> Vec<String> {
    match serde_json::from_str::<Map<String, Value>>(&draft.text) {
        Ok(fields) => fields_shown(&fields, look),
        Err(_) => draft.text.lines().map(str::to_owned).collect(),
    }
}

fn fields_shown(fields: &Map<String, Value>, look: &Look) -> Vec<String> {
    let mut lines = Vec::new();
    for (code, kept) in fields
        .iter()
        .filter(|(code, _)| !RESERVED.contains(&code.as_str()))
    {
        let text = field_text(kept);
        let label = look.say.find(&format!("field.{code}")).unwrap_or(code);
        lines.extend(format!("{label}: {text}").lines().map(str::to_owned));
    }
    for older in fields
        .get(OLDER)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
    {
        lines.push(look.say.word("draft.older").to_owned());
        lines.extend(fields_shown(older, look));
    }
    lines
}

/// What was typed in a field of a form, where its draft keeps what was seen with it too.
pub fn field_text(kept: &Value) -> &str {
    kept.as_str()
        .or_else(|| kept["text"].as_str())
        .unwrap_or_default()
}

/// In a form's draft: the older ones that newer typing was put before.
pub const OLDER: &str = ".older";
/// In a form's draft: the values that the form was opened with.
pub const GIVEN: &str = ".given";
/// What is no field.
pub const RESERVED: &[&str] = &[OLDER, GIVEN];

#[cfg(test)]
mod tests;
