//! A list of customers as Triage and Customers have it: filter line, marks, preview, keeping its place. Screens mix its keys in.

#[cfg(test)]
mod tests;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::account_rows::{Shown, cell, header};
use super::canvas::{Canvas, Hit};
use super::key_row::{KeyRow, row};
use super::look::Look;
use super::measure::cells;
use super::measure::safe;
use super::step::{Cx, Step};
use super::theme::Role;
use super::verbs::{Queue, Verbs};
use super::views::narrow;
use super::who::Who;
use super::widgets::field::Field;
use super::widgets::list::{List, Lister};
use crate::domain::command::{Command, Receipt};
use crate::domain::id::Id;
use crate::domain::money::Arr;
use crate::domain::query::{Account, Mistake, Query, RowsPage, TimelineAsk, View};
use crate::error::Error;
use crate::tui::go::{Go, RollAt};

/// Most lines between the top of a list and its cursor that a saved state is believed to have.
const MOST_LINES: u64 = 1000;

/// The state of such a list.
#[derive(Default)]
pub struct Roll {
    /// The customers.
    pub list: List<Who>,
    /// Filter, sort and columns.
    pub view: View,
    /// How many there are before the filter.
    pub of: usize,
    /// ARR of the rows.
    pub arr: Arr,
    /// True once a page has come.
    pub known: bool,
    /// The customer of the preview, when its page has come.
    pub account: Option<Box<Account>>,
    editing: Option<(Field, String)>,
    mistake: Option<Mistake>,
    completions: Vec<(String, usize)>,
    completing: usize,
    answered: Option<Query>,
    watched: Option<Id>,
    wanted: Option<Id>,
}

impl Roll {
    /// True while the filter line has the keys.
    pub fn editing(&self) -> bool {
        self.editing.is_some()
    }

    /// The preview's question.
    pub fn preview(&self) -> Option<Query> {
        self.watched.map(|customer| Query::Account {
            customer,
            timeline: TimelineAsk {
                limit: 12,
                ..TimelineAsk::default()
            },
        })
    }

    /// The list's page. With a mistake in the filter the rows stay those of the last valid one.
    pub fn page(&mut self, query: Query, page: &RowsPage, cx: &mut Cx) {
        self.mistake.clone_from(&page.mistake);
        self.completions.clone_from(&page.completions);
        self.completing = 0;
        if page.mistake.is_some() || cx.look.roster.is_none() {
            return;
        }
        if let Some(id) = self.wanted.take() {
            self.list.want(id.into());
        }
        let rows = Who::at(&page.rows, cx.look);
        if self.answered.as_ref() == Some(&query) {
            self.list.set(&rows)
        } else {
            self.list.replace(&rows)
        }
        self.list.settle_marks(cx);
        self.answered = Some(query);
        (self.of, self.arr, self.known) = (page.of, page.arr.clone(), true);
        cx.push(Step::Quiet);
    }

    /// The preview follows the cursor.
    pub fn quiet(&mut self) {
        self.watched = self.here();
    }

    /// The customer under the cursor.
    pub fn here(&self) -> Option<Id> {
        self.list.here().map(|who| who.id)
    }

    /// The marked customers, or the one under the cursor.
    pub fn subjects(&self) -> Vec<Id> {
        self.list.chosen().into_iter().map(|who| who.id).collect()
    }

    /// How many those are.
    pub fn subject_count(&self) -> usize {
        self.list.chosen_count()
    }

    /// Takes customers out of the list before the store has answered.
    pub fn take(&mut self, customers: &[Id], look: &Look) {
        let gone: Vec<Who> = customers.iter().map(|id| Who::from(*id)).collect();
        self.list.take(&gone, look.ticket);
    }

    /// A write came back: what was taken early and did not go is shown again by its page; undo brings the cursor to what came back.
    pub fn written(&mut self, command: &Command, result: &Result<Receipt, Error>, look: &Look) {
        self.list.answered(look.ticket);
        let Ok(receipt) = result else { return };
        if let Some(id) = receipt.customers.first().filter(|_| command.is_undo()) {
            self.list.want((*id).into());
        } else if matches!(command, Command::AddCustomer(_)) {
            self.wanted = receipt.customers.first().copied();
        }
    }

    /// Moves by one customer for a page on top.
    pub fn step(&mut self, by: i32, look: &Look) -> Option<Id> {
        let before = self.list.cursor;
        self.list.by(by as isize, look.list_rows);
        (self.list.cursor != before).then(|| self.here()).flatten()
    }

    /// What brings it back here.
    pub fn save(&self) -> RollAt {
        let mut view = self.view.clone();
        if let Some((_, before)) = &self.editing {
            view.filter.clone_from(before);
        }
        let line = self.list.cursor.saturating_sub(self.list.top);
        RollAt {
            view: Some(view),
            row: self.here().or(self.wanted),
            line: line as u64,
            ..RollAt::default()
        }
    }

    /// Goes there.
    pub fn restore(&mut self, at: &RollAt) {
        if let Some(view) = &at.view {
            self.view.clone_from(view);
        }
        self.editing = None;
        self.mistake = None;
        self.wanted = at.row;
        let line = at.line.min(MOST_LINES) as usize;
        (self.list.cursor, self.list.top) = (line, 0);
        self.answered = None;
    }

    fn edit(&mut self) {
        let field = Field::new(&self.view.filter);
        self.editing = Some((field, self.view.filter.clone()));
    }

    /// A key for the filter line: the list follows each letter.
    pub fn type_key(&mut self, key: &KeyEvent) {
        if let Some((field, _)) = &mut self.editing
            && field.key(key)
        {
            field.text().clone_into(&mut self.view.filter);
        }
    }

    /// Pasted text; false unless the filter line is open.
    pub fn paste(&mut self, text: &str) -> bool {
        let Some((field, _)) = &mut self.editing else {
            return false;
        };
        field.insert(text);
        field.text().clone_into(&mut self.view.filter);
        true
    }

    fn tab(&mut self) {
        let Some((field, _)) = &mut self.editing else {
            return;
        };
        let Some((way, _)) = self
            .completions
            .get(self.completing % self.completions.len().max(1))
        else {
            return;
        };
        let whole = way.clone();
        field.set(&whole);
        self.view.filter = whole;
        self.completing += 1;
    }

    /// Enter in the filter line keeps it; false when the line is not open.
    fn keep_filter(&mut self) -> bool {
        if self.editing.is_none() {
            return false;
        }
        if self.mistake.take().is_some()
            && let Some((_, before)) = &self.editing
        {
            self.view.filter.clone_from(before);
        }
        self.editing = None;
        true
    }

    /// Esc: closes the filter line with the filter before, or clears the marks.
    fn escape(&mut self) {
        if let Some((_, before)) = self.editing.take() {
            self.view.filter = before;
            self.mistake = None;
        } else {
            self.list.unmark();
        }
    }

    /// Draws the filter line while it is open; returns what is left of the area.
    pub fn draw_filter(&self, canvas: &mut Canvas, area: Rect) -> Rect {
        let Some((field, _)) = &self.editing else {
            return area;
        };
        let line = Rect::new(area.x + 1, area.y, area.width.saturating_sub(2), 1);
        canvas.clear(Rect::new(area.x, area.y, area.width, 1));
        let used = canvas.text(line.x, line.y, 3, "/ ", Role::Accent);
        let words = match &self.mistake {
            Some(mistake) => mistake.message.clone(),
            None => ways(&self.completions),
        };
        let wide = (cells(&words) as u16).min(line.width / 2);
        let room = line.width.saturating_sub(used + wide + 2);
        canvas.right(
            line.right(),
            line.y,
            wide,
            &words,
            if self.mistake.is_some() {
                Role::Danger
            } else {
                Role::Muted
            },
        );
        field.draw(
            canvas,
            Rect::new(line.x + used, line.y, room, 1),
            self.mistake.as_ref().map(|m| (m.start, m.end)),
        );
        Rect::new(
            area.x,
            area.y + 1,
            area.width,
            area.height.saturating_sub(1),
        )
    }

    /// Says why the list is empty, and which key helps.
    pub fn draw_empty(&self, canvas: &mut Canvas, area: Rect) {
        if !self.list.rows.is_empty() || area.height < 3 {
            return;
        }
        let say = &canvas.look.say;
        let text = if !self.known {
            say.word("message.loading").to_owned()
        } else if self.view.filter.is_empty() {
            say.word("message.no_customers").to_owned()
        } else {
            say.fill(
                "message.nothing_fits",
                &[("filter", &self.view.filter), ("of", &self.of.to_string())],
            )
        };
        for (y, line) in (area.y + 2..area.bottom()).zip(super::measure::wrap(
            &text,
            usize::from(area.width.saturating_sub(4)),
        )) {
            canvas.text(
                area.x + 2,
                y,
                area.width.saturating_sub(4),
                &line,
                Role::Muted,
            );
        }
    }
}

/// The first ways to complete a filter, of each only the word that it ends with: `stage:retention 8  stage:reach 3`.
pub fn ways(completions: &[(String, usize)]) -> String {
    let word = |whole: &str| whole.rfind([' ', '(']).map_or(0, |at| at + 1);
    let shown = completions.iter().take(4).map(|(whole, n)| {
        // A value in quotes may have a space; its word begins before them.
        let end = whole
            .find('"')
            .filter(|at| whole[*at..].matches('"').count() == 2 && whole.ends_with('"'))
            .unwrap_or(whole.len());
        let way = &whole[word(&whole[..end])..];
        if *n > 0 {
            format!("{way} {n}")
        } else {
            way.to_owned()
        }
    });
    shown.collect::<Vec<_>>().join("  ")
}

/// Gives a screen whose list is its field `roll` the keys of lists, of verbs and of the queue. Not a blanket implementation:
/// other screens have lists of other things.
macro_rules! rolled {
    ($screen:ty, $columns:expr) => {
        impl $crate::tui::roll::Rolled for $screen {
            fn roll(&self) -> &Roll {
                &self.roll
            }
            fn roll_mut(&mut self) -> &mut Roll {
                &mut self.roll
            }
            fn columns(&self, look: &Look) -> Vec<$crate::tui::account_rows::Shown> {
                let columns: fn(&Self, &Look) -> Vec<$crate::tui::account_rows::Shown> = $columns;
                columns(self, look)
            }
        }
        impl $crate::tui::widgets::list::Lister for $screen {
            fn move_to(&mut self, to: usize, look: &Look) {
                self.roll.list.go(to, look.list_rows);
            }
            fn at(&self) -> (usize, usize) {
                (self.roll.list.cursor, self.roll.list.rows.len())
            }
        }
        impl $crate::tui::verbs::Verbs for $screen {
            fn here(&self, _look: &Look) -> Option<Id> {
                self.roll.here()
            }
        }
        impl $crate::tui::verbs::Queue for $screen {}
    };
}
pub(super) use rolled;

/// A screen with such a list.
pub trait Rolled: Lister + Verbs + Queue {
    /// The list.
    fn roll(&self) -> &Roll;
    /// The same, to change.
    fn roll_mut(&mut self) -> &mut Roll;

    /// Keys of filter, marks and opening.
    const ROLL: &'static [KeyRow<Self>] = &[
        row("open", &["enter"], |v: &mut Self, cx| {
            if !v.roll_mut().keep_filter()
                && let Some(id) = v.roll().here()
            {
                cx.go(Go::account(id));
            }
        })
        .when(|v, _| {
            if v.roll().editing() || v.roll().here().is_some() {
                Ok(())
            } else {
                Err("no_customer")
            }
        })
        .hint(),
        row("filter", &["/"], |v: &mut Self, _| v.roll_mut().edit())
            .cli("list")
            .hint(),
        row("narrow", &["f"], |_: &mut Self, cx| {
            narrow::open::<Self>(Self::narrowed, cx)
        }),
        row("clear_filter", &["F"], |v: &mut Self, _| {
            v.roll_mut().view.filter.clear()
        })
        .when(|v, _| {
            if v.roll().view.filter.is_empty() {
                Err("no_filter")
            } else {
                Ok(())
            }
        }),
        row("complete", &["tab"], |v: &mut Self, _| v.roll_mut().tab()).when(|v, _| {
            if v.roll().editing() {
                Ok(())
            } else {
                Err("no_filter")
            }
        }),
        row("escape", &["esc"], |v: &mut Self, _| v.roll_mut().escape()).when(|v, _| {
            if v.roll().editing() || !v.roll().list.marks.is_empty() {
                Ok(())
            } else {
                Err("no_marks")
            }
        }),
        row("mark", &["space"], |v: &mut Self, cx| {
            v.roll_mut().list.mark();
            v.move_by(1, cx);
        })
        .when(|v, _| v.roll().here().map(|_| ()).ok_or("no_customer")),
        row("mark_all", &["*"], |v: &mut Self, _| {
            v.roll_mut().list.mark_all()
        }),
        row("mark_none", &["-"], |v: &mut Self, _| {
            v.roll_mut().list.unmark()
        })
        .when(|v, _| {
            if v.roll().list.marks.is_empty() {
                Err("no_marks")
            } else {
                Ok(())
            }
        }),
        row("copy_row", &["y r"], |v: &mut Self, cx| {
            let rows = v.roll().list.chosen();
            v.copy_rows(&rows, false, cx);
        })
        .when(|v, _| v.roll().here().map(|_| ()).ok_or("no_customer")),
        row("copy_table", &["y t"], |v: &mut Self, cx| {
            let rows = v.roll().list.rows.clone();
            v.copy_rows(&rows, true, cx);
        })
        .when(|v, _| v.roll().here().map(|_| ()).ok_or("no_customer")),
        row("copy_email", &["y e"], |v: &mut Self, cx| {
            let here = v.roll().here();
            let account = v
                .roll()
                .account
                .as_ref()
                .filter(|a| Some(a.customer.id) == here);
            let email = account.and_then(|a| {
                a.contacts
                    .iter()
                    .map(|c| c.email.clone())
                    .find(|e| !e.is_empty())
            });
            match email {
                Some(email) => {
                    cx.push(Step::Copy(email, cx.look.say.word("word.email").to_owned()))
                }
                None => cx.toast(cx.look.say.word("message.nothing_to_copy").to_owned()),
            }
        })
        .when(|v, _| v.roll().here().map(|_| ()).ok_or("no_customer")),
        row("next", &["J"], |v: &mut Self, cx| v.move_by(1, cx)),
        row("previous", &["K"], |v: &mut Self, cx| v.move_by(-1, cx)),
        row("create", &["c"], |_: &mut Self, cx| {
            cx.go(Go::form("new_customer", None))
        })
        .writes("add"),
    ];

    /// The columns that are shown.
    fn columns(&self, look: &Look) -> Vec<Shown>;

    /// Copies rows as they are shown, a tab between the cells, so that a spreadsheet takes them.
    fn copy_rows(&self, rows: &[Who], with_header: bool, cx: &mut Cx) {
        let shown = self.columns(cx.look);
        let Some(roster) = cx.look.read() else { return };
        let mut lines = Vec::with_capacity(rows.len() + 1);
        if with_header {
            lines.push(
                shown
                    .iter()
                    .map(|s| safe(header(cx.look, s.code())).into_owned())
                    .collect::<Vec<_>>()
                    .join("\t"),
            );
        }
        let rows = rows.iter().filter_map(|who| who.row(&roster));
        lines.extend(rows.map(|at| {
            shown
                .iter()
                .map(|s| safe(&cell(s, &roster, at, cx.look).0).into_owned())
                .collect::<Vec<_>>()
                .join("\t")
        }));
        let word = if with_header {
            "word.table"
        } else {
            "word.row"
        };
        cx.push(Step::Copy(
            lines.join("\n"),
            cx.look.say.word(word).to_owned(),
        ));
    }

    /// What a picked filter says ([`narrow`]).
    fn narrowed(&mut self, term: &str) {
        narrow::add(&mut self.roll_mut().view.filter, term);
    }

    /// Clicks and the wheel.
    fn roll_hit(&mut self, hit: Hit, cx: &mut Cx) {
        if let Hit::Row(at) = hit
            && at == self.roll().list.cursor
            && let Some(id) = self.roll().here()
        {
            return cx.go(Go::account(id));
        }
        self.list_hit(hit, cx);
    }
}
