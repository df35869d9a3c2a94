//! Reading a filter line. Every mistake names the bytes that are wrong and says what would be right.

use super::value;
use super::{Atom, Fields, Filter, Named, Node, Op, is_keyword, special};
use crate::domain::field::FieldKind;
use crate::domain::query::Mistake;

/// Longest filter, in bytes; most terms; deepest parentheses. Beyond them a filter is nobody's, and a book may come from anybody.
const LONGEST: usize = 8192;
const TERMS: usize = 200;
const DEEPEST: usize = 50;

pub(super) fn filter(text: &str, fields: &Fields) -> Result<Filter, Mistake> {
    if text.len() > LONGEST {
        let start = text.floor_char_boundary(LONGEST);
        return Err(mistake(
            start,
            text.len(),
            say!("parse.filter_longer_than_letters", longest = LONGEST),
        ));
    }
    let mut parser = Parser {
        text,
        at: 0,
        fields,
        depth: 0,
        terms: 0,
    };
    let root = parser.any()?;
    if parser.peek() == Some(')') {
        return Err(mistake(
            parser.at,
            parser.at + 1,
            say!("parse.this_no_before"),
        ));
    }
    Ok(Filter { root })
}

fn mistake(start: usize, end: usize, message: impl Into<String>) -> Mistake {
    Mistake {
        start,
        end,
        message: message.into(),
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    fields: &'t Fields,
    depth: usize,
    terms: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The next character that is not blank.
    fn peek(&mut self) -> Option<char> {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.rest().chars().next()
    }

    /// The keyword that comes next, if one does.
    fn keyword(&mut self) -> Option<&'t str> {
        self.peek()?;
        let raw = raw_term(self.rest());
        is_keyword(raw).then_some(raw)
    }

    fn any(&mut self) -> Result<Node, Mistake> {
        let mut branches = vec![self.all()?];
        while let Some(word) = self.keyword() {
            // Only `or` gets here: `and` is stepped over between terms.
            let (start, end) = (self.at, self.at + word.len());
            self.at = end;
            let next = self.all()?;
            if is_nothing(&next) || branches.last().is_some_and(is_nothing) {
                return Err(mistake(
                    start,
                    end,
                    say!("parse.needs_term_on_both", word = word),
                ));
            }
            branches.push(next);
        }
        Ok(if branches.len() == 1 {
            branches.swap_remove(0)
        } else {
            Node::Any(branches)
        })
    }

    fn all(&mut self) -> Result<Node, Mistake> {
        let mut nodes = Vec::new();
        loop {
            if let Some(word) = self.keyword() {
                if !word.eq_ignore_ascii_case("and") {
                    break;
                }
                let (start, end) = (self.at, self.at + word.len());
                self.at = end;
                let ends = matches!(self.peek(), None | Some(')')) || self.keyword().is_some();
                if nodes.is_empty() || ends {
                    return Err(mistake(
                        start,
                        end,
                        say!("parse.needs_term_on_both", word = word),
                    ));
                }
                continue;
            }
            match self.peek() {
                None | Some(')') => break,
                Some(_) => nodes.push(self.unary()?),
            }
        }
        Ok(if nodes.len() == 1 {
            nodes.swap_remove(0)
        } else {
            Node::All(nodes)
        })
    }

    fn unary(&mut self) -> Result<Node, Mistake> {
        let start = self.at;
        let dashes = self.rest().bytes().take_while(|b| *b == b'-').count();
        self.at += dashes;
        self.terms += 1;
        if self.terms > TERMS {
            return Err(mistake(
                start,
                self.text.len(),
                say!("parse.filter_more_than_terms", terms = TERMS),
            ));
        }
        let node = match self.rest().chars().next() {
            Some('(') => self.group()?,
            Some(c) if !c.is_whitespace() && c != ')' => self.term()?,
            _ => {
                return Err(mistake(
                    start,
                    self.at,
                    say!("parse.turns_round_what_stands"),
                ));
            }
        };
        Ok(if dashes % 2 == 1 { negate(node) } else { node })
    }

    fn group(&mut self) -> Result<Node, Mistake> {
        let open = self.at;
        self.at += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(mistake(
                open,
                open + 1,
                say!("parse.parentheses_go_deeper_than", deepest = DEEPEST),
            ));
        }
        let node = self.any()?;
        if self.peek() != Some(')') {
            return Err(mistake(open, open + 1, say!("parse.this_not_closed")));
        }
        self.at += 1;
        self.depth -= 1;
        if is_nothing(&node) {
            return Err(mistake(
                open,
                self.at,
                say!("parse.there_nothing_between_these"),
            ));
        }
        Ok(node)
    }

    fn term(&mut self) -> Result<Node, Mistake> {
        let raw = raw_term(self.rest());
        let start = self.at;
        let end = start + raw.len();
        self.at = end;
        let wrong = |message: String| mistake(start, end, message);
        for (sign, code) in [('@', "owner"), ('#', "tag")] {
            if let Some(values) = raw.strip_prefix(sign) {
                let named = self
                    .fields
                    .find(code)
                    .ok_or_else(|| wrong(say!("parse.no_meaning_here", sign = sign).to_string()))?;
                return test(named, Op::Has, values).map_err(wrong);
            }
        }
        let Some(split) = operator(raw) else {
            let word = unquote(raw);
            let flag = self.fields.flag(&word);
            return match flag {
                _ if word.is_empty() => Err(wrong(
                    say!("parse.there_nothing_between_these_quotes").into(),
                )),
                Some(named) if !raw.contains('"') => {
                    Ok(Node::Test(named, Op::Has, vec![Atom::Text("yes".into())]))
                }
                flag => Ok(Node::Word(word, flag.is_some())),
            };
        };
        let (name, rest) = raw.split_at(split);
        let Some(named) = self.fields.find(name) else {
            return Err(mistake(
                start,
                start + split.max(1),
                unknown(name, self.fields),
            ));
        };
        let (op, len) = match rest.as_bytes() {
            [b'<', b'=', ..] => (Op::AtMost, 2),
            [b'>', b'=', ..] => (Op::AtLeast, 2),
            [b'<', ..] => (Op::Less, 1),
            [b'>', ..] => (Op::More, 1),
            [b'=', ..] => (Op::Is, 1),
            _ => (Op::Has, 1),
        };
        test_checked(named, op, &rest[len..], self.fields).map_err(wrong)
    }
}

fn is_nothing(node: &Node) -> bool {
    matches!(node, Node::All(nodes) if nodes.is_empty())
}

fn negate(node: Node) -> Node {
    match node {
        Node::Not(inner) => *inner,
        node => Node::Not(Box::new(node)),
    }
}

/// The term at the start of a text: up to a blank or a parenthesis that is not in quotes. An open quote runs to the end,
/// so that a name can be typed before its second quote is.
pub(super) fn raw_term(text: &str) -> &str {
    let mut quoted = false;
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if !quoted && (c.is_whitespace() || c == '(' || c == ')') => return &text[..i],
            _ => {}
        }
    }
    text
}

/// Where the first operator of a term stands, if it has one outside quotes.
pub(super) fn operator(raw: &str) -> Option<usize> {
    let at = raw.find(['"', ':', '=', '<', '>'])?;
    (raw.as_bytes()[at] != b'"').then_some(at)
}

fn unquote(raw: &str) -> String {
    split_values(raw, false).into_iter().map(|v| v.0).collect()
}

/// The values of a list with whether they had quotes, cut at commas outside quotes where `cut`; empty unquoted ones left out.
fn split_values(raw: &str, cut: bool) -> Vec<(String, bool)> {
    let mut values = vec![(String::new(), false)];
    let (mut quoted, mut escaped) = (false, false);
    for c in raw.chars() {
        let (text, had_quotes) = values
            .last_mut()
            .expect("it starts with one value and only grows");
        match c {
            _ if escaped => {
                text.push(c);
                escaped = false;
            }
            '\\' if quoted => escaped = true,
            '"' => {
                quoted = !quoted;
                *had_quotes = true;
            }
            ',' if cut && !quoted => values.push((String::new(), false)),
            _ => text.push(c),
        }
    }
    values.retain(|(text, had_quotes)| *had_quotes || !text.is_empty());
    values
}

/// A test of a field whose values are words.
fn test(named: Named, op: Op, raw: &str) -> Result<Node, String> {
    let values: Vec<Atom> = split_values(raw, true)
        .into_iter()
        .map(|(text, quoted)| atom(&named, text, quoted))
        .collect();
    if values.is_empty() {
        return Err(say!(
            "parse.needs_value_such_as",
            named = named.code(),
            named_2 = value::example(&named)
        )
        .to_string());
    }
    Ok(Node::Test(named, op, values))
}

fn atom(named: &Named, text: String, quoted: bool) -> Atom {
    match special(&text) {
        Some(Atom::Me) if !quoted && matches!(named, Named::Field(f) if f.code == "owner") => {
            Atom::Me
        }
        Some(Atom::None) if !quoted => Atom::None,
        _ => Atom::Text(text),
    }
}

fn test_checked(named: Named, op: Op, raw: &str, fields: &Fields) -> Result<Node, String> {
    let Node::Test(named, op, mut values) = test(named, op, raw)? else {
        return Ok(Node::All(Vec::new()));
    };
    let compares = !matches!(op, Op::Has | Op::Is);
    if compares
        && matches!(
            named.kind(),
            FieldKind::Text | FieldKind::Choice | FieldKind::Words | FieldKind::Flag
        )
    {
        return Err(say!(
            "parse.no_order_write",
            named = named.code(),
            named_2 = value::example(&named)
        )
        .to_string());
    }
    if compares && (values.len() > 1 || values.contains(&Atom::None)) {
        return Err(say!(
            "parse.takes_one_value_such",
            named = named.code(),
            sign = op.sign(),
            named_2 = value::example(&named)
        )
        .to_string());
    }
    for text in values.iter().filter_map(|v| {
        if let Atom::Text(text) = v {
            Some(text)
        } else {
            None
        }
    }) {
        if !value::fits(named.kind(), op, text, fields.currency) {
            return Err(say!(
                "parse.does_not_fit_write",
                text = text,
                named = named.code(),
                named_2 = value::example(&named)
            )
            .to_string());
        }
    }
    if named.kind() == FieldKind::Flag {
        return flag(named, &mut values);
    }
    Ok(Node::Test(named, op, values))
}

/// `stuck:yes` and `stuck:no` of a field are the flag and its opposite; of an attribute they are values, for it can be without data.
fn flag(named: Named, values: &mut Vec<Atom>) -> Result<Node, String> {
    for value in values.iter_mut() {
        if let Atom::Text(text) = value {
            *text = if value::yes_no(text) == Some(true) {
                "yes"
            } else {
                "no"
            }
            .to_owned();
        }
    }
    match (&named, values.as_slice()) {
        (Named::Field(_), [Atom::Text(text)]) if text == "no" => Ok(negate(Node::Test(
            named,
            Op::Has,
            vec![Atom::Text("yes".to_owned())],
        ))),
        _ => Ok(Node::Test(named, Op::Has, std::mem::take(values))),
    }
}

fn unknown(name: &str, fields: &Fields) -> String {
    if name.is_empty() {
        return say!("parse.field_stands_before_or").to_string();
    }
    let shown: String = name.chars().take(40).collect();
    let lower = shown.to_lowercase();
    let near = fields
        .names()
        .map(|n| (distance(&lower, &n), n))
        .filter(|(d, n)| *d <= 1 + n.chars().count() / 4)
        .min();
    match near {
        Some((_, near)) => say!("parse.there_no_field_did", shown = shown, near = near).to_string(),
        None => say!("parse.there_no_field_put", shown = shown).to_string(),
    }
}

/// Letters to change, add or drop from one word to the other; 1 for the same letters in another order.
fn distance(a: &str, b: &str) -> usize {
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    if a != b && sorted(a) == sorted(b) {
        return 1;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let next = (corner + usize::from(ca != *cb))
                .min(row[j] + 1)
                .min(row[j + 1] + 1);
            corner = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}
