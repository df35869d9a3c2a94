//! `retain undo` and `retain redo`: takes back what this person did, and puts it back.

use super::Cx;
use super::fail::Done;
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::error::Error;

/// Take back the last thing you did
///
/// Only your own; an import or a bulk change is one step. `retain history` prints the ids.
#[derive(clap::Args, Debug)]
pub(super) struct UndoArgs {
    /// Take back this one instead of the last
    #[arg(value_name = "BATCH")]
    batch: Option<String>,
    /// Also overwrite what others changed since
    #[arg(long)]
    force: bool,
}

/// Put back what you last took back
#[derive(clap::Args, Debug)]
pub(super) struct RedoArgs {}

pub(super) fn undo(cx: &mut Cx<'_>, args: &UndoArgs) -> Done {
    let batch = args.batch.as_deref().map(batch_id).transpose()?;
    let mut store = cx.open()?;
    cx.write(&mut store, &Command::Undo { batch, force: args.force })
}

pub(super) fn redo(cx: &mut Cx<'_>, _: &RedoArgs) -> Done {
    let mut store = cx.open()?;
    cx.write(&mut store, &Command::Redo)
}

fn batch_id(text: &str) -> Result<Id, Error> {
    text.trim().parse().map_err(|()| Error::usage(format!("\"{text}\" is not the id of a batch")).hint("`retain history` prints them"))
}
