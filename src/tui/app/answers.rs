//! What the worker says: pages for the views that asked, receipts, others' writes; and what is watched.

use std::any::Any;
use std::collections::HashMap;
use std::path::PathBuf;

use super::arrived::Arrived;
use super::jobs::Work;
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
use crate::tui::drafts::Key;
use crate::tui::effect::{EditorFailed, Generation, Job, Reading};
use crate::tui::view::{Cx, Declared as _, Place, Step};
use crate::tui::views::clash::ClashBox;
use crate::tui::views::first_run::FirstRun;
use crate::tui::views::import::Import;
use crate::tui::views::merge::{MergeBox, came};

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
                        self.comes(Arrived::View(error.to_string(), Box::new(ask)));
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

    /// A brief is there, so the customers change hands; without one nobody's do, nor where another book is in front by now.
    pub(super) fn briefed(
        &mut self,
        job: Job,
        customers: Vec<Id>,
        to: String,
        result: crate::error::Result<()>,
    ) {
        let here = self.ended(job) == Some(true);
        match result {
            Ok(()) if here => self.top_acts(|_, cx| {
                cx.write(Command::Assign {
                    customers,
                    owner: to,
                });
            }),
            Ok(()) => {
                let words = self
                    .look
                    .say
                    .fill("message.brief_elsewhere", &[("to", &to)]);
                self.say(Tone::Bad, words);
            }
            Err(error) => self.say(Tone::Bad, format!("{error}. {}", error.hints.join(". "))),
        }
    }

    /// Looks at what a copy would bring, or brings it.
    pub(super) fn merge(&mut self, path: PathBuf, dry_run: bool) {
        let job = self.begin(if dry_run {
            Work::MergeLook
        } else {
            Work::Merge
        });
        self.effects.push(Effect::Merge { job, path, dry_run });
    }

    /// What a merge would bring, to look at before it is done; or that it is done.
    pub(super) fn merged(
        &mut self,
        job: Job,
        path: PathBuf,
        dry_run: bool,
        result: crate::error::Result<Box<Report>>,
    ) {
        let here = self.ended(job) == Some(true);
        if dry_run && !here {
            return;
        }
        // The worker comes upon what was merged a moment later.
        self.hushed = Stamp(self.look.now.at.0 + 2_000);
        match result {
            Err(error) => self.say(Tone::Bad, format!("{error}. {}", error.hints.join(". "))),
            Ok(report) if dry_run && (report.arrived() > 0 || !report.left_out.is_empty()) => {
                let what = path
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned())
                    .unwrap_or_default();
                self.comes(Arrived::View(what, Box::new(MergeBox::new(path, *report))));
            }
            // One that lies beside the book is put away, so that nobody is told of it again.
            Ok(_) if dry_run && self.look.copies.contains(&path) => self.merge(path, false),
            Ok(_) if dry_run => {
                let words = self.look.say.word("merge.nothing_new").to_owned();
                self.say(Tone::Good, words);
            }
            Ok(report) => {
                self.look.copies.retain(|copy| *copy != path);
                let open = report.conflicts.len();
                let came: Vec<String> =
                    report.batches.iter().map(|a| came(a, &self.look)).collect();
                let done = if report.arrived() == 0 && report.left_out.is_empty() {
                    "merge.had_all"
                } else {
                    "merge.done"
                };
                let mut words = self.look.say.fill(done, &[("what", &came.join("; "))]);
                if open > 0 {
                    let key = self.look.keymap.key_of("app.conflicts");
                    words.push_str(&self.look.say.fill(
                        "merge.done_conflicts",
                        &[("n", &open.to_string()), ("key", &key)],
                    ));
                }
                if let Some(folder) = report
                    .put_away
                    .as_ref()
                    .and_then(|to| to.parent()?.file_name())
                {
                    words.push_str(
                        &self
                            .look
                            .say
                            .fill("merge.put_away", &[("folder", &folder.to_string_lossy())]),
                    );
                }
                self.say(Tone::Good, words);
            }
        }
    }

    /// How far an import is.
    pub(super) fn reading(&mut self, job: Job, reading: &Reading) {
        if !self.is_running(job) {
            return;
        }
        let say = &self.look.say;
        let [rows, rate] = [reading.rows, reading.rate].map(grouped);
        let rejected = match reading.rejected {
            0 => String::new(),
            n => say.fill("import.reading_rejected", &[("n", &grouped(n as usize))]),
        };
        let left = reading.left.to_string();
        let values = [
            ("file", reading.file.as_str()),
            ("rows", &rows),
            ("rate", &rate),
            ("rejected", &rejected),
            ("left", &left),
        ];
        self.progress = Some(say.fill("import.reading", &values));
    }

    /// Looks at a file, or imports it: one at a time, because the second may find what the first has made.
    pub(super) fn import(&mut self, path: PathBuf, wanted: Box<Wanted>) {
        if self.is_importing() {
            let words = self.look.say.word("import.one_at_a_time").to_owned();
            return self.say(Tone::Bad, words);
        }
        let job = self.begin(if wanted.dry_run {
            Work::Look
        } else {
            Work::Import
        });
        self.effects.push(Effect::Import { job, path, wanted });
    }

    /// What an import would do, to look at before it is done; or that it is done. The book is read anew under what is open, as for
    /// anybody else's writes.
    pub(super) fn imported(
        &mut self,
        job: Job,
        path: PathBuf,
        wanted: Wanted,
        result: crate::error::Result<Box<import::Report>>,
    ) {
        let Some(here) = self.ended(job) else { return };
        // The worker comes upon what was imported a moment later.
        self.hushed = Stamp(self.look.now.at.0 + 2_000);
        match result {
            Err(error) => self.say(Tone::Bad, format!("{error}. {}", error.hints.join(". "))),
            Ok(report) if report.end == import::End::Cancelled => {
                let words = self.look.say.word("import.stopped").to_owned();
                self.say(Tone::Plain, words);
            }
            Ok(_) if wanted.dry_run && !here => {}
            Ok(report) if wanted.dry_run => self.looked_at(path, wanted, *report),
            Ok(report) => {
                let words = match report.end {
                    import::End::NothingNew => self.look.say.word("import.nothing_new").to_owned(),
                    _ if report.rejected() > 0 => self.look.say.fill(
                        "import.done_rejected",
                        &[
                            ("label", &report.label),
                            ("n", &report.rejected().to_string()),
                        ],
                    ),
                    _ => report.label.clone(),
                };
                self.say(Tone::Good, words);
                if here && report.end == import::End::Written {
                    // The welcome has done what it is for.
                    let welcome = self
                        .stack
                        .iter()
                        .find(|o| o.view.name() == FirstRun::NAME)
                        .map(|o| o.uid);
                    welcome.into_iter().for_each(|uid| self.close(uid));
                }
            }
        }
    }

    fn looked_at(&mut self, path: PathBuf, wanted: Wanted, report: import::Report) {
        self.look.imported = Some((path.clone(), std::sync::Arc::new(report)));
        let open = self
            .stack
            .iter()
            .rev()
            .find(|o| o.view.file() == Some(&path))
            .map(|o| o.uid);
        if let Some(uid) = open {
            self.view_acts(uid, |view, cx| {
                let view: &mut dyn Any = view;
                if let Some(import) = view.downcast_mut::<Import>() {
                    import.fit(cx.look);
                }
            });
        } else {
            let what = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            let view = Import::new(path, wanted, &self.look);
            self.comes(Arrived::View(what, Box::new(view)));
        }
    }

    /// The demo book is there, to be looked at.
    pub(super) fn made(&mut self, job: Job, path: PathBuf, result: crate::error::Result<()>) {
        let here = self.ended(job) == Some(true);
        match result {
            Ok(()) if here => self.comes(Arrived::Book(path)),
            Ok(()) => {}
            Err(error) => self.say(Tone::Bad, error.to_string()),
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
