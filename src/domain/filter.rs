//! The filter language: one grammar for the filter line, the CLI and saved views; parsed, completed and matched here.
//!
//! Terms stand side by side and all have to hold; `or` between them, `( )` around them, `-` before one turns it round.
//! A term is a word (in a name, a tag, an owner, a person), `field:value`, `field=value`, `field<value` and the like,
//! `@owner` or `#tag`. `field:a,b` is any of them, `field:none` no data, `"..."` takes its inside as it is.
//! A field without data matches `field:none` only, and `-term` is always the exact opposite of `term`.
//!
//! A filter is parsed without a roster, so that a mistake is found anywhere; [`Filter::prepare`] then looks up owners, tags,
//! stages, names and days once, and [`Prepared::matches`] is a few comparisons a row.

mod complete;
mod parse;
mod prepare;
#[cfg(test)]
mod tests;
mod value;

use std::collections::HashMap;
use std::fmt::Write;

use super::attribute::{Attribute, AttributeType};
use super::field::{Field, FieldKind, Needs};
use super::money::Currency;
use crate::sentence::Sentence;

pub use complete::{Completion, complete};
pub use prepare::Prepared;

/// A mistake in a filter line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mistake {
    /// First byte that is wrong.
    pub start: usize,
    /// Byte behind the last one.
    pub end: usize,
    /// One sentence.
    pub message: String,
}

/// For each free word (as [`Filter::words`] gives it) the rows at which a person is called so, ascending.
pub type People = HashMap<String, Vec<u32>>;

/// What a filter may name: the static fields, and the custom attributes of a book.
#[derive(Clone, Debug)]
pub struct Fields {
    fields: Vec<&'static Field>,
    attributes: Vec<Attribute>,
    currency: Currency,
}

impl Fields {
    /// The given fields and a book's attributes, with amounts in its currency. Where both have a code, `attr.code` is the
    /// attribute.
    pub fn new(
        fields: impl IntoIterator<Item = &'static Field>,
        attributes: &[Attribute],
        currency: Currency,
    ) -> Fields {
        Fields {
            fields: fields.into_iter().collect(),
            attributes: attributes.to_vec(),
            currency,
        }
    }

    /// The field or attribute of this name.
    fn find(&self, name: &str) -> Option<Named> {
        let name = name.to_lowercase();
        let attribute = |code: &str| {
            self.attributes
                .iter()
                .find(|a| a.code.to_lowercase() == code)
                .cloned()
                .map(Named::Attribute)
        };
        if let Some(code) = name.strip_prefix("attr.") {
            return attribute(code);
        }
        let field = |name: &str| {
            self.fields
                .iter()
                .find(|f| f.is_called(name))
                .map(|f| Named::Field(f))
        };
        // A book's own attribute "segment" comes before the ready-made segments.
        let ready = || {
            if name == "segment" {
                field("seg")
            } else {
                None
            }
        };
        field(&name).or_else(|| attribute(&name)).or_else(ready)
    }

    /// The flag of this name, which may stand alone.
    fn flag(&self, name: &str) -> Option<Named> {
        self.find(name)
            .filter(|f| matches!(f, Named::Field(field) if field.kind == FieldKind::Flag))
    }

    /// Every name that can be typed before a `:`.
    fn names(&self) -> impl Iterator<Item = String> + '_ {
        let fields = self
            .fields
            .iter()
            .flat_map(|f| std::iter::once(&f.code).chain(f.aliases))
            .map(|n| (*n).to_owned());
        fields.chain(self.attributes.iter().map(|a| a.code.to_lowercase()))
    }
}

/// What a term is about.
#[derive(Clone, PartialEq, Debug)]
enum Named {
    Field(&'static Field),
    Attribute(Attribute),
}

impl Named {
    fn kind(&self) -> FieldKind {
        match self {
            Named::Field(field) => field.kind,
            Named::Attribute(attribute) => match attribute.kind {
                AttributeType::Text => FieldKind::Text,
                AttributeType::Int => FieldKind::Number,
                AttributeType::Money => FieldKind::Money,
                AttributeType::Date => FieldKind::Since,
                AttributeType::Enum => FieldKind::Choice,
                AttributeType::Bool => FieldKind::Flag,
            },
        }
    }

    fn code(&self) -> &str {
        match self {
            Named::Field(field) => field.code,
            Named::Attribute(attribute) => &attribute.code,
        }
    }

    /// What is written before the `:` so that it is read as the same.
    fn typed(&self) -> String {
        match self {
            Named::Field(field) => field.code.to_owned(),
            Named::Attribute(attribute) => format!("attr.{}", attribute.code),
        }
    }
}

/// How a term compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Op {
    Has,
    Is,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Op {
    fn sign(self) -> &'static str {
        match self {
            Op::Has => ":",
            Op::Is => "=",
            Op::Less => "<",
            Op::AtMost => "<=",
            Op::More => ">",
            Op::AtLeast => ">=",
        }
    }
}

/// What a term compares with.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Atom {
    /// No data.
    None,
    /// The roster's me.
    Me,
    /// As typed, without its quotes; checked against the field's kind.
    Text(String),
}

/// A term or several.
#[derive(Clone, PartialEq, Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// A free word, and whether it was quoted because it is the name of a flag.
    Word(String, bool),
    Test(Named, Op, Vec<Atom>),
}

/// A parsed filter.
#[derive(Clone, PartialEq, Debug)]
pub struct Filter {
    root: Node,
}

impl Default for Filter {
    /// The filter that everything passes.
    fn default() -> Filter {
        Filter {
            root: Node::All(Vec::new()),
        }
    }
}

impl Filter {
    /// Reads a filter. Blank text passes everything.
    pub fn parse(text: &str, fields: &Fields) -> Result<Filter, Mistake> {
        parse::filter(text, fields)
    }

    /// True when everything passes.
    pub fn is_empty(&self) -> bool {
        self.root == Node::All(Vec::new())
    }

    /// The free words, folded, each once: what the store looks up among the people at customers.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        self.root.visit(&mut |node| {
            if let Node::Word(word, _) = node {
                words.push(super::roster::names::fold(word));
            }
        });
        words.sort_unstable();
        words.dedup();
        words
    }

    /// Codes of the custom attributes that it reads, each once: they have to be in the roster before [`Filter::prepare`].
    pub fn attributes(&self) -> Vec<String> {
        let mut codes = Vec::new();
        self.root.visit(&mut |node| {
            if let Node::Test(Named::Attribute(attribute), ..) = node {
                codes.push(attribute.code.clone());
            }
        });
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// The fields that it reads and what each needs, sorted by code; attributes are facts.
    pub fn needing(&self) -> Vec<(&'static str, Needs)> {
        let mut all = Vec::new();
        self.root.visit(&mut |node| {
            if let Node::Test(Named::Field(field), ..) = node {
                all.push((field.code, field.needs));
            }
        });
        all.sort_unstable_by_key(|(code, _)| *code);
        all
    }

    /// Codes of the fields that it reads, each once, custom attributes left out.
    pub fn reads(&self) -> Vec<&'static str> {
        let mut codes = Vec::new();
        self.root.visit(&mut |node| {
            if let Node::Test(Named::Field(field), ..) = node {
                codes.push(field.code);
            }
        });
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// True when it says `me`: each person means another.
    pub fn names_me(&self) -> bool {
        let mut me = false;
        self.root.visit(&mut |node| {
            me |= matches!(node, Node::Test(_, _, values) if values.contains(&Atom::Me))
        });
        me
    }

    /// The filter in its plainest writing, which is read as the same filter.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.root.write(&mut text, Place::Top);
        text
    }
}

/// A word that a filter compares with and that nothing is called by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// The field's code.
    pub field: &'static str,
    /// What was typed.
    pub word: String,
    /// What there is.
    pub known: Vec<String>,
}

impl Unknown {
    /// In one sentence, with the first of those that there are.
    pub fn sentence(&self) -> String {
        const FEW: usize = 10;
        let more = self.known.len().saturating_sub(FEW);
        let more = if more > 0 {
            say!("filter.more", more = more)
        } else {
            Sentence::default()
        };
        let known: Vec<&str> = self.known.iter().take(FEW).map(String::as_str).collect();
        say!(
            "filter.no_called",
            field = self.field,
            word = self.word,
            known = known.join(", "),
            more = more
        )
        .to_string()
    }
}

/// Where a node is written: decides on parentheses.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Top,
    InAny,
    InAll,
    BehindMinus,
}

impl Node {
    fn visit<'n>(&'n self, see: &mut impl FnMut(&'n Node)) {
        see(self);
        match self {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|n| n.visit(see)),
            Node::Not(node) => node.visit(see),
            Node::Word(..) | Node::Test(..) => {}
        }
    }

    fn write(&self, to: &mut String, place: Place) {
        let (nodes, between, inside, bare) = match self {
            Node::All(nodes) => (
                nodes,
                " ",
                Place::InAll,
                place == Place::Top || place == Place::InAny,
            ),
            Node::Any(nodes) => (nodes, " or ", Place::InAny, place == Place::Top),
            Node::Not(node) => {
                to.push('-');
                return node.write(to, Place::BehindMinus);
            }
            Node::Word(word, literal) => {
                return to.push_str(&quoted(
                    word,
                    *literal || is_keyword(word) || word.starts_with(['-', '@', '#']),
                ));
            }
            Node::Test(named, op, values) => return write_test(to, named, *op, values),
        };
        to.push_str(if bare { "" } else { "(" });
        for (i, node) in nodes.iter().enumerate() {
            to.push_str(if i > 0 { between } else { "" });
            node.write(to, inside);
        }
        to.push_str(if bare { "" } else { ")" });
    }
}

fn write_test(to: &mut String, named: &Named, op: Op, values: &[Atom]) {
    match named {
        Named::Field(field)
            if field.kind == FieldKind::Flag && values == [Atom::Text("yes".into())] =>
        {
            return to.push_str(field.code);
        }
        Named::Field(field) if op == Op::Has && field.code == "owner" => to.push('@'),
        Named::Field(field) if op == Op::Has && field.code == "tag" => to.push('#'),
        _ => {
            let _ = write!(to, "{}{}", named.typed(), op.sign());
        }
    }
    for (i, value) in values.iter().enumerate() {
        to.push_str(if i > 0 { "," } else { "" });
        match value {
            Atom::None => to.push_str("none"),
            Atom::Me => to.push_str("me"),
            Atom::Text(text) => to.push_str(&quoted(text, special(text).is_some())),
        }
    }
}

fn is_keyword(word: &str) -> bool {
    word.eq_ignore_ascii_case("or") || word.eq_ignore_ascii_case("and")
}

/// What an unquoted value means besides its letters.
fn special(text: &str) -> Option<Atom> {
    match text {
        _ if text.eq_ignore_ascii_case("none") => Some(Atom::None),
        _ if text.eq_ignore_ascii_case("me") => Some(Atom::Me),
        _ => None,
    }
}

/// The text so that it is read back as it is: in quotes where it has to be.
fn quoted(text: &str, must: bool) -> String {
    let plain = |c: char| {
        !c.is_whitespace() && !matches!(c, '(' | ')' | '"' | ',' | '\\' | ':' | '=' | '<' | '>')
    };
    if !must && !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
