//! What the worker says: pages for the views that asked, receipts, others' writes; and what is watched.

use std::collections::HashMap;
use std::path::PathBuf;

use super::{App, BECAME, COUNTS, Effect, PARTS, Timer, Tone};
use crate::domain::clash::Clash;
use crate::domain::command::{Command, Receipt};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::domain::time::Stamp;
use crate::error::Error;
use crate::store::merge::Report;
use crate::store::worker::{Answer, Slot};
use crate::transfer::import::{self, Wanted};
use crate::tui::chrome::grouped;
use crate::tui::effect::{EditorFailed, Reading};
use crate::tui::view::Place;
use crate::tui::view::Screen;
use crate::tui::views::clash::ClashBox;
use crate::tui::views::import::Import;
use crate::tui::views::merge::{MergeBox, came};

impl App {
    pub(super) fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Ready { roster, config, path, mode, exchanges, read_only, past } => {
                let again = self.look.roster.is_some();
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
                if self.welcomes && !again && nobody && self.look.read_only.is_none() && self.stack.len() == 1 {
                    self.welcome();
                }
                self.timer(Timer::Quiet, 30);
            }
            Answer::Refused(error) => {
                let hints = error.hints.join(". ");
                self.say(Tone::Bad, format!("{error}. {hints}"));
                // Without a book there is nothing else to see: the reason stays.
                self.timers.remove(&Timer::Toast);
            }
            Answer::Page { slot: COUNTS, page, .. } => {
                if let Page::Counts(counts) = page.as_ref() {
                    self.look.counts = counts.clone();
                }
            }
            Answer::Page { slot: BECAME, page, .. } => {
                if let Page::Became(became) = page.as_ref() {
                    self.follow_merged(became);
                }
            }
            Answer::Page { slot, query, page } => {
                if self.watched.get(&slot) == Some(&query) {
                    self.view_acts(slot / PARTS, |view, cx| view.on_page((slot % PARTS) as u8, &page, cx));
                }
            }
            Answer::Failed { slot, query, error } => {
                if self.watched.get(&slot) == Some(&query) {
                    let text = error.to_string();
                    self.view_acts(slot / PARTS, |view, cx| view.on_failed((slot % PARTS) as u8, &text, cx));
                }
            }
            Answer::Written { ticket, result } => self.written(ticket, &result),
            Answer::Foreign { .. } if self.look.now.at < self.hushed => {}
            Answer::Foreign { person, label, .. } => {
                let words = self.look.say.fill("message.foreign", &[("person", &person), ("label", &label)]);
                self.say(Tone::Plain, words);
            }
            // For the hooks, not for the screens.
            Answer::Batch(_) => {}
            Answer::Told(words) => self.say(Tone::Bad, words),
            Answer::Copies(copies) => {
                let key = self.look.keymap.get("app.merge").map(crate::tui::keymap::Action::key).unwrap_or_default();
                let name = copies[0].file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                let n = copies.len().to_string();
                let word = if copies.len() == 1 { "merge.one_copy" } else { "merge.copies" };
                let words = self.look.say.fill(word, &[("n", &n), ("name", &name), ("key", &key)]);
                self.look.copies = copies;
                self.say(Tone::Bad, words);
            }
            Answer::Presence(here) => self.look.here = here,
            Answer::Waiting(waiting) => self.waiting = waiting,
        }
    }

    pub(super) fn written(&mut self, ticket: u64, result: &Result<Receipt, Error>) {
        let Some(command) = self.pending.remove(&ticket) else { return };
        let typed = self.sent.remove(&ticket);
        if typed.is_some() {
            // The state file has it as a draft until now.
            self.timer(Timer::Drafts, 2_000);
        }
        match result {
            Ok(Receipt { queued: Some(why), .. }) => {
                let words = self.look.say.fill("message.queued", &[("why", why)]);
                self.say(Tone::Bad, words);
                // What was shown early is not in the book yet.
                self.watched.clear();
            }
            Ok(receipt) => {
                let mut text = receipt.label.clone();
                if let Some((_, why)) = receipt.skipped.first() {
                    let n = receipt.skipped.len().to_string();
                    text.push_str(&self.look.say.fill("message.skipped", &[("n", &n), ("why", why)]));
                }
                let undoable = receipt.batch.is_some() && (matches!(command, Command::Redo) || !command.is_undo());
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
                let hints = if error.hints.is_empty() { String::new() } else { format!(". {}", error.hints.join(". ")) };
                self.say(Tone::Bad, format!("{error}{hints}"));
                // What was shown early did not happen: everything in sight is asked for again.
                self.watched.clear();
                if let Some((key, text)) = &typed {
                    self.keep_refused(key, text.clone());
                    let list = self.look.keymap.get("app.drafts").map(crate::tui::keymap::Action::key).unwrap_or_default();
                    let kept = self.look.say.fill("message.typed_kept", &[("key", &list)]);
                    self.say(Tone::Bad, format!("{error}. {kept}"));
                }
                if let Some(clash) = Clash::of(error) {
                    // The dialog says it all.
                    self.toast = None;
                    let form = self.stack.iter().any(|o| o.view.name() == "form");
                    let ask = ClashBox::new(clash.clone(), command.clone(), form);
                    self.push(Box::new(ask));
                }
            }
        }
        let uids: Vec<u32> = self.stack.iter().map(|o| o.uid).collect();
        for uid in uids {
            self.view_acts(uid, |view, cx| view.on_written(&command, result, cx));
        }
    }

    /// What a merge would bring, to look at before it is done; or that it is done.
    /// A brief is there, so the customers change hands; without one nobody's do.
    pub(super) fn briefed(&mut self, customers: Vec<Id>, to: String, result: crate::error::Result<()>) {
        match result {
            Ok(()) => self.top_acts(|_, cx| {
                cx.write(Command::Assign { customers, owner: to });
            }),
            Err(error) => self.say(Tone::Bad, format!("{error}. {}", error.hints.join(". "))),
        }
    }

    pub(super) fn merged(&mut self, path: PathBuf, dry_run: bool, result: crate::error::Result<Box<Report>>) {
        // The worker comes upon what was merged a moment later.
        self.hushed = Stamp(self.look.now.at.0 + 2_000);
        match result {
            Err(error) => self.say(Tone::Bad, format!("{error}. {}", error.hints.join(". "))),
            Ok(report) if dry_run && (report.arrived() > 0 || !report.left_out.is_empty()) => {
                self.toast = None;
                self.push(Box::new(MergeBox::new(path, *report)));
            }
            // One that lies beside the book is put away, so that nobody is told of it again.
            Ok(_) if dry_run && self.look.copies.contains(&path) => self.effects.push(Effect::Merge { path, dry_run: false }),
            Ok(_) if dry_run => {
                let words = self.look.say.word("merge.nothing_new").to_owned();
                self.say(Tone::Good, words);
            }
            Ok(report) => {
                self.look.copies.retain(|copy| *copy != path);
                let open = report.conflicts.len();
                let came: Vec<String> = report.batches.iter().map(|a| came(a, &self.look)).collect();
                let done = if report.arrived() == 0 && report.left_out.is_empty() { "merge.had_all" } else { "merge.done" };
                let mut words = self.look.say.fill(done, &[("what", &came.join("; "))]);
                if open > 0 {
                    let key = self.look.keymap.get("app.conflicts").map(crate::tui::keymap::Action::key).unwrap_or_default();
                    words.push_str(&self.look.say.fill("merge.done_conflicts", &[("n", &open.to_string()), ("key", &key)]));
                }
                if let Some(folder) = report.put_away.as_ref().and_then(|to| to.parent()?.file_name()) {
                    words.push_str(&self.look.say.fill("merge.put_away", &[("folder", &folder.to_string_lossy())]));
                }
                self.say(Tone::Good, words);
            }
        }
    }

    /// How far an import is.
    pub(super) fn reading(&mut self, reading: &Reading) {
        self.importing = true;
        let say = &self.look.say;
        let [rows, rate] = [reading.rows, reading.rate].map(grouped);
        let rejected = match reading.rejected {
            0 => String::new(),
            n => say.fill("import.reading_rejected", &[("n", &grouped(n as usize))]),
        };
        let left = reading.left.to_string();
        let values = [("file", reading.file.as_str()), ("rows", &rows), ("rate", &rate), ("rejected", &rejected), ("left", &left)];
        let words = say.fill("import.reading", &values);
        self.say(Tone::Plain, words);
    }

    /// What an import would do, to look at before it is done; or that it is done.
    pub(super) fn imported(&mut self, path: PathBuf, wanted: Wanted, result: crate::error::Result<Box<import::Report>>) {
        self.importing = false;
        match result {
            Err(error) => self.say(Tone::Bad, format!("{error}. {}", error.hints.join(". "))),
            Ok(report) if report.end == import::End::Cancelled => {
                let words = self.look.say.word("import.stopped").to_owned();
                self.say(Tone::Plain, words);
            }
            Ok(report) if wanted.dry_run => {
                self.toast = None;
                self.look.imported = Some(std::sync::Arc::new(*report));
                match self.stack.iter().find(|o| o.view.name() == Import::NAME).map(|o| o.uid) {
                    Some(uid) => self.view_acts(uid, |view, cx| view.told(&serde_json::Value::Null, cx)),
                    None => {
                        let view = Import::new(path, wanted, &self.look);
                        self.push(Box::new(view));
                    }
                }
            }
            Ok(report) => {
                let words = match report.end {
                    import::End::NothingNew => self.look.say.word("import.nothing_new").to_owned(),
                    _ if report.rejected() > 0 => {
                        self.look.say.fill("import.done_rejected", &[("label", &report.label), ("n", &report.rejected().to_string())])
                    }
                    _ => report.label.clone(),
                };
                self.look.imported = None;
                self.say(Tone::Good, words);
            }
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
        let file = failed.file.as_ref().map(|f| f.display().to_string()).unwrap_or_default();
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
        let words = self.look.say.fill(word, &[("editor", &failed.editor), ("status", status), ("file", &file)]);
        self.say(Tone::Bad, words);
        self.save_state();
    }

    /// Tells the worker when the page of another customer is in front, so that others see it.
    pub(super) fn tell_looking(&mut self) {
        let full = self.stack.get(self.first_drawn()).filter(|o| o.view.name() == "account");
        let looking = full.and_then(|o| o.view.subjects(&self.look).first().copied());
        if looking != self.look.looking {
            self.look.looking = looking;
            self.effects.push(Effect::Looking(looking));
        }
    }

    /// The first view that is drawn: what is below the topmost full view is not.
    pub(in crate::tui) fn first_drawn(&self) -> usize {
        self.stack.iter().rposition(|o| o.view.place() == Place::Full).unwrap_or(0)
    }

    pub(super) fn watch(&mut self) {
        let mut wanted: HashMap<Slot, Query> = HashMap::from([(COUNTS, Query::Counts)]);
        wanted.extend(self.ask_merged().map(|query| (BECAME, query)));
        for open in &self.stack[self.first_drawn()..] {
            for (part, query) in open.view.watches(&self.look) {
                wanted.insert(open.uid * PARTS + u32::from(part), query);
            }
        }
        let mut ended: Vec<Slot> = self.watched.keys().filter(|slot| !wanted.contains_key(slot)).copied().collect();
        ended.sort_unstable();
        for slot in ended {
            self.watched.remove(&slot);
            self.effects.push(Effect::Unwatch { slot });
        }
        let mut wanted: Vec<(Slot, Query)> = wanted.into_iter().filter(|(slot, q)| self.watched.get(slot) != Some(q)).collect();
        wanted.sort_unstable_by_key(|(slot, _)| *slot);
        for (slot, query) in wanted {
            self.watched.insert(slot, query.clone());
            self.effects.push(Effect::Watch { slot, query });
        }
    }
}
