//! What a field of a customer is to the filter language: a code, a kind and what its value needs. How it is read from a roster is
//! a `roster::Reader`.

use super::time::Day;

/// How a field's value compares and what the person may type for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// Words; `:` matches a folded part, `=` the whole.
    Text,
    /// One of few words; `:` matches the start of a folded value, `=` the whole.
    Choice,
    /// Several words (tags); compares as a choice, against each of them.
    Words,
    /// A whole number; a `%` behind it is read over.
    Number,
    /// Tenths of what is typed and shown: priority in tenths of a point, usage in tenths of a per cent.
    Tenths,
    /// Minor units; typed as `240k`.
    Money,
    /// A day ahead; `renews<60d` compares the days until it.
    Until,
    /// A day behind; `touch>30d` compares the days since it.
    Since,
    /// Yes or no: `stuck`, `stuck:yes`, `-stuck`.
    Flag,
}

/// What has to be there before a field has a value; where a filter may stand follows from it (`domain::stands`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    /// The customer's own facts.
    Facts,
    /// Its health score.
    Score,
    /// The figures of all customers.
    Everybody,
    /// The orders of all customers, which are read when something asks for them.
    Orders,
    /// Who looks: the field says how somebody looks at a customer, and not what it is.
    Viewer,
}

/// A field's value for one customer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value<'a> {
    /// No data: matches only `field:none`.
    None,
    /// A number, tenths or minor units, as the kind says.
    Number(i64),
    /// A day.
    Day(Day),
    /// The customer's name. (Other texts are choices: a text read row by row would be slow.)
    Text(&'a str),
    /// One of the field's choices, by its number.
    Choice(u32),
    /// A set of words by its number in the roster's tag sets.
    Words(u32),
    /// Yes or no.
    Flag(bool),
}

/// One of the words a choice may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// Its number in [`Value::Choice`]; also the order in which the field sorts.
    pub no: u32,
    /// What is typed for it: its code first, then label and aliases.
    pub words: Vec<String>,
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
    /// What its value comes from.
    pub needs: Needs,
}

impl Field {
    /// True when `name` (in lower case) is its code or an alias.
    pub fn is_called(&self, name: &str) -> bool {
        self.code == name || self.aliases.contains(&name)
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Field) -> bool {
        self.code == other.code
    }
}

impl Eq for Field {}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code)
    }
}
