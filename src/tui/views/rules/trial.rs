//! A rule tried: whom it holds today and for whom it would have fired; what is to be saved is saved from here only.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::does;
use crate::domain::command::Command;
use crate::domain::query::{Page, Query};
use crate::domain::rule::{Edge, Rule, Trial};
use crate::tui::canvas::{Canvas, Hit, centred};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::measure::wrap;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Place, Screen, Title};
use crate::tui::views::form::Form;

/// Days that a trial looks back.
const DAYS: u16 = 90;

/// The box over the rules, or over the form of one.
#[derive(Default)]
pub struct TrialBox {
    rule: Option<Rule>,
    // What Enter writes.
    save: Option<Command>,
    trial: Option<Trial>,
    failed: String,
    top: usize,
}

impl TrialBox {
    /// The trial of a rule; with `save` it is saved by Enter.
    pub fn of(rule: Rule, save: Option<Command>) -> TrialBox {
        TrialBox {
            rule: Some(rule),
            save,
            ..TrialBox::default()
        }
    }

    fn scroll(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by);
    }

    fn save(&mut self, cx: &mut Cx) {
        let Some(command) = self.save.take() else {
            return;
        };
        cx.close();
        let sent = command.clone();
        cx.tell(|form: &mut Form, _| form.sends(sent));
        cx.write(command);
    }

    fn lines(&self, look: &Look, width: usize) -> Vec<(String, Role)> {
        let Some(rule) = &self.rule else {
            return Vec::new();
        };
        let say = &look.say;
        let edge = say.word(if rule.on == Edge::Enter {
            "rules.on_enter"
        } else {
            "rules.on_leave"
        });
        let mut lines = vec![
            (format!("{edge} {}", rule.when), Role::Info),
            (does(rule, look), Role::Text),
            (String::new(), Role::Text),
        ];
        let Some(trial) = &self.trial else {
            let (text, role) = if self.failed.is_empty() {
                (say.word("rules.trying").to_owned(), Role::Muted)
            } else {
                (self.failed.clone(), Role::Danger)
            };
            lines.push((text, role));
            return wrapped(lines, width);
        };
        lines.push((
            say.fill("rules.holds", &[("n", &grouped(trial.today.len()))]),
            Role::Accent,
        ));
        lines.extend(
            trial
                .today
                .iter()
                .map(|(_, name)| (format!("{} {name}", look.glyphs.bullet), Role::Text)),
        );
        lines.push((String::new(), Role::Text));
        let word = if trial.step == 1 {
            "rules.would"
        } else {
            "rules.would_weekly"
        };
        let (n, days) = (grouped(trial.fired.len()), trial.days.to_string());
        lines.push((say.fill(word, &[("n", &n), ("days", &days)]), Role::Accent));
        if trial.computing {
            lines.push((say.word("rules.trying").to_owned(), Role::Muted));
        }
        let fired = trial.fired.iter().rev();
        lines.extend(fired.map(|(day, _, name)| {
            (
                format!(
                    "{} {:<11} {name}",
                    look.glyphs.bullet,
                    day.date().format("%a %-d %b")
                ),
                Role::Text,
            )
        }));
        wrapped(lines, width)
    }
}

fn wrapped(lines: Vec<(String, Role)>, width: usize) -> Vec<(String, Role)> {
    let of = |(text, role): (String, Role)| {
        let lines = if text.is_empty() {
            vec![text]
        } else {
            wrap(&text, width.max(8))
        };
        lines.into_iter().map(move |line| (line, role))
    };
    lines.into_iter().flat_map(of).collect()
}

impl Keyed for TrialBox {
    const KEYS: &'static [&'static [KeyRow<TrialBox>]] = &[&[
        row("save", &["enter", "ctrl-s"], TrialBox::save)
            .cli("rule add")
            .when(|v, _| match (&v.save, &v.trial) {
                (None, _) => Err("only_tried"),
                (_, None) => Err("not_tried"),
                _ => Ok(()),
            })
            .hint(),
        row("close", &["esc", "q"], |_, cx| cx.close()).hint(),
        row("down", &["j", "down"], |v: &mut Self, _| v.scroll(1)),
        row("up", &["k", "up"], |v: &mut Self, _| v.scroll(-1)),
        row("page_down", &["pgdn", "space"], |v: &mut Self, _| {
            v.scroll(10)
        }),
        row("page_up", &["pgup"], |v: &mut Self, _| v.scroll(-10)),
    ]];
}

impl Screen for TrialBox {
    fn place(&self) -> Place {
        Place::Box
    }

    fn title(&self, look: &Look) -> Title {
        Title {
            crumb: look.say.word("screen.trial").to_owned(),
            ..Title::default()
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        self.rule
            .iter()
            .map(|rule| {
                (
                    0,
                    Query::Trial {
                        rule: Box::new(rule.clone()),
                        days: DAYS,
                    },
                )
            })
            .collect()
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, _cx: &mut Cx) {
        if let Page::Trial(trial) = page.as_ref() {
            self.trial = Some(trial.clone());
        }
    }

    fn on_failed(&mut self, _part: u8, error: &str, _cx: &mut Cx) {
        error.clone_into(&mut self.failed);
    }

    fn on_hit(&mut self, hit: Hit, _cx: &mut Cx) {
        if let Hit::Wheel(by) = hit {
            self.scroll(by as isize);
        }
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let width = area.width.saturating_sub(4).clamp(20, 80);
        let lines = self.lines(look, usize::from(width.saturating_sub(4)));
        let height = (lines.len() as u16 + 4).clamp(8, area.height.max(8));
        let title = self
            .rule
            .as_ref()
            .map(|r| look.say.fill("rules.trial", &[("rule", &r.label)]))
            .unwrap_or_default();
        let inner = canvas.frame(centred(area, width, height), &title, "", true);
        if inner.height < 3 {
            return;
        }
        let body = Rect::new(
            inner.x + 1,
            inner.y,
            inner.width.saturating_sub(2),
            inner.height - 2,
        );
        let top = self
            .top
            .min(lines.len().saturating_sub(usize::from(body.height)));
        for (y, (text, role)) in (body.top()..body.bottom()).zip(lines.iter().skip(top)) {
            canvas.text(body.x, y, body.width, text, *role);
        }
        let keys = match (&self.save, &self.trial) {
            (Some(_), Some(_)) => "rules.keys_save",
            (Some(_), None) => "rules.keys_wait",
            _ => "rules.keys",
        };
        canvas.text(
            body.x,
            inner.bottom() - 1,
            body.width,
            look.say.word(keys),
            Role::Muted,
        );
    }
}
