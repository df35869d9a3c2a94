//! Loading many rows as one batch: what imports and the demo book are written with. One transaction, one undo step.

mod known;
mod rival;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use crate::domain::command::{Entity, Receipt};
use crate::domain::config::Config;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::profile::Winner;
use crate::domain::revenue::Version;
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Result};

use super::batch::{self, Batch, json_value};
use super::rules::{Fire, Watch};
use super::{Store, ids, signal, sql, write};
use known::Known;
use rival::Rivals;
pub use rival::{Answers, Difference};

/// What became of a row that was put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// A new row.
    Made,
    /// A row with its key was there and some fields changed.
    Changed,
    /// A row with its key was there and says the same.
    Same,
    /// The file differs from the book, but a person edited the field since it was last imported: the person's value stays.
    Kept,
}

/// A customer as a file has it. `None` fields are not in the file and stay as they are.
#[derive(Clone, Debug, Default)]
pub struct CustomerRow<'a> {
    /// The number of the one that is meant where it was found by another rule than its key.
    pub number: Option<i64>,
    /// Its key in files; mandatory for an import to be repeatable.
    pub external: &'a str,
    /// Display name.
    pub name: &'a str,
    /// Owner.
    pub owner: Option<&'a str>,
    /// Web site.
    pub website: Option<&'a str>,
    /// Telephone.
    pub phone: Option<&'a str>,
    /// Start of the relationship.
    pub created: Option<Day>,
    /// Tags.
    pub tags: Option<Vec<&'a str>>,
    /// Custom attributes: code and value (string, integer or bool).
    pub attributes: Vec<(&'a str, serde_json::Value)>,
}

/// A contact as a file has it.
#[derive(Clone, Debug, Default)]
pub struct ContactRow<'a> {
    /// The number of the one that is meant where it was found by another rule than its key.
    pub number: Option<i64>,
    /// Its key in files.
    pub external: &'a str,
    /// The customer, by the number [`Loader::customer`] gave.
    pub customer: i64,
    /// Display name.
    pub name: &'a str,
    /// Role.
    pub role: &'a str,
    /// E-mail.
    pub email: &'a str,
    /// Telephone.
    pub phone: &'a str,
    /// Main contact.
    pub primary: bool,
}

/// A ticket as a file has it. Its opened and closed events are written with it.
#[derive(Clone, Debug, Default)]
pub struct TicketRow<'a> {
    /// Its key in files.
    pub external: &'a str,
    /// The customer's number.
    pub customer: i64,
    /// Subject.
    pub subject: &'a str,
    /// 1 to 4.
    pub severity: u8,
    /// Opened.
    pub opened: Stamp,
    /// Closed.
    pub closed: Option<Stamp>,
    /// Satisfaction 1-5.
    pub csat: Option<u8>,
}

/// A task as the demo book has it.
#[derive(Clone, Debug, Default)]
pub struct TaskRow<'a> {
    /// The customer's number.
    pub customer: i64,
    /// Title.
    pub title: &'a str,
    /// Due day.
    pub due: Option<Day>,
    /// Owner.
    pub owner: &'a str,
    /// 1 to 3.
    pub priority: u8,
    /// `renewal` or empty.
    pub kind: &'a str,
    /// When it was made.
    pub made: Stamp,
    /// When it was done.
    pub done: Option<Stamp>,
}

/// An event as a file has it. `EventKind` says what `number`, `channel` and `more` hold for a kind.
#[derive(Clone, Debug)]
pub struct EventRow<'a> {
    /// Kind.
    pub kind: EventKind,
    /// The customer's number.
    pub customer: i64,
    /// The contact's number.
    pub contact: Option<i64>,
    /// When.
    pub at: Stamp,
    /// The civil date where the file gives one with its own offset; `None`: the date of `at` in the book's zone.
    pub day: Option<Day>,
    /// Channel code (touch), stage code moved to (stage), status (order, invoice), else empty.
    pub channel: &'a str,
    /// `in`, `out` or empty.
    pub direction: &'a str,
    /// Figure.
    pub number: Option<i64>,
    /// Words.
    pub text: &'a str,
    /// Key in files; an event of the same kind and key is there already: nothing is written twice.
    pub reference: &'a str,
    /// The rest as a JSON object; empty for none.
    pub more: &'a str,
}

/// One batch being loaded. Dropping it undoes everything.
pub struct Loader<'a> {
    batch: Batch<'a>,
    config: &'a mut Arc<Config>,
    seen: &'a mut i64,
    committed: &'a mut Vec<Id>,
    outbox: Option<&'a super::outbox::Outbox>,
    numbers: Option<&'a super::outbox::Outbox>,
    today: Day,
    customers: HashMap<Box<str>, i64>,
    contacts: HashMap<Box<str>, i64>,
    /// The book had customers before, so keys may be in it.
    had_customers: bool,
    had_contacts: bool,
    known: Known,
    rivals: Rivals,
    events: Events,
    /// The customer whose event was put last: events often come customer by customer.
    last: i64,
    firings: usize,
    done: bool,
}

/// What is known of the events that were in the book before and those that this batch has made, so that most new ones
/// need not be looked for.
struct Events {
    state: RandomState,
    /// Hashes of the kinds and references that this batch has made; `None` when the book had events before, or there are
    /// too many to keep: then the book is asked.
    made: Option<HashSet<u64>>,
}

/// Most references that are kept in memory, with nine to eighteen bytes each.
const MOST_REFERENCES: usize = 1 << 20;

impl Events {
    /// Notes a reference; `true` when the book may have it already.
    fn may_have(&mut self, kind: EventKind, reference: &str) -> bool {
        let Some(made) = &mut self.made else { return true };
        if made.len() >= MOST_REFERENCES {
            self.made = None;
            return true;
        }
        !made.insert(self.state.hash_one((kind as u8, reference)))
    }
}

impl<'a> Loader<'a> {
    pub(super) fn begin(store: &'a mut Store, command: &'static str, now: Stamp) -> Result<Loader<'a>> {
        store.writable()?;
        if command == "import"
            && store.mode != super::Mode::Memory
            && store.seen > 0
            && let Err(error) = store.back_up("before-import", now)
        {
            // The load is one step of undo; that it goes on without a backup is told.
            store.told.push(error.message);
        }
        store.roster()?;
        store.name_device(now)?;
        store.begin()?;
        if let Err(error) = store.guard() {
            super::roll_back(&store.conn);
            return Err(error);
        }
        // A load touches every index all over; what does not fit is written twice.
        let room = store.conn.execute_batch(&format!("PRAGMA cache_size = -{LOAD_CACHE}"));
        room.map_err(sql)?;
        // The roster is loaded afresh after a load: rows by the thousand are not brought over one by one.
        store.roster = None;
        store.kept = super::kept::Kept::default();
        let (zone, currency) = (store.config.zone, store.config.currency);
        let batch = Batch::begin(&store.conn, &mut store.ids, &store.who, command, now, zone, None)?;
        let any = |table: &str| -> Result<bool> {
            batch.conn.query_row(&format!("SELECT EXISTS (SELECT 1 FROM {table})"), [], |r| r.get(0)).map_err(sql)
        };
        let (had_customers, had_contacts) = (any("customer")?, any("contact")?);
        let made = if any("event")? { None } else { Some(HashSet::new()) };
        Ok(Loader {
            batch,
            config: &mut store.config,
            seen: &mut store.seen,
            committed: &mut store.committed,
            outbox: store.outbox.as_ref(),
            numbers: store.numbers.as_ref(),
            today: store.today,
            customers: HashMap::new(),
            contacts: HashMap::new(),
            had_customers,
            had_contacts,
            known: Known::default(),
            rivals: Rivals { currency, ..Rivals::default() },
            events: Events { state: RandomState::new(), made },
            last: 0,
            firings: 0,
            done: false,
        })
    }

    /// The book's config with what this batch has set.
    pub fn config(&self) -> &Arc<Config> {
        self.config
    }

    /// The number of the customer with this key, if the book has it.
    pub fn customer(&mut self, external: &str) -> Result<Option<i64>> {
        if let Some(n) = self.customers.get(external) {
            return Ok(Some(*n));
        }
        let found = if self.had_customers { self.lookup("customer", external)? } else { None };
        if let Some(n) = found {
            self.customers.insert(external.into(), n);
        }
        Ok(found)
    }

    /// The number of the contact with this key.
    pub fn contact(&mut self, external: &str) -> Result<Option<i64>> {
        if let Some(n) = self.contacts.get(external) {
            return Ok(Some(*n));
        }
        let found = if self.had_contacts { self.lookup("contact", external)? } else { None };
        if let Some(n) = found {
            self.contacts.insert(external.into(), n);
        }
        Ok(found)
    }

    fn lookup(&self, table: &str, external: &str) -> Result<Option<i64>> {
        if external.is_empty() {
            return Ok(None);
        }
        self.batch
            .conn
            .prepare_cached(&format!("SELECT n FROM {table} WHERE external = ? AND external <> '' AND removed = 0"))
            .and_then(|mut s| s.query_row([external], |r| r.get(0)).optional())
            .map_err(sql)
    }

    /// Sets the fields that differ. Where a person has edited one since it was last imported, the rule says who wins.
    fn update(&mut self, entity: Entity, id: Id, fields: &[(&str, Value)]) -> Result<Outcome> {
        let table = batch::table(entity);
        let mut outcome = Outcome::Same;
        for (field, value) in fields {
            let now = batch::current(self.batch.conn, table, id, field)?.map(|c| c.value);
            if now.as_ref() == Some(value) {
                continue;
            }
            let now = now.unwrap_or(Value::Null);
            if !self.rivals.gives_way(self.batch.conn, table, (id, field), &now, value)? {
                outcome = if outcome == Outcome::Changed { outcome } else { Outcome::Kept };
                continue;
            }
            self.batch.set(entity, id, field, value.clone())?;
            outcome = Outcome::Changed;
        }
        Ok(outcome)
    }

    /// Says who wins where the file and a person have both changed a field, and what was answered to single fields.
    pub fn let_win(&mut self, winner: Winner, answers: Answers) {
        self.rivals.winner = winner;
        self.rivals.answers = answers;
    }

    /// Says when the other side last changed the rows that follow.
    pub fn say_changed(&mut self, at: Option<Stamp>) {
        self.rivals.changed = at;
    }

    /// The fields in which the rows put since the last call and a person's edits disagreed, and whose value stands.
    pub fn take_differences(&mut self) -> Vec<(Difference, Winner)> {
        std::mem::take(&mut self.rivals.found)
    }

    /// Puts a customer; gives its number.
    pub fn put_customer(&mut self, row: &CustomerRow<'_>) -> Result<(i64, Outcome)> {
        let mut tags = row.tags.clone().unwrap_or_default();
        tags.sort_unstable();
        tags.dedup();
        let found = if row.number.is_some() { row.number } else { self.customer(row.external)? };
        if let Some(n) = found {
            let id = ids::named(self.batch.conn, "customer", n)?;
            let mut fields = vec![("name", Value::Text(row.name.into()))];
            if row.number.is_some() && !row.external.is_empty() {
                fields.push(("external", Value::Text(row.external.into())));
                self.customers.insert(row.external.into(), n);
            }
            for (field, value) in [("owner", row.owner), ("website", row.website), ("phone", row.phone)] {
                fields.extend(value.map(|v| (field, Value::Text(v.into()))));
            }
            fields.extend(row.created.map(|d| ("created", Value::Integer(d.number()))));
            let named: Vec<(String, Value)> =
                row.attributes.iter().map(|(code, v)| (format!("attr.{code}"), json_value(Some(v)))).collect();
            fields.extend(named.iter().map(|(code, v)| (code.as_str(), v.clone())));
            let tagged: Vec<String> = tags.iter().map(|t| format!("tag.{t}")).collect();
            fields.extend(tagged.iter().map(|t| (t.as_str(), Value::Integer(1))));
            return Ok((n, self.update(Entity::Customer, id, &fields)?));
        }
        let attributes: serde_json::Map<String, serde_json::Value> =
            row.attributes.iter().map(|(code, v)| ((*code).to_owned(), v.clone())).collect();
        let attributes = serde_json::Value::Object(attributes).to_string();
        let (owner, website, phone) = (row.owner.unwrap_or(""), row.website.unwrap_or(""), row.phone.unwrap_or(""));
        let (n, _) = self
            .batch
            .insert(Entity::Customer, &[&row.external, &row.name, &owner, &website, &phone, &row.created, &tags.join(" "), &attributes])?;
        if !row.external.is_empty() {
            self.customers.insert(row.external.into(), n);
        }
        self.known.add_customer(n, row.name, website);
        self.batch.touched.insert(n);
        Ok((n, Outcome::Made))
    }

    /// Puts a contact; gives its number.
    pub fn put_contact(&mut self, row: &ContactRow<'_>) -> Result<(i64, Outcome)> {
        let main = i64::from(row.primary);
        let found = if row.number.is_some() { row.number } else { self.contact(row.external)? };
        if let Some(n) = found {
            let id = ids::named(self.batch.conn, "contact", n)?;
            let text = |t: &str| Value::Text(t.into());
            let fields = [
                ("name", text(row.name)),
                ("role", text(row.role)),
                ("email", text(row.email)),
                ("phone", text(row.phone)),
                ("main", Value::Integer(main)),
            ];
            return Ok((n, self.update(Entity::Contact, id, &fields)?));
        }
        let (n, _) =
            self.batch.insert(Entity::Contact, &[&row.customer, &row.external, &row.name, &row.role, &row.email, &row.phone, &main])?;
        if !row.external.is_empty() {
            self.contacts.insert(row.external.into(), n);
        }
        self.known.add_contact(n, row.customer, row.name, row.email);
        Ok((n, Outcome::Made))
    }

    /// Puts a ticket with its events.
    pub fn put_ticket(&mut self, row: &TicketRow<'_>) -> Result<Outcome> {
        let severity = i64::from(row.severity.clamp(1, 4));
        let csat = row.csat.map(i64::from);
        let found = self.lookup("ticket", row.external)?;
        let outcome = match found {
            Some(n) => {
                let id = ids::named(self.batch.conn, "ticket", n)?;
                let fields = [
                    ("subject", Value::Text(row.subject.into())),
                    ("severity", Value::Integer(severity)),
                    ("closed", row.closed.map_or(Value::Null, |c| Value::Integer(c.0))),
                    ("csat", csat.map_or(Value::Null, Value::Integer)),
                ];
                self.update(Entity::Ticket, id, &fields)?
            }
            None => {
                self.batch
                    .insert(Entity::Ticket, &[&row.customer, &row.external, &row.subject, &severity, &row.opened, &row.closed, &csat])?;
                self.wake(row.customer, "ticket")?;
                Outcome::Made
            }
        };
        self.batch.touched.insert(row.customer);
        for (step, at) in [("opened", Some(row.opened)), ("closed", row.closed)] {
            let Some(at) = at else { continue };
            let reference = format!("{}:{step}", row.external);
            self.put_event(&EventRow {
                kind: EventKind::Ticket,
                customer: row.customer,
                contact: None,
                at,
                day: None,
                channel: step,
                direction: "",
                number: Some(severity),
                text: row.subject,
                reference: if row.external.is_empty() { "" } else { &reference },
                more: "",
            })?;
        }
        Ok(outcome)
    }

    fn wake(&mut self, customer: i64, arrived: &str) -> Result<()> {
        if !self.had_customers {
            return Ok(());
        }
        let waits: Option<[u8; 16]> = self
            .batch
            .conn
            .prepare_cached("SELECT id FROM customer WHERE n = ? AND snooze_event = ?")
            .and_then(|mut s| s.query_row(params![customer, arrived], |r| r.get(0)).optional())
            .map_err(sql)?;
        if let Some(id) = waits {
            self.batch.set(Entity::Customer, Id(id), "snooze_event", Value::Text(String::new()))?;
        }
        Ok(())
    }

    /// Puts a subscription version (`id` and `customer` of it are not read) of the customer with this number.
    pub fn put_version(&mut self, customer: i64, version: &Version) -> Result<Outcome> {
        let found = self.lookup("subscription", &version.external)?;
        self.batch.touched.insert(customer);
        let Some(n) = found else {
            write::put_version(&mut self.batch, customer, version)?;
            return Ok(Outcome::Made);
        };
        let id = ids::named(self.batch.conn, "subscription", n)?;
        let monthly = crate::domain::revenue::mrr(version).ok_or_else(|| Error::usage("the price does not fit in 64 bits"))?;
        let fields = [
            ("start", Value::Integer(version.start.number())),
            ("end", version.end.map_or(Value::Null, |d| Value::Integer(d.number()))),
            ("amount", Value::Integer(version.amount)),
            ("period", Value::Text(write::interval_code(version.interval).into())),
            ("count", Value::Integer(i64::from(version.count))),
            ("quantity", Value::Integer(i64::from(version.quantity))),
            ("discount", Value::Integer(i64::from(version.discount))),
            ("status", Value::Text(version.status.clone())),
            ("mrr", Value::Integer(monthly)),
        ];
        self.update(Entity::Subscription, id, &fields)
    }

    /// Adds a task (demo only: tasks have no key, so they are never found again).
    pub fn add_task(&mut self, row: &TaskRow<'_>) -> Result<Id> {
        let priority = i64::from(row.priority);
        let (_, id) = self
            .batch
            .insert(Entity::Task, &[&row.customer, &row.title, &row.due, &row.owner, &priority, &row.kind, &row.made, &row.done])?;
        self.batch.touched.insert(row.customer);
        Ok(id)
    }

    /// Writes an event, unless one of the kind with its reference is there.
    pub fn put_event(&mut self, row: &EventRow<'_>) -> Result<Outcome> {
        let day = row.day.unwrap_or_else(|| self.batch.zone.day(row.at));
        // Answers of a checklist say in their reference which question it was; files have none of them.
        if !row.reference.is_empty()
            && row.kind != EventKind::Check
            && self.events.may_have(row.kind, row.reference)
            && let Some(id) = self.event_id(row)?
        {
            let fields = [
                ("text", Value::Text(row.text.into())),
                ("number", row.number.map_or(Value::Null, Value::Integer)),
                ("at", Value::Integer(row.at.0)),
                ("day", Value::Integer(day.number())),
                ("channel", Value::Text(row.channel.into())),
                ("direction", Value::Text(row.direction.into())),
                ("more", Value::Text(row.more.into())),
            ];
            return self.update(Entity::Event, id, &fields);
        }
        let values: [&dyn rusqlite::ToSql; 11] = [
            &row.customer,
            &(row.kind as i64),
            &row.at,
            &day,
            &row.contact,
            &row.channel,
            &row.direction,
            &row.number,
            &row.text,
            &row.reference,
            &row.more,
        ];
        self.batch.insert(Entity::Event, &values)?;
        if row.customer != self.last {
            self.batch.touched.insert(row.customer);
            self.last = row.customer;
        }
        if row.kind == EventKind::Nps {
            self.wake(row.customer, "nps")?;
        }
        Ok(Outcome::Made)
    }

    /// Removes the event of this kind and key; `None` where the book has none.
    pub fn remove_event(&mut self, kind: EventKind, reference: &str) -> Result<Option<Outcome>> {
        let found: Option<(Id, i64)> = self
            .batch
            .conn
            .prepare_cached("SELECT id, customer FROM event WHERE reference = ? AND kind = ? AND reference <> '' AND removed = 0")
            .and_then(|mut s| s.query_row(params![reference, kind as i64], |r| Ok((Id(r.get(0)?), r.get(1)?))).optional())
            .map_err(sql)?;
        let Some((id, customer)) = found else { return Ok(None) };
        self.batch.set(Entity::Event, id, "removed", Value::Integer(1))?;
        self.batch.touched.insert(customer);
        Ok(Some(Outcome::Changed))
    }

    /// The id of the customer with this number.
    pub fn customer_id(&self, n: i64) -> Result<Id> {
        ids::named(self.batch.conn, "customer", n)
    }

    fn event_id(&self, row: &EventRow<'_>) -> Result<Option<Id>> {
        self.batch
            .conn
            .prepare_cached("SELECT id FROM event WHERE reference = ? AND kind = ? AND reference <> '' AND removed = 0")
            .and_then(|mut s| s.query_row(params![row.reference, row.kind as i64], |r| r.get(0).map(Id)).optional())
            .map_err(sql)
    }

    /// True when an event of this kind has this key.
    pub fn has_event(&mut self, kind: EventKind, reference: &str) -> Result<bool> {
        self.batch
            .conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM event WHERE reference = ? AND kind = ? AND reference <> '' AND removed = 0)")
            .and_then(|mut s| s.query_row(params![reference, kind as i64], |r| r.get(0)))
            .map_err(sql)
    }

    /// The first day of the subscription version with this key, if the book has it.
    pub fn version_start(&mut self, external: &str) -> Result<Option<Day>> {
        let Some(n) = self.lookup("subscription", external)? else { return Ok(None) };
        self.batch
            .conn
            .prepare_cached("SELECT start FROM subscription WHERE n = ?")
            .and_then(|mut s| s.query_row([n], |r| r.get::<_, i64>(0)))
            .map(Day::from_number)
            .map_err(sql)
    }

    /// Sets a config key within this batch (stages, attributes).
    pub fn set_config(&mut self, key: &str, value: &str) -> Result<()> {
        let mut trial = (**self.config).clone();
        super::apply_config(&mut trial, key, value)?;
        if key == "scorecards" {
            crate::columns::compile_scorecards(&mut trial)?;
        }
        write::put_config(&mut self.batch, key, Some(value))?;
        *self.config = Arc::new(super::read_config(self.batch.conn)?);
        Ok(())
    }

    /// Lets the rules that alert somebody fire for those whom they hold behind this load, at most `firings` times, as if that had
    /// been in the last days.
    pub fn let_rules_fire(&mut self, firings: usize) {
        self.firings = firings;
    }

    /// Commits. `label` is the line of the activity list. Signals and the full-text index are brought up to date first
    /// (the index of a large load only when somebody is idle or searches).
    pub fn finish(mut self, label: &str) -> Result<Receipt> {
        let changed = self.batch.made + self.batch.edits;
        if self.batch.is_empty() {
            return Ok(Receipt {
                batch: None,
                label: label.to_owned(),
                changed: 0,
                skipped: Vec::new(),
                customers: Vec::new(),
                repeated: false,
                queued: None,
            });
        }
        let touched = std::mem::take(&mut self.batch.touched);
        let conn = self.batch.conn;
        let (config, today) = (self.config.clone(), self.today);
        let all = self.batch.config_touched;
        // One pass over the book reads in its order; a few customers are read faster one by one.
        let customers: i64 = conn.query_row("SELECT count(*) FROM customer", [], |r| r.get(0)).map_err(sql)?;
        if all || touched.len() > 500.max(usize::try_from(customers).unwrap_or(0) / 4) {
            signal::fold_all(conn, &config, today, |n, signals| {
                if all || touched.contains(&n) { signal::keep(conn, n, &signals, &config.stages) } else { Ok(()) }
            })?;
        } else {
            for customer in &touched {
                signal::refresh(conn, *customer, &config, today)?;
            }
        }
        self.batch.touched = touched;
        // Who came with this load came with a past: rules begin with it, and fire for those who were here before.
        let watch = Watch::of(&config);
        let fired = watch.behind(&mut self.batch, today, Fire::Known)?.len();
        watch.fire_held(&mut self.batch, today, self.firings)?;
        let label = if fired > 0 { format!("{label}; rules fired for {fired} customers") } else { label.to_owned() };
        let label = label.as_str();
        self.batch.finish(label)?;
        if let Some(outbox) = self.outbox {
            outbox.add(&[super::transact::line_of(conn, self.batch.n, super::key_of_book(conn)?)?])?;
        }
        if let Some(numbers) = self.numbers {
            // As in a write: what cannot be noted is no reason to refuse the load.
            let _ = numbers.mark(conn, self.batch.n);
        }
        if let Err(error) = conn.execute_batch("COMMIT") {
            // A load is done again from its files, never from the outbox.
            if let Some(outbox) = self.outbox {
                outbox.void(self.batch.id)?;
            }
            return Err(sql(error));
        }
        self.done = true;
        *self.seen = self.batch.n;
        self.committed.push(self.batch.id);
        Ok(Receipt {
            batch: Some(self.batch.id),
            label: label.to_owned(),
            changed,
            skipped: Vec::new(),
            customers: Vec::new(),
            repeated: false,
            queued: None,
        })
    }

    /// Takes everything back (a dry run, Ctrl-C).
    pub fn abandon(self) {}
}

/// Pages kept in memory while loading or merging, KiB; otherwise what opening sets.
pub(super) const LOAD_CACHE: u32 = 48_000;

impl Drop for Loader<'_> {
    fn drop(&mut self) {
        if !self.done {
            let _ = self.batch.conn.execute_batch("ROLLBACK");
            if let Ok(config) = super::read_config(self.batch.conn) {
                *self.config = Arc::new(config);
            }
        }
        let _ = self.batch.conn.execute_batch(&format!("PRAGMA cache_size = -{}", super::open::CACHE));
    }
}
