//! Forms: several fields on one box, each with what was understood or what is wrong beside it; typed text is a draft until saved.
//!
//! Which forms there are, and of what fields, are rows in `tables`. Opened by `cx.open(Form::new("nps", target, cx.look))`, or by
//! name: `cx.go("form", json!({"form": "customer", "customer": id}))`; `values` in that state are what its fields start with.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use serde_json::{Map, Value, json};

use crate::domain::action::Action;
use crate::domain::clash::Clash;
use crate::domain::command::{Command, Receipt};
use crate::domain::event::Event;
use crate::domain::id::Id;
use crate::domain::query::{Account, Page, Query, TimelineAsk};
use crate::domain::rule::Rule;
use crate::error::Error;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{KeyRow, row};
use crate::tui::view::{Cx, Look, Place, Screen, Step, Title};
use crate::tui::views::rules::trial::TrialBox;

mod abroad;
mod cell;
mod drawing;
mod rule;
mod tables;
#[cfg(test)]
mod tests;
mod work;

use cell::Cell;
pub use tables::NEW;

/// What a form is about.
#[derive(Clone, Default)]
pub struct Target {
    /// The customer.
    pub customer: Option<Id>,
    /// The row that is edited: a contact, a task, an event.
    pub row: Option<Id>,
    /// The customer's page, with its people and tasks.
    pub account: Option<Arc<Account>>,
    /// The event that is edited, or at whose date something is written.
    pub event: Option<Event>,
    /// The call to action that is edited.
    pub action: Option<Action>,
    /// The rule that is edited.
    pub rule: Option<Rule>,
    /// The customers that something new is for, where they are several.
    pub several: Vec<Id>,
}

/// An open form.
#[derive(Default)]
pub struct Form {
    code: String,
    target: Target,
    // What the opener wants in fields.
    given: Map<String, Value>,
    cells: Vec<Cell>,
    at: usize,
    ready: bool,
    from_draft: bool,
    // The command that was sent, in JSON: one that came from the dialog about a conflict is told so.
    sent: Option<Value>,
    done: bool,
    abroad: abroad::Abroad,
    // Who has removed the row meanwhile.
    removed: Option<String>,
}

impl Form {
    /// The form with a code of `tables::FORMS`.
    pub fn new(code: &str, target: Target, look: &Look) -> Form {
        let mut form = Form { code: code.to_owned(), target, ..Form::default() };
        form.begin(look);
        form
    }

    /// The same, its fields beginning with these texts.
    #[must_use]
    pub fn with(mut self, values: &[(&str, &str)]) -> Form {
        for (code, text) in values {
            if let Some(cell) = self.cells.iter_mut().find(|c| c.code == *code) {
                cell.set(text);
            }
        }
        self
    }

    fn kind(&self) -> Option<&'static tables::FormKind> {
        tables::FORMS.iter().find(|f| f.code == self.code)
    }

    fn begin(&mut self, look: &Look) {
        let Some(kind) = self.kind() else { return };
        self.ready = true;
        self.cells = tables::cells(kind, &self.target, look);
        for cell in &mut self.cells {
            if let Some(text) = self.given.get(&cell.code).and_then(Value::as_str) {
                cell.set(text);
            }
        }
        let draft = look.drafts.get(&self.key()).and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
        for (code, kept) in draft.into_iter().flatten() {
            let Some(cell) = self.cells.iter_mut().find(|c| c.code == code) else { continue };
            // What was seen when it was typed is kept with it: somebody may have changed the field since.
            let text = kept.as_str().or_else(|| kept["text"].as_str()).map(str::to_owned);
            if let Some(seen) = kept.get("seen").filter(|_| kept.is_object()) {
                cell.base = cell.typed(seen, look);
                cell.before = seen.clone();
            }
            if let Some(text) = text {
                cell.set(&text);
                self.from_draft = true;
            }
        }
    }

    /// What its draft is kept under.
    fn key(&self) -> String {
        let rule = || self.target.rule.as_ref().map(|r| r.code.clone());
        let about = self.target.row.or(self.target.customer).map(|id| id.to_string()).or_else(rule).unwrap_or_default();
        format!("form:{}:{about}", self.code)
    }

    fn here(&mut self) -> Option<&mut Cell> {
        self.cells.get_mut(self.at)
    }

    /// The row that it edits; `None` for a form that makes something.
    fn row(&self) -> Option<Id> {
        let kind = self.kind().filter(|k| k.edits)?;
        if kind.code == "customer" { self.target.customer } else { self.target.row }
    }

    fn go(&mut self, by: isize) {
        let n = self.cells.len().max(1) as isize;
        self.at = (self.at as isize + by).rem_euclid(n) as usize;
    }

    fn in_area(&self) -> bool {
        self.cells.get(self.at).is_some_and(Cell::is_area)
    }

    /// Checks all fields; the first wrong one gets the cursor.
    fn save(&mut self, cx: &mut Cx) {
        // Once is enough: it is being written.
        if self.sent.is_some() {
            return cx.toast(cx.look.say.word("message.saving").to_owned());
        }
        let Some(kind) = self.kind() else { return };
        for cell in &mut self.cells {
            cell.error = cell.read(&self.target, cx.look).err().unwrap_or_default();
        }
        if let Some(at) = self.cells.iter().position(|c| !c.error.is_empty()) {
            self.at = at;
            return;
        }
        let values = tables::Values { cells: &self.cells, target: &self.target, look: cx.look };
        match (kind.make)(&values) {
            Ok(Some(command)) => {
                // A rule is tried first; the trial writes it, and tells what it sent.
                if let Some(rule) = rule::made(kind, &values) {
                    return cx.open(TrialBox::of(rule, Some(command)));
                }
                self.sent = serde_json::to_value(&command).ok();
                cx.write(command);
            }
            Ok(None) => {
                self.done = true;
                cx.close();
                cx.push(Step::Forget(self.key()));
                cx.toast(cx.look.say.word("message.nothing_changed").to_owned());
            }
            Err((field, message)) => self.blame(field, message),
        }
    }

    fn blame(&mut self, field: &str, message: String) {
        let at = self.cells.iter().position(|c| c.code == field).unwrap_or(self.at);
        self.at = at;
        if let Some(cell) = self.cells.get_mut(at) {
            cell.error = message;
        }
    }

    fn discard(&mut self, cx: &mut Cx) {
        self.done = true;
        cx.close();
        cx.push(Step::Forget(self.key()));
        cx.toast(cx.look.say.word("message.draft_dropped").to_owned());
    }
}

impl Screen for Form {
    const NAME: &'static str = "form";
    const KEYS: &'static [&'static [KeyRow<Form>]] = &[&[
        row("save", &["ctrl-s", "alt-enter"], Form::save).hint(),
        row("next", &["tab"], |v: &mut Form, _| v.go(1)).hint(),
        row("previous", &["shift-tab"], |v: &mut Form, _| v.go(-1)),
        row("enter", &["enter"], |v: &mut Form, _| v.go(1)).when(|v, _| if v.in_area() { Err("in_text") } else { Ok(()) }),
        row("down", &["down"], |v: &mut Form, _| v.go(1)).when(|v, look| if v.leaves(true, look) { Ok(()) } else { Err("in_text") }),
        row("up", &["up"], |v: &mut Form, _| v.go(-1)).when(|v, look| if v.leaves(false, look) { Ok(()) } else { Err("in_text") }),
        row("editor", &["ctrl-e"], |v: &mut Form, cx| {
            if let Some(cell) = v.cells.iter().find(|c| c.is_area()) {
                cx.push(Step::Editor(cell.text().to_owned()));
            }
        })
        .when(|v, _| if v.cells.iter().any(Cell::is_area) { Ok(()) } else { Err("no_editor") })
        .hint(),
        row("discard", &["ctrl-x"], Form::discard),
        row("close", &["esc"], |_, cx| cx.close()),
    ]];

    fn place(&self) -> Place {
        Place::Box
    }

    fn title(&self, look: &Look) -> Title {
        Title { crumb: look.say.word(&format!("form.{}", self.code)).to_owned(), ..Title::default() }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        let timeline = TimelineAsk { limit: 20, ..TimelineAsk::default() };
        let customer = self.target.customer.filter(|_| self.target.account.is_none());
        let page = customer.map(|customer| (0, Query::Account { customer, timeline }));
        // What others do to the row while it is open here.
        let history = self.row().filter(|_| self.ready).map(|row| (1, Query::History { row }));
        page.into_iter().chain(history).collect()
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, cx: &mut Cx) {
        if let (Page::Account(Some(account)), false) = (page.as_ref(), self.ready) {
            self.target.account = Some(Arc::new((**account).clone()));
            self.begin(cx.look);
        }
        if let Page::History(edits) = page.as_ref() {
            self.hear(edits, cx.look);
        }
    }

    fn quiet(&mut self, look: &Look) {
        if !self.ready && self.target.customer.is_none() {
            self.begin(look);
        }
    }

    fn on_written(&mut self, command: &Command, result: &Result<Receipt, Error>, cx: &mut Cx) {
        if self.sent.is_none() || self.sent != serde_json::to_value(command).ok() {
            return;
        }
        self.sent = None;
        match result {
            Ok(_) => {
                self.done = true;
                cx.close();
                cx.push(Step::Forget(self.key()));
                if let Some(words) = self.abroad.meanwhile(cx.look) {
                    cx.push(Step::Also(words));
                }
            }
            Err(error) => {
                // What was typed stays.
                if let Some(clash) = Clash::of(error) {
                    return self.blame_clash(clash, cx.look);
                }
                let text = error.to_string();
                if let Some(at) = self.cells.iter().position(|c| text.starts_with(&format!("{} ", c.code))) {
                    self.at = at;
                }
                if let Some(cell) = self.here() {
                    cell.error = text;
                }
            }
        }
    }

    fn told(&mut self, what: &Value, cx: &mut Cx) {
        if let Some(command) = what.get("sent") {
            self.sent = Some(command.clone());
        } else if what["drop"] == true {
            self.done = true;
            cx.close();
            cx.push(Step::Forget(self.key()));
        } else if what["close"] == true {
            cx.close();
        } else if let (Some(text), Some(at)) = (what["text"].as_str(), self.cells.iter().position(|c| c.code == what["field"])) {
            let cell = &mut self.cells[at];
            cell.rebase(what["base"].clone(), cx.look);
            cell.set(text);
            cell.error.clear();
            cell.news = what["news"].as_str().unwrap_or_default().to_owned();
            self.at = at;
        }
    }

    fn ready(&self) -> bool {
        self.ready
    }

    fn is_sending(&self, command: &Command) -> bool {
        self.sent.is_some() && self.sent == serde_json::to_value(command).ok()
    }

    fn typing(&self) -> bool {
        true
    }

    fn type_key(&mut self, key: &KeyEvent, cx: &mut Cx) {
        let (at, target, width) = (self.at, &self.target, drawing::area_width(cx.look));
        if let Some(cell) = self.cells.get_mut(at) {
            if matches!(key.code, KeyCode::Right | KeyCode::End)
                && let Some(way) = cell.suggestion(target, cx.look)
            {
                cell.set(&way);
                return;
            }
            if cell.key(key, target, cx.look, width) {
                cell.error.clear();
                self.from_draft = false;
            }
        }
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx) -> bool {
        if let Some(cell) = self.here() {
            cell.insert(text);
            cell.error.clear();
        }
        true
    }

    fn on_edited(&mut self, text: &str, _cx: &mut Cx) {
        if let Some(at) = self.cells.iter().position(Cell::is_area) {
            self.cells[at].set(text.trim_end());
            self.at = at;
        }
    }

    fn on_hit(&mut self, hit: Hit, _cx: &mut Cx) {
        match hit {
            Hit::Row(at) => self.at = at.min(self.cells.len().saturating_sub(1)),
            Hit::Wheel(by) => self.go(by.signum() as isize),
            _ => {}
        }
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        Vec::new()
    }

    fn draft(&self) -> Option<(String, String)> {
        if self.done || !self.ready {
            return None;
        }
        let typed = self.cells.iter().filter(|c| c.text() != c.base);
        let kept = |c: &Cell| match self.row() {
            Some(_) if c.code != "tags" => json!({"text": c.text(), "seen": c.before}),
            _ => Value::from(c.text()),
        };
        let typed: Map<String, Value> = typed.map(|c| (c.code.clone(), kept(c))).collect();
        (!typed.is_empty()).then(|| (self.key(), Value::Object(typed).to_string()))
    }

    fn restore(&mut self, state: &Value) {
        let id = |key: &str| state[key].as_str().and_then(|id| id.parse().ok());
        let target = Target { customer: id("customer"), row: id("row"), ..Target::default() };
        let given = state["values"].as_object().cloned().unwrap_or_default();
        *self = Form { code: state["form"].as_str().unwrap_or_default().to_owned(), target, given, ..Form::default() };
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        self.draw_form(canvas, area);
    }
}

impl Form {
    /// An arrow key at the edge of a text area leaves it.
    fn leaves(&self, down: bool, look: &Look) -> bool {
        self.cells.get(self.at).is_none_or(|c| c.at_edge(down, drawing::area_width(look)))
    }
}
