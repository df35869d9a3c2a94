//! The heads of a field as the log has them, and what follows from them: the value that is shown, and the conflict.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::command::Entity;
use crate::domain::heads::{Mark, heads, ids_of};
use crate::domain::id::Id;
use crate::error::Result;

use super::batch::{self, Table};
use super::hash::{bytes_at, some_bytes_at, value_at};
use super::{ids, twins};

/// What a change could see that was asked for earlier: all up to a batch (its integer), and what its own person did since.
#[derive(Clone, Copy, Debug)]
pub struct Eye<'a> {
    /// The last batch that the person knew.
    pub upto: i64,
    /// The person.
    pub person: &'a str,
}

impl Eye<'_> {
    /// Whether it saw what a batch of somebody did.
    pub fn saw(&self, batch: i64, person: &str) -> bool {
        batch <= self.upto || person == self.person
    }
}

/// An edit of a field with who made it.
#[derive(Clone, Debug)]
pub struct Head {
    /// What the rule needs of it.
    pub mark: Mark,
    /// The value that it wrote.
    pub after: Value,
    /// What it knew beside its field; `None` where that was not asked: a removal of the first version knew all there was.
    pub knew: Option<Vec<Id>>,
    /// Who.
    pub person: String,
    /// What the person's clock said.
    pub wall: i64,
    /// The integer of its batch in this file.
    pub n: i64,
}

const HEAD: &str = "e.id, b.id, b.hlc, e.seen, e.after, e.knew, b.person, b.wall, e.field, b.n";

fn head_of(row: &rusqlite::Row<'_>) -> Result<Head> {
    let id = |at: usize| -> Result<Id> { Ok(Id(row.get(at)?)) };
    Ok(Head {
        mark: Mark {
            edit: id(0)?,
            batch: id(1)?,
            hlc: row.get(2)?,
            seen: ids_of(&bytes_at(row, 3)?).collect(),
        },
        after: value_at(row, 4)?,
        knew: some_bytes_at(row, 5)?.map(|bytes| ids_of(&bytes).collect()),
        person: super::search::text_at(row, 6)?,
        wall: row.get(7)?,
        n: row.get(9)?,
    })
}

/// The edits of a field that no other has seen, the one that is shown last; none when nobody has edited it.
pub fn of_field(conn: &Connection, row: Id, field: &str) -> Result<Vec<Head>> {
    of_field_seen(conn, row, field, None)
}

/// Those of the edits that an eye could see.
fn of_field_seen(
    conn: &Connection,
    row: Id,
    field: &str,
    eye: Option<Eye<'_>>,
) -> Result<Vec<Head>> {
    let query = format!(
        "SELECT {HEAD} FROM edit e JOIN batch b ON b.n = e.batch WHERE e.row = ? AND e.field = ?"
    );
    let mut statement = conn.prepare_cached(&query)?;
    let mut rows = statement.query(params![row, field])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(head_of(row)?);
    }
    all.retain(|h| eye.is_none_or(|eye| eye.saw(h.n, &h.person)));
    Ok(only_heads(all))
}

fn only_heads(all: Vec<Head>) -> Vec<Head> {
    if all.len() < 2 {
        return all;
    }
    let marks: Vec<Mark> = all.iter().map(|h| h.mark.clone()).collect();
    heads(&marks)
        .into_iter()
        .map(|at| all[at].clone())
        .collect()
}

/// The heads of every field of a row, by field.
pub fn of_row(conn: &Connection, row: Id) -> Result<BTreeMap<String, Vec<Head>>> {
    of_row_seen(conn, row, None)
}

fn of_row_seen(
    conn: &Connection,
    row: Id,
    eye: Option<Eye<'_>>,
) -> Result<BTreeMap<String, Vec<Head>>> {
    let query = format!("SELECT {HEAD} FROM edit e JOIN batch b ON b.n = e.batch WHERE e.row = ?");
    let mut statement = conn.prepare_cached(&query)?;
    let mut rows = statement.query([&row])?;
    let mut all: BTreeMap<String, Vec<Head>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let head = head_of(row)?;
        if eye.is_none_or(|eye| eye.saw(head.n, &head.person)) {
            all.entry(super::search::text_at(row, 8)?)
                .or_default()
                .push(head);
        }
    }
    Ok(all
        .into_iter()
        .map(|(field, edits)| (field, only_heads(edits)))
        .collect())
}

/// Ids one after the other, as a column keeps them.
pub fn joined(ids: impl IntoIterator<Item = Id>) -> Vec<u8> {
    ids.into_iter().flat_map(|id| id.0).collect()
}

/// What a new edit of a field sees: the ids of its heads, one after the other.
pub fn seen(conn: &Connection, row: Id, field: &str, eye: Option<Eye<'_>>) -> Result<Vec<u8>> {
    if eye.is_some() {
        return Ok(joined(
            of_field_seen(conn, row, field, eye)?
                .into_iter()
                .map(|h| h.mark.edit)
                .collect::<BTreeSet<_>>(),
        ));
    }
    let mut statement =
        conn.prepare_cached("SELECT id, seen FROM edit WHERE row = ? AND field = ?")?;
    let mut rows = statement.query(params![row, field])?;
    let (mut all, mut covered) = (BTreeSet::new(), HashSet::new());
    while let Some(row) = rows.next()? {
        all.insert(Id(row.get(0)?));
        covered.extend(ids_of(row.get_ref(1)?.as_bytes().unwrap_or_default()));
    }
    Ok(joined(all.into_iter().filter(|id| !covered.contains(id))))
}

/// What a field said in the eyes of a change: by the edits that it saw, or as the row was made; `None` where nobody has edited it.
pub fn value_seen(
    conn: &Connection,
    row: Id,
    field: &str,
    eye: Option<Eye<'_>>,
) -> Result<Option<Value>> {
    if let Some(last) = of_field_seen(conn, row, field, eye)?.pop() {
        return Ok(Some(last.after));
    }
    conn.prepare_cached(
        "SELECT before FROM edit WHERE row = ? AND field = ? AND seen = x'' ORDER BY id LIMIT 1",
    )
    .and_then(|mut s| s.query_row(params![row, field], |r| r.get(0)).optional())
    .map_err(Into::into)
}

/// Tables whose rows belong to a customer.
fn owned() -> impl Iterator<Item = &'static Table> {
    batch::TABLES.iter().filter(|t| t.is_owned())
}

/// Ids of the rows of a customer that are not removed.
fn live_rows(conn: &Connection, customer: Id, eye: Option<Eye<'_>>) -> Result<Vec<Id>> {
    let (upto, person) = eye.map_or((i64::MAX, ""), |eye| (eye.upto, eye.person));
    let mut all = Vec::new();
    for table in owned() {
        let query = format!(
            "SELECT id FROM {} t WHERE customer = (SELECT n FROM customer WHERE id = ?1) AND removed = 0
             AND (batch <= ?2 OR (SELECT person FROM batch b WHERE b.n = t.batch) = ?3) ORDER BY id",
            table.name
        );
        let mut statement = conn.prepare_cached(&query)?;
        let rows = statement.query_map(params![customer, upto, person], |r| r.get(0).map(Id))?;
        for id in rows {
            all.push(id?);
        }
    }
    Ok(all)
}

/// What somebody who removes a row knows of it: the heads of its other fields, and a customer's live rows.
pub fn known_at_removal(
    conn: &Connection,
    table: &Table,
    row: Id,
    eye: Option<Eye<'_>>,
) -> Result<Vec<u8>> {
    let fields = of_row_seen(conn, row, eye)?;
    let mut known: Vec<Id> = fields
        .iter()
        .filter(|f| f.0 != "removed")
        .flat_map(|f| f.1.iter().map(|h| h.mark.edit))
        .collect();
    if table.entity == Entity::Customer {
        known.extend(live_rows(conn, row, eye)?);
    }
    Ok(joined(known))
}

/// The removals that an edit of a removed row, or of a removed customer's row, knows. To take back a batch knows no more of those
/// before it than the batch did: what stood against a removal then stands against it again.
pub fn removals(
    conn: &Connection,
    row: Id,
    field: &str,
    customer: Option<i64>,
    undone: Option<Id>,
    eye: Option<Eye<'_>>,
) -> Result<Vec<u8>> {
    let owner: Option<Id> = match customer {
        Some(n) => ids::id_of(conn, "customer", n)?,
        None => None,
    };
    let mut known: Vec<Id> = of_field_seen(conn, row, "removed", eye)?
        .into_iter()
        .map(|h| h.mark.edit)
        .collect();
    if let Some(owner) = owner.filter(|o| *o != row) {
        known.extend(
            of_field_seen(conn, owner, "removed", eye)?
                .into_iter()
                .map(|h| h.mark.edit),
        );
    }
    if let Some(undone) = undone {
        let knew: Option<Vec<u8>> = conn
            .prepare_cached("SELECT knew FROM edit WHERE row = ? AND field = ? AND batch = (SELECT n FROM batch WHERE id = ?)")
            .and_then(|mut s| s.query_row(params![row, field, undone], |r| r.get(0)).optional())?
            .flatten();
        let knew: HashSet<Id> = ids_of(&knew.unwrap_or_default()).collect();
        let mut before = conn.prepare_cached(
            "SELECT 1 FROM edit WHERE id = ? AND batch < (SELECT n FROM batch WHERE id = ?)",
        )?;
        let mut left = Vec::new();
        for edit in known {
            if knew.contains(&edit) || !before.exists(params![edit, undone])? {
                left.push(edit);
            }
        }
        known = left;
    }
    Ok(joined(known))
}

/// Why a row is not removed, though somebody has removed it: what was written by those who did not know.
#[derive(Default)]
pub struct Removal {
    /// The value that is shown: 1 only when every head says so and nothing unknown to them stands against it.
    pub value: i64,
    /// Heads of the removed field.
    pub heads: Vec<Head>,
    /// Edits of other fields that no removal knew, with their fields.
    pub edits: Vec<(String, Head)>,
    /// Live rows of the customer that no removal knew.
    pub rows: Vec<Id>,
}

impl Removal {
    /// Somebody has to decide.
    pub fn is_conflict(&self) -> bool {
        let removed = self
            .heads
            .iter()
            .filter(|h| h.after == Value::Integer(1))
            .count();
        removed > 0
            && (removed < self.heads.len() || !self.edits.is_empty() || !self.rows.is_empty())
    }
}

/// Whether a row is removed, by the log alone, so that every copy says the same.
pub fn removal(conn: &Connection, table: &Table, row: Id) -> Result<Removal> {
    let heads = of_field(conn, row, "removed")?;
    let removing: Vec<&Head> = heads
        .iter()
        .filter(|h| h.after == Value::Integer(1))
        .collect();
    if removing.is_empty() {
        return Ok(Removal {
            heads,
            ..Removal::default()
        });
    }
    let ids: HashSet<Id> = removing.iter().map(|h| h.mark.edit).collect();
    let all_known = removing.iter().any(|h| h.knew.is_none());
    let known: HashSet<Id> = removing
        .iter()
        .filter_map(|h| h.knew.as_ref())
        .flatten()
        .copied()
        .collect();
    let unknown = |h: &Head| {
        !all_known
            && !known.contains(&h.mark.edit)
            && !h
                .knew
                .as_ref()
                .is_some_and(|k| k.iter().any(|id| ids.contains(id)))
    };
    let mut edits = Vec::new();
    for (field, found) in of_row(conn, row)? {
        if field != "removed" {
            edits.extend(
                found
                    .into_iter()
                    .filter(unknown)
                    .map(|h| (field.clone(), h)),
            );
        }
    }
    let mut rows = Vec::new();
    if table.entity == Entity::Customer && !all_known {
        for id in live_rows(conn, row, None)?
            .into_iter()
            .filter(|id| !known.contains(id))
        {
            // One that came back after the removal was brought back by somebody who knew.
            if of_row(conn, id)?.values().flatten().all(unknown) {
                rows.push(id);
            }
        }
    }
    let value = i64::from(removing.len() == heads.len() && edits.is_empty() && rows.is_empty());
    Ok(Removal {
        value,
        heads,
        edits,
        rows,
    })
}

/// What settling a field has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Settled {
    /// The value that is shown is another one now.
    pub changed: bool,
    /// The field has heads that say different things.
    pub conflict: bool,
    /// The customer's integer.
    pub customer: Option<i64>,
}

/// Brings the shown value of a field, and its place among the conflicts, in line with its edits.
pub fn settle(conn: &Connection, table: &Table, row: Id, field: &str) -> Result<Settled> {
    let Some(current) = batch::current(conn, table, row, field)? else {
        return Ok(Settled::default());
    };
    let Some((value, conflict)) = verdict(conn, table, row, field)? else {
        return Ok(Settled {
            customer: current.customer,
            ..Settled::default()
        });
    };
    let changed = current.value != value;
    if changed {
        batch::store(conn, table, row, field, &value)?;
    }
    if conflict {
        note(conn, row, field, table)?;
    } else {
        forget(conn, row, field)?;
    }
    Ok(Settled {
        changed,
        conflict,
        customer: current.customer,
    })
}

/// The value that a field's edits give it, and whether they are a conflict; `None` when nobody has edited it.
fn verdict(
    conn: &Connection,
    table: &Table,
    row: Id,
    field: &str,
) -> Result<Option<(Value, bool)>> {
    if field == "removed" {
        let removal = removal(conn, table, row)?;
        return Ok((!removal.heads.is_empty())
            .then(|| (Value::Integer(removal.value), removal.is_conflict())));
    }
    let heads = of_field(conn, row, field)?;
    let said = heads.last().map(|shown| {
        (
            shown.after.clone(),
            heads.iter().any(|h| h.after != shown.after),
        )
    });
    if !twins::has(table, field) {
        return Ok(said);
    }
    let apart = twins::differ(conn, table, row)?;
    match said {
        Some((value, conflict)) => Ok(Some((value, conflict || apart))),
        None => Ok(batch::current(conn, table, row, field)?.map(|current| (current.value, apart))),
    }
}

/// Whether a field shows what its edits give it. One of a newer version, or of a row that is not here, is not judged.
pub fn is_settled(conn: &Connection, table: &Table, row: Id, field: &str) -> Result<bool> {
    let Ok(Some(current)) = batch::current(conn, table, row, field) else {
        return Ok(true);
    };
    Ok(verdict(conn, table, row, field)?.is_none_or(|(value, _)| value == current.value))
}

/// Whether the edits of a field say different things. One of a newer version, or of a row that is not here, is none.
pub fn is_conflict(conn: &Connection, table: &Table, row: Id, field: &str) -> Result<bool> {
    let Ok(Some(_)) = batch::current(conn, table, row, field) else {
        return Ok(false);
    };
    Ok(verdict(conn, table, row, field)?.is_some_and(|(_, conflict)| conflict))
}

/// The field is a conflict.
pub fn note(conn: &Connection, row: Id, field: &str, table: &Table) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO conflict (row, field, entity) VALUES (?,?,?) ON CONFLICT DO NOTHING",
    )
    .and_then(|mut s| s.execute(params![row, field, table.number]))?;
    Ok(())
}

/// The field is no conflict, or no longer.
pub fn forget(conn: &Connection, row: Id, field: &str) -> Result<()> {
    conn.prepare_cached("DELETE FROM conflict WHERE row = ? AND field = ?")
        .and_then(|mut s| s.execute(params![row, field]))?;
    Ok(())
}

/// A new row at a customer that is removed stands against the removal, and a row that stood against it may be gone: such customers
/// among these are looked at again.
pub fn recheck_customers(conn: &Connection, touched: &BTreeSet<i64>) -> Result<()> {
    // Asked of each customer by the key: of a set, SQLite would read all conflicts for each.
    const JUDGED: &str = "(removed = 1 OR EXISTS (SELECT 1 FROM conflict o WHERE o.row = customer.id AND o.field = 'removed'))";
    let removed: Vec<(i64, Id)> = if touched.len() > 1000 {
        let mut statement = conn.prepare(&format!("SELECT n, id FROM customer WHERE {JUDGED}"))?;
        let rows = statement.query_map([], |r| Ok((r.get(0)?, Id(r.get(1)?))))?;
        rows.collect::<Result<_, _>>()?
    } else {
        let mut found = Vec::new();
        for n in touched {
            let id = conn
                .prepare_cached(&format!("SELECT id FROM customer WHERE n = ? AND {JUDGED}"))
                .and_then(|mut s| s.query_row([n], |r| r.get(0).map(Id)).optional())?;
            found.extend(id.map(|id| (*n, id)));
        }
        found
    };
    for (n, id) in removed {
        if touched.contains(&n) {
            settle(conn, batch::table(Entity::Customer), id, "removed")?;
        }
    }
    Ok(())
}
