//! Segments: the ready-made ones and the saved views that are marked as such, with their counts, ARR and course over a year.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use ratatui::layout::Rect;

use super::groups;
use super::pick::{Item, Pick};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::money;
use crate::domain::query::{CoursePage, Page, Query, SegmentRow, SegmentsPage, View};
use crate::domain::rfm::{FEW, LOOK_BACK};
use crate::domain::segment::{BY_SCORES, READY};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{Go, SegmentsAt};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::measure::wrap;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::{List, Lister};

/// Whether it is a saved view, and its name.
type Named = (bool, String);

/// The list of segments, and below what the one at the cursor is.
#[derive(Default)]
pub struct Segments {
    list: List<Named>,
    page: Option<SegmentsPage>,
    /// The counts of the saved views at month ends.
    own: CoursePage,
    views: Vec<(Id, String, View)>,
}

/// Month ends that are counted beside today.
const MONTHS: u16 = 12;

/// The columns of a list behind a ready-made segment.
const COLUMNS: [&str; 10] = [
    "name", "owner", "stage", "orders", "spent", "ordered", "r", "f", "m", "seg",
];
/// The same where the three conditions are asked.
const VALUE: [&str; 8] = [
    "name",
    "owner",
    "orders",
    "spent",
    "ordered",
    "fullprice",
    "several",
    "abovemedian",
];

fn name(segment: &SegmentRow) -> Named {
    (segment.own, segment.name.clone())
}

impl Segments {
    fn here(&self) -> Option<&SegmentRow> {
        let here = self.list.here()?;
        self.page.as_ref()?.rows.iter().find(|r| name(r) == here)
    }

    fn open(&mut self, cx: &mut Cx) {
        let Some(segment) = self.here() else { return };
        let view = match self
            .views
            .iter()
            .find(|(_, name, _)| segment.own && *name == segment.name)
        {
            Some((_, _, view)) => view.clone(),
            None => {
                let columns: &[&str] = if segment.name == "high_value" {
                    &VALUE
                } else {
                    &COLUMNS
                };
                let columns = columns.iter().map(|c| (*c).to_owned()).collect();
                View {
                    filter: segment.filter.clone(),
                    sort: "spent".into(),
                    descending: true,
                    columns,
                    segment: false,
                }
            }
        };
        cx.go(Go::customers(view, ""));
    }

    fn mark(&mut self, cx: &mut Cx) {
        let plain = self.views.iter().filter(|(_, _, view)| !view.segment);
        let items: Vec<Item> = plain
            .map(|(_, name, view)| Item {
                code: name.clone(),
                label: name.clone(),
                detail: view.filter.clone(),
            })
            .collect();
        if items.is_empty() {
            return cx.toast(cx.look.say.word("segments.no_views").to_owned());
        }
        let title = cx.look.say.word("segments.mark").to_owned();
        cx.open(Pick::new(title, items, |name, cx| {
            let name = name.to_owned();
            cx.tell(move |v: &mut Segments, cx| v.put(&name, true, cx))
        }));
    }

    fn put(&self, name: &str, segment: bool, cx: &mut Cx) {
        if let Some((_, name, view)) = self.views.iter().find(|(_, n, _)| n == name) {
            cx.write(Command::SaveView {
                name: name.clone(),
                view: View {
                    segment,
                    ..view.clone()
                },
            });
        }
    }

    /// Frequent, VIP and at risk go by scores, and too few customers have none.
    fn is_unscored(page: &SegmentsPage, segment: &SegmentRow) -> bool {
        !segment.own && page.buyers < FEW && BY_SCORES.contains(&segment.name.as_str())
    }

    /// The counts of a segment at month ends, as bars, and what has changed since the last of them.
    fn course(&self, at: usize, look: &Look) -> (String, String) {
        let Some(page) = self
            .page
            .as_ref()
            .filter(|p| p.rows.get(at).is_some_and(|r| !Self::is_unscored(p, r)))
        else {
            return Default::default();
        };
        let (counts, computing): (Vec<usize>, bool) = match at.checked_sub(READY.len()) {
            Some(own) => (
                self.own.counts.get(own).cloned().unwrap_or_default(),
                self.own.computing,
            ),
            None => (
                page.trend
                    .iter()
                    .filter_map(|(_, counts)| counts.get(at).copied())
                    .collect(),
                page.computing,
            ),
        };
        if counts.is_empty() {
            return Default::default();
        }
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        let bar = |n: &usize| look.glyphs.bars[(n * 7).div_ceil(most).min(7)];
        let bars: String = counts.iter().map(bar).collect();
        if computing {
            return (bars, look.say.word("segments.computing").to_owned());
        }
        let change = counts
            .last()
            .map_or(0, |last| page.rows[at].count as i64 - *last as i64);
        (
            bars,
            look.say
                .fill("segments.change", &[("n", &format!("{change:+}"))]),
        )
    }

    fn draw_rows(&self, canvas: &mut Canvas, area: Rect, page: &SegmentsPage) {
        let look = canvas.look;
        let inner = canvas.frame(
            area,
            look.say.word("screen.segments"),
            &look
                .say
                .fill("segments.look_back", &[("n", &LOOK_BACK.to_string())]),
            true,
        );
        let kinds: Vec<usize> = page.rows.iter().map(|r| usize::from(r.own)).collect();
        let head = |at: usize| {
            (
                look.say
                    .word(if page.rows[at].own {
                        "segments.own"
                    } else {
                        "segments.ready"
                    })
                    .to_owned(),
                Role::Muted,
            )
        };
        groups::draw(
            canvas,
            inner,
            &self.list,
            &kinds,
            head,
            |canvas, line, at| {
                let segment = &page.rows[at];
                let name = if segment.own {
                    segment.name.as_str()
                } else {
                    look.say.codes.segment(&segment.name)
                };
                let (bars, change) = self.course(at, look);
                let rest = if segment.mistake.is_empty() {
                    change
                } else {
                    segment.mistake.clone()
                };
                let unscored = Self::is_unscored(page, segment);
                let dash = |text: String| if unscored { "-".to_owned() } else { text };
                let arr = dash(segment.arr.short(look.config.currency));
                let room = line.width.saturating_sub(3);
                let label = (room * 30 / 100).clamp(10, 28);
                groups::cells_of(
                    canvas,
                    line,
                    &[
                        (name, label, false, Role::Text),
                        (&dash(grouped(segment.count)), 9, true, Role::Accent),
                        (&arr, 8, true, Role::Text),
                        ("", 1, false, Role::Text),
                        (&bars, 12, false, Role::Info),
                        (
                            &rest,
                            room.saturating_sub(label + 9 + 8 + 12 + 6),
                            false,
                            Role::Muted,
                        ),
                    ],
                );
            },
        );
    }

    fn draw_meaning(&self, canvas: &mut Canvas, area: Rect, page: &SegmentsPage) {
        let look = canvas.look;
        let inner = canvas.frame(area, look.say.word("segments.what"), "", false);
        let Some(segment) = self.here() else { return };
        let mut said = Vec::new();
        if segment.own {
            said.push(segment.filter.clone());
            said.push(look.say.word("segments.own_note").to_owned());
        } else {
            said.push(
                look.say
                    .codes
                    .segment(&format!("{}_is", segment.name))
                    .to_owned(),
            );
            said.push(
                look.say
                    .fill("segments.filter", &[("filter", &segment.filter)]),
            );
        }
        let buyers = grouped(page.buyers);
        said.push(look.say.fill(
            if page.buyers < FEW {
                "segments.few"
            } else {
                "segments.buyers"
            },
            &[("n", &buyers), ("few", &FEW.to_string())],
        ));
        if let Some(median) = page.median {
            let median = money::full(median.round() as i64, look.config.currency);
            said.push(look.say.fill("segments.median", &[("median", &median)]));
        }
        let lines = said
            .iter()
            .flat_map(|text| wrap(text, usize::from(inner.width.saturating_sub(2))));
        for (y, line) in (inner.y..inner.bottom()).zip(lines) {
            canvas.text(
                inner.x + 1,
                y,
                inner.width.saturating_sub(2),
                &line,
                Role::Muted,
            );
        }
    }
}

impl Lister for Segments {
    fn move_to(&mut self, to: usize, look: &Look) {
        self.list.go(to, look.list_rows);
    }
    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }
}

impl Keyed for Segments {
    const KEYS: &'static [&'static [KeyRow<Segments>]] = &[
        &[
            row("open", &["enter"], Segments::open)
                .when(|v, _| v.here().map(|_| ()).ok_or("no_customer"))
                .hint(),
            row("mark", &["a"], Segments::mark).cli("segments").hint(),
            row("unmark", &["D"], |v: &mut Self, cx| {
                if let Some(segment) = v.here().cloned() {
                    v.put(&segment.name, false, cx);
                }
            })
            .cli("segments")
            .when(|v, _| {
                if v.here().is_some_and(|s| s.own) {
                    Ok(())
                } else {
                    Err("ready_made")
                }
            }),
        ],
        Self::MOVES,
    ];
}

impl Screen for Segments {
    fn title(&self, look: &Look) -> Title {
        Title {
            crumb: look.say.word("screen.segments").to_owned(),
            filter: String::new(),
            counter: String::new(),
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        let rows = self.page.iter().flat_map(|p| &p.rows);
        let filters: Vec<String> = rows.filter(|r| r.own).map(|r| r.filter.clone()).collect();
        let mut all = vec![(0, Query::Segments { trend: true }), (1, Query::Views)];
        if !filters.is_empty() {
            all.push((
                2,
                Query::Course {
                    filters,
                    months: MONTHS,
                },
            ));
        }
        all
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, _cx: &mut Cx) {
        match page.as_ref() {
            Page::Segments(new) => {
                // The cursor goes back to the first where its segment is gone.
                let names: Vec<Named> = new.rows.iter().map(name).collect();
                self.list.replace(&names);
                self.page = Some(new.as_ref().clone());
            }
            Page::Views(views) => self.views.clone_from(views),
            Page::Course(course) => self.own = course.as_ref().clone(),
            _ => {}
        }
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.list_hit(hit, cx);
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Segments(SegmentsAt {
            own: self.here().is_some_and(|s| s.own),
            name: self.here().map(|s| s.name.clone()),
        }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Segments(at) = to else { return };
        if let Some(name) = &at.name {
            self.list.want((at.own, name.clone()));
        }
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let Some(page) = &self.page else {
            let inner = canvas.frame(area, look.say.word("screen.segments"), "", true);
            return groups::draw_empty(canvas, inner, look.say.word("message.loading"));
        };
        let below = if area.height >= 16 { 8 } else { 0 };
        self.draw_rows(
            canvas,
            Rect::new(area.x, area.y, area.width, area.height - below),
            page,
        );
        if below > 0 {
            self.draw_meaning(
                canvas,
                Rect::new(area.x, area.bottom() - below, area.width, below),
                page,
            );
        }
    }
}
