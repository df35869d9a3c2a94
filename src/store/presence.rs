//! Who has the book open: a small file for each session in a folder beside the book. Files and not rows of the book, so that it costs
//! no lock and no journal, and works where the book can only be read.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::id::Id;
use crate::domain::time::Stamp;

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
    file: PathBuf,
    me: Here,
    written: Stamp,
}

/// Milliseconds after which the file is written again, so that others see that we are still here.
const AGAIN: i64 = 20_000;
/// Seconds after which a file that was not written again is of no session any more.
const GONE: i64 = 60;

/// The folder with the sessions of the book at `path`.
pub fn folder_of(path: &Path) -> PathBuf {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.here"))
}

/// This machine's name and the id of its running system.
pub fn host() -> (String, String) {
    let read = |path: &str| fs::read_to_string(path).map(|t| t.trim().to_owned()).unwrap_or_default();
    (read("/proc/sys/kernel/hostname"), read("/proc/sys/kernel/random/boot_id"))
}

impl Presence {
    /// Says that `person` is here. `None` where nothing can be written beside the book; nobody misses it then.
    pub fn begin(path: &Path, person: &str, wal: bool, now: Stamp) -> Option<Presence> {
        let folder = folder_of(path);
        if !folder.is_dir() {
            fs::create_dir(&folder).ok().or_else(|| folder.is_dir().then_some(()))?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::{MetadataExt, PermissionsExt};
                // Whoever can read the book may see who is there; whoever can write it may be there.
                let parent = path.parent().and_then(|p| fs::metadata(p).ok()).map_or(0o700, |m| m.mode() & 0o2777);
                let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(parent));
            }
        }
        let (host, boot) = host();
        let pid = std::process::id();
        let file = folder.join(format!("{host}-{pid}-{}.json", now.0));
        let me = Here { person: person.to_owned(), host, boot, pid, since: now, wal, looking: None };
        let presence = Presence { file, me, written: now };
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

    fn write(&self) -> bool {
        let draft = self.file.with_extension("tmp");
        let text = serde_json::to_string(&self.me).unwrap_or_default();
        fs::write(&draft, text).and_then(|()| readable(&draft)).and_then(|()| fs::rename(&draft, &self.file)).is_ok()
    }

    /// The others. What is left of sessions that ended without a word is removed.
    pub fn others(&self) -> Vec<Here> {
        // Compared with our own file, whose time the same file system has set: clocks of machines differ.
        let Some(now) = modified(&self.file) else { return Vec::new() };
        sessions(&folder_of_file(&self.file), &self.file, now, &self.me.boot)
    }
}

/// Whoever comes into the folder may read it, whatever our umask says.
fn readable(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o644))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(())
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

fn folder_of_file(file: &Path) -> PathBuf {
    file.parent().map(Path::to_owned).unwrap_or_default()
}

fn modified(path: &Path) -> Option<i64> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).ok().map(|m| m.mtime())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

fn sessions(folder: &Path, own: &Path, now: i64, boot: &str) -> Vec<Here> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Some(at) = modified(&path).filter(|_| path != own) else { continue };
        let here: Option<Here> = fs::read_to_string(&path).ok().and_then(|t| serde_json::from_str(&t).ok());
        let dead =
            |h: &Here| !boot.is_empty() && h.boot == boot && cfg!(target_os = "linux") && !Path::new(&format!("/proc/{}", h.pid)).exists();
        if now - at > GONE || here.as_ref().is_some_and(dead) {
            let _ = fs::remove_file(&path);
        } else if path.extension().is_some_and(|x| x == "json") {
            found.extend(here);
        }
    }
    found.sort_by(|a, b| (&a.person, a.since).cmp(&(&b.person, b.since)));
    found
}

/// Every session of the book at `path`; usually there is none.
pub fn here(path: &Path) -> Vec<Here> {
    let folder = folder_of(path);
    if fs::read_dir(&folder).is_ok_and(|mut all| all.next().is_none()) {
        return Vec::new();
    }
    // A file of our own tells the file system's time.
    let probe = folder.join(format!("{}.probe", std::process::id()));
    let now = fs::write(&probe, "").ok().and_then(|()| modified(&probe));
    let _ = fs::remove_file(&probe);
    now.map_or_else(Vec::new, |now| sessions(&folder, &probe, now, &host().1))
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
    let mut names: Vec<&str> = others.iter().filter(|h| h.boot == boot && holders.contains(&h.pid)).map(|h| h.person.as_str()).collect();
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
        let inodes: Vec<String> =
            [path, Path::new(&shared)].iter().filter_map(|p| fs::metadata(p).ok()).map(|m| m.ino().to_string()).collect();
        let own = std::process::id();
        let table = fs::read_to_string("/proc/locks").unwrap_or_default();
        let holder = |line: &str| {
            // `1: POSIX  ADVISORY  WRITE 4711 08:01:123456 120 120`
            let words: Vec<&str> = line.split_whitespace().collect();
            let inode = words.get(5)?.rsplit(':').next()?;
            let pid: u32 = words.get(4)?.parse().ok()?;
            (words.get(3) == Some(&"WRITE") && pid != own && inodes.iter().any(|i| i == inode)).then_some(pid)
        };
        table.lines().filter_map(holder).collect()
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
