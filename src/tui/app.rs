//! The app: a flat stack of views, `update` from a message to effects, `draw` that changes nothing.

mod answers;
mod arrived;
mod input;
pub(in crate::tui) mod jobs;
mod kept;
mod places;

use std::any::Any;
use std::collections::{BTreeMap, HashMap, VecDeque};

use serde_json::Value;

use crossterm::event::Event;

use super::canvas::Drawn;
use super::clipboard::Copy;
use super::drafts;
use super::effect::{Effect, Generation, Msg};
use super::key::Key;
use super::look::Look;
use super::step::{AppStep, Incoming, Step, Tell, Tone};
use super::verbs;
use super::view::{Place, View};
use super::views::{root, screen_of};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::query::Query;
use crate::domain::time::{Moment, Stamp};
use crate::error::Error;
use crate::store::worker::Slot;
use crate::text::safe_cells;
use crate::tui::go::Go;

/// What the app waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Timer {
    /// The message goes away.
    Toast,
    /// The hint box of a prefix key comes.
    Hint,
    /// The preview follows.
    Quiet,
    /// Drafts are stored.
    Drafts,
}

/// One view of the stack.
pub(super) struct Open {
    uid: u32,
    pub(super) view: Box<dyn View>,
    // Something that it asked for has come: until then it has no rows to act on.
    answered: bool,
}

/// What a view is asked for its page by.
const PARTS: u32 = 16;
/// The slot of the tabs' counts.
const COUNTS: Slot = 0;
/// The slot of what customers of drafts have become.
const BECAME: Slot = 1;

/// The whole state of the screens.
pub struct App {
    /// What views read.
    pub look: Look,
    pub(super) stack: Vec<Open>,
    // Stacks of the tabs that are not in front, by the name of their root.
    parked: HashMap<&'static str, Vec<Open>>,
    // The tab from which a figure was opened as a list: going back from the list leads there.
    opened_from: Option<&'static str>,
    // Whether a book that nobody is in begins with the welcome screen.
    welcomes: bool,
    back: Vec<Vec<Go>>,
    forward: Vec<Vec<Go>>,
    uids: u32,
    tickets: u64,
    // Writes that are not answered yet, and by which worker they are done.
    pending: HashMap<u64, (Generation, Command)>,
    // What was typed for writes that are not answered yet: what it is a draft of, and the text.
    sent: HashMap<u64, (drafts::Key, String)>,
    // Writes that were refused before anybody was asked.
    unwritten: Vec<(u64, Error)>,
    // Files of editors that were open when the screens ended: told at the next start.
    left: Vec<String>,
    watched: HashMap<Slot, Query>,
    pub(super) typed: Vec<Key>,
    pub(super) hint: bool,
    timers: BTreeMap<Timer, Stamp>,
    /// When the cursor last stepped.
    stepped: Stamp,
    pub(super) toast: Option<(Tone, String, bool)>,
    pub(super) waiting: Option<String>,
    /// Something that would be typed was refused: what is typed behind it is no key, until Esc or Enter.
    pub(super) refused: Option<String>,
    /// The worker of the book in front.
    worker: Generation,
    /// What runs on threads of its own.
    jobs: Vec<jobs::Running>,
    /// How far an import is.
    pub(super) progress: Option<String>,
    /// What came while somebody typed, and waits.
    arrived: VecDeque<Incoming>,
    // The view that came by itself, and until when it takes no key.
    deaf: Option<(u32, Stamp)>,
    // The question before work is lost.
    asked_to_leave: Option<u32>,
    // Keys and pastes that came before the view in front was ready for them.
    early: VecDeque<Event>,
    // The book in front could not be opened: no page will come.
    no_book: bool,
    pub(super) note: Option<String>,
    // Until when others' writes are not told one by one: a merge says them all in one message.
    hushed: Stamp,
    drawn: Drawn,
    mouse: bool,
    leaving: bool,
    quitting: bool,
    saved: String,
    effects: Vec<Effect>,
}

/// Milliseconds between two steps of the cursor below which it runs.
const STEP: i64 = 50;

impl App {
    /// An app with a look, at a saved state (`Value::Null` for none).
    pub fn new(look: Look, state: &Value) -> App {
        let mut app = App {
            look,
            stack: Vec::new(),
            parked: HashMap::new(),
            opened_from: None,
            welcomes: false,
            back: Vec::new(),
            forward: Vec::new(),
            uids: 0,
            tickets: 0,
            pending: HashMap::new(),
            sent: HashMap::new(),
            unwritten: Vec::new(),
            left: Vec::new(),
            watched: HashMap::new(),
            typed: Vec::new(),
            hint: false,
            timers: BTreeMap::new(),
            stepped: Stamp(0),
            toast: None,
            waiting: None,
            refused: None,
            worker: 0,
            jobs: Vec::new(),
            progress: None,
            arrived: VecDeque::new(),
            deaf: None,
            asked_to_leave: None,
            early: VecDeque::new(),
            no_book: false,
            note: None,
            hushed: Stamp(0),
            drawn: Drawn::default(),
            mouse: true,
            leaving: false,
            quitting: false,
            saved: String::new(),
            effects: Vec::new(),
        };
        app.load(state);
        app
    }

    /// What was watched at the start; to be called once after [`App::new`].
    pub fn start(&mut self) -> Vec<Effect> {
        self.watch();
        std::mem::take(&mut self.effects)
    }

    /// Takes one message and says what has to be done. `now` is when it came.
    pub fn update(&mut self, msg: Msg, now: Stamp) -> Vec<Effect> {
        self.tell_time(now);
        match msg {
            Msg::Input(event) => self.input(event),
            Msg::Answer(of, answer) => self.answer(of, answer),
            Msg::Told(words) => self.say(Tone::Bad, words),
            Msg::Leave => self.quit_now(),
            Msg::Timer => {}
            Msg::Edited { view, text } => self.edited(view, text),
            Msg::EditorFailed { view, failed } => self.editor_failed(view, &failed),
            Msg::Kept(kept) => self.take_kept(&kept),
            Msg::Done(job, ended) => self.done(job, ended),
            Msg::Reading(job, reading) => self.reading(job, &reading),
            Msg::Keys(text) => self.take_keys(&text),
            Msg::Said { good, text } => self.say(if good { Tone::Good } else { Tone::Bad }, text),
        }
        self.timers_due(now);
        self.take_early();
        self.watch();
        self.tell_looking();
        std::mem::take(&mut self.effects)
    }

    /// When the next timer is due.
    pub fn deadline(&self) -> Option<Stamp> {
        self.timers.values().min().copied()
    }

    /// True once the app has asked to quit.
    pub fn quits(&self) -> bool {
        self.quitting
    }

    /// Keeps what drawing found out for the next click or page key.
    pub fn seen(&mut self, drawn: Drawn) {
        self.look.list_rows = drawn.list_rows;
        self.drawn = drawn;
    }

    /// What was begun last on a thread of its own.
    #[cfg(test)]
    pub(super) fn last_job(&self) -> Option<super::bench::JobNo> {
        self.jobs.last().map(jobs::Running::no)
    }

    /// The number of the worker that is heard.
    #[cfg(test)]
    pub(super) fn worker(&self) -> Generation {
        self.worker
    }

    /// The view that has the keys.
    pub fn top(&self) -> &dyn View {
        self.stack
            .last()
            .expect("the stack has a root view from the start")
            .view
            .as_ref()
    }

    /// Shows a sentence that stays until a key is pressed: what is wrong with a config file.
    pub fn warn(&mut self, text: String) {
        self.say(Tone::Bad, text);
    }

    /// Copies a text as it is shown: what comes from outside reaches no other program as it was.
    fn copy(&mut self, text: &str, what: String) {
        self.run(Box::new(Copy {
            text: safe_cells(text),
            what,
        }));
    }

    /// Puts new keys in place at once. With a mistake in them the old ones stay, and the mistake is told with its line.
    fn take_keys(&mut self, text: &str) {
        let mut keymap = super::default_keymap();
        let wrong = keymap.overlay(text);
        if let Some(first) = wrong.first() {
            let words = self.look.say.fill("message.keys_stay", &[("why", first)]);
            return self.say(Tone::Bad, words);
        }
        self.look.keymap = keymap;
        self.typed.clear();
        let words = self.look.say.word("message.keys_new").to_owned();
        self.say(Tone::Good, words);
    }

    /// Begins with the welcome screen wherever the book turns out to have nobody in it.
    pub fn welcome_when_empty(&mut self) {
        self.welcomes = true;
    }

    /// Begins with the welcome screen.
    pub fn welcome(&mut self) {
        self.open(&Go::FirstRun);
    }

    fn tell_time(&mut self, now: Stamp) {
        // A write that changes the config loads the roster anew with it.
        let config = self.look.read().map(|r| r.config.clone());
        if let Some(config) = config.filter(|c| !std::sync::Arc::ptr_eq(c, &self.look.config)) {
            self.look.config = config;
        }
        let fixed = self.look.roster.as_ref().map(|_| self.look.now.today);
        let mut moment = Moment::new(now, self.look.config.zone);
        if let Some(today) = fixed {
            // The roster's day is the day of every figure; the worker changes it at midnight.
            moment.today = self.look.read().map_or(today, |r| r.today);
        }
        self.look.now = moment;
    }

    fn timer(&mut self, timer: Timer, ms: i64) {
        self.timers.insert(timer, Stamp(self.look.now.at.0 + ms));
    }

    /// The preview follows the cursor: at once when the cursor steps, after 30 ms of quiet when it runs. Either way a frame with
    /// the cursor in its place is drawn before.
    fn follow(&mut self) {
        let before = std::mem::replace(&mut self.stepped, self.look.now.at);
        let runs = self.stepped.0 - before.0 < STEP;
        self.timer(Timer::Quiet, if runs { 30 } else { 0 });
    }

    fn timers_due(&mut self, now: Stamp) {
        let due: Vec<Timer> = self
            .timers
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(t, _)| *t)
            .collect();
        for timer in due {
            self.timers.remove(&timer);
            match timer {
                Timer::Toast => self.toast = None,
                Timer::Hint => self.hint = !self.typed.is_empty(),
                Timer::Quiet => {
                    for open in &mut self.stack {
                        open.view.quiet(&self.look);
                    }
                }
                Timer::Drafts => self.save_state(),
            }
        }
    }

    fn say(&mut self, tone: Tone, text: String) {
        self.toast = Some((tone, text, false));
        self.timer(Timer::Toast, if tone == Tone::Bad { 15_000 } else { 8_000 });
    }

    fn carry_out(&mut self, uid: u32, steps: Vec<Step>) {
        let tickets: Vec<u64> = steps
            .iter()
            .filter_map(|s| {
                if let Step::Write(ticket, _) = s {
                    Some(*ticket)
                } else {
                    None
                }
            })
            .collect();
        for step in steps {
            match step {
                Step::Write(ticket, command) => self.write(ticket, *command),
                Step::Open(view) => self.push(view),
                Step::Go(to) => self.open(&to),
                Step::Close => self.close(uid),
                Step::Toast(tone, text) => self.say(tone, text),
                Step::Also(more) => {
                    if let Some((_, text, _)) = &mut self.toast {
                        text.push_str(&more);
                    }
                }
                Step::Copy(text, what) => self.copy(&text, what),
                Step::Editor(text) => {
                    // Nobody knows what becomes of the terminal meanwhile.
                    self.save_state();
                    self.effects.push(Effect::Editor { view: uid, text });
                }
                Step::Tell(tell) => self.tell(tell),
                Step::Comes(arrived) => self.comes(arrived),
                Step::Run(job) => self.run(job),
                Step::Neighbour(by) => self.neighbour(uid, by),
                Step::Act(id) => self.act_by_id(&id),
                Step::Quiet => self.follow(),
                Step::Forget(key) => {
                    self.look.drafts.remove(&key);
                    self.timer(Timer::Drafts, 2_000);
                }
                Step::Keep(key, text) => {
                    self.look.keep_draft(&key, text);
                    self.timer(Timer::Drafts, 2_000);
                }
                Step::Offer(key) => self.look.drafts.offer(&key),
                Step::Sent(key, text) => {
                    self.look.drafts.remove(&key);
                    self.sent
                        .extend(tickets.iter().map(|t| (*t, (key.clone(), text.clone()))));
                }
                Step::App(step) => self.app_step(step),
            }
        }
        for (ticket, why) in std::mem::take(&mut self.unwritten) {
            self.written(self.worker, ticket, &Err(why));
        }
    }

    fn tell(&mut self, tell: Tell) {
        let to = self.stack.iter().rev().find(|open| {
            let view: &dyn Any = open.view.as_ref();
            (tell.fits)(view)
        });
        match (to.map(|open| open.uid), tell.or) {
            (Some(uid), _) => self.view_acts(uid, |view, cx| (tell.act)(view, cx)),
            (None, Some(arrived)) => self.comes(arrived),
            (None, None) => {}
        }
    }

    fn app_step(&mut self, step: AppStep) {
        match step {
            AppStep::Back => self.back_or_quit(),
            AppStep::Escape if self.has_back() => self.back_or_quit(),
            AppStep::Escape => self.clear_filter(),
            AppStep::Quit => self.quit(),
            AppStep::QuitNow => self.quit_now(),
            AppStep::Suspend => match self.writing() {
                // What stands still with a lock keeps everybody else out.
                Some(what) => {
                    let words = self.look.say.fill("message.no_suspend", &[("what", &what)]);
                    self.say(Tone::Plain, words);
                }
                None => {
                    self.save_state();
                    self.effects.push(Effect::Suspend);
                }
            },
            AppStep::Arrived => self.let_first_in(),
            AppStep::Repaint => self.effects.push(Effect::Repaint),
            AppStep::Over(to) => self.go_over(&to),
            AppStep::History(by) => self.history(by),
            AppStep::Preview => self.look.preview = !self.look.preview,
            AppStep::Mouse => {
                self.mouse = !self.mouse;
                self.effects.push(Effect::Mouse(self.mouse));
                let words = self
                    .look
                    .say
                    .word(if self.mouse {
                        "message.mouse_on"
                    } else {
                        "message.mouse_off"
                    })
                    .to_owned();
                self.say(Tone::Plain, words);
            }
            AppStep::Bookmark(customer) => self.bookmark(customer),
            AppStep::OpenBook(path) => self.open_book(path),
            AppStep::AskExport => self.ask_export(),
            AppStep::Hush(ms) => self.hushed = Stamp(self.look.now.at.0 + ms),
            AppStep::PutAway(path) => self.look.copies.retain(|copy| *copy != path),
            AppStep::CopyByTerminal(text) => self.effects.push(Effect::CopyByTerminal(text)),
            AppStep::Past(day) => self.turn_to(day),
            AppStep::PassOver(batch) => self.look.passed.push(batch),
        }
    }

    fn write(&mut self, ticket: u64, command: Command) {
        if let Some(why) = self.look.read_only.clone() {
            let why = if self.look.past.is_some() {
                self.look.say.word("why_not.past").to_owned()
            } else {
                why
            };
            // Told like any refusal, once all steps are carried out: what was typed for it is kept.
            self.unwritten.push((ticket, Error::failed(why)));
            self.pending.insert(ticket, (self.worker, command));
            return;
        }
        self.look.ticket = ticket;
        for open in &mut self.stack {
            open.view.on_write(&command, &self.look);
        }
        if verbs::repeatable(&command) {
            self.look.last = Some(command.clone());
        }
        self.effects.push(Effect::Write {
            ticket,
            command: Box::new(command.clone()),
        });
        self.pending.insert(ticket, (self.worker, command));
    }

    /// Puts a view on top.
    pub(super) fn push(&mut self, view: Box<dyn View>) {
        self.typed.clear();
        if view.place() == Place::Full {
            self.leave_mark();
        }
        let open = self.opened(view);
        self.stack.push(open);
        self.timer(Timer::Quiet, 30);
    }

    pub(super) fn opened(&mut self, view: Box<dyn View>) -> Open {
        self.uids += 1;
        Open {
            uid: self.uids,
            view,
            answered: false,
        }
    }

    fn open(&mut self, to: &Go) {
        let screen = screen_of(to);
        if screen.tab.is_none() {
            self.visit(to);
            return self.push((screen.make)(to));
        }
        self.leave_mark();
        let from = self.stack.first().map(|o| o.view.name());
        let from = from.filter(|from| *from != screen.name && !to.is_bare());
        self.go_root(screen.name);
        self.opened_from = from.filter(|from| root(from).is_some());
        if let Some(open) = self.stack.last_mut().filter(|_| !to.is_bare()) {
            open.view.restore(to);
        }
    }

    fn close(&mut self, uid: u32) {
        let Some(at) = self
            .stack
            .iter()
            .position(|o| o.uid == uid)
            .filter(|at| *at > 0)
        else {
            return;
        };
        if at + 1 == self.stack.len() {
            self.early.clear();
        }
        if let Some((key, text)) = self.stack[at].view.draft() {
            self.look.keep_draft(&key, text);
        }
        if self.stack[at].view.place() == Place::Full {
            self.leave_mark();
        }
        self.stack.remove(at);
        self.timer(Timer::Drafts, 2_000);
    }

    fn back_or_quit(&mut self) {
        match self.stack.last() {
            Some(open) if self.stack.len() > 1 => {
                let uid = open.uid;
                self.close(uid);
            }
            _ => match self.opened_from.take() {
                Some(tab) => {
                    self.leave_mark();
                    self.go_root(tab);
                }
                None => self.quit(),
            },
        }
    }

    /// Esc at the top of a tab: what is set goes, and nothing else happens. A screen's own Esc row has cleared marks already.
    fn clear_filter(&mut self) {
        let (top, look) = (self.top(), &self.look);
        let row = look
            .keymap
            .of(top.name())
            .iter()
            .find(|a| a.label == "clear_filter" && top.applies(a.index, look).is_ok());
        if let Some(index) = row.map(|a| a.index) {
            self.top_acts(|view, cx| view.run(index, cx));
        }
    }

    /// True where going back does not end the program.
    pub(super) fn has_back(&self) -> bool {
        self.stack.len() > 1 || self.opened_from.is_some()
    }

    fn quit(&mut self) {
        // Asked once more with the question in front, it is meant.
        if self
            .asked_to_leave
            .is_some_and(|uid| self.stack.last().is_some_and(|open| open.uid == uid))
        {
            return self.quit_now();
        }
        match self.writing() {
            Some(what) => self.ask_to_leave(&what),
            None => self.quit_now(),
        }
    }

    fn quit_now(&mut self) {
        self.save_state();
        self.quitting = true;
        self.effects.push(Effect::Quit);
    }

    fn neighbour(&mut self, uid: u32, by: i32) {
        let below = self.stack.iter().rposition(|o| o.uid == uid).unwrap_or(0);
        let mut found: Option<Id> = None;
        for open in self.stack[..below].iter_mut().rev() {
            found = open.view.step(by, &self.look);
            if found.is_some() {
                break;
            }
        }
        if let Some(customer) = found {
            self.view_acts(uid, |view, cx| view.show(customer, cx));
        } else {
            let words = self.look.say.word("message.no_more").to_owned();
            self.say(Tone::Plain, words);
        }
    }
}

#[cfg(test)]
mod hands;
#[cfg(test)]
mod tests;
