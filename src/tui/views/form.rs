//! Forms: several fields on one box, each with what was understood or what is wrong beside it; typed text is a draft until saved.
//!
//! Which forms there are, and of what fields, are rows in `tables`. Opened by `cx.open(Form::new("nps", target, cx.look))`, or by
//! name: `cx.go(Go::form("customer", Some(id)))`; `values` of that place are what its fields start with.

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
use crate::tui::drafts::{GIVEN, Key, OLDER, field_text};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::step::{Cx, Step};
use crate::tui::view::{Keyed, Place, Screen, Title};
use crate::tui::views::rules::trial::TrialBox;

mod abroad;
mod cell;
mod drawing;
mod rule;
mod tables;
#[cfg(test)]
mod tests;
mod work;

use crate::tui::go::Go;
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
    // What its draft is kept under, where that was said and not what the target is.
    kept: Option<Key>,
    // The line that it was opened from, whose draft goes with the save.
    from: Option<Key>,
    // The file of the book that it was begun in.
    book: String,
    // What the edge says of the draft that was taken up; empty once something else is typed.
    taken_up: String,
    // Drafts that newer typing was put before, the next to be offered first.
    older: Vec<Map<String, Value>>,
    // Something was typed here that may be kept as a draft.
    begun: bool,
    // The command that was sent: one that came from the dialog about a conflict is told so.
    sent: Option<Command>,
    done: bool,
    abroad: abroad::Abroad,
    // Who has removed the row meanwhile.
    removed: Option<String>,
}

impl Form {
    /// The form with a code of `tables::FORMS`.
    pub fn new(code: &str, target: Target, look: &Look) -> Form {
        let mut form = Form {
            code: code.to_owned(),
            target,
            ..Form::default()
        };
        form.begin(look);
        form
    }

    /// Something else sends for it: the dialog about a conflict, or the trial of a rule.
    pub fn sends(&mut self, command: Command) {
        self.sent = Some(command);
    }

    /// What was typed is not wanted any more.
    pub fn drop_typed(&mut self, cx: &mut Cx) {
        self.finish(true, cx);
    }

    /// A text that was put together with another's stands in its field, to be read before it is saved.
    pub fn take_joined(&mut self, field: &str, text: &str, base: Value, news: String, look: &Look) {
        let Some(at) = self.cells.iter().position(|c| c.code == field) else {
            return;
        };
        let cell = &mut self.cells[at];
        cell.rebase(base, look);
        cell.set(text);
        cell.error.clear();
        (cell.news, self.at) = (news, at);
    }

    fn kind(&self) -> Option<&'static tables::FormKind> {
        tables::FORMS.iter().find(|f| f.code == self.code)
    }

    fn begin(&mut self, look: &Look) {
        let Some(kind) = self.kind() else { return };
        self.ready = true;
        self.book = look.book.display().to_string();
        self.cells = tables::cells(kind, &self.target, look);
        self.given.retain(|_, text| text.is_string());
        for cell in &mut self.cells {
            if let Some(text) = self.given.get(&cell.code).and_then(Value::as_str) {
                cell.set(text);
            }
        }
        let Some(draft) = look.drafts.get(&self.key()) else {
            return;
        };
        let mut fields =
            serde_json::from_str::<Map<String, Value>>(&draft.text).unwrap_or_default();
        (self.older, self.begun) = (take_older(&mut fields), true);
        // What the form is opened with is newer than a draft that was not begun with the same.
        let goes_on = self.given.is_empty()
            || fields
                .remove(GIVEN)
                .is_some_and(|given| given.as_object() == Some(&self.given));
        fields.remove(GIVEN);
        if goes_on {
            self.lay_over(&fields, look);
            self.taken_up = look.draft_words(draft);
        } else if fields.iter().any(|(code, kept)| {
            self.given
                .get(code)
                .is_none_or(|text| text != field_text(kept))
        }) {
            self.older.insert(0, fields);
        }
    }

    /// Puts the fields of a draft over what the book has.
    fn lay_over(&mut self, fields: &Map<String, Value>, look: &Look) {
        for (code, kept) in fields {
            let Some(cell) = self.cells.iter_mut().find(|c| c.code == *code) else {
                continue;
            };
            // What was seen when it was typed is kept with it: somebody may have changed the field since.
            if let Some(seen) = kept.get("seen").filter(|_| kept.is_object()) {
                cell.base = cell.typed(seen, look);
                cell.before = seen.clone();
            }
            cell.set(field_text(kept));
        }
    }

    /// Shows the next of the older drafts; what stands here goes behind them.
    fn show_older(&mut self, cx: &mut Cx) {
        let Some(kind) = self.kind().filter(|_| !self.older.is_empty()) else {
            return;
        };
        let (next, here) = (self.older.remove(0), self.typed());
        if !here.is_empty() {
            self.older.push(here);
        }
        self.cells = tables::cells(kind, &self.target, cx.look);
        self.given.clear();
        self.lay_over(&next, cx.look);
    }

    /// What was typed, by field.
    fn typed(&self) -> Map<String, Value> {
        let kept = |c: &Cell| match self.row() {
            Some(_) if c.code != "tags" => json!({"text": c.text(), "seen": c.before}),
            _ => Value::from(c.text()),
        };
        let mut typed: Map<String, Value> = self
            .cells
            .iter()
            .filter(|c| c.text() != c.base)
            .map(|c| (c.code.clone(), kept(c)))
            .collect();
        // The date that the form took from an event is part of what was typed at it.
        if !typed.is_empty() && self.row().is_none() && self.target.event.is_some() {
            let when = self.cells.iter().filter(|c| c.code == "when");
            typed.extend(when.map(|c| (c.code.clone(), kept(c))));
        }
        typed
    }

    /// What its draft is kept under.
    fn key(&self) -> Key {
        if let Some(key) = &self.kept {
            return key.clone();
        }
        let target = &self.target;
        let mut customers: Vec<Id> = if target.several.is_empty() {
            target.customer.into_iter().collect()
        } else {
            target.several.clone()
        };
        customers.sort_unstable();
        let row = target
            .row
            .or(target.event.as_ref().map(|e| e.id))
            .filter(|row| Some(*row) != target.customer);
        let what = target
            .rule
            .as_ref()
            .map(|r| r.code.clone())
            .unwrap_or_default();
        let book = if customers.is_empty() && row.is_none() {
            self.book.clone()
        } else {
            String::new()
        };
        Key {
            kind: format!("form:{}", self.code),
            customers,
            row,
            what,
            book,
            copy: 0,
        }
    }

    /// Closes: what was typed is saved, or dropped. Older drafts are offered again.
    fn finish(&mut self, saved: bool, cx: &mut Cx) {
        self.done = true;
        cx.close();
        let older = std::mem::take(&mut self.older);
        cx.push(match with_older(Map::new(), older) {
            fields if fields.is_empty() => Step::Forget(self.key()),
            fields => Step::Keep(self.key(), Value::Object(fields).to_string()),
        });
        if let Some(line) = self.from.take().filter(|_| saved) {
            cx.push(Step::Forget(line));
        }
    }

    fn here(&mut self) -> Option<&mut Cell> {
        self.cells.get_mut(self.at)
    }

    /// The row that it edits; `None` for a form that makes something.
    fn row(&self) -> Option<Id> {
        let kind = self.kind().filter(|k| k.edits)?;
        if kind.code == "customer" {
            self.target.customer
        } else {
            self.target.row
        }
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
        let values = tables::Values {
            cells: &self.cells,
            target: &self.target,
            look: cx.look,
        };
        match (kind.make)(&values) {
            Ok(Some(command)) => {
                // A rule is tried first; the trial writes it, and tells what it sent.
                if let Some(rule) = rule::made(kind, &values) {
                    return cx.open(TrialBox::of(rule, Some(command)));
                }
                self.sent = Some(command.clone());
                cx.write(command);
            }
            Ok(None) => {
                self.finish(true, cx);
                cx.toast(cx.look.say.word("message.nothing_changed").to_owned());
            }
            Err((field, message)) => self.blame(field, message),
        }
    }

    fn blame(&mut self, field: &str, message: String) {
        let at = self
            .cells
            .iter()
            .position(|c| c.code == field)
            .unwrap_or(self.at);
        self.at = at;
        if let Some(cell) = self.cells.get_mut(at) {
            cell.error = message;
        }
    }

    fn discard(&mut self, cx: &mut Cx) {
        self.finish(false, cx);
        cx.toast(cx.look.say.word("message.draft_dropped").to_owned());
    }
}

fn take_older(fields: &mut Map<String, Value>) -> Vec<Map<String, Value>> {
    let older = fields.remove(OLDER);
    older
        .iter()
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(Value::as_object)
        .cloned()
        .collect()
}

/// The fields of a draft with the older ones in it; where there are no fields the first of the older ones is the draft.
fn with_older(
    mut fields: Map<String, Value>,
    mut older: Vec<Map<String, Value>>,
) -> Map<String, Value> {
    if fields.is_empty() && !older.is_empty() {
        fields = older.remove(0);
    }
    if !older.is_empty() {
        fields.insert(
            OLDER.to_owned(),
            older.into_iter().map(Value::Object).collect(),
        );
    }
    fields
}

impl Keyed for Form {
    const KEYS: &'static [&'static [KeyRow<Form>]] = &[&[
        row("save", &["ctrl-s", "alt-enter"], Form::save).hint(),
        row("next", &["tab"], |v: &mut Form, _| v.go(1)).hint(),
        row("previous", &["shift-tab"], |v: &mut Form, _| v.go(-1)),
        row("enter", &["enter"], |v: &mut Form, _| v.go(1))
            .when(|v, _| if v.in_area() { Err("in_text") } else { Ok(()) }),
        row("down", &["down"], |v: &mut Form, _| v.go(1)).when(|v, look| {
            if v.leaves(true, look) {
                Ok(())
            } else {
                Err("in_text")
            }
        }),
        row("up", &["up"], |v: &mut Form, _| v.go(-1)).when(|v, look| {
            if v.leaves(false, look) {
                Ok(())
            } else {
                Err("in_text")
            }
        }),
        row("editor", &["ctrl-e"], |v: &mut Form, cx| {
            if let Some(cell) = v.cells.iter().find(|c| c.is_area()) {
                cx.push(Step::Editor(cell.text().to_owned()));
            }
        })
        .when(|v, _| {
            if v.cells.iter().any(Cell::is_area) {
                Ok(())
            } else {
                Err("no_editor")
            }
        })
        .hint(),
        row("older", &["ctrl-r"], Form::show_older).when(|v, _| {
            if v.older.is_empty() {
                Err("no_older")
            } else {
                Ok(())
            }
        }),
        row("discard", &["ctrl-x"], Form::discard),
        row("close", &["esc"], |_, cx| cx.close()),
    ]];
}

impl Screen for Form {
    fn place(&self) -> Place {
        Place::Box
    }

    fn title(&self, look: &Look) -> Title {
        Title {
            crumb: look.say.word(&format!("form.{}", self.code)).to_owned(),
            ..Title::default()
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        let timeline = TimelineAsk {
            limit: 20,
            ..TimelineAsk::default()
        };
        let customer = self
            .target
            .customer
            .filter(|_| self.target.account.is_none());
        let page = customer.map(|customer| (0, Query::Account { customer, timeline }));
        // What others do to the row while it is open here.
        let history = self
            .row()
            .filter(|_| self.ready)
            .map(|row| (1, Query::History { row }));
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
        if self.sent.as_ref() != Some(command) {
            return;
        }
        self.sent = None;
        match result {
            Ok(_) => {
                self.finish(true, cx);
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
                if let Some(at) = self
                    .cells
                    .iter()
                    .position(|c| text.starts_with(&format!("{} ", c.code)))
                {
                    self.at = at;
                }
                if let Some(cell) = self.here() {
                    cell.error = text;
                }
            }
        }
    }

    fn ready(&self) -> bool {
        self.ready
    }

    fn is_sending(&self, command: &Command) -> bool {
        self.sent.as_ref() == Some(command)
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
                self.begun = true;
                return;
            }
            if cell.key(key, target, cx.look, width) {
                cell.error.clear();
                self.taken_up.clear();
                self.begun = true;
            }
        }
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx) -> bool {
        if let Some(cell) = self.here() {
            cell.insert(text);
            cell.error.clear();
            self.begun = true;
        }
        true
    }

    fn on_edited(&mut self, text: &str, _cx: &mut Cx) {
        self.on_rescued(text);
    }

    fn on_rescued(&mut self, text: &str) -> bool {
        let Some(at) = self.cells.iter().position(Cell::is_area) else {
            return false;
        };
        self.cells[at].set(text.trim_end());
        (self.at, self.begun) = (at, true);
        true
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

    fn draft(&self) -> Option<(Key, String)> {
        if self.done || !self.ready {
            return None;
        }
        let mut typed = self.typed();
        if !typed.is_empty() && !self.given.is_empty() {
            typed.insert(GIVEN.to_owned(), Value::Object(self.given.clone()));
        }
        let fields = with_older(typed, self.older.clone());
        let text = if fields.is_empty() {
            String::new()
        } else {
            Value::Object(fields).to_string()
        };
        (self.begun || !text.is_empty()).then(|| (self.key(), text))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Form(to) = to else { return };
        // A draft that is opened says for whom it is.
        let several = to.draft.as_ref().map(|key| &key.customers);
        let several = several.filter(|all| all.len() > 1);
        *self = Form {
            code: to.form.clone(),
            target: Target {
                customer: to.customer,
                row: to.row,
                several: several.cloned().unwrap_or_default(),
                ..Target::default()
            },
            given: to.values.clone(),
            kept: to.draft.clone(),
            from: to.from.clone(),
            ..Form::default()
        };
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        self.draw_form(canvas, area);
    }
}

impl Form {
    /// An arrow key at the edge of a text area leaves it.
    fn leaves(&self, down: bool, look: &Look) -> bool {
        self.cells
            .get(self.at)
            .is_none_or(|c| c.at_edge(down, drawing::area_width(look)))
    }
}
