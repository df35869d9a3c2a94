//! Times of which some are not over yet: the product-limit estimator (Kaplan and Meier 1958), what is read off it, and whether
//! several groups of times differ.
//!
//! A time is in whole days. Events come before censorings at equal times.

use serde::Serialize;

use super::proportion::Z;

#[cfg(test)]
mod tests;

/// Lets S(t) = 0.5 be found although it is a product of fractions.
const TOLERANCE: f64 = 1e-12;

/// The estimate at a time at which something ended, or was last seen.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Step {
    /// Days.
    pub time: i64,
    /// How many had lasted until then.
    pub at_risk: usize,
    /// How many ended then.
    pub events: usize,
    /// How many were last seen then, and are not over.
    pub censored: usize,
    /// The share that lasts longer, 0 to 1.
    pub survival: f64,
    /// Its standard error by Greenwood's formula (1926); `None` where the share is 0.
    pub error: Option<f64>,
    /// The 95 % interval of that share by the log-log rule; `None` where the share is 0, or 1 still.
    pub interval: Option<(f64, f64)>,
}

/// The product-limit curve of some times.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Curve {
    /// One for each time that there is, ascending.
    pub steps: Vec<Step>,
    /// How many times there are.
    pub n: usize,
    /// How many of them are over.
    pub events: usize,
    /// The longest of all, over or not.
    pub longest: i64,
}

/// A quantile by the rule of R's `quantile.survfit`: where the curve runs exactly on the level, the middle of that run.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Quantile {
    /// Days; `None` where the curve does not come down so far.
    pub days: Option<f64>,
    /// The lower end of its 95 % interval.
    pub low: Option<f64>,
    /// The upper end; often missing where many are not over.
    pub high: Option<f64>,
}

impl Curve {
    /// The curve of these times: days, and whether it is over. Sorts them.
    pub fn of(times: &mut [(i64, bool)]) -> Curve {
        times.sort_unstable_by_key(|(t, _)| *t);
        let (mut survival, mut variance, mut at_risk) = (1.0, 0.0, times.len());
        let mut curve = Curve {
            n: times.len(),
            longest: times.last().map_or(0, |t| t.0),
            ..Curve::default()
        };
        for group in times.chunk_by(|a, b| a.0 == b.0) {
            let events = group.iter().filter(|(_, over)| *over).count();
            let (d, n) = (events as f64, at_risk as f64);
            survival *= 1.0 - d / n;
            let lasts = survival > 0.0;
            if lasts {
                variance += d / (n * (n - d));
            }
            curve.events += events;
            // Of the logarithm of minus the logarithm, so that the ends stay between 0 and 1.
            let interval = (lasts && survival < 1.0).then(|| {
                let half = Z * variance.sqrt() / survival.ln();
                (survival.powf((-half).exp()), survival.powf(half.exp()))
            });
            let error = lasts.then(|| survival * variance.sqrt());
            curve.steps.push(Step {
                time: group[0].0,
                at_risk,
                events,
                censored: group.len() - events,
                survival,
                error,
                interval,
            });
            at_risk -= group.len();
        }
        curve
    }

    /// S(t): the share that lasts longer than so many days.
    pub fn at(&self, days: i64) -> f64 {
        let before = self.steps.partition_point(|s| s.time <= days);
        before
            .checked_sub(1)
            .map_or(1.0, |i| self.steps[i].survival)
    }

    /// The smallest t with S(t) <= 1 - q: days by which the share `q` is over; `None` where that is not known yet.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.steps
            .iter()
            .find(|s| s.survival <= 1.0 - q + TOLERANCE)
            .map(|s| s.time as f64)
    }

    /// The same by R's rule, with its interval.
    pub fn quantile_with_interval(&self, q: f64) -> Quantile {
        let along = |value: fn(&Step) -> Option<f64>| {
            let line: Vec<(i64, f64)> = self
                .steps
                .iter()
                .filter_map(|s| Some((s.time, value(s)?)))
                .collect();
            crossing(&line, 1.0 - q, self.longest)
        };
        Quantile {
            days: along(|s| Some(s.survival)),
            low: along(|s| s.interval.map(|i| i.0)),
            high: along(|s| s.interval.map(|i| i.1)),
        }
    }

    /// The mean days until the end, of at most `limit` days each (restricted mean): the area below the curve.
    pub fn mean_until(&self, limit: i64) -> f64 {
        let (mut area, mut from, mut height) = (0.0, 0, 1.0);
        for step in self.steps.iter().take_while(|s| s.time < limit) {
            area += height * (step.time - from) as f64;
            (from, height) = (step.time, step.survival);
        }
        area + height * (limit - from).max(0) as f64
    }
}

/// Where a falling line reaches a level; the middle of the run where it lies on it.
fn crossing(line: &[(i64, f64)], level: f64, longest: i64) -> Option<f64> {
    let reached = line.iter().position(|(_, y)| *y <= level + TOLERANCE)?;
    if line[reached].1 < level - TOLERANCE {
        return Some(line[reached].0 as f64);
    }
    let below = line[reached..]
        .iter()
        .find(|(_, y)| *y < level - TOLERANCE)
        .map_or(longest, |(t, _)| *t);
    Some((line[reached].0 + below) as f64 / 2.0)
}

/// The share that has ended within `within` days by each of several ways (cumulative incidence, Aalen and Johansen): `times` are
/// days and the number of the way; `None` is not over yet. The answer has one share a way, in order.
pub fn incidence(times: &mut [(i64, Option<u8>)], ways: usize, within: i64) -> Vec<f64> {
    times.sort_unstable_by_key(|(t, _)| *t);
    let (mut survival, mut at_risk) = (1.0, times.len());
    let mut shares = vec![0.0; ways];
    for group in times
        .chunk_by(|a, b| a.0 == b.0)
        .take_while(|g| g[0].0 <= within)
    {
        let (before, n) = (survival, at_risk as f64);
        let mut ended = 0.0;
        for way in group.iter().filter_map(|(_, way)| *way) {
            ended += 1.0;
            if let Some(share) = shares.get_mut(usize::from(way)) {
                *share += before / n;
            }
        }
        survival *= 1.0 - ended / n;
        at_risk -= group.len();
    }
    shares
}

/// Whether groups of times differ: the log-rank test.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct LogRank {
    /// The statistic: chi-squared where the groups are alike.
    pub chi2: f64,
    /// Degrees of freedom: groups less one.
    pub df: usize,
    /// The chance of so large a statistic where the groups are alike, 0 to 1.
    pub p: f64,
}

/// The log-rank test of several groups of times (Mantel 1966; Peto and Peto 1972), each days and whether it is over: observed ends
/// less those expected if all were alike, with their hypergeometric covariance. Groups of which nobody was there when anything
/// ended are left out; `None` with fewer than two others, and where all end together.
pub fn log_rank(groups: &[Vec<(i64, bool)>]) -> Option<LogRank> {
    let mut all: Vec<(i64, bool, usize)> = Vec::new();
    for (no, group) in groups.iter().enumerate() {
        all.extend(group.iter().map(|(time, over)| (*time, *over, no)));
    }
    all.sort_unstable();
    let mut at_risk: Vec<f64> = groups.iter().map(|g| g.len() as f64).collect();
    let mut expected = vec![0.0; groups.len()];
    let mut less = vec![0.0; groups.len()];
    let mut covariance = vec![vec![0.0; groups.len()]; groups.len()];
    for together in all.chunk_by(|a, b| a.0 == b.0) {
        let n: f64 = at_risk.iter().sum();
        let ended = together.iter().filter(|t| t.1).count() as f64;
        for (i, there) in at_risk.iter().enumerate() {
            expected[i] += ended * there / n;
            less[i] -= ended * there / n;
            for (j, others) in at_risk.iter().enumerate().filter(|_| n > 1.0) {
                let same = if i == j { 1.0 } else { 0.0 };
                covariance[i][j] +=
                    ended * (n - ended) / (n - 1.0) * there / n * (same - others / n);
            }
        }
        for (_, over, no) in together {
            at_risk[*no] -= 1.0;
            less[*no] += if *over { 1.0 } else { 0.0 };
        }
    }
    // The last of them follows from the others.
    let counted: Vec<usize> = (0..groups.len()).filter(|i| expected[*i] > 0.0).collect();
    let df = counted.len().checked_sub(1).filter(|df| *df > 0)?;
    let of = &counted[..df];
    let rows = of
        .iter()
        .map(|i| {
            of.iter()
                .map(|j| covariance[*i][*j])
                .chain([less[*i]])
                .collect()
        })
        .collect();
    let chi2: f64 = solve(rows)?.iter().zip(of).map(|(x, i)| x * less[*i]).sum();
    Some(LogRank {
        chi2,
        df,
        p: above(chi2, df),
    })
}

/// The solution of a system of equations, each row its factors and what they come to; `None` where there is not one.
fn solve(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = rows.len();
    for at in 0..n {
        let best = (at..n).max_by(|a, b| rows[*a][at].abs().total_cmp(&rows[*b][at].abs()))?;
        rows.swap(at, best);
        let pivot = rows[at].clone();
        if pivot[at].abs() < TOLERANCE {
            return None;
        }
        for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != at) {
            let factor = row[at] / pivot[at];
            row.iter_mut()
                .zip(&pivot)
                .for_each(|(cell, p)| *cell -= factor * p);
        }
    }
    Some((0..n).map(|i| rows[i][n] / rows[i][i]).collect())
}

/// The chance that a chi-squared number of `df` degrees of freedom is above `x`: the upper incomplete gamma function of half of both,
/// by its recurrence from one or two degrees (Abramowitz and Stegun 1964, 26.4.4 and 26.4.5).
fn above(x: f64, df: usize) -> f64 {
    let half = x.max(0.0) / 2.0;
    let odd = df % 2 == 1;
    let mut degrees = if odd { 0.5 } else { 1.0 };
    let mut chance = if odd {
        libm::erfc(half.sqrt())
    } else {
        (-half).exp()
    };
    while degrees < df as f64 / 2.0 {
        chance += (degrees * half.ln() - half - libm::lgamma(degrees + 1.0)).exp();
        degrees += 1.0;
    }
    chance.min(1.0)
}
