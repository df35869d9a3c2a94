//! Rules over a book: what fires, once, with what it did, and what undoing brings back.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::domain::action::ActionDraft;
use crate::domain::command::{Command, NewCustomer, Target};
use crate::domain::id::Id;
use crate::domain::query::{
    ActionAsk, ActionRow, FiredAsk, FiredRow, Page, PlayAsk, PlayRow, Query,
};
use crate::domain::rule::Rule;
use crate::domain::stage::Reason;
use crate::domain::task::TaskDraft;
use crate::domain::time::{Day, Stamp};
use crate::domain::touchpoint::TouchDraft;
use crate::store::Store;
use crate::store::tests::{NOW, add, options};

const DAY: i64 = 86_400_000;

fn book() -> (Store, Id) {
    let mut store = Store::memory(&options("ana")).unwrap();
    let acme = customer(&mut store);
    (store, acme)
}

fn customer(store: &mut Store) -> Id {
    let acme = NewCustomer {
        name: "Acme".into(),
        owner: "ana".into(),
        stage: "retention".into(),
        mrr: 10_000,
        ..NewCustomer::default()
    };
    store
        .write(&Command::AddCustomer(acme), NOW)
        .unwrap()
        .customers[0]
}

fn at(n: i64) -> Stamp {
    Stamp(NOW.0 + n)
}

fn nps(store: &mut Store, customer: Id, score: u8, when: Stamp) -> String {
    store
        .write(
            &Command::Nps {
                customer,
                contact: None,
                score,
                text: "slow".into(),
                at: None,
            },
            when,
        )
        .unwrap()
        .label
}

fn touch(store: &mut Store, customer: Id, when: Stamp) {
    let touch = TouchDraft {
        channel: "phone".into(),
        ..TouchDraft::default()
    };
    store
        .write(
            &Command::LogTouch {
                customers: vec![customer],
                touch,
            },
            when,
        )
        .unwrap();
}

fn actions(store: &mut Store) -> Vec<ActionRow> {
    let Page::Actions(rows) = store.answer(&Query::Actions(ActionAsk::default())).unwrap() else {
        panic!()
    };
    rows
}

fn plays(store: &mut Store) -> Vec<PlayRow> {
    let Page::Plays(rows) = store.answer(&Query::Plays(PlayAsk::default())).unwrap() else {
        panic!()
    };
    rows
}

fn fired(store: &mut Store) -> Vec<FiredRow> {
    let Page::Fired(rows) = store.answer(&Query::Fired(FiredAsk::default())).unwrap() else {
        panic!()
    };
    rows
}

/// What the queue, the calls, the playbooks and the alerts say.
fn told(store: &mut Store) -> String {
    let Page::Rows(queue) = store
        .answer(&Query::Triage {
            filter: String::new(),
            snoozed: false,
        })
        .unwrap()
    else {
        panic!()
    };
    let roster = store.roster().unwrap();
    let roster = roster.read().unwrap();
    let rows: Vec<_> = queue
        .rows
        .iter()
        .map(|at| (*at, roster.rows[*at as usize]))
        .collect();
    drop(roster);
    format!(
        "{rows:?} {:?} {:?} {:?}",
        actions(store),
        plays(store),
        fired(store)
    )
}

#[test]
fn a_low_answer_opens_a_call_and_starts_the_playbook_once_in_the_same_step() {
    let (mut store, acme) = book();
    let before = told(&mut store);
    let label = nps(&mut store, acme, 3, at(1000));
    assert!(label.contains("rule: Low NPS answer"), "{label}");
    let calls = actions(&mut store);
    assert_eq!(
        (
            calls.len(),
            calls[0].action.kind.as_str(),
            calls[0].action.owner.as_str()
        ),
        (1, "risk", "ana")
    );
    assert_eq!(calls[0].action.due, Some(store.today().plus(2)));
    let runs = plays(&mut store);
    assert_eq!(
        runs[0]
            .steps
            .iter()
            .map(|s| s.due.unwrap().since(runs[0].anchor))
            .collect::<Vec<_>>(),
        [1, 3, 14, 45]
    );
    let log = fired(&mut store);
    assert_eq!(
        (log.len(), log[0].rule.as_str(), log[0].alert.as_str()),
        (1, "detractor", "owner")
    );
    // It stays inside: nothing fires again.
    nps(&mut store, acme, 2, at(2000));
    assert_eq!(
        (
            fired(&mut store).len(),
            actions(&mut store).len(),
            plays(&mut store).len()
        ),
        (1, 1, 1)
    );
    for n in 0..2 {
        store
            .write(
                &Command::Undo {
                    batch: None,
                    force: false,
                },
                at(3000 + n),
            )
            .unwrap();
    }
    assert_eq!(told(&mut store), before);
    let wrong: Vec<_> = store
        .doctor()
        .unwrap()
        .into_iter()
        .filter(|c| !c.ok)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    // Undone, it is outside again, so the next one is an entry of its own; redo brings back what was, and fires nothing.
    store.write(&Command::Redo, at(4000)).unwrap();
    assert_eq!(fired(&mut store).len(), 1);
}

#[test]
fn who_leaves_and_comes_again_is_a_new_entry() {
    let (mut store, acme) = book();
    nps(&mut store, acme, 3, at(1000));
    touch(&mut store, acme, at(2000));
    assert_eq!(fired(&mut store).len(), 1);
    nps(&mut store, acme, 4, at(3000));
    assert_eq!(fired(&mut store).len(), 2);
    assert_eq!(
        (actions(&mut store).len(), plays(&mut store).len()),
        (1, 1),
        "what is open is updated, not doubled"
    );
}

#[test]
fn what_a_day_alone_brings_fires_when_the_day_changes_and_only_then() {
    let (mut store, acme) = book();
    touch(&mut store, acme, at(1000));
    assert_eq!(store.run_rules(at(2000)).unwrap().0, 0);
    let later = at(31 * DAY);
    store.turn_day(later);
    assert!(store.rules_wait().unwrap());
    let (count, labels) = store.run_rules(later).unwrap();
    assert_eq!((count, labels), (1, vec!["Cadence broken".to_owned()]));
    assert_eq!(store.run_rules(later).unwrap().0, 0, "asked once a day");
    store.turn_day(at(32 * DAY));
    assert_eq!(
        store.run_rules(at(32 * DAY)).unwrap().0,
        0,
        "it stays inside"
    );
    touch(&mut store, acme, at(32 * DAY + 5));
    assert_eq!(fired(&mut store).len(), 1);
}

#[test]
fn one_firing_is_taken_back_and_does_not_come_again_for_the_same_entry() {
    let (mut store, acme) = book();
    nps(&mut store, acme, 3, at(1000));
    let event = fired(&mut store)[0].id;
    store
        .write(&Command::TakeBackFiring { event }, at(2000))
        .unwrap();
    assert_eq!(
        (
            fired(&mut store).len(),
            actions(&mut store).len(),
            plays(&mut store).len()
        ),
        (0, 0, 0)
    );
    nps(&mut store, acme, 1, at(3000));
    assert_eq!(fired(&mut store).len(), 0);
    assert!(
        store
            .write(&Command::TakeBackFiring { event }, at(4000))
            .is_err()
    );
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            at(5000),
        )
        .unwrap();
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            at(6000),
        )
        .unwrap();
    assert_eq!(
        (
            fired(&mut store).len(),
            actions(&mut store).len(),
            plays(&mut store).len()
        ),
        (1, 1, 1)
    );
}

#[test]
fn a_new_rule_begins_with_whom_it_holds_and_a_wrong_one_is_refused() {
    let (mut store, acme) = book();
    let rule = |when: &str| {
        format!("[[rule]]\ncode = \"big\"\nlabel = \"Big\"\nwhen = \"{when}\"\nalert = \"team\"\n")
    };
    let set = |value: String| Command::SetConfig {
        key: "rules".into(),
        value: Some(value),
        base: None,
    };
    for (when, word) in [
        ("priority>3", "priority"),
        ("acme", "free words"),
        ("owner:me", "me"),
        ("", "every customer"),
        ("nope:3", "nope"),
    ] {
        let error = store.write(&set(rule(when)), at(10)).unwrap_err();
        assert!(error.message.contains(word), "{when}: {}", error.message);
    }
    store.write(&set(rule("arr>1000")), at(20)).unwrap();
    store
        .write(
            &Command::Note {
                customers: vec![acme],
                text: "hello".into(),
                at: None,
            },
            at(30),
        )
        .unwrap();
    assert_eq!(fired(&mut store).len(), 0, "it was inside before");
    let zeta = NewCustomer {
        name: "Zeta".into(),
        stage: "retention".into(),
        mrr: 50_000,
        ..NewCustomer::default()
    };
    store.write(&Command::AddCustomer(zeta), at(40)).unwrap();
    let log = fired(&mut store);
    assert_eq!(
        (
            log.len(),
            log[0].customer_name.as_str(),
            log[0].alert.as_str()
        ),
        (1, "Zeta", "team")
    );
}

#[test]
fn a_trial_says_whom_a_rule_would_fire_for() {
    let (mut store, acme) = book();
    touch(&mut store, acme, at(1000));
    store.turn_day(at(40 * DAY));
    let silence = store.config().rules.find("silence").unwrap().clone();
    let Page::Trial(trial) = store
        .answer_whole(&Query::Trial {
            rule: Box::new(silence.clone()),
            days: 90,
        })
        .unwrap()
    else {
        panic!()
    };
    assert_eq!(
        (trial.today.len(), trial.fired.len(), trial.step),
        (1, 1, 1)
    );
    assert_eq!(store.today().since(trial.fired[0].0), 9, "on the 31st day");
}

#[test]
fn a_mention_is_told_with_the_news() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("team.db");
    let mut ana = Store::open(&path, &options("ana")).unwrap();
    let acme = add(&mut ana, "Acme", 500);
    let mut bo = Store::open(&path, &options("bo")).unwrap();
    bo.write(
        &Command::Note {
            customers: vec![acme],
            text: "Mine".into(),
            at: None,
        },
        NOW,
    )
    .unwrap();
    let note = |text: &str| Command::Note {
        customers: vec![acme],
        text: text.into(),
        at: None,
    };
    ana.write(&note("Please look, @bo"), NOW).unwrap();
    ana.write(&note("Nothing for anybody"), NOW).unwrap();
    let told: Vec<String> = bo.look().unwrap().into_iter().map(|n| n.1).collect();
    assert_eq!(told, ["Note on Acme, and mentions you", "Note on Acme"]);
}

#[test]
fn a_word_that_nothing_is_called_by_is_found() {
    let mut store = crate::store::tests::book();
    add(&mut store, "Acme", 500);
    let rule = |when: &str| Rule {
        code: "x".into(),
        label: "x".into(),
        when: when.into(),
        ..Rule::default()
    };
    let said = |store: &mut Store, when: &str| -> Vec<String> {
        store
            .unknown_words(&rule(when))
            .unwrap()
            .iter()
            .map(crate::domain::filter::Unknown::sentence)
            .collect()
    };
    assert_eq!(said(&mut store, "stage:reach @ana"), [""; 0]);
    let found = said(&mut store, "stage:retnetion (@anna or #vip)");
    assert!(
        found[0].starts_with("no stage is called \"retnetion\": reach, acquisition"),
        "{found:?}"
    );
    assert_eq!(
        found[1..],
        [
            "no owner is called \"anna\": ana",
            "no tag is called \"vip\": "
        ]
    );
}

#[test]
fn a_mention_asks_the_person_and_a_done_task_answers() {
    let (mut store, acme) = book();
    let zeta = NewCustomer {
        name: "Zeta".into(),
        owner: "bo".into(),
        ..NewCustomer::default()
    };
    store.write(&Command::AddCustomer(zeta), at(1)).unwrap();
    let text = "@bo, @nobody and ana@acme.example: look at the export".to_owned();
    store
        .write(
            &Command::Note {
                customers: vec![acme],
                text,
                at: None,
            },
            at(10),
        )
        .unwrap();
    let Page::Tasks(tasks) = store.answer(&Query::Tasks(Default::default())).unwrap() else {
        panic!()
    };
    assert_eq!(
        tasks
            .iter()
            .map(|t| (t.task.owner.as_str(), t.task.kind.as_str()))
            .collect::<Vec<_>>(),
        [("bo", "mention")]
    );
    let mentioned = |store: &mut Store| {
        let Page::Rows(rows) = store
            .answer(&Query::Triage {
                filter: "mention<5d".into(),
                snoozed: false,
            })
            .unwrap()
        else {
            panic!()
        };
        rows.rows.len()
    };
    assert_eq!(mentioned(&mut store), 1);
    store
        .write(
            &Command::DoneTasks {
                tasks: vec![tasks[0].task.id],
            },
            at(20),
        )
        .unwrap();
    assert_eq!(mentioned(&mut store), 0);
}

#[test]
fn a_call_is_closed_with_its_outcome_and_steps_are_skipped_with_a_reason() {
    let (mut store, acme) = book();
    let draft = ActionDraft {
        kind: "risk".into(),
        reason: "price".into(),
        title: "They find it dear".into(),
        severity: Some(1),
        ..ActionDraft::default()
    };
    let open = |action: ActionDraft| Command::OpenAction {
        customers: vec![acme],
        action,
    };
    store.write(&open(draft.clone()), at(1)).unwrap();
    store
        .write(
            &open(ActionDraft {
                severity: Some(3),
                mitigation: "offer a year".into(),
                ..draft
            }),
            at(2),
        )
        .unwrap();
    let calls = actions(&mut store);
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (
            calls[0].action.severity,
            calls[0].action.mitigation.as_str()
        ),
        (Some(1), "offer a year"),
        "the worse one stays"
    );
    assert_eq!(calls[0].action.review, Some(store.today().plus(1)));
    let close = |outcome: &str| Command::CloseActions {
        actions: vec![calls[0].action.id],
        outcome: outcome.into(),
    };
    assert!(store.write(&close(" "), at(3)).is_err());
    store.write(&close("they stay"), at(4)).unwrap();
    assert!(actions(&mut store).is_empty());
    store
        .write(
            &Command::StartPlay {
                customers: vec![acme],
                playbook: "Renewal".into(),
                from: None,
            },
            at(5),
        )
        .unwrap();
    assert!(
        store
            .write(
                &Command::StartPlay {
                    customers: vec![acme],
                    playbook: "renewal".into(),
                    from: None
                },
                at(6)
            )
            .is_err()
    );
    let runs = plays(&mut store);
    let step = runs[0].steps[0].id;
    assert!(
        store
            .write(
                &Command::SkipStep {
                    step,
                    reason: String::new()
                },
                at(7)
            )
            .is_err()
    );
    store
        .write(
            &Command::SkipStep {
                step,
                reason: "decided".into(),
            },
            at(8),
        )
        .unwrap();
    assert_eq!(plays(&mut store)[0].steps[0].skipped, "decided");
    store
        .write(
            &Command::EndPlay {
                play: runs[0].id,
                outcome: "renewed".into(),
            },
            at(9),
        )
        .unwrap();
    assert!(plays(&mut store).is_empty());
    let Page::Tasks(tasks) = store.answer(&Query::Tasks(Default::default())).unwrap() else {
        panic!()
    };
    assert!(tasks.is_empty());
}

/// What happens in the property below.
#[derive(Clone, Copy, Debug)]
enum Doing {
    Nps(usize, u8),
    Touch(usize),
    Note(usize),
    Move(usize, bool),
    Task(usize),
    Days(u16),
    Undo,
    Redo,
}

fn doing() -> impl Strategy<Value = Doing> {
    let who = 0..3_usize;
    prop_oneof![
        4 => (who.clone(), 0..11_u8).prop_map(|(w, n)| Doing::Nps(w, n)),
        3 => who.clone().prop_map(Doing::Touch),
        1 => who.clone().prop_map(Doing::Note),
        2 => (who.clone(), any::<bool>()).prop_map(|(w, on)| Doing::Move(w, on)),
        1 => who.prop_map(Doing::Task),
        3 => (1..50_u16).prop_map(Doing::Days),
        2 => Just(Doing::Undo),
        1 => Just(Doing::Redo),
    ]
}

/// Whom each rule holds by its filter, as a list would say it.
fn held(store: &mut Store) -> BTreeSet<(String, String)> {
    let rules = store.config().rules.clone();
    let mut all = BTreeSet::new();
    for rule in &rules.rule {
        let query = Query::Customers {
            filter: rule.when.clone(),
            sort: String::new(),
            descending: false,
            columns: Vec::new(),
        };
        let Page::Rows(page) = store.answer(&query).unwrap() else {
            panic!()
        };
        let roster = store.roster().unwrap();
        let roster = roster.read().unwrap();
        all.extend(
            page.rows
                .iter()
                .map(|at| (rule.code.clone(), roster.name(*at as usize).to_owned())),
        );
    }
    all
}

fn firings(store: &mut Store) -> BTreeSet<(Id, String, String)> {
    fired(store)
        .into_iter()
        .map(|f| (f.id, f.rule, f.customer_name))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A rule fires when, and only when, a customer comes into its filter by something that was done or by the day; undoing
    /// and redoing bring firings back or take them away, and make none.
    #[test]
    fn a_rule_fires_once_for_each_entry(steps in proptest::collection::vec(doing(), 1..30)) {
        let (mut store, acme) = book();
        let mut customers = vec![acme];
        for name in ["Beta", "Gamma"] {
            let new = NewCustomer { name: name.into(), owner: "ana".into(), stage: "conversion".into(), mrr: 5000, ..NewCustomer::default() };
            customers.push(store.write(&Command::AddCustomer(new), at(1)).unwrap().customers[0]);
        }
        let mut now = 1000;
        let mut seen = firings(&mut store);
        for step in steps {
            let (before, was) = (held(&mut store), firings(&mut store));
            now += 1000;
            let mut run = |command: Command| store.write(&command, at(now)).is_ok();
            let fires = match step {
                Doing::Nps(who, score) => run(Command::Nps { customer: customers[who], contact: None, score, text: String::new(), at: None }),
                Doing::Touch(who) => {
                    let touch = TouchDraft { channel: "phone".into(), ..TouchDraft::default() };
                    run(Command::LogTouch { customers: vec![customers[who]], touch })
                }
                Doing::Note(who) => run(Command::Note { customers: vec![customers[who]], text: "x".into(), at: None }),
                Doing::Move(who, on) => {
                    let (to, code) = if on { (Target::Next, "other") } else { (Target::Stage("churned".into()), "price") };
                    let reason = Some(Reason { code: code.into(), ..Reason::default() });
                    run(Command::Move { customers: vec![customers[who]], to, reason })
                }
                Doing::Task(who) => {
                    let task = TaskDraft { title: "Plan".into(), kind: "renewal".into(), ..TaskDraft::default() };
                    run(Command::AddTask { customers: vec![customers[who]], task })
                }
                Doing::Days(days) => {
                    now += i64::from(days) * DAY;
                    store.turn_day(at(now));
                    store.run_rules(at(now)).unwrap();
                    true
                }
                Doing::Undo => {
                    run(Command::Undo { batch: None, force: false });
                    false
                }
                Doing::Redo => {
                    run(Command::Redo);
                    false
                }
            };
            let (after, is) = (held(&mut store), firings(&mut store));
            let new: Vec<(String, String)> = is.difference(&was).filter(|f| !seen.contains(f)).map(|f| (f.1.clone(), f.2.clone())).collect();
            if fires {
                for entry in after.difference(&before) {
                    prop_assert_eq!(new.iter().filter(|n| *n == entry).count(), 1, "{:?} came in by {:?}", entry, step);
                }
                for entry in &new {
                    prop_assert!(!before.contains(entry), "{:?} was in before {:?}", entry, step);
                }
            } else {
                prop_assert!(new.is_empty(), "{:?} fired {:?}", step, new);
            }
            seen.extend(is);
            let watch = store.watch_rules();
            let noted = watch.noted(&store.conn, None).unwrap().values().map(BTreeSet::len).sum::<usize>();
            prop_assert_eq!(noted, after.len(), "what is noted is what the lists say, after {:?}", step);
        }
        prop_assert!(store.doctor().unwrap().iter().all(|c| c.ok));
    }
}

#[test]
fn alerts_to_me_are_open_until_somebody_is_done_with_them() {
    let (mut store, acme) = book();
    let ask = |alerts: bool, open: bool, days: i64, today: Day| {
        Query::Fired(FiredAsk {
            alerts,
            open,
            mine: alerts,
            since: Some(today.plus(-days)),
            ..FiredAsk::default()
        })
    };
    let count = |store: &mut Store, query: &Query| match store.answer(query).unwrap() {
        Page::Fired(rows) => rows.len(),
        Page::Counts(counts) => counts.alerts,
        _ => panic!(),
    };
    let today = store.today();
    assert_eq!(count(&mut store, &Query::Counts), 0);
    nps(&mut store, acme, 3, at(1000));
    for (alerts, open) in [(true, true), (true, false), (false, false)] {
        assert_eq!(
            count(&mut store, &ask(alerts, open, 0, today)),
            1,
            "{alerts} {open}"
        );
        assert_eq!(
            count(&mut store, &ask(alerts, open, -1, today)),
            0,
            "from tomorrow on"
        );
    }
    assert_eq!(count(&mut store, &Query::Counts), 1);
    store
        .write(
            &Command::Done {
                customers: vec![acme],
            },
            at(2000),
        )
        .unwrap();
    assert_eq!(
        (
            count(&mut store, &Query::Counts),
            count(&mut store, &ask(true, true, 0, today))
        ),
        (0, 0)
    );
    assert_eq!(
        count(&mut store, &ask(true, false, 0, today)),
        1,
        "it is still told of"
    );
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            at(3000),
        )
        .unwrap();
    store
        .write(
            &Command::Assign {
                customers: vec![acme],
                owner: "bo".into(),
            },
            at(4000),
        )
        .unwrap();
    assert_eq!(count(&mut store, &Query::Counts), 0, "it is bo's now");
}

#[test]
fn a_trial_is_a_question_like_others() {
    let (mut store, acme) = book();
    nps(&mut store, acme, 3, at(1000));
    let rule = store.config().rules.find("detractor").unwrap().clone();
    let Page::Trial(trial) = store
        .answer(&Query::Trial {
            rule: Box::new(rule.clone()),
            days: 30,
        })
        .unwrap()
    else {
        panic!()
    };
    assert!(!trial.computing && trial == store.try_rule(&rule, 30).unwrap());
    assert_eq!(trial.today, [(acme, "Acme".to_owned())]);
    let wrong = Rule {
        when: "moon:full".into(),
        ..rule
    };
    assert!(
        store
            .answer(&Query::Trial {
                rule: Box::new(wrong),
                days: 30
            })
            .is_err()
    );
}

/// A rule that alerts the team of whom a tag is at.
fn for_tag(tag: &str, label: &str) -> Rule {
    Rule {
        code: tag.into(),
        label: label.into(),
        when: format!("#{tag}"),
        alert: crate::domain::rule::Alert::Team,
        ..Rule::default()
    }
}

/// A copy of a book, at which somebody else is.
fn copy_for_bo(store: &Store) -> Store {
    let who = crate::store::Who {
        person: "bo".into(),
        device: Id([9; 16]),
    };
    let mut bo = Store::memory(&crate::store::Options {
        who,
        ..options("bo")
    })
    .unwrap();
    rusqlite::backup::Backup::new(&store.conn, &mut bo.conn)
        .unwrap()
        .step(-1)
        .unwrap();
    bo.look().unwrap();
    bo
}

/// A book in which a rule opens a call for whom the tag `hot` is at, and so many customers.
fn tagged(customers: usize) -> (Store, Vec<Id>) {
    let mut store = Store::memory(&options("ana")).unwrap();
    let mut load = store.load("demo", NOW).unwrap();
    let mut numbers = Vec::new();
    for n in 0..customers {
        let (key, name) = (format!("k{n}"), format!("Customer {n}"));
        let row = crate::store::load::CustomerRow {
            external: &key,
            name: &name,
            owner: Some("ana"),
            ..Default::default()
        };
        numbers.push(load.put_customer(&row).unwrap().0);
    }
    let ids = numbers
        .iter()
        .map(|n| load.customer_id(*n).unwrap())
        .collect();
    load.finish("loaded").unwrap();
    let hot = for_tag("hot", "Hot");
    store.write(&hot.command(None).unwrap(), NOW).unwrap();
    store.run_rules(NOW).unwrap();
    (store, ids)
}

fn hot(customers: &[Id], on: bool) -> Command {
    let tag = vec!["hot".to_owned()];
    let (add, remove) = if on { (tag, vec![]) } else { (vec![], tag) };
    Command::Tag {
        customers: customers.to_vec(),
        add,
        remove,
    }
}

fn times(store: &Store, rule: &str) -> i64 {
    store
        .conn
        .query_row(
            "SELECT count(*) FROM event WHERE kind = 16 AND channel = ? AND removed = 0",
            [rule],
            |r| r.get(0),
        )
        .unwrap()
}

#[test]
fn a_change_of_any_size_asks_the_rules_at_once_and_its_undo_fires_nothing() {
    for many in [
        crate::store::REFOLD_AT_ONCE,
        crate::store::REFOLD_AT_ONCE + 1,
    ] {
        let (mut store, all) = tagged(many);
        let done = store.write(&hot(&all, true), at(1000)).unwrap();
        assert!(
            done.label.ends_with(&format!("; rule: Hot ({many} times)")),
            "{}",
            done.label
        );
        assert_eq!(times(&store, "hot"), many as i64);
        store
            .write(
                &Command::Undo {
                    batch: None,
                    force: false,
                },
                at(2000),
            )
            .unwrap();
        assert_eq!(times(&store, "hot"), 0);
        store.write(&Command::Redo, at(3000)).unwrap();
        store.write(&hot(&all, false), at(4000)).unwrap();
        store
            .write(
                &Command::Undo {
                    batch: None,
                    force: false,
                },
                at(5000),
            )
            .unwrap();
        assert_eq!(
            times(&store, "hot"),
            many as i64,
            "who comes back by an undo does not fire"
        );
        store.turn_day(at(DAY));
        assert_eq!(
            store.run_rules(at(DAY)).unwrap().0,
            0,
            "nor on the next day"
        );
    }
}

#[test]
fn a_change_of_settings_swallows_nothing_that_the_day_has_brought() {
    let set = |key: &str, value: &str| Command::SetConfig {
        key: key.into(),
        value: Some(value.into()),
        base: None,
    };
    let other = for_tag("cold", "Cold");
    for change in [
        None,
        Some(other.command(None).unwrap()),
        Some(set("policy", "cadence_days = 40")),
        Some(set("zone", "Asia/Tokyo")),
    ] {
        let (mut store, acme) = book();
        touch(&mut store, acme, at(1000));
        store.run_rules(at(2000)).unwrap();
        let later = at(31 * DAY);
        store.turn_day(later);
        if let Some(change) = &change {
            store.write(change, later).unwrap();
        }
        store.run_rules(later).unwrap();
        assert_eq!(
            times(&store, "silence"),
            1,
            "{change:?}: {:?}",
            fired(&mut store)
        );
        store.turn_day(at(32 * DAY));
        assert_eq!(store.run_rules(at(32 * DAY)).unwrap().0, 0);
    }
}

#[test]
fn a_rule_that_comes_from_another_copy_swallows_nothing_of_the_others() {
    let (mut store, acme) = book();
    touch(&mut store, acme, at(1000));
    store.run_rules(at(2000)).unwrap();
    let mut bo = copy_for_bo(&store);
    let cold = for_tag("cold", "Cold");
    bo.write(&cold.command(None).unwrap(), at(3000)).unwrap();
    // The rows of the setting are here, and nobody has asked the rules since the day has changed.
    let later = at(31 * DAY);
    store.turn_day(later);
    let new = crate::store::merge::missing(&store.conn, &bo.conn).unwrap();
    store.begin().unwrap();
    store.inside().unwrap();
    store.take_from(&bo.conn, &new).unwrap();
    store.conn.execute_batch("COMMIT").unwrap();
    store.look().unwrap();
    store.run_rules(later).unwrap();
    assert_eq!(times(&store, "silence"), 1, "only the new one begins anew");
}

#[test]
fn a_rule_that_was_not_touched_goes_on_where_another_begins_anew() {
    let (mut store, all) = tagged(3);
    // Noted as outside; then a cold one comes into being, and the next write is an entry all the same.
    let cold = for_tag("cold", "Cold");
    store
        .write(
            &Command::Tag {
                customers: vec![all[1]],
                add: vec!["cold".into()],
                remove: vec![],
            },
            at(1000),
        )
        .unwrap();
    store.write(&cold.command(None).unwrap(), at(2000)).unwrap();
    assert_eq!(times(&store, "cold"), 0, "it begins with whom it holds");
    store.write(&hot(&all[..1], true), at(3000)).unwrap();
    store
        .write(
            &Command::Tag {
                customers: vec![all[2]],
                add: vec!["cold".into()],
                remove: vec![],
            },
            at(4000),
        )
        .unwrap();
    assert_eq!((times(&store, "hot"), times(&store, "cold")), (1, 1));
    // Switched off and on it begins anew, and the other one stays as it was.
    store
        .write(
            &Rule {
                off: true,
                ..cold.clone()
            }
            .command(Some(&cold))
            .unwrap(),
            at(5000),
        )
        .unwrap();
    store
        .write(
            &Command::Tag {
                customers: vec![all[0]],
                add: vec!["cold".into()],
                remove: vec![],
            },
            at(6000),
        )
        .unwrap();
    store
        .write(
            &cold
                .command(Some(&Rule {
                    off: true,
                    ..cold.clone()
                }))
                .unwrap(),
            at(7000),
        )
        .unwrap();
    store.turn_day(at(DAY));
    assert_eq!(store.run_rules(at(DAY)).unwrap().0, 0);
    let held: i64 = store
        .conn
        .query_row(
            "SELECT count(*) FROM inside WHERE rule IN ('hot', 'cold')",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(held, 4);
}

#[test]
fn what_was_taken_back_there_fires_nothing_here() {
    let (mut ana, all) = tagged(2);
    ana.write(&hot(&all[..1], true), at(1000)).unwrap();
    let mut bo = copy_for_bo(&ana);
    let before = times(&ana, "hot");
    let ask = |now| crate::store::merge::MergeAsk {
        now,
        dry_run: false,
        foreign: false,
    };
    bo.write(&hot(&all[..1], false), at(2000)).unwrap();
    ana.merge_copy(&bo.conn, ask(at(2500))).unwrap();
    ana.turn_day(at(DAY));
    ana.run_rules(at(DAY)).unwrap();
    bo.write(
        &Command::Undo {
            batch: None,
            force: false,
        },
        at(DAY + 1000),
    )
    .unwrap();
    ana.merge_copy(&bo.conn, ask(at(DAY + 2000))).unwrap();
    ana.turn_day(at(2 * DAY));
    assert_eq!(ana.run_rules(at(2 * DAY)).unwrap().0, 0);
    assert_eq!(times(&ana, "hot"), before);
    // What bo does anew is an entry, told once by whichever copy asks first.
    bo.write(&hot(&all[1..], true), at(2 * DAY + 1000)).unwrap();
    ana.merge_copy(&bo.conn, ask(at(2 * DAY + 2000))).unwrap();
    ana.turn_day(at(3 * DAY));
    ana.run_rules(at(3 * DAY)).unwrap();
    assert_eq!(times(&ana, "hot"), before + 1);
}

#[test]
fn what_is_written_again_has_fired_already_and_what_the_day_brings_fires_still() {
    let folder = tempfile::tempdir().unwrap();
    let (path, saved) = (
        folder.path().join("book.db"),
        folder.path().join("saved.db"),
    );
    let open = |now: Stamp| {
        let keep = crate::store::outbox::Keep::In(folder.path().join("state"));
        Store::open(
            &path,
            &crate::store::Options {
                now,
                keep,
                create: true,
                ..options("ana")
            },
        )
        .unwrap()
    };
    let mut store = open(NOW);
    let acme = customer(&mut store);
    store
        .write(&for_tag("hot", "Hot").command(None).unwrap(), NOW)
        .unwrap();
    touch(&mut store, acme, at(1000));
    store.run_rules(at(2000)).unwrap();
    store.back_up_to(&saved).unwrap();
    store.write(&hot(&[acme], true), at(DAY)).unwrap();
    assert_eq!(times(&store, "hot"), 1);
    store.close();
    for part in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("book.db{part}")));
    }
    std::fs::rename(&saved, &path).unwrap();

    let later = at(31 * DAY);
    let mut store = open(later);
    assert_eq!(times(&store, "hot"), 1, "{:?}", store.news());
    store.run_rules(later).unwrap();
    assert_eq!(
        (times(&store, "hot"), times(&store, "silence")),
        (1, 1),
        "{:?}",
        fired(&mut store)
    );
    store.write(&hot(&[acme], false), later).unwrap();
    store.write(&hot(&[acme], true), later).unwrap();
    assert_eq!(times(&store, "hot"), 2, "who leaves and comes again");
}

#[test]
fn whom_a_rule_holds_since_a_merge_is_known_at_once_and_what_nobody_told_is_told_the_same_day() {
    let (mut ana, all) = tagged(3);
    let both = Rule {
        when: "#hot #big".into(),
        ..for_tag("both", "Both")
    };
    ana.write(&both.command(None).unwrap(), at(1)).unwrap();
    ana.run_rules(at(2)).unwrap();
    let mut bo = copy_for_bo(&ana);
    bo.write(&hot(&all[..2], true), at(1000)).unwrap();
    let big = Command::Tag {
        customers: all[1..].to_vec(),
        add: vec!["big".into()],
        remove: vec![],
    };
    ana.write(&big, at(2000)).unwrap();
    ana.merge_copy(
        &bo.conn,
        crate::store::merge::MergeAsk {
            now: at(3000),
            dry_run: false,
            foreign: false,
        },
    )
    .unwrap();
    let holds = |store: &Store, rule: &str| -> i64 {
        store
            .conn
            .query_row("SELECT count(*) FROM inside WHERE rule = ?", [rule], |r| {
                r.get(0)
            })
            .unwrap()
    };
    assert_eq!(
        (holds(&ana, "hot"), times(&ana, "hot")),
        (2, 2),
        "as bo was told"
    );
    assert_eq!(
        (holds(&ana, "both"), times(&ana, "both")),
        (0, 0),
        "neither copy alone knew of it"
    );
    assert!(ana.rules_wait().unwrap());
    ana.run_rules(at(4000)).unwrap();
    assert_eq!(
        (holds(&ana, "both"), times(&ana, "both"), times(&ana, "hot")),
        (1, 1, 2)
    );
    assert!(!ana.rules_wait().unwrap());
}

#[test]
fn a_clock_that_was_a_year_ahead_keeps_no_day_from_being_asked() {
    let (mut store, acme) = book();
    touch(&mut store, acme, at(1000));
    store.run_rules(at(2000)).unwrap();
    store.turn_day(at(400 * DAY));
    store.run_rules(at(400 * DAY)).unwrap();
    assert_eq!(times(&store, "silence"), 1, "by a wrong day");
    // The clock is put right.
    store.turn_day(at(DAY));
    assert!(store.rules_wait().unwrap());
    store.run_rules(at(DAY)).unwrap();
    assert!(!store.rules_wait().unwrap());
    store.turn_day(at(1000));
    assert!(
        !store.rules_wait().unwrap(),
        "another clock may be a little behind"
    );
    store.turn_day(at(31 * DAY));
    store.run_rules(at(31 * DAY)).unwrap();
    assert_eq!(times(&store, "silence"), 2, "when the day has come");
}

#[test]
fn settings_of_others_are_taken_over_with_the_day_of_now() {
    let folder = tempfile::tempdir().unwrap();
    let options = crate::store::Options {
        create: true,
        ..options("ana")
    };
    let mut store = Store::open(&folder.path().join("book.db"), &options).unwrap();
    store.turn_day(at(400 * DAY));
    let acme = customer(&mut store);
    store.turn_day(at(DAY));
    let today = store.today;
    let policy = Command::SetConfig {
        key: "policy".into(),
        value: Some("cadence_days = 40".into()),
        base: None,
    };
    Store::open(&folder.path().join("book.db"), &options)
        .unwrap()
        .write(&policy, at(DAY))
        .unwrap();
    touch(&mut store, acme, at(DAY));
    assert_eq!((store.config.policy.cadence_days, store.today), (40, today));
}
