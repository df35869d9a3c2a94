//! Copies of the book in a folder beside it: made by SQLite, verified, and under their name only when they are whole; and putting
//! one of them back.

mod thinning;
mod turns;

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params};
use serde::Serialize;

use crate::domain::id::Id;
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Kind, Result};
use crate::files::{self, Folder, Sort};

use super::open;
use super::outbox::Outbox;
use super::{Store, batch, hash, ids, merge, purge, schema, sync};
use thinning::thin;
pub(super) use turns::{Wait, turn};

/// A backup as it lies in the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// Its file.
    pub path: PathBuf,
    /// Its name without `.db`: the moment in UTC and why it was made.
    pub name: String,
    /// Why: `daily`, `asked`, `before-import`...
    pub why: String,
    /// The UTC date on which it was made.
    pub day: Option<Day>,
    /// Bytes.
    pub size: u64,
    /// It was read from end to end once, with the hash of every batch. Whether it still is what it was then, [`verify`] tells.
    pub verified: bool,
    /// When it was read, not all of it was what was written: it is of a damaged book, or is damaged itself.
    pub damaged: bool,
}

/// What a backup holds, found by reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holds {
    /// Batches.
    pub batches: i64,
    /// Customers.
    pub customers: i64,
    /// Events.
    pub events: i64,
    /// When the last batch was written.
    pub latest: Option<Stamp>,
}

/// A book that was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The backup that it came from.
    pub from: Backup,
    /// What it holds.
    pub holds: Holds,
    /// Where the file that was there before is now; `None` when there was none.
    pub moved: Option<PathBuf>,
    /// So many batches the file that was there before has and the backup lacks; `None`: it could not be read.
    pub lacks: Option<usize>,
}

/// Above this size the outbox drops what a verified backup has.
const OUTBOX_LIMIT: u64 = 1 << 20;
/// Below this size the hashes of a new backup are computed at once; of a larger one `retain backup verify` does it.
const HASHED_AT_ONCE: u64 = 64 << 20;
/// Ends the name of the file that says of the backup beside it that it was verified, and what its bytes were.
const MARK: &str = "verified";
/// Ends the name of the file that says of the backup beside it what is wrong with it.
const DAMAGED: &str = "damaged";
/// Most bytes of such a file.
const MOST_SAID: u64 = 4096;

/// The folder with the backups of the book at `path`.
pub fn folder_of(path: &Path) -> PathBuf {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    path.with_file_name(format!(".{name}.backups"))
}

/// The folder, where it is one of whoever has the book.
fn open_folder(path: &Path) -> io::Result<Folder> {
    Folder::open(&folder_of(path))?.of_who_has(path)
}

/// True for a file that is a backup by where it lies, or by its name: it is looked at, and never written to.
pub fn is_one(path: &Path) -> bool {
    let inside = path
        .parent()
        .and_then(|p| p.file_name()?.to_str())
        .is_some_and(|n| n.starts_with('.') && n.ends_with(".backups"));
    let name = path
        .file_name()
        .and_then(|n| n.to_str()?.strip_suffix(".db"));
    inside || name.and_then(parts).is_some_and(|(day, _)| day.is_some())
}

/// The backups of the book at `path`, newest first.
pub fn list(path: &Path) -> Vec<Backup> {
    let Ok(folder) = open_folder(path) else {
        return Vec::new();
    };
    let (names, marks) = names(&folder);
    names
        .into_iter()
        .rev()
        .filter_map(|name| backup_of(&folder, &marks, name))
        .collect()
}

/// What lies in the folder of backups of the book at `path` and can be none of Retain's, a sentence each.
pub fn strange(path: &Path) -> Vec<String> {
    super::strange_in(&folder_of(path), path, |_, about| {
        about.sort == Sort::Regular
    })
}

/// Names of those that are verified, and of those that are damaged.
#[derive(Default)]
struct Marks {
    verified: HashSet<String>,
    damaged: HashSet<String>,
}

/// Names of the backups and what is known of them. The files themselves are not looked at: there may be thousands.
fn names(folder: &Folder) -> (BTreeSet<String>, Marks) {
    let (mut all, mut marks) = (BTreeSet::new(), Marks::default());
    for name in folder.names().unwrap_or_default() {
        match name.rsplit_once('.') {
            Some((name, "db")) if parts(name).is_some() => {
                all.insert(name.to_owned());
            }
            Some((name, MARK)) => {
                marks.verified.insert(name.to_owned());
            }
            Some((name, DAMAGED)) => {
                marks.damaged.insert(name.to_owned());
            }
            _ => {}
        }
    }
    (all, marks)
}

/// The date and the reason in a name: `20261122T021530Z-why`. What was moved away has another form.
fn parts(name: &str) -> Option<(Option<Day>, &str)> {
    let (stamp, why) = name.split_once("Z-")?;
    if stamp.len() != 15 || !stamp.bytes().all(|b| b.is_ascii_digit() || b == b'T') {
        return None;
    }
    Some((
        format!("{}-{}-{}", &stamp[..4], &stamp[4..6], &stamp[6..8])
            .parse()
            .ok(),
        why,
    ))
}

fn backup_of(folder: &Folder, marks: &Marks, name: String) -> Option<Backup> {
    let file = format!("{name}.db");
    let (day, why) = parts(&name)?;
    let size = folder
        .about(&file)
        .ok()
        .filter(|about| about.sort == Sort::Regular)?
        .size;
    let damaged = marks.damaged.contains(&name);
    let verified = !damaged && marks.verified.contains(&name);
    Some(Backup {
        path: folder.path().join(file),
        why: why.to_owned(),
        day,
        size,
        verified,
        damaged,
        name,
    })
}

pub(super) fn moment(now: Stamp) -> String {
    now.utc().format("%Y%m%dT%H%M%SZ").to_string()
}

fn cannot(folder: &Path) -> impl Fn(io::Error) -> Error + '_ {
    move |e| match e.kind() {
        // Something lies in its place, or it is somebody else's: the sentence says so.
        io::ErrorKind::InvalidInput | io::ErrorKind::PermissionDenied
            if e.raw_os_error().is_none() =>
        {
            Error::failed(say!("backup.there_no_backup", e = e))
                .hint(say!("backup.move_away_retain_makes"))
                .because(e)
        }
        _ => Error::failed(say!(
            "backup.there_no_backup_cannot",
            folder = folder.display()
        ))
        .because(e),
    }
}

/// Makes the folder: for its owner alone, or for the group where the book's folder is the group's.
pub fn make_folder(path: &Path) -> Result<Folder> {
    let folder = folder_of(path);
    #[cfg(unix)]
    let mode = if open::is_shared(path) { 0o2770 } else { 0o700 };
    #[cfg(not(unix))]
    let mode = 0o700;
    Folder::make(&folder, mode)
        .and_then(|made| made.of_who_has(path))
        .map_err(cannot(&folder))
}

/// The mode of a file in a folder: the group's where the folder is.
fn mode_in(folder: &Folder) -> u32 {
    if open::is_groups(folder.path()) {
        0o660
    } else {
        0o600
    }
}

/// A verified copy of the book in its folder; never a plain copy of the file.
pub fn backup(conn: &Connection, path: &Path, why: &str, now: Stamp) -> Result<PathBuf> {
    let folder = make_folder(path)?;
    let _turn = turn(&folder, Wait::Long).map_err(|e| match e.kind {
        Kind::Busy => Error {
            message: say!("backup.there_no_backup_2", message = e.message),
            ..e
        },
        _ => e,
    })?;
    make(conn, path, &folder, why, now)
}

fn make(conn: &Connection, book: &Path, folder: &Folder, why: &str, now: Stamp) -> Result<PathBuf> {
    let size = fs::metadata(book).map_or(0, |m| m.len());
    #[cfg(unix)]
    if let Ok(space) = rustix::fs::statvfs(folder.path()) {
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        if free < size.saturating_mul(3) {
            return Err(
                Error::failed(say!("backup.there_no_backup_mb", free = free >> 20))
                    .hint(say!("backup.free_some_space_on")),
            );
        }
    }
    let mut name = format!("{}-{why}", moment(now));
    let mut nth = 1;
    while !folder.is_free(&format!("{name}.db")) {
        nth += 1;
        name = format!("{}-{why}-{nth}", moment(now));
    }
    let to = folder.path().join(format!("{name}.db"));
    copy_to(conn, folder, &format!("{name}.tmp"), &format!("{name}.db"))?;
    // One whose hashes do not fit is kept, since the book is so too; but it pushes out none that is better.
    if folder
        .about(&format!("{name}.db"))
        .is_ok_and(|m| m.size < HASHED_AT_ONCE)
    {
        let found = open_to_read(&to).and_then(|conn| hashes(&conn, &to));
        mark(&to, &found);
    }
    thin(book, folder, &name);
    Ok(to)
}

/// Copies the book by SQLite into `draft`, verifies it, and gives it its name.
fn copy_to(conn: &Connection, folder: &Folder, draft: &str, to: &str) -> Result<()> {
    let failed = cannot(folder.path());
    remove_draft(folder, draft);
    folder.draft(draft, mode_in(folder)).map_err(&failed)?;
    let made = write_copy(conn, &folder.path().join(draft));
    if let Err(error) = made {
        remove_draft(folder, draft);
        return Err(error);
    }
    folder
        .file_to_write(draft)
        .and_then(|f| f.sync_all())
        .map_err(&failed)?;
    folder.rename(draft, to).map_err(&failed)?;
    folder.sync().map_err(failed)
}

fn remove_draft(folder: &Folder, draft: &str) {
    for ending in open::FILES {
        let _ = folder.remove(&format!("{draft}{ending}"));
    }
}

fn write_copy(conn: &Connection, draft: &Path) -> Result<()> {
    // One reading transaction, so that the copy and what it is compared with are of the same moment.
    let own = conn.is_autocommit();
    if own {
        conn.execute_batch("BEGIN")?;
    }
    let work = (|| {
        let has = holds(conn)?;
        let mut copy = open::draft(draft)?;
        let run = rusqlite::backup::Backup::new(conn, &mut copy)?;
        let step = run.step(-1)?;
        drop(run);
        if step != rusqlite::backup::StepResult::Done {
            return Err(Error::new(Kind::Busy, say!("backup.there_no_backup_book")));
        }
        // One file that needs no other beside it.
        let _: String = copy.query_row("PRAGMA journal_mode = delete", [], |r| r.get(0))?;
        drop(copy);
        Ok(has)
    })();
    if own {
        conn.execute_batch("COMMIT")?;
    }
    if read(draft, open::damage)? != work? {
        return Err(Error::failed(say!("backup.there_no_backup_copy")));
    }
    Ok(())
}

fn holds(conn: &Connection) -> Result<Holds> {
    let count =
        |table: &str| conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0));
    // A book on its way to its first schema holds nothing.
    let any: bool = conn.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'batch')",
        [],
        |r| r.get(0),
    )?;
    if !any {
        return Ok(Holds {
            batches: 0,
            customers: 0,
            events: 0,
            latest: None,
        });
    }
    let latest: Option<i64> = conn.query_row("SELECT max(wall) FROM batch", [], |r| r.get(0))?;
    Ok(Holds {
        batches: count("batch")?,
        customers: count("customer")?,
        events: count("event")?,
        latest: latest.map(Stamp),
    })
}

/// Reads a backup from end to end with the hash of every batch, and says what it holds. It is not written to.
pub fn verify(path: &Path) -> Result<Holds> {
    let found = sound(path)?;
    hashes(&open_to_read(path)?, path)?;
    // Where no hash reaches, the file's own bytes do: they are what they were when it was verified first.
    let said = files::read(&mark_of(path), MOST_SAID)
        .ok()
        .and_then(|said| String::from_utf8(said).ok());
    if said.is_some_and(|said| fingerprint(path).is_ok_and(|now| said.trim() != now)) {
        return Err(Error::failed(say!(
            "backup.backup_damaged_not_file",
            path = path.display()
        )));
    }
    Ok(found)
}

/// The same, and what comes of it is kept beside the backup.
pub fn verify_again(path: &Path) -> Result<Holds> {
    let found = verify(path);
    mark(path, &found);
    found
}

/// Reads every page of a backup. Of its batches some may not be what was written, as in the book that it is of.
pub(super) fn sound(path: &Path) -> Result<Holds> {
    read(path, |conn| {
        let said: String = conn.query_row("PRAGMA integrity_check(1)", [], |r| r.get(0))?;
        Ok((said != "ok").then_some(said))
    })
}

fn hashes(conn: &Connection, path: &Path) -> Result<()> {
    // Hashes of another version of the book are computed in another way.
    if schema::version(conn)? != schema::VERSION {
        return Ok(());
    }
    let (wrong, _) = hash::mismatches(conn, usize::MAX)?;
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Error::failed(say!(
        "backup.backup_batches_not_what",
        path = path.display(),
        wrong = wrong.len()
    ))
    .hint(say!("backup.retain_doctor_says_whether")))
}

fn mark_of(backup: &Path) -> PathBuf {
    backup.with_extension(MARK)
}

fn flaw_of(backup: &Path) -> PathBuf {
    backup.with_extension(DAMAGED)
}

fn fingerprint(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut files::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Says beside a backup that it is verified, or what is wrong with it. Where that cannot be written it counts as neither, which is
/// no harm; half of it would call a sound backup damaged. What its bytes were when it was verified first stays known.
fn mark<T>(backup: &Path, found: &Result<T>) {
    let name = |path: &Path| path.file_name().and_then(|n| n.to_str()).map(str::to_owned);
    let (Some(folder), Some(flaw)) = (
        backup.parent().and_then(|f| Folder::open(f).ok()),
        name(&flaw_of(backup)),
    ) else {
        return;
    };
    let (to, text) = match found {
        Err(error) => (Some(flaw), Ok(error.message.to_string())),
        Ok(_) => {
            let _ = folder.remove(&flaw);
            (name(&mark_of(backup)), fingerprint(backup))
        }
    };
    if let (Some(to), Some(draft), Ok(text)) = (to, name(&backup.with_extension("tmp")), text)
        && folder.is_free(&to)
    {
        let _ = folder.write(&to, &draft, (text + "\n").as_bytes(), mode_in(&folder));
    }
}

/// Reads the file alone: a backup is one file, and what somebody has laid beside it is none of it. Nothing is written for it.
fn open_to_read(path: &Path) -> Result<Connection> {
    files::open(path).map_err(|e| {
        Error::failed(say!("backup.backup_cannot_read", path = path.display())).because(e)
    })?;
    let conn = open::unchanging(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    open::harden(&conn)?;
    Ok(conn)
}

fn read(path: &Path, damage: impl FnOnce(&Connection) -> Result<Option<String>>) -> Result<Holds> {
    let conn = open_to_read(path)?;
    if let Some(said) = damage(&conn)? {
        return Err(Error::failed(say!(
            "backup.backup_damaged",
            path = path.display(),
            said = said
        )));
    }
    holds(&conn)
}

/// The backup of the day, by whoever comes first, on a connection of its own. `None`: there is one, or another is at it.
pub fn daily(path: &Path, outbox: Option<&Outbox>, now: Stamp) -> Result<Option<PathBuf>> {
    let Some(today) = Day::from_date(now.utc().date_naive()) else {
        return Ok(None);
    };
    let folder = make_folder(path)?;
    let there = || {
        names(&folder)
            .0
            .iter()
            .any(|name| parts(name) == Some((Some(today), "daily")))
    };
    if there() {
        return Ok(None);
    }
    let Some(_turn) = turn(&folder, Wait::No)? else {
        return Ok(None);
    };
    if there() {
        return Ok(None);
    }
    let conn = open::beside(path)?;
    let made = make(&conn, path, &folder, "daily", now)?;
    if let Some(outbox) = outbox {
        lighten(outbox, &made)?;
    }
    Ok(Some(made))
}

/// Drops from a large outbox what the verified backup has.
fn lighten(outbox: &Outbox, backup: &Path) -> Result<()> {
    let all = outbox.read()?;
    if all.size < OUTBOX_LIMIT {
        return Ok(());
    }
    let conn = open_to_read(backup)?;
    let mut safe: HashSet<Id> = HashSet::new();
    let ids = all
        .entries
        .iter()
        .map(|e| e.batch)
        .chain(all.named.iter().map(|n| n.batch))
        .chain(all.asked.iter().map(|a| a.batch));
    for id in ids {
        if super::transact::has_batch(&conn, id)? {
            safe.insert(id);
        }
    }
    outbox.drop_lines(&safe)
}

/// Puts a backup in the place of the book at `path`: of those that are whole the one that holds the most, or the one that is named
/// (by its name, the start of it, or a path). What is there is moved away with its journals, never written over.
pub fn restore(path: &Path, which: Option<&str>, now: Stamp) -> Result<Restored> {
    let folder = make_folder(path)?;
    let _turn = turn(&folder, Wait::Long)?;
    let (from, holds) = choose(path, which)?;
    let lacks = lacks(&from.path, path);
    // Beside the book under another name first, so that the last step is one renaming.
    let draft = format!("{}-restoring.tmp", moment(now));
    let failed = |e: io::Error| Error::failed(say!("backup.backup_cannot_put_back")).because(e);
    {
        let copy = || -> io::Result<()> {
            let mut to = folder.draft(&draft, mode_in(&folder))?;
            io::copy(&mut files::open(&from.path)?, &mut to)?;
            to.sync_all()
        };
        copy().map_err(failed)?;
    }
    // What others have purged since, and was agreed to, is in the folder still: whoever puts back what was before it wants a day to look.
    sync::hold_anew(&folder.path().join(&draft))?;
    let moved = move_away(path, &folder, &format!("replaced-{}", moment(now))).map_err(failed)?;
    fs::rename(folder.path().join(&draft), path).map_err(failed)?;
    let _ = File::open(path.parent().unwrap_or(Path::new("."))).and_then(|f| f.sync_all());
    let _ = folder.sync();
    Ok(Restored {
        from,
        holds,
        moved,
        lacks,
    })
}

/// How many batches the book has that the backup lacks, where the book can be read.
fn lacks(backup: &Path, book: &Path) -> Option<usize> {
    let ids = |conn: &Connection| -> rusqlite::Result<HashSet<Vec<u8>>> {
        conn.prepare("SELECT id FROM batch")?
            .query_map([], |r| r.get(0))?
            .collect()
    };
    let has = ids(&open_to_read(backup).ok()?).ok()?;
    let had = ids(&merge::read_only(book).ok()?).ok()?;
    Some(had.difference(&has).count())
}

/// How many batches a backup has, by a look at this alone; `None`: it cannot be read.
fn batches(backup: &Backup) -> Option<i64> {
    let conn = open_to_read(&backup.path).ok()?;
    conn.query_row("SELECT count(*) FROM batch", [], |r| r.get(0))
        .ok()
}

/// The only file is put back, so one whose last changes lie beside it is not all there.
fn whole(file: &Path) -> Result<()> {
    for ending in ["-wal", "-journal"] {
        let beside = open::beside_it(file, ending);
        if fs::symlink_metadata(&beside).is_ok_and(|m| m.len() > 0) {
            return Err(Error::usage(say!(
                "backup.not_all_its_book",
                file = file.display(),
                beside = beside.display()
            ))
            .hint(say!("backup.retain_merge_takes_over")));
        }
    }
    Ok(())
}

fn choose(path: &Path, which: Option<&str>) -> Result<(Backup, Holds)> {
    let mut all = list(path);
    if let Some(which) = which {
        let file = fs::canonicalize(which).ok();
        let named = all.iter().find(|b| b.name.starts_with(which)).cloned();
        let outside = || {
            let file = file?;
            let size = fs::metadata(&file)
                .ok()
                .filter(fs::Metadata::is_file)?
                .len();
            Some(Backup {
                path: file,
                name: which.to_owned(),
                why: String::new(),
                day: None,
                size,
                verified: false,
                damaged: false,
            })
        };
        let found = named.or_else(outside).ok_or_else(|| {
            Error::not_found(say!("backup.there_no_backup_3", which = which))
                .hint(say!("backup.retain_backup_list_names"))
        })?;
        open::check_file(&found.path, false)?;
        if found.day.is_none() {
            whole(&found.path)?;
        }
        let holds = verify(&found.path)?;
        return Ok((found, holds));
    }
    // By what they hold and not by their names, which a wrong clock may have given. Of those that hold the same the newest comes first.
    all.sort_by_cached_key(|backup| std::cmp::Reverse(batches(backup)));
    // One that is damaged is never put back silently: the next older that is whole is.
    for backup in all {
        if let Ok(holds) = verify(&backup.path) {
            return Ok((backup, holds));
        }
    }
    Err(Error::not_found(say!(
        "backup.there_no_whole_backup",
        path = folder_of(path).display()
    ))
    .hint(say!("backup.retain_restore_salvage_takes")))
}

/// Moves the file with its journals into the folder. The file first: a journal without its file does nothing, while another
/// file under the name would take a journal that is not its own.
pub(super) fn move_away(path: &Path, folder: &Folder, name: &str) -> io::Result<Option<PathBuf>> {
    let mut to = format!("{name}.db");
    let mut nth = 1;
    while !folder.is_free(&to) {
        nth += 1;
        to = format!("{name}-{nth}.db");
    }
    let to = folder.path().join(to);
    let mut moved = None;
    for ending in open::FILES {
        match fs::rename(open::beside_it(path, ending), open::beside_it(&to, ending)) {
            Ok(()) if ending.is_empty() => moved = Some(to.clone()),
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    if let Some(parent) = path.parent() {
        let _ = File::open(parent).and_then(|f| f.sync_all());
    }
    Ok(moved)
}

/// Rows by their table and id.
type Rows = [(&'static str, Id)];

/// A file has one of these rows, or cannot be read to its end, so that nobody can tell.
fn may_have(file: &Path, rows: &Rows) -> bool {
    let has = || -> Result<bool> {
        let conn = open_to_read(file)?;
        for (table, row) in rows {
            if ids::number_of(&conn, table, *row)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    };
    // What lies in a journal beside it is not read.
    whole(file).is_err() || has().unwrap_or(true)
}

impl Store {
    /// Files beside the book that may still have what a batch purged: backups, what a restore or a merge moved to them, and copies that a
    /// sync tool has left.
    pub fn files_that_still_have(&self, purge: Id) -> Result<Vec<PathBuf>> {
        let query = "SELECT e.entity, e.row FROM edit e JOIN batch b ON b.n = e.batch WHERE b.id = ? AND e.field = ?";
        let mut statement = self.conn.prepare_cached(query)?;
        let purged = statement.query_map(params![purge, purge::FIELD], |r| {
            Ok((r.get(0)?, Id(r.get(1)?)))
        })?;
        let purged: Vec<(i64, Id)> = purged.collect::<std::result::Result<_, _>>()?;
        let rows: Vec<_> = purged
            .into_iter()
            .filter_map(|(entity, row)| Some((batch::table_numbered(entity)?.name, row)))
            .collect();
        let folder = open_folder(&self.path).ok();
        let kept = folder.iter().flat_map(|folder| {
            let files = folder
                .names()
                .unwrap_or_default()
                .into_iter()
                .filter(|name| name.ends_with(".db"));
            files.map(|name| folder.path().join(name))
        });
        let mut all: Vec<PathBuf> = kept
            .chain(self.conflicted_copies()?)
            .filter(|file| may_have(file, &rows))
            .collect();
        all.sort();
        Ok(all)
    }

    /// A verified backup in the book's folder, now.
    pub fn back_up(&self, why: &str, now: Stamp) -> Result<PathBuf> {
        if self.is_backup() {
            return Err(Error::usage(say!("backup.backup_not_backed_up"))
                .hint(say!("backup.copy_file_or_name")));
        }
        backup(&self.conn, &self.path, why, now)
    }

    /// A verified copy as a file of its own; a file that is there is not written over.
    pub fn back_up_to(&self, to: &Path) -> Result<()> {
        if fs::symlink_metadata(to).is_ok() {
            return Err(
                Error::usage(say!("backup.there_already", to = to.display()))
                    .hint(say!("backup.name_new_file")),
            );
        }
        let Some(name) = to.file_name().and_then(|n| n.to_str()) else {
            return Err(Error::usage(say!(
                "backup.not_name_file",
                to = to.display()
            )));
        };
        let folder = to
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        // A folder that a person names may be reached by links.
        let folder = fs::canonicalize(folder)
            .and_then(|f| Folder::open(&f))
            .map_err(cannot(folder))?;
        copy_to(&self.conn, &folder, &format!("{name}.tmp"), name)
    }

    /// The backup of the day, if nobody has made it yet.
    pub fn back_up_daily(&self, now: Stamp) -> Result<Option<PathBuf>> {
        if self.mode == super::Mode::Memory || self.is_backup() {
            Ok(None)
        } else {
            daily(&self.path, self.outbox.as_ref(), now)
        }
    }

    /// What makes the backup of the day on another thread.
    pub fn daily_job(
        &self,
    ) -> Option<impl FnOnce(Stamp) -> Result<Option<PathBuf>> + Send + 'static> {
        if self.mode == super::Mode::Memory || self.read_only.is_some() {
            return None;
        }
        let (path, outbox) = (self.path.clone(), self.outbox.clone());
        Some(move |now| daily(&path, outbox.as_ref(), now))
    }

    /// Bytes of the book's file.
    pub fn size(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |m| m.len())
    }
}

#[cfg(test)]
mod tests;
