//! Random histories of a team: two to five copies, each in a room of its own with a sync folder that a tool carries about, through all that
//! happens to people and files at once: purges, customers made one, undo, older copies put back, books moved, bundles lost, cut and
//! brought back, batches that nobody could have written, and kills at any moment. Behind each: every copy says and finds the same, what was told
//! as done is there, and no file of anybody has a byte of what was purged.
//!
//! Each history has its own chance, so one that fails can be played alone by its number.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rusqlite::types::Value;

use super::hostile::{Forger, Sealed, well_but};
use super::tests::{bundles_in as found_in, carry_one, put_back};
use super::*;
use crate::domain::command::{Change, Command, Entity, NewContact, NewCustomer};
use crate::domain::query::{Page, Query};
use crate::domain::task::TaskDraft;
use crate::store::hash::{self, Item};
use crate::store::merge::MergeAsk;
use crate::store::merge::tests::rows_of;
use crate::store::outbox::Keep;
use crate::store::tests::{NOW, any_command, options, wrong_histories};
use crate::store::{Who, batch, purge};

const HOUR: i64 = 3_600_000;
const YEAR: i64 = 365 * 24 * HOUR;
const PEOPLE: [&str; 5] = ["ana", "bo", "chen", "dana", "eli"];

/// The writer of what nobody could have written.
const STRANGER: Id = Id([66; 16]);

/// One person with a copy.
struct Desk {
    no: usize,
    /// Everything that is this person's: the book, what lies beside it, the sync folder, the home.
    room: PathBuf,
    book: PathBuf,
    store: Option<Store>,
    keep: fn(PathBuf) -> Keep,
    /// How far the clock is ahead.
    skew: i64,
    backup: Option<PathBuf>,
    /// Batches that were told as done.
    told: BTreeSet<Id>,
    opened: u64,
}

impl Desk {
    fn options(&self, now: Stamp) -> Options {
        let who = Who {
            person: PEOPLE[self.no].into(),
            device: Id([self.no as u8 + 1; 16]),
        };
        Options {
            who,
            keep: (self.keep)(self.room.join("home")),
            now,
            ..options("ana")
        }
    }

    fn open(&mut self, seed: u64, now: Stamp) {
        let mut store = Store::open(&self.book, &self.options(now))
            .unwrap_or_else(|e| panic!("not opened: {e:?}"));
        self.opened += 1;
        store.seed_ids((seed * 5 + self.no as u64) * 1000 + self.opened);
        store.turn_day(now);
        if !store.syncs() {
            store.set_sync(true, Some(&self.room.join("sync"))).unwrap();
        }
        self.store = Some(store);
    }

    fn store(&mut self) -> &mut Store {
        self.store.as_mut().unwrap()
    }

    fn sync(&self) -> PathBuf {
        self.room.join("sync")
    }

    /// Everything is as it is at this moment, for whoever looks from outside.
    fn image(room: &Path, to: &Path) {
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(room).unwrap().map(std::result::Result::unwrap) {
            // A draft is that of a process which is not there any more.
            let own = format!(".{}.tmp", std::process::id());
            let name = entry
                .file_name()
                .to_string_lossy()
                .replace(&own, ".999999999.tmp");
            let (from, to) = (entry.path(), to.join(name));
            if from.is_dir() {
                Self::image(&from, &to);
            } else if !from.to_string_lossy().ends_with("-shm") {
                // A draft may go between a look and the next.
                let _ = fs::copy(from, to);
            }
        }
    }
}

struct Team {
    folder: tempfile::TempDir,
    desks: Vec<Desk>,
    seed: u64,
    now: i64,
    customers: Vec<Id>,
    /// What a row is called, which no other is.
    codes: Vec<(Id, String)>,
    rng: ChaCha8Rng,
    runner: TestRunner,
    /// Bundles of a stranger so far.
    forged: i64,
    steps: Vec<String>,
}

fn ask(now: Stamp) -> MergeAsk {
    MergeAsk {
        now,
        dry_run: false,
        foreign: false,
    }
}

impl Team {
    fn new(seed: u64) -> Team {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let runner = TestRunner::new_with_rng(
            Config::default(),
            TestRng::from_seed(RngAlgorithm::ChaCha, &seed.to_le_bytes().repeat(4)),
        );
        let folder = tempfile::tempdir().unwrap();
        let desks = (0..rng.random_range(2..=5))
            .map(|no| {
                let room = folder.path().join(format!("room {no}"));
                fs::create_dir_all(room.join("home")).unwrap();
                // One of them keeps no outbox.
                let keep = if no == 1 { Keep::Numbers } else { Keep::In };
                let skew = *[0, 0, 0, 20 * 60_000, YEAR, -YEAR]
                    .choose(&mut rng)
                    .unwrap();
                let book = room.join("book.db");
                Desk {
                    no,
                    room,
                    book,
                    store: None,
                    keep,
                    skew,
                    backup: None,
                    told: BTreeSet::new(),
                    opened: 0,
                }
            })
            .collect();
        let mut team = Team {
            folder,
            desks,
            seed,
            now: NOW.0,
            customers: vec![],
            codes: vec![],
            rng,
            runner,
            forged: 0,
            steps: Vec::new(),
        };
        team.open(0);
        for _ in 0..3 {
            team.add_customer(0);
        }
        for no in 1..team.desks.len() {
            let to = team.desks[no].book.clone();
            team.desks[0].store().back_up_to(&to).unwrap();
            team.open(no);
        }
        team
    }

    fn pick(&mut self, below: usize) -> usize {
        self.rng.random_range(0..below)
    }

    fn clock(&self, no: usize) -> Stamp {
        Stamp(self.now + self.desks[no].skew)
    }

    fn open(&mut self, no: usize) {
        let (seed, now) = (self.seed, self.clock(no));
        self.desks[no].open(seed, now);
    }

    /// A word that stands nowhere else.
    fn code(&mut self, kind: &str) -> String {
        format!("code{kind}{}z", self.steps.len() * 100 + self.codes.len())
    }

    fn customer(&mut self) -> Id {
        *self.customers.choose(&mut self.rng).unwrap()
    }

    fn write(&mut self, no: usize, command: &Command) -> Option<crate::domain::command::Receipt> {
        self.steps.push(format!("{} {command:?}", PEOPLE[no]));
        let now = self.clock(no);
        let desk = &mut self.desks[no];
        let receipt = desk.store().write(command, now).ok()?;
        desk.told.extend(receipt.batch);
        Some(receipt)
    }

    /// Remembers the row that has this text.
    fn remember(&mut self, no: usize, table: &str, field: &str, code: String) {
        let query = format!("SELECT id FROM {table} WHERE {field} = ?");
        let row = self.desks[no]
            .store()
            .conn
            .query_row(&query, [&code], |r| r.get(0).map(Id));
        self.codes.extend(row.ok().map(|row| (row, code)));
    }

    fn add_customer(&mut self, no: usize) {
        let code = self.code("c");
        let new = NewCustomer {
            name: code.clone(),
            mrr: 1000,
            ..NewCustomer::default()
        };
        let made = self.write(no, &Command::AddCustomer(new)).unwrap();
        self.customers.extend(made.customers);
        self.remember(no, "customer", "name", code);
    }

    fn step(&mut self) {
        self.now += self.rng.random_range(1000..HOUR);
        let no = self.pick(self.desks.len());
        let now = self.clock(no);
        self.desks[no].store().turn_day(now);
        match self.pick(24) {
            0 => self.add_customer(no),
            1 => self.exchange(no),
            2 | 3 => self.bring(no),
            4 => {
                let to = self
                    .folder
                    .path()
                    .join(format!("backup of {no} at {}.db", self.now));
                self.desks[no].store().back_up_to(&to).unwrap();
                self.desks[no].backup = Some(to);
            }
            5 => self.put_back_or_move(no),
            6 | 7 => self.purge(no),
            8 => {
                let (keep, other) = (self.customer(), self.customer());
                self.write(no, &Command::MergeCustomers { keep, other });
            }
            9 => self.harm(no),
            10 => self.forge(no),
            11 | 12 => self.kill(no),
            13 => {
                self.write(
                    no,
                    &Command::Undo {
                        batch: None,
                        force: false,
                    },
                );
            }
            14 => {
                let from = self.pick(self.desks.len());
                if from != no {
                    self.steps.push(format!(
                        "{} merges the copy of {}",
                        PEOPLE[no], PEOPLE[from]
                    ));
                    let [into, from] = self.desks.get_disjoint_mut([no, from]).unwrap();
                    into.store()
                        .merge_copy(&from.store().conn, ask(now))
                        .unwrap();
                }
            }
            15 => self.resolve(no),
            16 => self.contact(no),
            17 => self.edit_note(no),
            18 => {
                let (code, customer) = (self.code("t"), self.customer());
                let task = TaskDraft {
                    title: code.clone(),
                    ..TaskDraft::default()
                };
                self.write(
                    no,
                    &Command::AddTask {
                        customers: vec![customer],
                        task,
                    },
                );
                self.remember(no, "task", "title", code);
            }
            19 | 20 => {
                let (code, customer) = (self.code("e"), self.customer());
                self.write(
                    no,
                    &Command::Note {
                        customers: vec![customer],
                        text: code.clone(),
                        at: None,
                    },
                );
                self.remember(no, "event", "text", code);
            }
            21 if self.seed.is_multiple_of(8) => {
                // Small bundles, so many that they are joined.
                for _ in 0..70 {
                    let (code, customer) = (self.code("e"), self.customer());
                    self.write(
                        no,
                        &Command::Note {
                            customers: vec![customer],
                            text: code,
                            at: None,
                        },
                    );
                    self.desks[no].store().give_bundles(1).unwrap();
                }
            }
            _ => {
                let command = any_command(self.customers.clone())
                    .new_tree(&mut self.runner)
                    .unwrap()
                    .current();
                self.write(no, &command);
            }
        }
    }

    fn exchange(&mut self, no: usize) {
        self.steps.push(format!("{} exchanges", PEOPLE[no]));
        let yes = self.pick(3) == 0;
        let store = self.desks[no].store();
        if !store.exchange().unwrap().held.is_empty() && yes {
            store.accept_purges().unwrap();
            store.exchange().unwrap();
        }
    }

    /// A tool brings one file of somebody, or all.
    fn bring(&mut self, no: usize) {
        let from = self.pick(self.desks.len());
        let found = found_in(&self.desks[from].sync());
        if from == no || found.is_empty() {
            return;
        }
        let some = if self.pick(2) == 0 {
            vec![self.pick(found.len())]
        } else {
            (0..found.len()).collect()
        };
        self.steps.push(format!(
            "{some:?} of {} come to {}",
            PEOPLE[from], PEOPLE[no]
        ));
        let to = self.desks[no].sync();
        some.into_iter().for_each(|at| carry_one(&found[at], &to));
        self.desks[no].store().take_bundles().unwrap();
    }

    fn put_back_or_move(&mut self, no: usize) {
        let (back, step) = (self.pick(2) == 0, self.steps.len());
        let desk = &mut self.desks[no];
        desk.store.take().unwrap().close();
        let backup = desk.backup.clone().filter(|_| back);
        self.steps.push(format!(
            "{} {}",
            PEOPLE[no],
            if backup.is_some() {
                "puts an older copy back"
            } else {
                "moves the book"
            }
        ));
        if let Some(backup) = backup {
            put_back(&backup, &desk.book);
        } else {
            let to = desk.room.join(format!("moved at {step}.db"));
            fs::rename(&desk.book, &to).unwrap();
            desk.book = to;
            // What was written since a backup is in the outbox of the former place, where nobody looks for it.
            desk.backup = None;
        }
        self.open(no);
    }

    fn purge(&mut self, no: usize) {
        let (entity, row) = match self.pick(6) {
            kind @ 0..=3 => {
                let kind = [Entity::Contact, Entity::Event, Entity::Task, Entity::Ticket][kind];
                // Also the first and one of the middle: their integers are given again.
                let order = ["n", "-n", "abs(n - 5)"][self.pick(3)];
                let query = format!(
                    "SELECT id FROM {} ORDER BY {order} LIMIT 1",
                    batch::table(kind).name
                );
                match self.desks[no]
                    .store()
                    .conn
                    .query_row(&query, [], |r| r.get(0).map(Id))
                {
                    Ok(row) => (kind, row),
                    Err(_) => return,
                }
            }
            _ => (Entity::Customer, self.customer()),
        };
        if self
            .write(
                no,
                &Command::Purge {
                    entity,
                    row,
                    why: "asked for it".into(),
                },
            )
            .is_some()
            && self.pick(2) == 0
        {
            self.desks[no].store().sweep_purged();
        }
    }

    /// A bundle of one's own is lost, cut or emptied. Where an older copy was put back the bundles are all that is left of what the outbox has
    /// not, or has no more because of a purge: those are not harmed.
    fn harm(&mut self, no: usize) {
        let store = self.desks[no].store();
        let own = store.own_devices();
        if no == 1 || purge::any(&store.conn).unwrap() {
            return;
        }
        let found = bundles_by(&self.desks[no].sync(), &own);
        let Some(one) = found.choose(&mut self.rng) else {
            return;
        };
        self.steps
            .push(format!("{} of {} is harmed", one.name(), PEOPLE[no]));
        let bytes = fs::read(&one.path).unwrap();
        match self.rng.random_range(0..4) {
            0 => fs::remove_file(&one.path).unwrap(),
            1 => fs::write(&one.path, &bytes[..bytes.len() / 3]).unwrap(),
            2 => fs::write(&one.path, "").unwrap(),
            _ if bytes.is_empty() => {}
            _ => {
                let (at, mut bytes) = (self.rng.random_range(0..bytes.len()), bytes);
                bytes[at] ^= 4;
                fs::write(&one.path, bytes).unwrap();
            }
        }
    }

    /// What nobody could have written comes into the folder of one, from where it is carried on. A stranger has seen what all have: who
    /// knows what has not come to all yet can come before it under its ids.
    fn forge(&mut self, no: usize) {
        self.forged += 1;
        let mut all: Vec<BTreeSet<Id>> = self
            .desks
            .iter_mut()
            .map(|desk| ids_in(desk.store()))
            .collect();
        let first = all.remove(0);
        let common: Vec<Id> = first
            .into_iter()
            .filter(|id| all.iter().all(|ids| ids.contains(id)))
            .collect();
        let store = self.desks[no].store();
        let mut items = Vec::new();
        for id in common {
            let n = store
                .conn
                .query_row("SELECT n FROM batch WHERE id = ?", [id], |r| r.get(0))
                .unwrap();
            hash::items(&store.conn, n, &mut |item| {
                items.push(disguised(item));
                Ok(())
            })
            .unwrap();
        }
        let book = store.book_id().unwrap();
        let mut forger = Forger::new(self.seed * 64 + self.forged as u64, items);
        let mut sealed = Sealed::default();
        (0..1 + self.pick(4)).for_each(|_| forger.batch(&mut sealed));
        self.steps.push(format!(
            "a stranger's batches come to {}: {:?}",
            PEOPLE[no],
            sealed.words()
        ));
        let folder = self.desks[no].sync().join(STRANGER.to_string());
        fs::create_dir_all(&folder).unwrap();
        let n = self.forged;
        let head = Head {
            format: bundle::FORMAT,
            book,
            zone: None,
            device: STRANGER,
            first: n,
            last: n,
            sum: None,
        };
        let room = Folder::open(&folder).unwrap();
        bundle::write(&room, &bundle::name(None, n, n, 0), &head, &sealed.pieces()).unwrap();
        self.desks[no].store().take_bundles().unwrap();
    }

    /// Something is done, and the program is killed while it does it.
    fn kill(&mut self, no: usize) {
        let (what, now, customer, code) = (
            self.pick(4),
            self.clock(no),
            self.customer(),
            self.code("e"),
        );
        let mut left = self.rng.random_range(1..400);
        let order = ["n", "-n"][self.pick(2)];
        let desk = &mut self.desks[no];
        let (room, image) = (desk.room.clone(), desk.room.with_extension("image"));
        let mut store = desk.store.take().unwrap();
        let (from, to) = (room.clone(), image.clone());
        let handler = move || {
            left -= 1;
            if left == 0 {
                Desk::image(&from, &to);
            }
            left <= 0
        };
        store.conn.progress_handler(20, Some(handler)).unwrap();
        self.steps.push(format!(
            "{} is killed {}",
            PEOPLE[no],
            ["exchanging", "writing", "purging", "sweeping"][what]
        ));
        match what {
            0 => drop(store.exchange()),
            1 => drop(store.write(
                &Command::Note {
                    customers: vec![customer],
                    text: code.clone(),
                    at: None,
                },
                now,
            )),
            2 => {
                let query = format!("SELECT id FROM event ORDER BY {order} LIMIT 1");
                let (entity, row) = match store.conn.query_row(&query, [], |r| r.get(0).map(Id)) {
                    Ok(row) if order == "n" => (Entity::Event, row),
                    _ => (Entity::Customer, customer),
                };
                drop(store.write(
                    &Command::Purge {
                        entity,
                        row,
                        why: String::new(),
                    },
                    now,
                ));
                store.sweep_purged();
            }
            _ => drop(store.sweep_purged()),
        }
        if !image.exists() {
            Desk::image(&room, &image);
        }
        drop(store);
        fs::remove_dir_all(&room).unwrap();
        fs::rename(&image, &room).unwrap();
        self.open(no);
        self.remember(no, "event", "text", code);
    }

    fn resolve(&mut self, no: usize) {
        let Page::Conflicts(open) = self.desks[no].store().answer(&Query::Conflicts).unwrap()
        else {
            return;
        };
        if let Some(conflict) = open.first() {
            let take = conflict.values[self.pick(conflict.values.len())].edit;
            self.write(
                no,
                &Command::Resolve {
                    row: conflict.row,
                    field: conflict.field.clone(),
                    take,
                },
            );
        }
    }

    fn contact(&mut self, no: usize) {
        let (code, customer) = (self.code("k"), self.customer());
        let contact = NewContact {
            name: code.clone(),
            email: format!("{code}@example.com"),
            ..NewContact::default()
        };
        self.write(no, &Command::AddContact { customer, contact });
        self.remember(no, "contact", "name", code.clone());
        if let Some((contact, _)) = self.codes.last().filter(|(_, last)| *last == code).cloned() {
            let nps = Command::Nps {
                customer,
                contact: Some(contact),
                score: 3,
                text: format!("{code} says so"),
                at: None,
            };
            self.write(no, &nps);
        }
    }

    fn edit_note(&mut self, no: usize) {
        let events: Vec<(Id, String)> = self
            .codes
            .iter()
            .filter(|(_, code)| code.starts_with("codee"))
            .cloned()
            .collect();
        if let Some((row, code)) = events.choose(&mut self.rng).cloned() {
            let text = format!("{code} once more {}", self.steps.len());
            self.write(
                no,
                &Command::Edit {
                    entity: Entity::Event,
                    rows: vec![row],
                    changes: vec![Change::set("text", text)],
                },
            );
        }
    }

    /// Everything is carried everywhere, until nothing is new.
    fn come_together(&mut self) {
        self.now += HOUR;
        for round in 0..6 {
            for no in 0..self.desks.len() {
                let now = self.clock(no);
                let store = self.desks[no].store();
                store.turn_day(now);
                if !store.exchange().unwrap().held.is_empty() {
                    store.accept_purges().unwrap();
                    store.exchange().unwrap();
                }
                if round > 3 {
                    store.sweep_purged();
                }
            }
            for from in 0..self.desks.len() {
                let own = self.desks[from].store().own_devices();
                for into in (0..self.desks.len()).filter(|into| *into != from) {
                    let to = self.desks[into].sync();
                    // What its writer has removed is removed; of others, only what is not there comes.
                    let is_kept = |f: &Found| self.desks[from].sync().join(f.name()).exists();
                    bundles_by(&to, &own)
                        .iter()
                        .filter(|f| !is_kept(f))
                        .for_each(|f| {
                            fs::remove_file(&f.path).unwrap();
                        });
                    let found = found_in(&self.desks[from].sync());
                    let comes = |f: &&Found| {
                        own.contains(&f.writer)
                            || (f.writer == STRANGER && !to.join(f.name()).exists())
                    };
                    found.iter().filter(comes).for_each(|f| carry_one(f, &to));
                }
            }
        }
    }

    fn check(&mut self) {
        let mut ends = Vec::new();
        for desk in &mut self.desks {
            let (forged, codes, no) = (self.forged > 0, self.codes.clone(), desk.no);
            let (told, keeps) = (desk.told.clone(), no != 1);
            let store = desk.store();
            let done = store.exchange().unwrap();
            assert_eq!(
                (done.held.len(), done.given),
                (0, 0),
                "{}: {done:?}",
                PEOPLE[no]
            );
            assert_eq!(twice(store), 0, "{}", PEOPLE[no]);
            assert_eq!(
                store
                    .waits(store.book_id().unwrap(), &store.own_held())
                    .unwrap(),
                0,
                "{}",
                PEOPLE[no]
            );
            let wrong = well_but(
                store,
                if forged {
                    &["copies", "log", "numbers", "config", "sync"]
                } else {
                    &["copies", "config"]
                },
            );
            assert!(
                wrong.is_empty(),
                "{}: {wrong:?}, told {:?}, waiting {:?}",
                PEOPLE[no],
                store.news(),
                store.waiting()
            );
            let lost = told
                .iter()
                .filter(|id| keeps && give::hash_of(&store.conn, **id).unwrap().is_none())
                .count();
            assert_eq!(lost, 0, "{} was told of it as done", PEOPLE[no]);
            let mut found = Vec::new();
            for (_, code) in codes {
                let Page::Search(hits) = store.answer(&Query::Search { text: code }).unwrap()
                else {
                    panic!()
                };
                let mut hits: Vec<String> =
                    hits.into_iter().map(|hit| format!("{hit:?}")).collect();
                hits.sort();
                found.push(hits);
            }
            ends.push((
                no,
                store.digest().unwrap(),
                rows_of(store),
                found,
                batches(store),
                done.wrong,
            ));
        }
        for end in &ends[1..] {
            let more = [end.4.difference(&ends[0].4), ends[0].4.difference(&end.4)]
                .map(|more| more.collect::<Vec<_>>());
            let why = format!(
                "only one has {more:#?}, because {:#?}",
                [&end.5, &ends[0].5]
            );
            assert_eq!(
                end.1, ends[0].1,
                "{} and {} agree: {why}",
                PEOPLE[end.0], PEOPLE[0]
            );
            assert_eq!(
                end.2, ends[0].2,
                "{} and {} show the same",
                PEOPLE[end.0], PEOPLE[0]
            );
            assert_eq!(
                end.3, ends[0].3,
                "{} and {} find the same",
                PEOPLE[end.0], PEOPLE[0]
            );
        }
        let conn = &self.desks[0].store.as_ref().unwrap().conn;
        let gone: Vec<String> = self
            .codes
            .iter()
            .filter(|(row, _)| purge::is_purged(conn, *row).unwrap())
            .map(|(_, code)| code.clone())
            .collect();
        for desk in &mut self.desks {
            desk.store.take().unwrap().close();
            let mut files = Vec::new();
            files_in(&desk.room, &mut files);
            for file in files {
                let bytes = fs::read(&file).unwrap();
                for code in &gone {
                    let tells = bytes
                        .windows(code.len())
                        .any(|w| w.eq_ignore_ascii_case(code.as_bytes()));
                    let text = String::from_utf8_lossy(&bytes);
                    let lines: Vec<&str> = text
                        .lines()
                        .filter(|line| line.contains(code.as_str()))
                        .collect();
                    assert!(!tells, "{} tells of {code}: {lines:?}", file.display());
                }
            }
        }
    }
}

/// Every file, but those of backups, which keep what they have, and of the stranger, whom nobody can tell anything.
fn files_in(folder: &Path, into: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
        if path.is_dir()
            && !path.to_string_lossy().ends_with(".backups")
            && !path.ends_with(STRANGER.to_string())
        {
            files_in(&path, into);
        } else if path.is_file() {
            into.push(path);
        }
    }
}

/// What a stranger has seen of a row, with no word of it that is looked for later.
fn disguised(item: Item) -> Item {
    let mask = |value: &mut Value| {
        if let Value::Text(text) = value {
            *text = text.replace("code", "seen");
        }
    };
    match item {
        Item::Made(mut made) => {
            made.values.iter_mut().for_each(mask);
            Item::Made(made)
        }
        Item::Changed(mut changed) => {
            mask(&mut changed.before);
            mask(&mut changed.after);
            Item::Changed(changed)
        }
        purged => purged,
    }
}

fn bundles_by(folder: &Path, own: &BTreeSet<Id>) -> Vec<Found> {
    found_in(folder)
        .into_iter()
        .filter(|found| own.contains(&found.writer))
        .collect()
}

fn ids_in(store: &Store) -> BTreeSet<Id> {
    let mut statement = store.conn.prepare("SELECT id FROM batch").unwrap();
    statement
        .query_map([], |r| r.get(0).map(Id))
        .unwrap()
        .map(std::result::Result::unwrap)
        .collect()
}

fn batches(store: &Store) -> BTreeSet<String> {
    let query = "SELECT hex(id) || ' ' || hex(device) || ' ' || number || ' ' || person || ' ' || label || hex(hash) FROM batch";
    let mut statement = store.conn.prepare(query).unwrap();
    statement
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(std::result::Result::unwrap)
        .collect()
}

fn twice(store: &Store) -> i64 {
    let query = "SELECT count(*) FROM (SELECT 1 FROM batch WHERE device IN (SELECT device FROM signer) GROUP BY device, number HAVING count(*) > 1)";
    store.conn.query_row(query, [], |r| r.get(0)).unwrap()
}

impl Store {
    /// What the own bundles hold when each is read.
    fn own_held(&self) -> std::collections::HashSet<Id> {
        let (own, book) = (self.own_devices(), self.book_id().unwrap());
        let mine = found_in(&self.sync_folder())
            .into_iter()
            .filter(|f| own.contains(&f.writer));
        mine.flat_map(|f| give::read(&self.conn, &f.spot, book, true).unwrap().0.ids)
            .collect()
    }
}

fn history(seed: u64) {
    let mut team = Team::new(seed);
    let played = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..10 + team.pick(40) {
            team.step();
        }
        team.come_together();
        team.check();
    }));
    if let Err(why) = played {
        let words = why.downcast_ref::<String>().map_or("", String::as_str);
        let skews: Vec<i64> = team.desks.iter().map(|d| d.skew).collect();
        panic!(
            "history {seed}, clocks {skews:?}: {words}\n{}",
            team.steps.join("\n")
        );
    }
}

/// 40 of them, and 10,000 where the faults are played as often as a release asks for.
#[test]
fn whatever_happens_to_a_team_its_copies_end_the_same_and_nothing_purged_is_left() {
    let wrong = wrong_histories(40, 10_000, history);
    assert_eq!(
        wrong,
        Vec::<u64>::new(),
        "these histories do not end the same"
    );
}
