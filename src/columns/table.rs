//! The table of columns, in the order in which the chooser lists them.

use super::Align::{self, Left, Right};
use super::Column;
use crate::domain::cadence::{self, Standing};
use crate::domain::field::{Choice, Choices, Field, FieldKind, Value};
use crate::domain::health::Band;
use crate::domain::priority::REASONS;
use crate::domain::rfm;
use crate::domain::roster::Roster;
use crate::domain::segment::Member;
use crate::domain::stage::{Pace, StageNo};
use crate::domain::time::Day;

/// Every column there is.
pub const COLUMNS: &[Column] = &[
    Column {
        default: true,
        ..column("priority", &["risk"], FieldKind::Tenths, priority, 4, 8)
    },
    Column {
        default: true,
        ..words(
            "name",
            &["customer"],
            FieldKind::Text,
            |r, at| Value::Text(r.name(at)),
            12,
            28,
        )
    },
    Column {
        default: true,
        ..choice("owner", &[], owner, OWNERS, 5, 10)
    },
    Column {
        default: true,
        ..choice("stage", &[], stage, STAGES, 11, 12)
    },
    Column {
        default: true,
        ..column(
            "arr",
            &[],
            FieldKind::Money,
            |r, at| amount(r.arr(at)),
            5,
            7,
        )
    },
    Column {
        default: true,
        align: Left,
        ..column("health", &["score"], FieldKind::Number, health, 5, 7)
    },
    Column {
        default: true,
        ..column(
            "nps",
            &[],
            FieldKind::Number,
            |r, at| small(r.rows[at].signals.nps),
            3,
            4,
        )
    },
    Column {
        default: true,
        ..column("tickets", &["tix"], FieldKind::Number, tickets, 3, 4)
    },
    Column {
        default: true,
        ..column(
            "renews",
            &["renewal"],
            FieldKind::Until,
            |r, at| day(r.rows[at].signals.renews),
            5,
            7,
        )
    },
    Column {
        default: true,
        ..column(
            "touch",
            &["touched"],
            FieldKind::Since,
            |r, at| day(r.rows[at].signals.reached),
            5,
            6,
        )
    },
    words("tag", &["tags"], FieldKind::Words, tags, 6, 16),
    choice("band", &[], band, BANDS, 5, 6),
    column(
        "mrr",
        &[],
        FieldKind::Money,
        |r, at| amount(r.rows[at].signals.mrr),
        5,
        7,
    ),
    column("severe", &[], FieldKind::Number, severe, 3, 6),
    column(
        "since",
        &["age"],
        FieldKind::Since,
        |r, at| day(r.rows[at].signals.since),
        5,
        6,
    ),
    flag("behind", |r, at| {
        Value::Flag(pace(r, at) == Some(Pace::Behind))
    }),
    flag("stuck", |r, at| {
        Value::Flag(pace(r, at) == Some(Pace::Stuck))
    }),
    column(
        "usage",
        &[],
        FieldKind::Tenths,
        |r, at| number(r.rows[at].signals.usage.map(i64::from)),
        5,
        6,
    ),
    column(
        "seats",
        &[],
        FieldKind::Number,
        |r, at| small(r.rows[at].signals.seats),
        4,
        5,
    ),
    column(
        "tasks",
        &[],
        FieldKind::Number,
        |r, at| Value::Number(r.rows[at].signals.tasks.into()),
        3,
        5,
    ),
    column(
        "due",
        &[],
        FieldKind::Until,
        |r, at| day(r.rows[at].signals.due),
        5,
        6,
    ),
    column(
        "pulse",
        &[],
        FieldKind::Number,
        |r, at| small(r.rows[at].signals.pulse),
        3,
        5,
    ),
    column(
        "pastdue",
        &["unpaid"],
        FieldKind::Since,
        |r, at| day(r.rows[at].signals.past_due),
        5,
        7,
    ),
    flag("unanswered", |r, at| applies(r, at, "nps")),
    flag("silent", |r, at| applies(r, at, "silent")),
    flag("fell", |r, at| applies(r, at, "fell")),
    flag("plan", |r, at| Value::Flag(r.rows[at].signals.plan)),
    column(
        "actions",
        &["cta"],
        FieldKind::Number,
        |r, at| Value::Number(r.rows[at].signals.actions.into()),
        3,
        7,
    ),
    column(
        "severity",
        &[],
        FieldKind::Number,
        |r, at| count(r.rows[at].signals.risk),
        3,
        8,
    ),
    column(
        "alert",
        &["alerted"],
        FieldKind::Since,
        |r, at| day(r.rows[at].signals.alert),
        5,
        6,
    ),
    column(
        "mention",
        &["mentioned"],
        FieldKind::Since,
        |r, at| day(r.rows[at].signals.mention),
        5,
        7,
    ),
    column(
        "visit",
        &[],
        FieldKind::Number,
        |r, at| count(r.rows[at].signals.visit),
        3,
        5,
    ),
    column(
        "cohort",
        &[],
        FieldKind::Number,
        |r, at| count(r.rows[at].signals.cohort),
        3,
        6,
    ),
    column(
        "started",
        &[],
        FieldKind::Since,
        |r, at| day(r.rows[at].signals.started),
        5,
        7,
    ),
    column(
        "created",
        &[],
        FieldKind::Since,
        |r, at| day(r.rows[at].created),
        5,
        7,
    ),
    column(
        "last",
        &["activity"],
        FieldKind::Since,
        |r, at| day(r.rows[at].signals.last),
        5,
        6,
    ),
    column("snoozed", &["snooze"], FieldKind::Until, snoozed, 5, 7),
    column("held", &["override"], FieldKind::Until, held, 5, 7),
    words("seg", &["segments"], FieldKind::Words, segments, 8, 20),
    column(
        "orders",
        &[],
        FieldKind::Number,
        |r, at| bought(r, at, |m| Some(m.orders.count.into())),
        4,
        6,
    ),
    column(
        "spent",
        &[],
        FieldKind::Money,
        |r, at| bought(r, at, |m| Some(m.orders.paid)),
        5,
        7,
    ),
    column("ordered", &[], FieldKind::Since, ordered, 5, 7),
    column(
        "r",
        &["recency"],
        FieldKind::Number,
        |r, at| bought(r, at, |m| Some(m.scores?.r.into())),
        2,
        2,
    ),
    column(
        "f",
        &["frequency"],
        FieldKind::Number,
        |r, at| bought(r, at, |m| Some(m.scores?.f.into())),
        2,
        2,
    ),
    column(
        "m",
        &["monetary"],
        FieldKind::Number,
        |r, at| bought(r, at, |m| Some(m.scores?.m.into())),
        2,
        2,
    ),
    flag("fullprice", |r, at| predicate(r, at, |v| v.full_price)),
    flag("several", |r, at| predicate(r, at, |v| v.several)),
    flag("abovemedian", |r, at| predicate(r, at, |v| v.above_median)),
    choice("cadence", &[], cadence, CADENCE, 6, 7),
    column(
        "gaps",
        &[],
        FieldKind::Number,
        |r, at| small(r.rows[at].signals.gaps),
        3,
        5,
    ),
    column(
        "champion",
        &[],
        FieldKind::Since,
        |r, at| day(r.rows[at].signals.roles[CHAMPION]),
        5,
        8,
    ),
    column(
        "buyer",
        &[],
        FieldKind::Since,
        |r, at| day(r.rows[at].signals.roles[BUYER]),
        5,
        6,
    ),
    column(
        "sponsor",
        &[],
        FieldKind::Since,
        |r, at| day(r.rows[at].signals.roles[SPONSOR]),
        5,
        7,
    ),
];

/// The columns whose values come from orders.
pub const OF_ORDERS: &[&str] = &[
    "seg",
    "orders",
    "spent",
    "ordered",
    "r",
    "f",
    "m",
    "fullprice",
    "several",
    "abovemedian",
];

fn member(roster: &Roster, at: usize) -> Option<&Member> {
    roster.purchases.as_ref()?.get(at)
}

/// A figure of the orders in the look-back; without one there is no data, but for their number.
fn bought(roster: &Roster, at: usize, get: impl Fn(&Member) -> Option<i64>) -> Value<'static> {
    number(
        member(roster, at)
            .filter(|m| m.orders.ever > 0)
            .and_then(get),
    )
}

fn ordered(roster: &Roster, at: usize) -> Value<'_> {
    day(member(roster, at).and_then(|m| m.orders.last))
}

fn segments(roster: &Roster, at: usize) -> Value<'_> {
    match roster.purchases.as_ref().map_or(0, |p| p.set(at)) {
        0 => Value::None,
        no => Value::Words(no),
    }
}

/// One of the three conditions of high value.
fn predicate(roster: &Roster, at: usize, get: fn(rfm::Value) -> bool) -> Value<'_> {
    member(roster, at)
        .and_then(|m| m.value)
        .map_or(Value::None, |v| Value::Flag(get(v)))
}

/// Places in [`crate::domain::customer::ROLES`].
const CHAMPION: usize = 0;
const BUYER: usize = 1;
const SPONSOR: usize = 2;

type Get = fn(&Roster, usize) -> Value<'_>;

const fn column(
    code: &'static str,
    aliases: &'static [&'static str],
    kind: FieldKind,
    get: Get,
    min: u16,
    preferred: u16,
) -> Column {
    Column {
        field: Field {
            code,
            aliases,
            kind,
            get,
            choices: None,
        },
        min,
        preferred,
        align: Right,
        default: false,
    }
}

const fn words(
    code: &'static str,
    aliases: &'static [&'static str],
    kind: FieldKind,
    get: Get,
    min: u16,
    preferred: u16,
) -> Column {
    Column {
        align: Align::Left,
        ..column(code, aliases, kind, get, min, preferred)
    }
}

const fn choice(
    code: &'static str,
    aliases: &'static [&'static str],
    get: Get,
    choices: Choices,
    min: u16,
    preferred: u16,
) -> Column {
    let field = Field {
        code,
        aliases,
        kind: FieldKind::Choice,
        get,
        choices: Some(choices),
    };
    Column {
        field,
        min,
        preferred,
        align: Align::Left,
        default: false,
    }
}

const fn flag(code: &'static str, get: Get) -> Column {
    words(code, &[], FieldKind::Flag, get, 3, 6)
}

fn number(n: Option<i64>) -> Value<'static> {
    n.map_or(Value::None, Value::Number)
}

fn small(n: Option<u8>) -> Value<'static> {
    number(n.map(i64::from))
}

/// A count from 1; 0 is "never".
fn count(n: u8) -> Value<'static> {
    small(Some(n).filter(|n| *n > 0))
}

fn day(day: Option<Day>) -> Value<'static> {
    day.map_or(Value::None, Value::Day)
}

/// An amount; 0 means that there is no paid subscription, which is no data.
fn amount(minor: i64) -> Value<'static> {
    number(Some(minor).filter(|m| *m != 0))
}

/// Whether a reason for the queue applies, dealt with or not.
fn applies(roster: &Roster, at: usize, code: &str) -> Value<'static> {
    let row = &roster.rows[at];
    let kind = REASONS.iter().find(|r| r.code == code);
    Value::Flag(kind.is_some_and(|r| {
        (r.applies)(&row.signals, row.health, &roster.config, roster.today).is_some()
    }))
}

/// Priority; not in the queue is no data.
fn priority(roster: &Roster, at: usize) -> Value<'_> {
    number(Some(roster.rows[at].priority.into()).filter(|p| *p > 0))
}

fn health(roster: &Roster, at: usize) -> Value<'_> {
    small(roster.rows[at].health.score)
}

fn tickets(roster: &Roster, at: usize) -> Value<'_> {
    Value::Number(
        roster.rows[at]
            .signals
            .tickets
            .iter()
            .map(|n| i64::from(*n))
            .sum(),
    )
}

/// Open tickets that the book's policy counts as severe.
fn severe(roster: &Roster, at: usize) -> Value<'_> {
    let upto = usize::from(roster.config.policy.severe);
    Value::Number(
        roster.rows[at]
            .signals
            .tickets
            .iter()
            .take(upto)
            .map(|n| i64::from(*n))
            .sum(),
    )
}

fn tags(roster: &Roster, at: usize) -> Value<'_> {
    match roster.rows[at].tags {
        0 => Value::None,
        no => Value::Words(no),
    }
}

fn pace(roster: &Roster, at: usize) -> Option<Pace> {
    Some(
        roster
            .config
            .stages
            .get(roster.rows[at].signals.stage)?
            .pace(roster.stage_age(at)?),
    )
}

/// The day until which it is snoozed, while it is.
/// The last day of a person's word over the health score.
fn held(roster: &Roster, row: usize) -> Value<'_> {
    let signals = &roster.rows[row].signals;
    day(signals
        .held_until
        .filter(|_| signals.held_on(roster.today).is_some()))
}

fn snoozed(roster: &Roster, at: usize) -> Value<'_> {
    day(roster.rows[at].snoozed.filter(|d| *d > roster.today))
}

fn owner(roster: &Roster, at: usize) -> Value<'_> {
    match roster.rows[at].owner {
        0 => Value::None,
        no => Value::Choice(no),
    }
}

const OWNERS: Choices = Choices {
    list: |roster| {
        roster
            .owners
            .iter()
            .skip(1)
            .map(|(no, name)| Choice {
                no,
                words: vec![name.to_owned()],
            })
            .collect()
    },
    code: |roster, no| roster.owners.get(no),
    label: |roster, no| roster.owners.get(no),
    ordered: false,
};

/// The stage; a customer that never entered one has none.
fn stage(roster: &Roster, at: usize) -> Value<'_> {
    let signals = &roster.rows[at].signals;
    if signals.since.is_none() || roster.config.stages.get(signals.stage).is_none() {
        return Value::None;
    }
    Value::Choice(signals.stage.0.into())
}

const STAGES: Choices = Choices {
    list: |roster| {
        let stages = &roster.config.stages;
        let words = |no| {
            stages.get(no).map(|s| {
                [s.code.clone(), s.label.clone()]
                    .into_iter()
                    .chain(s.aliases.iter().cloned())
                    .collect()
            })
        };
        stages
            .all()
            .filter_map(|no| {
                Some(Choice {
                    no: no.0.into(),
                    words: words(no)?,
                })
            })
            .collect()
    },
    code: |roster, no| roster.config.stages.code(stage_no(no)),
    label: |roster, no| roster.config.stages.label(stage_no(no)),
    ordered: true,
};

fn stage_no(no: u32) -> StageNo {
    StageNo(u8::try_from(no).unwrap_or(u8::MAX))
}

/// The band of the score; without a score there is none.
fn band(roster: &Roster, at: usize) -> Value<'_> {
    match roster.rows[at].health.band {
        Band::Unknown => Value::None,
        Band::Risk => Value::Choice(0),
        Band::Watch => Value::Choice(1),
        Band::Good => Value::Choice(2),
    }
}

const BAND_CODES: [&str; 3] = ["risk", "watch", "good"];

const BANDS: Choices = Choices {
    list: |_| {
        (0..)
            .zip(BAND_CODES)
            .map(|(no, code)| Choice {
                no,
                words: vec![code.to_owned()],
            })
            .collect()
    },
    code: |_, no| BAND_CODES.get(no as usize).copied().unwrap_or(""),
    label: |_, no| BAND_CODES.get(no as usize).copied().unwrap_or(""),
    ordered: true,
};

/// How the last touch that counts stands to the cadence.
fn cadence(roster: &Roster, at: usize) -> Value<'_> {
    let kept = cadence::kept(&roster.rows[at].signals, &roster.config, roster.today);
    kept.map_or(Value::None, |k| Value::Choice(k.standing as u32))
}

const CADENCE: Choices = Choices {
    list: |_| {
        (0..)
            .zip(Standing::CODES)
            .map(|(no, code)| Choice {
                no,
                words: vec![code.to_owned()],
            })
            .collect()
    },
    code: |_, no| Standing::CODES.get(no as usize).copied().unwrap_or(""),
    label: |_, no| Standing::CODES.get(no as usize).copied().unwrap_or(""),
    ordered: true,
};
