//! The demo book: made-up customers with stories that hang together, the same for the same seed and day.

mod dice;
mod names;
mod plot;
mod speech;
mod story;
mod tell;

use chrono::NaiveTime;

use crate::domain::command::Receipt;
use crate::domain::event::EventKind;
use crate::domain::time::{Day, Stamp, Zone};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::load::{
    ContactRow, CustomerRow, EventRow, Loader, More, TaskRow, TicketRow, VersionRow,
};
use story::{Story, When};
use tell::Author;

pub use tell::OWNERS;

/// What the demo book is to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DemoOptions {
    /// How many customers. Up to 1,000 have about 60 events each, 100,000 have 20, a million 10.
    pub customers: usize,
    /// How many months back the stories reach, 14 to 120.
    pub months: u32,
    /// The same seed and day give the same book.
    pub seed: u64,
    /// The day on which the stories stand: nothing has happened on it yet.
    pub today: Day,
}

impl DemoOptions {
    /// The usual demo book as of `today`: 300 customers over 18 months.
    pub fn new(today: Day) -> DemoOptions {
        DemoOptions {
            customers: 300,
            months: 18,
            seed: 1,
            today,
        }
    }
}

/// The attributes that demo customers have: code, label, type.
const ATTRIBUTES: &[(&str, &str, &str)] = &[
    ("segment", "Segment", "enum"),
    ("country", "Country", "text"),
    ("industry", "Industry", "text"),
    ("channel", "How they came", "enum"),
];

/// The most customers that a demo book may have.
const MOST: usize = 5_000_000;

/// Writes the demo book as one batch. `progress` is told how many customers are written, every hundred and at the end.
///
/// # Errors
/// A book that has demo customers already is refused: their events would be there twice.
pub fn write(
    store: &mut Store,
    options: &DemoOptions,
    now: Stamp,
    progress: &mut dyn FnMut(usize),
) -> Result<Receipt> {
    if options.customers > MOST {
        return Err(Error::usage(format!(
            "A demo book has at most {MOST} customers"
        )));
    }
    let zone = store.config().zone;
    let mut loader = store.load("demo", now)?;
    if loader.customer(&key(0))?.is_some() {
        loader.abandon();
        return Err(Error::usage("This book has the demo customers already")
            .hint("Write the demo into a new book"));
    }
    for (code, label, kind) in ATTRIBUTES {
        let table = format!("code = \"{code}\"\nlabel = \"{label}\"\ntype = \"{kind}\"\n");
        loader.set_config(&format!("attribute.{code}"), &table)?;
    }
    let author = Author::new(
        options.customers,
        options.months,
        options.seed,
        options.today,
    );
    let calendar = Calendar {
        today: options.today,
        zone,
    };
    let mut story = Story::default();
    let mut people = Vec::new();
    for index in 0..options.customers {
        author.tell(index, &mut story);
        put(&mut loader, &calendar, index, &story, &mut people)?;
        if (index + 1) % 100 == 0 || index + 1 == options.customers {
            progress(index + 1);
        }
    }
    loader.let_rules_fire(FIRINGS);
    loader.finish(&format!("Demo book: {} customers", options.customers))
}

/// Firings of rules that a demo book begins with, at most: a team that has worked with it for some days.
const FIRINGS: usize = 2000;

/// The key in files of the customer at `index`.
fn key(index: usize) -> String {
    format!("D{:07}", index + 1)
}

/// Turns days of a story into days and moments of the book.
struct Calendar {
    today: Day,
    zone: Zone,
}

impl Calendar {
    fn day(&self, day: i32) -> Day {
        self.today.plus(i64::from(day))
    }

    fn stamp(&self, when: When) -> Stamp {
        let time = NaiveTime::from_num_seconds_from_midnight_opt(u32::from(when.minute) * 60, 0);
        self.zone
            .stamp(self.day(when.day), time.unwrap_or_default())
    }
}

/// Writes one story. `people` is a buffer for the numbers of its contacts.
fn put(
    loader: &mut Loader<'_>,
    calendar: &Calendar,
    index: usize,
    story: &Story,
    people: &mut Vec<i64>,
) -> Result<()> {
    let external = key(index);
    let (customer, _) = loader.put_customer(&CustomerRow {
        number: None,
        external: &external,
        name: story.words(story.name),
        owner: Some(story.owner),
        website: Some(story.words(story.website)),
        phone: Some(story.words(story.phone)),
        created: Some(calendar.day(story.created)),
        tags: (!story.tags.is_empty()).then(|| story.tags.clone()),
        attributes: vec![
            ("segment", story.segment.into()),
            ("country", story.country.into()),
            ("industry", story.industry.into()),
            ("channel", story.channel.into()),
        ],
    })?;
    people.clear();
    for (nth, person) in story.people.iter().enumerate() {
        let (number, _) = loader.put_contact(&ContactRow {
            number: None,
            external: &format!("{external}-{}", nth + 1),
            customer,
            name: Some(story.words(person.name)),
            role: Some(person.role),
            email: Some(story.words(person.email)),
            phone: Some(story.words(person.phone)),
            primary: Some(nth == 0),
        })?;
        people.push(number);
    }
    for version in &story.versions {
        loader.put_version(&VersionRow::whole(customer, version))?;
    }
    put_events(loader, calendar, customer, story, people)?;
    for (nth, ticket) in story.tickets.iter().enumerate() {
        loader.put_ticket(&TicketRow {
            external: &format!("T{:07}-{}", index + 1, nth + 1),
            customer,
            subject: Some(story.words(ticket.subject)),
            severity: Some(ticket.severity),
            opened: calendar.stamp(ticket.opened),
            closed: Some(ticket.closed.map(|w| calendar.stamp(w))),
            csat: Some(ticket.csat),
        })?;
    }
    put_tasks(loader, calendar, customer, story)
}

fn put_events(
    loader: &mut Loader<'_>,
    calendar: &Calendar,
    customer: i64,
    story: &Story,
    people: &[i64],
) -> Result<()> {
    for event in &story.events {
        loader.put_event(&EventRow {
            kind: event.kind,
            customer,
            contact: Some(
                event
                    .person
                    .and_then(|p| people.get(usize::from(p)).copied()),
            ),
            at: calendar.stamp(event.when),
            day: Some(calendar.day(event.when.day)),
            channel: Some(event.channel),
            direction: Some(event.direction),
            number: Some(event.number),
            text: Some(story.words(event.text)),
            reference: event.reference,
            more: More {
                says: story.words(event.more),
                has: &[],
            },
        })?;
    }
    Ok(())
}

/// Writes tasks; one that is done has its event as well, as when a person marks it.
fn put_tasks(
    loader: &mut Loader<'_>,
    calendar: &Calendar,
    customer: i64,
    story: &Story,
) -> Result<()> {
    for task in &story.tasks {
        let done = task.done.map(|w| (calendar.stamp(w), calendar.day(w.day)));
        let id = loader.add_task(&TaskRow {
            customer,
            title: task.title,
            due: Some(calendar.day(task.due)),
            owner: story.owner,
            priority: task.priority,
            kind: task.kind,
            made: calendar.stamp(task.made),
            done: done.map(|(at, _)| at),
        })?;
        let Some((at, day)) = done else { continue };
        loader.put_event(&EventRow {
            day: Some(day),
            text: Some(task.title),
            reference: &id.to_string(),
            ..EventRow::new(EventKind::Task, customer, at)
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
