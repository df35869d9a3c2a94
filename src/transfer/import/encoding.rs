//! In which encoding a text file is: found out from all of its bytes, or as named; and the file brought into UTF-8.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{CoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1254};
use tempfile::NamedTempFile;

use super::report::Found;
use crate::error::{Error, Result};

/// Bytes that the guess among one-byte encodings looks at.
const GUESSED: u64 = 16 * 1024 * 1024;
/// Bytes read at a time.
const PIECE: usize = 64 * 1024;

/// The encoding with this name: `utf-16`, `windows-1254`, `cp1256`, `latin1`.
pub(super) fn named(name: &str) -> Result<&'static Encoding> {
    let label = name.trim().to_lowercase().replace([' ', '_'], "-");
    let label = label
        .strip_prefix("cp")
        .map_or(label.clone(), |number| format!("windows-{number}"));
    Encoding::for_label(label.as_bytes()).ok_or_else(|| {
        Error::usage(say!("encoding.there_no_encoding", name = name))
            .hint(say!("encoding.encodings_utf_8_utf"))
    })
}

/// Letters of Turkish in windows-1254 (Â Ç Î Ğ Ö Û Ü İ Ş and the small ones), quotation marks, dashes, the euro and the degree.
const TURKISH: &[u8] =
    b"\xC2\xC7\xCE\xD0\xD6\xDB\xDC\xDD\xDE\xE2\xE7\xEE\xF0\xF6\xFB\xFC\xFD\xFE\x80\x85\x91\x92\x93\x94\x96\x97\xA0\xAB\xB0\xBB";

/// What a look through the file as UTF-8 finds.
#[derive(Default)]
struct Utf8 {
    /// Signs of more than one byte that are whole.
    whole: u64,
    /// Bytes that belong to no sign.
    broken: u64,
    /// The first of these, and its line.
    first: Option<(u8, u64)>,
}

/// The encoding of a file with the reason, from its bytes.
pub(super) fn detect(path: &Path, name: &str) -> Result<(&'static Encoding, Found)> {
    let cannot = |e: std::io::Error| {
        Error::failed(say!("any.could_not_read", name = name, e = e)).because(e)
    };
    let mut file = File::open(path).map_err(cannot)?;
    let mut start = Vec::new();
    Read::by_ref(&mut file)
        .take(4096)
        .read_to_end(&mut start)
        .map_err(cannot)?;
    file.rewind().map_err(cannot)?;
    let said = |encoding: &'static Encoding, why: String| {
        (encoding, Found::new("encoding", encoding.name(), why))
    };
    if let Some((encoding, _)) = Encoding::for_bom(&start) {
        return Ok(said(
            encoding,
            say!("encoding.begins_with_mark_encoding").into(),
        ));
    }
    if let Some(encoding) = wide(&start) {
        return Ok(said(
            encoding,
            say!("encoding.every_second_byte_zero").into(),
        ));
    }
    let utf8 = look(&mut file).map_err(cannot)?;
    let Some((byte, line)) = utf8.first else {
        return Ok(said(
            UTF_8,
            if utf8.whole == 0 {
                say!("encoding.all_bytes_ascii").into()
            } else {
                say!("encoding.all_bytes_utf_8").into()
            },
        ));
    };
    if utf8.whole > utf8.broken {
        let why = say!(
            "encoding.signs_utf_8_bytes",
            whole = utf8.whole,
            broken = utf8.broken,
            line = line
        );
        return Ok(said(UTF_8, why.to_string()));
    }
    file.rewind().map_err(cannot)?;
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut piece = vec![0; PIECE];
    let mut rest = file.take(GUESSED);
    let mut turkish = true;
    loop {
        let n = rest.read(&mut piece).map_err(cannot)?;
        detector.feed(&piece[..n], n == 0);
        turkish &= piece[..n]
            .iter()
            .all(|b| b.is_ascii() || TURKISH.contains(b));
        if n == 0 {
            break;
        }
    }
    let guessed = detector.guess(None, Utf8Detection::Deny);
    // A few letters can fit an encoding of the web that no spreadsheet writes; those of Turkish (and what German and French share
    // with it) are in the encoding of Turkish Windows.
    let encoding = if turkish && guessed.name().starts_with("ISO-8859") {
        WINDOWS_1254
    } else {
        guessed
    };
    Ok(said(
        encoding,
        format!(
            "byte {byte:#04x} in line {line} is no UTF-8, and the letters fit {} best",
            encoding.name()
        ),
    ))
}

/// UTF-16 without a mark: most of its letters are ASCII, so one of two bytes is zero.
fn wide(start: &[u8]) -> Option<&'static Encoding> {
    let zeros = |from: usize| {
        start
            .iter()
            .skip(from)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    let (even, odd, pairs) = (zeros(0), zeros(1), start.len() / 2);
    if pairs < 4 {
        None
    } else if odd * 10 > pairs * 4 && even * 20 < pairs {
        Some(UTF_16LE)
    } else if even * 10 > pairs * 4 && odd * 20 < pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn look(file: &mut File) -> std::io::Result<Utf8> {
    let mut found = Utf8::default();
    let mut reader = BufReader::with_capacity(PIECE, file);
    let mut held: Vec<u8> = Vec::new();
    let mut line = 1;
    loop {
        let piece = reader.fill_buf()?;
        let n = piece.len();
        let last = n == 0;
        // A sign may be cut by the end of a piece: its bytes wait for the next one.
        let bytes: &[u8] = if held.is_empty() {
            piece
        } else {
            held.extend_from_slice(piece);
            &held
        };
        let left = look_at(bytes, last, &mut line, &mut found);
        held = bytes[bytes.len() - left..].to_vec();
        reader.consume(n);
        if last {
            return Ok(found);
        }
    }
}

/// Looks at some bytes; gives how many at the end are a sign that is cut.
fn look_at(mut bytes: &[u8], last: bool, line: &mut u64, found: &mut Utf8) -> usize {
    let mut count = |good: &[u8], found: &mut Utf8| {
        *line += good.iter().filter(|b| **b == b'\n').count() as u64;
        // Every sign of several bytes has one that begins it.
        found.whole += if good.is_ascii() {
            0
        } else {
            good.iter().filter(|b| **b >= 0xC0).count() as u64
        };
        *line
    };
    loop {
        match std::str::from_utf8(bytes) {
            Ok(_) => {
                count(bytes, found);
                return 0;
            }
            Err(error) => {
                let (good, rest) = bytes.split_at(error.valid_up_to());
                let at = count(good, found);
                let skip = match error.error_len() {
                    None if !last => return rest.len(),
                    None => rest.len(),
                    Some(length) => length,
                };
                found.broken += skip as u64;
                found.first = found.first.or_else(|| rest.first().map(|b| (*b, at)));
                bytes = &rest[skip..];
            }
        }
    }
}

/// The file in UTF-8, in a file that goes away by itself. Says how many places could not be read.
pub(super) fn to_utf8(
    path: &Path,
    name: &str,
    encoding: &'static Encoding,
) -> Result<(NamedTempFile, u64)> {
    let cannot = |e: std::io::Error| {
        Error::failed(say!("encoding.could_not_brought_into", name = name, e = e)).because(e)
    };
    let mut file = File::open(path).map_err(cannot)?;
    let kept = NamedTempFile::new().map_err(cannot)?;
    let mut out = BufWriter::new(kept.as_file());
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let (mut piece, mut text, mut broken) = (vec![0; PIECE], String::with_capacity(4 * PIECE), 0);
    loop {
        let n = file.read(&mut piece).map_err(cannot)?;
        let mut rest = &piece[..n];
        loop {
            let (result, read, faults) = decoder.decode_to_string(rest, &mut text, n == 0);
            broken += u64::from(faults);
            out.write_all(text.as_bytes()).map_err(cannot)?;
            text.clear();
            rest = &rest[read..];
            if result == CoderResult::InputEmpty {
                break;
            }
        }
        if n == 0 {
            break;
        }
    }
    out.flush().map_err(cannot)?;
    drop(out);
    Ok((kept, broken))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8]) -> (&'static str, String) {
        let file = NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), bytes).expect("written");
        let (encoding, why) = detect(file.path(), "x").expect("read");
        (encoding.name(), why.why)
    }

    fn encoded(text: &str, name: &str) -> Vec<u8> {
        named(name)
            .expect("an encoding")
            .encode(text)
            .0
            .into_owned()
    }

    #[test]
    fn encodings_are_told_from_their_bytes() {
        assert_eq!(
            found(b"id,name\n1,a\n"),
            ("UTF-8", "all bytes are ASCII".into())
        );
        assert_eq!(
            found("id,name\n1,Işık\n".as_bytes()),
            ("UTF-8", "all bytes are UTF-8".into())
        );
        assert_eq!(found(b"\xEF\xBB\xBFid").0, "UTF-8");
        assert_eq!(
            found(b"\xFF\xFEi\0d\0"),
            (
                "UTF-16LE",
                "it begins with the mark of that encoding".into()
            )
        );
        assert_eq!(
            found(b"i\0d\0,\0n\0a\0m\0e\0\n\0"),
            ("UTF-16LE", "every second byte is zero".into())
        );
        assert_eq!(found(b"\0i\0d\0,\0n\0a\0m\0e\0\n").0, "UTF-16BE");
        let turkish = "id,not\n1,Yenileme görüşüldü; indirim istiyor\n2,Müşteri çağrıyı açmadı, ışık şirketi\n";
        let said = found(&encoded(turkish, "windows-1254"));
        assert_eq!(
            said,
            (
                "windows-1254",
                "byte 0xf6 in line 2 is no UTF-8, and the letters fit windows-1254 best".into()
            )
        );
        let few = "id,not\n1,çok iyi ?\n2,çok iyi ?\n3,good\n".repeat(50);
        assert_eq!(found(&encoded(&few, "windows-1254")).0, "windows-1254");
        let russian = "имя,заметка\nОльга,Просит скидку на продление договора\nИван,Позвонить после выставки\n";
        assert_eq!(found(&encoded(russian, "cp1251")).0, "windows-1251");
        let arabic = "الاسم,ملاحظة\nشركة النور,يريد العميل تجديد العقد هذا العام\nشركة السلام,اتصل بهم غدا صباحا\n";
        assert_eq!(found(&encoded(arabic, "windows-1256")).0, "windows-1256");
    }

    #[test]
    fn a_few_broken_bytes_do_not_make_another_encoding() {
        let (name, why) = found(b"id,name\n1,I\xC5\x9F\xC4\xB1k\n2,broken\xFF\n");
        assert_eq!(
            (name, why.as_str()),
            (
                "UTF-8",
                "2 signs are UTF-8, and 1 bytes from line 3 on are nothing"
            )
        );
    }

    #[test]
    fn a_file_is_brought_into_utf8_piece_by_piece() {
        let text = "ад,сумма\n".to_owned() + &"Ольга — 12,50 ₽\n".repeat(20_000);
        for name in ["utf-16le", "utf-16be", "utf-8"] {
            let bytes: Vec<u8> = match name {
                "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                _ => text.clone().into_bytes(),
            };
            let file = NamedTempFile::new().expect("a file");
            std::fs::write(file.path(), bytes).expect("written");
            let (kept, broken) =
                to_utf8(file.path(), "x", named(name).expect("an encoding")).expect("decoded");
            assert_eq!(
                (std::fs::read_to_string(kept.path()).expect("UTF-8"), broken),
                (text.clone(), 0),
                "{name}"
            );
            assert_eq!(
                detect(file.path(), "x")
                    .expect("read")
                    .0
                    .name()
                    .to_lowercase(),
                name
            );
        }
    }

    #[test]
    fn names_of_encodings_are_read_as_people_write_them() {
        assert_eq!(named("CP1254").expect("known").name(), "windows-1254");
        assert_eq!(named("latin1").expect("known").name(), "windows-1252");
        assert_eq!(
            named("ebcdic").expect_err("unknown").message,
            "there is no encoding \"ebcdic\""
        );
    }
}
