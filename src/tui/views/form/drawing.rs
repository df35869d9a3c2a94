//! How a form is drawn: labels, fields, ways to choose, what was understood or what is wrong at the right.

use ratatui::layout::Rect;

use super::Form;
use super::cell::{Cell, Kind, Way};
use crate::tui::canvas::{Canvas, Hit, centred};
use crate::tui::look::Look;
use crate::tui::measure::{cells, cut};
use crate::tui::theme::Role;
use crate::tui::verbs::named;

/// Cells of the labels.
const LABEL: u16 = 12;

fn box_width(look: &Look) -> u16 {
    look.size
        .0
        .saturating_sub(if look.size.0 >= 80 { 8 } else { 2 })
        .min(76)
}

/// Cells of a text area's lines.
pub fn area_width(look: &Look) -> usize {
    usize::from(box_width(look).saturating_sub(6)).max(4)
}

impl Form {
    /// Rows of a text area, by the room that the other fields leave.
    fn area_rows(&self, height: u16) -> u16 {
        let others = self.cells.iter().filter(|c| !c.is_area()).count() as u16;
        // The frame, the line of keys with a gap, the label and the area's own frame.
        height.saturating_sub(others + 2 + 2 + 3).clamp(2, 8)
    }

    fn height_of(&self, cell: &Cell, rows: u16) -> u16 {
        if cell.is_area() { rows + 3 } else { 1 }
    }

    pub(super) fn draw_form(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let rows = self.area_rows(area.height);
        let lines: u16 = self.cells.iter().map(|c| self.height_of(c, rows)).sum();
        let outer = centred(area, box_width(look), lines + 5);
        let about = match self.target.several.as_slice() {
            [] => self
                .target
                .customer
                .map(|id| look.name_of(id))
                .filter(|n| !n.is_empty()),
            several => Some(named(several, look)),
        };
        let mut title = look.say.word(&format!("form.{}", self.code)).to_owned();
        if let Some(name) = about {
            title = format!("{title} {} {name}", look.glyphs.dot);
        }
        let state = if let Some(who) = &self.removed {
            look.say.fill("form.removed", &[("who", who)])
        } else if self.sent.is_some() {
            look.say.word("form.saving").to_owned()
        } else if !self.ready {
            look.say.word("message.loading").to_owned()
        } else {
            self.draft_state(look)
        };
        let inner = canvas.frame(outer, &title, &state, true);
        if inner.height < 3 {
            return;
        }
        let body = Rect::new(
            inner.x + 1,
            inner.y,
            inner.width.saturating_sub(2),
            inner.height - 1,
        );
        self.draw_cells(canvas, body, rows);
        let keys = look.say.word("form.keys").to_owned();
        canvas.text(
            body.x + 1,
            inner.bottom() - 1,
            body.width.saturating_sub(1),
            &keys,
            Role::Muted,
        );
    }

    /// What draft stands here, and whether there is an older one.
    fn draft_state(&self, look: &Look) -> String {
        let taken = (!self.taken_up.is_empty()).then(|| {
            look.say
                .fill("form.from_draft", &[("draft", &self.taken_up)])
        });
        let older = (!self.older.is_empty()).then(|| look.say.word("form.older").to_owned());
        taken
            .into_iter()
            .chain(older)
            .collect::<Vec<_>>()
            .join(&format!(" {} ", look.glyphs.dot))
    }

    /// The fields, from the first one with which the current one is in sight.
    fn draw_cells(&self, canvas: &mut Canvas, body: Rect, rows: u16) {
        let mut first = 0;
        let needed = |from: usize| {
            self.cells[from..=self.at]
                .iter()
                .map(|c| self.height_of(c, rows))
                .sum::<u16>()
        };
        while first < self.at && needed(first) > body.height {
            first += 1;
        }
        let spare = body.height
            > self
                .cells
                .iter()
                .map(|c| self.height_of(c, rows))
                .sum::<u16>();
        let mut y = body.y + u16::from(spare);
        for (at, cell) in self.cells.iter().enumerate().skip(first) {
            if y >= body.bottom() {
                break;
            }
            let height = self.height_of(cell, rows).min(body.bottom() - y);
            let place = Rect::new(body.x, y, body.width, height);
            canvas.hit(place, Hit::Row(at));
            self.draw_cell(canvas, place, cell, at == self.at);
            y += height;
        }
    }

    fn draw_cell(&self, canvas: &mut Canvas, area: Rect, cell: &Cell, here: bool) {
        let look = canvas.look;
        let mark = if here { ">" } else { " " };
        canvas.text(area.x, area.y, 1, mark, Role::Accent);
        canvas.text(
            area.x + 1,
            area.y,
            LABEL - 2,
            &cell.label,
            if here { Role::Accent } else { Role::Muted },
        );
        let x = area.x + LABEL;
        let room = area.right().saturating_sub(x);
        let (beside, role) = self.beside(cell, here, look);
        if let Some(text) = cell.area() {
            canvas.text(x, area.y, room, &beside, role);
            if area.height >= 4 {
                let frame = Rect::new(
                    area.x + 1,
                    area.y + 1,
                    area.width.saturating_sub(1),
                    area.height - 1,
                );
                let inner = canvas.frame(frame, "", "", here);
                text.draw(canvas, inner, here);
            } else if area.height > 1 {
                text.draw(
                    canvas,
                    Rect::new(
                        area.x + 2,
                        area.y + 1,
                        area.width.saturating_sub(2),
                        area.height - 1,
                    ),
                    here,
                );
            }
            return;
        }
        // What was understood takes the room that the text leaves, and at least a third of the line where something is wrong.
        let typed = if let Kind::Choice(ways) = cell.kind {
            choice_width(&ways(&self.target, look), room)
        } else {
            cells(cell.text()) as u16 + 2
        };
        let least = if cell.error.is_empty() && cell.news.is_empty() {
            room / 4
        } else {
            room / 2
        };
        let words = (cells(&beside) as u16).min(room.saturating_sub(typed + 1).max(least));
        let for_field = room.saturating_sub(if words > 0 { words + 1 } else { 0 });
        if words > 0 {
            canvas.right(
                area.right(),
                area.y,
                words,
                &cut(&beside, usize::from(words), look.glyphs.ascii),
                role,
            );
        }
        let line = Rect::new(x, area.y, for_field, 1);
        if let Kind::Choice(ways) = cell.kind {
            draw_choice(canvas, line, &ways(&self.target, look), cell.text(), here);
        } else if let Some(field) = cell.field() {
            if here {
                if let Some(way) = cell.suggestion(&self.target, look) {
                    let used = cells(cell.text()) as u16;
                    let ghost: String = way.chars().skip(cell.text().chars().count()).collect();
                    canvas.text(
                        x + used,
                        area.y,
                        for_field.saturating_sub(used),
                        &ghost,
                        Role::Muted,
                    );
                }
                field.draw(canvas, line, None);
            } else {
                canvas.text(x, area.y, for_field, cell.text(), Role::Text);
            }
        }
    }

    /// What stands beside a field: what is wrong after saving, else what was understood, else how it is typed.
    fn beside(&self, cell: &Cell, here: bool, look: &Look) -> (String, Role) {
        if !cell.error.is_empty() {
            return (format!("! {}", cell.error), Role::Danger);
        }
        if !cell.news.is_empty() {
            return (cell.news.clone(), Role::Info);
        }
        if cell.text().trim().is_empty() {
            let hint = look
                .say
                .find(&format!("field_hint.{}", cell.code))
                .map(str::to_owned)
                .or_else(|| cell.range(look));
            return (hint.filter(|_| here).unwrap_or_default(), Role::Muted);
        }
        match cell.read(&self.target, look) {
            Ok(read) if read.echo.is_empty() => (String::new(), Role::Text),
            Ok(read) => (format!("= {}", read.echo), Role::Ok),
            Err(error) => (format!("! {error}"), Role::Warn),
        }
    }
}

/// How many ways, from the first one, a line holds; none when the chosen one is not among them: it then stands alone.
fn shown_ways(ways: &[Way], chosen: &str, room: u16) -> usize {
    let mut used = 0;
    let fits = ways.iter().take_while(|w| {
        used += cells(&w.1) + 2;
        used <= usize::from(room)
    });
    let n = fits.count();
    if ways.iter().take(n).any(|w| w.0 == chosen) {
        n
    } else {
        0
    }
}

fn choice_width(ways: &[Way], room: u16) -> u16 {
    let all: usize = ways.iter().map(|w| cells(&w.1) + 2).sum();
    (all as u16).min(room)
}

/// The ways on a line as far as they fit, the chosen one reversed; a chosen one behind those stands between arrows.
fn draw_choice(canvas: &mut Canvas, line: Rect, ways: &[Way], chosen: &str, here: bool) {
    let n = shown_ways(ways, chosen, line.width);
    if n == 0 {
        let label = ways
            .iter()
            .find(|w| w.0 == chosen)
            .map_or("", |w| w.1.as_str());
        let arrow = if here { Role::Accent } else { Role::Muted };
        canvas.pieces(
            line.x,
            line.y,
            line.width,
            &[("< ", arrow), (label, Role::Text), (" >", arrow)],
        );
        return;
    }
    let ways = &ways[..n];
    let mut x = line.x;
    for (code, label, _) in ways {
        let used = canvas.text(
            x,
            line.y,
            line.right().saturating_sub(x),
            label,
            if code == chosen {
                Role::Text
            } else {
                Role::Muted
            },
        );
        if code == chosen {
            let wide = Rect::new(x, line.y, used, 1);
            // Told apart without colour too: reversed, or between brackets where the cursor is elsewhere.
            canvas.tint(wide, if here { Role::Selection } else { Role::Accent });
            if !here {
                canvas.text(x.saturating_sub(1), line.y, 1, "[", Role::Accent);
                canvas.text(x + used, line.y, 1, "]", Role::Accent);
            }
        }
        x += used + 2;
    }
}
