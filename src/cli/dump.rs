//! `retain dump` and `retain load`: the whole book as one file of JSON lines, and back.

use std::path::PathBuf;

use serde_json::json;

use super::Cx;
use super::deliver::{Bytes, deliver};
use super::fail::Done;
use super::out::one_line;
use crate::error::Error;
use crate::store::Store;
use crate::store::dump::is_dump;
use crate::transfer::sheet::Format;
use crate::transfer::tables;

/// Write the whole book as JSON lines: every change by everybody, with ids and hashes
///
/// The same facts give the same bytes, in whatever copy of the book. `retain load` makes the book from it again. With --facts only
/// what stands now, a line a row, to compare two books or to read elsewhere.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Only what stands now, without its history
    #[arg(long)]
    facts: bool,
    /// Write into this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Make a book from a dump, or from the CSV files of `retain export book`
///
/// The book is the one of `--book`, and must be new or empty. A dump is checked by every hash and checksum, and the book by the digest
/// of the one that was dumped. Files without history come in as one step a table.
#[derive(clap::Args, Debug)]
pub(super) struct LoadArgs {
    /// The dump, or the folder
    from: PathBuf,
    /// Take what is sound of a damaged dump, and tell the rest
    #[arg(long)]
    partial: bool,
}

pub(super) fn dump(cx: &mut Cx<'_>, args: &Args) -> Done {
    let store = cx.open()?;
    let output = args.output.as_deref();
    let (count, what) = if args.facts {
        (
            deliver(cx, output, Bytes::Text, |out| {
                tables::write(&store, Format::Jsonl, out)
            })?,
            "rows",
        )
    } else {
        (
            deliver(cx, output, Bytes::Data, |out| store.dump(out))?,
            "batches",
        )
    };
    let told = counted(count, what);
    match output {
        Some(path) if cx.out.json => Ok(cx
            .out
            .object(json!({ "file": path, what: count, "digest": store.digest()? }))?),
        Some(path) => Ok(cx
            .out
            .line(&one_line(&format!("{told} in {}", path.display())))?),
        None => Ok(()),
    }
}

pub(super) fn load(cx: &mut Cx<'_>, args: &LoadArgs) -> Done {
    let path = cx.book()?;
    super::place::make_folder_of(&path)?;
    let (options, now, from) = (cx.options(), cx.now, args.from.as_path());
    let (mut store, what, count, wrong) = if tables::is_book(from) {
        let (store, rows) = Store::fill(&path, &options, |store| {
            tables::read_folder(store, from, now)
        })?;
        (store, "rows", rows, Vec::new())
    } else if is_dump(from) {
        let (store, loaded) =
            Store::fill(&path, &options, |store| store.take_dump(from, args.partial))?;
        (store, "batches", loaded.batches, loaded.wrong)
    } else {
        let error = Error::usage(say!("dump.there_neither_dump_nor", from = from.display()));
        return Err(error.hint(say!("dump.retain_dump_retain_export")).into());
    };
    cx.hand_on(&mut store);
    if cx.out.json {
        return Ok(cx.out.object(
            json!({ "book": path, what: count, "wrong": wrong, "digest": store.digest()? }),
        )?);
    }
    cx.out.line(&one_line(&format!(
        "Loaded {} into {}",
        counted(count, what),
        path.display()
    )))?;
    for words in wrong {
        cx.warn(&format!("left out: {words}"));
    }
    Ok(())
}

/// `1 batch`, `3 rows`: `what` is the plural.
fn counted(n: usize, what: &str) -> String {
    match (n, what) {
        (1, "batches") => "1 batch".to_owned(),
        (1, _) => "1 row".to_owned(),
        (n, what) => format!("{n} {what}"),
    }
}
