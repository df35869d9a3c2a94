//! The figures of a stage as words, and which list of customers stands behind each.

use crate::domain::funnel::StageFigures;
use crate::domain::query::{PeriodAsk, View};
use crate::domain::stage::StageClass;

/// A figure that has a list of customers behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Drill {
    /// Customers in the stage today.
    Count,
    /// Their ARR: the largest first.
    Arr,
    /// Their ages: the oldest first.
    Age,
    /// Visits entered in the period that are still open.
    Open,
    /// Above the expected days, the stuck ones included.
    Behind,
    /// The stuck ones.
    Stuck,
}

/// In the order in which the cursor visits them.
pub(super) const DRILLS: [Drill; 6] = [
    Drill::Count,
    Drill::Arr,
    Drill::Age,
    Drill::Open,
    Drill::Behind,
    Drill::Stuck,
];

impl Drill {
    /// The customers behind the figure of a stage, within the funnel's own filter.
    pub(super) fn view(self, stage: &str, filter: &str, period: PeriodAsk) -> View {
        let own = match (self, period) {
            (Drill::Open, PeriodAsk::Days(days)) => format!("stage:{stage} since<{days}d"),
            (Drill::Behind, _) => format!("stage:{stage} (behind or stuck)"),
            (Drill::Stuck, _) => format!("stage:{stage} stuck"),
            _ => format!("stage:{stage}"),
        };
        let filter = filter.trim();
        let filter = match filter {
            "" => own,
            _ if filter
                .split_whitespace()
                .any(|w| w.eq_ignore_ascii_case("or")) =>
            {
                format!("({filter}) {own}")
            }
            _ => format!("{filter} {own}"),
        };
        let (sort, descending) = match self {
            Drill::Arr => ("arr", true),
            Drill::Age | Drill::Open | Drill::Behind | Drill::Stuck => ("since", false),
            Drill::Count => ("", false),
        };
        View {
            filter,
            sort: sort.to_owned(),
            descending,
            ..View::default()
        }
    }
}

/// A share in whole percent, halves up; `-` of nothing.
pub(super) fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        "-".to_owned()
    } else {
        format!("{}%", (part * 200 + whole) / (whole * 2))
    }
}

/// The share of the ended visits that went on; `-` for a stage that nobody goes on from.
pub(super) fn conversion(figures: &StageFigures) -> String {
    if figures.class == StageClass::Lost {
        "-".to_owned()
    } else {
        percent(figures.advanced, figures.ended)
    }
}

/// Days without a fraction; `-` where the estimate does not reach that far.
pub(super) fn days(days: Option<f64>) -> String {
    days.map_or_else(|| "-".to_owned(), |d| format!("{d:.0}d"))
}

/// An age in days; `-` for nobody.
pub(super) fn age(days: Option<i64>) -> String {
    days.map_or_else(|| "-".to_owned(), |d| format!("{d}d"))
}

/// Expected days; `-` for none.
pub(super) fn expected(figures: &StageFigures) -> String {
    if figures.expected == 0 {
        "-".to_owned()
    } else {
        format!("{}d", figures.expected)
    }
}
