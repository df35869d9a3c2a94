//! `retain health`: a customer's score, how it came about, what changed since a day, and a person's word over it. Both tables
//! add up.

mod backtest;
mod moving;

use std::collections::HashMap;

use serde_json::{Value, json};

use super::fail::Done;
use super::out::{Ink, one_line};
use super::today::band_ink;
use super::{Cx, unexpected};
use crate::domain::command::Command;
use crate::domain::health::{Explanation, Line, OVERRIDE, difference};
use crate::domain::query::{Page, Query};
use crate::text::words::Words;

/// A customer's health, how it came about, and what changed
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Id, key or name
    #[arg(required_unless_present_any = ["backtest", "movers"], add = super::complete::customers())]
    customer: Option<String>,
    /// Print every measure: value, points, weight, and what it adds
    #[arg(long)]
    explain: bool,
    /// Print what moved the score since this day: 2026-10-01, "28d ago"
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Set the score, 0 to 100, whatever the measures say; needs --until and --reason
    #[arg(long, value_name = "SCORE", value_parser = clap::value_parser!(u8).range(0..=100), requires = "until", requires = "reason")]
    set: Option<u8>,
    /// The last day on which the set score holds: 2w, "8 dec", 2026-12-08
    #[arg(long, value_name = "DATE", requires = "set")]
    until: Option<String>,
    /// Why
    #[arg(long, value_name = "WORDS")]
    reason: Option<String>,
    /// Let the measures hold again
    #[arg(long, conflicts_with = "set")]
    unset: bool,
    /// Print the scores of so many months, week by week up to 6m, by month ends beyond: 3m, 12m, 2y
    #[arg(long, value_name = "TIME", value_parser = months, requires = "customer")]
    trend: Option<u16>,
    /// Print the customers whose score moved most, both ways
    #[arg(long, conflicts_with = "customer")]
    movers: bool,
    /// How many days back the movers are compared
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=3660), requires = "movers")]
    days: u16,
    /// Only movers that pass this filter
    #[arg(long, short, value_name = "FILTER", default_value = "", requires = "movers", add = super::complete::filters())]
    filter: String,
    /// Does the score tell anything? Scores of past month ends against the customers that were lost within 90 days
    #[arg(long, conflicts_with = "customer")]
    backtest: bool,
    /// So many month ends
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u8).range(1..=120), requires = "backtest")]
    months: u8,
}

/// A number of months written as 3m or 2y.
fn months(text: &str) -> Result<u16, String> {
    let number = |unit: char| text.strip_suffix(unit).and_then(|n| n.parse::<u16>().ok());
    let months = number('m').or_else(|| number('y').and_then(|n| n.checked_mul(12)));
    months
        .filter(|m| (1..=240).contains(m))
        .ok_or_else(|| "write it as 3m or 2y, 20y at most".to_owned())
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open_to_look()?;
    if args.backtest {
        return backtest::run(cx, &mut store, args.months);
    }
    if args.movers {
        return moving::movers(cx, &mut store, &args.filter, args.days);
    }
    let customer = store.find_customer(args.customer.as_deref().unwrap_or_default())?;
    if args.set.is_some() || args.unset {
        let hold = args.set.zip(cx.day(&store, args.until.as_deref())?);
        let reason = args.reason.clone().unwrap_or_default();
        return cx.write(
            &mut store,
            &Command::Override {
                customer,
                hold,
                reason,
            },
        );
    }
    if let Some(months) = args.trend {
        return moving::trend(cx, &mut store, customer, months);
    }
    let since = cx
        .past(&store, args.since.as_deref())?
        .map(|at| store.config().zone.day(at));
    let Page::Health(pair) = store.answer(&Query::Health { customer, since })? else {
        return Err(unexpected().into());
    };
    let (now, before) = *pair;
    if cx.out.json {
        let value = json!({
            "id": customer,
            "health": explanation_json(&now),
            "before": before.as_ref().map(explanation_json),
            "changes": before.as_ref().map(|b| changes_json(b, &now)),
        });
        return Ok(cx.out.object(value)?);
    }
    print_score(cx, &now)?;
    if args.explain {
        print_lines(cx, &now)?;
    }
    if let Some(before) = before {
        print_changes(cx, &before, &now)?;
    }
    Ok(())
}

/// An explanation as JSON; the lines' `contribution` (hundredths of a point) add up to 100 times the score.
pub(super) fn explanation_json(e: &Explanation) -> Value {
    json!({
        "day": e.day,
        "score": e.health.score,
        "band": e.health.band,
        "measured": { "score": e.measured.score, "band": e.measured.band },
        "override": e.held,
        "action": e.action,
        "coverage": e.health.coverage,
        "scorecard": e.scorecard,
        "label": e.label,
        "filter": e.filter,
        "version": e.version,
        "present": e.present,
        "total": e.total,
        "lines": e.lines,
    })
}

fn changes_json(before: &Explanation, now: &Explanation) -> Vec<Value> {
    let one = |(measure, was, is): (String, i32, i32)| json!({ "measure": measure, "before": was, "after": is, "difference": is - was });
    difference(before, now).into_iter().map(one).collect()
}

fn print_score(cx: &mut Cx<'_>, e: &Explanation) -> Done {
    let score = match e.health.score {
        Some(score) => format!("{score} {}", e.health.band.code()),
        None => "insufficient data".to_owned(),
    };
    let score = cx.out.paint(band_ink(e.health.band), &score);
    let measured = e.lines.iter().filter(|l| l.raw.is_some()).count();
    let line = say!(
        "health.health_on_from_measures",
        score = score,
        day = e.day,
        measured = measured,
        lines = e.lines.len(),
        coverage = e.health.coverage
    );
    cx.out.line(&line)?;
    if let Some(words) = held_words(e) {
        cx.out.line(&words)?;
    }
    let filter = if e.filter.is_empty() {
        String::new()
    } else {
        format!(" ({})", one_line(&e.filter))
    };
    let card = format!(
        "scorecard {}{filter}, version {}",
        one_line(&e.label),
        e.version
    );
    let card = cx.out.paint(Ink::Dim, &card);
    cx.out.line(&card)?;
    if !e.action.is_empty() {
        cx.out.line(&format!("next: {}", one_line(&e.action)))?;
    }
    Ok(())
}

/// Who set the score, until when and why, and what the measures say; nothing where they hold.
pub(super) fn held_words(e: &Explanation) -> Option<String> {
    let held = e.held.as_ref()?;
    let until = held.until.map(|d| d.to_string()).unwrap_or_default();
    let measured = e
        .measured
        .score
        .map_or_else(|| "have too little data".to_owned(), |s| format!("say {s}"));
    Some(
        say!(
            "health.set_by_until_measures",
            score = held.score,
            by = one_line(&held.by),
            until = until,
            reason = one_line(&held.reason),
            measured = measured
        )
        .to_string(),
    )
}

fn print_lines(cx: &mut Cx<'_>, e: &Explanation) -> Done {
    let words = Words::english();
    let mut rows: Vec<Vec<String>> = e.lines.iter().map(|l| line_cells(&words, l)).collect();
    let sum: i32 = e.lines.iter().map(|l| l.contribution).sum::<i32>() + e.shift();
    if e.held.is_some() {
        let mut row = vec![String::new(); 7];
        (row[0], row[6]) = (one_line(words.measure(OVERRIDE)), points(e.shift()));
        rows.push(row);
    }
    rows.push(vec![
        "sum".into(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        format!("{}/{}", e.present, e.total),
        points(sum),
    ]);
    let heads = [
        "measure", "value", "of", "segment", "points", "weight", "adds",
    ];
    Ok(cx.out.table(
        &heads,
        &[false, true, false, false, true, true, true],
        &rows,
    )?)
}

fn line_cells(words: &Words, line: &Line) -> Vec<String> {
    let dash = || "-".to_owned();
    vec![
        one_line(words.measure(&line.measure)),
        value(line),
        line.day.map_or_else(dash, |d| d.to_string()),
        line.segment
            .map_or_else(dash, |(r0, p0, r1, p1)| format!("{r0}:{p0} → {r1}:{p1}")),
        line.points
            .map_or_else(dash, |p| format!("{}.{}", p / 10, p % 10)),
        line.weight.to_string(),
        points(line.contribution),
    ]
}

/// The raw value; where there is none, what counts in its place.
fn value(line: &Line) -> String {
    match (line.raw, line.points) {
        (Some(raw), _) => format!("{raw}{}", line.unit),
        (None, Some(_)) => say!("health.no_data_assumed").to_string(),
        (None, None) => "no data".to_owned(),
    }
}

/// Hundredths of a point as a person reads them.
fn points(hundredths: i32) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

fn print_changes(cx: &mut Cx<'_>, before: &Explanation, now: &Explanation) -> Done {
    let was = before
        .health
        .score
        .map_or_else(|| "no score".to_owned(), |s| s.to_string());
    let is = now
        .health
        .score
        .map_or_else(|| "no score".to_owned(), |s| s.to_string());
    cx.out
        .line(&format!("since {}: {was} → {is}", before.day))?;
    let raw = |e: &Explanation| -> HashMap<String, String> {
        e.lines
            .iter()
            .map(|l| (l.measure.clone(), value(l)))
            .collect()
    };
    let (raw_before, raw_now) = (raw(before), raw(now));
    let words = Words::english();
    let none = "-".to_owned();
    let mut sum = 0;
    let mut rows = Vec::new();
    for (measure, was, is) in difference(before, now) {
        sum += is - was;
        let values =
            [raw_before.get(&measure), raw_now.get(&measure)].map(|v| v.unwrap_or(&none).clone());
        let [value_was, value_is] = values;
        rows.push(vec![
            one_line(words.measure(&measure)),
            value_was,
            value_is,
            points(was),
            points(is),
            points(is - was),
        ]);
    }
    rows.push(vec![
        "sum".into(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        points(sum),
    ]);
    Ok(cx.out.table(
        &["measure", "was", "is", "added", "adds", "moved"],
        &[false, true, true, true, true, true],
        &rows,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundredths_keep_their_sign() {
        assert_eq!(
            (points(-5), points(1234), points(0)),
            ("-0.05".to_owned(), "12.34".to_owned(), "0.00".to_owned())
        );
    }
}
