//! `retain undo`, `redo` and `revert`: takes back what was done, and puts it back.

use super::Cx;
use super::fail::{Done, Stop};
use crate::domain::clash::Clash;
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
    /// Of the batch that is named, take back what nobody has changed since
    #[arg(long, requires = "batch", conflicts_with = "force")]
    rest: bool,
}

/// Put back what you last took back
#[derive(clap::Args, Debug)]
pub(super) struct RedoArgs {}

/// Take back one batch, or one edit, by its id
///
/// Also an import, and with --force also what somebody else did. It is a batch of its own: `retain undo` takes it back.
#[derive(clap::Args, Debug)]
pub(super) struct RevertArgs {
    /// The id of a batch, or of an edit, as `retain history --edits` prints them
    #[arg(value_name = "ID")]
    target: String,
    /// Also what another person did, and what was changed there since
    #[arg(long)]
    force: bool,
}

pub(super) fn revert(cx: &mut Cx<'_>, args: &RevertArgs) -> Done {
    let target = batch_id(&args.target)?;
    let mut store = cx.open()?;
    cx.write(
        &mut store,
        &Command::Revert {
            target,
            force: args.force,
        },
    )
}

pub(super) fn undo(cx: &mut Cx<'_>, args: &UndoArgs) -> Done {
    let batch = args.batch.as_deref().map(batch_id).transpose()?;
    let mut store = cx.open()?;
    let command = match batch.filter(|_| args.rest) {
        Some(batch) => Command::UndoRest { batch },
        None => Command::Undo {
            batch,
            force: args.force,
        },
    };
    cx.write(&mut store, &command).map_err(with_ways)
}

/// Adds to a refusal how to go on.
fn with_ways(stop: Stop) -> Stop {
    let Stop::Error(error) = stop else {
        return stop;
    };
    let clash = error
        .source
        .as_ref()
        .and_then(|source| source.downcast_ref::<Clash>());
    let Some(batch) = clash.and_then(|clash| clash.batch) else {
        return error.into();
    };
    error
        .hint(say!("undo.retain_undo_rest_takes", batch = batch))
        .into()
}

pub(super) fn redo(cx: &mut Cx<'_>, _: &RedoArgs) -> Done {
    let mut store = cx.open()?;
    cx.write(&mut store, &Command::Redo)
}

fn batch_id(text: &str) -> Result<Id, Error> {
    text.trim().parse().map_err(|()| {
        Error::usage(say!("undo.not_id_batch", text = text))
            .hint(say!("undo.retain_history_prints_them"))
    })
}
