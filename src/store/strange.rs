//! What lies beside a book under the names of Retain and is nothing that Retain has made: it is passed over, and named here.

use std::io;
use std::path::Path;

use crate::files::{About, Folder};

use super::{Mode, Store, backup, presence};

/// Most things in one folder that are named.
const MOST: usize = 5;

impl Store {
    /// Everything of this kind beside the book, a sentence each.
    pub(super) fn strange_beside(&self) -> Vec<String> {
        match self.mode {
            Mode::Memory => Vec::new(),
            _ => [
                presence::strange(&self.path),
                backup::strange(&self.path),
                self.strange_in_sync_folder(),
            ]
            .concat(),
        }
    }
}

/// What is wrong with a folder beside `book`: it is none, it is somebody else's, or something in it does not belong there.
pub(super) fn strange_in(
    folder: &Path,
    book: &Path,
    belongs: impl Fn(&str, About) -> bool,
) -> Vec<String> {
    let open = match Folder::open(folder).and_then(|f| f.of_who_has(book)) {
        Ok(open) => open,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(e) => return vec![e.to_string()],
    };
    let mut names = open.names().unwrap_or_default();
    names.sort();
    let about = |name: String| {
        Some((
            open.about(&name)
                .ok()
                .filter(|about| !belongs(&name, *about))?,
            name,
        ))
    };
    few(
        names
            .into_iter()
            .filter_map(about)
            .map(|(about, name)| words(&folder.join(name), about)),
        folder,
    )
}

/// Not more of them than a person reads.
pub(super) fn few(strange: impl Iterator<Item = String>, folder: &Path) -> Vec<String> {
    let mut strange: Vec<String> = strange.take(MOST + 1).collect();
    if strange.len() > MOST {
        strange.truncate(MOST);
        strange.push(say!("strange.more", folder = folder.display()).to_string());
    }
    strange
}

pub(super) fn words(path: &Path, about: About) -> String {
    say!(
        "strange.bytes_does_not_belong",
        path = path.display(),
        words = about.sort.words(),
        size = about.size
    )
    .to_string()
}
