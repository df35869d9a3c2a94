//! The sync folder: copies of a book that never meet exchange bundles of batches through a folder which any tool may carry.
//!
//! Each copy writes files of its own only, and takes those of others through the same door as a merge. Which bundles a book
//! knows is kept in the book with what they brought, so that an older copy that is put back takes them again. What one's own hold
//! is known by the ids of batches (`give`), never by their names.

mod agree;
pub(super) mod bundle;
mod examine;
mod give;
mod hold;
mod yes;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{OptionalExtension, ToSql, params};

use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::files::{self, Folder, Sort};

use super::merge::theirs::ANOTHER;
use super::merge::{self, NOT_WHOLE, Source as _};
use super::{Mode, Options, Store, purge, schema, sign};
use bundle::{Bundles, Head, Spot};
use give::Look;
pub(super) use hold::hold_anew;
pub use hold::{Held, waiting as held};
pub use yes::Part;

/// So many batches that wait make a bundle at once.
pub const MANY: usize = 1000;

/// One change in the activity list: who, what, when.
pub type News = (String, String, Stamp);

/// What an exchange did.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Exchanged {
    /// Batches that went into new bundles.
    pub given: usize,
    /// Bundles of one's own that were damaged and are written anew.
    pub mended: usize,
    /// Batches that came.
    pub taken: usize,
    /// Fields that are conflicts now.
    pub conflicts: usize,
    /// Something was purged elsewhere, and so here.
    pub purged: bool,
    /// What others did, for the message bar.
    pub news: Vec<News>,
    /// Purges of others that wait, a sentence each.
    pub held: Vec<String>,
    /// Purges of others that were carried out, a sentence each.
    pub carried_out: Vec<String>,
    /// What is wrong with bundles: told once by a session, tried again later.
    pub wrong: Vec<String>,
}

/// What a session remembers of bundles that it could not take whole: length, time of change, and the book's last batch then.
pub type Tried = HashMap<PathBuf, (u64, i64, i64)>;

/// What an exchange could not take: the file, its length and time of change then, and why.
pub(super) struct LeftOut {
    path: PathBuf,
    was: Option<(u64, i64)>,
    pub(super) words: String,
}

impl LeftOut {
    /// The file is there as it was.
    pub(super) fn stands(&self) -> bool {
        match self.was {
            None => self.path.exists(),
            Some(was) => {
                files::about(&self.path).is_ok_and(|about| was == (about.size, about.moment))
            }
        }
    }
}

#[cfg(unix)]
pub(super) fn changed_at(about: &fs::Metadata) -> i64 {
    use std::os::unix::fs::MetadataExt;
    about
        .mtime()
        .wrapping_mul(1_000_000_000)
        .wrapping_add(about.mtime_nsec())
}

#[cfg(not(unix))]
pub(super) fn changed_at(_about: &fs::Metadata) -> i64 {
    0
}

/// A bundle in the folder.
#[derive(Clone)]
struct Found {
    spot: Spot,
    path: PathBuf,
    key: String,
    /// Who has written it: the name of its folder.
    writer: Id,
    /// Whose batches, as its name says.
    device: Id,
    first: i64,
    last: i64,
    length: u64,
    /// When it was changed last, as a number to compare; 0 where the system does not say.
    changed: i64,
}

impl Found {
    /// A file of a writer under a name of a bundle; no link is one, no pipe, no folder.
    fn look(room: &Arc<Folder>, folder: &Folder, writer: Id, name: String) -> Option<Found> {
        let (of, first, last) = bundle::named(&name)?;
        let about = folder
            .about(&name)
            .ok()
            .filter(|about| about.sort == Sort::Regular)?;
        Some(Found {
            path: folder.path().join(&name),
            key: format!("bundle/{writer}/{name}"),
            spot: Spot::In {
                room: room.clone(),
                writer,
                name,
            },
            writer,
            device: of.unwrap_or(writer),
            first,
            last,
            length: about.size,
            changed: about.moment,
        })
    }
}

/// The folders of writers in the sync folder, each open while it is looked at; what a link leads to is none.
fn writers(room: &Folder, whose: impl Fn(Id) -> bool) -> impl Iterator<Item = (Id, Folder)> {
    let names = room.names().unwrap_or_default().into_iter();
    names.filter_map(move |name| {
        let writer = name.parse().ok().filter(|id| whose(*id))?;
        Some((writer, room.folder(&name).ok()?))
    })
}

/// Every bundle in the folder, by name. What is not named like one is no business of ours.
fn bundles_in(room: &Arc<Folder>) -> Vec<Found> {
    bundles_of(room, |_| true)
}

/// The same of some writers.
fn bundles_of(room: &Arc<Folder>, whose: impl Fn(Id) -> bool) -> Vec<Found> {
    let mut found = Vec::new();
    for (writer, folder) in writers(room, whose) {
        let names = folder.names().unwrap_or_default();
        found.extend(
            names
                .into_iter()
                .filter_map(|name| Found::look(room, &folder, writer, name)),
        );
    }
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found
}

/// The head of a bundle of the book that the folder is for: the one of which there are more bundles than of all others together. The
/// others are passed over, as they are at every exchange. Where that tells of none, nobody guesses.
fn book_of(heads: &[Head], folder: &Path) -> Result<Head> {
    let mut books: BTreeMap<Id, (usize, BTreeSet<Id>)> = BTreeMap::new();
    for head in heads {
        let book = books.entry(head.book).or_default();
        book.0 += 1;
        book.1.insert(head.device);
    }
    let most = books
        .iter()
        .find(|(_, (bundles, _))| bundles * 2 > heads.len());
    if let Some(head) = most.and_then(|(book, _)| heads.iter().find(|h| h.book == *book)) {
        return Ok(head.clone());
    }
    let folder = folder.display();
    if books.is_empty() {
        return Err(
            Error::not_found(say!("sync.there_no_bundles", folder = folder))
                .hint(say!("sync.one_retain_sync_names")),
        );
    }
    let error = Error::usage(say!(
        "sync.bundles_books_none_most",
        folder = folder,
        books = books.len()
    ));
    let error = error.hint(say!("sync.move_folders_other_books"));
    Err(books
        .iter()
        .take(8)
        .fold(error, |error, (book, (bundles, devices))| {
            let devices: Vec<String> = devices.iter().map(Id::to_string).collect();
            error.hint(say!(
                "sync.book_bundles",
                book = book,
                bundles = bundles,
                devices = devices.join(", ")
            ))
        }))
}

/// A book of one's own and a team's do not become one by a folder.
fn another_book(words: String, folder: &Path) -> Error {
    Error::usage(words)
        .hint(say!("sync.retain_book_new_db", folder = folder.display()))
        .hint(say!("sync.customers_one_book_come"))
}

/// What the bundles in a folder that the person names begin with.
fn heads_in(folder: &Path) -> Vec<Head> {
    let room = fs::canonicalize(folder)
        .and_then(|folder| Folder::open(&folder))
        .ok()
        .map(Arc::new);
    let found = room.as_ref().map(bundles_in).unwrap_or_default();
    found
        .iter()
        .filter_map(|found| bundle::head(&found.spot))
        .collect()
}

/// The bundle that was known under this key is not in the folder any more, though its writer's is.
fn is_gone(room: &Folder, key: &str) -> bool {
    key.strip_prefix("bundle/")
        .and_then(|name| name.split_once('/'))
        .is_some_and(|(writer, _)| room.has_folder(writer))
}

impl Store {
    /// Whether this file exchanges bundles.
    pub fn syncs(&self) -> bool {
        self.part() == Part::On
    }

    /// Where the bundles are: beside the book, unless another place was named.
    pub fn sync_folder(&self) -> PathBuf {
        self.meta("sync_folder")
            .map_or_else(|| self.folder_beside(), PathBuf::from)
    }

    /// What Retain has made in the sync folder, and the folder itself, where this copy takes part. What else lies there (of git, of
    /// a sync tool) is not named.
    pub fn sync_parts(&self) -> Vec<PathBuf> {
        let Some(room) = self.syncs().then(|| self.room()).flatten() else {
            return Vec::new();
        };
        let said = writers(&room, |_| true).flat_map(|(_, device)| {
            let said = device
                .about(agree::FILE)
                .is_ok_and(|about| about.sort == Sort::Regular);
            [device.path().to_owned()]
                .into_iter()
                .chain(said.then(|| device.path().join(agree::FILE)))
        });
        let bundles = bundles_in(&room).into_iter().map(|found| found.path);
        said.chain(bundles).chain([self.sync_folder()]).collect()
    }

    /// The sync folder, opened. It is a link only where the person has said yes to it; below it no link is followed.
    fn opened_room(&self) -> io::Result<Arc<Folder>> {
        let folder = self.sync_folder();
        let folder = if self.has_yes(&folder) {
            fs::canonicalize(&folder)?
        } else {
            folder
        };
        Folder::open(&folder).map(Arc::new)
    }

    /// The same, where there is one.
    fn room(&self) -> Option<Arc<Folder>> {
        self.opened_room().ok()
    }

    pub(super) fn meta(&self, key: &str) -> Option<String> {
        let found = self
            .conn
            .query_row("SELECT v FROM meta WHERE k = ?", [key], |r| r.get(0))
            .optional();
        found.ok().flatten()
    }

    /// Turns the exchange on or off for this copy; `folder`: another place than beside the book. Who turns it on says yes to the folder.
    pub fn set_sync(&mut self, on: bool, folder: Option<&Path>) -> Result<()> {
        self.writable()?;
        let mut rows = vec![("sync".to_owned(), if on { "on" } else { "off" }.to_owned())];
        if let Some(folder) = folder {
            fs::create_dir_all(folder).map_err(|e| {
                Error::failed(say!("any.cannot_made", folder = folder.display())).because(e)
            })?;
            let folder = fs::canonicalize(folder)
                .map_err(|e| Error::failed(say!("sync.folder_cannot_found")).because(e))?;
            let text = folder
                .to_str()
                .ok_or_else(|| Error::usage(say!("sync.folder_s_name_not")))?;
            rows.push(("sync_folder".to_owned(), text.to_owned()));
        }
        if on {
            let folder = rows
                .get(1)
                .map_or_else(|| self.sync_folder(), |row| PathBuf::from(&row.1));
            self.is_not_of_others(&folder)?;
            self.say_yes(folder)?;
        }
        self.remember(&rows)
    }

    /// Refuses a folder that is another book's alone: neither would ever take anything of the other, and nobody could join it any more.
    fn is_not_of_others(&self, folder: &Path) -> Result<()> {
        let heads = heads_in(folder);
        let own = schema::book(&self.conn)?;
        if heads.is_empty() || heads.iter().any(|head| Some(head.book) == own) {
            return Ok(());
        }
        Err(another_book(
            say!(
                "sync.bundles_another_book_than",
                folder = folder.display(),
                path = self.path.display()
            )
            .to_string(),
            folder,
        ))
    }

    /// Writes rows of `meta`, which belong to this copy alone.
    fn remember(&mut self, rows: &[(String, String)]) -> Result<()> {
        self.begin()?;
        let work = self
            .inside()
            .and_then(|()| rows.iter().try_for_each(|(k, v)| self.put_meta(k, v)));
        super::end(&self.conn, work)
    }

    pub(super) fn put_meta(&self, key: &str, value: impl ToSql) -> Result<()> {
        self.conn
            .prepare_cached(
                "INSERT INTO meta (k, v) VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET v = ?2",
            )
            .and_then(|mut s| s.execute(params![key, value]))?;
        Ok(())
    }

    /// Gives what is new here, and takes what is new there. What fails of it is told and tried again later; what cannot be taken
    /// keeps nothing back that is to be given.
    pub fn exchange(&mut self) -> Result<Exchanged> {
        let taken = self.take_bundles();
        let given = self.give(1, Look::Whole);
        let (mut done, given) = (taken?, given?);
        done.wrong.extend(self.new_disagreements()?);
        (done.given, done.mended) = (given.given, given.mended);
        Ok(done)
    }

    /// Reads within one state of the book.
    pub(super) fn snapshot<T>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> Result<T>,
    ) -> Result<T> {
        let _state = self.conn.unchecked_transaction()?;
        read(&self.conn)
    }

    /// The sync folder, made where it is not there.
    fn make_sync_folder(&self) -> Result<Arc<Folder>> {
        let folder = self.sync_folder();
        let cannot =
            |e| Error::failed(say!("any.cannot_made", folder = folder.display())).because(e);
        match self.opened_room() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let above = folder.parent().unwrap_or(&folder);
                fs::create_dir_all(above).map_err(cannot)?;
                Folder::make(
                    &folder,
                    if super::open::is_groups(above) {
                        0o2770
                    } else {
                        0o700
                    },
                )
                .map(Arc::new)
                .map_err(cannot)
            }
            room => room.map_err(cannot),
        }
    }

    /// Takes what came while nobody had the book open. What is wrong with it is told: the book is there all the same.
    pub fn take_what_came(&mut self) {
        match self.take_bundles() {
            Ok(done) => self.tell_exchange(&done),
            Err(error) => {
                let words = say!("sync.sync_folder_could_not", error = error);
                self.left_out = vec![LeftOut {
                    path: self.sync_folder(),
                    was: None,
                    words: words.to_string(),
                }];
                self.tell_once(words.to_string());
            }
        }
    }

    /// Takes the bundles that this book does not know.
    pub fn take_bundles(&mut self) -> Result<Exchanged> {
        let mut done = Exchanged::default();
        if !self.syncs() || self.read_only.is_some() || self.as_of.is_some() {
            return Ok(done);
        }
        let Some(book) = schema::book(&self.conn)? else {
            return Ok(done);
        };
        let room = self.room();
        let all = room.as_ref().map(bundles_in).unwrap_or_default();
        self.gaps_between(&all, &mut done.wrong)?;
        let mut known = self.known_bundles()?;
        let top = self.last_batch()?;
        // What is left of those that are known is not there any more.
        let fresh: Vec<Found> = all
            .into_iter()
            .filter(|f| {
                known
                    .remove(&f.key)
                    .is_none_or(|length| length != f.length.to_string())
            })
            .collect();
        // What waits for another is tried again when anything is new.
        let due = self.purges_due.is_some_and(|due| due <= self.now);
        if !due
            && fresh.iter().all(|f| {
                self.tried
                    .get(&f.path)
                    .is_some_and(|tried| *tried == (f.length, f.changed, top))
            })
        {
            return Ok(done);
        }
        let mut bundles = Bundles::default();
        let (mut read, mut had) = (Vec::new(), Vec::new());
        for found in fresh {
            // Bundles that were joined bring nothing new to who had them before.
            if self.has_all_of(&found, book)? {
                had.push(found);
                continue;
            }
            match bundles.add(&found.spot, book) {
                Ok(told) => read.push((found, told)),
                Err(error) => done.wrong.push(format!("{error}")),
            }
        }
        if self.brings_settings(&bundles, &bundles.order())? {
            self.ask_before_settings(self.now);
        }
        let purges = self.purges_in(&bundles)?;
        self.purges_due = purges.held.values().map(hold::Held::due).min();
        done.held = purges
            .held
            .values()
            .map(|held| self.words_of_held(held))
            .collect();
        if !purges.due.is_empty() && self.mode != Mode::Memory {
            // What somebody else takes away for ever is to be had once more.
            self.back_up("before-purge", self.now)?;
        }
        self.begin()?;
        let work = self.inside().and_then(|()| {
            self.take_read(&bundles, &purges, &mut read, &mut done)?;
            self.keep_purges(&purges)?;
            had.iter()
                .try_for_each(|found| self.put_meta(&found.key, found.length.to_string()))?;
            let gone = known
                .keys()
                .filter(|key| room.as_ref().is_some_and(|room| is_gone(room, key)));
            gone.into_iter().try_for_each(|key| self.forget_meta(key))
        });
        super::end(&self.conn, work)?;
        done.carried_out = self.words_of_carried_out(&purges)?;
        let top = self.last_batch()?;
        self.left_out.clear();
        for (found, told) in &read {
            self.tried
                .insert(found.path.clone(), (found.length, found.changed, top));
            let file = found.key.trim_start_matches("bundle/");
            // What waits for another batch may be on its way.
            let for_good = told.wrong.iter().filter(|w| !w.ends_with(NOT_WHOLE));
            let was = Some((found.length, found.changed));
            let left = |w: &String| LeftOut {
                path: found.path.clone(),
                was,
                words: format!("the bundle {file}: {w}"),
            };
            self.left_out.extend(for_good.map(left));
            done.wrong.extend(
                told.wrong
                    .iter()
                    .map(|w| say!("sync.bundle_tried_again_later", file = file, w = w).to_string()),
            );
        }
        done.news = self.look()?;
        if done.purged {
            self.forget_purged_outside()?;
        }
        if done.taken > 0 {
            self.catch_up_behind();
        }
        Ok(done)
    }

    /// Within the transaction: takes all that fits, in as many rounds as something more fits. Gives why the rest was left out, by place.
    ///
    /// Of several batches under one id, one is tried after the other: the first may be one that cannot be believed.
    pub(in crate::store) fn take_rounds(
        &mut self,
        bundles: &Bundles,
        purges: &hold::Purges,
        done: &mut Exchanged,
    ) -> Result<BTreeMap<usize, String>> {
        let words = |l: &merge::LeftOut| format!("\"{}\" by {}: {}", l.label, l.person, l.why);
        let all = bundles.order();
        let mut fresh: Vec<(u8, i64)> = Vec::new();
        for n in all.iter().copied() {
            let id = bundles.batch_at(n as usize);
            let waits =
                purges.held.contains_key(&id) && bundles.header(n)?.0.command == purge::COMMAND;
            if !waits && give::hash_of(&self.conn, id)?.is_none() {
                fresh.push((
                    sign::rank(
                        &self.conn,
                        &bundles.header(n)?.0,
                        bundles.proof(n)?.as_ref(),
                    )?,
                    n,
                ));
            }
        }
        fresh.sort_by_key(|(rank, _)| *rank);
        let mut open: HashMap<Id, VecDeque<i64>> = HashMap::new();
        for (_, n) in &fresh {
            open.entry(bundles.batch_at(*n as usize))
                .or_default()
                .push_back(*n);
        }
        let mut left_out: HashMap<i64, String> = HashMap::new();
        // So many rounds changed nothing: when each that waits has had its turn, no more does.
        let mut idle = 0;
        while open.values().any(|said| said.len() > idle) {
            let next = |n: &i64| {
                open.get(&bundles.batch_at(*n as usize))
                    .is_some_and(|said| said.front() == Some(n))
            };
            let left: Vec<i64> = fresh.iter().map(|(_, n)| *n).filter(next).collect();
            let taken = self.take_from(bundles, &left)?;
            done.taken += left.len() - taken.left_out.len();
            done.conflicts += taken.conflicts.len();
            done.purged |= taken.purges;
            idle += 1;
            let mut not: HashMap<Id, &merge::LeftOut> =
                taken.left_out.iter().map(|l| (l.batch, l)).collect();
            for n in left {
                let id = bundles.batch_at(n as usize);
                let Some(l) = not.remove(&id) else {
                    open.remove(&id);
                    idle = 0;
                    continue;
                };
                left_out.insert(n, words(l));
                if let Some(said) = open.get_mut(&id) {
                    said.pop_front();
                    // What it builds on may come yet.
                    if l.why == NOT_WHOLE {
                        said.push_back(n);
                    } else {
                        idle = 0;
                    }
                }
            }
        }
        let mut why = BTreeMap::new();
        for n in all {
            let (id, hash) = (bundles.batch_at(n as usize), bundles.hash_at(n as usize));
            let said = match give::hash_of(&self.conn, id)? {
                Some(ours) if ours == hash => None,
                Some(_) => {
                    let (header, _) = bundles.header(n)?;
                    Some(format!(
                        "\"{}\" by {}: {ANOTHER}",
                        header.label, header.person
                    ))
                }
                None => left_out.remove(&n),
            };
            why.extend(said.map(|said| (n as usize, said)));
        }
        Ok(why)
    }

    /// Within the transaction: takes all that fits, and notes whole bundles as known.
    fn take_read(
        &mut self,
        bundles: &Bundles,
        purges: &hold::Purges,
        read: &mut [(Found, bundle::Told)],
        done: &mut Exchanged,
    ) -> Result<()> {
        let why = self.take_rounds(bundles, purges, done)?;
        for (found, told) in read {
            for place in told.places.clone() {
                told.wrong.extend(why.get(&place).cloned());
            }
            let waits = told
                .places
                .clone()
                .any(|place| purges.held.contains_key(&bundles.batch_at(place)));
            if told.wrong.is_empty() && !waits {
                self.put_meta(&found.key, found.length.to_string())?;
            }
        }
        Ok(())
    }

    fn forget_meta(&self, key: &str) -> Result<()> {
        self.conn
            .prepare_cached("DELETE FROM meta WHERE k = ?")
            .and_then(|mut s| s.execute([key]))?;
        Ok(())
    }

    /// The book has every batch that the bundle says it holds, and of its device no other with such a number.
    fn has_all_of(&self, found: &Found, book: Id) -> Result<bool> {
        let Some(Head {
            sum: Some(sum),
            device,
            first,
            last,
            ..
        }) = bundle::head(&found.spot).filter(|h| h.book == book)
        else {
            return Ok(false);
        };
        let all = self.rows_between(device, first, last)?;
        Ok(!all.is_empty() && bundle::sum_of(all.iter().map(|row| (row.id, &row.hash[..]))) == sum)
    }

    fn known_bundles(&self) -> Result<HashMap<String, String>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT k, CAST(v AS TEXT) FROM meta WHERE k > 'bundle/' AND k < 'bundle0'",
        )?;
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
        rows.collect::<std::result::Result<_, _>>()
            .map_err(Into::into)
    }

    /// Numbers that no bundle has, though a later one of the same device has come, and the book has not either.
    fn gaps_between(&self, all: &[Found], wrong: &mut Vec<String>) -> Result<()> {
        let mut by: BTreeMap<Id, Vec<(i64, i64)>> = BTreeMap::new();
        for found in all.iter().filter(|f| f.length > 0) {
            by.entry(found.device)
                .or_default()
                .push((found.first, found.last));
        }
        for (device, mut ranges) in by {
            ranges.sort_unstable();
            let mut next = 1;
            for (first, last) in ranges {
                let has = |from: i64, to: i64| -> Result<i64> {
                    self.conn
                        .prepare_cached("SELECT count(*) FROM batch WHERE device = ? AND number BETWEEN ? AND ?")
                        .and_then(|mut s| s.query_row(params![device, from, to], |r| r.get(0)))
                        .map_err(Into::into)
                };
                if first > next && has(next, first - 1)? < first - next {
                    wrong.push(
                        say!(
                            "sync.bundles_device_lack_batches",
                            device = device,
                            next = next,
                            first = first - 1
                        )
                        .to_string(),
                    );
                }
                next = next.max(last.saturating_add(1));
            }
        }
        Ok(())
    }

    /// What an exchange that nobody asked for has to say, each thing once.
    pub fn tell_exchange(&mut self, done: &Exchanged) {
        for words in done.held.iter().chain(&done.carried_out).chain(&done.wrong) {
            self.tell_once(words.clone());
        }
        if done.conflicts > 0 {
            let fields = if done.conflicts == 1 {
                "1 field has".to_owned()
            } else {
                format!("{} fields have", done.conflicts)
            };
            self.told
                .push(say!("sync.two_values_since_last", fields = fields).to_string());
        }
    }

    /// Makes the book at `path` from the bundles in `folder`.
    pub fn join(path: &Path, folder: &Path, options: &Options) -> Result<(Store, Exchanged)> {
        let heads = heads_in(folder);
        if path.exists() {
            let words = say!("sync.there_already", path = path.display());
            let there = merge::read_only(path).ok();
            let book = there
                .as_ref()
                .and_then(|conn| schema::book(conn).ok().flatten());
            // A console that was looked at once has made it.
            let is_empty = there.is_some_and(|conn| {
                conn.query_row("SELECT NOT EXISTS (SELECT 1 FROM batch)", [], |r| r.get(0))
                    == Ok(true)
            });
            return Err(
                if book.is_some_and(|book| heads.iter().any(|head| head.book == book)) {
                    Error::usage(words).hint(say!(
                        "sync.retain_sync_on_folder",
                        folder = folder.display()
                    ))
                } else if is_empty {
                    Error::usage(say!("sync.with_nothing", words = words))
                        .hint(say!("sync.move_away_then_join"))
                } else {
                    another_book(say!("sync.another_book", words = words).to_string(), folder)
                },
            );
        }
        let first = book_of(&heads, folder)?;
        let mut store = Store::open(
            path,
            &Options {
                create: true,
                zone: first.zone.clone(),
                ..options.clone()
            },
        )?;
        let work = store.name_as(first.book).and_then(|()| {
            let beside =
                fs::canonicalize(folder).ok() == fs::canonicalize(store.sync_folder()).ok();
            store.set_sync(true, (!beside).then_some(folder))?;
            store.take_bundles()
        });
        match work {
            Ok(done) => Ok((store, done)),
            Err(error) => {
                drop(store);
                let _ = fs::remove_file(path);
                Err(error)
            }
        }
    }

    /// Gives a new book, in which nothing is yet, the id of another.
    pub(super) fn name_as(&mut self, book: Id) -> Result<()> {
        self.conn
            .execute("UPDATE meta SET v = ? WHERE k = 'book'", [&book])?;
        self.key = super::key_of_book(&self.conn)?;
        Ok(())
    }
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
