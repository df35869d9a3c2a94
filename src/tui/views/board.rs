//! The board: a column a stage with its customers as cards and what they come to; a card is moved by a key.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::filter_line::{FilterLine, Filtered};
use super::funnel::pace;
use super::groups;
use crate::domain::command::{Command, Receipt};
use crate::domain::funnel::Mode;
use crate::domain::id::Id;
use crate::domain::query::{FunnelPage, Page, PeriodAsk, Query};
use crate::domain::roster::Roster;
use crate::domain::stage::StageNo;
use crate::error::Error;
use crate::tui::account_rows::{band, signs};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{BoardAt, Go};
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::verbs::{self, Queue, Verbs};
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::who::Who;
use crate::tui::widgets::list::{List, Lister};

const BOARD: u8 = 0;
const CHECK: u8 = 1;

/// Cells that a column takes at least.
const COLUMN: u16 = 24;
/// Lines of a card.
const CARD: u16 = 2;

/// The board. Its list is the column under the cursor.
#[derive(Default)]
pub struct Board {
    list: List<Who>,
    stage: usize,
    filter: FilterLine,
    page: Option<Arc<Page>>,
    // Whom the page has in each stage.
    cards: Vec<Vec<Who>>,
    // The card that the cursor goes to wherever it stands in the next page.
    follow: Option<Id>,
}

fn some(view: &Board, _look: &Look) -> Applies {
    view.list.here().map(|_| ()).ok_or("no_customer")
}

fn chosen(view: &Board, _look: &Look) -> Applies {
    if view.list.chosen_count() > 0 {
        Ok(())
    } else {
        Err("no_customer")
    }
}

impl Board {
    fn query(&self) -> Query {
        Query::Funnel {
            filter: self.filter.text.clone(),
            period: Some(PeriodAsk::Days(90)),
            mode: Mode::InOrder,
        }
    }

    fn figures(&self) -> Option<&FunnelPage> {
        match self.page.as_deref() {
            Some(Page::Funnel(page)) => Some(page),
            _ => None,
        }
    }

    fn cards(&self, stage: usize) -> &[Who] {
        self.cards.get(stage).map_or(&[], Vec::as_slice)
    }

    fn turn_to(&mut self, stage: usize) {
        let stage = stage.min(
            self.figures()
                .map_or(0, |p| p.stages.len().saturating_sub(1)),
        );
        if stage != self.stage {
            self.stage = stage;
            let (marks, line) = (std::mem::take(&mut self.list.marks), self.list.cursor);
            self.list = List::default();
            self.list.marks = marks;
            self.list_anew();
            self.list.go(line, 1);
        }
    }

    /// The column under the cursor, for another question than before.
    fn list_anew(&mut self) {
        let cards = self.cards.get(self.stage).map_or(&[][..], Vec::as_slice);
        self.list.replace(cards);
    }

    fn take_page(&mut self, page: &Arc<Page>, cx: &mut Cx) {
        let Page::Funnel(new) = page.as_ref() else {
            return;
        };
        if new.mistake.is_some() {
            return;
        }
        let first = self.page.is_none();
        self.page = Some(Arc::clone(page));
        self.cards = new
            .cards
            .iter()
            .map(|rows| Who::at(rows, cx.look))
            .collect();
        let whom = self.follow.map(Who::from);
        let at = whom.and_then(|who| self.cards.iter().position(|c| c.contains(&who)));
        if let (Some(who), Some(stage)) = (whom, at) {
            self.follow = None;
            self.turn_to(stage);
            self.list.want(who);
        } else if first && new.cards.get(self.stage).is_none_or(Vec::is_empty) {
            self.stage = new.cards.iter().position(|c| !c.is_empty()).unwrap_or(0);
        }
        match self
            .cards
            .get(self.stage)
            .filter(|_| !first && at.is_none())
        {
            Some(cards) => self.list.set(cards),
            None => self.list_anew(),
        }
        self.list.settle_marks(cx);
    }

    /// Moves the marked cards, or the one under the cursor, to the column beside the cursor's.
    fn shift(&mut self, by: isize, cx: &mut Cx) {
        let to = self
            .stage
            .checked_add_signed(by)
            .filter(|at| self.figures().is_some_and(|p| *at < p.stages.len()));
        let Some(to) = to.and_then(|at| u8::try_from(at).ok()) else {
            return cx.toast(
                cx.look
                    .say
                    .word(if by > 0 {
                        "message.last_stage"
                    } else {
                        "message.first_stage"
                    })
                    .to_owned(),
            );
        };
        let customers = self.subjects(cx.look);
        verbs::move_to_stage(customers, StageNo(to), cx);
    }

    /// The columns that are drawn: the first one, and how many.
    fn stretch(&self, width: u16, of: usize) -> (usize, usize) {
        let fit = usize::from(width / COLUMN).clamp(1, of.max(1));
        (
            self.stage
                .saturating_sub(fit / 2)
                .min(of.saturating_sub(fit)),
            fit,
        )
    }

    fn draw_column(&self, canvas: &mut Canvas, area: Rect, at: usize, page: &FunnelPage) {
        let look = canvas.look;
        let (figures, chosen) = (&page.stages[at], at == self.stage);
        let inner = canvas.frame(area, &figures.label, &grouped(figures.count), chosen);
        canvas.hit(area, Hit::Part(at));
        if inner.height == 0 {
            return;
        }
        let (x, width) = (inner.x + 1, inner.width.saturating_sub(2));
        canvas.text(
            x,
            inner.y,
            width,
            &format!("{} ARR", figures.arr.signed(look.config.currency)),
            Role::Muted,
        );
        let cards = Rect::new(inner.x, inner.y + 1, inner.width, inner.height - 1);
        let rows = if chosen {
            self.list.rows.as_slice()
        } else {
            self.cards(at)
        };
        if rows.is_empty() {
            canvas.text(
                x,
                cards.y,
                width,
                look.say.word("funnel.nobody"),
                Role::Muted,
            );
            return;
        }
        let mut fit = usize::from(cards.height / CARD).max(1);
        let tells = rows.len() > fit && cards.height.is_multiple_of(CARD) && fit > 1;
        fit -= usize::from(tells);
        let top = if chosen { self.list.first(fit) } else { 0 };
        if chosen {
            canvas.drawn.list_rows = fit;
        }
        let Some(roster) = look.read() else { return };
        for (line, (index, who)) in rows.iter().enumerate().skip(top).take(fit).enumerate() {
            let place = Rect::new(cards.x, cards.y + line as u16 * CARD, cards.width, CARD);
            if chosen {
                canvas.hit(place, Hit::Row(index));
            }
            self.draw_card(canvas, place, &roster, *who);
            if chosen && index == self.list.cursor {
                canvas.tint(place.intersection(cards), Role::Selection);
            }
        }
        let below = rows.len().saturating_sub(top + fit);
        if below > 0 {
            let words = look.say.fill("funnel.more", &[("n", &grouped(below))]);
            canvas.text(x, cards.bottom() - 1, width, &words, Role::Muted);
        }
    }

    /// Two lines: the name; money, health, days in the stage with the sign of its pace.
    fn draw_card(&self, canvas: &mut Canvas, area: Rect, roster: &Roster, who: Who) {
        let (look, Some(at)) = (canvas.look, who.row(roster)) else {
            return;
        };
        let ghost = |role: Role| {
            if self.list.ghost == Some(who) {
                Role::Muted
            } else {
                role
            }
        };
        if self.list.marks.contains(&who) {
            canvas.text(area.x, area.y, 1, look.glyphs.tick, Role::Accent);
        }
        let (x, width) = (area.x + 1, area.width.saturating_sub(2));
        canvas.text(x, area.y, width, roster.name(at), ghost(Role::Text));
        if area.height < CARD {
            return;
        }
        let health = crate::columns::column("health")
            .map(|c| signs(c.show(roster, at, roster.today), look))
            .unwrap_or_default();
        let money = roster.arr(at).signed(look.config.currency);
        canvas.pieces(
            x + 1,
            area.y + 1,
            width.saturating_sub(7),
            &[
                (&money, Role::Muted),
                ("  ", Role::Text),
                (&health, ghost(band(roster.rows[at].health.band))),
            ],
        );
        let (sign, role) = pace(roster, at);
        let age = roster
            .stage_age(at)
            .map(|d| format!("{sign}{d}d"))
            .unwrap_or_default();
        canvas.right(
            x + width,
            area.y + 1,
            7,
            &age,
            ghost(if sign.is_empty() { Role::Muted } else { role }),
        );
    }
}

impl Lister for Board {
    fn move_to(&mut self, to: usize, look: &Look) {
        self.list.go(to, look.list_rows);
    }
    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }
}

impl Filtered for Board {
    fn line(&self) -> &FilterLine {
        &self.filter
    }
    fn line_mut(&mut self) -> &mut FilterLine {
        &mut self.filter
    }
}

impl Verbs for Board {
    fn here(&self, _look: &Look) -> Option<Id> {
        self.list.here().map(|who| who.id)
    }
}
impl Queue for Board {}

impl Keyed for Board {
    const KEYS: &'static [&'static [KeyRow<Board>]] = &[
        &[
            row("shift_on", &["L"], |v: &mut Self, cx| v.shift(1, cx))
                .when(chosen)
                .writes("move")
                .hint(),
            row("shift_back", &["H"], |v: &mut Self, cx| v.shift(-1, cx))
                .when(chosen)
                .writes("move")
                .hint(),
            row("column_left", &["h", "left"], |v: &mut Self, _| {
                v.turn_to(v.stage.saturating_sub(1))
            }),
            row("column_right", &["l", "right"], |v: &mut Self, _| {
                v.turn_to(v.stage + 1)
            })
            .hint(),
            row("open", &["enter"], |v: &mut Self, cx| {
                if !v.filter.keep()
                    && let Some(customer) = Verbs::here(v, cx.look)
                {
                    cx.go(Go::account(customer));
                }
            })
            .when(|v, look| {
                if v.filter.editing() {
                    Ok(())
                } else {
                    some(v, look)
                }
            })
            .hint(),
        ],
        Self::FILTER,
        Self::VERBS,
        Self::QUEUE,
        &[
            row("mark", &["space"], |v: &mut Self, cx| {
                v.list.mark();
                v.move_by(1, cx);
            })
            .when(some),
            row("mark_none", &["-"], |v: &mut Self, _| v.list.unmark()).when(|v, _| {
                if v.list.marks.is_empty() {
                    Err("no_marks")
                } else {
                    Ok(())
                }
            }),
            row("escape", &["esc"], |v: &mut Self, _| {
                if !v.filter.escape() {
                    v.list.unmark();
                }
            })
            .when(|v, _| {
                if v.filter.editing() || !v.list.marks.is_empty() {
                    Ok(())
                } else {
                    Err("no_marks")
                }
            }),
        ],
        Self::ABOUT,
        Self::MOVES,
    ];
}

impl Screen for Board {
    fn title(&self, look: &Look) -> Title {
        let (at, of) = (self.stage + 1, self.figures().map_or(0, |p| p.stages.len()));
        let marks = self.list.marks.len();
        let marked = if marks > 0 {
            format!(
                "{}  ",
                look.say
                    .fill("message.marked", &[("n", &marks.to_string())])
            )
        } else {
            String::new()
        };
        let place = look.say.fill(
            "board.place",
            &[("n", &at.to_string()), ("of", &of.to_string())],
        );
        Title {
            crumb: look.say.word("screen.board").to_owned(),
            filter: self.filter.text.clone(),
            counter: format!("{marked}{place}"),
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        let mut all = vec![(BOARD, self.query())];
        all.extend(self.filter.query().map(|query| (CHECK, query)));
        all
    }

    fn on_page(&mut self, part: u8, page: &Arc<Page>, cx: &mut Cx) {
        match (part, page.as_ref()) {
            (BOARD, _) => self.take_page(page, cx),
            (CHECK, Page::Rows(rows)) => self.filter.page(rows),
            _ => {}
        }
    }

    fn on_write(&mut self, command: &Command, look: &Look) {
        // A card leaves its column at once; the cursor finds it again where it went, unless it went with others.
        if let Command::Move { customers, .. } = command {
            let gone: Vec<Who> = customers.iter().map(|id| Who::from(*id)).collect();
            self.follow = customers.first().copied().filter(|_| customers.len() == 1);
            self.list.take(&gone, look.ticket);
        }
    }

    fn on_written(&mut self, command: &Command, result: &Result<Receipt, Error>, cx: &mut Cx) {
        self.list.answered(cx.look.ticket);
        let waits = result
            .as_ref()
            .map_or(true, |receipt| receipt.queued.is_some());
        if waits {
            self.follow = None;
        }
        if waits || command.is_undo() {
            self.list_anew();
        }
        if let (true, Ok(receipt)) = (command.is_undo(), result) {
            self.follow = receipt.customers.first().copied();
        }
    }

    fn typing(&self) -> bool {
        self.filter.editing()
    }

    fn type_key(&mut self, key: &KeyEvent, _cx: &mut Cx) {
        self.filter.key(key);
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx) -> bool {
        self.filter.paste(text)
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        match hit {
            Hit::Part(stage) => self.turn_to(stage),
            hit => self.list_hit(hit, cx),
        }
    }

    fn step(&mut self, by: i32, look: &Look) -> Option<Id> {
        let before = self.list.cursor;
        self.list.by(by as isize, look.list_rows);
        (self.list.cursor != before)
            .then(|| Verbs::here(self, look))
            .flatten()
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        self.list.chosen().into_iter().map(|who| who.id).collect()
    }

    fn subject_count(&self, _look: &Look) -> usize {
        self.list.chosen_count()
    }

    fn save(&self, look: &Look) -> Option<Go> {
        Some(Go::Board(BoardAt {
            filter: self.filter.settled().to_owned(),
            stage: self.stage,
            row: Verbs::here(self, look),
        }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Board(at) = to else { return };
        self.filter.settle(&at.filter);
        (self.stage, self.follow) = (at.stage, at.row);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let area = self.filter.draw(canvas, area);
        let look = canvas.look;
        let Some(page) = self
            .figures()
            .filter(|p| p.cards.iter().any(|c| !c.is_empty()))
        else {
            let inner = canvas.frame(area, look.say.word("screen.board"), "", true);
            let key = match (&self.page, self.filter.text.is_empty()) {
                (None, _) => "message.loading",
                (_, true) => "message.no_customers",
                _ => "message.nothing_fits",
            };
            let words = look.say.fill(
                key,
                &[
                    ("filter", &self.filter.text),
                    ("of", &look.counts.customers.to_string()),
                ],
            );
            return groups::draw_empty(canvas, inner, &words);
        };
        let (from, fit) = self.stretch(area.width, page.stages.len());
        let width = area.width / fit as u16;
        for slot in 0..fit {
            let x = area.x + slot as u16 * width;
            let wide = if slot + 1 == fit {
                area.right() - x
            } else {
                width
            };
            self.draw_column(
                canvas,
                Rect::new(x, area.y, wide, area.height),
                from + slot,
                page,
            );
        }
    }
}
