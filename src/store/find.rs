//! Which customer a person means by a word or two.

use std::sync::PoisonError;

use rusqlite::{OptionalExtension, params};

use crate::domain::command::Entity;
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::error::{Error, Result};
use crate::text;

use super::{Store, batch, conflicts};

impl Store {
    /// Contacts that a person means by an id, an e-mail address or a name: id, name, customer.
    pub fn find_contacts(&self, name: &str) -> Result<Vec<(Id, String, String)>> {
        let id: Option<Id> = name.trim().parse().ok();
        let query = "SELECT k.id, k.name, c.name FROM contact k JOIN customer c ON c.n = k.customer
                     WHERE k.id = ?1 OR k.name = ?2 COLLATE NOCASE OR (k.email <> '' AND k.email = ?2 COLLATE NOCASE) ORDER BY k.id LIMIT 50";
        let mut statement = self.conn.prepare_cached(query)?;
        let text = super::search::text_at_raw;
        let rows = statement.query_map(params![id, name.trim()], |r| {
            Ok((Id(r.get(0)?), text(r, 1)?, text(r, 2)?))
        })?;
        rows.collect::<Result<_, _>>().map_err(Into::into)
    }

    /// Rows of a kind that a person means by an id, the end of one (from 4 signs on), or a name: id, what it is called, and whether
    /// it is still open, open ones first. At most 50.
    pub fn find_rows(&self, entity: Entity, text: &str) -> Result<Vec<(Id, String, bool)>> {
        let table = batch::table(entity);
        let (name, open) = match entity {
            Entity::Task => ("title", "done IS NULL"),
            Entity::Action => ("title", "closed IS NULL"),
            Entity::Ticket => ("subject", "closed IS NULL"),
            Entity::Contact => ("email = ?3 COLLATE NOCASE OR name", "1"),
            Entity::Subscription => ("subscription", "\"end\" IS NULL"),
            Entity::Play => ("label", "ended IS NULL"),
            Entity::Event => ("'' <> '' AND text", "1"),
            Entity::Customer | Entity::View => ("name", "1"),
            Entity::Config => ("key", "1"),
            Entity::Step => ("code", "1"),
        };
        let key = if table.columns.contains(&"external") {
            "(external <> '' AND external = ?3) OR"
        } else {
            ""
        };
        let end: String = text
            .trim()
            .trim_start_matches('#')
            .to_lowercase()
            .replace('-', "");
        let end = if end.len() >= 4 && end.bytes().all(|b| b.is_ascii_hexdigit()) {
            end
        } else {
            String::new()
        };
        let query = format!(
            "SELECT id, {open} FROM {} WHERE removed = 0
             AND ((?2 <> '' AND substr(lower(hex(id)), -length(?2)) = ?2) OR {key} {name} = ?3 COLLATE NOCASE OR id = ?1)
             ORDER BY 2 DESC, id LIMIT 50",
            table.name
        );
        let id: Option<Id> = text.trim().parse().ok();
        let mut statement = self.conn.prepare_cached(&query)?;
        let rows = statement.query_map(params![id, end, text.trim()], |r| {
            Ok((Id(r.get(0)?), r.get::<_, bool>(1)?))
        })?;
        let mut found = Vec::new();
        for row in rows {
            let (id, open) = row?;
            let (name, customer) = conflicts::called(&self.conn, table, id)?.unwrap_or_default();
            let of = customer
                .filter(|c| c.0 != id)
                .map_or_else(String::new, |c| format!("{}, ", c.1));
            found.push((id, format!("{of}{name}"), open));
        }
        Ok(found)
    }

    /// The customers of an owner that pass a filter, by name; `me` is oneself.
    pub fn portfolio(&mut self, owner: &str, filter: &str) -> Result<Vec<Id>> {
        let owner = if owner == "me" {
            self.who.person.clone()
        } else {
            owner.trim().to_owned()
        };
        let query = Query::Customers {
            filter: filter.to_owned(),
            sort: "name".into(),
            descending: false,
            columns: Vec::new(),
        };
        let Page::Rows(page) = self.answer(&query)? else {
            return Ok(Vec::new());
        };
        if let Some(mistake) = page.mistake {
            return Err(Error::usage(mistake.message));
        }
        let shared = self.roster()?;
        let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
        let theirs = |at: &&u32| text::fold(roster.owner(**at as usize)) == text::fold(&owner);
        Ok(page
            .rows
            .iter()
            .filter(theirs)
            .map(|at| roster.ids[*at as usize])
            .collect())
    }

    /// What a customer is called.
    pub fn name_of(&self, customer: Id) -> Result<String> {
        let query = "SELECT name FROM customer WHERE id = ?";
        self.conn
            .query_row(query, [&customer], |r| super::search::text_at_raw(r, 0))
            .map_err(Into::into)
    }
}

impl Store {
    /// What a row is called that is to be confirmed: a customer or a contact by its name, another one by that of its customer.
    pub fn called(&self, entity: Entity, row: Id) -> Result<String> {
        let (title, customer) =
            conflicts::called(&self.conn, batch::table(entity), row)?.unwrap_or_default();
        Ok(match entity {
            Entity::Contact => self
                .find_contacts(&row.to_string())?
                .pop()
                .map_or(title, |found| found.1),
            _ => customer.map_or(title, |c| c.1),
        })
    }
}

/// By id, external key, exact name, then the folded name, then a folded part of it.
pub fn customer(store: &mut Store, name: &str) -> Result<Id> {
    let name = name.trim();
    if let Ok(id) = name.parse::<Id>() {
        let found: Option<i64> = store
            .conn
            .query_row(
                "SELECT n FROM customer WHERE id = ? AND removed = 0",
                [&id],
                |r| r.get(0),
            )
            .optional()?;
        return found
            .map(|_| id)
            .ok_or_else(|| Error::not_found(say!("find.no_customer_id", id = id)));
    }
    for query in [
        "SELECT id FROM customer WHERE external = ? AND external <> '' AND removed = 0 LIMIT 21",
        "SELECT id FROM customer WHERE name = ? AND removed = 0 LIMIT 21",
    ] {
        let mut statement = store.conn.prepare_cached(query)?;
        let ids: Vec<Id> = statement
            .query_map(params![name], |r| r.get(0).map(Id))?
            .collect::<Result<_, _>>()?;
        if let [only] = ids[..] {
            return Ok(only);
        }
    }
    let folded = text::fold(name);
    let shared = store.roster()?;
    let roster = shared
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let live = || (0..roster.rows.len()).filter(|at| !roster.rows[*at].removed);
    let whole: Vec<usize> = live().filter(|at| roster.folded(*at) == folded).collect();
    let fits: Vec<usize> = if whole.is_empty() && !folded.is_empty() {
        live()
            .filter(|at| roster.folded(*at).contains(&folded))
            .take(50)
            .collect()
    } else {
        whole
    };
    match fits[..] {
        [] => Err(
            Error::not_found(say!("find.no_customer_called", name = name))
                .hint(say!("find.retain_list_shows_them")),
        ),
        [only] => Ok(roster.ids[only]),
        _ => {
            let more = if fits.len() > 10 {
                format!(" and {} more", fits.len() - 10)
            } else {
                String::new()
            };
            let mut error = Error::usage(say!("find.fits_several_customers", name = name));
            for at in fits.iter().take(10) {
                error = error.hint(format!("{}  {}", roster.ids[*at], roster.name(*at)));
            }
            Err(if more.is_empty() {
                error
            } else {
                error.hint(more.trim_start().to_owned())
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::Command;
    use crate::domain::task::TaskDraft;
    use crate::store::tests::{NOW, add, book};

    #[test]
    fn the_one_that_is_open_is_found_among_many_of_its_name() {
        let mut store = book();
        let customers = vec![add(&mut store, "Acme", 0)];
        let task = TaskDraft {
            title: "Call".into(),
            ..TaskDraft::default()
        };
        for _ in 0..60 {
            store
                .write(
                    &Command::AddTask {
                        customers: customers.clone(),
                        task: task.clone(),
                    },
                    NOW,
                )
                .unwrap();
            let tasks = store
                .find_rows(Entity::Task, "call")
                .unwrap()
                .into_iter()
                .filter(|t| t.2)
                .map(|t| t.0)
                .collect();
            store.write(&Command::DoneTasks { tasks }, NOW).unwrap();
        }
        store
            .write(&Command::AddTask { customers, task }, NOW)
            .unwrap();
        let found = store.find_rows(Entity::Task, "call").unwrap();
        assert_eq!((found.len(), found.iter().filter(|t| t.2).count()), (50, 1));
    }
}
