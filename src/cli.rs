//! The subcommands: one file each. The only printing, and the only clap.
//!
//! A subcommand reads its flags, asks the store or hands it a command, and prints the answer; it holds no rules of its own.
//! The screens are lent to it by `main` as [`Wiring`], because `cli` and `tui` do not know each other.

mod action;
mod backup;
mod calendar;
mod call;
mod change;
mod checklist;
mod complete;
mod config;
mod conflicts;
mod contact;
mod customer;
mod deliver;
mod demo;
mod doctor;
mod dump;
mod duplicates;
mod event;
mod examples;
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
mod man;
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
mod portfolio;
mod purge;
mod report;
mod restore;
mod rule;
mod segments;
mod share;
mod show;
mod sql;
mod sub;
mod subscription;
mod survey;
mod sync;
mod tables;
mod task;
mod ticket;
mod today;
mod undo;
mod view;
mod vocabulary;
mod whom;
mod written;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use clap::{FromArgMatches as _, Parser, ValueEnum};

use crate::domain::command::{Command, Entity};
use crate::domain::customer::Contact;
use crate::domain::id::Id;
use crate::domain::query::{Account, Page, Query, TimelineAsk, View};
use crate::domain::time::{Day, Moment, Stamp, words};
use crate::error::{Error, Result};
use crate::store::once::Once;
use crate::store::outbox::Keep;
use crate::store::sync::Part;
use crate::store::{self, Options, Store, Who};
use crate::transfer::hooks;
use fail::{Done, Stop};
use out::Out;
use place::Places;
use sub::{Manner, Sub};

/// What `main` lends to the subcommands from the screens.
pub struct Wiring<'a> {
    /// Opens the screens.
    pub open: &'a dyn Fn(Open) -> Result<()>,
    /// The table of all keys: action, keys, words, and the subcommand that does the same.
    pub keys: &'a dyn Fn() -> Vec<[String; 4]>,
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
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "RETAIN_BOOK",
        hide_env_values = true
    )]
    book: Option<PathBuf>,
    /// Show everything as it was on this day (2026-11-21)
    #[arg(long, global = true, value_name = "DATE")]
    as_of: Option<String>,
    /// Who acts (default: the login name)
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "RETAIN_ME",
        hide_env_values = true
    )]
    me: Option<String>,
    /// Answer in JSON: an object with "schema": 1; errors too, on standard error
    #[arg(long, global = true)]
    json: bool,
    /// The rows of that JSON, one object a line
    #[arg(long, global = true, conflicts_with = "json")]
    jsonl: bool,
    /// The rows as CSV
    #[arg(long, global = true, conflicts_with_all = ["json", "jsonl"])]
    csv: bool,
    /// With --csv: leave texts that a spreadsheet would run as formulas as they are, without an apostrophe before them
    #[arg(long, global = true, requires = "csv")]
    raw_csv: bool,
    /// Say what a write would change, and change nothing
    #[arg(long, global = true)]
    dry_run: bool,
    /// Do a write only once: a repeated call with the same key does nothing and gives the first receipt
    #[arg(long, global = true, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Write without keeping a copy of your own changes beside the book
    #[arg(long, global = true)]
    no_outbox: bool,
    /// How many colours may be sent
    #[arg(
        long,
        global = true,
        value_name = "HOW",
        default_value = "auto",
        hide_possible_values = false
    )]
    color: Color,
    /// Draw with ASCII signs only
    #[arg(long, global = true)]
    ascii: bool,
    /// The theme of the screens
    #[arg(long, global = true, value_name = "NAME")]
    theme: Option<String>,
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
    /// The subcommand only looks.
    looks: bool,
    /// Batches for the hooks, as JSON.
    batches: Vec<serde_json::Value>,
    /// What is asked for, for an idempotency key.
    call: call::Call,
    /// A command was run or tried.
    wrote: bool,
}

/// Runs the program with its command line and gives its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, wiring: &Wiring<'_>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if let Some(shell) = complete::asked() {
        return complete::answer(&shell, &args);
    }
    let wants_json = args
        .iter()
        .take_while(|a| *a != "--")
        .any(|a| a == "--json" || a == "--jsonl");
    let mut line = command();
    let matched = line.try_get_matches_from_mut(&args);
    let matched = matched
        .and_then(|matches| Ok((Args::from_arg_matches(&matches)?, call::of(&line, &matches))));
    let (parsed, call) = match matched {
        Ok(parsed) => parsed,
        // Help and version: clap prints them; a closed pipe is nobody's trouble.
        Err(shown) if !shown.use_stderr() => {
            let _ = shown.print();
            return ExitCode::SUCCESS;
        }
        Err(wrong) => return fail::report(&fail::from_clap(&wrong), wants_json),
    };
    match run_parsed(parsed, call, wiring) {
        Ok(()) | Err(Stop::Closed) => ExitCode::SUCCESS,
        Err(Stop::Error(error)) => {
            // Kinds and places only: the sentence may name a customer, and so may the words of the cause.
            tracing::error!(
                kind = fail::kind_code(error.kind),
                cause = logfile::cause(&error),
                "failed"
            );
            fail::report(&error, wants_json)
        }
    }
}

/// The command line that there is.
fn command() -> clap::Command {
    examples::shown_in(<Args as clap::CommandFactory>::command())
}

fn run_parsed(args: Args, call: call::Call, wiring: &Wiring<'_>) -> Done {
    let Args { globals, sub } = args;
    let mut cx = Cx {
        wiring,
        places: Places::of_platform(),
        person: person(globals.me.as_deref())?,
        as_of: globals.as_of.as_deref().map(as_of).transpose()?,
        now: fixed_clock()?.unwrap_or_else(clock),
        out: Out::new(&globals),
        looks: sub
            .as_ref()
            .is_some_and(|sub| sub.manner() == Manner::Looks),
        batches: Vec::new(),
        call,
        wrote: false,
        globals: &globals,
    };
    logfile::start(&cx.places);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        command = sub.as_ref().map_or("screens", Sub::name),
        "start"
    );
    match sub {
        None => open_screens(&cx, cx.book()?)?,
        Some(sub) => {
            let done = run_sub(&mut cx, &sub);
            // What was said first: a hook may take its time.
            let flushed = cx.out.flush();
            cx.give_to_hooks();
            done?;
            flushed?;
        }
    }
    Ok(())
}

fn run_sub(cx: &mut Cx<'_>, sub: &Sub) -> Done {
    store::locks::tell_waits(|words| {
        let _ = writeln!(std::io::stderr(), "{}", out::one_line(words));
    });
    if cx.globals.idempotency_key.is_some() {
        if sub.manner() != Manner::Writes {
            return Err(
                Error::usage(say!("cli.retain_takes_no_idempotency", sub = sub.name())).into(),
            );
        }
        cx.call.read_input()?;
        // What the first call did may be in the way of reading this one: a task that is done cannot be named to be done.
        if cx.book()?.exists() && !cx.globals.dry_run {
            let mut store = cx.open()?;
            if let Some(once) = cx.once(&store)?
                && let Some(receipt) = store.done_once(&once)?
            {
                return written::print(cx, &mut store, &receipt);
            }
        }
    }
    if cx.globals.dry_run && sub.manner() == Manner::Own && !sub.tries_itself() {
        return Err(
            Error::usage(say!("cli.retain_cannot_tried", sub = sub.name()))
                .hint(say!("cli.leave_out_dry_run"))
                .into(),
        );
    }
    sub.run(cx)?;
    if cx.globals.idempotency_key.is_some() && !cx.wrote {
        let words = say!("cli.this_retain_writes_nothing", sub = sub.name());
        return Err(Error::usage(words)
            .hint(say!("cli.leave_out_where_something"))
            .into());
    }
    Ok(())
}

/// Hands over to the screens with `book`.
fn open_screens(cx: &Cx<'_>, book: PathBuf) -> Result<()> {
    use std::io::IsTerminal as _;
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Error::usage(say!("cli.screens_need_terminal"))
            .hint(say!("cli.for_script_retain_list")));
    }
    place::make_folder_of(&book)?;
    (cx.wiring.open)(Open {
        first_run: !book.exists(),
        book,
        options: Options {
            who: cx.who(),
            now: cx.now,
            as_of: cx.as_of,
            create: true,
            zone: place::zone(),
            keep: cx.keep(),
        },
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
        self.globals
            .book
            .clone()
            .map_or_else(|| self.places.book(), Ok)
    }

    fn who(&self) -> Who {
        Who {
            person: self.person.clone(),
            device: self.places.device(&self.person, self.now),
        }
    }

    /// Opens the book; one that is not there is an error that says how to get one.
    fn open(&self) -> Result<Store> {
        self.open_at(&self.found()?, false)
    }

    /// The path of the book, which is there.
    fn found(&self) -> Result<PathBuf> {
        let path = self.book()?;
        if !store::reachable(&path)? {
            return Err(
                Error::not_found(say!("cli.there_no_book_at", path = path.display()))
                    .hint(say!("cli.look_around_made_up"))
                    .hint(say!("cli.bring_your_own_data"))
                    .hint(say!("cli.or_name_another_book")),
            );
        }
        Ok(path)
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
        let options = Options {
            create,
            zone,
            ..self.options()
        };
        let mut store = if self.looks && !create {
            Store::open_to_look(path, &options)?
        } else {
            Store::open(path, &options)?
        };
        store.take_what_came();
        self.tell(&mut store);
        Ok(store)
    }

    /// Opens a book that is there and leaves the exchange to the subcommand.
    fn open_before_exchange(&self) -> Result<Store> {
        let path = self.found()?;
        let mut store = Store::open(&path, &self.options())?;
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
        Options {
            who: self.who(),
            now: self.now,
            as_of: self.as_of,
            create: false,
            zone: None,
            keep: self.keep(),
        }
    }

    /// Gives what was done to the other copies, where this one takes part. What fails is told and given the next time; so is that
    /// this file does not exchange, though the book does.
    fn hand_on(&mut self, store: &mut Store) {
        self.note_batches(store);
        if let Part::Aside(words) = store.part() {
            self.warn(&words);
        }
        if let Err(error) = store.give_bundles(1) {
            self.warn(&say!("cli.not_sync_folder_yet", message = error.message));
        }
        // What a write found out has no later opening to be told at.
        self.tell(store);
    }

    /// Reads for the hooks what was written, where there are hooks.
    fn note_batches(&mut self, store: &mut Store) {
        if self
            .places
            .config()
            .is_none_or(|folder| !folder.join(hooks::FILE).exists())
        {
            return;
        }
        for batch in store.take_committed() {
            if let Ok(Page::Batch(page)) = store.answer(&Query::Batch { batch }) {
                self.batches.push(hooks::payload(&page, store.path()));
            }
        }
    }

    /// Gives the hooks what was written. It stands already, whatever they do.
    fn give_to_hooks(&mut self) {
        let Some(folder) = self.places.config().filter(|_| !self.batches.is_empty()) else {
            return;
        };
        let told = match hooks::read(&folder) {
            Ok(all) => std::mem::take(&mut self.batches)
                .iter()
                .flat_map(|batch| hooks::give(&all, batch))
                .collect(),
            Err(error) => vec![error.message.to_string()],
        };
        for words in told {
            self.warn(&words);
        }
    }

    /// Where one's own changes are kept beside the book.
    fn keep(&self) -> Keep {
        match self.places.state() {
            Some(folder) if self.globals.no_outbox => Keep::Numbers(folder.to_owned()),
            None if self.globals.no_outbox => Keep::Nowhere,
            Some(folder) => Keep::In(folder.to_owned()),
            None => Keep::Cannot(say!("cli.there_no_folder_your").into()),
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

    /// The call with its idempotency key, where it has one.
    fn once(&self, store: &Store) -> Result<Option<Once>> {
        self.globals
            .idempotency_key
            .as_deref()
            .map(|key| store.once(key, &self.call.text()))
            .transpose()
    }

    /// Runs a command and says what it did; with --dry-run what it would do.
    fn write(&mut self, store: &mut Store, command: &Command) -> Done {
        self.wrote = true;
        if self.globals.dry_run {
            let (receipt, page) = store.rehearse(command, self.now)?;
            return written::tried(self, store, &receipt, &page);
        }
        let receipt = store.write_once(command, self.now, self.once(store)?.as_ref())?;
        if store.size() < DAILY_AT_ONCE
            && let Err(error) = store.back_up_daily(self.now)
        {
            self.warn(&error.message);
        }
        self.hand_on(store);
        written::print(self, store, &receipt)
    }

    /// Changes fields of one row by `FIELD=VALUE` words.
    fn edit(&mut self, store: &mut Store, entity: Entity, row: Id, words: &[String]) -> Done {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let changes = change::read(self, store, entity, &words)?;
        self.write(
            store,
            &Command::Edit {
                entity,
                rows: vec![row],
                changes,
            },
        )
    }

    /// Prints rows: as a table, or `rows` under `name` as JSON; `nothing` is said where there are none.
    fn list(
        &mut self,
        name: &str,
        rows: Vec<serde_json::Value>,
        heads: &[&str],
        table: &[Vec<String>],
        nothing: &str,
    ) -> Done {
        if self.out.json {
            return self.out.rows(name, serde_json::json!({ name: rows }));
        }
        if table.is_empty() {
            return Ok(self.out.line(nothing)?);
        }
        Ok(self.out.table(heads, &vec![false; heads.len()], table)?)
    }

    /// Refuses --dry-run and --idempotency-key where a subcommand would write by itself.
    fn really(&self) -> Result<()> {
        if self.globals.idempotency_key.is_some() {
            return Err(Error::usage(say!("cli.takes_no_idempotency_key")));
        }
        if self.globals.dry_run {
            Err(Error::usage(say!("cli.cannot_tried")).hint(say!("cli.leave_out_dry_run")))
        } else {
            Ok(())
        }
    }

    /// What a person typed as a time in the past; `None` when they typed nothing.
    fn past(&self, store: &Store, text: Option<&str>) -> Result<Option<Stamp>> {
        let moment = self.moment(store);
        let read = |t: &str| {
            let wrong =
                || Error::usage(say!("cli.not_time", t = t)).hint(say!("cli.for_example_2d_ago"));
            words::past(t, &moment)
                .or_else(|| t.parse().ok().map(|day| midday(day, &moment)))
                .ok_or_else(wrong)
        };
        text.map(read).transpose()
    }

    /// What a person typed as a day; `None` when they typed nothing.
    fn day(&self, store: &Store, text: Option<&str>) -> Result<Option<Day>> {
        let moment = self.moment(store);
        let read = |t: &str| {
            let wrong =
                || Error::usage(say!("cli.not_date", t = t)).hint(say!("cli.for_example_fri_7d"));
            t.parse()
                .ok()
                .or_else(|| words::day(t, &moment))
                .ok_or_else(wrong)
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
        match store.answer(&Query::Account {
            customer,
            timeline: TimelineAsk {
                limit,
                ..TimelineAsk::default()
            },
        })? {
            Page::Account(Some(account)) => Ok(account),
            _ => Err(Error::not_found(say!("any.customer_gone_too"))),
        }
    }

    /// The customers that pass a filter.
    fn filtered(&self, store: &mut Store, filter: &str) -> Result<Vec<Id>> {
        let query = Query::Customers {
            filter: filter.to_owned(),
            sort: String::new(),
            descending: false,
            columns: Vec::new(),
        };
        let Page::Rows(page) = store.answer(&query)? else {
            return Err(unexpected());
        };
        if let Some(mistake) = &page.mistake {
            return Err(list::mistaken(filter, mistake));
        }
        let roster = store.roster()?;
        let roster = roster
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let found: Vec<Id> = page
            .rows
            .iter()
            .map(|at| roster.ids[*at as usize])
            .collect();
        if found.is_empty() {
            Err(Error::not_found(say!(
                "cli.no_customer_passes",
                filter = filter
            )))
        } else {
            Ok(found)
        }
    }

    /// The customer's contacts.
    fn contacts(&self, store: &Store, customer: Id) -> Result<Vec<Contact>> {
        store.people_of(customer)
    }
}

fn midday(day: Day, moment: &Moment) -> Stamp {
    // A day without a time: its middle, which is the same date in every neighbouring zone.
    moment.zone.stamp(
        day,
        chrono::NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default(),
    )
}

/// The saved views of the book.
fn saved_views(store: &mut Store) -> Result<Vec<(String, View)>> {
    match store.answer(&Query::Views)? {
        Page::Views(views) => Ok(views
            .into_iter()
            .map(|(_, name, view)| (name, view))
            .collect()),
        _ => Err(unexpected()),
    }
}

/// Words that a person gave as several arguments.
fn joined(words: &[String]) -> String {
    words.join(" ").trim().to_owned()
}

/// The rows whose name has these words.
fn called<'n>(named: &'n [(Id, String)], words: &str) -> Vec<(usize, &'n (Id, String))> {
    let words = crate::text::fold(words.trim());
    named
        .iter()
        .enumerate()
        .filter(|(_, (_, name))| !words.is_empty() && crate::text::fold(name).contains(&words))
        .collect()
}

/// The place of the one row whose id ends so, or whose name has these words; what it is called for the sentence, and where ids are printed.
fn by_end(
    what: &str,
    printed: &str,
    rows: impl Iterator<Item = (Id, String)>,
    end: &str,
) -> Result<usize> {
    let wanted = end.trim().trim_start_matches('#').to_lowercase();
    let ends = |id: &Id| wanted.len() >= 4 && id.to_string().ends_with(&wanted);
    let named: Vec<(Id, String)> = rows.collect();
    let fits: Vec<(usize, &(Id, String))> = named
        .iter()
        .enumerate()
        .filter(|(_, (id, _))| ends(id))
        .collect();
    let fits = if fits.is_empty() {
        called(&named, end)
    } else {
        fits
    };
    match fits.as_slice() {
        [] => Err(
            Error::not_found(say!("cli.there_no", what = what, end = end))
                .hint(say!("cli.prints_their_ids", printed = printed)),
        ),
        [one] => Ok(one.0),
        several => {
            let error = Error::usage(say!(
                "cli.fits_them_name_one",
                end = end,
                several = several.len()
            ));
            Err(several
                .iter()
                .take(8)
                .fold(error, |e, (_, (id, name))| e.hint(format!("{id}  {name}"))))
        }
    }
}

/// The end of an id, which tells rows apart: the start of ids made within a minute is the same.
fn tail(id: Id) -> String {
    let text = id.to_string();
    text[text.len() - 6..].to_owned()
}

/// The answer was to another question: a fault of the store, never of the person.
fn unexpected() -> Error {
    Error::failed(say!("any.book_answered_another_question"))
}

fn person(me: Option<&str>) -> Result<String> {
    if let Some(me) = me.filter(|me| out::one_line(me.trim()) != me.trim()) {
        let words = say!("cli.cannot_name_characters_no", me = out::one_line(me));
        return Err(Error::usage(words).hint(say!("cli.set_retain_me_or")));
    }
    let login = || {
        ["USER", "LOGNAME", "USERNAME"]
            .iter()
            .find_map(|name| std::env::var(name).ok())
    };
    let name = me
        .map(str::to_owned)
        .filter(|m| !m.trim().is_empty())
        .or_else(login)
        .unwrap_or_default();
    let name = out::one_line(name.trim());
    Ok(if name.is_empty() {
        "someone".to_owned()
    } else {
        name
    })
}

fn as_of(text: &str) -> Result<Day> {
    text.parse().map_err(|()| {
        Error::usage(say!("cli.not_date_2", text = text)).hint(say!("cli.write_as_2026_11"))
    })
}

/// The moment that RETAIN_NOW fixes, for tests.
fn fixed_clock() -> Result<Option<Stamp>> {
    let Ok(text) = std::env::var("RETAIN_NOW") else {
        return Ok(None);
    };
    let wrong = |e| Error::usage(say!("cli.retain_now_not_moment", text = text)).because(e);
    chrono::DateTime::parse_from_rfc3339(&text)
        .map(|t| Some(Stamp(t.timestamp_millis())))
        .map_err(wrong)
}

/// Now.
fn clock() -> Stamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Stamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Says whether a long question has to stop: after so many seconds, or when the person interrupts it.
fn interruption(seconds: u32) -> Result<store::select::Stop> {
    let asked = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, asked.clone())
        .map_err(|e| Error::failed(say!("cli.interrupt_cannot_waited_for")).because(e))?;
    let until = Instant::now() + Duration::from_secs(seconds.into());
    Ok(Box::new(move || {
        asked.load(Ordering::Relaxed) || Instant::now() >= until
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }
}
