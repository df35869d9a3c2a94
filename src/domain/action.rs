//! Calls to action: what has to be done about a customer, of five kinds, with one identity while it is open.

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::time::Day;

/// Codes of the kinds.
pub const KINDS: &[&str] = &["risk", "opportunity", "lifecycle", "activity", "objective"];

/// Codes of reasons for putting a call to action off.
pub const SNOOZE_REASONS: &[&str] = &["waiting_customer", "waiting_us", "later", "other"];

/// One call to action as it stands.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Action {
    /// Names the row in every copy of the book.
    pub id: Id,
    /// The customer it is about.
    pub customer: Id,
    /// One of [`KINDS`].
    pub kind: String,
    /// Why, as a code. Customer, kind and reason make it the same call: an open one is updated and not doubled.
    pub reason: String,
    /// What a person reads.
    pub title: String,
    /// Who does it.
    pub owner: String,
    /// When it was opened.
    pub opened: Day,
    /// The day by which it has to be done.
    pub due: Option<Day>,
    /// 1 (worst) to 4; of risks and escalations.
    pub severity: Option<u8>,
    /// What is at stake, minor units; `None`: the customer's ARR.
    pub money: Option<i64>,
    /// What is done about it.
    pub mitigation: String,
    /// When it is looked at again.
    pub review: Option<Day>,
    /// An objective's figure at the start, in thousandths of `unit`.
    pub base: Option<i64>,
    /// The figure now.
    pub value: Option<i64>,
    /// The figure that was agreed.
    pub target: Option<i64>,
    /// Unit of the three figures.
    pub unit: String,
    /// What shows that it is so.
    pub evidence: String,
    /// Code of the rule that opened it; empty: a person did.
    pub cause: String,
    /// Put off until this day.
    pub snoozed: Option<Day>,
    /// Why it was put off.
    pub snooze_reason: String,
    /// When it was closed.
    pub closed: Option<Day>,
    /// What came of it.
    pub outcome: String,
}

impl Action {
    /// The day on which it is somebody's turn: when it is due, or later where it was put off.
    pub fn turn(&self) -> Option<Day> {
        self.due.max(self.snoozed)
    }

    /// How far an objective has come, per cent: (value - start) / (target - start), held between 0 and 100 and rounded down.
    /// `None` without the three figures, or when target and start are the same.
    pub fn progress(&self) -> Option<u8> {
        let (base, value, target) = (self.base?, self.value?, self.target?);
        let whole = i128::from(target) - i128::from(base);
        if whole == 0 {
            return None;
        }
        let done = (i128::from(value) - i128::from(base)) * 100;
        Some((done / whole).clamp(0, 100) as u8)
    }

    /// What the register of risks sorts by: money at stake x urgency, where severity 1 counts 4 times, 4 once, and one whose
    /// review is past counts double. `arr` stands for money where none is said.
    pub fn weight(&self, arr: i64, today: Day) -> i64 {
        let money = self.money.unwrap_or(arr).max(0);
        let urgency = 5 - i64::from(self.severity.unwrap_or(4).clamp(1, 4));
        let late = self.review.is_some_and(|d| d < today);
        money
            .saturating_mul(urgency)
            .saturating_mul(if late { 2 } else { 1 })
    }
}

/// How far a success plan has come: the mean of its objectives' progress, per cent, rounded down; those without figures
/// count 100 when they are closed and 0 while they are open. `None` without objectives.
pub fn plan_progress<'a>(objectives: impl IntoIterator<Item = &'a Action>) -> Option<u8> {
    let (mut sum, mut count) = (0_u64, 0_u64);
    for objective in objectives {
        let closed = if objective.closed.is_some() { 100 } else { 0 };
        sum += u64::from(objective.progress().unwrap_or(closed));
        count += 1;
    }
    sum.checked_div(count).map(|mean| mean as u8)
}

/// Reads a figure of an objective, a number with at most three places behind its point, in thousandths; `None` for anything else.
pub fn parse_figure(text: &str) -> Option<i64> {
    let (sign, digits) = text
        .trim()
        .strip_prefix('-')
        .map_or((1, text.trim()), |rest| (-1, rest));
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |t: &str| t.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || rest.len() > 3 || !plain(whole) || !plain(rest) {
        return None;
    }
    format!("{whole}{rest:0<3}")
        .parse::<i64>()
        .ok()
        .map(|n| sign * n)
}

/// A figure in thousandths as a person reads it: `42.5`.
pub fn show_figure(thousandths: i64) -> String {
    let (whole, rest) = (
        thousandths.unsigned_abs() / 1000,
        thousandths.unsigned_abs() % 1000,
    );
    let sign = if thousandths < 0 { "-" } else { "" };
    if rest == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{rest:03}")
            .trim_end_matches('0')
            .to_owned()
    }
}

/// A call to action before it is written.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActionDraft {
    /// One of [`KINDS`].
    pub kind: String,
    /// Why, as a code; part of its identity.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What a person reads.
    pub title: String,
    /// Who does it; empty is the customer's owner, else whoever writes it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// The day by which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Day>,
    /// 1 to 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<u8>,
    /// What is at stake, minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub money: Option<i64>,
    /// What is done about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mitigation: String,
    /// When it is looked at again; without one a risk with a severity is reviewed by the policy's escalation days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<Day>,
    /// Start of an objective, thousandths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<i64>,
    /// Its figure now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<i64>,
    /// Its target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<i64>,
    /// Unit of the three.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// What shows that it is so.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub evidence: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action() -> Action {
        Action {
            id: Id::default(),
            customer: Id::default(),
            kind: "risk".into(),
            reason: String::new(),
            title: String::new(),
            owner: String::new(),
            opened: Day::MIN,
            due: None,
            severity: None,
            money: None,
            mitigation: String::new(),
            review: None,
            base: None,
            value: None,
            target: None,
            unit: String::new(),
            evidence: String::new(),
            cause: String::new(),
            snoozed: None,
            snooze_reason: String::new(),
            closed: None,
            outcome: String::new(),
        }
    }

    fn objective(base: i64, value: i64, target: i64) -> Action {
        Action {
            base: Some(base),
            value: Some(value),
            target: Some(target),
            ..action()
        }
    }

    #[test]
    fn progress_is_held_between_start_and_target_also_downward() {
        assert_eq!(objective(0, 250, 1000).progress(), Some(25));
        assert_eq!(objective(1000, 700, 400).progress(), Some(50));
        assert_eq!(objective(0, -5, 10).progress(), Some(0));
        assert_eq!(objective(0, 50, 10).progress(), Some(100));
        assert_eq!(objective(7, 7, 7).progress(), None);
        assert_eq!(objective(i64::MIN, 0, i64::MAX).progress(), Some(50));
    }

    #[test]
    fn a_plan_is_the_mean_of_its_objectives() {
        let done = Action {
            closed: Some(Day::MIN),
            ..action()
        };
        assert_eq!(
            plan_progress(&[objective(0, 5, 10), done, action()]),
            Some(50)
        );
        assert_eq!(plan_progress(&[]), None);
    }

    #[test]
    fn figures_are_read_and_written_in_thousandths() {
        for (text, number) in [
            ("42.5", 42_500),
            ("-3", -3000),
            ("0.125", 125),
            ("-0.5", -500),
        ] {
            assert_eq!(parse_figure(text), Some(number));
            assert_eq!(show_figure(number), text);
        }
        for wrong in ["", ".5", "1.2345", "1e3", "--1", "99999999999999999999"] {
            assert_eq!(parse_figure(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn money_times_urgency() {
        let day = Day::MIN;
        let risk = |severity, money, review| Action {
            severity,
            money,
            review,
            ..action()
        };
        assert_eq!(risk(Some(1), None, None).weight(100, day), 400);
        assert_eq!(risk(None, Some(50), None).weight(100, day), 50);
        assert_eq!(
            risk(Some(3), Some(50), Some(day)).weight(0, day.plus(1)),
            200
        );
    }
}
