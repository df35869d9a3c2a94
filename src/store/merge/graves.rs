//! By which purge each thing went that came purged already.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use crate::domain::id::Id;

use super::Result;

/// What came purged already, by the batch (our integer) that it was of, and by which purge. The purge stands behind the batches of which
/// it took something, so its integer is not known yet: until all is taken that of the batch stands for it, also where what came later
/// was buried beside what it took.
#[derive(Default)]
pub struct Graves(BTreeMap<i64, Vec<(Id, Id)>>);

impl Graves {
    /// Something of the batch came purged by this purge.
    pub fn note(&mut self, batch: i64, id: Id, by: Id) {
        self.0.entry(batch).or_default().push((id, by));
    }

    /// Forgets a batch that was taken back: another may get its integer.
    pub fn forget_gone(&mut self, ours: &Connection) -> Result<()> {
        let top: i64 = ours
            .prepare_cached("SELECT coalesce(max(n), 0) FROM batch")
            .and_then(|mut s| s.query_row([], |r| r.get(0)))?;
        self.0.retain(|batch, _| *batch <= top);
        Ok(())
    }

    /// Puts the integers of the purges in their places. Whoever has a batch has every purge that took something of it, so what was buried
    /// beside it can name any of them.
    pub fn name_purges(&self, ours: &Connection) -> Result<()> {
        for (batch, all) in &self.0 {
            for (id, by) in all {
                ours.prepare_cached("UPDATE tombstone SET purged = b.n FROM batch b WHERE tombstone.id = ? AND b.id = ?")
                    .and_then(|mut s| s.execute(params![id, by]))?;
            }
            if let Some((_, by)) = all.first() {
                ours.prepare_cached("UPDATE tombstone SET purged = b.n FROM batch b WHERE tombstone.purged = ? AND b.id = ?")
                    .and_then(|mut s| s.execute(params![batch, by]))?;
            }
        }
        Ok(())
    }
}
