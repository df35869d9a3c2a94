//! Copies of a book that a sync tool has put beside it, because two machines wrote at the same time.

use std::fs;
use std::path::{Path, PathBuf};

use crate::domain::id::Id;
use crate::error::Result;

use super::{Store, merge, schema};

impl Store {
    /// Files beside the book that are named like it and are copies of it by their id: what a sync tool leaves when it could
    /// not decide. `retain merge` takes over what they have.
    pub fn conflicted_copies(&self) -> Result<Vec<PathBuf>> {
        match self.book()? {
            Some(book) => Ok(copies(&self.path, book)),
            None => Ok(Vec::new()),
        }
    }
}

fn copies(path: &Path, book: Id) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str())) else { return Vec::new() };
    let Ok(listed) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = listed
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|other| other.file_name().and_then(|n| n.to_str()).is_some_and(|other| is_named_like(name, other)))
        .filter(|other| fs::symlink_metadata(other).is_ok_and(|m| m.is_file()) && is_copy(other, book))
        .collect();
    found.sort();
    found
}

/// `book (Ana's conflicted copy 2026-01-01).db`, `book.sync-conflict-20260101-120000-ABC.db`, `book-laptop.db`, `book (1).db`.
fn is_named_like(name: &str, other: &str) -> bool {
    let (stem, end) = name.rsplit_once('.').map_or((name, String::new()), |(stem, end)| (stem, format!(".{end}")));
    let middle = other.strip_prefix(stem).and_then(|rest| rest.strip_suffix(end.as_str()));
    middle.is_some_and(|m| m.starts_with([' ', '.', '-', '_', '(', '~']))
}

fn is_copy(path: &Path, book: Id) -> bool {
    if super::open::check_file(path, false).is_err() || fs::metadata(path).is_ok_and(|m| m.len() == 0) {
        return false;
    }
    merge::read_only(path).ok().and_then(|conn| schema::book(&conn).ok().flatten()) == Some(book)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{add, options};
    use super::*;

    #[test]
    fn names_of_sync_tools_are_known() {
        for (name, other, is) in [
            ("book.db", "book (Ana's conflicted copy 2026-01-01).db", true),
            ("book.db", "book.sync-conflict-20260101-120000-ABCDEFG.db", true),
            ("book.db", "book-laptop.db", true),
            ("book.db", "book (1).db", true),
            ("book.db", "book.db", false),
            ("book.db", "book.db-wal", false),
            ("book.db", "books.db", false),
            ("team", "team-laptop", true),
        ] {
            assert_eq!(is_named_like(name, other), is, "{other}");
        }
    }

    #[test]
    fn only_copies_of_the_same_book_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mut store = Store::open(&at("book.db"), &options("ana")).unwrap();
        add(&mut store, "Acme", 0);
        store.close();
        fs::copy(at("book.db"), at("book (Ana's conflicted copy 2026-01-01).db")).unwrap();
        fs::copy(at("book.db"), at("book-laptop.db")).unwrap();
        fs::write(at("book-notes.db"), "not a book").unwrap();
        Store::open(&at("book-other.db"), &options("ana")).unwrap().close();
        let store = Store::open(&at("book.db"), &options("ana")).unwrap();
        let before = fs::read_dir(folder.path()).unwrap().count();
        let found: Vec<String> =
            store.conflicted_copies().unwrap().iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(found, ["book (Ana's conflicted copy 2026-01-01).db", "book-laptop.db"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), before, "looking leaves nothing behind");
    }
}
