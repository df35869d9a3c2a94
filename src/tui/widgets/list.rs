//! A list that keeps its place: the row under the cursor by key, its line on the screen, marks, and rows taken away early.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::tui::canvas::Hit;
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::step::Cx;
use crate::tui::view::Keyed;

/// The state of a list of `K` (customers, ids of tasks, codes of rules): whatever is remembered of it is remembered by key, so that
/// rows may come, go and change places under it.
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
    /// The row under the cursor when it left the list by somebody else's hand: shown greyed until the cursor leaves it.
    pub ghost: Option<K>,
    // Where a range began: the row that was marked last.
    anchor: Option<K>,
    // Taken away by our own writes that have no receipt yet, each with its ticket.
    taken: HashMap<K, u64>,
    // The row that the cursor goes to when it appears.
    wanted: Option<K>,
    // All that was marked is gone: the row under the cursor does not stand in for it before the cursor is moved.
    lost: bool,
    // A write of ours was answered since the last page.
    ours: bool,
}

impl<K> Default for List<K> {
    fn default() -> List<K> {
        List {
            rows: Vec::new(),
            cursor: 0,
            top: 0,
            marks: HashSet::new(),
            ghost: None,
            anchor: None,
            taken: HashMap::new(),
            wanted: None,
            lost: false,
            ours: false,
        }
    }
}

impl<K: Clone + Eq + Hash> List<K> {
    /// The key under the cursor.
    pub fn here(&self) -> Option<K> {
        self.rows.get(self.cursor).cloned()
    }

    fn place(&self, key: &K) -> Option<usize> {
        self.rows.iter().position(|row| row == key)
    }

    /// New rows from a page. The cursor stays on its row at its line; where the row is gone and we did not take it away,
    /// it stays greyed; where we did, the row that took its place is under the cursor.
    pub fn set(&mut self, rows: &[K]) {
        let here = self.here();
        let line = self.cursor.saturating_sub(self.top);
        let old = self.cursor;
        self.fill(rows);
        if let Some(at) = self.wanted.as_ref().and_then(|key| self.place(key)) {
            self.wanted = None;
            self.cursor = at;
        } else if let Some(key) = here {
            match self.place(&key) {
                Some(at) => self.cursor = at,
                None => {
                    let at = old.min(self.rows.len());
                    self.rows.insert(at, key.clone());
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
        self.fill(rows);
        let to = self.wanted.take().or(here).and_then(|key| self.place(&key));
        let line = self.cursor.saturating_sub(self.top);
        self.cursor = to.unwrap_or(0);
        self.top = self.cursor.saturating_sub(line);
    }

    fn fill(&mut self, rows: &[K]) {
        self.rows.clear();
        if self.taken.is_empty() {
            self.rows.extend_from_slice(rows);
        } else {
            self.rows.extend(
                rows.iter()
                    .filter(|key| !self.taken.contains_key(key))
                    .cloned(),
            );
        }
        self.ghost = None;
    }

    /// Takes rows away at once, until the write with this ticket is answered; the next row is under the cursor at the same line.
    pub fn take(&mut self, keys: &[K], ticket: u64) {
        let gone: HashSet<&K> = keys.iter().collect();
        let before = self.rows[..self.cursor.min(self.rows.len())]
            .iter()
            .filter(|k| gone.contains(k))
            .count();
        self.rows.retain(|k| !gone.contains(k));
        let line = self.cursor.saturating_sub(self.top);
        self.cursor = self
            .cursor
            .saturating_sub(before)
            .min(self.rows.len().saturating_sub(1));
        self.top = self.cursor.saturating_sub(line);
        self.marks.retain(|k| !gone.contains(k));
        self.taken
            .extend(keys.iter().map(|key| (key.clone(), ticket)));
        self.ghost = None;
    }

    /// A write is answered: pages from now on know what has become of it, whether it was saved, queued or refused.
    pub fn answered(&mut self, ticket: u64) {
        self.taken.retain(|_, of| *of != ticket);
        self.ours = true;
    }

    /// No write of ours was answered between the last page and this one: what left the list left it by somebody else's hand.
    pub fn is_by_others(&mut self) -> bool {
        !std::mem::take(&mut self.ours)
    }

    /// The cursor goes to this row when it appears.
    pub fn want(&mut self, key: K) {
        match self.place(&key) {
            Some(at) => self.cursor = at,
            None => self.wanted = Some(key),
        }
    }

    /// The same, where there is one.
    pub fn want_some(&mut self, key: Option<K>) {
        key.into_iter().for_each(|key| self.want(key));
    }

    /// Moves the cursor; `height` rows fit on the screen.
    pub fn go(&mut self, to: usize, height: usize) {
        self.lost = false;
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
        self.lost = false;
        let Some(key) = self.here() else { return };
        if self.marks.remove(&key) {
            self.anchor = self.anchor.take().filter(|anchor| *anchor != key);
        } else {
            self.marks.insert(key.clone());
            self.anchor = Some(key);
        }
    }

    /// Marks everything between the row that was marked last and the cursor: the cursor's alone where that one is not listed.
    pub fn mark_range(&mut self) {
        self.lost = false;
        let from = self
            .anchor
            .as_ref()
            .and_then(|key| self.place(key))
            .unwrap_or(self.cursor);
        let (a, b) = (from.min(self.cursor), from.max(self.cursor));
        self.marks
            .extend(self.rows.get(a..=b).unwrap_or_default().iter().cloned());
    }

    /// Marks everything that is listed.
    pub fn mark_all(&mut self) {
        self.lost = false;
        self.marks.extend(self.rows.iter().cloned());
    }

    /// Nothing is marked any more.
    pub fn unmark(&mut self) {
        self.marks.clear();
        (self.anchor, self.lost) = (None, false);
    }

    /// Unmarks what is not there any more, and says how many those are. Where nothing marked is left, nothing is chosen until the
    /// cursor moves: who marked one and presses a key does not mean another.
    pub fn keep_marks(&mut self, is_there: impl Fn(&K) -> bool) -> usize {
        let before = self.marks.len();
        self.marks.retain(|key| is_there(key));
        self.anchor = self.anchor.take().filter(|key| is_there(key));
        let gone = before - self.marks.len();
        self.lost |= gone > 0 && self.marks.is_empty();
        gone
    }

    /// The marked rows, or the one under the cursor.
    pub fn chosen(&self) -> Vec<K> {
        if self.marks.is_empty() {
            return self.here().filter(|_| !self.lost).into_iter().collect();
        }
        let mut chosen: Vec<K> = self
            .rows
            .iter()
            .filter(|k| self.marks.contains(k))
            .cloned()
            .collect();
        if chosen.len() < self.marks.len() {
            let shown: HashSet<&K> = chosen.iter().collect();
            let hidden: Vec<K> = self
                .marks
                .iter()
                .filter(|k| !shown.contains(k))
                .cloned()
                .collect();
            chosen.extend(hidden);
        }
        chosen
    }

    /// How many those are.
    pub fn chosen_count(&self) -> usize {
        if self.marks.is_empty() {
            usize::from(!self.lost && self.cursor < self.rows.len())
        } else {
            self.marks.len()
        }
    }
}

/// Says how many marked rows are gone by somebody else's hand.
pub fn tell_gone<K: Clone + Eq + Hash>(gone: usize, list: &List<K>, cx: &mut Cx) {
    let word = match (gone, list.lost) {
        (0, _) => return,
        (_, true) => "message.marked_all_gone",
        (1, _) => "message.marked_one_gone",
        _ => "message.marked_gone",
    };
    cx.bad(cx.look.say.fill(word, &[("n", &gone.to_string())]));
}

/// A screen with a list: gets the moving keys of every list by mixing in [`Lister::MOVES`].
pub trait Lister: Keyed {
    /// Moves the cursor of the list that has the focus to an index.
    fn move_to(&mut self, to: usize, look: &Look);
    /// Where the cursor is, and how many rows there are.
    fn at(&self) -> (usize, usize);

    /// The cursor has moved: asks for the preview to follow.
    fn moved(&mut self, cx: &mut Cx) {
        cx.push(crate::tui::step::Step::Quiet);
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
        row("page_down", &["pgdn", "ctrl-f"], |v: &mut Self, cx| {
            v.move_by(page(cx.look), cx)
        }),
        row("page_up", &["pgup"], |v: &mut Self, cx| {
            v.move_by(-page(cx.look), cx)
        }),
        row("half_down", &["ctrl-d"], |v: &mut Self, cx| {
            v.move_by(page(cx.look) / 2 + 1, cx)
        }),
        row("half_up", &["ctrl-u"], |v: &mut Self, cx| {
            v.move_by(-(page(cx.look) / 2 + 1), cx)
        }),
        row("first", &["g g", "home"], |v: &mut Self, cx| {
            v.move_by(isize::MIN / 2, cx)
        }),
        row("last", &["G", "end"], |v: &mut Self, cx| {
            v.move_by(isize::MAX / 2, cx)
        }),
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
        l.take(&[2], 7);
        assert_eq!((l.here(), l.cursor), (Some(3), 1));
        l.set(&[1, 2, 3, 4]); // an older page that still has it
        assert_eq!((l.rows.as_slice(), l.here()), (&[1, 3, 4][..], Some(3)));
        l.replace(&[4, 3, 2, 1]); // and one in another order
        assert_eq!(l.rows, [4, 3, 1]);
        l.answered(6); // of another write
        l.set(&[1, 2, 3, 4]);
        assert_eq!(l.rows, [1, 3, 4]);
        l.answered(7);
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
        assert_eq!(
            (l.rows.as_slice(), l.here(), l.ghost),
            (&[1, 3][..], Some(3), None)
        );
    }

    #[test]
    fn a_range_begins_at_the_marked_row_wherever_it_stands_now() {
        let mut l = list(&[1, 2, 3, 4, 5], 4);
        l.mark();
        l.replace(&[5, 4, 3, 2, 1]);
        l.go(1, 10);
        l.mark_range();
        assert_eq!(l.chosen(), [5, 4]);
        l.unmark();
        l.mark_range();
        assert_eq!(l.chosen(), [4], "no range begins where nothing is marked");
        l.unmark();
        l.mark();
        l.mark();
        l.replace(&[1, 2, 3]);
        l.mark_range();
        assert_eq!(l.chosen(), [1], "nor at a row that was unmarked again");
    }

    #[test]
    fn where_all_that_was_marked_is_gone_nothing_is_chosen_until_the_cursor_moves() {
        let mut l = list(&[1, 2, 3], 0);
        l.mark();
        l.by(1, 10);
        l.mark();
        l.set(&[2, 3]);
        assert_eq!((l.keep_marks(|k| *k != 1), l.chosen()), (1, vec![2]));
        assert_eq!(
            (l.keep_marks(|k| *k > 2), l.chosen(), l.chosen_count()),
            (1, vec![], 0)
        );
        l.by(0, 10);
        assert_eq!((l.chosen(), l.chosen_count()), (vec![2], 1));
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
