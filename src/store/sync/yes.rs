//! Who exchanges where: what a book says of it is what somebody has written, and every copy of it says the same.
//!
//! The folder that has its name from the book's and lies beside it is the book's own: another copy has another, so it needs no yes. Any
//! other folder takes changes where the book says, and brings what others put there. So it needs a yes, said on this machine by
//! this person for this folder, this book and this file. It is kept in the state folder, beside the outbox.
//!
//! The file is that of its path, whatever lies there (a restore), or the very file under another path (a move). A copy is neither.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::id::Id;
use crate::error::{Error, Result};
use crate::files::{self, Folder};
use crate::store::open::{self, Identity};
use crate::store::{Mode, Store};

/// What this file does of the exchange.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// The book takes no part.
    Off,
    /// It gives and takes.
    On,
    /// The book takes part, this file does not: why, and what lets it, in a sentence.
    Aside(String),
}

/// What is kept of one file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Yes {
    /// The path of the book.
    path: PathBuf,
    /// The device's own id: a home that was copied to another machine has said nothing there.
    base: Id,
    /// The book.
    book: Option<Id>,
    /// The folder; none: there was no yes.
    folder: Option<PathBuf>,
    /// The file, and when it was made, where the system says so: an inode is given again.
    file: Option<Identity>,
    born: Option<u64>,
}

impl Yes {
    /// Both are about one book and one folder, said on this machine.
    fn fits(&self, other: &Yes) -> bool {
        self.folder.is_some()
            && (self.base, self.book, &self.folder) == (other.base, other.book, &other.folder)
    }

    /// Both are one file.
    fn is_same_file(&self, other: &Yes) -> bool {
        self.file.is_some() && (self.file, self.born) == (other.file, other.born)
    }

    fn read(file: &Path) -> Option<Yes> {
        serde_json::from_slice(&fs::read(file).ok()?).ok()
    }

    /// Keeps it: whole, or as it was.
    fn keep(&self, file: &Path) -> std::io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        files::make_own(folder)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        Folder::open(folder)?.write(
            &name,
            &format!("{name}.{}.tmp", std::process::id()),
            &serde_json::to_vec(self)?,
            0o600,
        )
    }
}

/// When a file was made.
fn born(path: &Path) -> Option<u64> {
    let made = fs::metadata(path).ok()?.created().ok()?;
    u64::try_from(made.duration_since(std::time::UNIX_EPOCH).ok()?.as_nanos()).ok()
}

/// The folder under a name that is a link lies elsewhere.
fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink())
}

impl Store {
    /// What this file does of the exchange.
    pub fn part(&self) -> Part {
        if self.mode == Mode::Memory || self.meta("sync").is_none_or(|v| v != "on") {
            return Part::Off;
        }
        if self.may_exchange() {
            Part::On
        } else {
            Part::Aside(self.words_aside())
        }
    }

    /// The folder that has its name from the book's.
    pub(super) fn folder_beside(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".sync");
        PathBuf::from(name)
    }

    /// The folder needs no yes, or has one.
    pub(super) fn may_exchange(&self) -> bool {
        let folder = self.sync_folder();
        let own = folder == self.folder_beside() && !is_link(&folder);
        own || self.has_yes(&folder)
    }

    /// The person has said yes to this folder, here and for this file.
    pub(super) fn has_yes(&self, folder: &Path) -> bool {
        self.agreed.as_deref() == Some(folder)
            || self
                .kept_yes()
                .is_some_and(|kept| kept.fits(&self.yes(Some(folder.to_owned()))))
    }

    /// The file in which the yes for this path is kept; `None` where nothing can be kept.
    fn place_of_yes(&self) -> Option<PathBuf> {
        Some(
            self.outbox
                .as_ref()
                .or(self.numbers.as_ref())?
                .file()
                .with_extension("sync"),
        )
    }

    fn kept_yes(&self) -> Option<Yes> {
        Yes::read(&self.place_of_yes()?)
    }

    /// What is kept when it is said now.
    fn yes(&self, folder: Option<PathBuf>) -> Yes {
        let (file, born) = (open::identity(&self.path), born(&self.path));
        Yes {
            path: self.path.clone(),
            base: self.options.who.device,
            book: self.book_id(),
            folder,
            file,
            born,
        }
    }

    /// The person says yes to this folder. Where nothing can be kept it holds until the book is closed.
    pub(super) fn say_yes(&mut self, folder: PathBuf) -> Result<()> {
        let kept = self
            .place_of_yes()
            .map_or(Ok(()), |place| self.yes(Some(folder.clone())).keep(&place));
        kept.map_err(|e| {
            Error::failed(say!("yes.this_book_may_exchange"))
                .hint(say!("yes.look_at_disk_your"))
                .because(e)
        })?;
        self.agreed = Some(folder);
        Ok(())
    }

    /// A name that is given now is given by a program that asks: what was before needs no guess from here on.
    pub(in crate::store) fn note_that_it_asks(&self) {
        if let Some(place) = self.place_of_yes().filter(|place| !place.exists()) {
            let _ = self.yes(None).keep(&place);
        }
    }

    /// At an opening: goes on with the yes of a file that was moved, keeps which file it is for, and takes what earlier versions did for
    /// a yes. They did not ask, and a copy was not told from the book; its own bundles in the folder tell that this path gave there.
    pub(in crate::store) fn find_yes(&mut self) {
        let Some(place) = self
            .place_of_yes()
            .filter(|_| self.read_only.is_none() && self.as_of.is_none())
        else {
            return;
        };
        let folder = self.sync_folder();
        if folder == self.folder_beside() && !is_link(&folder) {
            return;
        }
        let now = self.yes(Some(folder.clone()));
        match Yes::read(&place) {
            Some(kept) if kept == now => {}
            // A restore, or a program that replaces the file: the path is the same.
            Some(kept) if kept.path == now.path && kept.fits(&now) => {
                let _ = now.keep(&place);
            }
            kept => {
                let moved = self
                    .other_yeses(&place, &now)
                    .into_iter()
                    .find(|(_, other)| other.is_same_file(&now));
                if let Some((former, other)) = moved {
                    if now.keep(&place).is_ok() && !other.path.exists() {
                        let _ = fs::remove_file(former);
                        let (from, folder) = (other.path.display(), folder.display());
                        self.told.push(
                            say!("yes.book_moved_here_from", from = from, folder = folder)
                                .to_string(),
                        );
                    }
                } else if kept.is_none() && folder.is_dir() {
                    let gave = self.named && self.has_given_into(&folder);
                    let _ = Yes {
                        folder: now.folder.clone().filter(|_| gave),
                        ..now
                    }
                    .keep(&place);
                }
            }
        }
    }

    fn has_given_into(&self, folder: &Path) -> bool {
        let room = fs::canonicalize(folder).and_then(|folder| Folder::open(&folder));
        room.is_ok_and(|room| room.has_folder(&self.who.device.to_string()))
    }

    /// What was said for other paths of the same book and folder.
    fn other_yeses(&self, place: &Path, now: &Yes) -> Vec<(PathBuf, Yes)> {
        let files = place
            .parent()
            .and_then(|folder| fs::read_dir(folder).ok())
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path());
        let others =
            files.filter(|file| file != place && file.extension().is_some_and(|x| x == "sync"));
        let mut all: Vec<(PathBuf, Yes)> = others
            .filter_map(|file| Some((file.clone(), Yes::read(&file)?)))
            .collect();
        all.retain(|(_, yes)| yes.fits(now));
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    fn words_aside(&self) -> String {
        let folder = self.sync_folder();
        let name = self
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let others = self
            .place_of_yes()
            .map(|place| self.other_yeses(&place, &self.yes(Some(folder.clone()))))
            .unwrap_or_default();
        let why = match others.first() {
            Some((_, yes)) if yes.path.exists() => {
                say!("yes.sync_switched_on_at", path = yes.path.display())
            }
            Some((_, yes)) => say!("yes.sync_switched_on_at_which", path = yes.path.display()),
            None => say!("yes.book_names_this_folder").to_owned(),
        };
        say!(
            "yes.book_does_not_exchange",
            name = name,
            folder = folder.display(),
            why = why
        )
        .to_string()
    }
}

#[cfg(test)]
mod tests;
