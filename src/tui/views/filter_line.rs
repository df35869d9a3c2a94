//! The filter line of screens that are not lists of customers but count or group them: live, with completion and the mistake shown.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::narrow;
use crate::domain::query::{Mistake, Query, RowsPage};
use crate::tui::canvas::Canvas;
use crate::tui::key_row::{KeyRow, row};
use crate::tui::measure::cells;
use crate::tui::roll::ways;
use crate::tui::theme::Role;
use crate::tui::view::Keyed;
use crate::tui::widgets::field::Field;

/// A filter and, while it is typed, the line.
#[derive(Default)]
pub struct FilterLine {
    /// The filter that holds.
    pub text: String,
    editing: Option<(Field, String)>,
    mistake: Option<Mistake>,
    completions: Vec<(String, usize)>,
    turn: usize,
}

impl FilterLine {
    /// True while the line has the keys.
    pub fn editing(&self) -> bool {
        self.editing.is_some()
    }

    /// Closes the line with another filter.
    pub fn settle(&mut self, text: &str) {
        self.escape();
        text.clone_into(&mut self.text);
    }

    /// Opens the line with the filter that holds.
    pub fn edit(&mut self) {
        self.editing = Some((Field::new(&self.text), self.text.clone()));
    }

    /// The filter that stands when the line is given up: what is saved.
    pub fn settled(&self) -> &str {
        self.editing
            .as_ref()
            .map_or(&self.text, |(_, before)| before)
    }

    /// The question that checks and completes the filter while it is typed.
    pub fn query(&self) -> Option<Query> {
        self.editing.as_ref()?;
        Some(Query::Customers {
            filter: self.text.clone(),
            sort: String::new(),
            descending: false,
            columns: Vec::new(),
        })
    }

    /// Its answer.
    pub fn page(&mut self, page: &RowsPage) {
        self.mistake.clone_from(&page.mistake);
        self.completions.clone_from(&page.completions);
        self.turn = 0;
    }

    /// A key for the field.
    pub fn key(&mut self, key: &KeyEvent) {
        if let Some((field, _)) = &mut self.editing
            && field.key(key)
        {
            field.text().clone_into(&mut self.text);
        }
    }

    /// Pasted text; false unless the line is open.
    pub fn paste(&mut self, text: &str) -> bool {
        let Some((field, _)) = &mut self.editing else {
            return false;
        };
        field.insert(text);
        field.text().clone_into(&mut self.text);
        true
    }

    /// Completes the word at the end, the next way at each call.
    pub fn complete(&mut self) {
        let Some((field, _)) = &mut self.editing else {
            return;
        };
        let Some((way, _)) = self
            .completions
            .get(self.turn % self.completions.len().max(1))
        else {
            return;
        };
        let whole = way.clone();
        field.set(&whole);
        self.text = whole;
        self.turn += 1;
    }

    /// Enter: keeps the filter, or the one before where this one is wrong. False when the line is not open.
    pub fn keep(&mut self) -> bool {
        let Some((_, before)) = self.editing.take() else {
            return false;
        };
        if self.mistake.take().is_some() {
            self.text = before;
        }
        true
    }

    /// Esc: closes the line with the filter before. False when it is not open.
    pub fn escape(&mut self) -> bool {
        let Some((_, before)) = self.editing.take() else {
            return false;
        };
        (self.text, self.mistake) = (before, None);
        true
    }

    /// Draws the line while it is open; returns what is left of the area.
    pub fn draw(&self, canvas: &mut Canvas, area: Rect) -> Rect {
        let Some((field, _)) = &self.editing else {
            return area;
        };
        canvas.clear(Rect::new(area.x, area.y, area.width, 1));
        let (x, width) = (area.x + 1, area.width.saturating_sub(2));
        let used = canvas.text(x, area.y, 3, "/ ", Role::Accent);
        let (words, role) = match &self.mistake {
            Some(mistake) => (mistake.message.clone(), Role::Danger),
            None => (ways(&self.completions), Role::Muted),
        };
        let wide = (cells(&words) as u16).min(width / 2);
        canvas.right(x + width, area.y, wide, &words, role);
        let room = width.saturating_sub(used + wide + 2);
        field.draw(
            canvas,
            Rect::new(x + used, area.y, room, 1),
            self.mistake.as_ref().map(|m| (m.start, m.end)),
        );
        Rect::new(
            area.x,
            area.y + 1,
            area.width,
            area.height.saturating_sub(1),
        )
    }
}

/// A list with such a line: mixes its keys in by [`Filtered::FILTER`].
pub trait Filtered: Keyed {
    /// The line.
    fn line(&self) -> &FilterLine;
    /// The same, to change.
    fn line_mut(&mut self) -> &mut FilterLine;

    /// The rows.
    const FILTER: &'static [KeyRow<Self>] = &[
        row("filter", &["/"], |v: &mut Self, _| v.line_mut().edit()).hint(),
        row("narrow", &["f"], |_: &mut Self, cx| {
            narrow::open::<Self>(Self::narrowed, cx)
        }),
        row("clear_filter", &["F"], |v: &mut Self, _| {
            v.line_mut().text.clear()
        })
        .when(|v, _| {
            if v.line().text.is_empty() {
                Err("no_filter")
            } else {
                Ok(())
            }
        }),
        row("complete", &["tab"], |v: &mut Self, _| {
            v.line_mut().complete()
        })
        .when(|v, _| {
            if v.line().editing() {
                Ok(())
            } else {
                Err("no_filter")
            }
        }),
    ];

    /// What a picked filter says ([`narrow`]).
    fn narrowed(&mut self, term: &str) {
        narrow::add(&mut self.line_mut().text, term);
    }
}
