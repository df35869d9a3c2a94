//! The state file: where we were, drafts, what was recent. In the platform's state folder, never in the book.
//!
//! Several consoles of one person write one file. Each knows what it last read or wrote, so it tells what it has changed itself from
//! what others have, and brings only its own changes to what is there.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};

use super::drafts::Key;

const FILE: &str = "screens.json";
/// The file that is locked while the state is read and written.
const LOCK: &str = "screens.lock";
/// How often the lock is tried, and how long it is slept between two tries: who has it writes one small file.
const TRIES: u32 = 100;
const STEP: Duration = Duration::from_millis(5);
/// Lists that consoles keep together, newest first, and how long each may get.
const LISTS: &[&str] = &["bookmarks", "visited", "recent", "left"];
const MOST: usize = 50;

/// The state file of one console.
pub struct Kept {
    dir: Option<PathBuf>,
    // What this console and the file agreed on last; `Value::Null` where there was none or it could not be read.
    known: Value,
}

impl Kept {
    /// Reads it. Without a folder (no permission, no home) nothing is kept.
    pub fn read(dir: Option<PathBuf>) -> Kept {
        let known = dir.as_deref().map(read).unwrap_or_default();
        Kept { dir, known }
    }

    /// What was read at the start.
    pub fn value(&self) -> &Value {
        &self.known
    }

    /// Brings what this console has changed to the file. Gives what is in it then.
    pub fn write(&mut self, text: &str) -> Option<Value> {
        let (dir, mine) = (self.dir.as_deref()?, serde_json::from_str(text).ok()?);
        let written = make(dir).and_then(|()| {
            // A draft that is kept without a lock is better than one that is not.
            let _lock = lock(dir);
            let merged = merge(&self.known, mine, &read(dir));
            replace(dir, &merged.to_string()).map(|()| merged)
        });
        match written {
            Ok(merged) => {
                self.known.clone_from(&merged);
                Some(merged)
            }
            Err(error) => {
                tracing::warn!(kind = ?error.kind(), "the state of the screens could not be saved");
                None
            }
        }
    }

    /// What others have brought to the file, together with what is kept here.
    pub fn news(&mut self, mine: Value) -> Option<Value> {
        let theirs = read(self.dir.as_deref()?);
        if theirs.is_null() || theirs == self.known {
            return None;
        }
        let merged = merge(&self.known, mine, &theirs);
        self.known = theirs;
        Some(merged)
    }
}

fn make(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        Ok(())
    } else {
        crate::files::make_own(dir)
    }
}

fn read(dir: &Path) -> Value {
    let text = std::fs::read_to_string(dir.join(FILE)).ok();
    text.and_then(|t| serde_json::from_str(&t).ok())
        .unwrap_or(Value::Null)
}

/// Writes beside what is there and renames it into place, so that a crash leaves one of the two whole.
fn replace(dir: &Path, text: &str) -> io::Result<()> {
    let beside = dir.join(format!("{FILE}.{}", std::process::id()));
    std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, dir.join(FILE)))
}

fn lock(dir: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join(LOCK))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(STEP),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}

/// What is mine, with what others have changed of what all keep together.
fn merge(known: &Value, mut mine: Value, theirs: &Value) -> Value {
    if !theirs.is_object() || !mine.is_object() {
        return mine;
    }
    let drafts = merge_drafts(&known["drafts"], &mine["drafts"], &theirs["drafts"]);
    mine["drafts"] = Value::Object(drafts);
    for list in LISTS {
        mine[*list] = merge_list(&known[*list], &mine[*list], &theirs[*list]);
    }
    mine
}

/// Draft by draft: who has changed it since has the word. Where both have, the text that is there stands before none, and of two
/// texts the other stands behind mine.
fn merge_drafts(known: &Value, mine: &Value, theirs: &Value) -> Map<String, Value> {
    let text = |all: &Value, key: &str| {
        all[key]
            .as_str()
            .or_else(|| all[key]["text"].as_str())
            .map(str::to_owned)
    };
    let mut all = mine.as_object().cloned().unwrap_or_default();
    for (key, draft) in theirs.as_object().into_iter().flatten() {
        let [was, here, there] = [known, mine, theirs].map(|all| text(all, key));
        if there == was {
            // They left it as it was, so what became of it here holds.
        } else if here == was || here.is_none() {
            all.insert(key.clone(), draft.clone());
        } else if here != there {
            all.entry(beside(key, &all))
                .or_insert_with(|| draft.clone());
        }
    }
    for key in known.as_object().into_iter().flatten().map(|(key, _)| key) {
        let gone = text(theirs, key).is_none();
        if gone && text(mine, key) == text(known, key) {
            all.remove(key);
        }
    }
    all
}

/// The next free place for a text of the same thing.
fn beside(key: &str, all: &Map<String, Value>) -> String {
    let mut key = Key::read(key);
    while all.contains_key(&key.text()) {
        key.copy += 1;
    }
    key.text()
}

/// A list without what either has taken away; what they have added stands first, because it is newer than what both knew.
fn merge_list(known: &Value, mine: &Value, theirs: &Value) -> Value {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let [known, mine, theirs] = [known, mine, theirs].map(list);
    let added = theirs
        .iter()
        .filter(|one| !known.contains(one) && !mine.contains(one));
    let stay = mine
        .iter()
        .filter(|one| !known.contains(one) || theirs.contains(one));
    added.chain(stay).take(MOST).cloned().collect()
}

#[cfg(test)]
mod tests;
