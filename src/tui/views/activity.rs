//! Activity: what the team did, newest first, by day; each batch of mine can be taken back from here.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::pick::{Item, Pick};
use super::{deeds, groups};
use crate::domain::command::{Command, Receipt};
use crate::domain::id::Id;
use crate::domain::query::{BatchRow, Page, Query};
use crate::domain::time::Day;
use crate::error::Error;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{ActivityAt, DeedsAt, Go};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::cells;
use crate::tui::measure::grouped;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::verbs::{self, Queue, Verbs};
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::list::{List, Lister};

/// Batches asked for at first, and by how many more when the cursor comes to the end.
const MORE: usize = 500;

/// The list of batches.
#[derive(Default)]
pub struct Activity {
    list: List<Id>,
    rows: HashMap<Id, BatchRow>,
    search: String,
    editing: Option<(Field, String)>,
    more: usize,
    answered: Option<String>,
    known: bool,
}

impl Activity {
    fn here(&self) -> Option<&BatchRow> {
        self.list.here().and_then(|id| self.rows.get(&id))
    }

    fn limit(&self) -> usize {
        MORE * (self.more + 1)
    }

    fn page(&mut self, batches: &[BatchRow]) {
        let old = std::mem::take(&mut self.rows);
        self.rows = batches.iter().map(|b| (b.id, b.clone())).collect();
        let ids: Vec<Id> = batches.iter().map(|b| b.id).collect();
        // At the top the newest stays under the cursor; further down the cursor keeps its row.
        if self.known && self.list.cursor == 0 && self.list.top == 0 {
            self.list = List::default();
        }
        if self.answered.as_ref() == Some(&self.search) {
            self.list.set(&ids)
        } else {
            self.list.replace(&ids)
        }
        if let Some((ghost, row)) = self
            .list
            .ghost
            .and_then(|g| Some((g, old.get(&g)?.clone())))
        {
            self.rows.insert(ghost, row);
        }
        self.answered = Some(self.search.clone());
        self.known = true;
    }

    fn undo(&mut self, cx: &mut Cx) {
        if let Some(batch) = self.here() {
            deeds::take_back(batch, cx);
        }
    }

    /// Offers the people and the kinds of what is listed; what is picked stands in the search.
    fn narrow(&mut self, cx: &mut Cx) {
        let look = cx.look;
        let (mut people, mut kinds) = (BTreeMap::new(), BTreeMap::new());
        for batch in self.rows.values() {
            *people.entry(batch.person.as_str()).or_insert(0_usize) += 1;
            *kinds.entry(batch.command.as_str()).or_insert(0_usize) += 1;
        }
        let item = |prefix: &str, code: &str, label: String, n: usize| Item {
            label,
            detail: grouped(n),
            code: format!("{prefix}{}", code.replace(' ', "_")),
        };
        let people = people.into_iter().map(|(person, n)| {
            item(
                "who:",
                person,
                look.say.fill("activity.of", &[("person", person)]),
                n,
            )
        });
        let kinds = kinds
            .into_iter()
            .map(|(code, n)| item("did:", code, kind_words(look, code), n));
        let items = people.chain(kinds).collect();
        cx.open(Pick::new(
            look.say.word("activity.narrow").to_owned(),
            items,
            |code, cx| {
                let with = code.to_owned();
                cx.tell(move |v: &mut Activity, _| v.search_with(&with));
            },
        ));
    }

    /// Another person or kind takes the place of the one before.
    fn search_with(&mut self, with: &str) {
        let prefix = with.split(':').next().unwrap_or_default();
        let mut words: Vec<&str> = self
            .search
            .split_whitespace()
            .filter(|w| w.split(':').next() != Some(prefix))
            .collect();
        words.push(with);
        self.search = words.join(" ");
    }

    fn escape(&mut self) {
        if let Some((_, before)) = self.editing.take() {
            self.search = before;
        }
    }

    fn day(&self, index: usize, look: &Look) -> Option<Day> {
        let id = self.list.rows.get(index)?;
        self.rows.get(id).map(|b| look.now.zone.day(b.at))
    }

    fn draw_row(&self, canvas: &mut Canvas, line: Rect, index: usize) {
        let look = canvas.look;
        let Some(batch) = self.list.rows.get(index).and_then(|id| self.rows.get(id)) else {
            return;
        };
        let undone = batch.undone_by.is_some();
        let ghost = self.list.ghost == Some(batch.id);
        let dim = |role: Role| if undone || ghost { Role::Muted } else { role };
        let time = look.now.zone.time(batch.at).format("%H:%M").to_string();
        let kind = kind_words(look, &batch.command);
        let end = end(batch, look);
        let [person, kind_wide, label, wide] = widths(line.width, &end);
        groups::cells_of(
            canvas,
            line,
            &[
                (&time, 5, false, Role::Muted),
                (
                    &batch.person,
                    person,
                    false,
                    dim(if batch.person == look.me {
                        Role::Accent
                    } else {
                        Role::Text
                    }),
                ),
                (&kind, kind_wide, false, Role::Muted),
                (&batch.label, label, false, dim(Role::Text)),
                (
                    &end,
                    wide,
                    true,
                    if undone { Role::Warn } else { Role::Muted },
                ),
            ],
        );
    }
}

/// What stands at the end of a batch's line: that it was taken back or is not signed, else how much it changed.
fn end(batch: &BatchRow, look: &Look) -> String {
    match batch {
        BatchRow {
            undone_by: Some(_), ..
        } => look.say.word("activity.undone").to_owned(),
        BatchRow { unproven: true, .. } => look.say.word("activity.unproven").to_owned(),
        batch => amount(batch, look),
    }
}

/// Cells of person, kind, label and end of a line.
fn widths(line: u16, end: &str) -> [u16; 4] {
    let (person, kind) = if line < 58 { (6, 0) } else { (10, 12) };
    let end = (cells(end) as u16).min(20);
    [
        person,
        kind,
        groups::room(line, &[5, person, kind, end]),
        end,
    ]
}

/// What a command is called: `moved`, `import`.
pub fn kind_words(look: &Look, code: &str) -> String {
    look.say
        .find(&format!("did.{code}"))
        .unwrap_or(code)
        .to_owned()
}

/// How many rows a batch made or fields it changed; nothing for what a person does with one key.
fn amount(batch: &BatchRow, look: &Look) -> String {
    if batch.made > 3 || matches!(batch.command.as_str(), "import" | "demo" | "load" | "merge") {
        look.say
            .fill("activity.rows", &[("n", &grouped(batch.made))])
    } else if batch.edits > 3 {
        look.say
            .fill("activity.edits", &[("n", &grouped(batch.edits))])
    } else {
        String::new()
    }
}

impl Lister for Activity {
    fn move_to(&mut self, to: usize, look: &Look) {
        self.list.go(to, look.list_rows);
        if self.list.rows.len() >= self.limit() && self.list.cursor + 1 == self.list.rows.len() {
            self.more += 1;
        }
    }
    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }
}

impl Verbs for Activity {}
impl Queue for Activity {}

impl Keyed for Activity {
    const KEYS: &'static [&'static [KeyRow<Activity>]] = &[
        &[
            row("look_into", &["enter"], |v: &mut Self, cx| {
                if v.editing.take().is_none()
                    && let Some(batch) = v.here()
                {
                    cx.go(Go::Deeds(DeedsAt {
                        batch: Some(batch.id),
                    }));
                }
            })
            .cli("history")
            .when(|v, _| {
                if v.editing.is_some() || v.here().is_some() {
                    Ok(())
                } else {
                    Err("no_batch")
                }
            })
            .hint(),
            row("open", &["o"], |v: &mut Self, cx| {
                if let Some((id, _)) = v.here().and_then(|b| b.customer.clone()) {
                    cx.go(Go::account(id));
                }
            })
            .when(|v, _| {
                v.here()
                    .and_then(|b| b.customer.as_ref())
                    .map(|_| ())
                    .ok_or("no_customer")
            })
            .hint(),
            row("narrow", &["f"], Activity::narrow).hint(),
            row("filter", &["/"], |v: &mut Self, _| {
                v.editing = Some((Field::new(&v.search), v.search.clone()))
            })
            .hint(),
            row("clear_filter", &["F"], |v: &mut Self, _| v.search.clear()).when(|v, _| {
                if v.search.is_empty() {
                    Err("no_filter")
                } else {
                    Ok(())
                }
            }),
            row("undo_this", &["D"], Activity::undo)
                .when(|v, _| v.here().map(|_| ()).ok_or("no_batch"))
                .writes("revert")
                .hint(),
            row("escape", &["esc"], |v: &mut Self, _| v.escape())
                .when(|v, _| v.editing.as_ref().map(|_| ()).ok_or("no_filter")),
        ],
        Self::VERBS,
        Self::QUEUE,
        Self::ABOUT,
        Self::MOVES,
    ];
}

impl Screen for Activity {
    fn title(&self, look: &Look) -> Title {
        let n = self.list.rows.len();
        let key = if n >= self.limit() {
            "activity.latest"
        } else {
            "activity.count"
        };
        let counter = look.say.fill(key, &[("n", &grouped(n))]);
        Title {
            crumb: look.say.word("activity.everybody").to_owned(),
            filter: self.search.clone(),
            counter,
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        vec![(
            0,
            Query::Activity {
                search: self.search.clone(),
                limit: self.limit(),
            },
        )]
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, _cx: &mut Cx) {
        if let Page::Activity(batches) = page.as_ref() {
            self.page(batches);
        }
    }

    fn on_written(&mut self, command: &Command, result: &Result<Receipt, Error>, _cx: &mut Cx) {
        // What was taken back stays where it is, marked; the undo is a line of its own at the top.
        if let (
            Command::Undo {
                batch: Some(id), ..
            },
            Ok(_),
        ) = (command, result)
        {
            self.list.want(*id);
        }
    }

    fn typing(&self) -> bool {
        self.editing.is_some()
    }

    fn type_key(&mut self, key: &KeyEvent, _cx: &mut Cx) {
        if let Some((field, _)) = &mut self.editing
            && field.key(key)
        {
            field.text().clone_into(&mut self.search);
        }
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx) -> bool {
        let Some((field, _)) = &mut self.editing else {
            return false;
        };
        field.insert(text);
        field.text().clone_into(&mut self.search);
        true
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.list_hit(hit, cx);
    }

    fn step(&mut self, by: i32, look: &Look) -> Option<Id> {
        let before = self.list.cursor;
        self.list.by(by as isize, look.list_rows);
        (self.list.cursor != before)
            .then(|| self.here().and_then(|b| b.customer.as_ref()).map(|c| c.0))
            .flatten()
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        self.here()
            .and_then(|b| b.customer.as_ref())
            .map(|(id, _)| *id)
            .into_iter()
            .collect()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        let search = self
            .editing
            .as_ref()
            .map_or(&self.search, |(_, before)| before);
        Some(Go::Activity(Some(ActivityAt {
            search: search.clone(),
            row: self.list.here().filter(|_| self.list.cursor > 0),
        })))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Activity(Some(at)) = to else { return };
        self.search.clone_from(&at.search);
        self.editing = None;
        self.list.want_some(at.row);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let mut area = area;
        if let Some((field, _)) = &self.editing {
            canvas.clear(Rect::new(area.x, area.y, area.width, 1));
            let used = canvas.text(area.x + 1, area.y, 3, "/ ", Role::Accent);
            let hint = canvas.look.say.word("activity.search_hint");
            let wide = (cells(hint) as u16).min(area.width / 2);
            canvas.right(area.right() - 1, area.y, wide, hint, Role::Muted);
            field.draw(
                canvas,
                Rect::new(
                    area.x + 1 + used,
                    area.y,
                    area.width.saturating_sub(used + wide + 4),
                    1,
                ),
                None,
            );
            area = Rect::new(
                area.x,
                area.y + 1,
                area.width,
                area.height.saturating_sub(1),
            );
        }
        let look = canvas.look;
        let inner = canvas.frame(
            area,
            look.say.word("screen.activity"),
            look.say.word("activity.order"),
            true,
        );
        if self.list.rows.is_empty() {
            let key = match (self.known, self.search.is_empty()) {
                (false, _) => "message.loading",
                (true, true) => "activity.nothing",
                (true, false) => "activity.nothing_fits",
            };
            let words = look.say.fill(key, &[("search", &self.search)]);
            return groups::draw_empty(canvas, inner, &words);
        }
        let days: Vec<usize> = (0..self.list.rows.len())
            .map(|i| self.day(i, look).map_or(0, |d| d.number() as usize))
            .collect();
        let today = look.now.today;
        let head = |index: usize| {
            let words =
                self.day(index, look)
                    .map_or_else(String::new, |day| match today.since(day) {
                        0 => look.say.word("activity.today").to_owned(),
                        1 => look.say.word("activity.yesterday").to_owned(),
                        _ => verbs::day(day),
                    });
            (words, Role::Accent)
        };
        groups::draw(
            canvas,
            inner,
            &self.list,
            &days,
            head,
            |canvas, line, index| self.draw_row(canvas, line, index),
        );
        if let Some(batch) = self.list.here().and_then(|id| self.rows.get(&id)) {
            groups::draw_whole(
                canvas,
                area,
                &batch.label,
                widths(inner.width, &end(batch, look))[2],
            );
        }
    }
}
