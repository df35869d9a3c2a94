//! What a calendar has to know: days of tasks, renewals, reviews and calls, also of those that went, because a calendar that was
//! told of something has to be told that it is gone.

use rusqlite::{Row, params};

use crate::domain::appointment::{Appointment, Due};
use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::domain::time::{Day, Stamp};
use crate::error::Result;

use super::{Store, batch, search};

/// One source of days: the table, the day of a row, what it says, whose it is, whether it is done, and which rows count.
struct Source {
    due: Due,
    table: &'static str,
    day: &'static str,
    /// The field whose day counts, for a row that has lost it.
    field: &'static str,
    title: &'static str,
    /// Where the row has an owner of its own.
    owner: Option<&'static str>,
    done: &'static str,
    which: &'static str,
}

const SOURCES: &[Source] = &[
    Source {
        due: Due::Task,
        table: "task",
        day: "coalesce(max(t.due, t.snoozed), t.due, t.snoozed)",
        field: "due",
        title: "t.title",
        owner: Some("owner"),
        done: "t.done IS NOT NULL",
        which: "1",
    },
    Source {
        due: Due::Renewal,
        table: "subscription",
        day: "t.end",
        field: "end",
        title: "t.subscription",
        owner: None,
        done: "0",
        which: "1",
    },
    Source {
        due: Due::Review,
        table: "event",
        day: "t.day",
        field: "day",
        title: "''",
        owner: None,
        done: "0",
        which: "t.kind = 1 AND t.channel = 'business_review'",
    },
    Source {
        due: Due::Call,
        table: "action",
        day: "coalesce(max(t.due, t.snoozed), t.due, t.snoozed, t.review)",
        field: "due",
        title: "t.title",
        owner: Some("owner"),
        done: "t.closed IS NOT NULL",
        which: "1",
    },
];

impl Source {
    fn query(&self) -> String {
        let Source {
            table,
            day,
            field,
            title,
            done,
            which,
            ..
        } = self;
        // A call without an owner is its customer's owner's.
        let owner = match (self.owner, self.due) {
            (Some(_), Due::Task) => "t.owner".to_owned(),
            (Some(own), _) => format!("CASE t.{own} WHEN '' THEN c.owner ELSE t.{own} END"),
            (None, _) => "c.owner".to_owned(),
        };
        let edits = "FROM edit e JOIN batch b ON b.n = e.batch
             WHERE b.finished = 1 AND (e.row = t.id OR e.row = c.id AND e.field IN ('name', 'owner', 'removed'))";
        format!(
            "SELECT t.id, {day}, c.name, {title}, {owner}, {done}, t.removed OR c.removed,
               (SELECT count(*) {edits}),
               max((SELECT wall FROM batch WHERE n = t.batch), coalesce((SELECT max(b.wall) {edits}), 0)),
               (SELECT before FROM edit e WHERE e.row = t.id AND e.field = '{field}' AND before IS NOT NULL ORDER BY n DESC LIMIT 1),
               EXISTS (SELECT 1 FROM edit e WHERE e.row IN (t.id, c.id) AND e.field = 'owner' AND e.before = ?2)
             FROM {table} t JOIN customer c ON c.n = t.customer
             WHERE {which} AND ({day} >= ?1 OR {day} IS NULL)"
        )
    }
}

impl Store {
    /// The days from `since` on, by day and id: of one owner, or of all. What was on such a calendar and is not any more is there as
    /// cancelled.
    pub fn appointments(&self, owner: Option<&str>, since: Day) -> Result<Vec<Appointment>> {
        let mut all = Vec::new();
        for source in SOURCES {
            let mut statement = self.conn.prepare(&source.query())?;
            let mut rows = statement.query(params![since, owner.unwrap_or_default()])?;
            while let Some(row) = rows.next()? {
                all.extend(read(row, source.due, owner)?.filter(|a| a.day >= since));
            }
        }
        self.purged_days(since, &mut all)?;
        all.sort_by_key(|a| (a.day, a.id));
        Ok(all)
    }

    /// What was purged: that it is gone, and nothing else.
    fn purged_days(&self, since: Day, all: &mut Vec<Appointment>) -> Result<()> {
        let numbers = [Entity::Task, Entity::Subscription, Entity::Action]
            .map(|e| batch::table(e).number.to_string())
            .join(", ");
        let query = format!(
            "SELECT t.id, b.wall, t.entity FROM tombstone t JOIN batch b ON b.n = t.purged WHERE t.entity IN ({numbers})"
        );
        let mut statement = self.conn.prepare(&query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let at = Stamp(row.get(1)?);
            let day = self.config.zone.day(at);
            if day >= since {
                all.push(Appointment {
                    id: Id(row.get(0)?),
                    due: Due::Task,
                    day,
                    customer: String::new(),
                    title: String::new(),
                    owner: String::new(),
                    done: false,
                    cancelled: true,
                    // More than any row that was edited by hand.
                    changes: 100_000,
                    changed: at,
                });
            }
        }
        Ok(())
    }
}

fn read(row: &Row<'_>, due: Due, owner: Option<&str>) -> Result<Option<Appointment>> {
    let day = |at: usize| -> Result<Option<Day>> {
        Ok(row.get::<_, Option<i64>>(at)?.and_then(Day::from_number))
    };
    let (now, before) = (day(1)?, day(9)?);
    let Some(on) = now.or(before) else {
        return Ok(None);
    };
    let whose = search::text_at(row, 4)?;
    let other = owner.is_some_and(|o| o != whose);
    let was: bool = row.get(10)?;
    if other && !was {
        return Ok(None);
    }
    let removed: bool = row.get(6)?;
    Ok(Some(Appointment {
        id: Id(row.get(0)?),
        due,
        day: on,
        customer: search::text_at(row, 2)?,
        title: search::text_at(row, 3)?,
        owner: whose,
        done: row.get(5)?,
        cancelled: removed || other || now.is_none(),
        changes: row.get(7)?,
        changed: Stamp(row.get(8)?),
    }))
}

#[cfg(test)]
mod tests;
