//! `retain health --trend` and `--movers`: how scores moved, computed from facts.

use std::sync::PoisonError;

use serde_json::json;

use crate::cli::fail::Done;
use crate::cli::list::mistaken;
use crate::cli::out::one_line;
use crate::cli::out::with;
use crate::cli::{Cx, unexpected};
use crate::domain::health::Health;
use crate::domain::id::Id;
use crate::domain::query::{Mover, Page, Query};
use crate::domain::time::Day;
use crate::store::Store;

fn score(health: Health) -> String {
    health
        .score
        .map_or_else(|| "-".to_owned(), |s| s.to_string())
}

pub(super) fn trend(cx: &mut Cx<'_>, store: &mut Store, customer: Id, months: u16) -> Done {
    let Page::Trend(trend) = store.answer(&Query::Trend { customer, months })? else {
        return Err(unexpected().into());
    };
    if cx.out.json {
        let points: Vec<_> =
            trend.iter().map(|(day, h)| json!({ "day": day, "score": h.score, "band": h.band, "coverage": h.coverage })).collect();
        return cx
            .out
            .rows("trend", json!({ "id": customer, "trend": points }));
    }
    let row = |(day, health): &(Day, Health)| {
        let bar = "#".repeat(usize::from(health.score.unwrap_or(0)).div_ceil(4));
        vec![
            day.to_string(),
            score(*health),
            health.band.code().to_owned(),
            bar,
        ]
    };
    let rows: Vec<_> = trend.iter().map(row).collect();
    Ok(cx.out.table(
        &["day", "score", "band", ""],
        &[false, true, false, false],
        &rows,
    )?)
}

pub(super) fn movers(cx: &mut Cx<'_>, store: &mut Store, filter: &str, days: u16) -> Done {
    let ask = Query::Movers {
        filter: filter.to_owned(),
        days,
    };
    let Page::Movers(page) = store.answer_whole(&ask)? else {
        return Err(unexpected().into());
    };
    if let Some(mistake) = &page.mistake {
        return Err(mistaken(filter, mistake).into());
    }
    let shared = store.roster()?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    if cx.out.json {
        let one = |m: &Mover| {
            let at = m.row as usize;
            let who =
                json!({ "id": roster.ids[at], "name": roster.name(at), "owner": roster.owner(at) });
            let change = json!({ "before": m.before, "now": m.now, "change": m.change() });
            with(with(who, &roster.arr(at)), &change)
        };
        let movers: Vec<_> = page.movers.iter().map(one).collect();
        return cx
            .out
            .rows("movers", json!({ "since": page.since, "of": page.of, "fell": page.fell, "rose": page.rose, "movers": movers }));
    }
    let since = page.since.map(|d| d.to_string()).unwrap_or_default();
    cx.out.line(&say!(
        "moving.since_fell_rose_with",
        since = since,
        fell = page.fell,
        rose = page.rose,
        of = page.of
    ))?;
    let held = |at: usize| roster.rows[at].signals.held_on(roster.today).is_some();
    let row = |m: &Mover| {
        let at = m.row as usize;
        let band = if m.before.band == m.now.band {
            String::new()
        } else {
            format!("{} → {}", m.before.band.code(), m.now.band.code())
        };
        vec![
            one_line(roster.name(at)),
            one_line(roster.owner(at)),
            score(m.before),
            format!("{}{}", score(m.now), if held(at) { " !" } else { "" }),
            format!("{:+}", m.change()),
            band,
        ]
    };
    let rows: Vec<_> = page.movers.iter().map(row).collect();
    Ok(cx.out.table(
        &["customer", "owner", "was", "is", "moved", "band"],
        &[false, false, true, true, true, false],
        &rows,
    )?)
}
