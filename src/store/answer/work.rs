//! Answers about what is to be done: calls to action, playbooks that run, rules that fired.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use rusqlite::types::ToSql;

use crate::domain::action::Action;
use crate::domain::id::Id;
use crate::domain::priority::REASONS;
use crate::domain::query::{ActionAsk, ActionRow, FiredAsk, FiredRow, PlayAsk, PlayRow, StepRow};
use crate::domain::roster::Roster;
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::batch::attributes;
use crate::store::search::text_at_raw as text_at;

use super::ready;

/// Longest of these lists.
const MOST: usize = 20_000;

fn day(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Option<Day>> {
    Ok(row.get::<_, Option<i64>>(at)?.and_then(Day::from_number))
}

/// Goes through the rows of a query whose first column is a customer's integer, as far as the filter lets its customer pass.
fn each(
    store: &mut Store,
    filter: &str,
    query: &str,
    values: &[&dyn ToSql],
    mut row: impl FnMut(&rusqlite::Row<'_>, &Roster, usize) -> rusqlite::Result<bool>,
) -> Result<()> {
    let shared = store.roster()?;
    let filtered = match (filter.trim().is_empty(), ready(store, filter, &shared)?) {
        (true, _) => None,
        (false, Ok(ready)) => Some(ready),
        (false, Err(mistake)) => return Err(Error::usage(mistake.message)),
    };
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let prepared = filtered
        .as_ref()
        .map(|(filter, people)| filter.prepare(&roster, people));
    let mut statement = store.conn.prepare_cached(query)?;
    let mut found = statement.query(values)?;
    while let Some(r) = found.next()? {
        let at = roster
            .row_of(r.get(0)?)
            .filter(|at| !roster.rows[*at].removed);
        let Some(at) = at.filter(|at| prepared.as_ref().is_none_or(|p| p.matches(*at))) else {
            continue;
        };
        if !row(r, &roster, at)? {
            break;
        }
    }
    Ok(())
}

/// Calls to action: open ones by their turn, or risks by money at stake x urgency.
pub fn actions(store: &mut Store, ask: &ActionAsk) -> Result<Vec<ActionRow>> {
    let today = store.today;
    let owner = if ask.owner == "me" {
        store.who.person.clone()
    } else {
        ask.owner.clone()
    };
    // Of one customer by its index.
    let of = if ask.customer.is_some() {
        "a.customer = (SELECT n FROM customer WHERE id = ?4)"
    } else {
        "?4 IS NULL"
    };
    let query = format!(
        "SELECT a.customer, a.id, a.kind, a.reason, a.title, a.owner, a.opened, a.due, a.severity, a.money, a.mitigation,
                 a.review, a.base, a.value, a.target, a.unit, a.evidence, a.cause, a.snoozed, a.snooze_reason, a.closed, a.outcome
                 FROM action a WHERE a.removed = 0 AND (?1 OR a.closed IS NULL) AND (?2 = '' OR a.kind = ?2) AND (?3 = '' OR a.owner = ?3)
                 AND {of} ORDER BY a.id"
    );
    let mut rows = Vec::new();
    each(
        store,
        &ask.filter,
        &query,
        &[&ask.closed, &ask.kind, &owner, &ask.customer],
        |r, roster, at| {
            let action = Action {
                id: Id(r.get(1)?),
                customer: roster.ids[at],
                kind: text_at(r, 2)?,
                reason: text_at(r, 3)?,
                title: text_at(r, 4)?,
                owner: text_at(r, 5)?,
                opened: day(r, 6)?.unwrap_or(Day::MIN),
                due: day(r, 7)?,
                severity: r.get::<_, Option<i64>>(8)?.map(|s| s.clamp(1, 4) as u8),
                money: r.get(9)?,
                mitigation: text_at(r, 10)?,
                review: day(r, 11)?,
                base: r.get(12)?,
                value: r.get(13)?,
                target: r.get(14)?,
                unit: text_at(r, 15)?,
                evidence: text_at(r, 16)?,
                cause: text_at(r, 17)?,
                snoozed: day(r, 18)?,
                snooze_reason: text_at(r, 19)?,
                closed: day(r, 20)?,
                outcome: text_at(r, 21)?,
            };
            let arr = roster.arr(at);
            let weight = action.weight(arr.book(), today);
            rows.push(ActionRow {
                customer_name: roster.name(at).to_owned(),
                row: at as u32,
                arr,
                weight,
                action,
            });
            Ok(rows.len() < MOST)
        },
    )?;
    if ask.kind == "risk" {
        rows.sort_by_key(|r| {
            (
                r.action.closed.is_some(),
                std::cmp::Reverse(r.weight),
                r.action.review,
                r.action.id,
            )
        });
    } else {
        rows.sort_by_key(|r| {
            (
                r.action.closed.is_some(),
                r.action.turn().is_none(),
                r.action.turn(),
                r.action.severity,
                r.action.id,
            )
        });
    }
    Ok(rows)
}

/// Playbooks at customers with their steps, the latest first.
pub fn plays(store: &mut Store, ask: &PlayAsk) -> Result<Vec<PlayRow>> {
    let of = if ask.customer.is_some() {
        "p.customer = (SELECT n FROM customer WHERE id = ?2)"
    } else {
        "?2 IS NULL"
    };
    let query = format!(
        "SELECT p.customer, p.id, p.playbook, p.label, p.anchor, p.started, p.cause, p.ended, p.outcome
                 FROM play p WHERE p.removed = 0 AND (?1 OR p.ended IS NULL)
                 AND {of} ORDER BY p.id DESC"
    );
    let mut rows = Vec::new();
    each(
        store,
        &ask.filter,
        &query,
        &[&ask.ended, &ask.customer],
        |r, roster, at| {
            rows.push(PlayRow {
                id: Id(r.get(1)?),
                customer: roster.ids[at],
                customer_name: roster.name(at).to_owned(),
                playbook: text_at(r, 2)?,
                label: text_at(r, 3)?,
                anchor: day(r, 4)?.unwrap_or(Day::MIN),
                started: day(r, 5)?.unwrap_or(Day::MIN),
                cause: text_at(r, 6)?,
                ended: day(r, 7)?,
                outcome: text_at(r, 8)?,
                steps: Vec::new(),
            });
            Ok(rows.len() < MOST)
        },
    )?;
    let query = "SELECT s.id, t.id, s.code, t.title, t.due, t.owner, t.done, s.skipped FROM play p
                 JOIN step s ON s.customer = p.customer AND s.play = p.id JOIN task t ON t.id = s.task
                 WHERE p.id = ? AND s.removed = 0 AND (t.removed = 0 OR s.skipped <> '' OR p.ended IS NOT NULL) ORDER BY t.due, s.id";
    let mut statement = store.conn.prepare_cached(query)?;
    for row in &mut rows {
        let steps = statement.query_map([&row.id], |r| {
            Ok(StepRow {
                id: Id(r.get(0)?),
                task: Id(r.get(1)?),
                code: text_at(r, 2)?,
                title: text_at(r, 3)?,
                due: day(r, 4)?,
                owner: text_at(r, 5)?,
                done: r.get::<_, Option<i64>>(6)?.map(Stamp),
                skipped: text_at(r, 7)?,
            })
        })?;
        row.steps = steps.collect::<std::result::Result<_, _>>()?;
    }
    Ok(rows)
}

/// The integers of customers that a rule raised an alert about; with `open` only where that still is a reason to be in the queue.
fn alerted(store: &mut Store, open: bool) -> Result<Vec<i64>> {
    let shared = store.roster()?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let is_open = |at: usize| {
        let reasons = roster.reasons(at);
        !roster.is_snoozed(at)
            && reasons.iter().any(|w| {
                REASONS
                    .get(usize::from(w.key.reason.0))
                    .is_some_and(|kind| kind.code == "alert")
            })
    };
    let rows = (0..roster.rows.len())
        .filter(|at| !roster.rows[*at].removed && roster.rows[*at].signals.alert.is_some());
    Ok(rows
        .filter(|at| !open || is_open(*at))
        .map(|at| roster.rowids[at])
        .collect())
}

/// How many customers an alert to me is open about.
pub fn open_alerts(store: &mut Store) -> Result<usize> {
    let since = Some(
        store
            .today
            .plus(1 - i64::from(store.config.policy.alert_days)),
    );
    let rows = fired(
        store,
        &FiredAsk {
            since,
            alerts: true,
            mine: true,
            open: true,
            limit: usize::MAX,
            ..FiredAsk::default()
        },
    )?;
    let customers: BTreeSet<Id> = rows.into_iter().map(|r| r.customer).collect();
    Ok(customers.len())
}

/// Firings of rules, the latest first.
pub fn fired(store: &mut Store, ask: &FiredAsk) -> Result<Vec<FiredRow>> {
    let me = store.who.person.clone();
    // Alerts are looked for at the few customers that the roster knows to have one, not among all events.
    let (from, customers) = if ask.alerts {
        let customers = alerted(store, ask.open)?;
        if customers.is_empty() {
            return Ok(Vec::new());
        }
        (
            "json_each(?3) c CROSS JOIN event e ON e.customer = c.value",
            format!("{customers:?}"),
        )
    } else if store.past {
        // A view stands there, which has no index of its own.
        ("event e", String::new())
    } else {
        ("event e INDEXED BY event_rule", String::new())
    };
    let query = format!(
        "SELECT e.customer, e.id, e.channel, e.text, e.at, e.day, e.more, b.person FROM {from} CROSS JOIN batch b ON b.n = e.batch
         WHERE e.kind = 16 AND e.removed = 0 AND (?1 IS NULL OR e.day >= ?1) AND (?2 = '' OR e.channel = ?2) AND ?3 IS NOT NULL
         ORDER BY e.at DESC, e.id DESC"
    );
    let mut rows = Vec::new();
    each(
        store,
        &ask.filter,
        &query,
        &[&ask.since, &ask.rule, &customers],
        |r, roster, at| {
            let more = attributes(&text_at(r, 6)?);
            let alert = more
                .get("alert")
                .and_then(|v| v.as_str())
                .unwrap_or_default()
                .to_owned();
            let owner = roster.owner(at).to_owned();
            let wanted = !ask.alerts
                || (!alert.is_empty()
                    && (!ask.mine || (alert == "team" && !ask.own) || owner == me));
            if wanted {
                rows.push(FiredRow {
                    id: Id(r.get(1)?),
                    customer: roster.ids[at],
                    customer_name: roster.name(at).to_owned(),
                    owner,
                    rule: text_at(r, 2)?,
                    text: text_at(r, 3)?,
                    at: Stamp(r.get(4)?),
                    day: day(r, 5)?.unwrap_or(Day::MIN),
                    alert,
                    person: text_at(r, 7)?,
                });
            }
            Ok(rows.len() < ask.limit)
        },
    )?;
    Ok(rows)
}
