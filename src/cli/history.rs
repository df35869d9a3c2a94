//! `retain history`: what the team did, newest first.

use serde_json::json;

use super::fail::Done;
use super::out::{Ink, one_line};
use super::{Cx, unexpected};
use crate::domain::query::{BatchRow, Page, Query};

/// What the team did, newest first
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// At most so many
    #[arg(long, short = 'n', default_value_t = 20)]
    limit: usize,
    /// Only lines with these words
    #[arg(long, value_name = "WORDS", default_value = "")]
    search: String,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let ask = Query::Activity { search: crate::text::fold(&args.search), limit: args.limit };
    let Page::Activity(rows) = store.answer(&ask)? else { return Err(unexpected().into()) };
    if cx.out.json {
        return Ok(cx.out.object(json!({ "rows": rows.iter().map(row_json).collect::<Vec<_>>() }))?);
    }
    if rows.is_empty() {
        return Ok(cx.out.line("nothing yet")?);
    }
    let zone = store.config().zone;
    let time = |row: &BatchRow| format!("{} {}", zone.day(row.at), zone.time(row.at).format("%H:%M"));
    for row in &rows {
        let mark = if row.undone_by.is_some() { "  (taken back)" } else { "" };
        let head = format!("{}  {}  {}{mark}", time(row), one_line(&row.person), one_line(&row.label));
        cx.out.line(&head)?;
        let id = cx.out.paint(Ink::Dim, &format!("  {}", row.id));
        cx.out.line(&id)?;
    }
    Ok(())
}

fn row_json(row: &BatchRow) -> serde_json::Value {
    let customer = row.customer.as_ref().map(|(id, name)| json!({ "id": id, "name": name }));
    json!({
        "id": row.id,
        "at": row.at.utc().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "person": row.person,
        "command": row.command,
        "label": row.label,
        "made": row.made,
        "edits": row.edits,
        "undone_by": row.undone_by,
        "undoes": row.undoes,
        "customer": customer,
    })
}
