//! Where the file lies, and what that means for its locks: an allow-list of local file systems, mount options that break locks,
//! and folders that a program copies to other machines.

use std::fs;
use std::path::Path;

/// How the place of the file makes us lock it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A local disk by an allow-list of file systems: WAL.
    Local,
    /// A file system in memory: WAL, and everything is gone when the machine stops.
    Fleeting,
    /// A network share, a synced folder, or an unknown file system: a rollback journal, truncated.
    Shared(String),
    /// In memory, for tests.
    Memory,
}

impl Mode {
    /// True where a write-ahead log is used.
    pub fn is_wal(&self) -> bool {
        matches!(self, Mode::Local | Mode::Fleeting)
    }

    /// In one word or two, for the status line and `doctor`.
    pub fn name(&self) -> String {
        match self {
            Mode::Local => "local (WAL)".into(),
            Mode::Fleeting => "in the machine's memory (WAL): gone when it stops".into(),
            Mode::Shared(why) => format!("shared (TRUNCATE): {why}"),
            Mode::Memory => "memory".into(),
        }
    }
}

/// File systems on which locks and shared memory are known to work.
const LOCAL: &[(u32, &str)] = &[
    (0xEF53, "ext"),
    (0x5846_5342, "xfs"),
    (0x9123_683E, "btrfs"),
    (0x2FC1_2FC1, "zfs"),
    (0xF2F5_2010, "f2fs"),
    (0xCA45_1A4E, "bcachefs"),
    (0x794C_7630, "overlay"),
];

const SYNCED: &[&str] =
    &["dropbox", "onedrive", "google drive", "googledrive", "nextcloud", "owncloud", "mobile documents", "pcloud", "resilio sync"];

/// How to lock the file at this place, and why it must not be written at all, when locks are known to be broken there.
pub fn classify(path: &Path) -> (Mode, Option<String>) {
    if let Some(options) = mount_options(path)
        && let Some(bad) = options.split(',').find(|o| matches!(*o, "nobrl" | "nolock" | "local_lock=all" | "local_lock=posix" | "soft"))
    {
        let why = format!("its file system is mounted with {bad}, so locks do not hold; mount it without that option");
        return (Mode::Shared("broken locks".into()), Some(why));
    }
    for folder in path.ancestors().skip(1) {
        let name = folder.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
        let marked = [".stfolder", ".git", ".dropbox", ".dropbox.cache"].iter().find(|m| folder.join(m).exists());
        if let Some(marker) = marked {
            return (Mode::Shared(format!("{} is synced ({marker})", folder.display())), None);
        }
        if SYNCED.iter().any(|s| name.starts_with(s)) {
            return (Mode::Shared(format!("{} looks like a synced folder", folder.display())), None);
        }
    }
    (file_system(path), None)
}

#[cfg(target_os = "linux")]
fn file_system(path: &Path) -> Mode {
    match rustix::fs::statfs(path) {
        Ok(found) => {
            let kind = found.f_type as u32;
            if matches!(kind, 0x0102_1994 | 0x8584_58F6) {
                Mode::Fleeting
            } else if LOCAL.iter().any(|(magic, _)| *magic == kind) {
                Mode::Local
            } else {
                Mode::Shared(format!("file system 0x{kind:X} is not known to be a local disk"))
            }
        }
        Err(_) => Mode::Shared("its file system did not answer".into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn file_system(_path: &Path) -> Mode {
    let _ = LOCAL;
    Mode::Local
}

/// The options of the mount that holds the path, per mount and per file system, joined.
fn mount_options(path: &Path) -> Option<String> {
    let table = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let mut best: Option<(usize, String)> = None;
    for line in table.lines() {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(4);
        let (Some(point), Some(own)) = (left.next(), left.next()) else { continue };
        let point = point.replace("\\040", " ");
        let source = right.split(' ').nth(2).unwrap_or("");
        if path.starts_with(&point) && best.as_ref().is_none_or(|b| b.0 <= point.len()) {
            best = Some((point.len(), format!("{own},{source}")));
        }
    }
    best.map(|b| b.1)
}
