//! Funnel: how many customers are in each stage, how they move on and how long that takes; the cards of a stage, to move.

mod figures;
mod panels;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::filter_line::FilterLine;
use super::groups;
use super::narrow;
use super::pick::{Item, Pick};
use crate::domain::command::{Command, Receipt};
use crate::domain::funnel::Mode;
use crate::domain::id::Id;
use crate::domain::money::Arr;
use crate::domain::query::{FunnelPage, Page, PeriodAsk, Query, View};
use crate::domain::stage::StageClass;
use crate::error::Error;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{BoardAt, FunnelAt, Go, TablesAt};
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::step::Cx;
use crate::tui::verbs::{Queue, Verbs};
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::who::Who;
use crate::tui::widgets::list::{List, Lister};
use figures::{DRILLS, Drill};
pub(super) use panels::pace;

const FUNNEL: u8 = 0;
const CHECK: u8 = 1;

/// The periods on offer, days; the last one is everything there is.
pub(crate) const PERIODS: [PeriodAsk; 5] = [
    PeriodAsk::Days(30),
    PeriodAsk::Days(90),
    PeriodAsk::Days(180),
    PeriodAsk::Days(365),
    PeriodAsk::All,
];

/// Lines of the cards of a stage below the table, with their frame, that are worth having.
const LEAST_CARDS: usize = 7;

/// How the figures are laid out: by the size of the terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Layout {
    /// A column a stage, and the flow below.
    Columns,
    /// A table of the stages, and the cards of one below.
    Table,
    /// The table only.
    Figures,
    /// Stage and count.
    Counts,
}

impl Layout {
    fn of(size: (u16, u16)) -> Layout {
        match size {
            (w, h) if w >= 100 && h >= 28 => Layout::Columns,
            (w, h) if w >= 60 && h >= 20 => Layout::Table,
            (w, _) if w >= 50 => Layout::Figures,
            _ => Layout::Counts,
        }
    }
}

/// The funnel.
pub struct Funnel {
    list: List<Who>,
    stage: usize,
    on_cards: bool,
    drill: usize,
    filter: FilterLine,
    period: PeriodAsk,
    mode: Mode,
    explained: bool,
    // Empty stages are shown though there is no room for all.
    unfolded: bool,
    page: Option<Arc<Page>>,
    // Whom the page has in each stage.
    cards: Vec<Vec<Who>>,
    wanted: Option<Id>,
}

impl Default for Funnel {
    fn default() -> Funnel {
        Funnel {
            list: List::default(),
            stage: 0,
            on_cards: false,
            drill: 0,
            filter: FilterLine::default(),
            period: PeriodAsk::Days(90),
            mode: Mode::InOrder,
            explained: false,
            unfolded: false,
            page: None,
            cards: Vec::new(),
            wanted: None,
        }
    }
}

pub(crate) fn period_code(period: PeriodAsk) -> String {
    match period {
        PeriodAsk::Days(days) => days.to_string(),
        PeriodAsk::All => "all".to_owned(),
        PeriodAsk::Between(from, to) => format!("{from}..{to}"),
    }
}

pub(crate) fn period_of(code: &str) -> Option<PeriodAsk> {
    PERIODS.into_iter().find(|p| period_code(*p) == code)
}

pub(crate) fn mode(any_order: bool) -> Mode {
    if any_order {
        Mode::AnyOrder
    } else {
        Mode::InOrder
    }
}

/// `last 90 days`, or `all time`.
pub(crate) fn period_words(period: PeriodAsk, look: &Look) -> String {
    match period {
        PeriodAsk::Days(days) => look
            .say
            .fill("funnel.last_days", &[("n", &days.to_string())]),
        PeriodAsk::All => look.say.word("funnel.all_time").to_owned(),
        PeriodAsk::Between(from, to) => format!("{from} {} {to}", look.glyphs.arrow),
    }
}

fn mode_words(mode: Mode, look: &Look) -> &str {
    look.say.word(match mode {
        Mode::InOrder => "funnel.in_order",
        Mode::AnyOrder => "funnel.any_order",
    })
}

fn applies(yes: bool, why: &'static str) -> Applies {
    if yes { Ok(()) } else { Err(why) }
}

impl Funnel {
    fn query(&self) -> Query {
        Query::Funnel {
            filter: self.filter.text.clone(),
            period: Some(self.period),
            mode: self.mode,
        }
    }

    fn figures(&self) -> Option<&FunnelPage> {
        match self.page.as_deref() {
            Some(Page::Funnel(page)) => Some(page),
            _ => None,
        }
    }

    /// The cards of the stage under the cursor, for another question than before.
    fn list_anew(&mut self) {
        let cards = self.cards.get(self.stage).map_or(&[][..], Vec::as_slice);
        self.list.replace(cards);
    }

    fn has_cards(&self, look: &Look) -> bool {
        matches!(Layout::of(look.size), Layout::Columns | Layout::Table)
    }

    /// The cards are in front: only where they are drawn.
    fn in_cards(&self, look: &Look) -> bool {
        self.on_cards && self.has_cards(look)
    }

    /// How many stages fit, by the layout and the size of the terminal.
    fn room(look: &Look) -> usize {
        let (w, h) = look.size;
        // What is around every screen takes four lines, the frame two, the header and the line below the figures one each.
        let body = usize::from(h.saturating_sub(4));
        match Layout::of(look.size) {
            Layout::Columns => usize::from(w / 18),
            Layout::Table => body.saturating_sub(4 + LEAST_CARDS),
            Layout::Figures => body.saturating_sub(4),
            Layout::Counts => body.saturating_sub(2),
        }
    }

    /// The stages that are drawn: all, or where these do not fit, those that somebody is or was in during the period.
    fn shown(&self, look: &Look) -> Vec<usize> {
        let Some(page) = self.figures() else {
            return Vec::new();
        };
        let all = 0..page.stages.len();
        if self.unfolded || page.stages.len() <= Funnel::room(look) {
            return all.collect();
        }
        all.filter(|i| *i == self.stage || page.stages[*i].count > 0 || page.stages[*i].entered > 0)
            .collect()
    }

    /// How many stages are folded away.
    fn folded(&self, look: &Look) -> usize {
        self.figures().map_or(0, |page| page.stages.len()) - self.shown(look).len()
    }

    /// At which of the drawn stages the cursor is.
    fn stage_line(&self, look: &Look) -> usize {
        self.shown(look)
            .iter()
            .position(|i| *i == self.stage)
            .unwrap_or(0)
    }

    /// The stage so many drawn ones further on.
    fn beside(&self, by: isize, look: &Look) -> usize {
        let shown = self.shown(look);
        shown
            .get(
                self.stage_line(look)
                    .saturating_add_signed(by)
                    .min(shown.len().saturating_sub(1)),
            )
            .copied()
            .unwrap_or(self.stage)
    }

    /// Another stage's cards: nothing of the old list holds but the marks.
    fn turn_to_stage(&mut self, stage: usize) {
        let last = self
            .figures()
            .map_or(0, |p| p.stages.len().saturating_sub(1));
        let stage = stage.min(last);
        if stage != self.stage {
            self.stage = stage;
            let marks = std::mem::take(&mut self.list.marks);
            self.list = List::default();
            self.list.marks = marks;
            self.list_anew();
        }
    }

    fn turn_to_figure(&mut self, by: isize) {
        self.drill = self.drill.saturating_add_signed(by).min(DRILLS.len() - 1);
    }

    /// Left and right: stages, but figures in the table, where the stages are rows.
    fn sideways(&mut self, by: isize, look: &Look) {
        if Layout::of(look.size) == Layout::Columns || self.in_cards(look) {
            self.turn_to_stage(self.beside(by, look));
        } else {
            self.turn_to_figure(by);
        }
    }

    fn open(&mut self, cx: &mut Cx) {
        if self.filter.keep() {
            return;
        }
        if self.in_cards(cx.look) {
            if let Some(id) = self.list.here().map(|who| who.id) {
                cx.go(Go::account(id));
            }
        } else if let Some(view) = self.behind() {
            cx.go(Go::customers(view, ""));
        }
    }

    /// The list of customers behind the figure under the cursor.
    fn behind(&self) -> Option<View> {
        let figures = self.figures()?.stages.get(self.stage)?;
        Some(
            DRILLS
                .get(self.drill)?
                .view(&figures.stage, self.filter.settled(), self.period),
        )
    }

    fn pick_period(&mut self, cx: &mut Cx) {
        let items = PERIODS
            .iter()
            .map(|p| Item::new(period_code(*p), period_words(*p, cx.look)))
            .collect();
        let title = cx.look.say.word("funnel.period").to_owned();
        let pick = Pick::new(title, items, |code, cx| {
            let period = period_of(code);
            cx.tell(move |v: &mut Funnel, _| v.period = period.unwrap_or(v.period))
        });
        cx.open(pick.at(&period_code(self.period)));
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
        self.stage = self.stage.min(new.stages.len().saturating_sub(1));
        // A book whose own stages stand behind empty default ones begins where its customers are.
        if first && new.stages.get(self.stage).is_some_and(|s| s.count == 0) {
            self.stage = new
                .stages
                .iter()
                .position(|s| s.count > 0)
                .unwrap_or(self.stage);
        }
        self.cards = new
            .cards
            .iter()
            .map(|rows| Who::at(rows, cx.look))
            .collect();
        if let Some(id) = self.wanted.take() {
            self.list.want(id.into());
        }
        match self.cards.get(self.stage).filter(|_| !first) {
            Some(cards) => self.list.set(cards),
            None => self.list_anew(),
        }
        self.list.settle_marks(cx);
    }

    fn title_words(&self, look: &Look) -> String {
        format!(
            "{} {} {}",
            mode_words(self.mode, look),
            look.glyphs.dot,
            period_words(self.period, look)
        )
    }
}

impl Lister for Funnel {
    fn move_to(&mut self, to: usize, look: &Look) {
        if self.in_cards(look) {
            self.list.go(to, look.list_rows);
        } else if Layout::of(look.size) == Layout::Columns {
            self.drill = to.min(DRILLS.len() - 1);
        } else {
            let by = isize::try_from(to)
                .unwrap_or(isize::MAX)
                .saturating_sub_unsigned(self.stage_line(look));
            self.turn_to_stage(self.beside(by, look));
        }
    }

    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }

    fn move_by(&mut self, by: isize, cx: &mut Cx) {
        let from = if self.in_cards(cx.look) {
            self.list.cursor
        } else if Layout::of(cx.look.size) == Layout::Columns {
            self.drill
        } else {
            self.stage_line(cx.look)
        };
        self.move_to(from.saturating_add_signed(by), cx.look);
    }
}

impl Verbs for Funnel {
    fn here(&self, look: &Look) -> Option<Id> {
        self.list
            .here()
            .filter(|_| self.in_cards(look))
            .map(|who| who.id)
    }
}
impl Queue for Funnel {}

impl Keyed for Funnel {
    const KEYS: &'static [&'static [KeyRow<Funnel>]] = &[
        &[
            row("stage_left", &["h", "left"], |v: &mut Self, cx| {
                v.sideways(-1, cx.look)
            }),
            row("stage_right", &["l", "right"], |v: &mut Self, cx| {
                v.sideways(1, cx.look)
            })
            .hint(),
            row("pane", &["tab", "shift-tab"], |v: &mut Self, _| {
                if v.filter.editing() {
                    v.filter.complete()
                } else {
                    v.on_cards = !v.on_cards
                }
            })
            .when(|v, look| applies(v.filter.editing() || v.has_cards(look), "no_cards"))
            .hint(),
            row("open", &["enter"], Funnel::open)
                .when(|v, look| {
                    let there = if v.in_cards(look) {
                        v.list.here().is_some()
                    } else {
                        v.behind().is_some()
                    };
                    applies(v.filter.editing() || there, "no_customer")
                })
                .hint(),
        ],
        Self::VERBS,
        Self::QUEUE,
        &[
            row("board", &["C"], |v: &mut Self, cx| {
                cx.go(Go::Board(BoardAt {
                    filter: v.filter.settled().to_owned(),
                    ..BoardAt::default()
                }))
            })
            .cli("funnel")
            .hint(),
            row("period", &["P"], Funnel::pick_period).hint(),
            row("split", &["B"], |v: &mut Self, cx| {
                let any_order = v.mode == Mode::AnyOrder;
                super::tables::pick(
                    TablesAt {
                        filter: v.filter.settled().to_owned(),
                        period: period_code(v.period),
                        any_order,
                        ..TablesAt::default()
                    },
                    cx,
                );
            })
            .hint(),
            row("mode", &["o"], |v: &mut Self, cx| {
                v.mode = if v.mode == Mode::InOrder {
                    Mode::AnyOrder
                } else {
                    Mode::InOrder
                };
                cx.toast(
                    cx.look
                        .say
                        .word(if v.mode == Mode::InOrder {
                            "funnel.explain_in_order"
                        } else {
                            "funnel.explain_any_order"
                        })
                        .to_owned(),
                );
            })
            .hint(),
            row("filter", &["/"], |v: &mut Self, _| v.filter.edit()).hint(),
            row("explain", &["X"], |v: &mut Self, _| {
                v.explained = !v.explained
            })
            .cli("health")
            .hint(),
            row("narrow", &["f"], |_: &mut Self, cx| {
                narrow::open(
                    |v: &mut Self, term| narrow::add(&mut v.filter.text, term),
                    cx,
                )
            }),
            row("clear_filter", &["F"], |v: &mut Self, _| {
                v.filter.text.clear()
            })
            .when(|v, _| applies(!v.filter.text.is_empty(), "no_filter")),
            row("escape", &["esc"], |v: &mut Self, _| {
                if v.filter.escape() {
                } else if v.explained {
                    v.explained = false;
                } else {
                    v.list.unmark();
                }
            })
            .when(|v, _| {
                applies(
                    v.filter.editing() || v.explained || !v.list.marks.is_empty(),
                    "no_marks",
                )
            }),
            row("all_stages", &["A"], |v: &mut Self, _| {
                v.unfolded = !v.unfolded
            })
            .cli("funnel")
            .when(|v, look| applies(v.unfolded || v.folded(look) > 0, "all_fit")),
            row("mark", &["space"], |v: &mut Self, cx| {
                v.list.mark();
                v.move_by(1, cx);
            })
            .when(|v, look| applies(v.in_cards(look) && v.list.here().is_some(), "no_customer")),
            row("mark_none", &["-"], |v: &mut Self, _| v.list.unmark())
                .when(|v, _| applies(!v.list.marks.is_empty(), "no_marks")),
            row("create", &["c"], |_: &mut Self, cx| {
                cx.go(Go::form("new_customer", None))
            })
            .writes("add"),
        ],
        Self::ABOUT,
        Self::MOVES,
    ];
}

impl Screen for Funnel {
    fn title(&self, look: &Look) -> Title {
        let counter = self.figures().map_or_else(String::new, |page| {
            let kept = page.stages.iter().filter(|s| s.class != StageClass::Lost);
            let (n, arr): (usize, Arr) = (
                kept.clone().map(|s| s.count).sum(),
                kept.map(|s| &s.arr).sum(),
            );
            let currency = look.config.currency;
            let arr = arr.whole(currency).full(currency);
            look.say
                .fill("funnel.counter", &[("n", &grouped(n)), ("arr", &arr)])
        });
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
        Title {
            crumb: self.title_words(look),
            filter: self.filter.text.clone(),
            counter: format!("{marked}{counter}"),
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        let mut all = vec![(FUNNEL, self.query())];
        all.extend(self.filter.query().map(|query| (CHECK, query)));
        all
    }

    fn on_page(&mut self, part: u8, page: &Arc<Page>, cx: &mut Cx) {
        match (part, page.as_ref()) {
            (FUNNEL, _) => self.take_page(page, cx),
            (CHECK, Page::Rows(rows)) => self.filter.page(rows),
            _ => {}
        }
    }

    fn on_write(&mut self, command: &Command, look: &Look) {
        // A card that is moved leaves its stage at once; the next one is under the cursor.
        if let Command::Move { customers, .. } = command {
            let gone: Vec<Who> = customers.iter().map(|id| Who::from(*id)).collect();
            self.list.take(&gone, look.ticket);
        }
    }

    fn on_written(&mut self, command: &Command, result: &Result<Receipt, Error>, cx: &mut Cx) {
        self.list.answered(cx.look.ticket);
        let stayed = match result {
            Err(_) => true,
            Ok(receipt) => {
                !receipt.skipped.is_empty() || receipt.queued.is_some() || command.is_undo()
            }
        };
        if stayed {
            self.list_anew();
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
            Hit::Part(stage) => {
                self.on_cards = false;
                self.turn_to_stage(stage);
            }
            Hit::Row(at) => {
                self.on_cards = true;
                self.list.go(at, cx.look.list_rows);
            }
            Hit::Wheel(by) => self.move_by(by as isize, cx),
            _ => {}
        }
    }

    fn step(&mut self, by: i32, look: &Look) -> Option<Id> {
        let before = self.list.cursor;
        self.list.by(by as isize, look.list_rows);
        (self.list.cursor != before)
            .then(|| self.list.here().map(|who| who.id))
            .flatten()
    }

    fn subjects(&self, look: &Look) -> Vec<Id> {
        if !self.in_cards(look) && self.list.marks.is_empty() {
            return Vec::new();
        }
        self.list.chosen().into_iter().map(|who| who.id).collect()
    }

    fn subject_count(&self, look: &Look) -> usize {
        if !self.in_cards(look) && self.list.marks.is_empty() {
            0
        } else {
            self.list.chosen_count()
        }
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Funnel(Some(FunnelAt {
            filter: self.filter.settled().to_owned(),
            stage: self.stage,
            cards: self.on_cards,
            figure: self.drill,
            period: period_code(self.period),
            unfolded: self.unfolded,
            any_order: self.mode == Mode::AnyOrder,
            row: self.list.here().map(|who| who.id),
        })))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Funnel(Some(at)) = to else { return };
        self.filter.settle(&at.filter);
        (self.stage, self.on_cards) = (at.stage, at.cards);
        self.drill = at.figure.min(DRILLS.len() - 1);
        self.period = period_of(&at.period).unwrap_or(PeriodAsk::Days(90));
        self.mode = mode(at.any_order);
        (self.unfolded, self.wanted) = (at.unfolded, at.row);
        if self.page.is_some() {
            self.list = List::default();
            self.list_anew();
        }
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let area = self.filter.draw(canvas, area);
        let look = canvas.look;
        let Some(page) = self.figures() else {
            let inner = canvas.frame(area, look.say.word("screen.funnel"), "", true);
            return groups::draw_empty(canvas, inner, look.say.word("message.loading"));
        };
        if page.stages.iter().all(|s| s.count == 0 && s.entered == 0) {
            let inner = canvas.frame(area, look.say.word("screen.funnel"), "", true);
            let key = if self.filter.text.is_empty() {
                "message.no_customers"
            } else {
                "message.nothing_fits"
            };
            let of = look.counts.customers.to_string();
            let words = look
                .say
                .fill(key, &[("filter", &self.filter.text), ("of", &of)]);
            return groups::draw_empty(canvas, inner, &words);
        }
        self.draw_page(canvas, area, page);
    }
}

impl Funnel {
    fn drill_here(&self, look: &Look) -> Option<Drill> {
        if self.in_cards(look) {
            None
        } else {
            DRILLS.get(self.drill).copied()
        }
    }
}
