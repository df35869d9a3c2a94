//! One key as it is written, read and compared: `d`, `G`, `ctrl-p`, `enter`, and sequences such as `g g`.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One key with its modifiers. Shift is part of the character, so `G` is a key and `shift-g` is not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// Ctrl, Alt, and Shift for keys that are no characters.
    pub with: KeyModifiers,
}

/// Names of the keys that are no characters, as they are written in `keys.toml`.
const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
];

impl Key {
    /// The key of a terminal's event, in the one form that is compared.
    pub fn of(event: &KeyEvent) -> Key {
        let mut with =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        if matches!(event.code, KeyCode::Char(_) | KeyCode::BackTab) {
            with -= KeyModifiers::SHIFT;
        }
        Key {
            code: event.code,
            with,
        }
    }

    /// A character without modifiers.
    pub const fn char(c: char) -> Key {
        Key {
            code: KeyCode::Char(c),
            with: KeyModifiers::NONE,
        }
    }

    /// True for what a text field takes as a letter.
    pub fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.with.is_empty()
    }

    /// The key under the same finger on a Latin keyboard: Cyrillic (ЙЦУКЕН) and Greek letters by position.
    #[must_use]
    pub fn by_position(self) -> Key {
        let KeyCode::Char(c) = self.code else {
            return self;
        };
        Key {
            code: KeyCode::Char(latin(c)),
            with: self.with,
        }
    }

    /// Reads one key; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Key> {
        let mut with = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == rest) {
                return Some(Key { code: *code, with });
            }
            if let Some(after) = rest.strip_prefix("ctrl-").filter(|r| !r.is_empty()) {
                with |= KeyModifiers::CONTROL;
                rest = after;
            } else if let Some(after) = rest.strip_prefix("alt-").filter(|r| !r.is_empty()) {
                with |= KeyModifiers::ALT;
                rest = after;
            } else if let Some(after) = rest
                .strip_prefix("shift-")
                .filter(|r| r.chars().count() > 1)
            {
                with |= KeyModifiers::SHIFT;
                rest = after;
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        let c = chars.next()?;
        (chars.next().is_none() && !c.is_control() && c != ' ').then_some(Key {
            code: KeyCode::Char(c),
            with,
        })
    }

    /// Reads a sequence such as `g g`; `None` when a part is no key or there is none.
    pub fn parse_all(text: &str) -> Option<Vec<Key>> {
        let keys: Option<Vec<Key>> = text.split_whitespace().map(Key::parse).collect();
        keys.filter(|k| !k.is_empty())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.with.contains(KeyModifiers::CONTROL) {
            f.write_str("Ctrl-")?;
        }
        if self.with.contains(KeyModifiers::ALT) {
            f.write_str("Alt-")?;
        }
        if self.with.contains(KeyModifiers::SHIFT) {
            f.write_str("Shift-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if self.with.contains(KeyModifiers::CONTROL) => {
                write!(f, "{}", c.to_ascii_uppercase())
            }
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            code => match NAMED.iter().find(|(_, named)| *named == code) {
                Some((name, _)) => write!(f, "{}{}", name[..1].to_ascii_uppercase(), &name[1..]),
                None => write!(f, "{code:?}"),
            },
        }
    }
}

/// A sequence as a person reads it: `g g`, `Ctrl-P`.
pub fn show(keys: &[Key]) -> String {
    keys.iter()
        .map(Key::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

const LATIN: &str = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>~";
const CYRILLIC: &str = "йцукенгшщзхъфывапролджэячсмитьбюёЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁ";
const GREEK_LATIN: &str = "wertyuiopasdfghjklzxcvbnmWERTYUIOPASDFGHJKLZXCVBNM";
const GREEK: &str = "ςερτυθιοπασδφγηξκλζχψωβνμΣΕΡΤΥΘΙΟΠΑΣΔΦΓΗΞΚΛΖΧΨΩΒΝΜ";

fn latin(c: char) -> char {
    let by = |from: &str, to: &str| {
        from.chars()
            .position(|f| f == c)
            .and_then(|at| to.chars().nth(at))
    };
    if c.is_ascii() {
        c
    } else {
        by(CYRILLIC, LATIN)
            .or_else(|| by(GREEK, GREEK_LATIN))
            .unwrap_or(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_as_they_are_written() {
        for (text, shown) in [
            ("d", "d"),
            ("G", "G"),
            ("ctrl-p", "Ctrl-P"),
            ("alt-left", "Alt-Left"),
            ("g g", "g g"),
            ("space", "Space"),
        ] {
            assert_eq!(
                Key::parse_all(text).map(|k| show(&k)).as_deref(),
                Some(shown)
            );
        }
        assert_eq!(Key::parse("-"), Some(Key::char('-')));
        for wrong in ["", "ctrl-", "hello", "shift-g", "ctrl-enter-x"] {
            assert_eq!(Key::parse_all(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn letters_of_other_layouts_go_by_position() {
        assert_eq!(CYRILLIC.chars().count(), LATIN.chars().count());
        assert_eq!(GREEK.chars().count(), GREEK_LATIN.chars().count());
        assert_eq!(Key::char('о').by_position(), Key::char('j'));
        assert_eq!(Key::char('Г').by_position(), Key::char('U'));
        assert_eq!(Key::char('ξ').by_position(), Key::char('j'));
        assert_eq!(Key::char('é').by_position(), Key::char('é'));
    }
}
