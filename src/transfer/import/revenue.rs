//! Taking subscription versions, orders and invoices.

use super::activity::{Rest, reference};
use super::desk::{Desk, Fate, Intake, Taken, quoted, refuse};
use super::mapping::Place;
use super::reader::Row;
use super::values;
use crate::domain::event::EventKind;
use crate::domain::money::Currency;
use crate::domain::revenue::Interval;
use crate::store::load::{EventRow, More, VersionRow};

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
    external: String,
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
            external: String::new(),
        }
    }

    /// The terms of a row, without whose they are.
    fn read<'r>(
        &self,
        desk: &mut Desk<'_>,
        row: Row<'r>,
        there: Option<Currency>,
    ) -> Taken<VersionRow<'r>> {
        let start = desk.must_date(row, self.start)?;
        let end = desk.last_day(row, self.end)?;
        let (amount, currency) = desk.price(row, self.amount, self.currency, there)?;
        let word = row.get(self.interval);
        let Some((interval, times)) = interval(word) else {
            return refuse(
                "unknown interval",
                say!("revenue.interval_not_day_week", word = quoted(word)),
            );
        };
        let count = desk.within(row, self.count, 1, 10_000)?.unwrap_or(1);
        let count = u32::try_from(count).unwrap_or(1) * times;
        let quantity = desk
            .within(row, self.quantity, 0, i64::from(u32::MAX))?
            .unwrap_or(1);
        let discount = match row.get(self.discount) {
            "" => 0,
            text => match values::per_cent(text) {
                Some(hundredths) => hundredths,
                None => {
                    return refuse(
                        "not a per cent",
                        say!(
                            "revenue.not_0_100",
                            discount = desk.map.header(self.discount),
                            text = quoted(text)
                        ),
                    );
                }
            },
        };
        let status = match row.get(self.status) {
            "" => "active",
            status => status,
        };
        Ok(VersionRow {
            external: "",
            customer: 0,
            subscription: None,
            called: "",
            start,
            end: row.says(self.end).then_some(end),
            amount,
            currency,
            interval: row.says(self.interval).then_some(interval),
            // A word such as "quarter" says both, so the next word does too.
            count: (row.says(self.count) || row.says(self.interval)).then_some(count),
            quantity: row
                .says(self.quantity)
                .then_some(u32::try_from(quantity).unwrap_or(1)),
            discount: row.says(self.discount).then_some(discount),
            status: row.says(self.status).then_some(status),
        })
    }
}

/// Refuses terms that cannot be: those of the row, with what the book has where the row says nothing.
fn check(desk: &mut Desk<'_>, terms: &VersionRow<'_>) -> Taken<()> {
    let there = desk.loader.version(terms.external)?;
    let version = terms.over(there.as_ref(), desk.config.currency);
    if version.end.is_some_and(|end| end < version.start) {
        let end = version.end.map(|end| end.to_string()).unwrap_or_default();
        let book = if terms.end.is_some() {
            ""
        } else {
            &say!("revenue.book")
        };
        return refuse(
            "end before start",
            say!(
                "revenue.ends_on_starts_on",
                end = end,
                book = book,
                start = version.start
            ),
        );
    }
    // More than 64 bits a month cannot be counted with; better said now than a figure missing later.
    if i128::from(version.amount) * i128::from(version.quantity.max(1)) > i128::from(i64::MAX / 400)
    {
        return refuse(
            "number too large",
            say!("revenue.amount_times_quantity_does"),
        );
    }
    Ok(())
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
        let (customer, number) = desk.customer_of(row, self.customer)?;
        let named = row.get(self.subscription);
        let subscription = if named.is_empty() { customer } else { named };
        reference(
            &mut self.external,
            desk,
            row,
            self.key,
            &[subscription, row.get(self.start)],
        )?;
        let there = desk.loader.version(&self.external)?;
        let terms = self.read(desk, row, there.map(|v| v.currency))?;
        let terms = VersionRow {
            external: &self.external,
            customer: number,
            subscription: row.says(self.subscription).then_some(subscription),
            called: subscription,
            ..terms
        };
        check(desk, &terms)?;
        if let Some(fate) = desk.repeated(&self.external, row.content())? {
            return Ok(fate);
        }
        let fate = Fate::from(desk.loader.put_version(&terms)?);
        desk.note_conflicts(row.line, subscription);
        desk.remember(&self.external, row.content(), row.line);
        Ok(fate)
    }
}

/// Orders.
pub(super) struct Orders {
    key: Place,
    customer: Place,
    on: Place,
    amount: Place,
    currency: Place,
    discount: Place,
    status: Place,
    more: Rest,
}

impl Orders {
    pub(super) fn new(desk: &Desk<'_>) -> Orders {
        let place = |code| desk.map.place(code);
        Orders {
            key: place("key"),
            customer: place("customer"),
            on: place("on"),
            amount: place("amount"),
            currency: place("currency"),
            discount: place("discount"),
            status: place("status"),
            more: Rest::default(),
        }
    }
}

impl Intake for Orders {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let (at, day) = desk.must_moment(row, self.on)?;
        desk.in_the_books(row, self.currency)?;
        let amount = desk.must_amount(row, self.amount)?;
        let discount = desk.amount(row, self.discount)?.unwrap_or(0);
        if discount < 0 {
            return refuse(
                "negative amount",
                format!("{} {discount} is below 0", desk.map.header(self.discount)),
            );
        }
        self.more.begin();
        let some = (discount > 0).then_some(&discount as &dyn std::fmt::Display);
        self.more.add("discount", row.says(self.discount), some);
        let status = row.said(self.status);
        self.more
            .text("status", status.is_some(), status.unwrap_or(""));
        let more = self.more.end();
        let bill = Bill {
            kind: EventKind::Order,
            key: self.key,
            customer: self.customer,
            amount,
            status,
            more,
            at,
            day,
        };
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
    currency: Place,
    status: Place,
    more: Rest,
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
            currency: place("currency"),
            status: place("status"),
            more: Rest::default(),
        }
    }
}

impl Intake for Invoices {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let (at, day) = desk.must_moment(row, self.on)?;
        desk.in_the_books(row, self.currency)?;
        let amount = desk.must_amount(row, self.amount)?;
        self.more.begin();
        for (name, place) in [("due", self.due), ("paid", self.paid)] {
            let day = if name == "paid" {
                desk.last_day(row, place)?
            } else {
                desk.date(row, place)?
            };
            self.more.day(name, row.says(place), day);
        }
        let status = row.said(self.status);
        for (name, text) in [
            ("status", status),
            ("subscription", row.said(self.subscription)),
        ] {
            self.more.text(name, text.is_some(), text.unwrap_or(""));
        }
        let more = self.more.end();
        let bill = Bill {
            kind: EventKind::Invoice,
            key: self.key,
            customer: self.customer,
            amount,
            status,
            more,
            at,
            day,
        };
        put_bill(desk, row, &bill)
    }
}

/// What orders and invoices have in common.
struct Bill<'a> {
    kind: EventKind,
    key: Place,
    customer: Place,
    amount: i64,
    status: Option<&'a str>,
    more: More<'a>,
    at: crate::domain::time::Stamp,
    day: crate::domain::time::Day,
}

fn put_bill(desk: &mut Desk<'_>, row: Row<'_>, bill: &Bill<'_>) -> Taken {
    let key = row.get(bill.key);
    if key.is_empty() {
        return refuse(
            "empty key",
            format!("{} is empty", desk.map.header(bill.key)),
        );
    }
    let customer = desk.customer_of(row, bill.customer)?.1;
    if let Some(fate) = desk.repeated(key, row.content())? {
        return Ok(fate);
    }
    let event = EventRow {
        day: Some(bill.day),
        channel: bill.status,
        number: Some(Some(bill.amount)),
        reference: key,
        more: bill.more,
        ..EventRow::new(bill.kind, customer, bill.at)
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
