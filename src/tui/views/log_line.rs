//! One line of text with an echo of what was understood: notes, tasks, touchpoints, dates, names. Its text is a draft until saved.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::tui::canvas::Canvas;
use crate::tui::keymap::{KeyRow, row};
use crate::tui::measure::cells;
use crate::tui::theme::Role;
use crate::tui::view::{Cx, Look, Place, Screen, Step, Title};
use crate::tui::widgets::field::Field;

/// What a part of the line was understood as; the error is what was not understood.
pub type Understood = Vec<Result<String, String>>;

type Echo = Box<dyn Fn(&str, &Look) -> Understood>;
type Complete = Box<dyn Fn(&str, &Look) -> Vec<String>>;
type ToForm = Box<dyn Fn(&str, &mut Cx)>;
type Submit = Box<dyn FnMut(&str, &mut Cx) -> Result<(), String>>;

/// The line.
#[derive(Default)]
pub struct Line {
    prompt: String,
    field: Field,
    draft: String,
    error: String,
    editor: bool,
    done: bool,
    // Where Tab is in the ways to complete, and the text that they complete.
    completing: Option<(String, usize)>,
    echo: Option<Echo>,
    complete: Option<Complete>,
    submit: Option<Submit>,
    form: Option<ToForm>,
}

impl Line {
    /// A line behind a prompt. `submit` gets the text on Enter; an error keeps the line open and is shown beside it.
    pub fn new(prompt: impl Into<String>, submit: impl FnMut(&str, &mut Cx) -> Result<(), String> + 'static) -> Line {
        Line { prompt: prompt.into(), submit: Some(Box::new(submit)), ..Line::default() }
    }

    /// Shows what is understood while typing.
    #[must_use]
    pub fn echo(mut self, echo: impl Fn(&str, &Look) -> Understood + 'static) -> Line {
        self.echo = Some(Box::new(echo));
        self
    }

    /// Tab completes: the whole lines that the text could become.
    #[must_use]
    pub fn complete(mut self, complete: impl Fn(&str, &Look) -> Vec<String> + 'static) -> Line {
        self.complete = Some(Box::new(complete));
        self
    }

    /// Keeps the text as a draft under this key, and takes up the one that is there.
    #[must_use]
    pub fn draft(mut self, key: impl Into<String>, look: &Look) -> Line {
        self.draft = key.into();
        if let Some(text) = look.drafts.get(&self.draft) {
            self.field.set(text);
        }
        self
    }

    /// Starts with a text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Line {
        if self.field.text().is_empty() {
            self.field.set(text);
        }
        self
    }

    /// Ctrl-E opens `$EDITOR`; what comes back is saved as it is.
    #[must_use]
    pub fn editor(mut self) -> Line {
        self.editor = true;
        self
    }

    /// Ctrl-F goes on in a form: `form` opens it with what was typed so far.
    #[must_use]
    pub fn form(mut self, form: impl Fn(&str, &mut Cx) + 'static) -> Line {
        self.form = Some(Box::new(form));
        self
    }

    // What was typed is in the form from here on, which keeps it as its own draft.
    fn open_form(&mut self, cx: &mut Cx) {
        let Some(form) = &self.form else { return };
        self.done = true;
        cx.close();
        form(self.field.text(), cx);
        cx.push(Step::Forget(self.draft.clone()));
    }

    fn save(&mut self, text: &str, cx: &mut Cx) {
        let Some(submit) = &mut self.submit else { return };
        // The line closes before what it does, so that what it opens stays on top.
        let at = cx.steps.len();
        match submit(text, cx) {
            Ok(()) => {
                self.done = true;
                cx.steps.insert(at, Step::Close);
                if !self.draft.is_empty() {
                    cx.push(Step::Sent(self.draft.clone(), text.to_owned()));
                }
            }
            Err(error) => {
                cx.steps.truncate(at);
                self.error = error;
            }
        }
    }

    fn tab(&mut self, cx: &mut Cx) {
        let Some(complete) = &self.complete else { return };
        let (base, at) = self.completing.take().unwrap_or_else(|| (self.field.text().to_owned(), 0));
        let ways = complete(&base, cx.look);
        if let Some(way) = ways.get(at % ways.len().max(1)) {
            self.field.set(way);
            self.completing = Some((base, at + 1));
        }
    }
}

impl Screen for Line {
    const NAME: &'static str = "line";
    const KEYS: &'static [&'static [KeyRow<Line>]] = &[&[
        row("save", &["enter", "ctrl-s"], |v: &mut Line, cx| {
            let text = v.field.text().to_owned();
            v.save(&text, cx);
        })
        .hint(),
        row("complete", &["tab"], Line::tab).when(|v, _| v.complete.as_ref().map(|_| ()).ok_or("nothing_to_complete")).hint(),
        row("editor", &["ctrl-e"], |v: &mut Self, cx| cx.push(Step::Editor(v.field.text().to_owned())))
            .when(|v, _| v.editor.then_some(()).ok_or("no_editor"))
            .hint(),
        row("form", &["ctrl-f"], Line::open_form).when(|v, _| v.form.as_ref().map(|_| ()).ok_or("no_form")).hint(),
        row("close", &["esc"], |_, cx| cx.close()).hint(),
    ]];

    fn place(&self) -> Place {
        Place::Line
    }

    fn title(&self, _look: &Look) -> Title {
        Title::default()
    }

    fn typing(&self) -> bool {
        true
    }

    fn type_key(&mut self, key: &KeyEvent, _cx: &mut Cx) {
        if self.field.key(key) {
            self.error.clear();
            self.completing = None;
        }
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx) -> bool {
        self.field.insert(text);
        self.completing = None;
        true
    }

    fn on_edited(&mut self, text: &str, cx: &mut Cx) {
        self.save(text.trim_end(), cx);
    }

    fn draft(&self) -> Option<(String, String)> {
        let text = self.field.text();
        (!self.done && !self.draft.is_empty() && !text.trim().is_empty()).then(|| (self.draft.clone(), text.to_owned()))
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let across = canvas.look.glyphs.across.repeat(usize::from(area.width));
        canvas.text(area.x, area.y, area.width, &across, Role::Accent);
        // A long question stands in the upper edge, so that it is whole and the answer has a line to itself.
        let above = if cells(&self.prompt) * 2 > usize::from(area.width) { format!(" {} ", self.prompt) } else { String::new() };
        let keys = self.draw_keys(canvas, area, cells(&above));
        let mut x = area.x + 1;
        if above.is_empty() {
            x += canvas.text(x, area.y + 1, area.width, &self.prompt, Role::Accent) + 1;
        } else {
            canvas.text(x, area.y, area.width.saturating_sub(keys as u16 + 3), &above, Role::Accent);
        }
        self.field.draw(canvas, Rect::new(x, area.y + 1, area.width.saturating_sub(x + 1), 1), None);
        let (mut x, y) = (area.x + 1, area.y + 2);
        let dot = format!(" {} ", canvas.look.glyphs.dot);
        for (i, (text, role)) in self.understood(canvas.look).iter().enumerate() {
            let room = area.right().saturating_sub(x + 1);
            if usize::from(room) < cells(text).min(6) {
                break;
            }
            if i > 0 {
                x += canvas.text(x, y, room, &dot, Role::Muted);
            }
            x += canvas.text(x, y, area.right().saturating_sub(x + 1), text, *role);
        }
    }
}

impl Line {
    /// What is wrong, or what was understood.
    fn understood(&self, look: &Look) -> Vec<(String, Role)> {
        if !self.error.is_empty() {
            return vec![(self.error.clone(), Role::Danger)];
        }
        let parts = self.echo.as_ref().map(|echo| echo(self.field.text(), look)).unwrap_or_default();
        let said = |part| match part {
            Ok(text) if self.field.text().is_empty() => (text, Role::Muted),
            Ok(text) => (text, Role::Ok),
            Err(text) => (text, Role::Danger),
        };
        parts.into_iter().map(said).collect()
    }

    /// The keys stand in the line's upper edge, so that what was understood has its own line to itself. Where it is narrow the
    /// less needed ones give way, also to the `taken` cells of a question that stands there too. Gives the cells of what is drawn.
    fn draw_keys(&self, canvas: &mut Canvas, area: Rect, taken: usize) -> usize {
        let look = canvas.look;
        let close = if self.draft.is_empty() { "hint.close" } else { "hint.close_draft" };
        let mut keys = vec![
            ("Enter", "hint.save", 0),
            ("Tab", "hint.complete", if self.complete.is_some() { 2 } else { 9 }),
            ("Ctrl-E", "hint.editor", if self.editor { 3 } else { 9 }),
            ("Ctrl-F", "hint.form", if self.form.is_some() { 1 } else { 9 }),
            ("Esc", close, 0),
        ];
        keys.retain(|k| k.2 < 9);
        let dot = format!(" {} ", look.glyphs.dot);
        let words = |keys: &[(&str, &str, u8)]| {
            let parts: Vec<String> = keys.iter().map(|(key, words, _)| format!("{key} {}", look.say.word(words))).collect();
            format!(" {} ", parts.join(&dot))
        };
        while cells(&words(&keys)) + taken + 3 > usize::from(area.width) {
            let Some(least) = keys.iter().map(|k| k.2).max().filter(|rank| *rank > 0) else { break };
            keys.retain(|k| k.2 != least);
        }
        let words = words(&keys);
        canvas.right(area.right().saturating_sub(1), area.y, area.width.saturating_sub(2), &words, Role::Muted);
        cells(&words)
    }
}
