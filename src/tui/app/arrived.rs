//! What comes from outside the keys and wants to stand in front: the dialog about a conflict, what a merge or an import would bring, a
//! book that was made. It never comes over somebody who types or chooses: there it waits, with a sign and a key.

use super::{App, Tone};
use crate::domain::time::Stamp;
use crate::tui::step::Incoming;
use crate::tui::view::Place;

/// What the sign calls it.
fn what(arrived: &Incoming) -> String {
    match arrived {
        Incoming::View(what, _) => what.clone(),
        Incoming::Book(path) => {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        }
    }
}

/// Milliseconds in which what came by itself takes no key: the hands may be at something else.
pub(super) const DEAF: i64 = 500;

impl App {
    /// Somebody types, chooses, or is in the middle of keys.
    pub(super) fn is_busy(&self) -> bool {
        let top = self.top();
        top.typing()
            || top.place() != Place::Full
            || !self.typed.is_empty()
            || !self.early.is_empty()
            || self.refused.is_some()
    }

    /// Something comes: it stands in front where nobody is at anything, or waits.
    pub(super) fn comes(&mut self, arrived: Incoming) {
        if self.is_busy() {
            self.arrived.push_back(arrived);
            self.tell_arrived();
            let key = self.look.keymap.key_of("app.arrived");
            let what = self.look.arrived.last().cloned().unwrap_or_default();
            let words = self
                .look
                .say
                .fill("message.arrived", &[("what", &what), ("key", &key)]);
            self.say(Tone::Plain, words);
        } else {
            self.let_in(arrived);
            self.deafen();
        }
    }

    /// What is in front now came by itself: keys that are under way are not for it.
    pub(super) fn deafen(&mut self) {
        self.deaf = self
            .stack
            .last()
            .map(|open| (open.uid, Stamp(self.look.now.at.0 + DEAF)));
    }

    /// The first of what waits, by a key: so it hears the next one at once.
    pub(super) fn let_first_in(&mut self) {
        if let Some(first) = self.arrived.pop_front() {
            self.tell_arrived();
            self.let_in(first);
        }
    }

    fn let_in(&mut self, arrived: Incoming) {
        match arrived {
            Incoming::View(_, view) => {
                self.toast = None;
                self.push(view);
            }
            Incoming::Book(path) => self.open_book(path),
        }
    }

    /// What is of a book goes with it.
    pub(super) fn forget_arrived(&mut self) {
        self.arrived
            .retain(|arrived| matches!(arrived, Incoming::Book(_)));
        self.tell_arrived();
    }

    fn tell_arrived(&mut self) {
        self.look.arrived = self.arrived.iter().map(what).collect();
    }

    /// The view in front came by itself just now.
    pub(super) fn is_deaf(&self) -> bool {
        let top = self.stack.last().map(|open| open.uid);
        self.deaf
            .is_some_and(|(uid, until)| top == Some(uid) && self.look.now.at < until)
    }
}
