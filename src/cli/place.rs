//! Where things lie on this machine: the book, the demo book, the log, and the file that names the device.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::domain::id::{Id, Ids};
use crate::domain::time::Stamp;
use crate::error::{Error, Result};

/// The platform's folders for this program; `None` where the platform does not say (no HOME).
#[derive(Clone, Debug)]
pub(super) struct Places {
    home: Option<PathBuf>,
    data: Option<PathBuf>,
    state: Option<PathBuf>,
    config: Option<PathBuf>,
}

impl Places {
    /// Asks the platform. Nothing is made yet.
    pub(super) fn of_platform() -> Places {
        let dirs = ProjectDirs::from("", "", "retain");
        let data = dirs.as_ref().map(|d| d.data_dir().to_owned());
        let state = dirs
            .as_ref()
            .map(|d| d.state_dir().unwrap_or(d.data_local_dir()).to_owned());
        let config = dirs.as_ref().map(|d| d.config_dir().to_owned());
        let home = directories::BaseDirs::new().map(|d| d.home_dir().to_owned());
        Places {
            home,
            data,
            state,
            config,
        }
    }

    /// The book that is meant when none is named.
    pub(super) fn book(&self) -> Result<PathBuf> {
        self.data_file("book.db")
    }

    /// The demo book.
    pub(super) fn demo(&self) -> Result<PathBuf> {
        self.data_file("demo.db")
    }

    fn data_file(&self, name: &str) -> Result<PathBuf> {
        let folder = self.data.as_ref().ok_or_else(|| {
            Error::usage(say!("place.this_machine_does_not"))
                .hint(say!("place.name_book_with_book"))
        })?;
        Ok(folder.join(name))
    }

    /// True for the person's home itself.
    pub(super) fn is_home(&self, folder: &Path) -> bool {
        self.home
            .as_deref()
            .is_some_and(|h| fs::canonicalize(h).is_ok_and(|h| h == folder))
    }

    /// The folder with what the person set by hand.
    pub(super) fn config(&self) -> Option<PathBuf> {
        self.config.clone()
    }

    /// The folder for the log and the device's id, made when it is missing; `None` where it cannot be (a read-only HOME).
    pub(super) fn state(&self) -> Option<&Path> {
        let folder = self.state.as_deref()?;
        crate::files::make_own(folder).ok()?;
        Some(folder)
    }

    /// The id of this device: kept in the state folder, never in a book. Where nothing can be kept it is derived from the
    /// machine's own id and the person, so that it is the same at the next start.
    pub(super) fn device(&self, person: &str, now: Stamp) -> Id {
        self.state()
            .and_then(|folder| kept_device(folder, now))
            .unwrap_or_else(|| derived_device(person))
    }
}

/// Makes the folder that a new file will lie in.
pub(super) fn make_folder_of(file: &Path) -> Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.exists() => {
            crate::files::make_own(folder).map_err(|e| {
                Error::failed(say!(
                    "place.folder_cannot_made",
                    folder = folder.display(),
                    kind = e.kind()
                ))
                .hint(say!("place.name_another_file_with"))
                .because(e)
            })
        }
        _ => Ok(()),
    }
}

fn kept_device(folder: &Path, now: Stamp) -> Option<Id> {
    let file = folder.join("device");
    if let Some(id) = read_device(&file) {
        return Some(on_this_machine(id));
    }
    let id = Ids::random().next(now);
    // Two first starts at once must agree, so the whole file appears under its name in one step, and only if none is there.
    let draft = folder.join(format!("device.{}", std::process::id()));
    let made = write_private(&draft, &format!("{id}\n")).and_then(|()| {
        match fs::hard_link(&draft, &file) {
            Err(e)
                if e.kind() == std::io::ErrorKind::AlreadyExists
                    && read_device(&file).is_some() =>
            {
                Ok(())
            }
            // A damaged file, or a file system without links.
            Err(_) => fs::rename(&draft, &file),
            Ok(()) => Ok(()),
        }
    });
    // The draft is gone already after a rename.
    let _ = fs::remove_file(&draft);
    made.ok()?;
    read_device(&file).map(on_this_machine)
}

/// The id as it is on this machine: the same home on another machine (a clone, a home on the network) is another device.
fn on_this_machine(id: Id) -> Id {
    let machine = machine();
    if machine.is_empty() {
        return id;
    }
    made_by_rule(&format!("retain machine\n{machine}\n{id}"))
}

fn machine() -> String {
    let read = |path: &str| {
        fs::read_to_string(path)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    format!("{}{}", read("/etc/machine-id"), read("/etc/hostname"))
}

fn read_device(file: &Path) -> Option<Id> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(file)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()
}

fn derived_device(person: &str) -> Id {
    made_by_rule(&format!("retain device\n{}\n{person}", machine()))
}

fn made_by_rule(text: &str) -> Id {
    let hash = blake3::hash(text.as_bytes());
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    // Version 8: made by a rule of our own.
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Id(bytes)
}

/// The IANA zone of this machine for a new book: TZ where it names one, else what /etc/localtime points to.
pub(super) fn zone() -> Option<String> {
    let named = |name: &str| crate::domain::time::Zone::named(name).map(|_| name.to_owned());
    if let Ok(tz) = std::env::var("TZ") {
        return named(tz.trim_start_matches(':'));
    }
    let link = fs::read_link("/etc/localtime").ok()?;
    let (_, name) = link.to_str()?.split_once("zoneinfo/")?;
    named(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_is_kept_and_a_damaged_file_is_made_anew() {
        let home = tempfile::tempdir().expect("a folder");
        let places = Places {
            home: None,
            data: None,
            state: Some(home.path().join("state")),
            config: None,
        };
        let first = places.device("ada", Stamp(1));
        assert_eq!(places.device("someone else", Stamp(2)), first);
        let file = home.path().join("state/device");
        fs::write(&file, "not an id").expect("write");
        let second = places.device("ada", Stamp(3));
        assert_ne!(second, first);
        assert_eq!(places.device("ada", Stamp(4)), second);
        assert_eq!(
            fs::read_dir(home.path().join("state"))
                .expect("list")
                .count(),
            1,
            "no draft stays behind"
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_device_file_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().expect("a folder");
        let places = Places {
            home: None,
            data: None,
            state: Some(home.path().to_owned()),
            config: None,
        };
        places.device("ada", Stamp(1));
        let mode = fs::metadata(home.path().join("device"))
            .expect("made")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn without_a_state_folder_the_device_is_the_same_at_every_start() {
        let places = Places {
            home: None,
            data: None,
            state: None,
            config: None,
        };
        assert_eq!(
            places.device("ada", Stamp(1)),
            places.device("ada", Stamp(2))
        );
        assert_ne!(
            places.device("ada", Stamp(1)),
            places.device("bob", Stamp(1))
        );
        assert!(places.book().is_err());
    }
}
