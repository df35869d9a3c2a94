//! Customers that may be one and the same, with the reason; a key makes one of them, after asking.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ratatui::layout::Rect;

use super::groups;
use super::pick::{Item, Pick};
use crate::columns;
use crate::domain::command::{Command, Receipt};
use crate::domain::duplicate::Sign;
use crate::domain::id::Id;
use crate::domain::query::{Page, Query, Twin};
use crate::error::Error;
use crate::tui::account_rows::signs;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::Go;
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::{List, Lister};

/// A pair: the one that has been there for longer, and the other.
type Pair = (Id, Id);

/// The list of pairs.
#[derive(Default)]
pub struct Duplicates {
    list: List<Pair>,
    twins: HashMap<Pair, Twin>,
    known: bool,
    /// The other one is kept: `x` turns a pair round.
    turned: HashSet<Pair>,
}

/// A customer with what tells it from one of the same name: `Birch Works (ana, Onboarding, 12k)`.
fn told(id: Id, name: &str, look: &Look) -> String {
    let Some(roster) = look.read() else {
        return name.to_owned();
    };
    let Some(at) = roster.row_of_id(id) else {
        return name.to_owned();
    };
    let cell = |code: &str| {
        columns::column(code)
            .map(|c| signs(c.show(&roster, at, roster.today), look))
            .unwrap_or_default()
    };
    let what: Vec<String> = ["owner", "stage", "arr"]
        .map(cell)
        .into_iter()
        .filter(|cell| !cell.is_empty() && cell != "-")
        .collect();
    if what.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({})", what.join(", "))
    }
}

impl Duplicates {
    /// The pair under the cursor: which is kept, and which goes.
    fn here(&self) -> Option<[Id; 2]> {
        let pair = self
            .list
            .here()
            .filter(|pair| self.list.ghost != Some(*pair))?;
        Some(if self.turned.contains(&pair) {
            [pair.1, pair.0]
        } else {
            [pair.0, pair.1]
        })
    }

    fn name(&self, id: Id) -> &str {
        let twin = self.list.here().and_then(|pair| self.twins.get(&pair));
        twin.map_or("", |twin| {
            if twin.keep.0 == id {
                &twin.keep.1
            } else {
                &twin.other.1
            }
        })
    }

    /// Asks before two become one. Enter picks the first, which changes nothing: one that was meant for the pair before does no harm.
    fn merge(&mut self, cx: &mut Cx) {
        let Some([keep, other]) = self.here() else {
            return;
        };
        let [kept, goes] = [keep, other].map(|id| told(id, self.name(id), cx.look));
        let join = cx
            .look
            .say
            .fill("duplicates.join_them", &[("other", &goes), ("keep", &kept)]);
        let items = vec![
            Item::new("leave", cx.look.say.word("duplicates.leave")),
            Item::new("join", join),
        ];
        cx.open(Pick::new(
            cx.look.say.word("duplicates.ask").to_owned(),
            items,
            move |code, cx| {
                if code == "join" {
                    cx.write(Command::MergeCustomers { keep, other });
                }
            },
        ));
    }

    fn turn(&mut self) {
        if let Some(pair) = self.list.here()
            && !self.turned.remove(&pair)
        {
            self.turned.insert(pair);
        }
    }

    fn open(&mut self, other: bool, cx: &mut Cx) {
        if let Some(pair) = self.here() {
            cx.go(Go::account(pair[usize::from(other)]));
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

impl Keyed for Duplicates {
    const KEYS: &'static [&'static [KeyRow<Duplicates>]] = &[
        &[
            row("join", &["enter"], Duplicates::merge)
                .when(a_pair)
                .writes("merge-customers")
                .hint(),
            row("turn", &["x"], |v: &mut Self, _| v.turn())
                .when(a_pair)
                .hint(),
            row("open", &["o"], |v: &mut Self, cx| v.open(false, cx))
                .when(a_pair)
                .hint(),
            row("open_other", &["O"], |v: &mut Self, cx| v.open(true, cx))
                .when(a_pair)
                .hint(),
        ],
        Self::MOVES,
    ];
}

impl Screen for Duplicates {
    fn title(&self, look: &Look) -> Title {
        let counter = look.say.fill(
            "duplicates.count",
            &[("n", &self.list.rows.len().to_string())],
        );
        Title {
            crumb: look.say.word("screen.duplicates").to_owned(),
            filter: String::new(),
            counter,
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        vec![(0, Query::Duplicates)]
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, _cx: &mut Cx) {
        if let Page::Duplicates(all) = page.as_ref() {
            let pairs: Vec<Pair> = all.iter().map(|twin| (twin.keep.0, twin.other.0)).collect();
            self.list.set(&pairs);
            let ghost = self
                .list
                .ghost
                .and_then(|pair| Some((pair, self.twins.remove(&pair)?)));
            self.twins = pairs
                .into_iter()
                .zip(all.iter().cloned())
                .chain(ghost)
                .collect();
            self.known = true;
        }
    }

    fn on_write(&mut self, command: &Command, look: &Look) {
        if let Command::MergeCustomers { keep, other } = command {
            self.list
                .take(&[(*keep, *other), (*other, *keep)], look.ticket);
        }
    }

    fn on_written(&mut self, _command: &Command, _result: &Result<Receipt, Error>, cx: &mut Cx) {
        self.list.answered(cx.look.ticket);
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.list_hit(hit, cx);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let inner = canvas.frame(area, look.say.word("screen.duplicates"), "", true);
        if self.list.rows.is_empty() {
            let words = look.say.word(if self.known {
                "duplicates.nothing"
            } else {
                "message.loading"
            });
            return groups::draw_empty(canvas, inner, words);
        }
        let height = usize::from(inner.height);
        canvas.drawn.list_rows = height.max(1);
        let top = self.list.first(height);
        let name = (inner.width / 4).clamp(12, 32);
        for (y, at) in (inner.top()..inner.bottom()).zip(top..self.list.rows.len()) {
            let (pair, line) = (self.list.rows[at], Rect::new(inner.x, y, inner.width, 1));
            let Some(twin) = self.twins.get(&pair) else {
                continue;
            };
            let text = if self.list.ghost == Some(pair) {
                Role::Muted
            } else {
                Role::Text
            };
            let turned = self.turned.contains(&pair);
            let (keep, other) = if turned {
                (&twin.other.1, &twin.keep.1)
            } else {
                (&twin.keep.1, &twin.other.1)
            };
            let sign = |s: &Sign| {
                look.say
                    .fill(&format!("duplicates.{}", s.code()), &[("what", s.what())])
            };
            let why = twin.signs.iter().map(sign).collect::<Vec<_>>().join(", ");
            let rest = inner.width.saturating_sub(2 * name + 4);
            let arrow = if look.glyphs.ascii { "<-" } else { "←" };
            let cells = [
                (keep.as_str(), name, false, text),
                (arrow, 2, false, Role::Muted),
                (other.as_str(), name, false, text),
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
            let new = NewCustomer {
                name: name.into(),
                ..NewCustomer::default()
            };
            h.another("bo", &Command::AddCustomer(new));
        }
        h.answer_all();
        h.press("g q");
        assert!(
            h.text().contains("Twin Peaks") && h.text().contains("same name"),
            "{}",
            h.text()
        );
        h.press("x enter");
        assert!(
            h.written().is_empty()
                && h.text().contains("Twin Peaks (")
                && h.text().contains("into TWIN PEAKS"),
            "{}",
            h.text()
        );
        h.press("2");
        let written = h.written();
        let [Command::MergeCustomers { keep, other }] = written.as_slice() else {
            panic!("{written:?}")
        };
        assert_eq!(
            (h.app.look.name_of(*keep).as_str(), keep != other),
            ("TWIN PEAKS", true)
        );
        assert!(
            h.text().contains("Merged Twin Peaks into TWIN PEAKS"),
            "{}",
            h.text()
        );
        h.press("u");
        assert!(h.text().contains("same name"), "{}", h.text());
    }
    /// The pairs of three customers each of whom is there twice.
    fn pairs() -> Harness {
        let mut h = Harness::empty("en");
        for name in ["Alder Works", "Birch Works", "Cedar Works"]
            .iter()
            .flat_map(|name| [*name, *name])
        {
            let new = NewCustomer {
                name: name.into(),
                ..NewCustomer::default()
            };
            h.another("bo", &Command::AddCustomer(new));
        }
        h.answer_all();
        h.press("g q g g");
        h
    }

    #[test]
    fn enter_asks_and_a_second_one_makes_nobody_one() {
        let mut h = pairs();
        h.press("enter");
        assert_eq!(h.app.top().name(), "pick");
        h.press("enter enter enter");
        assert_eq!(h.written(), []);
        let first = h.current();
        h.press("enter 2 enter");
        assert!(
            matches!(h.written().as_slice(), [Command::MergeCustomers { .. }]),
            "{:?}",
            h.written()
        );
        assert_eq!(
            h.app.top().name(),
            "pick",
            "the next pair is asked about in its turn"
        );
        h.press("enter");
        assert_ne!(h.current(), first);
        assert_eq!(h.written(), []);
    }

    #[test]
    fn a_pair_stays_under_the_cursor_and_one_that_somebody_else_made_one_is_not_asked_about() {
        let mut h = pairs();
        h.press("j");
        let aimed = h.current();
        let merged = |h: &mut Harness, name: &str| {
            let roster = h.app.look.read().expect("the roster");
            let mut both = (0..roster.rows.len())
                .filter(|at| roster.name(*at) == name && !roster.rows[*at].removed)
                .map(|at| roster.ids[at]);
            let (keep, other) = (both.next().expect("one"), both.next().expect("another"));
            drop(both);
            drop(roster);
            h.another("bo", &Command::MergeCustomers { keep, other });
            h.answer_all();
        };
        let name = |line: &str| {
            ["Alder Works", "Birch Works", "Cedar Works"]
                .into_iter()
                .find(|n| line.contains(n))
                .expect("a name")
        };
        h.press("k");
        let first = h.current();
        h.press("j");
        merged(&mut h, name(&first));
        assert_eq!(name(&h.current()), name(&aimed), "{}", h.text());
        merged(&mut h, name(&aimed));
        assert_eq!(
            name(&h.current()),
            name(&aimed),
            "it is still there, greyed:\n{}",
            h.text()
        );
        h.press("enter");
        assert_eq!((h.app.top().name(), h.written()), ("duplicates", vec![]));
    }
}
