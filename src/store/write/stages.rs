//! Moves between stages. Every path comes through here, so a reason cannot be left out on any.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::columns;
use crate::domain::checklist::Answer;
use crate::domain::command::{Entity, Target};
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::stage::{BACK_REASONS, CHURN_REASONS, Reason, StageNo};
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::batch::Batch;
use crate::store::{ids, moves, roster, signal};

use super::{Context, Done, EventDraft, count, customer, event, long, name};

pub(super) fn find_stage(context: &Context, name: &str) -> Result<StageNo> {
    let stages = &context.config.stages;
    stages.find(name).ok_or_else(|| {
        let codes: Vec<&str> = stages.stage.iter().map(|s| s.code.as_str()).collect();
        Error::usage(say!("stages.there_no_stage", name = name))
            .hint(format!("stages: {}", codes.join(", ")))
    })
}

/// Moves customers. Every path comes through here, so a reason cannot be left out on any.
pub(super) fn move_stage(
    b: &mut Batch<'_>,
    customers: &[Id],
    to: &Target,
    reason: Option<&Reason>,
    context: &Context,
) -> Result<Done> {
    let stages = &context.config.stages;
    let fixed = match to {
        Target::Stage(name) => Some(find_stage(context, name)?),
        _ => None,
    };
    let mut skipped = Vec::new();
    let (mut moved, mut ahead) = (0, 0);
    let mut last = None;
    for (at, id) in customers.iter().enumerate() {
        let n = customer(b, *id)?;
        let signals = signal::current(b.conn, n, &context.config, context.today)?;
        let from = signals.since.map(|_| signals.stage);
        let target = match (fixed, to) {
            (Some(stage), _) => Some(stage),
            (None, Target::Each(codes)) => Some(find_stage(
                context,
                codes.get(at).map_or("", String::as_str),
            )?),
            (None, step) => one_step(from, step, context),
        };
        let Some(target) = target else {
            skipped.push((
                *id,
                if *to == Target::Next {
                    say!("stages.last_stage").into()
                } else {
                    say!("stages.first_stage").into()
                },
            ));
            continue;
        };
        if from == Some(target) {
            skipped.push((*id, format!("already in {}", stages.label(target))));
            continue;
        }
        let needs = stages.needs_reason(from, target);
        check_reason(needs, stages.is_lost(target), stages.label(target), reason)?;
        let unmet = match from.filter(|_| !needs) {
            Some(from) => unmet(b, n, from, context)?,
            None => Vec::new(),
        };
        let gives_reason = reason.is_some_and(|r| !r.code.is_empty() || !r.text.trim().is_empty());
        if !unmet.is_empty() && !gives_reason {
            return Err(Error::usage(say!(
                "stages.does_not_meet_yet",
                id = name(b, *id)?,
                unmet = unmet.join("; ")
            ))
            .hint(say!("stages.move_all_same_with")));
        }
        let visits: i64 = b
            .conn
            .prepare_cached("SELECT count(*) FROM event WHERE customer = ? AND kind = ? AND channel = ? AND removed = 0")
            .and_then(|mut s| s.query_row(params![n, EventKind::Stage as i64, stages.code(target)], |r| r.get(0)))?;
        let mut more = serde_json::json!({"from": from.map(|f| stages.code(f)), "to": stages.code(target), "visit": visits + 1, "saw": moves::seen(b.conn, n, b.eye())?});
        b.moves = true;
        if let Some(reason) = reason {
            more["code"] = reason.code.clone().into();
            if !reason.also.is_empty() {
                more["also"] = reason.also.clone().into();
            }
        }
        if !unmet.is_empty() {
            more["unmet"] = unmet.into();
        }
        let text = long(reason.map_or("", |r| r.text.as_str()))?;
        let (at, dated) = from_now(b, n, EventKind::Stage, None)?;
        ahead += dated;
        event(
            b,
            &EventDraft {
                at,
                channel: stages.code(target),
                text,
                more: more.to_string(),
                ..EventDraft::new(EventKind::Stage, n)
            },
        )?;
        if stages.is_lost(target) {
            let code = reason.map_or("", |r| r.code.as_str());
            let more = serde_json::json!({"code": code}).to_string();
            event(
                b,
                &EventDraft {
                    at,
                    number: Some(signals.mrr),
                    text,
                    more,
                    ..EventDraft::new(EventKind::Churn, n)
                },
            )?;
        }
        moved += 1;
        last = Some((from, target));
    }
    let label = match (last, customers) {
        (Some((Some(from), to)), [one]) => say!(
            "stages.moved_from",
            one = name(b, *one)?,
            from = stages.label(from),
            to = stages.label(to)
        )
        .to_string(),
        (Some((_, to)), _) if fixed.is_some() || moved == 1 => {
            format!("Moved {} to {}", count(moved, "customer"), stages.label(to))
        }
        (Some(_), _) => format!("Moved {}", count(moved, "customer")),
        (None, _) => skipped.first().map_or_else(
            || "Nothing to move".into(),
            |s: &(Id, String)| format!("Not moved: {}", s.1),
        ),
    };
    Ok(Done {
        label: label + &said_of_ahead(ahead, "move"),
        changed: moved,
        skipped,
    })
}

/// From when on something holds that a person sets and of which the latest counts: from now, and behind all others of its kind, also when
/// a clock is a little ahead. Those that hold from tomorrow or later were written by a clock that was far ahead, as nobody sets anything
/// for later: they are dated just before the new one, which would hold for nobody until their day had come. Gives how many these
/// are. What files say stays as it is. `of`: only with this channel and reference.
pub(super) fn from_now(
    b: &mut Batch<'_>,
    customer: i64,
    kind: EventKind,
    of: Option<(&str, &str)>,
) -> Result<(Stamp, usize)> {
    let today = b.zone.day(b.now);
    let (mut last, mut ahead): (i64, Vec<Id>) = (b.now.0 - 1, Vec::new());
    {
        let query = "SELECT e.id, e.at, b.command IN ('import', 'demo') FROM event e JOIN batch b ON b.n = e.batch
                     WHERE e.customer = ?1 AND e.kind = ?2 AND e.removed = 0 AND e.at >= ?3
                     AND (?4 IS NULL OR e.channel = ?4 AND e.reference = ?5) ORDER BY e.at, e.id";
        let mut statement = b.conn.prepare_cached(query)?;
        let mut rows = statement.query(params![
            customer,
            kind as i64,
            b.now,
            of.map(|o| o.0),
            of.map(|o| o.1)
        ])?;
        while let Some(row) = rows.next()? {
            let (at, of_file): (i64, bool) = (row.get(1)?, row.get(2)?);
            // What comes behind one of the last second of today would be of tomorrow.
            if b.zone.day(Stamp(at.saturating_add(1000))) <= today {
                last = at;
            } else if !of_file {
                ahead.push(Id(row.get(0)?));
            }
        }
    }
    for event in &ahead {
        last += 1;
        // A move to a lost stage is one with the loss.
        let losses = if kind == EventKind::Stage {
            moves::losses_of(b.conn, *event)?
        } else {
            BTreeSet::new()
        };
        for id in losses.into_iter().chain([*event]) {
            b.set(Entity::Event, id, "at", Value::Integer(last))?;
            b.set(
                Entity::Event,
                id,
                "day",
                Value::Integer(b.zone.day(Stamp(last)).number()),
            )?;
        }
    }
    Ok((Stamp(last + 1), ahead.len()))
}

/// What a label says of those that were dated ahead.
pub(super) fn said_of_ahead(n: usize, what: &str) -> String {
    match n {
        0 => String::new(),
        1 => say!("stages.1_earlier_dated_ahead", what = what).to_string(),
        _ => say!("stages.earlier_s_were_dated", n = n, what = what).to_string(),
    }
}

/// The stage one step on or back.
fn one_step(from: Option<StageNo>, to: &Target, context: &Context) -> Option<StageNo> {
    let stages = &context.config.stages;
    match (from, to) {
        (None, _) => Some(StageNo(0)),
        (Some(from), Target::Next) => stages.next(from),
        (Some(from), _) => stages.previous(from),
    }
}

/// Where one step would lead now: the customers for which there is one, and the code of the stage for each.
pub(super) fn steps(
    conn: &Connection,
    customers: &[Id],
    to: &Target,
    context: &Context,
) -> Result<(Vec<Id>, Vec<String>)> {
    let mut all = (Vec::new(), Vec::new());
    for id in customers {
        let Some(n) = ids::number_of(conn, "customer", *id)? else {
            continue;
        };
        let signals = signal::current(conn, n, &context.config, context.today)?;
        if let Some(stage) = one_step(signals.since.map(|_| signals.stage), to, context) {
            all.0.push(*id);
            all.1.push(context.config.stages.code(stage).to_owned());
        }
    }
    Ok(all)
}

/// Which exit criteria of a stage a customer does not meet, by its figures before this batch.
fn unmet(b: &Batch<'_>, customer: i64, stage: StageNo, context: &Context) -> Result<Vec<String>> {
    let config = &context.config;
    let Some(here) = config.stages.get(stage).filter(|s| !s.exit_when.is_empty()) else {
        return Ok(Vec::new());
    };
    let attributes: Vec<String> = here
        .exits(&columns::fields(config))
        .filter_map(|(_, filter)| filter.ok())
        .flat_map(|f| f.attributes())
        .collect();
    let mut small = crate::columns::roster(config.clone(), context.today, "");
    for code in &attributes {
        small.reload_attribute(code, []);
    }
    roster::read_one(b.conn, &mut small, customer, &attributes)?;
    small.rescore();
    Ok(columns::unmet(&small, 0, stage)
        .into_iter()
        .map(str::to_owned)
        .collect())
}

/// Answers a question of a stage's checklist.
pub(super) fn check(
    b: &mut Batch<'_>,
    id: Id,
    stage: &str,
    question: &str,
    answer: Answer,
    note: &str,
    context: &Context,
) -> Result<Done> {
    let no = find_stage(context, stage)?;
    let Some(stage) = context.config.stages.get(no) else {
        return Err(Error::usage(say!("stages.there_no_such_stage")));
    };
    let Some(asked) = stage.checklist.iter().find(|q| q.code == question) else {
        let codes: Vec<&str> = stage.checklist.iter().map(|q| q.code.as_str()).collect();
        return Err(Error::usage(say!(
            "stages.no_question",
            label = stage.label,
            question = question
        ))
        .hint(format!("questions: {}", codes.join(", "))));
    };
    let n = customer(b, id)?;
    let (at, ahead) = from_now(b, n, EventKind::Check, Some((&stage.code, &asked.code)))?;
    event(
        b,
        &EventDraft {
            at,
            channel: &stage.code,
            reference: &asked.code,
            number: Some(answer.number()),
            text: long(note.trim())?,
            ..EventDraft::new(EventKind::Check, n)
        },
    )?;
    let label = format!(
        "Answered {} for {}: {}{}",
        answer.code(),
        name(b, id)?,
        asked.ask,
        said_of_ahead(ahead, "answer")
    );
    Ok(Done {
        label,
        changed: 1,
        skipped: Vec::new(),
    })
}

pub(super) fn check_reason(
    needed: bool,
    lost: bool,
    label: &str,
    reason: Option<&Reason>,
) -> Result<()> {
    let codes = if lost { CHURN_REASONS } else { BACK_REASONS };
    let hint = format!("reasons: {}", codes.join(", "));
    match reason {
        None if needed => Err(Error::usage(say!(
            "stages.move_needs_reason",
            format = if lost {
                format!("to {label}")
            } else {
                format!("back to {label}")
            }
        ))
        .hint(hint)),
        Some(r) if needed && !codes.contains(&r.code.as_str()) => {
            Err(Error::usage(say!("stages.not_reason_for_move", code = r.code)).hint(hint))
        }
        Some(r) => match r.also.iter().find(|c| !codes.contains(&c.as_str())) {
            Some(code) => {
                Err(Error::usage(say!("stages.not_reason_for_move", code = code)).hint(hint))
            }
            None => Ok(()),
        },
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
