//! Undo and redo: a batch that writes the values before, found from the log, so that it works across restarts and never
//! takes back what somebody else did.

use std::collections::{HashMap, HashSet};

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use crate::domain::clash::{By, Clash, Clashing};
use crate::domain::command::{Command, Entity, Receipt};
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::{Error, Kind, Result};

use super::batch::{self, Batch, TABLES, table_numbered};
use super::write::{self, Done, by};
use super::{Store, conflicts, heads, sql};

/// One batch of a person as the stack needs it.
struct Step {
    id: Id,
    n: i64,
    command: String,
    label: String,
    undoes: Option<Id>,
}

impl Store {
    /// A person's batches, newest first.
    fn steps(&self, limit: i64) -> Result<Vec<Step>> {
        let query = "SELECT id, n, command, label, undoes FROM batch WHERE person = ? AND finished = 1 ORDER BY hlc DESC, id DESC LIMIT ?";
        let mut statement = self.conn.prepare_cached(query).map_err(sql)?;
        let rows = statement
            .query_map(params![self.who.person, limit], |r| {
                let undoes: Option<[u8; 16]> = r.get(4)?;
                Ok(Step {
                    id: Id(r.get(0)?),
                    n: r.get(1)?,
                    command: r.get(2)?,
                    label: super::search::text_at_raw(r, 3)?,
                    undoes: undoes.map(Id),
                })
            })
            .map_err(sql)?;
        rows.collect::<Result<_, _>>().map_err(sql)
    }

    /// Takes back the latest batch of mine that stands, or the named one.
    pub(super) fn undo(&mut self, named: Option<Id>, force: bool, now: Stamp) -> Result<Receipt> {
        let mut limit = 500;
        let step = loop {
            let steps = self.steps(limit)?;
            let all = (steps.len() as i64) < limit;
            let undone = undone(&steps);
            let fits = |s: &&Step| match named {
                Some(id) => s.id == id,
                None => s.command != "undo" && s.command != "redo",
            };
            if let Some(step) = steps.iter().find(|s| fits(s) && !undone.contains(&s.id)) {
                break Step { id: step.id, n: step.n, command: step.command.clone(), label: step.label.clone(), undoes: step.undoes };
            }
            if let Some(step) = named.and_then(|id| steps.iter().find(|s| s.id == id)) {
                return Err(Error::usage(format!("\"{}\" is already taken back", step.label)).hint("U does it again"));
            }
            if all {
                return Err(match named {
                    Some(_) => {
                        Error::new(Kind::Conflict, "that is not yours to undo").hint("the person who did it can; or change it by hand")
                    }
                    None => Error::usage("nothing to undo"),
                });
            }
            limit *= 10;
        };
        refuse_purge(&step.command)?;
        let label = format!("Undid: {}", step.label);
        self.transact("undo", now, Some(step.id), |b, _| revert(b, &Taken { id: step.id, n: step.n, mine: true, force }, &label))
    }

    /// Takes back a batch of anybody, or one edit of a batch, as a batch of its own that can be taken back in its turn.
    pub(super) fn revert(&mut self, target: Id, force: bool, now: Stamp) -> Result<Receipt> {
        let query = "SELECT b.id, b.person, b.command, b.label FROM batch b
                     WHERE b.finished = 1 AND (b.id = ?1 OR b.n = (SELECT batch FROM edit WHERE id = ?1)) LIMIT 1";
        let found = self
            .conn
            .prepare_cached(query)
            .and_then(|mut s| {
                s.query_row([&target], |r| {
                    let text = |at| super::search::text_at_raw(r, at);
                    Ok((Id(r.get(0)?), text(1)?, text(2)?, text(3)?))
                })
                .optional()
            })
            .map_err(sql)?;
        let Some((batch, person, command, label)) = found else {
            return Err(Error::not_found("there is no such batch or edit").hint("`retain history --edits` prints their ids"));
        };
        refuse_purge(&command)?;
        if person != self.who.person && !force {
            let what = format!("\"{label}\" is not yours, {person} did it; nothing was changed");
            return Err(Error::new(Kind::Conflict, what).hint("--force takes it back all the same, and what was changed there since"));
        }
        if batch == target {
            return self.take_back(batch, force, now);
        }
        let command = Command::PutBack { edit: target, force };
        self.transact(write::code(&command), now, None, |batch, context| write::run(batch, &command, context))
    }

    /// Takes back the latest undo of mine, unless I have done something else since.
    pub(super) fn redo(&mut self, now: Stamp) -> Result<Receipt> {
        let mut limit = 500;
        let step = loop {
            let steps = self.steps(limit)?;
            let all = (steps.len() as i64) < limit;
            let undone = undone(&steps);
            let mut found = None;
            for step in steps {
                match step.command.as_str() {
                    "undo" if !undone.contains(&step.id) => {
                        found = Some(step);
                        break;
                    }
                    "undo" | "redo" => {}
                    _ if undone.contains(&step.id) => {}
                    // A step that stands and was done, or done again, before any undo that is left: nothing to redo past it
                    // unless it was brought back by a redo.
                    _ => break,
                }
            }
            match found {
                Some(step) => break step,
                None if all || limit > 1_000_000 => return Err(Error::usage("nothing to redo")),
                None => limit *= 10,
            }
        };
        let label = format!("Redid: {}", step.label.trim_start_matches("Undid: "));
        self.transact("redo", now, Some(step.id), |b, _| revert(b, &Taken { id: step.id, n: step.n, mine: true, force: false }, &label))
    }

    /// Takes back a batch of anybody, as a batch of mine: its maker finds it in the log, and I can take that back in turn.
    pub(super) fn take_back(&mut self, batch: Id, force: bool, now: Stamp) -> Result<Receipt> {
        let found: Option<(i64, String, String)> = self
            .conn
            .prepare_cached("SELECT n, person, label FROM batch WHERE id = ? AND finished = 1")
            .and_then(|mut s| {
                s.query_row([&batch], |r| Ok((r.get(0)?, super::search::text_at_raw(r, 1)?, super::search::text_at_raw(r, 2)?))).optional()
            })
            .map_err(sql)?;
        let Some((n, person, said)) = found else { return Err(Error::not_found("that is not in the book")) };
        if person == self.who.person {
            return self.undo(Some(batch), force, now);
        }
        let label = format!("Took back {person}'s: {said}");
        self.transact("take_back", now, Some(batch), |b, _| revert(b, &Taken { id: batch, n, mine: false, force }, &label))
    }
}

/// The batches that are taken back: by an undo that itself stands. Newest first, so each later one is known before.
fn undone(steps: &[Step]) -> HashSet<Id> {
    let mut gone: HashSet<Id> = HashSet::new();
    for step in steps {
        if let Some(target) = step.undoes
            && !gone.contains(&step.id)
        {
            gone.insert(target);
        }
    }
    gone
}

fn refuse_purge(command: &str) -> Result<()> {
    if command == "purge" {
        return Err(Error::usage("what was purged is gone and cannot be brought back").hint("other things: `retain revert BATCH`"));
    }
    Ok(())
}

/// The batch that is taken back, and how.
struct Taken {
    id: Id,
    n: i64,
    /// It is one's own: later edits of one's own are not in the way.
    mine: bool,
    force: bool,
}

/// Writes the values before of every edit of a batch, and removes the rows that it made.
fn revert(b: &mut Batch<'_>, taken: &Taken, label: &str) -> Result<Done> {
    let target = taken.n;
    let edits: Vec<(i64, Id, String, Value, Value)> = {
        let mut statement =
            b.conn.prepare_cached("SELECT entity, row, field, before, after FROM edit WHERE batch = ? ORDER BY n DESC").map_err(sql)?;
        let rows = statement.query_map([target], |r| Ok((r.get(0)?, Id(r.get(1)?), r.get(2)?, r.get(3)?, r.get(4)?))).map_err(sql)?;
        rows.collect::<Result<_, _>>().map_err(sql)?
    };
    let mut clash = Clash { batch: Some(taken.id), ..Clash::default() };
    let mut conflicts: Vec<String> = Vec::new();
    // The batch may have set a field twice; only its last value has to stand for the undo to be safe.
    let mut expected: HashMap<(Id, String), Value> = HashMap::new();
    for (number, row, field, before, after) in edits {
        let Some(table) = table_numbered(number) else { continue };
        let Some(now) = batch::current(b.conn, table, row, &field)?.map(|c| c.value) else { continue };
        let wanted = expected.get(&(row, field.clone())).unwrap_or(&after);
        if !taken.force
            && let Some((why, by)) = in_the_way(b, taken, row, &field, now == *wanted)?
        {
            conflicts.push(format!("{field} of a {} {why}", table.name));
            let json = |value: &Value| conflicts::json_of(&field, value);
            let (base, theirs, mine) = (json(&after), json(&now), json(&before));
            clash.fields.push(Clashing { entity: table.entity, row, field: field.clone(), base, theirs, by, mine });
            continue;
        }
        if before == after {
            // A decision for the value that was shown; taking it back has to leave a trace, or it would be found again.
            b.settle(table.entity, row, &field, before.clone())?;
        } else {
            b.set(table.entity, row, &field, before.clone())?;
        }
        expected.insert((row, field), before);
    }
    // The customers last: whoever removes one knows what of it is left.
    for table in TABLES.iter().rev() {
        let made: Vec<Id> = {
            let mut statement = b
                .conn
                .prepare_cached(&format!("SELECT id FROM {} WHERE batch = ? AND removed = 0 ORDER BY n DESC", table.name))
                .map_err(sql)?;
            let rows = statement.query_map([target], |r| r.get(0).map(Id)).map_err(sql)?;
            rows.collect::<Result<_, _>>().map_err(sql)?
        };
        if !taken.force && !made.is_empty() {
            clash.others.extend(others_on(b, table.entity, taken)?);
        }
        for id in made {
            b.set(table.entity, id, "removed", Value::Integer(1))?;
        }
    }
    conflicts.extend(clash.others.iter().cloned());
    if conflicts.is_empty() {
        return Ok(Done { label: label.to_owned(), changed: 0, skipped: Vec::new() });
    }
    let more = conflicts.len().saturating_sub(3);
    let mut error = Error::new(Kind::Conflict, "somebody has changed this since; nothing was undone");
    for conflict in conflicts.into_iter().take(3) {
        error = error.hint(conflict);
    }
    let error = if more > 0 { error.hint(format!("and {more} more")) } else { error };
    Err(error.because(clash))
}

/// What others have done since to the rows that a batch made, or to the customers it made: one line each kind. Where the batch
/// is another person's, what its maker has done since counts too.
fn others_on(b: &Batch<'_>, entity: Entity, taken: &Taken) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let name = batch::table(entity).name;
    let but = if taken.mine { b.person.as_str() } else { "" };
    let edited: i64 = b
        .conn
        .prepare_cached(&format!(
            "SELECT count(DISTINCT e.row) FROM edit e JOIN batch b ON b.n = e.batch JOIN {name} t ON t.id = e.row WHERE t.batch = ?1 AND e.batch <> ?1 AND b.person <> ?2"
        ))
        .and_then(|mut s| s.query_row(params![taken.n, but], |r| r.get(0)))
        .map_err(sql)?;
    if edited > 0 {
        found.push(format!("others have changed {edited} of the {name} rows it made"));
    }
    if entity == Entity::Customer {
        let events: i64 = b
            .conn
            .prepare_cached(
                "SELECT count(*) FROM event e JOIN customer c ON c.n = e.customer JOIN batch b ON b.n = e.batch
                 WHERE c.batch = ?1 AND e.batch <> ?1 AND e.removed = 0 AND b.person <> ?2",
            )
            .and_then(|mut s| s.query_row(params![taken.n, but], |r| r.get(0)))
            .map_err(sql)?;
        if events > 0 {
            found.push(format!("others have recorded {events} events at the customers it made"));
        }
    }
    Ok(found)
}

/// Why a field must not be taken back, and who is in the way: the latest edit is somebody else's, or copies of the book say
/// different things of it and nobody has decided yet. `same`: it says what the batch wrote.
fn in_the_way(b: &Batch<'_>, taken: &Taken, row: Id, field: &str, same: bool) -> Result<Option<(String, Option<By>)>> {
    let heads = heads::of_field(b.conn, row, field)?;
    let other = heads.iter().rev().find(|h| if taken.mine { h.person != b.person } else { h.mark.batch != taken.id });
    Ok(match other {
        Some(head) if heads.len() > 1 => {
            let why = format!("was changed by {} in another copy of the book; retain conflicts shows it", head.person);
            Some((why, Some(by(head))))
        }
        Some(head) => Some((format!("was changed since by {}", head.person), Some(by(head)))),
        None if same => None,
        None => Some((format!("was changed since by {}", b.person), heads.last().map(by))),
    })
}

/// Writes the value before of one edit, of whomever it is.
pub(super) fn put_back(b: &mut Batch<'_>, edit: Id, force: bool) -> Result<Done> {
    let found: Option<(i64, [u8; 16], String, Value, Value)> = b
        .conn
        .prepare_cached("SELECT entity, row, field, before, after FROM edit WHERE id = ?")
        .and_then(|mut s| s.query_row([&edit], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))).optional())
        .map_err(sql)?;
    let gone = || Error::not_found("that change is not in the book");
    let (number, row, field, before, after) = found.ok_or_else(gone)?;
    let (table, row) = (table_numbered(number).ok_or_else(gone)?, Id(row));
    let now = batch::current(b.conn, table, row, &field)?.ok_or_else(gone)?.value;
    let heads = heads::of_field(b.conn, row, &field)?;
    let later = heads.iter().rev().find(|h| h.mark.edit != edit);
    let clear = heads.len() == 1 && later.is_none() && now == after;
    if !force && !clear {
        if now == before && heads.len() == 1 {
            return Err(Error::usage(format!("{field} is what it was before already")));
        }
        let who = later.map_or_else(|| b.person.clone(), |h| h.person.clone());
        let json = |value: &Value| conflicts::json_of(&field, value);
        let (base, theirs, mine) = (json(&after), json(&now), json(&before));
        let clashing = Clashing { entity: table.entity, row, field: field.clone(), base, theirs, by: later.map(by), mine };
        return Err(Error::new(Kind::Conflict, format!("{field} was changed since by {who}; nothing was put back"))
            .because(Clash { fields: vec![clashing], ..Clash::default() }));
    }
    let (name, customer) = conflicts::called(b.conn, table, row)?.ok_or_else(gone)?;
    let name = customer.map_or(name, |c| c.1);
    if before == now {
        b.settle(table.entity, row, &field, before)?;
    } else {
        b.set(table.entity, row, &field, before)?;
    }
    Ok(Done { label: format!("Put back {field} of {name}"), changed: 1, skipped: Vec::new() })
}

#[cfg(test)]
mod tests;
