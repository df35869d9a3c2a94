//! The words of the program per language, from `assets/text/<lang>.toml`: chosen once, passed by reference.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{Error, Result};

/// Every language there is: its code and its words.
pub const LANGUAGES: &[(&str, &str)] = &[("en", include_str!("../../assets/text/en.toml"))];

/// Words by code or id.
pub type Section = BTreeMap<String, String>;

/// The words of one language. Sections that belong to tables of codes are maps; their getters fall back to the code, so
/// that a code of a newer book is still shown. Ids of `action`, `message`, `screen` and `help` may be dotted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The language's own name.
    pub name: String,
    /// Channels of touchpoints.
    pub channel: Section,
    /// Kinds of events.
    pub kind: Section,
    /// Roles of contacts.
    pub role: Section,
    /// Reasons for leaving and for moving back.
    pub reason: Section,
    /// Measures of health.
    pub measure: Section,
    /// Reasons for being in the queue, with `{n}`.
    pub why: Section,
    /// Questions of surveys.
    pub survey: Section,
    /// Entries of a calendar.
    pub calendar: Section,
    /// Segments: their names, and under `<code>_is` what they are.
    pub segment: Section,
    /// Bands of health.
    pub band: Section,
    /// Whether a stay in a stage is on time.
    pub pace: Section,
    /// Columns.
    pub column: BTreeMap<String, Column>,
    /// Labels of key actions by `screen.label`.
    #[serde(deserialize_with = "flat")]
    pub action: Section,
    /// Titles.
    #[serde(deserialize_with = "flat")]
    pub screen: Section,
    /// Sentences, with placeholders.
    #[serde(deserialize_with = "flat")]
    pub message: Section,
    /// Help texts.
    #[serde(deserialize_with = "flat")]
    pub help: Section,
    /// Months from January.
    pub month: Months,
    /// Weekdays from Monday.
    pub weekday: Weekdays,
    /// How a date is put together.
    pub date: Dates,
}

/// The words of a column.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What stands over it.
    pub label: String,
    /// Its name in menus.
    pub name: String,
}

/// Names of months from January.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Months {
    /// As in "8 Dec".
    pub short: [String; 12],
    /// As in a heading.
    pub long: [String; 12],
}

/// Names of weekdays from Monday.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weekdays {
    /// As in "Tue 8 Dec".
    pub short: [String; 7],
}

/// Templates of dates over `{weekday}`, `{day}`, `{month}` and `{year}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dates {
    /// A date of this year.
    pub near: String,
    /// A date of another year.
    pub far: String,
}

impl Words {
    /// The words in English.
    pub fn english() -> Words {
        Words::read(LANGUAGES[0].1)
            .expect("the English words are part of the program and a test reads them")
    }

    /// The words of a language by its code; a locale such as `en_GB.UTF-8` or `en-GB` is its language.
    pub fn load(code: &str) -> Result<Words> {
        let language = code
            .split(['_', '-', '.'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let Some((_, text)) = LANGUAGES.iter().find(|(known, _)| *known == language) else {
            let known: Vec<&str> = LANGUAGES.iter().map(|(code, _)| *code).collect();
            return Err(
                Error::usage(format!("there are no words for the language \"{code}\""))
                    .hint(format!("Languages: {}", known.join(", "))),
            );
        };
        Words::read(text)
    }

    /// Reads the words from TOML.
    pub fn read(text: &str) -> Result<Words> {
        // The sentences behind them are found one by one, by `crate::sentence`.
        let codes = text
            .split_once("\n[say]\n")
            .map_or(text, |(codes, _)| codes);
        toml::from_str(codes).map_err(|e| {
            Error::failed(format!("the words can't be read: {}", e.message())).because(e)
        })
    }

    /// The label of a channel.
    pub fn channel<'a>(&'a self, code: &'a str) -> &'a str {
        get(&self.channel, code)
    }

    /// The name of a kind of event.
    pub fn kind<'a>(&'a self, code: &'a str) -> &'a str {
        get(&self.kind, code)
    }

    /// The name of a contact's role.
    pub fn role<'a>(&'a self, code: &'a str) -> &'a str {
        get(&self.role, code)
    }

    /// A reason for leaving or for moving back.
    pub fn reason<'a>(&'a self, code: &'a str) -> &'a str {
        get(&self.reason, code)
    }

    /// The name of a measure of health.
    pub fn measure<'a>(&'a self, code: &'a str) -> &'a str {
        get(&self.measure, code)
    }

    /// The name of a band of health.
    pub fn band<'a>(&'a self, code: &'a str) -> &'a str {
        get(&self.band, code)
    }

    /// The name of a ready-made segment; under `<code>_is` what it is.
    pub fn segment<'a>(&'a self, code: &'a str) -> &'a str {
        get(&self.segment, code)
    }

    /// What an entry of a calendar is, by its code.
    pub fn calendar<'a>(&'a self, code: &'a str) -> &'a str {
        get(&self.calendar, code)
    }

    /// A question of a survey.
    pub fn question<'a>(&'a self, code: &'a str) -> &'a str {
        get(&self.survey, code)
    }

    /// The name of a pace.
    pub fn pace<'a>(&'a self, code: &'a str) -> &'a str {
        get(&self.pace, code)
    }

    /// What stands over a column.
    pub fn column<'a>(&'a self, code: &'a str) -> &'a str {
        self.column.get(code).map_or(code, |c| c.label.as_str())
    }

    /// A column's name in menus.
    pub fn column_name<'a>(&'a self, code: &'a str) -> &'a str {
        self.column.get(code).map_or(code, |c| c.name.as_str())
    }

    /// The label of a key action by `screen.label`.
    pub fn action<'a>(&'a self, id: &'a str) -> &'a str {
        get(&self.action, id)
    }

    /// A title.
    pub fn screen<'a>(&'a self, id: &'a str) -> &'a str {
        get(&self.screen, id)
    }

    /// A sentence as it stands in the file, for [`fill`] and [`plural`].
    pub fn message<'a>(&'a self, id: &'a str) -> &'a str {
        get(&self.message, id)
    }

    /// A help text.
    pub fn help<'a>(&'a self, id: &'a str) -> &'a str {
        get(&self.help, id)
    }

    /// A sentence with its placeholders filled.
    pub fn say(&self, id: &str, values: &[(&str, &str)]) -> String {
        fill(self.message(id), values)
    }

    /// A sentence in the form for `n`.
    pub fn count(&self, id: &str, n: i64) -> String {
        plural(self.message(id), n)
    }

    /// A reason for being in the queue with its figure: `silent 35d`.
    pub fn why(&self, code: &str, n: i64) -> String {
        plural(get(&self.why, code), n)
    }

    /// A date from its numbers (weekday 0 is Monday, month 1 is January); `year` is given when it has to be shown.
    pub fn date(&self, weekday: usize, day: u32, month: u32, year: Option<i32>) -> String {
        let name = |names: &[String], at: usize| names.get(at).cloned().unwrap_or_default();
        let (weekday, month) = (
            name(&self.weekday.short, weekday),
            name(&self.month.short, (month as usize).wrapping_sub(1)),
        );
        let template = if year.is_some() {
            &self.date.far
        } else {
            &self.date.near
        };
        let year = year.map(|y| y.to_string()).unwrap_or_default();
        fill(
            template,
            &[
                ("weekday", &weekday),
                ("day", &day.to_string()),
                ("month", &month),
                ("year", &year),
            ],
        )
    }
}

/// The word for a code; the code itself where the language has none.
fn get<'a>(section: &'a Section, code: &'a str) -> &'a str {
    section.get(code).map_or(code, String::as_str)
}

/// Reads a section in which `triage.done = "..."` may stand with or without quotes around the dotted id.
fn flat<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Section, D::Error> {
    let mut section = Section::new();
    flatten("", &toml::Table::deserialize(from)?, &mut section)
        .map_err(serde::de::Error::custom)?;
    Ok(section)
}

/// Adds every text below a table under its dotted path.
fn flatten(path: &str, table: &toml::Table, out: &mut Section) -> std::result::Result<(), String> {
    for (key, value) in table {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        match value {
            toml::Value::Table(inner) => flatten(&path, inner, out)?,
            toml::Value::Array(list) => {
                let inner = list
                    .iter()
                    .enumerate()
                    .map(|(at, v)| (at.to_string(), v.clone()))
                    .collect();
                flatten(&path, &inner, out)?;
            }
            toml::Value::String(text) => drop(out.insert(path, text.clone())),
            _ => return Err(format!("\"{path}\" is not a text")),
        }
    }
    Ok(())
}

/// Pieces of a template: text, or the name of a placeholder.
enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// Cuts a template at its `{name}`s. Braces around anything but a word are text.
fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let after = &rest[open + 1..];
        let name = after.find('}').map(|end| &after[..end]);
        let is_name =
            |n: &&str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if let Some(name) = name.filter(is_name) {
            found.extend([Piece::Text(&rest[..open]), Piece::Name(name)]);
            rest = &after[name.len() + 1..];
        } else {
            found.push(Piece::Text(&rest[..=open]));
            rest = after;
        }
    }
    found.push(Piece::Text(rest));
    found
}

/// The template with each `{name}` replaced by its value. A name without a value stays as it is; values are not read again.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Name(name) => match values.iter().find(|(key, _)| *key == name) {
                Some((_, value)) => out.push_str(value),
                None => out.extend(["{", name, "}"]),
            },
        }
    }
    out
}

/// The form of a template for `n`, with `{n}` filled in (thousands separated): `{n} task|{n} tasks` has one form for one
/// and one for several, `=0:no tasks|` before them one for exactly that number.
pub fn plural(template: &str, n: i64) -> String {
    let mut general = Vec::new();
    let mut exact = None;
    for form in template.split('|') {
        match form
            .strip_prefix('=')
            .and_then(|f| f.split_once(':'))
            .and_then(|(no, text)| Some((no.parse::<i64>().ok()?, text)))
        {
            Some((no, text)) if no == n => exact = exact.or(Some(text)),
            Some(_) => {}
            None => general.push(form),
        }
    }
    let one = general.first().copied().unwrap_or_default();
    let usual = if n.unsigned_abs() == 1 {
        one
    } else {
        general.get(1).copied().unwrap_or(one)
    };
    fill(exact.unwrap_or(usual), &[("n", &super::count(n))])
}

/// The names of a template's placeholders.
fn placeholders(template: &str) -> BTreeSet<&str> {
    pieces(template)
        .into_iter()
        .filter_map(|p| {
            if let Piece::Name(name) = p {
                Some(name)
            } else {
                None
            }
        })
        .collect()
}

/// What is wrong with the words of a language beside those of another: missing and unknown keys, missing and unknown
/// placeholders, one sentence each. Empty when nothing is.
pub fn check(reference: &Words, other: &Words) -> Vec<String> {
    let (reference, other) = (all(reference), all(other));
    let mut wrong = Vec::new();
    for (key, text) in &reference {
        let Some(theirs) = other.get(key) else {
            wrong.push(format!("{key} is missing"));
            continue;
        };
        let (ours, theirs) = (placeholders(text), placeholders(theirs));
        wrong.extend(
            ours.difference(&theirs)
                .map(|name| format!("{key} lacks the placeholder {{{name}}}")),
        );
        wrong.extend(
            theirs
                .difference(&ours)
                .map(|name| format!("{key} has the unknown placeholder {{{name}}}")),
        );
    }
    wrong.extend(
        other
            .keys()
            .filter(|key| !reference.contains_key(*key))
            .map(|key| format!("{key} is unknown")),
    );
    wrong
}

/// Every text of a language under its dotted key.
fn all(words: &Words) -> Section {
    let mut out = Section::new();
    let table = toml::Table::try_from(words).expect("words are tables of texts");
    flatten("", &table, &mut out).expect("words hold nothing but texts");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::customer::ROLES;
    use crate::domain::event::EventKind;
    use crate::domain::stage::{BACK_REASONS, CHURN_REASONS};
    use crate::domain::touchpoint::CHANNELS;

    fn missing<'a>(section: &Section, codes: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        codes
            .into_iter()
            .filter(|code| !section.contains_key(*code))
            .collect()
    }

    #[test]
    fn every_code_has_a_word() {
        let none: Vec<&str> = Vec::new();
        for (code, _) in LANGUAGES {
            let words = Words::load(code).expect("a language that is listed");
            assert_eq!(
                missing(&words.channel, CHANNELS.iter().map(|c| c.code)),
                none,
                "channel, {code}"
            );
            assert_eq!(
                missing(&words.kind, EventKind::ALL.iter().map(|k| k.code())),
                none,
                "kind, {code}"
            );
            assert_eq!(
                missing(&words.role, ROLES.iter().copied()),
                none,
                "role, {code}"
            );
            assert_eq!(
                missing(
                    &words.reason,
                    CHURN_REASONS.iter().chain(BACK_REASONS).copied()
                ),
                none,
                "reason, {code}"
            );
            assert_eq!(
                missing(
                    &words.measure,
                    crate::domain::health::MEASURES.iter().map(|m| m.code)
                ),
                none,
                "measure, {code}"
            );
            assert_eq!(
                missing(
                    &words.why,
                    crate::domain::priority::REASONS.iter().map(|r| r.code)
                ),
                none,
                "why, {code}"
            );
            let ready: Vec<String> = crate::domain::segment::READY
                .iter()
                .flat_map(|s| [s.0.to_owned(), format!("{}_is", s.0)])
                .collect();
            assert_eq!(
                missing(&words.segment, ready.iter().map(String::as_str)),
                none,
                "segment, {code}"
            );
            assert_eq!(
                missing(
                    &words.calendar,
                    ["task", "renewal", "review", "call", "owner", "gone"]
                ),
                none,
                "calendar, {code}"
            );
            assert_eq!(
                missing(&words.survey, crate::domain::survey::FRICTION),
                none,
                "survey, {code}"
            );
            assert_eq!(
                check(&Words::english(), &words),
                Vec::<String>::new(),
                "{code}"
            );
        }
    }

    #[test]
    fn no_word_belongs_to_nothing() {
        let words = Words::english();
        assert_eq!(words.channel.len(), CHANNELS.len());
        assert_eq!(words.kind.len(), EventKind::ALL.len());
        assert_eq!(words.role.len(), ROLES.len());
        let reasons: BTreeSet<&str> = CHURN_REASONS.iter().chain(BACK_REASONS).copied().collect();
        assert_eq!(words.reason.len(), reasons.len());
    }

    /// English with every word said twice: a language that is longer everywhere.
    fn doubled(table: &toml::Table) -> toml::Table {
        table
            .iter()
            .map(|(key, value)| (key.clone(), double(value)))
            .collect()
    }

    fn double(value: &toml::Value) -> toml::Value {
        match value {
            toml::Value::Table(inner) => toml::Value::Table(doubled(inner)),
            toml::Value::Array(list) => toml::Value::Array(list.iter().map(double).collect()),
            toml::Value::String(text) => {
                let twice = |form: &str| {
                    form.split(' ')
                        .map(|w| {
                            if w.contains('{') {
                                w.to_owned()
                            } else {
                                format!("{w}{w}")
                            }
                        })
                        .collect::<Vec<_>>()
                        .join(" ")
                };
                let form =
                    |form: &str| match form.split_once(':').filter(|(no, _)| no.starts_with('=')) {
                        Some((no, text)) => format!("{no}:{}", twice(text)),
                        None => twice(form),
                    };
                toml::Value::String(text.split('|').map(form).collect::<Vec<_>>().join("|"))
            }
            other => other.clone(),
        }
    }

    fn longer() -> toml::Table {
        doubled(&toml::Table::try_from(Words::english()).expect("words are tables"))
    }

    fn read(table: &toml::Table) -> Words {
        Words::read(&toml::to_string(table).expect("tables are written")).expect("words")
    }

    #[test]
    fn a_longer_language_has_the_same_keys_and_placeholders() {
        let words = read(&longer());
        assert_eq!(check(&Words::english(), &words), Vec::<String>::new());
        assert_eq!(words.channel("phone"), "CallCall");
        assert_eq!(words.why("silent", 35), "silentsilent 35d".to_owned());
        assert_eq!(words.why("task", 0), "tasktask duedue todaytoday");
        assert_eq!(words.date(1, 8, 12, None), "TueTue 8 DecDec");
    }

    #[test]
    fn what_a_language_lacks_is_found() {
        let mut table = longer();
        let section = |table: &mut toml::Table, name: &str, key: &str, text: Option<&str>| {
            let inner = table
                .get_mut(name)
                .and_then(toml::Value::as_table_mut)
                .expect("a section");
            match text {
                Some(text) => inner.insert(key.to_owned(), toml::Value::String(text.to_owned())),
                None => inner.remove(key),
            }
        };
        section(&mut table, "channel", "phone", None);
        section(&mut table, "why", "silent", Some("silent {days}d"));
        section(&mut table, "message", "extra", Some("more"));
        let wrong = check(&Words::english(), &read(&table));
        let expected = [
            "channel.phone is missing",
            "why.silent lacks the placeholder {n}",
            "why.silent has the unknown placeholder {days}",
            "message.extra is unknown",
        ];
        assert_eq!(wrong, expected);
    }

    #[test]
    fn an_unknown_section_or_a_number_is_refused() {
        let mut table = longer();
        table.insert("chanel".to_owned(), toml::Value::Table(toml::Table::new()));
        assert!(Words::read(&toml::to_string(&table).expect("written")).is_err());
        let mut table = longer();
        table["message"]
            .as_table_mut()
            .expect("a section")
            .insert("n".to_owned(), toml::Value::Integer(1));
        assert!(Words::read(&toml::to_string(&table).expect("written")).is_err());
    }

    #[test]
    fn dotted_ids_need_no_quotes() {
        let text = toml::to_string(&longer()).expect("written");
        let quoted = text.replace("[action]", "[action]\n\"triage.done\" = \"done\"");
        let bare = text.replace("[action]", "[action]\ntriage.done = \"done\"");
        assert_ne!(quoted, text);
        assert_eq!(
            Words::read(&quoted).expect("words"),
            Words::read(&bare).expect("words")
        );
        assert_eq!(
            Words::read(&bare).expect("words").action("triage.done"),
            "done"
        );
    }

    #[test]
    fn a_locale_is_its_language() {
        for code in ["en", "EN", "en_GB.UTF-8", "en-US"] {
            assert_eq!(Words::load(code).expect("English").name, "English");
        }
        assert_eq!(
            Words::load("xx").expect_err("no such language").exit_code(),
            2
        );
    }

    #[test]
    fn templates_are_filled_once() {
        assert_eq!(
            fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]),
            "{b} and 2"
        );
        assert_eq!(
            fill("{gone} { x} {} {é {n", &[("n", "3")]),
            "{gone} { x} {} {é {n"
        );
        assert_eq!(plural("{n} customer|{n} customers", 1), "1 customer");
        assert_eq!(
            plural("{n} customer|{n} customers", 1_284),
            "1,284 customers"
        );
        assert_eq!(plural("{n} customer|{n} customers", 0), "0 customers");
        assert_eq!(plural("=0:no tasks|{n} task|{n} tasks", 0), "no tasks");
        assert_eq!(plural("usage {n}%", -40), "usage -40%");
        assert_eq!(plural("", 3), "");
        let words = Words::english();
        assert_eq!(words.why("ticket", 1), "1 severe ticket");
        assert_eq!(words.why("task", 9), "task overdue 9d");
        assert_eq!(words.why("unheard_of", 9), "unheard_of");
        assert_eq!(
            words.say("undone", &[("what", "moved Acme")]),
            "Undone: moved Acme"
        );
        assert_eq!(words.date(1, 8, 12, Some(2027)), "Tue 8 Dec 2027");
        assert_eq!(words.date(99, 8, 99, None), " 8 ");
    }
}
