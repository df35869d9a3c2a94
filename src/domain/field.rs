//! What a field of a customer is to the filter language: a code, a kind and a way to read it from the roster.

use super::roster::Roster;
use super::time::Day;

/// How a field's value compares and what the person may type for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// Words; `:` matches a folded part, `=` the whole.
    Text,
    /// One of few words; `:` matches the start of a folded value.
    Choice,
    /// Several words (tags).
    Words,
    /// A whole number.
    Number,
    /// Minor units; typed as `240k`.
    Money,
    /// A day ahead; `renews<60d` compares the days until it.
    Until,
    /// A day behind; `touch>30d` compares the days since it.
    Since,
    /// Yes or no: `stuck`, `stuck:yes`, `-stuck`.
    Flag,
}

/// A field's value for one customer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value<'a> {
    /// No data: matches only `field:none`.
    None,
    /// A number or minor units.
    Number(i64),
    /// A day.
    Day(Day),
    /// Words.
    Text(&'a str),
    /// A set of words by its number in the roster's tag sets.
    Words(u32),
    /// Yes or no.
    Flag(bool),
}

/// One field. The static table of all of them is `columns::COLUMNS`; custom attributes are added when a filter is parsed.
#[derive(Clone, Copy)]
pub struct Field {
    /// What is typed and what JSON and CSV call it.
    pub code: &'static str,
    /// Other names it is typed under.
    pub aliases: &'static [&'static str],
    /// How it compares.
    pub kind: FieldKind,
    /// Its value for the customer at a row of the roster.
    pub get: fn(&Roster, usize) -> Value<'_>,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code)
    }
}
