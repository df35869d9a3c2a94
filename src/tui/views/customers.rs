//! Customers: the roster with filter, sort, columns, marks and saved views.

use std::sync::Arc;

use ratatui::layout::Rect;
use serde_json::{Value, json};

use super::super::account_rows::{self, draw_rows};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::query::{Account, Page, Query, TimelineAsk, View};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::chrome::grouped;
use crate::tui::keymap::{KeyRow, row};
use crate::tui::preview;
use crate::tui::verbs::{Queue, Verbs};
use crate::tui::view::{Cx, Look, Screen, Title};
use crate::tui::widgets::list::{List, Lister};

/// The roster screen.
#[derive(Default)]
pub struct Customers {
    list: List<u32>,
    view: View,
    of: usize,
    arr: i64,
    answered: Option<Query>,
    watched: Option<Id>,
    account: Option<Box<Account>>,
    want: Option<Id>,
}

const LIST: u8 = 0;
const PREVIEW: u8 = 1;

impl Customers {
    fn query(&self) -> Query {
        Query::Customers { filter: self.view.filter.clone(), sort: self.view.sort.clone(), descending: self.view.descending }
    }

    fn open(&mut self, cx: &mut Cx) {
        if let Some(id) = self.list.here().and_then(|row| cx.look.id_of(row)) {
            cx.go("account", json!({"customer": id}));
        }
    }
}

impl Lister for Customers {
    fn move_to(&mut self, to: usize, look: &Look) {
        self.list.go(to, look.list_rows);
    }
    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }
}

impl Verbs for Customers {}
impl Queue for Customers {}

impl Screen for Customers {
    const NAME: &'static str = "customers";
    const KEYS: &'static [&'static [KeyRow<Customers>]] = &[
        &[
            row("open", &["enter"], Customers::open).hint(),
            row("mark", &["space"], |v: &mut Self, cx| {
                v.list.mark();
                v.move_by(1, cx);
            }),
        ],
        Self::VERBS,
        Self::QUEUE,
        Self::MOVES,
    ];

    fn tab(&self) -> Option<usize> {
        Some(2)
    }

    fn title(&self, look: &Look) -> Title {
        let sum = crate::domain::money::short(self.arr, look.config.currency);
        Title { crumb: look.say.word("screen.all").to_owned(), filter: self.view.filter.clone(), counter: format!("{sum} ARR") }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        let mut all = vec![(LIST, self.query())];
        all.extend(self.watched.map(|customer| (PREVIEW, Query::Account { customer, timeline: preview_ask() })));
        all
    }

    fn on_page(&mut self, part: u8, page: &Arc<Page>, cx: &mut Cx) {
        match (part, page.as_ref()) {
            (LIST, Page::Rows(rows)) => {
                if let Some(row) = self.want.take().and_then(|id| cx.look.read().and_then(|r| r.row_of_id(id))) {
                    self.list.want(row as u32);
                }
                let query = self.query();
                if self.answered.as_ref() == Some(&query) { self.list.set(&rows.rows) } else { self.list.replace(&rows.rows) }
                self.answered = Some(query);
                (self.of, self.arr) = (rows.of, rows.arr);
                self.moved(cx);
            }
            (PREVIEW, Page::Account(account)) => self.account.clone_from(account),
            _ => {}
        }
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.list_hit(hit, cx);
    }

    fn quiet(&mut self, look: &Look) {
        self.watched = self.list.here().and_then(|row| look.id_of(row));
    }

    fn step(&mut self, by: i32, look: &Look) -> Option<Id> {
        let before = self.list.cursor;
        self.list.by(by as isize, look.list_rows);
        (self.list.cursor != before).then(|| self.list.here().and_then(|row| look.id_of(row))).flatten()
    }

    fn subjects(&self, look: &Look) -> Vec<Id> {
        self.list.chosen().into_iter().filter_map(|row| look.id_of(row)).collect()
    }

    fn on_write(&mut self, _command: &Command, _look: &Look) {}

    fn save(&self, look: &Look) -> Value {
        let id = self.list.here().and_then(|row| look.id_of(row));
        json!({"view": self.view, "row": id, "top": self.list.top})
    }

    fn restore(&mut self, state: &Value) {
        if let Ok(view) = serde_json::from_value(state["view"].clone()) {
            self.view = view;
        }
        self.want = state["row"].as_str().and_then(|id| id.parse().ok());
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let (list, side) = preview::split(canvas.look, area);
        let title = format!("{} {}", canvas.look.say.word("screen.customers"), grouped(self.list.rows.len()));
        let inner = canvas.frame(list, &title, &account_rows::sort_words(&self.view, canvas.look), true);
        draw_rows(canvas, inner, &self.list, &account_rows::CUSTOMERS);
        if let Some(side) = side {
            preview::draw(canvas, side, self.list.here(), self.account.as_deref());
        }
    }
}

fn preview_ask() -> TimelineAsk {
    TimelineAsk { limit: 8, ..TimelineAsk::default() }
}
