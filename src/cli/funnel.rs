//! `retain funnel`: counts, conversion and time in stage, with what was counted printed beside them.

use serde_json::json;

use super::fail::Done;
use super::list::mistaken;
use super::out::{Ink, one_line};
use super::{Cx, unexpected};
use crate::domain::funnel::{Mode, StageFigures};
use crate::domain::money;
use crate::domain::query::{FunnelPage, Page, PeriodAsk, Query};
use crate::domain::table::{By, Kind};

/// The funnel: counts, conversion and time in stage
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Only customers that pass this filter
    #[arg(long, short, value_name = "FILTER", default_value = "", add = super::complete::filters())]
    filter: String,
    /// Visits that began within the last so many days (default: all)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,
    /// How a skipped stage counts: in_order drops the customer from there, any_order counts a later stage too
    #[arg(long, value_name = "MODE", default_value = "in_order", value_parser = ["in_order", "any_order"])]
    mode: String,
    /// Split by owner, month, quarter, an attribute (channel), or compare with the period before: before
    #[arg(long, value_name = "WHAT")]
    by: Option<String>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    if let Some(by) = &args.by {
        let mode = if args.mode == "any_order" {
            Mode::AnyOrder
        } else {
            Mode::InOrder
        };
        let period = args.days.map_or(PeriodAsk::All, PeriodAsk::Days);
        return super::tables::table(
            cx,
            Kind::Split(By::named(by)),
            &args.filter,
            period,
            mode,
            &say!("any.no_visits_these_days"),
        );
    }
    let mut store = cx.open_to_look()?;
    let mode = if args.mode == "any_order" {
        Mode::AnyOrder
    } else {
        Mode::InOrder
    };
    let period = Some(args.days.map_or(PeriodAsk::All, PeriodAsk::Days));
    let ask = Query::Funnel {
        filter: args.filter.clone(),
        period,
        mode,
    };
    let Page::Funnel(page) = store.answer(&ask)? else {
        return Err(unexpected().into());
    };
    if let Some(mistake) = &page.mistake {
        return Err(mistaken(&args.filter, mistake).into());
    }
    let currency = store.config().currency;
    if cx.out.json {
        return cx.out.rows(
            "stages",
            json!({
                "currency": currency,
                "filter": args.filter,
                "mode": page.mode,
                "from": page.period.from,
                "to": page.period.to,
                "stages": page.stages,
                "flows": page.flows,
            }),
        );
    }
    print(cx, &page, currency)
}

fn print(cx: &mut Cx<'_>, page: &FunnelPage, currency: money::Currency) -> Done {
    let mode = match page.mode {
        Mode::InOrder => "in order",
        Mode::AnyOrder => "any order",
    };
    let cohort = page.stages.first().map_or(0, |s| s.cohort);
    let title = say!(
        "funnel.visits_from_entered_first",
        from = page.period.from,
        to = page.period.to,
        mode = mode,
        cohort = cohort
    );
    let title = cx.out.paint(Ink::Dim, &title);
    cx.out.line(&title)?;
    let row = |s: &StageFigures| {
        vec![
            one_line(&s.label),
            s.count.to_string(),
            s.arr.short(currency),
            s.entered.to_string(),
            ratio(s.advanced, s.ended),
            s.open.to_string(),
            ratio(s.reached, s.cohort),
            days(s.median_days),
            days(s.p90_days),
            s.age_median
                .map_or_else(|| "-".to_owned(), |d| d.to_string()),
            s.behind.to_string(),
            s.stuck.to_string(),
        ]
    };
    let rows: Vec<_> = page.stages.iter().map(row).collect();
    let heads = [
        "stage",
        "now",
        "ARR",
        "entered",
        "went on",
        "still open",
        "reached",
        "median days",
        "p90 days",
        "age now",
        "behind",
        "stuck",
    ];
    let mut right = [true; 12];
    right[0] = false;
    cx.out.table(&heads, &right, &rows)?;
    let note = say!("funnel.went_on_visits_ended");
    let note = cx.out.paint(Ink::Dim, &note);
    Ok(cx.out.line(&note)?)
}

/// A ratio with what it is of; no data is a dash, never 0 %.
fn ratio(part: usize, of: usize) -> String {
    if of == 0 {
        return "-".to_owned();
    }
    format!("{}% {part}/{of}", (part * 100 + of / 2) / of)
}

fn days(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |d| format!("{d:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_visits_are_no_ratio() {
        assert_eq!(
            (
                ratio(0, 0).as_str(),
                ratio(1, 3).as_str(),
                ratio(2, 3).as_str()
            ),
            ("-", "33% 1/3", "67% 2/3")
        );
    }
}
