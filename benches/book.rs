//! How the book behaves as it grows: writing the demo, opening, filtering, searching, sorting, one touchpoint, an import.
//!
//! `cargo bench` measures 1,000, 10,000 and 100,000 customers, `cargo bench -- --full` (or RETAIN_BENCH_FULL=1) a million
//! as well. Each part runs in a process of its own, so that the memory it prints is its own.
#![allow(
    clippy::print_stdout,
    reason = "a benchmark's result is what it prints"
)]

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::NaiveTime;
use retain::domain::command::Command;
use retain::domain::funnel::Mode;
use retain::domain::id::{Id, Ids};
use retain::domain::money::Currency;
use retain::domain::query::{
    ActionAsk, FiredAsk, Page, PeriodAsk, PlayAsk, Query, TaskAsk, TimelineAsk,
};
use retain::domain::rule::Rule;
use retain::domain::sheet::Head;
use retain::domain::table::{Kind, TableAsk};
use retain::domain::time::{Day, Stamp, Zone};
use retain::domain::touchpoint::TouchDraft;
use retain::store::merge::MergeAsk;
use retain::store::{Options, Store, Who};
use retain::transfer::demo::{self, DemoOptions};
use retain::transfer::import::{self, Continue};
use retain::transfer::sheet::{self, Format};
use retain::transfer::{sheets, tables};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    // cargo adds `--bench`; it says nothing here.
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["part", "write", size, path] => write(size.parse()?, Path::new(path)),
        ["part", "read", size, path] => read(size.parse()?, Path::new(path)),
        ["part", "merge", size, path] => merge(size.parse()?, Path::new(path)),
        ["part", "export", size, path] => export(size.parse()?, Path::new(path)),
        ["part", "import", size, path] => import(size.parse()?, Path::new(path)),
        _ => all(args.iter().any(|a| a == "--full")
            || std::env::var_os("RETAIN_BENCH_FULL").is_some_and(|v| v == "1")),
    }
}

/// Runs every part for every size.
fn all(full: bool) -> Outcome {
    println!(
        "{:>9}  {:<34} {:>12} {:>12} {:>5}  note",
        "customers", "what", "median", "p95", "n"
    );
    let sizes: &[usize] = if full {
        &[1_000, 10_000, 100_000, 1_000_000]
    } else {
        &[1_000, 10_000, 100_000]
    };
    for size in sizes {
        let folder = tempfile::tempdir()?;
        let book = folder.path().join("bench.retain");
        let parts = ["write", "read", "export", "merge"].map(|part| (part, book.as_path()));
        for (part, path) in parts.into_iter().chain([("import", folder.path())]) {
            let status = std::process::Command::new(std::env::current_exe()?)
                .args(["part", part, &size.to_string()])
                .arg(path)
                .status()?;
            if !status.success() {
                return Err(format!("{part} of {size} customers failed").into());
            }
        }
    }
    Ok(())
}

fn today() -> Day {
    "2026-11-21"
        .parse()
        .expect("the day is written in this file")
}

fn now() -> Stamp {
    Zone::default().stamp(
        today(),
        NaiveTime::from_hms_opt(9, 0, 0).expect("nine o'clock exists"),
    )
}

fn open(path: &Path) -> retain::error::Result<Store> {
    let who = Who {
        person: "ana".into(),
        device: Ids::seeded(1).next(now()),
    };
    Store::open(
        path,
        &Options {
            who,
            now: now(),
            as_of: Some(today()),
            create: true,
            zone: None,
            keep: retain::store::outbox::Keep::Nowhere,
        },
    )
}

/// One line of the table.
fn line(size: usize, what: &str, times: &mut [Duration], note: &str) {
    times.sort_unstable();
    let at = |per_cent: usize| times[(times.len() * per_cent / 100).min(times.len() - 1)];
    let ms = |d: Duration| format!("{:.2} ms", d.as_secs_f64() * 1000.0);
    println!(
        "{size:>9}  {what:<34} {:>12} {:>12} {:>5}  {note}",
        ms(at(50)),
        ms(at(95)),
        times.len()
    );
}

/// Resident memory now and at most, MiB, where the system tells.
fn memory() -> String {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return "memory not known here".into();
    };
    let value = |name: &str| -> u64 {
        let kb = status
            .lines()
            .find_map(|l| l.strip_prefix(name)?.trim().strip_suffix(" kB"));
        kb.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
    };
    format!(
        "RSS {} MiB, at most {} MiB",
        value("VmRSS:"),
        value("VmHWM:")
    )
}

/// What goes out, beside a bare loop over the events: SQLite read row by row, and the bare columns into the same CSV writer.
fn export(size: usize, path: &Path) -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut store = open(path)?;
    store.roster()?;
    let columns = retain::columns::COLUMNS
        .iter()
        .map(|c| c.code().to_owned())
        .collect();
    let all = Query::Customers {
        filter: String::new(),
        sort: "name".into(),
        descending: false,
        columns,
    };
    for format in Format::ALL {
        let mut bytes = 0;
        let mut took = times(3, |_| {
            let sheets = sheets::of(&mut store, &all)?;
            let mut out = Vec::new();
            sheet::write(format, &mut out, &sheets)?;
            bytes = out.len();
            Ok(())
        })?;
        line(
            size,
            &format!("export customers, {}", format.code()),
            &mut took,
            &format!("every column, {} KiB", bytes / 1024),
        );
    }
    let start = Instant::now();
    let rows = tables::write_folder(&store, &folder.path().join("out"))?;
    line(
        size,
        "export the book as CSV files",
        &mut [start.elapsed()],
        &format!("{rows} rows, {}", memory()),
    );
    let mut out = std::io::BufWriter::new(std::fs::File::create(folder.path().join("event.csv"))?);
    let start = Instant::now();
    let mut writer = sheet::SheetWriter::new(Format::Csv, &mut out, false);
    let columns = retain::store::facts::tables()
        .into_iter()
        .find(|t| t.name == "event")
        .ok_or("there are events")?
        .columns;
    let columns = columns.iter().map(|(c, _)| (*c).to_owned()).collect();
    writer.begin(&Head {
        name: "event".into(),
        columns,
        currency: Currency::default(),
        zone: Zone::default(),
    })?;
    let mut events = 0_usize;
    store.facts("event", &mut |row| {
        events += 1;
        writer.row(row)
    })?;
    writer.finish()?;
    let ours = start.elapsed();
    let bare = bare_events(path, &folder.path().join("bare.csv"))?;
    let note = format!(
        "{events} events, {:.1} times the bare loop",
        ours.as_secs_f64() / bare.as_secs_f64()
    );
    line(size, "export events as CSV", &mut [ours], &note);
    line(size, "the same by a bare loop", &mut [bare], "");
    let file = folder.path().join("dump.jsonl");
    let start = Instant::now();
    let mut out = std::io::BufWriter::new(std::fs::File::create(&file)?);
    let batches = store.dump(&mut out)?;
    out.flush()?;
    drop(out);
    let mib = std::fs::metadata(&file)?.len() >> 20;
    line(
        size,
        "dump",
        &mut [start.elapsed()],
        &format!("{batches} batches, {mib} MiB, {}", memory()),
    );
    drop(store);
    let options = Options {
        who: Who {
            person: "ana".into(),
            device: Ids::seeded(2).next(now()),
        },
        now: now(),
        as_of: None,
        create: true,
        zone: None,
        keep: retain::store::outbox::Keep::Nowhere,
    };
    let start = Instant::now();
    Store::fill(&folder.path().join("loaded.retain"), &options, |store| {
        store.take_dump(&file, false)
    })?;
    line(size, "load the dump", &mut [start.elapsed()], &memory());
    let start = Instant::now();
    let out = folder.path().join("out");
    Store::fill(&folder.path().join("filled.retain"), &options, |store| {
        tables::read_folder(store, &out, now())
    })?;
    line(
        size,
        "load the CSV files",
        &mut [start.elapsed()],
        &memory(),
    );
    Ok(())
}

fn bare_events(book: &Path, file: &Path) -> Result<Duration, Box<dyn std::error::Error>> {
    let start = Instant::now();
    let conn =
        rusqlite::Connection::open_with_flags(book, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut out = csv::Writer::from_path(file)?;
    let mut statement = conn.prepare("SELECT id, customer, kind, at, day, contact, channel, direction, number, text, reference, more FROM event WHERE removed = 0 ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for at in 0..12 {
            match row.get_ref(at)? {
                rusqlite::types::ValueRef::Null => out.write_field("")?,
                rusqlite::types::ValueRef::Integer(n) => out.write_field(n.to_string())?,
                rusqlite::types::ValueRef::Real(r) => out.write_field(r.to_string())?,
                rusqlite::types::ValueRef::Text(text) => out.write_field(text)?,
                rusqlite::types::ValueRef::Blob(bytes) => {
                    out.write_field(Id::from_slice(bytes).ok_or("an id")?.to_string())?;
                }
            }
        }
        out.write_record(None::<&[u8]>)?;
    }
    out.flush()?;
    Ok(start.elapsed())
}

/// Two copies in each of which somebody has changed owners, each change a batch of its own and spread over the customers; ours
/// changed a tenth of the same ones. Then the merge.
fn merge(size: usize, path: &Path) -> Outcome {
    let copy = path.with_file_name("copy.retain");
    open(path)?.close();
    std::fs::copy(path, &copy)?;
    let edits = if size < 10_000 { size } else { 20_000 };
    let theirs = Who {
        person: "bo".into(),
        device: Ids::seeded(2).next(now()),
    };
    let mut other = Store::open(
        &copy,
        &Options {
            who: theirs,
            now: now(),
            as_of: Some(today()),
            create: false,
            zone: None,
            keep: retain::store::outbox::Keep::Nowhere,
        },
    )?;
    let customers: Vec<Id> = other
        .roster()?
        .read()
        .map_err(|_| "the roster is lost")?
        .ids
        .iter()
        .cycle()
        .take(edits)
        .copied()
        .collect();
    for (i, customer) in customers.iter().enumerate() {
        other.write(
            &Command::Assign {
                customers: vec![*customer],
                owner: format!("bo {}", i / size),
            },
            now(),
        )?;
    }
    other.close();
    let mut ours = open(path)?;
    for customer in customers.iter().step_by(10) {
        ours.write(
            &Command::Assign {
                customers: vec![*customer],
                owner: "chen".into(),
            },
            now(),
        )?;
    }
    let ask = MergeAsk {
        now: now(),
        dry_run: false,
        foreign: false,
    };
    let start = Instant::now();
    let report = ours.merge(&copy, ask)?;
    let note = format!(
        "{} batches, {} conflicts, {}",
        report.arrived(),
        report.conflicts.len(),
        memory()
    );
    line(
        size,
        &format!("merge of {edits} edits, with its backup"),
        &mut [start.elapsed()],
        &note,
    );
    let start = Instant::now();
    ours.merge(&copy, ask)?;
    line(size, "the same merge again", &mut [start.elapsed()], "");
    let start = Instant::now();
    let well = ours
        .doctor()?
        .iter()
        .filter(|c| !c.ok)
        .map(|c| c.code)
        .collect::<Vec<_>>()
        .join(" ");
    line(size, "doctor", &mut [start.elapsed()], &well);
    Ok(())
}

/// Runs `what` `n` times.
fn times(
    n: usize,
    mut what: impl FnMut(usize) -> retain::error::Result<()>,
) -> retain::error::Result<Vec<Duration>> {
    (0..n)
        .map(|i| {
            let start = Instant::now();
            what(i)?;
            Ok(start.elapsed())
        })
        .collect()
}

fn write(size: usize, path: &Path) -> Outcome {
    let mut store = open(path)?;
    let options = DemoOptions {
        customers: size,
        ..DemoOptions::new(today())
    };
    let start = Instant::now();
    let receipt = demo::write(&mut store, &options, now(), &mut |_| {})?;
    let took = start.elapsed();
    let rate = receipt.changed as f64 / took.as_secs_f64();
    line(
        size,
        "demo write",
        &mut [took],
        &format!("{} rows, {rate:.0} rows/s, {}", receipt.changed, memory()),
    );
    Ok(())
}

fn read(size: usize, path: &Path) -> Outcome {
    let start = Instant::now();
    let mut store = open(path)?;
    store.answer(&Query::Triage {
        filter: String::new(),
        snoozed: false,
    })?;
    line(
        size,
        "open to first triage page",
        &mut [start.elapsed()],
        "the first in its process",
    );
    let mut opens = times(3, |_| {
        let mut store = open(path)?;
        store
            .answer(&Query::Triage {
                filter: String::new(),
                snoozed: false,
            })
            .map(|_| ())
    })?;
    line(size, "open to triage page again", &mut opens, "");
    let mut rosters = times(3, |_| open(path)?.roster().map(|_| ()))?;
    line(size, "open and load roster", &mut rosters, &memory());
    let customers = |filter: &str, sort: &str| Query::Customers {
        filter: filter.into(),
        sort: sort.into(),
        descending: false,
        columns: Vec::new(),
    };
    for (what, query) in [
        (
            "filter health<60 renews<90d",
            customers("health<60 renews<90d", ""),
        ),
        ("filter by a free word", customers("kestrel", "")),
        ("sort by name", customers("", "name")),
        ("sort by arr", customers("", "arr")),
        ("sort by health", customers("", "health")),
        (
            "triage queue",
            Query::Triage {
                filter: String::new(),
                snoozed: false,
            },
        ),
    ] {
        let mut found = 0;
        let mut all = times(20, |_| {
            if let Page::Rows(page) = store.answer(&query)? {
                found = page.rows.len();
            }
            Ok(())
        })?;
        line(size, what, &mut all, &format!("{found} rows"));
    }
    let mut texts = times(10, |_| {
        store
            .answer(&Query::Search {
                text: "renewal discount".into(),
            })
            .map(|_| ())
    })?;
    line(
        size,
        "full text: renewal discount",
        &mut texts,
        "the first may bring the index up to date",
    );
    scores(size, path, &mut store)?;
    screens(size, path)?;
    touch(size, &mut store)?;
    println!(
        "{size:>9}  {:<34} {}",
        "memory of the reading process",
        memory()
    );
    Ok(())
}

/// What a changed threshold would move, the movers of a week, and the backtest of a year.
fn scores(size: usize, path: &Path, store: &mut Store) -> Outcome {
    let mut moved = 0;
    let mut all = {
        let shared = store.roster()?;
        let roster = shared.read().map_err(|_| "the roster's lock is poisoned")?;
        let mut cards = roster.config.scorecards.clone();
        for card in &mut cards.scorecard {
            card.bands = vec![80, 60];
        }
        times(20, |_| {
            moved = roster
                .health_by(&cards)
                .iter()
                .zip(&roster.rows)
                .filter(|(then, row)| then.band != row.health.band)
                .count();
            Ok(())
        })?
    };
    line(
        size,
        "a threshold changed, all scored",
        &mut all,
        &format!("{moved} change band"),
    );
    let mut movers = times(1, |_| {
        store
            .answer_whole(&Query::Movers {
                filter: String::new(),
                days: 7,
            })
            .map(|_| ())
    })?;
    line(
        size,
        "movers of the week, all pieces",
        &mut movers,
        "the first of its process",
    );
    let mut pairs = 0;
    let mut tests = times(2, |_| {
        if let Page::Backtest(test) = open(path)?.answer_whole(&Query::Backtest { months: 12 })? {
            pairs = test.n;
        }
        Ok(())
    })?;
    line(
        size,
        "backtest of 12 month ends",
        &mut tests,
        &format!("{pairs} scores"),
    );
    Ok(())
}

/// The first answer to what each screen asks when it is opened, by a store that has answered nothing yet but the list.
fn screens(size: usize, path: &Path) -> Outcome {
    let (filter, period) = (String::new, PeriodAsk::Days(365));
    let mut first = open(path)?;
    let customer = first
        .roster()?
        .read()
        .map_err(|_| "the roster's lock is poisoned")?
        .ids[size / 2];
    let rule = first
        .config()
        .rules
        .rule
        .first()
        .cloned()
        .ok_or("the demo has rules")?;
    drop(first);
    let table = |kind| {
        Query::Table(TableAsk {
            kind,
            filter: String::new(),
            period,
            mode: Mode::InOrder,
        })
    };
    let asks = [
        (
            "triage",
            Query::Triage {
                filter: filter(),
                snoozed: false,
            },
        ),
        (
            "board and funnel",
            Query::Funnel {
                filter: filter(),
                period: None,
                mode: Mode::InOrder,
            },
        ),
        (
            "account",
            Query::Account {
                customer,
                timeline: TimelineAsk::default(),
            },
        ),
        (
            "health",
            Query::Health {
                customer,
                since: None,
            },
        ),
        (
            "trend",
            Query::Trend {
                customer,
                months: 12,
            },
        ),
        (
            "movers",
            Query::Movers {
                filter: filter(),
                days: 7,
            },
        ),
        ("backtest", Query::Backtest { months: 12 }),
        ("tasks", Query::Tasks(TaskAsk::default())),
        ("calls to action", Query::Actions(ActionAsk::default())),
        ("playbooks", Query::Plays(PlayAsk::default())),
        ("firings", Query::Fired(FiredAsk::default())),
        (
            "rule, dry run",
            Query::Trial {
                rule: Box::new(rule),
                days: 90,
            },
        ),
        (
            "NPS",
            Query::Nps {
                filter: filter(),
                period,
            },
        ),
        ("segments", Query::Segments { trend: true }),
        (
            "friction",
            Query::Friction {
                filter: filter(),
                period,
            },
        ),
        ("targets", table(Kind::Targets)),
        ("help first", table(Kind::Help)),
        ("stays", table(Kind::Stays)),
        ("issues", table(Kind::Issues)),
        (
            "history",
            Query::Activity {
                search: String::new(),
                limit: 200,
            },
        ),
        ("checklist", Query::Checklists { customer }),
        ("duplicates", Query::Duplicates),
    ];
    for (what, ask) in asks {
        let mut all = Vec::new();
        let mut whole = true;
        for _ in 0..3 {
            let mut store = open(path)?;
            store.roster()?;
            let begun = Instant::now();
            whole = !store.answer(&ask)?.is_unfinished();
            all.push(begun.elapsed());
        }
        line(
            size,
            &format!("screen: {what}"),
            &mut all,
            if whole { "" } else { "first piece" },
        );
    }
    Ok(())
}

/// Two hundred touchpoints, one batch each, on customers across the book: with its rules, and with none on.
fn touch(size: usize, store: &mut Store) -> Outcome {
    let (ids, rules) = {
        let roster = store.roster()?;
        let roster = roster.read().map_err(|_| "the roster's lock is poisoned")?;
        let ids: Vec<Id> = roster
            .ids
            .iter()
            .step_by((size / 200).max(1))
            .copied()
            .collect();
        (ids, roster.config.rules.clone())
    };
    for on in [true, false] {
        if !on {
            for rule in &rules.rule {
                store.write(
                    &Rule {
                        off: true,
                        ..rule.clone()
                    }
                    .command(Some(rule))?,
                    now(),
                )?;
            }
        }
        let mut writes = times(200, |i| {
            let draft = TouchDraft {
                channel: "phone".into(),
                text: format!("Call number {i} about the renewal"),
                ..TouchDraft::default()
            };
            let at = Stamp(now().0 + (200 * i64::from(!on)) + i as i64);
            store
                .write(
                    &Command::LogTouch {
                        customers: vec![ids[i % ids.len()]],
                        touch: draft,
                    },
                    at,
                )
                .map(|_| ())
        })?;
        let what = if on {
            "write one touchpoint"
        } else {
            "the same with no rule on"
        };
        line(size, what, &mut writes, "with its sync to disk");
    }
    Ok(())
}

/// Touchpoints a customer in the imported files.
const TOUCHES: usize = 5;

/// The rate of an import beside that of a bare loop over prepared statements: the same files, the same tables and indexes,
/// one transaction each, without checks, edits, signals and the batch's hash.
fn import(size: usize, folder: &Path) -> Outcome {
    let files = folder.join("files");
    std::fs::create_dir_all(&files)?;
    generate(size, &files)?;
    let rows = size * (1 + TOUCHES);
    let bare = bare_loop(&files, folder)?;
    line(
        size,
        "bare loop over prepared statements",
        &mut [bare],
        &format!(
            "{rows} rows, {:.0} rows/s",
            rows as f64 / bare.as_secs_f64()
        ),
    );
    let mut store = open(&folder.join("import.retain"))?;
    let start = Instant::now();
    let report = import::import(
        &mut store,
        &files,
        &import::Wanted::default(),
        now(),
        &mut |_| Continue::Yes,
    )?;
    let took = start.elapsed();
    let taken: u64 = report.files.iter().map(|f| f.made).sum();
    let times = took.as_secs_f64() / bare.as_secs_f64();
    let note = format!(
        "{taken} rows, {:.0} rows/s, {times:.2} x the bare loop, {}",
        rows as f64 / took.as_secs_f64(),
        memory()
    );
    line(size, "import of the same files", &mut [took], &note);
    Ok(())
}

fn generate(size: usize, files: &Path) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::fs::File::create(files.join("customers.csv"))?);
    writeln!(out, "customer_id,name,csm,created_on,website,phone,tags")?;
    for i in 0..size {
        let created = today().plus(-((i % 500) as i64) - 60);
        writeln!(
            out,
            "C{i:07},Harbour {} {i} Ltd,{},{created},https://c{i}.example,+1 555 {i:07},beta",
            ["Foods", "Air", "Müller"][i % 3],
            ["ana", "bo"][i % 2]
        )?;
    }
    out.flush()?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(files.join("touchpoints.csv"))?);
    writeln!(
        out,
        "touchpoint_id,customer_id,happened_at,channel,direction,note"
    )?;
    for i in 0..size * TOUCHES {
        let day = today().plus(-((i % 59) as i64) - 1);
        let (channel, direction) = (["phone", "email", "meeting"][i % 3], ["in", "out"][i % 2]);
        writeln!(
            out,
            "H{i:08},C{:07},{day}T09:{:02}:00+00:00,{channel},{direction},\"Spoke about point {i}, all is well\"",
            i / TOUCHES,
            i % 60
        )?;
    }
    out.flush()
}

fn bare_loop(files: &Path, folder: &Path) -> Result<Duration, Box<dyn std::error::Error>> {
    let pattern = folder.join("pattern.retain");
    drop(open(&pattern)?);
    let schema: Vec<String> = {
        let pattern = rusqlite::Connection::open(&pattern)?;
        let sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND tbl_name IN ('customer', 'event')";
        pattern
            .prepare(sql)?
            .query_map([], |r| r.get(0))?
            .collect::<Result<_, _>>()?
    };
    let mut bare = rusqlite::Connection::open(folder.join("bare.db"))?;
    bare.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;",
    )?;
    for statement in schema {
        bare.execute_batch(&statement)?;
    }
    let start = Instant::now();
    let load = bare.transaction()?;
    let mut ids = Ids::seeded(2);
    let mut numbers: HashMap<String, i64> = HashMap::new();
    {
        let sql = "INSERT INTO customer (id, batch, external, name, owner, website, phone, created, tags) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?)";
        let mut insert = load.prepare(sql)?;
        for row in csv::Reader::from_path(files.join("customers.csv"))?.records() {
            let row = row?;
            let created = row[3]
                .parse::<Day>()
                .map_err(|()| "a day that this file wrote")?;
            let id = ids.next(now()).0;
            insert.execute(rusqlite::params![
                id,
                &row[0],
                &row[1],
                &row[2],
                &row[4],
                &row[5],
                created.number(),
                &row[6]
            ])?;
            numbers.insert(row[0].to_owned(), load.last_insert_rowid());
        }
        let sql = "INSERT INTO event (id, batch, customer, kind, at, day, channel, direction, text, reference) VALUES (?, 1, ?, 1, ?, ?, ?, ?, ?, ?)";
        let mut insert = load.prepare(sql)?;
        for row in csv::Reader::from_path(files.join("touchpoints.csv"))?.records() {
            let row = row?;
            let at = chrono::DateTime::parse_from_rfc3339(&row[2])?;
            let day = Day::from_date(at.date_naive()).ok_or("a day that this file wrote")?;
            let id = ids.next(now()).0;
            insert.execute(rusqlite::params![
                id,
                numbers[&row[1]],
                at.timestamp_millis(),
                day.number(),
                &row[3],
                &row[4],
                &row[5],
                &row[0]
            ])?;
        }
    }
    load.commit()?;
    Ok(start.elapsed())
}
