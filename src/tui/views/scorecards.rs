//! The scorecards: measures, weights, maps and bands, and how the book would move by a change before it is saved.

use std::sync::Arc;

use ratatui::layout::Rect;
use serde_json::{Value, json};

use super::groups;
use super::log_line::Line;
use super::pick::{Item, Pick};
use crate::columns;
use crate::domain::command::{Command, Receipt};
use crate::domain::config::Config;
use crate::domain::health::{Band, Scorecard, Scorecards};
use crate::domain::query::{Page, Query};
use crate::error::Error;
use crate::tui::account_rows::band;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::drafts::{Key, field_text};
use crate::tui::go::{Go, ScorecardsAt};
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::wrap;
use crate::tui::step::{Cx, Step};
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::who::Who;

/// A number that can be changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cell {
    /// Lower edge of a band.
    Edge(usize),
    /// Weight of a measure.
    Weight(usize),
    /// Raw value of a pair in a measure's map.
    Raw(usize, usize),
    /// Points of it.
    Points(usize, usize),
}

impl Cell {
    fn get(self, card: &Scorecard) -> i64 {
        match self {
            Cell::Edge(at) => card.bands.get(at).copied().map_or(0, i64::from),
            Cell::Weight(m) => card.measure.get(m).map_or(0, |m| m.weight.into()),
            Cell::Raw(m, p) => card
                .measure
                .get(m)
                .and_then(|m| m.map.get(p))
                .map_or(0, |p| p.0.into()),
            Cell::Points(m, p) => card
                .measure
                .get(m)
                .and_then(|m| m.map.get(p))
                .map_or(0, |p| p.1.into()),
        }
    }

    fn set(self, card: &mut Scorecard, to: i64) {
        let held = |low: i64, high: i64| to.clamp(low, high);
        match self {
            Cell::Edge(at) => card.bands[at] = held(0, 100) as u8,
            Cell::Weight(m) => card.measure[m].weight = held(0, 10_000) as u32,
            Cell::Raw(m, p) => {
                card.measure[m].map[p].0 = held(i32::MIN.into(), i32::MAX.into()) as i32
            }
            Cell::Points(m, p) => card.measure[m].map[p].1 = held(0, 1000) as u16,
        }
    }

    /// What one key press adds.
    fn step(self) -> i64 {
        if matches!(self, Cell::Points(..)) {
            50
        } else {
            1
        }
    }
}

/// The cells of a scorecard, line by line: the bands, then the measures.
fn lines(card: &Scorecard) -> Vec<Vec<Cell>> {
    let mut lines = vec![(0..card.bands.len()).map(Cell::Edge).collect::<Vec<_>>()];
    for (m, measure) in card.measure.iter().enumerate() {
        let pairs = (0..measure.map.len()).flat_map(|p| [Cell::Raw(m, p), Cell::Points(m, p)]);
        lines.push(std::iter::once(Cell::Weight(m)).chain(pairs).collect());
    }
    lines
}

/// How the bands would move.
#[derive(Default)]
struct Impact {
    /// Of good, watch, risk and no score: now, then.
    counts: [[usize; 2]; 4],
    /// Customers that change band, the largest ARR first: who, band now, band then.
    changed: Vec<(Who, Band, Band)>,
}

const BANDS: [Band; 4] = [Band::Good, Band::Watch, Band::Risk, Band::Unknown];

/// The screen.
#[derive(Default)]
pub struct Cards {
    /// What the book had when the draft was begun, and the draft.
    draft: Option<(Scorecards, Scorecards)>,
    card: usize,
    line: usize,
    cell: usize,
    impact: Impact,
    /// Text from the editor that could not be read: the editor opens on it again.
    unread: Option<String>,
    /// The ticket of the write that saves the draft.
    saving: Option<u64>,
    /// What the draft is kept by, once what is kept has been looked at.
    key: Option<Key>,
}

fn changed(v: &Cards, _: &Look) -> Applies {
    if v.is_changed() {
        Ok(())
    } else {
        Err("nothing_changed")
    }
}

fn moves(v: &Cards, _: &Look) -> Applies {
    if v.impact.changed.is_empty() {
        Err("nobody_moves")
    } else {
        Ok(())
    }
}

fn writable(v: &Cards, look: &Look) -> Applies {
    match look.read_only {
        Some(_) => Err("read_only"),
        None => v.draft.as_ref().map(|_| ()).ok_or("nothing_changed"),
    }
}

/// The one field of the draft that is kept.
const TEXT: &str = "scorecards";

impl Cards {
    fn is_changed(&self) -> bool {
        self.draft.is_some() || self.unread.is_some()
    }

    /// Takes up what was changed and not saved when the screen was left.
    fn begin(&mut self, look: &Look) {
        let key = Key::of(TEXT, &[], look);
        let kept = look
            .drafts
            .get(&key)
            .and_then(|draft| serde_json::from_str::<Value>(&draft.text).ok())
            .unwrap_or_default();
        self.key = Some(key);
        let text = field_text(&kept[TEXT]);
        if text.is_empty() {
            return;
        }
        let seen = kept[TEXT]["seen"]
            .as_str()
            .and_then(|seen| toml::from_str(seen).ok());
        let base: Scorecards = seen.unwrap_or_else(|| look.config.scorecards.clone());
        self.draft = Some((base.clone(), base));
        if toml::from_str(text)
            .ok()
            .is_none_or(|cards| self.take(cards, look).is_err())
        {
            (self.draft, self.unread) = (None, Some(text.to_owned()));
        }
    }

    /// Keeps what is changed; without a change nothing is kept.
    fn keep(&self, cx: &mut Cx) {
        let Some(key) = &self.key else { return };
        cx.push(match Screen::draft(self) {
            Some((key, text)) => Step::Keep(key, text),
            None => Step::Forget(key.clone()),
        });
    }

    fn cards<'a>(&'a self, look: &'a Look) -> &'a Scorecards {
        self.draft
            .as_ref()
            .map_or(&look.config.scorecards, |d| &d.1)
    }

    fn here<'a>(&'a self, look: &'a Look) -> Option<&'a Scorecard> {
        let cards = &self.cards(look).scorecard;
        cards.get(self.card.min(cards.len().saturating_sub(1)))
    }

    fn cell(&self, look: &Look) -> Option<Cell> {
        let lines = self.here(look).map(lines)?;
        let line = lines.get(self.line.min(lines.len().saturating_sub(1)))?;
        line.get(self.cell.min(line.len().saturating_sub(1)))
            .copied()
    }

    fn go(&mut self, lines_by: isize, cells_by: isize, look: &Look) {
        let Some(all) = self.here(look).map(lines) else {
            return;
        };
        self.line = self
            .line
            .min(all.len() - 1)
            .saturating_add_signed(lines_by)
            .min(all.len() - 1);
        let last = all[self.line].len().saturating_sub(1);
        self.cell = self
            .cell
            .min(last)
            .saturating_add_signed(cells_by)
            .min(last);
    }

    fn turn(&mut self, look: &Look) {
        let n = self.cards(look).scorecard.len().max(1);
        (self.card, self.line, self.cell) = ((self.card + 1) % n, 0, 0);
    }

    /// Takes other scorecards as the draft, if they are sound, and sees how the book would move.
    fn take(&mut self, cards: Scorecards, look: &Look) -> Result<(), Error> {
        cards.check()?;
        let mut config = Config {
            scorecards: cards,
            ..(*look.config).clone()
        };
        columns::compile_scorecards(&mut config)?;
        let base = self
            .draft
            .take()
            .map_or_else(|| look.config.scorecards.clone(), |d| d.0);
        self.draft = (config.scorecards != base).then_some((base, config.scorecards));
        self.weigh(look);
        Ok(())
    }

    fn weigh(&mut self, look: &Look) {
        self.impact = Impact::default();
        let (Some(roster), Some((_, draft))) = (look.read(), &self.draft) else {
            return;
        };
        let then = roster.health_by(draft);
        let at = |band: Band| BANDS.iter().position(|b| *b == band).unwrap_or(3);
        for (no, (row, then)) in roster
            .rows
            .iter()
            .zip(then)
            .enumerate()
            .filter(|(_, (row, _))| !row.removed)
        {
            let now = row.health.band;
            self.impact.counts[at(now)][0] += 1;
            self.impact.counts[at(then.band)][1] += 1;
            if now != then.band {
                self.impact
                    .changed
                    .push((Who::new(roster.ids[no], no as u32), now, then.band));
            }
        }
        self.impact.changed.sort_by_cached_key(|(who, ..)| {
            std::cmp::Reverse(
                who.row(&roster)
                    .map_or(0, |row| roster.rows[row].signals.arr),
            )
        });
    }

    fn change(&mut self, to: impl Fn(i64, i64) -> i64, cx: &mut Cx) {
        let Some(cell) = self.cell(cx.look) else {
            return;
        };
        let mut cards = self.cards(cx.look).clone();
        let at = self.card.min(cards.scorecard.len().saturating_sub(1));
        let Some(card) = cards.scorecard.get_mut(at) else {
            return;
        };
        cell.set(card, to(cell.get(card), cell.step()));
        if let Err(error) = self.take(cards, cx.look) {
            cx.bad(error.message);
        }
        self.keep(cx);
    }

    /// Asks for a number for the cell.
    fn type_in(&mut self, cx: &mut Cx) {
        let wrong = cx.look.say.word("scorecards.no_number").to_owned();
        cx.open(Line::new(
            cx.look.say.word("prompt.number"),
            move |text, cx| {
                let number: i32 = text.trim().parse().map_err(|_| wrong.clone())?;
                cx.tell(move |v: &mut Cards, cx| v.change(|_, _| i64::from(number), cx));
                Ok(())
            },
        ));
    }

    /// The customers that would change band; a pick opens one.
    fn who(&mut self, cx: &mut Cx) {
        let Some(roster) = cx.look.read() else { return };
        let item = |(who, now, then): &(Who, Band, Band)| {
            let [was, is] = [now, then].map(|b| cx.look.say.codes.band(b.code()));
            Some(Item {
                label: roster.name(who.row(&roster)?).to_owned(),
                detail: format!("{was} {} {is}", cx.look.glyphs.arrow),
                code: who.id.to_string(),
            })
        };
        let items: Vec<Item> = self.impact.changed.iter().filter_map(item).collect();
        drop(roster);
        let title = cx
            .look
            .say
            .fill("scorecards.who", &[("n", &items.len().to_string())]);
        cx.open(Pick::new(title, items, |code, cx| {
            if let Ok(customer) = code.parse() {
                cx.go(Go::account(customer));
            }
        }));
    }

    fn text(&self, look: &Look) -> Option<String> {
        toml::to_string(self.cards(look)).ok()
    }

    fn save_draft(&mut self, cx: &mut Cx) {
        let Some((base, draft)) = &self.draft else {
            return;
        };
        if *base != cx.look.config.scorecards {
            return cx.bad(cx.look.say.word("scorecards.meanwhile").to_owned());
        }
        let next = Scorecards {
            version: base.version.saturating_add(1),
            ..draft.clone()
        };
        match toml::to_string(&next) {
            Ok(value) => {
                let base = toml::to_string(base).ok().map(Some);
                self.saving = Some(cx.write(Command::SetConfig {
                    key: "scorecards".into(),
                    value: Some(value),
                    base,
                }));
            }
            Err(error) => cx.bad(error.to_string()),
        }
    }

    fn leave(&mut self, cx: &mut Cx) {
        let key = cx.look.keymap.key_of("app.scorecards");
        cx.close();
        cx.toast(cx.look.say.fill("scorecards.kept", &[("key", &key)]));
    }

    fn discard(&mut self, cx: &mut Cx) {
        let items = ["scorecards.keep", "scorecards.drop"]
            .map(|code| Item::new(code, cx.look.say.word(code)));
        let title = cx.look.say.word("scorecards.leave").to_owned();
        cx.open(Pick::new(title, items.to_vec(), |code, cx| {
            if code == "scorecards.drop" {
                cx.tell(|v: &mut Cards, cx| {
                    (v.draft, v.unread, v.impact) = (None, None, Impact::default());
                    v.keep(cx);
                });
            }
        }));
    }

    fn draw_card(&self, canvas: &mut Canvas, area: Rect, card: &Scorecard) {
        let look = canvas.look;
        let here = self.cell(look);
        let mut y = area.y;
        let text = |canvas: &mut Canvas, y: u16, text: &str, role: Role| {
            canvas.text(area.x + 1, y, area.width.saturating_sub(2), text, role);
        };
        let stages = if card.stages.is_empty() {
            look.say.word("scorecards.every_stage").to_owned()
        } else {
            card.stages.join(", ")
        };
        let filter = if card.filter.is_empty() {
            look.say.word("scorecards.no_filter").to_owned()
        } else {
            card.filter.clone()
        };
        let is_for = look.say.fill(
            "scorecards.is_for",
            &[("stages", &stages), ("filter", &filter)],
        );
        for line in wrap(&is_for, usize::from(area.width.saturating_sub(2).max(8))) {
            text(canvas, y, &line, Role::Muted);
            y += 1;
        }
        // Where not all lines have room, the one under the cursor does.
        let top = (self.line + 1).saturating_sub(usize::from(area.bottom().saturating_sub(y)));
        let digits = if area.width < 90 { 3_usize } else { 4 };
        for (no, cells) in lines(card).into_iter().enumerate().skip(top) {
            if y >= area.bottom() {
                return;
            }
            let label = match no.checked_sub(1) {
                None => look.say.word("scorecards.bands"),
                Some(m) => look.say.codes.measure(&card.measure[m].signal),
            };
            let mut x = area.x
                + 1
                + canvas
                    .text(
                        area.x + 1,
                        y,
                        18,
                        label,
                        if no == 0 { Role::Accent } else { Role::Text },
                    )
                    .max(18)
                + 1;
            for cell in cells {
                let number = cell.get(card).to_string();
                let (before, after) = match cell {
                    Cell::Edge(_) | Cell::Weight(_) => ("", " "),
                    Cell::Raw(..) => (" ", ":"),
                    Cell::Points(..) => ("", ""),
                };
                let room = area.right().saturating_sub(x + 1);
                x += canvas.text(x, y, room, before, Role::Muted);
                let pad = if matches!(cell, Cell::Points(..)) {
                    0
                } else {
                    digits.saturating_sub(number.len())
                };
                x += canvas.text(
                    x,
                    y,
                    area.right().saturating_sub(x + 1),
                    &" ".repeat(pad),
                    Role::Muted,
                );
                let role = if matches!(cell, Cell::Weight(_) | Cell::Edge(_)) {
                    Role::Accent
                } else {
                    Role::Text
                };
                let used = canvas.text(x, y, area.right().saturating_sub(x + 1), &number, role);
                if here == Some(cell) {
                    canvas.tint(Rect::new(x, y, used, 1), Role::Selection);
                }
                x += used;
                x += canvas.text(x, y, area.right().saturating_sub(x + 1), after, Role::Muted);
            }
            y += 1;
        }
    }

    fn draw_impact(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let inner = canvas.frame(area, look.say.word("scorecards.impact"), "", false);
        if self.draft.is_none() {
            return groups::draw_empty(canvas, inner, look.say.word("scorecards.unchanged"));
        }
        let mut y = inner.y;
        for (at, [now, then]) in BANDS.iter().zip(self.impact.counts) {
            if y >= inner.bottom() {
                return;
            }
            let moved = format!("{now:>7} {} {then:<7}", look.glyphs.arrow);
            let by = then as i64 - now as i64;
            let by = if by == 0 {
                String::new()
            } else {
                format!("{by:+}")
            };
            let cells = [
                (look.say.codes.band(at.code()), 10, false, band(*at)),
                (moved.as_str(), 18, false, Role::Text),
                (by.as_str(), 7, true, Role::Accent),
            ];
            groups::cells_of(canvas, Rect::new(inner.x, y, inner.width, 1), &cells);
            y += 1;
        }
        if y < inner.bottom() {
            let words = look.say.fill(
                "scorecards.change",
                &[("n", &self.impact.changed.len().to_string())],
            );
            canvas.text(
                inner.x + 2,
                y,
                inner.width.saturating_sub(3),
                &words,
                Role::Text,
            );
        }
    }
}

impl Keyed for Cards {
    const KEYS: &'static [&'static [KeyRow<Cards>]] = &[&[
        row("more", &["+", "="], |v: &mut Self, cx| {
            v.change(|n, step| n + step, cx)
        })
        .hint(),
        row("less", &["-"], |v: &mut Self, cx| {
            v.change(|n, step| n - step, cx)
        }),
        row("number", &["#", "i"], Cards::type_in).hint(),
        row("who", &["enter"], Cards::who).when(moves).hint(),
        row("save", &["s"], Cards::save_draft)
            .cli("config edit")
            .when(writable)
            .hint(),
        row("edit", &["E"], |v: &mut Self, cx| {
            if let Some(text) = v.unread.clone().or_else(|| v.text(cx.look)) {
                cx.push(Step::Editor(text));
            }
        })
        .cli("config edit")
        .hint(),
        row("card", &["tab"], |v: &mut Self, cx| v.turn(cx.look)).hint(),
        row("down", &["j", "down"], |v: &mut Self, cx| {
            v.go(1, 0, cx.look)
        }),
        row("up", &["k", "up"], |v: &mut Self, cx| v.go(-1, 0, cx.look)),
        row("right", &["l", "right"], |v: &mut Self, cx| {
            v.go(0, 1, cx.look)
        }),
        row("left", &["h", "left"], |v: &mut Self, cx| {
            v.go(0, -1, cx.look)
        }),
        row("discard", &["ctrl-x"], Cards::discard).when(changed),
        row("leave", &["esc", "q"], Cards::leave).when(changed),
    ]];
}

impl Screen for Cards {
    fn title(&self, look: &Look) -> Title {
        let n = self.cards(look).scorecard.len();
        let values = [
            (self.card + 1).min(n.max(1)).to_string(),
            n.to_string(),
            self.cards(look).version.to_string(),
        ];
        let counter = look.say.fill(
            "scorecards.of",
            &[
                ("at", &values[0]),
                ("n", &values[1]),
                ("version", &values[2]),
            ],
        );
        Title {
            crumb: look.say.word("screen.scorecards").to_owned(),
            filter: String::new(),
            counter,
        }
    }

    // The attributes that filters of the draft read have to be in the roster.
    fn watches(&self, look: &Look) -> Vec<(u8, Query)> {
        let columns: Vec<String> = self
            .draft
            .iter()
            .flat_map(|d| d.1.attributes())
            .map(|a| format!("attr.{a}"))
            .collect();
        let here = look.config.scorecards.attributes();
        if columns
            .iter()
            .all(|c| here.iter().any(|h| c.strip_prefix("attr.") == Some(h)))
        {
            return Vec::new();
        }
        vec![(
            0,
            Query::Customers {
                filter: String::new(),
                sort: String::new(),
                descending: false,
                columns,
            },
        )]
    }

    fn on_page(&mut self, _part: u8, _page: &Arc<Page>, cx: &mut Cx) {
        self.weigh(cx.look);
    }

    fn on_written(&mut self, command: &Command, result: &Result<Receipt, Error>, cx: &mut Cx) {
        let ours = matches!(command, Command::SetConfig { key, .. } if key == "scorecards");
        if ours && self.saving.take().is_some() && result.is_ok() {
            (self.draft, self.impact) = (None, Impact::default());
            self.keep(cx);
        }
    }

    fn on_edited(&mut self, text: &str, cx: &mut Cx) {
        let read: Result<Scorecards, _> = toml::from_str(text);
        let done = match read {
            Ok(cards) => self.take(cards, cx.look).map_err(|e| e.message.to_string()),
            Err(error) => Err(error.message().to_owned()),
        };
        self.unread = done.is_err().then(|| text.to_owned());
        if let Err(error) = done {
            cx.bad(format!(
                "{error}. {}",
                cx.look.say.word("scorecards.unread")
            ));
        }
        self.keep(cx);
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        if let Hit::Wheel(by) = hit {
            self.go(by as isize, 0, cx.look);
        }
    }

    fn quiet(&mut self, look: &Look) {
        if self.key.is_none() && look.roster.is_some() {
            self.begin(look);
        }
    }

    fn ready(&self) -> bool {
        self.key.is_some()
    }

    fn draft(&self) -> Option<(Key, String)> {
        let toml = |cards: &Scorecards| toml::to_string(cards).unwrap_or_default();
        let seen = self.draft.as_ref().map(|(base, _)| toml(base));
        let text = self
            .unread
            .clone()
            .or_else(|| self.draft.as_ref().map(|(_, draft)| toml(draft)))?;
        Some((
            self.key.clone()?,
            json!({TEXT: {"text": text, "seen": seen}}).to_string(),
        ))
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Scorecards(ScorecardsAt { card: self.card }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Scorecards(at) = to else { return };
        self.card = at.card;
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let Some(card) = self.here(look) else {
            return groups::draw_empty(canvas, area, look.say.word("scorecards.none"));
        };
        let below = 7.min(area.height / 2);
        let upper = Rect::new(area.x, area.y, area.width, area.height - below);
        let title = format!(
            "{}{}",
            card.label,
            if self.is_changed() {
                look.say.word("scorecards.draft")
            } else {
                ""
            }
        );
        let inner = canvas.frame(upper, &title, look.say.word("scorecards.heads"), true);
        self.draw_card(canvas, inner, card);
        self.draw_impact(canvas, Rect::new(area.x, upper.bottom(), area.width, below));
    }
}

#[cfg(test)]
mod tests;
