//! Batches that nobody could have written, with the right hashes, through the door of bundles. Whatever they say: nothing stops, what
//! others write arrives, copies agree, and the book stays well.

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::*;
use crate::domain::command::{Command, Entity};
use crate::domain::query::{Page, Query};
use crate::store::any_bytes::{self, take_in};
use crate::store::doctor::Check;
use crate::store::hash::{self, Changed, Header, Item, Made, Tally};
use crate::store::merge::Source;
use crate::store::merge::tests::copy_of;
use crate::store::tests::{NOW, wrong_histories};
use crate::store::{batch, purge};

/// Batches with their items.
#[derive(Default)]
pub struct Sealed(Vec<(Header, Vec<u8>, Vec<Item>)>);

impl Source for Sealed {
    fn header(&self, n: i64) -> Result<(Header, Vec<u8>)> {
        let (header, hash, _) = &self.0[n as usize];
        Ok((header.clone(), hash.clone()))
    }

    fn items(&self, n: i64, each: &mut dyn FnMut(Item) -> Result<()>) -> Result<()> {
        self.0[n as usize].2.iter().cloned().try_for_each(each)
    }
}

impl Sealed {
    /// What a bundle of all is written from.
    pub fn pieces(&self) -> Vec<bundle::Piece<'_>> {
        (0..self.0.len())
            .map(|n| (self as &dyn Source, n as i64))
            .collect()
    }

    /// What stands in them, for who looks why it did harm.
    pub fn words(&self) -> Vec<String> {
        let of = |item: &Item| match item {
            Item::Made(made) => {
                format!("made {} {:?}: {:?}", made.table.name, made.id, made.values)
            }
            Item::Changed(c) => {
                format!(
                    "changed {:?}, {} of {} {:?}: {:?}",
                    c.id,
                    c.field,
                    c.entity,
                    c.row,
                    (&c.before, &c.after, &c.seen)
                )
            }
            Item::Purged { id, entity, by, .. } => format!("purged {id:?} of {entity} by {by:?}"),
        };
        self.0
            .iter()
            .map(|(header, _, items)| {
                format!("{header:?}: {:?}", items.iter().map(of).collect::<Vec<_>>())
            })
            .collect()
    }

    /// Seals a batch: its hash is right.
    pub fn seal(&mut self, header: Header, mut items: Vec<Item>) {
        items.sort_by_key(Item::id);
        let mut tally = Tally::default();
        items.iter().for_each(|item| tally.add(item));
        let hash = tally.finish(&header).to_vec();
        self.0.push((header, hash, items));
    }
}

/// A book in which there is something of every kind, and its items.
fn honest() -> (Store, Vec<Id>, Vec<Item>) {
    let (store, customers) = any_bytes::honest();
    let mut items = Vec::new();
    for n in 1..=store.last_batch().unwrap() {
        hash::items(&store.conn, n, &mut |item| {
            items.push(item);
            Ok(())
        })
        .unwrap();
    }
    (store, customers, items)
}

/// Who makes them up.
pub struct Forger {
    rng: ChaCha8Rng,
    items: Vec<Item>,
    next: u128,
}

impl Forger {
    /// One who has seen these, with a chance of its own.
    pub fn new(seed: u64, items: Vec<Item>) -> Forger {
        Forger {
            rng: ChaCha8Rng::seed_from_u64(seed),
            items,
            next: u128::from(seed) << 20,
        }
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.rng.random_range(0..n) == 0
    }

    fn fresh(&mut self) -> Id {
        self.next += 1 + u128::from(self.rng.random_range(0..1000u32));
        Id((((NOW.0 as u128) << 80) | (7 << 76) | self.next).to_be_bytes())
    }

    /// The id of something that is there, or of nothing.
    fn some_id(&mut self) -> Id {
        match self.items.choose(&mut self.rng).map(Item::id) {
            Some(id) if self.rng.random_range(0..4) > 0 => id,
            _ => self.fresh(),
        }
    }

    fn value(&mut self) -> Value {
        match self.rng.random_range(0..11) {
            0 => Value::Null,
            1 => Value::Integer(
                *[0, 1, -1, i64::MAX, i64::MIN, 65_535, 400_000]
                    .choose(&mut self.rng)
                    .unwrap(),
            ),
            2 => Value::Integer(self.rng.random()),
            3 => Value::Real(*[0.5, -1e308, 1e308].choose(&mut self.rng).unwrap()),
            4 => Value::Text("x".repeat(self.rng.random_range(0..5000))),
            5 => Value::Text("\u{1b}]52;c;AAAA\u{7}\u{202e}\0".into()),
            6 => Value::Text(
                (*[
                    "retention",
                    "churned",
                    "{}",
                    "{\"with\":[1]}",
                    "[[[[",
                    "2026-02-30",
                    "EUR",
                ]
                .choose(&mut self.rng)
                .unwrap())
                .into(),
            ),
            7 => Value::Blob(vec![1, 2, 3]),
            _ => Value::Blob(self.some_id().0.to_vec()),
        }
    }

    fn field(&mut self) -> String {
        let table = batch::TABLES.choose(&mut self.rng).unwrap();
        let own = *table.fields.choose(&mut self.rng).unwrap();
        (*[
            own,
            own,
            own,
            "removed",
            "attr.industry",
            "tag.x",
            "nonsense",
            "batch",
            "",
        ]
        .choose(&mut self.rng)
        .unwrap())
        .to_owned()
    }

    fn made(&mut self) -> Item {
        let honest: Vec<Made> = self
            .items
            .iter()
            .filter_map(|i| {
                if let Item::Made(made) = i {
                    Some(made.clone())
                } else {
                    None
                }
            })
            .collect();
        // Where all is purged that was made there is nothing to be like.
        let Some(mut made) = honest.choose(&mut self.rng).cloned() else {
            return self.changed();
        };
        made.id = if self.one_in(6) {
            self.some_id()
        } else {
            self.fresh()
        };
        for at in 0..made.values.len() {
            if self.one_in(5) {
                made.values[at] = self.value();
            }
        }
        Item::Made(made)
    }

    fn changed(&mut self) -> Item {
        let seen = (0..self.rng.random_range(0..3))
            .flat_map(|_| self.some_id().0)
            .collect::<Vec<u8>>();
        let seen = if self.one_in(8) { vec![9, 9] } else { seen };
        Item::Changed(Changed {
            id: if self.one_in(6) {
                self.some_id()
            } else {
                self.fresh()
            },
            entity: *[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, -1, 99, 257]
                .choose(&mut self.rng)
                .unwrap(),
            row: self.some_id(),
            field: self.field(),
            before: self.value(),
            after: self.value(),
            knew: self.one_in(3).then(|| seen.clone()),
            seen,
        })
    }

    fn purged(&mut self) -> Item {
        let by = if self.one_in(2) {
            None
        } else {
            Some(self.some_id())
        };
        let entity = self.rng.random_range(-2..14);
        Item::Purged {
            id: self.some_id(),
            entity,
            digest: self.rng.random(),
            by,
        }
    }

    pub fn batch(&mut self, sealed: &mut Sealed) {
        let items: Vec<Item> = (0..self.rng.random_range(1..5))
            .map(|_| match self.rng.random_range(0..5) {
                0 | 1 => self.made(),
                2 | 3 => self.changed(),
                _ => self.purged(),
            })
            .collect();
        let odd = self.one_in(4);
        let mut number = |usual: i64| {
            if odd && self.rng.random_range(0..3) == 0 {
                self.rng.random()
            } else {
                usual
            }
        };
        let of = |is: fn(i64) -> bool| items.iter().filter(|item| is(item.entity())).count() as i64;
        let (made, edits) = (
            number(of(|entity| entity > 0)),
            number(of(|entity| entity == 0)),
        );
        let (n, hlc, wall) = (number(1), number(NOW.0 << 16), number(NOW.0));
        let header = Header {
            id: self.fresh(),
            person: (*["mallory", "ana", "", "\u{1b}[31mred"]
                .choose(&mut self.rng)
                .unwrap())
            .into(),
            device: if self.one_in(3) {
                Id([7; 16])
            } else {
                self.fresh()
            },
            number: n,
            hlc,
            wall,
            command: (*[
                "edit",
                "note",
                "undo",
                "merge_customers",
                "purge",
                "config",
                "import",
                "rules",
                "",
                "x y",
            ]
            .choose(&mut self.rng)
            .unwrap())
            .into(),
            label: "hostile\u{7}".into(),
            undoes: self.one_in(4).then(|| self.some_id()),
            made,
            edits,
            customer: self.one_in(3).then(|| self.some_id()),
        };
        sealed.seal(header, items);
    }
}

/// What an examination finds wrong that may not be.
pub fn well_but(store: &mut Store, may_be: &[&str]) -> Vec<Check> {
    assert_eq!(graves_of_the_living(&store.conn), 0);
    any_bytes::wrong_but(store, may_be)
}

fn graves_of_the_living(conn: &Connection) -> i64 {
    let of =
        |table: &str| format!("SELECT count(*) FROM tombstone t JOIN {table} r ON r.id = t.id");
    let tables = batch::TABLES.iter().map(|t| t.name).chain(["edit"]);
    tables
        .map(|table| {
            conn.query_row(&of(table), [], |r| r.get::<_, i64>(0))
                .unwrap()
        })
        .sum()
}

fn history(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (mut ana, customers, items) = honest();
    let mut bo = copy_of(&ana, 1);
    let mut forger = Forger::new(seed, items);
    let mut sealed = Sealed::default();
    for _ in 0..forger.rng.random_range(1..6) {
        forger.batch(&mut sealed);
    }
    let key = schema::book(&ana.conn).unwrap().unwrap();
    let head = Head {
        format: bundle::FORMAT,
        book: key,
        zone: None,
        device: Id([66; 16]),
        first: 1,
        last: 1,
        sum: None,
    };
    let room = crate::files::Folder::open(folder.path()).unwrap();
    bundle::write(
        &room,
        "0000000001-0000000001.jsonl",
        &head,
        &sealed.pieces(),
    )
    .unwrap();
    let mut bundles = bundle::Bundles::default();
    let told = bundles
        .add(
            &bundle::Spot::Named(folder.path().join("0000000001-0000000001.jsonl")),
            key,
        )
        .unwrap();
    assert!(told.wrong.is_empty(), "{:?}", told.wrong);

    let text = "heard in all copies";
    bo.write(
        &Command::Note {
            customers: customers[..1].to_vec(),
            text: text.into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    let ask = crate::store::merge::MergeAsk {
        now: NOW,
        dry_run: false,
        foreign: false,
    };
    // In another order at each.
    take_in(&mut ana, &bundles);
    ana.merge_copy(&bo.conn, ask).unwrap();
    bo.merge_copy(&ana.conn, ask).unwrap();
    take_in(&mut bo, &bundles);
    take_in(&mut ana, &bundles);
    ana.merge_copy(&bo.conn, ask).unwrap();
    bo.merge_copy(&ana.conn, ask).unwrap();
    assert_eq!(ana.digest().unwrap(), bo.digest().unwrap(), "copies agree");
    for store in [&mut ana, &mut bo] {
        let wrong = well_but(store, &["copies", "log", "numbers", "config"]);
        assert!(wrong.is_empty(), "{wrong:?}");
        // Every screen can be shown, and work goes on.
        for customer in &customers {
            store
                .answer(&Query::Account {
                    customer: *customer,
                    timeline: Default::default(),
                })
                .unwrap();
        }
        for query in [
            Query::Triage {
                filter: String::new(),
                snoozed: true,
            },
            Query::Conflicts,
        ] {
            store.answer(&query).unwrap();
        }
        let Page::Account(Some(first)) = store
            .answer(&Query::Account {
                customer: customers[0],
                timeline: Default::default(),
            })
            .unwrap()
        else {
            continue;
        };
        assert!(
            first.events.iter().any(|e| e.text == text),
            "{:?}",
            first.events
        );
        let note = Command::Note {
            customers: customers[..1].to_vec(),
            text: "and on".into(),
            at: None,
        };
        store.write(&note, NOW).unwrap();
    }
}

/// 150 of them, and 10,000 where the faults are played as often as a release asks for.
#[test]
fn what_nobody_could_have_written_stops_and_hides_nothing() {
    let wrong = wrong_histories(150, 10_000, history);
    assert_eq!(
        wrong,
        Vec::<u64>::new(),
        "what has to hold does not behind these batches"
    );
}

fn header_of(label: &str, number: i64, id: Id) -> Header {
    Header {
        id,
        person: "mallory".into(),
        device: Id([66; 16]),
        number,
        hlc: NOW.0 << 16,
        wall: NOW.0,
        command: "edit".into(),
        label: label.into(),
        undoes: None,
        made: 0,
        edits: 1,
        customer: None,
    }
}

#[test]
fn each_way_in_which_a_batch_is_not_sound_keeps_it_out_and_is_named() {
    let (mut ana, customers, items) = honest();
    let mut forger = Forger {
        rng: ChaCha8Rng::seed_from_u64(1),
        items: items.clone(),
        next: 1,
    };
    ana.write(
        &Command::Purge {
            entity: Entity::Customer,
            row: customers[1],
            why: String::new(),
        },
        NOW,
    )
    .unwrap();
    let tag = items
        .iter()
        .find_map(|i| matches!(i, Item::Changed(c) if c.row == customers[0]).then(|| i.id()))
        .unwrap();
    let changed = |before: Value, seen: Vec<u8>| Changed {
        id: Id([0; 16]),
        entity: 1,
        row: customers[0],
        field: "phone".into(),
        before,
        after: Value::Text("+1".into()),
        seen,
        knew: None,
    };
    let nothing = Value::Text(String::new());
    let buried = |id: Id| Item::Purged {
        id,
        entity: 1,
        digest: [0; 16],
        by: None,
    };
    let edit = |c: Changed| Item::Changed(c);
    // An id says what was purged, whatever it was: a batch, a row or an edit.
    let last: Id = ana
        .conn
        .query_row("SELECT id FROM batch ORDER BY n DESC LIMIT 1", [], |r| {
            r.get(0).map(Id)
        })
        .unwrap();
    let contact = items.iter().find_map(|i| {
        if let Item::Made(made) = i {
            (made.table.name == "contact").then_some(made)
        } else {
            None
        }
    });
    let under = |id: Id| {
        Item::Made(Made {
            id,
            ..contact.unwrap().clone()
        })
    };
    let cases: Vec<(&str, i64, Item)> = vec![
        (
            "was never what it says",
            1,
            edit(changed(Value::Text("+9".into()), Vec::new())),
        ),
        (
            "has seen what is none of it",
            1,
            edit(changed(nothing.clone(), tag.0.to_vec())),
        ),
        (
            "is changed to what such a field does not hold",
            1,
            edit(Changed {
                after: Value::Integer(1),
                ..changed(nothing.clone(), Vec::new())
            }),
        ),
        (
            "is of no kind of row",
            1,
            edit(Changed {
                entity: 99,
                ..changed(nothing.clone(), Vec::new())
            }),
        ),
        (
            "what its edit",
            1,
            edit(changed(nothing.clone(), vec![1, 2, 3])),
        ),
        (
            "which another batch here has written",
            1,
            buried(customers[0]),
        ),
        ("which another batch here has written", 1, buried(tag)),
        (
            "which another batch here has written",
            1,
            buried(customers[1]),
        ),
        (
            "is a batch, and it says that it is something else",
            1,
            under(last),
        ),
        ("another batch here has written", 1, under(tag)),
        ("another batch here has written", 1, under(customers[2])),
        (
            "it purges, and says that it does something else",
            1,
            edit(Changed {
                field: purge::FIELD.into(),
                ..changed(nothing.clone(), Vec::new())
            }),
        ),
        (
            "is a batch, and it says that it is something else",
            1,
            buried(ana.conn.header(1).unwrap().0.id),
        ),
        (
            "is something else here, and no batch",
            1,
            edit(changed(nothing.clone(), Vec::new())),
        ),
        (
            "it says that it purges, and purges nothing",
            1,
            edit(changed(nothing.clone(), Vec::new())),
        ),
        (
            "something of no kind",
            1,
            Item::Purged {
                id: Id([3; 16]),
                entity: 12,
                digest: [0; 16],
                by: None,
            },
        ),
        (
            "not as many things as it says",
            1,
            Item::Purged {
                id: Id([3; 16]),
                entity: 1,
                digest: [0; 16],
                by: None,
            },
        ),
        (
            "not as many things as it says",
            1,
            edit(changed(nothing.clone(), Vec::new())),
        ),
        (
            "the label of another",
            1,
            Item::Purged {
                id: customers[0],
                entity: hash::LABEL,
                digest: [0; 16],
                by: None,
            },
        ),
        (
            "builds on a batch that is missing",
            1,
            Item::Purged {
                id: Id([3; 16]),
                entity: 1,
                digest: [0; 16],
                by: Some(Id([4; 16])),
            },
        ),
        (
            "its own row is not one that Retain writes",
            0,
            edit(changed(nothing.clone(), Vec::new())),
        ),
        (
            "its own row is not one that Retain writes",
            i64::MAX,
            edit(changed(nothing.clone(), Vec::new())),
        ),
    ];
    let digest = ana.digest().unwrap();
    for (words, number, item) in cases {
        let mut sealed = Sealed::default();
        let item = match item {
            Item::Changed(c) => Item::Changed(Changed {
                id: forger.fresh(),
                ..c
            }),
            other => other,
        };
        let mut header = header_of("hostile", number, forger.fresh());
        if (item.entity() > 0) != words.starts_with("not as many") {
            (header.made, header.edits) = (1, 0);
        }
        if item.entity() == hash::LABEL {
            header.edits = 0;
        }
        if words.ends_with("no batch") {
            header.id = customers[0];
        }
        if words.ends_with("purges nothing") {
            header.command = purge::COMMAND.into();
        }
        sealed.seal(header, vec![item]);
        ana.begin().unwrap();
        let taken = ana.take_from(&sealed, &[0]);
        let taken = crate::store::end(&ana.conn, taken).unwrap();
        let why: Vec<&str> = taken.left_out.iter().map(|l| l.why.as_str()).collect();
        assert!(why.len() == 1 && why[0].contains(words), "{words}: {why:?}");
        assert_eq!(ana.digest().unwrap(), digest, "{words}");
    }
    // The same batch as somebody could have written it comes.
    let mut sealed = Sealed::default();
    sealed.seal(
        header_of("sound", 1, forger.fresh()),
        vec![Item::Changed(Changed {
            id: forger.fresh(),
            ..changed(nothing, Vec::new())
        })],
    );
    ana.begin().unwrap();
    let taken = ana.take_from(&sealed, &[0]);
    assert!(
        crate::store::end(&ana.conn, taken)
            .unwrap()
            .left_out
            .is_empty()
    );
}
