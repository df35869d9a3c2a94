//! Cells of a CSV that a spreadsheet would run as formulas: written with an apostrophe before them, and read without it.

use std::borrow::Cow;

/// True for a cell that a spreadsheet may run (OWASP, "CSV Injection"): its first sign, apostrophes, blanks and what nobody sees
/// apart (a byte order mark, zero-width characters), begins a formula, also in its full-width form. A plain number is none.
fn runs(cell: &str) -> bool {
    let begins = |c: char| matches!(c, '\t' | '\r' | '\n');
    let unseen =
        |c: char| c == '\'' || !begins(c) && (c.is_whitespace() || crate::text::looks_empty(c));
    let rest = cell.trim_start_matches(unseen);
    rest.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
        && cell.parse::<f64>().is_err()
}

/// The cell as it is written.
pub fn guarded(cell: &str) -> Cow<'_, str> {
    if runs(cell) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// The cell as it was before [`guarded`].
pub fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|rest| runs(rest))
        .unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_held_and_numbers_and_words_are_not() {
        for cell in [
            "=1+1",
            "+cmd",
            "-2+3",
            "@sum(a1)",
            "\t=x",
            "\r=x",
            "\n=x",
            " =x",
            "\u{a0}=x",
            "＝x",
            "'=x",
            "''  -x",
            "\u{feff}=x",
            "\u{200b}\u{2060}+x",
            "' \u{feff}'@x",
            "\u{1}=x",
            "\u{2003}\u{ad}-x",
        ] {
            assert_eq!(guarded(cell), format!("'{cell}"), "{cell:?}");
        }
        for cell in [
            "", "Acme", "-12.50", "+3", "1-2", "'quoted'", "' x", "a=b", "-",
        ]
        .iter()
        .filter(|c| **c != "-")
        {
            assert_eq!(guarded(cell), *cell, "{cell:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was(cell in "['=+@\\- \\t\\n＝ab1.\u{feff}\u{200b}]{0,8}|.{0,12}") {
            let written = guarded(&cell).into_owned();
            prop_assert!(!runs(&written) || written.starts_with('\''));
            prop_assert_eq!(unguarded(&written), cell.as_str());
        }
    }
}
