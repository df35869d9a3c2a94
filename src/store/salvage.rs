//! A damaged book: all that can be read of it, with what the backups and the outbox have, as a new book beside it.
//!
//! The damaged file is only ever read, page by page and not by SQLite, so that one bad page costs what stands in it and nothing
//! else. A batch whose hash fits is taken as it is, from wherever it is whole; of the others what is left is kept and named.

mod cells;
mod pages;
mod placing;
mod rebuild;
mod scrap;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::files;

use super::backup::{self, Backup};
use super::doctor::{self, Check, Gap};
use super::outbox::{Keep, Outbox};
use super::purge::Coming;
use super::{Mode, Options, Store, hash, open, schema};

pub use placing::put_in_place;
use placing::{name_for, sync_folder};
use rebuild::{Gave, Rebuild};
use scrap::Scrap;

/// How one table came through.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TableReport {
    /// Its name.
    pub table: &'static str,
    /// Rows that could be read of the damaged file.
    pub read: i64,
    /// Rows that it had and that could not be read.
    pub unreadable: i64,
    /// Rows that backups and the outbox had.
    pub filled: i64,
    /// Rows that nobody has.
    pub missing: i64,
}

/// What a backup or the outbox had that the damaged file lacked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Source {
    /// `outbox`, or the name of a backup.
    pub from: String,
    /// Batches.
    pub batches: usize,
    /// Rows.
    pub rows: usize,
    /// Edits.
    pub edits: usize,
    /// The numbers of the batches, by device.
    pub numbers: Vec<Gap>,
}

/// A batch of which not all is there, or something else than was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Damaged {
    /// The batch.
    pub batch: Id,
    /// Who wrote it.
    pub person: String,
    /// On which device.
    pub device: Id,
    /// Its number of it.
    pub number: i64,
    /// When.
    pub at: Stamp,
    /// Its line in the activity list.
    pub label: String,
    /// Rows and edits that it had.
    pub had: i64,
    /// Of them, those that are there.
    pub has: i64,
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Report {
    /// Pages of the damaged file.
    pub pages: u32,
    /// Of them, those that do not say what they should.
    pub bad_pages: usize,
    /// Damaged parts of the -wal.
    pub bad_frames: usize,
    /// By table.
    pub tables: Vec<TableReport>,
    /// Where gaps were filled from.
    pub sources: Vec<Source>,
    /// Batches that are not whole, kept with what is there.
    pub damaged: Vec<Damaged>,
    /// Batches that nobody has, by device and number.
    pub missing: Vec<Gap>,
    /// Customers made so that the rows of those that cannot be read have a place.
    pub stand_ins: usize,
    /// Batches made for rows whose own cannot be read.
    pub headless: usize,
    /// Backups that were passed over because they are not whole.
    pub passed_over: Vec<String>,
    /// The examination of the new book.
    pub checks: Vec<Check>,
}

impl Report {
    /// Nothing is missing and the new book is all right.
    pub fn is_sound(&self) -> bool {
        let all_there = self.missing.is_empty()
            && self.damaged.is_empty()
            && self.tables.iter().all(|t| t.missing == 0);
        all_there
            && self.stand_ins + self.headless == 0
            && self.checks.iter().all(|c| c.ok || c.code == "copies")
    }
}

/// A book that was put together again, waiting beside the damaged one.
#[derive(Debug)]
pub struct Salvaged {
    /// Its file.
    pub path: PathBuf,
    /// What came of it.
    pub report: Report,
}

/// Removes a draft at the end, if it is still there.
struct Draft(PathBuf);

impl Draft {
    fn new(path: PathBuf) -> Result<Draft> {
        files::draft(&path).map_err(|e| cannot(&path).because(e))?;
        Ok(Draft(path))
    }

    fn open(&self) -> Result<Connection> {
        let conn = open::draft(&self.0)?;
        open::harden(&conn)?;
        Ok(conn)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        for ending in ["", "-journal"] {
            let mut name = self.0.as_os_str().to_owned();
            name.push(ending);
            let _ = fs::remove_file(name);
        }
    }
}

/// Most backups that are looked into while something is missing.
const MOST_BACKUPS: usize = 10;

/// Reads the damaged book at `path` and writes what it has, with backups and outbox, into a new book beside it. The damaged
/// file is not changed.
///
/// # Errors
/// When neither the file nor a backup nor the outbox has anything of a book, and when the new file cannot be written.
pub fn salvage(path: &Path, options: &Options) -> Result<Salvaged> {
    let there = fs::metadata(path).is_ok_and(|m| m.is_file());
    if !there {
        return Err(
            Error::not_found(say!("salvage.there_no_file", path = path.display()))
                .hint(say!("salvage.retain_restore_puts_backup")),
        );
    }
    let folder = backup::make_folder(path)?;
    let _turn = backup::turn(&folder, backup::Wait::Long)?;
    let name = |what: &str| {
        folder
            .path()
            .join(format!("{}-{what}.tmp", backup::moment(options.now)))
    };
    let mut pages = pages::Pages::open(path)?;
    let first_version = version_of(&mut pages) == 1;
    let rough = Draft::new(name("scrap"))?;
    let scrap = Scrap::read(rough.open()?, &mut pages)?;
    if first_version {
        // Its hashes were over its own integers, as at every migration.
        hash::renew(&scrap.conn)?;
    }
    let draft = Draft::new(name("salvaging"))?;
    let conn = draft.open()?;
    conn.execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")?;
    schema::migrate(&conn, || Ok(()))?;
    let mut report = put_together(&conn, &scrap, path, options, &name("backup"))?;
    report.pages = pages.count();
    report.checks = examine(conn, &draft.0, options)?;
    File::open(&draft.0)
        .and_then(|f| f.sync_all())
        .map_err(|e| cannot(&draft.0).because(e))?;
    let to = name_for(path, &draft.0);
    fs::rename(&draft.0, &to).map_err(|e| cannot(&to).because(e))?;
    sync_folder(&to);
    Ok(Salvaged { path: to, report })
}

fn cannot(path: &Path) -> Error {
    Error::failed(say!(
        "salvage.cannot_written_damaged_book",
        path = path.display()
    ))
}

/// The schema's version as the first page says it; 0 where that is lost.
fn version_of(pages: &mut pages::Pages) -> u32 {
    let page = pages.read(1);
    if !page.starts_with(b"SQLite format 3\0") {
        return 0;
    }
    u32::from_be_bytes([page[60], page[61], page[62], page[63]])
}

/// A backup as a book of this version, in a file of its own.
struct Opened {
    conn: Connection,
    _draft: Draft,
}

fn open_backup(backup: &Backup, draft: &Path) -> Result<Opened> {
    // Each batch is verified when it is taken, so one that is not what was written takes no other along.
    backup::sound(&backup.path)?;
    let draft = Draft::new(draft.to_owned())?;
    let copied = files::open(&backup.path)
        .and_then(|mut from| io::copy(&mut from, &mut File::options().write(true).open(&draft.0)?));
    copied.map_err(|e| cannot(&draft.0).because(e))?;
    let conn = draft.open()?;
    conn.execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")?;
    let strange = schema::differences_at(&conn, schema::version(&conn)?)?;
    if !strange.is_empty() {
        return Err(Error::failed(say!("salvage.its_schema_what_no")));
    }
    schema::migrate(&conn, || Ok(()))?;
    Ok(Opened {
        conn,
        _draft: draft,
    })
}

fn put_together(
    conn: &Connection,
    scrap: &Scrap,
    path: &Path,
    options: &Options,
    draft: &Path,
) -> Result<Report> {
    let mut passed_over = Vec::new();
    let outbox = match &options.keep {
        Keep::In(folder) => Outbox::of(folder, path, options.who.device).read()?,
        _ => super::outbox::Contents::default(),
    };
    let mut book = scrap.meta("book")?.and_then(|v| match v {
        rusqlite::types::Value::Blob(bytes) => Id::from_slice(&bytes),
        _ => None,
    });
    let backups = backup::list(path);
    let mut sources: Vec<(String, Opened, Gave)> = Vec::new();
    // The newest whole one is looked into always, older ones while something is missing.
    let mut next = backups.iter().take(MOST_BACKUPS);
    let mut open_next = |book: &mut Option<Id>,
                         passed_over: &mut Vec<String>|
     -> Result<Option<(String, Opened, Gave)>> {
        for backup in next.by_ref() {
            let Ok(opened) = open_backup(
                backup,
                &draft.with_extension(format!("{}.tmp", backup.name)),
            ) else {
                passed_over.push(backup.name.clone());
                continue;
            };
            let theirs = schema::book(&opened.conn)?;
            if theirs.is_some()
                && *book.get_or_insert(theirs.unwrap_or_default()) == theirs.unwrap_or_default()
            {
                return Ok(Some((backup.name.clone(), opened, Gave::default())));
            }
            passed_over.push(backup.name.clone());
        }
        Ok(None)
    };
    sources.extend(open_next(&mut book, &mut passed_over)?);
    let book = book.or_else(|| outbox.entries.iter().rev().find_map(|e| e.book));
    conn.execute_batch("BEGIN")?;
    copy_words(conn, scrap, sources.first().map(|s| &s.1.conn), book)?;
    let entries: Vec<_> = outbox
        .entries
        .into_iter()
        .filter(|e| e.book == book)
        .collect();
    let mut rebuild = Rebuild::new(conn, scrap, &options.who.person, options.now);
    let (mut own, mut from_outbox) = (Gave::default(), Gave::default());
    let (mut book, mut coming) = (book, Coming::default());
    entries.iter().for_each(|entry| entry.announce(&mut coming));
    loop {
        let mut came = rebuild.take(&scrap.conn, &mut own)?;
        for (_, opened, gave) in &mut sources {
            came += rebuild.take(&opened.conn, gave)?;
        }
        came += rebuild.take_entries(&entries, &coming, &mut from_outbox)?;
        if came > 0 {
            continue;
        }
        // Nothing more comes of these.
        if is_complete(conn, scrap)? {
            break;
        }
        match open_next(&mut book, &mut passed_over)? {
            Some(older) => sources.push(older),
            None => break,
        }
    }
    coming.dismiss(conn)?;
    rebuild.keep_the_rest()?;
    rebuild.settle()?;
    super::sign::begin_behind_the_unsigned(conn)?;
    let (stand_ins, headless) = (rebuild.stand_ins.len(), rebuild.headless.len());
    let read = scrap.lost.values().any(|l| l.read > 0);
    if !read && sources.is_empty() && entries.is_empty() {
        return Err(Error::failed(say!(
            "salvage.nothing_book_can_read",
            path = path.display()
        )));
    }
    let mut gave: Vec<(String, Gave)> = sources
        .into_iter()
        .map(|(name, _, gave)| (name, gave))
        .collect();
    gave.push(("outbox".into(), from_outbox));
    conn.execute(
        "INSERT INTO meta (k, v) SELECT ?1, count(*) FROM batch WHERE true ON CONFLICT (k) DO UPDATE SET v = excluded.v",
        [placing::SALVAGED],
    )?;
    let report = Report {
        pages: 0,
        bad_pages: scrap.bad_pages,
        bad_frames: scrap.bad_frames,
        tables: tables(conn, &rebuild)?,
        sources: gave
            .into_iter()
            .filter(|g| !g.1.batches.is_empty())
            .map(source)
            .collect(),
        damaged: damaged(conn)?,
        missing: missing(conn, scrap, &outbox.numbers)?,
        stand_ins,
        headless,
        passed_over,
        checks: Vec::new(),
    };
    conn.execute_batch("COMMIT")?;
    Ok(report)
}

/// The book's own words: of the damaged file, else of the backup.
fn copy_words(
    conn: &Connection,
    scrap: &Scrap,
    backup: Option<&Connection>,
    book: Option<Id>,
) -> Result<()> {
    for from in [backup, Some(&scrap.conn)].into_iter().flatten() {
        let mut statement = from.prepare("SELECT k, v FROM meta WHERE k NOT LIKE '%upto'")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (key, value): (rusqlite::types::Value, rusqlite::types::Value) =
                (row.get(0)?, row.get(1)?);
            conn.execute(
                "INSERT INTO meta (k, v) VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET v = ?2",
                params![key, value],
            )?;
        }
    }
    // The zone stands twice; of a damaged file one of the two is enough, and an older one has it once.
    for (key, other) in [("zone", "zone_again"), ("zone_again", "zone")] {
        let query = "INSERT INTO meta (k, v) SELECT ?1, v FROM meta WHERE k = ?2 ON CONFLICT (k) DO NOTHING";
        conn.execute(query, params![key, other])?;
    }
    if let Some(book) = book {
        conn.execute(
            "INSERT INTO meta (k, v) VALUES ('book', ?1) ON CONFLICT (k) DO UPDATE SET v = ?1",
            params![book],
        )?;
    }
    Ok(())
}

/// Every batch that was read is there whole, and no number is missing.
fn is_complete(conn: &Connection, scrap: &Scrap) -> Result<bool> {
    if scrap.lost.values().any(|l| l.unread > 0) || !doctor::gaps(conn)?.is_empty() {
        return Ok(false);
    }
    Ok(super::merge::theirs::missing(conn, &scrap.conn)?.is_empty())
}

/// Each table: what was read, what was lost, and what of it came back. Where an index still has the id of a lost row, it is
/// known whether just that one came back; of the others only how many.
fn tables(conn: &Connection, rebuild: &Rebuild<'_>) -> Result<Vec<TableReport>> {
    let scrap = rebuild.scrap;
    let stand_ins: BTreeSet<Id> = rebuild.stand_ins.values().copied().collect();
    let ids = |from: &Connection, query: &str| -> Result<BTreeSet<Id>> {
        let mut statement = from.prepare(query)?;
        let rows = statement.query_map([], |r| r.get(0).map(Id))?;
        rows.collect::<rusqlite::Result<_>>().map_err(Into::into)
    };
    let purged = ids(&scrap.conn, "SELECT id FROM tombstone")?;
    let mut all = Vec::new();
    for (table, lost) in &scrap.lost {
        let query = format!("SELECT id FROM {table}");
        let (had, mut has) = (ids(&scrap.conn, &query)?, ids(conn, &query)?);
        match *table {
            "customer" => has.retain(|id| !stand_ins.contains(id)),
            "batch" => {
                let mut statement = conn.prepare("SELECT id FROM batch WHERE device = ?")?;
                let rows = statement.query_map([rebuild.device], |r| r.get(0).map(Id))?;
                let own: BTreeSet<Id> = rows.collect::<rusqlite::Result<_>>()?;
                has.retain(|id| !own.contains(id));
            }
            _ => {}
        }
        let filled = has.difference(&had).count() as i64;
        let indexed = scrap
            .ids
            .iter()
            .filter(|((of, _), id)| of == table && !had.contains(id) && !purged.contains(id));
        let indexed: BTreeSet<Id> = indexed.map(|(_, id)| *id).collect();
        let back = indexed.intersection(&has).count() as i64;
        let known = indexed.len() as i64;
        let unread = lost.unread.max(known);
        let others = (unread - known) - (filled - back);
        all.push(TableReport {
            table,
            read: lost.read,
            unreadable: unread,
            filled,
            missing: known - back + others.max(0),
        });
    }
    Ok(all)
}

fn source((from, gave): (String, Gave)) -> Source {
    let numbers: BTreeSet<(Id, i64)> = gave.batches.iter().map(|b| (b.0, b.1)).collect();
    let people: BTreeMap<Id, String> = gave.batches.iter().map(|b| (b.0, b.2.clone())).collect();
    Source {
        from,
        batches: gave.batches.len(),
        rows: gave.rows,
        edits: gave.edits,
        numbers: ranges(&numbers, &people),
    }
}

/// Numbers that follow each other as one.
fn ranges(numbers: &BTreeSet<(Id, i64)>, people: &BTreeMap<Id, String>) -> Vec<Gap> {
    let mut all: Vec<Gap> = Vec::new();
    for (device, number) in numbers {
        match all
            .last_mut()
            .filter(|g| g.device == *device && g.last + 1 == *number)
        {
            Some(gap) => gap.last = *number,
            None => {
                let person = people.get(device).cloned().unwrap_or_default();
                all.push(Gap {
                    device: *device,
                    person,
                    first: *number,
                    last: *number,
                });
            }
        }
    }
    all
}

fn damaged(conn: &Connection) -> Result<Vec<Damaged>> {
    let (wrong, _) = hash::mismatches(conn, usize::MAX)?;
    let mut all = Vec::new();
    for mismatch in wrong {
        let h = mismatch.header;
        let n: i64 = conn.query_row("SELECT n FROM batch WHERE id = ?", [h.id], |r| r.get(0))?;
        let mut has = 0;
        hash::items(conn, n, &mut |_| {
            has += 1;
            Ok(())
        })?;
        all.push(Damaged {
            batch: h.id,
            person: h.person,
            device: h.device,
            number: h.number,
            at: Stamp(h.wall),
            label: h.label,
            had: h.made.saturating_add(h.edits),
            has,
        });
    }
    Ok(all)
}

/// Numbers that no batch has: between others, and those that an index or the outbox still names.
fn missing(
    conn: &Connection,
    scrap: &Scrap,
    outbox: &std::collections::HashMap<Id, i64>,
) -> Result<Vec<Gap>> {
    let mut numbers: BTreeSet<(Id, i64)> = BTreeSet::new();
    let mut people: BTreeMap<Id, String> = BTreeMap::new();
    for gap in doctor::gaps(conn)? {
        people.insert(gap.device, gap.person.clone());
        // A damaged number may be any.
        numbers.extend(
            (gap.first..=gap.last)
                .take(100_000)
                .map(|n| (gap.device, n)),
        );
    }
    let mut named = scrap.numbers.clone();
    named.extend(outbox.iter().map(|(device, number)| (*device, *number)));
    for (device, number) in named {
        let mut statement = conn
            .prepare_cached("SELECT person FROM batch WHERE device = ? ORDER BY number LIMIT 1")?;
        let person: Option<String> = statement
            .query_row([device], |r| super::search::text_at_raw(r, 0))
            .optional()?;
        let has: bool = conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM batch WHERE device = ? AND number = ?)")
            .and_then(|mut s| s.query_row(params![device, number], |r| r.get(0)))?;
        if !has {
            people.entry(device).or_insert(person.unwrap_or_default());
            numbers.insert((device, number));
        }
    }
    Ok(ranges(&numbers, &people))
}

/// Folds the figures and examines the new book.
fn examine(conn: Connection, path: &Path, options: &Options) -> Result<Vec<Check>> {
    // As a book of nobody's: no outbox, no presence, no backup of it.
    let opened = open::Opened {
        conn,
        mode: Mode::Memory,
        read_only: None,
        identity: None,
        held: None,
        path: path.to_owned(),
        copy: None,
    };
    let mut store = Store::from(
        opened,
        &Options {
            keep: Keep::Nowhere,
            create: false,
            zone: None,
            ..options.clone()
        },
    )?;
    store.rebuild()?;
    let checks = store.doctor()?;
    Ok(checks
        .into_iter()
        .filter(|c| !matches!(c.code, "file" | "backups" | "outbox"))
        .collect())
}

#[cfg(test)]
mod tests;
