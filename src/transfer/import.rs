//! CSV import: one file or a folder of files into the book, as one batch, with every row accounted for.
//!
//! Rows that cannot be taken go into `<file>.rejects.csv` beside the input, the rest is taken. Keys of the files make a
//! second import of the same files change nothing.

mod activity;
mod contacts;
mod customers;
mod desk;
mod kind;
mod lifecycle;
mod mapping;
mod reader;
mod rejects;
mod report;
mod revenue;
mod seen;
mod surveys;
mod values;

use std::path::{Path, PathBuf};

pub use kind::Kind;
pub use report::{ColumnUse, End, FileReport, Report, Use};

use crate::domain::event::EventKind;
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::load::Loader;
use desk::{Desk, Fate, Intake, Refused};
use mapping::Mapping;
use reader::{Next, Table};
use rejects::Rejects;

/// Rows between two calls of the progress function.
const STEP: u64 = 512;
/// Rejected rows of a file that the report names one by one.
const NAMED: usize = 20;

/// How far an import is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The file that is being read.
    pub file: &'a str,
    /// Bytes read of all files.
    pub done: u64,
    /// Bytes of all files.
    pub total: u64,
    /// Rows read of this file.
    pub rows: u64,
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

/// A file that will be read.
struct Job {
    path: PathBuf,
    kind: Kind,
    size: u64,
}

/// Imports the CSV or the folder of CSVs at `path`. `kind` says what a file is where neither its name nor its headers do.
/// With `dry_run` everything is done and taken back, so the report is what an import would say. The progress function is
/// called between rows; when it answers [`Continue::No`], nothing is written.
pub fn import(
    store: &mut Store,
    path: &Path,
    kind: Option<Kind>,
    dry_run: bool,
    now: Stamp,
    progress: &mut dyn FnMut(Progress<'_>) -> Continue,
) -> Result<Report> {
    let (jobs, not_understood) = jobs(path, kind)?;
    let mut run = Run { total: jobs.iter().map(|j| j.size).sum(), before: 0, dry_run, progress };
    let mut report = Report {
        files: Vec::new(),
        not_understood,
        stages_added: Vec::new(),
        attributes_added: Vec::new(),
        end: End::DryRun,
        label: String::new(),
    };
    let config = (*store.config()).clone();
    let moment = store.moment(now);
    let first = jobs.first().ok_or_else(|| nothing(path, &report.not_understood))?;
    let empty = Mapping::new(first.kind, &[]);
    let loader = store.load("import", now)?;
    let mut desk = Desk::new(loader, config, moment, empty, FileReport::new(String::new(), first.kind), first.path.clone());
    let mut rejects = Vec::new();
    for job in &jobs {
        match run.file(&mut desk, job) {
            Ok(Some((file, rejected))) => {
                report.files.push(file);
                rejects.push(rejected);
            }
            Ok(None) => {
                desk.loader.abandon();
                report.end = End::Cancelled;
                return Ok(report);
            }
            Err(error) => {
                desk.loader.abandon();
                return Err(error);
            }
        }
    }
    report.stages_added = std::mem::take(&mut desk.stages_added);
    report.attributes_added = std::mem::take(&mut desk.attributes_added);
    close(desk.loader, &mut report, path, dry_run)?;
    for (file, rejected) in report.files.iter_mut().zip(rejects) {
        match rejected.finish() {
            Ok(written) => file.rejects_file = written,
            Err(said) => file.remark(said),
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
    let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
    let taken = report.rows() - report.rejected();
    let files = if report.files.len() > 1 { format!(" of {} files", report.files.len()) } else { String::new() };
    format!("Imported {name}: {taken} rows{files}")
}

/// The error for a path with nothing to import.
fn nothing(path: &Path, others: &[(String, String)]) -> Error {
    let names: Vec<&str> = others.iter().take(5).map(|(n, _)| n.as_str()).collect();
    let message = if names.is_empty() {
        format!("{} has no CSV files", path.display())
    } else {
        format!("no file of {} is understood ({})", path.display(), names.join(", "))
    };
    Error::usage(message).hint(format!("Files are recognised by name: {}", codes()))
}

/// The words for `--as`, in one line.
fn codes() -> String {
    Kind::ALL.iter().map(|k| k.code()).collect::<Vec<_>>().join(", ")
}

/// The files to read in the order of what depends on what, and the names of those that are not understood.
fn jobs(path: &Path, kind: Option<Kind>) -> Result<(Vec<Job>, Others)> {
    let meta = std::fs::metadata(path).map_err(|e| {
        let missing = e.kind() == std::io::ErrorKind::NotFound;
        let error = if missing { Error::not_found(format!("{} does not exist", path.display())) } else { unreadable(path, &e) };
        error.because(e)
    })?;
    if !meta.is_dir() {
        let kind = kind_of(path, kind)?;
        return Ok((vec![Job { path: path.to_owned(), kind, size: meta.len() }], Vec::new()));
    }
    if kind.is_some() {
        return Err(
            Error::usage("--as names the kind of one file, not of a folder").hint(format!("Files are recognised by name: {}", codes()))
        );
    }
    let mut jobs: Vec<Job> = Vec::new();
    let mut others = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|e| unreadable(path, &e).because(e))? {
        let entry = entry.map_err(|e| unreadable(path, &e).because(e))?;
        let (file, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let lower = name.to_lowercase();
        if !lower.ends_with(".csv") || lower.ends_with(".rejects.csv") || !file.is_file() {
            continue;
        }
        match folder_kind(&file, &name) {
            Ok(kind) => jobs.push(Job { size: file.metadata().map_or(0, |m| m.len()), path: file, kind }),
            Err(why) => others.push((name, why)),
        }
    }
    jobs.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    others.sort();
    Ok((jobs, others))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::failed(format!("{} could not be read: {error}", path.display()))
}

/// The kind of a file in a folder, where only the name counts: a folder holds tables that merely look alike.
fn folder_kind(file: &Path, name: &str) -> std::result::Result<Kind, String> {
    let kind = kind::by_name(name).ok_or_else(|| "the name is none that is known".to_owned())?;
    // A file that cannot be opened at all is an error later on, with its sentence.
    let Ok(table) = Table::open(file) else { return Ok(kind) };
    let missing = Mapping::new(kind, &table.headers).missing(kind);
    if missing.is_empty() { Ok(kind) } else { Err(format!("it lacks a column for {}", missing.join(" and for "))) }
}

/// The kind of one file: as told, as its name says where its headers agree, or as its headers say.
fn kind_of(path: &Path, told: Option<Kind>) -> Result<Kind> {
    let table = Table::open(path)?;
    let by_name = kind::by_name(&table.name);
    if let Some(kind) = told.or(by_name) {
        let missing = Mapping::new(kind, &table.headers).missing(kind);
        if missing.is_empty() {
            return Ok(kind);
        }
        if told.is_some() {
            let message = format!("{} has no column for {} of {}", table.name, missing.join(" and for "), kind.code());
            return Err(Error::usage(message).hint(format!("Its columns are: {}", table.headers.join(", "))));
        }
    }
    let codes_found: Vec<String> = table.headers.iter().map(|h| kind::header_code(h)).collect();
    kind::by_headers(&codes_found).ok_or_else(|| {
        Error::usage(format!("{} is not understood: its columns are {}", table.name, table.headers.join(", ")))
            .hint(format!("Say what its rows are with --as: {}", codes()))
    })
}

/// What is common to the files of one import.
struct Run<'p> {
    total: u64,
    before: u64,
    dry_run: bool,
    progress: &'p mut dyn FnMut(Progress<'_>) -> Continue,
}

impl Run<'_> {
    /// Takes the rows of one file. `None` when it was cancelled.
    fn file(&mut self, desk: &mut Desk<'_>, job: &Job) -> Result<Option<(FileReport, Rejects)>> {
        let mut table = Table::open(&job.path)?;
        let map = Mapping::new(job.kind, &table.headers);
        let mut file = FileReport::new(table.name.clone(), job.kind);
        file.columns = map.uses();
        desk.turn_to(map, file, job.path.clone());
        let mut rejects = Rejects::new(&job.path, &table.headers, table.delimiter, !self.dry_run);
        let mut intake = intake(desk, job)?;
        loop {
            if desk.file.rows.is_multiple_of(STEP) {
                let done = self.before + table.position();
                let at = Progress { file: &table.name, done, total: self.total, rows: desk.file.rows };
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
                    Err(Refused::Row(reason, detail)) => (row.line, reason, detail),
                    Err(Refused::Stop(error)) => return Err(error),
                },
            };
            reject(&mut desk.file, line, reason, &detail);
            rejects.put(line, desk.file.rows + 1, &format!("{reason}: {detail}"), table.raw());
        }
        if table.empty > 0 {
            desk.file.remark(format!("{} empty rows were passed over", table.empty));
        }
        self.before += job.size;
        let blank = FileReport::new(String::new(), job.kind);
        let done = desk.turn_to(Mapping::new(job.kind, &[]), blank, job.path.clone());
        Ok(Some((done, rejects)))
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
    }
}

fn reject(file: &mut FileReport, line: u64, reason: &'static str, detail: &str) {
    file.rows += 1;
    file.rejected += 1;
    match file.reasons.get_mut(reason) {
        Some(count) => *count += 1,
        None => {
            file.reasons.insert(reason.to_owned(), 1);
        }
    }
    if file.first_rejects.len() < NAMED {
        file.first_rejects.push((line, format!("{reason}: {detail}")));
    }
}

/// What takes the rows of a file.
fn intake(desk: &mut Desk<'_>, job: &Job) -> Result<Box<dyn Intake>> {
    Ok(match job.kind {
        Kind::Customers => Box::new(customers::Customers::new(desk, &job.path)?),
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
    })
}

#[cfg(test)]
mod tests;
