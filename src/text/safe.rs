//! What text from outside has to pass before it meets a terminal: nothing that steers the screen, hides or reorders.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// More combining marks than this on one base are an attack on the lines above, not a language.
const MARKS: usize = 4;

/// The text as one line that a terminal may show, in NFC. Controls become their pictures (`␛`), runs of line breaks and
/// tabs one space; direction controls, invisible characters and heaps of marks are dropped. Joiners stay inside words
/// and emoji. Clean text is handed back as it is; cleaning twice changes nothing.
pub fn safe(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) || is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut clean = clean(text);
    // What was dropped may have stood between a letter and its mark, so the rules are asked again until nothing moves.
    loop {
        let again = self::clean(&clean);
        if again == clean {
            break;
        }
        clean = again;
    }
    if clean == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(clean)
    }
}

/// The same for text of several lines: `\n` stays (also where `\r\n` stood), each line is [`safe`].
pub fn safe_lines(text: &str) -> Cow<'_, str> {
    let lines = || {
        text.split('\n')
            .map(|line| line.strip_suffix('\r').unwrap_or(line))
    };
    if !text.contains('\r') && lines().all(|line| matches!(safe(line), Cow::Borrowed(_))) {
        return Cow::Borrowed(text);
    }
    let clean: Vec<Cow<'_, str>> = lines().map(safe).collect();
    Cow::Owned(clean.join("\n"))
}

/// The same for what leaves the screens (a clipboard): lines and cells stay apart, each is [`safe`], so that what arrives is what is shown.
pub fn safe_cells(text: &str) -> String {
    let line = |line: &str| line.split('\t').map(safe).collect::<Vec<_>>().join("\t");
    text.split('\n')
        .map(|l| line(l.strip_suffix('\r').unwrap_or(l)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// True when no character of the text needs a second look and it is in NFC.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| {
        !is_joiner(c) && !is_combining_mark(c) && !is_hidden(c) && !c.is_control() && !is_break(c)
    };
    text.chars().all(plain) && is_nfc_quick(text.chars()) == IsNormalized::Yes
}

/// One pass of the rules.
fn clean(text: &str) -> String {
    let visible = text.chars().filter(|c| !is_hidden(*c)).map(picture);
    let mut out = String::with_capacity(text.len());
    let (mut marks, mut joiner, mut broke, mut last) = (0, None, false, ' ');
    for c in visible.nfc() {
        if is_break(c) {
            (joiner, marks) = (None, 0);
            if !broke {
                out.push(' ');
            }
            (broke, last) = (true, ' ');
            continue;
        }
        broke = false;
        if is_joiner(c) {
            joiner = joiner.or((!last.is_ascii() && !last.is_whitespace()).then_some(c));
            continue;
        }
        let is_mark = is_combining_mark(c);
        marks = if is_mark { marks + 1 } else { 0 };
        if is_mark && marks > MARKS {
            continue;
        }
        if let Some(held) = joiner
            .take()
            .filter(|_| !c.is_ascii() && !c.is_whitespace())
        {
            out.push(held);
        }
        out.push(c);
        last = c;
    }
    out
}

/// Zero width (non-)joiner: shapes Persian and Indic words, holds emoji together.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Ends a line or steps to a column.
fn is_break(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Reorders, hides, or looks like nothing: direction controls, zero-width characters, fillers, annotations, tags.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Nobody sees it: something hidden, a joiner or a control.
pub fn looks_empty(c: char) -> bool {
    is_hidden(c) || is_joiner(c) || c.is_control()
}

/// A control as a picture of itself; line breaks and everything else as they are.
fn picture(c: char) -> char {
    match c {
        c if is_break(c) => c,
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' => '\u{fffd}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_cells_stay_apart_on_their_way_to_a_clipboard() {
        assert_eq!(safe_cells("a\tb\u{1b}[m\r\nc\u{202e}\td"), "a\tb␛[m\nc\td");
    }
    use proptest::prelude::*;

    #[test]
    fn clean_text_is_not_copied() {
        for text in [
            "",
            "Acme Foods",
            "Café Ångström",
            "株式会社さくら",
            "شركة النور",
            "کتاب\u{200c}خانه",
            "👩\u{200d}👧 ok",
            "❤\u{fe0f}",
        ] {
            assert!(
                matches!(safe(text), Cow::Borrowed(same) if same == text),
                "{text:?}"
            );
        }
        assert!(matches!(safe_lines("one\ntwo\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_steers_a_terminal_is_shown_or_dropped() {
        let cases = [
            ("\u{1b}[2Jgone", "␛[2Jgone"),
            ("a\u{0}b\u{7}c", "a␀b␇c"),
            ("a\u{7f}b", "a␡b"),
            ("a\u{9b}31mb", "a\u{fffd}31mb"),
            ("one\r\ntwo\n\n\tthree", "one two three"),
            ("one\u{2028}two\u{85}three", "one two three"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("\u{2067}a\u{2069}\u{200e}b\u{200f}\u{61c}c", "abc"),
            ("Ac\u{200b}me\u{feff}\u{2060}", "Acme"),
            ("Ac\u{200d}me\u{200c}", "Acme"),
            ("hi\u{e0041}\u{e0042}", "hi"),
            ("e\u{301}", "é"),
            (
                "x\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}y",
                "x\u{300}\u{301}\u{302}\u{303}y",
            ),
            ("سلام\u{200c} دنیا\u{200c}", "سلام دنیا"),
        ];
        for (dirty, clean) in cases {
            assert_eq!(safe(dirty), clean, "{dirty:?}");
        }
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(safe_lines("one\r\ntwo\tx\n\u{1b}c"), "one\ntwo x\n␛c");
    }

    fn is_forbidden(c: char) -> bool {
        c.is_control() || is_hidden(c) || matches!(c, '\u{2028}' | '\u{2029}')
    }

    proptest! {
        #[test]
        fn nothing_dangerous_passes_and_twice_is_once(
            text in ".{0,20}|[\\x{0}-\\x{1f}a-c\\x{300}-\\x{305}\\x{200b}-\\x{200f}\\x{202a}-\\x{202e}é \\x{1f469}\\x{6cc}\\x{e0041}]{0,24}"
        ) {
            let once = safe(&text).into_owned();
            prop_assert!(!once.chars().any(is_forbidden), "{:?}", once);
            prop_assert_eq!(safe(&once), once.as_str());
            let lines = safe_lines(&text).into_owned();
            prop_assert!(!lines.chars().any(|c| c != '\n' && is_forbidden(c)));
            prop_assert_eq!(safe_lines(&lines), lines.as_str());
        }
    }
}
