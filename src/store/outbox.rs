//! The outbox: a file in the person's own state folder, one for each book, that has every change before the book has it. Lines are
//! only ever added, each with a checksum: written before the book's COMMIT, and on the disk before the change is told as saved.
//!
//! A change that the book lacks when it is opened (the program was killed, the file was swapped, restored or damaged) is written
//! to it again, once, with the same ids (`again`). A change that could not be written just now (busy, a full disk) waits
//! here as the command it was; the person is told that it is queued, never that it was not saved. What was told "not saved" is
//! crossed out before it is told.

mod again;
mod entry;
mod numbers;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::files;

use super::locks;

pub use again::Waiting;
pub use entry::{Entry, MOST};
pub use numbers::Known;

/// Where a person's changes are kept beside the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// In this folder, which is the person's own.
    In(PathBuf),
    /// Nowhere: the person said so. Which numbers were given is kept in this folder all the same, so that none is given twice.
    Numbers(PathBuf),
    /// Nowhere, and no numbers either.
    Nowhere,
    /// There is no place for it, and why: the book can only be read.
    Cannot(String),
}

/// A change that waits as the command that it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// The id that its batch will have, so that it is never done twice.
    pub batch: Id,
    /// Which book.
    pub book: Option<Id>,
    /// Who asked for it.
    pub person: String,
    /// When.
    pub at: Stamp,
    /// What it is.
    pub command: Command,
    /// The name of the idempotency key that it came with; without the next, the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<String>,
    /// The digest of the call that came with the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Why it waits.
    pub why: String,
    /// The last batch of which its person could know: what others wrote behind it the change has not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saw: Option<Id>,
}

/// A change that is too large to be kept whole, or comes from files: it can be told what is missing, but not done again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Named {
    /// The batch.
    pub batch: Id,
    /// Which book.
    pub book: Option<Id>,
    /// Who.
    pub person: String,
    /// The device.
    pub device: Id,
    /// Its number of it.
    pub number: i64,
    /// When.
    pub at: Stamp,
    /// Code of the command.
    pub command: String,
    /// One line.
    pub label: String,
}

/// One line of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    /// The name under which this copy of the book is written from here on. `base` is the device's own id: when that is another
    /// one (a cloned home), the name no longer holds.
    Device { path: String, base: Id, device: Id },
    /// A whole change.
    Batch(Box<Entry>),
    /// A change by its name only.
    Named(Named),
    /// A change that waits.
    Asked(Box<Asked>),
    /// The change of this batch is not to be done: its person was told so, or has dropped it.
    Void { batch: Id },
    /// What has to be remembered of lines that were dropped: the last number and the last id.
    Mark { device: Id, number: i64, last: Id },
}

/// What the file says, crossed-out lines left out.
#[derive(Debug, Default)]
pub struct Contents {
    /// The name of this copy, when it has one that holds.
    pub device: Option<Id>,
    /// All names that it had, each with the device's own id at that time, the latest last.
    pub names: Vec<(Id, Id)>,
    /// Whole changes in their order.
    pub entries: Vec<Entry>,
    /// Changes by name only.
    pub named: Vec<Named>,
    /// Changes that wait.
    pub asked: Vec<Asked>,
    /// The highest number that a device gave to a change.
    pub numbers: HashMap<Id, i64>,
    /// The latest id.
    pub last: Option<Id>,
    /// Lines that do not agree with their checksum. A last line without its end is the trace of a kill and not counted.
    pub damaged: usize,
    /// The last line has no end.
    pub torn: bool,
    /// Bytes.
    pub size: u64,
    /// Which file they are in: it is written anew at times.
    identity: Option<super::open::Identity>,
}

/// The outbox of one book on this machine.
#[derive(Clone, Debug)]
pub struct Outbox {
    file: PathBuf,
    path: String,
    base: Id,
    /// So long another process of the same person is waited for.
    limit: Duration,
}

/// Half of what others wait for the book, whose lock is held meanwhile.
const LIMIT: Duration = Duration::from_secs(5);

/// Lines that were added.
#[derive(Debug)]
pub struct Added {
    /// The outbox.
    pub file: File,
    /// Where in it.
    pub bytes: std::ops::Range<u64>,
}

/// The end of a file to which lines are added.
trait Tail {
    fn put(&mut self, text: &str) -> std::io::Result<()>;
    fn sync(&mut self) -> std::io::Result<()>;
    fn cut(&mut self, end: u64) -> std::io::Result<()>;
}

impl Tail for File {
    fn put(&mut self, text: &str) -> std::io::Result<()> {
        self.write_all(text.as_bytes())
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, end: u64) -> std::io::Result<()> {
        self.set_len(end)
    }
}

/// Adds text at the end; with `sync` it is on the disk when this returns. What fails is taken back, because its person is told
/// that nothing was saved, and that has to stay true.
fn put(tail: &mut impl Tail, end: u64, text: &str, sync: bool) -> Result<()> {
    let Err(error) = tail
        .put(text)
        .and_then(|()| if sync { tail.sync() } else { Ok(()) })
    else {
        return Ok(());
    };
    if tail.cut(end).is_err() {
        return Err(Error::failed(say!("outbox.your_outbox_failed_while"))
            .hint(say!("outbox.may_written_at_next"))
            .because(error));
    }
    Err(cannot(error))
}

fn cannot(error: std::io::Error) -> Error {
    Error::failed(say!("outbox.your_own_copy_change"))
        .hint(say!("outbox.free_some_space_no"))
        .because(error)
}

impl Outbox {
    /// The outbox in `folder` of the book at `path`; `base` is the id of the device. Nothing is made yet.
    pub fn of(folder: &Path, path: &Path, base: Id) -> Outbox {
        let text = path.to_string_lossy().into_owned();
        let name = blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex();
        Outbox {
            file: folder
                .join("outbox")
                .join(format!("{}.outbox", &name[..16])),
            path: text,
            base,
            limit: LIMIT,
        }
    }

    /// Reads it; an outbox that is not there is empty.
    pub fn read(&self) -> Result<Contents> {
        let read = File::open(&self.file).and_then(|mut file| {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)
                .map(|_| (bytes, super::open::identity_of(&file)))
        });
        let (bytes, identity) = match read {
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Contents::default()),
            Err(e) => {
                return Err(Error::failed(say!(
                    "outbox.your_outbox_cannot_read",
                    file = self.file.display()
                ))
                .hint(say!("outbox.look_at_disk_your"))
                .because(e));
            }
        };
        Ok(Contents {
            identity,
            ..contents(&bytes, self.base)
        })
    }

    /// Adds lines, on the disk when this returns.
    pub fn add(&self, lines: &[Line]) -> Result<()> {
        self.append(lines, true).map(|_| ())
    }

    /// Adds lines where no kill of this process can lose them. They are on the disk, where no power cut can, when the file that
    /// this gives has been synchronised; nobody else has to wait for that.
    pub fn add_soon(&self, lines: &[Line]) -> Result<Added> {
        let added = self.append(lines, false)?;
        added.file.unlock().map_err(cannot)?;
        Ok(added)
    }

    fn append(&self, lines: &[Line], sync: bool) -> Result<Added> {
        let mut text = String::new();
        for line in lines {
            write_line(&mut text, line)?;
        }
        let mut file = self.locked()?;
        let end = file.seek(SeekFrom::End(0)).map_err(cannot)?;
        // The end of a line that a kill has torn must not swallow ours.
        if end > 0 {
            let mut last = [0u8];
            file.seek(SeekFrom::End(-1))
                .and_then(|_| file.read_exact(&mut last))
                .map_err(cannot)?;
            if last != *b"\n" {
                text.insert(0, '\n');
            }
        }
        put(&mut file, end, &text, sync)?;
        Ok(Added {
            file,
            bytes: end..end + text.len() as u64,
        })
    }

    /// Crosses a change out.
    pub fn void(&self, batch: Id) -> Result<()> {
        self.add(&[Line::Void { batch }])
    }

    /// Gives this copy of the book a new name, and says it.
    pub fn rename(&self, device: Id) -> Result<()> {
        self.add(&[Line::Device {
            path: self.path.clone(),
            base: self.base,
            device,
        }])
    }

    /// Drops the changes that `safe` names (those in a verified backup), and with them what was crossed out. The last
    /// numbers stay.
    pub fn drop_lines(&self, safe: &HashSet<Id>) -> Result<()> {
        let dropped = self.write_anew(|all| {
            all.entries.retain(|e| !safe.contains(&e.batch));
            all.named.retain(|n| !safe.contains(&n.batch));
            all.asked.retain(|a| !safe.contains(&a.batch));
            Ok(())
        });
        dropped.map(|_| ())
    }

    /// Writes the file anew with what `change` leaves of it. Gives how many damaged lines are not in it any more.
    pub fn write_anew(&self, change: impl FnOnce(&mut Contents) -> Result<()>) -> Result<usize> {
        let _held = self.locked()?;
        let bytes = fs::read(&self.file).map_err(cannot)?;
        let mut all = contents(&bytes, self.base);
        change(&mut all)?;
        let mut text = String::new();
        // Former names too: what was given under them is one's own for ever.
        for (base, device) in all.names {
            write_line(
                &mut text,
                &Line::Device {
                    path: self.path.clone(),
                    base,
                    device,
                },
            )?;
        }
        let mut numbers: Vec<_> = all.numbers.into_iter().collect();
        numbers.sort_unstable();
        for (device, number) in numbers {
            write_line(
                &mut text,
                &Line::Mark {
                    device,
                    number,
                    last: all.last.unwrap_or_default(),
                },
            )?;
        }
        for entry in all.entries {
            write_line(&mut text, &Line::Batch(Box::new(entry)))?;
        }
        for named in all.named {
            write_line(&mut text, &Line::Named(named))?;
        }
        for asked in all.asked {
            write_line(&mut text, &Line::Asked(Box::new(asked)))?;
        }
        let draft = self
            .file
            .with_extension(format!("{}.tmp", std::process::id()));
        let mut out = files::draft(&draft).map_err(cannot)?;
        out.write_all(text.as_bytes())
            .and_then(|()| out.sync_all())
            .and_then(|()| fs::rename(&draft, &self.file))
            .map_err(cannot)?;
        sync_folder(&self.file).map_err(cannot)?;
        Ok(all.damaged)
    }

    /// The file, open and locked against others of the same person. One that was replaced while we waited is opened again; one that
    /// somebody holds and does not let go of is given up, and nothing is saved.
    fn locked(&self) -> Result<File> {
        loop {
            let (file, new) = match open_to_add(&self.file, false) {
                Ok(file) => (file, false),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    if let Some(folder) = self.file.parent() {
                        files::make_own(folder).map_err(cannot)?;
                    }
                    (open_to_add(&self.file, true).map_err(cannot)?, true)
                }
                Err(e) => return Err(cannot(e)),
            };
            locks::lock(&file, &self.file, "your outbox", self.limit).map_err(|e| Error {
                message: say!("outbox.nothing_saved", message = e.message),
                ..e
            })?;
            if super::open::identity(&self.file) == super::open::identity_of(&file) {
                if new {
                    sync_folder(&self.file).map_err(cannot)?;
                }
                return Ok(file);
            }
        }
    }

    /// The file, for a person to look for.
    pub fn file(&self) -> &Path {
        &self.file
    }
}

/// Forgets the outbox of a book that its person throws away, and that it may exchange.
pub fn forget(folder: &Path, book: &Path) {
    let path = match (
        book.parent().and_then(|p| fs::canonicalize(p).ok()),
        book.file_name(),
    ) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => book.to_owned(),
    };
    let file = Outbox::of(folder, &path, Id::default()).file;
    let _ = fs::remove_file(file.with_extension("sync"));
    let _ = fs::remove_file(file);
}

fn open_to_add(path: &Path, create: bool) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(create);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn sync_folder(file: &Path) -> std::io::Result<()> {
    match file.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// The checksum that stands before a line.
pub fn checksum(json: &str) -> String {
    blake3::hash(json.as_bytes()).to_hex()[..16].to_owned()
}

fn write_line(out: &mut String, line: &Line) -> Result<()> {
    let json = serde_json::to_string(line)
        .map_err(|e| Error::failed(say!("any.change_no_written_form")).because(e))?;
    out.push_str(&checksum(&json));
    out.push(' ');
    out.push_str(&json);
    out.push('\n');
    Ok(())
}

fn contents(bytes: &[u8], base: Id) -> Contents {
    let mut found = Contents {
        size: bytes.len() as u64,
        torn: !bytes.is_empty() && !bytes.ends_with(b"\n"),
        ..Contents::default()
    };
    let mut lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
    // Behind the last line's end there is nothing, or a line that a kill has torn.
    let tail = lines.pop().unwrap_or_default();
    let last = if found.torn { read_line(tail) } else { None };
    for line in lines
        .into_iter()
        .filter(|l| !l.is_empty())
        .map(read_line)
        .chain(last.map(Some))
    {
        match line {
            None => found.damaged += 1,
            Some(line) => found.take(line, base),
        }
    }
    for entry in &found.entries {
        let top = found.numbers.entry(entry.device).or_default();
        *top = entry.number.max(*top);
    }
    for named in &found.named {
        let top = found.numbers.entry(named.device).or_default();
        *top = named.number.max(*top);
    }
    found
}

fn read_line(line: &[u8]) -> Option<Line> {
    let (sum, json) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    if checksum(json) != sum {
        return None;
    }
    serde_json::from_str(json).ok()
}

impl Contents {
    fn take(&mut self, line: Line, base: Id) {
        let mut latest = |id: Id| self.last = self.last.max(Some(id));
        match line {
            Line::Device {
                base: made, device, ..
            } => {
                self.device = (made == base).then_some(device);
                self.names.retain(|n| *n != (made, device));
                self.names.push((made, device));
            }
            Line::Batch(entry) => {
                latest(entry.latest());
                self.entries.push(*entry);
            }
            Line::Named(named) => {
                latest(named.batch);
                self.named.push(named);
            }
            Line::Asked(asked) => {
                latest(asked.batch);
                self.asked.push(*asked);
            }
            // What stands before it: a try that failed may wait behind it, under the same id.
            Line::Void { batch } => {
                self.entries.retain(|e| e.batch != batch);
                self.named.retain(|n| n.batch != batch);
                self.asked.retain(|a| a.batch != batch);
            }
            Line::Mark {
                device,
                number,
                last,
            } => {
                latest(last);
                let top = self.numbers.entry(device).or_default();
                *top = number.max(*top);
            }
        }
    }
}

#[cfg(test)]
mod tests;
