//! What is done about calls to action, playbooks and firings, by the same questions on every screen; and how a call is told.

use std::collections::BTreeSet;

use serde_json::Value;

use super::look::Look;
use super::step::Cx;
use super::theme::Role;
use super::verbs::{day as show_day, named};
use super::views::form::{Form, Target};
use super::views::log_line::Line;
use super::views::pick::{Item, Pick};
use crate::domain::action::{Action, SNOOZE_REASONS, show_figure};
use crate::domain::command::{Change, Command, Entity};
use crate::domain::id::Id;
use crate::domain::query::{PlayRow, StepRow};
use crate::domain::time::{Day, words};

/// Opens the form for a call to action at customers.
pub fn open_call(customers: Vec<Id>, cx: &mut Cx) {
    let target = match customers.as_slice() {
        [one] => Target {
            customer: Some(*one),
            ..Target::default()
        },
        _ => Target {
            several: customers,
            ..Target::default()
        },
    };
    cx.open(Form::new("new_call", target, cx.look));
}

/// Opens the form on a call that is there.
pub fn edit_call(action: &Action, cx: &mut Cx) {
    let code = if action.kind == "objective" {
        "objective"
    } else {
        "call"
    };
    let target = Target {
        customer: Some(action.customer),
        row: Some(action.id),
        action: Some(action.clone()),
        ..Target::default()
    };
    cx.open(Form::new(code, target, cx.look));
}

/// Asks what came of calls, and closes them. `what` names them.
pub fn close_calls(actions: Vec<Id>, what: &str, cx: &mut Cx) {
    let prompt = cx.look.say.fill("prompt.close_call", &[("what", what)]);
    ask_words(prompt, "error.empty_outcome", cx, move |outcome| {
        Command::CloseActions {
            actions: actions.clone(),
            outcome,
        }
    });
}

/// Puts calls off until a day in words, which is asked for where it is empty; then asks why.
pub fn put_off_calls(actions: Vec<Id>, what: &str, when: &str, cx: &mut Cx) {
    let what = what.to_owned();
    if let Some(until) = words::day(when, &cx.look.now) {
        return why_put_off(actions, &what, until, cx);
    }
    let prompt = cx.look.say.fill("tasks.put_off", &[("what", &what)]);
    let line = Line::new(prompt, move |text, cx| {
        let until = read_day(text, cx.look)?;
        why_put_off(actions.clone(), &what, until, cx);
        Ok(())
    });
    cx.open(line.echo(|text, look| match text.trim() {
        "" => vec![Ok(look.say.word("hint.until_example").to_owned())],
        text => vec![read_day(text, look).map(show_day)],
    }));
}

fn read_day(text: &str, look: &Look) -> Result<Day, String> {
    words::day(text.trim(), &look.now)
        .ok_or_else(|| look.say.fill("error.no_date", &[("text", text.trim())]))
}

fn why_put_off(actions: Vec<Id>, what: &str, until: Day, cx: &mut Cx) {
    let items = SNOOZE_REASONS
        .iter()
        .map(|code| Item::new(*code, put_off_words(code, cx.look)))
        .collect();
    let title = cx.look.say.fill(
        "prompt.why_put_off",
        &[("what", what), ("day", &show_day(until))],
    );
    cx.open(Pick::new(title, items, move |reason, cx| {
        cx.write(Command::SnoozeActions {
            actions: actions.clone(),
            until,
            reason: reason.to_owned(),
        });
    }));
}

/// Asks who is to have tasks or calls: me first, then whoever has some of those that are `listed`, or a customer. `seen` is who
/// has a single one now: it goes with the change, so that a colleague's later one is not overwritten.
pub fn give(
    entity: Entity,
    rows: Vec<Id>,
    what: &str,
    listed: BTreeSet<String>,
    seen: Option<String>,
    cx: &mut Cx,
) {
    let me = cx.look.me.clone();
    let mut names = listed;
    if let Some(roster) = cx.look.read() {
        names.extend(roster.owners.iter().map(|(_, name)| name.to_owned()));
    }
    let others = names
        .into_iter()
        .filter(|name| !name.is_empty() && *name != me);
    let items = std::iter::once(me.clone())
        .chain(others)
        .map(|name| Item::new(name.clone(), name))
        .collect();
    let title = cx.look.say.fill("tasks.give", &[("what", what)]);
    let pick = Pick::new(title, items, move |owner, cx| {
        let change = Change {
            field: "owner".to_owned(),
            base: seen.clone().map(Value::from),
            value: Value::from(owner),
        };
        cx.write(Command::Edit {
            entity,
            rows: rows.clone(),
            changes: vec![change],
        });
    });
    cx.open(pick.free());
}

/// Asks for one line of words and writes the command that they make; `empty` is the word that says that some are needed.
fn ask_words(
    prompt: String,
    empty: &'static str,
    cx: &mut Cx,
    command: impl Fn(String) -> Command + 'static,
) {
    cx.open(Line::new(prompt, move |text, cx| {
        let text = text.trim();
        if text.is_empty() && !empty.is_empty() {
            return Err(cx.look.say.word(empty).to_owned());
        }
        cx.write(command(text.to_owned()));
        Ok(())
    }));
}

/// Asks which playbook starts at customers: each with what it is for.
pub fn start_play(customers: Vec<Id>, cx: &mut Cx) {
    let books = &cx.look.config.playbooks.playbook;
    if books.is_empty() {
        return cx.toast(cx.look.say.word("work.no_playbooks").to_owned());
    }
    let items = books
        .iter()
        .map(|b| Item {
            label: b.label.clone(),
            detail: b.goal.clone(),
            code: b.code.clone(),
        })
        .collect();
    let title = cx
        .look
        .say
        .fill("prompt.playbook", &[("who", &named(&customers, cx.look))]);
    cx.open(Pick::new(title, items, move |playbook, cx| {
        cx.write(Command::StartPlay {
            customers: customers.clone(),
            playbook: playbook.to_owned(),
            from: None,
        });
    }));
}

/// Asks why a step is passed over.
pub fn skip_step(step: &StepRow, cx: &mut Cx) {
    let (id, prompt) = (
        step.id,
        cx.look
            .say
            .fill("prompt.skip_step", &[("what", &step.title)]),
    );
    ask_words(prompt, "error.empty_reason", cx, move |reason| {
        Command::SkipStep { step: id, reason }
    });
}

/// Asks what came of a playbook, and ends it.
pub fn end_play(play: &PlayRow, cx: &mut Cx) {
    let (id, prompt) = (
        play.id,
        cx.look
            .say
            .fill("prompt.end_play", &[("what", &play.label)]),
    );
    ask_words(prompt, "", cx, move |outcome| Command::EndPlay {
        play: id,
        outcome,
    });
}

/// Lets one of several things be picked, or takes the only one; with none says so by the word `none`.
pub fn one_of(
    title: &'static str,
    none: &'static str,
    items: Vec<Item>,
    cx: &mut Cx,
    mut then: impl FnMut(&str, &mut Cx) + 'static,
) {
    match items.as_slice() {
        [] => cx.toast(cx.look.say.word(none).to_owned()),
        [only] => then(&only.code, cx),
        _ => cx.open(Pick::new(cx.look.say.word(title).to_owned(), items, then)),
    }
}

/// The sign of a severity: `S2`; the kind where it has none.
pub fn sign(action: &Action, look: &Look) -> (String, Role) {
    match action.severity {
        Some(n) => (
            format!("S{n}"),
            if n == 1 { Role::Danger } else { Role::Warn },
        ),
        None => (kind_words(&action.kind, look).to_owned(), Role::Muted),
    }
}

/// A kind of call in words.
pub fn kind_words<'a>(kind: &'a str, look: &'a Look) -> &'a str {
    look.say.find(&format!("call_kind.{kind}")).unwrap_or(kind)
}

/// A reason for putting off in words; one that a task was put off with stands as it was typed.
pub fn put_off_words<'a>(reason: &'a str, look: &'a Look) -> &'a str {
    look.say
        .find(&format!("put_off.{reason}"))
        .unwrap_or(reason)
}

/// How far an objective is: `42.5 of 60 seats, 40%`; empty without figures.
pub fn progress(action: &Action, look: &Look) -> String {
    let figure = |n: Option<i64>| n.map_or_else(|| "-".to_owned(), show_figure);
    match action.progress() {
        Some(done) => {
            let target = format!("{} {}", figure(action.target), action.unit);
            look.say.fill(
                "work.progress",
                &[
                    ("value", &figure(action.value)),
                    ("target", target.trim()),
                    ("done", &done.to_string()),
                ],
            )
        }
        None => String::new(),
    }
}
