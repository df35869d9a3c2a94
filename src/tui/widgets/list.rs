//! A list that keeps its place: the row under the cursor by key, its line on the screen, marks, and rows taken away early.

use std::collections::HashSet;
use std::hash::Hash;

use crate::tui::canvas::Hit;
use crate::tui::keymap::{KeyRow, row};
use crate::tui::view::{Cx, Look, Screen};

/// The state of a list of `K` (row numbers of the roster, ids of tasks).
#[derive(Clone, Debug)]
pub struct List<K> {
    /// Keys in order.
    pub rows: Vec<K>,
    /// Index of the row under the cursor.
    pub cursor: usize,
    /// Index of the first row shown.
    pub top: usize,
    /// Marked rows; they survive filtering and sorting.
    pub marks: HashSet<K>,
    /// Where a range began.
    pub anchor: Option<usize>,
    /// The row under the cursor when it left the list by somebody else's hand: shown greyed until the cursor leaves it.
    pub ghost: Option<K>,
    // Taken away by our own writes, before the page that says so has come.
    taken: HashSet<K>,
    // The row that the cursor goes to when it appears.
    wanted: Option<K>,
}

impl<K> Default for List<K> {
    fn default() -> List<K> {
        List { rows: Vec::new(), cursor: 0, top: 0, marks: HashSet::new(), anchor: None, ghost: None, taken: HashSet::new(), wanted: None }
    }
}

impl<K: Copy + Eq + Hash> List<K> {
    /// The key under the cursor.
    pub fn here(&self) -> Option<K> {
        self.rows.get(self.cursor).copied()
    }

    /// New rows from a page. The cursor stays on its row at its line; where the row is gone and we did not take it away,
    /// it stays greyed; where we did, the row that took its place is under the cursor.
    pub fn set(&mut self, rows: &[K]) {
        let here = self.here();
        let line = self.cursor.saturating_sub(self.top);
        let old = self.cursor;
        self.rows.clear();
        if self.taken.is_empty() {
            self.rows.extend_from_slice(rows);
        } else {
            self.rows.extend(rows.iter().filter(|k| !self.taken.contains(k)));
            let still: HashSet<K> = rows.iter().copied().filter(|k| self.taken.contains(k)).collect();
            self.taken = still;
        }
        self.ghost = None;
        if let Some(at) = self.wanted.and_then(|k| self.rows.iter().position(|r| *r == k)) {
            self.wanted = None;
            self.cursor = at;
        } else if let Some(key) = here {
            match self.rows.iter().position(|r| *r == key) {
                Some(at) => self.cursor = at,
                None => {
                    let at = old.min(self.rows.len());
                    self.rows.insert(at, key);
                    (self.cursor, self.ghost) = (at, Some(key));
                }
            }
        }
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
        self.top = self.cursor.saturating_sub(line);
    }

    /// New rows for a new question (another filter or sort): nothing is greyed; the cursor stays on its row if it is there.
    pub fn replace(&mut self, rows: &[K]) {
        let here = self.here();
        self.rows.clear();
        self.rows.extend(rows.iter().filter(|k| !self.taken.contains(k)));
        self.ghost = None;
        let to = self.wanted.take().or(here).and_then(|k| self.rows.iter().position(|r| *r == k));
        let line = self.cursor.saturating_sub(self.top);
        self.cursor = to.unwrap_or(0);
        self.top = self.cursor.saturating_sub(line);
    }

    /// Takes rows away at once; the next row is under the cursor at the same line.
    pub fn take(&mut self, keys: &[K]) {
        let gone: HashSet<K> = keys.iter().copied().collect();
        let before = self.rows[..self.cursor.min(self.rows.len())].iter().filter(|k| gone.contains(k)).count();
        self.rows.retain(|k| !gone.contains(k));
        let line = self.cursor.saturating_sub(self.top);
        self.cursor = (self.cursor - before).min(self.rows.len().saturating_sub(1));
        self.top = self.cursor.saturating_sub(line);
        self.marks.retain(|k| !gone.contains(k));
        self.taken.extend(gone);
        self.ghost = None;
    }

    /// What was taken away early did not go after all (the write failed, or was undone).
    pub fn give_back(&mut self) {
        self.taken.clear();
    }

    /// The cursor goes to this row when it appears.
    pub fn want(&mut self, key: K) {
        match self.rows.iter().position(|r| *r == key) {
            Some(at) => self.cursor = at,
            None => self.wanted = Some(key),
        }
    }

    /// Moves the cursor; `height` rows fit on the screen.
    pub fn go(&mut self, to: usize, height: usize) {
        let to = to.min(self.rows.len().saturating_sub(1));
        if to != self.cursor
            && let Some(ghost) = self.ghost.take()
        {
            let at = self.cursor;
            if self.rows.get(at) == Some(&ghost) {
                self.rows.remove(at);
                self.cursor = if to > at { to - 1 } else { to };
                self.top = self.first(height);
                return;
            }
        }
        self.cursor = to;
        self.top = self.first(height);
    }

    /// Moves the cursor by so many rows.
    pub fn by(&mut self, rows: isize, height: usize) {
        self.go(self.cursor.saturating_add_signed(rows), height);
    }

    /// The first row to show so that the cursor is in sight.
    pub fn first(&self, height: usize) -> usize {
        let height = height.max(1);
        let top = self.top.min(self.rows.len().saturating_sub(height));
        if self.cursor < top {
            self.cursor
        } else if self.cursor >= top + height {
            self.cursor + 1 - height
        } else {
            top
        }
    }

    /// Marks or unmarks the row under the cursor.
    pub fn mark(&mut self) {
        if let Some(key) = self.here()
            && !self.marks.remove(&key)
        {
            self.marks.insert(key);
            self.anchor = Some(self.cursor);
        }
    }

    /// Marks everything between the last mark and the cursor.
    pub fn mark_range(&mut self) {
        let from = self.anchor.unwrap_or(self.cursor).min(self.rows.len().saturating_sub(1));
        let (a, b) = (from.min(self.cursor), from.max(self.cursor));
        self.marks.extend(self.rows.get(a..=b).unwrap_or_default().iter().copied());
    }

    /// The marked rows, or the one under the cursor.
    pub fn chosen(&self) -> Vec<K> {
        if self.marks.is_empty() {
            return self.here().into_iter().collect();
        }
        let mut chosen: Vec<K> = self.rows.iter().copied().filter(|k| self.marks.contains(k)).collect();
        let shown: HashSet<K> = chosen.iter().copied().collect();
        chosen.extend(self.marks.iter().copied().filter(|k| !shown.contains(k)));
        chosen
    }
}

/// A screen with a list: gets the moving keys of every list by mixing in [`Lister::MOVES`].
pub trait Lister: Screen {
    /// Moves the cursor of the list that has the focus to an index.
    fn move_to(&mut self, to: usize, look: &Look);
    /// Where the cursor is, and how many rows there are.
    fn at(&self) -> (usize, usize);

    /// The cursor has moved: asks for the preview to follow.
    fn moved(&mut self, cx: &mut Cx) {
        cx.push(crate::tui::view::Step::Quiet);
    }

    /// Moves by some rows.
    fn move_by(&mut self, by: isize, cx: &mut Cx) {
        let (cursor, _) = self.at();
        self.move_to(cursor.saturating_add_signed(by), cx.look);
        self.moved(cx);
    }

    /// What a click or wheel step on a list does.
    fn list_hit(&mut self, hit: Hit, cx: &mut Cx) {
        match hit {
            Hit::Row(at) => {
                self.move_to(at, cx.look);
                self.moved(cx);
            }
            Hit::Wheel(by) => self.move_by(by as isize * 3, cx),
            _ => {}
        }
    }

    /// The keys that move in every list.
    const MOVES: &'static [KeyRow<Self>] = &[
        row("down", &["j", "down"], |v: &mut Self, cx| v.move_by(1, cx)),
        row("up", &["k", "up"], |v: &mut Self, cx| v.move_by(-1, cx)),
        row("page_down", &["pgdn", "ctrl-f"], |v: &mut Self, cx| v.move_by(page(cx.look), cx)),
        row("page_up", &["pgup"], |v: &mut Self, cx| v.move_by(-page(cx.look), cx)),
        row("half_down", &["ctrl-d"], |v: &mut Self, cx| v.move_by(page(cx.look) / 2 + 1, cx)),
        row("half_up", &["ctrl-u"], |v: &mut Self, cx| v.move_by(-(page(cx.look) / 2 + 1), cx)),
        row("first", &["g g", "home"], |v: &mut Self, cx| v.move_by(isize::MIN / 2, cx)),
        row("last", &["G", "end"], |v: &mut Self, cx| v.move_by(isize::MAX / 2, cx)),
    ];
}

fn page(look: &Look) -> isize {
    look.list_rows.saturating_sub(1).max(1) as isize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(rows: &[u32], cursor: usize) -> List<u32> {
        let mut list = List::default();
        list.set(rows);
        list.go(cursor, 10);
        list
    }

    #[test]
    fn a_handled_row_leaves_and_the_next_is_under_the_cursor() {
        let mut l = list(&[1, 2, 3, 4], 1);
        l.take(&[2]);
        assert_eq!((l.here(), l.cursor), (Some(3), 1));
        l.set(&[1, 2, 3, 4]); // an older page that still has it
        assert_eq!((l.rows.as_slice(), l.here()), (&[1, 3, 4][..], Some(3)));
        l.set(&[1, 3, 4]);
        l.set(&[1, 2, 3, 4]); // undone: it is back
        assert_eq!(l.rows, [1, 2, 3, 4]);
        assert_eq!(l.here(), Some(3));
    }

    #[test]
    fn a_row_that_somebody_else_took_stays_grey_until_left() {
        let mut l = list(&[1, 2, 3], 1);
        l.set(&[1, 3]);
        assert_eq!((l.here(), l.ghost), (Some(2), Some(2)));
        l.by(1, 10);
        assert_eq!((l.rows.as_slice(), l.here(), l.ghost), (&[1, 3][..], Some(3), None));
    }

    #[test]
    fn the_cursor_stays_on_its_line() {
        let rows: Vec<u32> = (0..100).collect();
        let mut l = list(&rows, 50);
        let line = l.cursor - l.first(10);
        let mut more = vec![500, 501, 502];
        more.extend(&rows);
        l.set(&more);
        assert_eq!((l.here(), l.cursor - l.first(10)), (Some(50), line));
    }
}
