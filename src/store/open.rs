//! Opening a book: what the file is, where it lies, how it is locked; in this order, before anything is trusted.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use crate::domain::time::Stamp;
use crate::error::{Error, Kind, Result};
use crate::files;

use super::backup::{self, backup};
use super::place::{Mode, classify};
use super::{Options, presence, schema};

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
    /// Says so for the process.
    pub held: Option<Held>,
    /// Its resolved path.
    pub path: PathBuf,
    /// It is a backup: the folder with the private copy that is looked at in its place, which goes away with it.
    pub copy: Option<tempfile::TempDir>,
}

/// What a book is opened for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To write into it, sooner or later.
    Write,
    /// To look at it: how its file is locked stays as it is, and what has to be done before a write is not done.
    Look,
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

/// The same of an open file.
pub fn identity_of(file: &File) -> Option<Identity> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        file.metadata().ok().map(|m| (m.dev(), m.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        None
    }
}

/// Files that this process has open as books, and how often. To open and close one beside SQLite would let go of the locks that
/// SQLite holds on it for the whole process.
static OPEN_HERE: Mutex<BTreeMap<Identity, usize>> = Mutex::new(BTreeMap::new());

fn is_open_here(identity: Identity) -> bool {
    OPEN_HERE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .contains_key(&identity)
}

/// As long as this lives, the file counts as open in this process.
#[derive(Debug)]
pub struct Held(Identity);

impl Held {
    fn on(identity: Identity) -> Held {
        *OPEN_HERE
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(identity)
            .or_default() += 1;
        Held(identity)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut open = OPEN_HERE.lock().unwrap_or_else(PoisonError::into_inner);
        let left = open.get(&self.0).map_or(0, |n| n - 1);
        if left == 0 {
            open.remove(&self.0);
        } else {
            open.insert(self.0, left);
        }
    }
}

/// Why a book on a local disk must not be in WAL mode all the same: the team has said so, or somebody has it open on another
/// machine, where our shared memory does not reach.
fn cautious(conn: &Connection, path: &Path, version: i32) -> Option<String> {
    if version > 0 {
        let set = conn.query_row("SELECT v FROM meta WHERE k = 'share_mode'", [], |r| {
            r.get::<_, String>(0)
        });
        if set.is_ok_and(|mode| mode == "network") {
            return Some(say!("open.team_set_so").into());
        }
    }
    presence::elsewhere(path)
        .map(|h| say!("open.open_on", person = h.person, host = h.host).to_string())
}

/// Opens a file that can only be read. A book in WAL mode needs its shared memory even so; where that cannot be made, it is
/// read as a file that nobody changes, unless a journal says that the file alone is not the book.
fn open_to_read(path: &Path, flags: OpenFlags, why: &str) -> Result<Connection> {
    let conn = Connection::open_with_flags(path, flags)?;
    let Err(error) = schema::version(&conn) else {
        return Ok(conn);
    };
    drop(conn);
    if fs::metadata(wal_of(path)).is_ok_and(|m| m.len() > 0) {
        return Err(
            Error::new(Kind::Busy, say!("open.book_cannot_read_here", why = why))
                .hint(say!("open.copy_book_its_wal"))
                .because(error),
        );
    }
    unchanging(path, flags)
}

/// Opens a file that nobody changes meanwhile: what lies beside it is not looked at, no lock is taken and nothing is made.
pub fn unchanging(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let text = path
        .to_string_lossy()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    Connection::open_with_flags(
        format!("file:{text}?immutable=1"),
        flags | OpenFlags::SQLITE_OPEN_URI,
    )
    .map_err(Into::into)
}

/// Opens a draft that was just made, and no link that took its name.
pub fn draft(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let folder = path
        .parent()
        .and_then(|folder| fs::canonicalize(folder).ok());
    let path = folder
        .zip(path.file_name())
        .map_or_else(|| path.to_owned(), |(folder, name)| folder.join(name));
    Connection::open_with_flags(path, flags).map_err(Into::into)
}

/// A private copy of a backup with what belongs to it, in a folder of its own that only we can enter.
pub fn private_copy(backup: &Path) -> Result<tempfile::TempDir> {
    let failed = |e: std::io::Error| {
        Error::failed(say!("open.no_copy_can_made", backup = backup.display()))
            .hint(say!("open.free_some_space_or"))
            .because(e)
    };
    let folder = tempfile::tempdir().map_err(failed)?;
    let copy = folder.path().join(backup.file_name().unwrap_or_default());
    for ending in ["", "-journal", "-wal"] {
        match files::open(&beside_it(backup, ending)) {
            Ok(mut from) => {
                let mut to = files::draft(&beside_it(&copy, ending)).map_err(failed)?;
                std::io::copy(&mut from, &mut to).map_err(failed)?;
            }
            Err(e) if ending.is_empty() => return Err(failed(e)),
            // What is no file is no journal.
            Err(_) => {}
        }
    }
    Ok(folder)
}

/// Why a backup cannot be written.
fn why_backup(path: &Path) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    say!("open.backup_which_copy_shown", name = name).to_string()
}

/// Why a book on a full disk can only be read.
pub const FULL: &str = "less than 5 MB are free on its disk";

/// True when there is no room to begin writing beside the file.
pub fn is_full(path: &Path) -> bool {
    #[cfg(unix)]
    {
        let folder = path.parent().unwrap_or(Path::new("/"));
        rustix::fs::statvfs(folder)
            .is_ok_and(|space| space.f_bavail.saturating_mul(space.f_frsize) < 5 << 20)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Opens the file at `path` by the rules, creating it when `options.create` and it is missing.
/// `again`: it was open already, so a disk that is full now is no reason.
pub fn open(path: &Path, options: &Options, again: bool, purpose: Purpose) -> Result<Opened> {
    if !reachable(path)? {
        if fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink()) {
            return Err(
                Error::usage(say!("open.link_leads_nowhere", path = path.display()))
                    .hint(say!("open.remove_or_name_another")),
            );
        }
        if !options.create {
            return Err(
                Error::not_found(say!("open.there_no_book_at", path = path.display()))
                    .hint(say!("open.retain_demo_makes_one")),
            );
        }
        no_journal_without_file(path)?;
        create(path)?;
    }
    let path = fs::canonicalize(path)
        .map_err(|e| Error::failed(format!("cannot reach {}", path.display())).because(e))?;
    let known = identity(&path).is_some_and(is_open_here);
    let mut read_only = check_file(&path, known)?;
    // A backup is what it was when it was made, however often somebody looks at it.
    let backup = backup::is_one(&path).then(|| why_backup(&path));
    let copy = if backup.is_some() {
        Some(private_copy(&path)?)
    } else {
        None
    };
    let path = match &copy {
        Some(folder) => {
            read_only = None;
            fs::canonicalize(folder.path())
                .unwrap_or_else(|_| folder.path().to_owned())
                .join(path.file_name().unwrap_or_default())
        }
        None => path,
    };
    let (mut mode, broken) = classify(&path);
    read_only = read_only.or(broken);
    if !again && is_full(&path) {
        read_only = read_only.or_else(|| Some(FULL.into()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let flags = if read_only.is_some() {
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
    } else {
        flags
    };
    let mut conn = match &read_only {
        Some(why) if !known => open_to_read(&path, flags, why)?,
        _ => Connection::open_with_flags(&path, flags)?,
    };
    let version = match harden(&conn).and_then(|()| schema::version(&conn)) {
        // A book in WAL that has come to where WAL cannot be.
        Err(error) if read_only.is_none() && lacks_shared_memory(&error) => {
            drop(conn);
            conn = alone(&path)?;
            if mode.is_wal() {
                mode = Mode::Shared(NO_WAL.into());
            }
            schema::version(&conn)?
        }
        version => version?,
    };
    if let Some(why) = read_only.as_ref().filter(|_| version == 0) {
        return Err(Error::new(
            Kind::Busy,
            say!(
                "open.book_empty_cannot_begun",
                path = path.display(),
                why = why
            ),
        )
        .hint(say!("open.name_another_place_with")));
    }
    if version > schema::VERSION {
        let least = schema::min_reader(&conn)?;
        if least > schema::VERSION {
            return Err(Error::new(
                Kind::Busy,
                say!(
                    "open.book_written_by_newer",
                    version = version,
                    schema = schema::VERSION
                ),
            )
            .hint(say!("open.update_file_not_touched")));
        }
        read_only = read_only.or_else(|| {
            Some(
                say!(
                    "open.written_by_newer_retain",
                    version = version,
                    schema = schema::VERSION
                )
                .to_string(),
            )
        });
    }
    if read_only.is_none() {
        if let Some(why) = cautious(&conn, &path, version).filter(|_| mode.is_wal()) {
            mode = Mode::Shared(why);
        }
        conn = match purpose {
            Purpose::Look if version == schema::VERSION => only_look(conn, &mut mode)?,
            _ => prepare(conn, &path, &mut mode, options.now, copy.is_none())?,
        };
    }
    if version <= schema::VERSION && read_only.is_none() {
        let strange = schema::differences(&conn)?;
        if !strange.is_empty() {
            read_only =
                Some(say!("open.its_schema_not_one", strange = schema::few(&strange)).to_string());
        }
    }
    let identity = identity(&path);
    Ok(Opened {
        conn,
        mode,
        read_only: backup.or(read_only),
        identity,
        held: identity.map(Held::on),
        path,
        copy,
    })
}

/// A second connection that only reads an open book, for a scan beside another.
pub fn beside(path: &Path) -> Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    harden(&conn)?;
    conn.execute_batch("PRAGMA cache_size = -500")?;
    Ok(conn)
}

/// A book in memory.
pub fn memory() -> Result<Opened> {
    let conn = Connection::open_in_memory()?;
    harden(&conn)?;
    schema::migrate(&conn, || Ok(()))?;
    Ok(Opened {
        conn,
        mode: Mode::Memory,
        read_only: None,
        identity: None,
        held: None,
        path: PathBuf::from(":memory:"),
        copy: None,
    })
}

/// True when something is there; an error where that cannot be told.
pub fn reachable(path: &Path) -> Result<bool> {
    match path.try_exists() {
        Ok(there) => Ok(there),
        // A link that leads to itself is told apart from a folder that is closed to us.
        Err(e) if e.kind() != std::io::ErrorKind::PermissionDenied => Ok(false),
        Err(e) => Err(Error::new(
            Kind::Busy,
            say!("open.folder_closed_you", path = path.display()),
        )
        .hint(say!("open.ask_its_owner_let"))
        .because(e)),
    }
}

/// A journal whose file is gone would be taken for that of a new file of the same name.
fn no_journal_without_file(path: &Path) -> Result<()> {
    for ending in ["-wal", "-journal"] {
        let journal = beside_it(path, ending);
        if fs::metadata(&journal).is_ok_and(|m| m.len() > 0) {
            return Err(Error::failed(say!(
                "open.gone_but_its_journal",
                path = path.display(),
                journal = journal.display()
            ))
            .hint(say!("open.bring_file_back_beside")));
        }
    }
    Ok(())
}

/// True for a folder that hands its group on, and that the group can write.
pub fn is_groups(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(folder).is_ok_and(|m| m.mode() & 0o2020 == 0o2020)
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        false
    }
}

/// True for a file in such a folder.
pub fn is_shared(path: &Path) -> bool {
    path.parent().is_some_and(is_groups)
}

/// Makes the empty file ourselves, so that no umask decides who may read customers' data: 0600, or 0660 in a folder that
/// hands its group on.
pub fn create(path: &Path) -> Result<()> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|e| {
            Error::failed(say!("open.cannot_make_folder", folder = folder.display())).because(e)
        })?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    let mode = {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
        if is_shared(path) { 0o660 } else { 0o600 }
    };
    match options.open(path) {
        Ok(file) => {
            // Set, not asked for at the making: what is asked for there the umask cuts.
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let _ = file.set_permissions(fs::Permissions::from_mode(mode));
            }
            drop(file);
            Ok(())
        }
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(Error::failed(format!("cannot make {}", path.display()))
            .hint(say!("open.name_another_place_with"))
            .because(e)),
    }
}

/// Refuses what is not a book before SQLite touches it. Gives why it can only be read, when so.
///
/// `known`: this process has it open already, so its head was read.
pub fn check_file(path: &Path, known: bool) -> Result<Option<String>> {
    let name = path.display();
    let meta = fs::metadata(path)
        .map_err(|e| Error::failed(say!("open.cannot_look_at", name = name)).because(e))?;
    if !meta.is_file() {
        return Err(Error::usage(say!("open.not_file", name = name))
            .hint(say!("open.book_takes_path_retain")));
    }
    if !known {
        check_head(path)?;
    }
    // Asked, not tried: a file that is opened beside SQLite takes its locks along when it is closed.
    #[cfg(unix)]
    let writable = rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok();
    #[cfg(not(unix))]
    let writable = !meta.permissions().readonly();
    if !writable {
        return Ok(Some(say!("open.file_read_only_for").into()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if meta.nlink() > 1 {
            return Ok(Some(say!("open.file_second_name_hard").into()));
        }
        let folder = path.parent().unwrap_or(Path::new("/"));
        if rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_err() {
            let mode = fs::metadata(folder).map_or(0, |m| m.mode());
            let way = if mode & 0o022 == 0
                && rustix::fs::access(folder, rustix::fs::Access::READ_OK).is_ok()
            {
                say!("open.its_owner_can_let", folder = folder.display()).to_string()
            } else {
                String::new()
            };
            return Ok(Some(
                say!(
                    "open.folder_read_only_for",
                    folder = folder.display(),
                    way = way
                )
                .to_string(),
            ));
        }
    }
    Ok(None)
}

/// Refuses what is not a book by its first bytes.
fn check_head(path: &Path) -> Result<()> {
    let name = path.display();
    let mut file = File::open(path).map_err(|e| {
        Error::new(Kind::Busy, format!("cannot read {name}"))
            .hint(say!("open.ask_its_owner_for"))
            .because(e)
    })?;
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
        let number =
            |at: usize| i32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if read < 100 || &head[..16] != b"SQLite format 3\0" {
            let error = Error::usage(say!("open.not_retain_book", name = name));
            // Where there are backups of it, it was one.
            return Err(if super::backup::list(path).is_empty() {
                error.hint(say!("open.read_csv_retain_import"))
            } else {
                error.hint(say!("open.one_retain_restore_puts"))
            });
        }
        let tables = number(40) != 0;
        if number(68) != schema::APPLICATION_ID && (tables || number(68) != 0) || number(60) < 0 {
            return Err(
                Error::usage(say!("open.database_another_program", name = name))
                    .hint(say!("open.not_touched")),
            );
        }
    }
    Ok(())
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
        // Plans do not depend on what is bound. Otherwise a statement on a table with a partial index is parsed anew for each value.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    ] {
        conn.set_db_config(setting, on)?;
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
        conn.set_limit(limit, value)?;
    }
    conn.set_prepared_statement_cache_capacity(128);
    conn.busy_timeout(std::time::Duration::from_secs(10))?;
    conn.execute_batch(&format!(
        "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{CACHE}"
    ))
    .map_err(Into::into)
}

/// Reads every table and index, and says what is wrong first; `None`: they are sound. What the full-text index means is not
/// looked at, only its pages: it would take longer than all the rest, and everything in it stands elsewhere.
pub fn damage(conn: &Connection) -> Result<Option<String>> {
    let mut statement =
        conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0")?;
    let tables: Vec<String> = statement
        .query_map([], |r| r.get(0))
        .and_then(Iterator::collect)?;
    for table in tables {
        let quoted = table.replace('"', "\"\"");
        let said: String =
            conn.query_row(&format!("PRAGMA quick_check(\"{quoted}\")"), [], |r| {
                r.get(0)
            })?;
        if said != "ok" {
            return Ok(Some(said));
        }
    }
    Ok(None)
}

/// Why a book on a local disk is not taken into WAL by who only looks.
const LOOKS: &str = "it was so, and is only looked at";

/// A book in a rollback journal stays so: to go over to WAL is a write. Out of WAL it is taken here too where WAL does not hold, because
/// nothing could be read there.
fn only_look(conn: Connection, mode: &mut Mode) -> Result<Connection> {
    let was = journal(&conn)?;
    if mode.is_wal() && was != "wal" {
        *mode = Mode::Shared(LOOKS.into());
    }
    if !mode.is_wal() {
        leave_wal(&conn, &was, mode)?;
    }
    conn.execute_batch("PRAGMA synchronous = FULL")?;
    Ok(conn)
}

/// Journal mode and synchronous for the place, a backup before a migration, and the migration. `keep`: there is something to lose.
fn prepare(
    mut conn: Connection,
    path: &Path,
    mode: &mut Mode,
    now: Stamp,
    keep: bool,
) -> Result<Connection> {
    let mut was = journal(&conn)?;
    if mode.is_wal() && was != "wal" && !enter_wal(&conn) {
        *mode = Mode::Shared(NO_WAL.into());
        // The file may say by now that it is in WAL.
        drop(conn);
        conn = alone(path)?;
        was = journal(&conn)?;
    }
    if !mode.is_wal() {
        leave_wal(&conn, &was, mode)?;
    }
    conn.execute_batch("PRAGMA synchronous = FULL")?;
    let set = journal(&conn)?;
    let sync: i64 = conn.query_row("PRAGMA synchronous", [], |r| r.get(0))?;
    let wanted = if mode.is_wal() { "wal" } else { "truncate" };
    if set != wanted || sync != 2 {
        return Err(
            Error::failed(say!("open.book_would_written_with", set = set, sync = sync))
                .hint(say!("open.retain_doctor_says_where")),
        );
    }
    // By a connection of its own: one that is about to write is not copied from.
    let before = || {
        backup(
            &beside(path)?,
            path,
            &format!("before-v{}", schema::VERSION),
            now,
        )
        .map(|_| ())
    };
    schema::migrate(&conn, || if keep { before() } else { Ok(()) })?;
    Ok(conn)
}

fn journal(conn: &Connection) -> Result<String> {
    conn.query_row("PRAGMA journal_mode", [], |r| r.get(0))
        .map_err(Into::into)
}

/// Why a book on a local disk is not in WAL.
const NO_WAL: &str = "WAL could not be set up here";

/// True for an error that only memory shared between processes can have met, or a file beside the book.
fn lacks_shared_memory(error: &Error) -> bool {
    use rusqlite::ffi::{
        SQLITE_CANTOPEN, SQLITE_IOERR_SHMLOCK, SQLITE_IOERR_SHMMAP, SQLITE_IOERR_SHMOPEN,
        SQLITE_IOERR_SHMSIZE,
    };
    let shared = [
        SQLITE_CANTOPEN,
        SQLITE_IOERR_SHMLOCK,
        SQLITE_IOERR_SHMMAP,
        SQLITE_IOERR_SHMOPEN,
        SQLITE_IOERR_SHMSIZE,
    ];
    super::sqlite_error(error)
        .and_then(rusqlite::Error::sqlite_error)
        .is_some_and(|e| shared.contains(&e.extended_code))
}

/// A connection that has the file for itself before its first read: the index of a log is in its own memory then, so the log can
/// be read, and left, where memory cannot be shared. Others who are in refuse it by their locks.
fn alone(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    harden(&conn)?;
    Ok(conn)
}

/// Ends the names of a file, which comes first, and of what SQLite lays beside it.
pub const FILES: [&str; 4] = ["", "-journal", "-wal", "-shm"];

/// The name of what lies beside a file.
pub fn beside_it(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The -wal file beside a book.
pub fn wal_of(path: &Path) -> PathBuf {
    beside_it(path, "-wal")
}

/// Removes a file that nobody needs any more, with what SQLite has laid beside it.
pub fn remove(path: &Path) {
    for ending in FILES {
        let _ = fs::remove_file(beside_it(path, ending));
    }
}

/// Goes over to WAL; `false` where that cannot be had: others are in, or the file system has no shared memory.
fn enter_wal(conn: &Connection) -> bool {
    let set: rusqlite::Result<String> =
        conn.query_row("PRAGMA journal_mode = wal", [], |r| r.get(0));
    // Only a first read shows whether the shared memory can really be had.
    let read = conn.query_row("PRAGMA schema_version", [], |r| r.get::<_, i64>(0));
    set.is_ok_and(|mode| mode == "wal") && read.is_ok()
}

/// Sets the rollback journal that is emptied and not removed. Leaving WAL needs the file for oneself; while others are in, their
/// locks refuse it.
fn leave_wal(conn: &Connection, was: &str, mode: &Mode) -> Result<()> {
    if was == "wal" {
        conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    }
    let set: rusqlite::Result<String> =
        conn.query_row("PRAGMA journal_mode = truncate", [], |r| r.get(0));
    conn.execute_batch("PRAGMA locking_mode = NORMAL")?;
    // The lock is let go of by the next read.
    let read = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| {
        r.get::<_, i64>(0)
    });
    match set {
        Ok(set) if set == "truncate" && read.is_ok() => Ok(()),
        _ => Err(Error::new(
            Kind::Busy,
            say!("open.others_book_open_way", mode = mode.name()),
        )
        .hint(say!("open.close_other_consoles_once"))),
    }
}

#[cfg(test)]
mod tests;
