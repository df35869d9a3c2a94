//! Moves that copies of a book made without knowing of each other. A move says which moves it had seen as the latest
//! (`more.saw`); those that no standing move has seen, itself or through others, are the heads. Heads to different stages are a
//! conflict of the customer under the name `stage`, decided like one of a field. Moves of an import, and those of earlier versions,
//! say nothing of what they saw and stand against none.

use std::collections::{BTreeSet, HashMap, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::domain::query::ConflictValue;
use crate::domain::time::Stamp;
use crate::error::Result;

use super::batch::{self, Batch};
use super::heads::Eye;
use super::search;

/// The name under which such a conflict is listed.
pub const FIELD: &str = "stage";

/// One move that says what it had seen.
struct Move {
    id: Id,
    /// The stage's code.
    to: String,
    removed: bool,
    saw: Vec<Id>,
    /// The integer of its batch, and who made it.
    batch: i64,
    person: String,
}

#[derive(serde::Deserialize)]
struct More {
    saw: Option<Vec<Id>>,
}

/// The moves of a customer that say what they had seen, in the order of the timeline.
fn of(conn: &Connection, customer: i64) -> Result<Vec<Move>> {
    let query = "SELECT e.id, e.channel, e.removed, e.more, e.batch, b.person FROM event e JOIN batch b ON b.n = e.batch
                 WHERE e.customer = ? AND e.kind = 6 ORDER BY e.at, e.id";
    let mut statement = conn.prepare_cached(query)?;
    let mut rows = statement.query([customer])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let more = row.get_ref(3)?.as_bytes().unwrap_or_default();
        if let Ok(More { saw: Some(saw) }) = serde_json::from_slice(more) {
            let removed = row.get::<_, i64>(2)? != 0;
            let (batch, person) = (row.get(4)?, search::text_at(row, 5)?);
            all.push(Move {
                id: Id(row.get(0)?),
                to: search::text_at(row, 1)?,
                removed,
                saw,
                batch,
                person,
            });
        }
    }
    Ok(all)
}

/// Everything that these moves had seen, also through other moves; removed ones lead on too.
fn behind(moves: &[Move], from: impl Iterator<Item = Id>) -> HashSet<Id> {
    let saw: HashMap<Id, &[Id]> = moves.iter().map(|m| (m.id, &m.saw[..])).collect();
    let next = |id: Id| saw.get(&id).copied().unwrap_or_default();
    let mut open: Vec<Id> = from.flat_map(|id| next(id).iter().copied()).collect();
    let mut found = HashSet::new();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(next(id));
        }
    }
    found
}

/// The standing moves that no other standing one has seen, the one that is shown last.
fn heads(moves: &[Move]) -> Vec<&Move> {
    let seen = behind(moves, moves.iter().filter(|m| !m.removed).map(|m| m.id));
    moves
        .iter()
        .filter(|m| !m.removed && !seen.contains(&m.id))
        .collect()
}

/// What a new move of a customer has seen: the latest moves, also those that were taken back and may come again.
pub fn seen(conn: &Connection, customer: i64, eye: Option<Eye<'_>>) -> Result<Vec<Id>> {
    let mut moves = of(conn, customer)?;
    moves.retain(|m| eye.is_none_or(|eye| eye.saw(m.batch, &m.person)));
    let older = behind(&moves, moves.iter().map(|m| m.id));
    Ok(moves
        .iter()
        .map(|m| m.id)
        .filter(|id| !older.contains(id))
        .collect())
}

/// Whether moves that have not seen each other lead to different stages.
pub fn differ(conn: &Connection, customer: i64) -> Result<bool> {
    let moves = of(conn, customer)?;
    let heads = heads(&moves);
    Ok(heads.iter().any(|m| m.to != heads[0].to))
}

/// Brings the place of a customer's stage among the conflicts in line with its moves; gives its id where it is one.
pub fn settle(conn: &Connection, customer: i64) -> Result<Option<Id>> {
    let id: Option<Id> = conn
        .prepare_cached("SELECT id FROM customer WHERE n = ?")
        .and_then(|mut s| s.query_row([customer], |r| r.get(0).map(Id)).optional())?;
    let Some(id) = id else { return Ok(None) };
    if !differ(conn, customer)? {
        super::heads::forget(conn, id, FIELD)?;
        return Ok(None);
    }
    super::heads::note(conn, id, FIELD, batch::table(Entity::Customer))?;
    Ok(Some(id))
}

/// Settles the customers of whose moves a batch has made some, taken some back or brought some again.
pub fn settle_behind(conn: &Connection, batch: i64) -> Result<Vec<Id>> {
    let query = "SELECT customer FROM event WHERE batch = ?1 AND kind = 6 UNION
                 SELECT t.customer FROM edit e JOIN event t ON t.id = e.row WHERE e.batch = ?1 AND e.field = 'removed' AND t.kind = 6";
    let mut statement = conn.prepare_cached(query)?;
    let customers: Vec<i64> = statement
        .query_map([batch], |r| r.get(0))
        .and_then(Iterator::collect)?;
    let mut open = Vec::new();
    for customer in customers {
        open.extend(settle(conn, customer)?);
    }
    Ok(open)
}

/// The stages that a conflict is between, with who moved the customer there and when, the one that is shown last.
pub fn values(conn: &Connection, customer: Id) -> Result<Vec<ConflictValue>> {
    let moves = of(conn, number(conn, customer)?)?;
    let heads = heads(&moves);
    let last = heads.len().saturating_sub(1);
    let mut values = Vec::new();
    for (at, head) in heads.iter().enumerate() {
        let (person, wall) = conn
            .prepare_cached(
                "SELECT b.person, b.wall FROM event e JOIN batch b ON b.n = e.batch WHERE e.id = ?",
            )
            .and_then(|mut s| {
                s.query_row([&head.id], |r| Ok((search::text_at_raw(r, 0)?, r.get(1)?)))
            })?;
        values.push(ConflictValue {
            edit: head.id,
            value: Some(head.to.clone()),
            person,
            at: Stamp(wall),
            shown: at == last,
        });
    }
    Ok(values)
}

fn number(conn: &Connection, customer: Id) -> Result<i64> {
    conn.prepare_cached("SELECT n FROM customer WHERE id = ?")
        .and_then(|mut s| s.query_row([&customer], |r| r.get(0)))
        .map_err(Into::into)
}

/// Decides for one of the moves: those that it had not seen are taken back. It is itself kept by an edit that says so, for the
/// case that another copy decides otherwise: then all of them stand again, and somebody has to decide once more.
pub fn resolve(b: &mut Batch<'_>, customer: Id, take: Id) -> Result<()> {
    let moves = of(b.conn, number(b.conn, customer)?)?;
    let mut kept = behind(&moves, std::iter::once(take));
    kept.insert(take);
    let known_to_others = behind(
        &moves,
        heads(&moves)
            .into_iter()
            .map(|m| m.id)
            .filter(|id| *id != take),
    );
    for one in moves.iter().filter(|m| !m.removed) {
        if !kept.contains(&one.id) {
            b.set(Entity::Event, one.id, "removed", Value::Integer(1))?;
            for loss in losses_of(b.conn, one.id)? {
                b.set(Entity::Event, loss, "removed", Value::Integer(1))?;
            }
        } else if !known_to_others.contains(&one.id) {
            b.settle(Entity::Event, one.id, "removed", Value::Integer(0))?;
        }
    }
    Ok(())
}

/// A move to a lost stage comes with an event that says what was lost.
pub fn losses_of(conn: &Connection, one: Id) -> Result<BTreeSet<Id>> {
    let query = "SELECT l.id FROM event e JOIN event l ON l.batch = e.batch AND l.customer = e.customer AND l.at = e.at
                 WHERE e.id = ? AND l.kind = 13 AND l.removed = 0";
    let mut statement = conn.prepare_cached(query)?;
    statement
        .query_map(params![one], |r| r.get(0).map(Id))
        .and_then(Iterator::collect)
        .map_err(Into::into)
}
