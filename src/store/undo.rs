//! Undo and redo: a batch that writes the values before, found from the log, so that it works across restarts and never
//! takes back what somebody else did.

use std::collections::{HashMap, HashSet};

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use crate::domain::clash::{By, Clash, Clashing};
use crate::domain::command::{Command, Receipt};
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::{Error, Kind, Result};

use super::batch::{self, Batch, TABLES, Table, table_numbered};
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

    /// Takes back the latest batch of mine that stands and is not passed over, or the named one.
    pub(super) fn undo(&mut self, named: Option<Id>, passed: &[Id], how: How, now: Stamp) -> Result<Receipt> {
        let mut limit = 500;
        let step = loop {
            let steps = self.steps(limit)?;
            let all = (steps.len() as i64) < limit;
            let undone = undone(&steps);
            let fits = |s: &&Step| match named {
                Some(id) => s.id == id,
                None => s.command != "undo" && s.command != "redo" && !passed.contains(&s.id),
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
                    None if !passed.is_empty() => Error::usage("nothing else to undo").hint("`retain history` has what was passed over"),
                    None => Error::usage("nothing to undo"),
                });
            }
            limit *= 10;
        };
        refuse_purge(&step.command)?;
        let label = format!("Undid{}: {}", how.said(), step.label);
        self.transact("undo", now, Some(step.id), |b, _| revert(b, &Taken { id: step.id, n: step.n, mine: true, how }, &label))
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
            return self.take_back(batch, How::forced(force), now);
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
        let taken = Taken { id: step.id, n: step.n, mine: true, how: How::Whole };
        self.transact("redo", now, Some(step.id), |b, _| revert(b, &taken, &label))
    }

    /// Takes back a batch of anybody, as a batch of mine: its maker finds it in the log, and I can take that back in turn.
    pub(super) fn take_back(&mut self, batch: Id, how: How, now: Stamp) -> Result<Receipt> {
        let found: Option<(i64, String, String)> = self
            .conn
            .prepare_cached("SELECT n, person, label FROM batch WHERE id = ? AND finished = 1")
            .and_then(|mut s| {
                s.query_row([&batch], |r| Ok((r.get(0)?, super::search::text_at_raw(r, 1)?, super::search::text_at_raw(r, 2)?))).optional()
            })
            .map_err(sql)?;
        let Some((n, person, said)) = found else { return Err(Error::not_found("that is not in the book")) };
        if person == self.who.person {
            return self.undo(Some(batch), &[], how, now);
        }
        let label = format!("Took back{} {person}'s: {said}", how.said());
        self.transact("take_back", now, Some(batch), |b, _| revert(b, &Taken { id: batch, n, mine: false, how }, &label))
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

/// How far a batch is taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum How {
    /// As a whole, or not at all where somebody has changed it since.
    Whole,
    /// As a whole, also over what was changed since.
    Force,
    /// Only what nobody has changed since.
    Rest,
}

impl How {
    /// As the commands say it.
    pub fn forced(force: bool) -> How {
        if force { How::Force } else { How::Whole }
    }

    fn said(self) -> &'static str {
        if self == How::Rest { " the rest of" } else { "" }
    }
}

/// The batch that is taken back, and how.
struct Taken {
    id: Id,
    n: i64,
    /// It is one's own: later edits of one's own are not in the way.
    mine: bool,
    how: How,
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
    // The batch may have set a field twice; only its last value has to stand for the undo to be safe.
    let mut expected: HashMap<(Id, String), Value> = HashMap::new();
    for (number, row, field, before, after) in edits {
        let Some(table) = table_numbered(number) else { continue };
        let Some(now) = batch::current(b.conn, table, row, &field)?.map(|c| c.value) else { continue };
        let wanted = expected.get(&(row, field.clone())).unwrap_or(&after);
        if taken.how != How::Force
            && let Some((by, apart)) = in_the_way(b, taken, row, &field, now == *wanted)?
        {
            if apart {
                clash.others.push(format!("copies of the book disagree about {field}; `retain conflicts` shows it"));
            }
            clash.fields.push(clashing(b, table, row, &field, [&after, &now, &before], by)?);
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
    let mut kept = Kept::default();
    if taken.how != How::Force {
        for table in TABLES.iter().rev() {
            changed_since(b, table, taken, &mut kept, &mut clash)?;
        }
        recorded_since(b, taken, &mut kept, &mut clash)?;
    }
    for table in TABLES.iter().rev() {
        let owner = table.owner();
        let made: Vec<(Id, Option<i64>)> = {
            let query = format!("SELECT id, {owner} FROM {} WHERE batch = ? AND removed = 0 ORDER BY n DESC", table.name);
            let mut statement = b.conn.prepare_cached(&query).map_err(sql)?;
            let rows = statement.query_map([target], |r| Ok((Id(r.get(0)?), r.get(1)?))).map_err(sql)?;
            rows.collect::<Result<_, _>>().map_err(sql)?
        };
        for (id, customer) in made {
            if !kept.rows.contains(&id) && customer.is_none_or(|n| !kept.customers.contains(&n)) {
                b.set(table.entity, id, "removed", Value::Integer(1))?;
            }
        }
    }
    let clear = clash.fields.is_empty() && clash.others.is_empty();
    if clear || (taken.how == How::Rest && !b.is_empty()) {
        return Ok(Done { label: label.to_owned(), changed: 0, skipped: Vec::new() });
    }
    let said: Vec<String> = clash.fields.iter().map(Clashing::sentence).chain(clash.others.iter().cloned()).collect();
    let mut error = Error::new(Kind::Conflict, "somebody has changed this since; nothing was undone");
    for conflict in said.iter().take(3) {
        error = error.hint(conflict);
    }
    let more = said.len().saturating_sub(3);
    let error = if more > 0 { error.hint(format!("and {more} more")) } else { error };
    Err(error.because(clash))
}

/// What of a batch's rows stays when only the rest is taken back.
#[derive(Default)]
struct Kept {
    /// Rows that somebody has changed.
    rows: HashSet<Id>,
    /// Customers that the batch made and at which something stays: all of theirs does.
    customers: HashSet<i64>,
}

/// A field that stands in the way, with what the batch wrote, what stands now and what would be written.
fn clashing(b: &Batch<'_>, table: &'static Table, row: Id, field: &str, values: [&Value; 3], by: Option<By>) -> Result<Clashing> {
    let (name, customer) = conflicts::called(b.conn, table, row)?.unwrap_or_default();
    let [base, theirs, mine] = values.map(|value| conflicts::json_of(table, field, value));
    let customer = customer.filter(|c| c.0 != row).map(|c| c.1);
    let kind = conflicts::kind_of(b.conn, table, row)?;
    Ok(Clashing { entity: table.entity, row, kind, name, customer, field: field.to_owned(), base, theirs, by, mine })
}

/// Rows that a batch made and of which others have changed something since that says something else now. Where the batch is
/// another person's, what its maker has done since counts too.
fn changed_since(b: &Batch<'_>, table: &'static Table, taken: &Taken, kept: &mut Kept, clash: &mut Clash) -> Result<()> {
    let edited: Vec<(Id, String)> = {
        let query = format!(
            "SELECT DISTINCT e.row, e.field FROM {} t JOIN edit e ON e.row = t.id JOIN batch b ON b.n = e.batch
             WHERE t.batch = ?1 AND t.removed = 0 AND e.batch <> ?1 AND (b.person <> ?2 OR NOT ?3) ORDER BY e.n",
            table.name
        );
        let mut statement = b.conn.prepare_cached(&query).map_err(sql)?;
        let rows = statement.query_map(params![taken.n, b.person, taken.mine], |r| Ok((Id(r.get(0)?), r.get(1)?))).map_err(sql)?;
        rows.collect::<Result<_, _>>().map_err(sql)?
    };
    for (row, field) in edited {
        let Ok(Some(current)) = batch::current(b.conn, table, row, &field) else { continue };
        let made: Value = b
            .conn
            .prepare_cached("SELECT before FROM edit WHERE row = ? AND field = ? ORDER BY length(seen), n LIMIT 1")
            .and_then(|mut s| s.query_row(params![row, field], |r| r.get(0)))
            .map_err(sql)?;
        let heads = heads::of_field(b.conn, row, &field)?;
        let Some(last) = heads.last().filter(|h| !taken.mine || h.person != b.person) else { continue };
        if current.value != made {
            clash.fields.push(clashing(b, table, row, &field, [&made, &current.value, &Value::Null], Some(by(last)))?);
            kept.rows.insert(row);
            kept.customers.extend(made_by(b, current.customer, taken.n)?);
        }
    }
    Ok(())
}

/// A customer's integer, where the batch made it.
fn made_by(b: &Batch<'_>, customer: Option<i64>, batch: i64) -> Result<Option<i64>> {
    b.conn
        .prepare_cached("SELECT n FROM customer WHERE n = ? AND batch = ?")
        .and_then(|mut s| s.query_row(params![customer, batch], |r| r.get(0)).optional())
        .map_err(sql)
}

/// What others have recorded since at customers that a batch made, one sentence each.
fn recorded_since(b: &Batch<'_>, taken: &Taken, kept: &mut Kept, clash: &mut Clash) -> Result<()> {
    let query =
        "SELECT c.n, c.name, b.person, e.kind, e.text FROM customer c JOIN event e ON e.customer = c.n JOIN batch b ON b.n = e.batch
                 WHERE c.batch = ?1 AND c.removed = 0 AND e.batch <> ?1 AND e.removed = 0 AND (b.person <> ?2 OR NOT ?3) ORDER BY e.n";
    let mut statement = b.conn.prepare_cached(query).map_err(sql)?;
    let mut rows = statement.query(params![taken.n, b.person, taken.mine]).map_err(sql)?;
    while let Some(r) = rows.next().map_err(sql)? {
        let (name, person) = (super::search::text_at(r, 1)?, super::search::text_at(r, 2)?);
        let kind = EventKind::from_number(r.get(3).map_err(sql)?).map_or("event", EventKind::code);
        let text = conflicts::start(&super::search::text_at(r, 4)?);
        let text = if text.is_empty() { text } else { format!(" \"{text}\"") };
        clash.others.push(format!("{person} has recorded a {kind}{text} at {name} since"));
        kept.customers.insert(r.get(0).map_err(sql)?);
    }
    Ok(())
}

/// Who stands in the way of taking a field back: copies of the book say different things of it and nobody has decided yet, or it
/// says something else than the batch wrote (`same`: it does not). What somebody changed and took back is in nobody's way.
/// Gives who, if the log says so, and whether it is copies that disagree.
fn in_the_way(b: &Batch<'_>, taken: &Taken, row: Id, field: &str, same: bool) -> Result<Option<(Option<By>, bool)>> {
    let heads = heads::of_field(b.conn, row, field)?;
    let others = heads.iter().rev().find(|h| if taken.mine { h.person != b.person } else { h.mark.batch != taken.id });
    let apart = others.is_some() && heads.len() > 1;
    Ok((apart || !same).then(|| (others.or(heads.last()).map(by), apart)))
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
        let clashing = clashing(b, table, row, &field, [&after, &now, &before], later.map(by))?;
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
