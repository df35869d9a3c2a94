//! The book's examination: what is well, what is not, and the one repair that changes no fact (folding the signals again).

use serde::Serialize;

use crate::error::Result;

use super::{Store, config_rows, schema, signal, sql};

/// One examination.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Check {
    /// Stable code.
    pub code: &'static str,
    /// Nothing is wrong.
    pub ok: bool,
    /// What was found, in one line.
    pub words: String,
}

fn check(code: &'static str, wrong: Vec<String>, well: String) -> Check {
    let ok = wrong.is_empty();
    Check { code, ok, words: if ok { well } else { wrong.join("; ") } }
}

impl Store {
    /// Examines the book without changing it.
    pub fn doctor(&mut self) -> Result<Vec<Check>> {
        let mut checks = vec![Check { code: "file", ok: self.read_only.is_none(), words: self.file_words() }];
        checks.push(check("schema", schema::differences(&self.conn)?, format!("version {}, nothing strange in it", schema::VERSION)));
        let mut wrong: Vec<String> = Vec::new();
        {
            let mut statement = self.conn.prepare("PRAGMA integrity_check(20)").map_err(sql)?;
            let rows = statement.query_map([], |r| r.get::<_, String>(0)).map_err(sql)?;
            for row in rows {
                let words = row.map_err(sql)?;
                if words != "ok" {
                    wrong.push(words);
                }
            }
        }
        checks.push(check("integrity", wrong, "every page and index is sound".into()));
        let orphans: i64 = self.conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |r| r.get(0)).map_err(sql)?;
        let orphans = if orphans > 0 { vec![format!("{orphans} rows without their parent")] } else { Vec::new() };
        checks.push(check("parents", orphans, "every row has its parent".into()));
        checks.push(self.log_check()?);
        let wrong: Vec<String> = config_rows(&self.conn)?
            .into_iter()
            .filter_map(|(key, value)| super::apply_config(&mut (*self.config).clone(), &key, &value).err().map(|e| e.message))
            .collect();
        checks.push(check("config", wrong, "every setting is read".into()));
        checks.push(self.signal_check()?);
        Ok(checks)
    }

    fn file_words(&self) -> String {
        let journal: String = self.conn.query_row("PRAGMA journal_mode", [], |r| r.get(0)).unwrap_or_default();
        let sync: i64 = self.conn.query_row("PRAGMA synchronous", [], |r| r.get(0)).unwrap_or_default();
        let sync = ["OFF", "NORMAL", "FULL", "EXTRA"].get(sync as usize).unwrap_or(&"?");
        let why = self.read_only.as_ref().map_or_else(String::new, |why| format!("; read-only: {why}"));
        format!("{}: {}; journal {journal}, synchronous {sync}, SQLite {}{why}", self.path.display(), self.mode.name(), rusqlite::version())
    }

    /// Batches: all finished, numbers of each device without a gap.
    fn log_check(&self) -> Result<Check> {
        let open: i64 = self.conn.query_row("SELECT count(*) FROM batch WHERE finished = 0", [], |r| r.get(0)).map_err(sql)?;
        let gaps: i64 = self
            .conn
            .query_row(
                "SELECT coalesce(sum(g), 0) FROM (SELECT max(number) - count(DISTINCT number) AS g FROM batch GROUP BY device)",
                [],
                |r| r.get(0),
            )
            .map_err(sql)?;
        let batches: i64 = self.conn.query_row("SELECT count(*) FROM batch", [], |r| r.get(0)).map_err(sql)?;
        let mut wrong = Vec::new();
        if open > 0 {
            wrong.push(format!("{open} batches were never finished"));
        }
        if gaps > 0 {
            wrong.push(format!("{gaps} batches of a device are missing"));
        }
        Ok(check("log", wrong, format!("{batches} batches, none missing")))
    }

    /// The cached signals against a fold from the first event.
    fn signal_check(&mut self) -> Result<Check> {
        let (config, conn) = (self.config.clone(), &self.conn);
        let mut wrong = 0;
        let mut customers = 0;
        let numbers = signal::StageNumbers::new(&config.stages);
        let cached = |n: i64| -> Result<Option<crate::domain::signal::Signals>> {
            use rusqlite::OptionalExtension;
            let packed: Option<Vec<u8>> = conn
                .prepare_cached("SELECT packed FROM signal WHERE customer = ?")
                .and_then(|mut s| s.query_row([n], |r| r.get(0)).optional())
                .map_err(sql)?;
            Ok(packed.and_then(|p| signal::unpack(&p, &numbers)))
        };
        let all: Vec<i64> = {
            let mut statement = conn.prepare("SELECT n FROM customer WHERE removed = 0 ORDER BY n").map_err(sql)?;
            let rows = statement.query_map([], |r| r.get(0)).map_err(sql)?;
            rows.collect::<Result<_, _>>().map_err(sql)?
        };
        for n in all {
            customers += 1;
            // A cache is as of the day it was folded; it has to equal a fold of the same facts on that day.
            let Some(have) = cached(n)? else { continue };
            let Some(day) = have.asof else { continue };
            let facts = signal::facts(conn, n, &config.stages, config.zone)?;
            if signal::fold_with_before(&facts, &config, day) != have {
                wrong += 1;
            }
        }
        let wrong = if wrong > 0 {
            vec![format!("{wrong} customers have stale figures; retain doctor --rebuild folds them again")]
        } else {
            Vec::new()
        };
        Ok(check("signals", wrong, format!("the figures of {customers} customers equal a fold from their first event")))
    }

    /// Folds the signals of every customer from its first event again. Changes no fact.
    pub fn rebuild(&mut self) -> Result<usize> {
        self.writable()?;
        self.begin()?;
        let (config, today) = (self.config.clone(), self.today);
        let mut customers = 0;
        let work = self.guard().and_then(|()| {
            signal::fold_all(&self.conn, &config, today, |n, signals| {
                customers += 1;
                signal::keep(&self.conn, n, &signals, &config.stages)
            })
        });
        super::end(&self.conn, work)?;
        self.roster = None;
        self.visits = None;
        Ok(customers)
    }
}
