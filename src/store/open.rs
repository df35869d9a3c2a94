//! Opening a book: what the file is, where it lies, how it is locked; in this order, before anything is trusted.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use crate::error::{Error, Kind, Result};

use super::{Options, schema, sql};

/// How the place of the file makes us lock it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A local disk by an allow-list of file systems: WAL.
    Local,
    /// A network share, a synced folder, or an unknown file system: a rollback journal, truncated.
    Shared(String),
    /// In memory, for tests.
    Memory,
}

impl Mode {
    /// In one word or two, for the status line and `doctor`.
    pub fn name(&self) -> String {
        match self {
            Mode::Local => "local (WAL)".into(),
            Mode::Shared(why) => format!("shared (TRUNCATE): {why}"),
            Mode::Memory => "memory".into(),
        }
    }
}

/// Tells a file from another that took its name: device and inode.
pub type Identity = (u64, u64);

/// What opening gives.
pub struct Opened {
    /// The hardened connection.
    pub conn: Connection,
    /// How it is locked.
    pub mode: Mode,
    /// Why it cannot be written, when it cannot.
    pub read_only: Option<String>,
    /// The file that it is.
    pub identity: Option<Identity>,
    /// Its resolved path.
    pub path: PathBuf,
}

/// The file's device and inode; `None` when it is gone (or where the platform has none).
pub fn identity(path: &Path) -> Option<Identity> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).ok().map(|m| (m.dev(), m.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Opens the file at `path` by the rules, creating it when `options.create` and it is missing.
pub fn open(path: &Path, options: &Options) -> Result<Opened> {
    if !path.exists() {
        if !options.create {
            return Err(Error::not_found(format!("there is no book at {}", path.display()))
                .hint("retain demo makes one to try; retain import FILE makes yours"));
        }
        create(path)?;
    }
    let path = fs::canonicalize(path).map_err(|e| Error::failed(format!("cannot reach {}", path.display())).because(e))?;
    let mut read_only = check_file(&path)?;
    let (mode, broken) = classify(&path);
    read_only = read_only.or(broken);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let flags = if read_only.is_some() { OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX } else { flags };
    let conn = Connection::open_with_flags(&path, flags).map_err(sql)?;
    harden(&conn)?;
    let version = schema::version(&conn)?;
    if version > schema::VERSION {
        let least = schema::min_reader(&conn)?;
        if least > schema::VERSION {
            return Err(Error::new(
                Kind::Busy,
                format!("the book was written by a newer Retain (version {version}), and this one ({}) cannot read it", schema::VERSION),
            )
            .hint("update; the file was not touched"));
        }
        read_only = read_only.or_else(|| {
            Some(format!("written by a newer Retain (version {version}, this one writes {}); update to edit", schema::VERSION))
        });
    }
    if read_only.is_none() {
        prepare(&conn, &path, &mode)?;
    }
    if version <= schema::VERSION && read_only.is_none() {
        let strange = schema::differences(&conn)?;
        if !strange.is_empty() {
            read_only = Some(format!("its schema is not one that Retain makes: {}", schema::few(&strange)));
        }
    }
    let identity = identity(&path);
    Ok(Opened { conn, mode, read_only, identity, path })
}

/// A second connection that only reads an open book, for a scan beside another.
pub fn beside(path: &Path) -> Result<Connection> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(sql)?;
    harden(&conn)?;
    conn.execute_batch("PRAGMA cache_size = -500").map_err(sql)?;
    Ok(conn)
}

/// A book in memory.
pub fn memory() -> Result<Opened> {
    let conn = Connection::open_in_memory().map_err(sql)?;
    harden(&conn)?;
    schema::migrate(&conn, || Ok(()))?;
    Ok(Opened { conn, mode: Mode::Memory, read_only: None, identity: None, path: PathBuf::from(":memory:") })
}

/// Makes the empty file ourselves, so that no umask decides who may read customers' data: 0600, or 0660 in a folder that
/// hands its group on.
pub fn create(path: &Path) -> Result<()> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|e| Error::failed(format!("cannot make the folder {}", folder.display())).because(e))?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
        let shared = path.parent().and_then(|p| fs::metadata(p).ok()).is_some_and(|m| m.mode() & 0o2020 == 0o2020);
        options.mode(if shared { 0o660 } else { 0o600 });
    }
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(Error::failed(format!("cannot make {}", path.display())).hint("name another place with --book FILE").because(e)),
    }
}

/// Refuses what is not a book before SQLite touches it. Gives why it can only be read, when so.
pub fn check_file(path: &Path) -> Result<Option<String>> {
    let name = path.display();
    let meta = fs::metadata(path).map_err(|e| Error::failed(format!("cannot look at {name}")).because(e))?;
    if !meta.is_file() {
        return Err(Error::usage(format!("{name} is not a file")).hint("--book takes the path of a Retain book"));
    }
    let mut file = File::open(path)
        .map_err(|e| Error::new(Kind::Busy, format!("cannot read {name}")).hint("ask its owner for read access").because(e))?;
    let mut head = [0u8; 100];
    let mut read = 0;
    while read < head.len() {
        match file.read(&mut head[read..]) {
            Ok(0) => break,
            Ok(n) => read += n,
            Err(e) => return Err(Error::failed(format!("cannot read {name}")).because(e)),
        }
    }
    if read > 0 {
        let number = |at: usize| i32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if read < 100 || &head[..16] != b"SQLite format 3\0" {
            return Err(Error::usage(format!("{name} is not a Retain book")).hint("to read a CSV: retain import FILE"));
        }
        let tables = number(40) != 0;
        if number(68) != schema::APPLICATION_ID && (tables || number(68) != 0) || number(60) < 0 {
            return Err(Error::usage(format!("{name} is a database of another program")).hint("it was not touched"));
        }
    }
    let writable = OpenOptions::new().write(true).open(path).is_ok();
    if !writable {
        return Ok(Some("the file is read-only for you".into()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if meta.nlink() > 1 {
            return Ok(Some("the file has a second name (a hard link): its journal would not be found by the other".into()));
        }
        let folder = path.parent().unwrap_or(Path::new("/"));
        if rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_err() {
            return Ok(Some(format!("the folder {} is read-only for you, and a journal has to be written there", folder.display())));
        }
        if let Ok(space) = rustix::fs::statvfs(folder)
            && space.f_bavail.saturating_mul(space.f_frsize) < 5 << 20
        {
            return Ok(Some("less than 5 MB are free on its disk".into()));
        }
    }
    Ok(None)
}

/// File systems on which locks and shared memory are known to work.
const LOCAL: &[(u32, &str)] = &[
    (0xEF53, "ext"),
    (0x5846_5342, "xfs"),
    (0x9123_683E, "btrfs"),
    (0x2FC1_2FC1, "zfs"),
    (0xF2F5_2010, "f2fs"),
    (0xCA45_1A4E, "bcachefs"),
    (0x794C_7630, "overlay"),
    (0x0102_1994, "tmpfs"),
    (0x8584_58F6, "ramfs"),
];

const SYNCED: &[&str] =
    &["dropbox", "onedrive", "google drive", "googledrive", "nextcloud", "owncloud", "mobile documents", "pcloud", "resilio sync"];

/// How to lock the file at this place, and why it must not be written at all, when locks are known to be broken there.
fn classify(path: &Path) -> (Mode, Option<String>) {
    if let Some(options) = mount_options(path)
        && let Some(bad) = options.split(',').find(|o| matches!(*o, "nobrl" | "nolock" | "local_lock=all" | "local_lock=posix" | "soft"))
    {
        let why = format!("its file system is mounted with {bad}, so locks do not hold; mount it without that option");
        return (Mode::Shared("broken locks".into()), Some(why));
    }
    for folder in path.ancestors().skip(1) {
        let name = folder.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
        let marked = [".stfolder", ".git", ".dropbox", ".dropbox.cache"].iter().find(|m| folder.join(m).exists());
        if let Some(marker) = marked {
            return (Mode::Shared(format!("{} is synced ({marker})", folder.display())), None);
        }
        if SYNCED.iter().any(|s| name.starts_with(s)) {
            return (Mode::Shared(format!("{} looks like a synced folder", folder.display())), None);
        }
    }
    (file_system(path), None)
}

#[cfg(target_os = "linux")]
fn file_system(path: &Path) -> Mode {
    match rustix::fs::statfs(path) {
        Ok(found) => {
            let kind = found.f_type as u32;
            if LOCAL.iter().any(|(magic, _)| *magic == kind) {
                Mode::Local
            } else {
                Mode::Shared(format!("file system 0x{kind:X} is not known to be a local disk"))
            }
        }
        Err(_) => Mode::Shared("its file system did not answer".into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn file_system(_path: &Path) -> Mode {
    let _ = LOCAL;
    Mode::Local
}

/// The options of the mount that holds the path, per mount and per file system, joined.
fn mount_options(path: &Path) -> Option<String> {
    let table = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let mut best: Option<(usize, String)> = None;
    for line in table.lines() {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(4);
        let (Some(point), Some(own)) = (left.next(), left.next()) else { continue };
        let point = point.replace("\\040", " ");
        let source = right.split(' ').nth(2).unwrap_or("");
        if path.starts_with(&point) && best.as_ref().is_none_or(|b| b.0 <= point.len()) {
            best = Some((point.len(), format!("{own},{source}")));
        }
    }
    best.map(|b| b.1)
}

/// Pages that a connection keeps in memory, KiB.
pub const CACHE: u32 = 8000;

/// Switches off what a hostile schema could use, and limits sizes, before the first statement.
pub fn harden(conn: &Connection) -> Result<()> {
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    ] {
        conn.set_db_config(setting, on).map_err(sql)?;
    }
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_LENGTH, 16 << 20),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
        (Limit::SQLITE_LIMIT_COLUMN, 200),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 20),
        (Limit::SQLITE_LIMIT_ATTACHED, 1),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000),
    ] {
        conn.set_limit(limit, value).map_err(sql)?;
    }
    conn.set_prepared_statement_cache_capacity(128);
    conn.busy_timeout(std::time::Duration::from_secs(10)).map_err(sql)?;
    conn.execute_batch(&format!(
        "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{CACHE}"
    ))
    .map_err(sql)
}

/// Journal mode and synchronous for the place, a backup before a migration, and the migration.
fn prepare(conn: &Connection, path: &Path, mode: &Mode) -> Result<()> {
    let wanted = if *mode == Mode::Local { "wal" } else { "truncate" };
    let now: String = conn.query_row("PRAGMA journal_mode", [], |r| r.get(0)).map_err(sql)?;
    if now == "wal" && wanted != "wal" {
        // Leaving WAL needs the file for ourselves; when others are in, this is refused by the lock.
        conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE").map_err(sql)?;
    }
    let set: String = conn.query_row(&format!("PRAGMA journal_mode = {wanted}"), [], |r| r.get(0)).map_err(sql)?;
    if wanted != "wal" {
        conn.execute_batch("PRAGMA locking_mode = NORMAL").map_err(sql)?;
    }
    if set != wanted && !(wanted == "wal" && set == "delete") {
        return Err(Error::new(
            Kind::Busy,
            format!("the book is in journal mode {set} and cannot change to {wanted} while others have it open"),
        )
        .hint("close the other consoles once"));
    }
    if set == "delete" {
        let _: String = conn.query_row("PRAGMA journal_mode = truncate", [], |r| r.get(0)).map_err(sql)?;
    }
    conn.execute_batch("PRAGMA synchronous = FULL").map_err(sql)?;
    // By a connection of its own: one that is about to write is not copied from.
    schema::migrate(conn, || backup(&beside(path)?, path, &format!("before-v{}", schema::VERSION)).map(|_| ()))
}

/// The -wal file beside a book.
pub fn wal_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// The folder of the book's backups, made when it is missing, and private.
pub fn backups(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = path.with_file_name(format!(".{name}.backups"));
    let cannot = |e: std::io::Error| Error::failed(format!("cannot write a backup into {}", folder.display())).because(e);
    fs::create_dir_all(&folder).map_err(cannot)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).map_err(cannot)?;
    }
    Ok(folder)
}

/// A verified copy of the book in the folder `.<book>.backups` beside it; never a plain copy of the file.
pub fn backup(conn: &Connection, path: &Path, why: &str) -> Result<PathBuf> {
    let folder = backups(path)?;
    let cannot = |e: std::io::Error| Error::failed(format!("cannot write a backup into {}", folder.display())).because(e);
    let made = folder.join(format!("{why}.tmp"));
    let _ = fs::remove_file(&made);
    create(&made)?;
    {
        let mut copy = Connection::open(&made).map_err(sql)?;
        let run = rusqlite::backup::Backup::new(conn, &mut copy).map_err(sql)?;
        if run.step(-1).map_err(sql)? != rusqlite::backup::StepResult::Done {
            return Err(
                Error::new(Kind::Busy, "the book is being written, so no backup could be made").hint("try again; nothing was changed")
            );
        }
        drop(run);
        let said: String = copy.query_row("PRAGMA quick_check(1)", [], |r| r.get(0)).map_err(sql)?;
        if said != "ok" {
            return Err(Error::failed(format!("the backup does not verify: {said}")));
        }
    }
    File::open(&made).and_then(|f| f.sync_all()).map_err(cannot)?;
    let path = folder.join(format!("{why}.db"));
    fs::rename(&made, &path).map_err(cannot)?;
    File::open(&folder).and_then(|f| f.sync_all()).map_err(cannot)?;
    Ok(path)
}
