//! Where the file lies, and what that means for its locks: an allow-list of local file systems, mount options that break locks,
//! and folders that a program copies to other machines.

use std::fs;
use std::path::{Path, PathBuf};

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
            Mode::Fleeting => say!("place.machine_s_memory_wal").into(),
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

const SYNCED: &[&str] = &[
    "dropbox",
    "onedrive",
    "google drive",
    "googledrive",
    "nextcloud",
    "owncloud",
    "mobile documents",
    "pcloud",
    "resilio sync",
];

/// How to lock the file at this place, and why it must not be written at all, when locks are known to be broken there.
pub fn classify(path: &Path) -> (Mode, Option<String>) {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    if let Some(bad) = breaks_locks(&table, path) {
        let why = say!("place.its_file_system_mounted", bad = bad);
        return (Mode::Shared("broken locks".into()), Some(why.to_string()));
    }
    for folder in path.ancestors().skip(1) {
        let name = folder
            .file_name()
            .map(|n| n.to_string_lossy().to_lowercase())
            .unwrap_or_default();
        let marked = [".stfolder", ".git", ".dropbox", ".dropbox.cache"]
            .iter()
            .find(|m| folder.join(m).exists());
        if let Some(marker) = marked {
            return (
                Mode::Shared(format!("{} is synced ({marker})", folder.display())),
                None,
            );
        }
        if SYNCED.iter().any(|s| name.starts_with(s)) {
            return (
                Mode::Shared(
                    say!("place.looks_like_synced_folder", folder = folder.display()).to_string(),
                ),
                None,
            );
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
                Mode::Shared(format!(
                    "file system 0x{kind:X} is not known to be a local disk"
                ))
            }
        }
        Err(_) => Mode::Shared(say!("place.its_file_system_did").into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn file_system(_path: &Path) -> Mode {
    let _ = LOCAL;
    Mode::Local
}

/// The option, per mount or per file system, with which the mount that holds the path does not keep locks between machines, by
/// a table in the form of `/proc/self/mountinfo`. Lines that are not understood are passed by.
fn breaks_locks<'a>(table: &'a str, path: &Path) -> Option<&'a str> {
    let mut best: Option<(usize, [&str; 2])> = None;
    for (left, right) in table.lines().filter_map(|line| line.split_once(" - ")) {
        let mut left = left.split(' ').skip(4);
        let (Some(point), Some(own)) = (left.next(), left.next()) else {
            continue;
        };
        let (point, length) = (PathBuf::from(unescaped(point)), point.len());
        let source = right.split(' ').nth(2).unwrap_or("");
        // Of two mounts at one place the later is seen.
        if path.starts_with(&point) && best.is_none_or(|b| b.0 <= length) {
            best = Some((length, [own, source]));
        }
    }
    let breaks = |o: &&str| {
        matches!(
            *o,
            "nobrl" | "nolock" | "local_lock=all" | "local_lock=posix" | "soft"
        )
    };
    best?
        .1
        .into_iter()
        .flat_map(|options| options.split(','))
        .find(breaks)
}

/// A name in which the table writes a space, a tab, an end of a line and a backslash as `\040` and so on.
fn unescaped(name: &str) -> String {
    name.replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with one share of each kind and a local disk.
    const TABLE: &str = "\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
not a line of a mount
30 21 0:40 / /mnt/safe rw,relatime shared:5 - nfs4 server:/x rw,vers=4.2,hard,local_lock=none
31 21 0:41 / /mnt/nolock rw,relatime - nfs server:/y rw,vers=3,hard,nolock,local_lock=all
32 21 0:42 / /mnt/smb rw,nosuid master:2 propagate_from:1 - cifs //server/share rw,vers=3.1.1,nobrl,soft
33 21 0:43 / /mnt/smb/inner rw - cifs //server/other rw,vers=3.1.1
34 21 0:44 / /mnt/the\\040team\\134s\\011share rw - nfs4 server:/z rw,soft
35 21 0:45 / /mnt/twice rw - nfs4 server:/w rw,local_lock=posix
36 35 0:46 / /mnt/twice rw - ext4 /dev/sdb1 rw
37 21 0:47 / /mnt/own rw,soft - nfs4 server:/v rw";

    #[test]
    fn mounts_that_do_not_keep_locks_are_named_by_their_option() {
        for (path, breaks) in [
            ("/home/ana/book.db", None),
            ("/mnt/safe/book.db", None),
            ("/mnt/nolock/team/book.db", Some("nolock")),
            ("/mnt/nolocks/book.db", None),
            ("/mnt/smb/book.db", Some("nobrl")),
            ("/mnt/smb/inner/book.db", None),
            ("/mnt/the team\\s\tshare/book.db", Some("soft")),
            ("/mnt/twice/book.db", None),
            ("/mnt/own/book.db", Some("soft")),
        ] {
            assert_eq!(breaks_locks(TABLE, Path::new(path)), breaks, "{path}");
        }
        assert_eq!(breaks_locks("", Path::new("/mnt/nolock/book.db")), None);
    }
}
