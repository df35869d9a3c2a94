//! `retain config`: what the book sets for itself: stages, scorecards, limits, currency, zone, attributes.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Map, json};

use super::Cx;
use super::fail::{Done, Stop};
use super::out::{lines, one_line};
use crate::domain::command::{Command, Receipt};
use crate::domain::config::{Config, KEYS, is_typed, names_of_keys};
use crate::error::{Error, Kind, Result};
use crate::files::Folder;
use crate::store::Store;
use crate::transfer::config_files;

/// Print or set what the book sets for itself; write it into files, check them and take them over
///
/// Keys: currency, zone, stages, scorecards, playbooks, rules, policy, cadences, rates (TOML texts), attribute.<code>
/// and profile.<name> (how files are read, TOML).
/// Without KEY all are printed; without VALUE the one.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// currency, zone, stages, scorecards, playbooks, rules, policy, cadences, rates, attribute.<code>, profile.<name>
    key: Option<String>,
    /// The new value; - reads it from standard input
    value: Option<String>,
    /// Go back to the default
    #[arg(long, requires = "key", conflicts_with = "value")]
    unset: bool,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Write everything as commented TOML into a folder, over what is there: for review, and for git
    Export {
        /// The folder
        folder: PathBuf,
    },
    /// Take files over, as one step; what is as it was is left alone
    Import {
        /// Files such as stages.toml, or folders with them
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Say what is wrong with files, with the line, and change nothing
    Check {
        /// Files such as stages.toml, or folders with them (default: what the book has)
        paths: Vec<PathBuf>,
    },
    /// Edit one in $VISUAL or $EDITOR; it is checked before it is saved
    Edit {
        /// Which
        #[arg(value_parser = clap::builder::PossibleValuesParser::new(config_files::keys()))]
        what: String,
    },
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    match &args.what {
        None => {}
        Some(What::Export { folder }) => return export(cx, folder),
        Some(What::Import { paths }) => return import(cx, paths),
        Some(What::Check { paths }) => return check(cx, paths),
        Some(What::Edit { what }) => return edit(cx, what),
    }
    let key = args.key.as_deref().map(known).transpose()?;
    match key {
        Some(key) if args.unset || args.value.is_some() => set(cx, key, args.value.as_deref()),
        key => print(cx, key),
    }
}

fn export(cx: &mut Cx<'_>, folder: &Path) -> Done {
    cx.really()?;
    let mut store = cx.open()?;
    let files = config_files::write(&mut store, folder)?;
    if cx.out.json {
        return Ok(cx.out.object(json!({ "files": files }))?);
    }
    files
        .iter()
        .try_for_each(|file| Ok(cx.out.line(&one_line(&file.display().to_string()))?))
}

fn import(cx: &mut Cx<'_>, paths: &[PathBuf]) -> Done {
    let mut store = if cx.globals.dry_run {
        cx.open()?
    } else {
        cx.open_or_create()?
    };
    let files = config_files::read(paths)?;
    save(cx, &mut store, &files)
}

/// Writes what is new in files.
fn save(cx: &mut Cx<'_>, store: &mut Store, files: &[config_files::Read]) -> Done {
    match config_files::command(store, files)? {
        Some(command) => cx.write(store, &command),
        None => super::written::print(
            cx,
            store,
            &Receipt {
                label: say!("config.nothing_new").to_string(),
                ..Receipt::default()
            },
        ),
    }
}

fn check(cx: &mut Cx<'_>, paths: &[PathBuf]) -> Done {
    let mut store = cx.open()?;
    let files = if paths.is_empty() {
        let own = |key: &str| {
            config_files::given(
                Path::new(&format!("{key}.toml")),
                key,
                config_files::text(&mut store, key)?,
            )
        };
        config_files::keys().map(own).collect::<Result<Vec<_>>>()?
    } else {
        config_files::read(paths)?
    };
    let new = match config_files::command(&mut store, &files)? {
        Some(Command::Configure { settings, views }) => settings
            .into_iter()
            .map(|s| s.key)
            .chain(views.into_iter().map(|v| format!("view {}", v.0)))
            .collect(),
        _ => Vec::new(),
    };
    if cx.out.json {
        return Ok(cx.out.object(json!({ "ok": true, "new": new }))?);
    }
    let what = if new.is_empty() {
        say!("config.book_all").to_owned()
    } else {
        say!("config.new", new = new.join(", "))
    };
    Ok(cx
        .out
        .line(&one_line(&say!("config.nothing_wrong", what = what)))?)
}

/// Lends the terminal to the person's editor. The text is kept where it cannot be taken.
fn edit(cx: &mut Cx<'_>, key: &str) -> Done {
    let mut store = cx.open()?;
    let before = config_files::text(&mut store, key)?;
    let folder = cx
        .places
        .state()
        .map_or_else(std::env::temp_dir, Path::to_owned)
        .join(format!("edit-{}", std::process::id()));
    let file = folder.join(format!("{key}.toml"));
    super::place::make_folder_of(&file)?;
    let failed = |e: std::io::Error| {
        Error::failed(say!("config.cannot_written", file = file.display(), e = e)).because(e)
    };
    Folder::open(&folder)
        .and_then(|folder| {
            folder
                .draft(&format!("{key}.toml"), 0o600)?
                .write_all(before.as_bytes())
        })
        .map_err(failed)?;
    let editor = std::env::var("VISUAL")
        .or_else(|_| std::env::var("EDITOR"))
        .unwrap_or_else(|_| "vi".to_owned());
    // The setting may carry arguments (`code -w`), so the shell splits it; the file is handed on as an argument of its own.
    let done = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(&file)
        .status();
    if !done.is_ok_and(|status| status.success()) {
        return Err(
            Error::failed(say!("config.did_not_end_well", editor = editor))
                .hint(kept(&file))
                .into(),
        );
    }
    let after = std::fs::read_to_string(&file).map_err(failed)?;
    let taken = if after != before && config_files::text(&mut store, key)? != before {
        Err(Error::new(
            Kind::Conflict,
            say!("config.somebody_else_changed_meanwhile"),
        )
        .into())
    } else {
        config_files::given(&file, key, after)
            .map_err(Stop::from)
            .and_then(|read| save(cx, &mut store, &[read]))
    };
    match taken {
        Err(Stop::Error(error)) => Err(error.hint(kept(&file)).into()),
        other => {
            // A file that stays is no harm.
            let _ = std::fs::remove_dir_all(&folder);
            other
        }
    }
}

fn kept(file: &Path) -> String {
    say!("config.your_text_retain_config", file = file.display()).to_string()
}

fn known(key: &str) -> Result<&str> {
    if is_typed(key) {
        return Ok(key);
    }
    Err(Error::usage(say!("config.no_key", key = key)).hint(format!("keys: {}", names_of_keys())))
}

fn set(cx: &mut Cx<'_>, key: &str, value: Option<&str>) -> Done {
    let value = match value {
        Some("-") => Some(from_stdin()?),
        other => other.map(str::to_owned),
    };
    let mut store = cx.open_or_create()?;
    let base = Some(store.config_text(key)?);
    cx.write(
        &mut store,
        &Command::SetConfig {
            key: key.to_owned(),
            value,
            base,
        },
    )
}

fn from_stdin() -> Result<String> {
    let mut text = String::new();
    let read = super::call::input().take(1 << 20).read_to_string(&mut text);
    read.map_err(|e| Error::usage(say!("config.value_on_standard_input")).because(e))?;
    Ok(text)
}

fn print(cx: &mut Cx<'_>, key: Option<&str>) -> Done {
    // Before there is a book the defaults hold.
    let config = if cx.book()?.exists() {
        cx.open()?.config()
    } else {
        std::sync::Arc::default()
    };
    let rows = entries(&config)?;
    let wanted: Vec<_> = rows
        .iter()
        .filter(|(k, _)| key.is_none_or(|key| k == key))
        .collect();
    if wanted.is_empty() {
        return Err(Error::not_found(say!("config.book_no", key = key.unwrap_or("config"))).into());
    }
    if cx.out.json {
        let map: Map<_, _> = wanted
            .iter()
            .map(|(k, v)| (k.clone(), v.as_str().into()))
            .collect();
        return Ok(cx.out.object(json!({ "config": map }))?);
    }
    for (name, value) in wanted {
        if key.is_some() {
            for line in lines(value) {
                cx.out.line(&line)?;
            }
        } else if value.contains('\n') {
            cx.out.line(&say!(
                "config.toml_lines_retain_config",
                name = name,
                count = value.lines().count()
            ))?;
        } else {
            cx.out.line(&format!("{name} = {}", one_line(value)))?;
        }
    }
    Ok(())
}

/// Every key with its value as it is set.
fn entries(config: &Config) -> Result<Vec<(String, String)>> {
    let toml_error =
        |e: toml::ser::Error| Error::failed(say!("config.config_cannot_written_as")).because(e);
    let texts = KEYS.iter().filter_map(|k| Some((k.key, k.text?)));
    let mut rows = texts
        .map(|(key, text)| Ok((key.to_owned(), text(config).map_err(toml_error)?)))
        .collect::<Result<Vec<_>>>()?;
    for attribute in &config.attributes {
        rows.push((
            format!("attribute.{}", attribute.code),
            toml::to_string(attribute).map_err(toml_error)?,
        ));
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
        let text = |key: &str| {
            rows.iter()
                .find(|(k, _)| k == key)
                .expect("a key")
                .1
                .clone()
        };
        let config = Config::default();
        assert_eq!(
            toml::from_str::<crate::domain::stage::Stages>(&text("stages")).expect("TOML"),
            config.stages
        );
        assert_eq!(
            toml::from_str::<crate::domain::health::Scorecards>(&text("scorecards")).expect("TOML"),
            config.scorecards
        );
        assert_eq!(
            toml::from_str::<crate::domain::config::Policy>(&text("policy")).expect("TOML"),
            config.policy
        );
    }
}
