//! `retain duplicates` and `retain merge-customers`: customers that may be one, and making one of two.

use serde_json::json;

use super::fail::Done;
use super::{Cx, complete, unexpected};
use crate::domain::command::Command;
use crate::domain::query::{Page, Query, Twin};

/// List customers that may be one and the same, with the reason: name, domain or e-mail
#[derive(clap::Args, Debug)]
pub(super) struct Args {}

pub(super) fn run(cx: &mut Cx<'_>, _: &Args) -> Done {
    let mut store = cx.open()?;
    let Page::Duplicates(twins) = store.answer(&Query::Duplicates)? else {
        return Err(unexpected().into());
    };
    let row = |t: &Twin| json!({ "keep": t.keep.0, "keep_name": t.keep.1, "other": t.other.0, "other_name": t.other.1, "signs": t.signs });
    let rows = twins.iter().map(row).collect();
    let line = |t: &Twin| {
        let why: Vec<String> = t
            .signs
            .iter()
            .map(|s| format!("same {} {}", s.code(), s.what()))
            .collect();
        vec![
            t.keep.1.clone(),
            t.other.1.clone(),
            super::tail(t.other.0),
            why.join(", "),
        ]
    };
    let table: Vec<Vec<String>> = twins.iter().map(line).collect();
    cx.list(
        "duplicates",
        rows,
        &["customer", &say!("duplicates.maybe_same"), "id", "why"],
        &table,
        &say!("duplicates.no_two_customers_look"),
    )
}

/// Make one of two customers: everything of OTHER comes to KEEP, and OTHER leaves the lists
///
/// Where both say something else, KEEP's own holds, and a note says what OTHER's was. Past stages stay with OTHER. One `retain undo`
/// brings both back.
#[derive(clap::Args, Debug)]
pub(super) struct MergeArgs {
    /// The one that stays: id, key or name
    #[arg(add = complete::customers())]
    keep: String,
    /// The one that goes
    #[arg(add = complete::customers())]
    other: String,
}

pub(super) fn merge(cx: &mut Cx<'_>, args: &MergeArgs) -> Done {
    let mut store = cx.open()?;
    let (keep, other) = (
        store.find_customer(&args.keep)?,
        store.find_customer(&args.other)?,
    );
    cx.write(&mut store, &Command::MergeCustomers { keep, other })
}
