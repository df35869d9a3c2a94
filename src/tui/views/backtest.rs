//! Does the score tell anything? The scores of past month ends against the customers that were lost afterwards.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::groups;
use crate::domain::health::backtest::{Backtest, Share, Verdict};
use crate::domain::query::{Page, Query};
use crate::tui::account_rows::band;
use crate::tui::canvas::Canvas;
use crate::tui::go::{BacktestAt, Go};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::wrap;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Screen, Title};

/// Month ends that are asked for at first, fewest, and most.
const MONTHS: (u8, u8, u8) = (12, 3, 60);

/// The screen.
pub struct Test {
    months: u8,
    page: Option<Backtest>,
    /// So many customers of so many, while it is counted.
    counted: Option<(usize, usize)>,
}

impl Default for Test {
    fn default() -> Test {
        Test {
            months: MONTHS.0,
            page: None,
            counted: None,
        }
    }
}

impl Test {
    fn ask(&mut self, by: i8) {
        self.months = self
            .months
            .saturating_add_signed(by)
            .clamp(MONTHS.1, MONTHS.2);
    }
}

fn role(verdict: Verdict) -> Role {
    match verdict {
        Verdict::Tells => Role::Ok,
        Verdict::Chance => Role::Warn,
        Verdict::Wrong => Role::Danger,
        Verdict::TooFew => Role::Info,
    }
}

/// Widths of the columns behind the band.
const WIDTHS: [u16; 4] = [8, 8, 8, 18];

fn draw_bands(canvas: &mut Canvas, area: Rect, test: &Backtest) {
    let look = canvas.look;
    let heads = [
        "backtest.n",
        "backtest.lost",
        "backtest.rate",
        "backtest.interval",
    ]
    .map(|w| look.say.word(w));
    let line = |y: u16| Rect::new(area.x, y, area.width, 1);
    let cells =
        |first: &'static str, values: [&str; 4], role: Role, canvas: &mut Canvas, y: u16| {
            let mut cells = vec![(first, 10, false, role)];
            cells.extend(
                values
                    .iter()
                    .zip(WIDTHS)
                    .map(|(text, width)| (*text, width, true, role)),
            );
            groups::cells_of(canvas, line(y), &cells);
        };
    cells("", heads, Role::Muted, canvas, area.y);
    for (y, row) in (area.y + 1..area.bottom()).zip(&test.bands) {
        let (n, lost) = (row.n.to_string(), row.lost.to_string());
        let (rate, interval) = row.rate.map_or(
            ("-".to_owned(), "-".to_owned()),
            |Share { value, low, high }| {
                (
                    format!("{:.1}%", value * 100.0),
                    format!("{:.1}% - {:.1}%", low * 100.0, high * 100.0),
                )
            },
        );
        let words = look.say.codes.band(row.band.code());
        let mut all = vec![(words, 10, false, band(row.band))];
        all.extend(
            [&n, &lost, &rate, &interval]
                .into_iter()
                .zip(WIDTHS)
                .map(|(t, w)| (t.as_str(), w, true, Role::Text)),
        );
        groups::cells_of(canvas, line(y), &all);
    }
}

impl Keyed for Test {
    const KEYS: &'static [&'static [KeyRow<Test>]] = &[&[
        row("longer", &["+"], |v: &mut Self, _| v.ask(3)).hint(),
        row("shorter", &["-"], |v: &mut Self, _| v.ask(-3)).hint(),
    ]];
}

impl Screen for Test {
    fn title(&self, look: &Look) -> Title {
        let months = self.months.to_string();
        let counter = match self.counted {
            Some((done, of)) => look.say.fill(
                "backtest.counting",
                &[
                    ("n", &months),
                    ("done", &done.to_string()),
                    ("of", &of.to_string()),
                ],
            ),
            None => look.say.fill("backtest.months", &[("n", &months)]),
        };
        Title {
            crumb: look.say.word("screen.backtest").to_owned(),
            filter: String::new(),
            counter,
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        vec![(
            0,
            Query::Backtest {
                months: self.months,
            },
        )]
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, _cx: &mut Cx) {
        match page.as_ref() {
            Page::Backtest(test) => (self.page, self.counted) = (Some(test.as_ref().clone()), None),
            Page::Counting { done, of } => self.counted = Some((*done, *of)),
            _ => {}
        }
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Backtest(BacktestAt {
            months: Some(self.months),
        }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Backtest(at) = to else { return };
        if let Some(months) = at.months {
            self.months = months.clamp(MONTHS.1, MONTHS.2);
        }
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let inner = canvas.frame(area, look.say.word("screen.backtest"), "", true);
        let Some(test) = &self.page else {
            return groups::draw_empty(canvas, inner, look.say.word("message.loading"));
        };
        let (width, mut y) = (inner.width.saturating_sub(2), inner.y);
        for (i, sentence) in test.sentences(&look.say.codes).iter().enumerate() {
            let role = if i == 0 {
                role(test.verdict)
            } else {
                Role::Text
            };
            for line in wrap(sentence, usize::from(width.max(8))) {
                if y >= inner.bottom() {
                    return;
                }
                canvas.text(inner.x + 1, y, width, &line, role);
                y += 1;
            }
            y += 1;
        }
        if y < inner.bottom() {
            draw_bands(
                canvas,
                Rect::new(inner.x, y, inner.width, inner.bottom() - y),
                test,
            );
        }
    }
}
