//! What the worker says: pages for the views that asked, receipts, others' writes; and what is watched.

use std::collections::HashMap;

use super::{App, BECAME, COUNTS, Effect, PARTS, Timer, Tone};
use crate::domain::clash::Clash;
use crate::domain::command::{Command, Receipt};
use crate::domain::query::{Page, Query};
use crate::error::Error;
use crate::store::worker::{Answer, Slot};
use crate::tui::drafts::Key;
use crate::tui::effect::{EditorFailed, Generation};
use crate::tui::step::{Cx, Incoming, Step};
use crate::tui::view::Place;
use crate::tui::views::clash::ClashBox;

impl App {
    /// What a worker says. One that is not the present one's is of a book that is not in front any more: of it only the ends of writes
    /// are heard.
    pub(super) fn answer(&mut self, of: Generation, answer: Answer) {
        if of != self.worker && !matches!(answer, Answer::Written { .. }) {
            return;
        }
        match answer {
            Answer::Ready {
                roster,
                config,
                path,
                mode,
                exchanges,
                read_only,
                past,
            } => {
                let again = self.look.roster.is_some();
                self.no_book = false;
                self.look.roster = Some(roster);
                self.look.config = config;
                self.look.book = path;
                self.look.exchanges = exchanges;
                self.look.read_only = read_only;
                self.look.past = past;
                self.note = self.look.read_only.clone().or(Some(mode));
                self.look.me = self.look.read().map(|r| r.me.clone()).unwrap_or_default();
                self.tell_time(self.look.now.at);
                // What was asked before the book was open is in the worker's inbox already.
                if again {
                    self.watched.clear();
                }
                // Where there is nobody yet, the ways to begin are offered, not an empty list.
                let nobody = self.look.read().is_some_and(|r| r.rows.is_empty());
                if self.welcomes
                    && !again
                    && nobody
                    && self.look.read_only.is_none()
                    && self.stack.len() == 1
                {
                    self.welcome();
                }
                self.timer(Timer::Quiet, 30);
            }
            Answer::Refused(error) => {
                let hints = error.hints.join(". ");
                self.say(Tone::Bad, format!("{error}. {hints}"));
                self.no_book = true;
                // Without a book there is nothing else to see: the reason stays.
                self.timers.remove(&Timer::Toast);
            }
            Answer::Page {
                slot: COUNTS, page, ..
            } => {
                if let Page::Counts(counts) = page.as_ref() {
                    self.look.counts = counts.clone();
                }
            }
            Answer::Page {
                slot: BECAME, page, ..
            } => {
                if let Page::Became(became) = page.as_ref() {
                    self.follow_merged(became);
                }
            }
            Answer::Page { slot, query, page } => {
                if self.watched.get(&slot) == Some(&query) {
                    self.answered(slot / PARTS);
                    self.view_acts(slot / PARTS, |view, cx| {
                        view.on_page((slot % PARTS) as u8, &page, cx)
                    });
                }
            }
            Answer::Failed { slot, query, error } => {
                if self.watched.get(&slot) == Some(&query) {
                    let text = error.to_string();
                    self.answered(slot / PARTS);
                    self.view_acts(slot / PARTS, |view, cx| {
                        view.on_failed((slot % PARTS) as u8, &text, cx)
                    });
                }
            }
            Answer::Written { ticket, result } => self.written(of, ticket, &result),
            Answer::Foreign { .. } if self.look.now.at < self.hushed => {}
            // What went wrong a moment ago is not gone because somebody else has written.
            Answer::Foreign { .. }
                if self
                    .toast
                    .as_ref()
                    .is_some_and(|(tone, ..)| *tone == Tone::Bad) => {}
            Answer::Foreign { person, label, .. } => {
                let words = self
                    .look
                    .say
                    .fill("message.foreign", &[("person", &person), ("label", &label)]);
                self.say(Tone::Plain, words);
            }
            // For the hooks, not for the screens.
            Answer::Batch(_) => {}
            Answer::Told(words) => self.say(Tone::Bad, words),
            Answer::Copies(copies) => {
                let key = self.look.keymap.key_of("app.merge");
                let name = copies[0]
                    .file_name()
                    .map(|n| n.to_string_lossy().into_owned())
                    .unwrap_or_default();
                let n = copies.len().to_string();
                let word = if copies.len() == 1 {
                    "merge.one_copy"
                } else {
                    "merge.copies"
                };
                let words = self
                    .look
                    .say
                    .fill(word, &[("n", &n), ("name", &name), ("key", &key)]);
                self.look.copies = copies;
                self.say(Tone::Bad, words);
            }
            Answer::Presence(here) => self.look.here = here,
            Answer::Waiting(waiting) => self.waiting = waiting,
        }
    }

    fn answered(&mut self, uid: u32) {
        self.stack
            .iter_mut()
            .filter(|open| open.uid == uid)
            .for_each(|open| open.answered = true);
    }

    pub(super) fn written(&mut self, of: Generation, ticket: u64, result: &Result<Receipt, Error>) {
        let Some((asked, command)) = self.pending.remove(&ticket) else {
            return;
        };
        let typed = self.sent.remove(&ticket);
        if typed.is_some() {
            // The state file has it as a draft until now.
            self.timer(Timer::Drafts, 2_000);
        }
        if of != self.worker || asked != self.worker {
            return self.written_elsewhere(typed, result);
        }
        match result {
            Ok(Receipt {
                queued: Some(why), ..
            }) => {
                let words = self.look.say.fill("message.queued", &[("why", why)]);
                self.say(Tone::Bad, words);
                // What was shown early is not in the book yet.
                self.watched.clear();
            }
            Ok(receipt) => {
                let mut text = receipt.label.clone();
                if let Some((_, why)) = receipt.skipped.first() {
                    let n = receipt.skipped.len().to_string();
                    text.push_str(
                        &self
                            .look
                            .say
                            .fill("message.skipped", &[("n", &n), ("why", why)]),
                    );
                }
                let undoable = receipt.batch.is_some()
                    && (matches!(command, Command::Redo) || !command.is_undo());
                if undoable && matches!(command, Command::Done { .. } | Command::Snooze { .. }) {
                    self.look.handled.insert(0, receipt.label.clone());
                    self.look.handled.truncate(50);
                }
                self.say(Tone::Good, text);
                if let Some(toast) = &mut self.toast {
                    toast.2 = undoable;
                }
            }
            Err(error) => {
                let hints = if error.hints.is_empty() {
                    String::new()
                } else {
                    format!(". {}", error.hints.join(". "))
                };
                self.say(Tone::Bad, format!("{error}{hints}"));
                // What was shown early did not happen: everything in sight is asked for again.
                self.watched.clear();
                if let Some((key, text)) = &typed {
                    self.keep_refused(key, text.clone());
                    self.say(Tone::Bad, format!("{error}. {}", self.typed_kept()));
                }
                if let Some(clash) = Clash::of(error) {
                    // The dialog says it all.
                    self.toast = None;
                    let form = self
                        .stack
                        .last()
                        .is_some_and(|o| o.view.is_sending(&command));
                    let ask = ClashBox::new(clash.clone(), command.clone(), form);
                    if form {
                        // The form in front has asked for this, and shows no key that was typed since.
                        self.push(Box::new(ask));
                        self.deafen();
                    } else {
                        self.comes(Incoming::View(error.to_string(), Box::new(ask)));
                    }
                }
            }
        }
        self.look.ticket = ticket;
        let uids: Vec<u32> = self.stack.iter().map(|o| o.uid).collect();
        for uid in uids {
            self.view_acts(uid, |view, cx| view.on_written(&command, result, cx));
        }
        self.parked_written(&command, result);
    }

    /// The stacks of the other tabs hear of an answer too. A view that is done goes; what else it asks for is not for the tab in front.
    fn parked_written(&mut self, command: &Command, result: &Result<Receipt, Error>) {
        for stack in self.parked.values_mut() {
            let mut root = true;
            stack.retain_mut(|open| {
                let mut cx = Cx::new(&self.look, &mut self.tickets);
                open.view.on_written(command, result, &mut cx);
                std::mem::take(&mut root)
                    || !cx.steps.iter().any(|step| matches!(step, Step::Close))
            });
        }
    }

    /// That a text which was refused is a draft now, and which key lists it.
    fn typed_kept(&self) -> String {
        self.look.say.fill(
            "message.typed_kept",
            &[("key", &self.look.keymap.key_of("app.drafts"))],
        )
    }

    /// The end of a write in a book that is not in front any more.
    fn written_elsewhere(&mut self, typed: Option<(Key, String)>, result: &Result<Receipt, Error>) {
        let Err(error) = result else { return };
        let kept = if typed.is_some() {
            self.typed_kept()
        } else {
            String::new()
        };
        let words = self.look.say.fill(
            "message.refused_elsewhere",
            &[("why", &error.to_string()), ("kept", &kept)],
        );
        self.say(Tone::Bad, words);
        if let Some((key, text)) = typed {
            self.keep_refused(&key, text);
        }
    }

    pub(super) fn edited(&mut self, view: u32, text: Option<String>) {
        match text {
            Some(text) => self.view_acts(view, |view, cx| view.on_edited(&text, cx)),
            None => {
                let words = self.look.say.word("message.editor_nothing").to_owned();
                self.say(Tone::Plain, words);
            }
        }
    }

    /// Text that an editor had saved when it failed stands where it was typed, but is not sent.
    pub(super) fn editor_failed(&mut self, view: u32, failed: &EditorFailed) {
        let mut stands = false;
        if let Some(text) = &failed.saved {
            self.view_acts(view, |view, _| stands = view.on_rescued(text));
        }
        let file = failed
            .file
            .as_ref()
            .map(|f| f.display().to_string())
            .unwrap_or_default();
        let Some(status) = &failed.status else {
            // Nobody is there to read it; the next start says it.
            self.left.extend(Some(file).filter(|file| !file.is_empty()));
            return;
        };
        let word = match (stands, &failed.file) {
            (true, _) => "message.editor_rescued",
            (false, Some(_)) => "message.editor_kept",
            (false, None) => "message.editor_failed",
        };
        let words = self.look.say.fill(
            word,
            &[
                ("editor", &failed.editor),
                ("status", status),
                ("file", &file),
            ],
        );
        self.say(Tone::Bad, words);
        self.save_state();
    }

    /// Tells the worker when the page of another customer is in front, so that others see it.
    pub(super) fn tell_looking(&mut self) {
        let full = self
            .stack
            .get(self.first_drawn())
            .filter(|o| o.view.name() == "account");
        let looking = full.and_then(|o| o.view.subjects(&self.look).first().copied());
        if looking != self.look.looking {
            self.look.looking = looking;
            self.effects.push(Effect::Looking(looking));
        }
    }

    /// The first view that is drawn: what is below the topmost full view is not.
    pub(in crate::tui) fn first_drawn(&self) -> usize {
        self.stack
            .iter()
            .rposition(|o| o.view.place() == Place::Full)
            .unwrap_or(0)
    }

    pub(super) fn watch(&mut self) {
        let mut wanted: HashMap<Slot, Query> = HashMap::from([(COUNTS, Query::Counts)]);
        wanted.extend(self.ask_merged().map(|query| (BECAME, query)));
        for open in &self.stack[self.first_drawn()..] {
            for (part, query) in open.view.watches(&self.look) {
                wanted.insert(open.uid * PARTS + u32::from(part), query);
            }
        }
        let mut ended: Vec<Slot> = self
            .watched
            .keys()
            .filter(|slot| !wanted.contains_key(slot))
            .copied()
            .collect();
        ended.sort_unstable();
        for slot in ended {
            self.watched.remove(&slot);
            self.effects.push(Effect::Unwatch { slot });
        }
        let mut wanted: Vec<(Slot, Query)> = wanted
            .into_iter()
            .filter(|(slot, q)| self.watched.get(slot) != Some(q))
            .collect();
        wanted.sort_unstable_by_key(|(slot, _)| *slot);
        for (slot, query) in wanted {
            self.watched.insert(slot, query.clone());
            self.effects.push(Effect::Watch { slot, query });
        }
    }
}
