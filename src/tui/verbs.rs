//! The verbs that act on customers from every screen, by the same keys: note, touch, task, stage, owner, playbook, call, and doing the last one again.

use serde_json::json;

pub mod handover;

use super::drafts::Key;
use super::key_row::{Applies, KeyRow, row};
use super::look::Look;
pub use super::look::listed;
use super::measure::safe;
use super::step::{Cx, Step};
use super::view::{Keyed, Screen};
use super::views::log_line::{Line, Understood};
use super::views::pick::{Item, Pick};
use super::work;
use crate::columns;
use crate::domain::command::{Command, Target};
use crate::domain::customer::Contact;
use crate::domain::id::Id;
use crate::domain::stage::{BACK_REASONS, CHURN_REASONS, Reason, StageNo};
use crate::domain::task::TaskDraft;
use crate::domain::time::{Day, words};
use crate::domain::touchpoint::{CHANNELS, Channel, line};
use crate::tui::go::{ChannelAt, FormAt, Go};

/// Labels of the rows below: with several customers marked the hint line says "stage of 37".
pub const LABELS: &[&str] = &[
    "note",
    "touch",
    "task",
    "stage",
    "stage_next",
    "stage_back",
    "assign",
    "playbook",
    "call",
    "done",
    "snooze_tomorrow",
    "snooze_monday",
    "snooze_week",
    "snooze_date",
    "snooze_until",
    "unsnooze",
];

/// Mixed into a screen whose [`Screen::subjects`] names customers: `const KEYS = &[OWN, Self::VERBS, Self::MOVES]`.
pub trait Verbs: Keyed {
    /// The customer under the cursor, whatever is marked.
    fn here(&self, look: &Look) -> Option<Id> {
        self.subjects(look).first().copied()
    }

    /// Edits the customer under the cursor.
    fn edit(&mut self, cx: &mut Cx) {
        if let Some(customer) = self.here(cx.look) {
            cx.go(Go::Form(Box::new(FormAt {
                row: Some(customer),
                ..FormAt::of("customer", Some(customer))
            })));
        }
    }

    /// Gives what is listed to an owner.
    fn give(&mut self, cx: &mut Cx) {
        assign(self.subjects(cx.look), cx);
    }

    /// The rows.
    const VERBS: &'static [KeyRow<Self>] = &[
        row("touch", &["i"], |v: &mut Self, cx| {
            touch(v.subjects(cx.look), cx)
        })
        .when(some)
        .writes("log")
        .types()
        .hint(),
        row("note", &["n"], |v: &mut Self, cx| {
            note(v.subjects(cx.look), cx)
        })
        .when(some)
        .writes("note")
        .types()
        .hint(),
        row("task", &["t"], |v: &mut Self, cx| {
            task(v.subjects(cx.look), cx)
        })
        .when(some)
        .writes("task")
        .types()
        .hint(),
        row("stage_next", &[">"], |v: &mut Self, cx| {
            shift(v.subjects(cx.look), 1, cx)
        })
        .when(some)
        .writes("move")
        .hint(),
        row("stage_back", &["<"], |v: &mut Self, cx| {
            shift(v.subjects(cx.look), -1, cx)
        })
        .when(some)
        .writes("move"),
        row("stage", &["m"], |v: &mut Self, cx| {
            stage(v.subjects(cx.look), cx)
        })
        .when(some)
        .writes("move")
        .types()
        .hint(),
        row("assign", &["a"], Self::give)
            .when(some)
            .writes("assign")
            .types()
            .hint(),
        row("playbook", &["p"], |v: &mut Self, cx| {
            work::start_play(v.subjects(cx.look), cx)
        })
        .when(some)
        .writes("play start")
        .types()
        .hint(),
        row("call", &["!"], |v: &mut Self, cx| {
            work::open_call(v.subjects(cx.look), cx)
        })
        .when(some)
        .writes("action open")
        .types()
        .hint(),
        row("handover", &["g j"], |v: &mut Self, cx| {
            handover::hand_over(v.subjects(cx.look), cx)
        })
        .when(some)
        .writes("handover")
        .types(),
    ];

    /// The rows for the one under the cursor, and for taking it elsewhere.
    const ABOUT: &'static [KeyRow<Self>] = &[
        row("explain", &["e"], |v: &mut Self, cx| {
            if let Some(customer) = v.here(cx.look) {
                cx.go(Go::explain(customer));
            }
        })
        .cli("health")
        .when(one)
        .hint(),
        row("edit", &["E"], Self::edit)
            .when(one)
            .writes("edit")
            .types()
            .hint(),
        row("copy_id", &["y i"], |v: &mut Self, cx| {
            let ids: Vec<String> = v
                .subjects(cx.look)
                .iter()
                .map(ToString::to_string)
                .collect();
            cx.push(Step::Copy(
                ids.join("\n"),
                cx.look.say.word("word.id").to_owned(),
            ));
        })
        .when(some),
        row("copy_name", &["y n"], |v: &mut Self, cx| {
            copy(v.subjects(cx.look), cx)
        })
        .when(some),
    ];
}

/// Mixed in beside [`Verbs`]: done and snooze, as in triage, wherever there are customers.
pub trait Queue: Keyed {
    /// The rows.
    const QUEUE: &'static [KeyRow<Self>] = &[
        row("done", &["d"], |v: &mut Self, cx| {
            let customers = v.subjects(cx.look);
            cx.write(Command::Done { customers });
        })
        .writes("done")
        .when(some)
        .hint(),
        row("snooze_tomorrow", &["z 1"], |v: &mut Self, cx| {
            snooze_words(v.subjects(cx.look), "tomorrow", cx)
        })
        .when(some)
        .writes("snooze")
        .hint(),
        row("snooze_monday", &["z 2"], |v: &mut Self, cx| {
            snooze_words(v.subjects(cx.look), "mon", cx)
        })
        .when(some)
        .writes("snooze"),
        row("snooze_week", &["z 3"], |v: &mut Self, cx| {
            snooze_words(v.subjects(cx.look), "+7d", cx)
        })
        .when(some)
        .writes("snooze"),
        row("snooze_date", &["z 4"], |v: &mut Self, cx| {
            snooze_date(v.subjects(cx.look), cx)
        })
        .when(some)
        .writes("snooze")
        .types(),
        row("snooze_until", &["z 5"], |v: &mut Self, cx| {
            snooze_until(v.subjects(cx.look), cx)
        })
        .when(some)
        .writes("snooze")
        .types(),
        row("unsnooze", &["z 0"], |v: &mut Self, cx| {
            let customers = v.subjects(cx.look);
            cx.write(Command::Unsnooze { customers });
        })
        .writes("wake")
        .when(snoozed),
    ];
}

fn some<V: Screen>(view: &V, look: &Look) -> Applies {
    if view.subject_count(look) == 0 {
        Err("no_customer")
    } else {
        Ok(())
    }
}

fn one<V: Verbs>(view: &V, look: &Look) -> Applies {
    if view.here(look).is_none() {
        Err("no_customer")
    } else {
        Ok(())
    }
}

fn snoozed<V: Screen>(view: &V, look: &Look) -> Applies {
    let Some(roster) = look.read() else {
        return Err("no_customer");
    };
    let asleep = |id: &Id| {
        roster
            .row_of_id(*id)
            .is_some_and(|at| roster.is_snoozed(at))
    };
    if view.subjects(look).iter().any(asleep) {
        Ok(())
    } else {
        Err("not_snoozed")
    }
}

/// "Acme Foods", or "37 customers".
pub fn named(customers: &[Id], look: &Look) -> String {
    match customers {
        [one] => look.name_of(*one),
        many => look
            .say
            .fill("message.customers", &[("n", &many.len().to_string())]),
    }
}

/// Opens the line for a note.
pub fn note(customers: Vec<Id>, cx: &mut Cx) {
    let prompt = cx
        .look
        .say
        .fill("prompt.note", &[("who", &named(&customers, cx.look))]);
    let empty = cx.look.say.word("error.empty_note").to_owned();
    let line = Line::new(prompt, {
        let customers = customers.clone();
        move |text, cx| {
            if text.trim().is_empty() {
                return Err(empty.clone());
            }
            cx.write(Command::Note {
                customers: customers.clone(),
                text: text.to_owned(),
                at: None,
            });
            Ok(())
        }
    });
    let line = line.complete(|text, look| {
        let start = text.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let Some(typed) = text[start..].strip_prefix('@') else {
            return Vec::new();
        };
        let names = colleagues(look)
            .into_iter()
            .filter(|name| name.starts_with(typed));
        names
            .map(|name| format!("{}@{name} ", &text[..start]))
            .collect()
    });
    let line = line.echo(|text, look| {
        let word = text.rsplit(char::is_whitespace).next().unwrap_or_default();
        if word.starts_with('@') {
            vec![Ok(look.say.word("hint.mention").to_owned())]
        } else {
            Vec::new()
        }
    });
    cx.open(
        line.editor()
            .draft(Key::of("note", &customers, cx.look), cx.look),
    );
}

/// Those who look after customers, but oneself, whom a note can mention: names without spaces.
fn colleagues(look: &Look) -> Vec<String> {
    let owners = look
        .read()
        .map(|r| {
            r.owners
                .iter()
                .map(|(_, name)| name.to_owned())
                .collect::<Vec<_>>()
        })
        .unwrap_or_default();
    let mut names: Vec<String> = owners
        .into_iter()
        .filter(|n| !n.is_empty() && *n != look.me && !n.contains(char::is_whitespace))
        .collect();
    names.sort_unstable();
    names
}

/// The title and the due day in a line such as `Send the plan fri`: the longest run of words at the end that is a date.
pub fn task_of(text: &str, look: &Look) -> TaskDraft {
    let all: Vec<&str> = text.split_whitespace().collect();
    let from = all.len().saturating_sub(3).max(1);
    for at in from..all.len() {
        if let Some(due) = words::day(&all[at..].join(" "), &look.now) {
            return TaskDraft {
                title: all[..at].join(" "),
                due: Some(due),
                ..TaskDraft::default()
            };
        }
    }
    TaskDraft {
        title: all.join(" "),
        ..TaskDraft::default()
    }
}

/// Opens the line for a task.
pub fn task(customers: Vec<Id>, cx: &mut Cx) {
    let prompt = cx
        .look
        .say
        .fill("prompt.task", &[("who", &named(&customers, cx.look))]);
    let empty = cx.look.say.word("error.empty_task").to_owned();
    let line = Line::new(prompt, {
        let customers = customers.clone();
        move |text, cx| {
            let task = task_of(text, cx.look);
            if task.title.is_empty() {
                return Err(empty.clone());
            }
            cx.write(Command::AddTask {
                customers: customers.clone(),
                task,
            });
            Ok(())
        }
    });
    let line = line.echo(|text, look| {
        let task = task_of(text, look);
        match (task.title.is_empty(), task.due) {
            (true, _) => vec![Ok(look.say.word("hint.task_example").to_owned())],
            (_, Some(due)) => vec![Ok(look.say.fill("hint.due", &[("day", &day(due))]))],
            (_, None) => vec![Ok(look.say.word("hint.no_due").to_owned())],
        }
    });
    cx.open(line.draft(Key::of("task", &customers, cx.look), cx.look));
}

/// A score from 0 to 100, its last day and the reason, in a line such as `30 2w they lost their sponsor`: the day is the
/// longest run of up to three words that is a date.
fn hold_of(text: &str, look: &Look) -> Result<(u8, Day, String), String> {
    let mut all = text.split_whitespace();
    let score = all
        .next()
        .and_then(|w| w.parse().ok())
        .filter(|n| *n <= 100);
    let rest: Vec<&str> = all.collect();
    let date =
        |n: usize| words::day(&rest[..n.min(rest.len())].join(" "), &look.now).map(|day| (n, day));
    match (score, (1..=rest.len().min(3)).rev().find_map(date)) {
        (None, _) => Err(look.say.word("error.no_score").to_owned()),
        (Some(_), None) => Err(look.say.word("error.no_end").to_owned()),
        (Some(_), Some((n, _))) if n == rest.len() => {
            Err(look.say.word("error.no_reason").to_owned())
        }
        (Some(score), Some((n, until))) => Ok((score, until, rest[n..].join(" "))),
    }
}

/// Opens the line for a person's word over the health score; where one holds, an empty line takes it away.
pub fn hold(customer: Id, held: bool, cx: &mut Cx) {
    let prompt = cx
        .look
        .say
        .fill("prompt.hold", &[("who", &named(&[customer], cx.look))]);
    let line = Line::new(prompt, move |text, cx| {
        let (hold, reason) = match hold_of(text, cx.look) {
            Ok((score, until, reason)) => (Some((score, until)), reason),
            Err(_) if held && text.trim().is_empty() => (None, String::new()),
            Err(error) => return Err(error),
        };
        cx.write(Command::Override {
            customer,
            hold,
            reason,
        });
        Ok(())
    });
    let line = line.echo(
        move |text, look| match (text.trim().is_empty(), hold_of(text, look)) {
            (true, _) => vec![Ok(look
                .say
                .word(if held {
                    "hint.hold_again"
                } else {
                    "hint.hold_example"
                })
                .to_owned())],
            (_, Ok((score, until, reason))) => {
                vec![Ok(score.to_string()), Ok(day(until)), Ok(reason)]
            }
            (_, Err(error)) => vec![Err(error)],
        },
    );
    cx.open(line.draft(Key::of("hold", &[customer], cx.look), cx.look));
}

/// A day as a person reads it: `Fri 27 Nov 2026`.
pub fn day(day: Day) -> String {
    day.date().format("%a %-d %b %Y").to_string()
}

/// Asks for the channel by its letter, then opens the line for a touchpoint.
pub fn touch(customers: Vec<Id>, cx: &mut Cx) {
    cx.go(Go::Channel(ChannelAt {
        customers,
        channel: None,
    }));
}

/// Opens the line for a touchpoint by a channel. `contacts` are those of the one customer.
pub fn touch_line(
    customers: Vec<Id>,
    channel: &'static Channel,
    contacts: Vec<Contact>,
    cx: &mut Cx,
) {
    let label = cx.look.say.codes.channel(channel.code).to_owned();
    let prompt = cx.look.say.fill(
        "prompt.touch",
        &[("channel", &label), ("who", &named(&customers, cx.look))],
    );
    let (for_echo, for_tab, for_form) = (contacts.clone(), contacts.clone(), contacts.clone());
    let line = Line::new(prompt, {
        let customers = customers.clone();
        move |text, cx| {
            let (mut touch, _) = line::parse(text, &contacts, &cx.look.now);
            channel.code.clone_into(&mut touch.channel);
            cx.write(Command::LogTouch {
                customers: customers.clone(),
                touch,
            });
            Ok(())
        }
    });
    let line = line
        .echo(move |text, look| -> Understood {
            let parts = line::parse(text, &for_echo, &look.now).1;
            if parts.is_empty() {
                vec![Ok(look.say.word("hint.touch_example").to_owned())]
            } else {
                parts.into_iter().map(|p| p.meaning).collect()
            }
        })
        .complete(move |text, _| {
            let start = text.rfind(' ').map_or(0, |at| at + 1);
            line::completions(text, &for_tab)
                .into_iter()
                .map(|way| format!("{}{way} ", &text[..start]))
                .collect()
        });
    let key = Key::of("touch", &customers, cx.look).what(channel.code);
    let line = match customers.as_slice() {
        [one] => {
            let one = *one;
            line.form(move |text, from, cx| touch_form(one, channel, text, from, &for_form, cx))
        }
        _ => line,
    };
    cx.open(line.editor().draft(key, cx.look));
}

/// Opens the form for a touchpoint with what a line says so far; the line's own draft goes when the form is saved.
fn touch_form(
    customer: Id,
    channel: &Channel,
    text: &str,
    from: &Key,
    contacts: &[Contact],
    cx: &mut Cx,
) {
    let (touch, _) = line::parse(text, contacts, &cx.look.now);
    let names: Vec<&str> = contacts
        .iter()
        .filter(|c| touch.contacts.contains(&c.id))
        .map(|c| c.name.as_str())
        .collect();
    let zone = cx.look.now.zone;
    let follow = touch.follow_up.as_ref().map(|t| match t.due {
        Some(due) => format!("{} {due}", t.title),
        None => t.title.clone(),
    });
    let values = json!({
        "channel": channel.code,
        "direction": if touch.inbound { "in" } else { "out" },
        "with": names.join(", "),
        "when": touch.at.map(|at| format!("{} {}", zone.day(at), zone.time(at).format("%H:%M"))),
        "minutes": touch.minutes.map(|m| m.to_string()),
        "mood": touch.mood.map(|m| m.to_string()),
        "text": touch.text,
        "follow": follow,
    });
    cx.go(Go::Form(Box::new(FormAt {
        values: values.as_object().cloned().unwrap_or_default(),
        from: Some(from.clone()),
        ..FormAt::of("touch", Some(customer))
    })));
}

/// The channel that a letter picks.
pub fn channel_of(letter: char) -> Option<&'static Channel> {
    CHANNELS.iter().find(|c| c.key == Some(letter))
}

fn stages_of(customers: &[Id], look: &Look) -> Vec<Option<StageNo>> {
    let Some(roster) = look.read() else {
        return Vec::new();
    };
    let at = customers.iter().filter_map(|id| roster.row_of_id(*id));
    at.map(|at| roster.rows[at].signals)
        .map(|s| s.since.map(|_| s.stage))
        .collect()
}

/// Asks for the stage by a list.
pub fn stage(customers: Vec<Id>, cx: &mut Cx) {
    let stages = cx.look.config.stages.clone();
    let now = stages_of(&customers, cx.look).first().copied().flatten();
    let items = stages.all().map(|no| {
        let mut item = Item::new(stages.code(no), stages.label(no));
        if Some(no) == now && customers.len() == 1 {
            cx.look.say.word("hint.here").clone_into(&mut item.detail);
        }
        item
    });
    let title = cx
        .look
        .say
        .fill("prompt.stage", &[("who", &named(&customers, cx.look))]);
    let pick = Pick::new(title, items.collect(), move |code, cx| {
        if let Some(to) = cx.look.config.stages.find(code) {
            move_to_stage(customers.clone(), to, cx);
        }
    });
    cx.open(pick.at(now.map_or("", |no| cx.look.config.stages.code(no))));
}

/// One stage on or back.
pub fn shift(customers: Vec<Id>, by: i32, cx: &mut Cx) {
    let stages = &cx.look.config.stages;
    let now = stages_of(&customers, cx.look).first().copied().flatten();
    let to = now.and_then(|no| {
        if by > 0 {
            stages.next(no)
        } else {
            stages.previous(no)
        }
    });
    let target = if by > 0 {
        Target::Next
    } else {
        Target::Previous
    };
    if customers.len() == 1 && to.is_none() && now.is_some() {
        let words = cx
            .look
            .say
            .word(if by > 0 {
                "message.last_stage"
            } else {
                "message.first_stage"
            })
            .to_owned();
        return cx.toast(words);
    }
    move_to(customers, target, to, cx);
}

/// Moves customers to a stage; asks why where it goes back or out.
pub fn move_to_stage(customers: Vec<Id>, to: StageNo, cx: &mut Cx) {
    let code = cx.look.config.stages.code(to).to_owned();
    move_to(customers, Target::Stage(code), Some(to), cx);
}

fn move_to(customers: Vec<Id>, target: Target, to: Option<StageNo>, cx: &mut Cx) {
    let stages = &cx.look.config.stages;
    let needs = match (&target, to) {
        (Target::Previous, _) => true,
        (Target::Stage(_), Some(to)) => stages_of(&customers, cx.look)
            .into_iter()
            .any(|from| stages.needs_reason(from, to)),
        _ => false,
    };
    if !needs {
        let unmet = unmet(&customers, cx.look);
        if unmet.is_empty() {
            cx.write(Command::Move {
                customers,
                to: target,
                reason: None,
            });
        } else {
            move_all_the_same(customers, target, &unmet, cx);
        }
        return;
    }
    let lost = to.is_some_and(|to| stages.is_lost(to));
    let codes = if lost { CHURN_REASONS } else { BACK_REASONS };
    let items = codes
        .iter()
        .map(|code| Item::new(*code, cx.look.say.codes.reason(code)));
    let title = cx
        .look
        .say
        .fill("prompt.reason", &[("who", &named(&customers, cx.look))]);
    let pick = Pick::new(title, items.collect(), move |code, cx| {
        let reason = Some(Reason {
            code: code.to_owned(),
            ..Reason::default()
        });
        cx.write(Command::Move {
            customers: customers.clone(),
            to: target.clone(),
            reason,
        });
    });
    cx.open(pick);
}

/// The exit criteria of their stages that some of the customers do not meet. The store asks again, and has the last word.
fn unmet(customers: &[Id], look: &Look) -> Vec<String> {
    let Some(roster) = look.read() else {
        return Vec::new();
    };
    let mut all: Vec<String> = Vec::new();
    for at in customers.iter().filter_map(|id| roster.row_of_id(*id)) {
        let signals = roster.rows[at].signals;
        if signals.since.is_some() {
            all.extend(
                columns::unmet(&roster, at, signals.stage)
                    .into_iter()
                    .map(str::to_owned),
            );
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Asks why customers move on that do not meet what their stage asks for.
fn move_all_the_same(customers: Vec<Id>, target: Target, unmet: &[String], cx: &mut Cx) {
    let prompt = cx.look.say.fill(
        "prompt.unmet",
        &[
            ("who", &named(&customers, cx.look)),
            ("what", &unmet.join(", ")),
        ],
    );
    let empty = cx.look.say.word("error.empty_reason").to_owned();
    cx.open(Line::new(prompt, move |text, cx| {
        if text.trim().is_empty() {
            return Err(empty.clone());
        }
        let reason = Some(Reason {
            text: text.trim().to_owned(),
            ..Reason::default()
        });
        cx.write(Command::Move {
            customers: customers.clone(),
            to: target.clone(),
            reason,
        });
        Ok(())
    }));
}

/// Owners to choose from, oneself first.
fn owners(look: &Look) -> Vec<Item> {
    let mut owners: Vec<String> = look
        .read()
        .map(|r| r.owners.iter().map(|(_, o)| o.to_owned()).collect())
        .unwrap_or_default();
    owners.retain(|o| !o.is_empty() && *o != look.me);
    owners.sort_unstable();
    owners.insert(0, look.me.clone());
    owners
        .into_iter()
        .filter(|o| !o.is_empty())
        .map(|o| Item::new(o.clone(), o))
        .collect()
}

/// Asks for the owner by a list; a new name can be typed.
pub fn assign(customers: Vec<Id>, cx: &mut Cx) {
    let mut items = owners(cx.look);
    items.push(Item::new("", cx.look.say.word("hint.nobody")));
    let title = cx
        .look
        .say
        .fill("prompt.assign", &[("who", &named(&customers, cx.look))]);
    let pick = Pick::new(title, items, move |owner, cx| {
        cx.write(Command::Assign {
            customers: customers.clone(),
            owner: owner.to_owned(),
        });
    });
    cx.open(pick.free());
}

/// Copies the names, one a line.
pub fn copy(customers: Vec<Id>, cx: &mut Cx) {
    let names: Vec<String> = customers
        .iter()
        .map(|id| safe(&cx.look.name_of(*id)).into_owned())
        .collect();
    let what = cx.look.say.word("word.name").to_owned();
    cx.push(Step::Copy(names.join("\n"), what));
}

fn snooze_words(customers: Vec<Id>, when: &str, cx: &mut Cx) {
    match words::day(when, &cx.look.now) {
        Some(until) => {
            cx.write(Command::Snooze {
                customers,
                until: Some(until),
                event: String::new(),
                reason: String::new(),
            });
        }
        None => cx.bad(cx.look.say.fill("error.no_date", &[("text", when)])),
    }
}

/// A date and, behind a comma, why.
fn snooze_date(customers: Vec<Id>, cx: &mut Cx) {
    let prompt = cx
        .look
        .say
        .fill("prompt.snooze", &[("who", &named(&customers, cx.look))]);
    let read = |text: &str, look: &Look| {
        let (when, why) = text.split_once(',').unwrap_or((text, ""));
        let no_date = look.say.fill("error.no_date", &[("text", when.trim())]);
        words::day(when.trim(), &look.now)
            .map(|day| (day, why.trim().to_owned()))
            .ok_or(no_date)
    };
    let line = Line::new(prompt, move |text, cx| {
        let (until, reason) = read(text, cx.look)?;
        cx.write(Command::Snooze {
            customers: customers.clone(),
            until: Some(until),
            event: String::new(),
            reason,
        });
        Ok(())
    });
    cx.open(line.echo(
        move |text, look| match (text.trim().is_empty(), read(text, look)) {
            (true, _) => vec![Ok(look.say.word("hint.snooze_example").to_owned())],
            (_, Ok((until, why))) if why.is_empty() => vec![Ok(day(until))],
            (_, Ok((until, why))) => vec![Ok(day(until)), Ok(why)],
            (_, Err(error)) => vec![Err(error)],
        },
    ));
}

fn snooze_until(customers: Vec<Id>, cx: &mut Cx) {
    let items =
        ["nps", "ticket"].map(|code| Item::new(code, cx.look.say.word(&format!("event.{code}"))));
    let title = cx.look.say.fill(
        "prompt.snooze_until",
        &[("who", &named(&customers, cx.look))],
    );
    cx.open(Pick::new(title, items.to_vec(), move |event, cx| {
        let (customers, event) = (customers.clone(), event.to_owned());
        let why = cx.look.say.word("prompt.snooze_why").to_owned();
        cx.open(Line::new(why, move |text, cx| {
            let reason = text.trim().to_owned();
            cx.write(Command::Snooze {
                customers: customers.clone(),
                until: None,
                event: event.clone(),
                reason,
            });
            Ok(())
        }));
    }));
}

/// True for commands that `.` can do again on other customers.
pub fn repeatable(command: &Command) -> bool {
    on(command, &[]).is_some()
}

/// The same command on other customers.
fn on(command: &Command, others: &[Id]) -> Option<Command> {
    let mut command = command.clone();
    match &mut command {
        Command::Assign { customers, .. }
        | Command::Tag { customers, .. }
        | Command::LogTouch { customers, .. }
        | Command::Note { customers, .. }
        | Command::Move { customers, .. }
        | Command::AddTask { customers, .. }
        | Command::OpenAction { customers, .. }
        | Command::StartPlay { customers, .. }
        | Command::Done { customers }
        | Command::Snooze { customers, .. } => *customers = others.to_vec(),
        _ => return None,
    }
    Some(command)
}

/// Does the last command again on `subjects`.
pub fn again(subjects: &[Id], cx: &mut Cx) {
    if subjects.is_empty() {
        return cx.toast(cx.look.say.word("why_not.no_customer").to_owned());
    }
    if let Some(command) = cx.look.last.as_ref().and_then(|c| on(c, subjects)) {
        cx.write(command);
    }
}

/// Opens the line that makes a customer: its name.
pub fn create(cx: &mut Cx) {
    let prompt = cx.look.say.word("prompt.create").to_owned();
    let empty = cx.look.say.word("error.empty_name").to_owned();
    let line = Line::new(prompt, move |text, cx| {
        let name = text.trim().to_owned();
        if name.is_empty() {
            return Err(empty.clone());
        }
        let owner = cx.look.me.clone();
        cx.write(Command::AddCustomer(crate::domain::command::NewCustomer {
            name,
            owner,
            ..Default::default()
        }));
        Ok(())
    });
    cx.open(line.draft(Key::of("create", &[], cx.look), cx.look));
}

#[cfg(test)]
mod tests {
    use crate::domain::command::{Command, Target};
    use crate::error::Error;
    use crate::tui::harness::{Harness, NOW};
    use crate::tui::verbs::handover::Brief;

    #[test]
    fn a_move_on_with_open_criteria_asks_why_and_an_empty_line_is_no_reason() {
        let mut h = Harness::new("en", 1);
        let mut stages = h.store.config().stages.clone();
        stages
            .stage
            .iter_mut()
            .for_each(|s| s.exit_when = vec!["nps>10".into()]);
        let value = toml::to_string(&stages).expect("TOML");
        h.store
            .write(
                &Command::SetConfig {
                    key: "stages".into(),
                    value: Some(value),
                    base: None,
                },
                NOW,
            )
            .expect("it is set");
        h.ready();
        h.press("2 /")
            .type_text("stage:conversion")
            .press("enter >");
        assert!(h.text().contains("does not meet nps>10"), "{}", h.text());
        h.press("enter");
        assert_eq!(h.written(), []);
        h.type_text("the board has decided").press("enter");
        let written = h.written();
        let [
            Command::Move {
                to: Target::Next,
                reason: Some(reason),
                ..
            },
        ] = written.as_slice()
        else {
            panic!("{written:?}")
        };
        assert_eq!(reason.text, "the board has decided");
        assert!(
            h.text().contains("from Conversion to Retention"),
            "{}",
            h.text()
        );
    }

    #[test]
    fn customers_change_hands_only_when_the_brief_is_written() {
        let mut h = Harness::new("en", 1);
        h.press("2 g j").type_text("zoe").press("enter");
        assert!(h.text().contains("File for the brief"), "{}", h.text());
        h.type_text("/").press("enter");
        assert!(
            h.text().contains("a file that is not there yet"),
            "{}",
            h.text()
        );
        h.press("esc");
        let customers = h.app.look.read().expect("a roster").ids[..2].to_vec();
        let refused = Err(Error::failed("The disk is full"));
        let brief = Brief {
            customers: customers.clone(),
            to: "zoe".into(),
            path: "brief.md".into(),
        };
        let job = h.begins(&brief);
        h.ends(job, brief.clone(), refused);
        assert_eq!(h.written(), []);
        let job = h.begins(&brief);
        h.ends(job, brief, Ok(()));
        assert_eq!(
            h.written(),
            [Command::Assign {
                customers,
                owner: "zoe".into()
            }]
        );
    }
}
