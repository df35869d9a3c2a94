//! Whole imports of small folders into a book in memory.

mod again;
mod formats;
mod hostile;
mod letters;
mod money;
mod origins;
mod winners;

use std::path::Path;

use super::*;
use crate::domain::config::AttributeType;
use crate::domain::id::Ids;
use crate::domain::query::{Page, Query};
use crate::store::{Options, Who};

const NOW: Stamp = Stamp(1_795_000_000_000); // 2026-11-18

fn book() -> Store {
    let who = Who {
        person: "ana".into(),
        device: Ids::seeded(1).next(NOW),
    };
    let options = Options {
        who,
        now: NOW,
        as_of: None,
        create: true,
        zone: Some("Europe/Istanbul".into()),
        keep: crate::store::outbox::Keep::Nowhere,
    };
    Store::memory(&options).expect("a book")
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

fn run(store: &mut Store, path: &Path, dry_run: bool) -> Report {
    let wanted = Wanted {
        dry_run,
        ..Wanted::default()
    };
    let report = import(store, path, &wanted, NOW, &mut |_| Continue::Yes).expect("imports");
    for file in &report.files {
        assert!(file.adds_up(), "{file:?}");
    }
    report
}

/// made, changed, same, merged, kept, rejected.
fn counts(report: &Report, file: &str) -> [u64; 6] {
    let f = report
        .files
        .iter()
        .find(|f| f.file == file)
        .expect("a file of the report");
    [f.made, f.changed, f.same, f.merged, f.kept, f.rejected]
}

const CUSTOMERS: &str = "customer_id,name,segment,seats,csm,created_on,tags\n\
    C1,Comma & Co,SMB,10,Deniz Ak,2024-11-15,vip;key account\n\
    C1,COMMA & CO,SMB,10,Deniz Ak,2024-11-15,vip;key account\n\
    C2,Işık A.Ş.,ENT,7,,2023-02-30,\n\
    ,Nobody,ENT,7,,2023-02-01,\n\
    C3,Short\n\
    C4,東方,ENT,,,2025-01-01,\n";
const MOVES: &str = "customer_id,changed_on,seq,from_stage,to_stage\n\
    C1,2024-11-18,0,,onboarding\n\
    C1,2024-12-09,1,onboarding,adoption\n\
    C1,2024-12-09,2,adoption,at_risk\n\
    C1,2025-01-18,3,at_risk,churned\n";
const ORDERS: &str = "order_id,customer_id,ordered_on,amount_minor,discount_minor,status\n\
    O1,C1,2024-12-06,4052,715,paid\n\
    O1,C1,2024-12-06,4052,715,paid\n\
    O1,C1,31/12/2024,4052,715,paid\n\
    O2,C1,31/12/2024,100,0,paid\n\
    O3,C1,2024-12-06,-1,0,paid\n\
    O4,C1,2024-12-06,999999999999999999999999999999,0,paid\n\
    O5,C9,2024-12-06,1,0,paid\n";
const VERSIONS: &str = "version_id,subscription_id,customer_id,start_date,end_date,amount_minor,interval,interval_count,quantity,discount_pct,status\n\
    V1,S1,C1,2024-11-18,2025-01-18,9900,month,1,4,12.5,active\n\
    V2,S1,C1,2024-11-18,2020-01-01,9900,month,1,4,0,active\n\
    V3,S1,C1,2024-11-18,,12.5O,month,1,4,0,active\n\
    V4,S1,C1,2024-11-18,,9900,fortnight,1,4,0,active\n";
const NPS: &str = "response_id,customer_id,contact_id,responded_at,score,comment\n\
    1,C1,P1,2026-07-11T15:48:00+03:00,6,\"ok\nsecond line\"\n\
    2,C1,P1,2026-07-11T15:48:00,11,x\n\
    3,C1,P9,2026-07-11T15:48:00,10,x\n\
    4,C1,P1,2026-07-11T15:48:00Z,nine,x\n";

fn small() -> tempfile::TempDir {
    folder(&[
        ("customers.csv", CUSTOMERS),
        (
            "contacts.csv",
            "contact_id,customer_id,full_name,email,role,primary\nP1,C1,Zoë,z@c.example,executive,1\n",
        ),
        ("stage_changes.csv", MOVES),
        ("orders.csv", ORDERS),
        ("subscription_versions.csv", VERSIONS),
        ("nps_responses.csv", NPS),
        (
            "invoices.csv",
            "invoice_id,customer_id,issued_on,due_on,paid_on,amount_minor,status\nI1,C1,2024-12-01,2024-12-31,,990,open\n",
        ),
        (
            "usage.csv",
            "customer_id,period_start,active_days,sessions,key_actions,seats_used\nC1,2024-12-02,2,9,7,18\n",
        ),
        (
            "tickets.csv",
            "ticket_id,customer_id,opened_at,closed_at,severity,subject,csat\nT1,C1,2024-12-21T04:08:00-05:00,,2,Slow,\n",
        ),
        (
            "touchpoints.csv",
            "touchpoint_id,customer_id,contact_id,happened_at,channel,direction,note\nH1,C1,P1,2024-12-17,call,in,Hi\n",
        ),
        (
            "churn.csv",
            "customer_id,churned_on,mrr_lost_minor,reason,returned_on\nC1,2025-01-18,39600,champion left,\n",
        ),
        (
            "invitations.csv",
            "invitation_id,customer_id,contact_id,sent_at,survey,wave,status\nV1,C1,P1,2026-07-10,nps,summer,delivered\nV2,C2,,2026-07-10,nps,summer,bounced\nV3,C2,,2026-07-10,weather,summer,\n",
        ),
        (
            "csat_responses.csv",
            "response_id,customer_id,responded_at,csat,comment\n1,C1,2026-07-12,5,Good\n2,C1,2026-07-12,6,\n",
        ),
        (
            "ces_responses.csv",
            "response_id,customer_id,responded_at,ces_score\n1,C1,2026-07-12,7\n2,C1,2026-07-13,\n",
        ),
        (
            "survey_answers.csv",
            "customer_id,answered_on,question,answer,wave\nC1,2026-07-12,Heard,A friend,summer\nC1,2026-07-12,hurt,,summer\n",
        ),
        (
            "mrr_changes.csv",
            "customer_id,changed_on,old_mrr_minor\nC1,2024-11-18,0\n",
        ),
    ])
}

#[test]
fn a_folder_comes_in_with_every_row_accounted_for() {
    let (folder, mut store) = (small(), book());
    let report = run(&mut store, folder.path(), false);
    assert_eq!(report.end, End::Written);
    assert_eq!(counts(&report, "customers.csv"), [2, 0, 0, 1, 0, 3]);
    assert_eq!(counts(&report, "stage_changes.csv"), [4, 0, 0, 0, 0, 0]);
    assert_eq!(counts(&report, "orders.csv"), [2, 0, 0, 1, 0, 4]);
    assert_eq!(
        counts(&report, "subscription_versions.csv"),
        [1, 0, 0, 0, 0, 3]
    );
    assert_eq!(counts(&report, "nps_responses.csv"), [2, 0, 0, 0, 0, 2]);
    assert_eq!(counts(&report, "invitations.csv"), [1, 0, 0, 0, 0, 2]);
    for file in [
        "csat_responses.csv",
        "ces_responses.csv",
        "survey_answers.csv",
    ] {
        assert_eq!(counts(&report, file), [1, 0, 0, 0, 0, 1], "{file}");
    }
    assert_eq!(
        report.stages_added,
        vec!["onboarding", "adoption", "at_risk"]
    );
    assert_eq!(
        report
            .not_understood
            .iter()
            .map(|(n, _)| n.as_str())
            .collect::<Vec<_>>(),
        vec!["mrr_changes.csv"]
    );
    let kinds: Vec<Kind> = report.files.iter().map(|f| f.kind).collect();
    assert_eq!(kinds, Kind::TABLES);
    let config = store.config();
    let codes: Vec<&str> = config
        .stages
        .stage
        .iter()
        .map(|s| s.code.as_str())
        .collect();
    assert!(
        codes.ends_with(&["onboarding", "adoption", "at_risk", "churned"]),
        "{codes:?}"
    );
    assert_eq!(
        config.attribute("seats").map(|a| a.kind),
        Some(AttributeType::Int)
    );
    assert_eq!(
        config.attribute("segment").map(|a| a.kind),
        Some(AttributeType::Text)
    );
    let nps = report
        .files
        .iter()
        .find(|f| f.kind == Kind::NpsResponses)
        .expect("there");
    assert!(
        nps.notes.contains(&(
            "time without an offset, read as a time in Europe/Istanbul".to_owned(),
            2
        )),
        "{:?}",
        nps.notes
    );
}

#[test]
fn answers_that_come_in_are_counted_with_their_waves() {
    let (folder, mut store) = (small(), book());
    run(&mut store, folder.path(), false);
    let period = crate::domain::query::PeriodAsk::All;
    let Ok(Page::Nps(page)) = store.answer(&Query::Nps {
        filter: String::new(),
        period,
    }) else {
        panic!("an answer")
    };
    let waves: Vec<_> = page
        .figures
        .waves
        .iter()
        .map(|w| (w.name.as_str(), w.response.part, w.response.of))
        .collect();
    assert_eq!(waves, [("summer", 1, 1)], "what bounced was not delivered");
    assert_eq!(
        (page.figures.csat.share.part, page.figures.ces.mean),
        (1, Some(7.0))
    );
    let Ok(Page::Friction(questions)) = store.answer(&Query::Friction {
        filter: String::new(),
        period,
    }) else {
        panic!("an answer")
    };
    let said: Vec<_> = questions.iter().map(|q| (q.code.as_str(), q.n)).collect();
    assert_eq!(said, [("heard", 1), ("opinion", 0), ("hurt", 0)]);
}

#[test]
fn a_second_import_changes_nothing() {
    let (folder, mut store) = (small(), book());
    run(&mut store, folder.path(), false);
    let again = run(&mut store, folder.path(), false);
    assert_eq!(again.end, End::NothingNew);
    for file in &again.files {
        assert_eq!(file.made + file.changed, 0, "{file:?}");
    }
    assert!(again.stages_added.is_empty() && again.attributes_added.is_empty());
}

#[test]
fn rejected_rows_go_into_a_file_with_line_reason_and_the_row() {
    let (folder, mut store) = (small(), book());
    let report = run(&mut store, folder.path(), false);
    let file = report
        .files
        .iter()
        .find(|f| f.kind == Kind::Customers)
        .expect("there");
    let path = file.rejects_file.clone().expect("written");
    let text = std::fs::read_to_string(path).expect("readable");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "rejected_line,rejected_row,rejected_because,customer_id,name,segment,seats,csm,created_on,tags"
    );
    assert!(
        lines[1].starts_with(
            "4,4,\"impossible date: created_on \"\"2023-02-30\"\" is no date of the calendar\",C2,"
        ),
        "{}",
        lines[1]
    );
    assert_eq!(
        lines[2],
        "5,5,empty key: customer_id is empty,,Nobody,ENT,7,,2023-02-01,"
    );
    assert_eq!(
        lines[3],
        "6,6,too few fields: 2 fields where the header has 7,C3,Short"
    );
    assert!(!folder.path().join("usage.rejects.csv").exists());
    // Corrected and imported again from the rejects file, the row is taken, and its own three columns are passed over.
    let fixed = text.replace(",2023-02-30,", ",2023-02-28,");
    let path = folder.path().join("customers.rejects.csv");
    std::fs::write(&path, fixed).expect("written");
    let again = run(&mut store, &path, false);
    assert_eq!(counts(&again, "customers.rejects.csv"), [1, 0, 0, 0, 0, 2]);
    assert!(again.attributes_added.is_empty());
}

#[test]
fn no_rejected_row_is_a_formula_and_what_is_corrected_comes_in_as_it_was() {
    let names = [
        "=1+1",
        "+cmd",
        "-cmd",
        "@sum(a1)",
        "\u{feff}=x",
        "'=x",
        "plain",
    ];
    let rows: String = names
        .iter()
        .enumerate()
        .map(|(at, name)| format!("C{at},{name},2023-02-30\n"))
        .collect();
    let (folder, mut store) = (
        folder(&[(
            "customers.csv",
            &format!("customer_id,name,created_on\n{rows}"),
        )]),
        book(),
    );
    let report = run(&mut store, &folder.path().join("customers.csv"), false);
    let path = report.files[0].rejects_file.clone().expect("written");
    let text = std::fs::read_to_string(&path).expect("readable");
    for cell in [
        "'=1+1",
        "'+cmd",
        "'-cmd",
        "'@sum(a1)",
        "'\u{feff}=x",
        "'=x",
        "plain",
    ] {
        assert!(
            text.contains(&format!(",{cell},2023-02-30")),
            "{cell}: {text}"
        );
    }
    std::fs::write(&path, text.replace("2023-02-30", "2023-02-28")).expect("written");
    let again = run(&mut store, &path, false);
    assert_eq!(
        again.files[0].made,
        names.len() as u64,
        "{:?}",
        again.files[0]
    );
    let roster = store.roster().expect("a roster");
    let roster = roster.read().expect("read");
    let came: Vec<&str> = (0..roster.rows.len()).map(|at| roster.name(at)).collect();
    assert_eq!(came.len(), names.len());
    for name in ["+cmd", "-cmd", "=1+1", "@sum(a1)", "plain"] {
        assert!(came.contains(&name), "{name}: {came:?}");
    }
}

#[test]
fn a_dry_run_says_the_same_and_leaves_nothing() {
    let (folder, mut store) = (small(), book());
    let before = store.config();
    let dry = run(&mut store, folder.path(), true);
    assert_eq!(dry.end, End::DryRun);
    assert_eq!(store.config(), before);
    assert!(!folder.path().join("customers.rejects.csv").exists());
    let real = run(&mut store, folder.path(), false);
    for (a, b) in dry.files.iter().zip(&real.files) {
        assert_eq!(
            (a.made, a.merged, a.rejected),
            (b.made, b.merged, b.rejected),
            "{}",
            a.file
        );
    }
}

#[test]
fn cancelling_writes_nothing() {
    let (folder, mut store) = (small(), book());
    let mut calls = 0;
    let mut stop = |_: Progress<'_>| {
        calls += 1;
        if calls > 3 {
            Continue::No
        } else {
            Continue::Yes
        }
    };
    let report = import(
        &mut store,
        folder.path(),
        &Wanted::default(),
        NOW,
        &mut stop,
    )
    .expect("ends well");
    assert_eq!(report.end, End::Cancelled);
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .filter_map(|e| e.ok())
        .map(|e| e.file_name())
        .collect();
    assert_eq!(names.len(), 16, "{names:?}");
    assert_eq!(
        counts(&run(&mut store, folder.path(), false), "customers.csv")[0],
        2
    );
}

#[test]
fn stopping_while_a_file_is_made_ready_writes_nothing() {
    let (folder, mut store) = (
        folder(&[(
            "customers.jsonl",
            "{\"customer_id\":\"C1\",\"name\":\"A\"}\n",
        )]),
        book(),
    );
    let wanted = Wanted::default();
    wanted
        .stop
        .0
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let error = import(
        &mut store,
        &folder.path().join("customers.jsonl"),
        &wanted,
        NOW,
        &mut |_| Continue::Yes,
    )
    .expect_err("given up");
    assert_eq!(error.message, "The import was stopped; nothing was written");
}

#[test]
fn a_plain_list_of_names_comes_in_twice_without_a_change() {
    let list = "Company,Owner,Stage,ARR\nGlobex,Ana,Retention,\"$240,000\"\nInitech,,Rollout,12k\nGlobex Two,Ana,lost,\n";
    let (folder, mut store) = (folder(&[("my list.csv", list)]), book());
    let path = folder.path().join("my list.csv");
    let report = run(&mut store, &path, false);
    assert_eq!(counts(&report, "my list.csv"), [3, 0, 0, 0, 0, 0]);
    assert_eq!(report.stages_added, vec!["rollout"]);
    assert!(store.find_customer("Globex Two").is_ok());
    let later = Stamp(NOW.0 + 3 * 86_400_000);
    let again = import(&mut store, &path, &Wanted::default(), later, &mut |_| {
        Continue::Yes
    })
    .expect("imports");
    assert_eq!(counts(&again, "my list.csv"), [0, 0, 3, 0, 0, 0]);
    std::fs::write(&path, list.replace("12k", "13k").replace("Owner", "CSM")).expect("written");
    let changed = import(&mut store, &path, &Wanted::default(), later, &mut |_| {
        Continue::Yes
    })
    .expect("imports");
    assert_eq!(counts(&changed, "my list.csv"), [0, 1, 2, 0, 0, 0]);
}

#[test]
fn one_file_of_events_finds_the_customers_of_the_book() {
    let (folder, mut store) = (small(), book());
    run(&mut store, &folder.path().join("customers.csv"), false);
    let report = run(&mut store, &folder.path().join("orders.csv"), false);
    assert_eq!(counts(&report, "orders.csv")[0], 2);
}

#[test]
fn dates_with_slashes_are_read_where_the_column_proves_their_order() {
    let head = "order_id,customer_id,ordered_on,amount\n";
    let (folder, mut store) = (
        folder(&[("customers.csv", "customer_id,name\nC1,A\n")]),
        book(),
    );
    run(&mut store, folder.path(), false);
    let path = folder.path().join("orders.csv");
    std::fs::write(&path, format!("{head}O1,C1,05/04/2024,1\n")).expect("written");
    let unsure = run(&mut store, &path, true);
    assert_eq!(
        unsure.files[0].reasons.keys().collect::<Vec<_>>(),
        vec!["ambiguous date"]
    );
    std::fs::write(
        &path,
        format!("{head}O1,C1,05/04/2024,1\nO2,C1,31/12/2024,1\n"),
    )
    .expect("written");
    assert_eq!(
        counts(&run(&mut store, &path, true), "orders.csv"),
        [2, 0, 0, 0, 0, 0]
    );
}

#[test]
fn what_is_not_understood_is_said_in_a_sentence() {
    let (folder, mut store) = (folder(&[("things.csv", "a,b\n1,2\n")]), book());
    let mut go = |_: Progress<'_>| Continue::Yes;
    let error = import(
        &mut store,
        &folder.path().join("things.csv"),
        &Wanted::default(),
        NOW,
        &mut go,
    )
    .expect_err("refused");
    assert_eq!(
        error.message,
        "things.csv is not understood: its columns are a, b"
    );
    let error = import(
        &mut store,
        &folder.path().join("none.csv"),
        &Wanted::default(),
        NOW,
        &mut go,
    )
    .expect_err("refused");
    assert_eq!(error.exit_code(), 3);
    let as_orders = import(
        &mut store,
        &folder.path().join("things.csv"),
        &Wanted {
            kind: Some(Kind::Orders),
            ..Wanted::default()
        },
        NOW,
        &mut go,
    )
    .expect_err("refused");
    assert!(
        as_orders
            .message
            .starts_with("things.csv has no column for key (order_id"),
        "{}",
        as_orders.message
    );
}
