//! Ids of rows: UUID version 7, made where the row is made, so that copies of a book never collide.

use std::fmt;
use std::str::FromStr;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::time::Stamp;

/// Sixteen bytes that name a row in every copy of a book.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Id(pub [u8; 16]);

impl Id {
    /// The id from a stored blob; `None` unless it has sixteen bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Id> {
        bytes.try_into().ok().map(Id)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_bytes(self.0).hyphenated().fmt(f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = ();

    fn from_str(text: &str) -> Result<Id, ()> {
        uuid::Uuid::parse_str(text)
            .map(|u| Id(*u.as_bytes()))
            .map_err(|_| ())
    }
}

impl serde::Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Id, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(d)?;
        text.parse()
            .map_err(|()| serde::de::Error::custom(say!("id.not_id")))
    }
}

/// Makes ids in ascending order, also when the clock steps backwards.
pub struct Ids {
    rng: ChaCha8Rng,
    last: u128,
    planned: Option<Id>,
}

impl Ids {
    /// Ids whose random part comes from `seed`. The same seed and times give the same ids.
    pub fn seeded(seed: u64) -> Ids {
        Ids {
            rng: ChaCha8Rng::seed_from_u64(seed),
            last: 0,
            planned: None,
        }
    }

    /// Ids whose random part comes from the system.
    pub fn random() -> Ids {
        let mut seed = [0u8; 32];
        let (a, b) = (uuid_entropy(), uuid_entropy());
        seed[..16].copy_from_slice(&a);
        seed[16..].copy_from_slice(&b);
        Ids {
            rng: ChaCha8Rng::from_seed(seed),
            last: 0,
            planned: None,
        }
    }

    /// The latest id that was made.
    pub fn last(&self) -> Id {
        Id(self.last.to_be_bytes())
    }

    /// Goes on behind an id that was made before this program was started, so that a clock that was put back reuses none. One of another
    /// kind was not made so, and behind the greatest there is none.
    pub fn go_on_after(&mut self, id: Id) {
        if id.0[6] >> 4 == 7 {
            self.last = self.last.max(u128::from_be_bytes(id.0));
        }
    }

    /// Makes the next id be this one: the batch of a change that was promised one already.
    pub fn plan(&mut self, id: Option<Id>) {
        self.planned = id;
    }

    /// The next id at `now`: later than every id before it, unless it was planned.
    pub fn next(&mut self, now: Stamp) -> Id {
        if let Some(id) = self.planned.take() {
            return id;
        }
        let mut tail = [0u8; 10];
        self.rng.fill_bytes(&mut tail);
        let ms = now.0.max(0) as u64;
        let made = uuid::Builder::from_unix_timestamp_millis(ms, &tail)
            .into_uuid()
            .as_u128();
        // Within one millisecond, or behind a clock that stepped back: go on from the last id by a random step,
        // and put version and variant back should the step have carried into them.
        let next = if made > self.last {
            made
        } else {
            let step = u128::from(u32::from_be_bytes([0, tail[0], tail[1], tail[2]])) + 1;
            let sum = self.last + step;
            uuid::Builder::from_u128(sum)
                .with_variant(uuid::Variant::RFC4122)
                .with_version(uuid::Version::SortRand)
                .into_uuid()
                .as_u128()
        };
        self.last = next.max(self.last + 1);
        Id(self.last.to_be_bytes())
    }
}

/// Sixteen unpredictable bytes from the standard library's per-process hash keys (seeded by the system).
fn uuid_entropy() -> [u8; 16] {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut out = [0u8; 16];
    for half in out.chunks_mut(8) {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        half.copy_from_slice(&hasher.finish().to_be_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_when_the_clock_steps_back() {
        let mut ids = Ids::seeded(1);
        let mut last = ids.next(Stamp(1_700_000_000_000));
        for step in 0..10_000 {
            let next = ids.next(Stamp(1_700_000_000_000 - step % 7));
            assert!(next > last);
            assert_eq!(next.0[6] >> 4, 7, "version 7");
            assert_eq!(next.0[8] >> 6, 2, "variant");
            last = next;
        }
    }

    #[test]
    fn ids_go_on_behind_those_of_an_earlier_run_whatever_the_clock_says() {
        let before = Ids::seeded(1).next(Stamp(1_900_000_000_000));
        let mut ids = Ids::seeded(2);
        ids.go_on_after(before);
        ids.plan(Some(Id([9; 16])));
        assert_eq!(ids.next(Stamp(5)), Id([9; 16]));
        assert!(ids.next(Stamp(5)) > before);
    }

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = Ids::seeded(7).next(Stamp(1));
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn ids_go_on_behind_the_greatest_there_is() {
        for (id, at) in [
            (Id([0xff; 16]), 1),
            (Id((!(0xf_u128 << 76) | (7 << 76)).to_be_bytes()), 2),
        ] {
            let mut ids = Ids::seeded(at);
            ids.go_on_after(id);
            let first = ids.next(Stamp(1_900_000_000_000));
            assert!(ids.next(Stamp(1_900_000_000_000)) > first);
        }
    }
}
