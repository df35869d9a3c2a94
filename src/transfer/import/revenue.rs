//! Taking subscription versions, orders and invoices.

use super::activity::{add, close, json, reference};
use super::desk::{Desk, Fate, Intake, Taken, quoted, refuse};
use super::mapping::Place;
use super::reader::Row;
use super::values;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::money::Currency;
use crate::domain::revenue::{Interval, Version};
use crate::store::load::EventRow;

/// A version with nothing in it, to be filled row by row.
pub(super) fn blank_version(currency: Currency, start: crate::domain::time::Day) -> Version {
    Version {
        id: Id::default(),
        customer: Id::default(),
        external: String::new(),
        subscription: String::new(),
        start,
        end: None,
        amount: 0,
        currency,
        interval: Interval::Month,
        count: 1,
        quantity: 1,
        discount: 0,
        status: String::new(),
    }
}

/// Subscription versions.
pub(super) struct Versions {
    key: Place,
    subscription: Place,
    customer: Place,
    start: Place,
    end: Place,
    amount: Place,
    currency: Place,
    interval: Place,
    count: Place,
    quantity: Place,
    discount: Place,
    status: Place,
    version: Version,
}

impl Versions {
    pub(super) fn new(desk: &Desk<'_>) -> Versions {
        let place = |code| desk.map.place(code);
        Versions {
            key: place("key"),
            subscription: place("subscription"),
            customer: place("customer"),
            start: place("start"),
            end: place("end"),
            amount: place("amount"),
            currency: place("currency"),
            interval: place("interval"),
            count: place("count"),
            quantity: place("quantity"),
            discount: place("discount"),
            status: place("status"),
            version: blank_version(desk.config.currency, desk.now.today),
        }
    }

    /// Reads the terms of a row into `self.version`.
    fn read(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken<()> {
        let v = &mut self.version;
        v.start = desk.must_date(row, self.start)?;
        v.end = desk.date(row, self.end)?;
        if v.end.is_some_and(|end| end < v.start) {
            return refuse("end before start", format!("it ends on {} and starts on {}", row.get(self.end), row.get(self.start)));
        }
        v.amount = desk.must_amount(row, self.amount)?;
        let word = row.get(self.interval);
        let Some((interval, times)) = interval(word) else {
            return refuse("unknown interval", format!("interval {} is not day, week, month or year", quoted(word)));
        };
        v.interval = interval;
        let count = desk.within(row, self.count, 1, 10_000)?.unwrap_or(1);
        v.count = u32::try_from(count).unwrap_or(1) * times;
        let quantity = desk.within(row, self.quantity, 0, i64::from(u32::MAX))?.unwrap_or(1);
        v.quantity = u32::try_from(quantity).unwrap_or(1);
        v.discount = match row.get(self.discount) {
            "" => 0,
            text => match values::per_cent(text) {
                Some(hundredths) => hundredths,
                None => return refuse("not a per cent", format!("{} {} is not 0 to 100", desk.map.header(self.discount), quoted(text))),
            },
        };
        v.currency = match row.get(self.currency) {
            "" => desk.config.currency,
            text => match Currency::named(text) {
                Some(currency) => currency,
                None => return refuse("unknown currency", format!("currency {} is not a code such as EUR", quoted(text))),
            },
        };
        v.status.clear();
        v.status.push_str(match row.get(self.status) {
            "" => "active",
            status => status,
        });
        // More than 64 bits a month cannot be counted with; better said now than a figure missing later.
        if i128::from(v.amount) * i128::from(v.quantity.max(1)) > i128::from(i64::MAX / 400) {
            return refuse("number too large", "amount times quantity does not fit in 64 bits");
        }
        Ok(())
    }
}

/// How often a price is paid, and every how many of the interval.
fn interval(text: &str) -> Option<(Interval, u32)> {
    let is = |words: &[&str]| words.iter().any(|w| w.eq_ignore_ascii_case(text));
    if is(&["", "month", "months", "monthly", "mo", "m"]) {
        Some((Interval::Month, 1))
    } else if is(&["year", "years", "yearly", "annual", "annually", "yr", "y"]) {
        Some((Interval::Year, 1))
    } else if is(&["quarter", "quarters", "quarterly"]) {
        Some((Interval::Month, 3))
    } else if is(&["week", "weeks", "weekly"]) {
        Some((Interval::Week, 1))
    } else if is(&["day", "days", "daily"]) {
        Some((Interval::Day, 1))
    } else {
        None
    }
}

impl Intake for Versions {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        self.read(desk, row)?;
        let (customer, number) = desk.customer_of(row, self.customer)?;
        let subscription = match row.get(self.subscription) {
            "" => customer,
            named => named,
        };
        let mut external = std::mem::take(&mut self.version.external);
        reference(&mut external, desk, row, self.key, &[subscription, row.get(self.start)])?;
        self.version.external = external;
        self.version.subscription.clear();
        self.version.subscription.push_str(subscription);
        if let Some(fate) = desk.repeated(&self.version.external, row.content())? {
            return Ok(fate);
        }
        let fate = Fate::from(desk.loader.put_version(number, &self.version)?);
        desk.note_conflicts(row.line, &self.version.subscription);
        desk.remember(&self.version.external, row.content(), row.line);
        Ok(fate)
    }
}

/// Orders.
pub(super) struct Orders {
    key: Place,
    customer: Place,
    on: Place,
    amount: Place,
    discount: Place,
    status: Place,
    more: String,
}

impl Orders {
    pub(super) fn new(desk: &Desk<'_>) -> Orders {
        let place = |code| desk.map.place(code);
        Orders {
            key: place("key"),
            customer: place("customer"),
            on: place("on"),
            amount: place("amount"),
            discount: place("discount"),
            status: place("status"),
            more: String::new(),
        }
    }
}

impl Intake for Orders {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let (at, day) = desk.must_moment(row, self.on)?;
        let amount = desk.must_amount(row, self.amount)?;
        let discount = desk.amount(row, self.discount)?.unwrap_or(0);
        if discount < 0 {
            return refuse("negative amount", format!("{} {discount} is below 0", desk.map.header(self.discount)));
        }
        self.more.clear();
        if discount > 0 {
            add(&mut self.more, "discount", &discount);
        }
        let status = row.get(self.status);
        if !status.is_empty() {
            add(&mut self.more, "status", &json(status));
        }
        close(&mut self.more);
        let bill = Bill { kind: EventKind::Order, key: self.key, customer: self.customer, amount, status, more: &self.more, at, day };
        put_bill(desk, row, &bill)
    }
}

/// Invoices.
pub(super) struct Invoices {
    key: Place,
    customer: Place,
    subscription: Place,
    on: Place,
    due: Place,
    paid: Place,
    amount: Place,
    status: Place,
    more: String,
}

impl Invoices {
    pub(super) fn new(desk: &Desk<'_>) -> Invoices {
        let place = |code| desk.map.place(code);
        Invoices {
            key: place("key"),
            customer: place("customer"),
            subscription: place("subscription"),
            on: place("on"),
            due: place("due"),
            paid: place("paid"),
            amount: place("amount"),
            status: place("status"),
            more: String::new(),
        }
    }
}

impl Intake for Invoices {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let (at, day) = desk.must_moment(row, self.on)?;
        let amount = desk.must_amount(row, self.amount)?;
        self.more.clear();
        for (name, place) in [("due", self.due), ("paid", self.paid)] {
            if let Some(day) = desk.date(row, place)? {
                add(&mut self.more, name, &format_args!("\"{day}\""));
            }
        }
        let status = row.get(self.status);
        for (name, text) in [("status", status), ("subscription", row.get(self.subscription))] {
            if !text.is_empty() {
                add(&mut self.more, name, &json(text));
            }
        }
        close(&mut self.more);
        let bill = Bill { kind: EventKind::Invoice, key: self.key, customer: self.customer, amount, status, more: &self.more, at, day };
        put_bill(desk, row, &bill)
    }
}

/// What orders and invoices have in common.
struct Bill<'a> {
    kind: EventKind,
    key: Place,
    customer: Place,
    amount: i64,
    status: &'a str,
    more: &'a str,
    at: crate::domain::time::Stamp,
    day: crate::domain::time::Day,
}

fn put_bill(desk: &mut Desk<'_>, row: Row<'_>, bill: &Bill<'_>) -> Taken {
    let key = row.get(bill.key);
    if key.is_empty() {
        return refuse("empty key", format!("{} is empty", desk.map.header(bill.key)));
    }
    let customer = desk.customer_of(row, bill.customer)?.1;
    if let Some(fate) = desk.repeated(key, row.content())? {
        return Ok(fate);
    }
    let event = EventRow {
        kind: bill.kind,
        customer,
        contact: None,
        at: bill.at,
        day: Some(bill.day),
        channel: bill.status,
        direction: "",
        number: Some(bill.amount),
        text: "",
        reference: key,
        more: bill.more,
    };
    desk.put_event(&event, row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_as_files_say_them() {
        assert_eq!(interval("Monthly"), Some((Interval::Month, 1)));
        assert_eq!(interval("quarter"), Some((Interval::Month, 3)));
        assert_eq!(interval("annual"), Some((Interval::Year, 1)));
        assert_eq!(interval("fortnight"), None);
    }
}
