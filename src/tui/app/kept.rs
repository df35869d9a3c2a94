//! What is kept of a person beside the book: drafts, bookmarks, whose page was open. Several consoles keep it together.

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::places::MOST_KEPT;
use super::{App, Timer, Tone};
use crate::domain::id::Id;
use crate::domain::query::{Became, Query};
use crate::tui::drafts::{Drafts, Key};

impl App {
    /// Every text that would be lost now: what is kept, what stands in open lines and forms, and what was sent and is not answered.
    pub(super) fn all_drafts(&self) -> Drafts {
        let mut drafts = self.look.drafts.clone();
        for (key, text) in self.open_drafts() {
            drafts.insert(&key, self.look.draft(&key, text));
        }
        for (key, text) in self.sent.values() {
            drafts.add(key, self.look.draft(key, text.clone()));
        }
        drafts
    }

    /// What stands in open lines and forms, wherever they are.
    fn open_drafts(&self) -> Vec<(Key, String)> {
        self.parked
            .values()
            .flatten()
            .chain(&self.stack)
            .filter_map(|o| o.view.draft())
            .collect()
    }

    /// Takes it up.
    pub(super) fn keep_drafts(&mut self) {
        for (key, text) in self.open_drafts() {
            self.look.keep_draft(&key, text);
        }
    }

    /// Keeps a text that was refused: beside what was typed for the same since, which is newer.
    pub(super) fn keep_refused(&mut self, key: &Key, text: String) {
        self.keep_drafts();
        let draft = self.look.draft(key, text);
        self.look.drafts.add(key, draft);
        self.timer(Timer::Drafts, 2_000);
    }

    /// True while a write has no answer yet: what it was refused for may have to be kept.
    pub fn waits(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Takes up what the state file has, or what other consoles have brought to it.
    pub(super) fn take_kept(&mut self, kept: &Value) {
        if kept["drafts"].is_object() {
            self.look.drafts = Drafts::of_value(&kept["drafts"]);
            // What is sent is on its way to the book, and is offered to nobody.
            for (key, text) in self.sent.values() {
                if self
                    .look
                    .drafts
                    .get(key)
                    .is_some_and(|draft| draft.text == *text)
                {
                    self.look.drafts.remove(key);
                }
            }
        }
        if let Some(recent) = kept["recent"].as_array() {
            self.look.recent = recent
                .iter()
                .filter_map(|r| r.as_str().map(str::to_owned))
                .collect();
        }
        let ids = |what: &str| -> Vec<Id> {
            kept[what]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|id| id.as_str()?.parse().ok())
                .take(MOST_KEPT)
                .collect()
        };
        (self.look.bookmarks, self.look.visited) = (ids("bookmarks"), ids("visited"));
    }

    /// Asks what customers have become for whom there are drafts and who are not in the book any more.
    pub(super) fn ask_merged(&self) -> Option<Query> {
        self.look.roster.as_ref()?;
        let mut customers: Vec<Id> = self
            .look
            .drafts
            .customers()
            .filter(|id| self.look.is_gone(*id))
            .collect();
        customers.sort_unstable();
        customers.dedup();
        (!customers.is_empty()).then_some(Query::Became { customers })
    }

    /// What was typed for a customer that was merged into another is of the one that is left.
    pub(super) fn follow_merged(&mut self, became: &[Became]) {
        for one in became {
            if let Some(old) = self.look.drafts.follow(one.was, one.is, &one.name) {
                let words = self
                    .look
                    .say
                    .fill("message.followed", &[("old", &old), ("new", &one.name)]);
                self.say(Tone::Plain, words);
                self.timer(Timer::Drafts, 2_000);
            }
        }
    }
}
