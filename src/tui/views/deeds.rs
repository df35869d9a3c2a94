//! One batch of the activity list, thing by thing: rows that it made, fields before and after; one of them, or all, taken back.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::clash::label;
use super::groups;
use super::pick::{Item, Pick};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::query::{BatchPage, BatchRow, Deed, Page, Query};
use crate::domain::time::words;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{DeedsAt, Go};
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::measure::wrap;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::{List, Lister};

/// What a batch did.
#[derive(Default)]
pub struct Deeds {
    batch: Option<Id>,
    page: Option<BatchPage>,
    list: List<Thing>,
}

/// A thing that a batch did: the row, and the edit where it is one.
type Thing = (Id, Option<Id>);

fn thing(deed: &Deed) -> Thing {
    (deed.row, deed.edit)
}

impl Deeds {
    fn here(&self) -> Option<&Deed> {
        let here = self.list.here()?;
        self.page
            .as_ref()?
            .things
            .iter()
            .find(|deed| thing(deed) == here)
    }

    fn batch(&self) -> Option<&BatchRow> {
        self.page.as_ref().and_then(|p| p.batch.as_ref())
    }

    fn put_back(&mut self, cx: &mut Cx) {
        if let Some(edit) = self.here().and_then(|d| d.edit) {
            cx.write(Command::PutBack { edit, force: false });
        }
    }

    fn take_back(&mut self, cx: &mut Cx) {
        if let Some(batch) = self.batch() {
            take_back(batch, cx);
        }
    }

    fn draw_deed(&self, canvas: &mut Canvas, line: Rect, deed: &Deed) {
        let look = canvas.look;
        let nothing = look.say.word("account.no_value");
        let value = |v: &Option<String>| {
            v.clone()
                .filter(|v| !v.is_empty())
                .unwrap_or_else(|| nothing.to_owned())
        };
        let about = match &deed.customer {
            Some((id, name)) if *id == deed.row => name.clone(),
            Some((_, name)) if deed.name.is_empty() => name.clone(),
            Some((_, name)) => format!("{name}: {}", deed.name),
            None => deed.name.clone(),
        };
        let left = line.width.saturating_sub(2);
        let name = left * 35 / 100;
        let field = left * 15 / 100;
        let dim = if deed.stands { Role::Text } else { Role::Muted };
        if deed.edit.is_none() {
            let kind = look
                .say
                .find(&format!("thing.{}", deed.kind))
                .unwrap_or(deed.kind)
                .to_owned();
            let mut words = look.say.fill(
                if deed.stands {
                    "deeds.made"
                } else {
                    "deeds.made_gone"
                },
                &[("what", &kind)],
            );
            if let Some(text) = deed.after.as_ref().filter(|t| !t.is_empty()) {
                words = format!("{words}: {}", text.lines().next().unwrap_or_default());
            }
            return groups::cells_of(
                canvas,
                line,
                &[
                    (&about, name, false, dim),
                    (&words, left.saturating_sub(name + 1), false, Role::Muted),
                ],
            );
        }
        let changed = format!(
            "{} {} {}",
            value(&deed.before),
            look.glyphs.arrow,
            value(&deed.after)
        );
        let later = if deed.stands {
            ""
        } else {
            look.say.word("deeds.changed_since")
        };
        let end = crate::tui::measure::cells(later) as u16;
        let rest = left.saturating_sub(name + field + end + 4);
        let field_words = label(&deed.field, look);
        groups::cells_of(
            canvas,
            line,
            &[
                (&about, name, false, dim),
                (&field_words, field, false, Role::Accent),
                (&changed, rest, false, dim),
                (later, end, true, Role::Muted),
            ],
        );
    }

    /// All of the two values at the cursor, which the list cuts.
    fn draw_values(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let inner = canvas.frame(area, look.say.word("deeds.values"), "", false);
        let Some(deed) = self
            .here()
            .filter(|d| d.edit.is_some() || d.after.is_some())
        else {
            return;
        };
        let nothing = look.say.word("account.no_value");
        let mut y = inner.y;
        for (sign, value, role) in [
            ("- ", &deed.before, Role::Muted),
            ("+ ", &deed.after, Role::Text),
        ]
        .into_iter()
        .skip(usize::from(deed.edit.is_none()))
        {
            let text = value
                .as_deref()
                .filter(|v| !v.is_empty())
                .unwrap_or(nothing);
            for line in wrap(text, usize::from(inner.width.saturating_sub(4)).max(8))
                .into_iter()
                .take(usize::from(inner.height / 2).max(1))
            {
                if y >= inner.bottom() {
                    return;
                }
                canvas.pieces(
                    inner.x + 1,
                    y,
                    inner.width.saturating_sub(2),
                    &[(sign, Role::Muted), (&line, role)],
                );
                y += 1;
            }
        }
    }
}

/// Takes a batch back: one's own at once, another's after asking, as a batch of one's own.
pub fn take_back(batch: &BatchRow, cx: &mut Cx) {
    if batch.undone_by.is_some() {
        return cx.toast(cx.look.say.word("activity.already").to_owned());
    }
    let id = batch.id;
    if batch.person == cx.look.me {
        cx.write(Command::Undo {
            batch: Some(id),
            force: false,
        });
        return;
    }
    // Enter picks the first, which changes nothing.
    let take = cx.look.say.fill("deeds.take", &[("person", &batch.person)]);
    let items = vec![
        Item::new("leave", cx.look.say.word("deeds.leave")),
        Item::new("take", take),
    ];
    cx.open(Pick::new(
        cx.look.say.fill(
            "deeds.ask",
            &[("person", &batch.person), ("label", &batch.label)],
        ),
        items,
        move |code, cx| {
            if code == "take" {
                cx.write(Command::TakeBack {
                    batch: id,
                    force: false,
                });
            }
        },
    ));
}

fn edit(v: &Deeds, _: &Look) -> Applies {
    match v.here() {
        None => Err("no_batch"),
        Some(deed) if deed.edit.is_none() => Err("was_made"),
        Some(_) => Ok(()),
    }
}

impl Lister for Deeds {
    fn move_to(&mut self, to: usize, look: &Look) {
        self.list.go(to, look.list_rows);
    }
    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }
}

impl Keyed for Deeds {
    const KEYS: &'static [&'static [KeyRow<Deeds>]] = &[
        &[
            row("open", &["enter", "o"], |v: &mut Self, cx| {
                if let Some((id, _)) = v.here().and_then(|d| d.customer.clone()) {
                    cx.go(Go::account(id));
                }
            })
            .when(|v, _| {
                v.here()
                    .and_then(|d| d.customer.as_ref())
                    .map(|_| ())
                    .ok_or("no_customer")
            })
            .hint(),
            row("put_back", &["r"], Deeds::put_back)
                .when(edit)
                .writes("revert")
                .hint(),
            row("take_back", &["D"], Deeds::take_back)
                .when(|v, _| v.batch().map(|_| ()).ok_or("no_batch"))
                .writes("revert")
                .hint(),
        ],
        Self::MOVES,
    ];
}

impl Screen for Deeds {
    fn title(&self, look: &Look) -> Title {
        let (label, counter) = self.batch().map_or_else(Default::default, |b| {
            let when = words::show_moment(b.at, &look.now);
            let word = if b.undone_by.is_some() {
                "deeds.by_undone"
            } else {
                "deeds.by"
            };
            let mut counter = look.say.fill(word, &[("who", &b.person), ("when", &when)]);
            if b.unproven {
                counter.push_str(" · ");
                counter.push_str(look.say.word("activity.unproven"));
            }
            (b.label.clone(), counter)
        });
        Title {
            crumb: label,
            filter: String::new(),
            counter,
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        self.batch
            .map(|batch| (0, Query::Batch { batch }))
            .into_iter()
            .collect()
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, _cx: &mut Cx) {
        if let Page::Batch(page) = page.as_ref() {
            // What is gone under the cursor leaves an empty line, at which no key does anything.
            self.list
                .set(&page.things.iter().map(thing).collect::<Vec<_>>());
            self.page = Some(page.clone());
        }
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.list_hit(hit, cx);
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        self.here()
            .and_then(|d| d.customer.as_ref())
            .map(|c| c.0)
            .into_iter()
            .collect()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Deeds(DeedsAt { batch: self.batch }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Deeds(at) = to else { return };
        self.batch = at.batch;
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let below = if area.height >= 14 {
            (area.height / 3).min(10)
        } else {
            0
        };
        let list = Rect::new(area.x, area.y, area.width, area.height - below);
        let more = self.page.as_ref().map_or(0, |p| p.more);
        let right = if more > 0 {
            look.say.fill("deeds.more", &[("n", &grouped(more))])
        } else {
            String::new()
        };
        let inner = canvas.frame(list, look.say.word("screen.deeds"), &right, true);
        let Some(page) = self.page.as_ref().filter(|p| !p.things.is_empty()) else {
            let words = look
                .say
                .word(if self.page.is_some() {
                    "deeds.nothing"
                } else {
                    "message.loading"
                })
                .to_owned();
            return groups::draw_empty(canvas, inner, &words);
        };
        let height = usize::from(inner.height);
        canvas.drawn.list_rows = height.max(1);
        for (y, at) in
            (inner.top()..inner.bottom()).zip(self.list.first(height)..self.list.rows.len())
        {
            let line = Rect::new(inner.x, y, inner.width, 1);
            if let Some(deed) = page
                .things
                .iter()
                .find(|deed| thing(deed) == self.list.rows[at])
            {
                self.draw_deed(canvas, line, deed);
            }
            canvas.hit(line, Hit::Row(at));
            if at == self.list.cursor {
                canvas.tint(line, Role::Selection);
            }
        }
        if below > 0 {
            self.draw_values(canvas, Rect::new(area.x, list.bottom(), area.width, below));
        }
    }
}
