//! How the funnel is drawn: columns with the flow below, a table with the cards below, or a table alone.

use ratatui::layout::Rect;

use super::figures::{Drill, age, conversion, days, expected, percent};
use super::{Funnel, Layout, mode_words, period_words};
use crate::domain::funnel::StageFigures;
use crate::domain::query::FunnelPage;
use crate::domain::roster::Roster;
use crate::domain::stage::{Pace, StageClass};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::measure::wrap;
use crate::tui::theme::Role;
use crate::tui::who::Who;

/// A column of the table: its words, its width, how soon it is left out (9 first), its figure's list, its cell.
struct Cell {
    code: &'static str,
    width: u16,
    rank: u8,
    drill: Option<Drill>,
    show: fn(&StageFigures, &Look) -> String,
}

static CELLS: [Cell; 12] = [
    Cell {
        code: "count",
        width: 5,
        rank: 0,
        drill: Some(Drill::Count),
        show: |s, _| grouped(s.count),
    },
    Cell {
        code: "arr",
        width: 6,
        rank: 1,
        drill: Some(Drill::Arr),
        show: |s, l| s.arr.signed(l.config.currency),
    },
    Cell {
        code: "age",
        width: 5,
        rank: 4,
        drill: Some(Drill::Age),
        show: |s, _| age(s.age_median),
    },
    Cell {
        code: "oldest",
        width: 6,
        rank: 6,
        drill: None,
        show: |s, _| age(s.age_max),
    },
    Cell {
        code: "conv",
        width: 5,
        rank: 2,
        drill: None,
        show: |s, _| conversion(s),
    },
    Cell {
        code: "open",
        width: 4,
        rank: 2,
        drill: Some(Drill::Open),
        show: |s, _| grouped(s.open),
    },
    Cell {
        code: "reached",
        width: 7,
        rank: 8,
        drill: None,
        show: |s, _| percent(s.reached, s.cohort),
    },
    Cell {
        code: "median",
        width: 5,
        rank: 3,
        drill: None,
        show: |s, _| days(s.median_days),
    },
    Cell {
        code: "p90",
        width: 5,
        rank: 5,
        drill: None,
        show: |s, _| days(s.p90_days),
    },
    Cell {
        code: "expected",
        width: 4,
        rank: 4,
        drill: None,
        show: |s, _| expected(s),
    },
    Cell {
        code: "behind",
        width: 6,
        rank: 2,
        drill: Some(Drill::Behind),
        show: |s, _| grouped(s.behind),
    },
    Cell {
        code: "stuck",
        width: 5,
        rank: 2,
        drill: Some(Drill::Stuck),
        show: |s, _| grouped(s.stuck),
    },
];

/// The cells that fit beside the stage's name, in their order.
fn fitting(room: u16) -> Vec<&'static Cell> {
    let mut shown: Vec<&Cell> = CELLS.iter().collect();
    let wide = |shown: &[&Cell]| shown.iter().map(|c| c.width + 1).sum::<u16>();
    while wide(&shown) > room && shown.len() > 1 {
        let worst = shown
            .iter()
            .enumerate()
            .max_by_key(|(i, c)| (c.rank, *i))
            .map_or(0, |(i, _)| i);
        shown.remove(worst);
    }
    shown
}

fn late(cell: &Cell, figures: &StageFigures) -> Role {
    match cell.drill {
        Some(Drill::Stuck) if figures.stuck > 0 => Role::Danger,
        Some(Drill::Behind) if figures.behind > 0 => Role::Warn,
        _ => Role::Text,
    }
}

/// The sign of a pace, so that no colour is needed.
pub(in crate::tui::views) fn pace(roster: &Roster, row: usize) -> (&'static str, Role) {
    let stage = roster.config.stages.get(roster.rows[row].signals.stage);
    match stage.zip(roster.stage_age(row)).map(|(s, age)| s.pace(age)) {
        Some(Pace::Stuck) => ("!!", Role::Danger),
        Some(Pace::Behind) => ("!", Role::Warn),
        _ => ("", Role::Text),
    }
}

impl Funnel {
    pub(super) fn draw_page(&self, canvas: &mut Canvas, area: Rect, page: &FunnelPage) {
        match Layout::of(canvas.look.size) {
            Layout::Columns => {
                let flow = (self.shown(canvas.look).len().max(page.flows.len().min(10)) as u16 + 5)
                    .clamp(9, area.height / 2);
                let (top, below) = split(area, area.height - flow);
                let top = self.draw_rest(canvas, top);
                self.draw_columns(canvas, top, page);
                if self.explained {
                    self.draw_explained(canvas, below, page)
                } else {
                    self.draw_flow(canvas, below, page)
                }
            }
            Layout::Table => {
                let lines = self.shown(canvas.look).len() as u16
                    + 4
                    + u16::from(self.folded(canvas.look) > 0);
                let (top, below) = split(area, lines.min(area.height.saturating_sub(5)));
                self.draw_table(canvas, top, page);
                if self.explained {
                    self.draw_explained(canvas, below, page)
                } else {
                    self.draw_cards_box(canvas, below, page)
                }
            }
            Layout::Figures if self.explained => self.draw_explained(canvas, area, page),
            Layout::Figures => self.draw_table(canvas, area, page),
            Layout::Counts if self.explained => self.draw_explained(canvas, area, page),
            Layout::Counts => self.draw_counts(canvas, area, page),
        }
    }

    /// What the figures are of: population, period, how many visits.
    fn convention(&self, look: &Look, page: &FunnelPage) -> String {
        let entered: usize = page.stages.iter().map(|s| s.entered).sum();
        let cohort = page.stages.first().map_or(0, |s| s.cohort);
        look.say.fill(
            "funnel.convention",
            &[
                (
                    "from",
                    &page.period.from.date().format("%-d %b %Y").to_string(),
                ),
                ("to", &page.period.to.date().format("%-d %b %Y").to_string()),
                ("n", &grouped(entered)),
                ("cohort", &grouped(cohort)),
            ],
        )
    }

    fn draw_table(&self, canvas: &mut Canvas, area: Rect, page: &FunnelPage) {
        let look = canvas.look;
        let title = look.say.word("funnel.stages").to_owned();
        let right = mode_words(self.mode, look).to_owned();
        let inner = canvas.frame(area, &title, &right, !self.in_cards(look));
        let name = 12.min(inner.width / 3);
        let cells = fitting(inner.width.saturating_sub(name + 2));
        let mut x = inner.x + 1 + name;
        for cell in &cells {
            x += 1;
            canvas.right(
                x + cell.width,
                inner.y,
                cell.width,
                look.say.word(&format!("funnel_column.{}", cell.code)),
                Role::Muted,
            );
            x += cell.width;
        }
        let last = inner.bottom().saturating_sub(1);
        let stages = Rect::new(
            inner.x,
            inner.y + 1,
            inner.width,
            last.saturating_sub(inner.y + 1),
        );
        for (y, i) in self.stage_lines(canvas, stages) {
            let figures = &page.stages[i];
            let line = Rect::new(inner.x, y, inner.width, 1);
            canvas.hit(line, Hit::Part(i));
            canvas.text(inner.x + 1, y, name, &figures.label, Role::Text);
            let chosen = i == self.stage;
            if chosen && self.in_cards(look) {
                canvas.text(inner.x, y, 1, look.glyphs.crumb, Role::Accent);
            }
            let mut x = inner.x + 1 + name;
            for cell in &cells {
                let text = (cell.show)(figures, look);
                canvas.right(
                    x + 1 + cell.width,
                    y,
                    cell.width,
                    &text,
                    late(cell, figures),
                );
                if chosen && cell.drill.is_some() && cell.drill == self.drill_here(look) {
                    canvas.tint(Rect::new(x, y, cell.width + 2, 1), Role::Selection);
                }
                x += cell.width + 1;
            }
            if chosen && self.drill_here(look).is_some() {
                canvas.tint(Rect::new(inner.x, y, name + 1, 1), Role::Selection);
            }
        }
        canvas.text(
            inner.x + 1,
            last,
            inner.width.saturating_sub(2),
            &self.convention(look, page),
            Role::Muted,
        );
    }

    fn draw_counts(&self, canvas: &mut Canvas, area: Rect, page: &FunnelPage) {
        let title = canvas.look.say.word("funnel.stages").to_owned();
        let inner = canvas.frame(area, &title, "", true);
        for (y, i) in self.stage_lines(canvas, inner) {
            let figures = &page.stages[i];
            let line = Rect::new(inner.x, y, inner.width, 1);
            canvas.hit(line, Hit::Part(i));
            canvas.text(
                inner.x + 1,
                y,
                inner.width.saturating_sub(10),
                &figures.label,
                Role::Text,
            );
            canvas.right(
                inner.right().saturating_sub(1),
                y,
                8,
                &grouped(figures.count),
                Role::Text,
            );
            if i == self.stage {
                canvas.tint(line, Role::Selection);
            }
        }
    }

    fn draw_columns(&self, canvas: &mut Canvas, area: Rect, page: &FunnelPage) {
        let shown = self.shown(canvas.look);
        let (from, fit) = self.stretch(&shown, usize::from(area.width / 18));
        let width = area.width / fit.max(1) as u16;
        let most = page
            .stages
            .iter()
            .map(|s| s.count)
            .max()
            .unwrap_or(1)
            .max(1);
        for (slot, i) in shown.into_iter().skip(from).take(fit).enumerate() {
            let figures = &page.stages[i];
            let x = area.x + slot as u16 * width;
            let w = if slot + 1 == fit {
                area.right() - x
            } else {
                width
            };
            self.draw_column(
                canvas,
                Rect::new(x, area.y, w, area.height),
                (i, figures),
                most,
            );
        }
    }

    /// The part of the drawn stages that fits, the chosen one in it: where it begins and how many it has.
    fn stretch(&self, shown: &[usize], room: usize) -> (usize, usize) {
        let fit = room.clamp(1, shown.len().max(1));
        let at = shown.iter().position(|i| *i == self.stage).unwrap_or(0);
        (
            at.saturating_sub(fit / 2)
                .min(shown.len().saturating_sub(fit)),
            fit,
        )
    }

    /// What is not drawn: stages to both sides, and the folded ones with the key that shows them. Empty where all are.
    fn rest_words(&self, look: &Look, room: usize) -> String {
        let (shown, folded) = (self.shown(look), self.folded(look));
        let (from, fit) = self.stretch(&shown, room);
        let key = look.keymap.key_of("funnel.all_stages");
        let after = shown.len().saturating_sub(from + fit);
        let mut parts = Vec::new();
        if from + after > 0 {
            parts.push(look.say.fill(
                "funnel.more_stages",
                &[("before", &from.to_string()), ("after", &after.to_string())],
            ));
        }
        if folded > 0 {
            parts.push(look.say.fill(
                "funnel.empty_stages",
                &[("n", &folded.to_string()), ("key", &key)],
            ));
        }
        parts.join(&format!(" {} ", look.glyphs.dot))
    }

    /// The line below the columns that says what is not among them; returns what is left of the area.
    fn draw_rest(&self, canvas: &mut Canvas, area: Rect) -> Rect {
        let words = self.rest_words(canvas.look, usize::from(area.width / 18));
        if words.is_empty() || area.height < 2 {
            return area;
        }
        canvas.text(
            area.x + 1,
            area.bottom() - 1,
            area.width.saturating_sub(2),
            &words,
            Role::Muted,
        );
        Rect::new(area.x, area.y, area.width, area.height - 1)
    }

    /// The lines of stages in an area, the chosen one in sight; what is not drawn is said in the last one.
    fn stage_lines(&self, canvas: &mut Canvas, area: Rect) -> Vec<(u16, usize)> {
        let shown = self.shown(canvas.look);
        let mut room = usize::from(area.height);
        if self.folded(canvas.look) > 0 || shown.len() > room {
            room = room.saturating_sub(1);
            let words = self.rest_words(canvas.look, room);
            canvas.text(
                area.x + 1,
                area.bottom().saturating_sub(1),
                area.width.saturating_sub(2),
                &words,
                Role::Muted,
            );
        }
        let (from, fit) = self.stretch(&shown, room);
        (area.y..)
            .zip(shown.into_iter().skip(from).take(fit.min(room)))
            .collect()
    }

    fn draw_column(
        &self,
        canvas: &mut Canvas,
        area: Rect,
        (i, figures): (usize, &StageFigures),
        most: usize,
    ) {
        let look = canvas.look;
        let chosen = i == self.stage;
        let inner = canvas.frame(area, &figures.label, "", chosen);
        canvas.hit(area, Hit::Part(i));
        let (x, width) = (inner.x + 1, inner.width.saturating_sub(1));
        let say = &look.say;
        let lost = figures.class == StageClass::Lost;
        let open = say.fill(
            "funnel.conv_open",
            &[
                ("conv", &conversion(figures)),
                ("n", &grouped(figures.open)),
            ],
        );
        let lines: [(Option<Drill>, String, Role); 6] = [
            (
                Some(Drill::Count),
                say.fill(
                    if figures.count == 1 {
                        "funnel.customer"
                    } else {
                        "funnel.customers"
                    },
                    &[("n", &grouped(figures.count))],
                ),
                Role::Text,
            ),
            (
                Some(Drill::Arr),
                format!("{} ARR", figures.arr.signed(look.config.currency)),
                Role::Text,
            ),
            (
                Some(Drill::Age),
                say.fill(
                    "funnel.ages",
                    &[
                        ("median", &age(figures.age_median)),
                        ("oldest", &age(figures.age_max)),
                    ],
                ),
                Role::Text,
            ),
            (
                Some(Drill::Open),
                if lost {
                    say.fill("funnel.ended_here", &[("n", &grouped(figures.entered))])
                } else {
                    open
                },
                Role::Text,
            ),
            (
                Some(Drill::Behind),
                say.fill("funnel.n_behind", &[("n", &grouped(figures.behind))]),
                if figures.behind > 0 {
                    Role::Warn
                } else {
                    Role::Muted
                },
            ),
            (
                Some(Drill::Stuck),
                say.fill("funnel.n_stuck", &[("n", &grouped(figures.stuck))]),
                if figures.stuck > 0 {
                    Role::Danger
                } else {
                    Role::Muted
                },
            ),
        ];
        let mut y = inner.y;
        for (drill, words, role) in lines {
            if y >= inner.bottom() {
                return;
            }
            canvas.text(x, y, width, &words, role);
            if chosen && drill == self.drill_here(look) {
                canvas.tint(Rect::new(inner.x, y, inner.width, 1), Role::Selection);
            }
            y += 1;
        }
        if y < inner.bottom() {
            canvas.bar(
                x,
                y,
                width,
                figures.count as f64 / most as f64,
                Role::Accent,
            );
        }
        let cards = Rect::new(
            inner.x,
            y + 1,
            inner.width,
            inner.bottom().saturating_sub(y + 1),
        );
        let theirs = self.cards.get(i).map_or(&[][..], Vec::as_slice);
        self.draw_cards(
            canvas,
            cards,
            if chosen { &self.list.rows } else { theirs },
            chosen,
            false,
        );
    }

    fn draw_cards_box(&self, canvas: &mut Canvas, area: Rect, page: &FunnelPage) {
        let look = canvas.look;
        let Some(figures) = page.stages.get(self.stage) else {
            return;
        };
        let title = format!("{} {}", figures.label, grouped(self.list.rows.len()));
        let inner = canvas.frame(
            area,
            &title,
            look.say.word("funnel.stuck_first"),
            self.in_cards(look),
        );
        self.draw_cards(canvas, inner, &self.list.rows, true, true);
    }

    /// Cards, stuck first, then oldest; those that do not fit are counted in the last line.
    fn draw_cards(&self, canvas: &mut Canvas, area: Rect, rows: &[Who], chosen: bool, wide: bool) {
        let look = canvas.look;
        if area.height == 0 {
            return;
        }
        if rows.is_empty() {
            canvas.text(
                area.x + 1,
                area.y,
                area.width.saturating_sub(1),
                look.say.word("funnel.nobody"),
                Role::Muted,
            );
            return;
        }
        let mut height = usize::from(area.height);
        if rows.len() > height && height > 1 {
            height -= 1;
        }
        let top = if chosen { self.list.first(height) } else { 0 };
        if chosen {
            canvas.drawn.list_rows = height;
        }
        let Some(roster) = look.read() else { return };
        for (line, (index, who)) in rows.iter().enumerate().skip(top).take(height).enumerate() {
            let whole = Rect::new(area.x, area.y + line as u16, area.width, 1);
            if chosen {
                canvas.hit(whole, Hit::Row(index));
            }
            self.draw_card(canvas, whole, &roster, *who, wide);
            if chosen && self.in_cards(look) && index == self.list.cursor {
                canvas.tint(whole, Role::Selection);
            }
        }
        let below = rows.len().saturating_sub(top + height);
        if below > 0 && rows.len() > height {
            let words = look.say.fill("funnel.more", &[("n", &grouped(below))]);
            canvas.text(
                area.x + 1,
                area.bottom() - 1,
                area.width.saturating_sub(1),
                &words,
                Role::Muted,
            );
        }
    }

    fn draw_card(&self, canvas: &mut Canvas, line: Rect, roster: &Roster, who: Who, wide: bool) {
        let (look, Some(at)) = (canvas.look, who.row(roster)) else {
            return;
        };
        if self.list.marks.contains(&who) {
            canvas.text(line.x, line.y, 1, look.glyphs.tick, Role::Accent);
        }
        let (sign, role) = pace(roster, at);
        let role = if self.list.ghost == Some(who) {
            Role::Muted
        } else {
            role
        };
        let age = format!("{sign}{}", age(roster.stage_age(at)));
        let mut right = line.right().saturating_sub(1);
        if wide {
            canvas.right(right, line.y, 10, roster.owner(at), Role::Muted);
            right = right.saturating_sub(11);
            canvas.right(
                right,
                line.y,
                9,
                &roster.arr(at).signed(look.config.currency),
                role,
            );
            right = right.saturating_sub(10);
        }
        canvas.right(right, line.y, 7, &age, role);
        let end = right.saturating_sub(age.len() as u16 + 1);
        canvas.text(
            line.x + 1,
            line.y,
            end.saturating_sub(line.x + 1),
            roster.name(at),
            role,
        );
    }

    fn draw_flow(&self, canvas: &mut Canvas, area: Rect, page: &FunnelPage) {
        let look = canvas.look;
        let right = period_words(self.period, look);
        let inner = canvas.frame(area, look.say.word("funnel.flow"), &right, false);
        if inner.height < 4 {
            return;
        }
        let half = inner.width / 2;
        let (left, times) = (
            Rect::new(inner.x + 1, inner.y, half - 2, inner.height - 2),
            Rect::new(
                inner.x + half + 1,
                inner.y,
                inner.width - half - 2,
                inner.height - 2,
            ),
        );
        self.draw_moves(canvas, left, page);
        self.draw_times(canvas, times, page);
        canvas.text(
            inner.x + 1,
            inner.bottom() - 1,
            inner.width.saturating_sub(2),
            &self.convention(look, page),
            Role::Muted,
        );
    }

    /// Moves from stage to stage: how many, and their share of all moves out of the stage.
    fn draw_moves(&self, canvas: &mut Canvas, area: Rect, page: &FunnelPage) {
        let look = canvas.look;
        canvas.text(
            area.x,
            area.y,
            area.width,
            look.say.word("funnel.moves"),
            Role::Muted,
        );
        let label = |code: &str| {
            page.stages
                .iter()
                .find(|s| s.stage == code)
                .map_or(code.to_owned(), |s| s.label.clone())
        };
        let mut flows: Vec<_> = page.flows.iter().collect();
        flows.sort_by_key(|f| std::cmp::Reverse(f.moves));
        let most = flows.first().map_or(1, |f| f.moves).max(1);
        let room = usize::from(area.height - 1);
        let kept = flows.len().min(if flows.len() > room {
            room.saturating_sub(1)
        } else {
            room
        });
        let rest: usize = flows[kept..].iter().map(|f| f.moves).sum();
        if flows.is_empty() {
            canvas.text(
                area.x,
                area.y + 1,
                area.width,
                look.say.word("funnel.no_moves"),
                Role::Muted,
            );
        }
        for (y, flow) in (area.y + 1..area.bottom()).zip(&flows[..kept]) {
            let out: usize = page
                .flows
                .iter()
                .filter(|f| f.from == flow.from)
                .map(|f| f.moves)
                .sum();
            let here = page
                .stages
                .get(self.stage)
                .is_some_and(|s| s.stage == flow.from);
            let role = if here { Role::Accent } else { Role::Text };
            canvas.text(area.x, y, 12, &label(&flow.from), role);
            canvas.text(area.x + 13, y, 2, look.glyphs.arrow, Role::Muted);
            canvas.text(area.x + 16, y, 12, &label(&flow.to), role);
            canvas.right(area.x + 34, y, 5, &grouped(flow.moves), role);
            canvas.right(area.x + 40, y, 5, &percent(flow.moves, out), role);
            let bar = area.width.saturating_sub(42);
            canvas.bar(
                area.x + 41,
                y,
                bar,
                flow.moves as f64 / most as f64,
                Role::Accent,
            );
        }
        if rest > 0 {
            let words = look.say.fill(
                "funnel.more_moves",
                &[
                    ("n", &grouped(rest)),
                    ("ways", &grouped(flows.len() - kept)),
                ],
            );
            canvas.text(area.x, area.bottom() - 1, area.width, &words, Role::Muted);
        }
    }

    /// Days in stage: median and p90 against what is expected, and how far the cohort came.
    fn draw_times(&self, canvas: &mut Canvas, area: Rect, page: &FunnelPage) {
        let look = canvas.look;
        let column = |code: &str| look.say.word(&format!("funnel_column.{code}")).to_owned();
        canvas.text(
            area.x,
            area.y,
            14,
            look.say.word("funnel.days_in_stage"),
            Role::Muted,
        );
        for (x, code) in [
            (20, "median"),
            (27, "p90"),
            (34, "expected"),
            (43, "reached"),
        ] {
            canvas.right(area.x + x, area.y, 8, &column(code), Role::Muted);
        }
        let longest = page
            .stages
            .iter()
            .filter_map(|s| s.median_days)
            .fold(1.0, f64::max);
        let stages = Rect::new(
            area.x,
            area.y + 1,
            area.width,
            area.height.saturating_sub(1),
        );
        let shown = self.shown(look);
        // The columns above say what is folded; here only what there is no line for has to be said.
        let lines = if shown.len() > usize::from(stages.height) {
            self.stage_lines(canvas, stages)
        } else {
            (stages.y..).zip(shown).collect()
        };
        for (y, i) in lines {
            let s = &page.stages[i];
            let slow = s.expected > 0 && s.median_days.is_some_and(|d| d > f64::from(s.expected));
            canvas.text(area.x, y, 13, &s.label, Role::Text);
            let role = if slow { Role::Warn } else { Role::Text };
            canvas.right(area.x + 20, y, 6, &days(s.median_days), role);
            canvas.right(area.x + 27, y, 6, &days(s.p90_days), Role::Text);
            canvas.right(area.x + 34, y, 6, &expected(s), Role::Muted);
            canvas.right(area.x + 43, y, 8, &percent(s.reached, s.cohort), Role::Text);
            let bar = area.width.saturating_sub(45);
            canvas.bar(
                area.x + 44,
                y,
                bar,
                s.median_days.unwrap_or(0.0) / longest,
                role,
            );
        }
    }

    fn draw_explained(&self, canvas: &mut Canvas, area: Rect, page: &FunnelPage) {
        let look = canvas.look;
        let inner = canvas.frame(area, look.say.word("funnel.how"), "X", false);
        let mode = match self.mode {
            crate::domain::funnel::Mode::InOrder => "funnel.explain_in_order",
            crate::domain::funnel::Mode::AnyOrder => "funnel.explain_any_order",
        };
        let currency = look.say.fill(
            "funnel.explain_money",
            &[("currency", look.config.currency.code())],
        );
        let texts = [
            self.convention(look, page),
            look.say.word(mode).to_owned(),
            look.say.word("funnel.explain_conversion").to_owned(),
            look.say.word("funnel.explain_days").to_owned(),
            look.say.word("funnel.explain_pace").to_owned(),
            currency,
        ];
        let lines = texts
            .iter()
            .flat_map(|text| wrap(text, usize::from(inner.width.saturating_sub(2))));
        for (y, line) in (inner.top()..inner.bottom()).zip(lines) {
            canvas.text(
                inner.x + 1,
                y,
                inner.width.saturating_sub(2),
                &line,
                Role::Text,
            );
        }
    }
}

fn split(area: Rect, top: u16) -> (Rect, Rect) {
    let top = top.min(area.height);
    (
        Rect::new(area.x, area.y, area.width, top),
        Rect::new(area.x, area.y + top, area.width, area.height - top),
    )
}
