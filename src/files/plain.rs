//! The same by paths, where the platform has no descriptors of folders: what a name is is looked at before it is used.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::{About, Doubt, Owner, Sort};

pub(super) type Handle = PathBuf;

pub(super) fn folder(path: &Path) -> io::Result<Handle> {
    let about = fs::symlink_metadata(path)?;
    if about.is_dir() {
        Ok(path.to_owned())
    } else {
        Err(io::Error::from(io::ErrorKind::NotADirectory))
    }
}

pub(super) fn folder_in(_folder: &Handle, path: &Path, name: &str) -> io::Result<Handle> {
    folder(&path.join(name))
}

pub(super) fn make_in(_folder: &Handle, path: &Path, name: &str) -> io::Result<()> {
    fs::create_dir(path.join(name))
}

pub(super) fn is_groups(_folder: &Handle) -> bool {
    false
}

pub(super) fn to_lock(_folder: &Handle, path: &Path) -> io::Result<File> {
    File::open(path)
}

pub(super) fn make(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

pub(super) fn permit(_folder: &Handle, _mode: u32) -> io::Result<()> {
    Ok(())
}

pub(super) fn owner(_path: &Path) -> Option<Owner> {
    None
}

pub(super) fn owner_of(_folder: &Handle) -> Option<Owner> {
    None
}

pub(super) fn us() -> u32 {
    0
}

pub(super) fn names(_folder: &Handle, path: &Path, most: usize) -> io::Result<Vec<String>> {
    Ok(fs::read_dir(path)?
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok())
        .take(most)
        .collect())
}

pub(super) fn about(_folder: &Handle, path: &Path, name: &str) -> io::Result<About> {
    let about = fs::symlink_metadata(path.join(name))?;
    let kind = about.file_type();
    let sort = match () {
        () if kind.is_symlink() => Sort::Link,
        () if kind.is_dir() => Sort::Folder,
        () if kind.is_file() => Sort::Regular,
        () => Sort::Other,
    };
    let changed = about
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |d| d.as_secs());
    Ok(About {
        sort,
        size: about.len(),
        changed: i64::try_from(changed).unwrap_or(0),
        moment: 0,
    })
}

pub(super) fn open(_folder: &Handle, path: &Path, name: &str, write: bool) -> io::Result<File> {
    File::options()
        .read(true)
        .write(write)
        .open(path.join(name))
}

pub(super) fn create(_folder: &Handle, path: &Path, name: &str, _mode: u32) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path.join(name))
}

pub(super) fn create_as_usual(folder: &Handle, path: &Path, name: &str) -> io::Result<File> {
    create(folder, path, name, 0)
}

pub(super) fn remove(_folder: &Handle, path: &Path, name: &str) -> io::Result<()> {
    fs::remove_file(path.join(name))
}

pub(super) fn rename(_folder: &Handle, path: &Path, from: &str, to: &str) -> io::Result<()> {
    fs::rename(path.join(from), path.join(to))
}

pub(super) fn sync(_folder: &Handle) -> io::Result<()> {
    Ok(())
}

/// Nothing is known here of owners and modes.
pub fn may_be_trusted(_path: &Path) -> Result<(), Doubt> {
    Ok(())
}
