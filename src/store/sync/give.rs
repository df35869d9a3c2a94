//! Giving: every batch of one's own is in a bundle of one's own.
//!
//! What a bundle holds is known by the ids of its batches, which `meta` keeps with its length, time and sum (`own/WRITER/FILE`, and
//! the ids under `held/WRITER/FILE`). A bundle that is not as it is kept there is read; one that is damaged is written anew, and what
//! was in one that is gone is given again. So an older copy that is put back, a folder that was lost, and numbers that begin again
//! keep nothing from others. `given/DEVICE` says up to which batch (its integer) all is given, while nothing else is new.
//!
//! One's own are the bundles of every device that the person's outboxes name. Small ones are joined when they are many: first the
//! joined one is on the disk, then the small ones go, so a kill between leaves some twice, which the next time removes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{File, TryLockError};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::heads::ids_of;
use crate::domain::id::Id;
use crate::error::{Error, Result};
use crate::files::Folder;
use crate::store::hash::{Item, LABEL, Tally};
use crate::store::heads::joined;
use crate::store::merge::Source;
use crate::store::{Mode, Store, purge, schema};

use super::bundle::{self, Bundles, Head, Piece, Spot};
use super::{Found, MANY, bundles_in, bundles_of};

/// A bundle with fewer batches than this is small, and more than so many small ones are joined.
const SMALL: usize = 64;

/// More than so many that were joined, and have fewer than [`MANY`] batches, are joined again.
const MIDDLE: usize = 16;

/// A bundle of so many bytes is joined with no other.
const LARGE: u64 = 512 << 10;

/// How closely one's own bundles are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// Their lengths and times.
    Quick,
    /// Their bytes.
    Whole,
    /// What they hold, where something of it was purged.
    Purged,
}

/// What giving did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Given {
    /// Batches that went into new bundles.
    pub given: usize,
    /// Bundles that were damaged and are written anew.
    pub mended: usize,
    /// Bundles without what was purged since they were written.
    pub cleaned: usize,
}

/// A finished batch, as far as bundles are about it.
pub(super) struct Row {
    pub n: i64,
    pub id: Id,
    pub device: Id,
    pub number: i64,
    pub hash: Vec<u8>,
}

const ROW: &str = "SELECT n, id, device, number, coalesce(hash, x'') FROM batch";

fn row_of(r: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        n: r.get(0)?,
        id: Id(r.get(1)?),
        device: Id(r.get(2)?),
        number: r.get(3)?,
        hash: r.get(4)?,
    })
}

/// A bundle of one's own.
struct Mine {
    found: Found,
    sum: String,
    count: usize,
    /// Its batches; `None`: as `meta` has them.
    ids: Option<Vec<Id>>,
    /// It is sound, and the book has all of it: others can take its place.
    whole: bool,
}

/// What was kept of one.
struct Known {
    length: u64,
    changed: i64,
    count: usize,
    sum: String,
}

impl Known {
    fn parse(text: &str) -> Option<Known> {
        let mut parts = text.split(' ');
        Some(Known {
            length: parts.next()?.parse().ok()?,
            changed: parts.next()?.parse().ok()?,
            count: parts.next()?.parse().ok()?,
            sum: parts.next()?.to_owned(),
        })
    }
}

/// One's own bundles, and what is to be kept of them.
struct Shelf {
    book: Id,
    /// The sync folder; none where it is not there.
    room: Option<Arc<Folder>>,
    own: BTreeSet<Id>,
    /// By the writer's folder and the file.
    files: BTreeMap<String, Mine>,
    /// Those that are not as they were known.
    unread: Vec<(Found, Option<Known>)>,
    /// Rows of `meta` to be written.
    set: Vec<(String, Value)>,
    /// Bundles to be forgotten.
    gone: Vec<String>,
    /// Something is not as it was known, so that everything is counted anew.
    anew: bool,
}

impl Found {
    /// The writer's folder and the file.
    pub(super) fn name(&self) -> &str {
        self.key.trim_start_matches("bundle/")
    }

    /// Takes the file away. Gives whether it is.
    fn remove(&self) -> bool {
        matches!(&self.spot, Spot::In { room, writer, name } if room.folder(&writer.to_string()).and_then(|f| f.remove(name)).is_ok())
    }
}

impl Shelf {
    /// Takes a bundle up, and has it kept.
    fn keep(&mut self, mine: Mine) {
        let (found, name) = (&mine.found, mine.found.name().to_owned());
        if let Some(ids) = &mine.ids {
            self.set.push((
                format!("held/{name}"),
                Value::Blob(joined(ids.iter().copied())),
            ));
        }
        let kept = format!(
            "{} {} {} {}",
            found.length, found.changed, mine.count, mine.sum
        );
        self.set.push((format!("own/{name}"), Value::Text(kept)));
        self.set
            .push((found.key.clone(), Value::Text(found.length.to_string())));
        self.gone.retain(|gone| *gone != name);
        self.files.insert(name, mine);
    }

    /// Removes a bundle of which everything stands in others.
    fn remove(&mut self, name: &str) {
        if self.files.get(name).is_some_and(|mine| mine.found.remove()) {
            self.files.remove(name);
            self.set
                .retain(|(key, _)| key.split_once('/').is_none_or(|(_, of)| of != name));
            self.gone.push(name.to_owned());
        }
    }

    /// A name for these numbers that no bundle has, or one that holds nothing.
    fn free_name(
        &self,
        folder: &Folder,
        (writer, device): (Id, Id),
        first: i64,
        last: i64,
    ) -> String {
        let mut nth = 0;
        loop {
            let name = bundle::name((device != writer).then_some(device), first, last, nth);
            let mine = self.files.get(&format!("{writer}/{name}"));
            let free = mine.map_or_else(|| folder.is_free(&name), |mine| mine.count == 0);
            if free {
                return name;
            }
            nth += 1;
        }
    }

    /// Small ones of one writer and device, where they are too many.
    fn many(&self) -> Option<Vec<String>> {
        let mut groups: BTreeMap<(Id, Id), [Vec<String>; 2]> = BTreeMap::new();
        for (name, mine) in &self.files {
            if mine.whole && mine.count > 0 && mine.count < MANY && mine.found.length < LARGE {
                let group = groups
                    .entry((mine.found.writer, mine.found.device))
                    .or_default();
                group[usize::from(mine.count >= SMALL)].push(name.clone());
            }
        }
        groups.into_values().find_map(|[small, middle]| {
            if small.len() > SMALL {
                Some(small)
            } else {
                (middle.len() > MIDDLE).then_some(middle)
            }
        })
    }
}

/// What reading a bundle told.
#[derive(Default)]
pub(super) struct Read {
    /// Its batches whose hashes fit.
    pub ids: Vec<Id>,
    /// Nothing is wrong with it.
    pub sound: bool,
    /// Something in it was purged since it was written.
    pub telling: bool,
    /// Some of it is another's or a newer version's.
    pub strange: bool,
    /// Of its batches those that the book lacks, by their places in `bundles`.
    lacks: Vec<i64>,
    bundles: Bundles,
}

/// Reads a bundle to its end. `purged`: something was ever purged here.
pub(super) fn read(
    conn: &Connection,
    spot: &Spot,
    book: Id,
    purged: bool,
) -> Result<(Read, Vec<String>)> {
    let mut bundles = Bundles::default();
    let told = bundles.add(spot, book)?;
    let mut read = Read {
        sound: told.wrong.is_empty() && told.head.is_some(),
        strange: told.strange,
        ..Read::default()
    };
    let mut ids = BTreeSet::new();
    for n in told.places {
        let (header, hash) = bundles.header(n as i64)?;
        let (mut tally, mut telling) = (Tally::default(), false);
        let mut unsaid = false;
        bundles.items(n as i64, &mut |item| {
            unsaid |= matches!(item, Item::Purged { entity: LABEL, .. });
            telling |= purged && is_telling(conn, &item)?;
            tally.add(&item);
            Ok(())
        })?;
        telling |= purged && !unsaid && purge::is_purged(conn, header.id)?;
        let ours = hash_of(conn, header.id)?;
        if tally.fits(&header, &hash) && (telling || ours.as_ref().is_none_or(|ours| *ours == hash))
        {
            if ids.insert(header.id) && ours.is_none() {
                read.lacks.push(n as i64);
            }
        } else {
            read.sound = false;
        }
        read.telling |= telling;
    }
    read.ids = ids.into_iter().collect();
    read.bundles = bundles;
    Ok((read, told.wrong))
}

/// The item says what was purged here.
fn is_telling(conn: &Connection, item: &Item) -> Result<bool> {
    match item {
        Item::Purged { .. } => Ok(false),
        Item::Changed(changed) if changed.field == purge::FIELD => Ok(false),
        Item::Made(_) | Item::Changed(_) => purge::is_purged(conn, item.id()),
    }
}

pub(super) fn hash_of(conn: &Connection, batch: Id) -> Result<Option<Vec<u8>>> {
    conn.prepare_cached("SELECT coalesce(hash, x'') FROM batch WHERE id = ? AND finished = 1")
        .and_then(|mut s| s.query_row([batch], |r| r.get(0)).optional())
        .map_err(Into::into)
}

/// One process of this machine at a time gives into a folder. Whoever has to wait long goes on: what two give at once stands twice, and
/// that is found.
fn turn(room: &Folder) -> Option<File> {
    let file = room.to_lock().ok()?;
    for _ in 0..50 {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::Error(_)) => break,
        }
    }
    None
}

impl Store {
    /// Every device whose batches and bundles are one's own.
    pub(super) fn own_devices(&self) -> BTreeSet<Id> {
        let mut own = self
            .outbox
            .as_ref()
            .or(self.numbers.as_ref())
            .map(|o| o.own_devices())
            .unwrap_or_default();
        own.extend([self.who.device, self.options.who.device]);
        own
    }

    /// Writes what no bundle has into new ones, when at least so many batches wait. Gives how many were written.
    pub fn give_bundles(&mut self, least: usize) -> Result<usize> {
        Ok(self.give(least, Look::Quick)?.given)
    }

    /// The same, with a look at what was given before.
    pub(super) fn give(&mut self, least: usize, look: Look) -> Result<Given> {
        let mut done = Given::default();
        if !self.syncs() || self.as_of.is_some() || self.read_only.is_some() {
            return Ok(done);
        }
        let Some(book) = schema::book(&self.conn)? else {
            return Ok(done);
        };
        let shelf = self.shelf(book, look)?;
        if !shelf.anew && shelf.many().is_none() && self.ungiven(&shelf)?.is_less_than(least) {
            return Ok(done);
        }
        let own = self.who.device.to_string();
        let _turn = turn(&*self.make_sync_folder()?);
        // Another of ours may have given meanwhile.
        let mut shelf = self.shelf(book, look)?;
        done = self.settle(&mut shelf, look)?;
        let ungiven = self.ungiven(&shelf)?;
        if ungiven.count() >= least.max(1) {
            for (device, rows) in ungiven.waiting {
                done.given += rows.len();
                let mut rows = rows;
                while !rows.is_empty() {
                    let part: Vec<Row> = rows.drain(..rows.len().min(MANY)).collect();
                    self.put_bundle(&mut shelf, (self.who.device, device), part, None, None)?;
                }
            }
            shelf.set.push(ungiven.mark);
        } else if ungiven.waiting.is_empty() {
            shelf.set.push(ungiven.mark);
        } else if shelf.anew {
            shelf.set.push((ungiven.mark.0, Value::Text("0".into())));
        }
        self.join_bundles(&mut shelf)?;
        if shelf.anew {
            self.remove_doubled(&mut shelf)?;
        }
        if let Some(folder) = shelf.room.as_ref().and_then(|room| room.folder(&own).ok()) {
            shelf.set.extend(self.say_what_is_here(&folder, book)?);
        }
        self.remember_shelf(shelf)?;
        Ok(done)
    }

    /// After a purge: one's own bundles that say what was purged are written anew, without it.
    pub(in crate::store) fn rewrite_purged_bundles(&mut self) -> Result<usize> {
        if self.mode == Mode::Memory || self.read_only.is_some() || !purge::any(&self.conn)? {
            return Ok(0);
        }
        // Those that a copy names are the book's.
        let room = if self.may_exchange() {
            self.room()
        } else {
            None
        };
        let (Some(room), Some(book)) = (room, schema::book(&self.conn)?) else {
            return Ok(0);
        };
        let _turn = turn(&room);
        let mut shelf = self.shelf(book, Look::Purged)?;
        let done = self.settle(&mut shelf, Look::Purged)?;
        if shelf.anew {
            // Whether all is given still, the next giving finds out.
            shelf.set.push((self.mark_key(), Value::Text("0".into())));
        }
        self.remember_shelf(shelf)?;
        Ok(done.cleaned)
    }

    fn remember_shelf(&mut self, shelf: Shelf) -> Result<()> {
        if shelf.set.is_empty() && shelf.gone.is_empty() {
            return Ok(());
        }
        self.begin()?;
        let work = self.inside().and_then(|()| {
            for name in &shelf.gone {
                ["own", "held", "bundle"]
                    .iter()
                    .try_for_each(|of| self.forget_meta(&format!("{of}/{name}")))?;
            }
            shelf
                .set
                .iter()
                .try_for_each(|(key, value)| self.put_meta(key, value))
        });
        crate::store::end(&self.conn, work)
    }

    fn mark_key(&self) -> String {
        format!("given/{}", self.who.device)
    }

    /// Looks at one's own bundles.
    fn shelf(&self, book: Id, look: Look) -> Result<Shelf> {
        let (room, own) = (self.room(), self.own_devices());
        let mut shelf = Shelf {
            book,
            room,
            own,
            files: BTreeMap::new(),
            unread: Vec::new(),
            set: Vec::new(),
            gone: Vec::new(),
            anew: false,
        };
        let mut known = self.known_own(&shelf.own)?;
        let buried = if look == Look::Purged {
            self.batches_with_purged()?
        } else {
            HashSet::new()
        };
        let mine = shelf
            .room
            .as_ref()
            .map(|room| bundles_of(room, |writer| shelf.own.contains(&writer)));
        for found in mine.unwrap_or_default() {
            let was = known.remove(found.name());
            let same = was.as_ref().is_some_and(|was| match look {
                Look::Whole => {
                    was.length == found.length
                        && bundle::sum(&found.spot).is_ok_and(|sum| sum == was.sum)
                }
                Look::Quick | Look::Purged => {
                    (was.length, was.changed) == (found.length, found.changed)
                }
            });
            let same = same
                && (buried.is_empty()
                    || !self
                        .held(found.name())?
                        .iter()
                        .any(|id| buried.contains(id)));
            match was {
                Some(Known { sum, count, .. }) if same => {
                    let name = found.name().to_owned();
                    shelf.files.insert(
                        name,
                        Mine {
                            found,
                            sum,
                            count,
                            ids: None,
                            whole: true,
                        },
                    );
                }
                was => shelf.unread.push((found, was)),
            }
        }
        shelf.gone = known.into_keys().collect();
        shelf.anew = !shelf.unread.is_empty() || !shelf.gone.is_empty();
        Ok(shelf)
    }

    /// What is kept of one's own bundles.
    fn known_own(&self, own: &BTreeSet<Id>) -> Result<HashMap<String, Known>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT k, CAST(v AS TEXT) FROM meta WHERE k > 'own/' AND k < 'own0'",
        )?;
        let rows =
            statement.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))?;
        let mut known = HashMap::new();
        for row in rows {
            let (key, text) = row?;
            let name = key.trim_start_matches("own/");
            let writer = name
                .split_once('/')
                .and_then(|(writer, _)| writer.parse().ok());
            if let (true, Some(was)) = (
                writer.is_some_and(|w| own.contains(&w)),
                Known::parse(&text),
            ) {
                known.insert(name.to_owned(), was);
            }
        }
        Ok(known)
    }

    /// The batches that a bundle held when it was last looked at.
    fn held(&self, name: &str) -> Result<Vec<Id>> {
        let held: Option<Vec<u8>> = self
            .conn
            .prepare_cached("SELECT v FROM meta WHERE k = ?")
            .and_then(|mut s| {
                s.query_row([format!("held/{name}")], |r| r.get(0))
                    .optional()
            })?;
        Ok(ids_of(&held.unwrap_or_default()).collect())
    }

    fn ids_in(&self, mine: &Mine) -> Result<Vec<Id>> {
        mine.ids
            .clone()
            .map_or_else(|| self.held(mine.found.name()), Ok)
    }

    /// Everything that one's own bundles hold.
    fn all_held(&self, shelf: &Shelf) -> Result<HashSet<Id>> {
        let mut all = HashSet::new();
        for mine in shelf.files.values() {
            all.extend(self.ids_in(mine)?);
        }
        Ok(all)
    }

    fn batches_with_purged(&self) -> Result<HashSet<Id>> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT id FROM batch WHERE n IN (SELECT batch FROM tombstone)")?;
        let ids = statement.query_map([], |r| r.get(0).map(Id))?;
        ids.collect::<rusqlite::Result<_>>().map_err(Into::into)
    }

    /// The finished batches of a device with these numbers.
    pub(super) fn rows_between(&self, device: Id, first: i64, last: i64) -> Result<Vec<Row>> {
        let query = format!(
            "{row} WHERE device = ? AND number BETWEEN ? AND ? AND finished = 1 ORDER BY number, n LIMIT ?",
            row = ROW
        );
        let mut statement = self.conn.prepare_cached(&query)?;
        let rows = statement.query_map(params![device, first, last, MANY as i64 + 1], row_of)?;
        rows.collect::<rusqlite::Result<_>>().map_err(Into::into)
    }

    fn rows_named(&self, ids: impl Iterator<Item = Id>) -> Result<Vec<Row>> {
        let mut statement = self
            .conn
            .prepare_cached(&format!("{ROW} WHERE id = ? AND finished = 1"))?;
        let mut rows = Vec::new();
        for id in ids {
            rows.extend(statement.query_row([id], row_of).optional()?);
        }
        Ok(rows)
    }

    /// Reads what is not as it was known, and writes anew what is damaged or says what was purged.
    fn settle(&self, shelf: &mut Shelf, look: Look) -> Result<Given> {
        let (mut done, mut wrong) = (Given::default(), Vec::new());
        let purged = purge::any(&self.conn)?;
        for (found, was) in std::mem::take(&mut shelf.unread) {
            let Ok(sum) = bundle::sum(&found.spot) else {
                continue;
            };
            if let Some(was) = was
                .as_ref()
                .filter(|was| look != Look::Purged && was.sum == sum)
            {
                shelf.keep(Mine {
                    count: was.count,
                    found,
                    sum,
                    ids: None,
                    whole: true,
                });
                continue;
            }
            let Ok((read, _)) = read(&self.conn, &found.spot, shelf.book, purged) else {
                continue;
            };
            if !read.sound || read.telling {
                wrong.push((found, was.is_some(), sum, read));
                continue;
            }
            let mine = Mine {
                found,
                sum,
                count: read.ids.len(),
                ids: Some(read.ids),
                whole: read.lacks.is_empty(),
            };
            if mine.whole {
                shelf.keep(mine);
            } else {
                // It is looked at again when the book has more of it.
                shelf.files.insert(mine.found.name().to_owned(), mine);
            }
        }
        if wrong.is_empty() {
            return Ok(done);
        }
        let mut held = self.all_held(shelf)?;
        for (found, was, sum, read) in wrong {
            if read.strange {
                shelf.files.insert(
                    found.name().to_owned(),
                    Mine {
                        found,
                        sum,
                        count: read.ids.len(),
                        ids: Some(read.ids),
                        whole: false,
                    },
                );
                continue;
            }
            let mut ids: BTreeSet<Id> = read.ids.iter().copied().collect();
            if was {
                ids.extend(self.held(found.name())?);
            }
            // A name that says more than a bundle can hold is not one that was given here.
            if !read.sound && found.last.saturating_sub(found.first) < MANY as i64 {
                let between = self.rows_between(found.device, found.first, found.last)?;
                ids.extend(
                    between
                        .into_iter()
                        .map(|row| row.id)
                        .filter(|id| !held.contains(id)),
                );
            }
            let rows = self.rows_named(ids.into_iter().take(MANY))?;
            if rows.is_empty() && read.lacks.is_empty() {
                // An empty file under a name of ours is a tool's; what else stands there somebody may want to look at.
                if found.length == 0 {
                    found.remove();
                }
                continue;
            }
            held.extend(rows.iter().map(|row| row.id));
            let name = found
                .path
                .file_name()
                .map(|n| n.to_string_lossy().into_owned());
            self.put_bundle(shelf, (found.writer, found.device), rows, Some(&read), name)?;
            done.mended += usize::from(!read.sound);
            done.cleaned += usize::from(read.telling);
        }
        Ok(done)
    }

    /// Writes a bundle with these batches of one device into the folder of a writer, and with what the book lacks of the one that it
    /// replaces.
    fn put_bundle(
        &self,
        shelf: &mut Shelf,
        (writer, device): (Id, Id),
        mut rows: Vec<Row>,
        besides: Option<&Read>,
        name: Option<String>,
    ) -> Result<String> {
        rows.sort_unstable_by_key(|row| (row.number, row.n));
        let mut pieces: Vec<Piece<'_>> = rows
            .iter()
            .map(|row| (&self.conn as &dyn Source, row.n))
            .collect();
        let mut batches: Vec<(Id, i64, Vec<u8>)> = rows
            .iter()
            .map(|row| (row.id, row.number, row.hash.clone()))
            .collect();
        if let Some(read) = besides {
            for place in &read.lacks {
                let (header, hash) = read.bundles.header(*place)?;
                pieces.push((&read.bundles, *place));
                batches.push((header.id, header.number, hash));
            }
        }
        let numbers = batches.iter().map(|b| b.1);
        let (Some(first), Some(last)) = (numbers.clone().min(), numbers.max()) else {
            return Ok(String::new());
        };
        let room = shelf
            .room
            .clone()
            .ok_or_else(|| Error::failed(say!("give.sync_folder_gone")))?;
        let cannot = |e| {
            Error::failed(say!(
                "give.cannot_made",
                path = room.path().join(writer.to_string()).display()
            ))
            .because(e)
        };
        let folder = room
            .make_folder(
                &writer.to_string(),
                if room.is_groups() { 0o2770 } else { 0o700 },
            )
            .map_err(cannot)?;
        let name = name.unwrap_or_else(|| shelf.free_name(&folder, (writer, device), first, last));
        let sum = bundle::sum_of(batches.iter().map(|b| (b.0, &b.2[..])));
        let head = Head {
            format: bundle::FORMAT,
            book: shelf.book,
            zone: self.meta("zone"),
            device,
            first,
            last,
            sum: Some(sum),
        };
        let (length, sum) = self.snapshot(|_| bundle::write(&folder, &name, &head, &pieces))?;
        let found = Found::look(&room, &folder, writer, name.clone());
        let found = found.ok_or_else(|| {
            Error::failed(say!(
                "give.not_as_written",
                path = folder.path().join(&name).display()
            ))
        })?;
        let (found, name) = (
            Found {
                device,
                first,
                last,
                length,
                ..found
            },
            format!("{writer}/{name}"),
        );
        let ids: Vec<Id> = batches.iter().map(|b| b.0).collect();
        let mine = Mine {
            found,
            sum,
            count: ids.len(),
            ids: Some(ids),
            whole: rows.len() == batches.len(),
        };
        if mine.whole {
            shelf.keep(mine);
        } else {
            shelf.files.insert(name.clone(), mine);
        }
        Ok(name)
    }

    /// What no bundle has: one's own batches, and those of devices that have no folder.
    fn ungiven(&self, shelf: &Shelf) -> Result<Ungiven> {
        let mut devices = shelf.own.clone();
        devices.extend(self.devices()?.into_iter().filter(|d| {
            !shelf
                .room
                .as_ref()
                .is_some_and(|room| room.has_folder(&d.to_string()))
        }));
        let mut print = blake3::Hasher::new();
        devices.iter().for_each(|device| {
            print.update(&device.0);
        });
        let print = print.finalize().to_hex()[..16].to_owned();
        let said = self.meta(&self.mark_key()).filter(|_| !shelf.anew);
        let from = said
            .as_deref()
            .and_then(|said| said.split_once(' '))
            .filter(|(_, of)| *of == print);
        let from: i64 = from.and_then(|(n, _)| n.parse().ok()).unwrap_or(0);
        let mut held = if from == 0 {
            self.all_held(shelf)?
        } else {
            HashSet::new()
        };
        let mut statement = self
            .conn
            .prepare_cached(&format!("{ROW} WHERE n > ? AND finished = 1 ORDER BY n"))?;
        let (mut waiting, mut top): (BTreeMap<Id, Vec<Row>>, i64) = (BTreeMap::new(), from);
        for row in statement.query_map([from], row_of)? {
            let row = row?;
            top = row.n;
            if devices.contains(&row.device) && !held.contains(&row.id) {
                waiting.entry(row.device).or_default().push(row);
            }
        }
        // Of a device without a folder somebody else may have given it.
        if waiting.keys().any(|device| !shelf.own.contains(device)) {
            let theirs = |f: &Found| {
                f.writer != f.device
                    && waiting.contains_key(&f.device)
                    && !shelf.own.contains(&f.writer)
            };
            for found in shelf
                .room
                .as_ref()
                .map(bundles_in)
                .unwrap_or_default()
                .iter()
                .filter(|f| theirs(f))
            {
                held.extend(
                    read(&self.conn, &found.spot, shelf.book, false)
                        .map(|(read, _)| read.ids)
                        .unwrap_or_default(),
                );
            }
            waiting
                .iter_mut()
                .filter(|(d, _)| !shelf.own.contains(d))
                .for_each(|(_, rows)| rows.retain(|row| !held.contains(&row.id)));
            waiting.retain(|_, rows| !rows.is_empty());
        }
        Ok(Ungiven {
            waiting,
            mark: (self.mark_key(), Value::Text(format!("{top} {print}"))),
            behind: top - from > MOST_BEHIND,
        })
    }

    /// The devices whose batches the book has, each by one step in the index.
    fn devices(&self) -> Result<Vec<Id>> {
        let query = "WITH RECURSIVE one (device) AS (SELECT min(device) FROM batch UNION ALL
             SELECT (SELECT min(device) FROM batch WHERE device > one.device) FROM one WHERE one.device IS NOT NULL)
             SELECT device FROM one WHERE device IS NOT NULL";
        let mut statement = self.conn.prepare_cached(query)?;
        let devices = statement.query_map([], |r| r.get(0).map(Id))?;
        devices.collect::<rusqlite::Result<_>>().map_err(Into::into)
    }

    /// Joins small bundles where they are many.
    fn join_bundles(&self, shelf: &mut Shelf) -> Result<()> {
        while let Some(small) = shelf.many() {
            let (mut ids, mut whose) = (BTreeSet::new(), None);
            for mine in small.iter().filter_map(|name| shelf.files.get(name)) {
                ids.extend(self.ids_in(mine)?);
                whose = Some((mine.found.writer, mine.found.device));
            }
            let Some((writer, device)) = whose else {
                return Ok(());
            };
            let mut rows = self.rows_named(ids.iter().copied())?;
            if rows.len() < ids.len() {
                // The book lacks some of it all the same: they stay as they are.
                return Ok(());
            }
            rows.sort_unstable_by_key(|row| (row.number, row.n));
            let mut written = BTreeSet::new();
            while !rows.is_empty() {
                let part: Vec<Row> = rows.drain(..rows.len().min(MANY)).collect();
                written.insert(self.put_bundle(shelf, (writer, device), part, None, None)?);
            }
            for name in small.iter().filter(|name| !written.contains(*name)) {
                shelf.remove(name);
            }
            // One that could not be removed would be joined again and again.
            if small
                .iter()
                .any(|name| !written.contains(name) && shelf.files.contains_key(name))
            {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Removes bundles of which others have every batch: of a kill while they were joined, or of two that gave at once.
    fn remove_doubled(&self, shelf: &mut Shelf) -> Result<()> {
        let mut holders: HashMap<Id, usize> = HashMap::new();
        let mut all = Vec::new();
        for (name, mine) in shelf
            .files
            .iter()
            .filter(|(_, mine)| mine.whole && mine.count > 0)
        {
            let ids = self.ids_in(mine)?;
            ids.iter()
                .for_each(|id| *holders.entry(*id).or_default() += 1);
            all.push((ids, name.clone()));
        }
        all.sort_by_key(|(ids, name)| (ids.len(), name.clone()));
        for (ids, name) in all {
            if ids.iter().all(|id| holders.get(id).is_some_and(|n| *n > 1)) {
                ids.iter()
                    .for_each(|id| *holders.entry(*id).or_default() -= 1);
                shelf.remove(&name);
            }
        }
        Ok(())
    }

    /// How many batches of one's own stand in no bundle, though all is read anew.
    pub(super) fn waits(&self, book: Id, held: &HashSet<Id>) -> Result<usize> {
        let mut shelf = self.shelf(book, Look::Quick)?;
        shelf.anew = true;
        let waiting = self.ungiven(&shelf)?.waiting;
        Ok(waiting
            .values()
            .flatten()
            .filter(|row| !held.contains(&row.id))
            .count())
    }
}

/// What no bundle has, by device, and what is kept when it is given.
struct Ungiven {
    waiting: BTreeMap<Id, Vec<Row>>,
    mark: (String, Value),
    /// So much that is others' was passed over that it is worth to be kept.
    behind: bool,
}

/// Batches of others that are passed over each time.
const MOST_BEHIND: i64 = 500;

impl Ungiven {
    fn is_less_than(&self, least: usize) -> bool {
        !self.behind && self.count() < least.max(1)
    }

    fn count(&self) -> usize {
        self.waiting.values().map(Vec::len).sum()
    }
}
