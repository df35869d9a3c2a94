//! `retain purge`: really deletes what the book holds of a customer or of a person.

use std::collections::HashSet;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

use serde_json::json;

use super::fail::Done;
use super::out::one_line;
use super::{Cx, change};
use crate::domain::command::{Command, Entity, Receipt};
use crate::domain::id::Id;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::mentions::Mention;
use crate::store::purge::Plan;

/// Delete a customer, a person, or one text for good
///
/// Rows, events, values in the history and words in the index are deleted from the book, from your outbox and from your bundles.
/// Ids, times and who did it stay, so that no other copy brings it back: a copy purges the same with the next merge or sync. It
/// cannot be taken back. Backups, exports and other copies that were made before still have it until they go. Where else the book
/// names it is told before and after, with what purges that: editing a text keeps the old words in the history.
#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("kind"))]
pub(super) struct Args {
    /// The customer, or the contact's id, e-mail or name, or the id of another row
    #[arg(required_unless_present = "sweep")]
    who: Option<String>,
    /// Why, for those who come later; do not name whom it is about
    #[arg(long, value_name = "WORDS", default_value = "")]
    why: String,
    /// A contact is meant, of any customer
    #[arg(long, group = "kind")]
    contact: bool,
    /// An event is meant, a note for example, by the end of its id
    #[arg(long, group = "kind")]
    event: bool,
    /// A task is meant
    #[arg(long, group = "kind")]
    task: bool,
    /// A call to action is meant
    #[arg(long, group = "kind")]
    action: bool,
    /// A ticket is meant
    #[arg(long, group = "kind")]
    ticket: bool,
    /// A version of a subscription is meant
    #[arg(long, group = "kind")]
    subscription: bool,
    /// A started playbook is meant
    #[arg(long, group = "kind")]
    play: bool,
    /// A step of one is meant
    #[arg(long, group = "kind")]
    step: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Only say what would be deleted, what would stay, and where the book would still name it
    #[arg(long, conflicts_with_all = ["yes", "sweep"])]
    plan: bool,
    /// Only clean the free space of the book after an earlier purge
    #[arg(long)]
    sweep: bool,
}

impl Args {
    /// The kind of row that was said.
    fn kind(&self) -> Option<Entity> {
        let said = [
            (self.contact, Entity::Contact),
            (self.event, Entity::Event),
            (self.task, Entity::Task),
            (self.action, Entity::Action),
            (self.ticket, Entity::Ticket),
            (self.subscription, Entity::Subscription),
            (self.play, Entity::Play),
            (self.step, Entity::Step),
        ];
        said.into_iter().find(|kind| kind.0).map(|kind| kind.1)
    }
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let Some(who) = args.who.as_deref().filter(|_| !args.sweep) else {
        return sweep(cx, &mut store, None);
    };
    let (entity, row, name) = meant(&mut store, who, args.kind())?;
    let plan = store.purge_plan(entity, row)?;
    if args.plan && cx.out.json {
        let goes: serde_json::Map<String, serde_json::Value> = plan
            .goes
            .iter()
            .map(|(kind, n)| (kind.clone(), (*n).into()))
            .collect();
        let stay: Vec<_> = plan
            .stay
            .iter()
            .map(|(day, text)| json!({ "day": day, "text": text }))
            .collect();
        return Ok(cx.out.object(
            json!({ "id": row, "goes": goes, "stay": stay, "mentions": plan.mentions }),
        )?);
    }
    if args.plan || !args.yes {
        tell(cx, &plan, &name);
    }
    if args.plan {
        return Ok(());
    }
    if !args.yes {
        confirm(&name)?;
    }
    let receipt = store.write(
        &Command::Purge {
            entity,
            row,
            why: args.why.clone(),
        },
        cx.now,
    )?;
    if receipt.queued.is_some() {
        return super::written::print(cx, &mut store, &receipt);
    }
    // Looked for again: what is about others stays, and is told so that somebody reads it.
    let mentions = store.mentions_of(&plan.terms, &HashSet::new())?;
    sweep(cx, &mut store, Some((receipt, &mentions)))?;
    if !mentions.is_empty() && !cx.out.json {
        cx.out.line(&say!("purge.book_still_names_where"))?;
        for words in told(&mentions) {
            cx.out.line(&one_line(&words))?;
        }
    }
    Ok(())
}

fn sweep(cx: &mut Cx<'_>, store: &mut Store, done: Option<(Receipt, &[Mention])>) -> Done {
    let left = store.sweep_purged();
    cx.hand_on(store);
    // A backup cannot forget; each that still has it is named.
    let purge = done.as_ref().and_then(|(receipt, _)| receipt.batch);
    let backups = purge.map_or(Ok(Vec::new()), |purge| store.files_that_still_have(purge))?;
    if cx.out.json {
        let (receipt, mentions) = done.unwrap_or_default();
        let (label, rows) = (receipt.label, receipt.changed);
        return Ok(cx.out.object(json!({ "label": label, "rows": rows, "left": left, "backups": backups, "mentions": mentions }))?);
    }
    if let Some((receipt, _)) = done {
        cx.out.line(&one_line(&receipt.label))?;
        if !backups.is_empty() {
            cx.out.line(&say!("purge.files_still_hold_until"))?;
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

/// A row of the kind that was said; else the customer, a contact that is the only one of this name, or whatever has this id.
fn meant(store: &mut Store, who: &str, kind: Option<Entity>) -> Result<(Entity, Id, String)> {
    let id: Option<Id> = who.trim().parse().ok();
    match kind {
        Some(Entity::Contact) => contact(store, who).map(|(id, name)| (Entity::Contact, id, name)),
        Some(entity) => {
            // One that is removed is still in the file.
            let row = match id {
                Some(id) if store.is_here(entity, id)? => id,
                _ => change::row(store, entity, change::word(entity), who)?.0,
            };
            Ok((entity, row, store.called(entity, row)?))
        }
        None => {
            for entity in KINDS {
                if let Some(id) = id
                    && store.is_here(*entity, id)?
                {
                    return Ok((*entity, id, store.called(*entity, id)?));
                }
            }
            match store.find_customer(who) {
                Ok(id) => Ok((Entity::Customer, id, store.name_of(id)?)),
                Err(error) if store.find_contacts(who)?.is_empty() => Err(error),
                Err(_) => contact(store, who).map(|(id, name)| (Entity::Contact, id, name)),
            }
        }
    }
}

/// What an id may name.
const KINDS: &[Entity] = &[
    Entity::Customer,
    Entity::Contact,
    Entity::Event,
    Entity::Task,
    Entity::Action,
    Entity::Ticket,
    Entity::Subscription,
    Entity::Play,
    Entity::Step,
];

/// Places that name it, a line each.
fn told(mentions: &[Mention]) -> Vec<String> {
    let mut lines: Vec<String> = mentions
        .iter()
        .take(MOST_TOLD)
        .map(|m| {
            let of = m
                .customer
                .as_ref()
                .map_or_else(String::new, |name| format!(" of {name}"));
            let next = m
                .purge
                .as_ref()
                .map_or_else(|| m.id.to_string(), |purge| format!("`{purge}`"));
            format!("  {} {}{of}: \"{}\", {next}", m.kind, m.field, m.found)
        })
        .collect();
    let more = mentions.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        lines.push(say!("purge.more_json_all_them", more = more).to_string());
    }
    lines
}

/// The one contact of this id, e-mail or name, and its name.
pub(super) fn contact(store: &Store, who: &str) -> Result<(Id, String)> {
    let mut found = store.find_contacts(who)?;
    match (found.len(), found.pop()) {
        (1, Some((id, name, _))) => Ok((id, name)),
        (0, _) => Err(Error::not_found(say!("purge.there_no_contact", who = who))),
        (_, last) => {
            let mut error = Error::usage(say!("purge.fits_several_contacts", who = who))
                .hint(say!("purge.name_one_by_its"));
            for (id, name, customer) in found.iter().chain(&last) {
                error = error.hint(format!("{id}  {name}, {customer}"));
            }
            Err(error)
        }
    }
}

/// Most meetings, and most places, that are told one by one.
const MOST_TOLD: usize = 20;

/// What will be deleted and what stays, before anybody is asked.
fn tell(cx: &Cx<'_>, plan: &Plan, name: &str) {
    let goes: Vec<String> = plan
        .goes
        .iter()
        .map(|(kind, n)| format!("{n} {kind}"))
        .collect();
    cx.warn(&say!(
        "purge.this_deletes_all_belongs",
        name = name,
        goes = goes.join(", ")
    ));
    if !plan.stay.is_empty() {
        cx.warn("Meetings with others stay, without them; the words may still name them:");
    }
    for (day, text) in plan.stay.iter().take(MOST_TOLD) {
        cx.warn(&one_line(&format!(
            "  {} {text}",
            day.map_or_else(String::new, |d| d.to_string())
        )));
    }
    let more = plan.stay.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        cx.warn(&format!("  and {more} more"));
    }
    if !plan.mentions.is_empty() {
        cx.warn("What is about something else and names it stays too:");
    }
    for words in told(&plan.mentions) {
        cx.warn(&words);
    }
}

/// Has the name typed, because there is no way back.
fn confirm(name: &str) -> Result<()> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::usage(say!("purge.purge_cannot_taken_back"))
            .hint(say!("purge.yes_confirms_nothing_deleted")));
    }
    let mut out = std::io::stderr();
    let _ = write!(out, "Type the name to confirm: ").and_then(|()| out.flush());
    let mut typed = String::new();
    let read = std::io::stdin().lock().read_line(&mut typed);
    if read.is_ok() && typed.trim() == name.trim() {
        Ok(())
    } else {
        Err(Error::usage(say!("purge.not_name_nothing_deleted")))
    }
}
