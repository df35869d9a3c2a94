//! Whatever a screen shows, as tables: the same question gives the same rows to the screens' export key and to `retain export`.

use std::sync::PoisonError;

use super::sheet::Format;
use crate::columns::{self, Listed};
use crate::domain::event::{Event, EventKind};
use crate::domain::priority::REASONS;
use crate::domain::query::{Account, FunnelPage, Mistake, NpsPage, Page, Query, RowsPage};
use crate::domain::roster::Roster;
use crate::domain::sheet::{Datum, Head, Sheet};
use crate::domain::table::{Cell, TablePage};
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::text::words::Words;

/// What the tables that answer a question are called; `None` for a question whose answer is no table.
pub fn name_of(query: &Query) -> Option<&'static str> {
    Some(match query {
        Query::Customers { .. } => "customers",
        Query::Triage { .. } => "queue",
        Query::Funnel { .. } => "funnel",
        Query::Tasks(_) => "tasks",
        Query::Activity { .. } => "history",
        Query::Account { .. } => "timeline",
        Query::Movers { .. } => "movers",
        Query::Actions(_) => "calls",
        Query::Plays(_) => "playbooks",
        Query::Fired(_) => "firings",
        Query::Nps { .. } => "nps",
        Query::Segments { .. } => "segments",
        Query::Table(_) => "figures",
        _ => return None,
    })
}

/// The name of a file for the answer, as it is proposed.
pub fn file_name(query: &Query, today: crate::domain::time::Day, format: Format) -> Option<String> {
    name_of(query).map(|name| format!("{name}-{today}.{}", format.code()))
}

/// The question without the limits of a screen.
fn whole(query: &Query) -> Query {
    let mut query = query.clone();
    match &mut query {
        Query::Activity { limit, .. } => *limit = MOST,
        Query::Account { timeline, .. } => timeline.limit = MOST,
        Query::Fired(ask) => ask.limit = MOST,
        _ => {}
    }
    query
}

/// More than any book has of one customer; the store counts with signed integers.
const MOST: usize = i64::MAX as usize;

/// Answers a question as tables.
///
/// # Errors
/// A mistake in the filter, and a question whose answer is no table.
pub fn of(store: &mut Store, query: &Query) -> Result<Vec<Sheet>> {
    let name =
        name_of(query).ok_or_else(|| Error::usage(say!("sheets.there_nothing_here_could")))?;
    let page = store.answer_whole(&whole(query))?;
    let config = store.config();
    let sheet = |name: &str, columns: &[&str], rows: Vec<Vec<Datum>>| Sheet {
        head: Head {
            name: name.to_owned(),
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            currency: config.currency,
            zone: config.zone,
        },
        rows,
    };
    match (page, query) {
        (Page::Rows(page), Query::Customers { columns, .. }) => {
            right(page.mistake.as_ref())?;
            let chosen: Vec<Listed> = match &columns[..] {
                [] => columns::default_set().map(Listed::Column).collect(),
                codes => codes
                    .iter()
                    .filter_map(|code| Listed::find(&config, code))
                    .collect(),
            };
            let (heads, rows) = customers(store, &page, &chosen, false)?;
            Ok(vec![sheet(
                name,
                &heads.iter().map(String::as_str).collect::<Vec<_>>(),
                rows,
            )])
        }
        (Page::Rows(page), _) => {
            right(page.mistake.as_ref())?;
            let chosen: Vec<Listed> = columns::default_set().map(Listed::Column).collect();
            let (heads, rows) = customers(store, &page, &chosen, true)?;
            Ok(vec![sheet(
                name,
                &heads.iter().map(String::as_str).collect::<Vec<_>>(),
                rows,
            )])
        }
        (Page::Account(Some(account)), _) => Ok(vec![sheet(name, EVENTS, timeline(&account))]),
        (Page::Account(None), _) => Err(Error::not_found(say!("any.customer_gone_too"))),
        (Page::Funnel(page), _) => {
            right(page.mistake.as_ref())?;
            Ok(vec![
                sheet("funnel", STAGES, stages(&page)),
                sheet("moves", &["from", "to", "moves"], moves(&page)),
            ])
        }
        (Page::Tasks(rows), _) => {
            let rows = rows.into_iter().map(|r| {
                let t = r.task;
                vec![
                    Datum::Id(t.id),
                    Datum::Id(t.customer),
                    Datum::words(r.customer_name),
                    Datum::words(t.title),
                    Datum::day(t.due),
                    Datum::words(t.owner),
                    Datum::Whole(i64::from(t.priority)),
                    Datum::words(t.kind),
                    Datum::day(t.snoozed_until),
                    Datum::words(t.snooze_reason),
                    at(t.done),
                ]
            });
            let heads = [
                "id",
                "customer",
                "name",
                "title",
                "due",
                "owner",
                "priority",
                "kind",
                "snoozed_until",
                "snooze_reason",
                "done",
            ];
            Ok(vec![sheet(name, &heads, rows.collect())])
        }
        (Page::Activity(rows), _) => {
            let rows = rows.into_iter().map(|r| {
                let (customer, whose) =
                    r.customer.map_or((Datum::None, Datum::None), |(id, name)| {
                        (Datum::Id(id), Datum::words(name))
                    });
                let id = |id: Option<_>| id.map_or(Datum::None, Datum::Id);
                vec![
                    Datum::Id(r.id),
                    Datum::At(r.at),
                    Datum::words(r.person),
                    Datum::words(r.command),
                    Datum::words(r.label),
                    count(r.made),
                    count(r.edits),
                    id(r.undoes),
                    id(r.undone_by),
                    customer,
                    whose,
                ]
            });
            let heads = [
                "id",
                "at",
                "person",
                "command",
                "label",
                "made",
                "edits",
                "undoes",
                "undone_by",
                "customer",
                "name",
            ];
            Ok(vec![sheet(name, &heads, rows.collect())])
        }
        (Page::Actions(rows), _) => {
            let rows = rows.into_iter().map(|r| {
                let a = r.action;
                vec![
                    Datum::Id(a.id),
                    Datum::Id(a.customer),
                    Datum::words(r.customer_name),
                    Datum::words(a.kind),
                    Datum::words(a.reason),
                    Datum::words(a.title),
                    Datum::words(a.owner),
                    Datum::Day(a.opened),
                    Datum::day(a.due),
                    Datum::whole(a.severity),
                    a.money.map_or(Datum::None, Datum::Money),
                    Datum::Money(r.arr.book()),
                    Datum::words(r.arr.apart_text()),
                    Datum::Money(r.weight),
                    Datum::words(a.mitigation),
                    Datum::day(a.review),
                    Datum::day(a.snoozed),
                    Datum::day(a.closed),
                    Datum::words(a.outcome),
                ]
            });
            Ok(vec![sheet(name, CALLS, rows.collect())])
        }
        (Page::Plays(rows), _) => {
            let rows = rows.into_iter().flat_map(|p| {
                let steps = p.steps.clone();
                steps.into_iter().map(move |s| {
                    vec![
                        Datum::Id(p.id),
                        Datum::Id(p.customer),
                        Datum::words(p.customer_name.clone()),
                        Datum::words(p.label.clone()),
                        Datum::Day(p.started),
                        Datum::day(p.ended),
                        Datum::words(p.outcome.clone()),
                        Datum::words(s.title),
                        Datum::day(s.due),
                        Datum::words(s.owner),
                        at(s.done),
                        Datum::words(s.skipped),
                    ]
                })
            });
            let heads = [
                "id", "customer", "name", "playbook", "started", "ended", "outcome", "step", "due",
                "owner", "done", "skipped",
            ];
            Ok(vec![sheet(name, &heads, rows.collect())])
        }
        (Page::Fired(rows), _) => {
            let rows = rows.into_iter().map(|r| {
                let owner = Datum::words(r.owner);
                let (who, rule, said) = (
                    Datum::words(r.customer_name),
                    Datum::words(r.rule),
                    Datum::words(r.text),
                );
                vec![
                    Datum::Id(r.id),
                    Datum::At(r.at),
                    Datum::Id(r.customer),
                    who,
                    owner,
                    rule,
                    said,
                    Datum::words(r.alert),
                ]
            });
            Ok(vec![sheet(
                name,
                &[
                    "id", "at", "customer", "name", "owner", "rule", "text", "alert",
                ],
                rows.collect(),
            )])
        }
        (Page::Movers(page), _) => {
            right(page.mistake.as_ref())?;
            let shared = store.roster()?;
            let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
            let rows = page.movers.iter().map(|m| {
                let (id, name) = named(&roster, m.row);
                let (before, now) = (Datum::whole(m.before.score), Datum::whole(m.now.score));
                vec![
                    id,
                    name,
                    Datum::day(page.since),
                    before,
                    now,
                    Datum::Whole(i64::from(m.change())),
                ]
            });
            Ok(vec![sheet(
                name,
                &["id", "name", "since", "before", "now", "change"],
                rows.collect(),
            )])
        }
        (Page::Nps(page), _) => {
            right(page.mistake.as_ref())?;
            let shared = store.roster()?;
            let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
            Ok(vec![sheet(
                name,
                &[
                    "event", "at", "day", "customer", "name", "kind", "score", "wave",
                ],
                answers(&page, &roster),
            )])
        }
        (Page::Segments(page), _) => {
            let rows = page.rows.into_iter().map(|r| {
                let own = Datum::Flag(r.own);
                vec![
                    Datum::words(r.name),
                    own,
                    Datum::words(r.filter),
                    count(r.count),
                    Datum::Money(r.arr.book()),
                    Datum::words(r.arr.apart_text()),
                    Datum::words(r.mistake),
                ]
            });
            Ok(vec![sheet(
                name,
                &[
                    "segment",
                    "own",
                    "filter",
                    "count",
                    "arr",
                    "arr_apart",
                    "mistake",
                ],
                rows.collect(),
            )])
        }
        (Page::Table(page), _) => {
            right(page.mistake.as_ref())?;
            Ok(vec![figures(&page, |heads, rows| sheet(name, heads, rows))])
        }
        _ => Err(Error::failed(say!("any.book_answered_another_question"))),
    }
}

const EVENTS: &[&str] = &[
    "id",
    "customer",
    "at",
    "day",
    "kind",
    "contact",
    "channel",
    "direction",
    "number",
    "money",
    "text",
    "reference",
    "author",
    "more",
];
const STAGES: &[&str] = &[
    "stage",
    "label",
    "count",
    "arr",
    "arr_apart",
    "entered",
    "ended",
    "open",
    "advanced",
    "reached",
    "cohort",
    "median_days",
    "p90_days",
    "age_median",
    "age_max",
    "behind",
    "stuck",
    "expected_days",
];
const CALLS: &[&str] = &[
    "id",
    "customer",
    "name",
    "kind",
    "reason",
    "title",
    "owner",
    "opened",
    "due",
    "severity",
    "money",
    "arr",
    "arr_apart",
    "weight",
    "mitigation",
    "review",
    "snoozed",
    "closed",
    "outcome",
];

fn right(mistake: Option<&Mistake>) -> Result<()> {
    mistake.map_or(Ok(()), |m| {
        Err(Error::usage(m.message.trim_end_matches('.')))
    })
}

fn count(n: usize) -> Datum {
    Datum::Whole(i64::try_from(n).unwrap_or(i64::MAX))
}

fn at(at: Option<Stamp>) -> Datum {
    at.map_or(Datum::None, Datum::At)
}

fn named(roster: &Roster, row: u32) -> (Datum, Datum) {
    (
        Datum::Id(roster.ids[row as usize]),
        Datum::words(roster.name(row as usize)),
    )
}

/// Customers with the columns of a list; of the queue also the reasons, in words.
fn customers(
    store: &mut Store,
    page: &RowsPage,
    chosen: &[Listed],
    why: bool,
) -> Result<(Vec<String>, Vec<Vec<Datum>>)> {
    let words = Words::english();
    let shared = store.roster()?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let heads = ["id".to_owned()]
        .into_iter()
        .chain(chosen.iter().map(|c| c.code().to_owned()));
    let heads = heads.chain(why.then(|| "reasons".to_owned())).collect();
    let rows = page.rows.iter().map(|row| {
        let at = *row as usize;
        let mut cells = vec![Datum::Id(roster.ids[at])];
        cells.extend(chosen.iter().map(|c| c.datum(&roster, at)));
        if why {
            let said = roster.reasons(at);
            let said = said.iter().filter_map(|w| {
                let kind = REASONS.get(usize::from(w.key.reason.0))?;
                Some(words.why(kind.code, i64::from(w.figure)))
            });
            cells.push(Datum::words(said.collect::<Vec<_>>().join("; ")));
        }
        cells
    });
    Ok((heads, rows.collect()))
}

fn timeline(account: &Account) -> Vec<Vec<Datum>> {
    let row = |e: &Event| {
        let money = matches!(
            e.kind,
            EventKind::Order | EventKind::Invoice | EventKind::Churn | EventKind::Subscription
        );
        let (number, paid) = match e.number {
            Some(n) if money => (Datum::None, Datum::Money(n)),
            n => (Datum::whole(n), Datum::None),
        };
        let more = if e.more.is_empty() {
            String::new()
        } else {
            serde_json::Value::Object(e.more.clone()).to_string()
        };
        vec![
            Datum::Id(e.id),
            Datum::Id(e.customer),
            Datum::At(e.at),
            Datum::Day(e.day),
            Datum::words(e.kind.code()),
            Datum::words(e.contact_name.clone()),
            Datum::words(e.channel.clone()),
            Datum::words(e.direction.clone()),
            number,
            paid,
            Datum::words(e.text.clone()),
            Datum::words(e.reference.clone()),
            Datum::words(e.author.clone()),
            Datum::words(more),
        ]
    };
    account.events.iter().map(row).collect()
}

fn stages(page: &FunnelPage) -> Vec<Vec<Datum>> {
    let days = |days: Option<f64>| days.map_or(Datum::None, Datum::Real);
    let row = |s: &crate::domain::funnel::StageFigures| {
        vec![
            Datum::words(s.stage.clone()),
            Datum::words(s.label.clone()),
            count(s.count),
            Datum::Money(s.arr.book()),
            Datum::words(s.arr.apart_text()),
            count(s.entered),
            count(s.ended),
            count(s.open),
            count(s.advanced),
            count(s.reached),
            count(s.cohort),
            days(s.median_days),
            days(s.p90_days),
            Datum::whole(s.age_median),
            Datum::whole(s.age_max),
            count(s.behind),
            count(s.stuck),
            Datum::Whole(i64::from(s.expected)),
        ]
    };
    page.stages.iter().map(row).collect()
}

fn moves(page: &FunnelPage) -> Vec<Vec<Datum>> {
    page.flows
        .iter()
        .map(|f| {
            vec![
                Datum::words(f.from.clone()),
                Datum::words(f.to.clone()),
                count(f.moves),
            ]
        })
        .collect()
}

fn answers(page: &NpsPage, roster: &Roster) -> Vec<Vec<Datum>> {
    let within = page
        .answers
        .said
        .iter()
        .filter(|s| page.period.from <= s.day && s.day <= page.period.to);
    let row = |s: &crate::domain::survey::Said| {
        let (id, name) = named(roster, s.customer);
        let wave = page
            .answers
            .waves
            .get(usize::from(s.wave))
            .cloned()
            .unwrap_or_default();
        let score = if s.kind == EventKind::Invite {
            Datum::None
        } else {
            Datum::Whole(s.number)
        };
        let (kind, wave) = (Datum::words(s.kind.code()), Datum::words(wave));
        vec![
            Datum::Id(s.id),
            Datum::At(Stamp(s.at)),
            Datum::Day(s.day),
            id,
            name,
            kind,
            score,
            wave,
        ]
    };
    within.map(row).collect()
}

/// A table of figures; a share takes two columns, what is part and of how many.
fn figures(page: &TablePage, sheet: impl FnOnce(&[&str], Vec<Vec<Datum>>) -> Sheet) -> Sheet {
    let shares: Vec<bool> = (0..page.heads.len())
        .map(|at| {
            page.rows
                .iter()
                .any(|r| matches!(r.cells.get(at), Some(Cell::Share(_))))
        })
        .collect();
    let mut heads: Vec<String> = Vec::new();
    for (head, share) in page.heads.iter().zip(&shares) {
        heads.push((*head).to_owned());
        heads.extend(share.then(|| format!("{head}_of")));
    }
    let rows = page.rows.iter().map(|row| {
        let mut cells = Vec::with_capacity(heads.len());
        for (cell, share) in row.cells.iter().zip(&shares) {
            let (first, second) = match cell {
                Cell::Share(s) => (count(s.part), count(s.of)),
                other => (figure(other), Datum::None),
            };
            cells.push(first);
            cells.extend(share.then_some(second));
        }
        cells
    });
    let rows = rows.collect();
    sheet(&heads.iter().map(String::as_str).collect::<Vec<_>>(), rows)
}

fn figure(cell: &Cell) -> Datum {
    match cell {
        Cell::None => Datum::None,
        Cell::Text(text) => Datum::words(text.clone()),
        Cell::Count(n) => count(*n),
        Cell::Share(s) => count(s.part),
        Cell::Days(d) | Cell::Part(d) | Cell::Number(d) => Datum::Real(*d),
        Cell::Score(nps) => Datum::Real(nps.score),
        Cell::Quantile(q) => q.days.map_or(Datum::None, Datum::Real),
        Cell::Target(n) => Datum::Whole(i64::from(*n)),
        Cell::Months(_) | Cell::Ends(..) | Cell::Test(_) => Datum::words(cell.show()),
        Cell::Met(met) => Datum::Flag(*met),
    }
}

#[cfg(test)]
mod tests;
