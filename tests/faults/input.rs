//! Whatever a person or a file gives as text: filters, log lines, CSV bytes, settings, keys. Read or refused, never a panic,
//! and a refusal points into what was given.
//!
//! The same readers are the targets of `fuzz/`, which looks for inputs by itself and for as long as one lets it. Bundles and outboxes, which
//! need hashes that fit, have their tests in `src/store/any_bytes`.

use std::sync::OnceLock;

use proptest::prelude::*;

use retain::domain::config::Config;
use retain::domain::filter::Filter;
use retain::domain::id::Ids;
use retain::domain::time::{Moment, Stamp, Zone};
use retain::domain::touchpoint::line;
use retain::store::outbox::Keep;
use retain::store::{Options, Store, Who, apply_config};
use retain::transfer::import::{Continue, Kind, Wanted, import};
use retain::tui::keymap::Keymap;
use retain::tui::views::SCREENS;

const NOW: Stamp = Stamp(1_795_000_000_000);

/// As many cases as PROPTEST_CASES asks for, else few: some of these cost a book each.
fn cases(few: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(few),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// What stands in a text at random places instead of what stood there.
#[derive(Clone, Debug)]
struct Scratch {
    at: usize,
    length: usize,
    with: Vec<u8>,
}

fn scratches() -> impl Strategy<Value = Vec<Scratch>> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..4),
        prop::sample::select(vec![
            &b"\""[..],
            b"\"\"",
            b",",
            b";",
            b"\t",
            b"\r",
            b"\n",
            b"\r\n",
            b"\0",
            b"\xff",
            b"\xef\xbb\xbf",
            b"-",
            b"0",
            b"9999999999999999999",
            b"1e309",
            b"-0",
            b"NaN",
            b"31/02/2026",
            b"0000-00-00",
            b"1.234,56",
            b"(1,000)",
            b"=1+1",
            b"@",
            b"\xe2\x80\xae",
            b"\xf3\xa0\x80\x81",
            b"[",
            b"]",
            b"{",
            b"}",
            b"'",
            b"'''",
            b"true",
            b"inf",
            b"\\u0000",
            b"=",
            b"#",
        ])
        .prop_map(<[u8]>::to_vec),
    ];
    let scratch = (any::<prop::sample::Index>(), 0usize..12, bytes);
    prop::collection::vec(
        scratch.prop_map(|(at, length, with)| Scratch {
            at: at.index(1 << 20),
            length,
            with,
        }),
        0..8,
    )
}

fn scratched(text: &[u8], scratches: &[Scratch]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for Scratch { at, length, with } in scratches {
        let at = at % (bytes.len() + 1);
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, with.iter().copied());
    }
    bytes
}

/// A file of each kind with a few rows.
const FILES: &[(&str, &str)] = &[
    (
        "customers.csv",
        "customer_id,name,csm,created_on,tags,seats,arr,stage\nC1,Comma & Co,Ana,2024-11-15,vip;key,10,120000,onboarding\nC2,\"Two, Ltd\",,15.03.2025,,7,1.234,live\nC1,Again,,,,,,\n",
    ),
    (
        "contacts.csv",
        "contact_id,customer_id,full_name,email,role,primary\nP1,C1,Zoe,z@c.example,executive,1\nP2,C2,Bo,,,no\n",
    ),
    (
        "stage_changes.csv",
        "customer_id,changed_on,seq,from_stage,to_stage\nC1,2024-11-18,0,,onboarding\nC1,2025-01-18,3,onboarding,churned\n",
    ),
    (
        "orders.csv",
        "order_id,customer_id,ordered_on,amount_minor,discount_minor,status\nO1,C1,2024-12-06,4052,715,paid\nO2,C2,31/12/2024,100,0,open\n",
    ),
    (
        "subscription_versions.csv",
        "version_id,subscription_id,customer_id,start_date,end_date,amount_minor,interval,interval_count,quantity,discount_pct,status\nV1,S1,C1,2024-11-18,2025-01-18,9900,month,1,4,12.5,active\n",
    ),
    (
        "nps_responses.csv",
        "response_id,customer_id,contact_id,responded_at,score,comment\n1,C1,P1,2026-07-11T15:48:00+03:00,6,\"ok\nsecond line\"\n",
    ),
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
        "more.json",
        "[{\"customer_id\":\"C7\",\"name\":\"Seven\",\"tags\":[\"vip\"],\"seats\":10},{\"customer_id\":\"C1\",\"csm\":null}]",
    ),
    (
        "more.jsonl",
        "{\"customer_id\":\"C8\",\"name\":\"Eight\"}\n{\"customer_id\":\"C9\",\"name\":\"Nine\",\"arr\":12.5}\n",
    ),
    (
        "people.vcf",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Ruiz;Dana;;;\r\nFN:Dana Ruiz\r\nORG:Comma & Co\r\nEMAIL;TYPE=work:dana@c.example\r\nTEL:+1 555 0100\r\nNOTE:folded\r\n  here\r\nEND:VCARD\r\n",
    ),
    (
        "calendar.ics",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1@c.example\r\nDTSTART;TZID=Europe/Berlin:20260302T090000\r\nDTEND:20260302T093000Z\r\nSUMMARY:Call with Comma & Co\r\nATTENDEE;CN=Dana:mailto:dana@c.example\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    ),
    (
        "letters.mbox",
        "From ana@us.example Mon Mar  2 09:00:00 2026\nFrom: Ana <ana@us.example>\nTo: =?utf-8?q?Zo=C3=AB?= <z@c.example>\nDate: Mon, 2 Mar 2026 09:00:00 +0100\nMessage-ID: <1@us.example>\nSubject: Hello\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nDear Zo=C3=AB,=\n hello\n",
    ),
    (
        "churn.csv",
        "customer_id,churned_on,mrr_lost_minor,reason,returned_on\nC1,2025-01-18,39600,champion left,\n",
    ),
];

fn book() -> Store {
    let who = Who {
        person: "ana".into(),
        device: Ids::seeded(1).next(NOW),
    };
    Store::memory(&Options {
        who,
        now: NOW,
        as_of: None,
        create: true,
        zone: Some("Europe/Istanbul".into()),
        keep: Keep::Nowhere,
    })
    .expect("a book")
}

/// Settings that are right, to be made wrong.
const SETTINGS: &[(&str, &str)] = &[
    ("stages", include_str!("../../assets/config/stages.toml")),
    (
        "scorecards",
        include_str!("../../assets/config/scorecards.toml"),
    ),
    (
        "policy",
        "cadence_days = 30\nrenewal_days = 90\nsevere = 2\ndetractor_days = 90\nfell_points = 10\npulse_days = 90\n",
    ),
    ("currency", "EUR"),
    ("zone", "Europe/Istanbul"),
    (
        "attribute.seats",
        "code = \"seats\"\nlabel = \"Seats\"\ntype = \"int\"\n",
    ),
];

const KEYS: &str = "[keys]\n\"triage.done\" = [\"d\", \"ctrl-d\"]\n\"*.help\" = [\"?\", \"f1\"]\n\"customers.open\" = [\"enter\", \"g g\"]\n";

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn any_filter_is_read_or_its_mistake_is_shown(scratches in scratches(), text in any::<String>()) {
        static FIELDS: OnceLock<retain::domain::filter::Fields> = OnceLock::new();
        let fields = FIELDS.get_or_init(|| retain::columns::fields(&Config::default()));
        let whole = scratched(b"owner:ana (stage:live or not nps<7) arr>=10k renews<90d -tag:vip \"two words\" touch>30d", &scratches);
        for text in [text, String::from_utf8_lossy(&whole).into_owned()] {
            match Filter::parse(&text, fields) {
                Ok(filter) => {
                    let again = filter.to_text();
                    prop_assert_eq!(Filter::parse(&again, fields), Ok(filter), "{}", again);
                }
                Err(m) => prop_assert!(m.start <= m.end && text.get(m.start..m.end).is_some()),
            }
        }
    }

    #[test]
    fn any_log_line_is_read_with_its_parts_inside_it(scratches in scratches(), text in any::<String>()) {
        let moment = Moment::new(NOW, Zone::named("Europe/Istanbul").expect("a zone of the database"));
        let whole = scratched("talked to @dana 2d ago 14:30 45m :) about roll-out !call back fri".as_bytes(), &scratches);
        for text in [text, String::from_utf8_lossy(&whole).into_owned()] {
            let (_, parts) = line::parse(&text, &[], &moment);
            for part in parts {
                prop_assert!(text.get(part.range.clone()).is_some(), "{:?} of {:?}", part.range, text);
            }
        }
    }

    #[test]
    fn any_keys_file_is_read_or_its_mistakes_are_sentences(scratches in scratches(), text in any::<String>()) {
        for text in [text, String::from_utf8_lossy(&scratched(KEYS.as_bytes(), &scratches)).into_owned()] {
            let mut keymap = Keymap::new(SCREENS.iter().map(|s| (s.actions)()));
            for mistake in keymap.overlay(&text) {
                prop_assert!(mistake.starts_with("keys.toml"), "{}", mistake);
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn any_setting_is_taken_or_refused(which in 0..SETTINGS.len(), scratches in scratches()) {
        let (key, right) = SETTINGS[which];
        let value = String::from_utf8_lossy(&scratched(right.as_bytes(), &scratches)).into_owned();
        let mut config = Config::default();
        if apply_config(&mut config, key, &value).is_ok() {
            // What was taken has to be good enough to work with.
            retain::columns::fields(&config);
            let signals = retain::domain::signal::Signals::default();
            let day = retain::domain::time::Day::MIN;
            retain::domain::health::explain(config.scorecards.choose("reach", |_| true), &signals, config.limits(), day);
            for stage in config.stages.all() {
                config.stages.next(stage);
                config.stages.previous(stage);
                config.stages.needs_reason(None, stage);
            }
        }
    }

    #[test]
    fn any_file_is_taken_with_every_row_accounted_for_or_refused(which in 0..FILES.len(), scratches in scratches(), raw in any::<bool>()) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = book();
        let customers = folder.path().join("customers.csv");
        std::fs::write(&customers, FILES[0].1).expect("written");
        import(&mut store, &customers, &Wanted::default(), NOW, &mut |_| Continue::Yes).expect("the right file");
        let (name, right) = FILES[which];
        let file = folder.path().join(name);
        std::fs::write(&file, scratched(if raw { b"" } else { right.as_bytes() }, &scratches)).expect("written");
        let kind = raw.then_some(Kind::ALL[which % Kind::ALL.len()]);
        if let Ok(report) = import(&mut store, &file, &Wanted { kind, ..Wanted::default() }, NOW, &mut |_| Continue::Yes) {
            for file in &report.files {
                prop_assert!(file.adds_up(), "{:?}", file);
            }
        }
        store.roster().expect("the book opens its roster");
        for check in store.doctor().expect("an examination") {
            prop_assert!(check.ok, "{:?}", check);
        }
    }
}

#[test]
fn figures_after_an_import_of_old_usage_are_those_of_a_fold() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = book();
    for (name, text) in [FILES[0], FILES[7]] {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("written");
        import(&mut store, &file, &Wanted::default(), NOW, &mut |_| {
            Continue::Yes
        })
        .expect("a right file");
    }
    store.roster().expect("the book opens its roster");
    let wrong: Vec<_> = store
        .doctor()
        .expect("an examination")
        .into_iter()
        .filter(|c| !c.ok)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
