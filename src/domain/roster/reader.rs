//! How the fields of a customer are read from a roster.

use super::Roster;
use crate::domain::field::{Choice, Field, Value};

/// Reads a field's value for the customer at a row.
pub type Get = fn(&Roster, usize) -> Value<'_>;

/// The words of a field of kind `Choice`.
#[derive(Clone, Copy)]
pub struct Choices {
    /// All of them.
    pub list: fn(&Roster) -> Vec<Choice>,
    /// The code of a number: what JSON and CSV say.
    pub code: fn(&Roster, u32) -> &str,
    /// The label of a number: what lists show.
    pub label: fn(&Roster, u32) -> &str,
    /// Sorts by number rather than by folded label.
    pub ordered: bool,
}

/// How one field is read.
#[derive(Clone, Copy)]
pub struct Reader {
    /// The code of the field.
    pub code: &'static str,
    /// Its value.
    pub get: Get,
    /// Its words, where the kind is `Choice`.
    pub choices: Option<Choices>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code)
    }
}

impl Roster {
    /// How a field is read; `None` where nobody has said it.
    pub fn reader(&self, field: &Field) -> Option<&'static Reader> {
        self.readers.iter().find(|r| r.code == field.code)
    }

    /// The function that reads a field.
    pub fn getter(&self, field: &Field) -> Option<Get> {
        self.reader(field).map(|r| r.get)
    }

    /// A field's value for the customer at a row. Who asks for many rows takes the getter once.
    pub fn value(&self, field: &Field, at: usize) -> Value<'_> {
        self.getter(field).map_or(Value::None, |get| get(self, at))
    }

    /// The words that a field of kind `Choice` may be.
    pub fn choices(&self, field: &Field) -> Vec<Choice> {
        let choices = self.reader(field).and_then(|r| r.choices);
        choices.map(|c| (c.list)(self)).unwrap_or_default()
    }
}
