//! Random histories of one file: two consoles with clocks of their own, changes that wait, settings, imports that lack columns, purges,
//! restores, another copy that comes and goes, and statements that fail. What has to hold at all times is asked after every step.
//!
//! Each history has its own chance, so one that fails can be played alone by its number.

use std::path::PathBuf;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rusqlite::{Connection, params};

use super::merge::MergeAsk;
use super::outbox::Keep;
use super::tests::{NOW, account, any_command, wrong_histories};
use super::{Options, Store, Who, signal};
use crate::domain::command::{Change, Command, Entity, NewContact, NewCustomer, Receipt, Target};
use crate::domain::heads::ids_of;
use crate::domain::id::Id;
use crate::domain::query::View;
use crate::domain::rule::{Alert, Rule};
use crate::domain::time::Stamp;
use crate::error::Error;

const HOUR: i64 = 3_600_000;
const YEAR: i64 = 365 * 24 * HOUR;
const PEOPLE: [&str; 2] = ["ana", "bo"];

/// A book, who is at it, and what they did.
struct World {
    folder: tempfile::TempDir,
    consoles: Vec<Option<Store>>,
    /// How far the clock of each is ahead.
    skews: [i64; 2],
    now: i64,
    customers: Vec<Id>,
    saved: Option<PathBuf>,
    rng: ChaCha8Rng,
    runner: TestRunner,
    steps: Vec<String>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let skew = |rng: &mut ChaCha8Rng| {
            *[0, 0, 0, 65 * 60_000, -HOUR, YEAR, -YEAR]
                .choose(rng)
                .unwrap()
        };
        let skews = [skew(&mut rng), skew(&mut rng)];
        let in_bundles = rng.random_range(0..2) == 0;
        let runner = TestRunner::new_with_rng(
            Config::default(),
            TestRng::from_seed(RngAlgorithm::ChaCha, &seed.to_le_bytes().repeat(4)),
        );
        let mut world = World {
            folder: tempfile::tempdir().unwrap(),
            consoles: vec![None, None],
            skews,
            now: NOW.0,
            customers: Vec::new(),
            saved: None,
            rng,
            runner,
            steps: Vec::new(),
        };
        if in_bundles {
            world.console(0).set_sync(true, None).unwrap();
        }
        for i in 0..3 {
            let new = NewCustomer {
                name: format!("Customer {i}"),
                owner: "ana".into(),
                mrr: 1000 * i,
                ..NewCustomer::default()
            };
            let made = world
                .console(0)
                .write(&Command::AddCustomer(new), NOW)
                .unwrap();
            world.customers.extend(made.customers);
        }
        world
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("book.db")
    }

    fn clock(&self, who: usize) -> Stamp {
        Stamp(self.now + self.skews[who])
    }

    fn options(&self, who: usize) -> Options {
        let keep = Keep::In(self.folder.path().join(format!("home of {}", PEOPLE[who])));
        let device = Id([who as u8 + 1; 16]);
        Options {
            who: Who {
                person: PEOPLE[who].into(),
                device,
            },
            now: self.clock(who),
            as_of: None,
            create: true,
            zone: None,
            keep,
        }
    }

    /// The console of one of them, opened where it is not: nothing keeps a book from being opened.
    fn console(&mut self, who: usize) -> &mut Store {
        if self.consoles[who].is_none() {
            let mut store = Store::open(&self.path(), &self.options(who))
                .unwrap_or_else(|e| panic!("not opened: {e:?}"));
            store.wait_at_most(Some(0));
            self.consoles[who] = Some(store);
        }
        self.consoles[who].as_mut().unwrap()
    }

    fn pick(&mut self, below: usize) -> usize {
        self.rng.random_range(0..below)
    }

    fn customer(&mut self) -> Id {
        *self.customers.choose(&mut self.rng).unwrap()
    }

    /// Any change of a book.
    fn command(&mut self, who: usize) -> Command {
        let customer = self.customer();
        match self.pick(12) {
            0 => {
                let code = ["hot", "cold"][self.pick(2)];
                let now = self.console(who).config().rules.find(code).cloned();
                let off = self.pick(3) == 0;
                let label = format!("Rule {}", self.pick(3));
                let rule = Rule {
                    code: code.into(),
                    label,
                    when: format!("#{}", ["x", "z"][self.pick(2)]),
                    off,
                    alert: Alert::Team,
                    ..Rule::default()
                };
                rule.command(now.as_ref()).unwrap()
            }
            1 => {
                let (key, value) = match self.pick(5) {
                    0 => (
                        "zone",
                        ["Asia/Tokyo", "Europe/Paris", "UTC"][self.pick(3)].to_owned(),
                    ),
                    1 => ("currency", ["EUR", "TRY"][self.pick(2)].to_owned()),
                    2 => ("policy", format!("cadence_days = {}\n", 5 + self.pick(40))),
                    3 => (
                        "cadences",
                        format!("[[cadence]]\nideal = 10\nlongest = {}\n", 20 + self.pick(9)),
                    ),
                    _ => (
                        "attribute.industry",
                        format!("label = \"Industry {}\"\ntype = \"text\"\n", self.pick(3)),
                    ),
                };
                let base = Some(self.console(who).config_text(key).unwrap());
                Command::SetConfig {
                    key: key.into(),
                    value: (self.pick(4) > 0).then_some(value),
                    base,
                }
            }
            2 => Command::SaveView {
                name: format!("View {}", self.pick(2)),
                view: View {
                    filter: format!("health<{}", self.pick(90)),
                    ..View::default()
                },
            },
            3 => Command::Edit {
                entity: Entity::Customer,
                rows: vec![customer],
                changes: vec![Change::set("phone", format!("{}", self.pick(1000)))],
            },
            4 => {
                let contact = NewContact {
                    name: format!("Kim {}", self.pick(9)),
                    role: "champion".into(),
                    ..NewContact::default()
                };
                Command::AddContact { customer, contact }
            }
            5 => {
                let stage = ["acquisition", "conversion", "retention", "loyalty"][self.pick(4)];
                let to = if self.pick(3) == 0 {
                    Target::Next
                } else {
                    Target::Stage(stage.into())
                };
                let reason = Some(crate::domain::stage::Reason {
                    code: "other".into(),
                    text: "so it was".into(),
                    ..Default::default()
                });
                Command::Move {
                    customers: vec![customer],
                    to,
                    reason,
                }
            }
            _ => any_command(self.customers.clone())
                .new_tree(&mut self.runner)
                .unwrap()
                .current(),
        }
    }

    fn write(&mut self, who: usize, command: &Command) -> Result<Receipt, Error> {
        let now = self.clock(who);
        let store = self.console(who);
        store.turn_day(now);
        let result = store.write(command, now);
        if let Ok(receipt) = &result {
            self.told(who, command, receipt);
        }
        result
    }

    /// What was told as done shows.
    fn told(&mut self, who: usize, command: &Command, receipt: &Receipt) {
        if receipt.batch.is_none() {
            return;
        }
        let store = self.console(who);
        store.look().unwrap();
        if let Command::Move {
            customers,
            to: Target::Stage(code),
            ..
        } = command
        {
            for id in customers
                .iter()
                .filter(|id| !receipt.skipped.iter().any(|s| s.0 == **id))
            {
                let shown = account(store, *id).signals;
                assert_eq!(
                    store.config().stages.code(shown.stage),
                    code,
                    "a move that is told shows"
                );
            }
        }
    }

    fn step(&mut self) {
        self.now += self.rng.random_range(1000..3 * HOUR);
        let who = self.pick(2);
        let what = self.pick(20);
        self.steps
            .push(format!("{what} by {} at {}", PEOPLE[who], self.now));
        match what {
            // Somebody writes for long; what is asked meanwhile waits, and reading goes on.
            0 | 1 => self.behind_a_lock(who),
            2 => {
                let all = self.console(who).catch_up().map(|_| ());
                assert!(all.is_ok(), "{all:?}");
            }
            3 => self.undo(who),
            4 => {
                let _ = self.write(who, &Command::Redo);
            }
            5 => {
                let row = self.customer();
                let contact = self.console(who).conn.query_row(
                    "SELECT id FROM contact ORDER BY id DESC LIMIT 1",
                    [],
                    |r| r.get(0).map(Id),
                );
                let (entity, row) = match contact {
                    Ok(contact) if self.pick(2) == 0 => (Entity::Contact, contact),
                    _ => (Entity::Customer, row),
                };
                let _ = self.write(
                    who,
                    &Command::Purge {
                        entity,
                        row,
                        why: "asked for it".into(),
                    },
                );
            }
            6 => {
                let path = self.folder.path().join("saved.db");
                let _ = std::fs::remove_file(&path);
                self.console(who).back_up_to(&path).unwrap();
                self.saved = Some(path);
            }
            7 => self.restore(),
            8 => self.fault(who),
            9 => self.elsewhere(who),
            10 => self.import(who),
            11 => {
                let new = NewCustomer {
                    name: "New".into(),
                    ..NewCustomer::default()
                };
                if let Ok(receipt) = self.write(who, &Command::AddCustomer(new)) {
                    self.customers.extend(receipt.customers);
                }
            }
            12 => self.consoles[who] = None,
            14 => {
                let done = self.console(who).exchange().unwrap();
                assert!(done.wrong.is_empty(), "{done:?}");
                let waits = self.console(who).give_bundles(1).unwrap();
                assert_eq!(waits, 0, "each batch of one's own is in a bundle");
            }
            13 => {
                let now = self.clock(who);
                let store = self.console(who);
                store.turn_day(now);
                store.run_rules(now).unwrap();
                self.rules_hold_whom_they_note(who);
            }
            _ => {
                let command = self.command(who);
                self.steps.push(format!("{command:?}"));
                let _ = self.write(who, &command);
            }
        }
    }

    /// A file that has some of the columns; sometimes taken back and taken once more.
    fn import(&mut self, who: usize) {
        let key = format!("k{}", self.pick(3));
        let said = [
            self.some(&["111", "222"]),
            self.some(&["ana", "bo"]),
            self.some(&["a.example", "b.example"]),
        ];
        let contact = [
            self.some(&["kim@a.example", "kim@b.example"]),
            self.some(&["champion", "buyer"]),
        ];
        let stages = self.pick(6) == 0;
        let before = self.as_file(who, &key);
        let Some(batch) = self.take_file(who, &key, said, contact, stages) else {
            return;
        };
        let after = self.as_file(who, &key);
        for (field, says) in said.iter().chain(&contact).enumerate() {
            let was = before.as_ref().map_or("", |b| b[field].as_str());
            if says.is_none() {
                assert_eq!(
                    after.as_ref().unwrap()[field],
                    was,
                    "a file says nothing of a column that it does not have"
                );
            }
        }
        if self.pick(3) > 0 {
            return;
        }
        let undo = Command::Undo {
            batch: Some(batch),
            force: false,
        };
        if self.write(who, &undo).is_ok_and(|r| r.batch.is_some()) {
            self.take_file(who, &key, said, contact, stages);
            assert_eq!(
                self.as_file(who, &key),
                after,
                "imported, undone and imported is imported"
            );
        }
    }

    fn some(&mut self, of: &[&'static str]) -> Option<&'static str> {
        (self.pick(2) == 0).then(|| *of.choose(&mut self.rng).unwrap())
    }

    fn take_file(
        &mut self,
        who: usize,
        key: &str,
        said: [Option<&str>; 3],
        contact: [Option<&str>; 2],
        stages: bool,
    ) -> Option<Id> {
        let now = self.clock(who);
        let store = self.console(who);
        let mut load = store.load("import", now).unwrap();
        let [phone, owner, website] = said;
        let row = super::load::CustomerRow {
            external: key,
            name: "Imported",
            owner,
            website,
            phone,
            ..Default::default()
        };
        let (customer, _) = load.put_customer(&row).unwrap();
        let [email, role] = contact;
        let kim = format!("{key}-kim");
        let row = super::load::ContactRow {
            external: &kim,
            customer,
            name: Some("Kim"),
            email,
            role,
            ..Default::default()
        };
        load.put_contact(&row).unwrap();
        let id = load.customer_id(customer).unwrap();
        if stages {
            let text = toml::to_string(&load.config().stages)
                .unwrap()
                .replace("\"Reach\"", "\"Reached\"");
            load.set_config("stages", &text).unwrap();
        }
        let batch = load.finish("a file").unwrap().batch;
        if !self.customers.contains(&id) {
            self.customers.push(id);
        }
        batch
    }

    /// What the book says of that which such a file is about.
    fn as_file(&mut self, who: usize, key: &str) -> Option<[String; 5]> {
        use rusqlite::OptionalExtension;
        let conn = &self.console(who).conn;
        let query = "SELECT phone, owner, website FROM customer WHERE external = ? AND removed = 0 ORDER BY id LIMIT 1";
        let customer: Option<[String; 3]> = conn
            .query_row(query, [key], |r| Ok([r.get(0)?, r.get(1)?, r.get(2)?]))
            .optional()
            .unwrap();
        let query = "SELECT email, role FROM contact WHERE external = ? AND removed = 0 ORDER BY id LIMIT 1";
        let contact: Option<[String; 2]> = conn
            .query_row(query, [format!("{key}-kim")], |r| {
                Ok([r.get(0)?, r.get(1)?])
            })
            .optional()
            .unwrap();
        if customer.is_none() && contact.is_none() {
            return None;
        }
        let ([phone, owner, website], [email, role]) =
            (customer.unwrap_or_default(), contact.unwrap_or_default());
        Some([phone, owner, website, email, role])
    }

    fn behind_a_lock(&mut self, who: usize) {
        let command = self.command(who);
        let unseen = self.console(who).seen;
        self.steps.push(format!("waits: {command:?}"));
        let held = Connection::open(self.path()).unwrap();
        held.execute_batch("BEGIN IMMEDIATE").unwrap();
        let now = self.clock(who);
        let store = self.console(who);
        store.roster = None;
        store
            .roster()
            .unwrap_or_else(|e| panic!("a read waits for nobody: {e:?}"));
        let asked = store.write(&command, now);
        held.execute_batch("ROLLBACK").unwrap();
        drop(held);
        let Ok(Receipt {
            queued: Some(_), ..
        }) = asked
        else {
            return;
        };
        // The other one writes before it is its turn.
        let other = 1 - who;
        for _ in 0..self.pick(3) {
            let command = self.command(other);
            let _ = self.write(other, &command);
        }
        let before: i64 = self.console(who).last_batch().unwrap();
        self.console(who).catch_up().unwrap();
        self.nothing_unseen_is_overwritten(who, unseen, before);
    }

    /// What waited has not seen what others wrote behind its back.
    fn nothing_unseen_is_overwritten(&mut self, who: usize, knew: i64, before: i64) {
        let store = self.console(who);
        let mut statement = store
            .conn
            .prepare(
                "SELECT e.seen FROM edit e JOIN batch b ON b.n = e.batch WHERE b.n > ? AND b.person = ? AND b.command NOT IN ('rules')",
            )
            .unwrap();
        let seen: Vec<Vec<u8>> = statement
            .query_map(params![before, PEOPLE[who]], |r| r.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for id in seen.iter().flat_map(|s| ids_of(s)) {
            let (n, person): (i64, String) = store
                .conn
                .query_row(
                    "SELECT b.n, b.person FROM edit e JOIN batch b ON b.n = e.batch WHERE e.id = ?",
                    [&id],
                    |r| Ok((r.get(0)?, r.get(1)?)),
                )
                .unwrap();
            assert!(
                n <= knew || person == PEOPLE[who] || n > before,
                "an edit of {person} was seen by what was asked before it"
            );
        }
    }

    fn undo(&mut self, who: usize) {
        let command = Command::Undo {
            batch: None,
            force: false,
        };
        // What the day brings comes before settings are taken back, and is none of what was seen.
        let last = self.console(who).last_batch().unwrap();
        let Ok(Receipt {
            batch: Some(batch), ..
        }) = self.write(who, &command)
        else {
            return;
        };
        let store = self.console(who);
        let (undone, device): (Id, Id) = store
            .conn
            .query_row(
                "SELECT undoes, device FROM batch WHERE id = ?",
                [&batch],
                |r| Ok((Id(r.get(0)?), Id(r.get(1)?))),
            )
            .unwrap();
        // Nothing that this person did here later stands, but what undoes and does again.
        let query = "SELECT b.label, b.number, b.n FROM batch b WHERE b.person = ?1 AND b.device = ?2 AND b.finished = 1 AND b.id <> ?3
                     AND b.n > (SELECT n FROM batch WHERE id = ?4) AND b.n <= ?5 AND b.command NOT IN ('undo', 'redo')
                     AND NOT EXISTS (SELECT 1 FROM batch u WHERE u.undoes = b.id AND u.person = ?1)";
        let mut statement = store.conn.prepare(query).unwrap();
        let later: Vec<(String, i64, i64)> = statement
            .query_map(params![PEOPLE[who], device, batch, undone, last], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?))
            })
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(
            later.is_empty(),
            "the last thing done here is what is undone, and not {undone}: {later:?}"
        );
    }

    /// An older copy takes the name of the book.
    fn restore(&mut self) {
        let Some(saved) = self.saved.clone() else {
            return;
        };
        let (draft, path) = (self.folder.path().join("draft.db"), self.path());
        let open = self.pick(2) == 0;
        if !open {
            self.consoles = vec![None, None];
        }
        std::fs::copy(&saved, &draft).unwrap();
        for part in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(self.folder.path().join(format!("book.db{part}")));
        }
        std::fs::rename(draft, path).unwrap();
        for store in self.consoles.iter_mut().flatten().filter(|_| open) {
            assert!(store.was_replaced());
            store.open_anew().unwrap();
        }
    }

    /// A statement fails in the middle of a change.
    fn fault(&mut self, who: usize) {
        let (command, now) = (self.command(who), self.clock(who));
        let at = self.rng.random_range(1..400);
        self.steps.push(format!("fails at {at}: {command:?}"));
        let store = self.console(who);
        let mut left = at;
        let fault = move || {
            left -= 1;
            left == 0
        };
        store.conn.progress_handler(25, Some(fault)).unwrap();
        let _ = store.write(&command, now);
        if !store.closed {
            store
                .conn
                .progress_handler(0, None::<fn() -> bool>)
                .unwrap();
        }
    }

    /// A copy that was made now, where somebody else works, comes back and is merged; and the same the other way round.
    fn elsewhere(&mut self, who: usize) {
        let path = self
            .folder
            .path()
            .join(format!("copy {}.db", self.steps.len()));
        self.console(who).back_up_to(&path).unwrap();
        let options = Options {
            who: Who {
                person: PEOPLE[self.pick(2)].into(),
                device: Id([9; 16]),
            },
            keep: Keep::In(self.folder.path().join("home elsewhere")),
            ..self.options(who)
        };
        let mut copy = Store::open(&path, &options).unwrap();
        for _ in 0..1 + self.pick(2) {
            let (command, now) = (self.command(who), self.clock(who));
            let _ = copy.write(&command, now);
        }
        let ask = MergeAsk {
            now: self.clock(who),
            dry_run: false,
            foreign: false,
        };
        let here = self.console(who);
        here.merge_copy(&copy.conn, ask).unwrap();
        let report = copy.merge_copy(&here.conn, ask).unwrap();
        assert!(report.left_out.is_empty(), "{report:?}");
        assert_eq!(
            copy.digest().unwrap(),
            here.digest().unwrap(),
            "copies that have the same are the same"
        );
        drop(copy);
        super::open::remove(&path);
    }

    /// Whom the rules hold is whom the table says.
    fn rules_hold_whom_they_note(&mut self, who: usize) {
        // Where one lives on another day than the other, whom a rule holds depends on whom one asks.
        let zone = self.console(who).config().zone;
        if zone.day(self.clock(0)) != zone.day(self.clock(1)) {
            return;
        }
        let store = self.console(who);
        let watch = store.watch_rules();
        let n = |store: &Store| -> Vec<i64> {
            let mut statement = store
                .conn
                .prepare("SELECT n FROM customer WHERE removed = 0")
                .unwrap();
            statement
                .query_map([], |r| r.get(0))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap()
        };
        let (held, noted) = watch.compared(&store.conn, &n(store), store.today).unwrap();
        assert_eq!(held, noted, "whom the rules hold");
    }

    /// What holds at all times.
    fn check(&mut self) {
        for who in 0..2 {
            let Some(store) = &mut self.consoles[who] else {
                continue;
            };
            assert!(store.conn.is_autocommit(), "a transaction is open");
        }
        let who = self.pick(2);
        let store = self.console(who);
        let waits = !store.waiting().unwrap().is_empty();
        // What copies disagree about is no fault; nor is what waits, nor the number of an import that a restore has lost.
        let told = |c: &super::doctor::Check| match c.code {
            "copies" => true,
            "outbox" => waits,
            // Until its writer sweeps or exchanges.
            "sync" => c
                .words
                .split("; ")
                .all(|w| w.contains("purged") || w.contains("exchange") || w.contains("remove")),
            "log" => c.words.split("; ").all(|w| w.ends_with(" missing")),
            _ => false,
        };
        let wrong: Vec<_> = store
            .doctor()
            .unwrap()
            .into_iter()
            .filter(|c| !c.ok && !told(c))
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        let (conn, config, today) = (&store.conn, store.config.clone(), store.today);
        signal::fold_all(conn, &config, today, |n, signals| {
            let alone = signal::fold_with_before(
                conn,
                n,
                &signal::facts(conn, n, &config)?,
                &config,
                today,
            )?;
            assert_eq!(alone, signals, "the fold of customer {n}");
            Ok(())
        })
        .unwrap();
    }
}

fn history(seed: u64) {
    let mut world = World::new(seed);
    let steps = world.pick(14) + 4;
    for _ in 0..steps {
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            world.step();
            world.check();
        }));
        if let Err(why) = played {
            let words = why.downcast_ref::<String>().map_or("", String::as_str);
            panic!(
                "history {seed}, clocks {:?}: {words}\n{}",
                world.skews,
                world.steps.join("\n")
            );
        }
    }
}

/// 150 of them, and 10,000 where the faults are played as often as a release asks for.
#[test]
fn histories_of_one_file_hold_at_every_step() {
    let wrong = wrong_histories(150, 10_000, history);
    assert_eq!(
        wrong,
        Vec::<u64>::new(),
        "what has to hold does not in these histories"
    );
}
