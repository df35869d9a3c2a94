//! The words of the screens: looked up by section and key, filled with values, in ASCII where the terminal has nothing else.

use std::collections::HashMap;

use crate::text::words::Words;

const ENGLISH: &str = include_str!("../../assets/text/screens.en.toml");

/// The words of one language.
#[derive(Clone, Debug)]
pub struct Say {
    words: HashMap<String, String>,
    /// Words of codes: channels, reasons, measures, bands.
    pub codes: Words,
    ascii: bool,
}

impl Say {
    /// English. `ascii` writes dots, arrows and dashes in ASCII.
    pub fn english(ascii: bool) -> Say {
        let table: toml::Table =
            toml::from_str(ENGLISH).expect("the shipped words parse; a test reads them");
        let mut words = HashMap::new();
        for (section, entries) in &table {
            for (key, value) in entries.as_table().into_iter().flatten() {
                let text = value.as_str().unwrap_or_default();
                words.insert(
                    format!("{section}.{key}"),
                    if ascii {
                        to_ascii(text)
                    } else {
                        text.to_owned()
                    },
                );
            }
        }
        Say {
            words,
            codes: Words::english(),
            ascii,
        }
    }

    /// The words under `section.key`, if there are any.
    pub fn find(&self, key: &str) -> Option<&str> {
        self.words.get(key).map(String::as_str)
    }

    /// A reason for being in the queue with its figure.
    pub fn why(&self, code: &str, figure: i32) -> String {
        let text = self.codes.why(code, i64::from(figure));
        if self.ascii { to_ascii(&text) } else { text }
    }

    /// The words under `section.key`; the key itself where they are missing, so that a gap is seen and not silent.
    pub fn word<'a>(&'a self, key: &'a str) -> &'a str {
        self.find(key).unwrap_or(key)
    }

    /// The words under `section.key` with `{name}` replaced.
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut text = self.word(key).to_owned();
        for (name, value) in values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

fn to_ascii(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '·' => out.push('-'),
            '…' => out.push_str("..."),
            '→' => out.push_str("->"),
            '›' => out.push('>'),
            '✓' => out.push('x'),
            '←' => out.push_str("<-"),
            c if c.is_ascii() => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}
