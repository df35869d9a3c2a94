//! What a subcommand that writes says afterwards: the receipt in one line, or as JSON.

use serde_json::json;

use super::Cx;
use super::fail::Done;
use super::out::{Ink, one_line};
use crate::domain::command::Receipt;
use crate::domain::id::Id;
use crate::error::{Error, Kind, Result};
use crate::store::Store;

/// Prints the receipt.
pub(super) fn print(cx: &mut Cx<'_>, store: &mut Store, receipt: &Receipt) -> Done {
    if let Some(why) = &receipt.queued {
        return Err(Error::new(Kind::Busy, format!("The change is queued, not in the book yet: {why}"))
            .hint("it is written at the next chance, so do not repeat it")
            .hint("`retain outbox` shows what waits, `retain outbox --drop` lets go of it")
            .into());
    }
    let skipped = skipped(store, receipt)?;
    if cx.out.json {
        return print_json(cx, receipt, &skipped);
    }
    cx.out.line(&one_line(&receipt.label))?;
    for (_, name, why) in skipped {
        let line = format!("passed over {}: {}", one_line(&name), one_line(&why));
        let line = cx.out.paint(Ink::Dim, &line);
        cx.out.line(&line)?;
    }
    Ok(())
}

fn print_json(cx: &mut Cx<'_>, receipt: &Receipt, skipped: &[(Id, String, String)]) -> Done {
    let skipped: Vec<_> = skipped.iter().map(|(id, name, why)| json!({ "id": id, "name": name, "why": why })).collect();
    Ok(cx.out.object(json!({
        "batch": receipt.batch,
        "label": receipt.label,
        "changed": receipt.changed,
        "customers": receipt.customers,
        "skipped": skipped,
    }))?)
}

/// Skipped customers with their names.
fn skipped(store: &mut Store, receipt: &Receipt) -> Result<Vec<(Id, String, String)>> {
    if receipt.skipped.is_empty() {
        return Ok(Vec::new());
    }
    let roster = store.roster()?;
    let roster = roster.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let name = |id: Id| roster.row_of_id(id).map_or_else(|| id.to_string(), |at| roster.name(at).to_owned());
    Ok(receipt.skipped.iter().map(|(id, why)| (*id, name(*id), why.clone())).collect())
}
