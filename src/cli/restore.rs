//! `retain restore`: puts a backup in the place of the book, or what can be read of a damaged book itself. What is there is moved
//! away, and one's own later changes follow.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use serde_json::json;

use super::Cx;
use super::backup::{resolved, words};
use super::fail::Done;
use super::out::{Ink, one_line};
use crate::store::Options;
use crate::store::backup::restore;
use crate::store::presence::here;
use crate::store::salvage::{Report, put_in_place, salvage};

/// Put a backup in the place of the book, or salvage what a damaged book has
///
/// The file that is there is moved into the folder of backups with its journals, never written over. Your own changes that
/// the backup lacks are written again from your outbox; those of others follow when they open the book.
///
/// With --salvage all that can be read of the damaged file itself is taken into a new book, and what is missing there comes from
/// whole backups and your outbox. The new book takes the place of the damaged one when it is all right, or when you say so.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// A backup by its name or the start of it, or a file (default: the whole one that holds the most)
    which: Option<String>,
    /// Take what can be read of the damaged book into a new one, with what backups and your outbox have
    #[arg(long, conflicts_with = "which")]
    salvage: bool,
    /// Put the salvaged book in its place without asking, also when something is missing
    #[arg(long, requires = "salvage")]
    yes: bool,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let path = resolved(cx)?;
    if args.salvage {
        return salvaged(cx, &path, args.yes);
    }
    let restored = restore(&path, args.which.as_deref(), cx.now)?;
    let mut store = cx.open()?;
    cx.tell(&mut store);
    if cx.out.json {
        return Ok(cx
            .out
            .object(json!({ "from": restored.from, "holds": restored.holds, "moved": restored.moved, "lacks": restored.lacks }))?);
    }
    cx.out.line(&one_line(&format!(
        "Put back {}: {}",
        restored.from.name,
        words(&restored.holds)
    )))?;
    if let Some(moved) = restored.moved {
        cx.out.line(&one_line(&format!(
            "the file that was there is now {}",
            moved.display()
        )))?;
        if let Some(lacks) = restored.lacks.filter(|lacks| *lacks > 0) {
            let changes = if lacks == 1 {
                "1 change".to_owned()
            } else {
                format!("{lacks} changes")
            };
            cx.out.line(&one_line(&format!(
                "it has {changes} that the backup lacks: yours follow by themselves, `retain merge {}` takes over those of others",
                moved.display()
            )))?;
        }
    }
    Ok(())
}

fn salvaged(cx: &mut Cx<'_>, path: &Path, yes: bool) -> Done {
    let options = Options {
        who: cx.who(),
        now: cx.now,
        as_of: None,
        create: false,
        zone: None,
        keep: cx.keep(),
    };
    for other in here(path) {
        cx.warn(&format!(
            "{} has the book open on {}: what is saved there meanwhile comes only from that person's outbox, so let them leave first",
            other.person, other.host
        ));
    }
    let done = salvage(path, &options)?;
    if !cx.out.json {
        tell(cx, &done.report)?;
    }
    let terminal =
        std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && !cx.out.json;
    let sound = done.report.is_sound();
    let goes = yes || (terminal && (sound || asked(cx)?));
    let moved = if goes {
        put_in_place(path, &done.path, cx.now)?
    } else {
        None
    };
    let book = if goes { path } else { &done.path };
    if cx.out.json {
        let value = json!({ "book": book, "in_place": goes, "sound": sound, "moved": moved, "report": done.report });
        return Ok(cx.out.object(value)?);
    }
    if !goes {
        cx.out.line(&one_line(&format!(
            "the salvaged book is {}; the damaged one is where it was",
            book.display()
        )))?;
        cx.out
            .line("look at it with --book; `retain restore --salvage --yes` puts it in place")?;
        return Ok(());
    }
    cx.out.line(&one_line(&format!(
        "the salvaged book is in place: {}",
        book.display()
    )))?;
    if let Some(moved) = moved {
        cx.out.line(&one_line(&format!(
            "the damaged file is now {}",
            moved.display()
        )))?;
    }
    Ok(())
}

fn asked(cx: &mut Cx<'_>) -> std::io::Result<bool> {
    write!(
        cx.out.raw(),
        "Not all of it is there. Put it in the place of the damaged book? [y/N] "
    )?;
    cx.out.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Lists longer than this are in --json only.
const MOST: usize = 20;

fn tell(cx: &mut Cx<'_>, report: &Report) -> std::io::Result<()> {
    let wal = match report.bad_frames {
        0 => String::new(),
        frames => format!(", and {frames} of its -wal"),
    };
    cx.out.line(&format!(
        "{} of {} pages are damaged{wal}",
        report.bad_pages, report.pages
    ))?;
    let rows: Vec<Vec<String>> = report
        .tables
        .iter()
        .filter(|t| t.read > 0 || t.unreadable > 0 || t.filled > 0)
        .map(|t| {
            [t.table.to_owned()]
                .into_iter()
                .chain([t.read, t.unreadable, t.filled, t.missing].map(|n| n.to_string()))
                .collect()
        })
        .collect();
    cx.out.table(
        &["rows of", "read", "unreadable", "filled", "missing"],
        &[false, true, true, true, true],
        &rows,
    )?;
    for source in &report.sources {
        let whose: Vec<String> = source
            .numbers
            .iter()
            .take(MOST)
            .map(|g| format!("{} {}-{}", g.person, g.first, g.last))
            .collect();
        let from = if source.from == "outbox" {
            "your outbox"
        } else {
            &source.from
        };
        cx.out.line(&one_line(&format!(
            "{} batches came from {from}: {}",
            source.batches,
            whose.join(", ")
        )))?;
    }
    for name in &report.passed_over {
        cx.out.line(&one_line(&format!(
            "the backup {name} is not whole, or of another book, and was passed over"
        )))?;
    }
    let mut lines: Vec<String> = report
        .missing
        .iter()
        .map(crate::store::doctor::Gap::words)
        .collect();
    for d in &report.damaged {
        let part = if d.has < d.had {
            format!("{} of {} rows and edits are there", d.has, d.had)
        } else {
            "something in it changed".into()
        };
        lines.push(format!(
            "batch {} of {} (\"{}\", {} UTC) is not what was written: {part}",
            d.number,
            d.person,
            d.label,
            d.at.utc().format("%Y-%m-%d")
        ));
    }
    if report.stand_ins > 0 {
        lines.push(format!(
            "{} customers cannot be read; what is theirs is kept under a name with a number",
            report.stand_ins
        ));
    }
    if report.headless > 0 {
        lines.push(format!(
            "rows of {} batches are kept whose own rows cannot be read",
            report.headless
        ));
    }
    for line in lines.iter().take(MOST) {
        let line = cx.out.paint(Ink::Risk, &one_line(line));
        cx.out.line(&line)?;
    }
    if lines.len() > MOST {
        cx.out
            .line(&format!("and {} more; --json has all", lines.len() - MOST))?;
    }
    if lines.is_empty() {
        let line = cx.out.paint(Ink::Good, "nothing is missing");
        cx.out.line(&line)?;
    }
    Ok(())
}
