//! `retain note`: writes a note, from the command line or from standard input.

use super::Cx;
use super::fail::Done;
use super::whom::Whom;
use crate::domain::command::Command;

/// Write a note about a customer, or about several
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    whom: Whom,
    /// The note; - reads it from standard input
    text: Vec<String>,
    /// When it is from: "2d ago", yesterday
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let text = args.whom.text("The note", &args.text)?;
    let mut store = cx.open()?;
    let customers = args.whom.find(cx, &mut store)?;
    let at = cx.past(&store, args.at.as_deref())?;
    cx.write(
        &mut store,
        &Command::Note {
            customers,
            text,
            at,
        },
    )
}
