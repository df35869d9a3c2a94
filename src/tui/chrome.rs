//! What is around every screen: tabs, title, hint line, message line, the box of a prefix key. Drawing changes nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::App;
use super::canvas::{Canvas, Drawn, Hit};
use super::key::show;
use super::look::Look;
use super::measure::grouped;
use super::measure::{cells, wrap};
use super::step::Tone;
use super::theme::Role;
use super::verbs;
use super::view::Place;
use super::views::{self, SCREENS};

/// The smallest terminal that is drawn in.
pub const SMALLEST: (u16, u16) = (30, 8);

impl App {
    /// Draws the whole frame.
    pub fn draw(&self, buf: &mut Buffer) -> Drawn {
        let area = buf.area;
        let mut canvas = Canvas::new(buf, &self.look);
        canvas.clear(area);
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            too_small(&mut canvas, area);
            return canvas.drawn;
        }
        let body = Rect::new(0, 2, area.width, area.height - 4);
        self.draw_tabs(&mut canvas, area.width);
        self.draw_title(&mut canvas, area.width);
        for open in &self.stack[self.first_drawn()..] {
            match open.view.place() {
                Place::Full => {
                    canvas.drawn.cursor = None;
                    open.view.draw(&mut canvas, body);
                }
                Place::Box => {
                    // What lies behind a box is not there for a click.
                    canvas.drawn.hits.clear();
                    canvas.drawn.cursor = None;
                    open.view.draw(&mut canvas, body);
                }
                Place::Line => {
                    let line = Rect::new(0, area.height.saturating_sub(4), area.width, 3);
                    canvas.drawn.hits.clear();
                    canvas.drawn.cursor = None;
                    canvas.clear(line);
                    open.view.draw(&mut canvas, line);
                }
            }
        }
        if self.top().place() != Place::Line {
            self.draw_hints(&mut canvas, area.height - 2);
        }
        self.draw_message(&mut canvas, area.height - 1);
        if self.hint {
            self.draw_prefix(&mut canvas, body);
        }
        canvas.drawn
    }

    fn draw_tabs(&self, canvas: &mut Canvas, width: u16) {
        let look = &self.look;
        let root = self.stack.first().map_or("", |o| o.view.name());
        let tabs: Vec<_> = SCREENS
            .iter()
            .filter_map(|s| s.tab.map(|tab| (tab, s.name)))
            .collect();
        let right = self.who(width);
        if width < 60 {
            let at = tabs.iter().position(|(_, name)| *name == root).unwrap_or(0);
            let text = format!(
                " {}/{} {}",
                at + 1,
                tabs.len(),
                tab_words(look, root, false)
            );
            canvas.text(0, 0, width, &text, Role::Accent);
            return;
        }
        let short = width < 100;
        let mut x = 1;
        for (tab, name) in tabs {
            let text = format!("{tab} {}", tab_words(look, name, short));
            let used = canvas.text(
                x,
                0,
                width - x,
                &text,
                if name == root {
                    Role::Accent
                } else {
                    Role::Muted
                },
            );
            canvas.hit(Rect::new(x, 0, used, 1), Hit::Tab(tab));
            x += used + 2;
            if x >= width {
                return;
            }
        }
        let role = if look.past.is_some() {
            Role::Warn
        } else {
            Role::Muted
        };
        canvas.right(width - 1, 0, width.saturating_sub(x + 1), &right, role);
    }

    fn who(&self, width: u16) -> String {
        let look = &self.look;
        let dot = look.glyphs.dot;
        let book = look
            .book
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut parts: Vec<String> = vec![look.me.clone()];
        // Where what is written goes as well, if the folder is not the book's own.
        let goes = look
            .exchanges
            .as_ref()
            .filter(|folder| folder.file_stem() != Some(std::ffi::OsStr::new(&book)))
            .and_then(|folder| folder.file_name());
        if width >= 100 {
            parts.push(match goes {
                Some(folder) => look.say.fill(
                    "message.exchanges",
                    &[("book", &book), ("folder", &folder.to_string_lossy())],
                ),
                None => book,
            });
        }
        let too: Vec<&str> = look
            .here
            .iter()
            .filter(|h| h.looking.is_some() && h.looking == look.looking)
            .map(|h| h.person.as_str())
            .collect();
        if !too.is_empty() {
            parts.push(
                look.say
                    .fill("message.looking_too", &[("who", &too.join(", "))]),
            );
        } else if !look.here.is_empty() {
            parts.push(
                look.say
                    .fill("message.here", &[("n", &(look.here.len() + 1).to_string())]),
            );
        }
        if look.counts.conflicts > 0 {
            let key = look.keymap.key_of("app.conflicts");
            let word = if look.counts.conflicts == 1 {
                "message.conflict"
            } else {
                "message.conflicts"
            };
            parts.push(look.say.fill(
                word,
                &[("n", &look.counts.conflicts.to_string()), ("key", &key)],
            ));
        }
        if look.counts.alerts > 0 {
            let key = look.keymap.key_of("app.alerts");
            let word = if look.counts.alerts == 1 {
                "message.alert"
            } else {
                "message.alerts"
            };
            parts.push(look.say.fill(
                word,
                &[("n", &look.counts.alerts.to_string()), ("key", &key)],
            ));
        }
        if !look.arrived.is_empty() {
            let key = look.keymap.key_of("app.arrived");
            parts.push(look.say.fill(
                "message.arrived_sign",
                &[("n", &look.arrived.len().to_string()), ("key", &key)],
            ));
        }
        if let Some(who) = &self.waiting {
            parts.push(match who.as_str() {
                "" => look.say.word("message.waiting").to_owned(),
                who => look.say.fill("message.waiting_for", &[("who", who)]),
            });
        } else if look.roster.is_none() {
            parts.push(look.say.word("message.opening").to_owned());
        } else if let Some(day) = look.past {
            parts.push(look.say.fill("message.past", &[("day", &day.to_string())]));
        } else if look.read_only.is_some() {
            parts.push(look.say.word("message.read_only").to_owned());
        }
        parts.retain(|p| !p.is_empty());
        parts.join(&format!(" {dot} "))
    }

    fn draw_title(&self, canvas: &mut Canvas, width: u16) {
        let look = &self.look;
        let full = self.stack.iter().filter(|o| o.view.place() == Place::Full);
        let titles: Vec<_> = full.map(|o| (o.view.name(), o.view.title(look))).collect();
        let Some((_, last)) = titles.last() else {
            return;
        };
        let counter = cells(&last.counter) as u16;
        let room = width.saturating_sub(counter + 3);
        let mut parts: Vec<&str> = Vec::new();
        for (i, (name, title)) in titles.iter().enumerate() {
            let words = if i == 0 {
                look.say.find(&format!("screen.{name}")).unwrap_or("")
            } else {
                ""
            };
            parts.extend(
                [words, title.crumb.as_str()]
                    .into_iter()
                    .filter(|part| !part.is_empty()),
            );
        }
        let filter = if last.filter.is_empty() {
            0
        } else {
            cells(&last.filter) as u16 + 3
        };
        let text = breadcrumbs(
            &parts,
            usize::from(room.saturating_sub(filter.min(room / 2) + 1)),
            look,
        );
        let x = 1 + canvas.text(1, 1, room.saturating_sub(1), &text, Role::Text);
        if !last.filter.is_empty() {
            canvas.text(
                x + 3,
                1,
                room.saturating_sub(x + 3),
                &last.filter,
                Role::Info,
            );
        }
        canvas.right(width - 1, 1, width - 2, &last.counter, Role::Muted);
    }

    /// The actions that apply now, most used first; when it is cut, `? help` and the way back stay.
    fn draw_hints(&self, canvas: &mut Canvas, y: u16) {
        let (look, width) = (&self.look, canvas.buf.area.width);
        let top = self.top();
        let key = |id: &str| look.keymap.key_of(id);
        let back = if self.has_back() {
            "hint.back"
        } else {
            "hint.quit"
        };
        let back_key = if top.typing() {
            "Esc".to_owned()
        } else {
            key("app.back")
        };
        let mut tail = format!("{back_key} {}", look.say.word(back));
        if !top.typing() && top.place() == Place::Full {
            tail = format!("{tail}  {} {}", key("app.help"), look.say.word("hint.help"));
        }
        let room = width.saturating_sub(cells(&tail) as u16 + 3);
        let mut x = 1;
        let shown = if width < 60 { 3 } else { usize::MAX };
        let bulk = top.subject_count(look);
        for action in look
            .keymap
            .of(top.name())
            .iter()
            .filter(|a| a.hint && top.applies(a.index, look).is_ok())
            .take(shown)
        {
            let Some(keys) = action.keys.first() else {
                continue;
            };
            let (key, words) = match keys.as_slice() {
                [prefix, _, ..] => (
                    prefix.to_string(),
                    look.say.word(&format!("hint.{prefix}")).to_owned(),
                ),
                keys => (show(keys), hint_words(look, action)),
            };
            let words = if bulk > 1 && verbs::LABELS.contains(&action.label) {
                look.say
                    .fill("hint.of", &[("what", &words), ("n", &bulk.to_string())])
            } else {
                words
            };
            if x + cells(&key) as u16 + cells(&words) as u16 + 3 > room {
                break;
            }
            x += canvas.text(x, y, room - x, &key, Role::Accent);
            x += 1 + canvas.text(x + 1, y, room - x, &words, Role::Muted) + 2;
        }
        canvas.right(width - 1, y, width - 2, &tail, Role::Muted);
    }

    fn draw_message(&self, canvas: &mut Canvas, y: u16) {
        let (look, width) = (&self.look, canvas.buf.area.width);
        let key = |id: &str| look.keymap.key_of(id);
        let commands = format!("{} {}", key("app.palette"), look.say.word("hint.palette"));
        let wide = cells(&commands) as u16;
        if self.top().place() == Place::Full && width >= 60 {
            canvas.right(width - 1, y, wide, &commands, Role::Muted);
        }
        let room = if width >= 60 {
            width.saturating_sub(wide + 4)
        } else {
            width - 2
        };
        if let Some(refused) = &self.refused {
            canvas.text(1, y, 2, "!", Role::Danger);
            canvas.text(3, y, room.saturating_sub(3), refused, Role::Danger);
        } else if let Some((tone, text, undoable)) = &self.toast {
            let (sign, role) = match tone {
                Tone::Good => (look.glyphs.tick, Role::Ok),
                Tone::Plain => ("", Role::Text),
                Tone::Bad => ("!", Role::Danger),
            };
            let undo = if *undoable {
                format!(
                    " {} {} {}",
                    look.glyphs.dot,
                    key("app.undo"),
                    look.say.word("hint.undo")
                )
            } else {
                String::new()
            };
            let indent = if sign.is_empty() { 1 } else { 3 };
            let room = room.saturating_sub(indent + cells(&undo) as u16);
            let mut lines = wrap(text, usize::from(room.max(8)));
            let long = *tone == Tone::Bad && self.top().place() == Place::Full;
            let most = if long {
                MESSAGE_LINES.min(usize::from(y))
            } else {
                1
            };
            if lines.len() > most {
                let rest = lines.split_off(most - 1).join(" ");
                lines.push(rest);
            }
            let top = y + 1 - lines.len() as u16;
            if top < y {
                canvas.clear(Rect::new(0, top, width, y - top));
            }
            canvas.text(1, top, 2, sign, role);
            let mut x = indent;
            for (y, line) in (top..).zip(&lines) {
                x = indent + canvas.text(indent, y, room, line, role);
            }
            canvas.text(x, y, cells(&undo) as u16, &undo, Role::Muted);
        } else if let Some(progress) = &self.progress {
            canvas.text(1, y, room.saturating_sub(1), progress, Role::Text);
        } else if let Some(day) = look.past {
            let words = look.say.fill(
                "message.past_line",
                &[("day", &verbs::day(day)), ("key", &key("app.today"))],
            );
            canvas.text(1, y, room.saturating_sub(1), &words, Role::Warn);
        }
    }

    fn draw_prefix(&self, canvas: &mut Canvas, body: Rect) {
        let look = &self.look;
        let own = look
            .keymap
            .of(self.top().name())
            .iter()
            .filter(|a| self.top().applies(a.index, look).is_ok());
        let all = look.keymap.of(views::app::NAME).iter();
        let mut lines: Vec<(String, String)> = Vec::new();
        for action in own.chain(all) {
            for keys in &action.keys {
                if keys.len() > self.typed.len() && keys.starts_with(&self.typed) {
                    lines.push((show(&keys[self.typed.len()..]), look.action_words(action)));
                }
            }
        }
        if lines.is_empty() {
            return;
        }
        let wide = lines
            .iter()
            .map(|(k, w)| cells(k) + cells(w) + 3)
            .max()
            .unwrap_or(10) as u16
            + 3;
        let height = (lines.len() as u16 + 2).min(body.height);
        let area = Rect::new(
            body.right().saturating_sub(wide.min(body.width)),
            body.bottom() - height,
            wide.min(body.width),
            height,
        );
        let inner = canvas.frame(area, &show(&self.typed), "", true);
        for (y, (key, words)) in (inner.top()..inner.bottom()).zip(&lines) {
            let used = canvas.text(
                inner.x + 1,
                y,
                inner.width.saturating_sub(1),
                key,
                Role::Accent,
            );
            canvas.text(
                inner.x + used + 2,
                y,
                inner.width.saturating_sub(used + 2),
                words,
                Role::Text,
            );
        }
    }
}

/// Most lines of a message: it may stand over the hints and the lower edge of what is in front, and over nothing else.
const MESSAGE_LINES: usize = 3;

fn hint_words(look: &Look, action: &super::keymap::Action) -> String {
    let own = look
        .say
        .find(&format!("hint.{}", action.id))
        .or_else(|| look.say.find(&format!("hint.*.{}", action.label)));
    own.map_or_else(|| look.action_words(action), str::to_owned)
}

/// A tab's words with its count: `Triage 23`.
fn tab_words(look: &Look, name: &str, short: bool) -> String {
    let key = format!("screen.{name}");
    let words = if short {
        look.say
            .find(&format!("screen_short.{name}"))
            .unwrap_or(look.say.word(&key))
    } else {
        look.say.word(&key)
    };
    let count = match name {
        "triage" => look.counts.triage,
        "customers" if !short => look.counts.customers,
        "tasks" => look.counts.tasks,
        _ => 0,
    };
    if count > 0 {
        format!("{words} {}", grouped(count))
    } else {
        words.to_owned()
    }
}

/// Where one is, place by place. What does not fit is left out behind the first, so that the place in front is always there.
fn breadcrumbs(parts: &[&str], room: usize, look: &Look) -> String {
    let joined = |parts: &[&str]| parts.join(&format!(" {} ", look.glyphs.crumb));
    let whole = joined(parts);
    let fits = |text: &String| cells(text) <= room;
    let left_out = if look.glyphs.ascii { "~" } else { "…" };
    let shorter = |from: usize| joined(&[&parts[..1], &[left_out], &parts[from..]].concat());
    let last = parts.len().saturating_sub(1);
    std::iter::once(whole)
        .chain((2..=last).map(shorter))
        .chain([parts.last().copied().unwrap_or_default().to_owned()])
        .find(fits)
        .unwrap_or_else(|| parts.last().copied().unwrap_or_default().to_owned())
}

fn too_small(canvas: &mut Canvas, area: Rect) {
    let (w, h) = (area.width.to_string(), area.height.to_string());
    let text = canvas
        .look
        .say
        .fill("message.too_small", &[("w", &w), ("h", &h)]);
    for (y, line) in
        (area.top()..area.bottom()).zip(super::measure::wrap(&text, usize::from(area.width.max(1))))
    {
        canvas.text(0, y, area.width, &line, Role::Text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_in_front_stays_in_the_breadcrumbs() {
        let look = &crate::tui::default_look();
        let parts = ["Triage", "All", "Acme Foods", "Checklist"];
        let at = |room| breadcrumbs(&parts, room, look);
        assert_eq!(at(40), "Triage › All › Acme Foods › Checklist");
        assert_eq!(at(36), "Triage › … › Acme Foods › Checklist");
        assert_eq!(at(30), "Triage › … › Checklist");
        assert_eq!(
            (at(21).as_str(), at(4).as_str()),
            ("Checklist", "Checklist"),
            "the last is cut where it is drawn"
        );
        assert_eq!(breadcrumbs(&["Triage"], 3, look), "Triage");
    }
}
