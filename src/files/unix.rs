//! Folders by their descriptor: no name is looked up twice.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};

use super::{About, Doubt, Owner, Sort};

pub(super) type Handle = File;

pub(super) fn folder(path: &Path) -> io::Result<Handle> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

pub(super) fn folder_in(folder: &Handle, _path: &Path, name: &str) -> io::Result<Handle> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::openat(
        folder,
        name,
        flags,
        Mode::empty(),
    )?))
}

pub(super) fn make_in(folder: &Handle, _path: &Path, name: &str) -> io::Result<()> {
    Ok(rustix::fs::mkdirat(folder, name, Mode::RWXU)?)
}

pub(super) fn is_groups(folder: &Handle) -> bool {
    folder.metadata().is_ok_and(|m| m.mode() & 0o2020 == 0o2020)
}

pub(super) fn to_lock(folder: &Handle, path: &Path) -> io::Result<File> {
    folder_in(folder, path, ".")
}

pub(super) fn make(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

pub(super) fn permit(folder: &Handle, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    folder.set_permissions(fs::Permissions::from_mode(mode))
}

pub(super) fn owner(path: &Path) -> Option<Owner> {
    fs::metadata(path).ok().map(|m| Owner {
        user: m.uid(),
        group: m.gid(),
    })
}

pub(super) fn owner_of(folder: &Handle) -> Option<Owner> {
    folder.metadata().ok().map(|m| Owner {
        user: m.uid(),
        group: m.gid(),
    })
}

pub(super) fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

pub(super) fn names(folder: &Handle, _path: &Path, most: usize) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        match entry.file_name().to_str() {
            Ok("." | "..") | Err(_) => {}
            Ok(name) => names.push(name.to_owned()),
        }
        if names.len() >= most {
            break;
        }
    }
    Ok(names)
}

pub(super) fn about(folder: &Handle, _path: &Path, name: &str) -> io::Result<About> {
    let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let sort = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Sort::Regular,
        FileType::Directory => Sort::Folder,
        FileType::Symlink => Sort::Link,
        _ => Sort::Other,
    };
    let moment = stat
        .st_mtime
        .wrapping_mul(1_000_000_000)
        .wrapping_add(stat.st_mtime_nsec as i64);
    Ok(About {
        sort,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        changed: stat.st_mtime,
        moment,
    })
}

pub(super) fn open(folder: &Handle, _path: &Path, name: &str, write: bool) -> io::Result<File> {
    let how = if write { OFlags::RDWR } else { OFlags::RDONLY };
    let flags = how | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::openat(
        folder,
        name,
        flags,
        Mode::empty(),
    )?))
}

/// Flags of a file that is not there yet.
const NEW: OFlags = OFlags::RDWR
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

pub(super) fn create_as_usual(folder: &Handle, _path: &Path, name: &str) -> io::Result<File> {
    let all = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH;
    Ok(File::from(rustix::fs::openat(folder, name, NEW, all)?))
}

pub(super) fn create(folder: &Handle, _path: &Path, name: &str, mode: u32) -> io::Result<File> {
    let file = File::from(rustix::fs::openat(
        folder,
        name,
        NEW,
        Mode::RUSR | Mode::WUSR,
    )?);
    if mode != 0o600 {
        // Set, not asked for at the making: what is asked for there the umask cuts.
        permit(&file, mode)?;
    }
    Ok(file)
}

pub(super) fn remove(folder: &Handle, _path: &Path, name: &str) -> io::Result<()> {
    Ok(rustix::fs::unlinkat(folder, name, AtFlags::empty())?)
}

pub(super) fn rename(folder: &Handle, _path: &Path, from: &str, to: &str) -> io::Result<()> {
    Ok(rustix::fs::renameat(folder, from, folder, to)?)
}

pub(super) fn sync(folder: &Handle) -> io::Result<()> {
    folder.sync_all()
}

/// Whether nobody but `us` and root can put something else under `path`, file or folder: each part of the way belongs to one of them
/// and can be written by its owner alone, or by a group in which nobody else is. In a folder of all where everybody can take away only
/// what is theirs (`/tmp`) that much is enough.
pub fn may_be_trusted(path: &Path) -> Result<(), Doubt> {
    let cannot = |at: &Path, e: io::Error| Doubt {
        words: format!("{} cannot be looked at ({e})", at.display()),
        mend: None,
    };
    let path = fs::canonicalize(path).map_err(|e| cannot(path, e))?;
    let us = us();
    let read = |table: &str| fs::read_to_string(table).unwrap_or_default();
    let is_private = |group| {
        let (people, groups) = (read("/etc/passwd"), read("/etc/group"));
        is_only_of(group, us, &people, &groups) || is_only_of(group, 0, &people, &groups)
    };
    for (depth, at) in path.ancestors().enumerate() {
        let about = fs::symlink_metadata(at).map_err(|e| cannot(at, e))?;
        let owner = Owner {
            user: about.uid(),
            group: about.gid(),
        };
        if let Some((why, mend)) = distrust(owner, about.mode(), us, depth > 0, is_private) {
            let mend = mend.map(|mend| {
                format!(
                    "{mend} '{}'",
                    at.display().to_string().replace('\'', "'\\''")
                )
            });
            return Err(Doubt {
                words: format!("{} {why}", at.display()),
                mend,
            });
        }
    }
    Ok(())
}

/// Why one part of the way is not trusted, by its owner and its mode, and what mends that. `holds`: it is a folder on the way and not the
/// file itself. `is_private`: nobody else is in a group.
pub(super) fn distrust(
    owner: Owner,
    mode: u32,
    us: u32,
    holds: bool,
    is_private: impl Fn(u32) -> bool,
) -> Option<(&'static str, Option<&'static str>)> {
    let sticky = holds && mode & 0o1000 != 0;
    if owner.user != us && owner.user != 0 {
        Some(("belongs to somebody else", None))
    } else if sticky {
        None
    } else if mode & 0o002 != 0 {
        Some(("can be written by everybody", Some("chmod go-w")))
    } else if mode & 0o020 != 0 && !is_private(owner.group) {
        Some((
            "can be written by its group, in which others may be",
            Some("chmod g-w"),
        ))
    } else {
        None
    }
}

/// Whether a group is the user's own: it is named as they are or has their number, and nobody else is in it, as systems make one for each
/// person (with umask 002 all that is theirs can be written by it). `people` and `groups` are the tables of the system; of a group or a
/// user that is not in them nothing is known. It is the rule by which Debian's sshd trusts such a folder.
pub(super) fn is_only_of(group: u32, user: u32, people: &str, groups: &str) -> bool {
    let number = |field: Option<&&str>| field.and_then(|n| n.parse::<u32>().ok());
    let people: Vec<Vec<&str>> = people
        .lines()
        .map(|line| line.split(':').collect())
        .collect();
    // Several names of one number are one user.
    let is_ours = |name: &str| {
        people
            .iter()
            .any(|p| p.first() == Some(&name) && number(p.get(2)) == Some(user))
    };
    let begin_in_it: Vec<_> = people
        .iter()
        .filter(|p| number(p.get(3)) == Some(group))
        .collect();
    let named: Vec<Vec<&str>> = groups
        .lines()
        .map(|line| line.split(':').collect())
        .collect();
    let named: Vec<_> = named
        .into_iter()
        .filter(|g| number(g.get(2)) == Some(group))
        .collect();
    let members: Vec<&str> = named
        .iter()
        .filter_map(|g| g.get(3))
        .flat_map(|m| m.split(','))
        .filter(|m| !m.is_empty())
        .collect();
    let is_own = !named.is_empty() && (group == user || named.iter().all(|g| is_ours(g[0])));
    let others = begin_in_it.iter().any(|p| number(p.get(2)) != Some(user))
        || members.iter().any(|m| !is_ours(m));
    is_own && !others && begin_in_it.len() + members.len() > 0
}
