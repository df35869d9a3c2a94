//! Width, cutting and safety of text as the screens draw it.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// Cells of one grapheme cluster.
fn cluster(text: &str) -> usize {
    let sum: usize = text.chars().map(|c| c.width().unwrap_or(0)).sum();
    let wide = text.contains('\u{fe0f}') || text.contains('\u{200d}');
    if wide { sum.clamp(1, 2).max(2) } else { sum.min(2) }
}

/// Cells that `text` takes, by grapheme clusters.
pub fn cells(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(cluster).sum() }
}

/// `text` in at most `width` cells, with `…` (or `.`) where something was left out.
pub fn cut<'a>(text: &'a str, width: usize, ascii: bool) -> Cow<'a, str> {
    if cells(text) <= width {
        return Cow::Borrowed(text);
    }
    let Some(room) = width.checked_sub(1) else { return Cow::Borrowed("") };
    let (mut end, mut used) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        let wide = cluster(grapheme);
        if used + wide > room {
            break;
        }
        used += wide;
        end = at + grapheme.len();
    }
    Cow::Owned(format!("{}{}", &text[..end], if ascii { "~" } else { "…" }))
}

/// What may reach the terminal: no control characters, no bidi overrides, tabs as spaces.
pub fn safe(text: &str) -> Cow<'_, str> {
    let bad = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}');
    if !text.contains(bad) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if matches!(c, '\t' | '\n' | '\r') { ' ' } else { c }).filter(|c| !bad(*c)).collect())
}

/// `text` in lines of at most `width` cells, broken at spaces where there are any.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let (mut line, mut used) = (String::new(), 0);
        for word in paragraph.split_word_bounds() {
            let wide = cells(word);
            if used + wide > width && used > 0 {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
                used = 0;
                if word.trim().is_empty() {
                    continue;
                }
            }
            line.push_str(word);
            used += wide;
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}
