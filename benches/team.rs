//! How a shared book behaves with many writers, in both ways of locking: people at their pace, writers that do not pause,
//! how soon a write is seen by another console, what keeping a change outside the book adds to a save, and how long copies that
//! grew apart take to come together.
//!
//! `cargo bench --bench team`; with `-- merge [CUSTOMERS]` the merge alone. Every writer is a process of its own, on one book in a
//! new folder.
#![allow(
    clippy::print_stdout,
    reason = "a benchmark's result is what it prints"
)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use retain::domain::command::{Command, NewCustomer};
use retain::domain::id::{Id, Ids};
use retain::domain::time::Stamp;
use retain::store::merge::MergeAsk;
use retain::store::outbox::Keep;
use retain::store::worker::{Answer, Worker};
use retain::store::{Options, Store, Who};
use retain::transfer::demo::{self, DemoOptions};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["writer", book, name, pause, seconds] => {
            writer(Path::new(book), name, pause.parse()?, seconds.parse()?)
        }
        ["merge"] => merges(MERGED),
        ["merge", customers] => merges(customers.parse()?),
        _ => all().and_then(|()| merges(MERGED)),
    }
}

fn now() -> Stamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_millis());
    Stamp(i64::try_from(since).unwrap_or(i64::MAX))
}

fn open(book: &Path, person: &str, keep: Keep) -> retain::error::Result<Store> {
    Store::open(book, &options(person, keep))
}

fn options(person: &str, keep: Keep) -> Options {
    let who = Who {
        person: person.into(),
        device: Ids::random().next(now()),
    };
    Options {
        who,
        now: now(),
        as_of: None,
        create: true,
        zone: None,
        keep,
    }
}

/// Where a person keeps their changes: beside the book here, one folder each.
fn kept(book: &Path, person: &str) -> Keep {
    Keep::In(book.with_file_name(format!("state-{person}")))
}

fn note(
    store: &mut Store,
    customer: Id,
    text: &str,
) -> retain::error::Result<retain::domain::command::Receipt> {
    store.write(
        &Command::Note {
            customers: vec![customer],
            text: text.into(),
            at: None,
        },
        now(),
    )
}

/// Writes notes until the time is up, and says how long each took: microseconds, or `error` with the reason.
fn writer(book: &Path, name: &str, pause: u64, seconds: u64) -> Outcome {
    let mut store = open(book, name, kept(book, name))?;
    let customer = store.find_customer("Acme")?;
    let start = Instant::now();
    let mut nth = 0;
    while start.elapsed() < Duration::from_secs(seconds) {
        let begun = Instant::now();
        match note(&mut store, customer, &format!("{name} {nth}")) {
            Ok(receipt) if receipt.queued.is_none() => println!("{}", begun.elapsed().as_micros()),
            Ok(_) => println!("error queued"),
            Err(error) => println!("error {error}"),
        }
        nth += 1;
        std::thread::sleep(Duration::from_millis(pause).saturating_sub(begun.elapsed()));
    }
    store.close();
    Ok(())
}

/// What one writer has said.
#[derive(Default)]
struct Said {
    micros: Vec<u64>,
    errors: usize,
}

fn run(
    book: &Path,
    writers: usize,
    pause: u64,
    seconds: u64,
) -> Result<Vec<Said>, Box<dyn std::error::Error>> {
    let children: Vec<Child> = (0..writers)
        .map(|i| {
            let book = book.display().to_string();
            let args = [
                "writer".to_owned(),
                book,
                format!("w{i}"),
                pause.to_string(),
                seconds.to_string(),
            ];
            Process::new(std::env::current_exe()?)
                .args(args)
                .stdout(Stdio::piped())
                .spawn()
        })
        .collect::<Result<_, _>>()?;
    let mut all = Vec::new();
    for mut child in children {
        let mut said = Said::default();
        if let Some(out) = child.stdout.take() {
            for line in BufReader::new(out).lines() {
                match line?.parse() {
                    Ok(micros) => said.micros.push(micros),
                    Err(_) => said.errors += 1,
                }
            }
        }
        child.wait()?;
        all.push(said);
    }
    Ok(all)
}

fn milliseconds(micros: &mut [u64]) -> String {
    micros.sort_unstable();
    let at = |per_mille: usize| {
        micros
            .get((micros.len() * per_mille / 1000).min(micros.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0)
    };
    let ms = |n: u64| n as f64 / 1000.0;
    format!(
        "p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms, n={}",
        ms(at(500)),
        ms(at(990)),
        ms(at(1000)),
        micros.len()
    )
}

fn all() -> Outcome {
    for (mode, marker) in [("WAL", None), ("TRUNCATE", Some(".stfolder"))] {
        let folder = tempfile::tempdir()?;
        if let Some(marker) = marker {
            std::fs::create_dir(folder.path().join(marker))?;
        }
        let book = folder.path().join("book.db");
        let mut store = open(&book, "ana", Keep::Nowhere)?;
        store.write(
            &Command::AddCustomer(NewCustomer {
                name: "Acme".into(),
                ..NewCustomer::default()
            }),
            now(),
        )?;
        println!("{mode}: {}", store.mode().name());
        store.close();

        let people = run(&book, 16, 100, 20)?;
        let errors: usize = people.iter().map(|s| s.errors).sum();
        let mut micros: Vec<u64> = people.into_iter().flat_map(|s| s.micros).collect();
        println!(
            "{mode}: 16 writers, a write each 100 ms: {}, {errors} errors",
            milliseconds(&mut micros)
        );

        let greedy = run(&book, 4, 0, 15)?;
        let counts: Vec<usize> = greedy.iter().map(|s| s.micros.len()).collect();
        let (least, most) = (
            counts.iter().min().copied().unwrap_or(0),
            counts.iter().max().copied().unwrap_or(1),
        );
        println!(
            "{mode}: 4 writers without pause: {counts:?} in 15 s, slowest to fastest {:.2}",
            least as f64 / most.max(1) as f64
        );

        seen(mode, &book)?;
        for (what, keep) in [
            ("without keeping", Keep::Nowhere),
            ("kept outside the book too", kept(&book, "saver")),
        ] {
            let mut store = open(&book, "saver", keep)?;
            let customer = store.find_customer("Acme")?;
            let mut micros = Vec::new();
            for i in 0..300 {
                let begun = Instant::now();
                note(&mut store, customer, &format!("save {i}"))?;
                micros.push(begun.elapsed().as_micros() as u64);
            }
            println!("{mode}: a save, {what}: {}", milliseconds(&mut micros));
            store.close();
        }
    }
    Ok(())
}

/// How long it takes until a console tells of another's write.
fn seen(mode: &str, book: &Path) -> Outcome {
    let (tell, told) = channel();
    let console = Worker::start(
        PathBuf::from(book),
        options("eve", Keep::Nowhere),
        now,
        move |answer| {
            if matches!(answer, Answer::Ready { .. } | Answer::Foreign { .. }) {
                let _ = tell.send(Instant::now());
            }
        },
    );
    told.recv_timeout(Duration::from_secs(30))?;
    let mut store = open(book, "ana", Keep::Nowhere)?;
    let customer = store.find_customer("Acme")?;
    let mut micros = Vec::new();
    for i in 0..40 {
        // Not in step with the console's looks.
        std::thread::sleep(Duration::from_millis(37 * (i % 11)));
        note(&mut store, customer, &format!("seen {i}"))?;
        let written = Instant::now();
        let when = told.recv_timeout(Duration::from_secs(30))?;
        micros.push(when.saturating_duration_since(written).as_micros() as u64);
    }
    drop(console);
    println!(
        "{mode}: another console tells of a write after: {}",
        milliseconds(&mut micros)
    );
    Ok(())
}

/// Customers of the book that is merged: with everything about them a million rows.
const MERGED: usize = 45_000;
/// Batches that each of two copies has written since they parted.
const APART: usize = 20_000;

/// Two copies of a book part, each gets its batches, and the one takes over what the other has: with the backup before it and all
/// that follows the COMMIT, and as a dry run, which makes no backup and does not commit.
fn merges(customers: usize) -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let mut store = open(&at("ours.db"), "ana", Keep::Nowhere)?;
    let options = DemoOptions {
        customers,
        ..DemoOptions::new(store.today())
    };
    let rows = demo::write(&mut store, &options, now(), &mut |_| {})?.changed;
    store.back_up_to(&at("theirs.db"))?;
    apart(store, 0)?;
    apart(open(&at("theirs.db"), "bo", Keep::Nowhere)?, APART / 2)?;
    for (what, dry_run) in [
        ("with its backup", false),
        ("as a dry run, without backup and COMMIT", true),
    ] {
        let (mut took, mut note) = (Vec::new(), String::new());
        for run in 0..5 {
            let place = at(&format!("{dry_run}-{run}"));
            std::fs::create_dir(&place)?;
            let book = place.join("book.db");
            std::fs::copy(at("ours.db"), &book)?;
            let mut store = open(&book, "ana", Keep::Nowhere)?;
            let begun = Instant::now();
            let report = store.merge(
                &at("theirs.db"),
                MergeAsk {
                    now: now(),
                    dry_run,
                    foreign: false,
                },
            )?;
            took.push(begun.elapsed().as_micros() as u64);
            note = format!(
                "{} batches ({} edits, {} rows, {} conflicts) into {rows} rows, {} MB",
                report.arrived(),
                report.edits,
                report.rows,
                report.conflicts.len(),
                store.size() >> 20
            );
            store.close();
            std::fs::remove_dir_all(&place)?;
        }
        println!("a merge {what}: {note}: {}", milliseconds(&mut took));
    }
    Ok(())
}

/// What one of the copies writes by itself: owners of single customers, each tenth batch a note, every one a batch of its own.
/// The customers begin at `first`, so that half of the copies' customers are the same ones.
fn apart(mut store: Store, first: usize) -> Outcome {
    let who = store.person().to_owned();
    let customers = store
        .roster()?
        .read()
        .map_err(|_| "the roster is lost")?
        .ids
        .clone();
    for i in 0..APART {
        let customer = customers[(first + i) % customers.len()];
        if i % 10 == 9 {
            note(&mut store, customer, &format!("{who} called {i}"))?;
        } else {
            store.write(
                &Command::Assign {
                    customers: vec![customer],
                    owner: format!("{who} {}", i % 7),
                },
                now(),
            )?;
        }
    }
    store.close();
    Ok(())
}
