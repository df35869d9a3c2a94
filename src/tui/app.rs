//! The app: a flat stack of views, `update` from a message to effects, `draw` that changes nothing.

mod answers;
mod kept;
mod places;

use std::collections::{BTreeMap, HashMap};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, MouseButton, MouseEventKind};
use ratatui::layout::Position;
use serde_json::{Value, json};

use super::canvas::{Drawn, Hit};
use super::clipboard;
use super::drafts;
use super::effect::{Effect, Msg};
use super::key::{Key, show};
use super::keymap::Reached;
use super::verbs;
use super::view::{AppStep, Cx, Look, Place, Step, Tone, View};
use super::views::{self, SCREENS};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::query::Query;
use crate::domain::time::{Moment, Stamp};
use crate::error::Error;
use crate::store::worker::Slot;
use crate::text::safe_cells;

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
    back: Vec<Value>,
    forward: Vec<Value>,
    uids: u32,
    tickets: u64,
    pending: HashMap<u64, Command>,
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
    /// An import is under way.
    pub(super) importing: bool,
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
            importing: false,
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
            Msg::Answer(answer) => self.answer(answer),
            Msg::Leave => self.quit(),
            Msg::Timer => {}
            Msg::Edited { view, text } => self.edited(view, text),
            Msg::EditorFailed { view, failed } => self.editor_failed(view, &failed),
            Msg::Kept(kept) => self.take_kept(&kept),
            Msg::Book(path) => {
                self.fresh();
                self.effects.push(Effect::OpenBook(path));
            }
            Msg::Copied { text, what, tool } => self.copied(text, &what, tool),
            Msg::Keys(text) => self.take_keys(&text),
            Msg::Briefed { customers, to, result } => self.briefed(customers, to, result),
            Msg::Merged { path, dry_run, result } => self.merged(path, dry_run, result),
            Msg::Importing(reading) => self.reading(&reading),
            Msg::Imported { path, wanted, result } => self.imported(path, *wanted, result),
            Msg::Exported { path, rows } => self.exported(&path, rows),
            Msg::Mailing { link, opened } => self.mailing(&link, opened),
            Msg::Said { good, text } => self.say(if good { Tone::Good } else { Tone::Bad }, text),
        }
        self.timers_due(now);
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

    /// The view that has the keys.
    pub fn top(&self) -> &dyn View {
        self.stack.last().expect("the stack has a root view from the start").view.as_ref()
    }

    /// Shows a sentence that stays until a key is pressed: what is wrong with a config file.
    pub fn warn(&mut self, text: String) {
        self.say(Tone::Bad, text);
    }

    /// Copies a text as it is shown: what comes from outside reaches no other program as it was.
    pub(super) fn copy(&mut self, text: &str, what: String) {
        self.effects.push(Effect::Copy { text: safe_cells(text), what });
    }

    /// Says the truth about a copy; where no program of this machine took it, the terminal is asked to.
    fn copied(&mut self, text: String, what: &str, tool: Option<&str>) {
        let n = text.len().to_string();
        if let Some(tool) = tool {
            let words = self.look.say.fill("message.copied", &[("what", what), ("tool", tool)]);
            return self.say(Tone::Good, words);
        }
        if text.len() > clipboard::MOST_BY_TERMINAL {
            let most = clipboard::MOST_BY_TERMINAL.to_string();
            let words = self.look.say.fill("message.too_long", &[("what", what), ("n", &n), ("most", &most)]);
            return self.say(Tone::Bad, words);
        }
        self.effects.push(Effect::CopyByTerminal(text));
        let words = self.look.say.fill("message.copied_by_terminal", &[("what", what), ("n", &n)]);
        self.say(Tone::Good, words);
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
        self.open("first_run", &Value::Null);
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
        let due: Vec<Timer> = self.timers.iter().filter(|(_, at)| **at <= now).map(|(t, _)| *t).collect();
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

    // ---- input ----

    fn input(&mut self, event: Event) {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.key(&key),
            Event::Paste(text) => self.paste(&text),
            Event::Resize(w, h) => self.look.size = (w, h),
            Event::FocusGained => self.effects.push(Effect::Focus(true)),
            Event::FocusLost => self.effects.push(Effect::Focus(false)),
            Event::Mouse(mouse) => {
                let at = Position::new(mouse.column, mouse.row);
                match mouse.kind {
                    MouseEventKind::Down(MouseButton::Left) => self.click(at),
                    MouseEventKind::ScrollDown => self.hit(Hit::Wheel(1)),
                    MouseEventKind::ScrollUp => self.hit(Hit::Wheel(-1)),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn click(&mut self, at: Position) {
        let hit = self.drawn.hits.iter().rev().find(|(area, _)| area.contains(at)).map(|(_, hit)| *hit);
        if let Some(hit) = hit {
            self.hit(hit);
        }
    }

    fn hit(&mut self, hit: Hit) {
        self.refused = None;
        if let Hit::Tab(tab) = hit {
            return self.go_tab(tab);
        }
        self.top_acts(|view, cx| view.on_hit(hit, cx));
    }

    fn paste(&mut self, text: &str) {
        if self.refused.is_some() {
            return;
        }
        let mut taken = false;
        self.top_acts(|view, cx| taken = view.paste(text, cx));
        if !taken {
            let words = self.look.say.word("message.paste_ignored").to_owned();
            self.say(Tone::Plain, words);
        }
        self.drafts_soon();
    }

    fn key(&mut self, event: &KeyEvent) {
        let key = Key::of(event);
        if key == Key::parse("ctrl-c").expect("ctrl-c is a key") {
            if self.leaving {
                return self.quit();
            }
            self.leaving = true;
            let words = self.look.say.word("message.ctrl_c").to_owned();
            return self.say(Tone::Plain, words);
        }
        self.leaving = false;
        if self.refused.is_some() {
            if matches!(key.code, KeyCode::Esc | KeyCode::Enter) {
                self.refused = None;
            }
            return;
        }
        if self.waiting.is_some() && key.code == KeyCode::Esc {
            return self.effects.push(Effect::GiveUp);
        }
        if self.importing && key.code == KeyCode::Esc {
            return self.effects.push(Effect::StopImport);
        }
        if self.top().typing() && self.typed.is_empty() {
            return self.key_in_text(event, key);
        }
        // Letters of another layout count by position; signs that are bound as they are stay.
        let by_position = key.by_position();
        let mut typed = self.typed.clone();
        typed.push(key);
        if matches!(self.reach(&typed), Reach::Nothing) {
            typed.pop();
            typed.push(by_position);
        }
        self.command_key(typed);
    }

    fn key_in_text(&mut self, event: &KeyEvent, key: Key) {
        // In a line over a list only the keys that no text field uses are the list's; boxes and lines own all of theirs.
        let plain = matches!(key.code, KeyCode::Enter | KeyCode::Esc | KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down);
        let looked_up = !key.is_text() && (plain || self.top().place() != Place::Full);
        let bound = looked_up.then(|| self.look.keymap.reach(self.top().name(), &[key]));
        if let Some(Reached::Action(action)) = bound {
            let index = action.index;
            if self.top().applies(index, &self.look).is_ok() {
                return self.top_acts(|view, cx| view.run(index, cx));
            }
        }
        self.top_acts(|view, cx| view.type_key(event, cx));
        self.drafts_soon();
    }

    fn drafts_soon(&mut self) {
        if self.stack.iter().any(|o| o.view.draft().is_some()) && !self.timers.contains_key(&Timer::Drafts) {
            self.timer(Timer::Drafts, 2_000);
        }
    }

    fn reach(&self, typed: &[Key]) -> Reach {
        let top = self.top();
        let own = self.look.keymap.reach(top.name(), typed);
        let all = if top.place() == Place::Full { self.look.keymap.reach(views::app::NAME, typed) } else { Reached::Nothing };
        match (own, all) {
            // A row that does not apply gives way to the same key of the app (Esc clears marks, or else goes back).
            (Reached::Action(a), Reached::Action(b)) if top.applies(a.index, &self.look).is_err() => Reach::App(b.index),
            (Reached::Action(a), _) => Reach::Own(a.index, a.id.clone()),
            (_, Reached::Action(a)) => Reach::App(a.index),
            (Reached::Prefix, _) | (_, Reached::Prefix) => Reach::Prefix,
            _ => Reach::Nothing,
        }
    }

    fn command_key(&mut self, typed: Vec<Key>) {
        let reach = self.reach(&typed);
        let started = !self.typed.is_empty();
        self.typed.clear();
        self.hint = false;
        self.timers.remove(&Timer::Hint);
        match reach {
            Reach::Prefix => {
                self.typed = typed;
                self.timer(Timer::Hint, 300);
            }
            Reach::Own(index, id) => self.act(index, &id),
            Reach::App(index) => self.app_row(index),
            // An open prefix closes without acting.
            Reach::Nothing if started => {}
            Reach::Nothing => {
                let words = self.look.say.fill("message.not_bound", &[("key", &show(&typed))]);
                self.say(Tone::Plain, words);
            }
        }
    }

    fn act(&mut self, index: usize, id: &str) {
        match self.top().applies(index, &self.look) {
            Ok(()) => self.top_acts(|view, cx| view.run(index, cx)),
            Err(why) => {
                let why = self.look.say.word(&format!("why_not.{why}")).to_owned();
                let action = self.look.keymap.get(id);
                let (words, types) = action.map(|a| (self.look.action_words(a), a.types)).unwrap_or_default();
                if types {
                    self.refused = Some(self.look.say.fill("message.refused", &[("what", &words), ("why", &why)]));
                } else {
                    self.say(Tone::Plain, format!("{words}: {why}"));
                }
            }
        }
    }

    /// Runs an action by its id, as the palette and help do.
    pub(super) fn act_by_id(&mut self, id: &str) {
        let Some(action) = self.look.keymap.get(id).cloned() else { return };
        self.remember(id);
        if action.screen == views::app::NAME {
            self.app_row(action.index);
        } else if action.screen == self.top().name() {
            self.act(action.index, id);
        } else if SCREENS.iter().any(|s| s.name == action.screen && s.tab.is_some()) {
            self.go_root(action.screen);
            self.act(action.index, id);
        } else {
            let words = self.look.say.word("message.not_here").to_owned();
            self.say(Tone::Plain, words);
        }
    }

    fn remember(&mut self, what: &str) {
        self.look.recent.retain(|r| r != what);
        self.look.recent.insert(0, what.to_owned());
        self.look.recent.truncate(20);
    }

    fn app_row(&mut self, index: usize) {
        let subjects = self.top().subjects(&self.look);
        let mut cx = Cx::new(&self.look, &mut self.tickets);
        views::app::run(index, &subjects, &mut cx);
        let steps = cx.steps;
        let uid = self.stack.last().map_or(0, |o| o.uid);
        self.carry_out(uid, steps);
    }

    /// Lets the top view act and carries out what it asked for.
    fn top_acts(&mut self, act: impl FnOnce(&mut dyn View, &mut Cx)) {
        let Some(open) = self.stack.last_mut() else { return };
        let mut cx = Cx::new(&self.look, &mut self.tickets);
        act(open.view.as_mut(), &mut cx);
        let (uid, steps) = (open.uid, cx.steps);
        self.carry_out(uid, steps);
    }

    fn view_acts(&mut self, uid: u32, act: impl FnOnce(&mut dyn View, &mut Cx)) {
        let Some(open) = self.stack.iter_mut().find(|o| o.uid == uid) else { return };
        let mut cx = Cx::new(&self.look, &mut self.tickets);
        act(open.view.as_mut(), &mut cx);
        let steps = cx.steps;
        self.carry_out(uid, steps);
    }

    // ---- steps ----

    fn carry_out(&mut self, uid: u32, steps: Vec<Step>) {
        let tickets: Vec<u64> = steps.iter().filter_map(|s| if let Step::Write(ticket, _) = s { Some(*ticket) } else { None }).collect();
        for step in steps {
            match step {
                Step::Write(ticket, command) => self.write(ticket, *command),
                Step::Open(view) => self.push(view),
                Step::Go(name, state) => self.open(name, &state),
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
                Step::Tell(name, what) => {
                    if let Some(to) = self.stack.iter().rev().find(|o| o.view.name() == name).map(|o| o.uid) {
                        self.view_acts(to, |view, cx| view.told(&what, cx));
                    }
                }
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
                    self.sent.extend(tickets.iter().map(|t| (*t, (key.clone(), text.clone()))));
                }
                Step::App(step) => self.app_step(step),
            }
        }
        for (ticket, why) in std::mem::take(&mut self.unwritten) {
            self.written(ticket, &Err(why));
        }
    }

    fn app_step(&mut self, step: AppStep) {
        match step {
            AppStep::Back => self.back_or_quit(),
            AppStep::Escape if self.has_back() => self.back_or_quit(),
            AppStep::Escape => self.clear_filter(),
            AppStep::Quit => self.quit(),
            AppStep::Suspend => {
                self.save_state();
                self.effects.push(Effect::Suspend);
            }
            AppStep::Repaint => self.effects.push(Effect::Repaint),
            AppStep::Over(name, state) => self.go_over(name, &state),
            AppStep::History(by) => self.history(by),
            AppStep::Preview => self.look.preview = !self.look.preview,
            AppStep::Mouse => {
                self.mouse = !self.mouse;
                self.effects.push(Effect::Mouse(self.mouse));
                let words = self.look.say.word(if self.mouse { "message.mouse_on" } else { "message.mouse_off" }).to_owned();
                self.say(Tone::Plain, words);
            }
            AppStep::Bookmark(customer) => self.bookmark(customer),
            AppStep::Demo => self.effects.push(Effect::Demo),
            AppStep::OpenBook(path) => {
                self.save_state();
                self.fresh();
                self.effects.push(Effect::OpenBook(path));
            }
            AppStep::Import(path, wanted) => self.effects.push(Effect::Import { path, wanted }),
            AppStep::AskExport => self.ask_export(),
            AppStep::Export(query, path) => self.effects.push(Effect::Export { query, path, past: self.look.past }),
            AppStep::Mail(link) => self.effects.push(Effect::Mail(link)),
            AppStep::HandOver { customers, to, path } => self.effects.push(Effect::Brief { customers, to, path }),
            AppStep::Merge(path, dry_run) => {
                if !dry_run {
                    self.hushed = Stamp(self.look.now.at.0 + 600_000);
                }
                self.effects.push(Effect::Merge { path, dry_run });
            }
            AppStep::Past(day) => self.turn_to(day),
            AppStep::PassOver(batch) => self.look.passed.push(batch),
        }
    }

    fn write(&mut self, ticket: u64, command: Command) {
        if let Some(why) = self.look.read_only.clone() {
            let why = if self.look.past.is_some() { self.look.say.word("why_not.past").to_owned() } else { why };
            // Told like any refusal, once all steps are carried out: what was typed for it is kept.
            self.unwritten.push((ticket, Error::failed(why)));
            self.pending.insert(ticket, command);
            return;
        }
        for open in &mut self.stack {
            open.view.on_write(&command, &self.look);
        }
        if verbs::repeatable(&command) {
            self.look.last = Some(command.clone());
        }
        self.effects.push(Effect::Write { ticket, command: Box::new(command.clone()) });
        self.pending.insert(ticket, command);
    }

    /// Puts a view on top.
    pub(super) fn push(&mut self, view: Box<dyn View>) {
        self.typed.clear();
        if view.place() == Place::Full {
            self.leave_mark();
        }
        self.uids += 1;
        self.stack.push(Open { uid: self.uids, view });
        self.timer(Timer::Quiet, 30);
    }

    fn open(&mut self, name: &'static str, state: &Value) {
        match SCREENS.iter().find(|s| s.name == name) {
            Some(screen) if screen.tab.is_some() => {
                self.leave_mark();
                let from = self.stack.first().map(|o| o.view.name()).filter(|from| *from != name && !state.is_null());
                self.go_root(name);
                self.opened_from = from.filter(|from| SCREENS.iter().any(|s| s.name == *from && s.tab.is_some()));
                if let Some(open) = self.stack.last_mut().filter(|_| !state.is_null()) {
                    open.view.restore(state);
                }
            }
            Some(screen) => {
                self.visit(name, state);
                let over = json!({"over": self.top().name()});
                self.push((screen.make)(if state.is_null() { &over } else { state }));
            }
            None => {
                let words = self.look.say.word("message.no_screen").to_owned();
                self.say(Tone::Bad, words);
            }
        }
    }

    fn close(&mut self, uid: u32) {
        let Some(at) = self.stack.iter().position(|o| o.uid == uid).filter(|at| *at > 0) else { return };
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
        let row = look.keymap.of(top.name()).iter().find(|a| a.label == "clear_filter" && top.applies(a.index, look).is_ok());
        if let Some(index) = row.map(|a| a.index) {
            self.top_acts(|view, cx| view.run(index, cx));
        }
    }

    /// True where going back does not end the program.
    pub(super) fn has_back(&self) -> bool {
        self.stack.len() > 1 || self.opened_from.is_some()
    }

    fn quit(&mut self) {
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

enum Reach {
    Own(usize, String),
    App(usize),
    Prefix,
    Nothing,
}
