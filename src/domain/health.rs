//! Health: an exact weighted score of measures, each a piecewise-linear map of one signal, and its explanation.

use serde::{Deserialize, Serialize};

use super::filter::Filter;
use super::policy::Limits;
use super::signal::Signals;
use super::time::Day;
use crate::error::{Error, Result};

pub mod backtest;
mod explain;
mod measures;
#[cfg(test)]
pub(super) mod tests;

pub use explain::{Explanation, Held, Line, OVERRIDE, difference, explain};
pub use measures::{MEASURES, number};

/// The book's scorecards in the order in which they are tried; the first that matches scores the customer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, Default)]
pub struct Scorecards {
    /// Counts up with every saved change.
    pub version: u32,
    /// In order of precedence.
    pub scorecard: Vec<Scorecard>,
}

/// One scorecard.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, Default)]
pub struct Scorecard {
    /// Stable code.
    pub code: String,
    /// What a person reads.
    pub label: String,
    /// Codes of the stages it is for; empty: every stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<String>,
    /// The filter line that its customers pass besides; empty: all do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// The two lower edges of the bands, from the best down: `[70, 50]` is good from 70, watch from 50, risk below.
    pub bands: Vec<u8>,
    /// What to do next in each band.
    #[serde(default, skip_serializing_if = "Actions::is_empty")]
    pub actions: Actions,
    /// Its measures.
    pub measure: Vec<Measure>,
    /// The filter, read once by whoever knows the fields. A filter that could not be read passes nobody.
    #[serde(skip)]
    pub compiled: Option<Filter>,
}

/// What to do next with a customer, by its band; a sentence each, or nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Actions {
    /// In the best band.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub good: String,
    /// In the middle one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub watch: String,
    /// In the lowest.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub risk: String,
}

impl Actions {
    /// True where no band has one.
    pub fn is_empty(&self) -> bool {
        *self == Actions::default()
    }

    /// The sentence for a band; empty for none.
    pub fn of(&self, band: Band) -> &str {
        match band {
            Band::Good => &self.good,
            Band::Watch => &self.watch,
            Band::Risk => &self.risk,
            Band::Unknown => "",
        }
    }
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
    /// The points that count where there is no data; `None`: the measure is left out and its weight redistributed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<u16>,
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
    #[serde(default)]
    missing: Missing,
}

/// What counts where a measure has no data, as a file has it: `"skip"` or points.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "missing is \"skip\" or a number of points from 0 to 1000"
)]
enum Missing {
    Points(u16),
    Word(Skip),
}

/// The one word for it.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Skip {
    Skip,
}

impl Default for Missing {
    fn default() -> Missing {
        Missing::Word(Skip::Skip)
    }
}

impl From<Written> for Measure {
    fn from(written: Written) -> Measure {
        let missing = match written.missing {
            Missing::Points(points) => Some(points),
            Missing::Word(Skip::Skip) => None,
        };
        Measure {
            missing,
            ..Measure::new(written.signal, written.weight, written.map)
        }
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
    pub raw: fn(&Signals, Limits<'_>, Day) -> Raw,
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

impl Band {
    /// The code in files, and the key of its words.
    pub fn code(self) -> &'static str {
        match self {
            Band::Unknown => "unknown",
            Band::Risk => "risk",
            Band::Watch => "watch",
            Band::Good => "good",
        }
    }
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

/// Points of a full mark.
const FULL: u64 = 1000;

impl Scorecards {
    /// The scorecard of a customer in a stage: the first that names the stage, or none, and whose filter it passes. `passes`
    /// is asked only of scorecards that have a filter, by their place.
    pub fn choose(&self, stage: &str, passes: impl Fn(usize) -> bool) -> Option<&Scorecard> {
        let fits = |(at, s): &(usize, &Scorecard)| {
            (s.stages.is_empty() || s.stages.iter().any(|c| c == stage))
                && (s.filter.is_empty() || passes(*at))
        };
        self.scorecard.iter().enumerate().find(fits).map(|(_, s)| s)
    }

    /// True where the stage alone does not tell which scorecard it is.
    pub fn have_filters(&self) -> bool {
        self.scorecard.iter().any(|s| !s.filter.is_empty())
    }

    /// Codes of the custom attributes that the filters read.
    pub fn attributes(&self) -> Vec<String> {
        self.scorecard
            .iter()
            .filter_map(|s| s.compiled.as_ref())
            .flat_map(Filter::attributes)
            .collect()
    }

    /// Says what is wrong with scorecards that somebody wrote: which scorecard, which measure, what.
    pub fn check(&self) -> Result<(), Error> {
        self.scorecard.iter().try_for_each(Scorecard::check)
    }
}

impl Scorecard {
    fn check(&self) -> Result<(), Error> {
        let wrong =
            |what: &str| Error::usage(say!("health.scorecard", code = self.code, what = what));
        if self.measure.is_empty() {
            return Err(wrong(&say!("health.no_measure")).hint(say!("health.give_at_least_one")));
        }
        if self.measure.iter().all(|m| m.weight == 0) {
            return Err(wrong(&say!("health.gives_every_measure_weight"))
                .hint(say!("health.give_at_least_one_measure")));
        }
        for (at, measure) in self.measure.iter().enumerate() {
            if let Err((what, hint)) = measure.check() {
                return Err(wrong(&say!(
                    "health.measure",
                    signal = measure.signal,
                    what = what
                ))
                .hint(hint));
            }
            if self.measure[..at]
                .iter()
                .any(|m| m.signal == measure.signal)
            {
                return Err(wrong(&say!(
                    "health.measure_twice",
                    signal = measure.signal
                )));
            }
        }
        match self.bands[..] {
            [good, watch] if good > watch && good <= 100 => Ok(()),
            _ => Err(wrong(&say!("health.needs_two_bands_descending"))
                .hint(say!("health.for_example_bands_70"))),
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
            return Health {
                score: None,
                coverage,
                band: Band::Unknown,
            };
        }
        let score = half_even(sums.points, sums.present * 10).min(100) as u8;
        Health {
            score: Some(score),
            coverage,
            band: self.band(score),
        }
    }
}

impl Measure {
    /// A measure that reads the signal with this code. A code that does not exist never has data; [`Scorecards::check`]
    /// names it.
    pub fn new(signal: impl Into<String>, weight: u32, map: Vec<(i32, u16)>) -> Measure {
        let signal = signal.into();
        let place = number(&signal).map(|n| n as u8);
        Measure {
            signal,
            weight,
            map,
            missing: None,
            place,
        }
    }

    fn kind(&self) -> Option<&'static MeasureKind> {
        MEASURES.get(usize::from(self.place?))
    }

    /// What is wrong with it, and what to do.
    fn check(&self) -> Result<(), (String, String)> {
        if self.kind().is_none() {
            let known: Vec<&str> = MEASURES.iter().map(|m| m.code).collect();
            return Err((
                say!("health.does_not_exist").into(),
                format!("there are {}", known.join(", ")),
            ));
        }
        if self.map.is_empty() {
            return Err((
                "without a map".into(),
                say!("health.for_example_map_0").into(),
            ));
        }
        if let Some(points) = self.missing.filter(|p| u64::from(*p) > FULL) {
            return Err((
                say!("health.gives_points_where_no", points = points).to_string(),
                say!("health.points_go_from_0").into(),
            ));
        }
        if let Some((raw, points)) = self
            .map
            .iter()
            .find(|(_, points)| u64::from(*points) > FULL)
        {
            return Err((
                say!("health.gives_points_for", points = points, raw = raw).to_string(),
                say!("health.points_go_from_0_1000").into(),
            ));
        }
        if let Some(pair) = self.map.windows(2).find(|p| p[0].0 >= p[1].0) {
            let what = say!(
                "health.whose_map_goes_from",
                pair = pair[0].0,
                pair_2 = pair[1].0
            );
            return Err((
                what.to_string(),
                say!("health.raw_values_map_ascend").into(),
            ));
        }
        Ok(())
    }

    /// Raw value and its day; `None`: no data.
    fn raw(&self, signals: &Signals, limits: Limits<'_>, day: Day) -> Raw {
        self.kind()
            .and_then(|kind| (kind.raw)(signals, limits, day))
    }

    /// The segment of the map around a raw value.
    fn segment(&self, raw: i32) -> Option<(i32, u16, i32, u16)> {
        // Counted to the end rather than searched: where a customer lies is a branch nobody can foresee.
        let below = self.map.iter().filter(|(x, _)| *x < raw).count();
        let (low, high) = (
            self.map.get(below.saturating_sub(1))?,
            self.map.get(below).or(self.map.last())?,
        );
        let (low, high) = if below == 0 {
            (high, high)
        } else {
            (low, high)
        };
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
        let sum = u64::from(y0) * u64::from(x1.abs_diff(raw))
            + u64::from(y1) * u64::from(raw.abs_diff(x0));
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

/// The health of a customer on `day` as its scorecard measures it: round half even( sum(weight x points) / weight present / 10 ).
pub fn measured(
    card: Option<&Scorecard>,
    signals: &Signals,
    limits: Limits<'_>,
    day: Day,
) -> Health {
    let Some(card) = card else {
        return Health::default();
    };
    let mut sums = Sums::default();
    for measure in &card.measure {
        let raw = measure.raw(signals, limits, day);
        sums.add(
            measure.weight,
            raw.map_or(measure.missing, |(raw, _)| measure.points(raw)),
        );
    }
    card.rate(sums)
}

/// The health that holds on `day`: a person's word while it lasts, otherwise what is measured. The coverage is that of the
/// measures either way.
pub fn score(card: Option<&Scorecard>, signals: &Signals, limits: Limits<'_>, day: Day) -> Health {
    overruled(card, measured(card, signals, limits, day), signals, day)
}

/// A measured health with a person's word over it, where one holds.
fn overruled(card: Option<&Scorecard>, measured: Health, signals: &Signals, day: Day) -> Health {
    match signals.held_on(day) {
        Some(held) => Health {
            score: Some(held),
            band: card.map_or(Band::Unknown, |c| c.band(held)),
            ..measured
        },
        None => measured,
    }
}
