//! What an import did or would do, file by file, so that every row is accounted for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::kind::Kind;
use crate::domain::config::AttributeType;
use crate::domain::profile::Winner;
use crate::store::load::Difference;

/// Conflicts of an import that are told one by one, and can be decided one by one.
pub const CONFLICTS: usize = 1_000;

/// What a column becomes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// A field of the kind; `minor`: its amounts are minor units.
    Field { field: &'static str, minor: bool },
    /// A custom attribute of customers.
    Attribute { code: String, kind: AttributeType },
    /// Nothing.
    Ignored,
}

/// One column of a file and what it becomes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ColumnUse {
    /// Its header as the file spells it.
    pub header: String,
    /// What it becomes.
    pub becomes: Use,
    /// Why.
    pub because: Because,
    /// Its first value.
    pub example: String,
}

/// Why a column becomes what it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Because {
    /// Its header is a name of the field.
    Header,
    /// Its values look like it.
    Values,
    /// The profile says so.
    Profile,
    /// Somebody said so.
    Said,
}

impl Because {
    /// The word for it.
    pub fn words(self) -> &'static str {
        match self {
            Because::Header => "its header",
            Because::Values => "its values",
            Because::Profile => "the profile",
            Because::Said => "as said",
        }
    }
}

/// Something found out about how a file is written, with the reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Found {
    /// What: `encoding`, `separator`, `decimal mark`, `dates of start_date`.
    pub what: String,
    /// How it is.
    pub is: String,
    /// Why that is so.
    pub why: String,
}

impl Found {
    pub(super) fn new(what: &str, is: &str, why: impl Into<String>) -> Found {
        Found {
            what: what.to_owned(),
            is: is.to_owned(),
            why: why.into(),
        }
    }
}

/// A field that a file and a person have both changed since the last import.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Conflict {
    /// The line of the file.
    pub line: u64,
    /// What the row is called.
    pub name: String,
    /// The two values, and who wrote the one in the book.
    #[serde(flatten)]
    pub difference: Difference,
    /// Whose value stands now; [`Winner::Ask`]: nobody has decided yet, and the person's stays.
    pub won: Winner,
}

/// One file. `rows` is always the sum of the seven counts below it.
#[derive(Clone, Debug, Serialize)]
pub struct FileReport {
    /// Its name without folders.
    pub file: String,
    /// What its rows are.
    pub kind: Kind,
    /// The profile by which it was read.
    pub profile: Option<String>,
    /// How it is written, each with the reason.
    pub dialect: Vec<Found>,
    /// How its rows find what the book has.
    pub key: String,
    /// Its columns in order.
    pub columns: Vec<ColumnUse>,
    /// Rows under the header, empty lines not counted.
    pub rows: u64,
    /// Rows that made something new.
    pub made: u64,
    /// Rows that changed something.
    pub changed: u64,
    /// Rows that the book has already.
    pub same: u64,
    /// Rows that repeat an earlier row of the file.
    pub merged: u64,
    /// Rows that differ from what a person has written since; the person's words stay.
    pub kept: u64,
    /// Rows that are not for the book: a meeting still to come, a mail with nobody whom the book knows.
    pub passed: u64,
    /// Rows that could not be taken.
    pub rejected: u64,
    /// The reasons for that with their counts.
    pub reasons: BTreeMap<String, u64>,
    /// Line, reason of the first twenty of them.
    pub first_rejects: Vec<(u64, String)>,
    /// Fields that both sides have changed, the first thousand.
    pub conflicts: Vec<Conflict>,
    /// What a person should know, with how many rows it is about (0: the file as a whole).
    pub notes: Vec<(String, u64)>,
    /// Where the rejected rows were written.
    pub rejects_file: Option<PathBuf>,
}

impl FileReport {
    pub(super) fn new(file: String, kind: Kind) -> FileReport {
        FileReport {
            file,
            kind,
            profile: None,
            dialect: Vec::new(),
            key: String::new(),
            columns: Vec::new(),
            rows: 0,
            made: 0,
            changed: 0,
            same: 0,
            merged: 0,
            kept: 0,
            passed: 0,
            rejected: 0,
            reasons: BTreeMap::new(),
            first_rejects: Vec::new(),
            conflicts: Vec::new(),
            notes: Vec::new(),
            rejects_file: None,
        }
    }

    /// Counts a note about one row.
    pub(super) fn note(&mut self, text: &str) {
        match self.notes.iter_mut().find(|(t, _)| t == text) {
            Some((_, count)) => *count += 1,
            None => self.notes.push((text.to_owned(), 1)),
        }
    }

    /// Notes what was found out about the file, once.
    pub(super) fn find(&mut self, found: Found) {
        if !self.dialect.iter().any(|f| f.what == found.what) {
            self.dialect.push(found);
        }
    }

    /// Adds a note about the whole file.
    pub(super) fn remark(&mut self, text: String) {
        self.notes.push((text, 0));
    }

    /// True when the seven counts add up to the rows.
    pub fn adds_up(&self) -> bool {
        self.rows
            == self.made
                + self.changed
                + self.same
                + self.merged
                + self.kept
                + self.passed
                + self.rejected
    }
}

/// How an import ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Written as one batch.
    Written,
    /// The book has everything already; nothing was written.
    NothingNew,
    /// Only looked at.
    DryRun,
    /// Cancelled; nothing was written.
    Cancelled,
}

/// A whole import.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The files in the order in which they were taken.
    pub files: Vec<FileReport>,
    /// Names of files in the folder that are none of the kinds, with the reason.
    pub not_understood: Vec<(String, String)>,
    /// Codes of stages that the book lacked and has now.
    pub stages_added: Vec<String>,
    /// Codes of attributes that the book lacked and has now.
    pub attributes_added: Vec<String>,
    /// How it ended.
    pub end: End,
    /// The line of the activity list, when something was written.
    pub label: String,
}

impl Report {
    /// Rows of all files.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|f| f.rows).sum()
    }

    /// Rejected rows of all files.
    pub fn rejected(&self) -> u64 {
        self.files.iter().map(|f| f.rejected).sum()
    }

    /// True when any row made or changed something.
    pub fn is_new(&self) -> bool {
        self.files.iter().any(|f| f.made + f.changed > 0)
            || !self.stages_added.is_empty()
            || !self.attributes_added.is_empty()
    }
}
