//! The whole book as tables, without its history: a folder of CSV files that other programs read and change, and back into a new
//! book; or one file of another format. `retain dump` is the way that keeps the history.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::cells::unguarded;
use super::replace::replace_in_folder;
use super::sheet::{Format, SheetWriter};
use crate::domain::sheet::{Datum, Head};
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::facts::{FactTable, Holds, tables};

/// The file that says that a folder is a whole book.
const ABOUT: &str = "book.csv";
/// The number of this form of folder.
const FORMAT: &str = "1";

/// True for a folder that holds a whole book.
pub fn is_book(path: &Path) -> bool {
    path.join(ABOUT).is_file()
}

/// Writes every table into one file.
pub fn write(store: &Store, format: Format, out: &mut dyn Write) -> Result<usize> {
    let mut writer = SheetWriter::new(format, out, true);
    let mut rows = 0;
    for table in tables() {
        rows += put(store, &table, &mut writer)?;
    }
    writer.finish()?;
    Ok(rows)
}

/// Writes every table as a CSV file of its own into `folder`, which is made if it is not there. Gives how many rows.
pub fn write_folder(store: &Store, folder: &Path) -> Result<usize> {
    let cannot = |e: std::io::Error| {
        Error::failed(say!("any.cannot_made", folder = folder.display())).because(e)
    };
    let strange =
        fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) && !is_book(folder);
    if strange {
        return Err(
            Error::usage(say!("tables.there_other_files", folder = folder.display()))
                .hint(say!("tables.name_new_folder")),
        );
    }
    fs::create_dir_all(folder).map_err(cannot)?;
    let mut rows = 0;
    for table in tables() {
        rows += replace_in_folder(&file_of(folder, &table), |out| {
            let mut writer = SheetWriter::new(Format::Csv, out, false);
            let rows = put(store, &table, &mut writer)?;
            writer.finish()?;
            Ok(rows)
        })?;
    }
    replace_in_folder(&folder.join(ABOUT), |out| {
        let mut writer = SheetWriter::new(Format::Csv, out, false);
        writer.begin(&head(
            store,
            "book",
            vec!["key".to_owned(), "value".to_owned()],
        ))?;
        let said = [
            ("format", FORMAT.to_owned()),
            ("zone", store.made_in_zone().unwrap_or_default()),
        ];
        for (key, value) in said {
            writer.row(&[Datum::Text(key.to_owned()), Datum::Text(value)])?;
        }
        writer.finish()
    })?;
    Ok(rows)
}

fn head(store: &Store, name: &str, columns: Vec<String>) -> Head {
    let config = store.config();
    Head {
        name: name.to_owned(),
        columns,
        currency: config.currency,
        zone: config.zone,
    }
}

fn put(store: &Store, table: &FactTable, writer: &mut SheetWriter<'_>) -> Result<usize> {
    let columns = table.columns.iter().map(|(c, _)| (*c).to_owned()).collect();
    writer.begin(&head(store, table.name, columns))?;
    let mut rows = 0;
    store.facts(table.name, &mut |row| {
        rows += 1;
        writer.row(row)
    })?;
    Ok(rows)
}

fn file_of(folder: &Path, table: &FactTable) -> PathBuf {
    folder.join(format!("{}.csv", table.name))
}

/// Fills a book, in which nothing is yet, from a folder. A table whose file is not there is empty. Gives how many rows came.
///
/// # Errors
/// A cell that cannot be read is named with its file and line; the book stays empty then.
pub fn read_folder(store: &mut Store, folder: &Path, now: Stamp) -> Result<usize> {
    let about = about(folder)?;
    let of = |key: &str| {
        about
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
            .unwrap_or_default()
    };
    if of("format") != FORMAT {
        return Err(Error::usage(say!(
            "tables.another_version_retain_written",
            folder = folder.display()
        )));
    }
    let all = tables();
    let mut rows = |name: &str, each: &mut dyn FnMut(&[Datum]) -> Result<()>| match all
        .iter()
        .find(|t| t.name == name)
    {
        Some(table) => read(&file_of(folder, table), table, each),
        None => Ok(()),
    };
    store.take_facts(Some(of("zone")).filter(|z| !z.is_empty()), &mut rows, now)
}

fn about(folder: &Path) -> Result<Vec<(String, String)>> {
    let path = folder.join(ABOUT);
    let mut csv = csv::Reader::from_path(&path).map_err(|e| cannot(&path, 1, &e.to_string()))?;
    let rows = csv.records().map(|row| {
        let row = row.map_err(|e| cannot(&path, 1, &e.to_string()))?;
        Ok((
            row.get(0).unwrap_or_default().to_owned(),
            unguarded(row.get(1).unwrap_or_default()).to_owned(),
        ))
    });
    rows.collect()
}

fn cannot(path: &Path, line: u64, why: &str) -> Error {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    Error::usage(format!("{name}, line {line}: {why}")).hint(say!("tables.nothing_loaded"))
}

/// Reads a file in the order of its ids. One that was written so is read row by row; one that somebody has sorted otherwise is
/// held in memory.
fn read(
    path: &Path,
    table: &FactTable,
    each: &mut dyn FnMut(&[Datum]) -> Result<()>,
) -> Result<()> {
    let (mut last, mut ascends) = (None, true);
    rows_of(path, table, 1, &mut |row| {
        if let Some(Datum::Id(id)) = row.first() {
            ascends &= last.replace(*id).is_none_or(|before| before < *id);
        }
        Ok(())
    })?;
    if ascends {
        return rows_of(path, table, usize::MAX, each);
    }
    let mut all: Vec<Vec<Datum>> = Vec::new();
    rows_of(path, table, usize::MAX, &mut |row| {
        all.push(row.to_vec());
        Ok(())
    })?;
    all.sort_by_key(|row| match row.first() {
        Some(Datum::Id(id)) => Some(*id),
        _ => None,
    });
    all.iter().try_for_each(|row| each(row))
}

/// Reads the rows of a file, of each the first so many columns.
fn rows_of(
    path: &Path,
    table: &FactTable,
    columns: usize,
    each: &mut dyn FnMut(&[Datum]) -> Result<()>,
) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let mut csv = csv::Reader::from_path(path).map_err(|e| cannot(path, 1, &e.to_string()))?;
    let headers = csv
        .headers()
        .map_err(|e| cannot(path, 1, &e.to_string()))?
        .clone();
    let mut places = Vec::new();
    for (column, holds) in table.columns.iter().take(columns) {
        let place = headers
            .iter()
            .position(|h| h == *column)
            .ok_or_else(|| cannot(path, 1, &say!("tables.column_missing", column = column)))?;
        places.push((place, *column, *holds));
    }
    let mut record = csv::StringRecord::new();
    let mut row = Vec::with_capacity(places.len());
    while csv.read_record(&mut record).map_err(|e| {
        cannot(
            path,
            e.position().map_or(0, csv::Position::line),
            &e.to_string(),
        )
    })? {
        row.clear();
        for (place, column, holds) in &places {
            let cell = unguarded(record.get(*place).unwrap_or_default());
            let line = record.position().map_or(0, csv::Position::line);
            row.push(
                datum(cell, *holds).ok_or_else(|| {
                    cannot(path, line, &format!("{column} {cell:?} cannot be read"))
                })?,
            );
        }
        each(&row)?;
    }
    Ok(())
}

/// A cell as what its column holds; `None` where it cannot be.
fn datum(cell: &str, holds: Holds) -> Option<Datum> {
    if cell.is_empty() {
        return Some(Datum::None);
    }
    Some(match holds {
        Holds::Text => Datum::Text(cell.to_owned()),
        Holds::Whole | Holds::Money => Datum::Whole(cell.parse().ok()?),
        Holds::Day => cell
            .parse()
            .map(Datum::Day)
            .ok()
            .or_else(|| cell.parse().map(Datum::Whole).ok())?,
        Holds::At => Datum::At(Stamp(
            chrono::DateTime::parse_from_rfc3339(cell)
                .ok()?
                .timestamp_millis(),
        )),
        Holds::Kind => match crate::domain::event::EventKind::from_code(cell) {
            Some(_) => Datum::Text(cell.to_owned()),
            None => Datum::Whole(cell.parse().ok()?),
        },
        Holds::Row => Datum::Id(cell.parse().ok()?),
    })
}

#[cfg(test)]
mod tests;
