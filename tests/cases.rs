//! The figures against small cases: the inputs in `cases/` are made up, and what is expected of them was worked out apart from the
//! program, by definition (counting, exact fractions, every pair). `cases/expected.toml` has it.

use std::collections::{BTreeMap, HashMap};

use retain::domain::config::Config;
use retain::domain::event::EventKind;
use retain::domain::funnel::{Visit, visits_of};
use retain::domain::health::backtest::area;
use retain::domain::id::Id;
use retain::domain::nps::{Interval, Verdict};
use retain::domain::proportion::Share;
use retain::domain::revenue::{self, Version};
use retain::domain::rfm::{self, Orders};
use retain::domain::signal::{Facts, VersionFact, fold};
use retain::domain::stage::StageNo;
use retain::domain::survey::{Answers, NO_WAVE, Said, figures};
use retain::domain::survival::{Curve, incidence, log_rank};
use retain::domain::time::{Day, Zone};

/// The rows of a case, split at commas.
fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split(',').collect())
}

fn day(text: &str) -> Day {
    text.parse().unwrap_or_else(|_| panic!("{text} is a date"))
}

fn whole<T: std::str::FromStr>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|_| panic!("{text} is a number"))
}

/// What is expected of one case.
struct Expected(toml::Table);

impl Expected {
    fn of(path: &str) -> Expected {
        let all: toml::Table = include_str!("cases/expected.toml").parse().expect("TOML");
        let table = path
            .split('.')
            .fold(toml::Value::Table(all), |table, part| table[part].clone());
        Expected(table.as_table().expect("a table").clone())
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        let value = &self.0[name];
        let number = |v: &toml::Value| {
            v.as_float()
                .or(v.as_integer().map(|n| n as f64))
                .expect("a number")
        };
        value.as_array().map_or_else(
            || vec![number(value)],
            |list| list.iter().map(number).collect(),
        )
    }

    fn count(&self, name: &str) -> usize {
        usize::try_from(self.0[name].as_integer().expect("a count")).expect("not below 0")
    }

    /// The numbers under this name are those, each within a billionth; what is not known is `NaN` there.
    #[track_caller]
    fn holds(&self, name: &str, got: &[Option<f64>]) {
        let expected = self.numbers(name);
        assert_eq!(expected.len(), got.len(), "{name}");
        for (expected, got) in expected.iter().zip(got) {
            let same = got.map_or(expected.is_nan(), |got| {
                (got - expected).abs() <= 1e-9 * (1.0 + expected.abs())
            });
            assert!(same, "{name}: {got:?} is not {expected}");
        }
    }

    /// The same of counts, by their names.
    #[track_caller]
    fn counts(&self, got: &[(&str, usize)]) {
        for (name, got) in got {
            assert_eq!(self.count(name), *got, "{name}");
        }
    }
}

/// Answers of five months in Istanbul, of which three are reported: contacts answer more than once, two at one moment.
#[test]
fn nps_of_a_quarter() {
    let expected = Expected::of("nps");
    let zone = Zone::named("Europe/Istanbul").expect("a zone");
    let (mut customers, mut contacts) = (BTreeMap::new(), BTreeMap::new());
    let mut said = Vec::new();
    for row in rows(include_str!("cases/nps.csv")) {
        let at = chrono::DateTime::parse_from_rfc3339(row[3])
            .expect("a moment")
            .timestamp_millis();
        let (next, next_contact) = (customers.len() as u32, contacts.len() as u32 + 1);
        let mut id = [0; 16];
        id[8..].copy_from_slice(&whole::<u64>(row[0]).to_be_bytes());
        said.push(Said {
            id: Id(id),
            customer: *customers.entry(row[1]).or_insert(next),
            contact: *contacts.entry(row[2]).or_insert(next_contact),
            kind: EventKind::Nps,
            at,
            day: zone.day(retain::domain::time::Stamp(at)),
            number: whole(row[4]),
            wave: NO_WAVE,
        });
    }
    let answers = Answers::settle(said, Vec::new());
    let all: Vec<u32> = (0..customers.len() as u32).collect();
    let page = figures(
        &answers,
        &all,
        |_| true,
        day("2026-03-01"),
        day("2026-05-31"),
    );
    let Verdict::Score(nps) = page.window.verdict else {
        panic!("{:?}", page.window.verdict)
    };
    expected.counts(&[
        ("n", nps.n),
        ("promoters", nps.promoters),
        ("passives", nps.passives),
        ("detractors", nps.detractors),
        ("outside", page.outside),
        ("superseded", page.window.superseded),
        ("invalid", page.window.invalid.len()),
    ]);
    let parts = |i: Interval| [i.center, i.se, i.lo, i.hi].map(Some);
    expected.holds("score", &[Some(nps.score)]);
    expected.holds("wald", &parts(nps.wald()));
    expected.holds("adjusted", &parts(nps.adjusted()));
    let (mean, accounts) = page.window.account_mean.expect("there are accounts");
    expected.holds("account_mean", &[Some(mean)]);
    expected.counts(&[("accounts", accounts)]);
}

/// Orders of a year and a little before and after it, some refunded, some discounted.
#[test]
fn rfm_of_a_year() {
    let expected = Expected::of("rfm");
    let mut orders: BTreeMap<&str, Vec<(Day, i64, i64)>> = BTreeMap::new();
    for row in rows(include_str!("cases/rfm.csv")).filter(|r| r[5] == "paid") {
        orders
            .entry(row[1])
            .or_default()
            .push((day(row[2]), whole(row[3]), whole(row[4])));
    }
    let today = day("2026-06-30");
    let of = |mut list: Vec<(Day, i64, i64)>| {
        list.sort_unstable();
        Orders::of(list, today, 365)
    };
    let (names, all): (Vec<&str>, Vec<Orders>) = orders
        .into_iter()
        .map(|(name, list)| (name, of(list)))
        .unzip();
    let scores = rfm::scores(&all);
    let median = rfm::median_mean(&all).expect("there are orders");
    expected.holds("median", &[Some(median.minor())]);
    let place: HashMap<&str, usize> = names
        .iter()
        .enumerate()
        .map(|(i, name)| (*name, i))
        .collect();
    for row in rows(include_str!("cases/rfm.expected.csv")) {
        let customer = all[place[row[0]]];
        let score = scores[place[row[0]]].unwrap_or_else(|| panic!("{} has scores", row[0]));
        let value = rfm::value(&customer, median).expect("there are orders");
        let flags = [
            value.full_price,
            value.above_median,
            value.is_high(),
            score.is_vip(),
            score.is_at_risk(),
        ];
        let figures = [
            customer.last.map_or(0, |d| today.since(d)),
            i64::from(customer.count),
            customer.paid,
        ];
        let scored = [score.r, score.f, score.m].map(|n| n.to_string());
        let got: Vec<String> = figures
            .map(|n| n.to_string())
            .into_iter()
            .chain(scored)
            .chain(flags.map(|yes| yes.to_string()))
            .collect();
        assert_eq!(got, row[1..], "{}", row[0]);
    }
    let count = |is: fn(rfm::Scores) -> bool| scores.iter().flatten().filter(|s| is(**s)).count();
    expected.counts(&[
        ("buyers", count(|_| true)),
        ("vip", count(rfm::Scores::is_vip)),
        ("at_risk", count(rfm::Scores::is_at_risk)),
        (
            "high_value",
            all.iter()
                .filter_map(|o| rfm::value(o, median))
                .filter(|v| v.is_high())
                .count(),
        ),
    ]);
}

/// The quartiles of a curve with their intervals.
#[track_caller]
fn quartiles(expected: &Expected, curve: &Curve) {
    let all = [0.25, 0.5, 0.75].map(|q| curve.quantile_with_interval(q));
    expected.holds("quartiles", &all.map(|q| q.days));
    expected.holds("low", &all.map(|q| q.low));
    expected.holds("high", &all.map(|q| q.high));
}

/// Times of three parts, some not over: the whole curve, what is read off it, and whether the parts differ.
#[test]
fn how_long_it_lasts() {
    let expected = Expected::of("stays");
    let mut parts: BTreeMap<&str, Vec<(i64, bool)>> = BTreeMap::new();
    for row in rows(include_str!("cases/stays.csv")) {
        parts
            .entry(row[0])
            .or_default()
            .push((whole(row[1]), row[2] == "1"));
    }
    let groups: Vec<Vec<(i64, bool)>> = parts.into_values().collect();
    let curve = Curve::of(&mut groups.concat());
    expected.counts(&[("n", curve.n), ("ended", curve.events)]);
    quartiles(&expected, &curve);
    expected.holds(
        "means",
        &[30, 90].map(|limit| Some(curve.mean_until(limit))),
    );
    let steps: Vec<Vec<&str>> = rows(include_str!("cases/stays.expected.csv")).collect();
    assert_eq!(curve.steps.len(), steps.len());
    for (step, row) in curve.steps.iter().zip(steps) {
        assert_eq!(
            [
                step.time,
                step.at_risk as i64,
                step.events as i64,
                step.censored as i64
            ]
            .map(|n| n.to_string()),
            row[..4]
        );
        let got = [
            Some(step.survival),
            step.error,
            step.interval.map(|i| i.0),
            step.interval.map(|i| i.1),
        ];
        for (got, text) in got.into_iter().zip(&row[4..]) {
            let same = got.map_or(text.is_empty(), |got| {
                (got - whole::<f64>(text)).abs() < 1e-9
            });
            assert!(same, "{got:?} is not {text} at {}", row[0]);
        }
    }
    for (name, groups) in [
        ("log_rank_of_three", &groups[..]),
        ("log_rank_of_two", &groups[..2]),
    ] {
        let test = log_rank(groups).expect("there are groups");
        expected.holds(name, &[Some(test.chi2), Some(test.df as f64), Some(test.p)]);
    }
}

const STAGES: [&str; 5] = ["onboarding", "adoption", "growth", "at_risk", "churned"];

/// Moves with returns, several on one day, and some after the day of the report.
#[test]
fn time_in_stage() {
    let today = day("2026-09-30");
    let number = |stage: &str| STAGES.iter().position(|s| *s == stage).expect("a stage") as u8;
    let mut moves: BTreeMap<&str, Vec<(Day, u32, StageNo)>> = BTreeMap::new();
    for row in rows(include_str!("cases/stages.csv")).filter(|row| day(row[1]) <= today) {
        moves.entry(row[0]).or_default().push((
            day(row[1]),
            whole(row[2]),
            StageNo(number(row[3])),
        ));
    }
    let visits: Vec<Visit> = moves
        .into_values()
        .flat_map(|mut path| {
            path.sort_unstable_by_key(|m| (m.0, m.1));
            visits_of(
                &path
                    .into_iter()
                    .map(|(on, _, stage)| (on, stage))
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    for (at, stage) in STAGES.iter().enumerate().take(4) {
        let expected = Expected::of(&format!("stages.{stage}"));
        let of: Vec<&Visit> = visits
            .iter()
            .filter(|v| usize::from(v.stage.0) == at)
            .collect();
        let days = |v: &Visit| v.left.unwrap_or(today).since(v.entered);
        let curve = Curve::of(
            &mut of
                .iter()
                .map(|v| (days(v), v.left.is_some()))
                .collect::<Vec<_>>(),
        );
        expected.counts(&[("n", curve.n), ("open", curve.n - curve.events)]);
        quartiles(&expected, &curve);
        expected.holds("still_there", &[30, 90].map(|t| Some(curve.at(t))));
        expected.holds("mean", &[Some(curve.mean_until(180))]);
        let mut ends: Vec<(i64, Option<u8>)> =
            of.iter().map(|v| (days(v), v.next.map(|s| s.0))).collect();
        for (way, name) in STAGES
            .iter()
            .enumerate()
            .filter(|(_, name)| expected.0.contains_key(&format!("to_{name}")))
        {
            let gone =
                [90, 180].map(|within| Some(incidence(&mut ends, STAGES.len(), within)[way]));
            expected.holds(&format!("to_{name}"), &gone);
        }
    }
}

/// The area under the curve by every pair with the interval of DeLong, and a share with that of Wilson.
#[test]
fn scores_against_what_became_of_them() {
    let expected = Expected::of("scores");
    let pairs: Vec<(u32, usize, bool)> = rows(include_str!("cases/scores.csv"))
        .map(|row| (whole(row[0]), whole(row[1]), row[2] == "1"))
        .collect();
    let lost = pairs.iter().filter(|p| p.2).count();
    expected.counts(&[("lost", lost)]);
    let area = area(&pairs);
    for (name, got) in [("area", area.value), ("low", area.low), ("high", area.high)] {
        expected.holds(name, &[Some(got)]);
    }
    let (low, high) = Share::new(lost, pairs.len())
        .wilson()
        .expect("there are some");
    expected.holds("wilson", &[Some(low), Some(high)]);
}

/// What a month is worth: prices of every interval, with discounts, trials, gaps and ends, at the ends of nine months.
#[test]
fn mrr_at_month_ends() {
    let expected = Expected::of("money");
    let mut facts: BTreeMap<&str, Facts> = BTreeMap::new();
    for row in rows(include_str!("cases/subscriptions.csv")) {
        let (interval, times) = match row[4] {
            "week" => (revenue::Interval::Week, 1),
            "month" => (revenue::Interval::Month, 1),
            "quarter" => (revenue::Interval::Month, 3),
            _ => (revenue::Interval::Year, 1),
        };
        let version = Version {
            id: Id::default(),
            customer: Id::default(),
            external: String::new(),
            subscription: String::new(),
            start: day(row[1]),
            end: (!row[2].is_empty()).then(|| day(row[2])),
            amount: whole(row[3]),
            currency: Default::default(),
            interval,
            count: times * whole::<u32>(row[5]),
            quantity: whole(row[6]),
            discount: (whole::<f64>(row[7]) * 100.0).round() as u32,
            status: row[8].into(),
        };
        revenue::mrr(&version).expect("it fits");
        let fact = VersionFact {
            subscription: 1,
            start: version.start,
            end: version.end,
            terms: version.terms(),
            paid: row[8] != "trial",
        };
        facts.entry(row[0]).or_default().versions.push(fact);
    }
    let config = Config::default();
    let days: Vec<Day> = expected.0["days"]
        .as_array()
        .expect("days")
        .iter()
        .map(|d| day(d.as_str().expect("a date")))
        .collect();
    let paid: Vec<Vec<i64>> = days
        .iter()
        .map(|on| {
            facts
                .values()
                .map(|f| fold(f, &config, *on).mrr)
                .filter(|mrr| *mrr > 0)
                .collect()
        })
        .collect();
    expected.holds(
        "mrr",
        &paid
            .iter()
            .map(|all| Some(all.iter().sum::<i64>() as f64))
            .collect::<Vec<_>>(),
    );
    expected.holds(
        "customers",
        &paid
            .iter()
            .map(|all| Some(all.len() as f64))
            .collect::<Vec<_>>(),
    );
}
