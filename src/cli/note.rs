//! `retain note`: writes a note, from the command line or from standard input.

use std::io::Read as _;

use super::fail::Done;
use super::{Cx, joined};
use crate::domain::command::Command;
use crate::error::{Error, Result};

/// Write a note about a customer
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Id, key or name
    customer: String,
    /// The note; - reads it from standard input
    #[arg(required = true)]
    text: Vec<String>,
    /// When it is from: "2d ago", yesterday
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// A note longer than this is a mistake (a wrong file).
const LONGEST: u64 = 1 << 20;

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let text = if args.text == ["-"] { from_stdin()? } else { joined(&args.text) };
    if text.trim().is_empty() {
        return Err(Error::usage("The note is empty").into());
    }
    let mut store = cx.open()?;
    let customer = store.find_customer(&args.customer)?;
    let at = cx.past(&store, args.at.as_deref())?;
    cx.write(&mut store, &Command::Note { customers: vec![customer], text, at })
}

fn from_stdin() -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text);
    read.map_err(|e| Error::usage("The note on standard input is not UTF-8 text").because(e))?;
    if text.len() as u64 > LONGEST {
        return Err(Error::usage("The note is longer than 1 MiB").hint("is it the file you meant?"));
    }
    Ok(text.trim_end().to_owned())
}
