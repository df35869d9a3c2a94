//! Where a view draws: text by grapheme and role, boxes, and what a click would hit.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::look::Look;
use super::measure::{cells, cut, safe};
use super::theme::Role;

/// What a click or a wheel step is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hit {
    /// A tab, from 1.
    Tab(usize),
    /// The row at this index of the view's list.
    Row(usize),
    /// A column's header, by its place.
    Header(usize),
    /// The wheel: up is negative.
    Wheel(i32),
    /// Anything else, numbered by the view.
    Part(usize),
}

/// What drawing found out: nothing of it changes a view; the app keeps it for the next key or click.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// Where the terminal's cursor stands, in a text field.
    pub cursor: Option<(u16, u16)>,
    /// What can be clicked; the last one that contains a place counts.
    pub hits: Vec<(Rect, Hit)>,
    /// Rows that the list could show.
    pub list_rows: usize,
}

/// A frame's buffer with the look to draw by.
pub struct Canvas<'a> {
    /// The cells.
    pub buf: &'a mut Buffer,
    /// Words, theme, roster, clock.
    pub look: &'a Look,
    /// What was found out.
    pub drawn: Drawn,
}

impl<'a> Canvas<'a> {
    /// A canvas over a buffer.
    pub fn new(buf: &'a mut Buffer, look: &'a Look) -> Canvas<'a> {
        Canvas {
            buf,
            look,
            drawn: Drawn::default(),
        }
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.look.theme.style(role)
    }

    /// Draws text in at most `width` cells, cut with a sign where it is longer. Returns the cells it took. Text from outside is
    /// made safe here, so no caller can forget it.
    pub fn text(&mut self, x: u16, y: u16, width: u16, text: &str, role: Role) -> u16 {
        let style = self.style(role);
        self.styled(x, y, width, text, style)
    }

    /// The same with a style.
    pub fn styled(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let area = self.buf.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
            return 0;
        }
        let width = width.min(area.right() - x);
        let text = safe(text);
        let text = cut(&text, usize::from(width), self.look.glyphs.ascii);
        self.buf.set_stringn(x, y, &text, usize::from(width), style);
        cells(&text) as u16
    }

    /// Draws text so that it ends before `right`.
    pub fn right(&mut self, right: u16, y: u16, width: u16, text: &str, role: Role) {
        let wide = (cells(&safe(text)) as u16).min(width);
        self.text(right.saturating_sub(wide), y, width, text, role);
    }

    /// Draws pieces one after another in at most `width` cells; returns the cells they took.
    pub fn pieces(&mut self, x: u16, y: u16, width: u16, pieces: &[(&str, Role)]) -> u16 {
        let mut used = 0;
        for (text, role) in pieces {
            if used >= width {
                break;
            }
            used += self.text(x + used, y, width - used, text, *role);
        }
        used
    }

    /// The same for a line that ends with something short, such as a day: where not all fits, what is in front of it is cut.
    pub fn pieces_to_end(&mut self, x: u16, y: u16, width: u16, pieces: &[(&str, Role)]) -> u16 {
        let wide: usize = pieces.iter().map(|(text, _)| cells(text)).sum();
        match pieces.split_last() {
            Some((last, before))
                if wide > usize::from(width) && before.len() > 1 && cells(last.0) < 10 =>
            {
                let used = self.pieces(x, y, width.saturating_sub(cells(last.0) as u16), before);
                used + self.text(x + used, y, width.saturating_sub(used), last.0, last.1)
            }
            _ => self.pieces(x, y, width, pieces),
        }
    }

    /// Empties an area.
    pub fn clear(&mut self, area: Rect) {
        let (area, style) = (area.intersection(self.buf.area), self.style(Role::Text));
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                self.buf[(x, y)].reset();
                self.buf[(x, y)].set_style(style);
            }
        }
        self.mend(area);
    }

    // A wide character whose second half was overdrawn would shift the rest of its line.
    fn mend(&mut self, area: Rect) {
        if area.left() == 0 {
            return;
        }
        for y in area.top()..area.bottom() {
            let before = (area.left() - 1, y);
            if self.buf.area.contains(Position::from(before))
                && cells(self.buf[before].symbol()) > 1
            {
                self.buf[before].set_symbol(" ");
            }
        }
    }

    /// Lays a style over an area without changing its text.
    pub fn tint(&mut self, area: Rect, role: Role) {
        let style = self.style(role);
        self.buf.set_style(area.intersection(self.buf.area), style);
    }

    /// Draws a box with a title at the left and words at the right of its upper edge; returns what is inside.
    pub fn frame(&mut self, area: Rect, title: &str, right: &str, focused: bool) -> Rect {
        let area = area.intersection(self.buf.area);
        if area.width < 2 || area.height < 2 {
            return Rect::new(area.x, area.y, 0, 0);
        }
        self.clear(area);
        let (g, style) = (
            self.look.glyphs,
            self.style(if focused { Role::Accent } else { Role::Border }),
        );
        let (l, r, t, b) = (area.left(), area.right() - 1, area.top(), area.bottom() - 1);
        for x in l + 1..r {
            self.buf[(x, t)].set_symbol(g.across).set_style(style);
            self.buf[(x, b)].set_symbol(g.across).set_style(style);
        }
        for y in t + 1..b {
            self.buf[(l, y)].set_symbol(g.down).set_style(style);
            self.buf[(r, y)].set_symbol(g.down).set_style(style);
        }
        for (at, corner) in [(l, t), (r, t), (l, b), (r, b)].into_iter().zip(g.corners) {
            self.buf[at].set_symbol(corner).set_style(style);
        }
        let room = area.width.saturating_sub(4);
        let mut used = 0;
        if !title.is_empty() && room > 2 {
            used = self.text(
                l + 1,
                t,
                room,
                &format!(" {title} "),
                if focused { Role::Accent } else { Role::Text },
            );
        }
        if !right.is_empty() && room > used + 3 {
            self.right(
                r.saturating_sub(1),
                t,
                room - used - 1,
                &format!(" {right} "),
                Role::Muted,
            );
        }
        Rect::new(l + 1, t + 1, area.width - 2, area.height - 2)
    }

    /// A bar of `width` cells filled to `part` of `whole`.
    pub fn bar(&mut self, x: u16, y: u16, width: u16, part: f64, role: Role) {
        let full = (part.clamp(0.0, 1.0) * f64::from(width)).round() as usize;
        let sign = self.look.glyphs.bars[7];
        self.text(x, y, width, &sign.repeat(full), role);
    }

    /// Says what a click on an area means.
    pub fn hit(&mut self, area: Rect, hit: Hit) {
        self.drawn.hits.push((area, hit));
    }

    /// Puts the terminal's cursor.
    pub fn put_cursor(&mut self, x: u16, y: u16) {
        let area = self.buf.area;
        self.drawn.cursor = Some((
            x.min(area.right().saturating_sub(1)),
            y.min(area.bottom().saturating_sub(1)),
        ));
    }
}

/// A rectangle of at most this size in the middle of `area`.
pub fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (w, h) = (width.min(area.width), height.min(area.height));
    Rect::new(
        area.x + (area.width - w) / 2,
        area.y + (area.height - h) / 2,
        w,
        h,
    )
}
