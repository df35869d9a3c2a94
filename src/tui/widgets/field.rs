//! A one-line text field: editing by grapheme with readline keys, and drawing with its cursor in sight.

use crossterm::event::{Event, KeyEvent};
use ratatui::layout::Rect;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;
use unicode_segmentation::UnicodeSegmentation;

use crate::tui::canvas::Canvas;
use crate::tui::measure::cells;
use crate::tui::theme::Role;

/// A one-line text field.
#[derive(Clone, Debug, Default)]
pub struct Field {
    input: Input,
}

impl Field {
    /// A field with text, the cursor at its end.
    pub fn new(text: &str) -> Field {
        Field {
            input: Input::new(text.to_owned()),
        }
    }

    /// Its text.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Replaces its text; the cursor goes to the end.
    pub fn set(&mut self, text: &str) {
        self.input = Input::new(text.to_owned());
    }

    /// A key; true when it changed the text.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let before = self.input.value().len();
        let changed = self
            .input
            .handle_event(&Event::Key(*key))
            .is_some_and(|s| s.value);
        changed || before != self.input.value().len()
    }

    /// Inserts pasted text at the cursor, line ends as spaces: one insertion.
    pub fn insert(&mut self, text: &str) {
        let at = self.before().len();
        let clean: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let value = format!("{}{}{}", &self.text()[..at], clean, &self.text()[at..]);
        let cursor = value[..at + clean.len()].chars().count();
        self.input = Input::new(value).with_cursor(cursor);
    }

    /// The text before the cursor.
    pub fn before(&self) -> &str {
        let text = self.text();
        // The input counts its cursor in code points.
        let end = text
            .char_indices()
            .nth(self.input.cursor())
            .map_or(text.len(), |(at, _)| at);
        &text[..end]
    }

    /// Draws it into one line, underlining `wrong` (bytes), and puts the terminal's cursor.
    pub fn draw(&self, canvas: &mut Canvas, area: Rect, wrong: Option<(usize, usize)>) {
        let width = usize::from(area.width);
        if width == 0 || area.height == 0 {
            return;
        }
        let left = cells(self.before());
        let mut skip = left.saturating_sub(width.saturating_sub(1));
        let mut x = area.x;
        for (at, grapheme) in self.text().grapheme_indices(true) {
            let wide = cells(grapheme);
            if skip >= wide && skip > 0 {
                skip -= wide;
                continue;
            }
            skip = 0;
            let room = area.right().saturating_sub(x);
            if wide as u16 > room {
                break;
            }
            let mut style = canvas.style(Role::Text);
            if wrong.is_some_and(|(a, b)| at >= a && at < b.max(a + 1)) {
                style = canvas
                    .style(Role::Danger)
                    .add_modifier(ratatui::style::Modifier::UNDERLINED);
            }
            x += canvas.styled(x, area.y, room, grapheme, style);
        }
        canvas.put_cursor(area.x + left.min(width.saturating_sub(1)) as u16, area.y);
    }
}
