//! A workbook: a tab a table, cells with their types, written row by row in flat memory.

use std::io::Write;

use chrono::{Datelike as _, Timelike as _};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::{Head, plain, wall};
use crate::domain::sheet::Datum;
use crate::error::{Error, Result};

/// Most characters of a cell, as the format has it.
const LONGEST: usize = 32_767;
/// Most rows of a tab, the heading included.
const MOST: u32 = 1_048_576;
/// Whole numbers beyond this lose digits in a spreadsheet, which counts in binary fractions: they are written as texts.
const EXACT: u64 = 999_999_999_999_999;

/// A workbook being written.
pub struct Book {
    book: Workbook,
    tab: Option<Worksheet>,
    row: u32,
    bold: Format,
    day: Format,
    moment: Format,
    money: Format,
}

impl Book {
    /// An empty one. It says nothing of when it was made, so that the same rows are the same bytes.
    pub fn new() -> Book {
        let mut book = Workbook::new();
        if let Ok(day) = ExcelDateTime::from_ymd(2000, 1, 1) {
            book.set_properties(&DocProperties::new().set_creation_datetime(&day));
        }
        let shown = |format: &str| Format::new().set_num_format(format);
        Book {
            book,
            tab: None,
            row: 0,
            bold: Format::new().set_bold(),
            day: shown("yyyy-mm-dd"),
            moment: shown("yyyy-mm-dd hh:mm:ss"),
            money: Format::new(),
        }
    }

    /// Begins a tab.
    pub fn begin(&mut self, head: &Head) -> Result<()> {
        self.keep();
        let digits = head.currency.digits() as usize;
        let format = if digits == 0 {
            "#,##0".to_owned()
        } else {
            format!("#,##0.{}", "0".repeat(digits))
        };
        self.money = Format::new().set_num_format(format);
        let mut tab = self
            .book
            .new_worksheet_with_constant_memory()
            .map_err(failed)?;
        tab.set_name(tab_name(&head.name)).map_err(failed)?;
        tab.set_freeze_panes(1, 0).map_err(failed)?;
        for (at, code) in head.columns.iter().enumerate() {
            tab.write_string_with_format(0, column(at)?, code, &self.bold)
                .map_err(failed)?;
        }
        self.tab = Some(tab);
        self.row = 0;
        Ok(())
    }

    /// Writes a row.
    pub fn row(&mut self, head: &Head, row: &[Datum]) -> Result<()> {
        self.row += 1;
        if self.row >= MOST {
            return Err(
                Error::usage(say!("workbook.tab_workbook_at_most", most = MOST))
                    .hint(say!("workbook.csv_jsonl_no_end")),
            );
        }
        let Some(tab) = &mut self.tab else {
            return Ok(());
        };
        for (at, datum) in row.iter().enumerate() {
            let (row, column) = (self.row, column(at)?);
            let whole = |n: &i64| n.unsigned_abs() <= EXACT;
            match datum {
                Datum::None => continue,
                Datum::Whole(n) if whole(n) => tab.write_number(row, column, *n as f64),
                Datum::Real(r) if r.is_finite() => tab.write_number(row, column, *r),
                Datum::Money(n) if whole(n) => {
                    let unit = 10_f64.powi(head.currency.digits() as i32);
                    tab.write_number_with_format(row, column, *n as f64 / unit, &self.money)
                }
                Datum::Flag(on) => tab.write_boolean(row, column, *on),
                Datum::Day(day) => {
                    let day = day.date();
                    let date = ExcelDateTime::from_ymd(
                        day.year() as u16,
                        day.month() as u8,
                        day.day() as u8,
                    )
                    .map_err(failed)?;
                    tab.write_datetime_with_format(row, column, &date, &self.day)
                }
                Datum::At(moment) => {
                    let at = wall(*moment, head.zone);
                    let date =
                        ExcelDateTime::from_ymd(at.year() as u16, at.month() as u8, at.day() as u8)
                            .and_then(|d| {
                                d.and_hms(
                                    at.hour() as u16,
                                    at.minute() as u8,
                                    f64::from(at.second()),
                                )
                            });
                    tab.write_datetime_with_format(
                        row,
                        column,
                        &date.map_err(failed)?,
                        &self.moment,
                    )
                }
                other => tab.write_string(row, column, held(&plain(other, head))),
            }
            .map_err(failed)?;
        }
        Ok(())
    }

    fn keep(&mut self) {
        if let Some(tab) = self.tab.take() {
            self.book.push_worksheet(tab);
        }
    }

    /// Writes the file.
    pub fn save(mut self, out: &mut dyn Write) -> Result<()> {
        self.keep();
        let bytes = self.book.save_to_buffer().map_err(failed)?;
        out.write_all(&bytes)
            .and_then(|()| out.flush())
            .map_err(super::cannot)
    }
}

fn column(at: usize) -> Result<u16> {
    u16::try_from(at).map_err(|_| Error::usage(say!("workbook.workbook_at_most_16")))
}

/// A text that fits in a cell, without the signs that XML does not have.
fn held(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'))
        .take(LONGEST)
        .collect()
}

/// A tab's name: at most 31 characters, without the signs that formulas read.
fn tab_name(name: &str) -> String {
    let clean: String = name
        .chars()
        .filter(|c| !matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\''))
        .take(31)
        .collect();
    if clean.trim().is_empty() {
        "Sheet".to_owned()
    } else {
        clean
    }
}

fn failed(error: XlsxError) -> Error {
    Error::failed(say!("workbook.workbook_cannot_written")).because(error)
}
