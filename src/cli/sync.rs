//! `retain sync`: copies of a book exchange what was done through a folder that any tool may carry.

use std::path::PathBuf;

use serde_json::json;

use super::Cx;
use super::fail::Done;
use super::out::{Ink, one_line};
use crate::error::Error;
use crate::store::Store;
use crate::store::sync::{Exchanged, Part};

/// Exchange with other copies of the book through a folder
///
/// The folder is BOOK.sync beside the book, and can be carried by a stick, a file sync tool or git: each file has one writer, who
/// joins small ones when they grow many. Once it is on, every opening, every 30 seconds of the screens and every command takes part.
///
/// Another folder than the one beside the book needs your yes on each machine, which --on says: a book that was copied, or came from
/// somebody else, gives nothing and takes nothing before.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Let this copy take part from now on
    #[arg(long, conflicts_with_all = ["off", "join"])]
    on: bool,
    /// Let it no longer take part; the folder stays as it is
    #[arg(long, conflicts_with = "join")]
    off: bool,
    /// Use this folder in place of the one beside the book
    #[arg(long, value_name = "FOLDER", requires = "on")]
    folder: Option<PathBuf>,
    /// Make the book from the bundles in this folder
    #[arg(long, value_name = "FOLDER")]
    join: Option<PathBuf>,
    /// Carry out now what others have purged; it waits for a day otherwise
    #[arg(long, conflicts_with_all = ["off", "join"])]
    accept_purges: bool,
    /// Forget the key by which a device is known, and believe the next one
    #[arg(long, value_name = "DEVICE", conflicts_with_all = ["off", "join"])]
    new_key: Option<String>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    if let Some(folder) = &args.join {
        let path = cx.book()?;
        super::place::make_folder_of(&path)?;
        let (store, done) = Store::join(&path, folder, &cx.options())?;
        return print(cx, &store, &done);
    }
    // The exchange is what is asked for here, so no opening has done it before.
    let mut store = cx.open_before_exchange()?;
    if args.on || args.off {
        store.set_sync(args.on, args.folder.as_deref())?;
    }
    if let Part::Aside(words) = store.part() {
        return Err(Error::usage(words)
            .hint(say!("sync.nothing_given_nothing_taken"))
            .into());
    }
    if let Some(device) = &args.new_key {
        let device = device.parse().map_err(|()| {
            Error::usage(say!("sync.not_id_device", device = device))
                .hint(say!("any.sentence_about_what_left"))
        })?;
        store.forget_key(device)?;
    }
    let mut done = store.exchange()?;
    if args.accept_purges && !done.held.is_empty() {
        // They are known by the first look only.
        store.accept_purges()?;
        let then = store.exchange()?;
        done = Exchanged {
            given: done.given + then.given,
            mended: done.mended + then.mended,
            taken: done.taken + then.taken,
            conflicts: done.conflicts + then.conflicts,
            carried_out: [done.carried_out, then.carried_out].concat(),
            ..then
        };
    }
    print(cx, &store, &done)
}

fn print(cx: &mut Cx<'_>, store: &Store, done: &Exchanged) -> Done {
    let (on, folder) = (store.syncs(), store.sync_folder());
    if cx.out.json {
        return Ok(cx.out.object(json!({
            "on": on,
            "folder": folder,
            "given": done.given,
            "mended": done.mended,
            "taken": done.taken,
            "conflicts": done.conflicts,
            "held": done.held,
            "carried_out": done.carried_out,
            "wrong": done.wrong,
        }))?);
    }
    if !on {
        return Ok(cx.out.line(&say!("sync.this_copy_takes_no"))?);
    }
    cx.out.line(&say!(
        "sync.gave_took_by",
        given = batches(done.given),
        taken = batches(done.taken),
        folder = one_line(&folder.display().to_string())
    ))?;
    if done.mended > 0 {
        let bundles = if done.mended == 1 {
            say!("sync.1_bundle_yours").to_owned()
        } else {
            say!("sync.bundles_yours_were", mended = done.mended)
        };
        cx.out
            .line(&say!("sync.damaged_written_anew", bundles = bundles))?;
    }
    if done.conflicts > 0 {
        let fields = if done.conflicts == 1 {
            "1 field has".to_owned()
        } else {
            format!("{} fields have", done.conflicts)
        };
        cx.out
            .line(&say!("sync.two_values_retain_conflicts", fields = fields))?;
    }
    for words in &done.carried_out {
        cx.out.line(&one_line(words))?;
    }
    for words in done.held.iter().chain(&done.wrong) {
        let line = cx.out.paint(Ink::Watch, &one_line(words));
        cx.out.line(&line)?;
    }
    Ok(())
}

fn batches(n: usize) -> String {
    if n == 1 {
        "1 batch".to_owned()
    } else {
        format!("{n} batches")
    }
}
