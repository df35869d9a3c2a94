//! Text: what may reach a terminal, how wide it is, how it is cut, how it is folded for search, and the words per language.

mod fold;
mod safe;
mod width;
pub mod words;

pub use fold::{ascii, fold};
pub use safe::{looks_empty, safe, safe_cells, safe_lines};
pub use width::{cells, cut, pad, pad_left, wrap};

/// A label as it stands within a sentence: `Open tickets` with a small letter, `NPS` as it is.
pub fn within(label: &str) -> String {
    let mut letters = label.chars();
    match (letters.next(), letters.next()) {
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(label.chars().skip(1)).collect()
        }
        _ => label.to_owned(),
    }
}

/// An English noun with the article that its sound asks for: `an amount`, `a user`, `an SMS`.
pub fn with_article(noun: &str) -> String {
    let word = noun
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    let small = word.to_lowercase();
    let starts = |with: &[&str]| with.iter().any(|w| small.starts_with(w));
    // What is written in capitals is spelled.
    let vowel = if word.chars().count() > 1 && word.chars().all(char::is_uppercase) {
        word.starts_with(|c| "AEFHILMNORSX".contains(c))
    } else if starts(&["uni", "use", "usa", "usu", "uti", "eu", "one", "once"]) {
        false
    } else {
        starts(&["a", "e", "i", "o", "u", "hour", "honest"])
    };
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// A whole number with a comma between thousands: `1,284`.
pub fn count(n: impl TryInto<i128>) -> String {
    let n = n.try_into().unwrap_or(i128::MAX);
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        out.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_has_the_article_of_its_sound() {
        for said in [
            "an amount",
            "a whole amount",
            "an e-mail",
            "an id",
            "a user",
            "a usage",
            "a unit",
            "an order",
            "an SMS",
            "an NPS answer",
            "a TV spot",
            "a URL",
            "a task",
            "an action",
            "a one-off",
            "an hour",
            "an unknown word",
        ] {
            assert_eq!(with_article(said.split_once(' ').unwrap().1), said);
        }
    }

    #[test]
    fn thousands_are_separated() {
        let cases = [
            (0, "0"),
            (7, "7"),
            (999, "999"),
            (1_000, "1,000"),
            (1_284, "1,284"),
            (-12_345, "-12,345"),
            (1_000_000, "1,000,000"),
        ];
        for (n, text) in cases {
            assert_eq!(count(n), text);
        }
        assert_eq!(count(123_456_usize), "123,456");
        assert_eq!(count(i64::MIN), "-9,223,372,036,854,775,808");
        assert_eq!(
            count(u128::MAX),
            count(i128::MAX),
            "held at the end of the range"
        );
    }

    #[test]
    fn a_label_in_a_sentence_keeps_what_is_written_large() {
        for (label, said) in [
            ("Open tickets", "open tickets"),
            ("NPS", "NPS"),
            ("Ärger", "ärger"),
            ("E", "e"),
            ("", ""),
            ("SMS code", "SMS code"),
        ] {
            assert_eq!(within(label), said);
        }
    }
}
