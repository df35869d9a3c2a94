//! A set of small numbers (rows, owners, tag sets) in one bit each.

/// The set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// An empty set with room for the numbers below `len`.
    pub fn new(len: usize) -> Bits {
        Bits(vec![0; len.div_ceil(64)])
    }

    /// Adds a number.
    pub fn set(&mut self, no: usize) {
        if no / 64 >= self.0.len() {
            self.0.resize(no / 64 + 1, 0);
        }
        self.0[no / 64] |= 1 << (no % 64);
    }

    /// Adds or takes out a number.
    pub fn put(&mut self, no: usize, on: bool) {
        if on {
            self.set(no);
        } else if let Some(word) = self.0.get_mut(no / 64) {
            *word &= !(1 << (no % 64));
        }
    }

    /// True when the number is in the set.
    pub fn has(&self, no: usize) -> bool {
        self.0
            .get(no / 64)
            .is_some_and(|word| word >> (no % 64) & 1 == 1)
    }

    /// True when no number is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Adds all numbers of another set.
    pub fn join(&mut self, other: &Bits) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }
}
