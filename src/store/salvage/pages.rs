//! The pages of a damaged file as they were at its last commit: the file itself, under what its journal or -wal says of them.
//!
//! SQLite ends a -wal at the first frame that does not fit its checksum. Each checksum goes on from the one before, and that
//! one is written down, so the frames behind a damaged one can be told from garbage all the same: only it is left out.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::{Error, Result, open};

/// The size of a page where the file does not say it any more.
const USUAL: usize = 4096;
/// No file is read beyond this page: what a damaged number claims is no reason to fill the memory.
const MOST: u32 = 1 << 24;

/// Where a page is to be read from.
#[derive(Clone, Copy)]
enum Place {
    File(u64),
    Wal(u64),
    Journal(u64),
}

/// A file whose pages are read one by one.
pub struct Pages {
    file: File,
    wal: Option<File>,
    journal: Option<File>,
    /// Pages that the file itself does not have as they were.
    other: HashMap<u32, Place>,
    size: usize,
    count: u32,
    /// Frames of the -wal whose content is not what was written.
    pub bad_frames: usize,
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

fn little(bytes: &[u8], at: usize) -> u32 {
    number(bytes, at).swap_bytes()
}

fn is_size(size: usize) -> bool {
    size.is_power_of_two() && (512..=65_536).contains(&size)
}

fn head_of(file: &mut File) -> Vec<u8> {
    let mut head = Vec::new();
    let _ = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| file.take(100).read_to_end(&mut head));
    head
}

fn beside(path: &Path, ending: &str) -> Option<File> {
    File::open(open::beside_it(path, ending))
        .ok()
        .filter(|f| f.metadata().is_ok_and(|m| m.is_file() && m.len() > 0))
}

impl Pages {
    /// Opens the file at `path`, which is only ever read.
    pub fn open(path: &Path) -> Result<Pages> {
        let cannot = |e| Error::failed(say!("any.cannot_read", path = path.display())).because(e);
        let mut file = File::open(path).map_err(cannot)?;
        let length = file.metadata().map_err(cannot)?.len();
        let head = head_of(&mut file);
        let (mut wal, mut journal) = (beside(path, "-wal"), beside(path, "-journal"));
        let said = match (head.get(16), head.get(17)) {
            (Some(0), Some(1)) => 65_536,
            (Some(high), Some(low)) => usize::from(*high) << 8 | usize::from(*low),
            _ => 0,
        };
        let in_wal = wal.as_mut().map_or(0, |f| number(&head_of(f), 8) as usize);
        let size = [said, in_wal]
            .into_iter()
            .find(|s| is_size(*s))
            .unwrap_or(USUAL);
        let count = u32::try_from(length.div_ceil(size as u64))
            .unwrap_or(MOST)
            .min(MOST);
        let mut pages = Pages {
            file,
            wal: None,
            journal: None,
            other: HashMap::new(),
            size,
            count,
            bad_frames: 0,
        };
        // A journal that was not emptied is of a change that was never finished: the pages as they were before are in it.
        if let Some(file) = journal.as_mut() {
            pages.take_journal(file).map_err(cannot)?;
        }
        if let Some(file) = wal.as_mut() {
            pages.take_wal(file).map_err(cannot)?;
        }
        pages.wal = wal;
        pages.journal = journal;
        Ok(pages)
    }

    /// The size of each.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The page of this number; what of it is cut off or cannot be read is zero.
    pub fn read(&mut self, number: u32) -> Vec<u8> {
        let mut page = vec![0; self.size];
        if number == 0 || number > self.count {
            return page;
        }
        let own = Place::File(u64::from(number - 1) * self.size as u64);
        let place = self.other.get(&number).copied().unwrap_or(own);
        let (file, at) = match place {
            Place::File(at) => (Some(&mut self.file), at),
            Place::Wal(at) => (self.wal.as_mut(), at),
            Place::Journal(at) => (self.journal.as_mut(), at),
        };
        let Some(file) = file else { return page };
        let mut read = 0;
        if file.seek(SeekFrom::Start(at)).is_ok() {
            while read < page.len() {
                match file.read(&mut page[read..]) {
                    Ok(0) | Err(_) => break,
                    Ok(n) => read += n,
                }
            }
        }
        page
    }

    fn take_journal(&mut self, file: &mut File) -> std::io::Result<()> {
        const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
        let length = file.metadata()?.len();
        let mut at = 0;
        loop {
            let mut head = Vec::new();
            file.seek(SeekFrom::Start(at))?;
            file.take(28).read_to_end(&mut head)?;
            if !head.starts_with(&MAGIC) || number(&head, 24) as usize != self.size {
                return Ok(());
            }
            let sector = u64::from(number(&head, 20)).clamp(28, 65_536);
            let (said, nonce) = (number(&head, 8), number(&head, 12));
            let each = self.size as u64 + 8;
            let left = length.saturating_sub(at + sector) / each;
            let records = if said == u32::MAX || said == 0 {
                left
            } else {
                u64::from(said).min(left)
            };
            if at == 0 {
                self.count = number(&head, 16).min(MOST);
            }
            at += sector;
            for _ in 0..records {
                let mut record = Vec::new();
                file.seek(SeekFrom::Start(at))?;
                file.take(each).read_to_end(&mut record)?;
                let page = number(&record, 0);
                let Some(content) = record.get(4..4 + self.size) else {
                    return Ok(());
                };
                // The journal's own sum: every two hundredth byte, from behind.
                let mut sum = nonce;
                let mut byte = self.size as i64 - 200;
                while byte > 0 {
                    sum = sum.wrapping_add(u32::from(content[byte as usize]));
                    byte -= 200;
                }
                if page == 0 || page > MOST || sum != number(&record, 4 + self.size) {
                    return Ok(());
                }
                self.other.entry(page).or_insert(Place::Journal(at + 4));
                at += each;
            }
            at = at.div_ceil(sector) * sector;
            if records == 0 || at >= length {
                return Ok(());
            }
        }
    }

    fn take_wal(&mut self, file: &mut File) -> std::io::Result<()> {
        let mut head = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.take(32).read_to_end(&mut head)?;
        let magic = number(&head, 0);
        if head.len() < 32 || number(&head, 8) as usize != self.size {
            return Ok(());
        }
        // The lowest bit says in which order the words of the sums are read.
        let word: fn(&[u8], usize) -> u32 = if magic & 1 == 1 { number } else { little };
        let mut before = (number(&head, 24), number(&head, 28));
        let salt = head[16..24].to_vec();
        let mut waiting: Vec<(u32, u64)> = Vec::new();
        let mut at = 32;
        let mut frame = Vec::new();
        loop {
            frame.clear();
            file.seek(SeekFrom::Start(at))?;
            file.take(24 + self.size as u64).read_to_end(&mut frame)?;
            if frame.len() < 24 + self.size {
                return Ok(());
            }
            let sum = checksum(&frame[24..], checksum(&frame[..8], before, word), word);
            before = (number(&frame, 16), number(&frame, 20));
            let page = number(&frame, 0);
            let ours = frame[8..16] == salt[..];
            if ours && sum == before && page > 0 && page <= MOST {
                waiting.push((page, at + 24));
                let after = number(&frame, 4);
                if after > 0 {
                    self.count = after.min(MOST);
                    self.other
                        .extend(waiting.drain(..).map(|(page, at)| (page, Place::Wal(at))));
                }
            } else if ours {
                self.bad_frames += 1;
                // Where it was the end of a commit, the pages before it were acknowledged.
                if number(&frame, 4) > 0 {
                    self.count = waiting.iter().map(|w| w.0).fold(self.count, u32::max);
                    self.other
                        .extend(waiting.drain(..).map(|(page, at)| (page, Place::Wal(at))));
                }
            }
            at += 24 + self.size as u64;
        }
    }
}

fn checksum(bytes: &[u8], before: (u32, u32), word: fn(&[u8], usize) -> u32) -> (u32, u32) {
    let (mut a, mut b) = before;
    for at in (0..bytes.len() / 8).map(|n| n * 8) {
        a = a.wrapping_add(word(bytes, at)).wrapping_add(b);
        b = b.wrapping_add(word(bytes, at + 4)).wrapping_add(a);
    }
    (a, b)
}
