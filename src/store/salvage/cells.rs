//! What stands in one page: rows of a table, entries of an index, or the pages below. Nothing of it is believed before it was
//! checked, because the page may be anything.

use rusqlite::types::Value;

use super::pages::Pages;

/// A page that could be read as one of a tree.
pub enum Page {
    /// Rows with their integers; `faulty` counts what could not be read of them.
    Rows {
        /// Each row that can be read.
        rows: Vec<(i64, Vec<Value>)>,
        /// Rows that cannot.
        faulty: usize,
    },
    /// Entries of an index, and the pages below of an inner page.
    Entries {
        /// Each entry that can be read.
        entries: Vec<Vec<Value>>,
        /// The pages below.
        below: Vec<u32>,
        /// Entries that cannot.
        faulty: usize,
    },
    /// Pages below.
    Inner(Vec<u32>),
    /// None of them.
    Other,
}

/// No value is larger than this, as everywhere in the book.
const LARGEST: usize = 16 << 20;

/// Reads the page of this number.
pub fn read(pages: &mut Pages, number: u32) -> Page {
    let page = pages.read(number);
    let start = if number == 1 { 100 } else { 0 };
    let Some(kind) = page.get(start) else {
        return Page::Other;
    };
    let count = short(&page, start + 3);
    let inner = matches!(kind, 2 | 5);
    let cells = start + if inner { 12 } else { 8 };
    if cells + 2 * count > page.len() {
        return Page::Other;
    }
    let offsets: Vec<usize> = (0..count).map(|n| short(&page, cells + 2 * n)).collect();
    let last = long(&page, start + 8);
    match kind {
        13 => {
            let (mut rows, mut faulty) = (Vec::with_capacity(count), 0);
            for at in offsets {
                match row(pages, &page, at) {
                    Some(row) => rows.push(row),
                    None => faulty += 1,
                }
            }
            Page::Rows { rows, faulty }
        }
        5 => Page::Inner(
            offsets
                .iter()
                .map(|at| long(&page, *at))
                .chain([last])
                .collect(),
        ),
        2 | 10 => {
            let (mut entries, mut below, mut faulty) = (Vec::with_capacity(count), Vec::new(), 0);
            for at in offsets {
                if inner {
                    below.push(long(&page, at));
                }
                match entry(pages, &page, at + if inner { 4 } else { 0 }) {
                    Some(entry) => entries.push(entry),
                    None => faulty += 1,
                }
            }
            if inner {
                below.push(last);
            }
            Page::Entries {
                entries,
                below,
                faulty,
            }
        }
        _ => Page::Other,
    }
}

fn short(page: &[u8], at: usize) -> usize {
    page.get(at..at + 2)
        .map_or(0, |b| usize::from(u16::from_be_bytes([b[0], b[1]])))
}

fn long(page: &[u8], at: usize) -> u32 {
    page.get(at..at + 4)
        .map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

/// A number of one to nine bytes, and how many they were.
fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0;
    for n in 0..8 {
        let byte = *bytes.get(at + n)?;
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((value, n + 1));
        }
    }
    Some((value << 8 | u64::from(*bytes.get(at + 8)?), 9))
}

fn row(pages: &mut Pages, page: &[u8], at: usize) -> Option<(i64, Vec<Value>)> {
    let (size, a) = varint(page, at)?;
    let (n, b) = varint(page, at + a)?;
    let usable = pages.size();
    let bytes = payload(pages, page, at + a + b, size, usable - 35)?;
    Some((n.cast_signed(), record(&bytes)?))
}

fn entry(pages: &mut Pages, page: &[u8], at: usize) -> Option<Vec<Value>> {
    let (size, a) = varint(page, at)?;
    let most = (pages.size() - 12) * 64 / 255 - 23;
    record(&payload(pages, page, at + a, size, most)?)
}

/// The bytes of a record, with those on pages of their own.
fn payload(pages: &mut Pages, page: &[u8], at: usize, size: u64, most: usize) -> Option<Vec<u8>> {
    let size = usize::try_from(size)
        .ok()
        .filter(|s| *s > 0 && *s <= LARGEST)?;
    if size <= most {
        return page.get(at..at + size).map(<[u8]>::to_vec);
    }
    let usable = pages.size();
    let least = (usable - 12) * 32 / 255 - 23;
    let near = least + (size - least) % (usable - 4);
    let here = if near <= most { near } else { least };
    let mut bytes = page.get(at..at + here)?.to_vec();
    let mut next = page
        .get(at + here..at + here + 4)
        .map(|_| long(page, at + here))?;
    while bytes.len() < size {
        if next == 0 || next > pages.count() {
            return None;
        }
        let more = pages.read(next);
        let take = (size - bytes.len()).min(usable - 4);
        bytes.extend(&more[4..4 + take]);
        next = long(&more, 0);
    }
    Some(bytes)
}

/// The values of a record; `None` when it is none.
fn record(bytes: &[u8]) -> Option<Vec<Value>> {
    let (head, mut at) = varint(bytes, 0)?;
    let head = usize::try_from(head).ok().filter(|h| *h <= bytes.len())?;
    let mut body = head;
    let mut values = Vec::new();
    while at < head {
        let (kind, read) = varint(bytes, at)?;
        at += read;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind as usize,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => usize::try_from((kind - 12) / 2).ok()?,
        };
        let piece = bytes.get(body..body.checked_add(length)?)?;
        body += length;
        values.push(match kind {
            0 => Value::Null,
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            1..=6 => {
                let negative = piece.first().is_some_and(|b| *b >= 0x80);
                let start = if negative { -1_i64 } else { 0 };
                Value::Integer(piece.iter().fold(start, |sum, b| sum << 8 | i64::from(*b)))
            }
            7 => Value::Real(f64::from_be_bytes(piece.try_into().ok()?)),
            // A text that is not UTF-8 is kept with replacement signs: the hash of its batch tells it.
            _ if kind % 2 == 1 => Value::Text(String::from_utf8_lossy(piece).into_owned()),
            _ => Value::Blob(piece.to_vec()),
        });
    }
    // What a row has is exactly its values: anything else is another thing that looks like one.
    (at == head && body == bytes.len()).then_some(values)
}
