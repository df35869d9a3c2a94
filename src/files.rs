//! Files in folders that others can write too: beside a book, in a team's folder, in one that a program copies to and fro. What lies
//! there is not trusted. A folder is opened without following a link and everything is done relative to it, so a name that becomes a
//! link meanwhile leads nowhere else; new files are new, what is removed is named, and only regular files of a known size are read.

#[cfg_attr(unix, path = "files/unix.rs")]
#[cfg_attr(not(unix), path = "files/plain.rs")]
mod system;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

pub use system::may_be_trusted;

/// What an entry of a folder is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    /// A file with bytes in it.
    Regular,
    /// A folder.
    Folder,
    /// A link to something else.
    Link,
    /// A pipe, a socket or a device: to open it may wait for ever, or do something.
    Other,
}

impl Sort {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Sort::Regular => "a file",
            Sort::Folder => "a folder",
            Sort::Link => "a link",
            Sort::Other => "a pipe, a socket or a device",
        }
    }
}

/// What is known of an entry without opening it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct About {
    /// What it is.
    pub sort: Sort,
    /// Bytes.
    pub size: u64,
    /// When it was changed, by the clock of its file system, in seconds.
    pub changed: i64,
    /// The same as closely as the file system says it: a number to compare, 0 where the platform has none.
    pub moment: i64,
}

/// Who owns a file: the person and the group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The person's number.
    pub user: u32,
    /// The group's.
    pub group: u32,
}

impl Owner {
    /// Whether a folder of this owner may be worked in by `us` beside files of `others`: it is ours, root's, or of who has those files,
    /// the person or the group.
    pub fn belongs(self, us: u32, others: &[Owner]) -> bool {
        self.user == us
            || self.user == 0
            || others
                .iter()
                .any(|o| o.user == self.user || o.group == self.group)
    }
}

/// Why a way is not trusted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Doubt {
    /// What is in the way, as the beginning of a sentence.
    pub words: String,
    /// The command that mends it, where one does.
    pub mend: Option<String>,
}

/// An open folder.
#[derive(Debug)]
pub struct Folder {
    handle: system::Handle,
    path: PathBuf,
}

/// Most names of a folder that are looked at: somebody may fill it.
const MOST_NAMES: usize = 100_000;

fn refused(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// A name is one part of a path: it leads nowhere else.
fn part(name: &str) -> io::Result<&str> {
    let one = !name.is_empty()
        && name != "."
        && name != ".."
        && !name.contains(['/', '\0'])
        && (cfg!(unix) || !name.contains(['\\', ':']));
    if one {
        Ok(name)
    } else {
        Err(refused(format!("{name:?} is not the name of a file")))
    }
}

fn no_folder(path: &Path, sort: Sort) -> io::Error {
    refused(match sort {
        Sort::Link => format!("{} is a link and not a folder", path.display()),
        _ => format!("{} is not a folder", path.display()),
    })
}

impl Folder {
    /// Opens a folder that is there; a link to one is refused.
    pub fn open(path: &Path) -> io::Result<Folder> {
        // Behind a slash at the end a link would be followed.
        let path = path.components().as_path();
        let handle = system::folder(path).map_err(|e| {
            match fs::symlink_metadata(path).map(|m| m.file_type()) {
                Ok(kind) if kind.is_symlink() => no_folder(path, Sort::Link),
                Ok(kind) if !kind.is_dir() => no_folder(path, Sort::Other),
                _ => e,
            }
        })?;
        Ok(Folder {
            handle,
            path: path.to_owned(),
        })
    }

    /// Opens a folder in this one; a link to one is refused.
    pub fn folder(&self, name: &str) -> io::Result<Folder> {
        let path = self.path.join(part(name)?);
        let handle = system::folder_in(&self.handle, &self.path, name).map_err(|e| {
            match self.about(name) {
                Ok(about) if about.sort != Sort::Folder => no_folder(&path, about.sort),
                _ => e,
            }
        })?;
        Ok(Folder { handle, path })
    }

    /// The same, and makes it where nothing has the name, with these permissions.
    pub fn make_folder(&self, name: &str, mode: u32) -> io::Result<Folder> {
        let made = match system::make_in(&self.handle, &self.path, part(name)?) {
            Ok(()) => true,
            Err(_) if !self.is_free(name) => false,
            Err(e) => return Err(e),
        };
        let folder = self.folder(name)?;
        if made {
            system::permit(&folder.handle, mode)?;
        }
        Ok(folder)
    }

    /// Whether a folder has the name; a link to one has not.
    pub fn has_folder(&self, name: &str) -> bool {
        self.about(name)
            .is_ok_and(|about| about.sort == Sort::Folder)
    }

    /// True for a folder that hands its group on, and that the group can write.
    pub fn is_groups(&self) -> bool {
        system::is_groups(&self.handle)
    }

    /// Another handle of it, for a lock that ends with it.
    pub fn to_lock(&self) -> io::Result<File> {
        system::to_lock(&self.handle, &self.path)
    }

    /// The same, and makes it where nothing has the name; whatever the umask says it has these permissions then.
    pub fn make(path: &Path, mode: u32) -> io::Result<Folder> {
        let made = match system::make(path) {
            Ok(()) => true,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
            // Where nothing can be made a folder may be there all the same.
            Err(e) if fs::symlink_metadata(path).is_err() => return Err(e),
            Err(_) => false,
        };
        let folder = Folder::open(path)?;
        if made {
            system::permit(&folder.handle, mode)?;
        }
        Ok(folder)
    }

    /// Refuses a folder beside `file` that somebody else has put there.
    pub fn of_who_has(self, file: &Path) -> io::Result<Folder> {
        let others: Vec<Owner> = [Some(file), file.parent()]
            .into_iter()
            .flatten()
            .filter_map(system::owner)
            .collect();
        match system::owner_of(&self.handle) {
            Some(own) if !own.belongs(system::us(), &others) => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("{} is neither yours nor your team's", self.path.display()),
            )),
            _ => Ok(self),
        }
    }

    /// Where it is, for sentences and for what takes paths only.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names in it that are text, in no order.
    pub fn names(&self) -> io::Result<Vec<String>> {
        self.first_names(MOST_NAMES)
    }

    /// So many of them at most.
    pub fn first_names(&self, most: usize) -> io::Result<Vec<String>> {
        system::names(&self.handle, &self.path, most)
    }

    /// What has a name; a link is not followed.
    pub fn about(&self, name: &str) -> io::Result<About> {
        system::about(&self.handle, &self.path, part(name)?)
    }

    /// Whether nothing has the name.
    pub fn is_free(&self, name: &str) -> bool {
        self.about(name)
            .is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
    }

    /// Opens a regular file to read it. Nothing else is opened: a pipe would wait for a writer.
    pub fn file(&self, name: &str) -> io::Result<File> {
        self.existing(name, false)
    }

    /// Opens a regular file to write into it and to lock it.
    pub fn file_to_write(&self, name: &str) -> io::Result<File> {
        self.existing(name, true)
    }

    fn existing(&self, name: &str, write: bool) -> io::Result<File> {
        let strange = |sort: Sort| {
            refused(format!(
                "{} is {}",
                self.path.join(name).display(),
                sort.words()
            ))
        };
        match self.about(name)?.sort {
            Sort::Regular => {}
            sort => return Err(strange(sort)),
        }
        let file = system::open(&self.handle, &self.path, name, write)?;
        // It may be another by now.
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(strange(Sort::Other))
        }
    }

    /// All bytes of a regular file of at most `most`; a larger one is refused unread.
    pub fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>> {
        whole(self.file(name)?, most)
    }

    /// A new file; one that is there, also a link, is an error. Its permissions are these, whatever the umask says.
    pub fn create(&self, name: &str, mode: u32) -> io::Result<File> {
        system::create(&self.handle, &self.path, part(name)?, mode)
    }

    /// A new file in the place of a draft that a killed process has left; what the name was a link to stays as it is.
    pub fn draft(&self, name: &str, mode: u32) -> io::Result<File> {
        match self.create(name, mode) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                self.remove(name)?;
                self.create(name, mode)
            }
            made => made,
        }
    }

    /// The same with the permissions that any new file gets.
    pub fn draft_as_usual(&self, name: &str) -> io::Result<File> {
        match system::create_as_usual(&self.handle, &self.path, part(name)?) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                self.remove(name)?;
                system::create_as_usual(&self.handle, &self.path, name)
            }
            made => made,
        }
    }

    /// Writes a whole file by way of a draft: whoever reads it meanwhile reads what was there before.
    pub fn write(&self, name: &str, draft: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
        let written = self
            .draft(draft, mode)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| self.rename(draft, name));
        if written.is_err() {
            let _ = self.remove(draft);
        }
        written
    }

    /// Takes a name away: of a link the link, never what it leads to. A folder is an error.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        system::remove(&self.handle, &self.path, part(name)?)
    }

    /// Gives a file another name here, in the place of what has it.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        system::rename(&self.handle, &self.path, part(from)?, part(to)?)
    }

    /// Gives it to a group, as [`give`] does.
    #[cfg(unix)]
    pub fn give(&self, mode: u32, group: Option<u32>) -> io::Result<fs::Metadata> {
        give(&self.handle, mode, group)
    }

    /// Brings its names to the disk.
    pub fn sync(&self) -> io::Result<()> {
        system::sync(&self.handle)
    }
}

/// Makes a folder that is its owner's alone, with those above it that are not there.
pub fn make_own(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Gives an open file to a group, where one is named, with these permissions; what became of it.
#[cfg(unix)]
pub fn give(file: &File, mode: u32, group: Option<u32>) -> io::Result<fs::Metadata> {
    use std::os::unix::fs::MetadataExt as _;
    // What is as it has to be may be somebody else's, and only its owner may change it.
    let is = file.metadata()?;
    if is.mode() & 0o7777 == mode && group.is_none_or(|group| group == is.gid()) {
        return Ok(is);
    }
    if group.is_some() {
        std::os::unix::fs::fchown(file, None, group)?;
    }
    system::permit(file, mode)?;
    file.metadata()
}

fn whole(file: File, most: u64) -> io::Result<Vec<u8>> {
    let too_large = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it is larger than {most} bytes"),
        )
    };
    let length = file.metadata()?.len();
    if length > most {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        Err(too_large())
    } else {
        Ok(bytes)
    }
}

/// The folder of a path and the name in it. The folder is one that a person has named, so links on the way to it are followed.
fn placed(path: &Path) -> io::Result<(Folder, String)> {
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .ok_or_else(|| refused(format!("{} is not the name of a file", path.display())))?;
    let folder = path
        .parent()
        .filter(|f| !f.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    Ok((Folder::open(&fs::canonicalize(folder)?)?, name.to_owned()))
}

/// All bytes of a regular file of at most `most`; neither a link nor a pipe is opened.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (folder, name) = placed(path)?;
    folder.read(&name, most)
}

/// Opens a regular file to read it; neither a link nor a pipe is.
pub fn open(path: &Path) -> io::Result<File> {
    let (folder, name) = placed(path)?;
    folder.file(&name)
}

/// Opens a regular file that a person has named: a link is followed to what it leads to, a pipe is not opened.
pub fn open_named(path: &Path) -> io::Result<File> {
    open(&fs::canonicalize(path)?)
}

/// A new file that only its owner can read, in the place of a draft that was left.
pub fn draft(path: &Path) -> io::Result<File> {
    let (folder, name) = placed(path)?;
    folder.draft(&name, 0o600)
}

/// What has the path, when something has; a link is not followed.
pub fn about(path: &Path) -> io::Result<About> {
    let (folder, name) = placed(path)?;
    folder.about(&name)
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
