//! `retain calendar`: tasks, renewals, reviews and calls as a feed that calendars read.

use std::path::PathBuf;

use serde_json::json;

use super::Cx;
use super::deliver::{Bytes, deliver};
use super::fail::Done;
use super::out::one_line;
use crate::error::Error;
use crate::transfer::calendar::feed;

/// Write tasks, renewals, business reviews and calls as a calendar (iCalendar)
///
/// Entries keep their identity and count their changes, and what is gone is cancelled, so a calendar that reads the file again is
/// up to date. The file is replaced whole: let cron write it where the calendar looks.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Only what is this person's; "me" is you
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// From so many days ago on
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u16).range(..3650))]
    days: u16,
    /// Write into this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let store = cx.open()?;
    let owner = args
        .owner
        .as_deref()
        .map(|name| if name == "me" { store.person() } else { name });
    let book = store
        .book_id()
        .ok_or_else(|| Error::usage(say!("any.there_nothing_book_yet")))?;
    let all = store.appointments(owner, store.today().plus(-i64::from(args.days)))?;
    let name = owner.map_or_else(|| "Retain".to_owned(), |owner| format!("Retain: {owner}"));
    let text = feed(&all, book, &name)?;
    deliver(cx, args.output.as_deref(), Bytes::Text, |out| {
        out.write_all(text.as_bytes())
            .map_err(|e| Error::failed(say!("calendar.calendar_cannot_written")).because(e))
    })?;
    match &args.output {
        Some(path) if cx.out.json => Ok(cx
            .out
            .object(json!({ "file": path, "entries": all.len() }))?),
        Some(path) => Ok(cx.out.line(&one_line(&say!(
            "calendar.entries",
            all = all.len(),
            path = path.display()
        )))?),
        None => Ok(()),
    }
}
