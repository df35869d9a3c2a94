//! Every question a screen or a subcommand asks, and the page that answers it. A page names its question.

use std::sync::Arc;

use serde::Serialize;

use super::action::Action;
use super::checklist::Checklist;
use super::customer::{Contact, Customer};
use super::duplicate::Sign;
use super::event::{Event, EventKind};
pub use super::filter::Mistake;
pub use super::funnel::PeriodAsk;
use super::funnel::{Flow, Mode, Period, StageFigures};
use super::health::backtest::Backtest;
use super::health::{Explanation, Health};
use super::id::Id;
use super::money::Arr;
use super::priority::Priority;
use super::revenue::Version;
use super::rule::{Rule, Trial};
use super::signal::Signals;
use super::survey::{Answers, Figures};
use super::table::{TableAsk, TablePage};
use super::task::Task;
use super::ticket::Ticket;
use super::time::{Day, Stamp};
pub use super::view::View;

mod log;

pub use log::{BatchPage, BatchRow, Conflict, ConflictValue, Deed, EditRow};

/// Which tasks.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct TaskAsk {
    /// Filter line over their customers.
    pub filter: String,
    /// Only those of this owner; empty for all.
    pub owner: String,
    /// Done ones too.
    pub done: bool,
}

/// Which part of a timeline.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct TimelineAsk {
    /// Kinds shown; empty for all but usage readings, orders and invoices when `money` is off.
    pub kinds: Vec<EventKind>,
    /// Folded words that the text must have; empty for all.
    pub search: String,
    /// At most so many, newest first.
    pub limit: usize,
}

/// A question. Equal questions have equal answers until something is written or the day changes.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Query {
    /// Rows of the roster that pass a filter, sorted. The attributes among `columns` (`attr.industry`) are there to be shown
    /// once it is answered; other codes are passed over.
    Customers {
        filter: String,
        sort: String,
        descending: bool,
        columns: Vec<String>,
    },
    /// The triage queue: priority first, ties by renewal date, then name. `snoozed`: the snoozed ones instead.
    Triage { filter: String, snoozed: bool },
    /// Counts for the tabs.
    Counts,
    /// The funnel.
    Funnel {
        filter: String,
        period: Option<PeriodAsk>,
        mode: Mode,
    },
    /// Tasks, due first.
    Tasks(TaskAsk),
    /// What the team did, newest first.
    Activity { search: String, limit: usize },
    /// One customer with its timeline.
    Account { customer: Id, timeline: TimelineAsk },
    /// Health explained, at today and at `since`.
    Health { customer: Id, since: Option<Day> },
    /// A customer's scores of the last so many months, computed from facts: a week apart up to half a year, else month ends.
    Trend { customer: Id, months: u16 },
    /// The customers whose score moved most in the last so many days, of those that pass a filter.
    Movers { filter: String, days: u16 },
    /// The scores of the last so many month ends against what became of the customers.
    Backtest { months: u8 },
    /// Full text over timelines and names, best first.
    Search { text: String },
    /// Saved views.
    Views,
    /// The batches that changed one row, newest first: a note's history.
    History { row: Id },
    /// Fields of which copies of the book say different things, and nobody has decided yet.
    Conflicts,
    /// What one batch made and changed.
    Batch { batch: Id },
    /// Calls to action: by their turn, risks by money at stake x urgency.
    Actions(ActionAsk),
    /// Playbooks at customers, the latest first.
    Plays(PlayAsk),
    /// Firings of rules, the latest first.
    Fired(FiredAsk),
    /// What customers say when asked: NPS, satisfaction, effort, by wave and month.
    Nps { filter: String, period: PeriodAsk },
    /// Segments: the ready-made ones and the saved views that are marked as such. `trend`: also their counts at month ends.
    Segments { trend: bool },
    /// How many passed each of these filters at the ends of the last so many months.
    Course { filters: Vec<String>, months: u16 },
    /// The words of answers and who said them.
    Replies { events: Vec<Id> },
    /// Figures in rows.
    Table(TableAsk),
    /// Answers to questions of surveys.
    Friction { filter: String, period: PeriodAsk },
    /// Whom a rule holds today, and for whom it would have fired in the last `days`.
    Trial { rule: Box<Rule>, days: u16 },
    /// The checklists of all stages at a customer.
    Checklists { customer: Id },
    /// Customers that may be one and the same.
    Duplicates,
    /// What customers have become that are not there any more, where they were merged into others.
    Became { customers: Vec<Id> },
}

/// A customer that was merged into another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Became {
    /// The one that is not there any more.
    pub was: Id,
    /// The one that is left.
    pub is: Id,
    /// Its name.
    pub name: String,
}

/// Two customers that may be one.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Twin {
    /// The one that has been there for longer: id and name.
    pub keep: (Id, String),
    /// The other.
    pub other: (Id, String),
    /// Why.
    pub signs: Vec<Sign>,
}

/// Which calls to action.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct ActionAsk {
    /// Filter line over their customers.
    pub filter: String,
    /// Only of this kind; empty for all.
    pub kind: String,
    /// Only those of this owner (`me`: one's own); empty for all.
    pub owner: String,
    /// Only those of this customer.
    pub customer: Option<Id>,
    /// Closed ones too.
    pub closed: bool,
}

/// Which playbooks.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct PlayAsk {
    /// Filter line over their customers.
    pub filter: String,
    /// Only those of this customer.
    pub customer: Option<Id>,
    /// Ended ones too.
    pub ended: bool,
}

/// Which firings.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct FiredAsk {
    /// Filter line over their customers.
    pub filter: String,
    /// Only of the rule with this code; empty for all.
    pub rule: String,
    /// Not before this day.
    pub since: Option<Day>,
    /// Only those that alert somebody.
    pub alerts: bool,
    /// Of the alerts only those to me: at my customers, or to the team.
    pub mine: bool,
    /// Of those to me only those at my customers.
    pub own: bool,
    /// Of the alerts only those that nobody is done with: the customer still has that reason to be in the queue.
    pub open: bool,
    /// At most so many.
    pub limit: usize,
}

impl Default for FiredAsk {
    fn default() -> FiredAsk {
        FiredAsk {
            filter: String::new(),
            rule: String::new(),
            since: None,
            alerts: false,
            mine: false,
            own: false,
            open: false,
            limit: 1000,
        }
    }
}

/// Rows of the roster in order. `rows` are row numbers of the roster that the store shares.
#[derive(Clone, Debug, Default)]
pub struct RowsPage {
    /// Row numbers in order.
    pub rows: Arc<[u32]>,
    /// How many customers there are before the filter.
    pub of: usize,
    /// Sum of the rows' ARR.
    pub arr: Arr,
    /// What is wrong with the filter: start and end byte, and a sentence. The rows are those of no answer then: keep the old ones.
    pub mistake: Option<Mistake>,
    /// Ways to complete the filter at its end: the whole filter as it would be then, and the count.
    pub completions: Vec<(String, usize)>,
}

/// Counts for tabs and headers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counts {
    /// Customers in the triage queue.
    pub triage: usize,
    /// Customers.
    pub customers: usize,
    /// Open tasks of mine that are due today or before.
    pub tasks: usize,
    /// Customers I marked done or snoozed today.
    pub handled: usize,
    /// Snoozed customers.
    pub snoozed: usize,
    /// Fields of which copies of the book say different things.
    pub conflicts: usize,
    /// Customers about which an alert to me is open.
    pub alerts: usize,
}

/// A task with the name of its customer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TaskRow {
    /// The task.
    #[serde(flatten)]
    pub task: Task,
    /// Its customer's name.
    pub customer_name: String,
}

/// A call to action with what its customer lends it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ActionRow {
    /// The call.
    #[serde(flatten)]
    pub action: Action,
    /// Its customer's name.
    pub customer_name: String,
    /// Its customer's row in the roster.
    #[serde(skip)]
    pub row: u32,
    /// Its customer's ARR.
    #[serde(flatten)]
    pub arr: Arr,
    /// Money at stake x urgency ([`Action::weight`]), minor units.
    pub weight: i64,
}

impl ActionRow {
    /// Money at stake: what was said, else the customer's ARR.
    pub fn stake(&self) -> Arr {
        let said = self.action.money.map(|minor| Arr::of(minor, false));
        said.unwrap_or_else(|| self.arr.clone())
    }
}

/// A playbook at a customer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PlayRow {
    /// Names the row in every copy of the book.
    pub id: Id,
    /// The customer.
    pub customer: Id,
    /// Its name.
    pub customer_name: String,
    /// Code of the playbook.
    pub playbook: String,
    /// Its label when it was started.
    pub label: String,
    /// The day its steps count from.
    pub anchor: Day,
    /// When it was started.
    pub started: Day,
    /// Code of the rule that started it; empty: a person did.
    pub cause: String,
    /// When it was ended.
    pub ended: Option<Day>,
    /// What came of it.
    pub outcome: String,
    /// Its steps by their day.
    pub steps: Vec<StepRow>,
}

/// A step of a playbook at a customer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StepRow {
    /// Names the row in every copy of the book.
    pub id: Id,
    /// The task that it is.
    pub task: Id,
    /// Its place in the playbook.
    pub code: String,
    /// What has to be done.
    pub title: String,
    /// When.
    pub due: Option<Day>,
    /// Who.
    pub owner: String,
    /// When it was done.
    pub done: Option<Stamp>,
    /// Why it was skipped; empty: it was not.
    pub skipped: String,
}

/// A firing of a rule.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FiredRow {
    /// The event.
    pub id: Id,
    /// The customer.
    pub customer: Id,
    /// Its name.
    pub customer_name: String,
    /// Who looks after it.
    pub owner: String,
    /// Code of the rule.
    pub rule: String,
    /// The rule's label and filter then.
    pub text: String,
    /// When.
    pub at: Stamp,
    /// The civil date.
    pub day: Day,
    /// Whom it alerts: `owner`, `team`, or nobody.
    pub alert: String,
    /// In whose write it fired.
    pub person: String,
}

/// Everything of one customer.
#[derive(Clone, PartialEq, Debug)]
pub struct Account {
    /// Its own fields.
    pub customer: Customer,
    /// Its row in the roster.
    pub row: u32,
    /// Its signals today.
    pub signals: Signals,
    /// Its ARR today.
    pub arr: Arr,
    /// Health today with every step.
    pub health: Explanation,
    /// Priority today and its reasons (dealt-with ones left out).
    pub priority: Priority,
    /// Scores of the last 12 weeks, oldest first, the last one today's; computed from facts.
    pub trend: Vec<Option<u8>>,
    /// Contacts, main one first.
    pub contacts: Vec<Contact>,
    /// Open tasks, due first, then the last done ones.
    pub tasks: Vec<Task>,
    /// Open tickets, severe first.
    pub tickets: Vec<Ticket>,
    /// Subscription versions, newest first.
    pub versions: Vec<Version>,
    /// Latest NPS answers, newest first, at most 6.
    pub nps: Vec<u8>,
    /// The newest events that the ask wants.
    pub events: Vec<Event>,
    /// Events that the ask wants, all of them.
    pub total: usize,
    /// Events by month (year, month 1-12, count), newest first, for what the ask wants.
    pub months: Vec<(i32, u32, usize)>,
}

/// Customers whose score moved.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct MoversPage {
    /// The day that today is compared with.
    pub since: Option<Day>,
    /// Those that moved, the largest fall first and the largest rise last; in between some may be left out.
    pub movers: Vec<Mover>,
    /// How many fell.
    pub fell: usize,
    /// How many rose.
    pub rose: usize,
    /// How many have a score on both days.
    pub of: usize,
    /// Not everybody is compared yet: the same question asked again answers more.
    pub computing: bool,
    /// A mistake in the filter.
    pub mistake: Option<Mistake>,
}

/// One customer whose score moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mover {
    /// Its row in the roster.
    pub row: u32,
    /// Health on the day before.
    pub before: Health,
    /// Health today.
    pub now: Health,
}

impl Mover {
    /// Points up or down.
    pub fn change(&self) -> i16 {
        i16::from(self.now.score.unwrap_or(0)) - i16::from(self.before.score.unwrap_or(0))
    }
}

/// One find of the full-text search.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Found {
    /// The customer.
    pub customer: Id,
    /// Its name.
    pub name: String,
    /// The event; `None` for a find in names.
    pub event: Option<Id>,
    /// The person; `None` for another find.
    pub contact: Option<Id>,
    /// The text around the find.
    pub text: String,
    /// Its day.
    pub day: Option<Day>,
}

/// The funnel's figures.
#[derive(Clone, PartialEq, Debug)]
pub struct FunnelPage {
    /// One row a stage.
    pub stages: Vec<StageFigures>,
    /// Moves in the period.
    pub flows: Vec<Flow>,
    /// What was counted.
    pub period: Period,
    /// How.
    pub mode: Mode,
    /// Rows of the roster by stage, stuck first, then oldest.
    pub cards: Vec<Vec<u32>>,
    /// A mistake in the filter.
    pub mistake: Option<Mistake>,
}

/// What customers say when asked.
#[derive(Clone, PartialEq, Debug)]
pub struct NpsPage {
    /// All that was said; figures name its entries by their place.
    pub answers: Arc<Answers>,
    /// What was counted.
    pub figures: Figures,
    /// The window.
    pub period: Period,
    /// The NPS answers that count, as a list to call: those that nobody has followed up first, then the lowest.
    pub calls: Vec<u32>,
    /// How many of `calls`, from the start, have not been followed up by a touch.
    pub waiting: usize,
    /// A mistake in the filter.
    pub mistake: Option<Mistake>,
}

/// A segment and who is in it today.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SegmentRow {
    /// The code of a ready-made one; the name of a saved view.
    pub name: String,
    /// A saved view of the book, not a ready-made one.
    pub own: bool,
    /// The filter that lists it.
    pub filter: String,
    /// Customers.
    pub count: usize,
    /// Their ARR.
    #[serde(flatten)]
    pub arr: Arr,
    /// What is wrong with the filter of a saved view; empty for nothing.
    pub mistake: String,
}

/// How many passed filters at the ends of months.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CoursePage {
    /// The month ends, the oldest first.
    pub days: Vec<Day>,
    /// By filter, in the order asked, a count for each of the days; nothing of a filter that cannot be read.
    pub counts: Vec<Vec<usize>>,
    /// The mistake in the first filter that has one.
    pub mistake: Option<Mistake>,
    /// More customers are being counted.
    pub computing: bool,
}

/// The segments.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SegmentsPage {
    /// The ready-made ones in the order of [`super::segment::READY`], then the saved views by name.
    pub rows: Vec<SegmentRow>,
    /// The ready-made ones at month ends, the oldest first.
    pub trend: Vec<(Day, Vec<usize>)>,
    /// More month ends are being counted.
    pub computing: bool,
    /// Customers who ordered in the look-back: under [`super::rfm::FEW`] nobody has scores.
    pub buyers: usize,
    /// The median of their mean orders, minor units.
    pub median: Option<f64>,
}

/// The words of one answer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Reply {
    /// The event.
    pub event: Id,
    /// The contact's name; empty for none.
    pub contact: String,
    /// What was said.
    pub text: String,
}

/// The answers to one question of a survey, the same words together.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Question {
    /// Its code: one of [`super::survey::FRICTION`], or another's.
    pub code: String,
    /// Answers.
    pub n: usize,
    /// The words as first said, and the customers (rows) who said so; the most common first.
    pub answers: Vec<(String, Vec<u32>)>,
}

/// An answer.
#[derive(Clone, Debug)]
pub enum Page {
    /// To [`Query::Customers`] and [`Query::Triage`].
    Rows(RowsPage),
    /// To [`Query::Counts`].
    Counts(Counts),
    /// To [`Query::Funnel`].
    Funnel(Box<FunnelPage>),
    /// To [`Query::Tasks`].
    Tasks(Vec<TaskRow>),
    /// To [`Query::Activity`].
    Activity(Vec<BatchRow>),
    /// To [`Query::Account`]; `None` when it is gone.
    Account(Option<Box<Account>>),
    /// To [`Query::Health`]: today's, and the other day's.
    Health(Box<(Explanation, Option<Explanation>)>),
    /// To [`Query::Trend`]: oldest first, the last one today's.
    Trend(Vec<(Day, Health)>),
    /// To [`Query::Movers`].
    Movers(MoversPage),
    /// To [`Query::Backtest`].
    Backtest(Box<Backtest>),
    /// So many customers are counted, of so many; the same question asked again goes on. What can only be said of all.
    Counting { done: usize, of: usize },
    /// To [`Query::Search`].
    Search(Vec<Found>),
    /// To [`Query::Views`].
    Views(Vec<(Id, String, View)>),
    /// To [`Query::History`].
    History(Vec<EditRow>),
    /// To [`Query::Conflicts`].
    Conflicts(Vec<Conflict>),
    /// To [`Query::Batch`].
    Batch(BatchPage),
    /// To [`Query::Actions`].
    Actions(Vec<ActionRow>),
    /// To [`Query::Plays`].
    Plays(Vec<PlayRow>),
    /// To [`Query::Fired`].
    Fired(Vec<FiredRow>),
    /// To [`Query::Nps`].
    Nps(Box<NpsPage>),
    /// To [`Query::Table`].
    Table(Box<TablePage>),
    /// To [`Query::Segments`].
    Segments(Box<SegmentsPage>),
    /// To [`Query::Course`].
    Course(Box<CoursePage>),
    /// To [`Query::Replies`], in the order asked; what is gone is left out.
    Replies(Vec<Reply>),
    /// To [`Query::Friction`], a question each.
    Friction(Vec<Question>),
    /// To [`Query::Trial`].
    Trial(Trial),
    /// To [`Query::Checklists`].
    Checklists(Vec<Checklist>),
    /// To [`Query::Duplicates`]: the likeliest first.
    Duplicates(Vec<Twin>),
    /// To [`Query::Became`]: those of them that were merged into one that is there.
    Became(Vec<Became>),
}

impl Page {
    /// There is more to come: the same question asked again answers more of it.
    pub fn is_unfinished(&self) -> bool {
        match self {
            Page::Segments(page) => page.computing,
            Page::Course(page) => page.computing,
            Page::Movers(page) => page.computing,
            Page::Trial(page) => page.computing,
            Page::Table(page) => page.computing,
            Page::Counting { .. } => true,
            _ => false,
        }
    }
}
