//! `retain person`: everything that the book has of one person, to be handed to that person.

use std::path::PathBuf;

use serde_json::json;

use super::Cx;
use super::deliver::{Bytes, deliver};
use super::fail::Done;
use super::out::one_line;
use super::purge::contact;
use crate::error::Error;
use crate::transfer::rows::{self, SCHEMA};

/// Write everything that the book has of one person: the contact, what happened with it, every change, texts that name it
///
/// The file is JSON. What may not stay is deleted by `retain forget`; `mentions` are the texts that it leaves, because they are about
/// somebody else.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The contact's id, e-mail or name
    who: String,
    /// Write into this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let store = cx.open()?;
    let (id, name) = contact(&store, &args.who)?;
    let subject = store.subject(id)?;
    let value = json!({ "schema": SCHEMA, "person": subject });
    deliver(cx, args.output.as_deref(), Bytes::Text, |mut out| {
        let cannot = |e| Error::failed(say!("any.file_cannot_written")).because(e);
        rows::pretty(&mut out, &value).map_err(cannot)?;
        out.write_all(b"\n").map_err(cannot)
    })?;
    match &args.output {
        Some(path) => Ok(cx.out.line(&one_line(&say!(
            "person.what_there",
            name = name,
            path = path.display()
        )))?),
        None => Ok(()),
    }
}
