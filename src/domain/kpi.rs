//! Figures of a stage that a target can be set for, and what they were in a period.
//!
//! Those of visits count the visits begun in the period ([`super::funnel`]). Who was in a stage on a day is one who entered by then
//! and had not left: a move on the day counts for the stage that it leads to.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::event::EventKind;
use super::funnel::{Period, StageFigures, Visit};
use super::nps::Verdict;
use super::proportion::Share;
use super::stage::{KpiCode, StageNo, Stages};
use super::survey::{Said, tally};
use super::table::Cell;
use super::time::Day;

#[cfg(test)]
mod tests;

/// Mean days of a month.
const MONTH: f64 = 365.25 / 12.0;

impl KpiCode {
    /// True where more is better, so that the target is the least; otherwise it is the most.
    pub fn at_least(self) -> bool {
        matches!(
            self,
            KpiCode::NextConversion | KpiCode::Entered | KpiCode::WonBack | KpiCode::Nps
        )
    }

    /// True for the figures of the visits begun in a period: without one there is no figure.
    pub fn is_of_visits(self) -> bool {
        matches!(
            self,
            KpiCode::NextConversion
                | KpiCode::MedianDays
                | KpiCode::P90Days
                | KpiCode::Entered
                | KpiCode::WonBack
        )
    }
}

/// What a figure was in a period.
#[derive(Clone, PartialEq, Debug)]
pub struct Figure {
    /// As it is shown.
    pub cell: Cell,
    /// In the unit of the target; `None` without data.
    pub value: Option<f64>,
    /// The customers that it counts, by their rows in the roster; one may be there more than once.
    pub behind: Vec<u32>,
}

impl Figure {
    /// Nothing is known yet.
    pub fn none() -> Figure {
        Figure {
            cell: Cell::None,
            value: None,
            behind: Vec::new(),
        }
    }

    fn share(share: Share, behind: Vec<u32>) -> Figure {
        Figure {
            cell: Cell::Share(share),
            value: share.ratio().map(|r| r * 100.0),
            behind,
        }
    }
}

/// First and last day of each stay, by customer.
type ByCustomer = HashMap<u32, Vec<(Day, Option<Day>)>>;

/// The stays in one stage.
pub struct Stays<'a> {
    stages: &'a Stages,
    visits: Vec<&'a Visit>,
    /// Made when a figure first asks who was there.
    by_customer: OnceCell<ByCustomer>,
}

impl<'a> Stays<'a> {
    /// Of all visits those of a stage.
    pub fn of(stage: StageNo, visits: &'a [Visit], stages: &'a Stages) -> Stays<'a> {
        Stays {
            stages,
            visits: visits.iter().filter(|v| v.stage == stage).collect(),
            by_customer: OnceCell::new(),
        }
    }

    /// True when a customer was in the stage on a day.
    fn has(&self, customer: u32, day: Day) -> bool {
        let there = |(entered, left): &(Day, Option<Day>)| {
            *entered <= day && left.is_none_or(|left| day < left)
        };
        let by_customer = self.by_customer.get_or_init(|| {
            let mut all = ByCustomer::new();
            for visit in &self.visits {
                all.entry(visit.customer)
                    .or_default()
                    .push((visit.entered, visit.left));
            }
            all
        });
        by_customer
            .get(&customer)
            .is_some_and(|stays| stays.iter().any(there))
    }

    fn begun(&self, period: Period) -> impl Iterator<Item = &'a Visit> {
        self.visits
            .iter()
            .copied()
            .filter(move |v| period.has(v.entered))
    }

    /// Logo churn: of the customers who were there before the period began, those who went from there to a lost stage in it.
    fn lost(&self, period: Period) -> Figure {
        let (mut lost, mut behind) = (Share::default(), Vec::new());
        for visit in self
            .visits
            .iter()
            .filter(|v| v.entered < period.from && v.left.is_none_or(|left| left >= period.from))
        {
            let gone = visit.left.is_some_and(|left| left <= period.to)
                && visit.next.is_some_and(|next| self.stages.is_lost(next));
            lost.count(gone);
            behind.extend(gone.then_some(visit.customer));
        }
        Figure::share(lost, behind)
    }

    /// Of the visits begun in the period, those that went on to a stage that is not a lost one.
    fn won_back(&self, period: Period) -> Figure {
        let (mut back, mut behind) = (Share::default(), Vec::new());
        for visit in self.begun(period) {
            let is_back = visit.next.is_some_and(|next| !self.stages.is_lost(next));
            back.count(is_back);
            behind.extend(is_back.then_some(visit.customer));
        }
        Figure::share(back, behind)
    }

    /// NPS of the answers that customers gave in the period while they were there, the latest of each person.
    fn nps(&self, said: &[Said], period: Period) -> Figure {
        let here =
            |s: &Said| s.kind == EventKind::Nps && period.has(s.day) && self.has(s.customer, s.day);
        let tally = tally(said.iter().enumerate().filter(|(_, s)| here(s)));
        let behind = tally
            .counted
            .iter()
            .map(|at| said[*at as usize].customer)
            .collect();
        match tally.verdict {
            Verdict::Score(nps) => Figure {
                cell: Cell::Score(nps),
                value: Some(nps.score),
                behind,
            },
            Verdict::None | Verdict::Answers(_) => Figure {
                cell: Cell::None,
                value: None,
                behind,
            },
        }
    }

    /// Tickets opened in the period for a hundred customers and a month of being there.
    fn ticket_load(&self, opened: &[(u32, Day)], period: Period) -> Figure {
        let end = period.to.plus(1);
        let days = |v: &&Visit| {
            v.left
                .unwrap_or(end)
                .min(end)
                .since(v.entered.max(period.from))
                .max(0)
        };
        let months = self.visits.iter().map(days).sum::<i64>() as f64 / MONTH;
        let here = |(customer, day): &&(u32, Day)| period.has(*day) && self.has(*customer, *day);
        let behind: Vec<u32> = opened
            .iter()
            .filter(here)
            .map(|(customer, _)| *customer)
            .collect();
        let value = (months > 0.0).then(|| behind.len() as f64 * 100.0 / months);
        Figure {
            cell: value.map_or(Cell::None, Cell::Number),
            value,
            behind,
        }
    }

    /// A figure over a period. `figures` are those of this stage by the visits begun in the period, `said` and `opened` (tickets:
    /// customer and day) those of the whole book.
    pub fn measure(
        &self,
        code: KpiCode,
        figures: &StageFigures,
        said: &[Said],
        opened: &[(u32, Day)],
        period: Period,
    ) -> Figure {
        let begun = || self.begun(period).map(|v| v.customer).collect();
        let days = |days: Option<f64>| Figure {
            cell: Cell::days(days),
            value: days,
            behind: begun(),
        };
        match code {
            KpiCode::NextConversion => {
                Figure::share(Share::new(figures.advanced, figures.ended), begun())
            }
            KpiCode::MedianDays => days(figures.median_days),
            KpiCode::P90Days => days(figures.p90_days),
            KpiCode::Entered => {
                let cell = Cell::Count(figures.entered);
                Figure {
                    cell,
                    value: Some(figures.entered as f64),
                    behind: begun(),
                }
            }
            KpiCode::Lost => self.lost(period),
            KpiCode::WonBack => self.won_back(period),
            KpiCode::Nps => self.nps(said, period),
            KpiCode::TicketLoad => self.ticket_load(opened, period),
        }
    }
}
