//! Figures in rows: the funnel split by something, targets, help before purchase, issues that come again.
//!
//! One shape for all of them, so that the screen, the subcommands and JSON show the same: columns by code, cells by kind, and
//! behind each row the customers that it counts.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::filter::Mistake;
use super::funnel::{Mode, Period, PeriodAsk};
use super::nps::Nps;
use super::proportion::Share;
use super::survival::{LogRank, Quantile};

/// Which table.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Kind {
    /// The funnel by something.
    Split(By),
    /// The stages' figures beside their targets, and by month.
    Targets,
    /// Prospects who asked for help, and who of them bought.
    Help,
    /// Tickets about the same thing.
    #[default]
    Issues,
    /// How long a stay lasts, and where it ends: quartiles, restricted mean, cumulative incidence by next stage.
    Stays,
    /// How long a stay lasts by parts, and whether they differ (log-rank).
    StaysBy(By),
    /// The share of stays that last longer, day by day.
    Curve,
}

impl Kind {
    /// What a word names: `issues`, `help`, `targets`, `by:owner`.
    pub fn named(word: &str) -> Kind {
        match word.split_once(':') {
            Some(("by", by)) => Kind::Split(By::named(by)),
            Some(("stays", by)) => Kind::StaysBy(By::named(by)),
            _ => match word {
                "help" => Kind::Help,
                "targets" => Kind::Targets,
                "stays" => Kind::Stays,
                "curve" => Kind::Curve,
                _ => Kind::Issues,
            },
        }
    }

    /// The word that names it.
    pub fn word(&self) -> String {
        match self {
            Kind::Issues => "issues".to_owned(),
            Kind::Stays => "stays".to_owned(),
            Kind::StaysBy(by) => format!("stays:{}", by.word()),
            Kind::Curve => "curve".to_owned(),
            Kind::Help => "help".to_owned(),
            Kind::Targets => "targets".to_owned(),
            Kind::Split(by) => format!("by:{}", by.word()),
        }
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> String {
        kind.word()
    }
}

impl From<String> for Kind {
    fn from(word: String) -> Kind {
        Kind::named(&word)
    }
}

/// By what the funnel or the stays are split.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum By {
    /// By owner.
    Owner,
    /// By a custom attribute: its code.
    Attribute(String),
    /// By the month in which the relationship started.
    Month,
    /// By the quarter.
    Quarter,
    /// This period and the one before it, of the same length.
    Before,
}

impl By {
    /// What a word names: `owner`, `month`, `quarter`, `before`, or an attribute.
    pub fn named(word: &str) -> By {
        match word {
            "owner" => By::Owner,
            "month" => By::Month,
            "quarter" => By::Quarter,
            "before" => By::Before,
            other => By::Attribute(other.strip_prefix("attr.").unwrap_or(other).to_owned()),
        }
    }

    /// The word that names it.
    pub fn word(&self) -> &str {
        match self {
            By::Owner => "owner",
            By::Month => "month",
            By::Quarter => "quarter",
            By::Before => "before",
            By::Attribute(code) => code,
        }
    }
}

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct TableAsk {
    /// Which table.
    pub kind: Kind,
    /// Only customers that pass.
    pub filter: String,
    /// Over which days.
    pub period: PeriodAsk,
    /// How a skipped stage counts.
    pub mode: Mode,
}

/// One figure.
#[derive(Clone, PartialEq, Debug)]
pub enum Cell {
    /// No data.
    None,
    /// Words: a name, a label.
    Text(String),
    /// A count.
    Count(usize),
    /// A share with its interval.
    Share(Share),
    /// Days.
    Days(f64),
    /// Days with their interval.
    Quantile(Quantile),
    /// A part of 1 that was estimated.
    Part(f64),
    /// A net promoter score with its interval.
    Score(Nps),
    /// A number that is no count.
    Number(f64),
    /// Ends of the 95 % interval of such a part.
    Ends(f64, f64),
    /// Whether parts differ.
    Test(LogRank),
    /// A target: whole per cent, days or a count, as the row says.
    Target(u16),
    /// Figures of the last months, oldest first; nothing where there was no data.
    Months(Vec<Option<f64>>),
    /// The target is met, or not.
    Met(bool),
}

impl Cell {
    /// Days where they are known.
    pub fn days(days: Option<f64>) -> Cell {
        days.map_or(Cell::None, Cell::Days)
    }

    /// As a list shows it; no data is a dash.
    pub fn show(&self) -> String {
        match self {
            Cell::None => "-".to_owned(),
            Cell::Text(text) => text.clone(),
            Cell::Count(n) => n.to_string(),
            Cell::Share(share) if share.of == 0 => "-".to_owned(),
            Cell::Share(share) => share.percent_with_interval(),
            Cell::Quantile(q) => {
                let end = |d: Option<f64>| d.map_or_else(|| "?".to_owned(), |d| format!("{d:.0}"));
                q.days.map_or_else(
                    || "-".to_owned(),
                    |days| format!("{days:.0}d ({}-{})", end(q.low), end(q.high)),
                )
            }
            Cell::Part(part) => format!("{:.0}%", part * 100.0),
            Cell::Score(nps) => format!("{:.0} ({:.0} to {:.0})", nps.score, nps.low, nps.high),
            Cell::Number(n) => format!("{n:.1}"),
            Cell::Ends(low, high) => format!("{:.0}-{:.0}%", low * 100.0, high * 100.0),
            Cell::Test(LogRank { chi2, df, p }) if *p < 0.001 => {
                format!("p<0.001 ({chi2:.1}, {df} df)")
            }
            Cell::Test(LogRank { chi2, df, p }) => format!("p={p:.3} ({chi2:.1}, {df} df)"),
            Cell::Days(days) if days.fract() == 0.0 => format!("{days:.0}d"),
            Cell::Days(days) => format!("{days:.1}d"),
            Cell::Target(n) => n.to_string(),
            Cell::Months(months) => {
                let one = |m: &Option<f64>| m.map_or_else(|| "-".to_owned(), |n| format!("{n:.0}"));
                months.iter().map(one).collect::<Vec<_>>().join(" ")
            }
            Cell::Met(met) => if *met { "yes" } else { "no" }.to_owned(),
        }
    }

    /// With raw units; `null` without data.
    pub fn json(&self) -> Json {
        match self {
            Cell::None => Json::Null,
            Cell::Text(text) => text.as_str().into(),
            Cell::Count(n) => (*n).into(),
            Cell::Share(share) => {
                json!({"part": share.part, "of": share.of, "ratio": share.ratio(), "wilson": share.wilson()})
            }
            Cell::Days(days) => json!(days),
            Cell::Quantile(q) => json!({"days": q.days, "lo": q.low, "hi": q.high}),
            Cell::Part(part) => json!(part),
            Cell::Score(nps) => json!(nps),
            Cell::Number(n) => json!(n),
            Cell::Ends(low, high) => json!([low, high]),
            Cell::Test(test) => json!(test),
            Cell::Target(n) => (*n).into(),
            Cell::Months(months) => json!(months),
            Cell::Met(met) => (*met).into(),
        }
    }

    /// True for words, which stand at the left.
    pub fn is_text(&self) -> bool {
        matches!(self, Cell::Text(_) | Cell::Months(_))
    }
}

/// One row.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Row {
    /// One a column.
    pub cells: Vec<Cell>,
    /// The customers (rows of the roster) that it counts, each once, ascending.
    pub customers: Vec<u32>,
}

impl Row {
    /// A row of these cells; its customers are put in order, each once.
    pub fn new(cells: Vec<Cell>, mut customers: Vec<u32>) -> Row {
        customers.sort_unstable();
        customers.dedup();
        Row { cells, customers }
    }
}

/// A table.
#[derive(Clone, PartialEq, Debug)]
pub struct TablePage {
    /// Codes of its columns: words under `[table]`, names in JSON.
    pub heads: Vec<&'static str>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// Over which days.
    pub period: Period,
    /// A mistake in the filter.
    pub mistake: Option<Mistake>,
    /// Not all figures are there yet: the same question asked again answers more.
    pub computing: bool,
}
