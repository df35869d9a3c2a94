//! Saved views and the config.

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::domain::query::View;
use crate::error::{Error, Result};
use crate::store::batch::Batch;
use crate::store::sql;

use super::{Context, Done, done, word};

pub(super) fn save_view(b: &mut Batch<'_>, name: &str, view: &View) -> Result<Done> {
    put_view(b, name, view)?;
    Ok(done(format!("Saved view {}", name.trim()), 1))
}

fn put_view(b: &mut Batch<'_>, name: &str, view: &View) -> Result<()> {
    let name = word("a view's name", name, 100)?;
    if name.is_empty() {
        return Err(Error::usage("a view needs a name"));
    }
    let value = serde_json::to_string(view).map_err(|e| Error::failed("the view cannot be written as JSON").because(e))?;
    let found: Option<Id> = b
        .conn
        .query_row("SELECT id FROM view WHERE name = ? AND removed = 0 ORDER BY id LIMIT 1", [name], |r| r.get(0).map(Id))
        .optional()
        .map_err(sql)?;
    match found {
        Some(id) => {
            b.set(Entity::View, id, "value", Value::Text(value))?;
        }
        None => {
            b.insert(Entity::View, &[&name, &value])?;
        }
    }
    Ok(())
}

/// Sets several keys and views as one step: what reads another key (a rule its playbook, a filter its attribute) may come with it.
pub(super) fn configure(b: &mut Batch<'_>, settings: &[(String, String)], views: &[(String, View)], context: &Context) -> Result<Done> {
    let mut context = Context { config: context.config.clone(), today: context.today };
    let before = b.edits + b.made;
    for (key, value) in settings {
        set_config(b, key, Some(value), &context)?;
        crate::store::apply_config(std::sync::Arc::make_mut(&mut context.config), key, value)?;
    }
    for (name, view) in views {
        put_view(b, name, view)?;
    }
    let what: Vec<&str> = settings.iter().map(|s| s.0.as_str()).chain((!views.is_empty()).then_some("views")).collect();
    let changed = b.edits + b.made - before;
    Ok(done(if changed == 0 { "Nothing to change".to_owned() } else { format!("Settings taken over: {}", what.join(", ")) }, changed))
}

pub(super) fn set_config(b: &mut Batch<'_>, key: &str, value: Option<&str>, context: &Context) -> Result<Done> {
    let mut trial = (*context.config).clone();
    let before = trial.scorecards.version;
    if let Some(value) = value {
        crate::store::apply_config(&mut trial, key, value)?;
    }
    let counted = match value {
        Some(value) if key == "scorecards" => {
            crate::columns::compile_scorecards(&mut trial)?;
            (trial.scorecards.version <= before).then(|| counted_up(value, before.saturating_add(1)))
        }
        _ => None,
    };
    let value = counted.as_deref().or(value);
    put_config(b, key, value)?;
    Ok(done(format!("Setting {key} {}", if value.is_some() { "changed" } else { "back to the default" }), 1))
}

/// The scorecards with another version; everything else as it was written.
fn counted_up(text: &str, version: u32) -> String {
    let set = format!("version = {version}");
    let top = text.lines().take_while(|line| !line.trim_start().starts_with('['));
    match top.enumerate().find(|(_, line)| line.split('=').next().is_some_and(|key| key.trim() == "version")) {
        Some((at, _)) => text
            .lines()
            .enumerate()
            .map(|(i, line)| if i == at { set.as_str() } else { line })
            .fold(String::new(), |all, line| all + line + "\n"),
        None => format!("{set}\n{text}"),
    }
}

/// Writes a config row, or removes it.
pub fn put_config(b: &mut Batch<'_>, key: &str, value: Option<&str>) -> Result<()> {
    let found: Option<(Id, String)> = b
        .conn
        .query_row("SELECT id, value FROM config WHERE key = ? AND removed = 0 ORDER BY id DESC LIMIT 1", [key], |r| {
            Ok((Id(r.get(0)?), r.get(1)?))
        })
        .optional()
        .map_err(sql)?;
    match (found, value) {
        (Some((id, _)), Some(value)) => {
            b.set(Entity::Config, id, "value", Value::Text(value.to_owned()))?;
        }
        (None, Some(value)) => {
            b.insert(Entity::Config, &[&key, &value])?;
        }
        (Some((id, _)), None) => {
            b.set(Entity::Config, id, "removed", Value::Integer(1))?;
        }
        (None, None) => {}
    }
    Ok(())
}
