//! One batch outside the book: everything that is needed to write the very same batch again, with the same ids.

use std::collections::{BTreeSet, HashSet};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::domain::command::Entity;
use crate::domain::event::EventKind;
use crate::domain::heads::ids_of;
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::batch::{self, Holds, OWNER, TABLES, Table, table_numbered};
use crate::store::hash::{self, Changed, Header, Item, LABEL};
use crate::store::merge::take;
use crate::store::purge::{self, Coming, Fate};
use crate::store::sign::{self, Proof};
use crate::store::{heads, ids, moves, search, twins};

/// A batch with its rows and edits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Which book.
    pub book: Option<Id>,
    /// The batch.
    pub batch: Id,
    /// Who.
    pub person: String,
    /// The device and its number of it.
    pub device: Id,
    /// As above.
    pub number: i64,
    /// Logical time.
    pub hlc: i64,
    /// When.
    pub at: Stamp,
    /// Code of the command.
    pub command: String,
    /// One line.
    pub label: String,
    /// The batch that it takes back.
    pub undoes: Option<Id>,
    /// The first customer that it touched.
    pub customer: Option<Id>,
    /// The batch's hash, in hexadecimal digits.
    pub hash: String,
    rows: Vec<Made>,
    edits: Vec<Edited>,
    /// What was purged of it since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    purged: Vec<Buried>,
    /// Who signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed: Option<Signed>,
    /// Rows and edits that its row counts, where not all of them are here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counts: Option<(i64, i64)>,
    /// The batch goes on in the next line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// A row that the batch made.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Made {
    table: i64,
    id: Id,
    /// By column; a reference to another row is that row's id.
    values: serde_json::Map<String, Json>,
}

/// A public key and what it signed, in hexadecimal.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Signed {
    key: String,
    signature: String,
}

impl From<Proof> for Signed {
    fn from(proof: Proof) -> Signed {
        Signed {
            key: hex(&proof.key),
            signature: hex(&proof.bytes),
        }
    }
}

/// Something of which only the digest is left.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Buried {
    id: Id,
    entity: i64,
    digest: String,
    /// The batch of the purge; earlier versions do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Id>,
}

/// A field that the batch changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Edited {
    id: Id,
    table: i64,
    row: Id,
    field: String,
    before: Json,
    after: Json,
    /// The edits that it had seen.
    seen: Vec<Id>,
    /// What else the person knew: see `edit.knew`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    knew: Option<Vec<Id>>,
}

/// What writing an entry again touched.
#[derive(Default)]
pub struct Touched {
    /// Customers, their integers.
    pub customers: BTreeSet<i64>,
    /// A config key was among it.
    pub config: bool,
    /// A setting or a view was.
    pub named: bool,
    /// Something was purged that stood here until now.
    pub purged: bool,
    /// The batch's integer in the book.
    pub n: i64,
}

/// A batch with more rows and edits than this is kept by its name only.
pub const MOST: usize = 20_000;

impl Entry {
    /// Reads a finished batch by its integer, within the transaction that writes it.
    pub fn read(conn: &Connection, n: i64, book: Option<Id>) -> Result<Entry> {
        let mut entry = conn
            .prepare_cached("SELECT id, person, device, number, hlc, wall, command, label, undoes, customer, hash FROM batch WHERE n = ?")
            .and_then(|mut s| {
                s.query_row([n], |r| {
                    let id = |at: usize| r.get::<_, Option<[u8; 16]>>(at).map(|found| found.map(Id));
                    Ok(Entry {
                        book,
                        batch: id(0)?.unwrap_or_default(),
                        person: search::text_at_raw(r, 1)?,
                        device: id(2)?.unwrap_or_default(),
                        number: r.get(3)?,
                        hlc: r.get(4)?,
                        at: Stamp(r.get(5)?),
                        command: search::text_at_raw(r, 6)?,
                        label: search::text_at_raw(r, 7)?,
                        undoes: id(8)?,
                        customer: id(9)?,
                        hash: hex(&r.get::<_, Option<Vec<u8>>>(10)?.unwrap_or_default()),
                        rows: Vec::new(),
                        edits: Vec::new(),
                        purged: Vec::new(),
                        signed: None,
                        counts: None,
                        more: false,
                    })
                })
            })?;
        entry.sign(sign::proof_of(conn, n)?);
        for table in TABLES {
            let query = format!(
                "SELECT id, {} FROM {} WHERE batch = ? ORDER BY n",
                table.columns.join(", "),
                table.name
            );
            let mut statement = conn.prepare_cached(&query)?;
            let mut rows = statement.query([n])?;
            while let Some(row) = rows.next()? {
                let mut values = serde_json::Map::new();
                for (at, column) in table.columns.iter().enumerate() {
                    let value = row.get_ref(at + 1)?;
                    let value = match (refers_to(column, table), value) {
                        (Some(to), ValueRef::Integer(n)) => {
                            Json::String(ids::named(conn, to, n)?.to_string())
                        }
                        (_, value) => to_json(value),
                    };
                    values.insert((*column).to_owned(), value);
                }
                entry.rows.push(Made {
                    table: table.number,
                    id: Id(row.get(0)?),
                    values,
                });
            }
        }
        let mut statement = conn
            .prepare_cached("SELECT id, entity, row, field, before, after, seen, knew FROM edit WHERE batch = ? ORDER BY n")?;
        let mut rows = statement.query([n])?;
        while let Some(r) = rows.next()? {
            let seen: Vec<u8> = r.get(6)?;
            let knew: Option<Vec<u8>> = r.get(7)?;
            entry.edits.push(Edited {
                id: Id(r.get(0)?),
                table: r.get(1)?,
                row: Id(r.get(2)?),
                field: search::text_at(r, 3)?,
                before: to_json(r.get_ref(4)?),
                after: to_json(r.get_ref(5)?),
                seen: ids_of(&seen).collect(),
                knew: knew.map(|known| ids_of(&known).collect()),
            });
        }
        Ok(entry)
    }

    /// A batch whose items are pushed one by one.
    pub fn of(h: &Header, hash: &[u8], book: Option<Id>) -> Entry {
        Entry {
            book,
            batch: h.id,
            person: h.person.clone(),
            device: h.device,
            number: h.number,
            hlc: h.hlc,
            at: Stamp(h.wall),
            command: h.command.clone(),
            label: h.label.clone(),
            undoes: h.undoes,
            customer: h.customer,
            hash: hex(hash),
            rows: Vec::new(),
            edits: Vec::new(),
            purged: Vec::new(),
            signed: None,
            counts: Some((h.made, h.edits)),
            more: false,
        }
    }

    /// The batch's row and the hash that it carries.
    pub fn header(&self) -> (Header, Vec<u8>) {
        let (made, edits) = self
            .counts
            .unwrap_or((self.rows.len() as i64, self.edits.len() as i64));
        let header = Header {
            id: self.batch,
            person: self.person.clone(),
            device: self.device,
            number: self.number,
            hlc: self.hlc,
            wall: self.at.0,
            command: self.command.clone(),
            label: self.label.clone(),
            undoes: self.undoes,
            made,
            edits,
            customer: self.customer,
        };
        (header, unhex(&self.hash))
    }

    /// Says who signed it.
    pub fn sign(&mut self, proof: Option<Proof>) {
        self.signed = proof.map(Signed::from);
    }

    /// Who signed it; one that cannot be read is none that fits.
    pub fn proof(&self) -> Option<Proof> {
        let signed = self.signed.as_ref()?;
        Some(Proof {
            key: sign::from_hex(&signed.key).unwrap_or([0; 32]),
            bytes: sign::from_hex(&signed.signature).unwrap_or([0; 64]),
        })
    }

    /// How many items are in it.
    pub fn size(&self) -> usize {
        self.rows.len() + self.edits.len() + self.purged.len()
    }

    /// Takes the next item.
    pub fn push(&mut self, item: &Item) {
        match item {
            Item::Made(made) => {
                let value = |(column, value): (&&str, &Value)| {
                    let json = match (refers_to(column, made.table), value) {
                        (Some(_), Value::Blob(id)) => {
                            Id::from_slice(id).map_or(Json::Null, |id| Json::String(id.to_string()))
                        }
                        (_, value) => to_json(ValueRef::from(value)),
                    };
                    ((*column).to_owned(), json)
                };
                let values = made
                    .table
                    .columns
                    .iter()
                    .zip(&made.values)
                    .map(value)
                    .collect();
                self.rows.push(Made {
                    table: made.table.number,
                    id: made.id,
                    values,
                });
            }
            Item::Changed(c) => self.edits.push(Edited {
                id: c.id,
                table: c.entity,
                row: c.row,
                field: c.field.clone(),
                before: to_json(ValueRef::from(&c.before)),
                after: to_json(ValueRef::from(&c.after)),
                seen: ids_of(&c.seen).collect(),
                knew: c.knew.as_ref().map(|known| ids_of(known).collect()),
            }),
            Item::Purged { .. } => self.purged.push(Buried::of(item)),
        }
    }

    /// Its items in the order of ids; `None` where it holds a kind of row of a newer version.
    pub fn items(&self) -> Option<Vec<Item>> {
        let mut all = Vec::with_capacity(self.size());
        for row in &self.rows {
            all.push(row.item()?);
        }
        all.extend(self.edits.iter().map(Edited::item));
        all.extend(self.purged.iter().map(Buried::item));
        all.sort_by_key(Item::id);
        Some(all)
    }

    /// Leaves of what is purged in the book the digests alone; `true`: there was something. The rest can be written again as before.
    pub fn forget_purged(&mut self, conn: &Connection, coming: &Coming) -> Result<bool> {
        let counts = self
            .counts
            .unwrap_or((self.rows.len() as i64, self.edits.len() as i64));
        let mut gone: Vec<Buried> = Vec::new();
        // Rows that go one after the other: what this batch made at one of them goes too.
        let mut here: HashSet<Id> = HashSet::new();
        // What a merging noted of a customer that is purged goes with that one.
        let customer = batch::table(Entity::Customer).number;
        let mut unmerged = false;
        for edit in self.edits.iter().filter(|e| {
            self.command == purge::MERGING && e.table == customer && e.field == "removed"
        }) {
            unmerged |= purge::left_of(conn, edit.row)?.is_some();
        }
        let mut rows = Vec::with_capacity(self.rows.len());
        for row in std::mem::take(&mut self.rows) {
            let known = match (purge::left_of(conn, row.id)?, row.item()) {
                (Some(item), _) => Some(item),
                // It had left who is purged, and stays.
                (None, Some(Item::Made(made)))
                    if ids::number_of(conn, made.table.name, row.id)?.is_some() =>
                {
                    None
                }
                (None, Some(item)) => (unmerged && row.is_note()
                    || row.names(&here)
                    || matches!(purge::fate(conn, &item, coming)?, Fate::Buried(_)))
                .then(|| self.as_made(item)),
                (None, None) => None,
            };
            match known {
                Some(item) => {
                    here.insert(row.id);
                    gone.push(Buried::of(&item));
                }
                None => rows.push(row),
            }
        }
        self.rows = rows;
        let (mut edits, mut told) = (Vec::with_capacity(self.edits.len()), false);
        for edit in std::mem::take(&mut self.edits) {
            if matches!(edit.field.as_str(), purge::FIELD | OWNER) {
                // These hold ids alone, and say what a purge has taken; the label may say more.
                told |= matches!(
                    purge::fate(conn, &edit.item(), coming)?,
                    Fate::Kept(_) | Fate::Along(_)
                );
                edits.push(edit);
                continue;
            }
            match purge::left_of(conn, edit.id)? {
                Some(item) => gone.push(Buried::of(&item)),
                None if here.contains(&edit.row)
                    || purge::fate(conn, &edit.item(), coming)? != Fate::Stays =>
                {
                    gone.push(Buried::of(&edit.item()))
                }
                None => edits.push(edit),
            }
        }
        self.edits = edits;
        let unsaid = purge::is_purged(conn, self.batch)?;
        let labelled = self.label != purge::UNSAID
            && (unsaid || (told || !gone.is_empty()) && !purge::keeps_its_label(&self.command));
        if gone.is_empty() && !labelled {
            return Ok(false);
        }
        self.counts = Some(counts);
        self.purged.append(&mut gone);
        if labelled {
            let digest = hex(&hash::digest(self.label.as_bytes()));
            self.purged.push(Buried {
                id: self.batch,
                entity: LABEL,
                digest,
                by: None,
            });
            self.label = purge::UNSAID.to_owned();
        }
        // A hash from before labels counted by digests was written anew in the book.
        let hash: Option<Vec<u8>> = conn
            .prepare_cached("SELECT hash FROM batch WHERE id = ? AND finished = 1")
            .and_then(|mut s| s.query_row([&self.batch], |r| r.get(0)).optional())?
            .flatten();
        if let Some(hash) = hash {
            self.hash = hex(&hash);
        }
        Ok(true)
    }

    /// A row of this batch as it was made, where the batch has changed it too.
    fn as_made(&self, mut item: Item) -> Item {
        let Item::Made(made) = &mut item else {
            return item;
        };
        for edit in self
            .edits
            .iter()
            .filter(|e| e.row == made.id && e.seen.is_empty())
        {
            let before = from_json(&edit.before);
            if let Some(at) = made.table.columns.iter().position(|c| *c == edit.field) {
                made.values[at] = before;
            } else if let Some((set, key)) = edit.field.split_once('.') {
                let column = if set == "attr" { "attributes" } else { "tags" };
                if let Some(at) = made.table.columns.iter().position(|c| *c == column)
                    && let Value::Text(text) = &made.values[at]
                {
                    made.values[at] = batch::with_part(text, set, key, &before);
                }
            }
        }
        item
    }

    /// How many rows and edits it has.
    pub fn sizes(&self) -> (usize, usize) {
        (self.rows.len(), self.edits.len())
    }

    /// The latest id in it.
    pub fn latest(&self) -> Id {
        let gone = self.purged.iter().map(|b| b.id);
        self.rows
            .iter()
            .map(|r| r.id)
            .chain(self.edits.iter().map(|e| e.id))
            .chain(gone)
            .max()
            .unwrap_or(self.batch)
            .max(self.batch)
    }

    /// Writes the batch again, within the caller's transaction. An edit that others have gone past becomes a head beside
    /// theirs: what it had seen is said by itself. An error where the book lacks a row that it needs.
    pub fn write(&self, conn: &Connection, coming: &Coming) -> Result<Touched> {
        if purge::any(conn)? {
            let mut cleaned = self.clone();
            cleaned.forget_purged(conn, coming)?;
            return cleaned.write_all(conn, coming);
        }
        self.write_all(conn, coming)
    }

    /// What it purges, if it does.
    pub fn announce(&self, coming: &mut Coming) {
        self.edits
            .iter()
            .filter(|e| e.field == purge::FIELD)
            .for_each(|e| coming.note(self.batch, &e.item()));
    }

    fn write_all(&self, conn: &Connection, coming: &Coming) -> Result<Touched> {
        let (made, edits) = self
            .counts
            .unwrap_or((self.rows.len() as i64, self.edits.len() as i64));
        conn.prepare_cached(
            "INSERT INTO batch (id, person, device, number, hlc, wall, command, label, undoes, finished, made, edits, customer, hash)
             VALUES (?,?,?,?,?,?,?,?,?,1,?,?,?,?)",
        )
        .and_then(|mut s| {
            s.execute(params![
                self.batch,
                self.person,
                self.device,
                self.number,
                self.hlc,
                self.at,
                self.command,
                self.label,
                self.undoes,
                made,
                edits,
                self.customer,
                unhex(&self.hash),
            ])
        })?;
        let mut touched = Touched {
            n: conn.last_insert_rowid(),
            ..Touched::default()
        };
        let (header, hash) = self.header();
        if let Some(proof) = self.proof().filter(|_| self.signed.is_some())
            && sign::doubt(conn, &header, &hash, Some(&proof))?.is_none()
        {
            sign::keep(conn, touched.n, &header, &proof)?;
        }
        for buried in &self.purged {
            purge::bury(conn, &buried.item(), touched.n, touched.n)?;
        }
        for row in &self.rows {
            self.make(conn, row, coming, &mut touched)?;
        }
        for edit in &self.edits {
            self.edit(conn, edit, coming, &mut touched)?;
        }
        moves::settle_behind(conn, touched.n)?;
        if touched.named {
            twins::settle(conn)?;
        }
        heads::recheck_customers(conn, &touched.customers)?;
        search::catch_up(conn, 500)?;
        Ok(touched)
    }

    fn make(
        &self,
        conn: &Connection,
        row: &Made,
        coming: &Coming,
        touched: &mut Touched,
    ) -> Result<()> {
        let table = table_numbered(row.table)
            .ok_or_else(|| Error::failed(say!("entry.holds_kind_row_newer")))?;
        let mut names = vec!["id", "batch"];
        let mut values: Vec<Value> =
            vec![Value::Blob(row.id.0.to_vec()), Value::Integer(touched.n)];
        // Names come from our own table, never from the file.
        for column in table.columns {
            let Some(value) = row.values.get(*column) else {
                continue;
            };
            let value = match (refers_to(column, table), value) {
                (Some(to), Json::String(id)) => {
                    let look = |id| {
                        if to == "customer" {
                            coming.customer(conn, id)
                        } else {
                            ids::number_of(conn, to, id)
                        }
                    };
                    let n = id.parse().ok().map(look).transpose()?.flatten();
                    let n = n.ok_or_else(|| {
                        Error::not_found(say!("entry.its_not_this_book", to = to))
                    })?;
                    if to == "customer" {
                        touched.customers.insert(n);
                    }
                    Value::Integer(n)
                }
                (_, value) => from_json(value),
            };
            names.push(column);
            values.push(value);
        }
        let marks = vec!["?"; names.len()].join(",");
        let query = format!(
            "INSERT INTO {} ({}) VALUES ({marks})",
            table.name,
            names.join(", ")
        );
        conn.prepare_cached(&query)
            .and_then(|mut s| s.execute(rusqlite::params_from_iter(values)))?;
        match table.entity {
            Entity::Customer => {
                touched.customers.insert(conn.last_insert_rowid());
            }
            Entity::Config => (touched.config, touched.named) = (true, true),
            Entity::View => touched.named = true,
            _ => {}
        }
        Ok(())
    }

    fn log(&self, conn: &Connection, edit: &Edited, touched: &Touched) -> Result<()> {
        let seen = heads::joined(edit.seen.iter().copied());
        let knew = edit
            .knew
            .as_ref()
            .map(|known| heads::joined(known.iter().copied()));
        conn.prepare_cached("INSERT INTO edit (id, batch, entity, row, field, before, after, seen, knew) VALUES (?,?,?,?,?,?,?,?,?)")
            .and_then(|mut s| {
                let (before, after) = (from_json(&edit.before), from_json(&edit.after));
                s.execute(params![edit.id, touched.n, edit.table, edit.row, edit.field, before, after, seen, knew])
            })?;
        Ok(())
    }

    fn edit(
        &self,
        conn: &Connection,
        edit: &Edited,
        coming: &Coming,
        touched: &mut Touched,
    ) -> Result<()> {
        let table = table_numbered(edit.table)
            .ok_or_else(|| Error::failed(say!("entry.holds_kind_row_newer")))?;
        if edit.field == purge::FIELD {
            self.log(conn, edit, touched)?;
            let knew = edit
                .knew
                .as_ref()
                .map(|known| heads::joined(known.iter().copied()));
            let gone = purge::apply(conn, table, edit.row, knew.as_deref(), touched.n)?;
            touched.customers.extend(gone.touched);
            touched.customers.retain(|n| !gone.customers.contains(n));
            touched.purged |= gone.rows > 0;
            touched.config = true;
            return Ok(());
        }
        if let Fate::Kept(by) | Fate::Along(by) = purge::fate(conn, &edit.item(), coming)? {
            self.log(conn, edit, touched)?;
            let gone = purge::go_along(conn, table, edit.row, by)?;
            touched.purged |= gone.rows > 0;
            touched.customers.extend(gone.touched);
            return purge::unsay(conn, touched.n, by);
        }
        let gone = || Error::not_found(say!("entry.changes_not_this_book", name = table.name));
        let current = batch::current(conn, table, edit.row, &edit.field)?.ok_or_else(gone)?;
        // A row of this batch is here as it was behind its edits.
        let own = self.rows.iter().any(|row| row.id == edit.row);
        if let (false, Item::Changed(changed)) = (own, edit.item())
            && let Some(why) = take::never_so(conn, &changed)?
        {
            return Err(Error::failed(say!("any.not_sound", why = why)));
        }
        if let Item::Changed(changed) = edit.item() {
            coming.stand_in_for(conn, &changed)?;
        }
        keep_birth(conn, edit, &current.value)?;
        self.log(conn, edit, touched)?;
        heads::settle(conn, table, edit.row, &edit.field)?;
        if edit.field != "removed" {
            // Who changes a removed row without knowing of the removal stands against it.
            heads::settle(conn, table, edit.row, "removed")?;
        }
        touched.customers.extend(current.customer);
        if edit.field == batch::OWNER {
            touched.customers.extend(
                batch::current(conn, table, edit.row, &edit.field)?.and_then(|c| c.customer),
            );
        }
        touched.config |= table.entity == Entity::Config;
        touched.named |= matches!(table.entity, Entity::Config | Entity::View);
        Ok(())
    }
}

/// What a field said when its row was made is what its first edit found. One that had seen others, which are not here, found something
/// else: then it is what stands there now.
fn keep_birth(conn: &Connection, edit: &Edited, now: &Value) -> Result<()> {
    if edit.seen.is_empty() {
        return Ok(());
    }
    conn.prepare_cached(
        "INSERT INTO born (row, field, value) SELECT ?1, ?2, ?3
         WHERE NOT EXISTS (SELECT 1 FROM edit WHERE row = ?1 AND field = ?2 AND seen = x'') ON CONFLICT DO NOTHING",
    )
    .and_then(|mut s| s.execute(params![edit.row, edit.field, now]))?;
    Ok(())
}

impl Made {
    /// As an item; `None` where it is a kind of row of a newer version.
    fn item(&self) -> Option<Item> {
        let table = table_numbered(self.table)?;
        let value =
            |column: &&'static str| match (refers_to(column, table), self.values.get(*column)) {
                (Some(_), Some(Json::String(id))) => id
                    .parse::<Id>()
                    .map_or(Value::Null, |id| Value::Blob(id.0.to_vec())),
                (_, Some(value)) => from_json(value),
                (_, None) => Value::Null,
            };
        let values = table.columns.iter().map(value).collect();
        Some(Item::Made(hash::Made {
            table,
            id: self.id,
            values,
            strange: Vec::new(),
        }))
    }

    fn is_note(&self) -> bool {
        let kind = self.values.get("kind").and_then(Json::as_i64);
        self.table == batch::table(Entity::Event).number && kind == Some(EventKind::Note as i64)
    }

    /// It names one of these rows.
    fn names(&self, rows: &HashSet<Id>) -> bool {
        let Some(Item::Made(made)) = self.item().filter(|_| !rows.is_empty()) else {
            return false;
        };
        let named = |value: &Value| matches!(value, Value::Blob(id) if Id::from_slice(id).is_some_and(|id| rows.contains(&id)));
        made.table
            .columns
            .iter()
            .zip(&made.values)
            .any(|(column, value)| made.table.holds(column) == Holds::Row && named(value))
    }
}

impl Edited {
    fn item(&self) -> Item {
        Item::Changed(Changed {
            id: self.id,
            entity: self.table,
            row: self.row,
            field: self.field.clone(),
            before: from_json(&self.before),
            after: from_json(&self.after),
            seen: heads::joined(self.seen.iter().copied()),
            knew: self
                .knew
                .as_ref()
                .map(|known| heads::joined(known.iter().copied())),
        })
    }
}

impl Buried {
    fn of(item: &Item) -> Buried {
        let by = if let Item::Purged { by, .. } = item {
            *by
        } else {
            None
        };
        Buried {
            id: item.id(),
            entity: item.entity(),
            digest: hex(&item.digest(&mut Vec::new())),
            by,
        }
    }

    fn item(&self) -> Item {
        let digest = Id::from_slice(&unhex(&self.digest)).unwrap_or_default().0;
        Item::Purged {
            id: self.id,
            entity: self.entity,
            digest,
            by: self.by,
        }
    }
}

/// The table that a column refers to. A view or a config row has a column of the name of no table.
fn refers_to(column: &str, table: &Table) -> Option<&'static str> {
    match column {
        "customer" => Some("customer"),
        "contact" if table.entity == Entity::Event => Some("contact"),
        _ => None,
    }
}

fn to_json(value: ValueRef<'_>) -> Json {
    match value {
        ValueRef::Null => Json::Null,
        ValueRef::Integer(i) => i.into(),
        ValueRef::Real(r) => serde_json::Number::from_f64(r).map_or(Json::Null, Json::Number),
        ValueRef::Text(t) => String::from_utf8_lossy(t).into(),
        ValueRef::Blob(b) => serde_json::json!({ "blob": hex(b) }),
    }
}

fn from_json(json: &Json) -> Value {
    match json {
        Json::Object(map) => map
            .get("blob")
            .and_then(Json::as_str)
            .map_or(Value::Null, |h| Value::Blob(unhex(h))),
        other => batch::json_value(Some(other)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(|d| d as u8)
        .collect();
    digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}
