//! Files that come a second time: with fewer columns, corrected, or behind an undo.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::domain::command::{Change, Command, Entity, NewContact, NewCustomer};
use crate::domain::id::Id;
use crate::domain::sheet::Datum;
use crate::store::facts;

/// A table with two rows of one key that differ in every cell but those that find the row, and what of the book each column says.
struct Sample {
    file: &'static str,
    headers: &'static str,
    first: &'static str,
    second: &'static str,
    /// How many columns the file has to have.
    must: usize,
    /// Columns of the file, and what they say: a table's columns; `more.NAME` is a member of an event's rest.
    says: &'static [(&'static str, &'static [&'static str])],
}

const SAMPLES: &[Sample] = &[
    Sample {
        file: "contacts.csv",
        headers: "contact_id,customer_id,name,role,email,phone,primary",
        first: "P1,C1,Kim,champion,kim@acme.example,555,yes",
        second: "P1,C2,Kim Lee,buyer,lee@acme.example,777,no",
        must: 3,
        says: &[
            ("customer_id", &["contact.customer"]),
            ("name", &["contact.name"]),
            ("role", &["contact.role"]),
            ("email", &["contact.email"]),
            ("phone", &["contact.phone"]),
            ("primary", &["contact.main"]),
        ],
    },
    Sample {
        file: "tickets.csv",
        headers: "ticket_id,customer_id,opened_at,closed_at,severity,subject,csat",
        first: "T1,C1,2026-11-01,2026-11-05,2,broken,4",
        second: "T1,C2,2026-10-01,2026-11-06,1,Broken again,5",
        must: 3,
        says: &[
            ("customer_id", &["ticket.customer", "event.customer"]),
            ("opened_at", &["ticket.opened", "opened.at", "opened.day"]),
            ("closed_at", &["ticket.closed", "closed.at", "closed.day"]),
            ("severity", &["ticket.severity", "event.number"]),
            ("subject", &["ticket.subject", "event.text"]),
            ("csat", &["ticket.csat"]),
        ],
    },
    Sample {
        file: "subscriptions.csv",
        headers: "id,customer_id,amount,start,subscription_id,end,currency,interval,interval_count,quantity,discount,status",
        first: "V1,C1,100,2026-01-01,s1,2027-01-01,USD,month,2,25,10,active",
        second: "V1,C2,120,2026-02-01,s9,2028-01-01,EUR,year,1,30,20,paused",
        must: 4,
        says: &[
            ("customer_id", &["subscription.customer"]),
            ("amount", &["subscription.amount"]),
            ("start", &["subscription.start"]),
            ("subscription_id", &["subscription.subscription"]),
            ("end", &["subscription.end"]),
            ("currency", &["subscription.currency"]),
            ("interval", &["subscription.period", "subscription.count"]),
            ("interval_count", &["subscription.count"]),
            ("quantity", &["subscription.quantity"]),
            ("discount", &["subscription.discount"]),
            ("status", &["subscription.status"]),
        ],
    },
    Sample {
        file: "touchpoints.csv",
        headers: "touchpoint_id,customer_id,happened_at,channel,direction,minutes,mood,note",
        first: "H1,C1,2026-11-02,phone,in,10,3,Hello",
        second: "H1,C2,2026-11-03,fax,out,20,5,Hello again",
        must: 4,
        says: &[
            ("customer_id", &["event.customer"]),
            ("happened_at", &["event.at", "event.day"]),
            ("channel", &["event.channel", "more.channel"]),
            ("direction", &["event.direction"]),
            ("minutes", &["event.number"]),
            ("mood", &["more.mood"]),
            ("note", &["event.text"]),
        ],
    },
    Sample {
        file: "invoices.csv",
        headers: "invoice_id,customer_id,issued_on,amount,due_on,paid_on,status,subscription_id",
        first: "I1,C1,2026-10-01,10,2026-10-31,2026-10-20,open,s1",
        second: "I1,C2,2026-10-02,20,2026-11-30,2026-11-20,paid,s2",
        must: 4,
        says: &[
            ("customer_id", &["event.customer"]),
            ("issued_on", &["event.at", "event.day"]),
            ("amount", &["event.number"]),
            ("due_on", &["more.due"]),
            ("paid_on", &["more.paid"]),
            ("status", &["event.channel", "more.status"]),
            ("subscription_id", &["more.subscription"]),
        ],
    },
    Sample {
        file: "orders.csv",
        headers: "order_id,customer_id,ordered_on,amount,discount,status",
        first: "O1,C1,2026-10-01,10,1,open",
        second: "O1,C2,2026-10-02,20,2,paid",
        must: 4,
        says: &[
            ("customer_id", &["event.customer"]),
            ("ordered_on", &["event.at", "event.day"]),
            ("amount", &["event.number"]),
            ("discount", &["more.discount"]),
            ("status", &["event.channel", "more.status"]),
        ],
    },
    Sample {
        file: "usage.csv",
        headers: "customer_id,period_start,key_actions,active_days,sessions,seats_used",
        first: "C1,2026-10-05,7,2,9,18",
        second: "C1,2026-10-05,8,3,10,19",
        must: 3,
        says: &[
            ("key_actions", &["event.number"]),
            ("active_days", &["more.active"]),
            ("sessions", &["more.sessions"]),
            ("seats_used", &["more.seats"]),
        ],
    },
    Sample {
        file: "nps_responses.csv",
        headers: "response_id,customer_id,responded_at,score,comment,wave",
        first: "R1,C1,2026-10-01,6,slow,spring",
        second: "R1,C2,2026-10-02,9,fast,summer",
        must: 4,
        says: &[
            ("customer_id", &["event.customer"]),
            ("responded_at", &["event.at", "event.day"]),
            ("score", &["event.number"]),
            ("comment", &["event.text"]),
            ("wave", &["more.wave"]),
        ],
    },
    Sample {
        file: "invitations.csv",
        headers: "invitation_id,customer_id,sent_at,survey,wave",
        first: "N1,C1,2026-10-01,nps,spring",
        second: "N1,C2,2026-10-02,csat,summer",
        must: 3,
        says: &[
            ("customer_id", &["event.customer"]),
            ("sent_at", &["event.at", "event.day"]),
            ("survey", &["event.channel"]),
            ("wave", &["more.wave"]),
        ],
    },
    Sample {
        file: "churn.csv",
        headers: "customer_id,churned_on,mrr_lost,reason,returned_on,comment",
        first: "C1,2026-10-01,10,price,2026-11-01,a pity",
        second: "C1,2026-10-01,20,The moon,2026-11-02,so it goes",
        must: 2,
        says: &[
            ("mrr_lost", &["event.number"]),
            ("reason", &["more.code", "more.reason"]),
            ("returned_on", &["more.returned"]),
            ("comment", &["event.text"]),
        ],
    },
    Sample {
        file: "customers.csv",
        headers: "customer_id,name,owner,website,phone,created_on,segment",
        first: "C1,Acme,Ana,acme.example,030,2024-01-01,SMB",
        second: "C1,Acme AG,Bo,acme-ag.example,040,2024-02-01,ENT",
        must: 2,
        says: &[
            ("name", &["customer.name"]),
            ("owner", &["customer.owner"]),
            ("website", &["customer.website"]),
            ("phone", &["customer.phone"]),
            ("created_on", &["customer.created"]),
            ("segment", &["customer.attributes"]),
        ],
    },
];

impl Sample {
    fn columns(&self) -> Vec<&'static str> {
        self.headers.split(',').collect()
    }

    /// The columns that a choice of bits leaves: those that have to be there, and some of the others.
    fn some(&self, bits: u16) -> Vec<&'static str> {
        let kept = self
            .columns()
            .into_iter()
            .enumerate()
            .filter(|(at, _)| *at < self.must || bits >> at & 1 == 1);
        kept.map(|(_, column)| column).collect()
    }

    /// A row with these columns only.
    fn text(&self, row: &str, columns: &[&str]) -> String {
        let cells = self
            .columns()
            .into_iter()
            .zip(row.split(','))
            .filter(|(column, _)| columns.contains(column));
        let cells: Vec<&str> = cells.map(|(_, cell)| cell).collect();
        format!("{}\n{}\n", columns.join(","), cells.join(","))
    }
}

fn take(store: &mut Store, file: &str, text: &str) -> FileReport {
    take_as(store, file, text, &Wanted::default())
}

fn take_as(store: &mut Store, file: &str, text: &str, wanted: &Wanted) -> FileReport {
    let folder = folder(&[(file, text)]);
    let report = import(store, &folder.path().join(file), wanted, NOW, &mut |_| {
        Continue::Yes
    });
    report.expect("imports").files.remove(0)
}

/// A book of two customers.
fn two() -> Store {
    let mut store = book();
    take(
        &mut store,
        "customers.csv",
        "customer_id,name\nC1,Acme\nC2,Globex\n",
    );
    store
}

fn open(path: &Path, person: &str, n: u64) -> Store {
    let who = Who {
        person: person.into(),
        device: Ids::seeded(n).next(NOW),
    };
    let options = Options {
        who,
        now: NOW,
        as_of: None,
        create: true,
        zone: None,
        keep: crate::store::outbox::Keep::Nowhere,
    };
    Store::open(path, &options).expect("a book")
}

/// The tables that files bring, without what rules make of it.
fn tables() -> impl Iterator<Item = facts::FactTable> {
    let brought = ["customer", "contact", "event", "ticket", "subscription"];
    facts::tables()
        .into_iter()
        .filter(move |t| brought.contains(&t.name))
}

/// Every row of those tables, its id first.
fn rows(store: &Store) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for table in tables() {
        let read = store.facts(table.name, &mut |row| {
            if !row.contains(&Datum::Text("rule".into())) {
                all.push(row.iter().map(said).collect());
            }
            Ok(())
        });
        read.expect("reads");
    }
    all
}

fn said(datum: &Datum) -> String {
    if let Datum::Text(text) = datum {
        text.clone()
    } else {
        format!("{datum:?}")
    }
}

/// What stands in a book of what files bring, each row by what it is called, with the names of rows in place of their ids.
fn stands(store: &Store) -> BTreeMap<String, String> {
    let (mut names, mut all): (BTreeMap<String, String>, _) = (BTreeMap::new(), BTreeMap::new());
    for table in tables() {
        let mut rows = Vec::new();
        store
            .facts(table.name, &mut |row| {
                rows.push(
                    table
                        .columns
                        .iter()
                        .map(|(name, _)| *name)
                        .zip(row.iter().map(said))
                        .collect::<Vec<_>>(),
                );
                Ok(())
            })
            .expect("reads");
        for row in rows {
            let of = |name: &str| {
                row.iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, value)| value.clone())
            };
            if of("kind").as_deref() == Some("rule") {
                continue;
            }
            let key = ["external", "reference", "name"]
                .iter()
                .filter_map(|n| of(n))
                .find(|k| !k.is_empty())
                .unwrap_or_default();
            names.insert(row[0].1.clone(), key.clone());
            for (column, value) in &row[1..] {
                let value = names.get(value).unwrap_or(value).clone();
                all.insert(format!("{} {key} {column}", table.name), value);
            }
            if let (Some(more), "event") = (of("more"), table.name) {
                all.remove(&format!("event {key} more"));
                let members: serde_json::Map<String, serde_json::Value> =
                    serde_json::from_str(&more).unwrap_or_default();
                all.extend(
                    members
                        .into_iter()
                        .map(|(name, value)| (format!("more {key} {name}"), value.to_string())),
                );
            }
        }
    }
    all
}

/// True where a column of a file says a fact such as `event T1:closed at`.
fn says(columns: &[(&str, &[&str])], kept: &[&str], fact: &str) -> bool {
    let mut parts = fact.split(' ');
    let (Some(table), Some(key), Some(column)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let step = key.split_once(':').map_or("", |(_, step)| step);
    let is =
        |what: &&str| *what == format!("{table}.{column}") || *what == format!("{step}.{column}");
    columns
        .iter()
        .filter(|(column, _)| kept.contains(column))
        .any(|(_, said)| said.iter().any(is))
}

fn undo(store: &mut Store) {
    store
        .write(
            &Command::Undo {
                batch: None,
                force: false,
            },
            NOW,
        )
        .expect("undone");
}

fn redo(store: &mut Store) {
    store.write(&Command::Redo, NOW).expect("done again");
}

fn sound(store: &mut Store) {
    let wrong: Vec<_> = store
        .doctor()
        .expect("looks")
        .into_iter()
        .filter(|c| !c.ok)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// An import says nothing that its file does not say: whatever columns there are, all else is as before.
    #[test]
    fn what_a_file_has_no_column_for_stays(at in 0..SAMPLES.len(), bits in any::<u16>(), undone in any::<bool>()) {
        let sample = &SAMPLES[at];
        let (mut store, mut whole) = (two(), two());
        let all = sample.columns();
        let kept = sample.some(bits);
        for store in [&mut store, &mut whole] {
            take(store, sample.file, &sample.text(sample.first, &all));
        }
        let before = stands(&store);
        prop_assert_eq!(take(&mut whole, sample.file, &sample.text(sample.second, &all)).changed, 1, "{}", sample.file);
        if undone {
            take(&mut store, sample.file, &sample.text(sample.second, &all));
            undo(&mut store);
            prop_assert_eq!(&stands(&store), &before);
        }
        let report = take(&mut store, sample.file, &sample.text(sample.second, &kept));
        prop_assert!(report.rejected == 0 && report.conflicts.is_empty(), "{:?}", report);
        let (after, second) = (stands(&store), stands(&whole));
        let mut facts: Vec<&String> = before.keys().chain(second.keys()).collect();
        facts.sort();
        facts.dedup();
        for fact in facts.into_iter().filter(|f| !f.ends_with(" mrr")) {
            let wanted = if says(sample.says, &kept, fact) { second.get(fact) } else { before.get(fact) };
            prop_assert_eq!(after.get(fact), wanted, "{} with {:?}: {}", sample.file, kept, fact);
        }
        sound(&mut store);
        take(&mut store, sample.file, &sample.text(sample.second, &all));
        prop_assert_eq!(&stands(&store), &second, "the rest comes later");
    }

    /// Two copies imported the same lists before they met, so each key is there twice, under other integers here and there. The same file
    /// then says the same of the same rows.
    #[test]
    fn copies_of_a_book_end_alike_when_they_import_the_same_file(at in 0..SAMPLES.len(), bits in any::<u16>()) {
        let sample = &SAMPLES[at];
        let folder = tempfile::tempdir().expect("a folder");
        let paths = ["a.db", "b.db", "x.db"].map(|name| folder.path().join(name));
        open(&paths[0], "ana", 1).close();
        std::fs::copy(&paths[0], &paths[1]).expect("copied");
        for (path, person, n) in [(&paths[0], "ana", 1), (&paths[1], "bo", 2)] {
            let mut store = open(path, person, n);
            store.seed_ids(n);
            take(&mut store, "customers.csv", "customer_id,name\nC1,Acme\nC2,Globex\n");
            take(&mut store, sample.file, &sample.text(sample.first, &sample.columns()));
            store.close();
        }
        std::fs::copy(&paths[0], &paths[2]).expect("copied");
        let (mut ana, mut bo) = (open(&paths[0], "ana", 1), open(&paths[1], "bo", 2));
        let ask = || crate::store::merge::MergeAsk { now: NOW, dry_run: false, foreign: false };
        ana.merge(&paths[1], ask()).expect("merged");
        bo.merge(&paths[2], ask()).expect("merged");
        prop_assert_eq!(ana.digest().expect("a digest"), bo.digest().expect("a digest"));
        let known: BTreeSet<String> = rows(&ana).into_iter().map(|row| row[0].clone()).collect();
        let mut ends = Vec::new();
        for store in [&mut ana, &mut bo] {
            take(store, sample.file, &sample.text(sample.second, &sample.some(bits)));
            let mut all = rows(store);
            for id in all.iter_mut().map(|row| &mut row[0]).filter(|id| !known.contains(*id)) {
                *id = "new".into();
            }
            all.sort();
            ends.push(all);
        }
        prop_assert_eq!(&ends[0], &ends[1], "{}", sample.file);
    }

    /// What was taken back has not been said: the next import of the file does what the first did.
    #[test]
    fn an_import_that_was_undone_is_done_by_the_next_one(
        at in 0..SAMPLES.len(),
        bits in any::<u16>(),
        known in any::<bool>(),
        there_and_back in 0..3_usize,
        edited in any::<bool>(),
        other in any::<bool>(),
    ) {
        let sample = &SAMPLES[at];
        let all = sample.columns();
        let text = sample.text(sample.second, &sample.some(bits));
        let wanted = Wanted { winner: Some(if other { Winner::Theirs } else { Winner::Mine }), ..Wanted::default() };
        let mut store = two();
        if known {
            take(&mut store, sample.file, &sample.text(sample.first, &all));
        }
        if edited {
            let rows = vec![store.find_customer("C1").expect("there")];
            let changes = vec![Change::set("phone", "999"), Change::set("owner", "Cem")];
            store.write(&Command::Edit { entity: Entity::Customer, rows, changes }, NOW).expect("edited");
        }
        let before = stands(&store);
        let first = take_as(&mut store, sample.file, &text, &wanted);
        let once = stands(&store);
        if once != before {
            undo(&mut store);
            for _ in 0..there_and_back {
                redo(&mut store);
                prop_assert_eq!(&stands(&store), &once);
                undo(&mut store);
            }
            prop_assert_eq!(&stands(&store), &before);
        }
        let second = take_as(&mut store, sample.file, &text, &wanted);
        prop_assert_eq!(&stands(&store), &once, "{}", sample.file);
        let counts = |f: &FileReport| (f.made, f.changed, f.same, f.kept, f.conflicts.len());
        prop_assert_eq!(counts(&first), counts(&second));
        sound(&mut store);
    }
}

#[test]
fn a_corrected_ticket_takes_its_steps_along() {
    let mut store = two();
    let head = "ticket_id,customer_id,subject,severity,opened_at,closed_at\n";
    take(
        &mut store,
        "tickets.csv",
        &format!("{head}T1,C1,broken,2,2026-11-01,2026-11-05\n"),
    );
    let before = stands(&store);
    let report = take(
        &mut store,
        "tickets.csv",
        &format!("{head}T1,C2,broken,2,2026-10-01,\n"),
    );
    assert_eq!((report.changed, report.same), (1, 0));
    let after = stands(&store);
    for row in ["ticket T1 customer", "event T1:opened customer"] {
        assert_eq!(after[row], "C2", "{row}");
    }
    assert_eq!(after["event T1:opened at"], after["ticket T1 opened"]);
    assert!(
        after["event T1:opened day"].contains("2026-10-01"),
        "{after:?}"
    );
    assert!(
        !after.contains_key("event T1:closed at"),
        "one that is open again was not closed"
    );
    sound(&mut store);
    undo(&mut store);
    assert_eq!(stands(&store), before);
}

#[test]
fn a_corrected_agreement_is_worth_what_stands_then() {
    let mut store = two();
    let head = "id,subscription_id,customer_id,amount,quantity,start,currency\n";
    take(
        &mut store,
        "subscriptions.csv",
        &format!("{head}v1,s1,C1,100,25,2026-01-01,USD\n"),
    );
    take(
        &mut store,
        "subscriptions.csv",
        "id,customer_id,amount,start,subscription_id,currency\nv1,C2,120,2026-01-01,s9,EUR\n",
    );
    let after = stands(&store);
    let said = ["customer", "subscription", "currency", "quantity", "mrr"]
        .map(|c| after[&format!("subscription v1 {c}")].as_str());
    assert_eq!(said, ["C2", "s9", "EUR", "Whole(25)", "Whole(300000)"]);
    let report = take(
        &mut store,
        "subscriptions.csv",
        "id,customer_id,amount,start\nv1,C2,120,2026-01-01\n",
    );
    assert_eq!((report.changed, report.same), (0, 1));
}

#[test]
fn terms_that_cannot_be_with_what_the_book_has_are_refused() {
    let mut store = two();
    let start = "id,customer_id,amount,start";
    take(
        &mut store,
        "subscriptions.csv",
        &format!("{start},end\nv1,C1,100,2026-01-01,2026-06-01\n"),
    );
    let report = take(
        &mut store,
        "subscriptions.csv",
        &format!("{start}\nv1,C1,100,2026-07-01\n"),
    );
    assert_eq!(
        report.first_rejects[0].1,
        "end before start: it ends on 2026-06-01 in the book and starts on 2026-07-01"
    );
    let head = "ticket_id,customer_id,opened_at";
    take(
        &mut store,
        "tickets.csv",
        &format!("{head},closed_at\nT1,C1,2026-01-01,2026-06-01\n"),
    );
    let report = take(
        &mut store,
        "tickets.csv",
        &format!("{head}\nT1,C1,2026-07-01\n"),
    );
    assert_eq!(
        report.first_rejects[0].1,
        "end before start: it was closed before it was opened"
    );
}

#[test]
fn a_day_that_never_comes_is_no_end() {
    let mut store = two();
    let head = "id,customer_id,amount,start,end\n";
    take(
        &mut store,
        "subscriptions.csv",
        &format!("{head}v1,C1,100,2026-01-01,2026-12-01\nv2,C1,100,2026-01-01,9999-12-31\n"),
    );
    let report = take(
        &mut store,
        "subscriptions.csv",
        &format!("{head}v1,C1,100,2026-01-01,31.12.9999\n"),
    );
    assert_eq!((report.changed, report.rejected), (1, 0));
    assert!(
        report
            .notes
            .iter()
            .any(|n| n.0 == "end \"31.12.9999\" was read as no end"),
        "{:?}",
        report.notes
    );
    let after = stands(&store);
    assert_eq!(
        (
            after["subscription v1 end"].as_str(),
            after["subscription v2 end"].as_str()
        ),
        ("None", "None")
    );
    let invoices =
        "invoice_id,customer_id,issued_on,paid_on,amount\nI1,C1,2026-10-01,9999-12-31,1\n";
    let tickets =
        "ticket_id,customer_id,opened_at,closed_at\nT1,C1,2026-10-01,9999-12-31T00:00:00Z\n";
    for (file, text) in [("invoices.csv", invoices), ("tickets.csv", tickets)] {
        assert_eq!(take(&mut store, file, text).made, 1, "{file}");
    }
    let wrong = take(
        &mut store,
        "subscriptions.csv",
        "id,customer_id,amount,start\nv3,C1,100,9999-12-31\n",
    );
    assert_eq!(wrong.rejected, 1, "nothing begins then");
}

#[test]
fn what_is_not_written_a_second_time_is_told() {
    let mut store = two();
    take(
        &mut store,
        "contacts.csv",
        "contact_id,customer_id,name\nP1,C1,Kim\nP2,C1,Lou\n",
    );
    let text =
        "touchpoint_id,customer_id,contact_id,happened_at,channel\nH1,C1,P1,2026-11-02,phone\n";
    take(&mut store, "touchpoints.csv", text);
    let report = take(&mut store, "touchpoints.csv", &text.replace("P1", "P2"));
    let note = (
        "the contact of the event is another one in the book, and stays".to_owned(),
        1,
    );
    assert_eq!((report.same, report.notes), (1, vec![note]));
}

#[test]
fn a_card_and_an_object_say_what_they_have() {
    let mut store = two();
    let card = |more: &str| {
        format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:P1\r\nFN:Kim\r\nORG:Acme\r\n{more}END:VCARD\r\n")
    };
    take(
        &mut store,
        "people.vcf",
        &card("TEL:555\r\nTITLE:champion\r\nEMAIL:kim@acme.example\r\n"),
    );
    let before = stands(&store);
    take(&mut store, "people.vcf", &card(""));
    assert_eq!(stands(&store), before);
    let object = |more: &str| {
        format!(
            "{{\"ticket_id\":\"T1\",\"customer_id\":\"C1\",\"opened_at\":\"2026-11-01\"{more}}}\n"
        )
    };
    let other = "{\"ticket_id\":\"T2\",\"customer_id\":\"C1\",\"opened_at\":\"2026-11-01\",\"subject\":\"x\",\"csat\":1,\"severity\":1}\n";
    take(
        &mut store,
        "tickets.jsonl",
        &object(",\"subject\":\"broken\",\"csat\":4,\"severity\":2"),
    );
    let before = stands(&store);
    take(
        &mut store,
        "tickets.jsonl",
        &format!("{}{other}", object("")),
    );
    let mut after = stands(&store);
    after.retain(|fact, _| !fact.contains("T2"));
    assert_eq!(after, before);
    take(&mut store, "tickets.jsonl", &object(",\"csat\":null"));
    assert_eq!(
        stands(&store)["ticket T1 csat"],
        "None",
        "nothing is said as well"
    );
}

#[test]
fn a_person_s_word_stands_again_when_an_import_is_undone() {
    let mut store = two();
    let file = |phone: &str| format!("customer_id,name,phone\nC1,Acme,{phone}\n");
    take(&mut store, "customers.csv", &file("111"));
    let rows = vec![store.find_customer("C1").expect("there")];
    let mine = Command::Edit {
        entity: Entity::Customer,
        rows,
        changes: vec![Change::set("phone", "222")],
    };
    store.write(&mine, NOW).expect("edited");
    let theirs = Wanted {
        winner: Some(Winner::Theirs),
        ..Wanted::default()
    };
    take_as(&mut store, "customers.csv", &file("333"), &theirs);
    undo(&mut store);
    let report = take(&mut store, "customers.csv", &file("333"));
    let told = &report.conflicts[0].difference;
    assert_eq!(
        (
            report.kept,
            told.mine.as_str(),
            told.person.as_str(),
            told.theirs.as_str()
        ),
        (1, "222", "ana", "333")
    );
    assert_eq!(
        take(&mut store, "customers.csv", &file("111")).conflicts,
        [],
        "that is what the list has always said"
    );
    // A person's word that was taken back is no word either.
    undo(&mut store);
    assert_eq!(take(&mut store, "customers.csv", &file("333")).changed, 1);
}

#[test]
fn an_import_that_another_took_back_is_done_by_the_next_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("team.db");
    let (mut ana, mut bo) = (open(&path, "ana", 1), open(&path, "bo", 2));
    let file = |phone: &str| format!("customer_id,name,phone\nC1,Acme,{phone}\n");
    take(&mut ana, "customers.csv", &file("111"));
    take(&mut ana, "customers.csv", &file("222"));
    let Ok(Page::Activity(steps)) = bo.answer(&Query::Activity {
        search: String::new(),
        limit: 1,
    }) else {
        panic!("the log")
    };
    bo.write(
        &Command::TakeBack {
            batch: steps[0].id,
            force: false,
        },
        NOW,
    )
    .expect("taken back");
    assert_eq!(stands(&ana)["customer C1 phone"], "111");
    assert_eq!(take(&mut ana, "customers.csv", &file("222")).changed, 1);
    assert_eq!(stands(&ana)["customer C1 phone"], "222");
}

#[test]
fn what_a_person_wrote_first_was_not_said_by_a_file() {
    let mut store = two();
    let customer = store.find_customer("C1").expect("there");
    let contact = NewContact {
        name: "Kim".into(),
        email: "kim@acme.example".into(),
        phone: "1".into(),
        ..NewContact::default()
    };
    store
        .write(&Command::AddContact { customer, contact }, NOW)
        .expect("added");
    let kim: Vec<Id> = store
        .find_contacts("Kim")
        .expect("found")
        .into_iter()
        .map(|found| found.0)
        .collect();
    store
        .write(
            &Command::Edit {
                entity: Entity::Contact,
                rows: kim,
                changes: vec![Change::set("phone", "2")],
            },
            NOW,
        )
        .expect("edited");
    let report = take(
        &mut store,
        "contacts.csv",
        "contact_id,customer_id,name,email,phone\nP1,C1,Kim,kim@acme.example,1\n",
    );
    let told: Vec<_> = report
        .conflicts
        .iter()
        .map(|c| (c.difference.mine.as_str(), c.difference.theirs.as_str()))
        .collect();
    assert_eq!(told, [("2", "1")]);
}

#[test]
fn what_was_moved_by_a_merging_of_customers_stays_where_it_is() {
    let mut store = two();
    let head = "ticket_id,customer_id,subject,opened_at\n";
    take(
        &mut store,
        "tickets.csv",
        &format!("{head}T1,C2,broken,2026-11-01\n"),
    );
    let [keep, other] = ["C1", "C2"].map(|key| store.find_customer(key).expect("there"));
    store
        .write(&Command::MergeCustomers { keep, other }, NOW)
        .expect("merged");
    take(
        &mut store,
        "customers.csv",
        "customer_id,name\nC1,Acme\nC2,Globex\n",
    );
    let report = take(
        &mut store,
        "tickets.csv",
        &format!("{head}T1,C2,broken,2026-11-01\n"),
    );
    assert_eq!(
        (report.kept, report.conflicts.len()),
        (1, 0),
        "the file says what it has always said"
    );
    assert_eq!(stands(&store)["ticket T1 customer"], "C1");
    // A customer that was removed by hand and comes anew gets its tickets again.
    store
        .write(
            &Command::AddCustomer(NewCustomer {
                name: "Ini".into(),
                ..NewCustomer::default()
            }),
            NOW,
        )
        .expect("added");
    take(
        &mut store,
        "tickets.csv",
        &format!("{head}T2,C1,slow,2026-11-01\n"),
    );
    store
        .write(
            &Command::Remove {
                entity: Entity::Customer,
                rows: vec![keep],
            },
            NOW,
        )
        .expect("removed");
    take(&mut store, "customers.csv", "customer_id,name\nC1,Acme\n");
    assert_eq!(
        take(
            &mut store,
            "tickets.csv",
            &format!("{head}T2,C1,slow,2026-11-01\n")
        )
        .changed,
        1
    );
    assert_eq!(stands(&store)["ticket T2 customer"], "C1");
}
