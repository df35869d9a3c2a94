//! The hash of a batch: over ids and values only, in the order of ids, so that every copy of the book can compute it again.
//!
//! Ids ascend in the process that writes a batch, so the order of ids is the order of writing. What a row said when it was
//! made is what the first edit of each field has as the value before, and for the other fields what stands there now.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Rows, params};

use crate::domain::id::Id;
use crate::error::{Error, Result};

use super::batch::{TABLES, Table, attributes, json_value};

/// Sixteen bytes of blake3.
pub type Digest = [u8; 16];

/// One thing that a batch wrote.
#[derive(Clone)]
pub enum Item {
    /// A row as it was made; customer and contact are ids.
    Made(Made),
    /// A change of a field.
    Changed(Changed),
    /// Something that was purged since: only its digest is left.
    Purged {
        /// Its id.
        id: Id,
        /// Its entity's number; 0 for an edit, [`LABEL`] for the label of the batch.
        entity: i64,
        /// The digest of what it was.
        digest: Digest,
        /// The batch of the purge, where it is known. It is no part of any hash.
        by: Option<Id>,
    },
}

/// A row as it was made.
#[derive(Clone)]
pub struct Made {
    /// Its table.
    pub table: &'static Table,
    /// Its id.
    pub id: Id,
    /// Values of the table's columns.
    pub values: Vec<Value>,
    /// Fields beside those columns that do not say what a new row says, though no edit has changed them: a fault.
    pub strange: Vec<(&'static str, Value)>,
}

/// A change of a field.
#[derive(Clone)]
#[allow(
    missing_docs,
    reason = "the columns of the log, as the schema explains them"
)]
pub struct Changed {
    pub id: Id,
    pub entity: i64,
    pub row: Id,
    pub field: String,
    pub before: Value,
    pub after: Value,
    pub seen: Vec<u8>,
    pub knew: Option<Vec<u8>>,
}

impl Item {
    /// Its id.
    pub fn id(&self) -> Id {
        match self {
            Item::Made(made) => made.id,
            Item::Changed(changed) => changed.id,
            Item::Purged { id, .. } => *id,
        }
    }

    /// The number of its entity; 0 for an edit.
    pub fn entity(&self) -> i64 {
        match self {
            Item::Made(made) => made.table.number,
            Item::Changed(_) => 0,
            Item::Purged { entity, .. } => *entity,
        }
    }

    /// Its digest; `piece` is room to write in.
    pub fn digest(&self, piece: &mut Vec<u8>) -> Digest {
        piece.clear();
        match self {
            Item::Made(made) => {
                begin_row(piece, made.table, made.id);
                for (column, value) in made.table.columns.iter().zip(&made.values) {
                    put_column(piece, column, ValueRef::from(value));
                }
                for (field, value) in &made.strange {
                    piece.extend(field.as_bytes());
                    put_value(piece, ValueRef::from(value));
                }
            }
            Item::Changed(c) => put_edit(piece, c),
            Item::Purged { digest, .. } => return *digest,
        }
        digest(piece)
    }
}

/// The digest of one item's bytes.
pub fn digest(piece: &[u8]) -> Digest {
    let hash = blake3::hash(piece);
    let mut out = [0; 16];
    out.copy_from_slice(&hash.as_bytes()[..16]);
    out
}

/// What stands before the values of a row that was made.
pub fn begin_row(out: &mut Vec<u8>, table: &Table, id: Id) {
    out.extend([b'+', table.number as u8]);
    out.extend(id.0);
}

/// An edit's bytes. An entity that is no byte, as none is, is written whole behind another sign: so hashes of before stay what they
/// were, and no other number hides behind its last byte.
pub fn put_edit(out: &mut Vec<u8>, c: &Changed) {
    match u8::try_from(c.entity) {
        Ok(entity) => out.extend([b'~', entity]),
        Err(_) => {
            out.push(b'^');
            out.extend(c.entity.to_le_bytes());
        }
    }
    out.extend(c.id.0);
    out.extend(c.row.0);
    put_value(out, ValueRef::Text(c.field.as_bytes()));
    put_value(out, ValueRef::from(&c.before));
    put_value(out, ValueRef::from(&c.after));
    put_value(out, ValueRef::Blob(&c.seen));
    put_value(
        out,
        c.knew.as_deref().map_or(ValueRef::Null, ValueRef::Blob),
    );
}

/// The value of a column. Tags and attributes are sets, whose written order says nothing.
pub fn put_column(out: &mut Vec<u8>, column: &str, value: ValueRef<'_>) {
    match (column, value) {
        ("tags", ValueRef::Text(text)) => {
            let text = String::from_utf8_lossy(text);
            for tag in text
                .split(' ')
                .filter(|t| !t.is_empty())
                .collect::<BTreeSet<_>>()
            {
                put_value(out, ValueRef::Text(tag.as_bytes()));
            }
            out.push(b'.');
        }
        ("attributes", ValueRef::Text(b"{}")) => out.push(b'.'),
        ("attributes", ValueRef::Text(text)) => {
            for (code, value) in attribute_values(&String::from_utf8_lossy(text)) {
                put_value(out, ValueRef::Text(code.as_bytes()));
                put_value(out, ValueRef::from(&value));
            }
            out.push(b'.');
        }
        _ => put_value(out, value),
    }
}

/// The attributes that say something, by code.
fn attribute_values(json: &str) -> BTreeMap<String, Value> {
    let all = attributes(json)
        .into_iter()
        .map(|(code, value)| (code, json_value(Some(&value))));
    all.filter(|(_, value)| *value != Value::Null).collect()
}

/// One value, so that no two different lists of values hash alike: a tag, the length of texts and blobs, the bytes.
pub fn put_value(out: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => out.push(b'0'),
        ValueRef::Integer(i) => {
            out.push(b'i');
            out.extend(i.to_le_bytes());
        }
        ValueRef::Real(r) => {
            out.push(b'r');
            out.extend(r.to_bits().to_le_bytes());
        }
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            out.push(if matches!(value, ValueRef::Text(_)) {
                b't'
            } else {
                b'b'
            });
            out.extend((bytes.len() as u64).to_le_bytes());
            out.extend(bytes);
        }
    }
}

/// The row of a batch, without its integer.
#[allow(
    missing_docs,
    reason = "the columns of the table, as the schema explains them"
)]
#[derive(Clone, Debug)]
pub struct Header {
    pub id: Id,
    pub person: String,
    pub device: Id,
    pub number: i64,
    pub hlc: i64,
    pub wall: i64,
    pub command: String,
    pub label: String,
    pub undoes: Option<Id>,
    pub made: i64,
    pub edits: i64,
    pub customer: Option<Id>,
}

/// Columns of [`header_of`].
pub const HEADER: &str = "id, person, device, number, hlc, wall, command, label, undoes, made, edits, customer, hash, finished, n";

/// A row of [`HEADER`] with the hash that it carries, whether it was finished, and its integer.
pub fn header_of(row: &Row<'_>) -> Result<(Header, Vec<u8>, bool, i64)> {
    let id = |at: usize| -> Result<Id> {
        Id::from_slice(row.get_ref(at)?.as_bytes().unwrap_or_default())
            .ok_or_else(|| Error::failed(say!("hash.batch_damaged_id")))
    };
    let maybe = |at: usize| -> Result<Option<Id>> { Ok(Id::from_slice(&bytes_at(row, at)?)) };
    let text = |at: usize| super::search::text_at(row, at);
    let number = |at: usize| -> Result<i64> { row.get(at).map_err(Into::into) };
    let header = Header {
        id: id(0)?,
        person: text(1)?,
        device: id(2)?,
        number: number(3)?,
        hlc: number(4)?,
        wall: number(5)?,
        command: text(6)?,
        label: text(7)?,
        undoes: maybe(8)?,
        made: number(9)?,
        edits: number(10)?,
        customer: maybe(11)?,
    };
    Ok((header, bytes_at(row, 12)?, number(13)? == 1, number(14)?))
}

/// Computes a batch's hash: first everything it wrote, in order, then its header.
#[derive(Clone, Default)]
pub struct Hasher {
    inner: blake3::Hasher,
}

impl Hasher {
    /// Takes the digest of the next item.
    pub fn item(&mut self, digest: &Digest) {
        self.inner.update(digest);
    }

    /// Ends with the header, of which the label counts by its digest: so a label can be purged too.
    pub fn finish(self, h: &Header) -> Digest {
        self.end(h, &digest(h.label.as_bytes()))
    }

    fn end(mut self, h: &Header, label: &[u8]) -> Digest {
        let mut piece = Vec::with_capacity(256);
        let optional = |piece: &mut Vec<u8>, id: Option<Id>| match id {
            Some(id) => put_value(piece, ValueRef::Blob(&id.0)),
            None => put_value(piece, ValueRef::Null),
        };
        piece.push(b'=');
        piece.extend(h.id.0);
        piece.extend(h.device.0);
        for text in [h.person.as_bytes(), h.command.as_bytes(), label] {
            put_value(&mut piece, ValueRef::Text(text));
        }
        for number in [h.number, h.hlc, h.wall, h.made, h.edits] {
            piece.extend(number.to_le_bytes());
        }
        optional(&mut piece, h.undoes);
        optional(&mut piece, h.customer);
        self.inner.update(&piece);
        let hash = self.inner.finalize();
        let mut out = [0; 16];
        out.copy_from_slice(&hash.as_bytes()[..16]);
        out
    }
}

/// The number in place of an entity's for what was the label of a batch that is purged.
pub const LABEL: i64 = -1;

/// Adds up the hash of a batch from its items in their order.
#[derive(Default)]
pub struct Tally {
    hasher: Hasher,
    piece: Vec<u8>,
    last: Id,
    disordered: bool,
    label: Option<Digest>,
    /// Rows, also those that are purged.
    made: i64,
    /// Edits, the same.
    edits: i64,
}

impl Tally {
    /// Takes the next item.
    pub fn add(&mut self, item: &Item) {
        if let Item::Purged {
            entity: LABEL,
            digest,
            ..
        } = item
        {
            self.label = Some(*digest);
            return;
        }
        self.disordered |= item.id() <= self.last;
        self.last = item.id();
        self.hasher.item(&item.digest(&mut self.piece));
        match item.entity() {
            0 => self.edits += 1,
            1.. => self.made += 1,
            _ => {}
        }
    }

    /// Whether there were as many things as the batch's row says.
    pub fn has_as_many(&self, header: &Header) -> bool {
        (self.made, self.edits) == (header.made, header.edits)
    }

    fn hasher(&mut self) -> Hasher {
        let mut hasher = std::mem::take(&mut self.hasher);
        if self.disordered {
            // Ids that do not ascend with the integers were never written by a batch.
            hasher.item(&[0; 16]);
        }
        hasher
    }

    /// The hash.
    pub fn finish(mut self, header: &Header) -> Digest {
        let label = self
            .label
            .unwrap_or_else(|| digest(header.label.as_bytes()));
        self.hasher().end(header, &label)
    }

    /// Whether this is the hash. One from before labels counted by their digests fits too.
    pub fn fits(mut self, header: &Header, hash: &[u8]) -> bool {
        let hasher = self.hasher();
        let label = self
            .label
            .unwrap_or_else(|| digest(header.label.as_bytes()));
        hasher.clone().end(header, &label)[..] == *hash
            || self.label.is_none() && hasher.end(header, header.label.as_bytes())[..] == *hash
    }
}

fn tally(conn: &Connection, n: i64) -> Result<Tally> {
    let mut tally = Tally::default();
    items(conn, n, &mut |item| {
        tally.add(&item);
        Ok(())
    })?;
    Ok(tally)
}

/// The hash of the batch with this integer, from what the tables say now.
pub fn of_batch(conn: &Connection, n: i64, header: &Header) -> Result<Digest> {
    Ok(tally(conn, n)?.finish(header))
}

/// Whether a batch's hash is what the tables say now.
pub fn fits(conn: &Connection, n: i64, header: &Header, hash: &[u8]) -> Result<bool> {
    Ok(tally(conn, n)?.fits(header, hash))
}

/// The row with this id as it was made, and its batch's integer.
pub fn made(conn: &Connection, table: &'static Table, id: Id) -> Result<Option<(i64, Made)>> {
    let query = format!("SELECT t.batch FROM {} t WHERE t.id = ?", table.name);
    let batch: Option<i64> = conn
        .prepare_cached(&query)
        .and_then(|mut s| s.query_row([&id], |r| r.get(0)).optional())?;
    let mut statement = conn.prepare_cached(&select_made(table, "t.id = ?"))?;
    let mut rows = statement.query([&id])?;
    match (batch, rows.next()?) {
        (Some(batch), Some(row)) => Ok(Some((batch, made_of(conn, table, id, row)?))),
        _ => Ok(None),
    }
}

/// All edits of a row, each with its batch's integer.
pub fn edits_of(conn: &Connection, row: Id) -> Result<Vec<(i64, Changed)>> {
    let query = "SELECT id, entity, row, field, before, after, seen, knew, batch FROM edit WHERE row = ? ORDER BY n";
    let mut statement = conn.prepare_cached(query)?;
    let mut rows = statement.query([&row])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((row.get(8)?, changed_of(row)?));
    }
    Ok(all)
}

/// What a batch made, by table, for a sentence.
pub fn kinds_of(conn: &Connection, n: i64) -> Result<Vec<&'static str>> {
    let mut kinds = Vec::new();
    for table in TABLES {
        let query = format!(
            "SELECT EXISTS (SELECT 1 FROM {} WHERE batch = ?)",
            table.name
        );
        if conn
            .prepare_cached(&query)
            .and_then(|mut s| s.query_row([n], |r| r.get(0)))?
        {
            kinds.push(table.name);
        }
    }
    let edits: bool = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM edit WHERE batch = ?)")
        .and_then(|mut s| s.query_row([n], |r| r.get(0)))?;
    if edits {
        kinds.push("edit");
    }
    Ok(kinds)
}

/// Which of the sources of a batch's items.
enum Source {
    Table(&'static Table),
    Edits,
    Purged,
}

/// Everything that a batch wrote, in the order of ids.
pub fn items(conn: &Connection, n: i64, each: &mut dyn FnMut(Item) -> Result<()>) -> Result<()> {
    let mut sources: Vec<(Source, CachedStatement<'_>)> = Vec::with_capacity(TABLES.len() + 2);
    for table in TABLES {
        sources.push((
            Source::Table(table),
            conn.prepare_cached(&select_made(table, "t.batch = ?"))?,
        ));
    }
    let edits = "SELECT id, entity, row, field, before, after, seen, knew FROM edit WHERE batch = ? ORDER BY n";
    sources.push((Source::Edits, conn.prepare_cached(edits)?));
    let purged = "SELECT t.id, t.entity, t.digest, p.id FROM tombstone t LEFT JOIN batch p ON p.n = t.purged AND t.purged <> t.batch WHERE t.batch = ? ORDER BY t.id";
    sources.push((Source::Purged, conn.prepare_cached(purged)?));
    let mut open: Vec<(&Source, Rows<'_>, Option<Item>)> = Vec::with_capacity(sources.len());
    for (source, statement) in &mut sources {
        let mut rows = statement.query([n])?;
        if let Some(first) = next_item(conn, source, &mut rows)? {
            open.push((source, rows, Some(first)));
        }
    }
    loop {
        let least = open
            .iter()
            .enumerate()
            .filter_map(|(at, (.., item))| Some((item.as_ref()?.id(), at)))
            .min();
        let Some((_, at)) = least else { return Ok(()) };
        let (source, rows, item) = &mut open[at];
        let next = next_item(conn, source, rows)?;
        if let Some(item) = std::mem::replace(item, next) {
            each(item)?;
        }
    }
}

/// The statement that reads rows as they were made.
fn select_made(table: &'static Table, which: &str) -> String {
    let columns = table.columns.iter().map(|c| match *c {
        "customer" => "(SELECT c.id FROM customer c WHERE c.n = t.customer)".to_owned(),
        "contact" => "(SELECT k.id FROM contact k WHERE k.n = t.contact)".to_owned(),
        column => format!("t.{column}"),
    });
    let others = later_fields(table).map(|f| format!("t.{f}"));
    let all: Vec<String> = columns.chain(others).collect();
    format!(
        "SELECT t.id, {} FROM {} t WHERE {which} ORDER BY t.n",
        all.join(", "),
        table.name
    )
}

/// Fields that no row has when it is made.
pub fn later_fields(table: &'static Table) -> impl Iterator<Item = &'static str> {
    table
        .fields
        .iter()
        .copied()
        .filter(|f| !table.columns.contains(f))
}

/// What such a field says in a new row.
pub fn at_birth(field: &str) -> Value {
    match field {
        "snoozed" | "ended" | "closed" => Value::Null,
        "removed" => Value::Integer(0),
        _ => Value::Text(String::new()),
    }
}

fn next_item(conn: &Connection, source: &Source, rows: &mut Rows<'_>) -> Result<Option<Item>> {
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let id = Id::from_slice(&bytes_at(row, 0)?).unwrap_or_default();
    Ok(Some(match source {
        Source::Table(table) => Item::Made(made_of(conn, table, id, row)?),
        Source::Edits => Item::Changed(changed_of(row)?),
        Source::Purged => {
            let digest = Id::from_slice(&bytes_at(row, 2)?).unwrap_or_default().0;
            Item::Purged {
                id,
                entity: row.get(1)?,
                digest,
                by: Id::from_slice(&bytes_at(row, 3)?),
            }
        }
    }))
}

/// An edit from its columns in the log.
fn changed_of(row: &Row<'_>) -> Result<Changed> {
    Ok(Changed {
        id: Id::from_slice(&bytes_at(row, 0)?).unwrap_or_default(),
        entity: row.get(1)?,
        row: Id::from_slice(&bytes_at(row, 2)?).unwrap_or_default(),
        field: super::search::text_at(row, 3)?,
        before: value_at(row, 4)?,
        after: value_at(row, 5)?,
        seen: bytes_at(row, 6)?,
        knew: some_bytes_at(row, 7)?,
    })
}

fn made_of(conn: &Connection, table: &'static Table, id: Id, row: &Row<'_>) -> Result<Made> {
    let columns = table.columns.len();
    let mut values: Vec<Value> = (0..columns)
        .map(|at| value_at(row, at + 1))
        .collect::<Result<_>>()?;
    let mut others: Vec<(&str, Value)> = Vec::new();
    for (at, field) in later_fields(table).enumerate() {
        let value = value_at(row, columns + 1 + at)?;
        if value != at_birth(field) {
            others.push((field, value));
        }
    }
    let query = "SELECT field, before FROM edit WHERE row = ?1 AND seen = x'' UNION ALL SELECT field, value FROM born WHERE row = ?1";
    let mut statement = conn.prepare_cached(query)?;
    let mut edits = statement.query(params![id])?;
    while let Some(edit) = edits.next()? {
        let field = super::search::text_at(edit, 0)?;
        let before = value_at(edit, 1)?;
        if let Some(at) = table.columns.iter().position(|c| *c == field) {
            values[at] = before;
        } else if let Some((set, key)) = field.split_once('.') {
            let column = if set == "attr" { "attributes" } else { "tags" };
            if let Some(at) = table.columns.iter().position(|c| *c == column) {
                values[at] = without(&values[at], set, key, &before);
            }
        }
        others.retain(|(other, _)| *other != field);
    }
    Ok(Made {
        table,
        id,
        values,
        strange: others,
    })
}

/// The tags or attributes with one of them as it was.
fn without(value: &Value, set: &str, key: &str, before: &Value) -> Value {
    let Value::Text(text) = value else {
        return value.clone();
    };
    super::batch::with_part(text, set, key, before)
}

/// A column's value. A text that is not UTF-8 (nobody has written it so) comes with replacement signs, so that no hash fits.
pub fn value_at(row: &Row<'_>, at: usize) -> Result<Value> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(i) => Value::Integer(i),
        ValueRef::Real(r) => Value::Real(r),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

/// The bytes of a blob or text; none for NULL.
pub fn bytes_at(row: &Row<'_>, at: usize) -> Result<Vec<u8>> {
    Ok(some_bytes_at(row, at)?.unwrap_or_default())
}

/// The bytes of a blob or text; `None` for NULL.
pub fn some_bytes_at(row: &Row<'_>, at: usize) -> Result<Option<Vec<u8>>> {
    Ok(row
        .get_ref(at)?
        .as_bytes_or_null()
        .ok()
        .flatten()
        .map(<[u8]>::to_vec))
}

/// One batch whose hash does not fit what the tables say.
pub struct Mismatch {
    /// The batch.
    pub header: Header,
    /// Kinds of rows that it wrote.
    pub kinds: Vec<&'static str>,
}

/// Computes the hash of every finished batch and gives those that do not fit, at most `most`, and how many there were.
pub fn mismatches(conn: &Connection, most: usize) -> Result<(Vec<Mismatch>, usize)> {
    let (mut wrong, mut checked) = (Vec::new(), 0);
    let mut statement = conn.prepare(&format!(
        "SELECT {HEADER} FROM batch WHERE finished = 1 ORDER BY n"
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (header, hash, _, n) = header_of(row)?;
        checked += 1;
        if !tally(conn, n)?.fits(&header, &hash) {
            wrong.push(Mismatch {
                kinds: kinds_of(conn, n)?,
                header,
            });
            if wrong.len() >= most {
                break;
            }
        }
    }
    Ok((wrong, checked))
}

/// Writes the hash of every finished batch anew: for books whose hashes were over this file's own integers.
pub fn renew(conn: &Connection) -> Result<()> {
    let mut all = Vec::new();
    let mut statement = conn.prepare(&format!(
        "SELECT {HEADER} FROM batch WHERE finished = 1 ORDER BY n"
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (header, _, _, n) = header_of(row)?;
        all.push((n, header));
    }
    let mut update = conn.prepare("UPDATE batch SET hash = ? WHERE n = ?")?;
    for (n, header) in all {
        update.execute(params![&of_batch(conn, n, &header)?[..], n])?;
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
