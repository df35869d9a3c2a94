//! Exchange rates that the team has written down, each with the day from which it holds.

use serde::{Deserialize, Serialize};

use super::Currency;
use crate::domain::time::Day;
use crate::error::{Error, Result};

/// One unit of `from` is `rate` units of `to` from a day on, until a later rate of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The first day.
    #[serde(deserialize_with = "day")]
    pub day: Day,
    /// What is converted.
    pub from: Currency,
    /// Into what.
    pub to: Currency,
    /// Units of `to` for one of `from`.
    pub rate: Decimal,
}

/// The rates of a book, in any order.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// All of them.
    pub rate: Vec<Rate>,
}

/// A book's currency, and by what others are brought into it.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'c> {
    /// The book's currency.
    pub book: Currency,
    /// Its rates.
    pub rates: &'c Rates,
}

/// A number above 0, exactly as it was written: `digits / 10^places`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decimal {
    digits: u64,
    places: u32,
}

/// What minor units of one currency are multiplied and divided by to be those of another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ratio {
    /// The multiplier.
    pub above: u64,
    /// The divisor.
    pub below: u64,
}

/// Most digits of a rate: with them a ratio fits in 64 bits for every two currencies.
const MOST: usize = 12;

impl Decimal {
    /// Reads `1.0832` or `0.92`; `None` for 0, a sign, an exponent or more than 12 digits.
    fn read(text: &str) -> Option<Decimal> {
        let text = text.trim();
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let part = part.trim_end_matches('0');
        let all = format!("{whole}{part}");
        let all = all.trim_start_matches('0');
        if all.len() > MOST || part.len() > MOST || !all.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let digits = all.parse().ok().filter(|n| *n > 0)?;
        Some(Decimal {
            digits,
            places: part.len() as u32,
        })
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Decimal, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Whole(i64),
            Real(f64),
            Text(String),
        }
        // The shortest text of a float is what was typed, as far as a float keeps it.
        let text = match Written::deserialize(d)? {
            Written::Whole(n) => n.to_string(),
            Written::Real(n) => n.to_string(),
            Written::Text(text) => text,
        };
        Decimal::read(&text).ok_or_else(|| {
            serde::de::Error::custom(say!("rate.not_rate_number_above", text = text, most = MOST))
        })
    }
}

impl Serialize for Decimal {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        let digits = format!("{:0>1$}", self.digits, self.places as usize + 1);
        let (whole, part) = digits.split_at(digits.len() - self.places as usize);
        s.serialize_str(format!("{whole}.{part}").trim_end_matches('.'))
    }
}

/// A day as TOML has it, or as a text.
fn day<'de, D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Day, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Toml(toml::value::Datetime),
        Text(String),
    }
    let text = match Written::deserialize(d)? {
        Written::Toml(day) => day.to_string(),
        Written::Text(text) => text,
    };
    text.parse()
        .map_err(|()| serde::de::Error::custom(say!("rate.not_day_such_as", text = text)))
}

impl Rate {
    /// By what minor units of `from` become those of `to`.
    fn ratio(&self) -> Option<Ratio> {
        let (from, to) = (self.from.digits(), self.to.digits());
        let (up, down) = (to.saturating_sub(from), from.saturating_sub(to));
        Some(Ratio {
            above: self.rate.digits.checked_mul(10_u64.checked_pow(up)?)?,
            below: 10_u64.checked_pow(self.rate.places.checked_add(down)?)?,
        })
    }
}

impl Rates {
    /// The rates of two currencies, in either direction.
    fn of(&self, from: Currency, to: Currency) -> impl Iterator<Item = &Rate> {
        self.rate
            .iter()
            .filter(move |r| (r.from, r.to) == (from, to) || (r.from, r.to) == (to, from))
    }

    /// The latest rate at or before a day; the one written the other way round is turned, where none of that day is straight.
    pub fn at(&self, from: Currency, to: Currency, day: Day) -> Option<Ratio> {
        let until = self.of(from, to).filter(|r| r.day <= day);
        let latest = until.max_by_key(|r| (r.day, r.from == from))?;
        let ratio = latest.ratio()?;
        Some(if latest.from == from {
            ratio
        } else {
            Ratio {
                above: ratio.below,
                below: ratio.above,
            }
        })
    }

    /// The first day behind `day` from which another rate holds.
    pub fn next(&self, from: Currency, to: Currency, day: Day) -> Option<Day> {
        self.of(from, to).map(|r| r.day).filter(|d| *d > day).min()
    }

    /// Says what is wrong with rates that somebody wrote.
    pub fn check(&self) -> Result<()> {
        for (at, rate) in self.rate.iter().enumerate() {
            let (from, to) = (rate.from.code(), rate.to.code());
            if from == to {
                return Err(Error::usage(say!(
                    "rate.rates_rate_into_itself",
                    from = from,
                    day = rate.day
                )));
            }
            let same = |r: &Rate| (r.day, r.from, r.to) == (rate.day, rate.from, rate.to);
            if self.rate[..at].iter().any(same) {
                return Err(Error::usage(say!(
                    "rate.rates_two_rates_on",
                    from = from,
                    to = to,
                    day = rate.day
                ))
                .hint(say!("rate.keep_one_them_or")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().expect("a date")
    }

    fn rates(text: &str) -> std::result::Result<Rates, String> {
        toml::from_str(text).map_err(|e| e.message().to_owned())
    }

    fn one(rate: &str) -> std::result::Result<Rates, String> {
        rates(&format!(
            "[[rate]]\nday = \"2026-01-01\"\nfrom = \"EUR\"\nto = \"USD\"\nrate = {rate}\n"
        ))
    }

    #[test]
    fn the_latest_rate_at_or_before_a_day_holds() {
        let book = rates(
            "[[rate]]\nday = \"2026-03-01\"\nfrom = \"EUR\"\nto = \"USD\"\nrate = 1.1\n\
             [[rate]]\nday = \"2026-01-01\"\nfrom = \"EUR\"\nto = \"USD\"\nrate = \"1.0832\"\n",
        )
        .expect("rates");
        let named = |code| Currency::named(code).expect("a code");
        let (eur, usd) = (named("EUR"), named("USD"));
        let ratio = |above, below| Some(Ratio { above, below });
        assert_eq!(book.at(eur, usd, day("2025-12-31")), None);
        assert_eq!(book.at(eur, usd, day("2026-01-01")), ratio(10_832, 10_000));
        assert_eq!(book.at(eur, usd, day("2026-03-02")), ratio(11, 10));
        assert_eq!(book.at(usd, eur, day("2026-03-02")), ratio(10, 11));
        assert_eq!(book.at(named("GBP"), usd, day("2026-03-02")), None);
        assert_eq!(
            book.next(eur, usd, day("2026-01-01")),
            Some(day("2026-03-01"))
        );
        assert_eq!(book.next(eur, usd, day("2026-03-01")), None);
    }

    #[test]
    fn digits_of_both_currencies_count() {
        let book = rates(
            "[[rate]]\nday = \"2026-01-01\"\nfrom = \"JPY\"\nto = \"USD\"\nrate = 0.0064\n\
             [[rate]]\nday = \"2026-01-01\"\nfrom = \"KWD\"\nto = \"USD\"\nrate = 3.25\n",
        )
        .expect("rates");
        let (jpy, kwd, usd) = ("JPY", "KWD", "USD");
        let at = |from, to| {
            let named = |code| Currency::named(code).expect("a code");
            book.at(named(from), named(to), day("2026-01-01"))
                .expect("a rate")
        };
        // 10,000 yen are 64.00 dollars, 1.000 dinar is 3.25 dollars.
        let of = |minor: u64, r: Ratio| minor * r.above / r.below;
        assert_eq!(of(10_000, at(jpy, usd)), 6_400);
        assert_eq!(of(6_400, at(usd, jpy)), 10_000);
        assert_eq!(of(1_000, at(kwd, usd)), 325);
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in [
            "0",
            "-1.5",
            "\"1,08\"",
            "\"\"",
            "1e-30",
            "\"1234567890123\"",
            "true",
        ] {
            assert!(one(text).is_err(), "{text}");
        }
        let unknown = "[[rate]]\nday = \"2026-01-01\"\nfrom = \"XQQ\"\nto = \"USD\"\nrate = 1\n";
        assert!(
            rates(unknown)
                .unwrap_err()
                .contains("\"XQQ\" is not a currency")
        );
        let mut twice = one("1.1").expect("a rate");
        assert!(twice.check().is_ok());
        twice.rate.push(twice.rate[0]);
        assert!(twice.check().unwrap_err().message.contains("two rates"));
        twice.rate[0].to = twice.rate[0].from;
        assert!(twice.check().unwrap_err().message.contains("into itself"));
    }
}
