//! A text area of several lines: editing by grapheme with readline keys, soft wrapping, drawing with its cursor in sight.

use std::ops::Range;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use crate::tui::canvas::Canvas;
use crate::tui::measure::cells;
use crate::tui::theme::Role;

/// A text area.
#[derive(Clone, Debug, Default)]
pub struct Area {
    text: String,
    // Byte of the cursor, always at the edge of a grapheme.
    at: usize,
    // The column that going up and down aims at.
    aim: Option<usize>,
}

impl Area {
    /// An area with text, the cursor at its end.
    pub fn new(text: &str) -> Area {
        Area {
            at: text.len(),
            text: text.to_owned(),
            aim: None,
        }
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces its text; the cursor goes to the end.
    pub fn set(&mut self, text: &str) {
        *self = Area::new(text);
    }

    /// Inserts text at the cursor. Line ends stay, tabs become spaces, other control characters go.
    pub fn insert(&mut self, text: &str) {
        let text = text
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .replace('\t', "    ");
        let clean: String = text
            .chars()
            .filter(|c| *c == '\n' || !c.is_control())
            .collect();
        self.text.insert_str(self.at, &clean);
        self.at += clean.len();
        self.mend();
    }

    // A combining mark that was typed joins the grapheme before it: the cursor goes behind the whole of it.
    fn mend(&mut self) {
        let mut cursor = GraphemeCursor::new(self.at, self.text.len(), true);
        if !matches!(cursor.is_boundary(&self.text, 0), Ok(true)) {
            self.at = self.next(self.at);
        }
    }

    fn next(&self, at: usize) -> usize {
        GraphemeCursor::new(at, self.text.len(), true)
            .next_boundary(&self.text, 0)
            .ok()
            .flatten()
            .unwrap_or(self.text.len())
    }

    fn previous(&self, at: usize) -> usize {
        GraphemeCursor::new(at, self.text.len(), true)
            .prev_boundary(&self.text, 0)
            .ok()
            .flatten()
            .unwrap_or(0)
    }

    fn line_start(&self) -> usize {
        self.text[..self.at].rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        self.text[self.at..]
            .find('\n')
            .map_or(self.text.len(), |at| self.at + at)
    }

    fn word_left(&self) -> usize {
        let mut words = self.text[..self.at].unicode_word_indices();
        words.next_back().map_or(0, |(at, _)| at)
    }

    fn word_right(&self) -> usize {
        let mut words = self.text[self.at..].unicode_word_indices();
        words
            .next()
            .map_or(self.text.len(), |(at, word)| self.at + at + word.len())
    }

    fn cut(&mut self, range: Range<usize>) {
        self.at = range.start;
        self.text.replace_range(range, "");
        self.mend();
    }

    /// The rows as they are drawn: byte ranges without the line ends, at most `width` cells each (one cell is left for the cursor).
    fn rows(&self, width: usize) -> Vec<Range<usize>> {
        let width = width.saturating_sub(1).max(2);
        let mut rows = Vec::new();
        let mut start = 0;
        for line in self.text.split('\n') {
            let (mut from, mut used) = (start, 0);
            for (at, word) in line.split_word_bound_indices() {
                let wide = cells(word);
                if used + wide > width && used > 0 && !word.trim().is_empty() {
                    rows.push(from..start + at);
                    (from, used) = (start + at, 0);
                }
                if wide <= width {
                    used += wide;
                    continue;
                }
                // A word longer than a row is broken between its graphemes.
                for (inner, grapheme) in word.grapheme_indices(true) {
                    let wide = cells(grapheme);
                    if used + wide > width && used > 0 {
                        rows.push(from..start + at + inner);
                        (from, used) = (start + at + inner, 0);
                    }
                    used += wide;
                }
            }
            rows.push(from..start + line.len());
            start += line.len() + 1;
        }
        rows
    }

    fn place(&self, rows: &[Range<usize>]) -> (usize, usize) {
        let row = rows.iter().rposition(|r| r.start <= self.at).unwrap_or(0);
        (row, cells(&self.text[rows[row].start..self.at]))
    }

    /// True on the first row (for going up) or the last one (for going down): the key is then the form's.
    pub fn at_edge(&self, down: bool, width: usize) -> bool {
        let rows = self.rows(width);
        let row = self.place(&rows).0;
        if down {
            row + 1 == rows.len()
        } else {
            row == 0
        }
    }

    fn vertical(&mut self, down: bool, width: usize) {
        let rows = self.rows(width);
        let (row, column) = self.place(&rows);
        let aim = self.aim.unwrap_or(column);
        let to = if down {
            (row + 1).min(rows.len() - 1)
        } else {
            row.saturating_sub(1)
        };
        let mut at = rows[to].start;
        let mut used = 0;
        for grapheme in self.text[rows[to].clone()].graphemes(true) {
            if used >= aim {
                break;
            }
            used += cells(grapheme);
            at += grapheme.len();
        }
        // The end of a soft-wrapped row is the start of the next one.
        if at == rows[to].end
            && rows.get(to + 1).is_some_and(|r| r.start == at)
            && at > rows[to].start
        {
            at = self.previous(at);
        }
        self.at = at;
        self.aim = Some(aim);
    }

    /// A key; true when it changed the text. `width` is that of the area as it is drawn.
    pub fn key(&mut self, key: &KeyEvent, width: usize) -> bool {
        let (ctrl, alt) = (
            key.modifiers.contains(KeyModifiers::CONTROL),
            key.modifiers.contains(KeyModifiers::ALT),
        );
        let aim = self.aim.take();
        let before = self.text.len();
        match (key.code, ctrl, alt) {
            (KeyCode::Up, ..) | (KeyCode::Char('p'), true, _) => {
                self.aim = aim;
                self.vertical(false, width);
            }
            (KeyCode::Down, ..) | (KeyCode::Char('n'), true, _) => {
                self.aim = aim;
                self.vertical(true, width);
            }
            (KeyCode::Left, true, _) | (KeyCode::Char('b'), _, true) => self.at = self.word_left(),
            (KeyCode::Right, true, _) | (KeyCode::Char('f'), _, true) => {
                self.at = self.word_right()
            }
            (KeyCode::Left, ..) | (KeyCode::Char('b'), true, _) => self.at = self.previous(self.at),
            (KeyCode::Right, ..) | (KeyCode::Char('f'), true, _) => self.at = self.next(self.at),
            (KeyCode::Home, ..) | (KeyCode::Char('a'), true, _) => self.at = self.line_start(),
            (KeyCode::End, ..) => self.at = self.line_end(),
            (KeyCode::Enter, ..) => self.insert("\n"),
            (KeyCode::Backspace, false, false) | (KeyCode::Char('h'), true, _) => {
                self.cut(self.previous(self.at)..self.at)
            }
            (KeyCode::Backspace, ..) | (KeyCode::Char('w'), true, _) => {
                self.cut(self.word_left()..self.at)
            }
            (KeyCode::Delete, ..) | (KeyCode::Char('d'), true, _) => {
                self.cut(self.at..self.next(self.at))
            }
            (KeyCode::Char('d'), _, true) => self.cut(self.at..self.word_right()),
            (KeyCode::Char('u'), true, _) => self.cut(self.line_start()..self.at),
            (KeyCode::Char('k'), true, _) => {
                let end = self.line_end();
                self.cut(self.at..if end == self.at { self.next(end) } else { end });
            }
            (KeyCode::Char(c), false, false) => self.insert(c.encode_utf8(&mut [0; 4])),
            _ => {}
        }
        self.text.len() != before
    }

    /// Draws it, scrolled so that the cursor is in sight; puts the terminal's cursor when it has the focus.
    pub fn draw(&self, canvas: &mut Canvas, area: Rect, focused: bool) {
        let rows = self.rows(usize::from(area.width));
        let (row, column) = self.place(&rows);
        let height = usize::from(area.height).max(1);
        let top = if focused {
            (row + 1).saturating_sub(height)
        } else {
            0
        };
        for (y, range) in (area.top()..area.bottom()).zip(rows.iter().skip(top)) {
            canvas.text(area.x, y, area.width, &self.text[range.clone()], Role::Text);
        }
        if focused {
            canvas.put_cursor(
                area.x + (column as u16).min(area.width.saturating_sub(1)),
                area.y + (row - top) as u16,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(area: &mut Area, keys: &str) {
        for name in keys.split_whitespace() {
            let key = crate::tui::key::Key::parse(name).expect("a key");
            area.key(&KeyEvent::new(key.code, key.with), 20);
        }
    }

    #[test]
    fn a_grapheme_is_one_step_and_one_deletion() {
        let mut area = Area::new("a👩‍👩‍👧e\u{301}");
        press(&mut area, "left left");
        assert_eq!(area.at, 1);
        press(&mut area, "right backspace");
        assert_eq!(area.text(), "ae\u{301}");
        press(&mut area, "end backspace backspace");
        assert_eq!(area.text(), "");
        area.insert("e");
        area.insert("\u{301}");
        assert_eq!(area.at, area.text().len());
    }

    #[test]
    fn readline_keys_edit_the_line_they_are_on() {
        let mut area = Area::new("first line\nsecond line here");
        press(&mut area, "ctrl-w");
        assert_eq!(area.text(), "first line\nsecond line ");
        press(&mut area, "ctrl-u");
        assert_eq!(area.text(), "first line\n");
        press(&mut area, "up ctrl-k ctrl-k");
        assert_eq!(area.text(), "");
        area.insert("a\r\nb\tc\u{1b}");
        assert_eq!(area.text(), "a\nb    c");
    }

    #[test]
    fn rows_break_at_words_and_long_words_between_graphemes() {
        let area = Area::new("one two three\n\nabcdefghijklm");
        let rows: Vec<&str> = area.rows(9).into_iter().map(|r| &area.text[r]).collect();
        assert_eq!(rows, ["one two ", "three", "", "abcdefgh", "ijklm"]);
        let wide = Area::new("株式会社さくら");
        assert!(wide.rows(6).into_iter().all(|r| cells(&wide.text[r]) <= 5));
    }

    #[test]
    fn up_and_down_keep_the_column_through_wrapped_rows() {
        let mut area = Area::new("one two three four\nx\nlonger");
        let width = 10;
        let go = |area: &mut Area, code| area.key(&KeyEvent::from(code), width);
        assert!(area.at_edge(true, width) && !area.at_edge(false, width));
        go(&mut area, KeyCode::Up);
        go(&mut area, KeyCode::Up);
        let rows = area.rows(width);
        assert_eq!(area.place(&rows).1.min(5), 4.min(area.place(&rows).1));
        for _ in 0..5 {
            go(&mut area, KeyCode::Up);
        }
        assert!(area.at_edge(false, width));
        assert_eq!(area.place(&area.rows(width)), (0, 6));
    }
}
