//! The course of a customer through the stages.

use std::fmt::Write;

use super::Telling;
use crate::domain::event::EventKind;
use crate::domain::stage::CHURN_REASONS;
use crate::transfer::demo::plot::{Kind, Trouble};
use crate::transfer::demo::speech::Topic;
use crate::transfer::demo::story::{Span, When};

/// Days (from today) that the chapters turn on.
pub(super) struct Course {
    /// First purchase.
    pub bought: Option<i32>,
    /// When the first weeks were over.
    pub settled: Option<i32>,
    /// Left.
    pub left: Option<i32>,
    /// Came back.
    pub back: Option<i32>,
    /// Code of the reason for leaving.
    pub why: &'static str,
}

impl Course {
    /// True on a day on which it was a customer.
    pub(super) fn buying(&self, day: i32) -> bool {
        let began = self.bought.is_some_and(|b| day >= b);
        let away = self.left.is_some_and(|l| day >= l) && self.back.is_none_or(|b| day < b);
        began && !away
    }
}

impl Telling<'_> {
    /// Decides the days, and writes the moves between stages.
    pub(super) fn course(&mut self) -> Course {
        let mut course = Course {
            bought: None,
            settled: None,
            left: None,
            back: None,
            why: "",
        };
        if self.kind == Kind::Prospect {
            self.prospect();
            return course;
        }
        let bought = match self.bought() {
            // A term that ends today would be over and not be due.
            day if day % 365 == 0 => day - 1,
            day => day,
        };
        let known = bought - self.dice.within(12, 45);
        self.story.created = known;
        self.moved(known, "", "reach", 1, "");
        let asked = known + (bought - known) * self.dice.within(25, 75) / 100;
        // A few walk in and buy: they skip a stage.
        let from = if self
            .dice
            .chance(if self.author.sparse() { 500 } else { 150 })
        {
            "reach"
        } else {
            self.moved(asked, "reach", "acquisition", 1, "");
            "acquisition"
        };
        self.moved(bought, from, "conversion", 1, "");
        course.bought = Some(bought);
        if self.kind == Kind::Onboarding {
            return course;
        }
        let settled = bought + self.dice.within(21, 44);
        self.moved(settled, "conversion", "retention", 1, "");
        course.settled = Some(settled);
        match self.kind {
            Kind::Churned | Kind::WonBack => self.leave(settled, &mut course),
            Kind::Backslid => self.slide(settled),
            Kind::Advocate => self.promote(settled),
            Kind::Growing if self.dice.chance(400) => self.promote(settled),
            Kind::Steady if self.dice.chance(80) => self.promote(settled),
            _ => {}
        }
        course
    }

    fn bought(&mut self) -> i32 {
        let earliest = 45 - self.author.horizon;
        match self.kind {
            _ if self.trouble.has(Trouble::RENEWAL) => self.dice.within(6, 75) - 365,
            Kind::Onboarding if self.trouble.has(Trouble::STUCK) => -self.dice.within(98, 165),
            Kind::Onboarding => -self.dice.within(5, 60),
            Kind::Churned => self.dice.within(earliest, -150),
            Kind::WonBack => self.dice.within(earliest, -310),
            Kind::Advocate | Kind::Backslid => self.dice.within(earliest, -170),
            _ => self.dice.within(earliest, -100),
        }
    }

    fn prospect(&mut self) {
        let stuck = self.trouble.has(Trouble::STUCK);
        // Most have been here for less than half of what is expected: the score of an ageing one falls, which is a reason.
        let slow = self.dice.chance(60);
        if self.dice.chance(450) {
            self.story.created = if stuck {
                -self.dice.within(70, 130)
            } else {
                -self.dice.within(3, if slow { 50 } else { 14 })
            };
            let created = self.story.created;
            return self.moved(created, "", "reach", 1, "");
        }
        let asked = if stuck {
            -self.dice.within(98, 150)
        } else {
            -self.dice.within(2, if slow { 75 } else { 22 })
        };
        let known = asked - self.dice.within(3, 35);
        self.story.created = known;
        self.moved(known, "", "reach", 1, "");
        self.moved(asked, "reach", "acquisition", 1, "");
    }

    fn promote(&mut self, settled: i32) {
        let day = self.dice.within(settled + 45, -12);
        self.moved(day, "retention", "loyalty", 1, "");
    }

    /// Back by a stage: to the start with a new team, or from loyalty to retention.
    fn slide(&mut self, settled: i32) {
        if self.dice.chance(500) {
            let day = -self.dice.within(8, 60);
            let code = self.dice.pick(&["new_team", "low_use", "restart"]);
            self.moved(day, "retention", "conversion", 2, code);
        } else {
            let up = self.dice.within(settled + 30, -90);
            self.moved(up, "retention", "loyalty", 1, "");
            let down = self.dice.within(up + 20, -9);
            let code = self.dice.pick(&["scope_change", "corrected", "low_use"]);
            self.moved(down, "loyalty", "retention", 2, code);
        }
    }

    fn leave(&mut self, settled: i32, course: &mut Course) {
        let last = if self.kind == Kind::WonBack {
            -130
        } else {
            -42
        };
        let left = self.dice.within(settled + 40, last);
        course.why = self.dice.pick(CHURN_REASONS);
        course.left = Some(left);
        self.moved(left, "retention", "churned", 1, course.why);
        if self.kind == Kind::WonBack {
            let back = left + self.dice.within(30, 70);
            self.moved(back, "churned", "conversion", 2, "");
            let again = back + self.dice.within(14, 40);
            self.moved(again, "conversion", "retention", 2, "");
            course.back = Some(back);
        }
    }

    /// Writes a move between stages.
    fn moved(
        &mut self,
        day: i32,
        from: &'static str,
        to: &'static str,
        visit: u32,
        code: &'static str,
    ) {
        let text = match code {
            "" => Span::default(),
            _ => self.reason(to),
        };
        let more = self.say(|dice, out| {
            write!(out, r#"{{"from":"{from}","to":"{to}","visit":{visit}"#)?;
            if !code.is_empty() {
                write!(out, r#","code":"{code}""#)?;
                let other = if to == "churned" {
                    dice.pick(CHURN_REASONS)
                } else {
                    code
                };
                if other != code && dice.chance(400) {
                    write!(out, r#","also":["{other}"]"#)?;
                }
            }
            out.push('}');
            Ok(())
        });
        // Moves stand at the day's start, so that what follows from one comes after it.
        let when = When {
            day,
            minute: 7 * 60 + 30,
        };
        self.story
            .add(EventKind::Stage, when, None, text, more)
            .channel = to;
    }

    fn reason(&mut self, to: &str) -> Span {
        let topic = if to == "churned" {
            Topic::Goodbye
        } else {
            Topic::LowUse
        };
        self.note(topic, 0)
    }
}
