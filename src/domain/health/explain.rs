//! How a score came about: every measure with what it adds, a person's word over it, and what moved between two days.

use serde::Serialize;

use super::measures::FAR_DAYS;
use super::{Health, Measure, Scorecard, Sums, overruled};
use crate::domain::policy::Limits;
use crate::domain::signal::Signals;
use crate::domain::time::Day;

/// One line of an explanation.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Line {
    /// Code of the measure.
    pub measure: String,
    /// Raw value; `None`: no data.
    pub raw: Option<i32>,
    /// Unit of the raw value; `d+` of a renewal that is so far away, or planned, that its day does not matter.
    pub unit: &'static str,
    /// The day the raw value is from.
    pub day: Option<Day>,
    /// The segment of the map that applied: (from raw, from points, to raw, to points). Outside the map, where it is
    /// flat, both ends are its outermost pair.
    pub segment: Option<(i32, u16, i32, u16)>,
    /// Points 0 to 1000; also where there is no data, if the scorecard says what counts then.
    pub points: Option<u16>,
    /// Its weight.
    pub weight: u32,
    /// What it adds to the measured score, in hundredths of a point. Over all lines these add up to exactly 100 x that score: its hundredths are divided in proportion to weight x points, cut to whole hundredths, and those left over go
    /// one each to the lines with the largest remainders (the upper line first where they are equal). So a line is
    /// weight x points / weight present / 10 but for its share of the score's rounding. 0 where there is no score.
    pub contribution: i32,
}

/// A person's word over the score.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Default)]
pub struct Held {
    /// The score that was set, 0 to 100.
    pub score: u8,
    /// The last day on which it holds.
    pub until: Option<Day>,
    /// Who set it. Whoever explains from facts alone leaves these two empty.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// The code of the line that a person's word has in [`difference`].
pub const OVERRIDE: &str = "override";

/// How a score came about. The contributions add up to the measured score, and with [`Explanation::shift`] to the one that
/// holds.
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
    /// Why this scorecard: the filter that the customer passes; empty for none.
    pub filter: String,
    /// The result: a person's word while it lasts, otherwise what is measured.
    pub health: Health,
    /// What the measures say.
    pub measured: Health,
    /// The word of a person that is over it.
    pub held: Option<Held>,
    /// What to do next in this band; empty for nothing.
    pub action: String,
    /// Weight of the measures that have data.
    pub present: u32,
    /// Weight of all measures.
    pub total: u32,
    /// One line a measure, in the scorecard's order.
    pub lines: Vec<Line>,
}

/// The health that holds on `day` with every step of its measuring.
pub fn explain(
    card: Option<&Scorecard>,
    signals: &Signals,
    limits: Limits<'_>,
    day: Day,
) -> Explanation {
    let version = limits.version;
    let nothing = Scorecard::default();
    let known = card;
    let card = card.unwrap_or(&nothing);
    let mut lines: Vec<Line> = card
        .measure
        .iter()
        .map(|m| line(m, signals, limits, day))
        .collect();
    let mut sums = Sums::default();
    lines.iter().for_each(|l| sums.add(l.weight, l.points));
    let measured = card.rate(sums);
    share(&mut lines, measured.score.unwrap_or(0), sums.points);
    let health = overruled(known, measured, signals, day);
    let held = signals.held_on(day).map(|score| Held {
        score,
        until: signals.held_until,
        ..Held::default()
    });
    let weight = |sum: u64| u32::try_from(sum).unwrap_or(u32::MAX);
    Explanation {
        day,
        scorecard: card.code.clone(),
        label: card.label.clone(),
        version,
        filter: card.filter.clone(),
        health,
        measured,
        held,
        action: card.actions.of(health.band).to_owned(),
        present: weight(sums.present),
        total: weight(sums.total),
        lines,
    }
}

fn line(measure: &Measure, signals: &Signals, limits: Limits<'_>, day: Day) -> Line {
    let raw = measure.raw(signals, limits, day);
    let kind = measure.kind();
    let far = kind.is_some_and(|k| k.code == "renewal")
        && raw.is_some_and(|(raw, _)| i64::from(raw) == FAR_DAYS);
    let points = raw.map_or(measure.missing, |(raw, _)| measure.points(raw));
    Line {
        measure: measure.signal.clone(),
        raw: raw.map(|(raw, _)| raw),
        unit: if far {
            "d+"
        } else {
            kind.map_or("", |k| k.unit)
        },
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

impl Explanation {
    /// What a person's word adds to the measured score, in hundredths of a point; nothing without one.
    pub fn shift(&self) -> i32 {
        let hundredths = |health: Health| i32::from(health.score.unwrap_or(0)) * 100;
        hundredths(self.health) - hundredths(self.measured)
    }
}

/// What moved between two explanations, by measure: (measure, contribution before, after), and last the words of persons over
/// them ([`OVERRIDE`]). The differences add up to the difference of the scores (in hundredths); a measure without data counts 0.
pub fn difference(before: &Explanation, after: &Explanation) -> Vec<(String, i32, i32)> {
    let mut rows: Vec<(String, i32, i32)> = Vec::new();
    let lines = after.lines.iter().map(|l| (l, 0, l.contribution));
    for (line, was, is) in lines.chain(before.lines.iter().map(|l| (l, l.contribution, 0))) {
        match rows.iter_mut().find(|r| r.0 == line.measure) {
            Some(row) => (row.1, row.2) = (row.1 + was, row.2 + is),
            None => rows.push((line.measure.clone(), was, is)),
        }
    }
    if before.held.is_some() || after.held.is_some() {
        rows.push((OVERRIDE.to_owned(), before.shift(), after.shift()));
    }
    rows
}
