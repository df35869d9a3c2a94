//! Locks on files: none is waited for for ever, because whoever holds one may be stopped (Ctrl-Z) and never let go of it.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Kind, Result};

use super::presence;

/// Between two tries it is slept so long at most; the first ones follow sooner, because most locks are held for a moment.
const STEP: Duration = Duration::from_millis(50);

/// Says at once what is waited for.
type Say = Box<dyn Fn(&str) + Send + Sync>;
static SAY: std::sync::OnceLock<Say> = std::sync::OnceLock::new();

/// Has `say` told while another's lock is waited for; the first of a process stays.
pub fn tell_waits(say: impl Fn(&str) + Send + Sync + 'static) {
    let _ = SAY.set(Box::new(say));
}

/// Locks the file at `place`; who has it is waited for until `limit`, and told before that with what they are `at`.
pub(super) fn lock(file: &File, place: &Path, at: &str, limit: Duration) -> Result<()> {
    let (mut waited, mut step, mut told) = (Duration::ZERO, Duration::from_millis(1), false);
    while !try_lock(file, place)? {
        if waited >= limit {
            let message = say!(
                "locks.holds_does_not_let",
                file = holder(file),
                place = place.display()
            );
            return Err(Error::new(Kind::Busy, message).hint(say!("locks.end_if_stopped_fg")));
        }
        if waited >= limit / 10
            && !std::mem::replace(&mut told, true)
            && let Some(say) = SAY.get()
        {
            say(&say!(
                "locks.waiting_for_which_at",
                file = holder(file),
                at = at
            ));
        }
        std::thread::sleep(step);
        waited += step;
        step = (step * 2).min(STEP);
    }
    Ok(())
}

/// Locks it when nobody has it. Gives whether it is locked.
pub(super) fn try_lock(file: &File, place: &Path) -> Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(e)) => {
            Err(Error::failed(say!("locks.cannot_locked", place = place.display())).because(e))
        }
    }
}

/// Who holds a lock on a file, as far as the system says it.
fn holder(file: &File) -> String {
    let pids = presence::holders_of(&[file]);
    match pids.as_slice() {
        [] => "another process".into(),
        [pid] => format!("process {pid}"),
        [pid, ..] => say!("locks.process_with_others", pid = pid).to_string(),
    }
}
