//! The subcommands: one file each. The only printing, and the only clap.
//!
//! A subcommand reads its flags, asks the store or hands it a command, and prints the answer; it holds no rules of its own.
//! The screens are lent to it by `main` as [`Wiring`], because `cli` and `tui` do not know each other.

mod action;
mod backup;
mod calendar;
mod checklist;
mod config;
mod conflicts;
mod deliver;
mod demo;
mod doctor;
mod dump;
mod export;
mod fail;
mod funnel;
mod handover;
mod health;
mod history;
mod import;
mod keys;
mod list;
mod log;
mod logfile;
mod mail;
mod merge;
mod merge_driver;
mod r#move;
mod note;
mod nps;
mod out;
mod outbox;
mod people;
mod person;
mod place;
mod play;
mod purge;
mod report;
mod restore;
mod rule;
mod segments;
mod share;
mod show;
mod survey;
mod sync;
mod tables;
mod task;
mod today;
mod undo;
mod written;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Parser, Subcommand, ValueEnum};

use crate::domain::command::Command;
use crate::domain::customer::Contact;
use crate::domain::id::Id;
use crate::domain::query::{Account, Page, Query, TimelineAsk};
use crate::domain::time::{Day, Moment, Stamp, words};
use crate::error::{Error, Result};
use crate::store::outbox::Keep;
use crate::store::{self, Options, Store, Who};
use fail::{Done, Stop};
use out::Out;
use place::Places;

/// What `main` lends to the subcommands from the screens.
pub struct Wiring<'a> {
    /// Opens the screens.
    pub open: &'a dyn Fn(Open) -> Result<()>,
    /// The table of all keys: action, keys, words.
    pub keys: &'a dyn Fn() -> Vec<(String, String, String)>,
}

/// With what the screens are opened.
#[derive(Clone, Debug)]
pub struct Open {
    /// The book.
    pub book: PathBuf,
    /// It is not there yet: the screens begin with a welcome.
    pub first_run: bool,
    /// Who acts, when, and how the book is opened.
    pub options: Options,
    /// How many colours.
    pub color: Color,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Name of the theme; empty for the usual one.
    pub theme: String,
    /// The folder for what the screens remember; `None`: nothing is kept.
    pub state: Option<PathBuf>,
    /// The folder with the person's own keys; `None`: the platform does not say.
    pub config: Option<PathBuf>,
}

/// How many colours may be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Color {
    /// As many as the terminal has; none to a pipe.
    #[default]
    Auto,
    /// None.
    Never,
    /// The terminal's own sixteen.
    #[value(name = "16")]
    Sixteen,
    /// The palette of 256.
    #[value(name = "256")]
    TwoFiftySix,
    /// Full colour.
    True,
}

/// Up to this size a subcommand that writes makes the backup of the day itself; it takes a blink. Larger books get it from
/// the screens, beside the keys.
const DAILY_AT_ONCE: u64 = 64 << 20;

const AFTER: &str = "\
CUSTOMER is an id, the key under which your files know it, or a name or part of one.
Without a subcommand the screens open.

Exit codes: 0 done, 1 failed, 2 wrong use or a name that fits several, 3 not found,
4 somebody else changed the same thing, 5 the book is busy or read-only.";

/// A customer-success console for the terminal, over one local SQLite file.
#[derive(Parser, Debug)]
#[command(name = "retain", version, about, after_help = AFTER, disable_help_subcommand = true, infer_subcommands = false)]
struct Args {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    sub: Option<Sub>,
}

/// Flags that every subcommand takes.
#[derive(clap::Args, Debug)]
struct Globals {
    /// The book, a SQLite file (default: book.db in the data folder)
    #[arg(long, global = true, value_name = "FILE", env = "RETAIN_BOOK", hide_env_values = true)]
    book: Option<PathBuf>,
    /// Show everything as it was on this day (2026-11-21)
    #[arg(long, global = true, value_name = "DATE")]
    as_of: Option<String>,
    /// Who acts (default: the login name)
    #[arg(long, global = true, value_name = "NAME", env = "RETAIN_ME", hide_env_values = true)]
    me: Option<String>,
    /// Answer in JSON: an object with "schema": 1; errors too, on standard error
    #[arg(long, global = true)]
    json: bool,
    /// Write without keeping a copy of your own changes beside the book
    #[arg(long, global = true)]
    no_outbox: bool,
    /// How many colours may be sent
    #[arg(long, global = true, value_name = "HOW", default_value = "auto", hide_possible_values = false)]
    color: Color,
    /// Draw with ASCII signs only
    #[arg(long, global = true)]
    ascii: bool,
    /// The theme of the screens
    #[arg(long, global = true, value_name = "NAME")]
    theme: Option<String>,
}

/// One variant a subcommand; the text of each is in its own file.
#[derive(Subcommand, Debug)]
enum Sub {
    Demo(demo::Args),
    Import(import::Args),
    List(list::Args),
    Show(show::Args),
    Log(log::Args),
    Note(note::Args),
    Move(r#move::Args),
    Checklist(checklist::Args),
    People(people::Args),
    Handover(handover::Args),
    Task(task::Args),
    Action(action::Args),
    Play(play::Args),
    Rule(rule::Args),
    Alerts(rule::AlertArgs),
    Nps(nps::Args),
    Health(health::Args),
    Today(today::Args),
    Funnel(funnel::Args),
    Undo(undo::UndoArgs),
    Redo(undo::RedoArgs),
    Revert(undo::RevertArgs),
    History(history::Args),
    Keys(keys::Args),
    Config(config::Args),
    Export(export::Args),
    Calendar(calendar::Args),
    Brief(report::BriefArgs),
    Qbr(report::QbrArgs),
    Digest(report::DigestArgs),
    Dump(dump::Args),
    Load(dump::LoadArgs),
    Merge(merge::Args),
    Conflicts(conflicts::Args),
    Resolve(conflicts::ResolveArgs),
    Doctor(doctor::Args),
    Sync(sync::Args),
    MergeDriver(merge_driver::Args),
    Mail(mail::Args),
    Person(person::Args),
    #[command(visible_alias = "forget")]
    Purge(purge::Args),
    Outbox(outbox::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Share(share::Args),
    Answer(survey::AnswerArgs),
    Invite(survey::InviteArgs),
    Survey(survey::Args),
    Segments(segments::Args),
    Targets(tables::TargetArgs),
    HelpFirst(tables::HelpArgs),
    Issues(tables::IssueArgs),
    Stays(tables::StayArgs),
}

impl Sub {
    /// Its name, for the log.
    fn name(&self) -> &'static str {
        match self {
            Sub::Demo(_) => "demo",
            Sub::Import(_) => "import",
            Sub::List(_) => "list",
            Sub::Show(_) => "show",
            Sub::Log(_) => "log",
            Sub::Note(_) => "note",
            Sub::Move(_) => "move",
            Sub::Checklist(_) => "checklist",
            Sub::People(_) => "people",
            Sub::Handover(_) => "handover",
            Sub::Task(_) => "task",
            Sub::Action(_) => "action",
            Sub::Play(_) => "play",
            Sub::Rule(_) => "rule",
            Sub::Alerts(_) => "alerts",
            Sub::Nps(_) => "nps",
            Sub::Health(_) => "health",
            Sub::Today(_) => "today",
            Sub::Funnel(_) => "funnel",
            Sub::Undo(_) => "undo",
            Sub::Redo(_) => "redo",
            Sub::Revert(_) => "revert",
            Sub::Sync(_) => "sync",
            Sub::MergeDriver(_) => "merge-driver",
            Sub::Mail(_) => "mail",
            Sub::Person(_) => "person",
            Sub::Purge(_) => "purge",
            Sub::History(_) => "history",
            Sub::Keys(_) => "keys",
            Sub::Config(_) => "config",
            Sub::Export(_) => "export",
            Sub::Calendar(_) => "calendar",
            Sub::Brief(_) => "brief",
            Sub::Qbr(_) => "qbr",
            Sub::Digest(_) => "digest",
            Sub::Dump(_) => "dump",
            Sub::Load(_) => "load",
            Sub::Merge(_) => "merge",
            Sub::Conflicts(_) => "conflicts",
            Sub::Resolve(_) => "resolve",
            Sub::Doctor(_) => "doctor",
            Sub::Outbox(_) => "outbox",
            Sub::Backup(_) => "backup",
            Sub::Restore(_) => "restore",
            Sub::Share(_) => "share",
            Sub::Answer(_) => "answer",
            Sub::Invite(_) => "invite",
            Sub::Survey(_) => "survey",
            Sub::Segments(_) => "segments",
            Sub::Targets(_) => "targets",
            Sub::HelpFirst(_) => "help-first",
            Sub::Issues(_) => "issues",
            Sub::Stays(_) => "stays",
        }
    }
}

/// What a subcommand works with.
struct Cx<'a> {
    globals: &'a Globals,
    wiring: &'a Wiring<'a>,
    places: Places,
    person: String,
    as_of: Option<Day>,
    now: Stamp,
    out: Out,
}

/// Runs the program with its command line and gives its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, wiring: &Wiring<'_>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let wants_json = args.iter().any(|a| a == "--json");
    let parsed = match Args::try_parse_from(&args) {
        Ok(parsed) => parsed,
        // Help and version: clap prints them; a closed pipe is nobody's trouble.
        Err(shown) if !shown.use_stderr() => {
            let _ = shown.print();
            return ExitCode::SUCCESS;
        }
        Err(wrong) => return fail::report(&fail::from_clap(&wrong), wants_json),
    };
    match run_parsed(parsed, wiring) {
        Ok(()) | Err(Stop::Closed) => ExitCode::SUCCESS,
        Err(Stop::Error(error)) => {
            // The kind and the cause only: the sentence may name a customer.
            tracing::error!(kind = fail::kind_code(error.kind), cause = error.source.as_ref().map(tracing::field::display), "failed");
            fail::report(&error, wants_json)
        }
    }
}

fn run_parsed(args: Args, wiring: &Wiring<'_>) -> Done {
    let Args { globals, sub } = args;
    let mut cx = Cx {
        wiring,
        places: Places::of_platform(),
        person: person(globals.me.as_deref())?,
        as_of: globals.as_of.as_deref().map(as_of).transpose()?,
        now: fixed_clock()?.unwrap_or_else(clock),
        out: Out::new(&globals),
        globals: &globals,
    };
    logfile::start(&cx.places);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), command = sub.as_ref().map_or("screens", Sub::name), "start");
    match sub {
        None => open_screens(&cx, cx.book()?)?,
        Some(sub) => run_sub(&mut cx, sub)?,
    }
    Ok(cx.out.flush()?)
}

fn run_sub(cx: &mut Cx<'_>, sub: Sub) -> Done {
    match sub {
        Sub::Demo(args) => demo::run(cx, &args),
        Sub::Import(args) => import::run(cx, &args),
        Sub::List(args) => list::run(cx, &args),
        Sub::Show(args) => show::run(cx, &args),
        Sub::Log(args) => log::run(cx, &args),
        Sub::Note(args) => note::run(cx, &args),
        Sub::Move(args) => r#move::run(cx, &args),
        Sub::Checklist(args) => checklist::run(cx, &args),
        Sub::People(args) => people::run(cx, &args),
        Sub::Handover(args) => handover::run(cx, &args),
        Sub::Task(args) => task::run(cx, &args),
        Sub::Action(args) => action::run(cx, &args),
        Sub::Play(args) => play::run(cx, &args),
        Sub::Rule(args) => rule::run(cx, &args),
        Sub::Alerts(args) => rule::alerts(cx, &args),
        Sub::Nps(args) => nps::run(cx, &args),
        Sub::Health(args) => health::run(cx, &args),
        Sub::Today(args) => today::run(cx, &args),
        Sub::Funnel(args) => funnel::run(cx, &args),
        Sub::Answer(args) => survey::answer(cx, &args),
        Sub::Invite(args) => survey::invite(cx, &args),
        Sub::Survey(args) => survey::run(cx, &args),
        Sub::Segments(args) => segments::run(cx, &args),
        Sub::Targets(args) => tables::targets(cx, &args),
        Sub::HelpFirst(args) => tables::help_first(cx, &args),
        Sub::Issues(args) => tables::issues(cx, &args),
        Sub::Stays(args) => tables::stays(cx, &args),
        Sub::Undo(args) => undo::undo(cx, &args),
        Sub::Redo(args) => undo::redo(cx, &args),
        Sub::Revert(args) => undo::revert(cx, &args),
        Sub::Sync(args) => sync::run(cx, &args),
        Sub::MergeDriver(args) => merge_driver::run(cx, &args),
        Sub::Mail(args) => mail::run(cx, &args),
        Sub::Person(args) => person::run(cx, &args),
        Sub::Purge(args) => purge::run(cx, &args),
        Sub::History(args) => history::run(cx, &args),
        Sub::Keys(args) => keys::run(cx, &args),
        Sub::Config(args) => config::run(cx, &args),
        Sub::Export(args) => export::run(cx, &args),
        Sub::Calendar(args) => calendar::run(cx, &args),
        Sub::Brief(args) => report::brief(cx, &args),
        Sub::Qbr(args) => report::qbr(cx, &args),
        Sub::Digest(args) => report::digest(cx, &args),
        Sub::Dump(args) => dump::dump(cx, &args),
        Sub::Load(args) => dump::load(cx, &args),
        Sub::Merge(args) => merge::run(cx, &args),
        Sub::Conflicts(args) => conflicts::run(cx, &args),
        Sub::Resolve(args) => conflicts::resolve(cx, &args),
        Sub::Doctor(args) => doctor::run(cx, &args),
        Sub::Outbox(args) => outbox::run(cx, &args),
        Sub::Backup(args) => backup::run(cx, &args),
        Sub::Restore(args) => restore::run(cx, &args),
        Sub::Share(args) => share::run(cx, &args),
    }
}

/// Hands over to the screens with `book`.
fn open_screens(cx: &Cx<'_>, book: PathBuf) -> Result<()> {
    use std::io::IsTerminal as _;
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Error::usage("The screens need a terminal").hint("for a script: `retain list`, `retain today`, `retain --help`"));
    }
    place::make_folder_of(&book)?;
    (cx.wiring.open)(Open {
        first_run: !book.exists(),
        book,
        options: Options { who: cx.who(), now: cx.now, as_of: cx.as_of, create: true, zone: place::zone(), keep: cx.keep() },
        color: cx.globals.color,
        ascii: cx.globals.ascii,
        theme: cx.globals.theme.clone().unwrap_or_default(),
        state: cx.places.state().map(Path::to_owned),
        config: cx.places.config(),
    })
}

impl Cx<'_> {
    /// The book that is meant.
    fn book(&self) -> Result<PathBuf> {
        self.globals.book.clone().map_or_else(|| self.places.book(), Ok)
    }

    fn who(&self) -> Who {
        Who { person: self.person.clone(), device: self.places.device(&self.person, self.now) }
    }

    /// Opens the book; one that is not there is an error that says how to get one.
    fn open(&self) -> Result<Store> {
        let path = self.book()?;
        if !store::reachable(&path)? {
            return Err(Error::not_found(format!("There is no book at {}", path.display()))
                .hint("look around in a made-up one: `retain demo`")
                .hint("bring your own data: `retain import FOLDER`")
                .hint("or name another book with `--book FILE`"));
        }
        self.open_at(&path, false)
    }

    /// Opens the book, or makes it.
    fn open_or_create(&self) -> Result<Store> {
        let path = self.book()?;
        self.open_at(&path, true)
    }

    fn open_at(&self, path: &Path, create: bool) -> Result<Store> {
        if create {
            place::make_folder_of(path)?;
        }
        let zone = if create { place::zone() } else { None };
        let mut store = Store::open(path, &Options { create, zone, ..self.options() })?;
        store.take_what_came();
        self.tell(&mut store);
        Ok(store)
    }

    /// Opens the book to look at it: as it was, where `--as-of` names a day before today.
    fn open_to_look(&self) -> Result<Store> {
        let mut store = self.open()?;
        store.look_back(self.now)?;
        Ok(store)
    }

    /// How a book that is there is opened.
    fn options(&self) -> Options {
        Options { who: self.who(), now: self.now, as_of: self.as_of, create: false, zone: None, keep: self.keep() }
    }

    /// Gives what was done to the other copies, where this one takes part. What fails is told and given the next time.
    fn hand_on(&self, store: &mut Store) {
        if let Err(error) = store.give_bundles(1) {
            self.warn(&format!("not in the sync folder yet: {}", error.message));
        }
    }

    /// Where one's own changes are kept beside the book.
    fn keep(&self) -> Keep {
        match self.places.state() {
            _ if self.globals.no_outbox => Keep::Nowhere,
            Some(folder) => Keep::In(folder.to_owned()),
            None => Keep::Cannot("there is no folder of your own that can be written".into()),
        }
    }

    /// Says on standard error what the store has to tell.
    fn tell(&self, store: &mut Store) {
        for words in store.news() {
            self.warn(&words);
        }
    }

    /// One line on standard error. Nobody is there to be told where it is closed.
    fn warn(&self, words: &str) {
        let _ = writeln!(std::io::stderr(), "{}", out::one_line(words));
    }

    /// Runs a command and says what it did.
    fn write(&mut self, store: &mut Store, command: &Command) -> Done {
        let receipt = store.write(command, self.now)?;
        if store.size() < DAILY_AT_ONCE
            && let Err(error) = store.back_up_daily(self.now)
        {
            self.warn(&error.message);
        }
        self.hand_on(store);
        written::print(self, store, &receipt)
    }

    /// What a person typed as a time in the past; `None` when they typed nothing.
    fn past(&self, store: &Store, text: Option<&str>) -> Result<Option<Stamp>> {
        let moment = self.moment(store);
        let read = |t: &str| {
            let wrong =
                || Error::usage(format!("\"{t}\" is not a time")).hint("for example: \"2d ago\", yesterday, \"fri 14:30\", 2026-11-20");
            words::past(t, &moment).or_else(|| t.parse().ok().map(|day| midday(day, &moment))).ok_or_else(wrong)
        };
        text.map(read).transpose()
    }

    /// What a person typed as a day; `None` when they typed nothing.
    fn day(&self, store: &Store, text: Option<&str>) -> Result<Option<Day>> {
        let moment = self.moment(store);
        let read = |t: &str| {
            let wrong = || Error::usage(format!("\"{t}\" is not a date")).hint("for example: fri, +7d, \"8 dec\", 2026-12-08");
            t.parse().ok().or_else(|| words::day(t, &moment)).ok_or_else(wrong)
        };
        text.map(read).transpose()
    }

    fn moment(&self, store: &Store) -> Moment {
        let mut moment = store.moment(self.now);
        if let Some(day) = self.as_of {
            moment.today = day;
        }
        moment
    }

    /// Everything of one customer, with so many events.
    fn account(&self, store: &mut Store, customer: Id, limit: usize) -> Result<Box<Account>> {
        match store.answer(&Query::Account { customer, timeline: TimelineAsk { limit, ..TimelineAsk::default() } })? {
            Page::Account(Some(account)) => Ok(account),
            _ => Err(Error::not_found("The customer is gone")),
        }
    }

    /// The customers that pass a filter.
    fn filtered(&self, store: &mut Store, filter: &str) -> Result<Vec<Id>> {
        let query = Query::Customers { filter: filter.to_owned(), sort: String::new(), descending: false, columns: Vec::new() };
        let Page::Rows(page) = store.answer(&query)? else { return Err(unexpected()) };
        if let Some(mistake) = page.mistake {
            return Err(Error::usage(mistake.message));
        }
        let roster = store.roster()?;
        let roster = roster.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let found: Vec<Id> = page.rows.iter().map(|at| roster.ids[*at as usize]).collect();
        if found.is_empty() { Err(Error::not_found(format!("No customer passes {filter}"))) } else { Ok(found) }
    }

    /// The customer's contacts.
    fn contacts(&self, store: &mut Store, customer: Id) -> Result<Vec<Contact>> {
        Ok(self.account(store, customer, 1)?.contacts)
    }
}

fn midday(day: Day, moment: &Moment) -> Stamp {
    // A day without a time: its middle, which is the same date in every neighbouring zone.
    moment.zone.stamp(day, chrono::NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default())
}

/// Words that a person gave as several arguments.
fn joined(words: &[String]) -> String {
    words.join(" ").trim().to_owned()
}

/// The place of the one row whose id ends so; what it is called for the sentence, and where ids are printed.
fn by_end(what: &str, printed: &str, rows: impl Iterator<Item = (Id, String)>, end: &str) -> Result<usize> {
    let wanted = end.trim().trim_start_matches('#').to_lowercase();
    let ends = |id: &Id| wanted.len() >= 4 && id.to_string().ends_with(&wanted);
    let fits: Vec<(usize, (Id, String))> = rows.enumerate().filter(|(_, (id, _))| ends(id)).collect();
    match fits.as_slice() {
        [] => Err(Error::not_found(format!("There is no {what} {end}")).hint(format!("`{printed}` prints their ids"))),
        [one] => Ok(one.0),
        several => {
            let error = Error::usage(format!("{} have an id that ends in {end}", several.len()));
            Err(several.iter().take(8).fold(error, |e, (_, (id, name))| e.hint(format!("{id}  {name}"))))
        }
    }
}

/// The answer was to another question: a fault of the store, never of the person.
fn unexpected() -> Error {
    Error::failed("The book answered another question")
}

fn person(me: Option<&str>) -> Result<String> {
    if let Some(me) = me.filter(|me| out::one_line(me.trim()) != me.trim()) {
        let words = format!("\"{}\" cannot be a name: it has characters that are no letters", out::one_line(me));
        return Err(Error::usage(words).hint("set RETAIN_ME (or --me) to a name of one line"));
    }
    let login = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let name = me.map(str::to_owned).filter(|m| !m.trim().is_empty()).or_else(login).unwrap_or_default();
    let name = out::one_line(name.trim());
    Ok(if name.is_empty() { "someone".to_owned() } else { name })
}

fn as_of(text: &str) -> Result<Day> {
    text.parse().map_err(|()| Error::usage(format!("\"{text}\" is not a date")).hint("write it as 2026-11-21"))
}

/// The moment that RETAIN_NOW fixes, for tests.
fn fixed_clock() -> Result<Option<Stamp>> {
    let Ok(text) = std::env::var("RETAIN_NOW") else { return Ok(None) };
    let wrong = |e| Error::usage(format!("RETAIN_NOW is \"{text}\", not a moment such as 2026-11-21T09:30:00Z")).because(e);
    chrono::DateTime::parse_from_rfc3339(&text).map(|t| Some(Stamp(t.timestamp_millis()))).map_err(wrong)
}

/// Now.
fn clock() -> Stamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Stamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }
}
