//! One table of a file, whatever the file is: where its rows are read, what stands between fields, and what was found out about it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use tempfile::NamedTempFile;

use super::kind::Kind;
use super::report::Found;
use crate::domain::profile::Decimal;

/// Bytes at the beginning that say what a file is.
pub(super) const START: usize = 64 * 1024;

/// One table.
#[derive(Clone)]
pub(super) struct Source {
    /// What the report calls it.
    pub name: String,
    /// Its sheet, of a workbook.
    pub sheet: Option<String>,
    /// The input, beside which rejected rows go.
    pub input: PathBuf,
    /// The CSV in UTF-8 that is read.
    pub text: PathBuf,
    /// Columns before the row's own: the line and what is wrong with the row. None where the input itself is read.
    pub front: usize,
    /// What stands between fields.
    pub separator: u8,
    /// What the rows are where the format says it.
    pub kind: Option<Kind>,
    /// The decimal mark where the format says it.
    pub decimal: Option<Decimal>,
    /// What was found out about the file, with the reasons.
    pub found: Vec<Found>,
    /// Remarks for the report.
    pub remarks: Vec<String>,
    /// The file that was made for reading, which goes away with its last source.
    pub kept: Option<Rc<NamedTempFile>>,
}

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What stands between fields: as named, as Excel's first line says (`sep=;`), or the sign that the header has and that most rows have
/// as often.
pub(super) fn separator(start: &[u8], named: Option<char>) -> (u8, Found) {
    let said = |byte: u8, why: String| {
        let shown = if byte == b'\t' {
            "tab".to_owned()
        } else {
            (byte as char).to_string()
        };
        (byte, Found::new("separator", &shown, why))
    };
    if let Some(byte) = named.and_then(|c| u8::try_from(c).ok()) {
        return said(byte, say!("any.as_named").into());
    }
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    if let Some(byte) = announced(start) {
        return said(byte, say!("source.first_line_says_so").into());
    }
    // How often each sign stands in a row, what is between quotes left out.
    let mut rows: Vec<[usize; 4]> = vec![[0; 4]];
    let mut quoted = false;
    for byte in start {
        quoted ^= *byte == b'"';
        if *byte == b'\n' && !quoted {
            if rows.len() > 20 {
                break;
            }
            rows.push([0; 4]);
        } else if let (false, Some(at)) = (quoted, SEPARATORS.iter().position(|s| s == byte))
            && let Some(row) = rows.last_mut()
        {
            row[at] += 1;
        }
    }
    // The last row may be cut.
    let body = &rows[1.min(rows.len())..rows.len().max(2) - 1];
    let agree = |at: usize| body.iter().filter(|r| r[at] == rows[0][at]).count();
    let weight = |at: &usize| {
        (
            if rows[0][*at] > 0 { agree(*at) + 1 } else { 0 },
            rows[0][*at],
        )
    };
    // The first of the best: a file of one column reads with commas.
    let best = (0..4).rev().max_by_key(weight).unwrap_or(0);
    let why = match rows[0][best] {
        0 => say!("source.header_one_column").to_owned(),
        n => say!(
            "source.stands_times_header_as",
            n = n,
            best = agree(best),
            body = body.len()
        ),
    };
    said(SEPARATORS[best], why.to_string())
}

/// The sign of a first line `sep=;`.
pub(super) fn announced(start: &[u8]) -> Option<u8> {
    let line = start.split(|b| matches!(b, b'\n' | b'\r')).next()?;
    let line = line
        .strip_prefix(b"\"")
        .and_then(|l| l.strip_suffix(b"\""))
        .unwrap_or(line);
    match line {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', byte] => Some(*byte),
        _ => None,
    }
}

/// Whether the lines of a text end in CRLF.
pub(super) fn ends_in_crlf(path: &Path) -> std::io::Result<bool> {
    let mut reader = BufReader::with_capacity(START, File::open(path)?);
    let start = reader.fill_buf()?;
    let end = start.iter().position(|b| *b == b'\n');
    Ok(end.is_some_and(|at| at > 0 && start[at - 1] == b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_found_with_the_reason() {
        let found = |text: &str| {
            let (byte, found) = separator(text.as_bytes(), None);
            (byte as char, found.why)
        };
        assert_eq!(
            found("Name;Adres, il;ARR\nA;\"x;y\";1,5\nB;c, d;2,5\n"),
            (
                ';',
                "it stands 2 times in the header, and as often in 2 of the next 2 rows".into()
            )
        );
        assert_eq!(found("a|b\n1|2\n").0, '|');
        assert_eq!(found("a\tb,c\n1\t2\n").0, '\t');
        assert_eq!(found("a\n1\n"), (',', "the header has one column".into()));
        assert_eq!(
            found("sep=;\na,b;c\n"),
            (';', "the first line says so".into())
        );
        assert_eq!(separator(b"a,b", Some(';')).0, b';');
    }
}
