//! The other copy: examined, copied privately, examined again, before a word of it is believed.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::files;
use crate::store::backup;

use super::{Error, Kind, Mode, Result, Store, open, schema};

/// A private copy of another book; its file goes away with it.
pub struct Copy {
    /// The hardened connection to it.
    pub conn: Connection,
    _file: Gone,
}

/// Removes a file at the end.
struct Gone(PathBuf);

impl Drop for Gone {
    fn drop(&mut self) {
        open::remove(&self.0);
    }
}

/// Copies the book at `path`, brings the copy up to our version, and refuses what is not a sound copy of `store`'s book.
pub fn private_copy(store: &mut Store, path: &Path, foreign: bool) -> Result<Copy> {
    let name = path.display();
    let path = fs::canonicalize(path)
        .map_err(|e| Error::not_found(say!("source.there_no_book_at", name = name)).because(e))?;
    if store.mode != Mode::Memory && (path == store.path || same_file(&path, &store.path)) {
        return Err(Error::usage(say!("source.this_book_itself", name = name))
            .hint(say!("source.name_other_copy")));
    }
    open::check_file(&path, false)?;
    check_length(&path)?;
    // To read a backup with a journal beside it may write to both.
    let looked = if backup::is_one(&path) {
        Some(open::private_copy(&path)?)
    } else {
        None
    };
    let path = looked.as_ref().map_or_else(
        || path.clone(),
        |folder| folder.path().join(path.file_name().unwrap_or_default()),
    );
    let damaged = |e: Error| match e.kind {
        Kind::Failed => Error::failed(say!("source.damaged_nothing_merged", name = name))
            .hint(say!("source.retain_doctor_book_file"))
            .because(e),
        _ => e,
    };
    let file = Gone(place(store)?);
    files::draft(&file.0)
        .map_err(|e| Error::failed(say!("source.no_copy_can_made", name = name)).because(e))?;
    let theirs = read_only(&path).map_err(damaged)?;
    let version = schema::version(&theirs).map_err(damaged)?;
    if version > schema::VERSION {
        return Err(Error::usage(say!(
            "source.written_by_newer_retain",
            name = name,
            version = version,
            schema = schema::VERSION
        ))
        .hint(say!("source.update_this_one_first")));
    }
    if version == 0 {
        return Err(Error::usage(say!(
            "source.empty_not_retain_book",
            name = name
        )));
    }
    let mut conn = open::draft(&file.0)?;
    // Only ours, and gone in a moment: what a power cut leaves of it nobody reads.
    conn.execute_batch("PRAGMA synchronous = OFF")?;
    {
        let backup = rusqlite::backup::Backup::new(&theirs, &mut conn)?;
        let step = backup.step(-1).map_err(Into::into).map_err(damaged)?;
        if step != rusqlite::backup::StepResult::Done {
            return Err(
                Error::new(Kind::Busy, say!("source.being_written", name = name))
                    .hint(say!("source.try_again_nothing_merged")),
            );
        }
    }
    drop(theirs);
    open::harden(&conn)?;
    examine(&conn, version, &name.to_string()).map_err(damaged)?;
    conn.execute_batch("PRAGMA journal_mode = MEMORY")?;
    schema::migrate(&conn, || Ok(())).map_err(damaged)?;
    let (ours, others) = (schema::book(&store.conn)?, schema::book(&conn)?);
    if ours != others {
        let (ours, others) = (ours.unwrap_or_default(), others.unwrap_or_default());
        let error = Error::usage(say!("source.another_book_not_copy", name = name));
        return Err(if foreign {
            error.hint(say!("source.taking_over_customers_another"))
        } else {
            error.hint(say!("source.this_book_one", ours = ours, others = others))
        });
    }
    Ok(Copy { conn, _file: file })
}

fn examine(conn: &Connection, version: i32, name: &str) -> Result<()> {
    let strange = schema::differences_at(conn, version)?;
    if !strange.is_empty() {
        let what = strange.into_iter().take(5).collect::<Vec<_>>().join(", ");
        return Err(
            Error::usage(say!("source.what_no_retain_made", name = name, what = what))
                .hint(say!("source.nothing_merged")),
        );
    }
    if let Some(said) = open::damage(conn)? {
        return Err(Error::failed(said));
    }
    let orphans: i64 =
        conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |r| {
            r.get(0)
        })?;
    if orphans > 0 {
        return Err(Error::failed(say!(
            "any.rows_without_their_parent",
            orphans = orphans
        )));
    }
    Ok(())
}

/// Refuses a file that is shorter than its first page says.
fn check_length(path: &Path) -> Result<()> {
    use std::io::Read;
    let mut head = [0_u8; 100];
    let length = fs::metadata(path).map(|m| m.len()).unwrap_or(0);
    let read = fs::File::open(path).and_then(|mut f| f.read_exact(&mut head));
    if read.is_err() {
        return Err(Error::usage(say!(
            "source.empty_not_retain_book_2",
            path = path.display()
        )));
    }
    let number = |at: usize| {
        u64::from(u32::from_be_bytes([
            head[at],
            head[at + 1],
            head[at + 2],
            head[at + 3],
        ]))
    };
    let size = match u64::from(u16::from_be_bytes([head[16], head[17]])) {
        1 => 65_536,
        size => size,
    };
    let wal = open::wal_of(path).exists();
    // The count of pages is true where it was written with the last change.
    if !wal && number(24) == number(92) && number(28) * size > length {
        let pages = number(28);
        return Err(Error::failed(say!(
            "source.cut_off_its_pages",
            path = path.display(),
            max = length / size.max(1),
            pages = pages
        ))
        .hint(say!("source.nothing_merged_copy_file")));
    }
    Ok(())
}

/// A book that is only read. One in WAL mode that nobody has open is read without making the files that WAL needs.
pub fn read_only(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let alone = !open::wal_of(path).exists() && writes_ahead(path);
    let conn = if alone {
        open::unchanging(path, flags)?
    } else {
        Connection::open_with_flags(path, flags)?
    };
    open::harden(&conn)?;
    Ok(conn)
}

/// The file's header says that it is written through a WAL.
fn writes_ahead(path: &Path) -> bool {
    use std::io::Read;
    let mut head = [0_u8; 20];
    fs::File::open(path)
        .and_then(|mut f| f.read_exact(&mut head))
        .is_ok()
        && head[18] == 2
}

/// Where the private copy lies: beside the backups, on the book's own disk and as private.
fn place(store: &mut Store) -> Result<PathBuf> {
    let name = format!(
        "merging-{}.tmp",
        store.ids.next(crate::domain::time::Stamp(0))
    );
    match store.mode {
        Mode::Memory => Ok(std::env::temp_dir().join(name)),
        _ => Ok(backup::make_folder(&store.path)?.path().join(name)),
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    open::identity(a).is_some_and(|identity| open::identity(b) == Some(identity))
}
