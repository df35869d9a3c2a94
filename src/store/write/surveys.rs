//! Answers to surveys, and invitations to them.

use std::ops::RangeInclusive;

use crate::domain::command::Said;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::batch::Batch;

use super::{Done, EventDraft, body, contact_number, customer, done, event, long, names, word};

/// What a survey may ask.
const ASKS: [&str; 4] = ["nps", "csat", "ces", "friction"];

/// An event's remainder that names its wave; empty for none.
fn with_wave(wave: &str) -> String {
    if wave.is_empty() {
        String::new()
    } else {
        serde_json::json!({"wave": wave}).to_string()
    }
}

fn within(what: &str, score: u8, range: RangeInclusive<u8>) -> Result<Option<i64>> {
    if range.contains(&score) {
        return Ok(Some(i64::from(score)));
    }
    Err(
        Error::usage(say!("surveys.not_answer_about", score = score, what = what)).hint(format!(
            "{} to {}",
            range.start(),
            range.end()
        )),
    )
}

pub(super) fn answers(
    b: &mut Batch<'_>,
    id: Id,
    contact: Option<Id>,
    wave: &str,
    answers: &[Said],
    at: Option<Stamp>,
) -> Result<Done> {
    if answers.is_empty() {
        return Err(
            Error::usage(say!("any.there_no_answer")).hint(say!("surveys.answer_at_least_one"))
        );
    }
    let (n, wave) = (customer(b, id)?, word("a wave", wave, 100)?);
    let contact = contact.map(|c| contact_number(b, c)).transpose()?;
    let common = |kind: EventKind| EventDraft {
        at: at.unwrap_or(b.now),
        contact,
        more: with_wave(wave),
        ..EventDraft::new(kind, n)
    };
    let mut drafts = Vec::new();
    for said in answers {
        drafts.push(match said {
            Said::Nps(score, text) => EventDraft {
                number: within("recommending us", *score, 0..=10)?,
                text: long(text)?,
                ..common(EventKind::Nps)
            },
            Said::Csat(score, text) => EventDraft {
                number: within("satisfaction", *score, 1..=5)?,
                text: long(text)?,
                ..common(EventKind::Csat)
            },
            Said::Ces(score, text) => EventDraft {
                number: within("effort", *score, 1..=7)?,
                text: long(text)?,
                ..common(EventKind::Ces)
            },
            Said::Words(code, text) => {
                let channel = word("a question", code, 50)?;
                let more = String::new();
                EventDraft {
                    channel,
                    text: body("an answer", text)?,
                    reference: wave,
                    more,
                    ..common(EventKind::Survey)
                }
            }
        });
    }
    for draft in &drafts {
        event(b, draft)?;
    }
    let who = names(b, &[id])?;
    Ok(match answers {
        [Said::Nps(score, _)] => done(format!("NPS {score} from {who}"), 1),
        [Said::Csat(score, _)] => done(format!("Satisfaction {score} from {who}"), 1),
        [Said::Ces(score, _)] => done(format!("Effort {score} from {who}"), 1),
        [_] => done(say!("surveys.answer_from", who = who), 1),
        many => done(format!("{} answers from {who}", many.len()), many.len()),
    })
}

pub(super) fn invite(
    b: &mut Batch<'_>,
    customers: &[Id],
    asks: &str,
    wave: &str,
    at: Option<Stamp>,
) -> Result<Done> {
    if !ASKS.contains(&asks) {
        return Err(Error::usage(say!("surveys.not_survey", asks = asks)).hint(ASKS.join(", ")));
    }
    let reference = word("a wave", wave, 100)?;
    if reference.is_empty() {
        return Err(
            Error::usage(say!("surveys.invitation_needs_name_its")).hint("like: 2026 autumn")
        );
    }
    for id in customers {
        let n = customer(b, *id)?;
        event(
            b,
            &EventDraft {
                at: at.unwrap_or(b.now),
                channel: asks,
                reference,
                ..EventDraft::new(EventKind::Invite, n)
            },
        )?;
    }
    Ok(done(
        format!("Invited {} ({asks}, {reference})", names(b, customers)?),
        customers.len(),
    ))
}
