//! What moved since a moment, and who needs somebody: a page for the morning, or for a mail that cron sends.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use super::{Report, list};
use crate::domain::event::EventKind;
use crate::domain::priority::REASONS;
use crate::domain::query::{FiredAsk, Page, Query, TaskAsk};
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::happened::Happened;
use crate::store::history::HistoryAsk;
use crate::text::words::Words;
use crate::transfer::markdown::{cut, line};

/// Most lines of each part.
const MOST: usize = 20;
/// Days ahead for renewals.
const AHEAD: i64 = 30;

/// The digest since a moment. `filter` says of which customers, `owner` is whom it is for; empty for everybody.
pub fn digest(store: &mut Store, since: Stamp, filter: &str, owner: &str) -> Result<Report> {
    let words = Words::english();
    let (today, config) = (store.today(), store.config());
    let from = config.zone.day(since);
    let query = Query::Customers {
        filter: filter.to_owned(),
        sort: String::new(),
        descending: false,
        columns: Vec::new(),
    };
    let Page::Rows(meant) = store.answer(&query)? else {
        return Err(Error::failed(say!("any.book_answered_another_question")));
    };
    if let Some(mistake) = meant.mistake {
        return Err(Error::usage(mistake.message.trim_end_matches('.')));
    }
    let whose = if owner.is_empty() {
        String::new()
    } else {
        format!(" for {}", line(owner))
    };
    let mut report = Report::new(format!("Digest{whose}"));
    report.say(say!(
        "digest.since_as",
        from = from,
        format = config.zone.time(since).format("%H:%M"),
        today = today
    ));
    report.say(needs(store, filter, &words)?);
    report.say(late(store, filter, owner)?);
    let known: std::collections::HashSet<_> = {
        let shared = store.roster()?;
        let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
        meant
            .rows
            .iter()
            .map(|at| roster.ids[*at as usize])
            .collect()
    };
    let kinds = [
        EventKind::Stage,
        EventKind::Churn,
        EventKind::Nps,
        EventKind::Ticket,
    ];
    let happened: Vec<Happened> = store
        .happened(since, &kinds)?
        .into_iter()
        .filter(|h| known.contains(&h.customer))
        .collect();
    let of = |kind: EventKind| happened.iter().filter(move |h| h.kind == kind);
    let stage = |code: &str| {
        config
            .stages
            .find(code)
            .map_or_else(|| line(code), |no| line(config.stages.label(no)))
    };
    let text = |h: &Happened| {
        if h.text.is_empty() {
            String::new()
        } else {
            format!(": {}", cut(&h.text, 200))
        }
    };
    let moves = of(EventKind::Stage).map(|h| {
        format!(
            "{} {} to {}{}",
            h.day,
            line(&h.name),
            stage(&h.channel),
            text(h)
        )
    });
    report.say(list("Moved", &few(moves.collect())));
    let left = of(EventKind::Churn).map(|h| format!("{} {}{}", h.day, line(&h.name), text(h)));
    report.say(list("Left", &few(left.collect())));
    report.say(movers(store, filter, today.since(from))?);
    let answers = of(EventKind::Nps).map(|h| {
        format!(
            "{} {} said {}{}",
            h.day,
            line(&h.name),
            h.number.unwrap_or_default(),
            text(h)
        )
    });
    report.say(list("NPS", &few(answers.collect())));
    let tickets = of(EventKind::Ticket).filter(|h| h.channel == "opened");
    let tickets = tickets.map(|h| {
        format!(
            "{} {}, severity {}{}",
            h.day,
            line(&h.name),
            h.number.unwrap_or_default(),
            text(h)
        )
    });
    report.say(list("Tickets opened", &few(tickets.collect())));
    report.say(renewals(store, &meant.rows)?);
    report.say(fired(store, filter, from)?);
    report.say(team(store, since)?);
    if report.parts.len() == 1 {
        report.say(say!("digest.nothing_moved_nobody_waits"));
    }
    Ok(report)
}

/// The first of them, and how many more there are.
fn few(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn needs(store: &mut Store, filter: &str, words: &Words) -> Result<String> {
    let Page::Rows(page) = store.answer(&Query::Triage {
        filter: filter.to_owned(),
        snoozed: false,
    })?
    else {
        return Ok(String::new());
    };
    let shared = store.roster()?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let one = |at: &u32| {
        let at = *at as usize;
        let said = roster.reasons(at);
        let said = said.iter().filter_map(|w| {
            Some(words.why(
                REASONS.get(usize::from(w.key.reason.0))?.code,
                i64::from(w.figure),
            ))
        });
        format!(
            "**{}** ({}): {}",
            line(roster.name(at)),
            line(roster.owner(at)),
            line(&said.collect::<Vec<_>>().join("; "))
        )
    };
    let lines: Vec<String> = page.rows.iter().map(one).collect();
    Ok(list(
        &say!("digest.who_needs_you", lines = lines.len()),
        &few(lines),
    ))
}

fn late(store: &mut Store, filter: &str, owner: &str) -> Result<String> {
    let today = store.today();
    let ask = TaskAsk {
        filter: filter.to_owned(),
        owner: owner.to_owned(),
        done: false,
    };
    let Page::Tasks(rows) = store.answer(&Query::Tasks(ask))? else {
        return Ok(String::new());
    };
    let due = rows
        .iter()
        .filter(|r| r.task.turn().is_some_and(|d| d <= today));
    let lines = due.map(|r| {
        let day = r.task.turn().map_or_else(String::new, |d| d.to_string());
        let whose = if r.task.owner.is_empty() {
            String::new()
        } else {
            format!(" ({})", line(&r.task.owner))
        };
        format!(
            "{day} {}: {}{whose}",
            line(&r.customer_name),
            line(&r.task.title)
        )
    });
    Ok(list("Tasks due", &few(lines.collect())))
}

fn movers(store: &mut Store, filter: &str, days: i64) -> Result<String> {
    let days = u16::try_from(days.clamp(1, 3650)).unwrap_or(1);
    let Page::Movers(page) = store.answer_whole(&Query::Movers {
        filter: filter.to_owned(),
        days,
    })?
    else {
        return Ok(String::new());
    };
    let shared = store.roster()?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let score = |s: Option<u8>| s.map_or_else(|| "-".to_owned(), |s| s.to_string());
    let lines = page.movers.iter().filter(|m| m.change() != 0).map(|m| {
        let at = m.row as usize;
        format!(
            "{} {} to {} ({:+})",
            line(roster.name(at)),
            score(m.before.score),
            score(m.now.score),
            m.change()
        )
    });
    Ok(list(
        &say!(
            "digest.health_fell_rose",
            fell = page.fell,
            rose = page.rose
        ),
        &few(lines.collect()),
    ))
}

fn renewals(store: &mut Store, rows: &[u32]) -> Result<String> {
    let (today, currency) = (store.today(), store.config().currency);
    let shared = store.roster()?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let soon = |at: &u32| {
        let day = roster.rows[*at as usize].signals.renews?;
        (0..=AHEAD)
            .contains(&day.since(today))
            .then_some((day, *at as usize))
    };
    let mut all: Vec<_> = rows.iter().filter_map(soon).collect();
    all.sort_unstable();
    let arr = |at: usize| roster.arr(at).full(currency);
    let lines = all.into_iter().map(|(day, at)| {
        format!(
            "{day} {} ({}), {}",
            line(roster.name(at)),
            line(roster.owner(at)),
            arr(at)
        )
    });
    Ok(list(
        &say!("digest.renewals_within_days", ahead = AHEAD),
        &few(lines.collect()),
    ))
}

fn fired(store: &mut Store, filter: &str, since: crate::domain::time::Day) -> Result<String> {
    let ask = FiredAsk {
        filter: filter.to_owned(),
        since: Some(since),
        ..FiredAsk::default()
    };
    let Page::Fired(rows) = store.answer(&Query::Fired(ask))? else {
        return Ok(String::new());
    };
    let lines = rows.iter().map(|r| {
        format!(
            "{} {}: {}",
            r.day,
            line(&r.customer_name),
            cut(&r.text, 200)
        )
    });
    Ok(list(&say!("digest.what_rules_did"), &few(lines.collect())))
}

/// Who did how much of what.
fn team(store: &mut Store, since: Stamp) -> Result<String> {
    let rows = store.history(&HistoryAsk {
        since: Some(since),
        limit: usize::MAX,
        ..HistoryAsk::default()
    })?;
    let mut people: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for row in rows.into_iter().filter(|r| r.undone_by.is_none()) {
        *people
            .entry(row.person)
            .or_default()
            .entry(row.command)
            .or_default() += 1;
    }
    let one = |(person, did): (String, BTreeMap<String, usize>)| {
        let did: Vec<String> = did
            .into_iter()
            .map(|(command, n)| format!("{n} {}", line(&command)))
            .collect();
        format!("{}: {}", line(&person), did.join(", "))
    };
    Ok(list(
        "The team",
        &few(people.into_iter().map(one).collect()),
    ))
}
