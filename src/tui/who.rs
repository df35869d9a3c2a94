//! A customer in a list: its id, by which it is known, and where it is in the roster, by which it is drawn.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use super::look::Look;
use super::step::Cx;
use super::widgets::list::{List, tell_gone};
use crate::domain::id::Id;
use crate::domain::roster::Roster;

/// A customer in a list. Two are one when their ids are. The row is where the roster of its page has it; it is believed only where
/// that row has this id, because the roster may be another one by now.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    /// Who it is.
    pub id: Id,
    row: u32,
}

impl Who {
    /// A customer of whom a page says in which row of the roster it is.
    pub fn new(id: Id, row: u32) -> Who {
        Who { id, row }
    }

    /// The customers at these rows of the roster that is shown: those of a page that has just come.
    pub fn at(rows: &[u32], look: &Look) -> Vec<Who> {
        Numbers::of(look).at(rows)
    }

    /// Its row in a roster; `None` when it is not there.
    pub fn row(self, roster: &Roster) -> Option<usize> {
        let row = self.row as usize;
        if roster.ids.get(row) == Some(&self.id) {
            Some(row)
        } else {
            roster.row_of_id(self.id)
        }
    }
}

/// What the row numbers of a page mean, for a page that names customers one after the other: the roster that was shown when it came.
#[derive(Clone, Default)]
pub struct Numbers(Option<Arc<RwLock<Roster>>>);

impl Numbers {
    /// The numbers of a page that has just come.
    pub fn of(look: &Look) -> Numbers {
        Numbers(look.roster.clone())
    }

    /// The customers at these rows.
    pub fn at(&self, rows: &[u32]) -> Vec<Who> {
        let Some(shared) = &self.0 else {
            return Vec::new();
        };
        let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
        rows.iter()
            .filter_map(|row| {
                Some(Who {
                    id: *roster.ids.get(*row as usize)?,
                    row: *row,
                })
            })
            .collect()
    }
}

/// Somebody of whom only the id is known.
impl From<Id> for Who {
    fn from(id: Id) -> Who {
        Who { id, row: u32::MAX }
    }
}

impl PartialEq for Who {
    fn eq(&self, other: &Who) -> bool {
        self.id == other.id
    }
}

impl Eq for Who {}

impl Hash for Who {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The end of an id is chance; its beginning is the time of its making.
        let [.., a, b, c, d, e, f, g, h] = self.id.0;
        state.write_u64(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl List<Who> {
    /// Unmarks customers that are gone from the book, and says so. Marks that another roster has in other rows get those of this one.
    pub fn settle_marks(&mut self, cx: &mut Cx) {
        let Some(roster) = cx.look.read().filter(|_| !self.marks.is_empty()) else {
            return;
        };
        let listed = |row: usize| roster.rows.get(row).is_some_and(|r| !r.removed);
        if self
            .marks
            .iter()
            .any(|who| roster.ids.get(who.row as usize) != Some(&who.id))
        {
            let all = roster.ids.iter().enumerate().map(|(row, id)| Who {
                id: *id,
                row: row as u32,
            });
            let found: Vec<Who> = all.filter(|who| self.marks.contains(who)).collect();
            for who in found {
                self.marks.replace(who);
            }
        }
        let there = |who: &Who| {
            roster.ids.get(who.row as usize) == Some(&who.id) && listed(who.row as usize)
        };
        let gone = self.keep_marks(there);
        drop(roster);
        tell_gone(gone, self, cx);
    }
}
