//! Moves between stages. Every path comes through here, so a reason cannot be left out on any.

use rusqlite::params;

use crate::domain::command::Target;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::stage::{BACK_REASONS, CHURN_REASONS, Reason, StageNo};
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::batch::Batch;
use crate::store::{signal, sql};

use super::{Context, Done, EventDraft, count, customer, event, long, name};

pub(super) fn find_stage(context: &Context, name: &str) -> Result<StageNo> {
    let stages = &context.config.stages;
    stages.find(name).ok_or_else(|| {
        let codes: Vec<&str> = stages.stage.iter().map(|s| s.code.as_str()).collect();
        Error::usage(format!("there is no stage \"{name}\"")).hint(format!("stages: {}", codes.join(", ")))
    })
}

/// Moves customers. Every path comes through here, so a reason cannot be left out on any.
pub(super) fn move_stage(b: &mut Batch<'_>, customers: &[Id], to: &Target, reason: Option<&Reason>, context: &Context) -> Result<Done> {
    let stages = &context.config.stages;
    let fixed = match to {
        Target::Stage(name) => Some(find_stage(context, name)?),
        _ => None,
    };
    let mut skipped = Vec::new();
    let mut moved = 0;
    let mut last = None;
    for id in customers {
        let n = customer(b, *id)?;
        let signals = signal::read(b.conn, n, stages)?.unwrap_or_default();
        let from = signals.since.map(|_| signals.stage);
        let target = match (fixed, to, from) {
            (Some(stage), ..) => Some(stage),
            (None, _, None) => Some(StageNo(0)),
            (None, Target::Next, Some(from)) => stages.next(from),
            (None, _, Some(from)) => stages.previous(from),
        };
        let Some(target) = target else {
            skipped.push((*id, if *to == Target::Next { "it is in the last stage".into() } else { "it is in the first stage".into() }));
            continue;
        };
        if from == Some(target) {
            skipped.push((*id, format!("already in {}", stages.label(target))));
            continue;
        }
        check_reason(stages.needs_reason(from, target), stages.is_lost(target), stages.label(target), reason)?;
        let visits: i64 = b
            .conn
            .prepare_cached("SELECT count(*) FROM event WHERE customer = ? AND kind = ? AND channel = ? AND removed = 0")
            .and_then(|mut s| s.query_row(params![n, EventKind::Stage as i64, stages.code(target)], |r| r.get(0)))
            .map_err(sql)?;
        let mut more = serde_json::json!({"from": from.map(|f| stages.code(f)), "to": stages.code(target), "visit": visits + 1});
        if let Some(reason) = reason {
            more["code"] = reason.code.clone().into();
            if !reason.also.is_empty() {
                more["also"] = reason.also.clone().into();
            }
        }
        let text = long(reason.map_or("", |r| r.text.as_str()))?;
        // A move follows the moves before it also when a clock was ahead: it is the latest thing the person decided.
        let after: i64 = b
            .conn
            .prepare_cached("SELECT coalesce(max(at), 0) FROM event WHERE customer = ? AND kind = 6 AND removed = 0")
            .and_then(|mut s| s.query_row([n], |r| r.get(0)))
            .map_err(sql)?;
        let at = Stamp(b.now.0.max(after + i64::from(after >= b.now.0)));
        event(b, &EventDraft { at, channel: stages.code(target), text, more: more.to_string(), ..EventDraft::new(EventKind::Stage, n) })?;
        if stages.is_lost(target) {
            let code = reason.map_or("", |r| r.code.as_str());
            let more = serde_json::json!({"code": code}).to_string();
            event(b, &EventDraft { at, number: Some(signals.mrr), text, more, ..EventDraft::new(EventKind::Churn, n) })?;
        }
        moved += 1;
        last = Some((from, target));
    }
    let label = match (last, customers) {
        (Some((Some(from), to)), [one]) => format!("Moved {} from {} to {}", name(b, *one)?, stages.label(from), stages.label(to)),
        (Some((_, to)), _) if fixed.is_some() || moved == 1 => format!("Moved {} to {}", count(moved, "customer"), stages.label(to)),
        (Some(_), _) => format!("Moved {}", count(moved, "customer")),
        (None, _) => skipped.first().map_or_else(|| "Nothing to move".into(), |s: &(Id, String)| format!("Not moved: {}", s.1)),
    };
    Ok(Done { label, changed: moved, skipped })
}

pub(super) fn check_reason(needed: bool, lost: bool, label: &str, reason: Option<&Reason>) -> Result<()> {
    let codes = if lost { CHURN_REASONS } else { BACK_REASONS };
    let hint = format!("reasons: {}", codes.join(", "));
    match reason {
        None if needed => {
            Err(Error::usage(format!("a move {} needs a reason", if lost { format!("to {label}") } else { format!("back to {label}") }))
                .hint(hint))
        }
        Some(r) if needed && !codes.contains(&r.code.as_str()) => {
            Err(Error::usage(format!("\"{}\" is not a reason for that move", r.code)).hint(hint))
        }
        Some(r) => match r.also.iter().find(|c| !codes.contains(&c.as_str())) {
            Some(code) => Err(Error::usage(format!("\"{code}\" is not a reason for that move")).hint(hint)),
            None => Ok(()),
        },
        None => Ok(()),
    }
}
