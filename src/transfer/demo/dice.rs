//! Chance that can be repeated: one stream of numbers a customer, so that a story does not depend on the ones before it.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The numbers of one customer.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of the customer at `index` under `seed`.
    pub fn of(seed: u64, index: usize) -> Dice {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(index as u64);
        Dice(rng)
    }

    /// A number from `low` to `high`, both included; `low` where the range is empty.
    pub fn within(&mut self, low: i32, high: i32) -> i32 {
        if high <= low {
            low
        } else {
            self.0.random_range(low..=high)
        }
    }

    /// True in so many of a thousand cases.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.0.random_range(0..1000) < per_mille
    }

    /// One of the list. The list is never empty: all of them are tables of this program.
    pub fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.0.random_range(0..list.len())]
    }

    /// `mean` in thousandths, rounded up or down at random so that the mean holds.
    pub fn about(&mut self, mean: u32) -> i32 {
        (mean / 1000) as i32 + i32::from(self.chance(mean % 1000))
    }

    /// A factor that is normal on a logarithmic scale: e to the power of a normal number of deviation `sigma`.
    pub fn log_normal(&mut self, sigma: f64) -> f64 {
        // The sum of twelve even numbers less six is close enough to a normal one, and the tails end.
        let sum: f64 = (0..12).map(|_| self.0.random_range(0.0..1.0)).sum();
        ((sum - 6.0) * sigma).exp()
    }
}
