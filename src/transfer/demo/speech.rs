//! What people said: notes, answers and subjects composed of phrase parts in several languages.

mod phrases;

use std::fmt::Write;

use super::dice::Dice;

/// A language of the people in the demo book.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tongue {
    /// English.
    English,
    /// German (its names stand for the Latin scripts with marks).
    German,
    /// Turkish.
    Turkish,
    /// Russian.
    Russian,
    /// Greek: names; its notes are in English.
    Greek,
    /// Arabic: names; its notes are in English.
    Arabic,
    /// Persian.
    Persian,
    /// Hebrew: names; its notes are in English.
    Hebrew,
    /// Chinese: names; its notes are in English.
    Chinese,
    /// Japanese.
    Japanese,
    /// Korean: names; its notes are in English.
    Korean,
    /// Hindi: names; its notes are in English.
    Hindi,
    /// Thai: names; its notes are in English.
    Thai,
}

/// What a conversation was about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Topic {
    /// Before they bought.
    Interest,
    /// First weeks.
    Start,
    /// How it goes.
    Checkin,
    /// They use little of it.
    LowUse,
    /// Something is wrong.
    Complaint,
    /// It was put right.
    Repair,
    /// They are glad.
    Praise,
    /// They want more.
    Growth,
    /// The contract goes on, or not.
    Renewal,
    /// Nobody answers.
    Silence,
    /// They leave or have left.
    Goodbye,
}

/// Phrase parts of one language. `{f}` stands for a part of the product, `{c}` for a person, `{n}` for a number.
pub(super) struct Speech {
    /// What a note begins with.
    openers: &'static [&'static str],
    /// What was agreed.
    closers: &'static [&'static str],
    /// By [`Topic`], in its order.
    topics: [&'static [&'static str]; 11],
    /// Subjects of tickets.
    tickets: &'static [&'static str],
    /// Words beside NPS answers 0-6, 7-8 and 9-10.
    nps: [&'static [&'static str]; 3],
}

/// Parts of the product, the same word in every language.
const FEATURES: &[&str] = &[
    "SSO",
    "CSV export",
    "the API",
    "webhooks",
    "dashboards",
    "the mobile app",
    "Excel sync",
    "the audit log",
    "SCIM",
    "the importer",
    "saved reports",
    "roles",
    "PDF invoices",
    "the Slack bot",
    "offline mode",
    "bulk edit",
    "alerts",
    "the calendar",
    "search",
    "sandbox",
];
const FEATURES_SHORT: &[&str] = &[
    "SSO",
    "CSV",
    "API",
    "webhook",
    "dashboard",
    "Excel",
    "audit log",
    "SCIM",
    "PDF",
    "Slack",
    "sandbox",
    "OAuth",
    "iOS",
    "Android",
    "BI",
];

impl Tongue {
    fn speech(self) -> &'static Speech {
        match self {
            Tongue::German => &phrases::GERMAN,
            Tongue::Turkish => &phrases::TURKISH,
            Tongue::Russian => &phrases::RUSSIAN,
            Tongue::Persian => &phrases::PERSIAN,
            Tongue::Japanese => &phrases::JAPANESE,
            _ => &phrases::ENGLISH,
        }
    }

    /// The language in which one note is written: that of the customer, or English as the team writes it.
    pub fn of_note(self, dice: &mut Dice) -> Tongue {
        if dice.chance(550) {
            self
        } else {
            Tongue::English
        }
    }

    /// Writes a person's name: the first name alone, or with the family's.
    pub fn person(self, dice: &mut Dice, out: &mut String) {
        let (first, last, space) = phrases::people(self);
        let (first, last) = (dice.pick(first), dice.pick(last));
        // In Chinese, Japanese and Korean the family's name comes first.
        if matches!(self, Tongue::Chinese | Tongue::Japanese | Tongue::Korean) {
            out.push_str(last);
            out.push_str(space);
            out.push_str(first);
        } else {
            out.push_str(first);
            out.push_str(space);
            out.push_str(last);
        }
    }

    /// Writes a note about `topic` with `person`. A `brief` one has no frame.
    pub fn note(self, dice: &mut Dice, topic: Topic, person: &str, brief: bool, out: &mut String) {
        let speech = self.speech();
        if !brief && dice.chance(450) {
            self.fill(dice, speech.openers, person, out);
            out.push(' ');
        }
        let cores = speech.topics[topic as usize];
        self.fill(dice, cores, person, out);
        if !brief && dice.chance(250) {
            out.push(' ');
            self.fill(dice, cores, person, out);
        }
        if !brief && dice.chance(600) {
            out.push(' ');
            self.fill(dice, speech.closers, person, out);
        }
    }

    /// Writes the subject of a ticket.
    pub fn ticket(self, dice: &mut Dice, out: &mut String) {
        self.fill(dice, self.speech().tickets, "", out);
    }

    /// Writes the words beside an NPS answer.
    pub fn answer(self, dice: &mut Dice, score: i32, out: &mut String) {
        let class = match score {
            0..=6 => 0,
            7..=8 => 1,
            _ => 2,
        };
        self.fill(dice, self.speech().nps[class], "", out);
    }

    fn fill(self, dice: &mut Dice, phrases: &[&'static str], person: &str, out: &mut String) {
        let mut rest = dice.pick(phrases);
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            match rest.as_bytes()[open + 1] {
                b'c' => out.push_str(person),
                b'n' => write!(out, "{}", dice.within(2, 60))
                    .expect("writing to a string does not fail"),
                _ => out.push_str(dice.pick(if self == Tongue::English {
                    FEATURES
                } else {
                    FEATURES_SHORT
                })),
            }
            rest = &rest[open + 3..];
        }
        out.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_something_about_every_topic() {
        use Topic::*;
        let topics = [
            Interest, Start, Checkin, LowUse, Complaint, Repair, Praise, Growth, Renewal, Silence,
            Goodbye,
        ];
        let mut dice = Dice::of(1, 1);
        for tongue in [
            Tongue::English,
            Tongue::German,
            Tongue::Turkish,
            Tongue::Russian,
            Tongue::Persian,
            Tongue::Japanese,
        ] {
            for (at, topic) in topics.into_iter().enumerate() {
                assert_eq!(topic as usize, at);
                for _ in 0..40 {
                    let mut text = String::new();
                    tongue.note(&mut dice, topic, "Ada", false, &mut text);
                    assert!(
                        text.chars().count() > 4 && !text.contains(['{', '}']),
                        "{text}"
                    );
                }
            }
        }
    }
}
