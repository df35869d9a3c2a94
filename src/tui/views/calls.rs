//! Calls to action: mine or everybody's, of all kinds or of one, by whose turn it is; the risks as a register, by what is at stake.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::filter_line::{FilterLine, Filtered};
use super::groups;
use crate::domain::action::{Action, KINDS};
use crate::domain::command::{Command, Entity, Receipt};
use crate::domain::id::Id;
use crate::domain::money::{self, Arr};
use crate::domain::query::{ActionAsk, ActionRow, Page, Query};
use crate::domain::time::{Day, words};
use crate::error::Error;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{CallsAt, Go};
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::measure::{cells, wrap};
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::verbs::Verbs;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::{List, Lister, tell_gone};
use crate::tui::work;

const LIST: u8 = 0;
const CHECK: u8 = 1;

/// The list of calls.
#[derive(Default)]
pub struct Calls {
    list: List<Id>,
    rows: HashMap<Id, ActionRow>,
    filter: FilterLine,
    everybody: bool,
    closed: bool,
    // 0 is all kinds, otherwise one more than the place in `KINDS`.
    kind: usize,
    answered: Option<ActionAsk>,
    known: bool,
}

fn some(view: &Calls, _look: &Look) -> Applies {
    if view.list.chosen().is_empty() {
        Err("no_call")
    } else {
        Ok(())
    }
}

fn open(view: &Calls, look: &Look) -> Applies {
    let closed =
        view.here().is_some_and(|r| r.action.closed.is_some()) && view.list.marks.is_empty();
    if closed {
        Err("is_closed")
    } else {
        some(view, look)
    }
}

impl Calls {
    /// The code of the kind that is shown; empty for all.
    fn kind(&self) -> &'static str {
        self.kind
            .checked_sub(1)
            .and_then(|at| KINDS.get(at))
            .copied()
            .unwrap_or_default()
    }

    /// Risks stand by what is at stake, not by their day.
    fn is_register(&self) -> bool {
        self.kind() == "risk"
    }

    fn ask(&self) -> ActionAsk {
        let owner = if self.everybody { "" } else { "me" };
        ActionAsk {
            filter: self.filter.text.clone(),
            kind: self.kind().to_owned(),
            owner: owner.to_owned(),
            customer: None,
            closed: self.closed,
        }
    }

    fn here(&self) -> Option<&ActionRow> {
        self.list.here().and_then(|id| self.rows.get(&id))
    }

    fn page(&mut self, calls: &[ActionRow], cx: &mut Cx) {
        let old = std::mem::take(&mut self.rows);
        self.rows = calls.iter().map(|r| (r.action.id, r.clone())).collect();
        let ids: Vec<Id> = calls.iter().map(|r| r.action.id).collect();
        let ask = self.ask();
        let again = self.answered.as_ref() == Some(&ask);
        if again {
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
        // Marks on calls that are not listed any more would act unseen.
        let rows = &self.rows;
        if self.list.is_by_others() && again {
            let gone = self.list.keep_marks(|id| rows.contains_key(id));
            tell_gone(gone, &self.list, cx);
        } else {
            self.list.marks.retain(|id| rows.contains_key(id));
        }
        self.answered = Some(ask);
        self.known = true;
    }

    /// Another list: it begins with its first row.
    fn turn_to(&mut self, change: impl FnOnce(&mut Calls)) {
        change(self);
        self.known = false;
        self.list = List::default();
    }

    fn put_off(&mut self, when: &str, cx: &mut Cx) {
        let actions = self.list.chosen();
        let what = self.named(&actions, cx.look);
        work::put_off_calls(actions, &what, when, cx);
    }

    fn named(&self, actions: &[Id], look: &Look) -> String {
        match actions {
            [one] => self
                .rows
                .get(one)
                .map(|r| r.action.title.clone())
                .unwrap_or_default(),
            many => look
                .say
                .fill("calls.several", &[("n", &many.len().to_string())]),
        }
    }

    fn draw_row(&self, canvas: &mut Canvas, line: Rect, index: usize, kind: u16) {
        let look = canvas.look;
        let Some(row) = self.list.rows.get(index).and_then(|id| self.rows.get(id)) else {
            return;
        };
        let action = &row.action;
        let gone = action.closed.is_some() || self.list.ghost == Some(action.id);
        let dim = |role: Role| if gone { Role::Muted } else { role };
        let (sign, sign_role) = work::sign(action, look);
        let stake = row.stake().short(look.config.currency);
        if self.is_register() {
            let late = action.review.is_some_and(|d| d < look.now.today) && action.closed.is_none();
            let (_, days) = groups::day_and_days(action.review, gone, look.now.today);
            let weight = money::short(row.weight, look.config.currency);
            let [sev, weigh, money, customer, what, how, review] = register(line.width);
            return groups::cells_of(
                canvas,
                line,
                &[
                    (&sign, sev, false, dim(sign_role)),
                    (&weight, weigh, true, dim(Role::Text)),
                    (&stake, money, true, Role::Muted),
                    (&row.customer_name, customer, false, dim(Role::Info)),
                    (&action.title, what, false, dim(Role::Text)),
                    (&action.mitigation, how, false, Role::Muted),
                    (
                        &days,
                        review,
                        true,
                        dim(if late { Role::Danger } else { Role::Muted }),
                    ),
                ],
            );
        }
        let wide = line.width >= 70;
        let (due, days) = groups::day_and_days(action.turn(), gone, look.now.today);
        let late = action.turn().is_some_and(|d| d < look.now.today);
        let put_off = action.snoozed.is_some_and(|d| d > look.now.today);
        let title = match put_off {
            true => format!(
                "{} ({})",
                action.title,
                work::put_off_words(&action.snooze_reason, look)
            ),
            false if action.closed.is_some() => format!("{} ({})", action.title, action.outcome),
            false => action.title.clone(),
        };
        let customer = if wide {
            line.width * 26 / 100
        } else {
            line.width * 2 / 5
        };
        let day = if line.width >= 96 { 10 } else { 0 };
        let stake_width = if wide { 6 } else { 0 };
        let owner = if wide && self.everybody { 8 } else { 0 };
        let kind = if wide { kind } else { 4 };
        let room = groups::room(line.width, &[1, day, 5, kind, stake_width, customer, owner]);
        let first = if action.closed.is_some() {
            look.glyphs.tick
        } else if late {
            "!"
        } else {
            ""
        };
        groups::cells_of(
            canvas,
            line,
            &[
                (first, 1, false, if gone { Role::Ok } else { Role::Danger }),
                (&due, day, true, Role::Muted),
                (
                    &days,
                    5,
                    true,
                    dim(if late { Role::Danger } else { Role::Text }),
                ),
                (&sign, kind, false, dim(sign_role)),
                (&title, room, false, dim(Role::Text)),
                (&stake, stake_width, true, Role::Muted),
                (&row.customer_name, customer, false, dim(Role::Info)),
                (&action.owner, owner, false, Role::Muted),
            ],
        );
    }

    /// Everything about the call under the cursor, and in the register how it is sorted.
    fn draw_detail(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let inner = canvas.frame(area, look.say.word("calls.detail"), "", false);
        let room = inner.width.saturating_sub(2);
        let mut y = inner.y;
        let mut lines: Vec<(String, Role)> = Vec::new();
        if let Some(row) = self.here() {
            lines.push((row.action.title.clone(), Role::Text));
            lines.push((about(&row.action, row, look), Role::Muted));
            let more = [
                ("calls.mitigation", &row.action.mitigation),
                ("calls.evidence", &row.action.evidence),
                ("calls.outcome", &row.action.outcome),
            ];
            lines.extend(
                more.iter()
                    .filter(|(_, t)| !t.is_empty())
                    .map(|(word, text)| (look.say.fill(word, &[("text", text)]), Role::Text)),
            );
        }
        let below = u16::from(self.is_register());
        for (text, role) in lines {
            for line in wrap(&text, usize::from(room.max(8))) {
                if y >= inner.bottom().saturating_sub(below) {
                    break;
                }
                canvas.text(inner.x + 1, y, room, &line, role);
                y += 1;
            }
        }
        if self.is_register() && inner.height > 0 {
            canvas.text(
                inner.x + 1,
                inner.bottom() - 1,
                room,
                look.say.word("calls.risk_rule"),
                Role::Muted,
            );
        }
    }

    fn empty_words(&self, look: &Look) -> String {
        let key = if !self.known {
            "message.loading"
        } else if !self.filter.text.is_empty() {
            "calls.nothing_fits"
        } else if look.counts.customers == 0 {
            "message.no_customers"
        } else if self.everybody {
            "calls.nobody_has"
        } else {
            "calls.nothing"
        };
        look.say.fill(key, &[("filter", &self.filter.text)])
    }
}

/// Cells of the register's columns: severity, weight, money, customer, what the risk is, what is done, days until the review.
fn register(width: u16) -> [u16; 7] {
    let customer = if width >= 70 {
        width * 26 / 100
    } else {
        width / 3
    };
    let money = if width >= 60 { 7 } else { 0 };
    let rest = width.saturating_sub(4 + 7 + money + 6 + customer + 11);
    let what = if width >= 96 { rest * 55 / 100 } else { rest };
    [4, 7, money, customer, what, rest - what, 6]
}

/// The names of the register's columns over them.
fn register_head(width: u16, look: &Look) -> String {
    let names = [
        "severity",
        "weight",
        "stake",
        "customer",
        "risk",
        "mitigation",
        "review",
    ];
    let mut text = String::from(" ");
    for ((name, width), right) in names
        .iter()
        .zip(register(width))
        .zip([false, true, true, false, false, false, true])
    {
        let (word, width) = (
            look.say.word(&format!("calls.col_{name}")).to_owned(),
            usize::from(width),
        );
        match (width, right) {
            (0, _) => {}
            (_, true) => text.push_str(&format!("{word:>width$} ")),
            (_, false) => text.push_str(&format!("{word:<width$.width$} ")),
        }
    }
    text
}

/// Kind, who opened it, days, money and figures on one line.
fn about(action: &Action, row: &ActionRow, look: &Look) -> String {
    let mut parts = vec![
        work::kind_words(&action.kind, look).to_owned(),
        row.customer_name.clone(),
        action.owner.clone(),
    ];
    parts.push(row.stake().full(look.config.currency));
    let day = |d: Day| words::show(d, look.now.today);
    parts.extend(
        action
            .due
            .map(|d| look.say.fill("hint.due", &[("day", &day(d))])),
    );
    parts.extend(
        action
            .review
            .map(|d| look.say.fill("calls.review", &[("day", &day(d))])),
    );
    if let Some(until) = action.snoozed {
        let why = work::put_off_words(&action.snooze_reason, look);
        parts.push(
            look.say
                .fill("calls.put_off", &[("day", &day(until)), ("why", why)]),
        );
    }
    parts.push(work::progress(action, look));
    let cause = look
        .config
        .rules
        .find(&action.cause)
        .map_or(action.cause.as_str(), |r| r.label.as_str());
    if !cause.is_empty() {
        parts.push(look.say.fill("calls.cause", &[("rule", cause)]));
    }
    parts.retain(|p| !p.is_empty());
    parts.join(&format!(" {} ", look.glyphs.dot))
}

impl Lister for Calls {
    fn move_to(&mut self, to: usize, look: &Look) {
        self.list.go(to, look.list_rows);
    }
    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }
}

impl Filtered for Calls {
    fn line(&self) -> &FilterLine {
        &self.filter
    }
    fn line_mut(&mut self) -> &mut FilterLine {
        &mut self.filter
    }
}

impl Verbs for Calls {
    fn here(&self, _look: &Look) -> Option<Id> {
        self.here().map(|r| r.action.customer)
    }

    fn edit(&mut self, cx: &mut Cx) {
        if let Some(row) = self.here() {
            work::edit_call(&row.action, cx);
        }
    }

    /// Gives the calls and not their customers.
    fn give(&mut self, cx: &mut Cx) {
        let actions = self.list.chosen();
        let owners = self.rows.values().map(|r| r.action.owner.clone()).collect();
        let seen = match actions.as_slice() {
            [one] => self.rows.get(one).map(|r| r.action.owner.clone()),
            _ => None,
        };
        let what = self.named(&actions, cx.look);
        work::give(Entity::Action, actions, &what, owners, seen, cx);
    }
}

impl Keyed for Calls {
    const KEYS: &'static [&'static [KeyRow<Calls>]] = &[
        &[
            row("close", &["d"], |v: &mut Self, cx| {
                let actions = v.list.chosen();
                let what = v.named(&actions, cx.look);
                work::close_calls(actions, &what, cx);
            })
            .cli("action close")
            .when(open)
            .hint(),
            row("put_off_tomorrow", &["z 1"], |v: &mut Self, cx| {
                v.put_off("tomorrow", cx)
            })
            .cli("action snooze")
            .when(open)
            .hint(),
            row("put_off_monday", &["z 2"], |v: &mut Self, cx| {
                v.put_off("mon", cx)
            })
            .cli("action snooze")
            .when(open),
            row("put_off_week", &["z 3"], |v: &mut Self, cx| {
                v.put_off("+7d", cx)
            })
            .cli("action snooze")
            .when(open),
            row("put_off_date", &["z 4"], |v: &mut Self, cx| {
                v.put_off("", cx)
            })
            .cli("action snooze")
            .when(open),
            row("open", &["enter"], |v: &mut Self, cx| {
                if !v.filter.keep()
                    && let Some(row) = v.here()
                {
                    cx.go(Go::account(row.action.customer));
                }
            })
            .when(|v, _| {
                if v.filter.editing() || v.here().is_some() {
                    Ok(())
                } else {
                    Err("no_call")
                }
            })
            .hint(),
            row("kind_next", &["l", "right"], |v: &mut Self, _| {
                v.turn_to(|v| v.kind = (v.kind + 1) % (KINDS.len() + 1))
            })
            .hint(),
            row("kind_back", &["h", "left"], |v: &mut Self, _| {
                v.turn_to(|v| v.kind = (v.kind + KINDS.len()) % (KINDS.len() + 1))
            }),
            row("register", &["R"], |v: &mut Self, _| {
                v.turn_to(|v| v.kind = usize::from(v.kind != 1))
            })
            .hint(),
            row("everybody", &["O"], |v: &mut Self, _| {
                v.turn_to(|v| v.everybody = !v.everybody)
            })
            .hint(),
            row("closed_too", &["A"], |v: &mut Self, _| v.closed = !v.closed),
        ],
        Self::VERBS,
        Self::FILTER,
        &[
            row("escape", &["esc"], |v: &mut Self, _| {
                if !v.filter.escape() {
                    v.list.unmark();
                }
            })
            .when(|v, _| {
                if v.filter.editing() || !v.list.marks.is_empty() {
                    Ok(())
                } else {
                    Err("no_marks")
                }
            }),
            row("mark", &["space"], |v: &mut Self, cx| {
                v.list.mark();
                v.move_by(1, cx);
            })
            .when(|v, _| v.here().map(|_| ()).ok_or("no_call")),
            row("mark_all", &["*"], |v: &mut Self, _| v.list.mark_all()),
            row("mark_none", &["-"], |v: &mut Self, _| v.list.unmark()).when(|v, _| {
                if v.list.marks.is_empty() {
                    Err("no_marks")
                } else {
                    Ok(())
                }
            }),
        ],
        Self::ABOUT,
        Self::MOVES,
    ];
}

impl Screen for Calls {
    fn title(&self, look: &Look) -> Title {
        let marks = self.list.marks.len();
        let marked = if marks > 0 {
            format!(
                "{}  ",
                look.say
                    .fill("message.marked", &[("n", &marks.to_string())])
            )
        } else {
            String::new()
        };
        let open = self.rows.values().filter(|r| r.action.closed.is_none());
        let late = |r: &&ActionRow| groups::by_day(r.action.turn(), false, look.now.today) == 0;
        let stake: Arr = open.clone().map(ActionRow::stake).sum();
        let (n, late) = (open.clone().count(), open.filter(late).count());
        let mut counts = look.say.fill(
            "tasks.counts",
            &[("n", &grouped(n)), ("late", &grouped(late))],
        );
        if self.is_register() {
            let stake = stake.short(look.config.currency);
            counts = format!(
                "{counts}, {}",
                look.say.fill("calls.at_stake", &[("money", &stake)])
            );
        }
        let whose = look.say.word(if self.everybody {
            "tasks.everybody"
        } else {
            "tasks.mine"
        });
        let closed = if self.closed {
            look.say.word("calls.and_closed")
        } else {
            ""
        };
        let crumb = format!(
            "{} {} {whose}{closed}",
            look.say.word("screen.calls"),
            look.glyphs.crumb
        );
        Title {
            crumb,
            filter: self.filter.text.clone(),
            counter: format!("{marked}{counts}"),
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        let mut all = vec![(LIST, Query::Actions(self.ask()))];
        all.extend(self.filter.query().map(|query| (CHECK, query)));
        all
    }

    fn on_page(&mut self, part: u8, page: &Arc<Page>, cx: &mut Cx) {
        match (part, page.as_ref()) {
            (LIST, Page::Actions(calls)) => self.page(calls, cx),
            (CHECK, Page::Rows(rows)) => self.filter.page(rows),
            _ => {}
        }
    }

    fn on_failed(&mut self, _part: u8, error: &str, cx: &mut Cx) {
        // A filter half typed is not an error yet; its line shows what is wrong.
        if !self.filter.editing() {
            cx.bad(error);
        }
    }

    fn on_write(&mut self, command: &Command, look: &Look) {
        match command {
            Command::CloseActions { actions, .. } if !self.closed => {
                self.list.take(actions, look.ticket)
            }
            Command::CloseActions { .. } | Command::SnoozeActions { .. } => self.list.unmark(),
            _ => {}
        }
    }

    fn on_written(&mut self, _command: &Command, _result: &Result<Receipt, Error>, cx: &mut Cx) {
        self.list.answered(cx.look.ticket);
    }

    fn typing(&self) -> bool {
        self.filter.editing()
    }

    fn type_key(&mut self, key: &KeyEvent, _cx: &mut Cx) {
        self.filter.key(key);
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx) -> bool {
        self.filter.paste(text)
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        match hit {
            Hit::Part(kind) => self.turn_to(|v| v.kind = kind),
            hit => self.list_hit(hit, cx),
        }
    }

    fn step(&mut self, by: i32, look: &Look) -> Option<Id> {
        let before = self.list.cursor;
        self.list.by(by as isize, look.list_rows);
        (self.list.cursor != before)
            .then(|| self.here().map(|r| r.action.customer))
            .flatten()
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        let mut seen = BTreeSet::new();
        let customers = self
            .list
            .chosen()
            .into_iter()
            .filter_map(|id| self.rows.get(&id))
            .map(|r| r.action.customer);
        customers.filter(|id| seen.insert(*id)).collect()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Calls(CallsAt {
            filter: self.filter.settled().to_owned(),
            everybody: self.everybody,
            closed: self.closed,
            kind: self.kind().to_owned(),
            row: self.list.here(),
        }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Calls(at) = to else { return };
        self.filter.settle(&at.filter);
        (self.everybody, self.closed) = (at.everybody, at.closed);
        let kind = KINDS.iter().position(|k| *k == at.kind);
        self.kind = kind.map_or(0, |at| at + 1);
        self.list.want_some(at.row);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let area = self.filter.draw(canvas, area);
        let look = canvas.look;
        let below = if area.height >= 16 {
            (area.height / 3).clamp(5, 7)
        } else {
            0
        };
        let top = Rect::new(area.x, area.y, area.width, area.height - below);
        let order = match (self.is_register(), area.width >= 96) {
            (_, false) => "",
            (true, _) => look.say.word("calls.by_stake"),
            (false, _) => look.say.word("tasks.order"),
        };
        let inner = canvas.frame(top, "", order, true);
        self.draw_kinds(canvas, top);
        if below > 0 {
            self.draw_detail(canvas, Rect::new(area.x, top.bottom(), area.width, below));
        }
        if self.list.rows.is_empty() {
            let words = self.empty_words(look);
            return groups::draw_empty(canvas, inner, &words);
        }
        let kind = self
            .rows
            .values()
            .map(|r| cells(&work::sign(&r.action, look).0))
            .max()
            .unwrap_or(0) as u16;
        let row = |canvas: &mut Canvas, line: Rect, index: usize| {
            self.draw_row(canvas, line, index, kind)
        };
        if self.is_register() {
            let all = vec![0; self.list.rows.len()];
            let head = register_head(inner.width, look);
            return groups::draw(
                canvas,
                inner,
                &self.list,
                &all,
                |_| (head.clone(), Role::Muted),
                row,
            );
        }
        let today = look.now.today;
        let of = |id: &Id| {
            self.rows.get(id).map_or(0, |r| {
                groups::by_day(r.action.turn(), r.action.closed.is_some(), today)
            })
        };
        let all: Vec<usize> = self.list.rows.iter().map(of).collect();
        let head = |index: usize| {
            let (key, role) = groups::BY_DAY[all[index]];
            let n = all.iter().filter(|g| **g == all[index]).count();
            (format!("{} {}", look.say.word(key), grouped(n)), role)
        };
        groups::draw(canvas, inner, &self.list, &all, head, row);
    }
}

impl Calls {
    /// The kinds in the upper edge, the chosen one told apart.
    fn draw_kinds(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let all = std::iter::once(look.say.word("calls.all"))
            .chain(KINDS.iter().map(|k| work::kind_words(k, look)));
        let mut x = area.x + 2;
        for (at, words) in all.enumerate() {
            let on = at == self.kind;
            let text = if on {
                format!("[{words}]")
            } else {
                format!(" {words} ")
            };
            let wide = cells(&text) as u16;
            // On a narrow screen the chosen one alone.
            if x + wide + 1 > area.right() || (area.width < 70 && !on) {
                continue;
            }
            canvas.hit(Rect::new(x, area.y, wide, 1), Hit::Part(at));
            x += canvas.text(
                x,
                area.y,
                wide,
                &text,
                if on { Role::Accent } else { Role::Muted },
            );
        }
    }
}
