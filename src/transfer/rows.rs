//! Rows of the roster as JSON and CSV: stable names, exact figures, each row with its id.
//!
//! JSON has amounts in minor units (the currency stands at the top), days as ISO 8601, no data as `null`. CSV has amounts
//! with a decimal point, so that a spreadsheet reads them, and no data as an empty cell.

use std::io::{self, Write};

use serde_json::ser::{Formatter, PrettyFormatter};
use serde_json::{Map, Value as Json};

use super::cells::guarded;
use crate::columns::Listed;
use crate::domain::roster::Roster;

/// The version of the JSON that scripts read. Names are added, never changed, within a version.
pub const SCHEMA: u32 = 1;

/// A row as a JSON object: its id, then the columns by their codes.
pub fn object(roster: &Roster, columns: &[Listed], at: usize) -> Map<String, Json> {
    let mut row = Map::with_capacity(columns.len() + 1);
    row.insert("id".to_owned(), Json::from(roster.ids[at].to_string()));
    for column in columns {
        row.insert(column.code().to_owned(), column.json(roster, at));
    }
    row
}

/// Writes `head`'s fields, then `"rows"` with one object a row, one row a line, as one JSON object.
pub fn json(
    out: &mut impl Write,
    head: &Map<String, Json>,
    roster: &Roster,
    columns: &[Listed],
    rows: &[u32],
) -> io::Result<()> {
    out.write_all(b"{\n")?;
    for (name, value) in head {
        write!(out, "  {}: ", Json::from(name.as_str()))?;
        compact(out, value)?;
        out.write_all(b",\n")?;
    }
    out.write_all(b"  \"rows\": [")?;
    for (i, at) in rows.iter().enumerate() {
        out.write_all(if i == 0 { b"\n    " } else { b",\n    " })?;
        compact(out, &Json::Object(object(roster, columns, *at as usize)))?;
    }
    out.write_all(if rows.is_empty() {
        b"]\n}\n"
    } else {
        b"\n  ]\n}\n"
    })
}

/// Writes a heading and the rows as CSV (RFC 4180). `shown` is applied to every text on its way out: a terminal needs
/// texts made safe, a file has them as they are. What a spreadsheet would run gets an apostrophe ([`guarded`]), unless `raw`.
pub fn csv(
    out: &mut impl Write,
    roster: &Roster,
    columns: &[Listed],
    rows: &[u32],
    raw: bool,
    shown: impl Fn(String) -> String,
) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let held = |text: String| {
        if raw {
            text
        } else {
            guarded(&text).into_owned()
        }
    };
    csv.write_field("id").map_err(plain)?;
    for column in columns {
        csv.write_field(shown(held(column.code().to_owned())))
            .map_err(plain)?;
    }
    csv.write_record(None::<&[u8]>).map_err(plain)?;
    for at in rows {
        csv.write_field(roster.ids[*at as usize].to_string())
            .map_err(plain)?;
        for column in columns {
            csv.write_field(shown(held(column.csv(roster, *at as usize))))
                .map_err(plain)?;
        }
        csv.write_record(None::<&[u8]>).map_err(plain)?;
    }
    csv.flush()
}

/// Writes JSON objects as CSV: a column for each name, in the order in which the names first come; what is nested stands as
/// compact JSON, `null` as nothing.
pub fn csv_of(
    out: &mut impl Write,
    rows: &[Json],
    raw: bool,
    shown: impl Fn(String) -> String,
) -> io::Result<()> {
    let mut names: Vec<&str> = Vec::new();
    for name in rows.iter().filter_map(Json::as_object).flat_map(Map::keys) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    let held = |text: &str| {
        if raw {
            text.to_owned()
        } else {
            guarded(text).into_owned()
        }
    };
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(names.iter().map(|name| shown(held(name))))
        .map_err(plain)?;
    for row in rows {
        let cell = |name: &&str| match &row[*name] {
            Json::Null => String::new(),
            Json::String(text) => shown(held(text)),
            other => shown(other.to_string()),
        };
        csv.write_record(names.iter().map(cell)).map_err(plain)?;
    }
    csv.flush()
}

/// Writes one value on a line of its own.
pub fn line(out: &mut impl Write, value: &Json) -> io::Result<()> {
    compact(out, value)?;
    out.write_all(b"\n")
}

/// Writes the rows as one JSON object a line.
pub fn lines(
    out: &mut impl Write,
    roster: &Roster,
    columns: &[Listed],
    rows: &[u32],
) -> io::Result<()> {
    rows.iter()
        .try_for_each(|at| line(out, &Json::Object(object(roster, columns, *at as usize))))
}

/// The stream's own error, so that a closed pipe is still known as one.
pub fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Writes JSON over several lines; signs that steer a terminal are escaped, which loses nothing.
pub fn pretty(out: &mut impl Write, value: &Json) -> io::Result<()> {
    write_with(out, value, Careful(PrettyFormatter::new()))
}

/// Writes JSON on one line, careful like [`pretty`].
pub fn compact(out: &mut impl Write, value: &Json) -> io::Result<()> {
    write_with(out, value, Careful(serde_json::ser::CompactFormatter))
}

fn write_with(out: &mut impl Write, value: &Json, formatter: impl Formatter) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, formatter);
    serde::Serialize::serialize(value, &mut serializer)?;
    Ok(())
}

/// True for the signs that JSON would let through and that steer a terminal, turn the reading direction or cannot be seen.
fn careful(c: char) -> bool {
    matches!(c,
        '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Escapes such signs, which loses nothing: `\u009b` reads back as itself.
struct Careful<F>(F);

impl<F: Formatter> Formatter for Careful<F> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| careful(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            // Beyond the first plane JSON takes two.
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::config::Config;
    use crate::domain::roster::Entry;

    fn columns() -> Vec<Listed> {
        ["name", "arr", "nps"]
            .map(|code| Listed::find(&Config::default(), code).expect("a column"))
            .to_vec()
    }

    fn roster(name: &str) -> Roster {
        let mut roster = crate::columns::roster(
            Arc::new(Config::default()),
            "2026-11-21".parse().expect("a date"),
            "ada",
        );
        let mut entry = Entry {
            rowid: 1,
            name,
            ..Entry::default()
        };
        entry.signals.mrr = 10_005;
        entry.signals.arr = 120_060;
        roster.put(entry);
        roster
    }

    #[test]
    fn json_reads_back_with_hostile_names() {
        let name = "A \"b\"\n\u{9b}2J\u{202e}c";
        let mut out = Vec::new();
        let head = Map::from_iter([("schema".to_owned(), 1.into())]);
        json(&mut out, &head, &roster(name), &columns(), &[0]).expect("a vector takes all");
        let text = String::from_utf8(out).expect("UTF-8");
        assert!(!text.contains(['\u{9b}', '\u{202e}']), "{text}");
        let read: Json = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read["rows"][0]["name"], name);
        assert_eq!(read["rows"][0]["arr"], 120_060);
        assert_eq!(read["rows"][0]["nps"], Json::Null);
        assert_eq!(read["schema"], 1);
    }

    #[test]
    fn no_rows_are_an_empty_list() {
        let mut out = Vec::new();
        json(&mut out, &Map::new(), &roster("x"), &columns(), &[]).expect("a vector takes all");
        assert_eq!(
            serde_json::from_slice::<Json>(&out).expect("JSON")["rows"],
            Json::Array(Vec::new())
        );
    }

    #[test]
    fn csv_reads_back() {
        let mut out = Vec::new();
        csv(
            &mut out,
            &roster("Acme, \"Ltd\"\nx"),
            &columns(),
            &[0],
            false,
            |t| t,
        )
        .expect("a vector takes all");
        let mut read = csv::Reader::from_reader(out.as_slice());
        assert_eq!(
            read.headers().expect("a heading"),
            vec!["id", "name", "arr", "nps"]
        );
        let row = read.records().next().expect("a row").expect("whole");
        assert_eq!(
            (&row[1], &row[2], &row[3]),
            ("Acme, \"Ltd\"\nx", "1200.60", "")
        );
    }
}
