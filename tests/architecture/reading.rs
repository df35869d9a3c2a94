//! Reads a Rust source just well enough to judge it: code without comments, texts and tests; the texts by themselves.

use std::path::{Path, PathBuf};

/// One source file below `src`.
pub(super) struct Source {
    /// Below `src`.
    pub(super) path: PathBuf,
    /// Texts in quotes, tests left out.
    pub(super) texts: Vec<String>,
    code: String,
    whole: String,
}

impl Source {
    pub(super) fn new(path: &Path, text: &str) -> Source {
        let (whole, texts) = split(text);
        let tests = test_blocks(&whole);
        let inside = |at: usize| tests.iter().any(|(from, to)| (*from..*to).contains(&at));
        let code = whole
            .char_indices()
            .map(|(at, c)| if inside(at) && c != '\n' { ' ' } else { c })
            .collect();
        let texts = texts
            .into_iter()
            .filter(|(at, _)| !inside(*at))
            .map(|(_, t)| t)
            .collect();
        Source {
            path: path.to_owned(),
            texts,
            code,
            whole,
        }
    }

    /// Its path with slashes.
    pub(super) fn name(&self) -> String {
        self.path
            .iter()
            .map(|p| p.to_string_lossy())
            .collect::<Vec<_>>()
            .join("/")
    }

    /// The layer that it belongs to: the first part of its path.
    pub(super) fn layer(&self) -> String {
        self.name()
            .split('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".rs")
            .to_owned()
    }

    /// Lines, tests left out.
    pub(super) fn lines_of_code(&self) -> usize {
        let lines = self.whole.lines().count();
        let tests: usize = test_blocks(&self.whole)
            .iter()
            .map(|(from, to)| self.whole[*from..*to].lines().count())
            .sum();
        lines.saturating_sub(tests)
    }

    /// Whether the code has this name or path as words of its own.
    pub(super) fn code_has(&self, name: &str) -> bool {
        self.code.match_indices(name).any(|(at, _)| {
            let before = self.code[..at].chars().next_back();
            let after = self.code[at + name.len()..].chars().next();
            !before.is_some_and(is_word) && (name.ends_with('!') || !after.is_some_and(is_word))
        })
    }

    /// Modules at the root of the crate that the code names.
    pub(super) fn modules_named(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices("crate::") {
            if !self.code[..at].chars().next_back().is_some_and(is_word) {
                found.extend(firsts(&self.code[at + "crate::".len()..]));
            }
        }
        let depth = self.path.iter().count();
        let to_root = "super::".repeat(depth);
        for (at, _) in self.code.match_indices(&to_root) {
            let before = self.code[..at].trim_end();
            if !before.ends_with("super::") && !before.chars().next_back().is_some_and(is_word)
                || before.ends_with("use")
            {
                found.extend(firsts(&self.code[at + to_root.len()..]));
            }
        }
        found
    }

    /// Names of structs, enums, traits and type aliases that it declares.
    pub(super) fn types_declared(&self) -> Vec<String> {
        let words: Vec<&str> = self
            .code
            .split(|c| !is_word(c))
            .filter(|w| !w.is_empty())
            .collect();
        let declares = |w: &&str| ["struct", "enum", "trait", "type"].contains(w);
        words
            .windows(2)
            .filter(|pair| declares(&pair[0]))
            .map(|pair| pair[1].to_owned())
            .collect()
    }

    /// Files that it declares as tests: `#[cfg(test)] mod tests;`.
    pub(super) fn test_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for (at, mark) in self.whole.match_indices("#[cfg(test)]") {
            let rest = &self.whole[at + mark.len()..];
            let head: String = rest
                .chars()
                .take_while(|c| !matches!(c, ';' | '{'))
                .collect();
            let mut words = head.split_whitespace().rev();
            if let (Some(name), Some("mod")) = (words.next(), words.next())
                && rest[head.len()..].starts_with(';')
            {
                files.push(self.path.with_extension("").join(format!("{name}.rs")));
            }
        }
        files
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first parts of the path or the group of paths that begins here: `a::b` is a; `{a::b, c::{d, e}}` is a and c.
fn firsts(rest: &str) -> Vec<String> {
    let word = |text: &str| {
        text.trim_start()
            .chars()
            .take_while(|c| is_word(*c))
            .collect::<String>()
    };
    let Some(group) = rest.strip_prefix('{') else {
        return vec![word(rest)];
    };
    let mut found = vec![word(group)];
    let mut depth = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => found.push(word(&group[at + 1..])),
            _ => {}
        }
    }
    found
}

/// Byte ranges of `#[cfg(test)] ... { ... }`.
fn test_blocks(code: &str) -> Vec<(usize, usize)> {
    let mut blocks = Vec::new();
    for (at, mark) in code.match_indices("#[cfg(test)]") {
        let rest = &code[at + mark.len()..];
        let Some(open) = rest
            .find(['{', ';'])
            .filter(|i| rest[*i..].starts_with('{'))
        else {
            continue;
        };
        let mut depth = 0_usize;
        let end = rest[open..].char_indices().find_map(|(i, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(i)
        });
        let end = end.map_or(code.len(), |i| at + mark.len() + open + i + 1);
        blocks.push((at, end));
    }
    blocks
}

/// The code with comments and the insides of texts as spaces (every byte stays where it was), and the texts with their places.
fn split(text: &str) -> (String, Vec<(usize, String)>) {
    let bytes = text.as_bytes();
    let (mut code, mut texts, mut at) = (bytes.to_vec(), Vec::new(), 0);
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        let end = if rest.starts_with(b"//") {
            blank(
                &mut code,
                at,
                at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
            )
        } else if rest.starts_with(b"/*") {
            blank(&mut code, at, at + comment_length(rest))
        } else if let Some((open, inside, close)) =
            text_lengths(rest, at.checked_sub(1).map(|i| bytes[i]))
        {
            let (from, to) = (at + open, at + open + inside);
            texts.push((at, String::from_utf8_lossy(&bytes[from..to]).into_owned()));
            blank(&mut code, from, to) + close
        } else if let Some(length) = char_length(rest) {
            blank(&mut code, at + 1, at + length - 1) + 1
        } else {
            at + 1
        };
        at = end;
    }
    (String::from_utf8_lossy(&code).into_owned(), texts)
}

fn blank(code: &mut [u8], from: usize, to: usize) -> usize {
    for byte in &mut code[from..to] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
    to
}

fn comment_length(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at.min(rest.len())
}

/// Lengths of the opening, the inside and the closing of a text that begins here: "..", r"..", r#".."#, b"..".
fn text_lengths(rest: &[u8], before: Option<u8>) -> Option<(usize, usize, usize)> {
    if before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') && rest[0] != b'"' {
        return None;
    }
    let prefix = rest
        .iter()
        .take(2)
        .take_while(|b| matches!(b, b'r' | b'b' | b'c'))
        .count();
    let raw = rest[..prefix].contains(&b'r');
    let marks = if raw {
        rest[prefix..].iter().take_while(|b| **b == b'#').count()
    } else {
        0
    };
    let open = prefix + marks + 1;
    if rest.get(open - 1) != Some(&b'"') {
        return None;
    }
    let closing: Vec<u8> = std::iter::once(b'"')
        .chain(std::iter::repeat_n(b'#', marks))
        .collect();
    let mut at = open;
    while at < rest.len() && !rest[at..].starts_with(&closing) {
        at += if !raw && rest[at] == b'\\' { 2 } else { 1 };
    }
    let at = at.min(rest.len());
    Some((open, at - open, closing.len().min(rest.len() - at)))
}

/// Length of a character in quotes that begins here; `None` for a lifetime.
fn char_length(rest: &[u8]) -> Option<usize> {
    if rest[0] != b'\'' {
        return None;
    }
    if rest.get(1) == Some(&b'\\') {
        return rest.iter().skip(3).position(|b| *b == b'\'').map(|i| i + 4);
    }
    let text = std::str::from_utf8(&rest[1..rest.len().min(6)]);
    let first = match text {
        Ok(text) => text.chars().next(),
        Err(e) => std::str::from_utf8(&rest[1..1 + e.valid_up_to()])
            .ok()
            .and_then(|t| t.chars().next()),
    }?;
    let end = 1 + first.len_utf8();
    (rest.get(end) == Some(&b'\'')).then_some(end + 1)
}
