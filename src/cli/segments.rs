//! `retain segments`: who is in the ready-made segments and in the saved views that are marked as segments.

use serde_json::json;

use super::fail::Done;
use super::out::{Ink, one_line};
use super::{Cx, unexpected};
use crate::domain::command::Command;
use crate::domain::money;
use crate::domain::query::{Page, Query, SegmentRow, SegmentsPage, View};
use crate::domain::rfm::{FEW, LOOK_BACK};
use crate::domain::segment::{BY_SCORES, READY};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::text::fold;
use crate::text::words::Words;

/// Segments: first-time, VIP, at risk and the like, and your own saved views
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Also the counts at the last twelve month ends
    #[arg(long)]
    trend: bool,
    /// Make a saved view a segment
    #[arg(long, value_name = "VIEW", conflicts_with_all = ["trend", "unmark"])]
    mark: Option<String>,
    /// Make it an ordinary view again
    #[arg(long, value_name = "VIEW", conflicts_with = "trend")]
    unmark: Option<String>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    if let Some(name) = args.mark.as_ref().or(args.unmark.as_ref()) {
        let (name, view) = find(&mut store, name)?;
        let view = View { segment: args.mark.is_some(), ..view };
        return cx.write(&mut store, &Command::SaveView { name, view });
    }
    let mut page = SegmentsPage { computing: true, ..SegmentsPage::default() };
    while page.computing {
        let Page::Segments(next) = store.answer(&Query::Segments { trend: args.trend })? else { return Err(unexpected().into()) };
        page = *next;
    }
    let (currency, words) = (store.config().currency, Words::english());
    if cx.out.json {
        let codes: Vec<&str> = READY.iter().map(|s| s.0).collect();
        let trend = page.trend.iter().map(|(day, counts)| {
            let counts: serde_json::Map<_, _> = codes.iter().zip(counts).map(|(code, n)| ((*code).to_owned(), json!(n))).collect();
            json!({"day": day, "counts": counts})
        });
        return cx.out.rows("segments", json!({
            "currency": currency, "as_of": store.today(), "look_back_days": LOOK_BACK, "buyers": page.buyers, "scored": page.buyers >= FEW,
            "median_mean_order": page.median, "segments": page.rows, "trend": trend.collect::<Vec<_>>(),
        }));
    }
    let row = |s: &SegmentRow| {
        let (name, what) = if s.own { (s.name.as_str(), s.filter.as_str()) } else { (words.segment(&s.name), s.filter.as_str()) };
        let arr = if s.mistake.is_empty() { money::short(s.arr, currency) } else { one_line(&s.mistake) };
        let unscored = !s.own && page.buyers < FEW && BY_SCORES.contains(&s.name.as_str());
        if unscored {
            return vec![one_line(name), "-".to_owned(), "-".to_owned(), one_line(what)];
        }
        vec![one_line(name), s.count.to_string(), arr, one_line(what)]
    };
    let rows: Vec<Vec<String>> = page.rows.iter().map(row).collect();
    cx.out.table(&["segment", "customers", "ARR", "filter"], &[false, true, true, false], &rows)?;
    if args.trend {
        cx.out.line("")?;
        let heads: Vec<&str> = std::iter::once("month end").chain(READY.iter().map(|s| words.segment(s.0))).collect();
        let rows: Vec<Vec<String>> = page
            .trend
            .iter()
            .map(|(day, counts)| std::iter::once(day.to_string()).chain(counts.iter().map(usize::to_string)).collect())
            .collect();
        let right: Vec<bool> = (0..heads.len()).map(|i| i > 0).collect();
        cx.out.table(&heads, &right, &rows)?;
    }
    let scored = if page.buyers < FEW { ": too few for scores" } else { "" };
    let note = format!("paid orders of the last {LOOK_BACK} days; {} customers ordered{scored}", page.buyers);
    let note = cx.out.paint(Ink::Dim, &note);
    Ok(cx.out.line(&note)?)
}

fn find(store: &mut Store, name: &str) -> Result<(String, View)> {
    let wanted = fold(name);
    let found = super::view::all(store)?.into_iter().find(|(n, _)| fold(n) == wanted);
    found.ok_or_else(|| {
        Error::not_found(format!("There is no saved view \"{name}\"")).hint("`retain view save NAME --filter FILTER` makes one")
    })
}
