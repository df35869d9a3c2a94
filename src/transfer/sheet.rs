//! Tables on their way out: one table as CSV, JSON, JSON lines, a workbook or Markdown. Whoever asks gets the same bytes.
//!
//! CSV and workbooks have amounts with a decimal point, JSON has them in minor units with the currency at the top. Dates are ISO
//! 8601, moments RFC 3339 in UTC (workbooks: in the book's zone, because they know none). What a spreadsheet would run as a formula is
//! written with an apostrophe before it in CSV ([`super::cells`]) and as a text in a workbook.

mod workbook;

use std::io::Write;

use serde_json::{Map, Number, Value as Json};

use super::cells::guarded;
use super::{markdown, rows};
use crate::domain::sheet::{Datum, Head, Sheet};
use crate::domain::time::{Stamp, Zone};
use crate::error::{Error, Result};

/// A file format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Format {
    /// Comma-separated values, RFC 4180.
    Csv,
    /// One JSON object with `rows`.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// A workbook (Office Open XML).
    Xlsx,
    /// A table in Markdown.
    Markdown,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 5] = [
        Format::Csv,
        Format::Json,
        Format::Jsonl,
        Format::Xlsx,
        Format::Markdown,
    ];

    /// The end of its files' names, and its code.
    pub fn code(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Xlsx => "xlsx",
            Format::Markdown => "md",
        }
    }

    /// The format of this code.
    pub fn named(code: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|f| {
            f.code().eq_ignore_ascii_case(code)
                || code.eq_ignore_ascii_case("markdown") && *f == Format::Markdown
        })
    }

    /// The format that a file's name ends with.
    pub fn of(path: &std::path::Path) -> Option<Format> {
        path.extension()
            .and_then(|e| e.to_str())
            .and_then(Format::named)
    }
}

/// Where the bytes go.
enum Out<'o> {
    /// Cells, through the CSV writer, which keeps a buffer.
    Csv(Box<csv::Writer<&'o mut dyn Write>>),
    /// Text, or a whole workbook.
    Plain(&'o mut dyn Write),
}

/// Writes the rows of one table after another.
pub struct SheetWriter<'o> {
    format: Format,
    out: Out<'o>,
    head: Option<Head>,
    /// Of the table being written.
    rows: usize,
    /// Several tables in one file: a JSON row says which it is of.
    several: bool,
    book: Option<workbook::Book>,
}

impl<'o> SheetWriter<'o> {
    /// Into `out`. `several`: more tables than one go into it.
    pub fn new(format: Format, out: &'o mut dyn Write, several: bool) -> SheetWriter<'o> {
        let book = (format == Format::Xlsx).then(workbook::Book::new);
        let out = match format {
            Format::Csv => Out::Csv(Box::new(
                csv::WriterBuilder::new().flexible(true).from_writer(out),
            )),
            _ => Out::Plain(out),
        };
        SheetWriter {
            format,
            out,
            head: None,
            rows: 0,
            several,
            book,
        }
    }

    /// Begins a table.
    pub fn begin(&mut self, head: &Head) -> Result<()> {
        self.end_table()?;
        self.rows = 0;
        self.head = Some(head.clone());
        match self.format {
            Format::Csv => self.csv(head.columns.iter().map(|c| guarded(c).into_owned())),
            Format::Json => {
                let opening = if self.several {
                    ""
                } else {
                    "{\n  \"schema\": 1,\n"
                };
                let name = Json::from(head.name.as_str());
                self.say(&format!(
                    "{opening}  \"table\": {name},\n  \"currency\": \"{}\",\n  \"rows\": [",
                    head.currency.code()
                ))
            }
            Format::Jsonl => Ok(()),
            Format::Xlsx => self.book.as_mut().map_or(Ok(()), |book| book.begin(head)),
            Format::Markdown => {
                let title = if self.several {
                    format!("## {}\n\n", markdown::line(&head.name))
                } else {
                    String::new()
                };
                let names: Vec<String> = head.columns.iter().map(|c| markdown::line(c)).collect();
                let rule = vec!["---"; head.columns.len()].join(" | ");
                self.say(&format!("{title}| {} |\n| {rule} |\n", names.join(" | ")))
            }
        }
    }

    /// Writes a row of the table that was begun.
    pub fn row(&mut self, row: &[Datum]) -> Result<()> {
        let Some(head) = self.head.take() else {
            return Ok(());
        };
        let done = self.one(&head, row);
        self.rows += 1;
        self.head = Some(head);
        done
    }

    fn one(&mut self, head: &Head, row: &[Datum]) -> Result<()> {
        match self.format {
            Format::Csv => self.csv(row.iter().map(|datum| match datum {
                Datum::Text(text) => guarded(text).into_owned(),
                other => plain(other, head),
            })),
            Format::Json => {
                self.say(if self.rows == 0 { "\n    " } else { ",\n    " })?;
                self.object(head, row)
            }
            Format::Jsonl => {
                self.object(head, row)?;
                self.say("\n")
            }
            Format::Xlsx => self
                .book
                .as_mut()
                .map_or(Ok(()), |book| book.row(head, row)),
            Format::Markdown => {
                let cells: Vec<String> = row
                    .iter()
                    .map(|datum| markdown::line(&plain(datum, head)))
                    .collect();
                self.say(&format!("| {} |\n", cells.join(" | ")))
            }
        }
    }

    /// Ends the file.
    pub fn finish(mut self) -> Result<()> {
        self.end_table()?;
        match (self.out, self.book) {
            (Out::Csv(mut csv), _) => csv.flush().map_err(cannot),
            (Out::Plain(out), Some(book)) => book.save(out),
            (Out::Plain(out), None) => out.flush().map_err(cannot),
        }
    }

    fn end_table(&mut self) -> Result<()> {
        match (self.head.take(), self.format) {
            (Some(_), Format::Json) => self.say(if self.rows == 0 {
                "]\n}\n"
            } else {
                "\n  ]\n}\n"
            }),
            (Some(_), Format::Markdown) if self.several => self.say("\n"),
            _ => Ok(()),
        }
    }

    fn object(&mut self, head: &Head, row: &[Datum]) -> Result<()> {
        let name = self
            .several
            .then(|| ("table".to_owned(), Json::from(head.name.as_str())));
        let values = head
            .columns
            .iter()
            .zip(row)
            .map(|(code, datum)| (code.clone(), json(datum)));
        let object: Map<String, Json> = name.into_iter().chain(values).collect();
        match &mut self.out {
            Out::Plain(out) => rows::compact(out, &Json::Object(object)).map_err(cannot),
            Out::Csv(_) => Ok(()),
        }
    }

    fn csv<C: AsRef<[u8]>>(&mut self, cells: impl Iterator<Item = C>) -> Result<()> {
        match &mut self.out {
            Out::Csv(csv) => csv.write_record(cells).map_err(|e| cannot(rows::plain(e))),
            Out::Plain(_) => Ok(()),
        }
    }

    fn say(&mut self, text: &str) -> Result<()> {
        match &mut self.out {
            Out::Plain(out) => out.write_all(text.as_bytes()).map_err(cannot),
            Out::Csv(_) => Ok(()),
        }
    }
}

/// Writes tables into one file.
pub fn write(format: Format, out: &mut dyn Write, sheets: &[Sheet]) -> Result<()> {
    if sheets.len() > 1 && matches!(format, Format::Csv | Format::Json) {
        return Err(Error::usage(say!(
            "sheet.tables_do_not_fit",
            sheets = sheets.len(),
            format = format.code()
        ))
        .hint(say!("sheet.jsonl_xlsx_md_take")));
    }
    let mut writer = SheetWriter::new(format, out, sheets.len() > 1);
    for sheet in sheets {
        writer.begin(&sheet.head)?;
        sheet.rows.iter().try_for_each(|row| writer.row(row))?;
    }
    writer.finish()
}

/// A stream that cannot be written. The cause is kept: a pipe that was closed is nobody's trouble.
fn cannot(error: std::io::Error) -> Error {
    Error::failed(say!("any.file_cannot_written"))
        .hint(say!("sheet.look_whether_disk_full"))
        .because(error)
}

/// A datum as words: exact, without signs of currency.
fn plain(datum: &Datum, head: &Head) -> String {
    match datum {
        Datum::None => String::new(),
        Datum::Text(text) => text.clone(),
        Datum::Whole(n) => n.to_string(),
        Datum::Real(r) => r.to_string(),
        Datum::Money(minor) => crate::domain::money::decimal(*minor, head.currency.digits()),
        Datum::Day(day) => day.to_string(),
        Datum::At(at) => moment(*at),
        Datum::Flag(on) => if *on { "yes" } else { "no" }.to_owned(),
        Datum::Id(id) => id.to_string(),
    }
}

fn json(datum: &Datum) -> Json {
    match datum {
        Datum::None => Json::Null,
        Datum::Text(text) => text.as_str().into(),
        Datum::Whole(n) | Datum::Money(n) => (*n).into(),
        Datum::Real(r) => Number::from_f64(*r).map_or(Json::Null, Json::Number),
        Datum::Day(day) => day.to_string().into(),
        Datum::At(at) => moment(*at).into(),
        Datum::Flag(on) => (*on).into(),
        Datum::Id(id) => id.to_string().into(),
    }
}

/// A moment in UTC to the millisecond.
pub fn moment(at: Stamp) -> String {
    at.utc()
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// A moment as a clock on the wall of a zone showed it.
fn wall(at: Stamp, zone: Zone) -> chrono::NaiveDateTime {
    zone.day(at).date().and_time(zone.time(at))
}

#[cfg(test)]
mod tests;
