//! Signals: the figures folded from one customer's facts. A pure fold, so that any past date can be asked for.

use super::event::EventKind;
use super::revenue::Terms;
use super::stage::StageNo;
use super::time::Day;

mod folding;
mod packed;
#[cfg(test)]
mod tests;

use packed::figures;

pub use folding::{absorb, arr, fold};
pub use packed::StageMarks;

/// Days after which a usage reading says nothing about today any more.
pub const USAGE_DAYS: i64 = 28;

const _: () = assert!(super::ticket::SEVERITIES == 4);

figures! {
    /// What lists, health and the queue need of one customer, small enough to hold a million of them in memory.
    /// Every figure is one of a day: [`Signals::asof`] says up to which day the facts were read.
    /// A figure is one row here and the lines that fold it in `folding`; keeping it follows from its type.
    pub struct Signals {
        /// Sum of the MRR of the subscription versions active on the day, minor units of the book's currency.
        mrr: i64,
        /// Sum of their ARR, each normalised to a year from its price.
        arr: i64,
        /// Some of both was converted from another currency by a rate.
        converted: bool,
        /// Some versions are in currencies that no rate converts; they are in neither sum.
        apart: bool,
        /// The stage it is in; meaningful beside the config's stages. `since` is `None` when it never entered one.
        stage: StageNo,
        /// How many times it has entered this stage, from 1; 0 when it never entered one.
        visit: u8,
        /// How many times the relationship has started: 1 plus the returns from a lost stage.
        cohort: u8,
        /// When it entered the stage.
        since: Option<Day>,
        /// When the present cohort started: the first move, or the return from a lost stage.
        started: Option<Day>,
        /// The last touchpoint.
        touch: Option<Day>,
        /// The last touchpoint by a channel that counts for the cadence.
        reached: Option<Day>,
        /// The place of its cadence in the config; `None` where none fits.
        cadence: Option<u8>,
        /// Questions of its stage's checklist that nobody has answered; `None` where there are no questions.
        gaps: Option<u8>,
        /// The latest NPS answer 0-10 and its day.
        nps: Option<u8>,
        /// Its day.
        nps_day: Option<Day>,
        /// A touchpoint on which they can answer came after the latest NPS answer.
        nps_followed: bool,
        /// Open tickets by severity 1-4 (index 0 is severity 1). The length is spelt out because rustc 1.95 fails on a closure
        /// that captures an array whose length is a constant's name.
        tickets: [u8; 4],
        /// When the oldest open ticket of each severity was opened.
        oldest: [Option<Day>; 4],
        /// Mean weekly key actions of the last 4 weeks against the 12 weeks before, per mille change (-400 is 40 % less).
        /// `None` with fewer than 4 readings before.
        usage: Option<i16>,
        /// The week of the latest usage reading.
        usage_day: Option<Day>,
        /// Seats used in the latest reading against seats paid, per cent, 254 at most; `None` without a paid quantity.
        seats: Option<u8>,
        /// The next renewal: the end of the running term (METRICS: explicit end, else the yearly anniversary).
        renews: Option<Day>,
        /// Earliest day on which an open task is due; one that was put off counts from that day.
        due: Option<Day>,
        /// Open tasks.
        tasks: u8,
        /// An open task of kind `renewal` exists.
        plan: bool,
        /// The manager's latest pulse 1-5.
        pulse: Option<u8>,
        /// Its day.
        pulse_day: Option<Day>,
        /// Due day of the oldest invoice that is unpaid and past due.
        past_due: Option<Day>,
        /// A person's word over the health score, 0-100, and the last day on which it holds.
        held: Option<u8>,
        /// That day.
        held_until: Option<Day>,
        /// The last touchpoint with a contact of each role, in the order of [`super::customer::ROLES`].
        roles: [Option<Day>; 6],
        /// Mean active days a week over the last 4 weeks of readings, in tenths; `None` without a reading that says.
        active: Option<u8>,
        /// Open calls to action, 255 at most.
        actions: u8,
        /// Earliest day on which an open call to action is due; one that was put off counts from that day.
        action_due: Option<Day>,
        /// Severity 1-4 of the worst open risk; 0 without any.
        risk: u8,
        /// The latest day on which a rule raised an alert.
        alert: Option<Day>,
        /// The latest day on which somebody was mentioned and has not answered.
        mention: Option<Day>,
        /// The latest event of any kind.
        last: Option<Day>,
        /// Health 28 days before `asof`, for "health fell"; `None` when there was not enough data.
        before: Option<u8>,
        /// The day up to which facts were read.
        asof: Option<Day>,
        /// The first day on which the same facts would fold to something else (a version starts, a week has passed).
        stale: Option<Day>,
    }
}

impl Signals {
    /// The customer pays, in whichever currency.
    pub fn pays(&self) -> bool {
        self.mrr > 0 || self.apart
    }

    /// What was folded on its day is true on `day` too: nothing that it counts changes in between.
    pub fn holds_on(&self, day: Day) -> bool {
        self.asof.is_some_and(|asof| asof <= day) && self.stale.is_none_or(|stale| stale > day)
    }

    /// A person's word over the health score on `day`, while it lasts.
    pub fn held_on(&self, day: Day) -> Option<u8> {
        self.held
            .filter(|_| self.held_until.is_some_and(|until| day <= until))
    }
}

/// One event as the fold reads it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fact {
    /// Its kind.
    pub kind: EventKind,
    /// Its civil day.
    pub day: Day,
    /// Its moment, UTC milliseconds: orders facts of a day.
    pub at: i64,
    /// The kind's figure.
    pub number: Option<i64>,
    /// The stage moved to (kind `Stage`), the stage whose question was answered (kind `Check`).
    pub to: StageNo,
    /// Seats used (kind `Usage`).
    pub seats: Option<u32>,
    /// Active days of the week, 0 to 7 (kind `Usage`).
    pub active: Option<u8>,
    /// Due day (kind `Invoice`), last day (kind `Override`).
    pub due: Option<Day>,
    /// The day it was paid (kind `Invoice`).
    pub paid: Option<Day>,
    /// It raised an alert (kind `Rule`).
    pub alert: bool,
    /// The place of its channel in [`super::touchpoint::CHANNELS`] (kind `Touch`), that of the question in its
    /// checklist (kind `Check`); 255 for one that is not there.
    pub channel: u8,
    /// The roles of the contacts who were there, a bit each in the order of [`super::customer::ROLES`] (kind `Touch`).
    pub roles: u8,
}

/// One ticket as the fold reads it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TicketFact {
    /// 1 to 4.
    pub severity: u8,
    /// Day it was opened.
    pub opened: Day,
    /// Day it was closed.
    pub closed: Option<Day>,
}

/// One task as the fold reads it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TaskFact {
    /// Day it was made.
    pub made: Day,
    /// Day by which it is due, or until which it was put off where that is later.
    pub due: Option<Day>,
    /// Day it was done.
    pub done: Option<Day>,
    /// It is a plan for the renewal.
    pub plan: bool,
    /// Somebody was mentioned and is asked to look.
    pub mention: bool,
}

/// One call to action as the fold reads it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ActionFact {
    /// Day it was opened.
    pub opened: Day,
    /// Day by which it is due, or until which it was put off where that is later.
    pub due: Option<Day>,
    /// Day it was closed.
    pub closed: Option<Day>,
    /// Severity 1-4 of a risk; 0 for the other kinds.
    pub risk: u8,
}

/// One version of a subscription as the fold reads it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct VersionFact {
    /// Tells the versions of one subscription from those of another; any number that does.
    pub subscription: i64,
    /// First day.
    pub start: Day,
    /// First day on which it is no longer active.
    pub end: Option<Day>,
    /// What it costs.
    pub terms: Terms,
    /// It is a paid one, and no trial.
    pub paid: bool,
}

/// Everything the fold reads of one customer. Events ascend by (`at`, order of making).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Facts {
    /// Its events.
    pub events: Vec<Fact>,
    /// Its tickets.
    pub tickets: Vec<TicketFact>,
    /// Its tasks.
    pub tasks: Vec<TaskFact>,
    /// Its calls to action.
    pub actions: Vec<ActionFact>,
    /// Its subscription versions.
    pub versions: Vec<VersionFact>,
    /// Its tags, one space between two: which cadence holds depends on them.
    pub tags: String,
}

impl Facts {
    /// Forgets the facts of one customer before those of the next; the room that they took stays.
    pub fn clear(&mut self) {
        let Facts {
            events,
            tickets,
            tasks,
            actions,
            versions,
            tags,
        } = self;
        events.clear();
        tickets.clear();
        tasks.clear();
        actions.clear();
        versions.clear();
        tags.clear();
    }
}
