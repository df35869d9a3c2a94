//! `retain merge-driver`: git calls it where two branches have changed the book.

use std::path::PathBuf;

use super::Cx;
use super::fail::Done;
use crate::error::{Error, Kind, Result};
use crate::store::merge::MergeAsk;
use crate::store::outbox::Keep;
use crate::store::{Options, Store};

/// Merge two copies of a book for git
///
/// In .gitattributes: `*.db merge=retain`. In the config of git: `merge.retain.driver = retain merge-driver %O %A %B`. Exit code 0:
/// the merged book is in OURS. Fields with two values are kept both, and `retain conflicts` lists them.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The common ancestor; both copies know it, so it is not read
    #[arg(value_name = "BASE")]
    _base: PathBuf,
    /// Our copy, which becomes the merged one
    #[arg(value_name = "OURS")]
    ours: PathBuf,
    /// Their copy
    #[arg(value_name = "THEIRS")]
    theirs: PathBuf,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let cannot = |e: std::io::Error| {
        Error::failed(say!(
            "merge_driver.cannot_written",
            ours = args.ours.display()
        ))
        .because(e)
    };
    // In a folder of its own: what SQLite and the backup lay beside a book has no place among git's files.
    let folder = folder_beside(&args.ours)?;
    let work = (|| -> Result<usize> {
        let book = folder.join("book.db");
        std::fs::copy(&args.ours, &book).map_err(cannot)?;
        let options = Options {
            who: cx.who(),
            now: cx.now,
            as_of: None,
            create: false,
            zone: None,
            keep: Keep::Nowhere,
        };
        let mut store = Store::open(&book, &options)?;
        let report = store.merge(
            &args.theirs,
            MergeAsk {
                now: cx.now,
                dry_run: false,
                foreign: false,
            },
        )?;
        let whole = folder.join("merged.db");
        store.back_up_to(&whole)?;
        store.close();
        std::fs::rename(&whole, &args.ours).map_err(cannot)?;
        Ok(report.conflicts.len())
    })();
    let _ = std::fs::remove_dir_all(&folder);
    // One code for every refusal, as git wants it.
    match work.map_err(|e| Error {
        kind: Kind::Failed,
        ..e
    })? {
        0 => {}
        n => cx.warn(&say!("merge_driver.fields_two_values_retain", n = n)),
    }
    Ok(())
}

/// A new folder beside a file, on the same disk.
fn folder_beside(file: &std::path::Path) -> Result<PathBuf> {
    let mut name = std::path::absolute(file)
        .map_err(|e| Error::failed(say!("merge_driver.place_cannot_found")).because(e))?
        .into_os_string();
    name.push(format!(".{}.merging", std::process::id()));
    let folder = PathBuf::from(name);
    std::fs::create_dir(&folder).map_err(|e| {
        Error::failed(say!("any.cannot_made", folder = folder.display())).because(e)
    })?;
    Ok(folder)
}
