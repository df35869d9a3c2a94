//! The book on disk: the only rusqlite and the only SQL. Opens it by the rules, writes batches, undoes them, answers queries.

mod answer;
#[cfg(any(test, fuzzing))]
pub mod any_bytes;
mod backtest;
pub mod backup;
mod batch;
mod calendar;
mod conflicts;
mod copies;
mod digest;
pub mod doctor;
pub mod dump;
mod entities;
pub mod facts;
mod find;
pub mod happened;
mod hash;
mod heads;
#[cfg(test)]
mod histories;
pub mod history;
mod ids;
mod kept;
pub mod load;
pub mod locks;
pub mod mentions;
pub mod merge;
mod moves;
pub mod once;
mod open;
pub mod outbox;
mod past;
mod place;
pub mod presence;
pub mod purge;
mod rated;
mod rehearsal;
mod roster;
pub mod rules;
pub mod salvage;
mod schema;
mod search;
pub mod select;
mod settings;
mod sign;
mod signal;
mod sqlite;
mod strange;
pub mod subject;
pub mod sync;
mod transact;
mod twins;
mod undo;
pub mod worker;
mod write;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::{Connection, params};

use crate::domain::config::Config;
use crate::domain::id::{Id, Ids};
use crate::domain::query::{BatchPage, Page, Query};
use crate::domain::roster::Roster;
use crate::domain::signal::{Signals, StageMarks};
use crate::domain::time::{Day, Moment, Stamp, Zone};
use crate::error::{Error, Result};

pub use open::{FILES, beside_it, reachable, remove as remove_files};
use outbox::Keep;
pub use place::Mode;
pub use settings::apply_config;

use settings::{config_rows, read_config};
use sqlite::{end, roll_back, sqlite_error};
use strange::strange_in;
use transact::Given;

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The person's name.
    pub person: String,
    /// What makes this machine's copy different from another's: an id kept in the state folder, never in the book.
    pub device: Id,
}

/// How to open a book.
#[derive(Clone, Debug)]
pub struct Options {
    /// The person and device.
    pub who: Who,
    /// Now.
    pub now: Stamp,
    /// Fixes the day of every pure figure; signals are folded up to it.
    pub as_of: Option<Day>,
    /// Create the file when it is missing.
    pub create: bool,
    /// IANA zone for a new book; `None`: UTC.
    pub zone: Option<String>,
    /// Where the person's own changes are kept beside the book.
    pub keep: Keep,
}

/// Asked while a write waits for another's lock, with the milliseconds waited: `false` gives up.
pub type Patience = Box<dyn FnMut(u64) -> bool + Send>;

/// An open book.
pub struct Store {
    conn: Connection,
    path: PathBuf,
    mode: Mode,
    identity: Option<open::Identity>,
    held: Option<open::Held>,
    read_only: Option<String>,
    /// It is a backup, and this the folder with the private copy that is shown.
    copy: Option<tempfile::TempDir>,
    purpose: open::Purpose,
    /// The file could not be opened again after an error: there is no book behind the connection.
    closed: bool,
    who: Who,
    ids: Ids,
    config: Arc<Config>,
    as_of: Option<Day>,
    /// Views of the past stand before the tables.
    past: bool,
    today: Day,
    /// The latest moment that was told, for the day in another zone.
    now: Stamp,
    /// The last batch (its integer) up to which the settings are known.
    settled: i64,
    roster: Option<Arc<RwLock<Roster>>>,
    kept: kept::Kept,
    patience: Option<Patience>,
    lock_limit: u64,
    /// Where the person's own changes are kept.
    outbox: Option<outbox::Outbox>,
    /// Where at least the numbers of them are kept, when they themselves are not.
    numbers: Option<outbox::Outbox>,
    /// The name of the book in the outbox.
    key: Option<Id>,
    /// This copy of the book has a device of its own.
    named: bool,
    /// The batch that the next change was promised.
    planned: Option<Id>,
    /// The batch of the change that is being written, when it was promised one.
    promised: Option<Id>,
    /// The batch that the last change has begun.
    begun: Option<Id>,
    /// What the person knew who asked for the change that is being written, where that was earlier.
    given: Option<Given>,
    queued: bool,
    /// Changes in the outbox build on what the book lacks too: they are tried again behind what others bring.
    lacking: bool,
    /// The idempotency key of the change that is being written.
    once: Option<once::Once>,
    /// What is written now is only tried, and taken back at once.
    rehearsing: bool,
    /// Batches of ours that stand, for whoever tells of them.
    committed: Vec<Id>,
    /// What the last try would have done.
    rehearsed: BatchPage,
    /// The outbox, while its last line may not be on the disk yet.
    unsynced: Option<outbox::Added>,
    /// The key of this machine, once something is written.
    signer: Option<Arc<sign::Signer>>,
    /// Why nothing is signed, and the last batch (its integer) when that was found.
    unsigned: Option<(i64, String)>,
    /// What of the outbox is known.
    outbox_known: outbox::Known,
    /// The outbox could not be read at the opening: why the book can only be read since.
    unread: Option<String>,
    told: Vec<String>,
    told_before: Vec<String>,
    /// Bundles that could not be taken whole.
    tried: sync::Tried,
    /// When the next purge of others that waits is carried out.
    purges_due: Option<Stamp>,
    /// What the last exchange left out for good, or why there was none: for `doctor`.
    left_out: Vec<sync::LeftOut>,
    /// The folder by which the person let this file exchange while it is open.
    agreed: Option<PathBuf>,
    /// For waiting only: ids must not depend on it.
    dice: Ids,
    options: Options,
    #[cfg(test)]
    crash: Option<transact::Crash>,
    /// The rules, their filters read.
    rules: Option<Arc<rules::Watch>>,
    /// The last batch (its integer) up to which the roster knows all.
    seen: i64,
    /// Batches of ours behind it.
    own: BTreeSet<i64>,
}

impl Store {
    /// Opens (or creates) the book at `path` by the opening rules.
    pub fn open(path: &Path, options: &Options) -> Result<Store> {
        Store::from(
            open::open(path, options, false, open::Purpose::Write)?,
            options,
        )
    }

    /// The same to look at it: how the file is locked stays as it is. What has to be written all the same (one's own changes that it
    /// lacks) is.
    pub fn open_to_look(path: &Path, options: &Options) -> Result<Store> {
        let mut store = Store::from(
            open::open(path, options, false, open::Purpose::Look)?,
            options,
        )?;
        store.purpose = open::Purpose::Look;
        Ok(store)
    }

    /// A book in memory, for tests.
    pub fn memory(options: &Options) -> Result<Store> {
        Store::from(open::memory()?, options)
    }

    fn from(opened: open::Opened, options: &Options) -> Result<Store> {
        let open::Opened {
            conn,
            mode,
            read_only,
            identity,
            held,
            path,
            copy,
        } = opened;
        // Before the settings are read: what is written meanwhile has them read again.
        let seen = last_batch(&conn)?;
        let config = Arc::new(read_config(&conn)?);
        let today = options
            .as_of
            .unwrap_or_else(|| config.zone.day(options.now));
        let who = options.who.clone();
        let mut store = Store {
            conn,
            path,
            mode,
            identity,
            held,
            read_only,
            copy,
            purpose: open::Purpose::Write,
            closed: false,
            who,
            ids: Ids::random(),
            config,
            as_of: options.as_of,
            past: false,
            today,
            now: options.now,
            settled: seen,
            roster: None,
            kept: kept::Kept::default(),
            patience: None,
            lock_limit: 10_000,
            outbox: None,
            numbers: None,
            key: None,
            named: false,
            planned: None,
            promised: None,
            begun: None,
            given: None,
            queued: false,
            lacking: false,
            once: None,
            rehearsing: false,
            committed: Vec::new(),
            rehearsed: BatchPage::default(),
            unsynced: None,
            signer: None,
            unsigned: None,
            outbox_known: outbox::Known::default(),
            unread: None,
            told: Vec::new(),
            told_before: Vec::new(),
            tried: sync::Tried::new(),
            purges_due: None,
            left_out: Vec::new(),
            agreed: None,
            dice: Ids::random(),
            options: Options {
                create: false,
                ..options.clone()
            },
            rules: None,
            seen,
            own: BTreeSet::new(),
            #[cfg(test)]
            crash: None,
        };
        let fresh = seen == 0 && store.read_only.is_none();
        if let Some(zone) = options
            .zone
            .as_ref()
            .filter(|z| fresh && Zone::named(z).is_some_and(|z| z != store.config.zone))
        {
            // The zone belongs to the making of the book; there is nothing to undo before it. Of several that make it at once, the first
            // one's holds.
            schema::make_in(&store.conn, zone, false)?;
            store.config = Arc::new(read_config(&store.conn)?);
            store.today = options
                .as_of
                .unwrap_or_else(|| store.config.zone.day(options.now));
        }
        store.find_outbox(options)?;
        store.find_yes();
        Ok(store)
    }

    /// Finds the outbox of this book, and writes again what the book lacks of it.
    fn find_outbox(&mut self, options: &Options) -> Result<()> {
        if self.is_backup() {
            return Ok(());
        }
        match &options.keep {
            Keep::In(folder) if self.mode != Mode::Memory => {
                self.outbox = Some(outbox::Outbox::of(folder, &self.path, options.who.device));
                self.key = key_of_book(&self.conn)?;
                self.try_catch_up();
            }
            Keep::Numbers(folder) if self.mode != Mode::Memory => {
                self.numbers = Some(outbox::Outbox::of(folder, &self.path, options.who.device));
                self.go_on_numbering();
            }
            Keep::Cannot(why) if self.mode != Mode::Memory => {
                self.read_only.get_or_insert_with(|| {
                    say!("store.your_changes_cannot_kept", why = why).to_string()
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// The integer of the last batch: what was worked out of the book holds while it is the same.
    fn last_batch(&self) -> Result<i64> {
        last_batch(&self.conn)
    }

    /// The id that the book has in every copy, when it has one.
    pub fn book_id(&self) -> Option<Id> {
        schema::book(&self.conn).ok().flatten()
    }

    /// Opens the connection again, to the file that has the name now. The old one is closed first: while it has the index of a
    /// log, SQLite does not look what the log says by itself. Where nothing can be opened the store has no book until
    /// [`Store::comes_back`] finds it again.
    fn reopen(&mut self) -> Result<()> {
        if self.is_backup() {
            return Ok(());
        }
        if self.mode != Mode::Memory {
            drop(std::mem::replace(
                &mut self.conn,
                Connection::open_in_memory()?,
            ));
            self.closed = true;
        }
        let opened = open::open(&self.path, &self.options, true, self.purpose)?;
        self.closed = false;
        self.conn = opened.conn;
        self.identity = opened.identity;
        self.held = opened.held;
        self.mode = opened.mode;
        self.read_only = opened.read_only;
        Ok(())
    }

    /// Another file has taken the book's name (a sync program, a restore): goes on with that one, and writes to it what it lacks
    /// of one's own.
    pub fn open_anew(&mut self) -> Result<()> {
        let before = self.identity;
        self.reopen()?;
        self.seen = self.last_batch()?;
        self.settled = self.seen;
        self.config = Arc::new(read_config(&self.conn)?);
        self.kept = kept::Kept::default();
        if self.identity != before {
            self.told.push(say!("store.book_s_file_replaced").into());
        }
        self.key = key_of_book(&self.conn)?;
        self.try_catch_up();
        self.go_on_numbering();
        self.find_yes();
        self.reload()
    }

    /// Goes on writing when a disk that was full at the start has room again, or reading when a book that could not be opened again
    /// can be; `true`: it goes on.
    pub fn comes_back(&mut self) -> bool {
        if self.closed {
            return self.open_anew().is_ok();
        }
        if self.outbox_is_back() {
            return true;
        }
        let full = self.read_only.as_deref() == Some(open::FULL) && !open::is_full(&self.path);
        let back = full && self.reopen().is_ok();
        if back {
            let options = self.options.clone();
            let _ = self.find_outbox(&options);
        }
        back
    }

    /// What became of the file: `true` when another has taken its name.
    pub fn was_replaced(&self) -> bool {
        self.identity.is_some()
            && open::identity(&self.path).is_some_and(|found| Some(found) != self.identity)
    }

    /// True while the file is not there.
    pub fn is_gone(&self) -> bool {
        self.identity.is_some() && open::identity(&self.path).is_none()
    }

    /// Who writes: tests write as several people.
    #[cfg(test)]
    pub(crate) fn who_for_tests(&mut self) -> &mut Who {
        &mut self.who
    }

    /// Makes ids come from `seed`: the same commands at the same times make the same rows.
    pub fn seed_ids(&mut self, seed: u64) {
        self.ids = Ids::seeded(seed);
    }

    /// Who is asked while a write waits for a lock.
    pub fn wait_with(&mut self, patience: Option<Patience>) {
        self.patience = patience;
    }

    /// Answers a question. Loads the roster when it is needed and not there.
    pub fn answer(&mut self, query: &Query) -> Result<Page> {
        answer::answer(self, query)
    }

    /// The same to its end, for what answers a piece at a time ([`Page::is_unfinished`]).
    pub fn answer_whole(&mut self, query: &Query) -> Result<Page> {
        loop {
            let page = self.answer(query)?;
            if !page.is_unfinished() {
                return Ok(page);
            }
        }
    }

    /// The shared roster, loaded. Screens read it while drawing; only the store writes it, for microseconds.
    pub fn roster(&mut self) -> Result<Arc<RwLock<Roster>>> {
        if let Some(roster) = &self.roster {
            return Ok(roster.clone());
        }
        let past = self.past
            || self.as_of.is_some_and(|d| {
                self.newest_fold()
                    .is_ok_and(|newest| newest.is_some_and(|n| n > d))
            });
        let file = (self.mode != Mode::Memory).then_some(self.path.as_path());
        let (mut roster, stale) = roster::load(
            &self.conn,
            file,
            &self.config,
            self.today,
            &self.who.person,
            past,
        )?;
        if !stale.is_empty() {
            self.refold(&mut roster, &stale)?;
        }
        let shared = Arc::new(RwLock::new(roster));
        self.roster = Some(shared.clone());
        Ok(shared)
    }

    /// A second connection that sees the book as ours does in its transaction, where that is worth it. The past is seen by ours only.
    fn beside(&self, customers: usize) -> Option<Connection> {
        let file = (self.mode != Mode::Memory && !self.past).then_some(self.path.as_path())?;
        roster::same_state(&self.conn, file, customers)
    }

    /// The latest day to which any cached signals were folded.
    fn newest_fold(&self) -> Result<Option<Day>> {
        let numbers = StageMarks::new(&self.config.stages);
        let mut statement = self.conn.prepare("SELECT packed FROM signal LIMIT 100")?;
        let rows = statement.query_map([], |r| r.get::<_, Vec<u8>>(0))?;
        Ok(rows
            .filter_map(|r| Signals::unpack(&r.ok()?, &numbers)?.asof)
            .max())
    }

    /// Folds customers whose cache no longer holds on the roster's day. The result is kept where that costs nobody anything: no lock is
    /// waited for, and what cannot be kept now is folded again by the next who looks.
    fn refold(&mut self, roster: &mut Roster, stale: &[i64]) -> Result<()> {
        let keep = self.read_only.is_none() && self.as_of.is_none() && self.conn.is_autocommit();
        let (config, today) = (self.config.clone(), self.today);
        // One state of the book is folded; where somebody has written since, SQLite refuses to keep figures of it.
        let state = if keep {
            Some(self.conn.unchecked_transaction()?)
        } else {
            None
        };
        let many = stale.len() > REFOLD_AT_ONCE && stale.len() > roster.rows.len() / 4;
        if many {
            signal::fold_all(&self.conn, &config, today, |customer, signals| {
                if let Some(at) = roster.row_of(customer) {
                    roster.rows[at].signals = signals;
                }
                Ok(())
            })?;
        }
        for customer in if many { &[][..] } else { stale } {
            let facts = signal::facts(&self.conn, *customer, &config)?;
            let signals = signal::fold_with_before(&self.conn, *customer, &facts, &config, today)?;
            if let Some(at) = roster.row_of(*customer) {
                roster.rows[at].signals = signals;
            }
        }
        signal::put_apart(&self.conn, roster, None)?;
        if let Some(state) = state {
            self.keep_folded(state, roster, stale);
        }
        roster.rescore();
        Ok(())
    }

    /// Keeps the figures of these customers, or leaves them as they were.
    fn keep_folded(&self, state: rusqlite::Transaction<'_>, roster: &Roster, customers: &[i64]) {
        let patience: i64 = self
            .conn
            .query_row("PRAGMA busy_timeout", [], |r| r.get(0))
            .unwrap_or_default();
        let _ = self.conn.busy_timeout(std::time::Duration::ZERO);
        let all = customers
            .iter()
            .filter_map(|n| Some((*n, &roster.rows[roster.row_of(*n)?])));
        let marks = StageMarks::new(&self.config.stages);
        let kept = self.guard().and_then(|()| {
            if self.settings_moved()?.is_some() {
                return Err(Error::failed(say!("store.settings_other_ones_now")));
            }
            { all }.try_for_each(|(n, row)| signal::keep(&self.conn, n, &row.signals, &marks))
        });
        let _ = if kept.is_ok() {
            state.commit()
        } else {
            state.rollback()
        };
        let _ = self.conn.busy_timeout(std::time::Duration::from_millis(
            u64::try_from(patience).unwrap_or_default(),
        ));
    }

    /// Starts loading many rows as one batch. `command` is `import`, `look` (an import that is taken back) or `demo`.
    pub fn load(&mut self, command: &'static str, now: Stamp) -> Result<load::Loader<'_>> {
        load::Loader::begin(self, command, now)
    }

    /// The one customer that a person means by an id, an external key, or a name (exact, then a folded part).
    /// Several: a usage error that lists the candidates. None: not found.
    pub fn find_customer(&mut self, name: &str) -> Result<Id> {
        find::customer(self, name)
    }

    /// The moment `now` in the book's zone, with the day that `--as-of` fixed.
    pub fn moment(&self, now: Stamp) -> Moment {
        let moment = Moment::new(now, self.config.zone);
        Moment {
            today: self.as_of.unwrap_or(moment.today),
            ..moment
        }
    }

    /// The book's config.
    pub fn config(&self) -> Arc<Config> {
        self.config.clone()
    }

    /// The raw value of a config key, when the book sets it.
    pub fn config_text(&self, key: &str) -> Result<Option<String>> {
        settings::text_of(&self.conn, key, &self.config)
    }

    /// Why the book cannot be written, when it cannot.
    pub fn read_only(&self) -> Option<&str> {
        self.read_only.as_deref()
    }

    /// The person's own folder beside which their changes are kept, where there is one.
    pub fn state_folder(&self) -> Option<&Path> {
        match &self.options.keep {
            Keep::In(folder) | Keep::Numbers(folder) => Some(folder),
            _ => None,
        }
    }

    /// True for a backup: a private copy of it is shown.
    pub fn is_backup(&self) -> bool {
        self.copy.is_some()
    }

    /// Says for everybody whether the book may be used from several machines at once (then no machine uses WAL). It holds from
    /// the next opening on.
    pub fn share_between_machines(&mut self, on: bool) -> Result<()> {
        self.writable()?;
        self.begin()?;
        let work = self.inside().and_then(|()| {
            let mode = if on { "network" } else { "local" };
            let set = "INSERT INTO meta (k, v) VALUES ('share_mode', ?1) ON CONFLICT (k) DO UPDATE SET v = ?1";
            self.conn.execute(set, [mode]).map_err(Into::into)
        });
        end(&self.conn, work).map(|_| ())
    }

    /// Who writes.
    pub fn person(&self) -> &str {
        &self.who.person
    }

    /// How the book is locked, for the status line and `doctor`.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The book's resolved path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The day of every figure.
    pub fn today(&self) -> Day {
        self.today
    }

    /// Moves on to the day of `now`, if it is another one: figures are computed again.
    pub fn turn_day(&mut self, now: Stamp) -> bool {
        let day = self.config.zone.day(now);
        // Also back, where a clock that was ahead has been put right.
        self.now = now;
        let turned = self.as_of.is_none() && day != self.today;
        if turned {
            self.today = day;
            self.roster = None;
            self.kept = kept::Kept::default();
        }
        turned
    }

    fn ids_of<'a>(&self, customers: impl Iterator<Item = &'a i64>) -> Result<Vec<Id>> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT id FROM customer WHERE n = ?")?;
        customers
            .map(|n| {
                statement
                    .query_row([n], |r| r.get(0))
                    .map(Id)
                    .map_err(Into::into)
            })
            .collect()
    }

    /// Brings what is in memory up to date with a batch that was committed.
    fn after(
        &mut self,
        n: i64,
        touched: &BTreeSet<i64>,
        config_touched: bool,
        money_touched: bool,
    ) -> Result<()> {
        // What others wrote before ours, and nobody has looked at, stays to be looked at.
        if n == self.seen.saturating_add(1) {
            self.seen = n;
        } else if n > self.seen {
            self.own.insert(n);
        }
        self.kept.touch(touched);
        if config_touched {
            self.config = Arc::new(read_config(&self.conn)?);
        }
        if config_touched || touched.len() > REFOLD_AT_ONCE {
            self.kept = kept::Kept::default();
            return self.reload();
        }
        let Some(shared) = self.roster.clone() else {
            return Ok(());
        };
        roster::reload(&self.conn, &shared, touched)?;
        if money_touched {
            shared
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .rescore();
        }
        Ok(())
    }

    /// Loads the roster anew. It is another one, whose rows may have other numbers: whoever shares the old one keeps that, and its
    /// numbers, until the new one is handed over.
    fn reload(&mut self) -> Result<()> {
        if self.roster.take().is_some() {
            self.roster()?;
        }
        Ok(())
    }

    /// The batches of ours that were written since this was last asked.
    pub fn take_committed(&mut self) -> Vec<Id> {
        std::mem::take(&mut self.committed)
    }

    /// Looks for batches that others have committed since the last look, also those that a merge has brought: (person, label,
    /// when) of each, oldest first; of many, how many of each person. The roster is brought up to date.
    pub fn look(&mut self) -> Result<Vec<(String, String, Stamp)>> {
        let mut news = Vec::new();
        loop {
            let found: Vec<(i64, String, String, i64)> = {
                let mut statement = self
                    .conn
                    .prepare_cached("SELECT n, person, label, wall FROM batch WHERE n > ? AND finished = 1 ORDER BY n LIMIT 10000")?;
                let rows = statement.query_map([self.seen], |r| {
                    Ok((
                        r.get(0)?,
                        search::text_at_raw(r, 1)?,
                        search::text_at_raw(r, 2)?,
                        r.get(3)?,
                    ))
                })?;
                rows.collect::<Result<_, _>>()?
            };
            let (Some(first), Some(last)) = (found.first(), found.last()) else {
                break;
            };
            let last = last.0;
            let (touched, config) = touched_between(&self.conn, first.0, last)?;
            let before = std::mem::replace(&mut self.seen, last);
            if let Err(error) = self.after(last, &touched, config, true) {
                // What could not be read now is looked at again.
                self.seen = before;
                return Err(error);
            }
            let own = std::mem::take(&mut self.own);
            for (n, person, mut label, wall) in found.into_iter().filter(|(n, ..)| !own.contains(n))
            {
                if self.mentions_me(n)? {
                    label.push_str(&say!("store.mentions_you"));
                }
                news.push((person, label, Stamp(wall)));
            }
            self.own = own.into_iter().filter(|n| *n > last).collect();
        }
        Ok(if news.len() > MOST_NEWS {
            counted(&news)
        } else {
            news
        })
    }

    /// A batch asks me to look at something.
    fn mentions_me(&self, batch: i64) -> Result<bool> {
        self.conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM task WHERE batch = ? AND kind = 'mention' AND owner = ? AND removed = 0)")
            .and_then(|mut s| s.query_row(rusqlite::params![batch, self.who.person], |r| r.get(0)))
            .map_err(Into::into)
    }

    /// A number that changes when another connection has written.
    pub fn data_version(&self) -> Result<i64> {
        self.conn
            .query_row("PRAGMA data_version", [], |r| r.get(0))
            .map_err(Into::into)
    }

    /// Indexes waiting texts, at most `limit` rows; `true` when some are left. For idle moments.
    pub fn index_some(&mut self, limit: usize) -> Result<bool> {
        if self.read_only.is_some() || search::waiting(&self.conn)? == 0 {
            return Ok(false);
        }
        self.begin()?;
        let left = self
            .inside()
            .and_then(|()| search::catch_up(&self.conn, limit));
        end(&self.conn, left)
    }

    /// Closes the book: the WAL goes back into the file when nobody else has it.
    pub fn close(self) {
        if self.read_only.is_none() {
            let _ = self
                .conn
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
    }
}

/// More news than this are told as a number for each person.
const MOST_NEWS: usize = 20;

/// One line a person, in the order in which they come first.
fn counted(news: &[(String, String, Stamp)]) -> Vec<(String, String, Stamp)> {
    let mut people: Vec<(String, usize, Stamp)> = Vec::new();
    for (person, _, at) in news {
        match people.iter_mut().find(|p| p.0 == *person) {
            Some(known) => (known.1, known.2) = (known.1 + 1, known.2.max(*at)),
            None => people.push((person.clone(), 1, *at)),
        }
    }
    people
        .into_iter()
        .map(|(person, n, at)| {
            (
                person,
                if n == 1 {
                    "1 change".into()
                } else {
                    format!("{n} changes")
                },
                at,
            )
        })
        .collect()
}

/// Above so many touched customers a batch leaves their signals to one pass over the book.
const REFOLD_AT_ONCE: usize = 2000;

/// Customers (their integers) that batches from `first` to `last` touched, and whether config was.
fn touched_between(conn: &Connection, first: i64, last: i64) -> Result<(BTreeSet<i64>, bool)> {
    let mut touched = BTreeSet::new();
    // Rows that were purged leave the roster only by loading it anew.
    let mut config = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM edit WHERE batch BETWEEN ? AND ? AND field = ?)",
        )
        .and_then(|mut s| s.query_row(params![first, last, purge::FIELD], |r| r.get(0)))?;
    for table in batch::TABLES {
        use crate::domain::command::Entity;
        if table.entity == Entity::View {
            continue;
        }
        let owner = table.owner();
        let but = if table.entity == Entity::Config {
            once::LEFT_OUT
        } else {
            ""
        };
        let query = format!(
            "SELECT {owner} FROM {0} WHERE batch BETWEEN ?1 AND ?2{but} UNION SELECT {owner} FROM {0} WHERE id IN (SELECT row FROM edit WHERE batch BETWEEN ?1 AND ?2 AND entity = ?3)",
            table.name
        );
        let mut statement = conn.prepare_cached(&query)?;
        let mut rows = statement.query(params![first, last, table.number])?;
        while let Some(row) = rows.next()? {
            match row.get::<_, Option<i64>>(0)? {
                Some(n) => {
                    touched.insert(n);
                }
                None => config = true,
            }
        }
    }
    Ok((touched, config))
}

/// The integer of the last batch; 0 in a book without any.
fn last_batch(conn: &Connection) -> Result<i64> {
    conn.query_row("SELECT coalesce(max(n), 0) FROM batch", [], |r| r.get(0))
        .map_err(Into::into)
}

/// By what the outbox knows the book: its id, or, in a book that has none yet, its first batch.
fn key_of_book(conn: &Connection) -> Result<Option<Id>> {
    use rusqlite::OptionalExtension;
    if let Some(id) = schema::book(conn)? {
        return Ok(Some(id));
    }
    let first = conn
        .prepare_cached("SELECT id FROM batch ORDER BY n LIMIT 1")
        .and_then(|mut s| s.query_row([], |r| r.get(0)).optional());
    Ok(first?.map(Id))
}

/// What of a cause may be told where no text of the book may stand: SQLite's number, a hitch.
pub fn cause(source: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<String> {
    if let Some(hitch) = source.downcast_ref::<transact::Hitch>() {
        return Some(hitch.to_string());
    }
    let error = source.downcast_ref::<rusqlite::Error>()?;
    Some(error.sqlite_error().map_or_else(
        || "sqlite".to_owned(),
        |e| format!("sqlite: {}", e.extended_code),
    ))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    )
}

#[cfg(test)]
pub(crate) mod tests;
