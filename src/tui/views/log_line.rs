//! One line of text with an echo of what was understood: notes, tasks, touchpoints, dates, names. Its text is a draft until saved.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::tui::canvas::Canvas;
use crate::tui::drafts::Key;
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::cells;
use crate::tui::step::{Cx, Step};
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Place, Screen, Title};
use crate::tui::widgets::field::Field;

/// What a part of the line was understood as; the error is what was not understood.
pub type Understood = Vec<Result<String, String>>;

type Echo = Box<dyn Fn(&str, &Look) -> Understood>;
type Complete = Box<dyn Fn(&str, &Look) -> Vec<String>>;
type ToForm = Box<dyn Fn(&str, &Key, &mut Cx)>;
type Submit = Box<dyn FnMut(&str, &mut Cx) -> Result<(), String>>;

/// The line.
#[derive(Default)]
pub struct Line {
    prompt: String,
    field: Field,
    draft: Option<Key>,
    // What the edge says of the draft that was taken up.
    taken_up: String,
    // Something stood here that may be kept as a draft: leaving the line empty takes that back.
    begun: bool,
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
    pub fn new(
        prompt: impl Into<String>,
        submit: impl FnMut(&str, &mut Cx) -> Result<(), String> + 'static,
    ) -> Line {
        Line {
            prompt: prompt.into(),
            submit: Some(Box::new(submit)),
            ..Line::default()
        }
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
    pub fn draft(mut self, key: Key, look: &Look) -> Line {
        if let Some(draft) = look.drafts.get(&key) {
            self.field.set(&draft.text);
            self.taken_up = look.draft_words(draft);
            self.begun = true;
        }
        self.draft = Some(key);
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

    /// Ctrl-F goes on in a form: `form` opens it with what was typed so far, and gets the key of the line's draft.
    #[must_use]
    pub fn form(mut self, form: impl Fn(&str, &Key, &mut Cx) + 'static) -> Line {
        self.form = Some(Box::new(form));
        self
    }

    // What was typed stays the line's draft until the form is saved.
    fn open_form(&mut self, cx: &mut Cx) {
        let (Some(form), Some(key)) = (&self.form, &self.draft) else {
            return;
        };
        cx.close();
        form(self.field.text(), key, cx);
    }

    fn save(&mut self, text: &str, cx: &mut Cx) {
        let Some(submit) = &mut self.submit else {
            return;
        };
        // The line closes before what it does, so that what it opens stays on top.
        let at = cx.steps.len();
        match submit(text, cx) {
            Ok(()) => {
                self.done = true;
                cx.steps.insert(at, Step::Close);
                if let Some(key) = &self.draft {
                    cx.push(Step::Sent(key.clone(), text.to_owned()));
                }
            }
            Err(error) => {
                cx.steps.truncate(at);
                self.error = error;
            }
        }
    }

    fn tab(&mut self, cx: &mut Cx) {
        let Some(complete) = &self.complete else {
            return;
        };
        let (base, at) = self
            .completing
            .take()
            .unwrap_or_else(|| (self.field.text().to_owned(), 0));
        let ways = complete(&base, cx.look);
        if let Some(way) = ways.get(at % ways.len().max(1)) {
            self.field.set(way);
            self.completing = Some((base, at + 1));
        }
    }
}

impl Keyed for Line {
    const KEYS: &'static [&'static [KeyRow<Line>]] = &[&[
        row("save", &["enter", "ctrl-s"], |v: &mut Line, cx| {
            let text = v.field.text().to_owned();
            v.save(&text, cx);
        })
        .hint(),
        row("complete", &["tab"], Line::tab)
            .when(|v, _| v.complete.as_ref().map(|_| ()).ok_or("nothing_to_complete"))
            .hint(),
        row("editor", &["ctrl-e"], |v: &mut Self, cx| {
            cx.push(Step::Editor(v.field.text().to_owned()))
        })
        .when(|v, _| v.editor.then_some(()).ok_or("no_editor"))
        .hint(),
        row("form", &["ctrl-f"], Line::open_form)
            .when(|v, _| v.form.as_ref().map(|_| ()).ok_or("no_form"))
            .hint(),
        row("close", &["esc"], |_, cx| cx.close()).hint(),
    ]];
}

impl Screen for Line {
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
            self.begun = true;
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
        // What is refused stands in the line.
        self.on_rescued(text);
        self.save(text.trim_end(), cx);
    }

    fn on_rescued(&mut self, text: &str) -> bool {
        self.field.set(text.trim_end());
        self.begun = true;
        true
    }

    fn draft(&self) -> Option<(Key, String)> {
        let key = self.draft.as_ref().filter(|_| !self.done)?;
        let text = self.field.text();
        let text = if text.trim().is_empty() {
            String::new()
        } else {
            text.to_owned()
        };
        (self.begun || !text.is_empty()).then(|| (key.clone(), text))
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let across = canvas.look.glyphs.across.repeat(usize::from(area.width));
        canvas.text(area.x, area.y, area.width, &across, Role::Accent);
        // A long question stands in the upper edge, so that it is whole and the answer has a line to itself.
        let long = cells(&self.prompt) * 2 > usize::from(area.width);
        let said: Vec<&str> = [self.prompt.as_str()]
            .into_iter()
            .filter(|_| long)
            .chain([self.taken_up.as_str()])
            .filter(|s| !s.is_empty())
            .collect();
        let above = if said.is_empty() {
            String::new()
        } else {
            format!(" {} ", said.join(&format!(" {} ", canvas.look.glyphs.dot)))
        };
        let keys = self.draw_keys(canvas, area, cells(&above));
        let mut x = area.x + 1;
        canvas.text(
            x,
            area.y,
            area.width.saturating_sub(keys as u16 + 3),
            &above,
            Role::Accent,
        );
        if !long {
            x += canvas.text(x, area.y + 1, area.width, &self.prompt, Role::Accent) + 1;
        }
        self.field.draw(
            canvas,
            Rect::new(x, area.y + 1, area.width.saturating_sub(x + 1), 1),
            None,
        );
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
        let parts = self
            .echo
            .as_ref()
            .map(|echo| echo(self.field.text(), look))
            .unwrap_or_default();
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
        let close = if self.draft.is_none() {
            "hint.close"
        } else {
            "hint.close_draft"
        };
        let mut keys = vec![
            ("Enter", "hint.save", 0),
            (
                "Tab",
                "hint.complete",
                if self.complete.is_some() { 2 } else { 9 },
            ),
            ("Ctrl-E", "hint.editor", if self.editor { 3 } else { 9 }),
            (
                "Ctrl-F",
                "hint.form",
                if self.form.is_some() { 1 } else { 9 },
            ),
            ("Esc", close, 0),
        ];
        keys.retain(|k| k.2 < 9);
        let dot = format!(" {} ", look.glyphs.dot);
        let words = |keys: &[(&str, &str, u8)]| {
            let parts: Vec<String> = keys
                .iter()
                .map(|(key, words, _)| format!("{key} {}", look.say.word(words)))
                .collect();
            format!(" {} ", parts.join(&dot))
        };
        while cells(&words(&keys)) + taken + 3 > usize::from(area.width) {
            let Some(least) = keys.iter().map(|k| k.2).max().filter(|rank| *rank > 0) else {
                break;
            };
            keys.retain(|k| k.2 != least);
        }
        let words = words(&keys);
        canvas.right(
            area.right().saturating_sub(1),
            area.y,
            area.width.saturating_sub(2),
            &words,
            Role::Muted,
        );
        cells(&words)
    }
}
