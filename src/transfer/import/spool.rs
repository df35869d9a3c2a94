//! Rows of other formats as a CSV in UTF-8 that goes away by itself: the line in the input, what is wrong with the row, its cells.

use std::io::BufWriter;
use std::rc::Rc;

use tempfile::NamedTempFile;

use super::Stop;
use crate::error::{Error, Result};

/// Columns before the row's own.
pub(super) const FRONT: usize = 2;

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
