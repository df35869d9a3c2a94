//! `retain backup`: a verified copy of the book, the list of those that are there, and a look at whether they are whole.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Cx;
use super::fail::Done;
use super::out::{Ink, one_line};
use crate::domain::time::{Day, Stamp};
use crate::error::Error;
use crate::sentence::Sentence;
use crate::store::backup::{Backup, Holds, list, verify, verify_again};

/// Make a verified copy of the book, list the backups, or verify them
///
/// Backups lie in the folder `.BOOK.backups` beside the book: one of each day, and one before an import, a merge, a
/// migration, or a purge that comes from elsewhere.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    /// A new file to copy the book into (default: one more in the folder of backups)
    path: Option<PathBuf>,
    #[command(subcommand)]
    sub: Option<Sub>,
}

#[derive(clap::Subcommand, Debug)]
enum Sub {
    /// List the backups, newest first
    List,
    /// Read every backup from end to end, with the hash of every batch
    Verify,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    match args.sub {
        Some(Sub::List) => list_all(cx),
        Some(Sub::Verify) => verify_all(cx),
        None => make(cx, args.path.as_deref()),
    }
}

fn make(cx: &mut Cx<'_>, to: Option<&Path>) -> Done {
    let store = cx.open()?;
    let (path, holds) = match to {
        Some(path) => {
            store.back_up_to(path)?;
            (path.to_owned(), verify(path)?)
        }
        None => {
            let path = store.back_up("asked", cx.now)?;
            let holds =
                verify_again(&path).map_err(|e| e.hint(say!("backup.backup_kept_all_same")))?;
            (path, holds)
        }
    };
    if cx.out.json {
        return Ok(cx.out.object(json!({ "backup": path, "holds": holds }))?);
    }
    cx.out
        .line(&one_line(&format!("{}: {}", path.display(), words(&holds))))?;
    Ok(())
}

/// The resolved path of the book, also of one that is damaged or gone.
pub(super) fn resolved(cx: &Cx<'_>) -> crate::error::Result<PathBuf> {
    let path = cx.book()?;
    let parent = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    Ok(std::fs::canonicalize(&path).unwrap_or_else(|_| {
        let parent = std::fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned());
        parent.join(path.file_name().unwrap_or_default())
    }))
}

pub(super) fn words(holds: &Holds) -> String {
    let latest = holds.latest.map_or_else(String::new, |at| {
        format!(", up to {} UTC", at.utc().format("%Y-%m-%d %H:%M"))
    });
    say!(
        "backup.customers_events_batches",
        customers = holds.customers,
        events = holds.events,
        batches = holds.batches,
        latest = latest
    )
    .to_string()
}

fn list_all(cx: &mut Cx<'_>) -> Done {
    let all = list(&resolved(cx)?);
    if cx.out.json {
        return cx.out.rows("backups", json!({ "backups": all }));
    }
    for backup in &all {
        cx.out.line(&line(backup, cx.now))?;
    }
    if all.is_empty() {
        cx.out.line(&say!("backup.there_no_backup_yet"))?;
    }
    Ok(())
}

fn line(backup: &Backup, now: Stamp) -> String {
    let today = Day::from_date(now.utc().date_naive());
    let ahead = if backup
        .day
        .zip(today)
        .is_some_and(|(day, today)| day > today.plus(1))
    {
        say!("backup.dated_ahead_by_wrong")
    } else {
        Sentence::default()
    };
    let known = match (backup.damaged, backup.verified) {
        (true, _) => "  DAMAGED",
        (_, true) => "  verified",
        _ => "",
    };
    format!(
        "{}  {:.1} MB{known}{ahead}",
        one_line(&backup.name),
        backup.size as f64 / 1e6
    )
}

fn verify_all(cx: &mut Cx<'_>) -> Done {
    let all = list(&resolved(cx)?);
    let read: Vec<_> = all.iter().map(|b| (b, verify_again(&b.path))).collect();
    let damaged = read.iter().filter(|(_, r)| r.is_err()).count();
    if cx.out.json {
        let rows: Vec<_> = read
            .iter()
            .map(|(b, r)| json!({ "name": b.name, "ok": r.is_ok(), "holds": r.as_ref().ok() }))
            .collect();
        cx.out.rows("backups", json!({ "backups": rows }))?;
    } else {
        for (backup, result) in &read {
            let (ink, word, rest) = match result {
                Ok(holds) => (Ink::Good, "ok     ", words(holds)),
                Err(error) => (Ink::Risk, "DAMAGED", error.message.to_string()),
            };
            let word = cx.out.paint(ink, word);
            cx.out.line(&format!(
                "{word} {}  {}",
                one_line(&backup.name),
                one_line(&rest)
            ))?;
        }
    }
    if damaged == 0 {
        return Ok(());
    }
    cx.out.flush()?;
    Err(Error::failed(say!(
        "backup.backups_damaged",
        damaged = damaged,
        all = all.len()
    ))
    .hint(say!("backup.restore_passes_them_over"))
    .into())
}
