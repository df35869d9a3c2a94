//! The desk at which rows are taken: reads cells into values, finds customers and contacts, and keeps what the file has had.

use std::collections::HashMap;
use std::path::PathBuf;

use super::mapping::{Mapping, Place};
use super::reader::{Next, Row, Table};
use super::report::FileReport;
use super::seen::{Seen, Sight};
use super::values::{self, Clock, DateCell, NumberFault, Order};
use crate::domain::config::Config;
use crate::domain::stage::{Stage, StageClass, StageNo};
use crate::domain::time::{Day, Moment, Stamp};
use crate::error::{Error, Result};
use crate::store::load::{EventRow, Loader, Outcome};

/// What became of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It made something new.
    Made,
    /// It changed something.
    Changed,
    /// The book says so already.
    Same,
    /// A person's later edit stays.
    Kept,
    /// An earlier row of the file says so already.
    Merged,
}

impl Fate {
    /// The fate of a row that did two things: the one that changed most.
    pub(super) fn and(self, other: Fate) -> Fate {
        match (self, other) {
            (Fate::Made, _) => Fate::Made,
            (_, Fate::Made | Fate::Changed) | (Fate::Changed, _) => Fate::Changed,
            (Fate::Kept, _) | (_, Fate::Kept) => Fate::Kept,
            (own, _) => own,
        }
    }
}

impl From<Outcome> for Fate {
    fn from(outcome: Outcome) -> Fate {
        match outcome {
            Outcome::Made => Fate::Made,
            Outcome::Changed => Fate::Changed,
            Outcome::Same => Fate::Same,
            Outcome::Kept => Fate::Kept,
        }
    }
}

/// Why a row was not taken.
#[derive(Debug)]
pub(super) enum Refused {
    /// The row's own fault: the kind of reason, and the whole of it.
    Row(&'static str, String),
    /// Something that ends the import.
    Stop(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused::Stop(error)
    }
}

/// What taking a row gives.
pub(super) type Taken<T = Fate> = Result<T, Refused>;

/// Takes the rows of one kind.
pub(super) trait Intake {
    /// Takes one row.
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken;
}

/// A refusal of the row.
pub(super) fn refuse<T>(reason: &'static str, detail: impl Into<String>) -> Taken<T> {
    Err(Refused::Row(reason, detail.into()))
}

/// A cell as a message shows it.
pub(super) fn quoted(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    if clean.len() < text.len() { format!("\"{clean}…\"") } else { format!("\"{clean}\"") }
}

/// What all files of an import share, and what belongs to the file being read.
pub(super) struct Desk<'l> {
    pub loader: Loader<'l>,
    pub config: Config,
    pub now: Moment,
    pub stages_added: Vec<String>,
    pub attributes_added: Vec<String>,
    /// The customer of the row before: rows of one customer often stand together.
    last: (String, i64),
    /// Midnights of days by their number, for columns of dates without a time.
    midnights: Vec<Option<Stamp>>,
    /// Stage names of files and the stages they are; few, so a list is fastest.
    stage_names: Vec<(String, StageNo)>,
    pub map: Mapping,
    pub file: FileReport,
    path: PathBuf,
    seen: Seen,
    orders: HashMap<usize, Option<Order>>,
}

impl<'l> Desk<'l> {
    pub(super) fn new(loader: Loader<'l>, config: Config, now: Moment, map: Mapping, file: FileReport, path: PathBuf) -> Desk<'l> {
        Desk {
            loader,
            config,
            now,
            stages_added: Vec::new(),
            attributes_added: Vec::new(),
            last: (String::new(), 0),
            midnights: Vec::new(),
            stage_names: Vec::new(),
            map,
            file,
            path,
            seen: Seen::new(),
            orders: HashMap::new(),
        }
    }

    /// Turns to the next file; gives the report of the one before.
    pub(super) fn turn_to(&mut self, map: Mapping, file: FileReport, path: PathBuf) -> FileReport {
        self.map = map;
        self.path = path;
        self.seen = Seen::new();
        self.orders.clear();
        std::mem::replace(&mut self.file, file)
    }

    /// The number of the customer that a row names by key, or by name where the book got it without a key.
    pub(super) fn customer(&mut self, key: &str) -> Taken<i64> {
        if key.is_empty() {
            return refuse("empty customer", "the row names no customer");
        }
        if key == self.last.0 && !self.last.0.is_empty() {
            return Ok(self.last.1);
        }
        let mut found = self.loader.customer(key)?;
        if found.is_none() {
            found = self.loader.customer(&crate::text::fold(key))?;
        }
        let Some(number) = found else {
            return refuse("unknown customer", format!("customer {} is not in the book", quoted(key)));
        };
        self.last.0.clear();
        self.last.0.push_str(key);
        self.last.1 = number;
        Ok(number)
    }

    /// The number of the contact that a row names; one that the book lacks is noted, and the row is taken without it.
    pub(super) fn contact(&mut self, key: &str) -> Taken<Option<i64>> {
        if key.is_empty() {
            return Ok(None);
        }
        let found = self.loader.contact(key)?;
        if found.is_none() {
            self.file.note("the contact is not in the book; taken without it");
        }
        Ok(found)
    }

    /// `Some(Merged)` when an earlier row of the file has the key and says the same; a refusal when it says something else.
    pub(super) fn repeated(&self, key: &str, content: &[u8]) -> Taken<Option<Fate>> {
        match self.seen.look(key, content) {
            Sight::New => Ok(None),
            Sight::Again(_) => Ok(Some(Fate::Merged)),
            Sight::Other(line) => {
                refuse("key repeated with other values", format!("{} stands in line {line} already, with other values", quoted(key)))
            }
        }
    }

    /// Remembers the key of a row that was taken.
    pub(super) fn remember(&mut self, key: &str, content: &[u8], line: u64) {
        self.seen.keep(key, content, line);
    }

    /// Puts the event of a row and remembers its key.
    pub(super) fn put_event(&mut self, event: &EventRow<'_>, row: Row<'_>) -> Taken<Fate> {
        let fate = Fate::from(self.loader.put_event(event)?);
        self.remember(event.reference, row.content(), row.line);
        Ok(fate)
    }

    /// The date in a cell; `None` when it is empty.
    pub(super) fn date(&mut self, row: Row<'_>, place: Place) -> Taken<Option<Day>> {
        let text = row.get(place);
        if text.is_empty() {
            return Ok(None);
        }
        // A date column may carry a time; its own civil date is what counts.
        let (front, _) = values::split_moment(text);
        self.day_in(front, text, place).map(Some)
    }

    /// The date in a cell that must have one.
    pub(super) fn must_date(&mut self, row: Row<'_>, place: Place) -> Taken<Day> {
        match self.date(row, place)? {
            Some(day) => Ok(day),
            None => refuse("empty date", format!("{} is empty", self.map.header(place))),
        }
    }

    fn day_in(&mut self, text: &str, whole: &str, place: Place) -> Taken<Day> {
        match values::date(text) {
            DateCell::Day(day) => Ok(day),
            DateCell::Impossible => {
                refuse("impossible date", format!("{} {} is no date of the calendar", self.map.header(place), quoted(whole)))
            }
            DateCell::Not => refuse("not a date", format!("{} {} is not a date such as 2026-11-21", self.map.header(place), quoted(whole))),
            DateCell::Either { first, second, year } => {
                let found = match self.order(place)? {
                    Some(Order::DayFirst) => values::day_of(year, second, first),
                    Some(Order::MonthFirst) => values::day_of(year, first, second),
                    None => {
                        let detail = format!("{} {}: which is the day and which the month?", self.map.header(place), quoted(whole));
                        return refuse("ambiguous date", detail);
                    }
                };
                found.map_or_else(|| refuse("impossible date", format!("{} is no date of the calendar", quoted(whole))), Ok)
            }
        }
    }

    /// The order that a column of dates with slashes proves by its other values. Reads the file once more, and only when a
    /// date needs it.
    fn order(&mut self, place: Place) -> Taken<Option<Order>> {
        if let Some(known) = self.orders.get(&place.index) {
            return Ok(*known);
        }
        let mut table = Table::open(&self.path)?;
        let (mut day, mut month) = (false, false);
        loop {
            match table.next()? {
                Next::Row(row) => match values::proves(row.get(place)) {
                    Some(Order::DayFirst) => day = true,
                    Some(Order::MonthFirst) => month = true,
                    None => {}
                },
                Next::Bad(..) => {}
                Next::End => break,
            }
        }
        let order = match (day, month) {
            (true, false) => Some(Order::DayFirst),
            (false, true) => Some(Order::MonthFirst),
            _ => None,
        };
        self.orders.insert(place.index, order);
        Ok(order)
    }

    /// The moment in a cell with its own civil date; `None` when it is empty. A date alone is its midnight in the book's zone.
    pub(super) fn moment(&mut self, row: Row<'_>, place: Place) -> Taken<Option<(Stamp, Day)>> {
        let text = row.get(place);
        if text.is_empty() {
            return Ok(None);
        }
        let (front, time) = values::split_moment(text);
        let day = self.day_in(front, text, place)?;
        if time.is_empty() {
            return Ok(Some((self.midnight(day), day)));
        }
        let Some(clock) = values::clock(time) else {
            return refuse("not a time", format!("{} {} has no time such as 14:30:00+02:00", self.map.header(place), quoted(text)));
        };
        self.note_offset(clock);
        Ok(Some((clock.on(day, self.config.zone), day)))
    }

    /// The moment in a cell that must have one.
    pub(super) fn must_moment(&mut self, row: Row<'_>, place: Place) -> Taken<(Stamp, Day)> {
        match self.moment(row, place)? {
            Some(moment) => Ok(moment),
            None => refuse("empty date", format!("{} is empty", self.map.header(place))),
        }
    }

    fn note_offset(&mut self, clock: Clock) {
        if !clock.has_offset() {
            let text = format!("time without an offset, read as a time in {}", self.config.zone.0.name());
            self.file.note(&text);
        }
    }

    /// Midnight of a day in the book's zone.
    pub(super) fn midnight(&mut self, day: Day) -> Stamp {
        let at = usize::try_from(day.number()).unwrap_or(0);
        if self.midnights.len() <= at {
            self.midnights.resize(at + 400, None);
        }
        let zone = self.config.zone;
        *self.midnights[at].get_or_insert_with(|| zone.stamp(day, chrono::NaiveTime::MIN))
    }

    /// The amount in a cell in minor units; `None` when it is empty.
    pub(super) fn amount(&self, row: Row<'_>, place: Place) -> Taken<Option<i64>> {
        let text = row.get(place);
        if text.is_empty() {
            return Ok(None);
        }
        let read = if place.minor { values::whole(text) } else { values::amount(text, self.config.currency) };
        read.map(Some).or_else(|fault| self.number_fault(fault, text, place, if place.minor { "whole amount" } else { "amount" }))
    }

    /// The amount in a cell that must have one, not below 0.
    pub(super) fn must_amount(&self, row: Row<'_>, place: Place) -> Taken<i64> {
        match self.amount(row, place)? {
            Some(n) if n < 0 => refuse("negative amount", format!("{} {} is below 0", self.map.header(place), quoted(row.get(place)))),
            Some(n) => Ok(n),
            None => refuse("empty amount", format!("{} is empty", self.map.header(place))),
        }
    }

    /// The whole number in a cell; `None` when it is empty.
    pub(super) fn whole(&self, row: Row<'_>, place: Place) -> Taken<Option<i64>> {
        let text = row.get(place);
        if text.is_empty() {
            return Ok(None);
        }
        values::whole(text).map(Some).or_else(|fault| self.number_fault(fault, text, place, "whole number"))
    }

    /// The whole number in a cell within bounds; `None` when it is empty.
    pub(super) fn within(&self, row: Row<'_>, place: Place, low: i64, high: i64) -> Taken<Option<i64>> {
        match self.whole(row, place)? {
            Some(n) if !(low..=high).contains(&n) => {
                refuse("number out of range", format!("{} {n} is not {low} to {high}", self.map.header(place)))
            }
            other => Ok(other),
        }
    }

    fn number_fault<T>(&self, fault: NumberFault, text: &str, place: Place, what: &str) -> Taken<T> {
        let (header, text) = (self.map.header(place), quoted(text));
        match fault {
            NumberFault::Not => refuse("not a number", format!("{header} {text} is not a {what}")),
            NumberFault::TooLarge => refuse("number too large", format!("{header} {text} does not fit in 64 bits")),
            NumberFault::TooFine => {
                refuse("too many decimals", format!("{header} {text} has more decimals than {} has", self.config.currency.code()))
            }
        }
    }

    /// The stage that a file names. One that the book lacks is added before the first lost stage.
    pub(super) fn stage(&mut self, name: &str) -> Taken<StageNo> {
        if let Some((_, no)) = self.stage_names.iter().find(|(n, _)| n == name) {
            return Ok(*no);
        }
        let no = match self.config.stages.find(name) {
            Some(no) => no,
            None => self.add_stage(name)?,
        };
        self.stage_names.push((name.to_owned(), no));
        Ok(no)
    }

    fn add_stage(&mut self, name: &str) -> Taken<StageNo> {
        let code = super::kind::header_code(name);
        if code.is_empty() {
            return refuse("unknown stage", format!("{} names no stage", quoted(name)));
        }
        if let Some(no) = self.config.stages.find(&code) {
            return Ok(no);
        }
        if self.config.stages.stage.len() >= 250 {
            return refuse("unknown stage", format!("stage {} is not in the book, which has 250 already", quoted(name)));
        }
        let lost = ["churned", "churn", "lost", "closed", "cancelled"].contains(&code.as_str());
        let class = if lost { StageClass::Lost } else { StageClass::Customer };
        let stages = &mut self.config.stages.stage;
        let first_lost = stages.iter().position(|s| s.class == StageClass::Lost).unwrap_or(stages.len());
        let at = if lost { stages.len() } else { first_lost };
        stages.insert(at, Stage { label: label(name), class, ..blank(&code) });
        // Places behind it have moved.
        self.stage_names.clear();
        let text = toml::to_string(&self.config.stages).map_err(|e| Error::failed("the stages could not be written down").because(e))?;
        self.loader.set_config("stages", &text)?;
        self.stages_added.push(code);
        u8::try_from(at).map(StageNo).map_err(|_| Refused::Row("unknown stage", quoted(name)))
    }
}

fn blank(code: &str) -> Stage {
    Stage {
        code: code.to_owned(),
        label: String::new(),
        aliases: Vec::new(),
        class: StageClass::Customer,
        expected_days: 0,
        stuck_days: None,
        exit: Vec::new(),
        kpi: Vec::new(),
        exit_when: Vec::new(),
        checklist: Vec::new(),
    }
}

/// `at_risk` as a person reads it: `At risk`.
fn label(name: &str) -> String {
    let words = name.trim().replace(['_', '-'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fates_of_a_row_are_one() {
        assert_eq!(Fate::Same.and(Fate::Made), Fate::Changed);
        assert_eq!(Fate::Made.and(Fate::Same), Fate::Made);
        assert_eq!(Fate::Same.and(Fate::Kept), Fate::Kept);
        assert_eq!(Fate::Same.and(Fate::Same), Fate::Same);
    }

    #[test]
    fn codes_become_labels() {
        assert_eq!(label("at_risk"), "At risk");
        assert_eq!(label("onboarding"), "Onboarding");
    }

    #[test]
    fn messages_show_cells_short_and_clean() {
        assert_eq!(quoted("12.5O"), "\"12.5O\"");
        assert_eq!(quoted("a\u{1b}[2Jb"), "\"a[2Jb…\"");
    }
}
