//! By which profile a table is read, what its rows are, and which column is which field.

use std::collections::BTreeMap;

use super::kind::{self, Kind, header_code};
use super::mapping::Mapping;
use super::reader::{Next, Table};
use super::report::{FileReport, Found, Use};
use super::source::Source;
use super::{Job, SAMPLES, Wanted, codes};
use crate::domain::config::Config;
use crate::domain::profile::{Profile, shipped};
use crate::domain::time::{Moment, Stamp};
use crate::error::{Error, Result};

/// The book's own profiles, then the shipped ones, then that of a plain CSV of each kind; of several with one name the first.
pub fn all(config: &Config) -> Vec<Profile> {
    let mut all = config.profiles.clone();
    for profile in shipped()
        .into_iter()
        .chain(Kind::TABLES.iter().map(|k| k.plain()))
    {
        if all.iter().all(|p| p.name != profile.name) {
            all.push(profile);
        }
    }
    all
}

/// What was mapped in a report as a profile under a name, to be kept in the book.
pub fn save(name: &str, file: &FileReport, wanted: &Wanted) -> Result<Profile> {
    if !Profile::is_name(name) {
        return Err(
            Error::usage(say!("profiles.cannot_name_profile", name = name))
                .hint(say!("profiles.small_letters_digits_such")),
        );
    }
    let columns: BTreeMap<String, String> = file
        .columns
        .iter()
        .map(|c| {
            let becomes = match &c.becomes {
                Use::Field { field, .. } => (*field).to_owned(),
                Use::Attribute { code, .. } => format!("attr.{code}"),
                Use::Ignored => String::new(),
            };
            (c.header.clone(), becomes)
        })
        .collect();
    Ok(Profile {
        name: name.to_owned(),
        about: say!("profiles.as_read", file = file.file).to_string(),
        kind: file.kind.code().to_owned(),
        headers: file.columns.iter().map(|c| c.header.clone()).collect(),
        conflicts: wanted.winner,
        dialect: wanted.dialect.clone(),
        columns,
        values: BTreeMap::new(),
    })
}

/// The profile to read a table by: the one that was named, or the first that knows all of its headers; of the shipped ones the one that
/// names most.
fn profile_of<'p>(
    headers: &[String],
    wanted: &Wanted,
    all: &'p [Profile],
) -> Result<Option<&'p Profile>> {
    if let Some(name) = &wanted.profile {
        let found = all.iter().find(|p| p.name == *name);
        return found.map(Some).ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|p| p.name.as_str()).collect();
            Error::not_found(say!("profiles.there_no_profile", name = name))
                .hint(format!("profiles: {}", names.join(", ")))
        });
    }
    if wanted.plain || wanted.kind.is_some() {
        return Ok(None);
    }
    let has = |h: &String| {
        headers
            .iter()
            .any(|own| own == h || header_code(own) == header_code(h))
    };
    let fitting = all
        .iter()
        .rev()
        .filter(|p| !p.headers.is_empty() && p.headers.iter().all(has));
    Ok(fitting.max_by_key(|p| p.headers.len()))
}

/// Makes ready to read a table. In a folder only the name counts, unless a profile knows the file: a folder holds tables that merely
/// look alike.
pub(super) fn job(
    source: Source,
    wanted: &Wanted,
    all: &[Profile],
    now: &Moment,
    in_folder: bool,
) -> Result<Job> {
    let mut table = Table::open(&source)?;
    let profile = if source.kind.is_some() {
        None
    } else {
        profile_of(&table.headers, wanted, all)?
    };
    let kind = match (source.kind, profile) {
        (Some(kind), _) => kind,
        (None, Some(profile)) => kind_of_profile(profile)?,
        (None, None) => kind_of(&source, &table, wanted.kind, in_folder)?,
    };
    let samples = samples(&mut table)?;
    let mut map = Mapping::with(kind, &table.headers, profile, &wanted.columns)?;
    if profile.is_none() {
        map.guess_by_values(kind, &samples);
    }
    let missing = map.missing(kind);
    if !missing.is_empty() {
        let message = say!(
            "profiles.no_column_for",
            name = table.name,
            missing = missing.join(" and for "),
            kind = kind.code()
        );
        return Err(Error::usage(message).hint(say!(
            "profiles.its_columns",
            headers = table.headers.join(", ")
        )));
    }
    let dialect = wanted
        .dialect
        .clone()
        .or(&profile.map(|p| p.dialect.clone()).unwrap_or_default());
    let mut report = FileReport::new(table.name.clone(), kind);
    report.profile = profile.map(|p| p.name.clone());
    report.columns = map.uses(&samples);
    report.key = key_rule(kind, &map);
    report.dialect = source.found.clone();
    if let Some(calendar) = dialect.calendar {
        report.find(Found::new(
            "calendar",
            &format!("{calendar:?}").to_lowercase(),
            say!("any.as_named"),
        ));
    }
    for remark in &source.remarks {
        report.remark(remark.clone());
    }
    let meta = std::fs::metadata(&source.input).ok();
    let changed = meta
        .and_then(|m| m.modified().ok())
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let changed = changed
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .map_or(now.at, Stamp);
    let size = table.size;
    Ok(Job {
        source,
        kind,
        map,
        dialect,
        winner: profile.and_then(|p| p.conflicts),
        changed: Some(changed),
        report,
        size,
    })
}

fn kind_of_profile(profile: &Profile) -> Result<Kind> {
    Kind::named(&profile.kind).ok_or_else(|| {
        Error::usage(say!(
            "profiles.profile_for_which_no",
            name = profile.name,
            kind = profile.kind
        ))
        .hint(format!("kinds: {}", codes()))
    })
}

/// The kind of a table: as told, as its name says where its headers agree, or as its headers say.
fn kind_of(source: &Source, table: &Table, told: Option<Kind>, in_folder: bool) -> Result<Kind> {
    let named = source
        .sheet
        .as_deref()
        .and_then(|s| kind::by_name(&format!("{s}.csv")))
        .or_else(|| kind::by_name(&source.name));
    if in_folder {
        let kind = named.ok_or_else(|| Error::usage(say!("profiles.name_none_known")))?;
        let missing = Mapping::new(kind, &table.headers).missing(kind);
        return if missing.is_empty() {
            Ok(kind)
        } else {
            Err(Error::usage(say!(
                "profiles.lacks_column_for",
                missing = missing.join(" and for ")
            )))
        };
    }
    if let Some(told) = told {
        return Ok(told);
    }
    if let Some(kind) = named.filter(|k| Mapping::new(*k, &table.headers).missing(*k).is_empty()) {
        return Ok(kind);
    }
    let codes_found: Vec<String> = table.headers.iter().map(|h| kind::header_code(h)).collect();
    kind::by_headers(&codes_found).or(named).ok_or_else(|| {
        Error::usage(say!(
            "profiles.not_understood_its_columns",
            name = table.name,
            headers = table.headers.join(", ")
        ))
        .hint(say!("profiles.say_what_its_rows", codes = codes()))
    })
}

/// The first rows of a table, as they are.
fn samples(table: &mut Table) -> Result<Vec<Vec<String>>> {
    let columns = table.headers.len();
    let mut all = Vec::new();
    while all.len() < SAMPLES {
        match table.next()? {
            Next::Row(row) => all.push(
                (0..columns)
                    .map(|at| row.at(at).chars().take(200).collect())
                    .collect(),
            ),
            Next::Bad(..) => {}
            Next::End => break,
        }
    }
    Ok(all)
}

/// How a row finds what the book has, in one sentence.
fn key_rule(kind: Kind, map: &Mapping) -> String {
    let header = |code: &str| {
        let place = map.place(code);
        place.there().then(|| format!("\"{}\"", map.header(place)))
    };
    let own = header("key").map(|h| say!("profiles.key", h = h).to_string());
    match kind {
        Kind::Customers => {
            let rules = [
                own,
                header("website").map(|h| say!("profiles.domain", h = h).to_string()),
                header("email"),
                Some(say!("profiles.exact_name").to_string()),
            ];
            rules
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(", else ")
        }
        Kind::Contacts => {
            let rules = [
                own,
                header("email"),
                Some(say!("profiles.customer_name").to_string()),
            ];
            rules
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(", else ")
        }
        Kind::Usage => say!("profiles.customer_period").to_string(),
        Kind::StageChanges => say!("profiles.customer_day_place_day").to_string(),
        Kind::Churn => say!("profiles.customer_day").to_string(),
        Kind::Correspondence => say!("profiles.meeting_s_or_mail").to_string(),
        _ => own.unwrap_or_else(|| "customer and time".to_owned()),
    }
}
