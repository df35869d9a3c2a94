//! `retain restore`: puts a backup in the place of the book. What is there is moved away, and one's own later changes follow.

use serde_json::json;

use super::Cx;
use super::backup::{resolved, words};
use super::fail::Done;
use super::out::one_line;
use crate::store::backup::restore;

/// Put a backup in the place of the book
///
/// The file that is there is moved into the folder of backups with its journals, never written over. Your own changes that
/// the backup lacks are written again from your outbox; those of others follow when they open the book.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// A backup by its name or the start of it, or a file (default: the newest that is whole)
    which: Option<String>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let path = resolved(cx)?;
    let restored = restore(&path, args.which.as_deref(), cx.now)?;
    let mut store = cx.open()?;
    cx.tell(&mut store);
    if cx.out.json {
        return Ok(cx.out.object(json!({ "from": restored.from, "holds": restored.holds, "moved": restored.moved }))?);
    }
    cx.out.line(&one_line(&format!("Put back {}: {}", restored.from.name, words(&restored.holds))))?;
    if let Some(moved) = restored.moved {
        cx.out.line(&one_line(&format!("the file that was there is now {}", moved.display())))?;
    }
    Ok(())
}
