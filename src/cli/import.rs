//! `retain import`: CSV files into the book. The report accounts for every row; Ctrl-C leaves nothing half done.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::Cx;
use super::fail::Done;
use super::out::{Ink, one_line};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::transfer::import::{ColumnUse, Continue, End, FileReport, Kind, Report, Use, import};

/// Import a CSV file, or a folder of them
///
/// A second import of the same files changes nothing. Rows that cannot be taken are written to FILE.rejects.csv
/// with the reason; the rest is taken, as one step of undo. What somebody has edited since stays as they wrote it.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// A CSV file, or a folder
    path: PathBuf,
    /// The book to import into (default: the usual one; made when it is missing)
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
    /// What the rows are, where neither the file's name nor its headers say it: customers, contacts, orders, ...
    #[arg(long = "as", value_name = "KIND")]
    kind: Option<String>,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let kind = args.kind.as_deref().map(kind_of).transpose()?;
    if !args.path.exists() {
        return Err(Error::not_found(format!("There is no file or folder {}", args.path.display())).into());
    }
    let path = args.into.clone().map_or_else(|| cx.book(), Ok)?;
    let mut store = open(cx, &path, args.dry_run)?;
    let stopped = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stopped)).map_err(|e| Error::failed("Ctrl-C cannot be watched for").because(e))?;
    }
    let bar = bar(std::io::stderr().is_terminal() && !cx.out.json, 0, "bytes");
    let report = import(&mut store, &args.path, kind, args.dry_run, cx.now, &mut |at| {
        bar.set_length(at.total);
        bar.set_position(at.done);
        bar.set_message(one_line(at.file));
        if stopped.load(Ordering::Relaxed) { Continue::No } else { Continue::Yes }
    });
    bar.finish_and_clear();
    cx.tell(&mut store);
    let report = report?;
    cx.hand_on(&mut store);
    print(cx, &report)?;
    if report.end == End::Cancelled {
        cx.out.flush()?;
        return Err(Error::failed("The import was stopped; nothing was written").into());
    }
    Ok(())
}

/// A dry run makes no book: without one it looks at an empty one in memory.
fn open(cx: &Cx<'_>, path: &std::path::Path, dry_run: bool) -> Result<Store> {
    if dry_run && !path.exists() {
        let zone = super::place::zone();
        return Store::memory(&crate::store::Options { who: cx.who(), now: cx.now, as_of: cx.as_of, create: true, zone, keep: cx.keep() });
    }
    cx.open_at(path, !dry_run)
}

fn kind_of(name: &str) -> Result<Kind> {
    Kind::named(name).ok_or_else(|| {
        let all: Vec<&str> = Kind::ALL.iter().map(|k| k.code()).collect();
        Error::usage(format!("There is no kind \"{name}\"")).hint(format!("kinds: {}", all.join(", ")))
    })
}

/// A progress bar on standard error, or nothing.
pub(super) fn bar(shown: bool, total: u64, unit: &str) -> ProgressBar {
    if !shown {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let template = if unit == "bytes" { "{msg:24!} {bar:30} {bytes}/{total_bytes} {eta}" } else { "{bar:30} {pos}/{len} {eta}" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("##-"));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn print(cx: &mut Cx<'_>, report: &Report) -> Done {
    if cx.out.json {
        return Ok(cx.out.object(report_json(report))?);
    }
    for file in &report.files {
        print_file(cx, file, report.end)?;
    }
    for (name, why) in &report.not_understood {
        cx.out.line(&format!("{}: left out, {}", one_line(name), one_line(why)))?;
    }
    for (what, codes) in [("stages", &report.stages_added), ("attributes", &report.attributes_added)] {
        if !codes.is_empty() {
            cx.out.line(&format!("new {what}: {}", one_line(&codes.join(", "))))?;
        }
    }
    let end = match report.end {
        End::Written => format!("{}; `retain undo` takes it back", one_line(&report.label)),
        End::NothingNew => "the book has all of it already; nothing was written".to_owned(),
        End::DryRun => "a dry run: nothing was written".to_owned(),
        End::Cancelled => "stopped: nothing was written".to_owned(),
    };
    let end = cx.out.paint(Ink::Bold, &end);
    Ok(cx.out.line(&end)?)
}

fn print_file(cx: &mut Cx<'_>, file: &FileReport, end: End) -> Done {
    let name = cx.out.paint(Ink::Bold, &one_line(&file.file));
    cx.out.line(&format!("{name} as {}: {} rows", file.kind.code(), file.rows))?;
    let counts = [
        (file.made, "new"),
        (file.changed, "changed"),
        (file.same, "known already"),
        (file.merged, "repeat an earlier row"),
        (file.kept, "kept as somebody edited them"),
        (file.rejected, "rejected"),
    ];
    let counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    if !counts.is_empty() {
        cx.out.line(&format!("  {}", counts.join(", ")))?;
    }
    if end == End::DryRun {
        let mapping: Vec<String> = file.columns.iter().map(mapped).collect();
        cx.out.line(&format!("  columns: {}", mapping.join(", ")))?;
    } else {
        let ignored: Vec<String> = file.columns.iter().filter(|c| c.becomes == Use::Ignored).map(|c| one_line(&c.header)).collect();
        if !ignored.is_empty() {
            cx.out.line(&format!("  columns left out: {}", ignored.join(", ")))?;
        }
    }
    for (reason, count) in &file.reasons {
        cx.out.line(&format!("  rejected {count}: {}", one_line(reason)))?;
    }
    for (line, reason) in &file.first_rejects {
        let line = cx.out.paint(Ink::Dim, &format!("    line {line}: {}", one_line(reason)));
        cx.out.line(&line)?;
    }
    for (note, count) in &file.notes {
        let rows = if *count > 0 { format!(" ({count} rows)") } else { String::new() };
        cx.out.line(&format!("  note: {}{rows}", one_line(note)))?;
    }
    if let Some(rejects) = &file.rejects_file {
        cx.out.line(&format!("  the rejected rows are in {}", rejects.display()))?;
    }
    Ok(())
}

fn mapped(column: &ColumnUse) -> String {
    let becomes = match &column.becomes {
        Use::Field { field, minor: true } => format!("{field} (minor units)"),
        Use::Field { field, minor: false } => (*field).to_owned(),
        Use::Attribute { code, .. } => format!("attribute {code}"),
        Use::Ignored => "left out".to_owned(),
    };
    format!("{} → {}", one_line(&column.header), one_line(&becomes))
}

fn report_json(report: &Report) -> Value {
    let left_out: Vec<Value> = report.not_understood.iter().map(|(file, why)| json!({ "file": file, "why": why })).collect();
    json!({
        "end": report.end,
        "label": report.label,
        "rows": report.rows(),
        "rejected": report.rejected(),
        "files": report.files,
        "left_out": left_out,
        "stages_added": report.stages_added,
        "attributes_added": report.attributes_added,
    })
}
