//! Money: integer minor units with an ISO 4217 code, and how it is shown.

use std::fmt;

use serde::{Deserialize, Serialize};

mod beside;
mod rate;
mod yearly;

pub use beside::{Beside, beside};
pub use rate::{Exchange, Rate, Rates, Ratio};
pub use yearly::Arr;

/// An ISO 4217 code in three bytes. Books of version 0.1 may hold codes that ISO does not list; their amounts have two digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Default for Currency {
    fn default() -> Currency {
        Currency(*b"USD")
    }
}

impl Currency {
    /// The currency by its code, three letters in either case; `None` where ISO 4217 has no such code.
    pub fn named(code: &str) -> Option<Currency> {
        Currency::kept(code).filter(|c| iso_currency::Currency::from_code(c.code()).is_some())
    }

    /// A currency that a book holds: any three letters.
    pub fn kept(code: &str) -> Option<Currency> {
        let bytes: [u8; 3] = code.trim().as_bytes().try_into().ok()?;
        bytes
            .iter()
            .all(u8::is_ascii_alphabetic)
            .then(|| Currency(bytes.map(|b| b.to_ascii_uppercase())))
    }

    /// The code, upper case.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Digits behind the point as ISO 4217 says: JPY 0, USD 2, KWD 3; 2 for what has no minor unit there, such as gold.
    pub fn digits(self) -> u32 {
        let known = iso_currency::Currency::from_code(self.code());
        known.and_then(|c| c.exponent()).map_or(2, u32::from)
    }

    /// The usual sign in front, or the code with a space.
    pub fn sign(&self) -> String {
        match SIGNS.iter().find(|(_, code)| *code == self.code()) {
            Some((sign, _)) => (*sign).to_owned(),
            None => format!("{} ", self.code()),
        }
    }
}

/// The signs that stand for one currency each.
const SIGNS: &[(&str, &str)] = &[("$", "USD"), ("€", "EUR"), ("£", "GBP"), ("¥", "JPY")];

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Currency, D::Error> {
        let code = String::deserialize(d)?;
        Currency::named(&code).ok_or_else(|| {
            serde::de::Error::custom(say!("money.not_currency_iso_4217", code = code))
        })
    }
}

/// An amount of `minor` units as a person reads it in a narrow column: `240k`, `1.9M`, `850`. Truncates, never rounds up
/// to the next unit.
pub fn short(minor: i64, currency: Currency) -> String {
    let unit = 10_i128.pow(currency.digits());
    let whole = i128::from(minor) / unit;
    let (sign, n) = if whole < 0 {
        ("-", -whole)
    } else {
        ("", whole)
    };
    match n {
        0..10_000 => format!("{sign}{n}"),
        10_000..1_000_000 => format!("{sign}{}k", n / 1000),
        1_000_000..10_000_000 => format!("{sign}{}.{}M", n / 1_000_000, n % 1_000_000 / 100_000),
        10_000_000..1_000_000_000 => format!("{sign}{}M", n / 1_000_000),
        1_000_000_000..10_000_000_000 => format!(
            "{sign}{}.{}B",
            n / 1_000_000_000,
            n % 1_000_000_000 / 100_000_000
        ),
        _ => format!("{sign}{}B", n / 1_000_000_000),
    }
}

/// The amount in full: `$240,000` or `$1,234.50`; the minor part only where it is not zero.
pub fn full(minor: i64, currency: Currency) -> String {
    let digits = currency.digits();
    let unit = 10_u128.pow(digits);
    let n = u128::from(minor.unsigned_abs());
    let (whole, part) = (n / unit, n % unit);
    let mut grouped = String::new();
    let text = whole.to_string();
    for (i, c) in text.chars().enumerate() {
        if i > 0 && (text.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(c);
    }
    let sign = if minor < 0 { "-" } else { "" };
    let fraction = if part == 0 {
        String::new()
    } else {
        format!(".{part:0width$}", width = digits as usize)
    };
    format!("{sign}{}{grouped}{fraction}", currency.sign())
}

/// Reads an amount such as `240k`, `1.2m`, `$1,234.50` or `95000` into minor units; `None` when it is not one, is written
/// as of another currency, or does not fit in 64 bits.
pub fn parse(text: &str, currency: Currency) -> Option<i64> {
    let (said, text) = beside(text);
    if said.is_some_and(|said| !said.fits(currency)) {
        return None;
    }
    let text: String = text
        .chars()
        .filter(|c| !matches!(c, ',' | '_' | ' '))
        .collect();
    let lower = text.to_ascii_lowercase();
    let (number, factor) = match lower.strip_suffix('k') {
        Some(n) => (n, 1_000_i128),
        None => match lower.strip_suffix('m') {
            Some(n) => (n, 1_000_000),
            None => (
                lower.strip_suffix('b').unwrap_or(&lower),
                if lower.ends_with('b') {
                    1_000_000_000
                } else {
                    1
                },
            ),
        },
    };
    let (sign, number) = number.strip_prefix('-').map_or((1, number), |n| (-1, n));
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && part.is_empty())
        || !whole
            .chars()
            .chain(part.chars())
            .all(|c| c.is_ascii_digit())
        || part.len() > 9
    {
        return None;
    }
    let scale = 10_i128.pow(part.len() as u32);
    let value: i128 = format!("0{whole}{part}").parse().ok()?;
    let minor = value
        .checked_mul(factor)?
        .checked_mul(10_i128.pow(currency.digits()))?
        / scale;
    i64::try_from(sign * minor).ok()
}

/// An integer of the smallest unit as a decimal with so many digits behind the point.
pub fn decimal(n: i64, digits: u32) -> String {
    if digits == 0 {
        return n.to_string();
    }
    let unit = 10_u64.pow(digits);
    let (sign, size) = (if n < 0 { "-" } else { "" }, n.unsigned_abs());
    format!(
        "{sign}{}.{:0width$}",
        size / unit,
        size % unit,
        width = digits as usize
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        let usd = Currency::default();
        assert_eq!(parse("240k", usd), Some(24_000_000));
        assert_eq!(parse("$1,234.50", usd), Some(123_450));
        assert_eq!(parse("1.2m", usd), Some(120_000_000));
        assert_eq!(parse("-3", usd), Some(-300));
        assert_eq!(parse("12x", usd), None);
        assert_eq!(parse("99999999999999999999", usd), None);
    }

    #[test]
    fn amounts_show_short_and_full() {
        let usd = Currency::default();
        assert_eq!(short(24_000_000, usd), "240k");
        assert_eq!(short(99_999_999, usd), "999k");
        assert_eq!(short(190_000_000, usd), "1.9M");
        assert_eq!(full(24_000_000, usd), "$240,000");
        assert_eq!(full(-123_450, usd), "-$1,234.50");
        assert_eq!(full(i64::MIN, usd), "-$92,233,720,368,547,758.08");
    }
}
