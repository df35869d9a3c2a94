//! How a customer fares and what we do about it: usage, tickets, answers, tasks, and every conversation.

mod answers;
mod surveys;
mod talks;

use std::fmt::Write;

use chrono::Datelike;

use super::Telling;
use super::course::Course;
use crate::domain::event::EventKind;
use crate::transfer::demo::plot::{Kind, Trouble};
use crate::transfer::demo::story::{Task, Ticket, When};

/// Titles of ordinary tasks.
const TASKS: &[&str] = &[
    "Send the summary",
    "Book the quarterly review",
    "Ask for a reference",
    "Check the import",
    "Introduce the new contact",
    "Share the roadmap",
    "Follow up on the open points",
    "Send the training dates",
    "Clear up the invoice",
    "Prepare the workshop",
    "Answer the question on roles",
    "Look at their usage",
    "Ask how the fix works for them",
];

impl Telling<'_> {
    /// Writes all of it.
    pub(super) fn care(&mut self, course: &Course) {
        let last_touch = self.last_touch(course);
        self.usage(course);
        self.tickets(course);
        self.answers(course, last_touch);
        self.pulses(course);
        self.tasks(course);
        self.talks(course, last_touch);
        self.surveys(course);
        self.checks(course);
    }

    /// The day of the latest conversation, from which answers and talks take their bearings.
    fn last_touch(&mut self, course: &Course) -> i32 {
        let day = if self.trouble.has(Trouble::SILENT) {
            -self.dice.within(36, 85)
        } else if self.trouble.has(Trouble::NPS) {
            -self.dice.within(9, 27)
        } else if let (Some(left), None) = (course.left, course.back) {
            // A last word after they left, months ago.
            left + self.dice.within(3, 30)
        } else {
            // Those who have not bought are spoken with more often.
            -self
                .dice
                .within(1, if course.bought.is_some() { 25 } else { 5 })
        };
        day.max(self.story.created + 1).min(-1)
    }

    /// Weekly readings: enough of them for a trend in a small book, the latest few in a large one.
    fn usage(&mut self, course: &Course) {
        let Some(bought) = course.bought else { return };
        let falls = self.trouble.has(Trouble::USAGE);
        let weeks = if falls {
            self.share(18).max(9)
        } else {
            self.share_or(18, 4)
        };
        let monday = -(self.author.today.date().weekday().num_days_from_monday() as i32);
        let seats = self.story.versions.last().map_or(5, |v| v.quantity).max(1);
        let level = i64::from(self.dice.within(8, 30));
        let used = self.dice.within(62, 96);
        // They are counted back from today, or from the day they left.
        let end = if course.back.is_none() {
            course.left.unwrap_or(0)
        } else {
            0
        };
        for week in (1..=weeks).rev() {
            let day = monday + (end - monday).min(0) / 7 * 7 - 7 * week;
            if !course.buying(day) {
                continue;
            }
            let per_cent = self.trend(week, falls, course.left.is_some() && course.back.is_none())
                * i64::from(self.dice.within(94, 106))
                / 100;
            let people = (i64::from(seats) * i64::from(used) * per_cent.min(104) / 10_000)
                .clamp(1, i64::from(seats));
            let begun = per_cent * i64::from((day - bought).clamp(7, 56)) / 56;
            let actions = i64::from(seats)
                * level
                * if self.kind == Kind::Onboarding {
                    begun
                } else {
                    per_cent
                }
                / 100;
            let active = self.dice.within(4, 5);
            let more = self.say(|_, out| {
                write!(
                    out,
                    r#"{{"active":{active},"sessions":{},"seats":{people}}}"#,
                    people * i64::from(active)
                )
            });
            self.story.add(
                EventKind::Usage,
                When { day, minute: 60 },
                Some(actions),
                Default::default(),
                more,
            );
        }
    }

    /// Usage of a week, counted back from 1, per cent of the usual.
    fn trend(&self, week: i32, falls: bool, leaves: bool) -> i64 {
        match self.kind {
            _ if falls => [44, 48, 55, 62]
                .get(week as usize - 1)
                .copied()
                .unwrap_or(100),
            _ if leaves => 15 + 8 * i64::from(week).min(11),
            Kind::Growing => 124 - 2 * i64::from(week).min(16),
            _ => 100,
        }
    }

    fn tickets(&mut self, course: &Course) {
        let Some(bought) = course.bought else { return };
        let of_sixty = match self.kind {
            Kind::Detractor | Kind::AtRisk | Kind::Churned => 5,
            Kind::Recovering | Kind::Onboarding => 4,
            _ => 2,
        };
        for _ in 0..self.share(of_sixty) {
            // The unhappy have theirs late, just before they say so or go.
            let latest = course.left.unwrap_or(-13);
            let earliest = if of_sixty == 5 {
                (latest - 120).max(bought)
            } else {
                bought
            };
            let day = self.dice.within(earliest, latest - 1);
            let severity = if of_sixty > 2 {
                self.dice.within(1, 4)
            } else {
                self.dice.within(2, 4)
            } as u8;
            self.ticket(day, severity, true, course);
        }
        if self.trouble.has(Trouble::TICKET) {
            let (day, severity) = (-self.dice.within(2, 18), self.dice.within(1, 2));
            self.ticket(day, severity as u8, false, course);
        } else if course.buying(-1) && !self.trouble.any() && self.dice.chance(90) {
            let day = -self.dice.within(1, 9);
            self.ticket(
                day,
                4 - u8::from(self.kind == Kind::Recovering),
                false,
                course,
            );
        }
    }

    fn ticket(&mut self, day: i32, severity: u8, close: bool, course: &Course) {
        if !course.buying(day) {
            return;
        }
        let tongue = self.style.tongue;
        let subject = self.say(|dice, out| {
            tongue.ticket(dice, out);
            Ok(())
        });
        let opened = self.during(day);
        let after = (day + self.dice.within(1, 11)).min(-1);
        let closed = close.then(|| self.during(after).max(opened));
        let content = !matches!(self.kind, Kind::Detractor | Kind::AtRisk | Kind::Churned);
        let csat = (closed.is_some() && self.dice.chance(450))
            .then(|| if content { self.dice.within(3, 5) } else { self.dice.within(1, 4) } as u8);
        self.story.tickets.push(Ticket {
            subject,
            severity,
            opened,
            closed,
            csat,
        });
    }

    fn tasks(&mut self, course: &Course) {
        let lost = course.left.is_some() && course.back.is_none();
        for _ in 0..self.share(3) {
            let day = self.dice.within(self.story.created, -1);
            let (made, done) = (self.shortly_before(day), self.during(day));
            let title = self.dice.pick(TASKS);
            self.story.tasks.push(Task {
                title,
                due: day,
                priority: 2,
                kind: "",
                made,
                done: Some(done.max(made)),
            });
        }
        if self.trouble.has(Trouble::DUE) {
            // Half are due today, the others are late.
            let due = if self.dice.chance(500) {
                0
            } else {
                -self.dice.within(1, 9)
            };
            let made = self.shortly_before(due.min(-1));
            let (title, priority) = (self.dice.pick(TASKS), self.dice.within(1, 2) as u8);
            let (title, kind) = if self.index.is_multiple_of(3) {
                (
                    "A colleague mentions you: can you join the call?",
                    "mention",
                )
            } else {
                (title, "")
            };
            self.story.tasks.push(Task {
                title,
                due,
                priority,
                kind,
                made,
                done: None,
            });
        } else if !lost && self.dice.chance(280) {
            let due = self.dice.within(2, 40);
            let made = self.shortly_before(-1);
            let (title, priority) = (self.dice.pick(TASKS), self.dice.within(2, 3) as u8);
            self.story.tasks.push(Task {
                title,
                due,
                priority,
                kind: "",
                made,
                done: None,
            });
        }
    }

    /// A moment some days before, but not before they were known.
    fn shortly_before(&mut self, day: i32) -> When {
        let made = (day - self.dice.within(2, 20))
            .max(self.story.created)
            .min(day);
        self.during(made)
    }
}
