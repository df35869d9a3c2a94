//! Where a salvaged book lies: beside the damaged one, in the place of what an earlier salvaging left there, then in its place.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::{backup, batch, merge, open, presence};

/// Names how many batches a salvaged book had when it was made.
pub const SALVAGED: &str = "salvaged";

/// `book.salvaged.db` beside `book.db`, or the next such name that is free, or that has nothing but what an earlier salvaging left
/// there and the new one at `draft` has too.
pub fn name_for(path: &Path, draft: &Path) -> PathBuf {
    let stem = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let end = path
        .extension()
        .map_or(String::new(), |e| format!(".{}", e.to_string_lossy()));
    let mut name = path.with_file_name(format!("{stem}.salvaged{end}"));
    let mut nth = 1;
    while name.exists() && !adds_nothing(&name, draft).unwrap_or(false) {
        nth += 1;
        name = path.with_file_name(format!("{stem}.salvaged-{nth}{end}"));
    }
    name
}

/// The book at `old` was made by salvaging, nobody has written to it or has it open, and `new` has all that it has.
fn adds_nothing(old: &Path, new: &Path) -> Result<bool> {
    let written = fs::metadata(open::wal_of(old)).is_ok_and(|m| m.len() > 0);
    if written || !presence::here(old).is_empty() {
        return Ok(false);
    }
    let (old, new) = (merge::read_only(old)?, merge::read_only(new)?);
    let number =
        |conn: &Connection, query: &str| conn.query_row(query, [], |r| r.get::<_, Option<i64>>(0));
    let made = number(
        &old,
        &format!("SELECT max(CAST(v AS INTEGER)) FROM meta WHERE k = '{SALVAGED}'"),
    )?;
    if made != number(&old, "SELECT count(*) FROM batch")? {
        return Ok(false);
    }
    for table in batch::TABLES
        .iter()
        .map(|t| t.name)
        .chain(["batch", "edit"])
    {
        let count = format!("SELECT count(*) FROM {table}");
        if number(&old, &count)? > number(&new, &count)? {
            return Ok(false);
        }
    }
    // Batches that stand in for unreadable ones are made anew each time.
    for n in merge::theirs::missing(&new, &old)? {
        let real = old.query_row(
            "SELECT command <> 'salvage' FROM batch WHERE n = ?",
            [n],
            |r| r.get(0),
        )?;
        if real {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Puts the salvaged book in the place of the damaged one, which is moved away with its journals. Gives where it is now.
pub fn put_in_place(path: &Path, salvaged: &Path, now: Stamp) -> Result<Option<PathBuf>> {
    let folder = backup::make_folder(path)?;
    let _turn = backup::turn(&folder, backup::Wait::Long)?;
    let failed = |e| {
        Error::failed(say!(
            "placing.could_not_put_place",
            salvaged = salvaged.display()
        ))
        .because(e)
    };
    let moved = backup::move_away(path, &folder, &format!("replaced-{}", backup::moment(now)))
        .map_err(failed)?;
    fs::rename(salvaged, path).map_err(failed)?;
    sync_folder(path);
    Ok(moved)
}

/// Has the names in the folder of `path` reach the disk.
pub fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|f| f.sync_all());
    }
}
