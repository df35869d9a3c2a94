//! The timeline: rows folded by month, which of them are in sight, and drawing them beside the facts.

use chrono::Datelike;
use ratatui::layout::Rect;

use super::{Account, GROUPS, Key, Month, OPEN_MONTHS, facts, telling};
use crate::domain::event::Event;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::measure::{cells, wrap};
use crate::tui::theme::Role;

/// Lines of a text that are shown before it is unrolled.
const LINES: usize = 2;
/// Where the words of an event begin: behind its day and its letter.
const INDENT: u16 = 12;
/// Width of the facts beside the timeline.
const FACTS: u16 = 34;

/// A row of the timeline.
pub(super) struct Item {
    pub(super) key: Key,
    // The event's place in the page, or the month's count.
    place: usize,
    open: bool,
    // Events of an open month that have not come yet.
    missing: usize,
}

/// The month of an event.
pub(super) fn month_of(event: &Event) -> Month {
    let date = event.day.date();
    (date.year(), date.month())
}

/// The facts stand beside the timeline.
pub(super) fn is_wide(look: &Look) -> bool {
    look.size.0 >= 100
}

/// Cells and lines inside the timeline's box.
fn inside(look: &Look) -> (u16, usize) {
    let (w, h) = look.size;
    let facts = if is_wide(look) { FACTS } else { 0 };
    let header = u16::from(!is_wide(look));
    (
        w.saturating_sub(facts + 2),
        usize::from(h.saturating_sub(4 + 2 + header)).max(1),
    )
}

fn width(look: &Look) -> usize {
    usize::from(inside(look).0.saturating_sub(INDENT + 3)).max(8)
}

impl Account {
    pub(super) fn is_open(&self, month: Month) -> bool {
        if let Some(open) = self.folds.get(&month) {
            return *open;
        }
        if !self.search.is_empty() {
            return true;
        }
        let Some(page) = &self.page else { return false };
        // The newest months, and more of them where these hold next to nothing.
        let mut before = 0;
        for (i, (year, no, count)) in page.months.iter().enumerate() {
            if (*year, *no) == month {
                return i < OPEN_MONTHS || before < 8;
            }
            before += count;
        }
        false
    }

    /// All rows, newest first.
    pub(super) fn items(&self) -> Vec<Item> {
        let Some(page) = &self.page else {
            return Vec::new();
        };
        let mut items = Vec::new();
        let mut next = 0;
        for (year, no, count) in &page.months {
            let month = (*year, *no);
            let from = next;
            while next < page.events.len() && month_of(&page.events[next]) == month {
                next += 1;
            }
            let open = self.is_open(month);
            let missing = if open {
                count.saturating_sub(next - from)
            } else {
                0
            };
            items.push(Item {
                key: Key::Month(month),
                place: *count,
                open,
                missing,
            });
            if open {
                let events = (from..next).map(|i| Item {
                    key: Key::Event(page.events[i].id),
                    place: i,
                    open,
                    missing: 0,
                });
                items.extend(events);
            }
        }
        items
    }

    /// How many events have to be asked for so that every open month is whole.
    pub(super) fn needed(&self) -> usize {
        let Some(page) = &self.page else { return 0 };
        let (mut sum, mut needed) = (0, 0);
        for (year, no, count) in &page.months {
            sum += count;
            if self.is_open((*year, *no)) {
                needed = sum;
            }
        }
        needed
    }

    /// The lines of an event's text below its title, and how many more there are.
    fn text_lines(&self, event: &Event, look: &Look) -> (Vec<String>, usize) {
        let text = telling::below(event, look, width(look));
        let mut lines = if text.is_empty() {
            Vec::new()
        } else {
            wrap(&text, width(look))
        };
        lines.retain(|l| !l.trim().is_empty());
        // One line more takes no more room than the words that say so.
        if self.unrolled.contains(&event.id) || lines.len() <= LINES + 1 {
            return (lines, 0);
        }
        let more = lines.len() - LINES;
        lines.truncate(LINES);
        (lines, more)
    }

    fn height(&self, item: &Item, look: &Look) -> usize {
        match (
            item.key,
            self.page.as_ref().and_then(|p| p.events.get(item.place)),
        ) {
            (Key::Event(_), Some(event)) => {
                let (lines, more) = self.text_lines(event, look);
                1 + lines.len() + usize::from(more > 0)
            }
            _ => 1,
        }
    }

    /// The first row to show so that the cursor's is in sight.
    pub(super) fn first(&self, items: &[Item], look: &Look) -> usize {
        let room = inside(look).1;
        let cursor = self.cursor.min(items.len().saturating_sub(1));
        let Some(here) = items.get(cursor) else {
            return 0;
        };
        let mut used = self.height(here, look).min(room);
        let mut first = cursor;
        while first > 0 {
            used += self.height(&items[first - 1], look);
            if used > room || (first <= self.top && self.top <= cursor) {
                break;
            }
            first -= 1;
        }
        first
    }

    pub(super) fn draw_page(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        if is_wide(look) {
            let side = Rect::new(area.x, area.y, FACTS, area.height);
            facts::draw(self, canvas, side, self.in_facts);
            let list = Rect::new(side.right(), area.y, area.width - FACTS, area.height);
            return self.draw_timeline(canvas, list);
        }
        let head = facts::header(self, look);
        let pieces: Vec<(&str, Role)> = head.iter().map(|(t, r)| (t.as_str(), *r)).collect();
        canvas.pieces(area.x + 1, area.y, area.width.saturating_sub(2), &pieces);
        let list = Rect::new(
            area.x,
            area.y + 1,
            area.width,
            area.height.saturating_sub(1),
        );
        if self.in_facts {
            facts::draw(self, canvas, list, true)
        } else {
            self.draw_timeline(canvas, list)
        }
    }

    fn draw_timeline(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let total = self.page.as_ref().map_or(0, |p| p.total);
        let title = format!("{} {}", look.say.word("account.timeline"), grouped(total));
        let inner = canvas.frame(area, &title, "", !self.in_facts);
        self.draw_groups(canvas, area, cells(&title) as u16 + 4);
        let inner = self.draw_search(canvas, inner);
        let items = self.items();
        canvas.drawn.list_rows = usize::from(inner.height / 2).max(1);
        if items.is_empty() {
            return self.draw_empty(canvas, inner);
        }
        let mut y = inner.y;
        for (at, item) in items.iter().enumerate().skip(self.first(&items, look)) {
            if y >= inner.bottom() {
                break;
            }
            let from = y;
            y = match (
                item.key,
                self.page.as_ref().and_then(|p| p.events.get(item.place)),
            ) {
                (Key::Event(_), Some(event)) => {
                    self.draw_event(canvas, inner, y, event, at == self.cursor)
                }
                (Key::Month(month), _) => draw_month(canvas, inner, y, month, item),
                _ => y,
            };
            let whole = Rect::new(
                inner.x,
                from,
                inner.width,
                (y - from).min(inner.bottom().saturating_sub(from)),
            );
            canvas.hit(whole, Hit::Row(at));
            if at == self.cursor && !self.in_facts {
                canvas.tint(Rect { height: 1, ..whole }, Role::Selection);
            }
        }
    }

    /// The kinds on the upper edge, those that are shown in the accent: `1 all 2 notes 3 tickets`.
    fn draw_groups(&self, canvas: &mut Canvas, area: Rect, used: u16) {
        let look = canvas.look;
        let room = area.width.saturating_sub(used + 3);
        let name =
            |i: usize, code: &str| format!("{} {}", i + 1, look.say.word(&format!("kinds.{code}")));
        let (mut shown, mut wide) = (0, 0);
        for (i, (code, _)) in GROUPS.iter().enumerate() {
            let cells = cells(&name(i, code)) as u16 + 1;
            if wide + cells > room {
                break;
            }
            (shown, wide) = (i + 1, wide + cells);
        }
        let mut x = area.right().saturating_sub(wide + 2);
        if shown > 0 {
            canvas.text(x, area.y, 1, " ", Role::Text);
        }
        for (i, (code, _)) in GROUPS.iter().enumerate().take(shown) {
            let on = if self.groups == 0 {
                i == 0
            } else {
                self.groups >> i & 1 == 1
            };
            let text = format!("{} ", name(i, code));
            let used = canvas.text(
                x + 1,
                area.y,
                area.width,
                &text,
                if on { Role::Accent } else { Role::Muted },
            );
            canvas.hit(Rect::new(x + 1, area.y, used, 1), Hit::Part(i));
            x += used;
        }
    }

    fn draw_search(&self, canvas: &mut Canvas, inner: Rect) -> Rect {
        let Some((field, _)) = &self.searching else {
            return inner;
        };
        if inner.height < 2 {
            return inner;
        }
        let used = canvas.text(inner.x + 1, inner.y, 3, "/ ", Role::Accent);
        field.draw(
            canvas,
            Rect::new(
                inner.x + 1 + used,
                inner.y,
                inner.width.saturating_sub(used + 2),
                1,
            ),
            None,
        );
        Rect::new(inner.x, inner.y + 1, inner.width, inner.height - 1)
    }

    fn draw_empty(&self, canvas: &mut Canvas, inner: Rect) {
        let say = &canvas.look.say;
        let words = match (&self.page, self.known) {
            (_, false) => say.word("message.loading").to_owned(),
            (None, true) => say.word("account.gone").to_owned(),
            _ if !self.search.is_empty() => {
                say.fill("account.nothing_found", &[("text", &self.search)])
            }
            _ if self.groups != 0 => say.word("account.nothing_of_kind").to_owned(),
            _ => say.word("account.nothing").to_owned(),
        };
        for (y, line) in (inner.y + 1..inner.bottom())
            .zip(wrap(&words, usize::from(inner.width.saturating_sub(4))))
        {
            canvas.text(
                inner.x + 2,
                y,
                inner.width.saturating_sub(4),
                &line,
                Role::Muted,
            );
        }
    }

    fn draw_event(
        &self,
        canvas: &mut Canvas,
        inner: Rect,
        mut y: u16,
        event: &Event,
        here: bool,
    ) -> u16 {
        let look = canvas.look;
        let right = inner.right().saturating_sub(1);
        canvas.text(
            inner.x + 1,
            y,
            6,
            &event.day.date().format("%d %a").to_string(),
            Role::Muted,
        );
        canvas.text(
            inner.x + 9,
            y,
            1,
            &telling::letter(event, look).to_string(),
            Role::Info,
        );
        let by = telling::by(event, look);
        let by_room = if inner.width >= 60 {
            (cells(&by) as u16).min(inner.width / 4)
        } else {
            0
        };
        let x = inner.x + INDENT;
        let room = right.saturating_sub(x + by_room + u16::from(by_room > 0));
        let title = telling::title(event, look, width(look));
        canvas.text(x, y, room, &title, telling::role(event));
        canvas.right(right, y, by_room, &by, Role::Muted);
        y += 1;
        let (lines, more) = self.text_lines(event, look);
        let more_words = if more > 0 {
            let key = if is_wide(look) { "Tab" } else { "Enter" };
            Some(
                look.say
                    .fill("account.more", &[("key", key), ("n", &more.to_string())]),
            )
        } else {
            None
        };
        let texts = lines
            .iter()
            .map(|l| (l.as_str(), Role::Text))
            .chain(more_words.iter().map(|w| (w.as_str(), Role::Muted)));
        for (line, role) in texts {
            if y >= inner.bottom() {
                break;
            }
            canvas.text(
                inner.x + 9,
                y,
                1,
                look.glyphs.down,
                if here { Role::Accent } else { Role::Border },
            );
            canvas.text(x, y, right.saturating_sub(x), line, role);
            y += 1;
        }
        y
    }
}

fn draw_month(canvas: &mut Canvas, inner: Rect, y: u16, month: Month, item: &Item) -> u16 {
    let look = canvas.look;
    let name = chrono::NaiveDate::from_ymd_opt(month.0, month.1, 1)
        .map(|d| d.format("%B %Y").to_string())
        .unwrap_or_default();
    let used = canvas.text(
        inner.x + 1,
        y,
        inner.width.saturating_sub(2),
        &name,
        Role::Accent,
    );
    let mut words = format!("({})", grouped(item.place));
    if item.missing > 0 {
        words = format!("{words}  {}", look.say.word("message.loading"));
    } else if !item.open {
        words = format!("{words}  {}", look.say.word("account.unfolds"));
    }
    let x = inner.x + 1 + used.max(15) + 1;
    canvas.text(
        x,
        y,
        inner.right().saturating_sub(x + 1),
        &words,
        Role::Muted,
    );
    y + 1
}
