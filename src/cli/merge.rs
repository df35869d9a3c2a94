//! `retain merge`: takes over what another copy of the book has.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Cx;
use super::conflicts::{conflict_json, moment, print_conflict};
use super::fail::Done;
use super::out::{Ink, one_line};
use crate::error::{Error, Kind, Result};
use crate::store::merge::{MergeAsk, Report};

/// Take over what another copy of this book has
///
/// Both copies keep everything that was done in either. Where both changed the same field without knowing of each other, the
/// later value is shown and the field is listed by `retain conflicts`; the exit code is 4 then. A backup is made before, and
/// the other copy is only read: run it there too, or take this file there. A copy that a sync tool left beside the book is moved
/// into the folder of backups once the book has all of it.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The other copy
    #[arg(value_name = "OTHER")]
    other: PathBuf,
    /// Tell what would be, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Also write the whole report, as JSON, into this file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Take a book of another team (not supported yet)
    #[arg(long)]
    foreign: bool,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let ask = MergeAsk {
        now: cx.now,
        dry_run: args.dry_run,
        foreign: args.foreign,
    };
    let report = store.merge(&args.other, ask)?;
    if !args.dry_run {
        cx.hand_on(&mut store);
    }
    let value = report_json(&report, args.dry_run);
    if let Some(path) = &args.report {
        write(path, &value)?;
    }
    if cx.out.json {
        cx.out.object(value)?;
    } else {
        print(cx, &store, &report, args.dry_run)?;
    }
    if report.conflicts.is_empty() {
        return Ok(());
    }
    cx.out.flush()?;
    let count = report.conflicts.len();
    let words = if count == 1 {
        "1 field has".to_owned()
    } else {
        format!("{count} fields have")
    };
    Err(Error::new(
        Kind::Conflict,
        say!("merge.two_values_everything_else", words = words),
    )
    .hint(say!("merge.retain_conflicts_lists_them"))
    .into())
}

/// Writes the report where only its reader sees it: it has customers' values in it.
fn write(path: &Path, value: &Value) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = format!("{value:#}\n");
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|e| {
            Error::failed(say!("merge.book_merged_but_report", path = path.display())).because(e)
        })
}

fn report_json(report: &Report, dry_run: bool) -> Value {
    let arrived =
        report.batches.iter().map(|a| json!({ "person": a.person, "device": a.device, "batches": a.batches, "last": moment(a.last), "did": a.did, "customers": a.customers, "names": a.names }));
    let left =
        report.left_out.iter().map(|l| json!({ "batch": l.batch, "person": l.person, "label": l.label, "at": moment(l.at), "why": l.why }));
    let clocks =
        report.clocks.iter().map(|c| json!({ "device": c.device, "person": c.person, "batches": c.batches, "latest": moment(c.latest) }));
    json!({
        "dry_run": dry_run,
        "batches": report.arrived(),
        "rows": report.rows,
        "edits": report.edits,
        "changed": report.changed,
        "arrived": arrived.collect::<Vec<_>>(),
        "conflicts": report.conflicts.iter().map(conflict_json).collect::<Vec<_>>(),
        "left_out": left.collect::<Vec<_>>(),
        "gaps": report.gaps,
        "clocks": clocks.collect::<Vec<_>>(),
        "duplicates": report.duplicates,
        "backup": report.backup,
        "put_away": report.put_away,
    })
}

fn print(cx: &mut Cx<'_>, store: &crate::store::Store, report: &Report, dry_run: bool) -> Done {
    let zone = store.config().zone;
    let verb = if dry_run { "Would take" } else { "Took" };
    match report.arrived() {
        0 if report.left_out.is_empty() => cx.out.line(&say!("merge.nothing_new_this_book"))?,
        n => cx.out.line(&format!(
            "{verb} {}: {}, {}",
            count(n, "batch"),
            count(report.rows, "row"),
            count(report.edits, "edit")
        ))?,
    }
    for a in &report.batches {
        let did: Vec<String> = a
            .did
            .iter()
            .map(|(code, n)| format!("{n} x {}", code.replace('_', " ")))
            .collect();
        let more = a.customers.saturating_sub(a.names.len());
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let at = if a.names.is_empty() {
            String::new()
        } else {
            format!(" at {}{more}", a.names.join(", "))
        };
        let line = say!(
            "merge.last",
            person = a.person,
            did = did.join(", "),
            at = at,
            last = zone.day(a.last)
        );
        cx.out.line(&one_line(&line))?;
    }
    for conflict in &report.conflicts {
        print_conflict(cx, conflict, zone, None)?;
    }
    let mut warnings = Vec::new();
    for d in &report.duplicates {
        let what = if d.by == "name" { "name" } else { "key" };
        warnings.push(say!(
            "merge.possible_duplicate_one",
            name = d.name,
            ours = d.ours,
            their_name = d.their_name,
            theirs = d.theirs,
            what = what
        ));
    }
    for c in &report.clocks {
        warnings.push(say!(
            "merge.clock_wrong_from",
            person = c.person,
            batches = count(c.batches, "batch"),
            latest = zone.day(c.latest)
        ));
    }
    for l in &report.left_out {
        warnings.push(say!(
            "merge.left_out_by",
            label = l.label,
            person = l.person,
            batch = l.batch,
            why = l.why
        ));
    }
    for g in &report.gaps {
        warnings.push(say!(
            "merge.neither_copy",
            replace = g
                .words()
                .replace(" is missing", "")
                .replace(" are missing", "")
        ));
    }
    for warning in warnings {
        let line = cx.out.paint(Ink::Watch, &one_line(&warning));
        cx.out.line(&line)?;
    }
    for (what, path) in [
        (say!("merge.book_as_before"), &report.backup),
        (say!("merge.copy_which_nobody_needs"), &report.put_away),
    ] {
        if let Some(path) = path {
            let line = cx.out.paint(
                Ink::Dim,
                &format!("{what}: {}", one_line(&path.display().to_string())),
            );
            cx.out.line(&line)?;
        }
    }
    Ok(())
}

fn count(n: usize, what: &str) -> String {
    match (n, what) {
        (1, _) => format!("1 {what}"),
        (_, "batch") => format!("{n} batches"),
        _ => format!("{n} {what}s"),
    }
}
