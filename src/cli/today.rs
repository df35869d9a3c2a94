//! `retain today`: who needs a person today, and why. The parts of a priority add up to it.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::Cx;
use super::fail::Done;
use super::list::rows_page;
use super::out::with;
use super::out::{Ink, one_line};
use crate::domain::health::Band;
use crate::domain::priority::{Priority, Why};
use crate::domain::query::Query;
use crate::domain::roster::Roster;
use crate::text::words::Words;

/// Who needs you today, and why
///
/// The priority is the sum of the reasons' points times the money factor; the parts are printed and add up to it.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Only customers of this owner; "me" is you
    #[arg(long, value_name = "NAME", add = super::complete::owners())]
    owner: Option<String>,
    /// Only customers that pass this filter
    #[arg(long, short, value_name = "FILTER", default_value = "", add = super::complete::filters())]
    filter: String,
    /// At most so many
    #[arg(long, short = 'n', value_name = "N")]
    limit: Option<usize>,
    /// Those that are snoozed instead
    #[arg(long)]
    snoozed: bool,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open_to_look()?;
    let filter = match &args.owner {
        Some(owner) => format!("{} {}", owner_filter(owner), args.filter)
            .trim_end()
            .to_owned(),
        None => args.filter.clone(),
    };
    let page = rows_page(
        &mut store,
        &Query::Triage {
            filter: filter.clone(),
            snoozed: args.snoozed,
        },
        &filter,
    )?;
    let shown = args.limit.unwrap_or(usize::MAX).min(page.rows.len());
    let shared = store.roster()?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let rows = &page.rows[..shown];
    if cx.out.json {
        let list: Vec<Value> = rows
            .iter()
            .map(|at| row_json(&roster, *at as usize))
            .collect();
        return cx.out.rows(
            "rows",
            json!({
                "as_of": roster.today,
                "currency": roster.config.currency,
                "median_arr": roster.median_arr,
                "count": page.rows.len(),
                "of": page.of,
                "rows": list,
            }),
        );
    }
    if rows.is_empty() {
        return Ok(cx.out.line(&say!("today.nobody_needs_you_today"))?);
    }
    let words = Words::english();
    for at in rows {
        print_row(cx, &words, &roster, *at as usize)?;
    }
    if shown < page.rows.len() {
        cx.out
            .line(&format!("and {} more", page.rows.len() - shown))?;
    }
    Ok(())
}

/// The owner as the filter language has it.
pub(super) fn owner_filter(owner: &str) -> String {
    let owner = owner.trim();
    if owner.is_empty() || owner.contains([' ', '"', ':', '|', '(', ')']) {
        format!("owner:\"{}\"", owner.replace('"', ""))
    } else {
        format!("owner:{owner}")
    }
}

/// The reasons of a row with their priority.
pub(super) fn priority_of(roster: &Roster, at: usize) -> (Vec<Why>, Priority) {
    let reasons = roster.reasons(at);
    let priority = roster.priority_of(at, &reasons);
    (reasons, priority)
}

/// A priority with its reasons as JSON. `tenths` of the parts add up to `tenths`.
pub(super) fn priority_json(reasons: &[Why], priority: &Priority) -> Value {
    let part = |(why, (code, points, tenths)): (&Why, &(&'static str, u16, u32))| json!({ "reason": code, "points": points, "tenths": tenths, "figure": why.figure, "since": why.key.day });
    json!({
        "priority": f64::from(priority.tenths) / 10.0,
        "tenths": priority.tenths,
        "money_factor": f64::from(priority.factor) / 1000.0,
        "reasons": reasons.iter().zip(&priority.parts).map(part).collect::<Vec<_>>(),
    })
}

fn row_json(roster: &Roster, at: usize) -> Value {
    let (reasons, priority) = priority_of(roster, at);
    let row = &roster.rows[at];
    let value = json!({
        "id": roster.ids[at],
        "name": roster.name(at),
        "owner": roster.owner(at),
        "stage": roster.config.stages.code(row.signals.stage),
        "health": row.health.score,
    });
    let value = with(value, &roster.arr(at));
    let value = with(value, &json!({ "renews": row.signals.renews }));
    with(value, &priority_json(&reasons, &priority))
}

fn print_row(cx: &mut Cx<'_>, words: &Words, roster: &Roster, at: usize) -> Done {
    let (reasons, priority) = priority_of(roster, at);
    let row = &roster.rows[at];
    let name = cx.out.paint(Ink::Bold, &one_line(roster.name(at)));
    let health = row
        .health
        .score
        .map_or_else(|| "-".to_owned(), |s| s.to_string());
    let health = cx
        .out
        .paint(band_ink(row.health.band), &format!("health {health}"));
    let owner = if roster.owner(at).is_empty() {
        "nobody"
    } else {
        roster.owner(at)
    };
    let arr = roster.arr(at).short(roster.config.currency);
    let stage = one_line(roster.config.stages.label(row.signals.stage));
    cx.out.line(&format!(
        "{:>6}  {name}  {stage}, {health}, ARR {arr}, {}",
        tenths(priority.tenths),
        one_line(owner)
    ))?;
    for (why, (code, points, part)) in reasons.iter().zip(&priority.parts) {
        let factor = f64::from(priority.factor) / 1000.0;
        let line = format!(
            "{:>6}  {} ({points} points × {factor:.2})",
            tenths(*part),
            one_line(&words.why(code, i64::from(why.figure)))
        );
        let line = format!("        {}", cx.out.paint(Ink::Dim, &line));
        cx.out.line(&line)?;
    }
    Ok(())
}

/// Tenths of a point as a person reads them.
pub(super) fn tenths(n: u32) -> String {
    format!("{}.{}", n / 10, n % 10)
}

/// The ink of a band; the figure says it too.
pub(super) fn band_ink(band: Band) -> Ink {
    match band {
        Band::Good => Ink::Good,
        Band::Watch => Ink::Watch,
        Band::Risk => Ink::Risk,
        Band::Unknown => Ink::Dim,
    }
}
