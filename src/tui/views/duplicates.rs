//! Customers that may be one and the same, with the reason; a key makes one of them.

use std::sync::Arc;

use ratatui::layout::Rect;
use serde_json::json;

use super::groups;
use crate::domain::command::Command;
use crate::domain::duplicate::Sign;
use crate::domain::id::Id;
use crate::domain::query::{Page, Query, Twin};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Applies, KeyRow, row};
use crate::tui::theme::Role;
use crate::tui::view::{Cx, Look, Screen, Title};
use crate::tui::widgets::list::{List, Lister};

/// The list of pairs.
#[derive(Default)]
pub struct Duplicates {
    list: List<usize>,
    all: Vec<Twin>,
    known: bool,
    /// The other one is kept: `x` turns a pair round.
    turned: Vec<Id>,
}

impl Duplicates {
    /// The pair under the cursor: which is kept, and which goes.
    fn here(&self) -> Option<[Id; 2]> {
        let twin = self.all.get(self.list.here()?)?;
        let (keep, other) = (twin.keep.0, twin.other.0);
        Some(if self.turned.contains(&other) { [other, keep] } else { [keep, other] })
    }

    fn merge(&mut self, cx: &mut Cx) {
        if let Some([keep, other]) = self.here() {
            cx.write(Command::MergeCustomers { keep, other });
        }
    }

    fn turn(&mut self) {
        let Some(id) = self.list.here().and_then(|at| self.all.get(at)).map(|twin| twin.other.0) else { return };
        match self.turned.iter().position(|t| *t == id) {
            Some(at) => {
                self.turned.remove(at);
            }
            None => self.turned.push(id),
        }
    }

    fn open(&mut self, other: bool, cx: &mut Cx) {
        if let Some(pair) = self.here() {
            cx.go("account", json!({"customer": pair[usize::from(other)]}));
        }
    }
}

fn a_pair(view: &Duplicates, _: &Look) -> Applies {
    view.here().map(|_| ()).ok_or("no_customer")
}

impl Lister for Duplicates {
    fn move_to(&mut self, to: usize, look: &Look) {
        self.list.go(to, look.list_rows);
    }
    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }
}

impl Screen for Duplicates {
    const NAME: &'static str = "duplicates";
    const KEYS: &'static [&'static [KeyRow<Duplicates>]] = &[
        &[
            row("join", &["enter"], Duplicates::merge).when(a_pair).writes("merge-customers").hint(),
            row("turn", &["x"], |v: &mut Self, _| v.turn()).when(a_pair).hint(),
            row("open", &["o"], |v: &mut Self, cx| v.open(false, cx)).when(a_pair).hint(),
            row("open_other", &["O"], |v: &mut Self, cx| v.open(true, cx)).when(a_pair).hint(),
        ],
        Self::MOVES,
    ];

    fn title(&self, look: &Look) -> Title {
        let counter = look.say.fill("duplicates.count", &[("n", &self.all.len().to_string())]);
        Title { crumb: look.say.word("screen.duplicates").to_owned(), filter: String::new(), counter }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        vec![(0, Query::Duplicates)]
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, cx: &mut Cx) {
        if let Page::Duplicates(all) = page.as_ref() {
            self.all.clone_from(all);
            self.known = true;
            self.list.rows = (0..self.all.len()).collect();
            self.list.go(self.list.cursor, cx.look.list_rows);
        }
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.list_hit(hit, cx);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let inner = canvas.frame(area, look.say.word("screen.duplicates"), "", true);
        if self.all.is_empty() {
            let words = look.say.word(if self.known { "duplicates.nothing" } else { "message.loading" });
            return groups::draw_empty(canvas, inner, words);
        }
        let height = usize::from(inner.height);
        canvas.drawn.list_rows = height.max(1);
        let top = self.list.first(height);
        let name = (inner.width / 4).clamp(12, 32);
        for (y, at) in (inner.top()..inner.bottom()).zip(top..self.all.len()) {
            let (twin, line) = (&self.all[at], Rect::new(inner.x, y, inner.width, 1));
            let turned = self.turned.contains(&twin.other.0);
            let (keep, other) = if turned { (&twin.other.1, &twin.keep.1) } else { (&twin.keep.1, &twin.other.1) };
            let sign = |s: &Sign| look.say.fill(&format!("duplicates.{}", s.code()), &[("what", s.what())]);
            let why = twin.signs.iter().map(sign).collect::<Vec<_>>().join(", ");
            let rest = inner.width.saturating_sub(2 * name + 4);
            let arrow = if look.glyphs.ascii { "<-" } else { "←" };
            let cells = [
                (keep.as_str(), name, false, Role::Text),
                (arrow, 2, false, Role::Muted),
                (other.as_str(), name, false, Role::Text),
                (why.as_str(), rest, false, Role::Muted),
            ];
            groups::cells_of(canvas, line, &cells);
            canvas.hit(line, Hit::Row(at));
            if at == self.list.cursor {
                canvas.tint(line, Role::Selection);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::command::{Command, NewCustomer};
    use crate::tui::harness::Harness;

    #[test]
    fn two_that_are_one_are_listed_turned_round_and_made_one() {
        let mut h = Harness::new("en", 1);
        for name in ["Twin Peaks", "TWIN PEAKS"] {
            let new = NewCustomer { name: name.into(), ..NewCustomer::default() };
            h.another("bo", &Command::AddCustomer(new));
        }
        h.answer_all();
        h.press("g q");
        assert!(h.text().contains("Twin Peaks") && h.text().contains("same name"), "{}", h.text());
        h.press("x enter");
        let written = h.written();
        let [Command::MergeCustomers { keep, other }] = written.as_slice() else { panic!("{written:?}") };
        assert_eq!((h.app.look.name_of(*keep).as_str(), keep != other), ("TWIN PEAKS", true));
        assert!(h.text().contains("Merged Twin Peaks into TWIN PEAKS"), "{}", h.text());
        h.press("u");
        assert!(h.text().contains("same name"), "{}", h.text());
    }
}
