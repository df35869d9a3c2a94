//! The new book: batches that are whole from wherever they are, then what is left of the others, then rows without a batch.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use crate::domain::command::Entity;
use crate::domain::id::{Id, Ids};
use crate::domain::time::Stamp;
use crate::error::Error;
use crate::store::batch::{self, Table};
use crate::store::hash::{self, Header, Item, Made};
use crate::store::merge::take;
use crate::store::outbox::Entry;
use crate::store::purge::Coming;
use crate::store::{heads, moves, search};

use super::super::ids;
use super::Result;
use super::scrap::Scrap;

/// What a source had that the others lacked.
#[derive(Default)]
pub struct Gave {
    /// Batches: device, number, person.
    pub batches: Vec<(Id, i64, String)>,
    /// Rows of them.
    pub rows: usize,
    /// Edits of them.
    pub edits: usize,
}

/// The book that is being put together.
pub struct Rebuild<'s> {
    /// Its connection.
    pub conn: &'s Connection,
    /// What was read of the damaged file.
    pub scrap: &'s Scrap,
    /// Makes ids for what has none any more.
    pub ids: Ids,
    /// The device of batches that stand in for others; no one else's numbers are touched.
    pub device: Id,
    /// Stand-ins made so far.
    pub number: i64,
    /// Who salvages.
    pub person: String,
    /// When.
    pub now: Stamp,
    /// Customers that stand in for rows that cannot be read, by the damaged file's integer.
    pub stand_ins: BTreeMap<i64, Id>,
    /// Batches that stand in for others: the integers of those in the damaged file.
    pub headless: Vec<i64>,
    customers: HashMap<i64, i64>,
    contacts: HashMap<i64, Option<i64>>,
}

impl<'s> Rebuild<'s> {
    /// Begins.
    pub fn new(conn: &'s Connection, scrap: &'s Scrap, person: &str, now: Stamp) -> Rebuild<'s> {
        let mut ids = Ids::random();
        let device = ids.next(now);
        Rebuild {
            conn,
            scrap,
            ids,
            device,
            number: 0,
            person: person.to_owned(),
            now,
            stand_ins: BTreeMap::new(),
            headless: Vec::new(),
            customers: HashMap::new(),
            contacts: HashMap::new(),
        }
    }

    /// Takes every whole batch that another book has and this one lacks.
    pub fn take(&self, from: &Connection, gave: &mut Gave) -> Result<usize> {
        let new = crate::store::merge::theirs::missing(self.conn, from)?;
        let taken = take::take_unproven(self.conn, from, &new)?;
        gave.rows += taken.rows;
        gave.edits += taken.edits;
        gave.batches.extend(
            taken
                .headers
                .iter()
                .map(|h| (h.device, h.number, h.person.clone())),
        );
        Ok(taken.headers.len())
    }

    /// Takes from an outbox what is not here.
    pub fn take_entries(
        &self,
        entries: &[Entry],
        coming: &Coming,
        gave: &mut Gave,
    ) -> Result<usize> {
        let mut order: Vec<&Entry> = entries.iter().collect();
        order.sort_by_key(|e| (e.hlc, e.batch));
        let mut taken = 0;
        for entry in order {
            if crate::store::transact::has_batch(self.conn, entry.batch)? {
                continue;
            }
            self.conn.execute_batch("SAVEPOINT entry")?;
            // What needs something that is not here waits for another round.
            let done = entry.write(self.conn, coming).is_ok();
            self.conn.execute_batch(if done {
                "RELEASE entry"
            } else {
                "ROLLBACK TO entry; RELEASE entry"
            })?;
            if done {
                taken += 1;
                let (rows, edits) = entry.sizes();
                gave.rows += rows;
                gave.edits += edits;
                gave.batches
                    .push((entry.device, entry.number, entry.person.clone()));
            }
        }
        Ok(taken)
    }

    /// Keeps what is left of batches that are not whole, with the hash that they had: it goes on telling that they are not.
    pub fn keep_the_rest(&mut self) -> Result<()> {
        let mut left: Vec<(i64, i64)> = Vec::new();
        {
            let mut statement = self
                .scrap
                .conn
                .prepare("SELECT n, id FROM batch ORDER BY n")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (n, id): (i64, Id) = (row.get(0)?, Id(row.get(1)?));
                let known: bool = self
                    .conn
                    .prepare_cached("SELECT EXISTS (SELECT 1 FROM batch WHERE id = ?)")
                    .and_then(|mut s| s.query_row([id], |r| r.get(0)))?;
                if !known {
                    let (header, hash, finished) = self.header(n)?;
                    left.push((n, self.put_header(&header, &hash, finished)?));
                }
            }
        }
        let mut lost: BTreeSet<i64> = BTreeSet::new();
        for table in batch::TABLES.iter().map(|t| t.name).chain(["edit"]) {
            let query = format!(
                "SELECT DISTINCT batch FROM {table} WHERE batch NOT IN (SELECT n FROM batch)"
            );
            let mut statement = self.scrap.conn.prepare(&query)?;
            let rows = statement.query_map([], |r| r.get(0))?;
            for n in rows {
                lost.insert(n?);
            }
        }
        let mut stand_ins = Vec::new();
        for n in lost {
            if let Some(first) = self.first_new(n)? {
                // The time of an id is the time of its batch.
                let at = Stamp(
                    first.0[..6]
                        .iter()
                        .fold(0, |sum, b| sum << 8 | i64::from(*b)),
                );
                let own = self.stand_in(&say!("rebuild.batch_whose_own_row"), at)?;
                left.push((n, own));
                stand_ins.push(own);
                self.headless.push(n);
            }
        }
        // Customers before what is theirs, contacts before what was said to them.
        let passes: [fn(&Item) -> bool; 3] = [
            |item| matches!(item, Item::Made(m) if m.table.entity == Entity::Customer),
            |item| matches!(item, Item::Made(m) if m.table.entity == Entity::Contact),
            |item| !matches!(item, Item::Made(m) if matches!(m.table.entity, Entity::Customer | Entity::Contact)),
        ];
        for pass in passes {
            for (n, own) in &left {
                let mut wanted = Vec::new();
                hash::items(&self.scrap.conn, *n, &mut |item| {
                    if pass(&item) {
                        wanted.push(item);
                    }
                    Ok(())
                })?;
                for item in wanted {
                    self.keep(*own, item)?;
                }
            }
        }
        for own in stand_ins {
            self.seal(own)?;
        }
        Ok(())
    }

    /// The first thing of a batch that the new book does not have.
    fn first_new(&self, n: i64) -> Result<Option<Id>> {
        let mut first = None;
        hash::items(&self.scrap.conn, n, &mut |item| {
            let (table, id) = match &item {
                Item::Made(made) => (made.table.name, made.id),
                Item::Changed(changed) => ("edit", changed.id),
                Item::Purged { .. } => return Ok(()),
            };
            if first.is_none() && !self.has(table, id)? {
                first = Some(id);
            }
            Ok(())
        })?;
        Ok(first)
    }

    fn has(&self, table: &str, id: Id) -> Result<bool> {
        let query = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE id = ?)");
        self.conn
            .prepare_cached(&query)
            .and_then(|mut s| s.query_row([id], |r| r.get(0)))
            .map_err(Into::into)
    }

    fn header(&self, n: i64) -> Result<(Header, Vec<u8>, bool)> {
        let query = format!("SELECT {} FROM batch WHERE n = ?", hash::HEADER);
        let mut statement = self.scrap.conn.prepare_cached(&query)?;
        let mut rows = statement.query([n])?;
        let row = rows
            .next()?
            .ok_or_else(|| Error::failed(say!("rebuild.batch_read_gone")))?;
        let (header, hash, finished, _) = hash::header_of(row)?;
        Ok((header, hash, finished))
    }

    fn put_header(&self, h: &Header, hash: &[u8], finished: bool) -> Result<i64> {
        self.conn
            .prepare_cached(
                "INSERT INTO batch (id, person, device, number, hlc, wall, command, label, undoes, finished, made, edits, customer, hash)
                 VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            )
            .and_then(|mut s| {
                s.execute(params![
                    h.id, h.person, h.device, h.number, h.hlc, h.wall, h.command, h.label, h.undoes, finished, h.made, h.edits, h.customer,
                    hash
                ])
            })?;
        Ok(self.conn.last_insert_rowid())
    }

    /// A batch of the salvaging itself.
    fn stand_in(&mut self, label: &str, at: Stamp) -> Result<i64> {
        self.number += 1;
        let header = Header {
            id: self.ids.next(self.now),
            person: self.person.clone(),
            device: self.device,
            number: self.number,
            hlc: at.0.clamp(0, i64::MAX >> 17) << 16,
            wall: at.0,
            command: "salvage".into(),
            label: label.into(),
            undoes: None,
            made: 0,
            edits: 0,
            customer: None,
        };
        self.put_header(&header, &[], true)
    }

    /// Gives a batch of ours the counts and the hash of what it has.
    fn seal(&self, own: i64) -> Result<()> {
        let (mut made, mut edits) = (0, 0);
        hash::items(self.conn, own, &mut |item| {
            match item {
                Item::Made(_) => made += 1,
                Item::Changed(_) => edits += 1,
                Item::Purged { .. } => {}
            }
            Ok(())
        })?;
        self.conn.execute(
            "UPDATE batch SET made = ?, edits = ? WHERE n = ?",
            params![made, edits, own],
        )?;
        let header = {
            let query = format!("SELECT {} FROM batch WHERE n = ?", hash::HEADER);
            let mut statement = self.conn.prepare_cached(&query)?;
            let mut rows = statement.query([own])?;
            let row = rows
                .next()?
                .ok_or_else(|| Error::failed(say!("rebuild.batch_made_gone")))?;
            hash::header_of(row)?.0
        };
        let digest = hash::of_batch(self.conn, own, &header)?;
        self.conn.execute(
            "UPDATE batch SET hash = ? WHERE n = ?",
            params![&digest[..], own],
        )?;
        Ok(())
    }

    fn keep(&mut self, own: i64, item: Item) -> Result<()> {
        match item {
            Item::Made(made) if !self.has(made.table.name, made.id)? => self.keep_row(own, &made),
            Item::Changed(changed) if !self.has("edit", changed.id)? => batch::log(self.conn, own, &changed),
            Item::Purged { id, entity, digest, .. } => self
                .conn
                .prepare_cached("INSERT INTO tombstone (id, entity, batch, purged, digest) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING")
                .and_then(|mut s| s.execute(params![id, entity, own, own, &digest[..]]))
                .map(|_| ())
                .map_err(Into::into),
            _ => Ok(()),
        }
    }

    fn keep_row(&mut self, own: i64, made: &Made) -> Result<()> {
        let table = made.table;
        let mut values = vec![Value::Blob(made.id.0.to_vec()), Value::Integer(own)];
        for (column, value) in table.columns.iter().zip(&made.values) {
            values.push(match *column {
                "customer" => {
                    Value::Integer(self.customer(self.reference(table, "customer", made.id)?)?)
                }
                "contact" => match self.reference(table, "contact", made.id)? {
                    Some(n) => self.contact(n)?.map_or(Value::Null, Value::Integer),
                    None => Value::Null,
                },
                _ => value.clone(),
            });
        }
        self.conn
            .prepare_cached(table.insert)
            .and_then(|mut s| s.execute(params_from_iter(values)))?;
        // What no edit explains any more stands all the same.
        for (field, value) in &made.strange {
            batch::store(self.conn, table, made.id, field, value)?;
        }
        Ok(())
    }

    /// The integer that a row of the damaged file has in a column.
    fn reference(&self, table: &Table, column: &str, id: Id) -> Result<Option<i64>> {
        let query = format!("SELECT {column} FROM {} WHERE id = ?", table.name);
        self.scrap
            .conn
            .prepare_cached(&query)
            .and_then(|mut s| s.query_row([id], |r| r.get(0)))
            .map_err(Into::into)
    }

    /// The id of a row of the damaged file: as its row says, or an index.
    fn id_of(&self, table: &'static str, n: i64) -> Result<Option<Id>> {
        let row = ids::id_of(&self.scrap.conn, table, n)?;
        Ok(row.or_else(|| self.scrap.ids.get(&(table, n)).copied()))
    }

    /// Our integer of a customer of the damaged file. One that nothing knows is made, so that what is its stays together.
    fn customer(&mut self, theirs: Option<i64>) -> Result<i64> {
        let theirs = theirs.unwrap_or_default();
        if let Some(n) = self.customers.get(&theirs) {
            return Ok(*n);
        }
        let id = match self.id_of("customer", theirs)? {
            Some(id) => Some(id),
            None => self.customer_told_by_batch(theirs)?,
        };
        if let Some(id) = id
            && let Some(n) = ids::number_of(self.conn, "customer", id)?
        {
            self.customers.insert(theirs, n);
            return Ok(n);
        }
        let id = id.unwrap_or_else(|| self.ids.next(self.now));
        let own = self.stand_in(&say!("rebuild.customer_whose_row_cannot"), self.now)?;
        let name = say!("rebuild.customer_its_row_cannot", theirs = theirs);
        let nothing = Value::Text(String::new());
        let values = batch::table(Entity::Customer)
            .columns
            .iter()
            .map(|column| match *column {
                "name" => Value::Text(name.to_string()),
                "created" => Value::Null,
                "attributes" => Value::Text("{}".into()),
                _ => nothing.clone(),
            });
        let all = [Value::Blob(id.0.to_vec()), Value::Integer(own)]
            .into_iter()
            .chain(values);
        self.conn
            .prepare_cached(batch::table(Entity::Customer).insert)
            .and_then(|mut s| s.execute(params_from_iter(all)))?;
        let n = self.conn.last_insert_rowid();
        self.seal(own)?;
        self.stand_ins.insert(theirs, id);
        self.customers.insert(theirs, n);
        Ok(n)
    }

    /// A batch that made one row and nothing else names the customer of that row.
    fn customer_told_by_batch(&self, theirs: i64) -> Result<Option<Id>> {
        for table in batch::TABLES.iter().filter(|t| t.is_owned()) {
            let query = format!(
                "SELECT b.customer FROM {} t JOIN batch b ON b.n = t.batch
                 WHERE t.customer = ? AND b.made = 1 AND b.edits = 0 AND length(b.customer) = 16 LIMIT 1",
                table.name
            );
            let mut statement = self.scrap.conn.prepare_cached(&query)?;
            if let Some(id) = statement
                .query_row([theirs], |r| r.get(0).map(Id))
                .optional()?
            {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    fn contact(&mut self, theirs: i64) -> Result<Option<i64>> {
        if let Some(n) = self.contacts.get(&theirs) {
            return Ok(*n);
        }
        let n = match self.id_of("contact", theirs)? {
            Some(id) => ids::number_of(self.conn, "contact", id)?,
            None => None,
        };
        self.contacts.insert(theirs, n);
        Ok(n)
    }

    /// What each field shows and which are in conflict, by all edits; then the full text.
    pub fn settle(&self) -> Result<()> {
        let mut fields: BTreeSet<(u8, std::cmp::Reverse<i64>, Id, String)> = BTreeSet::new();
        {
            let mut statement = self
                .conn
                .prepare("SELECT DISTINCT entity, row, field FROM edit")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let entity: i64 = row.get(0)?;
                let (id, field) = (Id(row.get(1)?), search::text_at(row, 2)?);
                // Removals last, and a customer's last of all: they are judged by the rest.
                fields.insert((
                    u8::from(field == "removed"),
                    std::cmp::Reverse(entity),
                    id,
                    field,
                ));
            }
        }
        for (_, entity, row, field) in fields {
            let Some(table) = batch::table_numbered(entity.0) else {
                continue;
            };
            if !batch::current(self.conn, table, row, &field)
                .is_err_and(|e| e.kind == crate::error::Kind::Usage)
            {
                heads::settle(self.conn, table, row, &field)?;
            }
        }
        let mut moved = self
            .conn
            .prepare("SELECT DISTINCT customer FROM event WHERE kind = 6")?;
        let mut rows = moved.query([])?;
        while let Some(row) = rows.next()? {
            moves::settle(self.conn, row.get(0)?)?;
        }
        self.conn
            .execute_batch("INSERT INTO found (found) VALUES ('delete-all'); INSERT INTO person (person) VALUES ('delete-all')")?;
        self.conn.execute(
            "DELETE FROM meta WHERE k IN ('found_upto', 'person_upto')",
            [],
        )?;
        while search::catch_up(self.conn, 10_000)? {}
        Ok(())
    }
}
