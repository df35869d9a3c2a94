//! The reasons: when each applies, its points, its figure, and the day that tells one occurrence from the next.

use super::{Applies, ReasonKind};
use crate::domain::cadence::Standing;
use crate::domain::config::Config;
use crate::domain::health::Health;
use crate::domain::signal::{Signals, USAGE_DAYS};
use crate::domain::stage::{Pace, StageClass};
use crate::domain::time::Day;

/// Every reason there is, in the order in which they are shown.
pub const REASONS: &[ReasonKind] = &[
    ReasonKind {
        code: "nps",
        applies: nps,
    },
    ReasonKind {
        code: "ticket",
        applies: ticket,
    },
    ReasonKind {
        code: "silent",
        applies: silent,
    },
    ReasonKind {
        code: "usage",
        applies: usage,
    },
    ReasonKind {
        code: "renewal",
        applies: renewal,
    },
    ReasonKind {
        code: "task",
        applies: task,
    },
    ReasonKind {
        code: "stuck",
        applies: stuck,
    },
    ReasonKind {
        code: "fell",
        applies: fell,
    },
    ReasonKind {
        code: "past_due",
        applies: past_due,
    },
    ReasonKind {
        code: "action",
        applies: action,
    },
    ReasonKind {
        code: "alert",
        applies: alert,
    },
    ReasonKind {
        code: "mention",
        applies: mention,
    },
    ReasonKind {
        code: "role",
        applies: role,
    },
];

/// Points of one open ticket by severity.
const TICKET: [i64; 4] = [30, 20, 10, 5];

/// Fall of usage that is a reason, per mille, and the fall at which it has all its points.
const FALL: i64 = 200;
const FALL_ALL: i64 = 1000;

/// `points` held between nothing and `most`.
fn at_most(points: i64, most: i64) -> u16 {
    points.clamp(0, most) as u16
}

fn held(n: i64) -> i32 {
    n.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

/// Of a customer that has left only tasks matter.
fn left(signals: &Signals, config: &Config) -> bool {
    config.stages.is_lost(signals.stage)
}

/// An answer of 6 or less that nobody has followed up. 40 points and 5 for each point below 6. Figure: the answer.
fn nps(signals: &Signals, _: Health, config: &Config, day: Day) -> Applies {
    let (answer, on) = (signals.nps.filter(|n| *n <= 6)?, signals.nps_day?);
    let waits = !signals.nps_followed && day.since(on) < i64::from(config.policy.detractor_days);
    (waits && !left(signals, config))
        .then(|| (40 + 5 * u16::from(6 - answer), i32::from(answer), on))
}

/// Severe tickets are open. Figure: how many; the day: when the oldest was opened.
fn ticket(signals: &Signals, _: Health, config: &Config, _: Day) -> Applies {
    let severe = usize::from(config.policy.severe).min(TICKET.len());
    let count: i32 = signals.tickets[..severe]
        .iter()
        .map(|n| i32::from(*n))
        .sum();
    if count == 0 || left(signals, config) {
        return None;
    }
    let points = signals.tickets[..severe]
        .iter()
        .zip(TICKET)
        .map(|(n, p)| i64::from(*n) * p)
        .sum();
    let oldest = signals.oldest[..severe].iter().flatten().min()?;
    Some((at_most(points, 60), count, *oldest))
}

/// The cadence is broken: 15 points and one for every five days over it. Figure: days since the last touchpoint that counts,
/// or since the start where there was none.
fn silent(signals: &Signals, _: Health, config: &Config, day: Day) -> Applies {
    let kept = config
        .cadences
        .kept(signals, config.limits(), day)
        .filter(|k| k.standing == Standing::Red)?;
    Some((
        at_most(15 + (kept.days - kept.longest) / 5, 40),
        held(kept.days),
        kept.last,
    ))
}

/// Usage fell by a fifth or more: 15 points, rising to 35 where it fell to nothing. Figure: per cent of change.
fn usage(signals: &Signals, _: Health, config: &Config, day: Day) -> Applies {
    let (change, read) = (i64::from(signals.usage?), signals.usage_day?);
    if change > -FALL || day.since(read) > USAGE_DAYS || left(signals, config) {
        return None;
    }
    let points = 15 + (-change - FALL) * 20 / (FALL_ALL - FALL);
    Some((at_most(points, 35), held(change / 10), read))
}

/// The renewal is near and nobody has a plan: 20 points, rising to 50 on its day. Figure: days left.
fn renewal(signals: &Signals, _: Health, config: &Config, day: Day) -> Applies {
    let (renews, limit) = (signals.renews?, i64::from(config.policy.renewal_days));
    let days = renews.since(day).max(0);
    if signals.plan || days > limit || left(signals, config) {
        return None;
    }
    let nearer = (limit - days) * 30 / limit.max(1);
    Some((at_most(20 + nearer, 50), held(days), renews))
}

/// A task is due: 15 points and one for each day overdue. Figure: days overdue.
fn task(signals: &Signals, _: Health, _: &Config, day: Day) -> Applies {
    let due = signals.due.filter(|d| *d <= day)?;
    Some((at_most(15 + day.since(due), 35), held(day.since(due)), due))
}

/// It has been in its stage for far longer than expected. Figure: days in the stage.
fn stuck(signals: &Signals, _: Health, config: &Config, day: Day) -> Applies {
    let (since, stage) = (signals.since?, config.stages.get(signals.stage)?);
    let age = day.since(since);
    (stage.pace(age) == Pace::Stuck && !left(signals, config)).then(|| (20, held(age), since))
}

/// Days over which health is compared, and which the older of the two scores must have had to rest on.
const MONTH: i64 = 28;

/// It is, or has long been, with us: a score from the first days of a prospect says nothing that could fall.
fn with_us(signals: &Signals, config: &Config, day: Day) -> bool {
    let customer = signals.since.is_some()
        && config
            .stages
            .get(signals.stage)
            .is_some_and(|s| s.class == StageClass::Customer);
    customer
        || signals
            .started
            .is_some_and(|started| day.since(started) >= 2 * MONTH)
}

/// Health fell within 28 days: a point for each point. The day: the Monday of the week in which that was seen.
fn fell(signals: &Signals, health: Health, config: &Config, day: Day) -> Applies {
    let drop = i64::from(signals.before?) - i64::from(health.score?);
    let seen = signals.asof.unwrap_or(day);
    // 1970-01-01 was a Thursday.
    let monday = seen.plus(-((seen.number() + 3) % 7));
    let far = drop > 0 && drop >= i64::from(config.policy.fell_points);
    // What a person set by hand is no news to them.
    let by_hand = signals.held.is_some() && signals.held_until.is_some_and(|last| last >= day);
    (far && !by_hand && with_us(signals, config, day) && !left(signals, config))
        .then(|| (at_most(drop, 40), held(drop), monday))
}

/// An invoice is past due: 10 points and one for every three days. Figure: days past due.
fn past_due(signals: &Signals, _: Health, config: &Config, day: Day) -> Applies {
    let due = signals.past_due?;
    let days = day.since(due);
    (days > 0 && !left(signals, config)).then(|| (at_most(10 + days / 3, 35), held(days), due))
}

/// A call to action is due: 15 points and one for each day late, and up to 20 for the worst open risk. Figure: days late.
fn action(signals: &Signals, _: Health, _: &Config, day: Day) -> Applies {
    let due = signals.action_due.filter(|d| *d <= day)?;
    let worst = match signals.risk {
        0 => 0,
        severity => 25 - 5 * i64::from(severity.min(4)),
    };
    Some((
        at_most(15 + worst + day.since(due), 50),
        held(day.since(due)),
        due,
    ))
}

/// A rule raised an alert not long ago. Figure: days since.
fn alert(signals: &Signals, _: Health, config: &Config, day: Day) -> Applies {
    let raised = signals
        .alert
        .filter(|d| *d <= day && day.since(*d) < i64::from(config.policy.alert_days))?;
    Some((10, held(day.since(raised)), raised))
}

/// Somebody was mentioned and has not answered. Figure: days since.
fn mention(signals: &Signals, _: Health, _: &Config, day: Day) -> Applies {
    let asked = signals.mention.filter(|d| *d <= day)?;
    Some((20, held(day.since(asked)), asked))
}

/// A key role, such as the buyer's, has waited for too long: 5 points and one for every ten days. Figure: days since.
fn role(signals: &Signals, _: Health, config: &Config, day: Day) -> Applies {
    let (_, last, days) = config.cadences.waiting(signals, day)?;
    let customer = config
        .stages
        .get(signals.stage)
        .is_some_and(|s| s.class == StageClass::Customer);
    customer.then(|| (at_most(5 + days / 10, 20), held(days), last))
}
