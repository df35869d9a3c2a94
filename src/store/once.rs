//! Idempotency keys: a script that is not sure whether its call arrived makes it again with the same key, and nothing is done twice.
//!
//! A key is a config row in the batch of the call, so that the log, the outbox and every merge carry it like anything else. Its name
//! is a hash of the key, because a key may be a person's address; its value is the digest of the call, so that another call under
//! the same key is refused and not taken for done. A key stays known after the call was undone: a repetition is not a wish to do
//! it again. Two copies of a book that took the same key before they met have both done it, and both stay.

use rusqlite::params;
use rusqlite::types::Value;

use crate::domain::command::{Entity, Receipt};
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::{Error, Result};

use super::Store;
use super::batch::Batch;

/// What such rows' keys begin with.
const PREFIX: &str = "once.";

/// Leaves such rows out of a question about settings.
pub const LEFT_OUT: &str = " AND key NOT GLOB 'once.*'";

/// The key of a config row is one of a repeated call.
pub fn is_key(key: &str) -> bool {
    key.starts_with(PREFIX)
}

/// A call that is to be done once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Once {
    /// The name under which the book keeps it.
    pub(super) name: String,
    /// The key itself, which earlier versions kept.
    pub(super) key: Option<String>,
    /// The digest of the call; `None`: a change that an earlier version has queued.
    pub(super) call: Option<String>,
}

impl Once {
    /// Both are one call, as far as both say.
    fn is_call(&self, kept: &str) -> bool {
        kept.is_empty() || self.call.as_deref().is_none_or(|call| call == kept)
    }
}

/// A key that was used for another call: when, and for what.
fn used(label: &str, person: &str, at: impl std::fmt::Display) -> Error {
    Error::usage(say!(
        "once.idempotency_key_used_for",
        label = label,
        person = person,
        at = at
    ))
    .hint(say!("once.give_each_call_key"))
}

impl Store {
    /// A call with its key. `call` says what is asked for: the same words for the same call, whenever it is made.
    pub fn once(&self, key: &str, call: &str) -> Result<Once> {
        if key.trim().is_empty() || key.chars().count() > 200 {
            return Err(Error::usage(say!("once.idempotency_key_1_200"))
                .hint(say!("once.for_example_id_job")));
        }
        let digest = |text: String| blake3::hash(text.as_bytes()).to_hex()[..32].to_owned();
        let book = self.book_id().unwrap_or_default();
        let name = digest(format!("retain once\n{book}\n{key}"));
        Ok(Once {
            name,
            key: Some(key.to_owned()),
            call: Some(digest(format!("retain call\n{book}\n{call}"))),
        })
    }

    /// The same of a change that waits in the outbox. Earlier versions kept the key, and nothing of the call.
    pub(super) fn once_of(&self, name: &str, call: Option<&str>) -> Result<Once> {
        match call {
            Some(call) => Ok(Once {
                name: name.to_owned(),
                key: None,
                call: Some(call.to_owned()),
            }),
            None => Ok(Once {
                call: None,
                ..self.once(name, "")?
            }),
        }
    }

    /// What was done under an idempotency key, when the book has it. A key that was used for another call is an error.
    pub fn done_once(&self, once: &Once) -> Result<Option<Receipt>> {
        let query = "SELECT b.id, b.label, b.made + b.edits - 1, CAST(c.value AS TEXT), b.person, b.wall
                     FROM config c JOIN batch b ON b.n = c.batch WHERE c.key IN (?1, ?2) AND b.finished = 1 ORDER BY c.id";
        let names = [Some(&once.name), once.key.as_ref()]
            .map(|name| name.map(|name| format!("{PREFIX}{name}")));
        let mut statement = self.conn.prepare_cached(query)?;
        let mut rows = statement.query(params![names[0], names[1]])?;
        let mut other = None;
        while let Some(r) = rows.next()? {
            let label = super::search::text_at(r, 1)?;
            if once.is_call(&r.get::<_, Option<String>>(3)?.unwrap_or_default()) {
                let changed = usize::try_from(r.get::<_, i64>(2)?).unwrap_or(0);
                let batch = Some(Id(r.get(0)?));
                return Ok(Some(Receipt {
                    batch,
                    label,
                    changed,
                    repeated: true,
                    ..Receipt::default()
                }));
            }
            let day = self.config.zone.day(Stamp(r.get(5)?));
            other.get_or_insert(used(&label, &super::search::text_at(r, 4)?, day));
        }
        other.map_or(Ok(None), Err)
    }

    /// A call that waits in the outbox under the same key. Another call under it is an error.
    pub(super) fn waits_once(&self, once: &Once, asked: &[super::outbox::Asked]) -> Result<bool> {
        let same = |name: &String, call: &Option<String>| match call {
            Some(_) => *name == once.name,
            None => once.key.as_ref() == Some(name),
        };
        let mut other = None;
        for a in asked.iter().filter(|a| {
            a.book == self.key && a.once.as_ref().is_some_and(|name| same(name, &a.call))
        }) {
            if once.is_call(a.call.as_deref().unwrap_or_default()) {
                return Ok(true);
            }
            let what = say!(
                "once.which_waits_your_outbox",
                command = super::write::code(&a.command)
            );
            other.get_or_insert(used(&what, &a.person, self.config.zone.day(a.at)));
        }
        other.map_or(Ok(false), Err)
    }
}

impl Batch<'_> {
    /// Keeps the idempotency key of the call. It is no setting: nothing has to be read anew for it.
    pub fn note_key(&mut self, once: &Once) -> Result<()> {
        let touched = (self.config_touched, self.named);
        let call = Value::Text(once.call.clone().unwrap_or_default());
        self.insert(Entity::Config, &[&format!("{PREFIX}{}", once.name), &call])?;
        (self.config_touched, self.named) = touched;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::Command;
    use crate::error::Kind;
    use crate::store::tests::{NOW, account, add, book};

    fn note(store: &mut Store, customer: Id, text: &str, key: &str, call: &str) -> Result<Receipt> {
        let once = store.once(key, call)?;
        store.write_once(
            &Command::Note {
                customers: vec![customer],
                text: text.into(),
                at: None,
            },
            NOW,
            Some(&once),
        )
    }

    #[test]
    fn a_key_that_was_used_for_another_call_is_refused_and_says_for_what() {
        let mut store = book();
        let (acme, globex) = (add(&mut store, "Acme", 100), add(&mut store, "Globex", 100));
        assert!(
            !note(&mut store, acme, "first", "k1", "note acme first")
                .unwrap()
                .repeated
        );
        assert!(
            note(&mut store, acme, "first", "k1", "note acme first")
                .unwrap()
                .repeated
        );
        let refused = note(&mut store, globex, "second", "k1", "note globex second").unwrap_err();
        assert_eq!(refused.kind, Kind::Usage);
        let said = "the idempotency key was used for another call: \"Note on Acme\" by ana on 2026-11-18; nothing was written";
        assert_eq!(refused.message, said);
        assert_eq!(
            (
                account(&mut store, acme).total,
                account(&mut store, globex).total
            ),
            (2, 1)
        );
        assert!(
            !note(&mut store, globex, "second", "k2", "note globex second")
                .unwrap()
                .repeated
        );
    }

    #[test]
    fn a_key_is_not_told_by_the_book() {
        let mut store = book();
        let acme = add(&mut store, "Acme", 100);
        note(&mut store, acme, "first", "dana@acme.example", "note").unwrap();
        let keys: Vec<(String, String)> = store
            .conn
            .prepare("SELECT key, value FROM config WHERE key GLOB 'once.*'")
            .unwrap()
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))
            .unwrap()
            .map(|r| r.unwrap())
            .collect();
        assert_eq!(
            (keys.len(), keys[0].0.len(), keys[0].1.len()),
            (1, "once.".len() + 32, 32)
        );
        assert!(!keys[0].0.contains("dana"));
        // Nor does one book's name of it tell of another's.
        let other = book();
        assert_ne!(
            store.once("k", "").unwrap().name,
            other.once("k", "").unwrap().name
        );
    }

    #[test]
    fn a_key_of_before_holds_for_whatever_is_called() {
        let mut store = book();
        let acme = add(&mut store, "Acme", 100);
        store
            .transact("note", NOW, None, |batch, _| {
                batch.insert(
                    Entity::Config,
                    &[&"once.job-1", &Value::Text(String::new())],
                )?;
                Ok(crate::store::write::Done {
                    label: "An old call".into(),
                    ..Default::default()
                })
            })
            .unwrap();
        let done = note(&mut store, acme, "again", "job-1", "whatever").unwrap();
        assert_eq!((done.repeated, done.label.as_str()), (true, "An old call"));
    }
}
