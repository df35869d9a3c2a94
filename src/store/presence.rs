//! Who has the book open: a small file for each session in a folder beside the book. Files and not rows of the book, so that it costs
//! no lock and no journal, and works where the book can only be read.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::files::{Folder, Sort};

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Here {
    /// Who.
    pub person: String,
    /// On which machine.
    pub host: String,
    /// That machine's running system: another one after each start. Empty where it is not known.
    pub boot: String,
    /// The process there.
    pub pid: u32,
    /// Since when.
    pub since: Stamp,
    /// The book is in WAL mode there.
    pub wal: bool,
    /// The customer that they look at.
    pub looking: Option<Id>,
}

/// Our own session's file, removed when this is dropped.
#[derive(Debug)]
pub struct Presence {
    book: PathBuf,
    /// Of its file, without the ending.
    name: String,
    me: Here,
    written: Stamp,
}

/// Milliseconds after which the file is written again, so that others see that we are still here.
const AGAIN: i64 = 20_000;
/// Most sessions that are looked at, and most bytes of what one says.
const MOST: usize = 1000;
const LONGEST: u64 = 4096;
/// Seconds after which a file that was not written again is of no session any more.
const GONE: i64 = 60;

/// The folder with the sessions of the book at `path`.
pub fn folder_of(path: &Path) -> PathBuf {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    path.with_file_name(format!(".{name}.here"))
}

/// This machine's name and the id of its running system.
pub fn host() -> (String, String) {
    let read = |path: &str| {
        fs::read_to_string(path)
            .map(|t| t.trim().to_owned())
            .unwrap_or_default()
    };
    (
        read("/proc/sys/kernel/hostname"),
        read("/proc/sys/kernel/random/boot_id"),
    )
}

impl Presence {
    /// Says that `person` is here. `None` where nothing can be written beside the book; nobody misses it then.
    pub fn begin(path: &Path, person: &str, wal: bool, now: Stamp) -> Option<Presence> {
        make_folder(path).ok()?;
        let (host, boot) = host();
        let pid = std::process::id();
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
                c
            } else {
                '_'
            }
        };
        let name = format!(
            "{}-{pid}-{}",
            host.chars().map(plain).collect::<String>(),
            now.0
        );
        let me = Here {
            person: person.to_owned(),
            host,
            boot,
            pid,
            since: now,
            wal,
            looking: None,
        };
        let presence = Presence {
            book: path.to_owned(),
            name,
            me,
            written: now,
        };
        presence.write().then_some(presence)
    }

    /// Says what we look at. The file is written when that is new, and at times so that it stays fresh.
    pub fn tell(&mut self, looking: Option<Id>, now: Stamp) {
        if looking != self.me.looking || (now.0 - self.written.0).abs() >= AGAIN {
            self.me.looking = looking;
            self.written = now;
            self.write();
        }
    }

    /// Whoever comes into the folder may read it, whatever our umask says.
    fn write(&self) -> bool {
        let text = serde_json::to_string(&self.me).unwrap_or_default();
        let draft = format!("{}.tmp", self.name);
        open_folder(&self.book).is_ok_and(|folder| {
            folder
                .write(&self.file(), &draft, text.as_bytes(), 0o644)
                .is_ok()
        })
    }

    fn file(&self) -> String {
        format!("{}.json", self.name)
    }

    /// The others. What is left of sessions that ended without a word is removed.
    pub fn others(&self) -> Vec<Here> {
        let Ok(folder) = open_folder(&self.book) else {
            return Vec::new();
        };
        // Compared with our own file, whose time the same file system has set: clocks of machines differ.
        let Ok(own) = folder.about(&self.file()) else {
            return Vec::new();
        };
        sessions(&folder, &self.file(), own.changed, &self.me.boot)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let _ = open_folder(&self.book).and_then(|folder| folder.remove(&self.file()));
    }
}

/// The folder, where it is one of whoever has the book.
fn open_folder(book: &Path) -> io::Result<Folder> {
    Folder::open(&folder_of(book))?.of_who_has(book)
}

fn make_folder(book: &Path) -> io::Result<Folder> {
    #[cfg(unix)]
    let mode = {
        use std::os::unix::fs::MetadataExt;
        // Whoever can read the book may see who is there; whoever can write it may be there.
        book.parent()
            .and_then(|p| fs::metadata(p).ok())
            .map_or(0o700, |m| m.mode() & 0o2777)
    };
    #[cfg(not(unix))]
    let mode = 0o700;
    Folder::make(&folder_of(book), mode)?.of_who_has(book)
}

/// True for the names that Retain gives here: `HOST-PID-MOMENT.json`, its draft, and `PID.probe`. No other is read or removed.
fn is_ours(name: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match name.rsplit_once('.') {
        Some((pid, "probe")) => number(pid),
        Some((session, "json" | "tmp")) => {
            session.rsplit_once('-').is_some_and(|(front, moment)| {
                // A moment before 1970 has a sign.
                let pid = front
                    .trim_end_matches('-')
                    .rsplit_once('-')
                    .map(|(_, pid)| pid);
                number(moment) && pid.is_some_and(number)
            })
        }
        _ => false,
    }
}

fn sessions(folder: &Folder, own: &str, now: i64, boot: &str) -> Vec<Here> {
    let mut found = Vec::new();
    let names = folder.names().unwrap_or_default();
    for name in names
        .iter()
        .filter(|name| *name != own && is_ours(name))
        .take(MOST)
    {
        let Some(about) = folder
            .about(name)
            .ok()
            .filter(|about| about.sort == Sort::Regular)
        else {
            continue;
        };
        let text = if name.ends_with(".json") {
            folder.read(name, LONGEST).ok()
        } else {
            None
        };
        let here: Option<Here> = text.and_then(|text| serde_json::from_slice(&text).ok());
        let dead = |h: &Here| {
            !boot.is_empty()
                && h.boot == boot
                && cfg!(target_os = "linux")
                && !Path::new(&format!("/proc/{}", h.pid)).exists()
        };
        if now - about.changed > GONE || here.as_ref().is_some_and(dead) {
            let _ = folder.remove(name);
        } else {
            found.extend(here);
        }
    }
    found.sort_by(|a, b| (&a.person, a.since).cmp(&(&b.person, b.since)));
    found
}

/// Every session of the book at `path`; usually there is none.
pub fn here(path: &Path) -> Vec<Here> {
    let Ok(folder) = open_folder(path) else {
        return Vec::new();
    };
    if !folder
        .names()
        .is_ok_and(|all| all.iter().any(|name| is_ours(name)))
    {
        return Vec::new();
    }
    // A file of our own tells the file system's time.
    let probe = format!("{}.probe", std::process::id());
    let now = folder
        .draft(&probe, 0o600)
        .and_then(|_| folder.about(&probe))
        .map(|about| about.changed);
    let _ = folder.remove(&probe);
    now.map_or_else(
        |_| Vec::new(),
        |now| sessions(&folder, &probe, now, &host().1),
    )
}

/// What lies in the place of the sessions of the book at `path` and is none, a sentence each.
pub fn strange(path: &Path) -> Vec<String> {
    super::strange_in(&folder_of(path), path, |name, about| {
        is_ours(name)
            && about.sort == Sort::Regular
            && (about.size <= LONGEST || !name.ends_with(".json"))
    })
}

/// A session on another machine: its shared memory does not reach to here.
pub fn elsewhere(path: &Path) -> Option<Here> {
    let (_, boot) = host();
    here(path).into_iter().find(|h| h.boot != boot)
}

/// Who holds the lock that a write waits for: the person whose process has it, where the system says so, otherwise everybody
/// who is here. The book's file is never opened for this: closing it again would let go of our own locks.
pub fn who_writes(path: &Path, others: &[Here]) -> String {
    let (_, boot) = host();
    let holders = holders(path);
    let mut names: Vec<&str> = others
        .iter()
        .filter(|h| h.boot == boot && holders.contains(&h.pid))
        .map(|h| h.person.as_str())
        .collect();
    if names.is_empty() {
        names = others.iter().map(|h| h.person.as_str()).collect();
    }
    names.dedup();
    names.join(", ")
}

/// Processes that hold a write lock on the book or its shared memory.
fn holders(path: &Path) -> Vec<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let mut shared = path.as_os_str().to_owned();
        shared.push("-shm");
        let inodes: Vec<u64> = [path, Path::new(&shared)]
            .iter()
            .filter_map(|p| fs::metadata(p).ok())
            .map(|m| m.ino())
            .collect();
        holders_among(
            &fs::read_to_string("/proc/locks").unwrap_or_default(),
            &inodes,
        )
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Vec::new()
    }
}

/// Other processes that hold a write lock on one of these files, where the system says so.
pub(super) fn holders_of(files: &[&fs::File]) -> Vec<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let inodes: Vec<u64> = files
            .iter()
            .filter_map(|f| f.metadata().ok())
            .map(|m| m.ino())
            .collect();
        holders_among(
            &fs::read_to_string("/proc/locks").unwrap_or_default(),
            &inodes,
        )
    }
    #[cfg(not(unix))]
    {
        let _ = files;
        Vec::new()
    }
}

#[cfg(unix)]
fn holders_among(table: &str, inodes: &[u64]) -> Vec<u32> {
    let own = std::process::id();
    let holder = |line: &str| {
        // `1: POSIX  ADVISORY  WRITE 4711 08:01:123456 120 120`
        let words: Vec<&str> = line.split_whitespace().collect();
        let inode: u64 = words.get(5)?.rsplit(':').next()?.parse().ok()?;
        let pid: u32 = words.get(4)?.parse().ok()?;
        (words.get(3) == Some(&"WRITE") && pid != own && inodes.contains(&inode)).then_some(pid)
    };
    table.lines().filter_map(holder).collect()
}

#[cfg(test)]
mod tests;
