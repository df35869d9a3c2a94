//! The config of a book as commented TOML files: written out, read back as one step, and each mistake with its file and line.
//!
//! A file has the text that the book was given, comments and all; where it was set without any, the comments of the shipped text stand
//! before it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::columns;
use crate::domain::command::{Command, Setting};
use crate::domain::config::{Attribute, Config, KEYS, shipped};
use crate::domain::filter::Filter;
use crate::domain::query::{Page, Query, View};
use crate::error::{Error, Result};
use crate::store::{Store, apply_config};
use crate::transfer::replace::{no_link, replace_in_folder};

/// Keys that have a file of their own, in the order in which they are read: what is named comes before what names it.
pub fn keys() -> impl Iterator<Item = &'static str> {
    let shipped = KEYS.iter().filter(|k| k.shipped.is_some()).map(|k| k.key);
    ["settings"].into_iter().chain(shipped).chain(["views"])
}

/// The small things: money, zone, attributes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    currency: Option<String>,
    zone: Option<String>,
    #[serde(default)]
    attribute: Vec<Attribute>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Views {
    #[serde(default)]
    view: Vec<Named>,
}

/// A saved view with its name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    #[serde(default)]
    filter: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    descending: bool,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    segment: bool,
}

const SETTINGS: &str = "\
# The currency (three letters) in which amounts are where a file does not say, the time zone (an IANA name) of civil dates, and the
# book's own attributes of customers: a code, a label, and a type (text, int, money, date, enum, bool).

";

const VIEWS: &str = "\
# Saved views: a name, a filter as in the filter line, the column by which it is sorted, its columns (none: the usual ones), and
# whether it is counted among the segments. A view that is taken out here stays in the book: `retain view remove NAME`.

";

/// The text of a key's file.
pub fn text(store: &mut Store, key: &str) -> Result<String> {
    let unwritten = |e: toml::ser::Error| {
        Error::failed(say!("config_files.cannot_written_as_toml", key = key)).because(e)
    };
    match key {
        "settings" => {
            let config = store.config();
            let settings = Settings {
                currency: Some(config.currency.code().to_owned()),
                zone: Some(config.zone.0.name().to_owned()),
                attribute: config.attributes.clone(),
            };
            Ok(format!(
                "{SETTINGS}{}",
                toml::to_string(&settings).map_err(unwritten)?
            ))
        }
        "views" => {
            let named = |(name, v): (String, View)| Named {
                name,
                filter: v.filter,
                sort: v.sort,
                descending: v.descending,
                columns: v.columns,
                segment: v.segment,
            };
            let views = Views {
                view: saved(store)?.into_iter().map(named).collect(),
            };
            Ok(format!(
                "{VIEWS}{}",
                toml::to_string(&views).map_err(unwritten)?
            ))
        }
        _ => {
            let shipped = shipped(key).ok_or_else(|| unknown(key))?;
            let Some(own) = store.config_text(key)? else {
                return Ok(shipped.to_owned());
            };
            if own.lines().any(|line| line.trim_start().starts_with('#')) {
                return Ok(own);
            }
            let comments = shipped
                .lines()
                .take_while(|line| line.starts_with('#'))
                .fold(String::new(), |all, line| all + line + "\n");
            Ok(format!("{comments}\n{}", own.trim_start_matches('\n')))
        }
    }
}

fn unknown(key: &str) -> Error {
    Error::usage(say!("config_files.there_no_config_file", key = key))
        .hint(format!("files: {}", names()))
}

/// The names of all files, for a hint.
fn names() -> String {
    keys()
        .map(|key| format!("{key}.toml"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn saved(store: &mut Store) -> Result<Vec<(String, View)>> {
    match store.answer(&Query::Views)? {
        Page::Views(views) => Ok(views
            .into_iter()
            .map(|(_, name, view)| (name, view))
            .collect()),
        _ => Err(Error::failed(say!("any.book_answered_another_question"))),
    }
}

/// Writes every file into a folder, over what is there; none where one of them is a link.
pub fn write(store: &mut Store, folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |e: std::io::Error| {
        Error::failed(say!("any.cannot_written", folder = folder.display(), e = e)).because(e)
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let files: Vec<(&str, PathBuf)> = keys()
        .map(|key| (key, folder.join(format!("{key}.toml"))))
        .collect();
    files.iter().try_for_each(|(_, path)| no_link(path))?;
    let mut written = Vec::new();
    for (key, path) in files {
        let text = text(store, key)?;
        replace_in_folder(&path, |out| out.write_all(text.as_bytes()).map_err(failed))?;
        written.push(path);
    }
    Ok(written)
}

/// A file that was read: its name, its key, its text.
pub struct Read {
    path: PathBuf,
    key: &'static str,
    text: String,
}

/// Reads files, and the files of folders.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Read>> {
    let mut files = Vec::new();
    for path in paths {
        let inside = || {
            keys()
                .map(|key| path.join(format!("{key}.toml")))
                .filter(|file| file.exists())
        };
        let before = files.len();
        if path.is_dir() {
            files.extend(inside())
        } else {
            files.push(path.clone())
        }
        if files.len() == before {
            return Err(Error::not_found(say!(
                "config_files.no_config_files",
                path = path.display()
            ))
            .hint(format!("files: {}", names())));
        }
    }
    let mut all: Vec<Read> = files.into_iter().map(one).collect::<Result<_>>()?;
    all.sort_by_key(|read| keys().position(|key| key == read.key));
    Ok(all)
}

fn one(path: PathBuf) -> Result<Read> {
    let stem = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let key = keys()
        .find(|key| *key == stem)
        .ok_or_else(|| unknown(&stem))?;
    let text = fs::read_to_string(&path).map_err(|e| {
        Error::not_found(say!(
            "config_files.cannot_read",
            path = path.display(),
            e = e
        ))
        .because(e)
    })?;
    Ok(Read { path, key, text })
}

/// Text of one key that comes from elsewhere, as if it were in a file of this name.
pub fn given(path: &Path, key: &str, text: String) -> Result<Read> {
    let key = keys()
        .find(|known| *known == key)
        .ok_or_else(|| unknown(key))?;
    Ok(Read {
        path: path.to_owned(),
        key,
        text,
    })
}

/// Checks files against the book, and gives the one step that takes over what is new in them; `None`: nothing is.
pub fn command(store: &mut Store, files: &[Read]) -> Result<Option<Command>> {
    let mut trial = (*store.config()).clone();
    let (mut settings, mut views) = (Vec::new(), Vec::new());
    for file in files {
        let now = text(store, file.key)?;
        match file.key {
            "settings" => {
                let wanted: Settings = toml::from_str(&file.text).map_err(|e| file.toml(&e))?;
                for (key, value) in pairs(&wanted, &trial)? {
                    apply_config(&mut trial, &key, &value).map_err(|e| file.at(e))?;
                    settings.push(setting(store, &key, value)?);
                }
            }
            "views" => views = wanted_views(store, file, &trial)?,
            key => {
                apply_config(&mut trial, key, &file.text).map_err(|e| file.at(e))?;
                if key == "scorecards" {
                    columns::compile_scorecards(&mut trial).map_err(|e| file.at(e))?;
                }
                if file.text != now {
                    settings.push(setting(store, key, file.text.clone())?);
                }
            }
        }
    }
    let nothing = settings.is_empty() && views.is_empty();
    Ok((!nothing).then_some(Command::Configure { settings, views }))
}

/// A setting to be written over what the book says of it now.
fn setting(store: &Store, key: &str, value: String) -> Result<Setting> {
    Ok(Setting {
        key: key.to_owned(),
        value,
        base: Some(store.config_text(key)?),
    })
}

/// What of the small settings is another than in the book.
fn pairs(wanted: &Settings, config: &Config) -> Result<Vec<(String, String)>> {
    let mut new = Vec::new();
    for (key, value, now) in [
        ("currency", &wanted.currency, config.currency.code()),
        ("zone", &wanted.zone, config.zone.0.name()),
    ] {
        new.extend(
            value
                .as_ref()
                .filter(|v| *v != now)
                .map(|v| (key.to_owned(), v.clone())),
        );
    }
    for attribute in wanted
        .attribute
        .iter()
        .filter(|a| config.attribute(&a.code) != Some(a))
    {
        let value = toml::to_string(attribute).map_err(|e| {
            Error::failed(say!("config_files.attribute_cannot_written_as")).because(e)
        })?;
        new.push((format!("attribute.{}", attribute.code), value));
    }
    Ok(new)
}

fn wanted_views(store: &mut Store, file: &Read, config: &Config) -> Result<Vec<(String, View)>> {
    let wanted: Views = toml::from_str(&file.text).map_err(|e| file.toml(&e))?;
    let (fields, known) = (columns::fields(config), saved(store)?);
    let mut new = Vec::new();
    for v in wanted.view {
        Filter::parse(&v.filter, &fields).map_err(|m| {
            file.at(Error::usage(say!(
                "config_files.view_filter_cannot_read",
                name = v.name,
                message = m.message
            )))
        })?;
        for code in v
            .columns
            .iter()
            .chain((!v.sort.is_empty()).then_some(&v.sort))
        {
            if columns::Listed::find(config, code).is_none() {
                return Err(file.at(Error::usage(say!(
                    "config_files.view_names_column_which",
                    name = v.name,
                    code = code
                ))
                .hint(say!("config_files.retain_fields_lists_them"))));
            }
        }
        let view = View {
            filter: v.filter,
            sort: v.sort,
            descending: v.descending,
            columns: v.columns,
            segment: v.segment,
        };
        if !known
            .iter()
            .any(|(name, is)| *name == v.name && *is == view)
        {
            new.push((v.name, view));
        }
    }
    Ok(new)
}

impl Read {
    /// An error with the file and line that it is about.
    fn at(&self, error: Error) -> Error {
        let parsed = error
            .source
            .as_ref()
            .and_then(|s| s.downcast_ref::<toml::de::Error>())
            .and_then(toml::de::Error::span);
        let line = parsed
            .map(|span| self.line(span.start))
            .or_else(|| self.line_named(&error.message));
        let place = line.map_or_else(
            || self.path.display().to_string(),
            |line| format!("{}:{line}", self.path.display()),
        );
        let message = error
            .message
            .trim_start_matches(self.key)
            .trim_start_matches(": ");
        let message = line
            .and_then(|line| message.strip_prefix(&format!("line {line}: ")))
            .unwrap_or(message)
            .to_owned();
        Error {
            message: format!("At {place}: {message}").into(),
            ..error
        }
    }

    fn toml(&self, error: &toml::de::Error) -> Error {
        self.at(Error::usage(error.message().replace('\n', " ")).because(error.clone()))
    }

    fn line(&self, byte: usize) -> usize {
        self.text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
    }

    /// The line that a sentence is about: that of the last of its quoted words that stands, in this order, in the text.
    fn line_named(&self, sentence: &str) -> Option<usize> {
        let mut found = None;
        for word in sentence
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|word| !word.is_empty())
        {
            let from = found.unwrap_or(0);
            let next =
                self.text.lines().enumerate().skip(from).find(|(_, line)| {
                    !line.starts_with('#') && line.contains(&format!("\"{word}\""))
                });
            found = next.map(|(at, _)| at).or(found);
        }
        let filter = found
            .filter(|_| sentence.contains(" filter "))
            .and_then(|from| {
                let own = self
                    .text
                    .lines()
                    .enumerate()
                    .skip(from)
                    .take_while(|(at, line)| *at == from || !line.starts_with("[["));
                let mut filters =
                    own.filter(|(_, line)| line.starts_with("when") || line.starts_with("filter"));
                filters.next().map(|(at, _)| at)
            });
        filter.or(found).map(|at| at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_finds_its_line() {
        let text =
            "# \"b\"\n[[rule]]\ncode = \"a\"\nwhen = \"x\"\n[[rule]]\ncode = \"b\"\nwhen = \"x\"\n"
                .to_owned();
        let file = Read {
            path: "rules.toml".into(),
            key: "rules",
            text,
        };
        assert_eq!(
            file.line_named("the rule \"b\" has the filter \"x\""),
            Some(7)
        );
        assert_eq!(file.line_named("nothing is quoted"), None);
        assert_eq!(
            file.at(Error::usage("rules: no \"b\"")).message,
            "At rules.toml:6: no \"b\""
        );
    }

    #[cfg(unix)]
    #[test]
    fn files_are_not_written_through_links() {
        use crate::domain::id::Id;
        use crate::store::outbox::Keep;
        use crate::store::{Options, Who};

        let folder = tempfile::tempdir().expect("a folder");
        let (precious, into) = (folder.path().join("precious"), folder.path().join("config"));
        fs::write(&precious, "mine").expect("written");
        let who = Who {
            person: "ana".into(),
            device: Id([7; 16]),
        };
        let now = crate::domain::time::Stamp(1_795_000_000_000);
        let options = Options {
            who,
            now,
            as_of: None,
            create: true,
            zone: None,
            keep: Keep::Nowhere,
        };
        let mut store = Store::memory(&options).expect("a book");
        fs::create_dir(&into).expect("made");
        let last = into.join("views.toml");
        std::os::unix::fs::symlink(&precious, &last).expect("linked");
        assert!(
            write(&mut store, &into)
                .expect_err("refused")
                .message
                .contains("is a link")
        );
        assert_eq!(fs::read_to_string(&precious).expect("there"), "mine");
        assert_eq!(
            fs::read_dir(&into).expect("a folder").count(),
            1,
            "nothing was written at all"
        );
        fs::remove_file(&last).expect("removed");
        assert_eq!(
            write(&mut store, &into).expect("written").len(),
            keys().count()
        );
        assert_eq!(
            write(&mut store, &into).expect("over it").len(),
            keys().count()
        );
    }
}
