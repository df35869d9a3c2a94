//! Conversations and notes: what was said follows from where the story is on that day.

use std::fmt::Write;

use crate::domain::event::EventKind;
use crate::domain::touchpoint;
use crate::transfer::demo::plot::{Kind, Trouble};
use crate::transfer::demo::speech::Topic;
use crate::transfer::demo::story::Span;
use crate::transfer::demo::tell::Telling;
use crate::transfer::demo::tell::course::Course;

/// By which channels people find us, mostly of their own accord.
const BEFORE: &[&str] = &[
    "email",
    "phone",
    "landing_page",
    "webinar",
    "video_demo",
    "blog",
    "event",
    "referral",
    "case_study",
    "chat",
    "social",
    "newsletter",
    "website_chat",
    "podcast",
    "retargeting",
    "direct_mail",
    "meeting",
];

/// By which channels we speak with customers.
const AFTER: &[&str] = &[
    "phone",
    "phone",
    "phone",
    "phone",
    "email",
    "email",
    "email",
    "email",
    "meeting",
    "meeting",
    "chat",
    "chat",
    "sms",
    "social",
    "support_ticket",
    "community",
    "webinar",
    "survey",
    "portal",
    "knowledge_base",
    "in_site_offer",
    "loyalty_programme",
];

impl Telling<'_> {
    /// Fills the story up to its share of the book's events.
    pub(super) fn talks(&mut self, course: &Course, last_touch: i32) {
        let created = self.story.created;
        for _ in 0..self.share_or(4, 2) {
            let day = self.dice.within(created, -1);
            let topic = self.topic(day, course);
            let text = self.note(topic, 0);
            let more = if self.dice.chance(60) {
                self.say(|_, out| write!(out, r#"{{"pinned":true}}"#))
            } else {
                Span::default()
            };
            let when = self.during(day);
            self.story.add(EventKind::Note, when, None, text, more);
        }
        // Stories of short standing are short; the rest makes up for them.
        let factor = match self.kind {
            Kind::Prospect => 45,
            Kind::Onboarding => 80,
            _ => 109,
        } * self.dice.within(70, 130);
        let wanted = self.author.budget * factor / 10_000 - self.story.size() - self.open_events();
        let wanted = wanted.max(if self.author.budget > 20 { 3 } else { 1 });
        // The last talk, one within the cadence before it, and the rest over the whole time.
        self.talk(last_touch, true, true, course);
        let before = last_touch - self.dice.within(6, 20);
        if wanted > 1 && before > created {
            self.talk(before, true, true, course);
        }
        for _ in 2..wanted {
            let day = self.dice.within(created, before.max(created));
            let ours = self.dice.chance(560);
            self.talk(day, ours, false, course);
        }
    }

    /// Tasks that are done become events when they are written.
    fn open_events(&self) -> i32 {
        self.story.tasks.iter().filter(|t| t.done.is_some()).count() as i32
    }

    /// A touchpoint on a day. `kept`: it keeps the cadence, so it is no newsletter or the like.
    fn talk(&mut self, day: i32, ours: bool, kept: bool, course: &Course) {
        let topic = self.topic(day, course);
        let bought = course.bought.is_some_and(|b| day >= b);
        let channel = match topic {
            _ if !bought => self.dice.pick(BEFORE),
            Topic::Goodbye if self.dice.chance(300) => "win_back",
            Topic::Start => self.dice.pick(&[
                "training",
                "training",
                "welcome_series",
                "meeting",
                "phone",
                "email",
                "video_demo",
            ]),
            Topic::Renewal | Topic::Growth if self.dice.chance(350) => "business_review",
            Topic::Praise if self.dice.chance(250) => {
                self.dice.pick(&["testimonial", "referral", "event"])
            }
            _ => self.dice.pick(AFTER),
        };
        let who = self.somebody();
        let text = self.note(topic, who);
        let spoken = matches!(
            channel,
            "phone" | "meeting" | "training" | "business_review" | "video_demo" | "webinar"
        );
        let minutes = spoken.then(|| i64::from(self.dice.within(1, 12) * 5));
        let mood = match topic {
            Topic::Complaint | Topic::Goodbye => self.dice.within(1, 2),
            Topic::LowUse | Topic::Silence => self.dice.within(2, 3),
            Topic::Praise | Topic::Growth => self.dice.within(4, 5),
            _ => self.dice.within(3, 4),
        };
        let more = if self.dice.chance(500) {
            self.say(|_, out| write!(out, r#"{{"mood":{mood}}}"#))
        } else {
            Span::default()
        };
        let when = self.during(day);
        let event = self.story.add(EventKind::Touch, when, minutes, text, more);
        event.person = Some(who);
        event.channel = if kept && touchpoint::channel(channel).is_some_and(|c| !c.two_way) {
            "email"
        } else {
            channel
        };
        event.direction = if ours { "out" } else { "in" };
    }

    /// Words about a topic with the person at a place.
    pub(in crate::transfer::demo::tell) fn note(&mut self, topic: Topic, who: u8) -> Span {
        let tongue = self.style.tongue.of_note(&mut self.dice);
        let brief = self.author.budget <= 20;
        let mut person = String::new();
        person.push_str(self.story.words(self.story.people[usize::from(who)].name));
        self.say(|dice, out| {
            tongue.note(dice, topic, &person, brief, out);
            Ok(())
        })
    }

    /// What is talked about on a day.
    fn topic(&mut self, day: i32, course: &Course) -> Topic {
        let Some(bought) = course.bought.filter(|b| day >= *b) else {
            return Topic::Interest;
        };
        let left = course.left.filter(|l| day >= l - 75);
        if let Some(left) = left.filter(|_| course.back.is_none_or(|b| day < b)) {
            let before = [
                Topic::Complaint,
                Topic::LowUse,
                Topic::Renewal,
                Topic::Silence,
            ];
            return if day >= left {
                Topic::Goodbye
            } else {
                before[self.dice.within(0, 3) as usize]
            };
        }
        if day < course.settled.unwrap_or(0)
            || course.back.is_some_and(|b| (b..b + 30).contains(&day))
        {
            return if self.trouble.has(Trouble::STUCK) && day > bought + 60 {
                Topic::LowUse
            } else {
                Topic::Start
            };
        }
        let likely: [Topic; 4] = match self.kind {
            Kind::Growing => [Topic::Growth, Topic::Checkin, Topic::Praise, Topic::Checkin],
            Kind::Advocate => [Topic::Praise, Topic::Checkin, Topic::Growth, Topic::Praise],
            Kind::Detractor if day > -70 => [
                Topic::Complaint,
                Topic::Complaint,
                Topic::LowUse,
                Topic::Checkin,
            ],
            Kind::AtRisk if day > -90 => [
                Topic::LowUse,
                Topic::Complaint,
                Topic::Silence,
                Topic::Renewal,
            ],
            Kind::Quiet if day > -140 => [
                Topic::Silence,
                Topic::Silence,
                Topic::Checkin,
                Topic::LowUse,
            ],
            Kind::Recovering if day > -40 => {
                [Topic::Repair, Topic::Checkin, Topic::Repair, Topic::Praise]
            }
            Kind::Recovering if day > -200 => [
                Topic::Complaint,
                Topic::Repair,
                Topic::Complaint,
                Topic::LowUse,
            ],
            Kind::Backslid => [Topic::LowUse, Topic::Start, Topic::Checkin, Topic::Checkin],
            _ => [
                Topic::Checkin,
                Topic::Checkin,
                Topic::Renewal,
                Topic::Growth,
            ],
        };
        likely[self.dice.within(0, 3) as usize]
    }
}
