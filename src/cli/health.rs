//! `retain health`: a customer's score, how it came about, and what changed since a day. Both tables add up.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::fail::Done;
use super::out::{Ink, one_line};
use super::today::band_ink;
use super::{Cx, unexpected};
use crate::domain::health::{Band, Explanation, Line, difference};
use crate::domain::query::{Page, Query};
use crate::text::words::Words;

/// A customer's health, how it came about, and what changed
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Id, key or name
    customer: String,
    /// Print every measure: value, points, weight, and what it adds
    #[arg(long)]
    explain: bool,
    /// Print what moved the score since this day: 2026-10-01, "28d ago"
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open_to_look()?;
    let customer = store.find_customer(&args.customer)?;
    let since = cx.past(&store, args.since.as_deref())?.map(|at| store.config().zone.day(at));
    let Page::Health(pair) = store.answer(&Query::Health { customer, since })? else { return Err(unexpected().into()) };
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
        "coverage": e.health.coverage,
        "scorecard": e.scorecard,
        "label": e.label,
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
        Some(score) => format!("{score} {}", band_word(e.health.band)),
        None => "insufficient data".to_owned(),
    };
    let score = cx.out.paint(band_ink(e.health.band), &score);
    let measured = e.lines.iter().filter(|l| l.points.is_some()).count();
    let line = format!("health {score} on {}, from {measured} of {} measures ({}% of the weight)", e.day, e.lines.len(), e.health.coverage);
    cx.out.line(&line)?;
    let card = format!("scorecard {}, version {}", one_line(&e.label), e.version);
    let card = cx.out.paint(Ink::Dim, &card);
    Ok(cx.out.line(&card)?)
}

fn band_word(band: Band) -> &'static str {
    match band {
        Band::Good => "good",
        Band::Watch => "watch",
        Band::Risk => "risk",
        Band::Unknown => "unknown",
    }
}

fn print_lines(cx: &mut Cx<'_>, e: &Explanation) -> Done {
    let words = Words::english();
    let mut rows: Vec<Vec<String>> = e.lines.iter().map(|l| line_cells(&words, l)).collect();
    let sum: i32 = e.lines.iter().map(|l| l.contribution).sum();
    rows.push(vec![
        "sum".into(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        format!("{}/{}", e.present, e.total),
        points(sum),
    ]);
    let heads = ["measure", "value", "of", "segment", "points", "weight", "adds"];
    Ok(cx.out.table(&heads, &[false, true, false, false, true, true, true], &rows)?)
}

fn line_cells(words: &Words, line: &Line) -> Vec<String> {
    let dash = || "-".to_owned();
    vec![
        one_line(words.measure(&line.measure)),
        line.raw.map_or_else(|| "no data".to_owned(), |raw| format!("{raw}{}", line.unit)),
        line.day.map_or_else(dash, |d| d.to_string()),
        line.segment.map_or_else(dash, |(r0, p0, r1, p1)| format!("{r0}:{p0} → {r1}:{p1}")),
        line.points.map_or_else(dash, |p| format!("{}.{}", p / 10, p % 10)),
        line.weight.to_string(),
        points(line.contribution),
    ]
}

/// Hundredths of a point as a person reads them.
fn points(hundredths: i32) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

fn print_changes(cx: &mut Cx<'_>, before: &Explanation, now: &Explanation) -> Done {
    let was = before.health.score.map_or_else(|| "no score".to_owned(), |s| s.to_string());
    let is = now.health.score.map_or_else(|| "no score".to_owned(), |s| s.to_string());
    cx.out.line(&format!("since {}: {was} → {is}", before.day))?;
    let raw = |e: &Explanation| -> HashMap<String, String> {
        let text = |l: &Line| l.raw.map_or_else(|| "no data".to_owned(), |r| format!("{r}{}", l.unit));
        e.lines.iter().map(|l| (l.measure.clone(), text(l))).collect()
    };
    let (raw_before, raw_now) = (raw(before), raw(now));
    let words = Words::english();
    let none = "-".to_owned();
    let mut sum = 0;
    let mut rows = Vec::new();
    for (measure, was, is) in difference(before, now) {
        sum += is - was;
        let values = [raw_before.get(&measure), raw_now.get(&measure)].map(|v| v.unwrap_or(&none).clone());
        let [value_was, value_is] = values;
        rows.push(vec![one_line(words.measure(&measure)), value_was, value_is, points(was), points(is), points(is - was)]);
    }
    rows.push(vec!["sum".into(), String::new(), String::new(), String::new(), String::new(), points(sum)]);
    Ok(cx.out.table(&["measure", "was", "is", "added", "adds", "moved"], &[false, true, true, true, true, true], &rows)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundredths_keep_their_sign() {
        assert_eq!((points(-5), points(1234), points(0)), ("-0.05".to_owned(), "12.34".to_owned(), "0.00".to_owned()));
    }
}
