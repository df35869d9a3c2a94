//! The book's config: its rows over the shipped defaults, and one key set.

use rusqlite::Connection;

use crate::columns;
use crate::domain::cadence::Cadences;
use crate::domain::config::{Attribute, Config, KEYS, names_of_keys};
use crate::domain::health::Scorecards;
use crate::domain::money::{Currency, Rates};
use crate::domain::playbook::Playbooks;
use crate::domain::profile::Profile;
use crate::domain::rule::Rules;
use crate::domain::time::Zone;
use crate::error::{Error, Result};

/// Keys and values as the book has them, each behind those that it may read (a rule its playbook and its attributes), else oldest
/// first.
pub fn config_rows(conn: &Connection) -> Result<Vec<(String, String)>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT key, value FROM config WHERE removed = 0{} ORDER BY id",
        super::once::LEFT_OUT
    ))?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let mut rows: Vec<(String, String)> = rows.collect::<Result<_, _>>()?;
    rows.sort_by_key(|(key, _)| {
        KEYS.iter()
            .position(|front| key.starts_with(front.key))
            .unwrap_or(KEYS.len())
    });
    Ok(rows)
}

pub use crate::domain::rule::KEY as RULE;

/// What the book says of a key, when it sets it. The rules together are those of the config, each as it was written.
pub fn text_of(conn: &Connection, key: &str, config: &Config) -> Result<Option<String>> {
    let rows = config_rows(conn)?;
    let row = |key: &str| {
        rows.iter()
            .rev()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.clone())
    };
    if let Some(code) = key.strip_prefix(RULE) {
        // What no row says comes from the rules that lie below.
        let Some(rule) = config.rules.find(code) else {
            return Ok(None);
        };
        return row(key)
            .filter(|text| !text.trim().is_empty())
            .map_or_else(|| rule.text(), Ok)
            .map(Some);
    }
    if key != "rules" || !rows.iter().any(|(k, _)| k.starts_with(RULE)) {
        return Ok(row(key));
    }
    let mut all = Vec::new();
    for rule in &config.rules.rule {
        let own = row(&format!("{RULE}{}", rule.code)).filter(|text| !text.trim().is_empty());
        all.push(own.map_or_else(|| rule.text(), Ok)?.trim().to_owned() + "\n");
    }
    Ok(Some(if all.is_empty() {
        "rule = []\n".to_owned()
    } else {
        all.join("\n")
    }))
}

/// The rules below the rows of single ones: those of the row that has all, or the shipped ones.
pub fn rules_below(conn: &Connection) -> Result<Rules> {
    let rows = config_rows(conn)?;
    let below = rows
        .iter()
        .rev()
        .find(|(key, _)| key == "rules")
        .and_then(|(_, text)| toml::from_str(text).ok());
    Ok(below.unwrap_or_else(|| Config::default().rules))
}

/// The config as the book sets it over the defaults. A value that does not parse is passed over, and `doctor` names it.
pub fn read_config(conn: &Connection) -> Result<Config> {
    let mut config = Config::default();
    let made: std::result::Result<String, _> =
        conn.query_row("SELECT v FROM meta WHERE k = 'zone'", [], |r| r.get(0));
    if let Some(zone) = made.ok().and_then(|z| Zone::named(&z)) {
        config.zone = zone;
    }
    for (key, value) in config_rows(conn)? {
        let _ = apply_config(&mut config, &key, &value);
    }
    // A filter may read an attribute that is set behind it. One that cannot be used passes nobody, and `doctor` names it.
    let _ = columns::compile_scorecards(&mut config);
    Ok(config)
}

/// Sets one key in a config; says what is wrong with a value.
pub fn apply_config(config: &mut Config, key: &str, value: &str) -> Result<()> {
    let wrong = |e: toml::de::Error| {
        let line = e
            .span()
            .map_or(1, |span| value[..span.start].matches('\n').count() + 1);
        let error = Error::usage(format!(
            "{key}: line {line}: {}",
            e.message().replace('\n', " ")
        ));
        error
            .hint(say!("settings.value_toml_retain_config"))
            .because(e)
    };
    match key {
        "stages" => {
            let mut trial = config.clone();
            trial.stages = toml::from_str(value).map_err(wrong)?;
            trial.stages.check(&columns::fields(&trial))?;
            *config = trial;
        }
        "scorecards" => {
            let cards: Scorecards = toml::from_str(value).map_err(wrong)?;
            cards.check()?;
            config.scorecards = cards;
        }
        "playbooks" => {
            let playbooks: Playbooks = toml::from_str(value).map_err(wrong)?;
            playbooks.check()?;
            config.playbooks = playbooks;
        }
        "rules" => {
            let wanted: Rules = toml::from_str(value).map_err(wrong)?;
            wanted.check(&columns::fields(config), &config.playbooks)?;
            config.rules = wanted;
        }
        "policy" => config.policy = toml::from_str(value).map_err(wrong)?,
        "rates" => {
            let rates: Rates = toml::from_str(value).map_err(wrong)?;
            rates.check()?;
            config.rates = rates;
        }
        "cadences" => {
            let cadences: Cadences = toml::from_str(value).map_err(wrong)?;
            cadences.check()?;
            config.cadences = cadences;
        }
        "currency" => {
            config.currency = Currency::named(value).ok_or_else(|| {
                Error::usage(say!("settings.not_currency_code", value = value))
                    .hint(say!("settings.three_letters_iso_4217"))
            })?;
        }
        "zone" => {
            config.zone = Zone::named(value).ok_or_else(|| {
                Error::usage(say!("settings.not_time_zone", value = value))
                    .hint(say!("any.iana_name_such_as"))
            })?
        }
        _ => match key.split_once('.') {
            Some(("rule", code)) => {
                let mut wanted = config.rules.clone();
                let place = wanted.rule.iter().position(|r| r.code == code);
                if value.trim().is_empty() {
                    wanted.rule.retain(|r| r.code != code);
                } else {
                    let mut one: Rules = toml::from_str(value).map_err(wrong)?;
                    one.check(&columns::fields(config), &config.playbooks)?;
                    let rule = one
                        .rule
                        .pop()
                        .filter(|r| r.code == code && one.rule.is_empty());
                    let rule = rule.ok_or_else(|| {
                        Error::usage(say!("settings.says_another_rule_or", key = key))
                    })?;
                    match place {
                        Some(at) => wanted.rule[at] = rule,
                        None => wanted.rule.push(rule),
                    }
                }
                config.rules = wanted;
            }
            Some(("profile", name)) if Profile::is_name(name) => {
                let profile = Profile::read(name, value)?;
                config.profiles.retain(|p| p.name != name);
                config.profiles.push(profile);
            }
            Some(("attribute", code)) => {
                let attribute: Attribute = toml::from_str(value).map_err(wrong)?;
                config.attributes.retain(|a| a.code != code);
                config.attributes.push(Attribute {
                    code: code.to_owned(),
                    ..attribute
                });
            }
            _ => {
                return Err(Error::usage(say!("settings.there_no_setting", key = key))
                    .hint(format!("settings: {}", names_of_keys())));
            }
        },
    }
    Ok(())
}
