//! Being asked: invitations to the answers that the story has and to some that never came, effort, and what hurt while buying.

use std::fmt::Write;

use chrono::Datelike;

use crate::domain::event::EventKind;
use crate::domain::survey::FRICTION;
use crate::transfer::demo::dice::Dice;
use crate::transfer::demo::story::{Span, When};
use crate::transfer::demo::tell::Telling;
use crate::transfer::demo::tell::course::Course;

/// Answers to the three questions, in their order.
const SAID: [&[&str]; 3] = [
    &[
        "A colleague",
        "A web search",
        "At a trade fair",
        "A friend at another company",
        "Your newsletter",
        "An article",
        "A webinar",
    ],
    &[
        "Friendly people",
        "Easier than what we had",
        "A little dear",
        "It does what we need",
        "Young but honest",
        "Solid",
    ],
    &[
        "Nothing, it was quick",
        "The contract took weeks",
        "Prices were hard to find",
        "Too many forms",
        "Paying by invoice",
        "The trial was too short",
    ],
];

/// Keeps these numbers apart from those of the rest of the story, so that it stays as it was.
const APART: u64 = 0x5e57;

impl Telling<'_> {
    /// Invitations, effort and friction.
    pub(super) fn surveys(&mut self, course: &Course) {
        let apart = Dice::of(self.author.seed ^ APART, self.index);
        let own = std::mem::replace(&mut self.dice, apart);
        self.invitations(course);
        self.efforts();
        self.friction(course);
        self.dice = own;
    }

    /// In full in a small book, in part in a large one.
    fn now_and_then(&mut self, per_mille: u32) -> bool {
        let budget = self.author.budget.unsigned_abs().min(60);
        self.dice.chance(per_mille * budget / 60)
    }

    fn wave(&mut self, day: i32) -> Span {
        let date = self.author.today.plus(i64::from(day)).date();
        self.say(|_, out| {
            write!(
                out,
                r#"{{"wave":"{} Q{}"}}"#,
                date.year(),
                date.month0() / 3 + 1
            )
        })
    }

    fn invite(&mut self, day: i32, person: u8) {
        let (when, wave) = (self.during(day), self.wave(day));
        let event = self
            .story
            .add(EventKind::Invite, when, None, Span::default(), wave);
        (event.channel, event.person) = ("nps", Some(person));
    }

    fn invitations(&mut self, course: &Course) {
        let answers: Vec<(i32, Option<u8>)> = self
            .story
            .events
            .iter()
            .filter(|e| e.kind == EventKind::Nps)
            .map(|e| (e.when.day, e.person))
            .collect();
        for (day, person) in &answers {
            let asked = day - self.dice.within(1, 6);
            if asked > self.story.created && self.now_and_then(850) {
                self.invite(asked, person.unwrap_or(0));
                // Nearly all of their colleagues were asked too, and most people do not answer; in the largest books there is no room.
                let colleagues = if self.author.sparse() {
                    0
                } else {
                    self.story.people.len() as u8
                };
                for other in (0..colleagues).filter(|p| Some(*p) != *person) {
                    if self.dice.chance(920) {
                        self.invite(asked, other);
                    }
                }
            }
        }
        let Some(bought) = course.bought else { return };
        for quarter in 0..3 {
            let day = -quarter * 91 - self.dice.within(8, 60);
            let near = answers.iter().any(|(at, _)| (at - day).abs() < 70);
            if day > bought
                && course.buying(day)
                && !near
                && self.now_and_then(if self.author.sparse() { 160 } else { 550 })
            {
                let person = self.somebody();
                self.invite(day, person);
            }
        }
    }

    fn efforts(&mut self) {
        for at in 0..self.story.tickets.len() {
            let ticket = self.story.tickets[at];
            if let (Some(closed), true) = (ticket.closed, self.now_and_then(90)) {
                let ease = (ticket.csat.map_or(4, i32::from) + self.dice.within(0, 2)).clamp(1, 7);
                let person = self.somebody();
                self.story
                    .add(
                        EventKind::Ces,
                        closed,
                        Some(i64::from(ease)),
                        Span::default(),
                        Span::default(),
                    )
                    .person = Some(person);
            }
        }
    }

    fn friction(&mut self, course: &Course) {
        let Some(bought) = course.bought.filter(|day| *day < -10) else {
            return;
        };
        if !self.now_and_then(70) {
            return;
        }
        let day = bought + self.dice.within(2, 9);
        let when: When = self.during(day);
        let wave = self.wave(day);
        for (code, said) in FRICTION.iter().zip(SAID) {
            let words = self.dice.pick(said);
            let text = self.story.say(|out| out.push_str(words));
            self.story
                .add(EventKind::Survey, when, None, text, wave)
                .channel = code;
        }
    }
}
