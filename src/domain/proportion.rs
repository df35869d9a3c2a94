//! Shares of a whole, with the interval that says how sure they are.

use serde::Serialize;

/// The 97.5 % point of the standard normal distribution, for 95 % intervals.
pub const Z: f64 = 1.959_963_984_540_054;

/// A share of a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Share {
    /// How many of them.
    pub part: usize,
    /// How many there are.
    pub of: usize,
}

impl Share {
    /// A share; of nothing it has no ratio.
    pub fn new(part: usize, of: usize) -> Share {
        Share { part, of }
    }

    /// Counts one more, which is of the part or not.
    pub fn count(&mut self, is_part: bool) {
        self.part += usize::from(is_part);
        self.of += 1;
    }

    /// Part by whole, 0 to 1; `None` of nothing.
    pub fn ratio(self) -> Option<f64> {
        (self.of > 0).then(|| self.part as f64 / self.of as f64)
    }

    /// The 95 % interval of the ratio by Wilson's score (1927), 0 to 1; `None` of nothing.
    pub fn wilson(self) -> Option<(f64, f64)> {
        let (p, n) = (self.ratio()?, self.of as f64);
        let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        // The ends of nobody and everybody are exact; the sums above may miss them by the last digit.
        let low = if self.part == 0 {
            0.0
        } else {
            (middle - half).max(0.0)
        };
        let high = if self.part == self.of {
            1.0
        } else {
            (middle + half).min(1.0)
        };
        Some((low, high))
    }

    /// Whole per cent, halves up; `-` of nothing.
    pub fn percent(self) -> String {
        if self.of == 0 {
            "-".to_owned()
        } else {
            format!("{}%", (self.part * 200 + self.of) / (self.of * 2))
        }
    }

    /// `40% (33-48%)`: the share with its interval; `-` of nothing.
    pub fn percent_with_interval(self) -> String {
        match self.wilson() {
            Some((low, high)) => format!(
                "{} ({:.0}-{:.0}%)",
                self.percent(),
                low * 100.0,
                high * 100.0
            ),
            None => self.percent(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wilson_is_what_its_formula_gives() {
        // 217 of 1000, worked out apart from the formula; 0 of 10 is z²/(n + z²) in closed form.
        let (low, high) = Share::new(217, 1000).wilson().expect("there are some");
        assert!(
            (low - 0.192_560_802_077_52).abs() < 1e-12
                && (high - 0.243_605_143_225_304_6).abs() < 1e-12,
            "{low} {high}"
        );
        let (low, high) = Share::new(0, 10).wilson().expect("there are some");
        assert!(
            low == 0.0 && (high - Z * Z / (10.0 + Z * Z)).abs() < 1e-12,
            "{low} {high}"
        );
        // Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263 and 0 of 20.
        let (low, high) = Share::new(81, 263).wilson().expect("there are some");
        assert!(
            (low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5,
            "{low} {high}"
        );
        assert!(
            Share::new(0, 20)
                .wilson()
                .is_some_and(|(low, high)| low == 0.0 && (high - 0.1611).abs() < 5e-5)
        );
        assert_eq!(Share::default().wilson(), None);
    }

    #[test]
    fn no_data_is_no_percentage() {
        assert_eq!(
            (
                Share::new(0, 0).percent().as_str(),
                Share::new(1, 3).percent().as_str()
            ),
            ("-", "33%")
        );
        assert_eq!(Share::new(1, 8).percent(), "13%");
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_share_and_mirrors(of in 1_usize..5_000, seed in 0_usize..5_000) {
            let part = seed % (of + 1);
            let (low, high) = Share::new(part, of).wilson().expect("there are some");
            let ratio = part as f64 / of as f64;
            prop_assert!((0.0..=ratio + 1e-12).contains(&low) && (ratio - 1e-12..=1.0).contains(&high));
            let (other_low, other_high) = Share::new(of - part, of).wilson().expect("there are some");
            prop_assert!((low - (1.0 - other_high)).abs() < 1e-9 && (high - (1.0 - other_low)).abs() < 1e-9);
        }
    }
}
