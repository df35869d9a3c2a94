//! The roster: what lists need of every customer, in memory, from which every list is filtered, sorted and searched.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::config::Config;
use super::health::Health;
use super::id::Id;
use super::money::{Arr, Currency};
use super::priority::{self, Key};
use super::signal::Signals;
use super::time::Day;

pub(crate) mod names;

pub use bits::Bits;
pub use names::Names;
pub use reader::{Choices, Get, Reader};

mod bits;
mod order;
mod reader;
mod scoring;
#[cfg(test)]
mod tests;

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
    /// When the relationship started.
    pub created: Option<Day>,
    /// Snoozed until this day.
    pub snoozed: Option<Day>,
    /// Removed (or never finished): in no list.
    pub removed: bool,
    /// Snoozed until an event arrives (`nps`, `ticket`), which has not come yet.
    pub waiting: bool,
}

/// What the store knows of a customer when it puts it into the roster; its words are borrowed, so a scan of the book hands them
/// over without a copy.
#[derive(Clone, Debug, Default)]
pub struct Entry<'a> {
    /// Row id.
    pub id: Id,
    /// The integer of the row in this file.
    pub rowid: i64,
    /// Display name.
    pub name: &'a str,
    /// Owner.
    pub owner: &'a str,
    /// Tags, sorted, joined by a space.
    pub tags: &'a str,
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

/// Revenue that no rate brings into the book's currency.
#[derive(Clone, Debug)]
struct Apart {
    /// Minor units of a year, ascending by currency.
    sums: Box<[(Currency, i64)]>,
    /// The codes of the currencies, by number in `tagsets`.
    codes: u32,
}

/// All customers of a book, one row each. Rows never move while a roster lives, so a row number is a safe handle.
#[derive(Clone, Debug)]
pub struct Roster {
    /// The rules that health and priority are computed by.
    pub config: Arc<Config>,
    /// How its fields are read.
    readers: &'static [Reader],
    /// The day of every figure.
    pub today: Day,
    /// Who "me" is in `owner:me`.
    pub me: String,
    /// Rows in the order of their making.
    pub rows: Vec<Row>,
    /// The id of each row.
    pub ids: Vec<Id>,
    /// The file's integer of each row.
    pub rowids: Vec<i64>,
    /// Owners.
    pub owners: Names,
    /// Distinct sets of tags, each sorted and joined by a space.
    pub tagsets: Names,
    /// Reasons dealt with, for the customers that have any.
    pub done: HashMap<u32, Box<[Key]>>,
    /// ARR that no rate brings into the book's currency, for the customers that have any.
    apart: HashMap<u32, Apart>,
    /// Custom attributes that were asked for: code, then a value a row (by number in its names).
    pub attributes: HashMap<String, (Names, Vec<u32>)>,
    /// What everybody bought, once something has asked for it.
    pub purchases: Option<Box<super::purchases::Purchases>>,
    /// Median ARR of the customers that have one, minor units.
    pub median_arr: i64,
    names: names::NameHeap,
    /// Place of each row in the order of folded names, while no name has changed since it was worked out.
    ranks: OnceLock<Vec<u32>>,
    /// Row + 1 by the file's integer (less `first`) while those are dense, as they are but in an odd file; the others in `sparse`.
    by_rowid: Vec<u32>,
    first: i64,
    sparse: HashMap<i64, u32>,
    /// The rows in the order of their ids, once somebody was asked for by one; few are not in the order of their making.
    by_id: OnceLock<Vec<u32>>,
}

impl Roster {
    /// An empty roster for a day, whose fields are read so.
    pub fn new(config: Arc<Config>, readers: &'static [Reader], today: Day, me: &str) -> Roster {
        Roster {
            config,
            readers,
            today,
            me: me.to_owned(),
            rows: Vec::new(),
            ids: Vec::new(),
            rowids: Vec::new(),
            owners: Names::default(),
            tagsets: Names::default(),
            done: HashMap::new(),
            apart: HashMap::new(),
            attributes: HashMap::new(),
            purchases: None,
            median_arr: 0,
            names: names::NameHeap::default(),
            ranks: OnceLock::new(),
            by_rowid: Vec::new(),
            first: 0,
            sparse: HashMap::new(),
            by_id: OnceLock::new(),
        }
    }

    /// An empty roster by the same rules, to be read beside this one and [`Roster::append`]ed.
    pub fn part(&self) -> Roster {
        Roster::new(self.config.clone(), self.readers, self.today, &self.me)
    }

    /// Makes an empty part ready for customers whose integers begin at `first`.
    pub fn begin_part(&mut self, first: i64) {
        self.first = first;
    }

    /// Adds a customer, or puts it in place of the row with the same `rowid`. Health and priority are computed by [`Roster::rescore`]
    /// (all rows) or [`Roster::score_row`].
    pub fn put(&mut self, entry: Entry<'_>) -> usize {
        let rowid = entry.rowid;
        let at = match self.row_of(entry.rowid) {
            Some(at) => at,
            None => {
                self.rows.push(Row::default());
                let last = self.ids.len() as u32;
                if let Some(by_id) = self.by_id.get_mut() {
                    let place = by_id.partition_point(|at| self.ids[*at as usize] <= entry.id);
                    by_id.insert(place, last);
                }
                self.ids.push(entry.id);
                self.rowids.push(rowid);
                self.index(rowid, self.rows.len() as u32 - 1);
                for (_, values) in self.attributes.values_mut() {
                    values.push(0);
                }
                self.rows.len() - 1
            }
        };
        if self.names.put(at, entry.name) {
            self.ranks.take();
        }
        if !entry.done.is_empty() {
            self.done.insert(at as u32, entry.done.into_boxed_slice());
        } else if !self.done.is_empty() {
            self.done.remove(&(at as u32));
        }
        let (owner, tags) = (
            self.owners.intern(entry.owner),
            self.tagsets.intern(entry.tags),
        );
        self.rows[at] = Row {
            signals: entry.signals,
            owner,
            tags,
            created: entry.created,
            snoozed: entry.snoozed,
            removed: entry.removed,
            waiting: entry.waiting,
            ..Row::default()
        };
        at
    }

    /// Puts customers that were read anew, as a part, in place of what is here, with their attributes, and scores them.
    pub fn put_part(&mut self, part: &Roster) {
        let codes: Vec<String> = self.attributes.keys().cloned().collect();
        for (from, row) in part.rows.iter().enumerate() {
            let at = self.put(Entry {
                id: part.ids[from],
                rowid: part.rowids[from],
                name: part.name(from),
                owner: part.owner(from),
                tags: part.tagsets.get(row.tags),
                created: row.created,
                snoozed: row.snoozed,
                waiting: row.waiting,
                done: part
                    .done
                    .get(&(from as u32))
                    .map(|keys| keys.to_vec())
                    .unwrap_or_default(),
                removed: row.removed,
                signals: row.signals,
            });
            if row.signals.apart {
                self.put_apart(at, part.apart(from));
            }
            for code in &codes {
                self.put_attribute(code, at, part.attribute(code, from));
            }
            self.score_row(at);
        }
    }

    /// Adds the customers of a part that was read beside this one, and leaves it empty. None of them is here yet.
    pub fn append(&mut self, part: &mut Roster) {
        let from = self.rows.len() as u32;
        let owners: Vec<u32> = part
            .owners
            .iter()
            .map(|(_, word)| self.owners.intern(word))
            .collect();
        let tagsets: Vec<u32> = part
            .tagsets
            .iter()
            .map(|(_, word)| self.tagsets.intern(word))
            .collect();
        self.rows.extend(part.rows.drain(..).map(|row| Row {
            owner: owners[row.owner as usize],
            tags: tagsets[row.tags as usize],
            ..row
        }));
        self.ids.append(&mut part.ids);
        for (at, rowid) in part.rowids.iter().enumerate() {
            self.index(*rowid, from + at as u32);
        }
        self.rowids.append(&mut part.rowids);
        for (at, apart) in part.apart.drain() {
            self.put_apart((from + at) as usize, &apart.sums);
        }
        self.done
            .extend(part.done.drain().map(|(at, keys)| (from + at, keys)));
        self.names.append(&mut part.names);
        self.ranks.take();
        self.by_id.take();
        part.by_rowid.clear();
        part.sparse.clear();
    }

    /// The place of an integer among the dense ones. A file may have any 64 bits: the distance between two need not be one of them.
    fn slot(&self, rowid: i64) -> Option<usize> {
        rowid
            .checked_sub(self.first)
            .and_then(|slot| usize::try_from(slot).ok())
    }

    fn index(&mut self, rowid: i64, at: u32) {
        let slot = self.slot(rowid);
        let next = self.by_rowid.len();
        if let Some(slot) = slot.filter(|slot| (next..next + 4096).contains(slot)) {
            self.by_rowid.resize(slot + 1, 0);
        }
        match slot.and_then(|slot| self.by_rowid.get_mut(slot)) {
            Some(place) => *place = at + 1,
            None => {
                self.sparse.insert(rowid, at);
            }
        }
    }

    /// Room for so many more customers: call it before a load, and [`Roster::shrink`] after it.
    pub fn reserve(&mut self, customers: usize) {
        self.rows.reserve_exact(customers);
        self.ids.reserve_exact(customers);
        self.rowids.reserve_exact(customers);
        self.by_rowid.reserve_exact(customers + 1);
        self.names.reserve(customers);
    }

    /// Gives back the memory that a load reserved and did not use.
    pub fn shrink(&mut self) {
        self.rows.shrink_to_fit();
        self.ids.shrink_to_fit();
        self.rowids.shrink_to_fit();
        self.by_rowid.shrink_to_fit();
        self.names.shrink();
    }

    /// Puts in the values of a custom attribute: row and text, for the rows that have one. Numbers come as digits, amounts
    /// as minor units, dates in ISO 8601, yes and no as `true` and `false`. What was loaded of it before is dropped.
    pub fn reload_attribute<'v>(
        &mut self,
        code: &str,
        values: impl IntoIterator<Item = (usize, &'v str)>,
    ) {
        let mut names = Names::default();
        let mut column = vec![0; self.rows.len()];
        for (at, text) in values {
            if let Some(place) = column.get_mut(at) {
                *place = names.intern(text);
            }
        }
        self.attributes.insert(code.to_owned(), (names, column));
    }

    /// Sets one row's value of a custom attribute that was loaded; an empty text is no value.
    pub fn put_attribute(&mut self, code: &str, at: usize, text: &str) {
        if let Some((names, column)) = self.attributes.get_mut(code)
            && let Some(place) = column.get_mut(at)
        {
            *place = names.intern(text);
        }
    }

    /// A row's value of a custom attribute that was loaded; empty for none.
    pub fn attribute(&self, code: &str, at: usize) -> &str {
        self.attributes.get(code).map_or("", |(names, column)| {
            names.get(column.get(at).copied().unwrap_or(0))
        })
    }

    /// The display name of a row.
    pub fn name(&self, at: usize) -> &str {
        self.names.shown(at)
    }

    /// The folded name of a row, for search and sorting.
    pub fn folded(&self, at: usize) -> &str {
        self.names.folded(at)
    }

    /// The rows whose name has `part` in it; folded here.
    pub fn named(&self, part: &str) -> Bits {
        self.names.containing(&names::fold(part))
    }

    /// The owner of a row.
    pub fn owner(&self, at: usize) -> &str {
        self.owners.get(self.rows[at].owner)
    }

    /// The tags of a row.
    pub fn tags(&self, at: usize) -> impl Iterator<Item = &str> {
        self.tagsets
            .get(self.rows[at].tags)
            .split(' ')
            .filter(|t| !t.is_empty())
    }

    /// The row of a file's integer.
    pub fn row_of(&self, rowid: i64) -> Option<usize> {
        match self.slot(rowid).and_then(|slot| self.by_rowid.get(slot)) {
            Some(0) | None => self.sparse.get(&rowid).map(|at| *at as usize),
            Some(place) => Some(*place as usize - 1),
        }
    }

    /// The row of an id.
    pub fn row_of_id(&self, id: Id) -> Option<usize> {
        let by_id = self.by_id.get_or_init(|| {
            let mut rows: Vec<u32> = (0..self.ids.len() as u32).collect();
            rows.sort_by_key(|at| self.ids[*at as usize]);
            rows
        });
        let found = by_id
            .binary_search_by_key(&id, |at| self.ids[*at as usize])
            .ok()?;
        Some(by_id[found] as usize)
    }

    /// ARR of a row.
    pub fn arr(&self, at: usize) -> Arr {
        let signals = &self.rows[at].signals;
        let arr = Arr::of(signals.arr, signals.converted);
        arr.with(self.apart(at).iter().copied())
    }

    /// The part of a row's ARR that no rate brings into the book's currency.
    pub fn apart(&self, at: usize) -> &[(Currency, i64)] {
        self.apart_of(at).map_or(&[], |apart| &apart.sums)
    }

    /// The codes of its currencies, by number in `tagsets`.
    pub fn currencies_apart(&self, at: usize) -> Option<u32> {
        self.apart_of(at).map(|apart| apart.codes)
    }

    fn apart_of(&self, at: usize) -> Option<&Apart> {
        self.apart
            .get(&(at as u32))
            .filter(|_| self.rows[at].signals.apart)
    }

    /// Puts in the part of a row's ARR that no rate brings into the book's currency, ascending by currency.
    pub fn put_apart(&mut self, at: usize, sums: &[(Currency, i64)]) {
        let codes: Vec<&str> = sums.iter().map(|(currency, _)| currency.code()).collect();
        let codes = self.tagsets.intern(&codes.join(" "));
        let sums = sums.into();
        self.apart.insert(at as u32, Apart { sums, codes });
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

    /// The priority that these reasons of a row add up to, with its parts.
    pub fn priority_of(&self, at: usize, reasons: &[priority::Why]) -> priority::Priority {
        let arr = self.rows[at].signals.arr;
        priority::priority(reasons, arr, self.median_arr)
    }

    /// True while a snooze hides the row from the queue.
    pub fn is_snoozed(&self, at: usize) -> bool {
        self.hides(&self.rows[at])
    }

    fn hides(&self, row: &Row) -> bool {
        row.waiting || row.snoozed.is_some_and(|d| d > self.today)
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
