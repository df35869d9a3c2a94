//! Reading a table row by row in flat memory: limits, what is wrong with a row, and going on behind a quote that is never closed.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::rc::Rc;

use csv::ByteRecord;

use super::mapping::{Place, Words};
use super::source::{Source, announced, ends_in_crlf};
use super::spool::{COLUMNS, UNSAID};
use crate::error::{Error, Result};
use crate::transfer::cells::unguarded;

/// Longest field, in bytes.
const FIELD: usize = 64 * 1024;
/// Bytes that one row may take before it is given up: a quote that is never closed would swallow the file otherwise.
const ROW: u64 = 16 * 1024 * 1024;

/// A file that stops when one row takes too many bytes.
struct Capped {
    file: File,
    left: Rc<Cell<u64>>,
}

impl Read for Capped {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            return Err(std::io::Error::new(
                std::io::ErrorKind::FileTooLarge,
                "row too long",
            ));
        }
        let wanted = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let got = self.file.read(&mut buffer[..wanted])?;
        self.left.set(left - got as u64);
        Ok(got)
    }
}

impl Seek for Capped {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}

/// One row as the file has it.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    text: &'a str,
    record: &'a ByteRecord,
    /// Columns of the record before the row's own.
    front: usize,
    words: &'a Words,
    /// Line in the file, from 1; the header is 1 as well.
    pub line: u64,
}

impl<'a> Row<'a> {
    /// The cell at a place without blanks around it, in the word that the profile has for it; empty where the file has no such
    /// column. Where two columns are one field, the second stands in for an empty first.
    pub(super) fn get(&self, place: Place) -> &'a str {
        let mut text = self.at(place.index);
        if text.is_empty() && place.or != usize::MAX {
            text = self.at(place.or);
        }
        if self.words.is_empty() {
            text
        } else {
            self.words.said(place, text)
        }
    }

    /// True where the row says something of a place, be it that there is nothing.
    pub(super) fn says(&self, place: Place) -> bool {
        place.there()
            && [place.index, place.or]
                .iter()
                .any(|at| self.raw(*at).is_some_and(|cell| cell != UNSAID))
    }

    /// The cell at a place, where the row says something of it.
    pub(super) fn said(&self, place: Place) -> Option<&'a str> {
        self.says(place).then(|| self.get(place))
    }

    fn raw(&self, column: usize) -> Option<&'a str> {
        let range = column
            .checked_add(self.front)
            .and_then(|at| self.record.range(at));
        range.and_then(|r| self.text.get(r))
    }

    /// The cell of a column without blanks around it, and without the apostrophe that keeps a spreadsheet from running it.
    pub(super) fn at(&self, column: usize) -> &'a str {
        let cell = self.raw(column).filter(|cell| *cell != UNSAID);
        unguarded(cell.unwrap_or("").trim()).trim()
    }

    /// The row's bytes, for comparing it with another.
    pub(super) fn content(&self) -> &'a [u8] {
        let from = self.record.range(self.front).map_or(0, |r| r.start);
        &self.record.as_slice()[from..]
    }
}

/// What the next row turned out to be.
pub(super) enum Next<'a> {
    /// A row with as many fields as the header.
    Row(Row<'a>),
    /// A row that cannot be read as one, with its line and why.
    Bad(u64, std::borrow::Cow<'static, str>, String),
    /// No more rows.
    End,
}

/// An open table.
pub(super) struct Table {
    path: PathBuf,
    /// Its name without folders.
    pub name: String,
    reader: csv::Reader<Capped>,
    left: Rc<Cell<u64>>,
    record: ByteRecord,
    /// The header row.
    pub headers: Vec<String>,
    /// Columns before the row's own.
    front: usize,
    /// Words of fields and what they become.
    pub words: Words,
    /// Size of the file in bytes.
    pub size: u64,
    /// Its lines end in CRLF.
    crlf: bool,
    /// Its last line has an end.
    ended: bool,
    /// Rows of nothing but delimiters that were passed over.
    pub empty: u64,
}

impl Table {
    /// Opens a table and reads its header.
    pub(super) fn open(source: &Source) -> Result<Table> {
        let name = source.name.clone();
        let cannot = |e: std::io::Error| {
            Error::failed(say!("any.could_not_read", name = name, e = e)).because(e)
        };
        let mut file = File::open(&source.text).map_err(cannot)?;
        let size = file.metadata().map_err(cannot)?.len();
        let crlf = ends_in_crlf(&source.text).map_err(cannot)?;
        let mut end = [0];
        let ended = size > 0
            && file
                .seek(SeekFrom::End(-1))
                .and_then(|_| file.read(&mut end))
                .map_err(cannot)?
                == 1
            && end[0] == b'\n';
        file.seek(SeekFrom::Start(0)).map_err(cannot)?;
        let left = Rc::new(Cell::new(ROW));
        let capped = Capped {
            file,
            left: Rc::clone(&left),
        };
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(source.separator)
            .buffer_capacity(1 << 16)
            .from_reader(capped);
        let mut table = Table {
            path: source.text.clone(),
            name,
            reader,
            left,
            record: ByteRecord::new(),
            headers: Vec::new(),
            front: source.front,
            words: Words::default(),
            size,
            crlf,
            ended,
            empty: 0,
        };
        table.read_header()?;
        Ok(table)
    }

    fn read_header(&mut self) -> Result<()> {
        let mut read = self.read_first()?;
        if read && announced(&self.record.iter().collect::<Vec<_>>().join(&b","[..])).is_some() {
            read = self.read_first()?;
        }
        if !read {
            return Err(Error::usage(format!("{} is empty", self.name))
                .hint("The first row has to name the columns"));
        }
        let columns = self.record.len().saturating_sub(self.front);
        if columns > COLUMNS {
            return Err(Error::usage(say!(
                "reader.columns_at_most_can",
                name = self.name,
                columns = columns,
                columns_2 = COLUMNS
            )));
        }
        for field in self.record.iter().skip(self.front) {
            let text = String::from_utf8_lossy(field);
            let text = unguarded(text.trim());
            let known = super::mapping::REJECT_COLUMNS
                .iter()
                .find(|c| c.eq_ignore_ascii_case(text));
            self.headers
                .push(known.map_or_else(|| text.chars().take(200).collect(), |c| (*c).to_owned()));
        }
        Ok(())
    }

    fn read_first(&mut self) -> Result<bool> {
        let read = self.reader.read_byte_record(&mut self.record);
        read.map_err(|e| {
            Error::usage(say!("reader.not_csv_its_first", name = self.name)).because(e)
        })
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    /// The raw fields of the row read last.
    pub(super) fn raw(&self) -> impl Iterator<Item = &[u8]> {
        self.record
            .iter()
            .skip(self.front)
            .map(|cell| if cell == UNSAID.as_bytes() { b"" } else { cell })
    }

    /// Reads the next row.
    pub(super) fn next(&mut self) -> Result<Next<'_>> {
        loop {
            self.left.set(ROW);
            if self.front > 0 {
                match self.next_spooled()? {
                    Some(false) => return Ok(Next::End),
                    Some(true) => return self.spooled(),
                    None => continue,
                }
            }
            let (line, byte) = (
                self.reader.position().line() + u64::from(self.crlf),
                self.reader.position().byte(),
            );
            match self.reader.read_byte_record(&mut self.record) {
                Ok(false) => return Ok(Next::End),
                Ok(true) => {}
                Err(error) => {
                    if self.left.get() > 0 {
                        return Err(Error::failed(say!(
                            "reader.could_not_read_at",
                            name = self.name,
                            line = line,
                            error = error
                        ))
                        .because(error));
                    }
                    self.record.clear();
                    self.resume(byte, line)?;
                    let detail = say!("reader.row_goes_on_for", what = ROW >> 20);
                    return Ok(Next::Bad(line, "row too long".into(), detail.to_string()));
                }
            }
            let inside = self
                .record
                .as_slice()
                .iter()
                .filter(|b| **b == b'\n')
                .count() as u64;
            let spans = inside > 0;
            let byte = self.record.position().map_or(byte, csv::Position::byte);
            let open = spans && self.position() >= self.size && self.is_open(byte)?;
            // Within quotes even the last line's end is part of the row.
            let end = if open {
                self.reader.position().line()
            } else {
                self.last_line()
            };
            let line = end.saturating_sub(inside).max(1);
            if self.record.iter().all(<[u8]>::is_empty) {
                self.empty += 1;
                continue;
            }
            let fault = if open {
                Some((
                    "quote never closed",
                    "a quote in this row is never closed".into(),
                ))
            } else {
                self.fault()
            };
            if let Some((reason, detail)) = fault {
                if spans {
                    self.resume(byte, line)?;
                }
                return Ok(Next::Bad(line, reason.into(), detail));
            }
            return Ok(self.row(line));
        }
    }

    /// Reads a row that this program wrote itself; `None` for an empty one.
    fn next_spooled(&mut self) -> Result<Option<bool>> {
        let read = self.reader.read_byte_record(&mut self.record);
        let some = read.map_err(|e| {
            Error::failed(say!("any.could_not_read", name = self.name, e = e)).because(e)
        })?;
        if some
            && self
                .record
                .iter()
                .skip(1)
                .all(|cell| cell.is_empty() || cell == UNSAID.as_bytes())
        {
            self.empty += 1;
            return Ok(None);
        }
        Ok(Some(some))
    }

    /// The row as its reader has found it: with its own line, and with what is wrong with it.
    fn spooled(&self) -> Result<Next<'_>> {
        let text = |at| {
            self.record
                .get(at)
                .map_or(std::borrow::Cow::Borrowed(""), String::from_utf8_lossy)
        };
        let line = text(0).parse().unwrap_or(1);
        let known = text(1)
            .split_once('\t')
            .map(|(reason, detail)| (reason.to_owned(), detail.to_owned()));
        Ok(match known {
            Some((reason, detail)) => Next::Bad(line, std::borrow::Cow::Owned(reason), detail),
            None => match self.fault() {
                Some((reason, detail)) => Next::Bad(line, reason.into(), detail),
                None => self.row(line),
            },
        })
    }

    /// The line in which the row read last ends. The reader has counted its line feed already, but for a CRLF (it stops
    /// between the two) and for a last line without an end. The position of the record itself is before empty lines.
    fn last_line(&self) -> u64 {
        let at = self.reader.position();
        let counted = !self.crlf && (at.byte() < self.size || self.ended);
        at.line().saturating_sub(u64::from(counted))
    }

    /// The row as text. In one piece: checking the whole record once is faster than field by field.
    fn row(&self, line: u64) -> Next<'_> {
        match std::str::from_utf8(self.record.as_slice()) {
            Ok(text) => Next::Row(Row {
                text,
                record: &self.record,
                front: self.front,
                words: &self.words,
                line,
            }),
            Err(_) => Next::Bad(
                line,
                "unreadable character".into(),
                "bytes of this row are no UTF-8".into(),
            ),
        }
    }

    /// What is wrong with the shape of the row.
    fn fault(&self) -> Option<(&'static str, String)> {
        let (has, wants) = (
            self.record.len().saturating_sub(self.front),
            self.headers.len(),
        );
        if has > COLUMNS {
            return Some((
                "too many columns",
                say!("reader.fields_at_most_can", has = has, columns = COLUMNS).to_string(),
            ));
        }
        if let Some(at) = self.record.iter().position(|f| f.len() > FIELD) {
            return Some((
                "field too long",
                say!(
                    "reader.field_more_than_64",
                    front = (at + 1).saturating_sub(self.front)
                )
                .to_string(),
            ));
        }
        if has < wants {
            return Some((
                "too few fields",
                say!("reader.fields_where_header", has = has, wants = wants).to_string(),
            ));
        }
        if self
            .record
            .iter()
            .skip(self.front + wants)
            .any(|f| !f.is_empty())
        {
            return Some((
                "too many fields",
                say!("reader.fields_where_header", has = has, wants = wants).to_string(),
            ));
        }
        self.record.as_slice().contains(&0).then(|| {
            (
                "unreadable character",
                "a NUL character stands in this row".into(),
            )
        })
    }

    /// True when the last row of the file, which begins at `byte`, ends within quotes.
    fn is_open(&self, byte: u64) -> Result<bool> {
        let cannot = |e: std::io::Error| {
            Error::failed(say!("any.could_not_read", name = self.name, e = e)).because(e)
        };
        let mut file = File::open(&self.path).map_err(cannot)?;
        file.seek(SeekFrom::Start(byte)).map_err(cannot)?;
        let mut rest = Vec::new();
        file.take(ROW).read_to_end(&mut rest).map_err(cannot)?;
        Ok(rest.iter().filter(|b| **b == b'"').count() % 2 == 1)
    }

    /// Goes on at the line behind the one where a row began that swallowed others.
    fn resume(&mut self, byte: u64, line: u64) -> Result<()> {
        let cannot = |e: std::io::Error| {
            Error::failed(say!(
                "reader.could_not_read_at_line",
                name = self.name,
                line = line,
                e = e
            ))
            .because(e)
        };
        let mut file = BufReader::new(File::open(&self.path).map_err(cannot)?);
        file.seek(SeekFrom::Start(byte)).map_err(cannot)?;
        let mut at = byte;
        // The end of the line before may still be in front of the row.
        while let Some(b'\r' | b'\n') = file.fill_buf().map_err(cannot)?.first() {
            file.consume(1);
            at += 1;
        }
        loop {
            let buffer = file.fill_buf().map_err(cannot)?;
            let end = buffer.iter().position(|b| *b == b'\n');
            let length = end.map_or(buffer.len(), |e| e + 1);
            at += length as u64;
            file.consume(length);
            if end.is_some() || length == 0 {
                break;
            }
        }
        self.left.set(ROW);
        let mut position = csv::Position::new();
        position
            .set_byte(at)
            .set_line(line + 1)
            .set_record(self.reader.position().record());
        // `seek` would pass over a position it believes to be at, after an error inside a row.
        self.reader
            .seek_raw(SeekFrom::Start(at), position)
            .map_err(|e| {
                Error::failed(say!(
                    "reader.could_not_read_at_line_2",
                    name = self.name,
                    line = line
                ))
                .because(e)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(bytes: &[u8]) -> (tempfile::TempDir, Result<Table>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("orders.csv");
        std::fs::write(&path, bytes).expect("written");
        let now = crate::domain::time::Moment::new(
            crate::domain::time::Stamp(0),
            crate::domain::time::Zone::default(),
        );
        let (dialect, stop) = (
            crate::domain::profile::Dialect::default(),
            super::super::Stop::default(),
        );
        let asked = super::super::open::Asked {
            dialect: &dialect,
            sheet: None,
            now: &now,
            stop: &stop,
        };
        let source = super::super::open::open(&path, &asked);
        let table = source.and_then(|all| Table::open(&all[0]));
        (folder, table)
    }

    /// Line and first cell of each row; `!` and the reason for bad ones.
    fn rows(bytes: &[u8]) -> Vec<(u64, String)> {
        let (_folder, table) = table(bytes);
        let mut table = table.expect("opens");
        let mut out = Vec::new();
        loop {
            match table.next().expect("reads") {
                Next::Row(row) => out.push((row.line, row.at(0).to_owned())),
                Next::Bad(line, reason, _) => out.push((line, format!("!{reason}"))),
                Next::End => return out,
            }
        }
    }

    fn said(lines: &[(u64, &str)]) -> Vec<(u64, String)> {
        lines.iter().map(|(l, t)| (*l, (*t).to_owned())).collect()
    }

    #[test]
    fn a_bom_crlf_and_quoted_line_breaks_are_read() {
        let bytes = "\u{feff}id,text\r\n1,\"a\r\nb\"\r\n2,c\r\n".as_bytes();
        assert_eq!(rows(bytes), said(&[(2, "1"), (4, "2")]));
        let (_folder, table) = table(bytes);
        assert_eq!(table.expect("opens").headers, vec!["id", "text"]);
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        assert_eq!(rows(b"id,t\n\n1,a\n\n\n2,b"), said(&[(3, "1"), (6, "2")]));
        assert_eq!(rows(b"id,t\r\n\r\n1,a\r\n2,b"), said(&[(3, "1"), (4, "2")]));
        assert_eq!(
            rows(b"id,t\r\n1,a\r\n\"2,open\r\n3,c\r\n"),
            said(&[(2, "1"), (3, "!quote never closed"), (4, "3")])
        );
    }

    #[test]
    fn semicolons_and_tabs_are_found() {
        assert_eq!(rows(b"id;text\n1;a,b\n"), said(&[(2, "1")]));
        assert_eq!(rows(b"id\ttext\n1\ta\n"), said(&[(2, "1")]));
        assert_eq!(rows(b"id\n1\n"), said(&[(2, "1")]));
    }

    #[test]
    fn other_encodings_are_read_and_broken_bytes_cost_a_row() {
        let wide: Vec<u8> = "\u{feff}id;t\n1;Işık\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(rows(&wide), said(&[(2, "1")]));
        assert_eq!(
            rows(b"id,text\n1,I\xC5\x9F\xC4\xB1k\n2,broken\xFF\n3,c\n"),
            said(&[(2, "1"), (3, "!unreadable character"), (4, "3")])
        );
        assert_eq!(rows(b"id,text\n1,caf\xE9\n"), said(&[(2, "1")]));
        assert_eq!(rows(b"sep=|\nid|text\n1|a\n"), said(&[(3, "1")]));
    }

    #[test]
    fn shapes_that_do_not_fit_are_told() {
        let wide = vec!["x"; COLUMNS + 1].join(",");
        let long = "y".repeat(FIELD + 1);
        let text = format!("id,text\n1\n2,b,c\n3,c,\n,\n{wide}\n{long},z\n5,e\n");
        let told = said(&[
            (2, "!too few fields"),
            (3, "!too many fields"),
            (4, "3"),
            (6, "!too many columns"),
            (7, "!field too long"),
            (8, "5"),
        ]);
        assert_eq!(rows(text.as_bytes()), told);
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_one_row() {
        let told = said(&[(2, "1"), (3, "!quote never closed"), (4, "3"), (5, "4")]);
        assert_eq!(rows(b"id,text\n1,a\n2,\"open\n3,c\n4,d\n"), told);
        assert_eq!(rows(b"id,text\n1,a\n\"2,open\n3,c\n4,d\n"), told);
        let mut long = String::from("id,text\n2,\"open\n");
        for n in 0..20_000 {
            long.push_str(&format!("{n},plain\n"));
        }
        let read = rows(long.as_bytes());
        assert_eq!(read.len(), 20_001);
        assert_eq!(read[0].1, "!quote never closed");
        assert_eq!(read[20_000], (20_002, "19999".to_owned()));
    }
}
