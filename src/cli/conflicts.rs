//! `retain conflicts` and `retain resolve`: fields of which copies of the book say different things.

use serde_json::{Value, json};

use super::Cx;
use super::fail::Done;
use super::out::{Ink, one_line};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::query::{Conflict, ConflictValue};
use crate::domain::time::{Stamp, Zone};
use crate::error::{Error, Result};
use crate::store::Store;

/// List fields of which copies of the book say different things
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Only those of this customer
    #[arg(add = super::complete::customers())]
    customer: Option<String>,
}

/// Decide between two values of one field
///
/// The decision is an edit like any other: others see it with the next merge, and `retain undo` takes it back.
#[derive(clap::Args, Debug)]
pub(super) struct ResolveArgs {
    /// The customer, the key of a setting or the name of a view (or the id of the row, as `retain conflicts` prints it)
    #[arg(add = super::complete::customers())]
    customer: String,
    /// The field; `removed` for something removed in one copy and changed in another, `stage` for a customer moved to two stages
    field: String,
    /// `mine`, `theirs`, or the number of the value in `retain conflicts`
    #[arg(long, value_name = "WHICH")]
    take: String,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let customer = args
        .customer
        .as_deref()
        .map(|name| store.find_customer(name))
        .transpose()?;
    let (open, more) = store.conflicts(customer)?;
    if cx.out.json {
        let conflicts: Vec<Value> = open.iter().map(conflict_json).collect();
        return cx
            .out
            .rows("conflicts", json!({ "conflicts": conflicts, "more": more }));
    }
    if open.is_empty() {
        return Ok(cx.out.line("no conflicts")?);
    }
    let zone = store.config().zone;
    for conflict in &open {
        print_conflict(cx, conflict, zone, Some(conflict.row))?;
    }
    if more > 0 {
        cx.out.line(&say!(
            "conflicts.more_retain_conflicts_customer",
            more = more
        ))?;
    }
    Ok(())
}

pub(super) fn resolve(cx: &mut Cx<'_>, args: &ResolveArgs) -> Done {
    let mut store = cx.open()?;
    let conflict = meant(&mut store, &args.customer, &args.field)?;
    let take = chosen(&conflict, &args.take, &cx.person)?.edit;
    cx.write(
        &mut store,
        &Command::Resolve {
            row: conflict.row,
            field: conflict.field,
            take,
        },
    )
}

/// The conflict that a person names by a customer, or a row, and a field.
fn meant(store: &mut Store, customer: &str, field: &str) -> Result<Conflict> {
    if let Ok(row) = customer.trim().parse::<Id>()
        && let Some(conflict) = store
            .conflict(row, field)?
            .filter(|c| c.customer.as_ref().is_none_or(|c| c.0 != row))
    {
        return Ok(conflict);
    }
    // Settings and views have no customer, but a name of their own.
    let named =
        |c: &Conflict| c.customer.is_none() && c.name == customer.trim() && c.field == field;
    if let Some(conflict) = store.conflicts(None)?.0.into_iter().find(named) {
        return Ok(conflict);
    }
    let id = store.find_customer(customer)?;
    let mut found: Vec<Conflict> = store
        .conflicts(Some(id))?
        .0
        .into_iter()
        .filter(|c| c.field == field)
        .collect();
    match (found.len(), found.pop()) {
        (1, Some(only)) => Ok(only),
        (0, _) => Err(Error::not_found(say!(
            "conflicts.copies_agree_on",
            field = field,
            customer = customer
        ))
        .hint(say!("conflicts.retain_conflicts_lists_where"))),
        (_, last) => {
            let mut error = Error::usage(say!(
                "conflicts.several_conflicts",
                field = field,
                customer = customer
            ))
            .hint(say!("conflicts.name_row_instead_customer"));
            for conflict in found.iter().chain(&last) {
                error = error.hint(format!(
                    "{}  {} {}",
                    conflict.row, conflict.kind, conflict.name
                ));
            }
            Err(error)
        }
    }
}

fn chosen<'c>(conflict: &'c Conflict, take: &str, me: &str) -> Result<&'c ConflictValue> {
    let wrong =
        |why: String| Error::usage(why).hint(say!("conflicts.retain_conflicts_numbers_values"));
    let mine = match take {
        "mine" => true,
        "theirs" => false,
        _ => {
            let number = take
                .parse::<usize>()
                .ok()
                .and_then(|n| conflict.values.get(n.checked_sub(1)?));
            return number.ok_or_else(|| {
                wrong(
                    say!(
                        "conflicts.none_values",
                        take = take,
                        values = conflict.values.len()
                    )
                    .to_string(),
                )
            });
        }
    };
    let mut fit = conflict.values.iter().filter(|v| (v.person == me) == mine);
    match (fit.next(), fit.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(wrong(
            say!("conflicts.none_values_2", take = take).to_string(),
        )),
        _ => Err(wrong(
            say!("conflicts.several_values", take = take).to_string(),
        )),
    }
}

/// Prints a conflict with its values, numbered; `row`: with the row's id.
pub(super) fn print_conflict(
    cx: &mut Cx<'_>,
    conflict: &Conflict,
    zone: Zone,
    row: Option<Id>,
) -> Done {
    let owner = conflict
        .customer
        .as_ref()
        .filter(|c| c.0 != conflict.row)
        .map_or_else(String::new, |c| format!(" of {}", c.1));
    let head = format!(
        "{}: {} {}{owner}",
        conflict.field, conflict.kind, conflict.name
    );
    let head = cx.out.paint(Ink::Risk, &one_line(&head));
    let id = row.map_or_else(String::new, |id| cx.out.paint(Ink::Dim, &format!("  {id}")));
    cx.out.line(&format!("{head}{id}"))?;
    for (at, v) in conflict.values.iter().enumerate() {
        let value = v
            .value
            .as_deref()
            .map_or_else(|| "nothing".to_owned(), one_line);
        let mark = if v.shown { "  (shown)" } else { "" };
        let when = format!("{} {}", zone.day(v.at), zone.time(v.at).format("%H:%M"));
        cx.out.line(&format!(
            "  {}  {value}  by {}, {when}{mark}",
            at + 1,
            one_line(&v.person)
        ))?;
    }
    Ok(())
}

/// A conflict as JSON, moments as RFC 3339.
pub(super) fn conflict_json(conflict: &Conflict) -> Value {
    let values = conflict
        .values
        .iter()
        .map(|v| json!({ "edit": v.edit, "value": v.value, "person": v.person, "at": moment(v.at), "shown": v.shown }));
    json!({
        "row": conflict.row,
        "kind": conflict.kind,
        "name": conflict.name,
        "customer": conflict.customer.as_ref().map(|(id, name)| json!({ "id": id, "name": name })),
        "field": conflict.field,
        "values": values.collect::<Vec<_>>(),
    })
}

/// A moment as RFC 3339.
pub(super) fn moment(at: Stamp) -> String {
    at.utc()
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
