//! Health: an exact weighted score of measures, each a piecewise-linear map of one signal, and its explanation.

use serde::{Deserialize, Serialize};

use super::config::Config;
use super::signal::Signals;
use super::time::Day;

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
    /// Lower edges of the bands, from the best down: `[70, 50]` is good from 70, watch from 50, risk below.
    pub bands: Vec<u8>,
}

/// One weighted measure of a scorecard.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
pub struct Measure {
    /// A code of [`MEASURES`].
    pub signal: String,
    /// Integer weight.
    pub weight: u32,
    /// The map: pairs of raw value and points 0 to 1000, ascending by raw value; linear between, flat outside.
    pub map: Vec<(i32, u16)>,
}

/// What a measure reads: its raw value on a day (an integer in the measure's unit) and the day the value is from.
pub struct MeasureKind {
    /// Stable code, the key of its words.
    pub code: &'static str,
    /// Unit of the raw value: `d`, `%`, `pt`, `"`: shown behind it.
    pub unit: &'static str,
    /// The raw value; `None` is "no data", never 0.
    pub raw: fn(&Signals, &Config, Day) -> Option<(i32, Option<Day>)>,
}

/// Every measure there is.
pub const MEASURES: &[MeasureKind] = &[];

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
    /// Weight of the measures that have data against all, per cent.
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
    /// The segment of the map that applied: (from raw, from points, to raw, to points).
    pub segment: Option<(i32, u16, i32, u16)>,
    /// Points 0 to 1000.
    pub points: Option<u16>,
    /// Its weight.
    pub weight: u32,
    /// What it adds to the score, in hundredths of a point. Over all lines these add up to exactly 100 x the score:
    /// shares are weight x points / weight present / 10, cut to hundredths, and what the rounding of the score leaves
    /// over or takes away goes to the lines with the largest remainders.
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

/// The health of a customer on `day`: round half even( sum(weight x points) / weight present / 10 ).
pub fn score(signals: &Signals, config: &Config, day: Day) -> Health {
    let _ = (signals, config, day);
    Health::default()
}

/// The same with every step.
pub fn explain(signals: &Signals, config: &Config, day: Day) -> Explanation {
    let _ = (signals, config);
    Explanation {
        day,
        scorecard: String::new(),
        label: String::new(),
        version: 0,
        health: Health::default(),
        present: 0,
        total: 0,
        lines: Vec::new(),
    }
}

/// What moved between two explanations, by measure: (measure, contribution before, after). The differences add up to
/// the difference of the scores (in hundredths); a measure without data counts 0.
pub fn difference(before: &Explanation, after: &Explanation) -> Vec<(String, i32, i32)> {
    let _ = (before, after);
    Vec::new()
}
