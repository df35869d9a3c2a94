//! Figures in rows: the funnel split by something, targets, help before purchase, issues that come again; each row with the
//! customers behind it.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::filter_line::FilterLine;
use super::funnel::{PERIODS, mode, period_code, period_of, period_words};
use super::groups;
use super::pick::{Item, Pick};
use crate::domain::config::AttributeType;
use crate::domain::funnel::Mode;
use crate::domain::id::Id;
use crate::domain::query::{Page, PeriodAsk, Query};
use crate::domain::table::{By, Cell, Kind, TableAsk, TablePage};
use crate::domain::time::Day;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{Go, TablesAt};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::cells;
use crate::tui::step::{AppStep, Cx, Step};
use crate::tui::theme::Role;
use crate::tui::verbs::Verbs;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::who::{Numbers, Who};
use crate::tui::widgets::list::{List, Lister};

const TABLE: u8 = 0;
const CHECK: u8 = 1;

/// The table, and below it the customers behind the row at the cursor.
pub struct Tables {
    kind: Kind,
    filter: FilterLine,
    period: PeriodAsk,
    mode: Mode,
    // Rows by their words.
    list: List<String>,
    people: List<Who>,
    on_people: bool,
    page: Option<Arc<Page>>,
    numbers: Numbers,
    failed: Option<String>,
}

impl Default for Tables {
    fn default() -> Tables {
        Tables {
            kind: Kind::Issues,
            filter: FilterLine::default(),
            period: PeriodAsk::Days(365),
            mode: Mode::InOrder,
            list: List::default(),
            people: List::default(),
            on_people: false,
            page: None,
            numbers: Numbers::default(),
            failed: None,
        }
    }
}

/// By what each row is known: its words, and where several have the same, which of them it is.
fn keys(page: &TablePage) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let words = |row: &crate::domain::table::Row| {
        let text = |cell: &Cell| {
            if let Cell::Text(text) = cell {
                Some(text.clone())
            } else {
                None
            }
        };
        row.cells
            .iter()
            .filter_map(text)
            .collect::<Vec<_>>()
            .join("\t")
    };
    let key = |row| {
        let words = words(row);
        let n = seen.entry(words.clone()).or_default();
        *n += 1;
        format!("{n} {words}")
    };
    page.rows.iter().map(key).collect()
}

fn title_of(kind: &Kind, look: &Look) -> String {
    let (what, by) = match kind {
        Kind::Split(by) => ("by", by),
        Kind::StaysBy(by) => ("stays_by", by),
        other => {
            return look
                .say
                .word(&format!("tables.{}", other.word()))
                .to_owned();
        }
    };
    if let By::Attribute(code) = by {
        let label = look
            .config
            .attribute(code)
            .map_or(code.as_str(), |a| a.label.as_str());
        return look.say.fill(&format!("tables.{what}"), &[("what", label)]);
    }
    look.say
        .word(&format!("tables.{what}_{}", by.word()))
        .to_owned()
}

/// Asks which table; `at` is what it is opened with beside that.
pub fn pick(at: TablesAt, cx: &mut Cx) {
    let splittable = |kind| {
        matches!(
            kind,
            AttributeType::Text | AttributeType::Enum | AttributeType::Bool
        )
    };
    let attributes = || {
        cx.look
            .config
            .attributes
            .iter()
            .filter(|a| splittable(a.kind))
            .map(|a| By::Attribute(a.code.clone()))
    };
    let splits = [By::Owner, By::Month, By::Quarter, By::Before]
        .into_iter()
        .chain(attributes())
        .map(Kind::Split);
    let stays = [By::Owner, By::Month, By::Quarter]
        .into_iter()
        .chain(attributes())
        .map(Kind::StaysBy);
    let others = [Kind::Targets, Kind::Help, Kind::Issues];
    let kinds: Vec<Kind> = splits
        .chain([Kind::Stays, Kind::Curve])
        .chain(stays)
        .chain(others)
        .collect();
    let items = kinds
        .iter()
        .map(|k| Item::new(k.word(), title_of(k, cx.look)))
        .collect();
    let title = cx.look.say.word("tables.pick").to_owned();
    cx.open(Pick::new(title, items, move |word, cx| {
        let to = Go::Tables(TablesAt {
            table: Kind::named(word),
            ..at.clone()
        });
        // In the place of the one that is shown.
        cx.push(Step::App(AppStep::Over(Box::new(to))));
    }));
}

impl Tables {
    fn page(&self) -> Option<&TablePage> {
        match self.page.as_deref() {
            Some(Page::Table(page)) => Some(page),
            _ => None,
        }
    }

    /// Whom the row at the cursor counts.
    fn behind(&self) -> Vec<Who> {
        self.page()
            .and_then(|p| p.rows.get(self.list.cursor))
            .map(|r| self.numbers.at(&r.customers))
            .unwrap_or_default()
    }

    fn state(&self) -> TablesAt {
        TablesAt {
            table: self.kind.clone(),
            filter: self.filter.settled().to_owned(),
            period: period_code(self.period),
            any_order: self.mode == Mode::AnyOrder,
            at: None,
        }
    }

    fn pick_period(&mut self, cx: &mut Cx) {
        let items = PERIODS
            .iter()
            .map(|p| Item::new(period_code(*p), period_words(*p, cx.look)))
            .collect();
        let title = cx.look.say.word("tables.period").to_owned();
        let pick = Pick::new(title, items, |code, cx| {
            let period = period_of(code);
            cx.tell(move |v: &mut Tables, _| v.period = period.unwrap_or(v.period))
        });
        cx.open(pick.at(&period_code(self.period)));
    }

    fn open(&mut self, cx: &mut Cx) {
        if self.filter.keep() {
        } else if !self.on_people {
            self.on_people = true;
        } else if let Some(customer) = self.people.here().map(|who| who.id) {
            cx.go(Go::account(customer));
        }
    }

    /// What a cell says: words of the table's own codes, and figures as they are shown everywhere.
    fn said(cell: &Cell, head: &str, look: &Look) -> String {
        match (cell, head) {
            (Cell::Text(code), "figure" | "help") => {
                look.say.word(&format!("tables.{code}")).to_owned()
            }
            (Cell::Text(period), "period") => {
                let days = period.split_once(" to ").and_then(|(from, to)| {
                    Some((from.parse::<Day>().ok()?, to.parse::<Day>().ok()?))
                });
                days.map_or_else(
                    || period.clone(),
                    |(from, to)| {
                        format!(
                            "{} to {}",
                            from.date().format("%-d %b"),
                            to.date().format("%-d %b %Y")
                        )
                    },
                )
            }
            (Cell::Met(met), _) => look
                .say
                .word(if *met { "word.yes" } else { "word.no" })
                .to_owned(),
            (Cell::Months(months), _) => {
                let most = months.iter().flatten().copied().fold(1.0, f64::max);
                let bar = |m: &Option<f64>| {
                    m.map_or(look.glyphs.dot, |n| {
                        look.glyphs.bars[((n / most * 7.0).round() as usize).min(7)]
                    })
                };
                months.iter().map(bar).collect()
            }
            _ => cell.show(),
        }
    }

    fn draw_table(&self, canvas: &mut Canvas, area: Rect, page: &TablePage) {
        let look = canvas.look;
        let inner = canvas.frame(
            area,
            &title_of(&self.kind, look),
            &period_words(self.period, look),
            !self.on_people,
        );
        if page.rows.is_empty() {
            let key = match self.kind {
                Kind::Split(_) => "tables.no_split".to_owned(),
                Kind::StaysBy(_) | Kind::Curve => "tables.no_stays".to_owned(),
                _ => format!("tables.no_{}", self.kind.word()),
            };
            return groups::draw_empty(canvas, inner, look.say.word(&key));
        }
        let said = |row: &crate::domain::table::Row| -> Vec<String> {
            row.cells
                .iter()
                .zip(&page.heads)
                .map(|(cell, head)| Tables::said(cell, head, look))
                .collect()
        };
        let rows: Vec<Vec<String>> = page.rows.iter().map(said).collect();
        let heads: Vec<String> = page
            .heads
            .iter()
            .map(|h| look.say.word(&format!("tables.head_{h}")).to_owned())
            .collect();
        let mut widths: Vec<u16> = (0..heads.len())
            .map(|i| {
                rows.iter()
                    .map(|r| cells(&r[i]))
                    .chain([cells(&heads[i])])
                    .max()
                    .unwrap_or(1) as u16
            })
            .collect();
        // What does not fit is taken from the widest columns of words.
        while widths.iter().sum::<u16>() + widths.len() as u16 + 2 > inner.width {
            let Some(widest) = (0..widths.len())
                .max_by_key(|i| widths[*i])
                .filter(|i| widths[*i] > 6)
            else {
                break;
            };
            widths[widest] -= 1;
        }
        let right: Vec<bool> = page.rows[0].cells.iter().map(|c| !c.is_text()).collect();
        let line = |texts: &[String], role: Role, canvas: &mut Canvas, at: Rect| {
            let cells: Vec<(&str, u16, bool, Role)> = (0..texts.len())
                .map(|i| (texts[i].as_str(), widths[i], right[i], role))
                .collect();
            groups::cells_of(canvas, at, &cells);
        };
        line(
            &heads,
            Role::Muted,
            canvas,
            Rect::new(inner.x, inner.y, inner.width, 1),
        );
        let height = usize::from(inner.height.saturating_sub(1));
        if !self.on_people {
            canvas.drawn.list_rows = height.max(1);
        }
        let top = self.list.first(height);
        for (y, at) in (inner.y + 1..inner.bottom()).zip(top..rows.len()) {
            let whole = Rect::new(inner.x, y, inner.width, 1);
            line(&rows[at], Role::Text, canvas, whole);
            canvas.hit(
                whole,
                if self.on_people {
                    Hit::Part(at)
                } else {
                    Hit::Row(at)
                },
            );
            if at == self.list.cursor {
                canvas.tint(whole, Role::Selection);
            }
        }
    }

    fn draw_people(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let n = look
            .say
            .fill("nps.people", &[("n", &self.people.rows.len().to_string())]);
        let inner = canvas.frame(area, look.say.word("tables.behind"), &n, self.on_people);
        if self.people.rows.is_empty() {
            return groups::draw_empty(canvas, inner, look.say.word("nps.nobody"));
        }
        let Some(roster) = look.read() else { return };
        let height = usize::from(inner.height);
        if self.on_people {
            canvas.drawn.list_rows = height.max(1);
        }
        let top = self.people.first(height);
        for (y, at) in (inner.top()..inner.bottom()).zip(top..self.people.rows.len()) {
            let whole = Rect::new(inner.x, y, inner.width, 1);
            let who = self.people.rows[at];
            let Some(row) = who.row(&roster) else {
                continue;
            };
            let text = if self.people.ghost == Some(who) {
                Role::Muted
            } else {
                Role::Text
            };
            let column = |code: &str| {
                crate::columns::column(code)
                    .map(|c| c.show(&roster, row, look.now.today))
                    .unwrap_or_default()
            };
            let room = inner.width.saturating_sub(3);
            let name = (room * 4 / 10).clamp(10, 36);
            groups::cells_of(
                canvas,
                whole,
                &[
                    (roster.name(row), name, false, text),
                    (roster.owner(row), 10, false, Role::Muted),
                    (&column("stage"), 12, false, Role::Text),
                    (&column("arr"), 7, true, Role::Text),
                    (&column("health"), 7, false, Role::Text),
                ],
            );
            if self.on_people {
                canvas.hit(whole, Hit::Row(at));
                if at == self.people.cursor {
                    canvas.tint(whole, Role::Selection);
                }
            }
        }
    }
}

impl Lister for Tables {
    fn move_to(&mut self, to: usize, look: &Look) {
        if self.on_people {
            self.people.go(to, look.list_rows);
        } else {
            self.list.go(to, look.list_rows);
            self.people = List::default();
            self.people.replace(&self.behind());
        }
    }
    fn at(&self) -> (usize, usize) {
        if self.on_people {
            (self.people.cursor, self.people.rows.len())
        } else {
            (self.list.cursor, self.list.rows.len())
        }
    }
}

impl Verbs for Tables {}

impl Keyed for Tables {
    const KEYS: &'static [&'static [KeyRow<Tables>]] = &[
        &[
            row("open", &["enter"], Tables::open)
                .when(|v, _| {
                    if v.filter.editing() || !v.people.rows.is_empty() {
                        Ok(())
                    } else {
                        Err("no_customer")
                    }
                })
                .hint(),
            row("pane", &["tab", "shift-tab"], |v: &mut Self, _| {
                if v.filter.editing() {
                    v.filter.complete()
                } else {
                    v.on_people = !v.on_people
                }
            })
            .hint(),
            row("split", &["B"], |v: &mut Self, cx| pick(v.state(), cx))
                .cli("funnel")
                .hint(),
            row("period", &["P"], Tables::pick_period).hint(),
            row("mode", &["o"], |v: &mut Self, _| {
                v.mode = if v.mode == Mode::InOrder {
                    Mode::AnyOrder
                } else {
                    Mode::InOrder
                };
            })
            .when(|v, _| {
                if matches!(v.kind, Kind::Split(_) | Kind::Targets) {
                    Ok(())
                } else {
                    Err("no_order")
                }
            }),
            row("filter", &["/"], |v: &mut Self, _| v.filter.edit()).hint(),
            row("clear_filter", &["F"], |v: &mut Self, _| {
                v.filter.text.clear()
            })
            .when(|v, _| {
                if v.filter.text.is_empty() {
                    Err("no_filter")
                } else {
                    Ok(())
                }
            }),
            row("escape", &["esc"], |v: &mut Self, cx| {
                if v.filter.escape() {
                } else if v.on_people {
                    v.on_people = false;
                } else {
                    cx.push(Step::App(crate::tui::step::AppStep::Escape));
                }
            }),
        ],
        Self::VERBS,
        Self::ABOUT,
        Self::MOVES,
    ];
}

impl Screen for Tables {
    fn title(&self, look: &Look) -> Title {
        let mode = look.say.word(if self.mode == Mode::InOrder {
            "funnel.in_order"
        } else {
            "funnel.any_order"
        });
        let counter = if matches!(self.kind, Kind::Split(_) | Kind::Targets) {
            mode.to_owned()
        } else {
            String::new()
        };
        Title {
            crumb: title_of(&self.kind, look),
            filter: self.filter.text.clone(),
            counter,
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        let ask = TableAsk {
            kind: self.kind.clone(),
            filter: self.filter.text.clone(),
            period: self.period,
            mode: self.mode,
        };
        let mut all = vec![(TABLE, Query::Table(ask))];
        all.extend(self.filter.query().map(|query| (CHECK, query)));
        all
    }

    fn on_page(&mut self, part: u8, page: &Arc<Page>, cx: &mut Cx) {
        match (part, page.as_ref()) {
            // What is shown stays until all of the next is there.
            (TABLE, Page::Table(new)) if new.computing && self.page().is_some() => {}
            (TABLE, Page::Table(new)) if new.mistake.is_none() => {
                (self.page, self.failed) = (Some(Arc::clone(page)), None);
                self.numbers = Numbers::of(cx.look);
                let before = self.list.here();
                self.list.replace(&keys(new));
                let people = self.behind();
                // Behind the same row, who was under the cursor and is gone stays greyed; behind another one nobody is chosen.
                if before.is_some() && before == self.list.here() {
                    self.people.set(&people)
                } else {
                    self.on_people &= before.is_none();
                    self.people.replace(&people)
                }
            }
            (CHECK, Page::Rows(rows)) => self.filter.page(rows),
            _ => {}
        }
    }

    fn on_failed(&mut self, part: u8, error: &str, cx: &mut Cx) {
        if part == TABLE {
            (self.page, self.failed) = (None, Some(error.to_owned()));
        } else {
            cx.bad(error);
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
        if let Hit::Part(at) = hit {
            self.on_people = false;
            self.move_to(at, cx.look);
        } else {
            self.list_hit(hit, cx);
        }
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        if !self.on_people {
            return Vec::new();
        }
        self.people.here().map(|who| who.id).into_iter().collect()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Tables(TablesAt {
            at: self.list.here(),
            ..self.state()
        }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Tables(at) = to else { return };
        self.filter.settle(&at.filter);
        self.kind = at.table.clone();
        self.period = period_of(&at.period).unwrap_or(PeriodAsk::Days(365));
        self.mode = mode(at.any_order);
        if let Some(key) = &at.at {
            self.list.want(key.clone());
        }
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let area = self.filter.draw(canvas, area);
        let look = canvas.look;
        let Some(page) = self.page() else {
            let inner = canvas.frame(area, &title_of(&self.kind, look), "", true);
            return groups::draw_empty(
                canvas,
                inner,
                self.failed
                    .as_deref()
                    .unwrap_or(look.say.word("message.loading")),
            );
        };
        let below = if area.height >= 14 {
            area.height * 2 / 5
        } else {
            0
        };
        self.draw_table(
            canvas,
            Rect::new(area.x, area.y, area.width, area.height - below),
            page,
        );
        if below > 0 {
            self.draw_people(
                canvas,
                Rect::new(area.x, area.bottom() - below, area.width, below),
            );
        }
    }
}
