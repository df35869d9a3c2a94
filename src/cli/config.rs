//! `retain config`: what the book sets for itself: stages, scorecards, limits, currency, zone, attributes.

use std::io::Read as _;

use serde_json::{Map, json};

use super::Cx;
use super::fail::Done;
use super::out::{lines, one_line};
use crate::domain::command::Command;
use crate::domain::config::Config;
use crate::error::{Error, Result};

/// Print or set what the book sets for itself
///
/// Keys: currency, zone, stages, scorecards, playbooks, rules, policy, cadences (TOML texts), attribute.<code>
/// and profile.<name> (how files are read, TOML).
/// Without KEY all are printed; without VALUE the one.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// currency, zone, stages, scorecards, playbooks, rules, policy, cadences, attribute.<code>, profile.<name>
    key: Option<String>,
    /// The new value; - reads it from standard input
    value: Option<String>,
    /// Go back to the default
    #[arg(long, requires = "key", conflicts_with = "value")]
    unset: bool,
}

const KEYS: &[&str] = &["currency", "zone", "stages", "scorecards", "playbooks", "rules", "policy", "cadences"];

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let key = args.key.as_deref().map(known).transpose()?;
    match key {
        Some(key) if args.unset || args.value.is_some() => set(cx, key, args.value.as_deref()),
        key => print(cx, key),
    }
}

fn known(key: &str) -> Result<&str> {
    if KEYS.contains(&key) || ["attribute.", "profile."].iter().any(|front| key.strip_prefix(front).is_some_and(|code| !code.is_empty())) {
        return Ok(key);
    }
    Err(Error::usage(format!("There is no config key \"{key}\"")).hint(format!("keys: {}, attribute.CODE, profile.NAME", KEYS.join(", "))))
}

fn set(cx: &mut Cx<'_>, key: &str, value: Option<&str>) -> Done {
    let value = match value {
        Some("-") => Some(from_stdin()?),
        other => other.map(str::to_owned),
    };
    let mut store = cx.open_or_create()?;
    cx.write(&mut store, &Command::SetConfig { key: key.to_owned(), value })
}

fn from_stdin() -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(1 << 20).read_to_string(&mut text);
    read.map_err(|e| Error::usage("The value on standard input is not UTF-8 text").because(e))?;
    Ok(text)
}

fn print(cx: &mut Cx<'_>, key: Option<&str>) -> Done {
    // Before there is a book the defaults hold.
    let config = if cx.book()?.exists() { cx.open()?.config() } else { std::sync::Arc::default() };
    let rows = entries(&config)?;
    let wanted: Vec<_> = rows.iter().filter(|(k, _)| key.is_none_or(|key| k == key)).collect();
    if wanted.is_empty() {
        return Err(Error::not_found(format!("The book has no {}", key.unwrap_or("config"))).into());
    }
    if cx.out.json {
        let map: Map<_, _> = wanted.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
        return Ok(cx.out.object(json!({ "config": map }))?);
    }
    for (name, value) in wanted {
        if key.is_some() {
            for line in lines(value) {
                cx.out.line(&line)?;
            }
        } else if value.contains('\n') {
            cx.out.line(&format!("{name} = (TOML of {} lines; `retain config {name}` prints it)", value.lines().count()))?;
        } else {
            cx.out.line(&format!("{name} = {}", one_line(value)))?;
        }
    }
    Ok(())
}

/// Every key with its value as it is set.
fn entries(config: &Config) -> Result<Vec<(String, String)>> {
    let toml_error = |e: toml::ser::Error| Error::failed("The config cannot be written as TOML").because(e);
    let mut rows = vec![
        ("currency".to_owned(), config.currency.code().to_owned()),
        ("zone".to_owned(), config.zone.0.name().to_owned()),
        ("stages".to_owned(), toml::to_string(&config.stages).map_err(toml_error)?),
        ("scorecards".to_owned(), toml::to_string(&config.scorecards).map_err(toml_error)?),
        ("playbooks".to_owned(), toml::to_string(&config.playbooks).map_err(toml_error)?),
        ("rules".to_owned(), toml::to_string(&config.rules).map_err(toml_error)?),
        ("policy".to_owned(), toml::to_string(&config.policy).map_err(toml_error)?),
        ("cadences".to_owned(), toml::to_string(&config.cadences).map_err(toml_error)?),
    ];
    for attribute in &config.attributes {
        rows.push((format!("attribute.{}", attribute.code), toml::to_string(attribute).map_err(toml_error)?));
    }
    for profile in &config.profiles {
        rows.push((format!("profile.{}", profile.name), profile.write()?));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_set_again() {
        let rows = entries(&Config::default()).expect("TOML");
        let text = |key: &str| rows.iter().find(|(k, _)| k == key).expect("a key").1.clone();
        let config = Config::default();
        assert_eq!(toml::from_str::<crate::domain::stage::Stages>(&text("stages")).expect("TOML"), config.stages);
        assert_eq!(toml::from_str::<crate::domain::health::Scorecards>(&text("scorecards")).expect("TOML"), config.scorecards);
        assert_eq!(toml::from_str::<crate::domain::config::Policy>(&text("policy")).expect("TOML"), config.policy);
    }
}
