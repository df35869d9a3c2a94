//! Stages of the lifecycle: data of the book, in order, each a prospect's, a customer's or a lost one's.

use serde::{Deserialize, Serialize};

use super::checklist::Question;
use crate::error::{Error, Result};

/// What a stay in a stage makes of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum StageClass {
    /// Has not bought yet.
    Prospect,
    /// Has bought.
    #[default]
    Customer,
    /// Has left.
    Lost,
}

/// One stage as the book has it (`assets/config/stages.toml` is the default set).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stage {
    /// Stable code, lower case: `retention`.
    pub code: String,
    /// Label in the book's language.
    pub label: String,
    /// Other names it is imported under.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Prospect, customer or lost.
    #[serde(default)]
    pub class: StageClass,
    /// Days a stay is expected to last; above it "behind", above twice it "stuck". 0: no expectation.
    #[serde(default)]
    pub expected_days: u16,
    /// Days above which a stay is stuck, where twice the expected days does not serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck_days: Option<u16>,
    /// What should be true before a customer leaves it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit: Vec<String>,
    /// What is measured at it, with targets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kpi: Vec<Kpi>,
    /// The same as filters that the program asks: a move on that leaves some unmet needs a reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit_when: Vec<String>,
    /// The questions of its checklist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklist: Vec<Question>,
}

/// A figure of a stage that has a target.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Kpi {
    /// Which figure.
    pub code: KpiCode,
    /// What it should be: whole per cent, days, points or a count; at least or at most as [`KpiCode::at_least`] says.
    pub target: u16,
}

/// The figures that can have a target.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KpiCode {
    /// Of the visits that ended, per cent that went to the next stage; at least.
    NextConversion,
    /// Median days in the stage, product-limit; at most.
    MedianDays,
    /// Days by which nine tenths have left, product-limit; at most.
    P90Days,
    /// Visits begun; at least.
    Entered,
    /// Of the customers who were there at the start, per cent lost in the period; at most.
    Lost,
    /// Of the visits to a lost stage, per cent that came back; at least.
    WonBack,
    /// NPS of those who answered while they were there; at least.
    Nps,
    /// Tickets a month for a hundred customers there; at most.
    TicketLoad,
}

/// Whether a stay is on time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pace {
    /// Within the expected days, or nothing is expected.
    OnTrack,
    /// Above the expected days.
    Behind,
    /// Above twice the expected days, or above the stage's own limit.
    Stuck,
}

impl Stage {
    /// The pace of a stay of `age` days.
    pub fn pace(&self, age: i64) -> Pace {
        let expected = i64::from(self.expected_days);
        let limit = self.stuck_days.map_or(expected * 2, i64::from);
        if limit > 0 && age > limit {
            Pace::Stuck
        } else if expected > 0 && age > expected {
            Pace::Behind
        } else {
            Pace::OnTrack
        }
    }
}

/// A stage by its place in [`Stages`]; only meaningful beside the set it came from, never stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct StageNo(pub u8);

impl StageNo {
    /// A stage that the config does not have (a hostile or newer book): no place, so it never matches one.
    pub const UNKNOWN: StageNo = StageNo(u8::MAX);
}

/// The book's stages in order. At most 250.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Stages {
    /// In the order of the lifecycle; lost stages stand at the end.
    pub stage: Vec<Stage>,
}

impl Stages {
    /// Says what is wrong with stages that somebody wrote, but for their exit criteria.
    pub fn check_all(&self) -> Result<()> {
        if self.stage.is_empty() || self.stage.len() > 250 {
            return Err(Error::usage(say!("stage.stages_book_between_1")));
        }
        for stage in &self.stage {
            for (at, question) in stage.checklist.iter().enumerate() {
                if question.code.is_empty()
                    || stage.checklist[..at]
                        .iter()
                        .any(|q| q.code == question.code)
                {
                    return Err(Error::usage(say!("stage.stage_two_questions_code", code = stage.code, code_2 = question.code))
                        .hint("each question has a code of its own: { code = \"pays\", ask = \"Who pays?\" }"));
                }
            }
        }
        Ok(())
    }

    /// The stage with this code, label or alias, compared without case.
    pub fn find(&self, name: &str) -> Option<StageNo> {
        let name = name.trim().to_lowercase();
        let fits = |s: &Stage| {
            s.code.to_lowercase() == name
                || s.label.to_lowercase() == name
                || s.aliases.iter().any(|a| a.to_lowercase() == name)
        };
        let exact = self.stage.iter().position(|s| s.code == name);
        exact
            .or_else(|| self.stage.iter().position(fits))
            .and_then(|i| u8::try_from(i).ok())
            .map(StageNo)
    }

    /// The stage at a place.
    pub fn get(&self, no: StageNo) -> Option<&Stage> {
        self.stage.get(usize::from(no.0))
    }

    /// The code at a place; empty where there is none.
    pub fn code(&self, no: StageNo) -> &str {
        self.get(no).map_or("", |s| s.code.as_str())
    }

    /// What a checklist asks under a code; the code itself where no stage asks it any more.
    pub fn question<'a>(&'a self, code: &'a str) -> &'a str {
        let mut questions = self.stage.iter().flat_map(|stage| &stage.checklist);
        questions
            .find(|q| q.code == code)
            .map_or(code, |q| q.ask.as_str())
    }

    /// The label at a place; empty where there is none.
    pub fn label(&self, no: StageNo) -> &str {
        self.get(no).map_or("", |s| s.label.as_str())
    }

    /// True for stages of customers that have left.
    pub fn is_lost(&self, no: StageNo) -> bool {
        self.get(no).is_some_and(|s| s.class == StageClass::Lost)
    }

    /// The stage one step on; `None` at the last one before the lost stages.
    pub fn next(&self, no: StageNo) -> Option<StageNo> {
        let after = if self.is_lost(no) {
            0
        } else {
            no.0.checked_add(1)?
        };
        let next = StageNo(after);
        (self.get(next).is_some() && !self.is_lost(next)).then_some(next)
    }

    /// The stage one step back; `None` at the first.
    pub fn previous(&self, no: StageNo) -> Option<StageNo> {
        no.0.checked_sub(1)
            .map(StageNo)
            .filter(|p| !self.is_lost(*p))
    }

    /// True when a move from one stage to another needs a reason: backward, or to a lost stage.
    pub fn needs_reason(&self, from: Option<StageNo>, to: StageNo) -> bool {
        self.is_lost(to) || from.is_some_and(|f| !self.is_lost(f) && to < f)
    }

    /// All places in order.
    pub fn all(&self) -> impl Iterator<Item = StageNo> + '_ {
        (0..self.stage.len().min(250)).map(|i| StageNo(i as u8))
    }
}

/// Codes of reasons for leaving (LOST) that a move to a lost stage must name one of.
pub const CHURN_REASONS: &[&str] = &[
    "price",
    "missing_feature",
    "support",
    "quality",
    "competitor",
    "company_change",
    "no_longer_needed",
    "never_onboarded",
    "payment",
    "other",
];

/// Codes of reasons for moving a customer back to an earlier stage.
pub const BACK_REASONS: &[&str] = &[
    "corrected",
    "restart",
    "new_team",
    "low_use",
    "scope_change",
    "other",
];

/// Why a customer was moved.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Reason {
    /// Primary code: one of [`CHURN_REASONS`] or [`BACK_REASONS`].
    pub code: String,
    /// Further codes of the same set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// In the person's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}
