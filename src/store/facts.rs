//! What stands in the book now, table by table, without its history: for files that people and other programs read, and back.
//!
//! A row keeps its id, so that rows of several files find one another and a book that was filled from them says the same. What
//! was removed is left out. A book is filled by batches of its own, one a table, each with a hash like any other; what a new row
//! cannot say (a task that is put off, a call that is closed) follows as edits.

use std::cell::RefCell;

use rusqlite::types::{Value, ValueRef};

use crate::domain::command::Entity;
use crate::domain::event::EventKind;
use crate::domain::id::{Id, Ids};
use crate::domain::sheet::Datum;
use crate::domain::time::{Day, Stamp, Zone};
use crate::error::{Error, Result};

use super::batch::{self, TABLES, Table};

pub use super::batch::Holds;
use super::hash::{self, Changed, Digest, Header, Item, Made, Tally};
use super::merge::Source;
use super::{Store, load};

/// A table as files have it.
#[derive(Clone, Debug)]
pub struct FactTable {
    /// Its name.
    pub name: &'static str,
    /// Its columns; the first is the row's id.
    pub columns: Vec<(&'static str, Holds)>,
}

/// The tables, each before those whose rows refer to it.
pub fn tables() -> Vec<FactTable> {
    TABLES
        .iter()
        .map(|t| FactTable {
            name: t.name,
            columns: columns_of(t).collect(),
        })
        .collect()
}

fn columns_of(table: &'static Table) -> impl Iterator<Item = (&'static str, Holds)> {
    let later = hash::later_fields(table).filter(|f| *f != "removed");
    let all = table.columns.iter().copied().chain(later);
    [("id", Holds::Row)]
        .into_iter()
        .chain(all.map(|c| (c, table.holds(c))))
}

impl Store {
    /// Reads the rows of a table that stand, in the order of ids.
    pub fn facts(&self, table: &str, each: &mut dyn FnMut(&[Datum]) -> Result<()>) -> Result<()> {
        let table = TABLES
            .iter()
            .find(|t| t.name == table)
            .ok_or_else(|| Error::usage(say!("facts.there_no_table", table = table)))?;
        let columns: Vec<(&str, Holds)> = columns_of(table).collect();
        let read = columns.iter().map(|(c, _)| match *c {
            "customer" => "(SELECT c.id FROM customer c WHERE c.n = t.customer)".to_owned(),
            "contact" => {
                "(SELECT k.id FROM contact k WHERE k.n = t.contact AND k.removed = 0)".to_owned()
            }
            c => format!("t.{c}"),
        });
        let read: Vec<String> = read.collect();
        let stands = match table.entity {
            Entity::Customer | Entity::View | Entity::Config => "",
            _ => " AND (SELECT c.removed FROM customer c WHERE c.n = t.customer) = 0",
        };
        let query = format!(
            "SELECT {} FROM {} t WHERE t.removed = 0{stands} ORDER BY t.id",
            read.join(", "),
            table.name
        );
        let mut statement = self.conn.prepare(&query)?;
        let mut rows = statement.query([])?;
        let mut out = Vec::with_capacity(columns.len());
        while let Some(row) = rows.next()? {
            out.clear();
            for (at, (_, holds)) in columns.iter().enumerate() {
                out.push(datum(*holds, row.get_ref(at)?));
            }
            each(&out)?;
        }
        Ok(())
    }

    /// The zone that the book was made with, by its IANA name.
    pub fn made_in_zone(&self) -> Option<String> {
        self.meta("zone")
    }

    /// Fills this book, in which nothing is yet, with rows as [`Store::facts`] gives them. `rows` is asked for each table, twice,
    /// and has to say the same. Gives how many rows there were.
    pub fn take_facts(
        &mut self,
        zone: Option<&str>,
        rows: &mut Rows<'_>,
        now: Stamp,
    ) -> Result<usize> {
        self.name_device(now)?;
        self.begin()?;
        self.keep_in_memory(load::LOAD_CACHE);
        let work = self.inside().and_then(|()| self.take_rows(zone, rows, now));
        let ended = super::end(&self.conn, work);
        self.keep_in_memory(super::open::CACHE);
        let taken = ended?;
        self.begin_anew()?;
        if zone.is_some() {
            // The rows came in by the zone that the file had; the settings among them may say another.
            self.rebuild()?;
        }
        Ok(taken)
    }

    fn take_rows(&mut self, zone: Option<&str>, rows: &mut Rows<'_>, now: Stamp) -> Result<usize> {
        if let Some(zone) = zone.filter(|z| Zone::named(z).is_some()) {
            super::schema::make_in(&self.conn, zone, true)?;
        }
        let (number, hlc) = batch::place(&self.conn, &self.who, now, None)?;
        let mut files = Files {
            rows: RefCell::new(rows),
            batches: Vec::new(),
        };
        let mut made = 0;
        for table in TABLES {
            let header = |id: Id, place: usize, of: (usize, usize), label: String| Header {
                id,
                person: self.who.person.clone(),
                device: self.who.device,
                number: number + place as i64,
                hlc: hlc + place as i64,
                wall: now.0,
                command: "load".to_owned(),
                label,
                undoes: None,
                made: of.0 as i64,
                edits: of.1 as i64,
                customer: None,
            };
            let id = self.ids.next(now);
            let (tally, count, edits) = files.look(table, &mut self.ids, now)?;
            if count > 0 {
                let label = say!("facts.loaded_rows_table", count = count, name = table.name);
                let header = header(id, files.batches.len(), (count, 0), label.to_string());
                files.batches.push(Held {
                    hash: tally.finish(&header),
                    header,
                    what: What::Rows(table),
                });
                made += count;
            }
            if !edits.is_empty() {
                let label = say!("facts.loaded_what_became_rows", name = table.name);
                let header = header(
                    self.ids.next(now),
                    files.batches.len(),
                    (0, edits.len()),
                    label.to_string(),
                );
                let mut tally = Tally::default();
                edits.iter().for_each(|item| tally.add(item));
                files.batches.push(Held {
                    hash: tally.finish(&header),
                    header,
                    what: What::Edits(edits),
                });
            }
        }
        let all: Vec<i64> = (0..files.batches.len() as i64).collect();
        let taken = self.take_from(&files, &all)?;
        match taken.left_out.first() {
            Some(left) => Err(Error::usage(say!(
                "facts.rows_do_not_hang",
                label = left.label,
                why = left.why
            ))
            .hint(say!("facts.row_names_another_by"))),
            None => Ok(made),
        }
    }
}

/// Gives the rows of a table, each to the function, in the order of ids.
pub type Rows<'a> = dyn FnMut(&str, &mut dyn FnMut(&[Datum]) -> Result<()>) -> Result<()> + 'a;

/// A batch that is to be taken.
struct Held {
    header: Header,
    hash: Digest,
    what: What,
}

enum What {
    Rows(&'static Table),
    Edits(Vec<Item>),
}

/// Rows of files as batches.
struct Files<'r, 'f> {
    rows: RefCell<&'r mut Rows<'f>>,
    batches: Vec<Held>,
}

impl Files<'_, '_> {
    /// Reads a table once: the hash of its rows, how many, and what they say that a new row cannot.
    fn look(
        &self,
        table: &'static Table,
        ids: &mut Ids,
        now: Stamp,
    ) -> Result<(Tally, usize, Vec<Item>)> {
        let (mut tally, mut count, mut later) = (Tally::default(), 0, Vec::new());
        let mut last = None;
        self.each(table, &mut |id, values| {
            if last >= Some(id) {
                return Err(Error::usage(say!(
                    "facts.rows_table_not_order",
                    name = table.name
                )));
            }
            last = Some(id);
            tally.add(&made(table, id, &values));
            count += 1;
            let fields = hash::later_fields(table).filter(|f| *f != "removed");
            for (field, value) in fields.zip(&values[table.columns.len()..]) {
                if *value != hash::at_birth(field) {
                    later.push((id, field, value.clone()));
                }
            }
            Ok(())
        })?;
        let edit = |(row, field, after): (Id, &'static str, Value)| {
            let (before, field) = (hash::at_birth(field), field.to_owned());
            let id = ids.next(now);
            Item::Changed(Changed {
                id,
                entity: table.number,
                row,
                field,
                before,
                after,
                seen: Vec::new(),
                knew: None,
            })
        };
        Ok((tally, count, later.into_iter().map(edit).collect()))
    }

    fn each(
        &self,
        table: &'static Table,
        each: &mut dyn FnMut(Id, Vec<Value>) -> Result<()>,
    ) -> Result<()> {
        let columns: Vec<(&str, Holds)> = columns_of(table).collect();
        (self.rows.borrow_mut())(table.name, &mut |row| {
            let [Datum::Id(id), rest @ ..] = row else {
                return Err(Error::usage(say!(
                    "facts.row_table_no_id",
                    name = table.name
                )));
            };
            let values = rest
                .iter()
                .zip(&columns[1..])
                .map(|(datum, (_, holds))| stored(datum, *holds))
                .collect();
            each(*id, values)
        })
    }
}

fn made(table: &'static Table, id: Id, values: &[Value]) -> Item {
    Item::Made(Made {
        table,
        id,
        values: values[..table.columns.len()].to_vec(),
        strange: Vec::new(),
    })
}

impl Source for Files<'_, '_> {
    fn header(&self, n: i64) -> Result<(Header, Vec<u8>)> {
        let held = &self.batches[n as usize];
        Ok((held.header.clone(), held.hash.to_vec()))
    }

    fn items(&self, n: i64, each: &mut dyn FnMut(Item) -> Result<()>) -> Result<()> {
        match &self.batches[n as usize].what {
            What::Rows(table) => self.each(table, &mut |id, values| each(made(table, id, &values))),
            What::Edits(edits) => edits.iter().cloned().try_for_each(each),
        }
    }
}

/// A stored value as a datum.
fn datum(holds: Holds, value: ValueRef<'_>) -> Datum {
    match (holds, value) {
        (_, ValueRef::Null) => Datum::None,
        (Holds::Day, ValueRef::Integer(n)) => {
            Day::from_number(n).map_or(Datum::Whole(n), Datum::Day)
        }
        (Holds::At, ValueRef::Integer(n)) => Datum::At(Stamp(n)),
        (Holds::Kind, ValueRef::Integer(n)) => EventKind::from_number(n)
            .map_or(Datum::Whole(n), |kind| Datum::Text(kind.code().to_owned())),
        (_, ValueRef::Integer(n)) => Datum::Whole(n),
        (_, ValueRef::Real(r)) => Datum::Real(r),
        (_, ValueRef::Text(text)) => Datum::Text(String::from_utf8_lossy(text).into_owned()),
        (_, ValueRef::Blob(bytes)) => Id::from_slice(bytes).map_or(Datum::None, Datum::Id),
    }
}

/// The datum as it is stored.
fn stored(datum: &Datum, holds: Holds) -> Value {
    match (datum, holds) {
        (Datum::None, Holds::Text) => Value::Text(String::new()),
        (Datum::None, _) => Value::Null,
        (Datum::Text(code), Holds::Kind) => {
            EventKind::from_code(code).map_or(Value::Null, |kind| Value::Integer(kind as i64))
        }
        (Datum::Text(text), _) => Value::Text(text.clone()),
        (Datum::Whole(n) | Datum::Money(n) | Datum::At(Stamp(n)), _) => Value::Integer(*n),
        (Datum::Real(r), _) => Value::Real(*r),
        (Datum::Day(day), _) => Value::Integer(day.number()),
        (Datum::Flag(on), _) => Value::Integer(i64::from(*on)),
        (Datum::Id(id), _) => Value::Blob(id.0.to_vec()),
    }
}
