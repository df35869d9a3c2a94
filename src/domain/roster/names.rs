//! Words kept once (owners, tag sets, attribute values) and the names of all customers in two long strings.

use std::collections::HashMap;

use memchr::memmem;

use super::bits::Bits;
use crate::text;

/// Distinct words, each kept once and named by a number. Number 0 is the empty word.
#[derive(Clone, Debug)]
pub struct Names {
    list: Vec<Box<str>>,
    index: HashMap<Box<str>, u32>,
}

impl Default for Names {
    fn default() -> Names {
        Names {
            list: vec!["".into()],
            index: HashMap::from([("".into(), 0)]),
        }
    }
}

impl Names {
    /// The number of a word, kept from now on.
    pub fn intern(&mut self, word: &str) -> u32 {
        if word.is_empty() {
            return 0;
        }
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
        self.list
            .iter()
            .enumerate()
            .map(|(i, w)| (i as u32, w.as_ref()))
    }

    /// The numbers of the words (never the empty one) that pass a test.
    pub fn which(&self, test: impl Fn(&str) -> bool) -> Bits {
        let mut bits = Bits::default();
        self.iter()
            .skip(1)
            .filter(|(_, w)| test(w))
            .for_each(|(no, _)| bits.set(no as usize));
        bits
    }

    /// For each number its place in the order of the folded words, for sorting.
    pub fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<(String, u32)> =
            self.iter().map(|(no, w)| (text::fold(w), no)).collect();
        order.sort_unstable();
        let mut ranks = vec![0; order.len()];
        for (rank, (_, no)) in order.iter().enumerate() {
            ranks[*no as usize] = rank as u32;
        }
        ranks
    }
}

/// Longest name that is kept, in bytes; a longer one is cut.
const LONGEST: usize = 4096;

/// The names of all rows. Folded names stand one after the other in the order of the rows, so that one pass over one
/// string searches all of them; shown names stand in a second string where they differ. A name that changes later is
/// kept beside the two, which keeps the order.
#[derive(Clone, Debug, Default)]
pub(super) struct NameHeap {
    folded: String,
    shown: String,
    /// Start of each row's folded and shown name.
    starts: Vec<(u32, u32)>,
    renamed: HashMap<u32, (Box<str>, Box<str>)>,
}

impl NameHeap {
    /// The shown name of a row; empty behind the last one.
    pub fn shown(&self, at: usize) -> &str {
        if let Some((shown, _)) = self.changed(at) {
            return shown;
        }
        let Some((_, start)) = self.starts.get(at) else {
            return "";
        };
        let end = self
            .starts
            .get(at + 1)
            .map_or(self.shown.len(), |s| s.1 as usize);
        match &self.shown[*start as usize..end] {
            "" => self.folded(at),
            name => name,
        }
    }

    /// The folded name of a row; empty behind the last one.
    pub fn folded(&self, at: usize) -> &str {
        if let Some((_, folded)) = self.changed(at) {
            return folded;
        }
        let Some((start, _)) = self.starts.get(at) else {
            return "";
        };
        let end = self
            .starts
            .get(at + 1)
            .map_or(self.folded.len(), |s| s.0 as usize);
        // Behind each name stands a line feed, which no folded name contains.
        &self.folded[*start as usize..end - 1]
    }

    fn changed(&self, at: usize) -> Option<&(Box<str>, Box<str>)> {
        if self.renamed.is_empty() {
            None
        } else {
            self.renamed.get(&(at as u32))
        }
    }

    /// Sets the name of a row, or adds the row when `at` is the next one. `false` when it has this name already.
    pub fn put(&mut self, at: usize, name: &str) -> bool {
        let name = cut(name);
        if at < self.starts.len() {
            if self.shown(at) == name {
                return false;
            }
            self.renamed
                .insert(at as u32, (name.into(), cut(&fold(name)).into()));
            return true;
        }
        // Both strings stay within what four bytes can point at (a million names of the longest length would not).
        let fits = self.folded.len() + self.shown.len() + 3 * LONGEST < u32::MAX as usize;
        self.starts
            .push((self.folded.len() as u32, self.shown.len() as u32));
        let from = self.folded.len();
        if fits && name.is_ascii() && !name.contains('\n') {
            // What the fold does to plain letters, without a string in between.
            self.folded.push_str(name);
            self.folded[from..].make_ascii_lowercase();
        } else if fits {
            self.folded.push_str(cut(&fold(name)));
        }
        if fits && self.folded[from..] != *name {
            self.shown.push_str(name);
        }
        self.folded.push('\n');
        true
    }

    /// The rows whose folded name has `part` (folded already) in it.
    pub fn containing(&self, part: &str) -> Bits {
        let mut bits = Bits::new(self.starts.len());
        if part.is_empty() {
            (0..self.starts.len()).for_each(|at| bits.set(at));
            return bits;
        }
        let finder = memmem::Finder::new(part.as_bytes());
        let heap = self.folded.as_bytes();
        let (mut row, mut from) = (0, 0);
        while let Some(hit) = finder.find(&heap[from..]) {
            let hit = (from + hit) as u32;
            // Hits ascend, and so do the starts: step on, in leaps when the next hit is far.
            let mut leap = 1;
            while self.starts.get(row + leap).is_some_and(|s| s.0 <= hit) {
                row += leap;
                leap *= 2;
            }
            row += self.starts[row..(row + leap).min(self.starts.len())]
                .partition_point(|s| s.0 <= hit)
                - 1;
            bits.set(row);
            match self.starts.get(row + 1) {
                Some(next) => from = next.0 as usize,
                None => break,
            }
        }
        for (at, (_, folded)) in &self.renamed {
            bits.put(*at as usize, finder.find(folded.as_bytes()).is_some());
        }
        bits
    }

    /// Moves the rows of another heap behind its own.
    pub fn append(&mut self, more: &mut NameHeap) {
        if self.folded.len() + self.shown.len() + more.folded.len() + more.shown.len() + 3 * LONGEST
            < u32::MAX as usize
        {
            let (folded, shown) = (self.folded.len() as u32, self.shown.len() as u32);
            self.starts
                .extend(more.starts.iter().map(|s| (s.0 + folded, s.1 + shown)));
            self.folded.push_str(&more.folded);
            self.shown.push_str(&more.shown);
        } else {
            // Beyond what four bytes can point at, each name is judged alone.
            for at in 0..more.starts.len() {
                self.put(self.starts.len(), more.shown(at));
            }
        }
        more.starts.clear();
        more.folded.clear();
        more.shown.clear();
    }

    /// Room for more rows, so that a long load does not copy as it grows.
    pub fn reserve(&mut self, rows: usize) {
        self.starts.reserve_exact(rows);
        self.folded.reserve(rows * 20);
        self.shown.reserve(rows * 20);
    }

    /// Gives back what was reserved and not used.
    pub fn shrink(&mut self) {
        self.starts.shrink_to_fit();
        self.folded.shrink_to_fit();
        self.shown.shrink_to_fit();
    }
}

/// The fold of a name or of a word that is searched in names: no line feeds.
pub(crate) fn fold(name: &str) -> String {
    let folded = text::fold(name);
    if folded.contains('\n') {
        folded.replace('\n', " ")
    } else {
        folded
    }
}

fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(LONGEST)]
}
