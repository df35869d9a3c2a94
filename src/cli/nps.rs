//! `retain nps`: what customers answer to "would you recommend us"; with a customer and a score it records an answer.

use serde_json::{Value, json};

use super::fail::Done;
use super::list::mistaken;
use super::out::{Ink, one_line};
use super::{Cx, joined, unexpected};
use crate::domain::command::{Command, Said as Answer};
use crate::domain::id::Id;
use crate::domain::nps::{Change, Group, Verdict};
use crate::domain::query::{NpsPage, Page, PeriodAsk, Query};
use crate::domain::roster::Roster;
use crate::domain::survey::{Movement, Said, Tally, Wave};
use crate::domain::time::Day;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::text::fold;

/// NPS with its interval, waves and trend; with CUSTOMER and SCORE: record an answer
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Record an answer of this customer: id, key or name
    #[arg(requires = "score", add = super::complete::customers())]
    customer: Option<String>,
    /// 0 to 10
    #[arg(value_parser = clap::value_parser!(u8).range(0..=10))]
    score: Option<u8>,
    /// What they said
    text: Vec<String>,
    /// Who answered: a contact's name or part of one
    #[arg(long, value_name = "NAME", requires = "score")]
    contact: Option<String>,
    /// Which round of asking it answers: "2026 Q4"
    #[arg(long, value_name = "NAME", requires = "score")]
    wave: Option<String>,
    /// When: "2d ago", yesterday
    #[arg(long, value_name = "TIME", requires = "score")]
    at: Option<String>,
    #[command(flatten)]
    window: Window,
}

/// Which customers, and which days.
#[derive(clap::Args, Debug)]
pub(super) struct Window {
    /// Only customers that pass this filter
    #[arg(long, short, value_name = "FILTER", default_value = "", add = super::complete::filters())]
    pub(super) filter: String,
    /// The last so many days (default: all)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,
    /// From this day (2026-07-01)
    #[arg(long, value_name = "DATE", conflicts_with = "days", value_parser = a_day)]
    from: Option<Day>,
    /// To this day, itself included
    #[arg(long, value_name = "DATE", conflicts_with = "days", value_parser = a_day)]
    to: Option<Day>,
}

fn a_day(text: &str) -> std::result::Result<Day, String> {
    text.parse()
        .map_err(|_| "a date looks like 2026-07-01".to_owned())
}

impl Window {
    /// The period that is meant; an open end reaches as far as there is anything.
    pub(super) fn period(&self, today: Day) -> PeriodAsk {
        match (self.days, self.from, self.to) {
            (Some(days), _, _) => PeriodAsk::Days(days),
            (None, None, None) => PeriodAsk::All,
            (None, from, to) => PeriodAsk::Between(
                from.or(Day::from_number(0)).unwrap_or(today),
                to.unwrap_or(today),
            ),
        }
    }
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let (Some(customer), Some(score)) = (&args.customer, args.score) else {
        return report(cx, &mut store, &args.window);
    };
    let customer = store.find_customer(customer)?;
    let contact = args
        .contact
        .as_deref()
        .map(|name| find_contact(cx, &mut store, customer, name))
        .transpose()?;
    let at = cx.past(&store, args.at.as_deref())?;
    let text = joined(&args.text);
    let answer = match args.wave.clone() {
        Some(wave) => Command::Survey {
            customer,
            contact,
            wave,
            answers: vec![Answer::Nps(score, text)],
            at,
        },
        None => Command::Nps {
            customer,
            contact,
            score,
            text,
            at,
        },
    };
    cx.write(&mut store, &answer)
}

/// The contact of a customer by name, part of a name, key or id.
pub(super) fn find_contact(cx: &Cx<'_>, store: &mut Store, customer: Id, name: &str) -> Result<Id> {
    let contacts = cx.contacts(store, customer)?;
    let wanted = fold(name.trim());
    let exact = contacts
        .iter()
        .find(|c| fold(&c.name) == wanted || c.id.to_string() == name || c.external == name);
    let fits: Vec<_> = exact.map_or_else(
        || {
            contacts
                .iter()
                .filter(|c| fold(&c.name).contains(&wanted))
                .collect()
        },
        |c| vec![c],
    );
    match fits.as_slice() {
        [one] => Ok(one.id),
        [] => Err(contacts.iter().take(8).fold(
            Error::not_found(say!("nps.no_contact_called", name = name)),
            |e, c| e.hint(c.name.clone()),
        )),
        several => Err(several.iter().take(8).fold(
            Error::usage(format!("\"{name}\" fits {} contacts", several.len())),
            |e, c| e.hint(c.name.clone()),
        )),
    }
}

fn report(cx: &mut Cx<'_>, store: &mut Store, window: &Window) -> Done {
    let ask = Query::Nps {
        filter: window.filter.clone(),
        period: window.period(store.today()),
    };
    let Page::Nps(page) = store.answer(&ask)? else {
        return Err(unexpected().into());
    };
    if let Some(mistake) = &page.mistake {
        return Err(mistaken(&window.filter, mistake).into());
    }
    let shared = store.roster()?;
    let roster = shared
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if cx.out.json {
        return Ok(cx.out.object(object(&page, &roster, &window.filter))?);
    }
    print(cx, &page, &roster)
}

fn name<'r>(page: &NpsPage, roster: &'r Roster, at: u32) -> &'r str {
    roster.name(page.answers.said[at as usize].customer as usize)
}

/// `30 (19 to 41), n 177`, the few answers themselves, or that there are none.
fn verdict(tally: &Tally) -> String {
    match &tally.verdict {
        Verdict::None => "no answers".to_owned(),
        Verdict::Answers(few) => {
            let few: Vec<String> = few.iter().map(u8::to_string).collect();
            say!("nps.too_few_for_score", few = few.join(" ")).to_string()
        }
        Verdict::Score(nps) => format!(
            "{:.0} ({:.0} to {:.0}), n {}",
            nps.score, nps.low, nps.high, nps.n
        ),
    }
}

/// `+8 (-4 to 20), z 1.3: no change visible`.
fn changed(change: &Change) -> String {
    let said = if change.visible {
        "a change"
    } else {
        &say!("nps.no_change_visible")
    };
    format!(
        "{:+.0} ({:.0} to {:.0}), z {:.2}: {said}",
        change.difference, change.low, change.high, change.z
    )
}

fn tally_json(tally: &Tally) -> Value {
    let nps = match &tally.verdict {
        Verdict::Score(nps) => Some(*nps),
        _ => None,
    };
    let few = if let Verdict::Answers(few) = &tally.verdict {
        Some(few)
    } else {
        None
    };
    json!({
        "n": tally.counted.len(),
        "promoters": nps.map(|n| n.promoters),
        "passives": nps.map(|n| n.passives),
        "detractors": nps.map(|n| n.detractors),
        "nps": nps.map(|n| n.score),
        "wald": nps.map(|n| n.wald()),
        "adjusted_wald": nps.map(|n| n.adjusted()),
        "answers": few,
        "superseded": tally.superseded,
        "account_mean_nps": tally.account_mean.map(|m| m.0),
        "accounts": tally.account_mean.map_or(0, |m| m.1),
    })
}

fn wave_json(wave: &Wave) -> Value {
    let mut all = json!({
        "wave": wave.name,
        "from": wave.from,
        "invited": wave.response.of,
        "answered": wave.response.part,
        "response_rate": wave.response.ratio(),
        "uninvited": wave.uninvited,
    });
    if let (Value::Object(all), Value::Object(tally)) = (&mut all, tally_json(&wave.tally)) {
        all.extend(tally);
    }
    all
}

fn movement_json(page: &NpsPage, movement: &Movement) -> Value {
    let names = ["detractor", "passive", "promoter", "no_answer"];
    let cells = (0..4)
        .flat_map(|from| (0..4).map(move |to| (from, to)))
        .filter(|(from, to)| (*from, *to) != (3, 3));
    let cells: Vec<Value> =
        cells.map(|(from, to)| json!({"from": names[from], "to": names[to], "people": movement.cells[from][to].len()})).collect();
    let waves = &page.answers.waves;
    json!({"from": waves[movement.from], "to": waves[movement.to], "cells": cells, "change": movement.change})
}

fn object(page: &NpsPage, roster: &Roster, filter: &str) -> Value {
    let figures = &page.figures;
    let calls: Vec<Value> = page
        .calls
        .iter()
        .enumerate()
        .map(|(i, at)| {
            let said = &page.answers.said[*at as usize];
            let (customer, waits) = (roster.ids[said.customer as usize], i < page.waiting);
            json!({"event": said.id, "customer": customer, "name": name(page, roster, *at), "score": said.number, "day": said.day, "waiting": waits})
        })
        .collect();
    let invalid: Vec<Value> = figures
        .window
        .invalid
        .iter()
        .map(|at| json!({"name": name(page, roster, *at), "number": page.answers.said[*at as usize].number}))
        .collect();
    let mut all = json!({"filter": filter, "from": page.period.from, "to": page.period.to, "convention": say!("nps.latest_answer_person_window")});
    if let (Value::Object(all), Value::Object(tally)) = (&mut all, tally_json(&figures.window)) {
        all.extend(tally);
        let month = |m: &crate::domain::survey::Month| {
            let mut one = json!({"month": format!("{}-{:02}", m.month.0, m.month.1)});
            if let (Value::Object(one), Value::Object(tally)) = (&mut one, tally_json(&m.tally)) {
                one.extend(tally);
            }
            one
        };
        let rest = json!({
            "outside_window": figures.outside,
            "invalid": invalid,
            "quarters": page.answers.quarters,
            "waves": figures.waves.iter().map(wave_json).collect::<Vec<_>>(),
            "no_wave": figures.no_wave.counted.len(),
            "months": figures.months.iter().map(month).collect::<Vec<_>>(),
            "movement": figures.movement.as_ref().map(|m| movement_json(page, m)),
            "csat": {"share": figures.csat.share.ratio(), "satisfied": figures.csat.share.part, "n": figures.csat.share.of, "wilson": figures.csat.share.wilson()},
            "ces": {"mean": figures.ces.mean, "n": figures.ces.answers.len()},
            "invited_silent": figures.silent.iter().map(|at| name(page, roster, *at)).collect::<Vec<_>>(),
            "never_asked": figures.never_asked.len(),
            "calls": calls,
        });
        if let Value::Object(rest) = rest {
            all.extend(rest);
        }
    }
    all
}

fn print(cx: &mut Cx<'_>, page: &NpsPage, roster: &Roster) -> Done {
    let figures = &page.figures;
    let title = say!(
        "nps.nps_from_latest_answer",
        from = page.period.from,
        to = page.period.to
    );
    let title = cx.out.paint(Ink::Dim, &title);
    cx.out.line(&title)?;
    let head = cx
        .out
        .paint(Ink::Bold, &format!("NPS {}", verdict(&figures.window)));
    cx.out.line(&head)?;
    if let Some((mean, accounts)) = figures.window.account_mean {
        cx.out.line(&format!(
            "Mean of the accounts {mean:.0}, {accounts} accounts"
        ))?;
    }
    let csat = &figures.csat.share;
    cx.out.line(&match csat.of {
        0 => say!("nps.satisfaction_no_answers").to_owned(),
        n => say!(
            "nps.satisfaction_said_4_or",
            percent_with_interval = csat.percent_with_interval(),
            n = n
        ),
    })?;
    cx.out.line(&match figures.ces.mean {
        None => say!("nps.effort_no_answers").to_owned(),
        Some(mean) => format!("Effort {mean:.1} of 7, n {}", figures.ces.answers.len()).into(),
    })?;
    for at in figures.window.invalid.iter().take(20) {
        let number = page.answers.said[*at as usize].number;
        cx.out.line(&say!(
            "nps.not_counted_by",
            number = number,
            page = one_line(name(page, roster, *at))
        ))?;
    }
    let rows: Vec<Vec<String>> = figures.waves.iter().map(wave_row).collect();
    if !rows.is_empty() {
        cx.out.line("")?;
        let first = if page.answers.quarters {
            "quarter"
        } else {
            "wave"
        };
        cx.out
            .table(&[first, "NPS", "response"], &[false, false, false], &rows)?;
    }
    if let Some(movement) = &figures.movement {
        print_movement(cx, page, movement)?;
    }
    cx.out.line("")?;
    cx.out.line(&say!(
        "nps.invited_without_answer_customers",
        silent = figures.silent.len(),
        never_asked = figures.never_asked.len()
    ))?;
    print_calls(cx, page, roster)
}

fn wave_row(wave: &Wave) -> Vec<String> {
    let response = match wave.response.of {
        0 => "-".to_owned(),
        of => format!("{} of {of}", wave.response.percent()),
    };
    vec![one_line(&wave.name), verdict(&wave.tally), response]
}

fn print_movement(cx: &mut Cx<'_>, page: &NpsPage, movement: &Movement) -> Done {
    let waves = &page.answers.waves;
    cx.out.line("")?;
    let change = movement
        .change
        .as_ref()
        .map_or_else(|| "too few answers for a change".to_owned(), changed);
    cx.out.line(&format!(
        "From {} to {}: {change}",
        one_line(&waves[movement.from]),
        one_line(&waves[movement.to])
    ))?;
    let names = ["detractor", "passive", "promoter", "no answer"];
    let rows: Vec<Vec<String>> = (0..4)
        .map(|from| {
            std::iter::once(names[from].to_owned())
                .chain((0..4).map(|to| movement.cells[from][to].len().to_string()))
                .collect()
        })
        .collect();
    cx.out.table(
        &[
            "from \\ to",
            "detractor",
            "passive",
            "promoter",
            "no answer",
        ],
        &[false, true, true, true, true],
        &rows,
    )?;
    Ok(())
}

fn print_calls(cx: &mut Cx<'_>, page: &NpsPage, roster: &Roster) -> Done {
    let low = |said: &Said| Group::of(said.number) == Some(Group::Detractor);
    let waiting: Vec<&u32> = page.calls[..page.waiting]
        .iter()
        .filter(|at| low(&page.answers.said[**at as usize]))
        .collect();
    if waiting.is_empty() {
        return Ok(cx.out.line(&say!("nps.no_low_answer_waits"))?);
    }
    cx.out.line("")?;
    let rows: Vec<Vec<String>> = waiting
        .iter()
        .take(20)
        .map(|at| {
            let said = &page.answers.said[**at as usize];
            vec![
                said.number.to_string(),
                one_line(name(page, roster, **at)),
                said.day.to_string(),
            ]
        })
        .collect();
    cx.out.table(
        &["score", &say!("nps.low_answers_wait_for"), "day"],
        &[true, false, false],
        &rows,
    )?;
    if waiting.len() > rows.len() {
        cx.out
            .line(&format!("and {} more", waiting.len() - rows.len()))?;
    }
    Ok(())
}
