//! Workbooks (XLSX): each sheet is a table. What would come out of the zip is measured before it is opened, so that a small file
//! cannot fill the memory.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use calamine::{DataRef, ExcelDateTime, ExcelDateTimeType, Reader, SheetType, SheetVisible, Xlsx};
use zip::ZipArchive;

use super::Stop;
use super::spool::{COLUMNS, Spool};
use crate::error::{Error, Result};

/// Bytes of a whole workbook, unpacked.
const WHOLE: u64 = 2 << 30;
/// Bytes of a part that is kept in memory: shared texts, styles.
const PART: u64 = 256 << 20;
/// Bytes between two tags: the longest cell.
const CELL: u64 = 1 << 20;
/// Parts of a workbook.
const PARTS: usize = 10_000;

/// A sheet brought into rows.
pub(super) struct Sheet {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub spool: Spool,
}

/// The sheets of a workbook that have rows, hidden ones left out; `only` one of them where a name is given.
pub(super) fn spool(
    path: &Path,
    name: &str,
    only: Option<&str>,
    stop: &Stop,
) -> Result<Vec<Sheet>> {
    let cannot = |e: std::io::Error| {
        Error::failed(say!("any.could_not_read", name = name, e = e)).because(e)
    };
    let mut file = BufReader::new(File::open(path).map_err(cannot)?);
    measure(&mut file, name, (WHOLE, PART))?;
    file.rewind().map_err(cannot)?;
    let wrong = |e: calamine::XlsxError| {
        Error::usage(say!("sheet.no_workbook_can_read", name = name, e = e))
            .hint("Save it as XLSX or as CSV")
    };
    let mut book = Xlsx::new(file).map_err(wrong)?;
    let all: Vec<String> = book
        .sheets_metadata()
        .iter()
        .filter(|s| {
            s.typ == SheetType::WorkSheet
                && (only == Some(s.name.as_str())
                    || only.is_none() && s.visible == SheetVisible::Visible)
        })
        .map(|s| s.name.clone())
        .collect();
    if let Some(only) = only
        && all.is_empty()
    {
        return Err(
            Error::not_found(say!("sheet.no_sheet", name = name, only = only))
                .hint(format!("Its sheets: {}", book.sheet_names().join(", "))),
        );
    }
    let mut sheets = Vec::new();
    let old = book.has_1904_epoch();
    for sheet in all {
        if let Some(spool) = one(&mut book, &sheet, name, old, stop)? {
            sheets.push(Sheet { name: sheet, spool });
        }
    }
    if sheets.is_empty() {
        return Err(Error::usage(format!("{name} is empty"))
            .hint("The first row of a sheet has to name the columns"));
    }
    Ok(sheets)
}

/// Unpacks every part once without keeping anything. The limits: bytes of all parts, and of one that is kept in memory.
fn measure(file: &mut (impl Read + Seek), name: &str, (most, part_most): (u64, u64)) -> Result<()> {
    let wrong = |e: zip::result::ZipError| {
        Error::usage(say!("sheet.no_workbook_can_read", name = name, e = e)).because(e)
    };
    let mut archive = ZipArchive::new(file).map_err(wrong)?;
    let big = |what: &str| {
        Error::usage(say!("sheet.not_read", name = name, what = what))
            .hint("A workbook this large is better saved as CSV")
    };
    if archive.len() > PARTS {
        return Err(big("it has too many parts"));
    }
    let mut whole = 0;
    let mut piece = vec![0; 64 * 1024];
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).map_err(wrong)?;
        let path = part.name().map(|n| n.to_lowercase()).unwrap_or_default();
        if !path.ends_with(".xml") && !path.ends_with(".rels") {
            continue;
        }
        let limit = if path.contains("worksheets/") {
            most
        } else {
            part_most
        };
        let (mut size, mut run) = (0_u64, 0_u64);
        loop {
            let n = part
                .read(&mut piece)
                .map_err(|e| Error::usage(format!("{name} is damaged: {e}")).because(e))?;
            if n == 0 {
                break;
            }
            size += n as u64;
            whole += n as u64;
            for byte in &piece[..n] {
                run = if *byte == b'<' { 0 } else { run + 1 };
                if run > CELL {
                    return Err(big("one of its cells has more than 1 MB"));
                }
            }
            if size > limit || whole > most {
                return Err(big("unpacked it would be larger than can be held"));
            }
        }
    }
    Ok(())
}

/// Copies the rows of one sheet; `None` for one without any.
fn one(
    book: &mut Xlsx<BufReader<File>>,
    sheet: &str,
    name: &str,
    old: bool,
    stop: &Stop,
) -> Result<Option<Spool>> {
    let wrong = |e: calamine::XlsxError| {
        Error::usage(say!(
            "sheet.sheet_cannot_read",
            sheet = sheet,
            name = name,
            e = e
        ))
    };
    let mut cells = book.worksheet_cells_reader(sheet).map_err(wrong)?;
    let mut spool: Option<Spool> = None;
    let mut row: Vec<String> = Vec::new();
    let (mut line, mut width, mut beyond) = (0_u32, 0, false);
    loop {
        let cell = cells.next_cell().map_err(wrong)?;
        let at = cell.as_ref().map(calamine::Cell::get_position);
        if at.is_none_or(|(next, _)| next != line) && (beyond || row.iter().any(|c| !c.is_empty()))
        {
            match &mut spool {
                None if beyond => {
                    return Err(Error::usage(say!(
                        "sheet.sheet_more_than_columns",
                        sheet = sheet,
                        name = name,
                        columns = COLUMNS
                    )));
                }
                None => {
                    width = row
                        .iter()
                        .rposition(|c| !c.is_empty())
                        .map_or(0, |last| last + 1);
                    spool = Some(Spool::new(name, &row[..width], stop)?);
                }
                Some(spool) if beyond || row.iter().skip(width).any(|c| !c.is_empty()) => {
                    spool.fault(
                        u64::from(line) + 1,
                        "too many fields",
                        &say!("sheet.cells_beyond_columns_header", width = width),
                    )?;
                }
                Some(spool) => spool.row(u64::from(line) + 1, &row[..width.min(row.len())])?,
            }
        }
        let (Some(cell), Some((next, column))) = (cell, at) else {
            return Ok(spool);
        };
        if next != line {
            line = next;
            row.clear();
            beyond = false;
        }
        let column = column as usize;
        let text = shown(cell.get_value(), old);
        if column >= COLUMNS {
            beyond |= !text.is_empty();
            continue;
        }
        if row.len() <= column {
            row.resize(column + 1, String::new());
        }
        row[column] = text;
    }
}

/// A cell as a CSV would have it: dates as ISO 8601, numbers with a point.
fn shown(value: &DataRef<'_>, old: bool) -> String {
    match value {
        DataRef::Empty | DataRef::Error(_) => String::new(),
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(n) => number(*n),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(yes) => yes.to_string(),
        DataRef::DateTime(at) if at.is_datetime() => moment(at.as_f64(), old),
        DataRef::DateTime(span) => number(span.as_f64()),
    }
}

/// A number as a person typed it: a workbook keeps 15 digits of it, the rest is noise.
fn number(n: f64) -> String {
    let rounded: f64 = format!("{n:.14e}").parse().unwrap_or(n);
    format!("{rounded}")
}

/// A date, and the time where it is not midnight, to the second.
fn moment(days: f64, old: bool) -> String {
    // Half a millisecond takes what the fraction of a day lost.
    let at = ExcelDateTime::new(days + 0.0005 / 86_400.0, ExcelDateTimeType::DateTime, old);
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) {
        date
    } else {
        format!("{date}T{hour:02}:{minute:02}:{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        use std::io::Write as _;
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file(
            "xl/sharedStrings.xml",
            zip::write::SimpleFileOptions::default(),
        )
        .expect("a part");
        (0..1_000).for_each(|_| zip.write_all(&b"<si></si>".repeat(100)).expect("written"));
        let mut file = zip.finish().expect("whole");
        assert!(file.get_ref().len() < 10_000, "small as a file");
        assert!(measure(&mut file, "x.xlsx", (1 << 20, 1 << 20)).is_ok());
        for limits in [(1 << 20, 1 << 19), (1 << 19, 1 << 20)] {
            let refused = measure(&mut file, "x.xlsx", limits)
                .expect_err("refused")
                .message;
            assert_eq!(
                refused,
                "x.xlsx is not read: unpacked it would be larger than can be held"
            );
        }
    }

    #[test]
    fn numbers_and_dates_are_as_they_were_typed() {
        assert_eq!(number(12.299999999999999), "12.3");
        assert_eq!(number(350.0), "350");
        assert_eq!(number(-0.1), "-0.1");
        assert_eq!(number(1e15), "1000000000000000");
        assert_eq!(moment(45_943.5, false), "2025-10-13T12:00:00");
        assert_eq!(moment(45_943.0, false), "2025-10-13");
        assert_eq!(
            moment(45_943.0 + 53_999.0 / 86_400.0, false),
            "2025-10-13T14:59:59"
        );
        assert_eq!(moment(45_943.0 - 1_462.0, true), "2025-10-13");
    }
}
