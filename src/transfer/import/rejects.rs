//! The file beside the input that gets the rows an import could not take: line, reason, and the row as it was.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::mapping::REJECT_COLUMNS;

/// `<file>.rejects.csv`, made with the first rejected row and put in place when the import is through. Dropped before that,
/// it leaves nothing behind.
pub(super) struct Rejects {
    target: PathBuf,
    part: PathBuf,
    delimiter: u8,
    header: Vec<String>,
    writer: Option<csv::Writer<BufWriter<File>>>,
    /// Why it cannot be written; said once.
    failed: Option<String>,
    /// Off for a dry run.
    on: bool,
}

/// Where the rejected rows of `input` go: `orders.csv` has `orders.rejects.csv`, the sheet `May` of a workbook `orders.May.rejects.csv`.
pub(super) fn target(input: &Path, sheet: Option<&str>) -> PathBuf {
    let stem = input.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let sheet = sheet.map_or(String::new(), |s| format!(".{}", s.replace(['/', '\\', ':'], "_")));
    input.with_file_name(format!("{stem}{sheet}.rejects.csv"))
}

impl Rejects {
    /// Rejects that go into `target`, of a table whose header row is `header`; with `on` false nothing is ever written.
    pub(super) fn new(target: PathBuf, header: &[String], delimiter: u8, on: bool) -> Rejects {
        let part = target.with_extension("csv.part");
        Rejects { target, part, delimiter, header: header.to_vec(), writer: None, failed: None, on }
    }

    /// Writes one row.
    pub(super) fn put<'r>(&mut self, line: u64, row: u64, reason: &str, fields: impl Iterator<Item = &'r [u8]>) {
        if !self.on || self.failed.is_some() {
            return;
        }
        if let Err(error) = self.try_put(line, row, reason, fields) {
            self.failed = Some(error.to_string());
            self.writer = None;
        }
    }

    fn try_put<'r>(&mut self, line: u64, row: u64, reason: &str, fields: impl Iterator<Item = &'r [u8]>) -> csv::Result<()> {
        if self.writer.is_none() {
            let file = BufWriter::new(File::create(&self.part)?);
            let mut writer = csv::WriterBuilder::new().flexible(true).delimiter(self.delimiter).from_writer(file);
            let known = |h: &&String| !REJECT_COLUMNS.contains(&h.as_str());
            writer.write_record(REJECT_COLUMNS.iter().copied().chain(self.header.iter().filter(known).map(String::as_str)))?;
            self.writer = Some(writer);
        }
        // A rejected row of a corrected rejects file does not get its three columns twice.
        let again = self.header.iter().take_while(|h| REJECT_COLUMNS.contains(&h.as_str())).count();
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let (line, row) = (line.to_string(), row.to_string());
        let front = [line.as_bytes(), row.as_bytes(), reason.as_bytes()];
        for field in front {
            writer.write_field(field)?;
        }
        for field in fields.skip(again) {
            writer.write_field(field)?;
        }
        writer.write_record(None::<&[u8]>)
    }

    /// Puts the file in place, or removes an older one when there are no rejected rows. The path where there are some;
    /// `Err` with one sentence when the folder did not let it be written.
    pub(super) fn finish(mut self) -> Result<Option<PathBuf>, String> {
        if !self.on {
            return Ok(None);
        }
        let name = self.target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let wrote = self.writer.is_some();
        if let Some(mut writer) = self.writer.take()
            && let Err(error) = writer.flush()
        {
            self.failed = Some(error.to_string());
        } else if self.failed.is_none() && wrote {
            match std::fs::rename(&self.part, &self.target) {
                Ok(()) => return Ok(Some(self.target.clone())),
                Err(error) => self.failed = Some(error.to_string()),
            }
        } else if self.failed.is_none() && self.target.exists() && std::fs::remove_file(&self.target).is_err() {
            return Err(format!("{name} is from an earlier import and could not be removed"));
        }
        match self.failed.take() {
            Some(error) => Err(format!("{name} could not be written ({error}); the rejected rows are only counted")),
            None => Ok(None),
        }
    }
}

impl Drop for Rejects {
    fn drop(&mut self) {
        if self.writer.take().is_some() || self.part.exists() && self.on {
            // Nothing more can be done about a leftover than to try.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells<'a>(all: &'a [&'a str]) -> impl Iterator<Item = &'a [u8]> {
        all.iter().map(|c| c.as_bytes())
    }

    #[test]
    fn rows_go_beside_the_input_and_an_empty_file_goes_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let input = folder.path().join("orders.csv");
        let header = vec!["order_id".to_owned(), "amount".to_owned()];
        let mut rejects = Rejects::new(target(&input, None), &header, b',', true);
        rejects.put(7, 6, "amount is negative", cells(&["O1", "-3,0"]));
        let path = rejects.finish().expect("written").expect("a file");
        let text = std::fs::read_to_string(&path).expect("readable");
        assert_eq!(text, "rejected_line,rejected_row,rejected_because,order_id,amount\n7,6,amount is negative,O1,\"-3,0\"\n");
        assert_eq!(Rejects::new(target(&input, None), &header, b',', true).finish(), Ok(None));
        assert!(!path.exists());
    }

    #[test]
    fn a_dropped_one_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let input = folder.path().join("orders.csv");
        let mut rejects = Rejects::new(target(&input, None), &[], b',', true);
        rejects.put(2, 1, "no", cells(&["x"]));
        drop(rejects);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_said_once() {
        let mut rejects = Rejects::new(PathBuf::from("/nowhere/at/all/orders.rejects.csv"), &[], b',', true);
        rejects.put(2, 1, "no", cells(&["x"]));
        rejects.put(3, 2, "no", cells(&["y"]));
        let said = rejects.finish().expect_err("not writable");
        assert!(said.starts_with("orders.rejects.csv could not be written ("), "{said}");
    }
}
