//! Purges of others wait for a day. A purge cannot be taken back, and what comes through a folder nobody has looked at: so it is told,
//! held, and carried out when the day is over or the person says so; a backup from before stays.
//!
//! Which ones wait is kept in `meta` under `purge/BATCH`, with the time of the first look. A merge is an act of its person, who has a
//! backup from before it, and holds nothing.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};

use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::Result;
use crate::store::hash::{Header, Item, Tally};
use crate::store::merge::Source;
use crate::store::sign::{self, Proof};
use crate::store::{Store, batch, conflicts, purge, transact};

use super::bundle::Bundles;

/// How long a purge waits, ms.
const DAY: i64 = 86_400_000;

/// So many files are named that still have something.
const MOST_NAMED: usize = 3;

/// A purge that waits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Held {
    /// Who purges.
    pub person: String,
    /// On which device.
    pub device: Id,
    /// The number of its batch there.
    pub number: i64,
    /// When it was seen first.
    pub seen: Stamp,
    /// What it takes away, in one line.
    pub label: String,
    /// The person here has said yes.
    #[serde(default)]
    pub accepted: bool,
    /// Why it may be somebody else's, in a few words.
    #[serde(default)]
    pub doubt: Option<String>,
}

impl Held {
    /// When it is carried out.
    pub fn due(&self) -> Stamp {
        Stamp(self.seen.0.saturating_add(DAY))
    }

    /// Who purges what.
    fn said(&self) -> String {
        let doubt = self
            .doubt
            .as_ref()
            .map_or_else(String::new, |doubt| format!(" ({doubt})"));
        format!("{}{doubt}: \"{}\"", self.person, self.label)
    }
}

fn key(batch: Id) -> String {
    format!("purge/{batch}")
}

/// The purges that wait in a book.
pub fn waiting(conn: &Connection) -> Result<BTreeMap<Id, Held>> {
    let mut all = BTreeMap::new();
    for (id, held) in kept(conn)? {
        // A merge may have brought it meanwhile.
        if !transact::has_batch(conn, id)? {
            all.insert(id, held);
        }
    }
    Ok(all)
}

/// In the file of a book that is put back: the purges that it does not have begin their day anew.
pub fn hold_anew(file: &Path) -> Result<()> {
    let conn = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    if !kept(&conn)?.is_empty() {
        conn.execute("DELETE FROM meta WHERE k > 'purge/' AND k < 'purge0'", [])?;
    }
    Ok(())
}

fn kept(conn: &Connection) -> Result<BTreeMap<Id, Held>> {
    let mut statement = conn.prepare_cached(
        "SELECT substr(k, 7), CAST(v AS TEXT) FROM meta WHERE k > 'purge/' AND k < 'purge0'",
    )?;
    let mut rows = statement.query([])?;
    let mut all = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (id, text): (String, String) = (row.get(0)?, row.get(1)?);
        if let (Ok(id), Ok(held)) = (id.parse(), serde_json::from_str(&text)) {
            all.insert(id, held);
        }
    }
    Ok(all)
}

/// The purges among what a look at the folder found.
#[derive(Default)]
pub struct Purges {
    /// Those that wait on.
    pub held: BTreeMap<Id, Held>,
    /// Those that are carried out now.
    pub due: BTreeMap<Id, Held>,
}

impl Store {
    /// Says yes to all that wait: the next exchange carries them out. Returns how many those are.
    pub fn accept_purges(&mut self) -> Result<usize> {
        self.writable()?;
        let held = waiting(&self.conn)?;
        self.begin()?;
        let work = self.inside().and_then(|()| {
            held.iter().try_for_each(|(id, held)| {
                self.keep_held(
                    *id,
                    &Held {
                        accepted: true,
                        ..held.clone()
                    },
                )
            })
        });
        crate::store::end(&self.conn, work)?;
        self.tried.clear();
        Ok(held.len())
    }

    fn keep_held(&self, batch: Id, held: &Held) -> Result<()> {
        self.put_meta(&key(batch), serde_json::to_string(held).unwrap_or_default())
    }

    /// Which purges in these bundles wait, and which do not any more. One's own, and those of a book that is new here, never do.
    pub(super) fn purges_in(&self, bundles: &Bundles) -> Result<Purges> {
        let mut found = Purges::default();
        let mut new = Vec::new();
        for n in bundles.order() {
            let (header, hash) = bundles.header(n)?;
            let is_new =
                header.command == purge::COMMAND && !transact::has_batch(&self.conn, header.id)?;
            if is_new && self.is_believed(bundles, n, &header, &hash)? {
                new.push((n, header));
            }
        }
        // Purges are rare, and to find what is one's own takes a look at all outboxes.
        if new.is_empty() || self.last_batch()? == 0 {
            return Ok(found);
        }
        let (own, known) = (self.own_devices(), waiting(&self.conn)?);
        for (n, header) in new
            .into_iter()
            .filter(|(_, header)| !own.contains(&header.device))
        {
            let held = match known.get(&header.id) {
                Some(held) => held.clone(),
                None => Held {
                    label: self.purge_label(bundles, n, &header)?,
                    doubt: self.doubt_of(&header, bundles.proof(n)?.as_ref())?,
                    person: header.person,
                    device: header.device,
                    number: header.number,
                    seen: self.now,
                    accepted: false,
                },
            };
            if held.accepted || held.due() <= self.now {
                found.due.insert(header.id, held);
            } else {
                found.held.insert(header.id, held);
            }
        }
        Ok(found)
    }

    /// Hash and signature fit. What nobody would take is not told as a purge, and has no other wait that has its id.
    fn is_believed(&self, bundles: &Bundles, n: i64, header: &Header, hash: &[u8]) -> Result<bool> {
        let mut tally = Tally::default();
        bundles.items(n, &mut |item| {
            tally.add(&item);
            Ok(())
        })?;
        Ok(tally.fits(header, hash)
            && sign::doubt(&self.conn, header, hash, bundles.proof(n)?.as_ref())?.is_none())
    }

    /// A name is what a writer says, and a purge is for good: who looks at it hears what is known of its writer.
    fn doubt_of(&self, header: &Header, proof: Option<&Proof>) -> Result<Option<String>> {
        Ok(match sign::rank(&self.conn, header, proof)? {
            0 => None,
            1 => Some(say!("hold.by_key_new_here").to_string()),
            // Where nobody signs, nothing has to be said of it.
            _ => sign::anybody(&self.conn)?.then(|| "not signed".to_owned()),
        })
    }

    /// What a purge takes away, with the names that it still has here.
    fn purge_label(&self, bundles: &Bundles, n: i64, header: &Header) -> Result<String> {
        let mut names: Vec<String> = Vec::new();
        bundles.items(n, &mut |item| {
            if let Item::Changed(changed) = item
                && changed.field == purge::FIELD
                && let Some(table) = batch::table_numbered(changed.entity)
            {
                let called =
                    conflicts::called(&self.conn, table, changed.row)?.map(|called| called.0);
                names.extend(called.filter(|name| !name.is_empty() && !names.contains(name)));
            }
            Ok(())
        })?;
        Ok(if names.is_empty() {
            header.label.clone()
        } else {
            format!("{} ({})", header.label, names.join(", "))
        })
    }

    /// Within the transaction, when all was taken that fits: keeps which wait, and forgets which came.
    pub(super) fn keep_purges(&self, purges: &Purges) -> Result<()> {
        for id in kept(&self.conn)?.keys() {
            // One that is due and misses something still has its day, and its yes, behind it.
            if transact::has_batch(&self.conn, *id)? {
                self.forget_meta(&key(*id))?;
            }
        }
        purges
            .held
            .iter()
            .try_for_each(|(id, held)| self.keep_held(*id, held))
    }

    /// What a person is told of those that were carried out: what the book has now.
    pub(super) fn words_of_carried_out(&self, purges: &Purges) -> Result<Vec<String>> {
        let mut said = Vec::new();
        for (batch, held) in &purges.due {
            if transact::has_batch(&self.conn, *batch)? {
                said.push(
                    say!(
                        "hold.carried_out_here",
                        said = held.said(),
                        batch = self.words_of_what_still_has(*batch)?
                    )
                    .to_string(),
                );
            }
        }
        Ok(said)
    }

    fn words_of_what_still_has(&self, purge: Id) -> Result<String> {
        let files = self.files_that_still_have(purge)?;
        let names: Vec<String> = files
            .iter()
            .rev()
            .take(MOST_NAMED)
            .filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()))
            .collect();
        let more = if files.len() > names.len() {
            format!(" and {} more", files.len() - names.len())
        } else {
            String::new()
        };
        Ok(if names.is_empty() {
            String::new()
        } else {
            format!("; still in {}{more}", names.join(", "))
        })
    }

    /// What a person is told of one that waits.
    pub fn words_of_held(&self, held: &Held) -> String {
        let (due, zone) = (held.due(), self.config.zone);
        say!(
            "hold.carried_out_here_on",
            said = held.said(),
            due = zone.day(due),
            format = zone.time(due).format("%H:%M")
        )
        .to_string()
    }
}
