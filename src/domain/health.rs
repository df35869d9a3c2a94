//! Health: an exact weighted score of measures, each a piecewise-linear map of one signal, and its explanation.

use serde::{Deserialize, Serialize};

use super::config::Config;
use super::signal::Signals;
use super::time::Day;
use crate::error::{Error, Result};

mod measures;
#[cfg(test)]
pub(super) mod tests;

pub use measures::{MEASURES, number};

/// The book's scorecards in the order in which they are tried; the first that matches scores the customer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
pub struct Scorecards {
    /// Counts up with every saved change.
    pub version: u32,
    /// In order of precedence.
    pub scorecard: Vec<Scorecard>,
}

/// One scorecard.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
pub struct Scorecard {
    /// Stable code.
    pub code: String,
    /// What a person reads.
    pub label: String,
    /// Codes of the stages it is for; empty: every stage.
    #[serde(default)]
    pub stages: Vec<String>,
    /// Its measures.
    pub measure: Vec<Measure>,
    /// The two lower edges of the bands, from the best down: `[70, 50]` is good from 70, watch from 50, risk below.
    pub bands: Vec<u8>,
}

/// One weighted measure of a scorecard. Made by [`Measure::new`] or read from a file, which looks its code up once:
/// scores are asked for a million customers at a time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
#[serde(from = "Written")]
pub struct Measure {
    /// A code of [`MEASURES`].
    pub signal: String,
    /// Integer weight.
    pub weight: u32,
    /// The map: pairs of raw value and points 0 to 1000, ascending by raw value; linear between, flat outside.
    pub map: Vec<(i32, u16)>,
    /// Place of `signal` in [`MEASURES`].
    #[serde(skip)]
    place: Option<u8>,
}

/// A measure as a file has it.
#[derive(Deserialize)]
struct Written {
    signal: String,
    weight: u32,
    map: Vec<(i32, u16)>,
}

impl From<Written> for Measure {
    fn from(written: Written) -> Measure {
        Measure::new(written.signal, written.weight, written.map)
    }
}

/// A raw value and the day it is from; `None` is "no data", never 0.
pub type Raw = Option<(i32, Option<Day>)>;

/// What a measure reads: its raw value on a day (an integer in the measure's unit) and the day the value is from.
pub struct MeasureKind {
    /// Stable code, the key of its words.
    pub code: &'static str,
    /// Unit of the raw value: `d`, `%`, `pt`, `"`: shown behind it.
    pub unit: &'static str,
    /// The raw value; `None` is "no data", never 0.
    pub raw: fn(&Signals, &Config, Day) -> Raw,
}

/// Where a score lies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Band {
    /// Coverage below 50 %: no score.
    #[default]
    Unknown,
    /// Below every edge.
    Risk,
    /// Between the edges.
    Watch,
    /// At or above the first edge.
    Good,
}

/// A customer's health on a day. Four bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Health {
    /// 0 to 100; `None` below 50 % coverage.
    pub score: Option<u8>,
    /// Weight of the measures that have data against all, per cent, rounded down.
    pub coverage: u8,
    /// The band of the score.
    pub band: Band,
}

/// One line of an explanation.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Line {
    /// Code of the measure.
    pub measure: String,
    /// Raw value; `None`: no data.
    pub raw: Option<i32>,
    /// Unit of the raw value.
    pub unit: &'static str,
    /// The day the raw value is from.
    pub day: Option<Day>,
    /// The segment of the map that applied: (from raw, from points, to raw, to points). Outside the map, where it is
    /// flat, both ends are its outermost pair.
    pub segment: Option<(i32, u16, i32, u16)>,
    /// Points 0 to 1000.
    pub points: Option<u16>,
    /// Its weight.
    pub weight: u32,
    /// What it adds to the score, in hundredths of a point. Over all lines these add up to exactly 100 x the score: the
    /// score's hundredths are divided in proportion to weight x points, cut to whole hundredths, and those left over go
    /// one each to the lines with the largest remainders (the upper line first where they are equal). So a line is
    /// weight x points / weight present / 10 but for its share of the score's rounding. 0 where there is no score.
    pub contribution: i32,
}

/// How a score came about. The contributions add up to it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Explanation {
    /// The day it is for.
    pub day: Day,
    /// Code of the scorecard that matched.
    pub scorecard: String,
    /// Its label.
    pub label: String,
    /// Version of the scorecards.
    pub version: u32,
    /// The result.
    pub health: Health,
    /// Weight of the measures that have data.
    pub present: u32,
    /// Weight of all measures.
    pub total: u32,
    /// One line a measure, in the scorecard's order.
    pub lines: Vec<Line>,
}

/// Points of a full mark.
const FULL: u64 = 1000;

impl Scorecards {
    /// The scorecard for a stage: the first that names it, or that names none.
    pub fn matching(&self, stage: &str) -> Option<&Scorecard> {
        self.scorecard.iter().find(|s| s.stages.is_empty() || s.stages.iter().any(|c| c == stage))
    }

    /// Says what is wrong with scorecards that somebody wrote: which scorecard, which measure, what.
    pub fn check(&self) -> Result<(), Error> {
        self.scorecard.iter().try_for_each(Scorecard::check)
    }
}

impl Scorecard {
    fn check(&self) -> Result<(), Error> {
        let wrong = |what: &str| Error::usage(format!("the scorecard \"{}\" {what}", self.code));
        if self.measure.is_empty() {
            return Err(wrong("has no measure").hint("give it at least one [[scorecard.measure]]"));
        }
        if self.measure.iter().all(|m| m.weight == 0) {
            return Err(wrong("gives every measure the weight 0").hint("give at least one measure a weight above 0"));
        }
        for (at, measure) in self.measure.iter().enumerate() {
            if let Err((what, hint)) = measure.check() {
                return Err(wrong(&format!("has a measure \"{}\" {what}", measure.signal)).hint(hint));
            }
            if self.measure[..at].iter().any(|m| m.signal == measure.signal) {
                return Err(wrong(&format!("has the measure \"{}\" twice", measure.signal)));
            }
        }
        match self.bands[..] {
            [good, watch] if good > watch && good <= 100 => Ok(()),
            _ => Err(wrong("needs two bands in descending order, at most 100").hint("for example: bands = [70, 50]")),
        }
    }

    /// Band of a score.
    fn band(&self, score: u8) -> Band {
        let from = |at: usize| self.bands.get(at).is_some_and(|edge| score >= *edge);
        if from(0) {
            Band::Good
        } else if from(1) {
            Band::Watch
        } else {
            Band::Risk
        }
    }

    /// Score of the sums over its measures. Exact in integers, so that the same book scores the same everywhere.
    fn rate(&self, sums: Sums) -> Health {
        let coverage = (sums.present * 100).checked_div(sums.total).unwrap_or(0) as u8;
        if sums.present == 0 || sums.present * 2 < sums.total {
            return Health { score: None, coverage, band: Band::Unknown };
        }
        let score = half_even(sums.points, sums.present * 10).min(100) as u8;
        Health { score: Some(score), coverage, band: self.band(score) }
    }
}

impl Measure {
    /// A measure that reads the signal with this code. A code that does not exist never has data; [`Scorecards::check`]
    /// names it.
    pub fn new(signal: impl Into<String>, weight: u32, map: Vec<(i32, u16)>) -> Measure {
        let signal = signal.into();
        let place = number(&signal).map(|n| n as u8);
        Measure { signal, weight, map, place }
    }

    fn kind(&self) -> Option<&'static MeasureKind> {
        MEASURES.get(usize::from(self.place?))
    }

    /// What is wrong with it, and what to do.
    fn check(&self) -> Result<(), (String, String)> {
        if self.kind().is_none() {
            let known: Vec<&str> = MEASURES.iter().map(|m| m.code).collect();
            return Err(("that does not exist".into(), format!("there are {}", known.join(", "))));
        }
        if self.map.is_empty() {
            return Err(("without a map".into(), "for example: map = [[0, 1000], [30, 0]]".into()));
        }
        if let Some((raw, points)) = self.map.iter().find(|(_, points)| u64::from(*points) > FULL) {
            return Err((format!("that gives {points} points for {raw}"), "points go from 0 to 1000".into()));
        }
        if let Some(pair) = self.map.windows(2).find(|p| p[0].0 >= p[1].0) {
            let what = format!("whose map goes from {} to {}", pair[0].0, pair[1].0);
            return Err((what, "raw values in a map have to ascend".into()));
        }
        Ok(())
    }

    /// Raw value and its day; `None`: no data.
    fn raw(&self, signals: &Signals, config: &Config, day: Day) -> Raw {
        self.kind().and_then(|kind| (kind.raw)(signals, config, day))
    }

    /// The segment of the map around a raw value.
    fn segment(&self, raw: i32) -> Option<(i32, u16, i32, u16)> {
        // Counted to the end rather than searched: where a customer lies is a branch nobody can foresee.
        let below = self.map.iter().filter(|(x, _)| *x < raw).count();
        let (low, high) = (self.map.get(below.saturating_sub(1))?, self.map.get(below).or(self.map.last())?);
        let (low, high) = if below == 0 { (high, high) } else { (low, high) };
        Some((low.0, low.1, high.0, high.1))
    }

    /// Points of a raw value: linear on its segment, rounded half to even, at most 1000.
    fn points(&self, raw: i32) -> Option<u16> {
        let (x0, y0, x1, y1) = self.segment(raw)?;
        if x1 <= x0 {
            return Some(y0.min(FULL as u16));
        }
        // The mean of both ends, weighted by the distance to the other one: below 2^49 and never negative.
        let run = u64::from(x1.abs_diff(x0));
        let sum = u64::from(y0) * u64::from(x1.abs_diff(raw)) + u64::from(y1) * u64::from(raw.abs_diff(x0));
        Some(half_even(sum, run).min(FULL) as u16)
    }
}

/// `a / b` rounded to the nearest whole number, halves to the even one. Most numbers here are small, and dividing small
/// numbers is several times faster.
fn half_even(a: u64, b: u64) -> u64 {
    let (whole, rest) = match (u32::try_from(a), u32::try_from(b)) {
        (Ok(a), Ok(b)) => (u64::from(a / b), u64::from(a % b)),
        _ => (a / b, a % b),
    };
    whole + u64::from(rest * 2 + (whole & 1) > b)
}

/// Sums over the measures of a scorecard.
#[derive(Clone, Copy, Default)]
struct Sums {
    /// Weight x points of the measures with data.
    points: u64,
    /// Weight of the measures with data.
    present: u64,
    /// Weight of all.
    total: u64,
}

impl Sums {
    fn add(&mut self, weight: u32, points: Option<u16>) {
        let weight = u64::from(weight);
        self.total += weight;
        if let Some(points) = points {
            self.present += weight;
            self.points += weight * u64::from(points);
        }
    }
}

/// The health of a customer on `day`: round half even( sum(weight x points) / weight present / 10 ).
pub fn score(signals: &Signals, config: &Config, day: Day) -> Health {
    let Some(card) = config.scorecards.matching(config.stages.code(signals.stage)) else {
        return Health::default();
    };
    let mut sums = Sums::default();
    for measure in &card.measure {
        sums.add(measure.weight, measure.raw(signals, config, day).and_then(|(raw, _)| measure.points(raw)));
    }
    card.rate(sums)
}

/// The same with every step.
pub fn explain(signals: &Signals, config: &Config, day: Day) -> Explanation {
    let version = config.scorecards.version;
    let nothing = Scorecard::default();
    let card = config.scorecards.matching(config.stages.code(signals.stage)).unwrap_or(&nothing);
    let mut lines: Vec<Line> = card.measure.iter().map(|m| line(m, signals, config, day)).collect();
    let mut sums = Sums::default();
    lines.iter().for_each(|l| sums.add(l.weight, l.points));
    let health = card.rate(sums);
    share(&mut lines, health.score.unwrap_or(0), sums.points);
    let weight = |sum: u64| u32::try_from(sum).unwrap_or(u32::MAX);
    Explanation {
        day,
        scorecard: card.code.clone(),
        label: card.label.clone(),
        version,
        health,
        present: weight(sums.present),
        total: weight(sums.total),
        lines,
    }
}

fn line(measure: &Measure, signals: &Signals, config: &Config, day: Day) -> Line {
    let raw = measure.raw(signals, config, day);
    let points = raw.and_then(|(raw, _)| measure.points(raw));
    Line {
        measure: measure.signal.clone(),
        raw: raw.map(|(raw, _)| raw),
        unit: measure.kind().map_or("", |k| k.unit),
        day: raw.and_then(|(_, day)| day),
        segment: raw.and_then(|(raw, _)| measure.segment(raw)),
        points,
        weight: measure.weight,
        contribution: 0,
    }
}

/// Divides the score's hundredths among the lines as [`Line::contribution`] says.
fn share(lines: &mut [Line], score: u8, sum: u64) {
    let whole = u128::from(score) * 100;
    if whole == 0 || sum == 0 {
        return;
    }
    let mut left = whole as i32;
    let mut remainders: Vec<(u128, usize)> = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter_mut().enumerate() {
        let part = whole * u128::from(line.weight) * u128::from(line.points.unwrap_or(0));
        line.contribution = (part / u128::from(sum)) as i32;
        left -= line.contribution;
        remainders.push((part % u128::from(sum), at));
    }
    remainders.sort_by_key(|(rest, at)| (std::cmp::Reverse(*rest), *at));
    for (_, at) in remainders.into_iter().take(left.max(0) as usize) {
        lines[at].contribution += 1;
    }
}

/// What moved between two explanations, by measure: (measure, contribution before, after). The differences add up to
/// the difference of the scores (in hundredths); a measure without data counts 0.
pub fn difference(before: &Explanation, after: &Explanation) -> Vec<(String, i32, i32)> {
    let mut rows: Vec<(String, i32, i32)> = Vec::new();
    let lines = after.lines.iter().map(|l| (l, 0, l.contribution));
    for (line, was, is) in lines.chain(before.lines.iter().map(|l| (l, l.contribution, 0))) {
        match rows.iter_mut().find(|r| r.0 == line.measure) {
            Some(row) => (row.1, row.2) = (row.1 + was, row.2 + is),
            None => rows.push((line.measure.clone(), was, is)),
        }
    }
    rows
}
