//! What a customer pays: subscription versions, their events, invoices and orders.

use std::fmt::Write;

use super::Telling;
use super::course::Course;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::money::Currency;
use crate::domain::revenue::{self, Interval, Version};
use crate::transfer::demo::plot::{Kind, Trouble};
use crate::transfer::demo::speech::Topic;
use crate::transfer::demo::story::{Task, When};

/// Days of a term.
const YEAR: i32 = 365;

/// Days before the renewal at which its plan was made: early enough that health did not change for it lately.
const PLANNED: i32 = 130;

/// What is agreed at a time.
#[derive(Clone, Copy)]
struct Deal {
    seats: u32,
    /// Price of a seat and interval, minor units.
    price: i64,
    yearly: bool,
    /// Hundredths of a per cent.
    discount: u32,
}

impl Telling<'_> {
    /// Writes subscriptions, invoices and orders.
    pub(super) fn sell(&mut self, course: &Course) {
        let deal = self.deal();
        let Some(bought) = course.bought else { return };
        self.term(deal, bought, course.left, 1);
        if let (Some(left), Some(back)) = (course.left, course.back) {
            let lost = self
                .story
                .versions
                .last()
                .and_then(revenue::mrr)
                .unwrap_or(0);
            self.lost(left, lost, course.why, Some(back));
            let seats = (deal.seats * 7 / 10).max(1);
            self.term(Deal { seats, ..deal }, back, None, 2);
        } else if let Some(left) = course.left {
            let lost = self
                .story
                .versions
                .last()
                .and_then(revenue::mrr)
                .unwrap_or(0);
            self.lost(left, lost, course.why, None);
        }
        self.orders(course, bought);
    }

    fn deal(&mut self) -> Deal {
        let arr = (26_000.0 * self.dice.log_normal(1.15)).clamp(3_200.0, 880_000.0);
        self.story.segment = match arr {
            a if a < 15_000.0 => "SMB",
            a if a < 90_000.0 => "Mid-market",
            _ => "Enterprise",
        };
        let monthly = i64::from(self.dice.within(9, 99)) * 100;
        // A whole number of seats that comes close to the sum, at least one.
        let seats = ((arr * 100.0 / 12.0) as i64 / monthly).max(1) as u32;
        let yearly = self.dice.chance(620);
        let discount = if self.dice.chance(350) {
            self.dice.within(1, 5) as u32 * 500
        } else {
            0
        };
        Deal {
            seats,
            price: if yearly { monthly * 12 } else { monthly },
            yearly,
            discount,
        }
    }

    /// One subscription from `start` until `stop`, or on into the future.
    fn term(&mut self, mut deal: Deal, start: i32, stop: Option<i32>, number: u32) {
        let last = stop.unwrap_or(0);
        let mut from = start;
        let mut what = "New";
        let mut change = self.next_change(start);
        loop {
            let mut term_end = start + YEAR;
            while term_end <= from {
                term_end += YEAR;
            }
            // The version lasts until the seats change, the term ends, or they leave.
            let until = if deal.yearly {
                change.0.min(term_end)
            } else {
                change.0
            };
            let end = match stop {
                Some(stop) if until >= stop => Some(stop),
                _ if until < 0 => Some(until),
                _ => deal.yearly.then_some(term_end),
            };
            self.version(&deal, from, end, number, what);
            if from == start || (deal.yearly && what == "Renewed") {
                self.yearly_invoice(&deal, from, last);
            }
            if end.is_none_or(|e| e >= last.min(0)) {
                break;
            }
            if until == change.0 {
                deal.seats = (deal.seats * change.1 / 100).max(1);
                what = if change.1 > 100 {
                    "Expanded"
                } else {
                    "Contracted"
                };
                change = self.next_change(until);
            } else {
                what = "Renewed";
            }
            from = until;
        }
        if !deal.yearly {
            self.monthly_invoices(&deal, start, last);
        }
        if stop.is_none() && self.trouble.has(Trouble::PAST_DUE) {
            let due = -self.dice.within(6, 40);
            let value = self.value(&deal, 1);
            self.invoice((due - 30).max(start), due, None, value);
        }
        self.plan(start, stop);
    }

    /// The day of the next change of seats and the seats after it, per cent of those before. Far ahead: none.
    fn next_change(&mut self, after: i32) -> (i32, u32) {
        let (chance, low, high) = match self.kind {
            Kind::Growing => (850, 112, 150),
            Kind::Advocate => (500, 105, 130),
            Kind::AtRisk | Kind::Churned => (450, 60, 90),
            Kind::Recovering | Kind::Detractor => (300, 75, 95),
            _ if self.dice.chance(350) => (250, 75, 95),
            _ => (250, 105, 125),
        };
        let day = after + self.dice.within(60, 240);
        // The last weeks stay as they are: a change just before today would hide what the story is about.
        if self.dice.chance(chance) && day < -15 {
            (day, self.dice.within(low, high) as u32)
        } else {
            (i32::MAX, 100)
        }
    }

    fn version(
        &mut self,
        deal: &Deal,
        from: i32,
        end: Option<i32>,
        number: u32,
        what: &'static str,
    ) {
        let nth = self.story.versions.len() + 1;
        let today = self.author.today;
        let version = Version {
            id: Id::default(),
            customer: Id::default(),
            external: format!("V{:07}-{nth}", self.index + 1),
            subscription: format!("S{:07}-{number}", self.index + 1),
            start: today.plus(i64::from(from)),
            end: end.map(|e| today.plus(i64::from(e))),
            amount: deal.price,
            currency: Currency::default(),
            interval: if deal.yearly {
                Interval::Year
            } else {
                Interval::Month
            },
            count: 1,
            quantity: deal.seats,
            discount: deal.discount,
            status: "active".to_owned(),
        };
        let mrr = revenue::mrr(&version);
        self.story.versions.push(version);
        let (seats, paid) = (deal.seats, if deal.yearly { "yearly" } else { "monthly" });
        let text = self.say(|_, out| write!(out, "{what}: {seats} seats, paid {paid}"));
        self.story.add(
            EventKind::Subscription,
            When {
                day: from,
                minute: 8 * 60,
            },
            mrr,
            text,
            Default::default(),
        );
    }

    fn lost(&mut self, day: i32, mrr: i64, why: &'static str, back: Option<i32>) {
        let today = self.author.today;
        let more = self.say(|_, out| {
            write!(out, r#"{{"code":"{why}""#)?;
            if let Some(back) = back {
                write!(out, r#","returned":"{}""#, today.plus(i64::from(back)))?;
            }
            out.push('}');
            Ok(())
        });
        let text = self.note(Topic::Goodbye, 0);
        self.story.add(
            EventKind::Churn,
            When {
                day,
                minute: 8 * 60 + 5,
            },
            Some(mrr),
            text,
            more,
        );
        let text = self.say(|_, out| write!(out, "Ended"));
        self.story.add(
            EventKind::Subscription,
            When {
                day,
                minute: 8 * 60,
            },
            Some(0),
            text,
            Default::default(),
        );
    }

    /// A plan for a renewal that is near, but where the trouble is that there is none.
    fn plan(&mut self, start: i32, stop: Option<i32>) {
        let renews = (1..)
            .map(|n| start + n * YEAR)
            .find(|r| *r >= 0)
            .unwrap_or(YEAR);
        if stop.is_some() || renews > 95 || self.trouble.has(Trouble::RENEWAL) {
            return;
        }
        let made = self.during(renews - PLANNED);
        let title = self.dice.pick(&[
            "Prepare the renewal",
            "Renewal plan and quote",
            "Agree on the renewal terms",
            "Renewal review with the sponsor",
        ]);
        let due = self.dice.within(1, renews.max(2));
        self.story.tasks.push(Task {
            title,
            due,
            priority: 1,
            kind: "renewal",
            made,
            done: None,
        });
    }

    fn yearly_invoice(&mut self, deal: &Deal, day: i32, last: i32) {
        if deal.yearly && day < last && !(self.author.sparse() && self.dice.chance(500)) {
            let paid = day + self.dice.within(4, 28);
            let value = self.value(deal, 1);
            self.invoice(day, day + 30, Some(paid), value);
        }
    }

    fn monthly_invoices(&mut self, deal: &Deal, start: i32, last: i32) {
        let months = (last - start) / 30;
        let count = self.share(10).min(months);
        let value = self.value(deal, 1);
        for month in (months - count)..months {
            let day = start + month * 30;
            let paid = day + self.dice.within(2, 13);
            self.invoice(day, day + 14, Some(paid), value);
        }
    }

    fn value(&self, deal: &Deal, intervals: i64) -> i64 {
        let full = deal.price * i64::from(deal.seats) * intervals;
        full - full * i64::from(deal.discount) / 10_000
    }

    fn invoice(&mut self, day: i32, due: i32, paid: Option<i32>, value: i64) {
        let today = self.author.today;
        // What would be paid tomorrow is open today.
        let paid = paid.filter(|p| *p < 0);
        let status = match paid {
            Some(_) => "paid",
            None if due < 0 => "overdue",
            None => "open",
        };
        let more = self.say(|_, out| {
            write!(out, r#"{{"due":"{}""#, today.plus(i64::from(due)))?;
            if let Some(paid) = paid {
                write!(out, r#","paid":"{}""#, today.plus(i64::from(paid)))?;
            }
            write!(out, r#","status":"{status}"}}"#)
        });
        let when = When {
            day,
            minute: 6 * 60,
        };
        self.story
            .add(
                EventKind::Invoice,
                when,
                Some(value),
                Default::default(),
                more,
            )
            .channel = status;
    }

    /// One-off orders: services, hardware, workshops.
    fn orders(&mut self, course: &Course, bought: i32) {
        if !self.dice.chance(300) {
            return;
        }
        for _ in 0..self.share(3) {
            let day = self.dice.within(bought, -1);
            if !course.buying(day) {
                continue;
            }
            let value = i64::from(self.dice.within(20, 900)) * 1000;
            let discount = if self.dice.chance(300) { value / 10 } else { 0 };
            let status = if self.dice.chance(950) {
                "paid"
            } else {
                "refunded"
            };
            let more =
                self.say(|_, out| write!(out, r#"{{"discount":{discount},"status":"{status}"}}"#));
            let what = self.dice.pick(&[
                "Workshop on site",
                "Extra storage",
                "Migration service",
                "Training day",
                "Printed guides",
            ]);
            let text = self.say(|_, out| write!(out, "{what}"));
            let when = self.during(day);
            self.story
                .add(EventKind::Order, when, Some(value - discount), text, more)
                .channel = status;
        }
    }
}
