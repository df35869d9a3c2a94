//! What stands against a write because somebody else was there first: each field with the value that was seen, theirs and mine.

use serde_json::Value;

use super::command::Entity;
use super::id::Id;
use super::time::Stamp;
use crate::error::Error;

/// Why a write was refused with [`crate::error::Kind::Conflict`], as data: the source of that error.
#[derive(Clone, PartialEq, Debug, Default, thiserror::Error)]
#[error("somebody has changed the same thing meanwhile")]
pub struct Clash {
    /// The fields that both have changed.
    pub fields: Vec<Clashing>,
    /// The row, or the customer it belongs to, was removed: by whom.
    pub removed: Option<By>,
    /// The batch that was to be taken back; `None` for an edit.
    pub batch: Option<Id>,
    /// What else is in the way of taking it back, one sentence each.
    pub others: Vec<String>,
}

/// One field that two people changed.
#[derive(Clone, PartialEq, Debug)]
pub struct Clashing {
    /// What kind of row.
    pub entity: Entity,
    /// The row.
    pub row: Id,
    /// The field as stored.
    pub field: String,
    /// What was seen when the change was begun.
    pub base: Value,
    /// What stands now.
    pub theirs: Value,
    /// Who wrote that, if the log says so.
    pub by: Option<By>,
    /// What was to be written.
    pub mine: Value,
}

/// Who did something, and when by that person's clock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct By {
    /// Who.
    pub person: String,
    /// When.
    pub at: Stamp,
}

impl Clash {
    /// What is in the way, where that is why a write was refused.
    pub fn of(error: &Error) -> Option<&Clash> {
        error.source.as_ref()?.downcast_ref()
    }
}

/// Two versions of a text that came from one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Joined {
    /// The changes are in different lines: the text has both.
    Whole(String),
    /// Some lines were changed in both: they stand one after the other between markers that name whose they are.
    Marked(String),
}

impl Joined {
    /// The text, with markers or without.
    pub fn text(&self) -> &str {
        match self {
            Joined::Whole(text) | Joined::Marked(text) => text,
        }
    }
}

/// Brings two versions of `base` together, line by line. `names` are whose they are: mine, theirs.
pub fn join(base: &str, mine: &str, theirs: &str, names: (&str, &str)) -> Joined {
    // A last line without an end would count as another line than the same one with a line behind it.
    let ended = |text: &str| format!("{}\n", text.trim_end_matches('\n'));
    let mut options = diffy::MergeOptions::new();
    options.set_conflict_style(diffy::ConflictStyle::Merge);
    match options.merge(&ended(base), &ended(mine), &ended(theirs)) {
        Ok(text) => Joined::Whole(text.trim_end_matches('\n').to_owned()),
        Err(text) => {
            let named = |line: &str| match line {
                "<<<<<<< ours" => format!("<<<<<<< {}", names.0),
                ">>>>>>> theirs" => format!(">>>>>>> {}", names.1),
                line => line.to_owned(),
            };
            Joined::Marked(text.lines().map(named).collect::<Vec<_>>().join("\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: (&str, &str) = ("ana", "bo");

    #[test]
    fn changes_in_different_lines_are_both_kept() {
        let base = "met Dana\nroadmap asked\nbudget in May";
        let joined =
            join(base, "met Dana and Lee\nroadmap asked\nbudget in May", "met Dana\nroadmap asked\nbudget in May\ncall fri", NAMES);
        assert_eq!(joined, Joined::Whole("met Dana and Lee\nroadmap asked\nbudget in May\ncall fri".into()));
    }

    #[test]
    fn the_same_line_stands_twice_between_names() {
        let joined = join("one\ntwo", "one\nmine", "one\ntheirs", NAMES);
        assert_eq!(joined, Joined::Marked("one\n<<<<<<< ana\nmine\n=======\ntheirs\n>>>>>>> bo".into()));
    }

    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec("[abc]{0,2}", 0..6).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #[test]
        fn whoever_changed_nothing_takes_the_others_text(base in text(), other in text()) {
            let trimmed = other.trim_end_matches('\n');
            prop_assert_eq!(join(&base, &base, &other, NAMES), Joined::Whole(trimmed.to_owned()));
            prop_assert_eq!(join(&base, &other, &base, NAMES), Joined::Whole(trimmed.to_owned()));
        }

        #[test]
        fn no_line_that_either_wrote_is_dropped(base in text(), mine in text(), theirs in text()) {
            let joined = join(&base, &mine, &theirs, NAMES);
            let old: Vec<&str> = base.lines().collect();
            for line in mine.lines().chain(theirs.lines()).filter(|l| !l.is_empty() && !old.contains(l)) {
                prop_assert!(joined.text().lines().any(|l| l == line), "{line:?} is not in {joined:?}");
            }
        }
    }
}
