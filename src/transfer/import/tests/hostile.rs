//! Files that are meant to do harm: a sentence each, the rest is imported, and the memory stays bounded.

use std::io::Write as _;

use zip::write::SimpleFileOptions;

use super::*;

fn one(name: &str, bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("written");
    (folder, path)
}

fn refusal(name: &str, bytes: &[u8]) -> String {
    let (_folder, path) = one(name, bytes);
    let wanted = Wanted {
        kind: Some(Kind::Customers),
        ..Wanted::default()
    };
    import(&mut book(), &path, &wanted, NOW, &mut |_| Continue::Yes)
        .expect_err("refused")
        .message
        .to_string()
}

/// How many rows were taken, and the reasons for the others.
fn taken(name: &str, bytes: &[u8]) -> (u64, Vec<String>) {
    let (_folder, path) = one(name, bytes);
    let report = run(&mut book(), &path, false);
    (
        report.files[0].made,
        report.files[0].reasons.keys().cloned().collect(),
    )
}

#[test]
fn huge_fields_nuls_and_broken_bytes_cost_their_rows() {
    let mut text = "customer_id,name\nC1,Good ışık çağ\n".as_bytes().to_vec();
    text.extend(format!("C2,{}\n", "x".repeat(20 << 20)).into_bytes());
    text.extend(b"C3,nul\0here\nC4,broken\xFF\xFE\nC5,Good\n");
    let reasons = ["row too long", "unreadable character"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(taken("customers.csv", &text), (2, reasons));
    let nul =
        br#"[{"customer_id":"C1","name":"nul\u0000here"},{"customer_id":"C2","name":"Good"}]"#;
    assert_eq!(
        taken("customers.json", nul),
        (1, vec!["unreadable character".to_owned()])
    );
    let mut quote = b"customer_id,name\nC1,\"never closed\n".to_vec();
    (0..20_000).for_each(|n| quote.extend(format!("K{n},name {n}\n").into_bytes()));
    assert_eq!(
        taken("customers.csv", &quote),
        (20_000, vec!["quote never closed".to_owned()])
    );
}

#[test]
fn what_is_no_amount_is_told_in_a_sentence() {
    let orders = "order_id,customer_id,ordered_on,amount,status\nO1,C1,2024-12-06,12.5O,paid\n";
    let folder = folder(&[
        ("customers.csv", "customer_id,name\nC1,A\n"),
        ("orders.csv", orders),
    ]);
    let report = run(&mut book(), folder.path(), false);
    let rejects = &report
        .files
        .iter()
        .find(|f| f.file == "orders.csv")
        .unwrap()
        .first_rejects;
    assert!(
        rejects[0].1.ends_with("amount \"12.5O\" is not an amount"),
        "{rejects:?}"
    );
}

#[test]
fn signs_that_steer_a_terminal_come_in_and_are_told_safely() {
    let text = "customer_id,name,created_on\nC1,\u{202e}gro\u{9b}2J\u{1b}[31m,2026-01-01\nC2,x,\u{1b}[2Jsoon\u{202e}\n";
    let (_folder, path) = one("customers.csv", text.as_bytes());
    let report = run(&mut book(), &path, false);
    assert_eq!(counts(&report, "customers.csv"), [1, 0, 0, 0, 0, 1]);
    assert!(!report.files[0].first_rejects[0].1.contains('\u{1b}'));
}

#[test]
fn ten_thousand_columns_are_a_sentence() {
    let wide = vec!["c"; 10_000].join(",");
    assert_eq!(
        refusal("customers.csv", wide.as_bytes()),
        "customers.csv has 10000 columns; at most 1000 can be read"
    );
}

#[test]
fn bottomless_json_costs_its_object() {
    let deep = "[".repeat(1 << 20) + &"]".repeat(1 << 20);
    let text = format!(
        "[{{\"customer_id\":\"C1\",\"name\":\"A\"}},{{\"customer_id\":\"C2\",\"name\":{deep}}},{{\"customer_id\":\"C3\",\"name\":\"C\"}}]"
    );
    assert_eq!(
        taken("customers.json", text.as_bytes()),
        (2, vec!["nested too deep".to_owned()])
    );
    let open = "{\"customer_id\":".repeat(1 << 18);
    assert_eq!(
        refusal("customers.json", open.as_bytes()),
        "customers.json has no JSON objects"
    );
}

/// A workbook whose only sheet is this XML.
fn workbook(sheet: &mut dyn FnMut(&mut dyn std::io::Write)) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let parts = [
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/><Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/></Types>",
        ),
        (
            "_rels/.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>",
        ),
        (
            "xl/workbook.xml",
            "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"customers\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>",
        ),
    ];
    for (name, text) in parts {
        zip.start_file(name, SimpleFileOptions::default())
            .expect("a part");
        zip.write_all(text.as_bytes()).expect("written");
    }
    zip.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default())
        .expect("a part");
    zip.write_all(b"<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>").expect("written");
    sheet(&mut zip);
    zip.write_all(b"</sheetData></worksheet>").expect("written");
    zip.finish().expect("whole").into_inner()
}

fn cells(row: u32, cells: &[(&str, &str)]) -> String {
    let all: Vec<String> = cells
        .iter()
        .map(|(at, text)| format!("<c r=\"{at}{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"))
        .collect();
    format!("<row r=\"{row}\">{}</row>", all.join(""))
}

#[test]
fn a_workbook_that_swells_is_refused_before_it_is_opened() {
    let head = cells(1, &[("A", "customer_id"), ("B", "name")]);
    let small = workbook(&mut |to| {
        to.write_all(head.as_bytes()).expect("written");
        to.write_all(cells(2, &[("A", "C1"), ("B", "Good")]).as_bytes())
            .expect("written");
    });
    assert_eq!(taken("customers.xlsx", &small), (1, vec![]));
    // 4 MB in one cell.
    let cell = workbook(&mut |to| {
        to.write_all(head.as_bytes()).expect("written");
        to.write_all(b"<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>")
            .expect("written");
        (0..64).for_each(|_| to.write_all(&[b'x'; 1 << 16]).expect("written"));
        to.write_all(b"</t></is></c></row>").expect("written");
    });
    assert!(cell.len() < 1 << 18, "small as a file");
    assert_eq!(
        refusal("customers.xlsx", &cell),
        "customers.xlsx is not read: one of its cells has more than 1 MB"
    );
    let far = workbook(&mut |to| {
        to.write_all(head.as_bytes()).expect("written");
        to.write_all(cells(2, &[("A", "C1"), ("XFD", "far")]).as_bytes())
            .expect("written");
        to.write_all(cells(3, &[("A", "C2"), ("B", "Good")]).as_bytes())
            .expect("written");
    });
    assert_eq!(
        taken("customers.xlsx", &far),
        (1, vec!["too many fields".to_owned()])
    );
    assert!(
        refusal("customers.xlsx", b"PK\x03\x04 and nothing else")
            .starts_with("customers.xlsx is no workbook that can be read")
    );
    assert_eq!(
        refusal("customers.xls", b"\xD0\xCF\x11\xE0old"),
        "customers.xls is a workbook of the old kind (XLS)"
    );
}

#[test]
fn calendars_and_mails_of_nonsense_end_well() {
    let endless = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:19700101T000000Z\nRRULE:FREQ=SECONDLY\nATTENDEE:mailto:a@b.example\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:2\nDTSTART:20260230T990000Z\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\nEND:VEVENT\nBEGIN:VEVENT\nEND:VCALENDAR\n";
    let (_folder, path) = one("x.ics", endless.as_bytes());
    let report = run(&mut book(), &path, false);
    assert_eq!((report.files[0].made, report.files[0].rejected), (0, 0));
    let nested = "BEGIN:VCALENDAR\n".to_owned() + &"BEGIN:VEVENT\n".repeat(10_000);
    let (_folder, path) = one("x.ics", nested.as_bytes());
    run(&mut book(), &path, false);
    let mut mail = b"From x\nFrom: a@b.example\nDate: Mon, 2 Nov 2026 10:00:00 +0000\nMessage-ID: <1@x>\nContent-Type: multipart/mixed; boundary=b\n\n".to_vec();
    (0..5_000).for_each(|_| mail.extend(b"--b\nContent-Type: multipart/mixed; boundary=b\n\n"));
    mail.extend(
        b"\n\nFrom y\n\xFF\xFE\0garbage\n\nFrom z\nFrom: c@d.example\nDate: nonsense\n\nhi\n",
    );
    let (_folder, path) = one("x.mbox", &mail);
    let report = run(&mut book(), &path, false);
    assert_eq!(report.files[0].rejected, 2, "{:?}", report.files[0]);
}
