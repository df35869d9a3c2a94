//! The story of a period with one customer: what it did, what was done for it, what it said, what comes next, with figures and plots.

use std::collections::BTreeMap;

use chrono::Datelike as _;

use super::brief::{amount, explained, moved, of, told};
use super::{Plot, Report, Shape, list, table};
use crate::domain::action::Action;
use crate::domain::event::{Event, EventKind};
use crate::domain::id::Id;
use crate::domain::query::{Account, Page, Query};
use crate::domain::revenue;
use crate::domain::time::Day;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::text::words::Words;
use crate::transfer::markdown;

/// Most things that are told in the story.
const MOST: usize = 40;

/// The review of a customer from a day to today.
///
/// # Errors
/// A day that is not before today.
pub fn qbr(store: &mut Store, customer: Id, from: Day) -> Result<Report> {
    let words = Words::english();
    let (today, config) = (store.today(), store.config());
    let days = today.since(from);
    if days < 1 {
        return Err(
            Error::usage(say!("qbr.not_before", from = from, today = today))
                .hint(say!("qbr.period_review_ends_today")),
        );
    }
    let read = of(store, customer, &words)?;
    let account = &read.account;
    let within: Vec<&Event> = account
        .events
        .iter()
        .filter(|e| e.day >= from && e.day <= today)
        .collect();
    let mut report = Report::new(format!("Business review: {}", account.customer.name));
    report.say(format!("{from} to {today}, {days} days"));
    let before = explained(store, customer, from)?;
    report.say(figures(
        store,
        account,
        &within,
        from,
        before.as_ref().and_then(|b| b.health.score),
    ));
    if let Some(line) = before
        .as_ref()
        .and_then(|b| moved(b, &account.health, &words))
    {
        report.say(format!("- {line}"));
    }
    let months = u16::try_from(days / 30 + 1).unwrap_or(240).clamp(1, 240);
    if let Page::Trend(trend) = store.answer(&Query::Trend { customer, months })? {
        let points = trend
            .iter()
            .filter(|(day, _)| *day >= from)
            .map(|(day, health)| (day.to_string(), health.score.map(f64::from)));
        report.plot(Plot {
            title: "Health".into(),
            shape: Shape::Line,
            points: points.collect(),
            range: Some((0.0, 100.0)),
        });
    }
    report.plot(usage(&within));
    report.plot(monthly(
        &say!("qbr.touches_by_month"),
        &within,
        from,
        today,
        |e| e.kind == EventKind::Touch,
    ));
    report.plot(monthly(
        &say!("qbr.tickets_opened_by_month"),
        &within,
        from,
        today,
        opened,
    ));
    report.say(list(
        "What happened",
        &story(&within, &words, &config.stages),
    ));
    report.say(list(&say!("qbr.what_they_said"), &said(&within, &words)));
    report.say(objectives(&read.actions));
    report.say(read.work(&words).replace("\n### ", "\n## "));
    if let Some(renews) = account.signals.renews {
        report.say(say!(
            "qbr.next_renews_on_days",
            renews = renews,
            today = renews.since(today)
        ));
    }
    Ok(report)
}

fn opened(e: &Event) -> bool {
    e.kind == EventKind::Ticket && e.channel == "opened"
}

fn figures(
    store: &Store,
    account: &Account,
    within: &[&Event],
    from: Day,
    score: Option<u8>,
) -> String {
    let today = store.today();
    let before = from.plus(-today.since(from));
    let earlier: Vec<&Event> = account
        .events
        .iter()
        .filter(|e| e.day >= before && e.day < from)
        .collect();
    let count = |events: &[&Event], which: &dyn Fn(&Event) -> bool| {
        events.iter().filter(|e| which(e)).count().to_string()
    };
    let sum = |events: &[&Event], kind: EventKind| {
        events
            .iter()
            .filter(|e| e.kind == kind)
            .filter_map(|e| e.number)
            .fold(0, i64::saturating_add)
    };
    let shown = |n: Option<u8>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let nps = account
        .events
        .iter()
        .find(|e| e.kind == EventKind::Nps && e.day < from)
        .and_then(|e| e.number);
    let touch = |e: &Event| e.kind == EventKind::Touch;
    let closed = |e: &Event| e.kind == EventKind::Ticket && e.channel == "closed";
    let done = |e: &Event| e.kind == EventKind::Task;
    let mut rows = vec![
        vec![
            "Health".into(),
            shown(score),
            shown(account.health.health.score),
        ],
        vec![
            "ARR".into(),
            revenue::arr(&account.versions, store.config().exchange(), from)
                .full(store.config().currency),
            account.arr.full(store.config().currency),
        ],
        vec![
            "NPS".into(),
            nps.map_or_else(|| "-".to_owned(), |n| n.to_string()),
            shown(account.signals.nps),
        ],
        vec![
            "Touches".into(),
            count(&earlier, &touch),
            count(within, &touch),
        ],
        vec![
            "Tickets opened".into(),
            count(&earlier, &opened),
            count(within, &opened),
        ],
        vec![
            "Tickets closed".into(),
            count(&earlier, &closed),
            count(within, &closed),
        ],
        vec![
            "Tasks done".into(),
            count(&earlier, &done),
            count(within, &done),
        ],
        vec![
            "Key actions".into(),
            sum(&earlier, EventKind::Usage).to_string(),
            sum(within, EventKind::Usage).to_string(),
        ],
    ];
    let (was, is) = (
        sum(&earlier, EventKind::Order),
        sum(within, EventKind::Order),
    );
    if was != 0 || is != 0 {
        rows.push(vec!["Orders".into(), amount(was, store), amount(is, store)]);
    }
    let note = say!(
        "qbr.health_arr_nps_as",
        from = from,
        from_2 = today.since(from)
    );
    table("In figures", &["", "Before", "Now"], &rows) + &note
}

fn usage(within: &[&Event]) -> Plot {
    let mut weeks: BTreeMap<Day, f64> = BTreeMap::new();
    for e in within.iter().filter(|e| e.kind == EventKind::Usage) {
        *weeks.entry(e.day).or_default() += e.number.unwrap_or(0) as f64;
    }
    let points = weeks
        .into_iter()
        .map(|(day, n)| (day.to_string(), Some(n)))
        .collect();
    Plot {
        title: say!("qbr.key_actions_by_week").into(),
        shape: Shape::Bars,
        points,
        range: None,
    }
}

fn monthly(
    title: &str,
    within: &[&Event],
    from: Day,
    today: Day,
    which: impl Fn(&Event) -> bool,
) -> Plot {
    let month = |day: Day| (day.date().year(), day.date().month());
    let mut months: BTreeMap<(i32, u32), f64> = BTreeMap::new();
    let (mut at, end) = (month(from), month(today));
    while at <= end {
        months.insert(at, 0.0);
        at = if at.1 == 12 {
            (at.0 + 1, 1)
        } else {
            (at.0, at.1 + 1)
        };
    }
    for e in within.iter().filter(|e| which(e)) {
        *months.entry(month(e.day)).or_default() += 1.0;
    }
    let points = months
        .into_iter()
        .map(|((y, m), n)| (format!("{y}-{m:02}"), Some(n)))
        .collect();
    Plot {
        title: title.to_owned(),
        shape: Shape::Bars,
        points,
        range: None,
    }
}

/// Moves, meetings, answers and pinned notes, the oldest first; of many the latest.
fn story(within: &[&Event], words: &Words, stages: &crate::domain::stage::Stages) -> Vec<String> {
    let tells = |e: &Event| match e.kind {
        EventKind::Stage | EventKind::Churn | EventKind::Nps | EventKind::Subscription => true,
        EventKind::Touch => matches!(
            e.channel.as_str(),
            "meeting" | "business_review" | "training" | "video_demo"
        ),
        EventKind::Note => e.more.get("pinned").and_then(serde_json::Value::as_bool) == Some(true),
        _ => false,
    };
    let mut lines: Vec<String> = within
        .iter()
        .filter(|e| tells(e))
        .take(MOST)
        .map(|e| told(e, words, stages))
        .collect();
    lines.reverse();
    lines
}

/// Their own words in answers.
fn said(within: &[&Event], words: &Words) -> Vec<String> {
    let spoke = |e: &&&Event| {
        matches!(
            e.kind,
            EventKind::Nps | EventKind::Csat | EventKind::Ces | EventKind::Survey
        ) && !e.text.is_empty()
    };
    let line = |e: &&Event| {
        let who = if e.contact_name.is_empty() {
            String::new()
        } else {
            format!(", {}", markdown::line(&e.contact_name))
        };
        let score = e.number.map_or_else(String::new, |n| format!(" {n}"));
        format!(
            "{} {}{score}{who}: {}",
            e.day,
            words.kind(e.kind.code()),
            markdown::cut(&e.text, 300)
        )
    };
    within.iter().filter(spoke).take(MOST).map(line).collect()
}

/// Objectives with where they began, stand and lead.
fn objectives(actions: &[Action]) -> String {
    let number = |n: Option<i64>, unit: &str| {
        n.map_or_else(
            || "-".to_owned(),
            |n| format!("{}{}", n as f64 / 1000.0, markdown::line(unit)),
        )
    };
    let row = |a: &Action| {
        let far = a
            .progress()
            .map_or_else(|| "-".to_owned(), |p| format!("{p}%"));
        vec![
            markdown::line(&a.title),
            number(a.base, &a.unit),
            number(a.value, &a.unit),
            number(a.target, &a.unit),
            far,
        ]
    };
    let rows: Vec<Vec<String>> = actions
        .iter()
        .filter(|a| a.kind == "objective")
        .map(row)
        .collect();
    table(
        "Objectives",
        &["Objective", "Start", "Now", "Target", "Done"],
        &rows,
    )
}
