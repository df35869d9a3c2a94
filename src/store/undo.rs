//! Undo and redo: a batch that writes the values before, found from the log, so that it works across restarts and never
//! takes back what somebody else did.

use std::collections::{HashMap, HashSet};

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use crate::domain::command::{Entity, Receipt};
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::{Error, Kind, Result};

use super::batch::{self, Batch, TABLES, table_numbered};
use super::write::Done;
use super::{Store, heads, sql};

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
        self.transact("undo", now, Some(step.id), |b, _| revert(b, step.n, None, force, &label))
    }

    /// Takes back a batch of anybody, or one edit of a batch, as a batch of its own that can be taken back in its turn.
    pub(super) fn revert(&mut self, target: Id, force: bool, now: Stamp) -> Result<Receipt> {
        let query = "SELECT b.n, b.id, b.person, b.command, b.label, b.id = ?1 FROM batch b
                     WHERE b.finished = 1 AND (b.id = ?1 OR b.n = (SELECT batch FROM edit WHERE id = ?1)) LIMIT 1";
        let found = self
            .conn
            .prepare_cached(query)
            .and_then(|mut s| {
                s.query_row([&target], |r| {
                    let text = |at| super::search::text_at_raw(r, at);
                    Ok((r.get::<_, i64>(0)?, Id(r.get(1)?), text(2)?, text(3)?, text(4)?, r.get::<_, bool>(5)?))
                })
                .optional()
            })
            .map_err(sql)?;
        let Some((n, batch, person, command, label, whole)) = found else {
            return Err(Error::not_found("there is no such batch or edit").hint("`retain history --edits` prints their ids"));
        };
        refuse_purge(&command)?;
        if person != self.who.person && !force {
            let what = format!("\"{label}\" is not yours, {person} did it; nothing was changed");
            return Err(Error::new(Kind::Conflict, what).hint("--force takes it back all the same, and what was changed there since"));
        }
        let only = (!whole).then_some(target);
        let label = if whole { format!("Reverted: {label}") } else { format!("Reverted a part of: {label}") };
        self.transact("revert", now, whole.then_some(batch), |b, _| revert(b, n, only, force, &label))
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
        self.transact("redo", now, Some(step.id), |b, _| revert(b, step.n, None, false, &label))
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

/// Writes the values before of every edit of a batch, and removes the rows that it made; with `only`, of one edit.
fn revert(b: &mut Batch<'_>, target: i64, only: Option<Id>, force: bool, label: &str) -> Result<Done> {
    let edits: Vec<(i64, Id, String, Value, Value)> = {
        let query = "SELECT entity, row, field, before, after FROM edit WHERE batch = ?1 AND (?2 IS NULL OR id = ?2) ORDER BY n DESC";
        let mut statement = b.conn.prepare_cached(query).map_err(sql)?;
        let rows =
            statement.query_map(params![target, only], |r| Ok((r.get(0)?, Id(r.get(1)?), r.get(2)?, r.get(3)?, r.get(4)?))).map_err(sql)?;
        rows.collect::<Result<_, _>>().map_err(sql)?
    };
    let mut conflicts: Vec<String> = Vec::new();
    // The batch may have set a field twice; only its last value has to stand for the undo to be safe.
    let mut expected: HashMap<(Id, String), Value> = HashMap::new();
    for (number, row, field, before, after) in edits {
        let Some(table) = table_numbered(number) else { continue };
        let Some(now) = batch::current(b.conn, table, row, &field)?.map(|c| c.value) else { continue };
        let wanted = expected.get(&(row, field.clone())).unwrap_or(&after);
        if !force && let Some(why) = in_the_way(b, row, &field, now == *wanted)? {
            conflicts.push(format!("{field} of a {} {why}", table.name));
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
    for table in TABLES.iter().rev().filter(|_| only.is_none()) {
        let made: Vec<Id> = {
            let mut statement = b
                .conn
                .prepare_cached(&format!("SELECT id FROM {} WHERE batch = ? AND removed = 0 ORDER BY n DESC", table.name))
                .map_err(sql)?;
            let rows = statement.query_map([target], |r| r.get(0).map(Id)).map_err(sql)?;
            rows.collect::<Result<_, _>>().map_err(sql)?
        };
        if !force && !made.is_empty() {
            conflicts.extend(others_on(b, table.entity, target)?);
        }
        for id in made {
            b.set(table.entity, id, "removed", Value::Integer(1))?;
        }
    }
    if conflicts.is_empty() {
        return Ok(Done { label: label.to_owned(), changed: 0, skipped: Vec::new() });
    }
    let more = conflicts.len().saturating_sub(3);
    let mut error = Error::new(Kind::Conflict, "somebody has changed this since; nothing was undone");
    for conflict in conflicts.into_iter().take(3) {
        error = error.hint(conflict);
    }
    Err(if more > 0 { error.hint(format!("and {more} more")) } else { error })
}

/// What others have done since to the rows that a batch made, or to the customers it made: one line each kind.
fn others_on(b: &Batch<'_>, entity: Entity, target: i64) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let name = batch::table(entity).name;
    let edited: i64 = b
        .conn
        .prepare_cached(&format!(
            "SELECT count(DISTINCT e.row) FROM edit e JOIN batch b ON b.n = e.batch JOIN {name} t ON t.id = e.row WHERE t.batch = ?1 AND e.batch <> ?1 AND b.person <> ?2"
        ))
        .and_then(|mut s| s.query_row(params![target, b.person], |r| r.get(0)))
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
            .and_then(|mut s| s.query_row(params![target, b.person], |r| r.get(0)))
            .map_err(sql)?;
        if events > 0 {
            found.push(format!("others have recorded {events} events at the customers it made"));
        }
    }
    Ok(found)
}

/// Why a field must not be taken back: the latest edit is somebody else's, or copies of the book say different things of it
/// and nobody has decided yet. `same`: it says what the batch wrote.
fn in_the_way(b: &Batch<'_>, row: Id, field: &str, same: bool) -> Result<Option<String>> {
    let heads = heads::of_field(b.conn, row, field)?;
    let other = heads.iter().rev().find(|h| h.person != b.person);
    Ok(match other {
        Some(head) if heads.len() > 1 => {
            Some(format!("was changed by {} in another copy of the book; retain conflicts shows it", head.person))
        }
        Some(head) => Some(format!("was changed since by {}", head.person)),
        None if same => None,
        None => Some(format!("was changed since by {}", b.person)),
    })
}
