//! The preview beside a list of customers: facts from the roster at once, the timeline when its page has come.

use ratatui::layout::Rect;

use super::account_rows::{band, health};
use super::canvas::Canvas;
use super::theme::Role;
use super::view::Look;
use crate::domain::money;
use crate::domain::query::Account;

/// The list's and the preview's parts of an area, by the size of the terminal.
pub fn split(look: &Look, area: Rect) -> (Rect, Option<Rect>) {
    let (w, h) = look.size;
    if !look.preview || w < 60 || h < 20 {
        return (area, None);
    }
    if w >= 100 {
        let side = (area.width * 2 / 5).clamp(34, 60);
        let list = Rect::new(area.x, area.y, area.width - side, area.height);
        return (list, Some(Rect::new(list.right(), area.y, side, area.height)));
    }
    let below = 7.min(area.height / 3);
    let list = Rect::new(area.x, area.y, area.width, area.height - below);
    (list, Some(Rect::new(area.x, list.bottom(), area.width, below)))
}

/// Draws the customer at a row of the roster. `account` is used when it is that customer's.
pub fn draw(canvas: &mut Canvas, area: Rect, row: Option<u32>, account: Option<&Account>) {
    let look = canvas.look;
    let inner = canvas.frame(area, look.say.word("screen.preview"), "", false);
    let (Some(row), Some(roster)) = (row.map(|r| r as usize), look.read()) else { return };
    if inner.height == 0 || row >= roster.rows.len() {
        return;
    }
    let (x, width) = (inner.x + 1, inner.width.saturating_sub(2));
    let signals = &roster.rows[row].signals;
    canvas.text(x, inner.y, width, roster.name(row), Role::Accent);
    let dot = format!(" {} ", look.glyphs.dot);
    let (score, _) = health(&roster, row, look);
    let stage = roster.config.stages.label(signals.stage).to_owned();
    let owner = roster.owner(row).to_owned();
    let arr = money::full(roster.arr(row), roster.config.currency);
    let score_role = band(roster.rows[row].health.band);
    let y = inner.y + 1;
    canvas.pieces(
        x,
        y,
        width,
        &[(&stage, Role::Text), (&dot, Role::Muted), (&owner, Role::Text), (&dot, Role::Muted), (&arr, Role::Text), (&dot, Role::Muted), (&score, score_role)],
    );
    let Some(account) = account.filter(|a| a.row as usize == row) else { return };
    let lines = account.events.iter().map(|e| format!("{} {} {}", e.day.date().format("%d %b"), e.kind.letter(), e.text));
    for (y, line) in (y + 2..inner.bottom()).zip(lines) {
        canvas.text(x, y, width, &line, Role::Text);
    }
}
