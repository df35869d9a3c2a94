//! Files in: tables (CSV and its kin, JSON, workbooks), calendars, mailboxes and address cards, one file or a folder of them, as one
//! batch with every row accounted for.
//!
//! Whatever a file is, `open` makes a table of it, `mapping` says which of its columns is which field (as said, by a profile, by
//! header, by value), and the intake of its [`Kind`] puts row after row. Rows that cannot be taken go into `<file>.rejects.csv` beside
//! the input, the rest is taken. Keys of the files make a second import of the same files change nothing; who wins where a person has
//! changed a field meanwhile is a rule ([`Winner`]), and what was found is told ([`Conflict`]).

mod activity;
mod calendar;
mod card;
mod contacts;
mod correspondence;
mod customers;
mod desk;
mod encoding;
mod json;
mod kind;
mod lifecycle;
mod mail;
mod mapping;
mod open;
mod prices;
mod profiles;
mod reader;
mod rejects;
mod report;
mod revenue;
mod seen;
mod sheet;
mod source;
mod spool;
mod surveys;
mod values;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use kind::Kind;
pub use profiles::{all as profiles, save as save_profile};
pub use report::{Because, ColumnUse, Conflict, End, FileReport, Found, Report, Use};

use crate::domain::event::EventKind;
use crate::domain::profile::{Dialect, Winner};
use crate::domain::time::{Moment, Stamp};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::load::{Answers, Loader};
use desk::{Desk, Fate, Intake, Refused, Turn};
use mapping::Mapping;
use open::Asked;
use reader::{Next, Table};
use rejects::Rejects;
use source::Source;

/// Rows between two calls of the progress function.
const STEP: u64 = 512;
/// Rejected rows of a file that the report names one by one.
const NAMED: usize = 20;
/// Rows whose values are looked at for what headers do not say.
const SAMPLES: usize = 200;

/// What is wanted of an import beyond its path. The default finds everything out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// What the rows are, where neither a file's name nor its headers say it.
    pub kind: Option<Kind>,
    /// Everything is done and taken back, so the report is what an import would say.
    pub dry_run: bool,
    /// How the file is written, where that is to be said.
    pub dialect: Dialect,
    /// The profile to read by; `None`: the one whose headers the file has, if there is one.
    pub profile: Option<String>,
    /// Read by no profile.
    pub plain: bool,
    /// Headers and what they become: a field, `attr.<code>`, or nothing.
    pub columns: Vec<(String, String)>,
    /// Only this sheet of a workbook.
    pub sheet: Option<String>,
    /// Who wins over a person's edit; `None`: as the profile says, else the person.
    pub winner: Option<Winner>,
    /// What was answered to single conflicts.
    pub answers: Answers,
    /// Gives the import up, also while a file is made ready for reading.
    pub stop: Stop,
}

/// A word from outside that an import be given up.
#[derive(Clone, Debug, Default)]
pub struct Stop(pub Arc<AtomicBool>);

impl Stop {
    /// An error once the word was given.
    fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) {
            Err(Error::failed(say!("import.import_stopped_nothing_written")))
        } else {
            Ok(())
        }
    }
}

impl PartialEq for Stop {
    fn eq(&self, other: &Stop) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || self.0.load(Ordering::Relaxed) == other.0.load(Ordering::Relaxed)
    }
}

impl Eq for Stop {}

/// How far an import is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The file that is being read.
    pub file: &'a str,
    /// Bytes read of all files.
    pub done: u64,
    /// Bytes of all files.
    pub total: u64,
    /// Rows read of all files.
    pub rows: u64,
    /// Rows of them that could not be taken.
    pub rejected: u64,
}

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Continue {
    /// Go on.
    Yes,
    /// Take everything back.
    No,
}

/// Names of files that are not understood, each with the reason.
type Others = Vec<(String, String)>;

/// A table that will be read.
struct Job {
    source: Source,
    kind: Kind,
    map: Mapping,
    dialect: Dialect,
    winner: Option<Winner>,
    changed: Option<Stamp>,
    report: FileReport,
    size: u64,
}

/// Imports the file or the folder of files at `path`, or standard input where it is `-`. The progress function is called between
/// rows; when it answers [`Continue::No`], nothing is written.
pub fn import(
    store: &mut Store,
    path: &Path,
    wanted: &Wanted,
    now: Stamp,
    progress: &mut dyn FnMut(Progress<'_>) -> Continue,
) -> Result<Report> {
    wanted.dialect.check()?;
    let moment = store.moment(now);
    let (jobs, not_understood) = jobs(path, wanted, &profiles::all(&store.config()), &moment)?;
    let total = jobs.iter().map(|j| j.size).sum();
    let mut run = Run {
        total,
        before: 0,
        rows: 0,
        rejected: 0,
        dry_run: wanted.dry_run,
        state: store.state_folder().map(Path::to_owned),
        progress,
    };
    let mut report = Report {
        files: Vec::new(),
        not_understood,
        stages_added: Vec::new(),
        attributes_added: Vec::new(),
        end: End::DryRun,
        label: String::new(),
    };
    if jobs.is_empty() {
        return Err(nothing(path, &report.not_understood));
    }
    let config = (*store.config()).clone();
    // Before a look no backup is made: it writes nothing.
    let loader = store.load(if wanted.dry_run { "look" } else { "import" }, now)?;
    let mut loader = Some(loader);
    let mut desk: Option<Desk<'_>> = None;
    let mut rejects = Vec::new();
    for mut job in jobs {
        let winner = wanted.winner.or(job.winner).unwrap_or_default();
        let target = rejects::target(
            &job.source.input,
            job.source
                .sheet
                .as_deref()
                .filter(|_| job.report.file != job.source.name),
        );
        let kind = job.kind;
        let report_of = std::mem::replace(&mut job.report, FileReport::new(String::new(), kind));
        let map = std::mem::replace(&mut job.map, Mapping::new(kind, &[]));
        let turn = Turn {
            map,
            report: report_of,
            source: job.source.clone(),
            dialect: job.dialect.clone(),
        };
        let at = match (desk.as_mut(), loader.take()) {
            (Some(desk), _) => {
                desk.turn_to(turn);
                desk
            }
            (None, Some(loader)) => desk.insert(Desk::new(loader, config.clone(), moment, turn)),
            (None, None) => break,
        };
        at.loader.let_win(winner, wanted.answers.clone());
        at.loader.say_changed(job.changed);
        match run.file(at, &job, target) {
            Ok(Some((file, rejected))) => {
                report.files.push(file);
                rejects.push(rejected);
            }
            Ok(None) => {
                report.end = End::Cancelled;
                return Ok(report);
            }
            Err(error) => return Err(error),
        }
    }
    let Some(mut desk) = desk else {
        return Ok(report);
    };
    report.stages_added = std::mem::take(&mut desk.stages_added);
    report.attributes_added = std::mem::take(&mut desk.attributes_added);
    close(desk.loader, &mut report, path, wanted.dry_run)?;
    for (file, rejected) in report.files.iter_mut().zip(rejects) {
        let done = rejected.finish();
        file.rejects_file = done.path;
        if let Some(said) = done.told {
            file.remark(said);
        }
    }
    Ok(report)
}

/// Ends the batch: written, or taken back where there is nothing new or it was only looked at.
fn close(loader: Loader<'_>, report: &mut Report, path: &Path, dry_run: bool) -> Result<()> {
    if dry_run {
        loader.abandon();
        report.end = End::DryRun;
    } else if report.is_new() {
        report.label = label(report, path);
        loader.finish(&report.label)?;
        report.end = End::Written;
    } else {
        loader.abandon();
        report.end = End::NothingNew;
    }
    Ok(())
}

/// The line of the activity list: "Imported orders.csv: 1,697 rows".
fn label(report: &Report, path: &Path) -> String {
    let name = match path.file_name() {
        _ if path == Path::new(open::STDIN) => "standard input".to_owned(),
        Some(name) => name.to_string_lossy().into_owned(),
        None => path.display().to_string(),
    };
    let taken = report.rows() - report.rejected();
    let files = if report.files.len() > 1 {
        format!(" of {} files", report.files.len())
    } else {
        String::new()
    };
    format!("Imported {name}: {taken} rows{files}")
}

/// The error for a path with nothing to import.
fn nothing(path: &Path, others: &[(String, String)]) -> Error {
    let names: Vec<&str> = others.iter().take(5).map(|(n, _)| n.as_str()).collect();
    let message = if names.is_empty() {
        say!("import.no_files_can_imported", path = path.display())
    } else {
        say!(
            "import.no_file_understood",
            path = path.display(),
            names = names.join(", ")
        )
    };
    Error::usage(message).hint(say!("import.files_recognised_by_name", codes = codes()))
}

/// The words for `--as`, in one line.
fn codes() -> String {
    Kind::TABLES
        .iter()
        .map(|k| k.code())
        .collect::<Vec<_>>()
        .join(", ")
}

/// The tables to read in the order of what depends on what, and the names of those that are not understood.
fn jobs(
    path: &Path,
    wanted: &Wanted,
    profiles: &[crate::domain::profile::Profile],
    now: &Moment,
) -> Result<(Vec<Job>, Others)> {
    let (mut jobs, mut others) = (Vec::new(), Vec::new());
    if path != Path::new(open::STDIN) {
        let meta = std::fs::metadata(path).map_err(|e| {
            let missing = e.kind() == std::io::ErrorKind::NotFound;
            let error = if missing {
                Error::not_found(say!("import.does_not_exist", path = path.display()))
            } else {
                unreadable(path, &e)
            };
            error.because(e)
        })?;
        if meta.is_dir() {
            if wanted.kind.is_some() || wanted.profile.is_some() || !wanted.columns.is_empty() {
                let message = say!("import.as_profile_map_about");
                return Err(Error::usage(message)
                    .hint(say!("import.files_recognised_by_name", codes = codes())));
            }
            for entry in std::fs::read_dir(path).map_err(|e| unreadable(path, &e).because(e))? {
                let entry = entry.map_err(|e| unreadable(path, &e).because(e))?;
                let (file, name) = (
                    entry.path(),
                    entry.file_name().to_string_lossy().into_owned(),
                );
                if open::is_wanted(&name) && file.is_file() {
                    of_folder(&file, name, wanted, profiles, now, &mut jobs, &mut others)?;
                }
            }
            jobs.sort_by(|a, b| (a.kind, &a.source.input).cmp(&(b.kind, &b.source.input)));
            others.sort();
            return Ok((jobs, others));
        }
    }
    // What a profile says of the text itself has to be known before it is read, so only one that was named can say it.
    let named = wanted
        .profile
        .as_ref()
        .and_then(|name| profiles.iter().find(|p| p.name == *name));
    let dialect = wanted
        .dialect
        .clone()
        .or(&named.map(|p| p.dialect.clone()).unwrap_or_default());
    let sources = open::open(
        path,
        &Asked {
            dialect: &dialect,
            sheet: wanted.sheet.as_deref(),
            now,
            stop: &wanted.stop,
        },
    )?;
    // Of a workbook with several sheets those that are no known table are left out; a file that is one table has to be one.
    let one = sources.len() == 1;
    for source in sources {
        let name = source.name.clone();
        match profiles::job(source, wanted, profiles, now, false) {
            Ok(job) => jobs.push(job),
            Err(error) if one => return Err(error),
            Err(error) => others.push((name, error.message.to_string())),
        }
    }
    jobs.sort_by_key(|j| j.kind);
    Ok((jobs, others))
}

fn of_folder(
    file: &Path,
    name: String,
    wanted: &Wanted,
    profiles: &[crate::domain::profile::Profile],
    now: &Moment,
    jobs: &mut Vec<Job>,
    others: &mut Others,
) -> Result<()> {
    let sources = match open::open(
        file,
        &Asked {
            dialect: &wanted.dialect,
            sheet: None,
            now,
            stop: &wanted.stop,
        },
    ) {
        Ok(sources) => sources,
        // A file that cannot be opened at all ends the import; one that cannot be understood is left out.
        Err(error) if error.kind == crate::error::Kind::Failed => return Err(error),
        Err(error) => {
            others.push((name, error.message.to_string()));
            return Ok(());
        }
    };
    for source in sources {
        let shown = source.name.clone();
        match profiles::job(source, wanted, profiles, now, true) {
            Ok(job) => jobs.push(job),
            Err(error) if error.kind == crate::error::Kind::Failed => return Err(error),
            Err(error) => others.push((shown, error.message.to_string())),
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::failed(say!(
        "import.could_not_read",
        path = path.display(),
        error = error
    ))
}

/// What is common to the files of one import.
struct Run<'p> {
    total: u64,
    before: u64,
    rows: u64,
    rejected: u64,
    dry_run: bool,
    /// The person's state folder.
    state: Option<PathBuf>,
    progress: &'p mut dyn FnMut(Progress<'_>) -> Continue,
}

impl Run<'_> {
    /// Takes the rows of one file. `None` when it was cancelled.
    fn file(
        &mut self,
        desk: &mut Desk<'_>,
        job: &Job,
        target: PathBuf,
    ) -> Result<Option<(FileReport, Rejects)>> {
        let mut table = Table::open(&job.source)?;
        table.words = desk.map.words.clone();
        let mut rejects = Rejects::new(
            target,
            &table.headers,
            b',',
            !self.dry_run,
            self.state.as_deref(),
        );
        let mut intake = intake(desk, job.kind)?;
        loop {
            if desk.file.rows.is_multiple_of(STEP) {
                let (rows, rejected) = (
                    self.rows + desk.file.rows,
                    self.rejected + desk.file.rejected,
                );
                let done = self.before + table.position();
                let at = Progress {
                    file: &table.name,
                    done,
                    total: self.total,
                    rows,
                    rejected,
                };
                if (self.progress)(at) == Continue::No {
                    return Ok(None);
                }
            }
            let (line, reason, detail) = match table.next()? {
                Next::End => break,
                Next::Bad(line, reason, detail) => (line, reason, detail),
                Next::Row(row) => match intake.take(desk, row) {
                    Ok(fate) => {
                        count(&mut desk.file, fate);
                        continue;
                    }
                    Err(Refused::Row(reason, detail)) => (row.line, reason.into(), detail),
                    Err(Refused::Stop(error)) => return Err(error),
                },
            };
            reject(&mut desk.file, line, &reason, &detail);
            rejects.put(
                line,
                desk.file.rows + 1,
                &format!("{reason}: {detail}"),
                table.raw(),
            );
        }
        if table.empty > 0 {
            desk.file
                .remark(say!("import.empty_rows_were_passed", empty = table.empty).to_string());
        }
        self.before += job.size;
        self.rows += desk.file.rows;
        self.rejected += desk.file.rejected;
        Ok(Some((
            std::mem::replace(&mut desk.file, FileReport::new(String::new(), job.kind)),
            rejects,
        )))
    }
}

fn count(file: &mut FileReport, fate: Fate) {
    file.rows += 1;
    match fate {
        Fate::Made => file.made += 1,
        Fate::Changed => file.changed += 1,
        Fate::Same => file.same += 1,
        Fate::Kept => file.kept += 1,
        Fate::Merged => file.merged += 1,
        Fate::Passed => file.passed += 1,
    }
}

fn reject(file: &mut FileReport, line: u64, reason: &str, detail: &str) {
    file.rows += 1;
    file.rejected += 1;
    match file.reasons.get_mut(reason) {
        Some(count) => *count += 1,
        None => {
            file.reasons.insert(reason.to_owned(), 1);
        }
    }
    if file.first_rejects.len() < NAMED {
        file.first_rejects
            .push((line, format!("{reason}: {detail}")));
    }
}

/// What takes the rows of a file.
fn intake(desk: &mut Desk<'_>, kind: Kind) -> Result<Box<dyn Intake>> {
    Ok(match kind {
        Kind::Customers => Box::new(customers::Customers::new(desk)?),
        Kind::Contacts => Box::new(contacts::Contacts::new(desk)),
        Kind::StageChanges => Box::new(lifecycle::Moves::new(desk)),
        Kind::SubscriptionVersions => Box::new(revenue::Versions::new(desk)),
        Kind::Orders => Box::new(revenue::Orders::new(desk)),
        Kind::Invoices => Box::new(revenue::Invoices::new(desk)),
        Kind::Usage => Box::new(activity::Weeks::new(desk)),
        Kind::NpsResponses => Box::new(activity::Answers::new(desk)),
        Kind::Touchpoints => Box::new(activity::Touches::new(desk)),
        Kind::Tickets => Box::new(activity::Tickets::new(desk)),
        Kind::Churn => Box::new(lifecycle::Departures::new(desk)),
        Kind::Invitations => Box::new(surveys::Surveys::new(desk, EventKind::Invite)),
        Kind::CsatResponses => Box::new(surveys::Surveys::new(desk, EventKind::Csat)),
        Kind::CesResponses => Box::new(surveys::Surveys::new(desk, EventKind::Ces)),
        Kind::SurveyAnswers => Box::new(surveys::Surveys::new(desk, EventKind::Survey)),
        Kind::Correspondence => Box::new(correspondence::Correspondence::new(desk)),
    })
}

#[cfg(test)]
mod tests;
