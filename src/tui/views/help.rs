//! Help for where we are, made from the keys that hold: typing filters by words or by key, Enter runs.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::text;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::Go;
use crate::tui::key::show;
use crate::tui::key_row::{KeyRow, row};
use crate::tui::keymap::Action;
use crate::tui::look::Look;
use crate::tui::step::{Cx, Step};
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Place, Screen, Title};
use crate::tui::widgets::field::Field;

/// The help box.
#[derive(Default)]
pub struct Help {
    over: String,
    field: Field,
    cursor: usize,
}

impl Help {
    /// What is listed: the actions of the screen below, then those that hold everywhere.
    pub fn listed<'a>(&self, look: &'a Look) -> Vec<&'a Action> {
        let typed = self.field.text().trim();
        let wanted = text::fold(typed);
        let all = look
            .keymap
            .of(&self.over)
            .iter()
            .chain(look.keymap.of(super::app::NAME));
        let fits = |a: &&Action| {
            typed.is_empty()
                || a.keys.iter().any(|k| show(k) == typed)
                || text::fold(&look.action_words(a)).contains(&wanted)
        };
        all.filter(fits).collect()
    }

    fn run(&mut self, cx: &mut Cx) {
        if let Some(action) = self.listed(cx.look).get(self.cursor) {
            let id = action.id.clone();
            cx.close();
            cx.push(Step::Act(id));
        }
    }

    fn by(&mut self, by: isize, look: &Look) {
        self.cursor = self
            .cursor
            .saturating_add_signed(by)
            .min(self.listed(look).len().saturating_sub(1));
    }
}

impl Keyed for Help {
    const KEYS: &'static [&'static [KeyRow<Help>]] = &[&[
        row("run", &["enter"], Help::run).hint(),
        row("down", &["down", "tab"], |v: &mut Self, cx| {
            v.by(1, cx.look)
        }),
        row("up", &["up", "shift-tab"], |v: &mut Self, cx| {
            v.by(-1, cx.look)
        }),
        row("page_down", &["pgdn"], |v: &mut Self, cx| v.by(10, cx.look)),
        row("page_up", &["pgup"], |v: &mut Self, cx| v.by(-10, cx.look)),
        row("close", &["esc"], |_, cx| cx.close()),
    ]];
}

impl Screen for Help {
    fn place(&self) -> Place {
        Place::Box
    }

    fn title(&self, _look: &Look) -> Title {
        Title::default()
    }

    fn typing(&self) -> bool {
        true
    }

    fn type_key(&mut self, key: &KeyEvent, _cx: &mut Cx) {
        if self.field.key(key) {
            self.cursor = 0;
        }
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx) -> bool {
        self.field.insert(text);
        true
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        match hit {
            Hit::Row(at) => {
                self.cursor = at;
                self.run(cx);
            }
            Hit::Wheel(by) => self.by(by as isize * 3, cx.look),
            _ => {}
        }
    }

    fn restore(&mut self, to: &Go) {
        let Go::Help(over) = to else { return };
        self.over.clone_from(over);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let listed = self.listed(look);
        let all = look.keymap.of(&self.over).len() + look.keymap.of(super::app::NAME).len();
        let title = look.say.word("help.title");
        let inner = canvas.frame(area, title, look.say.word("help.file"), true);
        if inner.height < 3 {
            return;
        }
        let count = look.say.fill(
            "help.count",
            &[("n", &listed.len().to_string()), ("of", &all.to_string())],
        );
        let used = canvas.text(
            inner.x + 1,
            inner.y,
            inner.width,
            look.say.word("help.filter"),
            Role::Muted,
        );
        canvas.right(
            inner.right() - 1,
            inner.y,
            inner.width / 3,
            &count,
            Role::Muted,
        );
        let room = inner
            .width
            .saturating_sub(used + 3 + count.len() as u16 + 2);
        self.field.draw(
            canvas,
            Rect::new(inner.x + used + 2, inner.y, room, 1),
            None,
        );
        // Headings take lines of their own between the actions.
        let mut lines: Vec<(Option<usize>, &str)> = Vec::new();
        let mut last = "";
        for (i, action) in listed.iter().enumerate() {
            if action.screen != last {
                last = action.screen;
                lines.push((None, last));
            }
            lines.push((Some(i), ""));
        }
        if listed.is_empty() {
            canvas.text(
                inner.x + 1,
                inner.y + 2,
                inner.width.saturating_sub(2),
                look.say.word("help.none"),
                Role::Muted,
            );
        }
        let rows = usize::from(inner.height - 2);
        let at = lines
            .iter()
            .position(|(i, _)| *i == Some(self.cursor))
            .unwrap_or(0);
        let top = at
            .saturating_sub(rows.saturating_sub(2))
            .min(lines.len().saturating_sub(rows));
        for (y, (i, heading)) in (inner.y + 1..inner.bottom() - 1).zip(lines.iter().skip(top)) {
            let line = Rect::new(inner.x, y, inner.width, 1);
            match i {
                None => {
                    let here = look
                        .say
                        .find(&format!("screen.{heading}"))
                        .unwrap_or(heading)
                        .to_owned();
                    let words = if *heading == super::app::NAME {
                        look.say.word("help.everywhere").to_owned()
                    } else {
                        look.say.fill("help.here", &[("screen", &here)])
                    };
                    canvas.text(inner.x + 1, y, inner.width, &words, Role::Accent);
                }
                Some(i) => {
                    let action = listed[*i];
                    let keys: Vec<String> = action.keys.iter().take(3).map(|k| show(k)).collect();
                    canvas.text(inner.x + 2, y, 16, &keys.join("  "), Role::Info);
                    canvas.text(
                        inner.x + 19,
                        y,
                        inner.width.saturating_sub(20),
                        &look.action_words(action),
                        Role::Text,
                    );
                    canvas.hit(line, Hit::Row(*i));
                    if *i == self.cursor {
                        canvas.tint(line, Role::Selection);
                    }
                }
            }
        }
        canvas.text(
            inner.x + 1,
            inner.bottom() - 1,
            inner.width.saturating_sub(2),
            look.say.word("help.foot"),
            Role::Muted,
        );
    }
}
