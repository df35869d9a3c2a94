//! A list under headings: tasks by when they are due, what was done by its day.

use std::hash::Hash;

use ratatui::layout::Rect;

use crate::domain::time::Day;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::measure::cells;
use crate::tui::theme::Role;
use crate::tui::widgets::list::List;

/// The groups of what is due, in their order: code of the heading's words, and its role.
pub const BY_DAY: [(&str, Role); 6] = [
    ("tasks.overdue", Role::Danger),
    ("tasks.today", Role::Warn),
    ("tasks.week", Role::Accent),
    ("tasks.later", Role::Accent),
    ("tasks.no_date", Role::Accent),
    ("tasks.done", Role::Muted),
];

/// The group of what is due on a day: overdue, today, until Sunday, later, without a day, done.
pub fn by_day(due: Option<Day>, done: bool, today: Day) -> usize {
    use chrono::Datelike;
    let sunday = today.plus(6 - i64::from(today.date().weekday().num_days_from_monday()));
    match due {
        _ if done => 5,
        Some(due) if due < today => 0,
        Some(due) if due == today => 1,
        Some(due) if due <= sunday => 2,
        Some(_) => 3,
        None => 4,
    }
}

/// A day, and the days until it: `Fri 27 Nov` and `+6d`.
pub fn day_and_days(due: Option<Day>, done: bool, today: Day) -> (String, String) {
    let day = due
        .map(|d| d.date().format("%a %-d %b").to_string())
        .unwrap_or_default();
    let days = due
        .filter(|_| !done)
        .map(|d| format!("{:+}d", d.since(today)).replace("+0d", "0d"))
        .unwrap_or_default();
    (day, days)
}

/// One line of the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    /// The heading above the row at this index.
    Head(usize),
    /// The row at this index.
    Row(usize),
}

/// The lines in sight: a heading wherever the group changes, the cursor always among them.
fn lines(groups: &[usize], cursor: usize, top: usize, height: usize) -> Vec<Line> {
    let mut all = Vec::with_capacity(groups.len() + 8);
    let (mut at, mut from) = (0, 0);
    for (index, group) in groups.iter().enumerate() {
        if index == top {
            from = all.len();
        }
        if index == 0 || groups[index - 1] != *group {
            all.push(Line::Head(index));
        }
        if index == cursor {
            at = all.len();
        }
        all.push(Line::Row(index));
    }
    let last = all.len().saturating_sub(height);
    let from = from.min(last).max((at + 1).saturating_sub(height)).min(at);
    all.drain(..from);
    all.truncate(height);
    all
}

/// Draws a list under headings. `groups` gives each row's group, `head` the words over the group of a row, `row` draws one.
pub fn draw<K: Clone + Eq + Hash>(
    canvas: &mut Canvas,
    area: Rect,
    list: &List<K>,
    groups: &[usize],
    head: impl Fn(usize) -> (String, Role),
    mut row: impl FnMut(&mut Canvas, Rect, usize),
) {
    let height = usize::from(area.height);
    let shown = lines(groups, list.cursor, list.top, height);
    let heads = shown.iter().filter(|l| matches!(l, Line::Head(_))).count();
    canvas.drawn.list_rows = height.saturating_sub(heads).max(1);
    for (y, line) in (area.top()..area.bottom()).zip(shown) {
        let whole = Rect::new(area.x, y, area.width, 1);
        match line {
            Line::Head(index) => {
                let (words, role) = head(index);
                canvas.text(area.x + 1, y, area.width.saturating_sub(2), &words, role);
            }
            Line::Row(index) => {
                canvas.hit(whole, Hit::Row(index));
                if list.rows.get(index).is_some_and(|k| list.marks.contains(k)) {
                    canvas.text(area.x, y, 1, canvas.look.glyphs.tick, Role::Accent);
                }
                row(canvas, whole, index);
                if index == list.cursor {
                    canvas.tint(whole, Role::Selection);
                }
            }
        }
    }
}

/// Draws cells of given widths one behind another: text, width, whether it ends at the right, role.
pub fn cells_of(canvas: &mut Canvas, line: Rect, columns: &[(&str, u16, bool, Role)]) {
    let mut x = line.x + 2;
    for (text, width, right, role) in columns {
        let width = (*width).min(line.right().saturating_sub(x + 1));
        if width == 0 {
            continue;
        }
        if *right {
            canvas.right(x + width, line.y, width, text, *role);
        } else {
            canvas.text(x, line.y, width, text, *role);
        }
        x += width + 1;
    }
}

/// What [`cells_of`] leaves for one more column beside those of these widths.
pub fn room(line: u16, others: &[u16]) -> u16 {
    let taken = |width: &u16| if *width > 0 { width + 1 } else { 0 };
    line.saturating_sub(3 + others.iter().map(taken).sum::<u16>())
}

/// Says in the lower edge of a list's frame what the row under its cursor has cut to `room` cells.
pub fn draw_whole(canvas: &mut Canvas, frame: Rect, text: &str, room: u16) {
    if cells(text) > usize::from(room) {
        canvas.text(
            frame.x + 2,
            frame.bottom().saturating_sub(1),
            frame.width.saturating_sub(4),
            &format!(" {text} "),
            Role::Text,
        );
    }
}

/// Says in the middle of nothing why there is nothing, and which key helps.
pub fn draw_empty(canvas: &mut Canvas, area: Rect, words: &str) {
    let width = area.width.saturating_sub(4);
    let from = area.y + u16::from(area.height > 3);
    for (y, line) in (from..area.bottom()).zip(crate::tui::measure::wrap(words, usize::from(width)))
    {
        canvas.text(area.x + 2, y, width, &line, Role::Muted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_stand_where_the_group_changes_and_the_cursor_is_in_sight() {
        let groups = [0, 0, 1, 1, 1, 2];
        assert_eq!(
            lines(&groups, 0, 0, 4),
            [Line::Head(0), Line::Row(0), Line::Row(1), Line::Head(2)]
        );
        for cursor in 0..groups.len() {
            for height in 1..9 {
                assert!(
                    lines(&groups, cursor, 0, height).contains(&Line::Row(cursor)),
                    "{cursor} at {height}"
                );
                assert!(
                    lines(&groups, cursor, cursor, height).contains(&Line::Row(cursor)),
                    "{cursor} at {height}"
                );
            }
        }
        assert_eq!(lines(&[], 0, 0, 5), []);
    }
}
