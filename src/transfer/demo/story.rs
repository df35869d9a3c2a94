//! One customer's story as it will be written: buffers that are filled again for each customer, words in one heap.

use crate::domain::event::EventKind;
use crate::domain::revenue::Version;

/// A piece of the story's heap.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span(u32, u32);

/// When something happened: days from today (negative is past) and the minute of that day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct When {
    /// Days from today.
    pub day: i32,
    /// Minutes after midnight.
    pub minute: u16,
}

/// A person at the customer.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// Name.
    pub name: Span,
    /// Role.
    pub role: &'static str,
    /// E-mail.
    pub email: Span,
    /// Telephone.
    pub phone: Span,
}

/// A ticket.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    /// Subject.
    pub subject: Span,
    /// 1 to 4.
    pub severity: u8,
    /// Opened.
    pub opened: When,
    /// Closed.
    pub closed: Option<When>,
    /// Satisfaction 1-5.
    pub csat: Option<u8>,
}

/// A task.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// Title.
    pub title: &'static str,
    /// Due, days from today.
    pub due: i32,
    /// 1 to 3.
    pub priority: u8,
    /// `renewal` or empty.
    pub kind: &'static str,
    /// Made.
    pub made: When,
    /// Done.
    pub done: Option<When>,
}

/// An event.
#[derive(Clone, Copy, Debug)]
pub struct Happening {
    /// Kind.
    pub kind: EventKind,
    /// Place in [`Story::people`].
    pub person: Option<u8>,
    /// When.
    pub when: When,
    /// Channel, stage or status.
    pub channel: &'static str,
    /// `in`, `out` or empty.
    pub direction: &'static str,
    /// Code of the question that was answered, else empty.
    pub reference: &'static str,
    /// Figure.
    pub number: Option<i64>,
    /// Words.
    pub text: Span,
    /// JSON object, or empty.
    pub more: Span,
}

/// Everything of one customer.
#[derive(Debug, Default)]
pub struct Story {
    heap: String,
    /// Display name.
    pub name: Span,
    /// Our person.
    pub owner: &'static str,
    /// Web site.
    pub website: Span,
    /// Telephone.
    pub phone: Span,
    /// Start, days from today.
    pub created: i32,
    /// Tags.
    pub tags: Vec<&'static str>,
    /// Attribute `segment`.
    pub segment: &'static str,
    /// Attribute `country`.
    pub country: &'static str,
    /// Attribute `industry`.
    pub industry: &'static str,
    /// Attribute `channel`: how they came to us.
    pub channel: &'static str,
    /// People, main one first.
    pub people: Vec<Person>,
    /// Tickets.
    pub tickets: Vec<Ticket>,
    /// Tasks.
    pub tasks: Vec<Task>,
    /// Subscription versions.
    pub versions: Vec<Version>,
    /// Events but those of tickets, by time when the story is whole.
    pub events: Vec<Happening>,
}

impl Story {
    /// Empties the story and keeps its buffers.
    pub fn clear(&mut self) {
        self.heap.clear();
        self.tags.clear();
        self.people.clear();
        self.tickets.clear();
        self.tasks.clear();
        self.versions.clear();
        self.events.clear();
    }

    /// Keeps what `write` adds to the heap.
    pub fn say(&mut self, write: impl FnOnce(&mut String)) -> Span {
        let start = self.heap.len();
        write(&mut self.heap);
        Span(start as u32, self.heap.len() as u32)
    }

    /// The words of a span.
    pub fn words(&self, span: Span) -> &str {
        &self.heap[span.0 as usize..span.1 as usize]
    }

    /// How many events the book will have of it: a ticket has one for each step.
    pub fn size(&self) -> i32 {
        let steps: usize = self
            .tickets
            .iter()
            .map(|t| 1 + usize::from(t.closed.is_some()))
            .sum();
        (self.events.len() + steps) as i32
    }

    /// Adds an event without a person and a channel.
    pub fn add(
        &mut self,
        kind: EventKind,
        when: When,
        number: Option<i64>,
        text: Span,
        more: Span,
    ) -> &mut Happening {
        self.events.push(Happening {
            kind,
            person: None,
            when,
            channel: "",
            direction: "",
            reference: "",
            number,
            text,
            more,
        });
        self.events
            .last_mut()
            .expect("an event was pushed just now")
    }

    /// Puts the events in order of time; those of one moment keep the order of their telling.
    pub fn settle(&mut self) {
        self.events.sort_by_key(|e| e.when);
    }
}
