//! Rows of other formats as a CSV in UTF-8 that goes away by itself: the line in the input, what is wrong with the row, its cells.

use std::io::BufWriter;
use std::path::Path;
use std::rc::Rc;

use tempfile::NamedTempFile;

use super::Stop;
use crate::error::{Error, Result};

/// Columns before the row's own.
pub(super) const FRONT: usize = 2;

/// Most columns of a table.
pub(super) const COLUMNS: usize = 1_000;
/// The cell of a row that has no such cell: an object without the member, a card without the line. It reads as empty, and says nothing.
pub(super) const UNSAID: &str = "\u{1a}";

/// Headers of the rows that the readers of calendars and mailboxes write.
pub(super) const CORRESPONDENCE: [&str; 8] = [
    "reference",
    "at",
    "minutes",
    "channel",
    "status",
    "from",
    "with",
    "text",
];
/// The status of a meeting that does not take place, or not yet.
pub(super) const OFF: &str = "off";

/// Bytes of a calendar or of address cards; they are read as a whole.
const WHOLE: u64 = 64 << 20;

/// A text that is read as a whole.
pub(super) fn whole(path: &Path, name: &str, what: &str) -> Result<String> {
    let cannot = |e: std::io::Error| {
        Error::failed(say!("any.could_not_read", name = name, e = e)).because(e)
    };
    if std::fs::metadata(path).map_err(cannot)?.len() > WHOLE {
        return Err(Error::usage(say!(
            "calendar.larger_than_mb_may",
            name = name,
            what = WHOLE >> 20,
            what_2 = what
        )));
    }
    Ok(String::from_utf8_lossy(&std::fs::read(path).map_err(cannot)?).into_owned())
}

/// A spool being written.
pub(super) struct Spool {
    writer: csv::Writer<BufWriter<std::fs::File>>,
    kept: NamedTempFile,
    name: String,
    stop: Stop,
    width: usize,
    /// Rows written.
    pub rows: u64,
}

impl Spool {
    /// A spool for the rows of `name` under these headers, which is given up when `stop` says so.
    pub(super) fn new<T: AsRef<str>>(name: &str, headers: &[T], stop: &Stop) -> Result<Spool> {
        let failed = |e: std::io::Error| {
            Error::failed(say!("spool.could_not_copied_for", name = name, e = e)).because(e)
        };
        let kept = NamedTempFile::new().map_err(failed)?;
        let file = kept.reopen().map_err(failed)?;
        let writer = csv::WriterBuilder::new()
            .flexible(true)
            .from_writer(BufWriter::new(file));
        let mut spool = Spool {
            writer,
            kept,
            name: name.to_owned(),
            stop: stop.clone(),
            width: headers.len(),
            rows: 0,
        };
        spool.write(
            ["line", "fault"]
                .into_iter()
                .chain(headers.iter().map(AsRef::as_ref)),
        )?;
        Ok(spool)
    }

    fn write<'a>(&mut self, cells: impl Iterator<Item = &'a str>) -> Result<()> {
        self.stop.check()?;
        let name = &self.name;
        self.writer.write_record(cells).map_err(|e| {
            Error::failed(say!("spool.could_not_copied_for", name = name, e = e)).because(e)
        })
    }

    /// Adds a row; cells that are missing at its end are empty.
    pub(super) fn row<T: AsRef<str>>(&mut self, line: u64, cells: &[T]) -> Result<()> {
        self.rows += 1;
        let line = line.to_string();
        let missing = self.width.saturating_sub(cells.len());
        let cells = cells
            .iter()
            .map(AsRef::as_ref)
            .chain(std::iter::repeat_n("", missing));
        self.write([line.as_str(), ""].into_iter().chain(cells))
    }

    /// Adds a row that cannot be read, with the kind of reason and the whole of it.
    pub(super) fn fault(&mut self, line: u64, reason: &'static str, detail: &str) -> Result<()> {
        self.rows += 1;
        let (line, fault) = (line.to_string(), format!("{reason}\t{detail}"));
        let width = self.width;
        self.write(
            [line.as_str(), &fault]
                .into_iter()
                .chain(std::iter::repeat_n("", width)),
        )
    }

    /// The file.
    pub(super) fn finish(mut self) -> Result<Rc<NamedTempFile>> {
        let name = self.name;
        self.writer.flush().map_err(|e| {
            Error::failed(say!("spool.could_not_copied_for", name = name, e = e)).because(e)
        })?;
        Ok(Rc::new(self.kept))
    }
}
