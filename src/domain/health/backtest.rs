//! Does the score tell anything? The scores of past days against what became of the customers.
//!
//! A pair is a customer on a past day: its score by what was known then, and whether it was lost in the days after. The area
//! under the curve (AUC) is the share of all pairs of one that was lost and one that was not in which the lost one had the lower
//! score, ties counted half. One customer makes a pair on each day, and those are alike, so the interval is that of Obuchowski
//! (1997), "Nonparametric analysis of clustered ROC curve data", Biometrics 53; with one pair a customer it is that of DeLong,
//! DeLong and Clarke-Pearson (1988), Biometrics 44.

use serde::Serialize;

use super::Band;
use crate::domain::proportion::{self, Z};
use crate::domain::time::Day;
use crate::text::words::Words;

/// Days after a cut within which a loss counts.
pub const AHEAD: i64 = 90;

/// Fewest lost and fewest kept pairs of which anything is said.
pub const FEWEST: usize = 10;

/// A customer on a past day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pair {
    /// Which customer; any number that tells one from another. The pairs of one customer stand together.
    pub customer: u32,
    /// What the measures said; `None` with too little data.
    pub score: Option<u8>,
    /// The band of it.
    pub band: Band,
    /// It was lost within [`AHEAD`] days.
    pub lost: bool,
}

/// A share with its interval of 95 %.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Share {
    /// The share, 0 to 1.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What became of the customers of one band.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    /// The band.
    pub band: Band,
    /// Pairs.
    pub n: usize,
    /// Those that were lost.
    pub lost: usize,
    /// Their share with its Wilson interval; `None` without pairs.
    pub rate: Option<Share>,
}

/// What can be said in a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// There is too little of one kind.
    TooFew,
    /// The lost ones had lower scores, beyond chance.
    Tells,
    /// It cannot be told from chance.
    Chance,
    /// The lost ones had higher scores, beyond chance.
    Wrong,
}

/// The whole test.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Backtest {
    /// The days on which scores were taken, oldest first.
    pub days: Vec<Day>,
    /// Pairs with a score.
    pub n: usize,
    /// Customers that they are of.
    pub customers: usize,
    /// Pairs that were lost.
    pub lost: usize,
    /// Pairs without a score, which only the table by band counts.
    pub unscored: usize,
    /// What can be said.
    pub verdict: Verdict,
    /// How many lost pairs are missing to say anything.
    pub missing_lost: usize,
    /// How many kept pairs are missing.
    pub missing_kept: usize,
    /// The area under the curve; `None` where too little is there.
    pub auc: Option<Share>,
    /// How many times as often the tenth with the lowest scores was lost as all were; ties at its edge count in part.
    pub lift: Option<f64>,
    /// By band, from the best down, those without a score last.
    pub bands: Vec<Row>,
}

impl Backtest {
    /// What it says, in sentences: the verdict, the lift, and what was counted.
    pub fn sentences(&self, words: &Words) -> Vec<String> {
        let whole = |share: f64| format!("{:.0}", share * 100.0);
        let auc = self
            .auc
            .map(|a| [whole(a.value), whole(a.low), whole(a.high)])
            .unwrap_or_default();
        let verdict = match self.verdict {
            Verdict::TooFew => "too_few",
            Verdict::Tells => "tells",
            Verdict::Chance => "chance",
            Verdict::Wrong => "wrong",
        };
        let lift = self.lift.map(|l| format!("{l:.1}")).unwrap_or_default();
        let day = |day: Option<&Day>| day.map(ToString::to_string).unwrap_or_default();
        let values = [
            ("auc", auc[0].clone()),
            ("low", auc[1].clone()),
            ("high", auc[2].clone()),
            ("lift", lift),
            ("n", self.n.to_string()),
            ("lost", self.lost.to_string()),
            ("customers", self.customers.to_string()),
            ("missing_lost", self.missing_lost.to_string()),
            ("missing_kept", self.missing_kept.to_string()),
            ("fewest", FEWEST.to_string()),
            ("days", self.days.len().to_string()),
            ("first", day(self.days.first())),
            ("last", day(self.days.last())),
            ("ahead", AHEAD.to_string()),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let mut said = vec![words.say(&format!("backtest.{verdict}"), &values)];
        if self.lift.is_some() {
            said.push(words.say("backtest.lift", &values));
        }
        said.push(words.say(
            if self.days.is_empty() {
                "backtest.no_days"
            } else {
                "backtest.counted"
            },
            &values,
        ));
        said
    }
}

/// Tests the scores of `pairs`, which were taken on `days`.
pub fn backtest(days: Vec<Day>, pairs: &[Pair]) -> Backtest {
    let scored: Vec<(u32, usize, bool)> = pairs
        .iter()
        .filter_map(|p| p.score.map(|s| (p.customer, usize::from(s), p.lost)))
        .collect();
    let lost = scored.iter().filter(|p| p.2).count();
    let (missing_lost, missing_kept) = (
        FEWEST.saturating_sub(lost),
        FEWEST.saturating_sub(scored.len() - lost),
    );
    let enough = missing_lost == 0 && missing_kept == 0;
    let auc = enough.then(|| area(&scored));
    let verdict = match auc {
        None => Verdict::TooFew,
        Some(auc) if auc.low > 0.5 => Verdict::Tells,
        Some(auc) if auc.high < 0.5 => Verdict::Wrong,
        Some(_) => Verdict::Chance,
    };
    let row = |band: Band| {
        let of = || pairs.iter().filter(move |p| p.band == band);
        let (n, lost) = (of().count(), of().filter(|p| p.lost).count());
        let share = proportion::Share::new(lost, n);
        let rate = share
            .ratio()
            .zip(share.wilson())
            .map(|(value, (low, high))| Share { value, low, high });
        Row {
            band,
            n,
            lost,
            rate,
        }
    };
    Backtest {
        days,
        n: scored.len(),
        customers: scored.chunk_by(|a, b| a.0 == b.0).count(),
        lost,
        unscored: pairs.len() - scored.len(),
        verdict,
        missing_lost,
        missing_kept,
        auc,
        lift: enough.then(|| lift(&scored)),
        bands: [Band::Good, Band::Watch, Band::Risk, Band::Unknown]
            .into_iter()
            .map(row)
            .collect(),
    }
}

/// Pairs by score: how many of them were lost, how many kept.
fn by_score(scored: &[(u32, usize, bool)]) -> Vec<[f64; 2]> {
    let mut counts = vec![[0.0; 2]; scored.iter().map(|p| p.1 + 1).max().unwrap_or(0)];
    for (_, score, lost) in scored {
        counts[*score][usize::from(!lost)] += 1.0;
    }
    counts
}

/// The area under the curve and its interval over clusters, of pairs of which each is a customer, the place of its score among the
/// scores (equal ones have one place), and whether it was lost. There have to be lost and kept pairs, and those of one customer
/// stand together.
pub fn area(scored: &[(u32, usize, bool)]) -> Share {
    let counts = by_score(scored);
    let total = |which: usize| counts.iter().map(|c| c[which]).sum::<f64>();
    let (lost, kept) = (total(0), total(1));
    // Of each score: the share of the kept above it, and of the lost below it, ties half.
    let (mut placed_lost, mut placed_kept) = (vec![0.0; counts.len()], vec![0.0; counts.len()]);
    let (mut kept_above, mut lost_below) = (kept, 0.0);
    for (score, [l, k]) in counts.iter().enumerate() {
        kept_above -= k;
        placed_lost[score] = (kept_above + k / 2.0) / kept;
        placed_kept[score] = (lost_below + l / 2.0) / lost;
        lost_below += l;
    }
    let auc = counts
        .iter()
        .zip(&placed_lost)
        .map(|(c, placed)| c[0] * placed)
        .sum::<f64>()
        / lost;
    // Sums over the clusters of how far each lies from what is expected of its size.
    let (mut s_lost, mut s_kept, mut s_both) = (0.0, 0.0, 0.0);
    let (mut with_lost, mut with_kept, mut all) = (0.0, 0.0, 0.0);
    for cluster in scored.chunk_by(|a, b| a.0 == b.0) {
        let far = |which: bool, placed: &[f64]| {
            cluster
                .iter()
                .filter(|p| p.2 == which)
                .map(|p| placed[p.1] - auc)
                .sum::<f64>()
        };
        let (l, k) = (far(true, &placed_lost), far(false, &placed_kept));
        (s_lost, s_kept, s_both) = (s_lost + l * l, s_kept + k * k, s_both + l * k);
        with_lost += f64::from(u8::from(cluster.iter().any(|p| p.2)));
        with_kept += f64::from(u8::from(cluster.iter().any(|p| !p.2)));
        all += 1.0;
    }
    let factor = |clusters: f64| {
        if clusters > 1.0 {
            clusters / (clusters - 1.0)
        } else {
            1.0
        }
    };
    let variance = factor(with_lost) * s_lost / (lost * lost)
        + factor(with_kept) * s_kept / (kept * kept)
        + 2.0 * factor(all) * s_both / (lost * kept);
    let half = Z * variance.max(0.0).sqrt();
    Share {
        value: auc,
        low: (auc - half).max(0.0),
        high: (auc + half).min(1.0),
    }
}

/// Rate of loss in the tenth with the lowest scores against that of all.
fn lift(scored: &[(u32, usize, bool)]) -> f64 {
    let (n, tenth) = (scored.len() as f64, scored.len() as f64 / 10.0);
    let (mut taken, mut lost, mut all_lost) = (0.0, 0.0, 0.0);
    for [l, k] in by_score(scored) {
        let part = ((tenth - taken) / (l + k).max(1.0)).clamp(0.0, 1.0);
        lost += l * part;
        taken += (l + k) * part;
        all_lost += l;
    }
    (lost / tenth) / (all_lost / n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(of: &[(u32, u8, bool)]) -> Vec<Pair> {
        let band = |s: u8| match s {
            70.. => Band::Good,
            50.. => Band::Watch,
            _ => Band::Risk,
        };
        of.iter()
            .map(|(customer, score, lost)| Pair {
                customer: *customer,
                score: Some(*score),
                band: band(*score),
                lost: *lost,
            })
            .collect()
    }

    /// Scores of ten that were lost and of twelve that were kept, with ties.
    const LOST: [u8; 10] = [12, 30, 30, 35, 41, 44, 52, 58, 60, 77];
    const KEPT: [u8; 12] = [30, 44, 55, 60, 61, 63, 70, 72, 77, 80, 91, 95];

    fn small() -> Vec<Pair> {
        let lost = LOST.iter().map(|s| (*s, true));
        let all: Vec<_> = lost
            .chain(KEPT.iter().map(|s| (*s, false)))
            .zip(0..)
            .map(|((s, lost), no)| (no, s, lost))
            .collect();
        pairs(&all)
    }

    /// By definition, pair by pair; with one pair a customer the variance is that of DeLong.
    fn by_hand() -> (f64, f64) {
        let psi = |x: u8, y: u8| f64::from(u8::from(x < y)) + f64::from(u8::from(x == y)) / 2.0;
        let (m, n) = (LOST.len() as f64, KEPT.len() as f64);
        let v10: Vec<f64> = LOST
            .iter()
            .map(|x| KEPT.iter().map(|y| psi(*x, *y)).sum::<f64>() / n)
            .collect();
        let v01: Vec<f64> = KEPT
            .iter()
            .map(|y| LOST.iter().map(|x| psi(*x, *y)).sum::<f64>() / m)
            .collect();
        let auc = v10.iter().sum::<f64>() / m;
        let s =
            |v: &[f64]| v.iter().map(|a| (a - auc).powi(2)).sum::<f64>() / (v.len() as f64 - 1.0);
        (auc, s(&v10) / m + s(&v01) / n)
    }

    #[test]
    fn the_area_and_its_interval_are_those_by_definition() {
        let (auc, variance) = by_hand();
        let share = backtest(Vec::new(), &small()).auc.unwrap();
        assert!((share.value - auc).abs() < 1e-12, "{share:?} {auc}");
        assert!(
            (share.low - (auc - Z * variance.sqrt())).abs() < 1e-12,
            "{share:?}"
        );
    }

    #[test]
    fn the_same_customers_seen_twice_say_no_more_than_once() {
        let once = small();
        let twice: Vec<Pair> = once.iter().flat_map(|p| [*p, *p]).collect();
        let (once, twice) = (backtest(Vec::new(), &once), backtest(Vec::new(), &twice));
        assert_eq!((twice.n, twice.customers), (2 * once.n, once.n));
        let (once, twice) = (once.auc.unwrap(), twice.auc.unwrap());
        assert!((once.low - twice.low).abs() < 1e-12 && (once.value - twice.value).abs() < 1e-12);
    }

    #[test]
    fn a_perfect_score_a_useless_one_and_one_turned_round_are_told_apart() {
        let of = |score: fn(bool, u32) -> u8| {
            let all: Vec<(u32, u8, bool)> = (0..200)
                .map(|no| (no, score(no % 4 == 0, no), no % 4 == 0))
                .collect();
            backtest(Vec::new(), &pairs(&all))
        };
        let perfect = of(|lost, _| if lost { 10 } else { 90 });
        assert_eq!(
            (perfect.verdict, perfect.auc.unwrap().value),
            (Verdict::Tells, 1.0)
        );
        assert!((perfect.lift.unwrap() - 4.0).abs() < 1e-12);
        assert_eq!(of(|_, no| (no / 4 % 50) as u8).verdict, Verdict::Chance);
        assert_eq!(
            of(|lost, _| if lost { 90 } else { 10 }).verdict,
            Verdict::Wrong
        );
    }

    #[test]
    fn too_few_of_one_kind_is_refused_with_how_many_are_missing() {
        let all: Vec<(u32, u8, bool)> = (0..40).map(|no| (no, no as u8, no < 7)).collect();
        let test = backtest(Vec::new(), &pairs(&all));
        assert_eq!(
            (
                test.verdict,
                test.missing_lost,
                test.missing_kept,
                test.auc,
                test.lift
            ),
            (Verdict::TooFew, 3, 0, None, None)
        );
        let rows: Vec<(usize, usize)> = test.bands.iter().map(|r| (r.n, r.lost)).collect();
        assert_eq!(rows, [(0, 0), (0, 0), (40, 7), (0, 0)]);
        assert_eq!(test.bands[0].rate, None);
    }
}
