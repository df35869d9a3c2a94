use std::path::PathBuf;

use super::*;
use crate::domain::command::Command;
use crate::store::merge::{MergeAsk, Source as _};
use crate::store::tests::{NOW, add, options};
use crate::store::{Options, Who};

/// A folder with a book, and state folders of people.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Desk {
        Desk(tempfile::tempdir().unwrap())
    }

    fn home(&self, person: &str) -> PathBuf {
        self.0.path().join(format!("state of {person}"))
    }

    fn open(&self, book: &str, person: &str) -> Store {
        let who = Who {
            person: person.into(),
            device: Id([person.len() as u8; 16]),
        };
        let keep = Keep::In(self.home(person));
        Store::open(
            &self.0.path().join(book),
            &Options {
                who,
                keep,
                ..options(person)
            },
        )
        .unwrap()
    }

    fn copy(&self, from: &mut Store, name: &str) {
        from.back_up_to(&self.0.path().join(name)).unwrap();
    }
}

fn note(store: &mut Store, customer: Id, text: &str) -> Id {
    store
        .write(
            &Command::Note {
                customers: vec![customer],
                text: text.into(),
                at: None,
            },
            NOW,
        )
        .unwrap()
        .batch
        .unwrap()
}

fn ask() -> MergeAsk {
    MergeAsk {
        now: NOW,
        dry_run: false,
        foreign: false,
    }
}

fn proof(store: &Store, batch: Id) -> Option<Proof> {
    let n = crate::store::ids::number_of(&store.conn, "batch", batch)
        .unwrap()
        .unwrap();
    proof_of(&store.conn, n).unwrap()
}

fn why(store: &mut Store, from: &Store) -> Vec<String> {
    store
        .merge_copy(&from.conn, ask())
        .unwrap()
        .left_out
        .into_iter()
        .map(|l| l.why)
        .collect()
}

#[test]
fn what_is_written_is_signed_and_what_arrives_is_looked_at() {
    let desk = Desk::new();
    let mut ana = desk.open("a.db", "ana");
    let acme = add(&mut ana, "Acme", 500);
    desk.copy(&mut ana, "b.db");
    let mut bo = desk.open("b.db", "bo");
    let batch = note(&mut bo, acme, "from bo");
    let said = proof(&bo, batch).unwrap();
    let n = crate::store::ids::number_of(&bo.conn, "batch", batch)
        .unwrap()
        .unwrap();
    let (header, hash) = bo.conn.header(n).unwrap();
    assert!(holds(schema::book(&bo.conn).unwrap(), batch, &hash, &said));
    assert!(!holds(None, batch, &hash, &said), "of another book");
    assert!(
        !holds(schema::book(&bo.conn).unwrap(), header.device, &hash, &said),
        "of another batch"
    );
    assert!(why(&mut ana, &bo).is_empty());
    assert_eq!(proof(&ana, batch), Some(said), "it goes along");
    // The same key signs in every book of this person, and only they can read it.
    let text = std::fs::read_to_string(desk.home("bo").join(FILE)).unwrap();
    assert!(text.starts_with("ed25519 "));
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::MetadataExt::mode(
            &std::fs::metadata(desk.home("bo").join(FILE)).unwrap()
        ) & 0o777,
        0o600
    );
    assert_eq!(Signer::of(&desk.home("bo")).unwrap().public(), said.key);
}

#[test]
fn what_is_not_signed_is_named_where_others_sign() {
    use crate::domain::query::{Page, Query};
    let desk = Desk::new();
    let mut cal = Store::open(&desk.0.path().join("a.db"), &options("cal")).unwrap();
    let acme = add(&mut cal, "Acme", 500);
    let said = |store: &mut Store| {
        let Page::Activity(rows) = store
            .answer(&Query::Activity {
                search: String::new(),
                limit: 9,
            })
            .unwrap()
        else {
            panic!()
        };
        for row in &rows {
            let Page::Batch(page) = store.answer(&Query::Batch { batch: row.id }).unwrap() else {
                panic!()
            };
            assert_eq!(
                page.batch.as_ref(),
                Some(row),
                "the page of a batch says the same"
            );
            assert!(!page.things.is_empty(), "with what it did: {page:?}");
        }
        rows.into_iter()
            .map(|row| (row.person, row.signed, row.unproven))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        said(&mut cal),
        [("cal".into(), false, false)],
        "where nobody signs nothing is to be said"
    );
    let mut ana = desk.open("a.db", "ana");
    note(&mut ana, acme, "from ana");
    assert_eq!(
        said(&mut ana),
        [("ana".into(), true, false), ("cal".into(), false, true)]
    );
}

#[test]
fn what_is_not_signed_as_its_device_signs_stays_out_and_is_told() {
    let desk = Desk::new();
    let mut ana = desk.open("a.db", "ana");
    let acme = add(&mut ana, "Acme", 500);
    desk.copy(&mut ana, "b.db");
    let mut bo = desk.open("b.db", "bo");
    note(&mut bo, acme, "the first");
    ana.merge_copy(&bo.conn, ask()).unwrap();
    let changed = |sql: &str| {
        let mut forged = Store::memory(&options("mallory")).unwrap();
        rusqlite::backup::Backup::new(&bo.conn, &mut forged.conn)
            .unwrap()
            .step(-1)
            .unwrap();
        forged.look().unwrap();
        forged.who = bo.who.clone();
        let batch = note(&mut forged, acme, "as if by bo");
        forged
            .conn
            .execute_batch(
                &sql.replace("ID", &format!("x'{}'", batch.to_string().replace('-', ""))),
            )
            .unwrap();
        forged
    };
    assert_eq!(why(&mut ana, &changed("")), [UNSIGNED]);
    let with = |key: u8| {
        format!(
            "UPDATE signer SET key = CAST(zeroblob(31) || x'{key:02x}' AS BLOB) WHERE {key} > 0;
             INSERT INTO signature (batch, bytes) SELECT n, zeroblob(64) FROM batch WHERE id = ID"
        )
    };
    assert_eq!(why(&mut ana, &changed(&with(0))), [BROKEN]);
    assert_eq!(
        why(&mut ana, &changed(&with(1)))[0],
        BROKEN,
        "nobody has signed it"
    );
    // Somebody with a key of their own, under the name of the device.
    let mut other = desk.open("b.db", "somebody else");
    other.who.device = bo.who.device;
    other
        .conn
        .execute("DELETE FROM signer WHERE device = ?", [bo.who.device])
        .unwrap();
    other.signer = Some(std::sync::Arc::new(
        Signer::of(&desk.home("somebody else")).unwrap(),
    ));
    other.named = true;
    note(&mut other, acme, "by another key");
    assert!(why(&mut ana, &other).contains(&other_key(bo.who.device)));
    // Who has a reason to believe it says so.
    ana.forget_key(bo.who.device).unwrap();
    assert!(ana.forget_key(Id([99; 16])).is_err());
    assert!(why(&mut ana, &other).is_empty());
}

#[test]
fn a_book_from_before_goes_on_and_a_lost_key_makes_a_new_device() {
    let desk = Desk::new();
    let mut ana = desk.open("a.db", "ana");
    ana.options.keep = Keep::Nowhere;
    let acme = add(&mut ana, "Acme", 500);
    let old = note(&mut ana, acme, "before there were keys");
    assert_eq!(proof(&ana, old), None);
    drop(ana);
    let mut ana = desk.open("a.db", "ana");
    let first = note(&mut ana, acme, "signed");
    let (device, key) = (ana.who.device, proof(&ana, first).unwrap().key);
    let mut fresh = Store::memory(&options("bo")).unwrap();
    fresh
        .name_as(schema::book(&ana.conn).unwrap().unwrap())
        .unwrap();
    assert!(
        why(&mut fresh, &ana).is_empty(),
        "older ones of the device are not signed, and come"
    );
    drop(ana);
    std::fs::write(desk.home("ana").join(FILE), "ed25519 nonsense").unwrap();
    let mut ana = desk.open("a.db", "ana");
    let refused = ana.write(
        &Command::Note {
            customers: vec![Id([9; 16])],
            text: "to nobody".into(),
            at: None,
        },
        NOW,
    );
    assert!(
        refused.is_err() && ana.news().is_empty(),
        "what is not saved is not called unsigned"
    );
    let unsigned = note(&mut ana, acme, "without a key");
    assert_eq!(proof(&ana, unsigned), None);
    assert!(ana.news()[0].contains("are not signed"));
    assert_ne!(
        ana.who.device, device,
        "nobody would take it under that name"
    );
    assert!(why(&mut fresh, &ana).is_empty());
    drop(ana);
    std::fs::remove_file(desk.home("ana").join(FILE)).unwrap();
    let mut ana = desk.open("a.db", "ana");
    let batch = note(&mut ana, acme, "with a new one");
    assert!(proof(&ana, batch).is_some_and(|p| p.key != key));
    assert!(why(&mut fresh, &ana).is_empty());
}

#[test]
fn a_signature_comes_back_with_its_batch_from_the_outbox() {
    let desk = Desk::new();
    let mut ana = desk.open("a.db", "ana");
    let acme = add(&mut ana, "Acme", 500);
    desk.copy(&mut ana, "before.db");
    let batch = note(&mut ana, acme, "since");
    let said = proof(&ana, batch);
    ana.close();
    for part in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(desk.0.path().join(format!("a.db{part}")));
    }
    std::fs::rename(desk.0.path().join("before.db"), desk.0.path().join("a.db")).unwrap();
    let ana = desk.open("a.db", "ana");
    assert!(said.is_some());
    assert_eq!(proof(&ana, batch), said);
}

#[test]
fn doctor_sees_what_is_changed_of_a_signature_or_a_key() {
    let desk = Desk::new();
    let mut ana = desk.open("a.db", "ana");
    let acme = add(&mut ana, "Acme", 500);
    note(&mut ana, acme, "signed");
    let ok = |store: &mut Store| {
        store
            .doctor()
            .unwrap()
            .iter()
            .find(|c| c.code == "signatures")
            .unwrap()
            .ok
    };
    assert!(ok(&mut ana));
    for change in [
        "UPDATE signer SET since = 2",
        "UPDATE signer SET key = zeroblob(32)",
        "UPDATE signature SET bytes = zeroblob(64) WHERE batch = 2",
        "DELETE FROM signature WHERE batch = 2",
        "DELETE FROM signer",
    ] {
        ana.conn.execute_batch("SAVEPOINT one").unwrap();
        assert!(ana.conn.execute(change, []).unwrap() > 0);
        assert!(!ana.signature_check().unwrap().ok, "{change}");
        ana.conn
            .execute_batch("ROLLBACK TO one; RELEASE one")
            .unwrap();
    }
    assert!(ok(&mut ana));
}
