//! The keys that hold on every full screen: help, palette, tabs, undo, history, leaving.

use ratatui::layout::Rect;
use serde_json::{Value, json};

use super::log_line::Line;
use super::pick::{Item, Pick};

use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::time::{Moment, words};
use crate::tui::canvas::Canvas;
use crate::tui::keymap::{KeyRow, row};
use crate::tui::verbs;
use crate::tui::view::{AppStep, Cx, Look, Screen, Step, Title, View};

/// First part of the ids of these keys.
pub const NAME: &str = "app";

/// Carries the keys that hold everywhere. Never on the stack itself.
#[derive(Default)]
pub struct Everywhere {
    subjects: Vec<Id>,
}

/// Runs the row at `index`; `subjects` are the customers that the screen in front acts on.
pub fn run(index: usize, subjects: &[Id], cx: &mut Cx) {
    let mut all = Everywhere {
        subjects: subjects.to_vec(),
    };
    match View::applies(&all, index, cx.look) {
        Ok(()) => View::run(&mut all, index, cx),
        Err(why) => {
            let words = cx.look.say.word(&format!("why_not.{why}")).to_owned();
            cx.toast(words);
        }
    }
}

fn app(cx: &mut Cx, step: AppStep) {
    cx.push(Step::App(step));
}

/// Asks for the day before today as of which everything is to be shown.
fn ask_day(cx: &mut Cx) {
    let read = |text: &str, look: &Look| {
        // Seen from today, also while another day is shown.
        let now = Moment::new(look.now.at, look.now.zone);
        let day = words::past(text.trim(), &now)
            .map(|at| now.zone.day(at))
            .filter(|day| *day < now.today);
        day.ok_or_else(|| {
            look.say
                .fill("error.no_day_before", &[("text", text.trim())])
        })
    };
    let prompt = cx.look.say.word("prompt.as_of").to_owned();
    let line = Line::new(prompt, move |text, cx| {
        let day = read(text, cx.look)?;
        app(cx, AppStep::Past(Some(day)));
        Ok(())
    });
    cx.open(line.echo(
        move |text, look| match (text.trim().is_empty(), read(text, look)) {
            (true, _) => vec![Ok(look.say.word("hint.as_of_example").to_owned())],
            (_, Ok(day)) => vec![Ok(verbs::day(day))],
            (_, Err(error)) => vec![Err(error)],
        },
    ));
}

fn over(screen: &'static str, state: Value, cx: &mut Cx) {
    app(cx, AppStep::Over(screen, state));
}

/// Lists the bookmarks, then the customers that were opened last.
fn bookmarks(cx: &mut Cx) {
    let look = cx.look;
    let recent = look
        .visited
        .iter()
        .filter(|id| !look.bookmarks.contains(id))
        .map(|id| (id, ""));
    let all = look
        .bookmarks
        .iter()
        .map(|id| (id, look.say.word("word.bookmark")))
        .chain(recent);
    // Those of another book have no name here.
    let items: Vec<Item> = all
        .map(|(id, detail)| Item {
            code: id.to_string(),
            label: look.name_of(*id),
            detail: detail.to_owned(),
        })
        .filter(|item| !item.label.is_empty())
        .collect();
    if items.is_empty() {
        return cx.toast(look.say.word("message.no_bookmarks").to_owned());
    }
    let title = look.say.word("prompt.bookmarks").to_owned();
    cx.open(Pick::new(title, items, |id, cx| {
        cx.go("account", json!({"customer": id}))
    }));
}

impl Screen for Everywhere {
    const NAME: &'static str = NAME;
    const KEYS: &'static [&'static [KeyRow<Everywhere>]] = &[&[
        row("back", &["q"], |_, cx| app(cx, AppStep::Back)),
        row("escape", &["esc"], |_, cx| app(cx, AppStep::Escape)),
        row("help", &["?"], |_, cx| cx.go("help", Value::Null)).cli("keys"),
        row("palette", &[":", "ctrl-p"], |_, cx| {
            cx.go("palette", Value::Null)
        })
        .cli("keys"),
        row("undo", &["u"], |_, cx| {
            let passed = cx.look.passed.clone();
            cx.write(if passed.is_empty() {
                Command::Undo {
                    batch: None,
                    force: false,
                }
            } else {
                Command::UndoPast { passed }
            });
        })
        .writes("undo"),
        row("redo", &["U"], |_, cx| {
            cx.write(Command::Redo);
        })
        .writes("redo"),
        row("again", &["."], |v: &mut Self, cx| {
            verbs::again(&v.subjects, cx)
        })
        .when(|_, look| look.last.as_ref().map(|_| ()).ok_or("nothing_yet"))
        .writes(""),
        row("triage", &["1", "g t"], |_, cx| {
            cx.go("triage", Value::Null)
        })
        .cli("today"),
        row("customers", &["2", "g c"], |_, cx| {
            cx.go("customers", Value::Null)
        })
        .cli("list"),
        row("funnel", &["3", "g f"], |_, cx| {
            cx.go("funnel", Value::Null)
        })
        .cli("funnel"),
        row("tasks", &["4", "g k"], |_, cx| cx.go("tasks", Value::Null)).cli("task list"),
        row("activity", &["5", "g a"], |_, cx| {
            cx.go("activity", Value::Null)
        })
        .cli("history"),
        row("segments", &["g s"], |_, cx| {
            over("segments", Value::Null, cx)
        })
        .cli("segments"),
        row("issues", &["g i"], |_, cx| {
            over("tables", json!({"table": "issues"}), cx)
        })
        .cli("issues"),
        row("help_first", &["g h"], |_, cx| {
            over("tables", json!({"table": "help"}), cx)
        })
        .cli("help-first"),
        row("targets", &["g y"], |_, cx| {
            over("tables", json!({"table": "targets"}), cx)
        })
        .cli("targets"),
        row("nps", &["g n"], |_, cx| over("nps", Value::Null, cx)).cli("nps"),
        row("calls", &["g l"], |_, cx| over("calls", json!({}), cx)).cli("action list"),
        row("risks", &["g r"], |_, cx| {
            over("calls", json!({"kind": "risk", "everybody": true}), cx)
        })
        .cli("action list"),
        row("alerts", &["g w"], |_, cx| over("alerts", json!({}), cx)).cli("alerts"),
        row("rules", &["g u"], |_, cx| over("rules", json!({}), cx)).cli("rule list"),
        row("board", &["g b"], |_, cx| over("board", json!({}), cx)).cli("funnel"),
        row("conflicts", &["g x"], |_, cx| {
            cx.go("conflicts", Value::Null)
        })
        .cli("conflicts"),
        row("duplicates", &["g q"], |_, cx| {
            cx.go("duplicates", Value::Null)
        })
        .cli("duplicates"),
        row("arrived", &["g ."], |_, cx| app(cx, AppStep::Arrived)).when(|_, look| {
            if look.arrived.is_empty() {
                Err("nothing_arrived")
            } else {
                Ok(())
            }
        }),
        row("drafts", &["g D"], |_, cx| cx.go("drafts", Value::Null)),
        row("merge", &["g m"], |_, cx| super::merge::ask(cx)).writes("merge"),
        row("import", &["ctrl-o"], |_, cx| super::import::ask(cx)).cli("import"),
        row("export", &["y x"], |_, cx| app(cx, AppStep::AskExport)).cli("export"),
        row("as_of", &["g d"], |_, cx| ask_day(cx)),
        row("today", &["0"], |_, cx| app(cx, AppStep::Past(None)))
            .when(|_, look| look.past.map(|_| ()).ok_or("is_today")),
        row("backtest", &["g z"], |_, cx| cx.go("backtest", Value::Null)).cli("health"),
        row("movers", &["g v"], |_, cx| cx.go("movers", Value::Null)).cli("health"),
        row("scorecards", &["g o"], |_, cx| {
            cx.go("scorecards", Value::Null)
        })
        .cli("config"),
        row("bookmark", &["b"], |v: &mut Self, cx| {
            if let Some(customer) = v.subjects.first() {
                app(cx, AppStep::Bookmark(*customer));
            }
        })
        .when(|v, _| {
            if v.subjects.is_empty() {
                Err("no_customer")
            } else {
                Ok(())
            }
        }),
        row("bookmarks", &["'"], |_, cx| bookmarks(cx)),
        row("history_back", &["H", "alt-left"], |_, cx| {
            app(cx, AppStep::History(-1))
        }),
        row("history_forward", &["L", "alt-right"], |_, cx| {
            app(cx, AppStep::History(1))
        }),
        row("preview", &["w"], |_, cx| app(cx, AppStep::Preview)),
        row("mouse", &["M"], |_, cx| app(cx, AppStep::Mouse)),
        row("repaint", &["ctrl-l"], |_, cx| app(cx, AppStep::Repaint)),
        row("suspend", &["ctrl-z"], |_, cx| app(cx, AppStep::Suspend)),
        row("quit", &["Q"], |_, cx| app(cx, AppStep::Quit)),
    ]];

    fn title(&self, _look: &Look) -> Title {
        Title::default()
    }

    fn draw(&self, _canvas: &mut Canvas, _area: Rect) {}
}

#[cfg(test)]
mod tests;
