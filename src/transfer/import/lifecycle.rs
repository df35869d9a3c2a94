//! Taking moves between stages, and departures.

use std::fmt::Write;

use super::activity::Rest;
use super::desk::{Desk, Intake, Taken, refuse};
use super::mapping::Place;
use super::reader::Row;
use crate::domain::event::EventKind;
use crate::domain::stage::CHURN_REASONS;
use crate::domain::time::Stamp;
use crate::store::load::EventRow;

/// Moves between stages. Their key is the customer, the moment and the place in the day's order.
pub(super) struct Moves {
    customer: Place,
    on: Place,
    seq: Place,
    from: Place,
    to: Place,
    text: Place,
    reference: String,
    more: Rest,
    code: String,
}

impl Moves {
    pub(super) fn new(desk: &Desk<'_>) -> Moves {
        let place = |code| desk.map.place(code);
        Moves {
            customer: place("customer"),
            on: place("on"),
            seq: place("seq"),
            from: place("from"),
            to: place("to"),
            text: place("text"),
            reference: String::new(),
            more: Rest::default(),
            code: String::new(),
        }
    }
}

impl Intake for Moves {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let (at, day) = desk.must_moment(row, self.on)?;
        let seq = desk.within(row, self.seq, 0, 80_000)?;
        let (customer, number) = desk.customer_of(row, self.customer)?;
        let (from, to) = (row.get(self.from), row.get(self.to));
        if to.is_empty() {
            return refuse(
                "empty stage",
                format!("{} is empty", desk.map.header(self.to)),
            );
        }
        self.reference.clear();
        let _ = match seq {
            Some(seq) => write!(self.reference, "{customer}/{day}/{seq}"),
            None => write!(self.reference, "{customer}/{}/{to}", row.get(self.on)),
        };
        if let Some(fate) = desk.repeated(&self.reference, row.content())? {
            return Ok(fate);
        }
        self.more.begin();
        // The stage before comes first: stages that the book lacks are added in the order of the moves.
        let no = if from.is_empty() {
            None
        } else {
            Some(desk.stage(from)?)
        };
        self.more.text(
            "from",
            row.says(self.from),
            no.map_or("", |no| desk.config.stages.code(no)),
        );
        let no = desk.stage(to)?;
        self.code.clear();
        self.code.push_str(desk.config.stages.code(no));
        self.more.text("to", true, &self.code);
        let event = EventRow {
            day: Some(day),
            channel: Some(&self.code),
            text: row.said(self.text),
            reference: &self.reference,
            more: self.more.end(),
            // Moves of one day stand a second apart, in their order.
            ..EventRow::new(
                EventKind::Stage,
                number,
                Stamp(at.0 + seq.unwrap_or(0) * 1000),
            )
        };
        desk.put_event(&event, row)
    }
}

/// Departures. Their key is the customer and the day.
pub(super) struct Departures {
    customer: Place,
    on: Place,
    lost: Place,
    reason: Place,
    returned: Place,
    text: Place,
    reference: String,
    more: Rest,
}

impl Departures {
    pub(super) fn new(desk: &Desk<'_>) -> Departures {
        let place = |code| desk.map.place(code);
        Departures {
            customer: place("customer"),
            on: place("on"),
            lost: place("lost"),
            reason: place("reason"),
            returned: place("returned"),
            text: place("text"),
            reference: String::new(),
            more: Rest::default(),
        }
    }
}

/// The code of a reason for leaving as files word it; `None` when it is none that is known.
fn reason(text: &str) -> Option<&'static str> {
    let word = super::kind::header_code(text);
    if let Some(code) = CHURN_REASONS.iter().find(|c| **c == word) {
        return Some(code);
    }
    match word.as_str() {
        "pricing" | "too_expensive" | "cost" | "budget" => Some("price"),
        "product_gap" | "feature_gap" | "missing_features" | "features" | "product" => {
            Some("missing_feature")
        }
        "service" | "bad_support" | "poor_support" => Some("support"),
        "bugs" | "outages" | "reliability" | "poor_quality" => Some("quality"),
        "competition" | "switched" | "went_to_competitor" => Some("competitor"),
        "champion_left"
        | "went_out_of_business"
        | "out_of_business"
        | "bankrupt"
        | "bankruptcy"
        | "acquired"
        | "merger"
        | "reorganisation"
        | "reorganization" => Some("company_change"),
        "not_needed" | "no_need" | "project_ended" => Some("no_longer_needed"),
        "onboarding" | "no_adoption" | "never_used" | "not_used" => Some("never_onboarded"),
        "failed_payment" | "non_payment" | "nonpayment" | "unpaid" => Some("payment"),
        "unknown" | "none" | "n_a" | "" => Some("other"),
        _ => None,
    }
}

impl Intake for Departures {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let (at, day) = desk.must_moment(row, self.on)?;
        let lost = desk.amount(row, self.lost)?;
        if lost.is_some_and(|n| n < 0) {
            return refuse(
                "negative amount",
                format!("{} is below 0", desk.map.header(self.lost)),
            );
        }
        let returned = desk.last_day(row, self.returned)?;
        if returned.is_some_and(|r| r < day) {
            return refuse(
                "end before start",
                say!("lifecycle.they_returned_before_they"),
            );
        }
        let (customer, number) = desk.customer_of(row, self.customer)?;
        self.reference.clear();
        let _ = write!(self.reference, "{customer}/{day}");
        if let Some(fate) = desk.repeated(&self.reference, row.content())? {
            return Ok(fate);
        }
        let word = row.get(self.reason);
        let code = reason(word);
        if code.is_none() {
            desk.file.note(&say!("lifecycle.reason_not_known_one"));
        }
        let code = code.unwrap_or("other");
        self.more.begin();
        let said = row.says(self.reason);
        self.more.text("code", said, code);
        self.more
            .text("reason", said, if word == code { "" } else { word });
        self.more.day("returned", row.says(self.returned), returned);
        let event = EventRow {
            day: Some(day),
            number: row.says(self.lost).then_some(lost),
            text: row.said(self.text),
            reference: &self.reference,
            more: self.more.end(),
            ..EventRow::new(EventKind::Churn, number, at)
        };
        desk.put_event(&event, row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_for_leaving_become_codes() {
        assert_eq!(reason("champion left"), Some("company_change"));
        assert_eq!(reason("product gap"), Some("missing_feature"));
        assert_eq!(reason("Went out of business"), Some("company_change"));
        assert_eq!(reason("unknown"), Some("other"));
        assert_eq!(reason("No longer needed"), Some("no_longer_needed"));
        assert_eq!(reason("the moon"), None);
        for code in CHURN_REASONS {
            assert_eq!(reason(code), Some(*code));
        }
    }
}
