use std::collections::HashSet;
use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::domain::filter::{Filter, People};
use crate::domain::health::{Band, Health};
use crate::domain::rfm::{Orders, Scores};
use crate::domain::roster::Entry;
use crate::domain::signal::Signals;
use crate::domain::stage::{StageNo, Stages};
use crate::domain::stands::Stand;

/// One row with every signal, and one with none.
fn roster() -> Roster {
    let mut config = Config::default();
    let attribute = |code: &str, kind| Attribute {
        code: code.into(),
        label: code.into(),
        kind,
    };
    config.attributes = vec![
        attribute("budget", AttributeType::Money),
        attribute("vip", AttributeType::Bool),
    ];
    let today: Day = "2026-11-21".parse().unwrap();
    let ago = |days: i64| Some(today.plus(-days));
    let mut roster = crate::columns::roster(Arc::new(config), today, "ana");
    let signals = Signals {
        mrr: 2_000_050,
        arr: 24_000_600,
        stage: StageNo(2),
        visit: 1,
        cohort: 2,
        since: ago(100),
        started: ago(400),
        touch: ago(41),
        nps: Some(3),
        nps_day: ago(6),
        tickets: [2, 1, 0, 4],
        usage: Some(-405),
        seats: Some(58),
        renews: ago(-18),
        due: ago(2),
        tasks: 3,
        pulse: Some(4),
        past_due: ago(12),
        last: ago(6),
        reached: ago(41),
        gaps: Some(2),
        roles: [ago(61), None, ago(9), None, None, None],
        before: Some(55),
        actions: 2,
        risk: 1,
        alert: ago(3),
        mention: ago(1),
        held: Some(31),
        held_until: ago(-9),
        ..Signals::default()
    };
    roster.put(Entry {
        rowid: 1,
        name: "Acme Foods",
        owner: "ana",
        tags: "enterprise food",
        created: ago(420),
        snoozed: ago(-3),
        signals,
        ..Entry::default()
    });
    roster.put(Entry {
        rowid: 2,
        name: "Empty",
        ..Entry::default()
    });
    roster.rows[0].health = Health {
        score: Some(31),
        coverage: 80,
        band: Band::Risk,
    };
    roster.rows[0].priority = 923;
    let bought = Orders {
        ever: 5,
        last: ago(30),
        count: 3,
        paid: 90_000,
        ..Orders::default()
    };
    roster.put_orders(vec![bought, Orders::default()], &[true, false]);
    if let Some(purchases) = &mut roster.purchases {
        purchases.members[0].scores = Some(Scores { r: 4, f: 5, m: 3 });
    }
    roster.reload_attribute("budget", [(0, "1200050")]);
    roster.reload_attribute("vip", [(0, "true")]);
    roster
}

#[test]
fn codes_and_other_names_are_said_once() {
    let mut seen = HashSet::new();
    for name in COLUMNS
        .iter()
        .flat_map(|c| std::iter::once(&c.field.code).chain(c.field.aliases))
    {
        assert!(seen.insert(*name), "two columns are called {name}");
        assert!(name.chars().all(|c| c.is_ascii_lowercase()), "{name}");
        assert!(column(name).is_some() && column(&name.to_uppercase()).is_some());
    }
    assert!(COLUMNS.iter().all(|c| 0 < c.min && c.min <= c.preferred));
    assert!(
        COLUMNS
            .iter()
            .all(|c| (c.field.kind == FieldKind::Choice) == c.choices.is_some())
    );
    let set: Vec<_> = default_set().map(Column::code).collect();
    assert_eq!(
        set,
        [
            "priority", "name", "owner", "stage", "arr", "health", "nps", "tickets", "renews",
            "touch"
        ]
    );
}

#[test]
fn a_full_row_shows_in_every_column() {
    let roster = roster();
    let shown: Vec<String> = COLUMNS
        .iter()
        .map(|c| format!("{} {}", c.code(), c.show(&roster, 0, roster.today)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    priority 92
    name Acme Foods
    owner ana
    stage Conversion
    arr 240k
    health 31 !
    nps 3
    tickets 7
    renews 18d
    touch 41d
    tag enterprise food
    band risk
    mrr 20k
    apart -
    converted no
    severe 3
    since 100d
    behind no
    stuck yes
    usage -40%
    seats 58%
    tasks 3
    due -2d
    pulse 4
    pastdue 12d
    unanswered yes
    silent yes
    fell no
    plan no
    actions 2
    severity 1
    alert 3d
    mention 1d
    visit 1
    cohort 2
    started 400d
    created 420d
    last 6d
    snoozed 3d
    held 9d
    seg reactivated
    orders 3
    spent 900
    ordered 30d
    r 4
    f 5
    m 3
    fullprice yes
    several yes
    abovemedian no
    cadence red
    gaps 2
    champion 61d
    buyer -
    sponsor 9d
    ");
}

#[test]
fn an_empty_row_has_no_data_and_no_panic() {
    let roster = roster();
    for c in COLUMNS {
        let (shown, json, csv) = (
            c.show(&roster, 1, roster.today),
            c.json(&roster, 1),
            c.csv(&roster, 1),
        );
        match c.code() {
            "name" => assert_eq!(
                (shown.as_str(), json, csv.as_str()),
                ("Empty", json!("Empty"), "Empty")
            ),
            "tickets" | "severe" | "tasks" | "actions" => {
                assert_eq!((shown.as_str(), json, csv.as_str()), ("0", json!(0), "0"))
            }
            "stuck" | "behind" | "unanswered" | "silent" | "fell" | "plan" | "converted" => {
                assert_eq!(
                    (shown.as_str(), json, csv.as_str()),
                    ("no", json!(false), "no")
                )
            }
            "seg" => assert_eq!(
                (shown.as_str(), json, csv.as_str()),
                ("registered", json!(["registered"]), "registered")
            ),
            code => assert_eq!(
                (shown.as_str(), json, csv.as_str()),
                ("-", Json::Null, ""),
                "{code}"
            ),
        }
    }
}

#[test]
fn json_has_raw_units_and_stable_names() {
    let roster = roster();
    let mut expected = json!({
        "id": "00000000-0000-0000-0000-000000000000", "priority": 92.3, "name": "Acme Foods", "owner": "ana", "stage": "conversion",
        "arr": 24_000_600, "health": 31, "nps": 3, "tickets": 7, "renews": "2026-12-09", "touch": "2026-10-11",
        "tag": ["enterprise", "food"], "band": "risk", "mrr": 2_000_050, "apart": null, "converted": false, "severe": 3, "since": "2026-08-13", "behind": false,
        "stuck": true, "usage": -40.5, "seats": 58, "tasks": 3, "due": "2026-11-19", "pulse": 4, "pastdue": "2026-11-09",
        "unanswered": true, "silent": true, "fell": false, "plan": false, "actions": 2, "severity": 1, "alert": "2026-11-18",
        "mention": "2026-11-20",
    });
    let further = json!({
        "visit": 1, "cohort": 2, "started": "2025-10-17", "created": "2025-09-27", "last": "2026-11-15", "snoozed": "2026-11-24",
        "held": "2026-11-30", "seg": ["reactivated"], "orders": 3, "spent": 90_000, "ordered": "2026-10-22", "r": 4, "f": 5, "m": 3,
        "fullprice": true, "several": true, "abovemedian": false,
        "cadence": "red", "gaps": 2, "champion": "2026-09-21", "buyer": null, "sponsor": "2026-11-12",
    });
    expected
        .as_object_mut()
        .unwrap()
        .extend(further.as_object().unwrap().clone());
    let row = json_row(&roster, 0, COLUMNS);
    assert_eq!(row, expected);
    let keys = |json: &Json| {
        json.as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&row), keys(&expected), "in the table's order");
}

#[test]
fn csv_is_exact() {
    let roster = roster();
    let cell = |code| column(code).unwrap().csv(&roster, 0);
    let cells = [
        "mrr", "arr", "priority", "usage", "renews", "tag", "stage", "stuck", "band",
    ]
    .map(cell);
    assert_eq!(
        cells,
        [
            "20000.50",
            "240006.00",
            "92.3",
            "-40.5",
            "2026-12-09",
            "enterprise food",
            "conversion",
            "yes",
            "risk"
        ]
    );
    assert_eq!(
        (
            money::decimal(i64::MIN, 2),
            money::decimal(-5, 2),
            money::decimal(7, 0)
        ),
        ("-92233720368547758.08".into(), "-0.05".into(), "7".into())
    );
}

#[test]
fn attributes_are_columns_too() {
    let roster = roster();
    let budget = attribute(&roster.config, "attr.budget").unwrap();
    let vip = attribute(&roster.config, "vip").unwrap();
    let both = |row| {
        (
            show_attribute(&roster, budget, row),
            json_attribute(&roster, budget, row),
            csv_attribute(&roster, budget, row),
        )
    };
    assert_eq!(both(0), ("12k".into(), json!(1_200_050), "12000.50".into()));
    assert_eq!(both(1), ("-".into(), Json::Null, String::new()));
    assert_eq!(
        (
            show_attribute(&roster, vip, 0),
            json_attribute(&roster, vip, 0)
        ),
        ("yes".into(), json!(true))
    );
    let mut rows = vec![1, 0];
    assert!(sort(&roster, &mut rows, "budget", true) && rows == [0, 1]);
    assert!(!sort(&roster, &mut rows, "nonsense", true));
}

#[test]
fn health_says_where_it_goes() {
    let mut roster = roster();
    roster.rows[0].signals.held = None;
    let mut signs = Vec::new();
    for before in [None, Some(31), Some(30), Some(32), Some(50), Some(51)] {
        roster.rows[0].signals.before = before;
        signs.push(column("health").unwrap().show(&roster, 0, roster.today));
    }
    assert_eq!(signs, ["31", "31 -", "31 ▲", "31 ▼", "31 ▼", "31 ▼▼"]);
}

#[test]
fn every_column_sorts_and_filters() {
    let roster = roster();
    let fields = fields(&roster.config);
    let rows = |text: &str| {
        let filter =
            Filter::parse(text, &fields).unwrap_or_else(|m| panic!("{text}: {}", m.message));
        roster.select(&filter.prepare(&roster, &People::new()))
    };
    for c in COLUMNS {
        let (with, without) = (
            rows(&format!("-{}:none", c.code())),
            rows(&format!("{}:none", c.code())),
        );
        assert_eq!(with.len() + without.len(), 2, "{}", c.code());
        let nothing = ["buyer", "apart"].contains(&c.code());
        assert!(with.contains(&0) != nothing, "{}", c.code());
        for down in [false, true] {
            let mut sorted = vec![1, 0];
            assert!(sort(&roster, &mut sorted, c.code(), down));
            assert!(
                sorted == [0, 1] || !without.contains(&1),
                "{}: no data comes last",
                c.code()
            );
        }
    }
    let passing = [
        "risk>=50",
        "risk<93",
        "health<40",
        "stage:conv",
        "stage:purchase",
        "renews<60d",
        "touch>30d",
        "nps:3",
        "arr>100k",
        "mrr<30k",
        "tickets:7",
        "severe:3",
        "stuck",
        "usage<-40%",
        "seats<60%",
        "tasks>2",
        "due<0d",
        "pulse:4",
        "band:ri",
        "@me",
        "#food",
        "name:acme",
        "visit:1",
        "cohort>1",
        "since>90",
        "age>12w",
        "snoozed<1w",
        "held<2w",
        "-held:none",
        "created<2026-01-01",
        "pastdue>10d",
        "budget>10k",
        "vip:yes",
        "last<1w",
        "cadence:red",
        "gaps>1",
        "champion>60d",
        "sponsor<10d",
        "started>1y",
    ];
    for text in passing {
        assert_eq!(rows(text), [0], "{text}");
    }
}

#[test]
fn a_filter_stands_only_where_its_fields_can_be_asked() {
    let fields = fields(&Config::default());
    for column in COLUMNS {
        let code = column.code();
        let filter = Filter::parse(&format!("{code}:none"), &fields)
            .or_else(|_| Filter::parse(code, &fields))
            .unwrap_or_else(|m| panic!("{code}: {}", m.message));
        let stands: Vec<Stand> = [Stand::Rule, Stand::Exit, Stand::Scorecard]
            .into_iter()
            .filter(|stand| filter.fits(*stand, "it").is_ok())
            .collect();
        let expected: &[Stand] = match column.field.needs {
            Needs::Facts => &[Stand::Rule, Stand::Exit, Stand::Scorecard],
            Needs::Score | Needs::Viewer => &[Stand::Rule, Stand::Exit],
            Needs::Everybody | Needs::Orders => &[],
        };
        assert_eq!(stands, expected, "{code}");
    }
}

/// Takes away what columns need and looks which of them say something else then.
#[test]
fn what_a_column_says_that_it_needs_is_what_it_needs() {
    let said = |roster: &Roster| -> Vec<String> {
        let value = |c: &Column| format!("{:?}", (c.get)(roster, 0));
        COLUMNS.iter().map(value).collect()
    };
    // A person's word over the score would hide that it fell.
    let roster = || {
        let mut roster = roster();
        roster.rows[0].signals.held = None;
        roster.rows[0].signals.before = Some(80);
        roster
    };
    let full = roster();
    let differ = |changed: &Roster| -> Vec<&Column> {
        let before = said(&full).into_iter().zip(said(changed));
        let all = COLUMNS.iter().zip(before);
        all.filter(|(_, (a, b))| a != b).map(|(c, _)| c).collect()
    };
    let mut without = roster();
    without.purchases = None;
    let of_orders = differ(&without);
    assert!(of_orders.iter().all(|c| c.field.needs == Needs::Orders));
    let needing = COLUMNS.iter().filter(|c| c.field.needs == Needs::Orders);
    assert_eq!(of_orders.len(), needing.count());
    let mut without = roster();
    without.rows[0].health = Health::default();
    let of_score = differ(&without);
    let codes: Vec<&str> = of_score.iter().map(|c| c.code()).collect();
    assert!(
        of_score.iter().all(|c| c.field.needs == Needs::Score),
        "{codes:?}"
    );
    assert!(
        codes.contains(&"health") && codes.contains(&"fell"),
        "{codes:?}"
    );
}

#[test]
fn an_exit_criterion_and_a_scorecard_that_can_never_hold_are_refused() {
    let fields = fields(&Config::default());
    let stages = |exit: &str| {
        let text = format!("[[stage]]\ncode = \"a\"\nlabel = \"A\"\nexit_when = [{exit:?}]\n");
        toml::from_str::<Stages>(&text)
            .expect("stages")
            .check(&fields)
    };
    let refused = stages("orders>3").unwrap_err();
    assert_eq!(
        refused.message,
        "the stage \"a\" has the exit criterion \"orders>3\", which asks for orders, which depends on all customers"
    );
    assert!(stages("nps>=7").is_ok());
}

/// A book of an older version may hold such a criterion; the others of its stage still count.
#[test]
fn a_criterion_that_can_never_hold_takes_no_other_along() {
    let mut config = Config::default();
    config.stages.stage[0].exit_when = vec!["orders>3".into(), "nps>=7".into()];
    let mut alone = crate::columns::roster(Arc::new(config), "2026-11-21".parse().unwrap(), "");
    alone.put(Entry {
        rowid: 1,
        name: "Acme",
        ..Entry::default()
    });
    assert_eq!(unmet(&alone, 0, StageNo(0)), ["nps>=7"]);
}
