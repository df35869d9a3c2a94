use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::config::{Attribute, AttributeType, Config};
use crate::domain::field::{Choice, Needs, Value};
use crate::domain::roster::{Choices, Entry, Get, Reader, Roster};
use crate::domain::signal::Signals;
use crate::domain::time::Day;

const OWNERS: Choices = Choices {
    list: |r| {
        r.owners
            .iter()
            .skip(1)
            .map(|(no, w)| Choice {
                no,
                words: vec![w.to_owned()],
            })
            .collect()
    },
    code: |r, no| r.owners.get(no),
    label: |r, no| r.owners.get(no),
    ordered: false,
};
const LETTERS: Choices = Choices {
    list: |_| {
        vec![
            Choice {
                no: 0,
                words: vec!["live".into(), "Active one".into()],
            },
            Choice {
                no: 1,
                words: vec!["lost".into()],
            },
        ]
    },
    code: |_, no| if no == 0 { "live" } else { "lost" },
    label: |_, no| if no == 0 { "Active one" } else { "Lost" },
    ordered: true,
};

const fn field(
    code: &'static str,
    kind: FieldKind,
    get: Get,
    choices: Option<Choices>,
) -> (Field, Reader) {
    let field = Field {
        code,
        aliases: &[],
        kind,
        needs: Needs::Facts,
    };
    (field, Reader { code, get, choices })
}

fn number(n: Option<i64>) -> Value<'static> {
    n.map_or(Value::None, Value::Number)
}

fn day(d: Option<Day>) -> Value<'static> {
    d.map_or(Value::None, Value::Day)
}

static FIELDS: &[(Field, Reader)] = &[
    field(
        "name",
        FieldKind::Text,
        |r, at| Value::Text(r.name(at)),
        None,
    ),
    field(
        "owner",
        FieldKind::Choice,
        |r, at| {
            Some(r.rows[at].owner)
                .filter(|n| *n > 0)
                .map_or(Value::None, Value::Choice)
        },
        Some(OWNERS),
    ),
    field(
        "tag",
        FieldKind::Words,
        |r, at| {
            Some(r.rows[at].tags)
                .filter(|n| *n > 0)
                .map_or(Value::None, Value::Words)
        },
        None,
    ),
    field(
        "stage",
        FieldKind::Choice,
        |r, at| Value::Choice(r.rows[at].signals.stage.0.into()),
        Some(LETTERS),
    ),
    field(
        "arr",
        FieldKind::Money,
        |r, at| Value::Number(r.rows[at].signals.arr),
        None,
    ),
    field(
        "nps",
        FieldKind::Number,
        |r, at| number(r.rows[at].signals.nps.map(i64::from)),
        None,
    ),
    field(
        "usage",
        FieldKind::Tenths,
        |r, at| number(r.rows[at].signals.usage.map(i64::from)),
        None,
    ),
    field(
        "renews",
        FieldKind::Until,
        |r, at| day(r.rows[at].signals.renews),
        None,
    ),
    field(
        "touch",
        FieldKind::Since,
        |r, at| day(r.rows[at].signals.touch),
        None,
    ),
    field(
        "stuck",
        FieldKind::Flag,
        |r, at| Value::Flag(r.rows[at].signals.plan),
        None,
    ),
];

const NOBODY: [u32; 0] = [];

fn config() -> Config {
    let attribute = |code: &str, kind| Attribute {
        code: code.into(),
        label: code.into(),
        kind,
    };
    let attributes = vec![
        attribute("industry", AttributeType::Text),
        attribute("sites", AttributeType::Int),
        attribute("nps", AttributeType::Enum),
        attribute("signed", AttributeType::Date),
        attribute("vip", AttributeType::Bool),
    ];
    Config {
        attributes,
        ..Config::default()
    }
}

fn fields() -> Fields {
    {
        let config = config();
        Fields::new(
            FIELDS.iter().map(|f| &f.0),
            &config.attributes,
            config.currency,
        )
    }
}

/// Four customers on 2026-11-21, and Removed Inc.
fn roster() -> Roster {
    let today: Day = "2026-11-21".parse().unwrap();
    let mut roster = {
        let readers: Vec<Reader> = FIELDS.iter().map(|f| f.1).collect();
        Roster::new(Arc::new(config()), readers.leak(), today, "ana")
    };
    let entry =
        |rowid, name: &'static str, owner: &'static str, tags: &'static str, signals| Entry {
            rowid,
            name,
            owner,
            tags,
            signals,
            ..Entry::default()
        };
    let stage = crate::domain::stage::StageNo;
    let acme = Signals {
        mrr: 2_000_000,
        arr: 24_000_000,
        nps: Some(3),
        renews: Some(today.plus(18)),
        touch: Some(today.plus(-41)),
        ..Signals::default()
    };
    let bo = Signals {
        mrr: 100_000,
        arr: 1_200_000,
        nps: Some(9),
        usage: Some(-205),
        stage: stage(1),
        plan: true,
        ..Signals::default()
    };
    roster.put(entry(1, "Acme Foods", "ana", "enterprise food", acme));
    roster.put(entry(2, "Bluth Media", "anatol", "enterprise", bo));
    roster.put(entry(
        3,
        "Stop-Go Ltd",
        "",
        "",
        Signals {
            renews: Some(today.plus(60)),
            ..Signals::default()
        },
    ));
    roster.put(entry(
        4,
        "Initech",
        "chen",
        "smb",
        Signals {
            touch: Some(today.plus(-30)),
            ..Signals::default()
        },
    ));
    roster.put(Entry {
        removed: true,
        ..entry(5, "Removed Inc", "ana", "smb", Signals::default())
    });
    roster.reload_attribute("industry", [(0, "Food & Health"), (3, "Banking")]);
    roster.reload_attribute("sites", [(0, "12"), (1, "3")]);
    roster.reload_attribute("nps", [(1, "good")]);
    roster.reload_attribute("signed", [(0, "2025-02-01"), (1, "2026-11-01")]);
    roster.reload_attribute("vip", [(0, "true"), (1, "false")]);
    roster
}

fn rows(text: &str) -> Vec<u32> {
    let roster = roster();
    let people = People::from([("dana".to_owned(), vec![2])]);
    let filter = Filter::parse(text, &fields()).unwrap_or_else(|m| panic!("{text}: {}", m.message));
    let prepared = filter.prepare(&roster, &people);
    roster.select(&prepared)
}

fn mistake(text: &str) -> (usize, usize, String) {
    let m = Filter::parse(text, &fields()).expect_err(text);
    (m.start, m.end, m.message)
}

#[test]
fn words_match_names_tags_owners_and_people() {
    assert_eq!(rows(""), [0, 1, 2, 3]);
    assert_eq!(rows("ACME"), [0]);
    assert_eq!(rows("enterprise"), [0, 1]);
    assert_eq!(rows("ana"), [0, 1]);
    assert_eq!(rows("dana"), [2]);
    assert_eq!(rows("\"acme foods\""), [0]);
    assert_eq!(rows("\"enterprise food\""), NOBODY, "two tags are not one");
    assert_eq!(rows("acme enterprise"), [0]);
}

#[test]
fn a_dash_negates_before_a_term_and_not_inside_a_word() {
    assert_eq!(rows("stop-go"), [2]);
    assert_eq!(rows("-stop-go"), [0, 1, 3]);
    assert_eq!(rows("--acme"), [0]);
    assert_eq!(rows("-(acme or initech)"), [1, 2]);
    assert_eq!(rows("-\"acme\""), [1, 2, 3]);
    assert_eq!(
        rows("-nps<7"),
        [1, 2, 3],
        "the opposite has those without an answer"
    );
}

#[test]
fn or_binds_weaker_than_standing_side_by_side() {
    assert_eq!(rows("acme or bluth stuck"), [0, 1]);
    assert_eq!(rows("(acme or bluth) stuck"), [1]);
    assert_eq!(rows("acme AND foods or initech"), [0, 3]);
    assert_eq!(rows("\"or\""), NOBODY);
}

#[test]
fn fields_compare_in_their_own_units() {
    assert_eq!(rows("arr>100k"), [0]);
    assert_eq!(rows("arr:240k"), [0]);
    assert_eq!(rows("arr>=12k"), [0, 1]);
    assert_eq!(rows("nps<7"), [0]);
    assert_eq!(rows("nps:3,9"), [0, 1]);
    assert_eq!(rows("nps:none"), [2, 3]);
    assert_eq!(rows("nps:none,9"), [1, 2, 3]);
    assert_eq!(rows("usage<-20%"), [1]);
    assert_eq!(rows("usage:-20"), [1]);
    assert_eq!(rows("usage<-20.5"), NOBODY);
    assert_eq!(rows("renews<60d"), [0]);
    assert_eq!(rows("renews<=60d"), [0, 2]);
    assert_eq!(rows("renews<2027-01-01"), [0]);
    assert_eq!(rows("touch>30d"), [0]);
    assert_eq!(rows("touch>=30"), [0, 3]);
    assert_eq!(rows("touch<6w"), [0, 3]);
    assert_eq!(rows("touch>2026-10-15"), [3], "later than the date");
    assert_eq!(rows("touch<today"), [0, 3]);
}

#[test]
fn choices_match_by_folded_start_of_any_of_their_words() {
    assert_eq!(rows("stage:act"), [0, 2, 3]);
    assert_eq!(rows("stage:l"), [0, 1, 2, 3]);
    assert_eq!(rows("stage=l"), NOBODY);
    assert_eq!(rows("stage=LOST"), [1]);
    assert_eq!(rows("@an"), [0, 1]);
    assert_eq!(rows("@me"), [0]);
    assert_eq!(rows("owner:me,chen"), [0, 3]);
    assert_eq!(rows("owner:\"me\""), NOBODY);
    assert_eq!(rows("@none"), [2]);
    assert_eq!(rows("#enter -#food"), [1]);
    assert_eq!(rows("tag=enter"), NOBODY);
    assert_eq!(rows("#none"), [2]);
    assert_eq!(rows("name:foods or name=initech"), [0, 3]);
    assert_eq!(rows("name=foods"), NOBODY);
}

#[test]
fn flags_stand_alone_unless_quoted() {
    assert_eq!(rows("stuck"), [1]);
    assert_eq!(rows("-stuck"), [0, 2, 3]);
    assert_eq!(rows("stuck:no"), [0, 2, 3]);
    assert_eq!(rows("\"stuck\""), NOBODY);
}

#[test]
fn attributes_compare_by_their_type() {
    assert_eq!(rows("industry:health"), [0]);
    assert_eq!(rows("industry:none"), [1, 2]);
    assert_eq!(rows("sites>5"), [0]);
    assert_eq!(rows("attr.nps:go"), [1]);
    assert_eq!(rows("signed<2026-01-01"), [0]);
    assert_eq!(rows("signed<30d"), [1]);
    assert_eq!(rows("vip:yes"), [0]);
    assert_eq!(rows("vip:no"), [1], "no value is not no");
    let filter = Filter::parse("attr.nps:good -industry:bank \"Big Co\" nps>3", &fields()).unwrap();
    assert_eq!(filter.attributes(), ["industry", "nps"]);
    assert_eq!(filter.words(), ["big co"]);
}

#[test]
fn an_attribute_that_was_not_loaded_has_no_data() {
    let mut roster = roster();
    roster.attributes.clear();
    let filter = |text| Filter::parse(text, &fields()).unwrap();
    assert_eq!(
        roster.select(&filter("industry:health").prepare(&roster, &People::new())),
        NOBODY
    );
    assert_eq!(
        roster.select(&filter("industry:none").prepare(&roster, &People::new())),
        [0, 1, 2, 3]
    );
}

#[test]
fn mistakes_name_their_bytes_and_a_way_out() {
    assert_eq!(
        mistake("acme nsp<7"),
        (5, 8, "there is no field nsp; did you mean nps?".into())
    );
    assert_eq!(
        mistake("industri:x").2,
        "there is no field industri; did you mean industry?"
    );
    assert_eq!(
        mistake("http://x").2,
        "there is no field http; put quotes around it to search for the words"
    );
    assert_eq!(mistake("(acme"), (0, 1, "this ( is not closed".into()));
    assert_eq!(mistake("acme)"), (4, 5, "this ) has no ( before it".into()));
    assert_eq!(
        mistake("acme ()"),
        (5, 7, "there is nothing between these parentheses".into())
    );
    assert_eq!(
        mistake("é or"),
        (
            3,
            5,
            "\"or\" needs a term on both sides; quote it to search for the word".into()
        )
    );
    assert_eq!(
        mistake("nps<seven"),
        (0, 9, "\"seven\" does not fit nps; write nps>5".into())
    );
    assert_eq!(mistake("nps<").2, "nps needs a value, such as nps>5");
    assert_eq!(mistake("nps<1,2").2, "nps< takes one value, such as nps>5");
    assert_eq!(mistake("nps>none").2, "nps> takes one value, such as nps>5");
    assert_eq!(mistake("owner>a").2, "owner has no order; write owner:me");
    assert_eq!(
        mistake(">5").2,
        "a field stands before :, =, < or >, such as arr>100k"
    );
    assert_eq!(mistake("a - b").0, 2);
    for text in [
        "or",
        "a or or b",
        "and a",
        "a and",
        "a and or b",
        "@",
        "#",
        "\"\"",
        "-",
        "(or)",
        "renews<soonish",
    ] {
        assert!(!mistake(text).2.is_empty());
    }
}

#[test]
fn hostile_filters_are_mistakes() {
    assert!(mistake(&"(".repeat(100_000)).2.contains("longer"));
    assert!(mistake(&"(".repeat(8000)).2.contains("deeper"));
    assert!(mistake(&"-(".repeat(4000)).2.contains("deeper"));
    assert!(mistake(&"a ".repeat(4000)).2.contains("terms"));
    assert!(mistake(&"é".repeat(50_000)).2.contains("longer"));
    assert!(Filter::parse(&"-".repeat(8000), &fields()).is_err());
    assert_eq!(rows("nps<-9223372036854775808"), NOBODY);
    assert_eq!(rows("nps>9223372036854775807"), NOBODY);
    assert_eq!(rows("touch>9223372036854775807d"), NOBODY);
}

#[test]
fn the_plainest_writing() {
    let plain = |text| Filter::parse(text, &fields()).unwrap().to_text();
    assert_eq!(plain("owner:me  stuck:yes  and \"acme\""), "@me stuck acme");
    assert_eq!(plain("tag:a,\"b c\" stuck:no"), "#a,\"b c\" -stuck");
    assert_eq!(
        plain("industry:x (a or (b c)) -(\"x y\")"),
        "attr.industry:x (a or b c) -\"x y\""
    );
    assert_eq!(
        plain("\"or\" \"stuck\" \"-a\" owner:\"me\""),
        "\"or\" \"stuck\" \"-a\" @\"me\""
    );
    assert_eq!(plain("  "), "");
}

#[test]
fn completions_know_where_the_cursor_is() {
    let (roster, fields) = (roster(), fields());
    let at = |text: &str| complete(text, text.len(), &roster, &fields);
    let texts = |text: &str| {
        at(text)
            .into_iter()
            .map(|c| (c.text, c.count))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        texts("acme st"),
        [("stage:".to_owned(), 0), ("stuck".to_owned(), 0)]
    );
    assert_eq!(texts("(-re"), [("renews<".to_owned(), 0)]);
    assert_eq!(
        texts("stage:l"),
        [("live".to_owned(), 3), ("lost".to_owned(), 1)]
    );
    assert_eq!(
        texts("@a"),
        [("ana".to_owned(), 1), ("anatol".to_owned(), 1)]
    );
    assert_eq!(texts("#e"), [("enterprise".to_owned(), 2)]);
    assert_eq!(texts("owner:n"), [("none".to_owned(), 1)]);
    assert_eq!(texts("industry:f"), [("\"Food & Health\"".to_owned(), 1)]);
    assert!(texts("nps:").is_empty());
    assert!(texts("\"st").is_empty());
    let list = at("-owner:ana,ch");
    assert_eq!(
        list,
        [Completion {
            text: "chen".into(),
            count: 1,
            start: 11,
            end: 13
        }]
    );
    assert!(
        complete("é#smb x", 4, &roster, &fields).is_empty(),
        "no tag inside a word"
    );
    assert!(!complete("", 99, &roster, &fields).is_empty());
}

/// Filters as people write them, and worse.
fn written() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "acme",
        "or",
        "and",
        "(",
        ")",
        "-",
        "\"",
        " ",
        " ",
        " ",
        "@me",
        "@",
        "#smb",
        "nps<7",
        "nps:none",
        "nps",
        ":",
        "=",
        ">",
        "<",
        ",",
        "\\",
        "arr>1.5k",
        "renews<60d",
        "touch>2026-01-01",
        "stuck",
        "stuck:no",
        "stage:l",
        "attr.",
        "industry:x",
        "vip:no",
        "none",
        "me",
        "é",
        "İ",
        "\u{200c}",
        "株",
        "\n",
        "usage<-3.5%",
        "owner:\"a b\",c",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn good() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "acme",
        "\"stuck\"",
        "stuck",
        "@me",
        "@\"me\"",
        "#smb,food",
        "nps<7",
        "nps:none,3",
        "arr>1k",
        "renews<60d",
        "stage:lost",
        "vip:no",
        "industry:\"food \\\" &\"",
        "\"or\"",
        "\"(\"",
        "stop-go",
        "usage:-20",
        "name=initech",
    ]);
    leaf.prop_map(str::to_owned)
        .prop_recursive(5, 40, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(|a| format!("-({a})")),
                prop::collection::vec(inner.clone(), 1..4)
                    .prop_map(|all| format!("({})", all.join(" "))),
                prop::collection::vec(inner, 1..4)
                    .prop_map(|any| format!("({})", any.join(" or "))),
            ]
        })
}

proptest! {
    #[test]
    fn any_text_parses_or_is_a_mistake_inside_it(text in prop_oneof![written(), any::<String>()], cursor in 0usize..60) {
        let fields = fields();
        match Filter::parse(&text, &fields) {
            Ok(filter) => {
                let again = filter.to_text();
                prop_assert_eq!(Filter::parse(&again, &fields), Ok(filter), "{}", again);
            }
            Err(m) => {
                prop_assert!(m.start <= m.end && m.end <= text.len());
                prop_assert!(text.is_char_boundary(m.start) && text.is_char_boundary(m.end));
            }
        }
        for c in complete(&text, cursor, &roster(), &fields) {
            prop_assert!(c.start <= c.end && text.is_char_boundary(c.start) && text.is_char_boundary(c.end));
        }
    }

    #[test]
    fn a_filter_is_written_as_it_is_read(text in good()) {
        let fields = fields();
        let filter = Filter::parse(&text, &fields).expect("it is made to be right");
        prop_assert_eq!(Filter::parse(&filter.to_text(), &fields), Ok(filter.clone()), "{}", filter.to_text());
    }

    #[test]
    fn a_dash_is_the_exact_opposite(text in good()) {
        let (all, yes, no) = (rows(""), rows(&text), rows(&format!("-({text})")));
        prop_assert!(all.iter().all(|at| yes.contains(at) != no.contains(at)));
    }
}
