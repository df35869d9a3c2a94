//! Width, cutting and wrapping of text as the screens draw it; the rules are those of [`crate::text`].

use std::borrow::Cow;

pub use crate::text::{cells, safe, wrap};

/// `text` in at most `width` cells, with a sign where something was left out: `…`, or `~` where only ASCII is drawn.
pub fn cut(text: &str, width: usize, ascii: bool) -> Cow<'_, str> {
    if !ascii || cells(text) <= width {
        return crate::text::cut(text, width);
    }
    if width == 0 {
        return Cow::Borrowed("");
    }
    Cow::Owned(format!(
        "{}~",
        crate::text::cut(text, width).trim_end_matches('…')
    ))
}

/// A count with thousands apart: `1,284`.
pub fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}
