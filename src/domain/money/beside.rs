//! The sign or the code of a currency beside a figure.

use std::borrow::Cow;

use super::Currency;

/// What stands beside a figure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beside {
    /// A sign of one currency or of several.
    Sign(char),
    /// A code of ISO 4217.
    Code(Currency),
}

/// The signs that are read, and the codes of the currencies that use them; the first one is meant where nothing else says which.
const SIGNS: &[(char, &[&str])] = &[
    (
        '$',
        &[
            "USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU",
            "JMD", "NAD", "FJD", "BND", "BSD", "BBD", "BZD", "TTD", "XCD",
        ],
    ),
    ('€', &["EUR"]),
    (
        '£',
        &[
            "GBP", "GIP", "FKP", "SHP", "EGP", "LBP", "SYP", "SDG", "SSP",
        ],
    ),
    ('¥', &["JPY", "CNY"]),
];

impl Beside {
    /// True where a currency is written so.
    pub fn fits(self, currency: Currency) -> bool {
        match self {
            Beside::Code(code) => code == currency,
            Beside::Sign(sign) => codes(sign).contains(&currency.code()),
        }
    }

    /// The currency that it means in a book: the book's, where that is written so.
    pub fn means(self, book: Currency) -> Currency {
        match self {
            Beside::Code(code) => code,
            _ if self.fits(book) => book,
            Beside::Sign(sign) => codes(sign)
                .first()
                .and_then(|code| Currency::named(code))
                .unwrap_or(book),
        }
    }
}

fn codes(sign: char) -> &'static [&'static str] {
    let of = SIGNS.iter().find(|(s, _)| *s == sign);
    of.map_or(&[], |(_, codes)| codes)
}

/// What stands beside a figure, in front of it or behind it, and the figure with its sign and its letter.
pub fn beside(text: &str) -> (Option<Beside>, Cow<'_, str>) {
    let text = text.trim();
    let (minus, body) = match text.strip_prefix('-') {
        Some(body) => ("-", body.trim_start()),
        None => ("", text),
    };
    let code = |word: &str| (word.len() == 3).then(|| Currency::named(word)).flatten();
    let letters = |c: char| c.is_ascii_alphabetic();
    let front = body.len() - body.trim_start_matches(letters).len();
    let behind = &body[body.trim_end_matches(letters).len()..];
    // "95kEUR": a letter for thousands before the code.
    let behind = &behind[behind.len().saturating_sub(3)..];
    let (said, rest) = if let Some(rest) = body.strip_prefix(is_sign) {
        (body.chars().next().map(Beside::Sign), rest)
    } else if let Some(rest) = body.strip_suffix(is_sign) {
        (body.chars().next_back().map(Beside::Sign), rest)
    } else if let Some(currency) = code(&body[..front]) {
        (Some(Beside::Code(currency)), &body[front..])
    } else if let Some(currency) = code(behind) {
        (Some(Beside::Code(currency)), &body[..body.len() - 3])
    } else {
        return (None, Cow::Borrowed(text));
    };
    // "$ -5": a minus may stand behind the sign.
    (said, Cow::Owned(format!("{minus}{}", rest.trim())))
}

fn is_sign(c: char) -> bool {
    SIGNS.iter().any(|(sign, _)| *sign == c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_or_a_code_beside_a_figure_is_read() {
        let eur = Currency::named("EUR").expect("a code");
        let code = Some(Beside::Code(eur));
        let cases = [
            ("1,200", None, "1,200"),
            ("€1,200", Some(Beside::Sign('€')), "1,200"),
            ("1.200 €", Some(Beside::Sign('€')), "1.200"),
            ("EUR 1200", code, "1200"),
            ("1200eur", code, "1200"),
            ("95kEUR", code, "95k"),
            ("95k", None, "95k"),
            ("-€5", Some(Beside::Sign('€')), "-5"),
            ("$ -5", Some(Beside::Sign('$')), "-5"),
            ("12 abc", None, "12 abc"),
        ];
        for (text, said, rest) in cases {
            assert_eq!(beside(text), (said, rest.into()), "{text}");
        }
    }

    #[test]
    fn a_dollar_sign_is_that_of_the_book_where_it_has_one() {
        let named = |code| Currency::named(code).expect("a code");
        let dollar = Beside::Sign('$');
        assert_eq!(dollar.means(named("CAD")), named("CAD"));
        assert_eq!(dollar.means(named("EUR")), named("USD"));
        assert!(!dollar.fits(named("EUR")));
        for (sign, codes) in SIGNS {
            for code in *codes {
                assert!(Currency::named(code).is_some(), "{sign} {code}");
            }
        }
    }
}
