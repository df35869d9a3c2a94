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
        cx.out.line(&one_line(&say!(
            "restore.file_there_now",
            moved = moved.display()
        )))?;
        if let Some(lacks) = restored.lacks.filter(|lacks| *lacks > 0) {
            let changes = if lacks == 1 {
                "1 change".to_owned()
            } else {
                format!("{lacks} changes")
            };
            cx.out.line(&one_line(&say!(
                "restore.backup_lacks_yours_follow",
                changes = changes,
                moved = moved.display()
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
        cx.warn(&say!(
            "restore.book_open_on_what",
            person = other.person,
            host = other.host
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
        cx.out.line(&one_line(&say!(
            "restore.salvaged_book_damaged_one",
            book = book.display()
        )))?;
        cx.out.line(&say!("restore.look_at_with_book"))?;
        return Ok(());
    }
    cx.out.line(&one_line(&say!(
        "restore.salvaged_book_place",
        book = book.display()
    )))?;
    if let Some(moved) = moved {
        cx.out.line(&one_line(&say!(
            "restore.damaged_file_now",
            moved = moved.display()
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
        frames => say!("restore.its_wal", frames = frames).to_string(),
    };
    cx.out.line(&say!(
        "restore.pages_damaged",
        bad_pages = report.bad_pages,
        pages = report.pages,
        wal = wal
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
        cx.out.line(&one_line(&say!(
            "restore.batches_came_from",
            batches = source.batches,
            from = from,
            whose = whose.join(", ")
        )))?;
    }
    for name in &report.passed_over {
        cx.out
            .line(&one_line(&say!("restore.backup_not_whole_or", name = name)))?;
    }
    let mut lines: Vec<String> = report
        .missing
        .iter()
        .map(crate::store::doctor::Gap::words)
        .collect();
    for d in &report.damaged {
        let part = if d.has < d.had {
            say!("restore.rows_edits_there", has = d.has, had = d.had)
        } else {
            say!("restore.something_changed")
        };
        lines.push(
            say!(
                "restore.batch_utc_not_what",
                number = d.number,
                person = d.person,
                label = d.label,
                format = d.at.utc().format("%Y-%m-%d"),
                part = part
            )
            .to_string(),
        );
    }
    if report.stand_ins > 0 {
        lines.push(
            say!(
                "restore.customers_cannot_read_what",
                stand_ins = report.stand_ins
            )
            .to_string(),
        );
    }
    if report.headless > 0 {
        lines.push(
            say!(
                "restore.rows_batches_kept_whose",
                headless = report.headless
            )
            .to_string(),
        );
    }
    for line in lines.iter().take(MOST) {
        let line = cx.out.paint(Ink::Risk, &one_line(line));
        cx.out.line(&line)?;
    }
    if lines.len() > MOST {
        cx.out
            .line(&say!("restore.more_json_all", len = lines.len() - MOST))?;
    }
    if lines.is_empty() {
        let line = cx.out.paint(Ink::Good, &say!("restore.nothing_missing"));
        cx.out.line(&line)?;
    }
    Ok(())
}
