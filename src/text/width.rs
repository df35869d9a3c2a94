//! How many terminal cells a text takes, and cutting, padding and wrapping it by them.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The cells that the text takes on the screen: the sum over its grapheme clusters, as the screen draws one cluster after
/// the other. The width of the whole text is smaller where letters join (لا).
pub fn cells(text: &str) -> usize {
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        text.len()
    } else {
        text.graphemes(true).map(cluster).sum()
    }
}

/// The cells of one grapheme cluster. Controls are never drawn; half-width sound marks get one more, as the
/// screen's own count has it.
#[allow(
    clippy::disallowed_methods,
    reason = "the one place that measures, cluster by cluster"
)]
fn cluster(grapheme: &str) -> usize {
    if grapheme.contains(char::is_control) {
        return 0;
    }
    grapheme.width()
        + grapheme
            .chars()
            .filter(|c| matches!(c, '\u{ff9e}' | '\u{ff9f}'))
            .count()
}

/// The text in at most `width` cells; where it is cut it ends in `…`.
pub fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if cells(text) <= width {
        return Cow::Borrowed(text);
    }
    if width == 0 {
        return Cow::Borrowed("");
    }
    let mut out = head(text, width - 1).to_owned();
    out.push('…');
    Cow::Owned(out)
}

/// The longest start of the text that fits in `width` cells.
fn head(text: &str, width: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += cluster(grapheme);
        if used > width {
            return &text[..at];
        }
    }
    text
}

/// The text cut to `width` cells and filled with spaces on the right: exactly `width` cells.
pub fn pad(text: &str, width: usize) -> String {
    let mut out = cut(text, width).into_owned();
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(cells(&out))));
    out
}

/// The text cut to `width` cells and filled with spaces on the left: exactly `width` cells.
pub fn pad_left(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let mut out = " ".repeat(width.saturating_sub(cells(&text)));
    out.push_str(&text);
    out
}

/// The text in lines of at most `width` cells (at least one), broken between words, inside a word only when it is longer
/// than a line. Line breaks of the text stay; an empty text is one empty line.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split_whitespace() {
            let wide = cells(word);
            if used > 0 && used + 1 + wide <= width {
                line.push(' ');
                used += 1;
            } else if used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if wide <= width {
                line.push_str(word);
                used += wide;
            } else {
                used = break_word(word, width, &mut line, &mut lines);
            }
        }
        lines.push(line);
    }
    lines
}

/// Spreads a word that is longer than a line over lines; the rest is left in `line`, its cells are the answer.
fn break_word(word: &str, width: usize, line: &mut String, lines: &mut Vec<String>) -> usize {
    let mut used = 0;
    for grapheme in word.graphemes(true) {
        // A wide letter on a line of one cell can't be shown.
        let (grapheme, wide) = if cluster(grapheme) > width {
            ("…", 1)
        } else {
            (grapheme, cluster(grapheme))
        };
        if used + wide > width {
            lines.push(std::mem::take(line));
            used = 0;
        }
        line.push_str(grapheme);
        used += wide;
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn widths_are_those_of_the_drawn_clusters() {
        let cases = [
            ("", 0),
            ("Acme", 4),
            ("株式", 4),
            ("e\u{301}", 1),
            ("👩\u{200d}👧", 2),
            ("🇹🇷", 2),
            ("سلام", 4),
            ("❤\u{fe0f}", 2),
            ("…", 1),
        ];
        for (text, width) in cases {
            assert_eq!(cells(text), width, "{text}");
        }
    }

    #[test]
    fn the_screen_draws_as_many_cells_as_are_counted() {
        for text in [
            "Acme",
            "株式会社さくら",
            "سلام دنیا",
            "اطلاعات",
            "e\u{301}x",
            "👩\u{200d}👧!",
            "1️⃣",
            "ｶﾞ",
            "کتاب\u{200c}خانه",
        ] {
            let mut buffer =
                ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, 60, 1));
            let (end, _) = buffer.set_stringn(0, 0, text, 60, ratatui::style::Style::default());
            assert_eq!(cells(text), usize::from(end), "{text}");
        }
    }

    #[test]
    fn cutting_keeps_clusters_whole() {
        assert_eq!(cut("Acme Foods", 10), "Acme Foods");
        assert_eq!(cut("Acme Foods", 5), "Acme…");
        assert_eq!(cut("株式会社", 4), "株…");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(cut("Acme", 1), "…");
        assert_eq!(cut("Acme", 0), "");
        assert_eq!(pad("株式会社", 4), "株… ");
        assert_eq!(pad_left("42", 5), "   42");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrap("a abcdefghij b", 4), ["a", "abcd", "efgh", "ij b"]);
        assert_eq!(wrap("one\n\ntwo", 9), ["one", "", "two"]);
        assert_eq!(wrap("", 9), [""]);
        assert_eq!(wrap("株式会社", 4), ["株式", "会社"]);
        assert_eq!(wrap("株", 1), ["…"]);
    }

    proptest! {
        #[test]
        fn cut_and_pad_keep_their_width(text in "\\PC{0,16}", width in 0usize..20) {
            prop_assert!(cells(&cut(&text, width)) <= width);
            prop_assert_eq!(cells(&pad(&text, width)), width);
            prop_assert_eq!(cells(&pad_left(&text, width)), width);
            for line in wrap(&text, width.max(1)) {
                prop_assert!(cells(&line) <= width.max(1));
            }
        }
    }
}
