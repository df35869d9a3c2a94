//! Each figure of a stage with a target: what it is in the period, and in each of the last months.

use chrono::{Datelike, NaiveDate};

use crate::domain::event::EventKind;
use crate::domain::funnel::{self, Mode, Period, StageFigures, Visit};
use crate::domain::kpi::{Figure, Stays};
use crate::domain::roster::Roster;
use crate::domain::stage::{Kpi, KpiCode, StageNo};
use crate::domain::survey::Said;
use crate::domain::table::{Cell, Row};
use crate::domain::time::{Day, Stamp};
use crate::error::Result;
use crate::store::{Store, kept};

use super::tables::{Table, tickets};

/// Months in the history.
const MONTHS: i32 = 12;

/// What the figures of a period are made of.
struct Span {
    period: Period,
    /// By stage.
    figures: Vec<StageFigures>,
    /// NPS answers.
    said: Vec<Said>,
    /// Tickets: customer and day.
    opened: Vec<(u32, Day)>,
}

/// A row for each target. `early`: with what visits say of the period alone.
pub fn table(
    store: &mut Store,
    roster: &Roster,
    visits: &[Visit],
    period: Period,
    mode: Mode,
    early: bool,
) -> Result<Table> {
    let asks = |code: KpiCode| move |kpi: &Kpi| kpi.code == code;
    let any = |code| {
        !early
            && store
                .config
                .stages
                .stage
                .iter()
                .flat_map(|s| &s.kpi)
                .any(asks(code))
    };
    let (nps, load) = (any(KpiCode::Nps), any(KpiCode::TicketLoad));
    // What no target asks for is not read.
    let answers = if nps {
        Some(kept::answers(store, roster)?)
    } else {
        None
    };
    let said = answers.as_ref().map_or(&[][..], |a| &a.said);
    let months = if early {
        Vec::new()
    } else {
        months(store.today)
    };
    let first = months
        .iter()
        .map(|m| m.from)
        .chain([period.from])
        .min()
        .unwrap_or(period.from);
    let mut opened = Vec::new();
    if load {
        let all = Period {
            from: first,
            to: store.today,
        };
        tickets(store, roster, all, "n", |customer, row| {
            opened.push((customer, store.config.zone.day(Stamp(row.get(1)?))));
            Ok(())
        })?;
    }
    let stages = &store.config.stages;
    // What targets ask of the funnel is of the visits begun in the period alone.
    let begun = |period: Period| {
        visits
            .iter()
            .filter(|v| period.has(v.entered))
            .copied()
            .collect::<Vec<_>>()
    };
    let span = |period: Period| Span {
        figures: funnel::figures(stages, &begun(period), &[], period, mode, store.today).0,
        said: said
            .iter()
            .filter(|s| s.kind == EventKind::Nps && period.has(s.day))
            .copied()
            .collect(),
        opened: opened
            .iter()
            .filter(|(_, day)| period.has(*day))
            .copied()
            .collect(),
        period,
    };
    let now = span(period);
    let then: Vec<Span> = months.into_iter().map(span).collect();
    let mut rows = Vec::new();
    for (no, stage) in stages
        .stage
        .iter()
        .enumerate()
        .filter(|(_, s)| !s.kpi.is_empty())
    {
        let stays = Stays::of(StageNo(no as u8), visits, stages);
        for kpi in &stage.kpi {
            let measure = |span: &Span| {
                stays.measure(
                    kpi.code,
                    &span.figures[no],
                    &span.said,
                    &span.opened,
                    span.period,
                )
            };
            let later = early && matches!(kpi.code, KpiCode::Nps | KpiCode::TicketLoad);
            let actual = if later { Figure::none() } else { measure(&now) };
            let target = f64::from(kpi.target);
            let met = actual.value.map_or(Cell::None, |v| {
                Cell::Met(if kpi.code.at_least() {
                    v >= target
                } else {
                    v <= target
                })
            });
            let history = then.iter().map(|month| {
                let by_visits = month.figures[no].entered > 0 || !kpi.code.is_of_visits();
                measure(month).value.filter(|_| by_visits)
            });
            let code = serde_json::to_value(kpi.code)
                .ok()
                .and_then(|c| c.as_str().map(str::to_owned))
                .unwrap_or_default();
            let months = Cell::Months(history.collect());
            let cells = vec![
                Cell::Text(stage.label.clone()),
                Cell::Text(code),
                actual.cell,
                Cell::Target(kpi.target),
                met,
                months,
            ];
            rows.push(Row::new(cells, actual.behind));
        }
    }
    Ok((
        vec!["stage", "figure", "actual", "target", "met", "months"],
        rows,
    ))
}

/// The last months, oldest first; the present one ends today.
fn months(today: Day) -> Vec<Period> {
    let number = today.date().year() * 12 + today.date().month0() as i32;
    let begin = |number: i32| {
        let date =
            NaiveDate::from_ymd_opt(number.div_euclid(12), number.rem_euclid(12) as u32 + 1, 1);
        date.and_then(Day::from_date)
    };
    let month = |number: i32| {
        let (from, next) = (begin(number)?, begin(number + 1));
        Some(Period {
            from,
            to: next.map_or(today, |next| next.plus(-1)).min(today),
        })
    };
    (number - MONTHS + 1..=number).filter_map(month).collect()
}
