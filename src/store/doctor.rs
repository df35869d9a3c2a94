//! The book's examination: what is well, what is not, and the one repair that changes no fact (making anew what follows from them).

mod derived;

use serde::Serialize;

use crate::domain::id::Id;
use crate::domain::signal::{Signals, StageMarks};
use crate::error::Result;

use super::hash::{self, Header};
use super::sync::Part;
use super::{Store, batch, config_rows, heads, schema, signal};

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
        let Gap {
            device,
            person,
            first,
            last,
        } = self;
        if first == last {
            say!(
                "doctor.batch_device_missing",
                first = first,
                person = person,
                device = device
            )
            .to_string()
        } else {
            say!(
                "doctor.batches_device_missing",
                first = first,
                last = last,
                person = person,
                device = device
            )
            .to_string()
        }
    }
}

/// Every gap in the numbers of the devices.
pub fn gaps(conn: &rusqlite::Connection) -> Result<Vec<Gap>> {
    let mut found = Vec::new();
    let query = "SELECT device, number, person FROM batch ORDER BY device, number";
    let mut statement = conn.prepare(query)?;
    let mut rows = statement.query([])?;
    let mut last: (Option<Id>, i64) = (None, 0);
    // A purge that waits here is not missing.
    let held: std::collections::BTreeSet<(Id, i64)> = super::sync::held(conn)?
        .into_values()
        .map(|h| (h.device, h.number))
        .collect();
    while let Some(row) = rows.next()? {
        let (device, number): (Id, i64) = (Id(row.get(0)?), row.get(1)?);
        if last.0 != Some(device) {
            last = (Some(device), 0);
        }
        let from = last.1.saturating_add(1);
        let waits = number.saturating_sub(from) <= held.len() as i64
            && (from..number).all(|n| held.contains(&(device, n)));
        if number > from && !waits {
            found.push(Gap {
                device,
                person: super::search::text_at(row, 2)?,
                first: last.1 + 1,
                last: number - 1,
            });
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

pub(super) fn check(code: &'static str, wrong: Vec<String>, well: String) -> Check {
    let ok = wrong.is_empty();
    Check {
        code,
        ok,
        words: if ok { well } else { wrong.join("; ") },
    }
}

impl Store {
    /// Examines the book without changing it, as it is at one moment. What lies beside it moves on while others write: what is wrong
    /// there is looked at again before it is said.
    pub fn doctor(&mut self) -> Result<Vec<Check>> {
        // Before the moment: what others put into the outbox behind it, the book cannot have yet.
        let waiting = self.waiting()?.len();
        // Without a log a reader keeps writers out, so there each check has a moment of its own.
        let mut checks = if self.mode.is_wal() {
            self.at_one_moment(Store::examine)?
        } else {
            self.examine()?
        };
        checks.push(check(
            "beside",
            self.strange_beside(),
            say!("doctor.nothing_strange_beside_book").into(),
        ));
        checks.push(self.outbox_check(waiting)?);
        checks.extend(self.sync_check()?);
        Ok(checks)
    }

    /// Reads within one state of the book.
    pub(super) fn at_one_moment<T>(
        &mut self,
        look: impl FnOnce(&mut Store) -> Result<T>,
    ) -> Result<T> {
        let whole = !self.conn.is_autocommit();
        if !whole {
            self.conn.execute_batch("BEGIN")?;
        }
        let seen = look(self);
        if !whole {
            super::roll_back(&self.conn);
        }
        seen
    }

    /// What the file alone says.
    fn examine(&mut self) -> Result<Vec<Check>> {
        // By the settings of now: somebody may have changed them since the last look.
        self.take_over_settings()?;
        let mut checks = vec![Check {
            code: "file",
            ok: self.read_only.is_none(),
            words: self.file_words(),
        }];
        checks.push(check(
            "schema",
            schema::differences(&self.conn)?,
            say!("doctor.version_nothing_strange", schema = schema::VERSION).to_string(),
        ));
        let mut wrong: Vec<String> = Vec::new();
        {
            let mut statement = self.conn.prepare("PRAGMA integrity_check(20)")?;
            let rows = statement.query_map([], |r| r.get::<_, String>(0))?;
            for row in rows {
                let words = row?;
                if words != "ok" {
                    wrong.push(words);
                }
            }
        }
        checks.push(check(
            "integrity",
            wrong,
            say!("doctor.every_page_index_sound").into(),
        ));
        let orphans: i64 =
            self.conn
                .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |r| {
                    r.get(0)
                })?;
        let orphans = if orphans > 0 {
            vec![say!("any.rows_without_their_parent", orphans = orphans).to_string()]
        } else {
            Vec::new()
        };
        checks.push(check(
            "parents",
            orphans,
            say!("doctor.every_row_its_parent").into(),
        ));
        checks.extend(self.at_one_moment(|s| s.log_checks())?);
        for look in [
            Store::conflict_check,
            Store::index_check,
            Store::purge_check,
            Store::meta_check,
        ] {
            checks.push(self.at_one_moment(|s| look(s))?);
        }
        checks.push(self.backup_check());
        let mut wrong: Vec<String> = config_rows(&self.conn)?
            .into_iter()
            .filter_map(|(key, value)| {
                super::apply_config(&mut (*self.config).clone(), &key, &value)
                    .err()
                    .map(|e| e.message.into())
            })
            .collect();
        wrong.extend(
            crate::columns::compile_scorecards(&mut (*self.config).clone())
                .err()
                .map(|e| e.message.into()),
        );
        checks.push(check(
            "config",
            wrong,
            say!("doctor.every_setting_read").into(),
        ));
        checks.push(self.at_one_moment(Store::signal_check)?);
        checks.extend([self.copies_check()?, self.number_check()?]);
        checks.push(self.at_one_moment(|s| s.signature_check())?);
        Ok(checks)
    }

    /// The newest backup: a damaged one helps nobody.
    fn backup_check(&self) -> Check {
        let all = super::backup::list(&self.path);
        // What a wrong clock has dated ahead is not the newest.
        let ahead = |b: &&super::backup::Backup| b.day.is_some_and(|day| day > self.today.plus(1));
        let Some(newest) = all.iter().find(|b| !ahead(b)).or(all.first()) else {
            return check("backups", Vec::new(), "none yet".into());
        };
        let mut wrong = Vec::new();
        if newest.damaged {
            wrong.push(say!("doctor.newest_damaged_retain_backup", name = newest.name).to_string());
        }
        check(
            "backups",
            wrong,
            say!("doctor.newest", name = newest.name).to_string(),
        )
    }

    /// The outbox against the book. What was found waiting is looked for again while nobody writes: a change stands in the outbox
    /// before it stands in the book.
    pub(super) fn outbox_check(&mut self, found: usize) -> Result<Check> {
        let Some(waiting) = (if found > 0 {
            self.waiting_for_good()?
        } else {
            Some(0)
        }) else {
            let words = say!("doctor.your_changes_not_book", found = found);
            return Ok(Check {
                code: "outbox",
                ok: true,
                words: words.to_string(),
            });
        };
        let waiting = if waiting > 0 {
            vec![say!("doctor.your_changes_wait_your", waiting = waiting).to_string()]
        } else {
            Vec::new()
        };
        let kept = self.outbox.as_ref().map_or_else(
            || "your changes are kept nowhere else".into(),
            |o| say!("doctor.book_every_change_yours", file = o.file().display()).to_string(),
        );
        Ok(check("outbox", waiting, kept.to_string()))
    }

    /// How many changes wait while nobody is between the outbox and the COMMIT: within the lock. `None`: it was not to be had.
    fn waiting_for_good(&mut self) -> Result<Option<usize>> {
        if self.read_only.is_some() {
            return Ok(Some(self.waiting()?.len()));
        }
        if self.begin().is_err() {
            return Ok(None);
        }
        let waiting = self.waiting();
        super::roll_back(&self.conn);
        Ok(Some(waiting?.len()))
    }

    /// What copies of the book left undecided, and copies that wait beside it.
    fn copies_check(&self) -> Result<Check> {
        let open: i64 = self
            .conn
            .query_row("SELECT count(*) FROM conflict", [], |r| r.get(0))?;
        let mut wrong: Vec<String> = self
            .conflicted_copies()?
            .iter()
            .map(|path| say!("doctor.another_copy_this_book", path = path.display()).to_string())
            .collect();
        if open > 0 {
            wrong.push(say!("doctor.copies_say_different_things", open = open).to_string());
        }
        Ok(check(
            "copies",
            wrong,
            say!("doctor.no_other_copy_beside").into(),
        ))
    }

    /// Each number of a device stands for one batch.
    fn number_check(&self) -> Result<Check> {
        let query = "SELECT device, number, person FROM batch GROUP BY device, number HAVING count(*) > 1 ORDER BY device, number";
        let mut statement = self.conn.prepare(query)?;
        let (mut rows, mut wrong, mut more) = (statement.query([])?, Vec::new(), 0);
        while let Some(row) = rows.next()? {
            if wrong.len() >= MOST_NAMED {
                more += 1;
                continue;
            }
            let (device, number): (Id, i64) = (Id(row.get(0)?), row.get(1)?);
            wrong.push(
                say!(
                    "doctor.number_device_given_two",
                    number = number,
                    row = super::search::text_at(row, 2)?,
                    device = device
                )
                .to_string(),
            );
        }
        if more > 0 {
            wrong.push(format!("and {more} more"));
        }
        if let Some(last) = wrong.last_mut() {
            last.push_str(&say!("doctor.both_kept_exchanged_no"));
        }
        Ok(check(
            "numbers",
            wrong,
            say!("doctor.each_number_device_stands").into(),
        ))
    }

    /// Where changes go, and the bundles there, each read to its end; none where the book takes no part and there is no folder. Others
    /// join and replace theirs at any time: what is wrong at one look only is not wrong.
    fn sync_check(&self) -> Result<Option<Check>> {
        let folder = self.sync_folder();
        match self.part() {
            Part::Aside(words) => {
                return Ok(Some(Check {
                    code: "sync",
                    ok: true,
                    words,
                }));
            }
            Part::On if !folder.is_dir() => {
                let words = say!("doctor.changes_go_which_next", folder = folder.display());
                return Ok(Some(Check {
                    code: "sync",
                    ok: true,
                    words: words.to_string(),
                }));
            }
            Part::On | Part::Off => {}
        }
        let Some(mut found) = self.examine_bundles()? else {
            return Ok(None);
        };
        let mut telling = self.words_of_telling(&found)?;
        if !(found.wrong.is_empty() && telling.is_empty())
            && let Some(again) = self.examine_bundles()?
        {
            let telling_again = self.words_of_telling(&again)?;
            telling.retain(|words| telling_again.contains(words));
            found.wrong.retain(|words| again.wrong.contains(words));
        }
        // What the last exchange could not take, where it is there still and not named yet.
        let known = |words: &str| {
            words
                .split(": ")
                .next()
                .is_some_and(|bundle| found.wrong.iter().any(|w| w.starts_with(bundle)))
        };
        let left_out = self
            .left_out
            .iter()
            .filter(|left| left.stands() && !known(&left.words))
            .map(|left| left.words.clone());
        let left_out: Vec<String> = left_out.collect();
        found.wrong.extend(left_out);
        let more = found.wrong.len().saturating_sub(MOST_NAMED);
        let mut wrong: Vec<String> = found.wrong.iter().take(MOST_NAMED).cloned().collect();
        if more > 0 {
            wrong.push(say!("doctor.more_bundles_with_faults", more = more).to_string());
        }
        wrong.extend(telling);
        if self.syncs() {
            wrong.extend(self.disagreements()?);
        }
        let waits = match found.waiting {
            0 => say!("doctor.each_your_changes_one").to_string(),
            1 => say!("doctor.1_change_waits_for").to_string(),
            n => say!("doctor.changes_wait_for_next", n = n).to_string(),
        };
        let others = match found.others {
            0 => String::new(),
            n => say!("doctor.changes_came_by_merge", n = n).to_string(),
        };
        let well = if self.syncs() {
            waits + &others
        } else {
            say!("doctor.this_copy_takes_no").to_string()
        };
        let (bundles, folder) = (found.bundles, folder.display());
        Ok(Some(check(
            "sync",
            wrong,
            say!(
                "doctor.changes_go_with_sound",
                folder = folder,
                bundles = bundles,
                well = well
            )
            .to_string(),
        )))
    }

    fn file_words(&self) -> String {
        let journal: String = self
            .conn
            .query_row("PRAGMA journal_mode", [], |r| r.get(0))
            .unwrap_or_default();
        let sync: i64 = self
            .conn
            .query_row("PRAGMA synchronous", [], |r| r.get(0))
            .unwrap_or_default();
        let sync = ["OFF", "NORMAL", "FULL", "EXTRA"]
            .get(sync as usize)
            .unwrap_or(&"?");
        let why = self
            .read_only
            .as_ref()
            .map_or_else(String::new, |why| format!("; read-only: {why}"));
        say!(
            "doctor.journal_synchronous_sqlite",
            path = self.path.display(),
            mode = self.mode.name(),
            journal = journal,
            sync = sync,
            version = rusqlite::version(),
            why = why
        )
        .to_string()
    }

    /// The log: whole, unchanged, and what the rows show follows from it.
    pub(super) fn log_checks(&self) -> Result<[Check; 3]> {
        Ok([self.log_check()?, self.hash_check()?, self.field_check()?])
    }

    /// Batches: all finished, numbers of each device without a gap.
    fn log_check(&self) -> Result<Check> {
        let open: i64 =
            self.conn
                .query_row("SELECT count(*) FROM batch WHERE finished <> 1", [], |r| {
                    r.get(0)
                })?;
        let gaps = gaps(&self.conn)?;
        let batches: i64 = self
            .conn
            .query_row("SELECT count(*) FROM batch", [], |r| r.get(0))?;
        let mut wrong = Vec::new();
        if open > 0 {
            wrong.push(say!("doctor.batches_were_never_finished", open = open).to_string());
        }
        wrong.extend(gaps.iter().take(MOST_NAMED).map(Gap::words));
        if gaps.len() > MOST_NAMED {
            wrong.push(say!("doctor.more_gaps", len = gaps.len() - MOST_NAMED).to_string());
        }
        Ok(check(
            "log",
            wrong,
            say!("doctor.batches_none_missing", batches = batches).to_string(),
        ))
    }

    /// The hash of every batch against what its rows and edits say now: finds a flipped bit where no page check does.
    fn hash_check(&self) -> Result<Check> {
        let (wrong, checked) = hash::mismatches(&self.conn, MOST_NAMED)?;
        let zone = self.config.zone;
        let named = wrong.iter().map(|m| {
            let at = crate::domain::time::Stamp(m.header.wall);
            let kinds = if m.kinds.is_empty() {
                say!("doctor.its_own_row").to_owned()
            } else {
                say!("doctor.one_its_rows", kinds = m.kinds.join(", "))
            };
            let Header {
                id, label, person, ..
            } = &m.header;
            say!(
                "doctor.batch_not_what_written",
                id = id,
                label = label,
                person = person,
                at = zone.day(at),
                kinds = kinds
            )
            .to_string()
        });
        Ok(check(
            "hashes",
            named.collect(),
            say!("doctor.batches_say_what_written", checked = checked).to_string(),
        ))
    }

    /// Every edited field against its edits: it has to show the value of the head.
    fn field_check(&self) -> Result<Check> {
        let (mut wrong, mut fields) = (Vec::new(), 0);
        let mut statement = self
            .conn
            .prepare("SELECT DISTINCT row, field, entity FROM edit ORDER BY row, field")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id = Id(row.get(0)?);
            let (field, Some(table)) = (
                super::search::text_at(row, 1)?,
                batch::table_numbered(row.get(2)?),
            ) else {
                continue;
            };
            fields += 1;
            if wrong.len() < MOST_NAMED && !heads::is_settled(&self.conn, table, id, &field)? {
                wrong.push(
                    say!(
                        "doctor.does_not_say_what",
                        field = field,
                        name = table.name,
                        id = id
                    )
                    .to_string(),
                );
            }
        }
        Ok(check(
            "fields",
            wrong,
            say!("doctor.edited_fields_show_their", fields = fields).to_string(),
        ))
    }

    /// The cached signals against a fold from the first event.
    fn signal_check(&mut self) -> Result<Check> {
        let (config, conn) = (self.config.clone(), &self.conn);
        let mut wrong = 0;
        let mut customers = 0;
        let marks = StageMarks::new(&config.stages);
        let cached = |n: i64| -> Result<Option<Signals>> {
            use rusqlite::OptionalExtension;
            let packed: Option<Vec<u8>> = conn
                .prepare_cached("SELECT packed FROM signal WHERE customer = ?")
                .and_then(|mut s| s.query_row([n], |r| r.get(0)).optional())?;
            Ok(packed.and_then(|p| Signals::unpack(&p, &marks)))
        };
        let all: Vec<i64> = {
            let mut statement =
                conn.prepare("SELECT n FROM customer WHERE removed = 0 ORDER BY n")?;
            let rows = statement.query_map([], |r| r.get(0))?;
            rows.collect::<Result<_, _>>()?
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
            vec![say!("doctor.customers_stale_figures_retain", wrong = wrong).to_string()]
        } else {
            Vec::new()
        };
        Ok(check(
            "signals",
            wrong,
            say!("doctor.figures_customers_equal_fold", customers = customers).to_string(),
        ))
    }

    /// Folds the signals of every customer from its first event again, lists conflicts and indexes words anew. Changes no fact.
    pub fn rebuild(&mut self) -> Result<usize> {
        self.writable()?;
        self.begin()?;
        let mut customers = 0;
        let work = self.inside().and_then(|()| {
            let (config, today) = (self.config.clone(), self.today);
            let marks = StageMarks::new(&config.stages);
            signal::fold_all(&self.conn, &config, today, |n, signals| {
                customers += 1;
                signal::keep(&self.conn, n, &signals, &marks)
            })?;
            self.rebuild_derived()
        });
        super::end(&self.conn, work)?;
        self.roster = None;
        self.kept = super::kept::Kept::default();
        Ok(customers)
    }
}
