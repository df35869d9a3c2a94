//! What is to be done about a customer: its open calls, its success plan, the playbooks that run there; and the keys for them.

use super::facts::{Pieces, heading};
use super::{Account, Key};
use crate::domain::action::{Action, plan_progress};
use crate::domain::command::{Command, Entity};
use crate::domain::event::{Event, EventKind};
use crate::domain::id::Id;
use crate::domain::query::{ActionRow, PlayRow, StepRow};
use crate::domain::time::Day;
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::verbs;
use crate::tui::views::pick::Item;
use crate::tui::work;

/// For so many days a closed call is told with its outcome.
const CLOSED_DAYS: i64 = 30;

/// What is known of it.
#[derive(Default)]
pub(super) struct Work {
    /// Calls to action, the closed ones last.
    pub(super) calls: Vec<ActionRow>,
    /// Playbooks that run.
    pub(super) plays: Vec<PlayRow>,
}

impl Work {
    fn open(&self) -> impl Iterator<Item = &Action> {
        self.calls
            .iter()
            .map(|r| &r.action)
            .filter(|a| a.closed.is_none())
    }

    fn objectives(&self) -> impl Iterator<Item = &Action> {
        self.calls
            .iter()
            .map(|r| &r.action)
            .filter(|a| a.kind == "objective")
    }

    fn steps(&self) -> impl Iterator<Item = (&PlayRow, &StepRow)> {
        let all = self
            .plays
            .iter()
            .flat_map(|p| p.steps.iter().map(move |s| (p, s)));
        all.filter(|(_, s)| s.done.is_none() && s.skipped.is_empty())
    }
}

/// Days until a day, as the tasks beside it say them; its role where it is past.
fn ahead(day: Option<Day>, look: &Look) -> (String, Role) {
    let days = day.map(|d| d.since(look.now.today));
    let text = match days {
        Some(0) => look.say.word("account.today").to_owned(),
        Some(days) => format!("{days:+}d"),
        None => String::new(),
    };
    (
        text,
        if days.is_some_and(|d| d < 0) {
            Role::Danger
        } else {
            Role::Muted
        },
    )
}

/// Its lines among the facts.
pub(super) fn lines(work: &Work, look: &Look) -> Vec<Pieces> {
    let mut lines = heading(look, "account.calls");
    for action in work.open().filter(|a| a.kind != "objective") {
        let (sign, role) = work::sign(action, look);
        let mut line = vec![
            (format!("{sign} "), role),
            (action.title.clone(), Role::Text),
        ];
        if let Some(until) = action.snoozed.filter(|d| *d > look.now.today) {
            let why = work::put_off_words(&action.snooze_reason, look);
            line.push((
                format!(" {}", look.say.fill("account.put_off", &[("why", why)])),
                Role::Muted,
            ));
            line.push((format!("  {}", ahead(Some(until), look).0), Role::Muted));
        } else {
            let (days, late) = ahead(action.turn(), look);
            line.push((format!("  {days}"), late));
        }
        lines.push(line);
        if let Some(review) = action.review.filter(|day| Some(*day) != action.turn()) {
            let (days, late) = ahead(Some(review), look);
            lines.push(vec![(
                format!("   {}", look.say.fill("calls.review", &[("day", &days)])),
                late,
            )]);
        }
    }
    if lines.len() == 2 {
        lines.push(vec![(
            look.say.word("account.no_calls").to_owned(),
            Role::Muted,
        )]);
    }
    lines.extend(closed(work, look));
    lines.extend(plan(work, look));
    for play in &work.plays {
        lines.extend(steps(play, look));
    }
    lines
}

/// What came of the calls that were closed lately.
fn closed(work: &Work, look: &Look) -> Vec<Pieces> {
    let lately = |a: &&Action| {
        a.kind != "objective"
            && a.closed
                .is_some_and(|day| look.now.today.since(day) <= CLOSED_DAYS)
    };
    let calls = work.calls.iter().map(|r| &r.action).filter(lately);
    calls
        .map(|a| {
            vec![(
                format!("{} {}: {}", look.glyphs.tick, a.title, a.outcome),
                Role::Muted,
            )]
        })
        .collect()
}

/// The success plan: its objectives, and how the share that is done is counted.
fn plan(work: &Work, look: &Look) -> Vec<Pieces> {
    let Some(done) = plan_progress(work.objectives()) else {
        return Vec::new();
    };
    let mut lines = vec![Vec::new()];
    lines.push(vec![(
        look.say
            .fill("account.plan", &[("done", &done.to_string())]),
        Role::Accent,
    )]);
    for action in work.objectives() {
        let (tick, figures) = (action.closed.is_some(), work::progress(action, look));
        let sign = if tick {
            format!("{} ", look.glyphs.tick)
        } else {
            "- ".to_owned()
        };
        let mut line = vec![
            (sign, if tick { Role::Ok } else { Role::Muted }),
            (action.title.clone(), Role::Text),
        ];
        let (days, late) = ahead(action.turn().filter(|_| !tick), look);
        line.push((format!("  {days}"), late));
        lines.push(line);
        if !figures.is_empty() {
            lines.push(vec![(format!("  {figures}"), Role::Muted)]);
        }
    }
    lines.push(vec![(
        look.say.word("work.plan_rule").to_owned(),
        Role::Muted,
    )]);
    lines
}

fn steps(play: &PlayRow, look: &Look) -> Vec<Pieces> {
    let past = play
        .steps
        .iter()
        .filter(|s| s.done.is_some() || !s.skipped.is_empty())
        .count();
    let of = look.say.fill(
        "account.steps",
        &[
            ("n", &past.to_string()),
            ("of", &play.steps.len().to_string()),
        ],
    );
    let mut lines = vec![
        Vec::new(),
        vec![
            (play.label.clone(), Role::Accent),
            (format!("  {of}"), Role::Muted),
        ],
    ];
    lines.extend(play.steps.iter().map(|step| {
        let (days, late) = ahead(step.due, look);
        let (sign, role, end) = match (&step.done, step.skipped.as_str()) {
            (Some(_), _) => (look.glyphs.tick, Role::Ok, (String::new(), Role::Muted)),
            (None, "") if late == Role::Danger => ("!", Role::Danger, (days, late)),
            (None, "") => (
                if look.glyphs.ascii { "-" } else { "□" },
                Role::Muted,
                (days, late),
            ),
            (None, why) => {
                let words = look.say.fill("account.skipped", &[("why", why)]);
                return vec![(format!("x {}: {words}", step.title), Role::Muted)];
            }
        };
        let title = if step.done.is_none() {
            Role::Text
        } else {
            Role::Muted
        };
        vec![
            (format!("{sign} "), role),
            (step.title.clone(), title),
            (format!("  {}", end.0), end.1),
        ]
    }));
    lines
}

fn has_call(v: &Account, _: &Look) -> Applies {
    if v.work.open().next().is_some() {
        Ok(())
    } else {
        Err("no_call")
    }
}

fn has_step(v: &Account, _: &Look) -> Applies {
    if v.work.steps().next().is_some() {
        Ok(())
    } else {
        Err("no_step")
    }
}

fn has_play(v: &Account, _: &Look) -> Applies {
    if v.work.plays.is_empty() {
        Err("no_play")
    } else {
        Ok(())
    }
}

impl Account {
    /// The keys, all behind one letter whose box lists them.
    pub(super) const WORK: &'static [KeyRow<Account>] = &[
        row("call_close", &["x c"], |v: &mut Self, cx| {
            v.pick_call(cx, |a, cx| work::close_calls(vec![a.id], &a.title, cx));
        })
        .cli("action close")
        .when(has_call)
        .hint(),
        row("call_put_off", &["x z"], |v: &mut Self, cx| {
            v.pick_call(cx, |a, cx| {
                work::put_off_calls(vec![a.id], &a.title, "", cx)
            });
        })
        .cli("action snooze")
        .when(has_call),
        row("call_edit", &["x e"], |v: &mut Self, cx| {
            v.pick_call(cx, work::edit_call)
        })
        .when(has_call)
        .writes("action set"),
        row("step_done", &["x d"], |v: &mut Self, cx| {
            v.pick_step(cx, |s, cx| {
                cx.write(Command::DoneTasks {
                    tasks: vec![s.task],
                });
            });
        })
        .cli("task done")
        .when(has_step),
        row("step_skip", &["x s"], |v: &mut Self, cx| {
            v.pick_step(cx, work::skip_step)
        })
        .when(has_step)
        .writes("play skip"),
        row("play_end", &["x p"], Account::end_play)
            .when(has_play)
            .writes("play end"),
        row("firing_back", &["x r"], Account::take_firing_back)
            .when(|v, _| v.firings().next().map(|_| ()).ok_or("no_firing"))
            .writes("rule undo"),
    ];

    fn pick_call(&mut self, cx: &mut Cx, then: fn(&Action, &mut Cx)) {
        let item = |a: &Action| {
            let due = a.turn().map(verbs::day).unwrap_or_default();
            Item {
                label: a.title.clone(),
                detail: format!("{} {due}", work::sign(a, cx.look).0),
                code: a.id.to_string(),
            }
        };
        let items: Vec<Item> = self.work.open().map(item).collect();
        let calls: Vec<Action> = self.work.open().cloned().collect();
        work::one_of(
            "prompt.which_call",
            "why_not.no_call",
            items,
            cx,
            move |code, cx| {
                if let Some(action) = calls.iter().find(|a| a.id.to_string() == code) {
                    then(action, cx);
                }
            },
        );
    }

    fn pick_step(&mut self, cx: &mut Cx, then: fn(&StepRow, &mut Cx)) {
        let item = |(play, step): (&PlayRow, &StepRow)| {
            let detail = format!("{} {}", play.label, ahead(step.due, cx.look).0);
            Item {
                label: step.title.clone(),
                detail: detail.trim_end().to_owned(),
                code: step.id.to_string(),
            }
        };
        let items: Vec<Item> = self.work.steps().map(item).collect();
        let steps: Vec<StepRow> = self.work.steps().map(|(_, s)| s.clone()).collect();
        work::one_of(
            "prompt.which_step",
            "why_not.no_step",
            items,
            cx,
            move |code, cx| {
                if let Some(step) = steps.iter().find(|s| s.id.to_string() == code) {
                    then(step, cx);
                }
            },
        );
    }

    fn end_play(&mut self, cx: &mut Cx) {
        let plays = self.work.plays.clone();
        let items = plays
            .iter()
            .map(|p| Item::new(p.id.to_string(), p.label.clone()))
            .collect();
        work::one_of(
            "prompt.which_play",
            "why_not.no_play",
            items,
            cx,
            move |code, cx| {
                if let Some(play) = plays.iter().find(|p| p.id.to_string() == code) {
                    work::end_play(play, cx);
                }
            },
        );
    }

    /// Firings on the timeline as far as it is loaded, the one under the cursor first.
    fn firings(&self) -> impl Iterator<Item = &Event> {
        let here = self.event().filter(|e| e.kind == EventKind::Rule);
        let at = here.map(|e| e.id);
        let all = self
            .page
            .iter()
            .flat_map(|p| &p.events)
            .filter(move |e| e.kind == EventKind::Rule && Some(e.id) != at);
        here.into_iter().chain(all)
    }

    fn take_firing_back(&mut self, cx: &mut Cx) {
        let item = |e: &Event| Item {
            label: e.text.clone(),
            detail: verbs::day(e.day),
            code: e.id.to_string(),
        };
        let items = self.firings().map(item).collect();
        work::one_of(
            "prompt.which_firing",
            "why_not.no_firing",
            items,
            cx,
            |code, cx| {
                if let Ok(event) = code.parse::<Id>() {
                    cx.write(Command::TakeBackFiring { event });
                }
            },
        );
    }

    /// Removes the event under the cursor; a firing goes with all that it did.
    pub(super) fn remove_here(&mut self, cx: &mut Cx) {
        let Some(Key::Event(id)) = self.at else {
            return;
        };
        let fired = self.event().is_some_and(|e| e.kind == EventKind::Rule);
        cx.write(if fired {
            Command::TakeBackFiring { event: id }
        } else {
            Command::Remove {
                entity: Entity::Event,
                rows: vec![id],
            }
        });
    }
}
