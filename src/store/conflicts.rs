//! Fields of which copies of the book say different things: listed with every value, decided by one more edit.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use crate::domain::command::Entity;
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::money::{self, Currency};
use crate::domain::query::{Conflict, ConflictValue};
use crate::domain::time::{Day, Stamp};
use crate::error::{Error, Result};

use super::batch::{self, Batch, Holds, Table, table_numbered};
use super::heads::{self, Head};
use super::write::Done;
use super::{Store, moves, search, twins};

/// Most conflicts in one list.
const MOST: usize = 5000;

/// Open conflicts, customer by customer, and how many more there are. Those of one customer are listed all.
pub fn list(
    conn: &Connection,
    currency: Currency,
    customer: Option<Id>,
) -> Result<(Vec<Conflict>, usize)> {
    let (mut all, mut more) = (Vec::new(), 0);
    let queries = match customer {
        None => vec!["SELECT row, field, entity FROM conflict WHERE ?1 IS NULL ORDER BY row, field".to_owned()],
        Some(_) => batch::TABLES
            .iter()
            .filter(|t| t.is_owned() || t.entity == Entity::Customer)
            .map(|t| {
                let (name, owner) = (t.name, t.owner());
                format!(
                    "SELECT o.row, o.field, o.entity FROM {name} t CROSS JOIN conflict o ON o.row = t.id
                     WHERE t.{owner} = (SELECT n FROM customer WHERE id = ?1)"
                )
            })
            .collect(),
    };
    for query in queries {
        let mut statement = conn.prepare_cached(&query)?;
        let mut rows = statement.query([customer])?;
        while let Some(row) = rows.next()? {
            let Some(table) = table_numbered(row.get(2)?) else {
                continue;
            };
            if customer.is_none() && all.len() >= MOST {
                more += 1;
            } else {
                all.extend(one(
                    conn,
                    table,
                    Id(row.get(0)?),
                    &search::text_at(row, 1)?,
                    currency,
                )?);
            }
        }
    }
    all.sort_by(|a, b| (&a.customer, a.row, &a.field).cmp(&(&b.customer, b.row, &b.field)));
    Ok((all, more))
}

impl Store {
    /// Open conflicts, of one customer or of all, and how many more there are than are listed.
    pub fn conflicts(&self, customer: Option<Id>) -> Result<(Vec<Conflict>, usize)> {
        list(&self.conn, self.config.currency, customer)
    }

    /// What copies say of a field of a row, when it is a conflict.
    pub fn conflict(&self, row: Id, field: &str) -> Result<Option<Conflict>> {
        of(&self.conn, row, field, self.config.currency)
    }
}

/// One of them, when it is one.
pub fn of(conn: &Connection, row: Id, field: &str, currency: Currency) -> Result<Option<Conflict>> {
    let entity: Option<i64> = conn
        .prepare_cached("SELECT entity FROM conflict WHERE row = ? AND field = ?")
        .and_then(|mut s| {
            s.query_row(rusqlite::params![row, field], |r| r.get(0))
                .optional()
        })?;
    entity
        .and_then(table_numbered)
        .map_or(Ok(None), |table| one(conn, table, row, field, currency))
}

fn one(
    conn: &Connection,
    table: &'static Table,
    row: Id,
    field: &str,
    currency: Currency,
) -> Result<Option<Conflict>> {
    let Some((name, customer)) = called(conn, table, row)? else {
        return Ok(None);
    };
    let value = |head: &Head, value: Option<String>, shown: bool| ConflictValue {
        edit: head.mark.edit,
        value,
        person: head.person.clone(),
        at: Stamp(head.wall),
        shown,
    };
    let values = if table.entity == Entity::Customer && field == moves::FIELD {
        moves::values(conn, row)?
    } else if twins::has(table, field) {
        twins::values(conn, table, row)?
    } else if field == "removed" {
        let removal = heads::removal(conn, table, row)?;
        let says = |h: &Head| {
            if h.after == Value::Integer(1) {
                "removed"
            } else {
                "kept"
            }
        };
        let mut values: Vec<_> = removal
            .heads
            .iter()
            .map(|h| value(h, Some(says(h).into()), h.after != Value::Integer(1)))
            .collect();
        values.sort_by_key(|v| v.shown);
        for (field, head) in &removal.edits {
            values.push(value(
                head,
                Some(format!(
                    "{field}: {}",
                    spoken(table, field, &head.after, currency).unwrap_or_default()
                )),
                true,
            ));
        }
        for id in &removal.rows {
            values.extend(made(conn, *id)?);
        }
        values
    } else {
        let found = heads::of_field(conn, row, field)?;
        let last = found.len().saturating_sub(1);
        found
            .iter()
            .enumerate()
            .map(|(at, h)| value(h, spoken(table, field, &h.after, currency), at == last))
            .collect()
    };
    Ok(Some(Conflict {
        row,
        kind: table.name,
        name,
        customer,
        field: field.to_owned(),
        values,
    }))
}

/// A row that somebody made at a customer without knowing of its removal.
fn made(conn: &Connection, id: Id) -> Result<Option<ConflictValue>> {
    for table in batch::TABLES.iter().filter(|t| t.is_owned()) {
        let query = format!(
            "SELECT {}, b.person, b.wall FROM {} t JOIN batch b ON b.n = t.batch WHERE t.id = ?",
            title_of(table),
            table.name
        );
        let found = conn.prepare_cached(&query).and_then(|mut s| {
            s.query_row([&id], |r| {
                let words = search::text_at_raw(r, 0)?;
                Ok(ConflictValue {
                    edit: id,
                    value: Some(
                        format!("{} {}", table.name, start(&words))
                            .trim_end()
                            .to_owned(),
                    ),
                    person: search::text_at_raw(r, 1)?,
                    at: Stamp(r.get(2)?),
                    shown: true,
                })
            })
            .optional()
        })?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The column by which a person knows a row.
pub fn title_of(table: &Table) -> &'static str {
    match table.entity {
        Entity::Customer | Entity::Contact | Entity::View => "t.name",
        Entity::Event => "t.text",
        Entity::Task | Entity::Action => "t.title",
        Entity::Play => "t.label",
        Entity::Step => "t.code",
        Entity::Ticket => "t.subject",
        Entity::Subscription => "t.start",
        Entity::Config => "t.key",
    }
}

/// The start of a text, for a line.
pub fn start(words: &str) -> String {
    words
        .lines()
        .next()
        .unwrap_or("")
        .chars()
        .take(60)
        .collect()
}

/// What a row is called, and its customer.
#[allow(
    clippy::type_complexity,
    reason = "a name, and the customer's id and name"
)]
pub fn called(
    conn: &Connection,
    table: &Table,
    row: Id,
) -> Result<Option<(String, Option<(Id, String)>)>> {
    let query = format!(
        "SELECT CAST({} AS TEXT), c.id, c.name FROM {} t LEFT JOIN customer c ON c.n = {} WHERE t.id = ?",
        title_of(table),
        table.name,
        if table.is_owned() {
            "t.customer"
        } else if table.entity == Entity::Customer {
            "t.n"
        } else {
            "NULL"
        },
    );
    conn.prepare_cached(&query)
        .and_then(|mut s| {
            s.query_row([&row], |r| {
                let customer: Option<[u8; 16]> = r.get(1)?;
                let name = search::text_at_raw(r, 2)?;
                Ok((
                    start(&search::text_at_raw(r, 0)?),
                    customer.map(|id| (Id(id), name)),
                ))
            })
            .optional()
        })
        .map_err(Into::into)
}

/// What a row is in a word: the kind of an event, else that of the row.
pub fn kind_of(conn: &Connection, table: &'static Table, row: Id) -> Result<&'static str> {
    if table.entity != Entity::Event {
        return Ok(table.name);
    }
    let kind: Option<i64> = conn
        .prepare_cached("SELECT kind FROM event WHERE id = ?")
        .and_then(|mut s| s.query_row([&row], |r| r.get(0)).optional())?;
    Ok(kind
        .and_then(EventKind::from_number)
        .map_or(table.name, EventKind::code))
}

/// A stored value as a person says it: days and moments as such, amounts in the book's currency's own unit.
pub fn spoken(table: &Table, field: &str, value: &Value, currency: Currency) -> Option<String> {
    match (table.holds(field), value) {
        (Holds::Day, Value::Integer(n)) => Day::from_number(*n).map(|d| d.to_string()),
        (Holds::At, Value::Integer(ms)) => Some(
            Stamp(*ms)
                .utc()
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        ),
        (Holds::Money, Value::Integer(n)) => Some(money::decimal(*n, currency.digits())),
        (Holds::Kind, Value::Integer(n)) => {
            EventKind::from_number(*n).map(|kind| kind.code().to_owned())
        }
        (Holds::Row, Value::Blob(id)) => Id::from_slice(id).map(|id| id.to_string()),
        _ => plain(value),
    }
}

/// A stored value as a change would write it: days as ISO dates.
pub fn json_of(table: &Table, field: &str, value: &Value) -> serde_json::Value {
    match (table.holds(field), value) {
        (Holds::Day, Value::Integer(n)) => {
            Day::from_number(*n).map_or(serde_json::Value::Null, |d| d.to_string().into())
        }
        _ => batch::value_json(value),
    }
}

/// A stored value as text.
pub fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Integer(i) => Some(i.to_string()),
        Value::Real(r) => Some(r.to_string()),
        Value::Text(t) => Some(t.clone()),
        Value::Blob(_) => Some("bytes".into()),
    }
}

/// Decides for one of the values: an edit that has seen all of them. It can be taken back like any other.
pub fn resolve(b: &mut Batch<'_>, row: Id, field: &str, take: Id) -> Result<Done> {
    let Some(conflict) = of(b.conn, row, field, Currency::default())? else {
        return Err(Error::usage(say!("conflicts.no_conflict_or_no"))
            .hint(say!("conflicts.retain_conflicts_lists_them")));
    };
    let Some(chosen) = conflict.values.iter().find(|v| v.edit == take) else {
        return Err(Error::usage(say!("conflicts.value_not_one_conflict"))
            .hint(say!("conflicts.retain_conflicts_lists_them")));
    };
    let entity = batch::TABLES
        .iter()
        .find(|t| t.name == conflict.kind)
        .map_or(Entity::Customer, |t| t.entity);
    let whose = &chosen.person;
    let name = conflict.customer.map_or(conflict.name, |c| c.1);
    if entity == Entity::Customer && field == moves::FIELD {
        moves::resolve(b, row, take)?;
        let stage = chosen.value.as_deref().unwrap_or_default();
        return Ok(Done {
            label: say!(
                "conflicts.left_as_moved",
                name = name,
                stage = stage,
                whose = whose
            )
            .to_string(),
            changed: 1,
            skipped: Vec::new(),
        });
    }
    let table = batch::table(entity);
    if twins::has(table, field) {
        twins::decide(
            b,
            table,
            row,
            chosen.value.clone().map_or(Value::Null, Value::Text),
        )?;
        return Ok(Done {
            label: say!(
                "conflicts.took_from",
                field = field,
                name = name,
                whose = whose
            )
            .to_string(),
            changed: 1,
            skipped: Vec::new(),
        });
    }
    let found = heads::of_field(b.conn, row, field)?
        .into_iter()
        .find(|h| h.mark.edit == take)
        .map(|h| h.after);
    let value = match found {
        Some(value) => value,
        None if field == "removed" => Value::Integer(0),
        None => return Err(Error::failed(say!("conflicts.value_gone"))),
    };
    let removed = field == "removed" && value == Value::Integer(1);
    b.settle(entity, row, field, value)?;
    let label = match (field, removed) {
        ("removed", true) => say!("conflicts.removed_as_did", name = name, whose = whose),
        ("removed", false) => format!("Kept {name}").into(),
        _ => say!(
            "conflicts.took_from",
            field = field,
            name = name,
            whose = whose
        ),
    };
    Ok(Done {
        label: label.to_string(),
        changed: 1,
        skipped: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::action::ActionDraft;
    use crate::domain::command::{Change, Command};
    use crate::domain::query::{ActionAsk, Page, Query};
    use crate::domain::time::Stamp;
    use crate::store::history::HistoryAsk;
    use crate::store::merge::tests::{both, pair};
    use crate::store::tests::{NOW, add};

    fn put(store: &mut Store, entity: Entity, row: Id, field: &str, value: &str, now: Stamp) {
        let changes = vec![Change::set(field, value)];
        store
            .write(
                &Command::Edit {
                    entity,
                    rows: vec![row],
                    changes,
                },
                now,
            )
            .unwrap();
    }

    #[test]
    fn the_days_of_a_call_are_days_in_conflicts_and_in_the_history() {
        let (mut a, mut b, acme) = pair();
        let action = ActionDraft {
            kind: "risk".into(),
            title: "Late invoice".into(),
            ..ActionDraft::default()
        };
        a.write(
            &Command::OpenAction {
                customers: vec![acme],
                action,
            },
            NOW,
        )
        .unwrap();
        let Page::Actions(calls) = a.answer(&Query::Actions(ActionAsk::default())).unwrap() else {
            panic!()
        };
        let call = calls[0].action.id;
        put(&mut a, Entity::Action, call, "review", "2026-12-24", NOW);
        both(&mut a, &mut b);
        for (store, days) in [(&mut a, 0), (&mut b, 1)] {
            let now = Stamp(NOW.0 + days * 86_400_000);
            store.turn_day(now);
            store
                .write(
                    &Command::CloseActions {
                        actions: vec![call],
                        outcome: "paid".into(),
                    },
                    now,
                )
                .unwrap();
        }
        both(&mut a, &mut b);
        let (all, more) = a.conflicts(Some(acme)).unwrap();
        let said: Vec<_> = all
            .iter()
            .flat_map(|c| {
                c.values
                    .iter()
                    .map(|v| (c.field.as_str(), v.value.as_deref().unwrap_or("")))
            })
            .collect();
        assert_eq!(
            (said, more),
            (vec![("closed", "2026-11-18"), ("closed", "2026-11-19")], 0)
        );
        let mut told = Vec::new();
        for batch in a
            .history(&HistoryAsk {
                limit: 50,
                ..HistoryAsk::default()
            })
            .unwrap()
        {
            told.extend(
                a.edits_of(batch.id)
                    .unwrap()
                    .into_iter()
                    .map(|t| (t.field, t.after.unwrap_or_default())),
            );
        }
        for (field, day) in [
            ("closed", "2026-11-18"),
            ("closed", "2026-11-19"),
            ("review", "2026-12-24"),
        ] {
            assert!(
                told.contains(&(field.to_owned(), day.to_owned())),
                "{field} {day}: {told:?}"
            );
        }
    }

    #[test]
    fn a_list_that_ends_says_how_many_more_there_are_and_of_one_customer_it_has_all() {
        let (mut a, _, acme) = pair();
        let beta = add(&mut a, "Beta", 100);
        for (store_no, phone) in [(0, "111"), (1, "222")] {
            put(
                &mut a,
                Entity::Customer,
                beta,
                "phone",
                &format!("{phone}{store_no}"),
                NOW,
            );
        }
        let many = "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5100)
                    INSERT INTO conflict (row, field, entity) SELECT id, 'attr.a' || i, 1 FROM customer, c WHERE name = 'Acme'";
        a.conn.execute_batch(many).unwrap();
        a.conn.execute_batch("INSERT INTO conflict (row, field, entity) SELECT id, 'phone', 1 FROM customer WHERE name = 'Beta'").unwrap();
        let (all, more) = a.conflicts(None).unwrap();
        assert_eq!((all.len(), more), (MOST, 101));
        assert_eq!(a.conflicts(Some(acme)).unwrap().0.len(), 5100);
        let (of_beta, more) = a.conflicts(Some(beta)).unwrap();
        assert_eq!(
            (of_beta.len(), of_beta[0].field.as_str(), more),
            (1, "phone", 0)
        );
    }
}
