//! What the sync folder looks like: for `doctor`, and for whoever has purged something.

use std::collections::{BTreeMap, HashSet};
use std::io;

use rusqlite::OptionalExtension;

use crate::domain::id::Id;
use crate::error::Result;
use crate::files::{About, Folder, Sort};
use crate::store::{Mode, Store, purge, schema, search, strange};

use super::{agree, bundle, bundles_in, give, writers};

/// What of a folder is strange, in the order of names.
fn of_folder(folder: &Folder, is_strange: impl Fn(&str, About) -> bool) -> Vec<String> {
    let mut names = folder.names().unwrap_or_default();
    names.sort();
    let about = |name: &String| {
        folder
            .about(name)
            .ok()
            .filter(|about| is_strange(name, *about))
    };
    names
        .iter()
        .filter_map(|name| Some(strange::words(&folder.path().join(name), about(name)?)))
        .collect()
}

/// Every bundle in the folder was read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Examined {
    /// How many there are.
    pub bundles: usize,
    /// What is wrong with one, a sentence each.
    pub wrong: Vec<String>,
    /// How many of each writer say what was purged here.
    pub telling: BTreeMap<Id, usize>,
    /// Batches of one's own that are in none.
    pub waiting: usize,
    /// Batches of others who have a folder that are in none: theirs to give.
    pub others: usize,
}

impl Store {
    /// Reads every bundle in the sync folder; `None` where there is no folder.
    pub(in crate::store) fn examine_bundles(&self) -> Result<Option<Examined>> {
        let room = Some(self.mode != Mode::Memory && self.may_exchange())
            .filter(|may| *may)
            .and_then(|_| self.room());
        let (Some(room), Some(book)) = (room, schema::book(&self.conn)?) else {
            return Ok(None);
        };
        let (own, purged) = (self.own_devices(), purge::any(&self.conn)?);
        let (mut found, mut held, mut all) = (Examined::default(), HashSet::new(), HashSet::new());
        for one in bundles_in(&room) {
            found.bundles += 1;
            let said = match give::read(&self.conn, &one.spot, book, purged) {
                Ok((read, said)) => {
                    *found.telling.entry(one.writer).or_default() += usize::from(read.telling);
                    let unfit = if read.sound || !said.is_empty() {
                        None
                    } else {
                        Some(say!("examine.what_says_not_what").to_string())
                    };
                    all.extend(read.ids.iter().copied());
                    if own.contains(&one.writer) {
                        held.extend(read.ids);
                    }
                    said.into_iter().chain(unfit).collect()
                }
                Err(error) => vec![error.message.to_string()],
            };
            if !said.is_empty() {
                let again = if own.contains(&one.writer) {
                    say!("examine.retain_sync_writes_anew")
                } else {
                    crate::sentence::Sentence::default()
                };
                found.wrong.push(
                    say!(
                        "examine.bundle",
                        one = one.name(),
                        writer = self.whose(one.writer)?,
                        said = said.join(", "),
                        again = again
                    )
                    .to_string(),
                );
            }
        }
        found.telling.retain(|_, count| *count > 0);
        if self.syncs() {
            found.waiting = self.waits(book, &held)?;
            let mut statement = self
                .conn
                .prepare_cached("SELECT id, device FROM batch WHERE finished = 1")?;
            let rows = statement.query_map([], |r| Ok((Id(r.get(0)?), Id(r.get(1)?))))?;
            let mut writers: BTreeMap<Id, bool> = BTreeMap::new();
            for row in rows {
                let (id, device) = row?;
                let theirs = || !own.contains(&device) && room.has_folder(&device.to_string());
                found.others += usize::from(
                    !all.contains(&id) && *writers.entry(device).or_insert_with(theirs),
                );
            }
        }
        Ok(Some(found))
    }

    /// What stands in the sync folder under a name of ours and is nothing that a copy has written, and pipes, a sentence each. What else
    /// git and tools leave there is no business of ours.
    pub(in crate::store) fn strange_in_sync_folder(&self) -> Vec<String> {
        if !self.syncs() {
            return Vec::new();
        }
        let room = match self.opened_room() {
            Ok(room) => room,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(e) => return vec![e.to_string()],
        };
        let is_writer = |name: &str| name.parse::<Id>().is_ok();
        let in_room = of_folder(&room, |name, about| match about.sort {
            Sort::Folder => false,
            Sort::Other => true,
            Sort::Regular | Sort::Link => is_writer(name) || bundle::named(name).is_some(),
        });
        let of_writers = writers(&room, |_| true).flat_map(|(_, folder)| {
            of_folder(&folder, |name, about| {
                let ours = bundle::named(name).is_some() || name == agree::FILE;
                match about.sort {
                    Sort::Regular => name == agree::FILE && about.size > agree::MOST,
                    Sort::Folder => ours,
                    Sort::Link => ours || !name.starts_with('.'),
                    Sort::Other => true,
                }
            })
        });
        strange::few(in_room.into_iter().chain(of_writers), room.path())
    }

    /// Bundles that still say what was purged, a sentence a writer: only who wrote a bundle writes it anew.
    pub(in crate::store) fn bundles_that_tell(&self) -> Result<Vec<String>> {
        if !purge::any(&self.conn)? {
            return Ok(Vec::new());
        }
        self.examine_bundles()?
            .map_or_else(|| Ok(Vec::new()), |found| self.words_of_telling(&found))
    }

    pub(in crate::store) fn words_of_telling(&self, found: &Examined) -> Result<Vec<String>> {
        let own = self.own_devices();
        let mut all = Vec::new();
        for (writer, count) in &found.telling {
            let (bundles, have, them) = if *count == 1 {
                ("bundle", "has", "it")
            } else {
                ("bundles", "have", "them")
            };
            let way = if own.contains(writer) {
                say!("examine.retain_purge_sweep_writes", them = them)
            } else {
                say!("examine.copy_writes_anew_at", them = them, writer = writer)
            };
            let whose = self.whose(*writer)?;
            all.push(
                say!(
                    "examine.sync_folder_still_something",
                    count = count,
                    bundles = bundles,
                    whose = whose,
                    have = have,
                    way = way
                )
                .to_string(),
            );
        }
        Ok(all)
    }

    /// Who writes on a device, and which it is.
    pub(super) fn whose(&self, device: Id) -> Result<String> {
        let person: Option<String> = self
            .conn
            .prepare_cached(
                "SELECT person FROM batch WHERE device = ? ORDER BY number DESC LIMIT 1",
            )
            .and_then(|mut s| {
                s.query_row([device], |r| search::text_at_raw(r, 0))
                    .optional()
            })?;
        Ok(person.map_or_else(
            || format!("device {device}"),
            |person| format!("{person} (device {device})"),
        ))
    }
}
