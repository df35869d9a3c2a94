//! The table of columns, in the order in which the chooser lists them.

use super::Column;
use crate::domain::cadence::Standing;
use crate::domain::field::{Choice, Field, FieldKind, Needs, Value};
use crate::domain::health::Band;
use crate::domain::priority::REASONS;
use crate::domain::rfm;
use crate::domain::roster::{Choices, Reader, Roster};
use crate::domain::segment::Member;
use crate::domain::stage::{Pace, StageNo};
use crate::domain::time::Day;

/// Makes the rows of [`COLUMNS`]; a comma and its words stand behind the value of a choice.
macro_rules! columns {
    (@words) => { None };
    (@words $words:expr) => { Some($words) };
    (
        $(* $first:ident $first_names:tt $first_kind:ident $first_min:literal $first_width:literal
            $first_needs:ident $first_get:expr $(, $first_words:expr)?;)*
        $($code:ident $names:tt $kind:ident $min:literal $width:literal
            $needs:ident $get:expr $(, $words:expr)?;)*
    ) => {
        &[
            $(columns!(@row true, $first $first_names $first_kind $first_min $first_width
                $first_needs $first_get $(, $first_words)?),)*
            $(columns!(@row false, $code $names $kind $min $width $needs $get $(, $words)?),)*
        ]
    };
    (
        @row $shown:literal, $code:ident $names:tt $kind:ident $min:literal $width:literal
            $needs:ident $get:expr $(, $words:expr)?
    ) => {
        Column {
            field: Field {
                code: stringify!($code),
                aliases: &$names,
                kind: FieldKind::$kind,
                needs: Needs::$needs,
            },
            get: $get,
            choices: columns!(@words $($words)?),
            min: $min,
            preferred: $width,
            default: $shown,
        }
    };
}

/// Every column there is: code, other names, kind, narrowest and wanted width, what it needs, and its value. A row that
/// begins with `*` is shown in a list that was not set up otherwise.
pub const COLUMNS: &[Column] = columns! {
    * priority    ["risk"]      Tenths     4  8 Everybody priority;
    * name        ["customer"]  Text      12 28 Viewer    |r, at| Value::Text(r.name(at));
    * owner       []            Choice     5 10 Facts     owner, OWNERS;
    * stage       []            Choice    11 12 Facts     stage, STAGES;
    * arr         []            Money      5  7 Facts     |r, at| amount(r.rows[at].signals.arr);
    * health      ["score"]     Number     5  7 Score     health;
    * nps         []            Number     3  4 Facts     |r, at| small(r.rows[at].signals.nps);
    * tickets     ["tix"]       Number     3  4 Facts     tickets;
    * renews      ["renewal"]   Until      5  7 Facts     |r, at| day(r.rows[at].signals.renews);
    * touch       ["touched"]   Since      5  6 Facts     |r, at| day(r.rows[at].signals.reached);
    tag           ["tags"]      Words      6 16 Facts     tags;
    band          []            Choice     5  6 Score     band, BANDS;
    mrr           []            Money      5  7 Facts     |r, at| amount(r.rows[at].signals.mrr);
    apart         ["currencies"] Words   6 12 Facts    apart;
    converted     []            Flag      3  6 Facts     |r, at| Value::Flag(r.rows[at].signals.converted);
    severe        []            Number     3  6 Facts     severe;
    since         ["age"]       Since      5  6 Facts     |r, at| day(r.rows[at].signals.since);
    behind        []            Flag       3  6 Facts     |r, at| Value::Flag(pace(r, at) == Some(Pace::Behind));
    stuck         []            Flag       3  6 Facts     |r, at| Value::Flag(pace(r, at) == Some(Pace::Stuck));
    usage         []            Tenths     5  6 Facts     |r, at| number(r.rows[at].signals.usage.map(i64::from));
    seats         []            Number     4  5 Facts     |r, at| small(r.rows[at].signals.seats);
    tasks         []            Number     3  5 Facts     |r, at| Value::Number(r.rows[at].signals.tasks.into());
    due           []            Until      5  6 Facts     |r, at| day(r.rows[at].signals.due);
    pulse         []            Number     3  5 Facts     |r, at| small(r.rows[at].signals.pulse);
    pastdue       ["unpaid"]    Since      5  7 Facts     |r, at| day(r.rows[at].signals.past_due);
    unanswered    []            Flag       3  6 Facts     |r, at| applies(r, at, "nps");
    silent        []            Flag       3  6 Facts     |r, at| applies(r, at, "silent");
    fell          []            Flag       3  6 Score     |r, at| applies(r, at, "fell");
    plan          []            Flag       3  6 Facts     |r, at| Value::Flag(r.rows[at].signals.plan);
    actions       ["cta"]       Number     3  7 Facts     |r, at| Value::Number(r.rows[at].signals.actions.into());
    severity      []            Number     3  8 Facts     |r, at| count(r.rows[at].signals.risk);
    alert         ["alerted"]   Since      5  6 Facts     |r, at| day(r.rows[at].signals.alert);
    mention       ["mentioned"] Since      5  7 Facts     |r, at| day(r.rows[at].signals.mention);
    visit         []            Number     3  5 Facts     |r, at| count(r.rows[at].signals.visit);
    cohort        []            Number     3  6 Facts     |r, at| count(r.rows[at].signals.cohort);
    started       []            Since      5  7 Facts     |r, at| day(r.rows[at].signals.started);
    created       []            Since      5  7 Facts     |r, at| day(r.rows[at].created);
    last          ["activity"]  Since      5  6 Facts     |r, at| day(r.rows[at].signals.last);
    snoozed       ["snooze"]    Until      5  7 Viewer    snoozed;
    held          ["override"]  Until      5  7 Score     held;
    seg           ["segments"]  Words      8 20 Orders    segments;
    orders        []            Number     4  6 Orders    |r, at| bought(r, at, |m| Some(m.orders.count.into()));
    spent         []            Money      5  7 Orders    |r, at| bought(r, at, |m| Some(m.orders.paid));
    ordered       []            Since      5  7 Orders    ordered;
    r             ["recency"]   Number     2  2 Orders    |r, at| bought(r, at, |m| Some(m.scores?.r.into()));
    f             ["frequency"] Number     2  2 Orders    |r, at| bought(r, at, |m| Some(m.scores?.f.into()));
    m             ["monetary"]  Number     2  2 Orders    |r, at| bought(r, at, |m| Some(m.scores?.m.into()));
    fullprice     []            Flag       3  6 Orders    |r, at| predicate(r, at, |v| v.full_price);
    several       []            Flag       3  6 Orders    |r, at| predicate(r, at, |v| v.several);
    abovemedian   []            Flag       3  6 Orders    |r, at| predicate(r, at, |v| v.above_median);
    cadence       []            Choice     6  7 Facts     cadence, CADENCE;
    gaps          []            Number     3  5 Facts     |r, at| small(r.rows[at].signals.gaps);
    champion      []            Since      5  8 Facts     |r, at| day(r.rows[at].signals.roles[CHAMPION]);
    buyer         []            Since      5  6 Facts     |r, at| day(r.rows[at].signals.roles[BUYER]);
    sponsor       []            Since      5  7 Facts     |r, at| day(r.rows[at].signals.roles[SPONSOR]);
};

/// How the field of each column is read.
pub static READERS: [Reader; COLUMNS.len()] = {
    let mut all = [COLUMNS[0].reader(); COLUMNS.len()];
    let mut at = 0;
    while at < COLUMNS.len() {
        all[at] = COLUMNS[at].reader();
        at += 1;
    }
    all
};

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

/// The currencies of what no rate brings into the book's.
fn apart(roster: &Roster, at: usize) -> Value<'_> {
    roster
        .currencies_apart(at)
        .map_or(Value::None, Value::Words)
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
    let kept = roster.config.cadences.kept(
        &roster.rows[at].signals,
        roster.config.limits(),
        roster.today,
    );
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
