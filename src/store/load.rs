//! Loading many rows as one batch: what imports and the demo book are written with. One transaction, one undo step.

mod known;
mod rival;
mod rows;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{OptionalExtension, params};

use crate::domain::command::{Entity, Receipt};
use crate::domain::config::Config;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::profile::Winner;
use crate::domain::revenue::{self, Version};
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Result};

use super::answer::account::{VERSION, version_of};
use super::batch::{self, Batch, OWNER, Start, json_value};
use super::rules::{Fire, Watch};
use super::{Store, ids, signal, write};
use known::Known;
use rival::Rivals;
pub use rival::{Answers, Difference};
use rows::{Cell, place};
pub use rows::{ContactRow, CustomerRow, EventRow, More, TaskRow, TicketRow, VersionRow};

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

/// A field of which a row says something else than stands there.
struct Said {
    field: String,
    mine: Value,
    theirs: Value,
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
    /// Columns in which rows say something else than the book, which cannot be written a second time: table and column.
    fixed: Vec<(&'static str, &'static str)>,
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
        let Some(made) = &mut self.made else {
            return true;
        };
        if made.len() >= MOST_REFERENCES {
            self.made = None;
            return true;
        }
        !made.insert(self.state.hash_one((kind as u8, reference)))
    }
}

impl<'a> Loader<'a> {
    pub(super) fn begin(
        store: &'a mut Store,
        command: &'static str,
        now: Stamp,
    ) -> Result<Loader<'a>> {
        store.writable()?;
        if command == "import"
            && store.mode != super::Mode::Memory
            && store.seen > 0
            && let Err(error) = store.back_up("before-import", now)
        {
            // The load is one step of undo; that it goes on without a backup is told.
            store.told.push(error.message.to_string());
        }
        if command == "import" && store.seen > 0 {
            // It may bring settings.
            store.ask_before_settings(now);
        }
        store.roster()?;
        store.name_device(now)?;
        store.now = store.now.max(now);
        store.begin_behind_others()?;
        let looked = store.inside().and_then(|()| {
            // A load touches every index all over; what does not fit is written twice.
            store
                .conn
                .execute_batch(&format!("PRAGMA cache_size = -{LOAD_CACHE}"))?;
            let any = |table: &str| -> Result<bool> {
                store
                    .conn
                    .query_row(&format!("SELECT EXISTS (SELECT 1 FROM {table})"), [], |r| {
                        r.get(0)
                    })
                    .map_err(Into::into)
            };
            Ok([any("customer")?, any("contact")?, any("event")?])
        });
        // The roster is loaded afresh after a load: rows by the thousand are not brought over one by one.
        store.roster = None;
        store.kept = super::kept::Kept::default();
        let (zone, currency) = (store.config.zone, store.config.currency);
        let conn = &store.conn;
        let start = Start {
            command,
            now,
            zone,
            undoes: None,
            upto: None,
            taken: store.outbox_known.number(),
            signer: store.signer.clone(),
        };
        let begun = looked
            .and_then(|had| Ok((had, Batch::begin(conn, &mut store.ids, &store.who, start)?)));
        let ([had_customers, had_contacts, had_events], batch) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                super::roll_back(conn);
                let _ = conn.execute_batch(&format!("PRAGMA cache_size = -{}", super::open::CACHE));
                return Err(error);
            }
        };
        let made = if had_events {
            None
        } else {
            Some(HashSet::new())
        };
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
            rivals: Rivals {
                currency,
                ..Rivals::default()
            },
            fixed: Vec::new(),
            events: Events {
                state: RandomState::new(),
                made,
            },
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
        let found = if self.had_customers {
            self.lookup("customer", external)?
        } else {
            None
        };
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
        let found = if self.had_contacts {
            self.lookup("contact", external)?
        } else {
            None
        };
        if let Some(n) = found {
            self.contacts.insert(external.into(), n);
        }
        Ok(found)
    }

    /// The row with a key. Where several have it, it is the same one in every copy of the book: integers are this file's own.
    fn lookup(&self, table: &str, external: &str) -> Result<Option<i64>> {
        if external.is_empty() {
            return Ok(None);
        }
        self.batch
            .conn
            .prepare_cached(&format!("SELECT n FROM {table} WHERE external = ? AND external <> '' AND removed = 0 ORDER BY id LIMIT 1"))
            .and_then(|mut s| s.query_row([external], |r| r.get(0)).optional())
            .map_err(Into::into)
    }

    /// Makes a row.
    fn make<const N: usize>(&mut self, entity: Entity, cells: &[Cell<'_>; N]) -> Result<i64> {
        let bound = cells.each_ref().map(Cell::bound);
        let values = bound.each_ref().map(|value| value as &dyn rusqlite::ToSql);
        self.batch.insert(entity, &values).map(|made| made.0)
    }

    /// Sets the fields that a row says otherwise than the book: those of its columns, then `parts`, which are fields but no columns.
    /// Where a person has edited one since it was last imported, the rule says who wins.
    fn update<const N: usize>(
        &mut self,
        entity: Entity,
        n: i64,
        cells: &[Cell<'_>; N],
        parts: Vec<(String, Value)>,
        more: Option<&More<'_>>,
    ) -> Result<Outcome> {
        let table = batch::table(entity);
        let (id, mut differ) = self.differing(table, n, cells)?;
        for (field, theirs) in parts {
            let mine = batch::current(self.batch.conn, table, id, &field)?
                .map_or(Value::Null, |c| c.value);
            if mine != theirs {
                differ.push(Said {
                    field,
                    mine,
                    theirs,
                });
            }
        }
        let mut outcome = Outcome::Same;
        for Said {
            field,
            mine,
            theirs,
        } in differ
        {
            let conn = self.batch.conn;
            let said = |earlier: &Value| match (earlier, more) {
                (Value::Text(text), Some(more)) if field == "more" => more.is_said_by(text),
                _ => *earlier == theirs,
            };
            if self
                .rivals
                .gives_way(conn, table, (id, &field), &mine, &theirs, &said)?
            {
                self.batch.set(entity, id, &field, theirs)?;
                outcome = Outcome::Changed;
            } else if outcome == Outcome::Same {
                outcome = Outcome::Kept;
            }
        }
        Ok(outcome)
    }

    /// The id of a row, and the fields of its columns that are said otherwise than they stand.
    fn differing<const N: usize>(
        &mut self,
        table: &'static batch::Table,
        n: i64,
        cells: &[Cell<'_>; N],
    ) -> Result<(Id, Vec<Said>)> {
        debug_assert_eq!(
            N,
            table.columns.len(),
            "one cell a column of {}",
            table.name
        );
        let conn = self.batch.conn;
        let query = format!(
            "SELECT id, {} FROM {} WHERE n = ?",
            table.columns.join(", "),
            table.name
        );
        let mut statement = conn.prepare_cached(&query)?;
        let mut rows = statement.query([n])?;
        let row = rows.next()?.ok_or_else(|| {
            Error::failed(format!("A {} is gone", table.name)).hint("retain doctor")
        })?;
        let mut differ = Vec::new();
        for (at, (column, cell)) in table.columns.iter().zip(cells).enumerate() {
            let mine = row.get_ref(at + 1)?;
            if !cell.said || mine == cell.value {
                continue;
            }
            if !table.fields.contains(column) {
                self.fixed.push((table.name, column));
                continue;
            }
            let plain = |value: ValueRef<'_>| match value {
                ValueRef::Integer(n) if *column == OWNER => {
                    ids::named(conn, "customer", n).map(|id| Value::Blob(id.0.to_vec()))
                }
                value => Value::try_from(value).map_err(|e| Error::from(rusqlite::Error::from(e))),
            };
            differ.push(Said {
                field: (*column).to_owned(),
                mine: plain(mine)?,
                theirs: plain(cell.value)?,
            });
        }
        Ok((row.get(0).map(Id)?, differ))
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

    /// The columns in which the rows put since the last call say something else than the book, and which stay: table and column.
    pub fn take_fixed(&mut self) -> Vec<(&'static str, &'static str)> {
        std::mem::take(&mut self.fixed)
    }

    /// Puts a customer; gives its number.
    pub fn put_customer(&mut self, row: &CustomerRow<'_>) -> Result<(i64, Outcome)> {
        let mut tags = row.tags.clone().unwrap_or_default();
        tags.sort_unstable();
        tags.dedup();
        let found = if row.number.is_some() {
            row.number
        } else {
            self.customer(row.external)?
        };
        if let Some(n) = found {
            if !row.external.is_empty() {
                self.customers.insert(row.external.into(), n);
            }
            let attributes = row
                .attributes
                .iter()
                .map(|(code, v)| (format!("attr.{code}"), json_value(Some(v))));
            let parts = attributes
                .chain(tags.iter().map(|t| (format!("tag.{t}"), Value::Integer(1))))
                .collect();
            return Ok((
                n,
                self.update(Entity::Customer, n, &row.cells("", ""), parts, None)?,
            ));
        }
        let attributes: serde_json::Map<String, serde_json::Value> = row
            .attributes
            .iter()
            .map(|(code, v)| ((*code).to_owned(), v.clone()))
            .collect();
        let attributes = serde_json::Value::Object(attributes).to_string();
        let n = self.make(Entity::Customer, &row.cells(&tags.join(" "), &attributes))?;
        if !row.external.is_empty() {
            self.customers.insert(row.external.into(), n);
        }
        self.known
            .add_customer(n, row.name, row.website.unwrap_or(""));
        self.batch.touched.insert(n);
        Ok((n, Outcome::Made))
    }

    /// Puts a contact; gives its number.
    pub fn put_contact(&mut self, row: &ContactRow<'_>) -> Result<(i64, Outcome)> {
        let found = if row.number.is_some() {
            row.number
        } else {
            self.contact(row.external)?
        };
        let (name, email) = (
            row.name.or(row.email).unwrap_or(""),
            row.email.unwrap_or(""),
        );
        if let Some(n) = found {
            let outcome = self.update(Entity::Contact, n, &row.cells(), Vec::new(), None)?;
            if outcome == Outcome::Changed {
                self.known.add_contact(n, row.customer, name, email);
            }
            return Ok((n, outcome));
        }
        let n = self.make(Entity::Contact, &row.cells())?;
        if !row.external.is_empty() {
            self.contacts.insert(row.external.into(), n);
        }
        self.known.add_contact(n, row.customer, name, email);
        Ok((n, Outcome::Made))
    }

    /// Puts a ticket with its events.
    pub fn put_ticket(&mut self, row: &TicketRow<'_>) -> Result<Outcome> {
        let (n, outcome) = match self.lookup("ticket", row.external)? {
            Some(n) => (
                n,
                self.update(Entity::Ticket, n, &row.cells(), Vec::new(), None)?,
            ),
            None => {
                let n = self.make(Entity::Ticket, &row.cells())?;
                self.wake(row.customer, "ticket")?;
                (n, Outcome::Made)
            }
        };
        self.batch.touched.insert(row.customer);
        self.put_steps(n, row, outcome)?;
        Ok(outcome)
    }

    /// Brings the steps of a ticket on the timeline in line with it; one that is open again has not been closed. Where the ticket says
    /// something else than the file, which is a person's word, the file says nothing of its steps either.
    fn put_steps(&mut self, n: i64, row: &TicketRow<'_>, outcome: Outcome) -> Result<()> {
        let (customer, subject, severity, opened, closed) = self
            .batch
            .conn
            .prepare_cached(
                "SELECT customer, subject, severity, opened, closed FROM ticket WHERE n = ?",
            )
            .and_then(|mut s| {
                s.query_row([n], |r| {
                    let subject = super::search::text_at_raw(r, 1)?;
                    Ok((
                        r.get(0)?,
                        subject,
                        r.get::<_, i64>(2)?,
                        Stamp(r.get(3)?),
                        r.get::<_, Option<i64>>(4)?.map(Stamp),
                    ))
                })
            })?;
        for (step, at, agrees) in [
            ("opened", Some(opened), row.opened == opened),
            ("closed", closed, row.closed == Some(closed)),
        ] {
            let reference = if row.external.is_empty() {
                String::new()
            } else {
                format!("{}:{step}", row.external)
            };
            let Some(at) = at else {
                if agrees && outcome != Outcome::Made {
                    self.remove_event(EventKind::Ticket, &reference)?;
                }
                continue;
            };
            let unsaid = step == "closed" && row.closed.is_none();
            if unsaid
                && (outcome != Outcome::Changed
                    || !self.has_event(EventKind::Ticket, &reference)?)
            {
                continue;
            }
            let event = EventRow {
                channel: Some(step),
                number: Some(Some(severity)),
                text: Some(&subject),
                reference: &reference,
                ..EventRow::new(EventKind::Ticket, customer, at)
            };
            let agree = [
                (OWNER, row.customer == customer),
                ("at", agrees),
                ("day", agrees),
                ("number", row.severity.map(i64::from) == Some(severity)),
                ("text", row.subject == Some(&subject)),
            ];
            self.put_event_but(
                &event,
                &agree.map(|(column, agrees)| if agrees { "" } else { column }),
            )?;
        }
        Ok(())
    }

    fn wake(&mut self, customer: i64, arrived: &str) -> Result<()> {
        if !self.had_customers {
            return Ok(());
        }
        let waits: Option<[u8; 16]> = self
            .batch
            .conn
            .prepare_cached("SELECT id FROM customer WHERE n = ? AND snooze_event = ?")
            .and_then(|mut s| {
                s.query_row(params![customer, arrived], |r| r.get(0))
                    .optional()
            })?;
        if let Some(id) = waits {
            self.batch.set(
                Entity::Customer,
                Id(id),
                "snooze_event",
                Value::Text(String::new()),
            )?;
        }
        Ok(())
    }

    /// The subscription version with this key, if the book has it.
    pub fn version(&mut self, external: &str) -> Result<Option<Version>> {
        let Some(n) = self.lookup("subscription", external)? else {
            return Ok(None);
        };
        self.version_of(n).map(Some)
    }

    fn version_of(&self, n: i64) -> Result<Version> {
        self.batch
            .conn
            .prepare_cached(&format!("SELECT {VERSION} FROM subscription WHERE n = ?"))
            .and_then(|mut s| s.query_row([n], |r| version_of(r, Id::default())))
            .map_err(Into::into)
    }

    /// Puts a subscription version. What it comes to a month follows from what stands then.
    pub fn put_version(&mut self, row: &VersionRow<'_>) -> Result<Outcome> {
        let monthly = |version: &Version| {
            revenue::mrr(version).ok_or_else(|| Error::usage(say!("load.price_does_not_fit")))
        };
        let currency = self.rivals.currency;
        self.batch.touched.insert(row.customer);
        let Some(n) = self.lookup("subscription", row.external)? else {
            let monthly = monthly(&row.over(None, currency))?;
            self.make(Entity::Subscription, &row.cells(currency.code(), monthly))?;
            return Ok(Outcome::Made);
        };
        let outcome = self.update(
            Entity::Subscription,
            n,
            &row.cells(currency.code(), 0),
            Vec::new(),
            None,
        )?;
        if outcome == Outcome::Changed {
            let monthly = monthly(&self.version_of(n)?)?;
            let id = ids::named(self.batch.conn, "subscription", n)?;
            self.batch
                .set(Entity::Subscription, id, "mrr", Value::Integer(monthly))?;
        }
        Ok(outcome)
    }

    /// Adds a task (demo only: tasks have no key, so they are never found again).
    pub fn add_task(&mut self, row: &TaskRow<'_>) -> Result<Id> {
        let priority = i64::from(row.priority);
        let (_, id) = self.batch.insert(
            Entity::Task,
            &[
                &row.customer,
                &row.title,
                &row.due,
                &row.owner,
                &priority,
                &row.kind,
                &row.made,
                &row.done,
            ],
        )?;
        self.batch.touched.insert(row.customer);
        Ok(id)
    }

    /// Puts an event; one of the kind with its reference is brought in line.
    pub fn put_event(&mut self, row: &EventRow<'_>) -> Result<Outcome> {
        self.put_event_but(row, &[])
    }

    /// The same for an event of which some columns are only said of a new one.
    fn put_event_but(&mut self, row: &EventRow<'_>, unsaid: &[&str]) -> Result<Outcome> {
        let day = row.day.unwrap_or_else(|| self.batch.zone.day(row.at));
        // Answers of a checklist say in their reference which question it was; files have none of them.
        if !row.reference.is_empty()
            && row.kind != EventKind::Check
            && self.events.may_have(row.kind, row.reference)
            && let Some((n, _)) = self.event(row.kind, row.reference)?
        {
            let more = self.more_of(n, &row.more)?;
            let mut cells = row.cells(day, more.as_deref().map_or(Cell::new(""), Cell::said));
            for at in unsaid
                .iter()
                .filter_map(|column| place(batch::table(Entity::Event), column))
            {
                cells[at].said = false;
            }
            return self.update(Entity::Event, n, &cells, Vec::new(), Some(&row.more));
        }
        self.make(Entity::Event, &row.cells(day, Cell::said(row.more.says)))?;
        if row.customer != self.last {
            self.batch.touched.insert(row.customer);
            self.last = row.customer;
        }
        if row.kind == EventKind::Nps {
            self.wake(row.customer, "nps")?;
        }
        Ok(Outcome::Made)
    }

    /// The rest of an event that is there, with what is said of it; `None` where nothing is.
    fn more_of(&self, n: i64, more: &More<'_>) -> Result<Option<String>> {
        if more.has.is_empty() {
            return Ok(None);
        }
        let there = self
            .batch
            .conn
            .prepare_cached("SELECT more FROM event WHERE n = ?")
            .and_then(|mut s| s.query_row([n], |r| super::search::text_at_raw(r, 0)))?;
        Ok(Some(more.over(&there)))
    }

    /// Removes the event of this kind and key, unless a person has brought it back; `None` where the book has none.
    pub fn remove_event(&mut self, kind: EventKind, reference: &str) -> Result<Option<Outcome>> {
        let Some((n, customer)) = self.event(kind, reference)? else {
            return Ok(None);
        };
        let conn = self.batch.conn;
        let (id, gone) = (ids::named(conn, "event", n)?, Value::Integer(1));
        let (table, field) = (batch::table(Entity::Event), "removed");
        if !self.rivals.gives_way(
            conn,
            table,
            (id, field),
            &Value::Integer(0),
            &gone,
            &|earlier| *earlier == gone,
        )? {
            return Ok(Some(Outcome::Kept));
        }
        self.batch.set(Entity::Event, id, field, gone)?;
        self.batch.touched.insert(customer);
        Ok(Some(Outcome::Changed))
    }

    /// The id of the customer with this number.
    pub fn customer_id(&self, n: i64) -> Result<Id> {
        ids::named(self.batch.conn, "customer", n)
    }

    /// The event of a kind with a key, and its customer; of several the same in every copy of the book.
    fn event(&self, kind: EventKind, reference: &str) -> Result<Option<(i64, i64)>> {
        let query = "SELECT n, customer FROM event WHERE reference = ? AND kind = ? AND reference <> '' AND removed = 0 ORDER BY id LIMIT 1";
        self.batch
            .conn
            .prepare_cached(query)
            .and_then(|mut s| {
                s.query_row(params![reference, kind as i64], |r| {
                    Ok((r.get(0)?, r.get(1)?))
                })
                .optional()
            })
            .map_err(Into::into)
    }

    /// True when an event of this kind has this key.
    pub fn has_event(&mut self, kind: EventKind, reference: &str) -> Result<bool> {
        Ok(self.event(kind, reference)?.is_some())
    }

    /// When the ticket with this key was closed; `None` where it is open or not in the book.
    pub fn ticket_closed(&mut self, external: &str) -> Result<Option<Stamp>> {
        let Some(n) = self.lookup("ticket", external)? else {
            return Ok(None);
        };
        self.batch
            .conn
            .prepare_cached("SELECT closed FROM ticket WHERE n = ?")
            .and_then(|mut s| s.query_row([n], |r| Ok(r.get::<_, Option<i64>>(0)?.map(Stamp))))
            .map_err(Into::into)
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
        let conn = self.batch.conn;
        let (config, today) = (self.config.clone(), self.today);
        if self.batch.config_touched {
            signal::keep_all(conn, &config, today)?;
        } else {
            signal::refresh_all(conn, &self.batch.touched, &config, today)?;
        }
        // Who came with this load came with a past: rules begin with it, and fire for those who were here before.
        let watch = Watch::of(&config);
        let fired = watch.behind(&mut self.batch, today, Fire::Known)?.len();
        watch.fire_held(&mut self.batch, today, self.firings)?;
        let label = if fired > 0 {
            say!(
                "load.rules_fired_for_customers",
                label = label,
                fired = fired
            )
            .to_string()
        } else {
            label.to_owned()
        };
        let label = label.as_str();
        self.batch.finish(label)?;
        if let Some(outbox) = self.outbox {
            outbox.add(&[super::transact::line_of(
                conn,
                self.batch.n,
                super::key_of_book(conn)?,
            )?])?;
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
            return Err(Error::from(error));
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
        let _ = self
            .batch
            .conn
            .execute_batch(&format!("PRAGMA cache_size = -{}", super::open::CACHE));
    }
}

#[cfg(test)]
mod tests;
