//! `retain history`: what the team did, newest first, and what each of it changed.

use serde_json::json;

use super::Cx;
use super::fail::Done;
use super::out::{Ink, one_line};
use crate::domain::query::BatchRow;
use crate::store::history::{HistoryAsk, Told};

/// What the team did, newest first
///
/// `retain revert ID` takes back a batch, or one edit of it.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// At most so many
    #[arg(long, short = 'n', default_value_t = 20)]
    limit: usize,
    /// Only what touched this customer
    #[arg(long, value_name = "CUSTOMER", add = super::complete::customers())]
    customer: Option<String>,
    /// Only what this person did
    #[arg(long, value_name = "NAME", add = super::complete::owners())]
    person: Option<String>,
    /// Only from this day or time on
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only lines with these words
    #[arg(long, alias = "search", value_name = "WORDS", default_value = "")]
    find: String,
    /// With every change: the value before and after
    #[arg(long)]
    edits: bool,
    /// Print only the ids of the batches, one a line, for `retain revert`
    #[arg(long, conflicts_with_all = ["edits", "json", "jsonl", "csv"])]
    ids: bool,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let customer = args
        .customer
        .as_deref()
        .map(|name| store.find_customer(name))
        .transpose()?;
    let since = match args
        .since
        .as_deref()
        .map(|text| (text, text.parse::<crate::domain::time::Day>()))
    {
        // A day begins with its first moment.
        Some((_, Ok(day))) => Some(store.config().zone.stamp(day, chrono::NaiveTime::MIN)),
        Some((text, Err(()))) => cx.past(&store, Some(text))?,
        None => None,
    };
    let ask = HistoryAsk {
        customer,
        person: args.person.clone(),
        since,
        words: crate::text::fold(&args.find),
        limit: args.limit,
    };
    let rows = store.history(&ask)?;
    if args.ids {
        return rows
            .iter()
            .try_for_each(|row| Ok(cx.out.line(&row.id.to_string())?));
    }
    let mut told = Vec::with_capacity(rows.len());
    for row in &rows {
        told.push(if args.edits {
            Some(store.edits_of(row.id)?)
        } else {
            None
        });
    }
    if cx.out.json {
        let rows: Vec<_> = rows
            .iter()
            .zip(&told)
            .map(|(row, edits)| row_json(row, edits.as_deref()))
            .collect();
        return cx.out.rows("rows", json!({ "rows": rows }));
    }
    if rows.is_empty() {
        return Ok(cx.out.line("nothing yet")?);
    }
    let zone = store.config().zone;
    let time =
        |row: &BatchRow| format!("{} {}", zone.day(row.at), zone.time(row.at).format("%H:%M"));
    for (row, edits) in rows.iter().zip(&told) {
        let mark = if row.undone_by.is_some() {
            "  (taken back)"
        } else {
            ""
        };
        let proven = if row.unproven { "  (not signed)" } else { "" };
        let head = format!(
            "{}  {}  {}{mark}{proven}",
            time(row),
            one_line(&row.person),
            one_line(&row.label)
        );
        cx.out.line(&head)?;
        let id = cx.out.paint(Ink::Dim, &format!("  {}", row.id));
        cx.out.line(&id)?;
        for edit in edits.iter().flatten() {
            let value = |v: &Option<String>| {
                v.as_deref()
                    .filter(|v| !v.is_empty())
                    .map_or_else(|| "nothing".to_owned(), one_line)
            };
            let owner = edit
                .customer
                .as_ref()
                .map_or_else(String::new, |c| format!(" of {c}"));
            let whose = one_line(&format!("{} {}{owner}", edit.kind, edit.name));
            cx.out.line(&format!(
                "    {whose}, {}: {} -> {}",
                one_line(&edit.field),
                value(&edit.before),
                value(&edit.after)
            ))?;
            let id = cx.out.paint(Ink::Dim, &format!("      {}", edit.edit));
            cx.out.line(&id)?;
        }
    }
    Ok(())
}

fn row_json(row: &BatchRow, edits: Option<&[Told]>) -> serde_json::Value {
    let customer = row
        .customer
        .as_ref()
        .map(|(id, name)| json!({ "id": id, "name": name }));
    let mut value = json!({
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
        "signed": row.signed,
    });
    if let Some(edits) = edits {
        value["changes"] = json!(edits);
    }
    value
}
