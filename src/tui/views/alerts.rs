//! What rules did: the alerts that are open to me, or everybody's; or the log of all firings, of one rule or of all.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use ratatui::layout::Rect;

use super::groups;
use crate::domain::command::{Command, Receipt};
use crate::domain::id::Id;
use crate::domain::query::{FiredAsk, FiredRow, Page, Query};
use crate::error::Error;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{AlertsAt, Go, RulesAt};
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::verbs::{Queue, Verbs};
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::{List, Lister};

/// Days that the log looks back.
const LOG_DAYS: i64 = 365;

/// Whose alerts are listed: mine and the team's, everybody's, mine alone.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Whose {
    #[default]
    Team,
    Everybody,
    Own,
}

/// Each with the word that names it, in the order in which one key leads from one to the next.
const WHOSE: [(Whose, &str); 3] = [
    (Whose::Team, "alerts.team"),
    (Whose::Everybody, "tasks.everybody"),
    (Whose::Own, "tasks.mine"),
];

/// The list of firings.
#[derive(Default)]
pub struct Alerts {
    list: List<Id>,
    rows: HashMap<Id, FiredRow>,
    whose: Whose,
    // Those that somebody is done with too.
    done: bool,
    // All firings and not only alerts; of one rule where it names one.
    log: bool,
    rule: String,
    answered: Option<FiredAsk>,
    known: bool,
}

fn some(view: &Alerts, _look: &Look) -> Applies {
    view.here().map(|_| ()).ok_or("nothing_fired")
}

fn alerts_only(view: &Alerts, _look: &Look) -> Applies {
    if view.log { Err("is_log") } else { Ok(()) }
}

impl Alerts {
    fn ask(&self, look: &Look) -> FiredAsk {
        let days = if self.log {
            LOG_DAYS
        } else {
            i64::from(look.config.policy.alert_days)
        };
        let since = Some(look.now.today.plus(1 - days));
        FiredAsk {
            rule: self.rule.clone(),
            since,
            alerts: !self.log,
            mine: !self.log && self.whose != Whose::Everybody,
            own: self.whose == Whose::Own,
            open: !self.log && !self.done,
            ..FiredAsk::default()
        }
    }

    fn here(&self) -> Option<&FiredRow> {
        self.list.here().and_then(|id| self.rows.get(&id))
    }

    fn page(&mut self, fired: &[FiredRow], look: &Look) {
        let old = std::mem::take(&mut self.rows);
        self.rows = fired.iter().map(|r| (r.id, r.clone())).collect();
        let ids: Vec<Id> = fired.iter().map(|r| r.id).collect();
        let ask = self.ask(look);
        if self.answered.as_ref() == Some(&ask) {
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
        self.answered = Some(ask);
        self.known = true;
    }

    fn draw_row(&self, canvas: &mut Canvas, line: Rect, index: usize) {
        let look = canvas.look;
        let Some(row) = self.list.rows.get(index).and_then(|id| self.rows.get(id)) else {
            return;
        };
        let dim = |role: Role| {
            if self.list.ghost == Some(row.id) {
                Role::Muted
            } else {
                role
            }
        };
        let whom = look
            .say
            .find(&format!("alerts.to_{}", row.alert))
            .unwrap_or_default();
        let [day, customer, room, to, person] = self.widths(line.width);
        let when = row.day.date().format("%a %-d %b").to_string();
        groups::cells_of(
            canvas,
            line,
            &[
                (&when, day, true, Role::Muted),
                (&row.customer_name, customer, false, dim(Role::Info)),
                (&row.text, room, false, dim(Role::Text)),
                (
                    whom,
                    to,
                    false,
                    dim(if row.alert.is_empty() {
                        Role::Muted
                    } else {
                        Role::Warn
                    }),
                ),
                (&row.owner, person, false, Role::Muted),
            ],
        );
    }

    /// Cells of the columns: day, customer, what it says, whom it alerts, the owner, who is known where only mine are listed.
    fn widths(&self, line: u16) -> [u16; 5] {
        let (day, customer, to) = if line >= 70 {
            (10, line / 4, 6)
        } else {
            (0, line * 2 / 5, 0)
        };
        let person = if line >= 70 && (self.log || self.whose != Whose::Own) {
            8
        } else {
            0
        };
        [
            day,
            customer,
            groups::room(line, &[day, customer, to, person]),
            to,
            person,
        ]
    }

    fn empty_words<'a>(&self, look: &'a Look) -> &'a str {
        look.say.word(if !self.known {
            "message.loading"
        } else if look.counts.customers == 0 {
            "message.no_customers"
        } else if self.log {
            "alerts.never_fired"
        } else if self.whose == Whose::Everybody {
            "alerts.nobody_has"
        } else {
            "alerts.nothing"
        })
    }
}

impl Lister for Alerts {
    fn move_to(&mut self, to: usize, look: &Look) {
        self.list.go(to, look.list_rows);
    }
    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }
}

impl Verbs for Alerts {}
impl Queue for Alerts {}

impl Keyed for Alerts {
    const KEYS: &'static [&'static [KeyRow<Alerts>]] = &[
        &[row("open", &["enter"], |v: &mut Self, cx| {
            if let Some(row) = v.here() {
                cx.go(Go::account(row.customer));
            }
        })
        .when(some)
        .hint()],
        Self::QUEUE,
        &[
            row("take_back", &["D"], |v: &mut Self, cx| {
                if let Some(event) = v.list.here() {
                    cx.write(Command::TakeBackFiring { event });
                }
            })
            .cli("rule undo")
            .when(some)
            .hint(),
            row("everybody", &["O"], |v: &mut Self, _| {
                v.whose = WHOSE[(v.whose as usize + 1) % WHOSE.len()].0
            })
            .when(alerts_only)
            .hint(),
            row("done_too", &["A"], |v: &mut Self, _| v.done = !v.done)
                .when(alerts_only)
                .hint(),
            row("rules", &["R"], |_, cx| {
                cx.go(Go::Rules(RulesAt::default()))
            })
            .cli("rule list")
            .hint(),
        ],
        Self::VERBS,
        Self::ABOUT,
        Self::MOVES,
    ];
}

impl Screen for Alerts {
    fn title(&self, look: &Look) -> Title {
        let label = |code: &str| {
            look.config
                .rules
                .find(code)
                .map_or(code.to_owned(), |r| r.label.clone())
        };
        let crumb = match (self.log, self.rule.as_str()) {
            (true, "") => look.say.word("alerts.log").to_owned(),
            (true, rule) => format!(
                "{} {} {}",
                look.say.word("alerts.log"),
                look.glyphs.crumb,
                label(rule)
            ),
            _ => {
                let whose = look.say.word(WHOSE[self.whose as usize].1);
                let done = if self.done {
                    look.say.word("tasks.and_done")
                } else {
                    ""
                };
                format!(
                    "{} {} {whose}{done}",
                    look.say.word("screen.alerts"),
                    look.glyphs.crumb
                )
            }
        };
        Title {
            crumb,
            filter: String::new(),
            counter: look
                .say
                .fill("activity.count", &[("n", &grouped(self.rows.len()))]),
        }
    }

    fn watches(&self, look: &Look) -> Vec<(u8, Query)> {
        vec![(0, Query::Fired(self.ask(look)))]
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, cx: &mut Cx) {
        if let Page::Fired(fired) = page.as_ref() {
            self.page(fired, cx.look);
        }
    }

    fn on_write(&mut self, command: &Command, look: &Look) {
        match command {
            Command::Done { customers } | Command::Snooze { customers, .. }
                if !self.log && !self.done =>
            {
                let gone: Vec<Id> = self
                    .rows
                    .values()
                    .filter(|r| customers.contains(&r.customer))
                    .map(|r| r.id)
                    .collect();
                self.list.take(&gone, look.ticket);
            }
            Command::TakeBackFiring { event } => self.list.take(&[*event], look.ticket),
            _ => {}
        }
    }

    fn on_written(&mut self, _command: &Command, _result: &Result<Receipt, Error>, cx: &mut Cx) {
        self.list.answered(cx.look.ticket);
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.list_hit(hit, cx);
    }

    fn step(&mut self, by: i32, look: &Look) -> Option<Id> {
        let before = self.list.cursor;
        self.list.by(by as isize, look.list_rows);
        (self.list.cursor != before)
            .then(|| self.here().map(|r| r.customer))
            .flatten()
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        self.here().map(|r| r.customer).into_iter().collect()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Alerts(AlertsAt {
            whose: self.whose as usize,
            done: self.done,
            log: self.log,
            rule: self.rule.clone(),
            row: self.list.here(),
        }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Alerts(at) = to else { return };
        (self.done, self.log) = (at.done, at.log);
        self.whose = WHOSE.get(at.whose).map_or(Whose::Team, |w| w.0);
        self.rule.clone_from(&at.rule);
        self.list.want_some(at.row);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let customers: BTreeSet<Id> = self.rows.values().map(|r| r.customer).collect();
        let of = look.say.fill(
            if customers.len() == 1 {
                "funnel.customer"
            } else {
                "funnel.customers"
            },
            &[("n", &grouped(customers.len()))],
        );
        let title = look.say.word(if self.log {
            "alerts.log"
        } else {
            "screen.alerts"
        });
        let inner = canvas.frame(area, title, &of, true);
        if self.list.rows.is_empty() {
            return groups::draw_empty(canvas, inner, self.empty_words(look));
        }
        let today = look.now.today;
        let age = |id: &Id| self.rows.get(id).map_or(3, |r| today.since(r.day));
        let all: Vec<usize> = self
            .list
            .rows
            .iter()
            .map(|id| match age(id) {
                ..=0 => 0,
                1 => 1,
                2..=6 => 2,
                _ => 3,
            })
            .collect();
        let heads = [
            "activity.today",
            "activity.yesterday",
            "alerts.week",
            "alerts.earlier",
        ];
        let head = |index: usize| (look.say.word(heads[all[index]]).to_owned(), Role::Accent);
        groups::draw(
            canvas,
            inner,
            &self.list,
            &all,
            head,
            |canvas, line, index| self.draw_row(canvas, line, index),
        );
        if let Some(row) = self.here() {
            groups::draw_whole(canvas, area, &row.text, self.widths(inner.width)[2]);
        }
    }
}
