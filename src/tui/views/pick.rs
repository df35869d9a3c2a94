//! A list to pick from: typing narrows it, a digit or Enter picks; what the pick means is the opener's.

use std::borrow::Cow;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::text;
use crate::tui::canvas::{Canvas, Hit, centred};
use crate::tui::key::Key;
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::cells;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Place, Screen, Title};
use crate::tui::widgets::field::Field;

/// One thing to pick.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    /// What it is.
    pub label: String,
    /// Beside it, muted.
    pub detail: String,
    /// What the opener knows it by.
    pub code: String,
}

impl Item {
    /// An item whose code and label are given.
    pub fn new(code: impl Into<String>, label: impl Into<String>) -> Item {
        Item {
            label: label.into(),
            detail: String::new(),
            code: code.into(),
        }
    }
}

type Chosen = Box<dyn FnMut(&str, &mut Cx)>;

/// The list. With `free` the typed text itself can be picked when nothing fits (a new owner's name).
#[derive(Default)]
pub struct Pick {
    title: String,
    items: Vec<Item>,
    field: Field,
    cursor: usize,
    free: bool,
    chosen: Option<Chosen>,
}

impl Pick {
    /// A list under a title; `chosen` gets the code of what was picked, after the list has closed.
    pub fn new(
        title: impl Into<String>,
        items: Vec<Item>,
        chosen: impl FnMut(&str, &mut Cx) + 'static,
    ) -> Pick {
        Pick {
            title: title.into(),
            items,
            chosen: Some(Box::new(chosen)),
            ..Pick::default()
        }
    }

    /// Lets the typed text itself be picked.
    #[must_use]
    pub fn free(mut self) -> Pick {
        self.free = true;
        self
    }

    /// The cursor starts on this code.
    #[must_use]
    pub fn at(mut self, code: &str) -> Pick {
        self.cursor = self.items.iter().position(|i| i.code == code).unwrap_or(0);
        self
    }

    /// What fits the typed text: where a word begins with it, then the text itself where that may be picked, then where it
    /// is inside a word. (So `bo` is a new owner before it is No-bo-dy.)
    fn shown(&self) -> Vec<Cow<'_, Item>> {
        let typed = self.field.text().trim();
        let wanted = text::fold(typed);
        let begins = |text: &str| {
            let folded = text::fold(text);
            folded.starts_with(&wanted)
                || folded
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|word| word.starts_with(&wanted))
        };
        let holds = |text: &str| text::fold(text).contains(&wanted);
        let (first, rest): (Vec<&Item>, Vec<&Item>) = self
            .items
            .iter()
            .partition(|i| begins(&i.label) || begins(&i.code));
        let known = self.items.iter().any(|i| text::fold(&i.label) == wanted);
        let own = (self.free && !wanted.is_empty() && !known)
            .then(|| Cow::Owned(Item::new(typed, typed)));
        let inside = rest
            .into_iter()
            .filter(|i| holds(&i.label) || holds(&i.code));
        first
            .into_iter()
            .map(Cow::Borrowed)
            .chain(own)
            .chain(inside.map(Cow::Borrowed))
            .collect()
    }

    fn pick(&mut self, cx: &mut Cx) {
        let Some(code) = self.shown().get(self.cursor).map(|item| item.code.clone()) else {
            return;
        };
        cx.close();
        if let Some(chosen) = &mut self.chosen {
            chosen(&code, cx);
        }
    }

    fn by(&mut self, by: isize) {
        let n = self.shown().len();
        self.cursor = self
            .cursor
            .saturating_add_signed(by)
            .min(n.saturating_sub(1));
    }
}

impl Keyed for Pick {
    const KEYS: &'static [&'static [KeyRow<Pick>]] = &[&[
        row("choose", &["enter"], Pick::pick).hint(),
        row("down", &["down", "ctrl-n", "tab"], |v, _| v.by(1)),
        row("up", &["up", "shift-tab"], |v, _| v.by(-1)),
        row("close", &["esc"], |_, cx| cx.close()),
    ]];
}

impl Screen for Pick {
    fn place(&self) -> Place {
        Place::Box
    }

    fn title(&self, _look: &Look) -> Title {
        Title {
            crumb: self.title.clone(),
            ..Title::default()
        }
    }

    fn typing(&self) -> bool {
        true
    }

    fn type_key(&mut self, key: &KeyEvent, cx: &mut Cx) {
        // A digit picks at once, as long as nothing was typed.
        if let crossterm::event::KeyCode::Char(c @ '1'..='9') = Key::of(key).code
            && self.field.text().is_empty()
        {
            let at = c as usize - '1' as usize;
            if at < self.shown().len() {
                self.cursor = at;
                self.pick(cx);
            }
            return;
        }
        if self.field.key(key) {
            self.cursor = 0;
        }
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx) -> bool {
        self.field.insert(text);
        self.cursor = 0;
        true
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        match hit {
            Hit::Row(at) => {
                self.cursor = at;
                self.pick(cx);
            }
            Hit::Wheel(by) => self.by(by as isize),
            _ => {}
        }
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let shown = self.shown();
        let widest = self
            .items
            .iter()
            .map(|i| cells(&i.label) + cells(&i.detail) + 10)
            .max()
            .unwrap_or(20);
        let width = (widest.max(cells(&self.title) + 8).clamp(34, 70)) as u16;
        let area = centred(area, width, (self.items.len() as u16 + 4).max(6));
        let count = if self.field.text().is_empty() {
            String::new()
        } else {
            format!("{}/{}", shown.len(), self.items.len())
        };
        let inner = canvas.frame(area, &self.title, &count, true);
        if inner.height < 2 {
            return;
        }
        canvas.text(inner.x + 1, inner.y, 2, ">", Role::Accent);
        self.field.draw(
            canvas,
            Rect::new(inner.x + 3, inner.y, inner.width.saturating_sub(4), 1),
            None,
        );
        if self.field.text().is_empty() {
            let words = canvas
                .look
                .say
                .word(if self.free {
                    "hint.pick_free"
                } else {
                    "hint.pick"
                })
                .to_owned();
            canvas.text(
                inner.x + 4,
                inner.y,
                inner.width.saturating_sub(5),
                &words,
                Role::Muted,
            );
        }
        let rows = usize::from(inner.height - 1);
        let top = self.cursor.saturating_sub(rows.saturating_sub(1));
        for (i, item) in shown.iter().enumerate().skip(top).take(rows) {
            let y = inner.y + 1 + (i - top) as u16;
            let digit = if i < 9 && self.field.text().is_empty() {
                (i + 1).to_string()
            } else {
                String::new()
            };
            canvas.text(inner.x + 1, y, 2, &digit, Role::Accent);
            let used = canvas.text(
                inner.x + 3,
                y,
                inner.width.saturating_sub(4),
                &item.label,
                Role::Text,
            );
            let left = inner.width.saturating_sub(used + 6);
            let typed = matches!(item, Cow::Owned(_));
            let detail = if typed {
                canvas.look.say.word("hint.pick_new").to_owned()
            } else {
                item.detail.clone()
            };
            canvas.right(
                inner.right().saturating_sub(1),
                y,
                left,
                &detail,
                Role::Muted,
            );
            let line = Rect::new(inner.x, y, inner.width, 1);
            canvas.hit(line, Hit::Row(i));
            if i == self.cursor {
                canvas.tint(line, Role::Selection);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(typed: &str, free: bool) -> Vec<String> {
        let items = ["Nobody", "Bora Demir", "Ana Bo", "Dieter"]
            .map(|name| Item::new(name, name))
            .to_vec();
        let mut pick = Pick::new("Owner", items, |_, _| {});
        pick.free = free;
        pick.field.insert(typed);
        pick.shown().iter().map(|i| i.code.clone()).collect()
    }

    #[test]
    fn the_beginning_of_a_word_comes_before_the_typed_text_and_that_before_the_inside() {
        assert_eq!(codes("bo", true), ["Bora Demir", "Ana Bo", "bo", "Nobody"]);
        assert_eq!(codes("bo", false), ["Bora Demir", "Ana Bo", "Nobody"]);
        assert_eq!(codes("ody", true), ["ody", "Nobody"]);
        assert_eq!(codes("dieter", true), ["Dieter"]);
        assert_eq!(codes("", true).len(), 4);
        assert_eq!(codes("Zed", false), [""; 0]);
    }
}
