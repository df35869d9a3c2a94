//! What subcommands print: lines, tables and JSON on standard output, in colour only on a terminal that wants it.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;

use super::fail::Done;
use super::{Color, Globals};
use crate::text;
use crate::transfer::rows::SCHEMA;

/// How a piece of text stands out on a terminal; without colour it is plain, so nothing may depend on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ink {
    /// A heading.
    Bold,
    /// Less important.
    Dim,
    /// Good.
    Good,
    /// To watch.
    Watch,
    /// At risk.
    Risk,
}

/// Standard output, buffered.
pub(super) struct Out {
    stdout: io::BufWriter<io::Stdout>,
    color: bool,
    ascii: bool,
    /// Answers are for programs: they go through [`Out::object`] and [`Out::rows`].
    pub(super) json: bool,
    /// In which form.
    pub(super) form: Form,
    raw_csv: bool,
}

/// In which form answers are printed for programs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// One JSON object.
    Json,
    /// One JSON object a row, a line each.
    Lines,
    /// A heading and a line a row.
    Csv,
}

impl Out {
    /// The output as the flags and the terminal want it.
    pub(super) fn new(globals: &Globals) -> Out {
        Out {
            stdout: io::BufWriter::with_capacity(64 * 1024, io::stdout()),
            color: wants_color(globals.color, io::stdout().is_terminal()),
            ascii: globals.ascii,
            json: globals.json || globals.jsonl || globals.csv,
            form: match (globals.csv, globals.jsonl) {
                (true, _) => Form::Csv,
                (_, true) => Form::Lines,
                _ => Form::Json,
            },
            raw_csv: globals.raw_csv,
        }
    }

    /// One line; what came from outside must have passed [`one_line`] before.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        let text = if self.ascii {
            to_ascii(text)
        } else {
            text.to_owned()
        };
        writeln!(self.stdout, "{text}")
    }

    /// An answer whose rows stand under `name`: the whole object as JSON, the rows alone as lines or CSV.
    pub(super) fn rows(&mut self, name: &str, mut value: Value) -> Done {
        if self.form == Form::Json {
            return Ok(self.object(value)?);
        }
        let Value::Array(rows) = value[name].take() else {
            return Ok(self.object(value)?);
        };
        if self.form == Form::Csv {
            return Ok(self.csv(&rows)?);
        }
        for row in &rows {
            crate::transfer::rows::line(&mut self.stdout, row)?;
        }
        Ok(())
    }

    fn csv(&mut self, rows: &[Value]) -> io::Result<()> {
        let terminal = io::stdout().is_terminal();
        let shown = |text: String| if terminal { one_line(&text) } else { text };
        crate::transfer::rows::csv_of(&mut self.stdout, rows, self.raw_csv, shown)
    }

    /// One JSON object with the schema's number in front; as CSV one row.
    pub(super) fn object(&mut self, value: Value) -> io::Result<()> {
        match self.form {
            Form::Json => {}
            Form::Lines => return crate::transfer::rows::line(&mut self.stdout, &value),
            Form::Csv => return self.csv(&[value]),
        }
        let mut object = serde_json::Map::from_iter([("schema".to_owned(), SCHEMA.into())]);
        match value {
            Value::Object(fields) => object.extend(fields),
            other => {
                object.insert("value".to_owned(), other);
            }
        }
        crate::transfer::rows::pretty(&mut self.stdout, &Value::Object(object))?;
        writeln!(self.stdout)
    }

    /// The bare stream, for CSV and long JSON.
    pub(super) fn raw(&mut self) -> &mut impl io::Write {
        &mut self.stdout
    }

    /// Hands everything to the reader.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }

    /// The text in ink, where there is colour.
    pub(super) fn paint(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Good => "32",
            Ink::Watch => "33",
            Ink::Risk => "31",
        };
        if self.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// A table with a heading; columns are as wide as their widest cell.
    pub(super) fn table(
        &mut self,
        heads: &[&str],
        right: &[bool],
        rows: &[Vec<String>],
    ) -> io::Result<()> {
        let last = heads.len().saturating_sub(1);
        let cell = |(i, c): (usize, &String)| {
            if i < last {
                text::cut(&self.cell(c), WIDEST).into_owned()
            } else {
                self.cell(c)
            }
        };
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|r| r.iter().enumerate().map(cell).collect())
            .collect();
        // A heading may come from outside as well: a person's own column, a name in a statement.
        let heads: Vec<String> = heads
            .iter()
            .enumerate()
            .map(|(i, h)| cell((i, &(*h).to_owned())))
            .collect();
        let width = |i: usize| {
            rows.iter()
                .filter_map(|r| r.get(i))
                .chain([&heads[i]])
                .map(|c| text::cells(c))
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        let head = lay(&heads, &widths, right);
        let head = self.paint(Ink::Bold, &head);
        self.line(&head)?;
        for row in &rows {
            self.line(&lay(row, &widths, right))?;
        }
        Ok(())
    }

    fn cell(&self, text: &str) -> String {
        let text = one_line(text);
        if self.ascii { to_ascii(&text) } else { text }
    }
}

/// Cells of a table's column, at most: one very long name would push every figure out of sight. JSON and CSV have it whole.
const WIDEST: usize = 48;

fn lay(cells: &[String], widths: &[usize], right: &[bool]) -> String {
    let mut line = String::new();
    for (i, cell) in cells.iter().enumerate() {
        let gap = " ".repeat(
            widths
                .get(i)
                .copied()
                .unwrap_or(0)
                .saturating_sub(text::cells(cell)),
        );
        if i > 0 {
            line.push_str("  ");
        }
        if right.get(i).copied().unwrap_or(false) {
            line.push_str(&gap);
            line.push_str(cell);
        } else {
            line.push_str(cell);
            line.push_str(&gap);
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// Text from outside on one line, safe for a terminal.
pub(super) fn one_line(text: &str) -> String {
    text::safe(text).into_owned()
}

/// Text from outside on lines of its own.
pub(super) fn lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().map(one_line)
}

/// Our own signs in ASCII. Names keep their letters: an altered name would be a wrong one.
fn to_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '·' => out.push('.'),
            '…' => out.push_str("..."),
            '—' | '–' | '−' => out.push('-'),
            '×' => out.push('x'),
            '→' => out.push_str("->"),
            '±' => out.push_str("+-"),
            '▲' => out.push('^'),
            '▼' => out.push('v'),
            '✓' => out.push('x'),
            '†' => out.push('+'),
            '€' => out.push_str("EUR "),
            '£' => out.push_str("GBP "),
            '¥' => out.push_str("JPY "),
            _ => out.push(c),
        }
    }
    out
}

/// Whether to send colours: asked for, or a terminal on which nobody refused them (NO_COLOR, TERM=dumb).
fn wants_color(color: Color, terminal: bool) -> bool {
    match color {
        Color::Never => false,
        Color::Sixteen | Color::TwoFiftySix | Color::True => true,
        Color::Auto => {
            let refused = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
                || std::env::var_os("TERM").is_some_and(|t| t == "dumb");
            terminal && !refused
        }
    }
}

/// An object with the fields of another one.
pub(super) fn with(mut value: Value, more: &impl serde::Serialize) -> Value {
    if let (Value::Object(into), Value::Object(from)) = (&mut value, serde_json::json!(more)) {
        into.extend(from);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_line_up_and_nothing_trails() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let widths = [4, 3];
        assert_eq!(lay(&row("ab", "7"), &widths, &[false, true]), "ab      7");
        assert_eq!(lay(&row("ab", ""), &widths, &[false, false]), "ab");
    }

    #[test]
    fn text_from_outside_is_one_harmless_line() {
        let text = one_line("a\nb\u{1b}[2J\u{202e}c");
        assert!(!text.contains(['\n', '\u{1b}', '\u{202e}']), "{text:?}");
        assert!(text.starts_with("a b"));
    }
}
