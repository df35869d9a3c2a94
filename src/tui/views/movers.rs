//! The customers whose health moved most, the largest falls first and the largest rises last.

use std::collections::HashMap;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::groups;
use crate::domain::health::Health;
use crate::domain::id::Id;
use crate::domain::query::{Mover, MoversPage, Page, Query};
use crate::tui::account_rows::band;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{Go, MoversAt};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::verbs::{self, Verbs};
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::who::Who;
use crate::tui::widgets::list::{List, Lister};

/// How many days back one may look.
const DAYS: &[u16] = &[7, 28, 91, 365];

/// The list.
#[derive(Default)]
pub struct Movers {
    list: List<Who>,
    page: Option<MoversPage>,
    moved: HashMap<Who, Mover>,
    // Place in DAYS.
    back: usize,
}

impl Movers {
    fn open(&mut self, cx: &mut Cx) {
        if let Some(customer) = self.list.here().map(|who| who.id) {
            cx.go(Go::account(customer));
        }
    }

    fn look_back(&mut self, by: isize) {
        self.back = self.back.saturating_add_signed(by).min(DAYS.len() - 1);
    }
}

fn score(health: Health) -> String {
    health
        .score
        .map_or_else(|| "-".to_owned(), |s| s.to_string())
}

impl Lister for Movers {
    fn move_to(&mut self, to: usize, look: &Look) {
        self.list.go(to, look.list_rows);
    }
    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }
}

impl Verbs for Movers {}

impl Keyed for Movers {
    const KEYS: &'static [&'static [KeyRow<Movers>]] = &[
        &[
            row("open", &["enter"], Movers::open)
                .when(|v, _| v.list.here().map(|_| ()).ok_or("no_customer"))
                .hint(),
            row("longer", &["+"], |v: &mut Self, _| v.look_back(1)).hint(),
            row("shorter", &["-"], |v: &mut Self, _| v.look_back(-1)),
        ],
        Self::VERBS,
        Self::ABOUT,
        Self::MOVES,
    ];
}

impl Screen for Movers {
    fn title(&self, look: &Look) -> Title {
        let values = self
            .page
            .as_ref()
            .map(|p| [p.fell.to_string(), p.rose.to_string(), p.of.to_string()])
            .unwrap_or_default();
        let since = self
            .page
            .as_ref()
            .and_then(|p| p.since)
            .map(verbs::day)
            .unwrap_or_default();
        let words = if self.page.as_ref().is_some_and(|p| p.computing) {
            "movers.counting"
        } else {
            "movers.count"
        };
        let counter = look.say.fill(
            words,
            &[
                ("fell", &values[0]),
                ("rose", &values[1]),
                ("of", &values[2]),
            ],
        );
        Title {
            crumb: look.say.fill("screen.movers", &[("day", &since)]),
            filter: String::new(),
            counter,
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        vec![(
            0,
            Query::Movers {
                filter: String::new(),
                days: DAYS[self.back],
            },
        )]
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, cx: &mut Cx) {
        if let Page::Movers(page) = page.as_ref() {
            let rows: Vec<u32> = page.movers.iter().map(|m| m.row).collect();
            if self.list.cursor == 0 && self.page.as_ref().is_some_and(|before| before.computing) {
                // Whoever has not moved stays at the top while others come in above.
                self.list = List::default();
            }
            let all = Who::at(&rows, cx.look);
            self.list.set(&all);
            self.list.go(self.list.cursor, cx.look.list_rows);
            // Who was under the cursor and moves no more is shown greyed as it was.
            let ghost = self
                .list
                .ghost
                .and_then(|who| Some((who, *self.moved.get(&who)?)));
            self.moved = all
                .into_iter()
                .zip(page.movers.iter().copied())
                .chain(ghost)
                .collect();
            self.page = Some(page.clone());
        }
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        match hit {
            Hit::Row(at) if at == self.list.cursor => self.open(cx),
            hit => self.list_hit(hit, cx),
        }
    }

    fn step(&mut self, by: i32, look: &Look) -> Option<Id> {
        self.list.go(
            self.list.cursor.saturating_add_signed(by as isize),
            look.list_rows,
        );
        self.list.here().map(|who| who.id)
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        self.list.here().map(|who| who.id).into_iter().collect()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Movers(MoversAt { back: self.back }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Movers(at) = to else { return };
        self.back = at.back.min(DAYS.len() - 1);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let inner = canvas.frame(
            area,
            &look
                .say
                .fill("movers.days", &[("n", &DAYS[self.back].to_string())]),
            "",
            true,
        );
        if self.list.rows.is_empty() {
            let whole = self.page.as_ref().is_some_and(|page| !page.computing);
            return groups::draw_empty(
                canvas,
                inner,
                look.say.word(if whole {
                    "movers.nothing"
                } else {
                    "message.loading"
                }),
            );
        }
        let Some(roster) = look.read() else { return };
        let height = usize::from(inner.height);
        canvas.drawn.list_rows = height.max(1);
        let top = self.list.first(height);
        let name = inner.width.saturating_sub(54).clamp(12, 40);
        for (y, at) in (inner.top()..inner.bottom()).zip(top..self.list.rows.len()) {
            let (who, line) = (self.list.rows[at], Rect::new(inner.x, y, inner.width, 1));
            let (Some(row), Some(mover)) = (who.row(&roster), self.moved.get(&who)) else {
                continue;
            };
            let dim = |role: Role| {
                if self.list.ghost == Some(who) {
                    Role::Muted
                } else {
                    role
                }
            };
            let change = format!("{:+}", mover.change());
            let held = if roster.rows[row].signals.held_on(roster.today).is_some() {
                " !"
            } else {
                ""
            };
            let moved = format!(
                "{} {} {}{held}",
                score(mover.before),
                look.glyphs.arrow,
                score(mover.now)
            );
            let other = mover.before.band != mover.now.band;
            let [was, is] =
                [mover.before.band, mover.now.band].map(|b| look.say.codes.band(b.code()));
            let bands = if other {
                format!("{was} {} {is}", look.glyphs.arrow)
            } else {
                String::new()
            };
            let role = if mover.change() < 0 {
                Role::Danger
            } else {
                Role::Ok
            };
            groups::cells_of(
                canvas,
                line,
                &[
                    (roster.name(row), name, false, dim(Role::Text)),
                    (&change, 5, true, dim(role)),
                    (&moved, 12, false, Role::Text),
                    (&bands, 17, false, band(mover.now.band)),
                    (roster.owner(row), 10, false, Role::Muted),
                ],
            );
            canvas.hit(line, Hit::Row(at));
            if at == self.list.cursor {
                canvas.tint(line, Role::Selection);
            }
        }
    }
}
