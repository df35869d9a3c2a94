//! Where the app is: tabs, history, and the state that brings a start back to the same place.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{App, Effect, Timer, Tone};
use crate::domain::id::Id;
use crate::domain::time::Day;
use crate::transfer::sheets;
use crate::tui::go::{AccountAt, Go};
use crate::tui::view::Place;
use crate::tui::views::{SCREENS, export, root, screen_of};

/// Most bookmarks, and most customers that are remembered as visited.
pub(super) const MOST_KEPT: usize = 50;

impl App {
    /// Asks for the file into which what the screen in front shows is written.
    pub(super) fn ask_export(&mut self) {
        let front = self
            .stack
            .iter()
            .rev()
            .find(|o| o.view.place() == Place::Full);
        let watched = front
            .map(|o| o.view.watches(&self.look))
            .unwrap_or_default();
        match watched
            .into_iter()
            .map(|(_, query)| query)
            .find(|query| sheets::name_of(query).is_some())
        {
            Some(query) => self.push(Box::new(export::line(query, &self.look))),
            None => {
                let words = self.look.say.word("message.nothing_to_export").to_owned();
                self.say(Tone::Plain, words);
            }
        }
    }

    /// Brings a tab to the front as it was left.
    pub(in crate::tui) fn go_tab(&mut self, tab: usize) {
        if let Some(screen) = SCREENS.iter().find(|s| s.tab == Some(tab)) {
            if self
                .stack
                .first()
                .is_some_and(|o| o.view.name() == screen.name)
                && self.stack.len() == 1
            {
                return;
            }
            self.leave_mark();
            self.go_root(screen.name);
        }
    }

    pub(super) fn go_root(&mut self, name: &'static str) {
        self.opened_from = None;
        self.typed.clear();
        self.hush();
        // Boxes and lines close (their drafts are kept); full screens stay where they are.
        while self
            .stack
            .last()
            .is_some_and(|o| o.view.place() != Place::Full)
        {
            let uid = self.stack.last().map_or(0, |o| o.uid);
            self.close(uid);
        }
        if self.stack.first().is_some_and(|o| o.view.name() == name) {
            self.stack.truncate(1);
            return;
        }
        let stack = std::mem::take(&mut self.stack);
        if let Some(root) = stack.first().map(|o| o.view.name()) {
            self.parked.insert(root, stack);
        }
        self.stack = self.parked.remove(name).unwrap_or_default();
        if self.stack.is_empty() {
            self.push_root(name);
        }
        self.timer(Timer::Quiet, 30);
    }

    /// Opens a screen over the tab in front: what stands over the tab now is left, and `H` leads back to it.
    pub(super) fn go_over(&mut self, to: &Go) {
        self.leave_mark();
        self.hush();
        self.keep_drafts();
        self.stack.truncate(1);
        self.put(to);
        self.timer(Timer::Quiet, 30);
    }

    /// Sets a bookmark, or takes it away.
    pub(super) fn bookmark(&mut self, customer: Id) {
        let there = self.look.bookmarks.contains(&customer);
        self.look.bookmarks.retain(|id| *id != customer);
        if !there {
            self.look.bookmarks.insert(0, customer);
            self.look.bookmarks.truncate(MOST_KEPT);
        }
        let key = if there {
            "message.bookmark_gone"
        } else {
            "message.bookmarked"
        };
        let words = self
            .look
            .say
            .fill(key, &[("who", &self.look.name_of(customer))]);
        self.say(Tone::Good, words);
    }

    /// Remembers whose page is opened.
    pub(super) fn visit(&mut self, to: &Go) {
        if let Go::Account(AccountAt {
            customer: Some(customer),
            ..
        }) = to
        {
            self.look.visited.retain(|id| id != customer);
            self.look.visited.insert(0, *customer);
            self.look.visited.truncate(MOST_KEPT);
        }
    }

    /// What was said about another screen is not left standing over this one.
    fn hush(&mut self) {
        // Why there is no book stays, wherever one goes.
        if self.look.roster.is_none() {
            return;
        }
        self.toast = None;
        self.timers.remove(&Timer::Toast);
    }

    /// A root as it begins.
    fn push_root(&mut self, name: &str) {
        // No place is a tab's without being of its screen, so it changes nothing.
        let screen = root(name).unwrap_or(&SCREENS[0]);
        let open = self.opened((screen.make)(&Go::Triage(None)));
        self.stack.push(open);
    }

    fn put(&mut self, to: &Go) {
        let open = self.opened((screen_of(to).make)(to));
        self.stack.push(open);
    }

    /// Another book in front.
    pub(in crate::tui) fn open_book(&mut self, path: PathBuf) {
        self.save_state();
        self.fresh();
        self.worker += 1;
        self.look.book.clone_from(&path);
        self.effects.push(Effect::OpenBook(self.worker, path));
    }

    /// Another book: its rows have other numbers, so nothing of the old one stays but what was typed in it.
    fn fresh(&mut self) {
        self.keep_drafts();
        self.look.leave_book();
        self.opened_from = None;
        self.parked.clear();
        self.back.clear();
        self.forward.clear();
        self.stack.clear();
        self.typed.clear();
        self.early.clear();
        self.no_book = false;
        self.waiting = None;
        self.refused = None;
        self.progress = None;
        self.note = None;
        self.toast = None;
        self.watched.clear();
        self.forget_arrived();
        self.push_root(SCREENS[0].name);
    }

    /// Everything as it was on another day, at the same place. Its rows have other numbers, so of the views only what is saved
    /// stays; what is being written goes on.
    pub(super) fn turn_to(&mut self, day: Option<Day>) {
        self.keep_drafts();
        let (state, opened_from) = (self.state(), self.opened_from);
        self.early.clear();
        self.forget_arrived();
        self.parked.clear();
        self.stack.clear();
        self.look.roster = None;
        self.effects.push(Effect::Past(day));
        self.load(&state);
        self.opened_from = opened_from;
    }

    pub(super) fn here(&self) -> Vec<Go> {
        let views = self.stack.iter();
        views.filter_map(|o| o.view.save(&self.look)).collect()
    }

    pub(super) fn leave_mark(&mut self) {
        let here = self.here();
        if self.back.last() != Some(&here) && !here.is_empty() {
            self.back.push(here);
            self.forward.clear();
            if self.back.len() > 100 {
                self.back.remove(0);
            }
        }
    }

    pub(super) fn history(&mut self, by: i32) {
        let here = self.here();
        let from = if by < 0 {
            &mut self.back
        } else {
            &mut self.forward
        };
        let mut there = from.pop();
        while there.as_ref() == Some(&here) {
            there = from.pop();
        }
        let Some(there) = there else {
            let words = self
                .look
                .say
                .word(if by < 0 {
                    "message.no_back"
                } else {
                    "message.no_forward"
                })
                .to_owned();
            return self.say(Tone::Plain, words);
        };
        if by < 0 {
            self.forward.push(here)
        } else {
            self.back.push(here)
        }
        self.bring_back(&there);
    }

    pub(super) fn bring_back(&mut self, place: &[Go]) {
        self.opened_from = None;
        self.hush();
        let old = std::mem::take(&mut self.stack);
        if let Some(root) = old.first().map(|o| o.view.name()) {
            self.parked.insert(root, old);
        }
        for to in place {
            // The root that is alive has its pages already: no empty frame.
            let first = self.stack.is_empty();
            let parked = first.then(|| self.parked.remove(screen_of(to).name));
            match parked.flatten() {
                Some(mut parked) => {
                    parked.truncate(1);
                    self.stack = parked;
                    if let Some(open) = self.stack.last_mut() {
                        open.view.restore(to);
                    }
                }
                None => self.put(to),
            }
        }
        if self.stack.is_empty() {
            self.push_root(SCREENS[0].name);
        }
        self.timer(Timer::Quiet, 30);
    }

    /// The state as it is saved: where we are, the parked tabs, drafts, what was recent.
    pub fn state(&self) -> Value {
        let parked: serde_json::Map<String, Value> = self
            .parked
            .iter()
            .filter_map(|(name, stack)| {
                let to = stack.first()?.view.save(&self.look)?;
                let mut to = serde_json::to_value(to).ok()?;
                Some(((*name).to_owned(), to["state"].take()))
            })
            .collect();
        json!({"here": self.here(), "parked": parked, "drafts": self.all_drafts().to_value(), "recent": self.look.recent, "bookmarks": self.look.bookmarks, "visited": self.look.visited, "preview": self.look.preview, "left": self.left})
    }

    pub(super) fn load(&mut self, state: &Value) {
        self.take_kept(state);
        if let Some(file) = state["left"]
            .as_array()
            .and_then(|all| all.last()?.as_str())
        {
            let words = self.look.say.fill("message.editor_left", &[("file", file)]);
            self.say(Tone::Bad, words);
        }
        self.look.preview = state["preview"].as_bool().unwrap_or(true);
        for (name, saved) in state["parked"].as_object().into_iter().flatten() {
            let to = Go::read(&json!(name), saved);
            if let (Some(screen), Some(to)) = (root(name), to) {
                let open = self.opened((screen.make)(&to));
                self.parked.insert(screen.name, vec![open]);
            }
        }
        let here = state["here"].as_array().into_iter().flatten();
        let here: Vec<Go> = here
            .filter_map(|to| Go::read(&to["view"], &to["state"]))
            .collect();
        self.bring_back(&here);
    }

    pub(super) fn save_state(&mut self) {
        self.timers.remove(&Timer::Drafts);
        self.keep_drafts();
        let state = self.state().to_string();
        if state != self.saved {
            self.saved.clone_from(&state);
            self.effects.push(Effect::SaveState(state));
        }
        if self.stack.iter().any(|o| o.view.draft().is_some()) {
            self.timer(Timer::Drafts, 2_000);
        }
    }
}
