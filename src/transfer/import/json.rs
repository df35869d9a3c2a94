//! JSON and JSON lines: one object a row, wherever the objects stand. The text is cut into its objects before any is parsed, so
//! memory stays flat, one broken or bottomless object costs one row, and a file of any depth ends well.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Value};

use super::Stop;
use super::spool::{COLUMNS, Spool, UNSAID};
use crate::error::{Error, Result};

/// Bytes that one object may have.
const OBJECT: usize = 16 * 1024 * 1024;
/// Objects within objects that become columns (`address.city`); what is deeper stays JSON.
const DEPTH: usize = 6;
/// Bytes at the beginning that say where the objects stand.
const START: usize = 1024 * 1024;

/// One object of the text.
enum Piece<'a> {
    Object(u64, &'a [u8]),
    Bad(u64, &'static str, String),
}

/// Where in a text the rows are: behind how many open brackets an object begins one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Layout {
    depth: usize,
    /// Rows are the objects of the first array in one object; what is behind that array is something else.
    inside: bool,
}

/// What a scan remembers between bytes.
#[derive(Default)]
struct Scan {
    depth: usize,
    quoted: bool,
    escaped: bool,
}

impl Scan {
    /// Takes a byte; `true` for one that is no part of a text.
    fn take(&mut self, byte: u8) -> bool {
        if self.quoted {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.quoted = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.quoted = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        byte != b'"'
    }
}

/// Finds out from the beginning of the text where its rows stand.
fn layout(start: &[u8]) -> Layout {
    let text = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    match text.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'[') => {
            return Layout {
                depth: 1,
                inside: false,
            };
        }
        Some(b'{') => {}
        _ => {
            return Layout {
                depth: 0,
                inside: false,
            };
        }
    }
    let mut scan = Scan::default();
    let mut array = false;
    for (at, byte) in text.iter().enumerate() {
        let before = scan.depth;
        if !scan.take(*byte) {
            continue;
        }
        // The first object is whole: whether another one follows says what the text is.
        if before == 1 && scan.depth == 0 {
            let more = text[at + 1..].contains(&b'{');
            return if array && !more {
                Layout {
                    depth: 2,
                    inside: true,
                }
            } else {
                Layout {
                    depth: 0,
                    inside: false,
                }
            };
        }
        if *byte == b'[' && before == 1 {
            let next = text[at + 1..].iter().find(|b| !b.is_ascii_whitespace());
            array |= next == Some(&b'{');
        }
    }
    if array {
        Layout {
            depth: 2,
            inside: true,
        }
    } else {
        Layout {
            depth: 0,
            inside: false,
        }
    }
}

/// Hands the objects of a text on, one by one, with the line in which each begins.
fn pieces(path: &Path, name: &str, to: &mut dyn FnMut(Piece<'_>) -> Result<()>) -> Result<()> {
    let cannot = |e: std::io::Error| {
        Error::failed(say!("any.could_not_read", name = name, e = e)).because(e)
    };
    let mut reader = BufReader::with_capacity(START, File::open(path).map_err(cannot)?);
    let layout = layout(reader.fill_buf().map_err(cannot)?);
    let (mut scan, mut object, mut line, mut began) = (Scan::default(), Vec::new(), 1, 0);
    let (mut open, mut too_long, mut stray, mut done) = (false, false, false, false);
    loop {
        let buffer = reader.fill_buf().map_err(cannot)?;
        if buffer.is_empty() {
            break;
        }
        for byte in buffer {
            let before = scan.depth;
            let plain = scan.take(*byte);
            if plain && *byte == b'{' && before == layout.depth && !open && !done {
                (open, too_long, began) = (true, false, line);
                object.clear();
            }
            line += u64::from(*byte == b'\n');
            if open {
                if object.len() < OBJECT {
                    object.push(*byte)
                } else {
                    too_long = true
                }
                if plain && scan.depth == layout.depth {
                    open = false;
                    to(if too_long {
                        Piece::Bad(
                            began,
                            "object too long",
                            say!("json.object_more_than_mb", what = OBJECT >> 20).to_string(),
                        )
                    } else {
                        Piece::Object(began, &object)
                    })?;
                }
            } else {
                done |= layout.inside && plain && *byte == b']' && scan.depth < layout.depth;
                stray |= !matches!(byte, b'[' | b']' | b',' | 0xEF | 0xBB | 0xBF)
                    && !byte.is_ascii_whitespace()
                    && !layout.inside;
                // A new line begins anew: one that is broken does not take the others along.
                if *byte == b'\n' && layout.depth == 0 {
                    if std::mem::take(&mut stray) {
                        to(Piece::Bad(
                            line - 1,
                            "not an object",
                            "the line is no JSON object".into(),
                        ))?;
                    }
                    scan = Scan::default();
                }
            }
            if open && layout.depth == 0 && *byte == b'\n' && broken(&object) {
                (open, scan) = (false, Scan::default());
                to(Piece::Bad(
                    began,
                    "not JSON",
                    "an object in this line is never closed".into(),
                ))?;
            }
        }
        let read = buffer.len();
        reader.consume(read);
    }
    if open {
        to(Piece::Bad(
            began,
            "not JSON",
            "the object is never closed".into(),
        ))?;
    } else if stray && layout.depth == 0 {
        to(Piece::Bad(
            line,
            "not an object",
            "the line is no JSON object".into(),
        ))?;
    }
    Ok(())
}

/// True for an open object that no further line can close: it stood in one line, and that line cannot be a beginning.
fn broken(object: &[u8]) -> bool {
    let first = object.iter().position(|b| *b == b'\n') == Some(object.len() - 1);
    if !first {
        return false;
    }
    match serde_json::from_slice::<Value>(object) {
        Err(error) => !error.is_eof() || unclosed_text(object),
        Ok(_) => false,
    }
}

/// True where the line ends within a text: JSON has no line ends in texts.
fn unclosed_text(object: &[u8]) -> bool {
    let mut scan = Scan::default();
    object.iter().for_each(|b| {
        scan.take(*b);
    });
    scan.quoted
}

/// Puts the members of an object under their names, those of objects within it as `outer.inner`.
fn flatten(
    object: Map<String, Value>,
    front: &str,
    depth: usize,
    to: &mut dyn FnMut(&str, String),
) {
    for (name, value) in object {
        let name = if front.is_empty() {
            name
        } else {
            format!("{front}.{name}")
        };
        match value {
            Value::Object(inner) if depth < DEPTH => flatten(inner, &name, depth + 1, to),
            other => to(&name, cell(other)),
        }
    }
}

/// A value as a cell: texts as they are, lists of plain values with semicolons between.
fn cell(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Array(all) if all.iter().all(|v| !v.is_array() && !v.is_object()) => {
            all.into_iter().map(cell).collect::<Vec<_>>().join(";")
        }
        other => other.to_string(),
    }
}

fn object(bytes: &[u8]) -> std::result::Result<Map<String, Value>, (&'static str, String)> {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(("not an object", "the row is no JSON object".into())),
        Err(error) if error.to_string().starts_with("recursion limit") => Err((
            "nested too deep",
            "objects within objects more than 127 deep".into(),
        )),
        Err(error) => Err(("not JSON", error.to_string())),
    }
}

/// Reads the file twice: for the names of all members, then for the rows.
pub(super) fn spool(path: &Path, name: &str, stop: &Stop) -> Result<(Spool, Vec<String>)> {
    let mut names: Vec<String> = Vec::new();
    let mut known = std::collections::HashMap::new();
    let mut some = false;
    pieces(path, name, &mut |piece| {
        stop.check()?;
        if let Piece::Object(_, bytes) = piece
            && let Ok(object) = object(bytes)
        {
            some = true;
            flatten(object, "", 0, &mut |name, _| {
                if names.len() <= COLUMNS && !known.contains_key(name) {
                    known.insert(name.to_owned(), names.len());
                    names.push(name.to_owned());
                }
            });
        }
        Ok(())
    })?;
    if !some {
        return Err(Error::usage(say!("json.no_json_objects", name = name))
            .hint("one object a row, in an array or one a line"));
    }
    if names.len() > COLUMNS {
        return Err(Error::usage(say!(
            "json.objects_more_than_different",
            name = name,
            columns = COLUMNS
        )));
    }
    let mut spool = Spool::new(name, &names, stop)?;
    pieces(path, name, &mut |piece| {
        let (line, read) = match piece {
            Piece::Object(line, bytes) => (line, object(bytes)),
            Piece::Bad(line, reason, detail) => (line, Err((reason, detail))),
        };
        match read {
            Ok(object) => {
                let mut cells = vec![UNSAID.to_owned(); names.len()];
                flatten(object, "", 0, &mut |name, value| {
                    if let Some(at) = known.get(name) {
                        cells[*at] = value;
                    }
                });
                spool.row(line, &cells)
            }
            Err((reason, detail)) => spool.fault(line, reason, &detail),
        }
    })?;
    Ok((spool, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers, then each row with its line; `!` and the reason for bad ones.
    fn read(text: &str) -> Vec<String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        let (spool, names) = match spool(file.path(), "x.json", &Stop::default()) {
            Ok(read) => read,
            Err(error) => return vec![error.message.to_string()],
        };
        let kept = spool.finish().expect("written");
        let mut csv = csv::Reader::from_path(kept.path()).expect("opens");
        let mut out = vec![names.join(",")];
        out.extend(csv.records().map(|r| {
            let r = r.expect("a row");
            match r[1].split_once('\t') {
                Some((reason, _)) => format!("{} !{reason}", &r[0]),
                None => format!(
                    "{} {}",
                    &r[0],
                    r.iter()
                        .skip(2)
                        .map(|c| if c == UNSAID { "-" } else { c })
                        .collect::<Vec<_>>()
                        .join(",")
                ),
            }
        }));
        out
    }

    #[test]
    fn objects_are_rows_wherever_they_stand() {
        let rows = ["id,a.b", "1 1,x", "2 2,-"];
        assert_eq!(read("{\"id\":1,\"a\":{\"b\":\"x\"}}\n{\"id\":2}\n"), rows);
        assert_eq!(read("[{\"id\":1,\"a\":{\"b\":\"x\"}},\n{\"id\":2}]"), rows);
        assert_eq!(
            read(
                "\u{feff}{\"schema\":1,\"data\":[{\"id\":1,\"a\":{\"b\":\"x\"}},\n{\"id\":2}],\"more\":[{\"no\":1}]}"
            ),
            rows
        );
        assert_eq!(
            read("{\"id\":1,\"list\":[{\"x\":1}]}\n{\"id\":2}"),
            ["id,list", "1 1,[{\"x\":1}]", "2 2,-"]
        );
        assert_eq!(
            read("{\n \"id\": 1,\n \"tags\": [\"a\", \"b\"], \"on\": true, \"no\": null\n}"),
            ["id,tags,on,no", "1 1,a;b,true,"]
        );
    }

    #[test]
    fn what_is_broken_costs_its_own_row() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let text = format!(
            "{{\"id\":1}}\n{{\"id\":2,\"x\":{deep}}}\n{{\"id\":}}\n{{\"id\":\"open\nnonsense\n{{\"id\":3}}\n"
        );
        assert_eq!(
            read(&text),
            [
                "id",
                "1 1",
                "2 !nested too deep",
                "3 !not JSON",
                "4 !not JSON",
                "5 !not an object",
                "6 3"
            ]
        );
        let array = format!("[{{\"id\":1}},{{\"id\":2,\"x\":{deep}}},{{\"id\":3}}]");
        assert_eq!(read(&array), ["id", "1 1", "1 !nested too deep", "1 3"]);
        assert_eq!(read("{}"), ["", "1 "]);
        assert_eq!(read("[1,2]"), ["x.json has no JSON objects"]);
        assert_eq!(
            read(&"{\"a\":".repeat(50_000)),
            ["x.json has no JSON objects"]
        );
    }

    #[test]
    fn too_many_members_are_a_sentence() {
        let members: Vec<String> = (0..10_000).map(|n| format!("\"m{n}\":{n}")).collect();
        assert_eq!(
            read(&format!("[{{{}}}]", members.join(","))),
            [format!(
                "the objects of x.json have more than {COLUMNS} different members; that many columns cannot be read"
            )]
        );
    }
}
