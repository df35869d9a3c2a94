//! `retain brief`, `retain qbr` and `retain digest`: reports in Markdown, or as a page that prints.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Cx;
use super::deliver::{Bytes, deliver};
use super::fail::Done;
use super::out::one_line;
use super::today::owner_filter;
use crate::error::Error;
use crate::transfer::report::{Report, brief, digest, qbr};

/// Where a report goes, and as what.
#[derive(clap::Args, Debug)]
struct Into {
    /// As a page of its own that prints, in place of Markdown; a FILE.html is one too
    #[arg(long)]
    html: bool,
    /// Write into this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What to read before a meeting: state, what changed since the last one, open items, people, health explained
#[derive(clap::Args, Debug)]
pub(super) struct BriefArgs {
    /// Id, key or name
    customer: String,
    #[command(flatten)]
    into: Into,
}

/// The story of a period with a customer, with figures and plots, for a business review
#[derive(clap::Args, Debug)]
pub(super) struct QbrArgs {
    /// Id, key or name
    customer: String,
    /// From this day on: 2026-07-01, "90d ago" (default: 90 days)
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    #[command(flatten)]
    into: Into,
}

/// What moved, and who needs somebody: for the morning, or for cron
#[derive(clap::Args, Debug)]
pub(super) struct DigestArgs {
    /// Since when: yesterday, "7d ago", 2026-11-20
    #[arg(long, value_name = "WHEN", default_value = "yesterday")]
    since: String,
    /// Only for this person's customers; "me" is you
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Only of customers that pass this filter
    #[arg(long, short, value_name = "FILTER", default_value = "")]
    filter: String,
    #[command(flatten)]
    into: Into,
}

pub(super) fn brief(cx: &mut Cx<'_>, args: &BriefArgs) -> Done {
    let mut store = cx.open_to_look()?;
    let customer = store.find_customer(&args.customer)?;
    let report = brief::brief(&mut store, customer)?;
    print(cx, &args.into, &report)
}

pub(super) fn qbr(cx: &mut Cx<'_>, args: &QbrArgs) -> Done {
    let mut store = cx.open_to_look()?;
    let customer = store.find_customer(&args.customer)?;
    let since = cx
        .past(&store, args.since.as_deref())?
        .map(|at| store.config().zone.day(at));
    let from = since.unwrap_or_else(|| store.today().plus(-90));
    let report = qbr::qbr(&mut store, customer, from)?;
    print(cx, &args.into, &report)
}

pub(super) fn digest(cx: &mut Cx<'_>, args: &DigestArgs) -> Done {
    let mut store = cx.open()?;
    // A day begins with its first moment.
    let since = match cx.past(&store, Some(&args.since))? {
        Some(at) => store
            .config()
            .zone
            .stamp(store.config().zone.day(at), chrono::NaiveTime::MIN),
        None => cx.now,
    };
    let owner = args
        .owner
        .as_deref()
        .map(|o| {
            if o == "me" {
                store.person().to_owned()
            } else {
                o.to_owned()
            }
        })
        .unwrap_or_default();
    let filter = match (args.filter.as_str(), owner.as_str()) {
        (filter, "") => filter.to_owned(),
        ("", owner) => owner_filter(owner),
        (filter, owner) => format!("{} ({filter})", owner_filter(owner)),
    };
    let report = digest::digest(&mut store, since, &filter, &owner)?;
    print(cx, &args.into, &report)
}

/// True for a name that ends as a page's does.
pub(super) fn is_page(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("html") || e.eq_ignore_ascii_case("htm"))
}

fn print(cx: &mut Cx<'_>, into: &Into, report: &Report) -> Done {
    let html = into.html || into.output.as_deref().is_some_and(is_page);
    let text = if html {
        report.html()
    } else {
        report.markdown()
    };
    if cx.out.json && into.output.is_none() {
        let format = if html { "html" } else { "markdown" };
        return Ok(cx
            .out
            .object(json!({ "title": report.title, "format": format, "text": text }))?);
    }
    deliver(cx, into.output.as_deref(), Bytes::Text, |out| {
        out.write_all(text.as_bytes())
            .map_err(|e| Error::failed(say!("report.report_cannot_written")).because(e))
    })?;
    match &into.output {
        Some(path) if cx.out.json => Ok(cx.out.object(json!({ "file": path }))?),
        Some(path) => Ok(cx
            .out
            .line(&one_line(&say!("report.report", path = path.display())))?),
        None => Ok(()),
    }
}
