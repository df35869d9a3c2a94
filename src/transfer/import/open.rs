//! Opening files: everything but a CSV in UTF-8 is brought into that form first, in a file that goes away by itself; so one reader
//! serves all formats, and each can be read as often as is needed.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

use encoding_rs::UTF_8;
use tempfile::NamedTempFile;

use super::kind::Kind;
use super::report::Found;
use super::source::{START, Source, separator};
use super::spool::{FRONT, Spool};
use super::{Stop, calendar, card, encoding, json, mail, sheet};
use crate::domain::profile::{Decimal, Dialect};
use crate::domain::time::{Moment, Zone};
use crate::error::{Error, Result};

/// Endings of files that a folder is searched for.
const ENDINGS: &[&str] = &[
    "csv", "tsv", "json", "jsonl", "ndjson", "xlsx", "ics", "vcf", "eml", "mbox",
];

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
        Error::failed(say!("any.could_not_read", name = name, e = e)).because(e)
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
                Found::new("encoding", encoding.name(), say!("any.as_named")),
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

#[cfg(test)]
mod tests {
    use super::*;

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
