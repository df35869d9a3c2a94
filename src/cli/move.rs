//! `retain move`: moves a customer to another stage.

use super::fail::{Done, Stop};
use super::whom::Whom;
use super::{Cx, complete};
use crate::domain::command::{Command, Target};
use crate::domain::stage::{BACK_REASONS, CHURN_REASONS, Reason};
use crate::error::{Error, Kind};

/// Move customers to another stage
///
/// A reason is needed to go back (corrected, restart, new_team, low_use, scope_change, other) and to leave
/// (price, missing_feature, support, quality, competitor, company_change, no_longer_needed, never_onboarded, payment, other).
/// To go on where exit criteria of the stage are not met, a reason in words is enough: --text.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    whom: Whom,
    /// Code or name of a stage, or next, or previous
    #[arg(add = complete::stages())]
    stage: Option<String>,
    /// Code of the reason
    #[arg(long, value_name = "CODE", add = complete::reasons())]
    reason: Option<String>,
    /// Further reasons
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    also: Vec<String>,
    /// The reason in words
    #[arg(long, value_name = "TEXT", default_value = "")]
    text: String,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let behind: Vec<String> = args.stage.iter().cloned().collect();
    let [stage] = args.whom.words(&behind)[..] else {
        return Err(Error::usage(say!("move.no_stage_named"))
            .hint(say!("move.stage_next_or_previous"))
            .into());
    };
    let customers = args.whom.find(cx, &mut store)?;
    let to = target(&store.config().stages, stage)?;
    let reason = match &args.reason {
        Some(code) => Some(Reason {
            code: known(code)?,
            also: args
                .also
                .iter()
                .map(|c| known(c))
                .collect::<Result<_, _>>()?,
            text: args.text.clone(),
        }),
        None if args.text.is_empty() && args.also.is_empty() => None,
        None => Some(Reason {
            code: "other".to_owned(),
            also: args
                .also
                .iter()
                .map(|c| known(c))
                .collect::<Result<_, _>>()?,
            text: args.text.clone(),
        }),
    };
    let missing = reason.is_none();
    cx.write(
        &mut store,
        &Command::Move {
            customers,
            to,
            reason,
        },
    )
    .map_err(|stop| match stop {
        Stop::Error(error) if missing && error.kind == Kind::Usage => {
            Stop::Error(error.hint(say!("move.add_reason_code_or")))
        }
        other => other,
    })
}

fn target(stages: &crate::domain::stage::Stages, name: &str) -> Result<Target, Error> {
    if let Some(no) = stages.find(name) {
        return Ok(Target::Stage(stages.code(no).to_owned()));
    }
    match name {
        "next" | ">" | "+" => Ok(Target::Next),
        "previous" | "prev" | "<" => Ok(Target::Previous),
        _ => {
            let all: Vec<&str> = stages.stage.iter().map(|s| s.code.as_str()).collect();
            Err(Error::usage(say!("any.there_no_stage", name = name))
                .hint(say!("move.stages_or_next_previous", all = all.join(", "))))
        }
    }
}

fn known(code: &str) -> Result<String, Error> {
    let wanted = code.trim().to_lowercase().replace(['-', ' '], "_");
    if CHURN_REASONS.contains(&wanted.as_str()) || BACK_REASONS.contains(&wanted.as_str()) {
        return Ok(wanted);
    }
    Err(Error::usage(say!("move.there_no_reason", code = code))
        .hint(format!("to leave: {}", CHURN_REASONS.join(", ")))
        .hint(say!("move.go_back", what = BACK_REASONS.join(", "))))
}
