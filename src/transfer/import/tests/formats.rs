//! One folder in other encodings, other conventions and other formats: the same book.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::*;
use crate::domain::profile::{Calendar, DateOrder};

/// Headers and rows of a file.
type Table = (Vec<String>, Vec<Vec<String>>);

fn table(text: &str) -> Table {
    let mut csv = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let cells = |r: &csv::StringRecord| r.iter().map(str::to_owned).collect::<Vec<_>>();
    let headers = cells(csv.headers().expect("a header"));
    (
        headers,
        csv.records().map(|r| cells(&r.expect("a row"))).collect(),
    )
}

fn written(table: &Table, separator: u8) -> String {
    let mut csv = csv::WriterBuilder::new()
        .flexible(true)
        .delimiter(separator)
        .from_writer(Vec::new());
    for row in std::iter::once(&table.0).chain(&table.1) {
        csv.write_record(row).expect("a vector takes all");
    }
    String::from_utf8(csv.into_inner().expect("flushed")).expect("UTF-8")
}

/// The files of the small folder, each made anew by `how`.
fn made(how: impl Fn(&str, &str) -> (String, Vec<u8>)) -> tempfile::TempDir {
    let (from, to) = (small(), tempfile::tempdir().expect("a folder"));
    for entry in std::fs::read_dir(from.path()).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry
            .file_name()
            .to_string_lossy()
            .trim_end_matches(".csv")
            .to_owned();
        let (name, bytes) = how(
            &name,
            &std::fs::read_to_string(entry.path()).expect("UTF-8"),
        );
        std::fs::write(to.path().join(name), bytes).expect("written");
    }
    to
}

/// The content of a book made from a folder, and how many rows were taken and rejected.
fn content(folder: &tempfile::TempDir, wanted: &Wanted) -> (String, u64, u64) {
    let mut store = book();
    let report = import(&mut store, folder.path(), wanted, NOW, &mut |_| {
        Continue::Yes
    })
    .expect("imports");
    assert!(report.files.iter().all(FileReport::adds_up));
    (
        store.content().expect("a digest"),
        report.rows(),
        report.rejected(),
    )
}

fn plain() -> (String, u64, u64) {
    content(&small(), &Wanted::default())
}

/// The book of the same files where no row is too short: formats that name each cell have none that is.
fn whole() -> (String, u64, u64) {
    let folder = made(|name, text| {
        let mut table = table(text);
        let width = table.0.len();
        table
            .1
            .iter_mut()
            .for_each(|row| row.resize(width, String::new()));
        (format!("{name}.csv"), written(&table, b',').into_bytes())
    });
    content(&folder, &Wanted::default())
}

#[test]
fn utf16_with_tabs_is_the_same_book() {
    let folder = made(|name, text| {
        let text = format!("\u{feff}{}", written(&table(text), b'\t'));
        (
            format!("{name}.tsv"),
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        )
    });
    assert_eq!(content(&folder, &Wanted::default()), plain());
}

/// An amount in minor units as a Turk writes it: `1234567` is `12.345,67`.
fn with_comma(minor: &str) -> String {
    let Ok(n) = minor.parse::<i128>() else {
        return minor.replace('.', ",");
    };
    let (front, cents) = ((n.abs() / 100).to_string(), n.abs() % 100);
    let mut grouped = String::new();
    for (i, digit) in front.chars().enumerate() {
        if i > 0 && (front.len() - i) % 3 == 0 {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    format!("{}{grouped},{cents:02}", if n < 0 { "-" } else { "" })
}

#[test]
fn windows_1254_with_semicolons_and_decimal_commas_is_the_same_book() {
    // What that encoding lacks becomes a question mark in both.
    let only = |text: &str| -> String {
        text.chars()
            .map(|c| {
                if encoding_rs::WINDOWS_1254
                    .encode(c.encode_utf8(&mut [0; 4]))
                    .2
                {
                    '?'
                } else {
                    c
                }
            })
            .collect()
    };
    let same = made(|name, text| (format!("{name}.csv"), only(text).into_bytes()));
    let folder = made(|name, text| {
        let mut table = table(&only(text));
        for (at, header) in table.0.iter_mut().enumerate() {
            let minor = header.strip_suffix("_minor").map(str::to_owned);
            let change: Option<fn(&str) -> String> = match (&minor, header.as_str()) {
                (Some(_), _) => Some(with_comma),
                (None, "discount_pct") => Some(|t| t.replace('.', ",")),
                _ => None,
            };
            if let Some(change) = change {
                table
                    .1
                    .iter_mut()
                    .filter_map(|row| row.get_mut(at))
                    .for_each(|cell| *cell = change(cell));
            }
            if let Some(minor) = minor {
                *header = minor;
            }
        }
        (
            format!("{name}.csv"),
            encoding_rs::WINDOWS_1254
                .encode(&written(&table, b';'))
                .0
                .into_owned(),
        )
    });
    let wanted = Wanted::default();
    assert_eq!(content(&folder, &wanted), content(&same, &wanted));
}

#[test]
fn workbooks_are_the_same_book() {
    let folder = made(|name, text| {
        let table = table(text);
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        let day = Format::new().set_num_format("yyyy-mm-dd");
        for (y, row) in std::iter::once(&table.0).chain(&table.1).enumerate() {
            for (x, cell) in row.iter().enumerate() {
                let (y, x) = (y as u32, x as u16);
                let number = cell
                    .parse::<f64>()
                    .ok()
                    .filter(|n| n.abs() < 1e15 && !cell.starts_with('+'));
                let date = (cell.len() == 10)
                    .then(|| ExcelDateTime::parse_from_str(cell).ok())
                    .flatten();
                match (number, date) {
                    (Some(n), _) => sheet.write_number(y, x, n),
                    (None, Some(date)) => sheet.write_datetime_with_format(y, x, &date, &day),
                    _ => sheet.write_string(y, x, cell),
                }
                .expect("a cell");
            }
        }
        (
            format!("{name}.xlsx"),
            book.save_to_buffer().expect("a workbook"),
        )
    });
    assert_eq!(content(&folder, &Wanted::default()), whole());
}

#[test]
fn one_workbook_of_many_sheets_is_the_same_book() {
    let mut book = Workbook::new();
    let from = small();
    let mut names: Vec<_> = std::fs::read_dir(from.path())
        .expect("a folder")
        .map(|e| e.expect("an entry").path())
        .collect();
    names.sort();
    for path in names {
        let table = table(&std::fs::read_to_string(&path).expect("UTF-8"));
        let sheet = book.add_worksheet();
        sheet
            .set_name(path.file_stem().expect("a name").to_string_lossy())
            .expect("a name");
        for (y, row) in std::iter::once(&table.0).chain(&table.1).enumerate() {
            for (x, cell) in row.iter().enumerate() {
                sheet
                    .write_string(y as u32, x as u16, cell)
                    .expect("a cell");
            }
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("all.xlsx");
    book.save(&path).expect("saved");
    let mut store = book_of(&path, &Wanted::default());
    assert_eq!(store.content().expect("a digest"), whole().0);
    let report = run(&mut store, &path, false);
    assert_eq!(report.end, End::NothingNew);
    assert_eq!(report.files[0].file, "all.xlsx: customers");
    // In a folder a workbook of one sheet goes by its name, as every file there.
    let mut alone = Workbook::new();
    alone
        .add_worksheet()
        .write_string(0, 0, "customer_id")
        .and_then(|s| s.write_string(0, 1, "churned_on"))
        .expect("cells");
    alone
        .save(folder.path().join("renewals.xlsx"))
        .expect("saved");
    let report = run(&mut store, folder.path(), true);
    assert_eq!(
        report.not_understood.last().map(|(name, _)| name.as_str()),
        Some("renewals.xlsx")
    );
    let only = Wanted {
        sheet: Some("orders".into()),
        ..Wanted::default()
    };
    let report = import(&mut store, &path, &only, NOW, &mut |_| Continue::Yes).expect("imports");
    assert_eq!(report.files.len(), 1);
    let none = Wanted {
        sheet: Some("nothing".into()),
        ..Wanted::default()
    };
    assert_eq!(
        import(&mut store, &path, &none, NOW, &mut |_| Continue::Yes)
            .expect_err("refused")
            .exit_code(),
        3
    );
}

fn book_of(path: &Path, wanted: &Wanted) -> Store {
    let mut store = book();
    import(&mut store, path, wanted, NOW, &mut |_| Continue::Yes).expect("imports");
    store
}

#[test]
fn json_in_both_forms_is_the_same_book() {
    let object = |headers: &[String], row: &Vec<String>| {
        let members = headers
            .iter()
            .zip(row)
            .map(|(h, c)| (h.clone(), serde_json::Value::from(c.as_str())));
        serde_json::Value::Object(members.collect()).to_string()
    };
    let rows = |text: &str| {
        let (headers, rows) = table(text);
        rows.iter()
            .map(|row| object(&headers, row))
            .collect::<Vec<_>>()
    };
    let lines = made(|name, text| (format!("{name}.jsonl"), rows(text).join("\n").into_bytes()));
    assert_eq!(content(&lines, &Wanted::default()), whole());
    let nested = made(|name, text| {
        (
            format!("{name}.json"),
            format!("{{\"meta\":1,\"rows\":[{}]}}", rows(text).join(",\n")).into_bytes(),
        )
    });
    assert_eq!(content(&nested, &Wanted::default()), whole());
}

#[test]
fn what_is_found_out_is_told_with_its_reason_and_can_be_said() {
    let text = "Müşteri No;Firma;Başlangıç Tarihi;MRR\nK1;Işık Ltd;05/04/2024;1.234\nK2;Çağ A.Ş.;31/12/2024;12,50\n";
    let (folder, mut store) = (folder(&[]), book());
    let path = folder.path().join("liste.csv");
    std::fs::write(&path, encoding_rs::WINDOWS_1254.encode(text).0).expect("written");
    let wanted = Wanted {
        dialect: Dialect {
            encoding: Some("windows-1254".into()),
            ..Dialect::default()
        },
        ..Wanted::default()
    };
    let report = import(&mut store, &path, &wanted, NOW, &mut |_| Continue::Yes).expect("imports");
    let file = &report.files[0];
    assert_eq!((file.made, file.rejected), (2, 0), "{file:?}");
    let told: Vec<String> = file
        .dialect
        .iter()
        .map(|f| format!("{}: {} ({})", f.what, f.is, f.why))
        .collect();
    assert_eq!(
        told,
        [
            "encoding: windows-1254 (as it was named)",
            "separator: ; (it stands 3 times in the header, and as often in 2 of the next 2 rows)",
            "dates of Başlangıç Tarihi: day first (\"31/12/2024\" can only be read so)",
            "decimal mark of MRR: comma (\"12,50\" can only be read so)",
        ]
    );
    // Said otherwise, it is read otherwise: in April of the fifth, and 1.234 has too many decimals.
    let dialect = Dialect {
        dates: Some(DateOrder::Month),
        decimal: Some(crate::domain::profile::Decimal::Point),
        ..wanted.dialect
    };
    let said = Wanted {
        dialect,
        dry_run: true,
        ..Wanted::default()
    };
    let report = import(&mut store, &path, &said, NOW, &mut |_| Continue::Yes).expect("imports");
    assert_eq!(
        report.files[0].reasons.keys().collect::<Vec<_>>(),
        ["too many decimals"]
    );
}

#[test]
fn persian_dates_and_digits_come_in_where_they_are_named() {
    let (folder, mut store) = (
        folder(&[(
            "customers.csv",
            "شماره,نام,تاریخ_شروع\nC۱,شرکت نور,۱۴۰۵/۰۸/۳۰\n",
        )]),
        book(),
    );
    let path = folder.path().join("customers.csv");
    let columns = vec![("شماره".to_owned(), "key".to_owned())];
    let plain = Wanted {
        columns: columns.clone(),
        dry_run: true,
        ..Wanted::default()
    };
    let report = import(&mut store, &path, &plain, NOW, &mut |_| Continue::Yes).expect("imports");
    assert!(
        report.files[0].first_rejects[0]
            .1
            .ends_with("(a Jalali one? --calendar jalali)"),
        "{:?}",
        report.files[0].first_rejects
    );
    let dialect = Dialect {
        calendar: Some(Calendar::Jalali),
        ..Dialect::default()
    };
    let report = import(
        &mut store,
        &path,
        &Wanted {
            columns,
            dialect,
            ..Wanted::default()
        },
        NOW,
        &mut |_| Continue::Yes,
    )
    .expect("imports");
    assert_eq!(report.files[0].made, 1, "{:?}", report.files[0]);
    let roster = store.roster().expect("a roster");
    let created = roster.read().expect("no panic").rows[0].created;
    assert_eq!(created, Some("2026-11-21".parse().expect("a date")));
}
