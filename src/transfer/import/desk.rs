//! The desk at which rows are taken: reads cells into values, finds customers and contacts, and keeps what the file has had.

use std::collections::HashMap;

use super::mapping::{Mapping, Place};
use super::reader::{Next, Row, Table};
use super::report::{CONFLICTS, Conflict, FileReport, Found};
use super::seen::{Seen, Sight};
use super::source::Source;
use super::values::{self, DateCell, NumberFault};
use crate::domain::config::Config;
use crate::domain::money::Currency;
use crate::domain::profile::{Calendar, DateOrder, Decimal, Dialect};
use crate::domain::stage::{Stage, StageClass, StageNo};
use crate::domain::time::{Day, Moment, Stamp, Zone};
use crate::error::{Error, Result};
use crate::sentence::Sentence;
use crate::store::load::{EventRow, Loader, Outcome};
use crate::text::with_article;

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
    /// It is not for the book.
    Passed,
}

impl Fate {
    /// The fate of a row that did two things: the one that changed most.
    pub(super) fn and(self, other: Fate) -> Fate {
        match (self, other) {
            (Fate::Made, _) => Fate::Made,
            (_, Fate::Made | Fate::Changed) | (Fate::Changed, _) => Fate::Changed,
            (Fate::Kept, _) | (_, Fate::Kept) => Fate::Kept,
            (Fate::Passed, other) => other,
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
    if clean.len() < text.len() {
        format!("\"{clean}…\"")
    } else {
        format!("\"{clean}\"")
    }
}

/// A file that the desk turns to.
pub(super) struct Turn {
    /// Which column is which field.
    pub map: Mapping,
    /// Its report, as far as it is known.
    pub report: FileReport,
    /// Where its rows come from.
    pub source: Source,
    /// How it is written.
    pub dialect: Dialect,
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
    source: Source,
    dialect: Dialect,
    zone: Option<Zone>,
    seen: Seen,
    orders: HashMap<usize, Option<DateOrder>>,
    marks: HashMap<usize, Option<Decimal>>,
}

impl<'l> Desk<'l> {
    pub(super) fn new(loader: Loader<'l>, config: Config, now: Moment, file: Turn) -> Desk<'l> {
        Desk {
            loader,
            config,
            now,
            stages_added: Vec::new(),
            attributes_added: Vec::new(),
            last: (String::new(), 0),
            midnights: Vec::new(),
            stage_names: Vec::new(),
            zone: file.dialect.zone.as_deref().and_then(Zone::named),
            map: file.map,
            file: file.report,
            source: file.source,
            dialect: file.dialect,
            seen: Seen::new(),
            orders: HashMap::new(),
            marks: HashMap::new(),
        }
    }

    /// Turns to the next file.
    pub(super) fn turn_to(&mut self, file: Turn) {
        self.zone = file.dialect.zone.as_deref().and_then(Zone::named);
        (self.map, self.file, self.source, self.dialect) =
            (file.map, file.report, file.source, file.dialect);
        self.last = (String::new(), 0);
        self.seen = Seen::new();
        self.orders.clear();
        self.marks.clear();
    }

    /// The table of the file, opened anew.
    pub(super) fn table(&self) -> Result<Table> {
        Table::open(&self.source)
    }

    /// The number of the customer that a row names: by what stands at `place`, else by the name, else by the e-mail address beside it.
    /// Its key in the file: what the row names it by.
    pub(super) fn customer_of<'r>(&mut self, row: Row<'r>, place: Place) -> Taken<(&'r str, i64)> {
        let key = row.get(place);
        if !key.is_empty() && key == self.last.0 {
            return Ok((key, self.last.1));
        }
        let mut named = key;
        if !key.is_empty()
            && let Some(number) = self.customer(key)?
        {
            self.last.0.clear();
            self.last.0.push_str(key);
            self.last.1 = number;
            return Ok((key, number));
        }
        for code in ["customer_name", "customer_email"] {
            let text = row.get(self.map.place(code));
            if text.is_empty() {
                continue;
            }
            if let Some(number) = self.customer(text)? {
                return Ok((if key.is_empty() { text } else { key }, number));
            }
            if named.is_empty() {
                named = text;
            }
        }
        if named.is_empty() {
            return refuse("empty customer", say!("desk.row_names_no_customer"));
        }
        refuse(
            "unknown customer",
            say!("desk.customer_not_book", named = quoted(named)),
        )
    }

    /// The number of the customer that a text names, by the first that fits: its key, its web address, an e-mail address, its name.
    pub(super) fn customer(&mut self, text: &str) -> Result<Option<i64>> {
        if let Some(number) = self.loader.customer(text)? {
            return Ok(Some(number));
        }
        if let Some((_, host)) = text.split_once('@') {
            return match self.loader.contact_by_email(text)? {
                Some((_, customer)) => Ok(Some(customer)),
                None => self.loader.customer_by_domain(host),
            };
        }
        if text.contains('.')
            && let Some(number) = self.loader.customer_by_domain(text)?
        {
            return Ok(Some(number));
        }
        self.loader.customer_by_name(&crate::text::fold(text))
    }

    /// The number of the contact that a row names, if it says anything of one; one that the book lacks is noted, and the row is taken
    /// without it.
    pub(super) fn contact(&mut self, row: Row<'_>, place: Place) -> Taken<Option<Option<i64>>> {
        let Some(key) = row.said(place) else {
            return Ok(None);
        };
        if key.is_empty() {
            return Ok(Some(None));
        }
        let mut found = self.loader.contact(key)?;
        if found.is_none() && key.contains('@') {
            found = self
                .loader
                .contact_by_email(key)?
                .map(|(contact, _)| contact);
        }
        if found.is_none() {
            self.file.note(&say!("desk.contact_not_book_taken"));
        }
        Ok(found.map(Some))
    }

    /// `Some(Merged)` when an earlier row of the file has the key and says the same; a refusal when it says something else.
    pub(super) fn repeated(&self, key: &str, content: &[u8]) -> Taken<Option<Fate>> {
        match self.seen.look(key, content) {
            Sight::New => Ok(None),
            Sight::Again(_) => Ok(Some(Fate::Merged)),
            Sight::Other(line) => refuse(
                "key repeated with other values",
                say!(
                    "desk.stands_line_already_with",
                    key = quoted(key),
                    line = line
                ),
            ),
        }
    }

    /// Tells of the fields in which the row just put and a person's edits disagreed, and of what it says otherwise than the book that
    /// cannot be written a second time.
    pub(super) fn note_conflicts(&mut self, line: u64, name: &str) {
        for (table, column) in self.loader.take_fixed() {
            self.file.note(&say!(
                "desk.another_one_book_stays",
                column = column,
                table = table
            ));
        }
        for (difference, won) in self.loader.take_differences() {
            if self.file.conflicts.len() < CONFLICTS {
                self.file.conflicts.push(Conflict {
                    line,
                    name: name.to_owned(),
                    difference,
                    won,
                });
            }
        }
    }

    /// The moment at which the other side says that it last changed the row.
    pub(super) fn note_updated(&mut self, row: Row<'_>) {
        let place = self.map.place("updated");
        if place.there() {
            let at = self.moment(row, place).ok().flatten().map(|(at, _)| at);
            self.loader.say_changed(at);
        }
    }

    /// Remembers the key of a row that was taken.
    pub(super) fn remember(&mut self, key: &str, content: &[u8], line: u64) {
        self.seen.keep(key, content, line);
    }

    /// Puts the event of a row and remembers its key.
    pub(super) fn put_event(&mut self, event: &EventRow<'_>, row: Row<'_>) -> Taken<Fate> {
        let fate = Fate::from(self.loader.put_event(event)?);
        self.note_conflicts(row.line, event.text.unwrap_or(event.reference));
        self.remember(event.reference, row.content(), row.line);
        Ok(fate)
    }

    /// The date in a cell; `None` when it is empty.
    pub(super) fn date(&mut self, row: Row<'_>, place: Place) -> Taken<Option<Day>> {
        let text = row.get(place);
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(at) = values::epoch(text) {
            return Ok(Some(self.config.zone.day(at)));
        }
        let text = &*values::plain(text);
        // A date column may carry a time; its own civil date is what counts.
        let (front, _) = values::split_moment(text);
        self.day_in(front, text, place).map(Some)
    }

    /// The date in a cell that says when something ended. One that no calendar of ours reaches, such as 9999-12-31, is how systems say
    /// that it has no end.
    pub(super) fn last_day(&mut self, row: Row<'_>, place: Place) -> Taken<Option<Day>> {
        if self.is_never(row, place) {
            Ok(None)
        } else {
            self.date(row, place)
        }
    }

    /// The moment in such a cell.
    pub(super) fn end(&mut self, row: Row<'_>, place: Place) -> Taken<Option<(Stamp, Day)>> {
        if self.is_never(row, place) {
            Ok(None)
        } else {
            self.moment(row, place)
        }
    }

    fn is_never(&mut self, row: Row<'_>, place: Place) -> bool {
        let never = values::is_never(row.get(place));
        if never {
            let text = say!(
                "desk.read_as_no_end",
                place = self.map.header(place),
                place_2 = quoted(row.get(place))
            );
            self.file.note(&text);
        }
        never
    }

    /// The currency in a cell; the book's where it is empty.
    pub(super) fn currency(&self, row: Row<'_>, place: Place) -> Taken<Currency> {
        match row.get(place) {
            "" => Ok(self.config.currency),
            text => match Currency::named(text) {
                Some(currency) => Ok(currency),
                None => refuse(
                    "unknown currency",
                    say!("desk.currency_not_code_such", text = quoted(text)),
                ),
            },
        }
    }

    /// The date in a cell that must have one.
    pub(super) fn must_date(&mut self, row: Row<'_>, place: Place) -> Taken<Day> {
        match self.date(row, place)? {
            Some(day) => Ok(day),
            None => refuse("empty date", format!("{} is empty", self.map.header(place))),
        }
    }

    fn day_in(&mut self, text: &str, whole: &str, place: Place) -> Taken<Day> {
        let calendar = self.dialect.calendar.unwrap_or(Calendar::Gregorian);
        match values::date(text, calendar) {
            DateCell::Day(day) => Ok(day),
            DateCell::Impossible => {
                let more = if calendar == Calendar::Gregorian && values::is_jalali(text) {
                    say!("desk.jalali_one_calendar_jalali")
                } else {
                    Sentence::default()
                };
                refuse(
                    "impossible date",
                    say!(
                        "desk.no_date_calendar",
                        place = self.map.header(place),
                        whole = quoted(whole),
                        more = more
                    ),
                )
            }
            DateCell::Not => refuse(
                "not a date",
                say!(
                    "desk.not_date_such_as",
                    place = self.map.header(place),
                    whole = quoted(whole)
                ),
            ),
            DateCell::Either {
                first,
                second,
                year,
            } => {
                let found = match self.order(place)? {
                    Some(DateOrder::Day) => values::day_of(calendar, year, second, first),
                    Some(DateOrder::Month) => values::day_of(calendar, year, first, second),
                    None => {
                        let detail = say!(
                            "desk.which_day_which_month",
                            place = self.map.header(place),
                            whole = quoted(whole)
                        );
                        return refuse("ambiguous date", detail);
                    }
                };
                found.map_or_else(
                    || {
                        refuse(
                            "impossible date",
                            say!("desk.no_date_calendar_2", whole = quoted(whole)),
                        )
                    },
                    Ok,
                )
            }
        }
    }

    /// The order that was named, or that a column of dates with slashes proves by its other values. Reads the file once more, and
    /// only when a date needs it.
    fn order(&mut self, place: Place) -> Taken<Option<DateOrder>> {
        if self.dialect.dates.is_some() {
            return Ok(self.dialect.dates);
        }
        if let Some(known) = self.orders.get(&place.index) {
            return Ok(*known);
        }
        let header = self.map.header(place).to_owned();
        let (day, month) = self.proofs(place, |cell| match values::proves(cell) {
            Some(DateOrder::Day) => Some(true),
            Some(DateOrder::Month) => Some(false),
            None => None,
        })?;
        let (order, is, why) = match (day, month) {
            (Some(cell), None) => (
                Some(DateOrder::Day),
                "day first",
                say!("desk.can_only_read_so", cell = cell),
            ),
            (None, Some(cell)) => (
                Some(DateOrder::Month),
                "month first",
                say!("desk.can_only_read_so", cell = cell),
            ),
            (Some(a), Some(b)) => (
                None,
                "unknown",
                say!("desk.contradict_each_other", a = a, b = b),
            ),
            (None, None) => (
                None,
                "unknown",
                say!("desk.no_value_column_proves").to_owned(),
            ),
        };
        self.file
            .find(Found::new(&format!("dates of {header}"), is, why));
        self.orders.insert(place.index, order);
        Ok(order)
    }

    /// The first cell of a column that proves the one thing, and the first that proves the other.
    fn proofs(
        &self,
        place: Place,
        proves: impl Fn(&str) -> Option<bool>,
    ) -> Result<(Option<String>, Option<String>)> {
        let mut table = self.table()?;
        let mut found = (None, None);
        loop {
            match table.next()? {
                Next::Row(row) => match proves(row.get(place)) {
                    Some(true) if found.0.is_none() => found.0 = Some(quoted(row.get(place))),
                    Some(false) if found.1.is_none() => found.1 = Some(quoted(row.get(place))),
                    _ => {}
                },
                Next::Bad(..) => {}
                Next::End => return Ok(found),
            }
        }
    }

    /// What stands before decimals in a column, where it was named or the format says it, or other values prove it. Reads the file
    /// once more, and only for an amount such as `1.234`.
    pub(super) fn mark(&mut self, place: Place) -> Result<Option<Decimal>> {
        if let Some(mark) = self.decimal() {
            return Ok(Some(mark));
        }
        if let Some(known) = self.marks.get(&place.index) {
            return Ok(*known);
        }
        let header = self.map.header(place).to_owned();
        let (comma, point) = self.proofs(place, |cell| {
            values::proves_mark(cell).map(|mark| mark == Decimal::Comma)
        })?;
        let (mark, is, why) = match (comma, point) {
            (Some(cell), None) => (
                Some(Decimal::Comma),
                "comma",
                say!("desk.can_only_read_so", cell = cell),
            ),
            (None, Some(cell)) => (
                Some(Decimal::Point),
                "point",
                say!("desk.can_only_read_so", cell = cell),
            ),
            (Some(a), Some(b)) => (
                None,
                "as each says",
                say!("desk.contradict_each_other", a = a, b = b),
            ),
            (None, None) => (
                None,
                "point",
                say!("desk.no_value_column_proves_another").to_owned(),
            ),
        };
        self.file.find(Found::new(
            &say!("desk.decimal_mark", header = header),
            is,
            why,
        ));
        self.marks.insert(place.index, mark);
        Ok(mark)
    }

    /// What stands before decimals where it was named or the format says it.
    pub(super) fn decimal(&self) -> Option<Decimal> {
        self.source.decimal.or(self.dialect.decimal)
    }

    /// The zone of times without an offset in a column: named, or said by the header, or the book's.
    fn zone(&mut self, place: Place) -> Zone {
        let header = self.map.header(place);
        let utc = header.ends_with("(UTC)") || header.to_ascii_lowercase().ends_with("_utc");
        let (zone, why) = match self.zone {
            Some(zone) => (zone, say!("any.as_named")),
            None if utc => (Zone(chrono_tz::UTC), say!("desk.header_says_so")),
            None => (self.config.zone, say!("desk.book_s_times_name")),
        };
        let what = format!("zone of {header}");
        self.file.find(Found::new(&what, zone.0.name(), why));
        zone
    }

    /// The moment in a cell with its own civil date; `None` when it is empty. A date alone is its midnight in the book's zone.
    pub(super) fn moment(&mut self, row: Row<'_>, place: Place) -> Taken<Option<(Stamp, Day)>> {
        let text = row.get(place);
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(at) = values::epoch(text) {
            return Ok(Some((at, self.config.zone.day(at))));
        }
        let text = &*values::plain(text);
        let (front, time) = values::split_moment(text);
        let day = self.day_in(front, text, place)?;
        if time.is_empty() {
            return Ok(Some((self.midnight(day), day)));
        }
        let Some(clock) = values::clock(time) else {
            return refuse(
                "not a time",
                say!(
                    "desk.no_time_such_as",
                    place = self.map.header(place),
                    text = quoted(text)
                ),
            );
        };
        let zone = if clock.has_offset() {
            self.config.zone
        } else {
            self.floating(place)
        };
        Ok(Some((clock.on(day, zone), day)))
    }

    /// The moment in a cell that must have one.
    pub(super) fn must_moment(&mut self, row: Row<'_>, place: Place) -> Taken<(Stamp, Day)> {
        match self.moment(row, place)? {
            Some(moment) => Ok(moment),
            None => refuse("empty date", format!("{} is empty", self.map.header(place))),
        }
    }

    fn floating(&mut self, place: Place) -> Zone {
        let zone = self.zone(place);
        let text = say!("desk.time_without_offset_read", zone = zone.0.name());
        self.file.note(&text);
        zone
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

    /// The amount in a cell in minor units of the book's currency; `None` when it is empty.
    pub(super) fn amount(&mut self, row: Row<'_>, place: Place) -> Taken<Option<i64>> {
        self.amount_in(row, place, self.config.currency)
    }

    /// The amount in a cell that must have one, not below 0.
    pub(super) fn must_amount(&mut self, row: Row<'_>, place: Place) -> Taken<i64> {
        let amount = self.amount(row, place)?;
        self.not_below(row, place, amount)
    }

    /// An amount that was read, which must be there and not below 0.
    pub(super) fn not_below(&self, row: Row<'_>, place: Place, amount: Option<i64>) -> Taken<i64> {
        match amount {
            Some(n) if n < 0 => refuse(
                "negative amount",
                format!(
                    "{} {} is below 0",
                    self.map.header(place),
                    quoted(row.get(place))
                ),
            ),
            Some(n) => Ok(n),
            None => refuse(
                "empty amount",
                format!("{} is empty", self.map.header(place)),
            ),
        }
    }

    /// The whole number in a cell; `None` when it is empty.
    pub(super) fn whole(&mut self, row: Row<'_>, place: Place) -> Taken<Option<i64>> {
        let text = row.get(place);
        if text.is_empty() {
            return Ok(None);
        }
        let mark = if values::is_either(text) {
            self.mark(place)?
        } else {
            None
        };
        values::whole(text, mark)
            .map(Some)
            .or_else(|fault| self.number_fault(fault, text, place, "whole number"))
    }

    /// The whole number in a cell within bounds; `None` when it is empty.
    pub(super) fn within(
        &mut self,
        row: Row<'_>,
        place: Place,
        low: i64,
        high: i64,
    ) -> Taken<Option<i64>> {
        match self.whole(row, place)? {
            Some(n) if !(low..=high).contains(&n) => refuse(
                "number out of range",
                say!(
                    "desk.not",
                    place = self.map.header(place),
                    n = n,
                    low = low,
                    high = high
                ),
            ),
            other => Ok(other),
        }
    }

    pub(super) fn number_fault<T>(
        &self,
        fault: NumberFault,
        text: &str,
        place: Place,
        what: &str,
    ) -> Taken<T> {
        let (header, text) = (self.map.header(place), quoted(text));
        match fault {
            NumberFault::Not => refuse(
                "not a number",
                format!("{header} {text} is not {}", with_article(what)),
            ),
            NumberFault::TooLarge => refuse(
                "number too large",
                say!("desk.does_not_fit_64", header = header, text = text),
            ),
            NumberFault::TooFine => refuse(
                "too many decimals",
                say!(
                    "desk.more_decimals_than",
                    header = header,
                    text = text,
                    currency = self.config.currency.code()
                ),
            ),
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
            return refuse(
                "unknown stage",
                say!("desk.names_no_stage", name = quoted(name)),
            );
        }
        if let Some(no) = self.config.stages.find(&code) {
            return Ok(no);
        }
        if self.config.stages.stage.len() >= 250 {
            return refuse(
                "unknown stage",
                say!("desk.stage_not_book_which", name = quoted(name)),
            );
        }
        let lost = ["churned", "churn", "lost", "closed", "cancelled"].contains(&code.as_str());
        let class = if lost {
            StageClass::Lost
        } else {
            StageClass::Customer
        };
        let stages = &mut self.config.stages.stage;
        let first_lost = stages
            .iter()
            .position(|s| s.class == StageClass::Lost)
            .unwrap_or(stages.len());
        let at = if lost { stages.len() } else { first_lost };
        stages.insert(
            at,
            Stage {
                label: label(name),
                class,
                ..blank(&code)
            },
        );
        // Places behind it have moved.
        self.stage_names.clear();
        let text = toml::to_string(&self.config.stages)
            .map_err(|e| Error::failed(say!("desk.stages_could_not_written")).because(e))?;
        self.loader.set_config("stages", &text)?;
        self.stages_added.push(code);
        u8::try_from(at)
            .map(StageNo)
            .map_err(|_| Refused::Row("unknown stage", quoted(name)))
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
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
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
