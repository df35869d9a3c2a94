//! `retain segments`: who is in the ready-made segments and in the saved views that are marked as segments.

use serde_json::json;

use super::fail::Done;
use super::list::rows_page;
use super::out::{Ink, one_line};
use super::{Cx, unexpected};
use crate::domain::command::Command;
use crate::domain::query::{Page, Query, SegmentRow, View};
use crate::domain::rfm::{FEW, LOOK_BACK};
use crate::domain::segment::{BY_SCORES, READY};
use crate::domain::time::Day;
use crate::error::{Error, Result};
use crate::sentence::Sentence;
use crate::store::Store;
use crate::text::fold;
use crate::text::words::Words;

/// Segments: first-time, VIP, at risk and the like, and your own saved views
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// A saved view (or a ready-made segment): how many passed its filter at month ends
    #[arg(conflicts_with_all = ["trend", "mark", "unmark"])]
    view: Option<String>,
    /// So many month ends
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=120), requires = "view")]
    months: u16,
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
        let view = View {
            segment: args.mark.is_some(),
            ..view
        };
        return cx.write(&mut store, &Command::SaveView { name, view });
    }
    if let Some(name) = &args.view {
        return course(cx, &mut store, name, args.months);
    }
    let Page::Segments(page) = store.answer_whole(&Query::Segments { trend: args.trend })? else {
        return Err(unexpected().into());
    };
    let (currency, words) = (store.config().currency, Words::english());
    if cx.out.json {
        let codes: Vec<&str> = READY.iter().map(|s| s.0).collect();
        let trend = page.trend.iter().map(|(day, counts)| {
            let counts: serde_json::Map<_, _> = codes
                .iter()
                .zip(counts)
                .map(|(code, n)| ((*code).to_owned(), json!(n)))
                .collect();
            json!({"day": day, "counts": counts})
        });
        return cx.out.rows("segments", json!({
            "currency": currency, "as_of": store.today(), "look_back_days": LOOK_BACK, "buyers": page.buyers, "scored": page.buyers >= FEW,
            "median_mean_order": page.median, "segments": page.rows, "trend": trend.collect::<Vec<_>>(),
        }));
    }
    let row = |s: &SegmentRow| {
        let (name, what) = if s.own {
            (s.name.as_str(), s.filter.as_str())
        } else {
            (words.segment(&s.name), s.filter.as_str())
        };
        let arr = if s.mistake.is_empty() {
            s.arr.short(currency)
        } else {
            one_line(&s.mistake)
        };
        let unscored = !s.own && page.buyers < FEW && BY_SCORES.contains(&s.name.as_str());
        if unscored {
            return vec![
                one_line(name),
                "-".to_owned(),
                "-".to_owned(),
                one_line(what),
            ];
        }
        vec![one_line(name), s.count.to_string(), arr, one_line(what)]
    };
    let rows: Vec<Vec<String>> = page.rows.iter().map(row).collect();
    cx.out.table(
        &["segment", "customers", "ARR", "filter"],
        &[false, true, true, false],
        &rows,
    )?;
    if args.trend {
        cx.out.line("")?;
        let heads: Vec<&str> = std::iter::once("month end")
            .chain(READY.iter().map(|s| words.segment(s.0)))
            .collect();
        let rows: Vec<Vec<String>> = page
            .trend
            .iter()
            .map(|(day, counts)| {
                std::iter::once(day.to_string())
                    .chain(counts.iter().map(usize::to_string))
                    .collect()
            })
            .collect();
        let right: Vec<bool> = (0..heads.len()).map(|i| i > 0).collect();
        cx.out.table(&heads, &right, &rows)?;
    }
    let scored = if page.buyers < FEW {
        say!("segments.too_few_for_scores")
    } else {
        Sentence::default()
    };
    let note = say!(
        "segments.paid_orders_last_days",
        look_back = LOOK_BACK,
        buyers = page.buyers,
        scored = scored
    );
    let note = cx.out.paint(Ink::Dim, &note);
    Ok(cx.out.line(&note)?)
}

/// Prints how many passed the filter of a view at month ends, and pass it today.
fn course(cx: &mut Cx<'_>, store: &mut Store, name: &str, months: u16) -> Done {
    let (name, filter) = match READY.iter().find(|(code, _)| *code == name) {
        Some((code, _)) => ((*code).to_owned(), format!("seg={code}")),
        None => find(store, name).map(|(name, view)| (name, view.filter))?,
    };
    let today = Query::Customers {
        filter: filter.clone(),
        sort: String::new(),
        descending: false,
        columns: Vec::new(),
    };
    let today = rows_page(store, &today, &filter)?.rows.len();
    let ask = Query::Course {
        filters: vec![filter.clone()],
        months,
    };
    let Page::Course(page) = store.answer_whole(&ask)? else {
        return Err(unexpected().into());
    };
    let counts = page.counts.into_iter().next().unwrap_or_default();
    let counts: Vec<(Day, usize)> = page
        .days
        .into_iter()
        .zip(counts)
        .chain([(store.today(), today)])
        .collect();
    if cx.out.json {
        let counts: Vec<_> = counts
            .iter()
            .map(|(day, n)| json!({"day": day, "customers": n}))
            .collect();
        return Ok(cx
            .out
            .object(json!({"view": name, "filter": filter, "counts": counts}))?);
    }
    let head = cx.out.paint(
        Ink::Bold,
        &format!("{}  {}", one_line(&name), one_line(&filter)),
    );
    cx.out.line(&head)?;
    let most = counts.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
    let row = |(day, n): &(Day, usize)| {
        vec![
            day.to_string(),
            n.to_string(),
            "#".repeat((n * 40).div_ceil(most)),
        ]
    };
    cx.out.table(
        &["day", "customers", ""],
        &[false, true, false],
        &counts.iter().map(row).collect::<Vec<_>>(),
    )?;
    let note = say!("segments.figures_each_day_folded");
    let note = cx.out.paint(Ink::Dim, &note);
    Ok(cx.out.line(&note)?)
}

fn find(store: &mut Store, name: &str) -> Result<(String, View)> {
    let wanted = fold(name);
    let found = super::saved_views(store)?
        .into_iter()
        .find(|(n, _)| fold(n) == wanted);
    found.ok_or_else(|| {
        Error::not_found(say!("any.there_no_saved_view", name = name))
            .hint(say!("segments.retain_view_save_name"))
    })
}
