//! The right to write into the folder of backups: one process at a time, and none is waited for for ever.

use std::fs::File;
use std::io;
use std::time::Duration;

use crate::error::Result;
use crate::files::{Folder, Sort};
use crate::store::locks;

use super::{cannot, mode_in};

/// How long another is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::store) enum Wait {
    /// Not at all.
    No,
    /// So long as other locks are waited for.
    Long,
}

/// So long as with any lock.
const LIMIT: Duration = Duration::from_millis(if cfg!(test) { 200 } else { 10_000 });

/// The right to write into the folder; one at a time. `None`: another has it and is not waited for.
pub(in crate::store) fn turn(folder: &Folder, wait: Wait) -> Result<Option<File>> {
    let failed = cannot(folder.path());
    if folder.is_free("turn") {
        match folder.create("turn", mode_in(folder)) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(failed(e)),
            _ => {}
        }
    }
    let file = folder.file_to_write("turn").map_err(&failed)?;
    let place = folder.path().join("turn");
    match wait {
        Wait::No if !locks::try_lock(&file, &place)? => return Ok(None),
        Wait::No => {}
        Wait::Long => locks::lock(
            &file,
            &place,
            &say!("turns.backups", path = folder.path().display()),
            LIMIT,
        )?,
    }
    // Whoever was killed in the middle left a draft, and what SQLite had laid beside it.
    for left in folder.names().map_err(failed)? {
        let draft = left
            .rsplit_once('.')
            .is_some_and(|(name, end)| !name.is_empty() && DRAFTS.contains(&end));
        if draft
            && folder
                .about(&left)
                .is_ok_and(|about| about.sort == Sort::Regular)
        {
            let _ = folder.remove(&left);
        }
    }
    Ok(Some(file))
}

/// Ends of the names of drafts.
const DRAFTS: [&str; 4] = ["tmp", "tmp-journal", "tmp-wal", "tmp-shm"];
