//! Copies of the book in a folder beside it: made by SQLite, verified, and under their name only when they are whole; and putting
//! one of them back.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use crate::domain::id::Id;
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Result};

use super::open::{self, create};
use super::outbox::Outbox;
use super::{Store, hash, schema, sql};

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
}

/// Above this size the outbox drops what a verified backup has.
const OUTBOX_LIMIT: u64 = 1 << 20;
/// So many days behind yesterday one a day is kept, then one a week, then one a month.
const DAILY: i64 = 12;
const WEEKLY: i64 = 10;
const MONTHLY: i64 = 9;
/// So many of the newest are kept whatever their age, and so many of the newest that are verified.
const AT_LEAST: usize = 3;
/// All of them together take at most so many times the book's size, and a quarter of a gigabyte in any case.
const TIMES: u64 = 20;
const CAP_AT_LEAST: u64 = 256 << 20;
/// Below this size the hashes of a new backup are computed at once; of a larger one `retain backup verify` does it.
const HASHED_AT_ONCE: u64 = 64 << 20;
/// Ends the name of the file that says of the backup beside it that it was verified, and what its bytes were.
const MARK: &str = "verified";
/// Ends the name of the file that says of the backup beside it what is wrong with it.
const DAMAGED: &str = "damaged";

/// The folder with the backups of the book at `path`.
pub fn folder_of(path: &Path) -> PathBuf {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.backups"))
}

/// The backups of the book at `path`, newest first.
pub fn list(path: &Path) -> Vec<Backup> {
    let (names, marks) = names(path);
    names.into_iter().rev().filter_map(|name| backup_of(path, &marks, name)).collect()
}

/// Names of those that are verified, and of those that are damaged.
#[derive(Default)]
struct Marks {
    verified: HashSet<String>,
    damaged: HashSet<String>,
}

/// Names of the backups and what is known of them. The files themselves are not looked at: there may be thousands.
fn names(path: &Path) -> (BTreeSet<String>, Marks) {
    let (mut all, mut marks) = (BTreeSet::new(), Marks::default());
    let Ok(entries) = fs::read_dir(folder_of(path)) else { return (all, marks) };
    for name in entries.flatten().filter_map(|e| e.file_name().into_string().ok()) {
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
    Some((format!("{}-{}-{}", &stamp[..4], &stamp[4..6], &stamp[6..8]).parse().ok(), why))
}

fn backup_of(book: &Path, marks: &Marks, name: String) -> Option<Backup> {
    let path = folder_of(book).join(format!("{name}.db"));
    let (day, why) = parts(&name)?;
    let size = fs::metadata(&path).ok()?.len();
    let damaged = marks.damaged.contains(&name);
    let verified = !damaged && marks.verified.contains(&name);
    Some(Backup { path, why: why.to_owned(), day, size, verified, damaged, name })
}

pub(super) fn moment(now: Stamp) -> String {
    now.utc().format("%Y%m%dT%H%M%SZ").to_string()
}

fn cannot(folder: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
    move |e| Error::failed(format!("there is no backup: {} cannot be written", folder.display())).because(e)
}

/// Makes the folder: for its owner alone, or for the group where the book's folder is the group's.
pub fn make_folder(path: &Path) -> Result<PathBuf> {
    let folder = folder_of(path);
    if folder.is_dir() {
        return Ok(folder);
    }
    fs::create_dir_all(&folder).map_err(cannot(&folder))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let shared = path.parent().and_then(|p| fs::metadata(p).ok()).is_some_and(|m| m.mode() & 0o2020 == 0o2020);
        let mode = if shared { 0o2770 } else { 0o700 };
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).map_err(cannot(&folder))?;
    }
    Ok(folder)
}

/// The right to write into the folder; one at a time. `None`: another has it and `wait` is not set.
pub(super) fn turn(folder: &Path, wait: bool) -> Result<Option<File>> {
    let path = folder.join("turn");
    if !path.exists() {
        create(&path)?;
    }
    let file = File::options().write(true).open(&path).map_err(cannot(folder))?;
    if wait {
        file.lock().map_err(cannot(folder))?;
    } else if file.try_lock().is_err() {
        return Ok(None);
    }
    // Whoever was killed in the middle left a draft, and what SQLite had laid beside it.
    for left in fs::read_dir(folder).map_err(cannot(folder))?.flatten().map(|e| e.path()) {
        if left.extension().is_some_and(|x| x == "tmp" || x.to_string_lossy().starts_with("tmp-")) {
            let _ = fs::remove_file(left);
        }
    }
    Ok(Some(file))
}

/// A verified copy of the book in its folder; never a plain copy of the file.
pub fn backup(conn: &Connection, path: &Path, why: &str, now: Stamp) -> Result<PathBuf> {
    let folder = make_folder(path)?;
    let _turn = turn(&folder, true)?;
    make(conn, path, &folder, why, now)
}

fn make(conn: &Connection, book: &Path, folder: &Path, why: &str, now: Stamp) -> Result<PathBuf> {
    let size = fs::metadata(book).map_or(0, |m| m.len());
    #[cfg(unix)]
    if let Ok(space) = rustix::fs::statvfs(folder) {
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        if free < size.saturating_mul(3) {
            return Err(Error::failed(format!("there is no backup: {} MB are free, and it takes three times the book", free >> 20))
                .hint("free some space on the book's disk"));
        }
    }
    let mut name = format!("{}-{why}", moment(now));
    let mut nth = 1;
    while folder.join(format!("{name}.db")).exists() {
        nth += 1;
        name = format!("{}-{why}-{nth}", moment(now));
    }
    let to = folder.join(format!("{name}.db"));
    let draft = folder.join(format!("{name}.tmp"));
    copy_to(conn, &draft, &to)?;
    // One whose hashes do not fit is kept, since the book is so too; but it pushes out none that is better.
    if fs::metadata(&to).is_ok_and(|m| m.len() < HASHED_AT_ONCE) {
        let found = hashes(&open_to_read(&to)?, &to);
        mark(&to, &found);
    }
    if let Some(today) = Day::from_date(now.utc().date_naive()) {
        thin(book, today);
    }
    Ok(to)
}

/// Copies the book by SQLite into `draft`, verifies it, and gives it its name.
fn copy_to(conn: &Connection, draft: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    open::remove(draft);
    create(draft)?;
    let made = write_copy(conn, draft);
    if let Err(error) = made {
        open::remove(draft);
        return Err(error);
    }
    File::open(draft).and_then(|f| f.sync_all()).map_err(cannot(folder))?;
    fs::rename(draft, to).map_err(cannot(folder))?;
    File::open(folder).and_then(|f| f.sync_all()).map_err(cannot(folder))
}

fn write_copy(conn: &Connection, draft: &Path) -> Result<()> {
    // One reading transaction, so that the copy and what it is compared with are of the same moment.
    let own = conn.is_autocommit();
    if own {
        conn.execute_batch("BEGIN").map_err(sql)?;
    }
    let work = (|| {
        let has = holds(conn)?;
        let mut copy = Connection::open(draft).map_err(sql)?;
        let run = rusqlite::backup::Backup::new(conn, &mut copy).map_err(sql)?;
        let step = run.step(-1).map_err(sql)?;
        drop(run);
        if step != rusqlite::backup::StepResult::Done {
            return Err(Error::new(crate::error::Kind::Busy, "there is no backup: the book is busy"));
        }
        // One file that needs no other beside it.
        let _: String = copy.query_row("PRAGMA journal_mode = delete", [], |r| r.get(0)).map_err(sql)?;
        drop(copy);
        Ok(has)
    })();
    if own {
        conn.execute_batch("COMMIT").map_err(sql)?;
    }
    if read(draft, open::damage)? != work? {
        return Err(Error::failed("there is no backup: the copy does not hold what the book holds"));
    }
    Ok(())
}

fn holds(conn: &Connection) -> Result<Holds> {
    let count = |table: &str| conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).map_err(sql);
    // A book on its way to its first schema holds nothing.
    let any: bool = conn.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'batch')", [], |r| r.get(0)).map_err(sql)?;
    if !any {
        return Ok(Holds { batches: 0, customers: 0, events: 0, latest: None });
    }
    let latest: Option<i64> = conn.query_row("SELECT max(wall) FROM batch", [], |r| r.get(0)).map_err(sql)?;
    Ok(Holds { batches: count("batch")?, customers: count("customer")?, events: count("event")?, latest: latest.map(Stamp) })
}

/// Reads a backup from end to end with the hash of every batch, and says what it holds. It is not written to.
pub fn verify(path: &Path) -> Result<Holds> {
    let found = sound(path)?;
    hashes(&open_to_read(path)?, path)?;
    // Where no hash reaches, the file's own bytes do: they are what they were when it was verified first.
    let said = fs::read_to_string(mark_of(path)).ok();
    if said.is_some_and(|said| fingerprint(path).is_ok_and(|now| said.trim() != now)) {
        return Err(Error::failed(format!("the backup {} is damaged: it is not the file that was verified", path.display())));
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
        let said: String = conn.query_row("PRAGMA integrity_check(1)", [], |r| r.get(0)).map_err(sql)?;
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
    Err(Error::failed(format!("in the backup {} {} batches are not what was written", path.display(), wrong.len()))
        .hint("retain doctor says whether the book has them whole; retain restore --salvage takes them from wherever they are"))
}

fn mark_of(backup: &Path) -> PathBuf {
    backup.with_extension(MARK)
}

fn flaw_of(backup: &Path) -> PathBuf {
    backup.with_extension(DAMAGED)
}

fn fingerprint(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    std::io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Says beside a backup that it is verified, or what is wrong with it. Where that cannot be written it counts as neither, which is
/// no harm; half of it would call a sound backup damaged. What its bytes were when it was verified first stays known.
fn mark<T>(backup: &Path, found: &Result<T>) {
    let (to, text) = match found {
        Err(error) => (flaw_of(backup), Ok(error.message.clone())),
        Ok(_) => {
            let _ = fs::remove_file(flaw_of(backup));
            (mark_of(backup), fingerprint(backup))
        }
    };
    let draft = backup.with_extension("tmp");
    if let Ok(text) = text
        && !to.exists()
        && create(&draft).is_ok()
        && fs::write(&draft, text + "\n").is_ok()
    {
        let _ = fs::rename(&draft, &to);
    }
}

fn open_to_read(path: &Path) -> Result<Connection> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(sql)?;
    open::harden(&conn)?;
    Ok(conn)
}

fn read(path: &Path, damage: impl FnOnce(&Connection) -> Result<Option<String>>) -> Result<Holds> {
    let conn = open_to_read(path)?;
    if let Some(said) = damage(&conn)? {
        return Err(Error::failed(format!("the backup {} is damaged: {said}", path.display())));
    }
    holds(&conn)
}

/// Which backups go, of days newest first: everything of today and yesterday stays, then one of each of twelve days, ten weeks
/// and nine months; and the newest three in any case.
pub fn too_many(days: &[Day], today: Day) -> Vec<bool> {
    let mut kept: BTreeSet<(u8, i64)> = BTreeSet::new();
    let mut goes = Vec::with_capacity(days.len());
    for (at, day) in days.iter().enumerate() {
        let age = today.since(*day);
        let (week, month) = (day.number().div_euclid(7), day.date());
        use chrono::Datelike as _;
        let month = i64::from(month.year()) * 12 + i64::from(month.month0());
        let slot = match age {
            ..=1 => None,
            a if a <= 1 + DAILY => Some((0, day.number())),
            a if a <= 1 + DAILY + 7 * WEEKLY => Some((1, week)),
            a if a <= 1 + DAILY + 7 * WEEKLY + 30 * MONTHLY => Some((2, month)),
            _ => Some((3, 0)),
        };
        let stays = match slot {
            None => true,
            Some((3, _)) => false,
            Some(slot) => kept.insert(slot),
        };
        goes.push(!stays && at >= AT_LEAST);
    }
    goes
}

/// Which of these backups, newest first, go: those that are too many by their days, then the oldest while all together are
/// larger than `cap`, damaged ones before others. The newest stays, the newest three that are not damaged, and the newest three
/// that are verified. A damaged one takes the place of no other.
pub fn going(all: &[Backup], today: Day, cap: u64) -> Vec<bool> {
    let newest = |is: fn(&Backup) -> bool| (0..all.len()).filter(move |at| is(&all[*at])).take(AT_LEAST);
    let stay: HashSet<usize> = newest(|b| b.verified).chain(newest(|b| !b.damaged)).chain([0]).collect();
    let mut goes = vec![false; all.len()];
    for damaged in [false, true] {
        let dated = (0..all.len()).filter(|at| all[*at].damaged == damaged).filter_map(|at| all[at].day.map(|day| (at, day)));
        let (places, days): (Vec<usize>, Vec<Day>) = dated.unzip();
        for (at, old) in places.into_iter().zip(too_many(&days, today)) {
            goes[at] = old && !stay.contains(&at);
        }
    }
    let mut sum: u64 = (0..all.len()).filter(|at| !goes[*at]).map(|at| all[at].size).sum();
    let mut order: Vec<usize> = (0..all.len()).rev().collect();
    order.sort_by_key(|at| !all[*at].damaged);
    for at in order {
        if sum > cap && !goes[at] && !stay.contains(&at) {
            goes[at] = true;
            sum -= all[at].size;
        }
    }
    goes
}

/// Removes the backups that are too many.
fn thin(path: &Path, today: Day) {
    let all = list(path);
    let cap = fs::metadata(path).map_or(0, |m| m.len()).saturating_mul(TIMES).max(CAP_AT_LEAST);
    for (backup, goes) in all.iter().zip(going(&all, today, cap)) {
        if goes && fs::remove_file(&backup.path).is_ok() {
            for beside in [mark_of(&backup.path), flaw_of(&backup.path)] {
                let _ = fs::remove_file(beside);
            }
        }
    }
}

/// The backup of the day, by whoever comes first, on a connection of its own. `None`: there is one, or another is at it.
pub fn daily(path: &Path, outbox: Option<&Outbox>, now: Stamp) -> Result<Option<PathBuf>> {
    let Some(today) = Day::from_date(now.utc().date_naive()) else { return Ok(None) };
    let there = || names(path).0.iter().any(|name| parts(name) == Some((Some(today), "daily")));
    if there() {
        return Ok(None);
    }
    let folder = make_folder(path)?;
    let Some(_turn) = turn(&folder, false)? else { return Ok(None) };
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
    let conn = Connection::open_with_flags(backup, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sql)?;
    let mut safe: HashSet<Id> = HashSet::new();
    let ids = all.entries.iter().map(|e| e.batch).chain(all.named.iter().map(|n| n.batch)).chain(all.asked.iter().map(|a| a.batch));
    for id in ids {
        if super::transact::has_batch(&conn, id)? {
            safe.insert(id);
        }
    }
    outbox.drop_lines(&safe)
}

/// Puts a backup in the place of the book at `path`: the newest that is whole, or the one that is named (by its name, the
/// start of it, or a path). What is there is moved away with its journals, never written over.
pub fn restore(path: &Path, which: Option<&str>, now: Stamp) -> Result<Restored> {
    let folder = make_folder(path)?;
    let _turn = turn(&folder, true)?;
    let (from, holds) = choose(path, which)?;
    // Beside the book under another name first, so that the last step is one renaming.
    let draft = folder.join(format!("{}-restoring.tmp", moment(now)));
    let failed = |e: std::io::Error| Error::failed("the backup cannot be put back; the book is as it was").because(e);
    create(&draft)?;
    {
        let copy = || -> std::io::Result<()> {
            let mut to = File::options().write(true).open(&draft)?;
            std::io::copy(&mut File::open(&from.path)?, &mut to)?;
            to.sync_all()
        };
        copy().map_err(failed)?;
    }
    let moved = move_away(path, &folder, &format!("replaced-{}", moment(now))).map_err(failed)?;
    fs::rename(&draft, path).map_err(failed)?;
    for folder in [path.parent().unwrap_or(Path::new(".")), &folder] {
        let _ = File::open(folder).and_then(|f| f.sync_all());
    }
    Ok(Restored { from, holds, moved })
}

fn choose(path: &Path, which: Option<&str>) -> Result<(Backup, Holds)> {
    let all = list(path);
    if let Some(which) = which {
        let file = Path::new(which);
        let named = all.iter().find(|b| b.name.starts_with(which)).cloned();
        let outside = || {
            let size = fs::metadata(file).ok().filter(fs::Metadata::is_file)?.len();
            Some(Backup {
                path: file.to_owned(),
                name: which.to_owned(),
                why: String::new(),
                day: None,
                size,
                verified: false,
                damaged: false,
            })
        };
        let found = named
            .or_else(outside)
            .ok_or_else(|| Error::not_found(format!("there is no backup {which}")).hint("`retain backup list` names them"))?;
        open::check_file(&found.path, false)?;
        let holds = verify(&found.path)?;
        return Ok((found, holds));
    }
    // One that is damaged is never put back silently: the next older that is whole is.
    for backup in all {
        if let Ok(holds) = verify(&backup.path) {
            return Ok((backup, holds));
        }
    }
    Err(Error::not_found(format!("there is no whole backup in {}", folder_of(path).display()))
        .hint("`retain restore --salvage` takes what can be read of the book and of backups into a new one"))
}

/// Moves the file with its journals into the folder. The file first: a journal without its file does nothing, while another
/// file under the name would take a journal that is not its own.
pub(super) fn move_away(path: &Path, folder: &Path, name: &str) -> std::io::Result<Option<PathBuf>> {
    let mut to = folder.join(format!("{name}.db"));
    let mut nth = 1;
    while to.exists() {
        nth += 1;
        to = folder.join(format!("{name}-{nth}.db"));
    }
    let mut moved = None;
    for ending in open::FILES {
        match fs::rename(open::beside_it(path, ending), open::beside_it(&to, ending)) {
            Ok(()) if ending.is_empty() => moved = Some(to.clone()),
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    if let Some(parent) = path.parent() {
        let _ = File::open(parent).and_then(|f| f.sync_all());
    }
    Ok(moved)
}

impl Store {
    /// A verified backup in the book's folder, now.
    pub fn back_up(&self, why: &str, now: Stamp) -> Result<PathBuf> {
        backup(&self.conn, &self.path, why, now)
    }

    /// A verified copy as a file of its own; a file that is there is not written over.
    pub fn back_up_to(&self, to: &Path) -> Result<()> {
        if to.exists() {
            return Err(Error::usage(format!("{} is there already", to.display())).hint("name a new file"));
        }
        let mut draft = to.as_os_str().to_owned();
        draft.push(".tmp");
        copy_to(&self.conn, Path::new(&draft), to)
    }

    /// The backup of the day, if nobody has made it yet.
    pub fn back_up_daily(&self, now: Stamp) -> Result<Option<PathBuf>> {
        if self.mode == super::Mode::Memory { Ok(None) } else { daily(&self.path, self.outbox.as_ref(), now) }
    }

    /// What makes the backup of the day on another thread.
    pub fn daily_job(&self) -> Option<impl FnOnce(Stamp) -> Result<Option<PathBuf>> + Send + 'static> {
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
