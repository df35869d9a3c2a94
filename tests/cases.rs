//! The figures against reference cases that were computed elsewhere by two independent ways: the inputs are in `cases/`, what is
//! expected stands here.

use std::collections::{BTreeMap, HashMap};

use retain::domain::event::EventKind;
use retain::domain::funnel::{Visit, visits_of};
use retain::domain::id::Id;
use retain::domain::nps::Verdict;
use retain::domain::rfm::{self, Orders};
use retain::domain::stage::StageNo;
use retain::domain::survey::{Answers, NO_WAVE, Said, figures};
use retain::domain::survival::{Curve, incidence};
use retain::domain::time::{Day, Zone};

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split(',').collect())
}

fn day(text: &str) -> Day {
    text.parse().unwrap_or_else(|_| panic!("{text} is a date"))
}

#[track_caller]
fn close(got: f64, expected: f64, within: f64) {
    assert!((got - expected).abs() <= within, "{got} is not {expected}");
}

/// Five months of answers in Istanbul, of which one quarter is reported; many contacts answer more than once.
#[test]
fn nps_of_a_quarter() {
    let zone = Zone::named("Europe/Istanbul").expect("a zone");
    let (mut customers, mut contacts) = (BTreeMap::new(), BTreeMap::new());
    let mut said = Vec::new();
    for row in rows(include_str!("cases/nps-quarter-400.csv")) {
        let at = chrono::DateTime::parse_from_rfc3339(row[3]).expect("a moment").timestamp_millis();
        let (next, next_contact) = (customers.len() as u32, contacts.len() as u32 + 1);
        let mut id = [0; 16];
        id[8..].copy_from_slice(&row[0].parse::<u64>().expect("a number").to_be_bytes());
        said.push(Said {
            id: Id(id),
            customer: *customers.entry(row[1]).or_insert(next),
            contact: *contacts.entry(row[2]).or_insert(next_contact),
            kind: EventKind::Nps,
            at,
            day: zone.day(retain::domain::time::Stamp(at)),
            number: row[4].parse().expect("a score"),
            wave: NO_WAVE,
        });
    }
    let after: usize = said.iter().filter(|s| s.day > day("2025-04-30")).count();
    let answers = Answers::settle(said, Vec::new());
    let all: Vec<u32> = (0..customers.len() as u32).collect();
    let page = figures(&answers, &all, |_| true, day("2025-02-01"), day("2025-04-30"));
    let Verdict::Score(nps) = page.window.verdict else { panic!("{:?}", page.window.verdict) };
    assert_eq!((nps.n, nps.promoters, nps.passives, nps.detractors), (177, 87, 57, 33));
    assert_eq!((page.window.superseded, page.outside + after, page.window.invalid.len()), (64, 159, 0));
    close(nps.score, 30.508_474_576_271_187, 1e-9);
    let (wald, adjusted) = (nps.wald(), nps.adjusted());
    for (got, expected) in [
        (wald.se, 5.748_443_167_270_098),
        (wald.lo, 19.241_733_001_246_438),
        (wald.hi, 41.775_216_151_295_936),
        (adjusted.center, 30.0),
        (adjusted.se, 5.700_877_125_495_690_5),
        (adjusted.lo, 18.826_486_153_740_216),
        (adjusted.hi, 41.173_513_846_259_78),
    ] {
        close(got, expected, 1e-7);
    }
    let (mean, accounts) = page.window.account_mean.expect("there are accounts");
    assert_eq!(accounts, 108);
    close(mean, 30.092_592_592_592_59, 1e-7);
}

/// A year of orders of 300 customers, of whom 250 paid for one.
#[test]
fn rfm_of_a_year() {
    let mut orders: BTreeMap<&str, Vec<(Day, i64, i64)>> = BTreeMap::new();
    for row in rows(include_str!("cases/rfm-300.csv")).filter(|r| r[5] == "paid") {
        let amount = |at: usize| row[at].parse::<i64>().expect("an amount");
        orders.entry(row[1]).or_default().push((day(row[2]), amount(3), amount(4)));
    }
    let today = day("2025-06-30");
    let of = |mut list: Vec<(Day, i64, i64)>| {
        list.sort_unstable();
        Orders::of(list, today, 365)
    };
    let (names, all): (Vec<&str>, Vec<Orders>) = orders.into_iter().map(|(name, list)| (name, of(list))).unzip();
    let scores = rfm::scores(&all);
    let median = rfm::median_mean(&all).expect("there are orders");
    close(median.minor(), 6865.0, 0.0);
    let at: HashMap<&str, usize> = names.iter().enumerate().map(|(i, name)| (*name, i)).collect();
    let mut expected = 0;
    for row in rows(include_str!("cases/rfm-300.expected.csv")) {
        let customer = all[at[row[0]]];
        let score = scores[at[row[0]]].unwrap_or_else(|| panic!("{} has scores", row[0]));
        let value = rfm::value(&customer, median).expect("there are orders");
        let got = [
            customer.last.map_or(0, |d| today.since(d)).to_string(),
            customer.count.to_string(),
            customer.paid.to_string(),
            score.r.to_string(),
            score.f.to_string(),
            score.m.to_string(),
        ];
        assert_eq!(got.each_ref().map(String::as_str), row[1..7], "{}", row[0]);
        let flags = [value.full_price, value.is_high(), score.is_vip()].map(|yes| if yes { "True" } else { "False" });
        assert_eq!(flags, [row[7], row[9], row[10]], "{}", row[0]);
        expected += 1;
    }
    assert_eq!((expected, scores.iter().flatten().count()), (250, 250));
    assert_eq!(scores.iter().flatten().filter(|s| s.is_vip()).count(), 41);
    assert_eq!(all.iter().filter_map(|o| rfm::value(o, median)).filter(|v| v.is_high()).count(), 54);
    // The case has "at risk" and "can't lose" apart (by R and F alone); here they are one.
    assert_eq!(scores.iter().flatten().filter(|s| s.is_at_risk()).count(), 15 + 1);
}

const STAGES: [&str; 7] = ["onboarding", "adoption", "growth", "renewal", "at_risk", "churned", "closed"];

/// What the case says of a stage: visits, open ones, quartiles with their interval, S(30), S(90), the mean of 180 days, and by which
/// stage how many had gone on after 90 and 180 days.
type Expected = (usize, usize, [[f64; 3]; 3], [f64; 3], &'static [(&'static str, f64, f64)]);

const EXPECTED: [Expected; 5] = [
    (
        200,
        2,
        [[14.0, 28.5, 57.5], [12.0, 25.0, 51.0], [17.0, 36.0, 64.0]],
        [0.479_999_999_999_999_87, 0.094_999_999_999_999_86, 41.054_305_555_555_56],
        &[
            ("adoption", 0.800_000_000_000_000_4, 0.871_527_777_777_778_1),
            ("at_risk", 0.074_999_999_999_999_96, 0.085_833_333_333_333_29),
            ("churned", 0.029_999_999_999_999_978, 0.036_319_444_444_444_42),
        ],
    ),
    (
        200,
        31,
        [[44.0, 83.0, 167.0], [36.0, 66.0, 144.0], [52.0, 104.0, 200.0]],
        [0.825, 0.471_987_364_135_522_9, 96.090_012_550_012_89],
        &[
            ("at_risk", 0.173_561_760_671_876_7, 0.238_414_559_607_650_46),
            ("churned", 0.040_839_424_503_519_774, 0.111_248_499_978_680_62),
            ("growth", 0.313_611_450_689_080_36, 0.431_095_408_083_709_83),
        ],
    ),
    (
        145,
        47,
        [[38.0, 106.0, 186.0], [29.0, 89.0, 153.0], [55.0, 132.0, 250.0]],
        [0.805_775_383_560_33, 0.572_919_999_732_687, 104.896_517_883_916_25],
        &[("at_risk", 0.085_333_020_670_016_75, 0.139_341_758_594_581_73), ("renewal", 0.341_746_979_597_296_3, 0.590_762_794_003_761_1)],
    ),
    (
        81,
        8,
        [[10.0, 26.0, 43.0], [7.0, 20.0, 35.0], [17.0, 33.0, 61.0]],
        [0.434_807_095_058_565_3, 0.059_028_357_147_344_64, 32.685_912_925_703_46],
        &[
            ("at_risk", 0.170_684_662_228_640_93, 0.170_684_662_228_640_93),
            ("churned", 0.092_729_247_098_813_76, 0.092_729_247_098_813_76),
            ("growth", 0.677_557_733_525_201, 0.736_586_090_672_544_7),
        ],
    ),
    (
        99,
        13,
        [[29.0, 48.0, 81.0], [20.0, 39.0, 67.0], [35.0, 60.0, 88.0]],
        [0.733_788_300_053_360_3, 0.162_288_970_983_778_45, 60.062_588_533_549_72],
        &[("adoption", 0.248_995_149_217_652_12, 0.277_529_473_786_228_55), ("churned", 0.588_715_879_798_569_7, 0.642_217_738_364_650_5)],
    ),
];

/// Moves of 200 customers with returns, several moves a day, and moves after the day of the report.
#[test]
fn time_in_stage() {
    let today = day("2025-09-30");
    let number = |stage: &str| STAGES.iter().position(|s| *s == stage).expect("a stage") as u8;
    let mut moves: BTreeMap<&str, Vec<(Day, u32, StageNo)>> = BTreeMap::new();
    for row in rows(include_str!("cases/stage-sim-200.csv")) {
        let on = day(row[1]);
        if on <= today {
            moves.entry(row[0]).or_default().push((on, row[2].parse().expect("a number"), StageNo(number(row[4]))));
        }
    }
    let visits: Vec<Visit> = moves
        .into_values()
        .flat_map(|mut path| {
            path.sort_unstable_by_key(|m| (m.0, m.1));
            visits_of(&path.into_iter().map(|(on, _, stage)| (on, stage)).collect::<Vec<_>>())
        })
        .collect();
    for (at, (n, open, quartiles, rest, ways)) in EXPECTED.iter().enumerate() {
        let of: Vec<&Visit> = visits.iter().filter(|v| usize::from(v.stage.0) == at).collect();
        let days = |v: &Visit| v.left.unwrap_or(today).since(v.entered);
        let curve = Curve::of(&mut of.iter().map(|v| (days(v), v.left.is_some())).collect::<Vec<_>>());
        assert_eq!((curve.n, curve.n - curve.events), (*n, *open), "{}", STAGES[at]);
        for (i, q) in [0.25, 0.5, 0.75].into_iter().enumerate() {
            let quantile = curve.quantile_with_interval(q);
            let got = [quantile.days, quantile.low, quantile.high];
            assert_eq!(got, [0, 1, 2].map(|j| Some(quartiles[j][i])), "{} {q}", STAGES[at]);
        }
        for (got, expected) in [curve.at(30), curve.at(90), curve.mean_until(180)].into_iter().zip(rest) {
            close(got, *expected, 1e-8 + 1e-8 * expected);
        }
        let mut ends: Vec<(i64, Option<u8>)> = of.iter().map(|v| (days(v), v.next.map(|s| s.0))).collect();
        for (way, in_90, in_180) in *ways {
            close(incidence(&mut ends, STAGES.len(), 90)[usize::from(number(way))], *in_90, 2e-8);
            close(incidence(&mut ends, STAGES.len(), 180)[usize::from(number(way))], *in_180, 2e-8);
        }
    }
    assert_eq!(
        Curve::of(
            &mut visits
                .iter()
                .filter(|v| v.stage.0 == 0)
                .map(|v| (v.left.unwrap_or(today).since(v.entered), v.left.is_some()))
                .collect::<Vec<_>>()
        )
        .quantile(0.5),
        Some(28.0)
    );
}
