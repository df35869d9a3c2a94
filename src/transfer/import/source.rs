//! Where rows come from: one table of a file, whatever the file is. Everything but a CSV in UTF-8 is brought into that form first,
//! in a file that goes away by itself; so one reader serves all formats, and each can be read as often as is needed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use encoding_rs::UTF_8;
use tempfile::NamedTempFile;

use super::kind::Kind;
use super::report::Found;
use super::spool::{FRONT, Spool};
use super::{Stop, calendar, card, encoding, json, mail, sheet};
use crate::domain::profile::{Decimal, Dialect};
use crate::domain::time::{Moment, Zone};
use crate::error::{Error, Result};

/// Endings of files that a folder is searched for.
const ENDINGS: &[&str] = &[
    "csv", "tsv", "json", "jsonl", "ndjson", "xlsx", "ics", "vcf", "eml", "mbox",
];
/// Bytes at the beginning that say what a file is.
const START: usize = 64 * 1024;

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
    kept: Option<Rc<NamedTempFile>>,
}

/// What a file turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    Text,
    Json,
    Calendar,
    Cards,
    Mail,
    Mailbox,
}

/// True for the name of a file that a folder gives.
pub(super) fn is_wanted(name: &str) -> bool {
    let lower = name.to_lowercase();
    !lower.ends_with(".rejects.csv")
        && lower
            .rsplit_once('.')
            .is_some_and(|(stem, end)| !stem.is_empty() && ENDINGS.contains(&end))
}

/// What stands in for a path where standard input is read.
pub(super) const STDIN: &str = "-";

/// What is to be known beside its path to open a file.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// How it is written, as far as that was said.
    pub dialect: &'a Dialect,
    /// Only this sheet of a workbook.
    pub sheet: Option<&'a str>,
    /// Which meetings are over.
    pub now: &'a Moment,
    /// Whether somebody wants it given up.
    pub stop: &'a Stop,
}

/// The tables of a file.
pub(super) fn open(path: &Path, asked: &Asked<'_>) -> Result<Vec<Source>> {
    if path == Path::new(STDIN) {
        let kept = copy_in()?;
        let mut all = open_as(kept.path(), Path::new("stdin"), "standard input", asked)?;
        for source in all.iter_mut().filter(|s| s.kept.is_none()) {
            source.kept = Some(Rc::clone(&kept));
        }
        return Ok(all);
    }
    let name = path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    );
    open_as(path, path, &name, asked)
}

fn copy_in() -> Result<Rc<NamedTempFile>> {
    let failed = |e: std::io::Error| {
        Error::failed(say!("source.standard_input_could_not", e = e)).because(e)
    };
    let kept = NamedTempFile::new().map_err(failed)?;
    std::io::copy(&mut std::io::stdin().lock(), &mut kept.as_file()).map_err(failed)?;
    Ok(Rc::new(kept))
}

fn open_as(path: &Path, input: &Path, name: &str, asked: &Asked<'_>) -> Result<Vec<Source>> {
    let Asked {
        dialect,
        sheet: only,
        now,
        stop,
    } = *asked;
    let blank = Source {
        name: name.to_owned(),
        sheet: None,
        input: input.to_owned(),
        text: path.to_owned(),
        front: 0,
        separator: b',',
        kind: None,
        decimal: None,
        found: Vec::new(),
        remarks: Vec::new(),
        kept: None,
    };
    let spooled = |spool: Spool, kind: Option<Kind>| -> Result<Source> {
        let kept = spool.finish()?;
        let decimal = Some(Decimal::Point);
        Ok(Source {
            text: kept.path().to_owned(),
            front: FRONT,
            kind,
            decimal,
            kept: Some(kept),
            ..blank.clone()
        })
    };
    let cannot = |e: std::io::Error| {
        Error::failed(say!("source.could_not_read", name = name, e = e)).because(e)
    };
    let mut start = Vec::new();
    File::open(path)
        .map_err(cannot)?
        .take(START as u64)
        .read_to_end(&mut start)
        .map_err(cannot)?;
    if start.starts_with(b"\xD0\xCF\x11\xE0") {
        return Err(
            Error::usage(say!("source.workbook_old_kind_xls", name = name))
                .hint(say!("source.save_as_xlsx_or")),
        );
    }
    if start.starts_with(b"PK\x03\x04") {
        let sheets = sheet::spool(path, name, only, stop)?;
        let one = sheets.len() == 1;
        let of = |sheet: sheet::Sheet| {
            let mut source = spooled(sheet.spool, None)?;
            if !one {
                source.name = format!("{name}: {}", sheet.name);
            }
            source.sheet = Some(sheet.name);
            Ok(source)
        };
        return sheets.into_iter().map(of).collect();
    }
    let (encoding, found) = match &dialect.encoding {
        Some(named) => {
            let encoding = encoding::named(named)?;
            (
                encoding,
                Found::new("encoding", encoding.name(), say!("source.as_named")),
            )
        }
        None => encoding::detect(path, name)?,
    };
    let mut text = Source {
        found: vec![found],
        ..blank.clone()
    };
    if encoding != UTF_8 {
        let (kept, broken) = encoding::to_utf8(path, name, encoding)?;
        text.text = kept.path().to_owned();
        text.kept = Some(Rc::new(kept));
        if broken > 0 {
            text.remarks.push(format!(
                "{broken} places are not {} and were read as \u{fffd}",
                encoding.name()
            ));
        }
        start.clear();
        File::open(&text.text)
            .map_err(cannot)?
            .take(START as u64)
            .read_to_end(&mut start)
            .map_err(cannot)?;
    }
    let zone = dialect
        .zone
        .as_deref()
        .and_then(Zone::named)
        .unwrap_or(now.zone);
    let with = |spool: Spool, kind: Option<Kind>, remarks: Vec<String>| -> Result<Vec<Source>> {
        Ok(vec![Source {
            found: text.found.clone(),
            remarks,
            ..spooled(spool, kind)?
        }])
    };
    match format(&start, name) {
        Format::Json => with(json::spool(&text.text, name, stop)?.0, None, Vec::new()),
        Format::Calendar => {
            let read = calendar::spool(&text.text, name, zone, now, stop)?;
            with(read.0, Some(Kind::Correspondence), read.1)
        }
        Format::Cards => with(
            card::spool(&text.text, name, stop)?,
            Some(Kind::Contacts),
            Vec::new(),
        ),
        // Each part of a mail names its own encoding, so its bytes are read as they are.
        Format::Mail => with(
            mail::spool_one(path, name, stop)?,
            Some(Kind::Correspondence),
            Vec::new(),
        ),
        Format::Mailbox => with(
            mail::spool_box(path, name, stop)?,
            Some(Kind::Correspondence),
            Vec::new(),
        ),
        Format::Text => {
            let (separator, found) = separator(&start, dialect.separator);
            text.separator = separator;
            text.found.push(found);
            text.decimal = dialect.decimal;
            Ok(vec![text])
        }
    }
}

/// What a text is, by how it begins; the name counts only for mails, which begin with any header.
fn format(start: &[u8], name: &str) -> Format {
    let text = String::from_utf8_lossy(&start[..start.len().min(4096)]);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let begins = |word: &str| {
        text.get(..word.len())
            .is_some_and(|t| t.eq_ignore_ascii_case(word))
    };
    let ending = name
        .rsplit_once('.')
        .map_or(String::new(), |(_, end)| end.to_lowercase());
    if begins("BEGIN:VCALENDAR") {
        Format::Calendar
    } else if begins("BEGIN:VCARD") {
        Format::Cards
    } else if ending == "mbox"
        || text.starts_with("From ") && text.lines().nth(1).is_some_and(is_header)
    {
        Format::Mailbox
    } else if ending == "eml" || is_mail(text) {
        Format::Mail
    } else if text.starts_with(['{', '[']) {
        Format::Json
    } else {
        Format::Text
    }
}

/// True for a line such as `Message-ID: <x>`.
fn is_header(line: &str) -> bool {
    line.split_once(':')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic()))
}

/// True for a text that begins with the headers of a mail.
fn is_mail(text: &str) -> bool {
    let head: Vec<&str> = text
        .lines()
        .take_while(|l| !l.is_empty())
        .take(100)
        .collect();
    let has = |name: &str| {
        head.iter().any(|l| {
            l.get(..name.len())
                .is_some_and(|l| l.eq_ignore_ascii_case(name))
        })
    };
    head.first().is_some_and(|l| is_header(l))
        && has("from:")
        && has("date:")
        && (has("message-id:") || has("mime-version:"))
}

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What stands between fields: as named, as Excel's first line says (`sep=;`), or the sign that the header has and that most rows have
/// as often.
fn separator(start: &[u8], named: Option<char>) -> (u8, Found) {
    let said = |byte: u8, why: String| {
        let shown = if byte == b'\t' {
            "tab".to_owned()
        } else {
            (byte as char).to_string()
        };
        (byte, Found::new("separator", &shown, why))
    };
    if let Some(byte) = named.and_then(|c| u8::try_from(c).ok()) {
        return said(byte, say!("source.as_named").into());
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

    #[test]
    fn formats_are_told_by_how_they_begin() {
        for (text, name, is) in [
            ("id,name\n", "x.csv", Format::Text),
            ("\u{feff}[{}]", "x", Format::Json),
            ("{\"a\":1}", "x.csv", Format::Json),
            ("BEGIN:VCALENDAR\r\n", "x", Format::Calendar),
            ("begin:vcard\n", "x", Format::Cards),
            (
                "From ana@x Mon Jan 1\nFrom: a@x\n",
                "Inbox",
                Format::Mailbox,
            ),
            (
                "Return-Path: <a@x>\nFrom: a@x\nDate: x\nMessage-ID: <1>\n\nhi",
                "x",
                Format::Mail,
            ),
            ("From: a@x\n", "x.eml", Format::Mail),
            ("From date,to date\n1,2\n", "x.csv", Format::Text),
        ] {
            assert_eq!(format(text.as_bytes(), name), is, "{text:?}");
        }
        assert!(
            is_wanted("Orders.XLSX")
                && !is_wanted("orders.rejects.csv")
                && !is_wanted(".csv")
                && !is_wanted("book.db")
        );
    }
}
