//! What stands against a write because somebody else was there first: each field with the value that was seen, theirs and mine.

use std::ops::Range;

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

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
    /// What it is in a word: the kind of an event, else that of the row (`note`, `task`, `customer`).
    pub kind: &'static str,
    /// What the row is called: a name, a title, the start of a text.
    pub name: String,
    /// The name of the customer it belongs to, where it is not the customer itself.
    pub customer: Option<String>,
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

impl Clashing {
    /// What it is in one sentence: `title of task "Send the offer" of Acme was changed since by bo`.
    pub fn sentence(&self) -> String {
        let of = self
            .customer
            .as_ref()
            .map_or_else(String::new, |name| format!(" of {name}"));
        let who = self.by.as_ref().map_or("somebody", |by| by.person.as_str());
        say!(
            "clash.changed_since_by",
            field = self.field,
            kind = self.kind,
            name = self.name,
            of = of,
            who = who
        )
        .to_string()
    }
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

/// Two versions of a text that came from one, brought together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Joined {
    /// The text.
    pub text: String,
    /// Some sentences were changed by both in the same place: theirs and mine stand one after the other.
    pub twice: bool,
}

/// Brings two versions of `base` together: sentence by sentence, and word by word within a sentence that both have changed.
/// Where that does not do, both versions of the sentence stay, theirs before mine.
pub fn join(base: &str, mine: &str, theirs: &str) -> Joined {
    let mut joined = Joined {
        text: String::new(),
        twice: false,
    };
    for part in parts([base, mine, theirs], false) {
        match part {
            Part::Agreed(text) => put(&mut joined.text, &text),
            Part::Apart(three) => {
                let [_, mine, theirs] = &three;
                let within = parts([&three[0], mine, theirs], true);
                if within.iter().all(|p| matches!(p, Part::Agreed(_))) {
                    let whole: String = within
                        .iter()
                        .map(|p| {
                            if let Part::Agreed(text) = p {
                                text.as_str()
                            } else {
                                ""
                            }
                        })
                        .collect();
                    put(&mut joined.text, &whole);
                } else {
                    joined.twice |= !mine.trim().is_empty() && !theirs.trim().is_empty();
                    put(&mut joined.text, theirs);
                    put(&mut joined.text, mine);
                }
            }
        }
    }
    joined
}

/// Adds text behind other text, set apart where neither does that itself: on a line of its own behind what is no whole sentence.
fn put(out: &mut String, text: &str) {
    if !text.is_empty()
        && out.ends_with(|c: char| !c.is_whitespace())
        && !text.starts_with(char::is_whitespace)
    {
        out.push(if out.ends_with(char::is_alphanumeric) {
            '\n'
        } else {
            ' '
        });
    }
    out.push_str(text);
}

/// The stretches of `now`, in bytes, that `base` does not have, word by word.
pub fn changed(base: &str, now: &str) -> Vec<Range<usize>> {
    let fine = base.len() + now.len() <= LARGE;
    let (old, new) = (lines(base, fine), lines(now, fine));
    let mut options = diffy::DiffOptions::new();
    options.set_context_len(old.len() + new.len());
    let patch = options.create_patch(&old, &new);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for line in patch.hunks().iter().flat_map(|h| h.lines()) {
        let (text, is_new) = match line {
            diffy::Line::Context(text) => (text, false),
            diffy::Line::Insert(text) => (text, true),
            diffy::Line::Delete(_) => continue,
        };
        let end = at + piece(text).len();
        match found.last_mut() {
            Some(last) if is_new && last.end == at => last.end = end,
            _ if is_new => found.push(at..end),
            _ => {}
        }
        at = end;
    }
    found
}

/// Texts beyond so many bytes together are compared by sentences only.
const LARGE: usize = 1 << 16;

/// A part of three versions: base, mine, theirs.
enum Part {
    /// What becomes of it is clear.
    Agreed(String),
    /// Both have changed it.
    Apart([String; 3]),
}

fn parts(three: [&str; 3], words: bool) -> Vec<Part> {
    let words = words && three.iter().map(|t| t.len()).sum::<usize>() <= LARGE;
    let [base, mine, theirs] = three.map(|text| lines(text, words));
    let mut options = diffy::MergeOptions::new();
    options.set_conflict_style(diffy::ConflictStyle::Diff3);
    let merged = options
        .merge(&base, &mine, &theirs)
        .unwrap_or_else(|apart| apart);
    let mut parts = vec![Part::Agreed(String::new())];
    let mut of = 0;
    for line in merged.split_inclusive('\n') {
        match (line.as_bytes().first(), parts.last_mut()) {
            (Some(b'<'), _) => {
                parts.push(Part::Apart(Default::default()));
                of = 1;
            }
            (Some(b'|'), _) => of = 0,
            (Some(b'='), _) => of = 2,
            (Some(b'>'), _) => parts.push(Part::Agreed(String::new())),
            (_, Some(Part::Agreed(text))) => text.push_str(&piece(line)),
            (_, Some(Part::Apart(three))) => three[of].push_str(&piece(line)),
            (_, None) => {}
        }
    }
    parts
}

/// A text with each sentence, or word, on a line of its own behind a dot: the merging is by lines, and no such line looks like
/// one of its marks.
fn lines(text: &str, words: bool) -> String {
    let line = |piece: &str| format!(".{}\n", piece.replace('\\', "\\\\").replace('\n', "\\n"));
    if words {
        return text.split_word_bounds().map(line).collect();
    }
    // What stands between two sentences is a piece of its own: a sentence that another follows is the same one.
    let pieces = text
        .split_sentence_bounds()
        .flat_map(|s| <[&str; 2]>::from(s.split_at(s.trim_end().len())));
    pieces.filter(|p| !p.is_empty()).map(line).collect()
}

/// What stands in such a line.
fn piece(line: &str) -> String {
    let line = line.strip_prefix('.').unwrap_or(line);
    let mut out = String::with_capacity(line.len());
    let mut chars = line.strip_suffix('\n').unwrap_or(line).chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' if chars.next() == Some('n') => '\n',
            c => c,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &str) -> Joined {
        Joined {
            text: text.into(),
            twice: false,
        }
    }

    fn twice(text: &str) -> Joined {
        Joined {
            text: text.into(),
            twice: true,
        }
    }

    #[test]
    fn changes_in_different_places_are_both_kept() {
        let base = "met Dana\nroadmap asked\nbudget in May";
        let joined = join(
            base,
            "met Dana and Lee\nroadmap asked\nbudget in May",
            "met Dana\nroadmap asked\nbudget in May\ncall fri",
        );
        assert_eq!(
            joined,
            whole("met Dana and Lee\nroadmap asked\nbudget in May\ncall fri")
        );
        let base = "Called Dana about renewal. They want a discount.";
        let mine = "Called Dana and Lee about renewal. They want a discount.";
        let theirs = "Called Dana about the renewal in May. They want 10% off.";
        assert_eq!(
            join(base, mine, theirs),
            whole("Called Dana and Lee about the renewal in May. They want 10% off.")
        );
    }

    #[test]
    fn what_both_changed_stands_twice_as_readable_text() {
        assert_eq!(
            join("one\ntwo", "one\nmine", "one\ntheirs"),
            twice("one\ntheirs\nmine")
        );
        assert_eq!(
            join(
                "Call on Monday. Bring cake.",
                "Call on Friday. Bring cake.",
                "Call on Tuesday. Bring cake."
            ),
            twice("Call on Tuesday. Call on Friday. Bring cake.")
        );
        assert_eq!(
            join("Call.", "Call. She is away.", "Call. Budget in May."),
            twice("Call. Budget in May. She is away.")
        );
        assert_eq!(
            join("one", "one mine", "one theirs"),
            twice("one theirs\none mine")
        );
    }

    #[test]
    fn what_one_took_away_and_the_other_changed_stays() {
        assert_eq!(
            join(
                "One. Two. Three.",
                "One. Two and a half. Three.",
                "One. Three."
            ),
            whole("One. Two and a half. Three.")
        );
    }

    #[test]
    fn what_is_new_in_a_text_is_found_by_words() {
        let now = "Called Dana and Lee on Friday";
        let new: Vec<&str> = changed("Called Dana on Monday", now)
            .into_iter()
            .map(|r| &now[r])
            .collect();
        assert_eq!(new, ["and Lee ", "Friday"]);
        assert_eq!(changed("the same \\ text\n", "the same \\ text\n"), []);
    }

    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec("[abc\\\\<=>|.]{1,2}[ .\n]{1,2}", 0..8)
            .prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn whoever_changed_nothing_takes_the_others_text(base in text(), other in text()) {
            prop_assert_eq!(join(&base, &base, &other), whole(&other));
            prop_assert_eq!(join(&base, &other, &base), whole(&other));
            prop_assert_eq!(join(&base, &other, &other), whole(&other));
        }

        #[test]
        fn no_word_that_either_wrote_is_dropped(base in text(), mine in text(), theirs in text()) {
            let joined = join(&base, &mine, &theirs);
            let old: Vec<&str> = base.unicode_words().collect();
            for word in mine.unicode_words().chain(theirs.unicode_words()).filter(|w| !old.contains(w)) {
                prop_assert!(joined.text.contains(word), "{word:?} is not in {joined:?}");
            }
        }

        #[test]
        fn what_is_not_new_is_in_the_base(base in text(), now in text()) {
            let mut kept = String::new();
            let mut at = 0;
            for range in changed(&base, &now) {
                kept.push_str(&now[at..range.start]);
                at = range.end;
            }
            kept.push_str(&now[at..]);
            prop_assert!(kept.chars().count() <= base.chars().count());
            prop_assert_eq!(changed("", &now).len(), usize::from(!now.is_empty()));
        }
    }
}
