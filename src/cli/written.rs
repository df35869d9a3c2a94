//! What a subcommand that writes says afterwards: the receipt in one line, or as JSON.

use serde_json::json;

use super::Cx;
use super::fail::Done;
use super::out::{Ink, one_line};
use crate::domain::command::Receipt;
use crate::domain::id::Id;
use crate::domain::query::{BatchPage, Deed};
use crate::error::{Error, Kind, Result};
use crate::sentence::Sentence;
use crate::store::Store;

/// Prints the receipt.
pub(super) fn print(cx: &mut Cx<'_>, store: &mut Store, receipt: &Receipt) -> Done {
    if let Some(why) = &receipt.queued {
        return Err(Error::new(
            Kind::Busy,
            say!("written.change_queued_not_book", why = why),
        )
        .hint(say!("written.written_at_next_chance"))
        .hint(say!("written.retain_outbox_shows_what"))
        .into());
    }
    let skipped = skipped(store, receipt)?;
    if cx.out.json {
        return print_json(cx, receipt, &skipped);
    }
    let before = if receipt.repeated {
        say!("written.done_before_nothing_written")
    } else {
        Sentence::default()
    };
    cx.out
        .line(&one_line(&format!("{before}{}", receipt.label)))?;
    for (_, name, why) in skipped {
        let line = format!("passed over {}: {}", one_line(&name), one_line(&why));
        let line = cx.out.paint(Ink::Dim, &line);
        cx.out.line(&line)?;
    }
    Ok(())
}

fn print_json(cx: &mut Cx<'_>, receipt: &Receipt, skipped: &[(Id, String, String)]) -> Done {
    let skipped: Vec<_> = skipped
        .iter()
        .map(|(id, name, why)| json!({ "id": id, "name": name, "why": why }))
        .collect();
    Ok(cx.out.object(json!({
        "batch": receipt.batch,
        "label": receipt.label,
        "changed": receipt.changed,
        "customers": receipt.customers,
        "skipped": skipped,
        "repeated": receipt.repeated,
    }))?)
}

/// Prints what a command would do.
pub(super) fn tried(
    cx: &mut Cx<'_>,
    store: &mut Store,
    receipt: &Receipt,
    page: &BatchPage,
) -> Done {
    let skipped = skipped(store, receipt)?;
    if cx.out.json {
        let changes: Vec<_> = page.things.iter().map(deed_json).collect();
        let skipped: Vec<_> = skipped
            .iter()
            .map(|(id, name, why)| json!({ "id": id, "name": name, "why": why }))
            .collect();
        return cx.out.rows(
            "changes",
            json!({
                "dry_run": true,
                "label": receipt.label,
                "changed": receipt.changed,
                "customers": receipt.customers,
                "skipped": skipped,
                "changes": changes,
                "more": page.more,
            }),
        );
    }
    cx.out.line(&one_line(&say!(
        "written.only_tried_nothing_written",
        label = receipt.label
    )))?;
    for deed in &page.things {
        let of = deed
            .customer
            .as_ref()
            .filter(|c| c.0 != deed.row)
            .map_or_else(String::new, |c| format!(" of {}", c.1));
        let value = |v: &Option<String>| {
            v.as_deref()
                .filter(|v| !v.is_empty())
                .unwrap_or("nothing")
                .to_owned()
        };
        let what = match &deed.edit {
            Some(_) => format!(
                ", {}: {} -> {}",
                deed.field,
                value(&deed.before),
                value(&deed.after)
            ),
            None => deed
                .after
                .as_ref()
                .filter(|t| !t.is_empty())
                .map_or_else(|| ", new".to_owned(), |t| format!(", new: {t}")),
        };
        let name = if deed.name.is_empty() {
            String::new()
        } else {
            format!(" {}", deed.name)
        };
        cx.out
            .line(&one_line(&format!("  {}{name}{of}{what}", deed.kind)))?;
    }
    if page.more > 0 {
        cx.out.line(&format!("  and {} more", page.more))?;
    }
    for (_, name, why) in skipped {
        cx.out.line(&one_line(&say!(
            "written.would_pass_over",
            name = name,
            why = why
        )))?;
    }
    Ok(())
}

fn deed_json(deed: &Deed) -> serde_json::Value {
    json!({
        "kind": deed.kind,
        "row": deed.row,
        "name": deed.name,
        "customer": deed.customer.as_ref().map(|c| c.0),
        "customer_name": deed.customer.as_ref().map(|c| &c.1),
        "new": deed.edit.is_none(),
        "field": deed.field,
        "before": deed.before,
        "after": deed.after,
    })
}

/// Skipped customers with their names.
fn skipped(store: &mut Store, receipt: &Receipt) -> Result<Vec<(Id, String, String)>> {
    if receipt.skipped.is_empty() {
        return Ok(Vec::new());
    }
    let roster = store.roster()?;
    let roster = roster
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let name = |id: Id| {
        roster
            .row_of_id(id)
            .map_or_else(|| id.to_string(), |at| roster.name(at).to_owned())
    };
    Ok(receipt
        .skipped
        .iter()
        .map(|(id, why)| (*id, name(*id), why.clone()))
        .collect())
}
