//! The generator alone, and the book that comes of it.

use std::collections::BTreeMap;

use super::*;
use crate::domain::funnel::Mode;
use crate::domain::table::{By, Kind, TableAsk};

fn today() -> Day {
    "2026-11-21".parse().expect("a date")
}

/// Calls `look` with every story of a book.
fn each(customers: usize, count: usize, seed: u64, mut look: impl FnMut(usize, &Story)) {
    let author = Author::new(customers, 18, seed, today());
    let mut story = Story::default();
    for index in 0..count {
        author.tell(index, &mut story);
        look(index, &story);
    }
}

fn hash(customers: usize, seed: u64) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    each(customers, 300, seed, |_, story| {
        hasher.update(format!("{story:?}").as_bytes());
    });
    hasher.finalize()
}

#[test]
fn the_same_seed_tells_the_same_stories() {
    assert_eq!(hash(300, 5), hash(300, 5));
    assert_ne!(hash(300, 5), hash(300, 6));
}

#[test]
fn a_story_does_not_depend_on_the_ones_before() {
    let author = Author::new(300, 18, 9, today());
    let (mut alone, mut after) = (Story::default(), Story::default());
    author.tell(17, &mut alone);
    for index in 0..18 {
        author.tell(index, &mut after);
    }
    assert_eq!(format!("{alone:?}"), format!("{after:?}"));
}

#[test]
fn events_a_customer_are_as_many_as_the_size_asks_for() {
    for (customers, wanted) in [
        (300, 60),
        (1_000, 60),
        (10_000, 40),
        (100_000, 20),
        (1_000_000, 10),
    ] {
        let mut events = 0;
        each(customers, 2_000, 3, |_, story| {
            events +=
                story.size() as usize + story.tasks.iter().filter(|t| t.done.is_some()).count();
        });
        let tenths = events / 200;
        assert!(
            (wanted * 9..=wanted * 11).contains(&tenths),
            "{customers}: {tenths} tenths, not {wanted}"
        );
    }
}

#[test]
fn nothing_has_happened_after_yesterday_or_before_the_start() {
    each(300, 2_000, 11, |index, story| {
        for event in &story.events {
            assert!(event.when.day < 0, "{index}: {event:?}");
            assert!(
                event.when.day >= story.created - 40,
                "{index}: {event:?} before {}",
                story.created
            );
        }
        for ticket in &story.tickets {
            assert!(
                ticket.opened.day < 0
                    && ticket
                        .closed
                        .is_none_or(|c| c.day < 0 && c.day >= ticket.opened.day),
                "{index}: {ticket:?}"
            );
        }
        assert!(
            story
                .tasks
                .iter()
                .all(|t| t.made.day < 0 && t.done.is_none_or(|d| d >= t.made && d.day < 0)),
            "{index}"
        );
        assert!((1..=4).contains(&story.people.len()));
    });
}

#[test]
fn moves_follow_on_each_other_and_name_their_reasons() {
    let mut met = BTreeMap::new();
    each(300, 300, 1, |index, story| {
        let mut at = String::new();
        let mut first = true;
        for event in story.events.iter().filter(|e| e.kind == EventKind::Stage) {
            let more: serde_json::Value =
                serde_json::from_str(story.words(event.more)).expect("JSON");
            assert_eq!(more["from"].as_str(), Some(at.as_str()), "{index}");
            assert_eq!(more["to"].as_str(), Some(event.channel));
            let stages = crate::domain::config::Config::default().stages;
            let to = stages.find(event.channel).expect("a default stage");
            if stages.needs_reason(stages.find(&at), to) && !first {
                assert!(more["code"].is_string(), "{index}: {more}");
            }
            at = event.channel.to_owned();
            first = false;
        }
        *met.entry(at).or_insert(0) += 1;
    });
    let stages: Vec<&str> = met.keys().map(String::as_str).collect();
    assert_eq!(
        stages,
        [
            "acquisition",
            "churned",
            "conversion",
            "loyalty",
            "reach",
            "retention"
        ]
    );
}

#[test]
fn versions_of_a_subscription_join_without_gap_or_overlap() {
    each(300, 2_000, 2, |index, story| {
        for pair in story.versions.windows(2) {
            if pair[0].subscription == pair[1].subscription {
                assert_eq!(pair[0].end, Some(pair[1].start), "{index}");
            }
            assert!(pair[0].start < pair[1].start, "{index}");
        }
        if let Some(last) = story.versions.last() {
            let lost = story
                .events
                .iter()
                .rev()
                .find(|e| e.kind == EventKind::Stage)
                .is_some_and(|e| e.channel == "churned");
            assert_eq!(
                lost,
                last.end.is_some_and(|e| e <= today()),
                "{index}: {last:?}"
            );
        }
    });
}

#[test]
fn every_kind_of_event_is_told() {
    let mut met = vec![EventKind::Ticket, EventKind::Task, EventKind::Rule];
    each(300, 300, 1, |_, story| {
        met.extend(story.events.iter().map(|e| e.kind))
    });
    for kind in EventKind::ALL {
        assert!(met.contains(kind), "{kind:?} is missing");
    }
}

#[test]
fn timelines_are_not_copies_of_each_other() {
    let mut texts = BTreeMap::new();
    let mut all = 0;
    each(300, 300, 1, |_, story| {
        for event in story.events.iter().filter(|e| e.kind == EventKind::Touch) {
            *texts.entry(story.words(event.text).to_owned()).or_insert(0) += 1;
            all += 1;
        }
    });
    assert!(
        texts.len() * 100 > all * 85,
        "{} different of {all}",
        texts.len()
    );
}

fn book(options: &DemoOptions) -> Store {
    let now = Calendar {
        today: options.today,
        zone: Zone::default(),
    }
    .stamp(When {
        day: 0,
        minute: 9 * 60,
    });
    let who = crate::store::Who {
        person: "ana".into(),
        device: crate::domain::id::Ids::seeded(4).next(now),
    };
    let open = crate::store::Options {
        who,
        now,
        as_of: Some(options.today),
        create: true,
        zone: None,
        keep: crate::store::outbox::Keep::Nowhere,
    };
    let mut store = Store::memory(&open).expect("a book in memory");
    let mut told = 0;
    write(&mut store, options, now, &mut |n| told = n).expect("the demo is written");
    assert_eq!(told, options.customers);
    store
}

#[test]
fn the_book_has_every_stage_and_every_reason_and_most_customers_are_fine() {
    let mut store = book(&DemoOptions::new(today()));
    let roster = store.roster().expect("a roster");
    let roster = roster.read().expect("nobody panicked");
    let (mut queue, mut stages, mut reasons) = (0, BTreeMap::new(), BTreeMap::new());
    let mut names = std::collections::HashSet::new();
    let mut returned = 0;
    for (at, row) in roster.rows.iter().enumerate() {
        queue += usize::from(row.priority > 0);
        returned += usize::from(row.signals.cohort == 2);
        *stages
            .entry(roster.config.stages.code(row.signals.stage).to_owned())
            .or_insert(0) += 1;
        for why in roster.reasons(at) {
            *reasons
                .entry(crate::domain::priority::REASONS[usize::from(why.key.reason.0)].code)
                .or_insert(0) += 1;
        }
        assert!(
            names.insert(roster.name(at).to_owned()),
            "{} twice",
            roster.name(at)
        );
    }
    assert_eq!(roster.len(), 300);
    assert!(
        (12..=45).contains(&queue),
        "{queue} of 300 are in the queue: {reasons:?}"
    );
    assert_eq!(stages.len(), 6, "{stages:?}");
    assert!(returned > 0);
    for reason in crate::domain::priority::REASONS {
        assert!(
            reasons.contains_key(reason.code),
            "no {} among {reasons:?}",
            reason.code
        );
    }
}

/// Of those who are asked a quarter to nearly a half answer, in every wave that has many of them; and how customers came is known of all.
#[test]
fn few_of_those_who_are_asked_answer() {
    use crate::domain::query::{Page, PeriodAsk, Query};
    for customers in [300, 2_000] {
        let mut store = book(&DemoOptions {
            customers,
            ..DemoOptions::new(today())
        });
        let Page::Nps(page) = store
            .answer(&Query::Nps {
                filter: String::new(),
                period: PeriodAsk::All,
            })
            .expect("an answer")
        else {
            panic!("another page")
        };
        let waves: Vec<_> = page
            .figures
            .waves
            .iter()
            .filter(|w| w.response.of >= 40)
            .map(|w| (w.name.as_str(), w.response))
            .collect();
        assert!(waves.len() >= 4, "{waves:?}");
        assert!(
            waves
                .iter()
                .all(|w| w.1.ratio().is_some_and(|r| (0.25..=0.45).contains(&r))),
            "{waves:?}"
        );
        let by = Kind::Split(By::Attribute("channel".into()));
        let ask = TableAsk {
            kind: by,
            filter: String::new(),
            period: PeriodAsk::All,
            mode: Mode::InOrder,
        };
        let Page::Table(table) = store.answer(&Query::Table(ask)).expect("an answer") else {
            panic!("another page")
        };
        let parts: std::collections::BTreeSet<String> =
            table.rows.iter().map(|r| r.cells[0].show()).collect();
        assert_eq!(
            parts.into_iter().collect::<Vec<_>>(),
            ["event", "outbound", "partner", "referral", "search"]
        );
    }
}

#[test]
fn two_books_of_one_seed_say_the_same() {
    let options = DemoOptions {
        customers: 40,
        ..DemoOptions::new(today())
    };
    assert_eq!(dump(&mut book(&options)), dump(&mut book(&options)));
}

/// Everything that a book says but the ids.
fn dump(store: &mut Store) -> Vec<String> {
    use crate::domain::query::{Page, Query, TimelineAsk};
    let ids = store
        .roster()
        .expect("a roster")
        .read()
        .expect("nobody panicked")
        .ids
        .clone();
    let mut out = Vec::new();
    for customer in ids {
        let ask = Query::Account {
            customer,
            timeline: TimelineAsk {
                kinds: EventKind::ALL.to_vec(),
                limit: 1000,
                ..TimelineAsk::default()
            },
        };
        let Ok(Page::Account(Some(account))) = store.answer(&ask) else {
            panic!("the customer is there")
        };
        let c = &account.customer;
        out.push(format!(
            "{} {} {} {:?} {:?} {:?} {:?}",
            c.external, c.name, c.owner, c.tags, c.attributes, c.created, account.signals
        ));
        out.extend(
            account
                .contacts
                .iter()
                .map(|p| format!("{} {} {} {}", p.name, p.role, p.email, p.primary)),
        );
        out.extend(
            account
                .tasks
                .iter()
                .map(|t| format!("{} {:?} {:?} {}", t.title, t.due, t.done, t.kind)),
        );
        out.extend(
            account
                .tickets
                .iter()
                .map(|t| format!("{} {} {:?} {:?}", t.external, t.subject, t.opened, t.closed)),
        );
        out.extend(
            account
                .versions
                .iter()
                .map(|v| format!("{} {:?} {:?} {}", v.external, v.start, v.end, v.amount)),
        );
        for e in &account.events {
            out.push(format!(
                "{:?} {:?} {:?} {} {} {} {:?} {:?}",
                e.kind,
                e.at,
                e.day,
                e.channel,
                e.contact_name,
                e.text,
                e.number,
                // What a rule started is named there by its id.
                if e.kind == EventKind::Rule {
                    Default::default()
                } else {
                    e.more.clone()
                }
            ));
        }
    }
    assert!(out.len() > 1000);
    out
}

#[test]
fn a_second_demo_in_the_same_book_is_refused() {
    let options = DemoOptions {
        customers: 3,
        ..DemoOptions::new(today())
    };
    let mut store = book(&options);
    let again = write(&mut store, &options, Stamp(1), &mut |_| {});
    assert_eq!(again.map_err(|e| e.kind), Err(crate::error::Kind::Usage));
}
