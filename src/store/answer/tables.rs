//! Pages of figures in rows: the funnel by something, targets, help before purchase, issues.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::Datelike;
use rusqlite::params;

use crate::columns;
use crate::domain::funnel::{self, Mode, Period, Visit};
use crate::domain::issue::{self, Ticket};
use crate::domain::proportion::Share;
use crate::domain::query::PeriodAsk;
use crate::domain::roster::Roster;
use crate::domain::stage::{StageClass, StageNo};
use crate::domain::survival::Curve;
use crate::domain::table::{By, Cell, Kind, Row, TableAsk, TablePage};
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Result};
use crate::store::search::text_at_raw as text_at;
use crate::store::{Store, kept};

use super::{Selection, days_of, load_attribute, select, targets};

mod stays;

/// Parts that a split shows; the others are put together.
const PARTS: usize = 12;
/// In a larger book targets answer in two pieces.
const MANY: usize = 1000;
/// Issues that are listed.
const ISSUES: usize = 50;

/// The table that is asked for.
pub fn page(store: &mut Store, ask: &TableAsk) -> Result<TablePage> {
    let shared = store.roster()?;
    let selection = match select(store, &ask.filter)? {
        Ok(selection) => selection,
        Err(mistake) => {
            let period = Period {
                from: store.today,
                to: store.today,
            };
            return Ok(TablePage {
                heads: Vec::new(),
                rows: Vec::new(),
                period,
                mistake: Some(mistake),
                computing: false,
            });
        }
    };
    if let Kind::Split(By::Attribute(code)) | Kind::StaysBy(By::Attribute(code)) = &ask.kind {
        let known = columns::attribute(&store.config, code).map(|a| a.code.clone());
        let code = known.ok_or_else(|| {
            let all: Vec<&str> = store
                .config
                .attributes
                .iter()
                .map(|a| a.code.as_str())
                .collect();
            Error::usage(say!("tables.there_no_attribute", code = code)).hint(say!(
                "tables.owner_month_quarter_before",
                all = all.join(", ")
            ))
        })?;
        load_attribute(store, &shared, &code)?;
    }
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    // Issues are not of visits, unless those say when all began.
    let of_visits = ask.kind != Kind::Issues || ask.period == PeriodAsk::All;
    let visits = if of_visits {
        kept::visits(store, &roster)?
    } else {
        Arc::default()
    };
    let period = days_of(ask.period, store.today, || {
        visits.iter().map(|v| v.entered).min()
    });
    let visits: Vec<Visit> = visits
        .iter()
        .filter(|v| selection.passes[v.customer as usize])
        .copied()
        .collect();
    let computing = ask.kind == Kind::Targets
        && roster.rows.len() > MANY
        && !std::mem::replace(&mut store.kept.begun, true);
    let (heads, rows) = match &ask.kind {
        Kind::Split(by) => split(store, &roster, &visits, by, period, ask)?,
        Kind::Targets => targets::table(store, &roster, &visits, period, ask.mode, computing)?,
        Kind::Help => help(store, &roster, &visits, period)?,
        Kind::Stays => stays::table(store, &visits, period),
        Kind::StaysBy(By::Before) => {
            return Err(Error::usage(say!("tables.stays_not_split_by"))
                .hint(say!("tables.owner_month_quarter")));
        }
        Kind::StaysBy(by) => stays::by_parts(store, &parts(&roster, &visits, by, period), period),
        Kind::Curve => stays::curve(store, &visits, period),
        Kind::Issues => issues(store, &shared, &selection, period)?,
    };
    Ok(TablePage {
        heads,
        rows,
        period,
        mistake: None,
        computing,
    })
}

pub(super) type Table = (Vec<&'static str>, Vec<Row>);

/// The name of the part that a row of the roster belongs to.
fn part(roster: &Roster, by: &By, at: usize) -> String {
    let started = || roster.rows[at].signals.started.map(Day::date);
    let dash = |text: &str| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text.to_owned()
        }
    };
    match by {
        By::Owner => dash(roster.owner(at)),
        By::Attribute(code) => dash(roster.attribute(code, at)),
        By::Month => started().map_or_else(
            || "-".to_owned(),
            |d| format!("{}-{:02}", d.year(), d.month()),
        ),
        By::Quarter => started().map_or_else(
            || "-".to_owned(),
            |d| format!("{} Q{}", d.year(), d.month0() / 3 + 1),
        ),
        By::Before => String::new(),
    }
}

/// The funnel's figures of each part. The customers behind a row are those whose visit of the stage began in the period.
fn split(
    store: &Store,
    roster: &Roster,
    visits: &[Visit],
    by: &By,
    period: Period,
    ask: &TableAsk,
) -> Result<Table> {
    let mut heads = vec![
        "part",
        "stage",
        "entered",
        "went_on",
        "open",
        "median_days",
        "plain_median",
        "p90_days",
    ];
    let mut rows = Vec::new();
    if *by == By::Before {
        if ask.period == PeriodAsk::All {
            return Err(Error::usage(say!("tables.all_time_no_period"))
                .hint(say!("tables.take_number_days")));
        }
        let length = period.to.since(period.from) + 1;
        let before = Period {
            from: period.from.plus(-length),
            to: period.to.plus(-length),
        };
        for (period, today) in [(period, store.today), (before, before.to)] {
            let name = format!("{} to {}", period.from, period.to);
            put_part(store, &name, visits, period, today, ask.mode, &mut rows);
        }
        heads[0] = "period";
        return Ok((heads, rows));
    }
    for (name, visits) in &parts(roster, visits, by, period) {
        put_part(
            store,
            name,
            visits,
            period,
            store.today,
            ask.mode,
            &mut rows,
        );
    }
    Ok((heads, rows))
}

/// The visits of each part, the parts with the most visits begun in the period first; those of a calendar in its order.
fn parts(roster: &Roster, visits: &[Visit], by: &By, period: Period) -> Vec<(String, Vec<Visit>)> {
    let (mut names, mut numbers): (Vec<String>, HashMap<String, usize>) =
        (Vec::new(), HashMap::new());
    let mut of_row: Vec<Option<usize>> = vec![None; roster.rows.len()];
    let mut entered: Vec<usize> = Vec::new();
    for visit in visits {
        let at = visit.customer as usize;
        let no = *of_row[at].get_or_insert_with(|| {
            let name = part(roster, by, at);
            *numbers.entry(name.clone()).or_insert_with(|| {
                names.push(name);
                entered.push(0);
                names.len() - 1
            })
        });
        entered[no] += usize::from(period.has(visit.entered));
    }
    let mut order: Vec<usize> = (0..names.len()).filter(|no| entered[*no] > 0).collect();
    order.sort_by(|a, b| {
        entered[*b]
            .cmp(&entered[*a])
            .then_with(|| names[*a].cmp(&names[*b]))
    });
    let mut place = vec![PARTS; names.len()];
    order
        .iter()
        .take(PARTS)
        .enumerate()
        .for_each(|(at, no)| place[*no] = at);
    let mut shown: Vec<(String, Vec<Visit>)> = order
        .iter()
        .take(PARTS)
        .map(|no| (names[*no].clone(), Vec::new()))
        .collect();
    if order.len() > PARTS {
        shown.push((format!("{} others", order.len() - PARTS), Vec::new()));
    }
    for visit in visits {
        if let Some(part) = of_row[visit.customer as usize].and_then(|no| shown.get_mut(place[no]))
        {
            part.1.push(*visit);
        }
    }
    // Parts of a calendar stand in its order.
    if matches!(by, By::Month | By::Quarter) {
        shown.sort_by(|a, b| a.0.cmp(&b.0));
    }
    shown
}

fn put_part(
    store: &Store,
    name: &str,
    visits: &[Visit],
    period: Period,
    today: Day,
    mode: Mode,
    rows: &mut Vec<Row>,
) {
    let stages = &store.config.stages;
    let (figures, _) = funnel::figures(stages, visits, &[], period, mode, today);
    let mut behind: Vec<Vec<u32>> = vec![Vec::new(); figures.len()];
    for visit in visits.iter().filter(|v| period.has(v.entered)) {
        if let Some(behind) = behind.get_mut(usize::from(visit.stage.0)) {
            behind.push(visit.customer);
        }
    }
    for (stage, behind) in figures.iter().zip(behind).filter(|(s, _)| s.entered > 0) {
        let went_on = if stage.class == StageClass::Lost {
            Cell::None
        } else {
            Cell::Share(Share::new(stage.advanced, stage.ended))
        };
        let cells = vec![
            Cell::Text(name.to_owned()),
            Cell::Text(stage.label.clone()),
            Cell::Count(stage.entered),
            went_on,
            Cell::Count(stage.open),
            Cell::days(stage.median_days),
            Cell::days(stage.plain_median_days.map(|d| d as f64)),
            Cell::days(stage.p90_days),
        ];
        rows.push(Row::new(cells, behind));
    }
}

/// Prospects with a call, mail or chat of theirs while they were prospects, and those without: how many later bought.
fn help(store: &Store, roster: &Roster, visits: &[Visit], period: Period) -> Result<Table> {
    let stages = &store.config.stages;
    let class = |no: StageNo| stages.get(no).map_or(StageClass::Customer, |s| s.class);
    // First day as a prospect in the period, and the day of the first purchase after it.
    let mut prospects: HashMap<u32, (Day, Option<Day>)> = HashMap::new();
    for visit in visits {
        match class(visit.stage) {
            StageClass::Prospect if period.has(visit.entered) => {
                prospects
                    .entry(visit.customer)
                    .or_insert((visit.entered, None));
            }
            StageClass::Customer => {
                if let Some((_, bought)) = prospects.get_mut(&visit.customer) {
                    bought.get_or_insert(visit.entered);
                }
            }
            _ => {}
        }
    }
    let mut statement = store.conn.prepare_cached(kept::HELP)?;
    let mut found = statement.query([])?;
    let mut helped: HashMap<u32, ()> = HashMap::new();
    while let Some(row) = found.next()? {
        let Some(at) = roster.row_of(row.get(0)?).map(|at| at as u32) else {
            continue;
        };
        let day = Day::from_number(row.get(1)?);
        if let (Some(day), Some((from, bought))) =
            (day.filter(|d| *d <= store.today), prospects.get(&at))
            && *from <= day
            && bought.is_none_or(|b| day <= b)
        {
            helped.insert(at, ());
        }
    }
    let row = |name: &str, with: bool| {
        let of: Vec<(&u32, &(Day, Option<Day>))> = prospects
            .iter()
            .filter(|(at, _)| helped.contains_key(at) == with)
            .collect();
        let bought: Vec<i64> = of
            .iter()
            .filter_map(|(_, (from, bought))| Some((*bought)?.since(*from)))
            .collect();
        let mut times: Vec<(i64, bool)> = of
            .iter()
            .map(|(_, (from, bought))| {
                (bought.unwrap_or(store.today).since(*from), bought.is_some())
            })
            .collect();
        let median = Curve::of(&mut times).quantile(0.5);
        let cells = vec![
            Cell::Text(name.to_owned()),
            Cell::Count(of.len()),
            Cell::Share(Share::new(bought.len(), of.len())),
            Cell::days(median),
        ];
        Row::new(cells, of.into_iter().map(|(at, _)| *at).collect())
    };
    Ok((
        vec!["help", "prospects", "bought", "median_days"],
        vec![row("asked", true), row("did_not_ask", false)],
    ))
}

/// Tickets opened in the period, those about the same thing together.
/// Hands each ticket opened in the period, and the row of its customer, to `each`; columns from the second on are `columns`.
pub(super) fn tickets(
    store: &Store,
    roster: &Roster,
    period: Period,
    columns: &str,
    mut each: impl FnMut(u32, &rusqlite::Row<'_>) -> Result<()>,
) -> Result<()> {
    let zone = store.config.zone;
    let from = zone.stamp(period.from, chrono::NaiveTime::MIN);
    let to = zone.stamp(period.to.plus(1), chrono::NaiveTime::MIN);
    let query = format!(
        "SELECT customer, opened, {columns} FROM ticket WHERE removed = 0 AND opened >= ? AND opened < ?"
    );
    let mut statement = store.conn.prepare_cached(&query)?;
    let mut found = statement.query(params![from, to])?;
    while let Some(row) = found.next()? {
        if let Some(at) = roster
            .row_of(row.get(0)?)
            .filter(|at| !roster.rows[*at].removed)
        {
            each(at as u32, row)?;
        }
    }
    Ok(())
}

fn issues(
    store: &Store,
    shared: &Arc<RwLock<Roster>>,
    selection: &Selection,
    period: Period,
) -> Result<Table> {
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let zone = store.config.zone;
    let mut all = Vec::new();
    tickets(
        store,
        &roster,
        period,
        "subject, closed",
        |customer, row| {
            if selection.passes[customer as usize] {
                let closed: Option<i64> = row.get(3)?;
                all.push(Ticket {
                    customer,
                    subject: text_at(row, 2)?,
                    opened: zone.day(Stamp(row.get(1)?)),
                    closed: closed
                        .map(|ms| zone.day(Stamp(ms)))
                        .filter(|d| *d <= store.today),
                });
            }
            Ok(())
        },
    )?;
    let rows = issue::issues(&all).into_iter().take(ISSUES).map(|issue| {
        let mut row = Row::new(Vec::new(), issue.customers);
        row.cells = vec![
            Cell::Text(issue.word),
            Cell::Text(issue.example),
            Cell::Count(issue.count),
            Cell::Count(row.customers.len()),
            Cell::Count(issue.open),
            Cell::days(issue.mean_days.map(|d| (d * 10.0).round() / 10.0)),
        ];
        row
    });
    Ok((
        vec![
            "issue",
            "such_as",
            "tickets",
            "customers",
            "still_open",
            "mean_days",
        ],
        rows.collect(),
    ))
}
