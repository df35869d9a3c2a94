//! What strace wrote, as a list of what was asked of the files in the book's folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A file, whatever it is called at the moment. The book has the first number.
pub type Inode = usize;

/// The book itself.
pub const BOOK: Inode = 0;

/// One thing that a disk was asked for.
#[derive(Debug)]
pub enum Op {
    /// A new file appears under a name.
    Create(String, Inode),
    /// A name goes.
    Unlink(String),
    /// A name becomes another.
    Rename(String, String),
    /// Bytes at an offset.
    Write(Inode, usize, Vec<u8>),
    /// Another length.
    Truncate(Inode, usize),
    /// What was written to a file has to last.
    Sync(Inode),
    /// The names in the folder have to last.
    SyncFolder,
    /// The person was told that this is written.
    Acknowledged(String),
}

impl Op {
    /// The text that a person was told is written.
    pub fn acknowledged(&self) -> Option<&str> {
        if let Op::Acknowledged(text) = self {
            Some(text)
        } else {
            None
        }
    }
}

/// What a descriptor stands for.
#[derive(Clone, Copy)]
enum Open {
    Folder,
    File(Inode),
}

/// Reads one trace after the other of the same folder.
pub struct Recorder {
    folder: PathBuf,
    names: HashMap<String, Inode>,
    inodes: usize,
    /// All that was asked so far.
    pub ops: Vec<Op>,
}

impl Recorder {
    /// For the folder of this book, in which there is nothing else yet.
    pub fn new(book: &Path) -> Recorder {
        let folder =
            std::fs::canonicalize(book.parent().expect("a folder")).expect("its real name");
        let name = book
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        Recorder {
            folder,
            names: HashMap::from([(name, BOOK)]),
            inodes: 1,
            ops: Vec::new(),
        }
    }

    /// Reads the trace of one process. `told` says which text a piece of its output acknowledges.
    pub fn read(&mut self, trace: &Path, told: impl Fn(&str) -> Option<String>) {
        let text = std::fs::read_to_string(trace).expect("the trace");
        let mut open: HashMap<i64, Open> = HashMap::new();
        let mut begun: HashMap<&str, &str> = HashMap::new();
        for line in text.lines() {
            let Some((thread, line)) = line.split_once(char::is_whitespace) else {
                continue;
            };
            let line = line.trim_start();
            if let Some(start) = line.strip_suffix("<unfinished ...>") {
                begun.insert(thread, start);
                continue;
            }
            let whole = line
                .strip_prefix("<... ")
                .and_then(|l| l.split_once("resumed>"))
                .and_then(|(_, rest)| {
                    let start = begun.remove(thread)?;
                    Some(format!("{start}{rest}"))
                });
            self.call(whole.as_deref().unwrap_or(line), &mut open, &told);
        }
    }

    fn call(
        &mut self,
        line: &str,
        open: &mut HashMap<i64, Open>,
        told: &impl Fn(&str) -> Option<String>,
    ) {
        let Some((name, rest)) = line.split_once('(') else {
            return;
        };
        let Some((args, result)) = rest.rsplit_once(" = ") else {
            return;
        };
        let Some(result) = result
            .split_whitespace()
            .next()
            .and_then(|r| r.parse::<i64>().ok())
            .filter(|r| *r >= 0)
        else {
            return;
        };
        let args: Vec<&str> = args.trim_end().trim_end_matches(')').split(", ").collect();
        let descriptor = || args[0].parse::<i64>().ok();
        let file = || match descriptor().and_then(|d| open.get(&d)) {
            Some(Open::File(inode)) => Some(*inode),
            _ => None,
        };
        match name {
            "openat" => {
                let opened = self.opened(&unescape(args[1]), args[2].contains("O_CREAT"));
                match opened {
                    Some(opened) => open.insert(result, opened),
                    None => open.remove(&result),
                };
            }
            "close" => {
                descriptor().and_then(|d| open.remove(&d));
            }
            "pwrite64" => {
                if let Some(inode) = file() {
                    let mut bytes = unescape(args[1]);
                    bytes.truncate(result as usize);
                    self.ops
                        .push(Op::Write(inode, args[3].parse().expect("an offset"), bytes));
                }
            }
            "write" => {
                assert!(
                    file().is_none(),
                    "a write without an offset is not understood here"
                );
                let said = unescape(args[1]);
                let said = String::from_utf8_lossy(&said).into_owned();
                if descriptor() == Some(1)
                    && let Some(text) = told(&said)
                {
                    self.ops.push(Op::Acknowledged(text));
                }
            }
            "ftruncate" => {
                if let Some(inode) = file() {
                    self.ops
                        .push(Op::Truncate(inode, args[1].parse().expect("a length")));
                }
            }
            "unlink" => {
                if let Some(name) = self.name(&unescape(args[0]))
                    && self.names.remove(&name).is_some()
                {
                    self.ops.push(Op::Unlink(name));
                }
            }
            "rename" => {
                if let (Some(from), Some(to)) =
                    (self.name(&unescape(args[0])), self.name(&unescape(args[1])))
                    && let Some(inode) = self.names.remove(&from)
                {
                    self.names.insert(to.clone(), inode);
                    self.ops.push(Op::Rename(from, to));
                }
            }
            "fsync" | "fdatasync" => match descriptor().and_then(|d| open.get(&d)) {
                Some(Open::Folder) => self.ops.push(Op::SyncFolder),
                Some(Open::File(inode)) => self.ops.push(Op::Sync(*inode)),
                None => {}
            },
            _ => {}
        }
    }

    /// The name of a file directly in the folder. Shared memory does not last and is nobody's concern.
    fn name(&self, path: &[u8]) -> Option<String> {
        let path = PathBuf::from(String::from_utf8_lossy(path).into_owned());
        let name = path.strip_prefix(&self.folder).ok()?.to_str()?.to_owned();
        (!name.is_empty() && !name.contains('/') && !name.ends_with("-shm")).then_some(name)
    }

    fn opened(&mut self, path: &[u8], creates: bool) -> Option<Open> {
        if Path::new(String::from_utf8_lossy(path).as_ref()) == self.folder {
            return Some(Open::Folder);
        }
        let name = self.name(path)?;
        if let Some(inode) = self.names.get(&name) {
            return Some(Open::File(*inode));
        }
        if !creates {
            return None;
        }
        let inode = self.inodes;
        self.inodes += 1;
        self.names.insert(name.clone(), inode);
        self.ops.push(Op::Create(name, inode));
        Some(Open::File(inode))
    }
}

/// The bytes of a string of `\x61\x62`, in quotes.
fn unescape(text: &str) -> Vec<u8> {
    let inside = text.trim_matches('"');
    inside
        .split("\\x")
        .skip(1)
        .filter_map(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok())
        .collect()
}
