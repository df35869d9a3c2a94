//! The fold: one form of a text under which search and sorting compare it.

use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The text as search and sorting see it: case, accents, dotless i, Arabic yeh and kaf, digits and joiners folded; NUL characters are
/// left out, because the full-text index does not see them and a query would end there. Folding twice changes nothing.
pub fn fold(text: &str) -> String {
    if text.is_ascii() && !text.contains('\0') {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    let known = KNOWN.get_or_init(|| {
        (0..KNOWN_TO)
            .map(|n| char::from_u32(n).map(fold_letter).unwrap_or_default())
            .collect()
    });
    for letter in text.chars() {
        match known.get(letter as usize) {
            Some(folded) => out.push_str(folded),
            // Unified ideographs are their own fold.
            None if matches!(letter, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}') => {
                out.push(letter)
            }
            None => push_folded(letter, &mut out),
        }
    }
    out
}

/// The text for a screen that has only ASCII, in exactly `cells` cells: letters without their accents, `?` for what has no
/// such form, case and digits kept.
pub fn ascii(text: &str, cells: usize) -> String {
    let plain = |c: char| match c {
        '\u{a0}' | '\u{3000}' => ' ',
        '…' => '~',
        '‘' | '’' => '\'',
        '“' | '”' => '"',
        '‐'..='―' => '-',
        'ı' => 'i',
        other => other,
    };
    let mut out: String = text
        .chars()
        .map(plain)
        .nfkd()
        .map(plain)
        .filter(|c| matches!(c, ' '..='~'))
        .take(cells)
        .collect();
    let sign = if out.is_empty() { '?' } else { ' ' };
    out.extend(std::iter::repeat_n(sign, cells - out.len()));
    out
}

/// The folds of the letters up to the kana, worked out once: names are folded by the hundred thousand.
static KNOWN: OnceLock<Vec<Box<str>>> = OnceLock::new();
const KNOWN_TO: u32 = 0x3100;

fn fold_letter(letter: char) -> Box<str> {
    let mut out = String::new();
    push_folded(letter, &mut out);
    out.into_boxed_str()
}

/// Adds the fold of one letter. No letter's fold depends on its neighbours: the only thing that a decomposition moves are
/// marks, and those are left out.
fn push_folded(letter: char, out: &mut String) {
    // Case is folded between two decompositions: script letters such as U+1D49E are capitals only once decomposed,
    // and a few capitals become letters that decompose again.
    for letter in std::iter::once(letter)
        .nfkd()
        .flat_map(char::to_lowercase)
        .nfkd()
        .flat_map(char::to_lowercase)
    {
        if !is_combining_mark(letter) && !is_ignored(letter) {
            push_plain(letter, out);
        }
    }
}

/// NUL, joiners, direction marks, fillers: seen by nobody, typed by nobody who searches.
fn is_ignored(letter: char) -> bool {
    matches!(letter,
        '\0' | '\u{ad}' | '\u{640}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Adds a letter without marks in its plainest form.
fn push_plain(letter: char, out: &mut String) {
    let plain = match letter {
        'ß' => return out.push_str("ss"),
        'æ' => return out.push_str("ae"),
        'œ' => return out.push_str("oe"),
        'þ' => return out.push_str("th"),
        'ı' => 'i',
        'ø' => 'o',
        'ł' => 'l',
        'đ' | 'ð' => 'd',
        'ς' => 'σ',
        // Yeh: Arabic, without dots. Kaf: Arabic, swash. Heh: of Urdu, doachashmee, ae, teh marbuta. Alef: wasla.
        '\u{64a}' | '\u{649}' => '\u{6cc}',
        '\u{643}' | '\u{6aa}' => '\u{6a9}',
        '\u{6c1}' | '\u{6be}' | '\u{6d5}' | '\u{629}' | '\u{6c3}' => '\u{647}',
        '\u{671}' => '\u{627}',
        '\u{660}'..='\u{669}' => digit(letter, 0x660),
        '\u{6f0}'..='\u{6f9}' => digit(letter, 0x6f0),
        other => other,
    };
    out.push(plain);
}

/// The ASCII digit for one of a row of ten that starts at `zero`.
fn digit(letter: char, zero: u32) -> char {
    char::from_digit(letter as u32 - zero, 10).unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_word_fold_to_one_text() {
        let same = [
            ("Müller & Söhne", "muller & sohne"),
            ("STRASSE", "straße"),
            ("Straẞe", "strasse"),
            ("IŞIK", "ışık"),
            ("İstanbul", "istanbul"),
            ("Ёлка", "елка"),
            ("Йод", "иод"),
            ("كتاب", "کتاب"),
            ("علي", "علی"),
            ("کتاب\u{200c}خانه", "کتابخانه"),
            ("مُحَمَّد", "محمد"),
            ("آرش", "ارش"),
            ("مدرسة", "مدرسه"),
            ("خانۀ", "خانه"),
            ("سـلام", "سلام"),
            ("\u{200f}سلام", "سلام"),
            ("۱۴۰۵", "1405"),
            ("١٢", "12"),
            ("１２ＡＢ", "12ab"),
            ("ﬁne", "FINE"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("Łódź", "lodz"),
            ("Ørsted", "orsted"),
            ("𝒞afé", "cafe"),
            ("e\u{301}", "é"),
            ("Ac\0me\0", "acme"),
            ("É\0", "é"),
        ];
        for (a, b) in same {
            assert_eq!(fold(a), fold(b), "{a} and {b}");
        }
    }

    #[test]
    fn a_screen_of_ascii_gets_letters_without_accents_and_question_marks() {
        let cases = [
            ("é", 1, "e"),
            ("Ş", 1, "S"),
            ("星", 2, "??"),
            ("ü", 2, "u "),
            ("ﬁ", 1, "f"),
            ("…", 1, "~"),
            ("👩\u{200d}👧", 2, "??"),
            ("ab", 2, "ab"),
        ];
        for (text, cells, shown) in cases {
            assert_eq!(ascii(text, cells), shown, "{text}");
        }
    }

    #[test]
    fn other_words_stay_apart() {
        assert_ne!(fold("Acme"), fold("Acne"));
        assert_ne!(fold("سلام"), fold("کلام"));
        assert_eq!(fold("Acme  Foods, Inc."), "acme  foods, inc.");
        assert_eq!(fold("株式会社さくら"), fold("株式会社さくら"));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,12}|[\\x{600}-\\x{6ff}\\x{200b}-\\x{200f}]{0,12}|.{0,12}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn letters_fold_alone_as_they_do_together(text in "\\PC{0,12}|[\\x{300}-\\x{36f}a-zé가-힣ᄀ-ᇿ]{0,12}|.{0,12}") {
            let mut together = String::new();
            for letter in text.nfkd().flat_map(char::to_lowercase).nfkd().flat_map(char::to_lowercase) {
                if !is_combining_mark(letter) && !is_ignored(letter) {
                    push_plain(letter, &mut together);
                }
            }
            prop_assert_eq!(fold(&text), together);
        }
    }

    #[test]
    fn every_letter_folds_to_a_fixed_form() {
        for letter in ('\u{0}'..=char::MAX).filter(|c| (*c as u32) < 0x2_0000) {
            let once = fold(&letter.to_string());
            assert_eq!(fold(&once), once, "U+{:04X}", letter as u32);
        }
    }
}
