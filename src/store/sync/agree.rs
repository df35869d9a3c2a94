//! Whether copies agree: each says beside its bundles, in a file `has`, what it has of every device, as a count and a sum over ids and
//! hashes. Of equal counts up to one number the sums have to be equal. Where they are not, two batches stand under one id, or one of the
//! two files was changed: no exchange mends that, so it is told.
//!
//! A sum is one of 128 bits over the digests of the batches, in whatever order these came, so what is new is added to it.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::domain::id::Id;
use crate::error::Result;
use crate::files::Folder;
use crate::store::{Store, hash, schema, sql};

use super::bundles_in;

/// The name of the file.
pub(super) const FILE: &str = "has";

/// Most bytes of one: some ten thousand devices.
const MOST: u64 = 1 << 20;

/// What a copy has of one device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Count {
    /// So many batches.
    count: i64,
    /// The greatest number among them.
    last: i64,
    /// Over their ids and hashes.
    sum: u128,
}

impl Count {
    fn add(&mut self, number: i64, id: &[u8], hash: &[u8]) {
        self.count += 1;
        self.last = self.last.max(number);
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(hash::digest(&[id, hash].concat())));
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
    devices: BTreeMap<String, Counted>,
}

/// As it stands in the file: a number of 128 bits is none of JSON's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Counted {
    count: i64,
    last: i64,
    sum: String,
}

impl Has {
    fn of(&self, device: &str) -> Option<Count> {
        let found = self.devices.get(device)?;
        Some(Count { count: found.count, last: found.last, sum: u128::from_str_radix(&found.sum, 16).ok()? })
    }
}

/// Counts what came since it was counted last.
fn counted(conn: &Connection, mut has: Has) -> Result<Has> {
    let query = "SELECT n, device, number, id, coalesce(hash, x'') FROM batch WHERE n > ? AND finished = 1 ORDER BY n";
    let mut statement = conn.prepare_cached(query).map_err(sql)?;
    let mut rows = statement.query([has.upto]).map_err(sql)?;
    let mut new: BTreeMap<String, Count> = BTreeMap::new();
    while let Some(r) = rows.next().map_err(sql)? {
        has.upto = r.get(0).map_err(sql)?;
        let device = Id(r.get(1).map_err(sql)?).to_string();
        let known = new.entry(device.clone()).or_insert_with(|| has.of(&device).unwrap_or_default());
        let bytes = |at: usize| r.get_ref(at).map_err(sql).map(|v| v.as_blob().unwrap_or_default());
        known.add(r.get(2).map_err(sql)?, bytes(3)?, bytes(4)?);
    }
    for (device, count) in new {
        has.devices.insert(device, Counted { count: count.count, last: count.last, sum: format!("{:032x}", count.sum) });
    }
    Ok(has)
}

/// What is here of a device up to a number.
fn up_to(conn: &Connection, device: &str, last: i64) -> Result<Count> {
    let mut count = Count::default();
    let Ok(device) = device.parse::<Id>() else { return Ok(count) };
    let query = "SELECT number, id, coalesce(hash, x'') FROM batch WHERE device = ? AND number <= ? AND finished = 1";
    let mut statement = conn.prepare_cached(query).map_err(sql)?;
    let mut rows = statement.query(params![device, last]).map_err(sql)?;
    while let Some(r) = rows.next().map_err(sql)? {
        let bytes = |at: usize| r.get_ref(at).map_err(sql).map(|v| v.as_blob().unwrap_or_default());
        count.add(r.get(0).map_err(sql)?, bytes(1)?, bytes(2)?);
    }
    Ok(count)
}

impl Store {
    /// What is here, counted from what was kept: `meta` has it under `has`.
    fn has(&self, book: Id) -> Result<Has> {
        let top = self.last_batch()?;
        let kept = self.meta("has").and_then(|text| serde_json::from_str::<Has>(&text).ok());
        let kept = kept.filter(|has| has.book == book && has.upto <= top);
        counted(&self.conn, kept.unwrap_or_else(|| Has { book, ..Has::default() }))
    }

    /// Says in one's own folder what this copy has. Gives what is to be kept of it.
    pub(super) fn say_what_is_here(&self, book: Id) -> Result<Option<(String, Value)>> {
        let folder = self.sync_folder().join(self.who.device.to_string());
        let has = self.has(book)?;
        let Ok(text) = serde_json::to_string(&has) else { return Ok(None) };
        let said = format!("{} {text}\n", crate::store::outbox::checksum(&text));
        let mode = super::mode_of(&folder, 0o600, 0o660);
        // Nobody has to have it: what cannot be said now is said with the next exchange.
        let draft = format!(".{FILE}.{}.tmp", std::process::id());
        let written = Folder::open(&folder).and_then(|folder| folder.write(FILE, &draft, said.as_bytes(), mode));
        Ok(written.is_ok().then_some(("has".to_owned(), Value::Text(text))))
    }

    /// The same, where others have said something new since they were asked last.
    pub(super) fn new_disagreements(&mut self) -> Result<Vec<String>> {
        let folder = self.sync_folder();
        let said = |writer: Id| {
            let path = folder.join(writer.to_string()).join(FILE);
            let about = std::fs::symlink_metadata(&path).ok()?;
            Some((path, (about.len(), super::changed_at(&about), 0)))
        };
        let writers: std::collections::BTreeSet<Id> = bundles_in(&folder).into_iter().map(|f| f.writer).collect();
        let all: Vec<_> = writers.into_iter().filter_map(said).collect();
        if all.iter().all(|(path, now)| self.tried.get(path) == Some(now)) {
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
        let (folder, Some(book)) = (self.sync_folder(), schema::book(&self.conn)?) else { return Ok(Vec::new()) };
        let own = self.own_devices();
        let writers: std::collections::BTreeSet<Id> = bundles_in(&folder).into_iter().map(|f| f.writer).collect();
        let mut here = None;
        let mut wrong = Vec::new();
        for writer in writers.into_iter().filter(|writer| !own.contains(writer)) {
            let read = Folder::open(&folder.join(writer.to_string())).and_then(|folder| folder.read(FILE, MOST));
            let text = read.ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
            let sound = text.trim_end().split_once(' ').filter(|(sum, json)| crate::store::outbox::checksum(json) == *sum);
            let Some(theirs) = sound.and_then(|(_, json)| serde_json::from_str::<Has>(json).ok()).filter(|has| has.book == book) else {
                continue;
            };
            let ours = match &here {
                Some(ours) => ours,
                None => here.insert(self.has(book)?),
            };
            for device in theirs.devices.keys() {
                let (Some(said), Some(known)) = (theirs.of(device), ours.of(device)) else { continue };
                if said == known || known.count < said.count {
                    continue;
                }
                let known = if known.last == said.last { known } else { up_to(&self.conn, device, said.last)? };
                if known.count == said.count && known.sum != said.sum {
                    let whose = device.parse().map_or_else(|()| Ok(device.clone()), |device| self.whose(device))?;
                    let (numbers, writer) = (said.last, self.whose(writer)?);
                    wrong.push(format!(
                        "the copy of {writer} has other changes of {whose} up to number {numbers} than this one: `retain merge` with that \
                         copy names them"
                    ));
                }
            }
        }
        Ok(wrong)
    }
}
