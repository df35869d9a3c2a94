//! Rules: what happens by itself, how often each fired lately; switched on and off, tried, changed after a trial, and removed.

#[cfg(test)]
mod tests;
pub mod trial;

use std::collections::HashMap;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::form::{Form, Target};
use super::groups;
use crate::domain::command::{Command, Receipt};
use crate::domain::query::{FiredAsk, FiredRow, Page, Query};
use crate::domain::rule::{Alert, Edge, KEY, Rule};
use crate::error::Result;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{AlertsAt, Go, RulesAt};
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::measure::wrap;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::{List, Lister};
use trial::TrialBox;

/// Days over which firings are counted.
const LATELY: i64 = 30;

/// The list of rules.
#[derive(Default)]
pub struct Rules {
    list: List<String>,
    // Each rule as it was listed last: one that is gone is shown greyed.
    listed: HashMap<String, Rule>,
    fired: Vec<FiredRow>,
    counts: HashMap<String, usize>,
    wanted: String,
}

fn some(view: &Rules, look: &Look) -> Applies {
    view.here(look).map(|_| ()).ok_or("no_rule")
}

/// The log of a rule, or of all.
fn log(rule: &str) -> Go {
    Go::Alerts(AlertsAt {
        log: true,
        rule: rule.to_owned(),
        ..AlertsAt::default()
    })
}

impl Rules {
    fn here<'a>(&self, look: &'a Look) -> Option<&'a Rule> {
        self.list
            .here()
            .and_then(|code| look.config.rules.find(&code))
    }

    /// The rules follow the book's config.
    fn settle(&mut self, look: &Look) {
        let rules = &look.config.rules.rule;
        let codes: Vec<String> = rules.iter().map(|rule| rule.code.clone()).collect();
        let wanted = std::mem::take(&mut self.wanted);
        if !wanted.is_empty() {
            self.list.want(wanted);
        }
        self.list.set(&codes);
        let ghost = self
            .list
            .ghost
            .as_ref()
            .and_then(|code| self.listed.remove_entry(code));
        self.listed = codes
            .into_iter()
            .zip(rules.iter().cloned())
            .chain(ghost)
            .collect();
    }

    /// Writes what becomes of the rule under the cursor.
    fn change(&mut self, cx: &mut Cx, how: impl FnOnce(&Rule) -> Result<Command>) {
        match self.here(cx.look).map(how) {
            Some(Ok(command)) => drop(cx.write(command)),
            Some(Err(error)) => cx.bad(error.to_string()),
            None => {}
        }
    }

    fn draw_row(&self, canvas: &mut Canvas, line: Rect, code: &String) {
        let look = canvas.look;
        let Some(rule) = look
            .config
            .rules
            .find(code)
            .or_else(|| self.listed.get(code))
        else {
            return;
        };
        let gone = self.list.ghost.as_ref() == Some(code);
        let n = self.counts.get(&rule.code).copied().unwrap_or(0);
        let (sign, role) = if rule.off || gone {
            ("x", Role::Muted)
        } else {
            (look.glyphs.tick, Role::Ok)
        };
        let text = if rule.off || gone {
            Role::Muted
        } else {
            Role::Text
        };
        let wide = line.width >= 70;
        let label = line.width * if wide { 26 } else { 45 } / 100;
        let when = line.width * if wide { 28 } else { 0 } / 100;
        let rest = line.width.saturating_sub(label + when + 6 + 8);
        let edge = look.say.word(if rule.on == Edge::Enter {
            "rules.enters"
        } else {
            "rules.leaves"
        });
        groups::cells_of(
            canvas,
            line,
            &[
                (sign, 1, false, role),
                (&rule.label, label, false, text),
                (
                    &format!("{edge} {}", rule.when),
                    when,
                    false,
                    if rule.off { Role::Muted } else { Role::Info },
                ),
                (&does(rule, look), rest, false, Role::Muted),
                (&grouped(n), 6, true, if n > 0 { text } else { Role::Muted }),
            ],
        );
    }

    /// The rule under the cursor in whole sentences, and its latest firings.
    fn draw_detail(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let Some(rule) = self.here(look) else { return };
        let title = if rule.off {
            look.say.fill("rules.is_off", &[("rule", &rule.label)])
        } else {
            rule.label.clone()
        };
        let inner = canvas.frame(area, &title, &rule.code, false);
        let edge = look.say.word(if rule.on == Edge::Enter {
            "rules.on_enter"
        } else {
            "rules.on_leave"
        });
        let mut lines: Vec<(String, Role)> = vec![
            (format!("{edge} {}", rule.when), Role::Info),
            (does(rule, look), Role::Text),
        ];
        let of = |r: &&FiredRow| r.rule == rule.code;
        let latest = self.fired.iter().filter(of).take(usize::from(inner.height));
        lines.extend(latest.map(|r| {
            (
                format!("{}  {}", r.day.date().format("%a %-d %b"), r.customer_name),
                Role::Muted,
            )
        }));
        if lines.len() == 2 {
            lines.push((
                look.say
                    .fill("rules.not_lately", &[("n", &LATELY.to_string())]),
                Role::Muted,
            ));
        }
        let room = inner.width.saturating_sub(2);
        let mut y = inner.y;
        for (text, role) in lines {
            for line in wrap(&text, usize::from(room.max(8))) {
                if y >= inner.bottom() {
                    return;
                }
                canvas.text(inner.x + 1, y, room, &line, role);
                y += 1;
            }
        }
    }
}

/// What a rule does, in a line.
pub fn does(rule: &Rule, look: &Look) -> String {
    let mut parts = Vec::new();
    if let Some(call) = &rule.action {
        let title = if call.title.is_empty() {
            &rule.label
        } else {
            &call.title
        };
        let kind = crate::tui::work::kind_words(&call.kind, look);
        parts.push(
            look.say
                .fill("rules.opens", &[("kind", kind), ("title", title)]),
        );
        if let Some(days) = call.days {
            parts.push(look.say.fill("rules.due_in", &[("n", &days.to_string())]));
        }
    }
    if !rule.playbook.is_empty() {
        let label = look
            .config
            .playbooks
            .find(&rule.playbook)
            .map_or(rule.playbook.as_str(), |p| p.label.as_str());
        parts.push(look.say.fill("rules.starts", &[("playbook", label)]));
    }
    match rule.alert {
        Alert::None => {}
        Alert::Owner => parts.push(look.say.word("rules.alerts_owner").to_owned()),
        Alert::Team => parts.push(look.say.word("rules.alerts_team").to_owned()),
    }
    parts.join(", ")
}

impl Lister for Rules {
    fn move_to(&mut self, to: usize, look: &Look) {
        self.list.go(to, look.list_rows);
    }
    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }
}

impl Keyed for Rules {
    const KEYS: &'static [&'static [KeyRow<Rules>]] = &[
        &[
            row("log", &["enter"], |v: &mut Self, cx| {
                if let Some(rule) = v.here(cx.look) {
                    cx.go(log(&rule.code));
                }
            })
            .cli("rule log")
            .when(some)
            .hint(),
            row("try", &["t"], |v: &mut Self, cx| {
                if let Some(rule) = v.here(cx.look) {
                    cx.open(TrialBox::of(rule.clone(), None));
                }
            })
            .cli("rule try")
            .when(some)
            .hint(),
            row("switch", &["o"], |v: &mut Self, cx| {
                v.change(cx, |rule| {
                    Rule {
                        off: !rule.off,
                        ..rule.clone()
                    }
                    .command(Some(rule))
                });
            })
            .when(some)
            .writes("rule off")
            .hint(),
            row("edit", &["E"], |v: &mut Self, cx| {
                if let Some(rule) = v.here(cx.look) {
                    let target = Target {
                        rule: Some(rule.clone()),
                        ..Target::default()
                    };
                    cx.open(Form::new("rule", target, cx.look));
                }
            })
            .cli("config edit")
            .when(some)
            .hint(),
            row("add", &["c"], |_: &mut Self, cx| {
                cx.open(Form::new("new_rule", Target::default(), cx.look))
            })
            .writes("rule add")
            .hint(),
            row("remove", &["D"], |v: &mut Self, cx| {
                v.change(cx, Rule::removal)
            })
            .cli("rule remove")
            .when(some),
            row("log_all", &["A"], |_: &mut Self, cx| cx.go(log("")))
                .cli("rule log")
                .hint(),
        ],
        Self::MOVES,
    ];
}

impl Screen for Rules {
    fn title(&self, look: &Look) -> Title {
        let rules = &look.config.rules.rule;
        let on = rules.iter().filter(|r| !r.off).count();
        let counter = look.say.fill(
            "rules.counts",
            &[("n", &grouped(on)), ("of", &grouped(rules.len()))],
        );
        Title {
            crumb: look.say.word("screen.rules").to_owned(),
            filter: String::new(),
            counter,
        }
    }

    fn watches(&self, look: &Look) -> Vec<(u8, Query)> {
        let since = Some(look.now.today.plus(1 - LATELY));
        vec![(
            0,
            Query::Fired(FiredAsk {
                since,
                limit: 20_000,
                ..FiredAsk::default()
            }),
        )]
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, cx: &mut Cx) {
        if let Page::Fired(fired) = page.as_ref() {
            self.fired.clone_from(fired);
            self.counts.clear();
            for row in fired {
                *self.counts.entry(row.rule.clone()).or_default() += 1;
            }
            self.settle(cx.look);
        }
    }

    fn on_write(&mut self, command: &Command, look: &Look) {
        if let Command::SetConfig {
            key, value: None, ..
        } = command
            && let Some(code) = self
                .list
                .here()
                .filter(|code| key.strip_prefix(KEY) == Some(code))
        {
            self.list.take(&[code], look.ticket);
        }
    }

    fn on_written(&mut self, _command: &Command, _result: &Result<Receipt>, cx: &mut Cx) {
        self.list.answered(cx.look.ticket);
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.list_hit(hit, cx);
    }

    fn save(&self, look: &Look) -> Option<Go> {
        let rule = self.here(look).map(|r| r.code.clone());
        Some(Go::Rules(RulesAt {
            rule: rule.unwrap_or_default(),
        }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Rules(at) = to else { return };
        self.wanted.clone_from(&at.rule);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let below = if area.height >= 16 {
            (area.height / 3).clamp(6, 10)
        } else {
            0
        };
        let top = Rect::new(area.x, area.y, area.width, area.height - below);
        let right = look.say.fill("rules.lately", &[("n", &LATELY.to_string())]);
        let inner = canvas.frame(top, look.say.word("screen.rules"), &right, true);
        if self.list.rows.is_empty() {
            return groups::draw_empty(canvas, inner, look.say.word("rules.none"));
        }
        let height = usize::from(inner.height);
        canvas.drawn.list_rows = height.max(1);
        for (y, at) in
            (inner.top()..inner.bottom()).zip(self.list.first(height)..self.list.rows.len())
        {
            let line = Rect::new(inner.x, y, inner.width, 1);
            self.draw_row(canvas, line, &self.list.rows[at]);
            canvas.hit(line, Hit::Row(at));
            if at == self.list.cursor {
                canvas.tint(line, Role::Selection);
            }
        }
        if below > 0 {
            self.draw_detail(canvas, Rect::new(area.x, top.bottom(), area.width, below));
        }
    }
}
