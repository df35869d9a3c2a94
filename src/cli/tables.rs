//! `retain funnel --by`, `retain stays`, `retain targets`, `retain help-first` and `retain issues`: figures in rows.

use serde_json::{Map, Value, json};

use super::fail::Done;
use super::list::mistaken;
use super::nps::Window;
use super::out::{Ink, one_line};
use super::{Cx, unexpected};
use crate::domain::funnel::Mode;
use crate::domain::query::{Page, PeriodAsk, Query};
use crate::domain::table::{By, Kind, TableAsk};

/// The stages' figures beside their targets, and by month (targets: retain config set stages)
#[derive(clap::Args, Debug)]
pub(super) struct TargetArgs {
    #[command(flatten)]
    window: Window,
}

/// Prospects who called, wrote or chatted before they bought, and how many did buy, beside the others
#[derive(clap::Args, Debug)]
pub(super) struct HelpArgs {
    #[command(flatten)]
    window: Window,
}

/// Tickets about the same thing: how many, of whom, how many open, how long they take
#[derive(clap::Args, Debug)]
pub(super) struct IssueArgs {
    #[command(flatten)]
    window: Window,
}

/// How long a stay in each stage lasts, and where it ends: quartiles with intervals, and shares gone by next stage
#[derive(clap::Args, Debug)]
pub(super) struct StayArgs {
    #[command(flatten)]
    window: Window,
    /// Print the share that is still there, day by day, with its interval
    #[arg(long, conflicts_with = "by")]
    curve: bool,
    /// Split by owner, month, quarter or an attribute (channel), and test whether the parts differ (log-rank)
    #[arg(long, value_name = "WHAT")]
    by: Option<String>,
}

pub(super) fn stays(cx: &mut Cx<'_>, args: &StayArgs) -> Done {
    let kind = match &args.by {
        Some(by) => Kind::StaysBy(By::named(by)),
        None if args.curve => Kind::Curve,
        None => Kind::Stays,
    };
    windowed(cx, kind, &args.window, &say!("any.no_visits_these_days"))
}

pub(super) fn targets(cx: &mut Cx<'_>, args: &TargetArgs) -> Done {
    windowed(
        cx,
        Kind::Targets,
        &args.window,
        "no stage has a target: kpi = [{code = \"next_conversion\", target = 40}] in the stages",
    )
}

pub(super) fn help_first(cx: &mut Cx<'_>, args: &HelpArgs) -> Done {
    windowed(
        cx,
        Kind::Help,
        &args.window,
        &say!("tables.no_prospects_these_days"),
    )
}

pub(super) fn issues(cx: &mut Cx<'_>, args: &IssueArgs) -> Done {
    windowed(
        cx,
        Kind::Issues,
        &args.window,
        &say!("tables.no_tickets_these_days"),
    )
}

fn windowed(cx: &mut Cx<'_>, kind: Kind, window: &Window, nothing: &str) -> Done {
    let store = cx.open()?;
    let period = window.period(store.today());
    drop(store);
    table(cx, kind, &window.filter, period, Mode::InOrder, nothing)
}

/// Prints a table; `nothing` is said where it has no rows.
pub(super) fn table(
    cx: &mut Cx<'_>,
    kind: Kind,
    filter: &str,
    period: PeriodAsk,
    mode: Mode,
    nothing: &str,
) -> Done {
    let mut store = cx.open()?;
    let Page::Table(page) = store.answer_whole(&Query::Table(TableAsk {
        kind,
        filter: filter.to_owned(),
        period,
        mode,
    }))?
    else {
        return Err(unexpected().into());
    };
    if let Some(mistake) = &page.mistake {
        return Err(mistaken(filter, mistake).into());
    }
    if cx.out.json {
        let row = |row: &crate::domain::table::Row| {
            let cells = page
                .heads
                .iter()
                .zip(&row.cells)
                .map(|(head, cell)| ((*head).to_owned(), cell.json()));
            Value::Object(
                cells
                    .chain([("customers_behind".to_owned(), row.customers.len().into())])
                    .collect::<Map<_, _>>(),
            )
        };
        let rows: Vec<Value> = page.rows.iter().map(row).collect();
        return cx.out.rows("rows", json!({"filter": filter, "from": page.period.from, "to": page.period.to, "mode": mode, "rows": rows}));
    }
    let title = say!(
        "tables.from_shares_with_their",
        from = page.period.from,
        to = page.period.to
    );
    let title = cx.out.paint(Ink::Dim, &title);
    cx.out.line(&title)?;
    if page.rows.is_empty() {
        return Ok(cx.out.line(nothing)?);
    }
    let heads: Vec<String> = page.heads.iter().map(|h| h.replace('_', " ")).collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let right: Vec<bool> = page.rows[0].cells.iter().map(|c| !c.is_text()).collect();
    let rows: Vec<Vec<String>> = page
        .rows
        .iter()
        .map(|r| r.cells.iter().map(|c| one_line(&c.show())).collect())
        .collect();
    cx.out.table(&heads, &right, &rows)?;
    let notes = [
        ("half_left", say!("tables.product_limit_with_log")),
        ("went_to", say!("tables.by_next_stage_cumulative")),
        ("log_rank", say!("tables.log_rank_over_parts")),
        ("still_there", say!("tables.product_limit_with_greenwood")),
        ("median_days", say!("tables.median_p90_product_limit")),
    ];
    for (_, note) in notes.iter().filter(|(head, _)| page.heads.contains(head)) {
        let note = cx.out.paint(Ink::Dim, note);
        cx.out.line(&note)?;
    }
    Ok(())
}
