//! Customers: the roster with filter, sort, columns, marks and saved views.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::log_line::Line;
use super::pick::{Item, Pick};
use crate::columns::{Align, Listed};
use crate::domain::command::{Command, Receipt};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query, View};
use crate::error::Error;
use crate::tui::account_rows::{columns_of, draw_rows, header};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{Go, RollAt};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::preview;
use crate::tui::roll::{Roll, Rolled, rolled};
use crate::tui::step::Cx;
use crate::tui::verbs::{Queue, Verbs};
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::Lister;

/// The roster screen.
#[derive(Default)]
pub struct Customers {
    roll: Roll,
    views: Vec<(Id, String, View)>,
    name: String,
}

const LIST: u8 = 0;
const PREVIEW: u8 = 1;
const VIEWS: u8 = 2;

impl Customers {
    fn query(&self) -> Query {
        let view = &self.roll.view;
        Query::Customers {
            filter: view.filter.clone(),
            sort: view.sort.clone(),
            descending: view.descending,
            columns: view.columns.clone(),
        }
    }

    fn sort_by(&mut self, code: &str, look: &Look) {
        let view = &mut self.roll.view;
        // Sorting by the same column again turns it round; figures begin with the largest.
        view.descending = if view.sort == code {
            !view.descending
        } else {
            Listed::find(&look.config, code).is_some_and(|c| c.align() == Align::Right)
        };
        code.clone_into(&mut view.sort);
    }

    fn pick_sort(&mut self, cx: &mut Cx) {
        let items = Listed::all(&cx.look.config)
            .iter()
            .map(|c| Item::new(c.code(), header(cx.look, c.code())))
            .collect();
        let title = cx.look.say.word("prompt.sort").to_owned();
        let pick = Pick::new(title, items, |code, cx| {
            let code = code.to_owned();
            cx.tell(move |v: &mut Customers, cx| v.sort_by(&code, cx.look))
        });
        cx.open(pick.at(&self.roll.view.sort));
    }

    fn pick_columns(&mut self, at: &str, cx: &mut Cx) {
        let shown = self.shown_codes(cx.look);
        let all = Listed::all(&cx.look.config);
        let tick = cx.look.glyphs.tick;
        let items = all.iter().map(|c| {
            let mut item = Item::new(c.code(), header(cx.look, c.code()));
            if shown.iter().any(|s| s == c.code()) {
                tick.clone_into(&mut item.detail);
            }
            item
        });
        let title = cx.look.say.word("prompt.columns").to_owned();
        let pick = Pick::new(title, items.collect(), |code, cx| {
            let code = code.to_owned();
            cx.tell(move |v: &mut Customers, cx| v.turn_column(&code, cx))
        });
        cx.open(pick.at(at));
    }

    fn shown_codes(&self, look: &Look) -> Vec<String> {
        self.columns(look)
            .iter()
            .map(|shown| shown.code().to_owned())
            .collect()
    }

    fn pick_view(&mut self, cx: &mut Cx) {
        let mut items = vec![Item::new("", cx.look.say.word("screen.all"))];
        items.extend(self.views.iter().map(|(_, name, view)| Item {
            code: name.clone(),
            label: name.clone(),
            detail: view.filter.clone(),
        }));
        let title = cx.look.say.word("prompt.views").to_owned();
        cx.open(Pick::new(title, items, |name, cx| {
            let name = name.to_owned();
            cx.tell(move |v: &mut Customers, _| v.show_view(&name))
        }));
    }

    fn show_view(&mut self, name: &str) {
        let view = self.views.iter().find(|(_, n, _)| n == name);
        self.roll.view = view.map(|(_, _, v)| v.clone()).unwrap_or_default();
        name.clone_into(&mut self.name);
    }

    /// Shows a column, or hides it, and asks for the next.
    fn turn_column(&mut self, code: &str, cx: &mut Cx) {
        let mut shown = self.shown_codes(cx.look);
        if let Some(at) = shown.iter().position(|c| c == code) {
            shown.remove(at);
        } else {
            shown.push(code.to_owned());
        }
        self.roll.view.columns = shown;
        self.pick_columns(code, cx);
    }

    fn range_or_save(&mut self, cx: &mut Cx) {
        if !self.roll.list.marks.is_empty() {
            return self.roll.list.mark_range();
        }
        let view = self.roll.view.clone();
        let empty = cx.look.say.word("error.empty_name").to_owned();
        let prompt = cx.look.say.word("prompt.save_view").to_owned();
        let line = Line::new(prompt, move |text, cx| {
            let name = text.trim().to_owned();
            if name.is_empty() {
                return Err(empty.clone());
            }
            let named = name.clone();
            cx.tell(move |v: &mut Customers, _| v.name = named);
            cx.write(Command::SaveView {
                name,
                view: view.clone(),
            });
            Ok(())
        });
        cx.open(line.text(&self.name));
    }
}

rolled!(Customers, |v, look| columns_of(
    &v.roll.view.columns,
    &look.config
));

impl Keyed for Customers {
    const KEYS: &'static [&'static [KeyRow<Customers>]] = &[
        Self::ROLL,
        Self::QUEUE,
        Self::VERBS,
        Self::ABOUT,
        &[
            row("sort", &["s"], Customers::pick_sort).cli("list").hint(),
            row("reverse", &["S"], |v: &mut Self, _| {
                v.roll.view.descending = !v.roll.view.descending
            }),
            row("columns", &["C"], |v: &mut Self, cx| v.pick_columns("", cx))
                .cli("list")
                .hint(),
            row("views", &["v"], Customers::pick_view)
                .cli("view list")
                .hint(),
            row("range", &["V"], Customers::range_or_save).cli("view save"),
            row("remove", &["D"], |v: &mut Self, cx| {
                let rows = v.subjects(cx.look);
                cx.write(Command::Remove {
                    entity: crate::domain::command::Entity::Customer,
                    rows,
                });
            })
            .writes("remove")
            .when(|v, _| {
                if v.roll.subject_count() > 0 {
                    Ok(())
                } else {
                    Err("no_customer")
                }
            }),
        ],
        Self::MOVES,
    ];
}

impl Screen for Customers {
    fn title(&self, look: &Look) -> Title {
        let sum = format!("{} ARR", self.roll.arr.short(look.config.currency));
        let marks = self.roll.list.marks.len();
        let counter = if marks > 0 {
            format!(
                "{}  {sum}",
                look.say
                    .fill("message.marked", &[("n", &marks.to_string())])
            )
        } else {
            sum
        };
        let crumb = if self.name.is_empty() {
            look.say.word("screen.all").to_owned()
        } else {
            self.name.clone()
        };
        Title {
            crumb,
            filter: self.roll.view.filter.clone(),
            counter,
        }
    }

    fn watches(&self, look: &Look) -> Vec<(u8, Query)> {
        let mut all = vec![(LIST, self.query()), (VIEWS, Query::Views)];
        if preview::split(look, Rect::new(0, 0, look.size.0, look.size.1))
            .1
            .is_some()
        {
            all.extend(self.roll.preview().map(|query| (PREVIEW, query)));
        }
        all
    }

    fn on_page(&mut self, part: u8, page: &Arc<Page>, cx: &mut Cx) {
        match (part, page.as_ref()) {
            (LIST, Page::Rows(rows)) => {
                let query = self.query();
                self.roll.page(query, rows, cx);
            }
            (PREVIEW, Page::Account(account)) => self.roll.account.clone_from(account),
            (VIEWS, Page::Views(views)) => self.views.clone_from(views),
            _ => {}
        }
    }

    fn on_write(&mut self, command: &Command, look: &Look) {
        if let Command::Remove {
            entity: crate::domain::command::Entity::Customer,
            rows,
        } = command
        {
            self.roll.take(rows, look);
        }
    }

    fn on_written(&mut self, command: &Command, result: &Result<Receipt, Error>, cx: &mut Cx) {
        self.roll.written(command, result, cx.look);
    }

    fn typing(&self) -> bool {
        self.roll.editing()
    }

    fn type_key(&mut self, key: &KeyEvent, _cx: &mut Cx) {
        self.roll.type_key(key);
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx) -> bool {
        self.roll.paste(text)
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        if let Hit::Header(at) = hit {
            if let Some(code) = self.shown_codes(cx.look).get(at) {
                self.sort_by(code, cx.look);
            }
            return;
        }
        self.roll_hit(hit, cx);
    }

    fn quiet(&mut self, _look: &Look) {
        self.roll.quiet();
    }

    fn step(&mut self, by: i32, look: &Look) -> Option<Id> {
        self.roll.step(by, look)
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        self.roll.subjects()
    }

    fn subject_count(&self, _look: &Look) -> usize {
        self.roll.subject_count()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Customers(Some(RollAt {
            name: self.name.clone(),
            ..self.roll.save()
        })))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Customers(Some(at)) = to else { return };
        self.roll.restore(at);
        self.name.clone_from(&at.name);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let area = self.roll.draw_filter(canvas, area);
        let (list, side) = preview::split(canvas.look, area);
        let (n, of) = (self.roll.list.rows.len(), self.roll.of);
        let count = if n == of {
            grouped(n)
        } else {
            canvas
                .look
                .say
                .fill("message.n_of", &[("n", &grouped(n)), ("of", &grouped(of))])
        };
        let title = format!("{} {count}", canvas.look.say.word("screen.customers"));
        let view = &self.roll.view;
        let code = if view.sort.is_empty() {
            "name"
        } else {
            &view.sort
        };
        let sign = if view.descending {
            canvas.look.glyphs.falling
        } else {
            canvas.look.glyphs.rising
        };
        let sorted = format!("{} {sign}", header(canvas.look, code).to_lowercase());
        let inner = canvas.frame(list, &title, &sorted, true);
        draw_rows(canvas, inner, &self.roll.list, &self.columns(canvas.look));
        self.roll.draw_empty(canvas, inner);
        if let Some(side) = side {
            preview::draw(
                canvas,
                side,
                self.roll.list.here(),
                self.roll.account.as_deref(),
            );
        }
    }
}
