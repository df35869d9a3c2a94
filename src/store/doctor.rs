//! The book's examination: what is well, what is not, and the one repair that changes no fact (making anew what follows from them).

mod derived;

use serde::Serialize;

use crate::domain::id::Id;
use crate::error::Result;

use super::hash::{self, Header};
use super::{Store, batch, config_rows, heads, schema, signal, sql};

/// Faults of one kind that are named one by one.
const MOST_NAMED: usize = 20;

/// Numbers of a device that no batch of the book has: lost, or not arrived yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Gap {
    /// The device.
    pub device: Id,
    /// Who writes on it, as its other batches say.
    pub person: String,
    /// The first missing number.
    pub first: i64,
    /// The last one.
    pub last: i64,
}

impl Gap {
    /// In one line.
    pub fn words(&self) -> String {
        let Gap { device, person, first, last } = self;
        if first == last {
            format!("batch {first} of {person} (device {device}) is missing")
        } else {
            format!("batches {first} to {last} of {person} (device {device}) are missing")
        }
    }
}

/// Every gap in the numbers of the devices.
pub fn gaps(conn: &rusqlite::Connection) -> Result<Vec<Gap>> {
    let mut found = Vec::new();
    let query = "SELECT device, number, person FROM batch ORDER BY device, number";
    let mut statement = conn.prepare(query).map_err(sql)?;
    let mut rows = statement.query([]).map_err(sql)?;
    let mut last: (Option<Id>, i64) = (None, 0);
    while let Some(row) = rows.next().map_err(sql)? {
        let (device, number) = (Id(row.get(0).map_err(sql)?), row.get(1).map_err(sql)?);
        if last.0 != Some(device) {
            last = (Some(device), 0);
        }
        if number > last.1.saturating_add(1) {
            found.push(Gap { device, person: super::search::text_at(row, 2)?, first: last.1 + 1, last: number - 1 });
        }
        last.1 = number;
    }
    Ok(found)
}

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
        // By the settings of now: somebody may have changed them since the last look.
        self.take_over_settings()?;
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
        checks.extend(self.log_checks()?);
        checks.extend([self.conflict_check()?, self.index_check()?, self.purge_check()?, self.meta_check()?]);
        let waiting = self.waiting()?.len();
        let waiting = if waiting > 0 {
            vec![format!("{waiting} of your changes wait in your outbox; `retain outbox` shows them")]
        } else {
            Vec::new()
        };
        let kept = self.outbox.as_ref().map_or_else(
            || "your changes are kept nowhere else".into(),
            |o| format!("the book has every change of yours; kept in {}", o.file().display()),
        );
        checks.push(check("outbox", waiting, kept));
        // What a wrong clock has dated ahead is not the newest.
        let backups = super::backup::list(&self.path);
        let ahead = |b: &&super::backup::Backup| b.day.is_some_and(|day| day > self.today.plus(1));
        let newest = backups.iter().find(|b| !ahead(b)).or(backups.first()).map_or_else(
            || "none yet".into(),
            |b| {
                let damaged = if b.damaged { ", damaged" } else { "" };
                format!("the newest is {}{damaged}", b.name)
            },
        );
        checks.push(Check { code: "backups", ok: true, words: newest });
        let mut wrong: Vec<String> = config_rows(&self.conn)?
            .into_iter()
            .filter_map(|(key, value)| super::apply_config(&mut (*self.config).clone(), &key, &value).err().map(|e| e.message))
            .collect();
        wrong.extend(crate::columns::compile_scorecards(&mut (*self.config).clone()).err().map(|e| e.message));
        checks.push(check("config", wrong, "every setting is read".into()));
        checks.push(self.signal_check()?);
        checks.push(self.copies_check()?);
        checks.push(self.number_check()?);
        checks.extend(self.sync_check()?);
        checks.push(check("beside", self.strange_beside(), "nothing strange beside the book".into()));
        Ok(checks)
    }

    /// What copies of the book left undecided, and copies that wait beside it.
    fn copies_check(&self) -> Result<Check> {
        let open: i64 = self.conn.query_row("SELECT count(*) FROM conflict", [], |r| r.get(0)).map_err(sql)?;
        let mut wrong: Vec<String> = self
            .conflicted_copies()?
            .iter()
            .map(|path| format!("{} is another copy of this book; retain merge takes over what it has", path.display()))
            .collect();
        if open > 0 {
            wrong.push(format!("copies say different things of {open} fields; retain conflicts lists them"));
        }
        Ok(check("copies", wrong, "no other copy beside the book, nothing undecided".into()))
    }

    /// Each number of a device stands for one batch.
    fn number_check(&self) -> Result<Check> {
        let query = "SELECT device, number, person FROM batch GROUP BY device, number HAVING count(*) > 1 ORDER BY device, number";
        let mut statement = self.conn.prepare(query).map_err(sql)?;
        let (mut rows, mut wrong, mut more) = (statement.query([]).map_err(sql)?, Vec::new(), 0);
        while let Some(row) = rows.next().map_err(sql)? {
            if wrong.len() >= MOST_NAMED {
                more += 1;
                continue;
            }
            let (device, number): (Id, i64) = (Id(row.get(0).map_err(sql)?), row.get(1).map_err(sql)?);
            wrong.push(format!("number {number} of {} (device {device}) was given to two batches", super::search::text_at(row, 2)?));
        }
        if more > 0 {
            wrong.push(format!("and {more} more"));
        }
        if let Some(last) = wrong.last_mut() {
            last.push_str("; both are kept and exchanged, and no number tells any more whether one is missing");
        }
        Ok(check("numbers", wrong, "each number of a device stands for one batch".into()))
    }

    /// The bundles in the sync folder, each read to its end; none where there is no folder.
    fn sync_check(&self) -> Result<Option<Check>> {
        let Some(found) = self.examine_bundles()? else { return Ok(None) };
        let more = found.wrong.len().saturating_sub(MOST_NAMED);
        let mut wrong: Vec<String> = found.wrong.iter().take(MOST_NAMED).cloned().collect();
        if more > 0 {
            wrong.push(format!("and {more} more bundles with faults"));
        }
        wrong.extend(self.words_of_telling(&found)?);
        let waits = match found.waiting {
            0 => "each of your changes is in one".to_owned(),
            1 => "1 change waits for the next exchange".to_owned(),
            n => format!("{n} changes wait for the next exchange"),
        };
        let others = match found.others {
            0 => String::new(),
            n => format!("; {n} changes that came by merge are in none, and their writers have folders: theirs to give"),
        };
        let well = if self.syncs() { waits + &others } else { "this copy takes no part".to_owned() };
        let (bundles, folder) = (found.bundles, self.sync_folder());
        Ok(Some(check("sync", wrong, format!("{bundles} sound bundles in {}; {well}", folder.display()))))
    }

    fn file_words(&self) -> String {
        let journal: String = self.conn.query_row("PRAGMA journal_mode", [], |r| r.get(0)).unwrap_or_default();
        let sync: i64 = self.conn.query_row("PRAGMA synchronous", [], |r| r.get(0)).unwrap_or_default();
        let sync = ["OFF", "NORMAL", "FULL", "EXTRA"].get(sync as usize).unwrap_or(&"?");
        let why = self.read_only.as_ref().map_or_else(String::new, |why| format!("; read-only: {why}"));
        format!("{}: {}; journal {journal}, synchronous {sync}, SQLite {}{why}", self.path.display(), self.mode.name(), rusqlite::version())
    }

    /// The log: whole, unchanged, and what the rows show follows from it.
    pub(super) fn log_checks(&self) -> Result<[Check; 3]> {
        Ok([self.log_check()?, self.hash_check()?, self.field_check()?])
    }

    /// Batches: all finished, numbers of each device without a gap.
    fn log_check(&self) -> Result<Check> {
        let open: i64 = self.conn.query_row("SELECT count(*) FROM batch WHERE finished <> 1", [], |r| r.get(0)).map_err(sql)?;
        let gaps = gaps(&self.conn)?;
        let batches: i64 = self.conn.query_row("SELECT count(*) FROM batch", [], |r| r.get(0)).map_err(sql)?;
        let mut wrong = Vec::new();
        if open > 0 {
            wrong.push(format!("{open} batches were never finished"));
        }
        wrong.extend(gaps.iter().take(MOST_NAMED).map(Gap::words));
        if gaps.len() > MOST_NAMED {
            wrong.push(format!("and {} more gaps", gaps.len() - MOST_NAMED));
        }
        Ok(check("log", wrong, format!("{batches} batches, none missing")))
    }

    /// The hash of every batch against what its rows and edits say now: finds a flipped bit where no page check does.
    fn hash_check(&self) -> Result<Check> {
        let (wrong, checked) = hash::mismatches(&self.conn, MOST_NAMED)?;
        let zone = self.config.zone;
        let named = wrong.iter().map(|m| {
            let at = crate::domain::time::Stamp(m.header.wall);
            let kinds = if m.kinds.is_empty() { "its own row".to_owned() } else { format!("one of its {} rows", m.kinds.join(", ")) };
            let Header { id, label, person, .. } = &m.header;
            format!("batch {id} (\"{label}\", {person}, {}) is not what was written: {kinds} changed", zone.day(at))
        });
        Ok(check("hashes", named.collect(), format!("{checked} batches say what was written")))
    }

    /// Every edited field against its edits: it has to show the value of the head.
    fn field_check(&self) -> Result<Check> {
        let (mut wrong, mut fields) = (Vec::new(), 0);
        let mut statement = self.conn.prepare("SELECT DISTINCT row, field, entity FROM edit ORDER BY row, field").map_err(sql)?;
        let mut rows = statement.query([]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            let id = Id(row.get(0).map_err(sql)?);
            let (field, Some(table)) = (super::search::text_at(row, 1)?, batch::table_numbered(row.get(2).map_err(sql)?)) else { continue };
            fields += 1;
            if wrong.len() < MOST_NAMED && !heads::is_settled(&self.conn, table, id, &field)? {
                wrong.push(format!("{field} of {} {id} does not say what its latest edit wrote", table.name));
            }
        }
        Ok(check("fields", wrong, format!("{fields} edited fields show their latest edit")))
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
            let facts = signal::facts(conn, n, &config)?;
            if signal::fold_with_before(conn, n, &facts, &config, day)? != have {
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

    /// Folds the signals of every customer from its first event again, lists conflicts and indexes words anew. Changes no fact.
    pub fn rebuild(&mut self) -> Result<usize> {
        self.writable()?;
        self.begin()?;
        let mut customers = 0;
        let work = self.inside().and_then(|()| {
            let (config, today) = (self.config.clone(), self.today);
            signal::fold_all(&self.conn, &config, today, |n, signals| {
                customers += 1;
                signal::keep(&self.conn, n, &signals, &config.stages)
            })?;
            self.rebuild_derived()
        });
        super::end(&self.conn, work)?;
        self.roster = None;
        self.kept = super::kept::Kept::default();
        Ok(customers)
    }
}
