//! The roster: what lists need of every customer, in memory, from which every list is filtered, sorted and searched.

use std::collections::HashMap;
use std::sync::Arc;

use super::config::Config;
use super::health::{self, Health};
use super::id::Id;
use super::priority::{self, Key};
use super::signal::Signals;
use super::time::Day;
use crate::text;

/// Distinct words, each kept once and named by a number. Number 0 is the empty word.
#[derive(Clone, Debug)]
pub struct Names {
    list: Vec<Box<str>>,
    index: HashMap<Box<str>, u32>,
}

impl Default for Names {
    fn default() -> Names {
        Names { list: vec!["".into()], index: HashMap::from([("".into(), 0)]) }
    }
}

impl Names {
    /// The number of a word, kept from now on.
    pub fn intern(&mut self, word: &str) -> u32 {
        if let Some(no) = self.index.get(word) {
            return *no;
        }
        let no = self.list.len() as u32;
        self.list.push(word.into());
        self.index.insert(word.into(), no);
        no
    }

    /// The word of a number; empty for a number that was never given.
    pub fn get(&self, no: u32) -> &str {
        self.list.get(no as usize).map_or("", |w| w)
    }

    /// The number of a word that is known already.
    pub fn find(&self, word: &str) -> Option<u32> {
        self.index.get(word).copied()
    }

    /// All words with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        self.list.iter().enumerate().map(|(i, w)| (i as u32, w.as_ref()))
    }
}

/// One customer in the roster.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    /// Folded signals.
    pub signals: Signals,
    /// Health on the roster's day.
    pub health: Health,
    /// Priority on the roster's day in tenths; 0: not in the queue (no reason, done, or snoozed).
    pub priority: u32,
    /// Owner, by number in `owners`.
    pub owner: u32,
    /// Tag set, by number in `tagsets`.
    pub tags: u32,
    /// Start of the display name in the heap, its length, and the length of the folded name behind it.
    name: (u32, u16, u16),
    /// When the relationship started.
    pub created: Option<Day>,
    /// Snoozed until this day.
    pub snoozed: Option<Day>,
    /// Removed (or never finished): in no list.
    pub removed: bool,
    /// Snoozed until an event arrives (`nps`, `ticket`), which has not come yet.
    pub waiting: bool,
}

/// What the store knows of a customer when it puts it into the roster.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Row id.
    pub id: Id,
    /// The integer of the row in this file.
    pub rowid: i64,
    /// Display name.
    pub name: String,
    /// Owner.
    pub owner: String,
    /// Tags, sorted, joined by a space.
    pub tags: String,
    /// When the relationship started.
    pub created: Option<Day>,
    /// Snoozed until.
    pub snoozed: Option<Day>,
    /// Snoozed until an event.
    pub waiting: bool,
    /// Keys of the reasons dealt with.
    pub done: Vec<Key>,
    /// Removed.
    pub removed: bool,
    /// Folded signals.
    pub signals: Signals,
}

/// All customers of a book, one row each. Rows never move while a roster lives, so a row number is a safe handle.
#[derive(Clone, Debug)]
pub struct Roster {
    /// The rules that health and priority are computed by.
    pub config: Arc<Config>,
    /// The day of every figure.
    pub today: Day,
    /// Who "me" is in `owner:me`.
    pub me: String,
    /// Rows in the order of their making.
    pub rows: Vec<Row>,
    /// The id of each row.
    pub ids: Vec<Id>,
    /// The file's integer of each row.
    pub rowids: Vec<u32>,
    /// Owners.
    pub owners: Names,
    /// Distinct sets of tags, each sorted and joined by a space.
    pub tagsets: Names,
    /// Reasons dealt with, for the customers that have any.
    pub done: HashMap<u32, Box<[Key]>>,
    /// Custom attributes that were asked for: code, then a value a row (by number in its names).
    pub attributes: HashMap<String, (Names, Vec<u32>)>,
    /// Median ARR of the customers that have one, minor units.
    pub median_arr: i64,
    heap: String,
    by_rowid: HashMap<u32, u32>,
}

impl Roster {
    /// An empty roster for a day.
    pub fn new(config: Arc<Config>, today: Day, me: &str) -> Roster {
        Roster {
            config,
            today,
            me: me.to_owned(),
            rows: Vec::new(),
            ids: Vec::new(),
            rowids: Vec::new(),
            owners: Names::default(),
            tagsets: Names::default(),
            done: HashMap::new(),
            attributes: HashMap::new(),
            median_arr: 0,
            heap: String::new(),
            by_rowid: HashMap::new(),
        }
    }

    /// Adds a customer, or puts it in place of the row with the same `rowid`. Health and priority are computed by [`Roster::rescore`]
    /// (all rows) or [`Roster::score_row`].
    pub fn put(&mut self, entry: &Entry) -> usize {
        let rowid = entry.rowid as u32;
        let at = match self.by_rowid.get(&rowid) {
            Some(at) => *at as usize,
            None => {
                self.rows.push(Row::default());
                self.ids.push(entry.id);
                self.rowids.push(rowid);
                self.by_rowid.insert(rowid, self.rows.len() as u32 - 1);
                for (_, values) in self.attributes.values_mut() {
                    values.push(0);
                }
                self.rows.len() - 1
            }
        };
        let name = self.keep_name(at, &entry.name);
        if entry.done.is_empty() {
            self.done.remove(&(at as u32));
        } else {
            self.done.insert(at as u32, entry.done.clone().into_boxed_slice());
        }
        let (owner, tags) = (self.owners.intern(&entry.owner), self.tagsets.intern(&entry.tags));
        self.rows[at] = Row {
            signals: entry.signals,
            owner,
            tags,
            name,
            created: entry.created,
            snoozed: entry.snoozed,
            removed: entry.removed,
            waiting: entry.waiting,
            ..Row::default()
        };
        at
    }

    fn keep_name(&mut self, at: usize, name: &str) -> (u32, u16, u16) {
        if self.name(at) == name {
            return self.rows[at].name;
        }
        let mut folded = text::fold(name);
        let cut = |s: &str| s.char_indices().map(|(i, c)| i + c.len_utf8()).take_while(|e| *e <= 4096).last().unwrap_or(0);
        let name = &name[..cut(name)];
        folded.truncate(cut(&folded));
        let start = self.heap.len() as u32;
        self.heap.push_str(name);
        if folded == name {
            // Most names in lower case are their own fold; the heap keeps them once.
            return (start, name.len() as u16, 0);
        }
        self.heap.push_str(&folded);
        (start, name.len() as u16, folded.len() as u16)
    }

    /// The display name of a row.
    pub fn name(&self, at: usize) -> &str {
        let (start, len, _) = self.rows[at].name;
        &self.heap[start as usize..start as usize + usize::from(len)]
    }

    /// The folded name of a row, for search and sorting.
    pub fn folded(&self, at: usize) -> &str {
        let (start, len, folded) = self.rows[at].name;
        if folded == 0 {
            return self.name(at);
        }
        let from = start as usize + usize::from(len);
        &self.heap[from..from + usize::from(folded)]
    }

    /// The owner of a row.
    pub fn owner(&self, at: usize) -> &str {
        self.owners.get(self.rows[at].owner)
    }

    /// The tags of a row.
    pub fn tags(&self, at: usize) -> impl Iterator<Item = &str> {
        self.tagsets.get(self.rows[at].tags).split(' ').filter(|t| !t.is_empty())
    }

    /// The row of a file's integer.
    pub fn row_of(&self, rowid: i64) -> Option<usize> {
        u32::try_from(rowid).ok().and_then(|r| self.by_rowid.get(&r)).map(|r| *r as usize)
    }

    /// The row of an id; a scan, so ask once and keep the row.
    pub fn row_of_id(&self, id: Id) -> Option<usize> {
        self.ids.iter().position(|i| *i == id)
    }

    /// ARR of a row in minor units: 12 x MRR.
    pub fn arr(&self, at: usize) -> i64 {
        self.rows[at].signals.mrr.saturating_mul(12)
    }

    /// Days since the row's customer entered its stage.
    pub fn stage_age(&self, at: usize) -> Option<i64> {
        self.rows[at].signals.since.map(|d| self.today.since(d))
    }

    /// The reasons of a row that were not dealt with, whether or not it is snoozed.
    pub fn reasons(&self, at: usize) -> Vec<priority::Why> {
        let row = &self.rows[at];
        let mut reasons = priority::reasons(&row.signals, row.health, &self.config, self.today);
        if let Some(done) = self.done.get(&(at as u32)) {
            reasons.retain(|r| !done.contains(&r.key));
        }
        reasons
    }

    /// True while a snooze hides the row from the queue.
    pub fn is_snoozed(&self, at: usize) -> bool {
        self.rows[at].waiting || self.rows[at].snoozed.is_some_and(|d| d > self.today)
    }

    /// Computes health and priority of one row for the roster's day.
    pub fn score_row(&mut self, at: usize) {
        let row = &self.rows[at];
        let health = health::score(&row.signals, &self.config, self.today);
        self.rows[at].health = health;
        let hidden = self.rows[at].removed || self.is_snoozed(at);
        let reasons = if hidden { Vec::new() } else { self.reasons(at) };
        self.rows[at].priority =
            if reasons.is_empty() { 0 } else { priority::priority(&reasons, self.arr(at), self.median_arr).tenths.max(1) };
    }

    /// Computes the median ARR, and health and priority of every row.
    pub fn rescore(&mut self) {
        let mut arrs: Vec<i64> =
            self.rows.iter().filter(|r| !r.removed && r.signals.mrr > 0).map(|r| r.signals.mrr.saturating_mul(12)).collect();
        self.median_arr = if arrs.is_empty() {
            0
        } else {
            let mid = arrs.len() / 2;
            *arrs.select_nth_unstable(mid).1
        };
        for at in 0..self.rows.len() {
            self.score_row(at);
        }
    }

    /// Number of customers that are in lists.
    pub fn len(&self) -> usize {
        self.rows.iter().filter(|r| !r.removed).count()
    }

    /// True without customers.
    pub fn is_empty(&self) -> bool {
        self.rows.iter().all(|r| r.removed)
    }
}
