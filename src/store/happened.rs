//! What happened over all customers since a moment, as the book heard of it: for a digest.

use rusqlite::params;

use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::time::{Day, Stamp};
use crate::error::Result;

use super::{Store, search};

/// One thing that happened to a customer.
#[derive(Clone, PartialEq, Debug)]
pub struct Happened {
    /// The customer.
    pub customer: Id,
    /// Its name.
    pub name: String,
    /// Who looks after it.
    pub owner: String,
    /// What kind of thing.
    pub kind: EventKind,
    /// The civil date.
    pub day: Day,
    /// The kind's channel: of a move the stage that it went to, of a ticket's step which it was.
    pub channel: String,
    /// The kind's figure.
    pub number: Option<i64>,
    /// Its words.
    pub text: String,
}

impl Store {
    /// Events of some kinds that were written down since a moment and lie behind its day, in the order of their time. Of an import that
    /// brings years only what is that new is among them.
    pub fn happened(&self, since: Stamp, kinds: &[EventKind]) -> Result<Vec<Happened>> {
        let numbers: Vec<String> = kinds.iter().map(|k| (*k as i64).to_string()).collect();
        let query = format!(
            "SELECT c.id, c.name, c.owner, e.kind, e.day, e.channel, e.number, e.text
             FROM batch b JOIN event e ON e.batch = b.n JOIN customer c ON c.n = e.customer
             WHERE b.hlc >= ?1 AND b.wall >= ?2 AND b.finished = 1 AND e.day >= ?3 AND e.kind IN ({})
               AND e.removed = 0 AND c.removed = 0
             ORDER BY e.at, e.id",
            numbers.join(", ")
        );
        let mut statement = self.conn.prepare_cached(&query)?;
        let day = self.config.zone.day(since);
        let mut rows = statement.query(params![since.0.max(0) << 16, since, day])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let (Some(kind), Some(day)) = (
                EventKind::from_number(row.get(3)?),
                Day::from_number(row.get(4)?),
            ) else {
                continue;
            };
            all.push(Happened {
                customer: Id(row.get(0)?),
                name: search::text_at(row, 1)?,
                owner: search::text_at(row, 2)?,
                kind,
                day,
                channel: search::text_at(row, 5)?,
                number: row.get(6)?,
                text: search::text_at(row, 7)?,
            });
        }
        Ok(all)
    }
}
