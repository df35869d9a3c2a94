//! `retain purge`: really deletes what the book holds of a customer or of a person.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use serde_json::json;

use super::Cx;
use super::fail::Done;
use super::out::one_line;
use crate::domain::command::{Command, Entity};
use crate::domain::id::Id;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::backup::list;
use crate::store::purge::Plan;

/// Delete a customer or a contact for good
///
/// Rows, events, values in the history and words in the index are deleted from the book, from your outbox and from your bundles.
/// Ids, times and who did it stay, so that no other copy brings it back: a copy purges the same with the next merge or sync. It
/// cannot be taken back. Backups, exports and other copies that were made before still have it until they go.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The customer, or the contact's id, e-mail or name
    #[arg(required_unless_present = "sweep")]
    who: Option<String>,
    /// Why, for those who come later; do not name whom it is about
    #[arg(long, value_name = "WORDS", default_value = "")]
    why: String,
    /// A contact is meant, of any customer
    #[arg(long)]
    contact: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Only clean the free space of the book after an earlier purge
    #[arg(long)]
    sweep: bool,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let Some(who) = args.who.as_deref().filter(|_| !args.sweep) else { return sweep(cx, &mut store, None) };
    let (entity, row, name) = meant(&mut store, who, args.contact)?;
    // Texts about others that name the person stay; they are told, so that somebody reads them.
    let mentions = if entity == Entity::Contact { store.subject(row)?.mentions } else { Vec::new() };
    if !args.yes {
        tell(cx, &store.purge_plan(entity, row)?, &name, mentions.len());
        confirm(&name)?;
    }
    let receipt = store.write(&Command::Purge { entity, row, why: args.why.clone() }, cx.now)?;
    if receipt.queued.is_some() {
        return super::written::print(cx, &mut store, &receipt);
    }
    sweep(cx, &mut store, Some((receipt.label, receipt.changed)))?;
    if !mentions.is_empty() && !cx.out.json {
        let rows: Vec<String> = mentions.iter().map(|m| format!("{} {}", m.kind, m.id)).collect();
        cx.out.line(&format!("Texts that are about something else still name them: {}", rows.join(", ")))?;
    }
    Ok(())
}

fn sweep(cx: &mut Cx<'_>, store: &mut Store, done: Option<(String, usize)>) -> Done {
    let left = store.sweep_purged();
    cx.hand_on(store);
    // A backup cannot forget; each that still has it is named.
    let backups: Vec<PathBuf> = if done.is_some() { list(store.path()).into_iter().map(|b| b.path).collect() } else { Vec::new() };
    if cx.out.json {
        let (label, rows) = done.unwrap_or_default();
        return Ok(cx.out.object(json!({ "label": label, "rows": rows, "left": left, "backups": backups }))?);
    }
    if let Some((label, _)) = done {
        cx.out.line(&one_line(&label))?;
        if !backups.is_empty() {
            cx.out.line("Backups that were made before still hold it until they go:")?;
        }
        for path in backups {
            cx.out.line(&one_line(&format!("  {}", path.display())))?;
        }
    }
    for words in left {
        cx.warn(&words);
    }
    Ok(())
}

/// A contact by id, e-mail or name when that was said; else the customer, or a contact that is the only one of this name.
fn meant(store: &mut Store, who: &str, person: bool) -> Result<(Entity, Id, String)> {
    if !person {
        match store.find_customer(who) {
            Ok(id) => return Ok((Entity::Customer, id, store.name_of(id)?)),
            Err(error) if store.find_contacts(who)?.is_empty() => return Err(error),
            Err(_) => {}
        }
    }
    contact(store, who).map(|(id, name)| (Entity::Contact, id, name))
}

/// The one contact of this id, e-mail or name, and its name.
pub(super) fn contact(store: &Store, who: &str) -> Result<(Id, String)> {
    let mut found = store.find_contacts(who)?;
    match (found.len(), found.pop()) {
        (1, Some((id, name, _))) => Ok((id, name)),
        (0, _) => Err(Error::not_found(format!("There is no contact {who}"))),
        (_, last) => {
            let mut error = Error::usage(format!("\"{who}\" fits several contacts")).hint("name one by its id:");
            for (id, name, customer) in found.iter().chain(&last) {
                error = error.hint(format!("{id}  {name}, {customer}"));
            }
            Err(error)
        }
    }
}

/// Most meetings that are told one by one.
const MOST_TOLD: usize = 20;

/// What will be deleted and what stays, before anybody is asked.
fn tell(cx: &Cx<'_>, plan: &Plan, name: &str, mentions: usize) {
    let goes: Vec<String> = plan.goes.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    cx.warn(&format!("This deletes {name} and all that belongs to it for good: {}. It cannot be taken back.", goes.join(", ")));
    if !plan.stay.is_empty() {
        cx.warn("Meetings with others stay, without them; the words may still name them:");
    }
    for (day, text) in plan.stay.iter().take(MOST_TOLD) {
        cx.warn(&one_line(&format!("  {} {text}", day.map_or_else(String::new, |d| d.to_string()))));
    }
    let more = plan.stay.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        cx.warn(&format!("  and {more} more"));
    }
    if mentions > 0 {
        cx.warn(&format!("Texts about something else that name them stay too: {mentions}, told when it is done"));
    }
}

/// Has the name typed, because there is no way back.
fn confirm(name: &str) -> Result<()> {
    if !std::io::stdin().is_terminal() {
        return Err(
            Error::usage("A purge cannot be taken back, and nobody is here to confirm it").hint("--yes confirms it; nothing was deleted")
        );
    }
    let mut out = std::io::stderr();
    let _ = write!(out, "Type the name to confirm: ").and_then(|()| out.flush());
    let mut typed = String::new();
    let read = std::io::stdin().lock().read_line(&mut typed);
    if read.is_ok() && typed.trim() == name.trim() { Ok(()) } else { Err(Error::usage("That is not the name; nothing was deleted")) }
}
