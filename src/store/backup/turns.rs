//! The right to write into the folder of backups: one process at a time, and none is waited for for ever.

use std::fs::{self, File};
use std::io;

use crate::error::{Error, Kind, Result};
use crate::files::{Folder, Sort};
use crate::store::presence;

use super::{cannot, mode_in};

/// How long another is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::store) enum Wait {
    /// Not at all.
    No,
    /// So long as other locks are waited for.
    Long,
}

/// A try each so many milliseconds; after so many it is told, and after so many, as with any lock, it is given up: whoever holds it may be
/// stopped.
const STEP: u64 = 50;
const TOLD_AFTER: u32 = if cfg!(test) { 2 } else { 20 };
const TRIES: u32 = if cfg!(test) { 4 } else { 200 };

/// Says at once what is waited for.
type Say = Box<dyn Fn(&str) + Send + Sync>;
static SAY: std::sync::OnceLock<Say> = std::sync::OnceLock::new();

/// Has `say` told while another's backup is waited for; the first of a process stays.
pub fn tell_waits(say: impl Fn(&str) + Send + Sync + 'static) {
    let _ = SAY.set(Box::new(say));
}

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
    let mut tries = 0;
    while let Err(held) = file.try_lock() {
        match held {
            fs::TryLockError::Error(e) => return Err(failed(e)),
            fs::TryLockError::WouldBlock if wait == Wait::No => return Ok(None),
            fs::TryLockError::WouldBlock => {}
        }
        tries += 1;
        if tries == TOLD_AFTER
            && let Some(say) = SAY.get()
        {
            say(&format!("waiting for {}, which is at the backups in {}", holder(&file), folder.path().display()));
        }
        if tries >= TRIES {
            let message = format!("{} holds {} and does not let go of it", holder(&file), folder.path().join("turn").display());
            return Err(Error::new(Kind::Busy, message).hint("end it if it is stopped (`fg`, `kill`), then try again"));
        }
        std::thread::sleep(std::time::Duration::from_millis(STEP));
    }
    // Whoever was killed in the middle left a draft, and what SQLite had laid beside it.
    for left in folder.names().map_err(failed)? {
        let draft = left.rsplit_once('.').is_some_and(|(name, end)| !name.is_empty() && DRAFTS.contains(&end));
        if draft && folder.about(&left).is_ok_and(|about| about.sort == Sort::Regular) {
            let _ = folder.remove(&left);
        }
    }
    Ok(Some(file))
}

/// Ends of the names of drafts.
const DRAFTS: [&str; 4] = ["tmp", "tmp-journal", "tmp-wal", "tmp-shm"];

/// Who holds a lock on a file, as far as the system says it.
fn holder(file: &File) -> String {
    let pids = presence::holders_of(&[file]);
    match pids.as_slice() {
        [] => "another process".into(),
        [pid] => format!("process {pid}"),
        [pid, ..] => format!("process {pid} with others"),
    }
}
