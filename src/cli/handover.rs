//! `retain handover`: a portfolio given to somebody else, with a brief of each customer.

use std::path::PathBuf;

use super::Cx;
use super::fail::Done;
use super::out::one_line;
use crate::domain::command::Command;
use crate::error::Error;
use crate::transfer::handover;
use crate::transfer::report::Report;

/// Give all customers of somebody to somebody else, with a brief in Markdown
///
/// The brief says of each customer how it stands, why, what was talked of last, what is open, who is who and when it renews.
/// Without TO, or with --dry-run, only the brief is made. The change of owner is one step of `retain undo`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Who looks after them now
    from: String,
    /// Who shall
    to: Option<String>,
    /// Only the customers that pass this filter
    #[arg(long, value_name = "FILTER", default_value = "", add = super::complete::filters())]
    filter: String,
    /// Make the brief and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the brief into this file, which must not be there yet, and not to standard output; a FILE.html is a page that prints
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let customers = store.portfolio(&args.from, &args.filter)?;
    if customers.is_empty() {
        return Err(
            Error::not_found(say!("handover.looks_after_no_customer", from = args.from)).into(),
        );
    }
    let brief = handover::brief(
        &mut store,
        &customers,
        &args.from,
        args.to.as_deref().unwrap_or_default(),
    )?;
    match &args.output {
        Some(path) => {
            let page = super::report::is_page(path).then(|| Report::of(&brief).html());
            handover::write(path, page.as_deref().unwrap_or(&brief))?;
            if !cx.out.json {
                cx.out.line(&one_line(&say!(
                    "handover.brief_customers",
                    customers = customers.len(),
                    path = path.display()
                )))?;
            }
        }
        None if cx.out.json => {}
        None => {
            for line in brief.lines() {
                cx.out.line(line)?;
            }
        }
    }
    let Some(to) = args.to.as_ref().filter(|_| !args.dry_run) else {
        if cx.out.json {
            cx.out
                .object(serde_json::json!({ "customers": customers, "brief": brief }))?;
        }
        return Ok(());
    };
    cx.write(
        &mut store,
        &Command::Assign {
            customers,
            owner: to.clone(),
        },
    )
}
