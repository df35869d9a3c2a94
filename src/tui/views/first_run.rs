//! Welcome: there is no customer yet. Four ways to begin, and the five keys that do most of it.

use std::path::{Path, PathBuf};

use ratatui::layout::Rect;

use super::log_line::Line;
use crate::error::Result;
use crate::store::{Options, Store};
use crate::transfer::demo::{self, DemoOptions};
use crate::tui::bench::Bench;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{Go, RollAt};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::step::{AppStep, Cx, Incoming, Job, Step};
use crate::tui::theme::Role;
use crate::tui::verbs;
use crate::tui::view::{Keyed, Screen, Title};

/// The welcome screen.
#[derive(Default)]
pub struct FirstRun;

/// A path as it was typed, `~` for the home folder.
pub fn typed_path(text: &str) -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    }
}

/// The typed path of a file that is there, or of a folder where that will do.
pub fn path_of(text: &str, folders: bool, look: &Look) -> std::result::Result<PathBuf, String> {
    let text = text.trim();
    let path = typed_path(text);
    if path.is_file() || folders && path.is_dir() {
        Ok(path)
    } else {
        Err(look.say.fill("error.no_file", &[("path", text)]))
    }
}

fn ask_path(prompt: &str, cx: &mut Cx, step: fn(PathBuf) -> AppStep) {
    let prompt = cx.look.say.word(prompt).to_owned();
    cx.open(Line::new(prompt, move |text, cx| {
        cx.push(Step::App(step(path_of(text, false, cx.look)?)));
        Ok(())
    }));
}

/// Writes the demo book beside the person's own.
#[derive(Clone, PartialEq, Debug)]
pub struct Demo;

impl Job for Demo {
    type Answer = (PathBuf, Result<()>);

    fn writes(&self) -> Option<&'static str> {
        Some("job.demo")
    }

    fn run(&self, bench: &mut Bench) -> (PathBuf, Result<()>) {
        let path = bench.started_with.with_file_name("demo.db");
        let made = if path.exists() {
            Ok(())
        } else {
            make(&path, bench)
        };
        (path, made)
    }

    fn ended(self, (path, made): (PathBuf, Result<()>), here: bool, cx: &mut Cx) {
        match made {
            Ok(()) if here => cx.push(Step::Comes(Incoming::Book(path))),
            Ok(()) => {}
            Err(error) => cx.bad(error.to_string()),
        }
    }
}

fn make(path: &Path, bench: &Bench) -> Result<()> {
    let options = Options {
        create: true,
        ..bench.options.clone()
    };
    let mut store = Store::open(path, &options)?;
    let now = (bench.clock)();
    let demo = DemoOptions::new(store.moment(now).today);
    demo::write(&mut store, &demo, now, &mut |_| {})?;
    Ok(())
}

impl Keyed for FirstRun {
    const KEYS: &'static [&'static [KeyRow<FirstRun>]] = &[&[
        row("demo", &["1"], |_, cx| cx.run(Demo)).cli("demo").hint(),
        row("import", &["2"], |_, cx| super::import::ask(cx))
            .cli("import")
            .hint(),
        row("add", &["3"], |_, cx| verbs::create(cx))
            .cli("add")
            .hint(),
        row("open", &["4"], |_, cx| {
            ask_path("prompt.open", cx, AppStep::OpenBook)
        })
        .hint(),
        row("on", &["enter"], |_, cx| cx.close()),
    ]];
}

impl Screen for FirstRun {
    fn title(&self, look: &Look) -> Title {
        Title {
            crumb: look.say.word("first_run.title").to_owned(),
            ..Title::default()
        }
    }

    fn on_written(
        &mut self,
        command: &crate::domain::command::Command,
        result: &Result<crate::domain::command::Receipt, crate::error::Error>,
        cx: &mut Cx,
    ) {
        if matches!(command, crate::domain::command::Command::AddCustomer(_)) && result.is_ok() {
            cx.close();
            cx.go(Go::Customers(Some(RollAt::default())));
        }
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        if let Hit::Part(at) = hit {
            crate::tui::view::View::run(self, at, cx);
        }
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let inner = canvas.frame(area, look.say.word("first_run.title"), "", true);
        let (x, width) = (inner.x + 3, inner.width.saturating_sub(5));
        let mut y = inner.y + u16::from(inner.height > 16);
        let roomy = inner.height >= 16;
        canvas.text(x, y, width, look.say.word("first_run.pick"), Role::Text);
        y += if roomy { 2 } else { 1 };
        for (at, label) in ["demo", "import", "add", "open"].into_iter().enumerate() {
            let words = look.say.word(&format!("first_run.{label}")).to_owned();
            let detail = look
                .say
                .word(&say!("first_run.first_run_detail", label = label))
                .to_owned();
            let used = canvas.pieces(
                x,
                y,
                width,
                &[
                    (&format!("{}  ", at + 1), Role::Accent),
                    (&words, Role::Text),
                ],
            );
            let column = used.max(24) + 2;
            canvas.text(
                x + column,
                y,
                width.saturating_sub(column),
                &detail,
                Role::Muted,
            );
            canvas.hit(Rect::new(inner.x, y, inner.width, 1), Hit::Part(at));
            y += 1;
        }
        y += if roomy { 2 } else { 1 };
        for line in look.say.word("first_run.keys").to_owned().lines() {
            if y >= inner.bottom() {
                return;
            }
            canvas.text(x, y, width, line, Role::Text);
            y += 1;
        }
        y += 1;
        let book = look.book.display().to_string();
        if y < inner.bottom() {
            canvas.text(
                x,
                y,
                width,
                &look.say.fill("first_run.file", &[("file", &book)]),
                Role::Muted,
            );
        }
    }
}
