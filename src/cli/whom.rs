//! Whom a subcommand is for: one customer by name, those whose ids come on standard input, or all that pass a filter.

use std::io::Read as _;

use crate::domain::id::Id;
use crate::error::{Error, Result};
use crate::store::Store;

use super::Cx;

/// The customers of a subcommand.
#[derive(clap::Args, Debug)]
pub(super) struct Whom {
    /// Id, key or name; - reads them from standard input, one a line; left out with --filter
    #[arg(add = super::complete::customers())]
    customer: Option<String>,
    /// All customers that pass this filter, as one step
    #[arg(long, short, value_name = "FILTER", add = super::complete::filters())]
    filter: Option<String>,
}

/// More than this on standard input is a mistake (a wrong file).
const LONGEST: u64 = 64 << 20;

impl Whom {
    /// Every customer that is meant, each once.
    pub(super) fn find(&self, cx: &Cx<'_>, store: &mut Store) -> Result<Vec<Id>> {
        match (&self.filter, self.customer.as_deref()) {
            (Some(filter), _) => cx.filtered(store, filter),
            (None, Some("-")) => from_stdin(store),
            (None, Some(name)) => Ok(vec![store.find_customer(name)?]),
            (None, None) => Err(Error::usage(say!("whom.no_customer_named"))
                .hint(say!("whom.id_key_or_name"))
                .hint(say!("whom.see_examples_help"))),
        }
    }

    /// The words behind the customer: with --filter the first of them stands where the customer would.
    pub(super) fn words<'a>(&'a self, behind: &'a [String]) -> Vec<&'a str> {
        let first = self.customer.as_deref().filter(|_| self.filter.is_some());
        first
            .into_iter()
            .chain(behind.iter().map(String::as_str))
            .collect()
    }

    /// The words behind the customer as one text; - reads it from standard input.
    pub(super) fn text(&self, what: &str, behind: &[String]) -> Result<String> {
        let words = self.words(behind);
        let text = match words[..] {
            ["-"] if self.is_stdin() => {
                return Err(Error::usage(say!(
                    "whom.standard_input_cannot_both",
                    what = what
                )));
            }
            ["-"] => read_text(what)?,
            _ => words.join(" ").trim().to_owned(),
        };
        if text.trim().is_empty() {
            Err(Error::usage(format!("{what} is empty")))
        } else {
            Ok(text)
        }
    }

    fn is_stdin(&self) -> bool {
        self.filter.is_none() && self.customer.as_deref() == Some("-")
    }
}

/// The customers on standard input: a line each with an id, key or name, or a JSON object with an `id` (a row of --jsonl).
pub(super) fn from_stdin(store: &mut Store) -> Result<Vec<Id>> {
    let mut text = String::new();
    let read = super::call::input().take(LONGEST).read_to_string(&mut text);
    read.map_err(|e| Error::usage(say!("whom.customers_on_standard_input")).because(e))?;
    let mut found = Vec::new();
    let mut known = std::collections::HashSet::new();
    for (at, line) in text
        .lines()
        .enumerate()
        .filter(|(_, l)| !l.trim().is_empty())
    {
        let object: Option<serde_json::Value> = line
            .trim_start()
            .starts_with('{')
            .then(|| serde_json::from_str(line).ok())
            .flatten();
        let name = object
            .as_ref()
            .and_then(|o| o["id"].as_str())
            .unwrap_or(line.trim());
        let id = store.find_customer(name).map_err(|e| Error {
            message: format!("Line {}: {}", at + 1, e.message).into(),
            ..e
        })?;
        if known.insert(id) {
            found.push(id);
        }
    }
    if found.is_empty() {
        Err(Error::not_found(say!("whom.no_customer_came_on")))
    } else {
        Ok(found)
    }
}

/// A text longer than this is a mistake.
const LONGEST_TEXT: u64 = 1 << 20;

/// A text from standard input.
pub(super) fn read_text(what: &str) -> Result<String> {
    let mut text = String::new();
    let read = super::call::input()
        .take(LONGEST_TEXT + 1)
        .read_to_string(&mut text);
    read.map_err(|e| Error::usage(say!("whom.on_standard_input_not", what = what)).because(e))?;
    if text.len() as u64 > LONGEST_TEXT {
        return Err(Error::usage(say!("whom.longer_than_1_mib", what = what))
            .hint(say!("whom.file_you_meant")));
    }
    Ok(text.trim_end().to_owned())
}

impl Whom {
    /// The id that was given in the customer's place.
    pub(super) fn id(&self) -> Option<Id> {
        self.customer.as_deref()?.trim().parse().ok()
    }
}
