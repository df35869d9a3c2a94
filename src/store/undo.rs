//! Undo and redo: a batch that writes the values before, found from the log, so that it works across restarts and never
//! takes back what somebody else did.

use std::collections::{HashMap, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::clash::{By, Clash, Clashing};
use crate::domain::command::{Command, Receipt};
use crate::domain::event::EventKind;
use crate::domain::heads::horizon;
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::{Error, Kind, Result};
use crate::text::with_article;

use super::batch::{self, Batch, OWNER, TABLES, Table, table_numbered};
use super::write::{self, Done, by};
use super::{Store, conflicts, heads};

/// One batch of a person as undo needs it.
struct Step {
    id: Id,
    n: i64,
    command: String,
    label: String,
}

/// What a person did, by how it came into this file: undo takes back the last thing that was done on it. What its own device wrote is
/// ordered by the file's integers, whatever clocks said. Only what arrived behind the last of these (by a merge, in bundles) may have
/// been done before it: there logical time decides, but not one so far ahead that no clock here follows it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Arrived, and done later than the last one of here.
    Later,
    /// The last one that was done here.
    Here,
    /// Arrived, with a time that cannot be believed.
    Doubtful,
    /// Arrived, and done earlier.
    Earlier,
    /// What was in the file before the last one of here.
    Before,
}

impl Part {
    /// The integers and the logical times of a part, by those of the last one of here.
    fn bounds(self, last: Option<(i64, i64)>, now: Stamp) -> [(i64, i64); 2] {
        // Where nothing was done here, there is nothing that a wrong clock could push aside.
        let ((n, hlc), horizon) =
            last.map_or(((0, i64::MIN), i64::MAX), |last| (last, horizon(now.0)));
        let (arrived, later) = ((n.saturating_add(1), i64::MAX), hlc.saturating_add(1));
        match self {
            Part::Later => [arrived, (later, horizon)],
            Part::Here => [(n, n), (i64::MIN, i64::MAX)],
            Part::Doubtful => [arrived, (later.max(horizon.saturating_add(1)), i64::MAX)],
            Part::Earlier => [arrived, (i64::MIN, hlc)],
            Part::Before => [(i64::MIN, n.saturating_sub(1)), (i64::MIN, i64::MAX)],
        }
    }

    fn order(self) -> &'static str {
        match self {
            Part::Here | Part::Before => "n DESC",
            Part::Later | Part::Doubtful | Part::Earlier => "hlc DESC, id DESC",
        }
    }
}

impl Step {
    const COLUMNS: &str = "id, n, command, label";

    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Step> {
        Ok(Step {
            id: Id(row.get(0)?),
            n: row.get(1)?,
            command: super::search::text_at_raw(row, 2)?,
            label: super::search::text_at_raw(row, 3)?,
        })
    }
}

impl Store {
    /// Goes back through what the person did, part by part, until `each` has enough.
    fn go_back(
        &self,
        parts: &[Part],
        now: Stamp,
        mut each: impl FnMut(Step) -> Result<bool>,
    ) -> Result<()> {
        let last = self.last_here()?;
        for part in parts {
            let query = format!(
                "SELECT {} FROM batch WHERE person = ? AND finished = 1 AND n BETWEEN ? AND ? AND hlc BETWEEN ? AND ? ORDER BY {}",
                Step::COLUMNS,
                part.order()
            );
            let [(from, to), (early, late)] = part.bounds(last, now);
            let mut statement = self.conn.prepare_cached(&query)?;
            let mut rows = statement.query(params![self.who.person, from, to, early, late])?;
            while let Some(row) = rows.next()? {
                if !each(Step::of(row)?)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Integer and logical time of the last batch that the person wrote into this file by a device of this copy.
    fn last_here(&self) -> Result<Option<(i64, i64)>> {
        let mut devices: HashSet<Id> = HashSet::from([self.who.device]);
        if let Some(outbox) = &self.outbox {
            devices.extend(outbox.read()?.numbers.into_keys());
        }
        let query = "SELECT n, hlc FROM batch WHERE device = ? AND person = ? AND finished = 1 ORDER BY number DESC LIMIT 1";
        let mut statement = self.conn.prepare_cached(query)?;
        let mut last = None;
        for device in devices {
            let found = statement
                .query_row(params![device, self.who.person], |r| {
                    Ok((r.get(0)?, r.get(1)?))
                })
                .optional()?;
            last = last.max(found);
        }
        Ok(last)
    }

    /// Takes back the latest batch of mine that stands and is not passed over, or the named one.
    pub(super) fn undo(
        &mut self,
        named: Option<Id>,
        passed: &[Id],
        how: How,
        now: Stamp,
    ) -> Result<Receipt> {
        let me = Some(self.who.person.as_str());
        let step = match named {
            Some(id) => {
                let query = format!(
                    "SELECT {} FROM batch WHERE id = ? AND person = ? AND finished = 1",
                    Step::COLUMNS
                );
                let mut statement = self.conn.prepare_cached(&query)?;
                let found = statement.query_row(params![id, me], Step::of).optional()?;
                let step = found.ok_or_else(|| {
                    Error::new(Kind::Conflict, say!("undo.not_yours_undo"))
                        .hint(say!("undo.person_who_did_can"))
                })?;
                if undone_by(&self.conn, id, me)?.is_some() {
                    return Err(
                        Error::usage(say!("undo.already_taken_back", label = step.label))
                            .hint(say!("undo.u_does_again")),
                    );
                }
                step
            }
            None => {
                let mut found = None;
                self.go_back(
                    &[
                        Part::Later,
                        Part::Here,
                        Part::Doubtful,
                        Part::Earlier,
                        Part::Before,
                    ],
                    now,
                    |step| {
                        if !matches!(step.command.as_str(), "undo" | "redo")
                            && !passed.contains(&step.id)
                            && undone_by(&self.conn, step.id, me)?.is_none()
                        {
                            found = Some(step);
                        }
                        Ok(found.is_none())
                    },
                )?;
                found.ok_or_else(|| match passed {
                    [] => Error::usage(say!("undo.nothing_undo")),
                    _ => Error::usage(say!("undo.nothing_else_undo"))
                        .hint(say!("undo.retain_history_what_passed")),
                })?
            }
        };
        refuse_purge(&step.command)?;
        let label = format!("Undid{}: {}", how.said(), step.label);
        self.transact("undo", now, Some(step.id), |b, _| {
            revert(
                b,
                &Taken {
                    id: step.id,
                    n: step.n,
                    mine: true,
                    how,
                },
                &label,
            )
        })
    }

    /// Takes back a batch of anybody, or one edit of a batch, as a batch of its own that can be taken back in its turn.
    pub(super) fn revert(&mut self, target: Id, force: bool, now: Stamp) -> Result<Receipt> {
        let query = "SELECT b.id, b.person, b.command, b.label FROM batch b
                     WHERE b.finished = 1 AND (b.id = ?1 OR b.n = (SELECT batch FROM edit WHERE id = ?1)) LIMIT 1";
        let found = self.conn.prepare_cached(query).and_then(|mut s| {
            s.query_row([&target], |r| {
                let text = |at| super::search::text_at_raw(r, at);
                Ok((Id(r.get(0)?), text(1)?, text(2)?, text(3)?))
            })
            .optional()
        })?;
        let Some((batch, person, command, label)) = found else {
            return Err(Error::not_found(say!("undo.there_no_such_batch"))
                .hint(say!("undo.retain_history_edits_prints")));
        };
        refuse_purge(&command)?;
        if person != self.who.person && !force {
            let what = say!("undo.not_yours_did_nothing", label = label, person = person);
            return Err(Error::new(Kind::Conflict, what).hint(say!("undo.force_takes_back_all")));
        }
        if batch == target {
            return self.take_back(batch, How::forced(force), now);
        }
        let command = Command::PutBack {
            edit: target,
            force,
        };
        self.transact(write::code(&command), now, None, |batch, context| {
            write::run(batch, &command, context)
        })
    }

    /// Takes back the latest undo of mine, unless I have done something else since.
    pub(super) fn redo(&mut self, now: Stamp) -> Result<Receipt> {
        // An undo whose time cannot be believed comes last: what was done here does not stand before it for certain, nor behind it.
        let found = match self
            .undo_to_redo(&[Part::Later, Part::Here, Part::Earlier, Part::Before], now)?
        {
            None => self.undo_to_redo(&[Part::Doubtful], now)?,
            found => found,
        };
        let step = found.ok_or_else(|| Error::usage(say!("undo.nothing_redo")))?;
        let label = format!("Redid: {}", step.label.trim_start_matches("Undid: "));
        let taken = Taken {
            id: step.id,
            n: step.n,
            mine: true,
            how: How::Whole,
        };
        self.transact("redo", now, Some(step.id), |b, _| revert(b, &taken, &label))
    }

    /// The latest undo of mine in these parts that stands, with nothing behind it that stands too and was neither undo nor redo.
    fn undo_to_redo(&self, parts: &[Part], now: Stamp) -> Result<Option<Step>> {
        let mut found = None;
        self.go_back(parts, now, |step| {
            if step.command == "redo"
                || undone_by(&self.conn, step.id, Some(&self.who.person))?.is_some()
            {
                return Ok(true);
            }
            found = Some(step).filter(|step| step.command == "undo");
            Ok(false)
        })?;
        Ok(found)
    }

    /// Takes back a batch of anybody, as a batch of mine: its maker finds it in the log, and I can take that back in turn.
    pub(super) fn take_back(&mut self, batch: Id, how: How, now: Stamp) -> Result<Receipt> {
        let found: Option<(i64, String, String)> = self
            .conn
            .prepare_cached("SELECT n, person, label FROM batch WHERE id = ? AND finished = 1")
            .and_then(|mut s| {
                s.query_row([&batch], |r| {
                    Ok((
                        r.get(0)?,
                        super::search::text_at_raw(r, 1)?,
                        super::search::text_at_raw(r, 2)?,
                    ))
                })
                .optional()
            })?;
        let Some((n, person, said)) = found else {
            return Err(Error::not_found(say!("undo.not_book")));
        };
        if person == self.who.person {
            return self.undo(Some(batch), &[], how, now);
        }
        let label = format!("Took back{} {person}'s: {said}", how.said());
        self.transact("take_back", now, Some(batch), |b, _| {
            revert(
                b,
                &Taken {
                    id: batch,
                    n,
                    mine: false,
                    how,
                },
                &label,
            )
        })
    }
}

/// The batch that has taken this one back and was not taken back itself, however often that went to and fro; of this person's only,
/// where one is named. The links say so, not the clocks.
pub(super) fn undone_by(conn: &Connection, batch: Id, person: Option<&str>) -> Result<Option<Id>> {
    let query = "SELECT id FROM batch WHERE undoes = ?1 AND finished = 1 AND (?2 IS NULL OR person = ?2) ORDER BY n";
    let mut statement = conn.prepare_cached(query)?;
    let mut takers = |batch: Id| -> Result<Vec<Id>> {
        statement
            .query_map(params![batch, person], |r| r.get(0).map(Id))
            .and_then(Iterator::collect)
            .map_err(Into::into)
    };
    // From the far end of the links back: each is judged when all that took it back are.
    let mut judged: HashMap<Id, Option<Id>> = HashMap::new();
    let mut open = vec![(batch, takers(batch)?)];
    while let Some((at, takers_of_it)) = open.last() {
        // Batches that take each other back in a ring were written by nobody's program; what closes it counts for nothing.
        let next = takers_of_it
            .iter()
            .find(|id| !judged.contains_key(id) && open.iter().all(|o| o.0 != **id))
            .copied();
        match next {
            Some(next) => open.push((next, takers(next)?)),
            None => {
                let standing = takers_of_it
                    .iter()
                    .find(|id| matches!(judged.get(id), Some(None)))
                    .copied();
                judged.insert(*at, standing);
                open.pop();
            }
        }
    }
    Ok(judged.remove(&batch).flatten())
}

fn refuse_purge(command: &str) -> Result<()> {
    if command == "purge" {
        return Err(Error::usage(say!("undo.what_purged_gone_cannot"))
            .hint(say!("undo.other_things_retain_revert")));
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
        if self == How::Rest {
            " the rest of"
        } else {
            ""
        }
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
        let mut statement = b.conn.prepare_cached(
            "SELECT entity, row, field, before, after FROM edit WHERE batch = ? ORDER BY n DESC",
        )?;
        let rows = statement.query_map([target], |r| {
            Ok((r.get(0)?, Id(r.get(1)?), r.get(2)?, r.get(3)?, r.get(4)?))
        })?;
        rows.collect::<Result<_, _>>()?
    };
    let mut clash = Clash {
        batch: Some(taken.id),
        ..Clash::default()
    };
    // The batch may have set a field twice; only its last value has to stand for the undo to be safe.
    let mut expected: HashMap<(Id, String), Value> = HashMap::new();
    for (number, row, field, before, after) in edits {
        let table = table_numbered(number).ok_or_else(|| {
            Error::new(Kind::Conflict, say!("undo.changed_something_this_retain"))
                .hint(say!("undo.newer_retain_can_take"))
        })?;
        let Some(now) = batch::current(b.conn, table, row, &field)?.map(|c| c.value) else {
            continue;
        };
        // Whose it was is purged: it stays where it is.
        if field == OWNER && batch::owner_number(b.conn, &before)?.is_none() {
            continue;
        }
        let wanted = expected.get(&(row, field.clone())).unwrap_or(&after);
        if taken.how != How::Force
            && let Some((by, apart)) = in_the_way(b, taken, row, &field, now == *wanted)?
        {
            if apart {
                clash
                    .others
                    .push(say!("undo.copies_book_disagree_about", field = field).to_string());
            }
            clash.fields.push(clashing(
                b,
                table,
                row,
                &field,
                [&after, &now, &before],
                by,
            )?);
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
            let query = format!(
                "SELECT id, {owner} FROM {} WHERE batch = ? AND removed = 0 ORDER BY n DESC",
                table.name
            );
            let mut statement = b.conn.prepare_cached(&query)?;
            let rows = statement.query_map([target], |r| Ok((Id(r.get(0)?), r.get(1)?)))?;
            rows.collect::<Result<_, _>>()?
        };
        for (id, customer) in made {
            if !kept.rows.contains(&id) && customer.is_none_or(|n| !kept.customers.contains(&n)) {
                b.set(table.entity, id, "removed", Value::Integer(1))?;
            }
        }
    }
    let clear = clash.fields.is_empty() && clash.others.is_empty();
    if clear || (taken.how == How::Rest && !b.is_empty()) {
        return Ok(Done {
            label: label.to_owned(),
            changed: 0,
            skipped: Vec::new(),
        });
    }
    let said: Vec<String> = clash
        .fields
        .iter()
        .map(Clashing::sentence)
        .chain(clash.others.iter().cloned())
        .collect();
    let mut error = Error::new(Kind::Conflict, say!("undo.somebody_changed_this_since"));
    for conflict in said.iter().take(3) {
        error = error.hint(conflict);
    }
    let more = said.len().saturating_sub(3);
    let error = if more > 0 {
        error.hint(format!("and {more} more"))
    } else {
        error
    };
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
fn clashing(
    b: &Batch<'_>,
    table: &'static Table,
    row: Id,
    field: &str,
    values: [&Value; 3],
    by: Option<By>,
) -> Result<Clashing> {
    let (name, customer) = conflicts::called(b.conn, table, row)?.unwrap_or_default();
    let [base, theirs, mine] = values.map(|value| conflicts::json_of(table, field, value));
    let customer = customer.filter(|c| c.0 != row).map(|c| c.1);
    let kind = conflicts::kind_of(b.conn, table, row)?;
    Ok(Clashing {
        entity: table.entity,
        row,
        kind,
        name,
        customer,
        field: field.to_owned(),
        base,
        theirs,
        by,
        mine,
    })
}

/// Rows that a batch made and of which others have changed something since that says something else now. Where the batch is
/// another person's, what its maker has done since counts too.
fn changed_since(
    b: &Batch<'_>,
    table: &'static Table,
    taken: &Taken,
    kept: &mut Kept,
    clash: &mut Clash,
) -> Result<()> {
    let edited: Vec<(Id, String)> = {
        let query = format!(
            "SELECT DISTINCT e.row, e.field FROM {} t JOIN edit e ON e.row = t.id JOIN batch b ON b.n = e.batch
             WHERE t.batch = ?1 AND t.removed = 0 AND e.batch <> ?1 AND (b.person <> ?2 OR NOT ?3) ORDER BY e.n",
            table.name
        );
        let mut statement = b.conn.prepare_cached(&query)?;
        let rows = statement.query_map(params![taken.n, b.person, taken.mine], |r| {
            Ok((Id(r.get(0)?), r.get(1)?))
        })?;
        rows.collect::<Result<_, _>>()?
    };
    for (row, field) in edited {
        let Ok(Some(current)) = batch::current(b.conn, table, row, &field) else {
            continue;
        };
        let made: Value = b
            .conn
            .prepare_cached("SELECT before FROM edit WHERE row = ? AND field = ? ORDER BY length(seen), n LIMIT 1")
            .and_then(|mut s| s.query_row(params![row, field], |r| r.get(0)))?;
        let heads = heads::of_field(b.conn, row, &field)?;
        let Some(last) = heads.last().filter(|h| !taken.mine || h.person != b.person) else {
            continue;
        };
        if current.value != made {
            clash.fields.push(clashing(
                b,
                table,
                row,
                &field,
                [&made, &current.value, &Value::Null],
                Some(by(last)),
            )?);
            kept.rows.insert(row);
            kept.customers
                .extend(made_by(b, current.customer, taken.n)?);
        }
    }
    Ok(())
}

/// A customer's integer, where the batch made it.
fn made_by(b: &Batch<'_>, customer: Option<i64>, batch: i64) -> Result<Option<i64>> {
    b.conn
        .prepare_cached("SELECT n FROM customer WHERE n = ? AND batch = ?")
        .and_then(|mut s| {
            s.query_row(params![customer, batch], |r| r.get(0))
                .optional()
        })
        .map_err(Into::into)
}

/// What others have recorded since at customers that a batch made, one sentence each.
fn recorded_since(b: &Batch<'_>, taken: &Taken, kept: &mut Kept, clash: &mut Clash) -> Result<()> {
    let query =
        "SELECT c.n, c.name, b.person, e.kind, e.text FROM customer c JOIN event e ON e.customer = c.n JOIN batch b ON b.n = e.batch
                 WHERE c.batch = ?1 AND c.removed = 0 AND e.batch <> ?1 AND e.removed = 0 AND (b.person <> ?2 OR NOT ?3) ORDER BY e.n";
    let mut statement = b.conn.prepare_cached(query)?;
    let mut rows = statement.query(params![taken.n, b.person, taken.mine])?;
    while let Some(r) = rows.next()? {
        let (name, person) = (super::search::text_at(r, 1)?, super::search::text_at(r, 2)?);
        let kind = EventKind::from_number(r.get(3)?).map_or("event", EventKind::code);
        let text = conflicts::start(&super::search::text_at(r, 4)?);
        let text = if text.is_empty() {
            text
        } else {
            format!(" \"{text}\"")
        };
        clash.others.push(
            say!(
                "undo.recorded_at_since",
                person = person,
                kind = with_article(kind),
                text = text,
                name = name
            )
            .to_string(),
        );
        kept.customers.insert(r.get(0)?);
    }
    Ok(())
}

/// Who stands in the way of taking a field back: copies of the book say different things of it and nobody has decided yet, or it
/// says something else than the batch wrote (`same`: it does not). What somebody changed and took back is in nobody's way.
/// Gives who, if the log says so, and whether it is copies that disagree.
fn in_the_way(
    b: &Batch<'_>,
    taken: &Taken,
    row: Id,
    field: &str,
    same: bool,
) -> Result<Option<(Option<By>, bool)>> {
    let heads = heads::of_field(b.conn, row, field)?;
    let others = heads.iter().rev().find(|h| {
        if taken.mine {
            h.person != b.person
        } else {
            h.mark.batch != taken.id
        }
    });
    let apart = others.is_some() && heads.len() > 1;
    Ok((apart || !same).then(|| (others.or(heads.last()).map(by), apart)))
}

/// Writes the value before of one edit, of whomever it is.
pub(super) fn put_back(b: &mut Batch<'_>, edit: Id, force: bool) -> Result<Done> {
    let found: Option<(i64, [u8; 16], String, Value, Value)> = b
        .conn
        .prepare_cached("SELECT entity, row, field, before, after FROM edit WHERE id = ?")
        .and_then(|mut s| {
            s.query_row([&edit], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))
            })
            .optional()
        })?;
    let gone = || Error::not_found(say!("undo.change_not_book"));
    let (number, row, field, before, after) = found.ok_or_else(gone)?;
    let (table, row) = (table_numbered(number).ok_or_else(gone)?, Id(row));
    let now = batch::current(b.conn, table, row, &field)?
        .ok_or_else(gone)?
        .value;
    let heads = heads::of_field(b.conn, row, &field)?;
    let later = heads.iter().rev().find(|h| h.mark.edit != edit);
    let clear = heads.len() == 1 && later.is_none() && now == after;
    if !force && !clear {
        if now == before && heads.len() == 1 {
            return Err(Error::usage(say!(
                "undo.what_before_already",
                field = field
            )));
        }
        let who = later.map_or_else(|| b.person.clone(), |h| h.person.clone());
        let clashing = clashing(
            b,
            table,
            row,
            &field,
            [&after, &now, &before],
            later.map(by),
        )?;
        return Err(Error::new(
            Kind::Conflict,
            say!("undo.changed_since_by_nothing", field = field, who = who),
        )
        .because(Clash {
            fields: vec![clashing],
            ..Clash::default()
        }));
    }
    let (name, customer) = conflicts::called(b.conn, table, row)?.ok_or_else(gone)?;
    let name = customer.map_or(name, |c| c.1);
    if before == now {
        b.settle(table.entity, row, &field, before)?;
    } else {
        b.set(table.entity, row, &field, before)?;
    }
    Ok(Done {
        label: say!("undo.put_back", field = field, name = name).to_string(),
        changed: 1,
        skipped: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
