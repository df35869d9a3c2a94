//! Undo of every command: the queue, the alerts, the calls, the playbooks and every figure are what they were.

use proptest::prelude::*;

use crate::domain::action::ActionDraft;
use crate::domain::checklist::Answer;
use crate::domain::command::{
    Change, Command, Entity, NewContact, NewCustomer, NewTerms, NewTicket, Said, Setting, Target,
};
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::query::{ActionAsk, Counts, FiredAsk, Page, PlayAsk, Query, TaskAsk, View};
use crate::domain::revenue::Interval;
use crate::domain::stage::Reason;
use crate::domain::task::TaskDraft;
use crate::domain::time::Stamp;
use crate::domain::touchpoint::TouchDraft;
use crate::store::history::HistoryAsk;
use crate::store::merge::MergeAsk;
use crate::store::merge::tests::{copy_of, take_at};
use crate::store::tests::{NOW, account, add, options, steps, visible};
use crate::store::{Options, Store, Who};

const UNDO: Command = Command::Undo {
    batch: None,
    force: false,
};

/// The place of a command among all: a new variant does not compile until it has one, and [`example`] has to know it.
fn place(command: &Command) -> usize {
    match command {
        Command::AddCustomer(_) => 0,
        Command::AddContact { .. } => 1,
        Command::Edit { .. } => 2,
        Command::Assign { .. } => 3,
        Command::Tag { .. } => 4,
        Command::LogTouch { .. } => 5,
        Command::Note { .. } => 6,
        Command::Nps { .. } => 7,
        Command::Survey { .. } => 8,
        Command::Invite { .. } => 9,
        Command::Pulse { .. } => 10,
        Command::Override { .. } => 11,
        Command::Move { .. } => 12,
        Command::Check { .. } => 13,
        Command::AddTask { .. } => 14,
        Command::DoneTasks { .. } => 15,
        Command::SnoozeTasks { .. } => 16,
        Command::Done { .. } => 17,
        Command::Snooze { .. } => 18,
        Command::Unsnooze { .. } => 19,
        Command::Remove { .. } => 20,
        Command::OpenAction { .. } => 21,
        Command::CloseActions { .. } => 22,
        Command::SnoozeActions { .. } => 23,
        Command::StartPlay { .. } => 24,
        Command::SkipStep { .. } => 25,
        Command::EndPlay { .. } => 26,
        Command::TakeBackFiring { .. } => 27,
        Command::SaveView { .. } => 28,
        Command::SetConfig { .. } => 29,
        Command::Resolve { .. } => 30,
        Command::Purge { .. } => 31,
        Command::Revert { .. } => 32,
        Command::Undo { .. } => 33,
        Command::Redo => 34,
        Command::PutBack { .. } => 35,
        Command::TakeBack { .. } => 36,
        Command::UndoPast { .. } => 37,
        Command::UndoRest { .. } => 38,
        Command::AddTicket { .. } => 39,
        Command::CloseTickets { .. } => 40,
        Command::AddSubscription { .. } => 41,
        Command::MergeCustomers { .. } => 42,
        Command::Configure { .. } => 43,
        Command::DoneWith { .. } => 44,
    }
}

const PLACES: usize = 45;

fn at(n: i64) -> Stamp {
    Stamp(NOW.0 + n * 60_000)
}

/// What the commands are about: a book of ana's in which bo has written too, and a copy of bo's was merged.
struct Ground {
    store: Store,
    customers: Vec<Id>,
    contact: Id,
    /// A batch of bo's, and an edit of it.
    theirs: (Id, Id),
    now: i64,
    _folder: tempfile::TempDir,
}

fn who(person: &str, device: u8) -> Options {
    Options {
        who: Who {
            person: person.into(),
            device: Id([device; 16]),
        },
        ..options(person)
    }
}

fn edit(entity: Entity, row: Id, field: &str, value: &str) -> Command {
    Command::Edit {
        entity,
        rows: vec![row],
        changes: vec![Change::set(field, value)],
    }
}

fn task(title: &str) -> TaskDraft {
    TaskDraft {
        title: title.into(),
        ..TaskDraft::default()
    }
}

impl Ground {
    fn new() -> Ground {
        let folder = tempfile::tempdir().unwrap();
        let (path, copy) = (folder.path().join("book.db"), folder.path().join("copy.db"));
        let mut store = Store::open(&path, &who("ana", 1)).unwrap();
        let mut customers = Vec::new();
        for (name, mrr) in [("Acme", 20_000), ("Beta", 5_000), ("Gamma", 90_000)] {
            let new = NewCustomer {
                name: name.into(),
                owner: "ana".into(),
                stage: "retention".into(),
                mrr,
                ..NewCustomer::default()
            };
            customers.push(
                store
                    .write(&Command::AddCustomer(new), at(-90 * 1440))
                    .unwrap()
                    .customers[0],
            );
        }
        let contact = NewContact {
            name: "Dana Ruiz".into(),
            role: "champion".into(),
            ..NewContact::default()
        };
        store
            .write(
                &Command::AddContact {
                    customer: customers[0],
                    contact,
                },
                at(1),
            )
            .unwrap();
        let contact = account(&mut store, customers[0]).contacts[0].id;
        store.close();
        std::fs::copy(&path, &copy).unwrap();
        // Both change one field, and bo something else.
        let mut store = Store::open(&path, &who("ana", 1)).unwrap();
        store
            .write(&edit(Entity::Customer, customers[2], "phone", "111"), at(2))
            .unwrap();
        let mut bo = Store::open(&copy, &who("bo", 2)).unwrap();
        bo.write(&edit(Entity::Customer, customers[2], "phone", "222"), at(3))
            .unwrap();
        let theirs = bo
            .write(
                &edit(
                    Entity::Customer,
                    customers[1],
                    "website",
                    "https://beta.example",
                ),
                at(4),
            )
            .unwrap()
            .batch
            .unwrap();
        bo.close();
        store
            .merge(
                &copy,
                MergeAsk {
                    now: at(5),
                    dry_run: false,
                    foreign: false,
                },
            )
            .unwrap();
        let edit: [u8; 16] = store
            .conn
            .query_row(
                "SELECT e.id FROM edit e JOIN batch b ON b.n = e.batch WHERE b.id = ?",
                [&theirs],
                |r| r.get(0),
            )
            .unwrap();
        let mut ground = Ground {
            store,
            customers,
            contact,
            theirs: (theirs, Id(edit)),
            now: 10,
            _folder: folder,
        };
        let acme = ground.customers[0];
        let answer = Command::Nps {
            customer: acme,
            contact: Some(contact),
            score: 2,
            text: "slow".into(),
            at: None,
        };
        for command in [
            Command::AddTask {
                customers: vec![acme],
                task: task("Call back"),
            },
            answer,
        ] {
            ground.write(&command).unwrap();
        }
        ground
    }

    fn write(&mut self, command: &Command) -> crate::error::Result<Option<Id>> {
        self.now += 1;
        self.store.write(command, at(self.now)).map(|r| r.batch)
    }

    fn ask(&mut self, query: &Query) -> Page {
        self.store.answer(query).unwrap()
    }

    fn count(&self, query: &str) -> i64 {
        self.store.conn.query_row(query, [], |r| r.get(0)).unwrap()
    }

    /// Everything that anybody is told: the rows of the book, every customer's figures, the queue and what waits to be done.
    fn told(&mut self) -> Vec<String> {
        let mut lines = visible(&self.store);
        for snoozed in [false, true] {
            let Page::Rows(queue) = self.ask(&Query::Triage {
                filter: String::new(),
                snoozed,
            }) else {
                panic!()
            };
            lines.push(format!("queue {:?}", queue.rows));
        }
        let shared = self.store.roster().unwrap();
        {
            let roster = shared.read().unwrap();
            lines.push(format!("median {}", roster.median_arr));
            let live = (0..roster.rows.len()).filter(|row| !roster.rows[*row].removed);
            lines.extend(live.map(|row| {
                format!(
                    "{} {:?} {:?}",
                    roster.name(row),
                    roster.rows[row],
                    roster.reasons(row)
                )
            }));
        }
        let mine = FiredAsk {
            alerts: true,
            mine: true,
            open: true,
            ..FiredAsk::default()
        };
        let Page::Counts(counts) = self.ask(&Query::Counts) else {
            panic!()
        };
        // Whoever takes a decision back knew all values, so the field says what it said before and is no conflict again.
        lines.push(format!(
            "{:?}",
            Counts {
                conflicts: 0,
                ..counts
            }
        ));
        for query in [
            Query::Tasks(TaskAsk {
                done: true,
                ..TaskAsk::default()
            }),
            Query::Actions(ActionAsk {
                closed: true,
                ..ActionAsk::default()
            }),
            Query::Plays(PlayAsk {
                ended: true,
                ..PlayAsk::default()
            }),
            Query::Fired(FiredAsk::default()),
            Query::Fired(mine),
            Query::Views,
        ] {
            lines.push(format!("{:?}", self.ask(&query)));
        }
        lines.push(format!("{:?}", self.store.config()));
        let mut held: Vec<String> = Vec::new();
        let mut statement = self
            .store
            .conn
            .prepare("SELECT rule, customer FROM inside ORDER BY 1, 2")
            .unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            held.push(format!(
                "{} {}",
                row.get::<_, String>(0).unwrap(),
                row.get::<_, i64>(1).unwrap()
            ));
        }
        lines.push(held.join(", "));
        lines
    }

    fn sound(&mut self) {
        let wrong: Vec<_> = self
            .store
            .doctor()
            .unwrap()
            .into_iter()
            .filter(|c| !c.ok && c.code != "copies")
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

/// A command of a place, about what the ground has just now; `pick` chooses among the possible ones. Where something is
/// missing it names what is not there, and the write is refused.
fn example(place: usize, ground: &mut Ground, pick: u64) -> Command {
    let nobody = Id([0xee; 16]);
    let customer = ground.customers[(pick % 3) as usize];
    let customers = if pick.is_multiple_of(2) {
        vec![customer]
    } else {
        ground.customers.clone()
    };
    let day = ground.store.today().plus((pick % 50) as i64 - 10);
    let soon = ground.store.today().plus(1 + (pick % 9) as i64);
    let reason = || {
        Some(Reason {
            code: "other".into(),
            ..Reason::default()
        })
    };
    let text = format!("words {pick}");
    let latest = |ground: &mut Ground, table: &str, which: &str| -> Id {
        let query = format!(
            "SELECT id FROM {table} WHERE removed = 0 AND {which} ORDER BY id DESC LIMIT 1"
        );
        ground
            .store
            .conn
            .query_row(&query, [], |r| r.get(0))
            .map_or(nobody, Id)
    };
    match place {
        0 => Command::AddCustomer(NewCustomer {
            name: format!("New {pick}"),
            mrr: (pick % 9) as i64 * 1000,
            ..NewCustomer::default()
        }),
        1 => Command::AddContact {
            customer,
            contact: NewContact {
                name: "Eli".into(),
                role: "sponsor".into(),
                ..NewContact::default()
            },
        },
        2 => edit(
            Entity::Customer,
            customer,
            if pick.is_multiple_of(3) {
                "created"
            } else {
                "name"
            },
            "2026-01-02",
        ),
        3 => Command::Assign {
            customers,
            owner: ["bo", "chen", ""][(pick % 3) as usize].into(),
        },
        4 => Command::Tag {
            customers,
            add: vec![format!("t{}", pick % 5)],
            remove: vec!["t1".into()],
        },
        5 => {
            let touch = TouchDraft {
                channel: "phone".into(),
                follow_up: Some(task("Next step")),
                ..TouchDraft::default()
            };
            Command::LogTouch { customers, touch }
        }
        6 => Command::Note {
            customers,
            text: format!("@bo {text}"),
            at: None,
        },
        7 => {
            let contact = Some(ground.contact).filter(|_| customer == ground.customers[0]);
            Command::Nps {
                customer,
                contact,
                score: (pick % 11) as u8,
                text,
                at: None,
            }
        }
        8 => {
            let answers = vec![
                Said::Csat(1 + (pick % 5) as u8, text),
                Said::Ces(3, String::new()),
            ];
            Command::Survey {
                customer,
                contact: None,
                wave: "2026 Q4".into(),
                answers,
                at: None,
            }
        }
        9 => Command::Invite {
            customers,
            asks: "nps".into(),
            wave: "2026 Q4".into(),
            at: None,
        },
        10 => Command::Pulse {
            customer,
            score: 1 + (pick % 5) as u8,
            text,
        },
        11 => Command::Override {
            customer,
            hold: Some(((pick % 101) as u8, soon)),
            reason: text,
        },
        12 => {
            let to = ["churned", "reach", "loyalty", "conversion"][(pick % 4) as usize];
            Command::Move {
                customers,
                to: Target::Stage(to.into()),
                reason: reason(),
            }
        }
        13 => {
            let answer = [Answer::Yes, Answer::No, Answer::Na][(pick % 3) as usize];
            Command::Check {
                customer,
                stage: "retention".into(),
                question: "feeling".into(),
                answer,
                note: text,
            }
        }
        14 => {
            let kind = if pick.is_multiple_of(2) {
                "renewal".into()
            } else {
                String::new()
            };
            Command::AddTask {
                customers,
                task: TaskDraft {
                    due: Some(day),
                    kind,
                    ..task("To do")
                },
            }
        }
        15 => Command::DoneTasks {
            tasks: vec![latest(ground, "task", "done IS NULL")],
        },
        16 => Command::SnoozeTasks {
            tasks: vec![latest(ground, "task", "done IS NULL")],
            until: soon,
            reason: text,
        },
        17 => Command::Done { customers },
        18 => {
            let event = if pick.is_multiple_of(3) {
                "nps".to_owned()
            } else {
                String::new()
            };
            let until = Some(soon).filter(|_| event.is_empty());
            Command::Snooze {
                customers,
                until,
                event,
                reason: text,
            }
        }
        19 => Command::Unsnooze { customers },
        20 => match pick % 3 {
            0 => Command::Remove {
                entity: Entity::Customer,
                rows: vec![customer],
            },
            1 => Command::Remove {
                entity: Entity::Event,
                rows: vec![latest(ground, "event", "kind <> 16")],
            },
            _ => Command::Remove {
                entity: Entity::Contact,
                rows: vec![ground.contact],
            },
        },
        21 => {
            let (kind, title) = (
                ["risk", "opportunity"][(pick % 2) as usize].to_owned(),
                text,
            );
            let severity = Some(1 + (pick % 4) as u8);
            Command::OpenAction {
                customers,
                action: ActionDraft {
                    kind,
                    title,
                    severity,
                    ..ActionDraft::default()
                },
            }
        }
        22 => Command::CloseActions {
            actions: vec![latest(ground, "action", "closed IS NULL")],
            outcome: text,
        },
        23 => Command::SnoozeActions {
            actions: vec![latest(ground, "action", "closed IS NULL")],
            until: soon,
            reason: "waiting_us".into(),
        },
        24 => Command::StartPlay {
            customers,
            playbook: "renewal".into(),
            from: None,
        },
        25 => Command::SkipStep {
            step: latest(
                ground,
                "step",
                "skipped = '' AND task IN (SELECT id FROM task WHERE done IS NULL AND removed = 0)",
            ),
            reason: text,
        },
        26 => Command::EndPlay {
            play: latest(ground, "play", "ended IS NULL"),
            outcome: text,
        },
        27 => Command::TakeBackFiring {
            event: latest(ground, "event", "kind = 16"),
        },
        28 => {
            let view = View {
                filter: "health<60".into(),
                segment: pick.is_multiple_of(2),
                ..View::default()
            };
            Command::SaveView {
                name: format!("View {}", pick % 2),
                view,
            }
        }
        29 => match pick % 4 {
            0 => Command::SetConfig {
                key: "zone".into(),
                value: Some("Asia/Tokyo".into()),
                base: None,
            },
            1 => Command::SetConfig {
                key: "policy".into(),
                value: Some("detractor_days = 1\ncadence_days = 3\n".into()),
                base: None,
            },
            2 => Command::SetConfig {
                key: "cadences".into(),
                value: Some("cadence = []\n".into()),
                base: None,
            },
            _ => Command::SetConfig {
                key: "rules".into(),
                value: Some("rule = []\n".into()),
                base: None,
            },
        },
        30 => {
            let Page::Conflicts(all) = ground.ask(&Query::Conflicts) else {
                panic!()
            };
            match all.first() {
                Some(open) => Command::Resolve {
                    row: open.row,
                    field: open.field.clone(),
                    take: open.values[pick as usize % open.values.len()].edit,
                },
                None => Command::Resolve {
                    row: nobody,
                    field: "phone".into(),
                    take: nobody,
                },
            }
        }
        31 => Command::Purge {
            entity: Entity::Contact,
            row: ground.contact,
            why: "they asked for it".into(),
        },
        32 => Command::Revert {
            target: ground.theirs.0,
            force: true,
        },
        33 => UNDO,
        34 => Command::Redo,
        35 => Command::PutBack {
            edit: ground.theirs.1,
            force: true,
        },
        36 => Command::TakeBack {
            batch: ground.theirs.0,
            force: true,
        },
        37 => Command::UndoPast { passed: Vec::new() },
        38 => Command::UndoRest {
            batch: ground.theirs.0,
        },
        39 => {
            let ticket = NewTicket {
                subject: text,
                severity: 1 + (pick % 4) as u8,
                external: String::new(),
                opened: None,
            };
            Command::AddTicket { customer, ticket }
        }
        40 => Command::CloseTickets {
            tickets: vec![latest(ground, "ticket", "closed IS NULL")],
            at: None,
            csat: Some(4),
        },
        41 => {
            let (subscription, quantity) = (String::new(), 1 + (pick % 9) as u32);
            let (interval, start) = (Interval::Month, None);
            let terms = NewTerms {
                subscription,
                amount: 5000,
                interval,
                count: 1,
                quantity,
                start,
                end: None,
                trial: false,
            };
            Command::AddSubscription { customer, terms }
        }
        42 => Command::MergeCustomers {
            keep: ground.customers[0],
            other: ground.customers[1 + (pick % 2) as usize],
        },
        43 => Command::Configure {
            settings: vec![Setting {
                key: "currency".into(),
                value: "EUR".into(),
                base: None,
            }],
            views: Vec::new(),
        },
        44 => Command::DoneWith {
            customers: vec![customer],
            reasons: vec!["cadence@20500".into()],
        },
        other => panic!("{other} has no example"),
    }
}

/// Writes a command and takes it back; `false` where it was refused or had nothing to change.
fn there_and_back(ground: &mut Ground, command: &Command) -> bool {
    if matches!(command, Command::Redo) {
        // There is nothing to do again unless something was taken back just before.
        if ground
            .write(&Command::Note {
                customers: vec![ground.customers[0]],
                text: "x".into(),
                at: None,
            })
            .is_err()
        {
            return false;
        }
        ground.write(&UNDO).unwrap();
    }
    let before = ground.told();
    let undone = ground.count("SELECT count(*) FROM batch WHERE command = 'undo'");
    let Ok(Some(_)) = ground.write(command) else {
        assert_eq!(
            ground.told(),
            before,
            "{command:?} was refused and changed nothing"
        );
        return false;
    };
    // What took something of one's own back is taken back by doing it again.
    let took_back = ground.count("SELECT count(*) FROM batch WHERE command = 'undo'") > undone;
    let back = if took_back { Command::Redo } else { UNDO };
    let undone = ground.write(&back);
    if matches!(command, Command::Purge { .. }) {
        assert!(undone.is_err(), "a purge stays");
        return true;
    }
    undone.unwrap_or_else(|e| panic!("{command:?} is not taken back: {}", e.message));
    let after = ground.told();
    let differ: Vec<_> = before
        .iter()
        .zip(&after)
        .filter(|(a, b)| a != b)
        .take(2)
        .collect();
    assert!(
        before == after,
        "{command:?}: {} and {} lines, {differ:#?}",
        before.len(),
        after.len()
    );
    true
}

#[test]
fn each_command_can_be_written_and_its_undo_restores_all_that_is_told() {
    for at in 0..PLACES {
        let mut ground = Ground::new();
        if [23, 22].contains(&at) {
            assert!(
                ground.count("SELECT count(*) FROM action") > 0,
                "a rule has opened a call"
            );
        }
        if at == 19 {
            let until = Some(ground.store.today().plus(3));
            let snooze = Command::Snooze {
                customers: ground.customers.clone(),
                until,
                event: String::new(),
                reason: "later".into(),
            };
            ground.write(&snooze).unwrap();
        }
        if at == 40 {
            let ticket = example(39, &mut ground, 2);
            ground.write(&ticket).unwrap();
        }
        let command = example(at, &mut ground, 2);
        assert_eq!(place(&command), at);
        assert!(
            there_and_back(&mut ground, &command),
            "{command:?} was not written"
        );
        ground.sound();
    }
}

#[test]
fn nothing_is_done_at_a_customer_that_is_gone() {
    // It would come back: what is recorded after a removal keeps a customer in sight.
    let mut ground = Ground::new();
    let acme = ground.customers[0];
    let all = [15, 22, 25, 26, 27].map(|at| example(at, &mut ground, 2));
    ground
        .write(&Command::Remove {
            entity: Entity::Customer,
            rows: vec![acme],
        })
        .unwrap();
    let before = ground.told();
    for command in all {
        assert!(ground.write(&command).is_err(), "{command:?}");
    }
    assert_eq!(ground.told(), before);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    /// Whatever has happened before: undo of any command brings back the queue, the alerts and the health, and the figures in memory
    /// and in the file equal a fold from the first event.
    #[test]
    fn undo_restores_the_queue_the_alerts_and_the_health_of_any_book(
        before in prop::collection::vec((0..PLACES, any::<u64>()), 0..12),
        then in prop::collection::vec((0..PLACES, any::<u64>()), 6..20),
    ) {
        let mut ground = Ground::new();
        for (at, pick) in before {
            let command = example(at, &mut ground, pick);
            prop_assert_eq!(place(&command), at);
            let _ = ground.write(&command);
        }
        for (at, pick) in then {
            let command = example(at, &mut ground, pick);
            there_and_back(&mut ground, &command);
        }
        ground.sound();
    }
}

/// Two copies of ana's book: on her desktop, and on her laptop.
fn desktop_and_laptop() -> (Store, Store, Id) {
    let mut desktop = Store::memory(&who("bo", 9)).unwrap();
    let acme = add(&mut desktop, "Acme", 500);
    desktop.who = who("ana", 1).who;
    let laptop = laptop_of(&desktop);
    (desktop, laptop, acme)
}

fn laptop_of(desktop: &Store) -> Store {
    let mut laptop = copy_of(desktop, 1);
    laptop.who = who("ana", 2).who;
    laptop
}

fn note(store: &mut Store, customer: Id, text: &str, minute: i64) {
    store
        .write(
            &Command::Note {
                customers: vec![customer],
                text: text.into(),
                at: None,
            },
            at(minute),
        )
        .unwrap();
}

fn notes(store: &mut Store, customer: Id) -> Vec<String> {
    let mut texts: Vec<String> = account(store, customer)
        .events
        .into_iter()
        .filter(|e| e.kind == EventKind::Note)
        .map(|e| e.text)
        .collect();
    texts.sort();
    texts
}

#[test]
fn undo_takes_back_the_last_thing_done_here_though_another_clock_is_ahead() {
    let (mut desktop, mut laptop, acme) = desktop_and_laptop();
    note(&mut laptop, acme, "on the laptop", 65);
    take_at(&mut desktop, &laptop, at(9));
    note(&mut desktop, acme, "on the desktop", 10);
    desktop.write(&UNDO, at(10)).unwrap();
    assert_eq!(notes(&mut desktop, acme), ["on the laptop"]);
    desktop.write(&Command::Redo, at(11)).unwrap();
    assert_eq!(
        notes(&mut desktop, acme),
        ["on the desktop", "on the laptop"]
    );
}

#[test]
fn of_what_arrives_the_later_is_taken_back_first() {
    for (typed, first) in [(0, "here"), (60, "there")] {
        let (mut desktop, mut laptop, acme) = desktop_and_laptop();
        note(&mut laptop, acme, "there", typed);
        note(&mut desktop, acme, "here", 5);
        take_at(&mut desktop, &laptop, at(61));
        desktop.write(&UNDO, at(62)).unwrap();
        let left = notes(&mut desktop, acme);
        assert!(
            left.len() == 1 && left[0] != first,
            "typed at {typed}: {left:?}"
        );
        desktop.write(&UNDO, at(63)).unwrap();
        assert_eq!(notes(&mut desktop, acme), Vec::<String>::new());
    }
}

#[test]
fn what_arrives_with_a_clock_that_nobody_believes_is_older_than_what_was_done_here() {
    let (mut desktop, mut laptop, acme) = desktop_and_laptop();
    note(&mut laptop, acme, "there", 600);
    note(&mut desktop, acme, "here", 5);
    take_at(&mut desktop, &laptop, at(6));
    desktop.write(&UNDO, at(7)).unwrap();
    assert_eq!(notes(&mut desktop, acme), ["there"]);
    desktop.write(&UNDO, at(7)).unwrap();
    assert_eq!(notes(&mut desktop, acme), Vec::<String>::new());
}

#[test]
fn an_undo_there_is_redone_here_and_undone_again() {
    let (mut desktop, _, acme) = desktop_and_laptop();
    note(&mut desktop, acme, "older", 1);
    let mut laptop = laptop_of(&desktop);
    note(&mut laptop, acme, "newer", 65);
    laptop.write(&UNDO, at(65)).unwrap();
    take_at(&mut desktop, &laptop, at(9));
    desktop.write(&Command::Redo, at(10)).unwrap();
    assert_eq!(notes(&mut desktop, acme), ["newer", "older"]);
    desktop.write(&UNDO, at(10)).unwrap();
    assert_eq!(notes(&mut desktop, acme), ["older"]);
}

/// Whether a batch stands, by its links alone and written another way than the store has it.
fn stands(links: &[(Id, Option<Id>)], batch: Id) -> bool {
    !links
        .iter()
        .any(|(id, undoes)| *undoes == Some(batch) && stands(links, *id))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// ana works on two machines whose clocks go wrong by hours. Undo takes back the last thing that she did on the file, unless
    /// something has just arrived; and redo brings exactly that again.
    #[test]
    fn undo_and_redo_mind_no_clock(steps in prop::collection::vec((0..2usize, 0..8u8, -200..200i64), 1..30)) {
        let (desktop, laptop, acme) = desktop_and_laptop();
        let mut copies = [desktop, laptop];
        let mut clocks = [0, 0];
        for (at_step, (here, what, drift)) in steps.into_iter().enumerate() {
            clocks[here] += drift;
            let (now, (one, other)) = (clocks[here], copies.split_at_mut(1));
            let (store, other) = if here == 0 { (&mut one[0], &mut other[0]) } else { (&mut other[0], &mut one[0]) };
            match what {
                0..=2 => note(store, acme, &format!("note {at_step}"), now),
                3 => drop(take_at(store, other, at(now))),
                _ => {
                    let mut statement = store.conn.prepare("SELECT id, undoes, command, device FROM batch WHERE person = 'ana' ORDER BY n").unwrap();
                    let all: Vec<(Id, Option<Id>, String, Id)> = statement
                        .query_map([], |r| {
                            let undoes: Option<[u8; 16]> = r.get(1)?;
                            Ok((Id(r.get(0)?), undoes.map(Id), r.get(2)?, Id(r.get(3)?)))
                        })
                        .unwrap()
                        .collect::<rusqlite::Result<_>>()
                        .unwrap();
                    drop(statement);
                    let links: Vec<_> = all.iter().map(|b| (b.0, b.1)).collect();
                    let last = all.iter().rev().find(|b| b.2 != "undo" && b.2 != "redo" && stands(&links, b.0)).map(|b| b.0);
                    let arrived = all.last().is_none_or(|b| b.3 != store.who.device);
                    let before = visible(store);
                    let done = store.write(&UNDO, at(now));
                    prop_assert_eq!(done.is_ok(), last.is_some());
                    let Ok(done) = done else { continue };
                    let undoes: [u8; 16] =
                        store.conn.query_row("SELECT undoes FROM batch WHERE id = ?", [&done.batch.unwrap()], |r| r.get(0)).unwrap();
                    prop_assert!(arrived || Some(Id(undoes)) == last);
                    if what > 5 {
                        store.write(&Command::Redo, at(now)).unwrap();
                        prop_assert_eq!(visible(store), before);
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_to_redo_and_the_last_lines_are_known_at_once_in_a_book_of_many_batches() {
    let mut store = Store::memory(&who("ana", 1)).unwrap();
    let acme = add(&mut store, "Acme", 500);
    let many = "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 3000)
                INSERT INTO batch (id, person, device, number, hlc, wall, command, label, finished)
                SELECT randomblob(16), 'ana', device, number + i, hlc + i, wall, 'note', 'Note', 1 FROM batch, c WHERE n = 1";
    store.conn.execute_batch(many).unwrap();
    note(&mut store, acme, "the last one", 1);
    let taken = steps(&mut store, |store| {
        assert_eq!(
            store.write(&Command::Redo, at(2)).unwrap_err().message,
            "nothing to redo"
        );
        assert_eq!(
            store
                .history(&HistoryAsk {
                    limit: 3,
                    ..HistoryAsk::default()
                })
                .unwrap()
                .len(),
            3
        );
    });
    assert!(taken < 1000, "{taken} steps");
}
