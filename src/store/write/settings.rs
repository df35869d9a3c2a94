//! Saved views and the config.

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use crate::domain::command::{Entity, Setting};
use crate::domain::query::View;
use crate::domain::rule::Rules;
use crate::error::{Error, Kind, Result};
use crate::store::batch::{self, Batch};
use crate::store::settings::{self, RULE};
use crate::store::twins;

use super::{Context, Done, done, word};

pub(super) fn save_view(b: &mut Batch<'_>, name: &str, view: &View) -> Result<Done> {
    put_view(b, name, view)?;
    Ok(done(format!("Saved view {}", name.trim()), 1))
}

fn put_view(b: &mut Batch<'_>, name: &str, view: &View) -> Result<()> {
    let name = word("a view's name", name, 100)?;
    if name.is_empty() {
        return Err(Error::usage(say!("settings.view_needs_name")));
    }
    let value = serde_json::to_string(view)
        .map_err(|e| Error::failed(say!("settings.view_cannot_written_as")).because(e))?;
    let table = batch::table(Entity::View);
    match twins::named(b.conn, table, name)?.last() {
        Some(id) => {
            b.set(Entity::View, *id, "value", Value::Text(value))?;
            twins::leave(b, table, *id)?;
        }
        None => {
            b.insert(Entity::View, &[&name, &value])?;
        }
    }
    Ok(())
}

/// Sets several keys and views as one step: what reads another key (a rule its playbook, a filter its attribute) may come with it.
pub(super) fn configure(
    b: &mut Batch<'_>,
    settings: &[Setting],
    views: &[(String, View)],
    context: &Context,
) -> Result<Done> {
    let mut context = Context {
        config: context.config.clone(),
        today: context.today,
    };
    let before = b.edits + b.made;
    for Setting { key, value, base } in settings {
        set_config(b, key, Some(value), base.as_ref(), &context)?;
        crate::store::apply_config(std::sync::Arc::make_mut(&mut context.config), key, value)?;
    }
    for (name, view) in views {
        put_view(b, name, view)?;
    }
    let what: Vec<&str> = settings
        .iter()
        .map(|s| s.key.as_str())
        .chain((!views.is_empty()).then_some("views"))
        .collect();
    let changed = b.edits + b.made - before;
    Ok(done(
        if changed == 0 {
            say!("settings.nothing_change").to_owned()
        } else {
            say!("settings.settings_taken_over", what = what.join(", "))
        },
        changed,
    ))
}

pub(super) fn set_config(
    b: &mut Batch<'_>,
    key: &str,
    value: Option<&str>,
    base: Option<&Option<String>>,
    context: &Context,
) -> Result<Done> {
    let mut trial = (*context.config).clone();
    let before = trial.scorecards.version;
    if let Some(value) = value {
        crate::store::apply_config(&mut trial, key, value)?;
    }
    if let Some(base) = base.filter(|_| b.upto.is_none()) {
        refuse_if_moved(b, key, value, base.as_deref(), context)?;
    }
    if let Some(code) = key.strip_prefix(RULE) {
        let (was, is) = (context.config.rules.find(code), trial.rules.find(code));
        let what = match (was, is.filter(|_| value.is_some())) {
            (None, _) => "Added",
            (Some(_), None) => "Removed",
            (Some(was), Some(is)) if was.off != is.off => {
                ["Switched on", "Switched off"][usize::from(is.off)]
            }
            _ => "Changed",
        };
        let rule = is
            .filter(|_| value.is_some())
            .or(was)
            .map_or(code, |rule| rule.label.as_str())
            .to_owned();
        put_rule(
            b,
            code,
            value.filter(|v| !v.trim().is_empty()),
            &settings::rules_below(b.conn)?,
        )?;
        return Ok(done(format!("{what} rule {rule}"), 1));
    }
    if key == "rules" {
        put_rules(b, value, &trial.rules, context)?;
        return Ok(done(
            format!(
                "Setting rules {}",
                if value.is_some() {
                    "changed"
                } else {
                    "back to the default"
                }
            ),
            1,
        ));
    }
    let counted = match value {
        Some(value) if key == "scorecards" => {
            crate::columns::compile_scorecards(&mut trial)?;
            (trial.scorecards.version <= before)
                .then(|| counted_up(value, before.saturating_add(1)))
        }
        _ => None,
    };
    let value = counted.as_deref().or(value);
    put_config(b, key, value)?;
    Ok(done(
        format!(
            "Setting {key} {}",
            if value.is_some() {
                "changed"
            } else {
                "back to the default"
            }
        ),
        1,
    ))
}

/// A setting that says something else than its person saw is not written over.
fn refuse_if_moved(
    b: &Batch<'_>,
    key: &str,
    value: Option<&str>,
    base: Option<&str>,
    context: &Context,
) -> Result<()> {
    let now = settings::text_of(b.conn, key, &context.config)?;
    if now.as_deref() == base || now.as_deref() == value {
        return Ok(());
    }
    // The same, said in other words: written over what is there it changes nothing.
    let same = base.is_some_and(|text| {
        let mut trial = (*context.config).clone();
        let read = crate::store::apply_config(&mut trial, key, text);
        let _ = crate::columns::compile_scorecards(&mut trial);
        read.is_ok() && trial == *context.config
    });
    if same {
        return Ok(());
    }
    let by = last_writer(b, key)?
        .map(|person| format!(" by {person}"))
        .unwrap_or_default();
    let what = match (key.strip_prefix(RULE), base) {
        (Some(code), None) => {
            return Err(Error::new(
                Kind::Conflict,
                say!("settings.there_rule_already_nothing", code = code, by = by),
            ));
        }
        (Some(code), _) => format!("the rule {code}"),
        (None, _) => format!("the setting {key}"),
    };
    let error = Error::new(
        Kind::Conflict,
        say!(
            "settings.changed_meanwhile_nothing_saved",
            what = what,
            by = by
        ),
    );
    let short =
        |text: &str| (!text.contains('\n') && text.chars().count() <= 60).then(|| text.to_owned());
    let said = now
        .as_deref()
        .map_or_else(|| Some("the default".to_owned()), short);
    let error = match (said, value.and_then(short)) {
        (Some(now), Some(mine)) => {
            error.hint(say!("settings.says_now_you_wrote", now = now, mine = mine))
        }
        _ => error,
    };
    Err(error.hint(say!("settings.look_at_what_says")))
}

/// Who wrote what a setting says, when a row says it.
fn last_writer(b: &Batch<'_>, key: &str) -> Result<Option<String>> {
    for key in [key, "rules"]
        .iter()
        .take(if key.starts_with(RULE) { 2 } else { 1 })
    {
        // The rules together are as new as the newest of them.
        let query = "SELECT b.person FROM config c JOIN batch b ON b.n = max(c.batch, coalesce((SELECT max(e.batch) FROM edit e WHERE e.row = c.id), 0))
                     WHERE c.key = ?1 OR ?1 = 'rules' AND c.key GLOB 'rule.*' ORDER BY b.n DESC LIMIT 1";
        let found = b
            .conn
            .prepare_cached(query)
            .and_then(|mut s| s.query_row([key], |r| r.get(0)).optional())?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Writes the row of one rule, or takes the rule away: what lies below would come back without a row that says so.
fn put_rule(b: &mut Batch<'_>, code: &str, text: Option<&str>, below: &Rules) -> Result<()> {
    let gone = below.find(code).map(|_| "");
    put_config(b, &format!("{RULE}{code}"), text.or(gone))
}

/// Writes the rules that are other ones than before, a row each; `None` goes back to the shipped ones.
fn put_rules(
    b: &mut Batch<'_>,
    text: Option<&str>,
    wanted: &Rules,
    context: &Context,
) -> Result<()> {
    let Some(text) = text else {
        let mut keys: Vec<String> = settings::config_rows(b.conn)?
            .into_iter()
            .map(|row| row.0)
            .collect();
        keys.retain(|key| key == "rules" || key.starts_with(RULE));
        keys.dedup();
        return keys.iter().try_for_each(|key| put_config(b, key, None));
    };
    let below = settings::rules_below(b.conn)?;
    let now = &context.config.rules;
    for (rule, text) in wanted.rule.iter().zip(wanted.texts(text)?) {
        let key = format!("{RULE}{}", rule.code);
        let same = now.find(&rule.code) == Some(rule);
        let row = settings::config_rows(b.conn)?
            .into_iter()
            .rev()
            .find(|(k, _)| *k == key)
            .map(|(_, v)| v);
        // What stands below as it is needs no row; one that is there keeps its comments.
        if !same || row.is_some_and(|row| row.trim() != text.trim()) {
            put_rule(b, &rule.code, Some(&text), &below)?;
        }
    }
    for rule in now
        .rule
        .iter()
        .filter(|rule| wanted.find(&rule.code).is_none())
    {
        put_rule(b, &rule.code, None, &below)?;
    }
    Ok(())
}

/// The scorecards with another version; everything else as it was written.
fn counted_up(text: &str, version: u32) -> String {
    let set = format!("version = {version}");
    let top = text
        .lines()
        .take_while(|line| !line.trim_start().starts_with('['));
    match top.enumerate().find(|(_, line)| {
        line.split('=')
            .next()
            .is_some_and(|key| key.trim() == "version")
    }) {
        Some((at, _)) => text
            .lines()
            .enumerate()
            .map(|(i, line)| if i == at { set.as_str() } else { line })
            .fold(String::new(), |all, line| all + line + "\n"),
        None => format!("{set}\n{text}"),
    }
}

/// Writes a config row, or removes it; of several of one key that copies made one is left.
pub fn put_config(b: &mut Batch<'_>, key: &str, value: Option<&str>) -> Result<()> {
    let rows = twins::named(b.conn, twins::config(), key)?;
    match (rows.last(), value) {
        (Some(id), Some(value)) => {
            b.set(Entity::Config, *id, "value", Value::Text(value.to_owned()))?;
            twins::leave(b, twins::config(), *id)?;
        }
        (None, Some(value)) => {
            b.insert(Entity::Config, &[&key, &value])?;
        }
        (_, None) => {
            for id in rows {
                b.set(Entity::Config, id, "removed", Value::Integer(1))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
