//! Whether copies agree: each says beside its bundles, in a file `has`, what it has of every device, as a count and a sum over ids and
//! hashes. Of equal counts up to one number the sums have to be equal. Where they are not, two batches stand under one id, or one of the
//! two files was changed: no exchange mends that, so it is told.
//!
//! A sum is one of 128 bits over the digests of the batches, in whatever order these came, so what is new is added to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use crate::domain::id::Id;
use crate::error::Result;
use crate::files::Folder;
use crate::store::{Store, hash, schema};

use super::bundles_in;

/// The name of the file.
pub(super) const FILE: &str = "has";

/// Most bytes of one: some ten thousand devices.
pub(super) const MOST: u64 = 1 << 20;

const ROW: &str = "SELECT n, device, number, id, coalesce(hash, x'') FROM batch";

/// What a copy has of one device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Count {
    /// So many batches.
    count: i64,
    /// The greatest number among them.
    last: i64,
    /// Over their ids and hashes; a number of 128 bits is none of JSON's.
    #[serde(with = "in_hex")]
    sum: u128,
}

mod in_hex {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(sum: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{sum:032x}"))
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<u128, D::Error> {
        u128::from_str_radix(&String::deserialize(from)?, 16).map_err(D::Error::custom)
    }
}

impl Count {
    /// Adds a row of [`ROW`].
    fn add(&mut self, row: &Row<'_>) -> Result<()> {
        let bytes = |at: usize| row.get_ref(at).map(|v| v.as_blob().unwrap_or_default());
        self.count += 1;
        self.last = self.last.max(row.get(2)?);
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(hash::digest(
            &[bytes(3)?, bytes(4)?].concat(),
        )));
        Ok(())
    }
}

/// What a copy has.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Has {
    /// Which book.
    book: Id,
    /// Up to which batch (the integer of that copy) it was counted.
    upto: i64,
    /// By device.
    devices: BTreeMap<Id, Count>,
}

/// Counts what came since it was counted last.
fn counted(conn: &Connection, mut has: Has) -> Result<Has> {
    let mut statement =
        conn.prepare_cached(&format!("{ROW} WHERE n > ? AND finished = 1 ORDER BY n"))?;
    let mut rows = statement.query([has.upto])?;
    while let Some(row) = rows.next()? {
        has.upto = row.get(0)?;
        has.devices.entry(Id(row.get(1)?)).or_default().add(row)?;
    }
    Ok(has)
}

/// What is here of a device up to a number.
fn up_to(conn: &Connection, device: Id, last: i64) -> Result<Count> {
    let mut count = Count::default();
    let mut statement = conn.prepare_cached(&format!(
        "{row} WHERE device = ? AND number <= ? AND finished = 1",
        row = ROW
    ))?;
    let mut rows = statement.query(params![device, last])?;
    while let Some(row) = rows.next()? {
        count.add(row)?;
    }
    Ok(count)
}

/// Who has bundles in the folder.
fn writers(room: &Arc<Folder>) -> BTreeSet<Id> {
    bundles_in(room)
        .into_iter()
        .map(|found| found.writer)
        .collect()
}

impl Store {
    /// What is here, counted from what was kept: `meta` has it under `has`.
    fn has(&self, book: Id) -> Result<Has> {
        let top = self.last_batch()?;
        let kept = self
            .meta("has")
            .and_then(|text| serde_json::from_str::<Has>(&text).ok());
        let kept = kept.filter(|has| has.book == book && has.upto <= top);
        counted(
            &self.conn,
            kept.unwrap_or_else(|| Has {
                book,
                ..Has::default()
            }),
        )
    }

    /// Says in one's own folder what this copy has. Gives what is to be kept of it.
    pub(super) fn say_what_is_here(
        &self,
        folder: &Folder,
        book: Id,
    ) -> Result<Option<(String, Value)>> {
        let has = self.has(book)?;
        let Ok(text) = serde_json::to_string(&has) else {
            return Ok(None);
        };
        let said = format!("{} {text}\n", crate::store::outbox::checksum(&text));
        let mode = if folder.is_groups() { 0o660 } else { 0o600 };
        // Nobody has to have it: what cannot be said now is said with the next exchange.
        let draft = format!(".{FILE}.{}.tmp", std::process::id());
        let written = folder.write(FILE, &draft, said.as_bytes(), mode);
        Ok(written
            .is_ok()
            .then_some(("has".to_owned(), Value::Text(text))))
    }

    /// The same, where others have said something new since they were asked last.
    pub(super) fn new_disagreements(&mut self) -> Result<Vec<String>> {
        let Some(room) = self.room() else {
            return Ok(Vec::new());
        };
        let said = |writer: Id| {
            let folder = room.folder(&writer.to_string()).ok()?;
            let about = folder.about(FILE).ok()?;
            Some((folder.path().join(FILE), (about.size, about.moment, 0)))
        };
        let all: Vec<_> = writers(&room).into_iter().filter_map(said).collect();
        if all
            .iter()
            .all(|(path, now)| self.tried.get(path) == Some(now))
        {
            return Ok(Vec::new());
        }
        let wrong = self.disagreements()?;
        if wrong.is_empty() {
            self.tried.extend(all);
        }
        Ok(wrong)
    }

    /// Where another copy that exchanges here says something else than this one, a sentence each.
    pub(in crate::store) fn disagreements(&self) -> Result<Vec<String>> {
        let (Some(room), Some(book)) = (self.room(), schema::book(&self.conn)?) else {
            return Ok(Vec::new());
        };
        let own = self.own_devices();
        let mut here = None;
        let mut wrong = Vec::new();
        for writer in writers(&room)
            .into_iter()
            .filter(|writer| !own.contains(writer))
        {
            let read = room
                .folder(&writer.to_string())
                .and_then(|folder| folder.read(FILE, MOST));
            let text = read
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .unwrap_or_default();
            let sound = text
                .trim_end()
                .split_once(' ')
                .filter(|(sum, json)| crate::store::outbox::checksum(json) == *sum);
            let Some(theirs) = sound
                .and_then(|(_, json)| serde_json::from_str::<Has>(json).ok())
                .filter(|has| has.book == book)
            else {
                continue;
            };
            let ours = match &here {
                Some(ours) => ours,
                None => here.insert(self.has(book)?),
            };
            for (device, said) in theirs.devices {
                let Some(known) = ours.devices.get(&device).copied() else {
                    continue;
                };
                if said == known || known.count < said.count {
                    continue;
                }
                let known = if known.last == said.last {
                    known
                } else {
                    up_to(&self.conn, device, said.last)?
                };
                if known.count == said.count && known.sum != said.sum {
                    let (numbers, whose, writer) =
                        (said.last, self.whose(device)?, self.whose(writer)?);
                    wrong.push(
                        say!(
                            "agree.copy_other_changes_up",
                            writer = writer,
                            whose = whose,
                            numbers = numbers
                        )
                        .to_string(),
                    );
                }
            }
        }
        Ok(wrong)
    }
}
