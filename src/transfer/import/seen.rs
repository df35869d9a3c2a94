//! The keys that a file has had, so that a repeated row is merged and a contradicting one is reported.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Keys remembered in each of two generations: with 24 bytes a key, at most about 100 MB however long the file.
const GENERATION: usize = 1 << 20;

/// What is known of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sight {
    /// Not seen before.
    New,
    /// A row with the same content, in this line.
    Again(u64),
    /// A row with other content, in this line.
    Other(u64),
}

/// Keys by their hash, with a hash of the row and its line. Two generations: rows further apart than the younger one holds
/// are found by the book instead.
pub(super) struct Seen {
    state: RandomState,
    young: HashMap<u64, (u32, u32)>,
    old: HashMap<u64, (u32, u32)>,
}

impl Seen {
    pub(super) fn new() -> Seen {
        Seen {
            state: RandomState::new(),
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    /// What is known of `key`, whose row says `content`.
    pub(super) fn look(&self, key: &(impl std::hash::Hash + ?Sized), content: &[u8]) -> Sight {
        let hash = self.state.hash_one(key);
        match self.young.get(&hash).or_else(|| self.old.get(&hash)) {
            None => Sight::New,
            Some((digest, line)) if *digest == self.state.hash_one(content) as u32 => {
                Sight::Again(u64::from(*line))
            }
            Some((_, line)) => Sight::Other(u64::from(*line)),
        }
    }

    /// Remembers a row that was taken.
    pub(super) fn keep(
        &mut self,
        key: &(impl std::hash::Hash + ?Sized),
        content: &[u8],
        line: u64,
    ) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        let digest = self.state.hash_one(content) as u32;
        self.young.insert(
            self.state.hash_one(key),
            (digest, u32::try_from(line).unwrap_or(u32::MAX)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_is_told_from_a_contradicting_one() {
        let mut seen = Seen::new();
        assert_eq!(seen.look("a", b"one"), Sight::New);
        seen.keep("a", b"one", 2);
        assert_eq!(seen.look("a", b"one"), Sight::Again(2));
        assert_eq!(seen.look("a", b"two"), Sight::Other(2));
        assert_eq!(seen.look("b", b"one"), Sight::New);
    }
}
