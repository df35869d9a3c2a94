//! `retain demo`: a made-up book to look around in. It is a file of its own and never touches another book.

use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Cx;
use super::fail::Done;
use super::import::bar;
use crate::error::{Error, Kind, Result};
use crate::store::outbox::Keep;
use crate::store::{Options, Store, beside_it, remove_files};
use crate::transfer::demo::{self, DemoOptions};

/// Make a demo book and open it
///
/// It lies beside your own book and is made anew each time. To a pipe it is only written.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// How many customers
    #[arg(long, value_name = "N", default_value_t = 300)]
    customers: usize,
    /// How many months back the stories reach
    #[arg(long, value_name = "N", default_value_t = 18, value_parser = clap::value_parser!(u32).range(14..=120))]
    months: u32,
    /// The same seed and day give the same book
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Write it into this file, which must not be there yet
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    // A book that the environment names is the person's own, which the demo leaves alone.
    if let Some(book) = cx.globals.book.as_ref().filter(|b| {
        args.into.is_none() && std::env::var_os("RETAIN_BOOK").as_deref() != Some(b.as_os_str())
    }) {
        return Err(
            Error::usage("The demo book is a file of its own, so --book does not name it")
                .hint(format!("retain demo --into {}", book.display()))
                .into(),
        );
    }
    let path = match &args.into {
        Some(path) if path.exists() => {
            return Err(Error::usage(format!("{} is there already", path.display()))
                .hint("name a new file, or leave --into out")
                .into());
        }
        Some(path) => path.clone(),
        None => cx.places.demo()?,
    };
    let terminal = std::io::stdout().is_terminal();
    // Written under another name and renamed when it is whole: a demo that somebody has open stays as it is for them.
    let draft = beside_it(&path, &format!(".new{}", std::process::id()));
    let written = write(cx, args, &draft, terminal)
        .and_then(|()| put_in_place(&draft, &path, cx.places.state()));
    if let Err(error) = written {
        remove_files(&draft);
        return Err(error.into());
    }
    if cx.out.json {
        return Ok(cx
            .out
            .object(json!({ "book": path, "customers": args.customers, "seed": args.seed }))?);
    }
    if terminal && args.into.is_none() {
        return Ok(super::open_screens(cx, path)?);
    }
    cx.out.line(&format!(
        "wrote {} demo customers into {}",
        args.customers,
        path.display()
    ))?;
    Ok(cx
        .out
        .line(&format!("look at it: retain --book {}", path.display()))?)
}

/// Texts that go into the full-text index in one transaction.
const INDEX_AT_ONCE: usize = 50_000;

fn write(cx: &Cx<'_>, args: &Args, draft: &Path, terminal: bool) -> Result<()> {
    remove_files(draft);
    // A demo is made from a number: there is nothing to keep of it, and what was done to an older one is not done to this.
    super::place::make_folder_of(draft)?;
    let options = Options {
        who: cx.who(),
        now: cx.now,
        as_of: cx.as_of,
        create: true,
        zone: super::place::zone(),
        keep: Keep::Nowhere,
    };
    let mut store = Store::open(draft, &options)?;
    let today = cx.moment(&store).today;
    let options = DemoOptions {
        customers: args.customers,
        months: args.months,
        seed: args.seed,
        today,
    };
    let bar = bar(terminal && !cx.out.json, args.customers as u64, "customers");
    demo::write(&mut store, &options, cx.now, &mut |done| {
        bar.set_position(done as u64)
    })?;
    bar.finish_and_clear();
    // A demo book is there to be looked at: its texts are found at once, and a console has nothing left to do for it.
    while store.index_some(INDEX_AT_ONCE)? {}
    Ok(())
}

fn put_in_place(draft: &Path, path: &Path, state: Option<&Path>) -> Result<()> {
    // The last connection folds its journal into the file. Were one left behind, the file alone would not be the book.
    if ["-wal", "-journal"]
        .iter()
        .any(|ending| fs::metadata(beside_it(draft, ending)).is_ok_and(|m| m.len() > 0))
    {
        return Err(Error::failed("The demo book was not closed whole"));
    }
    remove_files(path);
    if let Some(folder) = state {
        crate::store::outbox::forget(folder, path);
    }
    let moved = fs::rename(draft, path);
    moved.map_err(|e| {
        Error::new(
            Kind::Failed,
            format!(
                "The demo book cannot be put at {}: {}",
                path.display(),
                e.kind()
            ),
        )
        .because(e)
    })
}
