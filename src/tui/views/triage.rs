//! Triage: the queue with its reasons. One letter deals with an account, which leaves at once; the next is under the cursor.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::domain::command::{Command, Receipt};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::error::Error;
use crate::tui::account_rows::{draw_rows, triage_columns};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{Go, RollAt};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::preview;
use crate::tui::roll::{Roll, Rolled, rolled};
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::verbs::{Queue, Verbs};
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::Lister;

/// The queue, or the snoozed ones instead.
#[derive(Default)]
pub struct Triage {
    roll: Roll,
    snoozed: bool,
}

const LIST: u8 = 0;
const PREVIEW: u8 = 1;

impl Triage {
    fn query(&self) -> Query {
        Query::Triage {
            filter: self.roll.view.filter.clone(),
            snoozed: self.snoozed,
        }
    }

    /// The end of the queue: what was done today, what is snoozed.
    fn draw_end(&self, canvas: &mut Canvas, area: Rect) {
        let (look, x, width) = (canvas.look, area.x + 2, area.width.saturating_sub(4));
        let counts = &look.counts;
        let said = look.say.fill(
            "triage.end",
            &[
                ("n", &counts.handled.to_string()),
                ("snoozed", &counts.snoozed.to_string()),
            ],
        );
        let mut y = area.y + 1;
        for (text, role) in [
            (look.say.word("triage.all_done"), Role::Ok),
            (said.as_str(), Role::Text),
            ("", Role::Text),
        ] {
            canvas.text(x, y, width, text, role);
            y += 1;
        }
        for line in look
            .handled
            .iter()
            .take(usize::from(area.bottom().saturating_sub(y)))
        {
            canvas.pieces(
                x,
                y,
                width,
                &[
                    (look.glyphs.tick, Role::Ok),
                    (" ", Role::Text),
                    (line, Role::Muted),
                ],
            );
            y += 1;
        }
    }
}

rolled!(Triage, |_, _| triage_columns());

impl Keyed for Triage {
    const KEYS: &'static [&'static [KeyRow<Triage>]] = &[
        Self::QUEUE,
        Self::VERBS,
        &[row("snoozed", &["Z"], |v: &mut Self, _| {
            v.snoozed = !v.snoozed;
            v.roll.known = false;
        })
        .cli("today")],
        Self::ROLL,
        Self::ABOUT,
        Self::MOVES,
    ];
}

impl Screen for Triage {
    fn title(&self, look: &Look) -> Title {
        let (at, of) = self.at();
        let marks = self.roll.list.marks.len();
        let place = if of == 0 {
            String::new()
        } else {
            format!("  {}/{of}", at + 1)
        };
        let done = if marks > 0 {
            look.say
                .fill("message.marked", &[("n", &marks.to_string())])
        } else if look.counts.handled > 0 {
            look.say.fill(
                "triage.done_today",
                &[("n", &look.counts.handled.to_string())],
            )
        } else {
            String::new()
        };
        let crumb = look
            .say
            .word(if self.snoozed {
                "screen.snoozed"
            } else {
                "screen.all"
            })
            .to_owned();
        Title {
            crumb,
            filter: self.roll.view.filter.clone(),
            counter: format!("{done}{place}"),
        }
    }

    fn watches(&self, look: &Look) -> Vec<(u8, Query)> {
        let mut all = vec![(LIST, self.query())];
        if preview::split(look, Rect::new(0, 0, look.size.0, look.size.1))
            .1
            .is_some()
        {
            all.extend(self.roll.preview().map(|query| (PREVIEW, query)));
        }
        all
    }

    fn on_page(&mut self, part: u8, page: &Arc<Page>, cx: &mut Cx) {
        match (part, page.as_ref()) {
            (LIST, Page::Rows(rows)) => {
                let query = self.query();
                self.roll.page(query, rows, cx);
            }
            (PREVIEW, Page::Account(account)) => self.roll.account.clone_from(account),
            _ => {}
        }
    }

    fn on_write(&mut self, command: &Command, look: &Look) {
        match command {
            Command::Done { customers } | Command::Snooze { customers, .. } if !self.snoozed => {
                self.roll.take(customers, look)
            }
            Command::Unsnooze { customers } if self.snoozed => self.roll.take(customers, look),
            _ => {}
        }
    }

    fn on_written(&mut self, command: &Command, result: &Result<Receipt, Error>, cx: &mut Cx) {
        self.roll.written(command, result, cx.look);
    }

    fn typing(&self) -> bool {
        self.roll.editing()
    }

    fn type_key(&mut self, key: &KeyEvent, _cx: &mut Cx) {
        self.roll.type_key(key);
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx) -> bool {
        self.roll.paste(text)
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.roll_hit(hit, cx);
    }

    fn quiet(&mut self, _look: &Look) {
        self.roll.quiet();
    }

    fn step(&mut self, by: i32, look: &Look) -> Option<Id> {
        self.roll.step(by, look)
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        self.roll.subjects()
    }

    fn subject_count(&self, _look: &Look) -> usize {
        self.roll.subject_count()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Triage(Some(RollAt {
            snoozed: self.snoozed,
            ..self.roll.save()
        })))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Triage(Some(at)) = to else { return };
        self.roll.restore(at);
        self.snoozed = at.snoozed;
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let area = self.roll.draw_filter(canvas, area);
        let empty = self.roll.known && self.roll.list.rows.is_empty();
        let (list, side) = if empty {
            (area, None)
        } else {
            preview::split(canvas.look, area)
        };
        let word = if self.snoozed {
            "screen.snoozed"
        } else {
            "screen.queue"
        };
        let title = format!(
            "{} ({})",
            canvas.look.say.word(word),
            self.roll.list.rows.len()
        );
        let inner = canvas.frame(list, &title, canvas.look.say.word("triage.sorted"), true);
        if empty && self.roll.view.filter.is_empty() && !self.snoozed && self.roll.of > 0 {
            self.draw_end(canvas, inner);
        } else {
            draw_rows(canvas, inner, &self.roll.list, &triage_columns());
            self.roll.draw_empty(canvas, inner);
        }
        if let Some(side) = side {
            preview::draw(
                canvas,
                side,
                self.roll.list.here(),
                self.roll.account.as_deref(),
            );
        }
    }
}
