//! A file that is there whole or not at all: written under another name beside it, brought to the disk, and renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Writes `path` by `work`. Whoever reads it meanwhile reads what was there before; when the work fails that stays.
pub fn replace<T>(path: &Path, work: impl FnOnce(&mut dyn Write) -> Result<T>) -> Result<T> {
    // A link stays a link to the file that it names.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    put(path, target, work)
}

/// The same of a file that nobody has named, in a folder that somebody has: a link in its place is refused, because it may lead to
/// any file of theirs.
pub fn replace_in_folder<T>(
    path: &Path,
    work: impl FnOnce(&mut dyn Write) -> Result<T>,
) -> Result<T> {
    no_link(path)?;
    put(path, path.to_owned(), work)
}

/// Refuses a link in the place of a file that is to be written.
pub fn no_link(path: &Path) -> Result<()> {
    if fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink()) {
        return Err(Error::usage(say!(
            "replace.link_nothing_written_where",
            path = path.display()
        ))
        .hint(say!("replace.remove_or_name_another")));
    }
    Ok(())
}

fn put<T>(
    path: &Path,
    target: PathBuf,
    work: impl FnOnce(&mut dyn Write) -> Result<T>,
) -> Result<T> {
    let cannot = |e: std::io::Error| {
        Error::failed(say!("replace.cannot_written", path = path.display()))
            .hint(say!("replace.name_file_folder_there"))
            .because(e)
    };
    if target.is_dir() {
        return Err(
            Error::usage(say!("replace.there_folder_at", path = path.display()))
                .hint(say!("replace.name_file")),
        );
    }
    let before = fs::metadata(&target).ok();
    if before.as_ref().is_some_and(|m| !m.is_file()) {
        return Err(
            Error::usage(say!("replace.pipe_socket_or_device", path = path.display()))
                .hint("name a file"),
        );
    }
    if is_database(&target) {
        return Err(
            Error::usage(say!("replace.there_book_at_nothing", path = path.display()))
                .hint(say!("replace.name_another_file")),
        );
    }
    let draft = Draft(draft_of(&target));
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&draft.0)
        .map_err(cannot)?;
    let mut out = BufWriter::with_capacity(1 << 16, file);
    let done = work(&mut out)?;
    let file = out.into_inner().map_err(|e| cannot(e.into_error()))?;
    if let Some(before) = before {
        file.set_permissions(before.permissions()).map_err(cannot)?;
    }
    file.sync_all().map_err(cannot)?;
    fs::rename(&draft.0, &target).map_err(cannot)?;
    if let Some(folder) = target.parent().filter(|f| !f.as_os_str().is_empty()) {
        // Where folders cannot be opened the rename stands all the same.
        let _ = File::open(folder).and_then(|f| f.sync_all());
    }
    Ok(done)
}

/// True for what SQLite has written: a book is never the place for an export, whatever was typed.
fn is_database(path: &Path) -> bool {
    let mut head = [0_u8; 16];
    File::open(path)
        .and_then(|mut f| f.read_exact(&mut head))
        .is_ok()
        && &head == b"SQLite format 3\0"
}

fn draft_of(path: &Path) -> PathBuf {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

/// Goes away again unless it was renamed.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_stays_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feed.ics");
        replace(&path, |out| {
            out.write_all(b"one")
                .map_err(|e| Error::failed("x").because(e))
        })
        .expect("written");
        let failed = replace(&path, |out| {
            let _ = out.write_all(b"half");
            Err::<(), _>(Error::failed("no"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).expect("there"), b"one");
        assert_eq!(
            fs::read_dir(folder.path()).expect("a folder").count(),
            1,
            "no draft is left"
        );
        fs::write(&path, b"SQLite format 3\0 and more").expect("written");
        assert!(
            replace(&path, |_| Ok(())).is_err(),
            "a book is not written over"
        );
        assert!(replace(&folder.path().join("no/file"), |_| Ok(())).is_err());
        assert!(replace(folder.path(), |_| Ok(())).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_where_somebody_named_it_and_nowhere_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let (precious, link) = (
            folder.path().join("precious"),
            folder.path().join("rules.toml"),
        );
        fs::write(&precious, "mine").expect("written");
        std::os::unix::fs::symlink(&precious, &link).expect("linked");
        let new = |out: &mut dyn Write| {
            out.write_all(b"new")
                .map_err(|e| Error::failed("x").because(e))
        };
        let said = replace_in_folder(&link, new).expect_err("refused");
        assert!(said.message.contains("is a link"), "{said}");
        assert_eq!(fs::read(&precious).expect("there"), b"mine");
        replace(&link, new).expect("written");
        assert_eq!(fs::read(&precious).expect("there"), b"new");
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .expect("a pipe");
        assert!(
            replace(&pipe, new).is_err(),
            "it does not wait for a reader"
        );
    }
}
