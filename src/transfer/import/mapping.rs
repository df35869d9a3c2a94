//! Which column of a file is which field: as said, as a profile has it, by header, or by what the values look like.

use std::collections::BTreeMap;

use super::kind::{Kind, header_code, instead};
use super::report::{Because, ColumnUse, Use};
use super::values;
use crate::domain::profile::Profile;
use crate::error::{Error, Result};

/// Columns that a rejects file adds in front; importing the corrected file passes over them.
pub(super) const REJECT_COLUMNS: [&str; 3] = ["rejected_line", "rejected_row", "rejected_because"];

/// Where a field stands in the rows of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// Column from 0; [`Place::NONE`] has none and reads as an empty cell.
    pub index: usize,
    /// A second column for rows in which the first is empty; `usize::MAX` for none.
    pub or: usize,
    /// The header ended in `_minor`: amounts are minor units.
    pub minor: bool,
}

impl Place {
    /// The file has no such column.
    pub(super) const NONE: Place = Place {
        index: usize::MAX,
        or: usize::MAX,
        minor: false,
    };

    /// True when the file has the column.
    pub(super) fn there(self) -> bool {
        self != Place::NONE
    }
}

/// Words of columns and what they become.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(Vec<(usize, BTreeMap<String, String>)>);

impl Words {
    /// True where no column has any.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a cell at a place is said to be.
    pub(super) fn said<'a>(&'a self, place: Place, text: &'a str) -> &'a str {
        let words = self.0.iter().find(|(index, _)| *index == place.index);
        words
            .and_then(|(_, words)| words.get(&text.to_lowercase()))
            .map_or(text, String::as_str)
    }
}

/// What a column becomes where somebody has said it: a field, or an attribute under a code, or nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Target {
    Field(&'static str),
    Attribute(String),
    Nothing,
}

/// The columns of one file.
#[derive(Debug)]
pub(super) struct Mapping {
    fields: Vec<(&'static str, Place)>,
    /// Columns that are no field: index, folded header, header.
    pub others: Vec<(usize, String, String)>,
    headers: Vec<String>,
    because: Vec<Because>,
    /// Words of fields and what they become.
    pub words: Words,
}

impl Mapping {
    /// Matches `headers` with the columns of `kind`. The first name of a field that the file has wins; a column is one field.
    pub(super) fn new(kind: Kind, headers: &[String]) -> Mapping {
        let mut mapping = Mapping::none(headers);
        mapping.guess(kind);
        mapping
    }

    /// Matches what `said` (headers and fields) and the profile say first, and the rest by headers. A profile is the whole of what is
    /// meant: with one nothing is guessed.
    pub(super) fn with(
        kind: Kind,
        headers: &[String],
        profile: Option<&Profile>,
        said: &[(String, String)],
    ) -> Result<Mapping> {
        let mut mapping = Mapping::none(headers);
        for (header, becomes) in said {
            let at = mapping.column(header).ok_or_else(|| {
                Error::usage(say!("mapping.there_no_column", header = header))
                    .hint(format!("columns: {}", headers.join(", ")))
            })?;
            mapping.put(at, target(kind, becomes)?, Because::Said);
        }
        match profile {
            Some(profile) => {
                for (header, becomes) in &profile.columns {
                    if let Some(at) = mapping.column(header).filter(|at| mapping.is_free(*at)) {
                        mapping.put(at, target(kind, becomes)?, Because::Profile);
                    }
                }
                let of = |code: &String| {
                    mapping
                        .fields
                        .iter()
                        .find(|(c, _)| c == code)
                        .map(|(_, p)| p.index)
                };
                let words = profile
                    .values
                    .iter()
                    .filter_map(|(code, words)| Some((of(code)?, words.clone())));
                mapping.words = Words(words.collect());
            }
            None => mapping.guess(kind),
        }
        Ok(mapping)
    }

    fn none(headers: &[String]) -> Mapping {
        let others = headers
            .iter()
            .enumerate()
            .map(|(i, h)| (i, header_code(h), h.clone()));
        let others = others
            .filter(|(_, code, _)| !code.is_empty() && !REJECT_COLUMNS.contains(&code.as_str()))
            .collect();
        let because = vec![Because::Header; headers.len()];
        Mapping {
            fields: Vec::new(),
            others,
            headers: headers.to_vec(),
            because,
            words: Words::default(),
        }
    }

    /// The column with this header; of several the first.
    fn column(&self, header: &str) -> Option<usize> {
        let code = header_code(header);
        self.headers
            .iter()
            .position(|h| h == header)
            .or_else(|| self.headers.iter().position(|h| header_code(h) == code))
    }

    fn is_free(&self, at: usize) -> bool {
        self.others.iter().any(|(i, _, _)| *i == at)
    }

    fn put(&mut self, at: usize, target: Target, because: Because) {
        self.because[at] = because;
        match target {
            Target::Attribute(code) => {
                if let Some(other) = self.others.iter_mut().find(|(i, _, _)| *i == at) {
                    other.1 = code;
                }
                return;
            }
            Target::Field(code) => {
                let minor = header_code(&self.headers[at]).ends_with("_minor");
                match self.fields.iter_mut().find(|(c, _)| *c == code) {
                    // Of two columns the one that the file has first is the first choice.
                    Some((_, place)) if place.or == usize::MAX => {
                        (place.index, place.or) = (place.index.min(at), place.index.max(at));
                    }
                    Some(_) => {}
                    None => self.fields.push((
                        code,
                        Place {
                            index: at,
                            or: usize::MAX,
                            minor,
                        },
                    )),
                }
            }
            Target::Nothing => {}
        }
        self.others.retain(|(i, _, _)| *i != at);
    }

    /// Gives each field that has no column yet the one that goes by the best of its names.
    fn guess(&mut self, kind: Kind) {
        let codes: Vec<String> = self.headers.iter().map(|h| header_code(h)).collect();
        for column in kind.columns() {
            if self.place(column.code).there() {
                continue;
            }
            let find = |name: &&str| {
                let free = |fits: &dyn Fn(&String) -> bool| {
                    (0..codes.len()).find(|i| self.is_free(*i) && fits(&codes[*i]))
                };
                free(&|h| h.strip_suffix("_minor") == Some(*name)).or_else(|| free(&|h| h == name))
            };
            if let Some(at) = column.names.iter().find_map(find) {
                self.put(at, Target::Field(column.code), Because::Header);
            }
        }
    }

    /// Looks at the values of columns that no header explains: where exactly one of them looks like what a field holds that the file
    /// still lacks, it is that field.
    pub(super) fn guess_by_values(&mut self, kind: Kind, samples: &[Vec<String>]) {
        for column in kind.columns() {
            let lacks =
                column.required && instead(column.code).iter().all(|c| !self.place(c).there());
            let Some(looks) =
                looks(column.code, lacks).filter(|_| !self.place(column.code).there())
            else {
                continue;
            };
            let fits = |at: usize| {
                let mut values = samples
                    .iter()
                    .filter_map(|row| row.get(at))
                    .filter(|v| !v.is_empty())
                    .peekable();
                values.peek().is_some() && values.all(|v| looks(v))
            };
            let mut fitting = self.others.iter().map(|(i, _, _)| *i).filter(|i| fits(*i));
            if let (Some(at), None) = (fitting.next(), fitting.next()) {
                self.put(at, Target::Field(column.code), Because::Values);
            }
        }
    }

    /// Where a field stands.
    pub(super) fn place(&self, code: &str) -> Place {
        self.fields
            .iter()
            .find(|(c, _)| *c == code)
            .map_or(Place::NONE, |(_, p)| *p)
    }

    /// The header over a place, as the file spells it.
    pub(super) fn header(&self, place: Place) -> &str {
        self.headers.get(place.index).map_or("", String::as_str)
    }

    /// The required columns of `kind` that are missing, each with the names it may have.
    pub(super) fn missing(&self, kind: Kind) -> Vec<String> {
        let there = |code: &str| self.place(code).there();
        let lacking = kind
            .columns()
            .iter()
            .filter(|c| c.required && !there(c.code) && !instead(c.code).iter().any(|c| there(c)));
        lacking
            .map(|c| {
                format!(
                    "{} ({})",
                    c.code,
                    c.names[..c.names.len().min(4)].join(", ")
                )
            })
            .collect()
    }

    /// What the report says of each column, in the file's order.
    pub(super) fn uses(&self, samples: &[Vec<String>]) -> Vec<ColumnUse> {
        let named = |i: usize| {
            let field = self.fields.iter().find(|(_, p)| p.index == i || p.or == i);
            field.map_or(Use::Ignored, |(code, p)| Use::Field {
                field: code,
                minor: p.minor,
            })
        };
        let example = |i: usize| {
            samples
                .iter()
                .filter_map(|row| row.get(i))
                .find(|v| !v.is_empty())
                .cloned()
                .unwrap_or_default()
        };
        let column = |(i, h): (usize, &String)| ColumnUse {
            header: h.clone(),
            becomes: named(i),
            because: self.because[i],
            example: example(i),
        };
        self.headers.iter().enumerate().map(column).collect()
    }
}

/// What a word of a profile means for a kind.
fn target(kind: Kind, word: &str) -> Result<Target> {
    if word.is_empty() || word == "-" {
        return Ok(Target::Nothing);
    }
    if let (Some(code), Kind::Customers) = (word.strip_prefix("attr."), kind) {
        return Ok(Target::Attribute(header_code(code)));
    }
    let field = kind.columns().iter().find(|c| c.code == word);
    field.map(|c| Target::Field(c.code)).ok_or_else(|| {
        let fields: Vec<&str> = kind.columns().iter().map(|c| c.code).collect();
        let attributes = if kind == Kind::Customers {
            ", attr.<code>"
        } else {
            ""
        };
        Error::usage(say!(
            "mapping.no_field",
            kind = kind.code().replace('_', " "),
            word = word
        ))
        .hint(say!(
            "mapping.fields_or_nothing_leave",
            fields = fields.join(", "),
            attributes = attributes
        ))
    })
}

/// How the values of a field look; `None` for one that cannot be told by them. Dates and scores are only looked for where the file
/// cannot be read without.
fn looks(code: &str, lacks: bool) -> Option<fn(&str) -> bool> {
    match code {
        "email" | "customer_email" => Some(is_email),
        "website" => Some(is_address),
        "on" | "at" | "opened" | "start" if lacks => Some(values::is_date),
        "score" if lacks => Some(|v| v.parse::<u8>().is_ok_and(|n| n <= 10)),
        _ => None,
    }
}

/// True for `ana@example.com`.
pub(super) fn is_email(text: &str) -> bool {
    let Some((user, host)) = text.split_once('@') else {
        return false;
    };
    let plain = |t: &str| {
        !t.is_empty()
            && !t.contains(|c: char| c.is_whitespace() || matches!(c, '@' | '<' | '>' | ',' | ';'))
    };
    plain(user) && plain(host) && host.contains('.')
}

/// True for `https://example.com`.
fn is_address(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://") || text.starts_with("www.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(line: &str) -> Vec<String> {
        line.split(',').map(str::to_owned).collect()
    }

    fn mapping(kind: Kind, line: &str) -> Mapping {
        Mapping::new(kind, &headers(line))
    }

    #[test]
    fn the_shape_of_a_crm_export_is_understood() {
        let m = mapping(
            Kind::Customers,
            "customer_id,name,segment,csm,created_on,website,phone,tags",
        );
        assert_eq!(m.place("key").index, 0);
        assert_eq!(m.place("owner").index, 3);
        assert_eq!(
            m.others,
            vec![(2, "segment".to_owned(), "segment".to_owned())]
        );
        assert!(m.missing(Kind::Customers).is_empty());
    }

    #[test]
    fn headers_are_understood_in_several_languages() {
        let m = mapping(
            Kind::Customers,
            "Müşteri No,Firma Adı,Sorumlu,Başlangıç Tarihi,Telefon",
        );
        let places = ["key", "name", "owner", "created", "phone"].map(|c| m.place(c).index);
        assert_eq!(places, [0, 1, 2, 3, 4]);
        assert!(
            mapping(Kind::Customers, "Название,Ответственный,Сайт")
                .missing(Kind::Customers)
                .is_empty()
        );
        assert_eq!(
            mapping(Kind::Customers, "نام شرکت,تلفن")
                .place("phone")
                .index,
            1
        );
        assert_eq!(
            mapping(Kind::Contacts, "Vorname,Nachname,Kunde,E-Mail").missing(Kind::Contacts),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_minor_column_is_told_from_a_plain_one() {
        let orders = mapping(Kind::Orders, "Order ID,Customer,Date,amount_minor");
        assert_eq!(
            orders.place("amount"),
            Place {
                index: 3,
                minor: true,
                ..Place::NONE
            }
        );
        let plain = mapping(Kind::Customers, "Company,Owner,ARR");
        assert_eq!(
            plain.place("arr"),
            Place {
                index: 2,
                ..Place::NONE
            }
        );
        assert_eq!(plain.place("key"), Place::NONE);
    }

    #[test]
    fn what_is_missing_is_named_with_its_spellings() {
        let m = mapping(Kind::Orders, "order_id,customer_id,amount");
        assert_eq!(
            m.missing(Kind::Orders),
            vec!["on (ordered_on, ordered_at, order_date, created_on)"]
        );
    }

    #[test]
    fn the_columns_of_a_rejects_file_are_passed_over() {
        let m = mapping(
            Kind::Customers,
            "rejected_line,rejected_row,rejected_because,customer_id,name",
        );
        assert!(m.others.is_empty());
        assert_eq!(m.uses(&[])[0].becomes, Use::Ignored);
    }

    #[test]
    fn values_say_what_headers_do_not() {
        let mut m = mapping(Kind::NpsResponses, "Kunde,Tarih,Puan,Wer");
        let rows = ["ACME,2026-11-01,9,ana@acme.example", "ACME,2026-11-02,,"]
            .map(|r| r.split(',').map(str::to_owned).collect());
        m.guess_by_values(Kind::NpsResponses, &rows);
        let places = ["at", "score", "customer_email"].map(|c| m.place(c).index);
        assert_eq!(places, [1, 2, 3]);
        assert_eq!(m.uses(&rows)[3].because, Because::Values);
    }

    #[test]
    fn what_is_said_comes_before_the_profile_and_that_before_headers() {
        let profile = Profile::read(
            "p",
            "kind = \"customers\"\n[columns]\n\"Record ID\" = \"key\"\nWeb = \"website\"\nDomain = \"website\"\nNotes = \"\"\nType = \"attr.sort\"\n[values.owner]\nNobody = \"\"",
        );
        let said = [
            ("Chief".to_owned(), "owner".to_owned()),
            ("Name".to_owned(), "name".to_owned()),
        ];
        let m = Mapping::with(
            Kind::Customers,
            &headers("record id,Name,Web,Domain,Notes,Type,Chief,Phone"),
            Some(&profile.expect("reads")),
            &said,
        );
        let m = m.expect("maps");
        assert_eq!(m.place("key").index, 0);
        assert_eq!(
            m.place("website"),
            Place {
                index: 2,
                or: 3,
                minor: false
            }
        );
        assert_eq!(
            m.place("phone"),
            Place::NONE,
            "a profile is the whole of what is meant"
        );
        assert_eq!(
            m.others.iter().map(|o| o.1.as_str()).collect::<Vec<_>>(),
            ["sort", "phone"]
        );
        assert_eq!(m.words.said(m.place("owner"), "NOBODY"), "");
        let wrong = Mapping::with(
            Kind::Orders,
            &headers("a"),
            None,
            &[("a".into(), "stage".into())],
        )
        .expect_err("refused");
        assert_eq!(wrong.message, "orders have no field \"stage\"");
        assert!(
            Mapping::with(
                Kind::Orders,
                &headers("a"),
                None,
                &[("b".into(), "key".into())]
            )
            .is_err()
        );
    }
}
