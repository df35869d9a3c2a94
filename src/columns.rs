//! What a customer row can show, sort and filter by: one table for list, filter, CSV, JSON, sort menu and column chooser.
//!
//! A new column is one row of [`COLUMNS`] and one word per language (`[column]`). JSON says it in the unit that a filter takes
//! (points, per cent, days as ISO dates), money in minor units; CSV says money in full with a decimal point. No data is `null`
//! in JSON, nothing in CSV and `-` in lists.

mod cards;
mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Map, Number, Value as Json};

use crate::domain::config::{Attribute, AttributeType, Config};
use crate::domain::field::{Field, FieldKind, Needs, Value};
use crate::domain::filter::{Fields, Filter, People};
use crate::domain::money;
use crate::domain::roster::{Choices, Get, Reader, Roster};
use crate::domain::sheet::Datum;
use crate::domain::stage::StageNo;
use crate::domain::time::Day;

pub use cards::compile_scorecards;
pub use table::COLUMNS;

/// At which edge of a column its text stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    /// Words.
    Left,
    /// Figures.
    Right,
}

/// One column.
pub struct Column {
    /// Its code, other names, kind and needs.
    pub field: Field,
    /// Its value.
    get: Get,
    /// Its words, where the kind is `Choice`.
    choices: Option<Choices>,
    /// Narrowest width at which it says something, in cells.
    pub min: u16,
    /// The width it takes when there is room.
    pub preferred: u16,
    /// Shown in a list that was not set up otherwise.
    pub default: bool,
}

impl std::fmt::Debug for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.field.code)
    }
}

impl Column {
    const fn reader(&self) -> Reader {
        Reader {
            code: self.field.code,
            get: self.get,
            choices: self.choices,
        }
    }

    /// Its code: what is typed, saved in views and written over CSV columns.
    pub fn code(&self) -> &'static str {
        self.field.code
    }

    /// Where its text stands: figures at the right, words and a score with its trend at the left.
    pub fn align(&self) -> Align {
        match self.field.kind {
            FieldKind::Text | FieldKind::Choice | FieldKind::Words | FieldKind::Flag => Align::Left,
            _ if self.field.code == "health" => Align::Left,
            _ => Align::Right,
        }
    }

    /// The cell of a list: `18d`, `240k`, `31 ▼▼`; `-` without data.
    pub fn show(&self, roster: &Roster, row: usize, today: Day) -> String {
        match self.field.code {
            "health" => return show_health(roster, row),
            "arr" if roster.arr(row).is_zero() => return "-".to_owned(),
            "arr" => return roster.arr(row).short(roster.config.currency),
            "mrr" if roster.rows[row].signals.converted => {
                let mrr = roster.rows[row].signals.mrr;
                return format!("~{}", money::short(mrr, roster.config.currency));
            }
            _ => {}
        }
        match (self.get)(roster, row) {
            Value::None => "-".to_owned(),
            Value::Number(n) => match (self.field.kind, self.field.code) {
                (FieldKind::Money, _) => money::short(n, roster.config.currency),
                // Points are shown whole, and whatever is in the queue at all shows at least 1.
                (FieldKind::Tenths, "usage") => format!("{:+}%", n / 10).replace("+0%", "0%"),
                (FieldKind::Tenths, _) => (n / 10).max(1).to_string(),
                (_, "seats") => format!("{n}%"),
                _ => n.to_string(),
            },
            Value::Day(day) if self.field.kind == FieldKind::Until => {
                format!("{}d", day.since(today))
            }
            Value::Day(day) => format!("{}d", today.since(day)),
            Value::Text(text) => text.to_owned(),
            Value::Choice(no) => self
                .choices
                .map_or("", |c| (c.label)(roster, no))
                .to_owned(),
            Value::Words(no) => roster.tagsets.get(no).to_owned(),
            Value::Flag(on) => if on { "yes" } else { "no" }.to_owned(),
        }
    }

    /// The value with a stable name and raw units; `null` without data.
    pub fn json(&self, roster: &Roster, row: usize) -> Json {
        match (self.get)(roster, row) {
            Value::None => Json::Null,
            Value::Words(_) if self.field.code == "apart" => roster
                .apart(row)
                .iter()
                .map(|(currency, minor)| (currency.code().to_owned(), Json::from(*minor)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Number(n) if self.field.kind == FieldKind::Tenths => {
                Number::from_f64(n as f64 / 10.0).map_or(Json::Null, Json::Number)
            }
            Value::Number(n) => n.into(),
            Value::Day(day) => day.to_string().into(),
            Value::Text(text) => text.into(),
            Value::Choice(no) => self.choices.map_or("", |c| (c.code)(roster, no)).into(),
            Value::Words(no) => roster
                .tagsets
                .get(no)
                .split(' ')
                .filter(|w| !w.is_empty())
                .collect::<Vec<_>>()
                .into(),
            Value::Flag(on) => on.into(),
        }
    }

    /// The value as exports have it, before a file format says it.
    pub fn datum(&self, roster: &Roster, row: usize) -> Datum {
        match ((self.get)(roster, row), self.field.kind) {
            (Value::None, _) => Datum::None,
            (Value::Number(n), FieldKind::Money) => Datum::Money(n),
            (Value::Number(n), FieldKind::Tenths) => Datum::Real(n as f64 / 10.0),
            (Value::Number(n), _) => Datum::Whole(n),
            (Value::Day(day), _) => Datum::Day(day),
            (Value::Text(text), _) => Datum::words(text),
            (Value::Choice(no), _) => {
                Datum::words(self.choices.map_or("", |c| (c.code)(roster, no)))
            }
            (Value::Words(_), _) => Datum::words(self.csv(roster, row)),
            (Value::Flag(on), _) => Datum::Flag(on),
        }
    }

    /// The value as CSV has it: exact, without signs of currency; nothing without data.
    pub fn csv(&self, roster: &Roster, row: usize) -> String {
        match ((self.get)(roster, row), self.field.kind) {
            (Value::Number(n), FieldKind::Money) => {
                money::decimal(n, roster.config.currency.digits())
            }
            (Value::Number(n), FieldKind::Tenths) => money::decimal(n, 1),
            (Value::Number(n), _) => n.to_string(),
            (Value::Words(_), _) if self.field.code == "apart" => roster.arr(row).apart_text(),
            (Value::Words(no), _) => roster.tagsets.get(no).to_owned(),
            (Value::Flag(on), _) => if on { "yes" } else { "no" }.to_owned(),
            _ => match self.json(roster, row) {
                Json::String(text) => text,
                _ => String::new(),
            },
        }
    }
}

/// A score with where it goes: `31 ▼▼`. The sign is against the score of 28 days before, and is missing when that is. A score
/// that a person has set is marked instead: `31 !`.
fn show_health(roster: &Roster, row: usize) -> String {
    let Some(score) = roster.rows[row].health.score else {
        return "-".to_owned();
    };
    if roster.rows[row].signals.held_on(roster.today).is_some() {
        return format!("{score} !");
    }
    match trend(roster, row) {
        Some(sign) => format!("{score} {sign}"),
        None => score.to_string(),
    }
}

/// Where health went in 28 days: `▲`, `-`, `▼`, and `▼▼` for a fall of 20 or more.
pub fn trend(roster: &Roster, row: usize) -> Option<&'static str> {
    let row = &roster.rows[row];
    let change = i16::from(row.health.score?) - i16::from(row.signals.before?);
    Some(match change {
        1.. => "▲",
        0 => "-",
        -19..=-1 => "▼",
        _ => "▼▼",
    })
}

/// The column of this code or other name.
pub fn column(code: &str) -> Option<&'static Column> {
    let code = code.to_lowercase();
    COLUMNS.iter().find(|c| c.field.is_called(&code))
}

/// True for a column whose values come from orders, which are read when something asks for them.
pub fn is_of_orders(code: &str) -> bool {
    column(code).is_some_and(|c| c.field.needs == Needs::Orders)
}

/// The columns of a list that was not set up otherwise, in order.
pub fn default_set() -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(|c| c.default)
}

/// An empty roster of a book, whose fields are those of the columns.
pub fn roster(config: Arc<Config>, today: Day, me: &str) -> Roster {
    Roster::new(config, &table::READERS, today, me)
}

/// What a filter over customers may name: every column, and the book's attributes.
pub fn fields(config: &Config) -> Fields {
    let fields = COLUMNS.iter().map(|c| &c.field);
    Fields::new(fields, &config.attributes, config.currency)
}

/// Which exit criteria of a stage a customer of the roster does not meet, as the config writes them. Attributes that they name have
/// to be loaded; a criterion that cannot be read any more, or can never hold, counts as met, and is refused when it is set.
pub fn unmet(roster: &Roster, row: usize, stage: StageNo) -> Vec<&str> {
    let Some(stage) = roster
        .config
        .stages
        .get(stage)
        .filter(|s| !s.exit_when.is_empty())
    else {
        return Vec::new();
    };
    let nobody = People::new();
    let open = |filter: &Filter| !filter.prepare(roster, &nobody).matches(row);
    stage
        .exits(&fields(&roster.config))
        .filter(|(_, filter)| filter.as_ref().is_ok_and(open))
        .map(|(text, _)| text)
        .collect()
}

/// Something that a list can show: a column of the table, or an attribute of the book.
#[derive(Clone, Debug)]
pub enum Listed {
    /// A column of the table.
    Column(&'static Column),
    /// An attribute: its column code, `attr.industry`, and what the book says of it. Its values have to be loaded.
    Attribute(String, Attribute),
}

impl Listed {
    /// What a column code names in this book; `None` where there is no such thing.
    pub fn find(config: &Config, code: &str) -> Option<Listed> {
        match column(code) {
            Some(column) => Some(Listed::Column(column)),
            None => attribute(config, code).map(Listed::of),
        }
    }

    /// An attribute as a column.
    pub fn of(attribute: &Attribute) -> Listed {
        Listed::Attribute(format!("attr.{}", attribute.code), attribute.clone())
    }

    /// Every column, then every attribute of the book.
    pub fn all(config: &Config) -> Vec<Listed> {
        COLUMNS
            .iter()
            .map(Listed::Column)
            .chain(config.attributes.iter().map(Listed::of))
            .collect()
    }

    /// What is typed, saved in views and written over CSV columns.
    pub fn code(&self) -> &str {
        match self {
            Listed::Column(column) => column.code(),
            Listed::Attribute(code, _) => code,
        }
    }

    /// At which edge it stands: figures at the right.
    pub fn align(&self) -> Align {
        match self {
            Listed::Column(column) => column.align(),
            Listed::Attribute(_, a)
                if matches!(a.kind, AttributeType::Int | AttributeType::Money) =>
            {
                Align::Right
            }
            Listed::Attribute(..) => Align::Left,
        }
    }

    /// The narrowest and the wanted width, in cells.
    pub fn widths(&self) -> (u16, u16) {
        match self {
            Listed::Column(column) => (column.min, column.preferred),
            Listed::Attribute(..) if self.align() == Align::Right => (5, 8),
            Listed::Attribute(..) => (6, 16),
        }
    }

    /// The cell of a list; `-` without data.
    pub fn show(&self, roster: &Roster, row: usize, today: Day) -> String {
        match self {
            Listed::Column(column) => column.show(roster, row, today),
            Listed::Attribute(_, attribute) => show_attribute(roster, attribute, row),
        }
    }

    /// The value with raw units; `null` without data.
    pub fn json(&self, roster: &Roster, row: usize) -> Json {
        match self {
            Listed::Column(column) => column.json(roster, row),
            Listed::Attribute(_, attribute) => json_attribute(roster, attribute, row),
        }
    }

    /// The value as exports have it, before a file format says it.
    pub fn datum(&self, roster: &Roster, row: usize) -> Datum {
        let attribute = match self {
            Listed::Column(column) => return column.datum(roster, row),
            Listed::Attribute(_, attribute) => attribute,
        };
        let text = roster.attribute(&attribute.code, row);
        let number = || text.parse::<i64>().ok();
        match attribute.kind {
            _ if text.is_empty() => Datum::None,
            AttributeType::Money => number().map_or_else(|| Datum::words(text), Datum::Money),
            AttributeType::Int => number().map_or_else(|| Datum::words(text), Datum::Whole),
            AttributeType::Bool => Datum::Flag(text == "true"),
            AttributeType::Date => text
                .parse()
                .map_or_else(|()| Datum::words(text), Datum::Day),
            AttributeType::Text | AttributeType::Enum => Datum::words(text),
        }
    }

    /// The value as CSV has it.
    pub fn csv(&self, roster: &Roster, row: usize) -> String {
        match self {
            Listed::Column(column) => column.csv(roster, row),
            Listed::Attribute(_, attribute) => csv_attribute(roster, attribute, row),
        }
    }
}

/// Sorts rows by a column or an attribute that was loaded (`industry`, `attr.industry`). `false` when there is neither:
/// the rows stay as they are.
pub fn sort(roster: &Roster, rows: &mut [u32], code: &str, descending: bool) -> bool {
    if let Some(column) = column(code) {
        roster.sort(rows, &column.field, descending);
        return true;
    }
    match attribute(&roster.config, code) {
        Some(attribute) => roster.sort_attribute(rows, &attribute.code, descending),
        None => return false,
    }
    true
}

/// The attribute that a column code names: `industry`, `attr.industry`.
pub fn attribute<'c>(config: &'c Config, code: &str) -> Option<&'c Attribute> {
    config.attribute(code.strip_prefix("attr.").unwrap_or(code))
}

/// The cell of an attribute that was loaded: `-` without data.
fn show_attribute(roster: &Roster, attribute: &Attribute, row: usize) -> String {
    match (roster.attribute(&attribute.code, row), attribute.kind) {
        ("", _) => "-".to_owned(),
        (text, AttributeType::Money) => text.parse().map_or_else(
            |_| text.to_owned(),
            |minor| money::short(minor, roster.config.currency),
        ),
        (text, AttributeType::Bool) => if text == "true" { "yes" } else { "no" }.to_owned(),
        (text, _) => text.to_owned(),
    }
}

/// An attribute that was loaded, in its own type; `null` without data.
fn json_attribute(roster: &Roster, attribute: &Attribute, row: usize) -> Json {
    match (roster.attribute(&attribute.code, row), attribute.kind) {
        ("", _) => Json::Null,
        (text, AttributeType::Int | AttributeType::Money) => {
            text.parse::<i64>().map_or(Json::Null, Json::from)
        }
        (text, AttributeType::Bool) => (text == "true").into(),
        (text, _) => text.into(),
    }
}

/// An attribute that was loaded, as CSV has it.
fn csv_attribute(roster: &Roster, attribute: &Attribute, row: usize) -> String {
    match (roster.attribute(&attribute.code, row), attribute.kind) {
        (text, AttributeType::Money) => text.parse().map_or_else(
            |_| text.to_owned(),
            |minor| money::decimal(minor, roster.config.currency.digits()),
        ),
        (text, AttributeType::Bool) if !text.is_empty() => {
            if text == "true" { "yes" } else { "no" }.to_owned()
        }
        (text, _) => text.to_owned(),
    }
}

/// A customer as a JSON object: its id, then the columns in order.
pub fn json_row<'c>(
    roster: &Roster,
    row: usize,
    columns: impl IntoIterator<Item = &'c Column>,
) -> Json {
    let id = std::iter::once(("id".to_owned(), Json::from(roster.ids[row].to_string())));
    let values = columns
        .into_iter()
        .map(|c| (c.code().to_owned(), c.json(roster, row)));
    Json::Object(id.chain(values).collect::<Map<_, _>>())
}
