//! Texts that were begun and not saved, the newest first: taken up where they were left, copied, or let go.

use ratatui::layout::Rect;

use super::groups;
use super::pick::{Item, Pick};
use crate::domain::touchpoint::channel;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::drafts::{Draft, Key, shown};
use crate::tui::go::{ChannelAt, FormAt, Go, RulesAt, ScorecardsAt};
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::wrap;
use crate::tui::step::{AppStep, Cx, Step};
use crate::tui::theme::Role;
use crate::tui::verbs;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::Lister;

/// The list, and under it the whole text of the one at the cursor.
#[derive(Default)]
pub struct DraftList {
    // The draft under the cursor, and where it stood when it was last seen.
    here: Option<Key>,
    at: usize,
    rows: usize,
}

/// All of them, the newest first.
fn all(look: &Look) -> Vec<(&Key, &Draft)> {
    let mut all: Vec<(&Key, &Draft)> = look.drafts.iter().collect();
    all.sort_by_key(|(key, draft)| (std::cmp::Reverse(draft.at), *key));
    all
}

/// What it was typed in: `Note`, `Phone call`, `Edit customer`.
fn kind_words(key: &Key, look: &Look) -> String {
    let form = key
        .form()
        .and_then(|code| look.say.find(&format!("form.{code}")));
    let channel = channel(&key.what)
        .filter(|_| key.kind == "touch")
        .map(|c| look.say.codes.channel(c.code));
    form.or(channel)
        .or_else(|| look.say.find(&format!("draft.kind_{}", key.kind)))
        .unwrap_or(&key.kind)
        .to_owned()
}

/// For whom it is, by the names of now where there are some.
fn who(key: &Key, draft: &Draft, look: &Look) -> String {
    let now = verbs::listed(&key.customers, look);
    if now.is_empty() {
        draft.who.clone()
    } else {
        now
    }
}

/// Why it cannot be taken up: its customer is gone, it is of another book, or nobody knows where it was typed.
fn opens(view: &DraftList, look: &Look) -> Applies {
    let (key, _) = view.current(look).ok_or("no_draft")?;
    look.roster.as_ref().ok_or("no_book")?;
    if !key.book.is_empty() && *key.book != *look.book.display().to_string() {
        return Err("of_another_book");
    }
    if key.customers.iter().any(|id| look.is_gone(*id)) {
        return Err("customer_gone");
    }
    let of_the_book = matches!(key.kind.as_str(), "create" | "scorecards")
        || key
            .form()
            .is_some_and(|code| code == "text" || code.contains("rule") || code == "new_customer");
    if key.customers.is_empty() && !of_the_book {
        Err("draft_elsewhere")
    } else {
        Ok(())
    }
}

fn any(view: &DraftList, look: &Look) -> Applies {
    view.current(look).map(|_| ()).ok_or("no_draft")
}

fn over(to: Go, cx: &mut Cx) {
    cx.push(Step::App(AppStep::Over(Box::new(to))));
}

impl DraftList {
    fn current<'a>(&self, look: &'a Look) -> Option<(&'a Key, &'a Draft)> {
        let all = all(look);
        let at = self.place(&all);
        all.get(at).copied()
    }

    fn place(&self, all: &[(&Key, &Draft)]) -> usize {
        let there = self
            .here
            .as_ref()
            .and_then(|here| all.iter().position(|(key, _)| *key == here));
        there.unwrap_or(self.at).min(all.len().saturating_sub(1))
    }

    /// Opens the line or form that it was typed in, which takes it up.
    fn open(&mut self, cx: &mut Cx) {
        let Some((key, draft)) = self.current(cx.look) else {
            return;
        };
        let (key, customers) = (key.clone(), key.customers.clone());
        cx.push(Step::Offer(key.clone()));
        let one = customers.first().copied().filter(|_| customers.len() == 1);
        match (key.kind.as_str(), key.form(), one) {
            ("note", ..) => verbs::note(customers, cx),
            ("task", ..) => verbs::task(customers, cx),
            ("create", ..) => verbs::create(cx),
            ("scorecards", ..) => over(Go::Scorecards(ScorecardsAt::default()), cx),
            ("hold", _, Some(one)) => verbs::hold(one, false, cx),
            ("touch", _, Some(one)) if key.what.is_empty() => {
                let text = ("text".to_owned(), draft.text.clone().into());
                cx.go(Go::Form(Box::new(FormAt {
                    values: std::iter::once(text).collect(),
                    from: Some(key),
                    ..FormAt::of("touch", Some(one))
                })));
            }
            ("touch", _, None) => {
                if let Some(channel) = channel(&key.what) {
                    verbs::touch_line(customers, channel, Vec::new(), cx);
                }
            }
            ("touch", ..) => cx.go(Go::Channel(ChannelAt {
                customers,
                channel: channel(&key.what),
            })),
            // These begin from what the customer's page or the list of rules has.
            (_, Some("call" | "objective"), Some(one)) => {
                cx.go(Go::account(one));
                cx.toast(cx.look.say.word("draft.open_there").to_owned());
            }
            (_, Some("rule"), _) => {
                over(Go::Rules(RulesAt::default()), cx);
                cx.toast(cx.look.say.word("draft.open_there").to_owned());
            }
            (_, Some(code), _) => {
                let row = if code == "customer" { one } else { key.row };
                cx.go(Go::Form(Box::new(FormAt {
                    row,
                    draft: Some(Key {
                        copy: 0,
                        ..key.clone()
                    }),
                    ..FormAt::of(code, one)
                })));
            }
            _ => {}
        }
    }

    /// Asks before a text goes that is nowhere else.
    fn let_go(&mut self, cx: &mut Cx) {
        let Some((key, draft)) = self.current(cx.look) else {
            return;
        };
        let key = key.clone();
        let ways = ["keep", "drop"]
            .map(|code| Item::new(code, cx.look.say.word(&format!("draft.{code}"))));
        let title = format!(
            "{} {} {}",
            kind_words(&key, cx.look),
            cx.look.glyphs.dot,
            who(&key, draft, cx.look)
        );
        cx.open(Pick::new(title, ways.to_vec(), move |code, cx| {
            if code == "drop" {
                cx.push(Step::Forget(key.clone()));
                cx.toast(cx.look.say.word("message.draft_dropped").to_owned());
            }
        }));
    }

    fn copy(&mut self, cx: &mut Cx) {
        if let Some((_, draft)) = self.current(cx.look) {
            let text = shown(draft, cx.look).join("\n");
            cx.push(Step::Copy(text, cx.look.say.word("word.text").to_owned()));
        }
    }

    fn draw_text(&self, canvas: &mut Canvas, area: Rect, draft: &Draft) {
        let look = canvas.look;
        let inner = canvas.frame(area, &look.draft_words(draft), "", false);
        let room = usize::from(inner.width.saturating_sub(2)).max(8);
        let lines = shown(draft, look)
            .into_iter()
            .flat_map(|line| wrap(&line, room));
        for (y, line) in (inner.top()..inner.bottom()).zip(lines) {
            canvas.text(
                inner.x + 1,
                y,
                inner.width.saturating_sub(2),
                &line,
                Role::Text,
            );
        }
    }
}

impl Lister for DraftList {
    fn move_to(&mut self, to: usize, look: &Look) {
        let all = all(look);
        (self.at, self.rows) = (to.min(all.len().saturating_sub(1)), all.len());
        self.here = all.get(self.at).map(|(key, _)| (*key).clone());
    }
    fn at(&self) -> (usize, usize) {
        (self.at, self.rows)
    }
}

impl Keyed for DraftList {
    const KEYS: &'static [&'static [KeyRow<DraftList>]] = &[
        &[
            row("take_up", &["enter", "o"], DraftList::open)
                .when(opens)
                .writes("")
                .types()
                .hint(),
            row("copy_text", &["y t"], DraftList::copy).when(any).hint(),
            row("let_go", &["D"], DraftList::let_go).when(any).hint(),
        ],
        Self::MOVES,
    ];
}

impl Screen for DraftList {
    fn title(&self, look: &Look) -> Title {
        let counter = look.say.fill(
            "draft.count",
            &[("n", &look.drafts.iter().count().to_string())],
        );
        Title {
            crumb: look.say.word("screen.drafts").to_owned(),
            filter: String::new(),
            counter,
        }
    }

    fn quiet(&mut self, look: &Look) {
        let all = all(look);
        let at = self.place(&all);
        self.move_to(at, look);
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.list_hit(hit, cx);
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Drafts {})
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let below = if area.height >= 12 {
            area.height / 3
        } else {
            0
        };
        let list = Rect::new(area.x, area.y, area.width, area.height - below);
        let inner = canvas.frame(list, look.say.word("screen.drafts"), "", true);
        let all = all(look);
        if all.is_empty() {
            let words = look.say.word("draft.nothing").to_owned();
            return groups::draw_empty(canvas, inner, &words);
        }
        let (at, height) = (self.place(&all), usize::from(inner.height).max(1));
        canvas.drawn.list_rows = height;
        let (kind, name) = (
            (inner.width / 5).clamp(8, 20),
            (inner.width / 4).clamp(10, 32),
        );
        for (y, n) in (inner.top()..inner.bottom()).zip((at + 1).saturating_sub(height)..all.len())
        {
            let ((key, draft), line) = (all[n], Rect::new(inner.x, y, inner.width, 1));
            let first = shown(draft, look)
                .into_iter()
                .find(|line| !line.trim().is_empty())
                .unwrap_or_default();
            let rest = inner.width.saturating_sub(kind + name + 8 + 5);
            let cells = [
                (look.draft_day(draft), 8, Role::Muted),
                (kind_words(key, look), kind, Role::Accent),
                (who(key, draft, look), name, Role::Text),
                (first, rest, Role::Muted),
            ];
            let cells: Vec<(&str, u16, bool, Role)> = cells
                .iter()
                .map(|(text, wide, role)| (text.as_str(), *wide, false, *role))
                .collect();
            groups::cells_of(canvas, line, &cells);
            canvas.hit(line, Hit::Row(n));
            if n == at {
                canvas.tint(line, Role::Selection);
            }
        }
        if below > 0 {
            self.draw_text(
                canvas,
                Rect::new(area.x, list.bottom(), area.width, below),
                all[at].1,
            );
        }
    }
}

#[cfg(test)]
mod tests;
