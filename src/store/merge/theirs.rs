//! What another copy has that this one lacks, or has otherwise, and how its batches are read.

use rusqlite::Connection;

use crate::domain::id::Id;
use crate::error::{Error, Result};
use crate::store::hash::{self, Header, Item};
use crate::store::sign::{self, Proof};

use super::{LeftOut, Stamp};

/// The batches of `theirs` that `ours` lacks, as their integers in ascending order: a batch comes after those it builds on.
/// Both are read in the order of ids side by side, so that nothing rests on the devices' numbers.
pub fn missing(ours: &Connection, theirs: &Connection) -> Result<Vec<i64>> {
    let query = "SELECT id, n FROM batch ORDER BY id";
    let (mut a, mut b) = (ours.prepare_cached(query)?, theirs.prepare_cached(query)?);
    let (mut mine, mut others) = (a.query([])?, b.query([])?);
    let mut next_mine = || -> Result<Option<[u8; 16]>> {
        mine.next()?
            .map(|r| r.get(0))
            .transpose()
            .map_err(Into::into)
    };
    let mut new = Vec::new();
    let mut have = next_mine()?;
    while let Some(row) = others.next()? {
        let id: [u8; 16] = row.get(0)?;
        while have.is_some_and(|h| h < id) {
            have = next_mine()?;
        }
        if have != Some(id) {
            new.push(row.get(1)?);
        }
    }
    drop(others);
    let mut finished = theirs.prepare_cached("SELECT finished FROM batch WHERE n = ?")?;
    let mut all = Vec::with_capacity(new.len());
    new.sort_unstable();
    for n in new {
        if finished.query_row([n], |r| r.get::<_, i64>(0))? == 1 {
            all.push(n);
        }
    }
    Ok(all)
}

/// Why a batch stays out whose id is taken by another one.
pub const ANOTHER: &str = "this book has another batch under its id: each copy keeps its own, and one of the two is not what its writer wrote";

/// Batches that both have and that are not the same: a hash says all that its batch wrote.
pub fn differing(ours: &Connection, theirs: &Connection) -> Result<Vec<LeftOut>> {
    let query = "SELECT id, coalesce(hash, x'') FROM batch WHERE finished = 1";
    let mut mine: Vec<(Id, [u8; 16])> = Vec::new();
    let mut statement = ours.prepare_cached(query)?;
    let mut rows = statement.query([])?;
    let hash_of = |row: &rusqlite::Row<'_>| {
        Some((
            Id(row.get(0).ok()?),
            row.get_ref(1).ok()?.as_blob().ok()?.try_into().ok()?,
        ))
    };
    while let Some(row) = rows.next()? {
        mine.extend(hash_of(row));
    }
    mine.sort_unstable();
    let mut statement = theirs.prepare_cached(query)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let Some((id, hash)) = hash_of(row) else {
            continue;
        };
        if mine
            .binary_search_by_key(&id, |m| m.0)
            .is_ok_and(|at| mine[at].1 != hash)
        {
            found.push(id);
        }
    }
    let label = |id: Id| -> Result<LeftOut> {
        let query = "SELECT person, label, wall FROM batch WHERE id = ?";
        theirs
            .prepare_cached(query)
            .and_then(|mut s| {
                s.query_row([id], |r| {
                    let text = crate::store::search::text_at_raw;
                    Ok(LeftOut {
                        batch: id,
                        person: text(r, 0)?,
                        label: text(r, 1)?,
                        at: Stamp(r.get(2)?),
                        why: ANOTHER.to_owned(),
                    })
                })
            })
            .map_err(Into::into)
    };
    found.into_iter().map(label).collect()
}

/// Where batches come from: another copy of the book, or bundles. A batch is named by a number of the source's own.
pub trait Source {
    /// The batch's row, and the hash that it carries.
    fn header(&self, n: i64) -> Result<(Header, Vec<u8>)>;
    /// Who signed it, where somebody has.
    fn proof(&self, _n: i64) -> Result<Option<Proof>> {
        Ok(None)
    }
    /// Everything that it wrote, in the order of ids.
    fn items(&self, n: i64, each: &mut dyn FnMut(Item) -> Result<()>) -> Result<()>;
}

impl Source for Connection {
    fn header(&self, n: i64) -> Result<(Header, Vec<u8>)> {
        let query = format!("SELECT {} FROM batch WHERE n = ?", hash::HEADER);
        let mut statement = self.prepare_cached(&query)?;
        let mut rows = statement.query([n])?;
        let row = rows
            .next()?
            .ok_or_else(|| Error::failed(say!("theirs.batch_other_copy_gone")))?;
        let (header, hash, ..) = hash::header_of(row)?;
        Ok((header, hash))
    }

    fn proof(&self, n: i64) -> Result<Option<Proof>> {
        sign::proof_of(self, n)
    }

    fn items(&self, n: i64, each: &mut dyn FnMut(Item) -> Result<()>) -> Result<()> {
        hash::items(self, n, each)
    }
}
