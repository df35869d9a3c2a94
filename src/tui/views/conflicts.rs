//! Fields of which copies of the book say different things: listed until somebody decides, each decision one key and undoable.

use std::collections::HashMap;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::clash::label;
use super::groups;
use super::pick::{Item, Pick};
use crate::domain::command::{Command, Receipt};
use crate::domain::id::Id;
use crate::domain::query::{Conflict, ConflictValue, Page, Query};
use crate::domain::time::words;
use crate::error::Error;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::Go;
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::wrap;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::{List, Lister};

/// The row and its field that are in conflict.
type Place = (Id, String);

/// The list of open conflicts, and under it the values of the one at the cursor.
#[derive(Default)]
pub struct Conflicts {
    list: List<Place>,
    all: HashMap<Place, Conflict>,
    known: bool,
}

impl Conflicts {
    fn here(&self) -> Option<&Conflict> {
        self.list.here().and_then(|place| self.all.get(&place))
    }

    /// The one under the cursor, unless somebody else has decided it.
    fn open(&self) -> Option<&Conflict> {
        self.here().filter(|_| self.list.ghost.is_none())
    }

    /// Asks which of the values holds; a digit picks.
    fn decide(&mut self, cx: &mut Cx) {
        let Some(conflict) = self.open() else { return };
        let items = conflict.values.iter().rev().map(|v| Item {
            label: value(conflict, v, cx.look),
            detail: by(v, cx.look),
            code: v.edit.to_string(),
        });
        let title = format!(
            "{} {} {}",
            title(conflict),
            cx.look.glyphs.dot,
            label(&conflict.field, cx.look)
        );
        let (row, field) = (conflict.row, conflict.field.clone());
        cx.open(Pick::new(title, items.collect(), move |code, cx| {
            if let Ok(take) = code.parse() {
                cx.write(Command::Resolve {
                    row,
                    field: field.clone(),
                    take,
                });
            }
        }));
    }

    fn draw_values(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let inner = canvas.frame(area, look.say.word("conflicts.values"), "", false);
        let Some(conflict) = self.here() else { return };
        let mut y = inner.y;
        for v in conflict.values.iter().rev() {
            let role = if v.shown { Role::Text } else { Role::Info };
            let mut lines = wrap(
                &value(conflict, v, look),
                usize::from(inner.width.saturating_sub(4)).max(8),
            );
            lines.truncate(3);
            lines.insert(0, by(v, look));
            for (i, line) in lines.iter().enumerate() {
                if y >= inner.bottom() {
                    return;
                }
                let (x, role) = if i == 0 {
                    (inner.x + 1, Role::Muted)
                } else {
                    (inner.x + 3, role)
                };
                canvas.text(x, y, inner.right().saturating_sub(x), line, role);
                y += 1;
            }
        }
    }
}

/// Whose it is: the customer, and the thing there that is not the customer itself.
fn title(conflict: &Conflict) -> String {
    match &conflict.customer {
        Some((id, name)) if *id == conflict.row => name.clone(),
        Some((_, name)) => format!("{name}: {}", conflict.name),
        None => conflict.name.clone(),
    }
}

/// A value as a person reads it.
pub fn value(conflict: &Conflict, value: &ConflictValue, look: &Look) -> String {
    if let Some(stage) = value
        .value
        .as_deref()
        .filter(|_| conflict.field == "stage")
        .and_then(|code| look.config.stages.find(code))
    {
        return look.config.stages.label(stage).to_owned();
    }
    value
        .value
        .clone()
        .filter(|v| !v.is_empty())
        .unwrap_or_else(|| look.say.word("account.no_value").to_owned())
}

fn by(value: &ConflictValue, look: &Look) -> String {
    let when = words::show_moment(value.at, &look.now);
    let word = if value.shown {
        "conflicts.by_shown"
    } else {
        "conflicts.by"
    };
    look.say
        .fill(word, &[("who", &value.person), ("when", &when)])
}

impl Lister for Conflicts {
    fn move_to(&mut self, to: usize, look: &Look) {
        self.list.go(to, look.list_rows);
    }
    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }
}

impl Keyed for Conflicts {
    const KEYS: &'static [&'static [KeyRow<Conflicts>]] = &[
        &[
            row("decide", &["enter"], Conflicts::decide)
                .when(|v, _| v.open().map(|_| ()).ok_or("no_conflict"))
                .writes("resolve")
                .hint(),
            row("open", &["o"], |v: &mut Self, cx| {
                if let Some((id, _)) = v.here().and_then(|c| c.customer.clone()) {
                    cx.go(Go::account(id));
                }
            })
            .when(|v, _| {
                v.here()
                    .and_then(|c| c.customer.as_ref())
                    .map(|_| ())
                    .ok_or("no_customer")
            })
            .hint(),
        ],
        Self::MOVES,
    ];
}

impl Screen for Conflicts {
    fn title(&self, look: &Look) -> Title {
        // The list has an end; the count has none.
        let (n, all) = (
            self.list.rows.len(),
            self.list.rows.len().max(look.counts.conflicts),
        );
        let word = if n < all {
            "conflicts.count_of"
        } else {
            "conflicts.count"
        };
        let counter = look
            .say
            .fill(word, &[("n", &n.to_string()), ("all", &all.to_string())]);
        Title {
            crumb: look.say.word("screen.conflicts").to_owned(),
            filter: String::new(),
            counter,
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        vec![(0, Query::Conflicts)]
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, _cx: &mut Cx) {
        if let Page::Conflicts(all) = page.as_ref() {
            let places: Vec<Place> = all.iter().map(|c| (c.row, c.field.clone())).collect();
            self.list.set(&places);
            let ghost = self
                .list
                .ghost
                .as_ref()
                .and_then(|place| self.all.remove_entry(place));
            self.all = places
                .into_iter()
                .zip(all.iter().cloned())
                .chain(ghost)
                .collect();
            self.known = true;
        }
    }

    fn on_write(&mut self, command: &Command, look: &Look) {
        if let Command::Resolve { row, field, .. } = command {
            self.list.take(&[(*row, field.clone())], look.ticket);
        }
    }

    fn on_written(&mut self, _command: &Command, _result: &Result<Receipt, Error>, cx: &mut Cx) {
        self.list.answered(cx.look.ticket);
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.list_hit(hit, cx);
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        self.here()
            .and_then(|c| c.customer.as_ref())
            .map(|c| c.0)
            .into_iter()
            .collect()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Conflicts {})
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let below = if area.height >= 14 {
            (area.height / 3).min(10)
        } else {
            0
        };
        let list = Rect::new(area.x, area.y, area.width, area.height - below);
        let inner = canvas.frame(list, look.say.word("screen.conflicts"), "", true);
        if self.list.rows.is_empty() {
            let words = look
                .say
                .word(if self.known {
                    "conflicts.nothing"
                } else {
                    "message.loading"
                })
                .to_owned();
            return groups::draw_empty(canvas, inner, &words);
        }
        let height = usize::from(inner.height);
        canvas.drawn.list_rows = height.max(1);
        let top = self.list.first(height);
        for (y, at) in (inner.top()..inner.bottom()).zip(top..self.list.rows.len()) {
            let Some(conflict) = self.all.get(&self.list.rows[at]) else {
                continue;
            };
            let gone = self.list.ghost.as_ref() == Some(&self.list.rows[at]);
            let text = if gone { Role::Muted } else { Role::Text };
            let line = Rect::new(inner.x, y, inner.width, 1);
            let (name, shown) = (
                title(conflict),
                conflict
                    .values
                    .last()
                    .map(|v| value(conflict, v, look))
                    .unwrap_or_default(),
            );
            let people: Vec<&str> = conflict
                .values
                .iter()
                .rev()
                .map(|v| v.person.as_str())
                .collect();
            let people = people.join(", ");
            let left = inner.width.saturating_sub(2);
            let (a, b, d) = (left * 4 / 10, left * 2 / 10, left * 15 / 100);
            let c = left.saturating_sub(a + b + d + 6);
            let field = label(&conflict.field, look);
            groups::cells_of(
                canvas,
                line,
                &[
                    (&name, a, false, text),
                    (&field, b, false, Role::Accent),
                    (&shown, c, false, text),
                    (&people, d, false, Role::Muted),
                ],
            );
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

#[cfg(test)]
mod tests {
    use crate::domain::command::Command;
    use crate::domain::id::Id;
    use crate::domain::time::Stamp;
    use crate::store::merge::MergeAsk;
    use crate::store::{Options, Store, Who};
    use crate::tui::effect::Effect;
    use crate::tui::harness::{Harness, NOW};
    use crate::tui::views::merge::Merge;

    /// A book and a copy of it, in which ana and bo gave the same customer away without knowing of each other.
    fn grown_apart() -> (Harness, std::path::PathBuf, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let options = |person: &str, n: u8| {
            let who = Who {
                person: person.into(),
                device: Id([n; 16]),
            };
            Options {
                who,
                now: NOW,
                as_of: None,
                create: true,
                zone: None,
                keep: crate::store::outbox::Keep::Nowhere,
            }
        };
        let mut h = Harness::empty("en");
        h.store = Store::open(&at("book.db"), &options("ana", 1)).expect("the book opens");
        h.ready();
        h.press("2 c").type_text("Acme").press("ctrl-s");
        let id = h.app.look.id_of(0).expect("Acme is there");
        std::mem::replace(
            &mut h.store,
            Store::memory(&options("ana", 1)).expect("one in memory opens"),
        )
        .close();
        std::fs::copy(at("book.db"), at("copy.db")).expect("it is copied");
        let give = |name: &str, person: &str, n: u8, owner: &str, ms: i64| {
            let mut store = Store::open(&at(name), &options(person, n)).expect("it opens");
            store
                .write(
                    &Command::Assign {
                        customers: vec![id],
                        owner: owner.into(),
                    },
                    Stamp(NOW.0 + ms),
                )
                .expect("it is written");
            store.close();
        };
        give("book.db", "ana", 1, "kim", 1000);
        give("copy.db", "bo", 2, "zoe", 2000);
        h.store = Store::open(&at("book.db"), &options("ana", 1)).expect("the book opens again");
        h.ready();
        let copy = at("copy.db");
        (h, copy, folder)
    }

    fn merge(h: &mut Harness, path: &std::path::Path, dry_run: bool) {
        let result = h
            .store
            .merge(
                path,
                MergeAsk {
                    now: Stamp(NOW.0 + 5000),
                    dry_run,
                    foreign: false,
                },
            )
            .map(Box::new);
        let merge = Merge {
            path: path.to_owned(),
            dry_run,
        };
        let job = h.begins(&merge);
        h.ends(job, merge, result);
        h.wait(600);
        h.answer_all();
    }

    /// The last keys have begun a merge, or a look at one.
    fn asked(h: &Harness, path: &std::path::Path, dry_run: bool) -> bool {
        let path = path.to_owned();
        let merge = Box::new(Merge { path, dry_run });
        h.effects.contains(&Effect::Run(h.job(), merge))
    }

    #[test]
    fn a_copy_is_looked_at_then_merged_and_its_conflict_decided_by_one_key() {
        let (mut h, copy, _folder) = grown_apart();
        h.press("g m")
            .type_text(&copy.display().to_string())
            .press("enter");
        assert!(asked(&h, &copy, true), "{:?}", h.effects);
        merge(&mut h, &copy, true);
        let text = h.text();
        assert!(
            text.contains("What copy.db would bring")
                && text.contains("bo: owner (Acme)")
                && text.contains("zoe (bo) / kim (ana)"),
            "{text}"
        );
        h.press("enter");
        assert!(asked(&h, &copy, false), "{:?}", h.effects);
        merge(&mut h, &copy, false);
        let text = h.text();
        assert!(
            text.contains("1 conflict (g x)") && text.contains("g x decides them"),
            "{text}"
        );
        h.press("g x");
        let text = h.text();
        assert!(
            text.contains("Acme")
                && text.contains("Owner")
                && text.contains("zoe")
                && text.contains("kim"),
            "{text}"
        );
        h.press("enter 2");
        assert!(
            matches!(h.written().as_slice(), [Command::Resolve { .. }]),
            "{:?}",
            h.written()
        );
        assert!(
            h.text().contains("No copy of the book says anything else")
                && !h.text().contains("1 conflict"),
            "{}",
            h.text()
        );
        h.press("u");
        let owner = h.app.look.read().map(|r| r.owner(0).to_owned());
        assert_eq!(
            owner.as_deref(),
            Some("zoe"),
            "undo brings back what was shown: {}",
            h.text()
        );
        merge(&mut h, &copy, true);
        assert!(h.text().contains("Nothing new there"), "{}", h.text());
    }

    #[test]
    fn copies_beside_the_book_are_told_with_the_key() {
        let (mut h, copy, _folder) = grown_apart();
        h.hear(crate::store::worker::Answer::Copies(vec![copy.clone()]));
        assert!(
            h.text().contains("copy.db") && h.text().contains("g m looks at it"),
            "{}",
            h.text()
        );
        h.press("g m enter");
        assert!(asked(&h, &copy, true), "{:?}", h.effects);
    }

    #[test]
    fn a_merged_copy_beside_the_book_is_put_away_and_the_message_says_where() {
        let (mut h, copy, _folder) = grown_apart();
        let beside = ["book (1).db", "book (2).db"].map(|name| copy.with_file_name(name));
        for path in &beside {
            std::fs::copy(&copy, path).expect("it is copied");
        }
        h.hear(crate::store::worker::Answer::Copies(beside.to_vec()));
        merge(&mut h, &beside[0], false);
        let text = h.text();
        assert!(
            text.contains("Merged: bo: owner (Acme)")
                && text.contains("the copy is now in .book.db.backups"),
            "{text}"
        );
        assert!(!beside[0].exists() && h.app.look.copies == beside[1..]);
        // One that brings nothing goes the same way, without a question.
        h.effects.clear();
        merge(&mut h, &beside[1], true);
        assert!(asked(&h, &beside[1], false), "{:?}", h.effects);
        merge(&mut h, &beside[1], false);
        assert!(
            h.text()
                .contains("Nothing new there · the copy is now in .book.db.backups"),
            "{}",
            h.text()
        );
        assert!(h.app.look.copies.is_empty());
    }
}
