//! Amounts and the currency that a row says for them: in a column of its own, or by a sign or a code beside the figure.

use super::desk::Desk;
use super::desk::{Taken, quoted, refuse};
use super::mapping::Place;
use super::reader::Row;
use super::values;
use crate::domain::money::{Currency, beside};

impl Desk<'_> {
    /// The amount in a cell in minor units of a currency; `None` when it is empty. One that is written as of another is refused.
    pub(super) fn amount_in(
        &mut self,
        row: Row<'_>,
        place: Place,
        currency: Currency,
    ) -> Taken<Option<i64>> {
        let text = row.get(place);
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(other) = beside(text).0.filter(|s| !s.fits(currency)) {
            return refuse(
                "another currency",
                say!(
                    "prices.not",
                    place = self.map.header(place),
                    text = quoted(text),
                    currency = other.means(currency).code(),
                    currency_2 = currency.code()
                ),
            );
        }
        let mark = if values::is_either(text) {
            self.mark(place)?
        } else {
            None
        };
        let (read, what) = if place.minor {
            (values::whole(text, mark), "whole amount")
        } else {
            (values::amount(text, currency, mark), "amount")
        };
        match read {
            Ok(n) => Ok(Some(n)),
            Err(values::NumberFault::TooFine) => refuse(
                "too many decimals",
                say!(
                    "prices.more_decimals_than",
                    place = self.map.header(place),
                    text = quoted(text),
                    currency = currency.code()
                ),
            ),
            Err(fault) => self.number_fault(fault, text, place, what),
        }
    }

    /// The price in a cell that must have one, not below 0, and its currency where the row says it: by the column, or beside the
    /// figure. `there` is the currency that the book has for it, in which a price without one is read.
    pub(super) fn price(
        &mut self,
        row: Row<'_>,
        place: Place,
        column: Place,
        there: Option<Currency>,
    ) -> Taken<(i64, Option<Currency>)> {
        let book = there.unwrap_or(self.config.currency);
        let own = match row.get(column) {
            "" => beside(row.get(place)).0.map(|said| said.means(book)),
            _ => Some(self.currency(row, column)?),
        };
        let amount = self.amount_in(row, place, own.unwrap_or(book))?;
        let amount = self.not_below(row, place, amount)?;
        // A column that is empty says that it is the book's.
        let empty = row.says(column).then_some(self.config.currency);
        Ok((amount, own.or(empty)))
    }

    /// Refuses a row whose column says another currency than the book's.
    pub(super) fn in_the_books(&self, row: Row<'_>, column: Place) -> Taken<()> {
        let (said, book) = (self.currency(row, column)?, self.config.currency);
        if said == book {
            return Ok(());
        }
        refuse(
            "another currency",
            say!("prices.book", said = said.code(), book = book.code()),
        )
    }
}
