//! Which backups stay: by the days that they are of and not by a clock, and never many gone at once.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use crate::domain::time::Day;
use crate::files::Folder;

use super::{Backup, DAMAGED, MARK, list};

/// All are kept of the newest two days of which there are any, one of each of so many days before them, then of weeks, then of months.
const WHOLE: usize = 2;
const DAILY: usize = 12;
const WEEKLY: usize = 10;
const MONTHLY: usize = 9;
/// So many go at once, or one in so many where there are more: what a wrong clock or a mistake of ours takes away stays little.
const AT_ONCE: usize = 5;
const ONE_IN: usize = 10;
/// So many of the newest are kept whatever their age, and so many of the newest that are verified.
const AT_LEAST: usize = 3;
/// All of them together take at most so many times the book's size, and a quarter of a gigabyte in any case.
const TIMES: u64 = 20;
const CAP_AT_LEAST: u64 = 256 << 20;

/// Which backups go, of days newest first: all of the newest two days stay, then one of each of twelve days, ten weeks and nine months
/// of which there are any; and the newest three in any case. No clock is asked: one that is wrong makes one day of its own.
pub fn too_many(days: &[Day]) -> Vec<bool> {
    use chrono::Datelike as _;
    let (mut whole, mut daily, mut weekly, mut monthly) = (
        BTreeSet::new(),
        BTreeSet::new(),
        BTreeSet::new(),
        BTreeSet::new(),
    );
    // `true`: it has a place of its own among so many.
    let place =
        |kept: &mut BTreeSet<i64>, slot: i64, most: usize| kept.len() < most && kept.insert(slot);
    let mut goes = Vec::with_capacity(days.len());
    for (at, day) in days.iter().enumerate() {
        let (number, date) = (day.number(), day.date());
        let month = i64::from(date.year()) * 12 + i64::from(date.month0());
        let stays = whole.contains(&number)
            || place(&mut whole, number, WHOLE)
            || place(&mut daily, number, DAILY)
            || !daily.contains(&number)
                && (place(&mut weekly, number.div_euclid(7), WEEKLY)
                    || !weekly.contains(&number.div_euclid(7))
                        && place(&mut monthly, month, MONTHLY));
        goes.push(!stays && at >= AT_LEAST);
    }
    goes
}

/// Which of these backups, newest first, go: those that are too many by their days, then the oldest while all together are
/// larger than `cap`, damaged ones before others. The newest stays, the newest three that are not damaged, and the newest three
/// that are verified. A damaged one takes the place of no other.
pub fn going(all: &[Backup], cap: u64) -> Vec<bool> {
    let newest = |is: fn(&Backup) -> bool| {
        (0..all.len())
            .filter(move |at| is(&all[*at]))
            .take(AT_LEAST)
    };
    let stay: HashSet<usize> = newest(|b| b.verified)
        .chain(newest(|b| !b.damaged))
        .chain([0])
        .collect();
    let mut goes = vec![false; all.len()];
    for damaged in [false, true] {
        let dated = (0..all.len())
            .filter(|at| all[*at].damaged == damaged)
            .filter_map(|at| all[at].day.map(|day| (at, day)));
        let (places, days): (Vec<usize>, Vec<Day>) = dated.unzip();
        for (at, old) in places.into_iter().zip(too_many(&days)) {
            goes[at] = old && !stay.contains(&at);
        }
    }
    let mut sum: u64 = (0..all.len())
        .filter(|at| !goes[*at])
        .map(|at| all[at].size)
        .sum();
    let mut order: Vec<usize> = (0..all.len()).rev().collect();
    order.sort_by_key(|at| !all[*at].damaged);
    for at in order {
        if sum > cap && !goes[at] && !stay.contains(&at) {
            goes[at] = true;
            sum -= all[at].size;
        }
    }
    goes
}

/// Removes the oldest of the backups that are too many, a few at once; never the one that was just made.
pub(super) fn thin(path: &Path, folder: &Folder, made: &str) {
    let all = list(path);
    let cap = fs::metadata(path)
        .map_or(0, |m| m.len())
        .saturating_mul(TIMES)
        .max(CAP_AT_LEAST);
    let going = going(&all, cap);
    let most = AT_ONCE.max(all.len() / ONE_IN);
    for (backup, _) in all
        .iter()
        .zip(going)
        .rev()
        .filter(|(backup, goes)| *goes && backup.name != made)
        .take(most)
    {
        if folder.remove(&format!("{}.db", backup.name)).is_ok() {
            for end in [MARK, DAMAGED] {
                let _ = folder.remove(&format!("{}.{end}", backup.name));
            }
        }
    }
}
