//! Sentences as values: a code and its arguments, and what they say in English.
//!
//! The words stand in `assets/text/<language>.toml` under `[say]`, one line a sentence, sorted by their codes. `say!` makes one
//! and is checked when the program is compiled: the code has to be there, and the placeholders have to be those that are named.
//! A placeholder is `{name}`; `{n|row|rows}` is the form for the count `n`, one and several (a language has as many forms as it
//! needs). What is filled in is not read again.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;

use serde::Serialize;

/// What is filled into a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Arg {
    /// A number of things: says which form a word has.
    Count(i64),
    /// A name, a text, a figure that is written the same in every language.
    Text(String),
    /// Another sentence.
    Said(Sentence),
    /// Several, with a comma between two.
    Many(Vec<Arg>),
}

/// A sentence, or a part of one: what it says in English, and where it is one of the words file, its code and arguments.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Sentence {
    english: String,
    said: Option<Box<Said>>,
}

/// The code of a sentence in the words file, and what is filled in.
#[derive(Clone, PartialEq, Eq)]
struct Said {
    code: Cow<'static, str>,
    args: Vec<(Cow<'static, str>, Arg)>,
}

impl Sentence {
    /// A sentence of the words file; `say!` makes it.
    pub fn new(code: &'static str, at: Range, args: Vec<(&'static str, Arg)>) -> Sentence {
        let args: Vec<(Cow<'static, str>, Arg)> = args
            .into_iter()
            .map(|(name, arg)| (Cow::Borrowed(name), arg))
            .collect();
        let english = filled(&english(at), &args, english_form, &|arg| arg.english());
        let code = Cow::Borrowed(code);
        Sentence {
            english,
            said: Some(Box::new(Said { code, args })),
        }
    }

    /// What it says in English.
    pub fn as_str(&self) -> &str {
        &self.english
    }

    /// Its code in the words file; empty for a text that has none.
    pub fn code(&self) -> &str {
        self.said.as_ref().map_or("", |said| &said.code)
    }

    /// The same in another language: its template by a code, and its form for a count. What has no template is said in English.
    pub fn in_words(&self, template: &dyn Fn(&str) -> Option<String>, form: Form) -> String {
        let own = self
            .said
            .as_ref()
            .and_then(|said| Some((template(&said.code)?, said)));
        let Some((own, said)) = own else {
            return self.english.clone();
        };
        filled(&own, &said.args, form, &|arg| arg.in_words(template, form))
    }
}

impl Arg {
    fn english(&self) -> String {
        match self {
            Arg::Count(n) => n.to_string(),
            Arg::Text(text) => text.clone(),
            Arg::Said(sentence) => sentence.english.clone(),
            Arg::Many(all) => joined(all.iter().map(Arg::english)),
        }
    }

    fn in_words(&self, template: &dyn Fn(&str) -> Option<String>, form: Form) -> String {
        match self {
            Arg::Said(sentence) => sentence.in_words(template, form),
            Arg::Many(all) => joined(all.iter().map(|arg| arg.in_words(template, form))),
            _ => self.english(),
        }
    }
}

fn joined(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join(", ")
}

/// Which of a word's forms stands with a count, from 0.
pub type Form = fn(i64) -> usize;

/// English: one, and any other number.
fn english_form(n: i64) -> usize {
    usize::from(n.unsigned_abs() != 1)
}

/// A template with its placeholders filled, in one pass. A name without a value stays as it is.
fn filled(
    template: &str,
    args: &[(Cow<'static, str>, Arg)],
    form: Form,
    say: &dyn Fn(&Arg) -> String,
) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let inner = rest.find('}').map(|end| &rest[1..end]);
        let found = inner.and_then(|inner| {
            let mut forms = inner.split('|');
            let name = forms.next().unwrap_or_default();
            let (_, arg) = args.iter().find(|(key, _)| key == name)?;
            let forms: Vec<&str> = forms.collect();
            Some((inner.len() + 2, arg, forms))
        });
        match found {
            Some((len, arg, forms)) => {
                match (arg, forms.last()) {
                    (Arg::Count(n), Some(last)) => {
                        out.push_str(forms.get(form(*n)).unwrap_or(last))
                    }
                    _ => out.push_str(&say(arg)),
                }
                rest = &rest[len..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Scripts read what it says.
impl Serialize for Sentence {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.english)
    }
}

impl Deref for Sentence {
    type Target = str;

    fn deref(&self) -> &str {
        &self.english
    }
}

impl Borrow<str> for Sentence {
    fn borrow(&self) -> &str {
        &self.english
    }
}

impl AsRef<str> for Sentence {
    fn as_ref(&self) -> &str {
        &self.english
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

impl fmt::Debug for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.english, f)
    }
}

impl PartialEq<str> for Sentence {
    fn eq(&self, other: &str) -> bool {
        self.english == other
    }
}

impl PartialEq<&str> for Sentence {
    fn eq(&self, other: &&str) -> bool {
        self.english == *other
    }
}

impl PartialEq<String> for Sentence {
    fn eq(&self, other: &String) -> bool {
        self.english == *other
    }
}

/// A text without a code: what came from outside, and what has no words in the file yet.
impl From<String> for Sentence {
    fn from(english: String) -> Sentence {
        Sentence {
            english,
            ..Sentence::default()
        }
    }
}

impl From<&str> for Sentence {
    fn from(english: &str) -> Sentence {
        Sentence::from(english.to_owned())
    }
}

impl From<&String> for Sentence {
    fn from(english: &String) -> Sentence {
        Sentence::from(english.clone())
    }
}

impl From<Sentence> for String {
    fn from(sentence: Sentence) -> String {
        sentence.english
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Arg {
        Arg::Text(text.to_owned())
    }
}

/// A value that `say!` fills in. What a value becomes follows from its type: a count, a sentence, several, or its text.
#[doc(hidden)]
pub struct Filling<'a, T: ?Sized>(pub &'a T);

/// Whole numbers.
#[doc(hidden)]
pub trait ByCount {
    fn arg(&self) -> Arg;
}

/// Sentences, one or several.
#[doc(hidden)]
pub trait BySentence {
    fn arg(&self) -> Arg;
}

/// Whatever has a text.
#[doc(hidden)]
pub trait ByText {
    fn arg(&self) -> Arg;
}

macro_rules! counts {
    ($($kind:ty),*) => {$(
        impl ByCount for &&Filling<'_, $kind> {
            fn arg(&self) -> Arg {
                Arg::Count(i64::try_from(*self.0).unwrap_or(i64::MAX))
            }
        }
    )*};
}
counts!(i64, i32, u8, u16, u32, u64, usize);

impl BySentence for &Filling<'_, Sentence> {
    fn arg(&self) -> Arg {
        Arg::Said(self.0.clone())
    }
}

impl BySentence for &Filling<'_, &Sentence> {
    fn arg(&self) -> Arg {
        Arg::Said((*self.0).clone())
    }
}

impl BySentence for &Filling<'_, Vec<Sentence>> {
    fn arg(&self) -> Arg {
        Arg::Many(self.0.iter().cloned().map(Arg::Said).collect())
    }
}

impl<T: fmt::Display + ?Sized> ByText for Filling<'_, T> {
    fn arg(&self) -> Arg {
        Arg::Text(self.0.to_string())
    }
}

/// A sentence of the words file by its code, with its placeholders by their names: `say!("undo.done", what = label, n = 3)`.
macro_rules! say {
    ($code:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        const AT: (usize, usize) = $crate::sentence::check($code, &[$(stringify!($name)),*]);
        $crate::sentence::Sentence::new(
            $code,
            AT,
            vec![$((stringify!($name), {
                #[allow(unused_imports)]
                use $crate::sentence::{ByCount as _, BySentence as _, ByText as _, Filling};
                match &$value {
                    value => (&&&Filling(value)).arg(),
                }
            })),*],
        )
    }};
}
const WORDS: &str = include_str!("../assets/text/en.toml");

/// The text of a line of the words file, from its first byte to behind its last one.
type Range = (usize, usize);

/// The English text at a place that [`check`] has found.
fn english(at: Range) -> Cow<'static, str> {
    let text = &WORDS[at.0..at.1];
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match (c, if c == '\\' { letters.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some(other)) => out.push(other),
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Finds the English text of a code; stops the compiler where there is none, or where it has other placeholders.
pub const fn check(code: &str, names: &[&str]) -> Range {
    let Some((start, end)) = find(WORDS.as_bytes(), code.as_bytes()) else {
        panic!("assets/text/en.toml has no sentence of this code under [say]");
    };
    let words = WORDS.as_bytes();
    let mut used = 0_u64;
    let mut at = start;
    while at < end {
        if words[at] == b'{' {
            let from = at + 1;
            at = from;
            while at < end && (words[at].is_ascii_alphanumeric() || words[at] == b'_') {
                at += 1;
            }
            assert!(
                at < end && (words[at] == b'}' || words[at] == b'|'),
                "a brace that opens no placeholder"
            );
            let mut which = 0;
            while which < names.len() && !same(words, from, at, names[which].as_bytes()) {
                which += 1;
            }
            assert!(
                which < names.len(),
                "the sentence has a placeholder that is not named here"
            );
            used |= 1 << which;
        }
        at += 1;
    }
    assert!(
        used.count_ones() as usize == names.len(),
        "a name that the sentence has no placeholder for"
    );
    (start, end)
}

const fn same(words: &[u8], from: usize, to: usize, name: &[u8]) -> bool {
    if to - from != name.len() {
        return false;
    }
    let mut at = 0;
    while at < name.len() {
        if words[from + at] != name[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Where the sentences begin: behind the line `[say]`.
const fn first(words: &[u8]) -> usize {
    let mut at = words.len() - 1;
    while at > 6 {
        if words[at] == b'\n' && same(words, at - 6, at, b"\n[say]") {
            return at + 1;
        }
        at -= 1;
    }
    panic!("no [say]")
}

const FIRST: usize = first(WORDS.as_bytes());

/// The bytes of the text of a code, found by halves: the lines are sorted.
const fn find(words: &[u8], code: &[u8]) -> Option<(usize, usize)> {
    let (mut low, mut high) = (FIRST, words.len());
    while low < high {
        let mut line = low + (high - low) / 2;
        while line > low && words[line - 1] != b'\n' {
            line -= 1;
        }
        let mut end = line;
        while end < words.len() && words[end] != b'\n' {
            end += 1;
        }
        let mut at = 0;
        while at < code.len() && line + at < end && words[line + at] == code[at] {
            at += 1;
        }
        let theirs = if line + at < end {
            words[line + at]
        } else {
            b' '
        };
        if at == code.len() && theirs == b' ' {
            // Behind ` = "` and before the last `"`.
            return Some((line + at + 4, end - 1));
        }
        let ours = if at < code.len() { code[at] } else { b' ' };
        if ours < theirs {
            high = line;
        } else {
            low = end + 1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_sentence_and_they_are_sorted() {
        let words: toml::Table = toml::from_str(WORDS).expect("TOML");
        let say = words["say"].as_table().expect("sentences");
        let lines = WORDS[FIRST..].lines();
        let codes: Vec<&str> = lines
            .map(|line| line.split_once(" = \"").expect("a key and a text").0)
            .collect();
        for pair in codes.windows(2) {
            assert!(pair[0] < pair[1], "{} stands before {}", pair[0], pair[1]);
        }
        for code in codes {
            let (area, own) = code.split_once('.').expect("an area and a name");
            let at = find(WORDS.as_bytes(), code.as_bytes()).expect("found");
            assert_eq!(Some(&*english(at)), say[area][own].as_str(), "{code}");
        }
    }

    /// A translator reads each once; `any.` stands before what more than one part of the program says.
    #[test]
    fn no_sentence_stands_there_twice() {
        let mut texts: Vec<&str> = WORDS[FIRST..]
            .lines()
            .map(|line| line.split_once(" = ").expect("a text").1)
            .collect();
        texts.sort_unstable();
        for pair in texts.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
    }

    #[test]
    fn what_is_filled_in_is_not_read_again() {
        let args = |n: i64, name: &str| {
            vec![
                (Cow::Borrowed("n"), Arg::Count(n)),
                (Cow::Borrowed("name"), Arg::from(name)),
            ]
        };
        let say = |template: &str, n, name: &str| {
            filled(template, &args(n, name), english_form, &|arg| arg.english())
        };
        let rows = "{n} {n|row|rows} of {name}";
        assert_eq!(say(rows, 1, "Acme"), "1 row of Acme");
        assert_eq!(say(rows, 1_200, "{n}"), "1200 rows of {n}");
        assert_eq!(say("{gone} { {} {n", 3, "x"), "{gone} { {} {n");
    }

    #[test]
    fn another_language_says_it_with_its_own_forms() {
        let said = Said {
            code: "t.rows".into(),
            args: vec![
                ("n".into(), Arg::Count(5)),
                ("what".into(), Arg::Said("x".into())),
            ],
        };
        let sentence = Sentence {
            english: "5 rows".into(),
            said: Some(Box::new(said)),
        };
        let russian: Form = |n| match (n % 10, n % 100) {
            (1, rest) if rest != 11 => 0,
            (2..=4, rest) if !(12..=14).contains(&rest) => 1,
            _ => 2,
        };
        let template = |code: &str| {
            (code == "t.rows").then(|| "{what}: {n} {n|строка|строки|строк}".to_owned())
        };
        assert_eq!(sentence.in_words(&template, russian), "x: 5 строк");
        assert_eq!(sentence.in_words(&|_| None, russian), "5 rows");
        let text = serde_json::to_string(&sentence).expect("JSON");
        assert_eq!(text, "\"5 rows\"");
    }
}
