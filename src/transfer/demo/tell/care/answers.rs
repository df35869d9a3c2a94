//! What they say when asked: NPS and satisfaction; and the manager's own pulse.

use std::fmt::Write;

use crate::domain::event::EventKind;
use crate::transfer::demo::plot::{Kind, Trouble};
use crate::transfer::demo::story::When;
use crate::transfer::demo::tell::Telling;
use crate::transfer::demo::tell::course::Course;

/// Days between two rounds of asking.
const ROUND: i32 = 91;

impl Telling<'_> {
    /// NPS in rounds a quarter apart, and satisfaction after some of the tickets.
    pub(super) fn answers(&mut self, course: &Course, last_touch: i32) {
        let Some(settled) = course.settled.or(course.bought) else {
            return;
        };
        if self.trouble.has(Trouble::NPS) {
            // Low, and nobody has spoken with them since.
            let (day, score) = (last_touch + self.dice.within(1, 7), self.dice.within(0, 6));
            self.answer(day, score);
        }
        for round in 0..self.share(3) {
            // A round before the last conversation: what was low then has been spoken about.
            let latest = if self.trouble.has(Trouble::NPS) {
                last_touch - 45
            } else {
                last_touch - 8
            };
            let day = latest - round * ROUND - self.dice.within(0, 24);
            if day <= settled || !course.buying(day) {
                continue;
            }
            let score = self.score(round);
            self.answer(day, score);
        }
        for at in 0..self.story.tickets.len() {
            let ticket = self.story.tickets[at];
            if let (Some(closed), Some(csat), true) =
                (ticket.closed, ticket.csat, self.dice.chance(300))
            {
                let person = self.somebody();
                let event = self.story.add(
                    EventKind::Csat,
                    closed,
                    Some(i64::from(csat)),
                    Default::default(),
                    Default::default(),
                );
                event.person = Some(person);
            }
        }
    }

    /// A score in keeping with the story; `round` counts back from the latest.
    fn score(&mut self, round: i32) -> i32 {
        match (self.kind, round) {
            (Kind::Advocate, _) => self.dice.within(9, 10),
            (Kind::Growing, _) => self.dice.within(8, 10),
            (Kind::Recovering, 0) => self.dice.within(7, 9),
            (Kind::Recovering, _) => self.dice.within(1, 6),
            (Kind::Churned, 0) => self.dice.within(0, 6),
            (Kind::Detractor | Kind::AtRisk, 0) => self.dice.within(5, 7),
            (Kind::WonBack, _) => self.dice.within(6, 9),
            _ if self.dice.chance(120) => self.dice.within(4, 6),
            _ => self.dice.within(7, 10),
        }
    }

    fn answer(&mut self, day: i32, score: i32) {
        let tongue = self.style.tongue;
        let text = self.say(|dice, out| {
            tongue.answer(dice, score, out);
            Ok(())
        });
        let (when, person) = (self.during(day), self.somebody());
        self.story
            .add(
                EventKind::Nps,
                when,
                Some(i64::from(score)),
                text,
                Default::default(),
            )
            .person = Some(person);
    }

    /// The manager's pulse every two months or so.
    pub(super) fn pulses(&mut self, course: &Course) {
        let first = self.dice.within(4, 55);
        for nth in 0..self.share_or(3, 1) {
            let day = -first - nth * self.dice.within(50, 75);
            if !course.buying(day) {
                continue;
            }
            let value = match self.kind {
                Kind::Detractor | Kind::AtRisk if nth == 0 => self.dice.within(1, 2),
                Kind::Detractor | Kind::AtRisk | Kind::Quiet => self.dice.within(2, 4),
                Kind::Advocate => 5,
                Kind::Recovering => (4 - nth).max(2),
                _ => self.dice.within(4, 5),
            };
            let when = self.during(day);
            self.story.add(
                EventKind::Pulse,
                when,
                Some(i64::from(value)),
                Default::default(),
                Default::default(),
            );
            // Of a few the manager knows more than the measures, and says so over the score for some weeks.
            if nth == 0 && day % 27 == 0 {
                self.hold(when, value);
            }
        }
    }

    /// The manager's word over the score, in keeping with the pulse.
    fn hold(&mut self, when: When, pulse: i32) {
        let (score, why) = match pulse {
            ..=2 => (25, "Their sponsor has left; nobody there speaks for us"),
            3 => (55, "A new team takes over; the figures are of the old one"),
            _ => (85, "They stay: the board has agreed, the paper follows"),
        };
        let until = self.author.today.plus(i64::from(when.day) + 40);
        let text = self.say(|_, out| write!(out, "{why}"));
        let more = self.say(|_, out| write!(out, r#"{{"until":"{until}"}}"#));
        self.story
            .add(EventKind::Override, when, Some(score), text, more);
    }
}

/// Questions of the shipped checklists that somebody has answered here and there: stage and question.
const CHECKS: &[(&str, &str)] = &[
    ("retention", "feeling"),
    ("retention", "reengage"),
    ("retention", "manager"),
    ("retention", "feature"),
    ("retention", "personal"),
];
const BOUGHT: &[(&str, &str)] = &[
    ("conversion", "simple"),
    ("conversion", "policies"),
    ("conversion", "quality"),
];

impl Telling<'_> {
    /// Some answers to the checklist of their stage; in large books there is no room for them.
    pub(super) fn checks(&mut self, course: &Course) {
        let (questions, from) = match (course.settled, course.bought) {
            (Some(settled), _) => (CHECKS, settled),
            (None, Some(bought)) => (BOUGHT, bought),
            (None, None) => return,
        };
        if self.author.budget < 60 || from >= -2 {
            return;
        }
        for (stage, question) in questions {
            if self.dice.chance(600) {
                continue;
            }
            let day = self.dice.within(from.max(-200), -1);
            let number = if self.dice.chance(700) {
                1
            } else {
                i64::from(self.dice.chance(200)) * 2
            };
            let when = self.during(day);
            let event = self.story.add(
                EventKind::Check,
                when,
                Some(number),
                Default::default(),
                Default::default(),
            );
            (event.channel, event.reference) = (stage, question);
        }
    }
}
