//! Rows of customers in lists: columns from the roster, cut to the width there is.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Hit};
use super::measure::cells;
use super::theme::Role;
use super::view::Look;
use super::widgets::list::List;
use crate::domain::health::Band;
use crate::domain::money;
use crate::domain::query::View;
use crate::domain::roster::Roster;

/// One column of a list.
pub struct Shown {
    code: &'static str,
    width: u16,
    right: bool,
    cell: fn(&Roster, usize, &Look) -> (String, Role),
}

/// Columns of the roster, the first ones first where the width does not do.
pub static CUSTOMERS: [Shown; 7] = [
    Shown { code: "name", width: 22, right: false, cell: |r, at, _| (r.name(at).to_owned(), Role::Text) },
    Shown { code: "health", width: 9, right: true, cell: health },
    Shown { code: "arr", width: 7, right: true, cell: |r, at, _| (money::short(r.arr(at), r.config.currency), Role::Text) },
    Shown { code: "stage", width: 12, right: false, cell: |r, at, _| (r.config.stages.label(r.rows[at].signals.stage).to_owned(), Role::Text) },
    Shown { code: "owner", width: 8, right: false, cell: |r, at, _| (r.owner(at).to_owned(), Role::Muted) },
    Shown { code: "renews", width: 7, right: true, cell: |r, at, _| (days(r.rows[at].signals.renews.map(|d| d.since(r.today))), Role::Text) },
    Shown { code: "touch", width: 6, right: true, cell: |r, at, _| (days(r.rows[at].signals.touch.map(|d| r.today.since(d))), Role::Text) },
];

fn days(days: Option<i64>) -> String {
    days.map_or_else(|| "-".to_owned(), |d| format!("{d}d"))
}

/// The score with its trend and a role by its band.
pub fn health(roster: &Roster, at: usize, look: &Look) -> (String, Role) {
    let row = &roster.rows[at];
    let Some(score) = row.health.score else { return ("?".to_owned(), Role::Muted) };
    let sign = match row.signals.before {
        Some(before) if score > before + 4 => look.glyphs.rising,
        Some(before) if before > score + 4 => look.glyphs.falling,
        _ => look.glyphs.flat,
    };
    (format!("{score} {sign}"), band(row.health.band))
}

/// The role of a band.
pub fn band(band: Band) -> Role {
    match band {
        Band::Unknown => Role::Muted,
        Band::Risk => Role::Danger,
        Band::Watch => Role::Warn,
        Band::Good => Role::Ok,
    }
}

/// `name ▲`: what a list is sorted by.
pub fn sort_words(view: &View, look: &Look) -> String {
    let code = if view.sort.is_empty() { "name" } else { &view.sort };
    let sign = if view.descending { look.glyphs.falling } else { look.glyphs.rising };
    format!("{} {sign}", look.say.find(&format!("column.{code}")).unwrap_or(code))
}

/// Draws the header and the rows in sight, and says how many fit.
pub fn draw_rows(canvas: &mut Canvas, area: Rect, list: &List<u32>, columns: &[Shown]) {
    if area.height == 0 || area.width < 6 {
        return;
    }
    let height = usize::from(area.height.saturating_sub(1));
    canvas.drawn.list_rows = height;
    let look = canvas.look;
    let mut room = area.width.saturating_sub(2);
    let mut fitting: Vec<(usize, u16)> = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        if fitting.is_empty() || room > column.width {
            let width = column.width.min(room);
            fitting.push((i, width));
            room -= (width + 1).min(room);
        }
    }
    if let Some(first) = fitting.first_mut() {
        first.1 += room;
    }
    let mut x = area.x + 2;
    for (i, width) in &fitting {
        let column = &columns[*i];
        let words = look.say.find(&format!("column.{}", column.code)).unwrap_or(column.code).to_owned();
        if column.right { canvas.right(x + width, area.y, *width, &words, Role::Muted) } else { canvas.text(x, area.y, *width, &words, Role::Muted); }
        canvas.hit(Rect::new(x, area.y, *width, 1), Hit::Header(*i));
        x += width + 1;
    }
    let Some(roster) = look.read() else { return };
    let top = list.first(height);
    for (line, (index, row)) in list.rows.iter().enumerate().skip(top).take(height).enumerate() {
        let y = area.y + 1 + line as u16;
        let at = *row as usize;
        let whole = Rect::new(area.x, y, area.width, 1);
        canvas.hit(whole, Hit::Row(index));
        if list.marks.contains(row) {
            canvas.text(area.x, y, 1, look.glyphs.tick, Role::Accent);
        }
        let mut x = area.x + 2;
        for (i, width) in &fitting {
            let column = &columns[*i];
            if at < roster.rows.len() {
                let (text, role) = (column.cell)(&roster, at, look);
                let role = if list.ghost == Some(*row) { Role::Muted } else { role };
                let wide = (cells(&text) as u16).min(*width);
                let from = if column.right { x + width - wide } else { x };
                canvas.text(from, y, *width, &text, role);
            }
            x += width + 1;
        }
        if index == list.cursor {
            canvas.tint(whole, Role::Selection);
        }
    }
}
