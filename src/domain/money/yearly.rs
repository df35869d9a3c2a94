//! Yearly revenue over several currencies: what stands in the book's currency, and what no rate brings into it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::{Currency, decimal, full, short};

/// Annual recurring revenue of one customer or of many. Amounts of two currencies are never added: what was converted by a
/// rate is in the book's currency and marked, what no rate converts stands apart, by currency.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Arr {
    book: i64,
    converted: bool,
    apart: BTreeMap<Currency, i64>,
}

impl Arr {
    /// So many minor units of the book's currency, some of them converted.
    pub fn of(minor: i64, converted: bool) -> Arr {
        Arr {
            book: minor,
            converted,
            apart: BTreeMap::new(),
        }
    }

    /// The same with amounts that no rate converts.
    pub fn with(mut self, apart: impl IntoIterator<Item = (Currency, i64)>) -> Arr {
        for (currency, minor) in apart {
            let sum = self.apart.entry(currency).or_default();
            *sum = sum.saturating_add(minor);
        }
        self
    }

    /// The part in the book's currency, minor units: what is compared and weighed.
    pub fn book(&self) -> i64 {
        self.book
    }

    /// True where some of the part in the book's currency was converted by a rate.
    pub fn is_converted(&self) -> bool {
        self.converted
    }

    /// What no rate converts, minor units of each currency.
    pub fn apart(&self) -> impl Iterator<Item = (Currency, i64)> {
        self.apart
            .iter()
            .map(|(currency, minor)| (*currency, *minor))
    }

    /// What no rate converts as files have it: `EUR 1200.00; JPY 120000`.
    pub fn apart_text(&self) -> String {
        let said =
            |(c, minor): (Currency, i64)| format!("{} {}", c.code(), decimal(minor, c.digits()));
        self.apart().map(said).collect::<Vec<_>>().join("; ")
    }

    /// True without any revenue.
    pub fn is_zero(&self) -> bool {
        self.book == 0 && self.apart.is_empty()
    }

    /// Adds another, currency by currency.
    pub fn add(&mut self, other: &Arr) {
        self.book = self.book.saturating_add(other.book);
        self.converted |= other.converted;
        if !other.apart.is_empty() {
            *self = std::mem::take(self).with(other.apart());
        }
    }

    /// For a narrow place: `1.9M`, `~1.9M` where some was converted, `1.9M + €240k` where some stands apart.
    pub fn short(&self, currency: Currency) -> String {
        let sign = |c: Currency, minor| format!("{}{}", c.sign().trim_end(), short(minor, c));
        self.said(short(self.book, currency), sign)
    }

    /// The same with the sign of the book's currency: `$1.9M + €240k`.
    pub fn signed(&self, currency: Currency) -> String {
        let sign = |c: Currency, minor| format!("{}{}", c.sign(), short(minor, c));
        self.said(sign(currency, self.book), sign)
    }

    /// The same without what is less than a whole unit of a currency.
    pub fn whole(&self, currency: Currency) -> Arr {
        let cut = |c: Currency, minor: i64| {
            let unit = 10_i64.pow(c.digits());
            minor / unit * unit
        };
        let apart = self.apart().map(|(c, minor)| (c, cut(c, minor)));
        Arr::of(cut(currency, self.book), self.converted).with(apart)
    }

    /// In full: `$1,900,000 + €240,000`.
    pub fn full(&self, currency: Currency) -> String {
        self.said(full(self.book, currency), |c, minor| full(minor, c))
    }

    fn said(&self, book: String, say: impl Fn(Currency, i64) -> String) -> String {
        let mark = if self.converted { "~" } else { "" };
        let none = self.book == 0 && !self.apart.is_empty();
        let book = (!none).then(|| format!("{mark}{book}"));
        let apart = self.apart().map(|(currency, minor)| say(currency, minor));
        book.into_iter()
            .chain(apart)
            .collect::<Vec<_>>()
            .join(" + ")
    }
}

impl<'a> std::iter::Sum<&'a Arr> for Arr {
    fn sum<I: Iterator<Item = &'a Arr>>(all: I) -> Arr {
        all.fold(Arr::default(), |mut sum, one| {
            sum.add(one);
            sum
        })
    }
}

impl std::iter::Sum for Arr {
    fn sum<I: Iterator<Item = Arr>>(all: I) -> Arr {
        all.fold(Arr::default(), |mut sum, one| {
            sum.add(&one);
            sum
        })
    }
}

/// Three fields, to be flattened into what has the revenue: `arr` in the book's currency, `arr_converted`, and `arr_apart`
/// with the minor units of each currency that no rate converts.
impl Serialize for Arr {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(3))?;
        map.serialize_entry("arr", &self.book)?;
        map.serialize_entry("arr_converted", &self.converted)?;
        map.serialize_entry("arr_apart", &self.apart)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_are_never_added_to_each_other() {
        let named = |code| Currency::named(code).expect("a code");
        let (usd, eur, jpy) = (named("USD"), named("EUR"), named("JPY"));
        let all = [
            Arr::of(190_000_000, false),
            Arr::of(0, false).with([(eur, 24_000_000)]),
            Arr::of(0, false).with([(jpy, 1_200_000), (eur, 50)]),
        ];
        let sum: Arr = all.iter().sum();
        assert_eq!(sum.book(), 190_000_000);
        assert_eq!(sum.short(usd), "1.9M + €240k + ¥1.2M");
        assert_eq!(sum.full(usd), "$1,900,000 + €240,000.50 + ¥1,200,000");
        assert_eq!(all[1].short(usd), "€240k");
        let lira = Arr::default().with([(named("TRY"), 25_000_000)]);
        assert_eq!(lira.short(usd), "TRY250k");
        assert_eq!(lira.full(usd), "TRY 250,000");
        assert_eq!(Arr::of(190_000_000, true).short(usd), "~1.9M");
        assert_eq!(Arr::default().short(usd), "0");
        assert_eq!(
            serde_json::to_value(&all[1]).expect("JSON"),
            serde_json::json!({ "arr": 0, "arr_converted": false, "arr_apart": { "EUR": 24_000_000 } })
        );
    }
}
