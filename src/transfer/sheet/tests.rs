use std::io::Read as _;

use super::*;
use crate::domain::id::Id;
use crate::domain::money::Currency;

fn sheet() -> Sheet {
    let columns = ["id", "name", "n", "share", "arr", "renews", "at", "vip"]
        .map(str::to_owned)
        .to_vec();
    let zone = Zone::named("Europe/Istanbul").expect("a zone");
    let head = Head {
        name: "customers".into(),
        columns,
        currency: Currency::default(),
        zone,
    };
    let row = |name: &str, rest: [Datum; 6]| {
        let [n, share, arr, renews, at, vip] = rest;
        vec![
            Datum::Id(Id([7; 16])),
            Datum::Text(name.into()),
            n,
            share,
            arr,
            renews,
            at,
            vip,
        ]
    };
    let day = Datum::Day("2026-12-08".parse().expect("a date"));
    let at = Datum::At(Stamp(1_795_000_000_250));
    let full = [
        Datum::Whole(-3),
        Datum::Real(7.5),
        Datum::Money(120_050),
        day,
        at,
        Datum::Flag(true),
    ];
    let rows = vec![
        row("=cmd|' /C calc'!A0", full),
        row("Acme, \"A\" | *b*\n\u{202e}x", [const { Datum::None }; 6]),
    ];
    Sheet { head, rows }
}

fn text(format: Format, sheets: &[Sheet]) -> String {
    let mut out = Vec::new();
    write(format, &mut out, sheets).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn csv_has_exact_figures_and_holds_what_would_run() {
    let text = text(Format::Csv, &[sheet()]);
    let mut read = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = read.records().map(|r| r.expect("whole")).collect();
    let first: Vec<&str> = rows[0].iter().skip(1).collect();
    assert_eq!(
        first,
        [
            "'=cmd|' /C calc'!A0",
            "-3",
            "7.5",
            "1200.50",
            "2026-12-08",
            "2026-11-18T11:06:40.250Z",
            "yes"
        ]
    );
    assert_eq!(&rows[1][1], "Acme, \"A\" | *b*\n\u{202e}x");
    assert_eq!(
        super::super::cells::unguarded(&rows[0][1]),
        "=cmd|' /C calc'!A0"
    );
}

#[test]
fn json_has_raw_units_and_steers_no_terminal() {
    let whole = text(Format::Json, &[sheet()]);
    let read: Json = serde_json::from_str(&whole).expect("JSON");
    assert_eq!(
        (&read["schema"], &read["currency"], &read["rows"][0]["arr"]),
        (&1.into(), &"USD".into(), &120_050.into())
    );
    assert_eq!(
        (&read["rows"][0]["vip"], &read["rows"][1]["arr"]),
        (&true.into(), &Json::Null)
    );
    assert!(!whole.contains('\u{202e}'));
    let lines = text(Format::Jsonl, &[sheet(), sheet()]);
    let all: Vec<Json> = lines
        .lines()
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect();
    assert_eq!(
        (all.len(), &all[3]["table"], &all[3]["name"]),
        (
            4,
            &"customers".into(),
            &"Acme, \"A\" | *b*\n\u{202e}x".into()
        )
    );
}

#[test]
fn markdown_is_a_table_whatever_the_cells_say() {
    let text = text(Format::Markdown, &[sheet()]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(
        lines[3].contains(r#"| Acme, "A" \| \*b\* x |"#),
        "{}",
        lines[3]
    );
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    assert!(lines.iter().all(|l| bars(l) == 9), "{text}");
}

#[test]
fn two_tables_do_not_fit_in_one_csv() {
    let error = write(Format::Csv, &mut Vec::new(), &[sheet(), sheet()]).expect_err("refused");
    assert_eq!(error.hints, ["jsonl, xlsx and md take several"]);
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a zip");
    let mut text = String::new();
    zip.by_name(name)
        .expect("a part")
        .read_to_string(&mut text)
        .expect("UTF-8");
    text
}

#[test]
fn a_workbook_has_types_and_no_formula_and_is_the_same_twice() {
    let bytes = |sheets: &[Sheet]| {
        let mut out = Vec::new();
        write(Format::Xlsx, &mut out, sheets).expect("written");
        out
    };
    let one = bytes(&[sheet()]);
    assert_eq!(one, bytes(&[sheet()]), "the same rows are the same bytes");
    let tab = part(&one, "xl/worksheets/sheet1.xml");
    assert!(
        !tab.contains("<f>") && !tab.contains("<f "),
        "no cell is a formula: {tab}"
    );
    let cell = |place: &str| {
        let start = tab
            .find(&format!("<c r=\"{place}\""))
            .unwrap_or_else(|| panic!("no cell {place} in {tab}"));
        let rest = &tab[start..];
        rest[..rest.find("</c>").expect("an end")].to_owned()
    };
    assert!(
        cell("B2").contains("t=\"inlineStr\"") && cell("B2").contains("=cmd|"),
        "{}",
        cell("B2")
    );
    assert!(
        cell("C2").ends_with("<v>-3</v>") && !cell("C2").contains("t="),
        "{}",
        cell("C2")
    );
    assert!(cell("D2").ends_with("<v>7.5</v>"));
    assert!(cell("E2").ends_with("<v>1200.5</v>"));
    // 8 December 2026 is the 46364th day of a spreadsheet.
    assert!(cell("F2").ends_with("<v>46364</v>"), "{}", cell("F2"));
    assert!(
        cell("G2").contains("<v>46344.5879"),
        "18 November, 14:06:40 in Istanbul: {}",
        cell("G2")
    );
    assert!(cell("H2").contains("t=\"b\"") && cell("H2").ends_with("<v>1</v>"));
    assert!(!tab.contains("<c r=\"C3\""), "no data is no cell");
    let styles = part(&one, "xl/styles.xml");
    assert!(
        styles.contains("yyyy-mm-dd") && styles.contains("#,##0.00"),
        "{styles}"
    );
    let two = bytes(&[
        sheet(),
        Sheet {
            head: Head {
                name: "it's [a] very long name of more than 31 characters".into(),
                ..sheet().head
            },
            ..sheet()
        },
    ]);
    assert!(
        part(&two, "xl/workbook.xml").contains("name=\"its a very long name of more th\""),
        "{}",
        part(&two, "xl/workbook.xml")
    );
}

#[test]
fn formats_are_named_by_code_and_by_file() {
    for format in Format::ALL {
        assert_eq!(Format::named(format.code()), Some(format));
    }
    assert_eq!(
        Format::of(std::path::Path::new("a/b.MD")),
        Some(Format::Markdown)
    );
    assert_eq!(Format::of(std::path::Path::new("a/b")), None);
}
