//! The funnel: visits of stages, conversion in two modes, and time in stage with open visits censored.

use serde::Serialize;

use super::stage::StageNo;
use super::time::Day;

/// One stay of a customer in a stage. Eight bytes beside the customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Visit {
    /// The customer, by its row in the roster.
    pub customer: u32,
    /// Where.
    pub stage: StageNo,
    /// Where it went then; `None` while open.
    pub next: Option<StageNo>,
    /// First day.
    pub entered: Day,
    /// Day it left; `None` while open.
    pub left: Option<Day>,
}

/// How a skipped stage counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Default, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A customer who skipped a stage drops out from there.
    #[default]
    InOrder,
    /// Reached the stage or any later one.
    AnyOrder,
}

/// The period over which visits are counted: those entered within it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Period {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
}

/// The figures of one stage.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StageFigures {
    /// Code of the stage.
    pub stage: String,
    /// Its label.
    pub label: String,
    /// `prospect`, `customer` or `lost`.
    pub class: super::stage::StageClass,
    /// Customers in it today.
    pub count: usize,
    /// Their ARR, minor units.
    pub arr: i64,
    /// Visits entered in the period.
    pub entered: usize,
    /// Of them, ended.
    pub ended: usize,
    /// Of them, still open.
    pub open: usize,
    /// Of the ended ones, those that went to the next stage (or, any order, to a later one).
    pub advanced: usize,
    /// Of the customers who entered the first stage in the period, those who reached this one (by the mode).
    pub reached: usize,
    /// Customers who entered the first stage in the period.
    pub cohort: usize,
    /// Median days of a visit entered in the period, product-limit; `None` when fewer than half have ended.
    pub median_days: Option<f64>,
    /// The day by which nine tenths have left, product-limit.
    pub p90_days: Option<f64>,
    /// Median and largest current age of the customers in it, days.
    pub age_median: Option<i64>,
    /// The largest.
    pub age_max: Option<i64>,
    /// Customers behind and stuck.
    pub behind: usize,
    /// Stuck ones.
    pub stuck: usize,
    /// Expected days, 0 for none.
    pub expected: u16,
}

/// Moves counted in the period: from, to, number.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Flow {
    /// Code of the stage left.
    pub from: String,
    /// Code of the stage entered.
    pub to: String,
    /// Moves.
    pub moves: usize,
}

/// Median and p90 of times of which some are censored (Kaplan and Meier 1958): the smallest t with S(t) <= 1 - q.
/// `times` are (days, ended). `None` where S never falls that far. Events come before censorings at equal times.
pub fn quantile(times: &mut [(i64, bool)], q: f64) -> Option<f64> {
    let _ = (times, q);
    None
}

/// The figures of every stage. `visits` are those of the customers that pass the filter; `ages` gives each such customer's
/// stage, current age in days and ARR.
pub fn figures(
    stages: &super::stage::Stages,
    visits: &[Visit],
    present: &[(StageNo, i64, i64)],
    period: Period,
    mode: Mode,
    today: Day,
) -> (Vec<StageFigures>, Vec<Flow>) {
    let _ = (stages, visits, present, period, mode, today);
    (Vec::new(), Vec::new())
}
