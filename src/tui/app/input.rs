//! What comes from the person: keys, clicks, pastes, and which row of which screen they reach.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, MouseButton, MouseEventKind};
use ratatui::layout::Position;

use super::{App, Effect, Timer, Tone};
use crate::tui::canvas::Hit;
use crate::tui::key::{Key, show};
use crate::tui::keymap::Reached;
use crate::tui::step::Cx;
use crate::tui::verbs;
use crate::tui::view::{Place, View};
use crate::tui::views;

impl App {
    pub(super) fn input(&mut self, event: Event) {
        if matches!(event, Event::Key(_) | Event::Paste(_) | Event::Mouse(_)) && self.is_deaf() {
            return;
        }
        if self.comes_early(&event) {
            return self.early.push_back(event);
        }
        self.handle(event);
    }

    /// A key or a paste for a view that is not ready, or behind one that waits already: it waits, but Esc leaves at once.
    fn comes_early(&mut self, event: &Event) -> bool {
        let leaves = matches!(event, Event::Key(key) if Key::of(key).code == KeyCode::Esc || Key::of(key) == ctrl_c());
        if leaves {
            self.early.clear();
        }
        let waits = matches!(event, Event::Key(_) | Event::Paste(_)) && !leaves;
        waits && (!self.early.is_empty() || self.has_to_wait(event))
    }

    /// The view in front is not ready to be typed in, or has no rows yet for this key to act on. What is done to a customer whom it
    /// names without them is done at once.
    fn has_to_wait(&self, event: &Event) -> bool {
        let (top, look) = (self.top(), &self.look);
        let Event::Key(key) = event else {
            return !top.ready();
        };
        let asked = !self.no_book
            && self.stack.last().is_some_and(|open| !open.answered)
            && !top.watches(look).is_empty();
        if !top.ready() || !asked || top.typing() || top.place() != Place::Full {
            return !top.ready();
        }
        let mut typed = self.typed.clone();
        typed.push(Key::of(key));
        let Reach::Own(index, _) = self.reach(&typed) else {
            return false;
        };
        let of_customers = look
            .keymap
            .of(top.name())
            .iter()
            .any(|a| a.index == index && verbs::LABELS.contains(&a.label));
        !of_customers || top.subject_count(look) == 0 || top.applies(index, look).is_err()
    }

    /// What came too early, as soon as it does not any more.
    pub(super) fn take_early(&mut self) {
        while self
            .early
            .front()
            .is_some_and(|event| !self.has_to_wait(event))
        {
            if let Some(event) = self.early.pop_front() {
                self.handle(event);
            }
        }
    }

    fn handle(&mut self, event: Event) {
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
        let hit = self
            .drawn
            .hits
            .iter()
            .rev()
            .find(|(area, _)| area.contains(at))
            .map(|(_, hit)| *hit);
        if let Some(hit) = hit {
            self.hit(hit);
        }
    }

    fn hit(&mut self, hit: Hit) {
        self.refused = None;
        if let Hit::Tab(tab) = hit {
            self.early.clear();
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

    pub(super) fn key(&mut self, event: &KeyEvent) {
        let key = Key::of(event);
        if key == ctrl_c() {
            if self.leaving {
                return self.quit();
            }
            if self.imports() {
                return self.stop_import();
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
        // Who types or chooses leaves that with Esc, and nothing else.
        if self.waiting.is_some() && key.code == KeyCode::Esc && !self.is_busy() {
            return self.effects.push(Effect::GiveUp);
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
        let plain = matches!(
            key.code,
            KeyCode::Enter
                | KeyCode::Esc
                | KeyCode::Tab
                | KeyCode::BackTab
                | KeyCode::Up
                | KeyCode::Down
        );
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
        if self.stack.iter().any(|o| o.view.draft().is_some())
            && !self.timers.contains_key(&Timer::Drafts)
        {
            self.timer(Timer::Drafts, 2_000);
        }
    }

    pub(super) fn reach(&self, typed: &[Key]) -> Reach {
        let top = self.top();
        let own = self.look.keymap.reach(top.name(), typed);
        let all = if top.place() == Place::Full {
            self.look.keymap.reach(views::app::NAME, typed)
        } else {
            Reached::Nothing
        };
        match (own, all) {
            // A row that does not apply gives way to the same key of the app (Esc clears marks, or else goes back).
            (Reached::Action(a), Reached::Action(b))
                if top.applies(a.index, &self.look).is_err() =>
            {
                Reach::App(b.index)
            }
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
                let words = self
                    .look
                    .say
                    .fill("message.not_bound", &[("key", &show(&typed))]);
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
                let (words, types) = action
                    .map(|a| (self.look.action_words(a), a.types))
                    .unwrap_or_default();
                if types {
                    self.refused = Some(
                        self.look
                            .say
                            .fill("message.refused", &[("what", &words), ("why", &why)]),
                    );
                } else {
                    self.say(Tone::Plain, format!("{words}: {why}"));
                }
            }
        }
    }

    /// Runs an action by its id, as the palette and help do.
    pub(super) fn act_by_id(&mut self, id: &str) {
        let Some(action) = self.look.keymap.get(id).cloned() else {
            return;
        };
        self.remember(id);
        if action.screen == views::app::NAME {
            self.app_row(action.index);
        } else if action.screen == self.top().name() {
            self.act(action.index, id);
        } else if views::root(action.screen).is_some() {
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
        let (over, subjects) = (self.top().name(), self.top().subjects(&self.look));
        let mut cx = Cx::new(&self.look, &mut self.tickets);
        views::app::run(index, over, &subjects, &mut cx);
        let steps = cx.steps;
        let uid = self.stack.last().map_or(0, |o| o.uid);
        self.carry_out(uid, steps);
    }

    /// Lets the top view act and carries out what it asked for.
    pub(super) fn top_acts(&mut self, act: impl FnOnce(&mut dyn View, &mut Cx)) {
        let Some(open) = self.stack.last_mut() else {
            return;
        };
        let mut cx = Cx::new(&self.look, &mut self.tickets);
        act(open.view.as_mut(), &mut cx);
        let (uid, steps) = (open.uid, cx.steps);
        self.carry_out(uid, steps);
    }

    pub(super) fn view_acts(&mut self, uid: u32, act: impl FnOnce(&mut dyn View, &mut Cx)) {
        let Some(open) = self.stack.iter_mut().find(|o| o.uid == uid) else {
            return;
        };
        let mut cx = Cx::new(&self.look, &mut self.tickets);
        act(open.view.as_mut(), &mut cx);
        let steps = cx.steps;
        self.carry_out(uid, steps);
    }
}

fn ctrl_c() -> Key {
    Key::parse("ctrl-c").expect("ctrl-c is a key")
}

pub(super) enum Reach {
    Own(usize, String),
    App(usize),
    Prefix,
    Nothing,
}
