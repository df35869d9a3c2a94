//! The screens: the loop, views, keys and drawing. The only ratatui and crossterm; the clock is read here and handed on.
//!
//! # How a screen is made
//! 1. One file in `views/`, with a type that derives or implements `Default` (a screen is made from nothing and brought to a state
//!    by `restore`). It implements [`view::Screen`]: `title`, `draw`, and of the rest what it needs;
//!    [`view::Keyed`] has its `KEYS`.
//! 2. One line in [`views`]: `"account" by Account => account::Account;`, with `tab 3` for the root of a tab. The line names it.
//! 3. Words in the screens' text file: `[screen] account = "..."`, `[action] "account.open" = "..."` for each label (or
//!    `"*.open"` for what means the same everywhere), `[hint]` for the short form in the hint line. A test names what is missing.
//!
//! Others open it by a variant of [`go::Go`]: `cx.go(Go::account(id))`. Its place is what its `restore` reads and its `save` gives, and
//! what the history of jumps and the state file keep.
//!
//! # One key press
//! [`app::App::update`] finds the row for the key in the view on top (then in [`views::app`]), the row's handler collects
//! [`step::Step`]s in [`step::Cx`], the app turns them into [`effect::Effect`]s, the runner carries these out. `draw` changes
//! nothing; what it found out (clickable places, the list's height) is a value, [`canvas::Drawn`], that the app keeps.
//!
//! # Keys are rows
//! `const KEYS: &[&[KeyRow<Self>]] = &[OWN, Self::VERBS, Self::QUEUE, Self::ABOUT, Self::MOVES]`: own rows and shared groups. [`verbs::Verbs`]
//! gives `i n t > < m a p !` and, about the one under the cursor, `e E y`, [`verbs::Queue`] gives `d` and `z 0`-`z 5`, [`widgets::list::Lister`] gives `j k g g G` and pages; each is
//! mixed in by `impl Verbs for X {}` and acts on [`view::Screen::subjects`]. `row(label, keys, handler).when(..).writes().hint()`. A row that is
//! `.writes()` does not apply where nothing can be written: a read-only book, or a day in the past. A row
//! that is not `.hint()` is still in help and palette. Sequences (`z 1`) get their hint box by themselves. In a text field
//! (`typing()`), letters go to `type_key` and only other keys to the rows.
//!
//! # Data
//! A view says what it wants in [`view::Screen::watches`] and gets pages in `on_page`; it never asks again itself. Row numbers
//! of a `RowsPage` are handles into [`look::Look::read`], the shared roster, which is read while drawing. Writes are
//! [`step::Cx::write`]; every view on the stack hears of them in `on_write` at once and may show the effect early
//! ([`widgets::list::List::take`]); the message with `u undo` is the app's.
//!
//! # Work on threads
//! What takes a while is a [`step::Job`]: a value with what it is to do, `run` on a thread, and `ended` for its answer, which collects
//! steps like a key's handler. A screen begins it by `cx.run(job)`. An answer for a book that is not in front any more says so.
//!
//! # Questions to the person
//! [`work`] asks what is asked about calls to action, playbooks and firings on every screen. [`views::pick::Pick::new`] (a list) and [`views::log_line::Line::new`] (a line with echo, completion, draft) take what is to be
//! done as a closure; [`step::Cx::tell`] gives an answer back to a view below: `cx.tell(|v: &mut Customers, cx| v.sort_by(code, cx.look))`.
//!
//! # Drawing
//! [`canvas::Canvas`]: `text`, `pieces`, `right`, `frame`, `bar`, `tint` with [`theme::Role`]s; text is made safe and cut there.
//! [`account_rows::draw_rows`] draws rows of customers, [`preview`] the thing beside it.

use std::path::PathBuf;

pub mod account_rows;
pub mod app;
pub mod bench;
pub mod canvas;
mod careful;
pub mod chrome;
pub mod clipboard;
pub mod drafts;
pub mod effect;
pub mod go;
#[cfg(test)]
pub mod harness;
pub mod key;
pub mod key_row;
pub mod keymap;
pub mod look;
pub mod measure;
mod pasted;
mod pen;
pub mod preview;
pub mod roll;
mod runner;
pub mod say;
mod state;
pub mod step;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod theme;
pub mod verbs;
pub mod view;
pub mod views;
pub mod who;
pub mod widgets;
pub mod work;

use std::sync::Arc;

use crate::domain::config::Config;
use crate::domain::query::Counts;
use crate::domain::time::{Moment, Stamp, Zone};
use crate::error::{Error, Result};
use crate::store;
use keymap::Keymap;
use look::Look;
use say::Say;
use theme::{Colour, Glyphs, Theme};

/// How the screens are started.
#[derive(Clone, Debug)]
pub struct Start {
    /// The book's file.
    pub book: PathBuf,
    /// Who, when, and how the book is opened.
    pub options: store::Options,
    /// The state folder; `None`: nothing is kept.
    pub state_dir: Option<PathBuf>,
    /// The config folder with `keys.toml`; `None`: the defaults.
    pub config_dir: Option<PathBuf>,
    /// How many colours; `None` asks the environment (`NO_COLOR`, `COLORTERM`, `TERM`).
    pub colour: Option<Colour>,
    /// ASCII only; `None` asks the locale.
    pub ascii: Option<bool>,
    /// `terminal`, `dark` or `light`; empty for the first.
    pub theme: String,
    /// Mouse reports.
    pub mouse: bool,
    /// Begin with the welcome screen: there was no book.
    pub first_run: bool,
}

/// The moment by the system's clock: the only place of the screens that asks it.
pub(crate) fn clock() -> Stamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Stamp(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
}

/// Runs the screens until the person leaves.
pub fn run(start: Start) -> Result<()> {
    if std::env::var("TERM").is_ok_and(|t| t == "dumb") {
        return Err(Error::usage("this terminal (TERM=dumb) cannot place text")
            .hint("every list is also a subcommand: retain --help"));
    }
    terminal::on_panic(start.state_dir.clone());
    let guard = terminal::Guard::take(start.mouse)?;
    let state = state::Kept::read(start.state_dir.clone());
    let mut app = app::App::new(look(&start)?, state.value());
    for wrong in user_keys(&start, &mut app.look.keymap) {
        app.warn(wrong);
    }
    app.welcome_when_empty();
    if start.first_run {
        app.welcome();
    }
    let mut runner = runner::Runner::new(start, guard, state)?;
    runner.run(&mut app)
}

/// Every action with its default keys, for `retain keys` and the README: id, keys, words, and the subcommand that does the same
/// (empty for what is of the screen only).
pub fn key_table() -> Vec<[String; 4]> {
    let look = default_look();
    let rows = look.keymap.all().map(|a| {
        let keys: Vec<String> = a.keys.iter().map(|k| key::show(k)).collect();
        [
            a.id.clone(),
            keys.join(", "),
            look.action_words(a),
            a.cli.unwrap_or_default().to_owned(),
        ]
    });
    rows.collect()
}

fn default_keymap() -> Keymap {
    Keymap::new(views::SCREENS.iter().map(|s| (s.actions)()))
}

fn user_keys(start: &Start, keymap: &mut Keymap) -> Vec<String> {
    let file = start.config_dir.as_ref().map(|d| d.join("keys.toml"));
    file.and_then(|f| std::fs::read_to_string(f).ok())
        .map(|text| keymap.overlay(&text))
        .unwrap_or_default()
}

/// The charset that the locale names; `None` where it names no locale at all.
fn utf8_locale() -> Option<bool> {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(|n| std::env::var(n).ok())
        .find(|v| !v.is_empty());
    named.map(|v| v.to_lowercase().replace('-', "").contains("utf8"))
}

/// True where the locale says that the terminal has ASCII only (`LANG=C`): then names lose their accents too. Without any
/// locale only the frames are drawn in ASCII, for most terminals show UTF-8 unasked.
fn ascii_letters(start: &Start) -> bool {
    start.ascii.is_none() && utf8_locale() == Some(false)
}

fn colours() -> Colour {
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    if !set("NO_COLOR").is_empty() {
        Colour::Never
    } else if matches!(set("COLORTERM").as_str(), "truecolor" | "24bit") {
        Colour::True
    } else if set("TERM").contains("256color") {
        Colour::Cube
    } else {
        Colour::Sixteen
    }
}

fn look(start: &Start) -> Result<Look> {
    let ascii = start.ascii.unwrap_or_else(|| utf8_locale() != Some(true));
    let colour = start.colour.unwrap_or_else(colours);
    let theme = Theme::named(&start.theme, colour).ok_or_else(|| {
        Error::usage(format!("there is no theme \"{}\"", start.theme))
            .hint("themes: terminal, dark, light")
    })?;
    let size = crossterm::terminal::size().unwrap_or((80, 24));
    let mut look = default_look();
    look.say = Say::english(ascii);
    look.glyphs = Glyphs::new(ascii);
    look.theme = theme;
    look.size = size;
    look.me.clone_from(&start.options.who.person);
    look.book.clone_from(&start.book);
    look.now = Moment::new(start.options.now, Zone::default());
    Ok(look)
}

/// A look with defaults, before a book is open.
fn default_look() -> Look {
    Look {
        now: Moment::new(Stamp(0), Zone::default()),
        size: (80, 24),
        say: Say::english(false),
        theme: Theme::terminal(),
        glyphs: Glyphs::new(false),
        keymap: default_keymap(),
        roster: None,
        config: Arc::new(Config::default()),
        book: PathBuf::new(),
        exchanges: None,
        read_only: None,
        past: None,
        counts: Counts::default(),
        here: Vec::new(),
        looking: None,
        me: String::new(),
        list_rows: 10,
        preview: true,
        drafts: drafts::Drafts::default(),
        bookmarks: Vec::new(),
        visited: Vec::new(),
        recent: Vec::new(),
        ticket: 0,
        last: None,
        passed: Vec::new(),
        handled: Vec::new(),
        copies: Vec::new(),
        arrived: Vec::new(),
    }
}
