//! Taking customers: their fields, custom attributes typed by their values, and the stage and price of a plain list.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::Value;

use super::activity::Rest;
use super::contacts::full_name;
use super::desk::{Desk, Fate, Intake, Taken, quoted, refuse};
use super::mapping::Place;
use super::reader::{Next, Row};
use super::report::Use;
use super::values::{self, DateCell};
use crate::domain::config::{Attribute, AttributeType};
use crate::domain::event::EventKind;
use crate::domain::money::{Currency, beside};
use crate::domain::profile::{Calendar, Decimal};
use crate::domain::revenue::Interval;
use crate::domain::time::Day;
use crate::error::{Error, Result};
use crate::store::load::{CustomerRow, EventRow, VersionRow};

/// What an unknown column's values allow it to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Guess {
    any: bool,
    int: bool,
    date: bool,
    flag: bool,
}

impl Guess {
    const OPEN: Guess = Guess {
        any: false,
        int: true,
        date: true,
        flag: true,
    };

    fn see(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.any = true;
        // "007" and "+90" are words that look like numbers.
        let digits = text.strip_prefix('-').unwrap_or(text);
        let padded = digits.len() > 1 && digits.starts_with('0');
        self.int &=
            !padded && digits.bytes().all(|b| b.is_ascii_digit()) && text.parse::<i64>().is_ok();
        self.date &= matches!(values::date(text, Calendar::Gregorian), DateCell::Day(_))
            && !digits.bytes().all(|b| b.is_ascii_digit());
        self.flag &= ["yes", "no", "true", "false"]
            .iter()
            .any(|w| w.eq_ignore_ascii_case(text));
    }

    /// `None` for a column without a value.
    fn kind(self) -> Option<AttributeType> {
        match self {
            Guess { any: false, .. } => None,
            Guess { int: true, .. } => Some(AttributeType::Int),
            Guess { date: true, .. } => Some(AttributeType::Date),
            Guess { flag: true, .. } => Some(AttributeType::Bool),
            _ => Some(AttributeType::Text),
        }
    }
}

/// The types that the values of some columns allow; reads the file once.
fn guess(desk: &Desk<'_>, columns: &[usize]) -> Result<Vec<Option<AttributeType>>> {
    let mut guesses = vec![Guess::OPEN; columns.len()];
    let mut table = desk.table()?;
    loop {
        match table.next()? {
            Next::Row(row) => guesses
                .iter_mut()
                .zip(columns)
                .for_each(|(g, c)| g.see(row.at(*c))),
            Next::Bad(..) => {}
            Next::End => return Ok(guesses.into_iter().map(Guess::kind).collect()),
        }
    }
}

/// An unknown column that becomes an attribute.
struct Extra {
    column: usize,
    code: String,
    kind: AttributeType,
}

/// Customers.
pub(super) struct Customers {
    key: Place,
    name: Place,
    first: Place,
    last: Place,
    email: Place,
    owner: Place,
    website: Place,
    phone: Place,
    created: Place,
    tags: Place,
    stage: Place,
    arr: Place,
    mrr: Place,
    currency: Place,
    extras: Vec<Extra>,
    content: Vec<u8>,
    reference: String,
    more: Rest,
}

impl Customers {
    /// Reads the columns, and looks through the file for the types of those that no field takes.
    pub(super) fn new(desk: &mut Desk<'_>) -> Result<Customers> {
        let extras = extras(desk)?;
        let place = |code| desk.map.place(code);
        Ok(Customers {
            key: place("key"),
            name: place("name"),
            first: place("first_name"),
            last: place("last_name"),
            email: place("email"),
            owner: place("owner"),
            website: place("website"),
            phone: place("phone"),
            created: place("created"),
            tags: place("tags"),
            stage: place("stage"),
            arr: place("arr"),
            mrr: place("mrr"),
            currency: place("currency"),
            extras,
            content: Vec::new(),
            reference: String::new(),
            more: Rest::default(),
        })
    }

    /// The row for comparing it with another of its key: names that differ in case only are the same.
    fn fill_content(&mut self, row: Row<'_>, columns: usize, folded: &str) {
        self.content.clear();
        for column in (0..columns).filter(|c| *c != self.name.index) {
            self.content.extend_from_slice(row.at(column).as_bytes());
            self.content.push(0);
        }
        self.content.extend_from_slice(folded.as_bytes());
    }

    fn attributes(&self, desk: &Desk<'_>, row: Row<'_>) -> Taken<Vec<(&str, Value)>> {
        let mut out = Vec::with_capacity(self.extras.len());
        for extra in &self.extras {
            let text = row.at(extra.column);
            if text.is_empty() {
                continue;
            }
            match attribute(text, extra.kind, desk.config.currency, desk.decimal()) {
                Some(value) => out.push((extra.code.as_str(), value)),
                None => {
                    return refuse(
                        "attribute of another type",
                        format!(
                            "{} {} is not {}",
                            extra.code,
                            quoted(text),
                            said(extra.kind)
                        ),
                    );
                }
            }
        }
        Ok(out)
    }

    /// The stage that a plain list names: a move on the first day, or now for a customer that the book had.
    fn enter(
        &mut self,
        desk: &mut Desk<'_>,
        row: Row<'_>,
        customer: i64,
        key: &str,
        day: Option<Day>,
    ) -> Taken<Fate> {
        let name = row.get(self.stage);
        if name.is_empty() {
            return Ok(Fate::Same);
        }
        let no = desk.stage(name)?;
        let code = desk.config.stages.code(no).to_owned();
        self.reference.clear();
        let _ = write!(self.reference, "{key}/stage/{code}");
        // The file has said so before; where the customer is now is not the file's affair any more.
        if desk.loader.has_event(EventKind::Stage, &self.reference)? {
            return Ok(Fate::Same);
        }
        self.more.begin();
        self.more.text("to", true, &code);
        let event = EventRow {
            day: Some(day.unwrap_or(desk.now.today)),
            channel: Some(&code),
            reference: &self.reference,
            more: self.more.end(),
            ..EventRow::new(
                EventKind::Stage,
                customer,
                day.map_or(desk.now.at, |d| desk.midnight(d)),
            )
        };
        Ok(desk.loader.put_event(&event)?.into())
    }

    /// The price that a plain list names, as a subscription from the first day on. Of its end and the like a list says nothing.
    fn price(
        &mut self,
        desk: &mut Desk<'_>,
        customer: i64,
        key: &str,
        price: Price,
        start: Day,
    ) -> Taken<Fate> {
        self.reference.clear();
        self.reference.push_str(&price_of(key));
        let version = VersionRow {
            external: &self.reference,
            customer,
            subscription: None,
            called: key,
            // A list without dates starts it on the day of the first import, and leaves it there.
            start: desk
                .loader
                .version(&self.reference)?
                .map_or(start, |there| there.start),
            end: None,
            amount: price.amount,
            currency: price.currency,
            interval: Some(price.interval),
            count: Some(1),
            quantity: None,
            discount: None,
            status: None,
        };
        Ok(desk.loader.put_version(&version)?.into())
    }

    /// MRR or ARR of a row, where it has one above 0.
    fn read_price(&self, desk: &mut Desk<'_>, row: Row<'_>, key: &str) -> Taken<Option<Price>> {
        let (place, interval) = if self.mrr.there() && !row.get(self.mrr).is_empty() {
            (self.mrr, Interval::Month)
        } else {
            (self.arr, Interval::Year)
        };
        if row.get(place).is_empty() {
            return Ok(None);
        }
        let there = desk.loader.version(&price_of(key))?;
        let there = there.map(|v| v.currency);
        let (amount, currency) = desk.price(row, place, self.currency, there)?;
        Ok((amount > 0).then_some(Price {
            amount,
            interval,
            currency,
        }))
    }
}

/// The key of the version that a list's price of a customer is.
fn price_of(key: &str) -> String {
    format!("{key}/price")
}

/// A price as a list has it.
struct Price {
    amount: i64,
    interval: Interval,
    currency: Option<Currency>,
}

/// Decides for each column that is no field whether it becomes an attribute, and of which type.
fn extras(desk: &mut Desk<'_>) -> Result<Vec<Extra>> {
    let mut others = desk.map.others.clone();
    // A customer has no address of its own in the book; that of a list is kept, beside finding the customer by it.
    let email = desk.map.place("email");
    if email.there() {
        others.push((
            email.index,
            "email".to_owned(),
            desk.map.header(email).to_owned(),
        ));
    }
    let columns: Vec<usize> = others.iter().map(|(c, _, _)| *c).collect();
    let kinds = if columns.is_empty() {
        Vec::new()
    } else {
        guess(desk, &columns)?
    };
    let mut extras: Vec<Extra> = Vec::new();
    for ((column, code, header), guessed) in others.into_iter().zip(kinds) {
        let known = desk.config.attribute(&code).map(|a| a.kind);
        let Some(kind) = known.or(guessed) else {
            continue;
        };
        if extras.iter().any(|e| e.code == code) {
            desk.file.remark(
                say!(
                    "customers.column_stands_twice_first",
                    what = quoted(&header)
                )
                .to_string(),
            );
            continue;
        }
        if known.is_none() {
            let attribute = Attribute {
                code: code.clone(),
                label: header,
                kind,
            };
            let text = toml::to_string(&attribute).map_err(|e| {
                Error::failed(say!("customers.attribute_could_not_written")).because(e)
            })?;
            desk.loader
                .set_config(&format!("attribute.{code}"), &text)?;
            desk.config.attributes.push(attribute);
            desk.attributes_added.push(code.clone());
        }
        desk.file.columns[column].becomes = Use::Attribute {
            code: code.clone(),
            kind,
        };
        extras.push(Extra { column, code, kind });
    }
    Ok(extras)
}

/// A cell as the value of an attribute; `None` when it is not one of its type.
fn attribute(
    text: &str,
    kind: AttributeType,
    currency: Currency,
    mark: Option<Decimal>,
) -> Option<Value> {
    match kind {
        AttributeType::Text | AttributeType::Enum => Some(Value::from(text)),
        AttributeType::Int => values::whole(text, mark).ok().map(Value::from),
        AttributeType::Money => {
            let ours = beside(text).0.is_none_or(|said| said.fits(currency));
            let amount = ours.then(|| values::amount(text, currency, mark).ok());
            amount.flatten().map(Value::from)
        }
        AttributeType::Bool => values::yes_no(text).map(Value::from),
        AttributeType::Date => match values::date(text, Calendar::Gregorian) {
            DateCell::Day(day) => Some(Value::from(day.to_string())),
            _ => None,
        },
    }
}

fn said(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::Int => "a whole number",
        AttributeType::Money => "an amount",
        AttributeType::Date => "a date such as 2026-11-21",
        AttributeType::Bool => "yes or no",
        AttributeType::Text | AttributeType::Enum => "a word",
    }
}

fn filled(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// A cell of tags with `_` for the spaces inside a tag: tags are single words in the book.
fn joined(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_whitespace) {
        return Cow::Borrowed(text);
    }
    let tags = text
        .split([';', ',', '|'])
        .map(|t| t.split_whitespace().collect::<Vec<_>>().join("_"));
    Cow::Owned(tags.collect::<Vec<_>>().join(";"))
}

/// Tags as files write them: between semicolons, commas or bars.
fn tags(text: &str) -> Option<Vec<&str>> {
    let tags: Vec<&str> = text
        .split([';', ',', '|'])
        .map(str::trim)
        .filter(|t| !t.is_empty())
        .collect();
    (!tags.is_empty()).then_some(tags)
}

impl Intake for Customers {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let named = full_name(row, self.name, self.first, self.last);
        let name = &*named;
        let folded = crate::text::fold(name);
        let key = if self.key.there() {
            row.get(self.key)
        } else {
            folded.as_str()
        };
        if self.key.there() && key.is_empty() {
            return refuse(
                "empty key",
                format!("{} is empty", desk.map.header(self.key)),
            );
        }
        if name.is_empty() {
            return refuse(
                "empty name",
                format!("{} is empty", desk.map.header(self.name)),
            );
        }
        let created = desk.date(row, self.created)?;
        let price = self.read_price(desk, row, key)?;
        self.fill_content(row, desk.file.columns.len(), &folded);
        if let Some(fate) = desk.repeated(key, &self.content)? {
            return Ok(fate);
        }
        let attributes = self.attributes(desk, row)?;
        let joined = joined(row.get(self.tags));
        let website = row.get(self.website);
        let same = match desk.loader.customer(key)? {
            Some(_) => None,
            None => {
                desk.loader
                    .same_customer(website, row.get(self.email), name, self.key.there())?
            }
        };
        let customer = CustomerRow {
            number: same,
            // One that is found by a rule keeps its key where the list has none of its own.
            external: if same.is_some() && !self.key.there() {
                ""
            } else {
                key
            },
            name,
            owner: filled(row.get(self.owner)),
            website: filled(website),
            phone: filled(row.get(self.phone)),
            created,
            tags: tags(&joined),
            attributes,
        };
        desk.note_updated(row);
        let (number, outcome) = desk.loader.put_customer(&customer)?;
        let mut fate = Fate::from(outcome);
        // A customer that is new enters its stage on its first day; one that the book had is moved now.
        let day = created.filter(|_| fate == Fate::Made);
        if self.stage.there() {
            fate = fate.and(self.enter(desk, row, number, key, day)?);
        }
        if let Some(price) = price {
            fate = fate.and(self.price(
                desk,
                number,
                key,
                price,
                created.unwrap_or(desk.now.today),
            )?);
        }
        desk.note_conflicts(row.line, name);
        desk.remember(key, &self.content, row.line);
        Ok(fate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(values: &[&str]) -> Option<AttributeType> {
        let mut guess = Guess::OPEN;
        values.iter().for_each(|v| guess.see(v));
        guess.kind()
    }

    #[test]
    fn values_say_the_type_of_a_column() {
        assert_eq!(kind(&["1", "", "-20"]), Some(AttributeType::Int));
        assert_eq!(kind(&["007"]), Some(AttributeType::Text));
        assert_eq!(
            kind(&["2026-11-21", "31.12.2024"]),
            Some(AttributeType::Date)
        );
        assert_eq!(kind(&["20261121"]), Some(AttributeType::Int));
        assert_eq!(kind(&["Yes", "no"]), Some(AttributeType::Bool));
        assert_eq!(kind(&["1", "x"]), Some(AttributeType::Text));
        assert_eq!(kind(&["", ""]), None);
    }

    #[test]
    fn tags_are_split_at_the_usual_marks() {
        assert_eq!(
            tags("vip; beta|ref,,x "),
            Some(vec!["vip", "beta", "ref", "x"])
        );
        assert_eq!(tags(" ; "), None);
        assert_eq!(
            tags(&joined("key account; vip")),
            Some(vec!["key_account", "vip"])
        );
    }

    #[test]
    fn attributes_are_typed() {
        let usd = Currency::default();
        assert_eq!(
            attribute("12", AttributeType::Int, usd, None),
            Some(Value::from(12))
        );
        assert_eq!(attribute("12x", AttributeType::Int, usd, None), None);
        assert_eq!(
            attribute("31.12.2024", AttributeType::Date, usd, None),
            Some(Value::from("2024-12-31"))
        );
        assert_eq!(
            attribute("no", AttributeType::Bool, usd, None),
            Some(Value::from(false))
        );
    }
}
