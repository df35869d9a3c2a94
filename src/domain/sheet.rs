//! Values on their way out of the book: what a cell of an export is, before any file format says it in its own way.

use super::id::Id;
use super::money::Currency;
use super::time::{Day, Stamp, Zone};

/// One cell.
#[derive(Clone, PartialEq, Debug)]
pub enum Datum {
    /// No data.
    None,
    /// Words, as they are.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number with a fraction.
    Real(f64),
    /// An amount in minor units of the sheet's currency.
    Money(i64),
    /// A civil date.
    Day(Day),
    /// A moment.
    At(Stamp),
    /// Yes or no.
    Flag(bool),
    /// Names a row.
    Id(Id),
}

impl Datum {
    /// Words; no words are no data.
    pub fn words(text: impl Into<String>) -> Datum {
        let text = text.into();
        if text.is_empty() {
            Datum::None
        } else {
            Datum::Text(text)
        }
    }

    /// A whole number where there is one.
    pub fn whole(n: Option<impl Into<i64>>) -> Datum {
        n.map_or(Datum::None, |n| Datum::Whole(n.into()))
    }

    /// A date where there is one.
    pub fn day(day: Option<Day>) -> Datum {
        day.map_or(Datum::None, Datum::Day)
    }
}

/// What all rows of an export have in common.
#[derive(Clone, PartialEq, Debug)]
pub struct Head {
    /// Names the table: a file's stem, a workbook's tab.
    pub name: String,
    /// Codes of the columns: stable names.
    pub columns: Vec<String>,
    /// The currency of amounts.
    pub currency: Currency,
    /// The zone in which moments are told.
    pub zone: Zone,
}

/// A table in memory.
#[derive(Clone, PartialEq, Debug)]
pub struct Sheet {
    /// Its columns.
    pub head: Head,
    /// One datum a column.
    pub rows: Vec<Vec<Datum>>,
}
