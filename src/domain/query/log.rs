//! What was done, and what copies of the book disagree about: the pages of the history.

use super::*;

/// One batch in the activity list.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BatchRow {
    /// The batch.
    pub id: Id,
    /// Who.
    pub person: String,
    /// When.
    pub at: Stamp,
    /// Code of the command: `touch`, `move`, `import`, `undo`...
    pub command: String,
    /// One line.
    pub label: String,
    /// Rows it made and fields it changed.
    pub made: usize,
    /// Fields it changed.
    pub edits: usize,
    /// The batch that took it back, if one did and stands.
    pub undone_by: Option<Id>,
    /// The batch that it takes back.
    pub undoes: Option<Id>,
    /// A customer that it touched (the first), and its name.
    pub customer: Option<(Id, String)>,
    /// It carries a signature of its device, which was looked at when it came.
    pub signed: bool,
    /// Others sign in this book, and this is not signed.
    pub unproven: bool,
}

/// One change in the history of a row.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct EditRow {
    /// The batch that made it.
    pub batch: Id,
    /// Who.
    pub person: String,
    /// When.
    pub at: Stamp,
    /// Field.
    pub field: String,
    /// Value before, as text.
    pub before: Option<String>,
    /// Value after, as text.
    pub after: Option<String>,
    /// Value after, as a change would write it.
    #[serde(skip)]
    pub value: serde_json::Value,
}

/// What a batch did, thing by thing.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BatchPage {
    /// The batch; `None` when the book does not have it.
    pub batch: Option<BatchRow>,
    /// What it made and changed, rows that it made first.
    pub things: Vec<Deed>,
    /// How many more there are than are listed.
    pub more: usize,
}

/// One thing that a batch did: a row that it made, or a field that it changed.
#[derive(Clone, PartialEq, Debug)]
pub struct Deed {
    /// The edit; `None` for a row that was made.
    pub edit: Option<Id>,
    /// The row.
    pub row: Id,
    /// Its kind: `customer`, `contact`, `task`...; of an event its own: `note`, `nps`...
    pub kind: &'static str,
    /// What the row is called.
    pub name: String,
    /// The customer it belongs to, and its name.
    pub customer: Option<(Id, String)>,
    /// The field; empty for a row that was made.
    pub field: String,
    /// The value before, as text.
    pub before: Option<String>,
    /// The value after, as text; of an event that was made what it says.
    pub after: Option<String>,
    /// It still is so: nobody has changed the field, or removed the row, since.
    pub stands: bool,
}

/// A field of which copies of the book say different things.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Conflict {
    /// The row.
    pub row: Id,
    /// Its kind: `customer`, `contact`, `task`...
    pub kind: &'static str,
    /// What the row is called: a name, a title, the start of a text.
    pub name: String,
    /// The customer it belongs to, and its name.
    pub customer: Option<(Id, String)>,
    /// The field.
    pub field: String,
    /// The values, the one that is shown last.
    pub values: Vec<ConflictValue>,
}

/// One of the values of a [`Conflict`].
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ConflictValue {
    /// The edit that wrote it, or the row that stands against a removal: what a decision names.
    pub edit: Id,
    /// The value as text; `None` for nothing.
    pub value: Option<String>,
    /// Who wrote it.
    pub person: String,
    /// When, as that person's clock said.
    pub at: Stamp,
    /// It is the one that is shown.
    pub shown: bool,
}
