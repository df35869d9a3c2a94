//! One field of a form: how it is typed, and what its text means.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::Value;

use super::Target;
use crate::domain::action::{parse_figure, show_figure};
use crate::domain::customer::Contact;
use crate::domain::money;
use crate::domain::time::{Stamp, words};
use crate::text::fold;
use crate::tui::look::Look;
use crate::tui::verbs;
use crate::tui::widgets::area::Area;
use crate::tui::widgets::field::Field;

/// One way to choose: code, label, and the key that picks it (otherwise the label's first letter).
pub type Way = (String, String, Option<char>);

/// How a field is typed and read.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Words.
    Text,
    /// Words of one person of our team.
    Owner,
    /// Words apart from each other by spaces or commas.
    Tags,
    /// A day, in words.
    Day,
    /// A past moment, in words.
    Past,
    /// A whole number between two.
    Number(i64, i64),
    /// A whole number.
    Int,
    /// An amount in the book's currency.
    Money,
    /// A figure of an objective, in thousandths.
    Figure,
    /// One of a few.
    Choice(fn(&Target, &Look) -> Vec<Way>),
    /// People of the customer, by name, with commas between.
    People,
    /// A task in words with its due day at the end.
    Task,
    /// Several lines.
    Area,
}

#[derive(Clone, Debug)]
enum Input {
    Line(Field),
    Area(Area),
}

/// One field of an open form.
pub struct Cell {
    /// The field as it is stored, or what the form's table calls it.
    pub code: String,
    /// What a person reads.
    pub label: String,
    /// How it is typed.
    pub kind: Kind,
    /// It cannot be empty.
    pub needed: bool,
    /// The text that it began with, and the value that is.
    pub base: String,
    /// The value in the book when the form was opened.
    pub before: Value,
    /// What somebody else did to it while the form was open.
    pub news: String,
    /// What is wrong, said after saving.
    pub error: String,
    input: Input,
}

/// What a text was understood as: the value that is written, and words where they differ from the text.
#[derive(Debug, PartialEq)]
pub struct Read {
    /// The value.
    pub value: Value,
    /// In full, in words; empty where the text says it all.
    pub echo: String,
}

impl Cell {
    /// A field with the text and the value that it begins with.
    pub fn new(
        code: &str,
        label: String,
        kind: Kind,
        needed: bool,
        base: String,
        before: Value,
    ) -> Cell {
        let input = if matches!(kind, Kind::Area) {
            Input::Area(Area::new(&base))
        } else {
            Input::Line(Field::new(&base))
        };
        Cell {
            code: code.to_owned(),
            label,
            kind,
            needed,
            base,
            before,
            news: String::new(),
            error: String::new(),
            input,
        }
    }

    /// Its text; a choice's is the code.
    pub fn text(&self) -> &str {
        match &self.input {
            Input::Line(field) => field.text(),
            Input::Area(area) => area.text(),
        }
    }

    /// Replaces its text.
    pub fn set(&mut self, text: &str) {
        match &mut self.input {
            Input::Line(field) => field.set(text),
            Input::Area(area) => area.set(text),
        }
    }

    /// A stored value as it is typed here.
    pub fn typed(&self, value: &Value, look: &Look) -> String {
        match (self.kind, value) {
            (_, Value::Null) => String::new(),
            (Kind::Money, v) if v.is_i64() => {
                money::full(v.as_i64().unwrap_or_default(), look.config.currency)
            }
            (Kind::Figure, v) if v.is_i64() => show_figure(v.as_i64().unwrap_or_default()),
            (Kind::Choice(_), Value::Bool(yes)) => if *yes { "1" } else { "0" }.to_owned(),
            (_, Value::String(text)) => text.clone(),
            (_, v) => v.to_string(),
        }
    }

    /// It says something else than the book.
    pub fn is_typed(&self) -> bool {
        self.text().trim() != self.base.trim()
    }

    /// Takes another value of the book as what it began with. What was typed stays.
    pub fn rebase(&mut self, value: Value, look: &Look) {
        let text = self.typed(&value, look);
        if !self.is_typed() {
            self.set(&text);
        }
        self.base = text;
        self.before = value;
    }

    /// Inserts pasted text.
    pub fn insert(&mut self, text: &str) {
        match &mut self.input {
            _ if matches!(self.kind, Kind::Choice(_)) => {}
            Input::Line(field) => field.insert(text),
            Input::Area(area) => area.insert(text),
        }
    }

    /// The one-line field to draw.
    pub fn field(&self) -> Option<&Field> {
        if let Input::Line(field) = &self.input {
            Some(field)
        } else {
            None
        }
    }

    /// The area to draw.
    pub fn area(&self) -> Option<&Area> {
        if let Input::Area(area) = &self.input {
            Some(area)
        } else {
            None
        }
    }

    /// It has several lines.
    pub fn is_area(&self) -> bool {
        matches!(self.input, Input::Area(_))
    }

    /// An arrow up or down leaves it.
    pub fn at_edge(&self, down: bool, width: usize) -> bool {
        self.area().is_none_or(|a| a.at_edge(down, width))
    }

    /// A key; true when it changed the text.
    pub fn key(&mut self, key: &KeyEvent, target: &Target, look: &Look, width: usize) -> bool {
        if let Kind::Choice(ways) = self.kind {
            return self.choose(key, &ways(target, look));
        }
        match &mut self.input {
            Input::Line(field) => field.key(key),
            Input::Area(area) => area.key(key, width),
        }
    }

    fn choose(&mut self, key: &KeyEvent, ways: &[Way]) -> bool {
        let now = ways.iter().position(|w| w.0 == self.text());
        let n = ways.len();
        let step = |by: usize| now.map_or(0, |at| (at + by) % n.max(1));
        let to = match key.code {
            _ if n == 0 => None,
            KeyCode::Right | KeyCode::Char(' ') => Some(step(1)),
            KeyCode::Left => Some(step(n - 1)),
            KeyCode::Char(c)
                if !key
                    .modifiers
                    .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
            {
                // The way's own key first, then the next one that begins with the letter.
                let typed = fold(&c.to_string());
                let own = ways.iter().position(|w| w.2 == Some(c));
                let begins =
                    |i: &usize| ways[*i].2.is_none() && fold(&ways[*i].1).starts_with(&typed);
                own.or_else(|| (1..=n).map(step).find(begins))
            }
            _ => None,
        };
        if let Some(way) = to.and_then(|at| ways.get(at)) {
            self.set(&way.0.clone());
        }
        to.is_some()
    }

    /// The whole text that the typed beginning could become.
    pub fn suggestion(&self, target: &Target, look: &Look) -> Option<String> {
        let field = self.field()?;
        let text = field.text();
        if field.before() != text {
            return None;
        }
        let start = text.rfind(',').map_or(0, |at| at + 1);
        let start = start + (text[start..].len() - text[start..].trim_start().len());
        let part = fold(&text[start..]);
        if part.is_empty() {
            return None;
        }
        let fits = |name: &str| fold(name).starts_with(&part) && fold(name) != part;
        let found = match self.kind {
            Kind::People => contacts(target)
                .iter()
                .map(|c| c.name.clone())
                .find(|n| fits(n)),
            Kind::Owner => look
                .read()
                .and_then(|r| r.owners.iter().map(|(_, o)| o.to_owned()).find(|o| fits(o))),
            _ => None,
        };
        found.map(|name| format!("{}{name}", &text[..start]))
    }

    /// Between which whole numbers it lies, in words; `None` for other fields.
    pub fn range(&self, look: &Look) -> Option<String> {
        let Kind::Number(low, high) = self.kind else {
            return None;
        };
        Some(look.say.fill(
            "error.no_number",
            &[("low", &low.to_string()), ("high", &high.to_string())],
        ))
    }

    /// What its text means, or what is wrong with it.
    pub fn read(&self, target: &Target, look: &Look) -> Result<Read, String> {
        let text = self.text().trim();
        let plain = |value: Value| {
            Ok(Read {
                value,
                echo: String::new(),
            })
        };
        if text.is_empty() {
            return if self.needed {
                Err(look.say.word("error.needed").to_owned())
            } else {
                plain(Value::from(""))
            };
        }
        let wrong = |word: &str| Err(look.say.fill(word, &[("text", text)]));
        match self.kind {
            Kind::Text | Kind::Choice(_) | Kind::Area | Kind::Owner => plain(Value::from(text)),
            Kind::Tags => plain(Value::from(tags(text))),
            Kind::Day => match words::day(text, &look.now) {
                Some(day) => Ok(Read {
                    value: Value::from(day.to_string()),
                    echo: verbs::day(day),
                }),
                None => wrong("error.no_date"),
            },
            Kind::Past => match words::past(text, &look.now) {
                Some(at) => Ok(Read {
                    value: Value::from(at.0),
                    echo: words::show_moment(at, &look.now),
                }),
                None => wrong("error.no_past"),
            },
            Kind::Number(low, high) => match text.parse::<i64>() {
                Ok(n) if (low..=high).contains(&n) => plain(Value::from(n)),
                _ => Err(self.range(look).unwrap_or_default()),
            },
            Kind::Int => text
                .parse::<i64>()
                .map_or_else(|_| wrong("error.no_int"), |n| plain(Value::from(n))),
            Kind::Money => match money::parse(text, look.config.currency) {
                Some(minor) => Ok(Read {
                    value: Value::from(minor),
                    echo: money::full(minor, look.config.currency),
                }),
                None => wrong("error.no_money"),
            },
            Kind::Figure => parse_figure(text)
                .map_or_else(|| wrong("error.no_figure"), |n| plain(Value::from(n))),
            Kind::People => people(text, contacts(target), look),
            Kind::Task => {
                let task = verbs::task_of(text, look);
                let echo = task
                    .due
                    .map(|d| look.say.fill("hint.due", &[("day", &verbs::day(d))]))
                    .unwrap_or_default();
                Ok(Read {
                    value: Value::from(text),
                    echo,
                })
            }
        }
    }
}

/// The people of the form's customer.
pub fn contacts(target: &Target) -> &[Contact] {
    target.account.as_ref().map_or(&[], |a| &a.contacts)
}

/// Tags out of a line.
pub fn tags(text: &str) -> Vec<String> {
    let words = text
        .split([',', ' '])
        .map(|t| t.trim().trim_start_matches('#'))
        .filter(|t| !t.is_empty());
    let mut out: Vec<String> = Vec::new();
    for word in words {
        if !out.iter().any(|t| t == word) {
            out.push(word.to_owned());
        }
    }
    out
}

/// Names with commas between as ids: the whole name, or the beginning of one of its words where only one person has it.
fn people(text: &str, contacts: &[Contact], look: &Look) -> Result<Read, String> {
    let (mut ids, mut names) = (Vec::new(), Vec::new());
    for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let wanted = fold(part);
        let whole = contacts.iter().find(|c| fold(&c.name) == wanted);
        let begins = |c: &&Contact| {
            let name = fold(&c.name);
            name.starts_with(&wanted) || name.split_whitespace().any(|w| w.starts_with(&wanted))
        };
        let fits: Vec<&Contact> = contacts.iter().filter(begins).collect();
        match (whole, fits.as_slice()) {
            (Some(one), _) | (None, &[one]) => {
                ids.push(Value::from(one.id.to_string()));
                names.push(one.name.clone());
            }
            (None, []) => return Err(look.say.fill("error.nobody", &[("text", part)])),
            (None, many) => {
                let names: Vec<&str> = many.iter().take(3).map(|c| c.name.as_str()).collect();
                return Err(look.say.fill(
                    "error.several",
                    &[("text", part), ("names", &names.join(", "))],
                ));
            }
        }
    }
    let echo = names.join(", ");
    Ok(Read {
        value: Value::from(ids),
        echo: if echo == text { String::new() } else { echo },
    })
}

/// A moment as it is typed again: `2026-11-20 14:30`.
pub fn typed_moment(at: Stamp, look: &Look) -> String {
    let time = look.now.zone.time(at);
    format!("{} {}", look.now.zone.day(at), time.format("%H:%M"))
}
