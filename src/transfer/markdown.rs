//! Text from the book within Markdown: on one line, and nothing of it counts as a mark.

use crate::text::safe;

/// The whole text as one line in which nothing counts as Markdown.
pub fn line(text: &str) -> String {
    cut(text, usize::MAX)
}

/// The same of at most so many characters; what is more shows as an ellipsis.
pub fn cut(text: &str, most: usize) -> String {
    let flat: String = safe(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(flat.len());
    for (at, c) in flat.chars().enumerate() {
        if at >= most {
            out.push('…');
            break;
        }
        let starts = at == 0 && matches!(c, '-' | '+' | '#' | '=' | '~');
        if starts
            || matches!(
                c,
                '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&'
            )
        {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
