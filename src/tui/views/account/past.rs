//! How one text came to be: every change of it with who made it, before and after.

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::domain::id::Id;
use crate::domain::query::{EditRow, Page, Query};
use crate::domain::time::words;
use crate::tui::canvas::{Canvas, Hit, centred};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::wrap;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Place, Screen, Title};

/// The history of a row.
#[derive(Default)]
pub struct Past {
    row: Option<Id>,
    edits: Option<Vec<EditRow>>,
    top: usize,
}

impl Past {
    /// That of an event.
    pub fn of(row: Id) -> Past {
        Past {
            row: Some(row),
            ..Past::default()
        }
    }

    fn scroll(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by);
    }

    fn lines(&self, look: &Look, width: usize) -> Vec<(String, Role)> {
        let Some(edits) = &self.edits else {
            return vec![(look.say.word("message.loading").to_owned(), Role::Muted)];
        };
        let mut lines = Vec::new();
        for edit in edits {
            let when = words::show_moment(edit.at, &look.now);
            let field = look
                .say
                .find(&format!("field.{}", edit.field))
                .unwrap_or(&edit.field);
            let text = look.say.fill(
                "account.changed",
                &[("person", &edit.person), ("field", field), ("when", &when)],
            );
            lines.push((text, Role::Accent));
            for (sign, value, role) in [
                ("- ", &edit.before, Role::Muted),
                ("+ ", &edit.after, Role::Text),
            ] {
                let nothing = look.say.word("account.no_value");
                let text = value
                    .as_deref()
                    .filter(|v| !v.is_empty())
                    .unwrap_or(nothing);
                lines.extend(
                    wrap(text, width.saturating_sub(2))
                        .into_iter()
                        .map(|l| (format!("{sign}{l}"), role)),
                );
            }
            lines.push((String::new(), Role::Text));
        }
        if lines.is_empty() {
            lines.push((
                look.say.word("account.never_changed").to_owned(),
                Role::Muted,
            ));
        }
        lines
    }
}

impl Keyed for Past {
    const KEYS: &'static [&'static [KeyRow<Past>]] = &[&[
        row("close", &["esc", "q", "h", "enter"], |_, cx| cx.close()).hint(),
        row("down", &["j", "down"], |v: &mut Self, _| v.scroll(1)),
        row("up", &["k", "up"], |v: &mut Self, _| v.scroll(-1)),
        row("page_down", &["pgdn", "space"], |v: &mut Self, _| {
            v.scroll(10)
        }),
        row("page_up", &["pgup"], |v: &mut Self, _| v.scroll(-10)),
    ]];
}

impl Screen for Past {
    fn place(&self) -> Place {
        Place::Box
    }

    fn title(&self, look: &Look) -> Title {
        Title {
            crumb: look.say.word("screen.past").to_owned(),
            ..Title::default()
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        self.row
            .map(|row| (0, Query::History { row }))
            .into_iter()
            .collect()
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, _cx: &mut Cx) {
        if let Page::History(edits) = page.as_ref() {
            self.edits = Some(edits.clone());
        }
    }

    fn on_hit(&mut self, hit: Hit, _cx: &mut Cx) {
        if let Hit::Wheel(by) = hit {
            self.scroll(by as isize);
        }
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let width = area.width.saturating_sub(4).clamp(20, 90);
        let lines = self.lines(canvas.look, usize::from(width.saturating_sub(4)));
        let height = (lines.len() as u16 + 2).clamp(5, area.height.max(5));
        let title = canvas.look.say.word("screen.past").to_owned();
        let inner = canvas.frame(centred(area, width, height), &title, "", true);
        let top = self
            .top
            .min(lines.len().saturating_sub(usize::from(inner.height)));
        for (y, (text, role)) in (inner.top()..inner.bottom()).zip(lines.iter().skip(top)) {
            canvas.text(inner.x + 1, y, inner.width.saturating_sub(2), text, *role);
        }
    }
}
