//! `retain owners`, `tags`, `stages`, `attribute` and `fields`: the words that the other subcommands take.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use clap::Subcommand;
use serde_json::{Value, json};

use super::fail::Done;
use super::out::with;
use super::{Cx, complete};
use crate::columns::Listed;
use crate::domain::command::Command;
use crate::domain::config::{Attribute, AttributeType};
use crate::domain::money::Arr;
use crate::domain::roster::Roster;
use crate::error::Error;

/// Who looks after customers: how many, and their ARR
#[derive(clap::Args, Debug)]
pub(super) struct OwnerArgs {}

/// The tags and how many customers have each
#[derive(clap::Args, Debug)]
pub(super) struct TagArgs {}

/// The stages of the lifecycle and how many customers are in each
#[derive(clap::Args, Debug)]
pub(super) struct StageArgs {}

/// What lists can show, sort and filter by
#[derive(clap::Args, Debug)]
pub(super) struct FieldArgs {}

pub(super) fn owners(cx: &mut Cx<'_>, _: &OwnerArgs) -> Done {
    counted(cx, "owners", "owner", |roster, at| {
        vec![roster.owner(at).to_owned()]
    })
}

pub(super) fn tags(cx: &mut Cx<'_>, _: &TagArgs) -> Done {
    counted(cx, "tags", "tag", |roster, at| {
        roster.tags(at).map(str::to_owned).collect()
    })
}

/// Customers and their ARR by a word of theirs.
fn counted(
    cx: &mut Cx<'_>,
    name: &str,
    head: &str,
    words: impl Fn(&Roster, usize) -> Vec<String>,
) -> Done {
    let mut store = cx.open_to_look()?;
    let shared = store.roster()?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let mut counts: BTreeMap<String, (usize, Arr)> = BTreeMap::new();
    for at in (0..roster.rows.len()).filter(|at| !roster.rows[*at].removed) {
        for word in words(&roster, at) {
            let count = counts.entry(word).or_default();
            count.0 += 1;
            count.1.add(&roster.arr(at));
        }
    }
    let row = |(word, (n, arr)): (&String, &(usize, Arr))| {
        with(json!({ head: word, "customers": n }), arr)
    };
    let rows: Vec<Value> = counts.iter().map(row).collect();
    let currency = roster.config.currency;
    let line = |(word, (n, arr)): (&String, &(usize, Arr))| {
        vec![
            if word.is_empty() {
                "(nobody)".to_owned()
            } else {
                word.clone()
            },
            n.to_string(),
            arr.short(currency),
        ]
    };
    let table: Vec<Vec<String>> = counts.iter().map(line).collect();
    cx.list(
        name,
        rows,
        &[head, "customers", "ARR"],
        &table,
        &say!("any.there_none"),
    )
}

pub(super) fn stages(cx: &mut Cx<'_>, _: &StageArgs) -> Done {
    let mut store = cx.open_to_look()?;
    let shared = store.roster()?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let config = roster.config.clone();
    let mut counts = vec![0usize; config.stages.stage.len()];
    for row in roster.rows.iter().filter(|row| !row.removed) {
        if let Some(count) = counts.get_mut(usize::from(row.signals.stage.0)) {
            *count += 1;
        }
    }
    let all = config.stages.stage.iter().zip(&counts);
    let rows = all
        .clone()
        .map(|(s, n)| json!({ "code": s.code, "label": s.label, "class": s.class, "customers": n }))
        .collect();
    let table: Vec<Vec<String>> = all
        .map(|(s, n)| vec![s.code.clone(), s.label.clone(), n.to_string()])
        .collect();
    cx.list(
        "stages",
        rows,
        &["code", "label", "customers"],
        &table,
        &say!("any.there_none"),
    )
}

pub(super) fn fields(cx: &mut Cx<'_>, _: &FieldArgs) -> Done {
    let config = if cx.book()?.exists() {
        cx.open()?.config()
    } else {
        std::sync::Arc::default()
    };
    let all = Listed::all(&config);
    let words = crate::text::words::Words::english();
    let label = |column: &Listed| match column {
        Listed::Column(c) => words.column(c.code()).to_owned(),
        other => other.code().to_owned(),
    };
    let rows = all
        .iter()
        .map(|c| json!({ "code": c.code(), "label": label(c) }))
        .collect();
    let table: Vec<Vec<String>> = all
        .iter()
        .map(|c| vec![c.code().to_owned(), label(c)])
        .collect();
    cx.list(
        "fields",
        rows,
        &["code", "what"],
        &table,
        &say!("any.there_none"),
    )
}

/// The book's own attributes of customers: list, add, remove
#[derive(clap::Args, Debug)]
pub(super) struct AttributeArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List them
    List,
    /// Add one, or change its label and type
    Add {
        /// Lower-case letters, digits and underscores
        code: String,
        /// What a person reads (default: the code)
        #[arg(long, value_name = "TEXT")]
        label: Option<String>,
        /// How its values are read, compared and shown
        #[arg(long = "type", value_name = "TYPE", default_value = "text", value_parser = ["text", "int", "money", "date", "enum", "bool"])]
        kind: String,
    },
    /// Remove one; what customers have of it stays
    Remove {
        /// Its code
        #[arg(add = complete::attributes())]
        code: String,
    },
}

pub(super) fn attribute(cx: &mut Cx<'_>, args: &AttributeArgs) -> Done {
    let mut store = cx.open()?;
    let config = store.config();
    match &args.what {
        What::List => {
            let rows = config.attributes.iter().map(|a| json!(a)).collect();
            let kind = |a: &Attribute| json!(a.kind).as_str().unwrap_or_default().to_owned();
            let table: Vec<Vec<String>> = config
                .attributes
                .iter()
                .map(|a| vec![a.code.clone(), a.label.clone(), kind(a)])
                .collect();
            cx.list(
                "attributes",
                rows,
                &["code", "label", "type"],
                &table,
                &say!("vocabulary.book_none_its_own"),
            )
        }
        What::Add { code, label, kind } => {
            if code.is_empty()
                || !code
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            {
                return Err(Error::usage(say!("vocabulary.not_code", code = code))
                    .hint(say!("vocabulary.lower_case_letters_digits"))
                    .into());
            }
            let kind: AttributeType = serde_json::from_value(json!(kind)).unwrap_or_default();
            let attribute = Attribute {
                code: code.clone(),
                label: label.clone().unwrap_or_else(|| code.clone()),
                kind,
            };
            let value = toml::to_string(&attribute).map_err(|e| {
                Error::failed(say!("vocabulary.attribute_cannot_written_as")).because(e)
            })?;
            let key = format!("attribute.{code}");
            let base = Some(store.config_text(&key)?);
            cx.write(
                &mut store,
                &Command::SetConfig {
                    key,
                    value: Some(value),
                    base,
                },
            )
        }
        What::Remove { code } => {
            config.attribute(code).ok_or_else(|| {
                Error::not_found(say!("vocabulary.book_no_attribute", code = code))
            })?;
            let key = format!("attribute.{code}");
            let base = Some(store.config_text(&key)?);
            cx.write(
                &mut store,
                &Command::SetConfig {
                    key,
                    value: None,
                    base,
                },
            )
        }
    }
}
