//! A bundle: one file of finished batches, a checksum a line and one of all lines at its end. It is written under another name,
//! brought to the disk and renamed, and never touched again by anybody but its writer.
//!
//! A dump is the same with all batches of a book and without the checksums of lines, so that every line is JSON.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::domain::id::Id;
use crate::error::{Error, Result};
use crate::files::{self, Folder};
use crate::store::hash::{Header, Item, LABEL};
use crate::store::merge::Source;
use crate::store::outbox::{Entry, checksum};
use crate::store::sign::Proof;

/// What a bundle begins with.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Head {
    /// The number of this form of file.
    pub format: u32,
    /// Which book.
    pub book: Id,
    /// The zone that the book was made with.
    pub zone: Option<String>,
    /// Whose batches.
    pub device: Id,
    /// The number of the first.
    pub first: i64,
    /// The number of the last.
    pub last: i64,
    /// Over ids and hashes of its batches ([`sum_of`]): who has these batches need not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
}

/// What a dump begins with.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DumpHead {
    /// The number of this form of file.
    pub format: u32,
    /// Which book.
    pub book: Id,
    /// The zone that the book was made with.
    pub zone: Option<String>,
    /// The digest of the book ([`crate::store::Store::digest`]): what was loaded says the same.
    pub digest: String,
}

/// The form of file that this version writes.
pub const FORMAT: u32 = 1;

/// A line of a bundle, behind its checksum.
#[derive(Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
enum Line {
    /// The first.
    Bundle(Head),
    /// The first of a dump.
    Dump(DumpHead),
    /// A batch, or the next part of the one before.
    Batch(Box<Entry>),
    /// The last: how many lines stand before it, and their checksum.
    End { lines: usize, sum: String },
}

/// Most rows and edits in one line: a large import is written and read in parts.
const PART: usize = 1000;

/// The name of a bundle: its numbers, so that names sort; with the device where another than the folder's is meant. `nth`: so many
/// zeros more, where the same numbers have a bundle already.
pub fn name(device: Option<Id>, first: i64, last: i64, nth: usize) -> String {
    let of = device.map_or_else(String::new, |d| format!("{d}_"));
    let width = 10 + nth;
    format!("{of}{first:0width$}-{last:010}.jsonl")
}

/// The sum over the ids and hashes of batches, in whatever order they come.
pub fn sum_of<'a>(batches: impl Iterator<Item = (Id, &'a [u8])>) -> String {
    let mut all: Vec<(Id, &[u8])> = batches.collect();
    all.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for (id, hash) in all {
        hasher.update(&id.0).update(hash);
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// Where a bundle or a dump is.
#[derive(Clone, Debug)]
pub enum Spot {
    /// A file that a person has named; a link is followed.
    Named(PathBuf),
    /// The file of a writer in the sync folder: no link is followed, and no pipe opened.
    In {
        /// The sync folder.
        room: Arc<Folder>,
        /// The writer's folder in it.
        writer: Id,
        /// The file.
        name: String,
    },
}

impl Spot {
    fn open(&self) -> std::io::Result<File> {
        match self {
            Spot::Named(path) => files::open_named(path),
            Spot::In { room, writer, name } => room.folder(&writer.to_string())?.file(name),
        }
    }

    /// For sentences.
    fn path(&self) -> PathBuf {
        match self {
            Spot::Named(path) => path.clone(),
            Spot::In { room, writer, name } => room.path().join(writer.to_string()).join(name),
        }
    }

    fn cannot(&self) -> impl Fn(std::io::Error) -> Error {
        let path = self.path();
        move |e| Error::failed(say!("any.cannot_read", path = path.display())).because(e)
    }
}

/// The sum over all bytes of a file.
pub fn sum(spot: &Spot) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    std::io::copy(&mut spot.open()?, &mut hasher)?;
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

/// What a name says: the device, when it has one, and the numbers.
pub fn named(name: &str) -> Option<(Option<Id>, i64, i64)> {
    let stem = name.strip_suffix(".jsonl")?;
    let (of, numbers) = stem
        .rsplit_once('_')
        .map_or((None, stem), |(of, numbers)| (Some(of), numbers));
    let of = of.map(str::parse).transpose().ok()?;
    let (first, last) = numbers.split_once('-')?;
    Some((of, first.parse().ok()?, last.parse().ok()?))
}

/// Removes what bundles of this machine left in `folder` that were killed while they were written.
fn sweep(folder: &Folder) {
    for name in folder.names().unwrap_or_default() {
        let writer = name
            .strip_prefix('.')
            .and_then(|n| n.strip_suffix(".tmp")?.rsplit_once('.'))
            .map(|(_, writer)| writer.to_owned());
        if writer.is_some_and(|pid| {
            cfg!(target_os = "linux") && !Path::new(&format!("/proc/{pid}")).exists()
        }) {
            let _ = folder.remove(&name);
        }
    }
}

/// A batch of the book, or of a bundle.
pub type Piece<'a> = (&'a dyn Source, i64);

/// Writes batches into `folder`; gives the file's length and the sum over its bytes.
pub fn write(
    folder: &Folder,
    name: &str,
    head: &Head,
    batches: &[Piece<'_>],
) -> Result<(u64, String)> {
    let cannot = |e: std::io::Error| {
        Error::failed(say!(
            "bundle.no_bundle_can_written",
            path = folder.path().display()
        ))
        .because(e)
    };
    sweep(folder);
    let draft = format!(".{name}.{}.tmp", std::process::id());
    let mode = if folder.is_groups() { 0o660 } else { 0o600 };
    let file = std::io::BufWriter::new(folder.draft(&draft, mode).map_err(cannot)?);
    let mut out = Out {
        file,
        sum: blake3::Hasher::new(),
        lines: 0,
        bytes: 0,
        marked: true,
    };
    let mut body = || {
        out.put(&Line::Bundle(head.clone()))?;
        out.batches(head.book, batches)
    };
    let written = body().and_then(|()| {
        let file = out.file.into_inner().map_err(|e| cannot(e.into_error()))?;
        file.sync_all().map_err(cannot)?;
        folder
            .rename(&draft, name)
            .and_then(|()| folder.sync())
            .map_err(cannot)
    });
    if written.is_err() {
        let _ = folder.remove(&draft);
    }
    written.map(|()| (out.bytes, out.sum.finalize().to_hex()[..32].to_owned()))
}

/// Writes a dump: the batches with these integers, in that order.
pub fn dump(
    conn: &Connection,
    file: &mut dyn std::io::Write,
    head: &DumpHead,
    batches: &[i64],
) -> Result<()> {
    let mut out = Out {
        file,
        sum: blake3::Hasher::new(),
        lines: 0,
        bytes: 0,
        marked: false,
    };
    out.put(&Line::Dump(head.clone()))?;
    let pieces: Vec<Piece<'_>> = batches.iter().map(|n| (conn as &dyn Source, *n)).collect();
    out.batches(head.book, &pieces)
}

struct Out<W> {
    file: W,
    sum: blake3::Hasher,
    lines: usize,
    bytes: u64,
    /// Lines have a checksum before them.
    marked: bool,
}

impl<W: std::io::Write> Out<W> {
    fn put(&mut self, line: &Line) -> Result<()> {
        let json = serde_json::to_string(line)
            .map_err(|e| Error::failed(say!("bundle.batch_no_written_form")).because(e))?;
        let text = if self.marked {
            format!("{} {json}\n", checksum(&json))
        } else {
            json + "\n"
        };
        self.sum.update(text.as_bytes());
        self.lines += 1;
        self.bytes += text.len() as u64;
        self.file
            .write_all(text.as_bytes())
            .map_err(|e| Error::failed(say!("any.file_cannot_written")).because(e))
    }

    /// The batches, and the end.
    fn batches(&mut self, book: Id, batches: &[Piece<'_>]) -> Result<()> {
        for (source, n) in batches {
            let (header, hash) = source.header(*n)?;
            let mut entry = Entry::of(&header, &hash, Some(book));
            entry.sign(source.proof(*n)?);
            source.items(*n, &mut |item| {
                if entry.size() >= PART {
                    entry.more = true;
                    let full = std::mem::replace(&mut entry, Entry::of(&header, &hash, Some(book)));
                    self.put(&Line::Batch(Box::new(full)))?;
                }
                entry.push(&item);
                Ok(())
            })?;
            self.put(&Line::Batch(Box::new(entry)))?;
        }
        let sum = self.sum.finalize().to_hex()[..32].to_owned();
        self.put(&Line::End {
            lines: self.lines,
            sum,
        })
    }
}

/// Where a batch of a bundle is.
struct Place {
    header: Header,
    hash: Vec<u8>,
    proof: Option<Proof>,
    held: Option<Vec<Item>>,
    /// The last of its items, by which the next part has to go on.
    last: Id,
    spot: Spot,
    at: u64,
}

/// Batches of any number of bundles, as a source for the merge: named by their place in it.
#[derive(Default)]
pub struct Bundles {
    places: Vec<Place>,
    held: usize,
}

/// Most rows and edits that are held in memory; what is more is read again from its file.
const MOST_HELD: usize = 200_000;

/// What reading a bundle told.
pub struct Told {
    /// What it begins with.
    pub head: Option<Head>,
    /// What is wrong with it.
    pub wrong: Vec<String>,
    /// Some of it is another's or a newer version's: what this one reads is not all of it.
    pub strange: bool,
    /// The places of its good batches.
    pub places: std::ops::Range<usize>,
}

fn parse(text: &[u8]) -> Option<Line> {
    if text.first() == Some(&b'{') {
        return serde_json::from_slice(text).ok();
    }
    let (sum, json) = std::str::from_utf8(text)
        .ok()?
        .trim_end_matches('\n')
        .split_once(' ')?;
    (checksum(json) == sum)
        .then(|| serde_json::from_str(json).ok())
        .flatten()
}

fn first(file: File) -> Option<Line> {
    let mut line = Vec::new();
    std::io::Read::take(BufReader::new(file), 1 << 16)
        .read_until(b'\n', &mut line)
        .ok()?;
    parse(&line)
}

/// The head of a bundle, when it has a sound one.
pub fn head(spot: &Spot) -> Option<Head> {
    match first(spot.open().ok()?)? {
        Line::Bundle(head) => Some(head),
        _ => None,
    }
}

/// The head of a dump, when the file is one.
pub fn dump_head(path: &Path) -> Option<DumpHead> {
    match first(files::open_named(path).ok()?)? {
        Line::Dump(head) => Some(head),
        _ => None,
    }
}

/// Most bytes of one line.
const LONGEST: u64 = 256 << 20;

impl Bundles {
    /// Reads a bundle of `book`; its good batches are added.
    pub fn add(&mut self, spot: &Spot, book: Id) -> Result<Told> {
        let from = self.places.len();
        let mut told = Told {
            head: None,
            wrong: Vec::new(),
            strange: false,
            places: from..from,
        };
        let cannot = spot.cannot();
        let mut file = BufReader::new(spot.open().map_err(&cannot)?);
        let (mut sum, mut lines, mut at, mut bad, mut ended) =
            (blake3::Hasher::new(), 0_usize, 0_u64, 0_usize, false);
        // The batch that goes on in the next line, while its parts are sound.
        let mut open: Option<Place> = None;
        loop {
            let mut line = Vec::new();
            let read = std::io::Read::take(&mut file, LONGEST)
                .read_until(b'\n', &mut line)
                .map_err(&cannot)?;
            if read == 0 {
                break;
            }
            let place = at;
            at += read as u64;
            let before = sum.finalize().to_hex()[..32].to_owned();
            sum.update(&line);
            match parse(&line) {
                Some(Line::Bundle(head)) => {
                    told.strange = head.book != book || head.format > FORMAT;
                    if head.book != book {
                        told.wrong.push(say!("bundle.belongs_another_book").into());
                        return Ok(told);
                    }
                    if head.format > FORMAT {
                        told.wrong.push(say!("bundle.newer_retain_written").into());
                        return Ok(told);
                    }
                    told.head = Some(head);
                }
                Some(Line::Dump(_)) if lines == 0 => {}
                Some(Line::Dump(_)) => told.wrong.push(say!("bundle.another_dump_begins").into()),
                Some(Line::Batch(entry)) if entry.book == Some(book) => {
                    self.batch(&mut open, &entry, spot, place, &mut told)
                }
                Some(Line::Batch(_)) => {
                    told.strange = true;
                    told.wrong.push(say!("bundle.batch_another_book").into());
                }
                Some(Line::End { lines: count, sum }) => ended = count == lines && sum == before,
                None => {
                    bad += 1;
                    open = None;
                }
            }
            lines += 1;
        }
        if bad > 0 {
            told.wrong
                .push(say!("bundle.its_lines_damaged", bad = bad).to_string());
        }
        if !ended {
            told.wrong.push(say!("bundle.not_whole").into());
        }
        told.places = from..self.places.len();
        Ok(told)
    }

    fn batch(
        &mut self,
        open: &mut Option<Place>,
        entry: &Entry,
        spot: &Spot,
        at: u64,
        told: &mut Told,
    ) {
        let Some(items) = entry.items() else {
            told.strange = true;
            told.wrong
                .push(say!("bundle.kind_row_newer_retain", label = entry.label).to_string());
            *open = None;
            return;
        };
        let (header, hash) = entry.header();
        let goes_on = open.as_ref().is_some_and(|o| o.header.id == header.id);
        // The items of a batch stand in the order of ids, over all its parts: a book reads them so.
        let mut ids = items
            .iter()
            .filter(|item| item.entity() != LABEL)
            .map(Item::id);
        let (first, last) = (ids.next(), ids.next_back());
        if open
            .take_if(|open| goes_on && first.is_some_and(|first| first <= open.last))
            .is_some()
        {
            told.wrong
                .push(say!("bundle.parts_not_their_order", label = entry.label).to_string());
            return;
        }
        let last = last
            .or(first)
            .or(open.as_ref().filter(|_| goes_on).map(|open| open.last))
            .unwrap_or_default();
        let mut place = match open.take() {
            Some(place) if goes_on => place,
            _ => Place {
                header,
                hash,
                proof: entry.proof(),
                held: Some(Vec::new()),
                last,
                spot: spot.clone(),
                at,
            },
        };
        place.last = last;
        if entry.more || goes_on || self.held + items.len() > MOST_HELD {
            place.held = None;
        } else {
            self.held += items.len();
            place.held = Some(items);
        }
        if entry.more {
            *open = Some(place);
        } else {
            self.places.push(place);
        }
    }

    /// All places, so that a batch comes after those that it builds on: by logical time.
    pub fn order(&self) -> Vec<i64> {
        let mut all: Vec<usize> = (0..self.places.len()).collect();
        all.sort_by_key(|at| (self.places[*at].header.hlc, self.places[*at].header.id));
        all.into_iter().map(|at| at as i64).collect()
    }

    /// The batch at a place.
    pub fn batch_at(&self, place: usize) -> Id {
        self.places[place].header.id
    }

    /// The hash that it carries.
    pub fn hash_at(&self, place: usize) -> &[u8] {
        &self.places[place].hash
    }

    fn place(&self, n: i64) -> Result<&Place> {
        usize::try_from(n)
            .ok()
            .and_then(|n| self.places.get(n))
            .ok_or_else(|| Error::failed(say!("bundle.batch_bundle_gone")))
    }
}

impl Source for Bundles {
    fn header(&self, n: i64) -> Result<(Header, Vec<u8>)> {
        let place = self.place(n)?;
        Ok((place.header.clone(), place.hash.clone()))
    }

    fn proof(&self, n: i64) -> Result<Option<Proof>> {
        Ok(self.place(n)?.proof)
    }

    fn items(&self, n: i64, each: &mut dyn FnMut(Item) -> Result<()>) -> Result<()> {
        let place = self.place(n)?;
        if let Some(items) = &place.held {
            return items.iter().cloned().try_for_each(each);
        }
        let cannot = place.spot.cannot();
        let mut file = place.spot.open().map_err(&cannot)?;
        file.seek(SeekFrom::Start(place.at)).map_err(&cannot)?;
        let mut file = BufReader::new(file);
        loop {
            let mut line = Vec::new();
            std::io::Read::take(&mut file, LONGEST)
                .read_until(b'\n', &mut line)
                .map_err(&cannot)?;
            // A file that has changed since it was looked at ends early, and then the hash does not fit.
            let Some(Line::Batch(entry)) = parse(&line) else {
                return Ok(());
            };
            if entry.batch != place.header.id {
                return Ok(());
            }
            entry
                .items()
                .unwrap_or_default()
                .into_iter()
                .try_for_each(&mut *each)?;
            if !entry.more {
                return Ok(());
            }
        }
    }
}
