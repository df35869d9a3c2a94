//! Copies of a book that a sync tool has put beside it, because two machines wrote at the same time.

use std::fs;
use std::path::{Path, PathBuf};

use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::Result;

use super::{Mode, Store, backup, merge, open, presence, schema, sync};

impl Store {
    /// Files beside the book that are named like it and are copies of it by their id: what a sync tool leaves when it could
    /// not decide. `retain merge` takes over what they have.
    pub fn conflicted_copies(&self) -> Result<Vec<PathBuf>> {
        match self.book()? {
            Some(book) => Ok(copies(&self.path, book)),
            None => Ok(Vec::new()),
        }
    }

    /// Moves a copy that a sync tool left beside the book, and of which the book has everything, into the folder of backups:
    /// under a name that says what it was called. One that somebody has open, or that was written to since it looked like
    /// `before`, stays where it is. Gives where it is now.
    pub(super) fn put_away(&self, copy: &Path, before: Look, now: Stamp) -> Option<PathBuf> {
        let copy = fs::canonicalize(copy).ok()?;
        let (own, name) = (
            self.path.file_name()?.to_str()?,
            copy.file_name()?.to_str()?,
        );
        let beside = self.mode != Mode::Memory
            && copy.parent() == self.path.parent()
            && is_named_like(own, name);
        if !beside || look_of(&copy) != before || !presence::here(&copy).is_empty() {
            return None;
        }
        let stem = copy.file_stem()?.to_str()?;
        let folder = backup::make_folder(&self.path).ok()?;
        backup::move_away(
            &copy,
            &folder,
            &format!("merged-{}-{stem}", backup::moment(now)),
        )
        .ok()?
    }
}

/// Length and time of a book's file and of its -wal: whether somebody has written to it meanwhile.
pub(super) type Look = [Option<(u64, i64)>; 2];

pub(super) fn look_of(path: &Path) -> Look {
    let of = |path: &Path| {
        fs::metadata(path)
            .ok()
            .map(|m| (m.len(), sync::changed_at(&m)))
    };
    [of(path), of(&open::wal_of(path))]
}

fn copies(path: &Path, book: Id) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str()))
    else {
        return Vec::new();
    };
    let Ok(listed) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = listed
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|other| {
            other
                .file_name()
                .and_then(|n| n.to_str())
                .is_some_and(|other| is_named_like(name, other))
        })
        .filter(|other| {
            fs::symlink_metadata(other).is_ok_and(|m| m.is_file()) && is_copy(other, book)
        })
        .collect();
    found.sort();
    found
}

/// `book (Ana's conflicted copy 2026-01-01).db`, `book.sync-conflict-20260101-120000-ABC.db`, `book-laptop.db`, `book (1).db`.
fn is_named_like(name: &str, other: &str) -> bool {
    let (stem, end) = name
        .rsplit_once('.')
        .map_or((name, String::new()), |(stem, end)| {
            (stem, format!(".{end}"))
        });
    let middle = other
        .strip_prefix(stem)
        .and_then(|rest| rest.strip_suffix(end.as_str()));
    middle.is_some_and(|m| m.starts_with([' ', '.', '-', '_', '(', '~']))
}

fn is_copy(path: &Path, book: Id) -> bool {
    if super::open::check_file(path, false).is_err()
        || fs::metadata(path).is_ok_and(|m| m.len() == 0)
    {
        return false;
    }
    merge::read_only(path)
        .ok()
        .and_then(|conn| schema::book(&conn).ok().flatten())
        == Some(book)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, add, options};
    use super::*;
    use crate::store::merge::MergeAsk;

    #[test]
    fn names_of_sync_tools_are_known() {
        for (name, other, is) in [
            (
                "book.db",
                "book (Ana's conflicted copy 2026-01-01).db",
                true,
            ),
            (
                "book.db",
                "book.sync-conflict-20260101-120000-ABCDEFG.db",
                true,
            ),
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
        fs::copy(
            at("book.db"),
            at("book (Ana's conflicted copy 2026-01-01).db"),
        )
        .unwrap();
        fs::copy(at("book.db"), at("book-laptop.db")).unwrap();
        fs::write(at("book-notes.db"), "not a book").unwrap();
        Store::open(&at("book-other.db"), &options("ana"))
            .unwrap()
            .close();
        let store = Store::open(&at("book.db"), &options("ana")).unwrap();
        let before = fs::read_dir(folder.path()).unwrap().count();
        let found: Vec<String> = store
            .conflicted_copies()
            .unwrap()
            .iter()
            .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(
            found,
            [
                "book (Ana's conflicted copy 2026-01-01).db",
                "book-laptop.db"
            ]
        );
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            before,
            "looking leaves nothing behind"
        );
    }

    #[test]
    fn a_merged_copy_is_put_away_once_the_book_has_all_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mut store = Store::open(&at("book.db"), &options("ana")).unwrap();
        let acme = add(&mut store, "Acme", 0);
        store.close();
        for name in ["book (1).db", "book-open.db", "laptop.db"] {
            fs::copy(at("book.db"), at(name)).unwrap();
        }
        let mut other = Store::open(&at("book (1).db"), &options("bo")).unwrap();
        other.who_for_tests().device = Id([9; 16]);
        add(&mut other, "Bolt", 0);
        other.close();
        let bytes = fs::read(at("book (1).db")).unwrap();
        let mut store = Store::open(&at("book.db"), &options("ana")).unwrap();
        let ask = |dry_run| MergeAsk {
            now: NOW,
            dry_run,
            foreign: false,
        };
        let report = store.merge(&at("book (1).db"), ask(true)).unwrap();
        assert!(
            report.put_away.is_none() && at("book (1).db").exists(),
            "looking moves nothing"
        );
        let report = store.merge(&at("book (1).db"), ask(false)).unwrap();
        let to = report.put_away.unwrap();
        assert_eq!(
            to,
            backup::folder_of(store.path()).join("merged-20261118T110640Z-book (1).db")
        );
        assert_eq!(fs::read(&to).unwrap(), bytes, "nothing of it is changed");
        assert!(!at("book (1).db").exists());
        assert!(
            backup::list(store.path()).iter().all(|b| b.path != to),
            "it is no backup, and thinning does not know it"
        );
        // One that somebody works in stays, and so does one that no sync tool has named.
        let here = presence::Presence::begin(&at("book-open.db"), "bo", false, NOW).unwrap();
        for name in ["book-open.db", "laptop.db"] {
            assert_eq!(store.merge(&at(name), ask(false)).unwrap().put_away, None);
            assert!(at(name).exists());
        }
        drop(here);
        // One that brings nothing goes too, and nothing is left for `doctor` to name.
        assert!(
            store
                .merge(&at("book-open.db"), ask(false))
                .unwrap()
                .put_away
                .is_some()
        );
        assert!(store.conflicted_copies().unwrap().is_empty());
        // The file that stays is a whole book.
        let mut kept = Store::open(&to, &options("bo")).unwrap();
        assert_eq!(
            crate::store::tests::account(&mut kept, acme).customer.name,
            "Acme"
        );
    }
}
