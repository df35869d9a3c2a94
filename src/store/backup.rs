//! Copies of the book beside it: made by SQLite, verified, and under their name only when they are whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::{Error, Result};

use super::open::create;
use super::sql;

/// A verified copy of the book in the folder `.<book>.backups` beside it; never a plain copy of the file.
pub fn backup(conn: &Connection, path: &Path, why: &str) -> Result<PathBuf> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = path.with_file_name(format!(".{name}.backups"));
    let cannot = |e: std::io::Error| Error::failed(format!("cannot write a backup into {}", folder.display())).because(e);
    fs::create_dir_all(&folder).map_err(cannot)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).map_err(cannot)?;
    }
    let made = folder.join(format!("{why}.tmp"));
    let _ = fs::remove_file(&made);
    create(&made)?;
    {
        let mut copy = Connection::open(&made).map_err(sql)?;
        let run = rusqlite::backup::Backup::new(conn, &mut copy).map_err(sql)?;
        run.step(-1).map_err(sql)?;
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
