//! The keys that hold on every full screen: help, palette, tabs, undo, history, leaving.

use ratatui::layout::Rect;

use super::log_line::Line;
use super::pick::{Item, Pick};

use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::table::Kind;
use crate::domain::time::{Moment, words};
use crate::tui::canvas::Canvas;
use crate::tui::go::{
    AlertsAt, BacktestAt, BoardAt, CallsAt, Go, MoversAt, NpsAt, RulesAt, ScorecardsAt, SegmentsAt,
    TablesAt,
};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::step::{AppStep, Cx, Step};
use crate::tui::verbs;
use crate::tui::view::{Keyed, Screen, Title, View};

/// First part of the ids of these keys.
pub const NAME: &str = "app";

/// Carries the keys that hold everywhere. Never on the stack itself.
#[derive(Default)]
pub struct Everywhere {
    subjects: Vec<Id>,
    over: &'static str,
}

/// Runs the row at `index` over the screen in front; `subjects` are the customers that this one acts on.
pub fn run(index: usize, over: &'static str, subjects: &[Id], cx: &mut Cx) {
    let mut all = Everywhere {
        subjects: subjects.to_vec(),
        over,
    };
    match all.applies(index, cx.look) {
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

fn over(to: Go, cx: &mut Cx) {
    app(cx, AppStep::Over(Box::new(to)));
}

fn table(table: Kind, cx: &mut Cx) {
    let at = TablesAt {
        table,
        ..TablesAt::default()
    };
    over(Go::Tables(at), cx);
}

/// Everybody's risks.
fn risks() -> Go {
    Go::Calls(CallsAt {
        kind: "risk".into(),
        everybody: true,
        ..CallsAt::default()
    })
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
        if let Ok(id) = id.parse() {
            cx.go(Go::account(id));
        }
    }));
}

impl Keyed for Everywhere {
    const KEYS: &'static [&'static [KeyRow<Everywhere>]] = &[&[
        row("back", &["q"], |_, cx| app(cx, AppStep::Back)),
        row("escape", &["esc"], |_, cx| app(cx, AppStep::Escape)),
        row("help", &["?"], |v: &mut Self, cx| {
            cx.go(Go::Help(v.over.into()))
        })
        .cli("keys"),
        row("palette", &[":", "ctrl-p"], |v: &mut Self, cx| {
            cx.go(Go::Palette(v.over.into()))
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
        row("triage", &["1", "g t"], |_, cx| cx.go(Go::Triage(None))).cli("today"),
        row("customers", &["2", "g c"], |_, cx| {
            cx.go(Go::Customers(None))
        })
        .cli("list"),
        row("funnel", &["3", "g f"], |_, cx| cx.go(Go::Funnel(None))).cli("funnel"),
        row("tasks", &["4", "g k"], |_, cx| cx.go(Go::Tasks(None))).cli("task list"),
        row("activity", &["5", "g a"], |_, cx| cx.go(Go::Activity(None))).cli("history"),
        row("segments", &["g s"], |_, cx| {
            over(Go::Segments(SegmentsAt::default()), cx)
        })
        .cli("segments"),
        row("issues", &["g i"], |_, cx| table(Kind::Issues, cx)).cli("issues"),
        row("help_first", &["g h"], |_, cx| table(Kind::Help, cx)).cli("help-first"),
        row("targets", &["g y"], |_, cx| table(Kind::Targets, cx)).cli("targets"),
        row("nps", &["g n"], |_, cx| over(Go::Nps(NpsAt::default()), cx)).cli("nps"),
        row("calls", &["g l"], |_, cx| {
            over(Go::Calls(CallsAt::default()), cx)
        })
        .cli("action list"),
        row("risks", &["g r"], |_, cx| over(risks(), cx)).cli("action list"),
        row("alerts", &["g w"], |_, cx| {
            over(Go::Alerts(AlertsAt::default()), cx)
        })
        .cli("alerts"),
        row("rules", &["g u"], |_, cx| {
            over(Go::Rules(RulesAt::default()), cx)
        })
        .cli("rule list"),
        row("board", &["g b"], |_, cx| {
            over(Go::Board(BoardAt::default()), cx)
        })
        .cli("funnel"),
        row("conflicts", &["g x"], |_, cx| cx.go(Go::Conflicts {})).cli("conflicts"),
        row("duplicates", &["g q"], |_, cx| cx.go(Go::Duplicates)).cli("duplicates"),
        row("arrived", &["g ."], |_, cx| app(cx, AppStep::Arrived)).when(|_, look| {
            if look.arrived.is_empty() {
                Err("nothing_arrived")
            } else {
                Ok(())
            }
        }),
        row("drafts", &["g D"], |_, cx| cx.go(Go::Drafts {})),
        row("merge", &["g m"], |_, cx| super::merge::ask(cx)).writes("merge"),
        row("import", &["ctrl-o"], |_, cx| super::import::ask(cx)).cli("import"),
        row("export", &["y x"], |_, cx| app(cx, AppStep::AskExport)).cli("export"),
        row("as_of", &["g d"], |_, cx| ask_day(cx)),
        row("today", &["0"], |_, cx| app(cx, AppStep::Past(None)))
            .when(|_, look| look.past.map(|_| ()).ok_or("is_today")),
        row("backtest", &["g z"], |_, cx| {
            cx.go(Go::Backtest(BacktestAt::default()))
        })
        .cli("health"),
        row("movers", &["g v"], |_, cx| {
            cx.go(Go::Movers(MoversAt::default()))
        })
        .cli("health"),
        row("scorecards", &["g o"], |_, cx| {
            cx.go(Go::Scorecards(ScorecardsAt::default()))
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
}

impl Screen for Everywhere {
    fn title(&self, _look: &Look) -> Title {
        Title::default()
    }

    fn draw(&self, _canvas: &mut Canvas, _area: Rect) {}
}

#[cfg(test)]
mod tests;
