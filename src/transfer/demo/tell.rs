//! Tells one customer's story: a course through the stages first, then each chapter in keeping with it.

mod care;
mod course;
mod money;

use std::fmt::Write;

use super::dice::Dice;
use super::names::{Names, Style};
use super::plot::{self, Kind, Trouble};
use super::story::{Person, Span, Story, When};
use crate::domain::customer::ROLES;
use crate::domain::time::Day;

/// The people of our team.
pub const OWNERS: &[&str] = &["ana", "bo", "chen", "eve", "deniz", "olga"];

const INDUSTRIES: &[&str] = &[
    "retail",
    "manufacturing",
    "health",
    "education",
    "logistics",
    "finance",
    "media",
    "software",
    "hospitality",
    "energy",
    "public sector",
];

const TAGS: &[&str] = &[
    "beta",
    "strategic",
    "reference",
    "partner",
    "pilot",
    "multi-year",
    "eu-data",
    "on-premises",
    "press",
    "language:local",
    "nonprofit",
];

/// How those came who stay, each as often as it stands here; and those who have not bought yet, or left.
const CAME: [&[&str]; 2] = [
    &[
        "referral", "referral", "referral", "search", "search", "search", "event", "partner",
        "partner", "outbound",
    ],
    &[
        "referral", "search", "search", "search", "event", "event", "partner", "outbound",
        "outbound", "outbound",
    ],
];

/// Keeps these numbers apart from those of the rest of the story, so that it stays as it was.
const APART: u64 = 0xca3e;

/// What every story of a book shares.
pub struct Author {
    names: Names,
    seed: u64,
    /// Days of the past that the book covers.
    horizon: i32,
    /// Events a customer, on average.
    budget: i32,
    today: Day,
}

/// One story while it is told.
struct Telling<'a> {
    author: &'a Author,
    index: usize,
    style: &'static Style,
    kind: Kind,
    trouble: Trouble,
    dice: Dice,
    story: &'a mut Story,
}

impl Author {
    /// An author of a book of so many customers.
    pub fn new(customers: usize, months: u32, seed: u64, today: Day) -> Author {
        // A year's contract has to fit in, so that renewals come up.
        let horizon = (months.clamp(14, 120) * 30) as i32;
        Author {
            names: Names::new(seed),
            seed,
            horizon,
            budget: events_each(customers),
            today,
        }
    }

    /// True in the largest books, where each customer has only the most telling events.
    fn sparse(&self) -> bool {
        self.budget < 20
    }

    /// Tells the story of the customer at `index` into `story`.
    pub fn tell(&self, index: usize, story: &mut Story) {
        story.clear();
        let (kind, trouble) = plot::cast(self.seed, index);
        let style = self.names.style(index);
        let mut telling = Telling {
            author: self,
            index,
            style,
            kind,
            trouble,
            dice: Dice::of(self.seed, index),
            story,
        };
        telling.profile();
        telling.people();
        let course = telling.course();
        telling.sell(&course);
        telling.care(&course);
        telling.story.settle();
    }
}

/// Events of one customer in a book of so many: a small book is rich, a large one stays within what a team really records.
fn events_each(customers: usize) -> i32 {
    match customers {
        0..=1_000 => 60,
        1_001..=3_000 => 48,
        3_001..=10_000 => 40,
        10_001..=30_000 => 30,
        30_001..=100_000 => 20,
        100_001..=300_000 => 14,
        _ => 10,
    }
}

impl Telling<'_> {
    fn profile(&mut self) {
        let (index, names) = (self.index, &self.author.names);
        self.story.name = self.story.say(|out| names.write(index, out));
        self.story.website = self.say(|_, out| write!(out, "https://d{index:07}.example"));
        self.story.phone = self.telephone();
        self.story.owner = if self.kind == Kind::Prospect && self.dice.chance(150) {
            ""
        } else {
            self.dice.pick(OWNERS)
        };
        self.story.country = self.dice.pick(self.style.countries);
        self.story.industry = self.dice.pick(INDUSTRIES);
        let came = CAME[usize::from(matches!(
            self.kind,
            Kind::Prospect | Kind::Churned | Kind::AtRisk
        ))];
        self.story.channel = Dice::of(self.author.seed ^ APART, index).pick(came);
        for _ in 0..self.dice.about(600) {
            let tag = self.dice.pick(TAGS);
            if !self.story.tags.contains(&tag) {
                self.story.tags.push(tag);
            }
        }
    }

    fn people(&mut self) {
        let index = self.index;
        let count = if self.author.sparse() {
            self.dice.within(1, 2)
        } else {
            self.dice.within(1, 4)
        };
        for nth in 0..count {
            let style = self.style;
            let name = self.say(|dice, out| {
                style.tongue.person(dice, out);
                Ok(())
            });
            let role = match (nth, self.kind) {
                (0, _) => "champion",
                (1, Kind::Detractor | Kind::AtRisk) => "detractor",
                _ => self.dice.pick(&ROLES[1..5]),
            };
            let email = self.say(|_, out| write!(out, "p{}@d{index:07}.example", nth + 1));
            let phone = if nth < 2 {
                self.telephone()
            } else {
                Span::default()
            };
            self.story.people.push(Person {
                name,
                role,
                email,
                phone,
            });
        }
    }

    fn telephone(&mut self) -> Span {
        // 555-01xx is kept free of real subscribers.
        self.say(|dice, out| {
            write!(
                out,
                "+1 {}-555-01{:02}",
                dice.within(201, 989),
                dice.within(0, 99)
            )
        })
    }

    fn say(&mut self, write: impl FnOnce(&mut Dice, &mut String) -> std::fmt::Result) -> Span {
        let dice = &mut self.dice;
        self.story
            .say(|out| write(dice, out).expect("writing to a string does not fail"))
    }

    /// So many, where `of_sixty` of 60 events are of this kind in a full story.
    fn share(&mut self, of_sixty: u32) -> i32 {
        self.dice
            .about(of_sixty * self.author.budget as u32 * 1000 / 60)
    }

    /// The same, with a smaller share in the largest books.
    fn share_or(&mut self, of_sixty: u32, sparse: u32) -> i32 {
        let of_sixty = if self.author.sparse() {
            sparse
        } else {
            of_sixty
        };
        self.share(of_sixty)
    }

    /// A moment of a working day.
    fn during(&mut self, day: i32) -> When {
        When {
            day,
            minute: self.dice.within(8 * 60, 18 * 60) as u16,
        }
    }

    /// The number of the main person, or now and then of another.
    fn somebody(&mut self) -> u8 {
        if self.dice.chance(600) {
            0
        } else {
            self.dice.within(0, self.story.people.len() as i32 - 1) as u8
        }
    }
}
