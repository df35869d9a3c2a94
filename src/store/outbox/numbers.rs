//! The names and numbers under which a person's changes are written: all names that are one's own, and numbers that are kept where
//! the changes themselves are not.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use rusqlite::Connection;

use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::Result;
use crate::files;
use crate::store::open::{Identity, identity_of};
use crate::store::transact::has_batch;
use crate::store::{Store, roll_back};

use super::{Added, Contents, Line, Outbox, read_line};

/// What a store knows of its outbox, to which other processes of the same person add.
#[derive(Debug, Default)]
pub struct Known {
    /// So many bytes of this file are looked through.
    size: u64,
    file: Option<Identity>,
    /// Batches in them, with their numbers, that the book does not have and that could not be written.
    lacking: Vec<(Id, i64)>,
}

impl Known {
    /// All of it up to there is in the book, or told.
    pub(super) fn upto(all: &Contents) -> Known {
        Known {
            size: all.size,
            file: all.identity,
            lacking: Vec::new(),
        }
    }

    /// One's own line, which stands in the book, need not be looked at.
    pub(in crate::store) fn take_own(&mut self, added: Option<&Added>) {
        if let Some(added) = added.filter(|a| a.bytes.start == self.size) {
            self.size = added.bytes.end;
        }
    }

    /// The greatest number that a batch has which the book lacks; 0: none.
    pub(in crate::store) fn number(&self) -> i64 {
        self.lacking.iter().map(|lacks| lacks.1).max().unwrap_or(0)
    }
}

/// Above this size numbers alone are written anew, one line a device.
const LIMIT: u64 = 1 << 16;

impl Outbox {
    /// Every name under which this person has written a book on this machine: a book that was moved has an outbox of another name,
    /// and one that was put back has had several names.
    pub fn own_devices(&self) -> BTreeSet<Id> {
        let (mut own, mut marked, mut others) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for entry in self
            .file
            .parent()
            .and_then(|folder| fs::read_dir(folder).ok())
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry.path().extension().is_none_or(|x| x != "outbox") {
                continue;
            }
            let mut bytes = Vec::new();
            if files::open(&entry.path())
                .and_then(|mut file| file.read_to_end(&mut bytes))
                .is_err()
            {
                continue;
            }
            for line in bytes.split(|b| *b == b'\n').filter(|l| names_a_device(l)) {
                match read_line(line) {
                    Some(Line::Device { base, device, .. }) if base == self.base => {
                        own.insert(device)
                    }
                    Some(Line::Device { device, .. }) => others.insert(device),
                    Some(Line::Mark { device, .. }) => marked.insert(device),
                    _ => false,
                };
            }
        }
        // Earlier versions kept of former names the marks only. Those of a home that was copied here are the other machine's.
        own.extend(marked.difference(&others));
        own
    }

    /// The outboxes of this person for files that are not at their place any more: a book that was moved has left one behind. That of a
    /// book that is still there is that book's.
    pub(in crate::store) fn left_behind(&self) -> Vec<Outbox> {
        let mut found = Vec::new();
        for entry in self
            .file
            .parent()
            .and_then(|folder| fs::read_dir(folder).ok())
            .into_iter()
            .flatten()
            .flatten()
        {
            let file = entry.path();
            if file == self.file || file.extension().is_none_or(|x| x != "outbox") {
                continue;
            }
            // Whose it is stands in its first line.
            let Some(first) = files::open(&file)
                .ok()
                .and_then(|f| BufReader::new(f).split(b'\n').next()?.ok())
            else {
                continue;
            };
            if let Some(Line::Device { path, base, .. }) = read_line(&first)
                && base == self.base
                && matches!(Path::new(&path).try_exists(), Ok(false))
            {
                found.push(Outbox {
                    file,
                    path,
                    base,
                    limit: self.limit,
                });
            }
        }
        found.sort_by(|a, b| a.file.cmp(&b.file));
        found
    }

    /// The lines behind those that are known. A file that was written anew is read from its beginning.
    fn lines_behind(&self, known: &mut Known) -> std::io::Result<Vec<Line>> {
        let mut file = match fs::File::open(&self.file) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let (size, identity) = (file.metadata()?.len(), identity_of(&file));
        if size < known.size || identity != known.file {
            *known = Known {
                file: identity,
                ..Known::default()
            };
        }
        if size == known.size {
            return Ok(Vec::new());
        }
        file.seek(SeekFrom::Start(known.size))?;
        let mut bytes = Vec::new();
        file.take(size - known.size).read_to_end(&mut bytes)?;
        // A line that has no end yet is looked at when it has one.
        bytes.truncate(
            bytes
                .iter()
                .rposition(|b| *b == b'\n')
                .map_or(0, |end| end + 1),
        );
        known.size += bytes.len() as u64;
        Ok(bytes.split(|b| *b == b'\n').filter_map(read_line).collect())
    }

    /// Notes which number the batch with the integer `n` has.
    pub fn mark(&self, conn: &Connection, n: i64) -> Result<()> {
        let line = conn
            .prepare_cached("SELECT device, number, id FROM batch WHERE n = ?")
            .and_then(|mut s| {
                s.query_row([n], |r| {
                    Ok(Line::Mark {
                        device: Id(r.get(0)?),
                        number: r.get(1)?,
                        last: Id(r.get(2)?),
                    })
                })
            })?;
        self.add_soon(&[line]).map(|_| ())
    }
}

/// The line may be one that has nothing but names and numbers. Others are not parsed, since they have whole changes.
fn names_a_device(line: &[u8]) -> bool {
    let starts = |with: &str| {
        line.get(17..)
            .is_some_and(|json| json.starts_with(with.as_bytes()))
    };
    starts("{\"line\":\"device\"") || starts("{\"line\":\"mark\"")
}

impl Store {
    /// Goes on with the name and the numbers that are kept of this copy, where its changes are not. A book that is behind them gets a
    /// new name.
    pub(in crate::store) fn go_on_numbering(&mut self) {
        let Some(numbers) = self.numbers.clone().filter(|_| self.read_only.is_none()) else {
            return;
        };
        let gone_on = numbers.read().and_then(|all| {
            if let Some(last) = all.last {
                self.ids.go_on_after(last);
            }
            if let Some(device) = all.device {
                self.who.device = device;
                self.named = true;
            }
            self.new_epoch_if_behind(&all)?;
            if all.size > LIMIT && all.entries.is_empty() {
                numbers.drop_lines(&HashSet::new())
            } else {
                Ok(())
            }
        });
        if gone_on.is_err() {
            self.name_for_this_time(Stamp(0));
        }
    }

    /// A name that holds until the book is closed: where none can be kept, no number may be given under one that others know.
    pub(in crate::store) fn name_for_this_time(&mut self, now: Stamp) {
        self.who.device = self.ids.next(now);
        self.named = true;
    }

    /// Takes the lock for a batch. What another process of this person has put into the outbox and not into the book, because it was
    /// killed between the two, comes first: its numbers are given. What cannot be written keeps its number all the same.
    pub(in crate::store) fn begin_behind_others(&mut self) -> Result<()> {
        self.begin()?;
        let left = self
            .guard()
            .and_then(|()| self.find_signer())
            .and_then(|()| self.others_left());
        if matches!(left, Ok(false)) {
            return Ok(());
        }
        roll_back(&self.conn);
        if left? {
            self.try_catch_up();
            self.begin()?;
        }
        Ok(())
    }

    /// Others have added changes to the outbox, since it was looked at, that the book does not have. Asked within the lock: nobody is
    /// between the outbox and the COMMIT.
    fn others_left(&mut self) -> Result<bool> {
        let Some(outbox) = self.outbox.as_ref().filter(|_| !self.rehearsing) else {
            return Ok(false);
        };
        // An outbox that cannot be read cannot be written either, which is told there.
        let Ok(lines) = outbox.lines_behind(&mut self.outbox_known) else {
            return Ok(false);
        };
        let mut new = false;
        for line in lines {
            match line {
                Line::Batch(entry)
                    if entry.device == self.who.device && !has_batch(&self.conn, entry.batch)? =>
                {
                    self.outbox_known.lacking.push((entry.batch, entry.number));
                    new = true;
                }
                // What is too large to be kept is not written again, and its number stands for nothing.
                Line::Void { batch } => self.outbox_known.lacking.retain(|lacks| lacks.0 != batch),
                _ => {}
            }
        }
        Ok(new && !self.outbox_known.lacking.is_empty())
    }

    /// Notes the number of a batch where nothing else is kept of it. What cannot be noted is no reason to refuse the change.
    pub(in crate::store) fn keep_number(&self, n: i64) {
        if let Some(numbers) = &self.numbers {
            let _ = numbers.mark(&self.conn, n);
        }
    }
}
